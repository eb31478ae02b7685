//! ClientHello and ServerHello, in full (RFC 8446 §4.1, RFC 5246 §7.4.1).
//!
//! Own readers rather than a parser crate's, because an observer's account needs what those do not keep: every
//! extension in its order with its bytes, also those that are malformed or cut off, and code points rather than
//! names. A malformed part is left out and said ([`ClientHello::fault`]); nothing is verified beyond the form.

pub use super::extension::Extension;
use super::vector::{Cursor, numbers16};
use crate::tls::names::is_grease;
use crate::tls::registry::extension::{
    ALPN, EARLY_DATA, EC_POINT_FORMATS, ENCRYPTED_CLIENT_HELLO, EXTENDED_MASTER_SECRET, KEY_SHARE,
    PRE_SHARED_KEY, SERVER_NAME, SESSION_TICKET, SIGNATURE_ALGORITHMS, SUPPORTED_GROUPS, SUPPORTED_VERSIONS,
};

/// The random of a ServerHello that is a HelloRetryRequest (RFC 8446 §4.1.3).
pub const HELLO_RETRY_REQUEST: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2,
    0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// The most extensions of a hello that are kept. An extension may not occur twice (RFC 8446 §4.2), and of all that are
/// registered there are fewer; but one of 4 bytes should not cost a reader more than its sender.
pub const MOST_EXTENSIONS: usize = 256;

/// A ClientHello.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientHello {
    /// legacy_version.
    pub legacy_version: u16,
    /// random.
    pub random: [u8; 32],
    /// legacy_session_id.
    pub session_id: Vec<u8>,
    /// cipher_suites in order, GREASE included.
    pub cipher_suites: Vec<u16>,
    /// legacy_compression_methods.
    pub compression_methods: Vec<u8>,
    /// Every extension in order, GREASE included.
    pub extensions: Vec<Extension>,
    /// What could not be read.
    pub fault: Option<&'static str>,
    /// Extensions beyond [`MOST_EXTENSIONS`], in number: they are not kept.
    pub unlisted_extensions: usize,
    /// Its suites, where it is of SSL 2's form (RFC 5246 §E.2): they have three bytes there.
    pub sslv2: Option<Vec<u32>>,
}

/// A ServerHello or HelloRetryRequest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerHello {
    /// legacy_version.
    pub legacy_version: u16,
    /// random.
    pub random: [u8; 32],
    /// legacy_session_id_echo; TLS 1.2's session_id.
    pub session_id: Vec<u8>,
    /// cipher_suite.
    pub cipher_suite: u16,
    /// legacy_compression_method; TLS 1.2's compression_method.
    pub compression_method: u8,
    /// Every extension in order.
    pub extensions: Vec<Extension>,
    /// What could not be read.
    pub fault: Option<&'static str>,
    /// Extensions beyond [`MOST_EXTENSIONS`], in number: they are not kept.
    pub unlisted_extensions: usize,
}

impl ClientHello {
    /// Reads a message's body; `None` where it ends before the compression methods do.
    pub fn read(body: &[u8]) -> Option<Self> {
        let mut body = Cursor(body);
        let legacy_version = body.u16()?;
        let random = *body.take(32)?.first_chunk()?;
        let session_id = body.vector8()?.to_vec();
        let cipher_suites = numbers16(body.vector16()?);
        let compression_methods = body.vector8()?.to_vec();
        let (extensions, unlisted_extensions, fault) = extensions(body);
        Some(Self {
            legacy_version,
            random,
            session_id,
            cipher_suites,
            compression_methods,
            extensions,
            fault,
            unlisted_extensions,
            sslv2: None,
        })
    }

