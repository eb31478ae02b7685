//! Positive controls (nothing is wrong): whoever refuses these has refused nothing else for its own reason.

use super::super::fault::{Fault, Grade, Model};
use super::both;
use super::edit::{
    CODE_SIGNING, NOBODYS, SERVER_AUTH, general_name, purposes, set_name, set_names, set_subject,
};
use crate::pki::oid;
use crate::pki::subject::Subject;
use crate::verify::Reason::WrongName;

pub(super) const REFUSING: &str = "none; a client that refuses it refuses everybody";

pub(super) fn faults() -> Vec<Fault> {
    let valid = Fault::new("valid", "nothing: the healthy neighbour", "RFC 5280 §4, RFC 9525 §6", REFUSING)
        .grade(Grade::MustAccept)
        .fixture();
    let critical_purpose = Fault::new(
        "ok-eku-critical",
        "nothing: extended key usage is critical",
        "RFC 5280 §4.2.1.12",
        REFUSING,
    )
    .grade(Grade::MustAccept)
    .leaf(|plan| {
        plan.set_critical(oid::EXTENDED_KEY_USAGE, true);
    });
    let more_purposes =
        Fault::new("ok-eku-several", "nothing: serverAuth is one of two", "RFC 5280 §4.2.1.12", REFUSING)
            .grade(Grade::MustAccept)
            .leaf(|plan| {
                let value = purposes(&[CODE_SIGNING, SERVER_AUTH]);
                plan.set_extension(oid::EXTENDED_KEY_USAGE, false, value);
            });
    let unknown = Fault::new(
        "ok-noncritical-unknown",
        "nothing: an unknown extension, not critical",
        "RFC 5280 §4.2",
        REFUSING,
    )
    .grade(Grade::MustAccept)
    .leaf(|plan| plan.push_extension(NOBODYS, false, [5, 0]));
    let wildcard = Fault::new("ok-wildcard", "nothing: *.test.org for one label", "RFC 9525 §6.3", REFUSING)
        .grade(Grade::ShouldAccept)
        .leaf(|plan| set_name(plan, "*.test.org"));
    let case = Fault::new(
        "ok-upper-case",
        "nothing: WWW.Test.ORG is the same name",
        "RFC 4343, RFC 9525 §6.3",
        REFUSING,
    )
    .grade(Grade::MustAccept)
    .leaf(|plan| set_name(plan, "WWW.Test.ORG"));
    let several =
        Fault::new("ok-second-name", "nothing: the second of two names matches", "RFC 9525 §6.3", REFUSING)
            .grade(Grade::MustAccept)
            .leaf(|plan| {
                set_names(plan, &[(general_name::DNS, b"test.org"), (general_name::DNS, b"www.test.org")]);
            });
    let chain = valid.ca("chain-good").made(|workshop| workshop.chain(|_| {})).fixture();

    let mut faults = vec![
        valid,
        Fault { title: "nothing: leaf and intermediate sent", citation: "RFC 5280 §6.1", ..chain },
    ];
    faults.push(valid.ca("valid.ca"));
    for (pinned, ca) in [
        (critical_purpose, "ok-eku-critical.ca"),
        (more_purposes, "ok-eku-several.ca"),
        (unknown, "ok-noncritical-unknown.ca"),
        (wildcard, "ok-wildcard.ca"),
        (case, "ok-upper-case.ca"),
        (several, "ok-second-name.ca"),
    ] {
        faults.extend(both(pinned, ca));
    }
    faults.extend(under_a_ca());
    faults
}

fn under_a_ca() -> Vec<Fault> {
    let fault = |id, title, citation, attack| Fault {
        model: Model::Ca,
        grade: Grade::ShouldAccept,
        ..Fault::new(id, title, citation, attack)
    };
    vec![
        fault("ok-no-cn", "nothing: no CN, the name is in the SAN", "RFC 9525 §2", "none; CNs are history")
            .lab(&[WrongName])
            .leaf(|plan| {
                let mut subject = Subject::lab();
                // The CN is the last of the lab's subject.
                subject.rdns.pop();
                set_subject(plan, &subject);
            }),
        fault(
            "ok-no-subject",
            "nothing: no subject, a critical SAN",
            "RFC 5280 §4.1.2.6",
            "none; CNs are history",
        )
        .lab(&[WrongName])
        .leaf(|plan| {
            set_subject(plan, &Subject::default());
            plan.set_critical(oid::SUBJECT_ALT_NAME, true);
        }),
    ]
}
