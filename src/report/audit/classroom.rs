//! GitHub Classroom's autograding: a step's output `result`, base64 of JSON. What counts is the sum of the tests' scores,
//! so every test has the same weight.

use data_encoding::BASE64;
use serde_json::{Value, json};

use super::place::{counts, name, place, told};
use crate::audit::result::{Audit, CaseResult, worst};
use crate::audit::verdict::Verdict;

/// A line to append to `$GITHUB_OUTPUT`.
pub fn classroom(audits: &[Audit]) -> String {
    format!("result={}\n", BASE64.encode(report(audits).to_string().as_bytes()))
}

/// What the line holds.
fn report(audits: &[Audit]) -> Value {
    let tests: Vec<Value> = audits
        .iter()
        .flat_map(|audit| {
            audit.results.iter().filter(|result| counts(result)).map(move |result| test(audit, result))
        })
        .collect();
    let status = match worst(audits.iter().map(Audit::exit_status)) {
        0 => "pass",
        1 => "fail",
        _ => "error",
    };
    json!({ "version": 1, "status": status, "max_score": tests.len(), "tests": tests })
}

fn test(audit: &Audit, result: &CaseResult) -> Value {
    let (status, score) = match result.verdict {
        Verdict::Fail => ("fail", 0),
        Verdict::Error => ("error", 0),
        _ => ("pass", 1),
    };
    json!({
        "name": name(audit, result),
        "status": status,
        "score": score,
        "message": if score == 0 { Value::from(told(result)) } else { Value::Null },
        "test_code": "",
        "filename": place(audit, None).file,
        "line_no": 0,
        "duration": u64::try_from(result.witness.client.as_millis()).unwrap_or(u64::MAX),
    })
}