    fn extension(&self, code: u16) -> Option<Cursor<'_>> {
        find(&self.extensions, code)
    }

    /// Whether the extension is there at all.
    pub fn has(&self, code: u16) -> bool {
        self.extension(code).is_some()
    }

    /// The versions offered, GREASE included: supported_versions, else the legacy version alone.
    pub fn versions(&self) -> Vec<u16> {
        self.extension(SUPPORTED_VERSIONS)
            .and_then(|mut data| data.vector8())
            .map_or_else(|| vec![self.legacy_version], numbers16)
    }

    /// The host name of server_name (RFC 6066 §3), as it stands.
    pub fn server_name(&self) -> Option<String> {
        let mut names = Cursor(self.extension(SERVER_NAME)?.vector16()?);
        while let (Some(kind), Some(name)) = (names.u8(), names.vector16()) {
            if kind == 0 {
                return Some(String::from_utf8_lossy(name).into_owned());
            }
        }
        None
    }

    /// Whether server_name is there, readable or not.
    pub fn has_server_name(&self) -> bool {
        self.has(SERVER_NAME)
    }

    /// The protocols of ALPN (RFC 7301), in bytes.
    pub fn protocols(&self) -> Vec<Vec<u8>> {
        protocols(self.extension(ALPN))
    }

    /// supported_groups.
    pub fn groups(&self) -> Vec<u16> {
        self.extension(SUPPORTED_GROUPS)
            .and_then(|mut data| data.vector16())
            .map(numbers16)
            .unwrap_or_default()
    }

    /// ec_point_formats.
    pub fn point_formats(&self) -> Vec<u8> {
        self.extension(EC_POINT_FORMATS).and_then(|mut data| data.vector8()).unwrap_or_default().to_vec()
    }

    /// signature_algorithms.
    pub fn signature_schemes(&self) -> Vec<u16> {
        self.extension(SIGNATURE_ALGORITHMS)
            .and_then(|mut data| data.vector16())
            .map(numbers16)
            .unwrap_or_default()
    }

    /// The key shares: group and the share's bytes in number (RFC 8446 §4.2.8).
    pub fn key_shares(&self) -> Vec<(u16, usize)> {
        let mut found = Vec::new();
        if let Some(mut shares) = self.extension(KEY_SHARE).and_then(|mut data| data.vector16()).map(Cursor) {
            while let (Some(group), Some(share)) = (shares.u16(), shares.vector16()) {
                found.push((group, share.len()));
            }
        }
        found
    }

    /// Whether the client hopes to resume: a pre-shared key, or in TLS 1.2 a ticket.
    pub fn offers_resumption(&self) -> bool {
        self.has(PRE_SHARED_KEY) || self.extension(SESSION_TICKET).is_some_and(|ticket| !ticket.0.is_empty())
    }

    /// Whether it announces 0-RTT data (RFC 8446 §4.2.10).
    pub fn offers_early_data(&self) -> bool {
        self.has(EARLY_DATA)
    }

    /// The bytes that it takes in memory, beyond itself.
    pub fn weight(&self) -> usize {
        let sslv2 = self.sslv2.as_ref().map_or(0, Vec::len);
        weight(&self.extensions) + 2 * self.cipher_suites.len() + 4 * sslv2 + self.session_id.len()
    }

    /// Gives up what extensions say, where there is no room for it.
    pub fn forget_extensions(&mut self) {
        self.unlisted_extensions += self.extensions.len();
        self.extensions = Vec::new();
        self.fault = Some("more than is kept of one capture");
    }

    /// Whether it carries encrypted_client_hello (or GREASE for it, which looks the same).
    pub fn has_encrypted_client_hello(&self) -> bool {
        self.has(ENCRYPTED_CLIENT_HELLO)
    }

    /// Whether any GREASE is in it.
    pub fn has_grease(&self) -> bool {
        self.cipher_suites.iter().chain(self.extensions.iter().map(|e| &e.code)).any(|code| is_grease(*code))
    }
}

impl ServerHello {
    /// Reads a message's body; `None` where it ends before the compression method does.
    pub fn read(body: &[u8]) -> Option<Self> {
        let mut body = Cursor(body);
        let legacy_version = body.u16()?;
        let random = *body.take(32)?.first_chunk()?;
        let session_id = body.vector8()?.to_vec();
        let cipher_suite = body.u16()?;
        let compression_method = body.u8()?;
        let (extensions, unlisted_extensions, fault) = extensions(body);
        Some(Self {
            legacy_version,
            random,
            session_id,
            cipher_suite,
            compression_method,
            extensions,
            fault,
            unlisted_extensions,
        })
    }

