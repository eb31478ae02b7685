//! Each edit with every kind of key, and wherever in a path it can stand: what is wrong with a leaf is wrong however far
//! below the trusted CA it is, and what is wrong with an issuer is wrong with a trusted one too.

use super::super::workshop::{Chain, Made, Role, Workshop};
use super::super::{Expectation, Fault, Maker, Model, Setting, all};
use super::{complaint, verdict};
use crate::pki::issue::Plan;
use crate::pki::key::KeyAlgorithm;
use crate::verify::{Policy, Usage};

/// What an issuer may have that is trusted, and one in the midst of a path may not: nobody looks for the issuer of what is
/// trusted, nor at its signature.
const FINE_WHERE_TRUSTED: [&str; 2] = ["issuer-no-authority-key-identifier", "chain-bad-signature"];

/// Where in a path the edit was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// In the trusted certificate itself, which has no issuer.
    Pinned,
    /// In what the trusted CA issued.
    BelowRoot,
    /// In what an intermediate CA issued.
    BelowIntermediate,
    /// In a chain of three, as the entry says.
    Chain,
    /// As the intermediate's of a chain, in the trusted CA that issued the leaf.
    TrustedIssuer,
}

/// The entry's edit in each place where it can be made. What has keys or plans of its own is made one way only.
fn placed(fault: &Fault, workshop: &Workshop) -> Vec<(Place, Made)> {
    let workshop = &workshop.for_name(fault.name_for(&workshop.setting().name).unwrap());
    let setting = workshop.setting();
    match (fault.maker, fault.model) {
        // Of these the certificate is healthy, and something else says what is wrong.
        _ if fault.status.is_some() => Vec::new(),
        (Maker::Leaf(edit), Model::Pinned) => {
            vec![(Place::Pinned, workshop.pinned(|plan| edit(plan, setting)).unwrap())]
        }
        (Maker::Leaf(edit), Model::Ca) => {
            let below_root = workshop.issued_to(fault.usage, |plan| edit(plan, setting), Plan::sign).unwrap();
            let mut made = vec![(Place::BelowRoot, below_root)];
            if fault.usage == Usage::Server {
                let below = workshop.chain(|chain| edit(&mut chain.leaf, setting)).unwrap();
                made.push((Place::BelowIntermediate, below));
            }
            made
        }
        (Maker::Chain(edit), _) => {
            let chain = workshop.chain(|chain| edit(chain, setting)).unwrap();
            let mut made = vec![(Place::Chain, chain)];
            made.extend(in_the_root(workshop, edit).map(|made| (Place::TrustedIssuer, made)));
            made
        }
        (Maker::Plan(_) | Maker::Openssl(_), _) => Vec::new(),
    }
}

/// The edit of an intermediate, made to a root that issued the leaf itself; none where it is of something else.
fn in_the_root(workshop: &Workshop, edit: fn(&mut Chain, &Setting)) -> Option<Made> {
    let key = workshop.key(Role::Root).unwrap();
    let root = workshop.root().unwrap();
    let leaf = workshop.leaf(&root.sign(&key).unwrap(), &key).unwrap();
    let mut chain = Chain { leaf, intermediate: root.clone(), root: root.clone() };
    edit(&mut chain, workshop.setting());
    (chain.root == root && chain.intermediate != root).then(|| Made {
        chain: vec![chain.leaf.sign(&key).unwrap()],
        key: workshop.key(Role::Server).unwrap(),
        trusted: vec![chain.intermediate.sign(&key).unwrap()],
    })
}

fn every_edit_with(algorithm: KeyAlgorithm) {
    let workshop = Workshop::new(algorithm);
    let setting = workshop.setting();
    let (mut wrong, mut judged) = (Vec::new(), 0);
    for fault in all() {
        for (place, made) in placed(fault, &workshop) {
            let asked = fault.name_for(&setting.name).unwrap();
            let asked = (fault.usage == Usage::Server).then_some(&asked);
            let is_fine =
                place == Place::TrustedIssuer && FINE_WHERE_TRUSTED.into_iter().any(|id| fault.id == *id);
            for (policy, expected) in [(Policy::Lab, fault.lab), (Policy::Webpki, fault.webpki)] {
                let expected = if is_fine { Expectation::Accepted } else { expected };
                let found = verdict(&made, asked, fault.usage, policy, setting.dates.at);
                wrong.extend(
                    complaint(fault.id, policy, &found, expected).map(|text| format!("{place:?}: {text}")),
                );
                judged += 1;
            }
        }
    }
    assert!(wrong.is_empty(), "{algorithm}:\n{}", wrong.join("\n"));
    // Two policies, and most entries in two places.
    assert!(judged > 700, "{judged}");
}

#[test]
fn every_edit_with_p256() {
    every_edit_with(KeyAlgorithm::EcP256);
}

#[test]
fn every_edit_with_p384() {
    every_edit_with(KeyAlgorithm::EcP384);
}

#[test]
fn every_edit_with_ed25519() {
    every_edit_with(KeyAlgorithm::Ed25519);
}

#[test]
fn every_edit_with_rsa() {
    every_edit_with(KeyAlgorithm::Rsa2048);
}

/// Policy lab is a subset of webpki, but for what it is there to allow.
#[test]
fn policy_lab_takes_what_webpki_refuses_only_where_it_is_there_for_that() {
    let laxer: Vec<String> = all()
        .iter()
        .filter(|fault| fault.lab.reasons().is_empty() && !fault.webpki.reasons().is_empty())
        .map(|fault| fault.id.to_string())
        .collect();
    let allowed = [
        "cn-only",
        "cn-only.ca",
        "ip-in-cn",
        "ip-in-cn.ca",
        "underscore",
        "ca-true-leaf",
        "openssl-style",
        "v1",
    ];
    assert_eq!(laxer, allowed);
}
