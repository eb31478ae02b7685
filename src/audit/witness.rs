//! What the rig saw of one run of somebody's client: on the wire, and how the process ended. Judges nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::transcript::{CONNECTIONS, Transcript};

/// How many of a conversation's bytes are kept to be shown.
pub const SHOWN: usize = 256;

/// How many bytes, over all the runs of all audits, are kept of what crossed and of what clients said.
const ROOM: usize = 8 << 20;

/// How many bytes of what a client said are kept where there is no more room: its last line.
const LAST_LINE: usize = 256;

/// What is left to be kept of what crossed and of what clients said. The rows of reports are kept of every run, and they
/// are small: with the room for the rest bounded, thousands of cases and hundreds of submissions need not much more memory
/// than one. Of who passed no more than half of it is kept, for what did not is what people want to look at.
#[derive(Debug)]
pub struct Room {
    left: AtomicUsize,
    drawn: bool,
}

impl Room {
    /// All of it; without what crossed where that is not `drawn`.
    pub fn new(drawn: bool) -> Arc<Self> {
        Arc::new(Self { left: AtomicUsize::new(ROOM), drawn })
    }

    fn take(&self, bytes: usize, passed: bool) -> bool {
        let least = if passed { ROOM / 2 } else { 0 };
        let taken = |left: usize| left.checked_sub(bytes).filter(|left| *left >= least);
        self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, taken).is_ok()
    }
}

/// One run, all its connections together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Witness {
    /// What crossed the wire.
    pub wire: Wire,
    /// How the process ended.
    pub end: End,
    /// What the client said, the end of it: both of its outputs as they came, at most some KiB.
    pub output: Vec<u8>,
    /// How long the client ran.
    pub client: Duration,
    /// What the rig spent on the case besides waiting for the client.
    pub overhead: Duration,
    /// Why there is nothing to be told: `--setup` failed, the process could not be started.
    pub failure: Option<String>,
}

/// What crossed the wire, over all of a run's connections.
#[allow(clippy::struct_excessive_bools, reason = "each is one thing that was seen or not")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wire {
    /// How many connections there were.
    pub connections: u32,
    /// The first ClientHello's body, as it came.
    pub client_hello: Option<Vec<u8>>,
    /// The version of the last ServerHello that was sent.
    pub version: Option<u16>,
    /// Whether a handshake was completed: the client's Finished came and verified.
    pub handshake_completed: bool,
    /// Whether the client went on after a hand-written ServerHello or another fault that no handshake survives.
    pub went_on: bool,
    /// Whether the client completed a handshake, within a session, with what it should have refused there.
    pub renewed: bool,
    /// The first alert that the client sent, other than close_notify.
    pub alert: Option<u8>,
    /// Application bytes that came inside TLS.
    pub application_bytes: u64,
    /// Bytes that came in the clear and are no TLS.
    pub plaintext_bytes: u64,
    /// Whether the message came inside TLS.
    pub message_seen: bool,
    /// Whether the message came in the clear.
    pub message_in_the_clear: bool,
    /// Whether a connection was reset by the client.
    pub reset: bool,
    /// The first application bytes, inside TLS or in the clear, at most [`SHOWN`].
    pub opening: Vec<u8>,
    /// How many connections ended before one byte came.
    pub silent: u32,
    /// Why the case cannot be tried on this client: it does not offer what the fault is about.
    pub unsuited: Option<String>,
    /// What a service remarks, for a person.
    pub notes: Vec<String>,
    /// What crossed the first connections.
    pub transcripts: Vec<Transcript>,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct End {
    /// Its exit status; none where a signal ended it, or where it goes on (`--hold`).
    pub exit_status: Option<i32>,
    /// The signal that ended it, other than those that the rig sent.
    pub signal: Option<i32>,
    /// Whether it outlived its time and was ended.
    pub timed_out: bool,
}

impl Witness {
    /// Leaves what a report's row says, and where there is `room` what the run can be shown by.
    pub fn fit(&mut self, room: &Room, passed: bool) {
        self.wire.client_hello = None;
        if !room.drawn {
            self.wire.transcripts = Vec::new();
        }
        let weight = self.output.len() + self.wire.transcripts.iter().map(Transcript::weight).sum::<usize>();
        if weight > 0 && !room.take(weight, passed) {
            self.wire.transcripts = Vec::new();
            let last = if passed { 0 } else { LAST_LINE };
            self.output.drain(..self.output.len().saturating_sub(last));
        }
        self.output.shrink_to_fit();
        self.wire.opening.shrink_to_fit();
    }
}

