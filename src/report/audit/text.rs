//! An audit for a person: what failed first, each with what is wrong, what an attacker does with it, and how it is
//! mended.

use std::sync::Arc;

use crate::audit::case::Text;
use crate::audit::hello::HelloAudit;
use crate::audit::result::{self, Audit, CaseResult, Summary};
use crate::audit::verdict::Verdict;
use crate::words::{Escaped, counted};

/// How many cases of a kind are listed before the rest is counted.
const LISTED: usize = 40;

/// A whole audit, line by line. `timings` adds the client's own time and ours to each case, and lists every case.
pub fn audit(audit: &Audit, timings: bool) -> Vec<String> {
    let mut lines = Vec::new();
    for (verdict, heading) in [(Verdict::Fail, "FAIL"), (Verdict::Error, "ERROR"), (Verdict::Warn, "WARN")] {
        let of_it: Vec<_> = audit.results.iter().filter(|result| result.verdict == verdict).collect();
        for result in of_it.iter().take(LISTED) {
            lines.extend(told(heading, result, verdict == Verdict::Fail));
        }
        if of_it.len() > LISTED {
            lines.push(format!("{heading:<6} … and {} more", of_it.len() - LISTED));
        }
    }
    if timings {
        lines.push(String::new());
        lines.extend(audit.results.iter().map(|result| {
            format!(
                "{:<6} {:<34} {:<7} client {:>8.2} ms, overhead {:>6.2} ms",
                result.verdict,
                result.planned.id(),
                result.observed,
                result.witness.client.as_secs_f64() * 1000.0,
                result.witness.overhead.as_secs_f64() * 1000.0,
            )
        }));
        lines.push(format!("overhead: {:.2} ms at the median", median_overhead(&audit.results)));
    }
    if !lines.is_empty() {
        lines.push(String::new());
    }
    lines.extend(skipped(&audit.results));
    if let Some(hello) = &audit.client_hello {
        lines.extend(offered(hello));
    }
    for line in audit.baseline.iter().flatten() {
        lines.push(format!("baseline: {}", Escaped(line)));
    }
    for red in &audit.red {
        lines.push(format!("control not accepted: {}", Escaped(red)));
    }
    lines.push(format!("network: {}", audit.isolation));
    if audit.interrupted {
        lines.push("ended early: what follows is of the cases that were run".to_owned());
    }
    lines.push(sentence(audit));
    lines
}

/// One row a submission, and which case how many missed. Of `all` submissions some may not have been run.
pub fn submissions(audits: &[Audit], all: usize) -> Vec<String> {
    const HEADING: &str = "submission";
    let file = |audit: &Audit| Escaped(audit.file.as_deref().unwrap_or_default()).to_string();
    let width = audits.iter().map(|audit| file(audit).chars().count()).max().unwrap_or(0).max(HEADING.len());
    let mut lines = vec![format!(
        "{:<width$} {:>5} {:>5} {:>5} {:>5} {:>5} {:>5}  {}",
        HEADING, "pass", "fail", "warn", "info", "skip", "error", "controls"
    )];
    for audit in audits {
        let Summary { pass, fail, warn, info, skip, error } = audit.summary();
        let file = file(audit);
        let controls = if audit.controls_green { "green" } else { "red" };
        lines.push(format!(
            "{file:<width$} {pass:>5} {fail:>5} {warn:>5} {info:>5} {skip:>5} {error:>5}  {controls}"
        ));
    }
    if audits.len() < all {
        let left = counted((all - audits.len()) as u64, "submission");
        lines.push(format!("ended early: {left} of {all} not run"));
    }
    let missed = result::missed(audits);
    if !missed.is_empty() {
        lines.push(String::new());
        lines.push(format!("missed by how many of {}:", counted(audits.len() as u64, "submission")));
        lines.extend(missed.iter().map(|(result, count)| format!("{count:>5}  {}", result.planned.id())));
    }
    lines
}

fn told(heading: &str, result: &CaseResult, in_full: bool) -> Vec<String> {
    let case = result.case();
    let tls = result.tls().map(|tls| format!(" over TLS {tls}")).unwrap_or_default();
    let mut lines = vec![
        format!("{heading:<6} {} ({}{tls}): {}", case.id, result.grade, case.title),
        format!("       {}: {}", result.observed, Escaped(&result.why)),
    ];
    if in_full {
        lines.push(format!("       rule: {}", case.citation));
        lines.push(format!("       attack: {}", case.attack));
        if !case.fix.is_empty() {
            lines.push(format!("       mend: {}", case.fix));
        }
        let opening = &result.witness.wire.opening;
        if !opening.is_empty() {
            let text = String::from_utf8_lossy(opening);
            lines.push(format!("       it sent: {}", crate::words::shortened(Escaped(&text).to_string())));
        }
    }
    let said = super::json::output(&result.witness.output);
    if let Some(last) = said.lines().rev().find(|line| !line.trim().is_empty()) {
        lines.push(format!("       it said: {}", crate::words::shortened(last.to_owned())));
    }
    lines
}

/// What was not run, by reason.
fn skipped(results: &[Arc<CaseResult>]) -> Vec<String> {
    const SHOWN: usize = 6;
    let mut reasons: Vec<(&str, Vec<Text>, usize)> = Vec::new();
    for result in results.iter().filter(|result| result.verdict == Verdict::Skip) {
        let id = result.planned.id();
        match reasons.iter_mut().find(|(why, ..)| *why == result.why) {
            Some((_, ids, count)) => {
                *count += 1;
                if ids.len() < SHOWN {
                    ids.push(id);
                }
            }
            None => reasons.push((&result.why, vec![id], 1)),
        }
    }
    reasons
        .iter()
        .map(|(why, ids, count)| {
            let more = if *count > SHOWN { format!(", … ({count} in all)") } else { String::new() };
            format!("skipped: {}{more}: {}", ids.join(", "), Escaped(why))
        })
        .collect()
}

fn offered(hello: &HelloAudit) -> Vec<String> {
    let mut lines = vec![format!(
        "offers {}; {}; {}; JA4 {}",
        hello.versions.join(", "),
        counted(hello.cipher_suites.len() as u64, "suite"),
        counted(hello.groups.len() as u64, "group"),
        hello.ja4
    )];
    lines.extend(hello.findings.iter().map(|finding| {
        format!("  {:<5} {}: {} ({})", finding.verdict, finding.id, Escaped(&finding.found), finding.citation)
    }));
    lines
}

fn median_overhead(results: &[Arc<CaseResult>]) -> f64 {
    let mut all: Vec<f64> = results
        .iter()
        .filter(|result| result.verdict != Verdict::Skip)
        .map(|result| result.witness.overhead.as_secs_f64() * 1000.0)
        .collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or_default()
}

/// The last line.
fn sentence(audit: &Audit) -> String {
    let Summary { pass, fail, warn, info, skip, error } = audit.summary();
    let controls = if audit.controls_green { "controls green" } else { "controls red" };
    format!(
        "{} by profile {}: {pass} passed, {fail} failed, {warn} warnings, {info} without a rule, {skip} skipped, \
         {error} not to be judged; {controls}; seed {}",
        counted(audit.results.len() as u64, "case"),
        audit.profile,
        audit.seed
    )
}
