//! Name constraints (RFC 5280 §4.2.1.10): a CA that keeps to its own corner, and one that does not.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::super::edit::{
    NAME_CONSTRAINTS, Name, dns, general_name, ip, name_constraints, proving, set_common_name, set_names,
};
use super::super::fault::{Fault, Grade};
use super::super::setting::{Asked, Setting};
use super::super::workshop::Chain;
use crate::pki::oid;
use crate::pki::subject::Subject;
use crate::verify::ExpectedName;
use crate::verify::Reason::{Untrusted, WrongName};

const LIMITED: &str = "a CA that was limited to its own corner issues certificates for everybody else";
const WITHIN: &str = "none; a client that refuses it refuses what the CA may issue";

const APPLY: &str = "use a verifier that applies name constraints to every name of the leaf, or refuse a CA that has them \
                     (they are critical)";

pub(super) fn faults() -> Vec<Fault> {
    [kept(), broken(), of_addresses(), escaped(), of_another_name(), heavy()].concat()
}

fn fault(name: &'static str, title: &'static str) -> Fault {
    Fault::under_ca(name, title, "RFC 5280 §4.2.1.10, §6.1.4 (g)", LIMITED).refused(&[Untrusted]).fix(APPLY)
}

fn kept() -> Vec<Fault> {
    let fault =
        |name, title| Fault { attack: WITHIN, ..fault(name, title) }.grade(Grade::MustAccept).refused(&[]);
    vec![
        fault("ok-constraints", "nothing: the intermediate may issue for the host's domain")
            .asked(Asked::Host(2))
            .chain(|chain, lab| constrain(chain, &[dns(lab.parent())], &[])),
        fault("ok-constraints-excluded", "nothing: the intermediate may not issue for another domain")
            .chain(|chain, lab| constrain(chain, &[], &[dns(lab.other_domain())])),
        fault("ok-constraints-ip", "nothing: the intermediate may issue for the server's network")
            .asked(Asked::Address)
            .chain(|chain, lab| constrain(chain, &[own_network(lab)], &[])),
        fault(
            "ok-constraints-other-kind",
            "nothing: the intermediate is limited in addresses, the leaf has none",
        )
        .asked(Asked::Host(1))
        .chain(|chain, _| constrain(chain, &[loopback()], &[])),
    ]
}

fn broken() -> Vec<Fault> {
    vec![
        fault("constraints-not-permitted", "the intermediate may issue for another domain only")
            .asked(Asked::Host(1))
            .chain(|chain, lab| constrain(chain, &[dns(lab.other_domain())], &[])),
        fault("constraints-excluded", "the intermediate may not issue for the host's domain")
            .asked(Asked::Host(2))
            .chain(|chain, lab| constrain(chain, &[], &[dns(lab.parent())])),
        Fault {
            citation: "RFC 5280 §4.2.1.10; CVE-2025-61727",
            ..fault("constraints-excluded-wildcard", "a wildcard stands for the one name that is excluded")
        }
        .asked(Asked::Host(3))
        .chain(|chain, lab| {
            constrain(chain, &[], &[proving(&lab.name)]);
            set_names(&mut chain.leaf, &[dns(format!("*.{}", lab.parent()))]);
        }),
        fault("constraints-of-the-root", "the trusted root may issue for another domain only")
            .grade(Grade::ShouldReject)
            .asked(Asked::Host(1))
            .chain(|chain, lab| {
                let value = name_constraints(&[dns(lab.other_domain())], &[]);
                chain.root.push_extension(NAME_CONSTRAINTS, true, value);
            }),
        fault("constraints-directory", "the intermediate may issue for C=US only, the subject is in C=AU")
            .chain(|chain, _| constrain(chain, &[directory("/C=US")], &[])),
        fault("constraints-cn-only", "no SAN, and the CN is not permitted")
            .asked(Asked::Host(1))
            .webpki(&[WrongName])
            .chain(|chain, lab| {
                constrain(chain, &[dns(lab.other_domain())], &[]);
                chain.leaf.remove_extension(oid::SUBJECT_ALT_NAME);
            }),
    ]
}

