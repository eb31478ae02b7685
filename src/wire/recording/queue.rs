//! Blocks on their way to the file, counted and limited.

use std::io;

use super::sink::{Buffer, Sink};

/// The most bytes that are on their way to the file before more have to wait.
pub const MOST_QUEUED: usize = 1 << 20;

/// Why recording stopped while the connections went on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stopped {
    /// The file could not be written.
    #[error("cannot write: {0}")]
    Failed(String),
    /// The file would have grown beyond its limit, in bytes.
    #[error("size limit of {0} bytes reached")]
    Limit(u64),
}

/// What is to be written at once.
#[derive(Default)]
pub(super) struct Batch {
    buffer: Buffer,
    packets: u64,
    has_secrets: bool,
}

impl Batch {
    /// Empties it; its blocks will stand in the file from `offset` on.
    fn begin(&mut self, offset: u64) {
        if std::mem::take(&mut self.has_secrets) {
            self.buffer.wipe();
        }
        self.packets = 0;
        self.buffer.begin(offset, MOST_QUEUED + (1 << 20));
    }

    /// Into the file: how many bytes and packets that was.
    pub(super) fn write(&self, sink: &mut dyn Sink) -> io::Result<Written> {
        let blocks = self.buffer.bytes();
        if !blocks.is_empty() {
            // Whoever has something more waits, if this is as much as may be queued.
            sink.append(blocks, blocks.len() >= MOST_QUEUED)?;
        }
        Ok(Written { bytes: blocks.len() as u64, packets: self.packets })
    }
}

/// What went into the file.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Written {
    pub(super) bytes: u64,
    pub(super) packets: u64,
}

/// The queue, and what became of all that was in it.
pub(super) struct Queue {
    batch: Batch,
    /// Bytes that ever went into it.
    queued: u64,
    limit: u64,
    written: Written,
    stopped: Option<Stopped>,
}

impl Queue {
    /// An empty one, behind `length` bytes that are in the file already.
    pub(super) fn new(length: u64, limit: u64) -> Self {
        let mut batch = Batch::default();
        batch.begin(length);
        let written = Written { bytes: length, packets: 0 };
        Self { batch, queued: length, limit, written, stopped: None }
    }

    /// How many bytes are in it.
    pub(super) fn len(&self) -> usize {
        self.batch.buffer.bytes().len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What is in the file.
    pub(super) fn written(&self) -> Written {
        self.written
    }

    /// Why nothing goes into it any more.
    pub(super) fn stopped(&self) -> Option<&Stopped> {
        self.stopped.as_ref()
    }

    /// Puts in what `fill` appends, and how many packets it says that is.
    pub(super) fn add(&mut self, fill: impl FnOnce(&mut Vec<u8>) -> u64) {
        if self.stopped.is_some() {
            return;
        }
        let before = self.len();
        let packets = fill(self.batch.buffer.end());
        let queued = self.queued + (self.len() - before) as u64;
        if queued > self.limit {
            self.batch.buffer.truncate(before);
            self.stopped = Some(Stopped::Limit(self.limit));
        } else {
            self.queued = queued;
            self.batch.packets += packets;
        }
    }

    /// Puts in secrets, and the packets they serve. They stand or fall together.
    pub(super) fn add_secrets(&mut self, secrets: &[u8], blocks: &[u8], packets: u64) {
        self.batch.has_secrets |= !secrets.is_empty();
        self.add(|queue| {
            queue.extend_from_slice(secrets);
            queue.extend_from_slice(blocks);
            packets
        });
    }

    /// Takes everything out, in exchange for a batch that is done with.
    pub(super) fn take(&mut self, batch: &mut Batch) {
        batch.begin(self.queued);
        std::mem::swap(&mut self.batch, batch);
    }

    /// Writes everything at once.
    pub(super) fn write(&mut self, sink: &mut dyn Sink) {
        let result = self.batch.write(sink);
        self.note(result);
        self.batch.begin(self.queued);
    }

    /// So much is in the file now, or nothing will be any more.
    pub(super) fn note(&mut self, result: io::Result<Written>) {
        match result {
            Ok(more) => {
                self.written.bytes += more.bytes;
                self.written.packets += more.packets;
            }
            Err(error) => {
                self.stopped = Some(Stopped::Failed(error.to_string()));
                self.batch.begin(0);
            }
        }
    }
}
