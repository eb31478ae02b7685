//! A key's public facts, as JSON for a machine and as lines for a person. No secret comes here.

use serde::Serialize;

use super::certificate::{key_name, key_words, line, pin};
use crate::crypto;
use crate::pki::key_facts::{KeyFacts, Protection};
use crate::words::{self, Escaped};

/// What JSON says of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeyReport {
    /// `PKCS#8`, `encrypted PKCS#8`, `PKCS#1`, `SEC1`, `encrypted PEM` or `SubjectPublicKeyInfo`.
    pub form: &'static str,
    /// Whether there is a private half.
    pub private: bool,
    /// Whether a passphrase is needed.
    pub encrypted: bool,
    /// The key, such as `RSA 4096 bits`; null where that is encrypted.
    pub public_key: Option<String>,
    /// SHA-256 of the SubjectPublicKeyInfo, lower-case hexadecimal; null where it cannot be told.
    pub spki_sha256: Option<String>,
    /// The same as a pin: `sha256/` and base64.
    pub spki_pin: Option<String>,
    /// How it is encrypted; null where it is not.
    pub encryption: Option<EncryptionReport>,
}

/// How a key is encrypted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EncryptionReport {
    /// `PBES2`, or an older scheme.
    pub scheme: String,
    /// `PBKDF2`, `scrypt N=16384 r=8 p=1`.
    pub kdf: String,
    /// PBKDF2's pseudorandom function, such as `HMAC-SHA256`; null for others.
    pub prf: Option<String>,
    /// How often it is applied; null where the scheme has no such number.
    pub rounds: Option<u64>,
    /// The salt's length in bytes.
    pub salt_bytes: Option<usize>,
    /// The cipher, such as `AES-256-CBC`.
    pub cipher: String,
    /// Whether a passphrase is cheap to guess: no PBKDF2 or scrypt, or fewer than 600,000 rounds of PBKDF2.
    pub weak: bool,
}

impl From<&KeyFacts> for KeyReport {
    fn from(facts: &KeyFacts) -> Self {
        let spki = facts.public_key.as_ref().map(|key| crypto::sha256(&key.spki));
        Self {
            form: facts.form.as_str(),
            private: facts.form.is_private(),
            encrypted: facts.protection.is_some(),
            public_key: match &facts.public_key {
                Some(key) => Some(key_name(key)),
                None => facts.kind.as_ref().map(ToString::to_string),
            },
            spki_sha256: spki.map(|digest| words::hex(&digest)),
            spki_pin: spki.as_ref().map(pin),
            encryption: facts.protection.as_ref().map(EncryptionReport::from),
        }
    }
}

impl From<&Protection> for EncryptionReport {
    fn from(protection: &Protection) -> Self {
        Self {
            scheme: protection.scheme.clone(),
            kdf: protection.kdf.clone(),
            prf: protection.prf.clone(),
            rounds: protection.rounds,
            salt_bytes: protection.salt_bytes,
            cipher: Escaped(&protection.cipher).to_string(),
            weak: protection.is_weak(),
        }
    }
}

/// The public facts of a key, a label and a value a line.
///
/// ```text
/// form           encrypted PKCS#8
/// key            encrypted too: not to be told without the passphrase
/// encryption     PBES2: PBKDF2, HMAC-SHA256, 600000 rounds, 16-byte salt, AES-256-CBC
/// ```
pub fn lines(facts: &KeyFacts) -> Vec<String> {
    let report = KeyReport::from(facts);
    let mut lines = Vec::new();
    let mut put = |label: &str, value: &str| lines.push(line(label, value));
    put("form", report.form);
    match (&facts.public_key, &facts.kind) {
        (Some(key), _) => put("key", &key_words(key)),
        (None, Some(kind)) => put("key", &format!("{kind}; its public half is not told by the file")),
        (None, None) => put("key", "encrypted too: not to be told without the passphrase"),
    }
    match &report.encryption {
        Some(encryption) => {
            put("encryption", &encryption_words(encryption));
            if encryption.weak {
                let few = Protection::FEW_ROUNDS;
                put(
                    "",
                    &format!(
                        "weak: a passphrase is cheap to guess (expected PBKDF2 with {few} rounds or scrypt)"
                    ),
                );
            }
        }
        None if report.private => put("encryption", "none: whoever reads the file has the key"),
        None => put("encryption", "none: it is a public key"),
    }
    if let (Some(spki), Some(pin)) = (&report.spki_sha256, &report.spki_pin) {
        put("SPKI SHA-256", spki);
        put("SPKI pin", pin);
    }
    lines
}

fn encryption_words(encryption: &EncryptionReport) -> String {
    let mut words = vec![encryption.kdf.clone()];
    words.extend(encryption.prf.clone());
    words.extend(
        encryption.rounds.map(|rounds| format!("{rounds} round{}", if rounds == 1 { "" } else { "s" })),
    );
    words.extend(encryption.salt_bytes.map(|bytes| format!("{bytes}-byte salt")));
    words.push(encryption.cipher.clone());
    format!("{}: {}", encryption.scheme, words.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pki::key_facts::KeyForm;

    fn pbes2(rounds: u64) -> KeyFacts {
        KeyFacts {
            form: KeyForm::EncryptedPkcs8,
            public_key: None,
            kind: None,
            protection: Some(Protection {
                scheme: "PBES2".to_owned(),
                kdf: "PBKDF2".to_owned(),
                prf: Some("HMAC-SHA256".to_owned()),
                rounds: Some(rounds),
                salt_bytes: Some(16),
                cipher: "AES-256-CBC".to_owned(),
            }),
        }
    }

    #[test]
    fn an_encrypted_key_tells_how_strong_it_is() {
        assert_eq!(
            lines(&pbes2(600_000)),
            [
                "form           encrypted PKCS#8",
                "key            encrypted too: not to be told without the passphrase",
                "encryption     PBES2: PBKDF2, HMAC-SHA256, 600000 rounds, 16-byte salt, AES-256-CBC",
            ]
        );
        assert_eq!(
            lines(&pbes2(2048)).last().map(String::as_str),
            Some(
                "               weak: a passphrase is cheap to guess \
                 (expected PBKDF2 with 600000 rounds or scrypt)"
            )
        );
    }

    #[test]
    fn schemes_are_weak_or_not() {
        let weak = |facts: &KeyFacts| KeyReport::from(facts).encryption.map(|encryption| encryption.weak);
        assert_eq!(weak(&pbes2(599_999)), Some(true));
        assert_eq!(weak(&pbes2(600_000)), Some(false));
        let old = KeyFacts {
            form: KeyForm::EncryptedPem,
            protection: Some(Protection::pem_headers("DES-EDE3-CBC")),
            ..pbes2(0)
        };
        assert_eq!(weak(&old), Some(true));
        assert_eq!(
            lines(&old)[2],
            "encryption     PEM headers (RFC 1421): one MD5, 1 round, 8-byte salt, DES-EDE3-CBC"
        );
    }
}
