//! Gradescope's results.json: the score is the sum of the tests', one point each.

use serde_json::{Value, json};

use super::place::{counts, name, submission, told};
use crate::audit::result::{Audit, CaseResult};
use crate::audit::verdict::Verdict;

/// Every case that counts as a test.
pub fn gradescope(audits: &[Audit]) -> Value {
    let tests: Vec<Value> = audits
        .iter()
        .flat_map(|audit| {
            audit
                .results
                .iter()
                .filter(|result| counts(result))
                .map(move |result| test(audit, result, audits.len()))
        })
        .collect();
    // A score of its own would stand above the tests' sum.
    json!({ "tests": tests })
}

fn test(audit: &Audit, result: &CaseResult, audits: usize) -> Value {
    let passed = matches!(result.verdict, Verdict::Pass | Verdict::Warn);
    let name = name(audit, result);
    json!({
        "name": if audits > 1 { format!("{}: {name}", submission(audit)) } else { name },
        "score": if passed { 1.0 } else { 0.0 },
        "max_score": 1.0,
        "status": if passed { "passed" } else { "failed" },
        "output": if result.verdict == Verdict::Pass { result.case.title.to_string() } else { told(result) },
        "output_format": "text",
        "tags": [result.case.family],
    })
}