    fn extension(&self, code: u16) -> Option<Cursor<'_>> {
        find(&self.extensions, code)
    }

    /// The bytes that it takes in memory, beyond itself.
    pub fn weight(&self) -> usize {
        weight(&self.extensions) + self.session_id.len()
    }

    /// Whether it is a HelloRetryRequest.
    pub fn is_hello_retry_request(&self) -> bool {
        self.random == HELLO_RETRY_REQUEST
    }

    /// The version chosen: supported_versions, else the legacy version.
    pub fn version(&self) -> u16 {
        self.extension(SUPPORTED_VERSIONS).and_then(|mut data| data.u16()).unwrap_or(self.legacy_version)
    }

    /// The group of key_share, which a HelloRetryRequest asks for and a ServerHello answers in.
    pub fn group(&self) -> Option<u16> {
        self.extension(KEY_SHARE)?.u16()
    }

    /// The protocol that ALPN chose; in TLS 1.3 that stands in EncryptedExtensions instead.
    pub fn protocol(&self) -> Option<Vec<u8>> {
        protocols(self.extension(ALPN)).into_iter().next()
    }

    /// Whether a pre-shared key was accepted: TLS 1.3's resumption.
    pub fn accepts_pre_shared_key(&self) -> bool {
        self.extension(PRE_SHARED_KEY).is_some()
    }

    /// Whether extended_master_secret (RFC 7627) was agreed on.
    pub fn has_extended_master_secret(&self) -> bool {
        self.extension(EXTENDED_MASTER_SECRET).is_some()
    }
}

fn weight(extensions: &[Extension]) -> usize {
    extensions.iter().map(|extension| size_of::<Extension>() + extension.data.len()).sum()
}

fn find(extensions: &[Extension], code: u16) -> Option<Cursor<'_>> {
    extensions.iter().find(|extension| extension.code == code).map(|extension| Cursor(&extension.data))
}

fn protocols(data: Option<Cursor<'_>>) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    if let Some(mut names) = data.and_then(|mut data| data.vector16()).map(Cursor) {
        while let Some(name) = names.vector8() {
            found.push(name.to_vec());
        }
    }
    found
}

