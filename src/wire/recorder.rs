//! A recorder: connections' bytes in, one pcapng out.
//!
//! Promised: whatever is in the file is in order, and in whole blocks but for a last one that is being written;
//! whatever goes wrong with the file, the connections do not notice: recording stops and says why
//! ([`Status::stopped`]).
//!
//! What is said in small is in the file when [`Tape::data`] returns. A bulk transfer and its recording go on side
//! by side: a thread of its own writes that, and until it is done whatever comes has to queue. What is queued or
//! being written is at most twice [`MOST_QUEUED`] and a chunk; beyond that, [`Tape::data`] waits. A process that is
//! killed in the midst of a bulk transfer loses that much. [`Recorder::flush`] waits until all is in the file, and
//! so does dropping the last of a recorder.
//!
//! Where secrets are expected ([`Options::secrets`]), they stand in the file before the packets that need
//! them, so that one pass decrypts. To that end a session's packets wait in memory from its ClientHello until
//! its secrets are known, but no longer than [`LONGEST_WAIT`], no more than [`MOST_HELD`] a session and
//! [`MOST_HELD_IN_ALL`] together. A session that goes beyond is written behind what is known of its secrets,
//! and all of them, should they come after all, behind it (a reader that goes through the file twice still
//! decrypts). Connections whose first octets are no ClientHello never wait. A process that is killed loses what
//! waits.
//!
//! Not recorded: secrets of sessions that did not cross this recorder, and exporter secrets that are logged
//! after the session's own were complete.

use std::collections::{HashMap, HashSet};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime};

use zeroize::{Zeroize, Zeroizing};

use super::frames::{Conversation, Emit};
use super::keylog::{ClientRandom, Line, Secrets};
use super::sink::{self, Sink};
use super::{Both, Side, pcapng, record};

/// How long a session's packets wait for its secrets.
pub const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// The most bytes of one session that wait.
pub const MOST_HELD: usize = 1 << 20;
/// The most bytes of all sessions together that wait.
pub const MOST_HELD_IN_ALL: usize = 64 << 20;
/// The most bytes that are on their way to the file before more have to wait.
pub const MOST_QUEUED: usize = 1 << 20;
/// The most bytes that whoever brings them writes: handing them to another thread would cost more.
const SMALL: usize = 32 << 10;

/// Where in a stream that begins with a ClientHello its random ends: record header, message header, version.
const RANDOM_END: usize = record::HEADER + 4 + 2 + 32;
/// The most given-up sessions whose late secrets are still looked out for.
const MOST_GIVEN_UP: usize = 1 << 16;

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

/// Why recording stopped while the connections went on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stopped {
    /// The file could not be written.
    #[error("cannot write: {0}")]
    Failed(String),
    /// The file would have grown beyond its limit, in bytes.
    #[error("size limit of {0} bytes reached")]
    Limit(u64),
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

