//! Sessions' packets that wait for their secrets, so that the secrets stand in the file before them.
//!
//! A session waits from its ClientHello until its secrets are known, but no longer than [`LONGEST_WAIT`], no more than
//! [`MOST_HELD`] a session and [`MOST_HELD_IN_ALL`] together. One that goes beyond is written behind what is known of
//! its secrets, and all of them, should they come after all, behind it.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use zeroize::{Zeroize, Zeroizing};

use super::queue::Queue;
use crate::tls::key_log::{ClientRandom, Line};
use crate::wire::key_log::Secrets;
use crate::wire::pcapng;

/// How long a session's packets wait for its secrets.
pub const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// The most bytes of one session that wait.
pub const MOST_HELD: usize = 1 << 20;
/// The most bytes of all sessions together that wait.
pub const MOST_HELD_IN_ALL: usize = 64 << 20;
/// The most given-up sessions whose late secrets are still looked out for.
const MOST_GIVEN_UP: usize = 1 << 16;

/// What a connection begins with.
#[derive(Clone, Debug)]
pub(super) enum Start {
    /// So far too little to tell.
    Unknown(Vec<u8>),
    /// A ClientHello with this random.
    ClientHello(ClientRandom),
    /// Anything else, or nobody wants to know.
    Other,
}

/// A connection whose packets wait for their secrets, or did.
#[derive(Default)]
struct Held {
    blocks: Vec<u8>,
    packets: u64,
    random: Option<ClientRandom>,
    since: Duration,
    /// Nothing waits any more: later packets go straight into the file.
    released: bool,
    /// No packets will come any more.
    closed: bool,
}

/// All that wait.
#[derive(Default)]
pub(super) struct Hold {
    expects_secrets: bool,
    secrets: Secrets,
    held: HashMap<u64, Held>,
    held_bytes: usize,
    /// Sessions that wait, by what a key log calls them.
    waiting: HashMap<ClientRandom, u64>,
    /// Sessions that were written without their secrets.
    given_up: HashSet<ClientRandom>,
    with_secrets: u64,
    with_late_secrets: u64,
}

impl Hold {
    /// Where no secrets are expected, nothing waits.
    pub(super) fn new(expects_secrets: bool) -> Self {
        Self { expects_secrets, ..Self::default() }
    }

    /// Sessions whose secrets stand before their packets, and behind them.
    pub(super) fn counts(&self) -> (u64, u64) {
        (self.with_secrets, self.with_late_secrets)
    }

    /// The connections that wait.
    pub(super) fn waiting(&self) -> impl Iterator<Item = u64> {
        self.held.iter().filter(|(_, held)| !held.released).map(|(id, _)| *id)
    }

    /// Those that have waited too long.
    pub(super) fn late(&self, now: Duration) -> Vec<u64> {
        self.waiting().filter(|id| self.held[id].since + LONGEST_WAIT <= now).collect()
    }

    /// Packets of a connection, as `fill` appends and counts them: into the queue, or into what waits.
    pub(super) fn take(
        &mut self,
        id: u64,
        start: &Start,
        now: Duration,
        queue: &mut Queue,
        fill: impl FnOnce(&mut Vec<u8>) -> u64,
    ) {
        let before_data = matches!(start, Start::Unknown(start) if start.is_empty());
        if !self.expects_secrets || before_data {
            return queue.add(fill);
        }
        if matches!(start, Start::Other) {
            if let Some(random) = self.held.get(&id).and_then(|held| held.random) {
                self.waiting.remove(&random);
            }
            self.release(id, &[], queue);
            return queue.add(fill);
        }
        let held = self.held.entry(id).or_insert_with(|| Held { since: now, ..Held::default() });
        if held.released {
            return queue.add(fill);
        }
        let before = held.blocks.len();
        held.packets += fill(&mut held.blocks);
        let size = held.blocks.len();
        self.held_bytes += size - before;
        if let Start::ClientHello(random) = start
            && held.random.replace(*random).is_none()
        {
            self.waiting.insert(*random, id);
            self.release_with_secrets(random, queue);
        }
        if size > MOST_HELD || self.held_bytes > MOST_HELD_IN_ALL {
            self.give_up(id, queue);
        }
    }

    /// A line of a key log.
    pub(super) fn learn(&mut self, line: Line, queue: &mut Queue) {
        let random = line.random;
        self.secrets.learn(line);
        self.release_with_secrets(&random, queue);
    }

    /// Queues a session's secrets, if they are complete and it has crossed, and what waited for them.
    fn release_with_secrets(&mut self, random: &ClientRandom, queue: &mut Queue) {
        let Some(secrets) = self.secrets.session(random).filter(|secrets| secrets.complete()) else { return };
        let mut blocks = Vec::new();
        pcapng::secrets(&mut blocks, &secrets.lines(random));
        if let Some(id) = self.waiting.remove(random) {
            self.with_secrets += 1;
            self.release(id, &blocks, queue);
        } else if self.given_up.remove(random) {
            self.with_late_secrets += 1;
            queue.add_secrets(&blocks, &[], 0);
        }
        blocks.zeroize();
    }

    /// Queues a session's packets without all its secrets. Those that are known come first all the same: a handshake
    /// that was broken off never had more.
    pub(super) fn give_up(&mut self, id: u64, queue: &mut Queue) {
        let mut known = Zeroizing::new(Vec::new());
        if let Some(random) = self.held.get(&id).filter(|held| !held.released).and_then(|held| held.random) {
            self.waiting.remove(&random);
            if self.given_up.len() >= MOST_GIVEN_UP {
                self.given_up.clear();
            }
            self.given_up.insert(random);
            if let Some(secrets) = self.secrets.session(&random) {
                pcapng::secrets(&mut known, &secrets.lines(&random));
            }
        }
        self.release(id, &known, queue);
    }

    /// Queues what waits of a connection, behind `secrets`.
    fn release(&mut self, id: u64, secrets: &[u8], queue: &mut Queue) {
        let Some(held) = self.held.get_mut(&id) else { return };
        let blocks = std::mem::take(&mut held.blocks);
        let packets = std::mem::take(&mut held.packets);
        held.released = true;
        if held.closed {
            self.held.remove(&id);
        }
        self.held_bytes -= blocks.len();
        queue.add_secrets(secrets, &blocks, packets);
    }

    /// No packets of that connection will come any more.
    pub(super) fn close(&mut self, id: u64) {
        if let Some(held) = self.held.get_mut(&id) {
            held.closed = true;
            if held.released {
                self.held.remove(&id);
            }
        }
    }

    #[cfg(test)]
    pub(super) fn held_bytes(&self) -> usize {
        self.held_bytes
    }
}
