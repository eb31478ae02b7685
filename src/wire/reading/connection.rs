//! One TCP connection of a capture: put in order ([`super::tcp`]), looked at for TLS wherever it begins and whatever the
//! port ([`super::recognise`]), and followed.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::time::Duration;

use super::dissection::{MOST_EVENTS, Place};
use super::find::Search;
use super::findings::Findings;
use super::follow::{Bytes, TlsFollower};
use super::packet::Segment;
use super::recognise::{Beginning, Found, recognise};
use super::session::{Close, ObservedEvent, ObservedSession, Sslv2, Tls, Unlisted, What};
use super::sslv2::{self, Sslv2Records};
use super::tcp::{Piece, Stream};
use crate::tls::registry::sslv2_message;
use crate::wire::record::begins_with_client_hello;
use crate::wire::{Both, Side};

/// How much of plaintext is kept for showing, from each stretch of it.
const PREVIEW: usize = 512;
/// Bytes of plaintext from the same side this close together are one stretch.
const STRETCH: Duration = Duration::from_millis(2);
/// The most bytes of an SSL 2 session that wait for the rest of their record.
const LONGEST_SSLV2: usize = 1 << 15;

/// What a side speaks.
#[derive(Debug, Default)]
enum Voice {
    /// No TLS so far. What may be its beginning waits.
    #[default]
    Plain,
    /// TLS, from this byte of its stream on.
    Tls(u64),
    /// SSL 2.
    Sslv2(Sslv2Records),
}

/// One connection, being put in order.
#[derive(Debug)]
pub(super) struct OpenConnection {
    pub(super) number: usize,
    /// The end that sent the first packet, and the other.
    ends: [SocketAddr; 2],
    /// Whether the first of the ends is the client; `None` while that does not show.
    first_is_client: Option<bool>,
    /// Whether its beginning was captured.
    has_syn: bool,
    started: Duration,
    pub(super) ended: Duration,
    streams: [Stream; 2],
    searches: [Vec<Search>; 2],
    /// Those in what the receivers drop.
    dropped_searches: [Vec<Search>; 2],
    opened_searches: Both<Vec<Search>>,
    finished: [bool; 2],
    reset: Option<usize>,
    bytes: Both<u64>,
    positions: Both<u64>,
    events: Vec<ObservedEvent>,
    unlisted: Unlisted,
    tls: Option<Box<TlsFollower>>,
    voices: Both<Voice>,
    /// Bytes of a side that may be the beginning of TLS and are too few to tell.
    pending: Both<Vec<u8>>,
    /// How many bytes of each event are kept for showing.
    sample: usize,
    /// The bytes of hellos and certificates that were counted.
    details: usize,
}

impl OpenConnection {
    pub(super) fn new(
        number: usize,
        source: SocketAddr,
        destination: SocketAddr,
        at: Duration,
        needles: usize,
        sample: usize,
    ) -> Self {
        let searches = || vec![Search::default(); needles];
        Self {
            number,
            ends: [source, destination],
            first_is_client: None,
            has_syn: false,
            started: at,
            ended: at,
            streams: Default::default(),
            searches: [searches(), searches()],
            dropped_searches: [searches(), searches()],
            opened_searches: Both { client: searches(), server: searches() },
            finished: [false; 2],
            reset: None,
            bytes: Both::default(),
            positions: Both::default(),
            events: Vec::new(),
            unlisted: Unlisted::default(),
            tls: None,
            voices: Both::default(),
            pending: Both::default(),
            sample,
            details: 0,
        }
    }

    /// Whether a SYN begins another connection: this one has ended, or has gone on beyond its own SYN.
    pub(super) fn is_over(&self, syn: &Segment<'_>) -> bool {
        let ended = self.reset.is_some() || self.finished == [true; 2];
        let spoke = self.bytes.client + self.bytes.server > 0;
        ended || spoke || self.ends[0] != syn.source
    }

