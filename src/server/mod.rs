//! Serving: a bound listener and a configuration in, sessions and one event each out.
//!
//! [`run`] accepts peers until it is told to stop. Each peer is a task of its own: it shakes hands
//! ([`reload`] holds the TLS configuration that new sessions get), then talks to one of the [`Service`]s
//! until either side ends it. What happened is handed out as [`Event`]s, which are data; nothing here prints.
//!
//! Promised: TLS 1.2 and 1.3 only; memory per session bounded whatever the peer sends or does not read;
//! every wait bounded by one of the [`Limits`]; one peer's misbehaviour is that peer's own session's end.
//! Any certificate is served, a bad one too, as long as the key belongs to it: a laboratory needs bad
//! servers. Not checked: whether a client will like the certificate (that is [`crate::verify`]'s to say).

pub mod admin;
mod admission;
mod backends;
mod certificates;
mod config;
mod drain;
mod ends;
mod event;
mod identity;
mod listener;
mod metrics;
pub mod ocsp;
mod proxy_protocol;
pub mod reload;
mod report;
mod services;
mod session;
#[cfg(test)]
mod tests;
mod tickets;

pub use admission::Refusal;
pub use backends::{BackEnd, BackEnds};
pub use certificates::Certificates;
pub use config::{Config, Forward, Limits, Service};
pub use event::{End, Event, HandshakeFailure, Session, TlsFacts};
pub use identity::{Identity, IdentityError};
pub use listener::run;
pub use metrics::Metrics;
pub use tickets::{BadTicketKey, TicketKey, TicketKeys};
