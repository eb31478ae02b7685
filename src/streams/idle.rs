//! A stream that is not waited for for ever.

use std::future::Future as _;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use super::Reset;

/// Longer than anybody waits, and short enough that adding it to an instant cannot overflow.
pub const FOREVER: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// A clock that is due when nothing has happened for a given time.
#[derive(Debug)]
pub(super) struct IdleClock {
    limit: Duration,
    last: Instant,
    /// Set for some moment not after `last + limit`, and set again when it comes, rather than at each byte.
    alarm: Pin<Box<Sleep>>,
}

impl IdleClock {
    pub(super) fn new(limit: Duration) -> Self {
        let (limit, last) = (limit.min(FOREVER), Instant::now());
        Self { limit, last, alarm: Box::pin(tokio::time::sleep(limit)) }
    }

    /// Something has happened.
    pub(super) fn touch(&mut self) {
        self.last = Instant::now();
    }

    /// Ready once nothing has happened for the limit.
    pub(super) fn poll_due(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.alarm.as_mut().poll(cx).is_ready() {
            let due = self.last + self.limit;
            if due <= Instant::now() {
                return Poll::Ready(());
            }
            self.alarm.as_mut().reset(due);
        }
        Poll::Pending
    }
}

/// A stream that fails with [`io::ErrorKind::TimedOut`] where it has been waited for and not one byte has moved
/// in either direction for the whole of a limit.
///
/// Reading and writing share the clock: a peer that reads slowly is not idle, one that does not read is.
#[derive(Debug)]
pub struct IdleTimeout<IO> {
    io: IO,
    clock: IdleClock,
}

impl<IO> IdleTimeout<IO> {
    /// Limits the idle time of `io`. Needs a running runtime.
    pub fn new(io: IO, limit: Duration) -> Self {
        Self { io, clock: IdleClock::new(limit) }
    }

    /// The stream below.
    pub fn get_ref(&self) -> &IO {
        &self.io
    }

    /// The result of a poll of the stream, or the failure where it is pending and the time is over.
    fn or_timed_out<T>(
        &mut self,
        cx: &mut Context<'_>,
        polled: Poll<io::Result<T>>,
        moved: impl FnOnce(&T) -> bool,
    ) -> Poll<io::Result<T>> {
        match &polled {
            Poll::Ready(result) => {
                if result.as_ref().is_ok_and(moved) {
                    self.clock.touch();
                }
                polled
            }
            Poll::Pending => self.clock.poll_due(cx).map(|()| Err(io::ErrorKind::TimedOut.into())),
        }
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for IdleTimeout<IO> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.io).poll_read(cx, buffer);
        let moved = buffer.filled().len() > before;
        self.or_timed_out(cx, polled, |()| moved)
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for IdleTimeout<IO> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.io).poll_write(cx, bytes);
        self.or_timed_out(cx, polled, |count| *count > 0)
    }

    // The records of a flight go out in one call, and one packet.
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.io).poll_write_vectored(cx, slices);
        self.or_timed_out(cx, polled, |count| *count > 0)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.io).poll_flush(cx);
        self.or_timed_out(cx, polled, |()| false)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.io).poll_shutdown(cx);
        self.or_timed_out(cx, polled, |()| false)
    }
}

impl<IO: Reset> Reset for IdleTimeout<IO> {
    fn reset_on_drop(&self) {
        self.io.reset_on_drop();
    }

    fn broken(&self) -> Option<io::Error> {
        self.io.broken()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[tokio::test]
    async fn several_records_are_one_write() {
        let (near, mut far) = tokio::io::duplex(64);
        let mut near = IdleTimeout::new(near, Duration::from_secs(60));
        assert!(near.is_write_vectored());
        let records = [IoSlice::new(b"one "), IoSlice::new(b"two")];
        assert_eq!(near.write_vectored(&records).await.unwrap(), 7);
        let mut seen = [0; 7];
        far.read_exact(&mut seen).await.unwrap();
        assert_eq!(&seen, b"one two");
    }

    #[tokio::test(start_paused = true)]
    async fn any_byte_in_either_direction_starts_the_time_anew() {
        let (limit, pause) = (Duration::from_secs(10), Duration::from_secs(9));
        let (near, mut far) = tokio::io::duplex(64);
        let mut near = IdleTimeout::new(near, limit);
        let begun = Instant::now();
        for _ in 0..3 {
            tokio::time::advance(pause).await;
            far.write_all(b"x").await.unwrap();
            near.read_u8().await.unwrap();
        }
        assert_eq!(near.read_u8().await.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert_eq!(begun.elapsed(), 3 * pause + limit);
    }
}
