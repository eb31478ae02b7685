//! The walk through a certificate (RFC 5280 §4.1), field by field.

use der::asn1::ObjectIdentifier;
use rustls::pki_types::CertificateDer;
use time::{Date, Month, OffsetDateTime, Time};
use x509_parser::asn1_rs::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::{SubjectPublicKeyInfo, X509Version};

use super::super::subject::Subject;
use super::frame::{self, Element, Walk, tag};
use super::{
    CertFacts, Extension, ExtensionFacts, Malformed, PublicKeyFacts, PublicKeyKind, SignatureAlgorithm,
    extension,
};

/// Names the field in which something is wrong.
fn in_field<E: std::fmt::Display>(field: &'static str) -> impl FnOnce(E) -> Malformed {
    move |error| Malformed(format!("{field}: {error}"))
}

pub(super) fn certificate(der: &[u8]) -> Result<CertFacts, Malformed> {
    if der.len() > CertFacts::MAX_LENGTH {
        let (found, most) = (der.len(), CertFacts::MAX_LENGTH);
        return Err(Malformed(format!("expected at most {most} bytes, found {found}")));
    }
    let outer = frame::only(der, tag::SEQUENCE).map_err(in_field("Certificate"))?;
    let mut walk = Walk(outer.content);
    let tbs = walk.expect(tag::SEQUENCE).map_err(in_field("tbsCertificate"))?;
    let outer_algorithm = walk.expect(tag::SEQUENCE).map_err(in_field("signatureAlgorithm"))?;
    let signature = walk.expect(tag::BIT_STRING).map_err(in_field("signatureValue"))?;
    walk.end().map_err(in_field("Certificate"))?;

    let mut walk = Walk(tbs.content);
    let version = version(walk.optional(tag::context(0)).map_err(in_field("version"))?)?;
    let serial = walk.expect(tag::INTEGER).map_err(in_field("serialNumber"))?;
    if serial.content.is_empty() {
        return Err(Malformed("serialNumber: an integer of no octets".to_owned()));
    }
    let inner_algorithm = walk.expect(tag::SEQUENCE).map_err(in_field("signature"))?;
    let issuer = walk.expect(tag::SEQUENCE).map_err(in_field("issuer"))?;
    let validity = walk.expect(tag::SEQUENCE).map_err(in_field("validity"))?;
    let subject = walk.expect(tag::SEQUENCE).map_err(in_field("subject"))?;
    let key = walk.expect(tag::SEQUENCE).map_err(in_field("subjectPublicKeyInfo"))?;
    // issuerUniqueID and subjectUniqueID (§4.1.2.8): allowed, long dead, and said nowhere.
    for (number, field) in [(1, "issuerUniqueID"), (2, "subjectUniqueID")] {
        walk.optional(tag::context_primitive(number)).map_err(in_field(field))?;
    }
    let listed = walk.optional(tag::context(3)).map_err(in_field("extensions"))?;
    walk.end().map_err(in_field("tbsCertificate"))?;

    let mut walk = Walk(validity.content);
    let not_before = instant(walk.any(), "notBefore")?;
    let not_after = instant(walk.any(), "notAfter")?;
    walk.end().map_err(in_field("validity"))?;

    Ok(CertFacts {
        der: CertificateDer::from(der.to_vec()),
        version,
        serial: serial.content.to_vec(),
        subject: Subject::from_der(subject.encoded).map_err(in_field("subject"))?,
        subject_der: subject.encoded.to_vec(),
        issuer: Subject::from_der(issuer.encoded).map_err(in_field("issuer"))?,
        issuer_der: issuer.encoded.to_vec(),
        not_before,
        not_after,
        public_key: public_key(key.encoded)?,
        signature_algorithm: signature_algorithm(outer_algorithm)?,
        signature_algorithms_agree: outer_algorithm == inner_algorithm,
        signature: whole_octets(signature).map_err(in_field("signatureValue"))?.to_vec(),
        tbs: tbs.encoded.to_vec(),
        extensions: listed.map_or_else(|| Ok(Vec::new()), |explicit| extensions(explicit.content))?,
    })
}

/// §4.1.2.1: an INTEGER that counts from zero, absent for version 1.
fn version(explicit: Option<Element<'_>>) -> Result<u8, Malformed> {
    let Some(explicit) = explicit else { return Ok(1) };
    let integer = frame::only(explicit.content, tag::INTEGER).map_err(in_field("version"))?;
    let (_, version) = X509Version::from_der(integer.encoded).map_err(in_field("version"))?;
    match version {
        X509Version::V1 => Ok(1),
        X509Version::V2 => Ok(2),
        X509Version::V3 => Ok(3),
        X509Version(other) => {
            Err(Malformed(format!("version: expected 0, 1 or 2 (for 1, 2 or 3), found {other}")))
        }
    }
}

