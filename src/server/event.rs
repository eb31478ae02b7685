//! What happened, as data: one [`Event`] for each thing that a person who runs a server wants to know.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::{AlertDescription, PeerIncompatible};

use super::admission::Refusal;
use crate::pki::facts::CertFacts;
use crate::streams::accept::Notice;
use crate::tls::errors::{Fault, FirstBytes, client_lacks, clients_alert_meaning};
use crate::tls::{SessionFacts, alert_name};
use crate::verify::Verdict;

/// Where events go. Called from many tasks at once; must not block.
pub(super) type Events = Arc<dyn Fn(Event) + Send + Sync>;

/// Something happened in a server.
#[derive(Clone, Debug)]
pub enum Event {
    /// Something about accepting.
    Accepting(Arc<Notice>),
    /// A peer connected; exactly one of [`Event::HandshakeFailed`] and [`Event::SessionEnded`] follows.
    Accepted {
        /// Where it connected from.
        peer: SocketAddr,
    },
    /// A peer connected and was turned away, for its address has what it may have.
    Refused {
        /// Where it connected from.
        peer: SocketAddr,
        /// Which limit.
        why: Refusal,
        /// Whether the last one from this address was let in.
        first: bool,
    },
    /// A handshake is done, and a session begins.
    Established {
        /// What it agreed on; `None` in plaintext.
        tls: Option<Box<TlsFacts>>,
    },
    /// A peer connected and no session came of it.
    HandshakeFailed {
        /// Where it connected from.
        peer: SocketAddr,
        /// Why not.
        failure: HandshakeFailure,
    },
    /// A session ended.
    SessionEnded(Box<Session>),
}

/// A session that has ended.
#[derive(Clone, Debug)]
pub struct Session {
    /// Where the peer connected from.
    pub peer: SocketAddr,
    /// What the handshake agreed on; `None` in plaintext.
    pub tls: Option<TlsFacts>,
    /// Application bytes that came from the peer.
    pub received: u64,
    /// Application bytes that were sent to the peer (those that a broken connection lost included).
    pub sent: u64,
    /// From accept to the end.
    pub duration: Duration,
    /// How it ended.
    pub end: End,
}

/// What a TLS handshake agreed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFacts {
    /// Protocol, cipher suite and key exchange.
    pub agreed: SessionFacts,
    /// The name that the client asked for.
    pub sni: Option<String>,
    /// The application protocol that was agreed on.
    pub alpn: Option<String>,
    /// Whether a session ticket stood in for the certificate.
    pub resumed: bool,
    /// The certificate that the client proved to own, under mutual TLS.
    pub client: Option<Box<CertFacts>>,
}

/// How a session ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The back end named closed in good order first.
    BackEndClosed(String),
    /// The back end broke off: which, and how. The peer's connection was reset, so that it does not look whole.
    BackEndFailed(String),
    /// The server was told to stop and let it finish first.
    Drained,
    /// Something broke: the words of the system or of the TLS stack.
    Failed(String),
    /// This side had answered all it was asked and closed.
    Finished,
    /// No byte moved for the idle timeout.
    Idle,
    /// The peer closed in good order.
    PeerClosed,
    /// The peer reset the connection.
    Reset,
    /// The server stopped without waiting for it.
    Stopped,
    /// The peer's connection ended without the close_notify that tells an end from an attack
    /// (RFC 8446 §6.1).
    Truncated,
    /// No back end could be reached: each, and why not.
    Unreachable(String),
}

