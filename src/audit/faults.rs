//! The catalogue's entries.

use der::asn1::ObjectIdentifier;
use time::OffsetDateTime;
use time::macros::datetime;

use super::fault::Expectation::{Accepted, Refused};
use super::fault::{Fault, Maker};
use super::workshop::{LAB_NAME, Made, Role, Workshop};
use crate::pki::issue::{IssueError, SignatureEdit, Time, extension};
use crate::pki::subject::Subject;
use crate::verify::Reason::{
    BadSignature, BadUsage, Expired, NotYetValid, Untrusted, WeakKey, WeakSignature, WrongName,
};

/// Every fault and every positive control, controls first.
pub fn catalogue() -> &'static [Fault] {
    CATALOGUE
}

/// Somebody else's name.
const OTHER_NAME: &str = "www.example.com";

const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");

const CATALOGUE: &[Fault] = &[
    Fault {
        id: "valid",
        title: "nothing: the healthy neighbour",
        citation: "RFC 5280 §4, RFC 9525 §6",
        lab: Accepted,
        webpki: Accepted,
        maker: Maker::Plan(valid),
    },
    Fault {
        id: "chain-good",
        title: "nothing: leaf and intermediate sent",
        citation: "RFC 5280 §6.1",
        lab: Accepted,
        webpki: Accepted,
        maker: Maker::Plan(chain_good),
    },
    Fault {
        id: "cn-only",
        title: "no SAN, the name is in the CN only",
        citation: "RFC 9525 §6.3",
        lab: Accepted,
        webpki: Refused(&[WrongName]),
        maker: Maker::Plan(cn_only),
    },
    Fault {
        id: "openssl-style",
        title: "the lab sheet's own: CA:TRUE, no SAN",
        citation: "RFC 5280 §4.2.1.9, RFC 9525 §6.3",
        lab: Accepted,
        webpki: Refused(&[WrongName, BadUsage]),
        maker: Maker::Openssl,
    },
    Fault {
        id: "expired",
        title: "notAfter has passed",
        citation: "RFC 5280 §6.1.3 (a)(2)",
        lab: Refused(&[Expired]),
        webpki: Refused(&[Expired]),
        maker: Maker::Plan(expired),
    },
    Fault {
        id: "not-yet-valid",
        title: "notBefore has not come (beyond 2050)",
        citation: "RFC 5280 §6.1.3 (a)(2), §4.1.2.5.2",
        lab: Refused(&[NotYetValid]),
        webpki: Refused(&[NotYetValid]),
        maker: Maker::Plan(not_yet_valid),
    },
    Fault {
        id: "wrong-cn",
        title: "CN and SAN are another host's",
        citation: "RFC 9525 §6",
        lab: Refused(&[WrongName]),
        webpki: Refused(&[WrongName]),
        maker: Maker::Plan(wrong_cn),
    },
    Fault {
        id: "san-mismatch",
        title: "the CN is right, the SAN another host's",
        citation: "RFC 9525 §6.3",
        lab: Refused(&[WrongName]),
        webpki: Refused(&[WrongName]),
        maker: Maker::Plan(san_mismatch),
    },
    Fault {
        id: "nul-in-cn",
        title: "CN www.test.org\\0.evil.example",
        citation: "RFC 9525 §6.3; CVE-2009-2408",
        lab: Refused(&[WrongName]),
        webpki: Refused(&[WrongName]),
        maker: Maker::Plan(nul_in_cn),
    },
    Fault {
        id: "two-cns",
        title: "two CNs, one of them right",
        citation: "RFC 6125 §1.8, the lab's rule of one CN",
        lab: Refused(&[WrongName]),
        webpki: Refused(&[WrongName]),
        maker: Maker::Plan(two_cns),
    },
    Fault {
        id: "other-key",
        title: "the trusted one's subject, another key",
        citation: "RFC 5280 §6.1",
        lab: Refused(&[Untrusted]),
        webpki: Refused(&[Untrusted]),
        maker: Maker::Plan(other_key),
    },
    Fault {
        id: "tampered",
        title: "one bit of the signature flipped",
        citation: "RFC 5280 §6.1.3 (a)(1)",
        lab: Refused(&[Untrusted, BadSignature]),
        webpki: Refused(&[Untrusted, BadSignature]),
        maker: Maker::Plan(tampered),
    },
    Fault {
        id: "client-usage",
        title: "extended key usage is clientAuth only",
        citation: "RFC 5280 §4.2.1.12",
        lab: Refused(&[BadUsage]),
        webpki: Refused(&[BadUsage]),
        maker: Maker::Plan(client_usage),
    },
    Fault {
        id: "unknown-critical",
        title: "a critical extension nobody knows",
        citation: "RFC 5280 §4.2",
        lab: Refused(&[BadUsage]),
        webpki: Refused(&[BadUsage]),
        maker: Maker::Plan(unknown_critical),
    },
    Fault {
        id: "v1",
        title: "version 1, no extensions",
        citation: "RFC 5280 §4.1.2.1",
        lab: Refused(&[BadUsage]),
        webpki: Refused(&[WrongName, BadUsage]),
        maker: Maker::Plan(version_1),
    },
    Fault {
        id: "weak-rsa1024",
        title: "an RSA key of 1024 bits",
        citation: "RFC 9325 §4.5",
        lab: Refused(&[WeakKey]),
        webpki: Refused(&[WeakKey]),
        maker: Maker::Openssl,
    },
    Fault {
        id: "sha1",
        title: "signed with SHA-1",
        citation: "RFC 8446 §4.4.2.4, RFC 9155",
        lab: Refused(&[WeakSignature]),
        webpki: Refused(&[WeakSignature]),
        maker: Maker::Openssl,
    },
    Fault {
        id: "chain-expired-intermediate",
        title: "the intermediate has expired",
        citation: "RFC 5280 §6.1.3 (a)(2)",
        lab: Refused(&[Expired]),
        webpki: Refused(&[Expired]),
        maker: Maker::Plan(chain_expired_intermediate),
    },
    Fault {
        id: "chain-missing-intermediate",
        title: "the intermediate is not sent",
        citation: "RFC 8446 §4.4.2",
        lab: Refused(&[Untrusted]),
        webpki: Refused(&[Untrusted]),
        maker: Maker::Plan(chain_missing_intermediate),
    },
];

