//! Hostile chains: answered within a budget that is counted, in few words, without a panic.

use std::sync::OnceLock;

use proptest::prelude::*;

use super::super::criteria::Rules;
use super::super::path::{self, Budget, Path};
use super::super::presented::considered;
use super::super::verdict::Reason;
use super::*;
use crate::pki::der::{sequence, tlv};
use crate::pki::facts::CertFacts;
use crate::pki::oid::{CERTIFICATE_POLICIES, KEY_USAGE, NAME_CONSTRAINTS, Oid, SUBJECT_ALT_NAME};

const NOBODYS: Oid = Oid::dotted("2.25.987654321");

/// More than any report should say.
const FEW_WORDS: usize = 40_000;

fn length(verdict: &Verdict) -> usize {
    verdict.checks.iter().map(|check| check.expected.len() + check.found.len()).sum()
}

/// A CA's certificate of a key that many share; `serial` tells them apart.
fn authority(key: &PrivateKey, subject: &str, issuer: &str, serial: u8) -> CertificateDer<'static> {
    let mut plan =
        Plan::draft(&ca_request(subject), key.public_key_info(), &Issuer::SelfSigned(key)).unwrap();
    plan.issuer = ca_request(issuer).subject.to_der();
    plan.serial = vec![1, serial];
    plan.sign(key).unwrap()
}

fn leaf_by(key: &PrivateKey, issuer: &str) -> CertificateDer<'static> {
    let authority = authority(key, issuer, issuer, 0);
    let issuer = Issuer::Ca { certificate: &authority, key };
    Plan::draft(&server_request(), key.public_key_info(), &issuer).unwrap().sign(key).unwrap()
}

