//! What revocation lists say of a certificate (RFC 5280 §6.3.3).

use std::collections::{HashMap, HashSet};

use super::super::criteria::{Rules, TrustSet};
use super::super::form;
use super::super::issuer;
use super::super::path::{self, Budget, Path};
use super::super::signature::{self, Signed};
use super::known::{Known, Status};
use crate::pki::crl::{
    CrlEntry, CrlFacts, DistributionPoint, IssuingDistributionPoint, PointName, ReasonFlags,
    RevocationReason, distribution_points, same_number,
};
use crate::pki::der::{self, tag};
use crate::pki::facts::{CertFacts, Extension, GeneralName};
use crate::pki::oid::{self, Oid};
use crate::pki::subject::Subject;
use crate::words;

/// The lists that were given, as far as they have been looked at.
pub(super) struct Lists<'a, 'b> {
    lists: Vec<List<'a>>,
    known: &'a Known,
    trusted: &'a TrustSet,
    chain: &'b [&'b CertFacts],
    rules: Rules,
    budget: &'b mut Budget,
    /// What is wrong with each list, once it was asked for.
    faults: HashMap<usize, Option<Fault>>,
}

/// A list and its issuer's name, as names are compared.
struct List<'a> {
    facts: &'a CrlFacts,
    issuer: Vec<u8>,
}

/// Why a list says nothing, or less than it might.
#[derive(Clone, Debug)]
enum Fault {
    /// It is not to be used (§5.2, §5.3), or nobody knows whose it is.
    Unusable(String),
    /// Its time is over: what it does not list may be revoked by now.
    Stale(String),
}

impl Fault {
    fn words(&self) -> &str {
        match self {
            Self::Unusable(words) | Self::Stale(words) => words,
        }
    }
}

