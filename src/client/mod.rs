//! Dialling: an address and a trust policy in, an [`Outcome`] out.
//!
//! Three steps, each usable alone: [`dial`] makes a TCP connection, [`Terms::handshake`] verifies the server
//! on any stream, [`converse`] exchanges lines on any stream; [`carry`](mod@carry) does the first two for each plaintext client
//! that it accepts. No application byte leaves before every check
//! of [`crate::verify`] has passed. Sessions are never resumed and early data is never sent: every connection
//! is verified in full. Every wait is bounded, every buffer too.
//!
//! A refused server is an answer, not an error: it is in the [`Outcome`].

pub mod carry;
pub mod danger;
mod dial;
mod explain;
mod handshake;
mod hellos;
mod outcome;
mod session;

pub use dial::{BadTarget, DEFAULT_PORT, Target, dial};
pub use handshake::{Handshake, Terms};
pub use outcome::{Outcome, Phase, Remark, Trouble};
pub use session::{Ended, Input, LocalError, converse};
