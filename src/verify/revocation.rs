//! Is a certificate of the path revoked (RFC 5280 §6.3)? A pure function of the path, of the lists that were given, and
//! of the instant: nothing is fetched.
//!
//! As soon as a list of an issuer is given, each certificate of that issuer needs a status: a list that is out of date,
//! unsigned, about other certificates, or that says something critical that tlslab does not know, leaves the status
//! unknown, and unknown is refused. What a list out of date says of a revoked certificate stays true all the same, but
//! for certificateHold, from which one comes back.

mod lists;

use std::sync::Arc;

use rustls::pki_types::CertificateDer;

use self::lists::Lists;
use super::criteria::{Criteria, Rules};
use super::issuer;
use super::path::{Budget, Path};
use super::verdict::{Check, CheckKind, Reason};
use crate::pki::crl::CrlFacts;
use crate::pki::facts::{CertFacts, Malformed};

/// How much must be known of revocation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Demand {
    /// Nothing is asked.
    Off,
    /// What is given counts.
    #[default]
    Have,
    /// Every certificate below the trusted one needs a status: unknown is refused.
    Require,
}

/// A word that is no demand.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no demand: expected `off`, `have` or `require`")]
pub struct UnknownDemand(String);

impl std::str::FromStr for Demand {
    type Err = UnknownDemand;

    fn from_str(text: &str) -> Result<Self, UnknownDemand> {
        match text {
            "off" => Ok(Self::Off),
            "have" => Ok(Self::Have),
            "require" => Ok(Self::Require),
            _ => Err(UnknownDemand(text.to_owned())),
        }
    }
}

/// What is known of revocation, and how much must be.
#[derive(Clone, Debug, Default)]
pub struct Revocation {
    demand: Demand,
    known: Arc<Known>,
}

/// Lists, and certificates of those who may have issued them.
#[derive(Debug, Default)]
struct Known {
    lists: Vec<CrlFacts>,
    issuers: Vec<CertFacts>,
}

impl Revocation {
    /// Judges by `lists`; `issuers` are certificates of their issuers, where those are not of the path: not trusted by
    /// themselves.
    pub fn new<'a>(
        demand: Demand,
        lists: Vec<CrlFacts>,
        issuers: impl IntoIterator<Item = &'a CertificateDer<'a>>,
    ) -> Result<Self, Malformed> {
        let issuers = issuers.into_iter().map(|der| CertFacts::read(der)).collect::<Result<_, _>>()?;
        Ok(Self { demand, known: Arc::new(Known { lists, issuers }) })
    }

    /// How much must be known.
    pub fn demand(&self) -> Demand {
        self.demand
    }
}

/// What is known of one certificate.
#[derive(Debug)]
enum Status {
    /// Not revoked, and by whose word.
    Good(String),
    /// Revoked: since when, why, by whose word.
    Revoked(String),
    /// Somebody was asked and could not say.
    Unknown(String),
    /// Nothing was given that speaks of it.
    Unasked,
}

/// The revocation check; `None` where nothing is given and nothing demanded.
pub(super) fn check(
    leaf: &CertFacts,
    path: &Path<'_>,
    criteria: &Criteria,
    rules: Rules,
    budget: &mut Budget,
) -> Option<Check> {
    let Revocation { demand, known } = &criteria.revocation;
    let is_asked = *demand == Demand::Require || !known.lists.is_empty();
    if *demand == Demand::Off || !is_asked {
        return None;
    }
    let chain = match path {
        Path::Pinned => vec![leaf],
        Path::Chain { certificates, .. } => certificates.clone(),
        Path::Missing { .. } => {
            let found = "not looked at: there is no issuer to ask".to_owned();
            return Some(Check::new(CheckKind::Revocation, Vec::new(), EXPECTED, found));
        }
    };
    let mut lists = Lists::new(known, &criteria.trusted, &chain, rules, budget);
    let (mut reasons, mut found) = (Vec::new(), Vec::new());
    let mut refuse = |reason| {
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    };
    for (depth, certificate) in chain.iter().enumerate() {
        // Nobody stands above a trusted certificate: its status is for who trusts it to know, and only its own list, which
        // speaks against it, is heard.
        let is_trusted = depth + 1 == chain.len();
        let issuer = if is_trusted { certificate } else { chain[depth + 1] };
        if is_trusted && !certificate.is_self_issued() {
            continue;
        }
        let who = issuer::named(&certificate.subject);
        match lists.status(certificate, issuer) {
            Status::Revoked(words) => {
                refuse(Reason::Revoked);
                found.push(format!("{who} is revoked: {words}"));
            }
            Status::Good(_) | Status::Unknown(_) | Status::Unasked if is_trusted => {}
            Status::Good(words) => found.push(format!("{who} is not revoked: {words}")),
            Status::Unknown(words) => {
                refuse(Reason::RevocationUnknown);
                found.push(format!("whether {who} is revoked is not known: {words}"));
            }
            Status::Unasked if *demand == Demand::Require => {
                refuse(Reason::RevocationUnknown);
                let issuer = issuer::named(&certificate.issuer);
                found.push(format!("whether {who} is revoked is not known: no list of {issuer} was given"));
            }
            Status::Unasked => {}
        }
    }
    let found = match (found.is_empty(), path) {
        (false, _) => found.join("; "),
        (true, Path::Pinned) => "the trusted certificate itself: nobody stands above it".to_owned(),
        (true, _) => "no list of the path's issuers was given".to_owned(),
    };
    Some(Check::new(CheckKind::Revocation, reasons, EXPECTED, found))
}

const EXPECTED: &str = "no certificate of the path revoked, by what was given (RFC 5280 §6.3)";

#[cfg(test)]
mod tests;
