//! What an audit found: one value, which reports render and decide nothing about.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::case::{Case, Text};
use super::cases::Planned;
use super::catalogue::Grade;
use super::hello::HelloAudit;
use super::verdict::{Observed, Profile, Verdict};
use super::witness::Witness;
use crate::tls::Versions;

/// What an audit of one client found.
#[derive(Clone, Debug)]
pub struct Audit {
    /// The client's command line as it was given, placeholders and all.
    pub client: Vec<String>,
    /// The submission, where there are several.
    pub file: Option<String>,
    /// The name that the client expects.
    pub name: String,
    /// What counts.
    pub profile: Profile,
    /// What the order of the cases was drawn from.
    pub seed: u64,
    /// Whether every control was accepted.
    pub controls_green: bool,
    /// Why one was not; empty where all were.
    pub red: Vec<String>,
    /// How the client was kept from the network: a plain word.
    pub isolation: String,
    /// Whether it was ended early.
    pub interrupted: bool,
    /// Every case, in the catalogue's order.
    pub results: Vec<Arc<CaseResult>>,
    /// What the client offers, by the first flight of the first control.
    pub client_hello: Option<HelloAudit>,
    /// Where results and baseline differ; `None` without a baseline.
    pub baseline: Option<Vec<String>>,
}

/// What became of one case.
#[derive(Clone, Debug)]
pub struct CaseResult {
    /// Which.
    pub planned: Planned,
    /// What the client must do, by the profile.
    pub grade: Grade,
    /// What the client did.
    pub observed: Observed,
    /// Of a refusal: whether it was the fitting one.
    pub strict: bool,
    /// What is made of it.
    pub verdict: Verdict,
    /// One sentence, without a full stop.
    pub why: String,
    /// What was seen.
    pub witness: Witness,
}

impl CaseResult {
    /// The case that it is of.
    pub fn case(&self) -> Arc<Case> {
        self.planned.case()
    }

    /// The version of the ServerHello, as `--tls` has it; `None` where none was sent.
    pub fn tls(&self) -> Option<&'static str> {
        Some(match self.witness.wire.version? {
            0x0300 => "ssl3",
            0x0301 => "1.0",
            0x0302 => "1.1",
            0x0303 => "1.2",
            0x0304 => "1.3",
            _ => return None,
        })
    }
}

/// How many cases ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// As they should.
    pub pass: usize,
    /// As they must not.
    pub fail: usize,
    /// As they should not.
    pub warn: usize,
    /// Without consequences.
    pub info: usize,
    /// Before they began.
    pub skip: usize,
    /// Nobody can tell.
    pub error: usize,
}

impl Summary {
    /// Verdicts, counted.
    pub fn of(verdicts: impl IntoIterator<Item = Verdict>) -> Self {
        let mut summary = Self::default();
        for verdict in verdicts {
            *match verdict {
                Verdict::Error => &mut summary.error,
                Verdict::Fail => &mut summary.fail,
                Verdict::Info => &mut summary.info,
                Verdict::Pass => &mut summary.pass,
                Verdict::Skip => &mut summary.skip,
                Verdict::Warn => &mut summary.warn,
            } += 1;
        }
        summary
    }
}

impl Audit {
    /// Every case's verdict, by its id, with the version where it is about one.
    pub fn verdicts(&self) -> Vec<(String, Verdict)> {
        let name = |case: &Planned| match case.versions() {
            Versions::Both => case.id().into_owned(),
            one => format!("{}@{one}", case.id()),
        };
        self.results.iter().map(|result| (name(&result.planned), result.verdict)).collect()
    }

    /// How many cases ended how.
    pub fn summary(&self) -> Summary {
        Summary::of(self.results.iter().map(|result| result.verdict))
    }

    /// 0 nothing failed, 1 something did, 3 it cannot be judged.
    ///
    /// With a baseline, what it knows of has neither failed nor gone unjudged, and what it says otherwise has failed.
    pub fn exit_status(&self) -> u8 {
        let summary = self.summary();
        let (failed, unjudged) = match &self.baseline {
            Some(differences) => (!differences.is_empty(), false),
            None => (summary.fail > 0, summary.error > 0),
        };
        if failed {
            1
        } else if unjudged || !self.controls_green || self.interrupted {
            3
        } else {
            0
        }
    }
}

