//! The encodings of private keys: which one it is, what is inside, and PBES2 around it.
//!
//! Everything here takes hostile bytes. What is not one of our kinds is named as exactly as its OIDs allow.

use der::asn1::{ObjectIdentifier, UintRef};
use der::{Decode, Encode, ErrorKind, Reader, SliceReader};
use pkcs8::EncryptedPrivateKeyInfoRef;
use pkcs8::pkcs5::{self, EncryptionScheme, pbes2};
use zeroize::Zeroizing;

use super::key::{KeyError, Passphrase};
use super::tlv::{self, tlv};

/// The rounds of PBKDF2-HMAC-SHA256 that OWASP advises, and that a new key.pem takes.
const ROUNDS: u32 = 600_000;
/// The most rounds that are followed when reading: some ten seconds.
const MAX_ROUNDS: u32 = 20_000_000;
/// The most memory that scrypt is given, in octets.
const MAX_SCRYPT_MEMORY: u64 = 256 << 20;
/// The most work that scrypt is given, in multiples of that memory.
const MAX_SCRYPT_PARALLEL: u16 = 16;

const INTEGER: u8 = 2;
const BIT_STRING: u8 = 3;
const OCTET_STRING: u8 = 4;

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const PBES2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.13");

/// The secret part of a key of a kind that tlslab works with.
#[derive(Debug)]
pub(super) enum KeyMaterial<'a> {
    /// ECPrivateKey (RFC 5915) on P-256.
    EcP256 { sec1: &'a [u8] },
    /// ECPrivateKey on P-384.
    EcP384 { sec1: &'a [u8] },
    /// The 32 octets of RFC 8032.
    Ed25519 { seed: &'a [u8] },
    /// RSAPrivateKey (RFC 8017) of that many bits.
    Rsa { pkcs1: &'a [u8], bits: u16 },
}

/// What a DER file may hold, by its outermost structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// `SEQUENCE { SEQUENCE { OID …`, then an OCTET STRING.
    EncryptedPkcs8,
    /// `SEQUENCE { INTEGER 3, SEQUENCE …` (RFC 7292).
    Pkcs12,
    /// `SEQUENCE { INTEGER, …`.
    PrivateKey,
    /// `SEQUENCE { SEQUENCE { [0] or INTEGER …`.
    Certificate,
    /// `SEQUENCE { SEQUENCE { OID …`, then a BIT STRING.
    PublicKey,
}

/// Which of the known structures `der` begins like.
pub(super) fn shape(der: &[u8]) -> Option<Shape> {
    let (outer, rest) = enter(der).ok()?;
    if !rest.is_empty() {
        return None;
    }
    let mut outer = SliceReader::new(outer).ok()?;
    match tlv::read_any(&mut outer).ok()? {
        (INTEGER, [3]) => Some(Shape::Pkcs12),
        (INTEGER, _) => Some(Shape::PrivateKey),
        (tlv::SEQUENCE, inner) => match inner.first()? {
            &tlv::OID => match tlv::read_any(&mut outer).ok()? {
                (OCTET_STRING, _) => Some(Shape::EncryptedPkcs8),
                (BIT_STRING, _) => Some(Shape::PublicKey),
                _ => None,
            },
            0xa0 | &INTEGER => Some(Shape::Certificate),
            _ => None,
        },
        _ => None,
    }
}

/// Finds the key inside PKCS#8, PKCS#1 or SEC1.
pub(super) fn read(der: &[u8]) -> Result<KeyMaterial<'_>, KeyError> {
    match shape(der) {
        Some(Shape::PrivateKey) => {}
        Some(Shape::EncryptedPkcs8) => return Err(KeyError::Encrypted),
        Some(Shape::Certificate) => return Err(malformed("it is a certificate")),
        Some(Shape::Pkcs12) => return Err(malformed("it is a PKCS#12 bundle")),
        Some(Shape::PublicKey) => return Err(malformed("it is a public key")),
        None => return Err(malformed("expected PKCS#8, PKCS#1 or SEC1 in DER")),
    }
    let broken = |_| malformed("its DER is damaged");
    let (content, _) = enter(der).map_err(broken)?;
    let mut reader = SliceReader::new(content).map_err(broken)?;
    tlv::read_any(&mut reader).map_err(broken)?; // the version
    match tlv::read_any(&mut reader).map_err(broken)? {
        (tlv::SEQUENCE, algorithm) => {
            let secret = tlv::read(&mut reader, OCTET_STRING).map_err(broken)?;
            // Attributes [0] and the public key [1] may follow (RFC 5958 §2); the latter is derived instead.
            pkcs8(algorithm, secret)
        }
        (INTEGER, _) => rsa(der),
        (OCTET_STRING, _) => {
            // parameters [0]
            let (tag, curve) =
                tlv::read_any(&mut reader).map_err(|_| malformed("its EC key names no curve"))?;
            if tag != 0xa0 {
                return Err(malformed("its EC key names no curve"));
            }
            ec(curve, der)
        }
        _ => Err(malformed("expected PKCS#8, PKCS#1 or SEC1 in DER")),
    }
}

fn pkcs8<'a>(algorithm: &'a [u8], secret: &'a [u8]) -> Result<KeyMaterial<'a>, KeyError> {
    let broken = |_| malformed("its algorithm identifier is damaged");
    let mut reader = SliceReader::new(algorithm).map_err(broken)?;
    let oid: ObjectIdentifier = reader.decode().map_err(broken)?;
    let parameters =
        algorithm.get(usize::try_from(reader.position()).unwrap_or_default()..).unwrap_or_default();
    match oid {
        RSA => rsa(secret),
        EC => ec(parameters, secret),
        ED25519 => match enter_as(secret, OCTET_STRING) {
            Ok((seed, [])) if seed.len() == 32 => Ok(KeyMaterial::Ed25519 { seed }),
            _ => Err(malformed("expected 32 octets of Ed25519 secret")),
        },
        other => Err(KeyError::Unsupported(format!("{} key", name(&other)))),
    }
}

/// RSAPrivateKey ::= SEQUENCE { version, n, e, d, p, q, … }, or the traditional DSA structure of six integers.
fn rsa(der: &[u8]) -> Result<KeyMaterial<'_>, KeyError> {
    let broken = |_| malformed("its RSA numbers are damaged");
    let (content, rest) = enter(der).map_err(broken)?;
    let mut reader = SliceReader::new(content).map_err(broken)?;
    let mut numbers = Vec::new();
    while !reader.is_finished() && numbers.len() < 9 {
        numbers.push(reader.decode::<UintRef<'_>>().map_err(broken)?);
    }
    if numbers.len() == 6 {
        return Err(KeyError::Unsupported("DSA key".to_owned()));
    }
    let [version, n, e, _d, p, q, ..] = numbers.as_slice() else {
        return Err(malformed("its RSA numbers are incomplete"));
    };
    if version.as_bytes() != [0] || !reader.is_finished() {
        return Err(KeyError::Unsupported("RSA key of more than two primes".to_owned()));
    }
    if numbers.len() != 9 || !rest.is_empty() {
        return Err(malformed("its RSA numbers are incomplete"));
    }
    let bits = bit_length(n);
    if !(2048..=8192).contains(&bits) {
        return Err(KeyError::Unsupported(format!("RSA key of {bits} bits")));
    }
    if e.as_bytes().len() > 4 {
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

fn ec<'a>(parameters: &[u8], sec1: &'a [u8]) -> Result<KeyMaterial<'a>, KeyError> {
    if parameters.first() == Some(&tlv::SEQUENCE) {
        return Err(KeyError::Unsupported("EC key with explicit curve parameters".to_owned()));
    }
    match ObjectIdentifier::from_der(parameters) {
        Ok(P256) => Ok(KeyMaterial::EcP256 { sec1 }),
        Ok(P384) => Ok(KeyMaterial::EcP384 { sec1 }),
        Ok(other) => Err(KeyError::Unsupported(format!("EC key on {}", name(&other)))),
        Err(_) => Err(malformed("its EC key names no curve")),
    }
}

fn bit_length(number: &UintRef<'_>) -> usize {
    let octets = number.as_bytes();
    let leading = octets.first().map_or(0, |first| first.leading_zeros() as usize);
    octets.len() * 8 - leading
}

/// PKCS#8 of an Ed25519 seed (RFC 8410 §7), version 1.
pub(super) fn ed25519_pkcs8(seed: &[u8; 32]) -> Zeroizing<Vec<u8>> {
    let secret = Zeroizing::new(tlv(OCTET_STRING, seed));
    let secret = Zeroizing::new(tlv(OCTET_STRING, &secret));
    let algorithm = tlv::sequence(&[&tlv(tlv::OID, ED25519.as_bytes())]);
    Zeroizing::new(tlv::sequence(&[&[INTEGER, 1, 0], &algorithm, &secret]))
}

/// The octets of a SubjectPublicKeyInfo's BIT STRING.
pub(super) fn public_key_bits(spki: &[u8]) -> Result<&[u8], der::Error> {
    let (content, _) = enter(spki)?;
    let mut reader = SliceReader::new(content)?;
    tlv::read(&mut reader, tlv::SEQUENCE)?;
    let bits = tlv::read(&mut reader, BIT_STRING)?;
    bits.get(1..).ok_or_else(|| {
        reader.error(ErrorKind::Incomplete { expected_len: 1u8.into(), actual_len: 0u8.into() })
    })
}

/// Whether a SubjectPublicKeyInfo is rsaEncryption's (RFC 3279 §2.3.1).
pub(super) fn is_rsa_public_key(spki: &[u8]) -> bool {
    algorithm(spki).is_ok_and(|oid| oid == RSA)
}

/// PBES2 around PKCS#8: PBKDF2-HMAC-SHA256, AES-256-CBC.
pub(super) fn encrypt(pkcs8: &[u8], passphrase: &Passphrase) -> Result<Vec<u8>, KeyError> {
    let salt: [u8; 16] = crate::crypto::random()?;
    let iv: [u8; 16] = crate::crypto::random()?;
    let failed = |error: pkcs5::Error| KeyError::Generation(error.to_string());
    let parameters =
        pbes2::Parameters::generate_pbkdf2_sha256_aes256cbc(ROUNDS, &salt, iv).map_err(failed)?;
    let encrypted = parameters.encrypt(passphrase.as_bytes(), pkcs8).map_err(failed)?;
    let failed = |error: der::Error| KeyError::Generation(error.to_string());
    let scheme = EncryptionScheme::from(parameters).to_der().map_err(failed)?;
    Ok(tlv::sequence(&[&scheme, &tlv(OCTET_STRING, &encrypted)]))
}

/// Undoes PBES2; gives PKCS#8.
pub(super) fn decrypt(der: &[u8], passphrase: &Passphrase) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    match shape(der) {
        Some(Shape::EncryptedPkcs8) => {}
        _ => return Err(malformed("expected encrypted PKCS#8 in DER")),
    }
    let scheme = algorithm(der).map_err(|_| malformed("its encryption scheme is damaged"))?;
    let info = EncryptedPrivateKeyInfoRef::try_from(der).map_err(|error| match error {
        pkcs8::Error::Asn1(error) => match error.kind() {
            ErrorKind::OidUnknown { oid } => KeyError::UnsupportedEncryption(name(&oid)),
            _ if scheme == PBES2 => malformed(&format!("its PBES2 parameters are damaged ({error})")),
            _ => KeyError::UnsupportedEncryption(name(&scheme)),
        },
        _ => KeyError::UnsupportedEncryption(name(&scheme)),
    })?;
    let EncryptionScheme::Pbes2(parameters) = &info.encryption_algorithm else {
        return Err(KeyError::UnsupportedEncryption(name(&scheme)));
    };
    bounded(parameters)?;
    let mut buffer = Zeroizing::new(info.encrypted_data.as_bytes().to_vec());
    let length = match parameters.decrypt_in_place(passphrase.as_bytes(), &mut buffer) {
        Ok(plain) => plain.len(),
        Err(pkcs5::Error::UnsupportedAlgorithm { oid }) => {
            return Err(KeyError::UnsupportedEncryption(name(&oid)));
        }
        Err(pkcs5::Error::AlgorithmParametersInvalid { .. }) => {
            return Err(malformed("its PBES2 parameters are damaged"));
        }
        Err(_) => return Err(KeyError::WrongPassphrase),
    };
    buffer.truncate(length);
    // One wrong key in 256 gives padding that looks right; what is inside then does not.
    if shape(&buffer) == Some(Shape::PrivateKey) { Ok(buffer) } else { Err(KeyError::WrongPassphrase) }
}

