//! One connection's recording: what its ends say, made packets in the file's order.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use super::hold::Start;
use super::writer::Writer;
use crate::wire::frames::{Conversation, Emit};
use crate::wire::{Side, pcapng, record};

/// Where in a stream that begins with a ClientHello its random ends: record header, message header, version.
const RANDOM_END: usize = record::HEADER + 4 + 2 + 32;

/// One connection's recording. Dropping it writes nothing more.
pub struct Tape {
    writer: Arc<Writer>,
    clock: fn() -> SystemTime,
    id: u64,
    state: Mutex<TapeState>,
}

impl std::fmt::Debug for Tape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tape").field("id", &self.id).finish_non_exhaustive()
    }
}

struct TapeState {
    conversation: Conversation,
    start: Start,
    answered: bool,
}

impl Start {
    fn feed(&mut self, from: Side, bytes: &[u8]) {
        let Self::Unknown(start) = self else { return };
        if from == Side::Server {
            *self = Self::Other;
            return;
        }
        start.extend_from_slice(&bytes[..bytes.len().min(RANDOM_END - start.len())]);
        if record::begins_with_client_hello(start) == Some(false) {
            *self = Self::Other;
        } else if let Some((_, random)) = start.split_last_chunk()
            && start.len() == RANDOM_END
        {
            *self = Self::ClientHello(*random);
        }
    }
}

impl Tape {
    /// A connection has been opened: records its handshake.
    pub(super) fn begin(
        writer: Arc<Writer>,
        clock: fn() -> SystemTime,
        id: u64,
        conversation: Conversation,
    ) -> Self {
        let start = Start::Unknown(Vec::new());
        let state = Mutex::new(TapeState { conversation, start, answered: false });
        let tape = Self { writer, clock, id, state };
        tape.with(|conversation, emit| conversation.open(emit), None);
        tape
    }

    /// One end sent `bytes`.
    pub fn data(&self, from: Side, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.with(|conversation, emit| conversation.data(from, bytes, emit), Some((from, bytes)));
        }
    }

    /// One end has no more to send (FIN).
    pub fn finish(&self, from: Side) {
        self.with(|conversation, emit| conversation.finish(from, emit), None);
    }

    /// One end broke the connection off (RST).
    pub fn reset(&self, from: Side) {
        self.with(|conversation, emit| conversation.reset(from, emit), None);
    }

    fn with(&self, happen: impl FnOnce(&mut Conversation, Emit<'_>), data: Option<(Side, &[u8])>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let state = &mut *state;
        let was_unknown = matches!(state.start, Start::Unknown(_));
        if let Some((from, bytes)) = data {
            state.start.feed(from, bytes);
            // A first answer that is an alert refuses: there will be no secrets to wait for.
            if from == Side::Server && !std::mem::replace(&mut state.answered, true) && bytes[0] == 21 {
                state.start = Start::Other;
            }
        }
        {
            let mut shared = self.writer.state();
            if was_unknown && matches!(state.start, Start::ClientHello(_)) {
                shared.sessions += 1;
            }
            if shared.queue.stopped().is_some() {
                return;
            }
        }
        let (start, conversation) = (&state.start, &mut state.conversation);
        self.writer.change(|shared| {
            let now = now(self.clock);
            let (hold, queue) = shared.parts();
            hold.take(self.id, start, now, queue, |blocks| {
                let mut packets = 0;
                happen(conversation, &mut |headers, payload| {
                    packets += 1;
                    pcapng::packet(blocks, now, headers, payload);
                });
                packets
            });
        });
    }
}

impl Drop for Tape {
    fn drop(&mut self) {
        self.writer.state().hold.close(self.id);
    }
}

/// The time since 1970. A clock before counts as 1970.
pub(super) fn now(clock: fn() -> SystemTime) -> Duration {
    clock().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}