    /// The bytes that wait for what stands before them, or for the rest of what they belong to.
    pub(super) fn held(&self) -> usize {
        let voices = [&self.voices.client, &self.voices.server];
        let sslv2 = voices.map(|voice| if let Voice::Sslv2(records) = voice { records.held() } else { 0 });
        self.streams.iter().map(Stream::waiting).sum::<usize>()
            + self.tls.as_ref().map_or(0, |follower| follower.held())
            + sslv2.iter().sum::<usize>()
            + self.pending.client.len()
            + self.pending.server.len()
    }

    pub(super) fn segment(&mut self, at: Duration, segment: &Segment<'_>, findings: &mut Findings) {
        let end = usize::from(segment.source != self.ends[0]);
        self.ended = self.ended.max(at);
        self.has_syn |= segment.syn;
        self.decide_sides(end, segment);
        if segment.rst {
            self.reset.get_or_insert(end);
            // RFC 9293 §3.5.3: it may say why, in data that no application gets.
            self.look_dropped(end, at, segment.payload, segment.payload.len(), findings);
            return;
        }
        let mut stream = std::mem::take(&mut self.streams[end]);
        stream.segment(segment.sequence, segment.syn, segment.payload, segment.missing, &mut |piece| {
            self.piece(end, at, piece, findings);
        });
        self.streams[end] = stream;
        self.finished[end] |= segment.fin;
    }

    /// Who is the client: who sends SYN or ClientHello; failing that, who is not on the lower port.
    fn decide_sides(&mut self, end: usize, segment: &Segment<'_>) {
        if self.first_is_client.is_some() || !segment.syn && segment.payload.is_empty() {
            return;
        }
        let sender_is_client = if segment.syn {
            !segment.ack
        } else {
            match segment.payload {
                payload if begins_with_client_hello(payload) == Some(true) => true,
                payload if sslv2::hello_length(payload).is_some() => true,
                [22, 3, _, _, _, 2, ..] => false,
                _ => segment.source.port() >= segment.destination.port(),
            }
        };
        self.first_is_client = Some(sender_is_client == (end == 0));
    }

    fn side(&self, end: usize) -> Side {
        if self.first_is_client.unwrap_or(self.ends[0].port() >= self.ends[1].port()) == (end == 0) {
            Side::Client
        } else {
            Side::Server
        }
    }

    fn look_dropped(
        &mut self,
        end: usize,
        at: Duration,
        data: &[u8],
        dropped: usize,
        findings: &mut Findings,
    ) {
        let place = (self.number, self.side(end));
        findings.look_dropped(&mut self.dropped_searches[end], data, dropped, at, place);
    }

    fn piece(&mut self, end: usize, at: Duration, piece: Piece<'_>, findings: &mut Findings) {
        let from = self.side(end);
        let number = self.number;
        let mut searches = std::mem::take(&mut self.searches[end]);
        for (needle, search) in searches.iter_mut().enumerate() {
            match piece {
                Piece::Data(data) => {
                    findings.look(needle, search, data, at, |offset| Place::Stream(number, from, offset));
                }
                Piece::Dropped(..) => {}
                Piece::Gap(bytes) => search.skip(bytes),
            }
        }
        self.searches[end] = searches;
        match piece {
            Piece::Data(data) => {
                self.bytes[from] += data.len() as u64;
                self.data(from, at, data, findings);
                self.positions[from] += data.len() as u64;
            }
            Piece::Dropped(data, dropped) => self.look_dropped(end, at, data, dropped, findings),
            Piece::Gap(bytes) => {
                self.gap(from, at, bytes, findings);
                self.positions[from] += bytes;
            }
        }
    }

