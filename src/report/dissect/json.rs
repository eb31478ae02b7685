//! A dissection for a program. Fields are added, never renamed.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::lessons::lessons;
use super::{bytes, close, instant, labels, readable};
use crate::tls::names;
use crate::wire::hello::{ClientHello, Extension, ServerHello};
use crate::wire::reading::capture::Ending;
use crate::wire::reading::dissection::{Dissection, Find, Place};
use crate::wire::reading::find::Needle;
use crate::wire::reading::session::{Message, ObservedEvent, ObservedSession, Tls, What};
use crate::wire::record::ContentType;
use crate::wire::{Both, Side, fingerprint};
use crate::words;

/// The whole report. Its sessions are written one by one: together they may be larger than memory.
#[derive(Debug, Serialize)]
pub struct Report<'a> {
    /// The capture's name, as given.
    pub capture: String,
    /// How the capture ended: null, or what is wrong with it.
    pub damage: Option<String>,
    /// Packets.
    pub packets: u64,
    /// Packets that are not TCP; texts were looked for in them too.
    pub other_packets: u64,
    /// Fragments of IP packets; looked at one by one only.
    pub fragments: u64,
    /// Packets that TCP may be in and that were not taken apart, by kind.
    pub unread_packets: BTreeMap<String, u64>,
    /// Bytes of streams that were not captured.
    pub missing_bytes: u64,
    /// TCP connections in the order of their first packets.
    #[serde(serialize_with = "each")]
    pub sessions: &'a [ObservedSession],
    /// Connections that are not listed.
    pub unlisted_sessions: u64,
    /// One entry for each `--find`.
    pub find: Vec<FindReport>,
    /// Whether any of the texts is readable on the wire; null where none was asked for, and where none was found but
    /// not everything was looked at.
    pub readable: Option<bool>,
    /// What was not looked at, or not as a whole.
    pub skipped: Vec<String>,
    /// What the command ends with.
    pub exit_status: u8,
}

/// Sessions, each made when its turn has come.
fn each<S: Serializer>(sessions: &&[ObservedSession], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(sessions.iter().map(session))
}

/// What was found of one text.
#[derive(Debug, Serialize)]
pub struct FindReport {
    /// The text.
    pub text: String,
    /// Whether it is readable on the wire.
    pub readable: bool,
    /// How often.
    pub count: u64,
    /// Where, the first hundred.
    pub places: Vec<PlaceReport>,
    /// How often it stands in what the secrets opened.
    pub with_secrets_count: u64,
    /// Where, the first hundred; `offset` counts the sender's opened application data.
    pub with_secrets_places: Vec<PlaceReport>,
}

/// One place.
#[derive(Debug, Serialize)]
pub struct PlaceReport {
    /// `raw`, `utf-16`, `hex` or `base64`.
    #[serde(rename = "as")]
    pub guise: &'static str,
    /// The session's number; null for a packet that is not TCP.
    pub session: Option<usize>,
    /// `client` or `server`; null for a packet that is not TCP.
    pub from: Option<String>,
    /// Whether the receiver drops it: a repetition that says something else, or the data of a reset.
    pub dropped: bool,
    /// The packet's number, for one that is not TCP.
    pub packet: Option<u64>,
    /// The byte in that stream or packet, or in all that the receiver drops, from 0.
    pub offset: u64,
    /// When, RFC 3339.
    pub at: String,
}

/// The report of a dissection.
pub fn report<'a>(name: &str, dissection: &'a Dissection, needles: &[Needle], ending: &Ending) -> Report<'a> {
    let find: Vec<_> =
        needles.iter().enumerate().map(|(index, needle)| find(dissection, index, needle)).collect();
    let exit_status = super::exit_status(dissection, ending);
    let readable = (!find.is_empty() && exit_status < 2).then_some(exit_status == 1);
    Report {
        capture: name.to_owned(),
        damage: super::ending(ending),
        packets: dissection.packets,
        other_packets: dissection.other_packets,
        fragments: dissection.fragments,
        unread_packets: dissection.unread.iter().map(|(kind, count)| (kind.to_string(), *count)).collect(),
        missing_bytes: dissection.missing,
        sessions: &dissection.sessions,
        unlisted_sessions: dissection.unlisted_sessions,
        find,
        readable,
        skipped: super::skipped(dissection, ending),
        exit_status,
    }
}

