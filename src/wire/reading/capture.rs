//! Reading captures: pcap and pcapng, one block at a time.
//!
//! Both byte orders, micro- and nanoseconds and whatever an interface's if_tsresol says, several sections, any
//! number of interfaces, Decryption Secrets Blocks, the obsolete Packet Block that old files have; all that also
//! compressed with gzip. A file that ends in the middle of a block, or goes on with
//! something that is no block, gives what stands before and says so ([`Ending`]). Memory: one buffer that grows
//! to the longest block, and a block longer than [`LONGEST_BLOCK`] ends the reading.

use std::cell::RefCell;
use std::io::{self, Read};
use std::time::Duration;

use flate2::read::MultiGzDecoder;
use pcap_parser::pcapng::{Block, SecretsType};
use pcap_parser::traits::{PcapNGPacketBlock, PcapReaderIterator};
use pcap_parser::{LegacyPcapReader, Linktype, PcapBlockOwned, PcapError, PcapNGReader};

use crate::wire::vector::Cursor;

/// The longest block that is read, in bytes.
pub const LONGEST_BLOCK: usize = 64 << 20;
/// What the buffer begins with.
const BUFFER: usize = 1 << 20;

/// A captured packet.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    /// When it was captured, since 1970-01-01 UTC.
    pub at: Duration,
    /// What kind of link it was captured on: a LINKTYPE number.
    pub link: i32,
    /// Its bytes, as far as captured.
    pub data: &'a [u8],
    /// How many bytes it had on the wire.
    pub length: usize,
}

/// Something in a capture.
#[derive(Clone, Copy, Debug)]
pub enum Item<'a> {
    /// A packet.
    Packet(Packet<'a>),
    /// Lines of an NSS key log.
    KeyLog(&'a [u8]),
    /// A block of a kind that is not known, by its type: nobody can say what is in it.
    Unknown(u32),
}

/// How a capture ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Where a block ends.
    Whole,
    /// In the middle of a block, after so many bytes of whole ones.
    CutOff(u64),
    /// With something that is no block, after so many bytes of whole ones.
    Malformed(u64),
    /// With a block longer than [`LONGEST_BLOCK`], after so many bytes.
    TooLong(u64),
}

/// A file that is no capture, or that cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// Reading failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It is compressed otherwise than with gzip: with what.
    #[error("compressed: expected pcap or pcapng, also with gzip, found {0}")]
    Compressed(&'static str),
    /// It begins neither as pcap nor as pcapng.
    #[error("not a capture: expected pcap or pcapng, found {0}")]
    NotACapture(String),
}

