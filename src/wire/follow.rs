//! Following one TLS connection: both sides' records in, events and knowledge out.
//!
//! What is said here about a record is what an observer without keys sees. Nothing is verified: a session that
//! breaks the protocol's rules is told as it is.

use std::time::Duration;

use super::handshake::{self, Messages};
use super::hello::{ClientHello, ServerHello};
use super::record::{ContentType, Record, Records, Unit};
use super::session::{self, Event, Message, TLS_1_3, Tls, What};
use super::{Both, Side, names};

/// How much of readable application data is kept for showing.
const PREVIEW: usize = 256;
/// The most certificates of a chain that are kept.
const MOST_CERTIFICATES: usize = 16;

/// One TLS connection, being followed.
#[derive(Debug, Default)]
pub(super) struct Follower {
    pub(super) tls: Tls,
    sides: Both<Direction>,
}

#[derive(Debug, Default)]
struct Direction {
    records: Records,
    messages: Messages,
}

/// Octets of a side's stream, or missing ones.
#[derive(Clone, Copy, Debug)]
pub(super) enum Octets<'a> {
    Data(&'a [u8]),
    Missing(u64),
    End,
}

impl Follower {
    /// Begins with what is known already.
    pub(super) fn new(tls: Tls) -> Self {
        Self { tls, sides: Both::default() }
    }

    /// What `from` sent next; `base` is where in its stream TLS began.
    pub(super) fn take(
        &mut self,
        from: Side,
        at: Duration,
        base: u64,
        octets: Octets<'_>,
        tell: &mut dyn FnMut(Event),
    ) {
        let mut records = std::mem::take(&mut self.sides[from].records);
        let mut hand = |unit: Unit<'_>| tell(self.unit(from, at, base, unit));
        match octets {
            Octets::Data(data) => records.take(data, &mut hand),
            Octets::Missing(count) => records.skip(count, &mut hand),
            Octets::End => records.finish(&mut hand),
        }
        self.sides[from].records = records;
    }

    fn unit(&mut self, from: Side, at: Duration, base: u64, unit: Unit<'_>) -> Event {
        match unit {
            Unit::Stray(offset, octets) => {
                self.sides[from].messages.reset();
                Event { at, from, offset: base + offset, octets, what: What::Stray }
            }
            Unit::Record(record) => {
                let octets = (super::record::HEADER + record.header.length - record.missing) as u64;
                let what = What::Record(self.record(from, &record));
                Event { at, from, offset: base + record.offset, octets, what }
            }
        }
    }

    fn record(&mut self, from: Side, record: &Record<'_>) -> session::Record {
        let content_type = record.header.content_type;
        let encrypted = self.is_encrypted(from, content_type);
        let mut messages = Vec::new();
        if encrypted && content_type == ContentType::ApplicationData {
            self.tls.encrypting[from] = true;
            self.tls.application[from].events += 1;
            self.tls.application[from].octets += record.header.length as u64;
        }
        match record.fragment {
            None => self.sides[from].messages.reset(),
            Some(_) if encrypted => {}
            Some(fragment) => self.readable(from, content_type, fragment, &mut messages),
        }
        let (version, missing) = (record.header.version, record.missing);
        session::Record { content_type, version, missing, encrypted, messages }
    }

    /// Whether a record of that type, sent now, is encrypted.
    fn is_encrypted(&self, from: Side, content_type: ContentType) -> bool {
        if content_type == ContentType::ApplicationData {
            return self
                .tls
                .cipher_suite()
                .is_none_or(|suite| !names::cipher_suite(suite).contains("_WITH_NULL_"));
        }
        // In TLS 1.3 whatever is encrypted shows as application data (RFC 8446 §5.2); before, every type may be.
        self.tls.encrypting[from] && self.tls.version() != Some(TLS_1_3)
    }

    fn readable(&mut self, from: Side, content_type: ContentType, fragment: &[u8], found: &mut Vec<Message>) {
        match content_type {
            ContentType::ChangeCipherSpec => {
                found.push(Message::ChangeCipherSpec);
                // RFC 5246 §7.1: what this side sends from here on is under the new keys.
                let suite = self.tls.cipher_suite().unwrap_or_default();
                let null = names::cipher_suite(suite).contains("_WITH_NULL_");
                if self.tls.version() != Some(TLS_1_3) && !null {
                    self.tls.encrypting[from] = true;
                }
            }
            ContentType::Alert => {
                if let [level, description] = *fragment {
                    found.push(Message::Alert(level, description));
                }
            }
            ContentType::ApplicationData => {
                found.push(Message::Data(fragment.len(), fragment[..fragment.len().min(PREVIEW)].to_vec()));
            }
            ContentType::Heartbeat => {}
            ContentType::Handshake => {
                let mut messages = std::mem::take(&mut self.sides[from].messages);
                messages.take(fragment, &mut |message| {
                    found.push(Message::Handshake(message.kind, message.length));
                    if let Some(body) = message.body {
                        self.message(from, message.kind, body);
                    }
                });
                found.extend(messages.unfinished().map(Message::Part));
                self.sides[from].messages = messages;
            }
        }
    }

    fn message(&mut self, from: Side, kind: u8, body: &[u8]) {
        let tls = &mut self.tls;
        match (from, kind) {
            (Side::Client, handshake::CLIENT_HELLO) => {
                let hello = ClientHello::read(body);
                if tls.client_hello.is_none() {
                    tls.client_hello = hello;
                } else if tls.hello_retry_request.is_some() && tls.second_client_hello.is_none() {
                    tls.second_client_hello = hello;
                }
            }
            (Side::Server, handshake::SERVER_HELLO) => match ServerHello::read(body) {
                Some(hello) if hello.is_hello_retry_request() => tls.hello_retry_request = Some(hello),
                hello if tls.server_hello.is_none() => tls.server_hello = hello,
                _ => {}
            },
            (_, handshake::CERTIFICATE) => {
                let mut chain = handshake::certificates_1_2(body);
                chain.truncate(MOST_CERTIFICATES);
                match from {
                    Side::Client => tls.client_certificates = chain,
                    Side::Server => tls.server_certificates = chain,
                }
            }
            (Side::Server, handshake::SERVER_KEY_EXCHANGE) => {
                let suite = tls.cipher_suite().unwrap_or_default();
                if names::cipher_suite(suite).contains("ECDH") {
                    tls.key_exchange_group = handshake::named_curve(body);
                }
            }
            _ => {}
        }
    }
}
