//! What other people's systems take of an audit, of a client or of a server: rows that say all there is to say, so that a
//! format is written once.

use std::time::Duration;

use super::naming::{self, Names};
use crate::audit::catalogue;
use crate::audit::result::{Audit, CaseResult, Summary};
use crate::audit::server::checks::{Grade, Severity};
use crate::audit::server::result::{CheckResult, ServerAudit};
use crate::audit::server::survey::version_key;
use crate::audit::verdict::{Observed, Verdict};
use crate::tls::names::alert;
use crate::words::Escaped;

/// The columns of a row for a spreadsheet; more may follow.
pub(super) const COLUMNS: [&str; 12] = [
    "submission",
    "case",
    "expected",
    "verdict",
    "strictness",
    "alert",
    "exit",
    "ms",
    "grading_status",
    "observed",
    "tls",
    "why",
];

/// One audit.
#[derive(Clone, Debug)]
pub struct Sheet {
    /// `client` or `server`.
    pub(super) what: &'static str,
    /// What a reader calls it.
    pub(super) title: String,
    /// What tells it from others; empty for a client alone. Escaped.
    pub(super) submission: String,
    /// The file that findings are located in where no other is named.
    pub(super) file: String,
    /// The exit status.
    pub(super) exit_status: u8,
    /// What else is to be said of the whole: of what, and what.
    pub(super) state: (&'static str, String),
    /// How many rows ended how.
    pub(super) summary: Summary,
    /// Every case or check.
    pub(super) rows: Vec<Row>,
}

/// One case or check.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) id: String,
    /// The id, or more where that is there several times.
    pub(super) name: String,
    pub(super) family: &'static str,
    pub(super) title: String,
    pub(super) grade: &'static str,
    /// GitHub's scale: from 7.0 high, from 4.0 medium.
    pub(super) severity: &'static str,
    pub(super) verdict: Verdict,
    /// What was found, in a sentence.
    pub(super) why: String,
    /// The same, with what a client did before it.
    pub(super) found: String,
    pub(super) citation: String,
    /// What somebody does with it, and how it is mended.
    pub(super) help: String,
    pub(super) fix: String,
    /// All of it, line by line; empty where there is nothing to be told of, as of thousands that passed.
    pub(super) told: String,
    pub(super) time: Duration,
    pub(super) cells: [String; COLUMNS.len()],
}

/// Every audit as its sheet, one after the other: of hundreds of submissions no two are there at a time.
pub(super) fn sheets<'a, A>(audits: &'a [A]) -> impl Iterator<Item = Sheet>
where
    &'a A: Into<Sheet>,
{
    audits.iter().map(Into::into)
}

impl Row {
    /// Whether a grade is given for it: it was judged, or should have been.
    pub(super) fn counts(&self) -> bool {
        matches!(self.verdict, Verdict::Pass | Verdict::Warn | Verdict::Fail | Verdict::Error)
    }
}

fn grading_status(verdict: Verdict) -> String {
    match verdict {
        Verdict::Error => "not judged",
        Verdict::Skip => "skipped",
        _ => "graded",
    }
    .to_owned()
}

impl From<&Audit> for Sheet {
    fn from(audit: &Audit) -> Self {
        let submission = naming::submission(audit);
        let title = if submission.is_empty() { audit.client.join(" ") } else { submission.clone() };
        let controls = if audit.controls_green { "green" } else { "red" };
        let names = Names::of(audit);
        Self {
            what: "client",
            title,
            file: naming::file(audit),
            exit_status: audit.exit_status(),
            state: ("controls", controls.to_owned()),
            summary: audit.summary(),
            rows: audit.results.iter().map(|result| case(&names, result, &submission)).collect(),
            submission,
        }
    }
}

