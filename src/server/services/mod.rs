//! What a server does with the bytes that a peer sends: one file a service, one arm here.

mod echo;
mod forward;
mod upper;
mod www;

use tokio::io::{AsyncRead, AsyncWrite};

use super::config::{Config, Service};
use super::drain::Drain;
use super::ends::{Ended, Ends};
use super::event::{End, TlsFacts};
use crate::streams::{Counted, Reset};

/// Talks until either side has had enough.
pub(super) async fn converse<S>(
    stream: &mut Counted<'_, S>,
    facts: Option<&TlsFacts>,
    ends: Ends,
    config: &Config,
    drain: &mut Drain,
) -> Ended
where
    S: AsyncRead + AsyncWrite + Reset + Unpin,
{
    let ended = match &config.service {
        Service::Echo => echo::serve(stream, drain).await,
        Service::Upper => upper::serve(stream, drain).await,
        // Boxed: what reads HTTP is large, and other sessions need not have the room for it.
        Service::Www => {
            let idle = config.limits.idle_timeout;
            return Box::pin(www::serve(stream, facts, ends.peer, idle, drain)).await.into();
        }
        // Boxed for the same reason. It goes on while the server drains: what is in flight may arrive yet.
        Service::Forward(forward) => {
            return Box::pin(forward::serve(stream, facts, ends, forward, &config.limits)).await;
        }
    };
    ended.unwrap_or_else(|error| End::of(&error)).into()
}
