//! The walk through a certificate (RFC 5280 §4.1), field by field.

use rustls::pki_types::CertificateDer;
use time::OffsetDateTime;
use x509_parser::asn1_rs::FromDer;
use x509_parser::public_key::RSAPublicKey;

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

    /// The same for who wants to look at it all the same: what is odd is read for what it means, what cannot be read is
    /// left out ([`CertFacts::unreadable`]), and both are told as faults. Only the frame is demanded.
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

/// What is wrong with a certificate and does not keep the rest of it from being read.
#[derive(Default)]
struct Faults {
    found: Vec<Malformed>,
    unreadable: Vec<&'static str>,
}

impl Faults {
    /// What was read, or where it cannot be, `instead`: its fault is noted, and that the field is unreadable.
    fn or<T>(&mut self, field: &'static str, read: Result<T, Malformed>, instead: T) -> T {
        read.unwrap_or_else(|fault| {
            self.found.push(fault);
            self.unreadable.push(field);
            instead
        })
    }
}

/// The certificate, and what is wrong with it and does not keep it from being read.
fn certificate(whole: &[u8]) -> Result<(CertFacts, Vec<Malformed>), Malformed> {
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
    let explicit_version = walk.optional(tag::context(0)).map_err(in_field("version"))?;
    let serial = walk.expect(tag::INTEGER).map_err(in_field("serialNumber"))?;
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

    let mut faults = Faults::default();
    let version = faults.or("version", version(explicit_version), 0);
    let serial = faults.or("serialNumber", serial_number(serial), Vec::new());
    let mut walk = Walk(validity.content);
    let not_before = instant(walk.any(), "notBefore", &mut faults);
    let not_after = instant(walk.any(), "notAfter", &mut faults);
    faults.found.extend(walk.end().map_err(in_field("validity")).err());
    let subject_name = name(subject, "subject", &mut faults);
    let issuer_name = name(issuer, "issuer", &mut faults);
    let unreadable_key = PublicKeyFacts {
        kind: PublicKeyKind::Unreadable,
        spki: key.encoded.to_vec(),
        algorithm_id: Vec::new(),
        bits: Vec::new(),
    };
    let public_key = faults.or("subjectPublicKeyInfo", public_key(key.encoded), unreadable_key);
    let unreadable_algorithm = SignatureAlgorithm {
        oid: NO_ALGORITHM,
        name: "unreadable".to_owned(),
        algorithm_id: outer_algorithm.content.to_vec(),
    };
    let algorithm = signature_algorithm(outer_algorithm);
    let signature = whole_bytes(signature).map(<[u8]>::to_vec).map_err(in_field("signatureValue"));
    let facts = CertFacts {
        der: CertificateDer::from(whole.to_vec()),
        version,
        serial,
        subject: subject_name,
        subject_der: subject.encoded.to_vec(),
        issuer: issuer_name,
        issuer_der: issuer.encoded.to_vec(),
        not_before,
        not_after,
        public_key,
        signature_algorithm: faults.or("signatureAlgorithm", algorithm, unreadable_algorithm),
        signature_algorithms_agree: outer_algorithm == inner_algorithm,
        signature: faults.or("signatureValue", signature, Vec::new()),
        tbs: tbs.encoded.to_vec(),
        extensions: listed.map_or_else(Vec::new, |explicit| readable_extensions(explicit, &mut faults)),
        unreadable: faults.unreadable,
    };
    Ok((facts, faults.found))
}

/// Stands for the identifier of an algorithm that cannot be read: nobody has it (X.660 gives it to Recommendations).
const NO_ALGORITHM: Oid = Oid::dotted("0.0");

/// §4.1.2.2
fn serial_number(integer: Element<'_>) -> Result<Vec<u8>, Malformed> {
    if integer.content.is_empty() {
        return Err(Malformed("serialNumber: an integer of no bytes".to_owned()));
    }
    Ok(integer.content.to_vec())
}

/// §4.1.2.1: an INTEGER that counts from zero, absent for version 1.
fn version(explicit: Option<Element<'_>>) -> Result<u8, Malformed> {
    let Some(explicit) = explicit else { return Ok(1) };
    let integer = der::only(explicit.content, tag::INTEGER).map_err(in_field("version"))?;
    match (integer.content, der::number(integer)) {
        ([number @ 0..=2], _) => Ok(number + 1),
        (_, Some(other)) => {
            Err(Malformed(format!("version: expected 0, 1 or 2 (for 1, 2 or 3), found {other}")))
        }
        _ => Err(Malformed("version: expected 0, 1 or 2 (for 1, 2 or 3), found another number".to_owned())),
    }
}