/// What a search over the chain costs, and what it finds.
fn search(chain: &[CertificateDer<'_>], trusted: &CertificateDer<'_>) -> (Budget, bool) {
    let facts: Vec<CertFacts> =
        considered(chain).chain.iter().map(|der| CertFacts::read(der).unwrap()).collect();
    let trusted = TrustSet::new([trusted]).unwrap();
    let rules = Rules { at: NOW, policy: Policy::Lab, usage: Usage::Server };
    let mut left = Budget::FULL;
    let found = path::find(&facts[0], &facts[1..], &trusted, rules, &mut left);
    let spent = Budget {
        signatures: Budget::FULL.signatures - left.signatures,
        comparisons: Budget::FULL.comparisons - left.comparisons,
    };
    (spent, matches!(found, Path::Chain { .. } | Path::Pinned))
}

/// Ten levels of CAs, ten certificates each, every one of them good for the next level: 10^10 paths to nowhere.
#[test]
fn a_lattice_of_issuers_costs_no_more_than_the_budget() {
    let key = PrivateKey::generate(KeyAlgorithm::EcP256).unwrap();
    let other = PrivateKey::generate(KeyAlgorithm::EcP256).unwrap();
    let mut chain = vec![leaf_by(&key, "level 0")];
    for level in 0..10 {
        let (subject, issuer) = (format!("level {level}"), format!("level {}", level + 1));
        chain.extend((0..10).map(|serial| authority(&key, &subject, &issuer, serial)));
    }
    let root = authority(&other, "root", "root", 0);
    let (spent, found) = search(&chain, &root);
    assert_eq!((spent, found), (Budget { comparisons: 0, ..Budget::FULL }, false));
    let verdict = verdict(&chain, &root, Policy::Lab);
    assert_eq!(verdict.reasons(), [Reason::Untrusted]);
    assert_eq!(&*verdict.checks[0].found, "no path within 64 signatures");
}

#[test]
fn issuers_that_certify_each_other_are_each_tried_once() {
    let key = PrivateKey::generate(KeyAlgorithm::EcP256).unwrap();
    let other = PrivateKey::generate(KeyAlgorithm::EcP256).unwrap();
    let chain = [leaf_by(&key, "one"), authority(&key, "one", "two", 1), authority(&key, "two", "one", 2)];
    let root = authority(&other, "root", "root", 0);
    let (spent, found) = search(&chain, &root);
    assert_eq!((spent.signatures, found), (2, false));
}

/// Rivals of the right name and another key are each worth one signature, and the right one is found by its identifier
/// before any of them.
#[test]
fn rivals_of_the_same_name_do_not_hide_the_issuer() {
    let keys = Keys::new(KeyAlgorithm::EcP256);
    let (chain, root) = keys.chain(Model::Intermediate, Place::Leaf, &|_| {});
    let rival = PrivateKey::generate(KeyAlgorithm::EcP256).unwrap();
    let mut presented = vec![chain[0].clone()];
    presented.extend((0..90).map(|serial| authority(&rival, "Test Intermediate CA", "Test Root CA", serial)));
    presented.push(chain[1].clone());
    let (spent, found) = search(&presented, &root);
    assert_eq!((spent.signatures, found), (2, true));
    assert!(verdict(&presented, &root, Policy::Webpki).accepted());
}

/// Whole bundles are given: the one that is needed is found wherever it stands, for it is chosen by its name.
#[test]
fn of_ten_thousand_certificates_those_whose_names_lead_up_are_looked_at() {
    let keys = Keys::new(KeyAlgorithm::EcP256);
    let (chain, root) = keys.chain(Model::Intermediate, Place::Leaf, &|_| {});
    let mut presented = vec![chain[0].clone()];
    presented.extend((0..120).map(|serial| authority(&keys.root, &format!("other {serial}"), "x", serial)));
    presented.extend(vec![chain[0].clone(); 10_000]);
    presented.push(CertificateDer::from(vec![0; 400_000]));
    presented.push(chain[1].clone());
    let found = considered(&presented);
    assert_eq!((found.chain.len(), found.left_out), (2, 0));
    assert!(verdict(&presented, &root, Policy::Webpki).accepted());
    assert_eq!(considered(&[]).chain.len(), 0);
}

/// Of namesakes a hundred are looked at, and of huge ones fewer; how many are left is said.
#[test]
fn of_namesakes_the_first_hundred_are_looked_at() {
    let keys = Keys::new(KeyAlgorithm::EcP256);
    let (chain, root) = keys.chain(Model::Intermediate, Place::Leaf, &|_| {});
    let rival = PrivateKey::generate(KeyAlgorithm::EcP256).unwrap();
    let namesake = |serial| authority(&rival, "Test Intermediate CA", "Test Root CA", serial);
    let mut presented = vec![chain[0].clone()];
    presented.extend((0..150).map(namesake));
    let found = considered(&presented);
    assert_eq!((found.chain.len(), found.left_out), (101, 50));
    let words = verdict(&presented, &root, Policy::Lab).checks[0].found.to_string();
    assert!(words.ends_with("50 more certificates of names that lead to it were not looked at"), "{words}");
    let huge = |serial| {
        let mut plan = Plan::from_certificate(&namesake(serial)).unwrap();
        plan.push_extension(NOBODYS, false, vec![0; 400_000]);
        plan.sign(&rival).unwrap()
    };
    let found = considered(&[chain[0].clone(), huge(1), huge(2), huge(3), namesake(4)]).chain.len();
    assert_eq!(found, 4);
}

/// Names by subtrees is a product that the maker of the chain chooses.
#[test]
fn name_constraints_cost_no_more_than_the_budget() {
    let keys = Keys::new(KeyAlgorithm::EcP256);
    let name = |tag: u8, index: usize| match tag {
        0x82 => tlv(0x82, format!("host{index}.example").as_bytes()),
        // A directory name costs its length: it has to be read before it can be compared.
        _ => tlv(0xa4, &Subject::lab().with_unchecked_common_name(&format!("{index:0>500}")).to_der()),
    };
    for (tag, count) in [(0x82, 2000), (0xa4, 300)] {
        let subtrees: Vec<u8> = (0..count).flat_map(|index| sequence(&[&name(tag, index)])).collect();
        let names: Vec<u8> = (0..count).flat_map(|index| name(tag, index)).collect();
        let mut root = ca_plan(&keys.root, &keys.root);
        root.push_extension(NAME_CONSTRAINTS, true, sequence(&[&tlv(0xa1, &subtrees)]));
        let root = root.sign(&keys.root).unwrap();
        let issuer = Issuer::Ca { certificate: &root, key: &keys.root };
        let mut leaf = Plan::draft(&server_request(), keys.leaf.public_key_info(), &issuer).unwrap();
        leaf.set_extension(SUBJECT_ALT_NAME, false, tlv(0x30, &names));
        let leaf = leaf.sign(&keys.root).unwrap();

        let (spent, found) = search(std::slice::from_ref(&leaf), &root);
        // It is refused before the first comparison.
        assert_eq!((spent, found), (Budget { signatures: 1, comparisons: 0 }, true), "tag {tag:#04x}");
        let verdict = verdict(&[leaf], &root, Policy::Lab);
        assert!(verdict.checks[0].found.ends_with("its name constraints cost too many comparisons"));
        assert!(length(&verdict) < FEW_WORDS);
    }
}

fn ca_plan(key: &PrivateKey, by: &PrivateKey) -> Plan {
    Plan::draft(&ca_request("Test Root CA"), key.public_key_info(), &Issuer::SelfSigned(by)).unwrap()
}

/// A certificate of nearly a mebibyte, full of one thing.
#[test]
fn whatever_a_certificate_is_full_of_the_report_is_short() {
    let dns = |index: usize| tlv(0x82, format!("h{index}").as_bytes());
    let common_name = |text: &str| {
        // RelativeDistinguishedName { commonName }
        tlv(0x31, &sequence(&[&[6, 3, 0x55, 4, 3], &tlv(0x0c, text.as_bytes())]))
    };
    let edits: [(&str, Edit<'_>); 8] = [
        ("alternative names", &|plan| {
            let names: Vec<u8> = (0..100_000).flat_map(dns).collect();
            plan.set_extension(SUBJECT_ALT_NAME, false, tlv(0x30, &names));
        }),
        ("one long alternative name", &|plan| {
            plan.set_extension(SUBJECT_ALT_NAME, false, tlv(0x30, &tlv(0x82, &vec![b'a'; 1_000_000])));
        }),
        ("host names in the subject", &|plan| {
            plan.subject =
                tlv(0x30, &(0..30_000).flat_map(|i| common_name(&format!("h{i}.org"))).collect::<Vec<_>>());
            let names: Vec<u8> = (0..40_000).flat_map(dns).collect();
            plan.set_extension(SUBJECT_ALT_NAME, false, tlv(0x30, &names));
        }),
        ("one long common name", &|plan| plan.subject = tlv(0x30, &common_name(&"x".repeat(1_000_000)))),
        ("one extension again and again", &|plan| {
            for _ in 0..60_000 {
                plan.push_extension(KEY_USAGE, true, [3, 2, 7, 0x80]);
            }
        }),
        ("unknown critical extensions", &|plan| {
            for index in 0..40_000_u32 {
                let oid = format!("2.25.{index}").parse().unwrap();
                plan.push_extension(oid, true, [5, 0]);
            }
        }),
        ("nested sequences", &|plan| {
            let nested = (0..10_000).fold(Vec::new(), |inner, _| tlv(0x30, &inner));
            plan.set_extension(SUBJECT_ALT_NAME, false, tlv(0x30, &tlv(0xa4, &nested)));
            // certificatePolicies, which is put into words by another parser.
            plan.push_extension(CERTIFICATE_POLICIES, false, nested.clone());
            plan.push_extension(NOBODYS, true, nested);
        }),
        ("a long issuer", &|plan| plan.issuer = tlv(0x30, &common_name(&"x".repeat(1_000_000)))),
    ];
    let keys = Keys::new(KeyAlgorithm::EcP256);
    for (what, edit) in edits {
        for (model, place, policy) in [
            (Model::Pinned, Place::Leaf, Policy::Lab),
            (Model::Root, Place::Leaf, Policy::Webpki),
            (Model::Intermediate, Place::Issuer, Policy::Lab),
        ] {
            let (chain, trusted) = keys.chain(model, place, edit);
            let verdict = verdict(&chain, &trusted, policy);
            // Not refused for its size: below CertFacts::MAX_LENGTH.
            assert!(verdict.certificate.is_some(), "{what}");
            assert!(length(&verdict) < FEW_WORDS, "{what}, {model:?}: {} bytes", length(&verdict));
        }
    }
}

/// A healthy chain and a healthy pinned certificate, made once for all mutations.
struct Healthy {
    keys: Keys,
    chain: Vec<CertificateDer<'static>>,
    root: CertificateDer<'static>,
    pinned: CertificateDer<'static>,
}

fn healthy() -> &'static Healthy {
    static HEALTHY: OnceLock<Healthy> = OnceLock::new();
    HEALTHY.get_or_init(|| {
        let keys = Keys::new(KeyAlgorithm::EcP256);
        let (chain, root) = keys.chain(Model::Intermediate, Place::Leaf, &|_| {});
        let (_, pinned) = keys.chain(Model::Pinned, Place::Leaf, &|_| {});
        Healthy { keys, chain, root, pinned }
    })
}

/// Bytes changed, cut out or put in, anywhere.
fn mutate(der: &[u8], edits: &[(prop::sample::Index, u8, u8)]) -> Vec<u8> {
    let mut der = der.to_vec();
    for (index, kind, byte) in edits {
        if der.is_empty() {
            break;
        }
        let at = index.index(der.len());
        match kind % 4 {
            0 => der[at] ^= byte,
            1 => der.insert(at, *byte),
            2 => drop(der.remove(at)),
            _ => der.truncate(at),
        }
    }
    der
}

fn edits() -> impl Strategy<Value = Vec<(prop::sample::Index, u8, u8)>> {
    prop::collection::vec(any::<(prop::sample::Index, u8, u8)>(), 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// Nothing panics, and what is accepted says what was signed.
    #[test]
    fn a_mutated_chain_is_not_accepted_for_something_else(which in 0..3_usize, edits in edits()) {
        let Healthy { chain, root, .. } = healthy();
        let (mut presented, mut trusted) = (chain.clone(), root.clone());
        let target = presented.get_mut(which).unwrap_or(&mut trusted);
        *target = CertificateDer::from(mutate(target, &edits));
        if let Some(leaf) = judged_by_both(&presented, &trusted)? {
            prop_assert_eq!(leaf.tbs, CertFacts::read(&chain[0]).unwrap().tbs);
        }
    }

    /// The same behind a good signature: an issuer that is hostile, or somebody who pins a hostile certificate.
    #[test]
    fn a_mutated_certificate_signed_again_is_judged(
        which in 0..4_usize,
        field: prop::sample::Index,
        edits in edits(),
    ) {
        let Healthy { keys, chain, root, pinned } = healthy();
        let signed_again = |der: &[u8], key: &PrivateKey| {
            let mut plan = Plan::from_certificate(der).unwrap();
            mutate_field(&mut plan, field, &edits);
            plan.sign(key).unwrap()
        };
        let (mut presented, mut trusted) = (chain.clone(), root.clone());
        match which {
            0 => presented[0] = signed_again(&chain[0], &keys.intermediate),
            1 => presented[1] = signed_again(&chain[1], &keys.root),
            2 => trusted = signed_again(root, &keys.root),
            _ => {
                trusted = signed_again(pinned, &keys.leaf);
                presented = vec![trusted.clone()];
            }
        }
        judged_by_both(&presented, &trusted)?;
    }
}

/// One field's bytes, with the frame around them kept whole.
fn mutate_field(plan: &mut Plan, field: prop::sample::Index, edits: &[(prop::sample::Index, u8, u8)]) {
    let mut fields: Vec<&mut Vec<u8>> = vec![
        &mut plan.serial,
        &mut plan.inner_signature_algorithm,
        &mut plan.issuer,
        &mut plan.not_before.content,
        &mut plan.not_after.content,
        &mut plan.subject,
        &mut plan.public_key_info,
    ];
    fields.extend(plan.extensions.iter_mut().map(|extension| &mut extension.value));
    let index = field.index(fields.len());
    *fields[index] = mutate(fields[index], edits);
}

/// Judges by both policies; the leaf, where policy lab accepts it. Policy lab is a subset of webpki, but for what it is
/// there to allow.
fn judged_by_both(
    chain: &[CertificateDer<'_>],
    trusted: &CertificateDer<'_>,
) -> Result<Option<CertFacts>, TestCaseError> {
    let Ok(set) = TrustSet::new([trusted]) else { return Ok(None) };
    let set = Arc::new(set);
    let [lab, webpki] = [Policy::Lab, Policy::Webpki]
        .map(|policy| judge(chain, &Criteria { trusted: Arc::clone(&set), ..criteria(&[], policy) }, NOW));
    prop_assert!(length(&lab) < FEW_WORDS && length(&webpki) < FEW_WORDS);
    let Some(leaf) = lab.certificate.clone().filter(|_| lab.accepted()) else { return Ok(None) };
    if !webpki.accepted() {
        let no_path =
            chain.first() == Some(trusted) && (leaf.is_ca() == Some(true) || !leaf.is_self_issued());
        // What lab took with an eye closed, it says.
        let is_remarked = !lab.notes.is_empty();
        prop_assert!(no_path || is_remarked || leaf.subject_alt_names().is_none(), "{:#?}", webpki);
    }
    Ok(Some(leaf))
}
