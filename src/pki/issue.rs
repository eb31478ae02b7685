//! Issuing: subject, names, validity and key make a [`Plan`]; signing a plan makes a certificate.
//!
//! The healthy plan is drafted by [`rcgen`]; it stops at a value whose every field can be edited, so that
//! a faulty certificate is a good one with one thing changed.

use rustls::pki_types::CertificateDer;
use time::OffsetDateTime;

use super::key::{KeyError, PrivateKey};
use super::subject::{SanName, Subject};

/// The shape of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// A certification authority: CA:TRUE (RFC 5280 §4.2.1.9), keyCertSign and cRLSign.
    Ca {
        /// pathLenConstraint: how many intermediates may follow.
        path_length: Option<u8>,
    },
    /// A TLS client: CA:FALSE, digitalSignature, clientAuth.
    Client,
    /// What plain `openssl req -x509` makes: CA:TRUE, no SAN, no key usage.
    Openssl,
    /// A TLS server that every mainstream verifier accepts: CA:FALSE, digitalSignature, serverAuth.
    Server,
}

/// notBefore and notAfter (RFC 5280 §4.1.2.5), both inclusive, whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// The first instant at which the certificate is valid.
    pub not_before: OffsetDateTime,
    /// The last instant at which it is.
    pub not_after: OffsetDateTime,
}

/// What a certificate shall say, before anybody signs it.
#[derive(Clone, Debug)]
pub struct Request {
    /// Whose certificate it is.
    pub subject: Subject,
    /// Subject alternative names; none leaves the extension out.
    pub names: Vec<SanName>,
    /// When it is valid.
    pub validity: Validity,
    /// Its shape.
    pub profile: Profile,
}

/// Who signs.
#[derive(Debug)]
pub enum Issuer<'a> {
    /// The key certifies itself.
    SelfSigned(&'a PrivateKey),
    /// A CA's certificate and key.
    Ca {
        /// The issuer's certificate.
        certificate: &'a CertificateDer<'a>,
        /// The key that belongs to it.
        key: &'a PrivateKey,
    },
}

/// A certificate that is not yet signed, every field open to an edit.
#[derive(Clone, Debug)]
pub struct Plan {}

impl Plan {
    /// The healthy plan for `request`: the certificate of `public_key_info`, to be signed by `issuer`.
    pub fn draft(
        _request: &Request,
        _public_key_info: &[u8],
        _issuer: &Issuer<'_>,
    ) -> Result<Self, IssueError> {
        todo!()
    }

    /// Encodes and signs.
    pub fn sign(&self, _key: &PrivateKey) -> Result<CertificateDer<'static>, IssueError> {
        todo!()
    }
}

/// A certificate could not be issued.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// The key would not sign.
    #[error(transparent)]
    Key(#[from] KeyError),
}