fn case(names: &Names, result: &CaseResult, submission: &str) -> Row {
    let case = result.case();
    let end = result.witness.end;
    let strictness = match (result.observed, result.strict) {
        (Observed::Reject, true) => "strict",
        (Observed::Reject, false) => "loose",
        _ => "",
    };
    Row {
        id: case.id.to_string(),
        name: names.name(&result.planned),
        family: case.family,
        title: case.title.to_string(),
        grade: result.grade.as_str(),
        severity: match result.grade {
            catalogue::Grade::MustReject => "8.0",
            catalogue::Grade::ShouldReject => "5.0",
            _ => "3.0",
        },
        verdict: result.verdict,
        why: result.why.clone(),
        found: format!("{}: {}", result.observed, result.why),
        citation: case.citation.to_string(),
        help: format!("{}\n{}", case.attack, case.fix),
        fix: case.fix.to_string(),
        told: match result.verdict {
            Verdict::Info | Verdict::Pass => String::new(),
            _ => naming::told(result),
        },
        time: result.witness.client,
        cells: [
            submission.to_owned(),
            case.id.to_string(),
            result.grade.to_string(),
            result.verdict.to_string(),
            strictness.to_owned(),
            result.witness.wire.alert.map(alert).unwrap_or_default(),
            end.exit_status.map(|status| status.to_string()).unwrap_or_default(),
            format!("{:.2}", result.witness.client.as_secs_f64() * 1000.0),
            grading_status(result.verdict),
            result.observed.to_string(),
            result.tls().unwrap_or_default().to_owned(),
            Escaped(&result.why).to_string(),
        ],
    }
}

impl From<&ServerAudit> for Sheet {
    fn from(audit: &ServerAudit) -> Self {
        let target = Escaped(&audit.target).to_string();
        let state = match &audit.facts {
            Ok(facts) => {
                let spoken = facts.versions.iter().filter(|(_, seen)| **seen == Ok(true));
                spoken.map(|(version, _)| version_key(*version)).collect::<Vec<_>>().join(" ")
            }
            Err((why, _)) => why.clone(),
        };
        let mut summary = audit.summary();
        let mut rows: Vec<Row> = audit.results.iter().map(|result| check(result, &target)).collect();
        // A server that is not there is one row: a report without any would say that nothing is wrong.
        if let Err((why, _)) = &audit.facts {
            rows.push(missing(why, &target));
            summary.error += 1;
        }
        Self {
            what: "server",
            title: target.clone(),
            submission: target.clone(),
            file: target,
            exit_status: audit.exit_status(),
            state: ("versions", state),
            summary,
            rows,
        }
    }
}

fn check(result: &CheckResult, target: &str) -> Row {
    let check = result.check;
    let why = result.reason.as_ref().unwrap_or(&result.found).clone();
    let mut told = vec![
        format!("{}: {}", check.title, result.grade.as_str()),
        format!("expected: {}", check.expected),
        format!("found: {}", Escaped(&why)),
        format!("rule: {}", check.citation),
    ];
    if !check.fix.is_empty() {
        told.push(format!("mend: {}", check.fix));
    }
    Row {
        id: check.id.to_owned(),
        name: check.id.to_owned(),
        family: check.family,
        title: check.title.to_owned(),
        grade: result.grade.as_str(),
        severity: match (result.grade, check.severity) {
            (Grade::Info, _) | (_, Severity::Info | Severity::Low) => "3.0",
            (_, Severity::High) => "8.0",
            (_, Severity::Medium) => "5.0",
        },
        verdict: result.verdict,
        found: why.clone(),
        citation: check.citation.to_owned(),
        help: check.fix.to_owned(),
        fix: check.fix.to_owned(),
        told: told.join("\n"),
        time: Duration::ZERO,
        cells: cells(target, check.id, result.grade.as_str(), result.verdict, &why),
        why,
    }
}

fn missing(why: &str, target: &str) -> Row {
    Row {
        id: "reachable".to_owned(),
        name: "reachable".to_owned(),
        family: "server",
        title: "The server can be audited".to_owned(),
        grade: Grade::Must.as_str(),
        severity: "8.0",
        verdict: Verdict::Error,
        why: why.to_owned(),
        found: why.to_owned(),
        citation: "-".to_owned(),
        help: "see that the server runs, and speaks TLS there".to_owned(),
        fix: "see that the server runs, and speaks TLS there".to_owned(),
        told: Escaped(why).to_string(),
        time: Duration::ZERO,
        cells: cells(target, "reachable", Grade::Must.as_str(), Verdict::Error, why),
    }
}

fn cells(target: &str, id: &str, grade: &str, verdict: Verdict, why: &str) -> [String; COLUMNS.len()] {
    let mut cells: [String; COLUMNS.len()] = Default::default();
    target.clone_into(&mut cells[0]);
    id.clone_into(&mut cells[1]);
    grade.clone_into(&mut cells[2]);
    cells[3] = verdict.to_string();
    cells[8] = grading_status(verdict);
    cells[11] = Escaped(why).to_string();
    cells
}
