//! One result, many voices: what the other rooms return, as text for a person or JSON for a machine.
//!
//! Knows result types only; never prints.

#[cfg(unix)]
pub mod audit;
pub mod bench;
pub mod certificate;
pub mod crl;
pub mod dissect;
pub mod inspection;
pub mod json;
pub mod key;
pub mod markdown;
pub mod ocsp;
pub mod outcome;
pub mod request;
pub mod sizes;
pub mod verdict;
pub mod who;
