//! The tap: a relay between clients and a server that records what crosses.
//!
//! The caller binds and says when to stop; the tap accepts, dials the server for each client and carries bytes
//! both ways, unchanged and at once, TLS or not. A chunk is handed to the recorder before it is passed on, so an answer
//! never stands in the file before its question. Ends travel as they came: a closed half stays a closed half, a
//! reset becomes a reset. In the file, the server's address is the one that the client dialled: the tap's.
//!
//! Bounded: connections at a time, dialling, idleness, and two buffers a connection.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::key_log::KeyLogFollower;
use super::recording::{Recorder, Stopped, Tape};
use super::{Both, Side};

/// How often the key log is looked at while sessions wait for their secrets.
const KEY_LOG_INTERVAL: Duration = Duration::from_millis(10);
/// And how often the recorder is looked after while none waits.
const IDLE_INTERVAL: Duration = Duration::from_millis(100);
/// How long to wait before accepting again when the system has no more descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// A relay's buffers: what an interactive session needs, and what a bulk transfer grows them to by filling them: most of
/// what a small one costs is waking whoever waits.
const SMALL_BUFFER: usize = 8 * 1024;
const LARGE_BUFFER: usize = 1024 * 1024;

/// What to tap, and within which bounds.
#[derive(Clone, Debug)]
pub struct Config {
    /// The server, as `HOST:PORT`; looked up anew for each client.
    pub to: String,
    /// The key log in which the secrets of the sessions will appear.
    pub keylog: Option<PathBuf>,
    /// The most connections at a time; more wait to be accepted.
    pub max_connections: usize,
    /// The longest that dialling the server may take.
    pub dial_timeout: Duration,
    /// The longest that a connection may be silent both ways.
    pub idle_timeout: Duration,
}

/// What happened.
#[derive(Debug)]
pub enum Event {
    /// A connection has ended.
    Closed(Connection),
    /// A client could not be accepted.
    NotAccepted(io::Error),
    /// The key log cannot be read; said once.
    KeyLogUnreadable(io::Error),
    /// Nothing more is recorded; connections go on. Said once.
    RecordingStopped(Stopped),
}

/// A connection that has ended.
#[derive(Debug)]
pub struct Connection {
    /// The client.
    pub client: SocketAddr,
    /// Bytes that each end sent.
    pub sent: Both<u64>,
    /// How it ended.
    pub end: End,
}

/// How a connection ended.
#[derive(Debug, thiserror::Error)]
pub enum End {
    /// Both ends said all they had.
    #[error("closed")]
    Closed,
    /// Nothing crossed for so long.
    #[error("silent for {}", humantime::format_duration(*.0))]
    Idle(Duration),
    /// One end broke it off.
    #[error("broken off by the {0}")]
    Reset(Side),
    /// The tap was stopped.
    #[error("cut off: the tap was stopped")]
    Stopped,
    /// The server could not be reached.
    #[error("cannot reach the server: {0}")]
    Unreachable(io::Error),
}

/// Relays what `listener` accepts to the server, recording it, until `stop` ends. Then open connections are cut,
/// and whatever waits for secrets is written. `happened` hears of every [`Event`].
pub async fn run(
    listener: TcpListener,
    config: Config,
    recorder: Recorder,
    stop: impl Future<Output = ()>,
    happened: impl Fn(Event) + Send + Sync + 'static,
) {
    let happened: Happened = Arc::new(happened);
    let mut warden = Warden::new(&config, &recorder, &happened);
    let room = Arc::new(Semaphore::new(config.max_connections));
    let config = Arc::new(config);
    let (stopping, stopped) = watch::channel(());
    let mut relays = JoinSet::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let interval = if recorder.is_waiting() { KEY_LOG_INTERVAL } else { IDLE_INTERVAL };
        tokio::select! {
            biased;
            () = &mut stop => break,
            accepted = accept(&listener, &room) => match accepted {
                Ok((client, address, place)) => {
                    let (config, recorder) = (Arc::clone(&config), recorder.clone());
                    let (happened, stopped) = (Arc::clone(&happened), stopped.clone());
                    relays.spawn(async move {
                        happened(Event::Closed(connection(client, address, &config, &recorder, stopped).await));
                        drop(place);
                    });
                }
                Err(error) => {
                    happened(Event::NotAccepted(error));
                    sleep(ACCEPT_PAUSE).await;
                }
            },
            Some(_) = relays.join_next() => {}
            () = sleep(interval) => {}
        }
        warden.look();
    }
    drop(listener);
    // Every relay has its own receiver and ends when there is no sender any more.
    drop(stopping);
    while relays.join_next().await.is_some() {}
    warden.finish();
}

async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    // The semaphore is never closed.
    let place = Arc::clone(room).acquire_owned().await.map_err(io::Error::other)?;
    let (client, address) = listener.accept().await?;
    Ok((client, address, place))
}

type Happened = Arc<dyn Fn(Event) + Send + Sync>;

