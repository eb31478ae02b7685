//! What to call a number: the registries' names; an unknown number in hexadecimal, and those that clients sprinkle in on
//! purpose as `GREASE` (RFC 8701).

use super::groups::Group;
use super::registry;
use super::schemes::Scheme;
use super::suites::{Sslv2Suite, Suite};

/// Whether a 16-bit code point is one of RFC 8701's: `0x0a0a`, `0x1a1a`, … `0xfafa`.
pub fn is_grease(code: u16) -> bool {
    let [high, low] = code.to_be_bytes();
    high == low && low & 0x0f == 0x0a
}

fn named(code: u16, name: Option<&str>) -> String {
    match name {
        Some(name) => name.to_owned(),
        None if is_grease(code) => format!("GREASE (0x{code:04x})"),
        None => format!("0x{code:04x}"),
    }
}

/// A protocol version: `TLS 1.3`.
pub fn version(code: u16) -> String {
    named(code, registry::version::name(code))
}

/// A cipher suite, or a signal among them: `TLS_AES_128_GCM_SHA256`.
pub fn cipher_suite(code: u16) -> String {
    named(code, Suite::of(code).map(|suite| suite.name).or_else(|| registry::signal::name(code)))
}

/// One of SSL 2's kinds of cipher, or a suite in an SSL 2 hello, which has a byte more.
pub fn sslv2_suite(code: u32) -> String {
    match (u16::try_from(code), Sslv2Suite::of(code)) {
        (Ok(code), _) => cipher_suite(code),
        (_, Some(suite)) => suite.name.to_owned(),
        (_, None) => format!("0x{code:06x}"),
    }
}

/// A group of supported_groups and key_share: `X25519MLKEM768`.
pub fn group(code: u16) -> String {
    named(code, Group::of(code).map(|group| group.name))
}

/// A signature scheme: `ecdsa_secp256r1_sha256`.
pub fn signature_scheme(code: u16) -> String {
    named(code, Scheme::of(code).map(|scheme| scheme.name))
}

/// An extension: `server_name`.
pub fn extension(code: u16) -> String {
    named(code, registry::extension::name(code))
}

/// A handshake message: `ClientHello`.
pub fn handshake(code: u8) -> String {
    registry::handshake::name(code).map_or_else(|| format!("handshake message {code}"), str::to_owned)
}

/// A message of SSL 2: `CLIENT-HELLO`.
pub fn sslv2_message(code: u8) -> String {
    registry::sslv2_message::name(code).map_or_else(|| format!("SSL 2 message {code}"), str::to_owned)
}

/// An alert's description, as RFC 8446 §6 spells it: `certificate_expired`, `unknown_ca`.
pub fn alert(code: u8) -> String {
    registry::alert::name(code).map_or_else(|| format!("number {code}"), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_registries() {
        assert_eq!(cipher_suite(0x1301), "TLS_AES_128_GCM_SHA256");
        assert_eq!(cipher_suite(0xc02f), "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
        assert_eq!(cipher_suite(0x00ff), "TLS_EMPTY_RENEGOTIATION_INFO_SCSV");
        assert_eq!(cipher_suite(0x5600), "TLS_FALLBACK_SCSV");
        assert_eq!(cipher_suite(0x5a5a), "GREASE (0x5a5a)");
        assert_eq!(cipher_suite(0xfffe), "0xfffe");
        assert_eq!(sslv2_suite(0x01_0080), "SSL_CK_RC4_128_WITH_MD5");
        assert_eq!(sslv2_suite(0x2f), "TLS_RSA_WITH_AES_128_CBC_SHA");
        assert_eq!(group(0x11ec), "X25519MLKEM768");
        assert_eq!(version(0x0304), "TLS 1.3");
        assert_eq!(extension(0x0a0a), "GREASE (0x0a0a)");
        assert_eq!(handshake(99), "handshake message 99");
        assert_eq!((alert(48).as_str(), alert(200).as_str()), ("unknown_ca", "number 200"));
    }

    #[test]
    fn grease_is_sixteen_code_points() {
        assert_eq!((0..=u16::MAX).filter(|code| is_grease(*code)).count(), 16);
        assert!(is_grease(0xfafa) && !is_grease(0x0a1a));
    }
}
