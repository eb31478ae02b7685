//! An audit of a server, in the voices that are its own: what it has in common with a client's is one room up.

mod html;
mod json;
mod text;

pub use html::html;
pub use json::{ChecksReport, ServerReport, ServersReport};
pub use text::{audit, servers};
