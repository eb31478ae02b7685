//! As much of what a peer presents as is looked at: the leaf, and the certificates whose names lead up from it.
//!
//! Somebody may present whole bundles. What is chosen is chosen by name, before anything is counted, so that the one that
//! is needed is found wherever it stands; what nobody asked for costs a look at its names.

use std::collections::{HashMap, HashSet, VecDeque};

use rustls::pki_types::CertificateDer;

use crate::pki::der::{self, Walk, tag};
use crate::pki::subject::Subject;

/// The most certificates, besides the leaf, that are looked at.
const MAX_INTERMEDIATES: usize = 100;

/// The most bytes that those have in all: 1 MiB. A TLS 1.3 handshake message of 16 MiB could hold more.
const MAX_PRESENTED: usize = 1 << 20;

/// What is looked at.
#[derive(Debug, Default)]
pub(super) struct Considered<'a> {
    /// The leaf, then the certificates that may stand above it, the nearest first.
    pub(super) chain: Vec<CertificateDer<'a>>,
    /// How many more have a name that leads up from the leaf.
    pub(super) left_out: usize,
}

/// Chooses from `presented`, the leaf first.
pub(super) fn considered<'a>(presented: &'a [CertificateDer<'_>]) -> Considered<'a> {
    let Some((leaf, rest)) = presented.split_first() else { return Considered::default() };
    let mut considered = Considered { chain: vec![CertificateDer::from(leaf.as_ref())], left_out: 0 };
    // By subject: certificates with their issuers.
    let mut by_subject = HashMap::<_, Vec<_>>::new();
    let mut seen = HashSet::from([leaf.as_ref()]);
    for der in rest.iter().map(AsRef::as_ref).filter(|der| seen.insert(*der)) {
        if let Some((issuer, subject)) = names(der) {
            by_subject.entry(subject).or_default().push((der, issuer));
        }
    }
    let mut bytes = 0;
    let mut wanted: VecDeque<Vec<u8>> = names(leaf).map(|(issuer, _)| issuer).into_iter().collect();
    while let Some(name) = wanted.pop_front() {
        for (der, issuer) in by_subject.remove(&name).unwrap_or_default() {
            if considered.chain.len() > MAX_INTERMEDIATES || bytes + der.len() > MAX_PRESENTED {
                considered.left_out += 1;
                continue;
            }
            bytes += der.len();
            considered.chain.push(CertificateDer::from(der));
            wanted.push_back(issuer);
        }
    }
    considered
}

/// Issuer and subject of a certificate, as RFC 5280 §7.1 compares them.
fn names(der: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let certificate = der::only(der, tag::SEQUENCE).ok()?;
    let mut walk = Walk(Walk(certificate.content).expect(tag::SEQUENCE).ok()?.content);
    walk.optional(tag::context(0)).ok()?;
    walk.expect(tag::INTEGER).ok()?;
    walk.expect(tag::SEQUENCE).ok()?;
    let issuer = walk.expect(tag::SEQUENCE).ok()?;
    walk.expect(tag::SEQUENCE).ok()?;
    let subject = walk.expect(tag::SEQUENCE).ok()?;
    let prepared = |name: &[u8]| Some(Subject::from_der(name).ok()?.prepared());
    Some((prepared(issuer.encoded)?, prepared(subject.encoded)?))
}
