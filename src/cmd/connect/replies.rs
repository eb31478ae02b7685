//! Where replies go.

use std::io::{self, IsTerminal};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::AsyncWrite;

use super::super::Ui;

/// What `--json` keeps of the replies, which are one string there and so are held in memory.
const REPLIES_IN_JSON: usize = 16 * 1024 * 1024;

/// Where replies go: to stdout as they come, or kept for `--json`.
pub(super) struct Replies {
    kept: Option<Vec<u8>>,
    stdout: tokio::io::Stdout,
    in_line: bool,
}

impl Replies {
    pub(super) fn new(keep: bool) -> Self {
        Self { kept: keep.then(Vec::new), stdout: tokio::io::stdout(), in_line: false }
    }

    /// Ends a reply that has no newline, where the next words would stand in its line.
    pub(super) fn end_line(&self, ui: &Ui) -> io::Result<()> {
        if self.in_line && self.kept.is_none() && io::stdout().is_terminal() { ui.print("") } else { Ok(()) }
    }

    pub(super) fn kept(&self) -> &[u8] {
        self.kept.as_deref().unwrap_or_default()
    }
}

impl AsyncWrite for Replies {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if let Some(last) = bytes.last() {
            self.in_line = *last != b'\n';
        }
        match &mut self.kept {
            None => Pin::new(&mut self.stdout).poll_write(cx, bytes),
            Some(kept) if kept.len() + bytes.len() > REPLIES_IN_JSON => {
                Poll::Ready(Err(io::Error::other(format!(
                    "the replies are too long for --json: expected at most {REPLIES_IN_JSON} bytes, found more"
                ))))
            }
            Some(kept) => {
                kept.extend_from_slice(bytes);
                Poll::Ready(Ok(bytes.len()))
            }
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.kept {
            None => Pin::new(&mut self.stdout).poll_flush(cx),
            Some(_) => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}
