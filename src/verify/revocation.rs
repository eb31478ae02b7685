//! Is a certificate of the path revoked (RFC 5280 §6.3, RFC 6960 §3.2)? A pure function of the path, of the lists and
//! OCSP responses that were given, of what the server stapled, and of the instant: nothing is fetched.
//!
//! As soon as a list of an issuer is given, each certificate of that issuer needs a status: a list that is out of date,
//! unsigned, about other certificates, or that says something critical that tlslab does not know, leaves the status
//! unknown, and unknown is refused. What a list out of date says of a revoked certificate stays true all the same, but
//! for certificateHold, from which one comes back.
//!
//! An OCSP response is heeded likewise. A staple is given by the server, who may choose: one that does not say that the
//! certificate is good is refused (RFC 6066 §8), whatever else is known; and one that the certificate promises must come
//! (RFC 7633).

mod known;
mod lists;
mod responses;

pub use self::known::{Demand, Revocation, Staple, UnknownDemand};

use self::known::Status;
use self::lists::Lists;
use self::responses::Responses;
use super::criteria::{Criteria, Rules};
use super::issuer;
use super::path::{Budget, Path};
use super::verdict::{Check, CheckKind, Reason};
use crate::pki::facts::CertFacts;
use crate::tls::registry::extension;

/// The revocation check; `None` where nothing is given and nothing demanded.
pub(super) fn check(
    leaf: &CertFacts,
    path: &Path<'_>,
    criteria: &Criteria,
    rules: Rules,
    staple: Staple<'_>,
    budget: &mut Budget,
) -> Option<Check> {
    let Revocation { demand, known } = &criteria.revocation;
    let is_given = !known.lists.is_empty() || !known.responses.is_empty();
    let owes_a_staple = staple == Staple::None && promises_a_staple(leaf);
    let is_asked =
        *demand == Demand::Require || is_given || owes_a_staple || matches!(staple, Staple::Sent(_));
    if *demand == Demand::Off || !is_asked {
        return None;
    }
    let chain = match path {
        Path::Pinned => vec![leaf],
        Path::Chain { certificates, .. } => certificates.clone(),
        Path::Missing { .. } => {
            let found = "not looked at: there is no issuer to ask".to_owned();
            return Some(Check::new(CheckKind::Revocation, Vec::new(), EXPECTED, found));
        }
    };
    let issuer_of = |depth: usize| *chain.get(depth + 1).unwrap_or(&chain[depth]);
    let trusted = &criteria.trusted;
    let mut lists = Lists::new(known, trusted, &chain, rules, budget);
    let listed: Vec<Status> = chain
        .iter()
        .enumerate()
        .map(|(depth, certificate)| lists.status(certificate, issuer_of(depth)))
        .collect();
    let (mut reasons, mut found) = (Vec::new(), Vec::new());
    let mut refuse = |reason| {
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    };
    for ((depth, certificate), listed) in chain.iter().enumerate().zip(listed) {
        // Nobody stands above a trusted certificate: its status is for who trusts it to know, and only its own word, which
        // speaks against it, is heard.
        let is_trusted = depth + 1 == chain.len();
        let issuer = issuer_of(depth);
        if is_trusted && !certificate.is_self_issued() {
            continue;
        }
        let who = issuer::named(&certificate.subject);
        let mut responses = Responses { known, trusted, chain: &chain, rules, budget: &mut *budget };
        let status = listed.and(responses.status(certificate, issuer, depth == 0));
        let status = match staple {
            Staple::Sent(staple) if depth == 0 => {
                status.and_stapled(responses.staple(staple, certificate, issuer))
            }
            _ => status,
        };
        match status {
            Status::Revoked(words) => {
                refuse(Reason::Revoked);
                found.push(format!("{who} is revoked: {words}"));
            }
            Status::Good(_) | Status::Unknown(_) | Status::Unasked if is_trusted => {}
            Status::Good(words) => found.push(format!("{who} is not revoked: {words}")),
            Status::Unknown(words) => {
                refuse(Reason::RevocationUnknown);
                found.push(format!("whether {who} is revoked is not known: {words}"));
            }
            Status::Unasked if *demand == Demand::Require => {
                refuse(Reason::RevocationUnknown);
                let issuer = issuer::named(&certificate.issuer);
                found.push(format!(
                    "whether {who} is revoked is not known: no list and no response of {issuer} was given"
                ));
            }
            Status::Unasked => {}
        }
    }
    if owes_a_staple {
        refuse(Reason::RevocationUnknown);
        found.push(NO_STAPLE.to_owned());
    }
    let found = match (found.is_empty(), path) {
        (false, _) => found.join("; "),
        (true, Path::Pinned) => "the trusted certificate itself: nobody stands above it".to_owned(),
        (true, _) => "no list of the path's issuers was given".to_owned(),
    };
    Some(Check::new(CheckKind::Revocation, reasons, EXPECTED, found))
}

/// What is wrong where a certificate promises a staple and its server sends none.
pub(super) fn missing_staple(certificate: &CertFacts) -> Option<Check> {
    let check = || Check::new(CheckKind::Revocation, vec![Reason::RevocationUnknown], EXPECTED, NO_STAPLE);
    promises_a_staple(certificate).then(check)
}

/// Whether a certificate says that its server staples (RFC 7633 §4: the feature status_request).
pub(in crate::verify) fn promises_a_staple(certificate: &CertFacts) -> bool {
    certificate.tls_features().contains(&extension::STATUS_REQUEST)
}

const NO_STAPLE: &str = "the certificate promises a stapled OCSP response (RFC 7633), and none came";

const EXPECTED: &str = "no certificate of the path revoked, by what was given (RFC 5280 §6.3, RFC 6960 §3.2)";

#[cfg(test)]
mod tests;
