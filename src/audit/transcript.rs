//! What crossed a connection, byte for byte and both ways, with the secrets that open it: what the picture of a case is
//! drawn from. Bounded: of a connection [`KEPT`] bytes, of a run the first [`CONNECTIONS`] connections.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::tls::key_log::Line;
use crate::wire::frames::Conversation;
use crate::wire::reading::Dissector;
use crate::wire::reading::capture::Packet;
use crate::wire::reading::session::ObservedSession;
use crate::wire::{Both, Side};

/// The most bytes that are kept of a connection.
pub const KEPT: usize = 16 * 1024;
/// The most connections of a run that are kept.
pub const CONNECTIONS: usize = 3;
/// The most lines of secrets that are kept of a connection: TLS 1.3 has five, and a second handshake as many.
const SECRETS: usize = 16;

/// What crossed a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transcript {
    /// In order.
    pub crossings: Vec<Crossing>,
    /// Lines of a key log.
    pub secrets: String,
    kept: usize,
}

/// One thing that crossed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crossing {
    /// When, after the connection was taken.
    pub at: Duration,
    /// Whose it is.
    pub from: Side,
    /// What it is.
    pub what: Crossed,
}

/// What crosses a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Crossed {
    /// Bytes.
    Bytes(Vec<u8>),
    /// The end of what this side sends.
    End,
    /// The end of the connection, in the midst.
    Reset,
}

impl Transcript {
    /// About how many bytes it takes.
    pub fn weight(&self) -> usize {
        self.kept + self.secrets.len() + self.crossings.len() * size_of::<Crossing>()
    }

    /// The connection as `dissect` sees it, opened with its own secrets; `None` where nothing crossed.
    pub fn dissected(&self) -> Option<ObservedSession> {
        let mut dissector = Dissector::new(Vec::new());
        dissector.learn(&self.secrets);
        let address = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut conversation = Conversation::new(address(50000), address(443), Both::default());
        let mut emit = |at, headers: &[u8], payload: &[u8]| {
            let frame = [headers, payload].concat();
            dissector.packet(&Packet { at, link: 1, data: &frame, length: frame.len() });
        };
        conversation.open(&mut |headers, payload| emit(Duration::ZERO, headers, payload));
        for crossing in &self.crossings {
            let mut emit = |headers: &[u8], payload: &[u8]| emit(crossing.at, headers, payload);
            match &crossing.what {
                Crossed::Bytes(bytes) => conversation.data(crossing.from, bytes, &mut emit),
                Crossed::End => conversation.finish(crossing.from, &mut emit),
                Crossed::Reset => conversation.reset(crossing.from, &mut emit),
            }
        }
        let (dissection, _) = dissector.finish();
        dissection.sessions.into_iter().next().filter(|session| !session.events.is_empty())
    }
}

/// Writes a transcript.
#[derive(Clone, Debug)]
pub struct Recorder {
    began: Instant,
    transcript: Arc<Mutex<Transcript>>,
}

impl Recorder {
    /// Of a connection that has just been taken.
    pub fn new() -> Self {
        Self { began: Instant::now(), transcript: Arc::default() }
    }

    /// What has crossed until now; nothing of it stays.
    pub fn take(&self) -> Transcript {
        std::mem::take(&mut self.locked())
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, Transcript> {
        self.transcript.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn crossed(&self, from: Side, what: Crossed) {
        let mut transcript = self.locked();
        let what = match what {
            Crossed::Bytes(mut bytes) => {
                bytes.truncate(KEPT - transcript.kept);
                if bytes.is_empty() {
                    return;
                }
                transcript.kept += bytes.len();
                Crossed::Bytes(bytes)
            }
            end => end,
        };
        let at = self.began.elapsed();
        transcript.crossings.push(Crossing { at, from, what });
    }

    /// A secret of the connection's, by its label in a key log.
    pub fn secret(&self, label: &str, random: &[u8], secret: &[u8]) {
        let mut transcript = self.locked();
        if transcript.secrets.lines().count() < SECRETS
            && let Some(line) = Line::logged(label, random, secret)
        {
            transcript.secrets.push_str(&line.text());
        }
    }
}

impl Default for Recorder {
    fn default() -> Self {
        Self::new()
    }
}

impl rustls::KeyLog for Recorder {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        self.secret(label, client_random, secret);
    }
}

/// A server's end of a connection, of which everything is written down.
#[derive(Debug)]
pub struct Recorded<S> {
    stream: S,
    recorder: Recorder,
}

impl<S> Recorded<S> {
    /// Written down by `recorder`.
    pub fn new(stream: S, recorder: Recorder) -> Self {
        Self { stream, recorder }
    }

    fn failed(&self, error: &io::Error) {
        if matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe) {
            self.recorder.crossed(Side::Client, Crossed::Reset);
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Recorded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let (before, room) = (buffer.filled().len(), buffer.remaining());
        let read = ready!(Pin::new(&mut self.stream).poll_read(context, buffer));
        match &read {
            Ok(()) if buffer.filled().len() > before => {
                self.recorder.crossed(Side::Client, Crossed::Bytes(buffer.filled()[before..].to_vec()));
            }
            Ok(()) if room > 0 => self.recorder.crossed(Side::Client, Crossed::End),
            Ok(()) => {}
            Err(error) => self.failed(error),
        }
        Poll::Ready(read)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Recorded<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(context, bytes));
        match &written {
            Ok(count) => self.recorder.crossed(Side::Server, Crossed::Bytes(bytes[..*count].to_vec())),
            Err(error) => self.failed(error),
        }
        Poll::Ready(written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = ready!(Pin::new(&mut self.stream).poll_shutdown(context));
        self.recorder.crossed(Side::Server, Crossed::End);
        Poll::Ready(shut)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn both_ways_are_written_down_as_far_as_there_is_room() {
        let recorder = Recorder::new();
        let (mut client, server) = tokio::io::duplex(64 * 1024);
        let mut server = Recorded::new(server, recorder.clone());
        client.write_all(b"hello").await.unwrap();
        let mut buffer = [0; 100];
        assert_eq!(server.read(&mut buffer).await.unwrap(), 5);
        server.write_all(&[7; KEPT]).await.unwrap();
        server.write_all(&[8; 100]).await.unwrap();
        client.shutdown().await.unwrap();
        assert_eq!(server.read(&mut buffer).await.unwrap(), 0);
        server.shutdown().await.unwrap();
        let transcript = recorder.take();
        let seen: Vec<_> = transcript
            .crossings
            .iter()
            .map(|crossing| match &crossing.what {
                Crossed::Bytes(bytes) => (crossing.from, bytes.len()),
                Crossed::End | Crossed::Reset => (crossing.from, 0),
            })
            .collect();
        let (client, server) = (Side::Client, Side::Server);
        assert_eq!(seen, [(client, 5), (server, KEPT - 5), (client, 0), (server, 0)]);
        assert_eq!(recorder.take(), Transcript::default(), "it was taken");
    }
}
