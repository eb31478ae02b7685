//! What OCSP responses say of a certificate (RFC 6960 §3.2).

use std::collections::HashSet;

use time::{Duration, OffsetDateTime};

use super::super::criteria::{Rules, TrustSet};
use super::super::form;
use super::super::issuer;
use super::super::path::Budget;
use super::super::signature::{self, Signed};
use super::known::{Known, Status};
use super::lists::Lists;
use crate::pki::crl::RevocationReason;
use crate::pki::facts::{CertFacts, Extension, ExtensionFacts};
use crate::pki::ocsp::{Answer, CertStatus, OcspFacts, SingleStatus};
use crate::pki::oid::{self, Oid};
use crate::words;

/// How long an answer counts that does not say when there will be a newer one. RFC 6960 §2.4: there always is. A day, as
/// Mozilla has it.
const WITHOUT_NEXT_UPDATE: Duration = Duration::DAY;

/// The most certificates of one response that are looked at for its responder's.
const CERTIFICATES: usize = 8;

/// Judges responses along one path.
pub(super) struct Responses<'a, 'b> {
    pub(super) known: &'a Known,
    pub(super) trusted: &'a TrustSet,
    pub(super) chain: &'b [&'b CertFacts],
    pub(super) rules: Rules,
    pub(super) budget: &'b mut Budget,
}

impl Responses<'_, '_> {
    /// What the responses that were given say of `certificate`, which `issuer` issued.
    pub(super) fn status(&mut self, certificate: &CertFacts, issuer: &CertFacts, is_leaf: bool) -> Status {
        let mut complaints = Vec::new();
        let mut good = None;
        for response in &self.known.responses {
            if !is_about(response, certificate, issuer) {
                // One that is about nobody here is told of the leaf: somebody gave it to be heeded.
                if is_leaf && !self.is_about_the_chain(response) {
                    complaints.push(format!("the response {}", self.not_about(response)));
                }
                continue;
            }
            match self.said(response, "the response", certificate, issuer) {
                Status::Revoked(words) => return Status::Revoked(words),
                Status::Good(words) => good = Some(words),
                Status::Unknown(words) => complaints.push(words),
                Status::Unasked => {}
            }
        }
        match (good, complaints.is_empty()) {
            (Some(words), _) => Status::Good(words),
            (None, true) => Status::Unasked,
            (None, false) => Status::Unknown(complaints.join("; ")),
        }
    }

    /// What the server's staple (RFC 6066 §8) says of its certificate.
    pub(super) fn staple(&mut self, staple: &[u8], certificate: &CertFacts, issuer: &CertFacts) -> Status {
        match OcspFacts::read(staple) {
            Err(fault) => Status::Unknown(format!("the staple is no OCSP response: {}", fault.0)),
            Ok(response) if !is_about(&response, certificate, issuer) => {
                Status::Unknown(format!("the staple {}", self.not_about(&response)))
            }
            Ok(response) => self.said(&response, "the staple", certificate, issuer),
        }
    }

    fn not_about(&self, response: &OcspFacts) -> String {
        match &response.answer {
            None => format!("answers nothing: {}", response.status),
            Some(answer) if answer.statuses.is_empty() => "is about no certificate".to_owned(),
            Some(answer) => {
                let serial = answer.statuses.first().map(|status| words::hex(&status.id.serial));
                let serial = words::shortened(serial.unwrap_or_default());
                let ours = self.chain.first().map(|leaf| words::hex(&leaf.serial)).unwrap_or_default();
                if serial == ours {
                    "is about a certificate of another issuer".to_owned()
                } else {
                    format!("is about another certificate, serial {serial}")
                }
            }
        }
    }

    fn is_about_the_chain(&self, response: &OcspFacts) -> bool {
        let pairs = self.chain.iter().zip(self.chain.iter().skip(1));
        let own = self.chain.first().map(|leaf| (leaf, leaf)).filter(|_| self.chain.len() == 1);
        pairs.chain(own).any(|(certificate, issuer)| is_about(response, certificate, issuer))
    }

    /// What one response says that is about `certificate`.
    fn said(
        &mut self,
        response: &OcspFacts,
        what: &str,
        certificate: &CertFacts,
        issuer: &CertFacts,
    ) -> Status {
        let Some(answer) = &response.answer else {
            return Status::Unknown(format!("{what} answers nothing: {}", response.status));
        };
        if let Some(fault) = malformation(answer).or_else(|| self.not_signed(answer, issuer)) {
            return Status::Unknown(format!("{what}: {fault}"));
        }
        let at = self.rules.at;
        if answer.produced_at > at {
            return Status::Unknown(format!("{what} is made only {}", words::since(answer.produced_at, at)));
        }
        let by = format!("{what} of {}", words::shortened(answer.responder.to_string()));
        let about = answer.statuses.iter().filter(|single| single.id.is_of(certificate, issuer));
        let found: Vec<Status> = about.map(|single| one(single, at, &by)).collect();
        let rank = |status: &Status| match status {
            Status::Revoked(_) => 0,
            Status::Good(_) => 1,
            Status::Unknown(_) => 2,
            Status::Unasked => 3,
        };
        found.into_iter().min_by_key(rank).unwrap_or(Status::Unasked)
    }

    /// Nobody who may has signed it (§4.2.2.2): the issuer itself, or whom it has authorized.
    fn not_signed(&mut self, answer: &Answer, issuer: &CertFacts) -> Option<String> {
        if answer.responder.is(issuer) {
            return self.not_signed_by(answer, issuer);
        }
        let delegates = answer.certificates.iter().take(CERTIFICATES);
        let delegates = delegates.filter_map(|der| CertFacts::read(der).ok());
        let mut fault = None;
        for delegate in delegates.filter(|delegate| answer.responder.is(delegate)) {
            let found =
                self.not_authorized(&delegate, issuer).or_else(|| self.not_signed_by(answer, &delegate));
            match found {
                None => return None,
                Some(words) => fault = fault.or(Some(words)),
            }
        }
        let stranger = "its responder is neither the issuer nor anybody whom the issuer has authorized";
        Some(fault.unwrap_or_else(|| stranger.to_owned()))
    }