fn find(dissection: &Dissection, index: usize, needle: &Needle) -> FindReport {
    let report = |find: &Find| {
        let (session, from, packet, offset) = match find.place {
            Place::Packet(number, offset) => (None, None, Some(number), offset),
            Place::Stream(session, side, offset) | Place::Dropped(session, side, offset) => {
                (Some(session), Some(side.to_string()), None, offset)
            }
        };
        let dropped = matches!(find.place, Place::Dropped(..));
        PlaceReport { guise: find.guise.name(), session, from, dropped, packet, offset, at: instant(find.at) }
    };
    let places = |finds: &[Find]| finds.iter().filter(|find| find.needle == index).map(report).collect();
    let count = dissection.found[index];
    FindReport {
        text: needle.text().to_owned(),
        readable: count > 0,
        count,
        places: places(&dissection.finds),
        with_secrets_count: dissection.opened_found[index],
        with_secrets_places: places(&dissection.opened_finds),
    }
}

fn both<T: Serialize>(both: &Both<T>) -> Value {
    json!({ "client": both.client, "server": both.server })
}

/// One session: the fields' names say what they hold; `ms` counts from the session's start.
fn session(session: &ObservedSession) -> Value {
    let lessons = lessons(session);
    let sentences = |learned: bool| -> Vec<&str> {
        lessons.iter().filter(|lesson| lesson.learned == learned).map(|lesson| lesson.text.as_str()).collect()
    };
    let quality = |side: Side| {
        let quality = session.quality[side];
        json!({
            "missing_bytes": quality.missing,
            "repeated_bytes": quality.repeated,
            "out_of_order_segments": quality.out_of_order,
        })
    };
    json!({
        "number": session.number,
        "client": session.client.to_string(),
        "server": session.server.to_string(),
        "started": instant(session.started),
        "ended": instant(session.ended),
        "close": close(session.close),
        "bytes": both(&session.bytes),
        "tcp": { "client": quality(Side::Client), "server": quality(Side::Server) },
        "protocol": protocol(session),
        "begun_before_capture": session.begun_before,
        "tls": session.tls.as_deref().map(tls),
        "events": session.events.iter().map(|event| self::event(session, event)).collect::<Vec<_>>(),
        "unlisted_events": session.unlisted.events,
        "unlisted_bytes": session.unlisted.bytes,
        "observer_learns": sentences(true),
        "observer_does_not_learn": sentences(false),
    })
}

fn protocol(session: &ObservedSession) -> &'static str {
    match session.tls {
        Some(_) => "tls",
        None if session.events.is_empty() => "silent",
        None if super::is_unknown(session) => "unknown",
        None => "plaintext",
    }
}

fn event(session: &ObservedSession, event: &ObservedEvent) -> Value {
    let milliseconds = event.at.saturating_sub(session.started).as_secs_f64() * 1e3;
    let mut value = json!({
        "at": instant(event.at),
        "ms": milliseconds,
        "from": event.from.to_string(),
        "offset": event.offset,
        "bytes": event.bytes,
        "readable": readable(event),
        "labels": labels(event),
    });
    let more = match &event.what {
        What::Gap => json!({ "kind": "gap" }),
        What::Stray => json!({ "kind": "stray" }),
        What::Plaintext(preview) => json!({ "kind": "plaintext", "preview": bytes(preview) }),
        What::Unknown(preview) => json!({ "kind": "unknown", "preview": bytes(preview) }),
        What::Sslv2(kind) => json!({
            "kind": "sslv2",
            "encrypted": kind.is_none(),
            "message": kind.map(names::sslv2_message),
        }),
        What::Record(record) => json!({
            "kind": "record",
            "content_type": record.content_type.name(),
            "legacy_version": record.version,
            "encrypted": record.encrypted,
            "missing_bytes": record.missing,
            "messages": record.messages.iter().map(message).collect::<Vec<_>>(),
            "unlisted_messages": record.unlisted_messages,
            "opened": record.opened.as_ref().map(|opened| json!({
                "content_type": opened.content_type.map(ContentType::name),
                "bytes": opened.bytes,
                "messages": opened.messages.iter().map(message).collect::<Vec<_>>(),
                "unlisted_messages": opened.unlisted_messages,
            })),
        }),
    };
    if let (Value::Object(value), Value::Object(more)) = (&mut value, more) {
        value.extend(more);
    }
    value
}

fn message(message: &Message) -> Value {
    match message {
        Message::Alert(level, description) => {
            json!({ "alert": names::alert(*description), "code": description, "level": level })
        }
        Message::ChangeCipherSpec => json!({ "change_cipher_spec": true }),
        Message::Data(length, preview) => {
            json!({ "data": bytes(preview), "hex": words::hex(preview), "bytes": length })
        }
        Message::Handshake(kind, length) => {
            json!({ "handshake": names::handshake(*kind), "type": kind, "bytes": length })
        }
        Message::Part(kind) => json!({ "part_of": names::handshake(*kind), "type": kind }),
    }
}

