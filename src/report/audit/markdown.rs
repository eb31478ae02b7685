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
    let (mut what, mut state) = ("client", "controls");
    let (mut rows, mut sections) = (String::new(), String::new());
    for audit in sheets(audits) {
        (what, state) = (audit.what, audit.state.0);
        let Summary { pass, fail, warn, info, skip, error } = audit.summary;
        // Writing to a String does not fail.
        let _ = writeln!(
            rows,
            "| {} | {pass} | {fail} | {warn} | {info} | {skip} | {error} | {} |",
            Said(&audit.title),
            Said(&audit.state.1)
        );
        for (verdict, heading) in
            [(Verdict::Fail, "Failed"), (Verdict::Error, "Not judged"), (Verdict::Warn, "Warnings")]
        {
            section(&mut sections, &audit, verdict, heading, audits.len() > 1);
        }
    }
    format!(
        "# TLS {what} audit\n\n\
         | {what} | pass | fail | warn | info | skip | error | {state} |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |\n{rows}{sections}"
    )
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
