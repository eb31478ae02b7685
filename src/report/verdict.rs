//! A verdict, as JSON for a machine and as a table for a person.
//!
//! The JSON's field names are a contract, the same for `connect` and `verify`.

use serde::Serialize;

use super::certificate::CertificateReport;
use crate::verify::{Check, CheckKind, Examined, Verdict};

/// What `connect --json` and `verify --json` print.
#[derive(Clone, Debug, Serialize)]
pub struct VerdictReport {
    /// `accepted` or `rejected`.
    pub verdict: &'static str,
    /// The exit status of the process.
    pub exit_status: u8,
    /// Every reason to reject, once each; the first decides the exit status.
    pub reasons: Vec<&'static str>,
    /// Every check that ran.
    pub checks: Vec<CheckReport>,
    /// `TLSv1.3` or `TLSv1.2`; null where no handshake took place.
    pub protocol: Option<String>,
    /// The cipher suite, by its IANA name.
    pub cipher_suite: Option<String>,
    /// The key exchange group.
    pub key_exchange: Option<String>,
    /// The judged certificate; null where none was shown or it could not be read.
    pub certificate: Option<CertificateReport>,
    /// Application bytes sent to the peer.
    pub sent_bytes: u64,
    /// Application bytes received from it.
    pub received_bytes: u64,
    /// Remarks that change nothing.
    pub notes: Vec<String>,
    /// What no policy checks.
    pub not_checked: &'static [&'static str],
}

/// What is never checked, and said so; revocation only where no list was given and none demanded.
const NOT_CHECKED: &[&str] = &["revocation", "certificate transparency", "certificate policies"];

/// What was not checked beside `checks`.
pub(super) fn not_checked<'a>(checks: impl IntoIterator<Item = &'a Check>) -> &'static [&'static str] {
    let asked = checks.into_iter().any(|check| check.kind == CheckKind::Revocation);
    &NOT_CHECKED[usize::from(asked)..]
}

/// One check.
#[derive(Clone, Debug, Serialize)]
pub struct CheckReport {
    /// `trust`, `name`, `not-before`, `not-after`, `usage`, `strength`, `signature` or `revocation`.
    pub check: &'static str,
    /// Whether it passed.
    pub ok: bool,
    /// Why not.
    pub reasons: Vec<&'static str>,
    /// What was expected.
    pub expected: String,
    /// What was found.
    pub found: String,
}

impl From<&Check> for CheckReport {
    fn from(check: &Check) -> Self {
        Self {
            check: check.kind.as_str(),
            ok: check.ok(),
            reasons: check.reasons.iter().map(|reason| reason.as_str()).collect(),
            expected: check.expected.to_string(),
            found: check.found.to_string(),
        }
    }
}

impl VerdictReport {
    /// Of a verdict, and the certificate that was judged.
    pub fn new(verdict: &Verdict, certificate: Option<&Examined>) -> Self {
        Self {
            verdict: if verdict.accepted() { "accepted" } else { "rejected" },
            exit_status: verdict.exit_status(),
            reasons: verdict.reasons().iter().map(|reason| reason.as_str()).collect(),
            checks: verdict.checks.iter().map(CheckReport::from).collect(),
            protocol: None,
            cipher_suite: None,
            key_exchange: None,
            certificate: certificate.map(CertificateReport::from),
            sent_bytes: 0,
            received_bytes: 0,
            notes: verdict.notes.iter().map(ToString::to_string).collect(),
            not_checked: not_checked(&verdict.checks),
        }
    }
}

/// Every check in a line, failed ones with what was expected beneath; then the notes.
///
/// ```text
/// ok    trust       the trusted certificate itself
/// FAIL  not-after   valid until 2026-11-20T12:00:00Z (3 days ago)
///                   expected: not after the certificate's time; it is 2026-11-23T12:00:00Z
/// ```
pub fn table(verdict: &Verdict) -> Vec<String> {
    let mut lines = Vec::new();
    for check in &verdict.checks {
        let mark = if check.ok() { "ok  " } else { "FAIL" };
        lines.push(format!("{mark}  {:<10}  {}", check.kind.as_str(), check.found));
        if !check.ok() {
            lines.push(format!("{:18}expected: {}", "", check.expected));
        }
    }
    lines.extend(verdict.notes.iter().map(|note| format!("note  {note}")));
    lines
}

/// The verdict in a sentence: `accepted`, or every reason.
pub fn sentence(verdict: &Verdict) -> String {
    let reasons = verdict.reasons();
    if reasons.is_empty() {
        return "accepted".to_owned();
    }
    let reasons: Vec<&str> = reasons.iter().map(|reason| reason.as_str()).collect();
    format!("rejected: {}", reasons.join(", "))
}
