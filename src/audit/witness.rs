//! What the rig saw of one run of somebody's client: on the wire, and how the process ended. Judges nothing.

use std::time::Duration;

use super::transcript::{CONNECTIONS, Transcript};

/// How many of a conversation's bytes are kept to be shown.
pub const SHOWN: usize = 256;

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

    /// Leaves out what is kept for pictures.
    pub fn forget(&mut self) {
        self.client_hello = None;
        self.transcripts = Vec::new();
    }

    /// Application bytes, inside TLS or not: what has left the client.
    pub fn left(&self) -> u64 {
        self.application_bytes.saturating_add(self.plaintext_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
