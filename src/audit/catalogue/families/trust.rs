//! Trust and signatures: does anything lead from what the client trusts to this key?

use super::super::edit::{
    AUTHORITY_INFORMATION, CA_FALSE, authority_information, key_usage, set_common_name, set_subject,
};
use super::super::fault::{Fault, Grade};
use super::super::setting::Setting;
use super::super::workshop::{Chain, Made, Role, Workshop};
use crate::pki::issue::{IssueError, Plan, SignatureEdit};
use crate::pki::oid;
use crate::pki::subject::Subject;
use crate::verify::Reason::{BadSignature, Malformed, Untrusted};

const ANYBODY: &str = "anybody on the way makes such a certificate in a second and reads everything";
const UNFETCHED: &str = "none; a client that fetches it tells others where it goes";

const PIN: &str = "compare the whole certificate with the trusted one, byte by byte, or its SHA-256 fingerprint; never \
                   its subject";
const VERIFY: &str = "turn verification on: build a path to a trusted CA and check every signature on it; never accept what a \
                      verifier refused";

pub(super) fn faults() -> Vec<Fault> {
    [pinned(), signatures(), chains(), bounds()].concat()
}

fn pinned() -> Vec<Fault> {
    let fault = |name, title, citation, attack| Fault::new(name, title, citation, attack).fix(PIN);
    vec![
        fault("other-key", "the trusted one's subject, another key", "RFC 5280 §6.1", ANYBODY)
            .refused(&[Untrusted])
            .made(other_key)
            .fixture(),
        fault(
            "pinned-clone",
            "the trusted one's subject, serial number and key identifiers, another key",
            "RFC 5280 §6.1",
            ANYBODY,
        )
        .refused(&[Untrusted, BadSignature])
        .made(clone),
        fault("self-signed-unknown", "self-signed, and not the pinned one", "RFC 5280 §6.1", ANYBODY)
            .refused(&[Untrusted])
            .made(unknown),
        fault(
            "tampered",
            "one bit of the signature flipped",
            "RFC 5280 §6.1.3 (a)(1)",
            "a client that compares less than every byte takes a changed copy for the pinned one",
        )
        .refused(&[Untrusted, BadSignature])
        .made(tampered)
        .fixture(),
        fault(
            "sigalg-mismatch",
            "its two signature algorithm fields differ",
            "RFC 5280 §4.1.1.2",
            "what was signed says one hash, what is verified another",
        )
        .refused(&[Malformed])
        .leaf(mismatched),
    ]
}

fn under_a_ca(
    name: &'static str,
    title: &'static str,
    citation: &'static str,
    attack: &'static str,
) -> Fault {
    Fault::under_ca(name, title, citation, attack).fix(VERIFY)
}

/// A signature is not the one of whoever should have made it.
fn signatures() -> Vec<Fault> {
    let fault = under_a_ca;
    vec![
        fault("self-signed-unknown", "self-signed, the client trusts a CA", "RFC 5280 §6.1", ANYBODY)
            .ca()
            .refused(&[Untrusted])
            .made(|workshop| {
                let trusted = workshop.issued(|_| {})?.trusted;
                Ok(Made { trusted, ..workshop.pinned(|_| {})? })
            }),
        fault("untrusted-root", "a chain to a CA that is not trusted", "RFC 5280 §6.1", ANYBODY)
            .refused(&[Untrusted])
            .made(|workshop| {
                let trusted = workshop.chain(|_| {})?.trusted;
                let made = workshop.stranger().chain(|chain| rename_root(chain, "Another Root CA"))?;
                Ok(Made { trusted, ..made })
            }),
        fault(
            "same-name-other-key",
            "the trusted CA's name and extensions, another key",
            "RFC 5280 §6.1.3 (a)(1)",
            ANYBODY,
        )
        .ca()
        .refused(&[Untrusted, BadSignature])
        .made(same_name),
        fault("bad-signature", "the leaf is signed with another key", "RFC 5280 §6.1.3 (a)(1)", ANYBODY)
            .ca()
            .refused(&[Untrusted, BadSignature])
            .leaf(|plan, _| plan.signature_edit = SignatureEdit::FlipBit(0)),
        fault(
            "chain-bad-signature",
            "the intermediate's signature is not the root's",
            "RFC 5280 §6.1.3 (a)(1)",
            ANYBODY,
        )
        .refused(&[Untrusted, BadSignature])
        .chain(|chain, _| chain.intermediate.signature_edit = SignatureEdit::FlipBit(0)),
        fault(
            "sigalg-mismatch",
            "its two signature algorithm fields differ",
            "RFC 5280 §4.1.1.2",
            "what was signed says one hash, what is verified another",
        )
        .ca()
        .refused(&[Malformed])
        .leaf(mismatched),
    ]
}

