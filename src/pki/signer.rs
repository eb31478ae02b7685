//! The arithmetic behind a private key: whose it is, and how each kind is made, read, written down and signed with.

use graviola::hashing::{Sha256, Sha384, Sha512};
use graviola::signing::ecdsa::{self, P256, P384};
use graviola::signing::eddsa::Ed25519SigningKey;
use graviola::signing::rsa;
use rustls::pki_types::alg_id;
use zeroize::Zeroizing;

use super::der::{self, Walk, tag};
use super::key_algorithm::{KeyAlgorithm, MlDsaForm, SignatureHash, UnknownAlgorithm};
use super::key_der::{self, KeyMaterial};
use super::key_error::KeyError;
use crate::crypto::NoRandomness;
use crate::crypto::ml_dsa::MlDsaKey;
use crate::crypto::p521::{self, P521Hash, P521Key};

/// A key of one kind.
pub(super) enum Signer {
    EcP256(ecdsa::SigningKey<P256>),
    EcP384(ecdsa::SigningKey<P384>),
    EcP521(P521Key),
    Ed25519(Ed25519SigningKey),
    MlDsa(MlDsaKey),
    Rsa(Box<rsa::SigningKey>),
    /// For RSASSA-PSS only, with any hash or with one.
    RsaPss(Box<rsa::SigningKey>, Option<SignatureHash>),
}

/// Room for the largest thing that graviola writes: the PKCS#8 of an 8192-bit RSA key takes 4.7 KiB.
const ROOM: usize = 8192;

impl Signer {
    pub(super) fn generate(algorithm: KeyAlgorithm) -> Result<Self, KeyError> {
        let unknown = || KeyError::from(UnknownAlgorithm(algorithm.to_string()));
        match algorithm {
            KeyAlgorithm::EcP256 => ecdsa::SigningKey::generate().map(Self::EcP256),
            KeyAlgorithm::EcP384 => ecdsa::SigningKey::generate().map(Self::EcP384),
            KeyAlgorithm::EcP521 => return Ok(Self::EcP521(P521Key::generate()?)),
            KeyAlgorithm::Ed25519 => Ed25519SigningKey::generate().map(Self::Ed25519),
            KeyAlgorithm::MlDsa(set) => return Ok(Self::MlDsa(MlDsaKey::generate(set)?)),
            KeyAlgorithm::RsaPss { bits, only } => {
                let size = size(bits).ok_or_else(unknown)?;
                rsa::SigningKey::generate(size).map(|key| Self::RsaPss(Box::new(key), only))
            }
            other => {
                let size = other.rsa_bits().and_then(size).ok_or_else(unknown)?;
                rsa::SigningKey::generate(size).map(Box::new).map(Self::Rsa)
            }
        }
        .map_err(generation)
    }

    /// The key of what was read, tried out where its numbers could contradict each other.
    pub(super) fn read(material: KeyMaterial<'_>) -> Result<(Self, KeyAlgorithm), KeyError> {
        let damaged = |_| KeyError::Inconsistent;
        let read = match material {
            KeyMaterial::EcP256 { sec1 } => {
                let key = ecdsa::SigningKey::from_sec1_der(sec1).map_err(damaged)?;
                (Self::EcP256(key), KeyAlgorithm::EcP256)
            }
            KeyMaterial::EcP384 { sec1 } => {
                let key = ecdsa::SigningKey::from_sec1_der(sec1).map_err(damaged)?;
                (Self::EcP384(key), KeyAlgorithm::EcP384)
            }
            KeyMaterial::EcP521 { sec1 } => (Self::EcP521(read_p521(sec1)?), KeyAlgorithm::EcP521),
            KeyMaterial::Ed25519 { seed } => {
                (Self::Ed25519(Ed25519SigningKey::from_bytes(seed).map_err(damaged)?), KeyAlgorithm::Ed25519)
            }
            KeyMaterial::MlDsa { set, seed, expanded } => {
                let key = match (seed, expanded) {
                    (Some(seed), _) => MlDsaKey::from_seed(set, seed),
                    (None, Some(expanded)) => {
                        MlDsaKey::from_expanded(set, expanded).ok_or(KeyError::Inconsistent)?
                    }
                    (None, None) => return Err(KeyError::Inconsistent),
                };
                // RFC 9881 §6: where both are there, they are the same key.
                if expanded.is_some_and(|expanded| key.expanded().as_slice() != expanded) {
                    return Err(KeyError::Inconsistent);
                }
                (Self::MlDsa(key), KeyAlgorithm::MlDsa(set))
            }
            KeyMaterial::Rsa { pkcs1, bits } => (Self::Rsa(read_rsa(pkcs1)?), of_bits(bits)),
            KeyMaterial::RsaPss { pkcs1, bits, only } => {
                (Self::RsaPss(read_rsa(pkcs1)?, only), KeyAlgorithm::RsaPss { bits, only })
            }
        };
        Ok(read)
    }

