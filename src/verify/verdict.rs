//! What a verifier has to say: checks, reasons, and the exit status they amount to.

use std::fmt;

use crate::pki::facts::CertFacts;
use crate::words::Shown;

/// Why a peer was refused. The names and numbers are a contract (`--json`, exit statuses).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// A signature does not verify: the certificate's, or the handshake's.
    BadSignature,
    /// The certificate is not meant for this use, or has an extension that must be understood and is not.
    BadUsage,
    /// notAfter has passed.
    Expired,
    /// The TLS handshake failed: protocol, alert, or the peer closed.
    Handshake,
    /// The bytes are no certificate.
    Malformed,
    /// The network failed: refused, unreachable, unresolvable.
    Network,
    /// notBefore has not come.
    NotYetValid,
    /// Its issuer has taken it back.
    Revoked,
    /// Whether its issuer has taken it back cannot be told from what was given.
    RevocationUnknown,
    /// Nothing came in time.
    Timeout,
    /// Neither trusted itself nor issued by anybody who is.
    Untrusted,
    /// The key is too short.
    WeakKey,
    /// The certificate is signed with a broken hash.
    WeakSignature,
    /// The certificate is somebody else's.
    WrongName,
}

impl Reason {
    /// The name in `--json`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BadSignature => "bad-signature",
            Self::BadUsage => "bad-usage",
            Self::Expired => "expired",
            Self::Handshake => "handshake",
            Self::Malformed => "malformed",
            Self::Network => "network",
            Self::NotYetValid => "not-yet-valid",
            Self::Revoked => "revoked",
            Self::RevocationUnknown => "revocation-unknown",
            Self::Timeout => "timeout",
            Self::Untrusted => "untrusted",
            Self::WeakKey => "weak-key",
            Self::WeakSignature => "weak-signature",
            Self::WrongName => "wrong-name",
        }
    }

    /// The exit status of `connect` and `verify` for this reason.
    pub fn exit_status(self) -> u8 {
        match self {
            Self::Untrusted => 10,
            Self::WrongName => 11,
            Self::Expired => 12,
            Self::NotYetValid => 13,
            Self::BadSignature
            | Self::BadUsage
            | Self::Malformed
            | Self::Revoked
            | Self::RevocationUnknown
            | Self::WeakKey
            | Self::WeakSignature => 14,
            Self::Handshake => 20,
            Self::Network | Self::Timeout => 30,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The checks, in the order in which they are reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CheckKind {
    /// The leaf is trusted, or chains to a certificate that is.
    Trust,
    /// The certificate names the expected peer.
    Name,
    /// notBefore ≤ now.
    NotBefore,
    /// now ≤ notAfter.
    NotAfter,
    /// Extended key usage, key usage, critical extensions.
    Usage,
    /// Key length and signature algorithm.
    Strength,
    /// The certificate's own signature and, in a handshake, the proof that the peer holds the key.
    Signature,
    /// No certificate of the path has been taken back. Absent where nothing is given and nothing demanded.
    Revocation,
}

impl CheckKind {
    /// The name in `--json`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trust => "trust",
            Self::Name => "name",
            Self::NotBefore => "not-before",
            Self::NotAfter => "not-after",
            Self::Usage => "usage",
            Self::Strength => "strength",
            Self::Signature => "signature",
            Self::Revocation => "revocation",
        }
    }
}

impl fmt::Display for CheckKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One check and how it came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Which check.
    pub kind: CheckKind,
    /// Why it failed; empty where it passed. A check can fail for several reasons at once.
    pub reasons: Vec<Reason>,
    /// What was expected, in plain words.
    pub expected: Shown,
    /// What was found.
    pub found: Shown,
}

/// As it is told in a line: what was expected and what was found.
impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, expected, found, .. } = self;
        write!(f, "{kind}: expected {expected}, found {found}")
    }
}

impl Check {
    /// A check, passed where there are no `reasons`. Whatever the texts quote is escaped here, once for all who show it.
    pub fn new(
        kind: CheckKind,
        reasons: Vec<Reason>,
        expected: impl fmt::Display,
        found: impl fmt::Display,
    ) -> Self {
        Self { kind, reasons, expected: Shown::new(expected), found: Shown::new(found) }
    }

    /// Adds a reason to refuse, once, and what was found besides.
    pub(super) fn fail(&mut self, reason: Reason, found: impl fmt::Display) {
        if !self.reasons.contains(&reason) {
            self.reasons.push(reason);
        }
        self.add(found);
    }

    /// Adds something that was found besides.
    pub(super) fn add(&mut self, found: impl fmt::Display) {
        self.found.push("; ");
        self.found.push(found);
    }

    /// Whether it passed.
    pub fn ok(&self) -> bool {
        self.reasons.is_empty()
    }
}

/// What the verifier found: every check, and the leaf it found it of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Every check, in the order of [`CheckKind`].
    pub checks: Vec<Check>,
    /// The judged certificate, where it could be read.
    pub certificate: Option<CertFacts>,
    /// How it comes to be trusted.
    pub path: TrustPath,
    /// Remarks that change nothing.
    pub notes: Vec<Shown>,
}

/// How a judged certificate comes to be trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrustPath {
    /// It is itself one of the trusted certificates.
    Pinned,
    /// By its issuers: in order, the trusted one last.
    Issued(Vec<CertFacts>),
    /// It does not.
    Missing,
}

impl Verdict {
    /// Whether every check passed.
    pub fn accepted(&self) -> bool {
        self.checks.iter().all(Check::ok)
    }

    /// Every reason to refuse, once each, those with the lowest exit status first.
    pub fn reasons(&self) -> Vec<Reason> {
        let mut reasons: Vec<Reason> = self.checks.iter().flat_map(|c| c.reasons.iter().copied()).collect();
        reasons.sort_by_key(|r| (r.exit_status(), *r));
        reasons.dedup();
        reasons
    }

    /// 0 where accepted, else the lowest status of all reasons.
    pub fn exit_status(&self) -> u8 {
        self.reasons().first().map_or(0, |reason| reason.exit_status())
    }
}
