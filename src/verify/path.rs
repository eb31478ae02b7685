//! From the leaf to something trusted (RFC 5280 §6.1).
//!
//! [`find`] looks for a chain of signatures from the leaf to a trusted certificate and has every certificate of it but
//! the leaf, which [`super::checks`] judges, judged by [`super::issuer`]. Where several chains exist the first without
//! a fault wins, else the one with the fewest, so that a report speaks of the chain that nearly was.
//!
//! A hostile chain costs little: depth, signatures and name comparisons all have a [`Budget`].

use std::borrow::Cow;

use super::criteria::{Rules, TrustSet};
use super::issuer::{self, Fault};
use super::keys::Weakness;
use super::policy::Policy;
use super::signature::{self, Signed};
use super::verdict::{Reason, TrustPath};
use crate::pki::facts::CertFacts;

/// The most certificates between leaf and trusted certificate, both counted.
const MAX_DEPTH: usize = 10;

/// What one search may still cost. Everything that it does more than a few hundred times is paid for here, for how
/// often is in the hands of whoever made the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Budget {
    /// Signatures to verify.
    pub(super) signatures: usize,
    /// Comparisons of a name with a name constraint, in units of 32 bytes.
    pub(super) comparisons: usize,
}

impl Budget {
    /// What a search begins with. Real chains cost under 10 signatures and a few hundred comparisons.
    pub(super) const FULL: Self = Self { signatures: 64, comparisons: 250_000 };

    /// Takes what one signature costs; whether it was there.
    pub(super) fn pays_for_a_signature(&mut self) -> bool {
        let left = self.signatures.checked_sub(1);
        self.signatures = left.unwrap_or(0);
        left.is_some()
    }
}

/// How the leaf relates to what is trusted.
#[derive(Debug)]
pub(super) enum Path<'a> {
    /// The leaf is itself one of the trusted certificates, byte for byte.
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

impl From<&Path<'_>> for TrustPath {
    fn from(path: &Path<'_>) -> Self {
        match path {
            Path::Pinned => Self::Pinned,
            Path::Chain { certificates, .. } => {
                Self::Issued(certificates.iter().skip(1).map(|issuer| (*issuer).clone()).collect())
            }
            Path::Missing { .. } => Self::Missing,
        }
    }
}

impl Path<'_> {
    /// The first issuer whose name is not byte for byte the one that the certificate below has for it, though the two
    /// match by RFC 5280 §7.1.
    pub(super) fn renamed(&self) -> Option<&CertFacts> {
        let Self::Chain { certificates, .. } = self else { return None };
        let mut pairs = certificates.iter().zip(certificates.iter().skip(1));
        pairs.find(|(below, above)| below.issuer_der != above.subject_der).map(|(_, above)| *above)
    }
}

/// Looks for the path of `leaf`.
pub(super) fn find<'a>(
    leaf: &'a CertFacts,
    intermediates: &'a [CertFacts],
    trusted: &'a TrustSet,
    rules: Rules,
    budget: &mut Budget,
) -> Path<'a> {
    if trusted.anchors().iter().any(|anchor| anchor.der == leaf.der) {
        return Path::Pinned;
    }
    let anchors = trusted.named_anchors().map(|(certificate, name)| Candidate {
        certificate,
        name: Cow::Borrowed(name),
        is_anchor: true,
    });
    let sent = intermediates.iter().map(|certificate| Candidate {
        certificate,
        name: Cow::Owned(certificate.subject.prepared()),
        is_anchor: false,
    });
    let mut search = Search {
        candidates: anchors.chain(sent).collect(),
        trusted,
        rules,
        budget,
        best: None,
        forged: None,
        unsupported: None,
        exhausted: false,
        dead_end: (0, leaf),
        renamed: None,
    };
    search.extend(&mut vec![Link { certificate: leaf, signed_weakly: None }]);
    match search.best {
        Some((certificates, faults)) => Path::Chain { certificates, faults },
        None => search.missing(leaf),
    }
}

/// The path of a leaf and its known issuers to a trusted certificate that is not at hand and presumed to be healthy.
/// Signatures are not looked at.
pub(super) fn presumed(certificates: Vec<&CertFacts>, rules: Rules) -> Path<'_> {
    let mut faults = Vec::new();
    for (depth, certificate) in certificates.iter().enumerate().skip(1) {
        faults.extend(issuer::faults(certificate, &certificates[..depth], false, rules));
        let weakness = signature::weak_hash(&certificate.signature_algorithm);
        faults.extend(weakness.map(Fault::from));
    }
    Path::Chain { certificates, faults }
}

/// A certificate of a path under construction.
struct Link<'a> {
    certificate: &'a CertFacts,
    /// Why the signature on it was not looked at, where it is too weak to be.
    signed_weakly: Option<Weakness>,
}

/// A certificate that may be the issuer of another.
#[derive(Clone)]
struct Candidate<'a> {
    certificate: &'a CertFacts,
    /// Its subject, as RFC 5280 §7.1 compares it.
    name: Cow<'a, [u8]>,
    is_anchor: bool,
}

