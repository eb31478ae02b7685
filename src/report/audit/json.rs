//! An audit as JSON, in the words of the contract.

use std::sync::Arc;

use serde::Serialize;
use serde::ser::SerializeSeq as _;

use crate::audit::case::Case;
use crate::audit::hello::HelloAudit;
use crate::audit::result::{Audit, CaseResult, Summary};
use crate::audit::verdict::signal_name;
use crate::words::{Escaped, hex};

/// What `audit client --json` prints.
#[derive(Clone, Debug, Serialize)]
pub struct AuditReport<'a> {
    /// The client's command line as it was given.
    pub client: &'a [String],
    /// The name that it expects.
    pub name: &'a str,
    /// What counts.
    pub profile: &'static str,
    /// What the order was drawn from.
    pub seed: u64,
    /// The exit status of the process.
    pub exit_status: u8,
    /// `green` where every control was accepted, else `red`.
    pub controls: &'static str,
    /// Why a control was not accepted.
    pub controls_red: &'a [String],
    /// How the client was kept from the network.
    pub isolation: &'a str,
    /// Whether it was ended early.
    pub interrupted: bool,
    /// How many cases ended how.
    pub summary: SummaryReport,
    /// Every case.
    pub cases: CaseReports<'a>,
    /// What the client offers; null where it never did.
    pub client_hello: Option<HelloReport<'a>>,
    /// Where results and baseline differ; null without a baseline.
    pub baseline: Option<&'a [String]>,
}

/// How many cases ended how.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct SummaryReport {
    pass: usize,
    fail: usize,
    warn: usize,
    info: usize,
    skip: usize,
    error: usize,
}

/// Every case, each made when it is written.
#[derive(Clone, Debug)]
pub struct CaseReports<'a>(&'a [Arc<CaseResult>]);

impl Serialize for CaseReports<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut cases = serializer.serialize_seq(Some(self.0.len()))?;
        for result in self.0 {
            cases.serialize_element(&CaseReport::new(&result.case(), result))?;
        }
        cases.end()
    }
}

/// One case.
#[derive(Clone, Debug, Serialize)]
pub struct CaseReport<'a> {
    /// Its id.
    pub id: &'a str,
    family: &'static str,
    title: &'a str,
    citation: &'a str,
    attack: &'a str,
    fix: &'a str,
    model: &'static str,
    grade: &'static str,
    tls: Option<&'static str>,
    observed: &'static str,
    strict: bool,
    verdict: &'static str,
    why: &'a str,
    witness: WitnessReport<'a>,
    output: String,
    client_ms: f64,
    overhead_ms: f64,
}

/// What was seen.
#[allow(clippy::struct_excessive_bools, reason = "each is one thing that was seen or not")]
#[derive(Clone, Debug, Serialize)]
pub(super) struct WitnessReport<'a> {
    connections: u32,
    connected: bool,
    handshake_completed: bool,
    alert: Option<String>,
    application_bytes: u64,
    plaintext_bytes: u64,
    message_seen: bool,
    exit_status: Option<i32>,
    signal: Option<String>,
    timed_out: bool,
    reset: bool,
    opening: String,
    notes: &'a [String],
}

/// What the client offers.
#[derive(Clone, Debug, Serialize)]
pub struct HelloReport<'a> {
    versions: &'a [String],
    cipher_suites: &'a [String],
    groups: &'a [String],
    signature_schemes: &'a [String],
    server_name: Option<String>,
    alpn: Vec<String>,
    ja3: &'a str,
    ja4: &'a str,
    findings: Vec<FindingReport<'a>>,
}

/// One finding about the offer.
#[derive(Clone, Debug, Serialize)]
pub(super) struct FindingReport<'a> {
    id: &'static str,
    verdict: &'static str,
    found: &'a str,
    citation: &'static str,
}

/// What `audit client --each --json` prints.
#[derive(Clone, Debug, Serialize)]
pub struct SubmissionsReport<'a> {
    /// One audit a submission.
    pub submissions: Vec<SubmissionReport<'a>>,
    /// The exit status of the process.
    pub exit_status: u8,
}

/// One submission.
#[derive(Clone, Debug, Serialize)]
pub struct SubmissionReport<'a> {
    file: &'a str,
    #[serde(flatten)]
    audit: AuditReport<'a>,
}

/// What `audit list --json` prints.
#[derive(Clone, Debug, Serialize)]
pub struct CasesReport<'a> {
    /// Every case.
    pub cases: Vec<ListedCase<'a>>,
    /// Every family, and how many cases it has.
    pub families: Vec<Family>,
}

/// A case in a list.
#[derive(Clone, Debug, Serialize)]
pub struct ListedCase<'a> {
    id: &'a str,
    family: &'static str,
    model: &'static str,
    grade: &'static str,
    title: &'a str,
    citation: &'a str,
    attack: &'a str,
    fix: &'a str,
    tls: String,
    asked: &'a str,
}

