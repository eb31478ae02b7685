//! RSA signatures by keys of any length (RFC 8017 §8.1.2, §8.2.2): the public operation, and nothing secret.
//!
//! graviola computes in steps of 64 bits and refuses, or takes for false, what keys of other lengths sign; RFC 8017
//! sets no step. Where a modulus is of another length, [`num_bigint`], which the certificate parser brings along
//! anyway, raises the signature to the public exponent. It is not constant-time and need not be. (The `rsa` crate
//! would do the same, under an advisory about its private operation, RUSTSEC-2023-0071.)

use der::asn1::{AnyRef, UintRef};
use der::{Decode, Reader};
use graviola::hashing::{Hash, Sha256, Sha384, Sha512};
use num_bigint::BigUint;
use rustls::SignatureScheme;
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id};

/// The lengths that are computed, in bits: nobody signs with more, and each bit costs time.
const BITS: std::ops::RangeInclusive<u64> = 2048..=16_384;
/// The longest public exponent, in bits (FIPS 186-5 §5.1 has no longer ones).
const EXPONENT_BITS: u64 = 256;

/// The same algorithms, those of RSA for keys of any length, and PKCS#1 v1.5 also where the NULL is missing from a
/// certificate's algorithm identifier (RFC 4055 §5: "MUST accept the parameters being absent as well as present").
pub(super) fn with_any_length(known: WebPkiSupportedAlgorithms) -> WebPkiSupportedAlgorithms {
    let any = |algorithm: &&'static dyn SignatureVerificationAlgorithm| AnyLength::over(*algorithm);
    let mut all: Vec<_> = known.all.iter().map(any).collect();
    all.extend(known.all.iter().filter_map(|algorithm| AnyLength::without_parameters(*algorithm)));
    let mapping: Vec<_> = known
        .mapping
        .iter()
        .map(|(scheme, algorithms)| (*scheme, &*algorithms.iter().map(any).collect::<Vec<_>>().leak()))
        .collect();
    // rustls wants lists that live for ever; these are made once per process.
    WebPkiSupportedAlgorithms { all: all.leak(), mapping: mapping.leak() }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Padding {
    Pkcs1,
    Pss,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Digest {
    Sha256,
    Sha384,
    Sha512,
}

/// The content of the AlgorithmIdentifier of an RSA key that is for RSASSA-PSS only, with whatever hash (RFC 4055 §3.1:
/// the parameters are absent). A key for one hash has that hash's parameters, as its signatures have.
pub const PSS_KEY: AlgorithmIdentifier =
    AlgorithmIdentifier::from_slice(&[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 10]);

/// What verifies signatures by keys that are for RSASSA-PSS only, for each scheme of TLS that has such keys (RFC 8446
/// §4.2.3): rsa_pss_pss_sha256 and its like, by their numbers, for which rustls has no names.
pub(super) fn by_keys_for_pss(
    known: &WebPkiSupportedAlgorithms,
) -> Vec<(SignatureScheme, [&'static dyn SignatureVerificationAlgorithm; 2])> {
    PSS_PSS
        .into_iter()
        .filter_map(|(scheme, identifier, digest)| {
            let provided = *known.all.iter().find(|known| known.signature_alg_id() == identifier)?;
            let by = |key| -> &'static dyn SignatureVerificationAlgorithm {
                Box::leak(Box::new(AnyLength { provided, key, identifier, padding: Padding::Pss, digest }))
            };
            Some((scheme, [by(PSS_KEY), by(identifier)]))
        })
        .collect()
}

/// rsa_pss_pss_sha256, _sha384 and _sha512.
const PSS_PSS: [(SignatureScheme, AlgorithmIdentifier, Digest); 3] = [
    (SignatureScheme::Unknown(0x0809), alg_id::RSA_PSS_SHA256, Digest::Sha256),
    (SignatureScheme::Unknown(0x080a), alg_id::RSA_PSS_SHA384, Digest::Sha384),
    (SignatureScheme::Unknown(0x080b), alg_id::RSA_PSS_SHA512, Digest::Sha512),
];

/// One scheme of RSA, over the provider's own.
#[derive(Debug)]
struct AnyLength {
    provided: &'static dyn SignatureVerificationAlgorithm,
    key: AlgorithmIdentifier,
    identifier: AlgorithmIdentifier,
    padding: Padding,
    digest: Digest,
}

impl AnyLength {
    /// The algorithm itself where it is not RSA.
    fn over(
        provided: &'static dyn SignatureVerificationAlgorithm,
    ) -> &'static dyn SignatureVerificationAlgorithm {
        let identifier = provided.signature_alg_id();
        let (padding, digest) = match identifier {
            alg_id::RSA_PKCS1_SHA256 => (Padding::Pkcs1, Digest::Sha256),
            alg_id::RSA_PKCS1_SHA384 => (Padding::Pkcs1, Digest::Sha384),
            alg_id::RSA_PKCS1_SHA512 => (Padding::Pkcs1, Digest::Sha512),
            alg_id::RSA_PSS_SHA256 => (Padding::Pss, Digest::Sha256),
            alg_id::RSA_PSS_SHA384 => (Padding::Pss, Digest::Sha384),
            alg_id::RSA_PSS_SHA512 => (Padding::Pss, Digest::Sha512),
            _ => return provided,
        };
        Box::leak(Box::new(Self { provided, key: provided.public_key_alg_id(), identifier, padding, digest }))
    }

    /// The same by an identifier that ends with the OID; `None` where the parameters matter.
    fn without_parameters(
        provided: &'static dyn SignatureVerificationAlgorithm,
    ) -> Option<&'static dyn SignatureVerificationAlgorithm> {
        let (digest, identifier): (_, &'static [u8]) = match provided.signature_alg_id() {
            alg_id::RSA_PKCS1_SHA256 => (Digest::Sha256, &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 11]),
            alg_id::RSA_PKCS1_SHA384 => (Digest::Sha384, &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 12]),
            alg_id::RSA_PKCS1_SHA512 => (Digest::Sha512, &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 13]),
            _ => return None,
        };
        let identifier = AlgorithmIdentifier::from_slice(identifier);
        let (key, padding) = (provided.public_key_alg_id(), Padding::Pkcs1);
        Some(Box::leak(Box::new(Self { provided, key, identifier, padding, digest })))
    }
}

