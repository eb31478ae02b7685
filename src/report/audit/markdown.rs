//! Markdown, for a job's summary or a comment.

use std::fmt::Write as _;

use super::place::{name, submission};
use crate::audit::result::{Audit, CaseResult, Summary};
use crate::audit::verdict::Verdict;
use crate::report::markdown::Said;

/// All audits: a table over them, then what did not pass, each with how it is mended.
pub fn markdown(audits: &[Audit]) -> String {
    let mut out = String::from("# TLS client audit\n\n");
    out.push_str("| client | pass | fail | warn | info | skip | error | controls |\n");
    out.push_str("| --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |\n");
    for audit in audits {
        let Summary { pass, fail, warn, info, skip, error } = audit.summary();
        let controls = if audit.controls_green { "green" } else { "red" };
        // Writing to a String does not fail.
        let _ = writeln!(
            out,
            "| {} | {pass} | {fail} | {warn} | {info} | {skip} | {error} | {controls} |",
            Said(title(audit))
        );
    }
    for audit in audits {
        for (verdict, heading) in
            [(Verdict::Fail, "Failed"), (Verdict::Error, "Not judged"), (Verdict::Warn, "Warnings")]
        {
            section(&mut out, audit, verdict, heading, audits.len() > 1);
        }
    }
    out
}

fn title(audit: &Audit) -> String {
    let file = submission(audit);
    if file.is_empty() { audit.client.join(" ") } else { file }
}

fn section(out: &mut String, audit: &Audit, verdict: Verdict, heading: &str, several: bool) {
    let results: Vec<&CaseResult> = audit.results.iter().filter(|result| result.verdict == verdict).collect();
    if results.is_empty() {
        return;
    }
    let of = if several { format!(": {}", Said(title(audit))) } else { String::new() };
    let _ = write!(
        out,
        "\n## {heading}{of}\n\n| case | what is wrong | what it did | rule | mend |\n| --- | --- | --- | --- | --- |\n"
    );
    for result in results {
        let case = &result.case;
        let _ = writeln!(
            out,
            "| `{}` | {} | {} | {} | {} |",
            name(audit, result).replace('`', ""),
            Said(&case.title),
            Said(format!("{}: {}", result.observed, result.why)),
            Said(&case.citation),
            Said(&case.fix)
        );
    }
}
