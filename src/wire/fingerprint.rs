//! Fingerprints of TLS stacks: JA3 and JA4 of a client, JA3S of a server.
//!
//! They say which software spoke, not who. JA4S and the other members of the JA4+ family are under a licence
//! that is not permissive and are left out; JA4 itself is free (BSD 3-Clause).

use md5::{Digest, Md5};

use super::hello::{ClientHello, ServerHello};
use crate::tls::names::is_grease;
use crate::tls::registry::extension::{ALPN, SERVER_NAME, SIGNATURE_ALGORITHMS};
use crate::words::hex;

/// JA3: MD5 over version, suites, extensions, groups and point formats in the order offered, without GREASE.
pub fn ja3(hello: &ClientHello) -> String {
    md5(&ja3_text(hello))
}

fn ja3_text(hello: &ClientHello) -> String {
    format!(
        "{},{},{},{},{}",
        hello.legacy_version,
        decimal(hello.cipher_suites.iter().copied()),
        decimal(hello.extensions.iter().map(|extension| extension.code)),
        decimal(hello.groups().into_iter()),
        decimal(hello.point_formats().into_iter().map(u16::from)),
    )
}

/// JA3S: MD5 over version, suite and extensions of a ServerHello.
pub fn ja3s(hello: &ServerHello) -> String {
    let extensions = decimal(hello.extensions.iter().map(|extension| extension.code));
    md5(&format!("{},{},{extensions}", hello.legacy_version, hello.cipher_suite))
}

/// JA4 of a client over TCP: what can be read from it at a glance, then two truncated SHA-256.
pub fn ja4(hello: &ClientHello) -> String {
    let version = match hello.versions().into_iter().filter(|code| !is_grease(*code)).max() {
        Some(0x0304) => "13",
        Some(0x0303) => "12",
        Some(0x0302) => "11",
        Some(0x0301) => "10",
        Some(0x0300) => "s3",
        _ => "00",
    };
    let name = if hello.has_server_name() { 'd' } else { 'i' };
    let mut suites: Vec<u16> = hello.cipher_suites.iter().copied().filter(|code| !is_grease(*code)).collect();
    let mut extensions: Vec<u16> =
        hello.extensions.iter().map(|extension| extension.code).filter(|code| !is_grease(*code)).collect();
    let counts = format!("{:02}{:02}", suites.len().min(99), extensions.len().min(99));
    let protocol =
        hello.protocols().first().map_or_else(|| "00".to_owned(), |protocol| first_and_last(protocol));
    suites.sort_unstable();
    extensions.sort_unstable();
    extensions.retain(|code| ![SERVER_NAME, ALPN].contains(code));
    let mut second = hexadecimal(&extensions);
    let schemes: Vec<u16> = hello.signature_schemes().into_iter().filter(|code| !is_grease(*code)).collect();
    if !schemes.is_empty() && hello.has(SIGNATURE_ALGORITHMS) {
        second = format!("{second}_{}", hexadecimal(&schemes));
    }
    let second = if extensions.is_empty() { String::new() } else { second };
    format!("t{version}{name}{counts}{protocol}_{}_{}", sha256_12(&hexadecimal(&suites)), sha256_12(&second))
}

/// The first and last character of the first protocol, or of its hexadecimal where they are not alphanumeric.
fn first_and_last(protocol: &[u8]) -> String {
    let text = match (protocol.first(), protocol.last()) {
        (Some(first), Some(last)) if first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() => {
            String::from_utf8_lossy(protocol).into_owned()
        }
        _ => hex(protocol),
    };
    let mut ends = text.chars();
    match (ends.next(), ends.next_back().or_else(|| text.chars().next())) {
        (Some(first), Some(last)) => format!("{first}{last}"),
        _ => "00".to_owned(),
    }
}

fn decimal(codes: impl Iterator<Item = u16>) -> String {
    codes.filter(|code| !is_grease(*code)).map(|code| code.to_string()).collect::<Vec<_>>().join("-")
}

fn hexadecimal(codes: &[u16]) -> String {
    codes.iter().map(|code| format!("{code:04x}")).collect::<Vec<_>>().join(",")
}

fn md5(text: &str) -> String {
    hex(&Md5::digest(text.as_bytes()))
}

fn sha256_12(text: &str) -> String {
    if text.is_empty() {
        return "0".repeat(12);
    }
    hex(&crate::crypto::sha256(text.as_bytes())[..6])
}

#[cfg(test)]
mod tests {
    use super::super::hello::tests::{client_hello, server_name};
    use super::*;

    /// The worked example of JA4's own technical description: a Chromium ClientHello.
    #[test]
    fn ja4_of_its_description() {
        let suites: &[u16] = &[
            0x1a1a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014,
            0x009c, 0x009d, 0x002f, 0x0035,
        ];
        let schemes: Vec<u8> = [0x0403_u16, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601]
            .iter()
            .flat_map(|code| code.to_be_bytes())
            .collect();
        let mut extensions: Vec<(u16, Vec<u8>)> = [
            0x001b, 0x0033, 0x0010, 0x4469, 0x0017, 0x002d, 0x0005, 0x0023, 0x0012, 0x002b, 0xff01, 0x000b,
            0x000a, 0x0015,
        ]
        .map(|code| (code, vec![]))
        .into();
        extensions.insert(0, (0x2a2a, vec![]));
        extensions.push((0, server_name("example.org")));
        extensions.push((13, [&[0, 16][..], &schemes].concat()));
        for (code, data) in &mut extensions {
            match code {
                0x10 => *data = b"\0\x03\x02h2".to_vec(),
                0x2b => *data = vec![6, 0x7a, 0x7a, 3, 4, 3, 3],
                _ => {}
            }
        }
        let hello = ClientHello::read(&client_hello(suites, &extensions)).unwrap();
        assert_eq!(ja4(&hello), "t13d1516h2_8daaf6152771_e5627efa2ab1");
    }

    /// The example of JA3's own description.
    #[test]
    fn ja3_of_its_description() {
        let suites = [47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4];
        let extensions = [(0, server_name("a")), (10, vec![0, 6, 0, 23, 0, 24, 0, 25]), (11, vec![1, 0])];
        let mut hello = ClientHello::read(&client_hello(&suites, &extensions)).unwrap();
        hello.legacy_version = 769;
        assert_eq!(ja3_text(&hello), "769,47-53-5-10-49161-49162-49171-49172-50-56-19-4,0-10-11,23-24-25,0");
        assert_eq!(ja3(&hello), "ada70206e40642a3e4461f35503241d5");
    }

    #[test]
    fn a_protocol_s_ends() {
        for (protocol, ends) in
            [(&b"h2"[..], "h2"), (b"http/1.1", "h1"), (b"h", "hh"), (b"\xab\xcd", "ad"), (b"", "00")]
        {
            assert_eq!(first_and_last(protocol), ends, "{protocol:?}");
        }
    }
}
