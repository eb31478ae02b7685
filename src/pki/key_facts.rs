//! What a key file says of itself without a passphrase: form, kind, public half, and how it is encrypted.
//!
//! No secret is kept: what is read is the frame around it. Whether the private half is any good is not checked;
//! that is [`super::key`]'s.

use super::der::{self, Element, Walk, tag};
use super::facts::{PublicKeyFacts, PublicKeyKind};
use super::key::PrivateKey;
pub use super::kind::KeyForm;
use super::kind::Kind;
use super::oid;

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
    /// The salt's length in bytes.
    pub salt_bytes: Option<usize>,
    /// The cipher, such as `AES-256-CBC`.
    pub cipher: String,
}

impl Protection {
    /// The rounds of PBKDF2-HMAC-SHA256 below which a passphrase is cheap to guess (OWASP, 2023).
    pub const FEW_ROUNDS: u64 = 600_000;

    /// Whether a passphrase is cheap to guess: no PBKDF2 or scrypt, or fewer rounds than [`Self::FEW_ROUNDS`].
    pub fn is_weak(&self) -> bool {
        match self.kdf.as_str() {
            "PBKDF2" => self.rounds.is_none_or(|rounds| rounds < Self::FEW_ROUNDS),
            // What openssl makes, N=16384 r=8 p=1, is OWASP's least with p=5; a smaller N is less.
            kdf => !kdf.starts_with("scrypt "),
        }
    }

    /// The older way: headers of the PEM file, `DEK-Info: AES-256-CBC,…`.
    pub(crate) fn pem_headers(cipher: &str) -> Self {
        Self {
            scheme: "PEM headers (RFC 1421)".to_owned(),
            kdf: "one MD5".to_owned(),
            prf: None,
            rounds: Some(1),
            // The first half of the IV serves as salt.
            salt_bytes: Some(8),
            cipher: cipher.to_owned(),
        }
    }
}

/// Bytes that are no key of a known form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a key: {0}")]
pub struct NotAKey(pub String);

impl From<der::Error> for NotAKey {
    fn from(error: der::Error) -> Self {
        Self(error.to_string())
    }
}

