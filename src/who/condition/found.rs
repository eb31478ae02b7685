//! What conditions have in common.

use crate::pki::facts::{CertFacts, ExtensionFacts};
use crate::pki::oid::Oid;

/// The words, where it holds.
pub(super) fn said(holds: bool, words: &str) -> Option<String> {
    holds.then(|| words.to_owned())
}

pub(super) fn extension(certificate: &CertFacts, oid: Oid) -> Option<&ExtensionFacts> {
    certificate.extensions.iter().find(|extension| extension.oid == oid)
}

/// Whether it is a list with nothing in it.
pub(super) fn is_empty(extension: &ExtensionFacts) -> bool {
    extension.value == [0x30, 0]
}
