//! What a key file says of itself without a passphrase: form, kind, public half, and how it is encrypted.
//!
//! No secret is kept: what is read is the frame around it. Whether the private half is any good is not checked;
//! that is [`super::key`]'s.

use super::facts::frame::{self, Element, Walk, tag};
use super::facts::{PublicKeyFacts, PublicKeyKind};
use super::key::PrivateKey;
use super::tlv;

/// The public side of a key file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFacts {
    /// How it is written down.
    pub form: KeyForm,
    /// The public half, where the file tells it without a passphrase.
    pub public_key: Option<PublicKeyFacts>,
    /// What kind of key it is; `None` where that is encrypted too.
    pub kind: Option<PublicKeyKind>,
    /// How it is encrypted; `None` where it is not.
    pub protection: Option<Protection>,
}

/// The ways to write a key down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyForm {
    /// EncryptedPrivateKeyInfo (RFC 5958 §3).
    EncryptedPkcs8,
    /// PEM encrypted by its headers (RFC 1421), as older openssl did: the key is derived with one MD5.
    EncryptedPem,
    /// RSAPrivateKey (RFC 8017 §A.1.2).
    Pkcs1,
    /// OneAsymmetricKey (RFC 5958 §2).
    Pkcs8,
    /// SubjectPublicKeyInfo (RFC 5280 §4.1.2.7): no private half.
    PublicKey,
    /// ECPrivateKey (RFC 5915 §3).
    Sec1,
}

impl KeyForm {
    /// In a word or two.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EncryptedPem => "encrypted PEM",
            Self::EncryptedPkcs8 => "encrypted PKCS#8",
            Self::Pkcs1 => "PKCS#1",
            Self::Pkcs8 => "PKCS#8",
            Self::PublicKey => "SubjectPublicKeyInfo",
            Self::Sec1 => "SEC1",
        }
    }
}

/// How a key is encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protection {
    /// `PBES2` (RFC 8018 §6.2), or the name or OID of an older scheme.
    pub scheme: String,
    /// How the passphrase becomes a key: `PBKDF2`, `scrypt N=16384 r=8 p=1`.
    pub kdf: String,
    /// PBKDF2's pseudorandom function, such as `HMAC-SHA256`.
    pub prf: Option<String>,
    /// How often it is applied.
    pub rounds: Option<u64>,
    /// The salt's length in octets.
    pub salt_octets: Option<usize>,
    /// The cipher, such as `AES-256-CBC`.
    pub cipher: String,
}

impl Protection {
    /// The rounds of PBKDF2-HMAC-SHA256 below which a passphrase is cheap to guess (OWASP, 2023).
    pub const FEW_ROUNDS: u64 = 600_000;

    /// The older way: headers of the PEM file, `DEK-Info: AES-256-CBC,…`.
    pub(crate) fn pem_headers(cipher: &str) -> Self {
        Self {
            scheme: "PEM headers (RFC 1421)".to_owned(),
            kdf: "one MD5".to_owned(),
            prf: None,
            rounds: Some(1),
            // The first half of the IV serves as salt.
            salt_octets: Some(8),
            cipher: cipher.to_owned(),
        }
    }
}

/// Bytes that are no key of a known form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a key: {0}")]
pub struct NotAKey(pub String);

impl From<frame::Error> for NotAKey {
    fn from(error: frame::Error) -> Self {
        Self(error.to_string())
    }
}