/// §4.1.2.5: `YYMMDDHHMMSSZ` or `YYYYMMDDHHMMSSZ`, and no other of the forms that ASN.1 has.
fn instant(
    element: Result<Option<Element<'_>>, frame::Error>,
    field: &'static str,
) -> Result<OffsetDateTime, Malformed> {
    let element = element
        .map_err(in_field(field))?
        .ok_or_else(|| Malformed(format!("{field}: expected a time, found nothing")))?;
    let (form, year_digits) = match element.tag {
        tag::UTC_TIME => ("UTCTime YYMMDDHHMMSSZ", 2),
        tag::GENERALIZED_TIME => ("GeneralizedTime YYYYMMDDHHMMSSZ", 4),
        other => return Err(Malformed(format!("{field}: expected a time, found tag {other:#04x}"))),
    };
    digits(element.content, year_digits).ok_or_else(|| {
        let found = element.content.escape_ascii();
        Malformed(format!("{field}: expected {form}, found \"{found}\""))
    })
}

fn digits(content: &[u8], year_digits: usize) -> Option<OffsetDateTime> {
    let text = content.strip_suffix(b"Z")?;
    if text.len() != year_digits + 10 || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = |octets: &[u8]| octets.iter().fold(0_u16, |n, octet| n * 10 + u16::from(octet - b'0'));
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
    let time = Time::from_hms(pair(2)?, pair(3)?, pair(4)?).ok()?;
    Some(OffsetDateTime::new_utc(date, time))
}

/// A BIT STRING of whole octets, as keys and signatures are.
fn whole_octets(element: Element<'_>) -> Result<&[u8], &'static str> {
    match element.content.split_first() {
        Some((0, octets)) => Ok(octets),
        Some(_) => Err("expected a BIT STRING of whole octets, found unused bits"),
        None => Err("expected a BIT STRING, found one without its first octet"),
    }
}

pub(super) fn object_identifier(element: Element<'_>) -> Result<ObjectIdentifier, String> {
    ObjectIdentifier::from_bytes(element.content)
        .map_err(|_| format!("an object identifier that cannot be read: {}", element.content.escape_ascii()))
}

pub(super) fn signature_algorithm(element: Element<'_>) -> Result<SignatureAlgorithm, Malformed> {
    const FIELD: &str = "signatureAlgorithm";
    let mut walk = Walk(element.content);
    let oid = walk.expect(tag::OID).map_err(in_field(FIELD))?;
    walk.any().map_err(in_field(FIELD))?;
    walk.end().map_err(in_field(FIELD))?;
    let oid = object_identifier(oid).map_err(in_field(FIELD))?;
    Ok(SignatureAlgorithm {
        oid,
        name: signature_name(&oid.to_string()).map_or_else(|| oid.to_string(), str::to_owned),
        algorithm_id: element.content.to_vec(),
    })
}

/// openssl's names.
fn signature_name(oid: &str) -> Option<&'static str> {
    Some(match oid {
        "1.2.840.113549.1.1.2" => "md2WithRSAEncryption",
        "1.2.840.113549.1.1.3" => "md4WithRSAEncryption",
        "1.2.840.113549.1.1.4" => "md5WithRSAEncryption",
        "1.2.840.113549.1.1.5" => "sha1WithRSAEncryption",
        "1.2.840.113549.1.1.10" => "rsassaPss",
        "1.2.840.113549.1.1.11" => "sha256WithRSAEncryption",
        "1.2.840.113549.1.1.12" => "sha384WithRSAEncryption",
        "1.2.840.113549.1.1.13" => "sha512WithRSAEncryption",
        "1.2.840.113549.1.1.14" => "sha224WithRSAEncryption",
        "1.3.14.3.2.29" => "sha1WithRSA",
        "1.2.840.10040.4.3" => "dsaWithSHA1",
        "2.16.840.1.101.3.4.3.2" => "dsa_with_SHA256",
        "1.2.840.10045.4.1" => "ecdsa-with-SHA1",
        "1.2.840.10045.4.3.1" => "ecdsa-with-SHA224",
        "1.2.840.10045.4.3.2" => "ecdsa-with-SHA256",
        "1.2.840.10045.4.3.3" => "ecdsa-with-SHA384",
        "1.2.840.10045.4.3.4" => "ecdsa-with-SHA512",
        "1.3.101.112" => "ED25519",
        "1.3.101.113" => "ED448",
        "2.16.840.1.101.3.4.3.17" => "ML-DSA-44",
        "2.16.840.1.101.3.4.3.18" => "ML-DSA-65",
        "2.16.840.1.101.3.4.3.19" => "ML-DSA-87",
        _ => return None,
    })
}

