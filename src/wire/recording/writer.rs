//! The thread that writes a recording, and what it shares with those who bring it something.
//!
//! Little things are written by whoever brings them: handing them to another thread would cost more. A bulk transfer
//! and its recording go on side by side: the thread writes that, and until it is done whatever comes has to queue.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use super::hold::Hold;
use super::queue::{Batch, MOST_QUEUED, Queue, Written};
use super::sink::Sink;

/// The most bytes that whoever brings them writes.
const SMALL: usize = 32 << 10;

/// What is recorded and not yet in the file.
pub(super) struct State {
    pub(super) queue: Queue,
    pub(super) hold: Hold,
    /// Connections that were opened, and those of them that began with a ClientHello.
    pub(super) connections: u64,
    pub(super) sessions: u64,
    /// What is written to. The thread has it while it writes.
    sink: Option<Box<dyn Sink>>,
    /// Nothing will come any more.
    closed: bool,
    /// How many wait for the thread.
    waiters: usize,
}

impl State {
    /// With the queue and the hold at once.
    pub(super) fn parts(&mut self) -> (&mut Hold, &mut Queue) {
        (&mut self.hold, &mut self.queue)
    }
}

/// A recording's thread. Dropped, it has written everything.
pub(super) struct Writer {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts it over `sink`.
    pub(super) fn start(sink: Box<dyn Sink>, queue: Queue, hold: Hold) -> io::Result<Self> {
        let state =
            State { queue, hold, connections: 0, sessions: 0, sink: Some(sink), closed: false, waiters: 0 };
        let shared =
            Arc::new(Shared { state: Mutex::new(state), filled: Condvar::new(), taken: Condvar::new() });
        let writing = Arc::clone(&shared);
        let thread = thread::Builder::new().name("recorder".to_owned()).spawn(move || writing.write())?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// The state as it is.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.shared.lock()
    }

    /// Does what may put something into the queue, once there is room.
    pub(super) fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.shared.once(|state| state.queue.len() < MOST_QUEUED);
        change(&mut state);
        if state.queue.len() <= SMALL
            && let Some(mut sink) = state.sink.take()
        {
            state.queue.write(&mut *sink);
            state.sink = Some(sink);
        }
        // A thread that is at work looks into the queue when it is done.
        if state.sink.is_some() && !state.queue.is_empty() {
            drop(state);
            self.shared.filled.notify_one();
        }
    }

    /// Waits until the queue is empty, and all that was in it is in the file.
    pub(super) fn settle(&self) {
        let mut state = self.shared.once(|state| state.sink.is_some() && state.queue.is_empty());
        if let Some(mut sink) = state.sink.take() {
            let arrived = sink.settle().map(|()| Written::default());
            state.sink = Some(sink);
            state.queue.note(arrived);
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.filled.notify_one();
        // A thread that panicked has said so itself.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

struct Shared {
    state: Mutex<State>,
    /// There is something in the queue, or nothing will come any more.
    filled: Condvar,
    /// The queue was taken, or what was taken is written.
    taken: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing leaves the state half-changed by panicking.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state, once it is as it is wanted: something that the thread brings about.
    fn once(&self, wanted: impl Fn(&State) -> bool) -> MutexGuard<'_, State> {
        let mut state = self.lock();
        if !wanted(&state) {
            state.waiters += 1;
            let not_yet = |state: &mut State| !wanted(state);
            state = self.taken.wait_while(state, not_yet).unwrap_or_else(PoisonError::into_inner);
            state.waiters -= 1;
        }
        state
    }

    /// The thread's life: takes what is in the queue, all at once, and writes it.
    fn write(&self) {
        let mut batch = Batch::default();
        let mut state = self.lock();
        loop {
            let idle = |state: &mut State| state.queue.is_empty() && !state.closed;
            state = self.filled.wait_while(state, idle).unwrap_or_else(PoisonError::into_inner);
            if state.queue.is_empty() {
                return;
            }
            state.queue.take(&mut batch);
            // Only this thread ever keeps it.
            let Some(mut sink) = state.sink.take() else { return };
            let has_waiters = state.waiters > 0;
            drop(state);
            if has_waiters {
                self.taken.notify_all();
            }
            let written = batch.write(&mut *sink);
            state = self.lock();
            state.sink = Some(sink);
            state.queue.note(written);
            if state.waiters > 0 {
                self.taken.notify_all();
            }
        }
    }
}
