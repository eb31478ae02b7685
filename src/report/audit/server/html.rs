//! An audit of a server as a page: what failed, the grid of suites and versions, every check as a fold-out, and how the
//! server is mended.

use maud::{Markup, html};

use crate::audit::result::Summary;
use crate::audit::server::facts::Facts;
use crate::audit::server::mending;
use crate::audit::server::result::{CheckResult, ServerAudit};
use crate::audit::server::survey::version_key;
use crate::audit::verdict::Verdict;
use crate::page::{fields, page, said};
use crate::tls::names;
use crate::tls::suites::Suite;

/// The order in which a reader wants them.
const ORDER: [Verdict; 6] =
    [Verdict::Fail, Verdict::Error, Verdict::Warn, Verdict::Pass, Verdict::Info, Verdict::Skip];

/// All servers on one page.
pub fn html(audits: &[ServerAudit]) -> String {
    let header = html! {
        @if audits.len() > 1 { (overview(audits)) } @else { @for audit in audits { (head(audit)) } }
    };
    let body = html! {
        main.audits {
            @for (index, audit) in audits.iter().enumerate() {
                section.audit id=(format!("a{index}")) {
                    @if audits.len() > 1 { h2 { (said(&audit.target)) } (head(audit)) }
                    @if let Ok(facts) = &audit.facts { (suites(facts)) (spoken(facts)) }
                    (folds(audit))
                }
            }
        }
    };
    page("TLS server audit", &header, &body)
}

fn overview(audits: &[ServerAudit]) -> Markup {
    html! {
        div.wide { table.rows {
            thead { tr {
                th scope="col" { "server" }
                @for word in ["fail", "error", "warn", "pass", "info", "skip"] { th scope="col" { (word) } }
            } }
            tbody {
                @for (index, audit) in audits.iter().enumerate() {
                    @let summary = audit.summary();
                    tr {
                        th scope="row" { a href=(format!("#a{index}")) { (said(&audit.target)) } }
                        @if let Err((why, _)) = &audit.facts { td colspan="6" { (said(why)) } } @else {
                            @for count in [summary.fail, summary.error, summary.warn, summary.pass, summary.info, summary.skip] {
                                td { (count) }
                            }
                        }
                    }
                }
            }
        } }
    }
}

fn head(audit: &ServerAudit) -> Markup {
    let Summary { pass, fail, warn, info, skip, error } = audit.summary();
    let facts = audit.facts.as_ref();
    html! {
        p.verdict.found[fail > 0 || facts.is_err()] {
            @match &facts {
                Err((why, _)) => { (said(why)) }
                Ok(_) => {
                    (fail) " failed, " (warn) " warned of, " (pass) " passed, " (error) " not to be judged, "
                    (info) " told, " (skip) " not checked"
                }
            }
        }
        (fields([
            ("server", audit.target.clone()),
            ("address", facts.map(|facts| facts.address.to_string()).unwrap_or_default()),
            ("expected name", facts.ok().and_then(|facts| facts.name.clone()).unwrap_or_default()),
            ("profile", audit.profile.to_string()),
            ("deviations", audit.deviations.join("; ")),
            ("baseline", audit.baseline.as_deref().unwrap_or_default().join("; ")),
            ("connections", facts.map(|facts| facts.tally.connections.to_string()).unwrap_or_default()),
        ]))
    }
}

/// Suites by versions: what is accepted where, what is wrong with it.
fn suites(facts: &Facts) -> Markup {
    let versions: Vec<u16> = facts.suites.keys().rev().copied().collect();
    html! {
        h3 { "Suites and versions" }
        div.wide { table.rows {
            thead { tr {
                th scope="col" { "suite" }
                @for version in &versions { th scope="col" { (version_key(*version)) } }
                th scope="col" { "remark" }
            } }
            tbody {
                @for code in facts.all_suites() {
                    @let remark = Suite::of(code).map(remark).unwrap_or_default();
                    tr {
                        th scope="row" { (said(names::cipher_suite(code))) }
                        @for version in &versions {
                            @let place = facts.suites[version].iter().position(|other| *other == code);
                            td { @if let Some(place) = place {
                                span.cell.(if remark.is_empty() { "pass" } else { "warn" })
                                    title=(format!("number {} of the server's order", place + 1)) { (place + 1) }
                            } }
                        }
                        td.soft { (remark) }
                    }
                }
            }
        } }
        p.soft { "The number is the suite's place in the server's order." }
    }
}