struct Search<'a, 'b> {
    /// Trusted ones first.
    candidates: Vec<Candidate<'a>>,
    trusted: &'a TrustSet,
    rules: Rules,
    budget: &'b mut Budget,
    best: Option<(Vec<&'a CertFacts>, Vec<Fault>)>,
    /// A certificate whose issuer was found by name and key identifier, and whose signature is not that issuer's.
    forged: Option<String>,
    unsupported: Option<String>,
    exhausted: bool,
    /// The certificate furthest up of which nobody here is the issuer, and how many are below it.
    dead_end: (usize, &'a CertFacts),
    /// An issuer of the right name, which is encoded otherwise, so that policy webpki passes it over.
    renamed: Option<String>,
}

impl<'a> Search<'a, '_> {
    /// Tries every issuer of the last link; true once a faultless path is found.
    fn extend(&mut self, links: &mut Vec<Link<'a>>) -> bool {
        let Some(last) = links.last().map(|link| link.certificate) else { return false };
        let mut candidates = self.issuers_of(last);
        // A loop proves nothing: the same name and key again, or the same certificate.
        candidates.retain(|(above, is_anchor)| {
            let seen = |link: &Link<'_>| {
                link.certificate.der == above.der
                    || (link.certificate.subject_der == above.subject_der
                        && link.certificate.public_key.spki == above.public_key.spki)
            };
            *is_anchor || !links.iter().any(seen)
        });
        if candidates.is_empty() && links.len() > self.dead_end.0 {
            self.dead_end = (links.len() - 1, last);
        }
        for (above, is_anchor) in candidates {
            let Some(left) = self.budget.signatures.checked_sub(1) else {
                self.exhausted = true;
                return false;
            };
            self.budget.signatures = left;
            let weakness = match signature::certificate(last, &above.public_key) {
                Signed::Valid => None,
                Signed::TooWeak(weakness) => Some(weakness),
                Signed::Invalid => {
                    if issuer::key_identifiers_agree(last, above) {
                        self.forged.get_or_insert_with(|| issuer::named(&last.subject));
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
            links.push(Link { certificate: above, signed_weakly: None });
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
    ///
    /// Policy lab compares names by RFC 5280 §7.1; policy webpki byte for byte, as rustls-webpki and others do.
    fn issuers_of(&mut self, certificate: &CertFacts) -> Vec<(&'a CertFacts, bool)> {
        let name = certificate.issuer.prepared();
        let namesakes = self.candidates.iter().filter(|candidate| candidate.name.as_ref() == name);
        let (same, renamed): (Vec<_>, Vec<_>) = namesakes.partition(|candidate| {
            self.rules.policy == Policy::Lab || candidate.certificate.subject_der == certificate.issuer_der
        });
        if let Some(renamed) = renamed.first() {
            self.renamed.get_or_insert_with(|| issuer::named(&renamed.certificate.subject));
        }
        let mut issuers: Vec<_> =
            same.into_iter().map(|candidate| (candidate.certificate, candidate.is_anchor)).collect();
        issuers.sort_by_key(|(candidate, _)| !issuer::key_identifiers_agree(certificate, candidate));
        issuers
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
        let mut faults: Vec<Fault> =
            links.iter().filter_map(|link| link.signed_weakly.clone()).map(Fault::from).collect();
        let certificates: Vec<_> = links.iter().map(|link| link.certificate).collect();
        for (depth, issuer) in certificates.iter().enumerate().skip(1) {
            let (below, is_anchor) = (&certificates[..depth], depth + 1 == certificates.len());
            faults.extend(issuer::faults(issuer, below, is_anchor, self.rules));
            let comparisons = &mut self.budget.comparisons;
            faults.extend(issuer::constraint_faults(issuer, below, self.rules, comparisons));
        }
        let untrusted = certificates.split_last().map_or(&[][..], |(_, below)| below);
        faults.extend(issuer::path_length_fault(self.trusted.path_length(), "the trusted set", untrusted));
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
            format!("no path within {} signatures", Budget::FULL.signatures)
        } else if let Some(words) = self.unsupported {
            format!("a signature that tlslab cannot check: {words}")
        } else if let Some(issuer) = self.renamed {
            format!(
                "the name of the issuer {issuer} is encoded otherwise than the certificate below has it, and policy \
                 webpki compares bytes (policy lab, by RFC 5280 §7.1, does not)"
            )
        } else if leaf.is_self_issued() {
            let namesake = self.trusted.anchors().iter().any(|anchor| anchor.subject_der == leaf.subject_der);
            let namesake =
                if namesake { ", but for its name, which one of them has with another key" } else { "" };
            format!("self-signed, and {trusted}{namesake}")
        } else {
            self.dead_end_words(&trusted)
        };
        Path::Missing { reasons, found }
    }

    /// Whose issuer is missing.
    fn dead_end_words(&self, trusted: &str) -> String {
        let (below, last) = self.dead_end;
        let (subject, issuer) = (issuer::named(&last.subject), issuer::named(&last.issuer));
        if below == 0 {
            format!("issued by {issuer}, which is not trusted and was not sent; {trusted}")
        } else if last.is_self_issued() {
            format!("its chain ends at {subject}, which is self-signed and not trusted")
        } else {
            format!("its chain ends at {subject}, issued by {issuer}, which is not trusted and was not sent")
        }
    }
}
