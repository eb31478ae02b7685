//! The judgement: every check over one chain.

use rustls::pki_types::CertificateDer;
use time::OffsetDateTime;

use super::criteria::{Criteria, Rules, Usage};
use super::expected_name::ExpectedName;
use super::path::{self, Budget, Path};
use super::policy::Policy;
use super::signature::{self, Signed};
use super::verdict::{Check, CheckKind, Reason, TrustPath, Verdict};
use super::{checks, issuer, names, second_opinion};
use crate::pki::facts::CertFacts;

/// Judges `chain` (leaf first, then any intermediates in any order) at the instant `at`, to the second.
///
/// Pure: the same arguments give the same verdict. An empty chain, or a leaf that cannot be read, is
/// [`Reason::Malformed`]; unreadable intermediates are passed over.
pub fn judge(chain: &[CertificateDer<'_>], criteria: &Criteria, at: OffsetDateTime) -> Verdict {
    let chain = considered(chain);
    let Some((leaf_der, rest)) = chain.split_first() else {
        return unreadable("no certificate at all".to_owned());
    };
    let leaf = match CertFacts::read(leaf_der) {
        Ok(leaf) => leaf,
        Err(malformed) => return unreadable(malformed.to_string()),
    };
    let intermediates: Vec<CertFacts> = rest.iter().filter_map(|der| CertFacts::read(der).ok()).collect();
    // RFC 5280 §4.1.2.5 times have whole seconds, both ends inclusive: 12:00:00.9 is still 12:00:00.
    let at = at.replace_nanosecond(0).unwrap_or(at);
    let rules = Rules { at, policy: criteria.policy, usage: criteria.usage };
    let path = path::find(&leaf, &intermediates, &criteria.trusted, rules, &mut Budget::FULL.clone());
    let self_signed = self_signature(&leaf, &path);

    let mut checks = vec![checks::trust(&path, &self_signed, criteria.trusted.anchors().len())];
    checks.extend(criteria.name.as_ref().map(|name| names::check(&leaf, name, criteria.policy)));
    checks.push(checks::not_before(&leaf, &path, rules));
    checks.push(checks::not_after(&leaf, &path, rules));
    checks.push(checks::usage(&leaf, &path, rules));
    checks.push(checks::strength(&leaf, &path));
    checks.push(checks::certificate_signature(&path, &self_signed));
    if checks.iter().all(Check::ok) {
        second_opinion::ask(chain, &leaf, &path, criteria, at, &mut checks);
    }
    let trusted = TrustPath::from(&path);
    Verdict { checks, certificate: Some(leaf), path: trusted, notes: Vec::new() }
}

/// The checks of policy `lab` of a server's certificate whose trusted certificate is not at hand: as if whoever stands
/// above the last of `issuers` were trusted and healthy, and every signature verified.
pub fn judge_presuming_trust(
    leaf: &CertFacts,
    issuers: &[&CertFacts],
    name: Option<&ExpectedName>,
    at: OffsetDateTime,
) -> Vec<Check> {
    let rules = Rules { at, policy: Policy::Lab, usage: Usage::Server };
    let path = path::presumed(std::iter::once(leaf).chain(issuers.iter().copied()).collect(), rules);
    let mut found = vec![
        checks::trust(&path, &Signed::Valid, 1),
        checks::not_before(leaf, &path, rules),
        checks::not_after(leaf, &path, rules),
        checks::usage(leaf, &path, rules),
        checks::strength(leaf, &path),
    ];
    found.extend(name.map(|name| names::check(leaf, name, Policy::Lab)));
    found
}

/// As much of the presented chain as is looked at, the leaf always.
pub(super) fn considered<'a, 'b>(chain: &'a [CertificateDer<'b>]) -> &'a [CertificateDer<'b>] {
    let mut octets = 0;
    let intermediates = chain.iter().skip(1).take(path::MAX_INTERMEDIATES).take_while(|der| {
        octets += der.len();
        octets <= path::MAX_PRESENTED
    });
    let count = 1 + intermediates.count();
    chain.get(..count).unwrap_or(chain)
}

fn self_signature(leaf: &CertFacts, path: &Path<'_>) -> Signed {
    if !matches!(path, Path::Pinned) {
        return Signed::Unsupported("a chain's signatures are checked along the chain".to_owned());
    }
    if leaf.is_self_issued() {
        signature::certificate(leaf, &leaf.public_key)
    } else {
        Signed::Unsupported(format!("its issuer {} is not here", issuer::named(&leaf.issuer)))
    }
}

/// The verdict on something that is no certificate: there is nothing to run the other checks on.
fn unreadable(found: String) -> Verdict {
    let check = Check {
        kind: CheckKind::Trust,
        reasons: vec![Reason::Malformed],
        expected: "an X.509 certificate".to_owned(),
        found,
    };
    Verdict { checks: vec![check], certificate: None, path: TrustPath::Missing, notes: Vec::new() }
}
