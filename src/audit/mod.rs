//! Auditing others: what tlslab puts to them, and what it concludes from how they take it.
//!
//! [`catalogue`] is the list of bad certificates and their good neighbours, as data; [`cases`] makes of it, and of what can
//! be wrong with a handshake, everything that a client can be put to. The [`rig`] runs somebody's client against one
//! [`case`] after the other and gives a [`witness`]; [`verdict`] says, by what was seen and nothing else, what the client
//! did and whether it should have. [`client`] holds it all together, and its [`result`] is what reports render.
//! [`server`] judges somebody's server, from without.

pub mod about;
pub mod baseline;
pub mod case;
pub mod cases;
pub mod catalogue;
#[cfg(unix)]
pub mod client;
pub mod command;
pub mod handshake;
pub mod hello;
pub mod mail;
pub mod mending;
pub mod result;
pub mod resumption;
pub mod rig;
pub mod server;
pub mod sessions;
pub mod starttls;
pub mod transcript;
pub mod verdict;
pub mod witness;
