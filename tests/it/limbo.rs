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
fn every_exception_has_a_reason_of_substance() {
    for exception in exceptions() {
        assert!(exception.reason.len() > 80, "{}: {:?}", exception.id, exception.reason);
    }
}

#[test]
fn every_disagreement_is_listed() {
    let Some(path) = limbo() else {
        eprintln!("SKIPPED: no x509-limbo at {BESIDE}; TLSLAB_LIMBO can name it");
        return;
    };
    let limbo = harness::read(&text(&path)).unwrap();
    // Cases without an instant of their own hold certificates that are valid for centuries.
    let outcomes = harness::run(&limbo, Policy::Webpki, datetime!(2026-11-23 12:00 UTC)).outcomes;

    let exceptions = exceptions();
    let mut listed: BTreeMap<&str, &Exception> = exceptions.iter().map(|e| (e.id.as_str(), e)).collect();
    let mut complaints = Vec::new();
    let (mut agree, mut false_accepts, mut false_rejects, mut skipped) = (0, 0, 0, 0);
    for (case, outcome) in limbo.testcases.iter().zip(&outcomes) {
        let (expected, actual) = (case.expected_result.as_str(), outcome.actual_result);
        let context = outcome.context.as_deref().unwrap_or("no fault found");
        match actual {
            "SKIPPED" => {
                println!("skipped {}: {context}", case.id);
                skipped += 1;
                continue;
            }
            _ if actual == expected => {
                agree += 1;
                continue;
            }
            "SUCCESS" => false_accepts += 1,
            _ => false_rejects += 1,
        }
        if listed.remove(case.id.as_str()).is_none_or(|e| e.expected != expected || e.actual != actual) {
            complaints.push(format!("{}: expected {expected}, found {actual}: {context}", case.id));
        }
    }
    complaints.extend(listed.keys().map(|id| format!("{id}: listed, but no longer a disagreement")));
    println!(
        "x509-limbo: {agree} of {} agree, {false_accepts} false accepts, {false_rejects} false rejects, {skipped} skipped",
        outcomes.len()
    );
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

fn exceptions() -> Vec<Exception> {
    serde_json::from_str(include_str!("../limbo-exceptions.json"))
        .unwrap_or_else(|error| panic!("limbo-exceptions.json: {error}"))
}

/// Where it lies on the machines that have it, from the crate's root.
const BESIDE: &str = "../shared/data/x509-limbo.json.gz";

/// The path of `limbo.json`, where it is to be had.
fn limbo() -> Option<PathBuf> {
    let named = std::env::var_os("TLSLAB_LIMBO").map(PathBuf::from);
    named.or_else(|| Some(Path::new(env!("CARGO_MANIFEST_DIR")).join(BESIDE)).filter(|path| path.exists()))
}

/// A text file, plain or gzipped.
fn text(path: &Path) -> String {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut text = String::new();
    let read = if bytes.starts_with(&[0x1f, 0x8b]) {
        flate2::read::GzDecoder::new(bytes.as_slice()).read_to_string(&mut text)
    } else {
        bytes.as_slice().read_to_string(&mut text)
    };
    read.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text
}
