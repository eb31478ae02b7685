//! The heart: is this the server that was meant?
//!
//! [`judge`] is a pure function of the presented chain, the trusted set, the expected name and an instant.
//! It runs every check, also after the first has failed, and returns a [`Verdict`]. [`live`] puts the same
//! function inside a TLS handshake, so that offline and live never disagree.
//!
//! # What is checked
//!
//! | check | policy `lab` | policy `webpki` |
//! | --- | --- | --- |
//! | trust | it is a trusted certificate octet for octet, or a path leads to one (RFC 5280 §6.1): signatures, CA:TRUE, keyCertSign, path lengths, name constraints, extended key usage of issuers, key identifiers; at most 10 certificates | the same, and a trusted leaf must be its own path: self-signed and no CA |
//! | name | exactly one CN, equal to the name; and an alternative name matches, if there are any | an alternative name matches (RFC 9525 §6) |
//! | name | no CN that can be taken for another name or address (a non-ASCII host name, an address misspelt); no underscore in the dNSName that matches (RFC 5280 §4.2.1.6) | the same |
//! | not-before, not-after | of every certificate of the path, the trusted one included | the same |
//! | usage | extended key usage, digitalSignature, no keyCertSign without CA:TRUE (RFC 5280 §4.2.1.3, §4.2.1.12); version 3; no unknown critical extension (§4.2) | the same |
//! | usage | no CA:TRUE, unless the leaf is pinned | no CA:TRUE |
//! | usage; trust, where it is an issuer's | the form of RFC 5280 §4: serial numbers, names, criticality, what only a CA may have, key identifiers along a path, nothing unreadable or repeated | the same |
//! | strength | RSA of 2048 bits or more, a curve that TLS has, no MD5 or SHA-1, along the path | the same |
//! | signature | the certificate's own or its issuer's; in a handshake, the peer's proof that it holds the key | the same |
//! | all | rustls-webpki accepts it too, asked about what the two have in common | rustls-webpki accepts it too |
//!
//! So what `lab` accepts, `webpki` accepts, but for two things that the lab sheet wants: a pinned leaf that a path could
//! not end at, because it is CA:TRUE (or because somebody else issued it, who is not trusted); and a name that is in the
//! CN only.
//!
//! Not checked, by either policy: revocation (no CRL, no OCSP), Certificate Transparency, certificate policies, the
//! public suffix list. Not demanded: a key usage and an extended key usage, and what only the CA/Browser Forum asks of
//! public CAs.
//!
//! A chain costs a bounded number of signatures and comparisons, and of it at most 100 intermediates of 1 MiB in all are
//! looked at.

mod checks;
pub(crate) mod constraints;
pub(crate) mod form;
pub(crate) mod issuer;
pub mod live;
mod model;
mod names;
mod path;
mod second_opinion;
pub(crate) mod signature;
mod verdict;

#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use der::asn1::ObjectIdentifier;
use rustls::pki_types::CertificateDer;
use time::OffsetDateTime;

use crate::pki::facts::{CertFacts, Malformed};
use crate::pki::request::RequestFacts;
use path::{Budget, Path, Rules};
use signature::Signed;

pub use model::{Model, UnknownModel};
pub use names::{BadExpectedName, ExpectedName};
pub use verdict::{Check, CheckKind, Reason, TrustPath, Verdict};

/// Which rules apply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// The lab sheet's: a pinned or chained certificate, the subject's one CN, and the dates; with every check of
    /// [`Policy::Webpki`] that does not forbid these.
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

/// What the certificate is to be used for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Usage {
    /// Authenticating a TLS client (id-kp-clientAuth).
    Client,
    /// Authenticating a TLS server (id-kp-serverAuth).
    #[default]
    Server,
}

impl Usage {
    /// The key purpose that a certificate's extended key usage must have (RFC 5280 §4.2.1.12).
    fn purpose(self) -> ObjectIdentifier {
        match self {
            Self::Client => ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.2"),
            Self::Server => ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.1"),
        }
    }
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Client => "a TLS client",
            Self::Server => "a TLS server",
        })
    }
}

/// The certificates that are trusted, read once.
#[derive(Clone, Debug, Default)]
pub struct TrustSet {
    anchors: Vec<CertFacts>,
    path_length: Option<u32>,
}

impl TrustSet {
    /// Trusts each of `certificates`, as a leaf (pinned) and as an issuer.
    pub fn new<'a>(
        certificates: impl IntoIterator<Item = &'a CertificateDer<'a>>,
    ) -> Result<Self, Malformed> {
        let anchors = certificates.into_iter().map(|der| CertFacts::read(der)).collect::<Result<_, _>>()?;
        Ok(Self { anchors, path_length: None })
    }

    /// The same, but at most `limit` intermediates may stand between a leaf and a trusted certificate, self-issued ones
    /// not counted: the trusted set's own path length constraint (RFC 5937 §3.2).
    #[must_use]
    pub fn with_path_length(self, limit: u32) -> Self {
        Self { path_length: Some(limit), ..self }
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
    pub trusted: Arc<TrustSet>,
    /// The name to expect; `None` skips the name check (client certificates).
    pub name: Option<ExpectedName>,
    /// What the certificate is used for.
    pub usage: Usage,
    /// The rules.
    pub policy: Policy,
}