    /// Signs with the hash, where the kind has not its own.
    pub(super) fn sign(&self, hash: SignatureHash, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        use SignatureHash as H;
        let does_not = |error: &dyn ToString| KeyError::Signing(error.to_string());
        let mut room = [0; ROOM];
        let signature = match (self, hash) {
            (Self::EcP256(key), H::Sha256) => key.sign_asn1::<Sha256>(&[message], &mut room),
            (Self::EcP256(key), H::Sha384) => key.sign_asn1::<Sha384>(&[message], &mut room),
            (Self::EcP256(key), H::Sha512) => key.sign_asn1::<Sha512>(&[message], &mut room),
            (Self::EcP384(key), H::Sha256) => key.sign_asn1::<Sha256>(&[message], &mut room),
            (Self::EcP384(key), H::Sha384) => key.sign_asn1::<Sha384>(&[message], &mut room),
            (Self::EcP384(key), H::Sha512) => key.sign_asn1::<Sha512>(&[message], &mut room),
            (Self::EcP521(key), hash) => {
                return key.sign(p521_hash(hash), message).map_err(|error| does_not(&error));
            }
            (Self::Ed25519(key), _) => return Ok(key.sign(message).to_vec()),
            (Self::MlDsa(key), _) => return key.sign(message).map_err(|error| does_not(&error)),
            (Self::Rsa(key), _) => match (room.get_mut(..key.modulus_len_bytes()), hash) {
                (None, _) => Err(graviola::Error::WrongLength),
                (Some(room), H::Sha256) => key.sign_pkcs1_sha256(room, message),
                (Some(room), H::Sha384) => key.sign_pkcs1_sha384(room, message),
                (Some(room), H::Sha512) => key.sign_pkcs1_sha512(room, message),
            },
            (Self::RsaPss(key, _), _) => match (room.get_mut(..key.modulus_len_bytes()), hash) {
                (None, _) => Err(graviola::Error::WrongLength),
                (Some(room), H::Sha256) => key.sign_pss_sha256(room, message),
                (Some(room), H::Sha384) => key.sign_pss_sha384(room, message),
                (Some(room), H::Sha512) => key.sign_pss_sha512(room, message),
            },
        };
        signature.map(<[u8]>::to_vec).map_err(|error| does_not(&error))
    }

    /// The SubjectPublicKeyInfo in DER.
    pub(super) fn public_key_info(&self) -> Result<Vec<u8>, KeyError> {
        let mut room = [0; ROOM];
        let written = match self {
            Self::EcP256(key) => key.to_spki_der(&mut room),
            Self::EcP384(key) => key.to_spki_der(&mut room),
            Self::EcP521(key) => {
                return Ok(key_der::public_key_info(alg_id::ECDSA_P521.as_ref(), &key.public_point()));
            }
            Self::Ed25519(key) => key.public_key().to_spki_der(&mut room),
            Self::MlDsa(key) => {
                return Ok(key_der::public_key_info(key.set().identifier().as_ref(), &key.public_key()));
            }
            Self::Rsa(key) => key.public_key().to_spki_der(&mut room),
            Self::RsaPss(key, only) => {
                let public = key.public_key();
                let public = public.to_pkcs1_der(&mut room).map_err(generation)?;
                return Ok(key_der::public_key_info(key_der::rsa_pss_identifier(*only).as_ref(), public));
            }
        };
        written.map(<[u8]>::to_vec).map_err(generation)
    }

