//! The walk through a certificate (RFC 5280 §4.1), field by field.

use rustls::pki_types::CertificateDer;
use time::OffsetDateTime;
use x509_parser::asn1_rs::FromDer;
use x509_parser::public_key::RSAPublicKey;
use x509_parser::x509::X509Version;

use super::super::der::{self, Element, Walk, tag};
use super::super::oid::{self, Oid};
use super::super::plan::Time;
use super::super::subject::Subject;
use super::{
    CertFacts, Extension, ExtensionFacts, Malformed, PublicKeyFacts, PublicKeyKind, SignatureAlgorithm,
    extension,
};

impl CertFacts {
    /// Reads one certificate; trailing bytes are refused.
    pub fn read(der: &[u8]) -> Result<Self, Malformed> {
        let (facts, faults) = Self::read_leniently(der)?;
        faults.into_iter().next().map_or(Ok(facts), Err)
    }

    /// The same for who wants to look at it all the same: an empty relative distinguished name and a time without
    /// seconds or in another zone are read for what they mean and told as faults.
    pub fn read_leniently(der: &[u8]) -> Result<(Self, Vec<Malformed>), Malformed> {
        certificate(der)
    }
}

impl PublicKeyFacts {
    /// Reads a `SubjectPublicKeyInfo`; trailing bytes are refused.
    pub fn read(spki: &[u8]) -> Result<Self, Malformed> {
        public_key(spki)
    }
}

impl SignatureAlgorithm {
    /// Reads an AlgorithmIdentifier.
    pub fn read(algorithm_identifier: &[u8]) -> Result<Self, Malformed> {
        let sequence = der::only(algorithm_identifier, tag::SEQUENCE)
            .map_err(|error| Malformed(format!("signatureAlgorithm: {error}")))?;
        signature_algorithm(sequence)
    }
}

/// Names the field in which something is wrong.
fn in_field<E: std::fmt::Display>(field: &'static str) -> impl FnOnce(E) -> Malformed {
    move |error| Malformed(format!("{field}: {error}"))
}

