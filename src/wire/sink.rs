//! What a recorder writes to.

use std::fs::File;
use std::io::{self, Write};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

/// What a recorder writes to.
pub trait Sink: Send {
    /// Appends whole blocks: all of them, or none and an error.
    fn append(&mut self, blocks: &[u8]) -> io::Result<()>;
}

/// A file, from its beginning.
#[derive(Debug)]
pub struct FileSink {
    file: File,
    length: u64,
    sweeper: Sweeper,
}

impl FileSink {
    /// Over an empty file.
    pub fn new(file: File) -> Self {
        Self { file, length: 0, sweeper: Sweeper::default() }
    }
}

impl Sink for FileSink {
    fn append(&mut self, blocks: &[u8]) -> io::Result<()> {
        let written = self.file.write_all(blocks);
        match written {
            Ok(()) => {
                self.length += blocks.len() as u64;
                self.sweeper.grown(&self.file, self.length);
            }
            // The disk may have taken a part: half a block would spoil the file for its readers. Where even
            // that cannot be undone (a device, say) there is nothing better to report than the first error.
            Err(_) => drop(self.file.set_len(self.length)),
        }
        written
    }
}

/// A pipe, a socket, memory: anything that cannot take back what it was given.
#[derive(Debug)]
pub struct PipeSink<W>(pub W);

impl<W: Write + Send> Sink for PipeSink<W> {
    fn append(&mut self, blocks: &[u8]) -> io::Result<()> {
        self.0.write_all(blocks)?;
        self.0.flush()
    }
}

/// Memory, for a recording that is looked at right away. Clones share it; [`super::recorder::Options::max_size`] bounds it.
#[derive(Clone, Debug, Default)]
pub struct MemorySink(Arc<Mutex<Vec<u8>>>);

impl MemorySink {
    /// The file so far.
    pub fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Sink for MemorySink {
    fn append(&mut self, blocks: &[u8]) -> io::Result<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(blocks);
        Ok(())
    }
}

/// Keeps a file that grows and grows out of memory.
///
/// Left alone, a system keeps what was written for as long as there is room: a long recording would push everybody
/// else's files out, and writing to memory that was never used before is slow, several times so in a virtual
/// machine that gets its memory as it goes. So what was written is sent to the disk at once, and the pages are
/// freed for what comes next. That is done by a thread of its own; one that waits for a slow disk is not waited for.
#[derive(Debug, Default)]
struct Sweeper {
    /// How long the file was when that was last looked at.
    swept: u64,
    to: Option<SyncSender<u64>>,
}

impl Sweeper {
    /// How much a file grows between two looks.
    const STRIDE: u64 = 8 << 20;
    /// How much of a file's end is looked after; what a disk has not taken by then stays with the system.
    const REACH: u64 = 64 << 20;

    /// The file has that length now.
    fn grown(&mut self, file: &File, length: u64) {
        if length < self.swept + Self::STRIDE {
            return;
        }
        self.swept = length;
        let to = self.to.get_or_insert_with(|| sweep(file));
        // One that is still busy will hear of the next stride.
        let _ = to.try_send(length);
    }
}

/// Starts a thread that hears of a file's lengths and ends with their sender. Where it cannot run nothing is lost
/// but speed.
fn sweep(file: &File) -> SyncSender<u64> {
    let (to, lengths) = sync_channel(1);
    #[cfg(target_os = "linux")]
    if let Ok(file) = file.try_clone() {
        let sweep = move || {
            for length in lengths {
                let from = u64::saturating_sub(length, Sweeper::REACH);
                // posix_fadvise(2): dirty pages begin to be written, clean ones are freed. No promise, no harm.
                let reach = std::num::NonZeroU64::new(length - from);
                let _ = rustix::fs::fadvise(&file, from, reach, rustix::fs::Advice::DontNeed);
            }
        };
        drop(std::thread::Builder::new().name("sweeper".to_owned()).spawn(sweep));
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (file, lengths);
    to
}
