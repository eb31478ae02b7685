use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use time::OffsetDateTime;

use super::super::fault::{Expectation, Grade, Model};
use super::super::workshop::{JUDGED_AT, Workshop};
use super::*;
use crate::pki::files::read_certificates;
use crate::pki::key::KeyAlgorithm;
use crate::verify::{Criteria, Policy, TrustSet, Usage, Verdict, judge};

fn verdict(
    fault: &Fault,
    policy: Policy,
    chain: &[CertificateDer<'_>],
    trusted: &[CertificateDer<'_>],
    at: OffsetDateTime,
) -> Verdict {
    let criteria = Criteria {
        trusted: Arc::new(TrustSet::new(trusted).unwrap()),
        name: (fault.usage == Usage::Server).then(|| fault.asked.parse().unwrap()),
        usage: fault.usage,
        policy,
    };
    judge(chain, &criteria, at)
}

#[test]
fn ids_are_unique_and_say_what_they_are() {
    let ids: HashSet<_> = catalogue().iter().map(|fault| fault.id).collect();
    assert_eq!(ids.len(), catalogue().len());
    let said = format!("has {}, pinned and under a\nprivate CA", catalogue().len());
    assert!(
        include_str!("../../../README.md").contains(&said),
        "the README's count is not {}",
        catalogue().len()
    );
    for fault in catalogue() {
        assert!(
            fault.id.bytes().all(|byte| byte.is_ascii_lowercase() || b"-.0123456789".contains(&byte)),
            "{}",
            fault.id
        );
        if let Some(pinned) = fault.id.strip_suffix(".ca") {
            assert_eq!(fault.model, Model::Ca, "{}", fault.id);
            let twin = catalogue().iter().find(|fault| fault.id == pinned);
            assert!(twin.is_none_or(|twin| twin.model == Model::Pinned), "{}", fault.id);
        }
        for text in [fault.title, fault.citation, fault.attack] {
            assert!(!text.is_empty() && !text.ends_with('.'), "{}", fault.id);
        }
    }
}

/// What the rules demand, the verifier does: a grade and an expectation that contradict each other are a mistake in one
/// of them.
#[test]
fn grades_and_expectations_agree() {
    for fault in catalogue() {
        let both = [fault.lab, fault.webpki];
        match fault.grade {
            Grade::MustReject | Grade::ShouldReject => {
                assert!(!both.contains(&Expectation::Accepted), "{}", fault.id);
            }
            Grade::MustAccept => assert_eq!(both, [Expectation::Accepted; 2], "{}", fault.id),
            Grade::ShouldAccept => assert_eq!(fault.webpki, Expectation::Accepted, "{}", fault.id),
            Grade::Info | Grade::Policy => {}
        }
    }
}

/// Made here, and as it is checked in.
#[test]
fn every_fault_is_judged_as_expected_and_for_nothing_else() {
    let mut workshop = Workshop::new(KeyAlgorithm::EcP256);
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut wrong = Vec::new();
    for fault in catalogue() {
        let mut cases = Vec::new();
        // A key that takes too long to make is checked in for that.
        if let Some(made) = (fault.id != "ok-rsa8192").then(|| fault.make(&mut workshop)).flatten() {
            let made = made.unwrap();
            cases.push((made.chain, made.trusted));
        }
        if fault.fixture {
            let read = |name| read_certificates(&fixtures.join(fault.id).join(name)).unwrap();
            cases.push((read("cert.pem"), read("ca.pem")));
        }
        assert!(!cases.is_empty(), "{}", fault.id);
        for (chain, trusted) in cases {
            for (policy, expectation) in [(Policy::Lab, fault.lab), (Policy::Webpki, fault.webpki)] {
                let verdict = verdict(fault, policy, &chain, &trusted, JUDGED_AT);
                wrong.extend(complaint(fault.id, policy, &verdict, expectation));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn complaint(id: &str, policy: Policy, verdict: &Verdict, expectation: Expectation) -> Option<String> {
    let (mut found, mut expected) = (verdict.reasons(), expectation.reasons().to_vec());
    found.sort_unstable();
    expected.sort_unstable();
    if found == expected && verdict.exit_status() == expectation.exit_status() {
        return None;
    }
    let said: Vec<_> = verdict.checks.iter().filter(|check| !check.ok()).map(|check| &check.found).collect();
    Some(format!("{id} by {policy}: expected {expected:?}, found {found:?}: {said:?}"))
}