impl<'a, 'b> Lists<'a, 'b> {
    pub(super) fn new(
        known: &'a Known,
        trusted: &'a TrustSet,
        chain: &'b [&'b CertFacts],
        rules: Rules,
        budget: &'b mut Budget,
    ) -> Self {
        let lists = known.lists.iter().map(|facts| List { facts, issuer: facts.issuer.prepared() }).collect();
        Self { lists, known, trusted, chain, rules, budget, faults: HashMap::new() }
    }

    /// What the lists say of `certificate`, which `issuer` issued.
    pub(super) fn status(&mut self, certificate: &CertFacts, issuer: &CertFacts) -> Status {
        let asked = Asked::new(certificate);
        // §6.3.3 (a, b): which lists are about it, and for which reasons.
        let about: Vec<(usize, ReasonFlags)> = (0..self.lists.len())
            .filter_map(|index| Some((index, asked.scope(&self.lists[index])?)))
            .collect();
        if about.is_empty() {
            return Status::Unasked;
        }
        let mut complaints = Vec::new();
        let (mut usable, mut covered, mut by_whom) = (Vec::new(), ReasonFlags(0), Vec::new());
        for (index, reasons) in about {
            let facts = self.lists[index].facts;
            if reasons == ReasonFlags(0) {
                complaints.push(format!("{} is about other certificates", titled(facts)));
                continue;
            }
            match self.fault(index, issuer) {
                Some(fault @ Fault::Unusable(_)) => {
                    complaints.push(format!("{}: {}", titled(facts), fault.words()));
                }
                fault => usable.push((facts, reasons, fault)),
            }
        }
        for (facts, reasons, fault) in usable.iter().filter(|(facts, ..)| is_current(facts, &usable)) {
            let entry = if facts.delta_base.is_none() {
                amended(facts, &usable, &asked)
            } else {
                asked.entry(facts).filter(|entry| entry.reason != Some(RevocationReason::RemoveFromCrl))
            };
            match (entry, fault) {
                (Some(entry), None) => return Status::Revoked(revoked_words(entry, facts)),
                (Some(entry), Some(_)) if entry.reason != Some(RevocationReason::CertificateHold) => {
                    return Status::Revoked(revoked_words(entry, facts));
                }
                (_, Some(fault)) => complaints.push(format!("{}: {}", titled(facts), fault.words())),
                // §5.2.4: a delta says nothing of what it does not list.
                (None, None) if facts.delta_base.is_some() => {
                    complaints
                        .push(format!("{} is a delta, and its complete list is not here", titled(facts)));
                }
                (None, None) => {
                    covered.0 |= reasons.0;
                    by_whom.push(titled(facts));
                }
            }
        }
        // §6.3.3: done when every reason is spoken for.
        if covered.0 & ReasonFlags::ALL.0 == ReasonFlags::ALL.0 {
            return Status::Good(by_whom.join(", "));
        }
        if !by_whom.is_empty() {
            let open = ReasonFlags(ReasonFlags::ALL.0 & !covered.0).names().collect::<Vec<_>>().join(", ");
            complaints.push(format!("{} does not speak of {open}", by_whom.join(", ")));
        }
        Status::Unknown(complaints.join("; "))
    }

    /// What is wrong with a list, asked once. `issuer` is the issuer of a certificate that it is about.
    fn fault(&mut self, index: usize, issuer: &CertFacts) -> Option<Fault> {
        if let Some(known) = self.faults.get(&index) {
            return known.clone();
        }
        let facts = self.lists[index].facts;
        let fault = malformation(facts)
            .map(Fault::Unusable)
            .or_else(|| self.not_signed(index, issuer).map(Fault::Unusable))
            .or_else(|| self.untimely(facts));
        self.faults.insert(index, fault.clone());
        fault
    }

    /// §6.3.3 (a): it has been issued, and the next is not yet due.
    fn untimely(&self, facts: &CrlFacts) -> Option<Fault> {
        let at = self.rules.at;
        if facts.this_update > at {
            let words = format!("it is issued only {}", words::since(facts.this_update, at));
            return Some(Fault::Unusable(words));
        }
        match facts.next_update {
            // §5.1.2.5
            None => Some(Fault::Unusable("it does not say when the next one is due".to_owned())),
            Some(next) if next < at => {
                Some(Fault::Stale(format!("it is out of date: the next was due {}", words::since(next, at))))
            }
            Some(_) => None,
        }
    }

    /// §6.3.3 (f, g): nobody who may has signed it.
    fn not_signed(&mut self, index: usize, issuer: &CertFacts) -> Option<String> {
        let List { facts, issuer: name } = &self.lists[index];
        let facts = *facts;
        let on_path = std::iter::once(issuer).chain(self.chain.iter().copied());
        let trusted = on_path.chain(self.trusted.anchors());
        let candidates = trusted.map(|signer| (signer, true));
        let others = self.known.issuers.iter().map(|signer| (signer, false));
        let mut seen = HashSet::new();
        let mut candidates: Vec<(CertFacts, bool)> = candidates
            .chain(others)
            .filter(|(signer, _)| seen.insert(signer.der.as_ref()) && signer.subject.prepared() == *name)
            .map(|(signer, is_known)| (signer.clone(), is_known))
            .collect();
        candidates.sort_by_key(|(signer, _)| match (facts.authority_key_id(), signer.subject_key_id()) {
            (Some(wanted), Some(has)) => wanted != has,
            _ => false,
        });
        let mut fault = None;
        for (signer, is_known) in &candidates {
            match self.not_signed_by(facts, signer, *is_known) {
                None => return None,
                Some(words) => fault = fault.or(Some(words)),
            }
        }
        Some(fault.unwrap_or_else(|| "the certificate of its issuer is not here".to_owned()))
    }

    /// Why `signer` has not signed the list, or may not.
    fn not_signed_by(&mut self, facts: &CrlFacts, signer: &CertFacts, is_known: bool) -> Option<String> {
        // §6.3.3 (f)
        if signer.key_usage().is_some_and(|usage| !usage.crl_sign()) {
            return Some("its issuer's key usage does not allow signing lists (cRLSign)".to_owned());
        }
        if !self.budget.pays_for_a_signature() {
            return Some("too many signatures to verify".to_owned());
        }
        match signature::list(facts, &signer.public_key) {
            Signed::Valid => {}
            Signed::Invalid => return Some("its signature is not its issuer's".to_owned()),
            Signed::TooWeak(weakness) => return Some(format!("{} proves nothing", weakness.words)),
            Signed::Unsupported(words) => return Some(format!("its signature cannot be checked: {words}")),
        }
        if is_known { None } else { self.not_certified(signer) }
    }

    /// Why the issuer of a list, who is not of the path, cannot be trusted to issue it.
    fn not_certified(&mut self, signer: &CertFacts) -> Option<String> {
        let stranger = || Some("its issuer is not trusted".to_owned());
        if self.rules.at < signer.not_before || self.rules.at > signer.not_after {
            return Some("the certificate of its issuer is not valid now".to_owned());
        }
        if !form::unknown_critical(signer).is_empty() || !form::malformations(signer).is_empty() {
            return stranger();
        }
        let intermediates: Vec<CertFacts> = self.chain.iter().skip(1).map(|c| (*c).clone()).collect();
        match path::find(signer, &intermediates, self.trusted, self.rules, self.budget) {
            Path::Pinned => None,
            Path::Chain { faults, .. } if faults.is_empty() => None,
            _ => stranger(),
        }
    }
}