/// Reads a capture from its beginning, handing over each packet and key log in order.
pub fn read(mut input: impl Read, mut each: impl FnMut(Item<'_>)) -> Result<Ending, Unreadable> {
    let begin = beginning(&mut input)?;
    let input = io::Cursor::new(begin.clone()).chain(input);
    match begin.as_slice() {
        [0x1f, 0x8b, ..] => plain(MultiGzDecoder::new(input), &mut each),
        [0x28, 0xb5, 0x2f, 0xfd] => Err(Unreadable::Compressed("zstd")),
        [0xfd, b'7', b'z', b'X'] => Err(Unreadable::Compressed("xz")),
        [b'B', b'Z', b'h', ..] => Err(Unreadable::Compressed("bzip2")),
        [0x04, 0x22, 0x4d, 0x18] => Err(Unreadable::Compressed("lz4")),
        _ => plain(input, &mut each),
    }
}

/// The first four bytes, or as many as there are.
fn beginning(input: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut begin = Vec::with_capacity(4);
    input.take(4).read_to_end(&mut begin)?;
    Ok(begin)
}

/// Reads what is not compressed, or not any more.
fn plain(mut input: impl Read, each: &mut impl FnMut(Item<'_>)) -> Result<Ending, Unreadable> {
    let trouble = RefCell::new(Trouble::None);
    let begin = beginning(&mut input)?;
    let input = io::Cursor::new(begin.clone()).chain(input);
    let input = Filling { input, bytes: 0, trouble: &trouble };
    let ending = match *begin.as_slice() {
        [0x0a, 0x0d, 0x0d, 0x0a] => match PcapNGReader::new(BUFFER, input) {
            Ok(mut reader) => blocks(&mut reader, each),
            Err(PcapError::Incomplete(_)) => Ending::CutOff(0),
            Err(_) => return Err(Unreadable::NotACapture("a malformed section header".to_owned())),
        },
        [0xd4, 0xc3, 0xb2, 0xa1]
        | [0xa1, 0xb2, 0xc3, 0xd4]
        | [0x4d, 0x3c, 0xb2, 0xa1]
        | [0xa1, 0xb2, 0x3c, 0x4d]
        | [0x34, 0xcd, 0xb2, 0xa1] => match LegacyPcapReader::new(BUFFER, input) {
            Ok(mut reader) => blocks(&mut reader, each),
            Err(PcapError::Incomplete(_)) => Ending::CutOff(0),
            Err(_) => return Err(Unreadable::NotACapture("a malformed header".to_owned())),
        },
        [] => return Err(Unreadable::NotACapture("an empty file".to_owned())),
        _ => {
            let found = format!("a file that begins with {}", crate::words::hex(&begin));
            return Err(Unreadable::NotACapture(found));
        }
    };
    match (trouble.into_inner(), ending) {
        // A disk that fails in the middle is no file that ends there.
        (Trouble::Failed(error), _) => Err(Unreadable::Io(error)),
        // Compressed bytes that end too early, or that were changed, end what can be read of the capture.
        (Trouble::Damaged(bytes), Ending::Whole) => Ok(Ending::CutOff(bytes)),
        (_, ending) => Ok(ending),
    }
}

/// Why reading ended before the end.
enum Trouble {
    None,
    /// The input failed.
    Failed(io::Error),
    /// It is compressed and damaged, behind so many bytes.
    Damaged(u64),
}

/// Fills the whole buffer at each read, as the block readers want to tell short from ended. An error ends the input and
/// is kept.
struct Filling<'a, R> {
    input: R,
    bytes: u64,
    trouble: &'a RefCell<Trouble>,
}

impl<R: Read> Read for Filling<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut have = 0;
        while have < buffer.len() && matches!(*self.trouble.borrow(), Trouble::None) {
            match self.input.read(&mut buffer[have..]) {
                Ok(0) => break,
                Ok(count) => {
                    have += count;
                    self.bytes += count as u64;
                }
                Err(error) => match error.kind() {
                    io::ErrorKind::Interrupted => {}
                    io::ErrorKind::UnexpectedEof
                    | io::ErrorKind::InvalidData
                    | io::ErrorKind::InvalidInput => {
                        *self.trouble.borrow_mut() = Trouble::Damaged(self.bytes);
                    }
                    _ => *self.trouble.borrow_mut() = Trouble::Failed(error),
                },
            }
        }
        Ok(have)
    }
}

