//! The catalogue: every fault that tlslab can put into a certificate, as data.
//!
//! A [`Fault`] has an id, a citation, what each policy must say of it, and a way to make it: a healthy plan with
//! exactly one edit ([`workshop`]), so that a client which refuses it can have refused it for nothing else. It is made
//! for any name and any instant ([`Setting`]). The checked-in fixtures, the table of `just test-negative`, the audits
//! and the tests all come from this one list.
//!
//! What would be too many entries is a [`grid`]: every combination of names and name constraints, every byte as a
//! separator, every tag of a GeneralName.

pub mod edit;
mod families;
mod fault;
pub mod grid;
pub mod setting;
pub mod workshop;

pub use families::all;
pub use fault::{Expectation, Fault, Grade, Holder, Id, Make, Maker, Model, NotMade, Said, Status};
pub use setting::{Asked, Dates, LAB_NAME, Setting};

#[cfg(test)]
mod tests;
