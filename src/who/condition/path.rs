//! Certificates beside each other: dates, signatures, key identifiers, lengths, name constraints.

use time::Duration;

use super::found::said;
use super::whom::Whom;
use crate::pki::facts::{CertFacts, Extension, ExtensionFacts, GeneralName, PublicKeyKind};
use crate::verify::constraints::{self, BoundCommonName, Reading, Violation};
use crate::verify::signature::{self, Signed};
use crate::verify::{Model, Reason, keys, self_signed};
use crate::who::case::Case;
use crate::words;

/// How a verifier reads name constraints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is something that is read or not")]
pub struct Constrained {
    /// They bind the subject too, not the alternative names only.
    pub subject: bool,
    /// They bind URIs.
    pub uris: bool,
    /// They bind a CN beside alternative names too, where no dNSName is among them.
    pub common_name_beside: bool,
    /// They bind a CN that is a wildcard.
    pub wildcard_common_name: bool,
    /// A name with a final dot is the name without it.
    pub final_dot: bool,
    /// An excluded name excludes the wildcard that stands for it.
    pub wildcards: bool,
}

pub(super) fn anothers_key_identifier(case: &Case<'_>) -> Option<String> {
    let holds = links(case).into_iter().any(names_another_key);
    said(holds, "an authority key identifier that is not its issuer's")
}

pub(super) fn anothers_key_identifier_below_root(case: &Case<'_>) -> Option<String> {
    let holds = links(case).into_iter().next_back().is_some_and(names_another_key);
    said(holds, "an authority key identifier that is not the root's")
}

/// Each certificate with its issuer, from the leaf up, as far as is known.
fn links<'a>(case: &Case<'a>) -> Vec<(&'a CertFacts, &'a CertFacts)> {
    match case.model {
        Model::Pinned if case.leaf.is_self_issued() => vec![(case.leaf, case.leaf)],
        Model::Pinned => Vec::new(),
        Model::Ca => std::iter::once(&case.leaf)
            .chain(case.issuers)
            .copied()
            .zip(case.issuers.iter().copied())
            .collect(),
    }
}

fn names_another_key((certificate, issuer): (&CertFacts, &CertFacts)) -> bool {
    matches!(
        (certificate.authority_key_id(), issuer.subject_key_id()),
        (Some(named), Some(has)) if named != has
    )
}

pub(super) fn broken_self_signature(leaf: &CertFacts) -> Option<String> {
    said(leaf.is_self_issued() && self_signed(leaf) == Some(false), "its own signature does not verify")
}

pub(super) fn expired(case: &Case<'_>) -> Option<String> {
    let not_after = case.leaf.not_after;
    (case.at > not_after).then(|| format!("expired: notAfter {}", words::instant(not_after)))
}

pub(super) fn not_yet_valid(case: &Case<'_>, slack: Duration) -> Option<String> {
    let not_before = case.leaf.not_before;
    (not_before - case.at > slack).then(|| format!("not yet valid: notBefore {}", words::instant(not_before)))
}

pub(super) fn out_of_date(whom: Whom, case: &Case<'_>) -> Option<String> {
    whom.find(case, |c| {
        (case.at > c.not_after || case.at < c.not_before).then(|| {
            format!(
                "an issuer is valid from {} to {} only",
                words::instant(c.not_before),
                words::instant(c.not_after)
            )
        })
    })
}

pub(super) fn forged(case: &Case<'_>) -> Option<String> {
    let mut pairs = Whom::All.of(case).zip(case.issuers);
    let (below, _) = pairs
        .find(|(below, above)| matches!(signature::certificate(below, &above.public_key), Signed::Invalid))?;
    Some(format!("the signature on {} is not its issuer's", words::shortened(below.subject.to_string())))
}

pub(super) fn unverifiable(case: &Case<'_>) -> Option<String> {
    let mut pairs = Whom::All.of(case).zip(case.issuers);
    let (below, _) = pairs.find(|(below, above)| {
        matches!(signature::certificate(below, &above.public_key), Signed::Unsupported(_))
    })?;
    Some(format!("a signature with {}, which tlslab cannot verify", below.signature_algorithm.name))
}

pub(super) fn useless_issuer_key(case: &Case<'_>) -> Option<String> {
    let mut pairs = Whom::All.of(case).zip(case.issuers.iter().filter(|_| case.model == Model::Ca));
    let (_, above) = pairs.find(|(below, above)| match &above.public_key.kind {
        PublicKeyKind::Rsa { .. } | PublicKeyKind::Ec { .. } | PublicKeyKind::Ed25519 => {
            keys::weak_numbers(&above.public_key).is_some_and(|weakness| weakness.reason == Reason::Malformed)
        }
        PublicKeyKind::RsaPss { .. } => false,
        // ecdsa-with-SHA256 by a key that is none for ECDSA: what kind it is of does not matter.
        PublicKeyKind::Other(_) | PublicKeyKind::Unreadable => signature::is_by_rsa_or_curve(below),
    })?;
    Some(format!(
        "the key of {}, with which nothing can be verified",
        words::shortened(above.subject.to_string())
    ))
}

pub(super) fn longer_than(case: &Case<'_>, most: usize) -> Option<String> {
    // RFC 8446 §4.4.2: the lengths of the list, of each certificate and of its extensions, and the context's.
    let length: usize = 4 + Whom::Sent.of(case).map(|c| c.der.len() + 5).sum::<usize>();
    (length > most).then(|| format!("a chain of {length} bytes in the handshake, more than {most}"))
}