impl SignatureVerificationAlgorithm for AnyLength {
    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.key
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.identifier
    }

    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        let key = PublicKey::read(public_key).ok_or(InvalidSignature)?;
        if key.bits.is_multiple_of(64) && key.bits <= 8192 {
            return self.provided.verify_signature(public_key, message, signature);
        }
        let encoded = key.encoded(signature).ok_or(InvalidSignature)?;
        let hash = self.digest.of(message);
        let verified = match self.padding {
            Padding::Pkcs1 => self.digest.pkcs1(&hash, encoded.len()).is_some_and(|own| own == encoded),
            Padding::Pss => self.digest.verifies_pss(&hash, &encoded, key.bits).is_some(),
        };
        if verified { Ok(()) } else { Err(InvalidSignature) }
    }
}

/// RSAEP (RFC 8017 §5.1.1) of a block that is as long as the modulus, by an RSAPublicKey in DER: without any padding, as
/// those need it who probe how padding is checked. `None` where the key, or the block, is of another length.
pub fn encrypt_unpadded(public_key: &[u8], block: &[u8]) -> Option<Vec<u8>> {
    PublicKey::read(public_key)?.encoded(block)
}

/// RSAPublicKey (RFC 8017 §A.1.1).
struct PublicKey {
    modulus: BigUint,
    exponent: BigUint,
    bits: u64,
}

