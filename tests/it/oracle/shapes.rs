//! Certificates of every shape that verifiers differ about, in both trust models.
//!
//! A shape is an edit to the healthy server's plan; where the catalogue has that edit, it is the catalogue's. Pinned, the certificate is its own and only anchor; issued by a
//! private CA, a healthy intermediate and root stand above it.

use std::net::Ipv4Addr;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use time::{Duration, OffsetDateTime};
use tlslab::audit::catalogue::edit::{
    CA_FALSE, CA_TRUE, NOBODYS, dns, general_names, ip, key_usage, moment, name_constraints, purposes,
};
use tlslab::audit::catalogue::workshop::{Chain, Made, Role, Workshop};
use tlslab::audit::catalogue::{Dates, Fault, LAB_NAME, Maker, Setting, all};
use tlslab::pki::issue::{IssueError, Issuer, Plan, Profile, Request, SignatureEdit, Validity};
use tlslab::pki::key::{KeyAlgorithm, PrivateKey};
use tlslab::pki::oid::{
    ANY_PURPOSE as ANY, AUTHORITY_KEY_IDENTIFIER as AKI, BASIC_CONSTRAINTS as BC, CLIENT_AUTH, COMMON_NAME,
    EXTENDED_KEY_USAGE as EKU, KEY_USAGE as KU, NAME_CONSTRAINTS as NC, OCSP_SIGNING, Oid, SERVER_AUTH,
    SUBJECT_ALT_NAME as SAN, SUBJECT_KEY_IDENTIFIER as SKI, TLS_FEATURE,
};
use tlslab::pki::subject::Subject;
use tlslab::verify::{ExpectedName, Model};

use crate::lab::FUSE;

/// One edit to healthy plans.
pub(crate) struct Shape {
    /// What is peculiar about it.
    pub(crate) title: &'static str,
    /// The name that clients are to expect of it, where it is not the catalogue that says so.
    name: &'static str,
    edit: Edit,
}

