//! Positive controls (nothing is wrong): whoever refuses these has refused nothing else for its own reason.

use super::super::fault::{Fault, Grade, Model};
use super::super::workshop::{Made, Workshop};
use super::both;
use super::edit::{
    CODE_SIGNING, NOBODYS, SERVER_AUTH, general_name, purposes, set_name, set_names, set_subject,
};
use crate::pki::issue::{IssueError, extension};
use crate::pki::key::KeyAlgorithm;
use crate::pki::subject::Subject;
use crate::verify::Reason::WrongName;

const REFUSING: &str = "none; a client that refuses it refuses everybody";

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
        plan.set_critical(extension::EXTENDED_KEY_USAGE, true);
    });
    let more_purposes =
        Fault::new("ok-eku-several", "nothing: serverAuth is one of two", "RFC 5280 §4.2.1.12", REFUSING)
            .grade(Grade::MustAccept)
            .leaf(|plan| {
                let value = purposes(&[CODE_SIGNING, SERVER_AUTH]);
                plan.set_extension(extension::EXTENDED_KEY_USAGE, false, value);
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
            plan.set_critical(extension::SUBJECT_ALT_NAME, true);
        }),
        fault("ok-1000-names", "nothing: a thousand alternative names", "RFC 5280 §4.2.1.6", REFUSING).leaf(
            |plan| {
                let names: Vec<_> = (1..1000).map(|number| format!("host{number}.test.org")).collect();
                let mut names: Vec<_> =
                    names.iter().map(|name| (general_name::DNS, name.as_bytes())).collect();
                names.push((general_name::DNS, b"www.test.org"));
                set_names(plan, &names);
            },
        ),
        fault("ok-ec384", "nothing: P-384, signed with SHA-384", "RFC 8446 §9.1", REFUSING)
            .made(|_| Workshop::new(KeyAlgorithm::EcP384).issued(|_| {})),
        fault("ok-ed25519", "nothing: Ed25519", "RFC 8410", REFUSING)
            .grade(Grade::Policy)
            .made(|_| Workshop::new(KeyAlgorithm::Ed25519).issued(|_| {})),
        fault("ok-rsa2048", "nothing: RSA of 2048 bits", "RFC 9325 §4.5", REFUSING)
            .grade(Grade::MustAccept)
            .made(|_| Workshop::new(KeyAlgorithm::Rsa2048).issued(|_| {})),
        fault("ok-rsa3072", "nothing: RSA of 3072 bits", "RFC 9325 §4.5", REFUSING)
            .made(|_| Workshop::new(KeyAlgorithm::Rsa3072).issued(|_| {})),
        fault(
            "ok-extra-certificate",
            "nothing: somebody else's certificate is sent too",
            "RFC 8446 §4.4.2",
            REFUSING,
        )
        .made(extra_certificate),
        fault("ok-root-sent", "nothing: the root is sent too", "RFC 8446 §4.4.2", REFUSING).made(root_sent),
        fault(
            "ok-reversed-chain",
            "nothing: the intermediates are out of order",
            "RFC 8446 §4.4.2",
            REFUSING,
        )
        .made(reversed),
        fault(
            "ok-expired-cross",
            "nothing: an expired cross-certificate beside a trusted CA",
            "RFC 5280 §6.1, RFC 4158 §2.4",
            "none; a client that gives up here breaks when a cross-certificate expires",
        )
        .made(expired_cross),
        fault("ok-constraints", "nothing: name constraints permit the name", "RFC 5280 §4.2.1.10", REFUSING)
            .grade(Grade::MustAccept)
            .made(|workshop| {
                workshop.chain(|chain| {
                    let value = super::edit::name_constraints(&[(general_name::DNS, b"test.org")], &[]);
                    chain.intermediate.push_extension(super::edit::NAME_CONSTRAINTS, true, value);
                })
            }),
        fault(
            "ok-must-staple",
            "nothing: asks for a stapled OCSP response, none comes",
            "RFC 7633 §4.2.3.1",
            "a revoked certificate is used on",
        )
        .grade(Grade::Policy)
        .leaf(|plan| {
            // TLSFeature: SEQUENCE OF INTEGER, status_request(5).
            const TLS_FEATURE: der::asn1::ObjectIdentifier =
                der::asn1::ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.1.24");
            plan.push_extension(TLS_FEATURE, false, [0x30, 3, 2, 1, 5]);
        }),
    ]
}

fn extra_certificate(workshop: &mut Workshop) -> Result<Made, IssueError> {
    let mut made = workshop.chain(|_| {})?;
    let other = Workshop::new(KeyAlgorithm::EcP256).chain(|_| {})?;
    made.chain.extend(other.chain.into_iter().skip(1));
    Ok(made)
}

fn root_sent(workshop: &mut Workshop) -> Result<Made, IssueError> {
    let mut made = workshop.chain(|_| {})?;
    made.chain.extend(made.trusted.iter().cloned());
    Ok(made)
}

fn reversed(workshop: &mut Workshop) -> Result<Made, IssueError> {
    let mut made = workshop.long_chain(3)?;
    if let Some(intermediates) = made.chain.get_mut(1..) {
        intermediates.reverse();
    }
    Ok(made)
}

/// The client trusts the intermediate CA; sent is also that CA's certificate by a root that it does not know, which
/// has expired.
fn expired_cross(workshop: &mut Workshop) -> Result<Made, IssueError> {
    let trusted = workshop.root()?.sign(&*workshop.key(super::super::workshop::Role::Root)?)?;
    let mut made = workshop.issued(|_| {})?;
    let other = workshop.key(super::super::workshop::Role::Other)?;
    let mut cross = workshop.root()?;
    cross.issuer = Subject::lab().with_unchecked_common_name("Old Root CA").to_der();
    cross.not_after = super::edit::moment(time::macros::datetime!(2021-01-01 0:00 UTC));
    cross.remove_extension(extension::AUTHORITY_KEY_IDENTIFIER);
    made.chain.push(cross.sign(&other)?);
    made.trusted = vec![trusted];
    Ok(made)
}
