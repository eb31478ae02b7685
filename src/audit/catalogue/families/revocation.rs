//! Certificates whose CA says something of them: in a list that whoever judges is given, or in a response that the server
//! staples. The certificates themselves are healthy.

use std::sync::Arc;

use time::Duration;

use super::super::edit::moment;
use super::super::fault::{Fault, Grade, Says, Status};
use super::super::workshop::{Made, Role, Workshop};
use crate::pki::crl::RevocationReason;
use crate::pki::der::{tag, tlv};
use crate::pki::facts::CertFacts;
use crate::pki::issue::{IssueError, SignatureEdit};
use crate::pki::key::PrivateKey;
use crate::pki::ocsp::{CertId, CertStatus, ResponseStatus};
use crate::pki::oid::{self, Oid};
use crate::pki::respond::AnswerPlan;
use crate::pki::revoke::{CrlPlan, EntryPlan};
use crate::verify::Reason::{RevocationUnknown, Revoked};

const STOLEN: &str = "a certificate whose key was stolen is used on, though its CA has taken it back";

const SAID_BY_ANYBODY: &str = "who has stolen a key says himself that its certificate is good";

const HEED_LISTS: &str = "give the verifier the list and have it asked: X509_V_FLAG_CRL_CHECK_ALL of OpenSSL, --crlfile of curl, \
     PKIXRevocationChecker of Java";

const HEED_STAPLES: &str = "ask for a staple and judge it: --cert-status of curl, SSL_set_tlsext_status_type of OpenSSL with a \
     callback, PKIXRevocationChecker of Java";

pub(super) fn faults() -> Vec<Fault> {
    [lists(), lists_of_no_use(), staples(), staples_of_no_use()].concat()
}

fn list(
    name: &'static str,
    title: &'static str,
    citation: &'static str,
    attack: &'static str,
    says: Says<Vec<Vec<u8>>>,
) -> Fault {
    let fault = Fault::under_ca(name, title, citation, attack).grade(Grade::Policy).fix(HEED_LISTS);
    fault.status(Status::Lists(says))
}

fn staple(
    name: &'static str,
    title: &'static str,
    citation: &'static str,
    attack: &'static str,
    says: Says<Vec<u8>>,
) -> Fault {
    let fault = Fault::under_ca(name, title, citation, attack).grade(Grade::Policy).fix(HEED_STAPLES);
    fault.status(Status::Staple(says))
}

/// A list that counts.
fn lists() -> Vec<Fault> {
    vec![
        list(
            "ok-crl",
            "nothing: a list of its CA does not have it",
            "RFC 5280 §6.3.3",
            STOLEN,
            |w, made| root_list(w, made, |_, _| Ok(())),
        ),
        list("crl-revoked", "a list of its CA has it", "RFC 5280 §6.3.3 (i)", STOLEN, |w, made| {
            root_list(w, made, |list, leaf| revoke(list, leaf, w, RevocationReason::KeyCompromise))
        })
        .refused(&[Revoked]),
        list("crl-on-hold", "a list of its CA has it on hold", "RFC 5280 §5.3.1", STOLEN, |w, made| {
            root_list(w, made, |list, leaf| revoke(list, leaf, w, RevocationReason::CertificateHold))
        })
        .refused(&[Revoked]),
        list(
            "ok-crl-removed",
            "nothing: a delta takes it off the hold that the list has it on",
            "RFC 5280 §5.2.4, §5.3.1",
            "a server is refused whose certificate is good again",
            |w, made| {
                let base = root_list(w, made, |list, leaf| {
                    revoke(list, leaf, w, RevocationReason::CertificateHold)
                })?;
                let delta = root_list(w, made, |list, leaf| {
                    list.set_extension(oid::CRL_NUMBER, false, tlv(tag::INTEGER, &[2]));
                    list.set_extension(oid::DELTA_CRL_INDICATOR, true, tlv(tag::INTEGER, &[1]));
                    revoke(list, leaf, w, RevocationReason::RemoveFromCrl)
                })?;
                Ok([base, delta].concat())
            },
        ),
        list(
            "crl-issuer-revoked",
            "a list of the root has the intermediate CA",
            "RFC 5280 §6.3.3, §6.1.3 (a)(3)",
            "a CA whose key was stolen issues on for anybody's name",
            |w, made| {
                let intermediate = read(&made.chain[1])?;
                let root = signed_by_root(w, made, |list, _| {
                    revoke(list, &intermediate, w, RevocationReason::CaCompromise)
                })?;
                Ok(vec![root])
            },
        )
        .chain(|_, _| {})
        .refused(&[Revoked]),
    ]
}

