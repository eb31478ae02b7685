//! What keeps a verifier busy, or trips it: each must end, in a verdict and in time. Whether the verdict is yes or no is
//! mostly a matter of its bounds; a crash or a hang never is.

use super::super::edit::{NAME_CONSTRAINTS, NOBODYS, dns, name_constraints, proving, set_names};
use super::super::fault::{Fault, Grade};
use super::super::setting::Asked;
use super::super::workshop::{Made, Workshop};
use crate::pki::der::{self, tag, tlv};
use crate::pki::issue::IssueError;
use crate::pki::oid;
use crate::verify::Reason::{BadSignature, Malformed, Untrusted, WeakKey};

const BUSY: &str = "anybody who is connected to keeps the client busy, or ends it";
const BOUND: &str = "bound the signatures, names and policies that are looked at, and refuse what is beyond";
const READ: &str =
    "look at an issuer's key before it is used: algorithm, size and point, without computing with it";

pub(super) fn faults() -> Vec<Fault> {
    [paths(), keys()].concat()
}

fn paths() -> Vec<Fault> {
    let fault =
        |name, title, citation| Fault::under_ca(name, title, citation, BUSY).grade(Grade::Policy).fix(BOUND);
    vec![
        fault(
            "many-intermediates",
            "thirty namesakes of the intermediate are sent before it",
            "RFC 5280 §6.1, RFC 4158 §5.2",
        )
        .made(namesakes),
        fault(
            "policy-mapping-bomb",
            "an intermediate that maps a hundred policies to each other",
            "RFC 5280 §6.1.4 (a, b); CVE-2023-0464",
        )
        .chain(|chain, _| {
            chain.intermediate.push_extension(oid::CERTIFICATE_POLICIES, false, policies(100));
            chain.intermediate.push_extension(oid::POLICY_MAPPINGS, false, mappings(10));
            chain.leaf.push_extension(oid::CERTIFICATE_POLICIES, false, policies(100));
        }),
        fault(
            "names-times-labels",
            "two hundred names of a hundred labels, below a constraint of as many",
            "RFC 5280 §6.1.4 (g)",
        )
        .asked(Asked::Host(2))
        .chain(|chain, lab| {
            let deep = |first: usize| format!("{first}.{}excluded.example", "a.".repeat(96));
            let value = name_constraints(&[], &[dns(deep(1000))]);
            chain.intermediate.push_extension(NAME_CONSTRAINTS, true, value);
            let names = (0..200).map(|number| dns(deep(number)));
            set_names(&mut chain.leaf, &names.chain([proving(&lab.name)]).collect::<Vec<_>>());
        }),
    ]
}

/// The leaf's issuer is the last of many CAs that have its name and another's key.
fn namesakes(workshop: &Workshop) -> Result<Made, IssueError> {
    let mut made = workshop.chain(|_| {})?;
    let stranger = workshop.stranger();
    let own = made.chain.split_off(1);
    for number in 0..30u8 {
        let other = stranger.chain(|chain| chain.intermediate.serial = vec![0x40, number])?;
        made.chain.extend(other.chain.into_iter().skip(1));
    }
    made.chain.extend(own);
    Ok(made)
}

/// Policies below 2.25.987654321.
fn policy(number: u8) -> Vec<u8> {
    tlv(tag::OID, &[NOBODYS.as_bytes(), &[number & 0x7f]].concat())
}

fn policies(count: u8) -> Vec<u8> {
    let policies: Vec<_> = (0..count).map(|number| tlv(tag::SEQUENCE, &policy(number))).collect();
    tlv(tag::SEQUENCE, &policies.concat())
}

/// Each of so many to each.
fn mappings(count: u8) -> Vec<u8> {
    let pairs = (0..count).flat_map(|from| (0..count).map(move |to| (from, to)));
    let pairs: Vec<_> = pairs.map(|(from, to)| der::sequence(&[&policy(from), &policy(to)])).collect();
    tlv(tag::SEQUENCE, &pairs.concat())
}

/// The intermediate's key is none that could be used.
fn keys() -> Vec<Fault> {
    let fault =
        |name, title, citation| Fault::under_ca(name, title, citation, BUSY).fix(READ).refused(&[Untrusted]);
    vec![
        fault(
            "rsa16384",
            "the intermediate's RSA key has 16384 bits",
            "RFC 5280 §6.1.3 (a)(1); CVE-2023-29409",
        )
        .refused(&[Untrusted, BadSignature])
        .chain(|chain, _| chain.intermediate.public_key_info = long_rsa()),
        fault(
            "explicit-curve-composite",
            "the intermediate's key is on a curve over no field: its prime is composite",
            "RFC 5480 §2.1.1; CVE-2022-0778",
        )
        .refused(&[WeakKey])
        .chain(|chain, _| chain.intermediate.public_key_info = composite_curve()),
        fault(
            "unknown-key-algorithm",
            "the intermediate's key is of an algorithm nobody knows",
            "RFC 5280 §4.1.2.7; CVE-2024-24783",
        )
        .refused(&[Malformed])
        .chain(|chain, _| {
            let algorithm = tlv(tag::SEQUENCE, &der::oid(NOBODYS));
            chain.intermediate.public_key_info =
                der::sequence(&[&algorithm, &tlv(tag::BIT_STRING, &[0, 1, 2, 3])]);
        }),
        fault("empty-ec-point", "the intermediate's key on P-256 is empty", "RFC 5480 §2.2")
            .refused(&[Malformed])
            .chain(|chain, _| {
                // id-ecPublicKey, prime256v1.
                let algorithm = [
                    0x30, 19, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d,
                    3, 1, 7,
                ];
                chain.intermediate.public_key_info =
                    der::sequence(&[&algorithm, &tlv(tag::BIT_STRING, &[0])]);
            }),
    ]
}

/// A modulus of which only the length matters.
fn long_rsa() -> Vec<u8> {
    // rsaEncryption, NULL.
    let algorithm = [0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0];
    let modulus = [&[0][..], &[0xc5; 16384 / 8]].concat();
    let key = der::sequence(&[&tlv(tag::INTEGER, &modulus), &tlv(tag::INTEGER, &[1, 0, 1])]);
    der::sequence(&[&algorithm, &tlv(tag::BIT_STRING, &[&[0][..], &key].concat())])
}

/// SpecifiedECDomain (SEC 1 §C.2) over p = 697 = 17 · 41 with a compressed base point: to find its other coordinate is to
/// take a square root modulo p, for which the algorithm of Tonelli and Shanks does not end where p is no prime.
fn composite_curve() -> Vec<u8> {
    const PRIME_FIELD: [u8; 9] = [6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 1, 1];
    const EC_PUBLIC_KEY: [u8; 9] = [6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
    let field = der::sequence(&[&PRIME_FIELD, &tlv(tag::INTEGER, &[2, 0xb9])]);
    let curve = der::sequence(&[&tlv(tag::OCTET_STRING, &[0, 23]), &tlv(tag::OCTET_STRING, &[0, 1])]);
    let parameters = der::sequence(&[
        &tlv(tag::INTEGER, &[1]),
        &field,
        &curve,
        &tlv(tag::OCTET_STRING, &[2, 0, 8]),
        &tlv(tag::INTEGER, &[2, 0xb9]),
        &tlv(tag::INTEGER, &[1]),
    ]);
    let algorithm = der::sequence(&[&EC_PUBLIC_KEY, &parameters]);
    der::sequence(&[&algorithm, &tlv(tag::BIT_STRING, &[0, 2, 0, 8])])
}
