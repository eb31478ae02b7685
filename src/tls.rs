//! What both ends of a TLS connection share: which versions to speak, what was agreed on, how the RFCs name
//! an alert, and the key log.

use std::fmt::{self, Write as _};
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Mutex, Once, PoisonError};

use rustls::{AlertDescription, CommonState, KeyLog, ProtocolVersion, SupportedProtocolVersion};
use zeroize::Zeroize;

/// The TLS versions that may be spoken, by the words of `--tls`. Nothing older exists here.
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

/// What a handshake agreed on, by IANA's names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionFacts {
    /// `TLSv1.2` or `TLSv1.3`.
    pub protocol: String,
    /// Such as `TLS_AES_256_GCM_SHA384`.
    pub cipher_suite: String,
    /// The key exchange's group, such as `X25519MLKEM768`; `none` in a resumed TLS 1.2 session, which has none
    /// (RFC 5246 §7.3).
    pub key_exchange: String,
}

impl SessionFacts {
    /// Those of a connection whose handshake is complete; `None` before.
    pub fn of(connection: &CommonState) -> Option<Self> {
        Some(Self {
            protocol: version_name(connection.protocol_version()?),
            cipher_suite: suite_name(connection.negotiated_cipher_suite()?.suite()),
            key_exchange: connection
                .negotiated_key_exchange_group()
                .map_or_else(|| "none".to_owned(), |group| format!("{:?}", group.name())),
        })
    }
}

fn version_name(version: ProtocolVersion) -> String {
    match version {
        ProtocolVersion::TLSv1_2 => "TLSv1.2".to_owned(),
        ProtocolVersion::TLSv1_3 => "TLSv1.3".to_owned(),
        other => format!("{other:?}"),
    }
}

/// IANA's name of a suite: rustls says `TLS13_` where the registry says `TLS_`.
fn suite_name(suite: rustls::CipherSuite) -> String {
    let name = format!("{suite:?}");
    name.strip_prefix("TLS13_").map(|rest| format!("TLS_{rest}")).unwrap_or(name)
}

/// An alert as RFC 8446 §6 spells it: `certificate_expired`, `unknown_ca`.
pub fn alert_name(alert: AlertDescription) -> String {
    match alert {
        AlertDescription::UnknownCA => "unknown_ca".to_owned(),
        AlertDescription::UnknownPSKIdentity => "unknown_psk_identity".to_owned(),
        AlertDescription::UnrecognisedName => "unrecognized_name".to_owned(),
        AlertDescription::Unknown(number) => format!("number {number}"),
        known => {
            let mut name = String::new();
            for letter in format!("{known:?}").chars() {
                if letter.is_ascii_uppercase() && !name.is_empty() {
                    name.push('_');
                }
                name.push(letter.to_ascii_lowercase());
            }
            name
        }
    }
}

/// A key log in NSS's format (`CLIENT_RANDOM …`), appended to a file that is born 0600.
///
/// Whoever has it reads the recorded session: it exists so that a capture of one's own can be decrypted.
/// Unlike [`rustls::KeyLogFile`] it refuses to start where the file cannot be opened.
pub struct KeyLogFile {
    path: PathBuf,
    file: Mutex<File>,
    told: Once,
    tell: Box<dyn Fn(&KeyLogError) + Send + Sync>,
}

/// The key log could not be opened or written.
#[derive(Debug, thiserror::Error)]
#[error("{}: cannot append to the key log: {source}", path.display())]
pub struct KeyLogError {
    path: PathBuf,
    source: io::Error,
}

impl KeyLogFile {
    /// Opens `path` for appending, making it readable by its owner only where it does not exist.
    pub fn open(path: &Path) -> Result<Self, KeyLogError> {
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).map_err(|source| KeyLogError { path: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned(), file: Mutex::new(file), told: Once::new(), tell: Box::new(|_| {}) })
    }

    /// The same, telling `tell` the first time that secrets cannot be written (a full disk): the session goes on,
    /// and its log is incomplete.
    #[must_use]
    pub fn telling(self, tell: impl Fn(&KeyLogError) + Send + Sync + 'static) -> Self {
        Self { tell: Box::new(tell), ..self }
    }
}

impl KeyLog for KeyLogFile {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        // One write per line, so that several processes can share a file.
        let mut line = String::with_capacity(label.len() + 2 * (client_random.len() + secret.len()) + 3);
        line.push_str(label);
        for octets in [client_random, secret] {
            line.push(' ');
            for octet in octets {
                // Writing to a String does not fail.
                let _ = write!(line, "{octet:02x}");
            }
        }
        line.push('\n');
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let written = file.write_all(line.as_bytes());
        drop(file);
        line.zeroize();
        // rustls gives no way to fail here, and a session is worth more than its log.
        if let Err(source) = written {
            self.told.call_once(|| (self.tell)(&KeyLogError { path: self.path.clone(), source }));
        }
    }
}

impl fmt::Debug for KeyLogFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyLogFile").field("path", &self.path).finish_non_exhaustive()
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

    #[test]
    fn alerts_are_named_as_the_rfc_spells_them() {
        let cases = [
            (AlertDescription::CertificateExpired, "certificate_expired"),
            (AlertDescription::HandshakeFailure, "handshake_failure"),
            (AlertDescription::UnknownCA, "unknown_ca"),
            (AlertDescription::UnrecognisedName, "unrecognized_name"),
            (AlertDescription::ProtocolVersion, "protocol_version"),
            (AlertDescription::Unknown(200), "number 200"),
        ];
        for (alert, expected) in cases {
            assert_eq!(alert_name(alert), expected);
        }
    }

    #[test]
    fn suites_have_ianas_names() {
        assert_eq!(suite_name(rustls::CipherSuite::TLS13_AES_256_GCM_SHA384), "TLS_AES_256_GCM_SHA384");
        assert_eq!(
            suite_name(rustls::CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256),
            "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
        );
    }

    #[cfg(unix)]
    #[test]
    fn the_key_log_is_born_private_and_appended_to() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        for _ in 0..2 {
            KeyLogFile::open(&path).unwrap().log("CLIENT_RANDOM", &[0xab, 1], &[2]);
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "CLIENT_RANDOM ab01 02\nCLIENT_RANDOM ab01 02\n");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_key_log_that_cannot_be_opened_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = KeyLogFile::open(folder.path()).unwrap_err().to_string();
        assert!(error.starts_with(&folder.path().display().to_string()), "{error}");
        assert!(error.contains("cannot append to the key log"), "{error}");
    }
}
