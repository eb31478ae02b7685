//! Writing pcapng (draft-ietf-opsawg-pcapng): blocks appended to a buffer, whole or not at all.
//!
//! One section, one Ethernet interface with nanosecond timestamps, little-endian. A Decryption Secrets Block
//! serves the packets that come *after* it: a reader that goes through the file once needs the secrets first,
//! and it is the caller's business to append them in that order.

use std::time::Duration;

/// LINKTYPE_ETHERNET.
const ETHERNET: u16 = 1;
/// `TLSK`: the secrets are lines of an NSS key log.
const TLS_KEY_LOG: u32 = 0x544c_534b;

const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE_DESCRIPTION: u32 = 1;
const ENHANCED_PACKET: u32 = 6;
const DECRYPTION_SECRETS: u32 = 10;

const OPT_END: u16 = 0;
const OPT_COMMENT: u16 = 1;
const SHB_USER_APPLICATION: u16 = 4;
const IF_NAME: u16 = 2;
const IF_DESCRIPTION: u16 = 3;
const IF_TIMESTAMP_RESOLUTION: u16 = 9;

/// The start of a file: the section header with `application` and `comment`, and the one interface, called
/// `interface`.
pub fn start(out: &mut Vec<u8>, application: &str, comment: &str, interface: &str) {
    block(out, SECTION_HEADER, |body| {
        body.extend(0x1a2b_3c4d_u32.to_le_bytes()); // byte-order magic
        body.extend(1_u16.to_le_bytes()); // version 1.0
        body.extend(0_u16.to_le_bytes());
        body.extend(u64::MAX.to_le_bytes()); // section length: not specified
        option(body, OPT_COMMENT, comment.as_bytes());
        option(body, SHB_USER_APPLICATION, application.as_bytes());
        option(body, OPT_END, &[]);
    });
    block(out, INTERFACE_DESCRIPTION, |body| {
        body.extend(ETHERNET.to_le_bytes());
        body.extend(0_u16.to_le_bytes()); // reserved
        body.extend(0_u32.to_le_bytes()); // snap length: no limit
        option(body, IF_NAME, interface.as_bytes());
        option(body, IF_DESCRIPTION, b"synthetic Ethernet, IP and TCP around relayed bytes");
        option(body, IF_TIMESTAMP_RESOLUTION, &[9]); // 10^-9 s
        option(body, OPT_END, &[]);
    });
}

/// One packet, seen `at` (since 1970-01-01 UTC), in two parts.
pub fn packet(out: &mut Vec<u8>, at: Duration, headers: &[u8], payload: &[u8]) {
    // 2^64 ns reach to the year 2554; later packets carry that time.
    let stamp = u64::try_from(at.as_nanos()).unwrap_or(u64::MAX);
    #[expect(clippy::cast_possible_truncation, reason = "the format splits the stamp into two halves")]
    let (high, low) = ((stamp >> 32) as u32, stamp as u32);
    // A frame is at most an MTU.
    let length = u32::try_from(headers.len() + payload.len()).unwrap_or(u32::MAX);
    let padding = (length.next_multiple_of(4) - length) as usize;
    let total = length.next_multiple_of(4) + 32;
    // The block, its one interface, the stamp, as much captured as there was. There are many of these, so:
    // written in one go.
    let words = [ENHANCED_PACKET, total, 0, high, low, length, length];
    let mut head = [0; 28];
    for (place, word) in head.as_chunks_mut::<4>().0.iter_mut().zip(words) {
        *place = word.to_le_bytes();
    }
    out.reserve(total as usize);
    out.extend_from_slice(&head);
    out.extend_from_slice(headers);
    out.extend_from_slice(payload);
    out.extend_from_slice(&[0; 3][..padding]);
    out.extend_from_slice(&total.to_le_bytes());
}

/// The secrets of TLS sessions whose packets follow: `lines` of an NSS key log.
pub fn secrets(out: &mut Vec<u8>, lines: &str) {
    block(out, DECRYPTION_SECRETS, |body| {
        body.extend(TLS_KEY_LOG.to_le_bytes());
        body.extend(length_of(lines.as_bytes()).to_le_bytes());
        body.extend(lines.as_bytes());
        pad(body, lines.len());
    });
}

/// A block: type, total length, body (which pads itself to 32 bits), total length again.
fn block(out: &mut Vec<u8>, kind: u32, body: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend(kind.to_le_bytes());
    out.extend([0; 4]);
    body(out);
    let total = length_of(&out[start..]).saturating_add(4);
    out[start + 4..start + 8].copy_from_slice(&total.to_le_bytes());
    out.extend(total.to_le_bytes());
}

/// An option: code, length, value, padding.
fn option(body: &mut Vec<u8>, code: u16, value: &[u8]) {
    let value = &value[..value.len().min(usize::from(u16::MAX))];
    body.extend(code.to_le_bytes());
    body.extend(u16::try_from(value.len()).unwrap_or(u16::MAX).to_le_bytes());
    body.extend(value);
    pad(body, value.len());
}

fn pad(body: &mut Vec<u8>, length: usize) {
    body.extend(&[0; 3][..length.next_multiple_of(4) - length]);
}

/// Lengths of what is written here: a frame is at most an MTU, secrets at most some kilobytes.
fn length_of(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The blocks of a little-endian section: type and body.
    fn blocks(mut file: &[u8]) -> Vec<(u32, &[u8])> {
        let word = |bytes: &[u8]| u32::from_le_bytes(bytes[..4].try_into().unwrap());
        let mut found = Vec::new();
        while !file.is_empty() {
            let total = usize::try_from(word(&file[4..])).unwrap();
            assert_eq!(total % 4, 0, "blocks are aligned to 32 bits");
            assert_eq!(word(&file[total - 4..]), word(&file[4..]), "the length stands at both ends");
            found.push((word(file), &file[8..total - 4]));
            file = &file[total..];
        }
        found
    }

    #[test]
    fn blocks_are_framed_and_in_order() {
        let mut file = Vec::new();
        start(&mut file, "tlslab", "a comment", "lab");
        secrets(&mut file, "CLIENT_RANDOM 00 11\n");
        packet(&mut file, Duration::new(1, 2), b"12", b"345");
        let blocks = blocks(&file);
        let kinds: Vec<u32> = blocks.iter().map(|(kind, _)| *kind).collect();
        assert_eq!(kinds, [SECTION_HEADER, INTERFACE_DESCRIPTION, DECRYPTION_SECRETS, ENHANCED_PACKET]);
        assert_eq!(&blocks[2].1[..8], b"KSLT\x14\0\0\0");
        let packet = blocks[3].1;
        let stamp = (u64::from(packet[4]) | u64::from(packet[5]) << 8) << 32
            | u64::from(u32::from_le_bytes(packet[8..12].try_into().unwrap()));
        assert_eq!(stamp, 1_000_000_002);
        assert_eq!(&packet[12..20], [5, 0, 0, 0, 5, 0, 0, 0]);
        assert_eq!(&packet[20..], b"12345\0\0\0");
    }
}
