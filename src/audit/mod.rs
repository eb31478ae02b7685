//! Auditing others: what tlslab puts to them, and what it concludes from how they take it.
//!
//! [`catalogue`] is the list of bad certificates and their good neighbours, [`handshake`] that of bad handshakes, as
//! data.

pub mod catalogue;
pub mod handshake;
