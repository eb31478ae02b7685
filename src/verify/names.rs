//! Does this certificate name the peer that was meant?
//!
//! Two rules. The lab sheet's: the subject has exactly one CN and it equals the name, and an alternative name,
//! if there are any, matches too. And RFC 9525's: alternative names only, wildcards in the left-most label.
//!
//! Both refuse a CN that can be taken for another name or address than it is. A dNSName that is no proper name matches for
//! nobody but the lab sheet's rule, with a remark. Not known: the public suffix list, so `*.co.uk` matches `test.co.uk`.

use std::borrow::Cow;
use std::net::IpAddr;

use rustls::pki_types::DnsName;

use super::expected_name::{ExpectedName, ascii_host};
use super::policy::Policy;
use super::verdict::{Check, CheckKind, Reason};
use crate::pki::facts::{CertFacts, Extension, GeneralName};
use crate::pki::oid::SUBJECT_ALT_NAME;
use crate::words;

/// The name check.
pub(super) fn check(leaf: &CertFacts, expected: &ExpectedName, policy: Policy) -> Check {
    let wanted = match policy {
        Policy::Lab => {
            format!("exactly one CN, equal to {expected}, and a matching alternative name if there are any")
        }
        Policy::Webpki => format!("an alternative name (SAN) that matches {expected}"),
    };
    let named = match policy {
        Policy::Lab => lab_names(leaf, expected, Forms::Any),
        Policy::Webpki => webpki_names(leaf, expected),
    };
    let mut found = presented(leaf);
    if !named && let Some(words) = remark(leaf, expected) {
        found = format!("{found}; {words}");
    }
    let mut reasons = Vec::new();
    if let Some(name) = misleading_common_name(leaf, expected, policy) {
        reasons.push(Reason::WrongName);
        found = format!("{found}; the CN {} can be taken for another name or address", quoted(name));
    } else if !named {
        reasons.push(Reason::WrongName);
    }
    if leaf
        .extensions
        .iter()
        .any(|e| e.oid == SUBJECT_ALT_NAME && matches!(e.decoded, Extension::Malformed(_)))
    {
        reasons.push(Reason::Malformed);
    }
    Check::new(CheckKind::Name, reasons, wanted, found)
}

/// How many names a report lists before it says how many more there are.
const LISTED: usize = 8;

/// What names the certificate presents, in words.
fn presented(leaf: &CertFacts) -> String {
    let common_names = leaf
        .subject
        .common_names()
        .map(|cn| cn.text.as_deref().map_or_else(|| "unreadable".to_owned(), quoted));
    let common_names = match leaf.subject.common_names().count() {
        0 => "no CN".to_owned(),
        1 => format!("CN {}", listed(common_names)),
        several => format!("{several} CNs: {}", listed(common_names)),
    };
    let extension = leaf.extensions.iter().find(|e| e.oid == SUBJECT_ALT_NAME);
    let alternative = match extension.map(|e| &e.decoded) {
        None => "no SAN".to_owned(),
        Some(Extension::SubjectAltName(names)) if names.is_empty() => "an empty SAN".to_owned(),
        Some(Extension::SubjectAltName(names)) => {
            format!("SAN {}", listed(names.iter().map(|name| words::shortened(name.to_string()))))
        }
        Some(_) => "a SAN that cannot be read".to_owned(),
    };
    format!("{common_names}; {alternative}")
}

fn listed(mut names: impl Iterator<Item = String>) -> String {
    let shown = names.by_ref().take(LISTED).collect::<Vec<_>>().join(", ");
    match names.count() {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

fn quoted(text: &str) -> String {
    words::shortened(if is_plain(text) { text.to_owned() } else { format!("{text:?}") })
}

fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| !c.is_control() && c != '"') && text.trim() == text
}

/// In which forms a certificate may have a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Forms {
    /// Also those that no certificate should have and that mean one name all the same: a dot at its end, an underscore, a
    /// CN in the script of its readers.
    Any,
    /// As RFC 5280 §4.2.1.6 and §7.2 have it.
    Proper,
}

/// Whether the subject's one CN is the expected name, and an alternative name too where there are any.
fn lab_names(leaf: &CertFacts, expected: &ExpectedName, forms: Forms) -> bool {
    let one_that_matches = only_common_name(leaf).is_some_and(|cn| common_name_matches(cn, expected, forms));
    one_that_matches && leaf.subject_alt_names().is_none_or(|names| any_matches(names, expected, forms))
}

/// The subject's CN, where it has one only.
fn only_common_name(leaf: &CertFacts) -> Option<&str> {
    let mut common_names = leaf.subject.common_names();
    match (common_names.next(), common_names.next()) {
        (Some(only), None) => only.text.as_deref(),
        _ => None,
    }
}

