//! A dissection, shown: [`text`] for a terminal, [`json`] for a program,
//! [`html`] as a picture. What an observer learns, in sentences, is
//! [`lessons`]'s.

pub mod html;
pub mod json;
pub mod lessons;
pub mod text;

use std::fmt::Write as _;
use std::time::Duration;

use time::OffsetDateTime;

use crate::pki::facts::{CertFacts, GeneralName};
use crate::tls::names;
use crate::tls::registry::version::{TLS_1_2, TLS_1_3};
use crate::wire::reading::capture::Ending;
use crate::wire::reading::dissection::{Dissection, Place};
use crate::wire::reading::session::{Close, Message, ObservedEvent, ObservedSession, Tls, What};
use crate::wire::schedule;
use crate::words::{self, counted};

/// The most names of a list that are shown: whoever offers everything there is offers fewer suites.
const MOST_NAMES: usize = 400;

/// An instant of a capture, RFC 3339 with as many digits as it has.
fn instant(at: Duration) -> String {
    // Captures' times are from 1970 on, and at most 2^64 ns or 2^32 s: a time that OffsetDateTime can say.
    i128::try_from(at.as_nanos())
        .ok()
        .and_then(|nanoseconds| OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).ok())
        .map_or_else(|| format!("{at:?} after 1970"), words::instant)
}

/// Text of anybody's making, fit to be shown: whatever is not printable is escaped.
fn safe(text: &str) -> String {
    words::Escaped(text).to_string()
}

/// Bytes as text, where they are not printable escaped.
fn bytes(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => safe(text),
        // A preview may end in the middle of a letter.
        Err(error) if error.error_len().is_none() => {
            safe(std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default())
        }
        Err(_) => bytes.escape_ascii().to_string(),
    }
}

/// Shown text without the line's end, which says nothing.
fn without_line_end(text: &str) -> &str {
    let mut text = text;
    while let Some(shorter) = text.strip_suffix("\\n").or_else(|| text.strip_suffix("\\r")) {
        text = shorter;
    }
    text
}

/// Names, as many as anybody reads.
fn list(mut names: impl Iterator<Item = String>) -> String {
    let mut listed = names.by_ref().take(MOST_NAMES).collect::<Vec<_>>().join(", ");
    match names.count() {
        0 => listed,
        more => {
            let _ = write!(listed, ", and {more} more");
            listed
        }
    }
}

/// What a message is called.
fn message(message: &Message) -> String {
    match message {
        Message::Alert(level, description) => {
            let level = if *level == 2 { "fatal " } else { "" };
            format!("{level}alert {}", names::alert(*description))
        }
        Message::ChangeCipherSpec => "ChangeCipherSpec".to_owned(),
        Message::Data(..) => "application data".to_owned(),
        Message::Handshake(kind, _) => names::handshake(*kind),
        Message::Part(kind) => format!("{} (part)", names::handshake(*kind)),
    }
}

/// What an event is called, one word or so for each message in it.
fn labels(event: &ObservedEvent) -> Vec<String> {
    match &event.what {
        What::Gap => vec!["not captured".to_owned()],
        What::Stray => vec!["not TLS".to_owned()],
        What::Plaintext(preview) => {
            vec![format!("\u{201c}{}\u{201d}", without_line_end(&bytes(preview)))]
        }
        What::Unknown(_) => vec!["before anything that tells".to_owned()],
        What::Sslv2(Some(kind)) => {
            let name = names::sslv2_message(*kind);
            // A message without a name is named after the protocol already.
            vec![if name.starts_with("SSL 2") { name } else { format!("SSL 2 {name}") }]
        }
        What::Sslv2(None) => vec!["SSL 2 record".to_owned()],
        What::Record(record) if record.missing > 0 => {
            vec![format!("{} (not all captured)", record.content_type.name())]
        }
        What::Record(record) if record.encrypted => vec![record.content_type.name().replace('_', " ")],
        What::Record(record) if record.messages.is_empty() => {
            vec![record.content_type.name().replace('_', " ")]
        }
        What::Record(record) => listed(&record.messages, record.unlisted_messages, message),
    }
}