/// What keeps a list from being used, whoever asks (§5).
fn malformation(facts: &CrlFacts) -> Option<String> {
    const PROCESSED: [Oid; 4] = [
        oid::AUTHORITY_KEY_IDENTIFIER,
        oid::CRL_NUMBER,
        oid::DELTA_CRL_INDICATOR,
        oid::ISSUING_DISTRIBUTION_POINT,
    ];
    if !facts.signature_algorithms_agree {
        return Some("its two signature algorithm fields differ".to_owned());
    }
    let mut seen = HashSet::new();
    for extension in &facts.extensions {
        let oid = extension.oid;
        if !seen.insert(oid) {
            return Some(format!("extension {oid} appears twice"));
        }
        if let Extension::Malformed(why) = &extension.decoded {
            return Some(format!("extension {oid} cannot be read: {why}"));
        }
        // §5.2
        if extension.critical && !PROCESSED.contains(&oid) {
            return Some(format!("unknown critical extension {oid}"));
        }
    }
    // §5.2.3: in every list, and not critical.
    match facts.extension(oid::CRL_NUMBER) {
        None => return Some("it has no number (RFC 5280 §5.2.3)".to_owned()),
        Some(number) if number.critical => {
            return Some("its number is critical, which RFC 5280 §5.2.3 forbids".to_owned());
        }
        Some(_) => {}
    }
    // §5.2.5: at most one of these.
    if let Some(IssuingDistributionPoint { only_user, only_ca, only_attribute, .. }) = facts.scope
        && usize::from(only_user) + usize::from(only_ca) + usize::from(only_attribute) > 1
    {
        return Some("it says that it holds only one kind of certificate, and only another".to_owned());
    }
    facts.entries.iter().find_map(|entry| entry_malformation(facts, entry))
}

fn entry_malformation(facts: &CrlFacts, entry: &CrlEntry) -> Option<String> {
    // §5.3
    if let Some(oid) = entry.unknown_critical.first() {
        return Some(format!("an entry has the unknown critical extension {oid}"));
    }
    // §5.3.3
    if entry.certificate_issuer.is_some() && !facts.is_indirect() {
        return Some("an entry is another issuer's, and the list is not indirect".to_owned());
    }
    // §5.3.1
    (entry.reason == Some(RevocationReason::RemoveFromCrl) && facts.delta_base.is_none())
        .then(|| "an entry is removed from it, which only a delta can say".to_owned())
}

