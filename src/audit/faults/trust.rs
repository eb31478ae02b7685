//! Trust and signatures: does anything lead from what the client trusts to this key?

use super::super::fault::{Fault, Grade, Model};
use super::super::workshop::{Chain, LAB_NAME, Made, Role, Workshop};
use super::edit::{
    CA_FALSE, CLIENT_AUTH, NAME_CONSTRAINTS, NOBODYS, general_name, key_usage, name_constraints, purposes,
    set_common_name, set_names,
};
use crate::pki::issue::{IssueError, Plan, SignatureEdit, extension};
use crate::pki::key::KeyAlgorithm;
use crate::verify::Reason::{BadSignature, BadUsage, Malformed, Untrusted};

const ANYBODY: &str = "anybody on the way makes such a certificate in a second and reads everything";
const NO_ISSUER: &str =
    "whoever has any certificate of this CA issues certificates for every name (CVE-2002-0862)";
const LIMITED: &str = "a CA that was limited to its own corner issues certificates for everybody else";
const PROFILE: &str =
    "none known; no conforming CA makes it, and strict verifiers (Python's ssl from 3.13 on) refuse it";

pub(super) fn faults() -> Vec<Fault> {
    let mut faults = pinned();
    faults.extend(under_a_ca());
    faults.extend(issuers());
    faults.extend(profile());
    faults.extend(constraints());
    faults
}

fn pinned() -> Vec<Fault> {
    vec![
        Fault::new("other-key", "the trusted one's subject, another key", "RFC 5280 §6.1", ANYBODY)
            .refused(&[Untrusted])
            .made(other_key)
            .fixture(),
        Fault::new("self-signed-unknown", "self-signed, and not the pinned one", "RFC 5280 §6.1", ANYBODY)
            .refused(&[Untrusted])
            .made(unknown),
        Fault::new(
            "tampered",
            "one bit of the signature flipped",
            "RFC 5280 §6.1.3 (a)(1)",
            "a client that compares less than every octet takes a changed copy for the pinned one",
        )
        .refused(&[Untrusted, BadSignature])
        .made(tampered)
        .fixture(),
        Fault::new(
            "sigalg-mismatch",
            "its two signature algorithm fields differ",
            "RFC 5280 §4.1.1.2",
            "what was signed says one hash, what is verified another",
        )
        .refused(&[Malformed])
        .leaf(mismatched),
    ]
}

fn under_a_ca() -> Vec<Fault> {
    let fault =
        |id, title, citation, attack| Fault { model: Model::Ca, ..Fault::new(id, title, citation, attack) };
    vec![
        fault("self-signed-unknown.ca", "self-signed, the client trusts a CA", "RFC 5280 §6.1", ANYBODY)
            .refused(&[Untrusted])
            .made(|workshop| {
                let trusted = workshop.issued(|_| {})?.trusted;
                Ok(Made { trusted, ..workshop.pinned(|_| {})? })
            }),
        fault("untrusted-root", "a chain to a CA that is not trusted", "RFC 5280 §6.1", ANYBODY)
            .refused(&[Untrusted])
            .made(|workshop| {
                let trusted = workshop.chain(|_| {})?.trusted;
                let mut other = Workshop::new(KeyAlgorithm::EcP256);
                let made = other.chain(|chain| rename_root(chain, "Another Root CA"))?;
                Ok(Made { trusted, ..made })
            }),
        fault(
            "same-name-other-key.ca",
            "the trusted CA's name and extensions, another key",
            "RFC 5280 §6.1.3 (a)(1)",
            ANYBODY,
        )
        .refused(&[Untrusted, BadSignature])
        .made(same_name),
        fault("bad-signature.ca", "the leaf is signed with another key", "RFC 5280 §6.1.3 (a)(1)", ANYBODY)
            .refused(&[Untrusted, BadSignature])
            .leaf(|plan| plan.signature_edit = SignatureEdit::FlipBit(0)),
        fault(
            "chain-bad-signature",
            "the intermediate's signature is not the root's",
            "RFC 5280 §6.1.3 (a)(1)",
            ANYBODY,
        )
        .refused(&[Untrusted, BadSignature])
        .made(|workshop| {
            workshop.chain(|chain| chain.intermediate.signature_edit = SignatureEdit::FlipBit(0))
        }),
        fault(
            "sigalg-mismatch.ca",
            "its two signature algorithm fields differ",
            "RFC 5280 §4.1.1.2",
            "what was signed says one hash, what is verified another",
        )
        .refused(&[Malformed])
        .leaf(mismatched),
        fault(
            "chain-missing-intermediate",
            "the intermediate is not sent",
            "RFC 8446 §4.4.2",
            "none; a client that fetches it tells others where it goes",
        )
        .grade(Grade::Policy)
        .refused(&[Untrusted])
        .made(|workshop| {
            let mut made = workshop.chain(|_| {})?;
            made.chain.truncate(1);
            Ok(made)
        })
        .fixture(),
        fault(
            "chain-leaf-issuer",
            "issued by another server's certificate",
            "RFC 5280 §6.1.4 (k)",
            NO_ISSUER,
        )
        .refused(&[Untrusted])
        .made(|workshop| {
            workshop.chain(|chain| {
                chain.intermediate.set_extension(extension::BASIC_CONSTRAINTS, true, CA_FALSE);
                chain.intermediate.set_extension(extension::KEY_USAGE, true, key_usage(0x80));
            })
        }),
        fault(
            "chain-too-long",
            "twelve intermediates",
            "RFC 5280 §6.1, a bound of tlslab's",
            "a chain without end keeps a client busy",
        )
        .grade(Grade::Policy)
        .refused(&[Untrusted])
        .made(|workshop| workshop.long_chain(12)),
        fault(
            "chain-loop",
            "two CAs that issued each other, and no root",
            "RFC 4158 §5.2",
            "a client that follows the loop never ends",
        )
        .refused(&[Untrusted])
        .made(circle),
    ]
}