fn tls(tls: &Tls) -> Value {
    json!({
        "version": tls.version().map(names::version),
        "cipher_suite": tls.cipher_suite_name(),
        "group": tls.group().map(names::group),
        "resumed": tls.resumed(),
        "begun_before_capture": tls.begun_before,
        "client_hello": tls.client_hello.as_ref().map(client_hello),
        "hello_retry_request": tls.hello_retry_request.as_ref().map(server_hello),
        "second_client_hello": tls.second_client_hello.as_ref().map(client_hello),
        "server_hello": tls.server_hello.as_ref().map(server_hello),
        "server_certificates": chain(&tls.server_certificates),
        "client_certificates": chain(&tls.client_certificates),
        "handshake_signatures": both(&Both {
            client: tls.signed_by.client.map(names::signature_scheme),
            server: tls.signed_by.server.map(names::signature_scheme),
        }),
        "encrypted_application_records": both(&Both {
            client: tls.application.client.events,
            server: tls.application.server.events,
        }),
        "plaintext_before_bytes": both(&tls.preamble),
        "has_secrets": tls.has_secrets,
        "opened_records": both(&Both { client: tls.opened.client.events, server: tls.opened.server.events }),
        "opened_bytes": both(&Both { client: tls.opened.client.bytes, server: tls.opened.server.bytes }),
        "unopened_records": both(&tls.unopened),
        "opening_trouble": super::opening_trouble(tls),
        "server_certificates_with_secrets": chain(&tls.opened_certificates.server),
        "client_certificates_with_secrets": chain(&tls.opened_certificates.client),
    })
}

fn chain(chain: &[Vec<u8>]) -> Vec<Value> {
    chain.iter().map(|der| certificate(der)).collect()
}

fn certificate(der: &[u8]) -> Value {
    let mut value = serde_json::Map::new();
    for (label, text) in super::certificate(der) {
        value.insert(label.replace('-', "").to_ascii_lowercase(), text.into());
    }
    value.insert("bytes".to_owned(), der.len().into());
    value.into()
}

fn client_hello(hello: &ClientHello) -> Value {
    let shares = hello.key_shares();
    json!({
        "legacy_version": names::version(hello.legacy_version),
        "versions": hello.versions().into_iter().map(names::version).collect::<Vec<_>>(),
        "random": words::hex(&hello.random),
        "session_id": words::hex(&hello.session_id),
        "cipher_suites": hello.cipher_suites.iter().copied().map(names::cipher_suite).collect::<Vec<_>>(),
        "sslv2_cipher_suites": hello
            .sslv2
            .as_ref()
            .map(|suites| suites.iter().copied().map(names::sslv2_suite).collect::<Vec<_>>()),
        "groups": hello.groups().into_iter().map(names::group).collect::<Vec<_>>(),
        "key_shares": shares
            .into_iter()
            .map(|(group, length)| json!({ "group": names::group(group), "bytes": length }))
            .collect::<Vec<_>>(),
        "signature_schemes": hello.signature_schemes().into_iter().map(names::signature_scheme).collect::<Vec<_>>(),
        "server_name": hello.server_name(),
        "alpn": hello.protocols().iter().map(|protocol| bytes(protocol)).collect::<Vec<_>>(),
        "extensions": hello.extensions.iter().map(extension).collect::<Vec<_>>(),
        "unlisted_extensions": hello.unlisted_extensions,
        "grease": hello.has_grease(),
        "offers_resumption": hello.offers_resumption(),
        "offers_early_data": hello.offers_early_data(),
        "ja3": fingerprint::ja3(hello),
        "ja4": fingerprint::ja4(hello),
        "malformed": hello.fault,
    })
}

fn server_hello(hello: &ServerHello) -> Value {
    json!({
        "legacy_version": names::version(hello.legacy_version),
        "version": names::version(hello.version()),
        "random": words::hex(&hello.random),
        "session_id": words::hex(&hello.session_id),
        "cipher_suite": names::cipher_suite(hello.cipher_suite),
        "group": hello.group().map(names::group),
        "alpn": hello.protocol().map(|protocol| bytes(&protocol)),
        "extensions": hello.extensions.iter().map(extension).collect::<Vec<_>>(),
        "unlisted_extensions": hello.unlisted_extensions,
        "ja3s": fingerprint::ja3s(hello),
        "malformed": hello.fault,
    })
}

fn extension(extension: &Extension) -> Value {
    json!({
        "code": extension.code,
        "name": names::extension(extension.code),
        "data": words::hex(&extension.data),
    })
}
