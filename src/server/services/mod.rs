//! What a server does with the bytes that a peer sends: one file a service, one arm here.

mod echo;
mod upper;
mod www;

use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncWrite};

use super::config::{Config, Service};
use super::drain::Drain;
use super::event::{End, TlsFacts};
use crate::streams::Counted;

/// Talks until either side has had enough.
pub(super) async fn converse<S>(
    stream: &mut Counted<'_, S>,
    facts: Option<&TlsFacts>,
    peer: SocketAddr,
    config: &Config,
    drain: &mut Drain,
) -> End
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let ended = match config.service {
        Service::Echo => echo::serve(stream, drain).await,
        Service::Upper => upper::serve(stream, drain).await,
        // Boxed: what reads HTTP is large, and other sessions need not have the room for it.
        Service::Www => {
            return Box::pin(www::serve(stream, facts, peer, config.limits.idle_timeout, drain)).await;
        }
    };
    ended.unwrap_or_else(|error| End::of(&error))
}