impl PublicKey {
    /// `None` for one whose arithmetic would not end or prove nothing.
    fn read(key: &[u8]) -> Option<Self> {
        let (modulus, exponent) = AnyRef::from_der(key)
            .ok()?
            .sequence(|reader| {
                Ok::<_, der::Error>((reader.decode::<UintRef<'_>>()?, reader.decode::<UintRef<'_>>()?))
            })
            .ok()?;
        let modulus = BigUint::from_bytes_be(modulus.as_bytes());
        let exponent = BigUint::from_bytes_be(exponent.as_bytes());
        let bits = modulus.bits();
        let sound = modulus.bit(0) && exponent.bit(0) && (2..=EXPONENT_BITS).contains(&exponent.bits());
        (BITS.contains(&bits) && sound).then_some(Self { modulus, exponent, bits })
    }

    /// RSAVP1 (§5.2.2): what was signed, in as many bytes as the modulus has.
    fn encoded(&self, signature: &[u8]) -> Option<Vec<u8>> {
        let length = usize::try_from(self.bits.div_ceil(8)).ok()?;
        let number = BigUint::from_bytes_be(signature);
        if signature.len() != length || number >= self.modulus {
            return None;
        }
        let encoded = number.modpow(&self.exponent, &self.modulus).to_bytes_be();
        Some([vec![0; length.checked_sub(encoded.len())?], encoded].concat())
    }
}

