//! How other verifiers compare names: the ways in which they differ, as data.

use std::net::IpAddr;

use super::case::Case;
use crate::pki::der::Walk;
use crate::pki::facts::{CertFacts, GeneralName};
use crate::pki::oid::SRV_NAME;
use crate::verify::ExpectedName;

/// How a verifier matches the expected name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameRules {
    /// When it looks at the subject's CN.
    pub common_names: CommonNames,
    /// What a `*` in a DNS name may stand for.
    pub wildcards: Wildcards,
    /// Whether a final dot of the certificate's name is passed over.
    pub final_dot: bool,
    /// Whether an expected IP address may be the text of a CN, where CNs are looked at.
    pub address_as_text: bool,
}

/// When a verifier looks at the subject's CNs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommonNames {
    /// Never: RFC 9525 §6.3.
    Never,
    /// Where there is no dNSName; any one of them may match.
    AnyWithoutDnsName,
    /// Where there is no dNSName; only the last.
    LastWithoutDnsName,
    /// Where there is neither a dNSName nor an iPAddress; only the last.
    LastWithoutDnsNameOrAddress,
    /// Where there is no dNSName, iPAddress, URI or SRVName, and only where there is one CN.
    OnlyWithoutHostName,
}

/// What `*` may stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wildcards {
    /// Part of the left-most label too, as in `w*.test.org`, unless it is an A-label (RFC 5890 §2.3.2.1).
    pub partial: bool,
    /// Part of an A-label too, unless the pattern itself is one's beginning.
    pub partial_a_label: bool,
    /// Left of a single label too, as in `*.org`.
    pub top_level: bool,
    /// Where they may be.
    pub stars: Stars,
}

/// Where a name may have a `*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stars {
    /// One, in the left-most label.
    First,
    /// In the left-most label, also several, as in `w*w*.test.org`.
    SeveralInFirst,
    /// In any label, also several, as in `www.*.org`.
    Anywhere,
}

impl NameRules {
    /// Whether the certificate names the expected peer.
    pub fn matches(self, leaf: &CertFacts, expected: &ExpectedName) -> bool {
        match expected {
            ExpectedName::Dns(name) => self.matches_dns(leaf, name),
            ExpectedName::Ip(address) => self.matches_address(leaf, *address),
            // Nobody but tlslab has such names.
            ExpectedName::Email(_) | ExpectedName::Text(_) => false,
        }
    }

    fn matches_dns(self, leaf: &CertFacts, name: &str) -> bool {
        dns_names(leaf).any(|pattern| self.stands_for(pattern, name))
            || self.common_names(leaf).iter().any(|pattern| self.stands_for(pattern, name))
    }

    fn matches_address(self, leaf: &CertFacts, address: IpAddr) -> bool {
        let names = leaf.subject_alt_names().unwrap_or_default();
        let text = address.to_string();
        names.contains(&GeneralName::Ip(address))
            || (self.address_as_text && self.common_names(leaf).contains(&text.as_str()))
    }

    /// The CNs that are looked at. One with a NUL is never the name it begins with, to anybody.
    fn common_names(self, leaf: &CertFacts) -> Vec<&str> {
        let all: Vec<&str> = leaf.subject.common_names().filter_map(|cn| cn.text.as_deref()).collect();
        let names = leaf.subject_alt_names().unwrap_or_default();
        let dns = dns_names(leaf).next().is_some();
        // One of a wrong length is an address too.
        let address =
            names.iter().any(|name| matches!(name, GeneralName::Ip(_) | GeneralName::Other { tag: 7, .. }));
        let service = names.iter().any(|name| matches!(name, GeneralName::Uri(_)) || is_srv_name(name));
        let last = || all.last().copied().into_iter().collect();
        match self.common_names {
            CommonNames::AnyWithoutDnsName if !dns => all,
            CommonNames::LastWithoutDnsName if !dns => last(),
            CommonNames::LastWithoutDnsNameOrAddress if !dns && !address => last(),
            CommonNames::OnlyWithoutHostName if !dns && !address && !service && all.len() == 1 => all,
            _ => Vec::new(),
        }
    }

    fn may_be_partial(self, pattern: &str, label: &str) -> bool {
        if self.wildcards.partial_a_label { !pattern.contains("xn--") } else { !is_a_label(label) }
    }

    /// Whether a name in the certificate stands for `name`, which is lower-case and without a final dot.
    fn stands_for(self, pattern: &str, name: &str) -> bool {
        let pattern = pattern.to_ascii_lowercase();
        let pattern = match pattern.strip_suffix('.') {
            Some(short) if self.final_dot => short,
            _ => &pattern,
        };
        match self.wildcards.stars {
            Stars::First => {}
            Stars::Anywhere => return labels_stand_for(pattern, name),
            Stars::SeveralInFirst => {
                let is_first_only = pattern.split_once('.').is_none_or(|(_, parent)| !parent.contains('*'));
                return is_first_only && labels_stand_for(pattern, name);
            }
        }
        let Some((label, parent)) = pattern.split_once('.').filter(|(label, _)| label.contains('*')) else {
            return pattern == name;
        };
        let Some((first, rest)) = name.split_once('.') else { return false };
        let (before, after) = label.split_once('*').unwrap_or_default();
        rest == parent
            && (self.wildcards.top_level || parent.contains('.'))
            && (label == "*" || self.wildcards.partial && self.may_be_partial(label, first))
            && first.len() >= before.len() + after.len()
            && first.starts_with(before)
            && first.ends_with(after)
    }
}

