//! Private keys: made, read, encrypted, and used to sign certificates.
//!
//! Keys are graviola's. RSA of 2048 to 8192 bits, ECDSA on P-256 and P-384, and Ed25519 work; any other kind is
//! refused by name. What is read is tried out once (one signature, verified), so that a damaged key is found
//! here and not in the middle of a handshake. Secrets are wiped when dropped and never shown.

use std::fmt;
use std::str::FromStr;
use std::sync::mpsc;
use std::thread;

use graviola::hashing::{Sha256, Sha384, Sha512};
use graviola::signing::ecdsa::{self, P256, P384};
use graviola::signing::eddsa::Ed25519SigningKey;
use graviola::signing::rsa;
use zeroize::Zeroizing;

use super::encryption::{self, SealingKey};
use super::key_der::{self, KeyMaterial};
pub use super::key_error::{KeyError, Passphrase};
use crate::crypto::NoRandomness;

/// The kinds of key that tlslab works with, by the names of `--key`.
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
    /// RSA of another length between 2048 and 8192 bits: read, never made.
    RsaOther {
        /// The length of the modulus in bits.
        bits: u16,
    },
}

impl KeyAlgorithm {
    /// Those that tlslab makes.
    pub const MAKES: [Self; 7] = [
        Self::Rsa2048,
        Self::Rsa3072,
        Self::Rsa4096,
        Self::Rsa8192,
        Self::EcP256,
        Self::EcP384,
        Self::Ed25519,
    ];

    /// Whether it is RSA of any length.
    pub fn is_rsa(self) -> bool {
        self.rsa_bits().is_some()
    }

    /// The length of an RSA modulus in bits; `None` where it is not RSA.
    pub fn rsa_bits(self) -> Option<u16> {
        match self {
            Self::EcP256 | Self::EcP384 | Self::Ed25519 => None,
            Self::Rsa2048 => Some(2048),
            Self::Rsa3072 => Some(3072),
            Self::Rsa4096 => Some(4096),
            Self::Rsa8192 => Some(8192),
            Self::RsaOther { bits } => Some(bits),
        }
    }

    /// What people call it: `RSA 4096 bits`, `EC P-256`, `Ed25519`.
    pub fn description(self) -> String {
        match self {
            Self::EcP256 => "EC P-256".to_owned(),
            Self::EcP384 => "EC P-384".to_owned(),
            Self::Ed25519 => "Ed25519".to_owned(),
            rsa => format!("RSA {} bits", rsa.rsa_bits().unwrap_or_default()),
        }
    }
}

impl FromStr for KeyAlgorithm {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let wanted = text.to_ascii_lowercase();
        Self::MAKES
            .into_iter()
            .find(|algorithm| algorithm.to_string() == wanted)
            .ok_or_else(|| KeyError::UnknownAlgorithm(text.to_owned()))
    }
}

impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EcP256 => f.write_str("ec:p256"),
            Self::EcP384 => f.write_str("ec:p384"),
            Self::Ed25519 => f.write_str("ed25519"),
            rsa => write!(f, "rsa:{}", rsa.rsa_bits().unwrap_or_default()),
        }
    }
}

/// A private key of one of the [`KeyAlgorithm`]s.
pub struct PrivateKey {
    signer: Box<Signer>,
    algorithm: KeyAlgorithm,
    public_key_info: Vec<u8>,
    pkcs8: Zeroizing<Vec<u8>>,
}

/// The hash of a signature, where it is not left to the key's kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureHash {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

enum Signer {
    EcP256(ecdsa::SigningKey<P256>),
    EcP384(ecdsa::SigningKey<P384>),
    Ed25519(Ed25519SigningKey),
    Rsa(Box<rsa::SigningKey>),
}

/// Room for the largest thing that graviola writes: the PKCS#8 of an 8192-bit RSA key takes 4.7 KiB.
const ROOM: usize = 8192;

