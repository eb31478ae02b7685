//! What would be too many entries, as tests: every combination of names and name constraints (8,748, after BetterTLS),
//! every octet as a separator, every tag of a GeneralName. The catalogue has one entry of each kind.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;

use super::super::workshop::{JUDGED_AT, LAB_NAME, Made, Workshop};
use super::edit::{
    NAME_CONSTRAINTS, OTHER_NAME, general_name, name_constraints, set_common_name, set_names, set_subject,
};
use crate::pki::key::KeyAlgorithm;
use crate::pki::oid;
use crate::pki::subject::Subject;
use crate::verify::{Criteria, Policy, Reason, TrustSet, Usage, Verdict, judge};

fn verdict(made: &Made, asked: &str, policy: Policy) -> Verdict {
    let criteria = Criteria {
        trusted: Arc::new(TrustSet::new(&made.trusted).unwrap()),
        name: Some(asked.parse().unwrap()),
        usage: Usage::Server,
        policy,
    };
    judge(&made.chain, &criteria, JUDGED_AT)
}

/// A name that is not there, the one that the client asks for, another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Named {
    None,
    Right,
    Wrong,
}

use Named::{None as Absent, Right, Wrong};

const EACH: [Named; 3] = [Absent, Right, Wrong];

/// The names of a leaf.
#[derive(Clone, Copy, Debug)]
struct Names {
    common_name: Named,
    common_name_is_address: bool,
    dns: Named,
    ip: Named,
}

/// The subtrees of an intermediate: `Right` has the right name in it, `Wrong` the wrong one.
#[derive(Clone, Copy, Debug)]
struct Subtrees {
    permitted_dns: Named,
    permitted_ip: Named,
    excluded_dns: Named,
    excluded_ip: Named,
}

fn text(name: Named, address: bool) -> Option<&'static str> {
    match (name, address) {
        (Absent, _) => None,
        (Right, false) => Some(LAB_NAME),
        (Wrong, false) => Some(OTHER_NAME),
        (Right, true) => Some("127.0.0.1"),
        (Wrong, true) => Some("192.0.2.1"),
    }
}

fn every_names() -> Vec<Names> {
    let mut all = Vec::new();
    for common_name in EACH {
        for common_name_is_address in [false, true] {
            for dns in EACH {
                all.extend(EACH.map(|ip| Names { common_name, common_name_is_address, dns, ip }));
            }
        }
    }
    all
}

fn every_subtrees() -> Vec<Subtrees> {
    let mut all = Vec::new();
    for permitted_dns in EACH {
        for permitted_ip in EACH {
            for excluded_dns in EACH {
                all.extend(EACH.map(|excluded_ip| Subtrees {
                    permitted_dns,
                    permitted_ip,
                    excluded_dns,
                    excluded_ip,
                }));
            }
        }
    }
    all
}

/// RFC 5280 §6.1.3 (b, c): outside of what is permitted, or inside of what is excluded.
fn violates(name: Named, permitted: Named, excluded: Named) -> bool {
    name != Absent && ((permitted != Absent && permitted != name) || excluded == name)
}

fn constraints_of(subtrees: Subtrees) -> Vec<u8> {
    let dns = |name| match name {
        Absent => None,
        Right => Some((general_name::DNS, &b"test.org"[..])),
        Wrong => Some((general_name::DNS, &b"example.com"[..])),
    };
    let ip = |name| match name {
        Absent => None,
        Right => Some((general_name::IP, &[127, 0, 0, 0, 255, 0, 0, 0][..])),
        Wrong => Some((general_name::IP, &[192, 0, 2, 0, 255, 255, 255, 0][..])),
    };
    let both = |of_dns, of_ip| [dns(of_dns), ip(of_ip)].into_iter().flatten().collect::<Vec<_>>();
    name_constraints(
        &both(subtrees.permitted_dns, subtrees.permitted_ip),
        &both(subtrees.excluded_dns, subtrees.excluded_ip),
    )
}

