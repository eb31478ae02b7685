//! ECDSA on P-521 (FIPS 186-5), which graviola has not: verified and signed with by RustCrypto's crate.

use std::fmt;

use der::Decode;
use graviola::hashing::{Hash, Sha256, Sha384, Sha512};
use p521::ecdsa::signature::hazmat::{PrehashSigner, PrehashVerifier};
use p521::ecdsa::{DerSignature, Signature, SigningKey, VerifyingKey};
use rustls::pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id};
use zeroize::Zeroizing;

use super::random::{NoRandomness, random};

/// The bytes of a number below the curve's order.
pub const SCALAR: usize = 66;

/// The hash that is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "their names say it")]
pub enum P521Hash {
    Sha256,
    Sha384,
    Sha512,
}

impl P521Hash {
    /// FIPS 186-5 §6.4.1: a hash that is shorter than the order is a smaller number. The crate takes none of less than
    /// half the order's bytes, so zeros stand before it.
    fn of(self, message: &[u8]) -> [u8; SCALAR] {
        let digest = match self {
            Self::Sha256 => Sha256::hash(message),
            Self::Sha384 => Sha384::hash(message),
            Self::Sha512 => Sha512::hash(message),
        };
        let digest = digest.as_ref();
        let mut padded = [0; SCALAR];
        padded[SCALAR - digest.len()..].copy_from_slice(digest);
        padded
    }
}

/// ECDSA on P-521 with one hash.
#[derive(Debug)]
pub(super) struct P521 {
    pub(super) hash: P521Hash,
}

impl SignatureVerificationAlgorithm for P521 {
    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ECDSA_P521
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        match self.hash {
            P521Hash::Sha256 => alg_id::ECDSA_SHA256,
            P521Hash::Sha384 => alg_id::ECDSA_SHA384,
            P521Hash::Sha512 => alg_id::ECDSA_SHA512,
        }
    }

    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        let key = VerifyingKey::from_sec1_bytes(public_key).map_err(|_| InvalidSignature)?;
        let signature = DerSignature::from_der(signature).map_err(|_| InvalidSignature)?;
        key.verify_prehash(&self.hash.of(message), &signature).map_err(|_| InvalidSignature)
    }
}

/// A private key. Wiped when dropped, never shown.
pub struct P521Key(SigningKey);

impl P521Key {
    /// A new one, by rejection (FIPS 186-5 §A.2.2): of the numbers of 521 bits, nearly every one is below the order.
    pub fn generate() -> Result<Self, NoRandomness> {
        loop {
            let mut scalar = Zeroizing::new(random::<SCALAR>()?);
            scalar[0] &= 1;
            if let Some(key) = Self::from_scalar(&scalar) {
                return Ok(key);
            }
        }
    }

    /// The key of a number, big-endian; `None` where it is zero, or not below the order.
    pub fn from_scalar(scalar: &[u8; SCALAR]) -> Option<Self> {
        SigningKey::from_slice(scalar).ok().map(Self)
    }

    /// The number.
    pub fn scalar(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(Zeroizing::new(self.0.to_bytes()).to_vec())
    }

    /// The public point, uncompressed (SEC 1 §2.3.3).
    pub fn public_point(&self) -> Vec<u8> {
        self.0.verifying_key().to_sec1_point(false).as_bytes().to_vec()
    }

    /// Signs, in DER; the nonce is RFC 6979's.
    pub fn sign(&self, hash: P521Hash, message: &[u8]) -> Result<Vec<u8>, DoesNotSign> {
        let signature: Signature = self.0.sign_prehash(&hash.of(message)).map_err(|_| DoesNotSign)?;
        Ok(signature.to_der().as_bytes().to_vec())
    }
}

impl fmt::Debug for P521Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("P521Key(…)")
    }
}

/// No signature came of it, as with no honest key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("P-521 made no signature")]
pub struct DoesNotSign;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_hash_signs_and_verifies() {
        let key = P521Key::generate().unwrap();
        let again = P521Key::from_scalar(key.scalar().as_slice().try_into().unwrap()).unwrap();
        assert_eq!(again.public_point(), key.public_point());
        for hash in [P521Hash::Sha256, P521Hash::Sha384, P521Hash::Sha512] {
            let signature = key.sign(hash, b"message").unwrap();
            let by = P521 { hash };
            assert!(by.verify_signature(&key.public_point(), b"message", &signature).is_ok());
            assert!(by.verify_signature(&key.public_point(), b"massage", &signature).is_err());
        }
    }

    #[test]
    fn numbers_out_of_range_are_no_keys() {
        assert!(P521Key::from_scalar(&[0; SCALAR]).is_none());
        assert!(P521Key::from_scalar(&[0xff; SCALAR]).is_none());
    }
}
