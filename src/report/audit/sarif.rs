//! SARIF 2.1.0, as GitHub's code scanning takes it: no empty strings, texts of at most 1,024 characters, a location in
//! a file of the repository for each result.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::place::{Source, place};
use super::sheet::{Row, Sheet, sheets};
use crate::audit::verdict::Verdict;
use crate::crypto::sha256;
use crate::words::hex;

/// The most results that GitHub takes of a run.
const MOST_RESULTS: usize = 25_000;
/// The longest text.
const LONGEST: usize = 1024;

/// All audits as one run: what failed, what is warned of, and what cannot be judged.
pub fn sarif<'a, A>(audits: &'a [A], source: Option<&Source>) -> Value
where
    &'a A: Into<Sheet>,
{
    let mut rules: BTreeMap<String, Value> = BTreeMap::new();
    let mut results: Vec<Value> = Vec::new();
    for audit in sheets(audits) {
        let told = audit.rows.iter().filter(|result| level(result.verdict).is_some());
        for found in told.take(MOST_RESULTS - results.len()) {
            rules.entry(found.id.clone()).or_insert_with(|| rule(found));
            results.push(result(&audit, found, source));
        }
    }
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "tlslab",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules.into_values().collect::<Vec<_>>(),
            }},
            "results": results,
        }],
    })
}

/// How bad a verdict is; `None` for what is no finding.
fn level(verdict: Verdict) -> Option<&'static str> {
    match verdict {
        Verdict::Fail => Some("error"),
        Verdict::Warn => Some("warning"),
        Verdict::Error => Some("note"),
        Verdict::Info | Verdict::Pass | Verdict::Skip => None,
    }
}

fn rule(result: &Row) -> Value {
    json!({
        "id": result.id,
        "shortDescription": { "text": short(&result.title) },
        "fullDescription": { "text": short(&format!("{} ({}; {})", result.title, result.grade, result.citation)) },
        "help": { "text": short(&result.help) },
        "properties": {
            "tags": ["security", "tls", result.family],
            "security-severity": result.severity,
        },
    })
}

fn result(audit: &Sheet, result: &Row, source: Option<&Source>) -> Value {
    let at = place(audit, source);
    let fingerprint = sha256(format!("{}\n{}", at.file, result.name).as_bytes());
    json!({
        "ruleId": result.id,
        "level": level(result.verdict),
        "message": { "text": short(&result.told) },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": uri(&at.file) },
            "region": { "startLine": at.line, "startColumn": 1, "endLine": at.line, "endColumn": 2 },
        }}],
        "partialFingerprints": { "primaryLocationLineHash": format!("{}:1", hex(&fingerprint[..8])) },
    })
}

/// Never empty, never too long.
fn short(text: &str) -> String {
    let text = if text.trim().is_empty() { "-" } else { text.trim() };
    match text.char_indices().nth(LONGEST - 1) {
        Some((end, last)) if end + last.len_utf8() < text.len() => format!("{}…", &text[..end]),
        _ => text.to_owned(),
    }
}

/// A relative reference (RFC 3986 §4.2): what is no unreserved character or slash is percent-encoded.
fn uri(file: &str) -> String {
    file.bytes().fold(String::new(), |mut uri, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            // Writing to a String does not fail.
            let _ = write!(uri, "%{byte:02X}");
        }
        uri
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_neither_empty_nor_too_long() {
        assert_eq!(short(" "), "-");
        assert_eq!(short(&"é".repeat(LONGEST)), "é".repeat(LONGEST));
        assert_eq!(short(&"é".repeat(LONGEST + 1)).chars().count(), LONGEST);
        assert_eq!(uri("dir/a b%.py"), "dir/a%20b%25.py");
    }
}