impl KeyFacts {
    /// Reads PKCS#8 (clear or encrypted), PKCS#1, SEC1, or a `SubjectPublicKeyInfo`; told apart by their shape.
    pub fn read(der: &[u8]) -> Result<Self, NotAKey> {
        let outer = frame::only(der, tag::SEQUENCE)?;
        let parts = frame::children(outer.content)?;
        let tags: Vec<u8> = parts.iter().take(3).map(|part| part.tag).collect();
        match (tags.as_slice(), parts.as_slice()) {
            ([tag::SEQUENCE, tag::BIT_STRING], _) => public_key(der, KeyForm::PublicKey),
            ([tag::SEQUENCE, tag::OCTET_STRING], [algorithm, _]) => Ok(Self {
                form: KeyForm::EncryptedPkcs8,
                public_key: None,
                kind: None,
                protection: Some(protection(*algorithm)?),
            }),
            ([tag::INTEGER, tag::SEQUENCE, tag::OCTET_STRING], [_, algorithm, key, ..]) => {
                pkcs8(der, *algorithm, key.content)
            }
            ([tag::INTEGER, tag::OCTET_STRING, ..], parts) => sec1(parts, None, KeyForm::Sec1)?.map_or_else(
                || computed(der, KeyForm::Sec1, PublicKeyKind::Ec { curve: "unnamed".into() }),
                Ok,
            ),
            ([tag::INTEGER, tag::INTEGER, tag::INTEGER], parts) if parts.len() >= 9 => {
                pkcs1(parts, KeyForm::Pkcs1)
            }
            _ => Err(NotAKey(
                "expected PKCS#8, PKCS#1, SEC1 or a public key, found another structure".to_owned(),
            )),
        }
    }
}

fn public_key(spki: &[u8], form: KeyForm) -> Result<KeyFacts, NotAKey> {
    let facts = PublicKeyFacts::read(spki).map_err(|malformed| NotAKey(malformed.0))?;
    Ok(KeyFacts { form, kind: Some(facts.kind.clone()), public_key: Some(facts), protection: None })
}

fn pkcs8(der: &[u8], algorithm: Element<'_>, key: &[u8]) -> Result<KeyFacts, NotAKey> {
    let mut walk = Walk(algorithm.content);
    let oid = walk.expect(tag::OID)?;
    match dotted(oid).as_str() {
        "1.2.840.113549.1.1.1" => {
            pkcs1(&frame::children(frame::only(key, tag::SEQUENCE)?.content)?, KeyForm::Pkcs8)
        }
        "1.2.840.10045.2.1" => {
            let parts = frame::children(frame::only(key, tag::SEQUENCE)?.content)?;
            match sec1(&parts, Some(algorithm), KeyForm::Pkcs8)? {
                Some(facts) => Ok(facts),
                None => computed(der, KeyForm::Pkcs8, kind_of(algorithm)?),
            }
        }
        _ => computed(der, KeyForm::Pkcs8, kind_of(algorithm)?),
    }
}

/// Where the public half is not written down, it is computed: for the kinds of key that tlslab can use.
fn computed(der: &[u8], form: KeyForm, kind: PublicKeyKind) -> Result<KeyFacts, NotAKey> {
    match PrivateKey::from_der(der) {
        Ok(key) => public_key(key.public_key_info(), form),
        Err(_) => Ok(KeyFacts { form, public_key: None, kind: Some(kind), protection: None }),
    }
}

/// The kind that an AlgorithmIdentifier alone tells.
fn kind_of(algorithm: Element<'_>) -> Result<PublicKeyKind, NotAKey> {
    let empty = tlv::sequence(&[algorithm.encoded, &tlv::tlv(tag::BIT_STRING, &[0])]);
    Ok(PublicKeyFacts::read(&empty).map_err(|malformed| NotAKey(malformed.0))?.kind)
}

