//! CAs that may not issue what they issued, each a valid signature that proves nothing.

use super::super::edit::{CA_FALSE, CLIENT_AUTH, NOBODYS, key_usage, limited_ca, purposes};
use super::super::fault::{Fault, Grade};
use crate::pki::issue::Plan;
use crate::pki::oid;
use crate::verify::Reason::{BadUsage, Malformed, Untrusted};

const NO_ISSUER: &str =
    "whoever has any certificate of this CA issues certificates for every name (CVE-2002-0862)";
const LIMITED: &str = "a CA that was limited to its own corner issues certificates for everybody else";
const PROFILE: &str =
    "none known; no conforming CA makes it, and strict verifiers (Python's ssl from 3.13 on) refuse it";

const MAY_IT: &str =
    "check of every CA in the path that it may issue: CA:TRUE, keyCertSign, critical extensions, purpose";
const COUNT: &str =
    "count the intermediates below each CA, and hold the count against its path length constraint";
const FORM: &str = "refuse CA certificates that do not have the form of RFC 5280 §4.2";

pub(super) fn faults() -> Vec<Fault> {
    [issuers(), path_lengths(), profile()].concat()
}

/// A CA's certificate that may not issue.
fn issuers() -> Vec<Fault> {
    let fault = |id, title, citation, attack| {
        Fault::under_ca(id, title, citation, attack).refused(&[Untrusted]).fix(MAY_IT)
    };
    vec![
        fault("issuer-ca-false", "the intermediate is CA:FALSE", "RFC 5280 §6.1.4 (k)", NO_ISSUER).chain(
            |chain, _| {
                chain.intermediate.set_extension(oid::BASIC_CONSTRAINTS, true, CA_FALSE);
            },
        ),
        fault(
            "issuer-no-constraints",
            "the intermediate has no basicConstraints",
            "RFC 5280 §6.1.4 (k)",
            NO_ISSUER,
        )
        .chain(|chain, _| {
            chain.intermediate.remove_extension(oid::BASIC_CONSTRAINTS);
        }),
        fault("issuer-v1", "the intermediate is of version 1", "RFC 5280 §6.1.4 (k)", NO_ISSUER).chain(
            |chain, _| {
                chain.intermediate.version = None;
                chain.intermediate.extensions.clear();
            },
        ),
        fault(
            "issuer-ca-integer",
            "the intermediate's basicConstraints are an INTEGER",
            "RFC 5280 §4.2.1.9",
            NO_ISSUER,
        )
        .chain(|chain, _| {
            chain.intermediate.set_extension(oid::BASIC_CONSTRAINTS, true, [0x30, 3, 2, 1, 1]);
        }),
        fault(
            "issuer-ca-truncated",
            "the intermediate's basicConstraints are cut short",
            "RFC 5280 §4.2.1.9",
            NO_ISSUER,
        )
        .refused(&[Untrusted, Malformed])
        .chain(|chain, _| {
            chain.intermediate.set_extension(oid::BASIC_CONSTRAINTS, true, [0x30, 3, 1, 1]);
        }),
        fault(
            "issuer-no-cert-sign",
            "the intermediate's key usage lacks keyCertSign",
            "RFC 5280 §6.1.4 (n)",
            LIMITED,
        )
        .chain(|chain, _| chain.intermediate.set_extension(oid::KEY_USAGE, true, key_usage(0x02))),
        fault(
            "issuer-client-usage",
            "the intermediate's extended key usage is clientAuth only",
            "RFC 5280 §4.2.1.12; CA/Browser Forum",
            LIMITED,
        )
        .grade(Grade::ShouldReject)
        .refused(&[BadUsage])
        .chain(|chain, _| {
            chain.intermediate.push_extension(oid::EXTENDED_KEY_USAGE, false, purposes(&[CLIENT_AUTH]));
        }),
        fault(
            "issuer-unknown-critical",
            "the intermediate has a critical extension nobody knows",
            "RFC 5280 §6.1.4 (o)",
            LIMITED,
        )
        .refused(&[BadUsage])
        .chain(|chain, _| chain.intermediate.push_extension(NOBODYS, true, [5, 0])),
    ]
}

