//! Name constraints (RFC 5280 §4.2.1.10): a CA that keeps to its own corner, and one that does not.

use super::super::fault::{Fault, Grade, Model};
use super::super::workshop::{Chain, LAB_NAME};
use super::edit::{
    NAME_CONSTRAINTS, OTHER_NAME, dns_names, general_name, name_constraints, set_common_name, set_names,
};
use crate::pki::issue::Plan;
use crate::pki::oid;
use crate::pki::subject::Subject;
use crate::verify::Reason::{Untrusted, WrongName};

const LIMITED: &str = "a CA that was limited to its own corner issues certificates for everybody else";
const WITHIN: &str = "none; a client that refuses it refuses what the CA may issue";

pub(super) fn faults() -> Vec<Fault> {
    [kept(), broken(), of_another_name(), heavy()].concat()
}

fn kept() -> Vec<Fault> {
    let fault = |id, title| Fault {
        model: Model::Ca,
        grade: Grade::MustAccept,
        ..Fault::new(id, title, "RFC 5280 §4.2.1.10, §6.1.4 (g)", WITHIN)
    };
    vec![
        fault("ok-constraints", "nothing: the intermediate may issue for test.org").made(|workshop| {
            workshop.chain(|chain| constrain(chain, &[(general_name::DNS, b"test.org")], &[]))
        }),
        fault("ok-constraints-excluded", "nothing: the intermediate may not issue for example.com").made(
            |workshop| workshop.chain(|chain| constrain(chain, &[], &[(general_name::DNS, b"example.com")])),
        ),
        fault("ok-constraints-ip", "nothing: the intermediate may issue for 127.0.0.0/8")
            .asked("127.0.0.1")
            .made(|workshop| {
                workshop.chain(|chain| {
                    constrain(chain, &[LOOPBACK], &[]);
                    addressed(&mut chain.leaf);
                })
            }),
        fault(
            "ok-constraints-other-kind",
            "nothing: the intermediate is limited in addresses, the leaf has none",
        )
        .made(|workshop| workshop.chain(|chain| constrain(chain, &[LOOPBACK], &[]))),
    ]
}

fn broken() -> Vec<Fault> {
    let fault = |id, title| Fault {
        model: Model::Ca,
        ..Fault::new(id, title, "RFC 5280 §4.2.1.10, §6.1.4 (g)", LIMITED).refused(&[Untrusted])
    };
    vec![
        fault("constraints-not-permitted", "the intermediate may issue for example.com only").made(
            |workshop| workshop.chain(|chain| constrain(chain, &[(general_name::DNS, b"example.com")], &[])),
        ),
        fault("constraints-excluded", "the intermediate may not issue for test.org").made(|workshop| {
            workshop.chain(|chain| constrain(chain, &[], &[(general_name::DNS, b"test.org")]))
        }),
        Fault {
            citation: "RFC 5280 §4.2.1.10; CVE-2025-61727",
            ..fault("constraints-excluded-wildcard", "a wildcard stands for the one name that is excluded")
        }
        .made(|workshop| {
            workshop.chain(|chain| {
                constrain(chain, &[], &[(general_name::DNS, LAB_NAME.as_bytes())]);
                set_names(&mut chain.leaf, &[(general_name::DNS, b"*.test.org")]);
            })
        }),
        fault("constraints-ip-not-permitted", "the intermediate may issue for 192.0.2.0/24 only")
            .asked("127.0.0.1")
            .made(|workshop| {
                workshop.chain(|chain| {
                    constrain(chain, &[DOCUMENTATION], &[]);
                    addressed(&mut chain.leaf);
                })
            }),
        fault("constraints-ip-excluded", "the intermediate may not issue for 127.0.0.0/8")
            .asked("127.0.0.1")
            .made(|workshop| {
                workshop.chain(|chain| {
                    constrain(chain, &[], &[LOOPBACK]);
                    addressed(&mut chain.leaf);
                })
            }),
        fault("constraints-of-the-root", "the trusted root may issue for example.com only")
            .grade(Grade::ShouldReject)
            .made(|workshop| {
                workshop.chain(|chain| {
                    let value = name_constraints(&[(general_name::DNS, b"example.com")], &[]);
                    chain.root.push_extension(NAME_CONSTRAINTS, true, value);
                })
            }),
        fault("constraints-directory", "the intermediate may issue for C=US only, the subject is in C=AU")
            .made(|workshop| {
                workshop.chain(|chain| {
                    let country =
                        "/C=US".parse().map(|subject: Subject| subject.to_der()).unwrap_or_default();
                    constrain(chain, &[(general_name::DIRECTORY, &country)], &[]);
                })
            }),
        fault("constraints-cn-only", "no SAN, and the CN is not permitted").webpki(&[WrongName]).made(
            |workshop| {
                workshop.chain(|chain| {
                    constrain(chain, &[(general_name::DNS, b"example.com")], &[]);
                    chain.leaf.remove_extension(oid::SUBJECT_ALT_NAME);
                })
            },
        ),
    ]
}

