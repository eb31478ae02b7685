//! Lists over a chain of root, intermediate and leaf.

mod responses;

use rustls::pki_types::CertificateDer;
use time::{Duration, OffsetDateTime};

use super::super::tests::Model as Shape;
use super::super::tests::{Keys, NOW, Place, criteria, server_request};
use super::*;
use crate::pki::crl::{CrlFacts, RevocationReason};
use crate::pki::der::{self, tag, tlv};
use crate::pki::issue::{Issuer, Plan, Profile, SignatureEdit};
use crate::pki::key::{KeyAlgorithm, PrivateKey};
use crate::pki::oid;
use crate::pki::revoke::{CrlPlan, EntryPlan};
use crate::verify::{Policy, Verdict, judge};

const DAY: Duration = Duration::DAY;

/// A chain below a trusted root, and the keys of its issuers.
struct Lab {
    keys: Keys,
    chain: Vec<CertificateDer<'static>>,
    root: CertificateDer<'static>,
}

type Edit<'a> = &'a dyn Fn(&mut CrlPlan);

impl Lab {
    fn new() -> Self {
        Self::with(&|_| {})
    }

    /// The same with another leaf.
    fn with(edit: &dyn Fn(&mut Plan)) -> Self {
        let keys = Keys::new(KeyAlgorithm::EcP256);
        let (chain, root) = keys.chain(Shape::Intermediate, Place::Leaf, edit);
        Self { keys, chain, root }
    }

    fn leaf(&self) -> CertFacts {
        CertFacts::read(&self.chain[0]).unwrap()
    }

    fn intermediate(&self) -> CertFacts {
        CertFacts::read(&self.chain[1]).unwrap()
    }

    /// The leaf's issuer's list, with one edit.
    fn lower(&self, edit: Edit<'_>) -> CrlFacts {
        let mut plan = plan(&self.chain[1], &self.keys.intermediate);
        edit(&mut plan);
        CrlFacts::read(&plan.sign(&self.keys.intermediate).unwrap()).unwrap()
    }

    /// The root's list, with one edit.
    fn upper(&self, edit: Edit<'_>) -> CrlFacts {
        let mut plan = plan(&self.root, &self.keys.root);
        edit(&mut plan);
        CrlFacts::read(&plan.sign(&self.keys.root).unwrap()).unwrap()
    }

