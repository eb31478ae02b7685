//! GitLab's Code Quality report: one array of findings.

use serde_json::{Value, json};

use super::place::{Source, place};
use super::sheet::{Row, Sheet, sheets};
use crate::audit::verdict::Verdict;
use crate::crypto::sha256;
use crate::words::{Escaped, hex};

/// What failed, what is warned of, and what cannot be judged.
pub fn codequality<'a, A>(audits: &'a [A], source: Option<&Source>) -> Value
where
    &'a A: Into<Sheet>,
{
    let mut findings: Vec<Value> = Vec::new();
    for audit in sheets(audits) {
        findings.extend(audit.rows.iter().filter_map(|result| finding(&audit, result, source)));
    }
    findings.into()
}

fn finding(audit: &Sheet, result: &Row, source: Option<&Source>) -> Option<Value> {
    let severity = match result.verdict {
        Verdict::Fail => "critical",
        Verdict::Warn => "minor",
        Verdict::Error => "info",
        Verdict::Info | Verdict::Pass | Verdict::Skip => return None,
    };
    let at = place(audit, source);
    let name = &result.name;
    // The submission is part of it: with one source for all, each has findings of its own.
    let unique = format!("{}\n{}\n{name}", at.file, audit.submission);
    Some(json!({
        "description": format!("{}: {}", result.title, Escaped(&result.why)),
        "check_name": name,
        "fingerprint": hex(&sha256(unique.as_bytes())),
        "severity": severity,
        "location": { "path": at.file, "lines": { "begin": at.line } },
    }))
}
