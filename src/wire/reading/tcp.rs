//! From segments to streams: one direction of a TCP connection put in order (RFC 9293 §3.4, §3.10.7.4).
//!
//! Out of order, retransmitted, overlapping: the bytes that came first count. Sequence numbers wrap. What is
//! missing is waited for until [`MOST_WAITING`] bytes stand behind the gap or the capture ends; then it is
//! reported as a gap. Bounded by that.

use std::collections::BTreeMap;

/// The most bytes of one direction that wait for missing ones before them.
pub const MOST_WAITING: usize = 1 << 20;
/// The most segments that do: many small ones cost more than their bytes.
const MOST_SEGMENTS: usize = 4096;

/// A piece of a stream, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Bytes.
    Data(&'a [u8]),
    /// A segment's bytes, of which the receiver drops the first so many: they came before, perhaps saying something
    /// else. Whoever watches the wire reads both.
    Dropped(&'a [u8], usize),
    /// So many bytes were not captured.
    Gap(u64),
}

/// What the segments of one direction were like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quality {
    /// Bytes that came again.
    pub repeated: u64,
    /// Segments that came before their turn.
    pub out_of_order: u64,
    /// Bytes that are missing.
    pub missing: u64,
}

/// One direction of a connection.
#[derive(Debug, Default)]
pub struct Stream {
    /// The position of the next byte; positions count from the first byte seen, plus 2^32 so that none is
    /// negative. Invariant: every waiting segment begins behind it.
    next: Option<Position>,
    waiting: BTreeMap<u64, Waiting>,
    bytes_waiting: usize,
    quality: Quality,
}

#[derive(Clone, Copy, Debug)]
struct Position {
    byte: u64,
    sequence: u32,
}

#[derive(Debug)]
struct Waiting {
    data: Vec<u8>,
    missing: usize,
}

