//! What a client did, and whether it should have: pure functions of what was seen of it, of its healthy twin, and of
//! the case.
//!
//! The wire decides. An exit status is compared with the twin's, and only where the controls have shown that it says
//! anything; a reset, a crash, a hang or no connection at all is never a refusal.

use std::fmt;

use super::catalogue::Grade;
use super::witness::Witness;

/// What the client did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Observed {
    /// It behaved as with the healthy twin.
    Accept,
    /// It died of a signal where the twin did not.
    Crash,
    /// It cannot be told.
    Error,
    /// It outlived its time where the twin did not.
    Hang,
    /// It refused after application bytes had left.
    Leak,
    /// It refused before one application byte had left.
    Reject,
    /// It was not run.
    Skip,
}

impl Observed {
    /// As reports write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Crash => "crash",
            Self::Error => "error",
            Self::Hang => "hang",
            Self::Leak => "leak",
            Self::Reject => "reject",
            Self::Skip => "skip",
        }
    }
}

impl fmt::Display for Observed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What is made of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verdict {
    /// It did what it must not, or not what it must.
    Fail,
    /// It cannot be judged.
    Error,
    /// It did what it should not.
    Warn,
    /// It did as it should.
    Pass,
    /// Nothing follows from it.
    Info,
    /// It was not run.
    Skip,
}

impl Verdict {
    /// As reports write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Fail => "fail",
            Self::Info => "info",
            Self::Pass => "pass",
            Self::Skip => "skip",
            Self::Warn => "warn",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// What the lab sheet asks, and nothing else.
    Lab,
    /// What the RFCs demand; what they recommend is a warning.
    #[default]
    Rfc,
    /// What the RFCs recommend, too.
    Strict,
}

/// What the lab sheet wants refused: pinned certificates with these faults.
const LAB_REFUSES: [&str; 12] = [
    "expired",
    "expired-1963",
    "expired-by-a-second",
    "inverted-validity",
    "not-yet-valid",
    "nul-in-cn",
    "other-key",
    "parent-domain",
    "self-signed-unknown",
    "tampered",
    "two-cns",
    "wrong-cn",
];

/// What it wants accepted: the healthy one, and the one that its own openssl commands make.
const LAB_ACCEPTS: [&str; 2] = ["openssl-style", "valid"];

impl Profile {
    /// As reports write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lab => "lab",
            Self::Rfc => "rfc",
            Self::Strict => "strict",
        }
    }

    /// Whether anything is demanded in the case `id` by the lab sheet.
    pub fn counts(self, id: &str) -> bool {
        self != Self::Lab || LAB_REFUSES.contains(&id) || LAB_ACCEPTS.contains(&id)
    }

    /// What is demanded in the case `id`, whose grade by the RFCs is `grade`.
    pub fn grade(self, id: &str, grade: Grade) -> Grade {
        match self {
            Self::Rfc | Self::Strict => grade,
            Self::Lab if LAB_REFUSES.contains(&id) => Grade::MustReject,
            Self::Lab if LAB_ACCEPTS.contains(&id) => Grade::MustAccept,
            Self::Lab => Grade::Info,
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How one tells that a client has accepted what a case shows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Acceptance {
    /// What the twin received was received here too.
    #[default]
    Delivery,
    /// It sent its next flight: a handshake that nobody can complete went on.
    NextFlight,
    /// The server saw whether it went by what it must not; who did not goes on, and rightly reports success.
    Heeded,
    /// It took what it was shown in a later handshake of a session that was healthy until then.
    Renewal,
    /// It reported success: the fault came after the message.
    Success,
}

/// What the rules of a case are, as far as what the client did is concerned.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    /// How acceptance is told.
    pub acceptance: Acceptance,
    /// The alerts that fit.
    pub alerts: &'a [u8],
    /// Whether exit statuses say anything: not where a control's is other than 0, nor where the client goes on.
    pub statuses_count: bool,
}

/// What the client did, with the reason in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// What it did.
    pub observed: Observed,
    /// Of a refusal: whether it was the fitting one, by alert or by a check of its own and a clean end.
    pub strict: bool,
    /// One sentence, without a full stop.
    pub why: String,
}

