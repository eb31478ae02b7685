//! What will be told of a connection, told when it is dropped at the latest: also of one that is cut off.

use std::net::SocketAddr;

use tokio::time::Instant;

use super::event::{End, Event, Events, HandshakeFailure, Session, TlsFacts};
use crate::streams::Traffic;

/// What will be told of a connection: exactly one event of its end, when it is dropped at the latest.
pub(super) struct Report<'e> {
    peer: SocketAddr,
    events: &'e Events,
    started: Instant,
    failure: HandshakeFailure,
    session: Option<(Option<TlsFacts>, Traffic, End)>,
    told: bool,
}

impl<'e> Report<'e> {
    pub(super) fn new(peer: SocketAddr, events: &'e Events) -> Self {
        let failure = HandshakeFailure::Stopped;
        Self { peer, events, started: Instant::now(), failure, session: None, told: false }
    }

    /// There was no session.
    pub(super) fn failed(&mut self, failure: HandshakeFailure) {
        self.failure = failure;
        self.tell();
    }

    /// The handshake is done; the session's bytes are to be counted here.
    pub(super) fn established(&mut self, tls: Option<TlsFacts>) -> &mut Traffic {
        (self.events)(Event::Established { tls: tls.clone().map(Box::new) });
        &mut self.session.insert((tls, Traffic::default(), End::Stopped)).1
    }

    /// The session is over.
    pub(super) fn ended(&mut self, end: End) {
        if let Some((_, _, ended)) = &mut self.session {
            *ended = end;
        }
        self.tell();
    }

    fn tell(&mut self) {
        if std::mem::replace(&mut self.told, true) {
            return;
        }
        let peer = self.peer;
        (self.events)(match self.session.take() {
            None => Event::HandshakeFailed { peer, failure: self.failure.clone() },
            Some((tls, traffic, end)) => Event::SessionEnded(Box::new(Session {
                peer,
                tls,
                received: traffic.received,
                sent: traffic.sent,
                duration: self.started.elapsed(),
                end,
            })),
        });
    }
}

impl Drop for Report<'_> {
    fn drop(&mut self) {
        self.tell();
    }
}
