//! TLS records: the five-byte header (RFC 8446 §5.1), a stream as a sequence of records, and nothing of what is
//! inside them.

/// A record's header: type, legacy version, length.
pub const HEADER: usize = 5;
/// The longest fragment that is accepted: 2^14 + 2048 bytes (RFC 5246 §6.2.3), the larger of the two limits.
pub const LONGEST: usize = (1 << 14) + 2048;

/// The buffer that a stream keeps between records.
const SMALL: usize = 1 << 10;

/// What a record carries, by its first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ContentType {
    /// 20.
    ChangeCipherSpec,
    /// 21.
    Alert,
    /// 22.
    Handshake,
    /// 23.
    ApplicationData,
    /// 24 (RFC 6520).
    Heartbeat,
}

impl ContentType {
    /// By its code; `None` for what no TLS record begins with.
    pub fn read(code: u8) -> Option<Self> {
        Some(match code {
            20 => Self::ChangeCipherSpec,
            21 => Self::Alert,
            22 => Self::Handshake,
            23 => Self::ApplicationData,
            24 => Self::Heartbeat,
            _ => return None,
        })
    }

    /// Its code.
    pub fn code(self) -> u8 {
        match self {
            Self::ChangeCipherSpec => 20,
            Self::Alert => 21,
            Self::Handshake => 22,
            Self::ApplicationData => 23,
            Self::Heartbeat => 24,
        }
    }

    /// As the RFC spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::ChangeCipherSpec => "change_cipher_spec",
            Self::Alert => "alert",
            Self::Handshake => "handshake",
            Self::ApplicationData => "application_data",
            Self::Heartbeat => "heartbeat",
        }
    }
}

/// A record's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// What the record carries.
    pub content_type: ContentType,
    /// The legacy version: says little since TLS 1.3.
    pub version: u16,
    /// The fragment's bytes.
    pub length: usize,
}

impl Header {
    /// Reads five bytes; `None` where they begin no TLS record: another type, a version whose major number is
    /// not 3, a fragment longer than any record's.
    pub fn read(bytes: [u8; HEADER]) -> Option<Self> {
        let [kind, major, minor, high, low] = bytes;
        let content_type = ContentType::read(kind)?;
        let length = usize::from(u16::from_be_bytes([high, low]));
        (major == 3 && minor <= 4 && length <= LONGEST).then_some(Self {
            content_type,
            version: u16::from_be_bytes([major, minor]),
            length,
        })
    }
}

/// Whether a stream that begins with `start` begins with a ClientHello: the record header, the message's type.
/// `None` where `start` is too short to tell.
pub fn begins_with_client_hello(start: &[u8]) -> Option<bool> {
    let pattern = |index: usize, byte: u8| match index {
        0 => byte == 22,
        1 => byte == 3,
        2 => byte <= 4,
        3 => usize::from(byte) <= LONGEST >> 8,
        5 => byte == 1, // HandshakeType client_hello
        _ => true,
    };
    if !start.iter().take(6).enumerate().all(|(index, byte)| pattern(index, *byte)) {
        return Some(false);
    }
    (start.len() >= 6).then_some(true)
}

/// A record as it came out of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// Its header.
    pub header: Header,
    /// Where in the stream the header begins.
    pub offset: u64,
    /// Its fragment. `None` where bytes of it are missing, or where it was not wanted.
    pub fragment: Option<&'a [u8]>,
    /// How many of the fragment's bytes are missing.
    pub missing: usize,
}

/// What a stream gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit<'a> {
    /// A record.
    Record(Record<'a>),
    /// Bytes that belong to no record: where they begin, how many.
    Stray(u64, u64),
}

/// Takes one direction of a TLS connection apart into records. Bounded by one record.
///
/// Bytes that cannot be a record header are strays; so is all that follows them until a chunk begins with what
/// can. After missing bytes the next record is where the lengths say, or where a chunk begins with one.
#[derive(Debug, Default)]
pub struct Records {
    /// The next byte's position.
    position: u64,
    state: State,
    /// Header and fragment, as far as they have come.
    buffer: Vec<u8>,
    /// Whether fragments of application data are wanted too.
    pub wants_application_data: bool,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    /// In a header; the buffer holds what there is of it.
    #[default]
    Header,
    /// In a fragment: its header, how much of it is to come, how much is missing, whether the buffer takes it.
    Fragment { header: Header, left: usize, missing: usize, kept: bool },
    /// Beyond understanding, until a chunk begins with a header.
    Lost,
}

