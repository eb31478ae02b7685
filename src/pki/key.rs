//! Private keys: made, read, encrypted, and used to sign certificates.

use std::fmt;
use std::str::FromStr;

use zeroize::Zeroizing;

/// The kinds of key that tlslab makes, by the names of `--key`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyAlgorithm {
    /// `ec:p256`: ECDSA on P-256, signing with SHA-256.
    EcP256,
    /// `ec:p384`: ECDSA on P-384, signing with SHA-384.
    EcP384,
    /// `ed25519` (RFC 8032).
    Ed25519,
    /// `rsa:2048`, signing PKCS#1 v1.5 with SHA-256, as all RSA keys here.
    Rsa2048,
    /// `rsa:3072`.
    Rsa3072,
    /// `rsa:4096`, the lab's.
    Rsa4096,
    /// `rsa:8192`.
    Rsa8192,
}

/// A key could not be made, read or used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {}

impl FromStr for KeyAlgorithm {
    type Err = KeyError;

    fn from_str(_text: &str) -> Result<Self, KeyError> {
        todo!()
    }
}

impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, _f: &mut fmt::Formatter<'_>) -> fmt::Result {
        todo!()
    }
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

/// A private key of one of the [`KeyAlgorithm`]s.
pub struct PrivateKey {
    _inner: (),
}

impl PrivateKey {
    /// Makes a new key on this thread.
    pub fn generate(_algorithm: KeyAlgorithm) -> Result<Self, KeyError> {
        todo!()
    }

    /// Reads PKCS#8 (RFC 5958), PKCS#1 (RFC 8017) or SEC1 (RFC 5915) DER, unencrypted.
    pub fn from_der(_der: &[u8]) -> Result<Self, KeyError> {
        todo!()
    }

    /// Reads an `EncryptedPrivateKeyInfo` (RFC 5958 §3, PBES2).
    pub fn from_encrypted_der(_der: &[u8], _passphrase: &Passphrase) -> Result<Self, KeyError> {
        todo!()
    }

    /// What kind of key it is.
    pub fn algorithm(&self) -> KeyAlgorithm {
        todo!()
    }

    /// The `SubjectPublicKeyInfo` (RFC 5280 §4.1.2.7) in DER.
    pub fn public_key_info(&self) -> &[u8] {
        todo!()
    }

    /// The key as PKCS#8 DER, unencrypted.
    pub fn to_pkcs8_der(&self) -> Zeroizing<Vec<u8>> {
        todo!()
    }

    /// The key as `EncryptedPrivateKeyInfo` DER: PBES2, PBKDF2-HMAC-SHA256 with 600,000 rounds, AES-256-CBC.
    pub fn to_encrypted_der(&self, _passphrase: &Passphrase) -> Result<Vec<u8>, KeyError> {
        todo!()
    }

    /// Signs `message` as a certificate is signed, with [`KeyAlgorithm`]'s own scheme.
    pub fn sign(&self, _message: &[u8]) -> Result<Vec<u8>, KeyError> {
        todo!()
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(…)")
    }
}
