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
use rustls::crypto::{CipherSuiteCommon, CryptoProvider};
use rustls::{SignatureScheme, SupportedCipherSuite, Tls12CipherSuite};

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

/// The suite, with Ed25519 added where ECDSA may sign: RFC 8422 §5.10 lets an Ed25519 certificate stand for the
/// ECDHE_ECDSA suites of TLS 1.2. graviola can sign and verify it, and its list of suites leaves it out.
fn with_ed25519(suite: SupportedCipherSuite) -> SupportedCipherSuite {
    match suite {
        SupportedCipherSuite::Tls12(suite)
            if suite.sign.contains(&SignatureScheme::ECDSA_NISTP256_SHA256) =>
        {
            let sign = [suite.sign, &[SignatureScheme::ED25519]].concat();
            // rustls wants its suites for ever; these few are made once.
            SupportedCipherSuite::Tls12(Box::leak(Box::new(Tls12CipherSuite {
                common: CipherSuiteCommon {
                    suite: suite.common.suite,
                    hash_provider: suite.common.hash_provider,
                    confidentiality_limit: suite.common.confidentiality_limit,
                },
                prf_provider: suite.prf_provider,
                kx: suite.kx,
                sign: sign.leak(),
                aead_alg: suite.aead_alg,
            })))
        }
        other => other,
    }
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
    fn ed25519_signs_where_ecdsa_does_in_tls_1_2() {
        let provider = provider();
        let with = |scheme| {
            let suites = provider.cipher_suites.iter();
            suites
                .filter(|suite| matches!(suite, SupportedCipherSuite::Tls12(suite) if suite.sign.contains(&scheme)))
                .count()
        };
        assert_eq!(with(SignatureScheme::ED25519), 3);
        assert_eq!(with(SignatureScheme::ECDSA_NISTP256_SHA256), 3);
        assert_eq!(with(SignatureScheme::RSA_PSS_SHA256), 3);
    }

    #[test]
    fn random_bytes_differ() {
        assert_ne!(random::<32>().unwrap(), random::<32>().unwrap());
    }
}
