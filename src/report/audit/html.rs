//! An audit as a page: a grid that one can look at, and a fold-out for each case with what is wrong, what it did, the rule,
//! the attack, how it is mended, what was seen on the wire and what the client said.

use maud::{Markup, html};

use super::ladder::{Room, ladders};
use super::naming::{Names, submission};
use crate::audit::hello::HelloAudit;
use crate::audit::result::{self, Audit, CaseResult, Summary};
use crate::audit::verdict::{Verdict, signal_name};
use crate::page::{fields, page, said};
use crate::report::dissect::html::dump;
use crate::tls::names::alert;
use crate::words::counted;

/// The most cases of an audit that fold out; the grid shows all.
const MOST_FOLDS: usize = 2000;

/// The order in which a reader wants them.
const ORDER: [Verdict; 6] =
    [Verdict::Fail, Verdict::Error, Verdict::Warn, Verdict::Pass, Verdict::Info, Verdict::Skip];

/// All audits on one page.
pub fn html(audits: &[Audit]) -> String {
    let header = html! {
        @if let [audit] = audits { (head(audit)) } @else {
            p.soft { (counted(audits.len() as u64, "submission")) }
            (submissions(audits))
            (missed(audits))
        }
    };
    let room = Room::new();
    let body = html! {
        main.audits {
            @for (index, audit) in audits.iter().enumerate() {
                section.audit id=(format!("a{index}")) aria-labelledby=(format!("a{index}h")) {
                    h2 id=(format!("a{index}h")) {
                        @if audits.len() > 1 { (said(submission(audit))) } @else { "Cases" }
                    }
                    @if audits.len() > 1 { (head(audit)) }
                    @let names = Names::of(audit);
                    (grid(audit, &names, index))
                    @if let Some(hello) = &audit.client_hello { (offered(hello)) }
                    (folds(audit, &names, index, &room))
                }
            }
        }
    };
    page("TLS client audit", &header, &body)
}

/// What was audited, and what came of it.
fn head(audit: &Audit) -> Markup {
    let Summary { pass, fail, warn, info, skip, error } = audit.summary();
    html! {
        p.verdict.found[fail > 0 || !audit.controls_green] {
            @if !audit.controls_green { "Cannot be judged: a healthy server was refused. " }
            (fail) " failed, " (warn) " warned of, " (pass) " passed, " (error) " not judged, "
            (info) " for information, " (skip) " not run"
        }
        (fields([
            ("client", audit.client.join(" ")),
            ("expects", audit.name.clone()),
            ("profile", audit.profile.to_string()),
            ("seed", audit.seed.to_string()),
            ("network", audit.isolation.clone()),
            ("control", audit.red.join("; ")),
            ("baseline", audit.baseline.as_deref().unwrap_or_default().join("; ")),
            ("ended early", if audit.interrupted { "yes: what was not run is missing".to_owned() } else { String::new() }),
        ]))
    }
}

/// One row a submission.
fn submissions(audits: &[Audit]) -> Markup {
    html! {
        div.wide { table.rows {
            thead { tr {
                th scope="col" { "submission" }
                @for word in ["fail", "error", "warn", "pass", "info", "skip", "controls"] { th scope="col" { (word) } }
            } }
            tbody {
                @for (index, audit) in audits.iter().enumerate() {
                    @let summary = audit.summary();
                    tr {
                        th scope="row" { a href=(format!("#a{index}")) { (said(submission(audit))) } }
                        @for count in [summary.fail, summary.error, summary.warn, summary.pass, summary.info, summary.skip] {
                            td { (count) }
                        }
                        td { @if audit.controls_green { "green" } @else { "red" } }
                    }
                }
            }
        } }
    }
}

/// Which case how many submissions failed.
fn missed(audits: &[Audit]) -> Markup {
    let missed = result::missed(audits);
    html! {
        @if !missed.is_empty() {
            h2 { "What was missed, and by how many" }
            div.wide { table.rows {
                tbody {
                    @for (result, count) in missed {
                        @let case = result.case();
                        tr { td { (count) } th scope="row" { (said(&case.id)) } td { (said(&case.title)) } }
                    }
                }
            } }
        }
    }
}

