//! The one place that names the cryptographic provider.
//!
//! tlslab's cryptography is [graviola]: no C compiler to build it, nothing native to link. What the other
//! rooms need of it beyond signatures (which [`crate::pki::key`] holds) is here: the [`rustls`] provider,
//! randomness, SHA-256, HMAC and AEAD for whoever follows a key schedule, and the question whether this CPU can run it at all.
//!
//! One cipher comes from elsewhere: AES-CCM, from RustCrypto. Small devices speak it and graviola does not; we
//! never offer it, and only open and change what others sealed with it.
//!
//! P-521 ([`p521`]) and ML-DSA ([`ml_dsa`]), which graviola has not, are RustCrypto's.
//!
//! RSA keys whose length graviola's arithmetic does not have, and those that are for RSASSA-PSS only, are verified with in
//! [`rsa`].
//!
//! graviola's RSA key generation is **not** free of side channels; an attacker who shares the machine
//! while a key is made may learn something about it. Make keys that matter elsewhere.

pub mod ml_dsa;
pub mod p521;
mod random;
pub mod rsa;

use std::sync::{Arc, OnceLock};

use aes::{Aes128, Aes256};
use ccm::aead::AeadInOut;
use ccm::consts::{U8, U12, U16};
use ccm::{Ccm, KeyInit};
use graviola::aead::{AesGcm, ChaCha20Poly1305, XChaCha20Poly1305};
use graviola::hashing::hmac::Hmac;
use graviola::hashing::{Hash, Sha256, Sha384};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms};
use rustls::pki_types::{PrivatePkcs8KeyDer, SignatureVerificationAlgorithm};
use rustls::sign::SigningKey;
use rustls::{CipherSuiteCommon, SignatureScheme, SupportedCipherSuite, Tls12CipherSuite};

use self::ml_dsa::MlDsa;
use self::p521::{P521, P521Hash};
pub use self::random::{NoRandomness, random};

/// The TLS provider: all suites, groups and signature schemes that graviola has, TLS 1.2 and 1.3.
pub fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    Arc::clone(PROVIDER.get_or_init(|| {
        let mut provider = rustls_graviola::default_provider();
        for suite in &mut provider.cipher_suites {
            *suite = with_every_scheme(*suite);
        }
        let known = rsa::with_any_length(provider.signature_verification_algorithms);
        provider.signature_verification_algorithms = with_other_kinds(known);
        Arc::new(provider)
    }))
}

/// A private key in PKCS#8, of a kind that graviola has, as rustls asks for it.
pub(crate) fn load_tls_key(pkcs8: &[u8]) -> Result<Arc<dyn SigningKey>, rustls::Error> {
    provider().key_provider.load_private_key(PrivatePkcs8KeyDer::from(pkcs8.to_vec()).into())
}

/// The same algorithms, and those of kinds of key that graviola has not.
fn with_other_kinds(known: WebPkiSupportedAlgorithms) -> WebPkiSupportedAlgorithms {
    const P521_SHA512: &dyn SignatureVerificationAlgorithm = &P521 { hash: P521Hash::Sha512 };
    let pss = rsa::by_keys_for_pss(&known);
    let mut all = known.all.to_vec();
    all.extend([
        &P521 { hash: P521Hash::Sha256 } as &dyn SignatureVerificationAlgorithm,
        &P521 { hash: P521Hash::Sha384 },
        P521_SHA512,
        &MlDsa::L44,
        &MlDsa::L65,
        &MlDsa::L87,
    ]);
    all.extend(pss.iter().flat_map(|(_, algorithms)| algorithms));
    let mut mapping = known.mapping.to_vec();
    mapping.push((SignatureScheme::ECDSA_NISTP521_SHA512, &[P521_SHA512]));
    mapping.extend(pss.into_iter().map(|(scheme, algorithms)| (scheme, &*algorithms.to_vec().leak())));
    // Post-quantum ones come last of all.
    mapping.extend([
        (SignatureScheme::ML_DSA_44, &[&MlDsa::L44 as &dyn SignatureVerificationAlgorithm][..]),
        (SignatureScheme::ML_DSA_65, &[&MlDsa::L65]),
        (SignatureScheme::ML_DSA_87, &[&MlDsa::L87]),
    ]);
    // rustls wants lists that live for ever; these are made once per process.
    WebPkiSupportedAlgorithms { all: all.leak(), mapping: mapping.leak() }
}

