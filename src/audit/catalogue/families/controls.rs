//! Positive controls (nothing is wrong): whoever refuses these has refused nothing else for its own reason.

use super::super::edit::{
    CODE_SIGNING, NOBODYS, SERVER_AUTH, dns, proving, purposes, set_host, set_names, set_subject,
};
use super::super::fault::{Fault, Grade};
use super::super::setting::Asked;
use super::twins::{both, each_both};
use crate::pki::oid;
use crate::pki::subject::Subject;
use crate::verify::Reason::WrongName;

pub(super) const REFUSING: &str = "none; a client that refuses it refuses everybody";
pub(super) const TAKE_IT: &str = "look at what it refuses: nothing is wrong with this certificate";

pub(super) fn faults() -> Vec<Fault> {
    let valid = Fault::new("valid", "nothing: the healthy neighbour", "RFC 5280 §4, RFC 9525 §6", REFUSING)
        .grade(Grade::MustAccept)
        .fix(TAKE_IT)
        .fixture();
    let chain = Fault {
        title: "nothing: leaf and intermediate sent",
        citation: "RFC 5280 §6.1",
        ..Fault::under_ca("chain-good", "", "", REFUSING)
    }
    .grade(Grade::MustAccept)
    .fix("give the verifier the certificates that the server sends as untrusted intermediates")
    .chain(|_, _| {})
    .fixture();
    let mut faults = vec![valid, chain, valid.ca()];
    faults.extend(extensions());
    faults.extend(names());
    faults.extend(under_a_ca());
    faults
}

fn extensions() -> Vec<Fault> {
    let fault = |name, title, citation| {
        Fault::new(name, title, citation, REFUSING).grade(Grade::MustAccept).fix(TAKE_IT)
    };
    each_both([
        fault("ok-eku-critical", "nothing: extended key usage is critical", "RFC 5280 §4.2.1.12").leaf(
            |plan, _| {
                plan.set_critical(oid::EXTENDED_KEY_USAGE, true);
            },
        ),
        fault("ok-eku-several", "nothing: serverAuth is one of two", "RFC 5280 §4.2.1.12").leaf(|plan, _| {
            let value = purposes(&[CODE_SIGNING, SERVER_AUTH]);
            plan.set_extension(oid::EXTENDED_KEY_USAGE, false, value);
        }),
        fault("ok-noncritical-unknown", "nothing: an unknown extension, not critical", "RFC 5280 §4.2")
            .leaf(|plan, _| plan.push_extension(NOBODYS, false, [5, 0])),
    ])
}

fn names() -> Vec<Fault> {
    let fault = |name, title, citation| {
        Fault::new(name, title, citation, REFUSING)
            .grade(Grade::MustAccept)
            .fix("compare names by RFC 9525 §6.3, with the TLS library's own function")
    };
    [
        both(
            fault("ok-wildcard", "nothing: a wildcard for the first label", "RFC 9525 §6.3")
                .grade(Grade::ShouldAccept)
                .asked(Asked::Host(3))
                .leaf(|plan, lab| set_host(plan, &format!("*.{}", lab.parent()))),
        ),
        both(
            fault(
                "ok-upper-case",
                "nothing: the same name in upper and lower case",
                "RFC 4343, RFC 9525 §6.3",
            )
            .asked(Asked::Host(1))
            .leaf(|plan, lab| set_host(plan, &mixed_case(&lab.labels()))),
        ),
        both(fault("ok-second-name", "nothing: the second of two names matches", "RFC 9525 §6.3").leaf(
            |plan, lab| {
                set_names(plan, &[dns("first.example.com"), proving(&lab.name)]);
            },
        )),
    ]
    .concat()
}

/// `WWW.Test.ORG`
fn mixed_case(labels: &[String]) -> String {
    let last = labels.len().saturating_sub(1);
    let cased = labels.iter().enumerate().map(|(place, label)| {
        if place == 0 || place == last {
            return label.to_ascii_uppercase();
        }
        let (first, rest) = label.split_at(label.len().min(1));
        format!("{}{rest}", first.to_ascii_uppercase())
    });
    cased.collect::<Vec<_>>().join(".")
}

fn under_a_ca() -> Vec<Fault> {
    let fault = |name, title, citation| {
        Fault::under_ca(name, title, citation, "none; CNs are history")
            .grade(Grade::ShouldAccept)
            .fix("look for the name in the subject alternative names only (RFC 9525 §2)")
    };
    vec![
        fault("ok-no-cn", "nothing: no CN, the name is in the SAN", "RFC 9525 §2").lab(&[WrongName]).leaf(
            |plan, _| {
                let mut subject = Subject::lab();
                // The CN is the last of the lab's subject.
                subject.rdns.pop();
                set_subject(plan, &subject);
            },
        ),
        fault("ok-no-subject", "nothing: no subject, a critical SAN", "RFC 5280 §4.1.2.6")
            .lab(&[WrongName])
            .leaf(|plan, _| {
                set_subject(plan, &Subject::default());
                plan.set_critical(oid::SUBJECT_ALT_NAME, true);
            }),
    ]
}
