//! The Online Certificate Status Protocol (RFC 6960): requests and responses, DER in, facts out. Nothing is judged here,
//! and no signature verified: that is [`crate::verify`]'s.
//!
//! Strict about the frame, as [`super::crl`] is. A message is as long as whoever reads it allows, and what is kept of it
//! costs little more memory than it has bytes.

use std::fmt;

use rustls::pki_types::CertificateDer;
use sha1::Sha1;
use sha2::digest::Digest as _;
use sha2::{Sha256, Sha384, Sha512};
use time::OffsetDateTime;

use super::crl::{RevocationReason, in_field, instant, reason, same_number};
use super::der::{self, Element, Walk, tag, tlv};
use super::facts::read::extensions;
use super::facts::{CertFacts, ExtensionFacts, Malformed, SignatureAlgorithm};
use super::oid::{self, Oid};
use super::subject::Subject;

/// Everything that one OCSP response says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OcspFacts {
    /// The response itself.
    pub der: Vec<u8>,
    /// How the responder took the request.
    pub status: ResponseStatus,
    /// What it answers, where it was successful.
    pub answer: Option<Answer>,
}

/// OCSPResponseStatus (§4.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ResponseStatus {
    /// There is an answer.
    Successful = 0,
    /// The request could not be read.
    MalformedRequest = 1,
    /// The responder broke down.
    InternalError = 2,
    /// It is busy.
    TryLater = 3,
    /// It wants signed requests.
    SigRequired = 5,
    /// It does not answer this client, or not for this certificate.
    Unauthorized = 6,
}

impl ResponseStatus {
    const ALL: [Self; 6] = [
        Self::Successful,
        Self::MalformedRequest,
        Self::InternalError,
        Self::TryLater,
        Self::SigRequired,
        Self::Unauthorized,
    ];

    /// The RFC's name, such as `tryLater`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Successful => "successful",
            Self::MalformedRequest => "malformedRequest",
            Self::InternalError => "internalError",
            Self::TryLater => "tryLater",
            Self::SigRequired => "sigRequired",
            Self::Unauthorized => "unauthorized",
        }
    }

    /// The whole response that says so, and nothing else.
    pub fn to_der(self) -> Vec<u8> {
        der::sequence(&[&tlv(tag::ENUMERATED, &[self as u8])])
    }
}

impl fmt::Display for ResponseStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// BasicOCSPResponse (§4.2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Who answers.
    pub responder: Responder,
    /// producedAt: when it was signed.
    pub produced_at: OffsetDateTime,
    /// What is said of each certificate, in order.
    pub statuses: Vec<SingleStatus>,
    /// Every extension of the response in order.
    pub extensions: Vec<ExtensionFacts>,
    /// How it is signed.
    pub signature_algorithm: SignatureAlgorithm,
    /// The signature's bytes.
    pub signature: Vec<u8>,
    /// The certificates that came along, such as the responder's.
    pub certificates: Vec<CertificateDer<'static>>,
    /// The DER of the ResponseData: what the signature is over.
    pub tbs: Vec<u8>,
}

/// ResponderID (§4.2.2.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Responder {
    /// By its name.
    Name(Subject),
    /// By the SHA-1 of its public key's bits.
    KeyHash(Vec<u8>),
}

impl Responder {
    /// Whether it is the subject of this certificate.
    pub fn is(&self, certificate: &CertFacts) -> bool {
        match self {
            Self::Name(name) => name.prepared() == certificate.subject.prepared(),
            Self::KeyHash(hash) => *hash == Sha1::digest(&certificate.public_key.bits).as_slice(),
        }
    }
}

/// The name, or the hash in hexadecimal; not escaped.
impl fmt::Display for Responder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => name.fmt(f),
            Self::KeyHash(hash) => write!(f, "key {}", crate::words::hex(hash)),
        }
    }
}

