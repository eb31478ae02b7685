//! `just test-negative`: tlslab's own client put to everything that tlslab knows to be wrong with a server, by
//! `tlslab audit client` as anybody's client is, over TLS 1.2 and 1.3 and by both policies, as a table.
//!
//! Fails where a bad certificate is accepted, where it is refused for another reason than its own, where an application
//! byte reached the server, where a good neighbour is refused, and where a handshake goes on that must not. What is
//! checked in under `fixtures/` is judged as files too, by `tlslab verify`: where our stack cannot hold a key, that is all
//! there is, and the table says so. Certificates of clients are shown to `tlslab serve`.

#![allow(
    clippy::expect_used,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a test program: it prints, and fails by panicking"
)]

#[path = "it/lab.rs"]
#[allow(dead_code, unused_imports)] // the bench has more tools than this table needs
mod lab;
#[path = "it/peers.rs"]
#[expect(dead_code, reason = "shared with the other tests, which use more of it")]
mod peers;

use std::path::PathBuf;
use std::process::ExitCode;

use lab::{Lab, TLSLAB};
use rustls::pki_types::CertificateDer;
use serde_json::Value;
use tlslab::audit::catalogue::workshop::Workshop;
use tlslab::audit::catalogue::{Dates, Expectation, Fault, Holder, all};
use tlslab::pki::files::to_pem;
use tlslab::pki::key::KeyAlgorithm;
use tlslab::verify::{Policy, Reason, Usage};
use tlslab::words::instant;

/// What must not arrive at a server that refuses a client's certificate.
const MESSAGE: &str = "not one byte of this may arrive at a refusing server";

/// What policy `lab` refuses and the RFCs want accepted: its rule is one CN, equal to the name.
const REFUSED_BY_LAB: [&str; 3] = ["ok-constraints-cn", "ok-no-cn", "ok-no-subject"];

fn main() -> ExitCode {
    let bench = Lab::new();
    let mut table = Table::new();
    for policy in [Policy::Lab, Policy::Webpki] {
        let unserved = audited(&bench, policy, &mut table);
        for fault in all().iter().filter(|fault| fault.fixture) {
            let unserved = unserved.contains(&fault.id.to_string());
            verified(&bench, fault, policy, unserved, &mut table);
        }
        for fault in all().iter().filter(|fault| fault.usage == Usage::Client) {
            shown_to_serve(&bench, fault, policy, &mut table);
        }
    }
    table.end()
}

/// The rows, and how many of them were as they should be.
struct Table {
    passed: usize,
    failed: usize,
    unserved: usize,
    unasked: Vec<String>,
}

/// What is shown of a case.
struct Shown<'a> {
    case: &'a str,
    title: &'a str,
    policy: Policy,
    how: &'a str,
    verdict: &'a str,
    reason: &'a str,
    exit: i64,
}

impl Table {
    fn new() -> Self {
        let (case, title, policy) = ("case", "what was wrong", "policy");
        println!("{case:<34} {title:<56} {policy:<7} how   verdict   {:<28} exit", "reason");
        Self { passed: 0, failed: 0, unserved: 0, unasked: Vec::new() }
    }

    fn row(&mut self, shown: &Shown<'_>, complaints: &[String]) {
        let Shown { case, title, policy, how, verdict, reason, exit } = shown;
        println!("{case:<34} {title:<56} {policy:<7} {how:<5} {verdict:<9} {reason:<28} {exit:>4}");
        for complaint in complaints {
            println!("    FAIL: {complaint}");
        }
        if complaints.is_empty() { self.passed += 1 } else { self.failed += 1 }
    }

    fn end(mut self) -> ExitCode {
        self.unasked.sort();
        self.unasked.dedup();
        for unasked in &self.unasked {
            println!("not asked: {unasked}");
        }
        println!(
            "\n{} passed ({} of them not served, for nobody here can), {} failed; live over TLS 1.2 and over 1.3",
            self.passed, self.unserved, self.failed
        );
        ExitCode::from(u8::from(self.failed > 0 || self.passed == 0))
    }
}

