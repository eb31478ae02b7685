//! Names: is it this server's certificate at all?

use super::super::edit::{dns, ip, proving, set_common_name, set_host, set_names, set_subject};
use super::super::fault::{Fault, Grade};
use super::super::setting::Asked;
use super::twins::each_both;
use crate::pki::issue::Plan;
use crate::pki::oid;
use crate::pki::subject::Subject;
use crate::verify::ExpectedName;
use crate::verify::Reason::{Malformed, WrongName};

const ANYBODY: &str = "whoever has any certificate of the same trust impersonates this server";
const TRUNCATED: &str =
    "a client that compares as C strings do takes an attacker's name for this one (CVE-2009-2408)";
const WILDCARD: &str = "a certificate for one name of a domain speaks for names that it was not issued for";
const SMUGGLED: &str =
    "a CA that checks one kind of name certifies another: the client reads what nobody has verified";
const FREE_TEXT: &str = "a CN is free text that CAs check less than names";

const CHECK: &str = "turn host name verification on, with the name that was asked for: a trusted chain alone says nothing \
                     about whose certificate it is";
const WHOLE: &str = "compare whole names, label by label and byte by byte, with the TLS library's own function: no \
                     substrings, no suffixes, no C strings";
const SAN_ONLY: &str = "where there is a SAN, look nowhere else; without one, refuse (RFC 9525 §6.3)";
const STAR: &str = "take a wildcard as the whole left-most label only, for exactly one label (RFC 9525 §6.3)";
const ADDRESS: &str = "compare an IP address with iPAddress entries only, all its bytes (RFC 9525 §6.5)";

pub(super) fn faults() -> Vec<Fault> {
    [names(), common_names(), wildcards(), addresses(), unreadable(), matters_of_policy()].concat()
}

fn names() -> Vec<Fault> {
    let fault = |name, title, citation, attack| {
        Fault::new(name, title, citation, attack).refused(&[WrongName]).fix(CHECK)
    };
    let domain = |name, title, attack| fault(name, title, "RFC 9525 §6.3", attack).fix(WHOLE);
    each_both([
        fault("wrong-cn", "CN and SAN are another host's", "RFC 9525 §6", ANYBODY)
            .leaf(|plan, lab| {
                set_common_name(plan, &lab.other());
                set_names(plan, &[proving(&lab.other())]);
            })
            .fixture(),
        fault("san-mismatch", "the CN is right, the SAN another host's", "RFC 9525 §6.3", ANYBODY)
            .fix(SAN_ONLY)
            .leaf(|plan, lab| set_names(plan, &[proving(&lab.other())]))
            .fixture(),
        domain("parent-domain", "for the domain above the host", WILDCARD).asked(Asked::Host(2)).leaf(
            |plan, lab| {
                set_common_name(plan, &lab.parent());
                set_host(plan, &lab.parent());
            },
        ),
        domain("child-domain", "for a name below the host's", WILDCARD)
            .asked(Asked::Host(1))
            .leaf(|plan, lab| set_both(plan, &format!("a.{}", lab.name))),
        domain("name-as-suffix", "for a name that ends in the host's", ANYBODY)
            .asked(Asked::Host(1))
            .leaf(|plan, lab| set_both(plan, &format!("evil{}", lab.name))),
        domain("name-as-prefix", "for a name that begins with the host's", ANYBODY)
            .asked(Asked::Host(1))
            .leaf(|plan, lab| set_both(plan, &format!("{}.evil.example", lab.name))),
    ])
}

/// CN and SAN alike, so that a client which reads either is told the same.
fn set_both(plan: &mut Plan, name: &str) {
    set_common_name(plan, &name);
    set_host(plan, name);
}