fn valid(workshop: &mut Workshop) -> Result<Made, IssueError> {
    workshop.pinned(|_| {})
}

fn chain_good(workshop: &mut Workshop) -> Result<Made, IssueError> {
    workshop.chain(|_| {})
}

fn cn_only(workshop: &mut Workshop) -> Result<Made, IssueError> {
    workshop.pinned(|plan| {
        plan.remove_extension(extension::SUBJECT_ALT_NAME);
    })
}

fn expired(workshop: &mut Workshop) -> Result<Made, IssueError> {
    let not_after = time(datetime!(2021-01-01 0:00 UTC))?;
    workshop.pinned(|plan| plan.not_after = not_after)
}

fn not_yet_valid(workshop: &mut Workshop) -> Result<Made, IssueError> {
    let not_before = time(datetime!(2110-01-01 0:00 UTC))?;
    workshop.pinned(|plan| plan.not_before = not_before)
}

fn wrong_cn(workshop: &mut Workshop) -> Result<Made, IssueError> {
    let subject = Subject::lab().with_common_name(OTHER_NAME)?.to_der();
    let names = workshop.alternative_name(OTHER_NAME)?;
    workshop.pinned(|plan| {
        plan.subject.clone_from(&subject);
        plan.issuer = subject;
        plan.set_extension(extension::SUBJECT_ALT_NAME, false, names);
    })
}

fn san_mismatch(workshop: &mut Workshop) -> Result<Made, IssueError> {
    let names = workshop.alternative_name(OTHER_NAME)?;
    workshop.pinned(|plan| plan.set_extension(extension::SUBJECT_ALT_NAME, false, names))
}

/// What a C string comparison reads as `www.test.org`. Without a SAN, so that the CN is all there is to read.
fn nul_in_cn(workshop: &mut Workshop) -> Result<Made, IssueError> {
    named_by_cn(workshop, |name| {
        let text = format!("{LAB_NAME}\0.evil.example");
        for attribute in name.rdns.iter_mut().flatten().filter(|attribute| attribute.oid == COMMON_NAME) {
            attribute.raw = text.clone().into_bytes();
            attribute.text = Some(text.clone());
        }
    })
}

fn two_cns(workshop: &mut Workshop) -> Result<Made, IssueError> {
    named_by_cn(workshop, |name| {
        let mut second: Vec<_> = name.common_names().cloned().collect();
        for attribute in &mut second {
            attribute.raw = OTHER_NAME.as_bytes().to_vec();
            attribute.text = Some(OTHER_NAME.to_owned());
        }
        name.rdns.push(second);
    })
}