/// A list that cannot be relied upon, so that nothing is known.
fn lists_of_no_use() -> Vec<Fault> {
    let list = |name, title, citation, attack, says| {
        list(name, title, citation, attack, says).refused(&[RevocationUnknown])
    };
    vec![
        list(
            "crl-expired",
            "the list of its CA is out of date",
            "RFC 5280 §6.3.3 (a)",
            STOLEN,
            |w, made| {
                root_list(w, made, |list, _| {
                    list.next_update = Some(moment(w.setting().dates.past + Duration::DAY));
                    Ok(())
                })
            },
        ),
        list(
            "crl-other-issuer",
            "the list is signed by another key of its CA's name",
            "RFC 5280 §6.3.3 (f, g)",
            SAID_BY_ANYBODY,
            |w, made| {
                let stranger = w.stranger();
                let key = stranger.key(Role::Root)?;
                let certificate = stranger.root()?.sign(&key)?;
                Ok(vec![list_by(&certificate, &key, w, made, |_, _| Ok(()))?])
            },
        ),
        list(
            "crl-bad-signature",
            "the list's signature is not its CA's",
            "RFC 5280 §6.3.3 (g)",
            SAID_BY_ANYBODY,
            |w, made| {
                root_list(w, made, |list, _| {
                    list.signature_edit = SignatureEdit::FlipBit(0);
                    Ok(())
                })
            },
        ),
        list(
            "crl-unknown-critical",
            "the list has a critical extension that nobody knows",
            "RFC 5280 §5.2",
            "a list is taken for a complete one that says it is not",
            |w, made| {
                root_list(w, made, |list, _| {
                    list.set_extension(STRANGE, true, [tag::NULL, 0]);
                    Ok(())
                })
            },
        ),
        list(
            "crl-wrong-scope",
            "the list is about CAs only",
            "RFC 5280 §5.2.5, §6.3.3 (b)(2)(iii)",
            "a list that cannot have the certificate is taken as a word for it",
            |w, made| {
                root_list(w, made, |list, _| {
                    let only_ca = tlv(tag::SEQUENCE, &tlv(tag::context_primitive(2), &[0xff]));
                    list.set_extension(oid::ISSUING_DISTRIBUTION_POINT, true, only_ca);
                    Ok(())
                })
            },
        ),
    ]
}

/// A response that counts.
fn staples() -> Vec<Fault> {
    vec![
        staple("ok-staple", "nothing: a good response is stapled", "RFC 6066 §8", STOLEN, |w, made| {
            answer(w, made, CertStatus::Good, |_| Ok(()))
        }),
        staple(
            "staple-revoked",
            "the response that is stapled says that it is revoked",
            "RFC 6066 §8, RFC 6960 §2.2",
            STOLEN,
            |w, made| {
                let at = w.setting().dates.past;
                let reason = Some(RevocationReason::KeyCompromise);
                answer(w, made, CertStatus::Revoked { at, reason }, |_| Ok(()))
            },
        )
        .refused(&[Revoked]),
        staple(
            "staple-unknown",
            "the response that is stapled says that its CA does not know it",
            "RFC 6066 §8, RFC 6960 §2.2",
            "a certificate that its CA never issued is used",
            |w, made| answer(w, made, CertStatus::Unknown, |_| Ok(())),
        )
        .refused(&[RevocationUnknown]),
    ]
}

