//! How a scripted server's connection comes to its end.

use std::io;

/// Why a scripted server's connection is over.
#[derive(Debug, thiserror::Error)]
pub enum End {
    /// The client sent a fatal alert: its description (RFC 8446 §6).
    #[error("the client sent an alert")]
    Alert(u8),
    /// The client ended the connection without one.
    #[error("the client closed the connection")]
    Closed,
    /// The script was played to its end.
    #[error("played to its end")]
    Played,
    /// An old version was taken: the client went on where it should have aborted.
    #[error("the client went on")]
    WentOn,
    /// The case cannot be tried on this client.
    #[error("{0}")]
    Unsuited(&'static str),
    /// The client's Finished does not verify, or its records do not open: it has other keys.
    #[error("the client's records do not open")]
    Undecryptable,
    /// What the client sent is against the protocol.
    #[error("the client sent {0}")]
    Malformed(&'static str),
    /// The client does not speak TLS: what it sent instead.
    #[error("the client does not speak TLS")]
    NotTls(Vec<u8>),
    /// Nothing in common: no suite, group or scheme that this server has.
    #[error("the client does not offer {0}")]
    NothingInCommon(&'static str),
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Broke(#[from] io::Error),
}