/// A certificate whose only identity is its subject.
fn named_by_cn(workshop: &mut Workshop, edit: impl FnOnce(&mut Subject)) -> Result<Made, IssueError> {
    let mut subject = Subject::lab();
    edit(&mut subject);
    let subject = subject.to_der();
    workshop.pinned(|plan| {
        plan.remove_extension(extension::SUBJECT_ALT_NAME);
        plan.subject.clone_from(&subject);
        plan.issuer = subject;
    })
}

fn other_key(workshop: &mut Workshop) -> Result<Made, IssueError> {
    let trusted = workshop.pinned(|_| {})?.trusted;
    let key = workshop.key(Role::Other)?;
    let certificate = workshop.plan(Role::Other)?.sign(&key)?;
    Ok(Made { chain: vec![certificate], key, trusted })
}

fn tampered(workshop: &mut Workshop) -> Result<Made, IssueError> {
    let key = workshop.key(Role::Server)?;
    let mut plan = workshop.plan(Role::Server)?;
    let trusted = plan.sign(&key)?;
    plan.signature_edit = SignatureEdit::FlipBit(0);
    let certificate = plan.sign(&key)?;
    Ok(Made { chain: vec![certificate], key, trusted: vec![trusted] })
}

fn client_usage(workshop: &mut Workshop) -> Result<Made, IssueError> {
    // ExtKeyUsageSyntax: one purpose, id-kp-clientAuth.
    const CLIENT_AUTH: [u8; 12] = [0x30, 10, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 2];
    workshop.pinned(|plan| plan.set_extension(extension::EXTENDED_KEY_USAGE, false, CLIENT_AUTH))
}

fn unknown_critical(workshop: &mut Workshop) -> Result<Made, IssueError> {
    // 2.25.… is free for anybody (ITU-T X.667); the value is NULL.
    const NOBODYS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.25.987654321");
    workshop.pinned(|plan| plan.push_extension(NOBODYS, true, [5, 0]))
}

fn version_1(workshop: &mut Workshop) -> Result<Made, IssueError> {
    workshop.pinned(|plan| {
        plan.version = None;
        plan.extensions.clear();
    })
}

fn chain_expired_intermediate(workshop: &mut Workshop) -> Result<Made, IssueError> {
    let not_after = time(datetime!(2021-01-01 0:00 UTC))?;
    workshop.chain(|plan| plan.not_after = not_after)
}

fn chain_missing_intermediate(workshop: &mut Workshop) -> Result<Made, IssueError> {
    let mut made = workshop.chain(|_| {})?;
    made.chain.truncate(1);
    Ok(made)
}

fn time(at: OffsetDateTime) -> Result<Time, IssueError> {
    Time::rfc5280(at).ok_or(IssueError::Year(at))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::Arc;

    use super::*;
    use crate::pki::key::KeyAlgorithm;
    use crate::verify::{Criteria, ExpectedName, Policy, TrustSet, Usage, judge};

    #[test]
    fn ids_are_unique() {
        let ids: HashSet<_> = catalogue().iter().map(|fault| fault.id).collect();
        assert_eq!(ids.len(), catalogue().len());
    }

    #[test]
    fn every_fault_is_judged_as_expected_and_for_nothing_else() {
        let mut workshop = Workshop::new(KeyAlgorithm::EcP256);
        for fault in catalogue() {
            let Maker::Plan(maker) = fault.maker else { continue };
            let made = maker(&mut workshop).unwrap();
            for (policy, expectation) in [(Policy::Lab, fault.lab), (Policy::Webpki, fault.webpki)] {
                let criteria = Criteria {
                    trusted: Arc::new(TrustSet::new(&made.trusted).unwrap()),
                    name: Some(ExpectedName::Dns(LAB_NAME.to_owned())),
                    usage: Usage::Server,
                    policy,
                };
                let verdict = judge(&made.chain, &criteria, datetime!(2026-11-23 12:00 UTC));
                assert_eq!(
                    verdict.reasons(),
                    expectation.reasons(),
                    "{} by {policy}: {verdict:#?}",
                    fault.id
                );
                assert_eq!(verdict.exit_status(), expectation.exit_status(), "{}", fault.id);
            }
        }
    }
}
