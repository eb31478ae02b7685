//! Certificate revocation lists (RFC 5280 §5): DER in, [`CrlFacts`] out. Nothing is judged here, and no signature
//! verified: that is [`crate::verify`]'s.
//!
//! Strict about the frame and about the extensions that change what a list says. A list is as long as its file, which
//! [`super::files`] bounds, and an entry costs little more memory than it has bytes.

use num_bigint::BigInt;
use time::OffsetDateTime;

use super::der::{self, Element, Walk, tag};
use super::facts::read::extensions;
use super::facts::{Extension, ExtensionFacts, GeneralName, Malformed, SignatureAlgorithm, general_names_of};
use super::oid::{self, Oid};
use super::plan::Time;
use super::subject::Subject;
use crate::words;

/// Everything that one certificate revocation list says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrlFacts {
    /// The list itself.
    pub der: Vec<u8>,
    /// 1 or 2 (§5.1.2.1).
    pub version: u8,
    /// Whose list it is.
    pub issuer: Subject,
    /// The issuer's DER.
    pub issuer_der: Vec<u8>,
    /// thisUpdate: when it was issued.
    pub this_update: OffsetDateTime,
    /// nextUpdate: when the next one is due at the latest. RFC 5280 demands it.
    pub next_update: Option<OffsetDateTime>,
    /// The revoked certificates, in order.
    pub entries: Vec<CrlEntry>,
    /// Every extension of the list in order.
    pub extensions: Vec<ExtensionFacts>,
    /// cRLNumber (§5.2.3): the INTEGER's content bytes.
    pub number: Option<Vec<u8>>,
    /// deltaCRLIndicator (§5.2.4): the number of the complete list that this one adds to.
    pub delta_base: Option<Vec<u8>>,
    /// issuingDistributionPoint (§5.2.5): what the list is about.
    pub scope: Option<IssuingDistributionPoint>,
    /// The algorithm of the outer `signatureAlgorithm` field.
    pub signature_algorithm: SignatureAlgorithm,
    /// Whether it equals the inner one, as §5.1.1.2 demands.
    pub signature_algorithms_agree: bool,
    /// The signature's bytes.
    pub signature: Vec<u8>,
    /// The DER of the TBSCertList: what the signature is over.
    pub tbs: Vec<u8>,
}

/// A certificate that is revoked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrlEntry {
    /// Its serial number's content bytes.
    pub serial: Vec<u8>,
    /// revocationDate.
    pub revoked_at: OffsetDateTime,
    /// reasonCode (§5.3.1), where it is said.
    pub reason: Option<RevocationReason>,
    /// invalidityDate (§5.3.2): since when the key is thought to have been in wrong hands.
    pub invalid_since: Option<OffsetDateTime>,
    /// certificateIssuer (§5.3.3): whose certificate it is, from here on, in a list of several issuers.
    pub certificate_issuer: Option<Box<[GeneralName]>>,
    /// Critical extensions that tlslab does not know.
    pub unknown_critical: Box<[Oid]>,
}

/// Why a certificate is revoked (RFC 5280 §5.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum RevocationReason {
    /// No reason is given.
    Unspecified = 0,
    /// Somebody else has the key.
    KeyCompromise = 1,
    /// Somebody else has the CA's key.
    CaCompromise = 2,
    /// The subject's name or standing has changed.
    AffiliationChanged = 3,
    /// There is a newer certificate.
    Superseded = 4,
    /// It is needed no longer.
    CessationOfOperation = 5,
    /// For a while: it may come back.
    CertificateHold = 6,
    /// In a delta: it is no longer on hold, or has expired.
    RemoveFromCrl = 8,
    /// What the certificate grants was taken back.
    PrivilegeWithdrawn = 9,
    /// Somebody else has the key of an attribute authority.
    AaCompromise = 10,
}

impl RevocationReason {
    /// Every one, in the order of their numbers.
    pub const ALL: [Self; 10] = [
        Self::Unspecified,
        Self::KeyCompromise,
        Self::CaCompromise,
        Self::AffiliationChanged,
        Self::Superseded,
        Self::CessationOfOperation,
        Self::CertificateHold,
        Self::RemoveFromCrl,
        Self::PrivilegeWithdrawn,
        Self::AaCompromise,
    ];

