//! A row per case and submission, for a spreadsheet.

use super::place::submission;
use crate::audit::result::{Audit, CaseResult};
use crate::audit::verdict::{Observed, Verdict};
use crate::tls::names;
use crate::words::Escaped;

/// The columns; more may follow.
const COLUMNS: [&str; 12] = [
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

/// All audits, under one heading (RFC 4180).
pub fn csv(audits: &[Audit]) -> Result<String, ::csv::Error> {
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS)?;
    for audit in audits {
        for result in &audit.results {
            writer.write_record(row(audit, result).map(|cell| harmless(&cell)))?;
        }
    }
    let bytes = writer.into_inner().map_err(|error| ::csv::Error::from(error.into_error()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn row(audit: &Audit, result: &CaseResult) -> [String; COLUMNS.len()] {
    let end = result.witness.end;
    let strictness = match (result.observed, result.strict) {
        (Observed::Reject, true) => "strict",
        (Observed::Reject, false) => "loose",
        _ => "",
    };
    let status = match result.verdict {
        Verdict::Error => "not judged",
        Verdict::Skip => "skipped",
        _ => "graded",
    };
    [
        submission(audit),
        result.case.id.to_string(),
        result.grade.to_string(),
        result.verdict.to_string(),
        strictness.to_owned(),
        result.witness.wire.alert.map(names::alert).unwrap_or_default(),
        end.exit_status.map(|status| status.to_string()).unwrap_or_default(),
        format!("{:.2}", result.witness.client.as_secs_f64() * 1000.0),
        status.to_owned(),
        result.observed.to_string(),
        result.tls().unwrap_or_default().to_owned(),
        Escaped(&result.why).to_string(),
    ]
}

/// A cell that a spreadsheet takes for text, not for a formula to compute.
fn harmless(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@']) { format!("'{cell}") } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        assert_eq!(harmless("=HYPERLINK(1)"), "'=HYPERLINK(1)");
        assert_eq!(harmless("expired"), "expired");
    }
}
