//! The encodings of private keys: what is inside.
//!
//! Everything here takes hostile bytes. What is not one of our kinds is named as exactly as its OIDs allow.

use rustls::pki_types::{AlgorithmIdentifier, alg_id};
use zeroize::Zeroizing;

use super::der::{self, Element, Walk, tag, tlv};
use super::key_algorithm::MlDsaForm;
use super::key_algorithm::SignatureHash;
use super::key_error::KeyError;
use super::kind::{KeyForm, Kind};
use super::oid::{self, Oid};
use crate::crypto::ml_dsa::{MlDsa, MlDsaKey, SEED};
use crate::crypto::rsa::PSS_KEY;

/// The secret part of a key of a kind that tlslab works with.
#[derive(Clone, Copy)]
pub(super) enum KeyMaterial<'a> {
    /// ECPrivateKey (RFC 5915) on P-256.
    EcP256 { sec1: &'a [u8] },
    /// ECPrivateKey on P-384.
    EcP384 { sec1: &'a [u8] },
    /// ECPrivateKey on P-521.
    EcP521 { sec1: &'a [u8] },
    /// The 32 bytes of RFC 8032.
    Ed25519 { seed: &'a [u8] },
    /// ML-DSA-PrivateKey (RFC 9881 §6): a seed, an expanded key, or both.
    MlDsa { set: MlDsa, seed: Option<&'a [u8; SEED]>, expanded: Option<&'a [u8]> },
    /// RSAPrivateKey (RFC 8017) of that many bits.
    Rsa { pkcs1: &'a [u8], bits: u16 },
    /// The same, for RSASSA-PSS only (RFC 4055 §1.2), with any hash or with one.
    RsaPss { pkcs1: &'a [u8], bits: u16, only: Option<SignatureHash> },
}

/// Finds the key inside PKCS#8, PKCS#1 or SEC1.
pub(super) fn read(der: &[u8]) -> Result<KeyMaterial<'_>, KeyError> {
    match Kind::of(der) {
        Kind::Key(KeyForm::Pkcs8) => {
            let broken = |_| malformed("its DER is damaged");
            let mut fields = Walk(der::only(der, tag::SEQUENCE).map_err(broken)?.content);
            fields.expect(tag::INTEGER).map_err(broken)?; // the version
            let algorithm = fields.expect(tag::SEQUENCE).map_err(broken)?;
            let secret = fields.expect(tag::OCTET_STRING).map_err(broken)?;
            // Attributes [0] and the public key [1] may follow (RFC 5958 §2); the latter is derived instead.
            private_key(algorithm.content, secret.content)
        }
        Kind::Key(KeyForm::Pkcs1) => rsa(der),
        Kind::Key(KeyForm::Sec1) => ec(sec1_curve(der)?, der),
        Kind::Key(KeyForm::EncryptedPkcs8) => Err(KeyError::Encrypted),
        Kind::DsaKey => Err(KeyError::Unsupported("DSA key".to_owned())),
        known if known.is_known() => Err(malformed(&format!("it is {}", known.words()))),
        _ => Err(malformed("expected PKCS#8, PKCS#1 or SEC1 in DER")),
    }
}

/// parameters [0] of an ECPrivateKey: the curve's identifier.
fn sec1_curve(key: &[u8]) -> Result<&[u8], KeyError> {
    let broken = |_| malformed("its DER is damaged");
    let fields = der::children(der::only(key, tag::SEQUENCE).map_err(broken)?.content).map_err(broken)?;
    let curve = fields.iter().find(|field| field.tag == tag::context(0));
    curve.map(|curve| curve.content).ok_or_else(|| malformed("its EC key names no curve"))
}

/// PKCS#8 of a private key in any of its three forms, also of a kind that tlslab cannot use.
pub(super) fn to_pkcs8(key: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let algorithm = match Kind::of(key) {
        Kind::Key(KeyForm::Pkcs8) => return Ok(Zeroizing::new(key.to_vec())),
        Kind::Key(KeyForm::Pkcs1) => der::sequence(&[&der::oid(oid::RSA), &[tag::NULL, 0]]),
        Kind::Key(KeyForm::Sec1) => der::sequence(&[&der::oid(oid::EC), sec1_curve(key)?]),
        _ => return Err(malformed("expected PKCS#8, PKCS#1 or SEC1 in DER")),
    };
    let secret = Zeroizing::new(tlv(tag::OCTET_STRING, key));
    Ok(Zeroizing::new(der::sequence(&[&[tag::INTEGER, 1, 0], &algorithm, &secret])))
}

fn private_key<'a>(identifier: &[u8], secret: &'a [u8]) -> Result<KeyMaterial<'a>, KeyError> {
    let mut algorithm = Walk(identifier);
    let kind = algorithm.oid().map_err(|_| malformed("its algorithm identifier is damaged"))?;
    if let Some(set) = MlDsa::ALL.into_iter().find(|set| identifier.starts_with(set.identifier().as_ref())) {
        return ml_dsa(set, algorithm.0, secret);
    }
    match kind {
        oid::RSA => rsa(secret),
        oid::RSA_PSS => rsa_pss(identifier, secret),
        oid::EC => ec(algorithm.0, secret),
        oid::ED25519 => match der::only(secret, tag::OCTET_STRING) {
            Ok(seed) if seed.content.len() == 32 => Ok(KeyMaterial::Ed25519 { seed: seed.content }),
            _ => Err(malformed("expected 32 bytes of Ed25519 secret")),
        },
        other => Err(KeyError::Unsupported(format!("{} key", other.name_or_dotted()))),
    }
}

/// ML-DSA-PrivateKey ::= CHOICE { seed \[0\], expandedKey, both SEQUENCE { seed, expandedKey } } (RFC 9881 §6).
fn ml_dsa<'a>(set: MlDsa, parameters: &[u8], secret: &'a [u8]) -> Result<KeyMaterial<'a>, KeyError> {
    let expected = || malformed(&format!("expected {set}'s seed, expanded key, or both (RFC 9881 §6)"));
    if !parameters.is_empty() {
        return Err(malformed(&format!("its algorithm {set} has parameters, of which it has none")));
    }
    let mut choice = Walk(secret);
    let chosen = choice.some().map_err(|_| expected())?;
    choice.end().map_err(|_| expected())?;
    let (seed, expanded) = match chosen.tag {
        SEED_TAG => (Some(chosen.content), None),
        tag::OCTET_STRING => (None, Some(chosen.content)),
        tag::SEQUENCE => match der::children(chosen.content).map_err(|_| expected())?.as_slice() {
            [seed, expanded] if [seed.tag, expanded.tag] == [tag::OCTET_STRING; 2] => {
                (Some(seed.content), Some(expanded.content))
            }
            _ => return Err(expected()),
        },
        _ => return Err(expected()),
    };
    let seed = seed.map(<&[u8; SEED]>::try_from).transpose().map_err(|_| expected())?;
    if expanded.is_some_and(|expanded| expanded.len() != set.expanded_bytes()) {
        return Err(expected());
    }
    Ok(KeyMaterial::MlDsa { set, seed, expanded })
}

