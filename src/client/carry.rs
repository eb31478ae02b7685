//! `connect --listen`: a plaintext client's socket, carried over a TLS connection whose server was verified first.
//!
//! Each local connection gets a connection of its own to the server, with every check of it: nothing that the local client
//! says leaves before all have passed, and where one fails its socket is closed. Sessions are resumed, and what was shown
//! when one began is judged anew each time; where it will not do any more, the server is asked again.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::client::{ClientSessionMemoryCache, ClientSessionStore as _, Resumption};
use rustls::pki_types::ServerName;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;

use super::explain::session_trouble;
use super::outcome::{Outcome, Trouble};
use super::{Target, Terms, dial};
use crate::side::{Both, Side};
use crate::streams::accept::{Notice, accept};
use crate::streams::relay::{Ending, relay};
use crate::streams::{Opened, Pooled};
use crate::tls::SessionFacts;
use crate::tls::errors::io_words;

/// Where to, on which terms, and within which limits.
#[derive(Clone, Debug)]
pub struct Carrier {
    /// The TLS server.
    pub target: Target,
    /// By what it is judged, each time again.
    pub terms: Terms,
    /// How many local clients at once; further ones wait.
    pub max_connections: usize,
    /// How long a connection may pass without a byte in either direction.
    pub idle_timeout: Duration,
    /// How long connections may go on after the request to stop.
    pub drain_timeout: Duration,
}

/// What happened.
#[derive(Debug)]
pub enum Carried {
    /// Something about accepting.
    Accepting(Notice),
    /// The local client's connection was closed and nothing of it sent.
    Refused {
        /// The local client.
        peer: SocketAddr,
        /// What came of the server: a refused certificate, a failed handshake, nobody there.
        outcome: Box<Outcome>,
    },
    /// A connection has ended.
    Ended {
        /// The local client.
        peer: SocketAddr,
        /// What became of it.
        ended: Box<Ended>,
    },
}

/// What became of a connection.
#[derive(Clone, Debug)]
pub struct Ended {
    /// What the handshake agreed on; `None` where it was cut off before that.
    pub session: Option<SessionFacts>,
    /// Whether it went on with an earlier session.
    pub resumed: bool,
    /// How many bytes the local client and the server sent.
    pub bytes: Both<u64>,
    /// How it ended.
    pub how: How,
}

/// How a carried connection ended.
#[derive(Clone, Debug, PartialEq)]
pub enum How {
    /// Both ends said all they had.
    Closed,
    /// It went on when the time to stop had come; both were reset.
    Cut,
    /// Nothing moved for the idle timeout; both were reset.
    Idle,
    /// The local client broke off; the server's connection was cut without close_notify.
    ClientBroke(String),
    /// The server broke off; the local client's connection was reset.
    ServerBroke(Trouble),
}

/// Where events go. Called from many tasks at once; must not block.
type Events = Arc<dyn Fn(Carried) + Send + Sync>;

/// A connection whose server was verified.
type Stream = TlsStream<Opened<Pooled<TcpStream>>>;

/// How many servers' sessions are remembered; there is one server.
const SESSIONS: usize = 8;

/// Carries the connections of `listener` until `stop` is ready, and then for the drain timeout at most. Dropping the
/// future cuts them off. Fails where TLS cannot be set up on these terms at all.
pub async fn carry(
    listener: TcpListener,
    carrier: Carrier,
    events: impl Fn(Carried) + Send + Sync + 'static,
    stop: impl Future<Output = ()>,
) -> Result<(), rustls::Error> {
    let events: Events = Arc::new(events);
    let kept = Arc::new(Kept::new(&carrier.terms)?);
    let carrier = Arc::new(carrier);
    let tell = |notice| events(Carried::Accepting(notice));
    let mut open = accept(listener, carrier.max_connections, stop, tell, |client, peer| {
        let (carrier, kept) = (Arc::clone(&carrier), Arc::clone(&kept));
        let line = Line::new(peer, Arc::clone(&events));
        async move { carrier.one(&kept, client, line).await }
    })
    .await;
    let all = async { while open.join_next().await.is_some() {} };
    if timeout(carrier.drain_timeout, all).await.is_err() {
        open.shutdown().await;
    }
    Ok(())
}

