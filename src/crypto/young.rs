//! Kinds of signature that graviola has not, verified by RustCrypto's crates: ECDSA on P-521 (FIPS 186-5), and ML-DSA
//! (FIPS 204), the post-quantum one, as RFC 9881 puts it into certificates and draft-ietf-tls-mldsa into TLS 1.3.
//!
//! Both crates are maintained and pure Rust; `ml-dsa` is young, and nobody has audited it. What it verifies is a
//! laboratory's answer.

use der::Decode;
use graviola::hashing::{Hash, Sha256, Sha384, Sha512};
use ml_dsa::{MlDsa44, MlDsa65, MlDsa87, MlDsaParams};
use p521::ecdsa::signature::hazmat::PrehashVerifier;
use rustls::SignatureScheme;
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id};

/// The same algorithms, and these.
pub(super) fn with_young_ones(known: WebPkiSupportedAlgorithms) -> WebPkiSupportedAlgorithms {
    let mut all = known.all.to_vec();
    all.extend([
        &P521 { hash: HashKind::Sha256 } as &dyn SignatureVerificationAlgorithm,
        &P521 { hash: HashKind::Sha384 },
        &P521 { hash: HashKind::Sha512 },
        &MlDsa::L44,
        &MlDsa::L65,
        &MlDsa::L87,
    ]);
    let mut mapping = known.mapping.to_vec();
    // The scheme's own curve is last choice where it is not asked for; post-quantum ones come last of all.
    mapping.extend([
        (
            SignatureScheme::ECDSA_NISTP521_SHA512,
            &[&P521 { hash: HashKind::Sha512 } as &dyn SignatureVerificationAlgorithm][..],
        ),
        (SignatureScheme::ML_DSA_44, &[&MlDsa::L44]),
        (SignatureScheme::ML_DSA_65, &[&MlDsa::L65]),
        (SignatureScheme::ML_DSA_87, &[&MlDsa::L87]),
    ]);
    // rustls wants lists that live for ever; these are made once per process.
    WebPkiSupportedAlgorithms { all: all.leak(), mapping: mapping.leak() }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HashKind {
    Sha256,
    Sha384,
    Sha512,
}

/// ECDSA on P-521 with one hash.
#[derive(Debug)]
struct P521 {
    hash: HashKind,
}

impl SignatureVerificationAlgorithm for P521 {
    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ECDSA_P521
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        match self.hash {
            HashKind::Sha256 => alg_id::ECDSA_SHA256,
            HashKind::Sha384 => alg_id::ECDSA_SHA384,
            HashKind::Sha512 => alg_id::ECDSA_SHA512,
        }
    }

    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        let key = p521::ecdsa::VerifyingKey::from_sec1_bytes(public_key).map_err(|_| InvalidSignature)?;
        let signature = p521::ecdsa::DerSignature::from_der(signature).map_err(|_| InvalidSignature)?;
        let digest = match self.hash {
            HashKind::Sha256 => Sha256::hash(message),
            HashKind::Sha384 => Sha384::hash(message),
            HashKind::Sha512 => Sha512::hash(message),
        };
        // FIPS 186-5 §6.4.2: a hash that is shorter than the order is a smaller number. The crate takes none of less than
        // half the order's bytes, so zeros stand before it.
        let mut padded = [0; 66];
        let digest = digest.as_ref();
        padded[66 - digest.len()..].copy_from_slice(digest);
        key.verify_prehash(&padded, &signature).map_err(|_| InvalidSignature)
    }
}

/// ML-DSA by its parameter set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MlDsa {
    L44,
    L65,
    L87,
}

impl SignatureVerificationAlgorithm for MlDsa {
    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        match self {
            Self::L44 => alg_id::ML_DSA_44,
            Self::L65 => alg_id::ML_DSA_65,
            Self::L87 => alg_id::ML_DSA_87,
        }
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.public_key_alg_id()
    }

    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        match self {
            Self::L44 => verify::<MlDsa44>(public_key, message, signature),
            Self::L65 => verify::<MlDsa65>(public_key, message, signature),
            Self::L87 => verify::<MlDsa87>(public_key, message, signature),
        }
    }
}

/// FIPS 204, algorithm 3, with an empty context (RFC 9881 §3).
fn verify<P: MlDsaParams>(
    public_key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), InvalidSignature> {
    let key = ml_dsa::EncodedVerifyingKey::<P>::try_from(public_key).map_err(|_| InvalidSignature)?;
    let signature = ml_dsa::Signature::<P>::try_from(signature).map_err(|_| InvalidSignature)?;
    if ml_dsa::VerifyingKey::<P>::decode(&key).verify_with_context(message, &[], &signature) {
        Ok(())
    } else {
        Err(InvalidSignature)
    }
}

#[cfg(test)]
mod tests {
    use ml_dsa::SigningKey;
    use p521::ecdsa::signature::hazmat::PrehashSigner;

    use super::*;

    fn signed<P: MlDsaParams>(by: MlDsa) {
        let key = SigningKey::<P>::from_seed(&[7; 32].into());
        let public = ml_dsa::signature::Keypair::verifying_key(&key).encode();
        let signature = key.expanded_key().sign_deterministic(b"message", &[]).unwrap().encode();
        assert!(by.verify_signature(&public, b"message", &signature).is_ok());
        assert!(by.verify_signature(&public, b"massage", &signature).is_err());
        assert!(by.verify_signature(&public, b"message", &signature[1..]).is_err());
        assert!(by.verify_signature(&public[1..], b"message", &signature).is_err());
        // A signature for another context is none for this one.
        let other = key.expanded_key().sign_deterministic(b"message", b"else").unwrap().encode();
        assert!(by.verify_signature(&public, b"message", &other).is_err());
    }

    #[test]
    fn ml_dsa_verifies_its_own_and_nothing_else() {
        signed::<MlDsa44>(MlDsa::L44);
        signed::<MlDsa65>(MlDsa::L65);
        signed::<MlDsa87>(MlDsa::L87);
    }

    #[test]
    fn p521_verifies_with_every_hash() {
        let key = p521::ecdsa::SigningKey::from_slice(&[1; 66]).unwrap();
        let public = key.verifying_key().to_sec1_point(false);
        for (hash, digest) in [
            (HashKind::Sha256, Sha256::hash(b"message").as_ref().to_vec()),
            (HashKind::Sha384, Sha384::hash(b"message").as_ref().to_vec()),
            (HashKind::Sha512, Sha512::hash(b"message").as_ref().to_vec()),
        ] {
            let padded = [vec![0; 66 - digest.len()], digest].concat();
            let signature: p521::ecdsa::Signature = key.sign_prehash(&padded).unwrap();
            let signature = signature.to_der();
            let by = P521 { hash };
            assert!(by.verify_signature(public.as_bytes(), b"message", signature.as_bytes()).is_ok());
            let changed = by.verify_signature(public.as_bytes(), b"massage", signature.as_bytes());
            assert!(changed.is_err());
        }
    }
}
