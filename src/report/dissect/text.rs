//! A dissection for a terminal of 80 columns: per session a ladder, what each side said in its hello, and what an
//! observer learns.

use std::fmt::Write as _;
use std::io;
use std::time::Duration;

use super::lessons::lessons;
use super::{
    bytes, certificate, close, instant, labels, list, opened, opened_place, opening_trouble, place, protocol,
    readable, safe, skipped,
};
use crate::tls::names;
use crate::wire::hello::{ClientHello, Extension, ServerHello};
use crate::wire::reading::capture::Ending;
use crate::wire::reading::dissection::{Dissection, MOST_FINDS};
use crate::wire::reading::find::Needle;
use crate::wire::reading::session::{ObservedEvent, ObservedSession, Tls, What};
use crate::wire::record::ContentType;
use crate::wire::{Side, fingerprint};
use crate::words::counted;

/// Columns.
const WIDTH: usize = 80;
/// Columns of the ladder itself.
const LADDER: usize = 47;
/// As many encrypted records in a row from one side are shown one by one.
const FEW: usize = 6;

/// How to show a dissection.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Every record on its own line, however many look alike.
    pub every_record: bool,
}

/// The whole report. `name` is the capture's. Session by session: a report may be longer than memory is large.
pub fn write(
    to: &mut dyn io::Write,
    name: &str,
    dissection: &Dissection,
    needles: &[Needle],
    ending: &Ending,
    options: Options,
) -> io::Result<()> {
    let mut out = String::new();
    let sessions = dissection.sessions.iter().filter(|session| session.tls.is_some()).count() as u64;
    let connections = dissection.sessions.len() as u64 + dissection.unlisted_sessions;
    line(
        &mut out,
        &format!(
            "{}: {}, {}, {}",
            safe(name),
            counted(dissection.packets, "packet"),
            counted(connections, "TCP connection"),
            counted(sessions, "TLS session")
        ),
    );
    for session in &dissection.sessions {
        out.push('\n');
        show(&mut out, session, options);
        to.write_all(out.as_bytes())?;
        out.clear();
    }
    if dissection.unlisted_sessions > 0 {
        line(&mut out, &format!("\n{} more connections are not listed", dissection.unlisted_sessions));
    }
    if !needles.is_empty() {
        out.push('\n');
        finds(&mut out, dissection, needles, ending);
    }
    to.write_all(out.as_bytes())
}

fn line(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}

fn show(out: &mut String, session: &ObservedSession, options: Options) {
    line(
        out,
        &format!(
            "Session {}: {} \u{2192} {}, {protocol}",
            session.number,
            session.client,
            session.server,
            protocol = protocol(session)
        ),
    );
    line(out, &format!("{}, {}", instant(session.started), close(session.close)));
    if !session.events.is_empty() {
        out.push('\n');
        let pad = LADDER - "client".len() - "server".len();
        line(out, &format!("       ms  client{:pad$}server    bytes", ""));
        ladder(out, session, options);
    }
    if session.unlisted.events > 0 {
        line(
            out,
            &format!("           and {} more of {} bytes", session.unlisted.events, session.unlisted.bytes),
        );
    }
    for side in [Side::Client, Side::Server] {
        let quality = session.quality[side];
        if quality.missing > 0 {
            line(out, &format!("           {} of the {side}'s bytes were not captured", quality.missing));
        }
    }
    if let Some(tls) = &session.tls {
        if let Some(trouble) = opening_trouble(tls) {
            item(out, "           ", &trouble);
        }
        hellos(out, tls);
    }
    line(out, "\nWhat an observer learns");
    let lessons = lessons(session);
    for lesson in lessons.iter().filter(|lesson| lesson.learned) {
        item(out, "  + ", &lesson.text);
    }
    if lessons.iter().any(|lesson| !lesson.learned) {
        line(out, "and what not");
    }
    for lesson in lessons.iter().filter(|lesson| !lesson.learned) {
        item(out, "  - ", &lesson.text);
    }
}

fn ladder(out: &mut String, session: &ObservedSession, options: Options) {
    let mut events = session.events.as_slice();
    while let Some((first, rest)) = events.split_first() {
        let alike = 1 + rest.iter().take_while(|event| looks_alike(first, event)).count();
        if alike > FEW && !options.every_record {
            let bytes = events[..alike].iter().map(|event| event.bytes).sum();
            let label = format!("{} \u{d7} {alike}", labels(first).concat());
            rung(out, session.started, first, &label, Some(bytes));
            events = &events[alike..];
        } else {
            for (index, label) in labels(first).iter().enumerate() {
                rung(out, session.started, first, label, (index == 0).then_some(first.bytes));
            }
            for phrase in opened(first).unwrap_or_default() {
                beneath(out, first.from, &phrase);
            }
            events = rest;
        }
    }
}