impl Observation {
    fn new(observed: Observed, strict: bool, why: impl Into<String>) -> Self {
        Self { observed, strict, why: why.into() }
    }

    /// It cannot be told.
    pub fn error(why: impl Into<String>) -> Self {
        Self::new(Observed::Error, false, why)
    }

    /// It was not run.
    pub fn skip(why: impl Into<String>) -> Self {
        Self::new(Observed::Skip, false, why)
    }
}

/// What the client did in a case, by what was seen of it there and with the healthy twin, which it accepted.
pub fn observe(seen: &Witness, twin: &Witness, rules: Rules<'_>) -> Observation {
    if let Some(failure) = &seen.failure {
        return Observation::error(failure.clone());
    }
    if seen.end.timed_out && !twin.end.timed_out {
        return Observation::new(
            Observed::Hang,
            false,
            "it outlived its time, which with the twin it did not",
        );
    }
    if let Some(signal) = seen.end.signal.filter(|_| seen.end.signal != twin.end.signal) {
        let why = format!("it died of {}, which with the twin it did not", signal_name(signal));
        return Observation::new(Observed::Crash, false, why);
    }
    let wire = &seen.wire;
    if wire.connections == 0 {
        return Observation::error("it never connected");
    }
    if wire.silent == wire.connections {
        return Observation::error("it connected and said nothing");
    }
    if let Some(why) = &wire.unsuited {
        return Observation::skip(why.clone());
    }
    match rules.acceptance {
        Acceptance::Heeded | Acceptance::Renewal => by_service(seen, twin, rules),
        _ if wire.went_on => {
            Observation::new(Observed::Accept, false, "it went on where it should have aborted")
        }
        Acceptance::Delivery => by_delivery(seen, twin, rules),
        Acceptance::NextFlight => refused(seen, rules),
        Acceptance::Success => by_success(seen, twin, rules),
    }
}

fn by_delivery(seen: &Witness, twin: &Witness, rules: Rules<'_>) -> Observation {
    let wire = &seen.wire;
    let delivered = if twin.wire.message_seen {
        wire.message_seen
    } else if twin.wire.application_bytes > 0 {
        wire.application_bytes > 0
    } else {
        wire.handshake_completed && wire.alert.is_none()
    };
    let same_end = !rules.statuses_count || seen.end.exit_status == twin.end.exit_status;
    match (delivered, same_end, wire.left()) {
        (true, true, 0) => {
            Observation::new(Observed::Accept, false, "the handshake was completed, as with the twin")
        }
        (true, true, count) => {
            let why = format!("its {count} application bytes arrived, as with the twin");
            Observation::new(Observed::Accept, false, why)
        }
        (_, _, count @ 1..) => {
            let how = if wire.application_bytes == 0 { "in the clear" } else { "before it refused" };
            Observation::new(Observed::Leak, false, format!("{count} application bytes left {how}"))
        }
        _ => refused(seen, rules),
    }
}

/// No application byte arrived, and the client did not go on as with the twin.
fn refused(seen: &Witness, rules: Rules<'_>) -> Observation {
    let wire = &seen.wire;
    if rules.acceptance == Acceptance::NextFlight && wire.left() > 0 {
        let why = format!("{} application bytes left, over another connection", wire.left());
        return Observation::new(Observed::Leak, false, why);
    }
    if let Some(alert) = wire.alert {
        let name = crate::tls::names::alert(alert);
        return if rules.alerts.contains(&alert) {
            Observation::new(Observed::Reject, true, format!("it refused with the alert {name}"))
        } else {
            let why = format!("it refused with the alert {name}, which says something else");
            Observation::new(Observed::Reject, false, why)
        };
    }
    if wire.reset {
        // Whoever resets may have crashed, run out of time, or been cut off on the way.
        return Observation::error("it reset the connection, which says nothing of why");
    }
    if wire.handshake_completed {
        let why = "it completed the handshake and then ended the connection by a check of its own";
        return Observation::new(Observed::Reject, true, why);
    }
    Observation::new(Observed::Reject, false, "it closed the connection without an alert")
}

