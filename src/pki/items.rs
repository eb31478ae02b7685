//! What is in a file: certificates, keys, requests, in the order in which they stand, PEM or DER, told apart by
//! looking. Pure: bytes in, facts out.
//!
//! [`super::files`] reads what a command asked for and refuses all else; this shows whatever is there.

use data_encoding::BASE64;
use zeroize::Zeroizing;

use super::der::{self, Walk, tag};
use super::facts::CertFacts;
use super::key_facts::{KeyFacts, KeyForm, Protection};
use super::request::RequestFacts;

/// One thing in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The line on which its PEM block begins, counted from 1; `None` for DER.
    pub line: Option<usize>,
    /// What it is, or why it cannot be read.
    pub item: Result<Item, Unreadable>,
}

/// What a thing is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A certificate.
    Certificate(Box<CertFacts>),
    /// A key, private or public.
    Key(Box<KeyFacts>),
    /// A PEM block of another kind, by its label: not looked into.
    Other(String),
    /// A certificate signing request.
    Request(Box<RequestFacts>),
}

/// Something is there, but it cannot be read: what, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(pub String);

/// Nothing that could be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Nothing {
    /// No bytes at all.
    #[error("expected a certificate or key, found nothing: it is empty")]
    Empty,
    /// Neither a PEM block nor anything that begins like DER.
    #[error("expected a certificate or key in PEM or DER, found neither")]
    Neither,
}

/// Everything in `bytes`, never empty.
pub fn items(bytes: &[u8]) -> Result<Vec<Found>, Nothing> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(Nothing::Empty);
    }
    let blocks = blocks(bytes);
    if !blocks.is_empty() {
        return Ok(blocks);
    }
    match bytes.first() {
        Some(&tag::SEQUENCE) => Ok(vec![Found { line: None, item: from_der(bytes) }]),
        _ => Err(Nothing::Neither),
    }
}

/// Every PEM block (RFC 7468, with RFC 1421's headers).
fn blocks(bytes: &[u8]) -> Vec<Found> {
    let mut found = Vec::new();
    let mut open: Option<Block> = None;
    for (index, line) in bytes.split(|octet| *octet == b'\n').enumerate() {
        let line = line.trim_ascii();
        if let Some(label) = boundary(line, "-----BEGIN ") {
            found.extend(open.take().map(Block::unended));
            open = Some(Block { label, line: index + 1, headers: Vec::new(), base64: Zeroizing::default() });
        } else if let Some(label) = boundary(line, "-----END ") {
            match open.take() {
                Some(block) if block.label == label => found.push(block.item()),
                Some(block) => found.push(block.unended()),
                None => {}
            }
        } else if let Some(block) = &mut open {
            block.take(line);
        }
    }
    found.extend(open.take().map(Block::unended));
    found
}

/// The label of a line such as `-----BEGIN CERTIFICATE-----`.
fn boundary(line: &[u8], start: &str) -> Option<String> {
    // A byte order mark before the first line is no part of it.
    let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
    let label = std::str::from_utf8(line).ok()?.strip_prefix(start)?.strip_suffix("-----")?;
    Some(label.to_owned())
}

/// A PEM block on its way in.
struct Block {
    label: String,
    line: usize,
    headers: Vec<String>,
    base64: Zeroizing<Vec<u8>>,
}

impl Block {
    fn take(&mut self, line: &[u8]) {
        if line.contains(&b':') {
            self.headers.push(String::from_utf8_lossy(line).into_owned());
        } else {
            self.base64.extend(line.iter().filter(|octet| !octet.is_ascii_whitespace()));
        }
    }

    fn unended(self) -> Found {
        let fault = format!("expected -----END {}----- at its end, found none", self.label);
        Found { line: Some(self.line), item: Err(Unreadable(format!("{}: {fault}", self.label))) }
    }

    fn item(self) -> Found {
        let line = Some(self.line);
        let label = self.label.clone();
        let item = self.read().map_err(|fault| Unreadable(format!("{label}: {fault}")));
        Found { line, item }
    }

