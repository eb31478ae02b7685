//! The dissection of a capture: packets in, sessions and finds out.
//!
//! Packets are taken one by one and not kept; each is handed to its TCP connection (`connection`). Bounded:
//! [`MOST_OPEN`] connections are followed at a time, [`MOST_SESSIONS`] and
//! [`MOST_EVENTS_IN_ALL`](super::dissection::MOST_EVENTS_IN_ALL) events are listed, the rest is counted; texts are
//! looked for in everything, listed or not.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use super::capture::Packet;
use super::connection::OpenConnection;
use super::dissection::{Dissection, MOST_SESSIONS, Place};
use super::find::{Needle, Search};
use super::findings::Findings;
use super::packet::{Content, Segment, content};
use crate::tls::key_log::Line;
use crate::wire::key_log::Secrets;

/// The most connections that are followed at a time; beyond, those silent longest are ended.
pub const MOST_OPEN: usize = 1 << 14;
/// Takes a capture's packets.
#[derive(Debug)]
pub struct Dissector {
    findings: Findings,
    open: HashMap<[SocketAddr; 2], OpenConnection>,
    begun: usize,
    sample: usize,
}

impl Dissector {
    /// Looks for `needles` along the way.
    pub fn new(needles: Vec<Needle>) -> Self {
        Self { findings: Findings::new(needles), open: HashMap::new(), begun: 0, sample: 0 }
    }

    /// The same, keeping the first `octets` of each event for showing
    /// ([`ObservedEvent::sample`](super::session::ObservedEvent::sample)).
    #[must_use]
    pub fn with_samples(self, octets: usize) -> Self {
        Self { sample: octets, ..self }
    }

    /// Secrets, as lines of a key log: they open what comes after them.
    pub fn learn(&mut self, lines: &str) {
        lines.lines().filter_map(Line::read).for_each(|line| self.findings.learn(line));
    }

    /// A new dissector with the same texts and all the secrets that were learned, for reading again.
    #[must_use]
    pub fn again(self) -> Self {
        Self::new(self.findings.needles).with_secrets(self.findings.secrets).with_samples(self.sample)
    }

    /// The same, with secrets known from before.
    #[must_use]
    pub fn with_secrets(mut self, secrets: Secrets) -> Self {
        self.findings.secrets = secrets;
        self
    }

    /// Whether secrets came after the packets that they would have opened.
    pub fn has_late_secrets(&self) -> bool {
        self.findings.dissection.has_late_secrets
    }

    /// The next packet.
    pub fn packet(&mut self, packet: &Packet<'_>) {
        self.findings.dissection.packets += 1;
        match content(packet.link, packet.data) {
            Content::Tcp(segment) => self.segment(packet.at, &segment),
            Content::Fragment => {
                self.findings.dissection.fragments += 1;
                self.look_at_packet(packet);
            }
            Content::Other => {
                self.findings.dissection.other_packets += 1;
                self.look_at_packet(packet);
            }
        }
    }

    /// The capture has ended: what was in it, and the texts that were looked for.
    pub fn finish(mut self) -> (Dissection, Vec<Needle>) {
        let mut rest: Vec<_> = self.open.drain().map(|(_, connection)| connection).collect();
        rest.sort_by_key(|connection| connection.number);
        for connection in rest {
            self.end(connection);
        }
        self.findings.dissection.sessions.sort_by_key(|session| session.number);
        (self.findings.dissection, self.findings.needles)
    }

    fn segment(&mut self, at: Duration, segment: &Segment<'_>) {
        let mut key = [segment.source, segment.destination];
        key.sort_unstable();
        // The same ports again: another connection.
        let again =
            segment.syn && !segment.ack && self.open.get(&key).is_some_and(|known| known.is_over(segment));
        if again && let Some(before) = self.open.remove(&key) {
            self.end(before);
        }
        if self.open.len() >= MOST_OPEN && !self.open.contains_key(&key) {
            self.evict();
        }
        let connection = self.open.entry(key).or_insert_with(|| {
            self.begun += 1;
            OpenConnection::new(
                self.begun,
                segment.source,
                segment.destination,
                at,
                self.findings.needles.len(),
                self.sample,
            )
        });
        connection.segment(at, segment, &mut self.findings);
    }

    /// Ends the quarter of the connections that have been silent longest.
    fn evict(&mut self) {
        let mut times: Vec<_> = self.open.iter().map(|(key, known)| (known.ended, *key)).collect();
        times.sort_unstable();
        for (_, key) in times.into_iter().take(MOST_OPEN / 4) {
            if let Some(connection) = self.open.remove(&key) {
                self.end(connection);
            }
        }
    }

