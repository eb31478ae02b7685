//! Names: is it this server's certificate at all?

use super::super::fault::{Fault, Grade, Model};
use super::super::workshop::LAB_NAME;
use super::both;
use super::edit::{OTHER_NAME, general_name, set_common_name, set_name, set_names, set_subject};
use crate::pki::issue::Plan;
use crate::pki::oid;
use crate::pki::subject::Subject;
use crate::verify::Reason::{Malformed, WrongName};

const ANYBODY: &str = "whoever has any certificate of the same trust impersonates this server";
const TRUNCATED: &str =
    "a client that compares as C strings do takes an attacker's name for this one (CVE-2009-2408)";
const WILDCARD: &str = "a certificate for one name of a domain speaks for names that it was not issued for";
const SMUGGLED: &str =
    "a CA that checks one kind of name certifies another: the client reads what nobody has verified";

pub(super) fn faults() -> Vec<Fault> {
    let mut faults = Vec::new();
    faults.extend(names());
    faults.extend(common_names());
    faults.extend(wildcards());
    faults.extend(addresses());
    faults.extend(unreadable());
    faults.extend(matters_of_policy());
    faults
}

fn names() -> impl Iterator<Item = Fault> {
    let wrong = Fault::new("wrong-cn", "CN and SAN are another host's", "RFC 9525 §6", ANYBODY)
        .refused(&[WrongName])
        .leaf(|plan| {
            set_common_name(plan, OTHER_NAME);
            set_name(plan, OTHER_NAME);
        })
        .fixture();
    let san = Fault::new("san-mismatch", "the CN is right, the SAN another host's", "RFC 9525 §6.3", ANYBODY)
        .refused(&[WrongName])
        .leaf(|plan| set_name(plan, OTHER_NAME))
        .fixture();
    let parent =
        Fault::new("parent-domain", "for test.org, the host being www.test.org", "RFC 9525 §6.3", WILDCARD)
            .refused(&[WrongName])
            .leaf(|plan| {
                set_common_name(plan, "test.org");
                set_name(plan, "test.org");
            });
    let below = Fault::new(
        "child-domain",
        "for a.www.test.org, the host being www.test.org",
        "RFC 9525 §6.3",
        WILDCARD,
    )
    .refused(&[WrongName])
    .leaf(|plan| set_name(plan, "a.www.test.org"));
    let suffix = Fault::new("name-as-suffix", "for evilwww.test.org", "RFC 9525 §6.3", ANYBODY)
        .refused(&[WrongName])
        .leaf(|plan| set_name(plan, "evilwww.test.org"));
    let prefix = Fault::new("name-as-prefix", "for www.test.org.evil.example", "RFC 9525 §6.3", ANYBODY)
        .refused(&[WrongName])
        .leaf(|plan| set_name(plan, "www.test.org.evil.example"));
    [
        both(wrong, "wrong-cn.ca"),
        both(san, "san-mismatch.ca"),
        both(parent, "parent-domain.ca"),
        both(below, "child-domain.ca"),
        both(suffix, "name-as-suffix.ca"),
        both(prefix, "name-as-prefix.ca"),
    ]
    .into_iter()
    .flatten()
}

fn common_names() -> impl Iterator<Item = Fault> {
    let only = Fault::new(
        "cn-only",
        "no SAN, the name is in the CN only",
        "RFC 9525 §6.3",
        "a CN is free text that CAs check less than names",
    )
    .grade(Grade::Policy)
    .webpki(&[WrongName])
    .leaf(|plan| {
        plan.remove_extension(oid::SUBJECT_ALT_NAME);
    })
    .fixture();
    // What a C string comparison reads as www.test.org. Without a SAN, so that the CN is all there is to read.
    let nul =
        Fault::new("nul-in-cn", "CN www.test.org\\0.evil.example", "RFC 9525 §6.3; CVE-2009-2408", TRUNCATED)
            .refused(&[WrongName])
            .leaf(|plan| {
                named_by_cn(plan, |name| {
                    let text = format!("{LAB_NAME}\0.evil.example");
                    for attribute in name.rdns.iter_mut().flatten().filter(|a| a.oid == oid::COMMON_NAME) {
                        attribute.raw = text.clone().into_bytes();
                        attribute.text = Some(text.clone());
                    }
                });
            })
            .fixture();
    let two = Fault::new(
        "two-cns",
        "two CNs, one of them right",
        "RFC 6125 §1.8, the lab's rule of one CN",
        "clients that look at different ones of the CNs see different servers",
    )
    .refused(&[WrongName])
    .leaf(|plan| {
        named_by_cn(plan, |name| {
            let mut second: Vec<_> = name.common_names().cloned().collect();
            for attribute in &mut second {
                attribute.raw = OTHER_NAME.as_bytes().to_vec();
                attribute.text = Some(OTHER_NAME.to_owned());
            }
            name.rdns.push(second);
        });
    })
    .fixture();
    [both(only, "cn-only.ca"), both(nul, "nul-in-cn.ca"), both(two, "two-cns.ca")].into_iter().flatten()
}

