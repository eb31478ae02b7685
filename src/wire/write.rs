//! Records and handshake messages, made from numbers: any version, any length, also what nobody should send.
//!
//! Each function gives bytes and checks nothing but that a length fits its field; [`ClientHello::write`] and
//! [`ServerHello::write`] turn what was read, or made up, back into a body. What is to be malformed says so in its name
//! ([`message_claiming`], [`record_claiming`]); everything else that is wrong is one edit of what is right.
//!
//! ```
//! use tlslab::tls::registry::{content_type, handshake, version};
//! use tlslab::wire::extension::Extension;
//! use tlslab::wire::hello::ClientHello;
//! use tlslab::wire::record::begins_with_client_hello;
//! use tlslab::wire::write::{message, record};
//!
//! let hello = ClientHello {
//!     cipher_suites: vec![0xc02f, 0x00ff],
//!     extensions: vec![Extension::server_name("www.test.org"), Extension::supported_groups(&[0x001d])],
//!     ..ClientHello::new(version::TLS_1_2, [7; 32])
//! };
//! let message = message(handshake::CLIENT_HELLO, &hello.write());
//! let bytes = record(content_type::HANDSHAKE, version::TLS_1_0, &message);
//! assert_eq!(begins_with_client_hello(&bytes), Some(true));
//! assert_eq!(ClientHello::read(&hello.write()), Some(hello));
//! ```

use super::extension::Extension;
use super::hello::{ClientHello, ServerHello};
use super::vector::{bytes16, length16, length24, vector8, vector16, vector24};
use crate::tls::registry::{alert, content_type, curve_type, handshake, sslv2_message};

/// A record: its type's number, its version, its fragment (RFC 8446 §5.1).
pub fn record(content_type: u8, version: u16, fragment: &[u8]) -> Vec<u8> {
    record_claiming(content_type, version, fragment.len(), fragment)
}

/// A record whose header claims another length than its fragment has.
pub fn record_claiming(content_type: u8, version: u16, length: usize, fragment: &[u8]) -> Vec<u8> {
    [&[content_type][..], &version.to_be_bytes(), &length16(length), fragment].concat()
}

/// Records of at most `size` bytes each that carry `content` together.
pub fn records(content_type: u8, version: u16, content: &[u8], size: usize) -> Vec<u8> {
    content.chunks(size.max(1)).flat_map(|fragment| record(content_type, version, fragment)).collect()
}

/// A handshake message: its type's number and its body (RFC 8446 §4).
pub fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    message_claiming(kind, body.len(), body)
}

/// A handshake message whose header claims another length than its body has.
pub fn message_claiming(kind: u8, length: usize, body: &[u8]) -> Vec<u8> {
    [&[kind][..], &length24(length), body].concat()
}

/// An alert's record.
pub fn alert_record(version: u16, level: u8, description: u8) -> Vec<u8> {
    record(content_type::ALERT, version, &[level, description])
}

/// close_notify's record.
pub fn close_notify(version: u16) -> Vec<u8> {
    alert_record(version, 1, alert::CLOSE_NOTIFY)
}

/// ChangeCipherSpec's record.
pub fn change_cipher_spec(version: u16) -> Vec<u8> {
    record(content_type::CHANGE_CIPHER_SPEC, version, &[1])
}

/// The body of a TLS 1.2 Certificate message (RFC 5246 §7.4.2): certificates in DER.
pub fn certificates_1_2(chain: &[&[u8]]) -> Vec<u8> {
    vector24(&chain.iter().flat_map(|der| vector24(der)).collect::<Vec<_>>())
}

/// The body of a TLS 1.3 Certificate message (RFC 8446 §4.4.2): a request's context, and certificates in DER without
/// extensions.
pub fn certificates_1_3(context: &[u8], chain: &[&[u8]]) -> Vec<u8> {
    let list: Vec<u8> = chain.iter().flat_map(|der| [vector24(der), vector16(&[])].concat()).collect();
    [vector8(context), vector24(&list)].concat()
}

/// The body of a CertificateVerify message.
pub fn certificate_verify(scheme: u16, signature: &[u8]) -> Vec<u8> {
    [&scheme.to_be_bytes()[..], &vector16(signature)].concat()
}

/// The parameters that a TLS 1.2 server signs with a named curve (RFC 8422 §5.4).
pub fn ecdhe_parameters(group: u16, point: &[u8]) -> Vec<u8> {
    [&[curve_type::NAMED_CURVE][..], &group.to_be_bytes(), &vector8(point)].concat()
}

/// The parameters that a TLS 1.2 server signs with a finite field (RFC 5246 §7.4.3): p, g, Ys.
pub fn dhe_parameters(prime: &[u8], generator: &[u8], public: &[u8]) -> Vec<u8> {
    [vector16(prime), vector16(generator), vector16(public)].concat()
}

/// The body of a TLS 1.2 ServerKeyExchange: parameters, and the signature over them and both randoms.
pub fn server_key_exchange(parameters: &[u8], scheme: u16, signature: &[u8]) -> Vec<u8> {
    [parameters, &certificate_verify(scheme, signature)].concat()
}

