//! What an observer on the wire learns from a session, and what not, in sentences.

use std::ops::Range;
use std::time::Duration;

use super::{bytes, is_unanswered, message, safe};
use crate::pki::facts::CertFacts;
use crate::tls::names;
use crate::tls::registry::version::TLS_1_3;
use crate::tls::suites::KeyExchange;
use crate::wire::hello::ClientHello;
use crate::wire::reading::session::{Message, ObservedEvent, ObservedSession, Tls, What, content_bytes};
use crate::wire::record::{ContentType, HEADER};
use crate::wire::{Side, fingerprint};
use crate::words::counted;

/// The most sizes that are told one by one.
const MOST_SIZES: usize = 8;

/// One sentence about what an observer has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lesson {
    /// Whether the observer learns it.
    pub learned: bool,
    /// The sentence, without a full stop.
    pub text: String,
}

fn learned(text: impl Into<String>) -> Lesson {
    Lesson { learned: true, text: text.into() }
}

fn hidden(text: impl Into<String>) -> Lesson {
    Lesson { learned: false, text: text.into() }
}

/// What an observer learns of a session, then what not.
pub fn lessons(session: &ObservedSession) -> Vec<Lesson> {
    let total = session.bytes.client + session.bytes.server;
    let mut lessons =
        vec![learned(format!("who talks to whom and when: {} to {}", session.client, session.server))];
    match &session.tls {
        _ if total == 0 => lessons.push(learned("nothing was said")),
        None if super::is_unknown(session) => unknown(session, &mut lessons),
        None => plaintext(session, &mut lessons),
        Some(tls) => tls_lessons(session, tls, &mut lessons),
    }
    lessons.sort_by_key(|lesson| !lesson.learned);
    lessons
}

fn plaintext(session: &ObservedSession, lessons: &mut Vec<Lesson>) {
    let total = session.bytes.client + session.bytes.server;
    lessons.push(learned(format!(
        "everything that was said: all {total} bytes are readable, whatever they are"
    )));
    let first = session.events.iter().find_map(|event| match &event.what {
        What::Plaintext(preview) if event.from == Side::Client => Some(preview),
        _ => None,
    });
    if let Some(first) = first {
        let shown: String = bytes(first).chars().take(60).collect();
        lessons.push(learned(format!("how the client began: \u{201c}{shown}\u{201d}")));
    }
}

fn unknown(session: &ObservedSession, lessons: &mut Vec<Lesson>) {
    let total = session.bytes.client + session.bytes.server;
    lessons.push(learned(format!("how much was said and when: {}", counted(total, "byte"))));
    lessons.push(hidden(
        "what it was: the connection began before the capture, and nothing in it tells whether it is encrypted",
    ));
}

fn tls_lessons(session: &ObservedSession, tls: &Tls, lessons: &mut Vec<Lesson>) {
    let before = tls.preamble.client + tls.preamble.server;
    if before > 0 {
        lessons.push(learned(format!("what was said before TLS began: {before} bytes in plaintext")));
    }
    if let Some(hello) = &tls.client_hello {
        client(hello, lessons);
    }
    if tls.begun_before && tls.server_hello.is_none() {
        lessons.push(learned(if session.begun_before {
            "that it is TLS, by its records: it began before the capture"
        } else {
            "that it is TLS, by its records: its beginning was not captured"
        }));
        lessons.push(hidden("how it is protected, and for what name: its hellos were not captured"));
    }
    if !tls.begun_before && is_unanswered(session, tls) {
        lessons.push(hidden("what was agreed on: no answer of the server's was captured"));
    }
    let answer = answered_in_plaintext(session, tls);
    if let Some(text) = &answer {
        lessons.push(learned(format!(
            "that the server does not speak TLS here; it says: \u{201c}{text}\u{201d}"
        )));
    }
    if let (Some(version), Some(suite)) = (tls.version(), tls.cipher_suite_name()) {
        let group = tls.group().map(|group| format!(", keys agreed with {}", names::group(group)));
        lessons.push(learned(format!(
            "how it is protected: {}, {}{}",
            names::version(version),
            suite,
            group.unwrap_or_default()
        )));
    }
    if let Some(hello) = &tls.server_hello {
        lessons.push(learned(format!("which software the server may be: JA3S {}", fingerprint::ja3s(hello))));
    }
    if tls.hello_retry_request.is_some() {
        lessons.push(learned("that the server asked for another key share (HelloRetryRequest)"));
    }
    if tls.resumed() == Some(true) {
        lessons.push(learned(if tls.version() == Some(TLS_1_3) {
            "that these two have a key from before: the session is resumed, or its key was agreed on elsewhere; no \
             certificate is sent"
        } else {
            "that these two have talked before: the session is resumed, no certificate is sent"
        }));
    }
    if tls.suite().is_some_and(|suite| suite.is_anonymous() && suite.key_exchange != KeyExchange::Null) {
        lessons.push(learned(
            "that nobody proves who they are: the suite is anonymous, whoever stands between can be both ends",
        ));
    }
    certificates(tls, lessons);
    for alert in open_alerts(session) {
        lessons.push(learned(alert));
    }
    application(session, tls, lessons);
}

