//! What became of a connection, from what ended it ([`crate::tls::errors`]) and what had come until then.

use std::io;
use std::time::Duration;

use rustls::{AlertDescription, InvalidMessage, PeerIncompatible};

use super::outcome::{Phase, Trouble};
use crate::streams::Opening;
use crate::tls::Versions;
use crate::tls::errors::{Fault, FirstBytes};
use crate::verify::Verdict;

/// Explains why a handshake failed: rustls' error or the socket's, by what had come until then.
///
/// `None` where a certificate was refused and `verdict` says why.
pub(super) fn handshake_trouble(
    error: &io::Error,
    opening: &Opening,
    offered: Versions,
    certificate_missing: bool,
    verdict: Option<&Verdict>,
) -> Option<Trouble> {
    Some(match Fault::of(error) {
        Fault::Alert(AlertDescription::ProtocolVersion) => Trouble::Version { offered, chosen: None },
        // Before a ServerHello it is the ClientHello that the server has nothing in common with.
        Fault::Alert(
            alert @ (AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity),
        ) if opening.first.first() == Some(&ALERT) => Trouble::NothingInCommon { alert, offered },
        Fault::Alert(alert) => Trouble::Alert { alert, certificate_missing },
        Fault::Certificate(_) if verdict.is_some_and(|verdict| !verdict.accepted()) => return None,
        Fault::Certificate(error) => Trouble::Certificate(error),
        Fault::Incompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        ) => Trouble::Version { offered, chosen: Some(server_hello_version(opening).unwrap_or(0)) },
        Fault::Message(InvalidMessage::UnknownProtocolVersion) => {
            foreign(opening).unwrap_or_else(|| Trouble::Protocol("unknown record version".to_owned()))
        }
        Fault::Message(InvalidMessage::HandshakePayloadTooLarge) => {
            foreign(opening).unwrap_or(Trouble::TooLong)
        }
        Fault::Cut => foreign(opening).unwrap_or(Trouble::Closed { received: opening.total }),
        Fault::Reset => foreign(opening).unwrap_or(Trouble::Reset),
        other @ (Fault::System(_) | Fault::TimedOut) => Trouble::Network(other.words()),
        other => foreign(opening).unwrap_or_else(|| Trouble::Protocol(other.words())),
    })
}

/// The content type of an alert (RFC 8446 §5.1).
const ALERT: u8 = 21;

/// Explains a handshake that did not end in time: a plaintext server often just waits.
pub(super) fn handshake_timeout(opening: &Opening, after: Duration) -> Trouble {
    foreign(opening).unwrap_or(Trouble::Timeout { phase: Phase::Handshake, after })
}

/// Explains why a session, its handshake done, failed.
///
/// A TLS 1.3 server judges the client's certificate only when the client already thinks itself done
/// (RFC 8446 §4.4.2.4), hence `certificate_missing` here too.
pub(super) fn session_trouble(error: &io::Error, certificate_missing: bool) -> Trouble {
    match Fault::of(error) {
        Fault::Alert(alert) => Trouble::Alert { alert, certificate_missing },
        Fault::Cut | Fault::Reset => Trouble::Truncated,
        other @ (Fault::System(_) | Fault::TimedOut) => Trouble::Network(other.words()),
        other => Trouble::Protocol(other.words()),
    }
}

/// The alert by which rustls tells the peer of `error`, where it is about the certificate.
pub(super) fn alert_for(error: &io::Error) -> Option<AlertDescription> {
    match Fault::of(error) {
        Fault::Certificate(error) => Some(error.into()),
        _ => None,
    }
}

/// What an opening shows to be something else than a server's TLS.
fn foreign(opening: &Opening) -> Option<Trouble> {
    match FirstBytes::of(&opening.first) {
        FirstBytes::Nothing => None,
        // The handshake type is byte 5: a server never sends client_hello (1).
        FirstBytes::Record => {
            (opening.first[0] == 22 && opening.first.get(5) == Some(&1)).then_some(Trouble::Echo)
        }
        FirstBytes::Text(line) => Some(Trouble::Plaintext { found: line.to_vec() }),
        FirstBytes::Other => {
            Some(Trouble::NotTls { found: opening.first[..opening.first.len().min(16)].to_vec() })
        }
    }
}

