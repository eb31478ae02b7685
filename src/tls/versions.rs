//! Which versions may be spoken: the words of `--tls`.

use std::fmt;
use std::str::FromStr;

use rustls::SupportedProtocolVersion;

/// The TLS versions that may be spoken, by the words of `--tls`. Nothing older exists here.
/// ```
/// use tlslab::tls::Versions;
/// assert_eq!("1.2-1.3".parse(), Ok(Versions::default()));
/// assert_eq!(Versions::Tls13.words(), "TLS 1.3");
/// assert!("1.1".parse::<Versions>().is_err());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Versions {
    /// `1.2` (RFC 5246).
    Tls12,
    /// `1.3` (RFC 8446).
    Tls13,
    /// `1.2-1.3`: the better one that the peer knows.
    #[default]
    Both,
}

impl Versions {
    /// For a rustls configuration.
    pub fn supported(self) -> &'static [&'static SupportedProtocolVersion] {
        static BOTH: [&SupportedProtocolVersion; 2] = [&rustls::version::TLS13, &rustls::version::TLS12];
        match self {
            Self::Tls12 => &BOTH[1..],
            Self::Tls13 => &BOTH[..1],
            Self::Both => &BOTH,
        }
    }

    /// For a person: `TLS 1.2 or TLS 1.3`.
    pub fn words(self) -> &'static str {
        match self {
            Self::Tls12 => "TLS 1.2",
            Self::Tls13 => "TLS 1.3",
            Self::Both => "TLS 1.2 or TLS 1.3",
        }
    }
}

impl fmt::Display for Versions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tls12 => "1.2",
            Self::Tls13 => "1.3",
            Self::Both => "1.2-1.3",
        })
    }
}

/// A text that names no version tlslab speaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected 1.2, 1.3 or 1.2-1.3, found {0:?}")]
pub struct UnknownVersions(String);

impl FromStr for Versions {
    type Err = UnknownVersions;

    fn from_str(text: &str) -> Result<Self, UnknownVersions> {
        match text {
            "1.2" => Ok(Self::Tls12),
            "1.3" => Ok(Self::Tls13),
            "1.2-1.3" => Ok(Self::Both),
            _ => Err(UnknownVersions(text.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_read_back_as_written() {
        for versions in [Versions::Tls12, Versions::Tls13, Versions::Both] {
            assert_eq!(versions.to_string().parse(), Ok(versions));
        }
        let error = "1.1".parse::<Versions>().unwrap_err();
        assert_eq!(error.to_string(), r#"expected 1.2, 1.3 or 1.2-1.3, found "1.1""#);
    }
}
