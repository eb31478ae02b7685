//! Certificates of every shape that verifiers differ about, in both trust models.
//!
//! A shape is an edit to the healthy server's plan. Pinned, the certificate is its own and only anchor; issued by a
//! private CA, a healthy intermediate and root stand above it.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use time::{Duration, OffsetDateTime};
use tlslab::audit::catalogue::LAB_NAME;
use tlslab::audit::catalogue::workshop::{Chain, Made, Role, Workshop};
use tlslab::pki::issue::{IssueError, Issuer, Plan, Profile, Request, SignatureEdit, Time, Validity};
use tlslab::pki::key::{KeyAlgorithm, PrivateKey};
use tlslab::pki::oid::{
    ANY_PURPOSE as ANY, AUTHORITY_KEY_IDENTIFIER as AKI, BASIC_CONSTRAINTS as BC, CLIENT_AUTH, COMMON_NAME,
    EXTENDED_KEY_USAGE as EKU, KEY_USAGE as KU, NAME_CONSTRAINTS as NC, OCSP_SIGNING, Oid, SERVER_AUTH,
    SUBJECT_ALT_NAME as SAN, SUBJECT_KEY_IDENTIFIER as SKI, TLS_FEATURE,
};
use tlslab::pki::subject::Subject;
use tlslab::verify::Model;

/// One edit to healthy plans.
pub(crate) struct Shape {
    /// What is peculiar about it.
    pub(crate) title: &'static str,
    /// The name that clients are to expect of it.
    pub(crate) name: &'static str,
    edit: Edit,
}

/// Which plans are edited, in which models.
#[derive(Clone, Copy)]
enum Edit {
    /// The server's, in both.
    Server(fn(&mut Plan)),
    /// The server's, pinned.
    Pinned(fn(&mut Plan)),
    /// Any of a chain's.
    Chain(fn(&mut Chain)),
}

const fn shape(title: &'static str, edit: fn(&mut Plan)) -> Shape {
    Shape { title, name: LAB_NAME, edit: Edit::Server(edit) }
}

const fn expecting(name: &'static str, title: &'static str, edit: fn(&mut Plan)) -> Shape {
    Shape { title, name, edit: Edit::Server(edit) }
}

const fn pinned(title: &'static str, edit: fn(&mut Plan)) -> Shape {
    Shape { title, name: LAB_NAME, edit: Edit::Pinned(edit) }
}

const fn chain(title: &'static str, edit: fn(&mut Chain)) -> Shape {
    Shape { title, name: LAB_NAME, edit: Edit::Chain(edit) }
}

const CA_TRUE: [u8; 5] = [0x30, 3, 1, 1, 0xff];
const CA_FALSE: [u8; 2] = [0x30, 0];
const OTHER: &str = "www.example.com";

/// An element of fewer than 128 bytes.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    [&[tag, u8::try_from(content.len()).expect("a short element")][..], content].concat()
}

/// keyUsage with these bits of its first byte.
fn key_usage(bits: u8) -> Vec<u8> {
    let unused = if bits == 0 { 0 } else { u8::try_from(bits.trailing_zeros()).expect("at most 7") };
    vec![3, 2, unused, bits]
}

const DIGITAL_SIGNATURE: u8 = 0x80;
const KEY_ENCIPHERMENT: u8 = 0x20;
const KEY_AGREEMENT: u8 = 0x08;
const KEY_CERT_SIGN: u8 = 0x04;

/// extKeyUsage with these purposes.
fn purposes(list: &[Oid]) -> Vec<u8> {
    element(0x30, &list.iter().flat_map(|oid| element(6, oid.as_bytes())).collect::<Vec<u8>>())
}

/// What no extension here may be.
const NULL: [u8; 2] = [5, 0];

/// Nobody's extension: 2.25.… is free for anybody (ITU-T X.667).
const NOBODYS: Oid = Oid::dotted("2.25.987654321");

/// nameConstraints that permit the names of this domain.
fn permitting(domain: &[u8]) -> Vec<u8> {
    element(0x30, &element(0xa0, &element(0x30, &element(0x82, domain))))
}