/// The OID of the AlgorithmIdentifier that a SubjectPublicKeyInfo or EncryptedPrivateKeyInfo begins with.
fn algorithm(der: &[u8]) -> Result<ObjectIdentifier, der::Error> {
    let mut content = SliceReader::new(enter(der)?.0)?;
    SliceReader::new(tlv::read(&mut content, tlv::SEQUENCE)?)?.decode()
}

/// Refuses parameters that would keep us busy for minutes or take all memory.
fn bounded(parameters: &pbes2::Parameters) -> Result<(), KeyError> {
    match &parameters.kdf {
        pbes2::Kdf::Pbkdf2(kdf) if kdf.iteration_count > MAX_ROUNDS => Err(malformed(&format!(
            "expected at most {MAX_ROUNDS} rounds of PBKDF2, found {}",
            kdf.iteration_count
        ))),
        pbes2::Kdf::Scrypt(kdf)
            if kdf.cost_parameter.saturating_mul(128 * u64::from(kdf.block_size)) > MAX_SCRYPT_MEMORY
                || kdf.parallelization > MAX_SCRYPT_PARALLEL =>
        {
            Err(malformed("its scrypt parameters ask for more than 256 MiB"))
        }
        _ => Ok(()),
    }
}

fn enter(der: &[u8]) -> Result<(&[u8], &[u8]), der::Error> {
    enter_as(der, tlv::SEQUENCE)
}

