//! Accepting: hands each peer to a task of its own, keeps the limits, and ends in good order.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::session::{self, Events};
use super::{Config, Event};
use crate::wire::Side;
use crate::wire::recording::Recorded;

/// Serves peers of `listener` until `stop` is ready and then until their sessions have ended, for at most the
/// drain timeout.
///
/// What happens is told to `events`, from many tasks at once. Dropping the future cuts every session off.
pub async fn run(
    listener: TcpListener,
    config: Config,
    events: impl Fn(Event) + Send + Sync + 'static,
    stop: impl Future<Output = ()>,
) {
    let events: Events = Arc::new(events);
    let config = Arc::new(config);
    let (drain, draining) = watch::channel(false);
    let permits = Arc::new(Semaphore::new(config.limits.max_connections.min(Semaphore::MAX_PERMITS)));
    let mut sessions = JoinSet::new();
    let mut full_told = false;
    let mut stop = pin!(stop);
    loop {
        if permits.available_permits() == 0 && !std::mem::replace(&mut full_told, true) {
            events(Event::Full);
        }
        let next = async {
            // At the limit nobody is accepted, rather than accepted and dropped. The semaphore is never closed.
            let permit = Arc::clone(&permits).acquire_owned().await.ok()?;
            Some((permit, accept(&listener, &events).await))
        };
        let (permit, (stream, peer)) = tokio::select! {
            biased;
            () = &mut stop => break,
            next = next => match next {
                Some(next) => next,
                None => break,
            },
        };
        // Those that ended since; at most `max_connections` of them are remembered.
        while sessions.try_join_next().is_some() {}
        let (config, draining, events) = (Arc::clone(&config), draining.clone(), Arc::clone(&events));
        sessions.spawn(async move {
            match &config.recorder {
                None => session::serve(stream, peer, &config, draining, &events).await,
                Some(recorder) => {
                    let stream = Recorded::socket(stream, peer, Side::Server, recorder);
                    // Boxed, so that it takes no room in sessions that are not recorded.
                    Box::pin(session::serve(stream, peer, &config, draining, &events)).await;
                }
            }
            drop(permit);
        });
    }
    drop(listener);
    // The receiver above is alive: this reaches everybody.
    let _ = drain.send(true);
    let all = async { while sessions.join_next().await.is_some() {} };
    if timeout(config.limits.drain_timeout, all).await.is_err() {
        sessions.shutdown().await;
    }
}

/// The next peer. The system's refusals are waited out, not spun on.
async fn accept(listener: &TcpListener, events: &Events) -> (TcpStream, SocketAddr) {
    const FIRST_PAUSE: Duration = Duration::from_millis(50);
    const LONGEST_PAUSE: Duration = Duration::from_secs(1);
    let mut pause = FIRST_PAUSE;
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                // Answers are written whole; waiting for more (Nagle) only delays them. Without it all works too.
                let _ = stream.set_nodelay(true);
                return (stream, peer);
            }
            // The peer was gone again before it was accepted: its own affair.
            Err(error) if is_peers_own(error.kind()) => {}
            Err(error) => {
                events(Event::AcceptFailed { error: error.to_string() });
                sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

fn is_peers_own(kind: io::ErrorKind) -> bool {
    matches!(
        kind,
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::Interrupted
    )
}
