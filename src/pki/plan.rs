//! A certificate that is not yet signed: every field of RFC 5280 §4.1 open to an edit, each as near to its bytes
//! as it takes to say something wrong with it.

use rustls::pki_types::{CertificateDer, alg_id};
use time::{Date, Month, OffsetDateTime, UtcOffset};

use super::der::{self, Element, Walk, tag, tlv};
use super::issue_error::IssueError;
use super::key::{KeyAlgorithm, PrivateKey};
use super::key_der;
use super::oid::{self, Oid};

const VERSION: u8 = tag::context(0);
const EXTENSIONS: u8 = tag::context(3);

/// A certificate that is not yet signed. A faulty certificate is a good plan with one field changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The version's encoded number, one less than its name: 2 is v3. `None` leaves the field out, which means v1.
    pub version: Option<u8>,
    /// The serial number's content bytes, big-endian two's complement: may be zero, negative or too long.
    pub serial: Vec<u8>,
    /// DER of the `signature` field inside the TBSCertificate.
    pub inner_signature_algorithm: Vec<u8>,
    /// DER of the `signatureAlgorithm` field outside of it.
    pub outer_signature_algorithm: Vec<u8>,
    /// DER of the issuer's Name.
    pub issuer: Vec<u8>,
    /// notBefore.
    pub not_before: Time,
    /// notAfter.
    pub not_after: Time,
    /// DER of the subject's Name.
    pub subject: Vec<u8>,
    /// DER of the SubjectPublicKeyInfo.
    pub public_key_info: Vec<u8>,
    /// DER of issuerUniqueID and subjectUniqueID, where there are any: nearly always empty.
    pub unique_identifiers: Vec<u8>,
    /// The extensions in order; none leaves the field out.
    pub extensions: Vec<Extension>,
    /// What is done to the signature after signing.
    pub signature_edit: SignatureEdit,
}

/// An extension (RFC 5280 §4.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// extnID.
    pub oid: Oid,
    /// critical.
    pub critical: bool,
    /// extnValue's bytes: the DER of the extension's own type.
    pub value: Vec<u8>,
}

/// What is done to a signature after signing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SignatureEdit {
    /// Nothing.
    #[default]
    None,
    /// One bit of it is flipped: bit 0 is the lowest of the last byte.
    FlipBit(usize),
    /// These bytes stand in its place.
    Replace(Vec<u8>),
}

impl SignatureEdit {
    /// The signature after it.
    pub(super) fn apply(&self, mut signature: Vec<u8>) -> Vec<u8> {
        match self {
            Self::None => {}
            Self::FlipBit(bit) => {
                let byte = signature.len().checked_sub(1 + bit / 8);
                if let Some(byte) = byte.and_then(|byte| signature.get_mut(byte)) {
                    *byte ^= 1 << (bit % 8);
                }
            }
            Self::Replace(bytes) => signature.clone_from(bytes),
        }
        signature
    }
}

/// An instant as it is encoded (RFC 5280 §4.1.2.5): type and text are free, so that either can be wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Time {
    /// 23 for UTCTime, 24 for GeneralizedTime.
    pub tag: u8,
    /// Its characters, such as `261123120000Z`.
    pub content: Vec<u8>,
}

impl Time {
    /// The identifier byte of UTCTime.
    pub const UTC: u8 = tag::UTC_TIME;
    /// The identifier byte of GeneralizedTime.
    pub const GENERALIZED: u8 = tag::GENERALIZED_TIME;

    /// As RFC 5280 demands: UTCTime from 1950 through 2049, GeneralizedTime otherwise; whole seconds, in UTC.
    /// `None` for a year that X.509 cannot say.
    pub fn rfc5280(at: OffsetDateTime) -> Option<Self> {
        let year = at.checked_to_offset(UtcOffset::UTC)?.year();
        if (1950..2050).contains(&year) { Self::utc(at) } else { Self::generalized(at) }
    }

    /// As UTCTime, two digits of year. `None` outside of 1950 to 2049, which it cannot say.
    pub fn utc(at: OffsetDateTime) -> Option<Self> {
        let at = at.checked_to_offset(UtcOffset::UTC)?;
        (1950..2050)
            .contains(&at.year())
            .then(|| Self { tag: Self::UTC, content: digits(at.year().rem_euclid(100), 2, at) })
    }

    /// As GeneralizedTime, four digits of year. `None` outside of 0 to 9999.
    pub fn generalized(at: OffsetDateTime) -> Option<Self> {
        let at = at.checked_to_offset(UtcOffset::UTC)?;
        (0..=9999)
            .contains(&at.year())
            .then(|| Self { tag: Self::GENERALIZED, content: digits(at.year(), 4, at) })
    }

