//! A stream whose bytes are recorded as they pass, and a key log that brings the recorder their secrets.

use std::fmt;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use rustls::KeyLog;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::recorder::Recorder;
use super::tape::Tape;
use crate::streams::Reset;
use crate::tls::key_log::Line;
use crate::wire::Side;

/// Any stream, with a tape running: what is read was sent by the peer, what is written by this side. The end of
/// the peer's bytes, a shutdown and a reset are recorded as they are met (an end that nobody read up to is not); dropping it
/// records this side's end.
#[derive(Debug)]
pub struct Recorded<S> {
    stream: S,
    tape: Tape,
    side: Side,
}

impl<S> Recorded<S> {
    /// Records `stream`, of which this process is `side`, on `tape`.
    pub fn new(stream: S, side: Side, tape: Tape) -> Self {
        Self { stream, tape, side }
    }

    fn note(&self, error: &io::Error) {
        if error.kind() == io::ErrorKind::ConnectionReset {
            self.tape.reset(self.side.peer());
        }
    }
}

impl Recorded<TcpStream> {
    /// Records a connection with `peer` that has just been opened, from its handshake on.
    pub fn socket(stream: TcpStream, peer: SocketAddr, side: Side, recorder: &Recorder) -> Self {
        // A connected socket has an address; one that is gone already has nothing left to record.
        let own = stream.local_addr().unwrap_or(peer);
        let (client, server) = match side {
            Side::Client => (own, peer),
            Side::Server => (peer, own),
        };
        Self::new(stream, side, recorder.connection(client, server))
    }
}

impl<S: Reset> Reset for Recorded<S> {
    fn reset_on_drop(&self) {
        self.tape.reset(self.side);
        self.stream.reset_on_drop();
    }

    fn broken(&self) -> Option<io::Error> {
        self.stream.broken()
    }
}

impl<S> Drop for Recorded<S> {
    fn drop(&mut self) {
        self.tape.finish(self.side);
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Recorded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let had_room = buffer.remaining() > 0;
        let result = ready!(Pin::new(&mut self.stream).poll_read(context, buffer));
        match &result {
            Ok(()) if buffer.filled().len() > before => {
                self.tape.data(self.side.peer(), &buffer.filled()[before..]);
            }
            Ok(()) if had_room => self.tape.finish(self.side.peer()),
            Ok(()) => {}
            Err(error) => self.note(error),
        }
        Poll::Ready(result)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Recorded<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = ready!(Pin::new(&mut self.stream).poll_write(context, bytes));
        match &result {
            Ok(count) => self.tape.data(self.side, &bytes[..*count]),
            Err(error) => self.note(error),
        }
        Poll::Ready(result)
    }

    // The records of a flight go out in one call, and one packet where they fit.
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = ready!(Pin::new(&mut self.stream).poll_write_vectored(context, slices));
        match &result {
            Ok(count) => {
                let mut sent = Vec::with_capacity(*count);
                for slice in slices {
                    sent.extend_from_slice(&slice[..slice.len().min(count - sent.len())]);
                }
                self.tape.data(self.side, &sent);
            }
            Err(error) => self.note(error),
        }
        Poll::Ready(result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = ready!(Pin::new(&mut self.stream).poll_shutdown(context));
        self.tape.finish(self.side);
        Poll::Ready(result)
    }
}

/// What a TLS stack logs its secrets to, so that the recorder learns those of the sessions that it records.
pub struct RecordedKeys {
    recorder: Recorder,
    beside: Option<Arc<dyn KeyLog>>,
}

impl RecordedKeys {
    /// For `recorder`, and for `beside` as well.
    pub fn new(recorder: Recorder, beside: Option<Arc<dyn KeyLog>>) -> Self {
        Self { recorder, beside }
    }
}

impl KeyLog for RecordedKeys {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        if let Some(beside) = &self.beside {
            beside.log(label, client_random, secret);
        }
        if let Some(line) = Line::logged(label, client_random, secret) {
            self.recorder.learn(line);
        }
    }
}

impl fmt::Debug for RecordedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordedKeys").field("recorder", &self.recorder).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::wire::recording::{MemorySink, Options};

    #[tokio::test]
    async fn both_directions_and_both_ends_are_recorded() {
        let options =
            Options { clock: SystemTime::now, interface: "lab".to_owned(), max_size: None, secrets: false };
        let recorder = Recorder::start(Box::new(MemorySink::default()), &options).unwrap();
        let address = "127.0.0.1:1".parse().unwrap();
        let (near, mut far) = tokio::io::duplex(64);
        let mut near = Recorded::new(near, Side::Client, recorder.connection(address, address));
        near.write_all(b"question").await.unwrap();
        far.write_all(b"answer").await.unwrap();
        near.shutdown().await.unwrap();
        drop(far);
        let mut answer = Vec::new();
        near.read_to_end(&mut answer).await.unwrap();
        assert_eq!(answer, b"answer");
        recorder.flush();
        // Three packets of handshake, two for each message, two for each end.
        assert_eq!(recorder.status().packets, 11);
        drop(near);
        recorder.flush();
        assert_eq!(recorder.status().packets, 11, "each end comes once");
    }
}
