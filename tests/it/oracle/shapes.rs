//! Certificates of every shape that verifiers differ about, in both trust models.
//!
//! A shape is an edit to the healthy server's plan. Pinned, the certificate is its own and only anchor; issued by a
//! private CA, a healthy intermediate and root stand above it.

use der::asn1::ObjectIdentifier;
use rustls::pki_types::CertificateDer;
use time::{Duration, OffsetDateTime};
use tlslab::audit::workshop::{LAB_NAME, Made, Role, Workshop};
use tlslab::pki::issue::extension::{
    AUTHORITY_KEY_IDENTIFIER as AKI, BASIC_CONSTRAINTS as BC, EXTENDED_KEY_USAGE as EKU, KEY_USAGE as KU,
    SUBJECT_ALT_NAME as SAN, SUBJECT_KEY_IDENTIFIER as SKI,
};
use tlslab::pki::issue::{IssueError, Issuer, Plan, Profile, Request, SignatureEdit, Time, Validity};
use tlslab::pki::key::PrivateKey;
use tlslab::pki::subject::Subject;
use tlslab::verify::who::Model;

/// One edit to a healthy plan.
pub(crate) struct Shape {
    /// What is peculiar about it.
    pub(crate) title: &'static str,
    /// The name that clients are to expect of it.
    pub(crate) name: &'static str,
    edit: fn(&mut Plan),
    of: Of,
}

/// Which certificate is edited, in which models.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    /// The server's, in both.
    Server,
    /// The server's, pinned.
    Pinned,
    /// The intermediate's.
    Intermediate,
}

const fn shape(title: &'static str, edit: fn(&mut Plan)) -> Shape {
    Shape { title, name: LAB_NAME, edit, of: Of::Server }
}

const fn expecting(name: &'static str, title: &'static str, edit: fn(&mut Plan)) -> Shape {
    Shape { title, name, edit, of: Of::Server }
}

const fn pinned(title: &'static str, edit: fn(&mut Plan)) -> Shape {
    Shape { title, name: LAB_NAME, edit, of: Of::Pinned }
}

const fn intermediate(title: &'static str, edit: fn(&mut Plan)) -> Shape {
    Shape { title, name: LAB_NAME, edit, of: Of::Intermediate }
}

const CA_TRUE: [u8; 5] = [0x30, 3, 1, 1, 0xff];
const CA_FALSE: [u8; 2] = [0x30, 0];
const OTHER: &str = "www.example.com";

/// An element of fewer than 128 octets.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    [&[tag, u8::try_from(content.len()).expect("a short element")][..], content].concat()
}

/// keyUsage with these bits of its first octet.
fn key_usage(bits: u8) -> Vec<u8> {
    let unused = if bits == 0 { 0 } else { u8::try_from(bits.trailing_zeros()).expect("at most 7") };
    vec![3, 2, unused, bits]
}

const DIGITAL_SIGNATURE: u8 = 0x80;
const KEY_ENCIPHERMENT: u8 = 0x20;
const KEY_AGREEMENT: u8 = 0x08;
const KEY_CERT_SIGN: u8 = 0x04;

/// extKeyUsage: each purpose's OID content.
fn purposes(list: &[&[u8]]) -> Vec<u8> {
    element(0x30, &list.iter().flat_map(|oid| element(6, oid)).collect::<Vec<u8>>())
}

const SERVER_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 1];
const CLIENT_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 2];
const ANY: &[u8] = &[0x55, 0x1d, 0x25, 0];

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

fn without(plan: &mut Plan, gone: &[ObjectIdentifier]) {
    for oid in gone {
        plan.remove_extension(*oid);
    }
}

