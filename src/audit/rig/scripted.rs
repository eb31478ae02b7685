//! The server written by hand, which breaks the rules of handshakes and records, put on the rig.

use std::io;

use super::conversation::Conversation;
use super::healthy::PAUSE;
use crate::audit::case::{self, Connection, Scene, Seen, Serve, Serving};
use crate::audit::handshake::{self, End, Heard, Material, Script, Session, Watch};
use crate::pki::key::KeyError;

/// Plays a script.
#[derive(Clone, Copy, Debug)]
pub struct Scripted(pub Script);

impl Serve for Scripted {
    fn serve<'a>(&'a self, connection: Connection, scene: &'a Scene, seen: &'a Seen) -> Serving<'a> {
        Box::pin(async move {
            match by_hand(&scene.material) {
                Ok(material) => seen.ended(&self.play(connection, scene, seen, &material).await),
                Err(error) => seen.cannot_be_set_up(&error),
            }
        })
    }
}

/// What a case's server shows, for handshakes that are written by hand.
pub(super) fn by_hand(shown: &case::Material) -> Result<Material, KeyError> {
    Material::new(shown.identity.chain().to_vec(), shown.key.clone(), &shown.stranger)
}

impl Scripted {
    async fn play(&self, connection: Connection, scene: &Scene, seen: &Seen, material: &Material) -> End {
        let mut session = match handshake::serve(connection, &self.0, material, seen).await {
            Ok(session) => session,
            Err(end) => return end,
        };
        carry_on(&mut session, &mut Conversation::new(scene.reply), seen).await
    }
}

/// The conversation of a session, to its end.
pub(super) async fn carry_on(
    session: &mut Session<Connection>,
    conversation: &mut Conversation,
    seen: &Seen,
) -> End {
    let mut closed = false;
    loop {
        let may_end = conversation.has_answered() && !closed;
        let talk = talk(session, conversation, seen);
        // Who has been answered and says no more is let go, as rustls' server does.
        let said = if may_end { tokio::time::timeout(PAUSE, talk).await.ok() } else { Some(talk.await) };
        match said {
            Some(Ok(true)) => {}
            Some(Ok(false)) => return End::Played,
            Some(Err(end)) => return end,
            None => {
                session.close().await;
                closed = true;
            }
        }
    }
}

/// One thing that the client says, and the answer; whether there may be more.
async fn talk(
    session: &mut Session<Connection>,
    conversation: &mut Conversation,
    seen: &Seen,
) -> Result<bool, End> {
    match session.read().await? {
        Heard::Data(bytes) => {
            seen.application(&bytes);
            let answer = conversation.take(&bytes);
            if !answer.is_empty() {
                session.write(&answer).await?;
            }
            if conversation.is_over() {
                session.close().await;
            }
            Ok(true)
        }
        Heard::CloseNotify => {
            session.close().await;
            Ok(true)
        }
        Heard::Closed => Ok(false),
        Heard::Alert(description) => Err(End::Alert(description)),
    }
}

impl Watch for Seen {
    fn client_hello(&self, body: &[u8]) {
        self.spoke();
        Self::client_hello(self, body);
    }

    fn chose(&self, version: u16) {
        Self::chose(self, version);
    }

    fn handshake_completed(&self) {
        Self::handshake_completed(self);
    }

    fn secret(&self, label: &str, random: &[u8], secret: &[u8]) {
        self.recorder().secret(label, random, secret);
    }

    fn plaintext(&self, bytes: &[u8]) {
        self.spoke();
        Self::plaintext(self, bytes);
    }
}

impl Seen {
    /// How a connection that was served by hand came to its end.
    pub(super) fn ended(&self, end: &End) {
        match end {
            End::Alert(description) => self.alert(*description),
            End::WentOn => self.went_on(),
            End::Unsuited(why) => self.unsuited((*why).to_owned()),
            End::NothingInCommon(what) => self.unsuited(format!("the client does not offer {what}")),
            End::Broke(error) => {
                if matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe) {
                    self.reset();
                }
                self.note(end.to_string());
            }
            End::Undecryptable | End::Malformed(_) => self.note(end.to_string()),
            End::Closed | End::Played | End::NotTls(_) => {}
        }
    }
}