/// §4.1.2.5. A time in another form than it demands is read for what it means; one that is none, or none that there can
/// be, is unreadable.
fn instant(
    element: Result<Option<Element<'_>>, der::Error>,
    field: &'static str,
    faults: &mut Faults,
) -> OffsetDateTime {
    let read = time(element, field).and_then(|(time, fault)| match (time.instant(), time.instant_meant()) {
        (Some(instant), _) => Ok(instant),
        (None, Some(meant)) => {
            faults.found.push(fault);
            Ok(meant)
        }
        (None, None) => Err(fault),
    });
    faults.or(field, read, OffsetDateTime::UNIX_EPOCH)
}

/// A time as it is encoded, and what is to be said of it where it is not as it should be.
fn time(
    element: Result<Option<Element<'_>>, der::Error>,
    field: &'static str,
) -> Result<(Time, Malformed), Malformed> {
    let element = element
        .map_err(in_field(field))?
        .ok_or_else(|| Malformed(format!("{field}: expected a time, found nothing")))?;
    let (form, digits) = match element.tag {
        Time::UTC => ("UTCTime YYMMDDHHMMSSZ", 12),
        Time::GENERALIZED => ("GeneralizedTime YYYYMMDDHHMMSSZ", 14),
        other => return Err(Malformed(format!("{field}: expected a time, found tag {other:#04x}"))),
    };
    let found = element.content.escape_ascii().take(80).map(char::from).collect::<String>();
    let is_written = |text: &[u8]| text.len() == digits && text.iter().all(u8::is_ascii_digit);
    let well_formed = element.content.strip_suffix(b"Z").is_some_and(is_written);
    let none = if well_formed { ", a time that there is not" } else { "" };
    Ok((Time::from(element), Malformed(format!("{field}: expected {form}, found \"{found}\"{none}"))))
}

/// §4.1.2.4. A relative distinguished name has one attribute at least; without any, all the others can be read.
fn name(element: Element<'_>, field: &'static str, faults: &mut Faults) -> Subject {
    const EMPTY: [u8; 2] = [tag::SET, 0];
    let rdns = der::children(element.content).map_err(in_field(field));
    let rdns = faults.or(field, rdns, Vec::new());
    let full: Vec<&[u8]> = rdns.iter().map(|rdn| rdn.encoded).filter(|rdn| *rdn != EMPTY).collect();
    if full.len() < rdns.len() {
        faults.found.push(Malformed(format!("{field}: an empty relative distinguished name")));
    }
    let subject = Subject::from_der(&der::sequence(&full)).map_err(in_field(field));
    faults.or(field, subject, Subject::default())
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
    let named = match parameters {
        None => return Ok("no parameters".to_owned()),
        Some(named) if named.tag == tag::OID => named,
        // implicitCurve (RFC 5480 §2.1.1), which is inherited, and forbidden.
        Some(null) if null.tag == tag::NULL => return Ok("implicit parameters".to_owned()),
        Some(_) => return Ok("explicit parameters".to_owned()),
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
pub(in crate::pki) fn extensions(list: &[u8]) -> Result<Vec<ExtensionFacts>, Malformed> {
    each_extension(list)?.into_iter().collect()
}

/// Those that can be read.
fn readable_extensions(explicit: Element<'_>, faults: &mut Faults) -> Vec<ExtensionFacts> {
    let each = faults.or("extensions", each_extension(explicit.content), Vec::new());
    let mut readable = Vec::new();
    for extension in each {
        match extension {
            Ok(extension) => readable.push(extension),
            Err(fault) => faults.found.push(fault),
        }
    }
    readable
}

fn each_extension(list: &[u8]) -> Result<Vec<Result<ExtensionFacts, Malformed>>, Malformed> {
    let sequence = der::only(list, tag::SEQUENCE).map_err(in_field("extensions"))?;
    let elements = der::children(sequence.content).map_err(in_field("extensions"))?;
    Ok(elements.into_iter().map(|element| one_extension(element).map_err(in_field("extensions"))).collect())
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
