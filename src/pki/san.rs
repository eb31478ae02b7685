//! Subject alternative names (RFC 5280 §4.2.1.6) as people write them.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use super::name_error::NameError;

/// A subject alternative name that tlslab can put into a certificate.
/// ```
/// use tlslab::pki::subject::SanName;
/// assert_eq!("www.test.org".parse::<SanName>()?, SanName::dns("www.test.org")?);
/// assert_eq!("::1".parse::<SanName>()?.to_string(), "IP:::1");
/// assert_eq!("DNS:*.test.org".parse::<SanName>()?, SanName::Dns("*.test.org".to_owned()));
/// assert!("www.*.org".parse::<SanName>().is_err());
/// # Ok::<(), tlslab::pki::subject::NameError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SanName {
    /// dNSName: ASCII, possibly a wildcard, possibly A-labels.
    Dns(String),
    /// rfc822Name.
    Email(String),
    /// iPAddress.
    Ip(IpAddr),
    /// uniformResourceIdentifier.
    Uri(String),
}

impl SanName {
    /// A dNSName: letters, digits, hyphens and underscores in labels of at most 63 bytes, at most 253 in all;
    /// the left-most label may be `*` (RFC 9525 §6.3). No trailing dot, and no label outside ASCII: an
    /// international name goes in as A-labels (RFC 5890).
    pub fn dns(name: &str) -> Result<Self, NameError> {
        match dns_fault(name, true) {
            None => Ok(Self::Dns(name.to_owned())),
            Some(why) => Err(refused("DNS", name, why)),
        }
    }

    /// An iPAddress, IPv4 or IPv6 (brackets around it are dropped).
    pub fn ip(text: &str) -> Result<Self, NameError> {
        let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
        bare.parse().map(Self::Ip).map_err(|_| {
            refused("IP", text, "expected an IPv4 or IPv6 address such as 127.0.0.1 or ::1".to_owned())
        })
    }

    /// An rfc822Name: an ASCII mailbox `local@domain`.
    pub fn email(text: &str) -> Result<Self, NameError> {
        let fault = match text.rsplit_once('@') {
            None => Some("expected local@domain, found no @".to_owned()),
            Some((local, _)) if local.is_empty() || local.len() > 64 => {
                Some(format!("expected 1 to 64 characters before the @, found {}", local.len()))
            }
            Some((local, _)) if !local.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'@') => {
                Some("expected printable ASCII without spaces before the @".to_owned())
            }
            Some((_, domain)) => dns_fault(domain, false),
        };
        fault.map_or_else(|| Ok(Self::Email(text.to_owned())), |why| Err(refused("email", text, why)))
    }

    /// A uniformResourceIdentifier: absolute, ASCII (RFC 3986).
    pub fn uri(text: &str) -> Result<Self, NameError> {
        let scheme = text.split_once(':').filter(|(scheme, rest)| {
            scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
                && !rest.is_empty()
        });
        let why = if scheme.is_none() {
            "expected an absolute URI such as https://www.test.org/"
        } else if !text.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte)) {
            "expected ASCII without spaces; write other characters as %XX"
        } else {
            return Ok(Self::Uri(text.to_owned()));
        };
        Err(refused("URI", text, why.to_owned()))
    }
}

/// `DNS:`, `IP:`, `email:` or `URI:` and the name; without a prefix the kind is what the text looks like.
impl FromStr for SanName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        if let Some((prefix, name)) = text.split_once(':') {
            match prefix.to_ascii_lowercase().as_str() {
                "dns" => return Self::dns(name),
                "ip" | "ip address" => return Self::ip(name),
                "email" => return Self::email(name),
                "uri" => return Self::uri(name),
                _ => {}
            }
        }
        if let Ok(ip) = Self::ip(text) {
            return Ok(ip);
        }
        if text.contains("://") {
            Self::uri(text)
        } else if text.contains('@') {
            Self::email(text)
        } else {
            Self::dns(text)
        }
    }
}

/// With its prefix, so that it can be read back.
impl fmt::Display for SanName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => write!(f, "DNS:{name}"),
            Self::Email(name) => write!(f, "email:{name}"),
            Self::Ip(address) => write!(f, "IP:{address}"),
            Self::Uri(uri) => write!(f, "URI:{uri}"),
        }
    }
}

fn refused(kind: &'static str, name: &str, why: String) -> NameError {
    NameError::San { kind, name: name.to_owned(), why }
}

