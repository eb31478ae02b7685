//! The dissection of a capture: packets in, sessions and finds out.
//!
//! Packets are taken one by one and not kept. Each TCP connection is put in order ([`super::tcp`]), looked at for
//! TLS from its first octets on whatever its port, also behind a plaintext beginning (STARTTLS), and followed.
//! Bounded: [`MOST_OPEN`] connections are followed at a time, [`MOST_SESSIONS`] and [`MOST_EVENTS_IN_ALL`] events
//! are listed, the rest is counted; texts are looked for in everything, listed or not.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use super::capture::Packet;
use super::find::{Guise, Needle, Search};
use super::follow::{Follower, Octets};
use super::packet::{Content, Segment, content};
use super::record::begins_with_client_hello;
use super::session::{Close, Event, Session, Tls, Unlisted, What};
use super::tcp::{Piece, Stream};
use super::{Both, Side};

/// The most connections that are followed at a time; beyond, those silent longest are ended.
pub const MOST_OPEN: usize = 1 << 14;
/// The most sessions that are listed.
pub const MOST_SESSIONS: usize = 1 << 16;
/// The most events of a session that are listed.
pub const MOST_EVENTS: usize = 2_000;
/// The most events that are listed in all.
pub const MOST_EVENTS_IN_ALL: usize = 200_000;
/// The most finds of a text that are listed.
pub const MOST_FINDS: usize = 100;
/// How much of plaintext is kept for showing, from each stretch of it.
const PREVIEW: usize = 512;
/// Octets of plaintext from the same side this close together are one stretch.
const STRETCH: Duration = Duration::from_millis(2);

/// Where a text was found readable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Find {
    /// Which text, by its place in the list.
    pub needle: usize,
    /// As what.
    pub guise: Guise,
    /// Where.
    pub place: Place,
    /// When the octets that complete it were seen.
    pub at: Duration,
}

/// Where octets were found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a packet that is not TCP, or is a fragment: the packet's number from 1, the octet in it from 0.
    Packet(u64, u64),
    /// In a TCP stream: the session's number, the sender, the octet in the stream from 0.
    Stream(usize, Side, u64),
}

/// What a capture holds.
#[derive(Debug, Default)]
pub struct Dissection {
    /// Its packets in number.
    pub packets: u64,
    /// Packets without TCP.
    pub other_packets: u64,
    /// Fragments of IP packets, which are not put together.
    pub fragments: u64,
    /// Its TCP connections, in the order of their first packets.
    pub sessions: Vec<Session>,
    /// Connections that are not listed.
    pub unlisted_sessions: u64,
    /// Where the texts were found, at most [`MOST_FINDS`] each.
    pub finds: Vec<Find>,
    /// How often each text was found.
    pub found: Vec<u64>,
}

/// Takes a capture's packets.
#[derive(Debug)]
pub struct Dissector {
    needles: Vec<Needle>,
    open: HashMap<[SocketAddr; 2], Connection>,
    events_left: usize,
    begun: usize,
    dissection: Dissection,
}

impl Dissector {
    /// Looks for `needles` along the way.
    pub fn new(needles: Vec<Needle>) -> Self {
        let dissection = Dissection { found: vec![0; needles.len()], ..Dissection::default() };
        Self { needles, open: HashMap::new(), events_left: MOST_EVENTS_IN_ALL, begun: 0, dissection }
    }

    /// The next packet.
    pub fn packet(&mut self, packet: &Packet<'_>) {
        self.dissection.packets += 1;
        match content(packet.link, packet.data) {
            Content::Tcp(segment) => self.segment(packet.at, &segment),
            Content::Fragment => {
                self.dissection.fragments += 1;
                self.look_at_packet(packet);
            }
            Content::Other => {
                self.dissection.other_packets += 1;
                self.look_at_packet(packet);
            }
        }
    }

    /// The capture has ended.
    pub fn finish(mut self) -> Dissection {
        let mut rest: Vec<_> = self.open.drain().map(|(_, connection)| connection).collect();
        rest.sort_by_key(|connection| connection.number);
        for connection in rest {
            self.end(connection);
        }
        self.dissection.sessions.sort_by_key(|session| session.number);
        self.dissection
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
            Connection::new(self.begun, segment.source, segment.destination, at, self.needles.len())
        });
        let mut sink = Sink {
            needles: &self.needles,
            events_left: &mut self.events_left,
            dissection: &mut self.dissection,
        };
        connection.segment(at, segment, &mut sink);
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

    fn end(&mut self, connection: Connection) {
        let mut sink = Sink {
            needles: &self.needles,
            events_left: &mut self.events_left,
            dissection: &mut self.dissection,
        };
        let session = connection.finish(&mut sink);
        if self.dissection.sessions.len() < MOST_SESSIONS {
            self.dissection.sessions.push(session);
        } else {
            self.dissection.unlisted_sessions += 1;
        }
    }

    fn look_at_packet(&mut self, packet: &Packet<'_>) {
        let number = self.dissection.packets;
        let mut sink = Sink {
            needles: &self.needles,
            events_left: &mut self.events_left,
            dissection: &mut self.dissection,
        };
        for index in 0..sink.needles.len() {
            sink.look(index, &mut Search::default(), packet.data, packet.at, |at| Place::Packet(number, at));
        }
    }
}

