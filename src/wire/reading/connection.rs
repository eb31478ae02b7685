//! One TCP connection of a capture: put in order ([`super::tcp`]), looked at for TLS from its first octets on whatever
//! its port, also behind a plaintext beginning (STARTTLS), and followed.

use std::net::SocketAddr;
use std::time::Duration;

use super::dissection::{MOST_EVENTS, Place};
use super::find::Search;
use super::findings::Findings;
use super::follow::{Octets, TlsFollower};
use super::packet::Segment;
use super::session::{Close, ObservedEvent, ObservedSession, Tls, Unlisted, What};
use super::tcp::{Piece, Stream};
use crate::wire::record::begins_with_client_hello;
use crate::wire::{Both, Side};

/// How much of plaintext is kept for showing, from each stretch of it.
const PREVIEW: usize = 512;
/// Octets of plaintext from the same side this close together are one stretch.
const STRETCH: Duration = Duration::from_millis(2);

/// One connection, being put in order.
#[derive(Debug)]
pub(super) struct OpenConnection {
    pub(super) number: usize,
    /// The end that sent the first packet, and the other.
    ends: [SocketAddr; 2],
    /// Whether the first of the ends is the client; `None` while that does not show.
    first_is_client: Option<bool>,
    started: Duration,
    pub(super) ended: Duration,
    streams: [Stream; 2],
    searches: [Vec<Search>; 2],
    opened_searches: Both<Vec<Search>>,
    finished: [bool; 2],
    reset: Option<usize>,
    octets: Both<u64>,
    positions: Both<u64>,
    events: Vec<ObservedEvent>,
    unlisted: Unlisted,
    tls: Option<Box<TlsFollower>>,
    /// Where in each stream TLS began.
    bases: Both<u64>,
    /// How many octets of each event are kept for showing.
    sample: usize,
    /// The client's first octets, while they are too few to tell.
    start: Vec<u8>,
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
        Self {
            number,
            ends: [source, destination],
            first_is_client: None,
            started: at,
            ended: at,
            streams: Default::default(),
            searches: [vec![Search::default(); needles], vec![Search::default(); needles]],
            opened_searches: Both {
                client: vec![Search::default(); needles],
                server: vec![Search::default(); needles],
            },
            finished: [false; 2],
            reset: None,
            octets: Both::default(),
            positions: Both::default(),
            events: Vec::new(),
            unlisted: Unlisted::default(),
            tls: None,
            bases: Both::default(),
            sample,
            start: Vec::new(),
        }
    }

    /// Whether a SYN begins another connection: this one has ended, or has gone on beyond its own SYN.
    pub(super) fn is_over(&self, syn: &Segment<'_>) -> bool {
        let ended = self.reset.is_some() || self.finished == [true; 2];
        let spoke = self.octets.client + self.octets.server > 0;
        ended || spoke || self.ends[0] != syn.source
    }

    pub(super) fn segment(&mut self, at: Duration, segment: &Segment<'_>, findings: &mut Findings) {
        let end = usize::from(segment.source != self.ends[0]);
        self.ended = self.ended.max(at);
        self.decide_sides(end, segment);
        if segment.rst {
            self.reset.get_or_insert(end);
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

    fn piece(&mut self, end: usize, at: Duration, piece: Piece<'_>, findings: &mut Findings) {
        let from = self.side(end);
        let number = self.number;
        let mut searches = std::mem::take(&mut self.searches[end]);
        for (needle, search) in searches.iter_mut().enumerate() {
            match piece {
                Piece::Data(data) => {
                    findings.look(needle, search, data, at, |offset| Place::Stream(number, from, offset));
                }
                Piece::Gap(octets) => search.skip(octets),
            }
        }
        self.searches[end] = searches;
        match piece {
            Piece::Data(data) => {
                self.octets[from] += data.len() as u64;
                self.begin_tls(from, data);
                self.follow(from, at, data, findings);
                self.positions[from] += data.len() as u64;
            }
            Piece::Gap(octets) => {
                let offset = self.positions[from];
                self.tell(
                    ObservedEvent { at, from, offset, octets, what: What::Gap, sample: Vec::new() },
                    findings,
                );
                self.follow_octets(from, at, Octets::Missing(octets), findings);
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
        self.tls = Some(Box::new(TlsFollower::new(tls, self.sample)));
    }

    fn follow(&mut self, from: Side, at: Duration, data: &[u8], findings: &mut Findings) {
        if self.tls.is_none() {
            return self.plaintext(from, at, data, findings);
        }
        // First octets that came in pieces too small to tell are handed over now.
        let begun = usize::try_from(self.positions.client).unwrap_or(usize::MAX);
        if from == Side::Client && self.bases.client == 0 && begun > 0 && begun < 6 && !self.start.is_empty()
        {
            let start = std::mem::take(&mut self.start);
            self.events
                .retain(|event| !matches!(event.what, What::Plaintext(_)) || event.from == Side::Server);
            self.follow_octets(from, at, Octets::Data(&start[..begun]), findings);
        }
        self.start = Vec::new();
        self.follow_octets(from, at, Octets::Data(data), findings);
    }

    fn follow_octets(&mut self, from: Side, at: Duration, octets: Octets<'_>, findings: &mut Findings) {
        let Some(mut follower) = self.tls.take() else { return };
        let base = self.bases[from];
        let greeted = follower.tls.client_hello.is_some();
        let secrets = std::mem::take(&mut findings.secrets);
        follower.take(from, at, base, octets, &secrets, &mut |event, opened| {
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
        self.tls = Some(follower);
    }

    fn plaintext(&mut self, from: Side, at: Duration, data: &[u8], findings: &mut Findings) {
        if let Some(last) = self.events.last_mut()
            && let What::Plaintext(preview) = &mut last.what
            && last.from == from
            && at.saturating_sub(last.at) <= STRETCH
            && last.offset + last.octets == self.positions[from]
        {
            preview.extend_from_slice(&data[..data.len().min(PREVIEW - preview.len())]);
            let room = self.sample.saturating_sub(last.sample.len());
            last.sample.extend_from_slice(&data[..data.len().min(room)]);
            last.octets += data.len() as u64;
            last.at = at;
            return;
        }
        let what = What::Plaintext(data[..data.len().min(PREVIEW)].to_vec());
        let sample = data[..data.len().min(self.sample)].to_vec();
        let (offset, octets) = (self.positions[from], data.len() as u64);
        self.tell(ObservedEvent { at, from, offset, octets, what, sample }, findings);
    }

    fn tell(&mut self, event: ObservedEvent, findings: &mut Findings) {
        if self.events.len() < MOST_EVENTS && findings.has_room() {
            self.events.push(event);
        } else {
            self.unlisted.events += 1;
            self.unlisted.octets += event.octets;
        }
    }

    pub(super) fn finish(mut self, findings: &mut Findings) -> ObservedSession {
        let at = self.ended;
        for end in 0..2 {
            let mut stream = std::mem::take(&mut self.streams[end]);
            stream.finish(&mut |piece| self.piece(end, at, piece, findings));
            self.streams[end] = stream;
            self.follow_octets(self.side(end), at, Octets::End, findings);
        }
        let (client, server) = if self.side(0) == Side::Client { (0, 1) } else { (1, 0) };
        let close = match (self.reset, self.finished[client], self.finished[server]) {
            (Some(end), ..) => Close::Reset(self.side(end)),
            (None, true, true) => Close::Finished,
            (None, true, false) => Close::HalfFinished(Side::Client),
            (None, false, true) => Close::HalfFinished(Side::Server),
            (None, false, false) => Close::Open,
        };
        ObservedSession {
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
