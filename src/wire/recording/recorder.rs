//! A recorder: connections' bytes in, one pcapng out.
//!
//! Promised: whatever is in the file is in order, and in whole blocks but for a last one that is being written;
//! whatever goes wrong with the file, the connections do not notice: recording stops and says why
//! ([`Status::stopped`]).
//!
//! What is said in small is in the file when [`Tape::data`](super::Tape::data) returns. A bulk transfer and its recording go on side
//! by side: a thread of its own writes that, and until it is done whatever comes has to queue. What is queued or
//! being written is at most twice [`MOST_QUEUED`](super::MOST_QUEUED) and a chunk; beyond that, [`Tape::data`](super::Tape::data) waits. A process that is
//! killed in the midst of a bulk transfer loses that much. [`Recorder::flush`] waits until all is in the file, and
//! so does dropping the last of a recorder.
//!
//! Where secrets are expected ([`Options::secrets`]), they stand in the file before the packets that need
//! them, so that one pass decrypts. To that end a session's packets wait in memory from its ClientHello until
//! its secrets are known, but no longer than [`LONGEST_WAIT`](super::LONGEST_WAIT), no more than [`MOST_HELD`](super::MOST_HELD) a session and
//! [`MOST_HELD_IN_ALL`](super::MOST_HELD_IN_ALL) together. A session that goes beyond is written behind what is known of its secrets,
//! and all of them, should they come after all, behind it (a reader that goes through the file twice still
//! decrypts). Connections whose first bytes are no ClientHello never wait. A process that is killed loses what
//! waits.
//!
//! Not recorded: secrets of sessions that did not cross this recorder, and exporter secrets that are logged
//! after the session's own were complete.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::SystemTime;

use super::hold::Hold;
use super::queue::{Queue, Stopped};
use super::sink::Sink;
use super::tape::{self, Tape};
use super::writer::Writer;
use crate::tls::key_log::Line;
use crate::wire::frames::Conversation;
use crate::wire::{Both, pcapng};

/// How to record.
#[derive(Clone, Debug)]
pub struct Options {
    /// What the time is.
    pub clock: fn() -> SystemTime,
    /// The interface's name in the file.
    pub interface: String,
    /// Recording stops before the file grows beyond so many bytes.
    pub max_size: Option<u64>,
    /// Whether secrets will be given to [`Recorder::learn`]: sessions wait for them.
    pub secrets: bool,
}

/// What was recorded so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Bytes in the file.
    pub bytes: u64,
    /// Packets in the file.
    pub packets: u64,
    /// Connections that were opened.
    pub connections: u64,
    /// Those of them that began with a ClientHello.
    pub sessions: u64,
    /// Sessions whose secrets stand in the file before their packets.
    pub with_secrets: u64,
    /// Sessions whose secrets came too late to stand before their packets, and stand behind them.
    pub with_late_secrets: u64,
    /// Why nothing more is recorded.
    pub stopped: Option<Stopped>,
}

/// The recorder. Clones share one file; when the last of them, and the last tape, is dropped, everything is written.
#[derive(Clone)]
pub struct Recorder {
    writer: Arc<Writer>,
    clock: fn() -> SystemTime,
}

impl std::fmt::Debug for Recorder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recorder").field("status", &self.status()).finish_non_exhaustive()
    }
}

impl Recorder {
    /// Begins a file. Fails where not even its head can be written.
    pub fn start(mut sink: Box<dyn Sink>, options: &Options) -> io::Result<Self> {
        let version = concat!("tlslab ", env!("CARGO_PKG_VERSION"));
        let comment = format!(
            "Recorded by {version} between two sockets: the bytes, ends and times are real; Ethernet, IP and TCP \
             are synthetic."
        );
        let mut head = Vec::new();
        pcapng::start(&mut head, version, &comment, &options.interface);
        sink.append(&head, false)?;
        let queue = Queue::new(head.len() as u64, options.max_size.unwrap_or(u64::MAX));
        let writer = Writer::start(sink, queue, Hold::new(options.secrets))?;
        Ok(Self { writer: Arc::new(writer), clock: options.clock })
    }

    /// A connection has been opened: records its handshake.
    pub fn connection(&self, client: SocketAddr, server: SocketAddr) -> Tape {
        let id = {
            let mut state = self.writer.state();
            state.connections += 1;
            state.connections
        };
        // Initial sequence numbers merely have to differ (RFC 9293 §3.4.1); without randomness, counting does.
        let number = || crate::crypto::random().map_or(id, u64::from_be_bytes);
        #[expect(clippy::cast_possible_truncation, reason = "any 32 bits will do")]
        let initial = Both { client: number() as u32, server: number() as u32 };
        let conversation = Conversation::new(client, server, initial);
        Tape::begin(Arc::clone(&self.writer), self.clock, id, conversation)
    }

    /// A line of a key log: the secrets of a session that may have crossed, or may yet.
    pub fn learn(&self, line: Line) {
        self.writer.change(|state| {
            let (hold, queue) = state.parts();
            hold.learn(line, queue);
        });
    }

