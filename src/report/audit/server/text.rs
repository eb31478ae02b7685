//! An audit of a server for a person: what failed first, each with how it is mended.

use crate::audit::result::Summary;
use crate::audit::server::facts::Facts;
use crate::audit::server::mending;
use crate::audit::server::result::{CheckResult, ServerAudit};
use crate::audit::server::survey::version_key;
use crate::audit::verdict::Verdict;
use crate::tls::names;
use crate::words::{Escaped, counted};

/// A whole audit, line by line; `mend` names the server whose configuration is to be shown beside each failure.
pub fn audit(audit: &ServerAudit, mend: Option<&str>) -> Vec<String> {
    let mut lines = Vec::new();
    let facts = match &audit.facts {
        Ok(facts) => facts,
        Err((why, _)) => return vec![format!("{}: {}", audit.target, Escaped(why))],
    };
    for verdict in [Verdict::Fail, Verdict::Error, Verdict::Warn] {
        let of_it = audit.results.iter().filter(|result| result.verdict == verdict);
        lines.extend(of_it.flat_map(|result| told(result, mend)));
    }
    if !lines.is_empty() {
        lines.push(String::new());
    }
    for verdict in [Verdict::Pass, Verdict::Info] {
        lines.extend(audit.results.iter().filter(|r| r.verdict == verdict).map(row));
    }
    lines.push(String::new());
    lines.extend(audit.results.iter().filter(|r| r.verdict == Verdict::Skip).map(|result| {
        format!(
            "not checked: {}: {}",
            result.check.title,
            Escaped(result.reason.as_deref().unwrap_or_default())
        )
    }));
    lines.push(String::new());
    lines.extend(spoken(facts));
    lines.extend(
        audit
            .deviations
            .iter()
            .map(|deviation| format!("deviates from {}: {}", audit.profile, Escaped(deviation))),
    );
    for line in audit.baseline.iter().flatten() {
        lines.push(format!("baseline: {}", Escaped(line)));
    }
    lines.push(sentence(audit, facts));
    lines
}

fn told(result: &CheckResult, mend: Option<&str>) -> Vec<String> {
    let check = result.check;
    let found = result.reason.as_ref().unwrap_or(&result.found);
    let mut lines = vec![
        format!(
            "{:<6} {} ({}, {}): {}",
            result.verdict.as_str().to_uppercase(),
            check.id,
            result.grade.as_str(),
            check.severity.as_str(),
            check.title
        ),
        format!("       expected: {}; found: {}", check.expected, Escaped(found)),
        format!("       rule: {}", check.citation),
    ];
    if !check.fix.is_empty() {
        lines.push(format!("       mend: {}", check.fix));
    }
    if let Some((server, text)) = mending::snippets(check.topic).find(|(server, _)| Some(*server) == mend) {
        lines.extend(text.lines().map(|line| format!("         {}: {line}", mending::title(server))));
    }
    lines
}

fn row(result: &CheckResult) -> String {
    format!(
        "{:<6} {:<24} {}: {}",
        result.verdict,
        result.check.id,
        result.check.title,
        Escaped(&result.found)
    )
}

/// What the server speaks.
fn spoken(facts: &Facts) -> Vec<String> {
    let mut lines = Vec::new();
    for (version, suites) in super::json::suites(facts).into_iter().rev() {
        lines.push(format!("{version}: {}", counted(suites.len() as u64, "suite")));
        lines.extend(suites.iter().map(|suite| format!("  {suite}")));
    }
    for (version, groups) in facts.groups.iter().rev() {
        let groups: Vec<_> = groups.iter().map(|code| names::group(*code)).collect();
        lines.push(format!("groups of {}: {}", version_key(*version), groups.join(", ")));
    }
    lines
}

fn sentence(audit: &ServerAudit, facts: &Facts) -> String {
    let Summary { pass, fail, warn, info, skip, error } = audit.summary();
    format!(
        "{} ({}) by profile {}: {pass} passed, {fail} failed, {warn} warnings, {info} told, {skip} not checked, \
         {error} not to be judged; {}",
        audit.target,
        facts.address,
        audit.profile,
        counted(facts.tally.connections as u64, "connection")
    )
}

/// One row a server.
pub fn servers(audits: &[ServerAudit]) -> Vec<String> {
    let mut lines = vec![format!(
        "{:<40} {:>5} {:>5} {:>5} {:>5} {:>5} {:>5}  {}",
        "server", "pass", "fail", "warn", "info", "skip", "error", "versions"
    )];
    for audit in audits {
        let Summary { pass, fail, warn, info, skip, error } = audit.summary();
        let versions = match &audit.facts {
            Ok(facts) => {
                let spoken = facts.versions.iter().filter(|(_, seen)| **seen == Ok(true));
                spoken.map(|(version, _)| version_key(*version)).collect::<Vec<_>>().join(" ")
            }
            Err((why, _)) => Escaped(why).to_string(),
        };
        lines.push(format!(
            "{:<40} {pass:>5} {fail:>5} {warn:>5} {info:>5} {skip:>5} {error:>5}  {versions}",
            Escaped(&audit.target).to_string()
        ));
    }
    lines
}
