//! What is wrong with a certificate as an issuer: of the leaf, or of another issuer below it (RFC 5280 §6.1.4).
//!
//! Stricter than §6.1 asks where the field has become so: the trusted certificate that ends a chain must itself be
//! a CA, in its validity period, strong, and in the form of §4. Not checked: certificate policies; revocation is [`super::revocation`]'s.

use super::constraints::{self, BoundCommonName, Reading};
use super::criteria::{Rules, Usage};
use super::form::{self, Role};
use super::keys::{self, Weakness};
use super::policy::Policy;
use super::verdict::{CheckKind, Reason};
use crate::pki::facts::CertFacts;
use crate::pki::oid::Oid;
use crate::pki::subject::Subject;
use crate::words;

/// Something wrong with a chain, and the check that it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) check: CheckKind,
    pub(super) reason: Reason,
    pub(super) words: String,
}

impl From<Weakness> for Fault {
    fn from(Weakness { reason, words }: Weakness) -> Self {
        Self { check: CheckKind::Strength, reason, words }
    }
}

/// What is wrong with `issuer`, above `below` (leaf first), but for its name constraints.
pub(super) fn faults(issuer: &CertFacts, below: &[&CertFacts], is_anchor: bool, rules: Rules) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut fault = |check, reason, words: String| {
        faults.push(Fault { check, reason, words: format!("issuer {}: {words}", named(&issuer.subject)) });
    };
    // §6.1.4 (k): version 3 and cA asserted.
    if issuer.is_ca() != Some(true) {
        let words = "not a CA (basicConstraints does not say CA:TRUE)";
        fault(CheckKind::Trust, Reason::Untrusted, words.to_owned());
    }
    // §6.1.4 (n)
    if issuer.key_usage().is_some_and(|usage| !usage.key_cert_sign()) {
        let words = "its key usage does not allow signing certificates";
        fault(CheckKind::Trust, Reason::Untrusted, words.to_owned());
    }
    // §4.2.1.2: what it issued names its key. "Applications are not required to verify that key identifiers match", yet
    // OpenSSL, GnuTLS and NSS do.
    if let Some(issued) = below.last().copied()
        && let (Some(named), Some(own)) = (issued.authority_key_id(), issuer.subject_key_id())
        && named != own
    {
        let words = "the certificate below it names another issuer's key (authority key identifier)";
        fault(CheckKind::Trust, Reason::Untrusted, words.to_owned());
    }
    // RFC 7633 §4.2.2: what a CA promises of TLS, those below it promise at least.
    if let Some(issued) = below.last()
        && issuer.tls_features().iter().any(|feature| !issued.tls_features().contains(feature))
    {
        let words = "the certificate below it does not promise the TLS features that it does (tlsFeature)";
        fault(CheckKind::Trust, Reason::Untrusted, words.to_owned());
    }
    if rules.at < issuer.not_before {
        let words = format!("not valid before {}", words::since(issuer.not_before, rules.at));
        fault(CheckKind::NotBefore, Reason::NotYetValid, words);
    }
    if rules.at > issuer.not_after {
        let words = format!("not valid after {}", words::since(issuer.not_after, rules.at));
        fault(CheckKind::NotAfter, Reason::Expired, words);
    }
    // A CA's extended key usage limits what it may issue for. §6.1.1 (d) takes no more of an anchor than name and key;
    // OpenSSL, Firefox, Chromium and Go take its word too.
    if issuer.extended_key_usage().is_some_and(|purposes| !allows(purposes, rules.usage)) {
        let words = format!("its extended key usage is not for {}", rules.usage);
        fault(CheckKind::Usage, Reason::BadUsage, words);
    }
    for words in form::unknown_critical(issuer) {
        fault(CheckKind::Usage, Reason::BadUsage, words);
    }
    for words in form::malformations(issuer) {
        fault(CheckKind::Trust, Reason::Malformed, words);
    }
    for words in form::breaches(issuer, if is_anchor { Role::Anchor } else { Role::Intermediate }) {
        fault(CheckKind::Trust, Reason::Untrusted, words);
    }
    if let Some(weakness) = keys::weak_key(&issuer.public_key) {
        fault(CheckKind::Strength, weakness.reason, weakness.words);
    }
    // §6.1.4 (l, m)
    let who = format!("issuer {}", named(&issuer.subject));
    faults.extend(path_length_fault(issuer.path_length(), &who, below));
    faults
}

/// More intermediates among `below` (leaf first) than `who` allows. Self-issued ones do not count, the leaf neither;
/// nor does an anchor, which is no intermediate.
pub(super) fn path_length_fault(limit: Option<u32>, who: &str, below: &[&CertFacts]) -> Option<Fault> {
    let counted = below.iter().skip(1).filter(|certificate| !certificate.is_self_issued()).count();
    let limit = limit.filter(|&limit| counted > usize::try_from(limit).unwrap_or(usize::MAX))?;
    Some(Fault {
        check: CheckKind::Trust,
        reason: Reason::Untrusted,
        words: format!("{who}: its path length constraint allows {limit} intermediates, {counted} follow"),
    })
}

/// Where certificates of `below` (leaf first) have names that `issuer` may not certify.
pub(super) fn constraint_faults(
    issuer: &CertFacts,
    below: &[&CertFacts],
    rules: Rules,
    comparisons: &mut usize,
) -> Vec<Fault> {
    let bound = below.iter().enumerate().filter(|(depth, certificate)| {
        // §4.2.1.10: not applied to self-issued certificates, unless it is the final one.
        *depth == 0 || !certificate.is_self_issued()
    });
    let violations = bound.filter_map(|(depth, certificate)| {
        // Under policy `lab` the CN is the identity of a leaf that has no alternative names.
        let common_name = if depth == 0 && rules.policy == Policy::Lab {
            BoundCommonName::WithoutNames
        } else {
            BoundCommonName::No
        };
        let reading = Reading {
            subject: true,
            subject_emails: true,
            common_name,
            uris: true,
            final_dot: true,
            wildcards_touch: true,
        };
        constraints::apply(issuer, certificate, reading, comparisons)
    });
    let violations = violations.map(|violation| Fault {
        check: CheckKind::Trust,
        reason: Reason::Untrusted,
        words: format!("issuer {}: {violation}", named(&issuer.subject)),
    });
    violations.collect()
}

/// Whether `issuer` is the one that the certificate's authorityKeyIdentifier (RFC 5280 §4.2.1.1) means. Where
/// either side has no identifier, a self-issued certificate's issuer is told by its key.
pub(crate) fn key_identifiers_agree(certificate: &CertFacts, issuer: &CertFacts) -> bool {
    match (certificate.authority_key_id(), issuer.subject_key_id()) {
        (Some(wanted), Some(has)) => wanted == has,
        _ if certificate.is_self_issued() => certificate.public_key.spki == issuer.public_key.spki,
        _ => true,
    }
}

/// Whether extended key usage `purposes` allow `usage` (RFC 5280 §4.2.1.12). anyExtendedKeyUsage is not enough: an
/// application MAY ask for the particular purpose, and strict verifiers do.
pub(super) fn allows(purposes: &[Oid], usage: Usage) -> bool {
    purposes.contains(&usage.purpose())
}

/// A name for a report: what is said about each fault of each issuer stays short, however long the name is.
pub(super) fn named(name: &Subject) -> String {
    words::shortened(name.to_string())
}
