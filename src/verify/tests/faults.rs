//! Every rule that the catalogue of faults has no entry for, one at a time, in every trust model, with every kind of key,
//! by both policies: what only its reader's strictness is about, and nobody is attacked with. The catalogue's own tests
//! hold its entries in the same way.

use time::macros::datetime;

use super::super::Reason::{
    self, BadSignature, BadUsage, Expired, Malformed, NotYetValid, Untrusted, WrongName,
};
use super::*;
use crate::pki::der::{sequence, tlv};
use crate::pki::issue::{SignatureEdit, Time};
use crate::pki::oid::{
    AUTHORITY_KEY_IDENTIFIER, BASIC_CONSTRAINTS, EXTENDED_KEY_USAGE, INHIBIT_ANY_POLICY, KEY_USAGE,
    NAME_CONSTRAINTS, Oid, POLICY_CONSTRAINTS, SUBJECT_ALT_NAME, SUBJECT_KEY_IDENTIFIER, TLS_FEATURE,
};

/// SEQUENCE { cA TRUE }
const CA_TRUE: [u8; 5] = [0x30, 3, 1, 1, 0xff];
/// PolicyConstraints { requireExplicitPolicy 0 }
const EXPLICIT_POLICY: [u8; 5] = [0x30, 3, 0x80, 1, 0];

/// One thing wrong, and what is to be said of it by (lab, webpki).
struct Fault {
    name: &'static str,
    place: Place,
    models: &'static [Model],
    edit: fn(&mut Plan),
    expected: fn(Model) -> (&'static [Reason], &'static [Reason]),
}

const UNDER_A_CA: [Model; 2] = [Model::Root, Model::Intermediate];

const fn leaf(
    name: &'static str,
    edit: fn(&mut Plan),
    expected: fn(Model) -> (&'static [Reason], &'static [Reason]),
) -> Fault {
    Fault { name, place: Place::Leaf, models: &MODELS, edit, expected }
}

/// Of a certificate that is trusted itself; the catalogue has the same under a CA.
const fn pinned(
    name: &'static str,
    edit: fn(&mut Plan),
    expected: fn(Model) -> (&'static [Reason], &'static [Reason]),
) -> Fault {
    Fault { name, place: Place::Leaf, models: &[Model::Pinned], edit, expected }
}

const fn issuer(
    name: &'static str,
    edit: fn(&mut Plan),
    expected: fn(Model) -> (&'static [Reason], &'static [Reason]),
) -> Fault {
    Fault { name, place: Place::Issuer, models: &UNDER_A_CA, edit, expected }
}

/// The same by both policies, in every model.
macro_rules! all {
    ($($reason:ident),*) => {
        |_| (&[$($reason),*], &[$($reason),*])
    };
}

/// By policy lab, and by webpki.
macro_rules! each {
    ([$($lab:ident),*], [$($webpki:ident),*]) => {
        |_| (&[$($lab),*], &[$($webpki),*])
    };
}

