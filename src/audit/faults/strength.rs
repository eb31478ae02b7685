//! Keys and hashes that prove nothing any more. tlslab makes none of them: `fixtures/openssl.sh` does.

use super::super::fault::{Fault, Grade, Model};
use crate::verify::Reason::{WeakKey, WeakSignature};

const FACTORED: &str = "the key is factored by whoever can pay, and impersonates the server";
const FORGED: &str = "a certificate is forged that has the same hash, and with it the same signature";

pub(super) fn faults() -> Vec<Fault> {
    [keys(), hashes()].concat()
}

fn keys() -> Vec<Fault> {
    let weak = |id, title, citation, attack| {
        Fault::new(id, title, citation, attack).grade(Grade::ShouldReject).refused(&[WeakKey]).openssl()
    };
    let under_a_ca =
        |id, title, citation, attack| Fault { model: Model::Ca, ..weak(id, title, citation, attack) };
    let rsa1024 = weak("weak-rsa1024", "an RSA key of 1024 bits", "RFC 9325 §4.5", FACTORED);
    let rsa512 = weak(
        "weak-rsa512",
        "an RSA key of 512 bits",
        "RFC 9325 §4.5",
        "the key is factored in hours for the price of a meal, and impersonates the server",
    );
    vec![
        rsa1024,
        rsa1024.ca("weak-rsa1024.ca").openssl(),
        rsa512,
        rsa512.ca("weak-rsa512.ca").openssl(),
        under_a_ca(
            "p192-key",
            "a key on the curve P-192",
            "RFC 8422 §5.1.1, RFC 8446 §4.2.3",
            "a curve of 96 bits' strength that no TLS has any more",
        )
        .grade(Grade::Policy),
        under_a_ca(
            "dsa-key",
            "a DSA key",
            "RFC 8446 §1.2",
            "a signature with a guessable nonce gives the key away",
        )
        .grade(Grade::Policy),
        under_a_ca(
            "explicit-curve",
            "a key on a curve that is spelt out instead of named",
            "RFC 5480 §2.1.1",
            "a curve made to fit somebody else's public key: the attacker knows its secret (CVE-2020-0601)",
        )
        .grade(Grade::MustReject),
    ]
}

fn hashes() -> Vec<Fault> {
    let weak = |id, title| {
        Fault::new(id, title, "RFC 8446 §4.4.2.4, RFC 9155", FORGED).refused(&[WeakSignature]).openssl()
    };
    let under_a_ca = |id, title, grade| Fault { model: Model::Ca, grade, ..weak(id, title) };
    vec![
        // RFC 8446 §4.4.2.4 does not ask it of self-signed certificates.
        weak("sha1", "signed with SHA-1").grade(Grade::Policy),
        under_a_ca("sha1.ca", "signed with SHA-1", Grade::ShouldReject),
        under_a_ca("sha1-ecdsa.ca", "signed with ECDSA and SHA-1", Grade::ShouldReject),
        under_a_ca("sha1-intermediate.ca", "the intermediate is signed with SHA-1", Grade::ShouldReject),
        under_a_ca("md5.ca", "signed with MD5", Grade::MustReject),
        Fault {
            citation: "RFC 8446 §4.2.3, RFC 6150",
            ..under_a_ca("md4.ca", "signed with MD4", Grade::MustReject)
        },
        Fault {
            citation: "RFC 8446 §4.2.3, RFC 6149",
            ..under_a_ca("md2.ca", "signed with MD2", Grade::MustReject)
        },
    ]
}
