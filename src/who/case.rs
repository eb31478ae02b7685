//! What is predicted about.

use time::OffsetDateTime;

use crate::pki::facts::CertFacts;
use crate::verify::{ExpectedName, Model};

/// What to predict about.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// The server's certificate.
    pub leaf: &'a CertFacts,
    /// What is known of the chain above it, in order; the last may be the trusted root. Looked at where it is
    /// [`Model::Ca`].
    pub issuers: &'a [&'a CertFacts],
    /// How many certificates the server sends, this one counted, where that is known and some are not of the chain;
    /// else 0.
    pub sent: usize,
    /// How it comes to be trusted.
    pub model: Model,
    /// The name that the client expects; `None` leaves names aside.
    pub name: Option<&'a ExpectedName>,
    /// When the client looks.
    pub at: OffsetDateTime,
}

impl<'a> Case<'a> {
    /// The issuers that the server sends, and the root, which is trusted for its name and key, where it is known.
    pub(super) fn above(&self) -> (&'a [&'a CertFacts], Option<&'a CertFacts>) {
        match (self.model, self.issuers.split_last()) {
            (Model::Pinned, _) => (&[], None),
            (Model::Ca, Some((root, intermediates))) if root.is_self_issued() => (intermediates, Some(*root)),
            (Model::Ca, _) => (self.issuers, None),
        }
    }
}
