//! Output that nobody has to wait for: a bounded queue, and a thread that empties it.
//!
//! A pipe whose reader sleeps, a FIFO that nobody opens and a terminal that is held all block whoever writes to them, and
//! a server must not be. So whoever has something to say puts it here and goes on; only the thread ever waits. What
//! comes while the queue is full is left out and counted. Knows nobody.

use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// How long last words may take: whoever reads has them at once, and whoever does not will not.
pub const LAST_WORDS: Duration = Duration::from_secs(1);

/// Whether a path leads to a FIFO: to open one waits for whoever is to have the other end open, and so is a thread's
/// business.
pub fn is_fifo(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt as _;
        std::fs::metadata(path).is_ok_and(|metadata| metadata.file_type().is_fifo())
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        false
    }
}

/// A thread that writes what it is given, in order. Clones share it.
#[derive(Debug)]
pub struct Writer<T> {
    handle: Arc<Handle<T>>,
}

impl<T> Clone for Writer<T> {
    fn clone(&self) -> Self {
        Self { handle: Arc::clone(&self.handle) }
    }
}

/// What clones share: when the last is gone, the thread ends, once everything is written.
#[derive(Debug)]
struct Handle<T> {
    shared: Arc<Shared<T>>,
}

#[derive(Debug)]
struct Shared<T> {
    queue: Mutex<Queue<T>>,
    /// Something was put into the queue, or nothing will be any more.
    filled: Condvar,
    /// Something is written.
    written: Condvar,
    most: usize,
}

#[derive(Debug)]
struct Queue<T> {
    items: VecDeque<(T, usize)>,
    /// The weights of all items, that which is being written included.
    weight: usize,
    left_out: u64,
    closed: bool,
    /// How many wait for room. Whoever waits for the end of it all is woken once, and not with each thing.
    wait_for_room: usize,
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, Queue<T>> {
        // Nothing below leaves the queue half-changed by panicking.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Send + 'static> Writer<T> {
    /// Starts the thread, named `name`. What waits weighs at most `most` in all. `write` gets each thing, and how many
    /// were left out since the last; it may block.
    pub fn start(
        name: &str,
        most: usize,
        mut write: impl FnMut(T, u64) + Send + 'static,
    ) -> io::Result<Self> {
        let queue = Queue { items: VecDeque::new(), weight: 0, left_out: 0, closed: false, wait_for_room: 0 };
        let shared = Arc::new(Shared {
            queue: Mutex::new(queue),
            filled: Condvar::new(),
            written: Condvar::new(),
            most,
        });
        let own = Arc::clone(&shared);
        // Never joined: where it is blocked for good, the process ends without it.
        thread::Builder::new().name(name.to_owned()).spawn(move || {
            while let Some((item, weight, left_out)) = own.next() {
                write(item, left_out);
                own.written(weight);
            }
        })?;
        Ok(Self { handle: Arc::new(Handle { shared }) })
    }

    /// Gives it something to write, of the given weight (bytes, mostly). `false` where there was no room: then it is
    /// left out, and counted.
    pub fn put(&self, item: T, weight: usize) -> bool {
        let mut queue = self.handle.shared.lock();
        // Something larger than the whole queue finds room in an empty one.
        if queue.closed || (queue.weight > 0 && queue.weight.saturating_add(weight) > self.handle.shared.most)
        {
            queue.left_out += 1;
            return false;
        }
        queue.weight += weight.max(1);
        queue.items.push_back((item, weight.max(1)));
        drop(queue);
        self.handle.shared.filled.notify_one();
        true
    }

    /// The same, but waits for room as long as the thread makes progress: where it has written nothing for `patience`,
    /// it gets nothing more.
    pub fn put_patiently(&self, item: T, weight: usize, patience: Duration) -> bool {
        let shared = &self.handle.shared;
        let mut queue = shared.lock();
        while queue.weight > 0 && queue.weight.saturating_add(weight) > shared.most {
            let before = queue.weight;
            let stands_still = |queue: &mut Queue<T>| queue.weight == before;
            queue.wait_for_room += 1;
            let waited = shared.written.wait_timeout_while(queue, patience, stands_still);
            queue = waited.unwrap_or_else(PoisonError::into_inner).0;
            queue.wait_for_room -= 1;
            if queue.weight == before {
                return false;
            }
        }
        drop(queue);
        self.put(item, weight)
    }

    /// Waits until everything is written, for `limit` at most. Whether it is.
    pub fn flush(&self, limit: Duration) -> bool {
        let unwritten = |queue: &mut Queue<T>| queue.weight > 0;
        let waited =
            self.handle.shared.written.wait_timeout_while(self.handle.shared.lock(), limit, unwritten);
        let (queue, _) = waited.unwrap_or_else(PoisonError::into_inner);
        queue.weight == 0
    }

    /// How many things were left out since the last that was written.
    pub fn left_out(&self) -> u64 {
        self.handle.shared.lock().left_out
    }
}

impl<T> Shared<T> {
    /// The next thing to write, its weight, and how many were left out before it; `None` once nothing will come.
    fn next(&self) -> Option<(T, usize, u64)> {
        let idle = |queue: &mut Queue<T>| queue.items.is_empty() && !queue.closed;
        let mut queue = self.filled.wait_while(self.lock(), idle).unwrap_or_else(PoisonError::into_inner);
        let (item, weight) = queue.items.pop_front()?;
        Some((item, weight, std::mem::take(&mut queue.left_out)))
    }

