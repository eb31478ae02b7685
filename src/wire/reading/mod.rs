//! Reading: a capture in, what an observer makes of it out.
//!
//! From [`capture`] (packets) by [`packet`] (segments) and [`tcp`] (streams) to `connection` (one TCP connection,
//! looked at for TLS) and `follow` (TLS in it); a [`Dissector`] holds them together, [`find`] looks for texts along the
//! way. What comes out are the plain values of [`session`] and [`dissection`]; [`sizes`] measures a session's handshake.

pub mod capture;
mod connection;
pub mod dissection;
mod dissector;
pub mod find;
mod findings;
mod follow;
pub mod packet;
mod recognise;
pub mod session;
pub mod sizes;
mod sslv2;
pub mod tcp;

pub use dissector::{Dissector, MOST_OPEN};
