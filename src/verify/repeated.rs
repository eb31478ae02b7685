//! The verifier of many handshakes with one server.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};
use time::OffsetDateTime;

use super::criteria::Criteria;
use super::live::{Judged, instant, stapled};
use super::signature::{self, HandshakeVersion, Signed};
use super::verdict::Verdict;
use crate::crypto;
use crate::pki::facts::CertFacts;

/// A rustls server-certificate verifier over [`judge_stapled`](super::judge_stapled()) that judges the same chain once a second.
///
/// Dates are judged to the second, and everything else of a verdict follows from the chain and the criteria: within one
/// second the same chain has the same verdict. The handshake's signature is verified each time.
#[derive(Debug)]
pub(crate) struct RepeatedVerifier {
    criteria: Criteria,
    at: Option<OffsetDateTime>,
    last: Mutex<Option<Arc<Presented>>>,
}

/// What a server showed, and what came of it.
#[derive(Debug)]
struct Presented {
    /// The leaf, then what came with it.
    chain: Vec<CertificateDer<'static>>,
    ocsp_response: Vec<u8>,
    /// When, in seconds since 1970.
    second: u64,
    judged: Judged,
}

impl RepeatedVerifier {
    /// Judges by `criteria`, at the instant `at` or, where that is `None`, at the time of each handshake.
    pub(crate) fn new(criteria: Criteria, at: Option<OffsetDateTime>) -> Arc<Self> {
        Arc::new(Self { criteria, at, last: Mutex::default() })
    }

    /// The last verdict.
    pub(crate) fn verdict(&self) -> Option<Verdict> {
        self.last().map(|last| last.judged.verdict.clone())
    }

    fn last(&self) -> Option<Arc<Presented>> {
        // It is replaced whole, so what a panicking thread left is a verdict.
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn judge(
        &self,
        leaf: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Arc<Presented> {
        let second = now.as_secs();
        let same = |last: &Arc<Presented>| {
            last.second == second
                && last.ocsp_response == ocsp_response
                && last.chain.iter().eq(std::iter::once(leaf).chain(rest))
        };
        if let Some(last) = self.last().filter(same) {
            return last;
        }
        let at = self.at.unwrap_or_else(|| instant(now));
        let judged = Judged::of(&self.criteria, at, leaf, rest, stapled(ocsp_response));
        let chain = std::iter::once(leaf).chain(rest).map(|der| der.clone().into_owned()).collect();
        let presented = Arc::new(Presented { chain, ocsp_response: ocsp_response.to_vec(), second, judged });
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&presented));
        presented
    }

    fn signed(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
        version: HandshakeVersion,
    ) -> Result<HandshakeSignatureValid, Error> {
        // The certificate was accepted, or nobody would ask. Another handshake may have shown another one since.
        let last = self.last().filter(|last| last.chain.first() == Some(certificate));
        let known = last.as_ref().and_then(|last| last.judged.verdict.certificate.as_ref());
        let read = known.is_none().then(|| CertFacts::read(certificate).ok()).flatten();
        let leaf = known.or(read.as_ref()).ok_or(Error::NoCertificatesPresented)?;
        match signature::handshake(message, &leaf.public_key, signed, version) {
            Signed::Valid => Ok(HandshakeSignatureValid::assertion()),
            // RFC 8446 §4.4.3: a CertificateVerify that does not verify is decrypt_error.
            Signed::Invalid | Signed::TooWeak(_) | Signed::Unsupported(_) => {
                Err(Error::InvalidCertificate(CertificateError::BadSignature))
            }
        }
    }
}

impl ServerCertVerifier for RepeatedVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let presented = self.judge(end_entity, intermediates, ocsp_response, now);
        presented.judged.answer().map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signed(message, certificate, signed, HandshakeVersion::Tls12)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signed(message, certificate, signed, HandshakeVersion::Tls13)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        crypto::provider().signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::criteria::{TrustSet, Usage};
    use super::super::policy::Policy;
    use super::super::revocation::Revocation;
    use super::*;
    use crate::pki::files;

    #[test]
    fn the_same_chain_is_judged_anew_when_a_second_has_passed() {
        let read = |name| files::read_certificates(std::path::Path::new(name)).unwrap().remove(0);
        let certificate = read("fixtures/valid/cert.pem");
        let other = read("fixtures/expired/cert.pem");
        let criteria = Criteria {
            trusted: Arc::new(TrustSet::new([&certificate]).unwrap()),
            name: Some("www.test.org".parse().unwrap()),
            usage: Usage::Server,
            policy: Policy::Lab,
            revocation: Revocation::default(),
        };
        let facts = crate::pki::facts::CertFacts::read(&certificate).unwrap();
        let last = u64::try_from(facts.not_after.unix_timestamp()).unwrap();
        let at = |second| UnixTime::since_unix_epoch(Duration::from_secs(second));
        let verifier = RepeatedVerifier::new(criteria, None);
        let name = ServerName::try_from("www.test.org").unwrap();
        let ask = |certificate, second| verifier.verify_server_cert(certificate, &[], &name, &[], at(second));
        ask(&certificate, last).unwrap();
        let presented = verifier.last().unwrap();
        ask(&certificate, last).unwrap();
        assert!(Arc::ptr_eq(&presented, &verifier.last().unwrap()), "not judged twice");
        let expired = Error::InvalidCertificate(CertificateError::Expired);
        assert_eq!(ask(&certificate, last + 1).unwrap_err(), expired);
        ask(&certificate, last).unwrap();
        ask(&other, last).unwrap_err();
        assert!(!verifier.verdict().unwrap().accepted());
    }
}
