//! Following one TLS connection: both sides' records in, events and knowledge out.
//!
//! What is said here about a record is what an observer without keys sees; beside it stands what the record holds,
//! where the session's secrets are known and open it ([`crate::wire::schedule`]). Nothing is verified beyond that: a
//! session that breaks the protocol's rules is told as it is.

use std::time::Duration;

use super::dissection::MOST_MESSAGES;
use super::session::{Message, ObservedEvent, ObservedRecord, Opened, Tls, What};
use crate::tls::key_log::Label;
use crate::tls::registry::version::{TLS_1_2, TLS_1_3};
use crate::tls::registry::{self, handshake as kinds};
use crate::tls::suites::Suite;
use crate::wire::handshake::{self, HandshakeMessage, Messages};
use crate::wire::hello::{ClientHello, ServerHello};
use crate::wire::key_log::{Secrets, SessionSecrets};
use crate::wire::record::{self, ContentType, Record, Records, Unit};
use crate::wire::schedule::{Protection, RecordCipher};
use crate::wire::{Both, Side};

/// How much of readable application data is kept for showing.
const PREVIEW: usize = 256;
/// The most certificates of a chain that are kept.
const MOST_CERTIFICATES: usize = 16;
/// The most records that may have gone by unseen where a stream was lost and found again.
const MOST_UNSEEN: u64 = 1024;
/// The fewest bytes of an encrypted record: header, a byte, a tag.
const SHORTEST_ENCRYPTED: u64 = 5 + 1 + 8;
/// The most bytes of one side that are decrypted in vain while looking for the right count.
const MOST_TRIED: usize = 16 << 20;

/// One TLS connection, being followed.
#[derive(Debug, Default)]
pub(super) struct TlsFollower {
    pub(super) tls: Tls,
    sides: Both<Direction>,
    /// The content of the record last opened.
    plain: Vec<u8>,
    /// How many bytes of each record are kept for showing.
    sample: usize,
    /// Whether a hello or a certificate was read since somebody looked.
    pub(super) has_news: bool,
    /// TLS 1.2's handshake inside a session, as far as it has come.
    renegotiation: Renegotiation,
}

/// What a renegotiation (RFC 5246 §7.4.1.1) has agreed on: the hellos that are seen only where secrets open them.
#[derive(Debug, Default)]
struct Renegotiation {
    client_hello: Option<ClientHello>,
    server_hello: Option<ServerHello>,
}

#[derive(Debug, Default)]
struct Direction {
    records: Records,
    messages: Messages,
    /// The handshake messages inside encrypted records.
    inner: Messages,
    opener: Option<RecordCipher>,
    /// Whether TLS 1.3's application secret is not in use yet.
    in_handshake: bool,
    /// The most records that may have gone by unseen since one opened.
    unseen: u64,
    /// Bytes that were decrypted in vain.
    tried: usize,
    /// Whether something of this side is missing: then ChangeCipherSpec may be, too.
    has_gaps: bool,
    /// Whether ChangeCipherSpec of a suite that does not encrypt was seen: records have a MAC from then on.
    has_mac: bool,
}

/// Messages of a record, as many as are listed.
#[derive(Default)]
struct Listed {
    messages: Vec<Message>,
    unlisted: u64,
    has_server_hello: bool,
    has_change_cipher_spec: bool,
}

impl Listed {
    fn push(&mut self, message: Message) {
        self.has_server_hello |= matches!(message, Message::Handshake(kinds::SERVER_HELLO, _));
        self.has_change_cipher_spec |= message == Message::ChangeCipherSpec;
        if self.messages.len() < MOST_MESSAGES {
            self.messages.push(message);
        } else {
            self.unlisted += 1;
        }
    }
}

/// Bytes of a side's stream, or missing ones.
#[derive(Clone, Copy, Debug)]
pub(super) enum Bytes<'a> {
    Data(&'a [u8]),
    Missing(u64),
    End,
}