impl KeyFacts {
    /// Reads PKCS#8 (clear or encrypted), PKCS#1, SEC1, or a `SubjectPublicKeyInfo`; told apart by their shape.
    pub fn read(key: &[u8]) -> Result<Self, NotAKey> {
        let outer = der::only(key, tag::SEQUENCE)?;
        let parts = der::children(outer.content)?;
        match (Kind::of(key), parts.as_slice()) {
            (Kind::Key(KeyForm::PublicKey), _) => public_key(key, KeyForm::PublicKey),
            (Kind::Key(KeyForm::Pkcs1Public), [modulus, exponent]) => {
                rsa_numbers(*modulus, *exponent, KeyForm::Pkcs1Public)
            }
            (Kind::Key(KeyForm::EncryptedPkcs8), [algorithm, _]) => Ok(Self {
                form: KeyForm::EncryptedPkcs8,
                public_key: None,
                kind: None,
                protection: Some(protection(*algorithm)?),
            }),
            (Kind::Key(KeyForm::Pkcs8), [_, algorithm, secret, ..]) => pkcs8(key, *algorithm, secret.content),
            (Kind::Key(KeyForm::Sec1), parts) => sec1(parts, None, KeyForm::Sec1)?.map_or_else(
                || computed(key, KeyForm::Sec1, PublicKeyKind::Ec { curve: "unnamed".into() }),
                Ok,
            ),
            (Kind::Key(KeyForm::Pkcs1), parts) if parts.len() >= 9 => pkcs1(parts, KeyForm::Pkcs1),
            (Kind::DsaKey, _) => {
                Err(NotAKey("a DSA key in openssl's old form, which is not shown".to_owned()))
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

fn pkcs8(whole: &[u8], algorithm: Element<'_>, key: &[u8]) -> Result<KeyFacts, NotAKey> {
    let mut walk = Walk(algorithm.content);
    match walk.oid()? {
        oid::RSA => pkcs1(&der::children(der::only(key, tag::SEQUENCE)?.content)?, KeyForm::Pkcs8),
        oid::EC => {
            let parts = der::children(der::only(key, tag::SEQUENCE)?.content)?;
            match sec1(&parts, Some(algorithm), KeyForm::Pkcs8)? {
                Some(facts) => Ok(facts),
                None => computed(whole, KeyForm::Pkcs8, kind_of(algorithm)?),
            }
        }
        _ => computed(whole, KeyForm::Pkcs8, kind_of(algorithm)?),
    }
}

/// Where the public half is not written down, it is computed: for the kinds of key that tlslab can use.
fn computed(whole: &[u8], form: KeyForm, kind: PublicKeyKind) -> Result<KeyFacts, NotAKey> {
    match PrivateKey::from_der(whole) {
        Ok(key) => public_key(key.public_key_info(), form),
        Err(_) => Ok(KeyFacts { form, public_key: None, kind: Some(kind), protection: None }),
    }
}

/// The kind that an AlgorithmIdentifier alone tells.
fn kind_of(algorithm: Element<'_>) -> Result<PublicKeyKind, NotAKey> {
    let empty = der::sequence(&[algorithm.encoded, &der::bit_string(&[])]);
    Ok(PublicKeyFacts::read(&empty).map_err(|malformed| NotAKey(malformed.0))?.kind)
}

/// version, modulus, publicExponent, and the secrets, which are not looked at.
fn pkcs1(parts: &[Element<'_>], form: KeyForm) -> Result<KeyFacts, NotAKey> {
    let [_, modulus, exponent, ..] = parts else {
        return Err(NotAKey("an RSAPrivateKey without modulus and exponent".to_owned()));
    };
    rsa_numbers(*modulus, *exponent, form)
}

fn rsa_numbers(modulus: Element<'_>, exponent: Element<'_>, form: KeyForm) -> Result<KeyFacts, NotAKey> {
    let key = der::sequence(&[modulus.encoded, exponent.encoded]);
    let algorithm = der::sequence(&[&der::oid(oid::RSA), &[tag::NULL, 0]]);
    public_key(&der::sequence(&[&algorithm, &der::bit_string(&key)]), form)
}

/// version, privateKey, `[0]` curve, `[1]` public key; `None` where the last is left out.
fn sec1(
    parts: &[Element<'_>],
    algorithm: Option<Element<'_>>,
    form: KeyForm,
) -> Result<Option<KeyFacts>, NotAKey> {
    let tagged = |number| parts.iter().find(|part| part.tag == tag::context(number));
    let algorithm = match (algorithm, tagged(0)) {
        (Some(algorithm), _) => algorithm.encoded.to_vec(),
        (None, Some(curve)) => der::sequence(&[&der::oid(oid::EC), curve.content]),
        (None, None) => return Err(NotAKey("an ECPrivateKey without the name of its curve".to_owned())),
    };
    let Some(point) = tagged(1) else { return Ok(None) };
    public_key(&der::sequence(&[&algorithm, point.content]), form).map(Some)
}

fn protection(algorithm: Element<'_>) -> Result<Protection, NotAKey> {
    let mut walk = Walk(algorithm.content);
    let scheme = walk.oid()?;
    let parameters = walk.expect(tag::SEQUENCE)?;
    if scheme == oid::PBES2 {
        return pbes2(parameters);
    }
    // PBES1 and PKCS#12: salt and iteration count.
    let mut walk = Walk(parameters.content);
    let salt = walk.optional(tag::OCTET_STRING)?.map(|salt| salt.content.len());
    let rounds = walk.optional(tag::INTEGER)?.and_then(der::number);
    let cipher = match scheme {
        oid::PBE_MD2_DES | oid::PBE_MD5_DES | oid::PBE_SHA1_DES => "DES-CBC",
        oid::PBE_MD2_RC2 | oid::PBE_MD5_RC2 | oid::PBE_SHA1_RC2 => "RC2-64-CBC",
        oid::PKCS12_RC4_128 => "RC4",
        oid::PKCS12_RC4_40 => "RC4-40",
        oid::PKCS12_3DES => "DES-EDE3-CBC",
        oid::PKCS12_2DES => "DES-EDE-CBC",
        oid::PKCS12_RC2_128 => "RC2-CBC",
        oid::PKCS12_RC2_40 => "RC2-40-CBC",
        _ => "unknown",
    };
    Ok(Protection {
        scheme: scheme.name_or_dotted(),
        kdf: "the scheme's own".to_owned(),
        prf: None,
        rounds,
        salt_bytes: salt,
        cipher: cipher.to_owned(),
    })
}

/// RFC 8018 §A.4: a key derivation function and a cipher.
fn pbes2(parameters: Element<'_>) -> Result<Protection, NotAKey> {
    let mut walk = Walk(parameters.content);
    let kdf = walk.expect(tag::SEQUENCE)?;
    let cipher = walk.expect(tag::SEQUENCE)?;
    let cipher = Walk(cipher.content).oid()?.name_or_dotted();

    let mut walk = Walk(kdf.content);
    let function = walk.oid()?;
    let parameters = walk.expect(tag::SEQUENCE)?;
    let mut walk = Walk(parameters.content);
    let mut found = Protection {
        scheme: "PBES2".to_owned(),
        kdf: function.name_or_dotted(),
        prf: None,
        rounds: None,
        salt_bytes: walk.optional(tag::OCTET_STRING)?.map(|salt| salt.content.len()),
        cipher,
    };
    match function {
        // RFC 8018 §A.2
        oid::PBKDF2 => {
            found.rounds = walk.optional(tag::INTEGER)?.and_then(der::number);
            // keyLength
            walk.optional(tag::INTEGER)?;
            found.prf = Some(match walk.optional(tag::SEQUENCE)? {
                Some(prf) => Walk(prf.content).oid()?.name_or_dotted(),
                None => oid::HMAC_SHA1.name_or_dotted(),
            });
        }
        // RFC 7914 §7.1
        oid::SCRYPT => {
            let mut cost = || -> Result<String, NotAKey> {
                let value = walk.expect(tag::INTEGER)?;
                Ok(der::number(value).map_or_else(|| "?".to_owned(), |value| value.to_string()))
            };
            found.kdf = format!("scrypt N={} r={} p={}", cost()?, cost()?, cost()?);
        }
        _ => {}
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn encryption_is_told_without_the_passphrase() {
        // openssl pkcs8 -topk8 -v2 aes-256-cbc -iter 2048: the parameters; the encrypted bytes do not matter
        let prf = der::sequence(&[&der::oid(oid::HMAC_SHA256), &[5, 0]]);
        let salt = der::tlv(tag::OCTET_STRING, &[7; 16]);
        let rounds = der::tlv(tag::INTEGER, &[8, 0]);
        let pbkdf2 = der::sequence(&[&der::oid(oid::PBKDF2), &der::sequence(&[&salt, &rounds, &prf])]);
        let aes = der::sequence(&[&der::oid(oid::AES_256_CBC), &salt]);
        let scheme = der::sequence(&[&der::oid(oid::PBES2), &der::sequence(&[&pbkdf2, &aes])]);
        let key = der::sequence(&[&scheme, &der::tlv(tag::OCTET_STRING, b"encrypted")]);
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
                salt_bytes: Some(16),
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
            let parts: Vec<Vec<u8>> = tags.iter().map(|tag| der::tlv(*tag, &content)).collect();
            let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
            // Read or refused, but always told.
            let told = format!("{:?}", KeyFacts::read(&der::sequence(&parts)));
            prop_assert!(!told.is_empty());
        }
    }
}