/// The body of a TLS 1.2 CertificateStatus with an OCSP response (RFC 6066 §8).
pub fn certificate_status(response: &[u8]) -> Vec<u8> {
    [vec![1], vector24(response)].concat()
}

/// The body of a TLS 1.2 CertificateRequest (RFC 5246 §7.4.4): types, schemes, names in DER.
pub fn certificate_request_1_2(types: &[u8], schemes: &[u16], authorities: &[&[u8]]) -> Vec<u8> {
    let names: Vec<u8> = authorities.iter().flat_map(|name| vector16(name)).collect();
    [vector8(types), vector16(&bytes16(schemes)), vector16(&names)].concat()
}

/// The body of a TLS 1.2 NewSessionTicket (RFC 5077 §3.3).
pub fn new_session_ticket_1_2(lifetime: u32, ticket: &[u8]) -> Vec<u8> {
    [&lifetime.to_be_bytes()[..], &vector16(ticket)].concat()
}

/// A whole ServerHelloDone message.
pub fn server_hello_done() -> Vec<u8> {
    message(handshake::SERVER_HELLO_DONE, &[])
}

/// A heartbeat request's fragment that claims `length` bytes of payload (RFC 6520 §4); more than there are is what
/// CVE-2014-0160 was about.
pub fn heartbeat_request_claiming(length: usize, payload: &[u8]) -> Vec<u8> {
    [&[1][..], &length16(length), payload].concat()
}

/// A ClientHello in SSL 2's form, header included (RFC 5246 §E.2): suites of three bytes, a session id, a challenge.
pub fn sslv2_client_hello(version: u16, suites: &[u32], session_id: &[u8], challenge: &[u8]) -> Vec<u8> {
    let suites: Vec<u8> = suites.iter().flat_map(|suite| suite.to_be_bytes()[1..].to_vec()).collect();
    let body = [
        &[sslv2_message::CLIENT_HELLO][..],
        &version.to_be_bytes(),
        &length16(suites.len()),
        &length16(session_id.len()),
        &length16(challenge.len()),
        &suites,
        session_id,
        challenge,
    ]
    .concat();
    // The first bit says that the header has two bytes and there is no padding.
    let [high, low] = length16(body.len().min(0x7fff));
    [&[high | 0x80, low][..], &body].concat()
}

impl ClientHello {
    /// A hello without anything in it but what must be: no suites, the null compression, no extensions.
    pub fn new(legacy_version: u16, random: [u8; 32]) -> Self {
        Self {
            legacy_version,
            random,
            session_id: Vec::new(),
            cipher_suites: Vec::new(),
            compression_methods: vec![0],
            extensions: Vec::new(),
            fault: None,
            unlisted_extensions: 0,
            sslv2: None,
        }
    }

    /// Its body. Without extensions there is no block of them (RFC 5246 §7.4.1.2), as SSL 3 wants it.
    pub fn write(&self) -> Vec<u8> {
        let mut out =
            [&self.legacy_version.to_be_bytes()[..], &self.random, &vector8(&self.session_id)].concat();
        out.extend(vector16(&bytes16(&self.cipher_suites)));
        out.extend(vector8(&self.compression_methods));
        out.extend(extensions(&self.extensions));
        out
    }
}

impl ServerHello {
    /// Takes an extension out, if it is there.
    pub fn remove(&mut self, code: u16) {
        self.extensions.retain(|extension| extension.code != code);
    }

    /// Puts an extension in the place of its like, else at the end.
    pub fn set(&mut self, new: Extension) {
        match self.extensions.iter_mut().find(|extension| extension.code == new.code) {
            Some(old) => *old = new,
            None => self.extensions.push(new),
        }
    }

    /// A hello that chooses a suite and says nothing more.
    pub fn new(legacy_version: u16, random: [u8; 32], cipher_suite: u16) -> Self {
        Self {
            legacy_version,
            random,
            session_id: Vec::new(),
            cipher_suite,
            compression_method: 0,
            extensions: Vec::new(),
            fault: None,
            unlisted_extensions: 0,
        }
    }

    /// Its body.
    pub fn write(&self) -> Vec<u8> {
        let mut out =
            [&self.legacy_version.to_be_bytes()[..], &self.random, &vector8(&self.session_id)].concat();
        out.extend(self.cipher_suite.to_be_bytes());
        out.push(self.compression_method);
        out.extend(extensions(&self.extensions));
        out
    }
}

