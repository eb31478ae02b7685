//! What a certificate is for, and the form of RFC 5280 §4.

use super::super::edit::{
    ANY_PURPOSE, CA_FALSE, CA_TRUE, CLIENT_AUTH, CODE_SIGNING, NAME_CONSTRAINTS, NOBODYS, dns, key_usage,
    name_constraints, purposes, set_subject,
};
use super::super::fault::{Fault, Grade};
use super::super::setting::Setting;
use super::super::workshop::Workshop;
use super::twins::each_both;
use crate::pki::issue::Plan;
use crate::pki::oid;
use crate::pki::subject::Subject;
use crate::verify::Reason::{BadUsage, Malformed, WrongName};

const PURPOSE: &str = "a certificate that was issued for something harmless passes as this server's";
const UNSAID: &str = "a restriction that the client does not understand is one that it does not obey";
const PARSERS: &str = "two readers of the same bytes see two different certificates";
const SERIALS: &str = "certificates that cannot be told apart cannot be revoked one by one";
const STOLEN: &str = "the server's key, stolen, issues certificates for every name";

const ASK: &str =
    "verify for the purpose of a TLS server: extended key usage serverAuth, key usage digitalSignature";
const REFUSE_UNKNOWN: &str =
    "refuse a certificate with a critical extension that is not processed (RFC 5280 §4.2)";
const STRICT: &str = "refuse what does not have the form of RFC 5280 §4; use a parser of DER, not of BER";

pub(super) fn faults() -> Vec<Fault> {
    [usages(), extensions(), form()].concat()
}

fn usages() -> Vec<Fault> {
    let purpose = |name, title, edit: fn(&mut Plan, &Setting)| {
        Fault::new(name, title, "RFC 5280 §4.2.1.12", PURPOSE).refused(&[BadUsage]).fix(ASK).leaf(edit)
    };
    let mut faults = each_both([
        purpose("client-usage", "extended key usage is clientAuth only", |plan, _| {
            plan.set_extension(oid::EXTENDED_KEY_USAGE, false, purposes(&[CLIENT_AUTH]));
        })
        .fixture(),
        purpose("client-usage-critical", "extended key usage is clientAuth only, critical", |plan, _| {
            plan.set_extension(oid::EXTENDED_KEY_USAGE, true, purposes(&[CLIENT_AUTH]));
        }),
        purpose("code-signing-usage", "extended key usage is codeSigning only", |plan, _| {
            plan.set_extension(oid::EXTENDED_KEY_USAGE, false, purposes(&[CODE_SIGNING]));
        }),
        purpose("any-usage", "extended key usage is anyExtendedKeyUsage only", |plan, _| {
            plan.set_extension(oid::EXTENDED_KEY_USAGE, false, purposes(&[ANY_PURPOSE]));
        })
        .grade(Grade::Policy),
        purpose("empty-usage", "an extended key usage without a purpose", |plan, _| {
            plan.set_extension(oid::EXTENDED_KEY_USAGE, false, purposes(&[]));
        })
        .refused(&[Malformed])
        .fix(STRICT),
        Fault {
            citation: "RFC 8446 §4.4.2.2, RFC 5280 §4.2.1.3",
            ..purpose("no-digital-signature", "key usage is keyEncipherment only", |plan, _| {
                plan.set_extension(oid::KEY_USAGE, true, key_usage(0x20));
            })
        },
        Fault::new(
            "cert-sign-on-leaf",
            "key usage has keyCertSign, yet it is CA:FALSE",
            "RFC 5280 §4.2.1.3, §4.2.1.9",
            "a client that looks at one of the two takes a server for a CA",
        )
        .grade(Grade::ShouldReject)
        .refused(&[BadUsage])
        .fix(ASK)
        .leaf(|plan, _| plan.set_extension(oid::KEY_USAGE, true, key_usage(0x84))),
    ]);
    let ca_true =
        Fault::new("ca-true-leaf", "a server's certificate with CA:TRUE", "RFC 5280 §4.2.1.9", STOLEN)
            .grade(Grade::Policy)
            .webpki(&[BadUsage])
            .fix("give servers certificates with CA:FALSE")
            .leaf(|plan, _| plan.set_extension(oid::BASIC_CONSTRAINTS, true, CA_TRUE));
    faults.extend([ca_true, ca_true.ca().refused(&[BadUsage])]);
    faults.push(
        Fault::new(
            "openssl-style",
            "the lab sheet's own: CA:TRUE, no SAN",
            "RFC 5280 §4.2.1.9, RFC 9525 §6.3",
            STOLEN,
        )
        .grade(Grade::Policy)
        .webpki(&[WrongName, BadUsage])
        .fix("give servers certificates with a SAN and CA:FALSE")
        .openssl_or(Workshop::openssl_style),
    );
    faults
}

