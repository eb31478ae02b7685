//! The heart: is this the server that was meant?
//!
//! [`judge`] is a pure function of the presented chain, the trusted set, the expected name and an instant.
//! It runs every check, also after the first has failed, and returns a [`Verdict`]. [`live`] puts the same
//! function inside a TLS handshake, so that offline and live never disagree.
//!
//! Not checked, by either policy: revocation (no CRL, no OCSP), Certificate Transparency, certificate
//! policies.

pub mod live;
pub mod live_client;
mod verdict;

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use rustls::pki_types::CertificateDer;
use time::OffsetDateTime;

use crate::pki::facts::{CertFacts, Malformed};

pub use verdict::{Check, CheckKind, Reason, Verdict};

/// Which rules apply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// The lab sheet's: a pinned or chained certificate, the subject's one CN, and the dates.
    #[default]
    Lab,
    /// RFC 5280 paths and RFC 9525 names (SAN only), as browsers do.
    Webpki,
}

/// What the certificate is to be used for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Usage {
    /// Authenticating a TLS client (id-kp-clientAuth).
    Client,
    /// Authenticating a TLS server (id-kp-serverAuth).
    #[default]
    Server,
}

/// The name that the peer must prove: a DNS name or an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExpectedName {
    /// A DNS name, lower-case ASCII without a trailing dot.
    Dns(String),
    /// An IP address.
    Ip(IpAddr),
}

/// A text that is neither a DNS name nor an address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is not a name to expect: expected a DNS name such as www.test.org or an IP address, found {found}"
)]
pub struct BadExpectedName {
    text: String,
    found: String,
}

impl FromStr for ExpectedName {
    type Err = BadExpectedName;

    fn from_str(_text: &str) -> Result<Self, BadExpectedName> {
        todo!()
    }
}

impl fmt::Display for ExpectedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => f.write_str(name),
            Self::Ip(address) => address.fmt(f),
        }
    }
}

/// The certificates that are trusted, read once.
#[derive(Clone, Debug, Default)]
pub struct TrustSet {
    anchors: Vec<CertFacts>,
}

impl TrustSet {
    /// Trusts each of `certificates`, as a leaf (pinned) and as an issuer.
    pub fn new<'a>(
        certificates: impl IntoIterator<Item = &'a CertificateDer<'a>>,
    ) -> Result<Self, Malformed> {
        let anchors = certificates.into_iter().map(|der| CertFacts::read(der)).collect::<Result<_, _>>()?;
        Ok(Self { anchors })
    }

    /// The trusted certificates.
    pub fn anchors(&self) -> &[CertFacts] {
        &self.anchors
    }
}

/// What to judge a chain by.
#[derive(Clone, Debug)]
pub struct Criteria {
    /// Which certificates are trusted.
    pub trusted: std::sync::Arc<TrustSet>,
    /// The name to expect; `None` skips the name check (client certificates).
    pub name: Option<ExpectedName>,
    /// What the certificate is used for.
    pub usage: Usage,
    /// The rules.
    pub policy: Policy,
}

/// Judges `chain` (leaf first, then any intermediates in any order) at the instant `at`.
///
/// Pure: the same arguments give the same verdict. An empty chain is [`Reason::Malformed`].
pub fn judge(_chain: &[CertificateDer<'_>], _criteria: &Criteria, _at: OffsetDateTime) -> Verdict {
    todo!()
}
