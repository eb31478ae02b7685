//! The PROXY protocol's header, version 2 (haproxy's `doc/proxy-protocol.txt`): who the client is and what TLS agreed on,
//! said to a back end before the first byte of the connection.

use std::net::{IpAddr, SocketAddr};

use super::event::TlsFacts;
use crate::side::{Both, ipv6};

const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
/// Version 2, command PROXY.
const PROXY: u8 = 0x21;
/// Address family and transport: TCP over IPv4, and over IPv6.
const TCP4: u8 = 0x11;
const TCP6: u8 = 0x21;

/// Types of TLVs.
mod kind {
    pub(super) const ALPN: u8 = 0x01;
    pub(super) const AUTHORITY: u8 = 0x02;
    pub(super) const SSL: u8 = 0x20;
    pub(super) const SSL_VERSION: u8 = 0x21;
    pub(super) const SSL_CN: u8 = 0x22;
    pub(super) const SSL_CIPHER: u8 = 0x23;
}

/// The client bits of [`kind::SSL`].
const CLIENT_SSL: u8 = 0x01;
const CLIENT_CERT_CONN: u8 = 0x02;
const CLIENT_CERT_SESS: u8 = 0x04;

/// The longest common name that is passed on; a longer one is left out, for a part of it would be somebody else's name.
const LONGEST_NAME: usize = 4096;

/// The header of a connection from `client` to `server`, with what TLS agreed on.
pub(super) fn header(client: SocketAddr, server: SocketAddr, tls: Option<&TlsFacts>) -> Vec<u8> {
    let (family, addresses) = addresses(client, server);
    let rest = [addresses, tls.map(tlvs).unwrap_or_default()].concat();
    let mut header = SIGNATURE.to_vec();
    header.extend([PROXY, family]);
    header.extend(length(&rest));
    header.extend(rest);
    header
}

fn addresses(client: SocketAddr, server: SocketAddr) -> (u8, Vec<u8>) {
    let Both { client, server } = Both { client, server }.in_one_family();
    let ports = [client.port().to_be_bytes(), server.port().to_be_bytes()].concat();
    match (client.ip(), server.ip()) {
        (IpAddr::V4(client), IpAddr::V4(server)) => {
            (TCP4, [&client.octets()[..], &server.octets(), &ports].concat())
        }
        (client, server) => (TCP6, [&ipv6(client).octets()[..], &ipv6(server).octets(), &ports].concat()),
    }
}

fn tlvs(tls: &TlsFacts) -> Vec<u8> {
    let optional =
        |kind, text: &Option<String>| text.iter().flat_map(|text| tlv(kind, text.as_bytes())).collect();
    let own: Vec<u8> = optional(kind::ALPN, &tls.alpn);
    let authority: Vec<u8> = optional(kind::AUTHORITY, &tls.sni);
    [own, authority, tlv(kind::SSL, &ssl(tls))].concat()
}

fn ssl(tls: &TlsFacts) -> Vec<u8> {
    let mut client = CLIENT_SSL;
    // Zero says that the client's certificate was verified, anything else that it was not.
    let mut verify = 1_u32;
    let mut common_name = Vec::new();
    if let Some(certificate) = &tls.client {
        client |= CLIENT_CERT_CONN | CLIENT_CERT_SESS;
        verify = 0;
        // The specification has it in UTF-8, and one of it.
        let first = certificate.subject.common_names().next().and_then(|name| name.text.as_deref());
        common_name = first
            .filter(|name| name.len() <= LONGEST_NAME)
            .map(|name| tlv(kind::SSL_CN, name.as_bytes()))
            .unwrap_or_default();
    }
    let version = tlv(kind::SSL_VERSION, tls.agreed.protocol.as_bytes());
    let cipher = tlv(kind::SSL_CIPHER, tls.agreed.cipher_suite.as_bytes());
    [&[client][..], &verify.to_be_bytes(), &version, &common_name, &cipher].concat()
}

fn tlv(kind: u8, value: &[u8]) -> Vec<u8> {
    [&[kind][..], &length(value), value].concat()
}

fn length(value: &[u8]) -> [u8; 2] {
    // A host name and a protocol's name have at most 255 bytes (RFC 1035 §2.3.4, RFC 7301 §3.1), a common name what is
    // allowed above: all of a header is far below 64 KiB.
    u16::try_from(value.len()).unwrap_or(u16::MAX).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::SessionFacts;

    #[test]
    fn a_header_is_as_the_specification_has_it() {
        let [client, server]: [SocketAddr; 2] =
            ["192.0.2.1:258", "192.0.2.2:772"].map(|text| text.parse().unwrap());
        let mut expected = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c".to_vec();
        expected.extend([192, 0, 2, 1, 192, 0, 2, 2, 1, 2, 3, 4]);
        assert_eq!(header(client, server, None), expected);
        let six: SocketAddr = "[2001:db8::1]:258".parse().unwrap();
        let said = header(six, server, None);
        assert_eq!(said[13..16], [0x21, 0, 36]);
        assert_eq!(said[32..48], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 2]);
    }

    #[test]
    fn what_tls_agreed_on_is_said() {
        let agreed = SessionFacts {
            protocol: "TLSv1.3".to_owned(),
            cipher_suite: "TLS_AES_128_GCM_SHA256".to_owned(),
            key_exchange: "X25519".to_owned(),
        };
        let facts = TlsFacts {
            agreed,
            sni: Some("a.test".to_owned()),
            alpn: Some("h2".to_owned()),
            resumed: false,
            client: None,
        };
        let said = tlvs(&facts);
        let mut expected =
            b"\x01\0\x02h2\x02\0\x06a.test\x20\0\x28\x01\0\0\0\x01\x21\0\x07TLSv1.3\x23\0\x16".to_vec();
        expected.extend(b"TLS_AES_128_GCM_SHA256");
        assert_eq!(said, expected);
    }
}
