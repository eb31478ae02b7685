//! A certificate that is not yet signed: every field of RFC 5280 §4.1 open to an edit, each as near to its octets
//! as it takes to say something wrong with it.

use der::asn1::{GeneralizedTime, ObjectIdentifier, UtcTime};
use der::{Decode, Reader, SliceReader};
use rustls::pki_types::CertificateDer;
use time::{OffsetDateTime, UtcOffset};

use super::issue::{IssueError, extension};
use super::key::{KeyAlgorithm, PrivateKey};
use super::tlv::{self, tlv};

const BOOLEAN: u8 = 0x01;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;

/// A certificate that is not yet signed. A faulty certificate is a good plan with one field changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The version's encoded number, one less than its name: 2 is v3. `None` leaves the field out, which means v1.
    pub version: Option<u8>,
    /// The serial number's content octets, big-endian two's complement: may be zero, negative or too long.
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
    pub oid: ObjectIdentifier,
    /// critical.
    pub critical: bool,
    /// extnValue's octets: the DER of the extension's own type.
    pub value: Vec<u8>,
}

/// What is done to a signature after signing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SignatureEdit {
    /// Nothing.
    #[default]
    None,
    /// One bit of it is flipped: bit 0 is the lowest of the last octet.
    FlipBit(usize),
    /// These octets stand in its place.
    Replace(Vec<u8>),
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
    /// The identifier octet of UTCTime.
    pub const UTC: u8 = 23;
    /// The identifier octet of GeneralizedTime.
    pub const GENERALIZED: u8 = 24;

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

    /// What it says, where it is well-formed. Years before 1970 are not read.
    pub fn instant(&self) -> Option<OffsetDateTime> {
        let der = tlv(self.tag, &self.content);
        let since_1970 = match self.tag {
            Self::UTC => UtcTime::from_der(&der).ok()?.to_unix_duration(),
            Self::GENERALIZED => GeneralizedTime::from_der(&der).ok()?.to_unix_duration(),
            _ => return None,
        };
        OffsetDateTime::from_unix_timestamp(i64::try_from(since_1970.as_secs()).ok()?).ok()
    }

    fn read<'a>(reader: &mut impl Reader<'a>) -> Result<Self, der::Error> {
        let (tag, content) = tlv::read_any(reader)?;
        Ok(Self { tag, content: content.to_vec() })
    }

    fn to_der(&self) -> Vec<u8> {
        tlv(self.tag, &self.content)
    }
}

fn digits(year: i32, width: usize, at: OffsetDateTime) -> Vec<u8> {
    let (month, day) = (u8::from(at.month()), at.day());
    let (hour, minute, second) = at.to_hms();
    format!("{year:0width$}{month:02}{day:02}{hour:02}{minute:02}{second:02}Z").into_bytes()
}