/// A CA's certificate that may not issue.
fn issuers() -> Vec<Fault> {
    let fault = |id, title, citation, attack| Fault {
        model: Model::Ca,
        ..Fault::new(id, title, citation, attack).refused(&[Untrusted])
    };
    vec![
        fault("issuer-ca-false", "the intermediate is CA:FALSE", "RFC 5280 §6.1.4 (k)", NO_ISSUER).made(
            |workshop| {
                workshop.chain(|chain| {
                    chain.intermediate.set_extension(extension::BASIC_CONSTRAINTS, true, CA_FALSE);
                })
            },
        ),
        fault(
            "issuer-no-constraints",
            "the intermediate has no basicConstraints",
            "RFC 5280 §6.1.4 (k)",
            NO_ISSUER,
        )
        .made(|workshop| {
            workshop.chain(|chain| {
                chain.intermediate.remove_extension(extension::BASIC_CONSTRAINTS);
            })
        }),
        fault("issuer-v1", "the intermediate is of version 1", "RFC 5280 §6.1.4 (k)", NO_ISSUER).made(
            |workshop| {
                workshop.chain(|chain| {
                    chain.intermediate.version = None;
                    chain.intermediate.extensions.clear();
                })
            },
        ),
        fault(
            "issuer-no-cert-sign",
            "the intermediate's key usage lacks keyCertSign",
            "RFC 5280 §6.1.4 (n)",
            LIMITED,
        )
        .made(|workshop| {
            workshop
                .chain(|chain| chain.intermediate.set_extension(extension::KEY_USAGE, true, key_usage(0x02)))
        }),
        fault(
            "issuer-client-usage",
            "the intermediate's extended key usage is clientAuth only",
            "RFC 5280 §4.2.1.12; CA/Browser Forum",
            LIMITED,
        )
        .grade(Grade::ShouldReject)
        .refused(&[BadUsage])
        .made(|workshop| {
            workshop.chain(|chain| {
                chain.intermediate.push_extension(
                    extension::EXTENDED_KEY_USAGE,
                    false,
                    purposes(&[CLIENT_AUTH]),
                );
            })
        }),
        fault(
            "issuer-unknown-critical",
            "the intermediate has a critical extension nobody knows",
            "RFC 5280 §6.1.4 (o)",
            LIMITED,
        )
        .refused(&[BadUsage])
        .made(|workshop| workshop.chain(|chain| chain.intermediate.push_extension(NOBODYS, true, [5, 0]))),
        fault("path-length-exceeded", "the root allows no intermediate", "RFC 5280 §6.1.4 (l, m)", LIMITED)
            .made(|workshop| {
                // basicConstraints: CA:TRUE, pathLenConstraint 0.
                workshop.chain(|chain| {
                    chain.root.set_extension(
                        extension::BASIC_CONSTRAINTS,
                        true,
                        [0x30, 6, 1, 1, 0xff, 2, 1, 0],
                    );
                })
            }),
    ]
}

/// A CA's certificate of a form that no conforming CA's has, and that many verifiers take all the same.
fn profile() -> Vec<Fault> {
    let fault = |id, title, citation| Fault {
        model: Model::Ca,
        grade: Grade::Policy,
        ..Fault::new(id, title, citation, PROFILE).refused(&[Untrusted])
    };
    vec![
        fault(
            "issuer-no-authority-key-identifier",
            "the intermediate has no authority key identifier",
            "RFC 5280 §4.2.1.1",
        )
        .made(|workshop| {
            workshop.chain(|chain| {
                chain.intermediate.remove_extension(extension::AUTHORITY_KEY_IDENTIFIER);
            })
        }),
        fault(
            "root-no-subject-key-identifier",
            "the root has no subject key identifier",
            "RFC 5280 §4.2.1.2",
        )
        .made(|workshop| {
            workshop.chain(|chain| {
                chain.root.remove_extension(extension::SUBJECT_KEY_IDENTIFIER);
            })
        }),
        fault(
            "root-constraints-not-critical",
            "the root's basicConstraints are not critical",
            "RFC 5280 §4.2.1.9",
        )
        .made(|workshop| {
            workshop.chain(|chain| {
                chain.root.set_critical(extension::BASIC_CONSTRAINTS, false);
            })
        }),
    ]
}