fn client(hello: &ClientHello, lessons: &mut Vec<Lesson>) {
    match hello.server_name() {
        Some(name) => {
            let outer = if hello.has_encrypted_client_hello() {
                " (perhaps a cover name: there is an encrypted ClientHello, or GREASE that looks like one)"
            } else {
                ""
            };
            lessons.push(learned(format!("the name that the client asks for: {} (SNI){outer}", safe(&name))));
        }
        None => lessons.push(hidden("the name that the client expects: it sends no SNI")),
    }
    lessons.push(learned(format!(
        "which software the client may be: JA3 {}, JA4 {}",
        fingerprint::ja3(hello),
        fingerprint::ja4(hello)
    )));
    let protocols = hello.protocols();
    if !protocols.is_empty() {
        let protocols: Vec<_> = protocols.iter().map(|protocol| bytes(protocol)).collect();
        lessons.push(learned(format!(
            "which protocols the client would speak: {} (ALPN)",
            protocols.join(", ")
        )));
    }
    if hello.offers_early_data() {
        lessons.push(learned("that the client sends data at once (0-RTT)"));
    }
}

/// The beginning of a server's answer in plaintext to a TLS client.
fn answered_in_plaintext(session: &ObservedSession, tls: &Tls) -> Option<String> {
    tls.client_hello.as_ref().filter(|_| tls.server_hello.is_none() && tls.sslv2.is_none())?;
    let hello = session.events.iter().position(|event| !matches!(event.what, What::Plaintext(_)))?;
    session.events[hello..].iter().find_map(|event| match &event.what {
        What::Plaintext(preview) if event.from == Side::Server => {
            Some(bytes(preview).chars().take(60).collect())
        }
        _ => None,
    })
}

fn certificates(tls: &Tls, lessons: &mut Vec<Lesson>) {
    for (whose, chain) in [("server", &tls.server_certificates), ("client", &tls.client_certificates)] {
        if let Some(leaf) = chain.first() {
            let subject = CertFacts::read(leaf).map_or_else(
                |_| "one that cannot be read".to_owned(),
                |facts| safe(&facts.subject.to_string()),
            );
            lessons.push(learned(format!("the {whose}'s certificate, in full: {subject}")));
        }
    }
    if tls.version() == Some(TLS_1_3) && tls.resumed() == Some(false) && tls.encrypting.server {
        lessons.push(hidden("the server's certificate: TLS 1.3 sends it encrypted"));
        lessons.push(hidden("whether the client showed a certificate: that would be encrypted too"));
    }
}

fn open_alerts(session: &ObservedSession) -> Vec<String> {
    let mut alerts: Vec<String> = Vec::new();
    for event in &session.events {
        if let What::Record(record) = &event.what {
            for alert in record.messages.iter().filter(|message| matches!(message, Message::Alert(..))) {
                alerts.push(format!("what the {} complained of: {}", event.from, message(alert)));
            }
        }
    }
    alerts.dedup();
    alerts.truncate(MOST_SIZES);
    alerts
}

fn application(session: &ObservedSession, tls: &Tls, lessons: &mut Vec<Lesson>) {
    let readable: usize = session
        .events
        .iter()
        .filter_map(|event| match &event.what {
            What::Record(record) => Some(record),
            _ => None,
        })
        .flat_map(|record| &record.messages)
        .map(|message| if let Message::Data(length, _) = message { *length } else { 0 })
        .sum();
    if readable > 0 {
        lessons.push(learned(format!(
            "what was said: {readable} bytes of application data are not encrypted at all"
        )));
    }
    let said = [Side::Client, Side::Server].map(|side| said_by(session, tls, side));
    if tls.sslv2.is_some() {
        lessons.push(hidden(
            "what was said after the keys were agreed on, but SSL 2 is broken in many ways (RFC 6176)",
        ));
    }
    if said.iter().all(|said| said.count == 0) {
        return;
    }
    let [client, server] = said;
    let words = |said: &Said, side: Side, who: &str| {
        if session.bytes[side] == 0 { format!("the {who}'s side was not captured") } else { said.words(who) }
    };
    let typed = client.first.map_or_else(String::new, |(after, size)| {
        format!(
            ": had this client's first line been one, {} at {:.3} s",
            counted(size as u64, "byte"),
            after.as_secs_f64()
        )
    });
    lessons.push(learned(format!(
        "how much was said and when, to the byte and the microsecond: {}; {}. A password sent as a line of its own \
         shows its length and when it was typed{typed}",
        words(&client, Side::Client, "client"),
        words(&server, Side::Server, "server")
    )));
    let sizes: Vec<String> = [(&client, Side::Client), (&server, Side::Server)]
        .into_iter()
        .filter(|(_, side)| session.bytes[*side] > 0)
        .map(|(said, _)| counted(said.bytes, "byte"))
        .collect();
    lessons.push(hidden(format!("what was said: {} of encrypted application data", sizes.join(" and "))));
}

