//! x509-limbo, C2SP's collection of certificate paths, marks the verifier.
//!
//! `TLSLAB_LIMBO` names its `limbo.json`, plain or gzipped; without it the one beside the checkout is taken, and where there
//! is none the test says so. Every disagreement is in `tests/limbo-exceptions.json`, with a reason.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use time::macros::datetime;
use tlslab::verify::Policy;

#[allow(dead_code, reason = "the example writes more of it")]
#[path = "../../examples/limbo/harness.rs"]
mod harness;

/// A case on which we disagree, on purpose.
#[derive(Debug, Deserialize, PartialEq, Eq)]
struct Exception {
    id: String,
    expected: String,
    actual: String,
    reason: String,
}

#[test]
fn every_disagreement_is_listed_with_a_reason() {
    let exceptions: Vec<Exception> = serde_json::from_str(include_str!("../limbo-exceptions.json")).unwrap();
    for exception in &exceptions {
        assert!(exception.reason.len() > 80, "{}: a reason of substance", exception.id);
    }
    let Some(text) = limbo() else { return };
    let limbo = harness::read(&text).unwrap();
    // Cases without an instant of their own hold certificates that are valid for centuries.
    let outcomes = harness::run(&limbo, Policy::Webpki, datetime!(2026-11-23 12:00 UTC)).results;

    let mut listed: BTreeMap<&str, &Exception> = exceptions.iter().map(|e| (e.id.as_str(), e)).collect();
    let mut complaints = Vec::new();
    let (mut agree, mut false_accepts, mut false_rejects, mut skipped) = (0, 0, 0, 0);
    for (case, outcome) in limbo.testcases.iter().zip(&outcomes) {
        let context = outcome.context.as_deref().unwrap_or("no fault found");
        if outcome.actual_result == "SKIPPED" {
            println!("skipped {}: {context}", case.id);
            skipped += 1;
            continue;
        }
        if outcome.actual_result == case.expected_result {
            agree += 1;
            continue;
        }
        if outcome.actual_result == "SUCCESS" {
            false_accepts += 1;
        } else {
            false_rejects += 1;
        }
        match listed.remove(case.id.as_str()) {
            Some(e) if e.expected == case.expected_result && e.actual == outcome.actual_result => {}
            _ => complaints.push(format!(
                "{}: expected {}, found {}, not listed so: {context}",
                case.id, case.expected_result, outcome.actual_result
            )),
        }
    }
    complaints.extend(listed.keys().map(|id| format!("{id}: listed, but no longer a disagreement")));
    println!(
        "x509-limbo: {agree} of {} agree, {false_accepts} false accepts, {false_rejects} false rejects, {skipped} skipped",
        outcomes.len()
    );
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// `limbo.json`, where it is to be had.
fn limbo() -> Option<String> {
    let named = std::env::var_os("TLSLAB_LIMBO").map(PathBuf::from);
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/x509-limbo.json.gz");
    let path = match named {
        Some(path) => path,
        None if beside().exists() => beside(),
        None => {
            eprintln!("SKIPPED: no x509-limbo at {}; TLSLAB_LIMBO can name it", beside().display());
            return None;
        }
    };
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut text = String::new();
    let read = if bytes.starts_with(&[0x1f, 0x8b]) {
        flate2::read::GzDecoder::new(bytes.as_slice()).read_to_string(&mut text)
    } else {
        bytes.as_slice().read_to_string(&mut text)
    };
    read.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Some(text)
}