/// What is not permitted is not the name that the client asks for.
fn of_another_name() -> Vec<Fault> {
    let fault = |id, title| Fault {
        model: Model::Ca,
        grade: Grade::ShouldReject,
        ..Fault::new(id, title, "RFC 5280 §4.2.1.10, §6.1.3 (b, c)", LIMITED).refused(&[Untrusted])
    };
    vec![
        fault("constraints-other-name", "another name of the certificate is not permitted").made(
            |workshop| {
                workshop.chain(|chain| {
                    constrain(chain, &[(general_name::DNS, b"test.org")], &[]);
                    let names: [(u8, &[u8]); 2] = [
                        (general_name::DNS, LAB_NAME.as_bytes()),
                        (general_name::DNS, OTHER_NAME.as_bytes()),
                    ];
                    set_names(&mut chain.leaf, &names);
                })
            },
        ),
        fault("constraints-other-ip", "an address of the certificate is not permitted").made(|workshop| {
            workshop.chain(|chain| {
                constrain(chain, &[DOCUMENTATION], &[]);
                let names: [(u8, &[u8]); 2] =
                    [(general_name::DNS, LAB_NAME.as_bytes()), (general_name::IP, &[127, 0, 0, 1])];
                set_names(&mut chain.leaf, &names);
            })
        }),
        Fault {
            attack: WITHIN,
            ..fault("ok-constraints-cn", "nothing: the CN would not be permitted, and it is no identity")
        }
        .grade(Grade::ShouldAccept)
        .webpki(&[])
        .lab(&[WrongName])
        .made(|workshop| {
            workshop.chain(|chain| {
                constrain(chain, &[(general_name::DNS, b"test.org")], &[]);
                set_common_name(&mut chain.leaf, OTHER_NAME);
            })
        }),
    ]
}

/// What keeps a client busy.
fn heavy() -> Vec<Fault> {
    vec![
        Fault {
            model: Model::Ca,
            grade: Grade::Policy,
            ..Fault::new(
                "constraints-bomb",
                "a thousand subtrees, none of which is near, and a thousand names",
                "RFC 5280 §6.1.4 (g), a bound of tlslab's",
                "a client that compares each with each is kept busy by anybody (CVE-2025-58187)",
            )
        }
        .refused(&[Untrusted])
        .made(|workshop| {
            let names: Vec<String> = (0..1000).map(|number| format!("{number}.test.org")).collect();
            let subtrees: Vec<String> = (0..1000).map(|number| format!("{number}.example.com")).collect();
            workshop.chain(|chain| {
                constrain(chain, &[], &dns_names(&subtrees));
                let mut names = dns_names(&names);
                names.push((general_name::DNS, LAB_NAME.as_bytes()));
                set_names(&mut chain.leaf, &names);
            })
        }),
    ]
}

/// 127.0.0.0/8.
const LOOPBACK: (u8, &[u8]) = (general_name::IP, &[127, 0, 0, 0, 255, 0, 0, 0]);
/// 192.0.2.0/24, which is for documents (RFC 5737).
const DOCUMENTATION: (u8, &[u8]) = (general_name::IP, &[192, 0, 2, 0, 255, 255, 255, 0]);

fn constrain(chain: &mut Chain, permitted: &[(u8, &[u8])], excluded: &[(u8, &[u8])]) {
    chain.intermediate.push_extension(NAME_CONSTRAINTS, true, name_constraints(permitted, excluded));
}

/// A leaf for 127.0.0.1.
fn addressed(leaf: &mut Plan) {
    set_common_name(leaf, "127.0.0.1");
    set_names(leaf, &[(general_name::IP, &[127, 0, 0, 1])]);
}
