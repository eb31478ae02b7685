//! The rig: a server for each case, somebody's client put to it, and what was seen. Touches the world; judges nothing.
//!
//! [`stage`] runs one case: a folder, a port, the client, a witness. [`process`] starts somebody else's program and leaves
//! nothing of it; [`isolate`] keeps it from the network. How a connection is served is a [`Serve`](super::case::Serve):
//! [`healthy`] is the server that does everything right and shows the certificate that it is given, [`scripted`] the one
//! that breaks the rules, [`resuming`] the one that remembers sessions, [`renegotiating`] the one that shows another
//! certificate in the midst of one; any of them may stand behind what [`starttls`] says in the clear.

pub mod conversation;
pub mod healthy;
pub mod isolate;
#[cfg(unix)]
pub mod process;
pub mod renegotiating;
pub mod resuming;
pub mod scripted;
#[cfg(unix)]
pub mod stage;
pub mod starttls;
