//! The one place that names the cryptographic provider.
//!
//! tlslab's cryptography is [graviola]: no C compiler to build it, nothing native to link. What the other
//! rooms need of it beyond signatures (which [`crate::pki::key`] holds) is here: the [`rustls`] provider,
//! randomness, SHA-256, and the question whether this CPU can run it at all.
//!
//! graviola's RSA key generation is **not** free of side channels; an attacker who shares the machine
//! while a key is made may learn something about it. Make keys that matter elsewhere.

use std::sync::{Arc, OnceLock};

use graviola::hashing::{Hash, Sha256};
use rustls::crypto::CryptoProvider;
use rustls::{CipherSuiteCommon, SignatureScheme, SupportedCipherSuite, Tls12CipherSuite};

/// The TLS provider: all suites, groups and signature schemes that graviola has, TLS 1.2 and 1.3.
pub fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    Arc::clone(PROVIDER.get_or_init(|| {
        let mut provider = rustls_graviola::default_provider();
        for suite in &mut provider.cipher_suites {
            *suite = with_ed25519(*suite);
        }
        Arc::new(provider)
    }))
}

/// Lets a TLS 1.2 suite that signs with ECDSA sign with Ed25519 too (RFC 8422 §5.10). graviola offers and verifies
/// such signatures, but its TLS 1.2 suites do not list them, and rustls then refuses what was asked for.
fn with_ed25519(suite: SupportedCipherSuite) -> SupportedCipherSuite {
    let tls12 = match suite {
        SupportedCipherSuite::Tls12(tls12)
            if tls12.sign.contains(&SignatureScheme::ECDSA_NISTP256_SHA256) =>
        {
            tls12
        }
        other => return other,
    };
    let mut sign = tls12.sign.to_vec();
    if !sign.contains(&SignatureScheme::ED25519) {
        sign.push(SignatureScheme::ED25519);
    }
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

/// The operating system gave no randomness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gave no random bytes")]
pub struct NoRandomness;

/// `N` bytes from the operating system's generator.
pub fn random<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    graviola::random::fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(bytes)
}

/// SHA-256 (FIPS 180-4) of `data`.
pub fn sha256(data: &[u8]) -> [u8; 32] {
    let mut digest = [0; 32];
    digest.copy_from_slice(Sha256::hash(data).as_ref());
    digest
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

    #[test]
    fn random_bytes_differ() {
        assert_ne!(random::<32>().unwrap(), random::<32>().unwrap());
    }
}
