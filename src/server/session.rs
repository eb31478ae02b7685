//! One peer, from accept to the end: handshake, conversation, farewell.
//!
//! Generic over the stream below, so that tests converse in memory.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::config::Config;
use super::drain::Drain;
use super::ends::{Ended, Ends};
use super::event::{End, Event, Events, HandshakeFailure, TlsFacts};
use super::report::Report;
use super::{reload, services};
use crate::pki::facts::CertFacts;
use crate::streams::linger::{LINGER, linger};
use crate::streams::{Counted, FOREVER, IdleTimeout, Opened, Pooled, Reset};
use crate::tls::SessionFacts;

/// What is beneath TLS: read in large pieces, limited in its idle time, and with the first bytes kept until the handshake is
/// done.
type Beneath<IO> = Opened<IdleTimeout<Pooled<IO>>>;

/// What a handshake that is under way when the server is told to stop still gets.
const LAST_HANDSHAKE: Duration = Duration::from_secs(1);

/// Serves the peer behind `io` until either side ends it, and says so in events.
pub(super) async fn serve<IO>(
    io: IO,
    ends: Ends,
    config: &Config,
    draining: watch::Receiver<bool>,
    events: &Events,
) where
    IO: AsyncRead + AsyncWrite + Reset + Unpin,
{
    events(Event::Accepted { peer: ends.peer });
    let mut report = Report::new(ends.peer, events);
    let mut drain = Drain::new(draining);
    let idle_timeout = config.limits.idle_timeout;
    let Some(tls) = &config.tls else {
        let io = IdleTimeout::new(io, idle_timeout);
        return session(io, |io| io, None, ends, config, &mut drain, report).await;
    };
    // rustls reads 4 KiB at a time.
    let io = IdleTimeout::new(Pooled::new(io), idle_timeout);
    // Boxed: what a handshake takes is not needed any more afterwards.
    let handshaking = Box::pin(handshake(Opened::new(io), tls, config.limits.handshake_timeout, &mut drain));
    match handshaking.await {
        Ok((stream, facts)) => {
            // Boxed: an argument that is then worked on takes its room in the future twice.
            let stream = Box::new(stream);
            let beneath = |stream: Box<TlsStream<_>>| stream.into_inner().0;
            session(stream, beneath, Some(facts), ends, config, &mut drain, report).await;
        }
        Err((io, failure)) => {
            report.failed(failure);
            if let Some(io) = io {
                // An alert is on its way to the peer.
                Box::pin(linger(io, LINGER)).await;
            }
        }
    }
}

/// A peer's session, its handshake done, if there was one. `beneath` gives what `stream` is a stream over.
async fn session<S, IO>(
    mut stream: S,
    beneath: impl FnOnce(S) -> IO,
    facts: Option<TlsFacts>,
    ends: Ends,
    config: &Config,
    drain: &mut Drain,
    mut report: Report<'_>,
) where
    S: AsyncRead + AsyncWrite + Reset + Unpin,
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let traffic = report.established(facts.clone());
    let mut counted = Counted::new(&mut stream, traffic);
    let Ended { end, broken_off } =
        services::converse(&mut counted, facts.as_ref(), ends, config, drain).await;
    if broken_off {
        return report.ended(end);
    }
    // Sends close_notify, unless the peer is gone; the session is over either way.
    let _ = stream.shutdown().await;
    // Where the peer ended it there are no last words that a reset could overtake.
    let ours = matches!(end, End::Drained | End::Failed(_) | End::Finished | End::Unreachable(_));
    report.ended(end);
    if ours {
        Box::pin(linger(beneath(stream), LINGER)).await;
    }
}

type Failed<IO> = (Option<Beneath<IO>>, HandshakeFailure);

async fn handshake<IO>(
    io: Beneath<IO>,
    tls: &reload::Tls,
    limit: Duration,
    drain: &mut Drain,
) -> Result<(TlsStream<Beneath<IO>>, TlsFacts), Failed<IO>>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let mut deadline = Instant::now() + limit.min(FOREVER);
    let session = match tls.for_session() {
        Ok(session) => session,
        Err(error) => return Err((Some(io), HandshakeFailure::Protocol(error.to_string()))),
    };
    let opening = io.watch();
    let mut accept = TlsAcceptor::from(Arc::clone(&session.config)).accept(io).into_fallible();
    let mut stopping = false;
    let accepted = loop {
        tokio::select! {
            biased;
            accepted = timeout_at(deadline, &mut accept) => break accepted,
            () = drain.begun(), if !stopping => {
                stopping = true;
                deadline = deadline.min(Instant::now() + LAST_HANDSHAKE);
            }
        }
    };
    match accepted {
        Ok(Ok(mut stream)) => match facts(&stream) {
            Some(facts) => {
                stream.get_mut().0.forget();
                Ok((stream, facts))
            }
            None => Err((
                Some(stream.into_inner().0),
                HandshakeFailure::Protocol("the handshake agreed on nothing".to_owned()),
            )),
        },
        Ok(Err((error, io))) => {
            let failure = HandshakeFailure::of(&error, &opening.seen().first, session.verdict());
            Err((Some(io), failure))
        }
        Err(_elapsed) if stopping => Err((None, HandshakeFailure::Stopped)),
        Err(_elapsed) => Err((None, HandshakeFailure::Timeout { silent: opening.seen().total == 0 })),
    }
}

fn facts<IO>(stream: &TlsStream<IO>) -> Option<TlsFacts> {
    let connection = stream.get_ref().1;
    let client = connection.peer_certificates().and_then(<[_]>::first);
    Some(TlsFacts {
        agreed: SessionFacts::of(connection)?,
        sni: connection.server_name().map(str::to_owned),
        // Only what this server offered can have been agreed on, and that is text.
        alpn: connection.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned()),
        resumed: connection.handshake_kind() == Some(rustls::HandshakeKind::Resumed),
        client: client.and_then(|der| CertFacts::read(der).ok()).map(Box::new),
    })
}