/// What is kept from one connection to the next: how TLS is spoken, and the sessions that can be resumed.
struct Kept {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
    sessions: Arc<ClientSessionMemoryCache>,
}

impl Kept {
    fn new(terms: &Terms) -> Result<Self, rustls::Error> {
        let sessions = Arc::new(ClientSessionMemoryCache::new(SESSIONS));
        let (mut config, name) = terms.shared_config()?;
        config.resumption = Resumption::store(Arc::clone(&sessions) as _);
        Ok(Self { config: Arc::new(config), name, sessions })
    }

    /// The next handshake is a full one.
    fn forget(&self) {
        self.sessions.remove_tls12_session(&self.name);
        while self.sessions.take_tls13_ticket(&self.name).is_some() {}
    }
}

impl Carrier {
    async fn one(&self, kept: &Kept, client: TcpStream, mut line: Line) {
        let (server, outcome, resumed) = match self.server(kept).await {
            Ok(verified) => verified,
            Err(outcome) => return line.tell(|peer, _| Carried::Refused { peer, outcome }),
        };
        let mut server = Pooled::new(server);
        let mut client = Pooled::new(client);
        line.begin(outcome.session, resumed);
        let ending = relay(&mut client, &mut server, self.idle_timeout, &mut line.carried.bytes).await;
        let missing = outcome.certificate_requested && self.terms.identity.is_none();
        let how = match ending {
            Ending::Closed => How::Closed,
            Ending::Idle => How::Idle,
            Ending::Broken { by: Side::Client, error } => How::ClientBroke(io_words(&error)),
            Ending::Broken { by: Side::Server, error } => How::ServerBroke(session_trouble(&error, missing)),
        };
        line.ended(how);
    }

    /// A verified connection to the server, or what came of it.
    async fn server(&self, kept: &Kept) -> Result<(Stream, Outcome, bool), Box<Outcome>> {
        let mut config = Arc::clone(&kept.config);
        loop {
            let (socket, address) = match dial(&self.target, self.terms.patience).await {
                Ok(connected) => connected,
                Err(trouble) => {
                    return Err(Box::new(Outcome { trouble: Some(trouble), ..Outcome::default() }));
                }
            };
            // Boxed: what a handshake takes is not needed any more afterwards.
            let shaking = Box::pin(self.terms.handshake_by(
                Arc::clone(&config),
                kept.name.clone(),
                Pooled::new(socket),
            ));
            let handshake = shaking.await;
            match handshake.stream {
                Some(stream) => return Ok((stream, handshake.outcome, handshake.resumed)),
                // What was shown back then will not do any more; the server may have better by now.
                None if handshake.resumed => {
                    kept.forget();
                    let mut full = ClientConfig::clone(&config);
                    full.resumption = Resumption::disabled();
                    config = Arc::new(full);
                }
                None => return Err(Box::new(Outcome { address: Some(address), ..handshake.outcome })),
            }
        }
    }
}

/// What will be told of a connection, when it is dropped at the latest: also of one that is cut off.
struct Line {
    peer: SocketAddr,
    events: Events,
    carried: Ended,
    told: bool,
}

impl Line {
    fn new(peer: SocketAddr, events: Events) -> Self {
        let carried = Ended { session: None, resumed: false, bytes: Both::default(), how: How::Cut };
        Self { peer, events, carried, told: false }
    }

    fn begin(&mut self, session: Option<SessionFacts>, resumed: bool) {
        (self.carried.session, self.carried.resumed) = (session, resumed);
    }

    fn ended(&mut self, how: How) {
        self.carried.how = how;
        self.tell(|peer, ended| Carried::Ended { peer, ended });
    }

    fn tell(&mut self, what: impl FnOnce(SocketAddr, Box<Ended>) -> Carried) {
        if !std::mem::replace(&mut self.told, true) {
            (self.events)(what(self.peer, Box::new(self.carried.clone())));
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.tell(|peer, ended| Carried::Ended { peer, ended });
    }
}