impl End {
    /// The name in `--json` and in tests.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::BackEndClosed(_) => "back-end-closed",
            Self::BackEndFailed(_) => "back-end-failed",
            Self::Drained => "drained",
            Self::Failed(_) => "failed",
            Self::Finished => "finished",
            Self::Idle => "idle",
            Self::PeerClosed => "peer-closed",
            Self::Reset => "reset",
            Self::Stopped => "stopped",
            Self::Truncated => "truncated",
            Self::Unreachable(_) => "back-end-unreachable",
        }
    }

    /// How a session ended whose last read or write gave `error`.
    pub(super) fn of(error: &io::Error) -> Self {
        match Fault::of(error) {
            Fault::Cut => Self::Truncated,
            Fault::Reset => Self::Reset,
            Fault::TimedOut => Self::Idle,
            other => Self::Failed(other.words()),
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BackEndClosed(back_end) => write!(f, "closed by the back end {back_end}"),
            Self::BackEndFailed(words) => write!(f, "reset, for the back end {words}"),
            Self::Drained => f.write_str("closed because the server is stopping"),
            Self::Failed(words) => f.write_str(words),
            Self::Finished => f.write_str("closed after the last answer"),
            Self::Idle => f.write_str("closed because it was idle"),
            Self::PeerClosed => f.write_str("closed by the peer"),
            Self::Reset => f.write_str("reset by the peer"),
            Self::Stopped => f.write_str("cut off because the server stopped"),
            Self::Truncated => f.write_str("the peer went away without close_notify"),
            Self::Unreachable(words) => write!(f, "closed, for no back end can be reached: {words}"),
        }
    }
}

/// Why no session came of a connection.
#[derive(Clone, Debug, PartialEq)]
pub enum HandshakeFailure {
    /// The client sent a fatal alert: it refused something, often our certificate.
    Alert(AlertDescription),
    /// The client's certificate was refused.
    ClientCertificate(Option<Box<Verdict>>),
    /// The connection ended, or was reset, before the handshake did.
    Closed {
        /// Whether the peer had sent anything.
        silent: bool,
    },
    /// Nothing in common: versions, suites, groups, signature schemes.
    Incompatible(PeerIncompatible),
    /// A certificate was required and none came.
    NoClientCertificate,
    /// The first bytes were neither TLS nor text.
    NotTls,
    /// The first bytes were text, such as an HTTP request.
    Plaintext,
    /// Anything else that the TLS stack refused, in its words.
    Protocol(String),
    /// The server stopped first.
    Stopped,
    /// The handshake timeout passed.
    Timeout {
        /// Whether the peer had sent anything.
        silent: bool,
    },
    /// No certificate is for the name that the client asks for, or it asks for none, and there is none for everybody.
    UnknownName,
}

impl HandshakeFailure {
    /// Its name in metrics.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Alert(_) => "alert",
            Self::ClientCertificate(_) => "client-certificate",
            Self::Closed { .. } => "closed",
            Self::Incompatible(_) => "incompatible",
            Self::NoClientCertificate => "no-client-certificate",
            Self::NotTls => "not-tls",
            Self::Plaintext => "plaintext",
            Self::Protocol(_) => "protocol",
            Self::Stopped => "stopped",
            Self::Timeout { .. } => "timeout",
            Self::UnknownName => "unknown-name",
        }
    }

    /// Why the handshake failed that gave `error`, with the peer's `first` bytes and what the verifier of client
    /// certificates had found.
    pub(super) fn of(error: &io::Error, first: &[u8], verdict: Option<Verdict>) -> Self {
        let silent = first.is_empty();
        match Fault::of(error) {
            Fault::Alert(alert) => Self::Alert(alert),
            Fault::Certificate(_) => Self::ClientCertificate(verdict.map(Box::new)),
            Fault::Cut | Fault::Reset => Self::Closed { silent },
            Fault::Incompatible(why) => Self::Incompatible(why),
            Fault::Message(why) => match FirstBytes::of(first) {
                FirstBytes::Text(_) => Self::Plaintext,
                // RFC 8446 §5.1: a handshake's first record is of type handshake(22).
                _ if first.first() != Some(&22) => Self::NotTls,
                _ => Self::Protocol(Fault::Message(why).words()),
            },
            Fault::NoCertificate => Self::NoClientCertificate,
            Fault::TimedOut => Self::Timeout { silent },
            // rustls has no error of its own for it.
            Fault::Protocol(words) if words.contains("no server certificate chain resolved") => {
                Self::UnknownName
            }
            other @ (Fault::Protocol(_) | Fault::System(_)) => Self::Protocol(other.words()),
        }
    }
}

