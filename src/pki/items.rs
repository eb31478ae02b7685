//! What is in a file: certificates, keys, requests, in the order in which they stand, PEM or DER, told apart by
//! looking. Pure: bytes in, facts out.
//!
//! [`super::files`] reads what a command asked for and refuses all else; this shows whatever is there.

use super::crl::CrlFacts;
use super::der::{Walk, tag};
use super::facts::{CertFacts, Malformed};
use super::files;
use super::key_facts::{KeyFacts, Protection};
use super::kind::{KeyForm, Kind};
use super::ocsp::OcspFacts;
use super::pem::{self, Block, Fault};
use super::request::RequestFacts;
use crate::words::{self, Escaped};

/// One thing in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The line on which its PEM block begins, counted from 1; `None` for DER.
    pub line: Option<usize>,
    /// What it is, or why it cannot be read.
    pub item: Result<Item, Unreadable>,
    /// What is wrong with it and does not keep it from being shown.
    pub faults: Vec<String>,
}

/// What a thing is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A certificate.
    Certificate(Box<CertFacts>),
    /// A certificate revocation list.
    Crl(Box<CrlFacts>),
    /// A key, private or public.
    Key(Box<KeyFacts>),
    /// An OCSP response.
    Ocsp(Box<OcspFacts>),
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
    let found: Vec<_> =
        pem::blocks(bytes).into_iter().map(|(line, block)| found(line, block.as_ref())).collect();
    if !found.is_empty() {
        return Ok(found);
    }
    match Kind::of(bytes) {
        Kind::Unknown if bytes.first() != Some(&tag::SEQUENCE) => Err(Nothing::Neither),
        kind => {
            let (item, faults) = unzip(from_der(kind, bytes).map_err(Unreadable));
            Ok(vec![Found { line: None, item, faults }])
        }
    }
}

fn unzip(read: Result<(Item, Vec<String>), Unreadable>) -> (Result<Item, Unreadable>, Vec<String>) {
    match read {
        Ok((item, faults)) => (Ok(item), faults),
        Err(error) => (Err(error), Vec::new()),
    }
}

/// One PEM block.
fn found(line: usize, block: Result<&Block, &Fault>) -> Found {
    let read = match block {
        Ok(block) => read(block).map_err(|fault| Unreadable(format!("{}: {fault}", block.label))),
        Err(fault) => Err(Unreadable(fault.to_string())),
    };
    let (item, faults) = unzip(read);
    Found { line: Some(line), item, faults }
}

fn read(block: &Block) -> Result<(Item, Vec<String>), String> {
    if let Some(info) = block.encryption() {
        let cipher = info.split(',').next().unwrap_or_default();
        let cipher = if cipher.is_empty() { "unknown".to_owned() } else { Escaped(cipher).to_string() };
        return Ok(sound(Item::Key(Box::new(KeyFacts {
            form: KeyForm::EncryptedPem,
            public_key: None,
            kind: None,
            protection: Some(Protection::pem_headers(&words::shortened(cipher))),
        }))));
    }
    let der = files::decode(block).map_err(str::to_owned);
    match block.label.as_str() {
        "CERTIFICATE" | "X509 CERTIFICATE" => certificate(&der?),
        // openssl's own: a certificate, then what it is trusted for
        "TRUSTED CERTIFICATE" => {
            let der = der?;
            let first = Walk(&der).any().ok().flatten();
            certificate(first.map_or(&der[..], |first| first.encoded))
        }
        "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => request(&der?),
        "X509 CRL" | "CRL" => crl(&der?),
        "OCSP RESPONSE" => ocsp(&der?),
        "PUBLIC KEY" | "RSA PUBLIC KEY" => key(&der?),
        label if label.ends_with("PRIVATE KEY") && !label.starts_with("OPENSSH") => key(&der?),
        _ => Ok(sound(Item::Other(block.label.to_string()))),
    }
}

/// With nothing wrong with it.
fn sound(item: Item) -> (Item, Vec<String>) {
    (item, Vec::new())
}

/// With what is wrong with it and does not keep it from being shown.
fn certificate(der: &[u8]) -> Result<(Item, Vec<String>), String> {
    let (facts, faults) = CertFacts::read_leniently(der).map_err(|e| e.to_string())?;
    Ok((Item::Certificate(Box::new(facts)), faults.into_iter().map(|fault| fault.0).collect()))
}

fn crl(der: &[u8]) -> Result<(Item, Vec<String>), String> {
    let facts =
        CrlFacts::read(der).map_err(|Malformed(why)| format!("not a certificate revocation list: {why}"))?;
    Ok(sound(Item::Crl(Box::new(facts))))
}

fn ocsp(der: &[u8]) -> Result<(Item, Vec<String>), String> {
    let facts = OcspFacts::read(der).map_err(|Malformed(why)| format!("not an OCSP response: {why}"))?;
    Ok(sound(Item::Ocsp(Box::new(facts))))
}

fn request(der: &[u8]) -> Result<(Item, Vec<String>), String> {
    RequestFacts::read(der).map_err(|e| e.0).map(|facts| sound(Item::Request(Box::new(facts))))
}

fn key(der: &[u8]) -> Result<(Item, Vec<String>), String> {
    KeyFacts::read(der).map_err(|e| e.to_string()).map(|facts| sound(Item::Key(Box::new(facts))))
}

/// Unlabelled DER.
fn from_der(kind: Kind, der: &[u8]) -> Result<(Item, Vec<String>), String> {
    match kind {
        Kind::Certificate => certificate(der),
        Kind::Request => request(der),
        Kind::Crl => crl(der),
        Kind::Ocsp => ocsp(der),
        Kind::Damaged => Err("it begins like DER and ends too soon".to_owned()),
        Kind::Base64
        | Kind::Cms
        | Kind::Embedded
        | Kind::Gzip
        | Kind::Hexadecimal
        | Kind::Pkcs12
        | Kind::Utf16 => Err(format!("it is {}, which is not shown", kind.words())),
        Kind::DsaKey | Kind::Key(_) | Kind::Unknown => key(der),
    }
}

#[cfg(test)]
mod tests {
    use data_encoding::BASE64;
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
                    Ok(Item::Crl(crl)) => format!("list of {}", crl.entries.len()),
                    Ok(Item::Key(key)) => format!("key {}", key.form.as_str()),
                    Ok(Item::Ocsp(response)) => format!("response {}", response.status),
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
        assert_eq!(told(&[0x30, 3, 0x0a, 1, 3]), [(None, "response tryLater".to_owned())]);
        let text = pem("OCSP RESPONSE", &[0x30, 3, 0x0a, 1, 4]);
        assert!(told(text.as_bytes())[0].1.contains("not an OCSP response: responseStatus"));
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
            (7, "CERTIFICATE: expected base64"),
            (10, "cut short: expected a line -----END CERTIFICATE-----, found none"),
            (12, "certificate"),
            (15, "cut short: expected a line -----END PUBLIC KEY-----, found none"),
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
        assert_eq!(told(&pkcs12), [(None, "it is a PKCS#12 bundle, which is not shown".to_owned())]);
        let mut pkcs7 = vec![0x30, 11, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
        assert_eq!(
            told(&pkcs7),
            [(None, "it is a PKCS#7 or another CMS message, which is not shown".to_owned())]
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
