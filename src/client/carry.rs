//! `connect --listen`: a plaintext client's socket, carried over a TLS connection whose server was verified first.
//!
//! Each local connection gets a connection of its own to the server, with every check of it: nothing that the local client
//! says leaves before all have passed, and where one fails its socket is closed.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::explain::session_trouble;
use super::outcome::{Outcome, Trouble};
use super::{Target, Terms, dial};
use crate::side::{Both, Side};
use crate::streams::Pooled;
use crate::streams::accept::{Notice, accept};
use crate::streams::relay::{Ending, relay};
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
    /// TLS cannot be set up on these terms at all.
    Failed {
        /// The local client.
        peer: SocketAddr,
        /// Why, in words.
        words: String,
    },
    /// A connection has ended.
    Ended {
        /// The local client.
        peer: SocketAddr,
        /// What the handshake agreed on.
        session: Option<SessionFacts>,
        /// How many bytes the local client and the server sent.
        bytes: Both<u64>,
        /// How it ended.
        how: How,
    },
}

/// How a carried connection ended.
#[derive(Clone, Debug, PartialEq)]
pub enum How {
    /// Both ends said all they had.
    Closed,
    /// Nothing moved for the idle timeout; both were reset.
    Idle,
    /// The local client broke off; the server's connection was cut without close_notify.
    ClientBroke(String),
    /// The server broke off; the local client's connection was reset.
    ServerBroke(Trouble),
}

/// Carries the connections of `listener` until `stop` is ready, and then for the drain timeout at most. Dropping the
/// future cuts them off.
pub async fn carry(
    listener: TcpListener,
    carrier: Carrier,
    events: impl Fn(Carried) + Send + Sync + 'static,
    stop: impl Future<Output = ()>,
) {
    let events = Arc::new(events);
    let carrier = Arc::new(carrier);
    let tell = |notice| events(Carried::Accepting(notice));
    let mut open = accept(listener, carrier.max_connections, stop, tell, |client, peer| {
        let (carrier, events) = (Arc::clone(&carrier), Arc::clone(&events));
        async move { events(carrier.one(client, peer).await) }
    })
    .await;
    let all = async { while open.join_next().await.is_some() {} };
    if timeout(carrier.drain_timeout, all).await.is_err() {
        open.shutdown().await;
    }
}

impl Carrier {
    async fn one(&self, client: TcpStream, peer: SocketAddr) -> Carried {
        let refused = |outcome| Carried::Refused { peer, outcome: Box::new(outcome) };
        let (server, address) = match dial(&self.target, self.terms.patience).await {
            Ok(connected) => connected,
            Err(trouble) => return refused(Outcome { trouble: Some(trouble), ..Outcome::default() }),
        };
        // Boxed: what a handshake takes is not needed any more afterwards.
        let handshake = match Box::pin(self.terms.handshake(Pooled::new(server))).await {
            Ok(handshake) => handshake,
            Err(error) => return Carried::Failed { peer, words: error.to_string() },
        };
        let Some(server) = handshake.stream else {
            return refused(Outcome { address: Some(address), ..handshake.outcome });
        };
        let mut server = Pooled::new(server);
        let mut bytes = Both::default();
        let mut client = Pooled::new(client);
        let ending = relay(&mut client, &mut server, self.idle_timeout, &mut bytes).await;
        let missing = handshake.outcome.certificate_requested && self.terms.identity.is_none();
        let how = match ending {
            Ending::Closed => How::Closed,
            Ending::Idle => How::Idle,
            Ending::Broken { by: Side::Client, error } => How::ClientBroke(io_words(&error)),
            Ending::Broken { by: Side::Server, error } => How::ServerBroke(session_trouble(&error, missing)),
        };
        Carried::Ended { peer, session: handshake.outcome.session, bytes, how }
    }
}