/// Which cases were failed, the most often failed first, each with how many of these audits failed it: over one version
/// or over each of them.
pub fn missed(audits: &[Audit]) -> Vec<(&CaseResult, usize)> {
    let mut missed: Vec<(&CaseResult, usize)> = Vec::new();
    let mut places: HashMap<Text, usize> = HashMap::new();
    for audit in audits {
        let mut counted = HashSet::new();
        for result in audit.results.iter().filter(|result| result.verdict == Verdict::Fail) {
            let id = result.planned.id();
            if !counted.insert(id.clone()) {
                continue;
            }
            let place = *places.entry(id).or_insert(missed.len());
            match missed.get_mut(place) {
                Some((_, count)) => *count += 1,
                None => missed.push((result, 1)),
            }
        }
    }
    missed.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    missed
}

/// Of several audits: 1 before 3 before 0.
pub fn worst(statuses: impl IntoIterator<Item = u8>) -> u8 {
    statuses.into_iter().max_by_key(|status| [0, 3, 1].iter().position(|known| known == status)).unwrap_or(0)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::audit::cases;

    /// A result of a case of the catalogue.
    pub(crate) fn result(id: &str, verdict: Verdict) -> CaseResult {
        let all = cases::all(&"www.test.org".parse().unwrap(), "www.test.org", false);
        CaseResult {
            grade: Grade::MustReject,
            planned: all.into_iter().find(|case| case.id() == id).unwrap(),
            observed: Observed::Accept,
            strict: false,
            verdict,
            why: "its 9 application bytes arrived, as with the twin".to_owned(),
            witness: Witness::default(),
        }
    }

    /// An audit with these results.
    pub(crate) fn audit(results: Vec<CaseResult>) -> Audit {
        Audit {
            client: vec!["client".to_owned(), "{port}".to_owned()],
            file: None,
            name: "www.test.org".to_owned(),
            profile: Profile::Rfc,
            seed: 1,
            controls_green: true,
            red: Vec::new(),
            isolation: "isolated: loopback only".to_owned(),
            interrupted: false,
            results: results.into_iter().map(Arc::new).collect(),
            client_hello: None,
            baseline: None,
        }
    }

    #[test]
    fn the_exit_status_says_what_is_worst() {
        let of = |verdict| audit(vec![result("expired", verdict)]);
        for (verdict, status) in [
            (Verdict::Pass, 0),
            (Verdict::Warn, 0),
            (Verdict::Skip, 0),
            (Verdict::Error, 3),
            (Verdict::Fail, 1),
        ] {
            assert_eq!(of(verdict).exit_status(), status, "{verdict}");
        }
        let red = Audit { controls_green: false, ..of(Verdict::Pass) };
        assert_eq!(red.exit_status(), 3);
        let known = Audit { baseline: Some(Vec::new()), ..of(Verdict::Fail) };
        assert_eq!(known.exit_status(), 0);
        let new = Audit { baseline: Some(vec!["gone".to_owned()]), ..of(Verdict::Pass) };
        assert_eq!(new.exit_status(), 1);
    }

    #[test]
    fn what_was_missed_is_counted_by_submission() {
        let over = |versions, verdict| {
            let found = result("expired", verdict);
            CaseResult { planned: found.planned.over(versions), ..found }
        };
        let twice = [Versions::Tls12, Versions::Tls13].map(|versions| over(versions, Verdict::Fail));
        let audits = [
            audit(vec![result("wrong-cn", Verdict::Fail), result("valid", Verdict::Pass)]),
            audit(twice.to_vec()),
            audit(vec![over(Versions::Tls13, Verdict::Fail)]),
        ];
        let missed: Vec<_> =
            missed(&audits).into_iter().map(|(result, count)| (result.planned.id(), count)).collect();
        assert_eq!(missed, [("expired".into(), 2), ("wrong-cn".into(), 1)]);
    }

    #[test]
    fn a_failure_comes_before_what_cannot_be_judged() {
        assert_eq!(worst([0, 3, 1, 0]), 1);
        assert_eq!(worst([0, 3]), 3);
        assert_eq!(worst([]), 0);
    }
}