fn of_addresses() -> Vec<Fault> {
    vec![
        fault("constraints-ip-not-permitted", "the intermediate may issue for another network only")
            .asked(Asked::Address)
            .chain(|chain, lab| constrain(chain, &[other_network(lab)], &[])),
        fault("constraints-ip-excluded", "the intermediate may not issue for the server's network")
            .asked(Asked::Address)
            .chain(|chain, lab| constrain(chain, &[], &[own_network(lab)])),
    ]
}

/// Ways around a constraint that advisories tell of.
fn escaped() -> Vec<Fault> {
    vec![
        fault("constraints-excluded-case", "what is excluded is the host's domain in upper case")
            .asked(Asked::Host(2))
            .chain(|chain, lab| constrain(chain, &[], &[dns(lab.parent().to_ascii_uppercase())])),
        fault("constraints-excluded-then-permitted", "the host's domain is excluded, the host permitted")
            .asked(Asked::Host(2))
            .chain(|chain, lab| constrain(chain, &[proving(&lab.name)], &[dns(lab.parent())])),
        fault("constraints-trailing-dot", "the host's domain is excluded, the leaf's name ends in a dot")
            .asked(Asked::Host(2))
            .lab(&[Untrusted])
            .webpki(&[Untrusted, WrongName])
            .chain(|chain, lab| {
                constrain(chain, &[], &[dns(lab.parent())]);
                set_names(&mut chain.leaf, &[dns(format!("{}.", lab.name))]);
            }),
        fault("constraints-cn-beside-ip", "the SAN is an address, the CN is not permitted")
            .asked(Asked::Host(1))
            .refused(&[WrongName])
            .chain(|chain, lab| {
                constrain(chain, &[dns(lab.other_domain())], &[]);
                set_names(&mut chain.leaf, &[ip(Ipv4Addr::LOCALHOST.into())]);
            }),
        fault("constraints-cn-wildcard", "no SAN, and the CN is a wildcard for what is excluded")
            .asked(Asked::Host(3))
            .lab(&[Untrusted, WrongName])
            .webpki(&[WrongName])
            .chain(|chain, lab| {
                constrain(chain, &[], &[dns(lab.parent())]);
                set_common_name(&mut chain.leaf, &format!("*.{}", lab.parent()));
                chain.leaf.remove_extension(oid::SUBJECT_ALT_NAME);
            }),
        fault("constraints-directory-inside", "what is permitted is in the midst of the subject")
            .chain(|chain, _| constrain(chain, &[directory("/O=Test Organisation")], &[])),
        fault("constraints-empty-dns", "a constraint, and an empty dNSName beside the host's")
            .grade(Grade::Policy)
            .asked(Asked::Host(2))
            .chain(|chain, lab| {
                constrain(chain, &[dns(lab.parent())], &[]);
                set_names(&mut chain.leaf, &[dns(""), proving(&lab.name)]);
            }),
        fault("constraints-permitted-wildcard", "the host is permitted, the leaf has a wildcard beside it")
            .asked(Asked::Host(3))
            .chain(|chain, lab| {
                constrain(chain, &[proving(&lab.name)], &[]);
                set_names(&mut chain.leaf, &[dns(format!("*.{}", lab.parent()))]);
            }),
    ]
}

/// What is not permitted is not the name that the client asks for.
fn of_another_name() -> Vec<Fault> {
    let fault = |name, title| {
        Fault { citation: "RFC 5280 §4.2.1.10, §6.1.3 (b, c)", ..fault(name, title) }
            .grade(Grade::ShouldReject)
            .asked(Asked::Host(2))
    };
    vec![
        fault("constraints-other-name", "another name of the certificate is not permitted").chain(
            |chain, lab| {
                constrain(chain, &[dns(lab.parent())], &[]);
                set_names(&mut chain.leaf, &[proving(&lab.name), proving(&lab.other())]);
            },
        ),
        fault("constraints-other-ip", "an address of the certificate is not permitted").chain(
            |chain, lab| {
                constrain(chain, &[documentation()], &[]);
                set_names(&mut chain.leaf, &[proving(&lab.name), ip(Ipv4Addr::LOCALHOST.into())]);
            },
        ),
        fault("constraints-uri", "a URI of the certificate is not permitted").chain(|chain, lab| {
            constrain(chain, &[(general_name::URI, b".permitted.example".to_vec())], &[]);
            let uri = (general_name::URI, b"https://www.evil.example/".to_vec());
            set_names(&mut chain.leaf, &[proving(&lab.name), uri]);
        }),
        fault("constraints-email-two", "an e-mail address is in the second of two excluded domains").chain(
            |chain, lab| {
                constrain(chain, &[], &[email("one.example"), email("two.example")]);
                set_names(&mut chain.leaf, &[proving(&lab.name), email("a@two.example")]);
            },
        ),
        fault("constraints-email-subdomain", "hosts below a domain are permitted, an address is at it")
            .chain(|chain, lab| {
                constrain(chain, &[email(".permitted.example")], &[]);
                set_names(&mut chain.leaf, &[proving(&lab.name), email("a@permitted.example")]);
            }),
        Fault {
            attack: WITHIN,
            ..fault("ok-constraints-cn", "nothing: the CN would not be permitted, and it is no identity")
        }
        .grade(Grade::ShouldAccept)
        .webpki(&[])
        .lab(&[WrongName])
        .chain(|chain, lab| {
            constrain(chain, &[dns(lab.parent())], &[]);
            set_common_name(&mut chain.leaf, &lab.other());
        }),
    ]
}