fn blocks(reader: &mut dyn PcapReaderIterator, each: &mut impl FnMut(Item<'_>)) -> Ending {
    let mut sections = Sections::default();
    let mut read = 0_u64;
    let mut capacity = BUFFER;
    loop {
        let consumed = match reader.next() {
            Ok((size, block)) => {
                sections.take(&block, each);
                size
            }
            Err(PcapError::Eof) => return Ending::Whole,
            Err(PcapError::UnexpectedEof) => return Ending::CutOff(read),
            Err(PcapError::Incomplete(_)) => {
                if reader.reader_exhausted() {
                    return Ending::CutOff(read);
                }
                if reader.refill().is_err() {
                    return Ending::CutOff(read);
                }
                continue;
            }
            Err(PcapError::BufferTooSmall) => {
                if capacity >= LONGEST_BLOCK {
                    return Ending::TooLong(read);
                }
                // Only as far as there is anything to fill it with: a length field alone costs nothing.
                if reader.data().len() + 8 >= capacity {
                    capacity = (capacity * 2).min(LONGEST_BLOCK);
                    reader.grow(capacity);
                }
                let before = reader.data().len();
                if reader.refill().is_err() || reader.data().len() == before {
                    return if reader.reader_exhausted() {
                        Ending::CutOff(read)
                    } else {
                        Ending::TooLong(read)
                    };
                }
                continue;
            }
            Err(_) => return Ending::Malformed(read),
        };
        reader.consume_noshift(consumed);
        read += consumed as u64;
    }
}

/// How an interface tells the time, and on what link.
#[derive(Clone, Copy)]
struct Interface {
    link: i32,
    /// Units in a second.
    resolution: u64,
    /// Seconds to add.
    offset: i64,
}

#[derive(Default)]
struct Sections {
    interfaces: Vec<Interface>,
    /// Of the section: pcapng's blocks are in the byte order of their section's header.
    big_endian: bool,
    nanoseconds: bool,
    link: i32,
}

impl Sections {
    fn take(&mut self, block: &PcapBlockOwned<'_>, each: &mut impl FnMut(Item<'_>)) {
        match block {
            PcapBlockOwned::LegacyHeader(header) => {
                self.nanoseconds = header.is_nanosecond_precision();
                // The upper bits of the field say other things (draft-ietf-opsawg-pcap §4).
                self.link = header.network.0 & 0xffff;
            }
            PcapBlockOwned::Legacy(packet) => {
                let scale = if self.nanoseconds { 1 } else { 1000 };
                let at = Duration::from_secs(u64::from(packet.ts_sec))
                    + Duration::from_nanos(u64::from(packet.ts_usec) * scale);
                let captured = packet.data.len().min(packet.caplen as usize);
                let length = packet.origlen as usize;
                each(Item::Packet(Packet { at, link: self.link, data: &packet.data[..captured], length }));
            }
            PcapBlockOwned::NG(Block::SectionHeader(section)) => {
                self.interfaces.clear();
                self.big_endian = section.big_endian();
            }
            PcapBlockOwned::NG(Block::InterfaceDescription(interface)) => self.interfaces.push(Interface {
                link: interface.linktype.0,
                resolution: interface.ts_resolution().filter(|units| *units > 0).unwrap_or(1_000_000),
                offset: interface.ts_offset(),
            }),
            PcapBlockOwned::NG(Block::EnhancedPacket(packet)) => {
                let interface = self.interfaces.get(packet.if_id as usize).copied().unwrap_or(UNDESCRIBED);
                let ticks = u64::from(packet.ts_high) << 32 | u64::from(packet.ts_low);
                each(Item::Packet(Packet {
                    at: interface.time(ticks),
                    link: interface.link,
                    data: packet.packet_data(),
                    length: packet.origlen as usize,
                }));
            }
            PcapBlockOwned::NG(Block::SimplePacket(packet)) => {
                let interface = self.interfaces.first().copied().unwrap_or(UNDESCRIBED);
                // It has no time of its own.
                each(Item::Packet(Packet {
                    at: Duration::ZERO,
                    link: interface.link,
                    data: packet.packet_data(),
                    length: packet.origlen as usize,
                }));
            }
            PcapBlockOwned::NG(Block::DecryptionSecrets(secrets))
                if secrets.secrets_type == SecretsType::TlsKeyLog =>
            {
                let length = secrets.data.len().min(secrets.secrets_len as usize);
                each(Item::KeyLog(&secrets.data[..length]));
            }
            PcapBlockOwned::NG(Block::Unknown(block)) => {
                // The parser leaves the type of what it does not know in little endian.
                let kind = if self.big_endian { block.block_type.swap_bytes() } else { block.block_type };
                match (kind, self.packet_block(block.data)) {
                    (PACKET_BLOCK, Some(packet)) => each(Item::Packet(packet)),
                    (kind, _) => each(Item::Unknown(kind)),
                }
            }
            PcapBlockOwned::NG(Block::Custom(_)) => each(Item::Unknown(CUSTOM_BLOCK)),
            PcapBlockOwned::NG(_) => {}
        }
    }

    /// The obsolete Packet Block (draft-ietf-opsawg-pcapng appendix A): interface, drops, time, lengths, bytes.
    fn packet_block<'a>(&self, body: &'a [u8]) -> Option<Packet<'a>> {
        let mut body = Cursor(body);
        let (interface, _drops) = (self.short(&mut body)?, self.short(&mut body)?);
        let (high, low) = (self.word(&mut body)?, self.word(&mut body)?);
        let (captured, length) = (self.word(&mut body)?, self.word(&mut body)?);
        let interface = self.interfaces.get(usize::from(interface)).copied().unwrap_or(UNDESCRIBED);
        let at = interface.time(u64::from(high) << 32 | u64::from(low));
        let data = body.take(captured as usize)?;
        Some(Packet { at, link: interface.link, data, length: length as usize })
    }

    fn short(&self, body: &mut Cursor<'_>) -> Option<u16> {
        body.u16().map(|short| if self.big_endian { short } else { short.swap_bytes() })
    }

    fn word(&self, body: &mut Cursor<'_>) -> Option<u32> {
        body.u32().map(|word| if self.big_endian { word } else { word.swap_bytes() })
    }
}