    /// The RFC's name, such as `keyCompromise`; openssl's too.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::KeyCompromise => "keyCompromise",
            Self::CaCompromise => "cACompromise",
            Self::AffiliationChanged => "affiliationChanged",
            Self::Superseded => "superseded",
            Self::CessationOfOperation => "cessationOfOperation",
            Self::CertificateHold => "certificateHold",
            Self::RemoveFromCrl => "removeFromCRL",
            Self::PrivilegeWithdrawn => "privilegeWithdrawn",
            Self::AaCompromise => "aACompromise",
        }
    }

    /// The reason of this number (an ENUMERATED; 7 is not used).
    pub(crate) fn of_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| *reason as u8 == number)
    }
}

impl std::fmt::Display for RevocationReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// A text that is no reason.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no reason: expected one of {expected}", expected = RevocationReason::ALL.map(RevocationReason::as_str).join(", "))]
pub struct UnknownReason(String);

impl std::str::FromStr for RevocationReason {
    type Err = UnknownReason;

    fn from_str(text: &str) -> Result<Self, UnknownReason> {
        let named = |reason: &Self| reason.as_str().eq_ignore_ascii_case(text);
        Self::ALL.into_iter().find(named).ok_or_else(|| UnknownReason(text.to_owned()))
    }
}

/// ReasonFlags (§4.2.1.13): the reasons for which a list speaks, bit 0 (unused) the least significant here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReasonFlags(pub u16);

impl ReasonFlags {
    /// Every reason that has a flag.
    pub const ALL: Self = Self(0b1_1111_1110);

    /// What the bits from 1 on stand for. They are not the reasons' numbers: no list is for those that are not revoked
    /// for a reason (0) or no longer (8).
    const REASONS: [RevocationReason; 8] = [
        RevocationReason::KeyCompromise,
        RevocationReason::CaCompromise,
        RevocationReason::AffiliationChanged,
        RevocationReason::Superseded,
        RevocationReason::CessationOfOperation,
        RevocationReason::CertificateHold,
        RevocationReason::PrivilegeWithdrawn,
        RevocationReason::AaCompromise,
    ];

    /// The names of the flags that are set.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let is_set = move |bit: usize| self.0 & (1 << bit) != 0;
        let reasons = Self::REASONS.into_iter().enumerate().filter(move |(place, _)| is_set(place + 1));
        is_set(0).then_some("unused").into_iter().chain(reasons.map(|(_, reason)| reason.as_str()))
    }
}

/// The name of a distribution point (§4.2.1.13).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PointName {
    /// fullName.
    Full(Vec<GeneralName>),
    /// nameRelativeToCRLIssuer: DER of one relative name's content.
    Relative(Vec<u8>),
}

/// What a list is about (§5.2.5).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is a field of the extension")]
pub struct IssuingDistributionPoint {
    /// distributionPoint.
    pub name: Option<PointName>,
    /// onlyContainsUserCerts.
    pub only_user: bool,
    /// onlyContainsCACerts.
    pub only_ca: bool,
    /// onlySomeReasons.
    pub only_reasons: Option<ReasonFlags>,
    /// indirectCRL: it lists certificates of other issuers too.
    pub indirect: bool,
    /// onlyContainsAttributeCerts.
    pub only_attribute: bool,
}

/// Where a certificate says its status is to be had (§4.2.1.13).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DistributionPoint {
    /// distributionPoint.
    pub name: Option<PointName>,
    /// reasons.
    pub reasons: Option<ReasonFlags>,
    /// cRLIssuer: who issues the list, where that is not the certificate's issuer.
    pub crl_issuer: Vec<GeneralName>,
}

/// Names the field in which something is wrong.
pub(super) fn in_field<E: std::fmt::Display>(field: &'static str) -> impl Fn(E) -> Malformed {
    move |error| Malformed(format!("{field}: {error}"))
}

