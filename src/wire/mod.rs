//! The wire: what crosses it, recorded and read.
//!
//! [`recording`] makes captures: from what is relayed ([`tap`]) or said on a socket of one's own, to a file that
//! Wireshark opens. [`reading`] takes captures apart, whoever made them: packets, streams, TLS sessions, and what an
//! observer learns of them. Neither knows the other.
//!
//! What both share lies here: [`frames`] (bytes as synthetic Ethernet, IP and TCP) and [`pcapng`] (those as a file);
//! [`record`], [`handshake`], [`hello`] and [`extension`] (TLS as it lies on the wire), [`write`](mod@write) (the same
//! from numbers), [`key_log`] (secrets by session), [`schedule`] (from secrets to keys), [`fingerprint`]. Numbers and names are [`crate::tls`]'s.
//!
//! From bytes to what an observer makes of them:
//!
//! ```
//! use std::time::SystemTime;
//! use tlslab::wire::reading::capture;
//! use tlslab::wire::reading::Dissector;
//! use tlslab::wire::reading::find::Needle;
//! use tlslab::wire::recording::{MemorySink, Options, Recorder};
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
//! capture::read(memory.bytes().as_slice(), |item| dissector.take(item))?;
//! let (dissection, _) = dissector.finish();
//! assert_eq!(dissection.found, [1], "everybody on the way could read it");
//! assert_eq!(dissection.sessions[0].bytes.client, 23);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod extension;
pub mod fingerprint;
pub mod frames;
pub mod handshake;
pub mod hello;
pub mod key_log;
pub mod pcapng;
pub mod reading;
pub mod record;
pub mod recording;
pub mod schedule;
pub mod tap;
pub mod vector;
pub mod write;

pub use crate::side::{Both, Side};