/// SingleResponse (§4.2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SingleStatus {
    /// Which certificate.
    pub id: CertId,
    /// How it stands.
    pub status: CertStatus,
    /// thisUpdate: when that was known to be so.
    pub this_update: OffsetDateTime,
    /// nextUpdate: when there will be something newer.
    pub next_update: Option<OffsetDateTime>,
    /// Every extension in order.
    pub extensions: Vec<ExtensionFacts>,
}

/// CertStatus (§2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertStatus {
    /// Not revoked, as far as the responder knows; not that it was ever issued.
    Good,
    /// Revoked.
    Revoked {
        /// revocationTime.
        at: OffsetDateTime,
        /// revocationReason, where it is said.
        reason: Option<RevocationReason>,
    },
    /// The responder does not know the certificate.
    Unknown,
}

impl CertStatus {
    /// `good`, `revoked` or `unknown`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Revoked { .. } => "revoked",
            Self::Unknown => "unknown",
        }
    }
}

/// CertID (§4.1.1): a certificate by its issuer's name and key, hashed, and its serial number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertId {
    /// The DER of the hash's AlgorithmIdentifier.
    pub algorithm: Vec<u8>,
    /// The hash's OID.
    pub hash: Oid,
    /// The hash of the issuer's DER.
    pub issuer_name_hash: Vec<u8>,
    /// The hash of the issuer's public key's bits.
    pub issuer_key_hash: Vec<u8>,
    /// The serial number's content bytes.
    pub serial: Vec<u8>,
}

/// A hash by its OID; `None` for one that nobody names certificates by.
fn digest(hash: Oid, bytes: &[u8]) -> Option<Vec<u8>> {
    Some(match hash {
        oid::SHA1 => Sha1::digest(bytes).to_vec(),
        oid::SHA256 => Sha256::digest(bytes).to_vec(),
        oid::SHA384 => Sha384::digest(bytes).to_vec(),
        oid::SHA512 => Sha512::digest(bytes).to_vec(),
        _ => return None,
    })
}

impl CertId {
    /// The certificate of this serial number that `issuer` issued, by SHA-1: what every responder knows (RFC 5019
    /// §2.1.1). It names the certificate and proves nothing.
    pub fn sha1(serial: &[u8], issuer: &CertFacts) -> Self {
        Self {
            algorithm: der::sequence(&[&der::oid(oid::SHA1), &[tag::NULL, 0]]),
            hash: oid::SHA1,
            issuer_name_hash: Sha1::digest(&issuer.subject_der).to_vec(),
            issuer_key_hash: Sha1::digest(&issuer.public_key.bits).to_vec(),
            serial: serial.to_vec(),
        }
    }

    /// Whether it names a certificate that the holder of `issuer` issued, whose name is written there as `issuer_der`.
    pub fn is_by(&self, issuer_der: &[u8], issuer: &CertFacts) -> bool {
        let is = |bytes, hashed: &Vec<u8>| digest(self.hash, bytes).is_some_and(|hash| hash == *hashed);
        is(issuer_der, &self.issuer_name_hash) && is(&issuer.public_key.bits, &self.issuer_key_hash)
    }

    /// Whether it names `certificate`, which `issuer` issued.
    pub fn is_of(&self, certificate: &CertFacts, issuer: &CertFacts) -> bool {
        same_number(&self.serial, &certificate.serial) && self.is_by(&certificate.issuer_der, issuer)
    }

    fn read(element: Element<'_>) -> Result<Self, Malformed> {
        let field = in_field("CertID");
        let mut walk = Walk(der::only(element.encoded, tag::SEQUENCE).map_err(&field)?.content);
        let algorithm = walk.expect(tag::SEQUENCE).map_err(in_field("hashAlgorithm"))?;
        let name = walk.expect(tag::OCTET_STRING).map_err(in_field("issuerNameHash"))?;
        let key = walk.expect(tag::OCTET_STRING).map_err(in_field("issuerKeyHash"))?;
        let serial = walk.expect(tag::INTEGER).map_err(in_field("serialNumber"))?;
        walk.end().map_err(&field)?;
        Ok(Self {
            algorithm: algorithm.encoded.to_vec(),
            hash: Walk(algorithm.content).oid().map_err(in_field("hashAlgorithm"))?,
            issuer_name_hash: name.content.to_vec(),
            issuer_key_hash: key.content.to_vec(),
            serial: serial.content.to_vec(),
        })
    }

