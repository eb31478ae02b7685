//! The two ways in which a peer comes to trust a certificate.

use std::fmt;
use std::str::FromStr;

use crate::pki::facts::CertFacts;

/// How a certificate comes to be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Model {
    /// A path leads from it to a private CA that is the only trusted certificate.
    Ca,
    /// It is itself the only trusted certificate: direct trust. RFC 5280 §6.1 and RFC 6818 §2 leave it to the verifier
    /// what it still checks.
    Pinned,
}

impl Model {
    /// The name on the command line and in `--json`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ca => "ca",
            Self::Pinned => "pinned",
        }
    }

    /// What a certificate is meant for by its looks: one that is its own issuer can only be pinned.
    pub fn of(leaf: &CertFacts) -> Self {
        if leaf.is_self_issued() { Self::Pinned } else { Self::Ca }
    }
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A word that is no trust model.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no trust model: expected `pinned` or `ca`")]
pub struct UnknownModel(String);

impl FromStr for Model {
    type Err = UnknownModel;

    fn from_str(text: &str) -> Result<Self, UnknownModel> {
        match text {
            // `ca-issued` is what `inspect --as` took before.
            "ca" | "ca-issued" => Ok(Self::Ca),
            "pinned" => Ok(Self::Pinned),
            _ => Err(UnknownModel(text.to_owned())),
        }
    }
}
