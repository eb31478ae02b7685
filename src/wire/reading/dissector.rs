//! The dissection of a capture: packets in, sessions and finds out.
//!
//! Packets are taken one by one and not kept; each is handed to its TCP connection (`connection`). Bounded:
//! [`MOST_OPEN`] connections are followed at a time, [`MOST_SESSIONS`] and
//! [`MOST_EVENTS_IN_ALL`](super::dissection::MOST_EVENTS_IN_ALL) events are listed, the rest is counted; texts are
//! looked for in everything, listed or not.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use super::capture::{Item, Packet};
use super::connection::OpenConnection;
use super::dissection::{Dissection, MOST_SESSIONS, Place};
use super::find::{Needle, Search};
use super::findings::Findings;
use super::packet::{Content, Segment, content};
use crate::tls::key_log::Line;
use crate::wire::key_log::Secrets;

/// The most connections that are followed at a time; beyond, those silent longest are ended.
pub const MOST_OPEN: usize = 1 << 14;
/// The most bytes that wait in all connections together, for what stands before them or for the rest of what they
/// belong to; beyond, the connections that hold most are ended.
pub(super) const MOST_HELD: usize = 64 << 20;
/// The most kinds of packets that are not taken apart and counted each by itself.
const MOST_KINDS: usize = 64;

/// Takes a capture's packets.
#[derive(Debug)]
pub struct Dissector {
    findings: Findings,
    open: HashMap<[SocketAddr; 2], OpenConnection>,
    begun: usize,
    sample: usize,
    /// The bytes that wait in all open connections.
    held: usize,
}

impl Dissector {
    /// Looks for `needles` along the way.
    pub fn new(needles: Vec<Needle>) -> Self {
        Self { findings: Findings::new(needles), open: HashMap::new(), begun: 0, sample: 0, held: 0 }
    }