    fn gap(&mut self, from: Side, at: Duration, bytes: u64, findings: &mut Findings) {
        self.settle(from, at, findings);
        let offset = self.positions[from];
        self.tell(ObservedEvent { at, from, offset, bytes, what: What::Gap, sample: Vec::new() }, findings);
        match &mut self.voices[from] {
            Voice::Plain => {
                if let Some(follower) = &mut self.tls {
                    follower.tls.has_gaps = true;
                }
            }
            Voice::Tls(_) => self.follow(from, at, Bytes::Missing(bytes), findings),
            // Where the next record begins is not known any more.
            Voice::Sslv2(records) => *records = Sslv2Records::at(offset + bytes),
        }
    }

    /// What waited to be recognised is no TLS.
    fn settle(&mut self, from: Side, at: Duration, findings: &mut Findings) {
        let pending = std::mem::take(&mut self.pending[from]);
        if !pending.is_empty() {
            let offset = self.positions[from] - pending.len() as u64;
            self.plaintext(from, at, offset, &pending, findings);
        }
    }

    fn data(&mut self, from: Side, at: Duration, data: &[u8], findings: &mut Findings) {
        match &self.voices[from] {
            Voice::Tls(_) => return self.follow(from, at, Bytes::Data(data), findings),
            Voice::Sslv2(_) => return self.sslv2(from, at, data, findings),
            Voice::Plain => {}
        }
        let pending = std::mem::take(&mut self.pending[from]);
        let offset = self.positions[from] - pending.len() as u64;
        let data =
            if pending.is_empty() { Cow::Borrowed(data) } else { Cow::Owned([&pending[..], data].concat()) };
        let expected = self.tls.is_some();
        if expected && from == Side::Server && self.is_sslv2_answer(&data) {
            return self.begin_sslv2(from, at, offset, &data, findings);
        }
        if from == Side::Client && self.answers_in_sslv2() {
            return self.begin_sslv2(from, at, offset, &data, findings);
        }
        match recognise(&data, offset == 0, expected) {
            Found::Nowhere => self.plaintext(from, at, offset, &data, findings),
            Found::Perhaps(start) => {
                self.plaintext(from, at, offset, &data[..start], findings);
                self.pending[from] = data[start..].to_vec();
            }
            Found::At(start, beginning) => {
                self.plaintext(from, at, offset, &data[..start], findings);
                self.begin_tls(from, at, offset + start as u64, &data[start..], beginning, findings);
            }
        }
    }

    /// A side begins to speak TLS with `data`, at `base` of its stream.
    fn begin_tls(
        &mut self,
        from: Side,
        at: Duration,
        base: u64,
        data: &[u8],
        beginning: Beginning,
        findings: &mut Findings,
    ) {
        let is_first = self.tls.is_none();
        let is_older = is_first && beginning == Beginning::Records;
        if is_older && !self.has_syn {
            self.forget_plaintext();
        }
        let sample = self.sample;
        let follower = self.tls.get_or_insert_with(|| Box::new(TlsFollower::new(Tls::default(), sample)));
        if is_older {
            follower.begin_in_the_middle();
        }
        follower.tls.begun_before |= is_first && from == Side::Server && !self.has_syn;
        // Records behind a hello of SSL 2's form are no beginning, and what stands before them no plaintext.
        let hello = follower.tls.client_hello.as_ref().filter(|_| from == Side::Client);
        let has_begun = hello.is_some_and(|hello| hello.sslv2.is_some());
        if (self.has_syn || !follower.tls.begun_before) && !has_begun {
            follower.tls.preamble[from] = base;
        }
        if let Beginning::Sslv2(length) = beginning {
            let (hello, rest) = data.split_at(length);
            self.sslv2_hello(at, base, hello, findings);
            if !rest.is_empty() {
                self.voices[from] = Voice::Tls(base + length as u64);
                self.follow(from, at, Bytes::Data(rest), findings);
            }
            return;
        }
        // RFC 8446 §4.1.2: the other side answers in TLS, or in something else.
        self.voices[from] = Voice::Tls(base);
        self.follow(from, at, Bytes::Data(data), findings);
    }

