//! What is known of revocation, and of one certificate.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;

use crate::pki::crl::CrlFacts;
use crate::pki::facts::{CertFacts, Malformed};
use crate::pki::ocsp::OcspFacts;

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
    pub(super) demand: Demand,
    pub(super) known: Arc<Known>,
}

/// Lists, certificates of those who may have issued them, and OCSP responses.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    pub(super) lists: Vec<CrlFacts>,
    pub(super) issuers: Vec<CertFacts>,
    pub(super) responses: Vec<OcspFacts>,
}

/// What came of an OCSP response beside a server's certificate (RFC 6066 §8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Staple<'a> {
    /// There was no server, or it was not asked.
    NotAsked,
    /// It was asked, and sent none.
    None,
    /// It sent this.
    Sent(&'a [u8]),
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
        Ok(Self { demand, known: Arc::new(Known { lists, issuers, responses: Vec::new() }) })
    }

    /// The same, and by OCSP responses too.
    #[must_use]
    pub fn with_responses(self, responses: Vec<OcspFacts>) -> Self {
        let Known { lists, issuers, .. } = Arc::unwrap_or_clone(self.known);
        Self { demand: self.demand, known: Arc::new(Known { lists, issuers, responses }) }
    }

    /// How much must be known.
    pub fn demand(&self) -> Demand {
        self.demand
    }
}

/// What is known of one certificate.
#[derive(Debug)]
pub(super) enum Status {
    /// Not revoked, and by whose word.
    Good(String),
    /// Revoked: since when, why, by whose word.
    Revoked(String),
    /// Somebody was asked and could not say.
    Unknown(String),
    /// Nothing was given that speaks of it.
    Unasked,
}

impl Status {
    /// What two sources say together. Whoever says revoked is believed; whoever says good is, unless the other says
    /// otherwise.
    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Revoked(words), _) | (_, Self::Revoked(words)) => Self::Revoked(words),
            (Self::Good(one), Self::Good(other)) => Self::Good(format!("{one}, {other}")),
            (Self::Good(words), _) | (_, Self::Good(words)) => Self::Good(words),
            (Self::Unknown(one), Self::Unknown(other)) => Self::Unknown(format!("{one}; {other}")),
            (Self::Unasked, status) | (status, Self::Unasked) => status,
        }
    }

    /// The same, with a staple: one that does not say good is refused, whatever else is known (RFC 6066 §8).
    pub(super) fn and_stapled(self, staple: Self) -> Self {
        match (self, staple) {
            (Self::Revoked(words), _) | (_, Self::Revoked(words)) => Self::Revoked(words),
            (_, Self::Unknown(words)) => Self::Unknown(words),
            (known, staple) => known.and(staple),
        }
    }
}
