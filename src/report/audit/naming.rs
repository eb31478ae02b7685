//! What reports call a submission, a case, and what is to be said of one.

use std::collections::HashMap;

use crate::audit::case::Text;
use crate::audit::cases::Planned;
use crate::audit::result::{Audit, CaseResult};
use crate::words::{Escaped, shortened};

/// The submission, else the program that was run.
pub(super) fn file(audit: &Audit) -> String {
    let file = audit.file.clone().or_else(|| audit.client.first().cloned()).unwrap_or_default();
    let file = Escaped(file.strip_prefix("./").unwrap_or(&file)).to_string();
    if file.is_empty() { "client".to_owned() } else { file }
}

/// What the cases of an audit are called where a name must be there once: by their ids, and those that were run over
/// several versions with theirs.
pub(super) struct Names(HashMap<Text, usize>);

impl Names {
    pub(super) fn of(audit: &Audit) -> Self {
        let mut counts = HashMap::new();
        for result in &audit.results {
            *counts.entry(result.planned.id()).or_default() += 1;
        }
        Self(counts)
    }

    pub(super) fn name(&self, planned: &Planned) -> String {
        let id = planned.id();
        if self.0.get(&id).is_some_and(|count| *count > 1) {
            format!("{id} (TLS {})", planned.versions())
        } else {
            id.into_owned()
        }
    }
}

/// The submission's name, for rows of several.
pub(super) fn submission(audit: &Audit) -> String {
    audit.file.as_deref().map(|file| Escaped(file).to_string()).unwrap_or_default()
}

/// What is to be said of a case that did not pass: what happened, the rule, the attack, how it is mended.
pub(super) fn told(result: &CaseResult) -> String {
    let case = result.case();
    let mut lines = vec![
        format!("{}: {}", case.title, result.grade),
        format!("{}: {}", result.observed, Escaped(&result.why)),
        format!("rule: {}", case.citation),
        format!("attack: {}", case.attack),
    ];
    if !case.fix.is_empty() {
        lines.push(format!("mend: {}", case.fix));
    }
    let said = super::json::output(&result.witness.output);
    if let Some(last) = said.lines().rev().find(|line| !line.trim().is_empty()) {
        lines.push(format!("it said: {}", shortened(last.to_owned())));
    }
    lines.join("\n")
}