impl Stream {
    /// A segment: its sequence number, whether it is a SYN, its bytes and how many behind them were not
    /// captured. Hands over what is now in order.
    pub fn segment(
        &mut self,
        sequence: u32,
        syn: bool,
        data: &[u8],
        missing: usize,
        hand: &mut dyn FnMut(Piece<'_>),
    ) {
        // RFC 9293 §3.4: SYN counts as one byte, before the data.
        let sequence = sequence.wrapping_add(u32::from(syn));
        let next = *self.next.get_or_insert(Position { byte: 1 << 32, sequence });
        if data.is_empty() && missing == 0 {
            return;
        }
        // The distance from what is expected, as a signed number: sequence numbers wrap.
        let distance = sequence.wrapping_sub(next.sequence).cast_signed();
        let start = next.byte.saturating_add_signed(i64::from(distance));
        if start > next.byte {
            self.wait(start, data, missing, hand);
            if self.bytes_waiting > MOST_WAITING || self.waiting.len() > MOST_SEGMENTS {
                self.skip(hand);
            }
        } else {
            self.arrive(start, data, missing, hand);
        }
        self.drain(hand);
    }

    /// No segment will come any more: hands over what waits, with the gaps before it.
    pub fn finish(&mut self, hand: &mut dyn FnMut(Piece<'_>)) {
        while !self.waiting.is_empty() {
            self.skip(hand);
            self.drain(hand);
        }
    }

    /// What the segments were like.
    pub fn quality(&self) -> Quality {
        self.quality
    }

    /// Whether anything was seen of this direction.
    pub fn has_begun(&self) -> bool {
        self.next.is_some()
    }

    /// Bytes that begin at or before the next position.
    fn arrive(&mut self, start: u64, data: &[u8], missing: usize, hand: &mut dyn FnMut(Piece<'_>)) {
        let Some(next) = self.next else { return };
        let known = next.byte - start;
        let fresh = usize::try_from(known).ok().and_then(|known| data.get(known..)).unwrap_or_default();
        let dropped = data.len() - fresh.len();
        if dropped > 0 {
            self.quality.repeated += dropped as u64;
            hand(Piece::Dropped(data, dropped));
        }
        if !fresh.is_empty() {
            self.advance(fresh.len() as u64);
            hand(Piece::Data(fresh));
        }
        let end = start + data.len() as u64 + missing as u64;
        if missing > 0
            && let Some(next) = self.next
            && end > next.byte
        {
            // It may yet come again in full; but what is behind it usually comes first.
            self.gap(end - next.byte, hand);
        }
    }

    fn wait(&mut self, start: u64, data: &[u8], missing: usize, hand: &mut dyn FnMut(Piece<'_>)) {
        self.quality.out_of_order += 1;
        if self.waiting.get(&start).is_some_and(|known| known.data.len() >= data.len()) {
            self.quality.repeated += data.len() as u64;
            hand(Piece::Dropped(data, data.len()));
            return;
        }
        self.bytes_waiting += data.len();
        if let Some(known) = self.waiting.insert(start, Waiting { data: data.to_vec(), missing }) {
            self.bytes_waiting -= known.data.len();
            self.quality.repeated += known.data.len() as u64;
            hand(Piece::Dropped(&known.data, known.data.len()));
        }
    }

    /// How many bytes wait.
    pub fn waiting(&self) -> usize {
        self.bytes_waiting
    }

    /// Hands over waiting segments that have become next.
    fn drain(&mut self, hand: &mut dyn FnMut(Piece<'_>)) {
        while let Some(next) = self.next
            && let Some(first) = self.waiting.first_entry()
            && *first.key() <= next.byte
        {
            let (start, segment) = first.remove_entry();
            self.bytes_waiting -= segment.data.len();
            self.arrive(start, &segment.data, segment.missing, hand);
        }
    }

    /// Gives up what is missing before the first waiting segment.
    fn skip(&mut self, hand: &mut dyn FnMut(Piece<'_>)) {
        if let (Some(next), Some((start, _))) = (self.next, self.waiting.first_key_value()) {
            self.gap(start - next.byte, hand);
        }
    }

    fn gap(&mut self, bytes: u64, hand: &mut dyn FnMut(Piece<'_>)) {
        self.quality.missing += bytes;
        self.advance(bytes);
        hand(Piece::Gap(bytes));
    }

    fn advance(&mut self, bytes: u64) {
        if let Some(next) = &mut self.next {
            next.byte += bytes;
            #[expect(clippy::cast_possible_truncation, reason = "the arithmetic is modulo 2^32")]
            let bytes = bytes as u32;
            next.sequence = next.sequence.wrapping_add(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a stream hands over, gaps as dots.
    #[derive(Default)]
    struct Heard(Vec<u8>);

    impl Heard {
        fn hear(&mut self, piece: Piece<'_>) {
            match piece {
                Piece::Data(data) => self.0.extend_from_slice(data),
                Piece::Dropped(data, dropped) => assert!(dropped > 0 && dropped <= data.len()),
                Piece::Gap(bytes) => self.0.extend((0..bytes).map(|_| b'.')),
            }
        }
    }

    fn play(segments: &[(u32, &str)]) -> (String, Quality) {
        let (mut stream, mut heard) = (Stream::default(), Heard::default());
        stream.segment(99, true, b"", 0, &mut |piece| heard.hear(piece));
        for (sequence, data) in segments {
            stream.segment(*sequence, false, data.as_bytes(), 0, &mut |piece| heard.hear(piece));
        }
        stream.finish(&mut |piece| heard.hear(piece));
        (String::from_utf8(heard.0).unwrap(), stream.quality())
    }

    #[test]
    fn segments_are_put_in_order() {
        let cases: &[(&[(u32, &str)], &str)] = &[
            (&[(100, "abc"), (103, "def")], "abcdef"),
            (&[(103, "def"), (100, "abc")], "abcdef"),
            (&[(100, "abc"), (100, "abc"), (103, "def")], "abcdef"),
            (&[(100, "abc"), (101, "XXdef")], "abcdef"),
            (&[(104, "ef"), (102, "cd"), (100, "ab")], "abcdef"),
            (&[(103, "d"), (103, "def"), (100, "abc")], "abcdef"),
            (&[(100, "ab"), (104, "ef")], "ab..ef"),
            (&[(99, "?abc")], "abc"),
            (&[], ""),
        ];
        for (segments, expected) in cases {
            assert_eq!(play(segments).0, *expected, "{segments:?}");
        }
        let quality = play(&[(100, "ab"), (104, "ef"), (100, "ab")]).1;
        assert_eq!(quality, Quality { repeated: 2, out_of_order: 1, missing: 2 });
    }

    #[test]
    fn what_the_receiver_drops_is_handed_over_as_such() {
        type Case<'a> = (&'a [(u32, &'a str)], &'a [(&'a str, usize)]);
        let cases: &[Case<'_>] = &[
            (&[(100, "abc"), (100, "xyz")], &[("xyz", 3)]),
            (&[(100, "abc"), (102, "?def")], &[("?def", 1)]),
            // A keep-alive with a byte (RFC 1122 §4.2.3.6).
            (&[(100, "abc"), (102, "K")], &[("K", 1)]),
            // Twins before their turn: the longer one counts, whichever came first.
            (&[(103, "def"), (103, "ghi"), (100, "abc")], &[("ghi", 3)]),
            (&[(103, "d"), (103, "ghi"), (100, "abc")], &[("d", 1)]),
            (&[(99, "?abc")], &[("?abc", 1)]),
        ];
        for (segments, expected) in cases {
            let (mut stream, mut found) = (Stream::default(), Vec::new());
            stream.segment(99, true, b"", 0, &mut |_| {});
            for (sequence, data) in *segments {
                stream.segment(*sequence, false, data.as_bytes(), 0, &mut |piece| {
                    if let Piece::Dropped(data, dropped) = piece {
                        found.push((String::from_utf8(data.to_vec()).unwrap(), dropped));
                    }
                });
            }
            let found: Vec<_> = found.iter().map(|(data, dropped)| (data.as_str(), *dropped)).collect();
            assert_eq!(found, *expected, "{segments:?}");
        }
    }

    #[test]
    fn what_was_not_captured_is_a_gap() {
        let (mut stream, mut heard) = (Stream::default(), Heard::default());
        stream.segment(1, false, b"ab", 3, &mut |piece| heard.hear(piece));
        stream.segment(6, false, b"fg", 0, &mut |piece| heard.hear(piece));
        assert_eq!(heard.0, b"ab...fg");
    }

    #[test]
    fn a_gap_is_given_up_before_memory_is() {
        let (mut stream, mut bytes, mut gaps) = (Stream::default(), 0, 0);
        stream.segment(0, true, b"", 0, &mut |_| {});
        for index in 1..200_u32 {
            stream.segment(1 + index * 10_000, false, &[0; 10_000], 0, &mut |piece| match piece {
                Piece::Data(data) => bytes += data.len(),
                Piece::Dropped(..) => panic!("nothing came twice"),
                Piece::Gap(length) => gaps += length,
            });
            assert!(stream.bytes_waiting <= MOST_WAITING);
        }
        assert_eq!((bytes, gaps), (1_990_000, 10_000));
    }

    proptest! {
        /// Whatever the order, with everything repeated and overlapping, across the wrap: the stream comes out.
        #[test]
        fn any_order_gives_the_stream(
            text in proptest::collection::vec(any::<u8>(), 1..300),
            pieces in proptest::collection::vec((0..300_usize, 1..50_usize), 0..60),
            initial in prop_oneof![any::<u32>(), u32::MAX - 200..=u32::MAX],
        ) {
            let (mut stream, mut heard) = (Stream::default(), Heard::default());
            stream.segment(initial, true, b"", 0, &mut |piece| heard.hear(piece));
            let whole = (0..text.len()).step_by(7).map(|start| (start, 9));
            for (start, length) in pieces.into_iter().chain(whole) {
                let start = start.min(text.len());
                let data = &text[start..(start + length).min(text.len())];
                let sequence = initial.wrapping_add(1).wrapping_add(u32::try_from(start).unwrap());
                stream.segment(sequence, false, data, 0, &mut |piece| heard.hear(piece));
            }
            prop_assert_eq!(heard.0, text);
            prop_assert_eq!(stream.bytes_waiting, 0);
        }

        /// Arbitrary segments: no panic, bounded memory, and every byte is handed over or reported.
        #[test]
        fn hostile_segments_are_survived(
            segments in proptest::collection::vec((any::<u32>(), any::<bool>(), 0..100_usize, 0..2000_usize), 0..80),
        ) {
            let mut stream = Stream::default();
            for (sequence, syn, length, missing) in segments {
                stream.segment(sequence, syn, &vec![1; length], missing, &mut |_| {});
                prop_assert!(stream.bytes_waiting <= MOST_WAITING + 100);
            }
            stream.finish(&mut |_| {});
            prop_assert!(stream.waiting.is_empty());
        }
    }
}
