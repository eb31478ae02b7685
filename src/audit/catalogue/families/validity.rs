//! Dates. RFC 5280 §6.1.3 (a)(2) binds what stands in a path; a pinned certificate stands in none, and that its dates
//! count is a rule of the lab's.

use time::Duration;
use time::macros::datetime;

use super::super::edit::moment;
use super::super::fault::{Fault, Grade};
use super::super::setting::Setting;
use super::twins::{both, each_both};
use crate::pki::issue::{Plan, Time};
use crate::verify::Reason::{Expired, Malformed, NotYetValid};

const SECOND: Duration = Duration::SECOND;

const STALE: &str =
    "the key of a server that is long gone, stolen from a scrapped disk, impersonates it for ever";
const EARLY: &str = "a certificate made for a later owner or a later key is used before its time";
const NONE: &str = "none; both ends are inclusive";

const DATES: &str = "compare notBefore and notAfter of every certificate with the clock, both ends inclusive, also where \
                     the certificate is pinned";
const CENTURIES: &str = "read dates with the X.509 library: a UTCTime's year from 50 to 99 is of the twentieth century \
                         (RFC 5280 §4.1.2.5.1)";

const LENGTH: &str = "a matter of policy: browsers refuse what is valid for too long, RFC 5280 does not";

pub(super) fn faults() -> Vec<Fault> {
    [past(), vec![two_readings()], boundaries(), lengths(), above()].concat()
}

/// Pinned it is a matter of the lab's rule; in a path it is RFC 5280's.
fn dated(fault: Fault) -> [Fault; 2] {
    [fault.grade(Grade::Policy), fault.ca()]
}

/// A certificate that tlslab cannot read, it cannot pin.
fn two_readings() -> Fault {
    Fault::under_ca(
        "validity-two-readings",
        "notAfter 211201010101Z as a GeneralizedTime: 2112, or read as a UTCTime 2021",
        "RFC 5280 §4.1.2.5.2",
        "two readers of the same bytes see two different dates",
    )
    .refused(&[Malformed])
    .fix(CENTURIES)
    .leaf(|plan, _| {
        plan.not_after = Time { tag: Time::GENERALIZED, content: b"211201010101Z".to_vec() };
    })
}

fn past() -> Vec<Fault> {
    let fault = |name, title, citation, attack| Fault::new(name, title, citation, attack).fix(DATES);
    [
        fault("expired", "notAfter has passed", "RFC 5280 §6.1.3 (a)(2)", STALE)
            .refused(&[Expired])
            .leaf(|plan, lab| plan.not_after = moment(lab.dates.past))
            .fixture(),
        fault("not-yet-valid", "notBefore has not come", "RFC 5280 §6.1.3 (a)(2)", EARLY)
            .refused(&[NotYetValid])
            .leaf(|plan, lab| plan.not_before = moment(lab.dates.future))
            .fixture(),
        fault(
            "not-yet-valid-2110",
            "notBefore is beyond 2050, a GeneralizedTime",
            "RFC 5280 §6.1.3 (a)(2), §4.1.2.5.2",
            EARLY,
        )
        .refused(&[NotYetValid])
        .fix(CENTURIES)
        .leaf(|plan, _| {
            plan.not_before = moment(datetime!(2110-01-01 0:00 UTC));
            plan.not_after = moment(datetime!(2120-01-01 0:00 UTC));
        }),
        fault("expired-1963", "notAfter 63…Z, which is 1963 and not 2063", "RFC 5280 §4.1.2.5.1", STALE)
            .refused(&[Expired])
            .fix(CENTURIES)
            .leaf(|plan, _| plan.not_after = Time { tag: Time::UTC, content: b"630101000000Z".to_vec() }),
        fault("inverted-validity", "notBefore is after notAfter", "RFC 5280 §4.1.2.5", STALE)
            .refused(&[NotYetValid, Expired])
            .leaf(|plan, _| std::mem::swap(&mut plan.not_before, &mut plan.not_after)),
    ]
    .into_iter()
    .flat_map(dated)
    .collect()
}

/// The first and the last second. What begins or ends later keeps clear of the margin for which the certificate is used
/// after it was made, or a client that is a second late would be judged by another certificate than it saw.
fn boundaries() -> Vec<Fault> {
    let fault = |name, title, attack| Fault::new(name, title, "RFC 5280 §4.1.2.5", attack).fix(DATES);
    let bad = [
        fault("expired-by-a-second", "notAfter was a second ago", STALE)
            .refused(&[Expired])
            .leaf(|plan, lab| plan.not_after = moment(lab.dates.at - SECOND)),
        fault("early-by-a-second", "notBefore is in a second", EARLY)
            .refused(&[NotYetValid])
            .leaf(|plan, lab| plan.not_before = moment(lab.dates.at + lab.dates.margin + SECOND)),
    ];
    let good = [
        fault("ok-last-second", "nothing: notAfter is now", NONE)
            .leaf(|plan, lab| plan.not_after = moment(lab.dates.at + lab.dates.margin)),
        fault("ok-first-second", "nothing: notBefore is now", NONE)
            .leaf(|plan, lab| plan.not_before = moment(lab.dates.at)),
    ];
    let good = good.into_iter().map(|fault| fault.grade(Grade::MustAccept));
    bad.into_iter().flat_map(dated).chain(good.flat_map(both)).collect()
}

/// How long it is valid.
fn lengths() -> Vec<Fault> {
    let fault =
        |name, title, citation| Fault::new(name, title, citation, STALE).grade(Grade::Policy).fix(LENGTH);
    const APPLE: &str = "no RFC; Apple refuses more than 825 days";
    each_both([
        fault("long-validity", "valid for a thousand years", APPLE)
            .leaf(|plan, _| plan.not_after = moment(datetime!(2999-12-31 0:00 UTC))),
        fault("validity-826-days", "valid for 826 days", APPLE).leaf(|plan, lab| valid_for(plan, lab, 826)),
        Fault {
            attack: "none; as certificates are",
            ..fault("ok-90-days", "nothing: valid for 90 days", "RFC 5280 §4.1.2.5")
        }
        .grade(Grade::MustAccept)
        .leaf(|plan, lab| valid_for(plan, lab, 90)),
    ])
}

/// From the day before it is judged, for this many days.
fn valid_for(plan: &mut Plan, lab: &Setting, days: i64) {
    let from = lab.dates.at - Duration::DAY;
    plan.not_before = moment(from);
    plan.not_after = moment(from + Duration::days(days));
}

/// Of a CA's certificate.
fn above() -> Vec<Fault> {
    let fault = |name, title, citation| {
        let attack = "whoever has a retired CA's key issues certificates for every name";
        Fault::under_ca(name, title, citation, attack).fix(DATES)
    };
    vec![
        fault("chain-expired-intermediate", "the intermediate has expired", "RFC 5280 §6.1.3 (a)(2)")
            .refused(&[Expired])
            .chain(|chain, lab| chain.intermediate.not_after = moment(lab.dates.past))
            .fixture(),
        fault("chain-early-intermediate", "the intermediate is not yet valid", "RFC 5280 §6.1.3 (a)(2)")
            .refused(&[NotYetValid])
            .chain(|chain, lab| chain.intermediate.not_before = moment(lab.dates.future)),
        fault(
            "chain-expired-root",
            "the trusted root has expired",
            "RFC 5280 §6.1.1 (d): an anchor has no dates",
        )
        .grade(Grade::Policy)
        .refused(&[Expired])
        .chain(|chain, lab| chain.root.not_after = moment(lab.dates.past)),
    ]
}
