//! Signatures on certificates and in handshakes, over the provider's algorithms.

use rustls::pki_types::SignatureVerificationAlgorithm;
use rustls::{DigitallySignedStruct, SignatureScheme};

use super::verdict::Reason;
use crate::crypto;
use crate::pki::facts::{CertFacts, PublicKeyFacts, PublicKeyKind, SignatureAlgorithm};
use crate::pki::oid::{self, Oid};
use crate::pki::request::RequestFacts;

/// The shortest RSA modulus that counts as strong (RFC 9325 §4.5), in bits.
pub(super) const MIN_RSA_BITS: u32 = 2048;

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

/// Why a hash or a key proves nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Weakness {
    /// [`Reason::WeakKey`] or [`Reason::WeakSignature`].
    pub(crate) reason: Reason,
    /// What is weak, as a noun.
    pub(crate) words: String,
}

/// Whether `certificate` is signed with the key `issuer_key` (RFC 5280 §6.1.3 (a)(1)).
pub(crate) fn certificate(certificate: &CertFacts, issuer_key: &PublicKeyFacts) -> Signed {
    signed(&certificate.tbs, &certificate.signature_algorithm, &certificate.signature, issuer_key)
}

/// Whether the certificate's own key verifies its signature; `None` where that cannot be said, for tlslab does not
/// know the algorithm, or it is too weak to prove anything.
pub fn self_signed(certificate: &CertFacts) -> Option<bool> {
    match self::certificate(certificate, &certificate.public_key) {
        Signed::Valid => Some(true),
        Signed::Invalid => Some(false),
        Signed::TooWeak(_) | Signed::Unsupported(_) => None,
    }
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
    if let Some(weakness) = weak_hash(algorithm).or_else(|| weak_key(issuer_key)) {
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

/// Why the algorithm's hash is too weak (RFC 9155, RFC 6151); `None` where it is not.
pub(super) fn weak_hash(algorithm: &SignatureAlgorithm) -> Option<Weakness> {
    let name = algorithm.name.to_ascii_lowercase();
    ["md2", "md4", "md5", "sha1"].iter().any(|hash| name.contains(hash)).then(|| Weakness {
        reason: Reason::WeakSignature,
        words: format!("a signature by {}", algorithm.name),
    })
}

/// Why the key is too weak, or none that can sign a TLS 1.2 or 1.3 handshake; `None` where it is fit.
pub(crate) fn weak_key(key: &PublicKeyFacts) -> Option<Weakness> {
    let words = match &key.kind {
        PublicKeyKind::Rsa { modulus_bits, exponent } => weak_rsa(*modulus_bits, exponent)?,
        // RFC 8422 §5.1.1, RFC 8446 §4.2.3: P-192, secp256k1 and most others are gone; explicit parameters choose
        // their own arithmetic and have never been allowed (RFC 5480 §2.1.1).
        PublicKeyKind::Ec { curve } if !TLS_CURVES.contains(&curve.as_str()) => {
            format!("a key on the curve {curve}, which TLS does not have")
        }
        PublicKeyKind::Other(kind) if NOT_FOR_TLS.contains(kind) => {
            format!("a key of the kind {}, which cannot sign a handshake", kind.name_or_dotted())
        }
        PublicKeyKind::Ec { .. } | PublicKeyKind::Ed25519 | PublicKeyKind::Other(_) => return None,
    };
    Some(Weakness { reason: Reason::WeakKey, words })
}

/// What tlslab's arithmetic does not do: nothing is said of a signature by such a key.
fn out_of_reach(key: &PublicKeyFacts) -> Option<String> {
    match key.kind {
        PublicKeyKind::Rsa { modulus_bits, .. } if modulus_bits > 16_384 => {
            Some(format!("tlslab cannot check RSA keys of {modulus_bits} bits"))
        }
        PublicKeyKind::Rsa { ref exponent, .. } if exponent.len() > 32 => {
            Some(format!("tlslab cannot check RSA keys with an exponent of {} octets", exponent.len()))
        }
        _ => None,
    }
}

/// The curves of RFC 8446 §4.2.3 and of RFC 8734.
const TLS_CURVES: [&str; 6] =
    ["P-256", "P-384", "P-521", "brainpoolP256r1", "brainpoolP384r1", "brainpoolP512r1"];

/// Keys that have no signature scheme in TLS 1.3: DSA (removed, RFC 8446 §1.2), and those that agree on secrets and
/// sign nothing.
const NOT_FOR_TLS: [Oid; 5] =
    [oid::DSA, oid::DIFFIE_HELLMAN, oid::DIFFIE_HELLMAN_X9_42, oid::X25519, oid::X448];

fn weak_rsa(modulus_bits: u32, exponent: &[u8]) -> Option<String> {
    if modulus_bits < MIN_RSA_BITS {
        Some(format!("an RSA key of {modulus_bits} bits"))
    } else if matches!(exponent, [] | [1]) || exponent.last().is_some_and(|octet| octet.is_multiple_of(2)) {
        // RFC 8017 §3.1: odd, and at least 3. With 1, every message is its own signature.
        Some("an RSA key whose exponent is not an odd number from 3 up".to_owned())
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weakness(kind: PublicKeyKind) -> Option<String> {
        let key = PublicKeyFacts { kind, spki: Vec::new(), algorithm_id: Vec::new(), bits: Vec::new() };
        weak_key(&key).map(|weakness| weakness.words)
    }

    #[test]
    fn keys_that_prove_nothing() {
        let rsa =
            |modulus_bits, exponent: &[u8]| PublicKeyKind::Rsa { modulus_bits, exponent: exponent.to_vec() };
        let curve = |curve: &str| PublicKeyKind::Ec { curve: curve.to_owned() };
        for (kind, found) in [
            (rsa(2047, &[1, 0, 1]), "an RSA key of 2047 bits"),
            (rsa(2048, &[1]), "an RSA key whose exponent is not an odd number from 3 up"),
            (rsa(2048, &[]), "an RSA key whose exponent is not an odd number from 3 up"),
            (rsa(2048, &[1, 0]), "an RSA key whose exponent is not an odd number from 3 up"),
            (curve("secp256k1"), "a key on the curve secp256k1, which TLS does not have"),
            (curve("explicit parameters"), "a key on the curve explicit parameters, which TLS does not have"),
            (PublicKeyKind::Other(oid::DSA), "a key of the kind DSA, which cannot sign a handshake"),
        ] {
            assert_eq!(weakness(kind).as_deref(), Some(found));
        }
        for kind in [
            rsa(2048, &[3]),
            rsa(2450, &[3]),
            rsa(3072, &[1, 0, 1]),
            curve("P-256"),
            curve("P-521"),
            PublicKeyKind::Ed25519,
        ] {
            assert_eq!(weakness(kind.clone()), None, "{kind}");
        }
    }
}
