//! Kinds and strength of keys and signatures.

use super::found::said;
use super::whom::Whom;
use crate::pki::facts::{CertFacts, PublicKeyKind};
use crate::verify::keys;
use crate::who::case::Case;

pub(super) fn ed25519(leaf: &CertFacts) -> Option<String> {
    said(leaf.public_key.kind == PublicKeyKind::Ed25519, "an Ed25519 key")
}

pub(super) fn post_quantum(case: &Case<'_>) -> Option<String> {
    said(Whom::All.any(case, CertFacts::uses_ml_dsa), "an ML-DSA key or signature")
}

pub(super) fn p521(case: &Case<'_>) -> Option<String> {
    let on_p521 =
        |c: &CertFacts| matches!(&c.public_key.kind, PublicKeyKind::Ec { curve } if curve == "P-521");
    said(Whom::All.any(case, on_p521), "a key on P-521")
}

pub(super) fn rsa_pss(leaf: &CertFacts) -> Option<String> {
    let for_pss = matches!(leaf.public_key.kind, PublicKeyKind::RsaPss { .. });
    said(for_pss, "an RSA key for RSASSA-PSS only")
}

pub(super) fn explicit_curve(case: &Case<'_>) -> Option<String> {
    let explicit = |c: &CertFacts| matches!(&c.public_key.kind, PublicKeyKind::Ec { curve } if curve == "explicit parameters");
    said(Whom::All.any(case, explicit), "a curve with explicit parameters")
}

pub(super) fn short_rsa(leaf: &CertFacts, least: u32) -> Option<String> {
    match leaf.public_key.kind {
        PublicKeyKind::Rsa { modulus_bits, .. } if modulus_bits < least => {
            Some(format!("RSA of {modulus_bits} bits, shorter than {least}"))
        }
        _ => None,
    }
}

pub(super) fn unusual_exponent(leaf: &CertFacts) -> Option<String> {
    match &leaf.public_key.kind {
        PublicKeyKind::Rsa { exponent, .. } => said(
            ![&[3][..], &[17], &[1, 0, 1]].contains(&exponent.as_slice()),
            "an RSA key with an unusual exponent",
        ),
        _ => None,
    }
}

pub(super) fn signed_with(case: &Case<'_>, hashes: &[&str]) -> Option<String> {
    Whom::Sent.find(case, |c| {
        let name = &c.signature_algorithm.name;
        let lower = name.to_ascii_lowercase();
        hashes.iter().any(|hash| lower.contains(hash)).then(|| format!("signed with {name}"))
    })
}

pub(super) fn unfit_for_tls(leaf: &CertFacts) -> Option<String> {
    match leaf.public_key.kind {
        PublicKeyKind::Rsa { .. } => None,
        // Who looks at the order of a point is not known.
        _ if keys::has_small_order(&leaf.public_key) => None,
        _ => keys::weak_numbers(&leaf.public_key).map(|weakness| weakness.words),
    }
}
