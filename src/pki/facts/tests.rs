//! Certificates built byte by byte, so that each test changes exactly one thing of a healthy one.

use proptest::prelude::*;
use rustls::pki_types::alg_id;
use time::macros::datetime;

use super::*;
use crate::pki::der::{self, sequence, tlv};
use crate::pki::oid;
use crate::pki::plan::Time;

/// `/CN=` and bytes of a UTF8String.
fn name(common_name: &[u8]) -> Vec<u8> {
    let attribute = sequence(&[&der::oid(oid::COMMON_NAME), &tlv(0x0c, common_name)]);
    sequence(&[&tlv(0x31, &attribute)])
}

fn extension(oid: Oid, critical: bool, value: &[u8]) -> Vec<u8> {
    let critical = if critical { tlv(tag::BOOLEAN, &[0xff]) } else { Vec::new() };
    sequence(&[&der::oid(oid), &critical, &tlv(tag::OCTET_STRING, value)])
}

/// The parts of a certificate, each in DER.
struct Parts {
    version: Vec<u8>,
    serial: Vec<u8>,
    algorithm: Vec<u8>,
    issuer: Vec<u8>,
    not_before: Vec<u8>,
    not_after: Vec<u8>,
    subject: Vec<u8>,
    key: Vec<u8>,
    extensions: Vec<Vec<u8>>,
    after_tbs_fields: Vec<u8>,
    outer_algorithm: Vec<u8>,
    signature: Vec<u8>,
}

/// A healthy certificate. Its signature signs nothing: reading does not verify.
fn healthy() -> Parts {
    let algorithm = tlv(tag::SEQUENCE, alg_id::ECDSA_SHA256.as_ref());
    let key_algorithm = tlv(tag::SEQUENCE, alg_id::ECDSA_P256.as_ref());
    let point = [&[0, 4][..], &[7; 64]].concat();
    Parts {
        version: tlv(0xa0, &tlv(tag::INTEGER, &[2])),
        serial: tlv(tag::INTEGER, &[0x12, 0x34]),
        algorithm: algorithm.clone(),
        issuer: name(b"ca.test.org"),
        not_before: tlv(Time::UTC, b"261123120000Z"),
        not_after: tlv(Time::UTC, b"271123120000Z"),
        subject: name(b"www.test.org"),
        key: sequence(&[&key_algorithm, &tlv(tag::BIT_STRING, &point)]),
        extensions: vec![extension(oid::BASIC_CONSTRAINTS, true, &sequence(&[]))],
        after_tbs_fields: Vec::new(),
        outer_algorithm: algorithm,
        signature: tlv(tag::BIT_STRING, &[0, 1, 2, 3]),
    }
}

impl Parts {
    fn tbs(&self) -> Vec<u8> {
        let validity = sequence(&[&self.not_before, &self.not_after]);
        let extensions = match self.extensions.as_slice() {
            [] => Vec::new(),
            some => tlv(0xa3, &tlv(tag::SEQUENCE, &some.concat())),
        };
        sequence(&[
            &self.version,
            &self.serial,
            &self.algorithm,
            &self.issuer,
            &validity,
            &self.subject,
            &self.key,
            &extensions,
            &self.after_tbs_fields,
        ])
    }

    fn certificate(&self) -> Vec<u8> {
        sequence(&[&self.tbs(), &self.outer_algorithm, &self.signature])
    }

    fn read(&self) -> Result<CertFacts, Malformed> {
        CertFacts::read(&self.certificate())
    }

    /// What its one extension says.
    fn decoded(oid: Oid, value: &[u8]) -> Extension {
        let parts = Parts { extensions: vec![extension(oid, false, value)], ..healthy() };
        parts.read().unwrap().extensions.remove(0).decoded
    }
}

fn refused(parts: &Parts) -> String {
    parts.read().unwrap_err().to_string()
}

