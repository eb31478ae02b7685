//! `just test-negative`: every certificate of the catalogue, served by a real `tlslab serve` and dialled by a real
//! `tlslab connect` over loopback, TLS 1.2 and 1.3, as a table.
//!
//! Fails where a bad one is accepted, where it is refused for another reason than its own, where an application byte
//! reached the server, and where a good neighbour is refused. Where our stack cannot hold the key, `openssl s_server`
//! serves it.

#![allow(
    clippy::expect_used,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a test program: it prints, and fails by panicking"
)]

#[path = "it/lab.rs"]
#[allow(dead_code)] // the bench has more tools than this table needs
mod lab;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ExitCode, Stdio};

use lab::{Lab, Server};
use tlslab::audit::{Expectation, Fault, catalogue};
use tlslab::verify::Policy;

/// What must not arrive.
const MESSAGE: &str = "not one byte of this may arrive at a refused server";

fn main() -> ExitCode {
    println!(
        "{:<30} {:<48} {:<4} {:<7} {:<9} {:<28} {:>4}",
        "case", "what was wrong", "TLS", "policy", "verdict", "reason", "exit"
    );
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    for fault in catalogue() {
        for version in ["1.2", "1.3"] {
            for (policy, expectation) in [(Policy::Lab, fault.lab), (Policy::Webpki, fault.webpki)] {
                let row = run(fault, version, policy, expectation);
                let (verdict, reason, exit) = match &row {
                    Row::Seen { verdict, reasons, exit, .. } => {
                        (verdict.as_str(), reasons.join(", "), exit.to_string())
                    }
                    Row::Skipped(why) => ("skipped", (*why).to_owned(), String::new()),
                };
                println!(
                    "{:<30} {:<48} {version:<4} {policy:<7} {verdict:<9} {reason:<28} {exit:>4}",
                    fault.id, fault.title
                );
                match row {
                    Row::Skipped(_) => skipped += 1,
                    Row::Seen { complaints, .. } if complaints.is_empty() => passed += 1,
                    Row::Seen { complaints, .. } => {
                        failed += 1;
                        for complaint in complaints {
                            println!("    FAIL: {complaint}");
                        }
                    }
                }
            }
        }
    }
    println!("\n{passed} passed, {failed} failed, {skipped} skipped");
    ExitCode::from(u8::from(failed > 0 || passed == 0))
}

enum Row {
    Seen { verdict: String, reasons: Vec<String>, exit: i32, complaints: Vec<String> },
    Skipped(&'static str),
}

fn run(fault: &Fault, version: &str, policy: Policy, expectation: Expectation) -> Row {
    let bench = Lab::new();
    let folder = lab::fixtures().join(fault.id);
    let Some(peer) = Peer::start(&bench, fault.id, &folder, version) else {
        return Row::Skipped("openssl is not here");
    };
    let trusted = folder.join("ca.pem");
    let seen = bench.tlslab([
        "connect",
        &peer.address(),
        "--ca",
        &trusted.display().to_string(),
        "--cn",
        "www.test.org",
        "--verify",
        policy.as_str(),
        "--message",
        MESSAGE,
        "--json",
    ]);
    let json = seen.json();
    let verdict = json["verdict"].as_str().unwrap_or("none").to_owned();
    let reasons: Vec<String> = json["reasons"]
        .as_array()
        .map(|reasons| reasons.iter().filter_map(|r| r.as_str().map(str::to_owned)).collect())
        .unwrap_or_default();
    let arrived = peer.stop();

    let mut complaints = Vec::new();
    let mut expected: Vec<&str> = expectation.reasons().iter().map(|reason| reason.as_str()).collect();
    let mut found: Vec<&str> = reasons.iter().map(String::as_str).collect();
    expected.sort_unstable();
    found.sort_unstable();
    if found != expected {
        complaints.push(format!("expected the reasons {expected:?}, found {found:?}\n{seen}"));
    }
    if seen.code() != i32::from(expectation.exit_status()) {
        complaints.push(format!("expected exit status {}, found {}", expectation.exit_status(), seen.code()));
    }
    let protocol = json["protocol"].as_str().unwrap_or_default();
    match (expectation, arrived) {
        (Expectation::Accepted, 0) => complaints.push("accepted, yet the message did not arrive".to_owned()),
        (Expectation::Accepted, _) if protocol != format!("TLSv{version}") => {
            complaints.push(format!("expected TLSv{version}, found {protocol:?}"));
        }
        (Expectation::Refused(_), 1..) => complaints.push(format!("{arrived} application bytes arrived")),
        _ => {}
    }
    Row::Seen { verdict, reasons, exit: seen.code(), complaints }
}

/// Whoever can hold the key and serve the certificate.
enum Peer {
    Tlslab(Server),
    Openssl { child: Child, port: String, lines: BufReader<std::process::ChildStdout> },
}

impl Peer {
    fn start(bench: &Lab, id: &str, folder: &Path, version: &str) -> Option<Self> {
        let certificate = folder.join("cert.pem").display().to_string();
        let key = folder.join("clearkey.pem").display().to_string();
        if id != "weak-rsa1024" {
            let server = bench.serve(&["--cert", &certificate, "--key", &key, "--tls", version]);
            return Some(Self::Tlslab(server));
        }
        if !lab::peer("openssl") {
            return None;
        }
        let mut child = bench
            .command("openssl")
            .args(["s_server", "-accept", "127.0.0.1:0", "-cert", &certificate, "-key", &key])
            .args(["-cipher", "DEFAULT@SECLEVEL=0"])
            .arg(if version == "1.2" { "-tls1_2" } else { "-tls1_3" })
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("openssl s_server");
        let mut lines = BufReader::new(child.stdout.take().expect("stdout was piped"));
        let mut line = String::new();
        while !line.starts_with("ACCEPT ") {
            line.clear();
            assert_ne!(lines.read_line(&mut line).expect("reading from openssl"), 0, "openssl ended early");
        }
        let port = line.trim().rsplit(':').next().expect("a port").to_owned();
        Some(Self::Openssl { child, port, lines })
    }

    fn address(&self) -> String {
        match self {
            Self::Tlslab(server) => server.to_word(),
            Self::Openssl { port, .. } => format!("127.0.0.1:{port}"),
        }
    }

    /// Stops it and says how many application bytes had arrived.
    fn stop(self) -> u64 {
        match self {
            Self::Tlslab(server) => {
                let (exit, said) = server.stop();
                assert!(exit.success(), "{exit}: {said}");
                let summary = said.lines().find(|line| line.starts_with("stopped: ")).expect("a summary");
                let before = summary.split(" bytes in").next().expect("a count");
                before.rsplit(' ').next().and_then(|count| count.parse().ok()).expect("a number")
            }
            Self::Openssl { mut child, mut lines, .. } => {
                child.kill().expect("stopping openssl");
                let mut rest = String::new();
                // What it printed of the session; its messages name no application data unless some came.
                let _ = std::io::Read::read_to_string(&mut lines, &mut rest);
                let _ = child.wait();
                u64::from(rest.contains("not one byte")) * MESSAGE.len() as u64
            }
        }
    }
}