/// Lets a TLS 1.2 suite that signs with ECDSA sign with P-521 and Ed25519 too (RFC 8422 §5.10). Such signatures are offered
/// and verified, but graviola's TLS 1.2 suites do not list them, and rustls then refuses what was asked for.
fn with_every_scheme(suite: SupportedCipherSuite) -> SupportedCipherSuite {
    let tls12 = match suite {
        SupportedCipherSuite::Tls12(tls12)
            if tls12.sign.contains(&SignatureScheme::ECDSA_NISTP256_SHA256) =>
        {
            tls12
        }
        other => return other,
    };
    let mut sign = tls12.sign.to_vec();
    let more = [SignatureScheme::ECDSA_NISTP521_SHA512, SignatureScheme::ED25519];
    sign.extend(more.iter().filter(|scheme| !tls12.sign.contains(scheme)));
    // rustls wants suites that live for ever; these are made once per process.
    SupportedCipherSuite::Tls12(Box::leak(Box::new(Tls12CipherSuite {
        common: CipherSuiteCommon { ..tls12.common },
        prf_provider: tls12.prf_provider,
        kx: tls12.kx,
        sign: Box::leak(sign.into_boxed_slice()),
        aead_alg: tls12.aead_alg,
    })))
}

/// This CPU lacks instructions that the provider is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "this CPU cannot run tlslab: expected x86-64 with AES, PCLMULQDQ, BMI1, BMI2, ADX and AVX2, \
     or aarch64 with AES, PMULL and SHA2"
)]
pub struct UnsupportedCpu;

/// Whether the provider can run here. Ask before anything else: its functions assert it.
pub fn check_cpu() -> Result<(), UnsupportedCpu> {
    #[cfg(target_arch = "x86_64")]
    let extra = std::is_x86_feature_detected!("bmi2");
    #[cfg(not(target_arch = "x86_64"))]
    let extra = true;
    if extra && graviola::util::is_cpu_supported() { Ok(()) } else { Err(UnsupportedCpu) }
}

/// SHA-256 (FIPS 180-4) of `data`.
pub fn sha256(data: &[u8]) -> [u8; 32] {
    let mut digest = [0; 32];
    digest.copy_from_slice(Sha256::hash(data).as_ref());
    digest
}

/// The hash that a key schedule is built on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyScheduleHash {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
}

impl KeyScheduleHash {
    /// Its output's bytes.
    pub fn length(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
        }
    }

    /// The hash of `data`.
    pub fn digest(self, data: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::hash(data).as_ref().to_vec(),
            Self::Sha384 => Sha384::hash(data).as_ref().to_vec(),
        }
    }

    /// HMAC (RFC 2104) with this hash over `parts`, one after the other.
    pub fn hmac(self, key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
        fn over<H: Hash>(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
            let mut hmac = Hmac::<H>::new(key);
            for part in parts {
                hmac.update(part);
            }
            hmac.finish().as_ref().to_vec()
        }
        match self {
            Self::Sha256 => over::<Sha256>(key, parts),
            Self::Sha384 => over::<Sha384>(key, parts),
        }
    }
}

/// A cipher that authenticates: those that TLS suites name and there is code for. All take nonces of 12 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AeadAlgorithm {
    /// AES-128 in CCM (RFC 6655).
    Aes128Ccm,
    /// AES-128 in CCM with a short tag (RFC 6655 §4).
    Aes128Ccm8,
    /// AES-128 in GCM.
    Aes128Gcm,
    /// AES-256 in CCM.
    Aes256Ccm,
    /// AES-256 in CCM with a short tag.
    Aes256Ccm8,
    /// AES-256 in GCM.
    Aes256Gcm,
    /// ChaCha20-Poly1305 (RFC 8439).
    ChaCha20Poly1305,
}

impl AeadAlgorithm {
    /// Its key's bytes.
    pub fn key_length(self) -> usize {
        match self {
            Self::Aes128Ccm | Self::Aes128Ccm8 | Self::Aes128Gcm => 16,
            Self::Aes256Ccm | Self::Aes256Ccm8 | Self::Aes256Gcm | Self::ChaCha20Poly1305 => 32,
        }
    }

