//! The request that sessions come to an end, seen from one session.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::AsyncRead;
use tokio::sync::watch;

use crate::streams::Chunk;

/// The request that sessions come to an end, seen from one session.
pub(super) struct Drain {
    request: Pin<Box<dyn Future<Output = ()> + Send>>,
    begun: bool,
}

/// What came of [`Drain::read`].
pub(super) enum Read {
    /// Bytes of the peer; never none.
    Bytes(Chunk),
    /// Nothing has come, and sessions are to end.
    Draining,
    /// The peer's end.
    End,
}

impl Drain {
    pub(super) fn new(mut draining: watch::Receiver<bool>) -> Self {
        let request = Box::pin(async move {
            // A sender that is gone requests the same.
            let _ = draining.wait_for(|begun| *begun).await;
        });
        Self { request, begun: false }
    }

    /// Ready once sessions are to end.
    pub(super) async fn begun(&mut self) {
        std::future::poll_fn(|cx| self.poll(cx)).await;
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.begun {
            ready!(self.request.as_mut().poll(cx));
            self.begun = true;
        }
        Poll::Ready(())
    }

    /// Reads what has come; ends for the request only where nothing has, so that what came is still served.
    pub(super) async fn read<S: AsyncRead + Unpin>(&mut self, stream: &mut S) -> io::Result<Read> {
        std::future::poll_fn(|cx| match Chunk::poll_read(stream, cx) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Ready(Ok(chunk)) if chunk.is_empty() => Poll::Ready(Ok(Read::End)),
            Poll::Ready(Ok(chunk)) => Poll::Ready(Ok(Read::Bytes(chunk))),
            Poll::Pending => self.poll(cx).map(|()| Ok(Read::Draining)),
        })
        .await
    }
}
