//! From a captured frame to the TCP segment in it, through whatever tunnels it crossed.
//!
//! Links: Ethernet with VLAN tags, BSD loopback (NULL, LOOP), Linux cooked captures (SLL, SLL2), raw IP, PPP, Cisco HDLC.
//! Networks: IPv4 with options, IPv6 with extension headers. Tunnels: PPPoE, MPLS, IP in IP, GRE (also ERSPAN and
//! PPTP's), EtherIP, VXLAN, GENEVE, GTP-U, Teredo. What may carry TCP and is not taken apart is told by name
//! ([`Unread`]). Not done: checksums are not verified (captures on the sending machine have none yet), and IP fragments
//! are not put together.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use etherparse::{EtherType, IpNumber, LaxLinkExtSlice, LaxNetSlice, LaxSlicedPacket, TransportSlice};

use crate::wire::vector::Cursor;

/// A TCP segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "they are the header's bits")]
pub struct Segment<'a> {
    /// Where it comes from.
    pub source: SocketAddr,
    /// Where it goes.
    pub destination: SocketAddr,
    /// Its sequence number.
    pub sequence: u32,
    /// SYN.
    pub syn: bool,
    /// ACK.
    pub ack: bool,
    /// FIN.
    pub fin: bool,
    /// RST.
    pub rst: bool,
    /// Its data, as far as captured.
    pub payload: &'a [u8],
    /// How many bytes of data were not captured.
    pub missing: usize,
}

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content<'a> {
    /// A TCP segment.
    Tcp(Segment<'a>),
    /// A fragment of an IP packet.
    Fragment,
    /// Something else that is whole in itself: ARP, UDP, ICMP and the like.
    Other,
    /// Something that TCP may be in, and that is not taken apart.
    Unread(Unread),
}

/// A kind of packet that is not taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unread {
    /// A link, by its LINKTYPE number.
    Link(i32),
    /// What an Ethernet, or a tunnel that speaks like one, carries.
    EtherType(u16),
    /// What IP carries.
    Protocol(u8),
    /// What PPP carries.
    Ppp(u16),
    /// What goes to a UDP port.
    Udp(u16),
    /// More tunnels in each other than are followed.
    Depth,
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, name) = match *self {
            Self::Link(code) => (format!("link type {code}"), link_name(code)),
            Self::EtherType(code) => (format!("ethertype 0x{code:04x}"), ether_type_name(code)),
            Self::Protocol(code) => (format!("IP protocol {code}"), protocol_name(code)),
            Self::Ppp(code) => (format!("PPP protocol 0x{code:04x}"), ppp_name(code)),
            Self::Udp(code) => (format!("UDP port {code}"), udp_name(code)),
            Self::Depth => return f.write_str("tunnels too deep in each other"),
        };
        f.write_str(&what)?;
        if name.is_empty() { Ok(()) } else { write!(f, " ({name})") }
    }
}

fn link_name(code: i32) -> &'static str {
    match code {
        3 => "AX.25",
        6 => "Token Ring",
        10 => "FDDI",
        105 => "802.11",
        107 => "Frame Relay",
        119 => "802.11 with Prism header",
        127 => "802.11 with radiotap",
        147..=162 => "private use",
        163 => "802.11 with AVS header",
        189 | 220 => "USB",
        192 => "PPI",
        195 | 230 => "802.15.4",
        201 | 187 => "Bluetooth",
        227 => "CAN",
        239 => "netfilter log",
        252 => "Wireshark upper PDU",
        _ => "",
    }
}

fn ether_type_name(code: u16) -> &'static str {
    match code {
        0x8137 => "IPX",
        0x88a2 => "ATA over Ethernet",
        0x88e5 => "MACsec, encrypted",
        0x8906 => "FCoE",
        0x894f => "NSH",
        0x8915 => "RoCE",
        _ => "",
    }
}

fn protocol_name(code: u8) -> &'static str {
    match code {
        47 => "GRE of an unknown kind",
        50 => "ESP",
        98 => "encapsulation",
        108 => "IP compression",
        115 => "L2TPv3",
        _ => "",
    }
}

