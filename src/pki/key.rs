//! Private keys: made, read, encrypted, and used to sign certificates.
//!
//! RSA of 2048 to 8192 bits, ECDSA on P-256 and P-384, and Ed25519 are graviola's, P-521 and ML-DSA are RustCrypto's; any
//! other kind is refused by name. What is read is tried out once (one signature, verified), so that a damaged key is found
//! here and not in the middle of a handshake. Secrets are wiped when dropped and never shown.

use std::fmt;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;

use zeroize::Zeroizing;

use super::encryption::{self, SealingKey};
pub use super::key_algorithm::{KeyAlgorithm, MlDsaForm, SignatureHash, UnknownAlgorithm};
use super::key_der;
pub use super::key_error::{KeyError, Passphrase};
use super::signer::Signer;
use super::tls_key::TlsKey;

/// A private key of one of the [`KeyAlgorithm`]s.
pub struct PrivateKey {
    signer: Arc<Signer>,
    algorithm: KeyAlgorithm,
    public_key_info: Vec<u8>,
    pkcs8: Zeroizing<Vec<u8>>,
}

impl PrivateKey {
    /// Makes a new key on this thread. RSA takes a while, and how long is a matter of luck: see
    /// [`PrivateKey::generate_fast`].
    pub fn generate(algorithm: KeyAlgorithm) -> Result<Self, KeyError> {
        Self::new(Signer::generate(algorithm)?, algorithm)
    }

    /// Makes a new key as fast as this machine can. How long a search for RSA primes takes is a matter of luck,
    /// so with a second core two searches race and the first to end wins. Means of 12 on two cores, alone and
    /// racing: 2048 bits 0.061 and 0.037 s, 3072 bits 0.444 and 0.247 s, 4096 bits 0.449 and 0.420 s; with so few
    /// runs the last two differ by luck as well. More than two were not tried.
    ///
    /// The loser goes on in the background until it is done or the process ends; nobody waits for it.
    pub fn generate_fast(algorithm: KeyAlgorithm) -> Result<Self, KeyError> {
        let alone = || thread::available_parallelism().map_or(true, |cores| cores.get() < 2);
        if !algorithm.is_rsa() || alone() {
            return Self::generate(algorithm);
        }
        let (send, finished) = mpsc::channel();
        for _ in 0..2 {
            let send = send.clone();
            let racer = thread::Builder::new().name("keygen".to_owned());
            // No second thread is no failure: the search below does without.
            let _ = racer.spawn(move || drop(send.send(Self::generate(algorithm))));
        }
        drop(send);
        let mut failure = None;
        for result in finished {
            match result {
                Ok(key) => return Ok(key),
                Err(error) => failure = Some(error),
            }
        }
        failure.map_or_else(|| Self::generate(algorithm), Err)
    }

    /// Reads PKCS#8 (RFC 5958), PKCS#1 (RFC 8017) or SEC1 (RFC 5915) DER, unencrypted.
    pub fn from_der(der: &[u8]) -> Result<Self, KeyError> {
        let (signer, algorithm) = Signer::read(key_der::read(der)?)?;
        Self::new(signer, algorithm)
    }

    /// Reads an `EncryptedPrivateKeyInfo` (RFC 5958 §3, PBES2). Parameters that would take minutes or gigabytes
    /// are refused as malformed.
    pub fn from_encrypted_der(der: &[u8], passphrase: &Passphrase) -> Result<Self, KeyError> {
        Self::from_der(&encryption::decrypt(der, passphrase)?)
    }

    /// What kind of key it is.
    pub fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    /// The `SubjectPublicKeyInfo` (RFC 5280 §4.1.2.7) in DER.
    pub fn public_key_info(&self) -> &[u8] {
        &self.public_key_info
    }

    /// The key as PKCS#8 DER, unencrypted.
    pub fn to_pkcs8_der(&self) -> Zeroizing<Vec<u8>> {
        self.pkcs8.clone()
    }