/// Content of the element at the start, and what follows it.
fn enter_as(der: &[u8], tag: u8) -> Result<(&[u8], &[u8]), der::Error> {
    let mut reader = SliceReader::new(der)?;
    let content = tlv::read(&mut reader, tag)?;
    let rest = reader.read_slice(reader.remaining_len())?;
    Ok((content, rest))
}

fn malformed(why: &str) -> KeyError {
    KeyError::Malformed(why.to_owned())
}

/// What people call an algorithm or curve, or its dotted OID.
fn name(oid: &ObjectIdentifier) -> String {
    const NAMES: [(&str, &str); 46] = [
        ("1.2.840.10040.4.1", "DSA"),
        ("1.2.840.113549.1.1.7", "RSA-OAEP"),
        ("1.2.840.113549.1.1.10", "RSA-PSS"),
        ("1.2.840.113549.1.3.1", "Diffie-Hellman"),
        ("1.2.840.10046.2.1", "Diffie-Hellman (X9.42)"),
        ("1.3.101.110", "X25519"),
        ("1.3.101.111", "X448"),
        ("1.3.101.113", "Ed448"),
        ("2.16.840.1.101.3.4.3.17", "ML-DSA-44"),
        ("2.16.840.1.101.3.4.3.18", "ML-DSA-65"),
        ("2.16.840.1.101.3.4.3.19", "ML-DSA-87"),
        ("1.2.840.10045.3.1.1", "P-192"),
        ("1.3.132.0.33", "P-224"),
        ("1.3.132.0.35", "P-521"),
        ("1.3.132.0.10", "secp256k1"),
        ("1.3.36.3.3.2.8.1.1.7", "brainpoolP256r1"),
        ("1.3.36.3.3.2.8.1.1.11", "brainpoolP384r1"),
        ("1.3.36.3.3.2.8.1.1.13", "brainpoolP512r1"),
        ("1.2.156.10197.1.301", "SM2"),
        ("1.2.840.113549.1.5.1", "PBES1 with MD2 and DES"),
        ("1.2.840.113549.1.5.3", "PBES1 with MD5 and DES"),
        ("1.2.840.113549.1.5.4", "PBES1 with MD2 and RC2"),
        ("1.2.840.113549.1.5.6", "PBES1 with MD5 and RC2"),
        ("1.2.840.113549.1.5.10", "PBES1 with SHA-1 and DES"),
        ("1.2.840.113549.1.5.11", "PBES1 with SHA-1 and RC2"),
        ("1.2.840.113549.1.12.1.1", "PKCS#12 RC4-128"),
        ("1.2.840.113549.1.12.1.2", "PKCS#12 RC4-40"),
        ("1.2.840.113549.1.12.1.3", "PKCS#12 3DES"),
        ("1.2.840.113549.1.12.1.4", "PKCS#12 3DES with two keys"),
        ("1.2.840.113549.1.12.1.5", "PKCS#12 RC2-128"),
        ("1.2.840.113549.1.12.1.6", "PKCS#12 RC2-40"),
        ("1.2.840.113549.2.12", "HMAC-SHA512/224"),
        ("1.2.840.113549.2.13", "HMAC-SHA512/256"),
        ("2.16.840.1.101.3.4.2.14", "HMAC-SHA3-256"),
        ("1.3.14.3.2.7", "DES-CBC"),
        ("1.2.840.113549.3.2", "RC2-CBC"),
        ("1.2.840.113549.3.4", "RC4"),
        ("1.2.840.113549.3.7", "3DES-CBC"),
        ("2.16.840.1.101.3.4.1.26", "AES-192-GCM"),
        ("1.2.392.200011.61.1.1.1.2", "Camellia-128-CBC"),
        ("1.2.392.200011.61.1.1.1.3", "Camellia-192-CBC"),
        ("1.2.392.200011.61.1.1.1.4", "Camellia-256-CBC"),
        ("1.2.410.200046.1.1.2", "ARIA-128-CBC"),
        ("1.2.410.200046.1.1.7", "ARIA-192-CBC"),
        ("1.2.410.200046.1.1.12", "ARIA-256-CBC"),
        ("1.2.156.10197.1.104.2", "SM4-CBC"),
    ];
    let dotted = oid.to_string();
    NAMES.iter().find(|(known, _)| *known == dotted).map_or(dotted, |(_, name)| (*name).to_owned())
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

    fn encrypted() -> &'static [u8] {
        static DER: OnceLock<Vec<u8>> = OnceLock::new();
        DER.get_or_init(|| key(KeyAlgorithm::EcP256).to_encrypted_der(&secret()).unwrap())
    }

    fn secret() -> Passphrase {
        Passphrase::new("correct horse".to_owned())
    }

    fn refused(der: &[u8]) -> String {
        PrivateKey::from_der(der).unwrap_err().to_string()
    }

    const OURS: &str = "expected RSA of 2048 to 8192 bits, EC on P-256 or P-384, or Ed25519";

    /// PKCS#8 of an algorithm, its parameters and a secret.
    fn wrapped(oid: &str, parameters: &[u8], secret: &[u8]) -> Vec<u8> {
        let oid = tlv(tlv::OID, ObjectIdentifier::new(oid).unwrap().as_bytes());
        tlv::sequence(&[&[2, 1, 0], &tlv::sequence(&[&oid, parameters]), &tlv(OCTET_STRING, secret)])
    }

    #[test]
    fn encryption_is_what_the_command_line_promises() {
        let key = key(KeyAlgorithm::EcP256);
        let der = key.to_encrypted_der(&secret()).unwrap();
        let info = EncryptedPrivateKeyInfoRef::try_from(der.as_slice()).unwrap();
        let parameters = info.encryption_algorithm.pbes2().unwrap();
        let kdf = parameters.kdf.pbkdf2().unwrap();
        assert_eq!((kdf.iteration_count, kdf.prf), (600_000, pbes2::Pbkdf2Prf::HmacWithSha256));
        assert!(matches!(parameters.encryption, pbes2::EncryptionScheme::Aes256Cbc { .. }));
        let again = PrivateKey::from_encrypted_der(&der, &secret()).unwrap();
        assert_eq!(again.to_pkcs8_der(), key.to_pkcs8_der());
        assert_eq!(
            PrivateKey::from_encrypted_der(&der, &Passphrase::new("wrong".to_owned())).unwrap_err(),
            KeyError::WrongPassphrase
        );
        assert_eq!(PrivateKey::from_der(&der).unwrap_err(), KeyError::Encrypted);
    }

    #[test]
    fn other_kinds_are_named() {
        let number = |octets: usize| tlv(INTEGER, &[&[0x7f][..], &vec![1; octets - 1]].concat());
        let rsa = |octets| {
            let half = number(octets / 2);
            let n = number(octets);
            tlv::sequence(&[&[2, 1, 0], &n, &[2, 1, 3], &n, &half, &half, &half, &half, &half])
        };
        let dsa = tlv::sequence(&[&[2, 1, 0], &number(128), &number(20), &number(9), &number(9), &number(9)]);
        let curve = |oid: &str| tlv(tlv::OID, ObjectIdentifier::new(oid).unwrap().as_bytes());
        let ec = "1.2.840.10045.2.1";
        for (der, expected) in [
            (rsa(128), "RSA key of 1023 bits"),
            (rsa(1100), "RSA key of 8799 bits"),
            (wrapped("1.2.840.113549.1.1.1", &[5, 0], &rsa(128)), "RSA key of 1023 bits"),
            (dsa, "DSA key"),
            (wrapped("1.2.840.10040.4.1", &[], &[]), "DSA key"),
            (wrapped("1.3.101.113", &[], &[]), "Ed448 key"),
            (wrapped("1.2.3.4", &[], &[]), "1.2.3.4 key"),
            (wrapped(ec, &curve("1.3.132.0.35"), &[]), "EC key on P-521"),
            (wrapped(ec, &curve("1.3.132.0.10"), &[]), "EC key on secp256k1"),
            (wrapped(ec, &tlv::sequence(&[]), &[]), "EC key with explicit curve parameters"),
            (tlv::sequence(&[&[2, 1, 1], &[4, 1, 1], &tlv(0xa0, &curve("1.3.132.0.35"))]), "EC key on P-521"),
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
                &wrapped("1.3.101.112", &[], &[4, 2, 0, 0]),
                "not a private key: expected 32 octets of Ed25519 secret",
            ),
            (&wrapped("1.2.840.10045.2.1", &[], &[]), "not a private key: its EC key names no curve"),
            (&tlv::sequence(&[&[2, 1, 1], &[4, 1, 1]]), "not a private key: its EC key names no curve"),
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
        let (content, _) = enter(&v1).unwrap();
        let v2 = tlv::sequence(&[&[2, 1, 1], &content[3..], &tlv(0xa0, &[]), &tlv(0x81, &[0; 33])]);
        assert_eq!(PrivateKey::from_der(&v2).unwrap().to_pkcs8_der(), v1);
    }

    #[test]
    fn unknown_encryption_is_named() {
        let scheme = |oid: &str, parameters: &[u8]| {
            let oid = tlv(tlv::OID, ObjectIdentifier::new(oid).unwrap().as_bytes());
            tlv::sequence(&[&tlv::sequence(&[&oid, parameters]), &tlv(OCTET_STRING, &[0; 16])])
        };
        let pkcs12 = tlv::sequence(&[&tlv(OCTET_STRING, &[0; 8]), &[2, 1, 1]]);
        for (der, expected) in [
            (scheme("1.2.840.113549.1.12.1.3", &pkcs12), "encrypted with PKCS#12 3DES: "),
            (scheme("1.2.840.113549.1.5.3", &pkcs12), "encrypted with PBES1 with MD5 and DES: "),
            (scheme("1.2.3", &[]), "encrypted with 1.2.3: "),
            (scheme("1.2.840.113549.1.5.13", &[]), "not a private key: its PBES2 parameters are damaged"),
        ] {
            let message = PrivateKey::from_encrypted_der(&der, &secret()).unwrap_err().to_string();
            assert!(message.starts_with(expected), "{message}");
        }
    }

    #[test]
    fn absurd_work_is_refused() {
        let parameters =
            |rounds| pbes2::Parameters::generate_pbkdf2_sha256_aes256cbc(rounds, &[0; 16], [0; 16]).unwrap();
        assert!(bounded(&parameters(MAX_ROUNDS)).is_ok());
        assert_eq!(
            bounded(&parameters(MAX_ROUNDS + 1)).unwrap_err().to_string(),
            "not a private key: expected at most 20000000 rounds of PBKDF2, found 20000001"
        );
        let salt = pbes2::Salt::new([0; 16]).unwrap();
        let scrypt = |cost_parameter, block_size, parallelization| pbes2::Parameters {
            kdf: pbes2::ScryptParams { salt, cost_parameter, block_size, parallelization, key_length: None }
                .into(),
            encryption: pbes2::EncryptionScheme::Aes256Cbc { iv: [0; 16] },
        };
        assert!(bounded(&scrypt(1 << 14, 8, 1)).is_ok());
        assert!(bounded(&scrypt(1 << 40, 8, 1)).is_err());
        assert!(bounded(&scrypt(u64::MAX, u16::MAX, 1)).is_err());
        assert!(bounded(&scrypt(2, 1, 17)).is_err());
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
            let _ = shape(&tlv::sequence(&[&bytes]));
            prop_assert!(read(&tlv::sequence(&[&[2, 1, 0], &bytes])).is_err());
        }

        #[test]
        fn damaged_parameters_are_read_or_refused(position in 0usize..90, byte in any::<u8>()) {
            let mut der = encrypted().to_vec();
            der[position] = byte;
            // What is wrong is found before any derivation, or the derivation is bounded.
            if let Ok(info) = EncryptedPrivateKeyInfoRef::try_from(der.as_slice())
                && let EncryptionScheme::Pbes2(parameters) = &info.encryption_algorithm {
                let _ = bounded(parameters);
            } else {
                prop_assert!(decrypt(&der, &secret()).is_err());
            }
        }
    }
}
