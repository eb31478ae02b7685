//! Who stands above a certificate, among those that are known.

use std::cmp::Reverse;

use crate::pki::facts::CertFacts;
use crate::verify::signature::{self, Signed};
use crate::verify::{issuer, self_signed};

/// The most namesakes whose signature is tried for one certificate: an input can hold any number of them.
const TRIED: usize = 8;

/// The leaf and its issuers in order, as far as they are among `known`, and not beyond one that has signed itself.
///
/// Of several of the right name the one whose key verifies the signature is taken, and of those the one that is its own
/// issuer: the shortest way up. One that signed nothing here still stands for its name where there is no other.
pub fn chain<'a>(leaf: &'a CertFacts, known: &[&'a CertFacts]) -> Vec<&'a CertFacts> {
    let mut chain = vec![leaf];
    // A CA that changes its key certifies itself too: its name alone is no end.
    let is_end = |last: &CertFacts| last.is_self_issued() && self_signed(last) != Some(false);
    while let Some(last) = chain.last().copied().filter(|last| !is_end(last)) {
        let namesakes = known.iter().copied().filter(|candidate| {
            candidate.subject_der == last.issuer_der && chain.iter().all(|known| known.der != candidate.der)
        });
        let above = namesakes.take(TRIED).min_by_key(|candidate| {
            let forged = matches!(signature::certificate(last, &candidate.public_key), Signed::Invalid);
            let agree = issuer::key_identifiers_agree(last, candidate);
            Reverse((!forged, agree, candidate.is_self_issued()))
        });
        let Some(above) = above else { break };
        chain.push(above);
    }
    chain
}
