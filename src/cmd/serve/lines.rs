//! What a server tells while it serves: lines on stderr, written by a thread of their own so that a reader who is
//! slow, or asleep, holds up nobody's session.

use std::fmt::{self, Write as _};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tlslab::server::{Event, Session};
use tlslab::streams::accept::Notice;

use super::super::Ui;

/// How many lines may wait to be written; further ones are left out, and their number told.
const WAITING: usize = 1024;

/// How long the last lines get to be written at the end.
const LAST_WORDS: Duration = Duration::from_secs(1);

enum Line {
    Say(String),
    Warn(String),
}

/// Tells events and counts them.
pub(super) struct Lines {
    sender: Mutex<Option<SyncSender<Line>>>,
    written: Mutex<Receiver<()>>,
    left_out: Arc<AtomicU64>,
    counts: Counts,
}

#[derive(Default)]
struct Counts {
    sessions: AtomicU64,
    handshake_failures: AtomicU64,
    received: AtomicU64,
    sent: AtomicU64,
}

/// What happened in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Summary {
    sessions: u64,
    handshake_failures: u64,
    received: u64,
    sent: u64,
}

impl Lines {
    /// Starts the thread that writes.
    pub(super) fn start(ui: Ui) -> Self {
        let (sender, waiting) = sync_channel(WAITING);
        let (done, written) = sync_channel(0);
        let left_out = Arc::new(AtomicU64::new(0));
        let missing = Arc::clone(&left_out);
        std::thread::spawn(move || {
            for line in waiting {
                match line {
                    Line::Say(line) => ui.say(&line),
                    Line::Warn(line) => ui.warn(&line),
                }
                let count = missing.swap(0, Ordering::Relaxed);
                if count > 0 {
                    ui.warn(&format!("{count} lines were left out: stderr is read too slowly"));
                }
            }
            drop(done);
        });
        Self {
            sender: Mutex::new(Some(sender)),
            written: Mutex::new(written),
            left_out,
            counts: Counts::default(),
        }
    }

    /// Counts and tells an event. Never blocks.
    pub(super) fn event(&self, event: &Event) {
        match event {
            Event::Accepting(notice) => self.warn(match &**notice {
                Notice::Failed(error) => format!("cannot accept a connection, trying again: {error}"),
                Notice::Full => {
                    "as many peers as --max-connections allows are here: the next waits until one leaves"
                        .to_owned()
                }
            }),
            Event::Accepted { .. } => {}
            Event::HandshakeFailed { peer, failure } => {
                self.counts.handshake_failures.fetch_add(1, Ordering::Relaxed);
                self.say(format!("{peer}  handshake failed: {failure}"));
            }
            Event::SessionEnded(session) => {
                self.counts.sessions.fetch_add(1, Ordering::Relaxed);
                self.counts.received.fetch_add(session.received, Ordering::Relaxed);
                self.counts.sent.fetch_add(session.sent, Ordering::Relaxed);
                self.say(session_line(session));
            }
        }
    }

    /// A line of talk.
    pub(super) fn say(&self, line: String) {
        self.put(Line::Say(line));
    }

    /// A warning.
    pub(super) fn warn(&self, line: String) {
        self.put(Line::Warn(line));
    }

    /// Waits for the last lines to be written, not for long, and sums up.
    pub(super) fn finish(&self) -> Summary {
        *self.sender.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        // The thread drops its end when all is written; whoever does not read by now gets no more.
        let _: Result<(), RecvTimeoutError> = written.recv_timeout(LAST_WORDS);
        Summary {
            sessions: self.counts.sessions.load(Ordering::Relaxed),
            handshake_failures: self.counts.handshake_failures.load(Ordering::Relaxed),
            received: self.counts.received.load(Ordering::Relaxed),
            sent: self.counts.sent.load(Ordering::Relaxed),
        }
    }

    fn put(&self, line: Line) {
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = &*sender
            && let Err(TrySendError::Full(_)) = sender.try_send(line)
        {
            self.left_out.fetch_add(1, Ordering::Relaxed);
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
            "received_bytes": self.received,
            "sent_bytes": self.sent,
        })
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sessions, handshake_failures, received, sent } = self;
        write!(
            f,
            "stopped: {}, {}, {received} bytes in, {sent} bytes out",
            count(*sessions, "session"),
            count(*handshake_failures, "failed handshake"),
        )
    }
}

fn count(number: u64, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
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
    use tlslab::server::{End, TlsFacts};
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
        let summary = Summary { sessions: 1, handshake_failures: 0, received: 2, sent: 3 };
        assert_eq!(summary.to_string(), "stopped: 1 session, 0 failed handshakes, 2 bytes in, 3 bytes out");
    }
}