    fn not_signed_by(&mut self, answer: &Answer, signer: &CertFacts) -> Option<String> {
        if !self.budget.pays_for_a_signature() {
            return Some("too many signatures to verify".to_owned());
        }
        match signature::answer(answer, &signer.public_key) {
            Signed::Valid => None,
            Signed::Invalid => Some("its signature is not its responder's".to_owned()),
            Signed::TooWeak(weakness) => Some(format!("{} proves nothing", weakness.words)),
            Signed::Unsupported(words) => Some(format!("its signature cannot be checked: {words}")),
        }
    }

    /// §4.2.2.2: issued by the issuer itself, for signing responses, and valid as any certificate must be.
    fn not_authorized(&mut self, delegate: &CertFacts, issuer: &CertFacts) -> Option<String> {
        let at = self.rules.at;
        let purposes = delegate.extended_key_usage();
        if !purposes.is_some_and(|purposes| purposes.contains(&oid::OCSP_SIGNING)) {
            return Some("its responder's certificate is not for signing responses (OCSPSigning)".to_owned());
        }
        if delegate.key_usage().is_some_and(|usage| !usage.digital_signature()) {
            return Some("its responder's key usage does not allow signing (digitalSignature)".to_owned());
        }
        if at < delegate.not_before || at > delegate.not_after {
            return Some("its responder's certificate is not valid now".to_owned());
        }
        if !form::unknown_critical(delegate).is_empty() || !form::malformations(delegate).is_empty() {
            return Some("its responder's certificate breaks RFC 5280".to_owned());
        }
        if delegate.issuer.prepared() != issuer.subject.prepared()
            || !issuer::key_identifiers_agree(delegate, issuer)
        {
            return Some("its responder's certificate is issued by somebody else".to_owned());
        }
        if !self.budget.pays_for_a_signature() {
            return Some("too many signatures to verify".to_owned());
        }
        if signature::certificate(delegate, &issuer.public_key) != Signed::Valid {
            return Some("its responder's certificate is not signed by the issuer".to_owned());
        }
        // §4.2.2.2.1: with no-check it is trusted as long as it lives.
        if delegate.extension(oid::OCSP_NO_CHECK).is_some() {
            return None;
        }
        let mut lists = Lists::new(self.known, self.trusted, self.chain, self.rules, self.budget);
        match lists.status(delegate, issuer) {
            Status::Revoked(words) => Some(format!("its responder's certificate is revoked: {words}")),
            Status::Good(_) | Status::Unknown(_) | Status::Unasked => None,
        }
    }
}

/// Whether a response says anything of `certificate`.
fn is_about(response: &OcspFacts, certificate: &CertFacts, issuer: &CertFacts) -> bool {
    let mut statuses = response.answer.iter().flat_map(|answer| &answer.statuses);
    statuses.any(|single| single.id.is_of(certificate, issuer))
}

/// What keeps an answer from being used, whoever asks.
fn malformation(answer: &Answer) -> Option<String> {
    // §4.4.8: what says how the responder takes certificates that were never issued.
    const OF_THE_ANSWER: &[Oid] = &[oid::OCSP_NONCE, oid::OCSP_EXTENDED_REVOKE];
    const OF_A_STATUS: &[Oid] = &[oid::OCSP_CRL_REFERENCE, oid::OCSP_ARCHIVE_CUTOFF];
    let statuses = answer.statuses.iter().find_map(|single| extended(&single.extensions, OF_A_STATUS));
    extended(&answer.extensions, OF_THE_ANSWER).or(statuses)
}

/// What is wrong with extensions.
fn extended(extensions: &[ExtensionFacts], processed: &[Oid]) -> Option<String> {
    let mut seen = HashSet::new();
    extensions.iter().find_map(|extension| {
        let oid = extension.oid;
        if !seen.insert(oid) {
            return Some(format!("extension {oid} appears twice"));
        }
        if let Extension::Malformed(why) = &extension.decoded {
            return Some(format!("extension {oid} cannot be read: {why}"));
        }
        (extension.critical && !processed.contains(&oid)).then(|| format!("unknown critical extension {oid}"))
    })
}

/// What one answer says, at the instant `at`.
fn one(single: &SingleStatus, at: OffsetDateTime, by: &str) -> Status {
    // §4.2.2.1
    if single.this_update > at {
        return Status::Unknown(format!("{by} holds only {}", words::since(single.this_update, at)));
    }
    // A year that cannot be said is after every other.
    let end = single.next_update.or_else(|| single.this_update.checked_add(WITHOUT_NEXT_UPDATE));
    let stale = end.filter(|end| *end < at);
    // What was revoked stays so, but for a hold.
    if let CertStatus::Revoked { at: since, reason } = single.status
        && (stale.is_none() || reason != Some(RevocationReason::CertificateHold))
    {
        let reason = reason.map_or_else(String::new, |reason| format!(" ({reason})"));
        return Status::Revoked(format!("since {}{reason}, by {by}", words::instant(since)));
    }
    if let Some(end) = stale {
        return Status::Unknown(format!(
            "{by} is out of date: a newer one was due {}",
            words::since(end, at)
        ));
    }
    match single.status {
        CertStatus::Good => Status::Good(by.to_owned()),
        _ => Status::Unknown(format!("{by} does not know the certificate")),
    }
}