/// The fault came after the message: what counts is what the client says of it.
fn by_success(seen: &Witness, twin: &Witness, rules: Rules<'_>) -> Observation {
    if !seen.wire.handshake_completed {
        return Observation::error("it refused before the fault came, where the twin was accepted");
    }
    let fits = seen.wire.alert.is_some_and(|alert| rules.alerts.contains(&alert));
    if !rules.statuses_count {
        return match seen.wire.alert {
            Some(_) => refused(seen, rules),
            None => {
                Observation::error("only its exit status could tell, and with the controls it says nothing")
            }
        };
    }
    match seen.end.exit_status {
        status if status == twin.end.exit_status => {
            Observation::new(Observed::Accept, false, "it reports success, as with the twin")
        }
        Some(status) => {
            Observation::new(Observed::Reject, fits, format!("it reports failure: exit status {status}"))
        }
        None => Observation::error("it has no exit status"),
    }
}

/// The fault came within a session: what counts is what the client did then, and not what it had said before.
fn by_service(seen: &Witness, twin: &Witness, rules: Rules<'_>) -> Observation {
    let wire = &seen.wire;
    let reports_failure = rules.statuses_count && seen.end.exit_status != twin.end.exit_status;
    if !wire.handshake_completed {
        return Observation::error("it refused before the fault came, where the twin was accepted");
    }
    match (wire.renewed, wire.went_on) {
        (true, true) if reports_failure => {
            Observation::new(Observed::Leak, false, "application bytes left before it refused")
        }
        (_, true) => Observation::new(Observed::Accept, false, "it went on where it should have stopped"),
        (true, false) if reports_failure => {
            let why = "it completed the handshake and then ended the session by a check of its own";
            Observation::new(Observed::Reject, true, why)
        }
        (true, false) if rules.statuses_count => {
            let why = "it completed the handshake and reports success, as with the twin";
            Observation::new(Observed::Accept, false, why)
        }
        (true, false) => {
            Observation::error("only its exit status could tell, and with the controls it says nothing")
        }
        // Who heeded has said what he had to say: how his system then ends the connection is of no account.
        (false, false) if wire.alert.is_some() || wire.reset && rules.acceptance == Acceptance::Renewal => {
            refused(seen, rules)
        }
        (false, false) => Observation::new(Observed::Reject, true, "it did not go on with what was wrong"),
    }
}

/// Whether a control says that the client can be judged at all: it took what nothing is wrong with.
///
/// Where the client was given the message to send, it has to have arrived; else a completed handshake and either
/// application bytes or exit status 0.
pub fn is_green(control: &Witness, message_expected: bool) -> Result<(), String> {
    if let Some(failure) = &control.failure {
        return Err(failure.clone());
    }
    let (wire, end) = (&control.wire, &control.end);
    if wire.connections == 0 {
        return Err("it never connected".to_owned());
    }
    if let Some(alert) = wire.alert.filter(|_| wire.application_bytes == 0) {
        let name = crate::tls::names::alert(alert);
        return Err(format!("it refused a certificate that nothing is wrong with, by the alert {name}"));
    }
    if !wire.handshake_completed {
        let how =
            if wire.plaintext_bytes > 0 { "it does not speak TLS" } else { "it completed no handshake" };
        return Err(how.to_owned());
    }
    if message_expected && !wire.message_seen {
        return Err(format!(
            "the message did not arrive, but {} application bytes did",
            wire.application_bytes
        ));
    }
    if !message_expected && wire.application_bytes == 0 && end.exit_status.is_some_and(|status| status != 0) {
        return Err("it sent nothing and its exit status is not 0".to_owned());
    }
    Ok(())
}

