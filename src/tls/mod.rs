//! What every room that deals with TLS shares: the registries' numbers and names, which versions to speak, what was
//! agreed on, and the key log's lines.
//!
//! [`registry`] has the numbers, [`suites`], [`groups`] and [`schemes`] those of which more is known than a name, and
//! [`names`] says what to call any of them, known or not. `errors` sorts what rustls and sockets say, for both ends. Knows no other room but
//! [`crate::crypto`], [`crate::words`] and [`crate::writer`].

mod agreed;
pub(crate) mod errors;
pub mod groups;
pub mod key_log;
pub mod names;
pub mod registry;
pub mod schemes;
pub mod suites;
mod versions;

pub use agreed::{SessionFacts, alert_name};
pub use key_log::{KeyLogError, KeyLogFault, KeyLogFile};
pub use versions::{UnknownVersions, Versions};
