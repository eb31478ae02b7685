//! What counts in an audit of a server.

use std::fmt;

use super::checks::{Check, Grade};

/// What counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// What the lab sheet asks: TLS 1.2 or 1.3 and nothing older, no plaintext, a certificate that is trusted, of the
    /// name, and in its time.
    Lab,
    /// What RFC 9325 and its like demand; what they recommend is a warning.
    #[default]
    Rfc,
    /// What they recommend, too.
    Strict,
    /// Mozilla's modern configuration, beside what RFC 9325 demands.
    Modern,
    /// Mozilla's intermediate configuration, beside what RFC 9325 demands.
    Intermediate,
}

/// What the lab sheet asks.
pub(super) const LAB: [&str; 14] = [
    "ssl2-refused",
    "ssl3-refused",
    "tls10-refused",
    "tls11-refused",
    "modern-version",
    "null-refused",
    "anonymous-refused",
    "certificate-trust",
    "certificate-name",
    "certificate-dates",
    "certificate-strength",
    "certificate-signature",
    "plaintext-refused",
    "still-serving",
];

impl Profile {
    /// As reports write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lab => "lab",
            Self::Rfc => "rfc",
            Self::Strict => "strict",
            Self::Modern => "modern",
            Self::Intermediate => "intermediate",
        }
    }

    /// What is demanded of a check.
    pub fn grade(self, check: &Check) -> Grade {
        match self {
            Self::Lab if LAB.contains(&check.id) => Grade::Must,
            Self::Lab => Grade::Info,
            _ => check.grade,
        }
    }

    /// Mozilla's configuration that it stands for.
    pub(super) fn mozilla(self) -> Option<&'static str> {
        match self {
            Self::Modern => Some("modern"),
            Self::Intermediate => Some("intermediate"),
            Self::Lab | Self::Rfc | Self::Strict => None,
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