/// BetterTLS's grid, by the RFCs: RFC 9525 §6.3 for the name (alternative names only), RFC 5280 §4.2.1.10 for the
/// constraints (alternative names; the lab also binds a CN that is the only identity).
#[test]
fn every_combination_of_names_and_constraints() {
    let mut workshop = Workshop::new(KeyAlgorithm::EcP256);
    let leaves: Vec<(Names, CertificateDer<'static>)> = every_names()
        .into_iter()
        .map(|names| {
            let made = workshop.chain(|chain| {
                match text(names.common_name, names.common_name_is_address) {
                    Some(name) => set_common_name(&mut chain.leaf, name),
                    None => set_subject(&mut chain.leaf, &"/O=Test Organisation".parse::<Subject>().unwrap()),
                }
                let dns = text(names.dns, false).map(|name| (general_name::DNS, name.as_bytes()));
                let ip = match names.ip {
                    Absent => None,
                    Right => Some((general_name::IP, &[127, 0, 0, 1][..])),
                    Wrong => Some((general_name::IP, &[192, 0, 2, 1][..])),
                };
                let alternative: Vec<_> = [dns, ip].into_iter().flatten().collect();
                if alternative.is_empty() {
                    chain.leaf.remove_extension(oid::SUBJECT_ALT_NAME);
                } else {
                    set_names(&mut chain.leaf, &alternative);
                }
            });
            (names, made.unwrap().chain[0].clone())
        })
        .collect();
    let mut cases = 0;
    let mut wrong = Vec::new();
    for subtrees in every_subtrees() {
        let constraints = constraints_of(subtrees);
        let mut made = workshop
            .chain(|chain| {
                if constraints != [0x30, 0] {
                    chain.intermediate.push_extension(NAME_CONSTRAINTS, true, constraints);
                }
            })
            .unwrap();
        for (names, leaf) in &leaves {
            made.chain[0] = leaf.clone();
            let alternative_violates = violates(names.dns, subtrees.permitted_dns, subtrees.excluded_dns)
                || violates(names.ip, subtrees.permitted_ip, subtrees.excluded_ip);
            for address in [false, true] {
                cases += 1;
                let matches = if address { names.ip } else { names.dns } == Right;
                let mut expected = Vec::new();
                if !matches {
                    expected.push(Reason::WrongName);
                }
                if alternative_violates {
                    expected.push(Reason::Untrusted);
                }
                let asked = if address { "127.0.0.1" } else { LAB_NAME };
                let mut found = verdict(&made, asked, Policy::Webpki).reasons();
                found.sort_unstable();
                expected.sort_unstable();
                if found != expected {
                    wrong.push(format!(
                        "{asked}, {names:?}, {subtrees:?}: expected {expected:?}, found {found:?}"
                    ));
                }
            }
        }
    }
    assert_eq!(cases, 8748);
    assert!(
        wrong.is_empty(),
        "{} of {cases} wrong, among them:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(5)].join("\n")
    );
}

/// However a client parts a list of names: one dNSName is one name.
#[test]
fn no_octet_makes_two_names_of_one() {
    let mut workshop = Workshop::new(KeyAlgorithm::EcP256);
    for octet in 0..=u8::MAX {
        for (before, after) in [("evil.example", LAB_NAME), (LAB_NAME, "evil.example")] {
            let name = [before.as_bytes(), &[octet], after.as_bytes()].concat();
            let made = workshop.issued(|plan| set_names(plan, &[(general_name::DNS, &name)])).unwrap();
            for policy in [Policy::Lab, Policy::Webpki] {
                let reasons = verdict(&made, LAB_NAME, policy).reasons();
                assert!(reasons.contains(&Reason::WrongName), "{octet:#04x} by {policy}: {reasons:?}");
            }
        }
    }
}

/// A dNSName has the tag [2] and is primitive; the name's octets under another tag are no name.
#[test]
fn no_other_tag_is_a_dns_name() {
    let mut workshop = Workshop::new(KeyAlgorithm::EcP256);
    let tags = (0x80..=0x9e).chain(0xa0..=0xbe).filter(|tag| *tag != general_name::DNS);
    for tag in tags {
        let made = workshop.issued(|plan| set_names(plan, &[(tag, LAB_NAME.as_bytes())])).unwrap();
        for policy in [Policy::Lab, Policy::Webpki] {
            let verdict = verdict(&made, LAB_NAME, policy);
            assert!(!verdict.accepted(), "{tag:#04x} by {policy}");
            let reasons = verdict.reasons();
            assert!(
                reasons.iter().any(|reason| matches!(reason, Reason::WrongName | Reason::Malformed)),
                "{tag:#04x} by {policy}: {reasons:?}"
            );
        }
    }
}