/// The recorder. Clones share one file.
#[derive(Clone)]
pub struct Recorder {
    desk: Arc<Desk>,
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
        let mut queue = Batch::default();
        queue.begin(head.len() as u64);
        let shared = Shared {
            queue,
            queued: head.len() as u64,
            sink: Some(sink),
            closed: false,
            waiters: 0,
            limit: options.max_size.unwrap_or(u64::MAX),
            expects_secrets: options.secrets,
            status: Status { bytes: head.len() as u64, ..Status::default() },
            secrets: Secrets::default(),
            held: HashMap::new(),
            held_bytes: 0,
            waiting: HashMap::new(),
            given_up: HashSet::new(),
        };
        let common =
            Arc::new(Common { shared: Mutex::new(shared), filled: Condvar::new(), taken: Condvar::new() });
        let writers = Arc::clone(&common);
        let writer = thread::Builder::new().name("recorder".to_owned()).spawn(move || writers.write())?;
        Ok(Self { desk: Arc::new(Desk { common, writer: Some(writer) }), clock: options.clock })
    }

    /// A connection has been opened: records its handshake.
    pub fn connection(&self, client: SocketAddr, server: SocketAddr) -> Tape {
        let id = {
            let mut shared = self.shared();
            shared.status.connections += 1;
            shared.status.connections
        };
        // Initial sequence numbers merely have to differ (RFC 9293 §3.4.1); without randomness, counting does.
        let number = || crate::crypto::random().map_or(id, u64::from_be_bytes);
        #[expect(clippy::cast_possible_truncation, reason = "any 32 bits will do")]
        let initial = Both { client: number() as u32, server: number() as u32 };
        let tape = Tape {
            recorder: self.clone(),
            id,
            state: Mutex::new(TapeState {
                conversation: Conversation::new(client, server, initial),
                start: Start::Unknown(Vec::new()),
                answered: false,
            }),
        };
        tape.with(|conversation, emit| conversation.open(emit), None);
        tape
    }

    /// A line of a key log: the secrets of a session that may have crossed, or may yet.
    pub fn learn(&self, line: Line) {
        let random = line.random;
        self.common().change(|shared| {
            shared.secrets.learn(line);
            shared.key(&random);
        });
    }

    /// Writes what has waited too long.
    pub fn expire(&self) {
        let now = self.now();
        let shared = self.shared();
        let late: Vec<u64> = shared
            .unreleased()
            .filter(|(_, held)| held.since + LONGEST_WAIT <= now)
            .map(|(id, _)| id)
            .collect();
        drop(shared);
        for id in late {
            self.common().change(|shared| shared.give_up(id));
        }
    }

    /// Whether any session waits for its secrets.
    pub fn is_waiting(&self) -> bool {
        self.shared().unreleased().next().is_some()
    }

    /// Writes everything that waits, and waits until it is written. Recording may go on.
    pub fn flush(&self) {
        let mut all: Vec<u64> = self.shared().unreleased().map(|(id, _)| id).collect();
        all.sort_unstable();
        for id in all {
            self.common().change(|shared| shared.give_up(id));
        }
        self.settle();
    }

    /// Waits until everything that does not wait for secrets is in the file.
    fn settle(&self) {
        drop(self.common().once(|shared| shared.sink.is_some() && shared.queue.blocks().is_empty()));
    }

    /// What was recorded so far.
    pub fn status(&self) -> Status {
        self.shared().status.clone()
    }

    fn common(&self) -> &Common {
        &self.desk.common
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.common().lock()
    }

    fn now(&self) -> Duration {
        // A clock before 1970 counts as 1970.
        (self.clock)().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
    }
}

/// One connection's recording. Dropping it writes nothing more.
#[derive(Debug)]
pub struct Tape {
    recorder: Recorder,
    id: u64,
    state: Mutex<TapeState>,
}

#[derive(Debug)]
struct TapeState {
    conversation: Conversation,
    start: Start,
    answered: bool,
}

/// What a connection begins with.
#[derive(Clone, Debug)]
enum Start {
    /// So far too little to tell.
    Unknown(Vec<u8>),
    /// A ClientHello with this random.
    ClientHello(ClientRandom),
    /// Anything else, or nobody wants to know.
    Other,
}

impl Start {
    fn feed(&mut self, from: Side, bytes: &[u8]) {
        let Self::Unknown(start) = self else { return };
        if from == Side::Server {
            *self = Self::Other;
            return;
        }
        start.extend_from_slice(&bytes[..bytes.len().min(RANDOM_END - start.len())]);
        if record::begins_with_client_hello(start) == Some(false) {
            *self = Self::Other;
        } else if let Some((_, random)) = start.split_last_chunk()
            && start.len() == RANDOM_END
        {
            *self = Self::ClientHello(*random);
        }
    }
}

