//! Gradescope's results.json: the score is the sum of the tests', one point each.

use serde_json::{Value, json};

use super::sheet::{Row, Sheet, sheets};
use crate::audit::verdict::Verdict;

/// Every case that counts as a test.
pub fn gradescope<'a, A>(audits: &'a [A]) -> Value
where
    &'a A: Into<Sheet>,
{
    let mut tests: Vec<Value> = Vec::new();
    for audit in sheets(audits) {
        let counting = audit.rows.iter().filter(|result| result.counts());
        tests.extend(counting.map(|result| test(&audit, result, audits.len())));
    }
    // A score of its own would stand above the tests' sum.
    json!({ "tests": tests })
}

fn test(audit: &Sheet, result: &Row, audits: usize) -> Value {
    let passed = matches!(result.verdict, Verdict::Pass | Verdict::Warn);
    json!({
        "name": if audits > 1 { format!("{}: {}", audit.submission, result.name) } else { result.name.clone() },
        "score": if passed { 1.0 } else { 0.0 },
        "max_score": 1.0,
        "status": if passed { "passed" } else { "failed" },
        "output": if result.verdict == Verdict::Pass { result.title.clone() } else { result.told.clone() },
        "output_format": "text",
        "tags": [result.family],
    })
}
