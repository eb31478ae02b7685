//! One TCP connection as frames: what an Ethernet between the two ends would have carried.
//!
//! A relay sees bytes, not packets. This room makes packets that say the same: the ends' real addresses and
//! ports, the three-way handshake, sequence numbers that count (and wrap), an acknowledgement of everything,
//! segments that fit an Ethernet, valid checksums, and FIN or RST where the connection ended that way
//! (RFC 9293). What it cannot know it does not pretend: no retransmission, no loss, no window that closes;
//! hardware addresses are made up (locally administered), and each chunk is acknowledged at once.
//!
//! A frame is handed over as its headers and its payload: the payload is the caller's own bytes, not a copy.

use std::net::{IpAddr, SocketAddr};

use etherparse::{EtherType, Ethernet2Header, IpNumber, Ipv4Header, Ipv6Header, TcpHeader, TcpOptionElement};

use super::{Both, Side};
use crate::side::ipv6;

/// Hears each frame: its headers, and its payload.
pub type Emit<'a> = &'a mut dyn FnMut(&[u8], &[u8]);

/// The largest IP packet that is made, as on an Ethernet.
const MTU: usize = 1500;
/// What both ends announce: 65,535 << 7 bytes, more than any chunk that is recorded at once.
const WINDOW: u16 = u16::MAX;
const WINDOW_SCALE: u8 = 7;

/// The state of one connection: what each end has sent.
#[derive(Debug)]
pub struct Conversation {
    address: Both<SocketAddr>,
    next: Both<u32>,
    finished: Both<bool>,
    identification: Both<u16>,
    reset: bool,
}

impl Conversation {
    /// A connection from `client` to `server`. `initial` are the ends' initial sequence numbers.
    ///
    /// IPv4-mapped addresses become IPv4; where the families still differ, both become IPv6.
    pub fn new(client: SocketAddr, server: SocketAddr, initial: Both<u32>) -> Self {
        Self {
            address: Both { client, server }.in_one_family(),
            next: initial,
            finished: Both::default(),
            identification: Both::default(),
            reset: false,
        }
    }

    /// The three-way handshake.
    pub fn open(&mut self, emit: Emit<'_>) {
        self.send(Side::Client, Flags { syn: true, ..Flags::default() }, emit);
        self.advance(Side::Client, 1);
        self.send(Side::Server, Flags { syn: true, ack: true, ..Flags::default() }, emit);
        self.advance(Side::Server, 1);
        self.send(Side::Client, Flags { ack: true, ..Flags::default() }, emit);
    }

    /// `bytes` from one end, in as many segments as they need, and the other end's acknowledgement.
    pub fn data(&mut self, from: Side, bytes: &[u8], emit: Emit<'_>) {
        if bytes.is_empty() || self.reset || self.finished[from] {
            return;
        }
        let size = self.segment_size();
        let mut headers = self.headers(from, Flags { ack: true, ..Flags::default() });
        let mut rest = bytes;
        while !rest.is_empty() {
            let (segment, more) = rest.split_at(rest.len().min(size));
            emit(headers.of(self.next[from], self.identify(from), more.is_empty(), segment), segment);
            self.advance(from, segment.len());
            rest = more;
        }
        self.send(from.peer(), Flags { ack: true, ..Flags::default() }, emit);
    }

    /// One end has no more to send.
    pub fn finish(&mut self, from: Side, emit: Emit<'_>) {
        if self.reset || self.finished[from] {
            return;
        }
        self.send(from, Flags { fin: true, ack: true, ..Flags::default() }, emit);
        self.advance(from, 1);
        self.finished[from] = true;
        self.send(from.peer(), Flags { ack: true, ..Flags::default() }, emit);
    }

    /// One end breaks the connection off.
    pub fn reset(&mut self, from: Side, emit: Emit<'_>) {
        if self.reset || (self.finished.client && self.finished.server) {
            return;
        }
        self.send(from, Flags { rst: true, ack: true, ..Flags::default() }, emit);
        self.reset = true;
    }

