//! ML-DSA (FIPS 204), the post-quantum signature, as RFC 9881 puts it into certificates and draft-ietf-tls-mldsa into
//! TLS 1.3: verified and signed with by RustCrypto's crate.
//!
//! The crate is maintained and pure Rust; it is young, and nobody has audited it: [`NOTICE`] says so wherever it is used.

use std::fmt;

use ml_dsa::signature::rand_core::{TryCryptoRng, TryRng};
use ml_dsa::{ExpandedSigningKey, MlDsa44, MlDsa65, MlDsa87, MlDsaParams};
use rustls::SignatureScheme;
use rustls::pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id};
use zeroize::Zeroizing;

use super::random::{NoRandomness, random};

/// What is said, once a run, where a key or a signature of this kind was dealt with.
pub const NOTICE: &str = "ML-DSA is computed by the crate ml-dsa, which is young and not audited: fit for a laboratory, not for secrets \
     that matter";

/// The bytes of a seed, of every parameter set (FIPS 204 §4).
pub const SEED: usize = 32;

/// ML-DSA by its parameter set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MlDsa {
    /// ML-DSA-44, security category 2.
    L44,
    /// ML-DSA-65, category 3.
    L65,
    /// ML-DSA-87, category 5.
    L87,
}

impl MlDsa {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::L44, Self::L65, Self::L87];

    /// The number in its name: of the matrix' rows and columns.
    pub fn number(self) -> u8 {
        match self {
            Self::L44 => 44,
            Self::L65 => 65,
            Self::L87 => 87,
        }
    }

    /// The content of its AlgorithmIdentifier, of keys and signatures alike (RFC 9881 §2): an OID and no parameters.
    pub fn identifier(self) -> AlgorithmIdentifier {
        match self {
            Self::L44 => alg_id::ML_DSA_44,
            Self::L65 => alg_id::ML_DSA_65,
            Self::L87 => alg_id::ML_DSA_87,
        }
    }

    /// Its scheme in TLS 1.3 (draft-ietf-tls-mldsa §3).
    pub fn scheme(self) -> SignatureScheme {
        match self {
            Self::L44 => SignatureScheme::ML_DSA_44,
            Self::L65 => SignatureScheme::ML_DSA_65,
            Self::L87 => SignatureScheme::ML_DSA_87,
        }
    }

    /// The bytes of an expanded private key (FIPS 204, table 2).
    pub fn expanded_bytes(self) -> usize {
        match self {
            Self::L44 => 2560,
            Self::L65 => 4032,
            Self::L87 => 4896,
        }
    }

    /// Where the small coefficients stand in an expanded private key (FIPS 204, algorithm 24), the bits of one, and the
    /// largest value that is one: 2η.
    fn small_coefficients(self) -> (std::ops::Range<usize>, u32, u32) {
        const HEAD: usize = 32 + 32 + 64; // ρ, K and tr
        let (k, l, bits, largest) = match self {
            Self::L44 => (4, 4, 3, 4),
            Self::L65 => (6, 5, 4, 8),
            Self::L87 => (8, 7, 3, 4),
        };
        (HEAD..HEAD + (k + l) * 32 * bits as usize, bits, largest)
    }
}

impl fmt::Display for MlDsa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ML-DSA-{}", self.number())
    }
}

impl SignatureVerificationAlgorithm for MlDsa {
    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.identifier()
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.identifier()
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

/// A private key. Wiped when dropped, never shown.
pub struct MlDsaKey {
    set: MlDsa,
    seed: Option<Zeroizing<[u8; SEED]>>,
    key: Box<dyn Signing>,
}

impl MlDsaKey {
    /// A new one.
    pub fn generate(set: MlDsa) -> Result<Self, NoRandomness> {
        Ok(Self::from_seed(set, &Zeroizing::new(random()?)))
    }

    /// The key that a seed stands for (FIPS 204, algorithm 6).
    pub fn from_seed(set: MlDsa, seed: &[u8; SEED]) -> Self {
        let expand: fn(&[u8; SEED]) -> Box<dyn Signing> = match set {
            MlDsa::L44 => expand::<MlDsa44>,
            MlDsa::L65 => expand::<MlDsa65>,
            MlDsa::L87 => expand::<MlDsa87>,
        };
        Self { set, seed: Some(Zeroizing::new(*seed)), key: expand(seed) }
    }

    /// The key of an expanded form (FIPS 204, algorithm 25); `None` where it is none: of another length, with
    /// coefficients out of range, or not signing what its own public key verifies.
    pub fn from_expanded(set: MlDsa, expanded: &[u8]) -> Option<Self> {
        if expanded.len() != set.expanded_bytes() || !in_range(set, expanded) {
            return None;
        }
        let key = match set {
            MlDsa::L44 => decode::<MlDsa44>(expanded)?,
            MlDsa::L65 => decode::<MlDsa65>(expanded)?,
            MlDsa::L87 => decode::<MlDsa87>(expanded)?,
        };
        // Its hash of the public key, and the low bits of the public vector, are written down and could be anything. Wrong
        // low bits spoil some signatures only: about one in three where one coefficient is far off.
        let public_key = key.public_key();
        for _ in 0..32 {
            let signature = key.sign(b"tlslab").ok()?;
            set.verify_signature(&public_key, b"tlslab", &signature).ok()?;
        }
        Some(Self { set, seed: None, key })
    }

    /// Its parameter set.
    pub fn set(&self) -> MlDsa {
        self.set
    }

    /// The public key's bytes.
    pub fn public_key(&self) -> Vec<u8> {
        self.key.public_key()
    }

    /// The seed; `None` where only the expanded form was there, which does not tell it.
    pub fn seed(&self) -> Option<&[u8; SEED]> {
        self.seed.as_deref()
    }