    fn written(&self, weight: usize) {
        let mut queue = self.lock();
        queue.weight -= weight;
        if queue.weight == 0 || queue.wait_for_room > 0 {
            drop(queue);
            self.written.notify_all();
        }
    }
}

impl<T> Drop for Handle<T> {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.filled.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// Longer than any test runs.
    const FUSE: Duration = Duration::from_secs(60);

    #[test]
    fn everything_is_written_in_order() {
        let (send, written) = mpsc::channel();
        let writer = Writer::start("test", 1000, move |item: u32, left_out| {
            assert_eq!(left_out, 0);
            send.send(item).unwrap();
        })
        .unwrap();
        assert!((0..100).all(|item| writer.put(item, 10)));
        assert!(writer.flush(FUSE));
        assert_eq!(written.try_iter().collect::<Vec<_>>(), (0..100).collect::<Vec<_>>());
        drop(writer);
        // The thread's end drops the sender.
        assert!(written.recv().is_err());
    }

    #[test]
    fn patience_ends_where_nothing_is_written_and_not_before() {
        let (go, gate) = mpsc::channel::<()>();
        let writer = Writer::start("test", 20, move |_: u32, _| {
            let _ = gate.recv();
        })
        .unwrap();
        assert!(writer.put(0, 10) && writer.put(1, 10));
        assert!(!writer.put_patiently(2, 10, Duration::ZERO), "it stands still");
        go.send(()).unwrap();
        assert!(writer.put_patiently(2, 10, FUSE), "there is room once something is written");
        drop(go);
        assert!(writer.flush(FUSE));
        assert_eq!(writer.left_out(), 0, "whoever waited in vain knows it");
    }

    #[test]
    fn what_finds_no_room_is_left_out_and_counted_and_nobody_waits() {
        let (go, gate) = mpsc::channel::<()>();
        let (send, written) = mpsc::channel();
        let (begin, begun) = mpsc::channel();
        let writer = Writer::start("test", 30, move |item: u32, left_out| {
            begin.send(()).unwrap();
            // Blocked until the test lets it go on, as by a pipe that nobody reads.
            gate.recv().unwrap();
            send.send((item, left_out)).unwrap();
        })
        .unwrap();
        assert!(writer.put(0, 10));
        begun.recv().unwrap();
        let taken: Vec<_> = (1..100).filter(|item| writer.put(*item, 10)).collect();
        assert_eq!(taken, [1, 2], "what is being written counts too");
        assert_eq!(writer.left_out(), 97);
        assert!(!writer.flush(Duration::ZERO), "nobody reads");
        for _ in 0..3 {
            go.send(()).unwrap();
        }
        assert!(writer.flush(FUSE));
        assert!(writer.put(7, 10));
        go.send(()).unwrap();
        assert!(writer.flush(FUSE));
        let written: Vec<_> = written.try_iter().collect();
        assert_eq!(written.iter().map(|(item, _)| *item).collect::<Vec<_>>(), [0, 1, 2, 7]);
        // Said with the first thing that is written after it happened.
        assert_eq!(written.iter().map(|(_, left_out)| left_out).sum::<u64>(), 97);
        drop(go);
    }
}