    /// The key as `EncryptedPrivateKeyInfo` DER: PBES2, PBKDF2-HMAC-SHA256 with 600,000 rounds, AES-256-CBC.
    pub fn to_encrypted_der(&self, passphrase: &Passphrase) -> Result<Vec<u8>, KeyError> {
        self.seal(SealingKey::derive(passphrase)?)
    }

    /// The same with a passphrase that has become a key already, meanwhile.
    pub fn seal(&self, sealing: SealingKey) -> Result<Vec<u8>, KeyError> {
        sealing.seal(&self.pkcs8)
    }

    /// The same key, written down in another of the forms of RFC 9881 §6; as it is where it is no ML-DSA key. `None`
    /// where the form has a seed and the file told none.
    pub fn in_form(mut self, form: MlDsaForm) -> Option<Self> {
        if let Signer::MlDsa(key) = &*self.signer {
            let secret = key_der::ml_dsa_private_key(key, form)?;
            self.pkcs8 = key_der::pkcs8(key.set().identifier().as_ref(), &secret);
        }
        Some(self)
    }

    /// Signs `message` as a certificate is signed, with [`KeyAlgorithm`]'s own scheme: PKCS#1 v1.5 with SHA-256,
    /// RSASSA-PSS with SHA-256 or the key's own hash, ECDSA with SHA-256 on P-256, SHA-384 on P-384 and SHA-512 on P-521
    /// (in DER), Ed25519, or ML-DSA.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        self.sign_hashed(self.algorithm.hash(), message)
    }

    /// The same with another hash. Ed25519 and ML-DSA have their own whatever is asked for.
    pub fn sign_hashed(&self, hash: SignatureHash, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        self.signer.sign(hash, message)
    }

    /// The key as rustls asks for it, to sign handshakes with.
    pub fn for_tls(&self) -> Result<Arc<dyn rustls::sign::SigningKey>, rustls::Error> {
        match TlsKey::new(&self.signer, self.algorithm) {
            Some(key) => Ok(Arc::new(key)),
            None => crate::crypto::load_tls_key(&self.pkcs8),
        }
    }

    fn new(signer: Signer, algorithm: KeyAlgorithm) -> Result<Self, KeyError> {
        let public_key_info = signer.public_key_info()?;
        let pkcs8 = signer.to_pkcs8()?;
        Ok(Self { signer: Arc::new(signer), algorithm, public_key_info, pkcs8 })
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({}, …)", self.algorithm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::ml_dsa::MlDsa;

    const QUICK: [KeyAlgorithm; 9] = [
        KeyAlgorithm::EcP256,
        KeyAlgorithm::EcP384,
        KeyAlgorithm::EcP521,
        KeyAlgorithm::Ed25519,
        KeyAlgorithm::MlDsa(MlDsa::L44),
        KeyAlgorithm::MlDsa(MlDsa::L65),
        KeyAlgorithm::MlDsa(MlDsa::L87),
        KeyAlgorithm::Rsa2048,
        KeyAlgorithm::RsaPss { bits: 2048, only: None },
    ];

    #[test]
    fn every_quick_algorithm_makes_signs_and_goes_round() {
        for algorithm in QUICK {
            let key = PrivateKey::generate_fast(algorithm).unwrap();
            assert_eq!(key.algorithm(), algorithm);
            let again = PrivateKey::from_der(&key.to_pkcs8_der()).unwrap();
            assert_eq!(again.public_key_info(), key.public_key_info());
            assert_eq!(again.to_pkcs8_der(), key.to_pkcs8_der());
            assert!(!again.sign(b"message").unwrap().is_empty());
        }
    }

    #[test]
    fn signatures_verify_by_the_scheme_that_the_algorithm_promises() {
        let supported = crate::crypto::provider().signature_verification_algorithms;
        for (algorithm, scheme) in [
            (KeyAlgorithm::EcP256, rustls::SignatureScheme::ECDSA_NISTP256_SHA256),
            (KeyAlgorithm::EcP384, rustls::SignatureScheme::ECDSA_NISTP384_SHA384),
            (KeyAlgorithm::Ed25519, rustls::SignatureScheme::ED25519),
            (KeyAlgorithm::Rsa2048, rustls::SignatureScheme::RSA_PKCS1_SHA256),
            (KeyAlgorithm::EcP521, rustls::SignatureScheme::ECDSA_NISTP521_SHA512),
            (KeyAlgorithm::MlDsa(MlDsa::L65), rustls::SignatureScheme::ML_DSA_65),
            (KeyAlgorithm::RsaPss { bits: 2048, only: None }, rustls::SignatureScheme::Unknown(0x0809)),
        ] {
            let key = PrivateKey::generate(algorithm).unwrap();
            let signature = key.sign(b"message").unwrap();
            let (_, candidates) = supported.mapping.iter().find(|(known, _)| *known == scheme).unwrap();
            let bits = key_der::public_key_bits(key.public_key_info()).unwrap();
            let verified = |message: &[u8]| {
                candidates.iter().any(|by| by.verify_signature(bits, message, &signature).is_ok())
            };
            assert!(verified(b"message"), "{algorithm}");
            assert!(!verified(b"massage"), "{algorithm}");
        }
    }

    #[test]
    fn ml_dsa_is_read_in_each_form_and_both_halves_must_belong_together() {
        let made = || PrivateKey::generate(KeyAlgorithm::MlDsa(MlDsa::L44)).unwrap();
        let seeded = made();
        assert_eq!(seeded.to_pkcs8_der().len(), 54, "a seed in its frame");
        let seed = seeded.to_pkcs8_der();
        let public = seeded.public_key_info().to_vec();
        let both = seeded.in_form(MlDsaForm::Both).unwrap();
        let read = PrivateKey::from_der(&both.to_pkcs8_der()).unwrap();
        assert_eq!(
            (read.public_key_info(), read.to_pkcs8_der()),
            (&*public, seed.clone()),
            "the seed is enough"
        );
        let expanded = both.in_form(MlDsaForm::Expanded).unwrap().to_pkcs8_der();
        let read = PrivateKey::from_der(&expanded).unwrap();
        assert_eq!((read.public_key_info(), read.to_pkcs8_der()), (&*public, expanded.clone()));
        assert!(read.in_form(MlDsaForm::Seed).is_none(), "an expanded key does not tell its seed");

        let mut mixed = made().in_form(MlDsaForm::Both).unwrap().to_pkcs8_der();
        let end = mixed.len();
        mixed[end - 2560..].copy_from_slice(&expanded[expanded.len() - 2560..]);
        assert_eq!(PrivateKey::from_der(&mixed).unwrap_err(), KeyError::Inconsistent);
        let mut short = seed.to_vec();
        for byte in [1, 21, 23] {
            short[byte] -= 1;
        }
        short.pop();
        assert!(matches!(PrivateKey::from_der(&short), Err(KeyError::Malformed(_))), "31 bytes of seed");
    }

    #[test]
    fn nothing_secret_is_shown() {
        let key = PrivateKey::generate(KeyAlgorithm::EcP256).unwrap();
        assert_eq!(format!("{key:?}"), "PrivateKey(ec:p256, …)");
        assert_eq!(format!("{:?}", Passphrase::new("secret".to_owned())), "Passphrase(…)");
    }

    #[test]
    fn other_lengths_are_read_and_never_made() {
        let other = KeyAlgorithm::RsaOther { bits: 2560 };
        assert_eq!(PrivateKey::generate(other).unwrap_err(), UnknownAlgorithm("rsa:2560".to_owned()).into());
        assert!("rsa:2560".parse::<KeyAlgorithm>().is_err());
    }
}