/// The certificate, and what is wrong with it and does not keep it from being read.
fn certificate(whole: &[u8]) -> Result<(CertFacts, Vec<Malformed>), Malformed> {
    let mut faults = Vec::new();
    if whole.len() > CertFacts::MAX_LENGTH {
        let (found, most) = (whole.len(), CertFacts::MAX_LENGTH);
        return Err(Malformed(format!("expected at most {most} bytes, found {found}")));
    }
    let outer = der::only(whole, tag::SEQUENCE).map_err(in_field("Certificate"))?;
    let mut walk = Walk(outer.content);
    let tbs = walk.expect(tag::SEQUENCE).map_err(in_field("tbsCertificate"))?;
    let outer_algorithm = walk.expect(tag::SEQUENCE).map_err(in_field("signatureAlgorithm"))?;
    let signature = walk.expect(tag::BIT_STRING).map_err(in_field("signatureValue"))?;
    walk.end().map_err(in_field("Certificate"))?;

    let mut walk = Walk(tbs.content);
    let version = version(walk.optional(tag::context(0)).map_err(in_field("version"))?)?;
    let serial = walk.expect(tag::INTEGER).map_err(in_field("serialNumber"))?;
    if serial.content.is_empty() {
        return Err(Malformed("serialNumber: an integer of no bytes".to_owned()));
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
    let not_before = instant(walk.any(), "notBefore", &mut faults)?;
    let not_after = instant(walk.any(), "notAfter", &mut faults)?;
    walk.end().map_err(in_field("validity"))?;

    let subject_name = name(subject, "subject", &mut faults)?;
    let issuer_name = name(issuer, "issuer", &mut faults)?;
    let facts = CertFacts {
        der: CertificateDer::from(whole.to_vec()),
        version,
        serial: serial.content.to_vec(),
        subject: subject_name,
        subject_der: subject.encoded.to_vec(),
        issuer: issuer_name,
        issuer_der: issuer.encoded.to_vec(),
        not_before,
        not_after,
        public_key: public_key(key.encoded)?,
        signature_algorithm: signature_algorithm(outer_algorithm)?,
        signature_algorithms_agree: outer_algorithm == inner_algorithm,
        signature: whole_bytes(signature).map_err(in_field("signatureValue"))?.to_vec(),
        tbs: tbs.encoded.to_vec(),
        extensions: listed.map_or_else(|| Ok(Vec::new()), |explicit| extensions(explicit.content))?,
    };
    Ok((facts, faults))
}

/// §4.1.2.1: an INTEGER that counts from zero, absent for version 1.
fn version(explicit: Option<Element<'_>>) -> Result<u8, Malformed> {
    let Some(explicit) = explicit else { return Ok(1) };
    let integer = der::only(explicit.content, tag::INTEGER).map_err(in_field("version"))?;
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

/// §4.1.2.5
fn instant(
    element: Result<Option<Element<'_>>, der::Error>,
    field: &'static str,
    faults: &mut Vec<Malformed>,
) -> Result<OffsetDateTime, Malformed> {
    let element = element
        .map_err(in_field(field))?
        .ok_or_else(|| Malformed(format!("{field}: expected a time, found nothing")))?;
    let form = match element.tag {
        Time::UTC => "UTCTime YYMMDDHHMMSSZ",
        Time::GENERALIZED => "GeneralizedTime YYYYMMDDHHMMSSZ",
        other => return Err(Malformed(format!("{field}: expected a time, found tag {other:#04x}"))),
    };
    let time = Time::from(element);
    if let Some(instant) = time.instant() {
        return Ok(instant);
    }
    let found = element.content.escape_ascii().take(80).map(char::from).collect::<String>();
    let fault = Malformed(format!("{field}: expected {form}, found \"{found}\""));
    match time.instant_meant() {
        Some(instant) => {
            faults.push(fault);
            Ok(instant)
        }
        None => Err(fault),
    }
}

/// §4.1.2.4. A relative distinguished name has one attribute at least; without any, all the others can be read.
fn name(
    element: Element<'_>,
    field: &'static str,
    faults: &mut Vec<Malformed>,
) -> Result<Subject, Malformed> {
    const EMPTY: [u8; 2] = [tag::SET, 0];
    let rdns = der::children(element.content).map_err(in_field(field))?;
    let full: Vec<&[u8]> = rdns.iter().map(|rdn| rdn.encoded).filter(|rdn| *rdn != EMPTY).collect();
    if full.len() < rdns.len() {
        faults.push(Malformed(format!("{field}: an empty relative distinguished name")));
    }
    Subject::from_der(&der::sequence(&full)).map_err(in_field(field))
}

/// A BIT STRING of whole bytes, as keys and signatures are.
fn whole_bytes(element: Element<'_>) -> Result<&[u8], &'static str> {
    match element.content.split_first() {
        Some((0, bytes)) => Ok(bytes),
        Some(_) => Err("expected a BIT STRING of whole bytes, found unused bits"),
        None => Err("expected a BIT STRING, found one without its first byte"),
    }
}

fn signature_algorithm(element: Element<'_>) -> Result<SignatureAlgorithm, Malformed> {
    const FIELD: &str = "signatureAlgorithm";
    let mut walk = Walk(element.content);
    let oid = walk.oid().map_err(in_field(FIELD))?;
    walk.any().map_err(in_field(FIELD))?;
    walk.end().map_err(in_field(FIELD))?;
    Ok(SignatureAlgorithm { oid, name: signature_name(oid), algorithm_id: element.content.to_vec() })
}

/// openssl's names. Three it writes otherwise than those of the keys that make them.
fn signature_name(oid: Oid) -> String {
    match oid {
        oid::RSA_PSS => "rsassaPss".to_owned(),
        oid::ED25519 => "ED25519".to_owned(),
        oid::ED448 => "ED448".to_owned(),
        other => other.name_or_dotted(),
    }
}

/// Reads a `SubjectPublicKeyInfo` (§4.1.2.7).
fn public_key(spki: &[u8]) -> Result<PublicKeyFacts, Malformed> {
    const FIELD: &str = "subjectPublicKeyInfo";
    let outer = der::only(spki, tag::SEQUENCE).map_err(in_field(FIELD))?;
    let mut walk = Walk(outer.content);
    let algorithm = walk.expect(tag::SEQUENCE).map_err(in_field(FIELD))?;
    let bits = walk.expect(tag::BIT_STRING).map_err(in_field(FIELD))?;
    walk.end().map_err(in_field(FIELD))?;

    let mut walk = Walk(algorithm.content);
    let oid = walk.oid().map_err(in_field(FIELD))?;
    let parameters = walk.any().map_err(in_field(FIELD))?;
    walk.end().map_err(in_field(FIELD))?;

    let kind = match oid {
        oid::EC => PublicKeyKind::Ec { curve: curve(parameters)? },
        oid::ED25519 => PublicKeyKind::Ed25519,
        oid::RSA | oid::RSA_PSS => {
            let (modulus_bits, exponent) = whole_bytes(bits).ok().and_then(rsa_numbers).unwrap_or_default();
            if oid == oid::RSA {
                PublicKeyKind::Rsa { modulus_bits, exponent }
            } else {
                PublicKeyKind::RsaPss { modulus_bits, exponent }
            }
        }
        _ => PublicKeyKind::Other(oid),
    };
    Ok(PublicKeyFacts {
        kind,
        spki: spki.to_vec(),
        algorithm_id: algorithm.content.to_vec(),
        bits: whole_bytes(bits).map_err(in_field(FIELD))?.to_vec(),
    })
}

fn curve(parameters: Option<Element<'_>>) -> Result<String, Malformed> {
    let Some(named) = parameters.filter(|parameters| parameters.tag == tag::OID) else {
        return Ok("explicit parameters".to_owned());
    };
    Oid::from_bytes(named.content)
        .map(|curve| curve.name_or_dotted())
        .map_err(in_field("subjectPublicKeyInfo"))
}

/// The bits of the modulus, and the exponent, of an RSAPublicKey (RFC 8017 §A.1.1); `None` where it is none.
fn rsa_numbers(key: &[u8]) -> Option<(u32, Vec<u8>)> {
    let (_, key) = RSAPublicKey::from_der(key).ok()?;
    let negative = |integer: &[u8]| integer.first().is_none_or(|byte| byte & 0x80 != 0);
    if negative(key.modulus) || negative(key.exponent) {
        return None;
    }
    let modulus = without_leading_zeros(key.modulus);
    let bits = modulus.len() * 8 - modulus.first().map_or(0, |byte| byte.leading_zeros() as usize);
    // A certificate of at most MAX_LENGTH bytes has fewer than 2^23 bits.
    Some((u32::try_from(bits).unwrap_or(u32::MAX), without_leading_zeros(key.exponent).to_vec()))
}

fn without_leading_zeros(integer: &[u8]) -> &[u8] {
    &integer[integer.iter().take_while(|byte| **byte == 0).count()..]
}

/// §4.1.2.9, every extension in order, repeated ones too.
/// Reads `Extensions`.
pub(in crate::pki) fn extensions(list: &[u8]) -> Result<Vec<ExtensionFacts>, Malformed> {
    let sequence = der::only(list, tag::SEQUENCE).map_err(in_field("extensions"))?;
    der::children(sequence.content)
        .map_err(in_field("extensions"))?
        .into_iter()
        .map(|element| one_extension(element).map_err(in_field("extensions")))
        .collect()
}

fn one_extension(element: Element<'_>) -> Result<ExtensionFacts, String> {
    let sequence = der::only(element.encoded, tag::SEQUENCE).map_err(|e| e.to_string())?;
    let mut walk = Walk(sequence.content);
    let oid = walk.oid().map_err(|e| e.to_string())?;
    let critical = walk.optional(tag::BOOLEAN).map_err(|e| format!("{oid}: {e}"))?;
    let value = walk.expect(tag::OCTET_STRING).map_err(|e| format!("{oid}: {e}"))?;
    walk.end().map_err(|e| format!("{oid}: {e}"))?;
    let decoded = extension::decode(oid, value.content, element.encoded).unwrap_or_else(Extension::Malformed);
    Ok(ExtensionFacts {
        oid,
        // Any byte but zero is TRUE (X.690 §8.2.2); DER's demand for 0xff is not worth hiding a critical mark.
        critical: critical.is_some_and(|boolean| boolean.content.iter().any(|byte| *byte != 0)),
        value: value.content.to_vec(),
        decoded,
    })
}