fn common_names() -> Vec<Fault> {
    each_both([
        Fault::new("cn-only", "no SAN, the name is in the CN only", "RFC 9525 §6.3", FREE_TEXT)
            .grade(Grade::Policy)
            .webpki(&[WrongName])
            .fix(SAN_ONLY)
            .leaf(|plan, _| {
                plan.remove_extension(oid::SUBJECT_ALT_NAME);
            })
            .fixture(),
        // What a C string comparison reads as the host's. Without a SAN, so that the CN is all there is to read.
        Fault::new(
            "nul-in-cn",
            "the CN is the host's name, a NUL and more",
            "RFC 9525 §6.3; CVE-2009-2408",
            TRUNCATED,
        )
        .refused(&[WrongName])
        .fix(WHOLE)
        .leaf(|plan, lab| {
            plan.remove_extension(oid::SUBJECT_ALT_NAME);
            set_common_name(plan, &format!("{}\0.evil.example", lab.name));
        })
        .fixture(),
        Fault::new(
            "two-cns",
            "two CNs, one of them right",
            "RFC 6125 §1.8, the lab's rule of one CN",
            "clients that look at different ones of the CNs see different servers",
        )
        .refused(&[WrongName])
        .fix("refuse a subject with more than one CN, or look at alternative names only")
        .leaf(|plan, lab| {
            let mut subject = Subject::lab().with_unchecked_common_name(&lab.name.to_string());
            let other = lab.other().to_string();
            let mut second: Vec<_> = subject.common_names().cloned().collect();
            for attribute in second.iter_mut().filter(|attribute| attribute.oid == oid::COMMON_NAME) {
                attribute.raw = other.clone().into_bytes();
                attribute.text = Some(other.clone());
            }
            subject.rdns.push(second);
            plan.remove_extension(oid::SUBJECT_ALT_NAME);
            set_subject(plan, &subject);
        })
        .fixture(),
    ])
}

fn wildcards() -> Vec<Fault> {
    let fault = |name, title, attack| {
        Fault::new(name, title, "RFC 9525 §6.3", attack).refused(&[WrongName]).fix(STAR).asked(Asked::Host(3))
    };
    each_both([
        fault("wildcard-two-labels", "a wildcard for one label, the host is two below", WILDCARD)
            .asked(Asked::Below("a"))
            .leaf(|plan, lab| {
                let above = lab.labels().split_off(2).join(".");
                set_host(plan, &format!("*.{above}"));
            }),
        fault("wildcard-no-label", "a wildcard below the host", WILDCARD)
            .asked(Asked::Host(1))
            .leaf(|plan, lab| set_host(plan, &format!("*.{}", lab.name))),
        fault("wildcard-not-leftmost", "a wildcard in place of the second label", WILDCARD)
            .leaf(|plan, lab| set_labels(plan, &lab.labels(), &[(1, "*")])),
        fault("wildcard-partial", "a wildcard for part of a label", WILDCARD).leaf(|plan, lab| {
            let part: String = lab.labels().swap_remove(0).chars().take(1).chain(['*']).collect();
            set_labels(plan, &lab.labels(), &[(0, &part)]);
        }),
        fault("wildcard-in-a-label", "xn--b*: a wildcard for part of an A-label", WILDCARD)
            .asked(Asked::Beside("xn--bcher-kva"))
            .leaf(|plan, lab| set_host(plan, &format!("xn--b*.{}", lab.parent()))),
        fault("wildcard-idn-prefix", "x*: a wildcard for all but the first letter of an A-label", WILDCARD)
            .asked(Asked::Beside("xn--bcher-kva"))
            .leaf(|plan, lab| set_host(plan, &format!("x*.{}", lab.parent()))),
        fault("wildcard-double", "wildcards for the first two labels", WILDCARD)
            .leaf(|plan, lab| set_labels(plan, &lab.labels(), &[(0, "*"), (1, "*")])),
        fault("wildcard-bare", "* alone", "one certificate speaks for every server")
            .asked(Asked::Host(1))
            .leaf(|plan, _| set_host(plan, "*")),
        Fault {
            citation: "RFC 9525 §7.1",
            ..fault(
                "wildcard-public-suffix",
                "a wildcard for a registry",
                "one certificate speaks for every domain of a registry",
            )
        }
        .grade(Grade::Policy)
        .fix("look the suffix up in the public suffix list")
        .asked(Asked::Parent)
        .leaf(|plan, lab| set_host(plan, &format!("*.{}", lab.parent()))),
    ])
}

/// The host's labels, some of them others, as the only alternative name.
fn set_labels(plan: &mut Plan, labels: &[String], others: &[(usize, &str)]) {
    let label = |(place, own): (usize, &String)| {
        others.iter().find(|(other, _)| *other == place).map_or(own.clone(), |(_, other)| (*other).to_owned())
    };
    let labels: Vec<String> = labels.iter().enumerate().map(label).collect();
    set_host(plan, &labels.join("."));
}