    fn advance(&mut self, side: Side, bytes: usize) {
        // RFC 9293 §3.4: sequence numbers wrap at 2^32.
        #[expect(clippy::cast_possible_truncation, reason = "the arithmetic is modulo 2^32")]
        let bytes = bytes as u32;
        self.next[side] = self.next[side].wrapping_add(bytes);
    }

    /// The most bytes that a segment carries within the MTU.
    fn segment_size(&self) -> usize {
        let network = if self.address.client.is_ipv4() { Ipv4Header::MIN_LEN } else { Ipv6Header::LEN };
        MTU - network - TcpHeader::MIN_LEN
    }

    /// RFC 6864 §4: tells an IPv4 sender's packets apart.
    fn identify(&mut self, from: Side) -> u16 {
        let identification = self.identification[from];
        self.identification[from] = identification.wrapping_add(1);
        identification
    }

    /// A segment without payload.
    fn send(&mut self, from: Side, flags: Flags, emit: Emit<'_>) {
        let mut headers = self.headers(from, flags);
        emit(headers.of(self.next[from], self.identify(from), false, &[]), &[]);
    }

    /// What the headers of packets from one end are like, now.
    fn headers(&self, from: Side, flags: Flags) -> Headers {
        let (source, destination) = (self.address[from], self.address[from.peer()]);
        let mut tcp = TcpHeader::new(source.port(), destination.port(), 0, WINDOW);
        (tcp.syn, tcp.fin, tcp.rst) = (flags.syn, flags.fin, flags.rst);
        if flags.ack {
            tcp.ack = true;
            tcp.acknowledgment_number = self.next[from.peer()];
        }
        if flags.syn {
            let size = u16::try_from(self.segment_size()).unwrap_or(u16::MAX);
            // As everybody's: a SYN without selective acknowledgement (RFC 2018 §2) is remarked upon.
            let options = [
                TcpOptionElement::MaximumSegmentSize(size),
                TcpOptionElement::SelectiveAcknowledgementPermitted,
                TcpOptionElement::WindowScale(WINDOW_SCALE),
            ];
            // Nine bytes of options fit the forty that there are.
            let _ = tcp.set_options(&options);
        }
        let address = |side| [0x02, 0, 0, 0, 0, if side == Side::Client { 1 } else { 2 }];
        let is_ipv4 = self.address.client.is_ipv4();
        let ethernet = Ethernet2Header {
            source: address(from),
            destination: address(from.peer()),
            ether_type: if is_ipv4 { EtherType::IPV4 } else { EtherType::IPV6 },
        };
        let mut bytes = Vec::with_capacity(MTU);
        bytes.extend(ethernet.to_bytes());
        match (source.ip(), destination.ip()) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                // A length of 0 fits; the true one comes with the payload.
                let fields = Ipv4Header::new(0, 64, IpNumber::TCP, source.octets(), destination.octets());
                bytes.extend(fields.unwrap_or_default().to_bytes());
            }
            (source, destination) => {
                let ip = Ipv6Header {
                    next_header: IpNumber::TCP,
                    hop_limit: 64,
                    source: ipv6(source).octets(),
                    destination: ipv6(destination).octets(),
                    ..Ipv6Header::default()
                };
                bytes.extend(ip.to_bytes());
            }
        }
        let tcp_at = bytes.len();
        bytes.extend(tcp.to_bytes());
        Headers::new(bytes, tcp_at, is_ipv4)
    }
}

/// A packet's headers, laid out once for all packets of a burst; what differs is written over.
struct Headers {
    bytes: Vec<u8>,
    /// Where the TCP header begins.
    tcp_at: usize,
    is_ipv4: bool,
    /// The sums of what does not differ: of the IP header, and of the TCP header with the addresses. What differs is
    /// added as a number: reading back what was just written costs more than all the rest.
    sums: (u64, u64),
}

impl Headers {
    const IP_AT: usize = Ethernet2Header::LEN;