#[test]
fn a_healthy_certificate_is_read_field_by_field() {
    let parts = healthy();
    let facts = parts.read().unwrap();
    assert_eq!(facts.der.as_ref(), parts.certificate());
    assert_eq!(facts.version, 3);
    assert_eq!(facts.serial, [0x12, 0x34]);
    assert_eq!(facts.subject_der, parts.subject);
    assert_eq!(facts.issuer_der, parts.issuer);
    assert_eq!(facts.subject, Subject::from_der(&parts.subject).unwrap());
    assert_eq!(facts.issuer, Subject::from_der(&parts.issuer).unwrap());
    assert_eq!(facts.not_before, datetime!(2026-11-23 12:00:00 UTC));
    assert_eq!(facts.not_after, datetime!(2027-11-23 12:00:00 UTC));
    assert_eq!(facts.public_key.kind, PublicKeyKind::Ec { curve: "P-256".to_owned() });
    assert_eq!(facts.public_key.spki, parts.key);
    assert_eq!(facts.public_key.bits, [&[4][..], &[7; 64]].concat());
    assert_eq!(facts.signature_algorithm.name, "ecdsa-with-SHA256");
    assert!(facts.signature_algorithms_agree);
    assert_eq!(facts.signature, [1, 2, 3]);
    assert_eq!(facts.tbs, parts.tbs());
    assert_eq!(facts.extensions.len(), 1);
    assert!(facts.extensions[0].critical);
    assert_eq!(facts.is_ca(), Some(false));
    assert!(!facts.is_self_issued());
}

#[test]
fn algorithm_identifiers_are_what_rustls_compares() {
    let facts = healthy().read().unwrap();
    assert_eq!(facts.signature_algorithm.algorithm_id, alg_id::ECDSA_SHA256.as_ref());
    assert_eq!(facts.public_key.algorithm_id, alg_id::ECDSA_P256.as_ref());
    let rsa = tlv(tag::SEQUENCE, alg_id::RSA_PKCS1_SHA256.as_ref());
    let facts = Parts { algorithm: rsa.clone(), outer_algorithm: rsa, ..healthy() }.read().unwrap();
    assert_eq!(facts.signature_algorithm.algorithm_id, alg_id::RSA_PKCS1_SHA256.as_ref());
    assert_eq!(facts.signature_algorithm.name, "sha256WithRSAEncryption");
}

#[test]
fn signature_algorithms_that_differ_are_noticed() {
    let outer_algorithm = tlv(tag::SEQUENCE, alg_id::ECDSA_SHA384.as_ref());
    let facts = Parts { outer_algorithm, ..healthy() }.read().unwrap();
    assert!(!facts.signature_algorithms_agree);
    assert_eq!(facts.signature_algorithm.name, "ecdsa-with-SHA384");
}

#[test]
fn years_of_two_digits_pivot_at_fifty() {
    let cases: [(u8, &[u8], _); 6] = [
        (Time::UTC, b"491231235959Z", datetime!(2049-12-31 23:59:59 UTC)),
        (Time::UTC, b"500101000000Z", datetime!(1950-01-01 00:00:00 UTC)),
        (Time::UTC, b"630101000000Z", datetime!(1963-01-01 00:00:00 UTC)),
        (Time::UTC, b"000229000000Z", datetime!(2000-02-29 00:00:00 UTC)),
        (Time::GENERALIZED, b"21201231235959Z", datetime!(2120-12-31 23:59:59 UTC)),
        (Time::GENERALIZED, b"99991231235959Z", datetime!(9999-12-31 23:59:59 UTC)),
    ];
    for (tag, text, expected) in cases {
        let facts = Parts { not_after: tlv(tag, text), ..healthy() }.read().unwrap();
        assert_eq!(facts.not_after, expected, "{}", text.escape_ascii());
    }
}

