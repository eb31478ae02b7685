//! Signatures on certificates and in handshakes, over the provider's algorithms.

use rustls::pki_types::SignatureVerificationAlgorithm;
use rustls::{DigitallySignedStruct, SignatureScheme};

use super::keys::{Weakness, weak_key, weak_numbers};
use super::verdict::Reason;
use crate::crypto;
use crate::pki::crl::CrlFacts;
use crate::pki::facts::{CertFacts, PublicKeyFacts, PublicKeyKind, SignatureAlgorithm};
use crate::pki::ocsp::Answer;
use crate::pki::request::RequestFacts;
use crate::tls::names;

/// How a signature came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Signed {
    /// It verifies.
    Valid,
    /// It does not.
    Invalid,
    /// It was made with a hash or key too weak to prove anything, and was not looked at.
    TooWeak(Weakness),
    /// tlslab has no implementation of this combination.
    Unsupported(String),
}

/// Whether `certificate` is signed with the key `issuer_key` (RFC 5280 §6.1.3 (a)(1)).
pub(crate) fn certificate(certificate: &CertFacts, issuer_key: &PublicKeyFacts) -> Signed {
    signed(&certificate.tbs, &certificate.signature_algorithm, &certificate.signature, issuer_key)
}

/// Whether a certificate is signed with RSA or on a curve, by what it says itself: by no other kind of key.
pub(crate) fn is_by_rsa_or_curve(certificate: &CertFacts) -> bool {
    let algorithm = certificate.signature_algorithm.algorithm_id.as_slice();
    let known = crypto::provider().signature_verification_algorithms.all;
    let is_classical = |known: &&&dyn SignatureVerificationAlgorithm| {
        let key = known.public_key_alg_id();
        CLASSICAL.iter().any(|kind| key.as_ref().starts_with(kind))
    };
    known.iter().filter(is_classical).any(|known| known.signature_alg_id().as_ref() == algorithm)
}

/// The beginnings of the AlgorithmIdentifiers of their keys: rsaEncryption, id-ecPublicKey, Ed25519.
const CLASSICAL: [&[u8]; 3] = [
    &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1],
    &[6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1],
    &[6, 3, 0x2b, 0x65, 0x70],
];

/// Whether the certificate's own key verifies its signature; `None` where that cannot be said, for tlslab does not
/// know the algorithm, or it is too weak to prove anything.
pub fn self_signed(certificate: &CertFacts) -> Option<bool> {
    match self::certificate(certificate, &certificate.public_key) {
        Signed::Valid => Some(true),
        Signed::Invalid => Some(false),
        Signed::TooWeak(_) | Signed::Unsupported(_) => None,
    }
}

/// Whether `list` is signed with the key `issuer_key` (RFC 5280 §6.3.3 (g)).
pub(super) fn list(list: &CrlFacts, issuer_key: &PublicKeyFacts) -> Signed {
    signed(&list.tbs, &list.signature_algorithm, &list.signature, issuer_key)
}

/// Whether an OCSP response is signed with the key `responder_key` (RFC 6960 §3.2).
pub(super) fn answer(answer: &Answer, responder_key: &PublicKeyFacts) -> Signed {
    signed(&answer.tbs, &answer.signature_algorithm, &answer.signature, responder_key)
}

/// Whether `request` is signed with the key that it asks to have certified (RFC 2986 §3).
pub(super) fn request(request: &RequestFacts) -> Signed {
    signed(&request.info, &request.signature_algorithm, &request.signature, &request.public_key)
}