    /// Over headers in which length, identification, sequence number and checksums are zero.
    fn new(mut bytes: Vec<u8>, tcp_at: usize, is_ipv4: bool) -> Self {
        if is_ipv4 {
            bytes[Self::IP_AT + 2..Self::IP_AT + 4].fill(0);
        }
        // The addresses stand right before the TCP header.
        let addresses = if is_ipv4 { Self::IP_AT + 12 } else { Self::IP_AT + 8 };
        let sums = (sum(&bytes[Self::IP_AT..tcp_at]), sum(&bytes[addresses..]));
        Self { bytes, tcp_at, is_ipv4, sums }
    }

    fn put(&mut self, at: usize, value: u16) {
        self.bytes[at..at + 2].copy_from_slice(&value.to_be_bytes());
    }

    /// Those of the next packet.
    fn of(&mut self, sequence: u32, identification: u16, psh: bool, payload: &[u8]) -> &[u8] {
        // A packet is at most an MTU, which fits the length fields.
        let length = |from: usize| u16::try_from(self.bytes.len() - from + payload.len()).unwrap_or(u16::MAX);
        let (packet, segment) = (length(Self::IP_AT), length(self.tcp_at));
        if self.is_ipv4 {
            // RFC 791 §3.1: total length, identification and header checksum.
            let sum = self.sums.0 + word(packet) + word(identification);
            self.put(Self::IP_AT + 2, packet);
            self.put(Self::IP_AT + 4, identification);
            self.put(Self::IP_AT + 10, checksum(sum));
        } else {
            // RFC 8200 §3: the payload's length.
            self.put(Self::IP_AT + 4, segment);
        }
        // RFC 9293 §3.1; the checksum is over a pseudo-header as well: addresses, protocol and length (RFC 8200 §8.1).
        let [high, low] = [(sequence >> 16) as u16, (sequence & 0xffff) as u16];
        let push = if psh { PSH } else { 0 };
        let sum = self.sums.1
            + sum(payload)
            + word(high)
            + word(low)
            + word(u16::from(push))
            + word(u16::from(IpNumber::TCP.0))
            + word(segment);
        self.put(self.tcp_at + 4, high);
        self.put(self.tcp_at + 6, low);
        let flags = &mut self.bytes[self.tcp_at + 13];
        *flags = *flags & !PSH | push;
        self.put(self.tcp_at + 16, checksum(sum));
        &self.bytes
    }
}

/// The bit of TCP's PSH.
const PSH: u8 = 0x08;

/// The sum of 16-bit words that the internet checksum is made of (RFC 1071), as they lie in memory: the order of
/// their bytes does not matter until the end (§2 (B)), nor how many words are added at once (§2 (C)).
fn sum(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    let (mut even, mut odd) = (0, 0);
    for word in words.iter().chain([&last]) {
        let word = u64::from_ne_bytes(*word);
        even += word & 0xffff_ffff;
        odd += word >> 32;
    }
    // Of a packet, both are far below 2^63.
    even + odd
}

/// A 16-bit word, as it lies in memory.
fn word(value: u16) -> u64 {
    value.to_be().into()
}

/// A sum, made one 16-bit word by carrying around.
fn fold(mut sum: u64) -> u64 {
    while sum > 0xffff {
        sum = (sum >> 16) + (sum & 0xffff);
    }
    sum
}

/// The internet checksum that a sum amounts to, in the host's order of bytes again.
fn checksum(sum: u64) -> u16 {
    !u16::from_be(u16::try_from(fold(sum)).unwrap_or_default())
}

#[derive(Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "they are the header's bits")]
struct Flags {
    syn: bool,
    ack: bool,
    fin: bool,
    rst: bool,
}

#[cfg(test)]
mod tests {
    use etherparse::{NetSlice, SlicedPacket, TransportSlice};

    use super::*;