    /// What it says, where it is well-formed.
    pub fn instant(&self) -> Option<OffsetDateTime> {
        let year_digits = match self.tag {
            Self::UTC => 2,
            Self::GENERALIZED => 4,
            _ => return None,
        };
        read_digits(&self.content, year_digits)
    }

    /// What it means where it has a form of ASN.1's that RFC 5280 §4.1.2.5 excludes: no seconds, a fraction of one,
    /// or another zone than Z.
    pub fn instant_meant(&self) -> Option<OffsetDateTime> {
        let text = std::str::from_utf8(&self.content).ok()?;
        let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (digits, rest) = text.split_at(end);
        let seconds =
            if digits.len() % 2 == 0 && digits.len() == usize::from(self.tag == Self::GENERALIZED) * 2 + 10 {
                "00"
            } else {
                ""
            };
        // The fraction of a second changes no day.
        let zone = rest.trim_start_matches(|c: char| matches!(c, '.' | ',') || c.is_ascii_digit());
        let offset = match zone.as_bytes() {
            [] | b"Z" => 0,
            [sign @ (b'+' | b'-'), digits @ ..]
                if digits.len() == 4 && digits.iter().all(u8::is_ascii_digit) =>
            {
                let number = |pair: &[u8]| pair.iter().fold(0, |n, digit| n * 10 + i64::from(digit - b'0'));
                let offset = number(digits.get(..2)?) * 3600 + number(digits.get(2..)?) * 60;
                if *sign == b'+' { offset } else { -offset }
            }
            _ => return None,
        };
        let local = Self { tag: self.tag, content: format!("{digits}{seconds}Z").into_bytes() }.instant()?;
        local.checked_sub(time::Duration::seconds(offset))
    }

    pub(super) fn to_der(&self) -> Vec<u8> {
        tlv(self.tag, &self.content)
    }
}

impl From<Element<'_>> for Time {
    fn from(element: Element<'_>) -> Self {
        Self { tag: element.tag, content: element.content.to_vec() }
    }
}

/// `YYMMDDHHMMSSZ` or `YYYYMMDDHHMMSSZ` (§4.1.2.5), and no other of the forms that ASN.1 has.
fn read_digits(content: &[u8], year_digits: usize) -> Option<OffsetDateTime> {
    let text = content.strip_suffix(b"Z")?;
    if text.len() != year_digits + 10 || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = |bytes: &[u8]| bytes.iter().fold(0_u16, |n, byte| n * 10 + u16::from(byte - b'0'));
    let (year, rest) = text.split_at(year_digits);
    let year = match (number(year), year_digits) {
        // §4.1.2.5.1: 50 to 99 are 1950 to 1999, 00 to 49 are 2000 to 2049
        (year @ 50.., 2) => 1900 + year,
        (year, 2) => 2000 + year,
        (year, _) => year,
    };
    // Pairs of digits are at most 99.
    let pair = |index: usize| u8::try_from(number(&rest[2 * index..2 * index + 2])).ok();
    let date = Date::from_calendar_date(i32::from(year), Month::try_from(pair(0)?).ok()?, pair(1)?).ok()?;
    let time = time::Time::from_hms(pair(2)?, pair(3)?, pair(4)?).ok()?;
    Some(OffsetDateTime::new_utc(date, time))
}

fn digits(year: i32, width: usize, at: OffsetDateTime) -> Vec<u8> {
    let (month, day) = (u8::from(at.month()), at.day());
    let (hour, minute, second) = at.to_hms();
    format!("{year:0width$}{month:02}{day:02}{hour:02}{minute:02}{second:02}Z").into_bytes()
}

