//! Keys and hashes that prove nothing any more. tlslab makes none of them: openssl does, and they are fixtures.

use super::super::fault::{Fault, Grade};
use crate::verify::Reason::{WeakKey, WeakSignature};

const FORGED: &str = "a certificate is forged that has the same hash, and with it the same signature";

pub(super) fn faults() -> Vec<Fault> {
    vec![
        Fault::new(
            "weak-rsa1024",
            "an RSA key of 1024 bits",
            "RFC 9325 §4.5",
            "the key is factored by whoever can pay, and impersonates the server",
        )
        .grade(Grade::ShouldReject)
        .refused(&[WeakKey])
        .openssl(),
        // RFC 8446 §4.4.2.4 does not ask it of self-signed certificates.
        Fault::new("sha1", "signed with SHA-1", "RFC 8446 §4.4.2.4, RFC 9155", FORGED)
            .grade(Grade::Policy)
            .refused(&[WeakSignature])
            .openssl(),
    ]
}
