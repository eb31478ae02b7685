//! What an observer on the wire learns from a session, and what not, in sentences.

use std::time::Duration;

use super::{message, octets, safe};
use crate::pki::facts::CertFacts;
use crate::tls::names;
use crate::tls::registry::version::TLS_1_3;
use crate::wire::hello::ClientHello;
use crate::wire::reading::session::{Message, ObservedEvent, ObservedSession, Tls, What, content_octets};
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
    let total = session.octets.client + session.octets.server;
    let mut lessons =
        vec![learned(format!("who talks to whom and when: {} to {}", session.client, session.server))];
    match &session.tls {
        _ if total == 0 => lessons.push(learned("nothing was said")),
        None => plaintext(session, &mut lessons),
        Some(tls) => tls_lessons(session, tls, &mut lessons),
    }
    lessons.sort_by_key(|lesson| !lesson.learned);
    lessons
}

fn plaintext(session: &ObservedSession, lessons: &mut Vec<Lesson>) {
    let total = session.octets.client + session.octets.server;
    lessons.push(learned(format!(
        "everything that was said: all {total} bytes are readable, whatever they are"
    )));
    let first = session.events.iter().find_map(|event| match &event.what {
        What::Plaintext(preview) if event.from == Side::Client => Some(preview),
        _ => None,
    });
    if let Some(first) = first {
        let shown: String = octets(first).chars().take(60).collect();
        lessons.push(learned(format!("how the client began: \u{201c}{shown}\u{201d}")));
    }
}

fn tls_lessons(session: &ObservedSession, tls: &Tls, lessons: &mut Vec<Lesson>) {
    let before = tls.preamble.client + tls.preamble.server;
    if before > 0 {
        lessons.push(learned(format!("what was said before TLS began: {before} bytes in plaintext")));
    }
    if let Some(hello) = &tls.client_hello {
        client(hello, lessons);
    }
    if let (Some(version), Some(suite)) = (tls.version(), tls.cipher_suite()) {
        let group = tls.group().map(|group| format!(", keys agreed with {}", names::group(group)));
        lessons.push(learned(format!(
            "how it is protected: {}, {}{}",
            names::version(version),
            names::cipher_suite(suite),
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
        lessons.push(learned(
            "that these two have talked before: the session is resumed, no certificate is sent",
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
        let protocols: Vec<_> = protocols.iter().map(|protocol| octets(protocol)).collect();
        lessons.push(learned(format!(
            "which protocols the client would speak: {} (ALPN)",
            protocols.join(", ")
        )));
    }
    if hello.offers_early_data() {
        lessons.push(learned("that the client sends data at once (0-RTT)"));
    }
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
    if said.iter().all(|said| said.count == 0) {
        return;
    }
    let [client, server] = said;
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
        client.words("client"),
        server.words("server")
    )));
    lessons.push(hidden(format!(
        "what was said: {} and {} of encrypted application data",
        counted(client.octets, "byte"),
        counted(server.octets, "byte")
    )));
}

/// One side's encrypted application records, after the handshake.
struct Said {
    count: u64,
    octets: u64,
    sizes: Vec<usize>,
    /// When the first of them came, after the session's beginning, and its size.
    first: Option<(Duration, usize)>,
}

fn said_by(session: &ObservedSession, tls: &Tls, side: Side) -> Said {
    let (version, suite) = (tls.version().unwrap_or_default(), tls.cipher_suite().unwrap_or_default());
    // In TLS 1.3 the handshake's end is encrypted like data: the client's first encrypted record ends it, and the
    // server's records before that are its.
    let begin = if version == TLS_1_3 {
        session
            .events
            .iter()
            .position(|event| event.from == Side::Client && is_application(event))
            .map(|at| at + 1)
    } else {
        Some(0)
    };
    let events = &session.events[begin.unwrap_or(session.events.len())..];
    let mut said = Said { count: 0, octets: 0, sizes: Vec::new(), first: None };
    for event in events.iter().filter(|event| event.from == side && is_application(event)) {
        let fragment = usize::try_from(event.octets).unwrap_or(usize::MAX).saturating_sub(5);
        said.count += 1;
        said.octets += event.octets;
        let size = content_octets(fragment, version, suite);
        said.sizes.extend(size);
        if said.count == 1 {
            said.first = size.map(|size| (event.at.saturating_sub(session.started), size));
        }
    }
    said
}

fn is_application(event: &ObservedEvent) -> bool {
    matches!(&event.what, What::Record(record)
        if record.encrypted && record.content_type == crate::wire::record::ContentType::ApplicationData)
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
