//! One TCP connection as frames: what an Ethernet between the two ends would have carried.
//!
//! A relay sees bytes, not packets. This room makes packets that say the same: the ends' real addresses and
//! ports, the three-way handshake, sequence numbers that count (and wrap), an acknowledgement of everything,
//! segments that fit an Ethernet, valid checksums, and FIN or RST where the connection ended that way
//! (RFC 9293). What it cannot know it does not pretend: no retransmission, no loss, no window that closes;
//! hardware addresses are made up (locally administered), and each chunk is acknowledged at once.

use std::net::{IpAddr, SocketAddr};

use etherparse::{EtherType, Ethernet2Header, IpNumber, Ipv4Header, Ipv6Header, TcpHeader, TcpOptionElement};

use super::{Both, Side};

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
    frame: Vec<u8>,
}

impl Conversation {
    /// A connection from `client` to `server`. `initial` are the ends' initial sequence numbers.
    ///
    /// IPv4-mapped addresses become IPv4; where the families still differ, both become IPv6.
    pub fn new(client: SocketAddr, server: SocketAddr, initial: Both<u32>) -> Self {
        let (mut client, mut server) = (canonical(client), canonical(server));
        if client.is_ipv4() != server.is_ipv4() {
            client = mapped(client);
            server = mapped(server);
        }
        Self {
            address: Both { client, server },
            next: initial,
            finished: Both::default(),
            identification: Both::default(),
            reset: false,
            frame: Vec::with_capacity(MTU + Ethernet2Header::LEN),
        }
    }

    /// The three-way handshake.
    pub fn open(&mut self, emit: &mut dyn FnMut(&[u8])) {
        self.send(Side::Client, Flags { syn: true, ..Flags::default() }, &[], emit);
        self.advance(Side::Client, 1);
        self.send(Side::Server, Flags { syn: true, ack: true, ..Flags::default() }, &[], emit);
        self.advance(Side::Server, 1);
        self.send(Side::Client, Flags { ack: true, ..Flags::default() }, &[], emit);
    }

    /// `bytes` from one end, in as many segments as they need, and the other end's acknowledgement.
    pub fn data(&mut self, from: Side, bytes: &[u8], emit: &mut dyn FnMut(&[u8])) {
        if bytes.is_empty() || self.reset || self.finished[from] {
            return;
        }
        let segments = bytes.chunks(self.segment_size());
        let last = segments.len() - 1;
        for (index, segment) in segments.enumerate() {
            self.send(from, Flags { ack: true, psh: index == last, ..Flags::default() }, segment, emit);
            self.advance(from, segment.len());
        }
        self.send(from.peer(), Flags { ack: true, ..Flags::default() }, &[], emit);
    }

    /// One end has no more to send.
    pub fn finish(&mut self, from: Side, emit: &mut dyn FnMut(&[u8])) {
        if self.reset || self.finished[from] {
            return;
        }
        self.send(from, Flags { fin: true, ack: true, ..Flags::default() }, &[], emit);
        self.advance(from, 1);
        self.finished[from] = true;
        self.send(from.peer(), Flags { ack: true, ..Flags::default() }, &[], emit);
    }

    /// One end breaks the connection off.
    pub fn reset(&mut self, from: Side, emit: &mut dyn FnMut(&[u8])) {
        if self.reset || (self.finished.client && self.finished.server) {
            return;
        }
        self.send(from, Flags { rst: true, ack: true, ..Flags::default() }, &[], emit);
        self.reset = true;
    }

    fn advance(&mut self, side: Side, octets: usize) {
        // RFC 9293 §3.4: sequence numbers wrap at 2^32.
        #[expect(clippy::cast_possible_truncation, reason = "the arithmetic is modulo 2^32")]
        let octets = octets as u32;
        self.next[side] = self.next[side].wrapping_add(octets);
    }

