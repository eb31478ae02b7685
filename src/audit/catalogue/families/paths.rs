//! Positive controls of path building: what is sent holds a path, and more. RFC 8446 §4.4.2 lets a server send what is
//! out of order or not needed; RFC 4158 says how to find a way among CAs that certify each other. A client that takes
//! the first certificate that fits, and gives up where it does not lead anywhere, refuses these.

use super::super::edit::{CA_FALSE, CLIENT_AUTH, NAME_CONSTRAINTS, dns, moment, name_constraints, purposes};
use super::super::fault::{Fault, Grade};
use super::super::workshop::{Authority, Made, Role, Workshop};
use crate::pki::issue::{IssueError, Plan};
use crate::pki::oid;
use crate::pki::subject::Subject;

const SENDING: &str = "none; a client that refuses it refuses servers that are set up carelessly";
const RENEWING: &str = "none; a client that gives up here breaks when a cross-certificate goes bad";

pub(super) fn faults() -> Vec<Fault> {
    [sent(), crossed(), branches()].concat()
}

fn control(name: &'static str, title: &'static str, citation: &'static str, attack: &'static str) -> Fault {
    Fault::under_ca(name, title, citation, attack).grade(Grade::ShouldAccept).fix(
        "build the path anew from all that was sent and all that is trusted, and try every way before giving up \
         (RFC 4158)",
    )
}

/// More than the path, or out of order.
fn sent() -> Vec<Fault> {
    let fault = |id, title| control(id, title, "RFC 8446 §4.4.2", SENDING);
    vec![
        fault("ok-extra-certificate", "nothing: somebody else's certificate is sent too")
            .made(extra_certificate),
        fault("ok-root-sent", "nothing: the root is sent too").made(root_sent),
        fault("ok-reversed-chain", "nothing: the intermediates are out of order").made(reversed),
    ]
}

/// CAs that certify each other.
fn crossed() -> Vec<Fault> {
    let fault = |id, title, citation| control(id, title, citation, RENEWING);
    vec![
        fault(
            "ok-expired-cross",
            "nothing: an expired cross-certificate beside a trusted CA",
            "RFC 5280 §6.1, RFC 4158 §2.4",
        )
        .made(expired_cross),
        fault(
            "ok-two-roots",
            "nothing: two roots certify the intermediate, the second is trusted",
            "RFC 4158 §2.3",
        )
        .made(two_roots),
        fault("ok-mesh", "nothing: two CAs that certify each other, of which one leads on", "RFC 4158 §2.3")
            .made(mesh),
        fault("ok-bridge", "nothing: from one CA's realm to another's by a bridge CA", "RFC 4158 §2.4")
            .made(bridge),
    ]
}

/// Two ways from the intermediate up, each to a trusted root: the first is bad, the second good.
fn branches() -> Vec<Fault> {
    let fault = |id, title| control(id, title, "RFC 5280 §6.1, RFC 4158 §2.3", RENEWING);
    vec![
        fault("ok-branch-expired", "nothing: one of two ways up has expired")
            .made(|workshop| branch(workshop, |plan| expire(plan, workshop))),
        fault("ok-branch-constraints", "nothing: one of two ways up does not permit the name").made(
            |workshop| {
                branch(workshop, |plan| {
                    let value = name_constraints(&[dns("permitted.example")], &[]);
                    plan.push_extension(NAME_CONSTRAINTS, true, value);
                })
            },
        ),
        fault("ok-branch-usage", "nothing: one of two ways up is for clients only").made(|workshop| {
            branch(workshop, |plan| {
                plan.push_extension(oid::EXTENDED_KEY_USAGE, false, purposes(&[CLIENT_AUTH]));
            })
        }),
        fault("ok-branch-no-constraints", "nothing: one of two ways up has no basicConstraints").made(
            |workshop| {
                branch(workshop, |plan| {
                    plan.remove_extension(oid::BASIC_CONSTRAINTS);
                })
            },
        ),
        fault("ok-branch-ca-false", "nothing: one of two ways up is CA:FALSE").made(|workshop| {
            branch(workshop, |plan| plan.set_extension(oid::BASIC_CONSTRAINTS, true, CA_FALSE))
        }),
        fault("ok-branch-sha1", "nothing: one of two ways up is signed with SHA-1").openssl(),
    ]
}

fn extra_certificate(workshop: &Workshop) -> Result<Made, IssueError> {
    let mut made = workshop.chain(|_| {})?;
    let other = workshop.stranger().chain(|_| {})?;
    made.chain.extend(other.chain.into_iter().skip(1));
    Ok(made)
}