/// A response that cannot be relied upon, so that nothing is known.
fn staples_of_no_use() -> Vec<Fault> {
    let staple = |name, title, citation, attack, says| {
        staple(name, title, citation, attack, says).refused(&[RevocationUnknown])
    };
    vec![
        staple(
            "staple-other-certificate",
            "the response that is stapled is about another certificate",
            "RFC 6960 §3.2 (1)",
            SAID_BY_ANYBODY,
            |w, made| {
                answer(w, made, CertStatus::Good, |plan| {
                    plan.statuses.iter_mut().for_each(|single| single.id.serial = vec![1]);
                    Ok(())
                })
            },
        ),
        staple(
            "staple-expired",
            "the response that is stapled is out of date",
            "RFC 6960 §3.2 (5, 6), §4.2.2.1",
            STOLEN,
            |w, made| {
                answer(w, made, CertStatus::Good, |plan| {
                    let past = w.setting().dates.past;
                    for single in &mut plan.statuses {
                        single.this_update = generalized(past);
                        single.next_update = Some(generalized(past + Duration::DAY));
                    }
                    Ok(())
                })
            },
        ),
        staple(
            "staple-unauthorized",
            "the response that is stapled is signed by the server itself",
            "RFC 6960 §4.2.2.2",
            SAID_BY_ANYBODY,
            |w, made| {
                let leaf = read(&made.chain[0])?;
                answer_by(w, made, &leaf, &made.key, CertStatus::Good, |plan| {
                    plan.certificates.push(made.chain[0].clone());
                    Ok(())
                })
            },
        ),
        staple(
            "staple-bad-signature",
            "the signature of the response that is stapled is not its CA's",
            "RFC 6960 §3.2 (2)",
            SAID_BY_ANYBODY,
            |w, made| {
                answer(w, made, CertStatus::Good, |plan| {
                    plan.signature_edit = SignatureEdit::FlipBit(0);
                    Ok(())
                })
            },
        ),
        staple(
            "staple-empty",
            "the response that is stapled is about no certificate",
            "RFC 6066 §8, RFC 6960 §3.2 (1)",
            SAID_BY_ANYBODY,
            |w, made| {
                answer(w, made, CertStatus::Good, |plan| {
                    plan.statuses.clear();
                    Ok(())
                })
            },
        ),
        staple(
            "staple-try-later",
            "the response that is stapled has no answer: tryLater",
            "RFC 6066 §8, RFC 6960 §2.3",
            STOLEN,
            |_, _| Ok(ResponseStatus::TryLater.to_der()),
        ),
    ]
}

/// Nobody has defined it.
const STRANGE: Oid = Oid::dotted("1.2.3.4");

/// The list of the root, with one edit; a leaf that the root issued is told to it.
fn root_list(
    workshop: &Workshop,
    made: &Made,
    edit: impl FnOnce(&mut CrlPlan, &CertFacts) -> Result<(), IssueError>,
) -> Result<Vec<Vec<u8>>, IssueError> {
    Ok(vec![signed_by_root(workshop, made, edit)?])
}

fn signed_by_root(
    workshop: &Workshop,
    made: &Made,
    edit: impl FnOnce(&mut CrlPlan, &CertFacts) -> Result<(), IssueError>,
) -> Result<Vec<u8>, IssueError> {
    let key = workshop.key(Role::Root)?;
    list_by(&made.trusted[0], &key, workshop, made, edit)
}

fn list_by(
    issuer: &[u8],
    key: &Arc<PrivateKey>,
    workshop: &Workshop,
    made: &Made,
    edit: impl FnOnce(&mut CrlPlan, &CertFacts) -> Result<(), IssueError>,
) -> Result<Vec<u8>, IssueError> {
    let dates = workshop.setting().dates;
    let mut list = CrlPlan::draft(issuer, key, &[1], dates.past, dates.future)?;
    edit(&mut list, &read(&made.chain[0])?)?;
    list.sign(key)
}

fn revoke(
    list: &mut CrlPlan,
    certificate: &CertFacts,
    workshop: &Workshop,
    reason: RevocationReason,
) -> Result<(), IssueError> {
    list.revoke(EntryPlan::new(&certificate.serial, workshop.setting().dates.past, reason)?);
    Ok(())
}

/// What the root says of the leaf, with one edit.
fn answer(
    workshop: &Workshop,
    made: &Made,
    status: CertStatus,
    edit: impl FnOnce(&mut AnswerPlan) -> Result<(), IssueError>,
) -> Result<Vec<u8>, IssueError> {
    let key = workshop.key(Role::Root)?;
    answer_by(workshop, made, &read(&made.trusted[0])?, &key, status, edit)
}

fn answer_by(
    workshop: &Workshop,
    made: &Made,
    responder: &CertFacts,
    key: &PrivateKey,
    status: CertStatus,
    edit: impl FnOnce(&mut AnswerPlan) -> Result<(), IssueError>,
) -> Result<Vec<u8>, IssueError> {
    let dates = workshop.setting().dates;
    let mut plan = AnswerPlan::draft(responder, key, dates.past)?;
    let id = CertId::sha1(&read(&made.chain[0])?.serial, &read(&made.trusted[0])?);
    plan.say(id, status, dates.past, dates.future)?;
    edit(&mut plan)?;
    plan.sign(key)
}

fn generalized(at: time::OffsetDateTime) -> crate::pki::issue::Time {
    // The dates of a setting are of years that can be said.
    crate::pki::issue::Time::generalized(at).unwrap_or_else(|| moment(at))
}

/// What was made here can be read.
fn read(certificate: &[u8]) -> Result<CertFacts, IssueError> {
    CertFacts::read(certificate).map_err(|_| IssueError::Malformed(crate::pki::der::Error::Incomplete))
}