/// The block of extensions, as hellos and other messages carry it; none where there are none.
pub fn extensions(extensions: &[Extension]) -> Vec<u8> {
    if extensions.is_empty() {
        return Vec::new();
    }
    let list: Vec<u8> = extensions
        .iter()
        .flat_map(|extension| [&extension.code.to_be_bytes()[..], &vector16(&extension.data)].concat())
        .collect();
    vector16(&list)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::handshake;
    use super::super::record::{Records, Unit};
    use super::*;
    use crate::tls::registry::version::{TLS_1_2, TLS_1_3};

    #[test]
    fn a_hello_of_every_extension_says_what_it_was_told() {
        let hello = ClientHello {
            cipher_suites: vec![0x1301, 0xc02f],
            session_id: vec![5; 32],
            extensions: vec![
                Extension::server_name("www.test.org"),
                Extension::alpn(&[b"h2", b"http/1.1"]),
                Extension::supported_groups(&[0x11ec, 0x1d]),
                Extension::ec_point_formats(&[0]),
                Extension::signature_algorithms(&[0x0403]),
                Extension::supported_versions(&[0x0304, 0x0303]),
                Extension::key_shares(&[(0x1d, &[9; 32])]),
                Extension::psk_key_exchange_modes(&[1]),
                Extension::status_request(),
                Extension::renegotiation_info(&[]),
                Extension::pre_shared_keys(&[(b"ticket", 7)], &[&[1; 32]]),
            ],
            ..ClientHello::new(TLS_1_2, [7; 32])
        };
        let read = ClientHello::read(&hello.write()).unwrap();
        assert_eq!(read, hello);
        assert_eq!(read.server_name().as_deref(), Some("www.test.org"));
        assert_eq!(read.protocols(), [&b"h2"[..], b"http/1.1"]);
        assert_eq!((read.groups(), read.point_formats()), (vec![0x11ec, 0x1d], vec![0]));
        assert_eq!((read.versions(), read.signature_schemes()), (vec![0x0304, 0x0303], vec![0x0403]));
        assert_eq!(read.key_shares(), [(0x1d, 32)]);
        assert!(read.offers_resumption());

        let answer = ServerHello {
            extensions: vec![
                Extension::selected_version(TLS_1_3),
                Extension::server_key_share(0x1d, &[9; 32]),
            ],
            ..ServerHello::new(TLS_1_2, [1; 32], 0x1301)
        };
        let read = ServerHello::read(&answer.write()).unwrap();
        assert_eq!((read.version(), read.group()), (TLS_1_3, Some(0x1d)));
        assert_eq!(read, answer);
    }

    #[test]
    fn bodies_are_read_back() {
        let chain: [&[u8]; 2] = [b"leaf", b"issuer"];
        assert_eq!(handshake::certificates_1_2(&certificates_1_2(&chain)), chain);
        assert_eq!(handshake::certificates_1_3(&certificates_1_3(b"", &chain)), chain);
        let exchange = server_key_exchange(&ecdhe_parameters(0x1d, &[4; 32]), 0x0403, b"signature");
        assert_eq!(handshake::named_curve(&exchange), Some(0x1d));
    }

    #[test]
    fn what_is_claimed_is_what_the_header_says() {
        assert_eq!(record_claiming(22, 0x0303, 9, b"ab"), b"\x16\x03\x03\0\x09ab");
        assert_eq!(message_claiming(1, 70_000, b""), [1, 1, 0x11, 0x70]);
        assert_eq!(heartbeat_request_claiming(0x4000, b"x"), b"\x01\x40\0x");
        assert_eq!(vector8(&[1; 300]).len(), 256);
        assert_eq!(close_notify(0x0303), [21, 3, 3, 0, 2, 1, 0]);
    }

    #[test]
    fn an_sslv2_hello_has_the_form_of_the_rfc() {
        let hello = sslv2_client_hello(TLS_1_2, &[0x2f, 0x01_0080], &[], &[7; 16]);
        assert_eq!(hello[..11], [0x80, 31, 1, 3, 3, 0, 6, 0, 0, 0, 16]);
        assert_eq!(hello[11..17], [0, 0, 0x2f, 1, 0, 0x80]);
        assert_eq!(hello.len(), 2 + 31);
    }

    proptest! {
        /// Whatever a hello is made of, however it is cut into records: it is read back.
        #[test]
        fn any_hello_is_read_back(
            cipher_suites in proptest::collection::vec(any::<u16>(), 0..40),
            session_id in proptest::collection::vec(any::<u8>(), 0..33),
            extensions in proptest::collection::vec(
                (any::<u16>(), proptest::collection::vec(any::<u8>(), 0..60)), 0..12,
            ),
            size in 1..200_usize,
        ) {
            let extensions = extensions.into_iter().map(|(code, data)| Extension::new(code, data)).collect();
            let hello = ClientHello { session_id, cipher_suites, extensions, ..ClientHello::new(TLS_1_2, [3; 32]) };
            let flight = records(22, 0x0301, &message(1, &hello.write()), size);
            let (mut found, mut messages) = (Vec::new(), handshake::Messages::default());
            Records::default().take(&flight, &mut |unit| {
                let Unit::Record(record) = unit else { panic!("{unit:?}") };
                messages.take(record.fragment.unwrap(), &mut |message| found.push(message.body.unwrap().to_vec()));
            });
            prop_assert_eq!(found.len(), 1);
            prop_assert_eq!(ClientHello::read(&found[0]), Some(hello));
        }
    }
}
