//! `--forward`: TLS in front of an existing plaintext server, byte for byte.

use std::io;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};

use crate::server::backends::{BackEnd, Connected, Refusals};
use crate::server::config::{Forward, Limits};
use crate::server::ends::{Ended, Ends};
use crate::server::event::{End, TlsFacts};
use crate::server::proxy_protocol;
use crate::side::Side;
use crate::streams::relay::{Ending, Observer, relay};
use crate::streams::{Counted, Pooled, Reset};
use crate::tls::errors::Fault;

/// Carries the session to a back end until both ends have said all they had or one of them breaks off.
pub(super) async fn serve<S>(
    stream: &mut Counted<'_, S>,
    facts: Option<&TlsFacts>,
    ends: Ends,
    forward: &Forward,
    limits: &Limits,
) -> Ended
where
    S: AsyncRead + AsyncWrite + Reset + Unpin,
{
    let (connected, lease) = match forward.back_ends.dial().await {
        Ok(dialled) => dialled,
        Err(Refusals { reset_by: Some(back_end), .. }) => {
            stream.reset_on_drop();
            return broke_off(&back_end, &io::ErrorKind::ConnectionReset.into());
        }
        Err(Refusals { words, .. }) => return End::Unreachable(words).into(),
    };
    let header = forward.proxy_protocol.then(|| proxy_protocol::header(ends.peer, ends.local, facts));
    match connected {
        Connected::Tcp(socket) => carry(stream, socket, header, lease.back_end(), limits).await,
        #[cfg(unix)]
        Connected::Unix(socket) => carry(stream, socket, header, lease.back_end(), limits).await,
    }
}

async fn carry<S, B>(
    stream: &mut Counted<'_, S>,
    back: B,
    header: Option<Vec<u8>>,
    back_end: &BackEnd,
    limits: &Limits,
) -> Ended
where
    S: AsyncRead + AsyncWrite + Reset + Unpin,
    B: AsyncRead + AsyncWrite + Reset + Unpin,
{
    let (mut client, mut back) = (Pooled::new(stream), Pooled::new(back));
    if let Some(header) = header {
        // Fits into what a new connection's system buffers take, so it is not waited for.
        if let Err(error) = back.write_all(&header).await {
            client.get_ref().reset_on_drop();
            return broke_off(back_end, &error);
        }
    }
    let mut first = FirstToEnd(None);
    let ending = relay(&mut client, &mut back, limits.idle_timeout, &mut first).await;
    match (ending, first.0) {
        (Ending::Closed, Some(Side::Server)) => End::BackEndClosed(back_end.to_string()).into(),
        (Ending::Closed, _) => End::PeerClosed.into(),
        (Ending::Idle, _) => Ended::broken(End::Idle),
        (Ending::Broken { by: Side::Client, error }, _) => Ended::broken(End::of(&error)),
        (Ending::Broken { by: Side::Server, error }, _) => broke_off(back_end, &error),
    }
}

fn broke_off(back_end: &BackEnd, error: &io::Error) -> Ended {
    let why = match Fault::of(error) {
        Fault::Reset => "reset the connection".to_owned(),
        other => format!("broke off: {}", other.words()),
    };
    Ended::broken(End::BackEndFailed(format!("{back_end} {why}")))
}

/// Which end was the first to say that it has no more to send.
struct FirstToEnd(Option<Side>);

impl Observer for FirstToEnd {
    fn data(&mut self, _from: Side, _bytes: &[u8]) {}

    fn end(&mut self, from: Side) {
        self.0.get_or_insert(from);
    }
}
