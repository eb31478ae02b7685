//! How large TLS 1.3 handshakes are: one beneath the other in one picture, with a table of the same numbers.

use maud::{Markup, html};
use serde::Serialize;

use crate::page::said;
use crate::wire::Side;
use crate::wire::reading::sizes::{Handshake, Part, PartKind};

/// A handshake, from the ClientHello to the client's Finished.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HandshakeReport {
    /// What it is called in the comparison: the kind of the server's key.
    pub label: String,
    /// The group that the keys were agreed on with.
    pub group: String,
    /// The bytes that crossed for it, headers of records included and those of packets not.
    pub bytes: u64,
    /// Its parts, in their order; together they are its bytes.
    pub parts: Vec<PartReport>,
}

/// A part of a handshake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PartReport {
    /// A message, a share of one, or what the records add.
    pub part: String,
    /// `client` or `server`; null where both sent it.
    pub from: Option<String>,
    /// Its bytes.
    pub bytes: u64,
}

impl From<&Handshake> for HandshakeReport {
    fn from(handshake: &Handshake) -> Self {
        Self {
            label: handshake.label.clone(),
            group: handshake.group.clone(),
            bytes: handshake.bytes,
            parts: handshake.parts.iter().map(PartReport::from).collect(),
        }
    }
}

impl From<&Part> for PartReport {
    fn from(part: &Part) -> Self {
        Self { part: part.part.clone(), from: part.from.map(|side| side.to_string()), bytes: part.bytes }
    }
}

/// The kinds of part and their words, in the order of the legend.
const KINDS: [(PartKind, &str); 5] = [
    (PartKind::KeyShare, "key shares"),
    (PartKind::Certificate, "certificate"),
    (PartKind::Signature, "signature of the handshake"),
    (PartKind::Other, "other messages"),
    (PartKind::Records, "records and their encryption"),
];

/// Its class on the page.
fn class(kind: PartKind) -> &'static str {
    match kind {
        PartKind::Certificate => "certificate",
        PartKind::KeyShare => "key-share",
        PartKind::Other => "other",
        PartKind::Records => "records",
        PartKind::Signature => "signature",
    }
}

/// In a line: `12,345 bytes: key shares 2,340, certificate 7,000, …`.
pub fn line(handshake: &Handshake) -> String {
    let kinds = KINDS.map(|(kind, words)| format!("{words} {}", thousands(handshake.of_kind(kind))));
    format!("{} bytes: {}", thousands(handshake.bytes), kinds.join(", "))
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
        handshakes.iter().map(|handshake| format!("{}: {}", handshake.label, line(handshake))).collect();
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
                        rect class=(format!("part {}", class(kind))) x=(start) y=(row * ROW + 20)
                            width=(width) height=(BAR) {}
                    }
                }
            }
            p.legend {
                @for (kind, words) in KINDS {
                    span.key { span.swatch.(class(kind)) {} " " (words) } " "
                }
            }
            div.wide { (table(handshakes)) }
        }
    }
}

/// Where each kind's bar begins and how wide it is: to one scale, ends rounded, so that they meet.
fn bars(handshake: &Handshake, largest: u64) -> Vec<(PartKind, u64, u64)> {
    let place = |bytes: u64| bytes * WIDTH / largest;
    let mut before = 0;
    KINDS
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
    let mut rows: Vec<(&str, Option<Side>)> = Vec::new();
    for part in handshakes.iter().flat_map(|handshake| &handshake.parts) {
        if !rows.contains(&(&part.part, part.from)) {
            rows.push((&part.part, part.from));
        }
    }
    let cell = |handshake: &Handshake, row: (&str, Option<Side>)| {
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
                part("Certificate", certificate, PartKind::Certificate),
                part("records and their encryption", 100, PartKind::Records),
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
            line(&large),
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
