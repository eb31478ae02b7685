//! What is worth saying beside a verdict: who refuses what tlslab accepts.

use time::OffsetDateTime;

use super::case::Case;
use super::prediction::Refusal;
use super::release::Release;
use super::rules::Findings;
use super::verifier::Verifier;
use crate::pki::facts::{CertFacts, GeneralName};
use crate::verify::{ExpectedName, Model, TrustPath, Verdict};

/// Who would refuse the certificate and why, a line for each reason: `Go, rustls-webpki refuse it: no SAN`.
///
/// Of each the newest release that was measured. Silent about what tlslab's own verdict is about, which speaks for itself,
/// and about NSS's old tool. Where no name is expected, the certificate's own stands in.
pub fn notes(case: &Case<'_>) -> Vec<String> {
    let own = own_name(case.leaf);
    let case = Case { name: case.name.or(own.as_ref()), ..*case };
    let mut findings = Findings::of(&case);
    let mut found: Vec<(String, Vec<Verifier>)> = Vec::new();
    for verifier in Verifier::ALL.into_iter().filter(|verifier| *verifier != Verifier::Nss) {
        let newest = Release::newest(verifier);
        for Refusal { words, .. } in
            newest.map_or_else(Vec::new, |newest| findings.refusals(verifier, newest))
        {
            match found.iter_mut().find(|(known, _)| *known == words) {
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

/// The notes on a server's certificate that was accepted as `name` at the instant `at`; none on one that was refused.
pub fn notes_on(verdict: &Verdict, name: Option<&ExpectedName>, at: OffsetDateTime) -> Vec<String> {
    let Some(leaf) = verdict.certificate.as_ref().filter(|_| verdict.accepted()) else { return Vec::new() };
    match &verdict.path {
        TrustPath::Pinned => notes(&Case { leaf, issuers: &[], sent: 0, model: Model::Pinned, name, at }),
        TrustPath::Issued(issuers) => {
            let issuers: Vec<&CertFacts> = issuers.iter().collect();
            notes(&Case { leaf, issuers: &issuers, sent: 0, model: Model::Ca, name, at })
        }
        TrustPath::Missing => Vec::new(),
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::audit::catalogue::workshop::{Made, Workshop};
    use crate::audit::catalogue::{Dates, LAB_NAME};
    use crate::pki::key::KeyAlgorithm;
    use crate::pki::oid::{
        AUTHORITY_KEY_IDENTIFIER, BASIC_CONSTRAINTS, EXTENDED_KEY_USAGE, KEY_USAGE, SUBJECT_ALT_NAME,
    };
    use crate::verify::{Criteria, Policy, Revocation, TrustSet, Usage, judge};

    /// The notes on what was made, and whether the policy takes it.
    fn noted(made: &Made, policy: Policy) -> (bool, Vec<String>) {
        let name: ExpectedName = LAB_NAME.parse().unwrap();
        let criteria = Criteria {
            trusted: Arc::new(TrustSet::new(&made.trusted).unwrap()),
            name: Some(name.clone()),
            usage: Usage::Server,
            policy,
            revocation: Revocation::default(),
        };
        let verdict = judge(&made.chain, &criteria, Dates::LAB.at);
        (verdict.accepted(), notes_on(&verdict, Some(&name), Dates::LAB.at))
    }

    #[test]
    fn what_strict_python_misses_in_a_chain_is_a_note() {
        let workshop = Workshop::new(KeyAlgorithm::EcP256);
        let quiet = (true, Vec::new());
        for made in [workshop.pinned(|_| {}), workshop.issued(|_| {}), workshop.chain(|_| {})] {
            assert_eq!(noted(&made.unwrap(), Policy::Webpki), quiet);
        }
        // A root's authority is itself; a pinned certificate is no chain.
        let made = workshop.chain(|c| assert!(c.root.remove_extension(AUTHORITY_KEY_IDENTIFIER)));
        assert_eq!(noted(&made.unwrap(), Policy::Webpki), quiet);
        let made = workshop.pinned(|p| assert!(p.remove_extension(AUTHORITY_KEY_IDENTIFIER)));
        assert_eq!(noted(&made.unwrap(), Policy::Webpki), quiet);
        let made = workshop.chain(|c| assert!(c.root.remove_extension(KEY_USAGE)));
        let note = "OpenSSL -x509_strict, Python 3.13 refuse it: a CA without a key usage";
        assert_eq!(noted(&made.unwrap(), Policy::Webpki), (true, vec![note.to_owned()]));
    }

    #[test]
    fn who_refuses_an_openssl_certificate_is_a_note_where_tlslab_takes_it() {
        let made = Workshop::new(KeyAlgorithm::EcP256).pinned(|plan| {
            plan.remove_extension(SUBJECT_ALT_NAME);
            plan.remove_extension(EXTENDED_KEY_USAGE);
            plan.remove_extension(KEY_USAGE);
            plan.set_extension(BASIC_CONSTRAINTS, true, [0x30, 3, 1, 1, 0xff]);
        });
        let made = made.unwrap();
        let notes = [
            "Firefox, rustls-webpki refuse it: CA:TRUE, a CA's certificate as a server's",
            "Firefox, Chromium, Go, rustls-webpki refuse it: no SAN, and the CN is no name",
        ];
        assert_eq!(noted(&made, Policy::Lab), (true, notes.map(str::to_owned).to_vec()));
        // What is refused needs no note.
        assert_eq!(noted(&made, Policy::Webpki), (false, Vec::new()));
    }
}