/// Nothing trusted is at the end of it.
fn chains() -> Vec<Fault> {
    let fault = under_a_ca;
    vec![
        fault("chain-missing-intermediate", "the intermediate is not sent", "RFC 8446 §4.4.2", UNFETCHED)
            .refused(&[Untrusted])
            .made(|workshop| without_intermediate(workshop.chain(|_| {})))
            .fixture(),
        fault(
            "chain-missing-intermediate-aia",
            "the intermediate is not sent, the leaf says where it is",
            "RFC 8446 §4.4.2, RFC 5280 §4.2.2.1",
            UNFETCHED,
        )
        .grade(Grade::Policy)
        .refused(&[Untrusted])
        .made(|workshop| {
            without_intermediate(workshop.chain(|chain| {
                // At a port of this machine's where nobody answers.
                let value = authority_information(&[(oid::CA_ISSUERS, "http://127.0.0.1:1/ca.der")]);
                chain.leaf.push_extension(AUTHORITY_INFORMATION, false, value);
            }))
        }),
        fault(
            "chain-leaf-issuer",
            "issued by another server's certificate",
            "RFC 5280 §6.1.4 (k)",
            "whoever has any certificate of this CA issues certificates for every name (CVE-2002-0862)",
        )
        .refused(&[Untrusted])
        .chain(|chain, _| {
            chain.intermediate.set_extension(oid::BASIC_CONSTRAINTS, true, CA_FALSE);
            chain.intermediate.set_extension(oid::KEY_USAGE, true, key_usage(0x80));
        }),
    ]
}

/// It is long, or has no end.
fn bounds() -> Vec<Fault> {
    let fault = under_a_ca;
    vec![
        fault(
            "chain-too-long",
            "twelve intermediates",
            "RFC 5280 §6.1, a bound of tlslab's",
            "a chain without end keeps a client busy",
        )
        .grade(Grade::Policy)
        .refused(&[Untrusted])
        .made(|workshop| workshop.long_chain(12, |_, _| {})),
        fault(
            "chain-deep-untrusted",
            "nine intermediates, and a CA that is not trusted",
            "RFC 5280 §6.1",
            ANYBODY,
        )
        .refused(&[Untrusted])
        .made(|workshop| {
            let trusted = workshop.issued(|_| {})?.trusted;
            let made = workshop.stranger().long_chain(9, |number, plan| match number {
                0 => set_common_name(plan, "Another Root CA"),
                1 => plan.issuer = Subject::lab().with_unchecked_common_name("Another Root CA").to_der(),
                _ => {}
            })?;
            Ok(Made { trusted, ..made })
        }),
        fault(
            "issuer-unanchored",
            "an intermediate whose issuer is neither sent nor trusted",
            "RFC 5280 §6.1",
            ANYBODY,
        )
        .refused(&[Untrusted])
        .made(|workshop| {
            let trusted = workshop.issued(|_| {})?.trusted;
            let made = workshop.stranger().chain(|chain| {
                chain.intermediate.issuer =
                    Subject::lab().with_unchecked_common_name("A Third Root CA").to_der();
            })?;
            Ok(Made { trusted, ..made })
        }),
        fault(
            "chain-loop",
            "two CAs that issued each other, and no root",
            "RFC 4158 §5.2",
            "a client that follows the loop never ends",
        )
        .refused(&[Untrusted])
        .made(circle),
    ]
}

