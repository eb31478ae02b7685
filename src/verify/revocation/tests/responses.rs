//! OCSP responses over the same chain.

use super::*;
use crate::pki::facts::CertFacts;
use crate::pki::ocsp::{CertId, CertStatus, OcspFacts, ResponseStatus};
use crate::pki::respond::AnswerPlan;
use crate::verify::{Staple, judge_stapled};

const GOOD: CertStatus = CertStatus::Good;

fn revoked(reason: Option<RevocationReason>) -> CertStatus {
    CertStatus::Revoked { at: NOW - DAY, reason }
}

type AnswerEdit<'a> = &'a dyn Fn(&mut AnswerPlan);
type PlanEdit<'a> = &'a dyn Fn(&mut Plan);

impl Lab {
    /// The leaf's issuer says this of the leaf, with one edit.
    fn answer(&self, status: CertStatus, edit: AnswerEdit<'_>) -> Vec<u8> {
        self.answer_by(&self.intermediate(), &self.keys.intermediate, status, edit)
    }

    /// The same by another responder.
    fn answer_by(
        &self,
        responder: &CertFacts,
        key: &PrivateKey,
        status: CertStatus,
        edit: AnswerEdit<'_>,
    ) -> Vec<u8> {
        let mut plan = AnswerPlan::draft(responder, key, NOW - DAY).unwrap();
        let id = CertId::sha1(&self.leaf().serial, &self.intermediate());
        plan.say(id, status, NOW - DAY, NOW + DAY).unwrap();
        edit(&mut plan);
        plan.sign(key).unwrap()
    }

    /// A responder that the leaf's issuer has certified, with one edit to its certificate.
    fn delegate(&self, key: &PrivateKey, edit: PlanEdit<'_>) -> CertFacts {
        let by = Issuer::Ca { certificate: &self.chain[1], key: &self.keys.intermediate };
        let mut plan = Plan::draft(&server_request(), key.public_key_info(), &by).unwrap();
        plan.set_extension(oid::EXTENDED_KEY_USAGE, false, der::sequence(&[&der::oid(oid::OCSP_SIGNING)]));
        edit(&mut plan);
        CertFacts::read(&plan.sign(&self.keys.intermediate).unwrap()).unwrap()
    }

    fn stapled(&self, demand: Demand, lists: &[CrlFacts], staple: Staple<'_>) -> Verdict {
        let revocation = Revocation::new(demand, lists.to_vec(), &[]).unwrap();
        let criteria = Criteria { revocation, ..criteria(std::slice::from_ref(&self.root), Policy::Webpki) };
        judge_stapled(&self.chain, &criteria, NOW, staple)
    }

    /// Asserts what is found by this staple; by the same response as a file too.
    fn expect_of(&self, response: &[u8], reasons: &[Reason], words: &str) {
        let by_staple = self.stapled(Demand::Have, &[], Staple::Sent(response));
        let facts = OcspFacts::read(response).unwrap();
        let revocation = Revocation::default().with_responses(vec![facts]);
        let criteria = Criteria { revocation, ..criteria(std::slice::from_ref(&self.root), Policy::Lab) };
        for verdict in [by_staple, judge(&self.chain, &criteria, NOW)] {
            let check = verdict.checks.iter().find(|check| check.kind == CheckKind::Revocation).unwrap();
            let found = &check.found;
            assert!(
                verdict.reasons() == reasons && found.contains(words),
                "{:?}: {found}",
                verdict.reasons()
            );
        }
    }
}

#[test]
fn a_response_that_is_given_or_stapled_counts() {
    let lab = Lab::new();
    lab.expect_of(&lab.answer(GOOD, &|_| {}), &[], "is not revoked: the ");
    lab.expect_of(&lab.answer(GOOD, &|answer| answer.by_key(&lab.intermediate())), &[], " of key ");
    let stolen = lab.answer(revoked(Some(RevocationReason::KeyCompromise)), &|_| {});
    lab.expect_of(&stolen, REVOKED, "is revoked: since 2026-11-22T12:00:00Z (keyCompromise), by the ");
    lab.expect_of(&lab.answer(CertStatus::Unknown, &|_| {}), UNKNOWN, "does not know the certificate");
    lab.expect_of(&ResponseStatus::TryLater.to_der(), UNKNOWN, "answers nothing: tryLater");
    let off = lab.stapled(Demand::Off, &[], Staple::Sent(&stolen));
    assert!(off.accepted() && off.checks.iter().all(|check| check.kind != CheckKind::Revocation));
    let junk = lab.stapled(Demand::Have, &[], Staple::Sent(b"junk"));
    assert_eq!(junk.reasons(), UNKNOWN);
}