/// version, modulus, publicExponent, and the secrets, which are not looked at.
fn pkcs1(parts: &[Element<'_>], form: KeyForm) -> Result<KeyFacts, NotAKey> {
    /// rsaEncryption with its NULL.
    const RSA: &[u8] = &[0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0];
    let [_, modulus, exponent, ..] = parts else {
        return Err(NotAKey("an RSAPrivateKey without modulus and exponent".to_owned()));
    };
    let key = tlv::sequence(&[modulus.encoded, exponent.encoded]);
    let bits = tlv::tlv(tag::BIT_STRING, &[&[0][..], &key].concat());
    public_key(&tlv::sequence(&[RSA, &bits]), form)
}

/// version, privateKey, `[0]` curve, `[1]` public key; `None` where the last is left out.
fn sec1(
    parts: &[Element<'_>],
    algorithm: Option<Element<'_>>,
    form: KeyForm,
) -> Result<Option<KeyFacts>, NotAKey> {
    /// id-ecPublicKey
    const EC: &[u8] = &[6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
    let tagged = |number| parts.iter().find(|part| part.tag == tag::context(number));
    let algorithm = match (algorithm, tagged(0)) {
        (Some(algorithm), _) => algorithm.encoded.to_vec(),
        (None, Some(curve)) => tlv::sequence(&[EC, curve.content]),
        (None, None) => return Err(NotAKey("an ECPrivateKey without the name of its curve".to_owned())),
    };
    let Some(point) = tagged(1) else { return Ok(None) };
    public_key(&tlv::sequence(&[&algorithm, point.content]), form).map(Some)
}

fn protection(algorithm: Element<'_>) -> Result<Protection, NotAKey> {
    let mut walk = Walk(algorithm.content);
    let scheme = dotted(walk.expect(tag::OID)?);
    let parameters = walk.expect(tag::SEQUENCE)?;
    if scheme == "1.2.840.113549.1.5.13" {
        return pbes2(parameters);
    }
    // PBES1 and PKCS#12: salt and iteration count.
    let mut walk = Walk(parameters.content);
    let salt = walk.optional(tag::OCTET_STRING)?.map(|salt| salt.content.len());
    let rounds = walk.optional(tag::INTEGER)?.and_then(number);
    let (name, cipher) = match scheme.as_str() {
        "1.2.840.113549.1.5.3" => ("pbeWithMD5AndDES-CBC", "DES-CBC"),
        "1.2.840.113549.1.5.10" => ("pbeWithSHA1AndDES-CBC", "DES-CBC"),
        "1.2.840.113549.1.12.1.1" => ("pbeWithSHA1And128BitRC4", "RC4"),
        "1.2.840.113549.1.12.1.3" => ("pbeWithSHA1And3-KeyTripleDES-CBC", "DES-EDE3-CBC"),
        "1.2.840.113549.1.12.1.6" => ("pbeWithSHA1And40BitRC2-CBC", "RC2-40-CBC"),
        other => (other, "unknown"),
    };
    Ok(Protection {
        scheme: name.to_owned(),
        kdf: "the scheme's own".to_owned(),
        prf: None,
        rounds,
        salt_octets: salt,
        cipher: cipher.to_owned(),
    })
}

/// RFC 8018 §A.4: a key derivation function and a cipher.
fn pbes2(parameters: Element<'_>) -> Result<Protection, NotAKey> {
    let mut walk = Walk(parameters.content);
    let kdf = walk.expect(tag::SEQUENCE)?;
    let cipher = walk.expect(tag::SEQUENCE)?;
    let cipher = cipher_name(&dotted(Walk(cipher.content).expect(tag::OID)?));

    let mut walk = Walk(kdf.content);
    let name = dotted(walk.expect(tag::OID)?);
    let parameters = walk.expect(tag::SEQUENCE)?;
    let mut walk = Walk(parameters.content);
    let mut found = Protection {
        scheme: "PBES2".to_owned(),
        kdf: name.clone(),
        prf: None,
        rounds: None,
        salt_octets: walk.optional(tag::OCTET_STRING)?.map(|salt| salt.content.len()),
        cipher,
    };
    match name.as_str() {
        // RFC 8018 §A.2
        "1.2.840.113549.1.5.12" => {
            "PBKDF2".clone_into(&mut found.kdf);
            found.rounds = walk.optional(tag::INTEGER)?.and_then(number);
            // keyLength
            walk.optional(tag::INTEGER)?;
            found.prf = Some(match walk.optional(tag::SEQUENCE)? {
                Some(prf) => prf_name(&dotted(Walk(prf.content).expect(tag::OID)?)),
                None => "HMAC-SHA1".to_owned(),
            });
        }
        // RFC 7914 §7.1
        "1.3.6.1.4.1.11591.4.11" => {
            let mut cost = || -> Result<String, NotAKey> {
                let value = walk.expect(tag::INTEGER)?;
                Ok(number(value).map_or_else(|| "?".to_owned(), |value| value.to_string()))
            };
            found.kdf = format!("scrypt N={} r={} p={}", cost()?, cost()?, cost()?);
        }
        _ => {}
    }
    Ok(found)
}

fn cipher_name(oid: &str) -> String {
    match oid {
        "1.2.840.113549.3.7" => "DES-EDE3-CBC",
        "1.3.14.3.2.7" => "DES-CBC",
        "2.16.840.1.101.3.4.1.2" => "AES-128-CBC",
        "2.16.840.1.101.3.4.1.6" => "AES-128-GCM",
        "2.16.840.1.101.3.4.1.22" => "AES-192-CBC",
        "2.16.840.1.101.3.4.1.42" => "AES-256-CBC",
        "2.16.840.1.101.3.4.1.46" => "AES-256-GCM",
        other => other,
    }
    .to_owned()
}

fn prf_name(oid: &str) -> String {
    match oid {
        "1.2.840.113549.2.7" => "HMAC-SHA1",
        "1.2.840.113549.2.8" => "HMAC-SHA224",
        "1.2.840.113549.2.9" => "HMAC-SHA256",
        "1.2.840.113549.2.10" => "HMAC-SHA384",
        "1.2.840.113549.2.11" => "HMAC-SHA512",
        other => other,
    }
    .to_owned()
}

/// An INTEGER of at most 63 bits that is not negative.
fn number(element: Element<'_>) -> Option<u64> {
    match element.content {
        [] | [0x80..=0xff, ..] => None,
        octets if octets.len() <= 8 => Some(octets.iter().fold(0, |n, octet| n << 8 | u64::from(*octet))),
        _ => None,
    }
}

fn dotted(oid: Element<'_>) -> String {
    der::asn1::ObjectIdentifier::from_bytes(oid.content)
        .map_or_else(|_| "an unreadable object identifier".to_owned(), |oid| oid.to_string())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn encryption_is_told_without_the_passphrase() {
        // openssl pkcs8 -topk8 -v2 aes-256-cbc -iter 2048: the parameters; the encrypted octets do not matter
        let oid =
            |dotted: &str| tlv::tlv(tag::OID, der::asn1::ObjectIdentifier::new_unwrap(dotted).as_bytes());
        let prf = tlv::sequence(&[&oid("1.2.840.113549.2.9"), &[5, 0]]);
        let salt = tlv::tlv(tag::OCTET_STRING, &[7; 16]);
        let rounds = tlv::tlv(tag::INTEGER, &[8, 0]);
        let pbkdf2 = tlv::sequence(&[&oid("1.2.840.113549.1.5.12"), &tlv::sequence(&[&salt, &rounds, &prf])]);
        let aes = tlv::sequence(&[&oid("2.16.840.1.101.3.4.1.42"), &salt]);
        let scheme = tlv::sequence(&[&oid("1.2.840.113549.1.5.13"), &tlv::sequence(&[&pbkdf2, &aes])]);
        let key = tlv::sequence(&[&scheme, &tlv::tlv(tag::OCTET_STRING, b"encrypted")]);
        let facts = KeyFacts::read(&key).unwrap();
        assert_eq!(facts.form, KeyForm::EncryptedPkcs8);
        assert_eq!((facts.kind, facts.public_key), (None, None));
        assert_eq!(
            facts.protection,
            Some(Protection {
                scheme: "PBES2".to_owned(),
                kdf: "PBKDF2".to_owned(),
                prf: Some("HMAC-SHA256".to_owned()),
                rounds: Some(2048),
                salt_octets: Some(16),
                cipher: "AES-256-CBC".to_owned(),
            })
        );
    }

    #[test]
    fn other_structures_are_no_key() {
        assert_eq!(
            KeyFacts::read(&[0x30, 0]).unwrap_err().to_string(),
            "not a key: expected PKCS#8, PKCS#1, SEC1 or a public key, found another structure"
        );
        assert_eq!(KeyFacts::read(b"key").unwrap_err().to_string(), "not a key: the bytes end too soon");
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(
            tags in proptest::collection::vec(prop_oneof![Just(2u8), Just(3), Just(4), Just(6), Just(0x30)], 0..5),
            content in proptest::collection::vec(any::<u8>(), 0..32),
        ) {
            let parts: Vec<Vec<u8>> = tags.iter().map(|tag| tlv::tlv(*tag, &content)).collect();
            let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
            // Read or refused, but always told.
            let told = format!("{:?}", KeyFacts::read(&tlv::sequence(&parts)));
            prop_assert!(!told.is_empty());
        }
    }
}
