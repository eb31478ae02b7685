//! Handshake messages, written by numbers: whatever is asked for is written, whether a TLS library would or not.

use rustls::pki_types::CertificateDer;

/// HandshakeType (RFC 8446 §4, RFC 5246 §7.4, RFC 8879 §7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind(pub u8);

impl Kind {
    /// hello_request.
    pub const HELLO_REQUEST: Self = Self(0);
    /// client_hello.
    pub const CLIENT_HELLO: Self = Self(1);
    /// server_hello; a HelloRetryRequest too.
    pub const SERVER_HELLO: Self = Self(2);
    /// encrypted_extensions.
    pub const ENCRYPTED_EXTENSIONS: Self = Self(8);
    /// certificate.
    pub const CERTIFICATE: Self = Self(11);
    /// server_key_exchange.
    pub const SERVER_KEY_EXCHANGE: Self = Self(12);
    /// server_hello_done.
    pub const SERVER_HELLO_DONE: Self = Self(14);
    /// certificate_verify.
    pub const CERTIFICATE_VERIFY: Self = Self(15);
    /// client_key_exchange.
    pub const CLIENT_KEY_EXCHANGE: Self = Self(16);
    /// finished.
    pub const FINISHED: Self = Self(20);
    /// key_update.
    pub const KEY_UPDATE: Self = Self(24);
    /// compressed_certificate.
    pub const COMPRESSED_CERTIFICATE: Self = Self(25);
    /// message_hash, which stands for the first ClientHello in a transcript (RFC 8446 §4.4.1).
    pub const MESSAGE_HASH: Self = Self(254);
}

/// A handshake message: its type and what follows the length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its type.
    pub kind: Kind,
    /// Its body.
    pub body: Vec<u8>,
    /// Added to the length that the header declares: 0 in a message that is well formed.
    pub length_error: i8,
}

impl Message {
    /// A well-formed message.
    pub fn new(kind: Kind, body: Vec<u8>) -> Self {
        Self { kind, body, length_error: 0 }
    }

    /// As it stands in a record and in the transcript.
    pub fn encode(&self) -> Vec<u8> {
        let length = i64::try_from(self.body.len()).unwrap_or(i64::MAX) + i64::from(self.length_error);
        let [.., a, b, c] = length.to_be_bytes();
        [&[self.kind.0, a, b, c][..], &self.body].concat()
    }
}

/// `opaque<0..2^8-1>`. What is longer is cut: nothing that is written here is.
pub fn vector8(content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).unwrap_or(u8::MAX);
    [&[length][..], &content[..usize::from(length)]].concat()
}

/// `opaque<0..2^16-1>`, likewise.
pub fn vector16(content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap_or(u16::MAX);
    [&length.to_be_bytes()[..], &content[..usize::from(length)]].concat()
}

/// `opaque<0..2^24-1>`, likewise.
pub fn vector24(content: &[u8]) -> Vec<u8> {
    let length = content.len().min((1 << 24) - 1);
    let [.., a, b, c] = length.to_be_bytes();
    [&[a, b, c][..], &content[..length]].concat()
}

/// Extensions one after the other, each with its length (RFC 8446 §4.2); the list's own length not included.
pub fn extensions(list: &[(u16, Vec<u8>)]) -> Vec<u8> {
    list.iter().flat_map(|(code, data)| [&code.to_be_bytes()[..], &vector16(data)].concat()).collect()
}

/// A ServerHello or HelloRetryRequest by its parts (RFC 8446 §4.1.3, RFC 5246 §7.4.1.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerHello {
    /// legacy_version; in TLS 1.2 and older, the version.
    pub legacy_version: u16,
    /// random.
    pub random: [u8; 32],
    /// legacy_session_id_echo; session_id.
    pub session_id: Vec<u8>,
    /// cipher_suite.
    pub cipher_suite: u16,
    /// legacy_compression_method.
    pub compression: u8,
    /// extensions, in order.
    pub extensions: Vec<(u16, Vec<u8>)>,
}

impl ServerHello {
    /// The message's body. Without extensions their list is left out altogether, as SSL 3 wants it.
    pub fn body(&self) -> Vec<u8> {
        let mut body =
            [&self.legacy_version.to_be_bytes()[..], &self.random, &vector8(&self.session_id)].concat();
        body.extend(self.cipher_suite.to_be_bytes());
        body.push(self.compression);
        if !self.extensions.is_empty() {
            body.extend(vector16(&extensions(&self.extensions)));
        }
        body
    }

    /// Takes an extension out.
    pub fn remove(&mut self, code: u16) {
        self.extensions.retain(|(other, _)| *other != code);
    }

    /// Puts an extension in the place of its like, or at the end.
    pub fn set(&mut self, code: u16, data: Vec<u8>) {
        match self.extensions.iter_mut().find(|(other, _)| *other == code) {
            Some((_, old)) => *old = data,
            None => self.extensions.push((code, data)),
        }
    }
}

/// A Certificate message's body in TLS 1.3 (RFC 8446 §4.4.2).
pub fn certificate_13(chain: &[CertificateDer<'_>]) -> Vec<u8> {
    let entries: Vec<u8> = chain.iter().flat_map(|der| [vector24(der), vector16(&[])].concat()).collect();
    [vector8(&[]), vector24(&entries)].concat()
}

/// A Certificate message's body in TLS 1.2 and older (RFC 5246 §7.4.2).
pub fn certificate_12(chain: &[CertificateDer<'_>]) -> Vec<u8> {
    vector24(&chain.iter().flat_map(|der| vector24(der)).collect::<Vec<u8>>())
}

/// A signature with its scheme, as CertificateVerify (RFC 8446 §4.4.3) and ServerKeyExchange (RFC 5246 §4.7) have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The scheme's number.
    pub scheme: u16,
    /// The signature.
    pub signature: Vec<u8>,
}

impl Proof {
    /// The octets.
    pub fn encode(&self) -> Vec<u8> {
        [&self.scheme.to_be_bytes()[..], &vector16(&self.signature)].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::hello;

    #[test]
    fn a_server_hello_reads_back() {
        let written = ServerHello {
            legacy_version: 0x0303,
            random: [7; 32],
            session_id: vec![1, 2, 3],
            cipher_suite: 0x1301,
            compression: 0,
            extensions: vec![(43, vec![3, 4])],
        };
        let read = hello::ServerHello::read(&written.body()).unwrap();
        assert_eq!((read.version(), read.cipher_suite, read.session_id), (0x0304, 0x1301, vec![1, 2, 3]));
        assert_eq!(read.fault, None);
    }

    #[test]
    fn lengths_can_lie() {
        let mut message = Message::new(Kind::FINISHED, vec![9; 3]);
        assert_eq!(message.encode(), [20, 0, 0, 3, 9, 9, 9]);
        message.length_error = -1;
        assert_eq!(message.encode(), [20, 0, 0, 2, 9, 9, 9]);
        assert_eq!(vector24(&[5]), [0, 0, 1, 5]);
    }
}
