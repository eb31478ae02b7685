//! Looking for a text in what crosses the wire, in the guises that people send texts in.
//!
//! Raw (as typed, UTF-8), UTF-16 in both byte orders, hexadecimal in both cases, and base64 in both alphabets at
//! all three alignments. Streams are searched as streams: a text may be spread over segments. Not found: what is
//! compressed, encrypted, percent-encoded, or base64 that is broken into lines.

use aho_corasick::{AhoCorasick, MatchKind};

/// How a text stands on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Guise {
    /// As typed.
    Raw,
    /// UTF-16, either byte order.
    Utf16,
    /// Hexadecimal, either case.
    Hex,
    /// Base64, either alphabet.
    Base64,
}

impl Guise {
    /// `raw`, `utf-16`, `hex`, `base64`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Utf16 => "utf-16",
            Self::Hex => "hex",
            Self::Base64 => "base64",
        }
    }
}

/// The fewest base64 characters that are looked for: fewer would be found by chance.
const FEWEST_BASE64: usize = 4;

/// A text that is looked for.
/// ```
/// use tlslab::wire::reading::find::{Needle, Unsearchable};
/// assert_eq!(Needle::new("hunter2")?.text(), "hunter2");
/// assert_eq!(Needle::new("").err(), Some(Unsearchable::Empty));
/// # Ok::<(), Unsearchable>(())
/// ```
#[derive(Debug)]
pub struct Needle {
    text: String,
    searcher: AhoCorasick,
    guises: Vec<Guise>,
    /// The patterns' bytes in number.
    lengths: Vec<usize>,
    longest: usize,
}

/// A text that cannot be looked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsearchable {
    /// It is empty.
    #[error("an empty text is everywhere")]
    Empty,
    /// It is longer than [`Needle::LONGEST`].
    #[error("a text of {0} bytes is too long to look for: expected at most {max}", max = Needle::LONGEST)]
    TooLong(usize),
}

impl Needle {
    /// The longest text that can be looked for, in bytes.
    pub const LONGEST: usize = 4096;

    /// Prepares to look for `text`.
    pub fn new(text: &str) -> Result<Self, Unsearchable> {
        if text.is_empty() {
            return Err(Unsearchable::Empty);
        }
        if text.len() > Self::LONGEST {
            return Err(Unsearchable::TooLong(text.len()));
        }
        let mut patterns = patterns(text);
        patterns.sort();
        patterns.dedup_by(|a, b| a.1 == b.1);
        let (guises, patterns): (Vec<_>, Vec<_>) = patterns.into_iter().unzip();
        let lengths: Vec<usize> = patterns.iter().map(Vec::len).collect();
        let longest = lengths.iter().copied().max().unwrap_or_default();
        // Building fails only for more patterns or bytes than 2^31, and these are a dozen of a few thousand.
        let searcher = AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(&patterns);
        let searcher = searcher.map_err(|_| Unsearchable::TooLong(text.len()))?;
        Ok(Self { text: text.to_owned(), searcher, guises, lengths, longest })
    }