/// Why `name` is no host name; `None` where it is one.
fn dns_fault(name: &str, wildcard: bool) -> Option<String> {
    if name.is_empty() {
        return Some("expected a name, found none".to_owned());
    }
    if !name.is_ascii() {
        return Some("expected ASCII; write an international name with its A-labels (xn--…)".to_owned());
    }
    if name.len() > 253 {
        return Some(format!("expected at most 253 characters, found {}", name.len()));
    }
    if name.ends_with('.') {
        return Some("expected no dot at the end".to_owned());
    }
    let labels = match name.strip_prefix("*.") {
        Some(rest) if wildcard => rest,
        _ => name,
    };
    for label in labels.split('.') {
        if label.is_empty() || label.len() > 63 {
            return Some(format!("expected labels of 1 to 63 characters, found {}", label.len()));
        }
        if label.contains('*') {
            return Some("expected a wildcard only as the whole left-most label of several".to_owned());
        }
        if let Some(c) = label.chars().find(|c| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_')) {
            return Some(format!("expected letters, digits, hyphens and dots, found {c:?}"));
        }
        if label.starts_with('-') || label.ends_with('-') {
            return Some(format!("expected no hyphen at either end of {label:?}"));
        }
    }
    // RFC 3696 §2: a top-level domain is not all-numeric, so this is a mistyped address.
    let last = labels.rsplit('.').next().unwrap_or_default();
    last.bytes().all(|byte| byte.is_ascii_digit()).then(|| "expected a host name or an IP address".to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_kind_is_what_the_text_looks_like() {
        for (text, expected) in [
            ("www.test.org", "DNS:www.test.org"),
            ("localhost", "DNS:localhost"),
            ("*.test.org", "DNS:*.test.org"),
            ("_sip._tcp.test.org", "DNS:_sip._tcp.test.org"),
            ("xn--bcher-kva.example", "DNS:xn--bcher-kva.example"),
            ("127.0.0.1", "IP:127.0.0.1"),
            ("::1", "IP:::1"),
            ("[2001:db8::1]", "IP:2001:db8::1"),
            ("a.b@test.org", "email:a.b@test.org"),
            ("https://www.test.org/x", "URI:https://www.test.org/x"),
            ("spiffe://test.org/a", "URI:spiffe://test.org/a"),
            ("URI:urn:uuid:1", "URI:urn:uuid:1"),
            ("dns:x.test", "DNS:x.test"),
            ("IP:10.0.0.1", "IP:10.0.0.1"),
            ("email:a@b.c", "email:a@b.c"),
        ] {
            let name: SanName = text.parse().unwrap();
            assert_eq!(name.to_string(), expected);
            assert_eq!(expected.parse::<SanName>().unwrap(), name);
        }
    }

    #[test]
    fn refusals_say_why() {
        for (text, expected) in [
            ("", "DNS name : expected a name, found none"),
            (
                "bücher.example",
                "DNS name bücher.example: expected ASCII; write an international name with its A-labels (xn--…)",
            ),
            ("a b", "DNS name a b: expected letters, digits, hyphens and dots, found ' '"),
            ("a..b", "DNS name a..b: expected labels of 1 to 63 characters, found 0"),
            ("test.org.", "DNS name test.org.: expected no dot at the end"),
            ("-a.org", "DNS name -a.org: expected no hyphen at either end of \"-a\""),
            ("*", "DNS name *: expected a wildcard only as the whole left-most label of several"),
            ("a.*.org", "DNS name a.*.org: expected a wildcard only as the whole left-most label of several"),
            ("w*.org", "DNS name w*.org: expected a wildcard only as the whole left-most label of several"),
            ("999.1.1.1", "DNS name 999.1.1.1: expected a host name or an IP address"),
            ("10.0.0.0/8", "DNS name 10.0.0.0/8: expected letters, digits, hyphens and dots, found '/'"),
            ("IP:test.org", "IP name test.org: expected an IPv4 or IPv6 address such as 127.0.0.1 or ::1"),
            ("email:x", "email name x: expected local@domain, found no @"),
            ("@b.c", "email name @b.c: expected 1 to 64 characters before the @, found 0"),
            ("URI:/x", "URI name /x: expected an absolute URI such as https://www.test.org/"),
            ("a://b c", "URI name a://b c: expected ASCII without spaces; write other characters as %XX"),
        ] {
            assert_eq!(text.parse::<SanName>().unwrap_err().to_string(), expected);
        }
        let long = format!("{}.org", "a".repeat(64));
        assert!(long.parse::<SanName>().unwrap_err().to_string().ends_with("found 64"));
        let long = format!("{}org", "abc.".repeat(63));
        assert!(
            long.parse::<SanName>().unwrap_err().to_string().ends_with("at most 253 characters, found 255")
        );
    }

    proptest! {
        #[test]
        fn what_is_accepted_goes_round(text in any::<String>()) {
            if let Ok(name) = text.parse::<SanName>() {
                prop_assert_eq!(name.to_string().parse::<SanName>().unwrap(), name);
            }
        }
    }
}
