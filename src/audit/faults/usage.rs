//! What a certificate is for, and the form of RFC 5280 §4.

use super::super::fault::{Fault, Grade, Model};
use super::both;
use super::edit::{
    ANY_PURPOSE, CA_FALSE, CA_TRUE, CLIENT_AUTH, CODE_SIGNING, NAME_CONSTRAINTS, NOBODYS, general_name,
    key_usage, name_constraints, purposes,
};
use crate::pki::issue::Plan;
use crate::pki::oid;
use crate::pki::subject::Subject;
use crate::verify::Reason::{BadUsage, Malformed, WrongName};

const PURPOSE: &str = "a certificate that was issued for something harmless passes as this server's";
const UNSAID: &str = "a restriction that the client does not understand is one that it does not obey";
const PARSERS: &str = "two readers of the same octets see two different certificates";
const SERIALS: &str = "certificates that cannot be told apart cannot be revoked one by one";

pub(super) fn faults() -> Vec<Fault> {
    let mut faults = usages();
    faults.extend(extensions());
    faults.extend(form());
    faults
}

fn purpose(id: &'static str, title: &'static str, edit: fn(&mut Plan)) -> Fault {
    Fault::new(id, title, "RFC 5280 §4.2.1.12", PURPOSE).refused(&[BadUsage]).leaf(edit)
}

fn usages() -> Vec<Fault> {
    let client = purpose("client-usage", "extended key usage is clientAuth only", |plan| {
        plan.set_extension(oid::EXTENDED_KEY_USAGE, false, purposes(&[CLIENT_AUTH]));
    });
    let critical =
        purpose("client-usage-critical", "extended key usage is clientAuth only, critical", |plan| {
            plan.set_extension(oid::EXTENDED_KEY_USAGE, true, purposes(&[CLIENT_AUTH]));
        });
    let code = purpose("code-signing-usage", "extended key usage is codeSigning only", |plan| {
        plan.set_extension(oid::EXTENDED_KEY_USAGE, false, purposes(&[CODE_SIGNING]));
    });
    let any = purpose("any-usage", "extended key usage is anyExtendedKeyUsage only", |plan| {
        plan.set_extension(oid::EXTENDED_KEY_USAGE, false, purposes(&[ANY_PURPOSE]));
    });
    let empty = purpose("empty-usage", "an extended key usage without a purpose", |plan| {
        plan.set_extension(oid::EXTENDED_KEY_USAGE, false, purposes(&[]));
    });
    let no_signing = Fault::new(
        "no-digital-signature",
        "key usage is keyEncipherment only",
        "RFC 8446 §4.4.2.2, RFC 5280 §4.2.1.3",
        PURPOSE,
    )
    .refused(&[BadUsage])
    .leaf(|plan| plan.set_extension(oid::KEY_USAGE, true, key_usage(0x20)));
    let cert_sign = Fault::new(
        "cert-sign-on-leaf",
        "key usage has keyCertSign, yet it is CA:FALSE",
        "RFC 5280 §4.2.1.3, §4.2.1.9",
        "a client that looks at one of the two takes a server for a CA",
    )
    .grade(Grade::ShouldReject)
    .refused(&[BadUsage])
    .leaf(|plan| plan.set_extension(oid::KEY_USAGE, true, key_usage(0x84)));
    let ca_true = Fault::new(
        "ca-true-leaf",
        "a server's certificate with CA:TRUE",
        "RFC 5280 §4.2.1.9",
        "the server's key, stolen, issues certificates for every name",
    )
    .grade(Grade::Policy)
    .webpki(&[BadUsage])
    .leaf(|plan| plan.set_extension(oid::BASIC_CONSTRAINTS, true, CA_TRUE));
    let mut faults = Vec::new();
    for (fault, ca) in [
        (client.fixture(), "client-usage.ca"),
        (critical, "client-usage-critical.ca"),
        (code, "code-signing-usage.ca"),
        (any.grade(Grade::Policy), "any-usage.ca"),
        (empty.refused(&[Malformed]), "empty-usage.ca"),
        (no_signing, "no-digital-signature.ca"),
        (cert_sign, "cert-sign-on-leaf.ca"),
    ] {
        faults.extend(both(fault, ca));
    }
    faults.extend([ca_true, ca_true.ca("ca-true-leaf.ca").refused(&[BadUsage])]);
    faults.push(
        Fault::new(
            "openssl-style",
            "the lab sheet's own: CA:TRUE, no SAN",
            "RFC 5280 §4.2.1.9, RFC 9525 §6.3",
            "the server's key, stolen, issues certificates for every name",
        )
        .grade(Grade::Policy)
        .webpki(&[WrongName, BadUsage])
        .openssl(),
    );
    faults
}