/// The version in a ServerHello (RFC 8446 §4.1.3), where this is one: record header 5, message header 4.
fn server_hello_version(opening: &Opening) -> Option<u16> {
    match opening.first.get(..11) {
        Some([22, 3, _, _, _, 2, _, _, _, high, low]) => Some(u16::from_be_bytes([*high, *low])),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use rustls::{CertificateError, ContentType, Error, HandshakeType};

    use super::*;
    use crate::client::Outcome;
    use crate::verify::{Check, CheckKind, Reason, TrustPath};

    fn tls(error: Error) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidData, error)
    }

    fn opening(first: &[u8]) -> Opening {
        Opening { first: first.to_vec(), total: first.len() as u64, ..Opening::default() }
    }

    /// A ServerHello's first bytes with the given version.
    fn server_hello(version: [u8; 2]) -> Opening {
        opening(&[22, 3, 1, 0, 74, 2, 0, 0, 70, version[0], version[1], 0xaa])
    }

    /// An error, what had come until then, the versions on offer, whether a client certificate was missing; then
    /// the exit status and the words.
    type Case = (io::Error, Opening, Versions, bool, u8, &'static str);

    fn check(cases: Vec<Case>) {
        for (error, opening, offered, missing, status, words) in cases {
            let trouble = handshake_trouble(&error, &opening, offered, missing, None).expect(words);
            assert_eq!((trouble.to_string().as_str(), trouble.reason().exit_status()), (words, status));
        }
    }

    #[test]
    fn a_server_that_does_not_speak_tls_or_not_for_long() {
        let bad_type = || tls(Error::InvalidMessage(InvalidMessage::InvalidContentType));
        check(vec![
            (
                bad_type(),
                opening(b"220 mail.example ESMTP ready\r\nmore"),
                Versions::Both,
                false,
                20,
                "the server answered in plaintext: expected a TLS record, found `220 mail.example ESMTP ready`",
            ),
            (
                bad_type(),
                opening(b"HTTP/1.1 400 Bad Request\r\n"),
                Versions::Both,
                false,
                20,
                "the server answered in plaintext: expected a TLS record, found `HTTP/1.1 400 Bad Request`",
            ),
            (
                io::ErrorKind::UnexpectedEof.into(),
                opening(b"no\n"),
                Versions::Both,
                false,
                20,
                "the server answered in plaintext: expected a TLS record, found `no`",
            ),
            (
                bad_type(),
                opening(&[0, 0xff, 0x80, 7]),
                Versions::Both,
                false,
                20,
                "the server does not speak TLS: expected a TLS record, found the bytes 00ff8007",
            ),
            (
                bad_type(),
                opening(b"\x1b[2Jboo"),
                Versions::Both,
                false,
                20,
                "the server answered in plaintext: expected a TLS record, found `\\u{1b}[2Jboo`",
            ),
            (
                tls(Error::InappropriateHandshakeMessage {
                    expect_types: vec![HandshakeType::ServerHello],
                    got_type: HandshakeType::ClientHello,
                }),
                opening(&[22, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3]),
                Versions::Both,
                false,
                20,
                "the server answered in plaintext: expected a ServerHello, found our own ClientHello, echoed",
            ),
            (
                io::ErrorKind::UnexpectedEof.into(),
                opening(b""),
                Versions::Both,
                false,
                20,
                "the server closed the connection during the handshake: expected a ServerHello, found nothing",
            ),
            (
                io::ErrorKind::UnexpectedEof.into(),
                opening(&[22, 3, 3, 0]),
                Versions::Both,
                false,
                20,
                "the server closed the connection during the handshake: \
                 expected the rest of it, found the end after 4 bytes",
            ),
            (
                io::ErrorKind::ConnectionReset.into(),
                opening(b""),
                Versions::Both,
                false,
                20,
                "the server closed the connection during the handshake: it was reset",
            ),
            (
                io::ErrorKind::HostUnreachable.into(),
                opening(b""),
                Versions::Both,
                false,
                30,
                "the connection failed: host unreachable",
            ),
        ]);
    }

    #[test]
    fn a_server_that_speaks_tls_and_fails_at_it() {
        let old = || tls(Error::PeerIncompatible(PeerIncompatible::ServerDoesNotSupportTls12Or13));
        check(vec![
            (
                old(),
                server_hello([3, 1]),
                Versions::Both,
                false,
                20,
                "the server chose TLS 1.0 and speaks nothing newer: expected TLS 1.2 or TLS 1.3",
            ),
            (
                tls(Error::PeerIncompatible(PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig)),
                server_hello([3, 3]),
                Versions::Tls13,
                false,
                20,
                "the server chose TLS 1.2: expected TLS 1.3",
            ),
            (
                tls(Error::AlertReceived(AlertDescription::ProtocolVersion)),
                opening(&[21, 3, 1, 0, 2, 2, 70]),
                Versions::Both,
                false,
                20,
                "the server speaks neither TLS 1.2 nor TLS 1.3 (alert protocol_version): \
                 presumably only TLS 1.1 or older",
            ),
            (
                tls(Error::AlertReceived(AlertDescription::ProtocolVersion)),
                opening(&[21, 3, 1, 0, 2, 2, 70]),
                Versions::Tls13,
                false,
                20,
                "the server does not speak TLS 1.3 (alert protocol_version)",
            ),
            (
                tls(Error::AlertReceived(AlertDescription::HandshakeFailure)),
                opening(&[22, 3, 3]),
                Versions::Both,
                false,
                20,
                "the server ended the connection with the alert handshake_failure",
            ),
            (
                tls(Error::AlertReceived(AlertDescription::HandshakeFailure)),
                opening(&[22, 3, 3]),
                Versions::Tls12,
                true,
                20,
                "the server asked for a client certificate, got none, and ended the connection with the alert \
                 handshake_failure",
            ),
            (
                tls(Error::InvalidCertificate(CertificateError::BadSignature)),
                opening(&[22, 3, 3]),
                Versions::Both,
                false,
                14,
                "the server did not prove that it holds the certificate's key: \
                 expected its signature over the handshake, found one that does not verify",
            ),
            (
                tls(Error::InappropriateMessage {
                    expect_types: vec![ContentType::Handshake],
                    got_type: ContentType::ApplicationData,
                }),
                opening(&[23, 3, 3, 0, 1, 0]),
                Versions::Both,
                false,
                20,
                "the server broke the TLS protocol: received unexpected message: got ApplicationData when expecting \
                 Handshake",
            ),
            (
                tls(Error::InvalidMessage(InvalidMessage::HandshakePayloadTooLarge)),
                opening(&[22, 3, 3]),
                Versions::Both,
                false,
                20,
                "the server sent a handshake message of more than 64 KiB, which is more than tlslab takes: \
                 presumably a certificate or a chain of that length",
            ),
        ]);
    }

    #[test]
    fn a_server_that_wants_nothing_of_the_offer_is_told_what_was_in_it() {
        let cases = [
            (
                AlertDescription::HandshakeFailure,
                "no version, cipher suite, group or signature scheme in common",
            ),
            (AlertDescription::InsufficientSecurity, "it wants stronger parameters"),
        ];
        for (alert, words) in cases {
            let error = tls(Error::AlertReceived(alert));
            let trouble =
                handshake_trouble(&error, &opening(&[21, 3, 3, 0, 2]), Versions::Tls12, false, None).unwrap();
            let said = trouble.to_string();
            for words in [words, "offers TLS 1.2; cipher suites TLS_ECDHE_", "; groups x25519 "] {
                assert!(said.contains(words), "{said}");
            }
            assert_eq!(trouble.reason(), Reason::Handshake);
        }
    }

    #[test]
    fn a_refused_certificate_is_the_verdicts_to_explain() {
        let verdict = Verdict {
            checks: vec![Check::new(CheckKind::NotAfter, vec![Reason::Expired], "", "")],
            certificate: None,
            path: TrustPath::Missing,
            notes: Vec::new(),
        };
        let error = tls(Error::InvalidCertificate(CertificateError::Expired));
        let trouble = handshake_trouble(&error, &opening(&[22, 3]), Versions::Both, false, Some(&verdict));
        assert_eq!(trouble, None);
        assert_eq!(alert_for(&error), Some(AlertDescription::CertificateExpired));
        let outcome = Outcome { verdict: Some(verdict), ..Outcome::default() };
        assert_eq!((outcome.reasons(), outcome.exit_status()), (vec![Reason::Expired], 12));
    }

    #[test]
    fn sessions_end_in_words_too() {
        let cases = [
            (
                tls(Error::AlertReceived(AlertDescription::CertificateRequired)),
                true,
                20,
                "the server asked for a client certificate, got none, and ended the connection with the alert \
                 certificate_required",
            ),
            (
                io::ErrorKind::UnexpectedEof.into(),
                false,
                20,
                "the connection was cut: expected close_notify at the end of the data, found a bare end",
            ),
            (io::ErrorKind::TimedOut.into(), false, 30, "the connection failed: timed out"),
            (
                tls(Error::DecryptError),
                false,
                20,
                "the server broke the TLS protocol: cannot decrypt peer's message",
            ),
        ];
        for (error, missing, status, words) in cases {
            let trouble = session_trouble(&error, missing);
            assert_eq!((trouble.to_string().as_str(), trouble.reason().exit_status()), (words, status));
        }
    }

    #[test]
    fn a_silent_server_and_one_that_waits_in_plaintext_differ() {
        let after = Duration::from_millis(1500);
        let silent = handshake_timeout(&opening(b""), after);
        assert_eq!(silent.reason(), Reason::Timeout);
        assert_eq!(
            silent.to_string(),
            "timed out: the server did not complete the TLS handshake within 1.5 seconds"
        );
        assert_eq!(handshake_timeout(&opening(b"hi\n"), after), Trouble::Plaintext { found: b"hi".to_vec() });
    }
}
