//! A stream whose first bytes are kept, both ways: to explain an error by, and to look at the hellos.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Reset;

/// The first bytes that came, how many came in all, and the first that were sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opening {
    /// At most [`Opening::KEPT`] bytes.
    pub first: Vec<u8>,
    /// All of them, counted.
    pub total: u64,
    /// At most [`Opening::KEPT`] bytes of what was sent.
    pub sent: Vec<u8>,
}

impl Opening {
    /// How many bytes are kept: enough for a banner line and for a ServerHello's version.
    pub const KEPT: usize = 256;

    fn note(&mut self, bytes: &[u8]) {
        keep(&mut self.first, bytes);
        self.total += bytes.len() as u64;
    }
}

fn keep(kept: &mut Vec<u8>, bytes: &[u8]) {
    let room = Opening::KEPT.saturating_sub(kept.len());
    kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
}

/// A stream whose first bytes are kept.
#[derive(Debug)]
pub struct Opened<IO> {
    stream: IO,
    opening: Arc<Mutex<Opening>>,
    watching: bool,
}

impl<IO> Opened<IO> {
    /// Keeps what `stream` opens with.
    pub fn new(stream: IO) -> Self {
        Self { stream, opening: Arc::default(), watching: true }
    }

    fn sent(&self, bytes: &[u8]) {
        if self.watching && !bytes.is_empty() {
            keep(&mut self.opening.lock().unwrap_or_else(PoisonError::into_inner).sent, bytes);
        }
    }

    /// Where the opening is to be seen, also while the stream is in other hands.
    pub fn watch(&self) -> OpeningWatch {
        OpeningWatch(Arc::clone(&self.opening))
    }

    /// Forgets the opening and counts no more: nobody will ask.
    pub fn forget(&mut self) {
        self.watching = false;
        *self.opening.lock().unwrap_or_else(PoisonError::into_inner) = Opening::default();
    }

    /// The stream below.
    pub fn get_ref(&self) -> &IO {
        &self.stream
    }
}

/// A view of what a stream opened with.
#[derive(Clone, Debug)]
pub struct OpeningWatch(Arc<Mutex<Opening>>);

impl OpeningWatch {
    /// What has come so far.
    pub fn seen(&self) -> Opening {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for Opened<IO> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(cx, buffer);
        let new = &buffer.filled()[before..];
        if self.watching && !new.is_empty() {
            self.opening.lock().unwrap_or_else(PoisonError::into_inner).note(new);
        }
        result
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for Opened<IO> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        if let Poll::Ready(Ok(count)) = written {
            self.sent(&bytes[..count]);
        }
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        if let Poll::Ready(Ok(mut left)) = written {
            for slice in slices {
                let count = left.min(slice.len());
                self.sent(&slice[..count]);
                left -= count;
            }
        }
        written
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

impl<IO: Reset> Reset for Opened<IO> {
    fn reset_on_drop(&self) {
        self.stream.reset_on_drop();
    }

    fn broken(&self) -> Option<io::Error> {
        self.stream.broken()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;

    use super::*;

    #[tokio::test]
    async fn the_first_bytes_are_kept_and_all_are_counted() {
        let bytes: Vec<u8> = (0..1000_u32).map(|number| number.to_le_bytes()[0]).collect();
        let mut stream = Opened::new(bytes.as_slice());
        let watch = stream.watch();
        stream.read_exact(&mut [0; 100]).await.unwrap();
        assert_eq!(watch.seen(), Opening { first: bytes[..100].to_vec(), total: 100, ..Opening::default() });
        stream.read_to_end(&mut Vec::new()).await.unwrap();
        assert_eq!(
            watch.seen(),
            Opening { first: bytes[..Opening::KEPT].to_vec(), total: 1000, ..Opening::default() }
        );
        stream.forget();
        assert_eq!(watch.seen(), Opening::default());
    }
}
