//! The verifier inside a handshake.
//!
//! rustls asks twice: for the chain, then for the signature that proves possession of the key. Every check is
//! to be reported, so the first question is answered with a note to self, and the answer to both is given at the
//! second. Both come before the client's Finished: no application byte has left.
//!
//! That is safe only where the second question is always asked, which resumption skips: a client that resumes a session
//! judges what was shown when it began once more ([`LiveVerifier::judge_again`]).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, OtherError, SignatureScheme,
};
use time::OffsetDateTime;

use super::criteria::Criteria;
use super::judge::judge_stapled;
use super::revocation::{Staple, promises_a_staple};
use super::signature::{self, HandshakeVersion, Signed};
use super::verdict::{CheckKind, Reason, Verdict};
use crate::crypto;
use crate::tls::names;

/// A rustls server-certificate verifier over [`judge_stapled`], for one connection.
#[derive(Debug)]
pub struct LiveVerifier {
    criteria: Criteria,
    at: Option<OffsetDateTime>,
    noted: Noted,
}

impl LiveVerifier {
    /// Judges by `criteria`, at the instant `at` or, where that is `None`, at the time of the handshake.
    pub fn new(criteria: Criteria, at: Option<OffsetDateTime>) -> Arc<Self> {
        Arc::new(Self { criteria, at, noted: Noted::default() })
    }

    /// What was found, once the peer has shown a certificate.
    pub fn verdict(&self) -> Option<Verdict> {
        self.noted.lock().as_ref().map(|judged| judged.verdict.clone())
    }

    /// Judges now what was shown when the session began that is resumed: name and dates are today's. Who resumes it proves
    /// to be who began it, by what only these two know (RFC 8446 §2.2). Nobody staples where no certificate is shown.
    pub fn judge_again(&self, chain: &[CertificateDer<'_>]) -> Verdict {
        let at = self.at.unwrap_or_else(OffsetDateTime::now_utc);
        judge_stapled(chain, &self.criteria, at, Staple::NotAsked)
    }
}

impl ServerCertVerifier for LiveVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let at = self.at.unwrap_or_else(|| instant(now));
        let judged = Judged::of(&self.criteria, at, end_entity, intermediates, stapled(ocsp_response));
        // Without facts there is no key to check the handshake's signature by: answer now.
        let answer = if judged.verdict.certificate.is_none() { judged.answer() } else { Ok(()) };
        *self.noted.lock() = Some(judged);
        answer.map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        _certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.noted.conclude(message, signed, HandshakeVersion::Tls12)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        _certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.noted.conclude(message, signed, HandshakeVersion::Tls13)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        crypto::provider().signature_verification_algorithms.supported_schemes()
    }
}

/// A rustls client-certificate verifier over [`judge_stapled`], on a server's side. One verifier serves one connection.
///
/// Unlike a client, a server has not sent anything confidential before it knows its peer, so a refusal goes out at
/// once; every check has run by then all the same.
#[derive(Debug)]
pub struct LiveClientVerifier {
    criteria: Criteria,
    hints: Vec<DistinguishedName>,
    noted: Noted,
}

impl LiveClientVerifier {
    /// Judges the client by `criteria`, at the time of its handshake, and tells it whose certificates are welcome
    /// (RFC 8446 §4.2.4).
    pub fn new(criteria: Criteria) -> Arc<Self> {
        let anchors = criteria.trusted.anchors().iter();
        let hints = anchors.map(|anchor| DistinguishedName::from(anchor.subject_der.clone())).collect();
        Arc::new(Self { criteria, hints, noted: Noted::default() })
    }

    /// What was found, once the client has shown a certificate.
    pub fn verdict(&self) -> Option<Verdict> {
        self.noted.lock().as_ref().map(|judged| judged.verdict.clone())
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
        let at = instant(now);
        let judged = Judged::of(&self.criteria, at, end_entity, intermediates, Staple::NotAsked);
        let answer = judged.answer();
        *self.noted.lock() = Some(judged);
        answer.map(|()| ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        _certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.noted.conclude(message, signed, HandshakeVersion::Tls12)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        _certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.noted.conclude(message, signed, HandshakeVersion::Tls13)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        crypto::provider().signature_verification_algorithms.supported_schemes()
    }
}

/// The verdict of one handshake, kept from rustls' first question to its second.
#[derive(Debug, Default)]
struct Noted(Mutex<Option<Judged>>);

impl Noted {
    fn lock(&self) -> MutexGuard<'_, Option<Judged>> {
        // A verdict is replaced whole, so one left by a panicking thread is still a verdict.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds check (6) to the verdict and gives the answer to both questions.
    fn conclude(
        &self,
        message: &[u8],
        signed: &DigitallySignedStruct,
        version: HandshakeVersion,
    ) -> Result<HandshakeSignatureValid, Error> {
        let mut noted = self.lock();
        // Without a judged certificate there is nothing to accept.
        let judged = noted.as_mut().ok_or(Error::NoCertificatesPresented)?;
        let verdict = &mut judged.verdict;
        let leaf = verdict.certificate.as_ref().ok_or(Error::NoCertificatesPresented)?;
        let outcome = signature::handshake(message, &leaf.public_key, signed, version);
        note_possession(verdict, signed.scheme, &outcome);
        // RFC 8446 §4.4.3: a CertificateVerify that does not verify is decrypt_error.
        if outcome == Signed::Invalid && verdict.reasons().first() == Some(&Reason::BadSignature) {
            return Err(Error::InvalidCertificate(CertificateError::BadSignature));
        }
        judged.answer().map(|()| HandshakeSignatureValid::assertion())
    }
}

/// What a server stapled: rustls asks every one for it (status_request).
pub(super) fn stapled(ocsp_response: &[u8]) -> Staple<'_> {
    if ocsp_response.is_empty() { Staple::None } else { Staple::Sent(ocsp_response) }
}