#[test]
fn times_of_another_form_are_refused() {
    for text in [
        &b"2611231200Z"[..],
        b"261123120000+0000",
        b"261123120000",
        b"261323120000Z",
        b"260230120000Z",
        b"261123240000Z",
        b"261123120060Z",
        b"26112312000\xb2Z",
        b"",
    ] {
        let not_before = tlv(Time::UTC, text);
        let digits = text.strip_suffix(b"Z").is_some_and(|text| text.iter().all(u8::is_ascii_digit));
        let none = if digits && text.len() == 13 { ", a time that there is not" } else { "" };
        let expected = format!(
            "not an X.509 certificate: notBefore: expected UTCTime YYMMDDHHMMSSZ, found \"{}\"{none}",
            text.escape_ascii()
        );
        assert_eq!(refused(&Parts { not_before, ..healthy() }), expected);
    }
    let not_after = tlv(Time::GENERALIZED, b"20261123120000.5Z");
    assert_eq!(
        refused(&Parts { not_after, ..healthy() }),
        "not an X.509 certificate: notAfter: expected GeneralizedTime YYYYMMDDHHMMSSZ, \
         found \"20261123120000.5Z\""
    );
}

#[test]
fn any_version_that_exists_is_read() {
    for (version, expected) in [(None, 1), (Some(0), 1), (Some(1), 2), (Some(2), 3)] {
        let version = version.map_or_else(Vec::new, |v| tlv(0xa0, &tlv(tag::INTEGER, &[v])));
        assert_eq!(Parts { version, ..healthy() }.read().unwrap().version, expected);
    }
    let version = tlv(0xa0, &tlv(tag::INTEGER, &[3]));
    assert_eq!(
        refused(&Parts { version, ..healthy() }),
        "not an X.509 certificate: version: expected 0, 1 or 2 (for 1, 2 or 3), found 3"
    );
}

#[test]
fn serial_numbers_are_kept_as_they_are() {
    for bytes in [&[0][..], &[0xff], &[0x80, 0, 0], &[0x7f; 40], &[0, 0, 1]] {
        let facts = Parts { serial: tlv(tag::INTEGER, bytes), ..healthy() }.read().unwrap();
        assert_eq!(facts.serial, bytes);
    }
    let serial = tlv(tag::INTEGER, &[]);
    assert_eq!(
        refused(&Parts { serial, ..healthy() }),
        "not an X.509 certificate: serialNumber: an integer of no bytes"
    );
}

#[test]
fn nothing_may_be_left_over() {
    let mut trailing = healthy().certificate();
    trailing.push(0);
    assert_eq!(
        CertFacts::read(&trailing).unwrap_err().to_string(),
        "not an X.509 certificate: Certificate: bytes left over at the end"
    );
    let inside = Parts { after_tbs_fields: tlv(tag::INTEGER, &[1]), ..healthy() };
    assert_eq!(refused(&inside), "not an X.509 certificate: tbsCertificate: bytes left over at the end");
    let twice =
        sequence(&[&der::oid(oid::BASIC_CONSTRAINTS), &tlv(4, &sequence(&[])), &tlv(4, &sequence(&[]))]);
    assert_eq!(
        refused(&Parts { extensions: vec![twice], ..healthy() }),
        "not an X.509 certificate: extensions: 2.5.29.19: bytes left over at the end"
    );
}

#[test]
fn a_nul_in_the_common_name_is_kept() {
    let facts = Parts { subject: name(b"www.test.org\0.evil.org"), ..healthy() }.read().unwrap();
    let common_names: Vec<_> = facts.subject.common_names().map(|cn| cn.raw.as_slice()).collect();
    assert_eq!(common_names, [b"www.test.org\0.evil.org"]);
}

#[test]
fn repeated_and_unknown_extensions_are_kept() {
    let unknown = extension(Oid::dotted("1.2.3.4"), true, &[5, 0]);
    let parts = Parts { extensions: vec![unknown.clone(), unknown], ..healthy() };
    let facts = parts.read().unwrap();
    assert_eq!(facts.extensions.len(), 2);
    for found in facts.extensions {
        assert_eq!(found.oid.to_string(), "1.2.3.4");
        assert!(found.critical);
        assert_eq!(found.value, [5, 0]);
        assert_eq!(found.decoded, Extension::Unknown);
    }
}

