//! Who else would take this certificate? What other verifiers say of it, predicted.
//!
//! [`predict`] is a pure function of a [`Case`]: a certificate, how it comes to be trusted, the expected name and an
//! instant. Each [`Verifier`] has a list of [`Rule`]s, one per condition on which it refuses, with the source that
//! it is known from. The tests hold every prediction for the whole catalogue, and for shapes that verifiers differ about,
//! against the verifier itself, in live handshakes. tlslab's own verdict is no rule: it is asked.
//!
//! What is assumed: that the trusted certificate or the private CA is the only anchor, that the server sends the
//! whole chain, holds the key and staples no OCSP response, and that what is not given of the chain is healthy. Not
//! predicted: revocation, Certificate Transparency and the rules of public CAs, by which no private certificate is
//! judged; what one version of a verifier does otherwise than the one in the rule's source.

mod chain;
mod condition;
mod names;
mod notes;
mod rules;

use std::fmt;
use std::sync::Arc;

use time::OffsetDateTime;

use crate::pki::facts::CertFacts;
use crate::verify::{Criteria, ExpectedName, Model, Policy, TrustSet, Usage, judge, judge_presuming_trust};

pub use chain::chain;
pub use condition::{Condition, Constrained, Whom};
pub use names::{CommonNames, NameRules, Wildcards};
pub use notes::{notes, notes_on, own_name};
pub use rules::{RULES, Rule};

/// A program or library that verifies TLS servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verifier {
    /// `openssl s_client` and `openssl verify`, at security level 2.
    Openssl,
    /// The same with `-x509_strict`.
    OpensslStrict,
    /// Python's `ssl.create_default_context()` from 3.13 on: strict, partial chains allowed.
    PythonStrict,
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
        Self::PythonStrict,
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

    /// The name in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Openssl => "OpenSSL",
            Self::OpensslStrict => "OpenSSL -x509_strict",
            Self::PythonStrict => "Python 3.13",
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
    /// Every reason to refuse; none where it accepts.
    pub refusals: Vec<Refusal>,
}

impl Prediction {
    /// Whether it will accept.
    pub fn accepts(&self) -> bool {
        self.refusals.is_empty()
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

/// What every verifier will say, in the order of [`Verifier::ALL`].
pub fn predict(case: &Case<'_>) -> Vec<Prediction> {
    let broken = rules::broken(case);
    let by_rule = |verifier: Verifier| {
        let broken = broken.iter().filter(|(rule, _)| rule.verifiers.contains(&verifier));
        broken.map(|(rule, words)| Refusal { words: words.clone(), source: rule.source }).collect()
    };
    Verifier::ALL
        .into_iter()
        .map(|verifier| {
            let refusals = match verifier {
                Verifier::Lab => lab(case),
                verifier => by_rule(verifier),
            };
            Prediction { verifier, refusals }
        })
        .collect()
}

/// tlslab's own verdict. Where the whole chain is known it is judged; else the leaf's checks are run as if the rest were
/// healthy.
fn lab(case: &Case<'_>) -> Vec<Refusal> {
    let anchor = match case.model {
        Model::Pinned => Some(case.leaf),
        Model::Ca => case.issuers.last().copied().filter(|last| last.is_self_issued()),
    };
    let checks = match anchor.map(|anchor| TrustSet::new([&anchor.der])) {
        Some(Ok(trusted)) => {
            let chain: Vec<_> = [case.leaf].iter().chain(case.issuers).map(|c| c.der.clone()).collect();
            let criteria = Criteria {
                trusted: Arc::new(trusted),
                name: case.name.cloned(),
                usage: Usage::Server,
                policy: Policy::Lab,
            };
            judge(&chain, &criteria, case.at).checks
        }
        _ => judge_presuming_trust(case.leaf, case.issuers, case.name, case.at),
    };
    let failed = checks.into_iter().filter(|check| !check.ok());
    failed
        .map(|check| {
            let reasons: Vec<&str> = check.reasons.iter().map(|reason| reason.as_str()).collect();
            let words = format!("{}: {}", reasons.join(", "), check.found);
            Refusal { words, source: "asked: tlslab verify --verify lab" }
        })
        .collect()
}
