//! Handshake messages: put together from records (RFC 8446 §5.1), and what an observer reads in those that are
//! neither hello.

use super::vector::Cursor;
use crate::tls::registry::curve_type;

/// The longest message that is kept: certificate chains of post-quantum keys fit several times.
pub const LONGEST: usize = 1 << 18;
/// A message's type and length.
const HEADER: usize = 4;

/// A handshake message.
#[derive(Clone, Copy, Debug)]
pub struct HandshakeMessage<'a> {
    /// Its type.
    pub kind: u8,
    /// Its body's bytes in number.
    pub length: usize,
    /// Its body; `None` where it is longer than [`LONGEST`].
    pub body: Option<&'a [u8]>,
}

/// One direction's handshake messages, put together. Bounded by [`LONGEST`].
#[derive(Debug, Default)]
pub struct Messages {
    buffer: Vec<u8>,
    /// Bytes of a message that is too long to be kept that are still to come.
    passing: usize,
}

impl Messages {
    /// A record's fragment: hands over each message that is complete now, or that has begun and is too long.
    pub fn take(&mut self, fragment: &[u8], hand: &mut dyn FnMut(HandshakeMessage<'_>)) {
        let passed = self.passing.min(fragment.len());
        self.passing -= passed;
        self.buffer.extend_from_slice(&fragment[passed..]);
        let mut start = 0;
        while let Some(header) = self.buffer[start..].first_chunk::<HEADER>() {
            let [kind, a, b, c] = *header;
            let length = usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c);
            let body = start + HEADER;
            if length > LONGEST {
                hand(HandshakeMessage { kind, length, body: None });
                self.passing = length.saturating_sub(self.buffer.len() - body);
                start = self.buffer.len().min(body + length);
            } else if let Some(body) = self.buffer.get(body..body + length) {
                hand(HandshakeMessage { kind, length, body: Some(body) });
                start += HEADER + length;
            } else {
                break;
            }
        }
        self.buffer.drain(..start);
        if self.buffer.is_empty() {
            self.buffer = Vec::new();
        }
    }

    /// How many bytes wait for the rest of their message.
    pub fn held(&self) -> usize {
        self.buffer.len()
    }

    /// The type of the message that has begun and is not complete.
    pub fn unfinished(&self) -> Option<u8> {
        self.buffer.first().copied()
    }

    /// Forgets what has begun: bytes are missing.
    pub fn reset(&mut self) {
        self.buffer.clear();
        self.passing = 0;
    }
}

/// The certificates of a TLS 1.2 Certificate message (RFC 5246 §7.4.2), in DER.
pub fn certificates_1_2(body: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    if let Some(mut list) = Cursor(body).vector24().map(Cursor) {
        while let Some(certificate) = list.vector24() {
            found.push(certificate.to_vec());
        }
    }
    found
}

/// The certificates of a TLS 1.3 Certificate message (RFC 8446 §4.4.2), in DER.
pub fn certificates_1_3(body: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut body = Cursor(body);
    if let (Some(_context), Some(list)) = (body.vector8(), body.vector24()) {
        let mut list = Cursor(list);
        while let (Some(certificate), Some(_extensions)) = (list.vector24(), list.vector16()) {
            found.push(certificate.to_vec());
        }
    }
    found
}

/// The group of a TLS 1.2 ServerKeyExchange with a named curve (RFC 8422 §5.4).
pub fn named_curve(body: &[u8]) -> Option<u16> {
    let mut body = Cursor(body);
    (body.u8()? == curve_type::NAMED_CURVE).then(|| body.u16()).flatten()
}

/// The scheme that a TLS 1.2 ServerKeyExchange with a named curve is signed by (RFC 8422 §5.4); an anonymous one is not.
pub fn named_curve_scheme(body: &[u8]) -> Option<u16> {
    named_curve(body)?;
    let mut body = Cursor(body);
    // curve_type, namedcurve, the point.
    body.take(3)?;
    body.vector8()?;
    body.u16()
}

/// The scheme of a CertificateVerify (RFC 8446 §4.4.3, RFC 5246 §7.4.8).
pub fn certificate_verify_scheme(body: &[u8]) -> Option<u16> {
    Cursor(body).u16()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        [&[kind], &u32::try_from(body.len()).unwrap().to_be_bytes()[1..], body].concat()
    }

    fn take(fragments: &[&[u8]]) -> (Vec<(u8, usize, bool)>, Option<u8>) {
        let (mut messages, mut found) = (Messages::default(), Vec::new());
        for fragment in fragments {
            messages.take(fragment, &mut |message| {
                found.push((message.kind, message.length, message.body.is_some()));
            });
        }
        (found, messages.unfinished())
    }

    #[test]
    fn messages_span_records_and_share_them() {
        let two = [message(1, b"abc"), message(20, b"")].concat();
        let expected = (vec![(1, 3, true), (20, 0, true)], None);
        assert_eq!(take(&[&two]), expected);
        let bytes: Vec<_> = two.chunks(1).collect();
        assert_eq!(take(&bytes), expected);
        assert_eq!(take(&[&two[..5]]), (vec![], Some(1)));
    }

    #[test]
    fn a_monstrous_message_is_passed_over() {
        let long = message(11, &vec![0; LONGEST + 10]);
        let mut fragments: Vec<_> = long.chunks(16_384).collect();
        let finished = message(20, b"x");
        fragments.push(&finished);
        assert_eq!(take(&fragments), (vec![(11, LONGEST + 10, false), (20, 1, true)], None));
    }

    #[test]
    fn certificates_of_both_versions() {
        let old = [&[0, 0, 10][..], &[0, 0, 3], b"abc", &[0, 0, 1], b"d"].concat();
        assert_eq!(certificates_1_2(&old), [&b"abc"[..], b"d"]);
        let new = [&[0][..], &[0, 0, 14], &[0, 0, 3], b"abc", &[0, 0], &[0, 0, 1], b"d", &[0, 0]].concat();
        assert_eq!(certificates_1_3(&new), [&b"abc"[..], b"d"]);
        for length in 0..old.len() {
            assert!(certificates_1_2(&old[..length]).is_empty());
        }
        assert_eq!(named_curve(&[3, 0, 0x1d, 32]), Some(0x1d));
        assert_eq!(named_curve(&[1, 0, 0x1d]), None);
        let signed = [3, 0, 0x1d, 2, 9, 9, 4, 3, 0, 1, 7];
        assert_eq!((named_curve_scheme(&signed), named_curve_scheme(&signed[..6])), (Some(0x0403), None));
        assert_eq!(certificate_verify_scheme(&signed[6..]), Some(0x0403));
    }

    proptest! {
        /// Arbitrary fragments: no panic, and no more memory than the longest message and a fragment.
        #[test]
        fn hostile_messages_are_survived(
            fragments in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 0..20),
        ) {
            let mut messages = Messages::default();
            for fragment in &fragments {
                messages.take(fragment, &mut |message| {
                    if let Some(body) = message.body {
                        let _ = (certificates_1_2(body), certificates_1_3(body), named_curve(body));
                        let _ = (named_curve_scheme(body), certificate_verify_scheme(body));
                    }
                });
                prop_assert!(messages.buffer.len() <= LONGEST + HEADER + 300);
            }
        }
    }
}