impl fmt::Display for HandshakeFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alert(alert) => {
                write!(f, "the client sent the alert {}", alert_name(*alert))?;
                f.write_str(clients_alert_meaning(*alert))
            }
            Self::ClientCertificate(None) => f.write_str("the client's certificate was refused"),
            Self::ClientCertificate(Some(verdict)) => {
                f.write_str("the client's certificate was refused:")?;
                let mut separator = " ";
                for check in verdict.checks.iter().filter(|check| !check.ok()) {
                    write!(f, "{separator}{check}")?;
                    separator = "; ";
                }
                Ok(())
            }
            Self::Closed { silent: true } => f.write_str("the peer closed without sending anything"),
            Self::Closed { silent: false } => f.write_str("the peer closed in the middle of the handshake"),
            Self::Incompatible(why) => f.write_str(&client_lacks(why)),
            Self::NoClientCertificate => {
                f.write_str("a client certificate is required and the client sent none")
            }
            Self::NotTls => f.write_str("the peer sent bytes that are not TLS"),
            Self::Plaintext => f.write_str("the peer sent plaintext, e.g. an HTTP request, to this TLS port"),
            Self::Protocol(words) => f.write_str(words),
            Self::Stopped => f.write_str("the server stopped before the handshake ended"),
            Self::UnknownName => {
                f.write_str("no certificate is for the name that the client asks for, or it asks for none")
            }
            Self::Timeout { silent: true } => f.write_str("timed out: the peer sent nothing"),
            Self::Timeout { silent: false } => f.write_str("timed out in the middle of the handshake"),
        }
    }
}

#[cfg(test)]
mod tests {
    use rustls::InvalidMessage;

    use super::*;

    fn failure(error: rustls::Error, first: &[u8]) -> HandshakeFailure {
        HandshakeFailure::of(&io::Error::new(io::ErrorKind::InvalidData, error), first, None)
    }

    #[test]
    fn foreign_errors_become_reasons() {
        let content_type = || rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType);
        let cases = [
            (
                content_type(),
                &b"GET / HT"[..],
                "the peer sent plaintext, e.g. an HTTP request, to this TLS port",
            ),
            (content_type(), &b"\x80\x2e\x01\x00"[..], "the peer sent bytes that are not TLS"),
            (
                rustls::Error::AlertReceived(AlertDescription::UnknownCA),
                &b"\x16\x03\x01"[..],
                "the client sent the alert unknown_ca: it does not trust this server's certificate",
            ),
            (
                rustls::Error::AlertReceived(AlertDescription::CertificateExpired),
                &b"\x16\x03\x01"[..],
                "the client sent the alert certificate_expired: for it this server's certificate is not valid now",
            ),
            (
                rustls::Error::NoCertificatesPresented,
                &b"\x16\x03\x01"[..],
                "a client certificate is required and the client sent none",
            ),
            (
                rustls::Error::PeerIncompatible(PeerIncompatible::Tls12NotOffered),
                &b"\x16\x03\x01"[..],
                "the client offers no protocol version that this server speaks (TLS 1.2 and 1.3, or as --tls says)",
            ),
        ];
        for (error, first, expected) in cases {
            assert_eq!(failure(error, first).to_string(), expected);
        }
    }

    #[test]
    fn the_end_of_a_connection_is_told_from_its_loss() {
        let silent = HandshakeFailure::of(&io::ErrorKind::UnexpectedEof.into(), b"", None);
        assert_eq!(silent, HandshakeFailure::Closed { silent: true });
        let cases = [
            (io::ErrorKind::TimedOut, End::Idle),
            (io::ErrorKind::UnexpectedEof, End::Truncated),
            (io::ErrorKind::ConnectionReset, End::Reset),
        ];
        for (kind, expected) in cases {
            assert_eq!(End::of(&kind.into()), expected);
        }
    }
}
