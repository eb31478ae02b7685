//! What an audit found: one value, which reports render and decide nothing about.

use std::sync::Arc;

use super::case::Case;
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
    pub results: Vec<CaseResult>,
    /// What the client offers, by the first flight of the first control.
    pub client_hello: Option<HelloAudit>,
    /// Where results and baseline differ; `None` without a baseline.
    pub baseline: Option<Vec<String>>,
}

/// What became of one case.
#[derive(Clone, Debug)]
pub struct CaseResult {
    /// Which.
    pub case: Arc<Case>,
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
        let name = |case: &Case| match case.versions {
            Versions::Both => case.id.to_string(),
            one => format!("{}@{one}", case.id),
        };
        self.results.iter().map(|result| (name(&result.case), result.verdict)).collect()
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

/// Which cases were failed, the most often failed first, each with how many times over all of these audits.
pub fn missed(audits: &[Audit]) -> Vec<(&CaseResult, usize)> {
    let failed = audits.iter().flat_map(|audit| &audit.results).filter(|r| r.verdict == Verdict::Fail);
    let mut missed: Vec<(&CaseResult, usize)> = Vec::new();
    for result in failed {
        match missed.iter_mut().find(|(known, _)| known.case.id == result.case.id) {
            Some((_, count)) => *count += 1,
            None => missed.push((result, 1)),
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
            case: all.into_iter().find(|case| case.id == id).unwrap(),
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
            results,
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
    fn a_failure_comes_before_what_cannot_be_judged() {
        assert_eq!(worst([0, 3, 1, 0]), 1);
        assert_eq!(worst([0, 3]), 3);
        assert_eq!(worst([]), 0);
    }
}