/// Which plans are edited, in which models.
#[derive(Clone, Copy)]
enum Edit {
    /// As the catalogue's entry of this name does it: the server's in both, or any of a chain's.
    Catalogue(&'static str),
    /// The server's, in both.
    Server(fn(&mut Plan)),
    /// The server's, pinned.
    Pinned(fn(&mut Plan)),
    /// Any of a chain's.
    Chain(fn(&mut Chain)),
}

const fn catalogue(title: &'static str, id: &'static str) -> Shape {
    Shape { title, name: LAB_NAME, edit: Edit::Catalogue(id) }
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

const OTHER: &str = "www.example.com";

const DIGITAL_SIGNATURE: u8 = 0x80;
const KEY_ENCIPHERMENT: u8 = 0x20;
const KEY_AGREEMENT: u8 = 0x08;
const KEY_CERT_SIGN: u8 = 0x04;

/// What no extension here may be.
const NULL: [u8; 2] = [5, 0];

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
    catalogue("no key identifiers", "no-key-identifiers"),
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
    catalogue("CA:TRUE with a server's key usage", "ca-true-leaf"),
    shape("CA:TRUE not critical", |p| p.set_extension(BC, false, CA_TRUE)),
    shape("CA:FALSE not critical", |p| p.set_extension(BC, false, CA_FALSE)),
    shape("CA:FALSE written out", |p| p.set_extension(BC, true, [0x30, 3, 1, 1, 0])),
    catalogue("CA:FALSE with a path length", "path-length-on-leaf"),
    catalogue("CA:FALSE with keyCertSign", "cert-sign-on-leaf"),
    shape("no basic constraints, keyCertSign", |p| {
        without(p, &[BC]);
        p.set_extension(KU, true, key_usage(DIGITAL_SIGNATURE | KEY_CERT_SIGN));
    }),
    shape("key usage not critical", |p| {
        p.set_critical(KU, false);
    }),
    catalogue("key usage without digitalSignature", "no-digital-signature"),
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
    catalogue("extended key usage critical", "ok-eku-critical"),
    catalogue("extended key usage client only", "client-usage"),
    catalogue("extended key usage any only", "any-usage"),
    shape("extended key usage client and server", |p| {
        p.set_extension(EKU, false, purposes(&[CLIENT_AUTH, SERVER_AUTH]));
    }),
    shape("extended key usage client and any", |p| {
        p.set_extension(EKU, false, purposes(&[CLIENT_AUTH, ANY]));
    }),
    catalogue("unknown critical extension", "unknown-critical"),
    catalogue("unknown extension", "ok-noncritical-unknown"),
    shape("an extension twice", |p| {
        let again = p.extension(SAN).expect("a SAN").value.clone();
        p.push_extension(SAN, false, again);
    }),
    catalogue("authority key identifier critical", "critical-authority-key"),
    catalogue("authority key identifier of another key", "another-authority-key-identifier"),
    shape("authority key identifier unreadable", |p| p.set_extension(AKI, false, NULL)),
    shape("subject key identifier unreadable", |p| p.set_extension(SKI, false, NULL)),
    shape("basic constraints unreadable, not critical", |p| p.set_extension(BC, false, NULL)),
    shape("name constraints unreadable", |p| p.push_extension(NC, false, NULL)),
    shape("name constraints unreadable, critical", |p| p.push_extension(NC, true, NULL)),
    catalogue("must staple", "ok-must-staple"),
    shape("another TLS feature", |p| p.push_extension(TLS_FEATURE, false, [0x30, 3, 2, 1, 17])),
    shape("SAN unreadable, critical", |p| p.set_extension(SAN, true, NULL)),
    shape("SAN critical", |p| {
        p.set_critical(SAN, true);
    }),
    catalogue("no SAN, the name in the CN", "cn-only"),
    catalogue("another's name in CN and SAN", "wrong-cn"),
    catalogue("another's name in the SAN", "san-mismatch"),
    shape("another's name in the CN", |p| with_common_names(p, &[OTHER])),
    shape("another's name in the CN, no SAN", |p| {
        without(p, &[SAN]);
        with_common_names(p, &[OTHER]);
    }),
    catalogue("no CN", "ok-no-cn"),
    shape("no CN, no SAN", |p| {
        without(p, &[SAN]);
        with_common_names(p, &[]);
    }),
    catalogue("two CNs, no SAN, the first right", "two-cns"),
    shape("two CNs, no SAN, the last right", |p| {
        without(p, &[SAN]);
        with_common_names(p, &[OTHER, LAB_NAME]);
    }),
    catalogue("a NUL in the CN, no SAN", "nul-in-cn"),
    catalogue("wildcard in the SAN", "ok-wildcard"),
    shape("wildcard in the CN, no SAN", |p| {
        without(p, &[SAN]);
        with_common_names(p, &["*.test.org"]);
    }),
    catalogue("wildcard of part of a label", "wildcard-partial"),
    catalogue("wildcard two labels up", "wildcard-two-labels"),
    catalogue("wildcard of a top-level domain", "wildcard-public-suffix"),
    catalogue("SAN in upper case", "ok-upper-case"),
    shape("SAN with a final dot", |p| p.set_extension(SAN, false, general_names(&[dns("www.test.org.")]))),
    catalogue("SAN with an e-mail address only, the name in the CN", "cn-beside-email"),
    shape("SAN with an IP address only, the name in the CN", |p| {
        p.set_extension(SAN, false, general_names(&[ip(Ipv4Addr::LOCALHOST.into())]));
    }),
    catalogue("SAN with a URI only, the name in the CN", "cn-beside-uri"),
    expecting("127.0.0.1", "an IP address in the SAN", |p| {
        p.set_extension(SAN, false, general_names(&[dns(LAB_NAME), ip(Ipv4Addr::LOCALHOST.into())]));
    }),
    expecting("127.0.0.1", "an IP address as a dNSName", |p| {
        p.set_extension(SAN, false, general_names(&[dns("127.0.0.1")]));
    }),
    catalogue("an IP address in the CN, no SAN", "ip-in-cn"),
    expecting("127.0.0.1", "an IP address nowhere", |_| {}),
    catalogue("no subject, SAN critical", "ok-no-subject"),
    catalogue("no subject, SAN not critical", "san-not-critical"),
    catalogue("expired", "expired"),
    catalogue("not yet valid", "not-yet-valid"),
    shape("valid for 100 years", |p| {
        p.not_after = moment(OffsetDateTime::now_utc() + Duration::days(36_525));
    }),
    catalogue("version 1", "v1"),
    shape("version 2", |p| {
        p.version = Some(1);
        p.extensions.clear();
    }),
    catalogue("serial number 0", "serial-zero"),
    catalogue("a negative serial number", "serial-negative"),
    catalogue("a serial number of 21 bytes", "serial-too-long"),
    shape("valid in an hour", |p| p.not_before = moment(OffsetDateTime::now_utc() + Duration::hours(1))),
    pinned("its own signature broken", |p| p.signature_edit = SignatureEdit::FlipBit(0)),
    pinned("issued by somebody unknown", |p| {
        p.issuer = Subject::lab().with_common_name("Nobody's CA").expect("a name").to_der();
        p.set_extension(AKI, false, [&[0x30, 22, 0x80, 20][..], &[7; 20]].concat());
    }),
    catalogue("intermediate expired", "chain-expired-intermediate"),
    catalogue("intermediate not yet valid", "chain-early-intermediate"),
    chain("intermediate without key usage", |c| without(&mut c.intermediate, &[KU])),
    chain("intermediate without subject key identifier", |c| without(&mut c.intermediate, &[SKI])),
    catalogue("intermediate without authority key identifier", "issuer-no-authority-key-identifier"),
    catalogue("intermediate without basic constraints", "issuer-no-constraints"),
    catalogue("intermediate CA:FALSE", "issuer-ca-false"),
    chain("intermediate CA:TRUE not critical", |c| {
        c.intermediate.set_critical(BC, false);
    }),
    chain("intermediate with unreadable basic constraints", |c| c.intermediate.set_extension(BC, true, NULL)),
    catalogue("intermediate without keyCertSign", "issuer-no-cert-sign"),
    catalogue("intermediate for clients only", "issuer-client-usage"),
    chain("intermediate for any use", |c| c.intermediate.push_extension(EKU, false, purposes(&[ANY]))),
    chain("intermediate for no use", |c| c.intermediate.push_extension(EKU, false, purposes(&[]))),
    catalogue("intermediate with an unknown critical extension", "issuer-unknown-critical"),
    chain("intermediate with an unreadable key usage", |c| c.intermediate.set_extension(KU, true, NULL)),
    chain("intermediate with unreadable alternative names", |c| {
        c.intermediate.push_extension(SAN, false, NULL);
    }),
    catalogue("intermediate constrained to another domain, the name in the CN", "constraints-cn-only"),
    chain("intermediate constrained to its domain, the name in the CN", |c| {
        without(&mut c.leaf, &[SAN]);
        c.intermediate.push_extension(NC, true, name_constraints(&[dns("test.org")], &[]));
    }),
    chain("root without key usage", |c| without(&mut c.root, &[KU])),
    catalogue("root without subject key identifier", "root-no-subject-key-identifier"),
    chain("root without basic constraints", |c| without(&mut c.root, &[BC])),
    chain("root CA:FALSE", |c| c.root.set_extension(BC, true, CA_FALSE)),
    catalogue("root CA:TRUE not critical", "root-constraints-not-critical"),
    chain("root without keyCertSign", |c| c.root.set_extension(KU, true, key_usage(DIGITAL_SIGNATURE))),
    catalogue("root for clients only", "root-client-usage"),
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
    chain("root not yet valid", |c| {
        c.root.not_before = moment(OffsetDateTime::now_utc() + Duration::days(30));
    }),
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
    /// The name that clients are to expect of it.
    pub(crate) fn name(&self) -> ExpectedName {
        match self.edit {
            Edit::Catalogue(id) => {
                entry(id).name_for(&Setting::lab().name).expect("the lab's name has every other")
            }
            _ => self.name.parse().expect("a name"),
        }
    }

    /// Whether it says something in this model.
    pub(crate) fn is_for(&self, model: Model) -> bool {
        match self.edit {
            Edit::Catalogue(id) => model == Model::Ca || matches!(entry(id).maker, Maker::Leaf(_)),
            Edit::Server(_) => true,
            Edit::Pinned(_) => model == Model::Pinned,
            Edit::Chain(_) => model == Model::Ca,
        }
    }

    /// Makes it with the workshop's kind of key, by these authorities where the server's is edited.
    pub(crate) fn make(&self, model: Model, workshop: &Workshop, by: &Authorities) -> Made {
        let name = self.name();
        // Keys of its own: who has seen one intermediate must not know another's issuer.
        let chain =
            |edit: &dyn Fn(&mut Chain)| Workshop::new(KeyAlgorithm::EcP256).chain(edit).expect("a chain");
        match self.edit {
            Edit::Server(edit) | Edit::Pinned(edit) => {
                // What is edited is the lab's own, whatever clients expect.
                served(&Setting::lab().name, edit, model, workshop, by)
            }
            Edit::Chain(edit) => chain(&edit),
            Edit::Catalogue(id) => match entry(id).maker {
                Maker::Leaf(edit) => {
                    let setting = Setting { name, dates: Dates::live(OffsetDateTime::now_utc(), FUSE) };
                    served(&setting.name, |plan| edit(plan, &setting), model, workshop, by)
                }
                Maker::Chain(edit) => chain(&|plans| edit(plans, &Setting::lab())),
                Maker::Plan(_) | Maker::Openssl(_) => panic!("{id} is not one edit"),
            },
        }
    }
}

/// The first entry of this name.
fn entry(name: &str) -> &'static Fault {
    all().iter().find(|fault| fault.id.name == name).unwrap_or_else(|| panic!("the catalogue has no {name}"))
}