    /// Its tag's bytes.
    pub fn tag_length(self) -> usize {
        match self {
            Self::Aes128Ccm8 | Self::Aes256Ccm8 => 8,
            Self::Aes128Ccm
            | Self::Aes128Gcm
            | Self::Aes256Ccm
            | Self::Aes256Gcm
            | Self::ChaCha20Poly1305 => 16,
        }
    }
}

/// The key, the nonce, the additional data or the ciphertext is not what it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("does not decrypt with this key")]
pub struct DoesNotOpen;

/// An AEAD's key: seals, and opens what was sealed.
pub struct AeadKey(Cipher);

enum Cipher {
    Aes128Ccm(Box<Ccm<Aes128, U16, U12>>),
    Aes128Ccm8(Box<Ccm<Aes128, U8, U12>>),
    Aes256Ccm(Box<Ccm<Aes256, U16, U12>>),
    Aes256Ccm8(Box<Ccm<Aes256, U8, U12>>),
    AesGcm(Box<AesGcm>),
    ChaCha20Poly1305(Box<ChaCha20Poly1305>),
}

impl std::fmt::Debug for AeadKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AeadKey").finish_non_exhaustive()
    }
}

impl AeadKey {
    /// A key of [`AeadAlgorithm::key_length`] bytes; `None` for any other length.
    pub fn new(algorithm: AeadAlgorithm, key: &[u8]) -> Option<Self> {
        if key.len() != algorithm.key_length() {
            return None;
        }
        Some(Self(match algorithm {
            AeadAlgorithm::Aes128Ccm => Cipher::Aes128Ccm(Box::new(Ccm::new_from_slice(key).ok()?)),
            AeadAlgorithm::Aes128Ccm8 => Cipher::Aes128Ccm8(Box::new(Ccm::new_from_slice(key).ok()?)),
            AeadAlgorithm::Aes256Ccm => Cipher::Aes256Ccm(Box::new(Ccm::new_from_slice(key).ok()?)),
            AeadAlgorithm::Aes256Ccm8 => Cipher::Aes256Ccm8(Box::new(Ccm::new_from_slice(key).ok()?)),
            AeadAlgorithm::Aes128Gcm | AeadAlgorithm::Aes256Gcm => Cipher::AesGcm(Box::new(AesGcm::new(key))),
            AeadAlgorithm::ChaCha20Poly1305 => {
                Cipher::ChaCha20Poly1305(Box::new(ChaCha20Poly1305::new(key.try_into().ok()?)))
            }
        }))
    }

    /// Encrypts in place; gives the tag, of [`AeadAlgorithm::tag_length`] bytes. A nonce serves once.
    pub fn seal(&self, nonce: &[u8; 12], additional: &[u8], bytes: &mut [u8]) -> Vec<u8> {
        let mut tag = [0; 16];
        match &self.0 {
            Cipher::Aes128Ccm(key) => return seal_ccm(&**key, nonce, additional, bytes),
            Cipher::Aes128Ccm8(key) => return seal_ccm(&**key, nonce, additional, bytes),
            Cipher::Aes256Ccm(key) => return seal_ccm(&**key, nonce, additional, bytes),
            Cipher::Aes256Ccm8(key) => return seal_ccm(&**key, nonce, additional, bytes),
            Cipher::AesGcm(key) => key.encrypt(nonce, additional, bytes, &mut tag),
            Cipher::ChaCha20Poly1305(key) => key.encrypt(nonce, additional, bytes, &mut tag),
        }
        tag.to_vec()
    }

    /// Decrypts in place and verifies. On failure, as with a tag that has not [`AeadAlgorithm::tag_length`] bytes,
    /// the bytes are of no use.
    pub fn open(
        &self,
        nonce: &[u8; 12],
        additional: &[u8],
        bytes: &mut [u8],
        tag: &[u8],
    ) -> Result<(), DoesNotOpen> {
        match &self.0 {
            Cipher::Aes128Ccm(key) => open_ccm(&**key, nonce, additional, bytes, tag),
            Cipher::Aes128Ccm8(key) => open_ccm(&**key, nonce, additional, bytes, tag),
            Cipher::Aes256Ccm(key) => open_ccm(&**key, nonce, additional, bytes, tag),
            Cipher::Aes256Ccm8(key) => open_ccm(&**key, nonce, additional, bytes, tag),
            Cipher::AesGcm(key) => key.decrypt(nonce, additional, bytes, tag).map_err(|_| DoesNotOpen),
            Cipher::ChaCha20Poly1305(key) => {
                key.decrypt(nonce, additional, bytes, tag).map_err(|_| DoesNotOpen)
            }
        }
    }
}

