//! Kinds of certificates that people met: each is made here, with its neighbour that is right.

use super::super::Reason::{self, BadUsage, Malformed, Untrusted, WeakKey, WrongName};
use super::*;
use crate::pki::der::{sequence, tlv};
use crate::pki::issue::{Profile, Time};
use crate::pki::oid::{self, NAME_CONSTRAINTS, SUBJECT_ALT_NAME};
use crate::words::is_invisible;

fn keys() -> Keys {
    Keys::new(KeyAlgorithm::EcP256)
}

/// A leaf issued by a root, each edited.
fn issued(
    keys: &Keys,
    root: Edit<'_>,
    request: &Request,
    leaf: Edit<'_>,
) -> (Vec<CertificateDer<'static>>, CertificateDer<'static>) {
    let (_, root) = keys.chain(Model::Root, Place::Root, root);
    let issuer = Issuer::Ca { certificate: &root, key: &keys.root };
    let mut plan = Plan::draft(request, keys.leaf.public_key_info(), &issuer).unwrap();
    leaf(&mut plan);
    (vec![plan.sign(&keys.root).unwrap()], root)
}

/// Reasons by policy lab and by webpki.
fn reasons(
    (chain, trusted): &(Vec<CertificateDer<'static>>, CertificateDer<'static>),
    usage: Usage,
) -> [Vec<Reason>; 2] {
    [Policy::Lab, Policy::Webpki].map(|policy| {
        let mut criteria = criteria(std::slice::from_ref(trusted), policy);
        criteria.usage = usage;
        if usage == Usage::Client {
            criteria.name = None;
        }
        judge(chain, &criteria, NOW).reasons()
    })
}

/// permittedSubtrees (0) or excludedSubtrees (1) of one GeneralName.
fn constrain(plan: &mut Plan, list: u8, name: &[u8]) {
    plan.push_extension(NAME_CONSTRAINTS, true, sequence(&[&tlv(0xa0 | list, &sequence(&[name]))]));
}

/// A client's request without alternative names.
fn client(subject: &str) -> Request {
    Request { subject: subject.parse().unwrap(), names: Vec::new(), validity: YEAR, profile: Profile::Client }
}

fn alternative_names(plan: &mut Plan, names: &[Vec<u8>]) {
    plan.set_extension(SUBJECT_ALT_NAME, false, tlv(0x30, &names.concat()));
}

#[test]
fn constraints_on_email_bind_the_subjects_addresses() {
    let keys = keys();
    let made = |list, constraint: &str, subject: &str, names: &[Vec<u8>]| {
        let root = |plan: &mut Plan| constrain(plan, list, &tlv(0x81, constraint.as_bytes()));
        let leaf = |plan: &mut Plan| {
            if !names.is_empty() {
                alternative_names(plan, names);
            }
        };
        reasons(&issued(&keys, &root, &client(subject), &leaf), Usage::Client)
    };
    let ok = [vec![], vec![]];
    let refused = [vec![Untrusted], vec![Untrusted]];
    let (good, bad) = ("/CN=x/emailAddress=root@test.org", "/CN=x/emailAddress=root@evil.example");
    assert_eq!(made(0, "test.org", good, &[]), ok);
    assert_eq!(made(0, "test.org", bad, &[]), refused);
    // The root's dot does not get it out of an excluded tree, and letters' case neither.
    assert_eq!(made(1, "evil.example", "/CN=x/emailAddress=root@EVIL.example.", &[]), refused);
    assert_eq!(made(1, "evil.example", good, &[]), ok);
    // A second attribute, and one beside a name in a SAN, is an address all the same.
    assert_eq!(made(0, "test.org", &format!("{good}/emailAddress=x@evil.example"), &[]), refused);
    let dns = tlv(0x82, b"www.test.org");
    assert_eq!(made(0, "test.org", bad, std::slice::from_ref(&dns)), refused);
    assert_eq!(made(0, "test.org", good, &[dns]), ok);
    // SmtpUTF8Mailbox (RFC 9598 §6).
    let mailbox = |address: &str| {
        let text = tlv(0xa0, &tlv(0x0c, address.as_bytes()));
        tlv(0xa0, &[crate::pki::der::oid(oid::SMTP_UTF8_MAILBOX), text].concat())
    };
    assert_eq!(made(0, "xn--mnchen-3ya.de", "/CN=x", &[mailbox("ü@münchen.de")]), ok);
    assert_eq!(made(0, "test.org", "/CN=x", &[mailbox("ü@evil.example")]), refused);
}