/// The type of the obsolete Packet Block.
const PACKET_BLOCK: u32 = 2;
/// The type of Custom Blocks, which anybody may put anything into.
const CUSTOM_BLOCK: u32 = 0xbad;

/// An interface that no block describes: Ethernet, microseconds.
const UNDESCRIBED: Interface = Interface { link: Linktype::ETHERNET.0, resolution: 1_000_000, offset: 0 };

impl Interface {
    fn time(self, ticks: u64) -> Duration {
        let nanoseconds = u128::from(ticks % self.resolution) * 1_000_000_000 / u128::from(self.resolution);
        let seconds = (ticks / self.resolution).saturating_add_signed(self.offset);
        // Less than a second, so the conversion does not fail.
        Duration::new(seconds, u32::try_from(nanoseconds).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::pcapng;

    fn all(file: &[u8]) -> Result<(Vec<String>, Ending), Unreadable> {
        let mut found = Vec::new();
        let ending = read(file, |item| {
            found.push(match item {
                Item::Packet(packet) => {
                    format!("{:?} {} {}", packet.at, packet.link, packet.data.escape_ascii())
                }
                Item::KeyLog(lines) => format!("keys {}", lines.escape_ascii()),
                Item::Unknown(kind) => format!("block {kind}"),
            });
        })?;
        Ok((found, ending))
    }

    fn ours() -> Vec<u8> {
        let mut file = Vec::new();
        pcapng::start(&mut file, "a", "b", "c");
        pcapng::secrets(&mut file, "LINE 1\n");
        pcapng::packet(&mut file, Duration::new(1_700_000_000, 5), b"pack", b"et");
        file
    }

    /// A pcap of one packet, in either byte order and resolution.
    fn pcap(big_endian: bool, nanoseconds: bool) -> Vec<u8> {
        let word = |word: u32| if big_endian { word.to_be_bytes() } else { word.to_le_bytes() };
        let magic = if nanoseconds { 0xa1b2_3c4d } else { 0xa1b2_c3d4 };
        let version = if big_endian { [0, 2, 0, 4] } else { [2, 0, 4, 0] };
        let header = [word(magic), version, word(0), word(0), word(65535), word(101)].concat();
        [&header[..], &[word(10), word(7), word(6), word(60)].concat(), b"packet"].concat()
    }

    #[test]
    fn what_we_write_is_read_back() {
        let (found, ending) = all(&ours()).unwrap();
        assert_eq!(found, [r"keys LINE 1\n", "1700000000.000000005s 1 packet"]);
        assert_eq!(ending, Ending::Whole);
    }

    #[test]
    fn pcap_in_both_byte_orders_and_resolutions() {
        for (big_endian, nanoseconds, time) in [
            (false, false, "10.000007s"),
            (true, false, "10.000007s"),
            (false, true, "10.000000007s"),
            (true, true, "10.000000007s"),
        ] {
            let (found, ending) = all(&pcap(big_endian, nanoseconds)).unwrap();
            assert_eq!(
                found,
                [format!("{time} 101 packet")],
                "big endian {big_endian}, nanoseconds {nanoseconds}"
            );
            assert_eq!(ending, Ending::Whole);
        }
    }

    fn gzip(file: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        io::Write::write_all(&mut encoder, file).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_compressed_capture_is_read_as_it_was() {
        for file in [ours(), pcap(true, false)] {
            let packed = gzip(&file);
            assert_eq!(all(&packed).unwrap(), all(&file).unwrap());
            // Two members one after the other are one file (RFC 1952 §2.2).
            let (a, b) = file.split_at(file.len() / 2);
            assert_eq!(all(&[gzip(a), gzip(b)].concat()).unwrap(), all(&file).unwrap());
            let cut = all(&packed[..packed.len() - 9]);
            assert!(cut.is_err() || cut.is_ok_and(|(_, ending)| ending != Ending::Whole));
        }
        let refused = all(&[0x28, 0xb5, 0x2f, 0xfd, 0]).unwrap_err().to_string();
        assert_eq!(refused, "compressed: expected pcap or pcapng, also with gzip, found zstd");
        let twice = all(&gzip(&gzip(&ours()))).unwrap_err().to_string();
        assert!(twice.contains("found a file that begins with 1f8b"), "{twice}");
    }

    #[test]
    fn the_obsolete_packet_block_is_a_packet_and_unknown_blocks_are_told() {
        for big_endian in [false, true] {
            let word = |word: u32| if big_endian { word.to_be_bytes() } else { word.to_le_bytes() };
            let short = |short: u16| if big_endian { short.to_be_bytes() } else { short.to_le_bytes() };
            let block = |kind: u32, body: &[u8]| {
                let length = word(u32::try_from(body.len() + 12).unwrap());
                [&word(kind)[..], &length, body, &length].concat()
            };
            let section = [&word(0x1a2b_3c4d)[..], &short(1), &short(0), &[0xff; 8]].concat();
            let interface = [&short(101)[..], &short(0), &word(0)].concat();
            let packet = [
                &short(0)[..],
                &short(0),
                &word(0),
                &word(5_000_001),
                &word(6),
                &word(60),
                b"packet",
                &[0; 2],
            ]
            .concat();
            let cut = [&short(0)[..], &short(0), &word(0), &word(5), &word(99), &word(99), b"none"].concat();
            let file = [
                block(0x0a0d_0d0a, &section),
                block(1, &interface),
                block(2, &packet),
                block(2, &cut),
                block(0x0bad_cafe, &[0; 4]),
            ]
            .concat();
            let (found, ending) = all(&file).unwrap();
            assert_eq!(
                found,
                ["5.000001s 101 packet", "block 2", "block 195939070"],
                "big endian {big_endian}"
            );
            assert_eq!(ending, Ending::Whole);
        }
    }

    #[test]
    fn every_prefix_gives_what_stands_before_the_cut() {
        for file in [ours(), pcap(true, false)] {
            for length in 1..file.len() {
                match all(&file[..length]) {
                    Ok((found, Ending::Whole)) => assert!(found.len() < 2, "{length}"),
                    Ok((_, ending)) => assert!(matches!(ending, Ending::CutOff(_)), "{length}: {ending:?}"),
                    Err(error) => assert!(length < 24, "{length}: {error}"),
                }
            }
        }
    }

    #[test]
    fn what_is_no_capture_is_refused() {
        for (file, message) in [
            (&b""[..], "not a capture: expected pcap or pcapng, found an empty file"),
            (b"-----BEGIN", "not a capture: expected pcap or pcapng, found a file that begins with 2d2d2d2d"),
        ] {
            assert_eq!(all(file).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn a_failing_disk_is_no_end() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("the disk is on fire"))
            }
        }
        let mut packets = 0;
        let error = read(ours().as_slice().chain(Broken), |_| packets += 1).unwrap_err();
        assert_eq!((error.to_string().as_str(), packets), ("the disk is on fire", 2));
    }

    #[test]
    fn a_monstrous_block_ends_the_reading_without_its_memory() {
        let mut file = ours();
        let whole = file.len() as u64;
        file.extend([6, 0, 0, 0, 0xf0, 0xff, 0xff, 0xff]);
        file.extend([0; 64]);
        let (found, ending) = all(&file).unwrap();
        assert_eq!((found.len(), ending), (2, Ending::CutOff(whole)));
    }

    proptest! {
        /// A capture with some bytes changed, or none of a capture at all: read or refused, without panic.
        #[test]
        fn damaged_files_are_survived(
            choice in 0..4_usize,
            changes in proptest::collection::vec((0..400_usize, any::<u8>()), 0..20),
            tail in proptest::collection::vec(any::<u8>(), 0..100),
        ) {
            let magic = [0x0a, 0x0d, 0x0d, 0x0a].to_vec();
            let mut file = [ours(), pcap(true, true), pcap(false, false), magic][choice].clone();
            file.extend(tail);
            for (index, byte) in changes {
                if let Some(place) = file.get_mut(index) {
                    *place = byte;
                }
            }
            let _ = all(&file);
        }
    }
}
