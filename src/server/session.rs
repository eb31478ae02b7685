//! One peer, from accept to the end: handshake, conversation, farewell.
//!
//! Generic over the stream below, so that tests converse in memory.

use std::future::Future;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::sync::watch;
use tokio::time::{Instant, Sleep, timeout, timeout_at};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::upper::Uppercase;
use super::{Config, End, Event, HandshakeFailure, Service, Session, TlsFacts, www};
use crate::pki::facts::CertFacts;
use crate::tls::SessionFacts;

/// Where events go. Called from many tasks at once; must not block for long.
pub(super) type Events = Arc<dyn Fn(Event) + Send + Sync>;

/// One TLS record's worth (RFC 8446 §5.1: at most 2^14 octets).
const BUFFER: usize = 16 * 1024;

/// How long a connection that this side ended is still listened to. A socket closed with unread bytes in it is
/// reset, and the reset can overtake the last words (RFC 1122 §4.2.2.13).
const LINGER: Duration = Duration::from_secs(1);

/// Longer than anybody waits, and short enough that adding it to an instant cannot overflow.
const FOREVER: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// What a handshake that is under way when the server is told to stop still gets.
const LAST_HANDSHAKE: Duration = Duration::from_secs(1);

/// Serves the peer behind `io` until either side ends it, and says so in events.
pub(super) async fn serve<IO>(
    io: IO,
    peer: SocketAddr,
    config: &Config,
    draining: watch::Receiver<bool>,
    events: &Events,
) where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    events(Event::Accepted { peer });
    let mut report = Report::new(peer, events);
    let mut drain = Drain::new(draining);
    let io = Patient::new(io, config.limits.idle_timeout);
    let Some(tls) = &config.tls else {
        let traffic = report.established(None);
        let mut stream = Counted { stream: io, traffic };
        let end = converse(&mut stream, None, peer, config, &mut drain).await;
        // The peer may be gone, and the session is over either way.
        let _ = stream.shutdown().await;
        let io = stream.stream;
        return report.ended_and_linger(end, io).await;
    };
    let (io, failure) = match handshake(io, tls, config.limits.handshake_timeout, &mut drain).await {
        Ok((stream, facts)) => {
            let traffic = report.established(Some(facts.clone()));
            let mut stream = Counted { stream, traffic };
            let end = converse(&mut stream, Some(&facts), peer, config, &mut drain).await;
            // Sends close_notify, unless the peer is gone.
            let _ = stream.shutdown().await;
            let io = stream.stream.into_inner().0;
            return report.ended_and_linger(end, io).await;
        }
        Err(failed) => failed,
    };
    report.failed(failure);
    if let Some(mut io) = io {
        // An alert is on its way to the peer.
        let _ = io.shutdown().await;
        linger(io).await;
    }
}

type Failed<IO> = (Option<Patient<IO>>, HandshakeFailure);

async fn handshake<IO>(
    io: Patient<IO>,
    tls: &super::reload::Tls,
    limit: Duration,
    drain: &mut Drain,
) -> Result<(TlsStream<Patient<IO>>, TlsFacts), Failed<IO>>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let mut deadline = Instant::now() + limit.min(FOREVER);
    let session = match tls.for_session() {
        Ok(session) => session,
        Err(error) => return Err((Some(io), HandshakeFailure::Protocol(error.to_string()))),
    };
    let first = Arc::clone(&io.first);
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
        Ok(Ok(stream)) => match facts(&stream) {
            Some(facts) => Ok((stream, facts)),
            None => Err((
                Some(stream.into_inner().0),
                HandshakeFailure::Protocol("the handshake agreed on nothing".to_owned()),
            )),
        },
        Ok(Err((error, io))) => {
            let failure = HandshakeFailure::of(&error, io.first.seen(), session.verdict());
            Err((Some(io), failure))
        }
        Err(_elapsed) if stopping => Err((None, HandshakeFailure::Stopped)),
        Err(_elapsed) => Err((None, HandshakeFailure::Timeout { silent: first.seen().is_empty() })),
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

/// Talks until either side has had enough. The place where a new kind of service is plugged in.
async fn converse<S>(
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
        Service::Echo => echo(stream, drain).await,
        Service::Upper => upper(stream, drain).await,
        Service::Www => return www::serve(stream, facts, peer, config.limits.idle_timeout, drain).await,
    };
    ended.unwrap_or_else(|error| End::of(&error))
}

