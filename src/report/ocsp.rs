//! An OCSP response's facts, as JSON for a machine and as lines for a person.

use serde::Serialize;
use time::OffsetDateTime;

use super::certificate::{CertificateReport, ExtensionReport, escaped, extension_line, line, serial};
use crate::pki::crl::RevocationReason;
use crate::pki::ocsp::{Answer, CertStatus, OcspFacts, Responder, SingleStatus};
use crate::verify::Examined;
use crate::words;

/// What JSON says of an OCSP response. Its signature is not verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OcspReport {
    /// RFC 6960's name: `successful`, `tryLater`, …
    pub status: &'static str,
    /// SHA-256 of the response, lower-case hexadecimal.
    pub sha256: String,
    /// What it answers; null where it is not successful.
    pub answer: Option<AnswerReport>,
}

/// A successful response.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AnswerReport {
    /// The responder's name, where it goes by its name.
    pub responder_name: Option<String>,
    /// The SHA-1 of its key, hexadecimal, where it goes by that.
    pub responder_key_hash: Option<String>,
    /// When it was signed.
    pub produced_at: String,
    /// The nonce, hexadecimal.
    pub nonce: Option<String>,
    /// The signature algorithm, by openssl's name.
    pub signature_algorithm: String,
    /// The extensions of the response.
    pub extensions: Vec<ExtensionReport>,
    /// What is said of each certificate.
    pub responses: Vec<SingleReport>,
    /// The certificates that came along, those that can be read.
    pub certificates: Vec<CertificateReport>,
    /// How many cannot.
    pub unreadable_certificates: usize,
}

/// What is said of a certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SingleReport {
    /// Its serial number, hexadecimal.
    pub serial: String,
    /// The hash by which its issuer is named.
    pub hash: String,
    /// That of the issuer's name.
    pub issuer_name_hash: String,
    /// That of its key.
    pub issuer_key_hash: String,
    /// `good`, `revoked` or `unknown`.
    pub status: &'static str,
    /// Since when it is revoked.
    pub revoked_at: Option<String>,
    /// Why, by RFC 5280's name; null where it is not said.
    pub reason: Option<&'static str>,
    /// When that was so.
    pub this_update: String,
    /// When there will be something newer.
    pub next_update: Option<String>,
    /// The extensions of what is said.
    pub extensions: Vec<ExtensionReport>,
}

impl OcspReport {
    /// Of a response, and the certificates in it that can be read.
    pub fn new(facts: &OcspFacts, certificates: &[Examined]) -> Self {
        Self {
            status: facts.status.as_str(),
            sha256: words::hex(&crate::crypto::sha256(&facts.der)),
            answer: facts.answer.as_ref().map(|answer| AnswerReport::new(answer, certificates)),
        }
    }
}

impl AnswerReport {
    fn new(answer: &Answer, certificates: &[Examined]) -> Self {
        let (name, hash) = match &answer.responder {
            Responder::Name(name) => (Some(escaped(name)), None),
            Responder::KeyHash(hash) => (None, Some(words::hex(hash))),
        };
        Self {
            responder_name: name,
            responder_key_hash: hash,
            produced_at: words::instant(answer.produced_at),
            nonce: answer.nonce().map(words::hex),
            signature_algorithm: answer.signature_algorithm.name.clone(),
            extensions: answer.extensions.iter().map(ExtensionReport::from).collect(),
            responses: answer.statuses.iter().map(SingleReport::from).collect(),
            unreadable_certificates: answer.certificates.len().saturating_sub(certificates.len()),
            certificates: certificates.iter().map(CertificateReport::from).collect(),
        }
    }
}

impl From<&SingleStatus> for SingleReport {
    fn from(single: &SingleStatus) -> Self {
        let (revoked_at, reason) = match single.status {
            CertStatus::Revoked { at, reason } => (Some(words::instant(at)), reason),
            CertStatus::Good | CertStatus::Unknown => (None, None),
        };
        Self {
            serial: serial(&single.id.serial, ""),
            hash: single.id.hash.name_or_dotted(),
            issuer_name_hash: words::hex(&single.id.issuer_name_hash),
            issuer_key_hash: words::hex(&single.id.issuer_key_hash),
            status: single.status.as_str(),
            revoked_at,
            reason: reason.map(RevocationReason::as_str),
            this_update: words::instant(single.this_update),
            next_update: single.next_update.map(words::instant),
            extensions: single.extensions.iter().map(ExtensionReport::from).collect(),
        }
    }
}

/// How many statuses a person is shown: `--json` has them all.
const SHOWN: usize = 100;

/// Every field, a label and a value a line, for a person who looks at the instant `at`; with the certificates in it that
/// can be read.
pub fn lines(facts: &OcspFacts, certificates: &[Examined], at: OffsetDateTime) -> Vec<String> {
    let report = OcspReport::new(facts, certificates);
    let mut lines = vec![line("status", report.status)];
    let (Some(answer), Some(facts)) = (&report.answer, &facts.answer) else {
        lines.push(line("SHA-256", &report.sha256));
        return lines;
    };
    lines.push(line("responder", words::shortened(escaped(&facts.responder))));
    lines.push(line("produced", words::since(facts.produced_at, at)));
    lines.push(line("nonce", answer.nonce.as_deref().unwrap_or("none")));
    lines.push(line("signature", format!("{}, not verified", answer.signature_algorithm)));
    lines.push(line("SHA-256", &report.sha256));
    let count = |found: usize| if found == 0 { "none".to_owned() } else { found.to_string() };
    lines.push(line("extensions", count(answer.extensions.len())));
    lines.extend(answer.extensions.iter().map(extension_line));
    lines.push(line("certificates", count(facts.certificates.len())));
    for certificate in &answer.certificates {
        lines.push(format!("  {} issued by {}", certificate.subject, certificate.issuer));
    }
    lines.push(line("about", words::counted(facts.statuses.len() as u64, "certificate")));
    for (report, facts) in answer.responses.iter().zip(&facts.statuses).take(SHOWN) {
        lines.extend(single(report, facts, at).into_iter().map(|line| format!("  {line}")));
    }
    if let Some(more) = facts.statuses.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        lines.push(format!("  and {more} more, which --json lists"));
    }
    lines
}

fn single(report: &SingleReport, facts: &SingleStatus, at: OffsetDateTime) -> Vec<String> {
    let mut status = format!("{} {}", serial(&facts.id.serial, ":"), report.status);
    let mut add = |label: &str, value: Option<&str>| {
        status.extend(value.map(|value| format!("{label}{value}")));
    };
    add(" since ", report.revoked_at.as_deref());
    add(", ", report.reason);
    let next = match facts.next_update {
        None => "not said".to_owned(),
        Some(next) if next < at => {
            format!("{} (out of date: due {})", words::instant(next), words::relative(next, at))
        }
        Some(next) => words::since(next, at),
    };
    let mut lines = vec![
        status,
        line("this update", words::since(facts.this_update, at)),
        line("next update", next),
        line("issuer's name", format!("{} {}", report.hash, report.issuer_name_hash)),
        line("issuer's key", format!("{} {}", report.hash, report.issuer_key_hash)),
    ];
    lines.extend(report.extensions.iter().map(extension_line));
    lines
}
