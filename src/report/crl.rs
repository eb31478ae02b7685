//! A certificate revocation list's facts, as JSON for a machine and as lines for a person.

use serde::Serialize;
use time::OffsetDateTime;

use super::certificate::{ExtensionReport, escaped, extension_line, line, serial};
use crate::pki::crl::{CrlEntry, CrlFacts, RevocationReason};
use crate::words;

/// What JSON says of a certificate revocation list. Its signature is not verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CrlReport {
    /// The issuer, in openssl's `-subj` syntax.
    pub issuer: String,
    /// 1 or 2.
    pub version: u8,
    /// cRLNumber, decimal.
    pub number: Option<String>,
    /// Whether it is a delta: one that adds to another.
    pub delta: bool,
    /// When it was issued.
    pub this_update: String,
    /// When the next one is due.
    pub next_update: Option<String>,
    /// The signature algorithm, by openssl's name.
    pub signature_algorithm: String,
    /// SHA-256 of the list, lower-case hexadecimal.
    pub sha256: String,
    /// The extensions of the list.
    pub extensions: Vec<ExtensionReport>,
    /// The revoked certificates.
    pub revoked: Vec<RevokedReport>,
}

/// A revoked certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RevokedReport {
    /// Its serial number, hexadecimal.
    pub serial: String,
    /// When it was revoked.
    pub revoked_at: String,
    /// Why, by RFC 5280's name; null where it is not said.
    pub reason: Option<&'static str>,
    /// Since when its key is thought to have been in wrong hands.
    pub invalid_since: Option<String>,
    /// Whose certificate it is, where the list says so.
    pub certificate_issuer: Option<String>,
    /// Critical extensions of the entry that tlslab does not know.
    pub unknown_critical: Vec<String>,
}

impl From<&CrlFacts> for CrlReport {
    fn from(facts: &CrlFacts) -> Self {
        Self {
            issuer: escaped(&facts.issuer),
            version: facts.version,
            number: facts.number_words(),
            delta: facts.delta_base.is_some(),
            this_update: words::instant(facts.this_update),
            next_update: facts.next_update.map(words::instant),
            signature_algorithm: facts.signature_algorithm.name.clone(),
            sha256: words::hex(&crate::crypto::sha256(&facts.der)),
            extensions: facts.extensions.iter().map(ExtensionReport::from).collect(),
            revoked: facts.entries.iter().map(RevokedReport::from).collect(),
        }
    }
}

impl From<&CrlEntry> for RevokedReport {
    fn from(entry: &CrlEntry) -> Self {
        let issuer = entry.certificate_issuer.as_deref();
        Self {
            serial: serial(&entry.serial, ""),
            revoked_at: words::instant(entry.revoked_at),
            reason: entry.reason.map(RevocationReason::as_str),
            invalid_since: entry.invalid_since.map(words::instant),
            certificate_issuer: issuer.map(|names| names.iter().map(escaped).collect::<Vec<_>>().join(", ")),
            unknown_critical: entry.unknown_critical.iter().map(ToString::to_string).collect(),
        }
    }
}

/// How many revoked certificates a person is shown: `--json` has them all.
const SHOWN: usize = 100;

/// Every field, a label and a value a line, for a person who looks at the instant `at`.
pub fn lines(facts: &CrlFacts, at: OffsetDateTime) -> Vec<String> {
    let report = CrlReport::from(facts);
    let mut lines = Vec::new();
    let mut put = |label: &str, value: String| lines.push(line(label, value));
    put("issuer", report.issuer);
    put("version", report.version.to_string());
    put("number", report.number.map_or_else(|| "none".to_owned(), words::shortened));
    if report.delta {
        put("delta", "yes: it adds to a complete list".to_owned());
    }
    put("this update", words::since(facts.this_update, at));
    put(
        "next update",
        match facts.next_update {
            None => "not said".to_owned(),
            Some(next) if next < at => {
                format!("{} (out of date: due {})", words::instant(next), words::relative(next, at))
            }
            Some(next) => words::since(next, at),
        },
    );
    put(
        "signature",
        if facts.signature_algorithms_agree {
            format!("{}, not verified", report.signature_algorithm)
        } else {
            format!("{}, not verified; the signed part names another", report.signature_algorithm)
        },
    );
    put("SHA-256", words::hex_colons(&crate::crypto::sha256(&facts.der)));
    put(
        "extensions",
        match report.extensions.len() {
            0 => "none".to_owned(),
            count => count.to_string(),
        },
    );
    lines.extend(report.extensions.iter().map(extension_line));
    let revoked = match report.revoked.len() {
        0 => "nothing".to_owned(),
        count => words::counted(count as u64, "certificate"),
    };
    lines.push(line("revoked", revoked));
    for (entry, facts) in report.revoked.iter().zip(&facts.entries).take(SHOWN) {
        lines.push(format!("  {}", entry_line(entry, &serial(&facts.serial, ":"))));
    }
    if let Some(more) = report.revoked.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        lines.push(format!("  and {more} more, which --json lists"));
    }
    lines
}

fn entry_line(entry: &RevokedReport, serial: &str) -> String {
    let mut words = format!("{serial} since {}", entry.revoked_at);
    let mut add = |label: &str, value: Option<&str>| {
        words.extend(value.map(|value| format!("{label}{value}")));
    };
    add(", ", entry.reason);
    add(", key not safe since ", entry.invalid_since.as_deref());
    add(", issued by ", entry.certificate_issuer.as_deref());
    let unknown = entry.unknown_critical.join(", ");
    add(", unknown critical extension ", Some(unknown.as_str()).filter(|unknown| !unknown.is_empty()));
    words
}
