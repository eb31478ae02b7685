//! The kinds of private key, by name.

use std::fmt;
use std::str::FromStr;

use crate::crypto::ml_dsa::MlDsa;
use crate::words;

/// The kinds of key that tlslab works with, by the names of `--key`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyAlgorithm {
    /// `ec:p256`: ECDSA on P-256, signing with SHA-256.
    EcP256,
    /// `ec:p384`: ECDSA on P-384, signing with SHA-384.
    EcP384,
    /// `ec:p521`: ECDSA on P-521, signing with SHA-512.
    EcP521,
    /// `ed25519` (RFC 8032).
    Ed25519,
    /// `ml-dsa:44`, `ml-dsa:65` or `ml-dsa:87` (FIPS 204, RFC 9881), post-quantum, TLS 1.3 only.
    MlDsa(MlDsa),
    /// `rsa:2048`, signing PKCS#1 v1.5 with SHA-256, as all RSA keys here.
    Rsa2048,
    /// `rsa:3072`.
    Rsa3072,
    /// `rsa:4096`, the lab's.
    Rsa4096,
    /// `rsa:8192`.
    Rsa8192,
    /// RSA of another length between 2048 and 8192 bits: read, never made.
    RsaOther {
        /// The length of the modulus in bits.
        bits: u16,
    },
    /// `rsa-pss:3072` and its like: an RSA key that is for RSASSA-PSS only (RFC 4055 §1.2).
    RsaPss {
        /// The length of the modulus in bits.
        bits: u16,
        /// The one hash that its parameters allow; `None`, as in those that are made here, allows any, and signs with
        /// SHA-256.
        only: Option<SignatureHash>,
    },
}

/// The hash of a signature, where it is not left to the key's kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignatureHash {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl KeyAlgorithm {
    /// Those that tlslab makes.
    pub const MAKES: [Self; 14] = [
        Self::Rsa2048,
        Self::Rsa3072,
        Self::Rsa4096,
        Self::Rsa8192,
        Self::RsaPss { bits: 2048, only: None },
        Self::RsaPss { bits: 3072, only: None },
        Self::RsaPss { bits: 4096, only: None },
        Self::EcP256,
        Self::EcP384,
        Self::EcP521,
        Self::Ed25519,
        Self::MlDsa(MlDsa::L44),
        Self::MlDsa(MlDsa::L65),
        Self::MlDsa(MlDsa::L87),
    ];

    /// Whether it is RSA of any length, for whatever padding.
    pub fn is_rsa(self) -> bool {
        self.rsa_bits().is_some()
    }

    /// The length of an RSA modulus in bits; `None` where it is not RSA.
    pub fn rsa_bits(self) -> Option<u16> {
        match self {
            Self::EcP256 | Self::EcP384 | Self::EcP521 | Self::Ed25519 | Self::MlDsa(_) => None,
            Self::Rsa2048 => Some(2048),
            Self::Rsa3072 => Some(3072),
            Self::Rsa4096 => Some(4096),
            Self::Rsa8192 => Some(8192),
            Self::RsaOther { bits } | Self::RsaPss { bits, .. } => Some(bits),
        }
    }

    /// Its parameter set where it is ML-DSA.
    pub fn ml_dsa(self) -> Option<MlDsa> {
        match self {
            Self::MlDsa(set) => Some(set),
            _ => None,
        }
    }

    /// Whether it signs handshakes of TLS 1.3 only: ML-DSA (draft-ietf-tls-mldsa §3), and RSA-PSS keys, which TLS 1.2 has
    /// (RFC 8446 §4.2.3) and rustls has not.
    pub fn is_for_tls13_only(self) -> bool {
        matches!(self, Self::MlDsa(_) | Self::RsaPss { .. })
    }

    /// The hash with which it signs certificates, where it has not its own.
    pub(super) fn hash(self) -> SignatureHash {
        match self {
            Self::EcP384 => SignatureHash::Sha384,
            Self::EcP521 => SignatureHash::Sha512,
            Self::RsaPss { only: Some(only), .. } => only,
            _ => SignatureHash::Sha256,
        }
    }

    /// What people call it: `RSA 4096 bits`, `EC P-256`, `Ed25519`, `ML-DSA-65`.
    pub fn description(self) -> String {
        match self {
            Self::EcP256 => "EC P-256".to_owned(),
            Self::EcP384 => "EC P-384".to_owned(),
            Self::EcP521 => "EC P-521".to_owned(),
            Self::Ed25519 => "Ed25519".to_owned(),
            Self::MlDsa(set) => set.to_string(),
            Self::RsaPss { bits, .. } => format!("RSA-PSS {bits} bits"),
            rsa => format!("RSA {} bits", rsa.rsa_bits().unwrap_or_default()),
        }
    }

    /// The names of those that are made, for whoever is to choose one.
    fn names() -> String {
        words::either(&Self::MAKES.map(|algorithm| algorithm.to_string()))
    }
}

/// No algorithm of that name can be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("key algorithm {0:?}: expected {names}", names = KeyAlgorithm::names())]
pub struct UnknownAlgorithm(pub String);

impl FromStr for KeyAlgorithm {
    type Err = UnknownAlgorithm;

    fn from_str(text: &str) -> Result<Self, UnknownAlgorithm> {
        let wanted = text.to_ascii_lowercase();
        Self::MAKES
            .into_iter()
            .find(|algorithm| algorithm.to_string() == wanted)
            .ok_or_else(|| UnknownAlgorithm(text.to_owned()))
    }
}

impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EcP256 => f.write_str("ec:p256"),
            Self::EcP384 => f.write_str("ec:p384"),
            Self::EcP521 => f.write_str("ec:p521"),
            Self::Ed25519 => f.write_str("ed25519"),
            Self::MlDsa(set) => write!(f, "ml-dsa:{}", set.number()),
            Self::RsaPss { bits, .. } => write!(f, "rsa-pss:{bits}"),
            rsa => write!(f, "rsa:{}", rsa.rsa_bits().unwrap_or_default()),
        }
    }
}

/// The forms in which RFC 9881 §6 writes an ML-DSA key down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MlDsaForm {
    /// The seed of 32 bytes, from which all else follows. What is read with both is written so too.
    #[default]
    Seed,
    /// The expanded key of FIPS 204, some kilobytes.
    Expanded,
    /// Both.
    Both,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn algorithms_have_names() {
        for algorithm in KeyAlgorithm::MAKES {
            assert_eq!(algorithm.to_string().parse(), Ok(algorithm));
        }
        assert_eq!("RSA:4096".parse(), Ok(KeyAlgorithm::Rsa4096));
        assert_eq!(
            "rsa:1024".parse::<KeyAlgorithm>().unwrap_err().to_string(),
            "key algorithm \"rsa:1024\": expected rsa:2048, rsa:3072, rsa:4096, rsa:8192, rsa-pss:2048, rsa-pss:3072, \
             rsa-pss:4096, ec:p256, ec:p384, ec:p521, ed25519, ml-dsa:44, ml-dsa:65 or ml-dsa:87"
        );
        assert_eq!(KeyAlgorithm::Rsa4096.description(), "RSA 4096 bits");
        assert_eq!(KeyAlgorithm::MlDsa(MlDsa::L65).description(), "ML-DSA-65");
    }
}
