//! What an audit of a server found: one value, which reports render and decide nothing about.

use super::checks::{Check, Grade};
use super::facts::Facts;
use super::profile::Profile;
use crate::audit::result::Summary;
use crate::audit::verdict::Verdict;
use crate::verify::Examined;

/// What an audit of one server found.
#[derive(Clone, Debug)]
pub struct ServerAudit {
    /// The server, as it was named.
    pub target: String,
    /// What counts.
    pub profile: Profile,
    /// The facts; or why there are none: in words, and the exit status.
    pub facts: Result<Box<Facts>, (String, u8)>,
    /// Every check, in the table's order.
    pub results: Vec<CheckResult>,
    /// In what the server deviates from the profile.
    pub deviations: Vec<String>,
    /// Where results and baseline differ; `None` without a baseline.
    pub baseline: Option<Vec<String>>,
}

/// What became of one check.
#[derive(Clone, Debug)]
pub struct CheckResult {
    /// Which.
    pub check: &'static Check,
    /// How much is demanded, by the profile.
    pub grade: Grade,
    /// What is made of it.
    pub verdict: Verdict,
    /// What was found.
    pub found: String,
    /// Why it was not judged.
    pub reason: Option<String>,
}

impl ServerAudit {
    /// The chain that was sent, as far as it can be read, to be shown; none where there are no facts.
    pub fn chain(&self) -> Vec<Examined> {
        let certificates = self.facts.iter().flat_map(|facts| &facts.certificates);
        certificates.cloned().map(Examined::from).collect()
    }

    /// Every check's verdict, by its id; that there is no server is one of them.
    pub fn verdicts(&self) -> Vec<(String, Verdict)> {
        let missing = self.facts.is_err().then(|| ("reachable".to_owned(), Verdict::Error));
        self.results
            .iter()
            .map(|result| (result.check.id.to_owned(), result.verdict))
            .chain(missing)
            .collect()
    }

    /// How many checks ended how.
    pub fn summary(&self) -> Summary {
        Summary::of(self.results.iter().map(|result| result.verdict))
    }

    /// 0 nothing failed, 1 something did, 20 no TLS there, 30 network. With a baseline, what it says otherwise has failed.
    pub fn exit_status(&self) -> u8 {
        if let Err((_, status)) = &self.facts {
            return *status;
        }
        let failed = match &self.baseline {
            Some(differences) => !differences.is_empty(),
            None => self.summary().fail > 0,
        };
        if failed {
            return 1;
        }
        // Nothing failed of what was judged, and something that counts was not: nobody may take that for good.
        let unjudged = |result: &CheckResult| {
            result.verdict == Verdict::Error && matches!(result.grade, Grade::Must | Grade::Should)
        };
        if self.baseline.is_none() && self.results.iter().any(unjudged) { 30 } else { 0 }
    }
}