    fn end(&mut self, connection: OpenConnection) {
        let session = connection.finish(&mut self.findings);
        if self.findings.dissection.sessions.len() < MOST_SESSIONS {
            self.findings.dissection.sessions.push(session);
        } else {
            self.findings.dissection.unlisted_sessions += 1;
        }
    }

    fn look_at_packet(&mut self, packet: &Packet<'_>) {
        let number = self.findings.dissection.packets;
        for index in 0..self.findings.needles.len() {
            self.findings
                .look(index, &mut Search::default(), packet.data, packet.at, |at| Place::Packet(number, at));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::session::{Close, Message, ObservedEvent, ObservedSession, What};
    use super::*;
    use crate::wire::frames::Conversation;
    use crate::wire::hello::tests::{client_hello, server_name};
    use crate::wire::{Both, Side};

    fn record(kind: u8, fragment: &[u8]) -> Vec<u8> {
        [&[kind, 3, 3][..], &u16::try_from(fragment.len()).unwrap().to_be_bytes(), fragment].concat()
    }

    fn hello_record() -> Vec<u8> {
        let body = client_hello(&[0x1301], &[(0, server_name("www.test.org")), (43, vec![2, 3, 4])]);
        record(22, &[&[1, 0][..], &u16::try_from(body.len()).unwrap().to_be_bytes(), &body].concat())
    }

    fn server_hello_record() -> Vec<u8> {
        let body = [&[3, 3][..], &[9; 32], &[0, 0x13, 1, 0, 0, 6, 0, 43, 0, 2, 3, 4]].concat();
        record(22, &[&[2, 0, 0, u8::try_from(body.len()).unwrap()][..], &body].concat())
    }

    /// What one connection between these ends looks like, one packet a frame.
    fn frames(said: &[(Side, &[u8])]) -> Vec<Vec<u8>> {
        let (client, server) = ("10.0.0.1:5000".parse().unwrap(), "10.0.0.2:4433".parse().unwrap());
        let mut conversation = Conversation::new(client, server, Both { client: u32::MAX - 5, server: 0 });
        let mut frames = Vec::new();
        let mut emit = |headers: &[u8], payload: &[u8]| frames.push([headers, payload].concat());
        conversation.open(&mut emit);
        for (side, data) in said {
            conversation.data(*side, data, &mut emit);
        }
        conversation.finish(Side::Client, &mut emit);
        conversation.finish(Side::Server, &mut emit);
        frames
    }

    fn dissect(frames: &[Vec<u8>], texts: &[&str]) -> Dissection {
        let mut dissector = Dissector::new(texts.iter().map(|text| Needle::new(text).unwrap()).collect());
        for (index, frame) in frames.iter().enumerate() {
            let at = Duration::from_millis(10 * index as u64);
            dissector.packet(&Packet { at, link: 1, data: frame });
        }
        dissector.finish().0
    }

    fn labels(session: &ObservedSession) -> Vec<String> {
        let label = |event: &ObservedEvent| match &event.what {
            What::Record(record) if record.encrypted => format!("{} encrypted", event.from),
            What::Record(record) => match record.messages.first() {
                Some(Message::Handshake(kind, _)) => format!("{} {kind}", event.from),
                other => format!("{} {other:?}", event.from),
            },
            What::Plaintext(text) => format!("{} {}", event.from, text.escape_ascii()),
            other => format!("{} {other:?}", event.from),
        };
        session.events.iter().map(label).collect()
    }

    #[test]
    fn plaintext_is_told_and_found() {
        let dissection = dissect(
            &frames(&[(Side::Client, b"the sec"), (Side::Client, b"ret"), (Side::Server, b"ok")]),
            &["secret", "nope"],
        );
        assert_eq!(dissection.found, [1, 0]);
        assert_eq!(dissection.finds[0].place, Place::Stream(1, Side::Client, 4));
        let session = &dissection.sessions[0];
        assert_eq!(labels(session), ["client the sec", "client ret", "server ok"]);
        assert_eq!((session.close, session.octets), (Close::Finished, Both { client: 10, server: 2 }));
        assert!(session.tls.is_none());
    }

    #[test]
    fn tls_is_found_at_once_in_pieces_and_behind_plaintext() {
        let (hello, answer, data) = (hello_record(), server_hello_record(), record(23, &[0; 40]));
        let expected = ["client 1", "server 2", "client encrypted"];
        let whole: Vec<(Side, &[u8])> =
            vec![(Side::Client, &hello), (Side::Server, &answer), (Side::Client, &data)];
        let pieces: Vec<(Side, &[u8])> = hello
            .chunks(1)
            .map(|octet| (Side::Client, octet))
            .chain([(Side::Server, &answer[..]), (Side::Client, &data)])
            .collect();
        let mut behind: Vec<(Side, &[u8])> = vec![
            (Side::Server, b"220 ready\r\n"),
            (Side::Client, b"STARTTLS\r\n"),
            (Side::Server, b"220 go\r\n"),
        ];
        behind.extend(&whole);
        for said in [&whole, &pieces, &behind] {
            let dissection = dissect(&frames(said), &[]);
            let session = &dissection.sessions[0];
            let labels: Vec<_> = labels(session);
            assert_eq!(labels[labels.len() - 3..], expected, "{labels:?}");
            let tls = session.tls.as_ref().unwrap();
            assert_eq!(tls.client_hello.as_ref().unwrap().server_name().unwrap(), "www.test.org");
            assert_eq!((tls.version(), tls.cipher_suite()), (Some(0x0304), Some(0x1301)));
            let preamble = if labels.len() > 3 { Both { client: 10, server: 19 } } else { Both::default() };
            assert_eq!(tls.preamble, preamble);
        }
    }

    #[test]
    fn a_capture_that_begins_in_the_middle_still_knows_who_is_who() {
        let (answer, data) = (server_hello_record(), record(23, &[0; 40]));
        let all = frames(&[(Side::Server, &answer), (Side::Client, &data)]);
        let dissection = dissect(&all[3..], &[]);
        let session = &dissection.sessions[0];
        assert_eq!(session.client, "10.0.0.1:5000".parse().unwrap());
        assert_eq!(labels(session), ["server 2", "client encrypted"]);
    }

    #[test]
    fn the_same_ports_again_are_another_session() {
        let once = frames(&[(Side::Client, b"first")]);
        let dissection = dissect(&[once.clone(), once].concat(), &["first"]);
        assert_eq!(dissection.sessions.iter().map(|session| session.number).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(dissection.found, [2]);
    }

    #[test]
    fn a_retransmitted_syn_is_no_new_session() {
        let mut all = frames(&[(Side::Client, b"once")]);
        all.insert(1, all[0].clone());
        assert_eq!(dissect(&all, &[]).sessions.len(), 1);
    }

    #[test]
    fn more_connections_than_are_followed_are_all_there() {
        let mut dissector = Dissector::new(vec![Needle::new("hello").unwrap()]);
        let count = MOST_OPEN + 100;
        for index in 0..count {
            let client = SocketAddr::from((
                [10, 0, (index >> 8).try_into().unwrap(), 1],
                1000 + u16::try_from(index & 0xff).unwrap(),
            ));
            let mut conversation =
                Conversation::new(client, "10.9.0.1:443".parse().unwrap(), Both::default());
            let mut emit = |headers: &[u8], payload: &[u8]| {
                let frame = [headers, payload].concat();
                dissector.packet(&Packet { at: Duration::from_secs(index as u64), link: 1, data: &frame });
            };
            conversation.open(&mut emit);
            conversation.data(Side::Client, b"hello", &mut emit);
            assert!(dissector.open.len() <= MOST_OPEN);
        }
        let dissection = dissector.finish().0;
        assert_eq!((dissection.sessions.len(), dissection.found[0]), (count, count as u64));
    }

    #[test]
    fn what_is_not_tcp_is_searched_too() {
        let dissection = dissect(&[b"no packet, but a secret".to_vec()], &["secret"]);
        assert_eq!(dissection.finds[0].place, Place::Packet(1, 17));
        assert_eq!(dissection.other_packets, 1);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        /// Whatever is said, dropped, repeated, cut or reordered: no panic.
        #[test]
        fn hostile_captures_are_survived(
            said in proptest::collection::vec(
                (any::<bool>(), prop_oneof![
                    proptest::collection::vec(any::<u8>(), 0..60),
                    Just(hello_record()),
                    Just(server_hello_record()),
                    (20..25_u8, proptest::collection::vec(any::<u8>(), 0..60)).prop_map(|(kind, data)| record(kind, &data)),
                ]),
                0..12,
            ),
            play in proptest::collection::vec((0..60_usize, 0..80_usize, any::<u8>(), 0..200_usize), 0..80),
        ) {
            let said: Vec<_> =
                said.iter().map(|(client, data)| (if *client { Side::Client } else { Side::Server }, &data[..])).collect();
            let whole = frames(&said);
            let played: Vec<Vec<u8>> = play
                .iter()
                .filter_map(|(index, flip, with, cut)| {
                    let mut frame = whole.get(*index)?.clone();
                    if let Some(octet) = frame.get_mut(*flip + 14) {
                        *octet ^= with & 1;
                    }
                    frame.truncate((*cut).max(20));
                    Some(frame)
                })
                .collect();
            dissect(&played, &["secret"]);
        }
    }
}