fn extensions() -> Vec<Fault> {
    let fault = |id, title, citation, attack| Fault::new(id, title, citation, attack).refused(&[Malformed]);
    let mut faults = Vec::new();
    for (fault, ca) in [
        (
            Fault::new("unknown-critical", "a critical extension nobody knows", "RFC 5280 §4.2", UNSAID)
                .refused(&[BadUsage])
                .leaf(|plan| plan.push_extension(NOBODYS, true, [5, 0]))
                .fixture(),
            "unknown-critical.ca",
        ),
        (
            fault("duplicate-extension", "an extension twice", "RFC 5280 §4.2", PARSERS).leaf(|plan| {
                let first = plan.extension(oid::BASIC_CONSTRAINTS).map(|e| e.value.clone());
                plan.push_extension(oid::BASIC_CONSTRAINTS, true, first.unwrap_or_else(|| CA_FALSE.to_vec()));
            }),
            "duplicate-extension.ca",
        ),
        (
            fault(
                "constraints-unreadable",
                "basicConstraints that cannot be read",
                "RFC 5280 §4.2.1.9",
                PARSERS,
            )
            .leaf(|plan| plan.set_extension(oid::BASIC_CONSTRAINTS, true, [0x30, 2, 1, 1])),
            "constraints-unreadable.ca",
        ),
        (
            fault(
                "critical-authority-key",
                "its authority key identifier is critical",
                "RFC 5280 §4.2.1.1",
                PARSERS,
            )
            .grade(Grade::Policy)
            .leaf(|plan| {
                plan.set_critical(oid::AUTHORITY_KEY_IDENTIFIER, true);
            }),
            "critical-authority-key.ca",
        ),
        (
            fault(
                "critical-subject-key",
                "its subject key identifier is critical",
                "RFC 5280 §4.2.1.2",
                PARSERS,
            )
            .grade(Grade::Policy)
            .leaf(|plan| {
                plan.set_critical(oid::SUBJECT_KEY_IDENTIFIER, true);
            }),
            "critical-subject-key.ca",
        ),
        (
            fault(
                "constraints-in-leaf",
                "name constraints in a server's certificate",
                "RFC 5280 §4.2.1.10",
                PARSERS,
            )
            .grade(Grade::Policy)
            .leaf(|plan| {
                let value = name_constraints(&[(general_name::DNS, b"test.org")], &[]);
                plan.push_extension(NAME_CONSTRAINTS, true, value);
            }),
            "constraints-in-leaf.ca",
        ),
        (
            fault(
                "path-length-on-leaf",
                "a path length constraint, yet it is no CA",
                "RFC 5280 §4.2.1.9",
                PARSERS,
            )
            .grade(Grade::Policy)
            .leaf(|plan| plan.set_extension(oid::BASIC_CONSTRAINTS, true, [0x30, 3, 2, 1, 0])),
            "path-length-on-leaf.ca",
        ),
    ] {
        faults.extend(both(fault, ca));
    }
    faults
}

fn form() -> Vec<Fault> {
    let serial = |id, title| {
        Fault::new(id, title, "RFC 5280 §4.1.2.2", SERIALS).grade(Grade::Policy).refused(&[Malformed])
    };
    let version_1 = Fault::new(
        "v1",
        "version 1, no extensions",
        "RFC 5280 §4.1.2.1",
        "a certificate that cannot say what it is not for is for everything",
    )
    .grade(Grade::Policy)
    .lab(&[BadUsage])
    .webpki(&[WrongName, BadUsage])
    .leaf(|plan| {
        plan.version = None;
        plan.extensions.clear();
    })
    .fixture();
    let mut faults = Vec::new();
    for (fault, ca) in [
        (version_1, "v1.ca"),
        (
            Fault::new(
                "v1-with-extensions",
                "version 1, yet it has extensions",
                "RFC 5280 §4.1.2.9",
                PARSERS,
            )
            .refused(&[BadUsage, Malformed])
            .leaf(|plan| plan.version = None),
            "v1-with-extensions.ca",
        ),
        (serial("serial-zero", "serial number 0").leaf(|plan| plan.serial = vec![0]), "serial-zero.ca"),
        (
            serial("serial-negative", "a negative serial number").leaf(|plan| plan.serial = vec![0x80, 1]),
            "serial-negative.ca",
        ),
        (
            serial("serial-too-long", "a serial number of 21 octets")
                .leaf(|plan| plan.serial = vec![0x42; 21]),
            "serial-too-long.ca",
        ),
    ] {
        faults.extend(both(fault, ca));
    }
    faults.push(
        Fault {
            model: Model::Ca,
            ..Fault::new(
                "no-key-identifiers",
                "neither key identifier",
                "RFC 5280 §4.2.1.1, §4.2.1.2",
                "none; a path is harder to find, and strict verifiers refuse it (Python's ssl from 3.13 on)",
            )
        }
        .grade(Grade::Policy)
        .refused(&[Malformed])
        .leaf(|plan| {
            plan.remove_extension(oid::AUTHORITY_KEY_IDENTIFIER);
            plan.remove_extension(oid::SUBJECT_KEY_IDENTIFIER);
        }),
    );
    faults.push(Fault {
        model: Model::Ca,
        ..Fault::new(
            "san-not-critical",
            "no subject, and its SAN is not critical",
            "RFC 5280 §4.2.1.6",
            UNSAID,
        )
        .grade(Grade::Policy)
        .lab(&[WrongName, Malformed])
        .webpki(&[Malformed])
        .leaf(|plan| super::edit::set_subject(plan, &Subject::default()))
    });
    faults
}