    fn read(self) -> Result<Item, String> {
        if let Some(cipher) = self.encrypted_by_headers() {
            return Ok(Item::Key(Box::new(KeyFacts {
                form: KeyForm::EncryptedPem,
                public_key: None,
                kind: None,
                protection: Some(Protection::pem_headers(&cipher)),
            })));
        }
        let der = BASE64.decode(&self.base64).map_err(|_| "what it holds is not base64".to_owned())?;
        let der = Zeroizing::new(der);
        match self.label.as_str() {
            "CERTIFICATE" | "X509 CERTIFICATE" => certificate(&der),
            // openssl's own: a certificate, then what it is trusted for
            "TRUSTED CERTIFICATE" => match Walk(&der).any() {
                Ok(Some(first)) => certificate(first.encoded),
                _ => certificate(&der),
            },
            "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => request(&der),
            "PUBLIC KEY" => key(&der),
            label if label.ends_with("PRIVATE KEY") && !label.starts_with("OPENSSH") => key(&der),
            _ => Ok(Item::Other(self.label)),
        }
    }

    /// `Proc-Type: 4,ENCRYPTED` and `DEK-Info: AES-256-CBC,…`: the cipher.
    fn encrypted_by_headers(&self) -> Option<String> {
        let value = |name: &str| {
            self.headers.iter().find_map(|header| {
                let (found, value) = header.split_once(':')?;
                found.trim().eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
            })
        };
        value("Proc-Type")?.contains("ENCRYPTED").then(|| {
            let info = value("DEK-Info").unwrap_or_else(|| "unknown".to_owned());
            info.split(',').next().unwrap_or_default().to_owned()
        })
    }
}

fn certificate(der: &[u8]) -> Result<Item, String> {
    CertFacts::read(der).map(|facts| Item::Certificate(Box::new(facts))).map_err(|e| e.to_string())
}

fn request(der: &[u8]) -> Result<Item, String> {
    RequestFacts::read(der).map(|facts| Item::Request(Box::new(facts))).map_err(|e| e.0)
}

fn key(der: &[u8]) -> Result<Item, String> {
    KeyFacts::read(der).map(|facts| Item::Key(Box::new(facts))).map_err(|e| e.to_string())
}

/// What unlabelled DER is, by its shape.
fn from_der(der: &[u8]) -> Result<Item, Unreadable> {
    shape(der).map_err(Unreadable)
}

