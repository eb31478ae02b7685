//! Where a finding is located, for systems that show findings beside lines of a file.

use super::sheet::Sheet;
use crate::audit::result::{Audit, CaseResult};
use crate::words::{Escaped, shortened};

/// `--source FILE[:LINE]`: a file of the repository whose client was audited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The file, as the repository has it.
    pub file: String,
    /// The line, counted from 1.
    pub line: u32,
}

impl std::str::FromStr for Source {
    type Err = std::convert::Infallible;

    /// What follows the last colon is a line where it is a number other than 0; else it belongs to the name.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let numbered = text
            .rsplit_once(':')
            .and_then(|(file, line)| Some((file, line.parse().ok().filter(|line| *line > 0)?)));
        Ok(match numbered {
            Some((file, line)) if !file.is_empty() => Self { file: file.to_owned(), line },
            _ => Self { file: text.to_owned(), line: 1 },
        })
    }
}

/// The source that was named, else what was audited.
pub(super) fn place(audit: &Sheet, source: Option<&Source>) -> Source {
    source.cloned().unwrap_or_else(|| Source { file: audit.file.clone(), line: 1 })
}

/// The submission, else the program that was run.
pub(super) fn file(audit: &Audit) -> String {
    let file = audit.file.clone().or_else(|| audit.client.first().cloned()).unwrap_or_default();
    let file = Escaped(file.strip_prefix("./").unwrap_or(&file)).to_string();
    if file.is_empty() { "client".to_owned() } else { file }
}

/// What a case is called where a name must be there once: with its version, where it was run in several.
pub(super) fn name(audit: &Audit, result: &CaseResult) -> String {
    let id = &result.case.id;
    let alone = audit.results.iter().filter(|other| other.case.id == *id).take(2).count() == 1;
    if alone { id.to_string() } else { format!("{id} (TLS {})", result.case.versions) }
}

/// The submission's name, for rows of several.
pub(super) fn submission(audit: &Audit) -> String {
    audit.file.as_deref().map(|file| Escaped(file).to_string()).unwrap_or_default()
}

/// What is to be said of a case that did not pass: what happened, the rule, the attack, how it is mended.
pub(super) fn told(result: &CaseResult) -> String {
    let case = &result.case;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_has_a_line_or_begins_at_the_first() {
        for (text, file, line) in [
            ("client.py:12", "client.py", 12),
            ("client.py", "client.py", 1),
            ("a:b", "a:b", 1),
            ("a:0", "a:0", 1),
            (":3", ":3", 1),
        ] {
            assert_eq!(text.parse(), Ok(Source { file: file.to_owned(), line }));
        }
    }
}