async fn echo<S>(stream: &mut S, drain: &mut Drain) -> io::Result<End>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut buffer = vec![0; BUFFER];
    loop {
        match drain.read(stream, &mut buffer).await? {
            Read::Bytes(count) => {
                stream.write_all(&buffer[..count]).await?;
                stream.flush().await?;
            }
            Read::Draining => return Ok(End::Drained),
            Read::End => return Ok(End::PeerClosed),
        }
    }
}

async fn upper<S>(stream: &mut S, drain: &mut Drain) -> io::Result<End>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut buffer = vec![0; BUFFER];
    let mut answer = Vec::with_capacity(BUFFER);
    let mut uppercase = Uppercase::default();
    loop {
        answer.clear();
        let end = match drain.read(stream, &mut buffer).await? {
            Read::Bytes(count) => {
                uppercase.push(&buffer[..count], &mut answer);
                None
            }
            Read::Draining => Some(End::Drained),
            Read::End => Some(End::PeerClosed),
        };
        if end.is_some() {
            uppercase.finish(&mut answer);
        }
        stream.write_all(&answer).await?;
        stream.flush().await?;
        if let Some(end) = end {
            return Ok(end);
        }
    }
}

/// Reads and forgets until the peer has closed too, for a moment at most.
async fn linger<IO: AsyncRead + Unpin>(mut io: IO) {
    let mut buffer = [0; 1024];
    let rest = async { while matches!(io.read(&mut buffer).await, Ok(1..)) {} };
    // Whether it closed or not: enough is enough.
    let _ = timeout(LINGER, rest).await;
}

/// The wish that sessions come to an end, seen from one session.
pub(super) struct Drain {
    wish: Pin<Box<dyn Future<Output = ()> + Send>>,
    begun: bool,
}

/// What came of [`Drain::read`].
enum Read {
    Bytes(usize),
    Draining,
    End,
}

impl Drain {
    pub(super) fn new(mut draining: watch::Receiver<bool>) -> Self {
        let wish = Box::pin(async move {
            // A sender that is gone wishes the same.
            let _ = draining.wait_for(|begun| *begun).await;
        });
        Self { wish, begun: false }
    }

    /// Ready once sessions are to end.
    pub(super) async fn begun(&mut self) {
        std::future::poll_fn(|cx| self.poll(cx)).await;
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.begun {
            ready!(self.wish.as_mut().poll(cx));
            self.begun = true;
        }
        Poll::Ready(())
    }

    /// Reads what has arrived; asks for the wish only when nothing has, so that what arrived is still served.
    async fn read<S: AsyncRead + Unpin>(&mut self, stream: &mut S, buffer: &mut [u8]) -> io::Result<Read> {
        std::future::poll_fn(|cx| {
            let mut buffer = ReadBuf::new(buffer);
            match Pin::new(&mut *stream).poll_read(cx, &mut buffer) {
                Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
                Poll::Ready(Ok(())) if buffer.filled().is_empty() => Poll::Ready(Ok(Read::End)),
                Poll::Ready(Ok(())) => Poll::Ready(Ok(Read::Bytes(buffer.filled().len()))),
                Poll::Pending => self.poll(cx).map(|()| Ok(Read::Draining)),
            }
        })
        .await
    }
}

/// Application bytes of one session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Traffic {
    received: u64,
    sent: u64,
    /// Whether the peer has said that it will send no more.
    pub(super) peer_closed: bool,
}

/// A stream whose bytes are counted.
pub(super) struct Counted<'t, S> {
    stream: S,
    pub(super) traffic: &'t mut Traffic,
}

impl<S: AsyncRead + Unpin> AsyncRead for Counted<'_, S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        let count = buffer.filled().len() - before;
        self.traffic.received += count as u64;
        self.traffic.peer_closed |= count == 0 && buffer.remaining() > 0;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Counted<'_, S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let count = ready!(Pin::new(&mut self.stream).poll_write(cx, bytes))?;
        self.traffic.sent += count as u64;
        Poll::Ready(Ok(count))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// The first octets that a peer sent, for the report of a failed handshake.
#[derive(Debug, Default)]
struct First(std::sync::OnceLock<([u8; 8], usize)>);

