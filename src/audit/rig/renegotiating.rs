//! The server that shows another certificate in the midst of a session.

use super::conversation::Conversation;
use super::scripted::{by_hand, carry_on};
use crate::audit::case::{Connection, Scene, Seen, Serve, Serving};
use crate::audit::handshake::{self, End};

/// Renegotiates, first to what it has shown, then to what else the case shows.
#[derive(Clone, Copy, Debug)]
pub struct Renegotiating;

impl Serve for Renegotiating {
    fn serve<'a>(&'a self, connection: Connection, scene: &'a Scene, seen: &'a Seen) -> Serving<'a> {
        Box::pin(async move {
            let shown = &scene.material;
            let other = shown.next.as_deref().unwrap_or(shown);
            match (by_hand(shown), by_hand(other)) {
                (Ok(first), Ok(second)) => {
                    seen.ended(&play(connection, scene, seen, &first, &second).await);
                }
                (Err(error), _) | (_, Err(error)) => seen.cannot_be_set_up(&error),
            }
        })
    }
}

async fn play(
    connection: Connection,
    scene: &Scene,
    seen: &Seen,
    first: &handshake::Material,
    second: &handshake::Material,
) -> End {
    let mut held = Vec::new();
    let renegotiated = handshake::renegotiate(connection, first, second, &mut held, seen).await;
    seen.application(&held);
    let mut session = match renegotiated {
        Ok(session) => session,
        Err(end) => return end,
    };
    seen.renewed();
    let mut conversation = Conversation::new(scene.reply);
    let answer = conversation.take(&held);
    if !answer.is_empty() && session.write(&answer).await.is_err() {
        return End::Closed;
    }
    if conversation.is_over() {
        session.close().await;
    }
    let before = seen.wire().application_bytes;
    let end = carry_on(&mut session, &mut conversation, seen).await;
    if seen.wire().application_bytes > before {
        seen.went_on();
    }
    end
}