impl Plan {
    /// The plan of an existing certificate: signing it again makes a certificate that says the same.
    pub fn from_certificate(certificate: &[u8]) -> Result<Self, der::Error> {
        let mut outer = Walk(der::only(certificate, tag::SEQUENCE)?.content);
        let mut tbs = Walk(outer.expect(tag::SEQUENCE)?.content);
        let outer_signature_algorithm = outer.some()?.encoded.to_vec();
        outer.expect(tag::BIT_STRING)?;
        outer.end()?;

        let version = match tbs.optional(VERSION)? {
            Some(field) => Walk(field.content).expect(tag::INTEGER)?.content.last().copied(),
            None => None,
        };
        let serial = tbs.expect(tag::INTEGER)?.content.to_vec();
        let inner_signature_algorithm = tbs.some()?.encoded.to_vec();
        let issuer = tbs.some()?.encoded.to_vec();
        let mut validity = Walk(tbs.expect(tag::SEQUENCE)?.content);
        let (not_before, not_after) = (validity.some()?.into(), validity.some()?.into());
        validity.end()?;
        let subject = tbs.some()?.encoded.to_vec();
        let public_key_info = tbs.some()?.encoded.to_vec();
        let mut unique_identifiers = Vec::new();
        let mut extensions = Vec::new();
        while let Some(field) = tbs.any()? {
            if field.tag == EXTENSIONS {
                let list = der::children(der::only(field.content, tag::SEQUENCE)?.content)?;
                extensions = list.into_iter().map(Extension::read).collect::<Result<_, _>>()?;
            } else {
                unique_identifiers.extend_from_slice(field.encoded);
            }
        }
        Ok(Self {
            version,
            serial,
            inner_signature_algorithm,
            outer_signature_algorithm,
            issuer,
            not_before,
            not_after,
            subject,
            public_key_info,
            unique_identifiers,
            extensions,
            signature_edit: SignatureEdit::None,
        })
    }

    /// The first extension with this OID.
    pub fn extension(&self, oid: Oid) -> Option<&Extension> {
        self.extensions.iter().find(|extension| extension.oid == oid)
    }

    /// The first extension with this OID, to be changed.
    pub fn extension_mut(&mut self, oid: Oid) -> Option<&mut Extension> {
        self.extensions.iter_mut().find(|extension| extension.oid == oid)
    }

    /// Takes out every extension with this OID; says whether there was one.
    pub fn remove_extension(&mut self, oid: Oid) -> bool {
        let before = self.extensions.len();
        self.extensions.retain(|extension| extension.oid != oid);
        self.extensions.len() != before
    }

    /// Adds an extension at the end, even if it is there already.
    pub fn push_extension(&mut self, oid: Oid, critical: bool, value: impl Into<Vec<u8>>) {
        self.extensions.push(Extension { oid, critical, value: value.into() });
    }

    /// Gives every extension with this OID a new value where it stands, or adds one at the end.
    pub fn set_extension(&mut self, oid: Oid, critical: bool, value: impl Into<Vec<u8>>) {
        let value = value.into();
        match self.extension_mut(oid) {
            Some(extension) => *extension = Extension { oid, critical, value },
            None => self.push_extension(oid, critical, value),
        }
    }

    /// Marks every extension with this OID as critical or not; says whether there was one.
    pub fn set_critical(&mut self, oid: Oid, critical: bool) -> bool {
        let mut found = false;
        for extension in self.extensions.iter_mut().filter(|extension| extension.oid == oid) {
            extension.critical = critical;
            found = true;
        }
        found
    }

    /// Names the scheme by which a key of this kind signs, inside and outside.
    pub fn set_signature_algorithm(&mut self, algorithm: KeyAlgorithm) {
        self.inner_signature_algorithm = signature_algorithm(algorithm);
        self.outer_signature_algorithm.clone_from(&self.inner_signature_algorithm);
    }

    /// subjectKeyIdentifier's bytes, where the extension is present and readable.
    pub fn subject_key_identifier(&self) -> Option<Vec<u8>> {
        let value = &self.extension(oid::SUBJECT_KEY_IDENTIFIER)?.value;
        Some(der::only(value, tag::OCTET_STRING).ok()?.content.to_vec())
    }

    /// DER of the TBSCertificate: what is signed.
    pub fn to_tbs_der(&self) -> Vec<u8> {
        let version =
            self.version.map(|number| tlv(VERSION, &tlv(tag::INTEGER, &[number]))).unwrap_or_default();
        let extensions: Vec<_> = self.extensions.iter().map(Extension::to_der).collect();
        let extensions = if extensions.is_empty() {
            Vec::new()
        } else {
            tlv(EXTENSIONS, &tlv(tag::SEQUENCE, &extensions.concat()))
        };
        der::sequence(&[
            &version,
            &tlv(tag::INTEGER, &self.serial),
            &self.inner_signature_algorithm,
            &self.issuer,
            &der::sequence(&[&self.not_before.to_der(), &self.not_after.to_der()]),
            &self.subject,
            &self.public_key_info,
            &self.unique_identifiers,
            &extensions,
        ])
    }