    /// What was taken for plaintext, before the records of a connection that is older than the capture showed what it
    /// speaks, may have been anything.
    fn forget_plaintext(&mut self) {
        for event in &mut self.events {
            if let What::Plaintext(preview) = &mut event.what {
                event.what = What::Unknown(std::mem::take(preview));
            }
        }
    }

    /// A hello in SSL 2's form. What the server answers decides what is spoken.
    fn sslv2_hello(&mut self, at: Duration, offset: u64, record: &[u8], findings: &mut Findings) {
        let hello = sslv2::client_hello(record);
        if let (Some(follower), Some(hello)) = (&mut self.tls, hello) {
            findings.begins(&hello.random);
            follower.tls.client_hello.get_or_insert(hello);
        }
        let what = What::Sslv2(Some(sslv2_message::CLIENT_HELLO));
        let (bytes, sample) = (record.len() as u64, record[..record.len().min(self.sample)].to_vec());
        self.tell(ObservedEvent { at, from: Side::Client, offset, bytes, what, sample }, findings);
    }

    /// Whether the server answers a hello of SSL 2's form in SSL 2.
    fn is_sslv2_answer(&self, data: &[u8]) -> bool {
        let hello = self.tls.as_ref().and_then(|follower| follower.tls.client_hello.as_ref());
        hello.is_some_and(|hello| hello.sslv2.is_some()) && sslv2::begins_with_server_hello(data)
    }

    fn answers_in_sslv2(&self) -> bool {
        matches!(self.voices.server, Voice::Sslv2(_))
    }

    fn begin_sslv2(&mut self, from: Side, at: Duration, offset: u64, data: &[u8], findings: &mut Findings) {
        if let Some(follower) = &mut self.tls {
            follower.tls.sslv2.get_or_insert_with(Sslv2::default);
        }
        self.voices[from] = Voice::Sslv2(Sslv2Records::at(offset));
        self.sslv2(from, at, data, findings);
    }

    fn sslv2(&mut self, from: Side, at: Duration, data: &[u8], findings: &mut Findings) {
        let Voice::Sslv2(records) = &mut self.voices[from] else { return };
        let mut records = std::mem::take(records);
        records.take(data, &mut |offset, bytes, body| {
            let sample = body[..body.len().min(self.sample)].to_vec();
            let what = What::Sslv2(self.sslv2_message(from, body));
            self.tell(ObservedEvent { at, from, offset, bytes: bytes as u64, what, sample }, findings);
        });
        if records.held() > LONGEST_SSLV2 + 3 {
            records = Sslv2Records::default();
        }
        self.voices[from] = Voice::Sslv2(records);
    }

    /// The type of a message, where it is not encrypted: after CLIENT-MASTER-KEY and SERVER-HELLO everything is.
    fn sslv2_message(&mut self, from: Side, body: &[u8]) -> Option<u8> {
        let tls = &mut self.tls.as_mut()?.tls;
        if tls.encrypting[from] {
            return None;
        }
        let kind = *body.first()?;
        match (from, kind) {
            (Side::Client, sslv2_message::CLIENT_MASTER_KEY) => {
                tls.encrypting.client = true;
                tls.sslv2 = Some(Sslv2 { cipher: sslv2::chosen_cipher(body) });
            }
            (Side::Server, sslv2_message::SERVER_HELLO) => {
                tls.encrypting.server = true;
                tls.server_certificates.extend(sslv2::certificate(body));
            }
            _ => {}
        }
        Some(kind)
    }

    fn follow(&mut self, from: Side, at: Duration, bytes: Bytes<'_>, findings: &mut Findings) {
        let Voice::Tls(base) = self.voices[from] else { return };
        let Some(mut follower) = self.tls.take() else { return };
        let greeted = follower.tls.client_hello.is_some();
        let secrets = std::mem::take(&mut findings.secrets);
        follower.take(from, at, base, bytes, &secrets, &mut |event, opened| {
            let place = (self.number, event.from);
            if !opened.is_empty() {
                for (needle, search) in self.opened_searches[event.from].iter_mut().enumerate() {
                    findings.look_opened(needle, search, opened, at, place);
                }
            }
            self.tell(event, findings);
        });
        findings.secrets = secrets;
        if !greeted && let Some(hello) = &follower.tls.client_hello {
            findings.begins(&hello.random);
        }
        if std::mem::take(&mut follower.has_news) {
            self.count_details(&mut follower.tls, findings);
        }
        self.tls = Some(follower);
    }

