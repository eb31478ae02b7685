//! Reading without a buffer of one's own while nothing comes.
//!
//! Most connections are idle most of the time, and a buffer each is most of what they would cost. So each thread has a
//! few buffers; a stream borrows one for the moment in which it asks what has come, and keeps it only while what came
//! waits to be passed on.

use std::cell::RefCell;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncBufRead, AsyncRead, AsyncWrite, ReadBuf};

use super::Reset;

/// What an interactive session needs: one TLS record (RFC 8446 §5.1: at most 2^14 bytes).
const SMALL: usize = 16 * 1024;
/// What a bulk transfer comes to by filling its buffers: most of what a small one costs is waking whoever waits.
const LARGE: usize = 256 * 1024;
/// What all buffers larger than [`SMALL`] may take together, in the whole process. Beyond it there are small ones only.
const BUDGET: usize = 64 * 1024 * 1024;
/// How many buffers, and how many bytes in them, a thread keeps to lend again.
const KEPT: usize = 4;
const KEPT_BYTES: usize = 4 * LARGE;

/// Bytes in buffers larger than [`SMALL`], lent or kept.
static SPENT: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static POOL: RefCell<Vec<Buffer>> = const { RefCell::new(Vec::new()) };
}

/// A buffer, all of it initialised, counted against the budget while it exists.
#[derive(Debug, Default)]
struct Buffer(Box<[u8]>);

impl Buffer {
    /// One of at least `wanted` bytes, and of [`SMALL`] where the budget is spent.
    fn borrow(wanted: usize) -> Self {
        let wanted = wanted.clamp(SMALL, LARGE);
        let kept = POOL.with_borrow_mut(|pool| {
            let fit = pool.iter().position(|buffer| buffer.0.len() >= wanted)?;
            Some(pool.swap_remove(fit))
        });
        kept.unwrap_or_else(|| Self::new(wanted))
    }

    fn new(wanted: usize) -> Self {
        let within = |spent: usize| spent.checked_add(wanted).filter(|spent| *spent <= BUDGET);
        let large =
            wanted > SMALL && SPENT.fetch_update(Ordering::Relaxed, Ordering::Relaxed, within).is_ok();
        Self(vec![0; if large { wanted } else { SMALL }].into())
    }

    fn give_back(self) {
        // Where the thread is ending there is no pool any more, and the buffer just goes.
        let _ = POOL.try_with(|pool| {
            let mut pool = pool.borrow_mut();
            let kept: usize = pool.iter().map(|buffer| buffer.0.len()).sum();
            if pool.len() < KEPT && kept + self.0.len() <= KEPT_BYTES {
                pool.push(self);
            }
        });
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if self.0.len() > SMALL {
            SPENT.fetch_sub(self.0.len(), Ordering::Relaxed);
        }
    }
}

/// Bytes that were read, in a borrowed buffer, which goes back when this is dropped.
#[derive(Debug)]
pub struct Chunk {
    buffer: Buffer,
    /// `start <= end <= buffer.len()`.
    start: usize,
    end: usize,
}

impl std::ops::Deref for Chunk {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.buffer.0[self.start..self.end]
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        std::mem::take(&mut self.buffer).give_back();
    }
}

impl Chunk {
    /// Reads what has come from `stream`, at most one TLS record's worth; empty at its end.
    pub fn poll_read(stream: &mut (impl AsyncRead + Unpin), cx: &mut Context<'_>) -> Poll<io::Result<Self>> {
        Self::poll_read_at_most(SMALL, stream, cx)
    }

    fn poll_read_at_most(
        most: usize,
        stream: &mut (impl AsyncRead + Unpin),
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<Self>> {
        let mut chunk = Self { buffer: Buffer::borrow(most), start: 0, end: 0 };
        ready!(chunk.poll_more(most, stream, cx))?;
        Poll::Ready(Ok(chunk))
    }

    /// Reads once more, up to `most` bytes in all; gives how many came.
    fn poll_more(
        &mut self,
        most: usize,
        stream: &mut (impl AsyncRead + Unpin),
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        // The buffer may be larger than was asked for, where that one was to be had.
        let room = self.buffer.0.len().min(most);
        let mut reading = ReadBuf::new(&mut self.buffer.0[self.end..room]);
        ready!(Pin::new(stream).poll_read(cx, &mut reading))?;
        let count = reading.filled().len();
        self.end += count;
        Poll::Ready(Ok(count))
    }
}

/// A stream that is read through a borrowed buffer: [`AsyncBufRead`] over any stream.
///
/// Takes all that has come, up to the buffer's size, however small the pieces are that the stream gives: a TLS stream's
/// are records. Under a TLS stream, which asks for 4 KiB at a time, it saves as many calls of the system.
#[derive(Debug)]
pub struct Pooled<S> {
    stream: S,
    /// What has come and was not taken yet; never empty.
    chunk: Option<Chunk>,
    /// What came after the chunk: the end, or why there is no more. A system says so once.
    then: Option<io::Result<()>>,
    /// How much the next read takes at most.
    size: usize,
}

impl<S> Pooled<S> {
    /// Reads `stream` through borrowed buffers.
    pub fn new(stream: S) -> Self {
        Self { stream, chunk: None, then: None, size: SMALL }
    }

    /// The stream below.
    pub fn get_ref(&self) -> &S {
        &self.stream
    }

