//! A stream whose bytes are recorded as they pass.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Side;
use super::recorder::Tape;

/// Any stream, with a tape running: what is read was sent by the peer, what is written by this side. The end of
/// the peer's bytes, a shutdown and a reset are recorded as they happen; dropping it records this side's end.
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

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = ready!(Pin::new(&mut self.stream).poll_shutdown(context));
        self.tape.finish(self.side);
        Poll::Ready(result)
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::wire::recorder::{Options, PipeSink, Recorder};

    #[tokio::test]
    async fn both_directions_and_both_ends_are_recorded() {
        let options =
            Options { clock: SystemTime::now, interface: "lab".to_owned(), max_size: None, secrets: false };
        let recorder = Recorder::start(Box::new(PipeSink(Vec::new())), &options).unwrap();
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
        // Three packets of handshake, two for each message, two for each end.
        assert_eq!(recorder.status().packets, 11);
        drop(near);
        assert_eq!(recorder.status().packets, 11, "each end comes once");
    }
}