/// Hears each event, and the application data that secrets opened in it.
pub(super) type Tell<'a> = &'a mut dyn FnMut(ObservedEvent, &[u8]);

impl TlsFollower {
    /// Begins with what is known already.
    pub(super) fn new(tls: Tls, sample: usize) -> Self {
        Self { tls, sample, ..Self::default() }
    }

    /// The bytes that wait for the rest of their record or message.
    pub(super) fn held(&self) -> usize {
        let held = |side: &Direction| side.records.held() + side.messages.held() + side.inner.held();
        held(&self.sides.client) + held(&self.sides.server)
    }

    /// The capture is younger than the connection: what went before may have been anything.
    pub(super) fn begin_in_the_middle(&mut self) {
        self.tls.begun_before = true;
        self.tls.has_gaps = true;
        self.sides.client.has_gaps = true;
        self.sides.server.has_gaps = true;
    }

    /// What `from` sent next; `base` is where in its stream TLS began.
    pub(super) fn take(
        &mut self,
        from: Side,
        at: Duration,
        base: u64,
        bytes: Bytes<'_>,
        secrets: &Secrets,
        tell: Tell<'_>,
    ) {
        let mut records = std::mem::take(&mut self.sides[from].records);
        records.wants_application_data = self.secrets(secrets).is_some() || self.sample > 0;
        let mut hand = |unit: Unit<'_>| {
            let event = self.unit(from, at, base, unit, secrets);
            let data = matches!(&event.what, What::Record(record)
                if record.opened.as_ref().is_some_and(|o| o.content_type == Some(ContentType::ApplicationData)));
            tell(event, if data { &self.plain } else { &[] });
        };
        match bytes {
            Bytes::Data(data) => records.take(data, &mut hand),
            Bytes::Missing(count) => {
                records.skip(count, &mut hand);
                self.lose(from, count);
            }
            Bytes::End => records.finish(&mut hand),
        }
        self.sides[from].records = records;
    }

    /// So many bytes of a side went by unseen, or belong to no record.
    fn lose(&mut self, from: Side, bytes: u64) {
        let side = &mut self.sides[from];
        side.unseen = (side.unseen + bytes / SHORTEST_ENCRYPTED + 1).min(MOST_UNSEEN);
        side.has_gaps = true;
        side.messages.reset();
        self.tls.has_gaps = true;
    }

    /// What is known of this session's secrets.
    fn secrets<'a>(&mut self, secrets: &'a Secrets) -> Option<&'a SessionSecrets> {
        let found = secrets.session(&self.tls.client_hello.as_ref()?.random);
        self.tls.has_secrets |= found.is_some();
        found
    }

    fn unit(
        &mut self,
        from: Side,
        at: Duration,
        base: u64,
        unit: Unit<'_>,
        secrets: &Secrets,
    ) -> ObservedEvent {
        match unit {
            Unit::Stray(offset, bytes) => {
                self.lose(from, bytes);
                ObservedEvent {
                    at,
                    from,
                    offset: base + offset,
                    bytes,
                    what: What::Stray,
                    sample: Vec::new(),
                }
            }
            Unit::Record(record) => {
                let bytes = (record::HEADER + record.header.length - record.missing) as u64;
                let what = What::Record(self.record(from, &record, secrets));
                let fragment = record.fragment.unwrap_or_default();
                let sample = fragment[..fragment.len().min(self.sample)].to_vec();
                ObservedEvent { at, from, offset: base + record.offset, bytes, what, sample }
            }
        }
    }

    fn record(&mut self, from: Side, record: &Record<'_>, secrets: &Secrets) -> ObservedRecord {
        let content_type = record.header.content_type;
        let encrypted = self.is_encrypted(from, content_type, record.fragment);
        let (mut listed, mut opened) = (Listed::default(), None);
        if encrypted {
            self.tls.encrypting[from] = true;
        }
        if encrypted && content_type == ContentType::ApplicationData {
            self.tls.application[from].events += 1;
            self.tls.application[from].bytes += record.header.length as u64;
        }
        match record.fragment {
            Some(fragment) if encrypted => {
                if let Some(session) = self.secrets(secrets) {
                    opened = self.open(from, record, fragment, session, secrets);
                }
            }
            Some(fragment) => {
                let (content_type, content) = self.without_mac(from, content_type, fragment);
                self.readable(from, content_type, content, &mut listed);
            }
            None if encrypted => {
                if let Some(opener) = &mut self.sides[from].opener {
                    opener.pass();
                }
                self.sides[from].inner.reset();
            }
            None => self.sides[from].messages.reset(),
        }
        if let Some(secrets) = self.secrets(secrets) {
            self.begin_opening(from, &listed, secrets);
        }
        let (version, missing) = (record.header.version, record.missing);
        let Listed { messages, unlisted: unlisted_messages, .. } = listed;
        ObservedRecord { content_type, version, missing, encrypted, messages, unlisted_messages, opened }
    }

    /// What a record of a suite that does not encrypt holds, without its MAC; in TLS 1.3 (RFC 9150) also the real type.
    fn without_mac<'a>(
        &self,
        from: Side,
        content_type: ContentType,
        fragment: &'a [u8],
    ) -> (ContentType, &'a [u8]) {
        let is_data = content_type == ContentType::ApplicationData;
        let Some(suite) = self.tls.suite().filter(|suite| suite.is_null()) else {
            return (content_type, fragment);
        };
        if !(self.sides[from].has_mac || is_data) {
            return (content_type, fragment);
        }
        let content = &fragment[..fragment.len().saturating_sub(suite.tag_length())];
        if !suite.is_tls_1_3() {
            return (content_type, content);
        }
        let end = content.iter().rposition(|byte| *byte != 0).unwrap_or_default();
        let real = content.get(end).copied().and_then(ContentType::read);
        (real.unwrap_or(content_type), &content[..end])
    }

    /// Makes openers where readable messages say that encryption begins.
    fn begin_opening(&mut self, from: Side, messages: &Listed, secrets: &SessionSecrets) {
        let (Some(client), Some(server)) = (&self.tls.client_hello, &self.tls.server_hello) else { return };
        let Some(suite) = Protection::of(server.cipher_suite) else { return };
        if server.version() == TLS_1_3 {
            // RFC 8446 §2: everything after ServerHello is encrypted, under the handshake secrets at first.
            if messages.has_server_hello {
                for (side, label) in [
                    (Side::Client, Label::ClientHandshakeTraffic),
                    (Side::Server, Label::ServerHandshakeTraffic),
                ] {
                    let opener =
                        secrets.secret(label).and_then(|secret| RecordCipher::tls_1_3(suite, secret));
                    self.sides[side].opener = opener;
                    self.sides[side].in_handshake = true;
                }
            }
        } else if messages.has_change_cipher_spec {
            let randoms = Both { client: client.random, server: server.random };
            self.sides[from].opener = secrets
                .secret(Label::MasterSecret)
                .and_then(|master| RecordCipher::tls_1_2(suite, master, &randoms, from));
        }
    }

    /// Opens an encrypted record.
    fn open(
        &mut self,
        from: Side,
        record: &Record<'_>,
        fragment: &[u8],
        secrets: &SessionSecrets,
        all: &Secrets,
    ) -> Option<Opened> {
        let mut plain = std::mem::take(&mut self.plain);
        let found = self.try_openers(from, record, fragment, secrets, &mut plain);
        let opened = if let Some(code) = found {
            self.sides[from].unseen = 0;
            self.tls.opened[from].events += 1;
            self.tls.opened[from].bytes += plain.len() as u64;
            let content = self.content(from, code, &plain, secrets);
            if content.content_type == Some(ContentType::ChangeCipherSpec) {
                self.sides[from].opener = self.renegotiated_opener(from, all);
            }
            Some(content)
        } else {
            self.tls.unopened[from] += 1;
            None
        };
        self.plain = plain;
        opened
    }

    /// Opens with the opener in use; failing that, with the one that would come next; failing that, where records
    /// may have gone by, with later counts. Gives the real content type's code.
    fn try_openers(
        &mut self,
        from: Side,
        record: &Record<'_>,
        fragment: &[u8],
        secrets: &SessionSecrets,
        plain: &mut Vec<u8>,
    ) -> Option<u8> {
        if let Some(opener) = &mut self.sides[from].opener
            && let Ok(opened) = opener.open(record.header, fragment, plain)
        {
            return Some(opened.content_type);
        }
        if self.sides[from].in_handshake
            && let Some(mut next) = self.application_opener(from, secrets)
            && let Ok(opened) = next.open(record.header, fragment, plain)
        {
            self.sides[from].opener = Some(next);
            self.sides[from].in_handshake = false;
            return Some(opened.content_type);
        }
        let side = &mut self.sides[from];
        if let Some(opener) = &mut side.opener {
            let count = opener.sequence();
            for unseen in 1..=side.unseen {
                if side.tried >= MOST_TRIED {
                    break;
                }
                opener.go_to(count + unseen);
                if let Ok(opened) = opener.open(record.header, fragment, plain) {
                    return Some(opened.content_type);
                }
                side.tried += fragment.len().max(64);
            }
            opener.go_to(count);
        }
        None
    }

    /// TLS 1.3's first application secret, made an opener.
    fn application_opener(&self, from: Side, secrets: &SessionSecrets) -> Option<RecordCipher> {
        let label = match from {
            Side::Client => Label::ClientTraffic,
            Side::Server => Label::ServerTraffic,
        };
        RecordCipher::tls_1_3(Protection::of(self.tls.cipher_suite()?)?, secrets.secret(label)?)
    }

    /// What opens what a side sends after a ChangeCipherSpec under keys: new ones, from a new master secret.
    fn renegotiated_opener(&self, from: Side, secrets: &Secrets) -> Option<RecordCipher> {
        let (client, server) =
            (self.renegotiation.client_hello.as_ref()?, self.renegotiation.server_hello.as_ref()?);
        let master = secrets.session(&client.random)?.secret(Label::MasterSecret)?;
        let randoms = Both { client: client.random, server: server.random };
        RecordCipher::tls_1_2(Protection::of(server.cipher_suite)?, master, &randoms, from)
    }

    /// What an opened record says, and what that means for the records after it.
    fn content(&mut self, from: Side, code: u8, plain: &[u8], secrets: &SessionSecrets) -> Opened {
        let content_type = ContentType::read(code);
        let mut listed = Listed::default();
        match content_type {
            Some(ContentType::Alert) => alert(plain).into_iter().for_each(|alert| listed.push(alert)),
            Some(ContentType::ApplicationData) => listed.push(data(plain)),
            Some(ContentType::ChangeCipherSpec) => listed.push(Message::ChangeCipherSpec),
            Some(ContentType::Handshake) => {
                let mut inner = std::mem::take(&mut self.sides[from].inner);
                inner.take(plain, &mut |message| {
                    listed.push(Message::Handshake(message.kind, message.length));
                    self.inner_message(from, message, secrets);
                });
                inner.unfinished().into_iter().for_each(|kind| listed.push(Message::Part(kind)));
                self.sides[from].inner = inner;
            }
            Some(ContentType::Heartbeat) | None => {}
        }
        let sample = plain[..plain.len().min(self.sample)].to_vec();
        let Listed { messages, unlisted: unlisted_messages, .. } = listed;
        Opened { content_type, bytes: plain.len(), messages, unlisted_messages, sample }
    }

    fn inner_message(&mut self, from: Side, message: HandshakeMessage<'_>, secrets: &SessionSecrets) {
        if self.tls.version() != Some(TLS_1_3) {
            match (from, message.kind) {
                (Side::Client, kinds::CLIENT_HELLO) => {
                    let client_hello = message.body.and_then(ClientHello::read);
                    self.renegotiation = Renegotiation { client_hello, server_hello: None };
                }
                (Side::Server, kinds::SERVER_HELLO) => {
                    self.renegotiation.server_hello = message.body.and_then(ServerHello::read);
                }
                _ => {}
            }
            return;
        }
        match message.kind {
            kinds::CERTIFICATE => {
                let mut chain = message.body.map(handshake::certificates_1_3).unwrap_or_default();
                chain.truncate(MOST_CERTIFICATES);
                self.tls.opened_certificates[from] = chain;
                self.has_news = true;
            }
            kinds::CERTIFICATE_VERIFY => {
                self.tls.signed_by[from] = message.body.and_then(handshake::certificate_verify_scheme);
            }
            // RFC 8446 §4.4.4: the sender's Finished is the last message under its handshake secret.
            kinds::FINISHED if self.sides[from].in_handshake => {
                self.sides[from].opener = self.application_opener(from, secrets);
                self.sides[from].in_handshake = false;
            }
            // RFC 8446 §4.6.3: and KeyUpdate the last under the secret before the next.
            kinds::KEY_UPDATE => {
                self.sides[from].opener = self.sides[from].opener.as_ref().and_then(RecordCipher::updated);
            }
            _ => {}
        }
    }

    /// Whether the suite agreed on does not encrypt.
    fn encrypts_nothing(&self) -> bool {
        self.tls.suite().is_some_and(Suite::is_null)
    }

    /// Whether a record of that type, sent now, is encrypted.
    fn is_encrypted(&self, from: Side, content_type: ContentType, fragment: Option<&[u8]>) -> bool {
        if self.encrypts_nothing() {
            return false;
        }
        if content_type == ContentType::ApplicationData {
            return true;
        }
        // In TLS 1.3 whatever is encrypted shows as application data (RFC 8446 §5.2); before, every type may be.
        if self.tls.version() == Some(TLS_1_3) {
            return false;
        }
        // RFC 5246 §7.1: from ChangeCipherSpec on. Where that may have gone by unseen, the content tells.
        let side = &self.sides[from];
        let in_doubt = side.has_gaps
            && side.messages.unfinished().is_none()
            && fragment.is_some_and(|fragment| !makes_sense(content_type, fragment));
        self.tls.encrypting[from] || in_doubt
    }

    fn readable(&mut self, from: Side, content_type: ContentType, fragment: &[u8], found: &mut Listed) {
        match content_type {
            ContentType::ChangeCipherSpec => {
                found.push(Message::ChangeCipherSpec);
                // RFC 5246 §7.1: what this side sends from here on is under the new keys.
                if self.encrypts_nothing() {
                    self.sides[from].has_mac = true;
                } else if self.tls.version() != Some(TLS_1_3) {
                    self.tls.encrypting[from] = true;
                }
            }
            ContentType::Alert => alert(fragment).into_iter().for_each(|alert| found.push(alert)),
            ContentType::ApplicationData => found.push(data(fragment)),
            ContentType::Heartbeat => {}
            ContentType::Handshake => {
                let mut messages = std::mem::take(&mut self.sides[from].messages);
                messages.take(fragment, &mut |message| {
                    found.push(Message::Handshake(message.kind, message.length));
                    if let Some(body) = message.body {
                        self.message(from, message.kind, body);
                    }
                });
                messages.unfinished().into_iter().for_each(|kind| found.push(Message::Part(kind)));
                self.sides[from].messages = messages;
            }
        }
    }

    fn message(&mut self, from: Side, kind: u8, body: &[u8]) {
        self.has_news |= matches!(kind, kinds::CLIENT_HELLO | kinds::SERVER_HELLO | kinds::CERTIFICATE);
        let tls = &mut self.tls;
        // RFC 5246 §7.3, figure 1: what the abbreviated handshake has none of.
        tls.full_handshake |= matches!(
            kind,
            kinds::CERTIFICATE
                | kinds::SERVER_KEY_EXCHANGE
                | kinds::CERTIFICATE_REQUEST
                | kinds::SERVER_HELLO_DONE
                | kinds::CLIENT_KEY_EXCHANGE
        );
        match (from, kind) {
            (Side::Client, kinds::CLIENT_HELLO) => {
                let hello = ClientHello::read(body);
                if tls.client_hello.is_none() {
                    tls.client_hello = hello;
                } else if tls.hello_retry_request.is_some() && tls.second_client_hello.is_none() {
                    tls.second_client_hello = hello;
                }
            }
            (Side::Server, kinds::SERVER_HELLO) => match ServerHello::read(body) {
                Some(hello) if hello.is_hello_retry_request() => tls.hello_retry_request = Some(hello),
                hello if tls.server_hello.is_none() => tls.server_hello = hello,
                _ => {}
            },
            (_, kinds::CERTIFICATE) => {
                let mut chain = handshake::certificates_1_2(body);
                chain.truncate(MOST_CERTIFICATES);
                match from {
                    Side::Client => tls.client_certificates = chain,
                    Side::Server => tls.server_certificates = chain,
                }
            }
            (Side::Server, kinds::SERVER_KEY_EXCHANGE) if tls.suite().is_some_and(Suite::names_a_curve) => {
                tls.key_exchange_group = handshake::named_curve(body);
                // Before TLS 1.2 the kind of key said it.
                if tls.version() == Some(TLS_1_2) {
                    tls.signed_by.server = handshake::named_curve_scheme(body);
                }
            }
            (Side::Client, kinds::CERTIFICATE_VERIFY) if tls.version() == Some(TLS_1_2) => {
                tls.signed_by.client = handshake::certificate_verify_scheme(body);
            }
            _ => {}
        }
    }
}

