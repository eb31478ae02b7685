//! GitHub Classroom's autograding: a step's output `result`, base64 of JSON. What counts is the sum of the tests' scores,
//! so every test has the same weight.

use data_encoding::BASE64;
use serde_json::{Value, json};

use super::sheet::{Row, Sheet, sheets};
use crate::audit::result::worst;
use crate::audit::verdict::Verdict;

/// A line to append to `$GITHUB_OUTPUT`.
pub fn classroom<'a, A>(audits: &'a [A]) -> String
where
    &'a A: Into<Sheet>,
{
    format!("result={}\n", BASE64.encode(report(sheets(audits)).to_string().as_bytes()))
}

/// What the line holds.
fn report(audits: impl Iterator<Item = Sheet>) -> Value {
    let (mut tests, mut statuses) = (Vec::new(), Vec::new());
    for audit in audits {
        statuses.push(audit.exit_status);
        tests.extend(audit.rows.iter().filter(|result| result.counts()).map(|result| test(&audit, result)));
    }
    let status = match worst(statuses) {
        0 => "pass",
        1 => "fail",
        _ => "error",
    };
    json!({ "version": 1, "status": status, "max_score": tests.len(), "tests": tests })
}

fn test(audit: &Sheet, result: &Row) -> Value {
    let (status, score) = match result.verdict {
        Verdict::Fail => ("fail", 0),
        Verdict::Error => ("error", 0),
        _ => ("pass", 1),
    };
    json!({
        "name": result.name,
        "status": status,
        "score": score,
        "message": if score == 0 { Value::from(result.told.clone()) } else { Value::Null },
        "test_code": "",
        "filename": audit.file,
        "line_no": 0,
        "duration": u64::try_from(result.time.as_millis()).unwrap_or(u64::MAX),
    })
}
