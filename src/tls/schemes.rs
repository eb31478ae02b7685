//! Signature schemes of signature_algorithms: numbers, names, and what each is made of.

/// A signature scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scheme {
    /// Its number. In TLS 1.2 the upper byte is a hash and the lower an algorithm (RFC 5246 §7.4.1.4.1).
    pub code: u16,
    /// IANA's name for it: `ecdsa_secp256r1_sha256`.
    pub name: &'static str,
    /// The algorithm that signs.
    pub algorithm: SignatureAlgorithm,
    /// The hash that is signed; `None` where the algorithm has its own.
    pub hash: Option<SchemeHash>,
}

/// An algorithm that signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignatureAlgorithm {
    /// No signature at all.
    Anonymous,
    /// DSA (FIPS 186-4).
    Dsa,
    /// ECDSA.
    Ecdsa,
    /// Ed25519 and Ed448 (RFC 8032).
    EdDsa,
    /// GOST R 34.10-2012.
    Gost,
    /// Identity-based ones: ECCSI and ISO's.
    IdentityBased,
    /// ML-DSA (FIPS 204).
    MlDsa,
    /// RSASSA-PKCS1-v1_5 (RFC 8017 §8.2), which TLS 1.3 has in certificates only.
    RsaPkcs1,
    /// RSASSA-PSS (RFC 8017 §8.1) with a key for anything.
    RsaPssRsae,
    /// RSASSA-PSS with a key for RSASSA-PSS only.
    RsaPssPss,
    /// SLH-DSA (FIPS 205).
    SlhDsa,
    /// SM2.
    Sm2,
}

/// A hash that is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "their names say it")]
pub enum SchemeHash {
    Md5,
    None,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
    Sm3,
    Streebog256,
    Streebog512,
}

impl Scheme {
    /// By its number.
    pub fn of(code: u16) -> Option<&'static Self> {
        SCHEMES.iter().find(|scheme| scheme.code == code)
    }

    /// All that are known, in the order of their numbers.
    pub fn all() -> &'static [Self] {
        SCHEMES
    }

    /// Whether its hash is one that collisions are found for (RFC 9155).
    pub fn is_weak(&self) -> bool {
        matches!(self.hash, Some(SchemeHash::Md5 | SchemeHash::None | SchemeHash::Sha1))
            || self.algorithm == SignatureAlgorithm::Anonymous
    }

    /// Whether it withstands a quantum computer, as far as anybody knows.
    pub fn is_post_quantum(&self) -> bool {
        matches!(self.algorithm, SignatureAlgorithm::MlDsa | SignatureAlgorithm::SlhDsa)
    }
}

const fn s(code: u16, name: &'static str, algorithm: SignatureAlgorithm, hash: Option<SchemeHash>) -> Scheme {
    Scheme { code, name, algorithm, hash }
}

use SchemeHash::{Md5, Sha1, Sha224, Sha256, Sha384, Sha512, Sm3, Streebog256, Streebog512};
use SignatureAlgorithm as A;