impl PrivateKey {
    /// Makes a new key on this thread. RSA takes a while, and how long is a matter of luck: see
    /// [`PrivateKey::generate_fast`].
    pub fn generate(algorithm: KeyAlgorithm) -> Result<Self, KeyError> {
        let signer = match algorithm {
            KeyAlgorithm::EcP256 => ecdsa::SigningKey::generate().map(Signer::EcP256),
            KeyAlgorithm::EcP384 => ecdsa::SigningKey::generate().map(Signer::EcP384),
            KeyAlgorithm::Ed25519 => Ed25519SigningKey::generate().map(Signer::Ed25519),
            KeyAlgorithm::Rsa2048 => generate_rsa(rsa::KeySize::Rsa2048),
            KeyAlgorithm::Rsa3072 => generate_rsa(rsa::KeySize::Rsa3072),
            KeyAlgorithm::Rsa4096 => generate_rsa(rsa::KeySize::Rsa4096),
            KeyAlgorithm::Rsa8192 => generate_rsa(rsa::KeySize::Rsa8192),
            KeyAlgorithm::RsaOther { .. } => return Err(KeyError::UnknownAlgorithm(algorithm.to_string())),
        };
        Self::new(signer.map_err(generation)?, algorithm).map_err(generation)
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
        let (signer, algorithm) = match key_der::read(der)? {
            KeyMaterial::Ed25519 { seed } => {
                (Ed25519SigningKey::from_bytes(seed).map(Signer::Ed25519), KeyAlgorithm::Ed25519)
            }
            KeyMaterial::EcP256 { sec1 } => {
                (ecdsa::SigningKey::from_sec1_der(sec1).map(Signer::EcP256), KeyAlgorithm::EcP256)
            }
            KeyMaterial::EcP384 { sec1 } => {
                (ecdsa::SigningKey::from_sec1_der(sec1).map(Signer::EcP384), KeyAlgorithm::EcP384)
            }
            KeyMaterial::Rsa { pkcs1, bits } => {
                let algorithm = match bits {
                    2048 => KeyAlgorithm::Rsa2048,
                    3072 => KeyAlgorithm::Rsa3072,
                    4096 => KeyAlgorithm::Rsa4096,
                    8192 => KeyAlgorithm::Rsa8192,
                    bits => KeyAlgorithm::RsaOther { bits },
                };
                (rsa::SigningKey::from_pkcs1_der(pkcs1).map(Box::new).map(Signer::Rsa), algorithm)
            }
        };
        let key =
            signer.and_then(|signer| Self::new(signer, algorithm)).map_err(|_| KeyError::Inconsistent)?;
        key.try_out()?;
        Ok(key)
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

    /// Signs `message` as a certificate is signed, with [`KeyAlgorithm`]'s own scheme: PKCS#1 v1.5 with SHA-256,
    /// ECDSA with SHA-256 on P-256 and SHA-384 on P-384 (in DER), or Ed25519.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let hash = match self.algorithm {
            KeyAlgorithm::EcP384 => SignatureHash::Sha384,
            _ => SignatureHash::Sha256,
        };
        self.sign_hashed(hash, message)
    }

    /// The same with another hash. Ed25519 has its own whatever is asked for.
    pub fn sign_hashed(&self, hash: SignatureHash, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        use SignatureHash as H;
        let mut room = [0; ROOM];
        let signature = match (&*self.signer, hash) {
            (Signer::EcP256(key), H::Sha256) => key.sign_asn1::<Sha256>(&[message], &mut room),
            (Signer::EcP256(key), H::Sha384) => key.sign_asn1::<Sha384>(&[message], &mut room),
            (Signer::EcP256(key), H::Sha512) => key.sign_asn1::<Sha512>(&[message], &mut room),
            (Signer::EcP384(key), H::Sha256) => key.sign_asn1::<Sha256>(&[message], &mut room),
            (Signer::EcP384(key), H::Sha384) => key.sign_asn1::<Sha384>(&[message], &mut room),
            (Signer::EcP384(key), H::Sha512) => key.sign_asn1::<Sha512>(&[message], &mut room),
            (Signer::Ed25519(key), _) => return Ok(key.sign(message).to_vec()),
            (Signer::Rsa(key), _) => match (room.get_mut(..key.modulus_len_bytes()), hash) {
                (None, _) => Err(graviola::Error::WrongLength),
                (Some(room), H::Sha256) => key.sign_pkcs1_sha256(room, message),
                (Some(room), H::Sha384) => key.sign_pkcs1_sha384(room, message),
                (Some(room), H::Sha512) => key.sign_pkcs1_sha512(room, message),
            },
        };
        signature.map(<[u8]>::to_vec).map_err(|error| KeyError::Signing(error.to_string()))
    }

    fn new(signer: Signer, algorithm: KeyAlgorithm) -> Result<Self, graviola::Error> {
        let mut room = Zeroizing::new([0; ROOM]);
        let public_key_info = match &signer {
            Signer::EcP256(key) => key.to_spki_der(room.as_mut()),
            Signer::EcP384(key) => key.to_spki_der(room.as_mut()),
            Signer::Ed25519(key) => key.public_key().to_spki_der(room.as_mut()),
            Signer::Rsa(key) => key.public_key().to_spki_der(room.as_mut()),
        }?
        .to_vec();
        let pkcs8 = match &signer {
            Signer::EcP256(key) => key.to_pkcs8_der(room.as_mut())?.to_vec().into(),
            Signer::EcP384(key) => key.to_pkcs8_der(room.as_mut())?.to_vec().into(),
            // graviola writes PKCS#8 v2 with the public key, which Java and older openssl refuse.
            Signer::Ed25519(key) => key_der::ed25519_pkcs8(&Zeroizing::new(key.as_seed())),
            Signer::Rsa(key) => key.to_pkcs8_der(room.as_mut())?.to_vec().into(),
        };
        Ok(Self { signer: Box::new(signer), algorithm, public_key_info, pkcs8 })
    }

    /// Whether the key signs: RSA's private operation is checked by its inverse, which takes in every number.
    /// EC and Ed25519 public keys are derived from the secret, so there is nothing to contradict.
    fn try_out(&self) -> Result<(), KeyError> {
        if let Signer::Rsa(key) = &*self.signer {
            let signature = self.sign(b"tlslab").map_err(|_| KeyError::Inconsistent)?;
            let verified = key.public_key().verify_pkcs1_sha256(&signature, b"tlslab");
            verified.map_err(|_| KeyError::Inconsistent)?;
        }
        Ok(())
    }
}