#[test]
fn any_true_is_critical() {
    for (byte, critical) in [(0x00, false), (0x01, true), (0xff, true)] {
        let flag = tlv(tag::BOOLEAN, &[byte]);
        let extensions =
            vec![sequence(&[&der::oid(Oid::dotted("1.2.3.4")), &flag, &tlv(tag::OCTET_STRING, &[])])];
        let facts = Parts { extensions, ..healthy() }.read().unwrap();
        assert_eq!(facts.extensions[0].critical, critical, "{byte:#04x}");
    }
}

#[test]
fn alternative_names_are_read_as_found() {
    let names = sequence(&[
        &tlv(0x82, b"www.test.org"),
        &tlv(0x82, b"caf\xe9.org"),
        &tlv(0x82, b"nul\0.org"),
        &tlv(0x87, &[127, 0, 0, 1]),
        &tlv(0x87, &[127, 0, 0]),
        &tlv(0x88, &[0x2a, 3]),
    ]);
    assert_eq!(
        Parts::decoded(oid::SUBJECT_ALT_NAME, &names),
        Extension::SubjectAltName(vec![
            GeneralName::Dns("www.test.org".to_owned()),
            GeneralName::Other { tag: 2, value: b"caf\xe9.org".to_vec() },
            GeneralName::Dns("nul\0.org".to_owned()),
            GeneralName::Ip([127, 0, 0, 1].into()),
            GeneralName::Other { tag: 7, value: vec![127, 0, 0] },
            GeneralName::Other { tag: 8, value: vec![0x2a, 3] },
        ])
    );
}

#[test]
fn name_constraints_carry_masks() {
    let subtree = |tag, base: &[u8]| sequence(&[&tlv(tag, base)]);
    let permitted = [
        subtree(0x82, b".test.org"),
        subtree(0x87, &[10, 0, 0, 0, 255, 0, 0, 0]),
        subtree(0x87, &[10, 0, 0, 0]),
        subtree(0x87, &[1; 16]),
    ];
    let value = sequence(&[&tlv(0xa0, &permitted.concat()), &tlv(0xa1, &subtree(0x81, b"evil.org"))]);
    let Extension::NameConstraints { permitted, excluded } = Parts::decoded(oid::NAME_CONSTRAINTS, &value)
    else {
        panic!("expected name constraints")
    };
    let words: Vec<_> = permitted.iter().chain(&excluded).map(ToString::to_string).collect();
    assert_eq!(
        words,
        [
            "DNS:.test.org",
            "IP:10.0.0.0/8",
            "IP:0a000000",
            "IP:01010101010101010101010101010101",
            "email:evil.org"
        ]
    );
}

