//! Name constraints (RFC 5280 §4.2.1.10): which names a CA's certificates may carry.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;

use super::expected_name::ascii_host;
use crate::pki::der::{self, Walk, tag};
use crate::pki::facts::{CertFacts, Extension, GeneralName};
use crate::pki::oid;
use crate::pki::subject::Subject;
use crate::words;

/// Why a certificate's names break an issuer's constraints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Violation {
    /// The name is inside an excluded subtree.
    Excluded(String),
    /// There are permitted subtrees of the name's kind, and the name is in none.
    NotPermitted(String),
    /// More comparisons than the budget allows.
    TooMany,
    /// A constraint of a kind or form that tlslab cannot apply to a name of the same kind.
    Unreadable(String),
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Excluded(which) => write!(f, "its name constraints exclude it: {which}"),
            Self::NotPermitted(name) => write!(f, "its name constraints do not permit {name}"),
            Self::TooMany => f.write_str("its name constraints cost too many comparisons"),
            Self::Unreadable(subtree) => write!(f, "its name constraint {subtree} cannot be applied"),
        }
    }
}

/// When constraints on host names bind the CN too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BoundCommonName {
    /// Never.
    No,
    /// Where there are no alternative names.
    WithoutNames,
    /// Where there is no dNSName among them.
    WithoutDnsName,
    /// The same, and the CN could be a host's name: no wildcard, for one.
    HostWithoutDnsName,
}

/// Which names constraints bind, and how.
#[allow(clippy::struct_excessive_bools, reason = "each is a kind of name that counts or does not")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    /// The subject, where it is not empty.
    pub(crate) subject: bool,
    /// The e-mail addresses in the subject, as rfc822Names.
    pub(crate) subject_emails: bool,
    /// The CN.
    pub(crate) common_name: BoundCommonName,
    /// The URIs.
    pub(crate) uris: bool,
    /// Whether a name with the root's dot at its end is the name without it.
    pub(crate) final_dot: bool,
    /// Whether an excluded name excludes the wildcard that stands for it.
    pub(crate) wildcards_touch: bool,
}

/// Applies the constraints of `issuer`, if it has any, to every name of `certificate`, and takes what that costs off
/// `budget` before it begins.
pub(crate) fn apply(
    issuer: &CertFacts,
    certificate: &CertFacts,
    reading: Reading,
    budget: &mut usize,
) -> Option<Violation> {
    let (permitted, excluded) = issuer.extensions.iter().find_map(|e| match &e.decoded {
        Extension::NameConstraints { permitted, excluded } => Some((permitted, excluded)),
        _ => None,
    })?;
    let names = names_of(certificate, reading);
    let subtrees = permitted.len().saturating_add(excluded.len());
    // Every name with every subtree, at the weight of both. Each certificate is at most 1 MiB: the sums are small.
    let names_weight: usize = names.iter().map(|name| weight(name)).sum();
    let subtrees_weight: usize = permitted.iter().chain(excluded).map(weight).sum();
    let cost =
        names_weight.saturating_mul(subtrees).saturating_add(subtrees_weight.saturating_mul(names.len()));
    match budget.checked_sub(cost) {
        Some(left) => *budget = left,
        None => return Some(Violation::TooMany),
    }
    names.iter().find_map(|name| violation(name, permitted, excluded, reading.wildcards_touch))
}

