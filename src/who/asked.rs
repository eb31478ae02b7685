//! Those that are here and can be asked: tlslab's own verifier, and rustls-webpki.

use std::sync::Arc;
use std::time::Duration;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{Error, RootCertStore};

use super::case::Case;
use super::prediction::Refusal;
use crate::crypto;
use crate::pki::facts::CertFacts;
use crate::verify::{
    Criteria, ExpectedName, Model, Policy, Revocation, Staple, TrustSet, Usage, judge_presuming_trust,
    judge_stapled,
};

/// The only trusted certificate, where it is known.
fn anchor<'a>(case: &Case<'a>) -> Option<&'a CertFacts> {
    match case.model {
        Model::Pinned => Some(case.leaf),
        Model::Ca => case.issuers.last().copied().filter(|last| last.is_self_issued()),
    }
}

/// tlslab's own verdict, by policy `lab`. Where the whole chain is known it is judged; else the leaf's checks are run as
/// if the rest were healthy.
pub(super) fn lab(case: &Case<'_>) -> Vec<Refusal> {
    let checks = match anchor(case).map(|anchor| TrustSet::new([&anchor.der])) {
        Some(Ok(trusted)) => {
            let chain: Vec<_> = [case.leaf].iter().chain(case.issuers).map(|c| c.der.clone()).collect();
            let criteria = Criteria {
                trusted: Arc::new(trusted),
                name: case.name.cloned(),
                usage: Usage::Server,
                policy: Policy::Lab,
                revocation: Revocation::default(),
            };
            judge_stapled(&chain, &criteria, case.at, Staple::None).checks
        }
        _ => judge_presuming_trust(case.leaf, case.issuers, case.name, case.at),
    };
    let failed = checks.into_iter().filter(|check| !check.ok());
    failed
        .map(|check| {
            let reasons: Vec<&str> = check.reasons.iter().map(|reason| reason.as_str()).collect();
            let words = format!("{}: {}", reasons.join(", "), check.found);
            Refusal { words, source: "asked: tlslab verify --verify lab" }
        })
        .collect()
}

/// Why rustls' own verifier refuses, where the whole chain and a name are known to ask it about.
pub(super) fn rustls_webpki(case: &Case<'_>) -> Option<Refusal> {
    let error = verify(anchor(case)?, case)?.err()?;
    Some(Refusal { words: error.to_string(), source: "asked: rustls-webpki 0.103" })
}

/// What it says; `None` where it cannot be asked about such a name.
fn verify(anchor: &CertFacts, case: &Case<'_>) -> Option<Result<(), Error>> {
    let name = match case.name? {
        ExpectedName::Dns(name) => ServerName::try_from(name.as_str()).ok()?,
        ExpectedName::Ip(address) => ServerName::from(*address),
        ExpectedName::Email(_) | ExpectedName::Text(_) => return None,
    };
    let mut roots = RootCertStore::empty();
    if let Err(error) = roots.add(anchor.der.clone()) {
        return Some(Err(error));
    }
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), crypto::provider());
    let intermediates: Vec<CertificateDer<'_>> =
        case.issuers.iter().map(|issuer| issuer.der.clone()).collect();
    let now = u64::try_from(case.at.unix_timestamp()).unwrap_or(0);
    let now = UnixTime::since_unix_epoch(Duration::from_secs(now));
    // It has a root and no revocation lists: there is nothing to refuse in building it.
    let verifier = verifier.build().ok()?;
    Some(verifier.verify_server_cert(&case.leaf.der, &intermediates, &name, &[], now).map(drop))
}
