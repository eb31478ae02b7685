//! What a verifier is predicted to say.

use super::release::Release;
use super::verifier::Verifier;

/// What one verifier will say.
#[derive(Clone, Debug)]
pub struct Prediction {
    /// Who.
    pub verifier: Verifier,
    /// Which releases of it were seen to say so; none of tlslab, which is here, nor of one that was not measured.
    pub release: Option<&'static Release>,
    /// What.
    pub says: Says,
}

/// A prediction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Says {
    /// It will accept.
    Accept,
    /// It will refuse, for each of these reasons.
    Refuse(Vec<Refusal>),
    /// Nobody has seen what this release says of such a certificate: why.
    NotKnown(String),
}

impl Prediction {
    /// Whether it will accept; `None` where that is not known.
    pub fn accepts(&self) -> Option<bool> {
        match self.says {
            Says::Accept => Some(true),
            Says::Refuse(_) => Some(false),
            Says::NotKnown(_) => None,
        }
    }

    /// Why it will refuse.
    pub fn refusals(&self) -> &[Refusal] {
        match &self.says {
            Says::Refuse(refusals) => refusals,
            Says::Accept | Says::NotKnown(_) => &[],
        }
    }
}

/// A reason to refuse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What is wrong with the certificate in that verifier's eyes; may hold text of the certificate's.
    pub words: String,
    /// Where the rule is from.
    pub source: &'static str,
}
