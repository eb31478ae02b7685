//! The wire: what crosses it, recorded and read.
//!
//! Recording goes [`tap`] (a relay between two sockets) or [`recorded`] (around a socket of one's own) →
//! [`recorder`] → [`frames`] (bytes as synthetic Ethernet, IP and TCP) → [`pcapng`] → [`sink`].
//! [`keylog`] reads the NSS key log that turns such a file into one that opens, [`schedule`] opens it.
//!
//! Reading goes [`capture`] (packets) → [`packet`] (segments) → [`tcp`] (streams) → [`record`] →
//! [`handshake`] and [`hello`] → [`session`], all held together by [`dissect`]; [`find`] looks for texts and
//! [`fingerprint`] for stacks along the way.
//!
//! From bytes to what an observer makes of them:
//!
//! ```
//! use std::time::SystemTime;
//! use tlslab::wire::capture::{self, Item};
//! use tlslab::wire::dissect::Dissector;
//! use tlslab::wire::find::Needle;
//! use tlslab::wire::recorder::{Options, Recorder};
//! use tlslab::wire::sink::MemorySink;
//! use tlslab::wire::Side;
//!
//! let memory = MemorySink::default();
//! let options =
//!     Options { clock: SystemTime::now, interface: "lab".to_owned(), max_size: None, secrets: false };
//! let recorder = Recorder::start(Box::new(memory.clone()), &options)?;
//! let tape = recorder.connection("127.0.0.1:5000".parse()?, "127.0.0.1:4433".parse()?);
//! tape.data(Side::Client, b"my password is hunter2\n");
//! tape.finish(Side::Client);
//! recorder.flush();
//!
//! let mut dissector = Dissector::new(vec![Needle::new("hunter2")?]);
//! capture::read(memory.bytes().as_slice(), |item| match item {
//!     Item::Packet(packet) => dissector.packet(&packet),
//!     Item::KeyLog(lines) => dissector.learn(&String::from_utf8_lossy(lines)),
//! })?;
//! let (dissection, _) = dissector.finish();
//! assert_eq!(dissection.found, [1], "everybody on the way could read it");
//! assert_eq!(dissection.sessions[0].octets.client, 23);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`record`] knows nothing but TLS records and is shared by whoever needs to look at them.

pub mod capture;
mod connection;
pub mod dissect;
pub mod find;
pub mod fingerprint;
mod follow;
pub mod frames;
pub mod handshake;
pub mod hello;
pub mod keylog;
pub mod names;
pub mod packet;
pub mod pcapng;
pub mod record;
pub mod recorded;
pub mod recorder;
pub mod schedule;
pub mod session;
pub mod sink;
pub mod tap;
pub mod tcp;

use std::fmt;

/// One of the two ends of a connection: the one that dialled, or the one that was dialled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// The end that opened the connection.
    Client,
    /// The end that accepted it.
    Server,
}

impl Side {
    /// The other end.
    #[must_use]
    pub fn peer(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Client => "client",
            Self::Server => "server",
        })
    }
}

/// A value for each side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Both<T> {
    /// The client's.
    pub client: T,
    /// The server's.
    pub server: T,
}

impl<T> std::ops::Index<Side> for Both<T> {
    type Output = T;

    fn index(&self, side: Side) -> &T {
        match side {
            Side::Client => &self.client,
            Side::Server => &self.server,
        }
    }
}

impl<T> std::ops::IndexMut<Side> for Both<T> {
    fn index_mut(&mut self, side: Side) -> &mut T {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }
}