/// Audits `tlslab connect`, and gives the catalogue's entries that could not be served.
fn audited(bench: &Lab, policy: Policy, table: &mut Table) -> Vec<String> {
    let run = bench.tlslab([
        "audit",
        "client",
        "--json",
        "--profile=strict",
        "--tls=each",
        "--timeout=60s",
        "--",
        TLSLAB,
        "connect",
        "{host}:{port}",
        "--ca={ca}",
        "--cn={name}",
        "--message={message}",
        &format!("--verify={policy}"),
    ]);
    let json = run.json();
    assert_eq!(json["controls"], "green", "{run}");
    let mut unserved = Vec::new();
    for case in json["cases"].as_array().expect("cases") {
        let id = text(&case["id"]);
        let fault = all().iter().find(|fault| fault.usage == Usage::Server && fault.id == *id);
        // Policy `webpki` takes no name with an underscore, and so no healthy twin that is asked for by one.
        let nothing_to_tell = text(&case["why"]).starts_with("its healthy twin was not accepted")
            && case["verdict"] == "info"
            && policy == Policy::Webpki;
        if case["verdict"] == "skip" || nothing_to_tell {
            if fault.is_some_and(|fault| fault.fixture) {
                unserved.push(id.to_owned());
            } else {
                table.unasked.push(format!("{id}: {}", text(&case["why"])));
            }
            continue;
        }
        let (_, reason) = said(case);
        let complaints = match fault {
            Some(fault) => by_catalogue(case, fault, expectation(fault, policy)),
            None if case["verdict"] == "pass" || case["verdict"] == "info" => Vec::new(),
            None => vec![format!("{}: {}", text(&case["verdict"]), text(&case["why"]))],
        };
        let shown = Shown {
            case: id,
            title: text(&case["title"]),
            policy,
            how: case["tls"].as_str().unwrap_or("-"),
            verdict: text(&case["observed"]),
            reason: &reason,
            exit: case["witness"]["exit_status"].as_i64().unwrap_or(-1),
        };
        table.row(&shown, &complaints);
    }
    unserved
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// What the entry demands of a policy.
fn expectation(fault: &Fault, policy: Policy) -> Expectation {
    match policy {
        // No verdict: the message is not read to its end.
        _ if fault.holder == Holder::TooLong => Expectation::Refused(&[Reason::Handshake]),
        Policy::Lab => fault.lab,
        Policy::Webpki => fault.webpki,
    }
}

/// The reasons that `connect` gave in what it said, and the same for the table.
fn said(case: &Value) -> (Vec<&str>, String) {
    let output = text(&case["output"]);
    let reasons =
        output.split_once("rejected: ").map_or("", |(_, rest)| rest.split(';').next().unwrap_or(rest));
    let mut reasons: Vec<&str> = reasons.split(", ").filter(|reason| !reason.is_empty()).collect();
    reasons.sort_unstable();
    let shown = match case["witness"]["alert"].as_str() {
        _ if !reasons.is_empty() => reasons.join(", "),
        Some(alert) => alert.to_owned(),
        None => String::new(),
    };
    (reasons, shown)
}

fn names(expectation: Expectation) -> Vec<&'static str> {
    let mut names: Vec<_> = expectation.reasons().iter().map(|reason| reason.as_str()).collect();
    names.sort_unstable();
    names
}

/// Where a case of the catalogue did not end as its entry says.
fn by_catalogue(case: &Value, fault: &Fault, expectation: Expectation) -> Vec<String> {
    let mut complaints = Vec::new();
    let witness = &case["witness"];
    let (observed, verdict) = (text(&case["observed"]), text(&case["verdict"]));
    let by_rule_of_lab = REFUSED_BY_LAB.iter().any(|id| fault.id == **id) && verdict == "fail";
    if !by_rule_of_lab && !["pass", "info"].contains(&verdict) {
        complaints.push(format!("{verdict}: {}", text(&case["why"])));
    }
    if witness["exit_status"] != u64::from(expectation.exit_status()) {
        complaints.push(format!(
            "expected exit status {}, found {}",
            expectation.exit_status(),
            witness["exit_status"]
        ));
    }
    if expectation == Expectation::Accepted {
        if observed != "accept" || witness["message_seen"] != true {
            complaints.push(format!("expected it to be accepted, found {observed}"));
        }
    } else {
        // What is too long to be read to its end is left unread, and so the connection is reset: that is no verdict.
        let refused = if fault.holder == Holder::TooLong { "error" } else { "reject" };
        if observed != refused || witness["application_bytes"] != 0 {
            complaints.push(format!(
                "expected it to be refused before anything was sent, found {observed} and {} application bytes",
                witness["application_bytes"]
            ));
        }
        let reasons = said(case).0;
        // It is no verdict of `connect`'s either, which says so in other words.
        if fault.holder != Holder::TooLong && reasons != names(expectation) {
            complaints.push(format!("expected the reasons {:?}, found {reasons:?}", names(expectation)));
        }
    }
    if !complaints.is_empty() {
        complaints.push(text(&case["output"]).to_owned());
    }
    complaints
}

