//! One fault, as a value.

use super::workshop::{Made, Workshop};
use crate::pki::issue::IssueError;
use crate::verify::Reason;

/// Something that is wrong with a certificate (or, for a positive control, nothing).
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// Its name, also its folder under `fixtures/`.
    pub id: &'static str,
    /// What is wrong, in a few words.
    pub title: &'static str,
    /// The rule that it breaks.
    pub citation: &'static str,
    /// What policy `lab` must say.
    pub lab: Expectation,
    /// What policy `webpki` must say.
    pub webpki: Expectation,
    /// How it is made.
    pub maker: Maker,
}

/// What a verifier must say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expectation {
    /// Nothing is wrong.
    Accepted,
    /// Refused for these reasons and no others.
    Refused(&'static [Reason]),
}

impl Expectation {
    /// The reasons, none where it is accepted.
    pub fn reasons(self) -> &'static [Reason] {
        match self {
            Self::Accepted => &[],
            Self::Refused(reasons) => reasons,
        }
    }

    /// The exit status of `connect` and `verify`.
    pub fn exit_status(self) -> u8 {
        self.reasons().iter().map(|reason| reason.exit_status()).min().unwrap_or(0)
    }
}

/// How a fault is made.
#[derive(Clone, Copy, Debug)]
pub enum Maker {
    /// tlslab makes it: a healthy plan and one edit.
    Plan(fn(&mut Workshop) -> Result<Made, IssueError>),
    /// It needs what tlslab will not do (sign with SHA-1, hold RSA-1024): openssl does, by `fixtures/openssl.sh`.
    Openssl,
}