fn shape(contents: &[u8]) -> Result<Item, String> {
    const PKCS7: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07];
    let mut outer = Walk(contents);
    let Ok(Some(first)) = outer.any() else {
        return Err("it begins like DER and ends too soon".to_owned());
    };
    let tags =
        |content| der::children(content).map(|parts| parts.iter().map(|part| part.tag).collect::<Vec<_>>());
    match tags(first.content).unwrap_or_default().as_slice() {
        [tag::SEQUENCE, tag::SEQUENCE, tag::BIT_STRING] => {
            let inner = Walk(first.content).any().ok().flatten();
            let inner = inner.and_then(|inner| tags(inner.content).ok()).unwrap_or_default();
            // RFC 2986 §4.1: version, subject, key, [0] attributes; a certificate has more sequences.
            if matches!(inner.as_slice(), [tag::INTEGER, tag::SEQUENCE, tag::SEQUENCE, 0xa0] | [_, _, _]) {
                request(contents)
            } else {
                certificate(contents)
            }
        }
        // 1.2.840.113549.1.7, the arc of PKCS#7's content types
        [tag::OID, ..] if first.content.get(2..).is_some_and(|oid| oid.starts_with(PKCS7)) => {
            Err("it is PKCS#7 or another CMS message, which is not shown".to_owned())
        }
        [tag::INTEGER, tag::SEQUENCE] | [tag::INTEGER, tag::SEQUENCE, tag::SEQUENCE] => {
            Err("it is PKCS#12, which is not shown".to_owned())
        }
        _ => key(contents),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RICH: &[u8] = include_bytes!("facts/rich.der");

    fn pem(label: &str, der: &[u8]) -> String {
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", BASE64.encode(der))
    }

    fn told(bytes: &[u8]) -> Vec<(Option<usize>, String)> {
        items(bytes)
            .unwrap()
            .into_iter()
            .map(|found| {
                let what = match found.item {
                    Ok(Item::Certificate(_)) => "certificate".to_owned(),
                    Ok(Item::Key(key)) => format!("key {}", key.form.as_str()),
                    Ok(Item::Other(label)) => format!("other {label}"),
                    Ok(Item::Request(_)) => "request".to_owned(),
                    Err(Unreadable(why)) => why,
                };
                (found.line, what)
            })
            .collect()
    }

    #[test]
    fn der_and_pem_are_told_apart() {
        assert_eq!(told(RICH), [(None, "certificate".to_owned())]);
        let text = format!("subject=/CN=x\r\n{}", pem("CERTIFICATE", RICH));
        assert_eq!(told(text.as_bytes()), [(Some(2), "certificate".to_owned())]);
        assert_eq!(items(b" \n"), Err(Nothing::Empty));
        assert_eq!(items(b"hello"), Err(Nothing::Neither));
    }

    #[test]
    fn one_bad_block_does_not_hide_the_others() {
        let text = [
            pem("CERTIFICATE", &RICH[..100]),
            pem("EC PARAMETERS", &[6, 0]),
            "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n".to_owned(),
            "-----BEGIN CERTIFICATE-----\nAAAA\n".to_owned(),
            pem("CERTIFICATE", RICH),
            "-----BEGIN PUBLIC KEY-----\nAAAA".to_owned(),
        ]
        .concat();
        let expected = [
            (1, "CERTIFICATE: not an X.509 certificate: Certificate: the bytes end too soon"),
            (4, "other EC PARAMETERS"),
            (7, "CERTIFICATE: what it holds is not base64"),
            (10, "CERTIFICATE: expected -----END CERTIFICATE----- at its end, found none"),
            (12, "certificate"),
            (15, "PUBLIC KEY: expected -----END PUBLIC KEY----- at its end, found none"),
        ];
        assert_eq!(told(text.as_bytes()), expected.map(|(line, what)| (Some(line), what.to_owned())));
    }

    #[test]
    fn older_encryption_is_recognised() {
        let text = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00FF\n\n\
                    AAAA\n-----END RSA PRIVATE KEY-----\n";
        let found = items(text.as_bytes()).unwrap().remove(0);
        let Ok(Item::Key(key)) = found.item else { panic!("expected a key") };
        assert_eq!(key.form, KeyForm::EncryptedPem);
        assert_eq!(key.protection, Some(Protection::pem_headers("AES-256-CBC")));
    }

    #[test]
    fn containers_of_other_kinds_are_named() {
        let pkcs12 = [0x30, 7, 2, 1, 3, 0x30, 0, 0x30, 0];
        assert_eq!(told(&pkcs12), [(None, "it is PKCS#12, which is not shown".to_owned())]);
        let mut pkcs7 = vec![0x30, 11, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
        assert_eq!(
            told(&pkcs7),
            [(None, "it is PKCS#7 or another CMS message, which is not shown".to_owned())]
        );
        // rsaEncryption alone is none
        pkcs7[11] = 1;
        let neither = "not a key: expected PKCS#8, PKCS#1, SEC1 or a public key, found another structure";
        assert_eq!(told(&pkcs7), [(None, neither.to_owned())]);
        assert_eq!(told(&RICH[..200]), [(None, "it begins like DER and ends too soon".to_owned())]);
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in "(-----(BEGIN|END) [A-Z ]{0,12}-----|[A-Za-z0-9+/=:\n]{0,20}|\n){0,20}") {
            // Nothing, or at least one thing.
            prop_assert!(items(text.as_bytes()).map_or(true, |found| !found.is_empty()));
        }
    }
}
