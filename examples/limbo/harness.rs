//! x509-limbo's cases, judged: what the example program and the test share.

use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tlslab::pki::crl::CrlFacts;
use tlslab::verify::{Criteria, Demand, ExpectedName, Policy, Revocation, TrustSet, Usage, judge};

/// `limbo.json`, as far as it is looked at.
#[derive(Deserialize)]
pub(crate) struct Limbo {
    version: u32,
    pub(crate) testcases: Vec<Case>,
}

/// One case.
#[derive(Deserialize)]
pub(crate) struct Case {
    pub(crate) id: String,
    features: Vec<String>,
    validation_kind: String,
    trusted_certs: Vec<String>,
    untrusted_intermediates: Vec<String>,
    peer_certificate: String,
    validation_time: Option<String>,
    signature_algorithms: Vec<String>,
    key_usage: Vec<String>,
    extended_key_usage: Vec<String>,
    pub(crate) expected_result: String,
    expected_peer_name: Option<PeerName>,
    expected_peer_names: Vec<PeerName>,
    max_chain_depth: Option<u32>,
    crls: Vec<String>,
}

#[derive(Deserialize)]
struct PeerName {
    kind: String,
    value: String,
}

/// The project's results JSON.
#[derive(Serialize)]
pub(crate) struct Results {
    version: u32,
    harness: String,
    #[serde(rename = "results")]
    pub(crate) outcomes: Vec<Outcome>,
}

/// How one case came out.
#[derive(Serialize)]
pub(crate) struct Outcome {
    pub(crate) id: String,
    /// `SUCCESS`, `FAILURE` or `SKIPPED`.
    pub(crate) actual_result: &'static str,
    /// Why it is not `SUCCESS`.
    pub(crate) context: Option<String>,
}

/// Reads `limbo.json`.
pub(crate) fn read(text: &str) -> Result<Limbo> {
    serde_json::from_str(text).context("no limbo.json")
}

/// Judges every case by `policy`; those without an instant of their own at `now`.
pub(crate) fn run(limbo: &Limbo, policy: Policy, now: OffsetDateTime) -> Results {
    Results {
        version: limbo.version,
        harness: format!("tlslab {} ({policy})", env!("CARGO_PKG_VERSION")),
        outcomes: limbo.testcases.iter().map(|case| outcome(case, policy, now)).collect(),
    }
}

fn outcome(case: &Case, policy: Policy, now: OffsetDateTime) -> Outcome {
    let (actual_result, context) = if let Some(reason) = skipped(case) {
        ("SKIPPED", Some(reason.to_owned()))
    } else {
        match judged(case, policy, now) {
            Ok(None) => ("SUCCESS", None),
            Ok(Some(found)) => ("FAILURE", Some(found)),
            // An input that cannot even be read is refused, as a verifier would refuse it.
            Err(error) => ("FAILURE", Some(format!("{error:#}"))),
        }
    };
    Outcome { id: case.id.clone(), actual_result, context }
}

/// Why a case asks for what the verifier does not do. Cases that fail for another reason are skipped all the same: that
/// would be right by accident.
fn skipped(case: &Case) -> Option<&'static str> {
    // What is asked of every certificate anyway.
    let asked_anyway = |usage: &String| usage == "digitalSignature";
    if !case.signature_algorithms.is_empty() {
        Some("the signature algorithms are fixed")
    } else if !case.key_usage.iter().all(asked_anyway) {
        Some("the key usage to ask for is fixed")
    } else {
        None
    }
}

/// `None` where the chain is accepted, else what was found.
fn judged(case: &Case, policy: Policy, now: OffsetDateTime) -> Result<Option<String>> {
    let mut chain = vec![certificate(&case.peer_certificate)?];
    chain.extend(certificates(&case.untrusted_intermediates)?);
    let usage = match case.validation_kind.as_str() {
        "SERVER" => Usage::Server,
        "CLIENT" => Usage::Client,
        kind => return Err(anyhow!("unknown kind {kind}")),
    };
    let asked = match usage {
        Usage::Server => "serverAuth",
        Usage::Client => "clientAuth",
    };
    if case.extended_key_usage.iter().any(|purpose| purpose != asked) {
        return Err(anyhow!("unknown purpose in {:?}", case.extended_key_usage));
    }
    let mut names = case
        .expected_peer_name
        .iter()
        .chain(&case.expected_peer_names)
        .map(name)
        .collect::<Result<Vec<_>>>()?;
    names.dedup();
    let at = case.validation_time.as_deref().map_or(Ok(now), |time| OffsetDateTime::parse(time, &Rfc3339))?;
    let mut trusted = TrustSet::new(&certificates(&case.trusted_certs)?)?;
    if let Some(limit) = case.max_chain_depth {
        trusted = trusted.with_path_length(limit);
    }
    let crls = case.crls.iter().map(|pem| crl(pem)).collect::<Result<Vec<_>>>()?;
    let revocation = Revocation::new(Demand::Have, crls, [])?;
    let mut criteria = Criteria { trusted: Arc::new(trusted), name: None, usage, policy, revocation };
    // Every name is to be proved; where none is asked for, the chain alone is judged.
    let wanted: Vec<_> = if names.is_empty() { vec![None] } else { names.into_iter().map(Some).collect() };
    for name in wanted {
        criteria.name = name;
        let verdict = judge(&chain, &criteria, at);
        if !verdict.accepted() {
            let failed = verdict.checks.iter().filter(|check| !check.ok());
            let found: Vec<String> = failed.map(|check| format!("{}: {}", check.kind, check.found)).collect();
            return Ok(Some(found.join("; ")));
        }
    }
    Ok(None)
}

fn name(name: &PeerName) -> Result<ExpectedName> {
    Ok(match name.kind.as_str() {
        "RFC822" => ExpectedName::email(&name.value)?,
        _ => name.value.parse()?,
    })
}

fn crl(pem: &str) -> Result<CrlFacts> {
    let der = CertificateRevocationListDer::from_pem_slice(pem.as_bytes())
        .map_err(|error| anyhow!("no list: {error}"))?;
    Ok(CrlFacts::read(&der)?)
}

fn certificates(pems: &[String]) -> Result<Vec<CertificateDer<'static>>> {
    pems.iter().map(|pem| certificate(pem)).collect()
}

fn certificate(pem: &str) -> Result<CertificateDer<'static>> {
    CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|error| anyhow!("no certificate: {error}"))
}
