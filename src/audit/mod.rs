//! The catalogue: every fault that tlslab can put into a certificate, as data.
//!
//! A [`Fault`] has an id, a citation, what each policy must say of it, and a way to make it: a healthy plan with
//! exactly one edit ([`workshop`]), so that a client which refuses it can have refused it for nothing else. The
//! checked-in fixtures, the table of `just test-negative` and the tests all come from this one list.

mod fault;
mod faults;
pub mod handshake;
pub mod workshop;

pub use fault::{Expectation, Fault, Grade, Maker, Model};
pub use faults::catalogue;