/// What is wrong with a suite, in a few words.
fn remark(suite: &Suite) -> String {
    let mut words = Vec::new();
    if suite.is_null() {
        words.push("no encryption");
    }
    if suite.is_anonymous() {
        words.push("no authentication");
    }
    if suite.export {
        words.push("export");
    }
    if !suite.is_forward_secret() {
        words.push("no forward secrecy");
    }
    if !suite.is_null() && suite.cipher.key_bits() < 128 {
        words.push("weak cipher");
    }
    if !suite.is_null() && !suite.is_aead() {
        words.push("no authenticated encryption");
    }
    words.join(", ")
}

fn spoken(facts: &Facts) -> Markup {
    let list = |codes: &[u16], name: fn(u16) -> String| {
        codes.iter().map(|code| name(*code)).collect::<Vec<_>>().join(", ")
    };
    html! {
        h3 { "Groups and signature schemes, in the server's order" }
        table {
            @for (version, groups) in facts.groups.iter().rev() {
                tr { th scope="row" { "groups of " (version_key(*version)) } td { (said(list(groups, names::group))) } }
            }
            @for (version, schemes) in facts.schemes.iter().rev() {
                tr { th scope="row" { "schemes of " (version_key(*version)) } td { (said(list(schemes, names::signature_scheme))) } }
            }
        }
        @if !facts.clients.is_empty() {
            h3 { "What clients would say of the certificate" }
            (fields(clients(facts).iter().map(|(said, who)| (said.as_str(), who.join(", ")))))
        }
    }
}

/// Who says what of the certificate; those who say the same together.
fn clients(facts: &Facts) -> Vec<(String, Vec<&'static str>)> {
    let mut groups: Vec<(String, Vec<&'static str>)> = Vec::new();
    for says in &facts.clients {
        let words = match says.accepts {
            Some(true) => "accept".to_owned(),
            Some(false) => format!("refuse: {}", says.why),
            None => "not known".to_owned(),
        };
        match groups.iter_mut().find(|(said, _)| *said == words) {
            Some((_, who)) => who.push(says.client),
            None => groups.push((words, vec![says.client])),
        }
    }
    groups
}

fn folds(audit: &ServerAudit) -> Markup {
    html! {
        h3 { "Checks" }
        @for verdict in ORDER {
            @for result in audit.results.iter().filter(|result| result.verdict == verdict) { (fold(result)) }
        }
    }
}

fn fold(result: &CheckResult) -> Markup {
    let check = result.check;
    html! {
        details.case.(result.verdict.as_str()) open[result.verdict == Verdict::Fail] {
            summary {
                strong.word { (result.verdict.as_str()) } " " (check.id) " — " (check.title)
                @if !result.found.is_empty() { span.soft { ": " (said(&result.found)) } }
            }
            (fields([
                ("found", result.found.clone()),
                ("not checked", result.reason.clone().unwrap_or_default()),
                ("expected", check.expected.to_owned()),
                ("grade", format!("{}, {}", result.grade.as_str(), check.severity.as_str())),
                ("rule", check.citation.to_owned()),
                ("mend", check.fix.to_owned()),
            ]))
            @if matches!(result.verdict, Verdict::Fail | Verdict::Warn) {
                @for (server, lines) in mending::snippets(check.topic) {
                    h4 { (mending::title(server)) }
                    pre { (lines) }
                }
            }
        }
    }
}