#[test]
fn a_response_that_cannot_be_used_leaves_the_status_unknown() {
    let lab = Lab::new();
    let strange = oid::Oid::dotted("1.2.3.4");
    let other = CertId::sha1(&[9], &lab.intermediate());
    let others = CertId::sha1(&lab.leaf().serial, &CertFacts::read(&lab.root).unwrap());
    let time = |at| crate::pki::issue::Time::generalized(at).unwrap();
    let hour = Duration::HOUR;
    let cases: [(AnswerEdit<'_>, &str); 9] = [
        (&|a| a.statuses[0].next_update = Some(time(NOW - hour)), "is out of date: a newer one was due"),
        (&|a| a.statuses[0].this_update = time(NOW + hour), "holds only"),
        (&|a| a.produced_at = time(NOW + hour), "is made only"),
        (&|a| a.signature_edit = SignatureEdit::FlipBit(0), "its signature is not its responder's"),
        (&|a| a.statuses[0].id = other.clone(), "is about another certificate, serial 09"),
        (&|a| a.statuses[0].id = others.clone(), "is about a certificate of another issuer"),
        (&|a| a.extend(strange, true, [5, 0]), "unknown critical extension 1.2.3.4"),
        (&|a| a.by_key(&lab.leaf()), "neither the issuer nor anybody whom the issuer has authorized"),
        (&|a| a.statuses.clear(), "is about no certificate"),
    ];
    for (edit, words) in cases {
        lab.expect_of(&lab.answer(GOOD, edit), UNKNOWN, words);
    }
    lab.expect_of(&lab.answer(GOOD, &|a| a.extend(strange, false, [5, 0])), &[], "");
    lab.expect_of(&lab.answer(GOOD, &|a| a.echo(&[7; 32])), &[], "");
    // A day, where no end is said; and the last second of what is said.
    lab.expect_of(&lab.answer(GOOD, &|a| a.statuses[0].next_update = None), &[], "");
    let older = lab.answer(GOOD, &|a| {
        a.statuses[0].next_update = None;
        a.statuses[0].this_update = time(NOW - DAY - hour);
    });
    lab.expect_of(&older, UNKNOWN, "out of date");
    lab.expect_of(&lab.answer(GOOD, &|a| a.statuses[0].next_update = Some(time(NOW))), &[], "");
    // What is revoked stays so, but for a hold.
    let stale: AnswerEdit<'_> = &|a| a.statuses[0].next_update = Some(time(NOW - hour));
    lab.expect_of(&lab.answer(revoked(None), stale), REVOKED, "");
    let held = revoked(Some(RevocationReason::CertificateHold));
    lab.expect_of(&lab.answer(held, stale), UNKNOWN, "out of date");
}

#[test]
fn a_responder_is_authorized_by_the_issuer_itself() {
    let lab = Lab::new();
    let key = PrivateKey::generate(KeyAlgorithm::EcP256).unwrap();
    let answer = |delegate: &CertFacts| {
        lab.answer_by(delegate, &key, GOOD, &|answer| answer.certificates.push(delegate.der.clone()))
    };
    lab.expect_of(&answer(&lab.delegate(&key, &|_| {})), &[], "is not revoked");
    let purposes = |purpose| der::sequence(&[&der::oid(purpose)]);
    let cases: [(PlanEdit<'_>, &str); 5] = [
        (
            &|plan| plan.set_extension(oid::EXTENDED_KEY_USAGE, false, purposes(oid::SERVER_AUTH)),
            "is not for signing responses",
        ),
        (
            &|plan| plan.set_extension(oid::EXTENDED_KEY_USAGE, false, purposes(oid::ANY_PURPOSE)),
            "is not for signing responses",
        ),
        (&|plan| plan.not_after = at(NOW - Duration::HOUR), "is not valid now"),
        (&|plan| plan.signature_edit = SignatureEdit::FlipBit(0), "is not signed by the issuer"),
        // keyCertSign alone
        (&|plan| plan.set_extension(oid::KEY_USAGE, true, [3, 2, 2, 4]), "does not allow signing"),
    ];
    for (edit, words) in cases {
        lab.expect_of(&answer(&lab.delegate(&key, edit)), UNKNOWN, words);
    }
    // Without its certificate nobody knows it.
    let delegate = lab.delegate(&key, &|_| {});
    lab.expect_of(&lab.answer_by(&delegate, &key, GOOD, &|_| {}), UNKNOWN, "neither the issuer");
    // Of another chain's CA by the same name.
    let other = Lab::new();
    lab.expect_of(&answer(&other.delegate(&key, &|_| {})), UNKNOWN, "responder's certificate is");
    // The leaf's own key vouches for nothing.
    lab.expect_of(
        &lab.answer_by(&lab.leaf(), &lab.keys.leaf, GOOD, &|a| a.certificates.push(lab.chain[0].clone())),
        UNKNOWN,
        "is not for signing responses",
    );
    // One that its issuer's list has is heard no more, unless it says that it need not be looked up.
    let list = lab.lower(&|list| list.entries.push(entry(&delegate.serial, RevocationReason::KeyCompromise)));
    let response = answer(&delegate);
    let verdict = lab.stapled(Demand::Have, std::slice::from_ref(&list), Staple::Sent(&response));
    assert_eq!(verdict.reasons(), UNKNOWN);
    let no_check = lab.delegate(&key, &|plan| {
        plan.serial.clone_from(&delegate.serial);
        plan.push_extension(oid::OCSP_NO_CHECK, false, [tag::NULL, 0]);
    });
    let verdict = lab.stapled(Demand::Have, &[list], Staple::Sent(&answer(&no_check)));
    assert_eq!(verdict.reasons(), []);
}

#[test]
fn a_staple_and_a_list_speak_together() {
    let lab = Lab::new();
    let leaf = lab.leaf().serial;
    let (good, bad) = (lab.answer(GOOD, &|_| {}), lab.answer(revoked(None), &|_| {}));
    let stranger = lab.answer(GOOD, &|answer| answer.by_key(&lab.leaf()));
    let clean = lab.lower(&|_| {});
    let listed = lab.lower(&|list| list.entries.push(entry(&leaf, RevocationReason::Superseded)));
    let old = lab.lower(&|list| list.next_update = Some(at(NOW - Duration::HOUR)));
    let upper = lab.upper(&|_| {});
    for (demand, lists, staple, reasons) in [
        (Demand::Have, vec![&clean], &good, &[][..]),
        (Demand::Have, vec![&clean], &bad, REVOKED),
        (Demand::Have, vec![&listed], &good, REVOKED),
        (Demand::Have, vec![&old], &good, &[]),
        // RFC 6066 §8: a staple that is no good is refused, whatever the list says.
        (Demand::Have, vec![&clean], &stranger, UNKNOWN),
        (Demand::Require, vec![], &good, UNKNOWN),
        (Demand::Require, vec![&upper], &good, &[]),
    ] {
        let lists: Vec<_> = lists.into_iter().cloned().collect();
        assert_eq!(lab.stapled(demand, &lists, Staple::Sent(staple)).reasons(), reasons);
    }
}

#[test]
fn a_staple_that_is_promised_must_come() {
    let lab = Lab::with(&|plan| plan.push_extension(oid::TLS_FEATURE, false, [0x30, 3, 2, 1, 5]));
    let good = lab.answer(GOOD, &|_| {});
    for (demand, staple, reasons) in [
        (Demand::Have, Staple::None, UNKNOWN),
        (Demand::Have, Staple::Sent(good.as_slice()), &[][..]),
        (Demand::Have, Staple::NotAsked, &[]),
        (Demand::Off, Staple::None, &[]),
    ] {
        assert_eq!(lab.stapled(demand, &[], staple).reasons(), reasons);
    }
    // A list does not stand in for it.
    let lists = [lab.lower(&|_| {}), lab.upper(&|_| {})];
    assert_eq!(lab.stapled(Demand::Have, &lists, Staple::None).reasons(), UNKNOWN);
    // Another feature is none of it.
    let other = Lab::with(&|plan| plan.push_extension(oid::TLS_FEATURE, false, [0x30, 3, 2, 1, 17]));
    assert!(other.stapled(Demand::Have, &[], Staple::None).accepted());
}

#[test]
fn a_response_costs_a_bounded_number_of_signatures() {
    let lab = Lab::new();
    let key = PrivateKey::generate(KeyAlgorithm::EcP256).unwrap();
    // Each a responder's certificate whose signature is looked at, and the last one the right one.
    let wrong = lab.delegate(&key, &|plan| plan.signature_edit = SignatureEdit::FlipBit(0));
    let right = lab.delegate(&key, &|_| {});
    let response = lab.answer_by(&right, &key, GOOD, &|answer| {
        answer.certificates = vec![wrong.der.clone(); 1_000];
        answer.certificates.push(right.der.clone());
    });
    assert_eq!(lab.stapled(Demand::Have, &[], Staple::Sent(&response)).reasons(), UNKNOWN);
}
