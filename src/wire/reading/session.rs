//! What a dissection tells of one TCP connection: plain values, for [`crate::report`] to show.

use std::net::SocketAddr;
use std::time::Duration;

use super::tcp::Quality;
use crate::tls::names;
use crate::tls::registry::version::{SSL_2, TLS_1_3};
use crate::tls::suites::Suite;
use crate::wire::hello::{ClientHello, ServerHello};
use crate::wire::record::ContentType;
use crate::wire::{Both, Side};

/// One TCP connection.
#[derive(Clone, Debug)]
pub struct ObservedSession {
    /// Its number in the capture, from 1.
    pub number: usize,
    /// The end that dialled.
    pub client: SocketAddr,
    /// The end that was dialled.
    pub server: SocketAddr,
    /// When its first packet was seen, since 1970-01-01 UTC.
    pub started: Duration,
    /// When its last packet was seen.
    pub ended: Duration,
    /// The bytes that each end sent, as far as captured.
    pub bytes: Both<u64>,
    /// What each end's segments were like.
    pub quality: Both<Quality>,
    /// How it ended.
    pub close: Close,
    /// What crossed, in order; at most [`super::dissection::MOST_EVENTS`].
    pub events: Vec<ObservedEvent>,
    /// What crossed beyond that.
    pub unlisted: Unlisted,
    /// What is known of the TLS in it, if there is any.
    pub tls: Option<Box<Tls>>,
    /// Whether it is older than the capture, which has no SYN of it.
    pub begun_before: bool,
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Close {
    /// Both ends finished.
    Finished,
    /// One end finished, the capture shows no more.
    HalfFinished(Side),
    /// It was still open.
    Open,
    /// One end broke it off.
    Reset(Side),
}

/// Events that are counted, not listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unlisted {
    /// How many.
    pub events: u64,
    /// Their bytes on the wire.
    pub bytes: u64,
}

/// Something that crossed the wire.
#[derive(Clone, Debug)]
pub struct ObservedEvent {
    /// When its last byte was seen, since 1970-01-01 UTC.
    pub at: Duration,
    /// Who sent it.
    pub from: Side,
    /// Where in the sender's stream it begins.
    pub offset: u64,
    /// Its bytes on the wire, headers of records included, those of packets not.
    pub bytes: u64,
    /// What it is.
    pub what: What,
    /// The first bytes of it as they crossed, headers of records not included; as many as were asked for.
    pub sample: Vec<u8>,
}

impl ObservedEvent {
    /// The bytes that it takes in memory.
    pub(super) fn weight(&self) -> usize {
        let kept = match &self.what {
            What::Gap | What::Stray | What::Sslv2(_) => 0,
            What::Plaintext(preview) | What::Unknown(preview) => preview.capacity(),
            What::Record(record) => {
                let opened = record.opened.as_ref();
                weight(&record.messages)
                    + opened.map_or(0, |opened| weight(&opened.messages) + opened.sample.capacity())
            }
        };
        size_of::<Self>() + self.sample.capacity() + kept
    }
}

fn weight(messages: &[Message]) -> usize {
    let kept =
        |message: &Message| if let Message::Data(_, preview) = message { preview.capacity() } else { 0 };
    messages.iter().map(|message| size_of::<Message>() + kept(message)).sum()
}

/// What crossed.
#[derive(Clone, Debug)]
pub enum What {
    /// Bytes that were not captured.
    Gap,
    /// Bytes that are no TLS: the beginning of them.
    Plaintext(Vec<u8>),
    /// Bytes that may be anything, in a connection whose beginning was not captured: the beginning of them.
    Unknown(Vec<u8>),
    /// A record of SSL 2: the message's type, where it is not encrypted.
    Sslv2(Option<u8>),
    /// A TLS record.
    Record(ObservedRecord),
    /// Bytes in a TLS stream that belong to no record.
    Stray,
}

/// A TLS record.
#[derive(Clone, Debug)]
pub struct ObservedRecord {
    /// What its header says that it carries.
    pub content_type: ContentType,
    /// Its legacy version.
    pub version: u16,
    /// Bytes of it that were not captured.
    pub missing: usize,
    /// Whether it is encrypted: an observer reads its header only.
    pub encrypted: bool,
    /// What an observer reads in it, at most [`super::dissection::MOST_MESSAGES`].
    pub messages: Vec<Message>,
    /// Messages beyond that, in number.
    pub unlisted_messages: u64,
    /// What it holds, where the secrets opened it.
    pub opened: Option<Opened>,
}

/// What an encrypted record holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The real content type; `None` for one that TLS does not know.
    pub content_type: Option<ContentType>,
    /// The content's bytes in number, without padding.
    pub bytes: usize,
    /// What it says, at most [`super::dissection::MOST_MESSAGES`].
    pub messages: Vec<Message>,
    /// Messages beyond that, in number.
    pub unlisted_messages: u64,
    /// The first bytes of the content; as many as were asked for.
    pub sample: Vec<u8>,
}

/// A message in a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// An alert: level and description.
    Alert(u8, u8),
    /// ChangeCipherSpec.
    ChangeCipherSpec,
    /// Application data: its bytes in number, and the beginning of them.
    Data(usize, Vec<u8>),
    /// A handshake message, in the record that ends it: its type and its body's bytes in number.
    Handshake(u8, usize),
    /// A part of a handshake message that ends in a later record: its type.
    Part(u8),
}