/// subjectAltName: context tag and content of each name.
fn names(list: &[(u8, &[u8])]) -> Vec<u8> {
    element(0x30, &list.iter().flat_map(|(tag, name)| element(*tag, name)).collect::<Vec<u8>>())
}

fn dns(name: &str) -> Vec<u8> {
    names(&[(0x82, name.as_bytes())])
}

fn at(instant: OffsetDateTime) -> Time {
    Time::rfc5280(instant).expect("a year of four digits")
}

fn without(plan: &mut Plan, gone: &[Oid]) {
    for oid in gone {
        plan.remove_extension(*oid);
    }
}

fn with_common_names(plan: &mut Plan, common_names: &[&str]) {
    let mut subject = Subject::lab();
    let model = subject.common_names().next().expect("the lab's subject has a CN").clone();
    subject.rdns.retain(|rdn| rdn.iter().all(|attribute| attribute.oid != COMMON_NAME));
    for name in common_names {
        let mut attribute = model.clone();
        attribute.raw = name.as_bytes().to_vec();
        attribute.text = Some((*name).to_owned());
        subject.rdns.push(vec![attribute]);
    }
    plan.subject = subject.to_der();
}

/// The edits. What concerns the subject is followed by the issuer where the certificate is its own.
pub(crate) const SHAPES: &[Shape] = &[
    shape("healthy", |_| {}),
    shape("no key usage", |p| without(p, &[KU])),
    shape("no extended key usage", |p| without(p, &[EKU])),
    shape("no subject key identifier", |p| without(p, &[SKI])),
    shape("no authority key identifier", |p| without(p, &[AKI])),
    shape("no key identifiers", |p| without(p, &[SKI, AKI])),
    shape("no basic constraints", |p| without(p, &[BC])),
    shape("SAN only", |p| without(p, &[SKI, AKI, BC, KU, EKU])),
    shape("openssl's: CA:TRUE, no key usage, no SAN", |p| {
        without(p, &[KU, EKU, SAN]);
        p.set_extension(BC, true, CA_TRUE);
    }),
    shape("CA:TRUE and SAN", |p| {
        without(p, &[KU, EKU]);
        p.set_extension(BC, true, CA_TRUE);
    }),
    shape("CA:TRUE with key usage for both", |p| {
        p.set_extension(BC, true, CA_TRUE);
        p.set_extension(KU, true, key_usage(DIGITAL_SIGNATURE | KEY_ENCIPHERMENT | KEY_CERT_SIGN));
    }),
    shape("CA:TRUE with a server's key usage", |p| p.set_extension(BC, true, CA_TRUE)),
    shape("CA:TRUE not critical", |p| p.set_extension(BC, false, CA_TRUE)),
    shape("CA:FALSE not critical", |p| p.set_extension(BC, false, CA_FALSE)),
    shape("CA:FALSE written out", |p| p.set_extension(BC, true, [0x30, 3, 1, 1, 0])),
    shape("CA:FALSE with a path length", |p| p.set_extension(BC, true, [0x30, 3, 2, 1, 0])),
    shape("CA:FALSE with keyCertSign", |p| {
        p.set_extension(KU, true, key_usage(DIGITAL_SIGNATURE | KEY_CERT_SIGN));
    }),
    shape("no basic constraints, keyCertSign", |p| {
        without(p, &[BC]);
        p.set_extension(KU, true, key_usage(DIGITAL_SIGNATURE | KEY_CERT_SIGN));
    }),
    shape("key usage not critical", |p| {
        p.set_critical(KU, false);
    }),
    shape("key usage without digitalSignature", |p| p.set_extension(KU, true, key_usage(KEY_ENCIPHERMENT))),
    shape("key usage keyAgreement only", |p| p.set_extension(KU, true, key_usage(KEY_AGREEMENT))),
    shape("key usage nonRepudiation only", |p| p.set_extension(KU, true, key_usage(0x40))),
    shape("key usage without a bit", |p| p.set_extension(KU, true, key_usage(0))),
    shape("key usage unreadable", |p| p.set_extension(KU, true, NULL)),
    shape("unreadable key usage, not critical", |p| p.set_extension(KU, false, NULL)),
    shape("extended key usage unreadable", |p| p.set_extension(EKU, false, NULL)),
    shape("extended key usage unreadable, critical", |p| p.set_extension(EKU, true, NULL)),
    shape("extended key usage server and OCSP responder", |p| {
        p.set_extension(EKU, false, purposes(&[SERVER_AUTH, OCSP_SIGNING]));
    }),
    shape("extended key usage critical", |p| {
        p.set_critical(EKU, true);
    }),
    shape("extended key usage client only", |p| p.set_extension(EKU, false, purposes(&[CLIENT_AUTH]))),
    shape("extended key usage any only", |p| p.set_extension(EKU, false, purposes(&[ANY]))),
    shape("extended key usage client and server", |p| {
        p.set_extension(EKU, false, purposes(&[CLIENT_AUTH, SERVER_AUTH]));
    }),
    shape("extended key usage client and any", |p| {
        p.set_extension(EKU, false, purposes(&[CLIENT_AUTH, ANY]));
    }),
    shape("unknown critical extension", |p| {
        p.push_extension(NOBODYS, true, NULL);
    }),
    shape("unknown extension", |p| {
        p.push_extension(NOBODYS, false, NULL);
    }),
    shape("an extension twice", |p| {
        let again = p.extension(SAN).expect("a SAN").value.clone();
        p.push_extension(SAN, false, again);
    }),
    shape("authority key identifier critical", |p| {
        p.set_critical(AKI, true);
    }),
    shape("authority key identifier of another key", |p| {
        p.set_extension(AKI, false, [&[0x30, 22, 0x80, 20][..], &[7; 20]].concat());
    }),
    shape("authority key identifier unreadable", |p| p.set_extension(AKI, false, NULL)),
    shape("subject key identifier unreadable", |p| p.set_extension(SKI, false, NULL)),
    shape("basic constraints unreadable, not critical", |p| p.set_extension(BC, false, NULL)),
    shape("name constraints unreadable", |p| p.push_extension(NC, false, NULL)),
    shape("name constraints unreadable, critical", |p| p.push_extension(NC, true, NULL)),
    shape("must staple", |p| p.push_extension(TLS_FEATURE, false, [0x30, 3, 2, 1, 5])),
    shape("another TLS feature", |p| p.push_extension(TLS_FEATURE, false, [0x30, 3, 2, 1, 17])),
    shape("SAN unreadable, critical", |p| p.set_extension(SAN, true, NULL)),
    shape("SAN critical", |p| {
        p.set_critical(SAN, true);
    }),
    shape("no SAN, the name in the CN", |p| without(p, &[SAN])),
    shape("another's name in CN and SAN", |p| {
        with_common_names(p, &[OTHER]);
        p.set_extension(SAN, false, dns(OTHER));
    }),
    shape("another's name in the SAN", |p| p.set_extension(SAN, false, dns(OTHER))),
    shape("another's name in the CN", |p| with_common_names(p, &[OTHER])),
    shape("another's name in the CN, no SAN", |p| {
        without(p, &[SAN]);
        with_common_names(p, &[OTHER]);
    }),
    shape("no CN", |p| with_common_names(p, &[])),
    shape("no CN, no SAN", |p| {
        without(p, &[SAN]);
        with_common_names(p, &[]);
    }),
    shape("two CNs, no SAN, the first right", |p| {
        without(p, &[SAN]);
        with_common_names(p, &[LAB_NAME, OTHER]);
    }),
    shape("two CNs, no SAN, the last right", |p| {
        without(p, &[SAN]);
        with_common_names(p, &[OTHER, LAB_NAME]);
    }),
    shape("a NUL in the CN, no SAN", |p| {
        without(p, &[SAN]);
        with_common_names(p, &["www.test.org\0.evil.example"]);
    }),
    shape("wildcard in the SAN", |p| p.set_extension(SAN, false, dns("*.test.org"))),
    shape("wildcard in the CN, no SAN", |p| {
        without(p, &[SAN]);
        with_common_names(p, &["*.test.org"]);
    }),
    shape("wildcard of part of a label", |p| p.set_extension(SAN, false, dns("w*.test.org"))),
    expecting("a.www.test.org", "wildcard two labels up", |p| p.set_extension(SAN, false, dns("*.test.org"))),
    expecting("test.org", "wildcard of a top-level domain", |p| p.set_extension(SAN, false, dns("*.org"))),
    shape("SAN in upper case", |p| p.set_extension(SAN, false, dns("WWW.TEST.ORG"))),
    shape("SAN with a final dot", |p| p.set_extension(SAN, false, dns("www.test.org."))),
    shape("SAN with an e-mail address only, the name in the CN", |p| {
        p.set_extension(SAN, false, names(&[(0x81, b"a@test.org")]));
    }),
    shape("SAN with an IP address only, the name in the CN", |p| {
        p.set_extension(SAN, false, names(&[(0x87, &[127, 0, 0, 1])]));
    }),
    shape("SAN with a URI only, the name in the CN", |p| {
        p.set_extension(SAN, false, names(&[(0x86, b"https://www.test.org/")]));
    }),
    expecting("127.0.0.1", "an IP address in the SAN", |p| {
        p.set_extension(SAN, false, names(&[(0x82, LAB_NAME.as_bytes()), (0x87, &[127, 0, 0, 1])]));
    }),
    expecting("127.0.0.1", "an IP address as a dNSName", |p| p.set_extension(SAN, false, dns("127.0.0.1"))),
    expecting("127.0.0.1", "an IP address in the CN, no SAN", |p| {
        without(p, &[SAN]);
        with_common_names(p, &["127.0.0.1"]);
    }),
    expecting("127.0.0.1", "an IP address nowhere", |_| {}),
    shape("no subject, SAN critical", |p| {
        p.subject = vec![0x30, 0];
        p.set_critical(SAN, true);
    }),
    shape("no subject, SAN not critical", |p| p.subject = vec![0x30, 0]),
    shape("expired", |p| p.not_after = at(OffsetDateTime::now_utc() - Duration::days(1))),
    shape("not yet valid", |p| p.not_before = at(OffsetDateTime::now_utc() + Duration::days(30))),
    shape("valid for 100 years", |p| p.not_after = at(OffsetDateTime::now_utc() + Duration::days(36_525))),
    shape("version 1", |p| {
        p.version = None;
        p.extensions.clear();
    }),
    shape("version 2", |p| {
        p.version = Some(1);
        p.extensions.clear();
    }),
    shape("serial number 0", |p| p.serial = vec![0]),
    shape("a negative serial number", |p| p.serial = vec![0x80, 1]),
    shape("a serial number of 21 bytes", |p| p.serial = vec![0x11; 21]),
    shape("valid in an hour", |p| p.not_before = at(OffsetDateTime::now_utc() + Duration::hours(1))),
    pinned("its own signature broken", |p| p.signature_edit = SignatureEdit::FlipBit(0)),
    pinned("issued by somebody unknown", |p| {
        p.issuer = Subject::lab().with_common_name("Nobody's CA").expect("a name").to_der();
        p.set_extension(AKI, false, [&[0x30, 22, 0x80, 20][..], &[7; 20]].concat());
    }),
    chain("intermediate expired", |c| {
        c.intermediate.not_after = at(OffsetDateTime::now_utc() - Duration::days(1));
    }),
    chain("intermediate not yet valid", |c| {
        c.intermediate.not_before = at(OffsetDateTime::now_utc() + Duration::days(30));
    }),
    chain("intermediate without key usage", |c| without(&mut c.intermediate, &[KU])),
    chain("intermediate without subject key identifier", |c| without(&mut c.intermediate, &[SKI])),
    chain("intermediate without authority key identifier", |c| without(&mut c.intermediate, &[AKI])),
    chain("intermediate without basic constraints", |c| without(&mut c.intermediate, &[BC])),
    chain("intermediate CA:FALSE", |c| c.intermediate.set_extension(BC, true, CA_FALSE)),
    chain("intermediate CA:TRUE not critical", |c| {
        c.intermediate.set_critical(BC, false);
    }),
    chain("intermediate with unreadable basic constraints", |c| c.intermediate.set_extension(BC, true, NULL)),
    chain("intermediate without keyCertSign", |c| {
        c.intermediate.set_extension(KU, true, key_usage(DIGITAL_SIGNATURE));
    }),
    chain("intermediate for clients only", |c| {
        c.intermediate.push_extension(EKU, false, purposes(&[CLIENT_AUTH]));
    }),
    chain("intermediate for any use", |c| c.intermediate.push_extension(EKU, false, purposes(&[ANY]))),
    chain("intermediate for no use", |c| c.intermediate.push_extension(EKU, false, purposes(&[]))),
    chain("intermediate with an unknown critical extension", |c| {
        c.intermediate.push_extension(NOBODYS, true, NULL);
    }),
    chain("intermediate with an unreadable key usage", |c| c.intermediate.set_extension(KU, true, NULL)),
    chain("intermediate with unreadable alternative names", |c| {
        c.intermediate.push_extension(SAN, false, NULL);
    }),
    chain("intermediate constrained to another domain, the name in the CN", |c| {
        without(&mut c.leaf, &[SAN]);
        c.intermediate.push_extension(NC, true, permitting(b"example.com"));
    }),
    chain("intermediate constrained to its domain, the name in the CN", |c| {
        without(&mut c.leaf, &[SAN]);
        c.intermediate.push_extension(NC, true, permitting(b"test.org"));
    }),
    chain("root without key usage", |c| without(&mut c.root, &[KU])),
    chain("root without subject key identifier", |c| without(&mut c.root, &[SKI])),
    chain("root without basic constraints", |c| without(&mut c.root, &[BC])),
    chain("root CA:FALSE", |c| c.root.set_extension(BC, true, CA_FALSE)),
    chain("root CA:TRUE not critical", |c| {
        c.root.set_critical(BC, false);
    }),
    chain("root without keyCertSign", |c| c.root.set_extension(KU, true, key_usage(DIGITAL_SIGNATURE))),
    chain("root for clients only", |c| c.root.push_extension(EKU, false, purposes(&[CLIENT_AUTH]))),
    chain("root for any use", |c| c.root.push_extension(EKU, false, purposes(&[ANY]))),
    chain("root for no use", |c| c.root.push_extension(EKU, false, purposes(&[]))),
    chain("root with an unknown critical extension", |c| c.root.push_extension(NOBODYS, true, NULL)),
    chain("root with an extension twice", |c| c.root.push_extension(BC, true, CA_TRUE)),
    chain("root of version 1", |c| {
        c.root.version = None;
        c.root.extensions.clear();
    }),
    chain("root of version 1 with extensions", |c| c.root.version = None),
    chain("root with its own signature broken", |c| c.root.signature_edit = SignatureEdit::FlipBit(0)),
    chain("root not yet valid", |c| c.root.not_before = at(OffsetDateTime::now_utc() + Duration::days(30))),
    chain("root with serial number 0", |c| c.root.serial = vec![0]),
    chain("root with unreadable alternative names", |c| c.root.push_extension(SAN, false, NULL)),
    chain("root with an unreadable key usage", |c| c.root.set_extension(KU, true, NULL)),
];

