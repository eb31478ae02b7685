//! Keys and hashes that prove nothing any more. Their fixtures are openssl's, by `fixtures/openssl.sh`; for a client that
//! is put to them tlslab makes those of which it can hold the key and knows the hash.
//!
//! Not made for live clients: RSA keys of 1024 and 512 bits, DSA and P-192, for nothing here holds such a key; ECDSA with
//! SHA-1, for nothing here signs so; MD4 and MD2, which hardly a client has to refuse any more.

use super::super::fault::{Fault, Grade, Holder};
use super::legacy;
use super::legacy::Hash;
use super::twins::both;
use crate::verify::Reason::{WeakKey, WeakSignature};

const FACTORED: &str = "the key is factored by whoever can pay, and impersonates the server";
const FORGED: &str = "a certificate is forged that has the same hash, and with it the same signature";

const STRONG_KEYS: &str = "refuse RSA keys of fewer than 2048 bits and curves that TLS does not name";
const STRONG_HASHES: &str = "refuse signatures that use SHA-1, MD5 or older, but for a trust anchor's own";

pub(super) fn faults() -> Vec<Fault> {
    [keys(), hashes()].concat()
}

fn keys() -> Vec<Fault> {
    let weak = |fault: Fault| {
        fault
            .grade(Grade::ShouldReject)
            .refused(&[WeakKey])
            .fix(STRONG_KEYS)
            .openssl()
            .held_by(Holder::Openssl)
    };
    let rsa1024 = weak(Fault::new("weak-rsa1024", "an RSA key of 1024 bits", "RFC 9325 §4.5", FACTORED));
    let rsa512 = weak(Fault::new(
        "weak-rsa512",
        "an RSA key of 512 bits",
        "RFC 9325 §4.5",
        "the key is factored in hours for the price of a meal, and impersonates the server",
    ))
    // The only hash of which a signature fits into such a key.
    .held_by(Holder::OpensslTls12("RSA+SHA256", "such a key is too short for the PSS signatures of TLS 1.3"));
    let mut faults: Vec<Fault> = [both(rsa1024), both(rsa512)]
        .concat()
        .into_iter()
        // Checked in, in both models.
        .map(Fault::fixture)
        .collect();
    faults.extend([
        weak(Fault::under_ca(
            "p192-key",
            "a key on the curve P-192",
            "RFC 8422 §5.1.1, RFC 8446 §4.2.3",
            "a curve of 96 bits' strength that no TLS has any more",
        ))
        .grade(Grade::Policy)
        .held_by(Holder::Nobody("no client offers the curve, and TLS 1.3 does not have it")),
        weak(Fault::under_ca(
            "dsa-key",
            "a DSA key",
            "RFC 8446 §1.2",
            "a signature with a guessable nonce gives the key away",
        ))
        .grade(Grade::Policy)
        .held_by(Holder::Nobody("no client offers DSS suites, and TLS 1.3 has no DSA")),
        weak(Fault::under_ca(
            "explicit-curve",
            "a key on a curve that is spelt out instead of named",
            "RFC 5480 §2.1.1",
            "a curve made to fit somebody else's public key: the attacker knows its secret (CVE-2020-0601)",
        ))
        .grade(Grade::MustReject)
        .openssl_or(legacy::explicit_curve),
    ]);
    faults
}

fn hashes() -> Vec<Fault> {
    let signed = |name, title| {
        Fault::new(name, title, "RFC 8446 §4.4.2.4, RFC 9155", FORGED)
            .refused(&[WeakSignature])
            .fix(STRONG_HASHES)
    };
    let under_a_ca = |name, title, grade| signed(name, title).ca().grade(grade).openssl();
    vec![
        // RFC 8446 §4.4.2.4 does not ask it of self-signed certificates.
        signed("sha1", "signed with SHA-1")
            .grade(Grade::Policy)
            .openssl_or(|workshop| legacy::self_signed(workshop, Hash::Sha1)),
        under_a_ca("sha1", "signed with SHA-1", Grade::ShouldReject)
            .openssl_or(|workshop| legacy::issued(workshop, Hash::Sha1)),
        under_a_ca("sha1-ecdsa", "signed with ECDSA and SHA-1", Grade::ShouldReject),
        under_a_ca("sha1-intermediate", "the intermediate is signed with SHA-1", Grade::ShouldReject)
            .openssl_or(|workshop| legacy::intermediate(workshop, Hash::Sha1)),
        under_a_ca("md5", "signed with MD5", Grade::MustReject)
            .openssl_or(|workshop| legacy::issued(workshop, Hash::Md5)),
        Fault {
            citation: "RFC 8446 §4.2.3, RFC 6150",
            ..under_a_ca("md4", "signed with MD4", Grade::MustReject)
        },
        Fault {
            citation: "RFC 8446 §4.2.3, RFC 6149",
            ..under_a_ca("md2", "signed with MD2", Grade::MustReject)
        },
    ]
}