/// Each message in a phrase, and how many more there are.
fn listed(messages: &[Message], unlisted: u64, phrase: impl Fn(&Message) -> String) -> Vec<String> {
    let more = (unlisted > 0).then(|| format!("and {} more", counted(unlisted, "message")));
    messages.iter().map(phrase).chain(more).collect()
}

/// What the secrets show of an event, one phrase for each message; `None` where they show nothing.
fn opened(event: &ObservedEvent) -> Option<Vec<String>> {
    let What::Record(record) = &event.what else { return None };
    let opened = record.opened.as_ref()?;
    let phrase = |known: &Message| match known {
        Message::Data(length, preview) => {
            let text = bytes(preview);
            let text = without_line_end(&text);
            let more = if *length > preview.len() { "\u{2026}" } else { "" };
            format!("\u{201c}{text}{more}\u{201d}")
        }
        other => message(other),
    };
    Some(listed(&opened.messages, opened.unlisted_messages, phrase))
}

/// What can be said about opening a session's records, where not all is well.
fn opening_trouble(tls: &Tls) -> Option<String> {
    let unopened = tls.unopened.client + tls.unopened.server;
    let (version, suite) = (tls.version()?, tls.cipher_suite()?);
    if !tls.has_secrets || unopened == 0 {
        return None;
    }
    Some(if schedule::knows(version, suite) {
        format!("{} did not open with the secrets that there are", counted(unopened, "encrypted record"))
    } else {
        let why = match version {
            TLS_1_2 | TLS_1_3 => "tlslab does not know this suite",
            _ => "tlslab knows the keys of TLS 1.2 and 1.3 only",
        };
        let (version, suite) = (names::version(version), names::cipher_suite(suite));
        format!("{version} with {suite} is not decrypted: {why}")
    })
}

/// Whether an observer reads what crossed; `None` for what nobody does, or nobody knows.
fn readable(event: &ObservedEvent) -> Option<bool> {
    match &event.what {
        What::Gap | What::Unknown(_) => None,
        What::Stray => Some(false),
        What::Plaintext(_) => Some(true),
        What::Sslv2(kind) => Some(kind.is_some()),
        What::Record(record) => Some(!record.encrypted),
    }
}

fn close(close: Close) -> String {
    match close {
        Close::Finished => "both ends closed".to_owned(),
        Close::HalfFinished(side) => {
            format!("the {side} closed, the other end had not when the capture ended")
        }
        Close::Open => "still open when the capture ended".to_owned(),
        Close::Reset(side) => format!("broken off by the {side} (RST)"),
    }
}

/// What is wrong with the capture itself, if anything.
pub fn ending(ending: &Ending) -> Option<String> {
    match ending {
        Ending::Whole => None,
        Ending::CutOff(bytes) => Some(format!("the capture is cut off after {bytes} whole bytes")),
        Ending::Malformed(bytes) => Some(format!("the capture cannot be read beyond byte {bytes}")),
        Ending::TooLong(bytes) => Some(format!("the capture goes on with a monstrous block at byte {bytes}")),
    }
}

/// What `dissect` ends with: 1 where a text that was looked for is readable on the wire; 2 where one was not found and
/// not everything was looked at; else 0.
pub fn exit_status(dissection: &Dissection, ending: &Ending) -> u8 {
    match dissection.found.as_slice() {
        found if found.iter().any(|count| *count > 0) => 1,
        [] => 0,
        _ => 2 * u8::from(!skipped(dissection, ending).is_empty()),
    }
}

/// What was not looked at, or not as a whole: a text that is not found elsewhere may stand there.
pub fn skipped(dissection: &Dissection, ending: &Ending) -> Vec<String> {
    let mut skipped = Vec::new();
    let mut note = |count: u64, thing: &str, why: &str| {
        if count > 0 {
            skipped.push(format!("{} {why}", counted(count, thing)));
        }
    };
    note(dissection.missing, "byte", "of TCP streams not captured");
    note(dissection.cut_packets, "packet", "other than TCP captured in part");
    note(dissection.fragments, "fragment", "of IP packets searched one by one only");
    note(dissection.unknown_blocks, "block", "of a kind that is not known");
    for (kind, count) in &dissection.unread {
        note(*count, "packet", &format!("of {kind} searched one by one only"));
    }
    skipped.extend(self::ending(ending));
    skipped
}

