//! Versions, names and extensions: what is there, and whether it can be read.

use std::collections::HashSet;

use super::found::{extension, is_empty, said};
use super::whom::Whom;
use crate::pki::facts::{CertFacts, Extension, ExtensionFacts, GeneralName};
use crate::pki::oid::{BASIC_CONSTRAINTS, Oid, SUBJECT_ALT_NAME};
use crate::who::case::Case;
use crate::words;

pub(super) fn algorithms_differ(whom: Whom, case: &Case<'_>) -> Option<String> {
    said(whom.any(case, |c| !c.signature_algorithms_agree), "two signature algorithm fields that differ")
}

pub(super) fn alternative_name(leaf: &CertFacts, first: u8, last: u8) -> Option<String> {
    let mut names = leaf.subject_alt_names().unwrap_or_default().iter();
    let is_one =
        |name: &&GeneralName| matches!(name, GeneralName::Other { tag, .. } if (first..=last).contains(tag));
    let name = words::shortened(names.find(is_one)?.to_string());
    Some(format!("an alternative name that it cannot read, {name}"))
}

pub(super) fn critical(case: &Case<'_>, extensions: &[Oid]) -> Option<String> {
    Whom::All.find(case, |c| {
        let critical = c.extensions.iter().find(|e| e.critical && extensions.contains(&e.oid))?;
        Some(format!("it was not seen with a critical {}", critical.oid.name_or_dotted()))
    })
}

pub(super) fn critical_twice(whom: Whom, case: &Case<'_>) -> Option<String> {
    whom.find(case, |c| {
        let twice = twice(c.extensions.iter().filter(|e| e.critical))?;
        Some(format!("critical extension {} twice", twice.oid))
    })
}

pub(super) fn duplicate_extension(whom: Whom, case: &Case<'_>) -> Option<String> {
    whom.find(case, |c| Some(format!("extension {} twice", twice(c.extensions.iter())?.oid)))
}

fn twice<'a>(mut extensions: impl Iterator<Item = &'a ExtensionFacts>) -> Option<&'a ExtensionFacts> {
    let mut seen = HashSet::new();
    extensions.find(|e| !seen.insert(e.oid))
}

pub(super) fn empty_alternative_names(leaf: &CertFacts) -> Option<String> {
    said(extension(leaf, SUBJECT_ALT_NAME).is_some_and(is_empty), "a SAN without a name")
}

pub(super) fn empty_issuer(leaf: &CertFacts) -> Option<String> {
    said(leaf.issuer.is_empty(), "no issuer name")
}

pub(super) fn empty_subject_uncritical(leaf: &CertFacts) -> Option<String> {
    let uncritical = extension(leaf, SUBJECT_ALT_NAME).is_some_and(|e| !e.critical);
    said(leaf.subject.is_empty() && uncritical, "no subject, and the SAN is not critical")
}

pub(super) fn extensions_in_old_version(whom: Whom, case: &Case<'_>) -> Option<String> {
    whom.find(case, |c| {
        (c.version != 3 && !c.extensions.is_empty())
            .then(|| format!("version {}, yet it has extensions", c.version))
    })
}

pub(super) fn names_in_old_version(case: &Case<'_>) -> Option<String> {
    said(
        case.name.is_some() && case.leaf.version != 3 && case.leaf.subject_alt_names().is_some(),
        "a SAN that is not read, since the version has no extensions",
    )
}

pub(super) fn old_version(leaf: &CertFacts) -> Option<String> {
    (leaf.version != 3).then(|| format!("version {}", leaf.version))
}

pub(super) fn unknown_critical(whom: Whom, case: &Case<'_>, known: &[Oid]) -> Option<String> {
    whom.find(case, |c| {
        let unknown = c.extensions.iter().find(|e| e.critical && !known.contains(&e.oid))?;
        Some(format!("critical extension {}, which it does not process", unknown.oid))
    })
}

pub(super) fn unreadable(whom: Whom, case: &Case<'_>, extensions: &[Oid]) -> Option<String> {
    whom.find(case, |c| unreadable_of(c, |e| extensions.contains(&e.oid)))
}

pub(super) fn unreadable_critical(whom: Whom, case: &Case<'_>) -> Option<String> {
    whom.find(case, |c| unreadable_of(c, |e| e.critical))
}

pub(super) fn unreadable_but(case: &Case<'_>, extensions: &[Oid]) -> Option<String> {
    Whom::All.find(case, |c| unreadable_of(c, |e| !extensions.contains(&e.oid)))
}

/// The first of these extensions that is no empty list and not what its definition says.
fn unreadable_of(certificate: &CertFacts, among: impl Fn(&ExtensionFacts) -> bool) -> Option<String> {
    let unreadable =
        |e: &&ExtensionFacts| matches!(e.decoded, Extension::Malformed(_)) && !is_empty(e) && among(e);
    certificate.extensions.iter().find(unreadable).map(|e| format!("extension {} cannot be read", e.oid))
}

pub(super) fn version_1_without_constraints(leaf: &CertFacts) -> Option<String> {
    let none = extension(leaf, BASIC_CONSTRAINTS).is_none();
    said(leaf.version == 1 && none, "version 1 without basic constraints")
}
