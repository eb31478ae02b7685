//! Every report of one audit, read back.

use std::sync::Arc;

use super::*;
use crate::audit::cases;
use crate::audit::result::{Audit, CaseResult};
use crate::audit::verdict::{Observed, Profile, Verdict};
use crate::audit::witness::{End, Wire, Witness};

/// One case of each verdict, with output that would be markup anywhere.
fn audit() -> Audit {
    let name = "www.test.org".parse().unwrap();
    let all = cases::all(&name, "www.test.org", false);
    let hostile = "<script>\u{1b}[2J]]>|`=1+1`";
    let verdicts =
        [Verdict::Fail, Verdict::Warn, Verdict::Pass, Verdict::Info, Verdict::Skip, Verdict::Error];
    let results = all.into_iter().zip(verdicts).map(|(planned, verdict)| CaseResult {
        grade: planned.case().grade,
        planned,
        observed: Observed::Accept,
        strict: false,
        verdict,
        why: format!("it accepted {hostile}"),
        witness: Witness {
            wire: Wire { connections: 1, application_bytes: 3, opening: hostile.into(), ..Wire::default() },
            end: End { exit_status: Some(0), ..End::default() },
            output: hostile.into(),
            ..Witness::default()
        },
    });
    Audit {
        client: vec!["python3".to_owned(), "client <1>.py".to_owned()],
        file: Some("./a b/client<1>.py".to_owned()),
        name: "www.test.org".to_owned(),
        profile: Profile::Rfc,
        seed: 7,
        controls_green: true,
        red: Vec::new(),
        isolation: "isolated: loopback only".to_owned(),
        interrupted: false,
        results: results.map(Arc::new).collect(),
        client_hello: None,
        baseline: None,
    }
}

#[test]
fn junit_is_xml_with_a_case_each() {
    let text = junit(&[audit()]).unwrap();
    let mut reader = quick_xml::Reader::from_str(&text);
    let (mut cases, mut outcomes) = (0, Vec::new());
    loop {
        match reader.read_event().unwrap() {
            quick_xml::events::Event::Eof => break,
            quick_xml::events::Event::Start(tag) | quick_xml::events::Event::Empty(tag) => {
                match tag.name().as_ref() {
                    "testcase" => cases += 1,
                    outcome @ ("failure" | "error" | "skipped") => outcomes.push(outcome.to_owned()),
                    _ => {}
                }
            }
            _ => {}
        }
    }
    assert_eq!((cases, outcomes), (6, vec!["failure".to_owned(), "skipped".to_owned(), "error".to_owned()]));
    assert!(text.contains("failures=\"1\"") && !text.contains('\u{1b}'), "{text}");
}

#[test]
fn sarif_has_rules_and_places_and_no_empty_text() {
    let source: Source = "src/client.py:12".parse().unwrap();
    for source in [Some(&source), None] {
        let sarif = sarif(&[audit()], source);
        let run = &sarif["runs"][0];
        let results = run["results"].as_array().unwrap();
        assert_eq!((results.len(), run["tool"]["driver"]["rules"].as_array().unwrap().len()), (3, 3));
        let place = &results[0]["locations"][0]["physicalLocation"];
        let expected = if source.is_some() { ("src/client.py", 12) } else { ("a%20b/client%3C1%3E.py", 1) };
        assert_eq!(place["artifactLocation"]["uri"], expected.0);
        assert_eq!(place["region"]["startLine"], expected.1);
        assert!(!sarif.to_string().contains("\":\"\""), "{sarif}");
    }
}

#[test]
fn scores_are_equal_and_add_up() {
    let tests = gradescope(&[audit()])["tests"].as_array().unwrap().clone();
    let scores: Vec<_> = tests.iter().map(|test| test["score"].as_f64().unwrap()).collect();
    assert_eq!(scores, [0.0, 1.0, 1.0, 0.0]);
    let line = classroom(&[audit()]);
    let result = line.strip_prefix("result=").unwrap().trim_end();
    let decoded = data_encoding::BASE64.decode(result.as_bytes()).unwrap();
    let report: serde_json::Value = serde_json::from_slice(&decoded).unwrap();
    assert_eq!((&report["status"], &report["max_score"]), (&"fail".into(), &4.into()));
    let sum: u64 =
        report["tests"].as_array().unwrap().iter().map(|test| test["score"].as_u64().unwrap()).sum();
    assert_eq!(sum, 2);
}

#[test]
fn rows_findings_tables_and_pages_hold_what_was_found_as_text() {
    let audits = [audit()];
    let rows = csv(&audits).unwrap();
    assert_eq!(rows.lines().count(), 7, "{rows}");
    assert!(rows.starts_with("submission,case,expected,verdict,strictness,alert,exit,ms,grading_status"));
    let findings = codequality(&audits, None);
    assert_eq!(findings.as_array().unwrap().len(), 3);
    let markdown = markdown(&audits);
    assert!(markdown.contains("## Failed") && !markdown.contains("<script>"), "{markdown}");
    let page = html(&audits);
    assert!(page.contains("&lt;script&gt;") && !page.contains("<script>") && !page.contains('\u{1b}'));
    assert_eq!(page.matches("<details class=\"case").count(), 6, "{page}");
}