impl Records {
    /// The next bytes.
    pub fn take(&mut self, mut data: &[u8], hand: &mut dyn FnMut(Unit<'_>)) {
        if matches!(self.state, State::Lost) && data.first_chunk().copied().and_then(Header::read).is_some() {
            self.state = State::Header;
        }
        while !data.is_empty() {
            match self.state {
                State::Lost => {
                    hand(Unit::Stray(self.position, data.len() as u64));
                    self.position += data.len() as u64;
                    return;
                }
                State::Header => {
                    // A whole record in one chunk is the common case, and needs no copy.
                    if self.buffer.is_empty()
                        && let Some((bytes, rest)) = data.split_first_chunk()
                        && let Some(header) = Header::read(*bytes)
                        && let Some((fragment, rest)) = rest.split_at_checked(header.length)
                    {
                        let record =
                            Record { header, offset: self.position, fragment: Some(fragment), missing: 0 };
                        self.position += (HEADER + header.length) as u64;
                        hand(Unit::Record(record));
                        data = rest;
                        continue;
                    }
                    let (taken, rest) = data.split_at(data.len().min(HEADER - self.buffer.len()));
                    self.buffer.extend_from_slice(taken);
                    self.position += taken.len() as u64;
                    data = rest;
                    self.begin(hand);
                }
                State::Fragment { header, left, missing, kept } => {
                    let (taken, rest) = data.split_at(data.len().min(left));
                    if kept {
                        self.buffer.extend_from_slice(taken);
                    }
                    self.position += taken.len() as u64;
                    data = rest;
                    self.go_on(header, left - taken.len(), missing, kept, hand);
                }
            }
        }
    }

    /// Missing bytes.
    pub fn skip(&mut self, bytes: u64, hand: &mut dyn FnMut(Unit<'_>)) {
        if let State::Fragment { header, left, missing, .. } = self.state {
            let skipped = usize::try_from(bytes).unwrap_or(usize::MAX).min(left);
            self.position += skipped as u64;
            self.buffer.clear();
            self.go_on(header, left - skipped, missing + skipped, false, hand);
            let beyond = bytes - skipped as u64;
            if beyond > 0 {
                self.lose(beyond);
            }
        } else {
            if !self.buffer.is_empty() {
                let held = self.buffer.len() as u64;
                hand(Unit::Stray(self.position - held, held));
            }
            self.lose(bytes);
        }
    }

    /// No more bytes will come: hands over a record that was cut off.
    pub fn finish(&mut self, hand: &mut dyn FnMut(Unit<'_>)) {
        match self.state {
            State::Fragment { header, left, missing, .. } => {
                let offset = self.position - (HEADER + header.length - left) as u64;
                hand(Unit::Record(Record { header, offset, fragment: None, missing: missing + left }));
            }
            State::Header if !self.buffer.is_empty() => {
                let held = self.buffer.len() as u64;
                hand(Unit::Stray(self.position - held, held));
            }
            State::Header | State::Lost => {}
        }
        self.buffer.clear();
        self.state = State::Lost;
    }

    /// How many bytes wait for the rest of their record.
    pub fn held(&self) -> usize {
        self.buffer.len()
    }

    /// Whether the stream stands between two records.
    pub fn is_between(&self) -> bool {
        matches!(self.state, State::Header) && self.buffer.is_empty()
    }

    fn lose(&mut self, bytes: u64) {
        self.position += bytes;
        self.buffer.clear();
        self.state = State::Lost;
    }

    /// Turns a complete header into the fragment to come.
    fn begin(&mut self, hand: &mut dyn FnMut(Unit<'_>)) {
        let Some(bytes) = self.buffer.first_chunk().copied() else { return };
        self.buffer.clear();
        let Some(header) = Header::read(bytes) else {
            hand(Unit::Stray(self.position - HEADER as u64, HEADER as u64));
            self.state = State::Lost;
            return;
        };
        let kept = self.wants_application_data || header.content_type != ContentType::ApplicationData;
        self.go_on(header, header.length, 0, kept, hand);
    }

    /// Goes on in a fragment of which `left` bytes are to come.
    fn go_on(
        &mut self,
        header: Header,
        left: usize,
        missing: usize,
        kept: bool,
        hand: &mut dyn FnMut(Unit<'_>),
    ) {
        if left > 0 {
            self.state = State::Fragment { header, left, missing, kept };
            return;
        }
        self.state = State::Header;
        let offset = self.position - (HEADER + header.length) as u64;
        let fragment = (kept && missing == 0).then_some(self.buffer.as_slice());
        hand(Unit::Record(Record { header, offset, fragment, missing }));
        self.buffer.clear();
        // Of thousands of connections, few are in the middle of a record.
        self.buffer.shrink_to(SMALL);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn headers_are_told_from_other_bytes() {
        let header = Header::read([22, 3, 1, 1, 0]).unwrap();
        assert_eq!(header, Header { content_type: ContentType::Handshake, version: 0x0301, length: 256 });
        assert!(Header::read([23, 3, 3, 0x48, 0]).is_some(), "the longest");
        for bytes in [[19, 3, 3, 0, 1], [22, 2, 0, 0, 1], [22, 3, 5, 0, 1], [23, 3, 3, 0x48, 1], *b"GET /"] {
            assert_eq!(Header::read(bytes), None, "{bytes:?}");
        }
    }

    fn units(chunks: &[Option<&[u8]>]) -> Vec<String> {
        let mut records = Records { wants_application_data: true, ..Records::default() };
        let mut found = Vec::new();
        let mut hand = |unit: Unit<'_>| {
            found.push(match unit {
                Unit::Record(record) => format!(
                    "{} at {}: {:?}",
                    record.header.content_type.name(),
                    record.offset,
                    record
                        .fragment
                        .map_or(format!("{} missing", record.missing), |f| f.escape_ascii().to_string())
                ),
                Unit::Stray(offset, bytes) => format!("{bytes} stray at {offset}"),
            });
        };
        for chunk in chunks {
            match chunk {
                Some(data) => records.take(data, &mut hand),
                None => records.skip(4, &mut hand),
            }
        }
        records.finish(&mut hand);
        found
    }

    #[test]
    fn streams_are_taken_apart_however_they_are_chunked() {
        let stream = b"\x16\x03\x01\0\x03abc\x17\x03\x03\0\0\x17\x03\x03\0\x02de";
        let expected =
            [r#"handshake at 0: "abc""#, r#"application_data at 8: """#, r#"application_data at 13: "de""#];
        assert_eq!(units(&[Some(stream)]), expected);
        for cut in 0..stream.len() {
            let (a, b) = stream.split_at(cut);
            assert_eq!(units(&[Some(a), Some(b)]), expected, "{cut}");
        }
        let bytes: Vec<_> = stream.chunks(1).map(Some).collect();
        assert_eq!(units(&bytes), expected);
    }

    #[test]
    fn missing_bytes_cost_the_record_they_are_of() {
        let gap = [Some(&b"\x16\x03\x01\0\x08abc"[..]), None, Some(b"d\x15\x03\x03\0\x02xy")];
        assert_eq!(units(&gap), [r#"handshake at 0: "4 missing""#, r#"alert at 13: "xy""#]);
        let beyond = [Some(&b"\x16\x03\x01\0\x02a"[..]), None, Some(b"what"), Some(b"\x15\x03\x03\0\x01y")];
        assert_eq!(
            units(&beyond),
            [r#"handshake at 0: "1 missing""#, "4 stray at 10", r#"alert at 14: "y""#]
        );
        assert_eq!(units(&[Some(b"\x16\x03"), None]), ["2 stray at 0"]);
        assert_eq!(units(&[Some(b"\x16\x03\x01\0\x09ab")]), [r#"handshake at 0: "7 missing""#], "cut off");
    }

    #[test]
    fn what_is_no_record_is_stray() {
        assert_eq!(units(&[Some(b"GET / HTTP/1.1")]), ["5 stray at 0", "9 stray at 5"]);
    }

    proptest! {
        /// Arbitrary bytes in arbitrary chunks: every byte is accounted for, and none twice.
        #[test]
        fn every_byte_is_accounted_for(
            chunks in proptest::collection::vec(
                prop_oneof![
                    proptest::collection::vec(any::<u8>(), 0..40),
                    (20..25_u8, 0..50_u8).prop_map(|(kind, length)| vec![kind, 3, 3, 0, length]),
                ],
                0..30,
            ),
        ) {
            let mut records = Records::default();
            let mut next = 0;
            let mut missing = 0;
            let mut hand = |unit: Unit<'_>| {
                let (offset, bytes) = match unit {
                    Unit::Record(record) => {
                        missing += record.missing as u64;
                        (record.offset, (HEADER + record.header.length) as u64)
                    }
                    Unit::Stray(offset, bytes) => (offset, bytes),
                };
                assert_eq!(offset, next);
                next += bytes;
            };
            for chunk in &chunks {
                records.take(chunk, &mut hand);
            }
            records.finish(&mut hand);
            prop_assert_eq!(next - missing, chunks.iter().map(Vec::len).sum::<usize>() as u64);
        }
    }

    #[test]
    fn a_client_hello_shows_in_six_bytes() {
        let start = [22, 3, 1, 2, 0, 1];
        for length in 0..6 {
            assert_eq!(begins_with_client_hello(&start[..length]), None, "{length} bytes");
        }
        assert_eq!(begins_with_client_hello(&start), Some(true));
        assert_eq!(begins_with_client_hello(b"GET / HTTP/1.1"), Some(false));
        assert_eq!(begins_with_client_hello(&[22, 3, 1, 2, 0, 2]), Some(false), "a ServerHello");
    }
}