    /// Its DER.
    pub fn to_der(&self) -> Vec<u8> {
        der::sequence(&[
            &self.algorithm,
            &tlv(tag::OCTET_STRING, &self.issuer_name_hash),
            &tlv(tag::OCTET_STRING, &self.issuer_key_hash),
            &tlv(tag::INTEGER, &self.serial),
        ])
    }
}

impl OcspFacts {
    /// Reads one response; trailing bytes are refused.
    pub fn read(whole: &[u8]) -> Result<Self, Malformed> {
        let field = in_field("OCSPResponse");
        let mut walk = Walk(der::only(whole, tag::SEQUENCE).map_err(&field)?.content);
        let number = walk.expect(tag::ENUMERATED).map_err(in_field("responseStatus"))?;
        let known = ResponseStatus::ALL.into_iter().find(|status| number.content == [*status as u8]);
        let status = known
            .ok_or_else(|| Malformed("responseStatus: expected 0 to 3, 5 or 6, found another".to_owned()))?;
        let bytes = walk.optional(tag::context(0)).map_err(in_field("responseBytes"))?;
        walk.end().map_err(&field)?;
        let answer = match (status, bytes) {
            (ResponseStatus::Successful, Some(bytes)) => Some(answer(bytes)?),
            (ResponseStatus::Successful, None) => {
                return Err(Malformed("responseBytes: expected an answer, found none".to_owned()));
            }
            _ => None,
        };
        Ok(Self { der: whole.to_vec(), status, answer })
    }
}

impl Answer {
    /// The nonce (§4.4.1), where there is one.
    pub fn nonce(&self) -> Option<&[u8]> {
        nonce(&self.extensions)
    }
}

/// ResponseBytes: which type, and a response of it.
fn answer(explicit: Element<'_>) -> Result<Answer, Malformed> {
    let field = in_field("responseBytes");
    let mut walk = Walk(der::only(explicit.content, tag::SEQUENCE).map_err(&field)?.content);
    let kind = walk.oid().map_err(in_field("responseType"))?;
    let response = walk.expect(tag::OCTET_STRING).map_err(in_field("response"))?;
    walk.end().map_err(&field)?;
    if kind != oid::OCSP_BASIC {
        return Err(Malformed(format!("responseType: expected {}, found {kind}", oid::OCSP_BASIC)));
    }
    let field = in_field("BasicOCSPResponse");
    let mut walk = Walk(der::only(response.content, tag::SEQUENCE).map_err(&field)?.content);
    let data = walk.expect(tag::SEQUENCE).map_err(in_field("tbsResponseData"))?;
    let algorithm = walk.expect(tag::SEQUENCE).map_err(in_field("signatureAlgorithm"))?;
    let signature = walk.expect(tag::BIT_STRING).map_err(in_field("signature"))?;
    let certificates = walk.optional(tag::context(0)).map_err(in_field("certs"))?;
    walk.end().map_err(&field)?;
    let Some((0, signature)) = signature.content.split_first() else {
        return Err(Malformed("signature: expected whole bytes".to_owned()));
    };
    let certificates = certificates.map_or_else(
        || Ok(Vec::new()),
        |explicit| der::children(der::only(explicit.content, tag::SEQUENCE)?.content),
    );
    let certificates = certificates.map_err(in_field("certs"))?;

    let mut walk = Walk(data.content);
    version(&mut walk)?;
    let responder = responder(walk.some().map_err(in_field("responderID"))?)?;
    let produced_at = walk.expect(tag::GENERALIZED_TIME).map_err(in_field("producedAt"))?;
    let statuses = walk.expect(tag::SEQUENCE).map_err(in_field("responses"))?;
    let listed = walk.optional(tag::context(1)).map_err(in_field("responseExtensions"))?;
    walk.end().map_err(in_field("tbsResponseData"))?;
    let statuses = der::children(statuses.content).map_err(in_field("responses"))?;
    Ok(Answer {
        responder,
        produced_at: instant(produced_at, "producedAt")?,
        statuses: statuses.into_iter().map(single).collect::<Result<_, _>>()?,
        extensions: listed.map_or_else(|| Ok(Vec::new()), |explicit| extensions(explicit.content))?,
        signature_algorithm: SignatureAlgorithm::read(algorithm.encoded)?,
        signature: signature.to_vec(),
        certificates: certificates.into_iter().map(|der| der.encoded.to_vec().into()).collect(),
        tbs: data.encoded.to_vec(),
    })
}