impl CrlFacts {
    /// Reads one list; trailing bytes are refused.
    pub fn read(whole: &[u8]) -> Result<Self, Malformed> {
        let list = in_field("CertificateList");
        let outer = der::only(whole, tag::SEQUENCE).map_err(&list)?;
        let mut walk = Walk(outer.content);
        let tbs = walk.expect(tag::SEQUENCE).map_err(in_field("tbsCertList"))?;
        let outer_algorithm = walk.expect(tag::SEQUENCE).map_err(in_field("signatureAlgorithm"))?;
        let signature = walk.expect(tag::BIT_STRING).map_err(in_field("signatureValue"))?;
        walk.end().map_err(&list)?;
        let Some((0, signature)) = signature.content.split_first() else {
            return Err(Malformed("signatureValue: expected whole bytes".to_owned()));
        };

        let mut walk = Walk(tbs.content);
        let version = match walk.optional(tag::INTEGER).map_err(in_field("version"))? {
            None => 1,
            Some(version) if version.content == [1] => 2,
            Some(_) => return Err(Malformed("version: expected 1 (for 2), found another".to_owned())),
        };
        let inner_algorithm = walk.expect(tag::SEQUENCE).map_err(in_field("signature"))?;
        let issuer = walk.expect(tag::SEQUENCE).map_err(in_field("issuer"))?;
        let this_update = instant(walk.some().map_err(in_field("thisUpdate"))?, "thisUpdate")?;
        let next = matches!(walk.0.first(), Some(&(tag::UTC_TIME | tag::GENERALIZED_TIME)));
        let next_update = next.then(|| walk.some().map_err(in_field("nextUpdate"))).transpose()?;
        let revoked = walk.optional(tag::SEQUENCE).map_err(in_field("revokedCertificates"))?;
        let listed = walk.optional(tag::context(0)).map_err(in_field("crlExtensions"))?;
        walk.end().map_err(in_field("tbsCertList"))?;

        let mut facts = Self {
            der: whole.to_vec(),
            version,
            issuer: Subject::from_der(issuer.encoded).map_err(in_field("issuer"))?,
            issuer_der: issuer.encoded.to_vec(),
            this_update,
            next_update: next_update.map(|time| instant(time, "nextUpdate")).transpose()?,
            entries: entries(revoked)?,
            extensions: listed.map_or_else(|| Ok(Vec::new()), |explicit| extensions(explicit.content))?,
            number: None,
            delta_base: None,
            scope: None,
            signature_algorithm: SignatureAlgorithm::read(outer_algorithm.encoded)?,
            signature_algorithms_agree: outer_algorithm == inner_algorithm,
            signature: signature.to_vec(),
            tbs: tbs.encoded.to_vec(),
        };
        facts.number = facts.integer(oid::CRL_NUMBER)?;
        facts.delta_base = facts.integer(oid::DELTA_CRL_INDICATOR)?;
        facts.scope = facts.value(oid::ISSUING_DISTRIBUTION_POINT).map(scope).transpose()?;
        Ok(facts)
    }

    /// The first extension of this kind.
    pub fn extension(&self, oid: Oid) -> Option<&ExtensionFacts> {
        self.extensions.iter().find(|extension| extension.oid == oid)
    }

    fn value(&self, oid: Oid) -> Option<&[u8]> {
        self.extension(oid).map(|extension| extension.value.as_slice())
    }

    fn integer(&self, oid: Oid) -> Result<Option<Vec<u8>>, Malformed> {
        let read = |value| {
            let number =
                der::only(value, tag::INTEGER).map_err(|error| Malformed(format!("{oid}: {error}")))?;
            Ok(number.content.to_vec())
        };
        self.value(oid).map(read).transpose()
    }

    /// authorityKeyIdentifier's keyIdentifier (§5.2.1).
    pub fn authority_key_id(&self) -> Option<&[u8]> {
        self.extensions.iter().find_map(|extension| match &extension.decoded {
            Extension::AuthorityKeyIdentifier { key_id, .. } => key_id.as_deref(),
            _ => None,
        })
    }

    /// cRLNumber as a number; one of more than the 20 bytes that §5.2.3 allows, in hexadecimal.
    pub fn number_words(&self) -> Option<String> {
        self.number.as_deref().map(|number| match number.len() {
            0..=20 => BigInt::from_signed_bytes_be(number).to_string(),
            _ => format!("0x{}", words::hex(number)),
        })
    }

    /// Whether it lists certificates of others than its issuer.
    pub fn is_indirect(&self) -> bool {
        self.scope.as_ref().is_some_and(|scope| scope.indirect)
    }
}