/// A family.
#[derive(Clone, Debug, Serialize)]
pub struct Family {
    /// Its name.
    pub family: &'static str,
    /// How many cases it has.
    pub cases: usize,
}

impl<'a> CasesReport<'a> {
    /// These cases.
    pub fn new(cases: impl IntoIterator<Item = &'a Case>) -> Self {
        let cases: Vec<&Case> = cases.into_iter().collect();
        let mut families: Vec<Family> = Vec::new();
        for case in &cases {
            match families.iter_mut().find(|family| family.family == case.family) {
                Some(family) => family.cases += 1,
                None => families.push(Family { family: case.family, cases: 1 }),
            }
        }
        let cases = cases
            .into_iter()
            .map(|case| ListedCase {
                id: &case.id,
                family: case.family,
                model: case.trust.as_str(),
                grade: case.grade.as_str(),
                title: &case.title,
                citation: &case.citation,
                attack: &case.attack,
                fix: &case.fix,
                tls: case.versions.to_string(),
                asked: &case.asked,
            })
            .collect();
        Self { cases, families }
    }
}

impl From<Summary> for SummaryReport {
    fn from(summary: Summary) -> Self {
        let Summary { pass, fail, warn, info, skip, error } = summary;
        Self { pass, fail, warn, info, skip, error }
    }
}

impl<'a> From<&'a Audit> for AuditReport<'a> {
    fn from(audit: &'a Audit) -> Self {
        Self {
            client: &audit.client,
            name: &audit.name,
            profile: audit.profile.as_str(),
            seed: audit.seed,
            exit_status: audit.exit_status(),
            controls: if audit.controls_green { "green" } else { "red" },
            controls_red: &audit.red,
            isolation: &audit.isolation,
            interrupted: audit.interrupted,
            summary: audit.summary().into(),
            cases: CaseReports(&audit.results),
            client_hello: audit.client_hello.as_ref().map(HelloReport::from),
            baseline: audit.baseline.as_deref(),
        }
    }
}

impl<'a> SubmissionsReport<'a> {
    /// These audits, each of a submission.
    pub fn new(audits: &'a [Audit], exit_status: u8) -> Self {
        let submissions = audits
            .iter()
            .map(|audit| SubmissionReport {
                file: audit.file.as_deref().unwrap_or_default(),
                audit: AuditReport::from(audit),
            })
            .collect();
        Self { submissions, exit_status }
    }
}

impl<'a> CaseReport<'a> {
    fn new(case: &'a Case, result: &'a CaseResult) -> Self {
        let (wire, end) = (&result.witness.wire, result.witness.end);
        Self {
            id: &case.id,
            family: case.family,
            title: &case.title,
            citation: &case.citation,
            attack: &case.attack,
            fix: &case.fix,
            model: case.trust.as_str(),
            grade: result.grade.as_str(),
            tls: result.tls(),
            observed: result.observed.as_str(),
            strict: result.strict,
            verdict: result.verdict.as_str(),
            why: &result.why,
            witness: WitnessReport {
                connections: wire.connections,
                connected: wire.connections > 0,
                handshake_completed: wire.handshake_completed,
                alert: wire.alert.map(crate::tls::names::alert),
                application_bytes: wire.left(),
                plaintext_bytes: wire.plaintext_bytes,
                message_seen: wire.message_seen || wire.message_in_the_clear,
                exit_status: end.exit_status,
                signal: end.signal.map(signal_name),
                timed_out: end.timed_out,
                reset: wire.reset,
                opening: hex(&wire.opening),
                notes: &wire.notes,
            },
            output: output(&result.witness.output),
            client_ms: milliseconds(result.witness.client),
            overhead_ms: milliseconds(result.witness.overhead),
        }
    }
}

impl<'a> From<&'a HelloAudit> for HelloReport<'a> {
    fn from(hello: &'a HelloAudit) -> Self {
        let escaped = |text: &String| Escaped(text).to_string();
        Self {
            versions: &hello.versions,
            cipher_suites: &hello.cipher_suites,
            groups: &hello.groups,
            signature_schemes: &hello.signature_schemes,
            server_name: hello.server_name.as_ref().map(escaped),
            alpn: hello.alpn.iter().map(escaped).collect(),
            ja3: &hello.ja3,
            ja4: &hello.ja4,
            findings: hello
                .findings
                .iter()
                .map(|finding| FindingReport {
                    id: finding.id,
                    verdict: finding.verdict.as_str(),
                    found: &finding.found,
                    citation: finding.citation,
                })
                .collect(),
        }
    }
}

/// What a client said, line by line, nothing in it that a terminal or a page would obey.
pub(super) fn output(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes)
        .lines()
        .map(|line| Escaped(line).to_string())
        .collect::<Vec<_>>()
        .join("\n")
}

/// To a hundredth.
fn milliseconds(duration: std::time::Duration) -> f64 {
    (duration.as_secs_f64() * 100_000.0).round() / 100.0
}
