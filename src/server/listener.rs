//! From a listener to sessions: accepting until told to stop, and then letting them end in good order.

use std::future::Future;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::timeout;

use super::admission::Admission;
use super::config::Config;
use super::ends::Ends;
use super::event::{Event, Events};
use super::session;
use crate::streams::accept::accept;
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
    let limits = config.limits;
    let admission = Admission::new(limits.max_per_ip, limits.handshake_rate);
    let (drain, draining) = watch::channel(false);
    let tell = |notice| events(Event::Accepting(Arc::new(notice)));
    let mut sessions = accept(listener, limits.max_connections, stop, tell, |stream, peer| {
        // A socket that is gone already has no address, and nobody to tell it to.
        let ends = Ends { peer, local: stream.local_addr().unwrap_or(peer) };
        let (config, draining, events) = (Arc::clone(&config), draining.clone(), Arc::clone(&events));
        let pass = admission.admit(peer.ip()).map_err(|refused| {
            events(Event::Refused { peer, why: refused.why, first: refused.first });
        });
        async move {
            // Counted to the end of the session.
            let Ok(_pass) = pass else { return };
            match &config.recorder {
                None => session::serve(stream, ends, &config, draining, &events).await,
                Some(recorder) => {
                    let stream = Recorded::socket(stream, peer, Side::Server, recorder);
                    // Boxed, so that it takes no room in sessions that are not recorded.
                    Box::pin(session::serve(stream, ends, &config, draining, &events)).await;
                }
            }
        }
    })
    .await;
    // The receiver above is alive: this reaches everybody.
    let _ = drain.send(true);
    let all = async { while sessions.join_next().await.is_some() {} };
    if timeout(limits.drain_timeout, all).await.is_err() {
        sessions.shutdown().await;
    }
}
