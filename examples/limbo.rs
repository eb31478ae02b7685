//! An x509-limbo harness over tlslab's verifier.
//!
//! Reads `limbo.json` on stdin and writes that project's results JSON on stdout, judging every case by policy
//! `webpki` (or `lab`, named as the first argument):
//!
//! ```text
//! cargo run --example limbo < limbo.json > results.json
//! ```
//!
//! What the verifier does not do (revocation, a caller's own chain depth) is skipped with a reason.

use std::io::{Read, Write};
use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tlslab::verify::{Criteria, ExpectedName, Policy, TrustSet, Usage, judge};

#[derive(Deserialize)]
struct Limbo {
    version: u32,
    testcases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    id: String,
    features: Vec<String>,
    validation_kind: String,
    trusted_certs: Vec<String>,
    untrusted_intermediates: Vec<String>,
    peer_certificate: String,
    validation_time: Option<String>,
    extended_key_usage: Vec<String>,
    signature_algorithms: Vec<String>,
    key_usage: Vec<String>,
    expected_peer_name: Option<PeerName>,
    max_chain_depth: Option<u32>,
    crls: Vec<String>,
}

#[derive(Deserialize)]
struct PeerName {
    kind: String,
    value: String,
}

#[derive(Serialize)]
struct Results {
    version: u32,
    harness: String,
    results: Vec<Outcome>,
}

#[derive(Serialize)]
struct Outcome {
    id: String,
    actual_result: &'static str,
    context: Option<String>,
}

fn main() -> Result<()> {
    let policy = std::env::args().nth(1).map_or(Ok(Policy::Webpki), |word| word.parse())?;
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).context("cannot read limbo.json from stdin")?;
    let limbo: Limbo = serde_json::from_str(&text).context("stdin is no limbo.json")?;
    let now = OffsetDateTime::now_utc();
    let results = Results {
        version: limbo.version,
        harness: format!("tlslab {} ({policy})", env!("CARGO_PKG_VERSION")),
        results: limbo.testcases.iter().map(|case| outcome(case, policy, now)).collect(),
    };
    serde_json::to_writer(std::io::stdout().lock(), &results)?;
    writeln!(std::io::stdout())?;
    Ok(())
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

/// Why a case asks for what the verifier does not do.
fn skipped(case: &Case) -> Option<&'static str> {
    if !case.crls.is_empty() || case.features.iter().any(|feature| feature == "has-crl") {
        Some("revocation is not checked")
    } else if case.max_chain_depth.is_some() {
        Some("the chain depth is fixed")
    } else if !case.signature_algorithms.is_empty() {
        Some("the signature algorithms are fixed")
    } else if !case.key_usage.is_empty() {
        Some("the key usage to ask for is fixed")
    } else {
        None
    }
}

/// `None` where the chain is accepted, else what was found.
fn judged(case: &Case, policy: Policy, now: OffsetDateTime) -> Result<Option<String>> {
    let trusted = certificates(&case.trusted_certs)?;
    let mut chain = vec![certificate(&case.peer_certificate)?];
    chain.extend(certificates(&case.untrusted_intermediates)?);
    let usage = match (case.validation_kind.as_str(), case.extended_key_usage.as_slice()) {
        ("SERVER", _) => Usage::Server,
        ("CLIENT", _) => Usage::Client,
        (kind, _) => return Err(anyhow!("unknown kind {kind}")),
    };
    let name = match &case.expected_peer_name {
        Some(name) if name.kind == "DNS" || name.kind == "IP" => Some(name.value.parse::<ExpectedName>()?),
        _ => None,
    };
    let at = case.validation_time.as_deref().map_or(Ok(now), |time| OffsetDateTime::parse(time, &Rfc3339))?;
    let criteria = Criteria { trusted: Arc::new(TrustSet::new(&trusted)?), name, usage, policy };
    let verdict = judge(&chain, &criteria, at);
    let failed = verdict.checks.iter().filter(|check| !check.ok());
    let found: Vec<String> = failed.map(|check| format!("{}: {}", check.kind, check.found)).collect();
    Ok(if verdict.accepted() { None } else { Some(found.join("; ")) })
}

fn certificates(pems: &[String]) -> Result<Vec<CertificateDer<'static>>> {
    pems.iter().map(|pem| certificate(pem)).collect()
}

fn certificate(pem: &str) -> Result<CertificateDer<'static>> {
    CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|error| anyhow!("no certificate: {error}"))
}
