//! Private keys of kinds that the provider has not, as rustls asks for them: what signs a CertificateVerify (RFC 8446
//! §4.4.3) or a ServerKeyExchange (RFC 5246 §7.4.3).

use std::fmt;
use std::sync::Arc;

use rustls::pki_types::SubjectPublicKeyInfoDer;
use rustls::sign::{Signer as TlsSigner, SigningKey};
use rustls::{SignatureAlgorithm, SignatureScheme};

use super::key_algorithm::{KeyAlgorithm, SignatureHash};
use super::signer::Signer;

/// What no cipher suite of TLS 1.2 signs with, so that rustls finds none: ML-DSA has no place there (draft-ietf-tls-mldsa
/// §3), and of rsa_pss_pss_sha256 and its like rustls does not know that they are RSA's.
const NOT_IN_TLS_1_2: SignatureAlgorithm = SignatureAlgorithm::Unknown(0);

/// A key and the schemes that it signs with, best first.
pub(super) struct TlsKey {
    signer: Arc<Signer>,
    schemes: Vec<Choice>,
    algorithm: SignatureAlgorithm,
}

#[derive(Clone, Copy)]
struct Choice {
    scheme: SignatureScheme,
    hash: SignatureHash,
}

impl TlsKey {
    /// `None` where the key is of a kind that the provider signs with itself.
    pub(super) fn new(signer: &Arc<Signer>, algorithm: KeyAlgorithm) -> Option<Self> {
        use SignatureHash as H;
        let (schemes, algorithm) = match algorithm {
            KeyAlgorithm::EcP521 => {
                let scheme = SignatureScheme::ECDSA_NISTP521_SHA512;
                (vec![Choice { scheme, hash: H::Sha512 }], SignatureAlgorithm::ECDSA)
            }
            // It signs without a hash of its own; any will do here.
            KeyAlgorithm::MlDsa(set) => {
                (vec![Choice { scheme: set.scheme(), hash: H::Sha256 }], NOT_IN_TLS_1_2)
            }
            KeyAlgorithm::RsaPss { only, .. } => {
                let all = [(0x0809, H::Sha256), (0x080a, H::Sha384), (0x080b, H::Sha512)];
                let choices = all.map(|(code, hash)| Choice { scheme: SignatureScheme::Unknown(code), hash });
                let fit = |choice: &Choice| only.is_none_or(|only| only == choice.hash);
                (choices.into_iter().filter(fit).collect(), NOT_IN_TLS_1_2)
            }
            _ => return None,
        };
        Some(Self { signer: Arc::clone(signer), schemes, algorithm })
    }
}

impl SigningKey for TlsKey {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn TlsSigner>> {
        let choice = self.schemes.iter().find(|choice| offered.contains(&choice.scheme))?;
        Some(Box::new(Chosen { signer: Arc::clone(&self.signer), choice: *choice }))
    }

    fn public_key(&self) -> Option<SubjectPublicKeyInfoDer<'_>> {
        self.signer.public_key_info().ok().map(SubjectPublicKeyInfoDer::from)
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }
}

impl fmt::Debug for TlsKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsKey").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

/// A key with the scheme that both ends have.
struct Chosen {
    signer: Arc<Signer>,
    choice: Choice,
}

impl TlsSigner for Chosen {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        let signed = self.signer.sign(self.choice.hash, message);
        signed.map_err(|error| rustls::Error::General(error.to_string()))
    }

    fn scheme(&self) -> SignatureScheme {
        self.choice.scheme
    }
}

impl fmt::Debug for Chosen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chosen").field("scheme", &self.choice.scheme).finish_non_exhaustive()
    }
}
