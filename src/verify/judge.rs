//! The judgement: every check over one chain.

use rustls::pki_types::CertificateDer;
use time::OffsetDateTime;

use super::criteria::{Criteria, Rules, Usage};
use super::expected_name::ExpectedName;
use super::path::{self, Budget, Path};
use super::policy::Policy;
use super::presented::{Considered, considered};
use super::revocation::Staple;
use super::signature::{self, Signed};
use super::verdict::{Check, CheckKind, Reason, TrustPath, Verdict};
use super::{checks, issuer, names, revocation, second_opinion};
use crate::crypto::ml_dsa;
use crate::pki::facts::CertFacts;
use crate::words::Shown;

/// Judges `chain` (leaf first, then any intermediates in any order) at the instant `at`, to the second.
///
/// Pure: the same arguments give the same verdict. An empty chain, or a leaf that cannot be read, is
/// [`Reason::Malformed`]; unreadable intermediates are passed over.
pub fn judge(chain: &[CertificateDer<'_>], criteria: &Criteria, at: OffsetDateTime) -> Verdict {
    judge_stapled(chain, criteria, at, Staple::NotAsked)
}

/// The same of what a server showed: with the OCSP response that it stapled, or did not.
pub fn judge_stapled(
    chain: &[CertificateDer<'_>],
    criteria: &Criteria,
    at: OffsetDateTime,
    staple: Staple<'_>,
) -> Verdict {
    let Considered { chain, left_out } = considered(chain);
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
    let mut budget = Budget::FULL;
    let path = path::find(&leaf, &intermediates, &criteria.trusted, rules, &mut budget);
    let self_signed = self_signature(&leaf, &path);

    let mut trust = checks::trust(&path, self_signed.as_ref(), criteria.trusted.anchors().len());
    if left_out > 0 && matches!(path, Path::Missing { .. }) {
        trust.add(format_args!("{left_out} more certificates of names that lead to it were not looked at"));
    }
    let mut checks = vec![trust];
    checks.extend(criteria.name.as_ref().map(|name| names::check(&leaf, name, criteria.policy)));
    checks.push(checks::not_before(&leaf, &path, rules));
    checks.push(checks::not_after(&leaf, &path, rules));
    checks.push(checks::usage(&leaf, &path, rules));
    checks.push(checks::strength(&leaf, &path));
    checks.push(checks::certificate_signature(&path, self_signed.as_ref()));
    if checks.iter().all(Check::ok) {
        second_opinion::ask(&chain, &leaf, &path, criteria, at, &mut checks);
    }
    checks.extend(revocation::check(&leaf, &path, criteria, rules, staple, &mut budget));
    let mut notes = if checks.iter().all(Check::ok) { remarks(&leaf, &path, criteria) } else { Vec::new() };
    if leaf.uses_ml_dsa() || intermediates.iter().any(CertFacts::uses_ml_dsa) {
        notes.push(Shown::new(ml_dsa::NOTICE));
    }
    let trusted = TrustPath::from(&path);
    Verdict { checks, certificate: Some(leaf), path: trusted, notes }
}

/// What policy lab took with an eye closed, in words.
fn remarks(leaf: &CertFacts, path: &Path<'_>, criteria: &Criteria) -> Vec<Shown> {
    let mut remarks = Vec::new();
    if criteria.policy == Policy::Lab {
        remarks.extend(criteria.name.iter().flat_map(|name| names::remarks(leaf, name)));
    }
    if criteria.policy == Policy::Webpki && leaf.uses_ml_dsa() {
        remarks.push(
            "policy webpki takes ML-DSA as RFC 9881 has it; the CA/Browser Forum's Baseline Requirements (2.1, §6.1.1.5) know \
             RSA and elliptic curves only, so no public CA issues such certificates"
                .to_owned(),
        );
    }
    remarks.extend(path.renamed().map(|issuer| {
        format!(
            "the name of the issuer {} is encoded otherwise than the certificate below has it: the same name by RFC 5280 \
             §7.1, and another for those who compare bytes (GnuTLS, Go, NSS, rustls-webpki)",
            issuer::named(&issuer.subject)
        )
    }));
    remarks.into_iter().map(Shown::new).collect()
}

/// The checks of policy `lab` of a server's certificate whose trusted certificate is not at hand: as if whoever stands
/// above the last of `issuers` were trusted and healthy, and every signature verified; its server staples nothing.
pub fn judge_presuming_trust(
    leaf: &CertFacts,
    issuers: &[&CertFacts],
    name: Option<&ExpectedName>,
    at: OffsetDateTime,
) -> Vec<Check> {
    let rules = Rules { at, policy: Policy::Lab, usage: Usage::Server };
    let path = path::presumed(std::iter::once(leaf).chain(issuers.iter().copied()).collect(), rules);
    let mut found = vec![
        checks::trust(&path, Some(&Signed::Valid), 1),
        checks::not_before(leaf, &path, rules),
        checks::not_after(leaf, &path, rules),
        checks::usage(leaf, &path, rules),
        checks::strength(leaf, &path),
    ];
    found.extend(name.map(|name| names::check(leaf, name, Policy::Lab)));
    found.extend(revocation::missing_staple(leaf));
    found
}

/// How the signature of a pinned certificate came out by its own key; `None` where its own key is not its issuer's, and
/// for a chain, whose signatures are checked along it.
fn self_signature(leaf: &CertFacts, path: &Path<'_>) -> Option<Signed> {
    (matches!(path, Path::Pinned) && leaf.is_self_issued())
        .then(|| signature::certificate(leaf, &leaf.public_key))
}

/// The verdict on something that is no certificate: there is nothing to run the other checks on.
fn unreadable(found: String) -> Verdict {
    let check = Check::new(CheckKind::Trust, vec![Reason::Malformed], "an X.509 certificate", found);
    Verdict { checks: vec![check], certificate: None, path: TrustPath::Missing, notes: Vec::new() }
}