/// Whoever cannot read a name or a constraint must not take it for one of another kind.
#[test]
fn names_and_constraints_that_cannot_be_read_are_not_passed_over() {
    let keys = keys();
    let www = tlv(0x82, NAME.as_bytes());
    for (constraint, name) in [
        (tlv(0x82, b"test.org"), tlv(0x82, b"caf\xe9.test.org")),
        (tlv(0x81, b"test.org"), tlv(0x81, b"caf\xe9@test.org")),
        (tlv(0x87, &[10, 0, 0, 0, 255, 0, 0, 0]), tlv(0x87, &[10, 0, 0])),
        (tlv(0x87, &[10, 0, 0, 0]), tlv(0x87, &[10, 0, 0, 1])),
        (tlv(0x86, b"test.org"), tlv(0x86, b"urn:x")),
        (tlv(0x88, &[0x2a, 3]), tlv(0x88, &[0x2a, 3])),
    ] {
        for list in [0, 1] {
            let root = |plan: &mut Plan| constrain(plan, list, &constraint);
            let leaf = |plan: &mut Plan| alternative_names(plan, &[www.clone(), name.clone()]);
            let made = issued(&keys, &root, &server_request(), &leaf);
            let found = reasons(&made, Usage::Server);
            assert!(found.iter().all(|reasons| reasons.contains(&Untrusted)), "{constraint:x?}: {found:?}");
        }
    }
}

#[test]
fn constraints_on_directory_names_are_judged_by_both() {
    let keys = keys();
    let subtree = |subject: &str| tlv(0xa4, &subject.parse::<Subject>().unwrap().to_der());
    for (list, constraint, expected) in [
        (0, "/C=AU/ST=WA", &[][..]),
        (0, "/C=AU/ST=wa", &[]),
        (0, "/C=AU/ST=NSW", &[Untrusted]),
        (0, "/ST=WA", &[Untrusted]),
        (1, "/C=AU/ST=WA", &[Untrusted]),
        (1, "/C=AU/ST= w A ", &[]),
        (1, "/C=AU/ST=NSW", &[]),
    ] {
        let root = |plan: &mut Plan| constrain(plan, list, &subtree(constraint));
        let made = issued(&keys, &root, &server_request(), &|_| {});
        assert_eq!(reasons(&made, Usage::Server), [expected, expected], "{list} {constraint}");
    }
}

#[test]
fn keys_that_prove_nothing_are_refused_offline_too() {
    let keys = keys();
    let spki = |algorithm: &[u8], bits: &[u8]| {
        sequence(&[&tlv(0x30, algorithm), &tlv(3, &[&[0][..], bits].concat())])
    };
    let ed25519: &[u8] = &[6, 3, 0x2b, 0x65, 0x70];
    let pss: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10];
    let mut off_curve = keys.leaf.public_key_info().to_vec();
    *off_curve.last_mut().unwrap() ^= 1;
    let modulus = [&[0, 0x80][..], &[0x55; 127]].concat();
    let rsa_1024 = sequence(&[&tlv(2, &modulus), &tlv(2, &[1, 0, 1])]);
    for (key, reason) in [
        (off_curve, Malformed),
        (spki(ed25519, &[7; 31]), Malformed),
        (spki(&[ed25519, &[5, 0]].concat(), &[7; 32]), Malformed),
        (spki(&[6, 3, 0x2a, 3, 4], &[7; 32]), Malformed),
        (spki(pss, &rsa_1024), WeakKey),
    ] {
        let leaf = |plan: &mut Plan| plan.public_key_info.clone_from(&key);
        let made = issued(&keys, &|_| {}, &server_request(), &leaf);
        assert_eq!(reasons(&made, Usage::Server), [[reason], [reason]], "{key:x?}");
    }
}

/// Nobody can say whether its own signature is true, so it proves nothing of who pinned it.
#[test]
fn a_pinned_certificate_whose_signature_cannot_be_verified_is_refused() {
    let unknown = sequence(&[&[6, 3, 0x2a, 3, 4]]);
    let (chain, trusted) = keys().chain(Model::Pinned, Place::Leaf, &|plan| {
        plan.set_extension(oid::BASIC_CONSTRAINTS, true, [0x30, 3, 1, 1, 0xff]);
        plan.inner_signature_algorithm.clone_from(&unknown);
        plan.outer_signature_algorithm.clone_from(&unknown);
    });
    let found = verdict(&chain, &trusted, Policy::Lab);
    assert_eq!(found.reasons(), [Untrusted]);
    assert_eq!(
        &*found.checks[0].found,
        "the trusted certificate itself, but its own signature cannot be verified: 1.2.3.4 by a key of kind EC P-256"
    );
    assert!(verdict(&chain, &trusted, Policy::Webpki).reasons().contains(&Untrusted));
}

