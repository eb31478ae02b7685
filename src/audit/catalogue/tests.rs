mod matrix;

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use time::OffsetDateTime;
use time::macros::datetime;

use super::workshop::{Made, Workshop};
use super::*;
use crate::pki::crl::CrlFacts;
use crate::pki::files::read_certificates;
use crate::pki::key::KeyAlgorithm;
use crate::verify::{
    Criteria, Demand, ExpectedName, Policy, Revocation, Staple, TrustSet, Usage, Verdict, judge_stapled,
};

pub(super) fn verdict(
    made: &Made,
    asked: Option<&ExpectedName>,
    usage: Usage,
    policy: Policy,
    at: OffsetDateTime,
) -> Verdict {
    verdict_by(made, &Said::default(), asked, usage, policy, at)
}

/// The same, by what its CA says of it.
fn verdict_by(
    made: &Made,
    said: &Said,
    asked: Option<&ExpectedName>,
    usage: Usage,
    policy: Policy,
    at: OffsetDateTime,
) -> Verdict {
    let lists = said.lists.iter().map(|der| CrlFacts::read(der).unwrap()).collect();
    let revocation = Revocation::new(Demand::Have, lists, &[]).unwrap();
    // What cannot be read cannot be trusted.
    let trusted = Arc::new(TrustSet::new(&made.trusted).unwrap_or_else(|error| panic!("{error}")));
    let criteria = Criteria { trusted, name: asked.cloned(), usage, policy, revocation };
    // A client's certificate comes without one; a server is asked.
    let staple = match (usage, &said.staple) {
        (Usage::Client, _) => Staple::NotAsked,
        (Usage::Server, None) => Staple::None,
        (Usage::Server, Some(staple)) => Staple::Sent(staple),
    };
    judge_stapled(&made.chain, &criteria, at, staple)
}

#[test]
fn ids_are_unique_and_say_what_they_are() {
    let ids: HashSet<_> = all().iter().map(|fault| fault.id).collect();
    assert_eq!(ids.len(), all().len());
    // As the README says.
    assert!(all().len() > 300, "{}", all().len());
    for fault in all() {
        let id = fault.id.to_string();
        assert!(id.bytes().all(|byte| byte.is_ascii_lowercase() || b"-.0123456789".contains(&byte)), "{id}");
        assert_eq!(fault.id, *id);
        assert!(!fault.id.under_ca || fault.model == Model::Ca, "{id}");
        for text in [fault.family, fault.title, fault.citation, fault.attack, fault.fix] {
            assert!(!text.is_empty() && !text.ends_with('.'), "{id}: {text:?}");
        }
    }
}

