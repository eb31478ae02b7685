//! The tap: a relay between clients and a server that records what crosses.
//!
//! The caller binds and says when to stop; the tap accepts, dials the server for each client and carries bytes
//! both ways, unchanged and at once, TLS or not. A chunk is handed to the recorder before it is passed on, so an answer
//! never stands in the file before its question. Ends travel as they came: a closed half stays a closed half, a
//! reset becomes a reset. In the file, the server's address is the one that the client dialled: the tap's.
//!
//! Bounded: connections at a time, dialling, idleness, and memory (see [`crate::streams`]).

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::key_log::KeyLogFollower;
use super::recording::{Recorder, Stopped, Tape};
use super::{Both, Side};
use crate::streams::accept::{Notice, accept};
use crate::streams::relay::{Ending, Observer, relay};
use crate::streams::{Pooled, Reset};

/// How often the key log is looked at while sessions wait for their secrets.
const KEY_LOG_INTERVAL: Duration = Duration::from_millis(10);
/// And how often the recorder is looked after while none waits.
const IDLE_INTERVAL: Duration = Duration::from_millis(100);

/// How many pieces of a key log are still read when the tap is stopped.
const LAST_PIECES: usize = 16;

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
pub enum TapEvent {
    /// A connection has ended.
    Relayed(Relayed),
    /// Something about accepting.
    Accepting(Notice),
    /// The key log cannot be read; said once.
    KeyLogUnreadable(io::Error),
    /// Nothing more is recorded; connections go on. Said once.
    RecordingStopped(Stopped),
}

/// A connection that has ended.
#[derive(Debug)]
pub struct Relayed {
    /// The client.
    pub client: SocketAddr,
    /// Bytes that each end sent.
    pub sent: Both<u64>,
    /// How it ended.
    pub end: RelayEnd,
}

/// How a connection through the tap ended.
#[derive(Debug, thiserror::Error)]
pub enum RelayEnd {
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
/// and whatever waits for secrets is written. `happened` hears of every [`TapEvent`].
pub async fn run(
    listener: TcpListener,
    config: Config,
    recorder: Recorder,
    stop: impl Future<Output = ()>,
    happened: impl Fn(TapEvent) + Send + Sync + 'static,
) {
    let happened: Happened = Arc::new(happened);
    let mut supervisor = Supervisor::new(&config, &recorder, &happened);
    let config = Arc::new(config);
    let (stopping, stopped) = watch::channel(());
    let relaying = async {
        let tell = |notice| happened(TapEvent::Accepting(notice));
        let mut open = accept(listener, config.max_connections, stop, tell, |client, address| {
            let (config, recorder) = (Arc::clone(&config), recorder.clone());
            let (happened, stopped) = (Arc::clone(&happened), stopped.clone());
            async move {
                let relayed = connection(client, address, &config, &recorder, stopped).await;
                happened(TapEvent::Relayed(relayed));
            }
        })
        .await;
        // Every connection has its own receiver and ends when there is no sender any more.
        drop(stopping);
        while open.join_next().await.is_some() {}
    };
    tokio::select! {
        () = relaying => {}
        never = supervisor.run() => match never {},
    }
    supervisor.finish();
}

type Happened = Arc<dyn Fn(TapEvent) + Send + Sync>;

/// Looks after the recorder: brings it secrets, ends its waiting, says once what went wrong.
struct Supervisor {
    recorder: Recorder,
    follower: Option<KeyLogFollower>,
    happened: Happened,
    said_stopped: bool,
    said_unreadable: bool,
}

impl Supervisor {
    fn new(config: &Config, recorder: &Recorder, happened: &Happened) -> Self {
        Self {
            recorder: recorder.clone(),
            follower: config.keylog.as_deref().map(KeyLogFollower::new),
            happened: Arc::clone(happened),
            said_stopped: false,
            said_unreadable: false,
        }
    }

    async fn run(&mut self) -> Infallible {
        loop {
            let interval = if self.recorder.is_waiting() { KEY_LOG_INTERVAL } else { IDLE_INTERVAL };
            sleep(interval).await;
            self.look();
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
            (self.happened)(TapEvent::RecordingStopped(stopped));
        }
    }

    fn learn(&mut self) {
        let Some(follower) = &mut self.follower else { return };
        let recorder = &self.recorder;
        if let Err(error) = follower.poll(|line| recorder.learn(line))
            && !std::mem::replace(&mut self.said_unreadable, true)
        {
            (self.happened)(TapEvent::KeyLogUnreadable(error));
        }
    }

    fn finish(&mut self) {
        // A key log is read piece by piece; what is left of it by now is no longer than this, or is never read.
        for _ in 0..LAST_PIECES {
            self.learn();
        }
        self.recorder.flush();
        self.look();
    }
}

/// Records and counts what crosses one connection.
struct Recording {
    tape: Tape,
    sent: Both<u64>,
}

impl Observer for Recording {
    fn data(&mut self, from: Side, bytes: &[u8]) {
        self.sent[from] += bytes.len() as u64;
        self.tape.data(from, bytes);
    }

    fn end(&mut self, from: Side) {
        self.tape.finish(from);
    }

    fn broken(&mut self, by: Side) {
        self.tape.reset(by);
    }
}

/// One connection, from accepted to gone.
async fn connection(
    client: TcpStream,
    address: SocketAddr,
    config: &Config,
    recorder: &Recorder,
    mut stopped: watch::Receiver<()>,
) -> Relayed {
    // The address that the client dialled; an accepted socket has one.
    let dialled = client.local_addr().unwrap_or(address);
    let mut recording = Recording { tape: recorder.connection(address, dialled), sent: Both::default() };
    let end = tokio::select! {
        end = carry(client, config, &mut recording) => end,
        // No value is ever sent: this is the sender going away.
        _ = stopped.changed() => RelayEnd::Stopped,
    };
    Relayed { client: address, sent: recording.sent, end }
}

/// Dials the server and carries bytes both ways.
async fn carry(client: TcpStream, config: &Config, recording: &mut Recording) -> RelayEnd {
    let dialled = timeout(config.dial_timeout, TcpStream::connect(&config.to)).await;
    let server = match dialled.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
        Ok(server) => server,
        Err(error) => {
            recording.broken(Side::Server);
            // What the client would have met without us.
            client.reset_on_drop();
            return RelayEnd::Unreachable(error);
        }
    };
    // Small messages go at once, as they came. A socket that refuses is merely slower.
    let _ = server.set_nodelay(true);
    let (mut client, mut server) = (Pooled::new(client), Pooled::new(server));
    match relay(&mut client, &mut server, config.idle_timeout, recording).await {
        Ending::Closed => RelayEnd::Closed,
        Ending::Idle => RelayEnd::Idle(config.idle_timeout),
        Ending::Broken { by, .. } => RelayEnd::Reset(by),
    }
}