fn ppp_name(code: u16) -> &'static str {
    match code {
        0x002d | 0x002f => "Van Jacobson's compressed TCP",
        0x003d => "multilink",
        0x0053 => "encrypted",
        0x00fd => "compressed",
        _ => "",
    }
}

fn udp_name(code: u16) -> &'static str {
    match code {
        1701 => "L2TP",
        2152 => "GTP-U of an unknown kind",
        4500 => "IPsec",
        5247 => "CAPWAP",
        _ => "",
    }
}

/// How many layers are looked through.
const DEEPEST: usize = 12;

/// Looks into a frame of the given LINKTYPE.
pub fn content(link: i32, frame: &[u8]) -> Content<'_> {
    let mut step = Layer::of(link, frame);
    for _ in 0..DEEPEST {
        match step {
            Step::Found(content) => return content,
            Step::Inside(layer) => step = layer.open(),
        }
    }
    Content::Unread(Unread::Depth)
}

/// Bytes, and what they are said to be.
enum Layer<'a> {
    Ethernet(&'a [u8]),
    EtherType(u16, &'a [u8]),
    Ip(&'a [u8]),
    Ppp(&'a [u8]),
}

enum Step<'a> {
    Found(Content<'a>),
    Inside(Layer<'a>),
}

/// No TCP: something whole in itself, or too short for its own header.
const NOTHING: Step<'static> = Step::Found(Content::Other);

fn unread(what: Unread) -> Step<'static> {
    Step::Found(Content::Unread(what))
}

/// What stands behind so many bytes.
fn behind<'a>(bytes: &'a [u8], count: usize, layer: impl FnOnce(&'a [u8]) -> Layer<'a>) -> Step<'a> {
    bytes.get(count..).map_or(NOTHING, |rest| Step::Inside(layer(rest)))
}

/// An ether type at one place, what it is of at another.
fn typed(bytes: &[u8], ether_type: usize, content: usize) -> Step<'_> {
    let code = bytes.get(ether_type..).and_then(<[u8]>::first_chunk).map(|code| u16::from_be_bytes(*code));
    code.map_or(NOTHING, |code| behind(bytes, content, |rest| Layer::EtherType(code, rest)))
}

impl<'a> Layer<'a> {
    fn of(link: i32, frame: &'a [u8]) -> Step<'a> {
        match link {
            1 => Step::Inside(Self::Ethernet(frame)),
            // NULL and LOOP: four bytes of address family in some byte order; the IP version says the same.
            0 | 108 => behind(frame, 4, Layer::Ip),
            // RAW, as numbered in files and by some systems' own habit; IPV4; IPV6.
            12 | 14 | 101 | 228 | 229 => Step::Inside(Self::Ip(frame)),
            // Linux cooked, in its two forms.
            113 => typed(frame, 14, 16),
            276 => typed(frame, 0, 20),
            // PPP in HDLC-like framing, or Cisco's HDLC, which begins otherwise (RFC 1547 §4.3.1).
            50 | 104 if matches!(frame, [0x0f | 0x8f, 0, ..]) => typed(frame, 2, 4),
            9 | 50 => Step::Inside(Self::Ppp(frame)),
            51 => pppoe(frame),
            // A direction before the frame.
            166 | 204 => behind(frame, 1, Layer::Ppp),
            other => unread(Unread::Link(other)),
        }
    }

    fn open(self) -> Step<'a> {
        match self {
            Self::Ethernet(frame) => {
                LaxSlicedPacket::from_ethernet(frame).map_or(NOTHING, |packet| sliced(&packet))
            }
            Self::Ip(packet) => LaxSlicedPacket::from_ip(packet).map_or(NOTHING, |packet| sliced(&packet)),
            Self::Ppp(frame) => ppp(frame),
            Self::EtherType(0x8864, bytes) => pppoe(bytes),
            Self::EtherType(0x8847 | 0x8848, bytes) => mpls(bytes),
            Self::EtherType(0x6558, frame) => Step::Inside(Self::Ethernet(frame)),
            // A length of IEEE 802.3, and a SNAP header that names an ether type (RFC 1042).
            Self::EtherType(0..0x600, bytes @ [0xaa, 0xaa, 3, 0, 0, 0, ..]) => typed(bytes, 6, 8),
            // Other lengths; PPPoE's discovery, ARP, wake-on-LAN, RARP, MAC control, slow protocols, loopback tests of
            // Realtek, EAPOL, HomePlug, LLDP, loopback tests.
            Self::EtherType(
                0..0x600
                | 0x8863
                | 0x0806
                | 0x0842
                | 0x8035
                | 0x8808
                | 0x8809
                | 0x8899
                | 0x888e
                | 0x88e1
                | 0x88cc
                | 0x9000,
                _,
            ) => NOTHING,
            Self::EtherType(code @ (0x0800 | 0x86dd | 0x8100 | 0x88a8 | 0x9100), bytes) => {
                sliced(&LaxSlicedPacket::from_ether_type(EtherType(code), bytes))
            }
            Self::EtherType(code, _) => unread(Unread::EtherType(code)),
        }
    }
}

/// RFC 2516 §4: version and type, code, session, length; then PPP.
fn pppoe(bytes: &[u8]) -> Step<'_> {
    match bytes {
        [_, 0, ..] => behind(bytes, 6, Layer::Ppp),
        _ => NOTHING,
    }
}

