//! Dates. RFC 5280 §6.1.3 (a)(2) binds what stands in a path; a pinned certificate stands in none, and that its dates
//! count is a rule of the lab's.

use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use super::super::fault::{Fault, Grade, Model};
use super::super::workshop::JUDGED_AT;
use super::both;
use super::edit::moment;
use crate::pki::issue::{Plan, Time};
use crate::verify::Reason::{Expired, NotYetValid};

pub(super) const PAST: OffsetDateTime = datetime!(2021-01-01 0:00 UTC);
pub(super) const FUTURE: OffsetDateTime = datetime!(2110-01-01 0:00 UTC);
const SECOND: Duration = Duration::SECOND;

const STALE: &str =
    "the key of a server that is long gone, stolen from a scrapped disk, impersonates it for ever";
const EARLY: &str = "a certificate made for a later owner or a later key is used before its time";

pub(super) fn faults() -> Vec<Fault> {
    let expired = Fault::new("expired", "notAfter has passed", "RFC 5280 §6.1.3 (a)(2)", STALE)
        .refused(&[Expired])
        .leaf(|plan| plan.not_after = moment(PAST));
    let early = Fault::new(
        "not-yet-valid",
        "notBefore has not come (beyond 2050)",
        "RFC 5280 §6.1.3 (a)(2), §4.1.2.5.2",
        EARLY,
    )
    .refused(&[NotYetValid])
    .leaf(|plan| plan.not_before = moment(FUTURE));
    let mut faults = Vec::new();
    for (fault, ca) in [
        (expired.fixture(), "expired.ca"),
        (early.fixture(), "not-yet-valid.ca"),
        (
            Fault::new(
                "expired-1963",
                "notAfter 63…Z, which is 1963 and not 2063",
                "RFC 5280 §4.1.2.5.1",
                STALE,
            )
            .refused(&[Expired])
            .leaf(|plan| plan.not_after = Time { tag: Time::UTC, content: b"630101000000Z".to_vec() }),
            "expired-1963.ca",
        ),
        (
            Fault::new("expired-by-a-second", "notAfter was a second ago", "RFC 5280 §4.1.2.5", STALE)
                .refused(&[Expired])
                .leaf(|plan| plan.not_after = moment(JUDGED_AT - SECOND)),
            "expired-by-a-second.ca",
        ),
        (
            Fault::new("early-by-a-second", "notBefore is in a second", "RFC 5280 §4.1.2.5", EARLY)
                .refused(&[NotYetValid])
                .leaf(|plan| plan.not_before = moment(JUDGED_AT + SECOND)),
            "early-by-a-second.ca",
        ),
        (
            Fault::new("inverted-validity", "notBefore is after notAfter", "RFC 5280 §4.1.2.5", STALE)
                .refused(&[NotYetValid, Expired])
                .leaf(|plan| std::mem::swap(&mut plan.not_before, &mut plan.not_after)),
            "inverted-validity.ca",
        ),
    ] {
        faults.extend([fault.grade(Grade::Policy), fault.ca(ca).grade(Grade::MustReject)]);
    }
    for (fault, ca) in [
        (
            Fault::new(
                "ok-last-second",
                "nothing: notAfter is now",
                "RFC 5280 §4.1.2.5",
                "none; both ends are inclusive",
            )
            .leaf(|plan| plan.not_after = moment(JUDGED_AT)),
            "ok-last-second.ca",
        ),
        (
            Fault::new(
                "ok-first-second",
                "nothing: notBefore is now",
                "RFC 5280 §4.1.2.5",
                "none; both ends are inclusive",
            )
            .leaf(|plan| plan.not_before = moment(JUDGED_AT)),
            "ok-first-second.ca",
        ),
    ] {
        let fault = fault.grade(Grade::MustAccept);
        faults.extend([fault, fault.ca(ca)]);
    }
    faults.extend(lengths());
    faults.extend(above());
    faults
}

/// How long it is valid. The healthy ones are so for a century, that they do not rot: who refuses the second of these
/// refuses them as well.
fn lengths() -> Vec<Fault> {
    let long = Fault::new(
        "long-validity",
        "valid for a thousand years",
        "no RFC; Apple refuses more than 825 days",
        STALE,
    )
    .grade(Grade::Policy)
    .leaf(|plan| plan.not_after = moment(datetime!(2999-12-31 0:00 UTC)));
    let limit = Fault::new(
        "validity-826-days",
        "valid for 826 days",
        "no RFC; Apple refuses more than 825 days",
        STALE,
    )
    .grade(Grade::Policy)
    .leaf(|plan| valid_for(plan, 826));
    let short = Fault::new(
        "ok-90-days",
        "nothing: valid for 90 days",
        "RFC 5280 §4.1.2.5",
        "none; as certificates are",
    )
    .grade(Grade::MustAccept)
    .leaf(|plan| valid_for(plan, 90));
    [both(long, "long-validity.ca"), both(limit, "validity-826-days.ca"), both(short, "ok-90-days.ca")]
        .concat()
}

/// From the day before it is judged, for this many days.
fn valid_for(plan: &mut Plan, days: i64) {
    let from = JUDGED_AT - Duration::DAY;
    plan.not_before = moment(from);
    plan.not_after = moment(from + Duration::days(days));
}

/// Of a CA's certificate.
fn above() -> Vec<Fault> {
    let fault = |id, title, citation| Fault {
        model: Model::Ca,
        ..Fault::new(id, title, citation, "whoever has a retired CA's key issues certificates for every name")
    };
    vec![
        fault("chain-expired-intermediate", "the intermediate has expired", "RFC 5280 §6.1.3 (a)(2)")
            .refused(&[Expired])
            .made(|workshop| workshop.chain(|chain| chain.intermediate.not_after = moment(PAST)))
            .fixture(),
        fault("chain-early-intermediate", "the intermediate is not yet valid", "RFC 5280 §6.1.3 (a)(2)")
            .refused(&[NotYetValid])
            .made(|workshop| workshop.chain(|chain| chain.intermediate.not_before = moment(FUTURE))),
        fault(
            "chain-expired-root",
            "the trusted root has expired",
            "RFC 5280 §6.1.1 (d): an anchor has no dates",
        )
        .grade(Grade::Policy)
        .refused(&[Expired])
        .made(|workshop| workshop.chain(|chain| chain.root.not_after = moment(PAST))),
    ]
}