/// The names that constraints bind.
fn names_of(certificate: &CertFacts, reading: Reading) -> Vec<Cow<'_, GeneralName>> {
    let mut names: Vec<_> =
        certificate.subject_alt_names().unwrap_or_default().iter().map(Cow::Borrowed).collect();
    let no_dns_name = !names.iter().any(|name| matches!(**name, GeneralName::Dns(_)));
    let is_bound: fn(&str) -> bool = match reading.common_name {
        BoundCommonName::WithoutNames if names.is_empty() => |_| true,
        BoundCommonName::WithoutDnsName if no_dns_name => |_| true,
        BoundCommonName::HostWithoutDnsName if no_dns_name => is_plausible_host,
        _ => |_| false,
    };
    let texts = certificate.subject.common_names().filter_map(|cn| cn.text.as_deref());
    names.extend(texts.filter(|text| is_bound(text)).map(|text| {
        let dns = || GeneralName::Dns(ascii_host(text).into_owned());
        Cow::Owned(text.parse().map_or_else(|_| dns(), GeneralName::Ip))
    }));
    if !reading.uris {
        names.retain(|name| !matches!(**name, GeneralName::Uri(_)));
    }
    if !reading.final_dot {
        // As another label, which no subtree has.
        names.retain(|name| !matches!(&**name, GeneralName::Dns(name) if name.ends_with('.')));
    }
    let mailboxes: Vec<_> = names.iter().filter_map(|name| internationalized_mailbox(name)).collect();
    names.extend(mailboxes.into_iter().map(Cow::Owned));
    // RFC 5280 §4.2.1.10 asks this where there is no SAN. With one, the address in the subject is an address all the same,
    // and whoever reads it there believes it: OpenSSL's NAME_CONSTRAINTS_check and this never let it go.
    if reading.subject_emails {
        names.extend(certificate.subject.email_addresses().map(|address| {
            Cow::Owned(match &address.text {
                Some(text) => GeneralName::Email(text.clone()),
                None => GeneralName::Other { tag: GeneralName::EMAIL, value: address.raw.clone() },
            })
        }));
    }
    if reading.subject && !certificate.subject.rdns.is_empty() {
        names.push(Cow::Owned(GeneralName::Directory(certificate.subject_der.clone())));
    }
    names
}

/// Whether a text could be the name of a host in a domain: labels of letters, digits, `-` and `_`, and more than one.
fn is_plausible_host(text: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.contains('.') && text.split('.').all(is_label)
}

/// The e-mail address in an otherName of the type SmtpUTF8Mailbox, which constraints on rfc822Name bind too
/// (RFC 9598 §6).
fn internationalized_mailbox(name: &GeneralName) -> Option<GeneralName> {
    let GeneralName::Other { tag: 0, value } = name else { return None };
    let mut walk = Walk(value);
    walk.oid().ok().filter(|kind| *kind == oid::SMTP_UTF8_MAILBOX)?;
    let text = walk.expect(tag::context(0)).and_then(|value| der::only(value.content, tag::UTF8_STRING));
    let text = text.ok().and_then(|text| std::str::from_utf8(text.content).ok());
    Some(match text.and_then(|text| text.rsplit_once('@')) {
        Some((local, host)) => GeneralName::Email(format!("{local}@{}", ascii_host(host))),
        None => GeneralName::Other { tag: GeneralName::EMAIL, value: value.clone() },
    })
}

/// What one comparison with this name costs, in units of 32 bytes.
fn weight(name: &GeneralName) -> usize {
    let bytes = match name {
        GeneralName::Directory(bytes) | GeneralName::Other { value: bytes, .. } => bytes.len(),
        GeneralName::Dns(text) | GeneralName::Email(text) | GeneralName::Uri(text) => text.len(),
        GeneralName::Ip(_) | GeneralName::IpRange { .. } => 0,
    };
    1 + bytes / 32
}

fn violation(
    name: &GeneralName,
    permitted: &[GeneralName],
    excluded: &[GeneralName],
    wildcards_touch: bool,
) -> Option<Violation> {
    let inside = if wildcards_touch { touches } else { within };
    for subtree in excluded.iter().filter(|subtree| same_kind(name, subtree)) {
        match inside(name, subtree) {
            Some(true) => {
                let words = format!("{} is inside {}", shown(name), shown(subtree));
                return Some(Violation::Excluded(words));
            }
            Some(false) => {}
            None => return Some(Violation::Unreadable(shown(subtree))),
        }
    }
    let mut of_kind = permitted.iter().filter(|subtree| same_kind(name, subtree)).peekable();
    of_kind.peek()?;
    if of_kind.any(|subtree| within(name, subtree) == Some(true)) {
        None
    } else {
        Some(Violation::NotPermitted(shown(name)))
    }
}