pub(super) fn more_intermediates_than(case: &Case<'_>, most: usize) -> Option<String> {
    let count = case.above().0.len();
    (count > most).then(|| format!("{count} intermediates, more than {most}"))
}

pub(super) fn more_sent_than(case: &Case<'_>, most: usize) -> Option<String> {
    let count = case.sent.max(Whom::Sent.of(case).count());
    (count > most).then(|| format!("a chain of {count} certificates is sent, more than {most}"))
}

pub(super) fn no_authority_key_id(case: &Case<'_>) -> Option<String> {
    let none = |c: &CertFacts| c.version == 3 && c.authority_key_id().is_none();
    said(Whom::Sent.any(case, none), "no authority key identifier")
}

pub(super) fn no_subject_key_id(case: &Case<'_>) -> Option<String> {
    let none = |c: &CertFacts| c.is_ca() == Some(true) && c.subject_key_id().is_none();
    said(Whom::All.any(case, none), "a CA without a subject key identifier")
}

pub(super) fn not_self_issued(case: &Case<'_>) -> Option<String> {
    said(case.model == Model::Pinned && !case.leaf.is_self_issued(), "its issuer is not trusted, only itself")
}

/// Whose path length is exceeded by the intermediates below that count.
pub(super) fn too_long(whom: Whom, case: &Case<'_>, counts: impl Fn(&CertFacts) -> bool) -> Option<String> {
    whom.find_above(case, |below, issuer| {
        let limit = issuer.path_length()?;
        let count = below.iter().skip(1).filter(|c| counts(c)).count();
        (count > usize::try_from(limit).unwrap_or(usize::MAX))
            .then(|| format!("an issuer that allows {limit} intermediates, and {count} follow"))
    })
}

pub(super) fn too_many_comparisons(case: &Case<'_>, most: usize) -> Option<String> {
    Whom::Issuers.find(case, |issuer| {
        let subtrees = issuer.extensions.iter().find_map(|e| match &e.decoded {
            Extension::NameConstraints { permitted, excluded } => Some(permitted.len() + excluded.len()),
            _ => None,
        })?;
        let count = subtrees.saturating_mul(case.leaf.subject_alt_names().unwrap_or_default().len());
        (count > most).then(|| format!("{count} comparisons with name constraints, more than {most}"))
    })
}

pub(super) fn critically_constrained(case: &Case<'_>) -> Option<String> {
    Whom::Issuers.find(case, |issuer| {
        let about_directories = |e: &ExtensionFacts| match &e.decoded {
            Extension::NameConstraints { permitted, excluded } => {
                permitted.iter().chain(excluded).any(|name| matches!(name, GeneralName::Directory(_)))
            }
            _ => false,
        };
        let found = issuer.extensions.iter().any(|e| e.critical && about_directories(e));
        said(found, "critical name constraints about directory names")
    })
}

pub(super) fn constrained_otherwise(case: &Case<'_>) -> Option<String> {
    Whom::Issuers.find(case, |issuer| {
        let other = issuer.extensions.iter().find_map(|e| match &e.decoded {
            Extension::NameConstraints { permitted, excluded } => {
                let mut subtrees = permitted.iter().chain(excluded);
                subtrees.find(|subtree| matches!(subtree, GeneralName::Other { .. }))
            }
            _ => None,
        })?;
        Some(format!("an issuer's name constraints about {}", words::shortened(other.to_string())))
    })
}

pub(super) fn not_permitted(whom: Whom, case: &Case<'_>, how: Constrained) -> Option<String> {
    whom.find_above(case, |below, issuer| breaks_constraints(below, issuer, how))
}

/// Which of the certificates below breaks the name constraints of `issuer`. Where there are no alternative names those
/// who look at CNs hold the CN against them, and the others find no name at all.
fn breaks_constraints(below: &[&CertFacts], issuer: &CertFacts, how: Constrained) -> Option<String> {
    let mut budget = COMPARISONS;
    // RFC 5280 §4.2.1.10: not those that are self-issued, but for the last of a path.
    let bound = below.iter().enumerate().filter(|(depth, c)| *depth == 0 || !c.is_self_issued());
    let mut violations = bound.filter_map(|(depth, c)| {
        let common_name = match (depth, how.common_name_beside, how.wildcard_common_name) {
            (0, true, true) => BoundCommonName::WithoutDnsName,
            (0, true, false) => BoundCommonName::HostWithoutDnsName,
            (0, false, _) => BoundCommonName::WithoutNames,
            _ => BoundCommonName::No,
        };
        let reading = Reading {
            subject: how.subject,
            subject_emails: how.subject,
            common_name,
            uris: how.uris,
            final_dot: how.final_dot,
            wildcards_touch: how.wildcards,
        };
        constraints::apply(issuer, c, reading, &mut budget)
    });
    // Who has a bound of his own has a rule for it.
    let violation = violations.find(|violation| *violation != Violation::TooMany)?;
    Some(format!("of an issuer's, {violation}"))
}

/// The most that comparing names with name constraints may cost for one prediction, in units of 32 bytes.
const COMPARISONS: usize = 4_000_000;
