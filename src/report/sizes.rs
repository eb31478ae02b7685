//! How large TLS 1.3 handshakes are, byte by byte and message by message: one beneath the other in one picture, with a
//! table of the same numbers.

use maud::{Markup, html};
use serde::Serialize;

use crate::page::said;
use crate::tls::names;
use crate::tls::registry::version::TLS_1_3;
use crate::tls::registry::{extension, handshake};
use crate::wire::Side;
use crate::wire::extension::Extension;
use crate::wire::reading::session::{Message, ObservedEvent, ObservedRecord, ObservedSession, What};

/// A handshake message's header: its type and length (RFC 8446 §4).
const HEADER: u64 = 4;

/// A handshake, from the ClientHello to the client's Finished.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Handshake {
    /// What it is called in the comparison: the kind of the server's key.
    pub label: String,
    /// The group that the keys were agreed on with.
    pub group: String,
    /// The bytes that crossed for it, headers of records included and those of packets not.
    pub bytes: u64,
    /// Its parts, in their order; together they are its bytes.
    pub parts: Vec<Part>,
}

/// A part of a handshake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    /// A message, a share of one, or what the records add.
    pub part: String,
    /// Who sent it; null where both did.
    pub from: Option<&'static str>,
    /// Its bytes.
    pub bytes: u64,
    #[serde(skip)]
    kind: Kind,
}

/// What a part is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Certificate,
    KeyShare,
    Other,
    Records,
    Signature,
}

impl Kind {
    /// In the order of the legend.
    const ALL: [(Self, &'static str); 5] = [
        (Self::KeyShare, "key shares"),
        (Self::Certificate, "certificate"),
        (Self::Signature, "signature of the handshake"),
        (Self::Other, "other messages"),
        (Self::Records, "records and their encryption"),
    ];

    fn class(self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::KeyShare => "key-share",
            Self::Other => "other",
            Self::Records => "records",
            Self::Signature => "signature",
        }
    }
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
            kind: Kind::Records,
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
                    from: Some(side(event.from)),
                    bytes: *body as u64 + HEADER,
                    kind: match *code {
                        handshake::CERTIFICATE => Kind::Certificate,
                        handshake::CERTIFICATE_VERIFY => Kind::Signature,
                        _ => Kind::Other,
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
        self.parts.insert(at + 1, Part { part, from, bytes: share, kind: Kind::KeyShare });
    }

    fn of_kind(&self, kind: Kind) -> u64 {
        self.parts.iter().filter(|part| part.kind == kind).map(|part| part.bytes).sum()
    }

    /// In a line: `12,345 bytes: key shares 2,340, certificate 7,000, …`.
    pub fn line(&self) -> String {
        let kinds: Vec<String> = Kind::ALL
            .into_iter()
            .map(|(kind, words)| format!("{words} {}", thousands(self.of_kind(kind))))
            .collect();
        format!("{} bytes: {}", thousands(self.bytes), kinds.join(", "))
    }
}

fn messages(record: &ObservedRecord) -> &[Message] {
    record.opened.as_ref().map_or(&record.messages, |opened| &opened.messages)
}

fn side(side: Side) -> &'static str {
    match side {
        Side::Client => "client",
        Side::Server => "server",
    }
}

/// `12,345`.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let first = digits.len() % 3;
    let (head, tail) = digits.split_at(first);
    let mut groups: Vec<&str> = if head.is_empty() { Vec::new() } else { vec![head] };
    // Digits are ASCII: every third index is a character's.
    groups.extend((0..tail.len() / 3).map(|group| &tail[3 * group..3 * group + 3]));
    groups.join(",")
}

/// The picture's measures, in its own units.
const WIDTH: u64 = 430;
const ROW: usize = 48;
const BAR: usize = 22;

