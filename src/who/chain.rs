//! Who stands above a certificate, among those that are known.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use crate::pki::facts::CertFacts;
use crate::verify::signature::{self, Signed};
use crate::verify::{issuer, self_signed};

/// The most namesakes whose signature is tried for one certificate: an input can hold any number of them.
const TRIED: usize = 8;

/// The most certificates of a chain, leaf and root counted: more than most verifiers look at, so that who refuses a chain
/// for its length can be told.
const MAX_DEPTH: usize = 20;

/// The most signatures that are verified to find the chains of one input: a peer can send thousands of certificates. Once
/// they are spent, namesakes are told apart by their key identifiers alone, and one that is its own issuer is an end.
const SIGNATURES: usize = 4_096;

/// The leaf and its issuers in order, as far as they are among `known`, and not beyond one that has signed itself.
///
/// Of several of the right name the one whose key verifies the signature is taken, and of those the one that is its own
/// issuer: the shortest way up. One that signed nothing here still stands for its name where there is no other.
pub fn chain<'a>(leaf: &'a CertFacts, known: &[&'a CertFacts]) -> Vec<&'a CertFacts> {
    Known::new(known).chain(leaf)
}

/// The chains of these certificates, so that each certificate is in one, whatever their order: those of the certificates
/// that are nobody's issuer, and those of what is left above the depth to which a chain is followed. Of each, the place of
/// its leaf, by which they are ordered.
///
/// What it costs is in proportion to `known`.
pub fn chains<'a>(known: &[&'a CertFacts]) -> Vec<(usize, Vec<&'a CertFacts>)> {
    let mut among = Known::new(known);
    let issuers: HashSet<&[u8]> = known
        .iter()
        .filter(|certificate| !certificate.is_self_issued())
        .map(|certificate| certificate.issuer_der.as_slice())
        .collect();
    let is_leaf = |certificate: &CertFacts| !issuers.contains(certificate.subject_der.as_slice());
    let (leaves, others): (Vec<_>, Vec<_>) =
        known.iter().copied().enumerate().partition(|(_, certificate)| is_leaf(certificate));
    let mut taken: HashSet<&[u8]> = HashSet::new();
    let mut chains = Vec::new();
    // A chain begins with the lowest of those that are left.
    for (place, leaf) in leaves.into_iter().chain(among.lowest_first(others)) {
        if taken.contains(leaf.der.as_ref()) {
            continue;
        }
        let chain = among.chain(leaf);
        taken.extend(chain.iter().map(|certificate| certificate.der.as_ref()));
        chains.push((place, chain));
    }
    chains.sort_by_key(|(place, _)| *place);
    chains
}

/// Certificates by their subjects, and what may still be spent on them.
struct Known<'a> {
    by_subject: HashMap<&'a [u8], Vec<&'a CertFacts>>,
    signatures: usize,
}

impl<'a> Known<'a> {
    fn new(known: &[&'a CertFacts]) -> Self {
        let mut by_subject: HashMap<&[u8], Vec<&CertFacts>> = HashMap::new();
        for certificate in known {
            by_subject.entry(&certificate.subject_der).or_default().push(certificate);
        }
        Self { by_subject, signatures: SIGNATURES }
    }

    fn chain(&mut self, leaf: &'a CertFacts) -> Vec<&'a CertFacts> {
        let mut chain = vec![leaf];
        while let Some(last) = chain.last().copied().filter(|last| !self.is_end(last)) {
            if chain.len() == MAX_DEPTH {
                break;
            }
            let namesakes = self.by_subject.get(last.issuer_der.as_slice()).into_iter().flatten().copied();
            let new = namesakes.filter(|candidate| chain.iter().all(|known| known.der != candidate.der));
            let mut new: Vec<_> = new.collect();
            new.sort_by_key(|candidate| !issuer::key_identifiers_agree(last, candidate));
            new.truncate(TRIED);
            // With one there is nothing to choose.
            let verify = new.len() > 1 && self.may_verify(new.len());
            let above = new.into_iter().min_by_key(|candidate| {
                let forged =
                    verify && matches!(signature::certificate(last, &candidate.public_key), Signed::Invalid);
                let agree = issuer::key_identifiers_agree(last, candidate);
                Reverse((!forged, agree, candidate.is_self_issued()))
            });
            let Some(above) = above else { break };
            chain.push(above);
        }
        chain
    }

    /// In the order of how many issuers by name stand above each, most first; a circle counts as far as it is followed.
    fn lowest_first(&self, mut certificates: Vec<(usize, &'a CertFacts)>) -> Vec<(usize, &'a CertFacts)> {
        let above = |certificate: &'a CertFacts| {
            let namesakes = self.by_subject.get(certificate.issuer_der.as_slice())?;
            namesakes.iter().copied().find(|above| above.der != certificate.der)
        };
        let mut heights: HashMap<&[u8], usize> = HashMap::new();
        for (_, certificate) in &certificates {
            // Up to one whose height is known, or that nobody stands above; then down again.
            let mut way = vec![*certificate];
            let mut on_the_way: HashSet<&[u8]> = HashSet::from([certificate.der.as_ref()]);
            while let Some(next) =
                way.last().copied().filter(|last| !heights.contains_key(last.der.as_ref())).and_then(above)
            {
                if !on_the_way.insert(next.der.as_ref()) {
                    break;
                }
                way.push(next);
            }
            let mut height = 0;
            for below in way.iter().rev() {
                height = *heights.entry(below.der.as_ref()).or_insert(height) + 1;
            }
        }
        certificates.sort_by_key(|(_, certificate)| Reverse(heights.get(certificate.der.as_ref()).copied()));
        certificates
    }

    /// A CA that changes its key certifies itself too: its name alone is no end.
    fn is_end(&mut self, last: &CertFacts) -> bool {
        last.is_self_issued() && (!self.may_verify(1) || self_signed(last) != Some(false))
    }

    /// Whether there is something left to verify so many signatures, which is spent by asking.
    fn may_verify(&mut self, signatures: usize) -> bool {
        let left = self.signatures.checked_sub(signatures);
        self.signatures = left.unwrap_or(self.signatures);
        left.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::catalogue::workshop::Workshop;
    use crate::pki::key::KeyAlgorithm;

    #[test]
    fn every_certificate_of_a_long_line_is_in_one_chain_in_any_order() {
        let made = Workshop::new(KeyAlgorithm::EcP256).long_chain(43, |_, _| {}).unwrap();
        let line = made.chain.iter().chain(&made.trusted).map(|der| CertFacts::read(der).unwrap());
        let leaf_first: Vec<CertFacts> = line.collect();
        let root_first: Vec<CertFacts> = leaf_first.iter().rev().cloned().collect();
        for line in [leaf_first, root_first] {
            let known: Vec<&CertFacts> = line.iter().collect();
            let chains = chains(&known);
            let lengths: Vec<usize> = chains.iter().map(|(_, chain)| chain.len()).collect();
            assert_eq!(lengths.iter().sum::<usize>(), 45, "{lengths:?}");
            assert!(lengths.iter().all(|length| *length <= MAX_DEPTH), "{lengths:?}");
            assert_eq!(chains.len(), 3, "{lengths:?}");
            for (place, chain) in chains {
                assert_eq!(chain[0].der, line[place].der);
            }
        }
    }
}