/// Where connections put what they find.
struct Sink<'a> {
    needles: &'a [Needle],
    events_left: &'a mut usize,
    dissection: &'a mut Dissection,
}

impl Sink<'_> {
    fn look(
        &mut self,
        needle: usize,
        search: &mut Search,
        data: &[u8],
        at: Duration,
        place: impl Fn(u64) -> Place,
    ) {
        let dissection = &mut *self.dissection;
        search.look(&self.needles[needle], data, &mut |offset, guise| {
            dissection.found[needle] += 1;
            if dissection.found[needle] <= MOST_FINDS as u64 {
                dissection.finds.push(Find { needle, guise, place: place(offset), at });
            }
        });
    }
}

/// One connection, being put in order.
#[derive(Debug)]
struct Connection {
    number: usize,
    /// The end that sent the first packet, and the other.
    ends: [SocketAddr; 2],
    /// Whether the first of the ends is the client; `None` while that does not show.
    first_is_client: Option<bool>,
    started: Duration,
    ended: Duration,
    streams: [Stream; 2],
    searches: [Vec<Search>; 2],
    finished: [bool; 2],
    reset: Option<usize>,
    octets: Both<u64>,
    positions: Both<u64>,
    events: Vec<Event>,
    unlisted: Unlisted,
    tls: Option<Box<Follower>>,
    /// Where in each stream TLS began.
    bases: Both<u64>,
    /// The client's first octets, while they are too few to tell.
    start: Vec<u8>,
}

impl Connection {
    fn new(number: usize, source: SocketAddr, destination: SocketAddr, at: Duration, needles: usize) -> Self {
        Self {
            number,
            ends: [source, destination],
            first_is_client: None,
            started: at,
            ended: at,
            streams: Default::default(),
            searches: [vec![Search::default(); needles], vec![Search::default(); needles]],
            finished: [false; 2],
            reset: None,
            octets: Both::default(),
            positions: Both::default(),
            events: Vec::new(),
            unlisted: Unlisted::default(),
            tls: None,
            bases: Both::default(),
            start: Vec::new(),
        }
    }

    /// Whether a SYN begins another connection: this one has ended, or has gone on beyond its own SYN.
    fn is_over(&self, syn: &Segment<'_>) -> bool {
        let ended = self.reset.is_some() || self.finished == [true; 2];
        let spoke = self.octets.client + self.octets.server > 0;
        ended || spoke || self.ends[0] != syn.source
    }