/// How many CAs may follow.
fn path_lengths() -> Vec<Fault> {
    let fault =
        |id, title| Fault::under_ca(id, title, "RFC 5280 §4.2.1.9, §6.1.4 (l, m)", LIMITED).fix(COUNT);
    let healthy = |id, title| Fault {
        grade: Grade::ShouldAccept,
        attack: "none; a client that counts otherwise refuses what the CA allowed",
        ..fault(id, title)
    };
    vec![
        fault("path-length-exceeded", "the root allows no intermediate").refused(&[Untrusted]).chain(
            |chain, _| {
                chain.root.set_extension(oid::BASIC_CONSTRAINTS, true, limited_ca(0));
            },
        ),
        fault("path-length-of-intermediate", "an intermediate that allows none issued one")
            .refused(&[Untrusted])
            .made(|workshop| {
                workshop.long_chain(2, |number, plan| {
                    if number == 1 {
                        plan.set_extension(oid::BASIC_CONSTRAINTS, true, limited_ca(0));
                    }
                })
            }),
        fault("path-length-widened", "the root allows one, the first intermediate says nine, and two follow")
            .refused(&[Untrusted])
            .made(|workshop| workshop.long_chain(2, widen)),
        healthy(
            "ok-path-length-widened",
            "nothing: the root allows one, that one says nine, and one follows",
        )
        .made(|workshop| workshop.long_chain(1, widen)),
        // The RFC does not count it. rustls-webpki does, and neither policy is laxer than that.
        fault("path-length-self-issued", "an intermediate that allows none issued one for its own new key")
            .grade(Grade::Policy)
            .refused(&[Untrusted])
            .made(|workshop| {
                let mut issuer = Vec::new();
                workshop.long_chain(2, |number, plan| match number {
                    1 => {
                        plan.set_extension(oid::BASIC_CONSTRAINTS, true, limited_ca(0));
                        issuer.clone_from(&plan.subject);
                    }
                    2 => plan.subject.clone_from(&issuer),
                    // The leaf's issuer.
                    3 => plan.issuer.clone_from(&issuer),
                    _ => {}
                })
            }),
    ]
}

/// The root allows one intermediate, the first intermediate nine; what is above counts.
fn widen(number: usize, plan: &mut Plan) {
    if let Some(limit) = [1, 9].get(number) {
        plan.set_extension(oid::BASIC_CONSTRAINTS, true, limited_ca(*limit));
    }
}

/// A CA's certificate of a form that no conforming CA's has, and that many verifiers take all the same.
fn profile() -> Vec<Fault> {
    let fault = |id, title, citation| {
        Fault::under_ca(id, title, citation, PROFILE).grade(Grade::Policy).refused(&[Untrusted]).fix(FORM)
    };
    vec![
        fault(
            "issuer-no-authority-key-identifier",
            "the intermediate has no authority key identifier",
            "RFC 5280 §4.2.1.1",
        )
        .chain(|chain, _| {
            chain.intermediate.remove_extension(oid::AUTHORITY_KEY_IDENTIFIER);
        }),
        fault(
            "root-no-subject-key-identifier",
            "the root has no subject key identifier",
            "RFC 5280 §4.2.1.2",
        )
        .chain(|chain, _| {
            chain.root.remove_extension(oid::SUBJECT_KEY_IDENTIFIER);
        }),
        fault(
            "another-authority-key-identifier",
            "its authority key identifier is not its issuer's key's",
            "RFC 5280 §4.2.1.2",
        )
        .leaf(|plan, _| name_another_issuer(plan)),
        fault(
            "issuer-another-authority-key-identifier",
            "the intermediate's authority key identifier is not the root's key's",
            "RFC 5280 §4.2.1.2",
        )
        .chain(|chain, _| name_another_issuer(&mut chain.intermediate)),
        fault(
            "root-client-usage",
            "the root's extended key usage is clientAuth only",
            "RFC 5280 §4.2.1.12; RFC 5937 §3.2",
        )
        .refused(&[BadUsage])
        .chain(|chain, _| {
            chain.root.push_extension(oid::EXTENDED_KEY_USAGE, false, purposes(&[CLIENT_AUTH]));
        }),
        fault(
            "root-constraints-not-critical",
            "the root's basicConstraints are not critical",
            "RFC 5280 §4.2.1.9",
        )
        .chain(|chain, _| {
            chain.root.set_critical(oid::BASIC_CONSTRAINTS, false);
        }),
    ]
}

/// An authority key identifier that is nobody's.
fn name_another_issuer(plan: &mut Plan) {
    let value = [&[0x30, 22, 0x80, 20][..], &[7; 20]].concat();
    plan.set_extension(oid::AUTHORITY_KEY_IDENTIFIER, false, value);
}