const FAULTS: &[Fault] = &[
    // Names
    leaf("another's CN", |plan| named(plan, "www.example.com", &[NAME]), each!([WrongName], [])),
    leaf("a CN in capitals", |plan| named(plan, "WWW.TEST.ORG", &[NAME]), all![]),
    leaf("a CN with a Cyrillic letter", |plan| named(plan, "www.t\u{435}st.org", &[NAME]), all![WrongName]),
    leaf("a CN that is an address misspelt", |plan| named(plan, "0x7f000001", &[NAME]), all![WrongName]),
    leaf("a CN that is no host", |plan| named(plan, "Perth Server", &[NAME]), each!([WrongName], [])),
    // Self-signed, it has no issuer either.
    pinned("no subject", |plan| no_subject(plan, true), each!([WrongName, Malformed], [Malformed])),
    pinned(
        "no subject, the SAN not critical",
        |plan| no_subject(plan, false),
        each!([WrongName, Malformed], [Malformed]),
    ),
    leaf(
        "neither subject nor SAN",
        |plan| {
            no_subject(plan, true);
            drop_extension(plan, SUBJECT_ALT_NAME);
        },
        all![WrongName, Malformed],
    ),
    // Usage
    leaf(
        "CA:TRUE, not critical",
        |plan| plan.set_extension(BASIC_CONSTRAINTS, false, CA_TRUE),
        |model| if model == Model::Pinned { (&[], &[BadUsage]) } else { (&[BadUsage], &[BadUsage]) },
    ),
    leaf("no basicConstraints", |plan| drop_extension(plan, BASIC_CONSTRAINTS), all![]),
    leaf("no extended key usage", |plan| drop_extension(plan, EXTENDED_KEY_USAGE), all![]),
    leaf("no key usage", |plan| drop_extension(plan, KEY_USAGE), all![]),
    // Form
    leaf("version 2 with extensions", |plan| plan.version = Some(1), all![BadUsage, Malformed]),
    leaf("serial of 20 bytes and a sign", |plan| plan.serial = [&[0][..], &[0xff; 20]].concat(), all![]),
    pinned("no key identifiers", without_key_identifiers, all![]),
    leaf("no SKI", |plan| drop_extension(plan, SUBJECT_KEY_IDENTIFIER), all![]),
    pinned("an AKI of another", foreign_authority, all![Malformed]),
    leaf("an AKI with half a pair", half_a_pair, all![Malformed]),
    leaf(
        "policyConstraints, not critical",
        |plan| plan.push_extension(POLICY_CONSTRAINTS, false, EXPLICIT_POLICY),
        all![Malformed],
    ),
    leaf(
        "policyConstraints",
        |plan| plan.push_extension(POLICY_CONSTRAINTS, true, EXPLICIT_POLICY),
        all![BadUsage],
    ),
    // What is trusted is this very certificate.
    pinned("tampered", |plan| plan.signature_edit = SignatureEdit::FlipBit(0), all![Untrusted, BadSignature]),
    // Issuers
    issuer("CA:TRUE, not critical", |plan| not_critical(plan, BASIC_CONSTRAINTS), all![Untrusted]),
    issuer("no key usage", |plan| drop_extension(plan, KEY_USAGE), all![]),
    issuer(
        "expired a second ago",
        |plan| plan.not_after = at(datetime!(2026-11-23 11:59:59 UTC)),
        all![Expired],
    ),
    issuer(
        "valid in a second",
        |plan| plan.not_before = at(datetime!(2026-11-23 12:00:01 UTC)),
        all![NotYetValid],
    ),
    issuer("twice the same extension", |plan| twice(plan, KEY_USAGE), all![Malformed]),
    issuer("critical SKI", |plan| critical(plan, SUBJECT_KEY_IDENTIFIER), all![Untrusted]),
    issuer("critical AKI", |plan| critical(plan, AUTHORITY_KEY_IDENTIFIER), all![Untrusted]),
    issuer("no SKI", |plan| drop_extension(plan, SUBJECT_KEY_IDENTIFIER), all![Untrusted]),
    issuer("an AKI without a keyIdentifier", nameless_authority, all![Untrusted]),
    issuer("an AKI with half a pair", half_a_pair, all![Untrusted]),
    // Real roots have it.
    issuer(
        "serial 0",
        |plan| plan.serial = vec![0],
        |model| if model == Model::Root { (&[], &[]) } else { (&[Untrusted], &[Untrusted]) },
    ),
    issuer(
        "no subject",
        |plan| {
            let self_signed = plan.subject == plan.issuer;
            plan.subject = vec![0x30, 0];
            if self_signed {
                plan.issuer = vec![0x30, 0];
            }
        },
        all![Untrusted, Malformed],
    ),
    issuer(
        "name constraints without a subtree",
        |plan| plan.push_extension(NAME_CONSTRAINTS, true, [0x30, 4, 0xa0, 0, 0xa1, 0]),
        all![Untrusted],
    ),
    // SEQUENCE OF INTEGER: status_request(5), which nobody below promises (RFC 7633 §4.2.2).
    issuer(
        "TLS features that are not inherited",
        |plan| plan.push_extension(TLS_FEATURE, false, [0x30, 3, 2, 1, 5]),
        all![Untrusted],
    ),
    issuer(
        "inhibitAnyPolicy, not critical",
        |plan| plan.push_extension(INHIBIT_ANY_POLICY, false, [2, 1, 0]),
        all![Untrusted],
    ),
    issuer(
        "inhibitAnyPolicy",
        |plan| plan.push_extension(INHIBIT_ANY_POLICY, true, [2, 1, 0]),
        all![BadUsage],
    ),
    Fault {
        // With an intermediate between it is the catalogue's.
        name: "a path length of 0",
        place: Place::Root,
        models: &[Model::Root],
        edit: |plan| plan.set_extension(BASIC_CONSTRAINTS, true, [0x30, 6, 1, 1, 0xff, 2, 1, 0]),
        expected: all![],
    },
    Fault {
        name: "a path length of 1",
        place: Place::Root,
        models: &UNDER_A_CA,
        edit: |plan| plan.set_extension(BASIC_CONSTRAINTS, true, [0x30, 6, 1, 1, 0xff, 2, 1, 1]),
        expected: all![],
    },
];

fn at(instant: OffsetDateTime) -> Time {
    Time::rfc5280(instant).unwrap()
}

fn drop_extension(plan: &mut Plan, oid: Oid) {
    assert!(plan.remove_extension(oid));
}

fn critical(plan: &mut Plan, oid: Oid) {
    assert!(plan.set_critical(oid, true));
}

fn not_critical(plan: &mut Plan, oid: Oid) {
    assert!(plan.set_critical(oid, false));
}

fn twice(plan: &mut Plan, oid: Oid) {
    let extension = plan.extension(oid).unwrap().clone();
    plan.extensions.push(extension);
}

fn subject(plan: &mut Plan, subject: Vec<u8>) {
    if plan.subject == plan.issuer {
        plan.issuer.clone_from(&subject);
    }
    plan.subject = subject;
}

fn named(plan: &mut Plan, cn: &str, names: &[&str]) {
    subject(plan, Subject::lab().with_common_name(cn).unwrap().to_der());
    let names: Vec<_> = names.iter().map(|name| tlv(0x82, name.as_bytes())).collect();
    plan.set_extension(SUBJECT_ALT_NAME, false, tlv(0x30, &names.concat()));
}