/// A verdict, and what the peer is to hear of it.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) verdict: Verdict,
    /// Whether an unknown status is the staple's fault: one came, or one was promised.
    by_staple: bool,
}

impl Judged {
    pub(super) fn of(
        criteria: &Criteria,
        at: OffsetDateTime,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        staple: Staple<'_>,
    ) -> Self {
        let chain: Vec<_> = std::iter::once(end_entity).chain(intermediates).cloned().collect();
        let verdict = judge_stapled(&chain, criteria, at, staple);
        let by_staple = match staple {
            Staple::Sent(_) => true,
            Staple::None => verdict.certificate.as_ref().is_some_and(promises_a_staple),
            Staple::NotAsked => false,
        };
        Self { verdict, by_staple }
    }

    /// What rustls is to hear of the verdict.
    pub(super) fn answer(&self) -> Result<(), Error> {
        match self.verdict.reasons().first() {
            None => Ok(()),
            // RFC 6066 §8: bad_certificate_status_response.
            Some(Reason::RevocationUnknown) if self.by_staple => {
                Err(Error::InvalidCertificate(CertificateError::InvalidOcspResponse))
            }
            Some(reason) => Err(alert_error(*reason)),
        }
    }
}

/// Check (6): the peer signed the handshake with the certificate's key.
fn note_possession(verdict: &mut Verdict, scheme: SignatureScheme, outcome: &Signed) {
    let Some(check) = verdict.checks.iter_mut().find(|check| check.kind == CheckKind::Signature) else {
        return;
    };
    check.expected.push(", and a handshake signed by the certificate's key");
    let scheme = names::signature_scheme(scheme.into());
    match outcome {
        Signed::Valid => check.add(format_args!("the handshake's ({scheme}) too")),
        Signed::Invalid => check.fail(
            Reason::BadSignature,
            format_args!("the handshake's ({scheme}) does not: the peer does not hold the key"),
        ),
        Signed::TooWeak(weakness) => check.fail(
            weakness.reason,
            format_args!("the handshake's was not looked at: {} proves nothing", weakness.words),
        ),
        Signed::Unsupported(words) => {
            check.fail(Reason::BadSignature, format_args!("the handshake's cannot be checked: {words}"));
        }
    }
}

/// The rustls error whose alert (RFC 8446 §6.2) tells the peer why it is refused.
fn alert_error(reason: Reason) -> Error {
    Error::InvalidCertificate(match reason {
        // §4.4.2.4: bad_certificate for a broken hash, and so for a certificate signature that does not verify.
        Reason::BadSignature | Reason::Malformed | Reason::WeakKey | Reason::WeakSignature => {
            CertificateError::BadEncoding
        }
        Reason::BadUsage => CertificateError::InvalidPurpose,
        Reason::Revoked => CertificateError::Revoked,
        Reason::RevocationUnknown => CertificateError::UnknownRevocationStatus,
        Reason::Expired => CertificateError::Expired,
        Reason::NotYetValid => CertificateError::NotValidYet,
        Reason::Untrusted => CertificateError::UnknownIssuer,
        Reason::WrongName => CertificateError::NotValidForName,
        // The verifier never gives these: they are the network's and the handshake's.
        Reason::Handshake | Reason::Network | Reason::Timeout => {
            CertificateError::Other(OtherError(Arc::new(NotTheVerifiers)))
        }
    })
}

#[derive(Debug, thiserror::Error)]
#[error("the connection failed")]
struct NotTheVerifiers;

/// The instant that rustls means by `now`.
pub fn instant(now: UnixTime) -> OffsetDateTime {
    // An i64 of seconds since 1970 holds every UnixTime that a clock can show; a larger one is the end of time.
    let seconds = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(time::macros::datetime!(9999-12-31 23:59:59 UTC))
}
