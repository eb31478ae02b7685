//! An audit of a server as JSON, in the words of the contract.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::json::SummaryReport;
use crate::audit::server::checks::CHECKS;
use crate::audit::server::facts::Facts;
use crate::audit::server::mending;
use crate::audit::server::result::{CheckResult, ServerAudit};
use crate::audit::server::survey::version_key;
use crate::report::certificate::CertificateReport;
use crate::tls::names;
use crate::verify::Examined;
use crate::words::Escaped;

/// What `audit server --json` prints.
#[derive(Clone, Debug, Serialize)]
pub struct ServerReport<'a> {
    target: &'a str,
    address: Option<String>,
    profile: &'static str,
    compliance: ComplianceReport<'a>,
    /// The exit status of the process.
    pub exit_status: u8,
    /// Why there are no facts; null where there are.
    error: Option<&'a str>,
    summary: SummaryReport,
    checks: Vec<CheckReport<'a>>,
    /// Whether each version is spoken; null where that could not be judged.
    versions: BTreeMap<String, Option<bool>>,
    cipher_suites: BTreeMap<String, Vec<String>>,
    /// `server`, `client` or `one`, by version.
    preference: BTreeMap<String, &'static str>,
    groups: Vec<String>,
    groups_by_version: BTreeMap<String, Vec<String>>,
    signature_schemes: BTreeMap<String, Vec<String>>,
    certificate: Option<CertificateReport>,
    chain: Vec<CertificateReport>,
    clients: Vec<ClientReport<'a>>,
    /// How many connections it took.
    connections: usize,
    baseline: Option<&'a [String]>,
}

#[derive(Clone, Debug, Serialize)]
struct ComplianceReport<'a> {
    profile: &'static str,
    ok: bool,
    deviations: &'a [String],
}

#[derive(Clone, Debug, Serialize)]
struct ClientReport<'a> {
    client: &'static str,
    accepts: Option<bool>,
    why: &'a str,
}

/// One check.
#[derive(Clone, Debug, Serialize)]
struct CheckReport<'a> {
    id: &'static str,
    family: &'static str,
    title: &'static str,
    grade: &'static str,
    severity: &'static str,
    verdict: &'static str,
    expected: &'static str,
    found: String,
    citation: &'static str,
    fix: &'static str,
    snippets: BTreeMap<&'static str, &'static str>,
    reason: Option<&'a str>,
}

/// What `audit server --each --json` prints.
#[derive(Clone, Debug, Serialize)]
pub struct ServersReport<'a> {
    /// One a server.
    pub servers: Vec<ServerReport<'a>>,
    /// The exit status of the process.
    pub exit_status: u8,
}

/// What `audit server --list --json` prints.
#[derive(Clone, Debug, Serialize)]
pub struct ChecksReport {
    checks: Vec<ListedReport>,
}

#[derive(Clone, Debug, Serialize)]
struct ListedReport {
    id: &'static str,
    family: &'static str,
    title: &'static str,
    grade: &'static str,
    severity: &'static str,
    expected: &'static str,
    citation: &'static str,
    fix: &'static str,
}

impl ChecksReport {
    /// The checks that `wanted` takes.
    pub fn new(wanted: impl Fn(&crate::audit::server::checks::Check) -> bool) -> Self {
        let checks = CHECKS.iter().filter(|check| wanted(check)).map(|check| ListedReport {
            id: check.id,
            family: check.family,
            title: check.title,
            grade: check.grade.as_str(),
            severity: check.severity.as_str(),
            expected: check.expected,
            citation: check.citation,
            fix: check.fix,
        });
        Self { checks: checks.collect() }
    }
}

impl<'a> ServerReport<'a> {
    /// Of an audit, and the chain that the server sent ([`ServerAudit::chain`]).
    pub fn new(audit: &'a ServerAudit, chain: &[Examined]) -> Self {
        let facts = audit.facts.as_deref().ok();
        Self {
            target: &audit.target,
            address: facts.map(|facts| facts.address.to_string()),
            profile: audit.profile.as_str(),
            compliance: ComplianceReport {
                profile: audit.profile.as_str(),
                ok: audit.facts.is_ok() && audit.deviations.is_empty(),
                deviations: &audit.deviations,
            },
            exit_status: audit.exit_status(),
            error: audit.facts.as_ref().err().map(|(why, _)| why.as_str()),
            summary: audit.summary().into(),
            checks: audit.results.iter().map(CheckReport::from).collect(),
            versions: facts.map(versions).unwrap_or_default(),
            cipher_suites: facts.map(suites).unwrap_or_default(),
            preference: facts.map(preference).unwrap_or_default(),
            groups: facts.map(|facts| named(&facts.all_groups(), names::group)).unwrap_or_default(),
            groups_by_version: facts.map(|f| by_version(&f.groups, names::group)).unwrap_or_default(),
            signature_schemes: facts
                .map(|facts| by_version(&facts.schemes, names::signature_scheme))
                .unwrap_or_default(),
            certificate: chain.first().map(CertificateReport::from),
            chain: chain.iter().map(CertificateReport::from).collect(),
            clients: facts.map(clients).unwrap_or_default(),
            connections: facts.map_or(0, |facts| facts.tally.connections),
            baseline: audit.baseline.as_deref(),
        }
    }
}

fn versions(facts: &Facts) -> BTreeMap<String, Option<bool>> {
    facts
        .versions
        .iter()
        .map(|(version, seen)| (version_key(*version), seen.as_ref().ok().copied()))
        .collect()
}

/// What the server chose, in its order, by version; SSL 2's kinds of cipher among them.
pub(super) fn suites(facts: &Facts) -> BTreeMap<String, Vec<String>> {
    let mut found = by_version(&facts.suites, names::cipher_suite);
    if !facts.sslv2_suites.is_empty() {
        let kinds = facts.sslv2_suites.iter().map(|code| names::sslv2_suite(*code)).collect();
        found.insert("SSLv2".to_owned(), kinds);
    }
    found
}

fn preference(facts: &Facts) -> BTreeMap<String, &'static str> {
    use crate::audit::server::facts::Preference;
    let word = |preference: &Preference| match preference {
        Preference::Client => "client",
        Preference::Server => "server",
        Preference::OneSuite => "one",
    };
    facts.preference.iter().map(|(version, found)| (version_key(*version), word(found))).collect()
}

fn by_version(codes: &BTreeMap<u16, Vec<u16>>, name: fn(u16) -> String) -> BTreeMap<String, Vec<String>> {
    codes.iter().map(|(version, codes)| (version_key(*version), named(codes, name))).collect()
}

fn named(codes: &[u16], name: fn(u16) -> String) -> Vec<String> {
    codes.iter().map(|code| name(*code)).collect()
}

fn clients(facts: &Facts) -> Vec<ClientReport<'_>> {
    let report = |says: &'_ crate::audit::server::facts::ClientSays| (says.client, says.accepts);
    facts
        .clients
        .iter()
        .map(|says| {
            let (client, accepts) = report(says);
            ClientReport { client, accepts, why: &says.why }
        })
        .collect()
}

impl<'a> From<&'a CheckResult> for CheckReport<'a> {
    fn from(result: &'a CheckResult) -> Self {
        let check = result.check;
        Self {
            id: check.id,
            family: check.family,
            title: check.title,
            grade: result.grade.as_str(),
            severity: check.severity.as_str(),
            verdict: result.verdict.as_str(),
            expected: check.expected,
            found: Escaped(&result.found).to_string(),
            citation: check.citation,
            fix: check.fix,
            snippets: mending::snippets(check.topic).collect(),
            reason: result.reason.as_deref(),
        }
    }
}