/// The registry's "SignatureScheme", and TLS 1.2's pairs of hash and algorithm that it leaves to them.
#[rustfmt::skip]
const SCHEMES: &[Scheme] = &[
    s(0x0001, "none_rsa", A::RsaPkcs1, Some(SchemeHash::None)),
    s(0x0101, "rsa_pkcs1_md5", A::RsaPkcs1, Some(Md5)),
    s(0x0201, "rsa_pkcs1_sha1", A::RsaPkcs1, Some(Sha1)),
    s(0x0202, "dsa_sha1", A::Dsa, Some(Sha1)),
    s(0x0203, "ecdsa_sha1", A::Ecdsa, Some(Sha1)),
    s(0x0301, "rsa_pkcs1_sha224", A::RsaPkcs1, Some(Sha224)),
    s(0x0302, "dsa_sha224", A::Dsa, Some(Sha224)),
    s(0x0303, "ecdsa_sha224", A::Ecdsa, Some(Sha224)),
    s(0x0401, "rsa_pkcs1_sha256", A::RsaPkcs1, Some(Sha256)),
    s(0x0402, "dsa_sha256", A::Dsa, Some(Sha256)),
    s(0x0403, "ecdsa_secp256r1_sha256", A::Ecdsa, Some(Sha256)),
    s(0x0420, "rsa_pkcs1_sha256_legacy", A::RsaPkcs1, Some(Sha256)),
    s(0x0501, "rsa_pkcs1_sha384", A::RsaPkcs1, Some(Sha384)),
    s(0x0502, "dsa_sha384", A::Dsa, Some(Sha384)),
    s(0x0503, "ecdsa_secp384r1_sha384", A::Ecdsa, Some(Sha384)),
    s(0x0520, "rsa_pkcs1_sha384_legacy", A::RsaPkcs1, Some(Sha384)),
    s(0x0601, "rsa_pkcs1_sha512", A::RsaPkcs1, Some(Sha512)),
    s(0x0602, "dsa_sha512", A::Dsa, Some(Sha512)),
    s(0x0603, "ecdsa_secp521r1_sha512", A::Ecdsa, Some(Sha512)),
    s(0x0620, "rsa_pkcs1_sha512_legacy", A::RsaPkcs1, Some(Sha512)),
    s(0x0704, "eccsi_sha256", A::IdentityBased, Some(Sha256)),
    s(0x0705, "iso_ibs1", A::IdentityBased, None),
    s(0x0706, "iso_ibs2", A::IdentityBased, None),
    s(0x0707, "iso_chinese_ibs", A::IdentityBased, None),
    s(0x0708, "sm2sig_sm3", A::Sm2, Some(Sm3)),
    s(0x0709, "gostr34102012_256a", A::Gost, Some(Streebog256)),
    s(0x070a, "gostr34102012_256b", A::Gost, Some(Streebog256)),
    s(0x070b, "gostr34102012_256c", A::Gost, Some(Streebog256)),
    s(0x070c, "gostr34102012_256d", A::Gost, Some(Streebog256)),
    s(0x070d, "gostr34102012_512a", A::Gost, Some(Streebog512)),
    s(0x070e, "gostr34102012_512b", A::Gost, Some(Streebog512)),
    s(0x070f, "gostr34102012_512c", A::Gost, Some(Streebog512)),
    s(0x0804, "rsa_pss_rsae_sha256", A::RsaPssRsae, Some(Sha256)),
    s(0x0805, "rsa_pss_rsae_sha384", A::RsaPssRsae, Some(Sha384)),
    s(0x0806, "rsa_pss_rsae_sha512", A::RsaPssRsae, Some(Sha512)),
    s(0x0807, "ed25519", A::EdDsa, None),
    s(0x0808, "ed448", A::EdDsa, None),
    s(0x0809, "rsa_pss_pss_sha256", A::RsaPssPss, Some(Sha256)),
    s(0x080a, "rsa_pss_pss_sha384", A::RsaPssPss, Some(Sha384)),
    s(0x080b, "rsa_pss_pss_sha512", A::RsaPssPss, Some(Sha512)),
    s(0x081a, "ecdsa_brainpoolP256r1tls13_sha256", A::Ecdsa, Some(Sha256)),
    s(0x081b, "ecdsa_brainpoolP384r1tls13_sha384", A::Ecdsa, Some(Sha384)),
    s(0x081c, "ecdsa_brainpoolP512r1tls13_sha512", A::Ecdsa, Some(Sha512)),
    s(0x0904, "mldsa44", A::MlDsa, None),
    s(0x0905, "mldsa65", A::MlDsa, None),
    s(0x0906, "mldsa87", A::MlDsa, None),
    s(0x0911, "slhdsa_sha2_128s", A::SlhDsa, None),
    s(0x0912, "slhdsa_sha2_128f", A::SlhDsa, None),
    s(0x0913, "slhdsa_sha2_192s", A::SlhDsa, None),
    s(0x0914, "slhdsa_sha2_192f", A::SlhDsa, None),
    s(0x0915, "slhdsa_sha2_256s", A::SlhDsa, None),
    s(0x0916, "slhdsa_sha2_256f", A::SlhDsa, None),
    s(0x0917, "slhdsa_shake_128s", A::SlhDsa, None),
    s(0x0918, "slhdsa_shake_128f", A::SlhDsa, None),
    s(0x0919, "slhdsa_shake_192s", A::SlhDsa, None),
    s(0x091a, "slhdsa_shake_192f", A::SlhDsa, None),
    s(0x091b, "slhdsa_shake_256s", A::SlhDsa, None),
    s(0x091c, "slhdsa_shake_256f", A::SlhDsa, None),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_in_order_and_facts_are_what_the_names_say() {
        for pair in SCHEMES.windows(2) {
            assert!(pair[0].code < pair[1].code, "{}", pair[1].name);
        }
        for scheme in SCHEMES {
            assert_eq!(scheme.hash == Some(Sha1), scheme.name.ends_with("sha1"), "{}", scheme.name);
            assert_eq!(scheme.algorithm == A::Ecdsa, scheme.name.starts_with("ecdsa"), "{}", scheme.name);
        }
        assert!(Scheme::of(0x0203).unwrap().is_weak() && !Scheme::of(0x0403).unwrap().is_weak());
        assert!(Scheme::of(0x0905).unwrap().is_post_quantum());
    }
}