/// What is known of a connection's TLS.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Tls {
    /// The first ClientHello.
    pub client_hello: Option<ClientHello>,
    /// A HelloRetryRequest.
    pub hello_retry_request: Option<ServerHello>,
    /// The ClientHello that answers it.
    pub second_client_hello: Option<ClientHello>,
    /// The ServerHello.
    pub server_hello: Option<ServerHello>,
    /// The server's certificates in DER, where an observer can read them.
    pub server_certificates: Vec<Vec<u8>>,
    /// The client's certificates in DER, where an observer can read them.
    pub client_certificates: Vec<Vec<u8>>,
    /// The group of TLS 1.2's key exchange.
    pub key_exchange_group: Option<u16>,
    /// The scheme that each side signed the handshake by: of TLS 1.2 readable, of TLS 1.3 with the secrets only.
    pub signed_by: Both<Option<u16>>,
    /// Whether each side's encryption has begun.
    pub encrypting: Both<bool>,
    /// Encrypted application records and their bytes (of fragments), by sender.
    pub application: Both<Unlisted>,
    /// Whether secrets of this session are known.
    pub has_secrets: bool,
    /// Records that the secrets opened, and their content's bytes.
    pub opened: Both<Unlisted>,
    /// Encrypted records that secrets were known for and that did not open.
    pub unopened: Both<u64>,
    /// The certificates that only the secrets show, in DER.
    pub opened_certificates: Both<Vec<Vec<u8>>>,
    /// What was said before TLS began on the same connection, in bytes (STARTTLS, a PROXY header and their like).
    pub preamble: Both<u64>,
    /// Whether TLS had begun before the capture did: no hello was seen, its records told.
    pub begun_before: bool,
    /// Whether a message was seen that only a full handshake has (RFC 5246 §7.3, figure 1).
    pub full_handshake: bool,
    /// Whether something is missing of what was said.
    pub has_gaps: bool,
    /// What an SSL 2 session agreed on; it has no ServerHello of TLS.
    pub sslv2: Option<Sslv2>,
}

/// An SSL 2 session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sslv2 {
    /// The kind of cipher that the client chose.
    pub cipher: Option<u32>,
}

impl Tls {
    /// The version that was agreed on.
    pub fn version(&self) -> Option<u16> {
        if self.sslv2.is_some() {
            return Some(SSL_2);
        }
        self.server_hello.as_ref().or(self.hello_retry_request.as_ref()).map(ServerHello::version)
    }

    /// The suite that was agreed on.
    pub fn cipher_suite(&self) -> Option<u16> {
        self.server_hello.as_ref().or(self.hello_retry_request.as_ref()).map(|hello| hello.cipher_suite)
    }

    /// That suite's name, also SSL 2's.
    pub fn cipher_suite_name(&self) -> Option<String> {
        let sslv2 = self.sslv2.and_then(|sslv2| sslv2.cipher).map(names::sslv2_suite);
        sslv2.or_else(|| self.cipher_suite().map(names::cipher_suite))
    }

    /// What is known of that suite.
    pub fn suite(&self) -> Option<&'static Suite> {
        Suite::of(self.cipher_suite()?)
    }

    /// The group of the key exchange, as far as visible.
    pub fn group(&self) -> Option<u16> {
        self.server_hello.as_ref().and_then(ServerHello::group).or(self.key_exchange_group)
    }

    /// Whether the session continues an earlier one; `None` while that does not show. In TLS 1.3 it may be another key
    /// that both ends have had before: that looks the same.
    pub fn resumed(&self) -> Option<bool> {
        let hello = self.server_hello.as_ref()?;
        if hello.version() == TLS_1_3 {
            return Some(hello.accepts_pre_shared_key());
        }
        // RFC 5246 §7.3, figure 2: the abbreviated handshake goes from ServerHello straight to ChangeCipherSpec. A
        // missing message may have been any.
        match (self.full_handshake, self.encrypting.server) {
            (true, _) => Some(false),
            (false, true) if !self.has_gaps => Some(true),
            (false, _) => None,
        }
    }

    /// The bytes that hellos and certificates take in memory.
    pub(super) fn weight(&self) -> usize {
        let hellos = [&self.client_hello, &self.second_client_hello];
        let answers = [&self.server_hello, &self.hello_retry_request];
        let opened = [&self.opened_certificates.client, &self.opened_certificates.server];
        let chains = [&self.server_certificates, &self.client_certificates].into_iter().chain(opened);
        hellos.into_iter().flatten().map(ClientHello::weight).sum::<usize>()
            + answers.into_iter().flatten().map(ServerHello::weight).sum::<usize>()
            + chains.flatten().map(Vec::len).sum::<usize>()
    }

    /// Gives up what there is no room for: what extensions say, and certificates.
    pub(super) fn forget(&mut self) {
        let hellos = [&mut self.client_hello, &mut self.second_client_hello];
        hellos.into_iter().flatten().for_each(ClientHello::forget_extensions);
        self.server_certificates = Vec::new();
        self.client_certificates = Vec::new();
        self.opened_certificates = Both::default();
    }

    /// Whether an observer can read nothing of what the records carry after the handshake. Not so before, and
    /// never with a suite that does not encrypt.
    pub fn is_encrypting(&self) -> bool {
        self.encrypting.client && self.encrypting.server
    }
}

/// The bytes of content in an encrypted record's fragment, where the suite tells them apart from its own
/// (TLS 1.3 without padding, TLS 1.2 with an AEAD suite). That is what an observer learns of a message's length.
pub fn content_bytes(fragment: usize, version: u16, cipher_suite: u16) -> Option<usize> {
    let suite = Suite::of(cipher_suite).filter(|suite| suite.is_aead())?;
    // RFC 8446 §5.2: a content type of one byte is sealed with the content.
    let content_type = usize::from(version == TLS_1_3);
    fragment.checked_sub(suite.explicit_nonce() + suite.tag_length() + content_type)
}