impl Tape {
    /// One end sent `bytes`.
    pub fn data(&self, from: Side, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.with(|conversation, emit| conversation.data(from, bytes, emit), Some((from, bytes)));
        }
    }

    /// One end has no more to send (FIN).
    pub fn finish(&self, from: Side) {
        self.with(|conversation, emit| conversation.finish(from, emit), None);
    }

    /// One end broke the connection off (RST).
    pub fn reset(&self, from: Side) {
        self.with(|conversation, emit| conversation.reset(from, emit), None);
    }

    fn with(&self, happen: impl FnOnce(&mut Conversation, Emit<'_>), data: Option<(Side, &[u8])>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let state = &mut *state;
        let was_unknown = matches!(state.start, Start::Unknown(_));
        if let Some((from, bytes)) = data {
            state.start.feed(from, bytes);
            // A first answer that is an alert refuses: there will be no secrets to wait for.
            if from == Side::Server && !std::mem::replace(&mut state.answered, true) && bytes[0] == 21 {
                state.start = Start::Other;
            }
        }
        {
            let mut shared = self.recorder.shared();
            if was_unknown && matches!(state.start, Start::ClientHello(_)) {
                shared.status.sessions += 1;
            }
            if shared.status.stopped.is_some() {
                return;
            }
        }
        let clock = || self.recorder.now();
        let (start, conversation) = (&state.start, &mut state.conversation);
        self.recorder.common().change(|shared| {
            let now = clock();
            shared.take(self.id, start, now, |blocks| {
                let mut packets = 0;
                happen(conversation, &mut |headers, payload| {
                    packets += 1;
                    pcapng::packet(blocks, now, headers, payload);
                });
                packets
            });
        });
    }
}

impl Drop for Tape {
    fn drop(&mut self) {
        self.recorder.shared().close(self.id);
    }
}

/// What a recorder's clones have together: the last of them lets the writer finish, and waits for it.
struct Desk {
    common: Arc<Common>,
    writer: Option<JoinHandle<()>>,
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.common.lock().closed = true;
        self.common.filled.notify_one();
        // A writer that panicked has said so itself.
        let _ = self.writer.take().map(JoinHandle::join);
    }
}

/// What the writer and those who bring it something have together.
struct Common {
    shared: Mutex<Shared>,
    /// There is something in the queue, or nothing will come any more.
    filled: Condvar,
    /// The queue was taken, or what was taken is written.
    taken: Condvar,
}

impl Common {
    fn lock(&self) -> MutexGuard<'_, Shared> {
        // Nothing below leaves the state half-changed by panicking.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state, once it is as it is wanted: something that the writer brings about.
    fn once(&self, wanted: impl Fn(&Shared) -> bool) -> MutexGuard<'_, Shared> {
        let mut shared = self.lock();
        if !wanted(&shared) {
            shared.waiters += 1;
            let not_yet = |shared: &mut Shared| !wanted(shared);
            shared = self.taken.wait_while(shared, not_yet).unwrap_or_else(PoisonError::into_inner);
            shared.waiters -= 1;
        }
        shared
    }

    /// Does what may put something into the queue, once there is room.
    fn change(&self, change: impl FnOnce(&mut Shared)) {
        let mut shared = self.once(|shared| shared.queue.blocks().len() < MOST_QUEUED);
        change(&mut shared);
        if shared.queue.blocks().len() <= SMALL
            && let Some(mut sink) = shared.sink.take()
        {
            let written = shared.queue.write(&mut *sink);
            shared.sink = Some(sink);
            shared.written(written);
            let next = shared.queued;
            shared.queue.begin(next);
        }
        // A writer that is at work looks into the queue when it is done.
        if shared.sink.is_some() && !shared.queue.blocks().is_empty() {
            drop(shared);
            self.filled.notify_one();
        }
    }

    /// The writer's life: takes what is in the queue, all at once, and writes it.
    fn write(&self) {
        let mut batch = Batch::default();
        let mut shared = self.lock();
        loop {
            let idle = |shared: &mut Shared| shared.queue.blocks().is_empty() && !shared.closed;
            shared = self.filled.wait_while(shared, idle).unwrap_or_else(PoisonError::into_inner);
            if shared.queue.blocks().is_empty() {
                return;
            }
            batch.begin(shared.queued);
            std::mem::swap(&mut shared.queue, &mut batch);
            // Only this thread ever keeps it.
            let Some(mut sink) = shared.sink.take() else { return };
            let has_waiters = shared.waiters > 0;
            drop(shared);
            if has_waiters {
                self.taken.notify_all();
            }
            let written = batch.write(&mut *sink);
            shared = self.lock();
            shared.sink = Some(sink);
            shared.written(written);
            if shared.waiters > 0 {
                self.taken.notify_all();
            }
        }
    }
}

