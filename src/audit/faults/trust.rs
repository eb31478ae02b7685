//! Trust and signatures: does anything lead from what the client trusts to this key?

use super::super::fault::{Fault, Grade, Model};
use super::super::workshop::{Chain, LAB_NAME, Made, Role, Workshop};
use super::edit::{AUTHORITY_INFORMATION, CA_FALSE, authority_information, key_usage, set_common_name};
use crate::pki::issue::{IssueError, Plan, SignatureEdit};
use crate::pki::key::KeyAlgorithm;
use crate::pki::oid;
use crate::verify::Reason::{BadSignature, Malformed, Untrusted};

const ANYBODY: &str = "anybody on the way makes such a certificate in a second and reads everything";
const UNFETCHED: &str = "none; a client that fetches it tells others where it goes";
pub(super) fn faults() -> Vec<Fault> {
    [pinned(), under_a_ca()].concat()
}

fn pinned() -> Vec<Fault> {
    vec![
        Fault::new("other-key", "the trusted one's subject, another key", "RFC 5280 §6.1", ANYBODY)
            .refused(&[Untrusted])
            .made(other_key)
            .fixture(),
        Fault::new("self-signed-unknown", "self-signed, and not the pinned one", "RFC 5280 §6.1", ANYBODY)
            .refused(&[Untrusted])
            .made(unknown),
        Fault::new(
            "tampered",
            "one bit of the signature flipped",
            "RFC 5280 §6.1.3 (a)(1)",
            "a client that compares less than every octet takes a changed copy for the pinned one",
        )
        .refused(&[Untrusted, BadSignature])
        .made(tampered)
        .fixture(),
        Fault::new(
            "sigalg-mismatch",
            "its two signature algorithm fields differ",
            "RFC 5280 §4.1.1.2",
            "what was signed says one hash, what is verified another",
        )
        .refused(&[Malformed])
        .leaf(mismatched),
    ]
}

fn under_a_ca() -> Vec<Fault> {
    let fault =
        |id, title, citation, attack| Fault { model: Model::Ca, ..Fault::new(id, title, citation, attack) };
    vec![
        fault("self-signed-unknown.ca", "self-signed, the client trusts a CA", "RFC 5280 §6.1", ANYBODY)
            .refused(&[Untrusted])
            .made(|workshop| {
                let trusted = workshop.issued(|_| {})?.trusted;
                Ok(Made { trusted, ..workshop.pinned(|_| {})? })
            }),
        fault("untrusted-root", "a chain to a CA that is not trusted", "RFC 5280 §6.1", ANYBODY)
            .refused(&[Untrusted])
            .made(|workshop| {
                let trusted = workshop.chain(|_| {})?.trusted;
                let mut other = Workshop::new(KeyAlgorithm::EcP256);
                let made = other.chain(|chain| rename_root(chain, "Another Root CA"))?;
                Ok(Made { trusted, ..made })
            }),
        fault(
            "same-name-other-key.ca",
            "the trusted CA's name and extensions, another key",
            "RFC 5280 §6.1.3 (a)(1)",
            ANYBODY,
        )
        .refused(&[Untrusted, BadSignature])
        .made(same_name),
        fault("bad-signature.ca", "the leaf is signed with another key", "RFC 5280 §6.1.3 (a)(1)", ANYBODY)
            .refused(&[Untrusted, BadSignature])
            .leaf(|plan| plan.signature_edit = SignatureEdit::FlipBit(0)),
        fault(
            "chain-bad-signature",
            "the intermediate's signature is not the root's",
            "RFC 5280 §6.1.3 (a)(1)",
            ANYBODY,
        )
        .refused(&[Untrusted, BadSignature])
        .made(|workshop| {
            workshop.chain(|chain| chain.intermediate.signature_edit = SignatureEdit::FlipBit(0))
        }),
        fault(
            "sigalg-mismatch.ca",
            "its two signature algorithm fields differ",
            "RFC 5280 §4.1.1.2",
            "what was signed says one hash, what is verified another",
        )
        .refused(&[Malformed])
        .leaf(mismatched),
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
                // id-ad-caIssuers, at a port of this machine's where nobody answers.
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
        .made(|workshop| {
            workshop.chain(|chain| {
                chain.intermediate.set_extension(oid::BASIC_CONSTRAINTS, true, CA_FALSE);
                chain.intermediate.set_extension(oid::KEY_USAGE, true, key_usage(0x80));
            })
        }),
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

fn other_key(workshop: &mut Workshop) -> Result<Made, IssueError> {
    let trusted = workshop.pinned(|_| {})?.trusted;
    let key = workshop.key(Role::Other)?;
    let certificate = workshop.plan(Role::Other)?.sign(&key)?;
    Ok(Made { chain: vec![certificate], key, trusted })
}

/// Another subject too; the name is in the SAN.
fn unknown(workshop: &mut Workshop) -> Result<Made, IssueError> {
    let trusted = workshop.pinned(|_| {})?.trusted;
    let key = workshop.key(Role::Other)?;
    let mut plan = workshop.plan(Role::Other)?;
    let subject = crate::pki::subject::Subject::default().with_unchecked_common_name(LAB_NAME);
    super::edit::set_subject(&mut plan, &subject);
    Ok(Made { chain: vec![plan.sign(&key)?], key, trusted })
}

fn tampered(workshop: &mut Workshop) -> Result<Made, IssueError> {
    let key = workshop.key(Role::Server)?;
    let mut plan = workshop.plan(Role::Server)?;
    let trusted = plan.sign(&key)?;
    plan.signature_edit = SignatureEdit::FlipBit(0);
    let certificate = plan.sign(&key)?;
    Ok(Made { chain: vec![certificate], key, trusted: vec![trusted] })
}

/// Inside it says ecdsa-with-SHA512, of which nobody makes use.
fn mismatched(plan: &mut Plan) {
    // 1.2.840.10045.4.3.4
    plan.inner_signature_algorithm = vec![0x30, 10, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4];
}

/// The client trusts the real root; the leaf and its root are another's, who copied all but the key.
fn same_name(workshop: &mut Workshop) -> Result<Made, IssueError> {
    let real = workshop.issued(|_| {})?;
    let copied = workshop.root()?.subject_key_identifier().unwrap_or_default();
    let mut other = Workshop::new(KeyAlgorithm::EcP256);
    let made = other.issued(|plan| {
        let mut value = vec![0x30, 22, 0x80, 20];
        value.extend(&copied);
        plan.set_extension(oid::AUTHORITY_KEY_IDENTIFIER, false, value);
    })?;
    Ok(Made { trusted: real.trusted, ..made })
}

/// The root under another name, and what it issued saying so.
pub(super) fn rename_root(chain: &mut Chain, name: &str) {
    set_common_name(&mut chain.root, name);
    chain.intermediate.issuer.clone_from(&chain.root.subject);
}

/// The intermediate's issuer is a CA that the intermediate issued; the client trusts neither.
fn circle(workshop: &mut Workshop) -> Result<Made, IssueError> {
    let mut other = Workshop::new(KeyAlgorithm::EcP256);
    let trusted = other.chain(|chain| rename_root(chain, "Another Root CA"))?.trusted;
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