impl Plan {
    /// The plan of an existing certificate: signing it again makes a certificate that says the same.
    pub fn from_certificate(der: &[u8]) -> Result<Self, der::Error> {
        let mut outer = SliceReader::new(der)?;
        let mut certificate = SliceReader::new(tlv::read(&mut outer, tlv::SEQUENCE)?)?;
        outer.finish()?;
        let mut tbs = SliceReader::new(tlv::read(&mut certificate, tlv::SEQUENCE)?)?;
        let outer_signature_algorithm = element(&mut certificate)?.to_vec();
        tlv::read(&mut certificate, BIT_STRING)?;
        certificate.finish()?;

        let mut version = None;
        if tbs.peek_byte() == Some(VERSION) {
            let mut field = SliceReader::new(tlv::read(&mut tbs, VERSION)?)?;
            version = tlv::read(&mut field, INTEGER)?.last().copied();
        }
        let serial = tlv::read(&mut tbs, INTEGER)?.to_vec();
        let inner_signature_algorithm = element(&mut tbs)?.to_vec();
        let issuer = element(&mut tbs)?.to_vec();
        let mut validity = SliceReader::new(tlv::read(&mut tbs, tlv::SEQUENCE)?)?;
        let (not_before, not_after) = (Time::read(&mut validity)?, Time::read(&mut validity)?);
        validity.finish()?;
        let subject = element(&mut tbs)?.to_vec();
        let public_key_info = element(&mut tbs)?.to_vec();
        let mut unique_identifiers = Vec::new();
        let mut extensions = Vec::new();
        while !tbs.is_finished() {
            if tbs.peek_byte() == Some(EXTENSIONS) {
                let mut field = SliceReader::new(tlv::read(&mut tbs, EXTENSIONS)?)?;
                let mut list = SliceReader::new(tlv::read(&mut field, tlv::SEQUENCE)?)?;
                field.finish()?;
                while !list.is_finished() {
                    extensions.push(Extension::read(&mut list)?);
                }
            } else {
                unique_identifiers.extend_from_slice(element(&mut tbs)?);
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
    pub fn extension(&self, oid: ObjectIdentifier) -> Option<&Extension> {
        self.extensions.iter().find(|extension| extension.oid == oid)
    }

    /// The first extension with this OID, to be changed.
    pub fn extension_mut(&mut self, oid: ObjectIdentifier) -> Option<&mut Extension> {
        self.extensions.iter_mut().find(|extension| extension.oid == oid)
    }

    /// Takes out every extension with this OID; says whether there was one.
    pub fn remove_extension(&mut self, oid: ObjectIdentifier) -> bool {
        let before = self.extensions.len();
        self.extensions.retain(|extension| extension.oid != oid);
        self.extensions.len() != before
    }

    /// Adds an extension at the end, even if it is there already.
    pub fn push_extension(&mut self, oid: ObjectIdentifier, critical: bool, value: impl Into<Vec<u8>>) {
        self.extensions.push(Extension { oid, critical, value: value.into() });
    }

    /// Gives every extension with this OID a new value where it stands, or adds one at the end.
    pub fn set_extension(&mut self, oid: ObjectIdentifier, critical: bool, value: impl Into<Vec<u8>>) {
        let value = value.into();
        match self.extension_mut(oid) {
            Some(extension) => *extension = Extension { oid, critical, value },
            None => self.push_extension(oid, critical, value),
        }
    }

    /// Marks every extension with this OID as critical or not; says whether there was one.
    pub fn set_critical(&mut self, oid: ObjectIdentifier, critical: bool) -> bool {
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

    /// subjectKeyIdentifier's octets, where the extension is present and readable.
    pub fn subject_key_identifier(&self) -> Option<Vec<u8>> {
        let value = &self.extension(extension::SUBJECT_KEY_IDENTIFIER)?.value;
        tlv::read(&mut SliceReader::new(value).ok()?, OCTET_STRING).ok().map(<[u8]>::to_vec)
    }

    /// DER of the TBSCertificate: what is signed.
    pub fn to_tbs_der(&self) -> Vec<u8> {
        let version = self.version.map(|number| tlv(VERSION, &tlv(INTEGER, &[number]))).unwrap_or_default();
        let extensions: Vec<_> = self.extensions.iter().map(Extension::to_der).collect();
        let extensions = if extensions.is_empty() {
            Vec::new()
        } else {
            tlv(EXTENSIONS, &tlv(tlv::SEQUENCE, &extensions.concat()))
        };
        tlv::sequence(&[
            &version,
            &tlv(INTEGER, &self.serial),
            &self.inner_signature_algorithm,
            &self.issuer,
            &tlv::sequence(&[&self.not_before.to_der(), &self.not_after.to_der()]),
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
        let mut signature = sign(&tbs)?;
        match &self.signature_edit {
            SignatureEdit::None => {}
            SignatureEdit::FlipBit(bit) => {
                let octet = signature.len().checked_sub(1 + bit / 8);
                if let Some(octet) = octet.and_then(|octet| signature.get_mut(octet)) {
                    *octet ^= 1 << (bit % 8);
                }
            }
            SignatureEdit::Replace(octets) => signature.clone_from(octets),
        }
        let signature = tlv(BIT_STRING, &[&[0][..], &signature].concat());
        Ok(CertificateDer::from(tlv::sequence(&[&tbs, &self.outer_signature_algorithm, &signature])))
    }
}

impl Extension {
    fn read<'a>(reader: &mut impl Reader<'a>) -> Result<Self, der::Error> {
        let mut fields = SliceReader::new(tlv::read(reader, tlv::SEQUENCE)?)?;
        let oid = fields.decode()?;
        let critical = fields.peek_byte() == Some(BOOLEAN) && tlv::read(&mut fields, BOOLEAN)? != [0];
        let value = tlv::read(&mut fields, OCTET_STRING)?.to_vec();
        fields.finish()?;
        Ok(Self { oid, critical, value })
    }

    pub(super) fn to_der(&self) -> Vec<u8> {
        // X.690 §11.5: a default value (FALSE) is not encoded; TRUE is all ones.
        let critical: &[u8] = if self.critical { &[BOOLEAN, 1, 0xff] } else { &[] };
        tlv::sequence(&[&tlv(tlv::OID, self.oid.as_bytes()), critical, &tlv(OCTET_STRING, &self.value)])
    }
}

/// One element with its header.
fn element<'a>(reader: &mut SliceReader<'a>) -> Result<&'a [u8], der::Error> {
    let mut ahead = reader.clone();
    tlv::read_any(&mut ahead)?;
    reader.read_slice((ahead.position() - reader.position())?)
}

/// DER of the AlgorithmIdentifier of the scheme by which a key of this kind signs certificates.
fn signature_algorithm(algorithm: KeyAlgorithm) -> Vec<u8> {
    let (oid, parameters): (&str, &[u8]) = match algorithm {
        KeyAlgorithm::EcP256 => ("1.2.840.10045.4.3.2", &[]), // ecdsa-with-SHA256, RFC 5758 §3.2
        KeyAlgorithm::EcP384 => ("1.2.840.10045.4.3.3", &[]), // ecdsa-with-SHA384
        KeyAlgorithm::Ed25519 => ("1.3.101.112", &[]),        // RFC 8410 §3
        // sha256WithRSAEncryption; RFC 4055 §5: the parameters are NULL
        _ => ("1.2.840.113549.1.1.11", &[5, 0]),
    };
    tlv::sequence(&[&tlv(tlv::OID, ObjectIdentifier::new_unwrap(oid).as_bytes()), parameters])
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
            let _ = Plan::from_certificate(&tlv::sequence(&[&tlv::sequence(&[&bytes]), &bytes]));
        }
    }
}