    fn judged(&self, demand: Demand, lists: &[CrlFacts], issuers: &[CertificateDer<'_>]) -> Verdict {
        let [lab, webpki] = [Policy::Lab, Policy::Webpki].map(|policy| {
            let revocation = Revocation::new(demand, lists.to_vec(), issuers).unwrap();
            let criteria = Criteria { revocation, ..criteria(std::slice::from_ref(&self.root), policy) };
            judge(&self.chain, &criteria, NOW)
        });
        assert_eq!(lab.reasons(), webpki.reasons());
        lab
    }

    /// Asserts what is found by these lists.
    #[allow(clippy::needless_pass_by_value, reason = "each is made for it")]
    fn expect(&self, lists: Vec<CrlFacts>, reasons: &[Reason], words: &str) {
        let verdict = self.judged(Demand::Have, &lists, &[]);
        let check = verdict.checks.iter().find(|check| check.kind == CheckKind::Revocation);
        let found = check.map_or("", |check| &check.found);
        assert!(verdict.reasons() == reasons && found.contains(words), "{:?}: {found}", verdict.reasons());
    }
}

fn plan(issuer: &CertificateDer<'_>, key: &PrivateKey) -> CrlPlan {
    CrlPlan::draft(issuer, key, &[5], NOW - DAY, NOW + DAY).unwrap()
}

fn entry(serial: &[u8], reason: RevocationReason) -> EntryPlan {
    EntryPlan::new(serial, NOW - DAY, reason).unwrap()
}

fn at(when: OffsetDateTime) -> crate::pki::issue::Time {
    crate::pki::issue::Time::rfc5280(when).unwrap()
}

const UNKNOWN: &[Reason] = &[Reason::RevocationUnknown];
const REVOKED: &[Reason] = &[Reason::Revoked];

#[test]
fn a_list_that_is_given_counts() {
    let lab = Lab::new();
    let leaf = lab.leaf().serial;
    let middle = lab.intermediate().serial;
    lab.expect(vec![], &[], "");
    lab.expect(vec![lab.lower(&|_| {})], &[], "is not revoked: list 5 of ");
    lab.expect(
        vec![lab.lower(&|list| list.entries.push(entry(&leaf, RevocationReason::KeyCompromise)))],
        REVOKED,
        "is revoked: since 2026-11-22T12:00:00Z (keyCompromise), by list 5 of ",
    );
    lab.expect(
        vec![lab.upper(&|list| list.entries.push(entry(&middle, RevocationReason::CaCompromise)))],
        REVOKED,
        "(cACompromise)",
    );
    // The same serial number, of another issuer.
    lab.expect(
        vec![lab.upper(&|list| list.entries.push(entry(&leaf, RevocationReason::KeyCompromise)))],
        &[],
        "is not revoked",
    );
    assert_eq!(lab.judged(Demand::Have, &[], &[]).exit_status(), 0);
    let revoked = lab.lower(&|list| list.entries.push(entry(&leaf, RevocationReason::Superseded)));
    assert_eq!(lab.judged(Demand::Off, std::slice::from_ref(&revoked), &[]).exit_status(), 0);
    assert_eq!(lab.judged(Demand::Have, &[revoked], &[]).exit_status(), 14);
}

#[test]
fn a_demand_refuses_what_nobody_speaks_of() {
    let lab = Lab::new();
    let (lower, upper) = (lab.lower(&|_| {}), lab.upper(&|_| {}));
    for (lists, reasons) in [
        (vec![], UNKNOWN),
        (vec![lower.clone()], UNKNOWN),
        (vec![upper.clone()], UNKNOWN),
        (vec![upper, lower], &[]),
    ] {
        assert_eq!(lab.judged(Demand::Require, &lists, &[]).reasons(), reasons);
    }
}

#[test]
fn a_list_that_cannot_be_used_leaves_the_status_unknown() {
    let lab = Lab::new();
    let number = tlv(tag::INTEGER, &[5]);
    let removed = entry(&[9], RevocationReason::RemoveFromCrl);
    let mut strange = entry(&[9], RevocationReason::Superseded);
    strange.extensions.push(crate::pki::issue::Extension {
        oid: oid::Oid::dotted("1.2.3.4"),
        critical: true,
        value: vec![5, 0],
    });
    let others: [(Edit<'_>, &str); 12] = [
        (&|list| list.next_update = Some(at(NOW - Duration::HOUR)), "out of date"),
        (&|list| list.next_update = None, "does not say when the next one is due"),
        (&|list| list.this_update = at(NOW + Duration::HOUR), "is issued only"),
        (&|list| list.signature_edit = SignatureEdit::FlipBit(0), "its signature is not its issuer's"),
        (&|list| list.extensions.retain(|e| e.oid != oid::CRL_NUMBER), "it has no number"),
        (&|list| list.set_extension(oid::CRL_NUMBER, true, number.clone()), "its number is critical"),
        (&|list| list.set_extension(oid::Oid::dotted("1.2.3.4"), true, [5, 0]), "unknown critical extension"),
        (&|list| list.entries.push(strange.clone()), "an entry has the unknown critical extension 1.2.3.4"),
        (&|list| list.entries.push(removed.clone()), "which only a delta can say"),
        (&|list| scope(list, &[tlv(0x82, &[0xff])]), "is about other certificates"),
        (&|list| scope(list, &[tlv(0x85, &[0xff])]), "is about other certificates"),
        // keyCompromise alone
        (&|list| scope(list, &[tlv(0x83, &[6, 0x40])]), "does not speak of cACompromise"),
    ];
    for (edit, words) in others {
        lab.expect(vec![lab.lower(edit)], UNKNOWN, words);
    }
    // Its last second counts.
    lab.expect(vec![lab.lower(&|list| list.next_update = Some(at(NOW)))], &[], "is not revoked");
    lab.expect(vec![lab.lower(&|list| scope(list, &[tlv(0x81, &[0xff])]))], &[], "is not revoked");
}

/// Gives a list an issuingDistributionPoint of these fields.
fn scope(list: &mut CrlPlan, fields: &[Vec<u8>]) {
    list.set_extension(oid::ISSUING_DISTRIBUTION_POINT, true, tlv(tag::SEQUENCE, &fields.concat()));
}

#[test]
fn what_is_revoked_stays_revoked_but_for_a_hold() {
    let lab = Lab::new();
    let serial = lab.leaf().serial;
    for (reason, reasons) in
        [(RevocationReason::Superseded, REVOKED), (RevocationReason::CertificateHold, UNKNOWN)]
    {
        let stale = lab.lower(&|list| {
            list.next_update = Some(at(NOW - Duration::HOUR));
            list.entries.push(entry(&serial, reason));
        });
        lab.expect(vec![stale], reasons, "");
    }
    // The newer of two lists counts.
    let older = lab.lower(&|list| list.entries.push(entry(&serial, RevocationReason::CertificateHold)));
    let newer = lab.lower(&|list| list.set_extension(oid::CRL_NUMBER, false, tlv(tag::INTEGER, &[6])));
    lab.expect(vec![older.clone(), newer.clone()], &[], "list 6 of");
    lab.expect(vec![newer, older.clone()], &[], "list 6 of");
    lab.expect(vec![older], REVOKED, "(certificateHold)");
}

#[test]
fn a_list_is_signed_by_who_may() {
    let keys = Keys::new(KeyAlgorithm::EcP256);
    // keyCertSign without cRLSign
    let no_crl_sign = |plan: &mut Plan| plan.set_extension(oid::KEY_USAGE, true, [3, 2, 2, 4]);
    let (chain, root) = keys.chain(Shape::Intermediate, Place::Issuer, &no_crl_sign);
    let lab = Lab { keys, chain, root };
    lab.expect(vec![lab.lower(&|_| {})], UNKNOWN, "cRLSign");
    // Another key's list by the same name.
    let other = Lab::new();
    let lab = Lab::new();
    lab.expect(vec![other.lower(&|_| {})], UNKNOWN, "its signature is not its issuer's");
}

#[test]
fn deltas_add_to_a_complete_list() {
    let lab = Lab::new();
    let serial = lab.leaf().serial;
    let base = |list: &mut CrlPlan, base: u8, own: u8| {
        list.set_extension(oid::DELTA_CRL_INDICATOR, true, tlv(tag::INTEGER, &[base]));
        list.set_extension(oid::CRL_NUMBER, false, tlv(tag::INTEGER, &[own]));
    };
    let held = lab.lower(&|list| list.entries.push(entry(&serial, RevocationReason::CertificateHold)));
    let clean = lab.lower(&|_| {});
    let delta = |from: u8, own: u8, reason: Option<RevocationReason>| {
        lab.lower(&|list| {
            base(list, from, own);
            list.entries.extend(reason.map(|reason| entry(&serial, reason)));
        })
    };
    let removed = Some(RevocationReason::RemoveFromCrl);
    let revoked = Some(RevocationReason::KeyCompromise);
    for (lists, reasons) in [
        (vec![held.clone(), delta(5, 6, removed)], &[][..]),
        (vec![clean.clone(), delta(5, 6, revoked)], REVOKED),
        (vec![clean.clone(), delta(5, 6, None)], &[]),
        (vec![delta(5, 6, None)], UNKNOWN),
        (vec![delta(5, 6, removed)], UNKNOWN),
        (vec![delta(5, 6, revoked)], REVOKED),
        // It adds to a later list than the one at hand.
        (vec![held.clone(), delta(6, 7, removed)], REVOKED),
        // It is older than the list.
        (vec![held, delta(4, 5, removed)], REVOKED),
    ] {
        assert_eq!(lab.judged(Demand::Have, &lists, &[]).reasons(), reasons, "{lists:#?}");
    }
}

#[test]
fn partitions_are_told_by_their_distribution_point() {
    let uri =
        |path: &str| tlv(0xa0, &tlv(0xa0, &tlv(0x86, format!("http://crl.test.org/{path}").as_bytes())));
    let points = |path: &str| der::sequence(&[&der::sequence(&[&uri(path)])]);
    let lab = Lab::with(&|plan| plan.push_extension(oid::CRL_DISTRIBUTION_POINTS, false, points("1.crl")));
    lab.expect(vec![lab.lower(&|list| scope(list, &[uri("1.crl")]))], &[], "is not revoked");
    lab.expect(vec![lab.lower(&|list| scope(list, &[uri("2.crl")]))], UNKNOWN, "is about other certificates");
    lab.expect(vec![lab.lower(&|_| {})], &[], "is not revoked");
    let plain = Lab::new();
    plain.expect(
        vec![plain.lower(&|list| scope(list, &[uri("1.crl")]))],
        UNKNOWN,
        "about other certificates",
    );
}

#[test]
fn an_indirect_list_names_the_issuer_of_its_entries() {
    // Whose list it is: the root, named by the leaf's distribution point.
    let keys = Keys::new(KeyAlgorithm::EcP256);
    let (_, root) = keys.chain(Shape::Intermediate, Place::Leaf, &|_| {});
    let name = CertFacts::read(&root).unwrap().subject_der;
    let issuer = tlv(0xa2, &tlv(0xa4, &name));
    let points = der::sequence(&[&der::sequence(&[&issuer])]);
    let (chain, root) = keys.chain(Shape::Intermediate, Place::Leaf, &|plan| {
        plan.push_extension(oid::CRL_DISTRIBUTION_POINTS, false, points.clone());
    });
    let lab = Lab { keys, chain, root };
    let (leaf, middle) = (lab.leaf(), lab.intermediate());
    let whose = |facts: &CertFacts| {
        let mut entry = entry(&leaf.serial, RevocationReason::KeyCompromise);
        let names = der::sequence(&[&tlv(0xa4, &facts.subject_der)]);
        entry.extensions.push(crate::pki::issue::Extension {
            oid: oid::CERTIFICATE_ISSUER,
            critical: true,
            value: names,
        });
        entry
    };
    let root = CertFacts::read(&lab.root).unwrap();
    let indirect = [tlv(0x84, &[0xff])];
    let list = |entries: &[EntryPlan], fields: &[Vec<u8>]| {
        lab.upper(&|list| {
            scope(list, fields);
            list.entries.extend(entries.iter().cloned());
        })
    };
    lab.expect(vec![list(&[], &indirect)], &[], "is not revoked");
    lab.expect(vec![list(&[whose(&middle)], &indirect)], REVOKED, "");
    lab.expect(vec![list(&[whose(&root)], &indirect)], &[], "");
    // The issuer of an entry holds for those after it.
    let after = entry(&leaf.serial, RevocationReason::Superseded);
    let mut other = whose(&middle);
    other.serial = vec![77];
    lab.expect(vec![list(&[other, after], &indirect)], REVOKED, "(superseded)");
    lab.expect(vec![list(&[whose(&middle)], &[])], UNKNOWN, "the list is not indirect");
}

#[test]
fn an_issuer_of_lists_alone_needs_a_path_of_its_own() {
    let lab = Lab::new();
    let signer = PrivateKey::generate(KeyAlgorithm::EcP256).unwrap();
    // The intermediate's name with a key that only signs lists, certified by the root or by nobody.
    let middle = lab.intermediate();
    let mut request = server_request();
    request.profile = Profile::Ca { path_length: None };
    let certified = |key: &PrivateKey, edit: &dyn Fn(&mut Plan)| {
        let by_root = Issuer::Ca { certificate: &lab.root, key };
        let mut plan = Plan::draft(&request, signer.public_key_info(), &by_root).unwrap();
        plan.subject.clone_from(&middle.subject_der);
        edit(&mut plan);
        plan.sign(key).unwrap()
    };
    let good = certified(&lab.keys.root, &|_| {});
    let list = CrlPlan::draft(&good, &signer, &[5], NOW - DAY, NOW + DAY).unwrap().sign(&signer).unwrap();
    let list = vec![CrlFacts::read(&list).unwrap()];
    let reasons = |issuers: &[CertificateDer<'_>]| lab.judged(Demand::Have, &list, issuers).reasons();
    assert_eq!(reasons(&[]), UNKNOWN);
    assert_eq!(reasons(std::slice::from_ref(&good)), []);
    let forged = certified(&lab.keys.leaf, &|_| {});
    assert_eq!(reasons(&[forged]), UNKNOWN);
    let expired = certified(&lab.keys.root, &|plan| plan.not_after = at(NOW - Duration::HOUR));
    assert_eq!(reasons(&[expired]), UNKNOWN);
}
