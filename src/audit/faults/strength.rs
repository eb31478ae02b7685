//! Keys and hashes that prove nothing any more. tlslab makes none of them: openssl does, and they are fixtures.

use super::super::fault::{Fault, Grade};
use crate::verify::Reason::{WeakKey, WeakSignature};

const FORGED: &str = "a certificate is forged that has the same hash, and with it the same signature";

pub(super) fn faults() -> Vec<Fault> {
    let weak = Fault::new(
        "weak-rsa1024",
        "an RSA key of 1024 bits",
        "RFC 9325 §4.5",
        "the key is factored by whoever can pay, and impersonates the server",
    )
    .grade(Grade::ShouldReject)
    .refused(&[WeakKey])
    .openssl();
    let sha1 = Fault::new("sha1", "signed with SHA-1", "RFC 8446 §4.4.2.4, RFC 9155", FORGED)
        .refused(&[WeakSignature])
        .openssl();
    let under_a_ca = |id, title, grade| Fault { title, ..sha1.ca(id).grade(grade).openssl() };
    vec![
        weak,
        weak.ca("weak-rsa1024.ca").openssl(),
        // RFC 8446 §4.4.2.4 does not ask it of self-signed certificates.
        sha1.grade(Grade::Policy),
        under_a_ca("sha1.ca", "signed with SHA-1", Grade::ShouldReject),
        under_a_ca("sha1-intermediate.ca", "the intermediate is signed with SHA-1", Grade::ShouldReject),
        under_a_ca("md5.ca", "signed with MD5", Grade::MustReject),
    ]
}