/// `seed [0] OCTET STRING`, implicitly tagged.
const SEED_TAG: u8 = tag::context_primitive(0);

fn rsa_pss<'a>(identifier: &[u8], secret: &'a [u8]) -> Result<KeyMaterial<'a>, KeyError> {
    let KeyMaterial::Rsa { pkcs1, bits } = rsa(secret)? else { return Err(KeyError::Inconsistent) };
    let known = [None, Some(SignatureHash::Sha256), Some(SignatureHash::Sha384), Some(SignatureHash::Sha512)];
    let only = known.into_iter().find(|only| rsa_pss_identifier(*only).as_ref() == identifier);
    match only {
        Some(only) => Ok(KeyMaterial::RsaPss { pkcs1, bits, only }),
        None => Err(KeyError::Unsupported(
            "RSA-PSS key for another hash than SHA-256, SHA-384 or SHA-512, or another salt than TLS has"
                .to_owned(),
        )),
    }
}

/// The content of the AlgorithmIdentifier of a key for RSASSA-PSS only (RFC 4055 §3.1).
pub(super) fn rsa_pss_identifier(only: Option<SignatureHash>) -> AlgorithmIdentifier {
    match only {
        None => PSS_KEY,
        Some(SignatureHash::Sha256) => alg_id::RSA_PSS_SHA256,
        Some(SignatureHash::Sha384) => alg_id::RSA_PSS_SHA384,
        Some(SignatureHash::Sha512) => alg_id::RSA_PSS_SHA512,
    }
}