/// RFC 1661 §2, RFC 1662 §3.1: address and control may be there; the protocol has two bytes, or one that is odd.
fn ppp(frame: &[u8]) -> Step<'_> {
    let mut rest = Cursor(frame.strip_prefix(&[0xff, 0x03]).unwrap_or(frame));
    let Some(first) = rest.u8() else { return NOTHING };
    let protocol = if first & 1 == 1 {
        u16::from(first)
    } else {
        let Some(second) = rest.u8() else { return NOTHING };
        u16::from_be_bytes([first, second])
    };
    match protocol {
        0x0021 | 0x0057 => Step::Inside(Layer::Ip(rest.0)),
        0x0281 | 0x0283 => mpls(rest.0),
        // Network protocols; the others negotiate.
        0..0x4000 => unread(Unread::Ppp(protocol)),
        _ => NOTHING,
    }
}

/// RFC 3032 §2.1: labels of four bytes, the last of them marked; what is in it shows in its first half byte.
fn mpls(bytes: &[u8]) -> Step<'_> {
    let mut rest = Cursor(bytes);
    while let Some(label) = rest.take(4) {
        if label[2] & 1 == 1 {
            return match rest.0.first().map(|first| first >> 4) {
                Some(4 | 6) => Step::Inside(Layer::Ip(rest.0)),
                // RFC 4448 §4.6: a control word, and an Ethernet; where it was left out, an address may begin with
                // zeros too, which is why RFC 8469 §4 wants it.
                Some(0) if !is_ethernet(rest.0, 4) && is_ethernet(rest.0, 0) => {
                    Step::Inside(Layer::Ethernet(rest.0))
                }
                Some(0) => behind(rest.0, 4, Layer::Ethernet),
                Some(_) => Step::Inside(Layer::Ethernet(rest.0)),
                None => NOTHING,
            };
        }
    }
    NOTHING
}

/// Whether a frame of Ethernet seems to begin at `from`, by a type that is common behind its addresses.
fn is_ethernet(bytes: &[u8], from: usize) -> bool {
    let ether_type = bytes.get(from + 12..from + 14).and_then(<[u8]>::first_chunk);
    matches!(
        ether_type.copied().map(u16::from_be_bytes),
        Some(0x0800 | 0x0806 | 0x8100 | 0x86dd | 0x8847 | 0x8864 | 0x88a8)
    )
}

