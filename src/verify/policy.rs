//! Which rules apply.

use std::fmt;
use std::str::FromStr;

/// Which rules apply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// The lab sheet's (`docs/lab-sheet.md`): a pinned or chained certificate, the subject's one CN, and the dates;
    /// with every check of [`Policy::Webpki`] that does not forbid these.
    #[default]
    Lab,
    /// RFC 5280 paths and RFC 9525 names (SAN only), as browsers do.
    Webpki,
}

impl Policy {
    /// The name on the command line and in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lab => "lab",
            Self::Webpki => "webpki",
        }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A word that is no policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no policy: expected `lab` or `webpki`")]
pub struct UnknownPolicy(String);

impl FromStr for Policy {
    type Err = UnknownPolicy;

    fn from_str(text: &str) -> Result<Self, UnknownPolicy> {
        match text {
            "lab" => Ok(Self::Lab),
            "webpki" => Ok(Self::Webpki),
            _ => Err(UnknownPolicy(text.to_owned())),
        }
    }
}
