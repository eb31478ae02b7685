//! Application data of a scripted session.

use tokio::io::{AsyncRead, AsyncWrite};

use super::end::End;
use super::message::Message;
use super::records::{Incoming, MOST_CONTENT, RecordStream};
use super::script::{Reply, Script, Version};
use crate::tls::registry::alert::CLOSE_NOTIFY;
use crate::tls::registry::handshake;
use crate::tls::registry::version::TLS_1_2;
use crate::wire::record::ContentType;
use crate::wire::schedule::RecordCipher;

/// The most bytes of content that the healthy expect to be refused (RFC 8446 §5.1): one more than a record holds.
const OVERSIZED: usize = MOST_CONTENT + 1;

/// What the client says in a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Application data.
    Data(Vec<u8>),
    /// close_notify: it will say no more.
    CloseNotify,
    /// The end of the connection, without close_notify.
    Closed,
    /// Another alert: its description.
    Alert(u8),
}

/// A session whose handshake is complete.
pub struct Session<S> {
    records: RecordStream<S>,
    reply: Reply,
    version: Version,
    /// Nothing more can be sent.
    shut: bool,
}

impl<S> std::fmt::Debug for Session<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("reply", &self.reply).finish_non_exhaustive()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    pub(super) fn new(records: RecordStream<S>, script: &Script) -> Self {
        Self { records, reply: script.reply, version: script.version, shut: false }
    }

    /// Sends what a script says once the handshake is complete. A KeyUpdate changes the key behind it.
    pub(super) async fn announce(&mut self, messages: Vec<Message>, script: &Script) -> Result<(), End> {
        if messages.is_empty() {
            return Ok(());
        }
        if script.together {
            self.records.put_messages(TLS_1_2, &messages);
            for _ in messages.iter().filter(|message| message.kind == handshake::KEY_UPDATE) {
                self.update_sealing()?;
            }
        } else {
            for message in messages {
                self.records.put_messages(TLS_1_2, std::slice::from_ref(&message));
                if message.kind == handshake::KEY_UPDATE {
                    self.update_sealing()?;
                }
            }
        }
        self.records.flush().await
    }

    /// The next thing that the client says; key updates are followed.
    pub async fn read(&mut self) -> Result<Heard, End> {
        loop {
            return Ok(match self.records.next().await? {
                Incoming::Data(data) => Heard::Data(data),
                Incoming::Alert(CLOSE_NOTIFY) => Heard::CloseNotify,
                Incoming::Alert(description) => Heard::Alert(description),
                Incoming::Closed => Heard::Closed,
                Incoming::Message(handshake::KEY_UPDATE, body) => {
                    self.follow_update(&body).await?;
                    continue;
                }
                Incoming::Message(..) | Incoming::ChangeCipherSpec => continue,
            });
        }
    }

    /// Sends application data, as far as the script lets it arrive.
    pub async fn write(&mut self, data: &[u8]) -> Result<(), End> {
        if self.shut {
            return Ok(());
        }
        match self.reply {
            Reply::Healthy => self.records.put(ContentType::ApplicationData, data),
            Reply::Flipped => {
                self.records.put(ContentType::ApplicationData, data);
                if let Some(last) = self.records.pending().last_mut() {
                    *last ^= 1;
                }
            }
            Reply::Oversized => {
                let mut content = data.to_vec();
                content.resize(OVERSIZED.max(data.len()), b'\n');
                self.records.put_whole(ContentType::ApplicationData, &content);
            }
            Reply::Truncated => {
                self.records.put(ContentType::ApplicationData, &data[..cut(data)]);
                self.records.flush().await?;
                self.shut = true;
                self.records.shut().await;
                return Ok(());
            }
        }
        self.records.flush().await
    }

    /// Says close_notify and ends the connection towards the client.
    pub async fn close(&mut self) {
        if !self.shut {
            self.shut = true;
            self.records.put(ContentType::Alert, &[1, CLOSE_NOTIFY]);
            // Whoever is gone needs no goodbye.
            let _ = self.records.flush().await;
            self.records.shut().await;
        }
    }

    /// The client's next records have another key (RFC 8446 §4.6.3); if it asks for ours to change too, it does.
    async fn follow_update(&mut self, body: &[u8]) -> Result<(), End> {
        if self.version == Version::Tls12 {
            return Err(End::Malformed("a KeyUpdate in TLS 1.2"));
        }
        self.records.opens =
            Some(self.records.opens.as_ref().and_then(RecordCipher::updated).ok_or(End::Undecryptable)?);
        if body == [1] && !self.shut {
            self.records.put_messages(TLS_1_2, &[Message::new(handshake::KEY_UPDATE, vec![0])]);
            self.update_sealing()?;
            self.records.flush().await?;
        }
        Ok(())
    }

    fn update_sealing(&mut self) -> Result<(), End> {
        if self.version == Version::Tls13 {
            let updated = self.records.seals.as_ref().and_then(RecordCipher::updated);
            self.records.seals = Some(updated.ok_or(End::Undecryptable)?);
        }
        Ok(())
    }
}

/// Where a reply is cut: in the middle of an HTTP body, which is then shorter than its Content-Length, else in the
/// middle.
fn cut(data: &[u8]) -> usize {
    let head = data.windows(4).position(|window| window == b"\r\n\r\n").map_or(0, |end| end + 4);
    head + (data.len() - head) / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_cut_inside_what_was_promised() {
        assert_eq!(cut(b"word\n"), 2);
        let reply = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody";
        assert_eq!(cut(reply), reply.len() - 2);
        assert_eq!(cut(b""), 0);
    }
}