/// Two INTEGERs' content bytes that mean the same number, whether or not they are the shortest.
pub fn same_number(one: &[u8], other: &[u8]) -> bool {
    fn shortest(bytes: &[u8]) -> &[u8] {
        let spare = |pair: &[u8]| matches!(pair, [0, 0..0x80] | [0xff, 0x80..=0xff]);
        &bytes[bytes.windows(2).take_while(|pair| spare(pair)).count()..]
    }
    shortest(one) == shortest(other)
}

pub(super) fn instant(element: Element<'_>, field: &'static str) -> Result<OffsetDateTime, Malformed> {
    Time::from(element).instant().ok_or_else(|| {
        Malformed(format!("{field}: expected UTCTime YYMMDDHHMMSSZ or GeneralizedTime YYYYMMDDHHMMSSZ"))
    })
}

fn entries(revoked: Option<Element<'_>>) -> Result<Vec<CrlEntry>, Malformed> {
    const FIELD: &str = "revokedCertificates";
    let Some(revoked) = revoked else { return Ok(Vec::new()) };
    let mut walk = Walk(revoked.content);
    let mut entries = Vec::new();
    while let Some(element) = walk.any().map_err(in_field(FIELD))? {
        entries.push(entry(element).map_err(in_field(FIELD))?);
    }
    Ok(entries)
}

fn entry(element: Element<'_>) -> Result<CrlEntry, Malformed> {
    let field = in_field("entry");
    let mut walk = Walk(der::only(element.encoded, tag::SEQUENCE).map_err(&field)?.content);
    let serial = walk.expect(tag::INTEGER).map_err(in_field("userCertificate"))?;
    let revoked_at = instant(walk.some().map_err(&field)?, "revocationDate")?;
    let listed = walk.optional(tag::SEQUENCE).map_err(in_field("crlEntryExtensions"))?;
    walk.end().map_err(&field)?;
    let mut entry = CrlEntry {
        serial: serial.content.to_vec(),
        revoked_at,
        reason: None,
        invalid_since: None,
        certificate_issuer: None,
        unknown_critical: Box::default(),
    };
    let mut unknown = Vec::new();
    for extension in listed.map_or_else(|| Ok(Vec::new()), |listed| extensions(listed.encoded))? {
        let value = extension.value.as_slice();
        match extension.oid {
            oid::REASON_CODE => entry.reason = Some(reason(value)?),
            oid::INVALIDITY_DATE => {
                let date = der::only(value, tag::GENERALIZED_TIME).map_err(in_field("invalidityDate"))?;
                entry.invalid_since = Some(instant(date, "invalidityDate")?);
            }
            oid::CERTIFICATE_ISSUER => {
                let names = general_names_of(value).map_err(in_field("certificateIssuer"))?;
                entry.certificate_issuer = Some(names.into_boxed_slice());
            }
            other if extension.critical => unknown.push(other),
            _ => {}
        }
    }
    entry.unknown_critical = unknown.into_boxed_slice();
    Ok(entry)
}

/// CRLReason: an ENUMERATED.
pub(super) fn reason(value: &[u8]) -> Result<RevocationReason, Malformed> {
    const FIELD: &str = "reasonCode";
    let number = der::only(value, tag::ENUMERATED).map_err(in_field(FIELD))?;
    let known = match number.content {
        [number] => RevocationReason::of_number(*number),
        _ => None,
    };
    known.ok_or_else(|| Malformed(format!("{FIELD}: expected 0 to 6 or 8 to 10, found another")))
}

fn scope(value: &[u8]) -> Result<IssuingDistributionPoint, Malformed> {
    let field = in_field("issuingDistributionPoint");
    let mut walk = Walk(der::only(value, tag::SEQUENCE).map_err(&field)?.content);
    let name = walk.optional(tag::context(0)).map_err(&field)?.map(point_name).transpose()?;
    let flag = |walk: &mut Walk<'_>, number| {
        // Any byte but zero is TRUE, as with an extension's critical mark.
        let found = walk.optional(tag::context_primitive(number)).map_err(&field)?;
        Ok::<_, Malformed>(found.is_some_and(|boolean| boolean.content.iter().any(|byte| *byte != 0)))
    };
    let only_user = flag(&mut walk, 1)?;
    let only_ca = flag(&mut walk, 2)?;
    let only_reasons =
        walk.optional(tag::context_primitive(3)).map_err(&field)?.map(|bits| reason_flags(bits.content));
    let indirect = flag(&mut walk, 4)?;
    let only_attribute = flag(&mut walk, 5)?;
    walk.end().map_err(&field)?;
    Ok(IssuingDistributionPoint { name, only_user, only_ca, only_reasons, indirect, only_attribute })
}

