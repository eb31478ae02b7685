//! What became of a connection, as data.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use rustls::{AlertDescription, CertificateError};

use crate::tls::errors::offer;
use crate::tls::{SessionFacts, Versions, alert_name};
use crate::verify::{Reason, Verdict};
use crate::words::Escaped;

/// What became of a connection: comparable facts, nothing to parse.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Who answered, once somebody did.
    pub address: Option<SocketAddr>,
    /// Every check, once the server has shown a certificate.
    pub verdict: Option<Verdict>,
    /// What the handshake agreed on, once it is complete.
    pub session: Option<SessionFacts>,
    /// What went wrong beyond the certificate.
    pub trouble: Option<Trouble>,
    /// The alert that told the server of a refusal.
    pub alert_sent: Option<AlertDescription>,
    /// Whether the server asked for a client certificate.
    pub certificate_requested: bool,
    /// Whether nothing was verified because TLS was not wanted.
    pub plaintext: bool,
    /// Application bytes sent.
    pub sent_bytes: u64,
    /// Application bytes received.
    pub received_bytes: u64,
    /// What is worth knowing and changes nothing.
    pub remarks: Vec<Remark>,
}

impl Outcome {
    /// Every reason to call it a failure, once each, those with the lowest exit status first.
    pub fn reasons(&self) -> Vec<Reason> {
        let mut reasons = self.verdict.as_ref().map(Verdict::reasons).unwrap_or_default();
        reasons.extend(self.trouble.as_ref().map(Trouble::reason));
        reasons.sort_by_key(|reason| (reason.exit_status(), *reason));
        reasons.dedup();
        reasons
    }

    /// 0 where the server was accepted and the exchange ended well, else the lowest status of all reasons.
    pub fn exit_status(&self) -> u8 {
        self.reasons().first().map_or(0, |reason| reason.exit_status())
    }

    /// The alert that the server sent, where one ended the connection.
    pub fn alert_received(&self) -> Option<AlertDescription> {
        match self.trouble {
            Some(Trouble::Alert { alert, .. } | Trouble::NothingInCommon { alert, .. }) => Some(alert),
            Some(Trouble::Version { chosen: None, .. }) => Some(AlertDescription::ProtocolVersion),
            _ => None,
        }
    }
}

/// Worth knowing, and no failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remark {
    /// The server ended without close_notify, at a point where nothing that was waited for was missing.
    NoCloseNotify,
    /// The last reply had no newline at its end.
    UnterminatedReply,
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoCloseNotify => {
                "the server ended the connection without close_notify (RFC 8446 §6.1): \
                 had something cut the line at its end, it would look the same"
            }
            Self::UnterminatedReply => "the last reply did not end with a newline",
        })
    }
}

/// What a wait was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Looking the host name up.
    Resolve,
    /// The TCP connection.
    Connect,
    /// The TLS handshake.
    Handshake,
    /// The server to take what is sent.
    Send,
    /// A reply to a message.
    Reply,
    /// The server's end, after ours.
    Close,
}

/// A connection went wrong, for another reason than the server's certificate.
#[derive(Clone, Debug, PartialEq)]
pub enum Trouble {
    /// The server ended it with an alert.
    Alert {
        /// Which.
        alert: AlertDescription,
        /// Whether it had asked for a client certificate and was given none: the likely cause.
        certificate_missing: bool,
    },
    /// The certificate was refused for a reason that the checks do not list.
    Certificate(CertificateError),
    /// The server closed in the middle of the handshake.
    Closed {
        /// How many bytes had come until then.
        received: u64,
    },
    /// The server sent our own ClientHello back.
    Echo,
    /// The server closed before it had answered every message.
    Unanswered {
        /// How many reply lines came.
        replies: u64,
        /// How many were expected.
        expected: u64,
    },
    /// The network failed after the connection stood.
    Network(String),
    /// The server ended it with an alert instead of a ServerHello: what was offered is nothing that it wants.
    NothingInCommon {
        /// Which.
        alert: AlertDescription,
        /// What was offered.
        offered: Versions,
    },
    /// What came is no TLS and no text.
    NotTls {
        /// Its first bytes.
        found: Vec<u8>,
    },
    /// The server speaks, but not TLS.
    Plaintext {
        /// The first line of what it said, as it came.
        found: Vec<u8>,
    },
    /// The server broke the protocol: rustls' words.
    Protocol(String),
    /// The server reset the connection in the middle of the handshake.
    Reset,
    /// Nothing came in time.
    Timeout {
        /// What was waited for.
        phase: Phase,
        /// For how long.
        after: Duration,
    },
    /// The server sent a handshake message of more than 64 KiB. It may (RFC 8446 §4), but rustls takes none.
    TooLong,
    /// The stream ended without close_notify while something was missing: it may have been cut.
    Truncated,
    /// The server closed in good order, and took nothing more of what was still to be said.
    Unheard,
    /// No address could be connected to: each with why.
    Unreachable(Vec<(SocketAddr, String)>),
    /// The host name has no address: the resolver's words.
    Unresolved(String),
    /// No TLS version in common.
    Version {
        /// What was offered.
        offered: Versions,
        /// The version number that the server chose (`0x0301` is TLS 1.0); `None` where it sent an alert.
        chosen: Option<u16>,
    },
}