/// Extensions that some verifiers know and others do not, each with a value of its form.
pub(crate) const KNOWN_TO_SOME: &[(&str, Oid, &[u8])] = &[
    (
        "certificate policies",
        Oid::dotted("2.5.29.32"),
        &[0x30, 0x0a, 0x30, 0x08, 0x06, 0x06, 0x67, 0x81, 0x0c, 0x01, 0x02, 0x01],
    ),
    (
        "policy mappings",
        Oid::dotted("2.5.29.33"),
        &[
            0x30, 0x12, 0x30, 0x10, 0x06, 0x06, 0x67, 0x81, 0x0c, 0x01, 0x02, 0x01, 0x06, 0x06, 0x67, 0x81,
            0x0c, 0x01, 0x02, 0x02,
        ],
    ),
    ("policy constraints", Oid::dotted("2.5.29.36"), &[0x30, 0x03, 0x80, 0x01, 0x05]),
    ("inhibitAnyPolicy", Oid::dotted("2.5.29.54"), &[0x02, 0x01, 0x05]),
    (
        "CRL distribution points",
        Oid::dotted("2.5.29.31"),
        &[
            0x30, 0x16, 0x30, 0x14, 0xa0, 0x12, 0xa0, 0x10, 0x86, 0x0e, 0x68, 0x74, 0x74, 0x70, 0x3a, 0x2f,
            0x2f, 0x78, 0x2e, 0x74, 0x65, 0x73, 0x74, 0x2f,
        ],
    ),
    (
        "authority information access",
        Oid::dotted("1.3.6.1.5.5.7.1.1"),
        &[
            0x30, 0x1c, 0x30, 0x1a, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x86, 0x0e,
            0x68, 0x74, 0x74, 0x70, 0x3a, 0x2f, 0x2f, 0x78, 0x2e, 0x74, 0x65, 0x73, 0x74, 0x2f,
        ],
    ),
    ("OCSP no-check", Oid::dotted("1.3.6.1.5.5.7.48.1.5"), &[0x05, 0x00]),
    ("Netscape certificate type", Oid::dotted("2.16.840.1.113730.1.1"), &[0x03, 0x02, 0x06, 0x40]),
];