/// What a verifier judges by must not be read in two ways.
#[test]
fn malformed_extensions_say_so() {
    let dns = tlv(0x82, b"a");
    let subtrees = |n: u8| tlv(0xa0 | n, &sequence(&[&dns]));
    let purpose = der::oid(oid::SERVER_AUTH);
    let cases: [(Oid, Vec<u8>, &str); 15] = [
        (oid::SUBJECT_ALT_NAME, vec![], "expected tag 0x30, found nothing"),
        (oid::SUBJECT_ALT_NAME, sequence(&[]), "no name"),
        (oid::SUBJECT_ALT_NAME, [sequence(&[&dns]), vec![0]].concat(), "bytes left over at the end"),
        (oid::SUBJECT_ALT_NAME, sequence(&[&[0x82, 9]]), "the bytes end too soon"),
        (oid::SUBJECT_ALT_NAME, sequence(&[&tlv(0x0c, b"a")]), "expected a GeneralName, found tag 0x0c"),
        (oid::NAME_CONSTRAINTS, sequence(&[&subtrees(1), &subtrees(0)]), "bytes left over at the end"),
        (oid::NAME_CONSTRAINTS, sequence(&[]), "neither permitted nor excluded subtrees"),
        (
            oid::NAME_CONSTRAINTS,
            sequence(&[&tlv(0xa0, &sequence(&[&dns, &tlv(0x80, &[1])]))]),
            "a subtree with minimum or maximum",
        ),
        (oid::EXTENDED_KEY_USAGE, sequence(&[]), "no purpose"),
        (oid::EXTENDED_KEY_USAGE, sequence(&[&purpose, &[5, 0]]), "expected tag 0x06, found 0x05"),
        (oid::KEY_USAGE, tlv(3, &[7, 0xff]), "a BIT STRING whose unused bits are not zero"),
        (oid::KEY_USAGE, tlv(3, &[8, 0]), "a BIT STRING with too many unused bits"),
        (
            oid::BASIC_CONSTRAINTS,
            sequence(&[&tlv(1, &[0xff]), &tlv(2, &[0]), &[5, 0]]),
            "expected a SEQUENCE of cA (BOOLEAN) and pathLenConstraint (INTEGER)",
        ),
        (
            oid::BASIC_CONSTRAINTS,
            sequence(&[&tlv(1, &[0xff]), &tlv(2, &[0xff])]),
            "expected a SEQUENCE of cA (BOOLEAN) and pathLenConstraint (INTEGER)",
        ),
        (oid::AUTHORITY_INFORMATION, tlv(4, b"x"), "the value is not what its definition says"),
    ];
    for (oid, value, expected) in cases {
        let found = Parts::decoded(oid, &value);
        assert_eq!(found, Extension::Malformed(expected.to_owned()), "{oid} {value:02x?}");
    }
}

#[test]
fn key_usage_bits_have_their_names() {
    let named = |value: &[u8]| match Parts::decoded(oid::KEY_USAGE, &tlv(3, value)) {
        Extension::KeyUsage(usage) => usage.names().collect::<Vec<_>>().join(" "),
        other => panic!("{other:?}"),
    };
    assert_eq!(named(&[7, 0x80]), "digitalSignature");
    assert_eq!(named(&[1, 0x06]), "keyCertSign cRLSign");
    assert_eq!(named(&[7, 0x08, 0x80]), "keyAgreement decipherOnly");
    assert_eq!(named(&[0]), "");
}

#[test]
fn keys_are_told_apart() {
    let spki = |algorithm: &[u8], bits: &[u8]| {
        let bits = tlv(tag::BIT_STRING, &[&[0], bits].concat());
        sequence(&[&tlv(tag::SEQUENCE, algorithm), &bits])
    };
    let rsa = |modulus: &[u8], exponent: &[u8]| {
        let key = sequence(&[&tlv(tag::INTEGER, modulus), &tlv(tag::INTEGER, exponent)]);
        spki(alg_id::RSA_ENCRYPTION.as_ref(), &key)
    };
    let modulus = |first: &[u8]| [first, &[0x55; 127]].concat();
    let ec = |curve: &str| PublicKeyKind::Ec { curve: curve.to_owned() };
    let unreadable = PublicKeyKind::Rsa { modulus_bits: 0, exponent: vec![] };
    let exponent = vec![1, 0, 1];
    let cases = [
        (spki(alg_id::ECDSA_P384.as_ref(), &[4]), ec("P-384")),
        (spki(alg_id::ECDSA_P521.as_ref(), &[4]), ec("P-521")),
        (spki(alg_id::ECDSA_P256K1.as_ref(), &[4]), ec("secp256k1")),
        (spki(&[der::oid(oid::EC), der::oid(oid::P224)].concat(), &[4]), ec("P-224")),
        (spki(&[der::oid(oid::EC), sequence(&[])].concat(), &[4]), ec("explicit parameters")),
        (spki(alg_id::ED25519.as_ref(), &[1; 32]), PublicKeyKind::Ed25519),
        (
            rsa(&modulus(&[0, 0x80]), &[1, 0, 1]),
            PublicKeyKind::Rsa { modulus_bits: 1024, exponent: exponent.clone() },
        ),
        (rsa(&modulus(&[0x01]), &[1, 0, 1]), PublicKeyKind::Rsa { modulus_bits: 1017, exponent }),
        (rsa(&modulus(&[0x80]), &[3]), unreadable.clone()),
        (spki(alg_id::RSA_ENCRYPTION.as_ref(), b"no key"), unreadable),
        (spki(alg_id::ED448.as_ref(), &[1; 57]), PublicKeyKind::Other(oid::ED448)),
    ];
    for (key, expected) in cases {
        assert_eq!(Parts { key, ..healthy() }.read().unwrap().public_key.kind, expected);
    }
}