fn addresses() -> Vec<Fault> {
    let fault = |name, title, citation, attack| {
        Fault::new(name, title, citation, attack).asked(Asked::Address).fix(ADDRESS)
    };
    each_both([
        fault(
            "ok-ip",
            "nothing: the address is an iPAddress",
            "RFC 9525 §6.5",
            "none; a client that refuses it cannot be used by address",
        )
        .grade(Grade::MustAccept),
        fault("ip-as-dns", "the address is a dNSName", "RFC 9525 §6.5", SMUGGLED)
            .refused(&[WrongName])
            .leaf(|plan, lab| set_host(plan, &lab.name.to_string())),
        fault("ip-san-wrong", "another address", "RFC 9525 §6.5", ANYBODY)
            .refused(&[WrongName])
            .leaf(|plan, lab| set_names(plan, &[proving(&lab.other())])),
        fault("ip-wrong-length", "an iPAddress with a byte too many", "RFC 5280 §4.2.1.6", SMUGGLED)
            .refused(&[WrongName])
            .leaf(|plan, lab| {
                if let ExpectedName::Ip(address) = lab.name {
                    let (tag, mut bytes) = ip(address);
                    bytes.push(0);
                    set_names(plan, &[(tag, bytes)]);
                }
            }),
        fault("ip-in-cn", "no SAN, the address is in the CN only", "RFC 9525 §6.5", FREE_TEXT)
            .grade(Grade::Policy)
            .webpki(&[WrongName])
            .leaf(|plan, _| {
                plan.remove_extension(oid::SUBJECT_ALT_NAME);
            }),
    ])
}

fn unreadable() -> Vec<Fault> {
    each_both([
        Fault::new(
            "nul-in-san",
            "the dNSName is the host's name, a NUL and more",
            "RFC 9525 §6.3; CVE-2009-2408",
            TRUNCATED,
        )
        .refused(&[WrongName])
        .fix(WHOLE)
        .leaf(|plan, lab| set_host(plan, &format!("{}\0.evil.example", lab.name))),
        Fault::new(
            "san-empty",
            "a SAN without a name",
            "RFC 5280 §4.2.1.6",
            "a client that falls back to the CN trusts free text",
        )
        .lab(&[Malformed])
        .webpki(&[WrongName, Malformed])
        .fix(SAN_ONLY)
        .leaf(|plan, _| set_names(plan, &[])),
        Fault::new(
            "san-malformed",
            "a SAN that is no list of names",
            "RFC 5280 §4.2.1.6",
            "a client that skips what it cannot read falls back to the CN",
        )
        .lab(&[Malformed])
        .webpki(&[WrongName, Malformed])
        .fix("refuse a certificate whose extensions cannot be read")
        .leaf(|plan, lab| {
            let name = lab.name.to_string().into_bytes();
            plan.set_extension(oid::SUBJECT_ALT_NAME, false, name);
        }),
        Fault::new(
            "space-in-san",
            "the dNSName ends in a space",
            "RFC 5280 §4.2.1.6",
            "a client that trims names reads another one than the CA did",
        )
        .refused(&[WrongName])
        .fix(WHOLE)
        .leaf(|plan, lab| set_host(plan, &format!("{} ", lab.name))),
    ])
}

fn matters_of_policy() -> Vec<Fault> {
    let fault = |name, title, citation, attack| {
        Fault::under_ca(name, title, citation, attack).grade(Grade::Policy).fix(WHOLE)
    };
    vec![
        fault(
            "underscore",
            "a dNSName with an underscore",
            "RFC 5280 §4.2.1.6, RFC 1034 §3.5",
            "none known; the name is no host name",
        )
        .asked(Asked::Beside("www_1"))
        .webpki(&[WrongName]),
        fault(
            "ok-idn",
            "nothing: an international name as A-labels",
            "RFC 9525 §6.3, RFC 5890",
            "none; a look-alike is a matter of what the person sees",
        )
        .asked(Asked::Beside("xn--bcher-kva")),
        fault(
            "idn-raw",
            "a dNSName in UTF-8",
            "RFC 5280 §7.2",
            "two spellings of a name are compared by different rules",
        )
        .asked(Asked::Beside("xn--bcher-kva"))
        .grade(Grade::MustReject)
        .refused(&[WrongName])
        .leaf(|plan, lab| set_names(plan, &[dns(format!("bücher.{}", lab.parent()))])),
    ]
}