/// RSAPrivateKey ::= SEQUENCE { version, n, e, d, p, q, … }, or the traditional DSA structure of six integers.
fn rsa(der: &[u8]) -> Result<KeyMaterial<'_>, KeyError> {
    let broken = |_| malformed("its RSA numbers are damaged");
    let fields = der::children(der::only(der, tag::SEQUENCE).map_err(broken)?.content).map_err(broken)?;
    let numbers: Vec<&[u8]> = fields.iter().map_while(natural).take(9).collect();
    if numbers.len() == 6 && fields.len() == 6 {
        return Err(KeyError::Unsupported("DSA key".to_owned()));
    }
    let [version, n, e, _d, p, q, ..] = numbers.as_slice() else {
        return Err(malformed("its RSA numbers are incomplete"));
    };
    if !version.is_empty() || fields.len() > 9 {
        return Err(KeyError::Unsupported("RSA key of more than two primes".to_owned()));
    }
    if numbers.len() != 9 {
        return Err(malformed("its RSA numbers are incomplete"));
    }
    let bits = bit_length(n);
    // graviola's arithmetic takes no other lengths.
    if !(2048..=8192).contains(&bits) || !bits.is_multiple_of(64) {
        return Err(KeyError::Unsupported(format!("RSA key of {bits} bits")));
    }
    if e.len() > 4 {
        return Err(KeyError::Unsupported(format!(
            "RSA key with a public exponent of {} bits",
            bit_length(e)
        )));
    }
    // Both primes are half as long as their product: anything else is foul play, or no product of these two.
    if [p, q].iter().any(|prime| bit_length(prime) != bits.div_ceil(2)) {
        return Err(KeyError::Inconsistent);
    }
    let bits = u16::try_from(bits).map_err(|_| KeyError::Inconsistent)?;
    Ok(KeyMaterial::Rsa { pkcs1: der, bits })
}

/// The magnitude of an INTEGER that is well-formed (X.690 §8.3.2) and not negative, without leading zeros.
fn natural<'a>(element: &Element<'a>) -> Option<&'a [u8]> {
    match element.content {
        _ if element.tag != tag::INTEGER => None,
        [0] => Some(&[]),
        [0, rest @ ..] if rest[0] & 0x80 != 0 => Some(rest),
        [first, ..] if (1..0x80).contains(first) => Some(element.content),
        _ => None,
    }
}

fn ec<'a>(parameters: &[u8], sec1: &'a [u8]) -> Result<KeyMaterial<'a>, KeyError> {
    if parameters.first() == Some(&tag::SEQUENCE) {
        return Err(KeyError::Unsupported("EC key with explicit curve parameters".to_owned()));
    }
    match Walk(parameters).oid() {
        Ok(oid::P256) => Ok(KeyMaterial::EcP256 { sec1 }),
        Ok(oid::P384) => Ok(KeyMaterial::EcP384 { sec1 }),
        Ok(oid::P521) => Ok(KeyMaterial::EcP521 { sec1 }),
        Ok(other) => Err(KeyError::Unsupported(format!("EC key on {}", other.name_or_dotted()))),
        Err(_) => Err(malformed("its EC key names no curve")),
    }
}

/// The length in bits of a number without leading zeros.
fn bit_length(number: &[u8]) -> usize {
    number.len() * 8 - number.first().map_or(0, |first| first.leading_zeros() as usize)
}

/// privateKey and, where it is told, publicKey of an ECPrivateKey (RFC 5915 §3).
pub(super) fn ec_numbers(sec1: &[u8]) -> Result<(&[u8], Option<&[u8]>), KeyError> {
    let broken = |_| malformed("its EC key is damaged");
    let fields = der::children(der::only(sec1, tag::SEQUENCE).map_err(broken)?.content).map_err(broken)?;
    let [version, scalar, rest @ ..] = fields.as_slice() else {
        return Err(malformed("its EC key is incomplete"));
    };
    if (version.tag, scalar.tag) != (tag::INTEGER, tag::OCTET_STRING) {
        return Err(malformed("its EC key is damaged"));
    }
    let point = rest.iter().find(|field| field.tag == tag::context(1));
    let point = point.map(|point| der::only(point.content, tag::BIT_STRING)).transpose().map_err(broken)?;
    Ok((scalar.content, point.and_then(|point| point.content.get(1..))))
}