fn generate_rsa(size: rsa::KeySize) -> Result<Signer, graviola::Error> {
    rsa::SigningKey::generate(size).map(Box::new).map(Signer::Rsa)
}

fn generation(error: graviola::Error) -> KeyError {
    match error {
        graviola::Error::RngFailed => KeyError::NoRandomness(NoRandomness),
        error => KeyError::Generation(error.to_string()),
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

    #[test]
    fn algorithms_have_names() {
        for algorithm in KeyAlgorithm::MAKES {
            assert_eq!(algorithm.to_string().parse(), Ok(algorithm));
        }
        assert_eq!("RSA:4096".parse(), Ok(KeyAlgorithm::Rsa4096));
        assert_eq!(
            "rsa:1024".parse::<KeyAlgorithm>().unwrap_err().to_string(),
            "key algorithm \"rsa:1024\": expected rsa:2048, rsa:3072, rsa:4096, rsa:8192, ec:p256, ec:p384 or ed25519"
        );
        assert_eq!(KeyAlgorithm::Rsa4096.description(), "RSA 4096 bits");
    }

    #[test]
    fn every_quick_algorithm_makes_signs_and_goes_round() {
        for algorithm in
            [KeyAlgorithm::EcP256, KeyAlgorithm::EcP384, KeyAlgorithm::Ed25519, KeyAlgorithm::Rsa2048]
        {
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
    fn nothing_secret_is_shown() {
        let key = PrivateKey::generate(KeyAlgorithm::EcP256).unwrap();
        assert_eq!(format!("{key:?}"), "PrivateKey(ec:p256, …)");
        assert_eq!(format!("{:?}", Passphrase::new("secret".to_owned())), "Passphrase(…)");
    }

    #[test]
    fn other_lengths_are_read_and_never_made() {
        let other = KeyAlgorithm::RsaOther { bits: 2560 };
        assert_eq!(
            PrivateKey::generate(other).unwrap_err(),
            KeyError::UnknownAlgorithm("rsa:2560".to_owned())
        );
        assert!("rsa:2560".parse::<KeyAlgorithm>().is_err());
    }
}