/// As `openssl x509 -req -signkey` makes it.
#[test]
fn a_version_1_certificate_is_taken_by_lab_where_it_is_pinned() {
    let edit = |plan: &mut Plan| {
        plan.version = None;
        plan.extensions.clear();
    };
    let keys = keys();
    assert_eq!(
        reasons(&keys.chain(Model::Pinned, Place::Leaf, &edit), Usage::Server),
        [vec![], vec![WrongName, BadUsage]]
    );
    assert_eq!(
        reasons(&keys.chain(Model::Root, Place::Leaf, &edit), Usage::Server),
        [vec![BadUsage], vec![WrongName, BadUsage]]
    );
    let expired = |plan: &mut Plan| {
        edit(plan);
        plan.not_after = Time::rfc5280(datetime!(2026-11-01 0:00 UTC)).unwrap();
    };
    assert_eq!(
        reasons(&keys.chain(Model::Pinned, Place::Leaf, &expired), Usage::Server)[0],
        [Reason::Expired]
    );
}

/// Odd forms of names: policy lab takes them for the name that they mean, and says so.
#[test]
fn names_of_odd_forms_are_taken_by_lab_with_a_note() {
    let keys = keys();
    let made = |cn: &str, san: Option<&str>| {
        keys.chain(Model::Pinned, Place::Leaf, &|plan| {
            plan.subject = Subject::lab().with_unchecked_common_name(cn).to_der();
            plan.issuer.clone_from(&plan.subject);
            match san {
                Some(san) => alternative_names(plan, &[tlv(0x82, san.as_bytes())]),
                None => assert!(plan.remove_extension(SUBJECT_ALT_NAME)),
            }
        })
    };
    let judged = |cn: &str, san: Option<&str>, asked: &str, policy| {
        let (chain, trusted) = made(cn, san);
        let mut criteria = criteria(std::slice::from_ref(&trusted), policy);
        criteria.name = Some(asked.parse().unwrap());
        judge(&chain, &criteria, NOW)
    };
    for (cn, san, asked, note, webpki) in [
        ("my_service.test", Some("my_service.test"), "my_service.test", "underscore", &[WrongName][..]),
        ("localhost.", None, "localhost.", "ends with a dot", &[WrongName]),
        // Its alternative name is proper, and no other is looked at.
        ("localhost.", Some("localhost"), "localhost", "ends with a dot", &[]),
        ("www.test.org", Some("www.test.org."), "www.test.org", "ends with a dot", &[WrongName]),
        ("münchen.de", None, "münchen.de", "A-labels", &[WrongName]),
        ("MÜNCHEN.de", Some("xn--mnchen-3ya.de"), "xn--mnchen-3ya.de", "A-labels", &[WrongName]),
    ] {
        let found = judged(cn, san, asked, Policy::Lab);
        assert!(found.accepted(), "{cn} {san:?}: {found:#?}");
        assert!(matches!(found.notes.as_slice(), [only] if only.contains(note)), "{cn}: {:?}", found.notes);
        assert_eq!(judged(cn, san, asked, Policy::Webpki).reasons(), webpki, "{cn} {san:?}");
    }
    // The proper form needs no note, and what looks alike is another name.
    assert_eq!(judged("www.test.org", Some("www.test.org"), "www.test.org.", Policy::Lab).notes, []);
    for (cn, san, asked) in [
        ("www.t\u{435}st.org", None, "www.test.org"),
        ("www.test.org", None, "www.t\u{435}st.org"),
        ("my_service.test", Some("my-service.test"), "my_service.test"),
        ("localhost..", None, "localhost"),
    ] {
        assert_eq!(judged(cn, san, asked, Policy::Lab).reasons(), [WrongName], "{cn:?} for {asked:?}");
    }
}