/// The verdict: what the client did, held against what it must do (`grade`, by the profile).
///
/// `exit_zero`: a refusal that its exit status calls a success. `may_hang`: the case is about waiting, and the RFCs
/// set no limit.
#[allow(clippy::match_same_arms, reason = "grade by grade, as the contract has it")]
pub fn verdict(
    grade: Grade,
    profile: Profile,
    observed: Observed,
    exit_zero: bool,
    may_hang: bool,
) -> Verdict {
    use Observed::{Accept, Crash, Error, Hang, Leak, Reject, Skip};

    let should = if profile == Profile::Strict { Verdict::Fail } else { Verdict::Warn };
    match (grade, observed) {
        (_, Skip) => Verdict::Skip,
        (Grade::Info | Grade::Policy, _) => Verdict::Info,
        (_, Error) => Verdict::Error,
        (_, Hang) if may_hang => should,
        (_, Crash | Hang) => Verdict::Fail,
        (Grade::MustReject | Grade::ShouldReject, Reject) if exit_zero => Verdict::Warn,
        (Grade::MustReject | Grade::ShouldReject, Reject) => Verdict::Pass,
        (Grade::MustReject, Accept | Leak) => Verdict::Fail,
        (Grade::ShouldReject, Accept | Leak) => should,
        (Grade::MustAccept | Grade::ShouldAccept, Accept) => Verdict::Pass,
        (Grade::MustAccept, Leak | Reject) => Verdict::Fail,
        (Grade::ShouldAccept, Leak | Reject) => should,
    }
}

