//! What is worth saying beside a verdict: who refuses what tlslab accepts.

use super::{Case, Model, Verifier, rules};
use crate::pki::facts::{CertFacts, GeneralName};
use crate::verify::ExpectedName;
use crate::verify::path::Path;
use time::OffsetDateTime;

/// Who would refuse the certificate and why, a line for each reason: `Go, rustls-webpki refuse it: no SAN`.
///
/// Silent about what tlslab's own verdict is about, which speaks for itself, and about NSS's old tool. Where no name is
/// expected, the certificate's own stands in.
pub fn notes(case: &Case<'_>) -> Vec<String> {
    let own = own_name(case.leaf);
    let case = Case { name: case.name.or(own.as_ref()), ..*case };
    let broken = rules::broken(&case);
    let mut found: Vec<(&str, Vec<Verifier>)> = Vec::new();
    for verifier in Verifier::ALL.into_iter().filter(|verifier| *verifier != Verifier::Nss) {
        for (_, words) in broken.iter().filter(|(rule, _)| rule.verifiers.contains(&verifier)) {
            match found.iter_mut().find(|(known, _)| known == words) {
                // Two rules can find the same fault.
                Some((_, verifiers)) if verifiers.last() == Some(&verifier) => {}
                Some((_, verifiers)) => verifiers.push(verifier),
                None => found.push((words, vec![verifier])),
            }
        }
    }
    found
        .into_iter()
        .map(|(words, verifiers)| {
            let verb = if verifiers.len() == 1 { "refuses" } else { "refuse" };
            let verifiers: Vec<&str> = verifiers.into_iter().map(Verifier::as_str).collect();
            format!("{} {verb} it: {words}", verifiers.join(", "))
        })
        .collect()
}

/// The notes on a certificate that was accepted by way of `path`.
pub(in crate::verify) fn on_path(
    leaf: &CertFacts,
    path: &Path<'_>,
    name: Option<&ExpectedName>,
    at: OffsetDateTime,
) -> Vec<String> {
    match path {
        Path::Pinned => notes(&Case { leaf, issuers: &[], model: Model::Pinned, name, at }),
        Path::Chain { certificates, .. } => {
            let issuers = certificates.get(1..).unwrap_or_default();
            notes(&Case { leaf, issuers, model: Model::CaIssued, name, at })
        }
        Path::Missing { .. } => Vec::new(),
    }
}

/// The name that a certificate is made for: its CN where that can be a host's name or an address, else the first of its
/// alternative names; `www` stands for a wildcard.
pub fn own_name(leaf: &CertFacts) -> Option<ExpectedName> {
    let common_names = leaf.subject.common_names().filter_map(|cn| cn.text.clone());
    let alternative = leaf.subject_alt_names().unwrap_or_default().iter().filter_map(|name| match name {
        GeneralName::Dns(name) => Some(name.clone()),
        GeneralName::Ip(address) => Some(address.to_string()),
        _ => None,
    });
    common_names
        .chain(alternative)
        .filter_map(|text| text.replacen("*.", "www.", 1).parse().ok())
        .find(|name| !matches!(name, ExpectedName::Text(_)))
}