/// Blocks on their way to the file.
#[derive(Default)]
struct Batch {
    /// Padding, and the blocks.
    blocks: Zeroizing<Vec<u8>>,
    padding: usize,
    packets: u64,
    has_secrets: bool,
}

impl Batch {
    /// An empty one, whose blocks will stand in the file from `offset` on.
    ///
    /// They lie in memory as they will on the disk, relative to pages: a [`Sink`] can hand them on without a copy.
    fn begin(&mut self, offset: u64) {
        if std::mem::take(&mut self.has_secrets) {
            self.blocks.zeroize();
        }
        self.blocks.clear();
        self.packets = 0;
        self.blocks.reserve(MOST_QUEUED + (1 << 20));
        let page = sink::PAGE as u64;
        let into_page = usize::try_from(offset % page).unwrap_or_default();
        self.padding = self.blocks.as_ptr().align_offset(sink::PAGE).saturating_add(into_page);
        if self.padding > 2 * sink::PAGE {
            // There is no telling where this memory lies; nothing depends on it but speed.
            self.padding = 0;
        }
        self.blocks.resize(self.padding, 0);
    }

    fn blocks(&self) -> &[u8] {
        &self.blocks[self.padding..]
    }

    /// Into the file: how many bytes and packets that was.
    fn write(&self, sink: &mut dyn Sink) -> io::Result<(u64, u64)> {
        let blocks = self.blocks();
        if !blocks.is_empty() {
            // Whoever has something more waits, if this is as much as may be queued.
            sink.append(blocks, blocks.len() >= MOST_QUEUED)?;
        }
        Ok((blocks.len() as u64, self.packets))
    }
}

/// A connection whose packets wait for their secrets, or did.
#[derive(Default)]
struct Held {
    blocks: Vec<u8>,
    packets: u64,
    random: Option<ClientRandom>,
    since: Duration,
    /// Nothing waits any more: later packets go straight into the file.
    released: bool,
    /// No packets will come any more.
    closed: bool,
}

struct Shared {
    queue: Batch,
    /// Bytes that ever went into the queue.
    queued: u64,
    /// What is written to. The writer has it while it writes.
    sink: Option<Box<dyn Sink>>,
    /// Nothing will come any more.
    closed: bool,
    /// How many wait for the writer.
    waiters: usize,
    limit: u64,
    expects_secrets: bool,
    status: Status,
    secrets: Secrets,
    held: HashMap<u64, Held>,
    held_bytes: usize,
    /// Sessions that wait, by what a key log calls them.
    waiting: HashMap<ClientRandom, u64>,
    /// Sessions that were written without their secrets.
    given_up: HashSet<ClientRandom>,
}

impl Shared {
    fn unreleased(&self) -> impl Iterator<Item = (u64, &Held)> {
        self.held.iter().filter(|(_, held)| !held.released).map(|(id, held)| (*id, held))
    }

    /// Packets of a connection, as `fill` appends and counts them: into the file, or into what waits.
    fn take(&mut self, id: u64, start: &Start, now: Duration, fill: impl FnOnce(&mut Vec<u8>) -> u64) {
        let before_data = matches!(start, Start::Unknown(start) if start.is_empty());
        if !self.expects_secrets || before_data {
            return self.write(fill);
        }
        if matches!(start, Start::Other) {
            if let Some(random) = self.held.get(&id).and_then(|held| held.random) {
                self.waiting.remove(&random);
            }
            self.release(id, &[]);
            return self.write(fill);
        }
        let held = self.held.entry(id).or_insert_with(|| Held { since: now, ..Held::default() });
        if held.released {
            return self.write(fill);
        }
        let before = held.blocks.len();
        held.packets += fill(&mut held.blocks);
        let size = held.blocks.len();
        self.held_bytes += size - before;
        if let Start::ClientHello(random) = start
            && held.random.replace(*random).is_none()
        {
            self.waiting.insert(*random, id);
            self.key(random);
        }
        if size > MOST_HELD || self.held_bytes > MOST_HELD_IN_ALL {
            self.give_up(id);
        }
    }