impl Trouble {
    /// The reason that it amounts to.
    pub fn reason(&self) -> Reason {
        match self {
            Self::Certificate(CertificateError::BadSignature) => Reason::BadSignature,
            Self::Certificate(_) => Reason::Malformed,
            Self::Network(_) | Self::Unreachable(_) | Self::Unresolved(_) => Reason::Network,
            Self::Timeout { .. } => Reason::Timeout,
            Self::Alert { .. }
            | Self::Closed { .. }
            | Self::Echo
            | Self::NothingInCommon { .. }
            | Self::NotTls { .. }
            | Self::Plaintext { .. }
            | Self::Protocol(_)
            | Self::Reset
            | Self::TooLong
            | Self::Truncated
            | Self::Unanswered { .. }
            | Self::Unheard
            | Self::Version { .. } => Reason::Handshake,
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alert { alert, certificate_missing: true } => write!(
                f,
                "the server asked for a client certificate, got none, and ended the connection with the alert {}",
                alert_name(*alert)
            ),
            Self::Alert { alert, .. } => {
                write!(f, "the server ended the connection with the alert {}", alert_name(*alert))
            }
            Self::Certificate(CertificateError::BadSignature) => f.write_str(
                "the server did not prove that it holds the certificate's key: \
                 expected its signature over the handshake, found one that does not verify",
            ),
            Self::Certificate(error) => {
                // It may quote the certificate.
                write!(f, "the server's certificate was refused: {}", Escaped(&error.to_string()))
            }
            Self::Closed { received: 0 } => f.write_str(
                "the server closed the connection during the handshake: expected a ServerHello, found nothing",
            ),
            Self::Closed { received } => write!(
                f,
                "the server closed the connection during the handshake: \
                 expected the rest of it, found the end after {received} bytes"
            ),
            Self::Echo => f.write_str(
                "the server answered in plaintext: expected a ServerHello, found our own ClientHello, echoed",
            ),
            Self::Unanswered { replies, expected } => write!(
                f,
                "the server closed the connection before it had answered: \
                 expected {expected} reply line{}, found {replies}",
                if *expected == 1 { "" } else { "s" }
            ),
            Self::Unheard => f.write_str("the server closed the connection before it had taken all that was sent"),
            Self::Network(words) => write!(f, "the connection failed: {words}"),
            Self::NothingInCommon { alert, offered } => f.write_str(&nothing_in_common(*alert, *offered)),
            Self::NotTls { found } => {
                write!(f, "the server does not speak TLS: expected a TLS record, found the bytes ")?;
                for byte in found {
                    write!(f, "{byte:02x}")?;
                }
                Ok(())
            }
            Self::Plaintext { found } => write!(
                f,
                "the server answered in plaintext: expected a TLS record, found `{}`",
                Escaped(&String::from_utf8_lossy(found))
            ),
            Self::Protocol(words) => write!(f, "the server broke the TLS protocol: {}", Escaped(words)),
            Self::Reset => {
                f.write_str("the server closed the connection during the handshake: it was reset")
            }
            Self::Timeout { phase, after } => {
                let what = match phase {
                    Phase::Resolve => "the name was not resolved",
                    Phase::Connect => "no connection",
                    Phase::Handshake => "the server did not complete the TLS handshake",
                    Phase::Send => "the server took nothing more of what is sent",
                    Phase::Reply => "no reply from the server",
                    Phase::Close => "the server neither sent anything more nor closed",
                };
                write!(f, "timed out: {what} within {}", seconds(*after))
            }
            Self::TooLong => f.write_str(
                "the server sent a handshake message of more than 64 KiB, which is more than tlslab takes: \
                 presumably a certificate or a chain of that length",
            ),
            Self::Truncated => f.write_str(
                "the connection was cut: expected close_notify at the end of the data, found a bare end",
            ),
            Self::Unreachable(attempts) => {
                f.write_str("cannot connect: ")?;
                for (index, (address, why)) in attempts.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    write!(f, "{comma}{address}: {why}")?;
                }
                Ok(())
            }
            Self::Unresolved(words) => write!(f, "the host name does not resolve: {words}"),
            Self::Version { offered, chosen: Some(version) } => write!(
                f,
                "the server chose {}: expected {}",
                version_words(*version),
                offered.words()
            ),
            Self::Version { offered: Versions::Both, chosen: None } => f.write_str(
                "the server speaks neither TLS 1.2 nor TLS 1.3 (alert protocol_version): \
                 presumably only TLS 1.1 or older",
            ),
            Self::Version { offered, chosen: None } => {
                write!(f, "the server does not speak {} (alert protocol_version)", offered.words())
            }
        }
    }
}

/// What a server presumably wants that refuses a ClientHello with `alert`, and what was in it.
fn nothing_in_common(alert: AlertDescription, offered: Versions) -> String {
    let wants = match alert {
        // RFC 8446 §6.2: the server requires parameters more secure than those supported by the client.
        AlertDescription::InsufficientSecurity => "it wants stronger parameters",
        _ => "it has no version, cipher suite, group or signature scheme in common",
    };
    format!(
        "the server refused with the alert {}: presumably {wants}; tlslab offers {}",
        alert_name(alert),
        offer(offered)
    )
}

fn version_words(version: u16) -> String {
    match version {
        0x0002 => "SSL 2.0".to_owned(),
        0x0300 => "SSL 3.0 and speaks nothing newer".to_owned(),
        0x0301 => "TLS 1.0 and speaks nothing newer".to_owned(),
        0x0302 => "TLS 1.1 and speaks nothing newer".to_owned(),
        0x0303 => "TLS 1.2".to_owned(),
        0x0304 => "TLS 1.3".to_owned(),
        other => format!("the unknown version {other:#06x}"),
    }
}

fn seconds(span: Duration) -> String {
    let text = format!("{}", span.as_secs_f64());
    format!("{text} second{}", if text == "1" { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_status_of_all_reasons_wins() {
        let trouble = Trouble::Closed { received: 9 };
        let outcome = Outcome { trouble: Some(trouble), ..Outcome::default() };
        assert_eq!(outcome.exit_status(), 20);
        assert_eq!(Outcome::default().exit_status(), 0);
    }
}