    /// Frames of a whole connection that starts just below the wrap of its sequence numbers.
    fn frames(client: &str, server: &str) -> Vec<Vec<u8>> {
        let initial = Both { client: u32::MAX - 100, server: 7 };
        let mut connection = Conversation::new(client.parse().unwrap(), server.parse().unwrap(), initial);
        let mut frames = Vec::new();
        let mut emit = |headers: &[u8], payload: &[u8]| frames.push([headers, payload].concat());
        connection.open(&mut emit);
        connection.data(Side::Client, &[1; 4000], &mut emit);
        connection.data(Side::Server, b"answer", &mut emit);
        connection.finish(Side::Client, &mut emit);
        connection.finish(Side::Server, &mut emit);
        connection.data(Side::Client, b"never", &mut emit);
        connection.reset(Side::Client, &mut emit);
        frames
    }

    #[test]
    fn frames_are_valid_and_their_bytes_are_those_sent() {
        for (client, server) in [
            ("127.0.0.1:5000", "127.0.0.1:443"),
            ("[::1]:5000", "[::1]:443"),
            ("[::ffff:10.0.0.1]:1", "10.0.0.2:2"),
        ] {
            let mut sent = Both { client: Vec::new(), server: Vec::new() };
            let mut next = Both { client: u32::MAX - 100, server: 7 };
            for frame in frames(client, server) {
                assert!(frame.len() <= MTU + 14);
                let packet = SlicedPacket::from_ethernet(&frame).unwrap();
                let Some(TransportSlice::Tcp(tcp)) = packet.transport else { panic!("not TCP") };
                let side = if frame[5] == 2 { Side::Client } else { Side::Server };
                assert_eq!(tcp.sequence_number(), next[side], "no gap and no overlap");
                let checksum = match packet.net.unwrap() {
                    NetSlice::Ipv4(ip) => {
                        assert_eq!(
                            ip.header().header_checksum(),
                            ip.header().to_header().calc_header_checksum()
                        );
                        tcp.calc_checksum_ipv4(ip.header().source(), ip.header().destination())
                    }
                    NetSlice::Ipv6(ip) => {
                        tcp.calc_checksum_ipv6(ip.header().source(), ip.header().destination())
                    }
                    NetSlice::Arp(_) => panic!("not IP"),
                };
                assert_eq!(checksum.unwrap(), tcp.checksum());
                if tcp.ack() {
                    assert_eq!(tcp.acknowledgment_number(), next[side.peer()], "everything is acknowledged");
                }
                let payload = tcp.payload();
                sent[side].extend_from_slice(payload);
                let counted =
                    u32::try_from(payload.len()).unwrap() + u32::from(tcp.syn()) + u32::from(tcp.fin());
                next[side] = next[side].wrapping_add(counted);
            }
            assert_eq!(sent.client, [1; 4000], "{client}");
            assert_eq!(sent.server, b"answer", "{client}");
        }
    }

    #[test]
    fn both_ends_offer_what_everybody_offers() {
        for frame in &frames("127.0.0.1:5000", "127.0.0.1:443")[..2] {
            let packet = SlicedPacket::from_ethernet(frame).unwrap();
            let Some(TransportSlice::Tcp(tcp)) = packet.transport else { panic!("not TCP") };
            let options: Vec<_> = tcp.options_iterator().map(Result::unwrap).collect();
            assert!(options.contains(&TcpOptionElement::SelectiveAcknowledgementPermitted), "{options:?}");
            assert!(options.contains(&TcpOptionElement::WindowScale(WINDOW_SCALE)), "{options:?}");
        }
    }

    #[test]
    fn a_reset_ends_a_connection_once() {
        let address = "127.0.0.1:1".parse().unwrap();
        let mut connection = Conversation::new(address, address, Both::default());
        let mut count = 0;
        connection.reset(Side::Server, &mut |headers, _| {
            count += 1;
            assert_eq!(headers[14 + 20 + 13] & 0x04, 0x04, "RST");
        });
        connection.reset(Side::Client, &mut |_, _| count += 1);
        connection.finish(Side::Client, &mut |_, _| count += 1);
        assert_eq!(count, 1);
    }
}
