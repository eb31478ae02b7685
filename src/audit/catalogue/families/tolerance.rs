//! Positive controls of size and algorithm: what a client should take in its stride.

use super::super::edit::{dns, proving, set_names};
use super::super::fault::{Fault, Grade, Holder};
use super::super::setting::Setting;
use super::super::workshop::{Made, Workshop};
use super::controls::{REFUSING, TAKE_IT};
use crate::pki::issue::{IssueError, Plan};
use crate::pki::key::{KeyAlgorithm, SignatureHash};
use crate::verify::Reason::Malformed;
use crate::verify::Usage;

pub(super) fn faults() -> Vec<Fault> {
    let fault = |id, title, citation| {
        Fault::under_ca(id, title, citation, REFUSING).grade(Grade::ShouldAccept).fix(TAKE_IT)
    };
    vec![
        fault("ok-1000-names", "nothing: a thousand alternative names", "RFC 5280 §4.2.1.6")
            .leaf(|plan, lab| set_many_names(plan, 1_000, Some(lab))),
        // RFC 8446 §4 allows a message of 16 MiB and RFC 5280 a certificate of any length; rustls takes no message of
        // more than 64 KiB, and rustls-webpki no such certificate.
        fault("many-names", "ten thousand alternative names", "RFC 5280 §4.2.1.6, RFC 8446 §4.4.2")
            .grade(Grade::Policy)
            .held_by(Holder::TooLong)
            .refused(&[Malformed])
            .leaf(|plan, lab| set_many_names(plan, 10_000, Some(lab))),
        fault("ok-ec384", "nothing: P-384, signed with SHA-384", "RFC 8446 §9.1")
            .made(|workshop| workshop.of(KeyAlgorithm::EcP384).issued(|_| {})),
        fault("ok-ed25519", "nothing: Ed25519", "RFC 8410")
            .grade(Grade::Policy)
            .made(|workshop| workshop.of(KeyAlgorithm::Ed25519).issued(|_| {})),
        fault("ok-rsa2048", "nothing: RSA of 2048 bits", "RFC 9325 §4.5")
            .grade(Grade::MustAccept)
            .made(|workshop| workshop.of(KeyAlgorithm::Rsa2048).issued(|_| {})),
        fault("ok-rsa3072", "nothing: RSA of 3072 bits", "RFC 9325 §4.5")
            .made(|workshop| workshop.of(KeyAlgorithm::Rsa3072).issued(|_| {})),
        fault("ok-rsa4096", "nothing: RSA of 4096 bits", "RFC 9325 §4.5")
            .made(|workshop| workshop.of(KeyAlgorithm::Rsa4096).issued(|_| {})),
        // A fixture although tlslab makes it: such a key takes many seconds.
        fault("ok-rsa8192", "nothing: RSA of 8192 bits", "RFC 9325 §4.5")
            .grade(Grade::Policy)
            .made(|workshop| workshop.of(KeyAlgorithm::Rsa8192).issued(|_| {}))
            .fixture(),
        fault("ok-sha384", "nothing: signed with RSA and SHA-384", "RFC 4055 §5, RFC 8446 §4.2.3")
            .made(|workshop| signed(workshop, SignatureHash::Sha384)),
        fault("ok-sha512", "nothing: signed with RSA and SHA-512", "RFC 4055 §5, RFC 8446 §4.2.3")
            .made(|workshop| signed(workshop, SignatureHash::Sha512)),
    ]
}

/// This many alternative names, the server's, if any, the last of them.
pub(super) fn set_many_names(plan: &mut Plan, count: usize, own: Option<&Setting>) {
    let others = (1..count).map(|number| dns(format!("host{number}.example.com")));
    set_names(plan, &others.chain(own.map(|lab| proving(&lab.name))).collect::<Vec<_>>());
}

/// Signed by RSA with another hash than the usual one.
fn signed(workshop: &Workshop, hash: SignatureHash) -> Result<Made, IssueError> {
    workshop.of(KeyAlgorithm::Rsa2048).issued_to(
        Usage::Server,
        |plan| {
            // sha384WithRSAEncryption and sha512WithRSAEncryption: 1.2.840.113549.1.1.12 and .13, parameters NULL.
            let last = if hash == SignatureHash::Sha384 { 12 } else { 13 };
            plan.inner_signature_algorithm =
                vec![0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, last, 5, 0];
            plan.outer_signature_algorithm.clone_from(&plan.inner_signature_algorithm);
        },
        |plan, key| plan.sign_with(|tbs| Ok(key.sign_hashed(hash, tbs)?)),
    )
}