/// One side's encrypted application records, after the handshake.
struct Said {
    count: u64,
    bytes: u64,
    sizes: Vec<usize>,
    /// When the first of them came, after the session's beginning, and its size.
    first: Option<(Duration, usize)>,
}

fn said_by(session: &ObservedSession, tls: &Tls, side: Side) -> Said {
    let (version, suite) = (tls.version().unwrap_or_default(), tls.cipher_suite().unwrap_or_default());
    let skipped = handshake_records(session, tls, side);
    let mut said = Said { count: 0, bytes: 0, sizes: Vec::new(), first: None };
    let events = session.events.iter().filter(|event| event.from == side && is_application(event));
    for (_, event) in events.enumerate().filter(|(index, _)| !skipped.contains(index)) {
        let size = content_bytes(fragment(event), version, suite);
        said.count += 1;
        said.bytes += event.bytes;
        said.sizes.extend(size);
        if said.count == 1 {
            said.first = size.map(|size| (event.at.saturating_sub(session.started), size));
        }
    }
    said
}

/// Which of a side's application records carry the end of the handshake, which TLS 1.3 encrypts like data: the server's
/// before the client's Finished, and that one; with early data (RFC 8446 §2.3, figure 4) EndOfEarlyData before it. What
/// the secrets opened says so itself.
fn handshake_records(session: &ObservedSession, tls: &Tls, side: Side) -> Range<usize> {
    if tls.version() != Some(TLS_1_3) {
        return 0..0;
    }
    let records = |side: Side| {
        session
            .events
            .iter()
            .enumerate()
            .filter(move |(_, event)| event.from == side && is_application(event))
    };
    let size = |event: &ObservedEvent| {
        content_bytes(fragment(event), TLS_1_3, tls.cipher_suite().unwrap_or_default())
    };
    let first_answer = records(Side::Server).next().map_or(usize::MAX, |(at, _)| at);
    // Type and length, and a hash (RFC 8446 §4.4.4); the message before it has no body.
    let hash = tls.suite().map_or(0, |suite| suite.key_schedule_hash().length());
    let is_finished = |event: &ObservedEvent| size(event) == Some(4 + hash);
    let offers_early_data = tls.client_hello.as_ref().is_some_and(ClientHello::offers_early_data);
    let early = if offers_early_data {
        records(Side::Client).take_while(|(at, event)| *at < first_answer || !is_finished(event)).count()
    } else {
        0
    };
    let Some((finished, _)) = records(Side::Client).nth(early) else {
        // The client's Finished was not seen: nothing is known to be data but what came early.
        return if side == Side::Client { 0..0 } else { 0..usize::MAX };
    };
    match side {
        Side::Client => {
            let ends_early_data =
                early > 0 && records(side).nth(early - 1).is_some_and(|(_, event)| size(event) == Some(4));
            Range { start: early - usize::from(ends_early_data), end: early + 1 }
        }
        Side::Server => 0..records(side).take_while(|(at, _)| *at < finished).count(),
    }
}

/// The bytes of a record without its header.
fn fragment(event: &ObservedEvent) -> usize {
    usize::try_from(event.bytes).unwrap_or(usize::MAX).saturating_sub(HEADER)
}

fn is_application(event: &ObservedEvent) -> bool {
    matches!(&event.what, What::Record(record)
        if record.encrypted && record.content_type == ContentType::ApplicationData)
}

impl Said {
    fn words(&self, who: &str) -> String {
        let records = format!("the {who} sent {}", counted(self.count, "record"));
        if self.sizes.is_empty() || self.sizes.len() as u64 != self.count {
            return records;
        }
        let mut sizes: Vec<_> = self.sizes.iter().take(MOST_SIZES).map(ToString::to_string).collect();
        if self.sizes.len() > MOST_SIZES {
            sizes.push("\u{2026}".to_owned());
        }
        format!("{records} of {} bytes", sizes.join(", "))
    }
}