impl Digest {
    fn of(self, data: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::hash(data).as_ref().to_vec(),
            Self::Sha384 => Sha384::hash(data).as_ref().to_vec(),
            Self::Sha512 => Sha512::hash(data).as_ref().to_vec(),
        }
    }

    /// EMSA-PKCS1-v1_5 (§9.2) of this hash.
    fn pkcs1(self, hash: &[u8], length: usize) -> Option<Vec<u8>> {
        let (number, bytes) = match self {
            Self::Sha256 => (1, 32),
            Self::Sha384 => (2, 48),
            Self::Sha512 => (3, 64),
        };
        // DigestInfo (§9.2, note 1)
        let prefix =
            [0x30, 17 + bytes, 0x30, 13, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, number, 5, 0, 4, bytes];
        // At least eight bytes of padding.
        let padding = length.checked_sub(3 + prefix.len() + hash.len()).filter(|padding| *padding >= 8)?;
        Some([&[0, 1][..], &vec![0xff; padding], &[0], &prefix, hash].concat())
    }

    /// EMSA-PSS-VERIFY (§9.1.2), with MGF1 over the same hash and a salt as long as the hash (RFC 8446 §4.2.3).
    fn verifies_pss(self, hash: &[u8], encoded: &[u8], modulus_bits: u64) -> Option<()> {
        let bits = usize::try_from(modulus_bits).ok()?.checked_sub(1)?;
        let length = bits.div_ceil(8);
        // Where the modulus has one bit more than its bytes but one, the first byte is zero.
        let (above, encoded) = encoded.split_at_checked(encoded.len().checked_sub(length)?)?;
        let (masked, rest) = encoded.split_at_checked(length.checked_sub(hash.len() + 1)?)?;
        let (own, trailer) = rest.split_at_checked(hash.len())?;
        let mut block: Vec<u8> =
            masked.iter().zip(self.mask(own, masked.len())).map(|(byte, mask)| byte ^ mask).collect();
        let unused = 8 * length - bits;
        let first = block.first_mut()?;
        *first &= 0xff >> unused;
        let clear = above.iter().all(|byte| *byte == 0) && masked.first()?.leading_zeros() as usize >= unused;
        let (padding, salt) = block.split_at_checked(block.len().checked_sub(hash.len())?)?;
        let padded = matches!(padding.split_last(), Some((1, zeros)) if zeros.iter().all(|byte| *byte == 0));
        let again = self.of(&[&[0; 8][..], hash, salt].concat());
        (clear && padded && trailer == [0xbc] && again == own).then_some(())
    }

    /// MGF1 (§B.2.1).
    fn mask(self, seed: &[u8], length: usize) -> Vec<u8> {
        let mut mask = Vec::new();
        let mut counter = 0_u32;
        while mask.len() < length {
            mask.extend(self.of(&[seed, &counter.to_be_bytes()].concat()));
            counter += 1;
        }
        mask.truncate(length);
        mask
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The arithmetic here against graviola's, for a key that both can use: the private half is graviola's.
    #[test]
    fn both_arithmetics_agree_about_each_scheme() {
        let key =
            graviola::signing::rsa::SigningKey::generate(graviola::signing::rsa::KeySize::Rsa2048).unwrap();
        let mut room = [0; 1024];
        let public = key.public_key().to_pkcs1_der(&mut room).unwrap().to_vec();
        let public = PublicKey::read(&public).unwrap();
        let mut room = [0; 256];
        let signed = key.sign_pkcs1_sha384(&mut room, b"message").unwrap().to_vec();
        let encoded = public.encoded(&signed).unwrap();
        let hash = Digest::Sha384.of(b"message");
        assert_eq!(Digest::Sha384.pkcs1(&hash, 256), Some(encoded.clone()));
        assert_ne!(Digest::Sha256.pkcs1(&Digest::Sha256.of(b"message"), 256), Some(encoded));

        let mut room = [0; 256];
        let mut signed = key.sign_pss_sha512(&mut room, b"message").unwrap().to_vec();
        let hash = Digest::Sha512.of(b"message");
        let encoded = public.encoded(&signed).unwrap();
        assert_eq!(Digest::Sha512.verifies_pss(&hash, &encoded, 2048), Some(()));
        assert_eq!(Digest::Sha512.verifies_pss(&Digest::Sha512.of(b"massage"), &encoded, 2048), None);
        signed[100] ^= 1;
        let encoded = public.encoded(&signed).unwrap_or_default();
        assert_eq!(Digest::Sha512.verifies_pss(&hash, &encoded, 2048), None);
        assert_eq!(public.encoded(&signed[1..]), None);
    }

    #[test]
    fn the_null_of_pkcs1_may_be_missing() {
        let key =
            graviola::signing::rsa::SigningKey::generate(graviola::signing::rsa::KeySize::Rsa2048).unwrap();
        let (mut room, mut signature) = ([0; 1024], [0; 256]);
        let public = key.public_key().to_pkcs1_der(&mut room).unwrap().to_vec();
        let signature = key.sign_pkcs1_sha256(&mut signature, b"message").unwrap();
        let without_null = &alg_id::RSA_PKCS1_SHA256.as_ref()[..11];
        let provider = crate::crypto::provider();
        let known = provider.signature_verification_algorithms.all;
        let verifier = known.iter().find(|known| known.signature_alg_id().as_ref() == without_null).unwrap();
        assert!(verifier.verify_signature(&public, b"message", signature).is_ok());
        assert!(verifier.verify_signature(&public, b"massage", signature).is_err());
    }

    #[test]
    fn keys_that_prove_nothing_are_not_computed_with() {
        let key = |modulus: &[u8], exponent: &[u8]| {
            let number = |bytes: &[u8]| {
                let length = u16::try_from(bytes.len()).unwrap().to_be_bytes();
                [&[2, 0x82, length[0], length[1]][..], bytes].concat()
            };
            let exponent = [&[2, u8::try_from(exponent.len()).unwrap()][..], exponent].concat();
            let content = [number(modulus), exponent].concat();
            let length = u16::try_from(content.len()).unwrap().to_be_bytes();
            PublicKey::read(&[&[0x30, 0x82, length[0], length[1]][..], &content].concat()).map(|key| key.bits)
        };
        let modulus = |bytes: usize, last: u8| [vec![0x3f; bytes - 1], vec![last]].concat();
        assert_eq!(key(&modulus(375, 1), &[1, 0, 1]), Some(2998));
        assert_eq!(key(&modulus(375, 2), &[1, 0, 1]), None, "even");
        assert_eq!(key(&modulus(375, 1), &[1]), None);
        assert_eq!(key(&modulus(375, 1), &[2]), None);
        assert_eq!(key(&modulus(375, 1), &[1; 40]), None, "a slow one");
        assert_eq!(key(&modulus(2100, 1), &[3]), None, "16,798 bits");
        assert_eq!(key(&modulus(200, 1), &[3]), None, "1,598 bits");
    }
}
