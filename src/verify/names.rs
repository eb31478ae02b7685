//! Does this certificate name the peer that was meant?
//!
//! Two rules. The lab sheet's: the subject has exactly one CN and it equals the name, and an alternative name,
//! if there are any, matches too. And RFC 9525's: alternative names only, wildcards in the left-most label.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use rustls::pki_types::DnsName;

use super::{Check, CheckKind, Policy, Reason};
use crate::pki::facts::{CertFacts, Extension, GeneralName};

/// The name that the peer must prove.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExpectedName {
    /// A DNS name: lower-case ASCII without a trailing dot.
    Dns(String),
    /// An IP address.
    Ip(IpAddr),
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

/// The longest name taken: a DNS name has at most 253 octets (RFC 1035 §2.3.4), a CN 64 characters.
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
            return bad("more than 253 octets");
        }
        if text.contains('*') {
            return bad("a wildcard, which only a certificate may have");
        }
        if let Ok(address) = text.trim_start_matches('[').trim_end_matches(']').parse() {
            return Ok(Self::Ip(address));
        }
        let without_dot = text.strip_suffix('.').unwrap_or(text);
        Ok(match DnsName::try_from(without_dot) {
            Ok(_) => Self::Dns(without_dot.to_ascii_lowercase()),
            Err(_) => Self::Text(text.to_owned()),
        })
    }
}

impl fmt::Display for ExpectedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) | Self::Text(name) => f.write_str(name),
            Self::Ip(address) => address.fmt(f),
        }
    }
}

/// The name check.
pub(super) fn check(leaf: &CertFacts, expected: &ExpectedName, policy: Policy) -> Check {
    let (wanted, mut reasons) = match policy {
        Policy::Lab => (
            format!("exactly one CN, equal to {expected}, and a matching alternative name if there are any"),
            lab_reasons(leaf, expected),
        ),
        Policy::Webpki => {
            (format!("an alternative name (SAN) that matches {expected}"), webpki_reasons(leaf, expected))
        }
    };
    if leaf
        .extensions
        .iter()
        .any(|e| e.oid == SUBJECT_ALT_NAME && matches!(e.decoded, Extension::Malformed(_)))
    {
        reasons.push(Reason::Malformed);
    }
    Check { kind: CheckKind::Name, reasons, expected: wanted, found: presented(leaf) }
}

const SUBJECT_ALT_NAME: der::asn1::ObjectIdentifier = der::asn1::ObjectIdentifier::new_unwrap("2.5.29.17");

/// How many names a report lists before it says how many more there are.
const LISTED: usize = 8;

/// What names the certificate presents, in words.
fn presented(leaf: &CertFacts) -> String {
    let quoted = |text: &str| if is_plain(text) { text.to_owned() } else { format!("{text:?}") };
    let common_names: Vec<String> = leaf
        .subject
        .common_names()
        .map(|cn| cn.text.as_deref().map_or_else(|| "unreadable".to_owned(), quoted))
        .collect();
    let common_names = match common_names.as_slice() {
        [] => "no CN".to_owned(),
        [one] => format!("CN {one}"),
        several => format!("{} CNs: {}", several.len(), listed(several)),
    };
    let extension = leaf.extensions.iter().find(|e| e.oid == SUBJECT_ALT_NAME);
    let alternative = match extension.map(|e| &e.decoded) {
        None => "no SAN".to_owned(),
        Some(Extension::SubjectAltName(names)) if names.is_empty() => "an empty SAN".to_owned(),
        Some(Extension::SubjectAltName(names)) => {
            format!("SAN {}", listed(&names.iter().map(ToString::to_string).collect::<Vec<_>>()))
        }
        Some(_) => "a SAN that cannot be read".to_owned(),
    };
    format!("{common_names}; {alternative}")
}

fn listed(names: &[String]) -> String {
    let shown = names.iter().take(LISTED).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(LISTED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| !c.is_control() && c != '"') && text.trim() == text
}

fn lab_reasons(leaf: &CertFacts, expected: &ExpectedName) -> Vec<Reason> {
    let mut common_names = leaf.subject.common_names();
    let one_that_matches = match (common_names.next(), common_names.next()) {
        (Some(only), None) => only.text.as_deref().is_some_and(|cn| common_name_matches(cn, expected)),
        _ => false,
    };
    let alternative = leaf.subject_alt_names().is_none_or(|names| any_matches(names, expected));
    if one_that_matches && alternative { Vec::new() } else { vec![Reason::WrongName] }
}

/// A CN is compared whole: no wildcard, no control or NUL byte (`www.test.org\0.evil.example` is not
/// `www.test.org`).
fn common_name_matches(cn: &str, expected: &ExpectedName) -> bool {
    if cn.chars().any(char::is_control) {
        return false;
    }
    match expected {
        ExpectedName::Dns(name) | ExpectedName::Text(name) => cn.eq_ignore_ascii_case(name),
        ExpectedName::Ip(address) => cn.parse() == Ok(*address),
    }
}

fn webpki_reasons(leaf: &CertFacts, expected: &ExpectedName) -> Vec<Reason> {
    // RFC 9525 §6.3: the CN is never an identity.
    let matches = leaf.subject_alt_names().is_some_and(|names| any_matches(names, expected));
    if matches { Vec::new() } else { vec![Reason::WrongName] }
}

fn any_matches(names: &[GeneralName], expected: &ExpectedName) -> bool {
    names.iter().any(|name| match (name, expected) {
        (GeneralName::Dns(pattern), ExpectedName::Dns(name)) => dns_matches(pattern, name),
        (GeneralName::Ip(found), ExpectedName::Ip(address)) => found == address,
        _ => false,
    })
}

/// RFC 9525 §6.3: labels compared without regard to ASCII case; `*` may stand for exactly one label, whole and
/// left-most, and with at least two labels to its right.
fn dns_matches(pattern: &str, name: &str) -> bool {
    if let Some(parent) = pattern.strip_prefix("*.") {
        return parent.contains('.')
            && DnsName::try_from(parent).is_ok()
            && name.split_once('.').is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(parent));
    }
    pattern.eq_ignore_ascii_case(name)
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
        for (text, found) in [("", "nothing"), ("a\0b", "control"), ("*.test.org", "wildcard")] {
            assert!(parse(text).unwrap_err().to_string().contains(found), "{text:?}");
        }
        assert!(parse(&"a.".repeat(200)).unwrap_err().to_string().contains("253"));
    }

    #[test]
    fn wildcards_stand_for_one_whole_left_most_label() {
        for (pattern, name, matches) in [
            ("www.test.org", "www.test.org", true),
            ("WWW.test.ORG", "www.test.org", true),
            ("*.test.org", "www.test.org", true),
            ("*.test.org", "test.org", false),
            ("*.test.org", "a.b.test.org", false),
            ("w*.test.org", "www.test.org", false),
            ("www.*.org", "www.test.org", false),
            ("*.org", "test.org", false),
            ("*", "org", false),
            ("www.test.org.", "www.test.org", false),
            ("test.org", "www.test.org", false),
        ] {
            assert_eq!(dns_matches(pattern, name), matches, "{pattern} and {name}");
        }
    }

    #[test]
    fn a_nul_byte_does_not_end_a_common_name() {
        let expected = ExpectedName::Dns("www.test.org".into());
        assert!(common_name_matches("www.TEST.org", &expected));
        assert!(!common_name_matches("www.test.org\0.evil.example", &expected));
        assert!(!common_name_matches("*.test.org", &expected));
        assert!(!common_name_matches(" www.test.org", &expected));
    }
}
