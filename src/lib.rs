//! tlslab: a laboratory for TLS, as a library.
//!
//! Make certificates, serve and dial TLS, judge what the peer presents, and look at what crosses the
//! wire. The library is pure in the middle and does I/O at the edge: deciding functions take values
//! (facts, a name, an instant) and return values; the few functions that touch the world take what they
//! act on (a bound listener, a connected stream, a path) as a parameter. It never prints, and it never
//! reads the clock behind your back.
//!
//! # The map, in the order data flows
//!
//! | room | in | out |
//! | --- | --- | --- |
//! | [`crypto`] | | the one place that names the cryptographic provider: CPU check, randomness, hashes |
//! | [`pki`] | subject, names, validity, key | an editable plan, a certificate, PEM files; and from DER back to facts |
//! | [`verify`] | facts, trusted set, name, instant | a verdict: every check, what was expected, what was found |
//! | [`inspection`] | what files hold, what a live server shows | all of it, in order, and what the keys in it verify |
//! | [`who`] | a certificate, how it is trusted, a name, an instant | what other people's verifiers would say of it |
//! | [`tls`] | | what both ends share: versions, names of what was agreed on, the key log |
//! | [`audit`] | the catalogue of faults, somebody's client | what it should have refused, and whether it did |
//! | [`streams`] | a bound listener, two connected streams | connections within limits; a relay both ways; wrappers that count, time and keep first bytes |
//! | [`server`] | a bound listener, a configuration | sessions, one event each |
//! | [`client`] | an address, a trust policy | an outcome: the verdict and what was exchanged |
//! | [`mod@bench`] | a server, a load | rates, latencies, errors by kind |
//! | [`wire`] | two sockets, or a capture | a recording that Wireshark opens; sessions as an observer sees them |
//! | [`report`] | any of these results | text or JSON, for a person or a machine |
//!
//! [`tls`] holds what both ends share, [`words`] how small things are said, [`page`] how a page of HTML is made.
//!
//! Where *the lab sheet* is spoken of, `docs/lab-sheet.md` says in our own words what it asks.
//!
//! Arrows run one way: `pki` knows nobody; `verify` knows `pki`; `inspection` and `who` know `verify`, and no handshake
//! asks them; `server` and `client` know `pki` and `verify`; `report` knows result types only; the command line
//! (`src/cmd`, part of the binary) alone knows `report` and asks `who`.

pub mod audit;
pub mod bench;
pub mod client;
pub mod crypto;
pub mod inspection;
pub mod page;
pub mod pki;
pub mod report;
pub mod server;
pub mod side;
pub mod streams;
pub mod tls;
pub mod verify;
pub mod who;
pub mod wire;
pub mod words;
pub mod writer;