/// ECPrivateKey of a number and its point; the curve is PKCS#8's to name.
pub(super) fn ec_private_key(scalar: &[u8], point: &[u8]) -> Zeroizing<Vec<u8>> {
    let scalar = Zeroizing::new(tlv(tag::OCTET_STRING, scalar));
    let point = tlv(tag::context(1), &der::bit_string(point));
    Zeroizing::new(der::sequence(&[&[tag::INTEGER, 1, 1], &scalar, &point]))
}

/// ML-DSA-PrivateKey in one of its forms; `None` where a seed is asked for and not known.
pub(super) fn ml_dsa_private_key(key: &MlDsaKey, form: MlDsaForm) -> Option<Zeroizing<Vec<u8>>> {
    let expanded = || Zeroizing::new(tlv(tag::OCTET_STRING, &key.expanded()));
    Some(match form {
        MlDsaForm::Expanded => expanded(),
        MlDsaForm::Seed => Zeroizing::new(tlv(SEED_TAG, key.seed()?)),
        MlDsaForm::Both => {
            let seed = Zeroizing::new(tlv(tag::OCTET_STRING, key.seed()?));
            Zeroizing::new(der::sequence(&[&seed, &expanded()]))
        }
    })
}

/// PKCS#8 (RFC 5958 §2), version 1, of a secret; `identifier` is the content of the AlgorithmIdentifier.
pub(super) fn pkcs8(identifier: &[u8], secret: &[u8]) -> Zeroizing<Vec<u8>> {
    let secret = Zeroizing::new(tlv(tag::OCTET_STRING, secret));
    let algorithm = der::sequence(&[identifier]);
    Zeroizing::new(der::sequence(&[&[tag::INTEGER, 1, 0], &algorithm, &secret]))
}

/// SubjectPublicKeyInfo (RFC 5280 §4.1.2.7); `identifier` as for [`pkcs8`].
pub(super) fn public_key_info(identifier: &[u8], key: &[u8]) -> Vec<u8> {
    der::sequence(&[&der::sequence(&[identifier]), &der::bit_string(key)])
}

/// The bytes of a SubjectPublicKeyInfo's BIT STRING.
pub(super) fn public_key_bits(spki: &[u8]) -> Result<&[u8], der::Error> {
    let mut fields = Walk(der::only(spki, tag::SEQUENCE)?.content);
    fields.expect(tag::SEQUENCE)?;
    fields.expect(tag::BIT_STRING)?.content.get(1..).ok_or(der::Error::Incomplete)
}

/// Whether a SubjectPublicKeyInfo is rsaEncryption's (RFC 3279 §2.3.1).
pub(super) fn is_rsa_public_key(spki: &[u8]) -> bool {
    algorithm(spki).is_ok_and(|oid| oid == oid::RSA)
}

/// The OID of the AlgorithmIdentifier that a SubjectPublicKeyInfo or EncryptedPrivateKeyInfo begins with.
fn algorithm(der: &[u8]) -> Result<Oid, der::Error> {
    Walk(Walk(der::only(der, tag::SEQUENCE)?.content).expect(tag::SEQUENCE)?.content).oid()
}

fn malformed(why: &str) -> KeyError {
    KeyError::Malformed(why.to_owned())
}

#[cfg(test)]
mod tests {
    use std::sync::OnceLock;

    use proptest::prelude::*;

    use super::super::key::{KeyAlgorithm, PrivateKey};
    use super::*;

    fn key(algorithm: KeyAlgorithm) -> PrivateKey {
        PrivateKey::generate(algorithm).unwrap()
    }