fn extensions() -> Vec<Fault> {
    let fault =
        |name, title, citation| Fault::new(name, title, citation, PARSERS).refused(&[Malformed]).fix(STRICT);
    each_both([
        Fault::new("unknown-critical", "a critical extension nobody knows", "RFC 5280 §4.2", UNSAID)
            .refused(&[BadUsage])
            .fix(REFUSE_UNKNOWN)
            .leaf(|plan, _| plan.push_extension(NOBODYS, true, [5, 0]))
            .fixture(),
        fault("duplicate-extension", "an extension twice", "RFC 5280 §4.2").leaf(|plan, _| {
            let first = plan.extension(oid::BASIC_CONSTRAINTS).map(|e| e.value.clone());
            let again = first.unwrap_or_else(|| CA_FALSE.to_vec());
            plan.push_extension(oid::BASIC_CONSTRAINTS, true, again);
        }),
        fault("constraints-unreadable", "basicConstraints that cannot be read", "RFC 5280 §4.2.1.9")
            .leaf(|plan, _| plan.set_extension(oid::BASIC_CONSTRAINTS, true, [0x30, 2, 1, 1])),
        fault("critical-authority-key", "its authority key identifier is critical", "RFC 5280 §4.2.1.1")
            .grade(Grade::Policy)
            .leaf(|plan, _| {
                plan.set_critical(oid::AUTHORITY_KEY_IDENTIFIER, true);
            }),
        fault("critical-subject-key", "its subject key identifier is critical", "RFC 5280 §4.2.1.2")
            .grade(Grade::Policy)
            .leaf(|plan, _| {
                plan.set_critical(oid::SUBJECT_KEY_IDENTIFIER, true);
            }),
        fault("constraints-in-leaf", "name constraints in a server's certificate", "RFC 5280 §4.2.1.10")
            .grade(Grade::Policy)
            .leaf(|plan, lab| {
                let value = name_constraints(&[dns(lab.parent())], &[]);
                plan.push_extension(NAME_CONSTRAINTS, true, value);
            }),
        fault("path-length-on-leaf", "a path length constraint, yet it is no CA", "RFC 5280 §4.2.1.9")
            .grade(Grade::Policy)
            .leaf(|plan, _| plan.set_extension(oid::BASIC_CONSTRAINTS, true, [0x30, 3, 2, 1, 0])),
    ])
}

fn form() -> Vec<Fault> {
    let serial = |name, title| {
        Fault::new(name, title, "RFC 5280 §4.1.2.2", SERIALS)
            .grade(Grade::Policy)
            .refused(&[Malformed])
            .fix(STRICT)
    };
    let version_1 = Fault::new(
        "v1",
        "version 1, no extensions",
        "RFC 5280 §4.1.2.1",
        "a certificate that cannot say what it is not for is for everything",
    )
    .grade(Grade::Policy)
    // Pinned, policy lab takes it: `openssl x509 -req -signkey` makes them.
    .webpki(&[WrongName, BadUsage])
    .fix("refuse certificates of version 1, but for trust anchors")
    .leaf(|plan, _| {
        plan.version = None;
        plan.extensions.clear();
    });
    let mut faults = vec![version_1.fixture(), version_1.ca().lab(&[BadUsage])];
    faults.extend(each_both([
        Fault::new("v1-with-extensions", "version 1, yet it has extensions", "RFC 5280 §4.1.2.9", PARSERS)
            .refused(&[BadUsage, Malformed])
            .fix(STRICT)
            .leaf(|plan, _| plan.version = None),
        serial("serial-zero", "serial number 0").leaf(|plan, _| plan.serial = vec![0]),
        serial("serial-negative", "a negative serial number").leaf(|plan, _| plan.serial = vec![0x80, 1]),
        serial("serial-too-long", "a serial number of 21 bytes").leaf(|plan, _| plan.serial = vec![0x42; 21]),
    ]));
    faults.push(
        Fault::under_ca(
            "no-key-identifiers",
            "neither key identifier",
            "RFC 5280 §4.2.1.1, §4.2.1.2",
            "none; a path is harder to find, and strict verifiers refuse it (Python's ssl from 3.13 on)",
        )
        .grade(Grade::Policy)
        .refused(&[Malformed])
        .fix(STRICT)
        .leaf(|plan, _| {
            plan.remove_extension(oid::AUTHORITY_KEY_IDENTIFIER);
            plan.remove_extension(oid::SUBJECT_KEY_IDENTIFIER);
        }),
    );
    faults.push(
        Fault::under_ca(
            "hidden-second-key",
            "a second public key behind the first",
            "RFC 5280 §4.1",
            PARSERS,
        )
        .refused(&[Malformed])
        .fix(STRICT)
        .leaf(|plan, _| {
            let again = plan.public_key_info.clone();
            plan.public_key_info.extend(again);
        }),
    );
    faults.push(
        Fault::under_ca(
            "san-not-critical",
            "no subject, and its SAN is not critical",
            "RFC 5280 §4.2.1.6",
            UNSAID,
        )
        .grade(Grade::Policy)
        .lab(&[WrongName, Malformed])
        .webpki(&[Malformed])
        .fix(STRICT)
        .leaf(|plan, _| set_subject(plan, &Subject::default())),
    );
    faults
}
