//! Certificates that a client shows to a server which asks for one (mutual TLS): what a server must take and refuse.

use super::super::edit::{CA_TRUE, NOBODYS, SERVER_AUTH, key_usage, moment, purposes};
use super::super::fault::{Fault, Grade};
use super::super::workshop::Made;
use crate::pki::oid;
use crate::verify::Reason::{BadUsage, Expired, NotYetValid, Untrusted};
use crate::verify::Usage;

const ANYBODY: &str = "anybody logs in as anybody";
const STALE: &str = "who was let in once gets in for ever";
const JUDGE: &str = "judge clients' certificates as strictly as servers': path, dates, purpose";

pub(super) fn faults() -> Vec<Fault> {
    let fault = |id, title, citation, attack| {
        Fault { usage: Usage::Client, ..Fault::under_ca(id, title, citation, attack) }.fix(JUDGE)
    };
    vec![
        fault(
            "client-valid",
            "nothing: a client's certificate",
            "RFC 5280 §4.2.1.12",
            "none; it is refused to everybody",
        )
        .grade(Grade::MustAccept),
        fault("client-expired", "a client's, notAfter has passed", "RFC 5280 §6.1.3 (a)(2)", STALE)
            .refused(&[Expired])
            .leaf(|plan, lab| plan.not_after = moment(lab.dates.past)),
        fault("client-not-yet-valid", "a client's, notBefore has not come", "RFC 5280 §6.1.3 (a)(2)", STALE)
            .refused(&[NotYetValid])
            .leaf(|plan, lab| plan.not_before = moment(lab.dates.future)),
        fault(
            "client-untrusted",
            "a client's, of another CA than the server trusts",
            "RFC 5280 §6.1",
            ANYBODY,
        )
        .refused(&[Untrusted])
        .made(|workshop| {
            let trusted =
                workshop.chain(|chain| super::trust::rename_root(chain, "Another Root CA"))?.trusted;
            let other = workshop.stranger();
            Ok(Made { trusted, ..other.issued_to(Usage::Client, |_| {}, crate::pki::issue::Plan::sign)? })
        }),
        fault(
            "client-server-usage",
            "a client shows a server's certificate",
            "RFC 5280 §4.2.1.12",
            "whoever runs a server of the same CA logs in as a client",
        )
        .refused(&[BadUsage])
        .leaf(|plan, _| plan.set_extension(oid::EXTENDED_KEY_USAGE, false, purposes(&[SERVER_AUTH]))),
        fault(
            "client-no-digital-signature",
            "a client's, key usage is keyAgreement only",
            "RFC 5280 §4.2.1.3",
            "a key that was not meant to sign logs in",
        )
        .refused(&[BadUsage])
        .leaf(|plan, _| plan.set_extension(oid::KEY_USAGE, true, key_usage(0x08))),
        fault(
            "client-unknown-critical",
            "a client's, a critical extension nobody knows",
            "RFC 5280 §4.2",
            "a restriction that the server does not understand is one that it does not obey",
        )
        .refused(&[BadUsage])
        .leaf(|plan, _| plan.push_extension(NOBODYS, true, [5, 0])),
        fault(
            "client-ca-true",
            "a client's, with CA:TRUE",
            "RFC 5280 §4.2.1.9",
            "the client's key issues certificates for everybody",
        )
        .grade(Grade::Policy)
        .refused(&[BadUsage])
        .leaf(|plan, _| plan.set_extension(oid::BASIC_CONSTRAINTS, true, CA_TRUE)),
    ]
}
