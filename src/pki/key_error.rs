//! What can be wrong with a private key, and the passphrase that opens one.

use std::fmt;

use zeroize::Zeroizing;

use super::key_algorithm::UnknownAlgorithm;
use crate::crypto::NoRandomness;

/// A key could not be made, read or used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No algorithm of that name can be made.
    #[error(transparent)]
    UnknownAlgorithm(#[from] UnknownAlgorithm),
    /// The operating system gave no randomness.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The key could not be made.
    #[error("the key could not be made: {0}")]
    Generation(String),
    /// The bytes are no private key.
    #[error("not a private key: {0}")]
    Malformed(String),
    /// A private key whose numbers contradict each other.
    #[error("damaged private key: its numbers do not belong together")]
    Inconsistent,
    /// A private key of a kind that tlslab does not work with.
    #[error(
        "{0}: expected RSA of 2048 to 8192 bits in steps of 64, EC on P-256, P-384 or P-521, Ed25519, or ML-DSA"
    )]
    Unsupported(String),
    /// The key is encrypted, and no passphrase was given.
    #[error("the private key is encrypted")]
    Encrypted,
    /// The key is encrypted in a way that tlslab cannot undo.
    #[error(
        "encrypted with {0}: expected PBES2 (PKCS#5) with PBKDF2 or scrypt, and AES or 3DES in CBC mode or AES-GCM; \
         or an older scheme with DES, 3DES, RC2 or RC4"
    )]
    UnsupportedEncryption(String),
    /// The key does not open with this passphrase.
    #[error("wrong passphrase")]
    WrongPassphrase,
    /// The key did not sign.
    #[error("the key did not sign: {0}")]
    Signing(String),
}

/// A passphrase: wiped when dropped, never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// Takes over `text`.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The bytes to feed a key derivation function.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(…)")
    }
}