fn without_intermediate(made: Result<Made, IssueError>) -> Result<Made, IssueError> {
    let mut made = made?;
    made.chain.truncate(1);
    Ok(made)
}

fn other_key(workshop: &Workshop) -> Result<Made, IssueError> {
    let trusted = workshop.pinned(|_| {})?.trusted;
    let key = workshop.key(Role::Other)?;
    let certificate = workshop.plan(Role::Other)?.sign(&key)?;
    Ok(Made { chain: vec![certificate], key, trusted })
}

/// All that tells certificates apart but the key and what it signed.
fn clone(workshop: &Workshop) -> Result<Made, IssueError> {
    let trusted = workshop.pinned(|_| {})?;
    let mut plan = trusted.chain.first().map_or_else(
        || workshop.plan(Role::Server),
        |certificate| Plan::from_certificate(certificate).map_err(IssueError::Malformed),
    )?;
    let key = workshop.key(Role::Other)?;
    plan.public_key_info = key.public_key_info().to_vec();
    Ok(Made { chain: vec![plan.sign(&key)?], key, trusted: trusted.trusted })
}

/// Another subject too; the name is in the SAN.
fn unknown(workshop: &Workshop) -> Result<Made, IssueError> {
    let trusted = workshop.pinned(|_| {})?.trusted;
    let key = workshop.key(Role::Other)?;
    let mut plan = workshop.plan(Role::Other)?;
    let subject = Subject::default().with_unchecked_common_name(&workshop.setting().name.to_string());
    set_subject(&mut plan, &subject);
    Ok(Made { chain: vec![plan.sign(&key)?], key, trusted })
}

fn tampered(workshop: &Workshop) -> Result<Made, IssueError> {
    let key = workshop.key(Role::Server)?;
    let mut plan = workshop.plan(Role::Server)?;
    let trusted = plan.sign(&key)?;
    plan.signature_edit = SignatureEdit::FlipBit(0);
    let certificate = plan.sign(&key)?;
    Ok(Made { chain: vec![certificate], key, trusted: vec![trusted] })
}

/// Inside it says ecdsa-with-SHA512, of which nobody makes use.
fn mismatched(plan: &mut Plan, _: &Setting) {
    // 1.2.840.10045.4.3.4
    plan.inner_signature_algorithm = vec![0x30, 10, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4];
}

/// The client trusts the real root; the leaf and its root are another's, who copied all but the key.
fn same_name(workshop: &Workshop) -> Result<Made, IssueError> {
    let real = workshop.issued(|_| {})?;
    let copied = workshop.root()?.subject_key_identifier().unwrap_or_default();
    let made = workshop.stranger().issued(|plan| {
        let mut value = vec![0x30, 22, 0x80, 20];
        value.extend(&copied);
        plan.set_extension(oid::AUTHORITY_KEY_IDENTIFIER, false, value);
    })?;
    Ok(Made { trusted: real.trusted, ..made })
}

/// The root under another name, and what it issued saying so.
pub(super) fn rename_root(chain: &mut Chain, name: &str) {
    set_common_name(&mut chain.root, &name);
    chain.intermediate.issuer.clone_from(&chain.root.subject);
}

/// The intermediate's issuer is a CA that the intermediate issued; the client trusts neither.
fn circle(workshop: &Workshop) -> Result<Made, IssueError> {
    let trusted = workshop.stranger().chain(|chain| rename_root(chain, "Another Root CA"))?.trusted;
    let mut made = workshop.chain(|_| {})?;
    let mut back = workshop.root()?;
    let key = workshop.key(Role::Intermediate)?;
    back.issuer = made
        .chain
        .get(1)
        .and_then(|intermediate| Plan::from_certificate(intermediate).ok())
        .map(|intermediate| intermediate.subject)
        .unwrap_or_default();
    back.remove_extension(oid::AUTHORITY_KEY_IDENTIFIER);
    made.chain.push(back.sign(&key)?);
    made.trusted = trusted;
    Ok(made)
}