/// What a session spoke, in a few words.
fn protocol(session: &ObservedSession) -> String {
    match &session.tls {
        Some(tls) if tls.begun_before => {
            let version = tls.version().map_or_else(|| "TLS".to_owned(), names::version);
            // With the connection's own beginning captured, packets of it are missing.
            let older = session.begun_before;
            format!(
                "{version}, {}",
                if older { "begun before the capture" } else { "its beginning not captured" }
            )
        }
        Some(tls) => match tls.version() {
            Some(version) => names::version(version),
            None if is_unanswered(session, tls) => "TLS, no answer of the server's captured".to_owned(),
            None => "TLS, no version agreed on".to_owned(),
        },
        None if session.events.is_empty() => "nothing said".to_owned(),
        None if is_unknown(session) => "not known: begun before the capture".to_owned(),
        None => "plaintext".to_owned(),
    }
}

/// Whether nothing that the server said was captured: what was agreed on is not known, if anything was.
fn is_unanswered(session: &ObservedSession, tls: &Tls) -> bool {
    tls.server_hello.is_none() && session.bytes.server == 0
}

/// Whether nobody can tell what a session speaks.
fn is_unknown(session: &ObservedSession) -> bool {
    session.tls.is_none() && session.events.iter().any(|event| matches!(event.what, What::Unknown(_)))
}

fn place(place: Place) -> String {
    match place {
        Place::Packet(number, offset) => format!("packet {number}, byte {offset}, in no TCP stream"),
        Place::Stream(session, side, offset) => {
            format!("session {session}, byte {offset} of what the {side} sent")
        }
        Place::Dropped(session, side, offset) => {
            format!("session {session}, byte {offset} of what the {side} sent and its peer drops")
        }
    }
}

fn opened_place(place: Place) -> String {
    match place {
        Place::Stream(session, side, offset) => {
            format!("session {session}, byte {offset} of the {side}'s application data")
        }
        Place::Packet(..) | Place::Dropped(..) => self::place(place),
    }
}

/// The facts of a certificate that an observer reads, in lines of label and value.
fn certificate(der: &[u8]) -> Vec<(&'static str, String)> {
    match CertFacts::read(der) {
        Err(error) => vec![("certificate", safe(&error.to_string()))],
        Ok(facts) => {
            let mut lines = vec![
                ("subject", safe(&facts.subject.to_string())),
                ("issuer", safe(&facts.issuer.to_string())),
                (
                    "valid",
                    format!("{} to {}", words::instant(facts.not_before), words::instant(facts.not_after)),
                ),
            ];
            if let Some(names) = facts.subject_alt_names() {
                lines.push(("names", names.iter().map(name).collect::<Vec<_>>().join(", ")));
            }
            lines.push(("signature", facts.signature_algorithm.name.clone()));
            lines.push(("SHA-256", words::hex(&facts.sha256())));
            lines
        }
    }
}

fn name(name: &GeneralName) -> String {
    match name {
        GeneralName::Dns(name) => format!("DNS:{}", safe(name)),
        GeneralName::Email(name) => format!("email:{}", safe(name)),
        GeneralName::Ip(address) => format!("IP:{address}"),
        GeneralName::IpRange { address, mask } => format!("IP:{address}/{mask}"),
        GeneralName::Uri(name) => format!("URI:{}", safe(name)),
        GeneralName::Directory(_) => "a directory name".to_owned(),
        GeneralName::Other { tag, .. } => format!("a name of kind {tag}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_strangers_say_cannot_move_the_cursor() {
        assert_eq!(safe("a\u{1b}[2J\u{202e}b\r\n"), r"a\u{1b}[2J\u{202e}b\r\n");
        assert_eq!(bytes("gr\u{fc}n".as_bytes()), "gr\u{fc}n");
        assert_eq!(bytes(b"gr\xc3"), "gr", "cut in a letter");
        assert_eq!(bytes(b"\xff\x00"), r"\xff\x00");
    }

    #[test]
    fn instants_keep_their_digits() {
        assert_eq!(instant(Duration::new(1_000_000_000, 120)), "2001-09-09T01:46:40.00000012Z");
        assert_eq!(instant(Duration::ZERO), "1970-01-01T00:00:00Z");
    }
}
