//! Markdown, for a job's summary or a comment.

use std::fmt::Write as _;

use super::sheet::{Row, Sheet, sheets};
use crate::audit::result::Summary;
use crate::audit::verdict::Verdict;
use crate::report::markdown::Said;

/// All audits: a table over them, then what did not pass, each with how it is mended.
pub fn markdown<'a, A>(audits: &'a [A]) -> String
where
    &'a A: Into<Sheet>,
{
    let (what, state) =
        sheets(audits).next().map_or(("client", "controls"), |audit| (audit.what, audit.state.0));
    let mut out = format!("# TLS {what} audit\n\n");
    let _ = writeln!(out, "| {what} | pass | fail | warn | info | skip | error | {state} |");
    out.push_str("| --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |\n");
    for audit in sheets(audits) {
        let Summary { pass, fail, warn, info, skip, error } = audit.summary;
        // Writing to a String does not fail.
        let _ = writeln!(
            out,
            "| {} | {pass} | {fail} | {warn} | {info} | {skip} | {error} | {} |",
            Said(&audit.title),
            Said(&audit.state.1)
        );
    }
    for audit in sheets(audits) {
        for (verdict, heading) in
            [(Verdict::Fail, "Failed"), (Verdict::Error, "Not judged"), (Verdict::Warn, "Warnings")]
        {
            section(&mut out, &audit, verdict, heading, audits.len() > 1);
        }
    }
    out
}

fn section(out: &mut String, audit: &Sheet, verdict: Verdict, heading: &str, several: bool) {
    let results: Vec<&Row> = audit.rows.iter().filter(|result| result.verdict == verdict).collect();
    if results.is_empty() {
        return;
    }
    let of = if several { format!(": {}", Said(&audit.title)) } else { String::new() };
    let _ = write!(
        out,
        "\n## {heading}{of}\n\n| case | what is wrong | what it did | rule | mend |\n| --- | --- | --- | --- | --- |\n"
    );
    for result in results {
        let _ = writeln!(
            out,
            "| `{}` | {} | {} | {} | {} |",
            result.name.replace('`', ""),
            Said(&result.title),
            Said(&result.found),
            Said(&result.citation),
            Said(&result.fix)
        );
    }
}