/// Those in which the kind of key matters.
pub(crate) fn key_shapes() -> impl Iterator<Item = &'static Shape> {
    SHAPES.iter().filter(|shape| shape.title == "healthy" || shape.title.starts_with("key usage"))
}

impl Shape {
    /// Whether it says something in this model.
    pub(crate) fn is_for(&self, model: Model) -> bool {
        match self.edit {
            Edit::Server(_) => true,
            Edit::Pinned(_) => model == Model::Pinned,
            Edit::Chain(_) => model == Model::Ca,
        }
    }

    /// Makes it with the workshop's kind of key, by these authorities where the server's is edited.
    pub(crate) fn make(&self, model: Model, workshop: &Workshop, by: &Authorities) -> Made {
        let edit = match self.edit {
            Edit::Server(edit) | Edit::Pinned(edit) => edit,
            // Keys of its own: who has seen one intermediate must not know another's issuer.
            Edit::Chain(edit) => return Workshop::new(KeyAlgorithm::EcP256).chain(edit).expect("a chain"),
        };
        let key = workshop.key(Role::Server).expect("a key");
        let info = key.public_key_info();
        match model {
            Model::Pinned => {
                let mut plan = Plan::draft(&request(), info, &Issuer::SelfSigned(&key)).expect("a plan");
                let issuer = plan.issuer.clone();
                edit(&mut plan);
                if plan.issuer == issuer {
                    plan.issuer.clone_from(&plan.subject);
                }
                let certificate = plan.sign(&key).expect("a certificate");
                Made { chain: vec![certificate.clone()], key, trusted: vec![certificate] }
            }
            Model::Ca => {
                let leaf = by.issue(info, edit, |plan| plan.sign(&by.key));
                Made { chain: vec![leaf, by.intermediate.clone()], key, trusted: vec![by.root.clone()] }
            }
        }
    }
}