/// Version: v1, which is the default, and the only one.
fn version(walk: &mut Walk<'_>) -> Result<(), Malformed> {
    match walk.optional(tag::context(0)).map_err(in_field("version"))? {
        None => Ok(()),
        Some(explicit) if explicit.content == [tag::INTEGER, 1, 0] => Ok(()),
        Some(_) => Err(Malformed("version: expected 0 (for 1), found another".to_owned())),
    }
}

fn responder(element: Element<'_>) -> Result<Responder, Malformed> {
    let field = in_field("responderID");
    match element.tag {
        // EXPLICIT both, for the module has explicit tags.
        0xa1 => Subject::from_der(element.content).map(Responder::Name).map_err(&field),
        0xa2 => {
            let hash = der::only(element.content, tag::OCTET_STRING).map_err(&field)?;
            Ok(Responder::KeyHash(hash.content.to_vec()))
        }
        found => {
            Err(Malformed(format!("responderID: expected a name or a key's hash, found tag {found:#04x}")))
        }
    }
}

fn single(element: Element<'_>) -> Result<SingleStatus, Malformed> {
    let field = in_field("SingleResponse");
    let mut walk = Walk(der::only(element.encoded, tag::SEQUENCE).map_err(&field)?.content);
    let id = CertId::read(walk.some().map_err(&field)?)?;
    let status = cert_status(walk.some().map_err(in_field("certStatus"))?)?;
    let this_update = walk.expect(tag::GENERALIZED_TIME).map_err(in_field("thisUpdate"))?;
    let next_update = walk.optional(tag::context(0)).map_err(in_field("nextUpdate"))?;
    let listed = walk.optional(tag::context(1)).map_err(in_field("singleExtensions"))?;
    walk.end().map_err(&field)?;
    let next_update = next_update.map(|explicit| {
        let time = der::only(explicit.content, tag::GENERALIZED_TIME).map_err(in_field("nextUpdate"))?;
        instant(time, "nextUpdate")
    });
    Ok(SingleStatus {
        id,
        status,
        this_update: instant(this_update, "thisUpdate")?,
        next_update: next_update.transpose()?,
        extensions: listed.map_or_else(|| Ok(Vec::new()), |explicit| extensions(explicit.content))?,
    })
}

fn cert_status(element: Element<'_>) -> Result<CertStatus, Malformed> {
    match (element.tag, element.content) {
        (0x80, []) => Ok(CertStatus::Good),
        (0x82, []) => Ok(CertStatus::Unknown),
        (0xa1, content) => {
            let mut walk = Walk(content);
            let at = walk.expect(tag::GENERALIZED_TIME).map_err(in_field("revocationTime"))?;
            let why = walk.optional(tag::context(0)).map_err(in_field("revocationReason"))?;
            walk.end().map_err(in_field("revoked"))?;
            let reason = why.map(|explicit| reason(explicit.content)).transpose()?;
            Ok(CertStatus::Revoked { at: instant(at, "revocationTime")?, reason })
        }
        (found, _) => {
            Err(Malformed(format!("certStatus: expected good, revoked or unknown, found tag {found:#04x}")))
        }
    }
}

