//! A private key as it is kept in a file, of whatever kind: to be encrypted anew and not to be used.

use zeroize::Zeroizing;

use super::encryption::{self, SealingKey};
use super::facts::{PublicKeyFacts, PublicKeyKind};
use super::key::{KeyError, Passphrase, PrivateKey};
use super::key_der;
use super::key_facts::KeyFacts;

/// A private key in PKCS#8, also of a kind that tlslab cannot sign with: RSA of 1024 bits, P-224.
pub struct StoredKey {
    pkcs8: Zeroizing<Vec<u8>>,
    kind: Option<PublicKeyKind>,
    public_key: Option<PublicKeyFacts>,
}

impl std::fmt::Debug for StoredKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredKey").field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl StoredKey {
    /// Reads PKCS#8, PKCS#1 or SEC1. One that tlslab can use is tried out, as [`PrivateKey::from_der`] does; of
    /// another only the frame is looked at.
    pub fn from_der(key: &[u8]) -> Result<Self, KeyError> {
        let pkcs8 = match PrivateKey::from_der(key) {
            Ok(usable) => usable.to_pkcs8_der(),
            Err(KeyError::Unsupported(_)) => key_der::to_pkcs8(key)?,
            Err(error) => return Err(error),
        };
        let facts = KeyFacts::read(&pkcs8).map_err(|error| KeyError::Malformed(error.0))?;
        Ok(Self { pkcs8, kind: facts.kind, public_key: facts.public_key })
    }

    /// Opens an `EncryptedPrivateKeyInfo`, as [`PrivateKey::from_encrypted_der`] does.
    pub fn from_encrypted_der(encrypted: &[u8], passphrase: &Passphrase) -> Result<Self, KeyError> {
        Self::from_der(&encryption::decrypt(encrypted, passphrase)?)
    }

    /// The key as PKCS#8 DER, unencrypted.
    pub fn to_pkcs8_der(&self) -> &[u8] {
        &self.pkcs8
    }

    /// The key as `EncryptedPrivateKeyInfo` DER, as [`PrivateKey::to_encrypted_der`] writes it.
    pub fn to_encrypted_der(&self, passphrase: &Passphrase) -> Result<Vec<u8>, KeyError> {
        SealingKey::derive(passphrase)?.seal(&self.pkcs8)
    }

    /// What kind of key it is.
    pub fn kind(&self) -> Option<&PublicKeyKind> {
        self.kind.as_ref()
    }

    /// The public half, where the file tells it or it can be computed.
    pub fn public_key(&self) -> Option<&PublicKeyFacts> {
        self.public_key.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::super::der::{sequence, tlv};
    use super::super::oid;
    use super::*;

    #[test]
    fn a_key_that_cannot_be_used_is_kept_as_it_is() {
        let curve = super::super::der::oid(oid::P224);
        let sec1 = sequence(&[&[2, 1, 1], &tlv(4, &[7; 28]), &tlv(0xa0, &curve)]);
        let key = StoredKey::from_der(&sec1).unwrap();
        assert_eq!(key.kind(), Some(&PublicKeyKind::Ec { curve: "P-224".to_owned() }));
        assert_eq!(key.public_key(), None);
        let again = StoredKey::from_der(key.to_pkcs8_der()).unwrap();
        assert_eq!(again.to_pkcs8_der(), key.to_pkcs8_der());
        assert!(StoredKey::from_der(b"hello").is_err());
        assert!(!format!("{key:?}").contains('7'), "{key:?}");
    }
}
