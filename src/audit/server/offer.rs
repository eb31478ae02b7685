//! ClientHellos as data: what is offered, and nothing that was not asked for.

use crate::tls::groups::{Group, GroupKind};
use crate::tls::registry::version::{SSL_3, TLS_1_0, TLS_1_2, TLS_1_3};
use crate::tls::registry::{content_type, extension, handshake, psk_key_exchange_mode, signal};
use crate::tls::schemes::Scheme;
use crate::tls::suites::Suite;
use crate::wire::extension::Extension;
use crate::wire::hello::ClientHello;
use crate::wire::write::{message, records};

/// The application protocols that are usual.
pub const PROTOCOLS: [&[u8]; 3] = [b"h2", b"http/1.1", b"http/1.0"];
/// One that nobody knows.
pub const FOREIGN: &[u8] = b"tlslab-no-such-protocol";

/// The longest record that a hello is cut into.
const RECORD: usize = 1 << 14;

/// What every probe of one server has in common.
#[derive(Clone, Debug, Default)]
pub struct Room {
    /// SNI.
    pub server_name: Option<String>,
    /// Whether TLS 1.3 hellos need key shares: the server does not ask for one.
    pub needs_shares: bool,
}

/// What a probe offers.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The version: legacy_version up to TLS 1.2, supported_versions for TLS 1.3.
    pub version: u16,
    /// Cipher suites in order.
    pub suites: Vec<u16>,
    /// Groups in order; none leaves the extension out.
    pub groups: Vec<u16>,
    /// Signature schemes in order; none leaves the extension out.
    pub schemes: Vec<u16>,
    /// SNI.
    pub name: Option<String>,
    /// Compression methods.
    pub compression: Vec<u8>,
    /// TLS 1.3's key shares: none asks for a HelloRetryRequest, which names the group (RFC 8446 §4.2.8).
    pub shares: Vec<u16>,
    /// What else, behind the rest.
    pub more: Vec<Extension>,
    /// legacy_session_id.
    pub session_id: Vec<u8>,
    /// Whether extended_master_secret, renegotiation_info and a ticket are asked for.
    pub usual: bool,
}

/// Suites that TLS 1.3 has.
pub fn suites_1_3() -> Vec<u16> {
    Suite::all().iter().filter(|suite| suite.is_tls_1_3()).map(|suite| suite.code).collect()
}

/// Suites that a version before TLS 1.3 may have.
pub fn suites_before_1_3() -> Vec<u16> {
    let null = |suite: &&Suite| suite.code != 0;
    Suite::all().iter().filter(|suite| !suite.is_tls_1_3()).filter(null).map(|suite| suite.code).collect()
}

/// Curves that TLS 1.2 names, in the order in which servers know them.
pub fn curves() -> Vec<u16> {
    let curve = |group: &&Group| {
        matches!(group.kind, GroupKind::PrimeCurve | GroupKind::BinaryCurve) && group.security_bits > 0
    };
    Group::all().iter().filter(curve).map(|group| group.code).collect()
}

/// Groups that TLS 1.3 has, ready for a computer of tomorrow first.
pub fn groups_1_3() -> Vec<u16> {
    let mut found: Vec<&Group> = Group::all().iter().filter(|group| group.key_share.is_some()).collect();
    found.sort_by_key(|group| !group.is_post_quantum());
    found.iter().map(|group| group.code).collect()
}

impl Offer {
    /// Everything that a server could still choose in `version`.
    pub fn everything(version: u16, room: &Room) -> Self {
        let tls_1_3 = version == TLS_1_3;
        Self {
            version,
            suites: if tls_1_3 { suites_1_3() } else { suites_before_1_3() },
            groups: if tls_1_3 { groups_1_3() } else { curves() },
            // TLS 1.2 was the first to have the extension (RFC 5246 §7.4.1.4.1).
            schemes: if version >= TLS_1_2 {
                Scheme::all().iter().map(|s| s.code).collect()
            } else {
                Vec::new()
            },
            name: room.server_name.clone(),
            compression: vec![0],
            shares: if tls_1_3 && room.needs_shares { known_shares() } else { Vec::new() },
            more: Vec::new(),
            session_id: if tls_1_3 { vec![0x5a; 32] } else { Vec::new() },
            usual: true,
        }
    }

    /// The same with other suites.
    #[must_use]
    pub fn suites(self, suites: &[u16]) -> Self {
        Self { suites: suites.to_vec(), ..self }
    }

    /// The same with an extension behind the rest.
    #[must_use]
    pub fn with(mut self, extension: Extension) -> Self {
        self.more.push(extension);
        self
    }