/// §4.4.1: an OCTET STRING inside; older clients put the bare bytes.
fn nonce(extensions: &[ExtensionFacts]) -> Option<&[u8]> {
    let value = extensions.iter().find(|extension| extension.oid == oid::OCSP_NONCE)?.value.as_slice();
    Some(der::only(value, tag::OCTET_STRING).map_or(value, |nonce| nonce.content))
}

/// Everything that matters of one request (§4.1.1). Who asks, and a signature, are passed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OcspRequest {
    /// Which certificates are asked about.
    pub ids: Vec<CertId>,
    /// Every extension of the request in order.
    pub extensions: Vec<ExtensionFacts>,
}

impl OcspRequest {
    /// Reads one request; trailing bytes are refused.
    pub fn read(whole: &[u8]) -> Result<Self, Malformed> {
        let field = in_field("OCSPRequest");
        let mut walk = Walk(der::only(whole, tag::SEQUENCE).map_err(&field)?.content);
        let tbs = walk.expect(tag::SEQUENCE).map_err(in_field("tbsRequest"))?;
        walk.optional(tag::context(0)).map_err(in_field("optionalSignature"))?;
        walk.end().map_err(&field)?;
        let mut walk = Walk(tbs.content);
        version(&mut walk)?;
        walk.optional(tag::context(1)).map_err(in_field("requestorName"))?;
        let list = walk.expect(tag::SEQUENCE).map_err(in_field("requestList"))?;
        let listed = walk.optional(tag::context(2)).map_err(in_field("requestExtensions"))?;
        walk.end().map_err(in_field("tbsRequest"))?;
        let ids = der::children(list.content).map_err(in_field("requestList"))?;
        Ok(Self {
            ids: ids.into_iter().map(asked).collect::<Result<_, _>>()?,
            extensions: listed.map_or_else(|| Ok(Vec::new()), |explicit| extensions(explicit.content))?,
        })
    }

    /// The nonce (§4.4.1), where there is one.
    pub fn nonce(&self) -> Option<&[u8]> {
        nonce(&self.extensions)
    }
}

/// Request: a CertID; what extends it (service locators) is passed over.
fn asked(element: Element<'_>) -> Result<CertId, Malformed> {
    let field = in_field("Request");
    let mut walk = Walk(der::only(element.encoded, tag::SEQUENCE).map_err(&field)?.content);
    let id = CertId::read(walk.some().map_err(&field)?)?;
    walk.optional(tag::context(0)).map_err(in_field("singleRequestExtensions"))?;
    walk.end().map_err(&field)?;
    Ok(id)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_response_without_an_answer_is_its_status() {
        for status in ResponseStatus::ALL {
            let read = OcspFacts::read(&status.to_der());
            match status {
                ResponseStatus::Successful => {
                    assert!(read.unwrap_err().0.contains("expected an answer"));
                }
                _ => assert_eq!(read.unwrap().status, status),
            }
        }
        for (bytes, words) in [
            (&[0x30, 3, 0x0a, 1, 4][..], "responseStatus: expected 0 to 3, 5 or 6"),
            (&[0x30, 0], "responseStatus"),
            (&[0x30, 3, 0x0a, 1, 3, 0], "left over"),
            (&[], "found nothing"),
        ] {
            let fault = OcspFacts::read(bytes).unwrap_err().0;
            assert!(fault.contains(words), "{fault}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let inner = [der::oid(oid::OCSP_BASIC), tlv(tag::OCTET_STRING, &der::sequence(&[&bytes]))].concat();
            let framed = [&[tag::ENUMERATED, 1, 0][..], &tlv(0xa0, &der::sequence(&[&inner]))].concat();
            let framed = der::sequence(&[&framed]);
            prop_assert!(OcspFacts::read(&framed).map_or(true, |facts| facts.der == framed));
            prop_assert!(OcspRequest::read(&der::sequence(&[&der::sequence(&[&bytes])])).map_or(true, |r| r.ids.len() < 200));
        }
    }
}
