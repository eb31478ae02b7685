//! How large a TLS 1.3 handshake is, byte by byte and message by message.

use super::session::{Message, ObservedEvent, ObservedRecord, ObservedSession, What};
use crate::tls::names;
use crate::tls::registry::version::TLS_1_3;
use crate::tls::registry::{extension, handshake};
use crate::wire::Side;
use crate::wire::extension::Extension;

/// A handshake message's header: its type and length (RFC 8446 §4).
const HEADER: u64 = 4;

/// A handshake, from the ClientHello to the client's Finished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handshake {
    /// What it is called in a comparison, such as the kind of the server's key.
    pub label: String,
    /// The group that the keys were agreed on with.
    pub group: String,
    /// The bytes that crossed for it, headers of records included and those of packets not.
    pub bytes: u64,
    /// Its parts, in their order; together they are its bytes.
    pub parts: Vec<Part>,
}

/// A part of a handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// A message, a share of one, or what the records add.
    pub part: String,
    /// Who sent it; `None` where both did.
    pub from: Option<Side>,
    /// Its bytes.
    pub bytes: u64,
    /// What it is for.
    pub kind: PartKind,
}

/// What a part is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartKind {
    /// The server's certificates.
    Certificate,
    /// The keys that are agreed on.
    KeyShare,
    /// Another message, or the rest of one.
    Other,
    /// What records and their encryption add.
    Records,
    /// The server's signature of the handshake.
    Signature,
}

impl Handshake {
    /// Of a TLS 1.3 session whose secrets are known; `None` where it is another, or was not seen whole.
    pub fn of(label: impl Into<String>, session: &ObservedSession) -> Option<Self> {
        let tls = session.tls.as_ref().filter(|tls| tls.version() == Some(TLS_1_3) && !tls.has_gaps)?;
        let mut seen =
            Self { label: label.into(), group: names::group(tls.group()?), bytes: 0, parts: Vec::new() };
        for event in &session.events {
            let What::Record(record) = &event.what else { return None };
            let messages = messages(record);
            if messages.iter().any(|message| matches!(message, Message::Data(..))) {
                break;
            }
            seen.add(event, messages);
        }
        seen.split(
            handshake::CLIENT_HELLO,
            tls.client_hello.as_ref().map(|hello| hello.extensions.as_slice()),
        );
        seen.split(
            handshake::SERVER_HELLO,
            tls.server_hello.as_ref().map(|hello| hello.extensions.as_slice()),
        );
        let finished = names::handshake(handshake::FINISHED);
        let whole = seen.parts.iter().filter(|part| part.part == finished).count() == 2;
        let told: u64 = seen.parts.iter().map(|part| part.bytes).sum();
        let records = seen.bytes.checked_sub(told)?;
        seen.parts.push(Part {
            part: "records and their encryption".to_owned(),
            from: None,
            bytes: records,
            kind: PartKind::Records,
        });
        whole.then_some(seen)
    }

    /// A record of the handshake; one with a ticket is none, which comes after it (RFC 8446 §4.6.1).
    fn add(&mut self, event: &ObservedEvent, messages: &[Message]) {
        let is_ticket = |message: &Message| {
            use handshake::NEW_SESSION_TICKET;
            matches!(message, Message::Handshake(NEW_SESSION_TICKET, _) | Message::Part(NEW_SESSION_TICKET))
        };
        if messages.iter().any(is_ticket) {
            return;
        }
        self.bytes += event.bytes;
        for message in messages {
            if let Message::Handshake(code, body) = message {
                self.parts.push(Part {
                    part: names::handshake(*code),
                    from: Some(event.from),
                    bytes: *body as u64 + HEADER,
                    kind: match *code {
                        handshake::CERTIFICATE => PartKind::Certificate,
                        handshake::CERTIFICATE_VERIFY => PartKind::Signature,
                        _ => PartKind::Other,
                    },
                });
            }
        }
    }

    /// Takes the key share, as an extension with its header of four bytes, out of a hello.
    fn split(&mut self, hello: u8, extensions: Option<&[Extension]>) {
        let share = extensions.into_iter().flatten().find(|one| one.code == extension::KEY_SHARE);
        let Some(share) = share.map(|share| share.data.len() as u64 + 4) else { return };
        let name = names::handshake(hello);
        let Some(at) = self.parts.iter().position(|part| part.part == name) else { return };
        let Some(rest) = self.parts[at].bytes.checked_sub(share) else { return };
        self.parts[at].bytes = rest;
        let from = self.parts[at].from;
        let part = format!("{name}'s key share");
        self.parts.insert(at + 1, Part { part, from, bytes: share, kind: PartKind::KeyShare });
    }

    /// The bytes of all its parts of a kind.
    pub fn of_kind(&self, kind: PartKind) -> u64 {
        self.parts.iter().filter(|part| part.kind == kind).map(|part| part.bytes).sum()
    }
}

fn messages(record: &ObservedRecord) -> &[Message] {
    record.opened.as_ref().map_or(&record.messages, |opened| &opened.messages)
}
