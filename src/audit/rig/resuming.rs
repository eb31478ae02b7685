//! The healthy server that remembers sessions, from one visit of a client's to the next.

use std::sync::Arc;

use super::healthy::{configuration, converse};
use crate::audit::case::{Connection, Scene, Seen, Serve, Serving};
use crate::wire::hello::ClientHello;

/// Gives out tickets, and resumes by them.
#[derive(Clone, Copy, Debug)]
pub struct Resuming;

impl Serve for Resuming {
    fn serve<'a>(&'a self, connection: Connection, scene: &'a Scene, seen: &'a Seen) -> Serving<'a> {
        Box::pin(async move {
            match configuration(&scene.material.identity, scene.versions) {
                Ok(config) => {
                    let mut config = (*config).clone();
                    // What a client leaves unread when it ends makes its system reset the connection.
                    config.send_tls13_tickets = if scene.before.is_none() { 2 } else { 0 };
                    config.session_storage = scene.sessions.storage();
                    drop(converse(connection, Arc::new(config), scene, seen).await);
                }
                Err(error) => seen.cannot_be_set_up(&error),
            }
            // Another server would take the offer, whatever rustls makes of it (RFC 8446 §4.6.1).
            let elsewhere = scene.before.as_ref().is_some_and(|before| *before != scene.asked);
            if elsewhere && seen.wire().client_hello.is_some_and(|hello| offers_resumption(&hello)) {
                seen.note("it offered to resume the session of another name");
                seen.went_on();
            }
        })
    }
}

/// By a pre-shared key, a ticket, or in TLS 1.2 a session's id; in TLS 1.3 that is there for middleboxes.
fn offers_resumption(hello: &[u8]) -> bool {
    ClientHello::read(hello).is_some_and(|hello| {
        let by_id = !hello.session_id.is_empty() && !hello.versions().contains(&0x0304);
        hello.offers_resumption() || by_id
    })
}