/// A certificate whose only identity is its subject.
fn named_by_cn(plan: &mut Plan, edit: impl FnOnce(&mut Subject)) {
    let mut subject = Subject::lab();
    edit(&mut subject);
    plan.remove_extension(oid::SUBJECT_ALT_NAME);
    set_subject(plan, &subject);
}

fn wildcards() -> impl Iterator<Item = Fault> {
    let fault = |id, title, attack| Fault::new(id, title, "RFC 9525 §6.3", attack).refused(&[WrongName]);
    [
        both(
            fault("wildcard-two-labels", "*.test.org, the host being a.www.test.org", WILDCARD)
                .asked("a.www.test.org")
                .leaf(|plan| {
                    set_common_name(plan, "a.www.test.org");
                    set_name(plan, "*.test.org");
                }),
            "wildcard-two-labels.ca",
        ),
        both(
            fault("wildcard-no-label", "*.www.test.org, the host being www.test.org", WILDCARD)
                .leaf(|plan| set_name(plan, "*.www.test.org")),
            "wildcard-no-label.ca",
        ),
        both(
            fault("wildcard-not-leftmost", "www.*.org", WILDCARD).leaf(|plan| set_name(plan, "www.*.org")),
            "wildcard-not-leftmost.ca",
        ),
        both(
            fault("wildcard-partial", "w*.test.org: a part of a label", WILDCARD)
                .leaf(|plan| set_name(plan, "w*.test.org")),
            "wildcard-partial.ca",
        ),
        both(
            fault("wildcard-in-a-label", "xn--b*.test.org: a part of an A-label", WILDCARD)
                .asked("xn--bcher-kva.test.org")
                .leaf(|plan| {
                    set_common_name(plan, "xn--bcher-kva.test.org");
                    set_name(plan, "xn--b*.test.org");
                }),
            "wildcard-in-a-label.ca",
        ),
        both(
            fault("wildcard-double", "*.*.org", WILDCARD).leaf(|plan| set_name(plan, "*.*.org")),
            "wildcard-double.ca",
        ),
        both(
            fault("wildcard-bare", "* alone", "one certificate speaks for every server")
                .leaf(|plan| set_name(plan, "*")),
            "wildcard-bare.ca",
        ),
        both(
            Fault {
                citation: "RFC 9525 §7.1",
                ..fault(
                    "wildcard-public-suffix",
                    "*.org: a wildcard for a registry",
                    "one certificate speaks for every domain of a registry",
                )
            }
            .grade(Grade::Policy)
            .asked("test.org")
            .leaf(|plan| {
                set_common_name(plan, "test.org");
                set_name(plan, "*.org");
            }),
            "wildcard-public-suffix.ca",
        ),
    ]
    .into_iter()
    .flatten()
}