/// Looks after the recorder: brings it secrets, ends its waiting, says once what went wrong.
struct Warden {
    recorder: Recorder,
    follower: Option<KeyLogFollower>,
    happened: Happened,
    said_stopped: bool,
    said_unreadable: bool,
}

impl Warden {
    fn new(config: &Config, recorder: &Recorder, happened: &Happened) -> Self {
        Self {
            recorder: recorder.clone(),
            follower: config.keylog.as_deref().map(KeyLogFollower::new),
            happened: Arc::clone(happened),
            said_stopped: false,
            said_unreadable: false,
        }
    }

    fn look(&mut self) {
        if self.recorder.is_waiting() {
            self.learn();
            self.recorder.expire();
        }
        if let Some(stopped) = self.recorder.status().stopped
            && !std::mem::replace(&mut self.said_stopped, true)
        {
            (self.happened)(Event::RecordingStopped(stopped));
        }
    }

    fn learn(&mut self) {
        let Some(follower) = &mut self.follower else { return };
        let recorder = &self.recorder;
        if let Err(error) = follower.poll(|line| recorder.learn(line))
            && !std::mem::replace(&mut self.said_unreadable, true)
        {
            (self.happened)(Event::KeyLogUnreadable(error));
        }
    }

    fn finish(&mut self) {
        self.learn();
        self.recorder.flush();
        self.look();
    }
}

/// One connection, from accepted to gone.
async fn connection(
    client: TcpStream,
    address: SocketAddr,
    config: &Config,
    recorder: &Recorder,
    mut stopped: watch::Receiver<()>,
) -> Connection {
    // The address that the client dialled; an accepted socket has one.
    let dialled = client.local_addr().unwrap_or(address);
    let tape = recorder.connection(address, dialled);
    let progress = Progress::default();
    let end = tokio::select! {
        end = carry(client, config, &tape, &progress) => end,
        // No value is ever sent: this is the sender going away.
        _ = stopped.changed() => End::Stopped,
    };
    let count = |side| progress.sent[side].load(Ordering::Relaxed);
    Connection {
        client: address,
        sent: Both { client: count(Side::Client), server: count(Side::Server) },
        end,
    }
}

/// Dials the server and carries bytes both ways.
async fn carry(mut client: TcpStream, config: &Config, tape: &Tape, progress: &Progress) -> End {
    let dialled = timeout(config.dial_timeout, TcpStream::connect(&config.to)).await;
    let mut server = match dialled.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
        Ok(server) => server,
        Err(error) => {
            tape.reset(Side::Server);
            // What the client would have met without us. Failing that, it meets a close.
            let _ = client.set_zero_linger();
            return End::Unreachable(error);
        }
    };
    // Small messages go at once, as they came. A socket that refuses is merely slower.
    let _ = client.set_nodelay(true);
    let _ = server.set_nodelay(true);
    let end = {
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        tokio::select! {
            end = async {
                tokio::try_join!(
                    pump(Side::Client, from_client, to_server, tape, progress),
                    pump(Side::Server, from_server, to_client, tape, progress),
                )
            } => end.err().map_or(End::Closed, End::Reset),
            () = silence(progress, config.idle_timeout) => End::Idle(config.idle_timeout),
        }
    };
    if !matches!(end, End::Closed) {
        // A plain close would look like an orderly end to whoever is left.
        let _ = client.set_zero_linger();
        let _ = server.set_zero_linger();
    }
    end
}

/// Carries what `side` sends until it has no more to say; `Err` says which side broke off.
async fn pump(
    side: Side,
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    tape: &Tape,
    progress: &Progress,
) -> Result<(), Side> {
    let mut buffer = vec![0; SMALL_BUFFER];
    loop {
        let count = from.read(&mut buffer).await.map_err(|_| {
            tape.reset(side);
            side
        })?;
        if count == 0 {
            tape.finish(side);
            // The peer may be gone already; its own end then says so.
            let _ = to.shutdown().await;
            return Ok(());
        }
        tape.data(side, &buffer[..count]);
        progress.note(side, count);
        to.write_all(&buffer[..count]).await.map_err(|_| {
            tape.reset(side.peer());
            side.peer()
        })?;
        if count == buffer.len() && count < LARGE_BUFFER {
            buffer.resize((2 * count).min(LARGE_BUFFER), 0);
        }
    }
}

/// What has crossed, and when last.
struct Progress {
    sent: Both<AtomicU64>,
    last: Mutex<Instant>,
}

impl Default for Progress {
    fn default() -> Self {
        Self { sent: Both::default(), last: Mutex::new(Instant::now()) }
    }
}

impl Progress {
    fn note(&self, side: Side, octets: usize) {
        self.sent[side].fetch_add(octets as u64, Ordering::Relaxed);
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }
}

/// Ends when nothing has crossed for `longest`.
async fn silence(progress: &Progress, longest: Duration) {
    loop {
        let last = *progress.last.lock().unwrap_or_else(PoisonError::into_inner);
        let until = last + longest;
        if until <= Instant::now() {
            return;
        }
        sleep_until(until).await;
    }
}