/// Whether two encrypted records may share a line.
pub(super) fn looks_alike(a: &ObservedEvent, b: &ObservedEvent) -> bool {
    a.from == b.from
        && readable(a) == Some(false)
        && readable(b) == Some(false)
        && labels(a) == labels(b)
        && is_data(a) == is_data(b)
        && is_data(a) != Some(false)
        && matches!((&a.what, &b.what), (What::Record(_), What::Record(_)))
}

/// Whether what the secrets show of a record is application data; `None` where they show nothing.
fn is_data(event: &ObservedEvent) -> Option<bool> {
    let What::Record(record) = &event.what else { return None };
    record.opened.as_ref().map(|opened| opened.content_type == Some(ContentType::ApplicationData))
}

/// One line of the ladder: time, arrow with its label, size, whether it can be read.
fn rung(out: &mut String, started: Duration, event: &ObservedEvent, label: &str, bytes: Option<u64>) {
    let after = event.at.saturating_sub(started);
    let (fill, word) = match readable(event) {
        Some(true) => ('\u{2500}', "readable"),
        Some(false) if matches!(event.what, What::Stray) => ('?', "no record"),
        Some(false) => ('\u{2591}', "encrypted"),
        None if matches!(event.what, What::Unknown(_)) => ('?', "unknown"),
        None => ('.', "missing"),
    };
    let label = cut(label, LADDER - 4);
    let fill: String = std::iter::repeat_n(fill, LADDER - 2 - label.chars().count()).collect();
    let arrow = match event.from {
        Side::Client => format!("{label} {fill}\u{25b6}"),
        Side::Server => format!("\u{25c0}{fill} {label}"),
    };
    let bytes = bytes.map_or_else(String::new, |bytes| bytes.to_string());
    let time = format!("{}.{:03}", after.as_millis(), after.subsec_micros() % 1000);
    // Writing to a String does not fail.
    let _ = writeln!(out, "{time:>9}  {arrow} {bytes:>8}  {word}");
}

/// What the secrets show, beneath the record that hides it.
fn beneath(out: &mut String, from: Side, phrase: &str) {
    let phrase = format!("= {}", cut(phrase, LADDER - 4));
    let line = match from {
        Side::Client => format!("{:11}{phrase}", ""),
        Side::Server => format!("{:11}{phrase:>LADDER$}", ""),
    };
    out.push_str(line.trim_end());
    out.push('\n');
}