/// A key that may seal on several machines at once: XChaCha20-Poly1305, whose nonces are long enough to be drawn at random.
pub struct SharedKey(XChaCha20Poly1305);

impl std::fmt::Debug for SharedKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SharedKey").finish_non_exhaustive()
    }
}

impl SharedKey {
    const NONCE: usize = 24;
    const TAG: usize = 16;

    /// The key that is derived from `secret`, of any length, for `purpose`.
    pub fn derive(secret: &[u8], purpose: &[u8]) -> Self {
        let mut key = [0; 32];
        key.copy_from_slice(&KeyScheduleHash::Sha256.hmac(secret, &[purpose]));
        Self(XChaCha20Poly1305::new(key))
    }

    /// Nonce, ciphertext and tag, one after the other.
    pub fn seal(&self, additional: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, NoRandomness> {
        let nonce = random::<{ Self::NONCE }>()?;
        let mut sealed = [&nonce[..], plaintext].concat();
        let mut tag = [0; Self::TAG];
        self.0.encrypt(&nonce, additional, &mut sealed[Self::NONCE..], &mut tag);
        sealed.extend(tag);
        Ok(sealed)
    }

    /// What was sealed.
    pub fn open(&self, additional: &[u8], sealed: &[u8]) -> Result<Vec<u8>, DoesNotOpen> {
        let (nonce, rest) = sealed.split_first_chunk::<{ Self::NONCE }>().ok_or(DoesNotOpen)?;
        let (ciphertext, tag) = rest.split_last_chunk::<{ Self::TAG }>().ok_or(DoesNotOpen)?;
        let mut plaintext = ciphertext.to_vec();
        self.0.decrypt(nonce, additional, &mut plaintext, tag).map_err(|_| DoesNotOpen)?;
        Ok(plaintext)
    }
}

fn seal_ccm<A: AeadInOut<NonceSize = U12>>(
    key: &A,
    nonce: &[u8; 12],
    additional: &[u8],
    bytes: &mut [u8],
) -> Vec<u8> {
    // CCM refuses what is longer than its length field can say: with this nonce, 2^24 bytes (RFC 3610 §2), a thousand
    // records' worth. An empty tag then opens nowhere.
    let tag = key.encrypt_inout_detached(nonce.into(), additional, bytes.into());
    tag.map_or_else(|_| Vec::new(), |tag| tag.to_vec())
}

fn open_ccm<A: AeadInOut<NonceSize = U12>>(
    key: &A,
    nonce: &[u8; 12],
    additional: &[u8],
    bytes: &mut [u8],
    tag: &[u8],
) -> Result<(), DoesNotOpen> {
    let tag = tag.try_into().map_err(|_| DoesNotOpen)?;
    key.decrypt_inout_detached(nonce.into(), additional, bytes.into(), tag).map_err(|_| DoesNotOpen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sha256_of_abc_is_the_standard_vector() {
        // FIPS 180-4 / NIST example value
        let expected = [
            0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23,
            0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad,
        ];
        assert_eq!(sha256(b"abc"), expected);
    }

    #[test]
    fn hmac_sha256_is_rfc_4231_s() {
        let mac = KeyScheduleHash::Sha256.hmac(b"Jefe", &[b"what do ya want ", b"for nothing?"]);
        assert_eq!(mac[..8], [0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e]);
        assert_eq!(KeyScheduleHash::Sha384.hmac(b"", &[]).len(), KeyScheduleHash::Sha384.length());
    }

    #[test]
    fn what_one_shared_key_sealed_its_twin_opens_and_nobody_else() {
        let [key, twin, other] = [b"one", b"one", b"two"].map(|secret| SharedKey::derive(secret, b"test"));
        let sealed = key.seal(b"head", b"text").unwrap();
        assert_eq!(twin.open(b"head", &sealed).unwrap(), b"text");
        assert_ne!(sealed, key.seal(b"head", b"text").unwrap(), "a nonce serves once");
        assert_eq!(other.open(b"head", &sealed), Err(DoesNotOpen));
        assert_eq!(twin.open(b"heat", &sealed), Err(DoesNotOpen));
        for length in 0..sealed.len() {
            assert_eq!(twin.open(b"head", &sealed[..length]), Err(DoesNotOpen));
        }
    }

    #[test]
    fn an_opening_key_has_its_length_and_notices_a_changed_bit() {
        for algorithm in [
            AeadAlgorithm::Aes128Ccm,
            AeadAlgorithm::Aes128Ccm8,
            AeadAlgorithm::Aes128Gcm,
            AeadAlgorithm::Aes256Ccm,
            AeadAlgorithm::Aes256Ccm8,
            AeadAlgorithm::Aes256Gcm,
            AeadAlgorithm::ChaCha20Poly1305,
        ] {
            assert!(AeadKey::new(algorithm, &[0; 31]).is_none());
            let key = AeadKey::new(algorithm, &vec![0; algorithm.key_length()]).unwrap();
            let mut sealed = *b"text";
            let tag = key.seal(&[7; 12], b"head", &mut sealed);
            assert_eq!(tag.len(), algorithm.tag_length());
            assert_eq!(key.open(&[7; 12], b"head", &mut sealed.clone(), &tag), Ok(()));
            assert_eq!(key.open(&[7; 12], b"heat", &mut sealed.clone(), &tag), Err(DoesNotOpen));
            assert_eq!(key.open(&[7; 12], b"head", &mut sealed, &tag), Ok(()));
            assert_eq!(&sealed, b"text");
            for tag in [&[0; 16][..], &[0; 8], &[]] {
                assert_eq!(key.open(&[0; 12], b"", &mut [0; 4], tag), Err(DoesNotOpen));
            }
        }
        // NIST GCM test case 2: key, nonce and plaintext all zero.
        let key = AeadKey::new(AeadAlgorithm::Aes128Gcm, &[0; 16]).unwrap();
        let mut bytes = 0x0388_dace_60b6_a392_f328_c2b9_71b2_fe78_u128.to_be_bytes();
        let tag = 0xab6e_47d4_2cec_13bd_f53a_67b2_1257_bddf_u128.to_be_bytes();
        assert_eq!(key.open(&[0; 12], b"", &mut bytes, &tag), Ok(()));
        assert_eq!(bytes, [0; 16]);
    }

    #[test]
    fn ccm_is_nist_s() {
        // NIST SP 800-38C, example 3: the one with a nonce of 12 bytes; its tag has 8.
        let count = |from: u8, bytes: usize| (from..).take(bytes).collect::<Vec<u8>>();
        let key = AeadKey::new(AeadAlgorithm::Aes128Ccm8, &count(0x40, 16)).unwrap();
        let mut bytes = [
            0xe3, 0xb2, 0x01, 0xa9, 0xf5, 0xb7, 0x1a, 0x7a, 0x9b, 0x1c, 0xea, 0xec, 0xcd, 0x97, 0xe7, 0x0b,
            0x61, 0x76, 0xaa, 0xd9, 0xa4, 0x42, 0x8a, 0xa5,
        ];
        let tag = 0x4843_92fb_c1b0_9951_u64.to_be_bytes();
        let nonce = count(0x10, 12).try_into().unwrap();
        assert_eq!(key.open(&nonce, &count(0, 20), &mut bytes, &tag), Ok(()));
        assert_eq!(bytes[..], count(0x20, 24));
    }

    #[test]
    fn provider_offers_the_hybrid_group_first() {
        let groups: Vec<_> = provider().kx_groups.iter().map(|group| group.name()).collect();
        assert_eq!(groups.first(), Some(&rustls::NamedGroup::X25519MLKEM768));
    }

    #[test]
    fn tls_1_2_can_be_signed_with_ed25519() {
        let signs = |suite: &SupportedCipherSuite| {
            suite.usable_for_signature_algorithm(rustls::SignatureAlgorithm::ED25519)
                && suite.usable_for_signature_algorithm(rustls::SignatureAlgorithm::ECDSA)
        };
        let count =
            provider().cipher_suites.iter().filter(|s| s.tls13().is_none()).filter(|s| signs(s)).count();
        assert_eq!(count, 3);
    }
}
