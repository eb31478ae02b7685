//! What a recorder writes to, and the buffer that it writes from.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use zeroize::{Zeroize, Zeroizing};

/// What a recorder writes to.
pub trait Sink: Send {
    /// Appends whole blocks: all of them, or none and an error. `urgent` says that somebody waits.
    fn append(&mut self, blocks: &[u8], urgent: bool) -> io::Result<()>;

    /// Waits until all that was appended has arrived, for a sink that lets it travel on its own; not for long.
    fn settle(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Memory, for a recording that is looked at right away. Clones share it; [`super::Options::max_size`] bounds it.
#[derive(Clone, Debug, Default)]
pub struct MemorySink(Arc<Mutex<Vec<u8>>>);

impl MemorySink {
    /// The file so far.
    pub fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Sink for MemorySink {
    fn append(&mut self, blocks: &[u8], _: bool) -> io::Result<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(blocks);
        Ok(())
    }
}

/// What disks and memory are handed out in; no system that we know of wants more alignment than that.
pub(super) const PAGE: usize = 4096;

/// Bytes on their way to a file, lying in memory as they will on the disk, relative to pages: a [`Sink`] can hand them
/// on without a copy. Whoever fills it need not know.
#[derive(Default)]
pub(super) struct Buffer {
    /// Padding up to the right place in a page, and the bytes.
    memory: Zeroizing<Vec<u8>>,
    padding: usize,
}

impl Buffer {
    /// Empties it; what comes will stand in the file from `offset` on. `capacity` bytes will do for most.
    pub(super) fn begin(&mut self, offset: u64, capacity: usize) {
        self.memory.clear();
        self.memory.reserve(capacity);
        let into_page = usize::try_from(offset % PAGE as u64).unwrap_or_default();
        self.padding = self.memory.as_ptr().align_offset(PAGE).saturating_add(into_page);
        if self.padding > 2 * PAGE {
            // There is no telling where this memory lies; nothing depends on it but speed.
            self.padding = 0;
        }
        self.memory.resize(self.padding, 0);
    }

    /// The bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.memory[self.padding..]
    }

    /// Where to append more.
    pub(super) fn end(&mut self) -> &mut Vec<u8> {
        &mut self.memory
    }

    /// Forgets all but the first `length` bytes.
    pub(super) fn truncate(&mut self, length: usize) {
        self.memory.truncate(self.padding + length);
    }

    /// Overwrites what is in it.
    pub(super) fn wipe(&mut self) {
        self.memory.zeroize();
        self.padding = 0;
    }
}
