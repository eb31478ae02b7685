//! From the leaf to something trusted (RFC 5280 §6.1).
//!
//! [`find`] looks for a chain of signatures from the leaf to a trusted certificate and judges every certificate of
//! it but the leaf, which [`super::checks`] judges. Where several chains exist the first without a fault wins, else the
//! one with the fewest, so that a report speaks of the chain that nearly was.
//!
//! Stricter than RFC 5280 asks where the field has become so: the trusted certificate that ends a chain must itself be
//! a CA, in its validity period, and strong. Not checked: certificate policies, revocation.
//!
//! A hostile chain costs little: depth, signatures and name comparisons all have a budget.

use der::asn1::ObjectIdentifier;
use time::OffsetDateTime;

use super::signature::{self, Signed};
use super::{CheckKind, Policy, Reason, TrustSet, Usage, constraints};
use crate::pki::facts::{CertFacts, Extension};
use crate::words;

/// The most certificates between leaf and trusted certificate, both counted.
const MAX_DEPTH: usize = 10;

/// The most signatures that one search verifies.
const MAX_SIGNATURES: usize = 64;

/// The most presented certificates, besides the leaf, that one search considers.
pub(super) const MAX_INTERMEDIATES: usize = 100;

/// How the leaf relates to what is trusted.
#[derive(Debug)]
pub(super) enum Path<'a> {
    /// The leaf is itself one of the trusted certificates, octet for octet.
    Pinned,
    /// The leaf, its issuers in order, and last the trusted certificate; with what is wrong with any but the leaf.
    Chain {
        /// The certificates, leaf first; at least two.
        certificates: Vec<&'a CertFacts>,
        /// What is wrong with it.
        faults: Vec<Fault>,
    },
    /// There is none.
    Missing {
        /// Why, as reasons.
        reasons: Vec<Reason>,
        /// Why, in words.
        found: String,
    },
}

/// Something wrong with a chain, and the check that it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) check: CheckKind,
    pub(super) reason: Reason,
    pub(super) words: String,
}

/// Looks for the path of `leaf`.
pub(super) fn find<'a>(
    leaf: &'a CertFacts,
    intermediates: &'a [CertFacts],
    trusted: &'a TrustSet,
    rules: Rules,
) -> Path<'a> {
    if trusted.anchors().iter().any(|anchor| anchor.der == leaf.der) {
        return Path::Pinned;
    }
    let mut search = Search {
        intermediates,
        trusted,
        rules,
        signatures_left: MAX_SIGNATURES,
        comparisons_left: constraints::BUDGET,
        best: None,
        forged: None,
        unsupported: None,
        exhausted: false,
    };
    search.extend(&mut vec![Link { certificate: leaf, signed_weakly: None }]);
    match search.best {
        Some((certificates, faults)) => Path::Chain { certificates, faults },
        None => search.missing(leaf),
    }
}

/// What a path is judged by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub(super) at: OffsetDateTime,
    pub(super) policy: Policy,
    pub(super) usage: Usage,
}

#[derive(Clone)]
struct Link<'a> {
    certificate: &'a CertFacts,
    /// Why the signature on it was not looked at, where it is too weak to be.
    signed_weakly: Option<String>,
}

struct Search<'a> {
    intermediates: &'a [CertFacts],
    trusted: &'a TrustSet,
    rules: Rules,
    signatures_left: usize,
    comparisons_left: usize,
    best: Option<(Vec<&'a CertFacts>, Vec<Fault>)>,
    /// A certificate whose issuer was found by name and key identifier, and whose signature is not that issuer's.
    forged: Option<String>,
    unsupported: Option<String>,
    exhausted: bool,
}