    fn segment(&mut self, at: Duration, segment: &Segment<'_>, sink: &mut Sink<'_>) {
        let end = usize::from(segment.source != self.ends[0]);
        self.ended = self.ended.max(at);
        self.decide_sides(end, segment);
        if segment.rst {
            self.reset.get_or_insert(end);
            return;
        }
        let mut stream = std::mem::take(&mut self.streams[end]);
        stream.segment(segment.sequence, segment.syn, segment.payload, segment.missing, &mut |piece| {
            self.piece(end, at, piece, sink);
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

    fn piece(&mut self, end: usize, at: Duration, piece: Piece<'_>, sink: &mut Sink<'_>) {
        let from = self.side(end);
        let number = self.number;
        let mut searches = std::mem::take(&mut self.searches[end]);
        for (needle, search) in searches.iter_mut().enumerate() {
            match piece {
                Piece::Data(data) => {
                    sink.look(needle, search, data, at, |offset| Place::Stream(number, from, offset))
                }
                Piece::Gap(octets) => search.skip(octets),
            }
        }
        self.searches[end] = searches;
        match piece {
            Piece::Data(data) => {
                self.octets[from] += data.len() as u64;
                self.begin_tls(from, data);
                self.follow(from, at, data, sink);
                self.positions[from] += data.len() as u64;
            }
            Piece::Gap(octets) => {
                let offset = self.positions[from];
                self.tell(Event { at, from, offset, octets, what: What::Gap }, sink);
                self.follow_octets(from, at, Octets::Missing(octets), sink);
                self.positions[from] += octets;
            }
        }
    }

    /// TLS begins where the client sends a ClientHello, from the first octet or after plaintext.
    fn begin_tls(&mut self, from: Side, data: &[u8]) {
        if self.tls.is_some() {
            return;
        }
        if from == Side::Client {
            if self.positions.client < 6 {
                self.start.extend_from_slice(&data[..data.len().min(6 - self.start.len().min(6))]);
            }
            let at_start = self.positions.client == 0 || !self.start.is_empty() && self.positions.client < 6;
            let begins =
                if at_start { begins_with_client_hello(&self.start) } else { begins_with_client_hello(data) };
            if begins == Some(true) {
                let base = if at_start { 0 } else { self.positions.client };
                self.start_following(Both { client: base, server: self.positions.server });
            }
        } else if self.positions == Both::default() && matches!(data, [22, 3, _, _, _, 2, ..]) {
            // A capture that began after the ClientHello.
            self.start_following(Both::default());
        }
    }

    fn start_following(&mut self, bases: Both<u64>) {
        self.bases = bases;
        let tls = Tls { preamble: bases, ..Tls::default() };
        self.tls = Some(Box::new(Follower::new(tls)));
    }

    fn follow(&mut self, from: Side, at: Duration, data: &[u8], sink: &mut Sink<'_>) {
        if self.tls.is_none() {
            return self.plaintext(from, at, data, sink);
        }
        // First octets that came in pieces too small to tell are handed over now.
        let begun = usize::try_from(self.positions.client).unwrap_or(usize::MAX);
        if from == Side::Client && self.bases.client == 0 && begun > 0 && begun < 6 && !self.start.is_empty()
        {
            let start = std::mem::take(&mut self.start);
            self.events
                .retain(|event| !matches!(event.what, What::Plaintext(_)) || event.from == Side::Server);
            self.follow_octets(from, at, Octets::Data(&start[..begun]), sink);
        }
        self.start = Vec::new();
        self.follow_octets(from, at, Octets::Data(data), sink);
    }

    fn follow_octets(&mut self, from: Side, at: Duration, octets: Octets<'_>, sink: &mut Sink<'_>) {
        let Some(mut follower) = self.tls.take() else { return };
        let base = self.bases[from];
        follower.take(from, at, base, octets, &mut |event| self.tell(event, sink));
        self.tls = Some(follower);
    }

    fn plaintext(&mut self, from: Side, at: Duration, data: &[u8], sink: &mut Sink<'_>) {
        if let Some(last) = self.events.last_mut()
            && let What::Plaintext(preview) = &mut last.what
            && last.from == from
            && at.saturating_sub(last.at) <= STRETCH
            && last.offset + last.octets == self.positions[from]
        {
            preview.extend_from_slice(&data[..data.len().min(PREVIEW - preview.len())]);
            last.octets += data.len() as u64;
            last.at = at;
            return;
        }
        let what = What::Plaintext(data[..data.len().min(PREVIEW)].to_vec());
        self.tell(Event { at, from, offset: self.positions[from], octets: data.len() as u64, what }, sink);
    }

    fn tell(&mut self, event: Event, sink: &mut Sink<'_>) {
        if self.events.len() < MOST_EVENTS && *sink.events_left > 0 {
            *sink.events_left -= 1;
            self.events.push(event);
        } else {
            self.unlisted.events += 1;
            self.unlisted.octets += event.octets;
        }
    }

    fn finish(mut self, sink: &mut Sink<'_>) -> Session {
        let at = self.ended;
        for end in 0..2 {
            let mut stream = std::mem::take(&mut self.streams[end]);
            stream.finish(&mut |piece| self.piece(end, at, piece, sink));
            self.streams[end] = stream;
            self.follow_octets(self.side(end), at, Octets::End, sink);
        }
        let (client, server) = if self.side(0) == Side::Client { (0, 1) } else { (1, 0) };
        let close = match (self.reset, self.finished[client], self.finished[server]) {
            (Some(end), ..) => Close::Reset(self.side(end)),
            (None, true, true) => Close::Finished,
            (None, true, false) => Close::HalfFinished(Side::Client),
            (None, false, true) => Close::HalfFinished(Side::Server),
            (None, false, false) => Close::Open,
        };
        Session {
            number: self.number,
            client: self.ends[client],
            server: self.ends[server],
            started: self.started,
            ended: self.ended,
            octets: self.octets,
            quality: Both { client: self.streams[client].quality(), server: self.streams[server].quality() },
            close,
            events: self.events,
            unlisted: self.unlisted,
            tls: self.tls.map(|follower| Box::new(follower.tls)),
        }
    }
}