impl First {
    fn note(&self, bytes: &[u8]) {
        self.0.get_or_init(|| {
            let count = bytes.len().min(8);
            let mut first = [0; 8];
            first[..count].copy_from_slice(&bytes[..count]);
            (first, count)
        });
    }

    fn seen(&self) -> &[u8] {
        self.0.get().map_or(&[], |(first, count)| &first[..*count])
    }
}

/// A stream that fails with [`io::ErrorKind::TimedOut`] where it has been waited for and not one byte has moved
/// in either direction for the whole of `idle`.
///
/// Reading and writing share the clock: a peer that reads slowly is not idle, one that does not read is.
struct Patient<IO> {
    io: IO,
    idle: Duration,
    moved: Instant,
    /// Set for some moment not after `moved + idle`, and set again when it comes, rather than at each byte.
    alarm: Pin<Box<Sleep>>,
    first: Arc<First>,
}

impl<IO> Patient<IO> {
    fn new(io: IO, idle: Duration) -> Self {
        let (idle, moved) = (idle.min(FOREVER), Instant::now());
        Self { io, idle, moved, alarm: Box::pin(tokio::time::sleep(idle)), first: Arc::default() }
    }

    /// What a poll of the stream gave, or the failure where patience has run out.
    fn or_tired<T>(
        &mut self,
        cx: &mut Context<'_>,
        polled: Poll<io::Result<T>>,
        moved: impl FnOnce(&T) -> bool,
    ) -> Poll<io::Result<T>> {
        match &polled {
            Poll::Ready(result) => {
                if result.as_ref().is_ok_and(moved) {
                    self.moved = Instant::now();
                }
                return polled;
            }
            Poll::Pending => {}
        }
        while self.alarm.as_mut().poll(cx).is_ready() {
            let until = self.moved + self.idle;
            if until <= Instant::now() {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            self.alarm.as_mut().reset(until);
        }
        Poll::Pending
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for Patient<IO> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.io).poll_read(cx, buffer);
        let read = &buffer.filled()[before..];
        if !read.is_empty() {
            self.first.note(read);
        }
        let moved = !read.is_empty();
        self.or_tired(cx, polled, |()| moved)
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for Patient<IO> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.io).poll_write(cx, bytes);
        self.or_tired(cx, polled, |count| *count > 0)
    }

    // The records of a flight go out in one call, and one packet.
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.io).poll_write_vectored(cx, slices);
        self.or_tired(cx, polled, |count| *count > 0)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.io).poll_flush(cx);
        self.or_tired(cx, polled, |()| false)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.io).poll_shutdown(cx);
        self.or_tired(cx, polled, |()| false)
    }
}

/// What will be told of a connection, told when it is dropped at the latest: also of one that is cut off.
struct Report<'e> {
    peer: SocketAddr,
    events: &'e Events,
    started: Instant,
    failure: HandshakeFailure,
    session: Option<(Option<TlsFacts>, Traffic, End)>,
    told: bool,
}

impl<'e> Report<'e> {
    fn new(peer: SocketAddr, events: &'e Events) -> Self {
        let failure = HandshakeFailure::Stopped;
        Self { peer, events, started: Instant::now(), failure, session: None, told: false }
    }

    fn failed(&mut self, failure: HandshakeFailure) {
        self.failure = failure;
        self.tell();
    }

    /// The handshake is done; the session's bytes are to be counted here.
    fn established(&mut self, tls: Option<TlsFacts>) -> &mut Traffic {
        &mut self.session.insert((tls, Traffic::default(), End::Stopped)).1
    }

    async fn ended_and_linger<IO: AsyncRead + Unpin>(mut self, end: End, io: IO) {
        // Where the peer ended it there are no last words that a reset could overtake.
        let ours = matches!(end, End::Drained | End::Failed(_) | End::Finished);
        if let Some((_, _, ended)) = &mut self.session {
            *ended = end;
        }
        self.tell();
        if ours {
            linger(io).await;
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn several_records_are_one_write() {
        let (near, mut far) = tokio::io::duplex(64);
        let mut patient = Patient::new(near, Duration::from_secs(60));
        assert!(patient.is_write_vectored());
        let records = [IoSlice::new(b"one "), IoSlice::new(b"two")];
        assert_eq!(patient.write_vectored(&records).await.unwrap(), 7);
        let mut seen = [0; 7];
        far.read_exact(&mut seen).await.unwrap();
        assert_eq!(&seen, b"one two");
    }
}