    /// The fewest bytes that the text takes in a guise.
    pub fn length(&self, guise: Guise) -> usize {
        let of_guise = self.guises.iter().zip(&self.lengths).filter(|(known, _)| **known == guise);
        of_guise.map(|(_, length)| *length).min().unwrap_or_default()
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// Where a search in one stream stands: the bytes that a find may still begin in.
#[derive(Clone, Debug, Default)]
pub struct Search {
    tail: Vec<u8>,
    /// The position of the next byte.
    position: u64,
}

impl Search {
    /// Looks at the next bytes; says where each find begins, and in which guise.
    pub fn look(&mut self, needle: &Needle, data: &[u8], found: &mut dyn FnMut(u64, Guise)) {
        let keep = needle.longest - 1;
        let before = self.tail.len();
        if before > 0 {
            // Finds that begin in the tail and end in the new bytes.
            self.tail.extend_from_slice(&data[..data.len().min(keep)]);
            let start = self.position - before as u64;
            for hit in
                needle.searcher.find_iter(&self.tail).filter(|hit| hit.start() < before && hit.end() > before)
            {
                found(start + hit.start() as u64, needle.guises[hit.pattern()]);
            }
        }
        for hit in needle.searcher.find_iter(data) {
            found(self.position + hit.start() as u64, needle.guises[hit.pattern()]);
        }
        if data.len() >= keep {
            self.tail.clear();
            self.tail.extend_from_slice(&data[data.len() - keep..]);
        } else {
            self.tail.truncate(before);
            self.tail.extend_from_slice(data);
            let excess = self.tail.len().saturating_sub(keep);
            self.tail.drain(..excess);
        }
        self.position += data.len() as u64;
    }

    /// The position of the next byte.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Bytes are missing here: nothing is found across them.
    pub fn skip(&mut self, bytes: u64) {
        self.tail.clear();
        self.position += bytes;
    }
}

fn patterns(text: &str) -> Vec<(Guise, Vec<u8>)> {
    let bytes = text.as_bytes();
    let hex = crate::words::hex(bytes);
    let mut patterns = vec![
        (Guise::Raw, bytes.to_vec()),
        (Guise::Utf16, text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        (Guise::Utf16, text.encode_utf16().flat_map(u16::to_be_bytes).collect()),
        (Guise::Hex, hex.to_ascii_uppercase().into_bytes()),
        (Guise::Hex, hex.into_bytes()),
    ];
    for alphabet in [b"+/", b"-_"] {
        patterns.extend(
            (0..3).filter_map(|shift| base64(bytes, shift, *alphabet)).map(|text| (Guise::Base64, text)),
        );
    }
    patterns
}

/// The base64 characters that `bytes` alone decide when `shift` bytes stand before them (RFC 4648 §4, §5).
fn base64(bytes: &[u8], shift: usize, last_two: [u8; 2]) -> Option<Vec<u8>> {
    let bit = |index: usize| bytes[index / 8] >> (7 - index % 8) & 1;
    // The first character boundary, in bits, at or after the text's first bit.
    let first = (shift * 8).next_multiple_of(6) - shift * 8;
    let characters = (bytes.len() * 8).saturating_sub(first) / 6;
    let text: Vec<u8> = (0..characters)
        .map(|character| {
            let value = (0..6).fold(0, |value, index| value << 1 | bit(first + character * 6 + index));
            match value {
                0..=25 => b'A' + value,
                26..=51 => b'a' + value - 26,
                52..=61 => b'0' + value - 52,
                62 => last_two[0],
                _ => last_two[1],
            }
        })
        .collect();
    (text.len() >= FEWEST_BASE64).then_some(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn find(text: &str, chunks: &[&[u8]]) -> Vec<(u64, Guise)> {
        let needle = Needle::new(text).unwrap();
        let (mut search, mut found) = (Search::default(), Vec::new());
        for chunk in chunks {
            search.look(&needle, chunk, &mut |at, guise| found.push((at, guise)));
        }
        found
    }

    #[test]
    fn each_guise_is_found() {
        // Made with `printf 'xxsecret word' | base64` and its like.
        let cases: &[(&[u8], u64, Guise)] = &[
            (b"a secret word", 2, Guise::Raw),
            (b"s\0e\0c\0r\0e\0t\0 \0w\0o\0r\0d\0", 0, Guise::Utf16),
            (b"\0s\0e\0c\0r\0e\0t\0 \0w\0o\0r\0d", 0, Guise::Utf16),
            (b"73656372657420776f7264", 0, Guise::Hex),
            (b"73656372657420776F7264", 0, Guise::Hex),
            (b"c2VjcmV0IHdvcmQ=", 0, Guise::Base64),
            (b"eHNlY3JldCB3b3Jk", 2, Guise::Base64),
            (b"eHhzZWNyZXQgd29yZA==", 3, Guise::Base64),
        ];
        for (wire, at, guise) in cases {
            assert_eq!(find("secret word", &[wire]), [(*at, *guise)], "{}", wire.escape_ascii());
        }
        assert_eq!(find("secret word", &[b"a secret w0rd"]), []);
        assert_eq!(find("\u{3ff}?>", &[b"z78/Pg"]), [(0, Guise::Base64)]);
        assert_eq!(find("\u{3ff}?>", &[b"z78_Pg"]), [(0, Guise::Base64)]);
    }

    #[test]
    fn a_find_may_be_spread_over_chunks_but_not_over_a_gap() {
        for cut in 1..11 {
            let (a, b) = b"secret word".split_at(cut);
            assert_eq!(find("secret word", &[b"..", a, b, b".."]), [(2, Guise::Raw)], "{cut}");
        }
        let single: Vec<&[u8]> = b"..secret word..secret word".chunks(1).collect();
        assert_eq!(find("secret word", &single), [(2, Guise::Raw), (15, Guise::Raw)]);
        let needle = Needle::new("secret").unwrap();
        let (mut search, mut found) = (Search::default(), Vec::new());
        search.look(&needle, b"sec", &mut |at, _| found.push(at));
        search.skip(10);
        search.look(&needle, b"ret secret", &mut |at, _| found.push(at));
        assert_eq!(found, [17]);
    }

    #[test]
    fn unsearchable_texts_are_refused() {
        assert_eq!(Needle::new("").unwrap_err(), Unsearchable::Empty);
        assert_eq!(Needle::new(&"x".repeat(5000)).unwrap_err(), Unsearchable::TooLong(5000));
        assert_eq!(find("a", &[b"cab"]), [(1, Guise::Raw)]);
    }

    proptest! {
        #[test]
        fn chunking_changes_nothing(
            wire in "[ab]{0,60}", text in "[ab]{1,4}", sizes in proptest::collection::vec(1..9_usize, 1..60),
        ) {
            let mut rest = wire.as_bytes();
            let mut chunks = Vec::new();
            for size in sizes {
                let (chunk, more) = rest.split_at(size.min(rest.len()));
                chunks.push(chunk);
                rest = more;
            }
            chunks.push(rest);
            // Finds that overlap each other may be counted differently; whether there is any may not.
            prop_assert_eq!(find(&text, &chunks).is_empty(), !wire.contains(&text));
        }
    }
}