    /// The same, keeping the first `bytes` of each event for showing
    /// ([`ObservedEvent::sample`](super::session::ObservedEvent::sample)).
    #[must_use]
    pub fn with_samples(self, bytes: usize) -> Self {
        Self { sample: bytes, ..self }
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

    /// The next of what a capture holds.
    pub fn take(&mut self, item: Item<'_>) {
        match item {
            Item::Packet(packet) => self.packet(&packet),
            Item::KeyLog(lines) => self.learn(&String::from_utf8_lossy(lines)),
            Item::Unknown(_) => self.findings.dissection.unknown_blocks += 1,
        }
    }

    /// The next packet.
    pub fn packet(&mut self, packet: &Packet<'_>) {
        let dissection = &mut self.findings.dissection;
        dissection.packets += 1;
        match content(packet.link, packet.data) {
            Content::Tcp(segment) => {
                self.look_behind(packet, segment.payload);
                return self.segment(packet.at, &segment);
            }
            Content::Fragment => dissection.fragments += 1,
            Content::Other => dissection.other_packets += 1,
            Content::Unread(what) => {
                dissection.other_packets += 1;
                if dissection.unread.len() < MOST_KINDS || dissection.unread.contains_key(&what) {
                    *dissection.unread.entry(what).or_default() += 1;
                }
            }
        }
        dissection.cut_packets += u64::from(packet.data.len() < packet.length);
        self.look_at_packet(packet, 0);
    }

    /// A frame may be longer than the IP packet in it: Ethernet fills short ones up (IEEE 802.3 §4.2.3.3), and some have
    /// done so with whatever their memory held (CVE-2003-0001).
    fn look_behind(&mut self, packet: &Packet<'_>, payload: &[u8]) {
        let end = payload.as_ptr_range().end.addr().wrapping_sub(packet.data.as_ptr().addr());
        if packet.data.get(end..).is_some_and(|padding| padding.iter().any(|byte| *byte != 0)) {
            self.look_at_packet(packet, end);
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
        let before = connection.held();
        connection.segment(at, segment, &mut self.findings);
        // What waits is counted once for all connections.
        self.held = (self.held + connection.held()).saturating_sub(before);
        if self.held > MOST_HELD {
            self.relieve();
        }
    }

    /// Ends the connections that hold most, until half of the room is free.
    fn relieve(&mut self) {
        let mut holders: Vec<_> = self.open.iter().map(|(key, known)| (known.held(), *key)).collect();
        holders.sort_unstable();
        while self.held > MOST_HELD / 2
            && let Some((_, key)) = holders.pop()
        {
            if let Some(connection) = self.open.remove(&key) {
                self.end(connection);
            }
        }
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
        self.held = self.held.saturating_sub(connection.held());
        let session = connection.finish(&mut self.findings);
        self.findings.dissection.missing += session.quality.client.missing + session.quality.server.missing;
        if self.findings.dissection.sessions.len() < MOST_SESSIONS {
            self.findings.dissection.sessions.push(session);
        } else {
            self.findings.dissection.unlisted_sessions += 1;
        }
    }

    fn look_at_packet(&mut self, packet: &Packet<'_>, from: usize) {
        let number = self.findings.dissection.packets;
        let Some(data) = packet.data.get(from..) else { return };
        for index in 0..self.findings.needles.len() {
            self.findings.look(index, &mut Search::default(), data, packet.at, |at| {
                Place::Packet(number, from as u64 + at)
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::dissection::MOST_MESSAGES;
    use super::super::packet::Unread;
    use super::super::session::{Close, Message, ObservedEvent, ObservedSession, What};
    use super::*;
    use crate::wire::frames::Conversation;
    use crate::wire::hello::tests::{client_hello, server_name};
    use crate::wire::hello::{ClientHello, ServerHello};
    use crate::wire::schedule::{Protection, RecordCipher};
    use crate::wire::write::{message, sslv2_client_hello};
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
            dissector.packet(&Packet { at, link: 1, data: frame, length: frame.len() });
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
        assert_eq!((session.close, session.bytes), (Close::Finished, Both { client: 10, server: 2 }));
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
            .map(|byte| (Side::Client, byte))
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
                let at = Duration::from_secs(index as u64);
                dissector.packet(&Packet { at, link: 1, data: &frame, length: frame.len() });
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

    #[test]
    fn what_fills_a_frame_up_is_searched_too() {
        let mut all = frames(&[(Side::Client, b"data")]);
        let length = all[0].len();
        all[0].extend(b"\0\0the secret word");
        let dissection = dissect(&all, &["secret", "data"]);
        assert_eq!(dissection.finds[0].place, Place::Packet(1, length as u64 + 6));
        assert_eq!((dissection.found, dissection.other_packets), (vec![1, 1], 0));
    }

    #[test]
    fn a_hello_that_comes_byte_by_byte_is_a_beginning() {
        let hello = hello_record();
        let said: Vec<_> = hello.chunks(1).map(|byte| (Side::Client, byte)).collect();
        let dissection = dissect(&frames(&said), &[]);
        let tls = dissection.sessions[0].tls.as_ref().unwrap();
        assert!(tls.client_hello.is_some() && !tls.begun_before && !tls.has_gaps);
    }

    /// Frames of a connection that the capture shows from its first data on only.
    fn without_beginning(said: &[(Side, &[u8])]) -> Vec<Vec<u8>> {
        frames(said).split_off(3)
    }

    fn hello_message(kind: u8, body: &[u8]) -> Vec<u8> {
        record(22, &message(kind, body))
    }

    #[test]
    fn a_connection_older_than_the_capture_is_tls_by_its_records_or_unknown() {
        let (data, alert) = (record(23, &[0xe6; 20]), record(21, &[0x9d; 26]));
        let dissection = dissect(&without_beginning(&[(Side::Client, &data), (Side::Server, &alert)]), &[]);
        let session = &dissection.sessions[0];
        assert!(session.begun_before && session.tls.as_ref().unwrap().begun_before);
        assert_eq!(labels(session), ["client encrypted", "server encrypted"]);
        assert_eq!(session.client, "10.0.0.1:5000".parse().unwrap());

        // It begins in the middle of a record, whose rest may have been anything.
        let middle = [&[0x80; 33][..], &[0x91; 7]].concat();
        let said: Vec<(Side, &[u8])> =
            vec![(Side::Server, &middle), (Side::Server, &data), (Side::Client, &data)];
        let session = &dissect(&without_beginning(&said), &[]).sessions[0];
        assert!(matches!(session.events[0].what, What::Unknown(_)), "{:?}", session.events[0]);
        assert_eq!(labels(session)[1..], ["server encrypted", "client encrypted"]);
        assert_eq!(session.tls.as_ref().unwrap().preamble, Both::default());

        let session = &dissect(&without_beginning(&[(Side::Client, &middle)]), &[]).sessions[0];
        assert!(session.tls.is_none() && matches!(session.events[0].what, What::Unknown(_)));
        let session = &dissect(&without_beginning(&[(Side::Client, b"GET / HTTP/1.1\r\n")]), &[]).sessions[0];
        assert!(matches!(session.events[0].what, What::Plaintext(_)));
        let session = &dissect(&frames(&[(Side::Client, &middle)]), &[]).sessions[0];
        assert!(matches!(session.events[0].what, What::Plaintext(_)), "its beginning was captured");
    }

    #[test]
    fn what_stands_before_a_hello_in_its_segment_is_plaintext_and_the_rest_is_tls() {
        let (hello, answer) = (hello_record(), server_hello_record());
        for before in
            [&b"PROXY TCP4 192.0.2.1 192.0.2.2 40000 443\r\n"[..], b"CONNECT a:443 HTTP/1.1\r\n\r\n"]
        {
            let both = [before, &hello].concat();
            // However the bytes come.
            for size in [both.len(), before.len() + 3, 1] {
                let mut said: Vec<(Side, &[u8])> =
                    both.chunks(size).map(|bytes| (Side::Client, bytes)).collect();
                said.push((Side::Server, &answer));
                let session = &dissect(&frames(&said), &[]).sessions[0];
                let tls = session.tls.as_ref().unwrap();
                assert_eq!(tls.client_hello.as_ref().unwrap().server_name().as_deref(), Some("www.test.org"));
                assert_eq!(
                    tls.preamble,
                    Both { client: before.len() as u64, server: 0 },
                    "in pieces of {size}"
                );
                let plain: u64 = session
                    .events
                    .iter()
                    .filter(|event| matches!(event.what, What::Plaintext(_)))
                    .map(|event| event.bytes)
                    .sum();
                assert_eq!(plain, before.len() as u64, "in pieces of {size}");
            }
        }
    }

    #[test]
    fn a_hello_in_ssl_2_s_form_begins_tls_or_ssl_2() {
        let hello = sslv2_client_hello(0x0303, &[0x2f, 0x01_0080], &[], &[7; 16]);
        let answer = server_hello_record();
        let data = record(23, &[0; 40]);
        let said: Vec<(Side, &[u8])> =
            vec![(Side::Client, &hello), (Side::Server, &answer), (Side::Client, &data)];
        let session = &dissect(&frames(&said), &[]).sessions[0];
        assert!(matches!(session.events[0].what, What::Sslv2(Some(1))));
        assert_eq!(labels(session)[1..], ["server 2", "client encrypted"]);
        let tls = session.tls.as_ref().unwrap();
        assert_eq!(tls.client_hello.as_ref().unwrap().cipher_suites, [0x2f]);
        assert_eq!((tls.version(), tls.preamble), (Some(0x0304), Both::default()));

        // SERVER-HELLO with a certificate, CLIENT-MASTER-KEY, and what is encrypted then.
        let answer = [&[0x80, 14][..], &[4, 0, 1, 0, 2, 0, 3, 0, 0, 0, 0], b"der"].concat();
        let key = [&[0x80, 6][..], &[2, 1, 0, 0x80, 0, 0]].concat();
        let sealed = [&[0, 9, 3][..], &[0x5a; 9]].concat();
        let said: Vec<(Side, &[u8])> = vec![
            (Side::Client, &hello),
            (Side::Server, &answer),
            (Side::Client, &key),
            (Side::Server, &sealed),
            (Side::Client, &sealed),
        ];
        let session = &dissect(&frames(&said), &[]).sessions[0];
        let kinds: Vec<_> = session
            .events
            .iter()
            .map(|event| if let What::Sslv2(kind) = event.what { kind } else { panic!("{event:?}") })
            .collect();
        assert_eq!(kinds, [Some(1), Some(4), Some(2), None, None]);
        let tls = session.tls.as_ref().unwrap();
        assert_eq!(tls.version(), Some(0x0002));
        assert_eq!(tls.cipher_suite_name().as_deref(), Some("SSL_CK_RC4_128_WITH_MD5"));
        assert_eq!(tls.server_certificates, [b"der"]);
    }

    #[test]
    fn after_change_cipher_spec_nothing_is_readable_whatever_is_missing() {
        let hello = ClientHello { cipher_suites: vec![0xc02f], ..ClientHello::new(0x0303, [7; 32]) };
        let hello = hello_message(1, &hello.write());
        let (exchange, finished) = (hello_message(16, &[1; 60]), record(22, &[0xe5; 40]));
        let (change, alert) = (record(20, &[1]), record(21, &[0x9a; 26]));
        let flight = [&exchange[..], &change, &finished].concat();
        let said: Vec<(Side, &[u8])> =
            vec![(Side::Client, &hello), (Side::Client, &flight), (Side::Client, &alert)];
        let expected = [
            "client 1",
            "client 16",
            "client Some(ChangeCipherSpec)",
            "client encrypted",
            "client encrypted",
        ];
        // Only the client's direction was captured.
        assert_eq!(labels(&dissect(&frames(&said), &[]).sessions[0]), expected);
        // ChangeCipherSpec itself is missing: the content tells, also where its explicit nonce is 0.
        let zero = record(22, &[&[0; 8][..], &[0xe5; 32]].concat());
        let mut all = frames(&[
            (Side::Client, &hello),
            (Side::Server, &hello_message(2, &ServerHello::new(0x0303, [1; 32], 0xc02f).write())),
            (Side::Server, &[0; 300]),
            (Side::Server, &zero),
            (Side::Server, &alert),
        ]);
        all.remove(7);
        let session = &dissect(&all, &[]).sessions[0];
        assert_eq!(
            labels(session),
            ["client 1", "server 2", "server Gap", "server encrypted", "server encrypted"]
        );
        assert_eq!(session.tls.as_ref().unwrap().resumed(), None, "Certificate may be among what is missing");
    }

    #[test]
    fn a_session_is_resumed_where_the_handshake_shows_it() {
        let hello = ClientHello { cipher_suites: vec![0x008c], ..ClientHello::new(0x0303, [7; 32]) };
        let hello = hello_message(1, &hello.write());
        let answer = hello_message(2, &ServerHello::new(0x0303, [1; 32], 0x008c).write());
        let (done, change) = (hello_message(14, &[]), record(20, &[1]));
        for (flight, resumed) in [
            ([&answer[..], &done, &change].concat(), Some(false)),
            ([&answer[..], &change].concat(), Some(true)),
            (answer.clone(), None),
        ] {
            let session =
                &dissect(&frames(&[(Side::Client, &hello), (Side::Server, &flight)]), &[]).sessions[0];
            assert_eq!(session.tls.as_ref().unwrap().resumed(), resumed);
        }
    }

    #[test]
    fn a_suite_that_does_not_encrypt_shows_its_data_without_the_mac() {
        let hello = ClientHello { cipher_suites: vec![0x003b], ..ClientHello::new(0x0303, [7; 32]) };
        let hello = hello_message(1, &hello.write());
        let answer = hello_message(2, &ServerHello::new(0x0303, [1; 32], 0x003b).write());
        let flight = [
            &record(20, &[1])[..],
            &record(22, &[&message(20, &[5; 12])[..], &[0xcc; 32]].concat()),
            &record(23, &[&b"hunter2"[..], &[0xcc; 32]].concat()),
        ]
        .concat();
        let said: Vec<(Side, &[u8])> =
            vec![(Side::Client, &hello), (Side::Server, &answer), (Side::Client, &flight)];
        let session = &dissect(&frames(&said), &[]).sessions[0];
        let messages: Vec<_> = session
            .events
            .iter()
            .flat_map(
                |event| if let What::Record(record) = &event.what { record.messages.clone() } else { vec![] },
            )
            .collect();
        assert_eq!(messages[3..], [Message::Handshake(20, 12), Message::Data(7, b"hunter2".to_vec())]);
    }

    #[test]
    fn a_plaintext_answer_to_a_tls_client_is_plaintext() {
        let (hello, answer) = (hello_record(), b"HTTP/1.1 400 Bad Request\r\n\r\nhunter2\n");
        let dissection = dissect(&frames(&[(Side::Client, &hello), (Side::Server, answer)]), &["hunter2"]);
        let session = &dissection.sessions[0];
        assert_eq!(labels(session), ["client 1", &format!("server {}", answer.escape_ascii())]);
        assert_eq!(dissection.found, [1]);
    }

    /// A segment of the client's with this sequence number, as raw IP.
    fn segment(sequence: u32, flags: u8, data: &[u8]) -> Vec<u8> {
        let length = u16::try_from(40 + data.len()).unwrap().to_be_bytes();
        let ip = [&[0x45, 0][..], &length, &[0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]].concat();
        let tcp = [
            &5000_u16.to_be_bytes()[..],
            &443_u16.to_be_bytes(),
            &sequence.to_be_bytes(),
            &[0, 0, 0, 0, 0x50, flags, 0xff, 0xff, 0, 0, 0, 0],
        ]
        .concat();
        [ip, tcp, data.to_vec()].concat()
    }

    #[test]
    fn what_a_receiver_drops_is_searched_too() {
        let ack = 0x10;
        let cases: &[(&str, &[Vec<u8>])] = &[
            ("a twin", &[segment(1, ack, b"nothing here..."), segment(1, ack, b"the secret word")]),
            (
                "a twin before its turn",
                &[segment(20, ack, b"nothing here..."), segment(20, ack, b"the secret word")],
            ),
            (
                "a twin of two halves",
                &[
                    segment(1, ack, b"nothing here..."),
                    segment(1, ack, b"the sec"),
                    segment(8, ack, b"ret word"),
                ],
            ),
            ("half dropped, half taken", &[segment(1, ack, b"nothing"), segment(1, ack, b"the secret word")]),
            ("a keep-alive", &[segment(16, ack, b"x"), segment(1, ack, b"the secret word")]),
            ("a reset", &[segment(1, ack, b"x"), segment(2, 0x14, b"the secret word")]),
        ];
        for (name, packets) in cases {
            let mut dissector = Dissector::new(vec![Needle::new("secret").unwrap()]);
            for data in *packets {
                dissector.packet(&Packet { at: Duration::ZERO, link: 101, data, length: data.len() });
            }
            let dissection = dissector.finish().0;
            assert_eq!(dissection.found, [1], "{name}");
            assert!(matches!(dissection.finds[0].place, Place::Dropped(1, Side::Client, _)), "{name}");
        }
    }

    #[test]
    fn what_was_not_looked_at_as_a_whole_is_counted() {
        let mut dissector = Dissector::new(vec![]);
        dissector.packet(&Packet { at: Duration::ZERO, link: 127, data: b"radiotap", length: 8 });
        dissector.packet(&Packet { at: Duration::ZERO, link: 1, data: b"cut", length: 60 });
        dissector.take(Item::Unknown(77));
        let dissection = dissector.finish().0;
        assert_eq!(dissection.unread, [(Unread::Link(127), 1)].into());
        assert_eq!((dissection.cut_packets, dissection.unknown_blocks), (1, 1));
    }

    #[test]
    fn a_record_of_empty_messages_is_counted() {
        let empties = record(22, &[0; 16_000]);
        let mut said: Vec<(Side, &[u8])> = vec![];
        let hello = hello_record();
        said.push((Side::Client, &hello));
        said.extend((0..20).map(|_| (Side::Client, &empties[..])));
        let dissection = dissect(&frames(&said), &[]);
        let events = &dissection.sessions[0].events;
        let What::Record(record) = &events[1].what else { panic!("{:?}", events[1]) };
        assert_eq!(
            (record.messages.len(), record.unlisted_messages),
            (MOST_MESSAGES, 4000 - MOST_MESSAGES as u64)
        );
        let weight: usize = events.iter().map(ObservedEvent::weight).sum();
        assert!(weight < 64 << 10, "{weight}");
    }

    #[test]
    fn what_waits_is_bounded_over_all_connections() {
        let mut dissector = Dissector::new(vec![]);
        for connection in 0..400_u16 {
            for part in 0..20_u32 {
                // Behind a gap that never closes.
                let mut frame = segment(1_000 + part * 40_000, 0x10, &vec![0; 40_000]);
                frame[12..16].copy_from_slice(&[10, 1, (connection >> 8) as u8, (connection & 0xff) as u8]);
                let first = segment(1, 0x10, b"x");
                let first = [&first[..12], &frame[12..16], &first[16..]].concat();
                for data in [&first, &frame] {
                    dissector.packet(&Packet { at: Duration::ZERO, link: 101, data, length: data.len() });
                }
                let held: usize = dissector.open.values().map(OpenConnection::held).sum();
                assert!(held == dissector.held && held <= MOST_HELD, "{held} {}", dissector.held);
            }
        }
    }

    /// A TLS 1.3 session whose secrets are known, the client's records as given.
    fn opened(records: &[&[u8]], lost: Option<usize>) -> Dissection {
        let (hello, answer) = (hello_record(), server_hello_record());
        let mut said: Vec<(Side, &[u8])> = vec![(Side::Client, &hello), (Side::Server, &answer)];
        said.extend(records.iter().map(|record| (Side::Client, *record)));
        let mut all = frames(&said);
        if let Some(lost) = lost {
            // Each is a packet and its acknowledgement, behind five of the handshake and the hellos.
            all.drain(7 + 2 * lost..9 + 2 * lost);
        }
        let line = |label: &str| format!("{label} {} {}\n", "07".repeat(32), "09".repeat(32));
        let mut dissector = Dissector::new(vec![]);
        dissector.learn(&(line("CLIENT_HANDSHAKE_TRAFFIC_SECRET") + &line("CLIENT_TRAFFIC_SECRET_0")));
        for frame in &all {
            dissector.packet(&Packet { at: Duration::ZERO, link: 1, data: frame, length: frame.len() });
        }
        dissector.finish().0
    }

    #[test]
    fn a_lost_record_does_not_close_the_rest() {
        let protection = Protection::of(0x1301).unwrap();
        let mut cipher = RecordCipher::tls_1_3(protection, &[9; 32]).unwrap();
        let finished = cipher.seal(22, &message(20, &[1; 32]), 0);
        let mut cipher = RecordCipher::tls_1_3(protection, &[9; 32]).unwrap();
        let data: Vec<_> = (0..6).map(|index| cipher.seal(23, &[index; 100], 0)).collect();
        let mut records = vec![&finished[..]];
        records.extend(data.iter().map(Vec::as_slice));
        let tls = |dissection: &Dissection| {
            let tls = dissection.sessions[0].tls.as_ref().unwrap();
            (tls.opened.client.events, tls.unopened.client)
        };
        assert_eq!(tls(&opened(&records, None)), (7, 0));
        for lost in 2..6 {
            assert_eq!(tls(&opened(&records, Some(lost))), (6, 0), "without record {lost}");
        }
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
                    if let Some(byte) = frame.get_mut(*flip + 14) {
                        *byte ^= with & 1;
                    }
                    frame.truncate((*cut).max(20));
                    Some(frame)
                })
                .collect();
            dissect(&played, &["secret"]);
        }
    }
}
