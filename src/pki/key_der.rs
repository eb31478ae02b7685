//! The encodings of private keys: which one it is, what is inside, and PBES2 around it.
//!
//! Everything here takes hostile bytes. What is not one of our kinds is named as exactly as its OIDs allow.

use ::der::{Encode, ErrorKind};
use pkcs8::EncryptedPrivateKeyInfoRef;
use pkcs8::pkcs5::{self, EncryptionScheme, pbes2};
use zeroize::Zeroizing;

use super::der::{self, Element, Walk, tag, tlv};
use super::key::{KeyError, Passphrase};
use super::oid::{self, Oid};

/// The rounds of PBKDF2-HMAC-SHA256 that OWASP advises, and that a new key.pem takes.
const ROUNDS: u32 = 600_000;
/// The most rounds that are followed when reading: some ten seconds.
const MAX_ROUNDS: u32 = 20_000_000;
/// The most memory that scrypt is given, in octets.
const MAX_SCRYPT_MEMORY: u64 = 256 << 20;
/// The most work that scrypt is given, in multiples of that memory.
const MAX_SCRYPT_PARALLEL: u16 = 16;

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
    let mut outer = Walk(der::only(der, tag::SEQUENCE).ok()?.content);
    match outer.any().ok()?? {
        Element { tag: tag::INTEGER, content: [3], .. } => Some(Shape::Pkcs12),
        Element { tag: tag::INTEGER, .. } => Some(Shape::PrivateKey),
        Element { tag: tag::SEQUENCE, content, .. } => match content.first()? {
            &tag::OID => match outer.any().ok()??.tag {
                tag::OCTET_STRING => Some(Shape::EncryptedPkcs8),
                tag::BIT_STRING => Some(Shape::PublicKey),
                _ => None,
            },
            0xa0 | &tag::INTEGER => Some(Shape::Certificate),
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
    let mut fields = Walk(der::only(der, tag::SEQUENCE).map_err(broken)?.content);
    fields.expect(tag::INTEGER).map_err(broken)?; // the version
    let second = fields.some().map_err(broken)?;
    match second.tag {
        tag::SEQUENCE => {
            let secret = fields.expect(tag::OCTET_STRING).map_err(broken)?;
            // Attributes [0] and the public key [1] may follow (RFC 5958 §2); the latter is derived instead.
            pkcs8(second.content, secret.content)
        }
        tag::INTEGER => rsa(der),
        tag::OCTET_STRING => {
            let parameters = fields.expect(tag::context(0));
            ec(parameters.map_err(|_| malformed("its EC key names no curve"))?.content, der)
        }
        _ => Err(malformed("expected PKCS#8, PKCS#1 or SEC1 in DER")),
    }
}

fn pkcs8<'a>(algorithm: &'a [u8], secret: &'a [u8]) -> Result<KeyMaterial<'a>, KeyError> {
    let mut algorithm = Walk(algorithm);
    let kind = algorithm.oid().map_err(|_| malformed("its algorithm identifier is damaged"))?;
    match kind {
        oid::RSA => rsa(secret),
        oid::EC => ec(algorithm.0, secret),
        oid::ED25519 => match der::only(secret, tag::OCTET_STRING) {
            Ok(seed) if seed.content.len() == 32 => Ok(KeyMaterial::Ed25519 { seed: seed.content }),
            _ => Err(malformed("expected 32 octets of Ed25519 secret")),
        },
        other => Err(KeyError::Unsupported(format!("{} key", other.name_or_dotted()))),
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
    if !(2048..=8192).contains(&bits) {
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
        Ok(other) => Err(KeyError::Unsupported(format!("EC key on {}", other.name_or_dotted()))),
        Err(_) => Err(malformed("its EC key names no curve")),
    }
}

/// The length in bits of a number without leading zeros.
fn bit_length(number: &[u8]) -> usize {
    number.len() * 8 - number.first().map_or(0, |first| first.leading_zeros() as usize)
}

/// PKCS#8 of an Ed25519 seed (RFC 8410 §7), version 1.
pub(super) fn ed25519_pkcs8(seed: &[u8; 32]) -> Zeroizing<Vec<u8>> {
    let secret = Zeroizing::new(tlv(tag::OCTET_STRING, seed));
    let secret = Zeroizing::new(tlv(tag::OCTET_STRING, &secret));
    let algorithm = der::sequence(&[&der::oid(oid::ED25519)]);
    Zeroizing::new(der::sequence(&[&[tag::INTEGER, 1, 0], &algorithm, &secret]))
}

/// The octets of a SubjectPublicKeyInfo's BIT STRING.
pub(super) fn public_key_bits(spki: &[u8]) -> Result<&[u8], der::Error> {
    let mut fields = Walk(der::only(spki, tag::SEQUENCE)?.content);
    fields.expect(tag::SEQUENCE)?;
    fields.expect(tag::BIT_STRING)?.content.get(1..).ok_or(der::Error::Incomplete)
}

/// Whether a SubjectPublicKeyInfo is rsaEncryption's (RFC 3279 §2.3.1).
pub(super) fn is_rsa_public_key(spki: &[u8]) -> bool {
    algorithm(spki).is_ok_and(|oid| oid == oid::RSA)
}

/// PBES2 around PKCS#8: PBKDF2-HMAC-SHA256, AES-256-CBC.
pub(super) fn encrypt(pkcs8: &[u8], passphrase: &Passphrase) -> Result<Vec<u8>, KeyError> {
    let salt: [u8; 16] = crate::crypto::random()?;
    let iv: [u8; 16] = crate::crypto::random()?;
    let failed = |error: pkcs5::Error| KeyError::Generation(error.to_string());
    let parameters =
        pbes2::Parameters::generate_pbkdf2_sha256_aes256cbc(ROUNDS, &salt, iv).map_err(failed)?;
    let encrypted = parameters.encrypt(passphrase.as_bytes(), pkcs8).map_err(failed)?;
    let failed = |error: ::der::Error| KeyError::Generation(error.to_string());
    let scheme = EncryptionScheme::from(parameters).to_der().map_err(failed)?;
    Ok(der::sequence(&[&scheme, &tlv(tag::OCTET_STRING, &encrypted)]))
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
            ErrorKind::OidUnknown { oid } => {
                KeyError::UnsupportedEncryption(Oid::known(oid).name_or_dotted())
            }
            _ if scheme == oid::PBES2 => malformed(&format!("its PBES2 parameters are damaged ({error})")),
            _ => KeyError::UnsupportedEncryption(scheme.name_or_dotted()),
        },
        _ => KeyError::UnsupportedEncryption(scheme.name_or_dotted()),
    })?;
    let EncryptionScheme::Pbes2(parameters) = &info.encryption_algorithm else {
        return Err(KeyError::UnsupportedEncryption(scheme.name_or_dotted()));
    };
    bounded(parameters)?;
    let mut buffer = Zeroizing::new(info.encrypted_data.as_bytes().to_vec());
    let length = match parameters.decrypt_in_place(passphrase.as_bytes(), &mut buffer) {
        Ok(plain) => plain.len(),
        Err(pkcs5::Error::UnsupportedAlgorithm { oid }) => {
            return Err(KeyError::UnsupportedEncryption(Oid::known(oid).name_or_dotted()));
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
fn algorithm(der: &[u8]) -> Result<Oid, der::Error> {
    Walk(Walk(der::only(der, tag::SEQUENCE)?.content).expect(tag::SEQUENCE)?.content).oid()
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
    fn wrapped(kind: Oid, parameters: &[u8], secret: &[u8]) -> Vec<u8> {
        der::sequence(&[
            &[2, 1, 0],
            &der::sequence(&[&der::oid(kind), parameters]),
            &tlv(tag::OCTET_STRING, secret),
        ])
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
        let number = |octets: usize| tlv(tag::INTEGER, &[&[0x7f][..], &vec![1; octets - 1]].concat());
        let rsa = |octets| {
            let half = number(octets / 2);
            let n = number(octets);
            der::sequence(&[&[2, 1, 0], &n, &[2, 1, 3], &n, &half, &half, &half, &half, &half])
        };
        let dsa = der::sequence(&[&[2, 1, 0], &number(128), &number(20), &number(9), &number(9), &number(9)]);
        let curve = der::oid;
        for (der, expected) in [
            (rsa(128), "RSA key of 1023 bits"),
            (rsa(1100), "RSA key of 8799 bits"),
            (wrapped(oid::RSA, &[5, 0], &rsa(128)), "RSA key of 1023 bits"),
            (dsa, "DSA key"),
            (wrapped(oid::DSA, &[], &[]), "DSA key"),
            (wrapped(oid::ED448, &[], &[]), "Ed448 key"),
            (wrapped(Oid::dotted("1.2.3.4"), &[], &[]), "1.2.3.4 key"),
            (wrapped(oid::EC, &curve(oid::P521), &[]), "EC key on P-521"),
            (wrapped(oid::EC, &curve(oid::SECP256K1), &[]), "EC key on secp256k1"),
            (wrapped(oid::EC, &der::sequence(&[]), &[]), "EC key with explicit curve parameters"),
            (der::sequence(&[&[2, 1, 1], &[4, 1, 1], &tlv(0xa0, &curve(oid::P521))]), "EC key on P-521"),
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
                "not a private key: expected 32 octets of Ed25519 secret",
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

    #[test]
    fn unknown_encryption_is_named() {
        let scheme = |scheme: Oid, parameters: &[u8]| {
            der::sequence(&[
                &der::sequence(&[&der::oid(scheme), parameters]),
                &tlv(tag::OCTET_STRING, &[0; 16]),
            ])
        };
        let pkcs12 = der::sequence(&[&tlv(tag::OCTET_STRING, &[0; 8]), &[2, 1, 1]]);
        for (der, expected) in [
            (scheme(oid::PKCS12_3DES, &pkcs12), "encrypted with pbeWithSHA1And3-KeyTripleDES-CBC: "),
            (scheme(oid::PBE_MD5_DES, &pkcs12), "encrypted with pbeWithMD5AndDES-CBC: "),
            (scheme(Oid::dotted("1.2.3"), &[]), "encrypted with 1.2.3: "),
            (scheme(oid::PBES2, &[]), "not a private key: its PBES2 parameters are damaged"),
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
            let _ = shape(&der::sequence(&[&bytes]));
            prop_assert!(read(&der::sequence(&[&[2, 1, 0], &bytes])).is_err());
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