fn no_subject(plan: &mut Plan, san_is_critical: bool) {
    subject(plan, vec![0x30, 0]);
    assert!(plan.set_critical(SUBJECT_ALT_NAME, san_is_critical));
}

/// authorityCertIssuer and authorityCertSerialNumber, and no keyIdentifier.
fn nameless_authority(plan: &mut Plan) {
    let issuer = tlv(0xa1, &tlv(0xa4, &plan.issuer));
    let value = tlv(0x30, &[issuer, tlv(0x82, &plan.serial)].concat());
    plan.set_extension(AUTHORITY_KEY_IDENTIFIER, false, value);
}

fn without_key_identifiers(plan: &mut Plan) {
    drop_extension(plan, SUBJECT_KEY_IDENTIFIER);
    drop_extension(plan, AUTHORITY_KEY_IDENTIFIER);
}

fn foreign_authority(plan: &mut Plan) {
    plan.set_extension(AUTHORITY_KEY_IDENTIFIER, false, sequence(&[&tlv(0x80, &[7; 20])]));
}

/// A keyIdentifier and an authorityCertSerialNumber without an authorityCertIssuer.
fn half_a_pair(plan: &mut Plan) {
    let own = plan.extension(AUTHORITY_KEY_IDENTIFIER).unwrap().value.clone();
    let content = [&own[2..], &tlv(0x82, &plan.serial)].concat();
    plan.set_extension(AUTHORITY_KEY_IDENTIFIER, false, tlv(0x30, &content));
}

fn every_fault(algorithm: KeyAlgorithm) {
    let keys = Keys::new(algorithm);
    for fault in FAULTS {
        for &model in fault.models {
            let (chain, trusted) = keys.chain(model, fault.place, &fault.edit);
            let (lab, webpki) = (fault.expected)(model);
            let case = format!("{algorithm}, {model:?}, {:?}: {}", fault.place, fault.name);
            let found = [Policy::Lab, Policy::Webpki].map(|policy| verdict(&chain, &trusted, policy));
            for (verdict, expected) in found.iter().zip([lab, webpki]) {
                assert_eq!(verdict.reasons(), expected, "{case}: {verdict:#?}");
            }
            // Policy lab is a subset of webpki, but for what it is there to allow: a pinned CA.
            let is_pinned_ca = model == Model::Pinned && fault.name == "CA:TRUE, not critical";
            assert!(
                !found[0].accepted() || found[1].accepted() || is_pinned_ca,
                "{case}: lab is laxer than webpki"
            );
        }
    }
}

#[test]
fn every_fault_with_p256() {
    every_fault(KeyAlgorithm::EcP256);
}

#[test]
fn every_fault_with_p384() {
    every_fault(KeyAlgorithm::EcP384);
}

#[test]
fn every_fault_with_ed25519() {
    every_fault(KeyAlgorithm::Ed25519);
}

#[test]
fn every_fault_with_rsa() {
    every_fault(KeyAlgorithm::Rsa2048);
}

/// The third thing that only policy lab allows: to pin a certificate without trusting whoever issued it.
#[test]
fn a_pinned_leaf_needs_no_issuer_by_lab_only() {
    let (chain, _) = Keys::new(KeyAlgorithm::EcP256).chain(Model::Root, Place::Leaf, &|_| {});
    assert_eq!(verdict(&chain, &chain[0], Policy::Lab).reasons(), []);
    assert_eq!(verdict(&chain, &chain[0], Policy::Webpki).reasons(), [Untrusted]);
}

#[test]
fn an_underscore_is_in_nobodys_name_by_webpki() {
    let name = "foo_bar.test.org";
    let edit = |plan: &mut Plan| named(plan, name, &[name, NAME]);
    let (chain, trusted) = Keys::new(KeyAlgorithm::EcP256).chain(Model::Pinned, Place::Leaf, &edit);
    let mut criteria = criteria(std::slice::from_ref(&trusted), Policy::Webpki);
    criteria.name = Some(ExpectedName::Dns(name.to_owned()));
    let found = judge(&chain, &criteria, NOW);
    assert_eq!(found.reasons(), [WrongName]);
    let words = "an underscore is not in the preferred name syntax (RFC 5280 §4.2.1.6)";
    assert!(found.checks[1].found.ends_with(words), "{}", found.checks[1].found);
    // It does no harm to the other name.
    assert!(verdict(&chain, &trusted, Policy::Webpki).accepted());
}

#[test]
fn the_trusted_set_may_limit_the_path() {
    let (chain, root) = Keys::new(KeyAlgorithm::EcP256).chain(Model::Intermediate, Place::Leaf, &|_| {});
    for (limit, expected) in [(0, &[Untrusted][..]), (1, &[])] {
        let trusted = TrustSet::new([&root]).unwrap().with_path_length(limit);
        let criteria = Criteria { trusted: Arc::new(trusted), ..criteria(&[], Policy::Webpki) };
        assert_eq!(judge(&chain, &criteria, NOW).reasons(), expected, "{limit}");
    }
}