/// Extensions, how many more there are, and what is wrong with them.
fn extensions(mut rest: Cursor<'_>) -> (Vec<Extension>, usize, Option<&'static str>) {
    let mut found = Vec::new();
    let mut unlisted = 0;
    if rest.0.is_empty() {
        return (found, 0, None); // RFC 5246 §7.4.1.2: extensions may be absent altogether
    }
    let Some(block) = rest.vector16() else { return (found, 0, Some("the extensions are cut off")) };
    let mut block = Cursor(block);
    while !block.0.is_empty() {
        match (block.u16(), block.vector16()) {
            (Some(_), Some(_)) if found.len() >= MOST_EXTENSIONS => unlisted += 1,
            (Some(code), Some(data)) => found.push(Extension { code, data: data.to_vec() }),
            _ => return (found, unlisted, Some("the last extension is cut off")),
        }
    }
    let behind = (!rest.0.is_empty()).then_some("bytes behind the extensions");
    // RFC 8446 §4.2: no extension may occur twice, and there are not so many.
    (found, unlisted, behind.or((unlisted > 0).then_some("more extensions than there are")))
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    fn vector16(content: &[u8]) -> Vec<u8> {
        [&u16::try_from(content.len()).unwrap().to_be_bytes()[..], content].concat()
    }

    /// A ClientHello's body with these extensions.
    pub(in crate::wire) fn client_hello(suites: &[u16], extensions: &[(u16, Vec<u8>)]) -> Vec<u8> {
        let suites: Vec<u8> = suites.iter().flat_map(|suite| suite.to_be_bytes()).collect();
        let extensions: Vec<u8> = extensions
            .iter()
            .flat_map(|(code, data)| [&code.to_be_bytes()[..], &vector16(data)].concat())
            .collect();
        [&[3, 3][..], &[7; 32], &[0], &vector16(&suites), &[1, 0], &vector16(&extensions)].concat()
    }

    /// server_name's bytes.
    pub(in crate::wire) fn server_name(name: &str) -> Vec<u8> {
        vector16(&[&[0][..], &vector16(name.as_bytes())].concat())
    }

    #[test]
    fn a_client_hello_is_read_in_full() {
        let body = client_hello(
            &[0x0a0a, 0x1301, 0xc02f],
            &[
                (0x1a1a, vec![]),
                (SERVER_NAME, server_name("www.test.org")),
                (SUPPORTED_VERSIONS, vec![4, 3, 4, 3, 3]),
                (ALPN, vector16(b"\x02h2\x08http/1.1")),
                (SUPPORTED_GROUPS, vector16(&[0x11, 0xec, 0, 0x1d])),
                (SIGNATURE_ALGORITHMS, vector16(&[4, 3])),
                (KEY_SHARE, vector16(&[&[0, 0x1d][..], &vector16(&[9; 32])].concat())),
                (EC_POINT_FORMATS, vec![1, 0]),
                (PRE_SHARED_KEY, vec![]),
            ],
        );
        let hello = ClientHello::read(&body).unwrap();
        assert_eq!(hello.fault, None);
        assert_eq!(hello.random, [7; 32]);
        assert_eq!(hello.server_name().as_deref(), Some("www.test.org"));
        assert_eq!(hello.versions(), [0x0304, 0x0303]);
        assert_eq!(hello.protocols(), [&b"h2"[..], b"http/1.1"]);
        assert_eq!(hello.groups(), [0x11ec, 0x1d]);
        assert_eq!(hello.signature_schemes(), [0x0403]);
        assert_eq!(hello.key_shares(), [(0x1d, 32)]);
        assert_eq!(hello.point_formats(), [0]);
        assert!(hello.offers_resumption() && hello.has_grease() && !hello.offers_early_data());
    }

    #[test]
    fn every_prefix_of_a_hello_is_read_without_panic() {
        let body =
            client_hello(&[0x1301], &[(SERVER_NAME, server_name("a")), (KEY_SHARE, vec![0, 9, 0, 0x1d])]);
        for length in 0..body.len() {
            if let Some(hello) = ClientHello::read(&body[..length]) {
                assert!(hello.fault.is_some() || hello.extensions.is_empty(), "{length}");
                let _ = (hello.versions(), hello.key_shares(), hello.groups(), hello.server_name());
            }
            let _ = ServerHello::read(&body[..length]);
        }
        let hello = ClientHello::read(&body).unwrap();
        assert_eq!((hello.fault, hello.key_shares()), (None, vec![]), "a malformed share is left out");
    }

    #[test]
    fn a_hello_of_nothing_but_extensions_is_counted() {
        let many: Vec<_> = (0..16_000).map(|code| (code, vec![])).collect();
        let hello = ClientHello::read(&client_hello(&[0x1301], &many)).unwrap();
        assert_eq!((hello.extensions.len(), hello.unlisted_extensions), (MOST_EXTENSIONS, 16_000 - 256));
        assert!(hello.weight() < 16 << 10);
        assert_eq!(hello.fault, Some("more extensions than there are"));
    }

    #[test]
    fn a_hello_retry_request_is_told_by_its_random() {
        let mut body = [&[3, 3][..], &HELLO_RETRY_REQUEST, &[0, 0x13, 1, 0]].concat();
        body.extend(vector16(&[0, 43, 0, 2, 3, 4, 0, 51, 0, 2, 0, 0x17]));
        let hello = ServerHello::read(&body).unwrap();
        assert!(hello.is_hello_retry_request());
        assert_eq!((hello.version(), hello.group(), hello.cipher_suite), (0x0304, Some(0x17), 0x1301));
    }

    proptest! {
        /// Arbitrary extensions: everything that can be asked is answered.
        #[test]
        fn hostile_hellos_are_survived(
            suites in proptest::collection::vec(any::<u16>(), 0..20),
            extensions in proptest::collection::vec(
                (prop_oneof![0..60_u16, any::<u16>()], proptest::collection::vec(any::<u8>(), 0..40)), 0..12,
            ),
            body in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            for body in [client_hello(&suites, &extensions), body] {
                if let Some(hello) = ClientHello::read(&body) {
                    let _ = (hello.versions(), hello.server_name(), hello.protocols(), hello.groups());
                    let _ = (hello.point_formats(), hello.signature_schemes(), hello.key_shares());
                    let _ = (hello.offers_resumption(), super::super::fingerprint::ja3(&hello));
                    prop_assert_eq!(super::super::fingerprint::ja4(&hello).len(), 36);
                }
                if let Some(hello) = ServerHello::read(&body) {
                    let _ = (hello.version(), hello.group(), hello.protocol(), super::super::fingerprint::ja3s(&hello));
                }
            }
        }
    }
}