    /// The key as PKCS#8 DER; of ML-DSA the seed, where it is known.
    pub(super) fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let mut room = Zeroizing::new([0; ROOM]);
        let written = match self {
            Self::EcP256(key) => key.to_pkcs8_der(room.as_mut()),
            Self::EcP384(key) => key.to_pkcs8_der(room.as_mut()),
            Self::EcP521(key) => {
                let sec1 = key_der::ec_private_key(&key.scalar(), &key.public_point());
                return Ok(key_der::pkcs8(alg_id::ECDSA_P521.as_ref(), &sec1));
            }
            // graviola writes PKCS#8 v2 with the public key, which Java and older openssl refuse.
            Self::Ed25519(key) => {
                let seed = Zeroizing::new(der::tlv(tag::OCTET_STRING, &*Zeroizing::new(key.as_seed())));
                return Ok(key_der::pkcs8(alg_id::ED25519.as_ref(), &seed));
            }
            Self::MlDsa(key) => {
                let form = if key.seed().is_some() { MlDsaForm::Seed } else { MlDsaForm::Expanded };
                let secret = key_der::ml_dsa_private_key(key, form).ok_or(KeyError::Inconsistent)?;
                return Ok(key_der::pkcs8(key.set().identifier().as_ref(), &secret));
            }
            Self::Rsa(key) => key.to_pkcs8_der(room.as_mut()),
            Self::RsaPss(key, only) => {
                let whole = key.to_pkcs8_der(room.as_mut()).map_err(generation)?;
                let pkcs1 = secret_of(whole).ok_or(KeyError::Inconsistent)?;
                return Ok(key_der::pkcs8(key_der::rsa_pss_identifier(*only).as_ref(), pkcs1));
            }
        };
        written.map(|der| Zeroizing::new(der.to_vec())).map_err(generation)
    }
}

fn size(bits: u16) -> Option<rsa::KeySize> {
    Some(match bits {
        2048 => rsa::KeySize::Rsa2048,
        3072 => rsa::KeySize::Rsa3072,
        4096 => rsa::KeySize::Rsa4096,
        8192 => rsa::KeySize::Rsa8192,
        _ => return None,
    })
}

fn of_bits(bits: u16) -> KeyAlgorithm {
    match bits {
        2048 => KeyAlgorithm::Rsa2048,
        3072 => KeyAlgorithm::Rsa3072,
        4096 => KeyAlgorithm::Rsa4096,
        8192 => KeyAlgorithm::Rsa8192,
        bits => KeyAlgorithm::RsaOther { bits },
    }
}

/// RSA's private operation is checked by its inverse, which takes in every number. Public keys of curves are derived
/// from the secret, so there is nothing to contradict.
fn read_rsa(pkcs1: &[u8]) -> Result<Box<rsa::SigningKey>, KeyError> {
    let damaged = |_| KeyError::Inconsistent;
    let key = rsa::SigningKey::from_pkcs1_der(pkcs1).map_err(damaged)?;
    let mut room = [0; ROOM];
    let room = room.get_mut(..key.modulus_len_bytes()).ok_or(KeyError::Inconsistent)?;
    let signature = key.sign_pkcs1_sha256(room, b"tlslab").map_err(damaged)?;
    key.public_key().verify_pkcs1_sha256(signature, b"tlslab").map_err(damaged)?;
    Ok(Box::new(key))
}

/// RFC 5915 §3 writes the number in as many bytes as the order has; leading zeros that somebody left out are put back.
fn read_p521(sec1: &[u8]) -> Result<P521Key, KeyError> {
    let (number, point) = key_der::ec_numbers(sec1)?;
    let start = p521::SCALAR.checked_sub(number.len()).ok_or(KeyError::Inconsistent)?;
    let mut scalar = Zeroizing::new([0; p521::SCALAR]);
    scalar[start..].copy_from_slice(number);
    let key = P521Key::from_scalar(&scalar).ok_or(KeyError::Inconsistent)?;
    // Compressed points are not compared.
    let foreign = point.is_some_and(|point| point.first() == Some(&4) && point != key.public_point());
    if foreign { Err(KeyError::Inconsistent) } else { Ok(key) }
}

fn p521_hash(hash: SignatureHash) -> P521Hash {
    match hash {
        SignatureHash::Sha256 => P521Hash::Sha256,
        SignatureHash::Sha384 => P521Hash::Sha384,
        SignatureHash::Sha512 => P521Hash::Sha512,
    }
}

/// What a PKCS#8 structure holds.
fn secret_of(pkcs8: &[u8]) -> Option<&[u8]> {
    let mut fields = Walk(der::only(pkcs8, tag::SEQUENCE).ok()?.content);
    fields.expect(tag::INTEGER).ok()?;
    fields.expect(tag::SEQUENCE).ok()?;
    Some(fields.expect(tag::OCTET_STRING).ok()?.content)
}

fn generation(error: graviola::Error) -> KeyError {
    match error {
        graviola::Error::RngFailed => KeyError::NoRandomness(NoRandomness),
        error => KeyError::Generation(error.to_string()),
    }
}
