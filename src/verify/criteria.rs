//! What a chain is judged by: whom to trust, what name to expect, what for, by which rules and when.

use std::fmt;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use time::OffsetDateTime;

use super::expected_name::ExpectedName;
use super::policy::Policy;
use super::revocation::Revocation;
use crate::pki::facts::{CertFacts, Malformed};
use crate::pki::oid::{self, Oid};

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
    pub(super) fn purpose(self) -> Oid {
        match self {
            Self::Client => oid::CLIENT_AUTH,
            Self::Server => oid::SERVER_AUTH,
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
/// ```
/// use std::path::Path;
/// use tlslab::{pki::files::read_certificates, verify::TrustSet};
/// let trusted = TrustSet::new(&read_certificates(Path::new("fixtures/valid/ca.pem"))?)?;
/// let names: Vec<String> = trusted.anchors().iter().map(|anchor| anchor.subject.to_string()).collect();
/// assert_eq!(names, ["/C=AU/ST=WA/L=Perth/O=Test Organisation/OU=Org/CN=www.test.org"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct TrustSet {
    anchors: Vec<CertFacts>,
    /// The anchors' subjects, as they are compared.
    names: Vec<Vec<u8>>,
    path_length: Option<u32>,
}

impl TrustSet {
    /// Trusts each of `certificates`, as a leaf (pinned) and as an issuer.
    pub fn new<'a>(
        certificates: impl IntoIterator<Item = &'a CertificateDer<'a>>,
    ) -> Result<Self, Malformed> {
        let anchors: Vec<_> =
            certificates.into_iter().map(|der| CertFacts::read(der)).collect::<Result<_, _>>()?;
        let names = anchors.iter().map(|anchor| anchor.subject.prepared()).collect();
        Ok(Self { anchors, names, path_length: None })
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

    /// The trusted certificates, each with its subject as it is compared ([`Subject::prepared`]).
    ///
    /// [`Subject::prepared`]: crate::pki::subject::Subject::prepared
    pub(super) fn named_anchors(&self) -> impl Iterator<Item = (&CertFacts, &[u8])> {
        self.anchors.iter().zip(self.names.iter().map(Vec::as_slice))
    }

    /// How many intermediates may stand below a trusted certificate, where that is limited.
    pub(super) fn path_length(&self) -> Option<u32> {
        self.path_length
    }
}

/// What to judge a chain by.
/// ```
/// use std::{path::Path, sync::Arc};
/// use time::macros::datetime;
/// use tlslab::{pki::files::read_certificates, verify::{Criteria, Policy, Reason, Revocation, TrustSet, Usage, judge}};
/// let chain = read_certificates(Path::new("fixtures/valid/cert.pem"))?;
/// let criteria = Criteria {
///     trusted: Arc::new(TrustSet::new(&chain)?),
///     name: Some("www.test.org".parse()?),
///     usage: Usage::Server,
///     policy: Policy::Lab,
///     revocation: Revocation::default(),
/// };
/// assert!(judge(&chain, &criteria, datetime!(2030-01-01 0:00 UTC)).accepted());
/// let verdict = judge(&chain, &criteria, datetime!(1990-01-01 0:00 UTC));
/// assert_eq!(verdict.reasons(), [Reason::NotYetValid]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
    /// What is known of revocation, and how much must be.
    pub revocation: Revocation,
}

/// What each certificate of a path is judged by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub(super) at: OffsetDateTime,
    pub(super) policy: Policy,
    pub(super) usage: Usage,
}