/// The comparison: a bar for each handshake, drawn to one scale, and the numbers.
pub fn picture(handshakes: &[Handshake]) -> Markup {
    let largest = handshakes.iter().map(|handshake| handshake.bytes).max().unwrap_or_default().max(1);
    let told: Vec<String> =
        handshakes.iter().map(|handshake| format!("{}: {}", handshake.label, handshake.line())).collect();
    html! {
        section.sizes {
            h2 { "How large the handshakes are" }
            p {
                "From the ClientHello to the client's Finished, to one scale. A post-quantum signature and key take \
                 kilobytes where classical ones take some hundred bytes or less."
            }
            svg viewBox=(format!("0 0 {WIDTH} {}", ROW * handshakes.len())) role="img"
                aria-label=(said(told.join("; "))) {
                @for (row, handshake) in handshakes.iter().enumerate() {
                    text x="0" y=(row * ROW + 14) {
                        (said(format!("{}: {} bytes", handshake.label, thousands(handshake.bytes))))
                    }
                    @for (kind, start, width) in bars(handshake, largest) {
                        rect class=(format!("part {}", kind.class())) x=(start) y=(row * ROW + 20)
                            width=(width) height=(BAR) {}
                    }
                }
            }
            p.legend {
                @for (kind, words) in Kind::ALL {
                    span.key { span.swatch.(kind.class()) {} " " (words) } " "
                }
            }
            div.wide { (table(handshakes)) }
        }
    }
}

/// Where each kind's bar begins and how wide it is: to one scale, ends rounded, so that they meet.
fn bars(handshake: &Handshake, largest: u64) -> Vec<(Kind, u64, u64)> {
    let place = |bytes: u64| bytes * WIDTH / largest;
    let mut before = 0;
    Kind::ALL
        .into_iter()
        .map(|(kind, _)| {
            let start = place(before);
            before += handshake.of_kind(kind);
            (kind, start, place(before) - start)
        })
        .collect()
}

/// Every part of every handshake, in the order of the first that has it.
fn table(handshakes: &[Handshake]) -> Markup {
    let mut rows: Vec<(&str, Option<&str>)> = Vec::new();
    for part in handshakes.iter().flat_map(|handshake| &handshake.parts) {
        if !rows.contains(&(&part.part, part.from)) {
            rows.push((&part.part, part.from));
        }
    }
    let cell = |handshake: &Handshake, row: (&str, Option<&str>)| {
        let parts = handshake.parts.iter().filter(|part| (part.part.as_str(), part.from) == row);
        thousands(parts.map(|part| part.bytes).sum())
    };
    html! {
        table {
            caption { "Bytes of each part; the group that keys are agreed on with beneath." }
            tr {
                th scope="col" { "part" }
                @for handshake in handshakes { th.number scope="col" { (said(&handshake.label)) } }
            }
            @for row in rows {
                tr {
                    th scope="row" {
                        (row.0)
                        @if let Some(from) = row.1 { " " span.soft { (from) } }
                    }
                    @for handshake in handshakes { td.number { (cell(handshake, row)) } }
                }
            }
            tr {
                th scope="row" { "together" }
                @for handshake in handshakes { td.number { strong { (thousands(handshake.bytes)) } } }
            }
            tr {
                th scope="row" { "group" }
                @for handshake in handshakes { td.number { (handshake.group) } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handshake(label: &str, certificate: u64) -> Handshake {
        let part = |part: &str, bytes, kind| Part { part: part.to_owned(), from: None, bytes, kind };
        Handshake {
            label: label.to_owned(),
            group: "x25519".to_owned(),
            bytes: certificate + 100,
            parts: vec![
                part("Certificate", certificate, Kind::Certificate),
                part("records and their encryption", 100, Kind::Records),
            ],
        }
    }

    #[test]
    fn bars_are_to_one_scale_and_meet() {
        let large = handshake("ML-DSA", 4200);
        let bars = bars(&large, large.bytes);
        let mut end = 0;
        for (_, start, width) in bars {
            assert_eq!(start, end);
            end = start + width;
        }
        assert_eq!(end, WIDTH);
        assert_eq!(
            large.line(),
            "4,300 bytes: key shares 0, certificate 4,200, signature of the handshake 0, other messages 0, \
             records and their encryption 100"
        );
    }

    #[test]
    fn every_number_stands_in_the_table_and_labels_are_no_markup() {
        let page = picture(&[handshake("<RSA>", 1000), handshake("ML-DSA", 1_234_567)]).into_string();
        for wanted in ["1,000", "1,234,567", "1,234,667", "&lt;RSA&gt;", "together"] {
            assert!(page.contains(wanted), "{wanted}: {page}");
        }
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(999), "999");
    }
}