/// A healthy server's certificate, edited, in this model.
fn served(
    name: &ExpectedName,
    edit: impl FnOnce(&mut Plan),
    model: Model,
    workshop: &Workshop,
    by: &Authorities,
) -> Made {
    let key = workshop.key(Role::Server).expect("a key");
    let info = key.public_key_info();
    match model {
        Model::Pinned => {
            let mut plan = Plan::draft(&request(name), info, &Issuer::SelfSigned(&key)).expect("a plan");
            let issuer = plan.issuer.clone();
            edit(&mut plan);
            if plan.issuer == issuer {
                plan.issuer.clone_from(&plan.subject);
            }
            let certificate = plan.sign(&key).expect("a certificate");
            Made { chain: vec![certificate.clone()], key, trusted: vec![certificate] }
        }
        Model::Ca => {
            let leaf = by.issue(name, info, edit, |plan| plan.sign(&by.key));
            Made { chain: vec![leaf, by.intermediate.clone()], key, trusted: vec![by.root.clone()] }
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

    /// A healthy certificate of this name and of `info`, edited, issued by the intermediate.
    pub(crate) fn issue(
        &self,
        name: &ExpectedName,
        info: &[u8],
        edit: impl FnOnce(&mut Plan),
        sign: impl FnOnce(&Plan) -> Result<CertificateDer<'static>, IssueError>,
    ) -> CertificateDer<'static> {
        let issuer = Issuer::Ca { certificate: &self.intermediate, key: &self.key };
        let mut plan = Plan::draft(&request(name), info, &issuer).expect("a plan");
        edit(&mut plan);
        sign(&plan).expect("a certificate")
    }
}

fn request(name: &ExpectedName) -> Request {
    let now = OffsetDateTime::now_utc().replace_nanosecond(0).expect("no nanosecond");
    let name = name.to_string();
    Request {
        subject: Subject::lab().with_unchecked_common_name(&name),
        names: vec![name.parse().expect("a name")],
        validity: Validity { not_before: now - Duration::days(60), not_after: now + Duration::days(300) },
        profile: Profile::Server,
    }
}