/// At most so many columns.
fn cut(text: &str, columns: usize) -> String {
    if text.chars().count() <= columns {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(columns - 1).collect();
    cut.push('\u{2026}');
    cut
}

fn hellos(out: &mut String, tls: &Tls) {
    if let Some(hello) = &tls.client_hello {
        let form = if hello.sslv2.is_some() { ", in SSL 2's form" } else { "" };
        line(out, &format!("\nClientHello{form}: what the client offers"));
        client_hello(out, hello);
    }
    if let Some(retry) = &tls.hello_retry_request {
        line(out, "\nHelloRetryRequest: the server asks again");
        field(out, "group", &retry.group().map(names::group).unwrap_or_default());
    }
    if let Some(again) = &tls.second_client_hello {
        line(out, "\nClientHello, again");
        field(out, "key shares", &key_shares(again));
        field(out, "JA3", &fingerprint::ja3(again));
        field(out, "JA4", &fingerprint::ja4(again));
    }
    if let Some(cipher) = tls.sslv2.and(tls.cipher_suite_name()) {
        line(out, "\nCLIENT-MASTER-KEY: what the client chooses");
        field(out, "cipher", &cipher);
    }
    if let Some(hello) = &tls.server_hello {
        line(out, "\nServerHello: what the server chooses");
        server_hello(out, hello, tls);
    }
    let chains = [
        (Side::Server, "readable", &tls.server_certificates),
        (Side::Client, "readable", &tls.client_certificates),
        (Side::Server, "with the secrets only", &tls.opened_certificates.server),
        (Side::Client, "with the secrets only", &tls.opened_certificates.client),
    ];
    for (whose, how, chain) in chains {
        let scheme = tls.signed_by[whose].map(names::signature_scheme).unwrap_or_default();
        for (index, der) in chain.iter().enumerate() {
            line(out, &format!("\nThe {whose}'s certificate {} of {}, {how}", index + 1, chain.len()));
            for (label, value) in certificate(der) {
                field(out, label, &value);
            }
            if index == 0 {
                field(out, "handshake", &scheme);
            }
        }
    }
}

fn client_hello(out: &mut String, hello: &ClientHello) {
    field(out, "versions", &list(hello.versions().into_iter().map(names::version)));
    match &hello.sslv2 {
        Some(suites) => field(out, "suites", &list(suites.iter().copied().map(names::sslv2_suite))),
        None => field(out, "suites", &list(hello.cipher_suites.iter().copied().map(names::cipher_suite))),
    }
    field(out, "groups", &list(hello.groups().into_iter().map(names::group)));
    field(out, "key shares", &key_shares(hello));
    field(out, "signatures", &list(hello.signature_schemes().into_iter().map(names::signature_scheme)));
    field(out, "name (SNI)", &hello.server_name().map_or_else(|| "none".to_owned(), |name| safe(&name)));
    field(out, "ALPN", &list(hello.protocols().iter().map(|protocol| bytes(protocol))));
    field(out, "extensions", &extensions(&hello.extensions, hello.unlisted_extensions));
    field(out, "resumption", if hello.offers_resumption() { "offered" } else { "not offered" });
    field(out, "JA3", &fingerprint::ja3(hello));
    field(out, "JA4", &fingerprint::ja4(hello));
    if let Some(fault) = hello.fault {
        field(out, "malformed", fault);
    }
}

fn server_hello(out: &mut String, hello: &ServerHello, tls: &Tls) {
    field(out, "version", &names::version(hello.version()));
    field(out, "suite", &names::cipher_suite(hello.cipher_suite));
    field(out, "group", &tls.group().map(names::group).unwrap_or_default());
    field(out, "ALPN", &hello.protocol().map(|protocol| bytes(&protocol)).unwrap_or_default());
    field(out, "extensions", &extensions(&hello.extensions, hello.unlisted_extensions));
    let resumed = match tls.resumed() {
        Some(true) => "yes",
        Some(false) => "no",
        None => "",
    };
    field(out, "resumed", resumed);
    field(out, "JA3S", &fingerprint::ja3s(hello));
    if let Some(fault) = hello.fault {
        field(out, "malformed", fault);
    }
}

fn key_shares(hello: &ClientHello) -> String {
    list(
        hello
            .key_shares()
            .into_iter()
            .map(|(group, bytes)| format!("{} ({bytes} bytes)", names::group(group))),
    )
}

fn extensions(extensions: &[Extension], unlisted: usize) -> String {
    let listed = list(extensions.iter().map(|extension| names::extension(extension.code)));
    if unlisted == 0 { listed } else { format!("{listed}, and {unlisted} that are not listed") }
}

/// `label   value`, wrapped; nothing where there is no value.
fn field(out: &mut String, label: &str, value: &str) {
    if !value.is_empty() {
        item(out, &format!("  {label:<12}"), value);
    }
}

/// `begin` and `text`, wrapped at the width and indented to where the text began.
fn item(out: &mut String, begin: &str, text: &str) {
    let indent = begin.chars().count();
    let room = WIDTH - indent;
    let mut lines: Vec<String> = vec![String::new()];
    for word in text.split(' ') {
        let mut word = word;
        let last = lines.last().map_or(0, |line| line.chars().count());
        if last > 0 && last + 1 + word.chars().count() > room {
            lines.push(String::new());
        } else if last > 0
            && let Some(line) = lines.last_mut()
        {
            line.push(' ');
        }
        // A word longer than a line is broken where the line ends.
        while word.chars().count() > room {
            let at = word.char_indices().nth(room).map_or(word.len(), |(at, _)| at);
            if let Some(line) = lines.last_mut() {
                line.push_str(&word[..at]);
            }
            lines.push(String::new());
            word = &word[at..];
        }
        if let Some(line) = lines.last_mut() {
            line.push_str(word);
        }
    }
    for (index, text) in lines.iter().enumerate() {
        let begin = if index == 0 { begin } else { "" };
        line(out, format!("{begin:<indent$}{text}").trim_end());
    }
}

fn finds(out: &mut String, dissection: &Dissection, needles: &[Needle], ending: &Ending) {
    let skipped = skipped(dissection, ending);
    for (index, needle) in needles.iter().enumerate() {
        let text = cut(&safe(needle.text()), 40);
        match dissection.found[index] {
            0 if skipped.is_empty() => {
                line(out, &format!("\u{201c}{text}\u{201d} is nowhere readable on the wire"));
            }
            0 => {
                line(
                    out,
                    &format!("\u{201c}{text}\u{201d} was not found, and not everything was looked at:"),
                );
                for what in &skipped {
                    item(out, "  ", what);
                }
            }
            count => {
                line(
                    out,
                    &format!("\u{201c}{text}\u{201d} is READABLE on the wire, {}:", counted(count, "time")),
                );
                for find in dissection.finds.iter().filter(|find| find.needle == index) {
                    line(out, &format!("  {}, as {}", place(find.place), find.guise.name()));
                }
                if count > MOST_FINDS as u64 {
                    line(out, &format!("  and {} times more", count - MOST_FINDS as u64));
                }
            }
        }
        if let Some(find) = dissection.opened_finds.iter().find(|find| find.needle == index) {
            let count = counted(dissection.opened_found[index], "time");
            let place = opened_place(find.place);
            item(out, "  ", &format!("with the secrets it shows, {count}: first in {place}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_wrap_and_hang() {
        let mut out = String::new();
        item(&mut out, "  + ", &"word ".repeat(30));
        item(&mut out, "  + ", &"x".repeat(100));
        assert!(out.lines().all(|line| line.chars().count() <= WIDTH), "{out}");
        assert!(out.starts_with("  + word word") && out.contains("\n    word"), "{out}");
        assert_eq!(out.matches('x').count(), 100);
    }
}