/// A CN is compared whole: no wildcard, no control or NUL byte (`www.test.org\0.evil.example` is not
/// `www.test.org`).
fn common_name_matches(cn: &str, expected: &ExpectedName, forms: Forms) -> bool {
    if cn.chars().any(char::is_control) {
        return false;
    }
    let name = if forms == Forms::Any { ascii_host(cn) } else { Cow::Borrowed(cn) };
    match expected {
        ExpectedName::Dns(expected) => name.eq_ignore_ascii_case(expected),
        ExpectedName::Text(text) => cn.eq_ignore_ascii_case(text),
        ExpectedName::Ip(address) => cn.parse() == Ok(*address),
        ExpectedName::Email(_) => false,
    }
}

/// Why the certificate names the expected peer in a form that no certificate should have, and policy lab takes it; nothing
/// where its form is proper.
pub(super) fn remarks(leaf: &CertFacts, expected: &ExpectedName) -> Vec<String> {
    if lab_names(leaf, expected, Forms::Proper) || !lab_names(leaf, expected, Forms::Any) {
        return Vec::new();
    }
    let ExpectedName::Dns(name) = expected else { return Vec::new() };
    let alternative = leaf.subject_alt_names().unwrap_or_default().iter().filter_map(|found| match found {
        GeneralName::Dns(found) if any_form_stands_for(found, name) => Some(found.as_str()),
        _ => None,
    });
    let found: Vec<&str> = only_common_name(leaf).into_iter().chain(alternative).collect();
    let mut remarks = Vec::new();
    if let Some(name) = found.iter().find(|name| name.ends_with('.')) {
        remarks.push(format!(
            "the name {} ends with a dot, which a certificate's name does not have (RFC 5280 §4.2.1.6, RFC 1034 §3.5): \
             others do not take it",
            quoted(name)
        ));
    }
    if let Some(name) = found.iter().find(|name| !name.is_ascii()) {
        remarks.push(format!(
            "the CN {} is compared as {expected}: others compare it as it is, or look for A-labels (RFC 5280 §7.2)",
            quoted(name)
        ));
    }
    if found.iter().skip(1).any(|name| has_underscore(name)) {
        remarks.push(format!("{UNDERSCORE}: strict verifiers do not take it"));
    }
    remarks
}

const UNDERSCORE: &str = "an underscore is not in the preferred name syntax (RFC 5280 §4.2.1.6)";

/// Whether an alternative name is the expected one. RFC 9525 §6.3: the CN is never an identity.
fn webpki_names(leaf: &CertFacts, expected: &ExpectedName) -> bool {
    leaf.subject_alt_names().is_some_and(|names| any_matches(names, expected, Forms::Proper))
}

/// A CN that people, and programs that still read it, would take for something it is not: an address in a spelling that
/// parsers disagree about (`192.168.001.001`, `0xC0A80101`), or a host name that is not ASCII and so can look like
/// another (RFC 5890 §2.3.2.3 has A-labels for that). A CN that is plainly another name than the alternative ones is
/// left alone, since it is no identity (RFC 9525 §6.3). And where policy lab compares it with the expected name, and the
/// two are one in whatever script, it misleads nobody who asked for it.
fn misleading_common_name<'a>(
    leaf: &'a CertFacts,
    expected: &ExpectedName,
    policy: Policy,
) -> Option<&'a str> {
    let is_meant = |cn: &&str| policy == Policy::Lab && common_name_matches(cn, expected, Forms::Any);
    let common_names = leaf.subject.common_names().filter_map(|cn| cn.text.as_deref());
    common_names
        .filter(|cn| !is_meant(cn))
        .find(|cn| is_misspelt_address(cn) || (names_a_host(cn) && !cn.is_ascii()))
}

/// Whether a text is an address, but not as RFC 5952 §4 or dotted decimal has it; letters' case aside.
fn is_misspelt_address(text: &str) -> bool {
    let canonical =
        text.parse::<IpAddr>().is_ok_and(|address| address.to_string().eq_ignore_ascii_case(text));
    names_an_address(text) && !canonical
}

/// Whether a text can be meant as a host name of several labels, in whatever script, or as an address. `Perth Server`
/// and `localhost` are just names.
fn names_a_host(text: &str) -> bool {
    let name = text.strip_prefix("*.").unwrap_or(text);
    let mut labels = name.strip_suffix('.').unwrap_or(name).split('.');
    let is_label = |label: &str| {
        !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
    };
    // RFC 3696 §2: a top-level domain is not all digits, so `1.2` is no host.
    let is_domain = labels.clone().next_back().is_some_and(|last| !is_number(last, ""));
    names_an_address(text) || (is_domain && labels.clone().count() > 1 && labels.all(is_label))
}

/// Whether a text is an address in any of the forms that resolvers have ever taken: 192.168.1.1, 192.168.001.001,
/// 0xC0A80101, 2001:DB8::1.
fn names_an_address(text: &str) -> bool {
    let is_part = |part: &str| is_number(part, "") || is_number(part, "0x");
    text.parse::<IpAddr>().is_ok()
        || is_number(text, "0x")
        || (text.split('.').count() == 4 && text.split('.').all(is_part))
}