#[test]
fn masks_are_prefixes_where_they_can_be() {
    let range = |address: [u8; 4], mask: [u8; 4]| {
        GeneralName::IpRange { address: address.into(), mask: mask.into() }.to_string()
    };
    assert_eq!(range([10, 0, 0, 0], [255, 0, 0, 0]), "IP:10.0.0.0/8");
    assert_eq!(range([10, 0, 0, 0], [255, 255, 255, 255]), "IP:10.0.0.0/32");
    assert_eq!(range([0, 0, 0, 0], [0, 0, 0, 0]), "IP:0.0.0.0/0");
    assert_eq!(range([10, 0, 0, 0], [255, 0, 255, 0]), "IP:10.0.0.0/255.0.255.0");
}

#[test]
fn a_certificate_has_a_bounded_length() {
    let long = vec![0x30; CertFacts::MAX_LENGTH + 1];
    assert_eq!(
        CertFacts::read(&long).unwrap_err().to_string(),
        "not an X.509 certificate: expected at most 1048576 bytes, found 1048577"
    );
}

/// Made with `openssl req -x509` and every extension that its configuration language can write.
const RICH: &[u8] = include_bytes!("rich.der");

fn shown(facts: &CertFacts) -> usize {
    // Everything that can be said about it is said without a panic.
    format!(
        "{facts:?} {:?}",
        facts.subject_alt_names().map(|names| names.iter().map(ToString::to_string).count())
    )
    .len()
}

#[test]
fn odd_names_and_times_are_read_for_who_only_looks() {
    let certificate = Parts {
        subject: sequence(&[&name(b"x")[2..], &[tag::SET, 0]]),
        not_before: tlv(Time::UTC, b"9801010000Z"),
        not_after: tlv(Time::GENERALIZED, b"20300101020000+0200"),
        ..healthy()
    }
    .certificate();
    let refused = CertFacts::read(&certificate).unwrap_err().0;
    assert_eq!(refused, "notBefore: expected UTCTime YYMMDDHHMMSSZ, found \"9801010000Z\"");
    let (facts, faults) = CertFacts::read_leniently(&certificate).unwrap();
    assert_eq!(facts.subject.to_string(), "/CN=x");
    assert_eq!(facts.not_before, datetime!(1998-01-01 0:00 UTC));
    assert_eq!(facts.not_after, datetime!(2030-01-01 0:00 UTC));
    let faults: Vec<_> = faults.into_iter().map(|fault| fault.0).collect();
    assert_eq!(faults.len(), 3);
    assert_eq!(faults[2], "subject: an empty relative distinguished name");
    assert_eq!(CertFacts::read_leniently(&healthy().certificate()).unwrap().1, []);
}

