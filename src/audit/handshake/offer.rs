//! What a client offers, and the key exchange that answers it.

use rustls::NamedGroup;
use zeroize::Zeroizing;

use super::end::End;
use crate::crypto;
use crate::tls::registry::{extension, signal};
use crate::wire::hello::ClientHello;
use crate::wire::vector::Cursor;
use crate::wire::write;

/// The groups that a scripted server has, in its order: X25519 and secp256r1.
const GROUPS: [u16; 2] = [0x001d, 0x0017];
/// A ClientHello, as far as a server needs it.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The hello itself.
    pub hello: ClientHello,
    /// Its bytes.
    pub body: Vec<u8>,
    /// Its key shares: group and bytes (RFC 8446 §4.2.8).
    pub shares: Vec<(u16, Vec<u8>)>,
}

impl Offer {
    /// Reads a ClientHello's body; `None` where it ends early.
    pub fn read(body: &[u8]) -> Option<Self> {
        let hello = ClientHello::read(body)?;
        let shares = hello.extensions.iter().find(|extension| extension.code == extension::KEY_SHARE);
        let shares = shares.map(|extension| shares_of(&extension.data)).unwrap_or_default();
        Some(Self { hello, body: body.to_vec(), shares })
    }

    /// Whether a cipher suite is offered.
    pub fn offers_suite(&self, suite: u16) -> bool {
        self.hello.cipher_suites.contains(&suite)
    }

    /// Whether a version is offered, as one says it since TLS 1.3 or before.
    pub fn offers_version(&self, version: u16) -> bool {
        let versions = self.hello.versions();
        // Before supported_versions a client named its highest, and every lower one went with it.
        versions.contains(&version)
            || (!self.hello.has(extension::SUPPORTED_VERSIONS) && self.hello.legacy_version >= version)
    }

    /// The first of `suites` that is offered.
    pub fn first_suite(&self, suites: &[u16]) -> Option<u16> {
        suites.iter().copied().find(|suite| self.offers_suite(*suite))
    }

    /// The first of `suites` that is not offered.
    pub fn first_suite_not_offered(&self, suites: &[u16]) -> Option<u16> {
        suites.iter().copied().find(|suite| !self.offers_suite(*suite))
    }

    /// The first of `groups` that is not offered.
    pub fn first_group_not_offered(&self, groups: &[u16]) -> Option<u16> {
        let offered = self.hello.groups();
        groups.iter().copied().find(|group| !offered.contains(group))
    }

    /// The first of `schemes` that the client takes.
    pub fn first_scheme(&self, schemes: &[u16]) -> Option<u16> {
        let offered = self.hello.signature_schemes();
        schemes.iter().copied().find(|scheme| offered.contains(scheme))
    }

    /// Whether secure renegotiation is offered, in either way (RFC 5746 §3.3).
    pub fn offers_secure_renegotiation(&self) -> bool {
        self.hello.has(extension::RENEGOTIATION_INFO) || self.offers_suite(signal::EMPTY_RENEGOTIATION_INFO)
    }

    /// The group and the client's bytes for which a share came.
    pub(super) fn usable_share(&self) -> Option<(u16, &[u8])> {
        GROUPS.iter().find_map(|group| {
            let (group, bytes) = self.shares.iter().find(|(other, _)| other == group)?;
            Some((*group, bytes.as_slice()))
        })
    }

    /// A group that both have, share or not; a client that names none has secp256r1 (RFC 8422 §4).
    pub(super) fn usable_group(&self) -> Option<u16> {
        let offered = self.hello.groups();
        if offered.is_empty() && !self.hello.has(extension::SUPPORTED_GROUPS) {
            return Some(GROUPS[1]);
        }
        GROUPS.into_iter().find(|group| offered.contains(group))
    }
}

fn shares_of(data: &[u8]) -> Vec<(u16, Vec<u8>)> {
    let mut shares = Vec::new();
    let mut rest = Cursor(Cursor(data).vector16().unwrap_or_default());
    while let (Some(group), Some(share)) = (rest.u16(), rest.vector16()) {
        shares.push((group, share.to_vec()));
    }
    shares
}

/// The server's half of a key exchange: what it sends, and the secret that both ends come to.
#[derive(Clone)]
pub struct Exchange {
    /// The group.
    pub group: u16,
    /// The server's public bytes.
    pub public: Vec<u8>,
    /// The shared secret.
    pub secret: Zeroizing<Vec<u8>>,
    /// Prime and generator, where it is Diffie-Hellman over a finite field (RFC 5246 §7.4.3). The server's exponent is
    /// 1 then: its public value is the generator, and the secret the client's own public value.
    pub finite_field: Option<(Vec<u8>, Vec<u8>)>,
}

impl std::fmt::Debug for Exchange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exchange").field("group", &self.group).finish_non_exhaustive()
    }
}

impl Exchange {
    /// Answers a client's share.
    pub(super) fn answer(group: u16, share: &[u8]) -> Result<Self, End> {
        let completed = kx_group(group)?.start_and_complete(share);
        let completed = completed.map_err(|_| End::Malformed("a key share that is no point of its group"))?;
        Ok(Self {
            group,
            public: completed.pub_key,
            secret: Zeroizing::new(completed.secret.secret_bytes().to_vec()),
            finite_field: None,
        })
    }

    /// As a TLS 1.2 ServerKeyExchange has it before the signature (RFC 8422 §5.4, RFC 5246 §7.4.3).
    pub(super) fn parameters(&self) -> Vec<u8> {
        match &self.finite_field {
            Some((prime, generator)) => write::dhe_parameters(prime, generator, &self.public),
            None => write::ecdhe_parameters(self.group, &self.public),
        }
    }

    /// The group by its number, of those that rustls' provider has.
    pub(super) fn start(group: u16) -> Result<Box<dyn rustls::crypto::ActiveKeyExchange>, End> {
        kx_group(group)?.start().map_err(|_| End::NothingInCommon("randomness for a key share"))
    }
}

fn kx_group(group: u16) -> Result<&'static dyn rustls::crypto::SupportedKxGroup, End> {
    let wanted = NamedGroup::from(group);
    let found = crypto::provider().kx_groups.iter().find(|known| known.name() == wanted).copied();
    found.ok_or(End::NothingInCommon("X25519 or secp256r1"))
}
