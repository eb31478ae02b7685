//! Extensions of hellos, made from what they say (RFC 8446 §4.2, RFC 6066 and those named at each).
//!
//! Healthy ones. A sick one is an [`Extension`] whose `data` is something else: [`super::vector`] has the vectors.

use super::vector::{bytes16, vector8, vector16};
use crate::tls::registry::extension as number;

/// One extension, as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// Its code point.
    pub code: u16,
    /// Its bytes.
    pub data: Vec<u8>,
}

impl Extension {
    /// Any extension.
    pub fn new(code: u16, data: impl Into<Vec<u8>>) -> Self {
        Self { code, data: data.into() }
    }

    /// One that says it all by being there: extended_master_secret, encrypt_then_mac, early_data of a ClientHello,
    /// post_handshake_auth, a server's answer to status_request.
    pub fn empty(code: u16) -> Self {
        Self::new(code, [])
    }

    /// A client's server_name with one host name (RFC 6066 §3).
    pub fn server_name(name: &str) -> Self {
        Self::new(number::SERVER_NAME, vector16(&[&[0][..], &vector16(name.as_bytes())].concat()))
    }

    /// application_layer_protocol_negotiation (RFC 7301); a server's names one.
    pub fn alpn(protocols: &[&[u8]]) -> Self {
        let list: Vec<u8> = protocols.iter().flat_map(|protocol| vector8(protocol)).collect();
        Self::new(number::ALPN, vector16(&list))
    }

    /// supported_groups.
    pub fn supported_groups(groups: &[u16]) -> Self {
        Self::new(number::SUPPORTED_GROUPS, vector16(&bytes16(groups)))
    }

    /// ec_point_formats (RFC 8422 §5.1.2): `[0]` is uncompressed, the only one that is left.
    pub fn ec_point_formats(formats: &[u8]) -> Self {
        Self::new(number::EC_POINT_FORMATS, vector8(formats))
    }

    /// signature_algorithms.
    pub fn signature_algorithms(schemes: &[u16]) -> Self {
        Self::new(number::SIGNATURE_ALGORITHMS, vector16(&bytes16(schemes)))
    }

    /// A client's supported_versions.
    pub fn supported_versions(versions: &[u16]) -> Self {
        Self::new(number::SUPPORTED_VERSIONS, vector8(&bytes16(versions)))
    }

    /// A server's supported_versions.
    pub fn selected_version(version: u16) -> Self {
        Self::new(number::SUPPORTED_VERSIONS, version.to_be_bytes())
    }

    /// A client's key_share: groups, each with a share.
    pub fn key_shares(shares: &[(u16, &[u8])]) -> Self {
        let list: Vec<u8> = shares.iter().flat_map(|(group, share)| entry(*group, share)).collect();
        Self::new(number::KEY_SHARE, vector16(&list))
    }

    /// A server's key_share.
    pub fn server_key_share(group: u16, share: &[u8]) -> Self {
        Self::new(number::KEY_SHARE, entry(group, share))
    }

    /// A HelloRetryRequest's key_share: the group that is asked for.
    pub fn selected_group(group: u16) -> Self {
        Self::new(number::KEY_SHARE, group.to_be_bytes())
    }

    /// psk_key_exchange_modes.
    pub fn psk_key_exchange_modes(modes: &[u8]) -> Self {
        Self::new(number::PSK_KEY_EXCHANGE_MODES, vector8(modes))
    }

    /// A client's pre_shared_key (RFC 8446 §4.2.11), which comes last: identities with their obfuscated ages, binders.
    pub fn pre_shared_keys(identities: &[(&[u8], u32)], binders: &[&[u8]]) -> Self {
        let identities: Vec<u8> = identities
            .iter()
            .flat_map(|(identity, age)| [vector16(identity), age.to_be_bytes().to_vec()].concat())
            .collect();
        let binders: Vec<u8> = binders.iter().flat_map(|binder| vector8(binder)).collect();
        Self::new(number::PRE_SHARED_KEY, [vector16(&identities), vector16(&binders)].concat())
    }

    /// A server's pre_shared_key: the index of the identity that it takes.
    pub fn selected_identity(index: u16) -> Self {
        Self::new(number::PRE_SHARED_KEY, index.to_be_bytes())
    }

    /// A client's status_request for an OCSP response (RFC 6066 §8), from any responder.
    pub fn status_request() -> Self {
        Self::new(number::STATUS_REQUEST, [1, 0, 0, 0, 0])
    }

    /// session_ticket (RFC 5077): a ticket, or none to ask for one.
    pub fn session_ticket(ticket: &[u8]) -> Self {
        Self::new(number::SESSION_TICKET, ticket)
    }

    /// renegotiation_info (RFC 5746 §3.2): empty in the first handshake.
    pub fn renegotiation_info(verify_data: &[u8]) -> Self {
        Self::new(number::RENEGOTIATION_INFO, vector8(verify_data))
    }

    /// max_fragment_length (RFC 6066 §4): 1 to 4 for 2^9 to 2^12.
    pub fn max_fragment_length(code: u8) -> Self {
        Self::new(number::MAX_FRAGMENT_LENGTH, [code])
    }

    /// record_size_limit (RFC 8449).
    pub fn record_size_limit(bytes: u16) -> Self {
        Self::new(number::RECORD_SIZE_LIMIT, bytes.to_be_bytes())
    }

    /// heartbeat (RFC 6520): 1 lets the peer send requests.
    pub fn heartbeat(mode: u8) -> Self {
        Self::new(number::HEARTBEAT, [mode])
    }

    /// A HelloRetryRequest's cookie, or its return.
    pub fn cookie(cookie: &[u8]) -> Self {
        Self::new(number::COOKIE, vector16(cookie))
    }

    /// padding (RFC 7685): so many zeros.
    pub fn padding(bytes: usize) -> Self {
        Self::new(number::PADDING, vec![0; bytes])
    }

    /// certificate_authorities (RFC 8446 §4.2.4): distinguished names in DER.
    pub fn certificate_authorities(names: &[&[u8]]) -> Self {
        let list: Vec<u8> = names.iter().flat_map(|name| vector16(name)).collect();
        Self::new(number::CERTIFICATE_AUTHORITIES, vector16(&list))
    }
}

fn entry(group: u16, share: &[u8]) -> Vec<u8> {
    [&group.to_be_bytes()[..], &vector16(share)].concat()
}