/// What the rules demand, the verifier does: a grade and an expectation that contradict each other are a mistake in one
/// of them.
#[test]
fn grades_and_expectations_agree() {
    for fault in all() {
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
    let workshop = Workshop::new(KeyAlgorithm::EcP256);
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut wrong = Vec::new();
    for fault in all() {
        let mut cases = Vec::new();
        // A key that takes too long to make is checked in for that.
        if fault.id != *"ok-rsa8192" && !matches!(fault.maker, Maker::Openssl(None)) {
            cases.push(fault.make(&workshop).unwrap());
        }
        if fault.fixture {
            let read = |name| read_certificates(&fixtures.join(fault.id.to_string()).join(name)).unwrap();
            let key = workshop.key(workshop::Role::Server).unwrap();
            cases.push(Made { chain: read("cert.pem"), trusted: read("ca.pem"), key });
        }
        assert!(!cases.is_empty(), "{}", fault.id);
        for made in cases {
            wrong.extend(complaints(fault, &made, &workshop));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// For any name and any time the same is wrong as for the lab's, and nothing else; where there is no such name, it is
/// said why. The twin is healthy.
#[test]
fn every_fault_is_made_for_any_name_and_any_time() {
    let keys = Workshop::new(KeyAlgorithm::EcP256);
    let live = Dates::live(datetime!(2026-11-30 01:02:03.456 UTC), std::time::Duration::from_secs(15));
    let mut wrong = Vec::new();
    for (name, fewest) in [
        ("www.test.org", 250),
        ("mail.example.com", 250),
        ("example.com", 230),
        ("localhost", 200),
        ("127.0.0.1", 120),
        ("::1", 120),
    ] {
        let workshop = keys.with_setting(Setting { name: name.parse().unwrap(), dates: live });
        let mut made = 0;
        for fault in all().iter().filter(|fault| !fault.title.contains("8192")) {
            match (fault.make(&workshop), fault.make_twin(&workshop)) {
                (Ok(case), Ok(twin)) => {
                    made += 1;
                    wrong.extend(complaints(fault, &case, &workshop).map(|text| format!("{name}: {text}")));
                    let asked = fault.name_for(&workshop.setting().name).unwrap();
                    let asked = (fault.usage == Usage::Server).then_some(&asked);
                    // Nobody's name has an underscore, and webpki takes none.
                    if fault.id != *"underscore" {
                        let verdict = verdict(&twin, asked, fault.usage, Policy::Webpki, live.at);
                        assert!(verdict.accepted(), "{name}: the twin of {}: {:?}", fault.id, verdict.checks);
                    }
                }
                (Err(NotMade::ByOpenssl), Ok(_))
                | (Err(NotMade::NoSuchName(_)), Err(NotMade::NoSuchName(_))) => {}
                (case, _) => panic!("{name}: {}: {case:?}", fault.id),
            }
        }
        assert!(made >= fewest, "{name}: {made} made");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is about a second stays what it is while a client takes its time.
#[test]
fn live_dates_survive_the_margin() {
    let live = Dates::live(datetime!(2026-11-30 01:02:03.999 UTC), std::time::Duration::from_secs(15));
    let keys = Workshop::new(KeyAlgorithm::EcP256);
    let workshop = keys.with_setting(Setting { dates: live, ..Setting::lab() });
    for fault in all().iter().filter(|fault| fault.family == "validity") {
        let made = fault.make(&workshop).unwrap();
        for seconds in [0, 1, 15] {
            let at = datetime!(2026-11-30 01:02:03.999 UTC) + time::Duration::seconds(seconds);
            let verdict = verdict(&made, Some(&workshop.setting().name), Usage::Server, Policy::Webpki, at);
            let complaint = complaint(fault.id, Policy::Webpki, &verdict, fault.webpki);
            assert_eq!(complaint, None, "after {seconds} s");
        }
    }
}

fn complaints(fault: &Fault, made: &Made, workshop: &Workshop) -> impl Iterator<Item = String> {
    let setting = workshop.setting();
    let said = fault.said(workshop, made).unwrap();
    let asked = fault.name_for(&setting.name).unwrap();
    let asked = (fault.usage == Usage::Server).then_some(&asked);
    [(Policy::Lab, fault.lab), (Policy::Webpki, fault.webpki)]
        .into_iter()
        .filter_map(move |(policy, expectation)| {
            let verdict = verdict_by(made, &said, asked, fault.usage, policy, setting.dates.at);
            complaint(fault.id, policy, &verdict, expectation)
        })
        .collect::<Vec<_>>()
        .into_iter()
}

fn complaint(id: Id, policy: Policy, verdict: &Verdict, expectation: Expectation) -> Option<String> {
    let (mut found, mut expected) = (verdict.reasons(), expectation.reasons().to_vec());
    found.sort_unstable();
    expected.sort_unstable();
    if found == expected && verdict.exit_status() == expectation.exit_status() {
        return None;
    }
    let said: Vec<_> = verdict.checks.iter().filter(|check| !check.ok()).map(|check| &check.found).collect();
    Some(format!("{id} by {policy}: expected {expected:?}, found {found:?}: {said:?}"))
}