fn with_common_names(plan: &mut Plan, common_names: &[&str]) {
    const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
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
        p.push_extension(ObjectIdentifier::new_unwrap("2.25.987654321"), true, [5, 0]);
    }),
    shape("unknown extension", |p| {
        p.push_extension(ObjectIdentifier::new_unwrap("2.25.987654321"), false, [5, 0]);
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
    shape("serial number 0", |p| p.serial = vec![0]),
    shape("a negative serial number", |p| p.serial = vec![0x80, 1]),
    shape("a serial number of 21 octets", |p| p.serial = vec![0x11; 21]),
    shape("valid in an hour", |p| p.not_before = at(OffsetDateTime::now_utc() + Duration::hours(1))),
    pinned("its own signature broken", |p| p.signature_edit = SignatureEdit::FlipBit(0)),
    pinned("issued by somebody unknown", |p| {
        p.issuer = Subject::lab().with_common_name("Nobody's CA").expect("a name").to_der();
        p.set_extension(AKI, false, [&[0x30, 22, 0x80, 20][..], &[7; 20]].concat());
    }),
    intermediate("intermediate expired", |p| p.not_after = at(OffsetDateTime::now_utc() - Duration::days(1))),
    intermediate("intermediate not yet valid", |p| {
        p.not_before = at(OffsetDateTime::now_utc() + Duration::days(30));
    }),
    intermediate("intermediate without key usage", |p| without(p, &[KU])),
    intermediate("intermediate without subject key identifier", |p| without(p, &[SKI])),
    intermediate("intermediate without authority key identifier", |p| without(p, &[AKI])),
    intermediate("intermediate without basic constraints", |p| without(p, &[BC])),
    intermediate("intermediate CA:FALSE", |p| p.set_extension(BC, true, CA_FALSE)),
    intermediate("intermediate CA:TRUE not critical", |p| {
        p.set_critical(BC, false);
    }),
    intermediate("intermediate without keyCertSign", |p| {
        p.set_extension(KU, true, key_usage(DIGITAL_SIGNATURE));
    }),
    intermediate("intermediate for clients only", |p| p.push_extension(EKU, false, purposes(&[CLIENT_AUTH]))),
    intermediate("intermediate for any use", |p| p.push_extension(EKU, false, purposes(&[ANY]))),
    intermediate("intermediate with an unknown critical extension", |p| {
        p.push_extension(ObjectIdentifier::new_unwrap("2.25.987654321"), true, [5, 0]);
    }),
];

/// Those in which the kind of key matters.
pub(crate) fn key_shapes() -> impl Iterator<Item = &'static Shape> {
    SHAPES.iter().filter(|shape| shape.title == "healthy" || shape.title.starts_with("key usage"))
}

impl Shape {
    /// Whether it says something in this model.
    pub(crate) fn is_for(&self, model: Model) -> bool {
        match self.of {
            Of::Server => true,
            Of::Pinned => model == Model::Pinned,
            Of::Intermediate => model == Model::CaIssued,
        }
    }

    /// Makes it, with the workshop's kind of key.
    pub(crate) fn make(&self, model: Model, workshop: &mut Workshop) -> Made {
        let key = workshop.key(Role::Server).expect("a key");
        let info = key.public_key_info().to_vec();
        match model {
            Model::Pinned => {
                let mut plan = Plan::draft(&request(), &info, &Issuer::SelfSigned(&key)).expect("a plan");
                let issuer = plan.issuer.clone();
                (self.edit)(&mut plan);
                if plan.issuer == issuer {
                    plan.issuer.clone_from(&plan.subject);
                }
                let certificate = plan.sign(&key).expect("a certificate");
                Made { chain: vec![certificate.clone()], key, trusted: vec![certificate] }
            }
            Model::CaIssued if self.of == Of::Intermediate => {
                workshop.chain(|chain| (self.edit)(&mut chain.intermediate)).expect("a chain")
            }
            Model::CaIssued => {
                let (root, intermediate, issuing_key) = authorities(workshop);
                let leaf =
                    issued(&info, &intermediate, &issuing_key, self.edit, |plan| plan.sign(&issuing_key));
                Made { chain: vec![leaf, intermediate], key, trusted: vec![root] }
            }
        }
    }
}

/// A healthy certificate of `info`, edited, issued by the intermediate.
pub(crate) fn issued(
    info: &[u8],
    intermediate: &CertificateDer<'_>,
    key: &PrivateKey,
    edit: impl FnOnce(&mut Plan),
    sign: impl FnOnce(&Plan) -> Result<CertificateDer<'static>, IssueError>,
) -> CertificateDer<'static> {
    let issuer = Issuer::Ca { certificate: intermediate, key };
    let mut plan = Plan::draft(&request(), info, &issuer).expect("a plan");
    edit(&mut plan);
    sign(&plan).expect("a certificate")
}

/// The workshop's root and intermediate, always the same within one workshop but for serial numbers.
pub(crate) fn authorities(
    workshop: &mut Workshop,
) -> (CertificateDer<'static>, CertificateDer<'static>, std::sync::Arc<PrivateKey>) {
    let mut made = workshop.chain(|_| {}).expect("a chain");
    let key = workshop.key(Role::Intermediate).expect("a key");
    (made.trusted.remove(0), made.chain.remove(1), key)
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