    fn rsa_2048() -> &'static [u8] {
        static DER: OnceLock<Vec<u8>> = OnceLock::new();
        DER.get_or_init(|| key(KeyAlgorithm::Rsa2048).to_pkcs8_der().to_vec())
    }

    fn refused(der: &[u8]) -> String {
        PrivateKey::from_der(der).unwrap_err().to_string()
    }

    const OURS: &str =
        "expected RSA of 2048 to 8192 bits in steps of 64, EC on P-256, P-384 or P-521, Ed25519, or ML-DSA";

    /// PKCS#8 of an algorithm, its parameters and a secret.
    fn wrapped(kind: Oid, parameters: &[u8], secret: &[u8]) -> Vec<u8> {
        der::sequence(&[
            &[2, 1, 0],
            &der::sequence(&[&der::oid(kind), parameters]),
            &tlv(tag::OCTET_STRING, secret),
        ])
    }

    #[test]
    fn other_kinds_are_named() {
        let number = |bytes: usize| tlv(tag::INTEGER, &[&[0x7f][..], &vec![1; bytes - 1]].concat());
        let rsa = |bytes| {
            let half = number(bytes / 2);
            let n = number(bytes);
            der::sequence(&[&[2, 1, 0], &n, &[2, 1, 3], &n, &half, &half, &half, &half, &half])
        };
        let dsa = der::sequence(&[&[2, 1, 0], &number(128), &number(20), &number(9), &number(9), &number(9)]);
        let curve = der::oid;
        for (der, expected) in [
            (rsa(128), "RSA key of 1023 bits"),
            (rsa(1100), "RSA key of 8799 bits"),
            (rsa(375), "RSA key of 2999 bits"),
            (wrapped(oid::RSA, &[5, 0], &rsa(128)), "RSA key of 1023 bits"),
            (dsa, "DSA key"),
            (wrapped(oid::DSA, &[], &[]), "DSA key"),
            (wrapped(oid::ED448, &[], &[]), "Ed448 key"),
            (wrapped(Oid::dotted("1.2.3.4"), &[], &[]), "1.2.3.4 key"),
            (wrapped(oid::EC, &curve(oid::SECP256K1), &[]), "EC key on secp256k1"),
            (wrapped(oid::EC, &der::sequence(&[]), &[]), "EC key with explicit curve parameters"),
            (der::sequence(&[&[2, 1, 1], &[4, 1, 1], &tlv(0xa0, &curve(oid::P224))]), "EC key on P-224"),
        ] {
            assert_eq!(refused(&der), format!("{expected}: {OURS}"));
        }
    }

    #[test]
    fn what_is_no_key_is_said_to_be_none() {
        for (der, expected) in [
            (&b""[..], "not a private key: expected PKCS#8, PKCS#1 or SEC1 in DER"),
            (b"hello", "not a private key: expected PKCS#8, PKCS#1 or SEC1 in DER"),
            (key(KeyAlgorithm::Ed25519).public_key_info(), "not a private key: it is a public key"),
            (
                &wrapped(oid::ED25519, &[], &[4, 2, 0, 0]),
                "not a private key: expected 32 bytes of Ed25519 secret",
            ),
            (&wrapped(oid::EC, &[], &[]), "not a private key: its EC key names no curve"),
            (&der::sequence(&[&[2, 1, 1], &[4, 1, 1]]), "not a private key: its EC key names no curve"),
        ] {
            assert_eq!(refused(der), expected);
        }
    }

    #[test]
    fn pkcs1_is_read_and_damage_is_found() {
        let KeyMaterial::Rsa { pkcs1, bits } = read(rsa_2048()).unwrap() else { panic!("RSA expected") };
        assert_eq!(bits, 2048);
        assert_eq!(PrivateKey::from_der(pkcs1).unwrap().to_pkcs8_der().as_slice(), rsa_2048());
        // One bit of one prime: the structure is sound, the numbers are not.
        let mut damaged = rsa_2048().to_vec();
        let middle = damaged.len() - 400;
        damaged[middle] ^= 4;
        assert_eq!(PrivateKey::from_der(&damaged).unwrap_err(), KeyError::Inconsistent);
    }

    #[test]
    fn version_2_with_a_public_key_and_attributes_are_read() {
        let v1 = key(KeyAlgorithm::Ed25519).to_pkcs8_der();
        let content = der::only(&v1, tag::SEQUENCE).unwrap().content;
        let v2 = der::sequence(&[&[2, 1, 1], &content[3..], &tlv(0xa0, &[]), &tlv(0x81, &[0; 33])]);
        assert_eq!(PrivateKey::from_der(&v2).unwrap().to_pkcs8_der(), v1);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn damaged_keys_are_read_or_refused(position in 0usize..1300, byte in any::<u8>(), cut in 0usize..40) {
            let mut der = rsa_2048().to_vec();
            let position = position % der.len();
            der[position] = byte;
            der.truncate(der.len() - cut.saturating_sub(20));
            let _ = PrivateKey::from_der(&der);
        }

        #[test]
        fn arbitrary_bytes_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(PrivateKey::from_der(&bytes).is_err());
            prop_assert!(read(&der::sequence(&[&[2, 1, 0], &bytes])).is_err());
        }
    }
}