fn shown(name: &GeneralName) -> String {
    words::shortened(name.to_string())
}

/// Whether a constraint is about names of this kind: by its tag, so that a name or a constraint that cannot be read is
/// not passed over as one of no kind. An otherName is of its type-id's kind, but for SmtpUTF8Mailbox, which constraints
/// on e-mail addresses bind too (RFC 9598 §6).
fn same_kind(name: &GeneralName, subtree: &GeneralName) -> bool {
    name.tag() == subtree.tag()
}

/// Whether anything that `name` stands for is inside `subtree`; `None` where that cannot be told.
fn touches(name: &GeneralName, subtree: &GeneralName) -> Option<bool> {
    match (name, subtree) {
        (GeneralName::Dns(name), GeneralName::Dns(subtree)) => {
            Some(dns_within(name, subtree)? || wildcard_matches(name, subtree))
        }
        _ => within(name, subtree),
    }
}

/// Whether everything that `name` stands for is inside `subtree`; `None` where that cannot be told.
fn within(name: &GeneralName, subtree: &GeneralName) -> Option<bool> {
    use GeneralName as G;
    match (name, subtree) {
        (G::Dns(name), G::Dns(subtree)) => dns_within(name, subtree),
        (G::Ip(address), G::IpRange { address: network, mask }) => ip_within(*address, *network, *mask),
        (G::Directory(name), G::Directory(subtree)) => directory_within(name, subtree),
        (G::Email(mailbox), G::Email(subtree)) => email_within(mailbox, subtree),
        (G::Uri(uri), G::Uri(subtree)) => host_within(uri_host(uri)?, subtree),
        _ => None,
    }
}

/// A DNS name satisfies a constraint to which it adds zero or more labels on the left.
fn dns_within(name: &str, subtree: &str) -> Option<bool> {
    // A leading dot is not RFC 5280's syntax for dNSName; it is refused rather than guessed at.
    if !is_host(subtree) && !subtree.is_empty() {
        return None;
    }
    let name = name.strip_prefix("*.").unwrap_or(name);
    Some(subtree.is_empty() || host_is_or_is_under(without_root(name), subtree))
}