    /// All that has come.
    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Chunk>>
    where
        S: AsyncRead + Unpin,
    {
        let mut chunk = ready!(Chunk::poll_read_at_most(self.size, &mut self.stream, cx))?;
        if chunk.is_empty() {
            return Poll::Ready(Ok(chunk));
        }
        let room = chunk.buffer.0.len().min(self.size);
        while chunk.end < room {
            match chunk.poll_more(self.size, &mut self.stream, cx) {
                Poll::Ready(Ok(1..)) => {}
                Poll::Ready(Ok(0)) => {
                    self.then = Some(Ok(()));
                    break;
                }
                Poll::Ready(Err(error)) => {
                    self.then = Some(Err(error));
                    break;
                }
                Poll::Pending => break,
            }
        }
        Poll::Ready(Ok(chunk))
    }

    /// The next read's size: twice this one's where that was full, half where it took less than a quarter.
    fn resize(&mut self, came: usize) {
        if came == self.size {
            self.size = (2 * self.size).min(LARGE);
        } else if came < self.size / 4 {
            self.size = (self.size / 2).max(SMALL);
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncBufRead for Pooled<S> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.get_mut();
        if this.chunk.is_none() {
            if let Some(then) = this.then.take() {
                return Poll::Ready(then.map(|()| &[][..]));
            }
            let chunk = ready!(this.poll_chunk(cx))?;
            if chunk.is_empty() {
                return Poll::Ready(Ok(&[]));
            }
            this.resize(chunk.len());
            this.chunk = Some(chunk);
        }
        Poll::Ready(Ok(this.chunk.as_deref().unwrap_or_default()))
    }

    fn consume(mut self: Pin<&mut Self>, count: usize) {
        let Some(chunk) = &mut self.chunk else { return };
        chunk.start = (chunk.start + count).min(chunk.end);
        if chunk.is_empty() {
            self.chunk = None;
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Pooled<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let bytes = ready!(self.as_mut().poll_fill_buf(cx))?;
        let count = bytes.len().min(buffer.remaining());
        buffer.put_slice(&bytes[..count]);
        self.consume(count);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Pooled<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
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

impl<S: Reset> Reset for Pooled<S> {
    fn reset_on_drop(&self) {
        self.stream.reset_on_drop();
    }

    fn broken(&self) -> Option<io::Error> {
        self.stream.broken()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    #[tokio::test]
    async fn there_is_a_buffer_only_while_something_is_in_it() {
        let (near, mut far) = duplex(1 << 20);
        let mut near = Pooled::new(near);
        let nothing =
            std::future::poll_fn(|cx| Poll::Ready(Pin::new(&mut near).poll_fill_buf(cx).is_pending()));
        assert!(nothing.await);
        assert!(near.chunk.is_none(), "nothing came, nothing is held");
        far.write_all(b"abc").await.unwrap();
        assert_eq!(near.fill_buf().await.unwrap(), b"abc");
        near.consume(1);
        assert_eq!(near.fill_buf().await.unwrap(), b"bc");
        assert_eq!(near.read_u8().await.unwrap(), b'b');
        near.consume(1);
        assert!(near.chunk.is_none(), "everything was taken");
        drop(far);
        assert_eq!(near.fill_buf().await.unwrap(), b"");
        assert!(near.chunk.is_none());
    }

    /// Gives what it has piece by piece, as a TLS stream gives records, and a failure once, as a system does.
    struct Pieces(Vec<io::Result<&'static [u8]>>);

    impl AsyncRead for Pieces {
        fn poll_read(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            buffer: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            Poll::Ready(match self.0.pop() {
                Some(piece) => piece.map(|piece| buffer.put_slice(piece)),
                None => Ok(()),
            })
        }
    }

    #[tokio::test]
    async fn pieces_are_one_chunk_and_what_came_after_them_is_not_lost() {
        let mut pieces =
            Pooled::new(Pieces(vec![Err(io::ErrorKind::ConnectionReset.into()), Ok(b"cd"), Ok(b"ab")]));
        assert_eq!(pieces.fill_buf().await.unwrap(), b"abcd");
        pieces.consume(4);
        assert_eq!(pieces.fill_buf().await.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
        assert_eq!(pieces.fill_buf().await.unwrap(), b"");
        let mut pieces = Pooled::new(Pieces(vec![Ok(b"more"), Ok(b""), Ok(b"ab")]));
        assert_eq!(pieces.fill_buf().await.unwrap(), b"ab");
        pieces.consume(2);
        assert_eq!(pieces.fill_buf().await.unwrap(), b"", "the end that came with them");
    }

    #[tokio::test]
    async fn reads_grow_with_bulk_and_shrink_without() {
        let (near, mut far) = duplex(8 << 20);
        let mut near = Pooled::new(near);
        far.write_all(&vec![1; 4 << 20]).await.unwrap();
        let mut sizes = Vec::new();
        while near.size < LARGE {
            let count = near.fill_buf().await.unwrap().len();
            near.consume(count);
            sizes.push(count);
        }
        assert_eq!(sizes, [16, 32, 64, 128].map(|kib| kib << 10));
        let mut left = (4 << 20) - sizes.iter().sum::<usize>();
        while left > 0 {
            let count = near.fill_buf().await.unwrap().len();
            near.consume(count);
            left -= count;
        }
        while near.size > SMALL {
            far.write_all(b"x").await.unwrap();
            assert_eq!(near.fill_buf().await.unwrap(), b"x");
            near.consume(1);
        }
    }

    #[test]
    fn beyond_the_budget_buffers_are_small() {
        // Other tests of this process borrow too, so that the budget may be spent a little earlier.
        let lent: Vec<_> = (0..2 * BUDGET / LARGE).map(|_| Buffer::borrow(LARGE)).collect();
        let large = lent.iter().filter(|buffer| buffer.0.len() > SMALL).count();
        assert!((1..=BUDGET / LARGE).contains(&large), "{large}");
        assert!(SPENT.load(Ordering::Relaxed) <= BUDGET);
        drop(lent);
        assert!(Buffer::borrow(LARGE).0.len() > SMALL, "what is given up can be had again");
    }
}
