//! What a server tells while it serves: one line a session, and a sum at the end.

use std::fmt::{self, Write as _};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};
use tlslab::server::{End, Event, Session};
use tlslab::streams::accept::Notice;
use tlslab::words::{Escaped, counted};

use super::super::Ui;

/// Tells events and counts them.
pub(super) struct Tally {
    ui: Ui,
    counts: Counts,
}

#[derive(Default)]
struct Counts {
    sessions: AtomicU64,
    handshake_failures: AtomicU64,
    refused: AtomicU64,
    cut: AtomicU64,
    received: AtomicU64,
    sent: AtomicU64,
}

/// What happened in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Summary {
    sessions: u64,
    handshake_failures: u64,
    refused: u64,
    /// Of the sessions, those that were cut off at the end.
    cut: u64,
    received: u64,
    sent: u64,
}

impl Tally {
    /// Tells `ui`, which must not block.
    pub(super) fn new(ui: Ui) -> Self {
        Self { ui, counts: Counts::default() }
    }

    /// Counts and tells an event, in one line, whatever a peer has put into it.
    pub(super) fn event(&self, event: &Event) {
        match event {
            Event::Accepting(notice) => self.ui.warn(&match &**notice {
                Notice::Failed(error) => format!("cannot accept a connection, trying again: {error}"),
                Notice::Full => {
                    "as many peers as --max-connections allows are here: the next waits until one leaves"
                        .to_owned()
                }
            }),
            Event::Accepted { .. } | Event::Established { .. } => {}
            Event::Refused { peer, why, first } => {
                self.counts.refused.fetch_add(1, Ordering::Relaxed);
                // Not a line each: whoever floods the server would flood its log.
                if *first {
                    let why = why.as_str();
                    self.line(&format!(
                        "{peer}  refused: its address has what --{why} allows; the next of it are counted"
                    ));
                }
            }
            Event::HandshakeFailed { peer, failure } => {
                self.counts.handshake_failures.fetch_add(1, Ordering::Relaxed);
                self.line(&format!("{peer}  handshake failed: {failure}"));
            }
            Event::SessionEnded(session) => {
                self.counts.sessions.fetch_add(1, Ordering::Relaxed);
                self.counts.cut.fetch_add(u64::from(session.end == End::Stopped), Ordering::Relaxed);
                self.counts.received.fetch_add(session.received, Ordering::Relaxed);
                self.counts.sent.fetch_add(session.sent, Ordering::Relaxed);
                self.line(&session_line(session));
            }
        }
    }

    fn line(&self, line: &str) {
        self.ui.say(&Escaped(line).to_string());
    }

    /// What happened so far.
    pub(super) fn sum(&self) -> Summary {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let Counts { sessions, handshake_failures, refused, cut, received, sent } = &self.counts;
        Summary {
            sessions: count(sessions),
            handshake_failures: count(handshake_failures),
            refused: count(refused),
            cut: count(cut),
            received: count(received),
            sent: count(sent),
        }
    }
}

impl Summary {
    /// For `--json`.
    pub(super) fn json(self, address: SocketAddr) -> Value {
        json!({
            "listen": address.to_string(),
            "sessions": self.sessions,
            "handshake_failures": self.handshake_failures,
            "refused": self.refused,
            "cut": self.cut,
            "received_bytes": self.received,
            "sent_bytes": self.sent,
        })
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sessions, handshake_failures, refused, cut, received, sent } = self;
        write!(
            f,
            "stopped: {}, {}, {received} bytes in, {sent} bytes out",
            counted(*sessions, "session"),
            counted(*handshake_failures, "failed handshake"),
        )?;
        if *cut > 0 {
            write!(f, ", {} cut off", counted(*cut, "session"))?;
        }
        if *refused > 0 {
            write!(f, ", {} refused", counted(*refused, "connection"))?;
        }
        Ok(())
    }
}

/// The one line about a session: who, how protected, how much, how it ended.
fn session_line(session: &Session) -> String {
    let mut line = session.peer.to_string();
    match &session.tls {
        None => line.push_str("  plaintext"),
        Some(tls) => {
            let agreed = &tls.agreed;
            for word in ["  ", &agreed.protocol, " ", &agreed.cipher_suite, " ", &agreed.key_exchange] {
                line.push_str(word);
            }
            if tls.resumed {
                line.push_str(" resumed");
            }
            for (label, value) in [("  sni ", &tls.sni), ("  alpn ", &tls.alpn)] {
                if let Some(value) = value {
                    line.push_str(label);
                    line.push_str(value);
                }
            }
            if let Some(client) = &tls.client {
                line.push_str("  client ");
                line.push_str(&client.subject.to_string());
            }
        }
    }
    let Session { received, sent, end, .. } = session;
    // Milliseconds: what is shorter is zero to a person.
    let seconds = session.duration.as_secs_f64();
    // Writing to a String does not fail.
    let _ = write!(line, "  {received} bytes in, {sent} bytes out, {seconds:.3} s: {end}");
    line
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tlslab::server::TlsFacts;
    use tlslab::tls::SessionFacts;

    use super::*;

    #[test]
    fn a_session_is_one_line() {
        let mut session = Session {
            peer: SocketAddr::from(([127, 0, 0, 1], 40922)),
            tls: Some(TlsFacts {
                agreed: SessionFacts {
                    protocol: "TLSv1.3".to_owned(),
                    cipher_suite: "TLS_AES_256_GCM_SHA384".to_owned(),
                    key_exchange: "X25519MLKEM768".to_owned(),
                },
                sni: Some("www.test.org".to_owned()),
                alpn: None,
                resumed: false,
                client: None,
            }),
            received: 6,
            sent: 6,
            duration: Duration::from_millis(12),
            end: End::PeerClosed,
        };
        assert_eq!(
            session_line(&session),
            "127.0.0.1:40922  TLSv1.3 TLS_AES_256_GCM_SHA384 X25519MLKEM768  sni www.test.org  \
             6 bytes in, 6 bytes out, 0.012 s: closed by the peer"
        );
        session.tls = None;
        session.end = End::Idle;
        assert_eq!(
            session_line(&session),
            "127.0.0.1:40922  plaintext  6 bytes in, 6 bytes out, 0.012 s: closed because it was idle"
        );
    }

    #[test]
    fn the_summary_counts_in_words() {
        let summary =
            Summary { sessions: 1, handshake_failures: 0, refused: 0, cut: 0, received: 2, sent: 3 };
        assert_eq!(summary.to_string(), "stopped: 1 session, 0 failed handshakes, 2 bytes in, 3 bytes out");
        let summary = Summary { refused: 2, cut: 1, ..summary };
        assert!(summary.to_string().ends_with("3 bytes out, 1 session cut off, 2 connections refused"));
    }
}
