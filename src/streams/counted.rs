//! A stream whose bytes are counted.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Reset;

/// The bytes of one session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// What came from the peer.
    pub received: u64,
    /// What was sent to the peer.
    pub sent: u64,
    /// Whether the peer has said that it will send no more.
    pub peer_closed: bool,
}

/// A stream whose bytes are counted, where the count is still to be had when the stream is gone.
#[derive(Debug)]
pub struct Counted<'t, S> {
    stream: S,
    traffic: &'t mut Traffic,
}

impl<'t, S> Counted<'t, S> {
    /// Counts in `traffic` what passes through `stream`.
    pub fn new(stream: S, traffic: &'t mut Traffic) -> Self {
        Self { stream, traffic }
    }

    /// The counts so far.
    pub fn traffic(&self) -> Traffic {
        *self.traffic
    }

    /// The stream, counted no more.
    pub fn into_inner(self) -> S {
        self.stream
    }
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

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let count = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, slices))?;
        self.traffic.sent += count as u64;
        Poll::Ready(Ok(count))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl<S: Reset> Reset for Counted<'_, S> {
    fn reset_on_drop(&self) {
        self.stream.reset_on_drop();
    }

    fn broken(&self) -> Option<io::Error> {
        self.stream.broken()
    }
}
