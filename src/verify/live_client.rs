//! The verifier of client certificates inside a handshake: [`super::judge`], on the server's side.
//!
//! Unlike a client, a server has not said anything confidential before it knows its peer, so a refusal goes out
//! at once; every check has run by then all the same.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};

use super::live::instant;
use super::{Criteria, Reason, Verdict, judge};
use crate::crypto::provider;

/// A rustls client-certificate verifier over [`super::judge`]. A certificate is required.
#[derive(Debug)]
pub struct LiveClientVerifier {
    criteria: Criteria,
    hints: Vec<DistinguishedName>,
    verdict: Mutex<Option<Verdict>>,
}

impl LiveClientVerifier {
    /// Judges by `criteria` at the time of the handshake. One verifier serves one connection.
    pub fn new(criteria: Criteria) -> Arc<Self> {
        let anchors = criteria.trusted.anchors().iter();
        let hints = anchors.map(|anchor| DistinguishedName::from(anchor.subject_der.clone())).collect();
        Arc::new(Self { criteria, hints, verdict: Mutex::new(None) })
    }

    /// What was found, once the client has shown a certificate.
    pub fn verdict(&self) -> Option<Verdict> {
        self.verdict.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ClientCertVerifier for LiveClientVerifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.hints
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let mut chain = Vec::with_capacity(1 + intermediates.len());
        chain.push(end_entity.clone());
        chain.extend_from_slice(intermediates);
        let verdict = judge(&chain, &self.criteria, instant(now));
        let refusal = verdict.reasons().first().map(|reason| certificate_error(*reason));
        *self.verdict.lock().unwrap_or_else(PoisonError::into_inner) = Some(verdict);
        match refusal {
            None => Ok(ClientCertVerified::assertion()),
            Some(error) => Err(Error::InvalidCertificate(error)),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(
            message,
            certificate,
            signature,
            &provider().signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(
            message,
            certificate,
            signature,
            &provider().signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider().signature_verification_algorithms.supported_schemes()
    }
}

/// What rustls is to send an alert for (RFC 8446 §6.2).
fn certificate_error(reason: Reason) -> CertificateError {
    match reason {
        Reason::BadSignature => CertificateError::BadSignature,
        Reason::BadUsage => CertificateError::InvalidPurpose,
        Reason::Expired => CertificateError::Expired,
        Reason::NotYetValid => CertificateError::NotValidYet,
        Reason::Untrusted => CertificateError::UnknownIssuer,
        Reason::WrongName => CertificateError::NotValidForName,
        Reason::Handshake
        | Reason::Malformed
        | Reason::Network
        | Reason::Timeout
        | Reason::WeakKey
        | Reason::WeakSignature => CertificateError::BadEncoding,
    }
}