/// Its files, judged as of the time that they are made for.
fn verified(bench: &Lab, fault: &Fault, policy: Policy, unserved: bool, table: &mut Table) {
    let folder = lab::fixtures().join(fault.id.to_string());
    let [certificate, trusted] = ["cert.pem", "ca.pem"].map(|file| folder.join(file).display().to_string());
    let name = fault.name_for(&"www.test.org".parse().expect("a name")).expect("there is one").to_string();
    let expectation = if policy == Policy::Lab { fault.lab } else { fault.webpki };
    let words = ["verify", &certificate, "--ca", &trusted, "--cn", &name];
    judged(bench, fault, policy, &words, expectation, Vec::new(), table);
    table.unserved += usize::from(unserved);
}

/// `tlslab verify --json` with `words`, as a row.
fn judged(
    bench: &Lab,
    fault: &Fault,
    policy: Policy,
    words: &[&str],
    expectation: Expectation,
    mut complaints: Vec<String>,
    table: &mut Table,
) {
    let at = instant(Dates::LAB.at);
    let run = bench.tlslab([words, &["--at", &at, "--verify", policy.as_str(), "--json"]].concat());
    let json = run.json();
    let mut reasons: Vec<&str> = json["reasons"].as_array().into_iter().flatten().map(text).collect();
    reasons.sort_unstable();
    if reasons != names(expectation) || run.code() != i32::from(expectation.exit_status()) {
        complaints.push(format!("expected the reasons {:?}, found {reasons:?}\n{run}", names(expectation)));
    }
    let shown = Shown {
        case: &fault.id.to_string(),
        title: fault.title,
        policy,
        how: "files",
        verdict: text(&json["verdict"]),
        reason: &reasons.join(", "),
        exit: i64::from(run.code()),
    };
    table.row(&shown, &complaints);
}

/// A client shows it to `tlslab serve --client-ca`, which judges by policy `lab` and by today's date; what it is refused
/// for, `tlslab verify` says.
fn shown_to_serve(bench: &Lab, fault: &Fault, policy: Policy, table: &mut Table) {
    let [certificate, key, trusted] = minted(bench, fault);
    let server = all().iter().find(|fault| fault.id == *"valid.ca").expect("the control");
    let [server_certificate, server_key, server_trusted] = minted(bench, server);
    let expectation = if policy == Policy::Lab { fault.lab } else { fault.webpki };
    let mut complaints = Vec::new();
    for version in ["1.2", "1.3"] {
        let server = bench.serve(&[
            "--cert",
            &server_certificate,
            "--key",
            &server_key,
            "--tls",
            version,
            "--client-ca",
            &trusted,
        ]);
        let session = bench.tlslab([
            "connect",
            &server.to_word(),
            "--ca",
            &server_trusted,
            "--cert",
            &certificate,
            "--key",
            &key,
            "--message",
            MESSAGE,
        ]);
        let (_, said) = server.stop();
        let arrived = said.lines().any(|line| line.starts_with("stopped: ") && !line.contains(" 0 bytes in"));
        let expected = if fault.lab == Expectation::Accepted { (0, true) } else { (20, false) };
        if (session.code(), arrived) != expected {
            complaints.push(format!("over TLS {version}, bytes arrived: {arrived}\n{session}\n{said}"));
        }
    }
    let words = ["verify", &certificate, "--usage", "client", "--ca", &trusted];
    judged(bench, fault, policy, &words, expectation, complaints, table);
}

/// The entry made for the lab's server, as files: certificate, key, and what is to be trusted.
fn minted(bench: &Lab, fault: &Fault) -> [String; 3] {
    let folder: PathBuf = bench.file(fault.id.to_string());
    let files = ["cert.pem", "clearkey.pem", "ca.pem"].map(|file| folder.join(file));
    if !folder.exists() {
        let made = fault.make(&Workshop::new(KeyAlgorithm::EcP256)).expect("tlslab makes it");
        let pem = |certificates: &[CertificateDer<'_>]| {
            certificates.iter().flat_map(|der| to_pem("CERTIFICATE", der).to_vec()).collect::<Vec<_>>()
        };
        let key = to_pem("PRIVATE KEY", &made.key.to_pkcs8_der()).to_vec();
        std::fs::create_dir(&folder).expect("a folder");
        for (file, contents) in files.iter().zip([pem(&made.chain), key, pem(&made.trusted)]) {
            std::fs::write(file, contents).expect("writing");
        }
    }
    files.map(|file| file.display().to_string())
}