/// A BIT STRING's content whose bit 0 is the highest of the first byte.
fn reason_flags(bits: &[u8]) -> ReasonFlags {
    let bytes = bits.get(1..).unwrap_or_default();
    let is_set = |bit: usize| bytes.get(bit / 8).is_some_and(|byte| byte & (0x80 >> (bit % 8)) != 0);
    ReasonFlags((0..9).filter(|bit| is_set(*bit)).fold(0, |flags, bit| flags | 1 << bit))
}

/// DistributionPointName, in its explicit tag.
fn point_name(explicit: Element<'_>) -> Result<PointName, Malformed> {
    const FIELD: &str = "distributionPoint";
    let field = in_field(FIELD);
    let mut walk = Walk(explicit.content);
    let choice = walk.some().map_err(&field)?;
    walk.end().map_err(&field)?;
    match choice.tag {
        0xa0 => {
            let names = general_names_of(&der::tlv(tag::SEQUENCE, choice.content));
            names.map(PointName::Full).map_err(in_field(FIELD))
        }
        0xa1 => Ok(PointName::Relative(choice.content.to_vec())),
        found => Err(Malformed(format!("{FIELD}: expected a DistributionPointName, found tag {found:#04x}"))),
    }
}

/// Reads cRLDistributionPoints' value (§4.2.1.13).
pub fn distribution_points(value: &[u8]) -> Result<Vec<DistributionPoint>, Malformed> {
    let field = in_field("cRLDistributionPoints");
    let points = der::children(der::only(value, tag::SEQUENCE).map_err(&field)?.content).map_err(&field)?;
    let point = |element: Element<'_>| {
        let mut walk = Walk(der::only(element.encoded, tag::SEQUENCE).map_err(&field)?.content);
        let name = walk.optional(tag::context(0)).map_err(&field)?.map(point_name).transpose()?;
        let reasons = walk.optional(tag::context_primitive(1)).map_err(&field)?;
        let issuer = walk.optional(tag::context(2)).map_err(&field)?;
        walk.end().map_err(&field)?;
        let issuer = issuer.map(|names| general_names_of(&der::tlv(tag::SEQUENCE, names.content)));
        Ok(DistributionPoint {
            name,
            reasons: reasons.map(|bits| reason_flags(bits.content)),
            crl_issuer: issuer.transpose().map_err(in_field("cRLIssuer"))?.unwrap_or_default(),
        })
    };
    points.into_iter().map(point).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_compared_as_numbers() {
        for (one, other, same) in [
            (&[5][..], &[0, 5][..], true),
            (&[0, 0x80], &[0x80], false),
            (&[0xff, 0x80], &[0x80], true),
            (&[0], &[], false),
            (&[0, 0, 1, 2], &[1, 2], true),
        ] {
            assert_eq!(same_number(one, other), same, "{one:02x?} {other:02x?}");
        }
    }

    #[test]
    fn reasons_are_the_rfc_s() {
        for (number, name) in [(1, "keyCompromise"), (8, "removeFromCRL"), (10, "aACompromise")] {
            let reason: RevocationReason = name.to_ascii_lowercase().parse().unwrap();
            assert_eq!((reason as u8, reason.as_str()), (number, name));
        }
        assert_eq!(RevocationReason::of_number(7), None);
        assert!("boredom".parse::<RevocationReason>().unwrap_err().to_string().contains("superseded"));
    }

    #[test]
    fn flags_are_read_from_the_highest_bit() {
        // keyCompromise, aACompromise
        let flags = reason_flags(&[7, 0x40, 0x80]);
        assert_eq!(flags.names().collect::<Vec<_>>(), ["keyCompromise", "aACompromise"]);
        assert_eq!(reason_flags(&[]), ReasonFlags(0));
        assert_eq!(ReasonFlags::ALL.names().count(), 8);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let framed = der::sequence(&[&der::sequence(&[&bytes]), &bytes]);
            prop_assert!(CrlFacts::read(&framed).map_or(true, |facts| facts.der == framed));
        }
    }
}