/// A name with the root's dot at its end is the name without it (RFC 1034 §3.1).
fn without_root(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

/// Letters, digits, hyphens and underscores between single dots. What else stands where a host should (a wildcard, a URI,
/// the root's dot, a percent-encoded or an unencoded letter) each reads in its own way.
fn is_host(text: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    text.split('.').all(is_label)
}

/// Whether `name` is a wildcard that stands for `host` itself: `*.test.org` for `www.test.org`, one label only
/// (RFC 9525 §6.3).
fn wildcard_matches(name: &str, host: &str) -> bool {
    let Some(parent) = without_root(name).strip_prefix("*.") else { return false };
    host.split_once('.').is_some_and(|(label, rest)| !label.is_empty() && rest.eq_ignore_ascii_case(parent))
}

fn host_is_or_is_under(host: &str, parent: &str) -> bool {
    if host.len() == parent.len() {
        return host.eq_ignore_ascii_case(parent);
    }
    host.len()
        .checked_sub(parent.len())
        .filter(|&split| split > 0 && host.as_bytes()[split - 1] == b'.')
        .and_then(|split| host.get(split..))
        .is_some_and(|tail| tail.eq_ignore_ascii_case(parent))
}

/// For URIs and mailboxes: `.example.com` is every host below, `example.com` that host alone. `None` where the constraint
/// is no host.
fn host_within(host: &str, subtree: &str) -> Option<bool> {
    if subtree.is_empty() {
        return Some(true);
    }
    let parent = subtree.strip_prefix('.');
    is_host(parent.unwrap_or(subtree)).then(|| match parent {
        Some(parent) => !host.eq_ignore_ascii_case(parent) && host_is_or_is_under(host, parent),
        None => host.eq_ignore_ascii_case(subtree),
    })
}

/// `None` where the mailbox or the constraint is none: RFC 5321 §4.1.2 has a second `@` in quotes only, and parsers
/// disagree about whose host stands behind another.
fn email_within(mailbox: &str, subtree: &str) -> Option<bool> {
    let is_local = |local: &str| !local.contains('@') || (local.starts_with('"') && local.ends_with('"'));
    let Some((local, host)) = without_root(mailbox).rsplit_once('@') else { return Some(false) };
    if !is_local(local) || !host.is_ascii() {
        return None;
    }
    match subtree.rsplit_once('@') {
        // Some read `@test.org` as the host's name.
        Some((wanted, wanted_host)) if !is_local(wanted) || wanted.is_empty() || !is_host(wanted_host) => {
            None
        }
        Some((wanted, wanted_host)) => Some(local == wanted && host.eq_ignore_ascii_case(wanted_host)),
        None => host_within(host, subtree),
    }
}

/// The host of `scheme://user@host:port/…`; `None` where there is no authority or the host is an address, to
/// which RFC 5280 lets no constraint apply, or where it is told by nobody alike (RFC 3986 has no backslash, and lets a host
/// be percent-encoded).
fn uri_host(uri: &str) -> Option<&str> {
    let (_, rest) = uri.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    if authority.contains('\\') {
        return None;
    }
    let host = without_root(host.split(':').next()?);
    (is_host(host) && host.parse::<IpAddr>().is_err()).then_some(host)
}

fn ip_within(address: IpAddr, network: IpAddr, mask: IpAddr) -> Option<bool> {
    match (address, network, mask) {
        (IpAddr::V4(address), IpAddr::V4(network), IpAddr::V4(mask)) => {
            let mask = contiguous(u128::from(mask.to_bits()), 32)?;
            Some(u128::from(address.to_bits()) & mask == u128::from(network.to_bits()) & mask)
        }
        (IpAddr::V6(address), IpAddr::V6(network), IpAddr::V6(mask)) => {
            let mask = contiguous(mask.to_bits(), 128)?;
            Some(address.to_bits() & mask == network.to_bits() & mask)
        }
        // Another family is outside, not unreadable.
        _ => Some(false),
    }
}

/// A mask as CIDR (RFC 4632) has it: ones, then zeros. Another one is refused, as it could mean anything.
fn contiguous(mask: u128, width: u32) -> Option<u128> {
    let ones = (mask << (128 - width)).leading_ones();
    let expected = if ones == 0 { 0 } else { (u128::MAX << (128 - ones)) >> (128 - width) };
    (mask == expected).then_some(mask)
}

/// A distinguished name is inside a subtree that is a prefix of it, as RFC 5280 §7.1 compares names.
fn directory_within(name: &[u8], subtree: &[u8]) -> Option<bool> {
    let (name, subtree) = (Subject::from_der(name).ok()?, Subject::from_der(subtree).ok()?);
    Some(name.is_within(&subtree))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dns_subtrees() {
        for (name, subtree, expected) in [
            ("www.test.org", "test.org", Some(true)),
            ("test.org", "test.org", Some(true)),
            ("TEST.org", "test.ORG", Some(true)),
            ("atest.org", "test.org", Some(false)),
            ("org", "test.org", Some(false)),
            ("anything", "", Some(true)),
            ("*.test.org", "test.org", Some(true)),
            ("www.test.org", ".test.org", None),
            ("www.test.org", "test.org.", None),
            ("www.test.org", "*.test.org", None),
            ("www.test.org.", "test.org", Some(true)),
        ] {
            assert_eq!(dns_within(name, subtree), expected, "{name} in {subtree:?}");
        }
    }

    #[test]
    fn a_wildcard_touches_what_it_may_stand_for_and_is_inside_only_where_all_of_it_is() {
        let dns = |name: &str| GeneralName::Dns(name.to_owned());
        for (subtree, touched, inside) in [
            ("test.org", true, true),
            ("www.test.org", true, false),
            ("a.www.test.org", false, false),
            ("example.com", false, false),
            ("", true, true),
        ] {
            assert_eq!(touches(&dns("*.Test.org"), &dns(subtree)), Some(touched), "{subtree:?}");
            assert_eq!(within(&dns("*.Test.org"), &dns(subtree)), Some(inside), "{subtree:?}");
        }
    }

    #[test]
    fn address_ranges() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let within = |a, n, m| ip_within(ip(a), ip(n), ip(m));
        assert_eq!(within("192.0.2.7", "192.0.2.0", "255.255.255.0"), Some(true));
        assert_eq!(within("192.0.3.7", "192.0.2.0", "255.255.255.0"), Some(false));
        assert_eq!(within("192.0.3.7", "0.0.0.0", "0.0.0.0"), Some(true));
        assert_eq!(within("192.0.2.7", "192.0.2.0", "255.0.255.0"), None);
        assert_eq!(within("::1", "192.0.2.0", "255.255.255.0"), Some(false));
        assert_eq!(within("2001:db8::1", "2001:db8::", "ffff:ffff::"), Some(true));
    }

    #[test]
    fn mailboxes_and_uris() {
        assert_eq!(email_within("root@evil.org@test.org", "test.org"), None);
        assert_eq!(email_within("\"root@evil.org\"@test.org", "test.org"), Some(true));
        assert_eq!(email_within("root@test.org", "test.org"), Some(true));
        assert_eq!(email_within("root@www.test.org", "test.org"), Some(false));
        assert_eq!(email_within("root@www.test.org", ".test.org"), Some(true));
        assert_eq!(email_within("root@test.org", "root@TEST.org"), Some(true));
        assert_eq!(email_within("Root@test.org", "root@test.org"), Some(false));
        assert_eq!(uri_host("https://user@www.test.org:443/x"), Some("www.test.org"));
        assert_eq!(uri_host("https://192.0.2.1/"), None);
        assert_eq!(uri_host("urn:x"), None);
        assert_eq!(uri_host("https://www.test.org.:443"), Some("www.test.org"));
        for hidden in [
            "https://evil.org\\@test.org/",
            "https://evil%2eorg/",
            "https://[::1]/",
            "https://\u{fc}.org/",
            "https:///",
        ] {
            assert_eq!(uri_host(hidden), None, "{hidden}");
        }
        // What is no constraint is not one that is about nobody.
        for constraint in ["https://evil.org", "evil.org.", "*.evil.org", "evil.org:443", "..evil.org"] {
            assert_eq!(host_within("evil.org", constraint), None, "{constraint}");
        }
        for constraint in ["@evil.org", "evil.org.", "*.evil.org", "a@", "a@b@evil.org"] {
            assert_eq!(email_within("root@evil.org", constraint), None, "{constraint}");
        }
        assert_eq!(email_within("root@m\u{fc}nchen.de", "xn--mnchen-3ya.de"), None);
        assert_eq!(host_within("a.evil_x.org", ".evil_x.org"), Some(true));
        assert_eq!(host_within("anything", ""), Some(true));
    }

    #[test]
    fn excluded_wins_and_permitted_binds_only_its_kind() {
        let dns = |name: &str| GeneralName::Dns(name.to_owned());
        let www = dns("www.test.org");
        assert_eq!(violation(&www, &[], &[dns("example.com")], true), None);
        assert!(matches!(
            violation(&www, &[dns("test.org")], &[dns("www.test.org")], true),
            Some(Violation::Excluded(_))
        ));
        assert!(matches!(
            violation(&www, &[dns("example.com")], &[], true),
            Some(Violation::NotPermitted(_))
        ));
        assert_eq!(violation(&www, &[GeneralName::Email("test.org".into())], &[], true), None);
    }
}