/// A signal's name as `kill -l` has it, with `SIG`.
pub fn signal_name(signal: i32) -> String {
    #[cfg(unix)]
    {
        use rustix::process::Signal;
        const NAMED: [(Signal, &str); 16] = [
            (Signal::ABORT, "SIGABRT"),
            (Signal::ALARM, "SIGALRM"),
            (Signal::BUS, "SIGBUS"),
            (Signal::FPE, "SIGFPE"),
            (Signal::HUP, "SIGHUP"),
            (Signal::ILL, "SIGILL"),
            (Signal::INT, "SIGINT"),
            (Signal::KILL, "SIGKILL"),
            (Signal::PIPE, "SIGPIPE"),
            (Signal::QUIT, "SIGQUIT"),
            (Signal::SEGV, "SIGSEGV"),
            (Signal::SYS, "SIGSYS"),
            (Signal::TERM, "SIGTERM"),
            (Signal::TRAP, "SIGTRAP"),
            (Signal::XCPU, "SIGXCPU"),
            (Signal::XFSZ, "SIGXFSZ"),
        ];
        if let Some((_, name)) = NAMED.iter().find(|(known, _)| known.as_raw() == signal) {
            return (*name).to_owned();
        }
    }
    format!("signal {signal}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::witness::{End, Wire};

    const CERTIFICATE_EXPIRED: u8 = 45;
    const HANDSHAKE_FAILURE: u8 = 40;

    fn rules(acceptance: Acceptance) -> Rules<'static> {
        Rules { acceptance, alerts: &[CERTIFICATE_EXPIRED], statuses_count: true }
    }

    fn ended(status: i32, wire: Wire) -> Witness {
        Witness {
            wire: Wire { connections: 1, ..wire },
            end: End { exit_status: Some(status), ..End::default() },
            ..Witness::default()
        }
    }

    fn sent() -> Wire {
        Wire { handshake_completed: true, application_bytes: 9, message_seen: true, ..Wire::default() }
    }

    fn twin() -> Witness {
        ended(0, sent())
    }

    #[test]
    fn what_a_client_did_is_told_by_the_wire_and_by_its_twin() {
        let completed = || Wire { handshake_completed: true, ..Wire::default() };
        let alert = |alert| Wire { alert: Some(alert), ..Wire::default() };
        for (seen, observed, strict) in [
            (ended(0, sent()), Observed::Accept, false),
            // It says it refused, and the message has left.
            (ended(1, sent()), Observed::Leak, false),
            (ended(1, Wire { message_seen: false, ..sent() }), Observed::Leak, false),
            (ended(0, Wire { message_seen: false, ..sent() }), Observed::Leak, false),
            (ended(0, Wire { plaintext_bytes: 5, ..alert(CERTIFICATE_EXPIRED) }), Observed::Leak, false),
            (ended(1, alert(CERTIFICATE_EXPIRED)), Observed::Reject, true),
            (ended(0, alert(CERTIFICATE_EXPIRED)), Observed::Reject, true),
            (ended(1, alert(HANDSHAKE_FAILURE)), Observed::Reject, false),
            (ended(1, completed()), Observed::Reject, true),
            (ended(1, Wire::default()), Observed::Reject, false),
            (ended(1, Wire { reset: true, ..Wire::default() }), Observed::Error, false),
            (ended(1, Wire { reset: true, ..completed() }), Observed::Error, false),
            // The alert came before the reset.
            (ended(1, Wire { reset: true, ..alert(CERTIFICATE_EXPIRED) }), Observed::Reject, true),
            (ended(1, Wire { silent: 1, ..Wire::default() }), Observed::Error, false),
        ] {
            let found = observe(&seen, &twin(), rules(Acceptance::Delivery));
            assert_eq!((found.observed, found.strict), (observed, strict), "{seen:?}: {}", found.why);
        }
    }

    /// In a session that was healthy at first, what left before the fault is no sign of anything.
    #[test]
    fn what_comes_within_a_session_is_judged_by_what_follows_it() {
        let seen = |renewed, went_on, status| ended(status, Wire { went_on, renewed, ..sent() });
        for (renewed, went_on, status, expected) in [
            (false, false, 0, Observed::Reject),
            (false, true, 0, Observed::Accept),
            (true, false, 0, Observed::Accept),
            (true, false, 1, Observed::Reject),
            (true, true, 1, Observed::Leak),
        ] {
            let found = observe(&seen(renewed, went_on, status), &twin(), rules(Acceptance::Renewal));
            assert_eq!(found.observed, expected, "{renewed} {went_on} {status}: {}", found.why);
        }
        let heeded = ended(0, Wire { reset: true, ..sent() });
        assert_eq!(observe(&heeded, &twin(), rules(Acceptance::Heeded)).observed, Observed::Reject);
        assert_eq!(observe(&heeded, &twin(), rules(Acceptance::Renewal)).observed, Observed::Error);
        let silent = Rules { statuses_count: false, ..rules(Acceptance::Renewal) };
        assert_eq!(observe(&seen(true, false, 1), &twin(), silent).observed, Observed::Error);
    }

    #[test]
    fn a_client_that_sends_nothing_is_told_by_its_exit_status() {
        let completed = || Wire { handshake_completed: true, ..Wire::default() };
        let quiet = ended(0, completed());
        let found =
            |status| observe(&ended(status, completed()), &quiet, rules(Acceptance::Delivery)).observed;
        assert_eq!((found(0), found(1)), (Observed::Accept, Observed::Reject));
    }

    #[test]
    fn what_is_no_refusal_is_never_called_one() {
        let end = |end| Witness { end, ..ended(0, Wire::default()) };
        let hang = end(End { timed_out: true, ..End::default() });
        let crash = end(End { signal: Some(11), ..End::default() });
        let none = Witness { wire: Wire::default(), ..ended(1, Wire::default()) };
        let failed = Witness { failure: Some("--setup failed".to_owned()), ..ended(1, Wire::default()) };
        for (seen, observed) in [
            (hang.clone(), Observed::Hang),
            (crash.clone(), Observed::Crash),
            (none, Observed::Error),
            (failed, Observed::Error),
        ] {
            assert_eq!(observe(&seen, &twin(), rules(Acceptance::Delivery)).observed, observed, "{seen:?}");
        }
        // As with the twin: neither says anything.
        let both = |seen: &Witness| {
            let twin = Witness { end: seen.end, ..twin() };
            observe(&Witness { wire: twin.wire.clone(), ..seen.clone() }, &twin, rules(Acceptance::Delivery))
        };
        assert_eq!((both(&hang).observed, both(&crash).observed), (Observed::Accept, Observed::Accept));
    }

    #[test]
    fn where_exit_statuses_say_nothing_they_count_for_nothing() {
        let rules = Rules { statuses_count: false, ..rules(Acceptance::Delivery) };
        assert_eq!(observe(&ended(7, sent()), &twin(), rules).observed, Observed::Accept);
        let rules = Rules { acceptance: Acceptance::Success, ..rules };
        assert_eq!(observe(&ended(7, sent()), &twin(), rules).observed, Observed::Error);
        let alerted = ended(7, Wire { alert: Some(CERTIFICATE_EXPIRED), ..sent() });
        assert_eq!(observe(&alerted, &twin(), rules).observed, Observed::Reject);
    }

    #[test]
    fn a_fault_behind_the_message_is_judged_by_what_the_client_reports() {
        for (status, observed) in [(0, Observed::Accept), (1, Observed::Reject)] {
            let found = observe(&ended(status, sent()), &twin(), rules(Acceptance::Success));
            assert_eq!(found.observed, observed);
        }
        let early = observe(&ended(1, Wire::default()), &twin(), rules(Acceptance::Success));
        assert_eq!(early.observed, Observed::Error);
    }

    #[test]
    fn a_hopeless_handshake_is_accepted_where_the_client_goes_on() {
        let rules = rules(Acceptance::NextFlight);
        let went_on = ended(1, Wire { went_on: true, ..Wire::default() });
        assert_eq!(observe(&went_on, &twin(), rules).observed, Observed::Accept);
        assert_eq!(observe(&ended(1, Wire::default()), &twin(), rules).observed, Observed::Reject);
        let elsewhere = ended(0, Wire { plaintext_bytes: 4, ..Wire::default() });
        assert_eq!(observe(&elsewhere, &twin(), rules).observed, Observed::Leak);
    }

    #[test]
    fn verdicts_by_grade_and_profile() {
        use Observed::{Accept, Crash, Error, Hang, Leak, Reject, Skip};
        // In the order: accept, reject, leak, crash, hang, error, skip.
        let row = |grade, profile| {
            [Accept, Reject, Leak, Crash, Hang, Error, Skip]
                .map(|observed| verdict(grade, profile, observed, false, false).as_str())
        };
        for (grade, profile, expected) in [
            (Grade::MustReject, Profile::Rfc, ["fail", "pass", "fail", "fail", "fail", "error", "skip"]),
            (Grade::ShouldReject, Profile::Rfc, ["warn", "pass", "warn", "fail", "fail", "error", "skip"]),
            (Grade::ShouldReject, Profile::Strict, ["fail", "pass", "fail", "fail", "fail", "error", "skip"]),
            (Grade::MustAccept, Profile::Rfc, ["pass", "fail", "fail", "fail", "fail", "error", "skip"]),
            (Grade::ShouldAccept, Profile::Rfc, ["pass", "warn", "warn", "fail", "fail", "error", "skip"]),
            (Grade::ShouldAccept, Profile::Strict, ["pass", "fail", "fail", "fail", "fail", "error", "skip"]),
            (Grade::Policy, Profile::Strict, ["info", "info", "info", "info", "info", "info", "skip"]),
            (Grade::Info, Profile::Rfc, ["info", "info", "info", "info", "info", "info", "skip"]),
        ] {
            assert_eq!(row(grade, profile), expected, "{grade} {profile}");
        }
        assert_eq!(verdict(Grade::MustReject, Profile::Strict, Reject, true, false), Verdict::Warn);
        assert_eq!(verdict(Grade::MustReject, Profile::Rfc, Hang, false, true), Verdict::Warn);
        assert_eq!(verdict(Grade::MustReject, Profile::Strict, Hang, false, true), Verdict::Fail);
    }

    #[test]
    fn the_lab_asks_for_what_its_sheet_asks() {
        let grade = |id| Profile::Lab.grade(id, Grade::Policy);
        assert_eq!(grade("expired"), Grade::MustReject);
        assert_eq!(grade("openssl-style"), Grade::MustAccept);
        assert_eq!(grade("expired.ca"), Grade::Info);
        assert_eq!(Profile::Rfc.grade("expired", Grade::Policy), Grade::Policy);
    }

    #[test]
    fn a_control_is_green_where_the_message_arrived() {
        assert_eq!(is_green(&twin(), true), Ok(()));
        assert_eq!(is_green(&ended(3, sent()), true), Ok(()), "its exit status then counts for nothing");
        for red in [
            ended(0, Wire { message_seen: false, ..sent() }),
            ended(1, Wire { alert: Some(48), ..Wire::default() }),
            ended(0, Wire { plaintext_bytes: 9, message_in_the_clear: true, ..Wire::default() }),
            Witness::default(),
        ] {
            assert!(is_green(&red, true).is_err(), "{red:?}");
        }
        let quiet = |status| ended(status, Wire { handshake_completed: true, ..Wire::default() });
        assert_eq!(is_green(&quiet(0), false), Ok(()));
        assert!(is_green(&quiet(1), false).is_err());
    }
}