    /// Writes a session's secrets, if they are complete and it has crossed, and what waited for them.
    fn key(&mut self, random: &ClientRandom) {
        let Some(secrets) = self.secrets.session(random).filter(|secrets| secrets.complete()) else { return };
        let mut blocks = Vec::new();
        pcapng::secrets(&mut blocks, &secrets.lines(random));
        if let Some(id) = self.waiting.remove(random) {
            self.status.with_secrets += 1;
            self.release(id, &blocks);
        } else if self.given_up.remove(random) {
            self.status.with_late_secrets += 1;
            self.write_secrets(&blocks, &[], 0);
        }
        blocks.zeroize();
    }

    /// Writes a session's packets without all its secrets. Those that are known come first all the same: a
    /// handshake that was broken off never had more.
    fn give_up(&mut self, id: u64) {
        let mut known = Zeroizing::new(Vec::new());
        if let Some(random) = self.held.get(&id).filter(|held| !held.released).and_then(|held| held.random) {
            self.waiting.remove(&random);
            if self.given_up.len() >= MOST_GIVEN_UP {
                self.given_up.clear();
            }
            self.given_up.insert(random);
            if let Some(secrets) = self.secrets.session(&random) {
                pcapng::secrets(&mut known, &secrets.lines(&random));
            }
        }
        self.release(id, &known);
    }

    /// Writes what waits of a connection, behind `secrets`.
    fn release(&mut self, id: u64, secrets: &[u8]) {
        let Some(held) = self.held.get_mut(&id) else { return };
        let blocks = std::mem::take(&mut held.blocks);
        let packets = std::mem::take(&mut held.packets);
        held.released = true;
        if held.closed {
            self.held.remove(&id);
        }
        self.held_bytes -= blocks.len();
        self.write_secrets(secrets, &blocks, packets);
    }

    fn close(&mut self, id: u64) {
        if let Some(held) = self.held.get_mut(&id) {
            held.closed = true;
            if held.released {
                self.held.remove(&id);
            }
        }
    }

    /// So much is in the file now, or nothing will be any more.
    fn written(&mut self, written: io::Result<(u64, u64)>) {
        match written {
            Ok((bytes, packets)) => {
                self.status.bytes += bytes;
                self.status.packets += packets;
            }
            Err(error) => {
                self.status.stopped = Some(Stopped::Failed(error.to_string()));
                self.queue.begin(0);
            }
        }
    }

    /// Into the queue: secrets, and the packets they serve. They stand or fall together.
    fn write_secrets(&mut self, secrets: &[u8], blocks: &[u8], packets: u64) {
        self.queue.has_secrets |= !secrets.is_empty();
        self.write(|queue| {
            queue.extend_from_slice(secrets);
            queue.extend_from_slice(blocks);
            packets
        });
    }

    /// Into the queue: what `fill` appends, and how many packets it says that is.
    fn write(&mut self, fill: impl FnOnce(&mut Vec<u8>) -> u64) {
        if self.status.stopped.is_some() {
            return;
        }
        let before = self.queue.blocks.len();
        let packets = fill(&mut self.queue.blocks);
        let queued = self.queued + (self.queue.blocks.len() - before) as u64;
        if queued > self.limit {
            self.queue.blocks.truncate(before);
            self.status.stopped = Some(Stopped::Limit(self.limit));
        } else {
            self.queued = queued;
            self.queue.packets += packets;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;
    use crate::wire::keylog::Label;
    use crate::wire::sink::{FileSink, MemorySink};

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
        recorder.settle();
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
        assert!(recorder.shared().held_bytes == 0);
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
        recorder.settle();
        tape.data(Side::Client, b"lost");
        recorder.settle();
        let status = recorder.status();
        assert_eq!(status.stopped, Some(Stopped::Failed("no storage space".to_owned())));
        assert_eq!(status.packets, 3, "the handshake");
    }
}