fn root_sent(workshop: &Workshop) -> Result<Made, IssueError> {
    let mut made = workshop.chain(|_| {})?;
    made.chain.extend(made.trusted.iter().cloned());
    Ok(made)
}

fn reversed(workshop: &Workshop) -> Result<Made, IssueError> {
    let mut made = workshop.long_chain(3, |_, _| {})?;
    if let Some(intermediates) = made.chain.get_mut(1..) {
        intermediates.reverse();
    }
    Ok(made)
}

/// The client trusts the intermediate CA; sent is also that CA's certificate by a root that it does not know, which
/// has expired.
fn expired_cross(workshop: &Workshop) -> Result<Made, IssueError> {
    let trusted = workshop.root()?.sign(&*workshop.key(Role::Root)?)?;
    let mut made = workshop.issued(|_| {})?;
    let other = workshop.key(Role::Other)?;
    let mut cross = workshop.root()?;
    cross.issuer = Subject::lab().with_unchecked_common_name("Old Root CA").to_der();
    expire(&mut cross, workshop);
    cross.remove_extension(oid::AUTHORITY_KEY_IDENTIFIER);
    made.chain.push(cross.sign(&other)?);
    made.trusted = vec![trusted];
    Ok(made)
}

/// What is sent are the leaf and these, in this order.
fn served(
    workshop: &Workshop,
    issuer: &Authority,
    crosses: impl IntoIterator<Item = Result<rustls::pki_types::CertificateDer<'static>, IssueError>>,
    trusted: &[&Authority],
) -> Result<Made, IssueError> {
    let key = workshop.key(Role::Server)?;
    let mut chain = vec![issuer.issue(&key)?];
    for cross in crosses {
        chain.push(cross?);
    }
    Ok(Made { chain, key, trusted: trusted.iter().map(|anchor| anchor.certificate.clone()).collect() })
}

fn two_roots(workshop: &Workshop) -> Result<Made, IssueError> {
    let (old, new) = (workshop.authority("Old Root CA")?, workshop.authority("Test Root CA")?);
    let middle = workshop.authority("Test Intermediate CA")?;
    let crosses = [old.certify(&middle, |_| {}), new.certify(&middle, |_| {})];
    served(workshop, &middle, crosses, &[&new])
}

/// RFC 4158's figure 7: the anchor above A and C, which certify each other, and both above B. The anchor's word for A,
/// which is the first to be come upon, has expired.
fn mesh(workshop: &Workshop) -> Result<Made, IssueError> {
    let anchor = workshop.authority("Test Root CA")?;
    let (a, b, c) = (workshop.authority("A")?, workshop.authority("B")?, workshop.authority("C")?);
    let crosses = [
        a.certify(&b, |_| {}),
        anchor.certify(&a, |plan| expire(plan, workshop)),
        c.certify(&a, |_| {}),
        a.certify(&c, |_| {}),
        c.certify(&b, |_| {}),
        anchor.certify(&c, |_| {}),
    ];
    served(workshop, &b, crosses, &[&anchor])
}

/// As in RFC 4158 §2.4: three roots certify a bridge CA and are certified by it; the client trusts one of them, the leaf
/// is below another.
fn bridge(workshop: &Workshop) -> Result<Made, IssueError> {
    let named = |name| workshop.authority(name);
    let (issuing, policy, bridge) = (named("Issuing CA")?, named("Policy CA")?, named("Bridge CA")?);
    let (trusted, own, third) = (named("Test Root CA")?, named("Another Root CA")?, named("Third Root CA")?);
    let crosses = [
        policy.certify(&issuing, |_| {}),
        own.certify(&policy, |_| {}),
        own.certify(&bridge, |_| {}),
        third.certify(&bridge, |_| {}),
        bridge.certify(&third, |_| {}),
        bridge.certify(&own, |_| {}),
        bridge.certify(&trusted, |_| {}),
        trusted.certify(&bridge, |_| {}),
    ];
    served(workshop, &issuing, crosses, &[&trusted])
}

fn branch(workshop: &Workshop, edit: impl FnOnce(&mut Plan)) -> Result<Made, IssueError> {
    let (old, new) = (workshop.authority("Old Root CA")?, workshop.authority("Test Root CA")?);
    let middle = workshop.authority("Test Intermediate CA")?;
    let crosses = [old.certify(&middle, edit), new.certify(&middle, |_| {})];
    served(workshop, &middle, crosses, &[&old, &new])
}

fn expire(plan: &mut Plan, workshop: &Workshop) {
    plan.not_after = moment(workshop.setting().dates.past);
}