    /// The hello.
    pub fn hello(&self) -> ClientHello {
        // Fresh randoms tell nobody anything that a count would not; where there are none, zeros do.
        let random = crate::crypto::random().unwrap_or_default();
        let mut hello = ClientHello::new(self.version.min(TLS_1_2), random);
        hello.session_id.clone_from(&self.session_id);
        hello.cipher_suites.clone_from(&self.suites);
        hello.compression_methods.clone_from(&self.compression);
        if self.version < TLS_1_3 && self.usual {
            // Understood by servers without extensions too (RFC 5746 §3.3).
            hello.cipher_suites.push(signal::EMPTY_RENEGOTIATION_INFO);
        }
        // SSL 3 knows none, and some of its servers trip over them.
        if self.version > SSL_3 {
            hello.extensions = self.extensions();
        }
        hello
    }

    fn extensions(&self) -> Vec<Extension> {
        let mut found = Vec::new();
        found.extend(self.name.as_deref().map(Extension::server_name));
        if !self.groups.is_empty() {
            found.push(Extension::supported_groups(&self.groups));
            found.push(Extension::ec_point_formats(&[0]));
        }
        if !self.schemes.is_empty() {
            found.push(Extension::signature_algorithms(&self.schemes));
        }
        if self.version == TLS_1_3 {
            let shares: Vec<(u16, Vec<u8>)> =
                self.shares.iter().filter_map(|group| Some((*group, share(*group)?))).collect();
            let shares: Vec<(u16, &[u8])> =
                shares.iter().map(|(group, share)| (*group, &share[..])).collect();
            found.push(Extension::supported_versions(&[TLS_1_3]));
            found.push(Extension::psk_key_exchange_modes(&[psk_key_exchange_mode::PSK_DHE_KE]));
            found.push(Extension::key_shares(&shares));
        } else if self.usual {
            found.push(Extension::empty(extension::EXTENDED_MASTER_SECRET));
            found.push(Extension::session_ticket(&[]));
        }
        found.extend(self.more.iter().cloned());
        found
    }

    /// The records that carry it.
    pub fn bytes(&self) -> Vec<u8> {
        bytes(&self.hello())
    }
}

/// A hello in records. The first flight's record says TLS 1.0 for those who look (RFC 8446 §5.1); SSL 3 itself.
pub fn bytes(hello: &ClientHello) -> Vec<u8> {
    let version = hello.legacy_version.min(TLS_1_0);
    records(content_type::HANDSHAKE, version, &message(handshake::CLIENT_HELLO, &hello.write()), RECORD)
}

/// Groups that `share` has a share for.
pub fn known_shares() -> Vec<u16> {
    vec![0x11ec, 0x001d, 0x0017, 0x0018]
}

/// A share that is well-formed and worth nothing: a curve's base point, whose secret everybody knows, and an ML-KEM key of
/// zeros. Enough to be answered by a ServerHello.
fn share(group: u16) -> Option<Vec<u8>> {
    const P256: &str = "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
    const P384: &str = "04aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab73617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f";
    let x25519 = || [&[9][..], &[0; 31]].concat();
    let point = |text: &str| data_encoding::HEXLOWER.decode(text.as_bytes()).ok();
    match group {
        0x001d => Some(x25519()),
        0x0017 => point(P256),
        0x0018 => point(P384),
        0x11ec => Some([vec![0; 1184], x25519()].concat()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offer_says_what_it_is_made_of() {
        let room = Room { server_name: Some("www.test.org".to_owned()), ..Room::default() };
        let hello = Offer::everything(TLS_1_3, &room).hello();
        assert_eq!((hello.legacy_version, hello.versions()), (TLS_1_2, vec![TLS_1_3]));
        assert_eq!(hello.server_name().as_deref(), Some("www.test.org"));
        assert_eq!(hello.key_shares(), [], "a HelloRetryRequest is asked for");
        assert!(hello.groups().contains(&0x11ec) && hello.groups()[0] >= 0x0200, "hybrids come first");

        let old = Offer::everything(SSL_3, &room).hello();
        assert!(old.extensions.is_empty() && old.cipher_suites.contains(&0x00ff));
        assert!(!old.cipher_suites.contains(&0x1301) && !old.cipher_suites.contains(&0));
    }

    #[test]
    fn shares_are_as_long_as_their_groups_have_them() {
        for group in known_shares() {
            let length = Group::of(group).and_then(|group| group.key_share).unwrap().0;
            assert_eq!(share(group).unwrap().len(), length, "{group:#06x}");
        }
    }
}
