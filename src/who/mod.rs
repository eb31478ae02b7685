//! Who else would take this certificate? What other verifiers say of it, predicted.
//!
//! [`predict`] is a pure function of a [`Case`]: a certificate, how it comes to be trusted, the expected name and an
//! instant. Each [`Verifier`] has a list of [`Rule`]s, one per condition on which it refuses, with the source that
//! it is known from, for the [`Release`]s that were measured; of other releases, and of what a verifier was not seen with,
//! nothing is predicted. The tests hold every prediction for the whole catalogue, and for shapes that verifiers differ
//! about, against the verifier itself, in live handshakes, where the installed release is one that was measured. tlslab's
//! own verdict is no rule: it is asked; and so is rustls-webpki, where no rule of its speaks.
//!
//! What is assumed: that the trusted certificate or the private CA is the only anchor, that the server sends the
//! whole chain, holds the key and staples no OCSP response, and that what is not given of the chain is healthy. Not
//! predicted: revocation, Certificate Transparency and the rules of public CAs, by which no private certificate is
//! judged.

mod asked;
mod chain;
mod condition;
mod names;
mod notes;
mod release;
mod rules;

use std::fmt;

use time::OffsetDateTime;

use crate::pki::facts::CertFacts;
use crate::verify::{ExpectedName, Model};
use rules::Findings;

pub use chain::{chain, chains};
pub use condition::{Condition, Constrained, Whom};
pub use names::{CommonNames, NameRules, Stars, Wildcards};
pub use notes::{notes, notes_on, own_name};
pub use release::{BadRelease, Build, RELEASES, Release, Version, Wanted};
pub use rules::{RULES, Releases, Rule};

/// A program or library that verifies TLS servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verifier {
    /// `openssl s_client` and `openssl verify`, at security level 2.
    Openssl,
    /// The same with `-x509_strict`.
    OpensslStrict,
    /// Python with the flags that `ssl.create_default_context()` sets from 3.13 on: strict, partial chains allowed.
    Python,
    /// curl, built with OpenSSL.
    Curl,
    /// GnuTLS: `gnutls-cli`.
    Gnutls,
    /// NSS's old verifier, `certutil -V`. It is asked about no name.
    Nss,
    /// Firefox: mozilla::pkix.
    Firefox,
    /// Chromium.
    Chromium,
    /// Go's crypto/x509.
    Go,
    /// Java's JSSE, with HTTPS host name verification.
    Java,
    /// Node's `tls`.
    Node,
    /// rustls with its own verifier, rustls-webpki 0.103.
    RustlsWebpki,
    /// `tlslab connect`, policy `lab`.
    Lab,
}

impl Verifier {
    /// All of them, in the order of reports.
    pub const ALL: [Self; 13] = [
        Self::Openssl,
        Self::OpensslStrict,
        Self::Python,
        Self::Curl,
        Self::Gnutls,
        Self::Nss,
        Self::Firefox,
        Self::Chromium,
        Self::Go,
        Self::Java,
        Self::Node,
        Self::RustlsWebpki,
        Self::Lab,
    ];

    /// What it is called where one of its releases is asked for; none of tlslab, which is here.
    pub fn key(self) -> Option<&'static str> {
        Some(match self.measured_as() {
            Self::Openssl | Self::OpensslStrict => "openssl",
            Self::Python => "python",
            Self::Curl => "curl",
            Self::Gnutls => "gnutls",
            Self::Nss => "nss",
            Self::Firefox => "firefox",
            Self::Chromium => "chromium",
            Self::Go => "go",
            Self::Java => "java",
            Self::Node => "node",
            Self::RustlsWebpki => "rustls-webpki",
            Self::Lab => return None,
        })
    }

    /// Every [`Self::key`], once.
    fn keys() -> Vec<&'static str> {
        let mut keys: Vec<_> = Self::ALL.into_iter().filter_map(Self::key).collect();
        keys.dedup();
        keys
    }

    /// Under whose name its releases stand: a setting is no program.
    fn measured_as(self) -> Self {
        if self == Self::OpensslStrict { Self::Openssl } else { self }
    }

    /// The name in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Openssl => "OpenSSL",
            Self::OpensslStrict => "OpenSSL -x509_strict",
            Self::Python => "Python 3.13",
            Self::Curl => "curl",
            Self::Gnutls => "GnuTLS",
            Self::Nss => "NSS certutil",
            Self::Firefox => "Firefox",
            Self::Chromium => "Chromium",
            Self::Go => "Go",
            Self::Java => "Java",
            Self::Node => "Node",
            Self::RustlsWebpki => "rustls-webpki",
            Self::Lab => "tlslab lab",
        }
    }
}

impl fmt::Display for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

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
    fn above(&self) -> (&'a [&'a CertFacts], Option<&'a CertFacts>) {
        match (self.model, self.issuers.split_last()) {
            (Model::Pinned, _) => (&[], None),
            (Model::Ca, Some((root, intermediates))) if root.is_self_issued() => (intermediates, Some(*root)),
            (Model::Ca, _) => (self.issuers, None),
        }
    }
}

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

/// What every verifier will say, in the order of [`Verifier::ALL`]: of each the newest release that was measured, or the
/// one that is `wanted`.
pub fn predict(case: &Case<'_>, wanted: &[Wanted]) -> Vec<Prediction> {
    let mut findings = Findings::of(case);
    Verifier::ALL
        .into_iter()
        .map(|verifier| {
            let wanted = wanted.iter().rev().find(|wanted| wanted.is_for(verifier));
            let release = wanted.map_or_else(|| Release::newest(verifier), Wanted::release);
            let says = match (verifier, release, wanted) {
                (Verifier::Lab, ..) => said(asked::lab(case)),
                (_, Some(release), _) => by_rule(verifier, release, &mut findings),
                (_, None, wanted) => Says::NotKnown(wanted.map(Wanted::unmeasured).unwrap_or_default()),
            };
            Prediction { verifier, release, says }
        })
        .collect()
}

fn said(refusals: Vec<Refusal>) -> Says {
    if refusals.is_empty() { Says::Accept } else { Says::Refuse(refusals) }
}

/// What follows from the rules; where none refuses, and the certificate has something about it that the verifier was
/// not seen with, nothing does.
fn by_rule(verifier: Verifier, release: &Release, findings: &mut Findings<'_, '_>) -> Says {
    let mut refusals = findings.refusals(verifier, release);
    if verifier == Verifier::RustlsWebpki && refusals.is_empty() {
        refusals.extend(asked::rustls_webpki(findings.case()));
    }
    match findings.not_seen(verifier) {
        Some(words) if refusals.is_empty() => Says::NotKnown(words),
        _ => said(refusals),
    }
}