fn constraints() -> Vec<Fault> {
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
                    constrain(chain, &[(general_name::IP, &[192, 0, 2, 0, 255, 255, 255, 0])], &[]);
                    addressed(&mut chain.leaf);
                })
            }),
        fault("constraints-ip-excluded", "the intermediate may not issue for 127.0.0.0/8")
            .asked("127.0.0.1")
            .made(|workshop| {
                workshop.chain(|chain| {
                    constrain(chain, &[], &[(general_name::IP, &[127, 0, 0, 0, 255, 0, 0, 0])]);
                    addressed(&mut chain.leaf);
                })
            }),
        fault("constraints-other-name", "another name of the certificate is not permitted")
            .grade(Grade::ShouldReject)
            .made(|workshop| {
                workshop.chain(|chain| {
                    constrain(chain, &[(general_name::DNS, b"test.org")], &[]);
                    let names: [(u8, &[u8]); 2] =
                        [(general_name::DNS, LAB_NAME.as_bytes()), (general_name::DNS, b"www.example.com")];
                    set_names(&mut chain.leaf, &names);
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
    ]
}

fn constrain(chain: &mut Chain, permitted: &[(u8, &[u8])], excluded: &[(u8, &[u8])]) {
    chain.intermediate.push_extension(NAME_CONSTRAINTS, true, name_constraints(permitted, excluded));
}

/// A leaf for 127.0.0.1.
fn addressed(leaf: &mut Plan) {
    set_common_name(leaf, "127.0.0.1");
    set_names(leaf, &[(general_name::IP, &[127, 0, 0, 1])]);
}

fn other_key(workshop: &mut Workshop) -> Result<Made, IssueError> {
    let trusted = workshop.pinned(|_| {})?.trusted;
    let key = workshop.key(Role::Other)?;
    let certificate = workshop.plan(Role::Other)?.sign(&key)?;
    Ok(Made { chain: vec![certificate], key, trusted })
}

/// Another subject too; the name is in the SAN.
fn unknown(workshop: &mut Workshop) -> Result<Made, IssueError> {
    let trusted = workshop.pinned(|_| {})?.trusted;
    let key = workshop.key(Role::Other)?;
    let mut plan = workshop.plan(Role::Other)?;
    let subject = crate::pki::subject::Subject::default().with_unchecked_common_name(LAB_NAME);
    super::edit::set_subject(&mut plan, &subject);
    Ok(Made { chain: vec![plan.sign(&key)?], key, trusted })
}

fn tampered(workshop: &mut Workshop) -> Result<Made, IssueError> {
    let key = workshop.key(Role::Server)?;
    let mut plan = workshop.plan(Role::Server)?;
    let trusted = plan.sign(&key)?;
    plan.signature_edit = SignatureEdit::FlipBit(0);
    let certificate = plan.sign(&key)?;
    Ok(Made { chain: vec![certificate], key, trusted: vec![trusted] })
}

/// Inside it says ecdsa-with-SHA512, of which nobody makes use.
fn mismatched(plan: &mut Plan) {
    // 1.2.840.10045.4.3.4
    plan.inner_signature_algorithm = vec![0x30, 10, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4];
}

/// The client trusts the real root; the leaf and its root are another's, who copied all but the key.
fn same_name(workshop: &mut Workshop) -> Result<Made, IssueError> {
    let real = workshop.issued(|_| {})?;
    let copied = workshop.root()?.subject_key_identifier().unwrap_or_default();
    let mut other = Workshop::new(KeyAlgorithm::EcP256);
    let made = other.issued(|plan| {
        let mut value = vec![0x30, 22, 0x80, 20];
        value.extend(&copied);
        plan.set_extension(extension::AUTHORITY_KEY_IDENTIFIER, false, value);
    })?;
    Ok(Made { trusted: real.trusted, ..made })
}

/// The root under another name, and what it issued saying so.
fn rename_root(chain: &mut Chain, name: &str) {
    set_common_name(&mut chain.root, name);
    chain.intermediate.issuer.clone_from(&chain.root.subject);
}

/// The intermediate's issuer is a CA that the intermediate issued; the client trusts neither.
fn circle(workshop: &mut Workshop) -> Result<Made, IssueError> {
    let mut other = Workshop::new(KeyAlgorithm::EcP256);
    let trusted = other.chain(|chain| rename_root(chain, "Another Root CA"))?.trusted;
    let mut made = workshop.chain(|_| {})?;
    let mut back = workshop.root()?;
    let key = workshop.key(Role::Intermediate)?;
    back.issuer = made
        .chain
        .get(1)
        .and_then(|intermediate| Plan::from_certificate(intermediate).ok())
        .map(|intermediate| intermediate.subject)
        .unwrap_or_default();
    back.remove_extension(extension::AUTHORITY_KEY_IDENTIFIER);
    made.chain.push(back.sign(&key)?);
    made.trusted = trusted;
    Ok(made)
}