/// A root and an intermediate, and the intermediate's key.
pub(crate) struct Authorities {
    pub(crate) root: CertificateDer<'static>,
    pub(crate) intermediate: CertificateDer<'static>,
    pub(crate) key: Arc<PrivateKey>,
}

impl Authorities {
    /// The workshop's.
    pub(crate) fn of(workshop: &Workshop) -> Self {
        let mut made = workshop.chain(|_| {}).expect("a chain");
        let key = workshop.key(Role::Intermediate).expect("a key");
        Self { root: made.trusted.remove(0), intermediate: made.chain.remove(1), key }
    }

    /// A healthy certificate of `info`, edited, issued by the intermediate.
    pub(crate) fn issue(
        &self,
        info: &[u8],
        edit: impl FnOnce(&mut Plan),
        sign: impl FnOnce(&Plan) -> Result<CertificateDer<'static>, IssueError>,
    ) -> CertificateDer<'static> {
        let issuer = Issuer::Ca { certificate: &self.intermediate, key: &self.key };
        let mut plan = Plan::draft(&request(), info, &issuer).expect("a plan");
        edit(&mut plan);
        sign(&plan).expect("a certificate")
    }
}

fn request() -> Request {
    let now = OffsetDateTime::now_utc().replace_nanosecond(0).expect("no nanosecond");
    Request {
        subject: Subject::lab(),
        names: vec![LAB_NAME.parse().expect("a name")],
        validity: Validity { not_before: now - Duration::days(60), not_after: now + Duration::days(300) },
        profile: Profile::Server,
    }
}