#[test]
fn what_can_be_read_is_shown_beside_what_cannot() {
    let sound = healthy().certificate();
    let (expected, _) = CertFacts::read_leniently(&sound).unwrap();
    let utc = |text: &[u8]| tlv(Time::UTC, text);
    for (parts, field, fault) in [
        (
            Parts { not_before: utc(b"261301000000Z"), ..healthy() },
            "notBefore",
            "notBefore: expected UTCTime YYMMDDHHMMSSZ, found \"261301000000Z\", a time that there is not",
        ),
        (
            Parts { not_after: utc(b"260230000000Z"), ..healthy() },
            "notAfter",
            "notAfter: expected UTCTime YYMMDDHHMMSSZ, found \"260230000000Z\", a time that there is not",
        ),
        (
            Parts { not_after: utc(b"yester\x1bday"), ..healthy() },
            "notAfter",
            "notAfter: expected UTCTime YYMMDDHHMMSSZ, found \"yester\\x1bday\"",
        ),
        (
            Parts { not_after: tlv(tag::INTEGER, &[5]), ..healthy() },
            "notAfter",
            "notAfter: expected a time, found tag 0x02",
        ),
        (
            Parts { not_after: Vec::new(), ..healthy() },
            "notAfter",
            "notAfter: expected a time, found nothing",
        ),
        (
            Parts { subject: sequence(&[&tlv(tag::SET, &sequence(&[]))]), ..healthy() },
            "subject",
            "subject: expected tag 0x06, found nothing",
        ),
    ] {
        let certificate = parts.certificate();
        let (facts, faults) = CertFacts::read_leniently(&certificate).unwrap();
        assert_eq!(faults, [Malformed(fault.to_owned())]);
        assert_eq!(facts.unreadable, [field]);
        assert!(!facts.can_read(field));
        assert_eq!(
            (facts.public_key, facts.extensions),
            (expected.public_key.clone(), expected.extensions.clone())
        );
        // A verifier takes no part of it.
        assert_eq!(CertFacts::read(&certificate).unwrap_err().0, fault);
    }
    assert_eq!(expected.unreadable, [""; 0]);
}

#[test]
fn names_in_a_list_are_told_apart() {
    for (name, shown) in [
        (GeneralName::Dns("a.test, DNS:b.test".to_owned()), "DNS:\"a.test, DNS:b.test\""),
        (GeneralName::Email("\"a\"@b".to_owned()), "email:\"\\\"a\\\"@b\""),
        (GeneralName::Dns("a.test".to_owned()), "DNS:a.test"),
        (GeneralName::Other { tag: 8, value: vec![0x2a, 3, 4] }, "registeredID:1.2.3.4"),
        (GeneralName::Other { tag: 8, value: vec![0x2a, 0x80, 4] }, "registeredID:2a8004"),
    ] {
        assert_eq!(name.to_string(), shown);
    }
    for (kind, shown) in [
        (oid::USER_PRINCIPAL_NAME, "otherName:UPN:a@b"),
        (oid::SRV_NAME, "otherName:SRVName:a@b"),
        (oid::SMTP_UTF8_MAILBOX, "otherName:SmtpUTF8Mailbox:a@b"),
        (Oid::dotted("1.2.3"), "otherName:1.2.3:a@b"),
    ] {
        let value = [der::oid(kind), tlv(0xa0, &tlv(tag::UTF8_STRING, b"a@b"))].concat();
        assert_eq!(GeneralName::Other { tag: 0, value }.to_string(), shown);
    }
}