    /// Writes what has waited too long.
    pub fn expire(&self) {
        let now = tape::now(self.clock);
        let late = self.writer.state().hold.late(now);
        self.give_up(late);
    }

    /// Whether any session waits for its secrets.
    pub fn is_waiting(&self) -> bool {
        self.writer.state().hold.waiting().next().is_some()
    }

    /// Writes everything that waits, and waits until it is written. Recording may go on.
    pub fn flush(&self) {
        let mut all: Vec<u64> = self.writer.state().hold.waiting().collect();
        all.sort_unstable();
        self.give_up(all);
        self.writer.settle();
    }

    fn give_up(&self, connections: Vec<u64>) {
        for id in connections {
            self.writer.change(|state| {
                let (hold, queue) = state.parts();
                hold.give_up(id, queue);
            });
        }
    }

    /// What was recorded so far.
    pub fn status(&self) -> Status {
        let state = self.writer.state();
        let (with_secrets, with_late_secrets) = state.hold.counts();
        let written = state.queue.written();
        Status {
            bytes: written.bytes,
            packets: written.packets,
            connections: state.connections,
            sessions: state.sessions,
            with_secrets,
            with_late_secrets,
            stopped: state.queue.stopped().cloned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use zeroize::Zeroizing;

    use super::*;
    use crate::tls::key_log::Label;
    use crate::wire::Side;
    use crate::wire::recording::{FileSink, LONGEST_WAIT, MOST_HELD, MemorySink};

    thread_local! {
        static NOW: std::cell::Cell<u64> = const { std::cell::Cell::new(1_000) };
    }

    fn clock() -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(NOW.get())
    }

    fn recorder(secrets: bool, max_size: Option<u64>) -> (Recorder, MemorySink) {
        let memory = MemorySink::default();
        let options = Options { clock, interface: "lab".to_owned(), max_size, secrets };
        (Recorder::start(Box::new(memory.clone()), &options).unwrap(), memory)
    }

    fn connect(recorder: &Recorder) -> Tape {
        recorder.connection("127.0.0.1:5000".parse().unwrap(), "127.0.0.1:443".parse().unwrap())
    }

    /// The types of the blocks after the head: `P` a packet, `S` secrets.
    fn blocks(recorder: &Recorder, memory: &MemorySink) -> String {
        recorder.writer.settle();
        let file = memory.bytes();
        let mut rest = &file[..];
        let mut found = String::new();
        while let Some((kind, more)) = rest.split_first_chunk::<4>() {
            match u32::from_le_bytes(*kind) {
                6 => found.push('P'),
                10 => found.push('S'),
                _ => {}
            }
            let total = u32::from_le_bytes(more[..4].try_into().unwrap());
            rest = &rest[usize::try_from(total).unwrap()..];
        }
        found
    }

    fn client_hello(random: u8) -> Vec<u8> {
        [&[22, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3][..], &[random; 32], &[0; 162]].concat()
    }

    fn learn(recorder: &Recorder, random: u8) {
        let secret = Zeroizing::new(vec![5; 48]);
        recorder.learn(Line { label: Label::MasterSecret, random: [random; 32], secret });
    }

    #[test]
    fn secrets_come_before_the_packets_that_need_them() {
        let (recorder, memory) = recorder(true, None);
        let tape = connect(&recorder);
        assert_eq!(blocks(&recorder, &memory), "PPP", "the TCP handshake does not wait");
        let hello = client_hello(1);
        tape.data(Side::Client, &hello[..20]);
        tape.data(Side::Client, &hello[20..]);
        tape.data(Side::Server, &[22, 3, 3, 0, 1, 2]);
        assert_eq!(blocks(&recorder, &memory), "PPP");
        assert!(recorder.is_waiting());
        learn(&recorder, 2);
        assert_eq!(
            blocks(&recorder, &memory),
            "PPP",
            "another session's secrets are no business of this file"
        );
        learn(&recorder, 1);
        assert_eq!(blocks(&recorder, &memory), "PPPSPPPPPP");
        tape.finish(Side::Client);
        assert_eq!(blocks(&recorder, &memory), "PPPSPPPPPPPP");
        drop(tape);
        assert!(!recorder.is_waiting());
        let status = recorder.status();
        assert_eq!((status.connections, status.sessions, status.with_secrets, status.packets), (1, 1, 1, 11));
    }

    #[test]
    fn secrets_that_were_there_before_serve_at_once() {
        let (recorder, memory) = recorder(true, None);
        learn(&recorder, 1);
        connect(&recorder).data(Side::Client, &client_hello(1));
        assert_eq!(blocks(&recorder, &memory), "PPPSPP");
    }

    #[test]
    fn nothing_but_a_client_hello_waits() {
        for (from, bytes) in [
            (
                Side::Client,
                &b"GET / HTTP/1.1

"[..],
            ),
            (
                Side::Server,
                b"220 ready
",
            ),
        ] {
            let (recorder, memory) = recorder(true, None);
            connect(&recorder).data(from, bytes);
            assert_eq!(blocks(&recorder, &memory), "PPPPP");
            assert!(!recorder.is_waiting());
        }
        let (recorder, memory) = recorder(false, None);
        connect(&recorder).data(Side::Client, &client_hello(1));
        assert_eq!(blocks(&recorder, &memory), "PPPPP", "no secrets are expected");
        assert_eq!(recorder.status().sessions, 1);
    }

    #[test]
    fn a_refused_handshake_does_not_wait() {
        let (recorder, memory) = recorder(true, None);
        let tape = connect(&recorder);
        tape.data(Side::Client, &client_hello(1));
        tape.data(Side::Server, &[21, 3, 3, 0, 2, 2, 40]);
        assert_eq!(blocks(&recorder, &memory), "PPPPPPP");
        learn(&recorder, 1);
        assert_eq!(recorder.status().with_secrets, 0);
    }

    #[test]
    fn an_alert_at_the_end_of_a_session_does_not_end_its_waiting() {
        let (recorder, memory) = recorder(true, None);
        let tape = connect(&recorder);
        tape.data(Side::Client, &client_hello(1));
        tape.data(Side::Server, &[22, 3, 3, 0, 1, 2]);
        tape.data(Side::Server, &[21, 3, 3, 0, 2, 1, 0]);
        learn(&recorder, 1);
        assert_eq!(blocks(&recorder, &memory), "PPPSPPPPPP");
    }

    #[test]
    fn waiting_ends_by_time_and_late_secrets_come_behind() {
        let (recorder, memory) = recorder(true, None);
        let tape = connect(&recorder);
        tape.data(Side::Client, &client_hello(1));
        drop(tape);
        recorder.expire();
        assert_eq!(blocks(&recorder, &memory), "PPP");
        NOW.set(NOW.get() + LONGEST_WAIT.as_secs());
        recorder.expire();
        assert_eq!(blocks(&recorder, &memory), "PPPPP");
        learn(&recorder, 1);
        assert_eq!(blocks(&recorder, &memory), "PPPPPS");
        assert_eq!(recorder.status().with_late_secrets, 1);
    }

    #[test]
    fn what_is_known_of_a_handshake_that_was_broken_off_comes_before_it() {
        let (recorder, memory) = recorder(true, None);
        let tape = connect(&recorder);
        tape.data(Side::Client, &client_hello(1));
        let secret = Zeroizing::new(vec![5; 48]);
        recorder.learn(Line { label: Label::ServerHandshakeTraffic, random: [1; 32], secret });
        assert_eq!(blocks(&recorder, &memory), "PPP", "more may come");
        recorder.flush();
        assert_eq!(blocks(&recorder, &memory), "PPPSPP");
        assert_eq!(recorder.status().with_secrets, 0, "not all of them");
    }

    #[test]
    fn waiting_ends_by_size() {
        let (recorder, memory) = recorder(true, None);
        let tape = connect(&recorder);
        tape.data(Side::Client, &client_hello(1));
        tape.data(Side::Server, &vec![22; MOST_HELD]);
        assert!(blocks(&recorder, &memory).len() > 700);
        tape.data(Side::Server, b"more");
        assert!(recorder.writer.state().hold.held_bytes() == 0);
    }

    #[test]
    fn a_limit_stops_the_recording_at_a_whole_block() {
        let (recorder, memory) = recorder(false, Some(10_000));
        let tape = connect(&recorder);
        tape.data(Side::Client, &[1; 2000]);
        tape.data(Side::Client, &[1; 9000]);
        tape.data(Side::Client, b"fits, but the recording has stopped");
        assert_eq!(blocks(&recorder, &memory), "PPPPPP");
        let status = recorder.status();
        assert_eq!(status.stopped, Some(Stopped::Limit(10_000)));
        assert_eq!(status.bytes, memory.bytes().len() as u64);
    }

    struct Full(u8);
    impl Sink for Full {
        fn append(&mut self, _: &[u8], _: bool) -> io::Result<()> {
            self.0 += 1;
            if self.0 > 2 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
        }
    }

    #[test]
    fn a_full_disk_stops_the_recording_only() {
        let file = std::fs::OpenOptions::new().write(true).open("/dev/full");
        let Ok(file) = file else { return eprintln!("SKIPPED: there is no /dev/full here") };
        let options = Options { clock, interface: String::new(), max_size: None, secrets: false };
        let error = Recorder::start(Box::new(FileSink::new(file)), &options).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);

        let options = Options { clock, interface: String::new(), max_size: None, secrets: false };
        let recorder = Recorder::start(Box::new(Full(0)), &options).unwrap();
        let tape = connect(&recorder);
        recorder.writer.settle();
        tape.data(Side::Client, b"lost");
        recorder.writer.settle();
        let status = recorder.status();
        assert_eq!(status.stopped, Some(Stopped::Failed("no storage space".to_owned())));
        assert_eq!(status.packets, 3, "the handshake");
    }
}
