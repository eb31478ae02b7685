//! What browsers ask of public CAs: that a certificate can be revoked, and that it was logged. A private CA need do
//! neither, and none of the healthy certificates here does: without a word on revocation and without an SCT, they are
//! themselves the row "no-sct".

use super::super::edit::{AUTHORITY_INFORMATION, authority_information, general_name};
use super::super::fault::{Fault, Grade};
use crate::pki::der::{self, tag, tlv};
use crate::pki::oid;
use crate::verify::Reason::{BadUsage, RevocationUnknown};

const REVOKED: &str = "a certificate whose key was stolen is used on, though its CA has revoked it";

const ASK_FOR_IT: &str = "a matter of policy: who wants revocation or transparency checked turns it on, and says what a missing answer means";

pub(super) fn faults() -> Vec<Fault> {
    let fault = |id, title, citation, attack| {
        Fault::under_ca(id, title, citation, attack).grade(Grade::Policy).fix(ASK_FOR_IT)
    };
    vec![
        fault(
            "ok-must-staple",
            "nothing: asks for a stapled OCSP response, none comes",
            "RFC 7633 §4.2.3.1",
            REVOKED,
        )
        // tlslab takes the certificate at its word (RFC 7633 §4.2.3.1).
        .refused(&[RevocationUnknown])
        // SEQUENCE OF INTEGER: status_request(5).
        .leaf(|plan, _| plan.push_extension(oid::TLS_FEATURE, false, [0x30, 3, 2, 1, 5])),
        // At a port of this machine's where nobody answers.
        fault(
            "ok-crl-unreachable",
            "nothing: its CRL is where nobody answers",
            "RFC 5280 §4.2.1.13, §6.1.3 (a)(3)",
            REVOKED,
        )
        .leaf(|plan, _| {
            let name = tlv(general_name::URI, b"http://127.0.0.1:1/ca.crl");
            // DistributionPoint: distributionPoint [0], its fullName [0].
            let point = tlv(tag::SEQUENCE, &tlv(0xa0, &tlv(0xa0, &name)));
            plan.push_extension(oid::CRL_DISTRIBUTION_POINTS, false, tlv(tag::SEQUENCE, &point));
        }),
        fault(
            "ok-ocsp-unreachable",
            "nothing: its OCSP responder is where nobody answers",
            "RFC 5280 §4.2.2.1, §6.1.3 (a)(3)",
            REVOKED,
        )
        .leaf(|plan, _| {
            let value = authority_information(&[(oid::OCSP, "http://127.0.0.1:1/ocsp")]);
            plan.push_extension(AUTHORITY_INFORMATION, false, value);
        }),
        fault(
            "ok-sct-unknown-log",
            "nothing: a certificate timestamp of a log that nobody knows",
            "RFC 6962 §3.3, §5.2",
            "a CA issues in secret, and nobody finds out",
        )
        .leaf(|plan, _| plan.push_extension(oid::TIMESTAMPS, false, timestamps())),
        fault(
            "precertificate",
            "a precertificate served as a certificate",
            "RFC 6962 §3.1, RFC 5280 §4.2",
            "what was meant for a log only is used as a certificate",
        )
        .grade(Grade::MustReject)
        .refused(&[BadUsage])
        .leaf(|plan, _| plan.push_extension(oid::PRECERTIFICATE_POISON, true, [5, 0])),
        fault(
            "extended-validation",
            "says that its owner was looked at closely",
            "CA/Browser Forum EV Guidelines",
            "none; browsers show nothing of it any more",
        )
        .grade(Grade::Info)
        .leaf(|plan, _| {
            let policy = tlv(tag::SEQUENCE, &der::oid(oid::EXTENDED_VALIDATION));
            plan.push_extension(oid::CERTIFICATE_POLICIES, false, tlv(tag::SEQUENCE, &policy));
        }),
    ]
}

/// A list of one timestamp: of a log with the identifier 0, at the time 0, with a signature of SHA-256 and ECDSA that
/// nobody made. As RFC 6962 §3.3 packs it: in the list's length and its own, in an OCTET STRING.
fn timestamps() -> Vec<u8> {
    let mut timestamp = vec![0; 1 + 32 + 8 + 2];
    timestamp.extend([4, 3, 0, 8, 0x30, 6, 2, 1, 1, 2, 1, 1]);
    let mut list = vec![0, 57, 0, 55];
    list.extend(timestamp);
    tlv(0x04, &list)
}