    /// The expanded form.
    pub fn expanded(&self) -> Zeroizing<Vec<u8>> {
        self.key.expanded()
    }

    /// Signs with an empty context (RFC 9881 §3) and fresh randomness, the hedged variant that FIPS 204 §3.4 prefers.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, DoesNotSign> {
        self.key.sign(message)
    }
}

impl fmt::Debug for MlDsaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MlDsaKey({}, …)", self.set)
    }
}

/// No signature came of it: the system gave no random bytes, or every attempt was rejected, as with no honest key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("ML-DSA made no signature")]
pub struct DoesNotSign;

/// The expanded key of one parameter set.
trait Signing: Send + Sync {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, DoesNotSign>;
    fn public_key(&self) -> Vec<u8>;
    fn expanded(&self) -> Zeroizing<Vec<u8>>;
}

impl<P: MlDsaParams> Signing for ExpandedSigningKey<P>
where
    Self: Send + Sync,
{
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, DoesNotSign> {
        let signature = self.sign_randomized(message, &[], &mut SystemRandom).map_err(|_| DoesNotSign)?;
        Ok(signature.encode().to_vec())
    }

    fn public_key(&self) -> Vec<u8> {
        self.verifying_key().encode().to_vec()
    }

    fn expanded(&self) -> Zeroizing<Vec<u8>> {
        #[expect(deprecated, reason = "RFC 9881 §6 has this form, and others write it")]
        let expanded = Zeroizing::new(self.to_expanded());
        Zeroizing::new(expanded.to_vec())
    }
}

fn expand<P: MlDsaParams>(seed: &[u8; SEED]) -> Box<dyn Signing>
where
    ExpandedSigningKey<P>: Signing + 'static,
{
    Box::new(ExpandedSigningKey::<P>::from_seed(seed.into()))
}

fn decode<P: MlDsaParams>(expanded: &[u8]) -> Option<Box<dyn Signing>>
where
    ExpandedSigningKey<P>: Signing + 'static,
{
    #[expect(
        deprecated,
        reason = "RFC 9881 §6 has this form; what it leaves unchecked is checked by its caller"
    )]
    let key = ExpandedSigningKey::<P>::from_expanded(expanded.try_into().ok()?);
    Some(Box::new(key))
}

/// Whether every small coefficient is one: the crate takes them for granted.
fn in_range(set: MlDsa, expanded: &[u8]) -> bool {
    let (small, bits, largest) = set.small_coefficients();
    let mut waiting = (0_u32, 0_u32); // bits not yet looked at, and how many
    expanded.get(small).is_some_and(|bytes| {
        bytes.iter().all(|byte| {
            waiting = (waiting.0 | u32::from(*byte) << waiting.1, waiting.1 + 8);
            let mut sound = true;
            while waiting.1 >= bits {
                sound &= waiting.0 & ((1 << bits) - 1) <= largest;
                waiting = (waiting.0 >> bits, waiting.1 - bits);
            }
            sound
        })
    })
}

/// The operating system's generator, as RustCrypto asks for it.
struct SystemRandom;

impl TryRng for SystemRandom {
    type Error = NoRandomness;

    fn try_next_u32(&mut self) -> Result<u32, NoRandomness> {
        random().map(u32::from_le_bytes)
    }

    fn try_next_u64(&mut self) -> Result<u64, NoRandomness> {
        random().map(u64::from_le_bytes)
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), NoRandomness> {
        graviola::random::fill(dst).map_err(|_| NoRandomness)
    }
}

impl TryCryptoRng for SystemRandom {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_set_verifies_its_own_and_nothing_else() {
        for set in MlDsa::ALL {
            let key = MlDsaKey::from_seed(set, &[7; SEED]);
            let public = key.public_key();
            let signature = key.sign(b"message").unwrap();
            assert!(set.verify_signature(&public, b"message", &signature).is_ok());
            assert!(set.verify_signature(&public, b"massage", &signature).is_err());
            assert!(set.verify_signature(&public, b"message", &signature[1..]).is_err());
            assert!(set.verify_signature(&public[1..], b"message", &signature).is_err());
            assert_ne!(key.sign(b"message").unwrap(), signature, "hedged");
            assert_eq!(format!("{key:?}"), format!("MlDsaKey({set}, …)"));
        }
    }

    #[test]
    fn a_signature_for_another_context_is_none_for_this_one() {
        let key = ml_dsa::SigningKey::<MlDsa65>::from_seed(&[7; SEED].into());
        let public = ml_dsa::signature::Keypair::verifying_key(&key).encode();
        let other = key.expanded_key().sign_deterministic(b"message", b"else").unwrap().encode();
        assert!(MlDsa::L65.verify_signature(&public, b"message", &other).is_err());
    }

    #[test]
    fn an_expanded_key_is_the_same_and_a_damaged_one_none() {
        for set in MlDsa::ALL {
            let seeded = MlDsaKey::from_seed(set, &[7; SEED]);
            let expanded = seeded.expanded();
            let read = MlDsaKey::from_expanded(set, &expanded).unwrap();
            assert_eq!((read.public_key(), read.seed()), (seeded.public_key(), None));
            assert_eq!(read.expanded(), expanded);
            assert!(MlDsaKey::from_expanded(set, &expanded[1..]).is_none());
            // ρ, tr, the first and last small coefficient, and the last of the low bits.
            let (small, ..) = set.small_coefficients();
            for byte in [0, 64, small.start, small.end - 1, expanded.len() - 1] {
                let mut damaged = expanded.clone();
                damaged[byte] ^= 0xff;
                assert!(MlDsaKey::from_expanded(set, &damaged).is_none(), "{set}, byte {byte}");
            }
        }
    }
}
