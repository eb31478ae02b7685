//! Signatures on certificates and in handshakes, over the provider's algorithms.

use rustls::{DigitallySignedStruct, SignatureScheme};

use crate::crypto;
use crate::pki::facts::{CertFacts, PublicKeyFacts, PublicKeyKind, SignatureAlgorithm};

/// The shortest RSA modulus that counts as strong (RFC 9325 §4.5), in bits.
pub(super) const MIN_RSA_BITS: u32 = 2048;

/// How a signature came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Signed {
    /// It verifies.
    Valid,
    /// It does not.
    Invalid,
    /// It was made with a hash or key too weak to prove anything, and was not looked at.
    TooWeak(String),
    /// tlslab has no implementation of this combination.
    Unsupported(String),
}

/// Whether `certificate` is signed with the key `issuer_key` (RFC 5280 §6.1.3 (a)(1)).
pub(super) fn certificate(certificate: &CertFacts, issuer_key: &PublicKeyFacts) -> Signed {
    let algorithm = &certificate.signature_algorithm;
    if let Some(weakness) = weak_hash(algorithm).or_else(|| weak_key(issuer_key)) {
        return Signed::TooWeak(weakness);
    }
    let provider = crypto::provider();
    let Some(verifier) = provider.signature_verification_algorithms.all.iter().find(|candidate| {
        candidate.public_key_alg_id().as_ref() == issuer_key.algorithm_id
            && candidate.signature_alg_id().as_ref() == algorithm.algorithm_id
    }) else {
        return Signed::Unsupported(format!("{} by a key of kind {}", algorithm.name, issuer_key.kind));
    };
    match verifier.verify_signature(&issuer_key.bits, &certificate.tbs, &certificate.signature) {
        Ok(()) => Signed::Valid,
        Err(_) => Signed::Invalid,
    }
}

/// The TLS version whose rules a handshake signature follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HandshakeVersion {
    /// RFC 5246 §7.4.3: ServerKeyExchange; ECDSA schemes do not fix the curve.
    Tls12,
    /// RFC 8446 §4.4.3: CertificateVerify; ECDSA schemes fix the curve, PKCS#1 v1.5 is out.
    Tls13,
}

/// Whether the peer holds the private key of `key`.
pub(super) fn handshake(
    message: &[u8],
    key: &PublicKeyFacts,
    signed: &DigitallySignedStruct,
    version: HandshakeVersion,
) -> Signed {
    use SignatureScheme as S;
    if let Some(weakness) = weak_key(key) {
        return Signed::TooWeak(weakness);
    }
    let pkcs1 = matches!(signed.scheme, S::RSA_PKCS1_SHA256 | S::RSA_PKCS1_SHA384 | S::RSA_PKCS1_SHA512);
    if version == HandshakeVersion::Tls13 && pkcs1 {
        return Signed::Invalid;
    }
    let provider = crypto::provider();
    let algorithms = &provider.signature_verification_algorithms;
    let candidates = algorithms
        .mapping
        .iter()
        .find(|(scheme, _)| *scheme == signed.scheme)
        .map_or(&[][..], |(_, candidates)| *candidates);
    // The first of the mapping is the one with the scheme's own curve.
    let allowed = match version {
        HandshakeVersion::Tls12 => candidates,
        HandshakeVersion::Tls13 => candidates.get(..1).unwrap_or_default(),
    };
    let Some(verifier) =
        allowed.iter().find(|candidate| candidate.public_key_alg_id().as_ref() == key.algorithm_id)
    else {
        return Signed::Unsupported(format!("{:?} by a key of kind {}", signed.scheme, key.kind));
    };
    match verifier.verify_signature(&key.bits, message, signed.signature()) {
        Ok(()) => Signed::Valid,
        Err(_) => Signed::Invalid,
    }
}

/// Why the algorithm's hash is too weak; `None` where it is not.
pub(super) fn weak_hash(algorithm: &SignatureAlgorithm) -> Option<String> {
    let name = algorithm.name.to_ascii_lowercase();
    ["md2", "md4", "md5", "sha1"]
        .iter()
        .any(|hash| name.contains(hash))
        .then(|| format!("a signature by {}", algorithm.name))
}

/// Why the key is too weak; `None` where it is not.
pub(super) fn weak_key(key: &PublicKeyFacts) -> Option<String> {
    match key.kind {
        PublicKeyKind::Rsa { modulus_bits, .. } if modulus_bits < MIN_RSA_BITS => {
            Some(format!("an RSA key of {modulus_bits} bits"))
        }
        _ => None,
    }
}
