//! Judging somebody's server: what it speaks is asked of it, one connection after the other, and judged afterwards.
//!
//! [`probe`] makes connections within limits and reads what comes back in the clear; [`offer`] has the hellos, [`survey`]
//! asks what is chosen, [`sessions`] completes handshakes where only a client with the keys sees the answer, [`attacks`] and
//! [`robustness`] do what their names say. All of that gives [`facts`]. [`checks`] is the list of what a server is judged
//! by, as data, and [`judge`](mod@judge) holds it against the facts, by a profile; it asks nobody anything.

pub mod attacks;
pub mod checks;
pub mod collect;
pub mod facts;
pub mod judge;
pub mod mending;
pub mod mozilla;
pub mod offer;
mod primes;
pub mod probe;
mod profile;
pub mod result;
pub mod robustness;
pub mod sessions;
pub mod starttls;
pub mod survey;