    /// The most bytes that a segment carries within the MTU.
    fn segment_size(&self) -> usize {
        let network = if self.address.client.is_ipv4() { Ipv4Header::MIN_LEN } else { Ipv6Header::LEN };
        MTU - network - TcpHeader::MIN_LEN
    }

    fn send(&mut self, from: Side, flags: Flags, payload: &[u8], emit: &mut dyn FnMut(&[u8])) {
        let (source, destination) = (self.address[from], self.address[from.peer()]);
        let mut tcp = TcpHeader::new(source.port(), destination.port(), self.next[from], WINDOW);
        (tcp.syn, tcp.fin, tcp.rst, tcp.psh) = (flags.syn, flags.fin, flags.rst, flags.psh);
        if flags.ack {
            tcp.ack = true;
            tcp.acknowledgment_number = self.next[from.peer()];
        }
        if flags.syn {
            let size = u16::try_from(self.segment_size()).unwrap_or(u16::MAX);
            let options =
                [TcpOptionElement::MaximumSegmentSize(size), TcpOptionElement::WindowScale(WINDOW_SCALE)];
            // Seven bytes of options fit the forty that there are.
            let _ = tcp.set_options(&options);
        }
        self.frame.clear();
        self.ethernet(from);
        match (source.ip(), destination.ip()) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                // A segment is at most an MTU, which fits the length field.
                let length = u16::try_from(tcp.header_len() + payload.len()).unwrap_or(u16::MAX);
                let fields =
                    Ipv4Header::new(length, 64, IpNumber::TCP, source.octets(), destination.octets());
                if let Ok(mut ip) = fields {
                    ip.identification = self.identification[from];
                    self.identification[from] = self.identification[from].wrapping_add(1);
                    ip.header_checksum = ip.calc_header_checksum();
                    tcp.checksum = tcp.calc_checksum_ipv4(&ip, payload).unwrap_or_default();
                    self.frame.extend(ip.to_bytes());
                }
            }
            (source, destination) => {
                let ip = Ipv6Header {
                    payload_length: u16::try_from(tcp.header_len() + payload.len()).unwrap_or(u16::MAX),
                    next_header: IpNumber::TCP,
                    hop_limit: 64,
                    source: octets(source),
                    destination: octets(destination),
                    ..Ipv6Header::default()
                };
                tcp.checksum = tcp.calc_checksum_ipv6(&ip, payload).unwrap_or_default();
                self.frame.extend(ip.to_bytes());
            }
        }
        self.frame.extend(tcp.to_bytes());
        self.frame.extend(payload);
        emit(&self.frame);
    }

    fn ethernet(&mut self, from: Side) {
        let address = |side| [0x02, 0, 0, 0, 0, if side == Side::Client { 1 } else { 2 }];
        let header = Ethernet2Header {
            source: address(from),
            destination: address(from.peer()),
            ether_type: if self.address.client.is_ipv4() { EtherType::IPV4 } else { EtherType::IPV6 },
        };
        self.frame.extend(header.to_bytes());
    }
}

#[derive(Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "they are the header's bits")]
struct Flags {
    syn: bool,
    ack: bool,
    psh: bool,
    fin: bool,
    rst: bool,
}

fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

fn mapped(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(octets(address.ip()).into(), address.port())
}

fn octets(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
        IpAddr::V6(address) => address.octets(),
    }
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
        let mut emit = |frame: &[u8]| frames.push(frame.to_vec());
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
    fn a_reset_ends_a_connection_once() {
        let address = "127.0.0.1:1".parse().unwrap();
        let mut connection = Conversation::new(address, address, Both::default());
        let mut count = 0;
        connection.reset(Side::Server, &mut |frame| {
            count += 1;
            assert_eq!(frame[14 + 20 + 13] & 0x04, 0x04, "RST");
        });
        connection.reset(Side::Client, &mut |_| count += 1);
        connection.finish(Side::Client, &mut |_| count += 1);
        assert_eq!(count, 1);
    }
}