fn addresses() -> impl Iterator<Item = Fault> {
    const ADDRESS: &str = "127.0.0.1";
    let right = Fault::new(
        "ok-ip",
        "nothing: the address is an iPAddress",
        "RFC 9525 §6.5",
        "none; a client that refuses it cannot be used by address",
    )
    .grade(Grade::MustAccept)
    .asked(ADDRESS)
    .leaf(|plan| {
        set_common_name(plan, ADDRESS);
        set_names(plan, &[(general_name::IP, &[127, 0, 0, 1])]);
    });
    let as_dns = Fault::new("ip-as-dns", "the address is a dNSName", "RFC 9525 §6.5", SMUGGLED)
        .asked(ADDRESS)
        .refused(&[WrongName])
        .leaf(|plan| {
            set_common_name(plan, ADDRESS);
            set_name(plan, ADDRESS);
        });
    let other = Fault::new("ip-san-wrong", "another address", "RFC 9525 §6.5", ANYBODY)
        .asked(ADDRESS)
        .refused(&[WrongName])
        .leaf(|plan| {
            set_common_name(plan, ADDRESS);
            set_names(plan, &[(general_name::IP, &[192, 0, 2, 1])]);
        });
    let length = Fault::new("ip-wrong-length", "an iPAddress of five octets", "RFC 5280 §4.2.1.6", SMUGGLED)
        .asked(ADDRESS)
        .refused(&[WrongName])
        .leaf(|plan| {
            set_common_name(plan, ADDRESS);
            set_names(plan, &[(general_name::IP, &[127, 0, 0, 1, 0])]);
        });
    let in_cn = Fault::new(
        "ip-in-cn",
        "no SAN, the address is in the CN only",
        "RFC 9525 §6.5",
        "a CN is free text that CAs check less than names",
    )
    .grade(Grade::Policy)
    .asked(ADDRESS)
    .webpki(&[WrongName])
    .leaf(|plan| {
        set_common_name(plan, ADDRESS);
        plan.remove_extension(oid::SUBJECT_ALT_NAME);
    });
    [
        both(right, "ok-ip.ca"),
        both(as_dns, "ip-as-dns.ca"),
        both(other, "ip-san-wrong.ca"),
        both(length, "ip-wrong-length.ca"),
        both(in_cn, "ip-in-cn.ca"),
    ]
    .into_iter()
    .flatten()
}

fn unreadable() -> impl Iterator<Item = Fault> {
    let nul = Fault::new(
        "nul-in-san",
        "dNSName www.test.org\\0.evil.example",
        "RFC 9525 §6.3; CVE-2009-2408",
        TRUNCATED,
    )
    .refused(&[WrongName])
    .leaf(|plan| set_names(plan, &[(general_name::DNS, b"www.test.org\0.evil.example")]));
    let empty = Fault::new(
        "san-empty",
        "a SAN without a name",
        "RFC 5280 §4.2.1.6",
        "a client that falls back to the CN trusts free text",
    )
    .lab(&[Malformed])
    .webpki(&[WrongName, Malformed])
    .leaf(|plan| set_names(plan, &[]));
    let malformed = Fault::new(
        "san-malformed",
        "a SAN that is no list of names",
        "RFC 5280 §4.2.1.6",
        "a client that skips what it cannot read falls back to the CN",
    )
    .lab(&[Malformed])
    .webpki(&[WrongName, Malformed])
    .leaf(|plan| plan.set_extension(oid::SUBJECT_ALT_NAME, false, b"www.test.org".to_vec()));
    let space = Fault::new("space-in-san", "dNSName ending in a space", "RFC 5280 §4.2.1.6", TRUNCATED)
        .refused(&[WrongName])
        .leaf(|plan| set_name(plan, "www.test.org "));
    [
        both(nul, "nul-in-san.ca"),
        both(empty, "san-empty.ca"),
        both(malformed, "san-malformed.ca"),
        both(space, "space-in-san.ca"),
    ]
    .into_iter()
    .flatten()
}

fn matters_of_policy() -> Vec<Fault> {
    let fault = |id, title, citation, attack| Fault {
        model: Model::Ca,
        grade: Grade::Policy,
        ..Fault::new(id, title, citation, attack)
    };
    vec![
        fault(
            "underscore",
            "a dNSName with an underscore",
            "RFC 5280 §4.2.1.6, RFC 1034 §3.5",
            "none known; the name is no host name",
        )
        .asked("www_1.test.org")
        .refused(&[WrongName])
        .leaf(|plan| {
            set_common_name(plan, "www_1.test.org");
            set_name(plan, "www_1.test.org");
        }),
        fault(
            "ok-idn",
            "nothing: an international name as A-labels",
            "RFC 9525 §6.3, RFC 5890",
            "none; a look-alike is a matter of what the person sees",
        )
        .asked("xn--bcher-kva.test.org")
        .leaf(|plan| {
            set_common_name(plan, "xn--bcher-kva.test.org");
            set_name(plan, "xn--bcher-kva.test.org");
        }),
        fault(
            "idn-raw",
            "a dNSName in UTF-8",
            "RFC 5280 §7.2",
            "two spellings of a name are compared by different rules",
        )
        .asked("xn--bcher-kva.test.org")
        .grade(Grade::MustReject)
        .refused(&[WrongName])
        .leaf(|plan| {
            set_common_name(plan, "xn--bcher-kva.test.org");
            set_names(plan, &[(general_name::DNS, "bücher.test.org".as_bytes())]);
        }),
    ]
}