/// Whether `text` is `prefix` and digits: decimal, or hexadecimal after `0x`.
fn is_number(text: &str, prefix: &str) -> bool {
    let digits = text.get(..prefix.len()).filter(|start| start.eq_ignore_ascii_case(prefix));
    let digits = digits.map_or("", |start| &text[start.len()..]);
    let radix = if prefix.is_empty() { 10 } else { 16 };
    !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix))
}

/// What a person would not see at a glance: the name that would match, but for its form.
fn remark(leaf: &CertFacts, expected: &ExpectedName) -> Option<&'static str> {
    let ExpectedName::Dns(expected) = expected else { return None };
    let alike = leaf.subject_alt_names()?.iter().any(|name| match name {
        GeneralName::Dns(name) => has_underscore(name) && stands_for(name, expected),
        _ => false,
    });
    alike.then_some(UNDERSCORE)
}

fn any_matches(names: &[GeneralName], expected: &ExpectedName, forms: Forms) -> bool {
    names.iter().any(|name| match (name, expected) {
        (GeneralName::Dns(pattern), ExpectedName::Dns(name)) => match forms {
            Forms::Any => any_form_stands_for(pattern, name),
            Forms::Proper => dns_matches(pattern, name),
        },
        (GeneralName::Ip(found), ExpectedName::Ip(address)) => found == address,
        (GeneralName::Email(found), ExpectedName::Email(mailbox)) => is_mailbox(found, mailbox),
        _ => false,
    })
}

/// RFC 5280 §7.5: the local part as it is, the host without regard to case; nothing is a wildcard.
fn is_mailbox(found: &str, mailbox: &str) -> bool {
    match (found.rsplit_once('@'), mailbox.rsplit_once('@')) {
        (Some((local, host)), Some((wanted, at))) => local == wanted && host.eq_ignore_ascii_case(at),
        _ => false,
    }
}

/// RFC 5280 §4.2.1.6: a dNSName is in the preferred name syntax of RFC 1034 §3.5, which has no underscore. One that has
/// is nobody's name; a certificate that has other names besides is still theirs.
fn dns_matches(pattern: &str, name: &str) -> bool {
    !has_underscore(pattern) && stands_for(pattern, name)
}

fn any_form_stands_for(pattern: &str, name: &str) -> bool {
    stands_for(pattern.strip_suffix('.').unwrap_or(pattern), name)
}

fn has_underscore(name: &str) -> bool {
    name.contains('_')
}

/// RFC 9525 §6.3: labels compared without regard to ASCII case; `*` may stand for exactly one label, whole and
/// left-most, and with at least two labels to its right.
fn stands_for(pattern: &str, name: &str) -> bool {
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
            ("foo_bar.test.org", "foo_bar.test.org", false),
            ("*.foo_bar.test.org", "www.foo_bar.test.org", false),
            ("*.test.org", "foo_bar.test.org", true),
        ] {
            assert_eq!(dns_matches(pattern, name), matches, "{pattern} and {name}");
        }
    }

    #[test]
    fn host_names_and_addresses_are_told_from_just_names() {
        for text in [
            "www.test.org",
            "Test.ORG.",
            "*.test.org",
            "foo_bar.test",
            "test-測試.com",
            "192.0.2.1",
            "192.168.001.001",
            "0xC0A80101",
            "0xc0.0xa8.1.1",
            "2001:DB8::1",
        ] {
            assert!(names_a_host(text), "{text:?}");
        }
        for text in [
            "",
            "Perth Server",
            "localhost",
            "J. Smith",
            "Example Inc.",
            "1.2",
            "v1.2.3",
            "12345",
            "..",
            "x@y.z",
        ] {
            assert!(!names_a_host(text), "{text:?}");
        }
    }

    #[test]
    fn misleading_addresses_are_told_from_plain_ones() {
        for (text, misspelt) in [
            ("192.168.1.1", false),
            ("2001:db8::1", false),
            ("2001:DB8::1", false),
            ("www.test.org", false),
            ("1.2.3", false),
            ("192.168.001.001", true),
            ("0300.0250.1.1", true),
            ("0xC0A80101", true),
            ("2001:0db8:0:0:0:0:0:1", true),
        ] {
            assert_eq!(is_misspelt_address(text), misspelt, "{text}");
        }
        assert!(
            names_a_host("www.t\u{435}st.org"),
            "a Cyrillic letter does not keep it from being a host name"
        );
        assert!(!names_a_host("Perth Server"));
    }

    #[test]
    fn a_nul_byte_does_not_end_a_common_name() {
        let expected = ExpectedName::Dns("www.test.org".into());
        assert!(common_name_matches("www.TEST.org", &expected, Forms::Any));
        assert!(!common_name_matches("www.test.org\0.evil.example", &expected, Forms::Any));
        assert!(!common_name_matches("*.test.org", &expected, Forms::Any));
        assert!(!common_name_matches(" www.test.org", &expected, Forms::Any));
    }
}