/// RFC 5280 §7.1 against those who compare bytes.
#[test]
fn an_issuers_name_in_another_string_type_is_the_same_name_for_lab() {
    let keys = keys();
    let respelt = |plan: &mut Plan| {
        // Of every UTF8String in the issuer's name a PrintableString.
        let mut name = Subject::from_der(&plan.issuer).unwrap();
        for attribute in name.rdns.iter_mut().flatten().filter(|attribute| attribute.tag == 0x0c) {
            attribute.tag = 0x13;
        }
        plan.issuer = name.to_der();
    };
    let made = issued(&keys, &|_| {}, &server_request(), &respelt);
    assert_eq!(reasons(&made, Usage::Server), [vec![], vec![Untrusted]]);
    let [lab, webpki] = [Policy::Lab, Policy::Webpki].map(|policy| verdict(&made.0, &made.1, policy));
    assert!(matches!(lab.notes.as_slice(), [only] if only.contains("compare bytes")), "{:?}", lab.notes);
    assert!(webpki.checks[0].found.contains("is encoded otherwise"), "{}", webpki.checks[0].found);
    // Another name is another name.
    let other =
        |plan: &mut Plan| plan.issuer = Subject::lab().with_common_name("Test Root").unwrap().to_der();
    let made = issued(&keys, &|_| {}, &server_request(), &other);
    assert_eq!(reasons(&made, Usage::Server), [vec![Untrusted], vec![Untrusted]]);
}

#[test]
fn the_issuer_that_is_missing_is_the_one_that_is_named() {
    let keys = keys();
    let upper = keys.chain(Model::Pinned, Place::Root, &|_| {}).1;
    let made = |subject: &str, key: &PrivateKey, by: &Issuer<'_>| {
        let plan = Plan::draft(&ca_request(subject), key.public_key_info(), by).unwrap();
        plan.sign(by.key()).unwrap()
    };
    let root = made("Root", &keys.root, &Issuer::SelfSigned(&keys.root));
    let upper_key = PrivateKey::generate(KeyAlgorithm::EcP256).unwrap();
    let top = made("Upper", &upper_key, &Issuer::Ca { certificate: &root, key: &keys.root });
    let lower = made("Lower", &keys.intermediate, &Issuer::Ca { certificate: &top, key: &upper_key });
    let issuer = Issuer::Ca { certificate: &lower, key: &keys.intermediate };
    let leaf = Plan::draft(&server_request(), keys.leaf.public_key_info(), &issuer).unwrap();
    let leaf = leaf.sign(&keys.intermediate).unwrap();
    let found = |chain: &[CertificateDer<'static>], trusted| {
        let found = verdict(chain, trusted, Policy::Lab);
        assert_eq!(found.reasons(), [Untrusted]);
        found.checks[0].found.to_string()
    };
    let only_lower = found(&[leaf.clone(), lower.clone()], &root);
    assert!(
        only_lower.starts_with("its chain ends at ")
            && only_lower.contains("CN=Lower, issued by ")
            && only_lower.ends_with("CN=Upper, which is not trusted and was not sent"),
        "{only_lower}"
    );
    let none = found(std::slice::from_ref(&leaf), &root);
    assert!(none.contains("CN=Lower, which is not trusted and was not sent"), "{none}");
    let untrusted_root = found(&[leaf.clone(), lower.clone(), top.clone(), root.clone()], &upper);
    assert!(untrusted_root.ends_with("CN=Root, which is self-signed and not trusted"), "{untrusted_root}");
    assert!(verdict(&[leaf, lower, top], &root, Policy::Lab).accepted());
}

/// Escaped where it comes in, so that nobody who shows it can forget to.
#[test]
fn nothing_that_a_certificate_says_reaches_a_report_raw() {
    let hostile = "\u{1b}]0;x\u{7}\r\n2026 session ok \u{202e}\u{ad}\u{2028}\u{9b}31m";
    let keys = keys();
    let root = |plan: &mut Plan| constrain(plan, 0, &tlv(0x82, b"test.org"));
    let leaf = |plan: &mut Plan| {
        alternative_names(plan, &[tlv(0x82, hostile.as_bytes())]);
        plan.subject = Subject::lab().with_unchecked_common_name(hostile).to_der();
    };
    let (chain, trusted) = issued(&keys, &root, &server_request(), &leaf);
    for policy in [Policy::Lab, Policy::Webpki] {
        let found = verdict(&chain, &trusted, policy);
        assert_eq!(found.reasons(), [Untrusted, WrongName]);
        for text in found.checks.iter().flat_map(|check| [&check.expected, &check.found]).chain(&found.notes)
        {
            assert!(!text.chars().any(|c| c.is_control() || is_invisible(c)), "{text:?}");
        }
        assert!(found.checks[0].found.contains("\\u{1b}]0;x"), "{}", found.checks[0].found);
    }
}