/// RFC 2784 §2, RFC 2890 §2; version 1 is PPTP's (RFC 2637 §4.1).
fn gre(bytes: &[u8]) -> Step<'_> {
    const CHECKSUM: u16 = 0x8000;
    const ROUTING: u16 = 0x4000;
    const KEY: u16 = 0x2000;
    const SEQUENCE: u16 = 0x1000;
    const ACKNOWLEDGMENT: u16 = 0x0080;
    let mut rest = Cursor(bytes);
    let (Some(flags), Some(protocol)) = (rest.u16(), rest.u16()) else { return NOTHING };
    let has = |flag: u16| usize::from(flags & flag != 0);
    match (flags & 7, protocol) {
        (0, _) if flags & ROUTING == 0 => {
            let header = 4 * (has(CHECKSUM) + has(KEY) + has(SEQUENCE));
            match protocol {
                // ERSPAN: type II has a sequence number and a header, type I has neither; type III.
                0x88be => behind(rest.0, header + 8 * has(SEQUENCE), Layer::Ethernet),
                0x22eb => {
                    let options = rest.0.get(header + 11).is_some_and(|byte| byte & 1 == 1);
                    behind(rest.0, header + 12 + 8 * usize::from(options), Layer::Ethernet)
                }
                _ => behind(rest.0, header, |inner| Layer::EtherType(protocol, inner)),
            }
        }
        (1, 0x880b) => behind(rest.0, 4 + 4 * (has(SEQUENCE) + has(ACKNOWLEDGMENT)), Layer::Ppp),
        _ => unread(Unread::Protocol(47)),
    }
}

/// What goes to a port that tunnels use.
fn udp(port: u16, bytes: &[u8]) -> Step<'_> {
    match (port, bytes) {
        // VXLAN (RFC 7348 §5), also at the port that Linux had before.
        (4789 | 8472, [flags, ..]) if flags & 0x08 != 0 => behind(bytes, 8, Layer::Ethernet),
        // Its generic extension.
        (4790, [_, _, _, 1 | 2, ..]) => behind(bytes, 8, Layer::Ip),
        (4790, [_, _, _, 3, ..]) => behind(bytes, 8, Layer::Ethernet),
        // GENEVE (RFC 8926 §3.4).
        (6081, [first, ..]) => typed(bytes, 2, 8 + 4 * usize::from(first & 0x3f)),
        (2152, [flags, 0xff, ..]) if flags & 0xf0 == 0x30 => gtp_user(bytes),
        // GRE in UDP (RFC 8086), Teredo (RFC 4380).
        (4754, _) => gre(bytes),
        (3544, [0x60..=0x6f, ..]) => Step::Inside(Layer::Ip(bytes)),
        (1701 | 4500 | 5247, _) => unread(Unread::Udp(port)),
        _ => NOTHING,
    }
}

/// GTP-U (3GPP TS 29.281 §5): a user's packet, behind optional fields where one of the three lowest bits is set, and behind
/// extension headers where their last byte names one: its first byte counts it in fours, its last names the next.
fn gtp_user(bytes: &[u8]) -> Step<'_> {
    let [flags, ..] = bytes else { return NOTHING };
    if flags.trailing_zeros() >= 3 {
        return behind(bytes, 8, Layer::Ip);
    }
    let mut end = 12;
    while flags & 4 != 0
        && let Some(kind) = bytes.get(end - 1)
        && *kind != 0
    {
        match bytes.get(end) {
            Some(fours @ 1..) => end += 4 * usize::from(*fours),
            _ => return unread(Unread::Udp(2152)),
        }
    }
    behind(bytes, end, Layer::Ip)
}

