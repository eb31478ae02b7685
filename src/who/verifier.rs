//! Whose verdict is predicted.

use std::fmt;

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
    pub(super) fn keys() -> Vec<&'static str> {
        let mut keys: Vec<_> = Self::ALL.into_iter().filter_map(Self::key).collect();
        keys.dedup();
        keys
    }

    /// Under whose name its releases stand: a setting is no program.
    pub(super) fn measured_as(self) -> Self {
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
