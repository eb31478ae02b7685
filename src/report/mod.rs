//! One result, many voices: what the other rooms return, as text for a person or JSON for a machine.
//!
//! Knows result types only; never prints.

pub use crate::words;
pub mod dissect;
pub mod verdict;
