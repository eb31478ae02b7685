//! TLS records: the five-octet header (RFC 8446 §5.1) and nothing of what is inside.

/// A record's header: type, legacy version, length.
pub const HEADER: usize = 5;
/// The longest fragment that is accepted: 2^14 + 2048 octets (RFC 5246 §6.2.3), the larger of the two limits.
pub const LONGEST: usize = (1 << 14) + 2048;

/// What a record carries, by its first octet.
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
    /// The fragment's octets.
    pub length: usize,
}

impl Header {
    /// Reads five octets; `None` where they begin no TLS record: another type, a version whose major number is
    /// not 3, a fragment longer than any record's.
    pub fn read(octets: [u8; HEADER]) -> Option<Self> {
        let [kind, major, minor, high, low] = octets;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_told_from_other_bytes() {
        let header = Header::read([22, 3, 1, 1, 0]).unwrap();
        assert_eq!(header, Header { content_type: ContentType::Handshake, version: 0x0301, length: 256 });
        assert!(Header::read([23, 3, 3, 0x48, 0]).is_some(), "the longest");
        for octets in [[19, 3, 3, 0, 1], [22, 2, 0, 0, 1], [22, 3, 5, 0, 1], [23, 3, 3, 0x48, 1], *b"GET /"] {
            assert_eq!(Header::read(octets), None, "{octets:?}");
        }
    }

    #[test]
    fn a_client_hello_shows_in_six_octets() {
        let start = [22, 3, 1, 2, 0, 1];
        for length in 0..6 {
            assert_eq!(begins_with_client_hello(&start[..length]), None, "{length} octets");
        }
        assert_eq!(begins_with_client_hello(&start), Some(true));
        assert_eq!(begins_with_client_hello(b"GET / HTTP/1.1"), Some(false));
        assert_eq!(begins_with_client_hello(&[22, 3, 1, 2, 0, 2]), Some(false), "a ServerHello");
    }
}
