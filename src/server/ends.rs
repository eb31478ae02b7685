//! The two ends of a connection, and how what was said between them ended.

use std::net::SocketAddr;

use super::event::End;

/// Both ends of a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ends {
    /// Where the peer connected from.
    pub(super) peer: SocketAddr,
    /// The address that it dialled.
    pub(super) local: SocketAddr,
}

/// How a conversation ended.
pub(super) struct Ended {
    pub(super) end: End,
    /// Whether the stream is set to be reset: it is dropped without a farewell, which would make it look whole.
    pub(super) broken_off: bool,
}

impl From<End> for Ended {
    fn from(end: End) -> Self {
        Self { end, broken_off: false }
    }
}

impl Ended {
    pub(super) fn broken(end: End) -> Self {
        Self { end, broken_off: true }
    }
}