#[test]
fn a_name_of_a_kind_that_cannot_exist_is_malformed() {
    let other = |kind: &[u8]| {
        let value = [tlv(tag::OID, kind), tlv(0xa0, &tlv(tag::UTF8_STRING, b"a"))].concat();
        extension::general_names(&sequence(&[&tlv(0xa0, &value)]))
    };
    let registered = |kind: &[u8]| extension::general_names(&sequence(&[&tlv(0x88, kind)]));
    let uuid = [&[0x69, 0x83][..], &[0x80; 17], &[1]].concat();
    for kind in [&[0x2a, 3, 4][..], &uuid] {
        assert!(other(kind).is_ok() && registered(kind).is_ok(), "{kind:02x?}");
    }
    for (kind, fault) in [
        (&[0x2a, 0x80, 3, 4][..], "an object identifier with a padded arc (X.690 §8.19.2)"),
        (&[0x2a, 0x83], "an object identifier that ends too soon"),
        (&[], "an object identifier that ends too soon"),
    ] {
        assert_eq!(other(kind), Err(fault.to_owned()));
        assert_eq!(registered(kind), Err(fault.to_owned()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn mutated_certificates_never_panic(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut der = RICH.to_vec();
        for (index, byte) in changes {
            let index = index.index(der.len());
            der[index] = byte;
        }
        if let Ok(facts) = CertFacts::read(&der) {
            prop_assert!(shown(&facts) > 0);
        }
    }

    #[test]
    fn arbitrary_bytes_are_no_certificate(bytes in proptest::collection::vec(any::<u8>(), 0..256)) {
        prop_assert!(CertFacts::read(&bytes).is_err());
    }

    #[test]
    fn arbitrary_extension_values_never_panic(
        which in 0..20_usize,
        value in proptest::collection::vec(any::<u8>(), 0..64),
    ) {
        const KNOWN: [Oid; 20] = [
            oid::SUBJECT_KEY_IDENTIFIER, oid::KEY_USAGE, oid::SUBJECT_ALT_NAME, oid::ISSUER_ALT_NAME, oid::BASIC_CONSTRAINTS, oid::NAME_CONSTRAINTS, oid::CRL_DISTRIBUTION_POINTS,
            oid::CERTIFICATE_POLICIES, oid::POLICY_MAPPINGS, oid::AUTHORITY_KEY_IDENTIFIER, oid::POLICY_CONSTRAINTS, oid::EXTENDED_KEY_USAGE, oid::INHIBIT_ANY_POLICY,
            oid::AUTHORITY_INFORMATION, oid::SUBJECT_INFORMATION, oid::TLS_FEATURE, oid::TIMESTAMPS,
            oid::PRECERTIFICATE_POISON, oid::NETSCAPE_CERT_TYPE, oid::NETSCAPE_COMMENT,
        ];
        // As it comes, and framed as the type that most extensions are.
        for value in [value.clone(), tlv(tag::SEQUENCE, &value), tlv(tag::OCTET_STRING, &value)] {
            let decoded = Parts::decoded(KNOWN[which], &value);
            prop_assert_ne!(decoded, Extension::Unknown);
        }
    }
}

#[test]
fn truncated_certificates_are_refused() {
    for length in 0..RICH.len() {
        assert!(CertFacts::read(&RICH[..length]).is_err(), "{length}");
    }
}

#[test]
fn every_extension_of_openssl_is_read() {
    let facts = CertFacts::read(RICH).unwrap();
    let told: Vec<_> = facts
        .extensions
        .iter()
        .filter_map(|e| match &e.decoded {
            Extension::Described(text) => Some(format!("{} {text}", e.oid)),
            Extension::Malformed(fault) => Some(format!("{} malformed: {fault}", e.oid)),
            Extension::TlsFeatures(features) => Some(format!("{} {features:?}", e.oid)),
            Extension::Unknown => Some(format!("{} unknown", e.oid)),
            _ => None,
        })
        .collect();
    assert_eq!(
        told,
        [
            "2.5.29.18 DNS:ca.test.org",
            "2.5.29.32 1.2.3.4; domain-validated (2.23.140.1.2.1) CPS https://test.org/cps",
            "2.5.29.31 URI:http://crl.test.org/a.crl",
            "1.3.6.1.5.5.7.1.1 OCSP URI:http://ocsp.test.org/; CA issuers URI:http://ca.test.org/ca.der",
            "2.5.29.36 requireExplicitPolicy:0; inhibitPolicyMapping:1",
            "2.5.29.54 skipCerts:2",
            "1.3.6.1.5.5.7.1.24 [5, 17]",
            "2.16.840.1.113730.1.13 a comment",
            "2.16.840.1.113730.1.1 SSL client, SSL server",
            "1.2.3.4.5 unknown",
            "1.3.6.1.5.5.7.48.1.5 present",
        ]
    );
    assert_eq!(facts.is_ca(), Some(true));
    assert_eq!(
        facts.key_usage().map(|usage| usage.names().collect::<Vec<_>>()),
        Some(vec!["digitalSignature", "keyAgreement", "keyCertSign", "cRLSign", "decipherOnly"])
    );
    assert_eq!(facts.extended_key_usage().map(<[_]>::len), Some(3));
    assert_eq!(facts.subject_alt_names().map(<[_]>::len), Some(9));
}