/// Whether no other of `all` is newer and about the same.
fn is_current<T, U>(facts: &CrlFacts, all: &[(&CrlFacts, T, U)]) -> bool {
    let newer = |other: &CrlFacts| {
        let (own, others) = (number(facts), number(other));
        (others, other.this_update) > (own, facts.this_update)
    };
    !all.iter().any(|(other, ..)| {
        other.delta_base.is_none() == facts.delta_base.is_none()
            && is_of_the_same(facts, other)
            && newer(other)
    })
}

/// §5.2.4 (a, b): same issuer, same scope.
fn is_of_the_same(one: &CrlFacts, other: &CrlFacts) -> bool {
    one.issuer.prepared() == other.issuer.prepared()
        && one.scope == other.scope
        && one.authority_key_id() == other.authority_key_id()
}

/// A list's number, as it is compared: how many bytes, then those.
fn number(facts: &CrlFacts) -> (usize, &[u8]) {
    comparable(facts.number.as_deref().unwrap_or_default())
}

fn comparable(number: &[u8]) -> (usize, &[u8]) {
    let digits = &number[number.iter().take_while(|byte| **byte == 0).count()..];
    (digits.len(), digits)
}

/// What the complete list `base`, with the newest delta that it takes, says of a certificate.
fn amended<'a, T>(
    base: &'a CrlFacts,
    all: &[(&'a CrlFacts, T, Option<Fault>)],
    asked: &Asked<'_>,
) -> Option<&'a CrlEntry> {
    // §5.2.4 (c, d): the base is no older than the delta asks for, and older than the delta.
    let takes = |delta: &CrlFacts| {
        let asked_for = delta.delta_base.as_deref().map(comparable);
        asked_for.is_some_and(|least| number(base) >= least) && number(base) < number(delta)
    };
    let deltas = all.iter().filter(|(delta, _, fault)| {
        fault.is_none() && delta.delta_base.is_some() && is_of_the_same(base, delta) && takes(delta)
    });
    let newest = deltas.map(|(delta, ..)| *delta).max_by_key(|delta| number(delta));
    match newest.and_then(|delta| asked.entry(delta)) {
        Some(entry) if entry.reason == Some(RevocationReason::RemoveFromCrl) => None,
        Some(entry) => Some(entry),
        None => asked.entry(base),
    }
}

/// A certificate whose status is wanted.
struct Asked<'a> {
    certificate: &'a CertFacts,
    issuer: Vec<u8>,
    points: Vec<DistributionPoint>,
}

impl<'a> Asked<'a> {
    fn new(certificate: &'a CertFacts) -> Self {
        let named = certificate.extension(oid::CRL_DISTRIBUTION_POINTS);
        // Points that cannot be read name no list; the certificate is refused for its form.
        let mut points =
            named.and_then(|extension| distribution_points(&extension.value).ok()).unwrap_or_default();
        // §6.3.3, at its end: lists of the certificate's issuer that no distribution point names.
        let issuer = GeneralName::Directory(certificate.issuer_der.clone());
        points.push(DistributionPoint {
            name: Some(PointName::Full(vec![issuer])),
            reasons: None,
            crl_issuer: Vec::new(),
        });
        Self { certificate, issuer: certificate.issuer.prepared(), points }
    }

    /// The reasons for which `list` speaks of the certificate: none where it is the issuer's own and is about others;
    /// `None` where it is somebody else's.
    fn scope(&self, list: &List<'_>) -> Option<ReasonFlags> {
        let reasons = self
            .points
            .iter()
            .filter(|point| self.is_issued_for(point, list) && self.is_point_of(point, list.facts))
            .map(|point| point.reasons.unwrap_or(ReasonFlags::ALL).0)
            .fold(0, |all, reasons| all | reasons);
        let scope = list.facts.scope.as_ref();
        // §6.3.3 (b) (2) (ii) to (iv)
        let is_ca = self.certificate.is_ca() == Some(true);
        let kind_fits = scope.is_none_or(|scope| {
            let excluded = if is_ca { scope.only_user } else { scope.only_ca };
            !excluded && !scope.only_attribute
        });
        if reasons != 0 && kind_fits {
            // §6.3.3 (d)
            let spoken = scope.and_then(|scope| scope.only_reasons).unwrap_or(ReasonFlags::ALL);
            return Some(ReasonFlags(reasons & spoken.0));
        }
        (reasons != 0 || list.issuer == self.issuer).then_some(ReasonFlags(0))
    }

