//! A recorder's file, and the short way to its disk.

use std::fs::File;
use std::io::{self, Write};

use super::sink::{PAGE, Sink};

/// From so many bytes on, going around the page cache pays.
const BULK: usize = 128 << 10;

/// A file, from its beginning.
///
/// Bulk goes around the system's page cache (`O_DIRECT`, on Linux and where the file system lets it), straight from
/// our memory to the disk: a long recording pushes nobody else's files out of memory, and costs a fraction of the
/// processor time. Where the disk is what everything waits for, the cache gets it after all.
#[derive(Debug)]
pub struct FileSink {
    file: File,
    length: u64,
    /// Whether going around is worth trying.
    direct: bool,
    /// Whether the file is set to it now.
    #[cfg(target_os = "linux")]
    is_around: bool,
}

impl FileSink {
    /// Over an empty file.
    pub fn new(file: File) -> Self {
        // To a pipe, O_DIRECT means something else (pipe(2): packets).
        let direct = cfg!(target_os = "linux") && file.metadata().is_ok_and(|metadata| metadata.is_file());
        Self {
            file,
            length: 0,
            direct,
            #[cfg(target_os = "linux")]
            is_around: false,
        }
    }

    /// Writes whole pages around the cache, as many as it takes, where they lie in memory as in the file. Gives how
    /// many bytes of `blocks` are written.
    fn write_directly(&mut self, blocks: &[u8]) -> io::Result<usize> {
        let (page, length) = (PAGE as u64, self.length);
        // Up to the next page of the file; in memory that has to be the next page as well.
        let first = usize::try_from(length.next_multiple_of(page) - length).unwrap_or_default();
        if !self.direct || blocks.len() < BULK || blocks.as_ptr().align_offset(PAGE) != first {
            return Ok(0);
        }
        self.write_through_the_cache(&blocks[..first])?;
        let pages = &blocks[first..];
        let pages = &pages[..pages.len() - pages.len() % PAGE];
        let mut written = 0;
        self.direct = self.go_around(true);
        // A part of a page is the end of a disk, or something odd. The common way meets it again, and tells.
        while self.direct && written < pages.len() {
            match self.file.write(&pages[written..]) {
                Ok(count) => {
                    written += count;
                    self.direct = count > 0 && written.is_multiple_of(PAGE);
                }
                Err(error) => self.direct = error.kind() == io::ErrorKind::Interrupted,
            }
        }
        Ok(first + written)
    }

    fn write_through_the_cache(&mut self, blocks: &[u8]) -> io::Result<()> {
        if blocks.is_empty() {
            return Ok(());
        }
        if !self.go_around(false) {
            return Err(io::Error::other("cannot go back to the page cache"));
        }
        self.file.write_all(blocks)
    }

    /// Turns `O_DIRECT` on or off; whether that could be done.
    #[cfg(target_os = "linux")]
    fn go_around(&mut self, around: bool) -> bool {
        use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

        if self.is_around != around {
            let set = fcntl_getfl(&self.file).and_then(|mut flags| {
                flags.set(OFlags::DIRECT, around);
                fcntl_setfl(&self.file, flags)
            });
            if set.is_err() {
                return false;
            }
            self.is_around = around;
        }
        true
    }

    #[cfg(not(target_os = "linux"))]
    fn go_around(&mut self, around: bool) -> bool {
        !around
    }
}

impl Sink for FileSink {
    fn append(&mut self, blocks: &[u8], urgent: bool) -> io::Result<()> {
        let directly = if urgent { Ok(0) } else { self.write_directly(blocks) };
        let written = directly.and_then(|written| self.write_through_the_cache(&blocks[written..]));
        match written {
            Ok(()) => self.length += blocks.len() as u64,
            // The disk may have taken a part: half a block would spoil the file for its readers. Where even
            // that cannot be undone (a device, say) there is nothing better to report than the first error.
            Err(_) => drop(self.file.set_len(self.length)),
        }
        written
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that all differ from their neighbours, and where in memory they lie: as far into a page as asked.
    fn batch(bytes: usize, into_page: usize) -> (Vec<u8>, usize) {
        let mut memory = vec![0; bytes + 2 * PAGE];
        let start = memory.as_ptr().align_offset(PAGE) + into_page;
        for (index, byte) in memory[start..start + bytes].iter_mut().enumerate() {
            *byte = u8::try_from(index % 251).unwrap();
        }
        (memory, start)
    }

    #[test]
    fn a_file_holds_what_was_appended_whichever_way_it_went() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("capture");
        let mut sink = FileSink::new(File::create(&path).unwrap());
        let mut expected = Vec::new();
        // Small, bulk in a fitting place, urgent, in a place that does not fit, small, and bulk of whole pages.
        let sizes =
            [(10, false), (BULK + 3, false), (BULK * 2, true), (BULK + 77, false), (5, false), (BULK, false)];
        for (index, (bytes, urgent)) in sizes.into_iter().enumerate() {
            let into_page = expected.len() % PAGE + usize::from(index == 3);
            let (memory, start) = batch(bytes, into_page);
            let blocks = &memory[start..start + bytes];
            sink.append(blocks, urgent).unwrap();
            expected.extend_from_slice(blocks);
            assert!(std::fs::read(&path).unwrap() == expected, "{index}");
        }
    }
}