/// Reads a `SubjectPublicKeyInfo` (§4.1.2.7).
pub(super) fn public_key(spki: &[u8]) -> Result<PublicKeyFacts, Malformed> {
    const FIELD: &str = "subjectPublicKeyInfo";
    let outer = frame::only(spki, tag::SEQUENCE).map_err(in_field(FIELD))?;
    let mut walk = Walk(outer.content);
    let algorithm = walk.expect(tag::SEQUENCE).map_err(in_field(FIELD))?;
    let bits = walk.expect(tag::BIT_STRING).map_err(in_field(FIELD))?;
    walk.end().map_err(in_field(FIELD))?;

    let mut walk = Walk(algorithm.content);
    let oid = walk.expect(tag::OID).map_err(in_field(FIELD))?;
    let oid = object_identifier(oid).map_err(in_field(FIELD))?;
    let parameters = walk.any().map_err(in_field(FIELD))?;
    walk.end().map_err(in_field(FIELD))?;

    let kind = match oid.to_string().as_str() {
        "1.2.840.10045.2.1" => PublicKeyKind::Ec { curve: curve(parameters)? },
        "1.3.101.112" => PublicKeyKind::Ed25519,
        "1.2.840.113549.1.1.1" => rsa(spki),
        _ => PublicKeyKind::Other(oid),
    };
    Ok(PublicKeyFacts {
        kind,
        spki: spki.to_vec(),
        algorithm_id: algorithm.content.to_vec(),
        bits: whole_octets(bits).map_err(in_field(FIELD))?.to_vec(),
    })
}

fn curve(parameters: Option<Element<'_>>) -> Result<String, Malformed> {
    let Some(named) = parameters.filter(|parameters| parameters.tag == tag::OID) else {
        return Ok("explicit parameters".to_owned());
    };
    let oid = object_identifier(named).map_err(in_field("subjectPublicKeyInfo"))?.to_string();
    Ok(match oid.as_str() {
        "1.2.840.10045.3.1.7" => "P-256".to_owned(),
        "1.3.132.0.34" => "P-384".to_owned(),
        "1.3.132.0.35" => "P-521".to_owned(),
        "1.3.132.0.10" => "secp256k1".to_owned(),
        _ => oid,
    })
}

fn rsa(spki: &[u8]) -> PublicKeyKind {
    let unreadable = PublicKeyKind::Rsa { modulus_bits: 0, exponent: Vec::new() };
    let Ok((_, info)) = SubjectPublicKeyInfo::from_der(spki) else { return unreadable };
    let Ok(PublicKey::RSA(key)) = info.parsed() else { return unreadable };
    let negative = |integer: &[u8]| integer.first().is_none_or(|octet| octet & 0x80 != 0);
    if negative(key.modulus) || negative(key.exponent) {
        return unreadable;
    }
    let modulus = without_leading_zeros(key.modulus);
    let bits = modulus.len() * 8 - modulus.first().map_or(0, |octet| octet.leading_zeros() as usize);
    PublicKeyKind::Rsa {
        // A certificate of at most MAX_LENGTH bytes has fewer than 2^23 bits.
        modulus_bits: u32::try_from(bits).unwrap_or(u32::MAX),
        exponent: without_leading_zeros(key.exponent).to_vec(),
    }
}

fn without_leading_zeros(integer: &[u8]) -> &[u8] {
    &integer[integer.iter().take_while(|octet| **octet == 0).count()..]
}

/// §4.1.2.9, every extension in order, repeated ones too.
/// Reads `Extensions`.
pub(in crate::pki) fn extensions(der: &[u8]) -> Result<Vec<ExtensionFacts>, Malformed> {
    let sequence = frame::only(der, tag::SEQUENCE).map_err(in_field("extensions"))?;
    frame::children(sequence.content)
        .map_err(in_field("extensions"))?
        .into_iter()
        .map(|element| one_extension(element).map_err(in_field("extensions")))
        .collect()
}

fn one_extension(element: Element<'_>) -> Result<ExtensionFacts, String> {
    let sequence = frame::only(element.encoded, tag::SEQUENCE).map_err(|e| e.to_string())?;
    let mut walk = Walk(sequence.content);
    let oid = object_identifier(walk.expect(tag::OID).map_err(|e| e.to_string())?)?;
    let critical = walk.optional(tag::BOOLEAN).map_err(|e| format!("{oid}: {e}"))?;
    let value = walk.expect(tag::OCTET_STRING).map_err(|e| format!("{oid}: {e}"))?;
    walk.end().map_err(|e| format!("{oid}: {e}"))?;
    let decoded = extension::decode(oid, value.content, element.encoded).unwrap_or_else(Extension::Malformed);
    Ok(ExtensionFacts {
        oid,
        // Any octet but zero is TRUE (X.690 §8.2.2); DER's demand for 0xff is not worth hiding a critical mark.
        critical: critical.is_some_and(|boolean| boolean.content.iter().any(|octet| *octet != 0)),
        value: value.content.to_vec(),
        decoded,
    })
}