    /// §6.3.3 (b) (1): the list's issuer is the one that the point names, or the certificate's.
    fn is_issued_for(&self, point: &DistributionPoint, list: &List<'_>) -> bool {
        if point.crl_issuer.is_empty() {
            return list.issuer == self.issuer;
        }
        list.facts.is_indirect()
            && point.crl_issuer.iter().any(|name| prepared(name).as_ref() == Some(&list.issuer))
    }

    /// §6.3.3 (b) (2) (i): where the list names its distribution point, it is this one.
    fn is_point_of(&self, point: &DistributionPoint, facts: &CrlFacts) -> bool {
        let Some(name) = facts.scope.as_ref().and_then(|scope| scope.name.as_ref()) else { return true };
        let theirs = full_names(name, &facts.issuer_der);
        let ours = match &point.name {
            Some(name) => full_names(name, &self.certificate.issuer_der),
            None => point.crl_issuer.clone(),
        };
        theirs.iter().any(|theirs| ours.iter().any(|ours| is_same_name(ours, theirs)))
    }

    /// The certificate's entry in a list, the last where it has several.
    fn entry<'c>(&self, facts: &'c CrlFacts) -> Option<&'c CrlEntry> {
        // §5.3.3: an entry's issuer holds for those after it.
        let mut is_ours = facts.issuer.prepared() == self.issuer;
        let mut found = None;
        for entry in &facts.entries {
            if let Some(names) = &entry.certificate_issuer {
                is_ours = names.iter().any(|name| prepared(name).as_ref() == Some(&self.issuer));
            }
            if is_ours && same_number(&entry.serial, &self.certificate.serial) {
                found = Some(entry);
            }
        }
        found
    }
}

/// A directory name, as names are compared.
fn prepared(name: &GeneralName) -> Option<Vec<u8>> {
    match name {
        GeneralName::Directory(der) => Subject::from_der(der).ok().map(|name| name.prepared()),
        _ => None,
    }
}

fn is_same_name(one: &GeneralName, other: &GeneralName) -> bool {
    one == other || prepared(one).is_some_and(|one| Some(one) == prepared(other))
}

/// §4.2.1.13: a relative name is one more below its CRL's issuer.
fn full_names(name: &PointName, issuer_der: &[u8]) -> Vec<GeneralName> {
    match name {
        PointName::Full(names) => names.clone(),
        PointName::Relative(attributes) => {
            let above = der::only(issuer_der, tag::SEQUENCE).map(|name| name.content).unwrap_or_default();
            let full = der::sequence(&[above, &der::tlv(tag::SET, attributes)]);
            vec![GeneralName::Directory(full)]
        }
    }
}

/// A list in a few words: `list 5 of /CN=Test Root CA`.
fn titled(facts: &CrlFacts) -> String {
    let kind = if facts.delta_base.is_some() { "delta" } else { "list" };
    let number =
        facts.number_words().map_or_else(String::new, |number| format!(" {}", words::shortened(number)));
    format!("{kind}{number} of {}", issuer::named(&facts.issuer))
}

fn revoked_words(entry: &CrlEntry, facts: &CrlFacts) -> String {
    let reason = entry.reason.map_or_else(String::new, |reason| format!(" ({reason})"));
    format!("since {}{reason}, by {}", words::instant(entry.revoked_at), titled(facts))
}