impl Wire {
    /// Adds what one connection saw. Bounded: what is kept of a thousand connections is what is kept of one.
    pub fn add(&mut self, other: Self) {
        self.connections = self.connections.saturating_add(other.connections);
        self.client_hello = self.client_hello.take().or(other.client_hello);
        self.version = other.version.or(self.version);
        self.handshake_completed |= other.handshake_completed;
        self.went_on |= other.went_on;
        self.renewed |= other.renewed;
        self.alert = self.alert.or(other.alert);
        self.application_bytes = self.application_bytes.saturating_add(other.application_bytes);
        self.plaintext_bytes = self.plaintext_bytes.saturating_add(other.plaintext_bytes);
        self.message_seen |= other.message_seen;
        self.message_in_the_clear |= other.message_in_the_clear;
        self.reset |= other.reset;
        self.silent = self.silent.saturating_add(other.silent);
        self.unsuited = self.unsuited.take().or(other.unsuited);
        if self.opening.is_empty() {
            self.opening = other.opening;
        }
        let room = CONNECTIONS.saturating_sub(self.transcripts.len());
        self.transcripts.extend(other.transcripts.into_iter().take(room));
        let room = 8_usize.saturating_sub(self.notes.len());
        self.notes.extend(other.notes.into_iter().take(room));
    }

    /// Application bytes, inside TLS or not: what has left the client.
    pub fn left(&self) -> u64 {
        self.application_bytes.saturating_add(self.plaintext_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::transcript::Recorder;

    /// However many runs there are, what is kept of them beyond their rows is no more than there is room for.
    #[test]
    fn what_is_kept_of_many_runs_is_bounded() {
        let mut drawn = Recorder::new().take();
        drawn.secrets = "x".repeat(10_000);
        let run = || Witness {
            wire: Wire {
                client_hello: Some(vec![1; 500]),
                transcripts: vec![drawn.clone()],
                ..Wire::default()
            },
            output: [vec![b'x'; 5000], b"\nrefused".to_vec()].concat(),
            ..Witness::default()
        };
        let room = Room::new(true);
        let fitted = |passed| {
            let mut run = run();
            run.fit(&room, passed);
            run
        };
        let weight = |runs: &[Witness]| -> usize {
            let shown = |run: &Witness| run.wire.transcripts.iter().map(Transcript::weight).sum::<usize>();
            runs.iter().map(|run| run.output.len() + shown(run)).sum()
        };
        let passed: Vec<_> = (0..1000).map(|_| fitted(true)).collect();
        assert!(passed[0].wire.transcripts.len() == 1 && passed[999].output.is_empty());
        assert!(passed.iter().all(|run| run.wire.client_hello.is_none()));
        assert!((ROOM / 4..=ROOM / 2).contains(&weight(&passed)), "{}", weight(&passed));
        let failed: Vec<_> = (0..1000).map(|_| fitted(false)).collect();
        assert!(!failed[0].wire.transcripts.is_empty() && failed[999].wire.transcripts.is_empty());
        assert!(failed[999].output.ends_with(b"refused") && failed[999].output.len() == LAST_LINE);
        assert!(weight(&passed) + weight(&failed) <= ROOM + 1000 * LAST_LINE);
        let mut plain = run();
        plain.fit(&Room::new(false), false);
        assert!(plain.wire.transcripts.is_empty() && plain.output.len() > 5000, "nothing is drawn of it");
    }

    #[test]
    fn a_thousand_connections_are_kept_as_one() {
        let mut all = Wire::default();
        for number in 0..1000 {
            all.add(Wire {
                connections: 1,
                application_bytes: 3,
                alert: (number == 7).then_some(48),
                opening: b"abc".to_vec(),
                notes: vec!["said".to_owned()],
                transcripts: vec![Transcript::default()],
                ..Wire::default()
            });
        }
        assert_eq!((all.connections, all.left(), all.alert), (1000, 3000, Some(48)));
        assert_eq!((all.opening.as_slice(), all.notes.len()), (&b"abc"[..], 8));
        assert_eq!(all.transcripts.len(), CONNECTIONS);
    }
}
