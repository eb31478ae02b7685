//! SSL 2 on the wire: the hello in its form that TLS clients once sent (RFC 5246 §E.2), and sessions that stayed with it
//! (RFC 6176 says why nobody should).

use crate::tls::registry::sslv2_message as kinds;
use crate::wire::hello::ClientHello;
use crate::wire::vector::Cursor;

/// The longest hello in this form that is read: suites, a session id and a challenge.
const LONGEST_HELLO: usize = 4096;

/// How many bytes a ClientHello in SSL 2's form has, with its header; `None` where `start` begins none. Told from
/// eleven bytes: three lengths that add up.
pub(super) fn hello_length(start: &[u8]) -> Option<usize> {
    let [high, low, kinds::CLIENT_HELLO, rest @ ..] = start else { return None };
    let length = usize::from(high & 0x7f) << 8 | usize::from(*low);
    if high & 0x80 == 0 || !(9 + 3 + 16..=LONGEST_HELLO).contains(&length) {
        return None;
    }
    let mut rest = Cursor(rest);
    let Some(version) = rest.u16() else { return Some(2 + length) };
    let (Some(suites), Some(session_id), Some(challenge)) = (rest.u16(), rest.u16(), rest.u16()) else {
        return matches!(version, 0x0002 | 0x0300..=0x0304).then_some(2 + length);
    };
    let adds_up = 9 + usize::from(suites) + usize::from(session_id) + usize::from(challenge) == length;
    let fits = suites > 0 && suites % 3 == 0 && session_id <= 32 && (16..=32).contains(&challenge);
    (adds_up && fits && matches!(version, 0x0002 | 0x0300..=0x0304)).then_some(2 + length)
}

/// Reads such a hello, header included.
pub(super) fn client_hello(record: &[u8]) -> Option<ClientHello> {
    let mut body = Cursor(record.get(3..)?);
    let legacy_version = body.u16()?;
    let (suites, session_id, challenge) = (body.u16()?, body.u16()?, body.u16()?);
    let suites: Vec<u32> = body
        .take(usize::from(suites))?
        .chunks_exact(3)
        .map(|suite| u32::from_be_bytes([0, suite[0], suite[1], suite[2]]))
        .collect();
    let session_id = body.take(usize::from(session_id))?.to_vec();
    let challenge = body.take(usize::from(challenge))?;
    // RFC 5246 §E.2: the challenge is the random, with zeros before it where it is shorter.
    let mut random = [0; 32];
    let kept = challenge.len().min(32);
    random[32 - kept..].copy_from_slice(&challenge[challenge.len() - kept..]);
    let cipher_suites = suites.iter().filter_map(|suite| u16::try_from(*suite).ok()).collect();
    Some(ClientHello {
        session_id,
        cipher_suites,
        compression_methods: Vec::new(),
        sslv2: Some(suites),
        ..ClientHello::new(legacy_version, random)
    })
}

/// Whether a server's first bytes are an answer in SSL 2.
pub(super) fn begins_with_server_hello(start: &[u8]) -> bool {
    matches!(start, [high, _, kinds::SERVER_HELLO, ..] if high & 0x80 != 0)
}

/// The certificate of a SERVER-HELLO, where it is X.509; `body` begins with the message's type.
pub(super) fn certificate(body: &[u8]) -> Option<Vec<u8>> {
    let mut body = Cursor(body);
    let (_kind, _session_id_hit, kind) = (body.u8()?, body.u8()?, body.u8()?);
    let (_version, certificate, _suites, _connection_id) =
        (body.u16()?, body.u16()?, body.u16()?, body.u16()?);
    (kind == 1 && certificate > 0).then(|| body.take(usize::from(certificate))).flatten().map(<[u8]>::to_vec)
}

/// The kind of cipher of a CLIENT-MASTER-KEY.
pub(super) fn chosen_cipher(body: &[u8]) -> Option<u32> {
    let [_, a, b, c] = *body.first_chunk()?;
    Some(u32::from_be_bytes([0, a, b, c]))
}

/// One direction of an SSL 2 connection, taken apart into records. Bounded by one record.
#[derive(Debug, Default)]
pub(super) struct Sslv2Records {
    buffer: Vec<u8>,
    /// The position of the buffer's first byte.
    position: u64,
}

impl Sslv2Records {
    /// Begins at a position in the stream.
    pub(super) fn at(position: u64) -> Self {
        Self { buffer: Vec::new(), position }
    }

    /// The next bytes: hands over each record that is complete now, where it begins, how long it is, and its body.
    pub(super) fn take(&mut self, data: &[u8], hand: &mut dyn FnMut(u64, usize, &[u8])) {
        self.buffer.extend_from_slice(data);
        let mut start = 0;
        while let Some([first, second]) = self.buffer.get(start..).and_then(<[u8]>::first_chunk).copied() {
            // Two bytes where the first bit is set; three with an escape bit and padding where it is not.
            let (header, mask) = if first & 0x80 == 0 { (3, 0x3f) } else { (2, 0x7f) };
            let length = usize::from(first & mask) << 8 | usize::from(second);
            let Some(record) = self.buffer.get(start..start + header + length) else { break };
            hand(self.position + start as u64, record.len(), &record[header..]);
            start += record.len();
        }
        self.buffer.drain(..start);
        self.position += start as u64;
    }

    /// How many bytes wait for the rest of their record.
    pub(super) fn held(&self) -> usize {
        self.buffer.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::write::sslv2_client_hello;

    #[test]
    fn a_hello_is_read_with_both_kinds_of_suites() {
        let record = sslv2_client_hello(0x0301, &[0x01_0080, 0x2f, 0xff], &[], &[9; 16]);
        assert_eq!(hello_length(&record), Some(record.len()));
        let hello = client_hello(&record).unwrap();
        assert_eq!(hello.legacy_version, 0x0301);
        assert_eq!(hello.cipher_suites, [0x2f, 0xff]);
        assert_eq!(hello.sslv2.as_deref(), Some(&[0x01_0080, 0x2f, 0xff][..]));
        assert_eq!(hello.random, [[0; 16], [9; 16]].concat().as_slice());
        for text in [&b"GET / HTTP/1.1\r\nHost: a\r\n"[..], &[0x80, 0x2e, 1, 9, 9, 0, 3, 0, 0, 0, 16]] {
            assert_eq!(hello_length(text), None, "{text:?}");
        }
    }

    #[test]
    fn records_have_headers_of_two_bytes_or_three() {
        let stream = [&[0x80, 3, 4, 1, 1][..], &[0, 4, 2, 9, 9, 0, 0], &[0x80, 0]].concat();
        for size in 1..stream.len() {
            let (mut records, mut found) = (Sslv2Records::at(7), Vec::new());
            for chunk in stream.chunks(size) {
                records.take(chunk, &mut |at, length, body| found.push((at, length, body.to_vec())));
            }
            assert_eq!(
                found,
                [(7, 5, vec![4, 1, 1]), (12, 7, vec![9, 9, 0, 0]), (19, 2, vec![])],
                "in pieces of {size}"
            );
            assert_eq!(records.held(), 0);
        }
    }

    proptest! {
        #[test]
        fn hostile_bytes_are_survived(data in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = (hello_length(&data), client_hello(&data), certificate(&data), chosen_cipher(&data));
            let mut records = Sslv2Records::default();
            records.take(&data, &mut |_, _, _| {});
            prop_assert!(records.held() <= 200);
        }
    }
}