/// What keeps a client busy.
fn heavy() -> Vec<Fault> {
    vec![
        Fault::under_ca(
            "constraints-bomb",
            "a thousand subtrees, none of which is near, and a thousand names",
            "RFC 5280 §6.1.4 (g), a bound of tlslab's",
            "a client that compares each with each is kept busy by anybody (CVE-2025-58187)",
        )
        .fix("bound the names times the subtrees that are compared, and refuse what is beyond")
        .grade(Grade::Policy)
        .refused(&[Untrusted])
        .chain(|chain, lab| {
            let subtrees: Vec<_> =
                (0..1000).map(|number| dns(format!("{number}.excluded.example"))).collect();
            let names = (0..1000).map(|number| dns(format!("{number}.names.example")));
            constrain(chain, &[], &subtrees);
            set_names(&mut chain.leaf, &names.chain([proving(&lab.name)]).collect::<Vec<_>>());
        }),
    ]
}

/// A constraint of e-mail addresses, or an address.
fn email(address: &str) -> Name {
    (general_name::EMAIL, address.as_bytes().to_vec())
}

/// A constraint of distinguished names. The texts are constants, and names.
fn directory(subject: &str) -> Name {
    let subject = subject.parse().map(|subject: Subject| subject.to_der());
    (general_name::DIRECTORY, subject.unwrap_or_default())
}

/// 127.0.0.0/8.
fn loopback() -> Name {
    network(Ipv4Addr::new(127, 0, 0, 0).into(), 1)
}

/// 192.0.2.0/24, which is for documents (RFC 5737).
fn documentation() -> Name {
    network(Ipv4Addr::new(192, 0, 2, 0).into(), 3)
}

/// An address, and a mask of so many bytes (RFC 5280 §4.2.1.10).
fn network(address: IpAddr, bytes: usize) -> Name {
    let (tag, base) = ip(address);
    let kept = base.iter().enumerate().map(|(place, byte)| if place < bytes { *byte } else { 0 });
    let mask = (0..base.len()).map(|place| if place < bytes { 0xff } else { 0 });
    (tag, kept.chain(mask).collect())
}

/// The network that the expected address is in: its first byte in IPv4, the whole address in IPv6.
fn own_network(lab: &Setting) -> Name {
    match lab.name {
        ExpectedName::Ip(address @ IpAddr::V6(_)) => network(address, 16),
        ExpectedName::Ip(address) => network(address, 1),
        _ => loopback(),
    }
}

/// A network that the expected address is not in.
fn other_network(lab: &Setting) -> Name {
    match (&lab.name, lab.other()) {
        (ExpectedName::Ip(IpAddr::V4(_)), ExpectedName::Ip(other)) => network(other, 3),
        (ExpectedName::Ip(IpAddr::V6(_)), _) => {
            network(Ipv6Addr::new(0x2001, 0xdb8, 1, 0, 0, 0, 0, 0).into(), 6)
        }
        _ => documentation(),
    }
}

fn constrain(chain: &mut Chain, permitted: &[Name], excluded: &[Name]) {
    chain.intermediate.push_extension(NAME_CONSTRAINTS, true, name_constraints(permitted, excluded));
}
