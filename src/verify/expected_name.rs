//! The name that a peer must prove, as a person typed it.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use rustls::pki_types::DnsName;

/// The name that the peer must prove.
/// ```
/// use tlslab::verify::ExpectedName;
/// assert_eq!("WWW.Test.org.".parse(), Ok(ExpectedName::Dns("www.test.org".to_owned())));
/// assert_eq!("Perth Server".parse(), Ok(ExpectedName::Text("Perth Server".to_owned())));
/// assert!("*.test.org".parse::<ExpectedName>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExpectedName {
    /// A DNS name: lower-case ASCII without a trailing dot; labels in other scripts become A-labels (RFC 5890).
    Dns(String),
    /// An IP address.
    Ip(IpAddr),
    /// A mailbox, which the certificate of a person or client has as rfc822Name: compared as RFC 5280 §7.5 has it, and
    /// never read from a text that could be a host's.
    Email(String),
    /// Free text, such as `Perth Server`: only a subject's CN under policy `lab` can equal it, and it cannot be
    /// sent as SNI.
    Text(String),
}

/// A text that can be nobody's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is no name to expect: expected a DNS name such as www.test.org, an IP address or a CN, found {found}"
)]
pub struct BadExpectedName {
    text: String,
    found: &'static str,
}

/// The host name that a text means: without the dot of the root at its end, and with A-labels for labels that are not ASCII
/// (RFC 5890 §2.3.2.1, mapped as UTS #46 has it). A text that means no host name is given back as it is.
pub(super) fn ascii_host(text: &str) -> Cow<'_, str> {
    let text = text.strip_suffix('.').unwrap_or(text);
    // A U-label has at most 63 characters' worth of an A-label; more than this is no host name in any script.
    if text.is_ascii() || text.len() > 4 * MAX_NAME {
        return Cow::Borrowed(text);
    }
    idna::domain_to_ascii_strict(text).map_or(Cow::Borrowed(text), Cow::Owned)
}

/// The longest name taken: a DNS name has at most 253 bytes (RFC 1035 §2.3.4), a CN 64 characters.
const MAX_NAME: usize = 253;

impl FromStr for ExpectedName {
    type Err = BadExpectedName;

    fn from_str(text: &str) -> Result<Self, BadExpectedName> {
        let bad = |found| Err(BadExpectedName { text: text.to_owned(), found });
        if text.is_empty() {
            return bad("nothing");
        }
        if text.chars().any(char::is_control) {
            return bad("a control character");
        }
        if text.len() > MAX_NAME + 1 {
            return bad("more than 253 bytes");
        }
        if text.contains('*') {
            return bad("a wildcard, which only a certificate may have");
        }
        if let Ok(address) = text.trim_start_matches('[').trim_end_matches(']').parse() {
            return Ok(Self::Ip(address));
        }
        let host = ascii_host(text);
        Ok(match DnsName::try_from(host.as_ref()) {
            Ok(_) => Self::Dns(host.to_ascii_lowercase()),
            Err(_) => Self::Text(text.to_owned()),
        })
    }
}

impl ExpectedName {
    /// The mailbox that a text is, such as `bob@test.org`.
    pub fn email(text: &str) -> Result<Self, BadExpectedName> {
        let bad = |found| Err(BadExpectedName { text: text.to_owned(), found });
        if text.len() > MAX_NAME + 1 {
            return bad("more than 254 bytes");
        }
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return bad("white space or a control character");
        }
        match text.rsplit_once('@') {
            Some((local, host)) if !local.is_empty() && DnsName::try_from(host).is_ok() => {
                Ok(Self::Email(text.to_owned()))
            }
            _ => bad("no mailbox such as bob@test.org"),
        }
    }
}

impl fmt::Display for ExpectedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) | Self::Email(name) | Self::Text(name) => f.write_str(name),
            Self::Ip(address) => address.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expected_names_are_told_apart() {
        let parse = |text: &str| text.parse::<ExpectedName>();
        assert_eq!(parse("WWW.Test.org."), Ok(ExpectedName::Dns("www.test.org".into())));
        assert_eq!(parse("127.0.0.1"), Ok(ExpectedName::Ip([127, 0, 0, 1].into())));
        assert_eq!(parse("[::1]"), Ok(ExpectedName::Ip(std::net::Ipv6Addr::LOCALHOST.into())));
        assert_eq!(parse("Perth Server"), Ok(ExpectedName::Text("Perth Server".into())));
        assert_eq!(parse("localhost."), Ok(ExpectedName::Dns("localhost".into())));
        assert_eq!(parse("München.de"), Ok(ExpectedName::Dns("xn--mnchen-3ya.de".into())));
        assert_eq!(parse("www.t\u{435}st.org"), Ok(ExpectedName::Dns("www.xn--tst-rdd.org".into())));
        assert_eq!(parse("Zürich Server"), Ok(ExpectedName::Text("Zürich Server".into())));
        for (text, found) in [("", "nothing"), ("a\0b", "control"), ("*.test.org", "wildcard")] {
            assert!(parse(text).unwrap_err().to_string().contains(found), "{text:?}");
        }
        assert!(parse(&"a.".repeat(200)).unwrap_err().to_string().contains("253"));
    }
}
