//! From a captured frame to the TCP segment in it.
//!
//! Ethernet with VLAN tags, BSD loopback (NULL, LOOP), Linux cooked captures (SLL, SLL2) and raw IP; IPv4 with
//! options, IPv6 with extension headers. Not done: checksums are not verified (captures on the sending machine
//! have none yet), and IP fragments are not put together.

use std::net::{IpAddr, SocketAddr};

use etherparse::{EtherType, LaxNetSlice, LaxSlicedPacket, TransportSlice};

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
    /// How many octets of data were not captured.
    pub missing: usize,
}

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content<'a> {
    /// A TCP segment.
    Tcp(Segment<'a>),
    /// A fragment of an IP packet.
    Fragment,
    /// Anything else.
    Other,
}

/// Looks into a frame of the given LINKTYPE.
pub fn content(link: i32, frame: &[u8]) -> Content<'_> {
    let packet = match link {
        1 => LaxSlicedPacket::from_ethernet(frame).ok(),
        // NULL and LOOP: four octets of address family in some byte order; the IP version says the same.
        0 | 108 => frame.get(4..).and_then(|ip| LaxSlicedPacket::from_ip(ip).ok()),
        // RAW, as numbered in files and by some systems' own habit; IPV4; IPV6.
        12 | 14 | 101 | 228 | 229 => LaxSlicedPacket::from_ip(frame).ok(),
        113 => cooked(frame, 14, 16),
        276 => cooked(frame, 0, 20),
        _ => None,
    };
    packet.map_or(Content::Other, |packet| tcp(&packet))
}

/// Linux cooked: the ether type at one place, the network packet at another.
fn cooked(frame: &[u8], ether_type: usize, network: usize) -> Option<LaxSlicedPacket<'_>> {
    let code = u16::from_be_bytes(*frame.get(ether_type..)?.first_chunk()?);
    Some(LaxSlicedPacket::from_ether_type(EtherType(code), frame.get(network..)?))
}

fn tcp<'a>(packet: &LaxSlicedPacket<'a>) -> Content<'a> {
    let (source, destination, whole): (IpAddr, IpAddr, usize) = match &packet.net {
        Some(LaxNetSlice::Ipv4(ip)) => {
            let header = ip.header();
            // Segmentation offload leaves the length zero: then all that was captured belongs to it.
            let whole = header.payload_len().map_or(0, usize::from);
            (header.source_addr().into(), header.destination_addr().into(), whole)
        }
        Some(LaxNetSlice::Ipv6(ip)) => {
            let header = ip.header();
            let extensions = ip.extensions().slice().len();
            let whole = usize::from(header.payload_length()).saturating_sub(extensions);
            (header.source_addr().into(), header.destination_addr().into(), whole)
        }
        _ => return Content::Other,
    };
    if packet.net.as_ref().and_then(|net| net.ip_payload_ref()).is_some_and(|payload| payload.fragmented) {
        return Content::Fragment;
    }
    let Some(TransportSlice::Tcp(tcp)) = &packet.transport else { return Content::Other };
    let payload = tcp.payload();
    Content::Tcp(Segment {
        source: SocketAddr::new(source, tcp.source_port()),
        destination: SocketAddr::new(destination, tcp.destination_port()),
        sequence: tcp.sequence_number(),
        syn: tcp.syn(),
        ack: tcp.ack(),
        fin: tcp.fin(),
        rst: tcp.rst(),
        payload,
        missing: whole.saturating_sub(tcp.header_len() + payload.len()),
    })
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
}