fn signed(
    message: &[u8],
    algorithm: &SignatureAlgorithm,
    signature: &[u8],
    issuer_key: &PublicKeyFacts,
) -> Signed {
    if let Some(weakness) = weak_hash(algorithm).or_else(|| weak_numbers(issuer_key)) {
        return Signed::TooWeak(weakness);
    }
    if let Some(words) = out_of_reach(issuer_key) {
        return Signed::Unsupported(words);
    }
    let provider = crypto::provider();
    let known = provider.signature_verification_algorithms.all;
    let is_of_algorithm = |known: &&&dyn SignatureVerificationAlgorithm| {
        known.signature_alg_id().as_ref() == algorithm.algorithm_id
    };
    let is_for_key = |known: &&&dyn SignatureVerificationAlgorithm| {
        known.public_key_alg_id().as_ref() == issuer_key.algorithm_id
    };
    if !known.iter().any(|known| is_of_algorithm(&known)) || !known.iter().any(|known| is_for_key(&known)) {
        return Signed::Unsupported(format!("{} by a key of kind {}", algorithm.name, issuer_key.kind));
    }
    // Each is known, and not together: such a key makes no such signature.
    let Some(verifier) = known.iter().filter(is_of_algorithm).find(is_for_key) else {
        return Signed::Invalid;
    };
    match verifier.verify_signature(&issuer_key.bits, message, signature) {
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
    if let Some(words) = out_of_reach(key) {
        return Signed::Unsupported(words);
    }
    let pkcs1 = matches!(signed.scheme, S::RSA_PKCS1_SHA256 | S::RSA_PKCS1_SHA384 | S::RSA_PKCS1_SHA512);
    // ML-DSA has no place in TLS 1.2 (draft-ietf-tls-mldsa §3).
    let post_quantum = matches!(signed.scheme, S::ML_DSA_44 | S::ML_DSA_65 | S::ML_DSA_87);
    if (version == HandshakeVersion::Tls13 && pkcs1) || (version == HandshakeVersion::Tls12 && post_quantum) {
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
    let one_curve = matches!(signed.scheme, S::ECDSA_NISTP256_SHA256 | S::ECDSA_NISTP384_SHA384);
    let allowed = match version {
        HandshakeVersion::Tls13 if one_curve => candidates.get(..1).unwrap_or_default(),
        _ => candidates,
    };
    let Some(verifier) =
        allowed.iter().find(|candidate| candidate.public_key_alg_id().as_ref() == key.algorithm_id)
    else {
        let scheme = names::signature_scheme(signed.scheme.into());
        return Signed::Unsupported(format!("{scheme} by a key of kind {}", key.kind));
    };
    match verifier.verify_signature(&key.bits, message, signed.signature()) {
        Ok(()) => Signed::Valid,
        Err(_) => Signed::Invalid,
    }
}

/// Why the algorithm's hash is too weak (RFC 9155, RFC 6151); `None` where it is not.
pub(super) fn weak_hash(algorithm: &SignatureAlgorithm) -> Option<Weakness> {
    let name = algorithm.name.to_ascii_lowercase();
    ["md2", "md4", "md5", "sha1"].iter().any(|hash| name.contains(hash)).then(|| Weakness {
        reason: Reason::WeakSignature,
        words: format!("a signature by {}", algorithm.name),
    })
}

/// What tlslab's arithmetic does not do: nothing is said of a signature by such a key.
fn out_of_reach(key: &PublicKeyFacts) -> Option<String> {
    match key.kind {
        PublicKeyKind::Rsa { modulus_bits, .. } | PublicKeyKind::RsaPss { modulus_bits, .. }
            if modulus_bits > 16_384 =>
        {
            Some(format!("tlslab cannot check RSA keys of {modulus_bits} bits"))
        }
        PublicKeyKind::Rsa { ref exponent, .. } | PublicKeyKind::RsaPss { ref exponent, .. }
            if exponent.len() > 32 =>
        {
            Some(format!("tlslab cannot check RSA keys with an exponent of {} bytes", exponent.len()))
        }
        PublicKeyKind::Rsa { .. } | PublicKeyKind::RsaPss { .. } => {
            key.parameters_fault().map(|fault| format!("an RSA key with {fault}"))
        }
        _ => None,
    }
}
