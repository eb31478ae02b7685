//! How names and keys are said in one line: `DNS:www.test.org`, `RSA 4096 bits`, `EC P-256`.
//!
//! What comes out of a certificate is somebody else's text: control characters are escaped, so that a name can
//! neither forge a line nor reach a terminal's escape codes.

use std::fmt;
use std::net::IpAddr;

use super::facts::{GeneralName, PublicKeyKind};
use super::subject::Subject;

impl fmt::Display for GeneralName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(der) => match Subject::from_der(der) {
                Ok(name) => write!(f, "DirName:{name}"),
                Err(_) => f.write_str("DirName:unreadable"),
            },
            Self::Dns(name) => write!(f, "DNS:{}", Escaped(name)),
            Self::Email(mailbox) => write!(f, "email:{}", Escaped(mailbox)),
            Self::Ip(address) => write!(f, "IP:{address}"),
            Self::IpRange { address, mask } => match prefix_length(*mask) {
                Some(length) => write!(f, "IP:{address}/{length}"),
                None => write!(f, "IP:{address}/{mask}"),
            },
            Self::Uri(uri) => write!(f, "URI:{}", Escaped(uri)),
            Self::Other { tag, value } => {
                write!(f, "{}:", TAGS.get(usize::from(*tag)).unwrap_or(&"unknown"))?;
                value.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
            }
        }
    }
}

/// What each context tag of GeneralName is called; the octets of one that cannot be read follow in hexadecimal.
const TAGS: [&str; 9] =
    ["otherName", "email", "DNS", "x400Address", "DirName", "ediPartyName", "URI", "IP", "registeredID"];

/// The number of leading ones of a mask that has no other ones.
fn prefix_length(mask: IpAddr) -> Option<u32> {
    let (ones, zeros, all) = match mask {
        IpAddr::V4(v4) => (v4.to_bits().leading_ones(), v4.to_bits().trailing_zeros(), 32),
        IpAddr::V6(v6) => (v6.to_bits().leading_ones(), v6.to_bits().trailing_zeros(), 128),
    };
    (ones + zeros == all).then_some(ones)
}

impl fmt::Display for PublicKeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ec { curve } => write!(f, "EC {curve}"),
            Self::Ed25519 => f.write_str("Ed25519"),
            Self::Rsa { modulus_bits, .. } => write!(f, "RSA {modulus_bits} bits"),
            Self::Other(oid) => write!(f, "{oid}"),
        }
    }
}

/// Text with its control characters and backslashes escaped as Rust escapes them (`\0`, `\n`, `\u{1b}`).
#[derive(Clone, Copy, Debug)]
pub struct Escaped<'a>(pub &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            if c == '\\' || c.is_control() || is_invisible(c) {
                c.escape_default().fmt(f)?;
            } else {
                fmt::Write::write_char(f, c)?;
            }
        }
        Ok(())
    }
}

/// Characters that change the order or the look of the text around them.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_forge_a_line() {
        let name = GeneralName::Dns("a\n\u{1b}[31mb\u{202e}".into());
        assert_eq!(name.to_string(), "DNS:a\\n\\u{1b}[31mb\\u{202e}");
    }

    #[test]
    fn keys_in_one_line() {
        let rsa = PublicKeyKind::Rsa { modulus_bits: 4096, exponent: vec![1, 0, 1] };
        assert_eq!(rsa.to_string(), "RSA 4096 bits");
        assert_eq!(PublicKeyKind::Ec { curve: "P-256".into() }.to_string(), "EC P-256");
    }
}