impl<'a> Search<'a> {
    /// Tries every issuer of the last link; true once a faultless path is found.
    fn extend(&mut self, links: &mut Vec<Link<'a>>) -> bool {
        let Some(last) = links.last().map(|link| link.certificate) else { return false };
        for (issuer, is_anchor) in self.candidates(last) {
            // A loop proves nothing: the same name and key again, or the same certificate.
            let seen = |link: &Link<'_>| {
                link.certificate.der == issuer.der
                    || (link.certificate.subject_der == issuer.subject_der
                        && link.certificate.public_key.spki == issuer.public_key.spki)
            };
            if !is_anchor && links.iter().any(seen) {
                continue;
            }
            if self.signatures_left == 0 {
                self.exhausted = true;
                return false;
            }
            self.signatures_left -= 1;
            let weakness = match signature::certificate(last, &issuer.public_key) {
                Signed::Valid => None,
                Signed::TooWeak(words) => Some(words),
                Signed::Invalid => {
                    if key_identifiers_agree(last, issuer) {
                        self.forged.get_or_insert_with(|| last.subject.to_string());
                    }
                    continue;
                }
                Signed::Unsupported(words) => {
                    self.unsupported.get_or_insert(words);
                    continue;
                }
            };
            if let Some(link) = links.last_mut() {
                link.signed_weakly = weakness;
            }
            links.push(Link { certificate: issuer, signed_weakly: None });
            let done =
                if is_anchor { self.finish(links) } else { links.len() < MAX_DEPTH && self.extend(links) };
            links.pop();
            if done {
                return true;
            }
        }
        false
    }

    /// Who may have issued `certificate`: by name, trusted ones first, those with the right key identifier first.
    fn candidates(&self, certificate: &CertFacts) -> Vec<(&'a CertFacts, bool)> {
        let anchors = self.trusted.anchors().iter().map(|anchor| (anchor, true));
        let sent = self.intermediates.iter().map(|sent| (sent, false));
        let mut candidates: Vec<_> =
            anchors.chain(sent).filter(|(issuer, _)| issuer.subject_der == certificate.issuer_der).collect();
        candidates.sort_by_key(|(issuer, _)| !key_identifiers_agree(certificate, issuer));
        candidates
    }

    /// Judges a complete path; true where nothing is wrong with it.
    fn finish(&mut self, links: &[Link<'a>]) -> bool {
        let faults = self.faults(links);
        let faultless = faults.is_empty();
        if self.best.as_ref().is_none_or(|(_, fewest)| faults.len() < fewest.len()) {
            self.best = Some((links.iter().map(|link| link.certificate).collect(), faults));
        }
        faultless
    }

    fn faults(&mut self, links: &[Link<'a>]) -> Vec<Fault> {
        let mut faults = Vec::new();
        for (depth, link) in links.iter().enumerate() {
            if let Some(words) = &link.signed_weakly {
                let reason =
                    if words.starts_with("an RSA key") { Reason::WeakKey } else { Reason::WeakSignature };
                faults.push(Fault { check: CheckKind::Strength, reason, words: words.clone() });
            }
            if depth > 0 {
                issuer_faults(
                    link.certificate,
                    &links[..depth],
                    self.rules,
                    depth + 1 == links.len(),
                    &mut faults,
                );
            }
        }
        for (depth, issuer) in links.iter().enumerate().skip(1) {
            for (below, link) in links[..depth].iter().enumerate() {
                // RFC 5280 §4.2.1.10: not applied to self-issued certificates, unless it is the final one.
                if below > 0 && link.certificate.is_self_issued() {
                    continue;
                }
                let violation = constraints::apply(
                    issuer.certificate,
                    link.certificate,
                    self.rules.policy,
                    below == 0,
                    &mut self.comparisons_left,
                );
                if let Some(violation) = violation {
                    faults.push(constraint_fault(issuer.certificate, &violation));
                }
            }
        }
        faults
    }

    fn missing(self, leaf: &CertFacts) -> Path<'a> {
        let mut reasons = vec![Reason::Untrusted];
        let trusted = match self.trusted.anchors().len() {
            0 => "no certificate is trusted".to_owned(),
            1 => "it is not the trusted certificate".to_owned(),
            n => format!("it is none of the {n} trusted certificates"),
        };
        let found = if let Some(subject) = self.forged {
            reasons.push(Reason::BadSignature);
            format!("the signature on {subject} is not its issuer's")
        } else if self.exhausted {
            format!("no path within {MAX_SIGNATURES} signatures")
        } else if let Some(words) = self.unsupported {
            format!("a signature that tlslab cannot check: {words}")
        } else if leaf.is_self_issued() {
            let namesake = self.trusted.anchors().iter().any(|anchor| anchor.subject_der == leaf.subject_der);
            let namesake =
                if namesake { ", but for its name, which one of them has with another key" } else { "" };
            format!("self-signed, and {trusted}{namesake}")
        } else {
            format!("issued by {}, which is not trusted and was not sent; {trusted}", leaf.issuer)
        };
        Path::Missing { reasons, found }
    }
}