/// Judges `chain` (leaf first, then any intermediates in any order) at the instant `at`, to the second.
///
/// Pure: the same arguments give the same verdict. An empty chain, or a leaf that cannot be read, is
/// [`Reason::Malformed`]; unreadable intermediates are passed over.
pub fn judge(chain: &[CertificateDer<'_>], criteria: &Criteria, at: OffsetDateTime) -> Verdict {
    let chain = considered(chain);
    let Some((leaf_der, rest)) = chain.split_first() else {
        return unreadable("no certificate at all".to_owned());
    };
    let leaf = match CertFacts::read(leaf_der) {
        Ok(leaf) => leaf,
        Err(malformed) => return unreadable(malformed.to_string()),
    };
    let intermediates: Vec<CertFacts> = rest.iter().filter_map(|der| CertFacts::read(der).ok()).collect();
    // RFC 5280 §4.1.2.5 times have whole seconds, both ends inclusive: 12:00:00.9 is still 12:00:00.
    let at = at.replace_nanosecond(0).unwrap_or(at);
    let rules = Rules { at, policy: criteria.policy, usage: criteria.usage };
    let path = path::find(&leaf, &intermediates, &criteria.trusted, rules, &mut Budget::FULL.clone());
    let self_signed = self_signature(&leaf, &path);

    let mut checks = vec![checks::trust(&path, &self_signed, criteria.trusted.anchors().len())];
    checks.extend(criteria.name.as_ref().map(|name| names::check(&leaf, name, criteria.policy)));
    checks.push(checks::not_before(&leaf, &path, rules));
    checks.push(checks::not_after(&leaf, &path, rules));
    checks.push(checks::usage(&leaf, &path, rules));
    checks.push(checks::strength(&leaf, &path));
    checks.push(checks::certificate_signature(&path, &self_signed));
    if checks.iter().all(Check::ok) {
        second_opinion::ask(chain, &leaf, &path, criteria, at, &mut checks);
    }
    let trusted = TrustPath::from(&path);
    Verdict { checks, certificate: Some(leaf), path: trusted, notes: Vec::new() }
}

/// The checks of policy `lab` of a server's certificate whose trusted certificate is not at hand: as if whoever stands
/// above the last of `issuers` were trusted and healthy, and every signature verified.
pub fn judge_presuming_trust(
    leaf: &CertFacts,
    issuers: &[&CertFacts],
    name: Option<&ExpectedName>,
    at: OffsetDateTime,
) -> Vec<Check> {
    let rules = Rules { at, policy: Policy::Lab, usage: Usage::Server };
    let path = path::presumed(std::iter::once(leaf).chain(issuers.iter().copied()).collect(), rules);
    let mut found = vec![
        checks::trust(&path, &Signed::Valid, 1),
        checks::not_before(leaf, &path, rules),
        checks::not_after(leaf, &path, rules),
        checks::usage(leaf, &path, rules),
        checks::strength(leaf, &path),
    ];
    found.extend(name.map(|name| names::check(leaf, name, Policy::Lab)));
    found
}

/// Whether the certificate's own key verifies its signature; `None` where that cannot be said, for tlslab does not
/// know the algorithm, or it is too weak to prove anything.
pub fn self_signed(certificate: &CertFacts) -> Option<bool> {
    match signature::certificate(certificate, &certificate.public_key) {
        Signed::Valid => Some(true),
        Signed::Invalid => Some(false),
        Signed::TooWeak(_) | Signed::Unsupported(_) => None,
    }
}

/// A certificate signing request that nobody should sign.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRequest {
    /// Whoever made it does not hold the key, or it was changed since.
    #[error("its signature does not verify by the key that it asks to have certified")]
    Signature,
    /// Its key or its signature proves nothing.
    #[error("too weak: {0}")]
    TooWeak(String),
    /// Its signature cannot be verified here.
    #[error("its signature cannot be verified: {0}")]
    Unsupported(String),
}

/// Whether whoever made the request holds its key: its signature verifies (RFC 2986 §3), by a key and a hash that
/// are no weaker than a certificate's may be. What it asks for is not judged.
pub fn check_request(request: &RequestFacts) -> Result<(), BadRequest> {
    match signature::request(request) {
        Signed::Valid => Ok(()),
        Signed::Invalid => Err(BadRequest::Signature),
        Signed::TooWeak(weakness) => Err(BadRequest::TooWeak(weakness.words)),
        Signed::Unsupported(words) => Err(BadRequest::Unsupported(words)),
    }
}

/// As much of the presented chain as is looked at, the leaf always.
fn considered<'a, 'b>(chain: &'a [CertificateDer<'b>]) -> &'a [CertificateDer<'b>] {
    let mut octets = 0;
    let intermediates = chain.iter().skip(1).take(path::MAX_INTERMEDIATES).take_while(|der| {
        octets += der.len();
        octets <= path::MAX_PRESENTED
    });
    let count = 1 + intermediates.count();
    chain.get(..count).unwrap_or(chain)
}

fn self_signature(leaf: &CertFacts, path: &Path<'_>) -> Signed {
    if !matches!(path, Path::Pinned) {
        return Signed::Unsupported("a chain's signatures are checked along the chain".to_owned());
    }
    if leaf.is_self_issued() {
        signature::certificate(leaf, &leaf.public_key)
    } else {
        Signed::Unsupported(format!("its issuer {} is not here", issuer::named(&leaf.issuer)))
    }
}

/// The verdict on something that is no certificate: there is nothing to run the other checks on.
fn unreadable(found: String) -> Verdict {
    let check = Check {
        kind: CheckKind::Trust,
        reasons: vec![Reason::Malformed],
        expected: "an X.509 certificate".to_owned(),
        found,
    };
    Verdict { checks: vec![check], certificate: None, path: TrustPath::Missing, notes: Vec::new() }
}
