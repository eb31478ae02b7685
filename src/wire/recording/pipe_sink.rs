//! A recorder's pipe: stdout or a FIFO, whose reader may be slow, or asleep, or not there at all.

use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use zeroize::Zeroizing;

use super::sink::Sink;
use crate::writer::{LAST_WORDS, Writer};

/// How many bytes may wait to be read.
const WAITING: usize = 4 << 20;
/// What is written at a time.
const PIECE: usize = 64 << 10;
/// How long a reader may take nothing before it is given up: all that is recorded waits for it so long, once.
const PATIENCE: Duration = Duration::from_secs(1);

/// Anything that cannot take back what it was given and may make its writer wait: written by a thread of its own. A
/// reader that is slow slows the recording down; one that takes nothing at all ends it.
pub struct PipeSink {
    writer: Writer<Zeroizing<Vec<u8>>>,
    failed: Arc<Mutex<Option<io::Error>>>,
}

impl fmt::Debug for PipeSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PipeSink").finish_non_exhaustive()
    }
}

impl PipeSink {
    /// Over what `open` gives, which is called by the thread: to open a FIFO waits for its reader.
    pub fn start<W: Write + Send + 'static>(
        open: impl FnOnce() -> io::Result<W> + Send + 'static,
    ) -> io::Result<Self> {
        let failed = Arc::<Mutex<Option<io::Error>>>::default();
        let failure = Arc::clone(&failed);
        let mut open = Some(open);
        let mut pipe = None;
        let mut write = move |blocks: Zeroizing<Vec<u8>>| {
            if let Some(open) = open.take() {
                pipe = Some(open()?);
            }
            // Where it could not be opened there is nothing to write to, and that was said.
            let Some(pipe) = &mut pipe else { return Ok(()) };
            pipe.write_all(&blocks)?;
            pipe.flush()
        };
        let writer = Writer::start("pipe", WAITING, move |blocks, _| {
            if let Err(error) = write(blocks) {
                failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
            }
        })?;
        Ok(Self { writer, failed })
    }

    fn check(&self) -> io::Result<()> {
        match &*self.failed.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(error) => Err(io::Error::new(error.kind(), error.to_string())),
            None => Ok(()),
        }
    }
}

fn nobody_reads() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "nobody reads it")
}

impl Sink for PipeSink {
    fn append(&mut self, blocks: &[u8], _: bool) -> io::Result<()> {
        self.check()?;
        // In pieces, so that a slow reader is seen to read.
        let taken = blocks
            .chunks(PIECE)
            .all(|piece| self.writer.put_patiently(Zeroizing::new(piece.to_vec()), piece.len(), PATIENCE));
        if taken { Ok(()) } else { Err(nobody_reads()) }
    }

    fn settle(&mut self) -> io::Result<()> {
        let written = self.writer.flush(LAST_WORDS);
        self.check()?;
        if written { Ok(()) } else { Err(nobody_reads()) }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// Longer than any test runs.
    const FUSE: Duration = Duration::from_secs(60);

    /// Writes as its gate lets it, and fails once that is closed.
    struct Gate(mpsc::Receiver<()>, mpsc::Sender<usize>);

    impl Write for Gate {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.recv().map_err(|_| io::ErrorKind::BrokenPipe)?;
            let _ = self.1.send(bytes.len());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn whoever_writes_does_not_wait_and_a_broken_pipe_is_told_in_the_end() {
        let (go, gate) = mpsc::channel();
        let (tell, told) = mpsc::channel();
        let mut sink = PipeSink::start(|| Ok(Gate(gate, tell))).unwrap();
        for _ in 0..3 {
            sink.append(&[1; 1000], false).unwrap();
        }
        assert_eq!(told.try_recv(), Err(mpsc::TryRecvError::Empty), "nothing was let through yet");
        for _ in 0..3 {
            go.send(()).unwrap();
        }
        assert!(sink.writer.flush(FUSE));
        sink.settle().unwrap();
        assert_eq!(told.try_iter().sum::<usize>(), 3000);
        drop(go);
        sink.append(&[1; 1000], false).unwrap();
        assert!(sink.writer.flush(FUSE));
        assert_eq!(sink.settle().unwrap_err().kind(), io::ErrorKind::BrokenPipe);
        assert_eq!(sink.append(&[1], false).unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }

    #[test]
    fn what_cannot_be_opened_is_told() {
        let mut sink =
            PipeSink::start(|| Err::<Vec<u8>, _>(io::Error::from(io::ErrorKind::PermissionDenied))).unwrap();
        sink.append(&[1], false).unwrap();
        assert!(sink.writer.flush(FUSE));
        assert_eq!(sink.settle().unwrap_err().kind(), io::ErrorKind::PermissionDenied);
    }
}
