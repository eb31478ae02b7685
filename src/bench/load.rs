//! What is done to a server.

use std::net::SocketAddr;
use std::time::Duration;

use crate::client::Terms;

/// What each connection does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Full handshakes, each on a connection of its own.
    Full,
    /// Resumed handshakes, likewise; each connection's first one is full, and not counted.
    Resumed,
    /// Nothing: connections that are opened and held.
    Idle,
    /// Sends as fast as the server takes it; what comes back is read and counted too.
    Up,
    /// Reads what the server sends by itself.
    Down,
    /// Sends a message, waits until it is back, and compares.
    Echo,
}

impl Mode {
    /// The word of `--mode`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Resumed => "resumed",
            Self::Idle => "idle",
            Self::Up => "up",
            Self::Down => "down",
            Self::Echo => "echo",
        }
    }
}

/// A load.
#[derive(Clone, Debug)]
pub struct Load {
    /// What to do.
    pub mode: Mode,
    /// The server.
    pub address: SocketAddr,
    /// On which terms; their patience is the limit of every wait.
    pub terms: Terms,
    /// How many connections at once.
    pub connections: usize,
    /// What is done before it counts; [`Mode::Idle`] has none.
    pub warm_up: Duration,
    /// For how long it counts; how long [`Mode::Idle`] holds what it has opened.
    pub duration: Duration,
    /// The bytes of a message of [`Mode::Echo`].
    pub message: usize,
}