/// Whether each label of `pattern` stands for the one of `name` in its place. A wildcard needs a label to its right.
fn labels_stand_for(pattern: &str, name: &str) -> bool {
    let is_open = pattern.rsplit('.').next().is_some_and(|last| last.contains('*'));
    let stands_for = |pattern: &str, label: &str| {
        if pattern != "*" && is_a_label(label) {
            return pattern == label;
        }
        let mut parts = pattern.split('*');
        let Some(mut left) = parts.next().and_then(|first| label.strip_prefix(first)) else { return false };
        let Some(last) = parts.next_back() else { return left.is_empty() };
        parts.all(|part| left.split_once(part).map(|(_, after)| left = after).is_some())
            && left.ends_with(last)
    };
    !is_open
        && pattern.split('.').count() == name.split('.').count()
        && pattern.split('.').zip(name.split('.')).all(|(pattern, label)| stands_for(pattern, label))
}

/// Whether it is an otherName of the type SRVName (RFC 4985 §2).
fn is_srv_name(name: &GeneralName) -> bool {
    matches!(name, GeneralName::Other { tag: 0, value } if Walk(value).oid().is_ok_and(|kind| kind == SRV_NAME))
}

/// Whether an international label is written in this one.
fn is_a_label(label: &str) -> bool {
    label.starts_with("xn--")
}

/// The dNSNames of the certificate.
fn dns_names(leaf: &CertFacts) -> impl Iterator<Item = &str> {
    leaf.subject_alt_names().unwrap_or_default().iter().filter_map(|name| match name {
        GeneralName::Dns(name) => Some(name.as_str()),
        _ => None,
    })
}

/// Where the certificate has no name that stands for the one that is expected.
pub(super) fn not_named(case: &Case<'_>, rules: NameRules) -> Option<String> {
    let expected = case.name?;
    if rules.matches(case.leaf, expected) {
        return None;
    }
    let has_common_name = case.leaf.subject.common_names().next().is_some();
    Some(match (case.leaf.subject_alt_names(), rules.common_names) {
        (None, CommonNames::Never) if has_common_name => "no SAN, and the CN is no name".to_owned(),
        (None, _) if !has_common_name => "neither a SAN nor a CN".to_owned(),
        (None, _) => format!("no SAN, and the CN is not {expected}"),
        _ => format!("the SAN has no name that stands for {expected}"),
    })
}

/// Where the expected name has characters other than letters, digits and hyphens.
pub(super) fn not_ldh(case: &Case<'_>) -> Option<String> {
    match case.name? {
        ExpectedName::Dns(name) => {
            let is_ldh = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
            (!name.chars().all(is_ldh)).then(|| format!("{name} is no host name"))
        }
        ExpectedName::Email(_) | ExpectedName::Ip(_) | ExpectedName::Text(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_stand_for_what_the_rules_let_them() {
        let rules = |partial, top_level, final_dot| NameRules {
            common_names: CommonNames::Never,
            wildcards: Wildcards { partial, partial_a_label: false, top_level, stars: Stars::First },
            final_dot,
            address_as_text: false,
        };
        let (strict, lax) = (rules(false, false, false), rules(true, true, true));
        for (pattern, name, by_strict, by_lax) in [
            ("www.test.org", "www.test.org", true, true),
            ("WWW.Test.org", "www.test.org", true, true),
            ("*.test.org", "www.test.org", true, true),
            ("*.test.org", "test.org", false, false),
            ("*.test.org", "a.www.test.org", false, false),
            ("w*.test.org", "www.test.org", false, true),
            ("w*w.test.org", "w.test.org", false, false),
            ("*.org", "test.org", false, true),
            ("*", "org", false, false),
            ("www.test.org.", "www.test.org", false, true),
            ("www.*.org", "www.test.org", false, false),
            ("", "www.test.org", false, false),
        ] {
            assert_eq!(strict.stands_for(pattern, name), by_strict, "{pattern} for {name}, strictly");
            assert_eq!(lax.stands_for(pattern, name), by_lax, "{pattern} for {name}, laxly");
        }
    }

    #[test]
    fn labels_stand_for_labels_where_any_may_be_wild() {
        for (pattern, stands) in [
            ("www.test.org", true),
            ("www.*.org", true),
            ("*.*.org", true),
            ("w*w.t*s*.org", true),
            ("w*ww.test.org", true),
            ("*www.test.org", true),
            ("w*www.test.org", false),
            ("www.test.*", false),
            ("*.org", false),
            ("*", false),
            ("", false),
        ] {
            assert_eq!(labels_stand_for(pattern, "www.test.org"), stands, "{pattern}");
        }
    }
}