/// What is wrong with `issuer` as an issuer, above `below` (leaf first).
fn issuer_faults(
    issuer: &CertFacts,
    below: &[Link<'_>],
    rules: Rules,
    is_anchor: bool,
    faults: &mut Vec<Fault>,
) {
    let name = &issuer.subject;
    let mut fault = |check, reason, words: String| {
        faults.push(Fault { check, reason, words: format!("issuer {name}: {words}") });
    };
    let untrusted = |words: &str| (CheckKind::Trust, Reason::Untrusted, words.to_owned());
    // RFC 5280 §6.1.4 (k): version 3 and cA asserted.
    if issuer.is_ca() != Some(true) {
        let (check, reason, words) = untrusted("not a CA (basicConstraints does not say CA:TRUE)");
        fault(check, reason, words);
    }
    // §6.1.4 (n)
    if issuer.key_usage().is_some_and(|usage| !usage.key_cert_sign()) {
        let (check, reason, words) = untrusted("its key usage does not allow signing certificates");
        fault(check, reason, words);
    }
    // §6.1.4 (l, m): self-issued intermediates do not count, the leaf neither.
    let path_length = issuer.extensions.iter().find_map(|e| match e.decoded {
        Extension::BasicConstraints { path_length, .. } => path_length,
        _ => None,
    });
    let counted = below.iter().skip(1).filter(|link| !link.certificate.is_self_issued()).count();
    if let Some(limit) = path_length.filter(|&limit| counted > usize::try_from(limit).unwrap_or(usize::MAX)) {
        let words = format!("its path length constraint allows {limit} intermediates, {counted} follow");
        fault(CheckKind::Trust, Reason::Untrusted, words);
    }
    if rules.at < issuer.not_before {
        let words = format!("not valid before {}", since(issuer.not_before, rules.at));
        fault(CheckKind::NotBefore, Reason::NotYetValid, words);
    }
    if rules.at > issuer.not_after {
        let words = format!("not valid after {}", since(issuer.not_after, rules.at));
        fault(CheckKind::NotAfter, Reason::Expired, words);
    }
    // A CA's extended key usage limits what it may issue for; an anchor's is the operator's own choice.
    if !is_anchor && issuer.extended_key_usage().is_some_and(|purposes| !allows(purposes, rules.usage)) {
        fault(
            CheckKind::Usage,
            Reason::BadUsage,
            format!("its extended key usage is not for {}", rules.usage),
        );
    }
    for oid in unknown_critical(issuer) {
        fault(CheckKind::Usage, Reason::BadUsage, format!("unknown critical extension {oid}"));
    }
    for words in malformations(issuer) {
        fault(CheckKind::Trust, Reason::Malformed, words);
    }
    if let Some(words) = signature::weak_key(&issuer.public_key) {
        fault(CheckKind::Strength, Reason::WeakKey, words);
    }
}

fn constraint_fault(issuer: &CertFacts, violation: &constraints::Violation) -> Fault {
    use constraints::Violation as V;
    let words = match violation {
        V::Excluded(which) => format!("its name constraints exclude it: {which}"),
        V::NotPermitted(name) => format!("its name constraints do not permit {name}"),
        V::TooMany => format!("its name constraints cost more than {} comparisons", constraints::BUDGET),
        V::Unreadable(subtree) => format!("its name constraint {subtree} cannot be applied"),
    };
    Fault {
        check: CheckKind::Trust,
        reason: Reason::Untrusted,
        words: format!("issuer {}: {words}", issuer.subject),
    }
}

/// Whether `issuer` is the one that the certificate's authorityKeyIdentifier (RFC 5280 §4.2.1.1) means. Where
/// either side has no identifier, a self-issued certificate's issuer is told by its key.
fn key_identifiers_agree(certificate: &CertFacts, issuer: &CertFacts) -> bool {
    let wanted = certificate.extensions.iter().find_map(|e| match &e.decoded {
        Extension::AuthorityKeyIdentifier { key_id, .. } => key_id.as_deref(),
        _ => None,
    });
    let has = issuer.extensions.iter().find_map(|e| match &e.decoded {
        Extension::SubjectKeyIdentifier(id) => Some(id.as_slice()),
        _ => None,
    });
    match (wanted, has) {
        (Some(wanted), Some(has)) => wanted == has,
        _ if certificate.is_self_issued() => certificate.public_key.spki == issuer.public_key.spki,
        _ => true,
    }
}

/// An instant and how far away it is.
pub(super) fn since(instant: OffsetDateTime, now: OffsetDateTime) -> String {
    format!("{} ({})", words::instant(instant), words::relative(instant, now))
}

/// Whether extended key usage `purposes` allow `usage` (RFC 5280 §4.2.1.12). anyExtendedKeyUsage is not enough: an
/// application MAY ask for the particular purpose, and strict verifiers do.
pub(super) fn allows(purposes: &[ObjectIdentifier], usage: Usage) -> bool {
    purposes.contains(&usage.purpose())
}

/// Critical extensions that this verifier does not process (RFC 5280 §4.2: then the certificate is to be refused).
pub(super) fn unknown_critical(certificate: &CertFacts) -> impl Iterator<Item = &ObjectIdentifier> {
    const PROCESSED: [ObjectIdentifier; 5] = [
        ObjectIdentifier::new_unwrap("2.5.29.15"), // keyUsage
        ObjectIdentifier::new_unwrap("2.5.29.17"), // subjectAltName
        ObjectIdentifier::new_unwrap("2.5.29.19"), // basicConstraints
        ObjectIdentifier::new_unwrap("2.5.29.30"), // nameConstraints
        ObjectIdentifier::new_unwrap("2.5.29.37"), // extKeyUsage
    ];
    // Key identifiers only help to find a path, and are used for that.
    const HARMLESS: [ObjectIdentifier; 2] =
        [ObjectIdentifier::new_unwrap("2.5.29.14"), ObjectIdentifier::new_unwrap("2.5.29.35")];
    certificate
        .extensions
        .iter()
        .filter(|e| e.critical && !PROCESSED.contains(&e.oid) && !HARMLESS.contains(&e.oid))
        .map(|e| &e.oid)
}

/// What is wrong with a certificate's form, whoever uses it for whatever.
pub(super) fn malformations(certificate: &CertFacts) -> Vec<String> {
    let mut found = Vec::new();
    // RFC 5280 §4.1.1.2
    if !certificate.signature_algorithms_agree {
        found.push("its two signature algorithm fields differ".to_owned());
    }
    for (index, extension) in certificate.extensions.iter().enumerate() {
        // §4.2: at most one instance of an extension.
        if certificate.extensions[..index].iter().any(|earlier| earlier.oid == extension.oid) {
            found.push(format!("extension {} appears twice", extension.oid));
        }
        if let Extension::Malformed(words) = &extension.decoded {
            found.push(format!("extension {} cannot be read: {words}", extension.oid));
        }
    }
    found
}