    /// Counts what was learned, and gives it up where too much is kept already.
    fn count_details(&mut self, tls: &mut Tls, findings: &mut Findings) {
        let weight = tls.weight();
        if weight > self.details && !findings.has_room_for_details(weight - self.details) {
            tls.forget();
        }
        self.details = self.details.max(tls.weight());
    }

    fn plaintext(&mut self, from: Side, at: Duration, offset: u64, data: &[u8], findings: &mut Findings) {
        if data.is_empty() {
            return;
        }
        if let Some(last) = self.events.last_mut()
            && let What::Plaintext(preview) = &mut last.what
            && last.from == from
            && at.saturating_sub(last.at) <= STRETCH
            && last.offset + last.bytes == offset
        {
            preview.extend_from_slice(&data[..data.len().min(PREVIEW - preview.len())]);
            let room = self.sample.saturating_sub(last.sample.len());
            last.sample.extend_from_slice(&data[..data.len().min(room)]);
            last.bytes += data.len() as u64;
            last.at = at;
            return;
        }
        let what = What::Plaintext(data[..data.len().min(PREVIEW)].to_vec());
        let sample = data[..data.len().min(self.sample)].to_vec();
        let bytes = data.len() as u64;
        self.tell(ObservedEvent { at, from, offset, bytes, what, sample }, findings);
    }

    fn tell(&mut self, event: ObservedEvent, findings: &mut Findings) {
        if self.events.len() < MOST_EVENTS && findings.has_room(&event) {
            self.events.push(event);
        } else {
            self.unlisted.events += 1;
            self.unlisted.bytes += event.bytes;
        }
    }

    pub(super) fn finish(mut self, findings: &mut Findings) -> ObservedSession {
        let at = self.ended;
        for end in 0..2 {
            let mut stream = std::mem::take(&mut self.streams[end]);
            stream.finish(&mut |piece| self.piece(end, at, piece, findings));
            self.streams[end] = stream;
            let side = self.side(end);
            self.settle(side, at, findings);
            self.follow(side, at, Bytes::End, findings);
        }
        if !self.has_syn && self.tls.is_none() && !self.is_text() {
            self.forget_plaintext();
        }
        let (client, server) = if self.side(0) == Side::Client { (0, 1) } else { (1, 0) };
        let close = match (self.reset, self.finished[client], self.finished[server]) {
            (Some(end), ..) => Close::Reset(self.side(end)),
            (None, true, true) => Close::Finished,
            (None, true, false) => Close::HalfFinished(Side::Client),
            (None, false, true) => Close::HalfFinished(Side::Server),
            (None, false, false) => Close::Open,
        };
        self.events.shrink_to_fit();
        ObservedSession {
            number: self.number,
            client: self.ends[client],
            server: self.ends[server],
            started: self.started,
            ended: self.ended,
            bytes: self.bytes,
            quality: Both { client: self.streams[client].quality(), server: self.streams[server].quality() },
            close,
            events: self.events,
            unlisted: self.unlisted,
            tls: self.tls.map(|follower| Box::new(follower.tls)),
            begun_before: !self.has_syn,
        }
    }

    /// Whether some of what was said is text, so that the rest may be believed to be plaintext too.
    fn is_text(&self) -> bool {
        self.events.iter().any(|event| match &event.what {
            What::Plaintext(preview) => {
                let printable =
                    preview.iter().filter(|byte| !byte.is_ascii_control() || byte.is_ascii_whitespace());
                preview.is_ascii() && printable.count() * 10 >= preview.len() * 9
            }
            _ => false,
        })
    }
}
