//! A certificate signing request's facts, as JSON for a machine and as lines for a person.

use serde::Serialize;

use super::certificate::{ExtensionReport, escaped, extension_line, key_name, key_words, line};
use crate::crypto;
use crate::pki::request::RequestFacts;
use crate::verify::BadRequest;
use crate::words;

/// What JSON says of a certificate signing request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RequestReport {
    /// The subject, in openssl's `-subj` syntax.
    pub subject: String,
    /// The key, such as `EC P-256`.
    pub public_key: String,
    /// SHA-256 of its SubjectPublicKeyInfo, lower-case hexadecimal.
    pub spki_sha256: String,
    /// The signature algorithm, by openssl's name.
    pub signature_algorithm: String,
    /// Whether the key that it asks to have certified verifies its signature (RFC 2986 §3); null where that cannot be known,
    /// and where it would prove nothing.
    pub signature_verifies: Option<bool>,
    /// The extensions that are asked for.
    pub extensions: Vec<ExtensionReport>,
}

impl RequestReport {
    /// Of a request, and what came of looking whether whoever made it holds its key.
    pub fn new(facts: &RequestFacts, proof: &Result<(), BadRequest>) -> Self {
        Self {
            subject: escaped(&facts.subject),
            public_key: key_name(&facts.public_key),
            spki_sha256: words::hex(&crypto::sha256(&facts.public_key.spki)),
            signature_algorithm: facts.signature_algorithm.name.clone(),
            signature_verifies: match proof {
                Ok(()) => Some(true),
                Err(BadRequest::Signature) => Some(false),
                Err(BadRequest::Key(_) | BadRequest::TooWeak(_) | BadRequest::Unsupported(_)) => None,
            },
            extensions: facts.extensions.iter().map(ExtensionReport::from).collect(),
        }
    }
}

/// Every field, a label and a value a line.
pub fn lines(facts: &RequestFacts, proof: &Result<(), BadRequest>) -> Vec<String> {
    let report = RequestReport::new(facts, proof);
    let proof = match proof {
        Ok(()) => "its own key verifies it".to_owned(),
        Err(why) => why.to_string(),
    };
    let mut lines = vec![
        line("subject", &report.subject),
        line("key", key_words(&facts.public_key)),
        line("signature", &report.signature_algorithm),
        line("", proof),
        line("SPKI SHA-256", &report.spki_sha256),
        line("asks for", report.extensions.len()),
    ];
    lines.extend(report.extensions.iter().map(extension_line));
    lines
}
