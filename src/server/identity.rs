//! As whom to serve: a certificate chain and its key, put together.

use std::fmt;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::sign::CertifiedKey;

use crate::pki::der::{self, Walk, tag};
use crate::pki::key::{KeyAlgorithm, PrivateKey};
use crate::pki::oid::{self, Oid};

/// A certificate chain and the private key that belongs to its first certificate.
#[derive(Clone)]
pub struct Identity {
    certified: Arc<CertifiedKey>,
    algorithm: KeyAlgorithm,
}

/// A certificate and a key that cannot be served together.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum IdentityError {
    /// There is no certificate.
    #[error("no certificate: expected at least one")]
    Empty,
    /// The first certificate's key is another one.
    #[error(
        "the key does not belong to the certificate: expected the private half of {certified}, found {key}"
    )]
    Mismatch {
        /// The certified key, in words.
        certified: String,
        /// The private key, in words.
        key: String,
    },
    /// The first certificate is so damaged that its key cannot be found.
    #[error("the first certificate is not readable as far as its public key: {0}")]
    Unreadable(der::Error),
    /// The TLS stack cannot sign with this key.
    #[error("the TLS stack cannot use this key: {0}")]
    Unusable(rustls::Error),
}

impl Identity {
    /// Puts `chain` (leaf first) and `key` together, whatever else is wrong with the certificates.
    ///
    /// The one thing demanded is that the key is the leaf's (RFC 8446 §4.4.3: else no signature would verify).
    pub fn new(chain: Vec<CertificateDer<'static>>, key: &PrivateKey) -> Result<Self, IdentityError> {
        let leaf = chain.first().ok_or(IdentityError::Empty)?;
        let certified = public_key_of(leaf).map_err(IdentityError::Unreadable)?;
        let own = PublicKey::from_der(key.public_key_info()).map_err(IdentityError::Unreadable)?;
        if certified.bits != own.bits {
            return Err(IdentityError::Mismatch { certified: certified.to_string(), key: own.to_string() });
        }
        Self::certify(chain, key)
    }

    /// The same without asking whether the key is the leaf's: for a server that is to be wrong.
    pub fn unchecked(chain: Vec<CertificateDer<'static>>, key: &PrivateKey) -> Result<Self, IdentityError> {
        if chain.is_empty() {
            return Err(IdentityError::Empty);
        }
        Self::certify(chain, key)
    }

    fn certify(chain: Vec<CertificateDer<'static>>, key: &PrivateKey) -> Result<Self, IdentityError> {
        // Not `CertifiedKey::from_der`: it refuses certificates that rustls' own parser dislikes.
        let tls = key.for_tls().map_err(IdentityError::Unusable)?;
        Ok(Self { certified: Arc::new(CertifiedKey::new(chain, tls)), algorithm: key.algorithm() })
    }

    /// The kind of the key.
    pub fn key_algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    /// The same with what its issuer says of it: an OCSP response in DER (RFC 6960), which is sent along to clients that ask
    /// for one (RFC 6066 §8, RFC 8446 §4.4.2.1).
    #[must_use]
    pub fn with_staple(self, response: Vec<u8>) -> Self {
        let mut certified = CertifiedKey::clone(&self.certified);
        certified.ocsp = Some(response);
        Self { certified: Arc::new(certified), ..self }
    }

    /// The OCSP response that is sent along.
    pub fn staple(&self) -> Option<&[u8]> {
        self.certified.ocsp.as_deref()
    }

    /// Whether both are served alike: the same chain with the same key, and the same staple.
    pub fn is_same_as(&self, other: &Self) -> bool {
        // The key is the leaf's, so the same leaf has the same key.
        self.certified.cert == other.certified.cert && self.certified.ocsp == other.certified.ocsp
    }

    /// The chain as it is sent, leaf first. Never empty.
    pub fn chain(&self) -> &[CertificateDer<'static>] {
        &self.certified.cert
    }

    /// For a rustls configuration.
    pub fn certified(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.certified)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("certificates", &self.certified.cert.len()).finish_non_exhaustive()
    }
}

/// A SubjectPublicKeyInfo (RFC 5280 §4.1.2.7), as far as two of them are compared.
///
/// Only the BIT STRING is: parameters may be written in several ways (RFC 3279 §2.3.1 wants NULL for RSA, and
/// certificates without it exist).
struct PublicKey<'a> {
    algorithm: Oid,
    bits: &'a [u8],
}

impl<'a> PublicKey<'a> {
    fn from_der(info: &'a [u8]) -> Result<Self, der::Error> {
        let mut fields = Walk(der::only(info, tag::SEQUENCE)?.content);
        let algorithm = Walk(fields.expect(tag::SEQUENCE)?.content).oid()?;
        Ok(Self { algorithm, bits: fields.expect(tag::BIT_STRING)?.content })
    }
}

impl fmt::Display for PublicKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.algorithm {
            oid::RSA | oid::RSA_PSS => "an RSA key".to_owned(),
            oid::EC => "an elliptic-curve key".to_owned(),
            oid::ED25519 => "an Ed25519 key".to_owned(),
            other => format!("a key of algorithm {}", other.name_or_dotted()),
        };
        let digest = crate::crypto::sha256(self.bits);
        write!(f, "{kind} ({}…)", crate::words::hex(&digest[..8]))
    }
}

/// The public key of a certificate, found by its position alone, so that certificates which no parser likes
/// can be served too.
fn public_key_of<'a>(certificate: &'a CertificateDer<'_>) -> Result<PublicKey<'a>, der::Error> {
    let certificate = Walk(certificate.as_ref()).expect(tag::SEQUENCE)?;
    let mut tbs = Walk(Walk(certificate.content).expect(tag::SEQUENCE)?.content);
    // RFC 5280 §4.1: version is [0] EXPLICIT DEFAULT v1, so it may be absent.
    tbs.optional(tag::context(0))?;
    for _before in ["serialNumber", "signature", "issuer", "validity", "subject"] {
        tbs.some()?;
    }
    PublicKey::from_der(tbs.some()?.encoded)
}