/// Every case as a cell that leads to its fold-out: the verdict is its colour, its letter and its label.
fn grid(audit: &Audit, names: &Names, index: usize) -> Markup {
    let mut families: Vec<&'static str> = Vec::new();
    for result in &audit.results {
        if !families.contains(&result.planned.family()) {
            families.push(result.planned.family());
        }
    }
    html! {
        div.grid {
            @for family in families {
                h3 { (family) }
                p.cells {
                    @for (number, result) in audit.results.iter().enumerate().filter(|(_, r)| r.planned.family() == family) {
                        @let label = format!("{}: {}", names.name(&result.planned), result.verdict);
                        a.cell.(class(result.verdict)) href=(format!("#a{index}c{number}")) title=(said(&label)) aria-label=(said(&label)) {
                            (letter(result.verdict))
                        }
                    }
                }
            }
        }
        p.soft { "F failed, E not judged, W warned of, P passed, I for information, S not run" }
    }
}

fn class(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Error => "error",
        Verdict::Fail => "fail",
        Verdict::Info => "info",
        Verdict::Pass => "pass",
        Verdict::Skip => "skip",
        Verdict::Warn => "warn",
    }
}

fn letter(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Error => "E",
        Verdict::Fail => "F",
        Verdict::Info => "I",
        Verdict::Pass => "P",
        Verdict::Skip => "S",
        Verdict::Warn => "W",
    }
}

/// What the client offers.
fn offered(hello: &HelloAudit) -> Markup {
    html! {
        details {
            summary { "What the client offers: " (counted(hello.findings.len() as u64, "finding")) }
            (fields([
                ("versions", hello.versions.join(", ")),
                ("cipher suites", hello.cipher_suites.join(", ")),
                ("groups", hello.groups.join(", ")),
                ("signature schemes", hello.signature_schemes.join(", ")),
                ("server name", hello.server_name.clone().unwrap_or_default()),
                ("ALPN", hello.alpn.join(", ")),
                ("JA3", hello.ja3.clone()),
                ("JA4", hello.ja4.clone()),
            ]))
            @for finding in &hello.findings {
                p { strong { (finding.verdict.as_str()) " " (finding.id) } ": " (said(&finding.found)) " (" (finding.citation) ")" }
            }
        }
    }
}

/// The cases, what failed first and open.
fn folds(audit: &Audit, names: &Names, index: usize, room: &Room) -> Markup {
    html! {
        @for verdict in ORDER {
            @let of_it = audit.results.iter().enumerate().filter(|(_, result)| result.verdict == verdict);
            @for (number, result) in of_it.take(MOST_FOLDS) { (fold(names, result, &format!("a{index}c{number}"), room)) }
        }
    }
}

fn fold(names: &Names, result: &CaseResult, id: &str, room: &Room) -> Markup {
    let (case, wire, end) = (result.case(), &result.witness.wire, result.witness.end);
    let yes = |word: &str, is: bool| if is { word.to_owned() } else { String::new() };
    html! {
        details.case.(class(result.verdict)) id=(id) open[result.verdict == Verdict::Fail] {
            summary {
                strong.word { (class(result.verdict)) } " " (said(names.name(&result.planned))) " — " (said(&case.title))
            }
            (fields([
                ("what it did", format!("{}: {}", result.observed, result.why)),
                ("should", result.grade.to_string()),
                ("rule", case.citation.to_string()),
                ("attack", case.attack.to_string()),
                ("mend", case.fix.to_string()),
                ("TLS", result.tls().unwrap_or_default().to_owned()),
                ("connections", wire.connections.to_string()),
                ("handshake", yes("completed", wire.handshake_completed)),
                ("alert", wire.alert.map(alert).unwrap_or_default()),
                ("application bytes", wire.left().to_string()),
                ("in the clear", if wire.plaintext_bytes > 0 { wire.plaintext_bytes.to_string() } else { String::new() }),
                ("reset", yes("by the client", wire.reset)),
                ("exit status", end.exit_status.map(|status| status.to_string()).unwrap_or_default()),
                ("signal", end.signal.map(signal_name).unwrap_or_default()),
                ("out of time", yes("yes", end.timed_out)),
                ("remarks", wire.notes.join("; ")),
                ("client's time", format!("{:.0} ms", result.witness.client.as_secs_f64() * 1000.0)),
            ]))
            @if !wire.opening.is_empty() {
                h4 { "What left the client, its beginning" }
                (dump("open", &wire.opening))
            }
            (ladders(&wire.transcripts, id, room))
            @let output = super::json::output(&result.witness.output);
            @if !output.trim().is_empty() {
                h4 { "What the client said, the end of it" }
                pre { (output) }
            }
        }
    }
}