    /// Encodes and signs. The key is used whatever the plan says about the algorithm; see
    /// [`Plan::set_signature_algorithm`].
    pub fn sign(&self, key: &PrivateKey) -> Result<CertificateDer<'static>, IssueError> {
        self.sign_with(|tbs| key.sign(tbs).map_err(IssueError::Key))
    }

    /// Encodes and has somebody else sign: a scheme or key that tlslab does not have.
    pub fn sign_with<E>(
        &self,
        sign: impl FnOnce(&[u8]) -> Result<Vec<u8>, E>,
    ) -> Result<CertificateDer<'static>, E> {
        let tbs = self.to_tbs_der();
        let signature = der::bit_string(&self.signature_edit.apply(sign(&tbs)?));
        Ok(CertificateDer::from(der::sequence(&[&tbs, &self.outer_signature_algorithm, &signature])))
    }
}

impl Extension {
    pub(super) fn read(element: Element<'_>) -> Result<Self, der::Error> {
        let mut fields = Walk(der::only(element.encoded, tag::SEQUENCE)?.content);
        let oid = fields.oid()?;
        let critical = fields.optional(tag::BOOLEAN)?.is_some_and(|boolean| boolean.content != [0]);
        let value = fields.expect(tag::OCTET_STRING)?.content.to_vec();
        fields.end()?;
        Ok(Self { oid, critical, value })
    }

    pub(super) fn to_der(&self) -> Vec<u8> {
        // X.690 §11.5: a default value (FALSE) is not encoded; TRUE is all ones.
        let critical: &[u8] = if self.critical { &[tag::BOOLEAN, 1, 0xff] } else { &[] };
        der::sequence(&[&der::oid(self.oid), critical, &tlv(tag::OCTET_STRING, &self.value)])
    }
}

/// DER of the AlgorithmIdentifier of the scheme by which a key of this kind signs certificates.
pub(super) fn signature_algorithm(algorithm: KeyAlgorithm) -> Vec<u8> {
    let identifier = match algorithm {
        KeyAlgorithm::EcP256 => alg_id::ECDSA_SHA256, // RFC 5758 §3.2
        KeyAlgorithm::EcP384 => alg_id::ECDSA_SHA384,
        KeyAlgorithm::EcP521 => alg_id::ECDSA_SHA512,
        KeyAlgorithm::Ed25519 => alg_id::ED25519,     // RFC 8410 §3
        KeyAlgorithm::MlDsa(set) => set.identifier(), // RFC 9881 §2
        // RFC 4055 §3.1: always with parameters, where the key's own may be absent.
        KeyAlgorithm::RsaPss { .. } => key_der::rsa_pss_identifier(Some(algorithm.hash())),
        // RFC 4055 §5: the parameters are NULL
        _ => alg_id::RSA_PKCS1_SHA256,
    };
    der::sequence(&[identifier.as_ref()])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::datetime;

    use super::*;

    #[test]
    fn times_change_their_type_at_2050() {
        for (at, tag, text) in [
            (datetime!(1949-12-31 23:59:59 UTC), 24, "19491231235959Z"),
            (datetime!(1950-01-01 00:00:00 UTC), 23, "500101000000Z"),
            (datetime!(2026-11-23 13:30:00 +1:30), 23, "261123120000Z"),
            (datetime!(2049-12-31 23:59:59.999 UTC), 23, "491231235959Z"),
            (datetime!(2050-01-01 00:00:00 UTC), 24, "20500101000000Z"),
            (datetime!(2049-12-31 23:30:00 -1), 24, "20500101003000Z"),
            (datetime!(0001-02-03 04:05:06 UTC), 24, "00010203040506Z"),
            (datetime!(9999-12-31 23:59:59 UTC), 24, "99991231235959Z"),
        ] {
            let time = Time::rfc5280(at).unwrap();
            assert_eq!((time.tag, time.content.as_slice()), (tag, text.as_bytes()));
            if at.year() >= 1970 {
                assert_eq!(time.instant().unwrap().unix_timestamp(), at.unix_timestamp());
            }
        }
        assert_eq!(Time::rfc5280(datetime!(9999-12-31 23:59:59 -1)), None);
        assert_eq!(Time::utc(datetime!(2050-01-01 0:00 UTC)), None);
        assert_eq!(Time { tag: 23, content: b"yesterday".to_vec() }.instant(), None);
        assert_eq!(Time { tag: 4, content: b"261123120000Z".to_vec() }.instant(), None);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_make_no_plan_and_no_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(Plan::from_certificate(&bytes).is_err());
            let _ = Plan::from_certificate(&der::sequence(&[&der::sequence(&[&bytes]), &bytes]));
        }
    }
}