/// What a frame turned out to be.
fn sliced<'a>(packet: &LaxSlicedPacket<'a>) -> Step<'a> {
    let (source, destination, whole): (IpAddr, IpAddr, usize) = match &packet.net {
        Some(LaxNetSlice::Ipv4(ip)) => {
            let header = ip.header();
            // Segmentation offload leaves the length zero: then all that was captured belongs to it.
            let authentication = ip.extensions().auth.map_or(0, |header| header.slice().len());
            let whole = header.payload_len().map_or(0, usize::from).saturating_sub(authentication);
            (header.source_addr().into(), header.destination_addr().into(), whole)
        }
        Some(LaxNetSlice::Ipv6(ip)) => {
            let header = ip.header();
            let extensions = ip.extensions().slice().len();
            let whole = usize::from(header.payload_length()).saturating_sub(extensions);
            (header.source_addr().into(), header.destination_addr().into(), whole)
        }
        Some(LaxNetSlice::Arp(_)) => return NOTHING,
        None => {
            let payload = packet.ether_payload();
            let is_encrypted = packet.link_exts.iter().any(|ext| matches!(ext, LaxLinkExtSlice::Macsec(_)));
            let without = if is_encrypted { unread(Unread::EtherType(0x88e5)) } else { NOTHING };
            return payload.map_or(without, |payload| match payload.ether_type.0 {
                // Those were looked into, and are too short.
                0x0800 | 0x86dd | 0x8100 | 0x88a8 | 0x9100 => NOTHING,
                code => Step::Inside(Layer::EtherType(code, payload.payload)),
            });
        }
    };
    let Some(payload) = packet.net.as_ref().and_then(|net| net.ip_payload_ref()) else { return NOTHING };
    if payload.fragmented {
        return Step::Found(Content::Fragment);
    }
    match &packet.transport {
        Some(TransportSlice::Tcp(tcp)) => {
            let payload = tcp.payload();
            Step::Found(Content::Tcp(Segment {
                source: SocketAddr::new(source, tcp.source_port()),
                destination: SocketAddr::new(destination, tcp.destination_port()),
                sequence: tcp.sequence_number(),
                syn: tcp.syn(),
                ack: tcp.ack(),
                fin: tcp.fin(),
                rst: tcp.rst(),
                payload,
                missing: whole.saturating_sub(tcp.header_len() + payload.len()),
            }))
        }
        Some(TransportSlice::Udp(datagram)) => udp(datagram.destination_port(), datagram.payload()),
        Some(_) => NOTHING,
        None => match payload.ip_number {
            IpNumber::IPV4 | IpNumber::IPV6 | IpNumber(94) => Step::Inside(Layer::Ip(payload.payload)),
            IpNumber::GRE => gre(payload.payload),
            // RFC 3378 §3: EtherIP; RFC 4023 §3: MPLS in IP.
            IpNumber(97) => behind(payload.payload, 2, Layer::Ethernet),
            IpNumber(137) => mpls(payload.payload),
            IpNumber(code @ (50 | 98 | 108 | 115)) => unread(Unread::Protocol(code)),
            _ => NOTHING,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::frames::Conversation;
    use crate::wire::{Both, Side};

    fn frame(client: &str, server: &str) -> Vec<u8> {
        let mut last = Vec::new();
        let mut connection =
            Conversation::new(client.parse().unwrap(), server.parse().unwrap(), Both::default());
        let mut first = true;
        connection.data(Side::Client, b"payload", &mut |headers, payload| {
            if std::mem::take(&mut first) {
                last = [headers, payload].concat();
            }
        });
        last
    }

    fn segment(link: i32, frame: &[u8]) -> Segment<'_> {
        match content(link, frame) {
            Content::Tcp(segment) => segment,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_link_leads_to_the_same_segment() {
        for (client, server) in [("10.0.0.1:5000", "10.0.0.2:443"), ("[fe80::1]:5000", "[fe80::2]:443")] {
            let ethernet = frame(client, server);
            let (kind, ip) = (&ethernet[12..14], &ethernet[14..]);
            let loopback = [&[2, 0, 0, 0], ip].concat();
            let sll = [&[0; 14], kind, ip].concat();
            let sll2 = [kind, &[0; 18], ip].concat();
            let vlan = [&ethernet[..12], &[0x81, 0, 0, 5], &ethernet[12..]].concat();
            let frames = [
                (1, &ethernet[..]),
                (0, &loopback),
                (108, &loopback),
                (113, &sll),
                (276, &sll2),
                (101, ip),
                (1, &vlan),
            ];
            for (link, frame) in frames {
                let segment = segment(link, frame);
                assert_eq!((segment.payload, segment.missing), (&b"payload"[..], 0), "link {link}");
                assert_eq!(
                    (segment.source, segment.destination),
                    (client.parse().unwrap(), server.parse().unwrap())
                );
                assert!(segment.ack && !segment.syn && !segment.fin && !segment.rst);
            }
        }
    }

    #[test]
    fn what_was_cut_off_is_counted() {
        let whole = frame("10.0.0.1:1", "10.0.0.2:2");
        let cut = segment(1, &whole[..whole.len() - 3]);
        assert_eq!((cut.payload, cut.missing), (&b"payl"[..], 3));
        for length in 0..whole.len() {
            let _ = content(1, &whole[..length]);
        }
    }

    #[test]
    fn ethernet_padding_is_no_data() {
        let mut padded = frame("10.0.0.1:1", "10.0.0.2:2");
        padded.extend([0; 20]);
        assert_eq!(segment(1, &padded).payload, b"payload");
    }

    /// A tunnel around an IP packet, and around an Ethernet.
    fn tunnels(ip: &[u8], ethernet: &[u8]) -> Vec<(&'static str, i32, Vec<u8>)> {
        let is_ipv4 = ip[0] >> 4 == 4;
        let ether_type: [u8; 2] = if is_ipv4 { [8, 0] } else { [0x86, 0xdd] };
        // An outer IPv4 header around a protocol, and an Ethernet around that.
        let outer = |protocol: u8, inside: &[u8]| {
            let length = u16::try_from(20 + inside.len()).unwrap().to_be_bytes();
            let header =
                [&[0x45, 0][..], &length, &[0, 0, 0, 0, 64, protocol, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2]];
            [&[0; 12][..], &[8, 0], &header.concat(), inside].concat()
        };
        let datagram = |port: u16, inside: &[u8]| {
            let length = u16::try_from(8 + inside.len()).unwrap().to_be_bytes();
            outer(17, &[&[0x12, 0x34][..], &port.to_be_bytes(), &length, &[0, 0], inside].concat())
        };
        let carried = |code: u16, inside: &[u8]| [&[0; 12][..], &code.to_be_bytes(), inside].concat();
        let ppp = if is_ipv4 { [0, 0x21] } else { [0, 0x57] };
        // RFC 4302 §2: an authentication header of 24 bytes between IP's and TCP's.
        let mut authenticated = ip.to_vec();
        let (protocol, length, header) = if is_ipv4 { (9, 3, 20) } else { (6, 5, 40) };
        authenticated[protocol] = 51;
        authenticated[length] += 24;
        authenticated.splice(header..header, [&[6, 4][..], &[0; 22]].concat());
        let session = [&[0x11, 0, 0, 9, 0, 0][..], &ppp, ip].concat();
        vec![
            ("AH", 101, authenticated),
            ("IP in IP", 1, outer(if is_ipv4 { 4 } else { 41 }, ip)),
            ("GRE", 1, outer(47, &[&[0, 0][..], &ether_type, ip].concat())),
            ("GRE with key", 1, outer(47, &[&[0x20, 0][..], &ether_type, &[0, 0, 0, 7], ip].concat())),
            ("GRE with Ethernet", 1, outer(47, &[&[0, 0, 0x65, 0x58][..], ethernet].concat())),
            ("ERSPAN II", 1, outer(47, &[&[0x10, 0, 0x88, 0xbe][..], &[0; 12], ethernet].concat())),
            ("PPTP", 1, outer(47, &[&[0x30, 1, 0x88, 0x0b, 0, 0, 0, 0, 0, 0, 0, 1][..], &ppp, ip].concat())),
            ("EtherIP", 1, outer(97, &[&[0x30, 0][..], ethernet].concat())),
            ("VXLAN", 1, datagram(4789, &[&[8, 0, 0, 0, 0, 0, 5, 0][..], ethernet].concat())),
            (
                "GENEVE",
                1,
                datagram(6081, &[&[1, 0][..], &ether_type, &[0, 0, 5, 0, 9, 9, 9, 9], ip].concat()),
            ),
            ("GTP-U", 1, datagram(2152, &[&[0x30, 0xff, 0, 0, 0, 0, 0, 1][..], ip].concat())),
            (
                "GTP-U with a sequence number",
                1,
                datagram(2152, &[&[0x32, 0xff, 0, 0, 0, 0, 0, 1, 0, 7, 0, 0][..], ip].concat()),
            ),
            (
                "GTP-U with two extension headers",
                1,
                datagram(
                    2152,
                    &[
                        &[0x34, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0x85][..],
                        &[1, 0, 9, 0x40, 2, 1, 2, 3, 4, 5, 6, 0],
                        ip,
                    ]
                    .concat(),
                ),
            ),
            (
                "802.3 with LLC and SNAP",
                1,
                [&[0; 12][..], &[0, 99, 0xaa, 0xaa, 3, 0, 0, 0], &ether_type, ip].concat(),
            ),
            ("MPLS", 1, carried(0x8847, &[&[0, 0, 0x10, 64, 0, 0, 0x21, 64][..], ip].concat())),
            (
                "MPLS with Ethernet",
                1,
                carried(0x8847, &[&[0, 0, 0x11, 64, 0, 0, 0, 0][..], ethernet].concat()),
            ),
            (
                "MPLS with Ethernet and no control word",
                1,
                carried(0x8847, &[&[0, 0, 0x11, 64, 2][..], &ethernet[1..]].concat()),
            ),
            ("PPPoE", 1, carried(0x8864, &session)),
            ("PPPoE, as a link", 51, session.clone()),
            ("PPP", 9, [&[0xff, 3][..], &ppp, ip].concat()),
            ("PPP, compressed header", 9, [&ppp[1..], ip].concat()),
            ("PPP with a direction", 204, [&[1, 0xff, 3][..], &ppp, ip].concat()),
            ("PPP in HDLC", 50, [&[0xff, 3][..], &ppp, ip].concat()),
            ("Cisco HDLC", 104, [&[0x0f, 0][..], &ether_type, ip].concat()),
            (
                "VXLAN in GRE in IP in IP",
                1,
                outer(
                    4,
                    &outer(
                        47,
                        &[
                            &[0, 0, 8, 0][..],
                            &datagram(4789, &[&[8, 0, 0, 0, 0, 0, 5, 0][..], ethernet].concat())[14..],
                        ]
                        .concat(),
                    )[14..],
                ),
            ),
        ]
    }

    #[test]
    fn every_tunnel_leads_to_the_same_segment() {
        for (client, server) in [("10.0.0.1:5000", "10.0.0.2:443"), ("[fe80::1]:5000", "[fe80::2]:443")] {
            let ethernet = frame(client, server);
            for (tunnel, link, frame) in tunnels(&ethernet[14..], &ethernet) {
                let Content::Tcp(segment) = content(link, &frame) else {
                    panic!("{tunnel}: {:?}", content(link, &frame))
                };
                assert_eq!((segment.payload, segment.missing), (&b"payload"[..], 0), "{tunnel}");
                assert_eq!(segment.source, client.parse().unwrap(), "{tunnel}");
                for length in 0..frame.len() {
                    let _ = content(link, &frame[..length]);
                }
            }
        }
    }

    #[test]
    fn what_is_not_taken_apart_has_a_name() {
        let ethernet = frame("10.0.0.1:1", "10.0.0.2:2");
        let of_type = |high, low| [&ethernet[..12], &[high, low], &ethernet[14..]].concat();
        let mut esp = ethernet.clone();
        esp[14 + 9] = 50;
        // IEEE 802.1AE §9.5: encrypted and changed.
        let macsec = [&ethernet[..12], &[0x88, 0xe5, 0x0c, 0, 0, 0, 0, 1], &[0xa7; 40]].concat();
        let cases = [
            (127, ethernet.clone(), "link type 127 (802.11 with radiotap)"),
            (1, of_type(0x81, 0x37), "ethertype 0x8137 (IPX)"),
            (1, of_type(0xab, 0xcd), "ethertype 0xabcd"),
            (1, esp, "IP protocol 50 (ESP)"),
            (1, macsec, "ethertype 0x88e5 (MACsec, encrypted)"),
            (9, vec![0xff, 3, 0, 0xfd, 1, 2], "PPP protocol 0x00fd (compressed)"),
        ];
        for (link, frame, name) in cases {
            let Content::Unread(what) = content(link, &frame) else { panic!("{name}") };
            assert_eq!(what.to_string(), name);
        }
        // An Ethernet in a pseudowire in an Ethernet, and so on, for ever.
        let mut deep = ethernet.clone();
        for _ in 0..DEEPEST {
            deep = [&ethernet[..12], &[0x65, 0x58], &deep].concat();
        }
        assert_eq!(content(1, &deep), Content::Unread(Unread::Depth));
        assert_eq!(content(1, &of_type(0x08, 0x06)), Content::Other, "ARP is whole in itself");
    }
}