/// Whether bytes make sense as what their record says they are. What is encrypted hardly ever does.
fn makes_sense(content_type: ContentType, fragment: &[u8]) -> bool {
    match content_type {
        ContentType::ChangeCipherSpec => fragment == [1],
        ContentType::Alert => {
            matches!(fragment, [1 | 2, description] if registry::alert::name(*description).is_some())
        }
        ContentType::Handshake => messages_make_sense(fragment),
        ContentType::ApplicationData | ContentType::Heartbeat => true,
    }
}

/// Whether these are handshake messages, the last of them perhaps cut. An explicit nonce of a record is often 0
/// (RFC 5288 §3), and so is the type of a HelloRequest, which comes alone (RFC 5246 §7.4.1.1).
fn messages_make_sense(fragment: &[u8]) -> bool {
    let mut rest = fragment;
    while let [kind, a, b, c, body @ ..] = rest {
        let length = usize::from(*a) << 16 | usize::from(*b) << 8 | usize::from(*c);
        let is_alone = rest.len() == 4 && rest.len() == fragment.len();
        if registry::handshake::name(*kind).is_none()
            || length > handshake::LONGEST
            || *kind == kinds::HELLO_REQUEST && !is_alone
        {
            return false;
        }
        match body.get(length..) {
            Some(more) => rest = more,
            None => return true,
        }
    }
    rest.is_empty()
}

fn alert(content: &[u8]) -> Option<Message> {
    let [level, description] = *content.first_chunk()?;
    (content.len() == 2).then_some(Message::Alert(level, description))
}

fn data(content: &[u8]) -> Message {
    Message::Data(content.len(), content[..content.len().min(PREVIEW)].to_vec())
}
