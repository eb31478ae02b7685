//! `just test-negative`: every certificate of the catalogue, served by a real `tlslab serve` and dialled by a real
//! `tlslab connect` over loopback, TLS 1.2 and 1.3, as a table.
//!
//! Fails where a bad one is accepted, where it is refused for another reason than its own, where an application byte
//! reached the server, and where a good neighbour is refused. Where our stack cannot hold the key, `openssl s_server`
//! serves it; where nobody can for a client of today, `tlslab verify` judges the files, and the table says so. What is
//! not checked in under `fixtures/` is made here.

#![allow(
    clippy::expect_used,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a test program: it prints, and fails by panicking"
)]

#[path = "it/lab.rs"]
#[allow(dead_code)] // the bench has more tools than this table needs
mod lab;
#[path = "it/peers.rs"]
#[expect(dead_code, reason = "shared with the other tests, which use more of it")]
mod peers;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ExitCode, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use lab::{Lab, Run, Server};
use rustls::pki_types::CertificateDer;
use tlslab::audit::catalogue::workshop::Workshop;
use tlslab::audit::catalogue::{Dates, Expectation, Fault, Holder, Setting, all};
use tlslab::pki::files::to_pem;
use tlslab::pki::key::KeyAlgorithm;
use tlslab::verify::{Policy, Reason, Usage};
use tlslab::words::instant;

/// What must not arrive.
const MESSAGE: &str = "not one byte of this may arrive at a refused server";

const VERSIONS: [&str; 2] = ["1.2", "1.3"];

fn main() -> ExitCode {
    let bench = Lab::new();
    mint(&bench);
    println!(
        "{:<28} {:<56} {:<7} {:<9} {:<28} {:>4}",
        "case", "what was wrong", "policy", "verdict", "reason", "exit"
    );
    let cases: Vec<_> = all()
        .iter()
        .flat_map(|fault| [(fault, Policy::Lab, fault.lab), (fault, Policy::Webpki, fault.webpki)])
        .collect();
    let (mut passed, mut failed, mut skipped, mut offline) = (0, 0, 0, 0);
    let mut show = |(fault, policy, _): &(&Fault, Policy, Expectation), rows: &[Row]| {
        for (row, version) in rows.iter().zip(VERSIONS) {
            match row {
                Row::Skipped(why) => {
                    skipped += 1;
                    println!("{:<28} {:<56} {policy:<7} skipped: {why}", fault.id, fault.title);
                }
                Row::Seen { complaints, unserved, .. } if complaints.is_empty() => {
                    passed += 1;
                    if let Some(why) = unserved {
                        offline += 1;
                        println!("    not served over TLS {version}, its files are judged: {why}");
                    }
                }
                Row::Seen { complaints, .. } => {
                    failed += 1;
                    for complaint in complaints {
                        println!("    FAIL over TLS {version}: {complaint}");
                    }
                }
            }
        }
        // Both versions end in the same, else one of them has failed above.
        if let Some(Row::Seen { verdict, reasons, exit, .. }) = rows.last() {
            let reasons = reasons.join(", ");
            println!("{:<28} {:<56} {policy:<7} {verdict:<9} {reasons:<28} {exit:>4}", fault.id, fault.title);
        }
    };
    run_all(&bench, &cases, &mut show);
    println!(
        "\n{passed} passed ({offline} of them not served, for nobody can), {failed} failed, {skipped} skipped; each row over \
         TLS 1.2 and over 1.3"
    );
    ExitCode::from(u8::from(failed > 0 || passed == 0))
}

/// Makes every entry that is not checked in.
fn mint(bench: &Lab) {
    let workshop = Workshop::new(KeyAlgorithm::EcP256);
    for fault in all().iter().filter(|fault| !fault.fixture) {
        let made = fault.make(&workshop).expect("no fixture, so tlslab makes it");
        let pem = |certificates: &[CertificateDer<'_>]| {
            certificates.iter().flat_map(|der| to_pem("CERTIFICATE", der).to_vec()).collect::<Vec<_>>()
        };
        let folder = folder(bench, fault);
        let write = |name, contents: &[u8]| std::fs::write(folder.join(name), contents).expect("writing");
        std::fs::create_dir(&folder).expect("a folder");
        write("ca.pem", &pem(&made.trusted));
        write("cert.pem", &pem(&made.chain));
        write("clearkey.pem", &to_pem("PRIVATE KEY", &made.key.to_pkcs8_der()));
    }
}

/// Runs every case on a few threads, and shows them in their order.
fn run_all(
    bench: &Lab,
    cases: &[(&Fault, Policy, Expectation)],
    show: &mut impl FnMut(&(&Fault, Policy, Expectation), &[Row]),
) {
    let next = AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get) + 1;
    let (send, done) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            let (send, next) = (send.clone(), &next);
            scope.spawn(move || {
                while let Some((fault, policy, expectation)) = cases.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    let rows = VERSIONS.map(|version| run(bench, fault, version, *policy, *expectation));
                    // Its index is found by whoever shows it: cases are unique.
                    if send.send((fault.id, *policy, rows)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(send);
        let mut early = Vec::new();
        let mut waiting = cases.iter();
        let mut wanted = waiting.next();
        for result in done {
            early.push(result);
            while let Some(case) = wanted
                && let Some(at) =
                    early.iter().position(|(id, policy, _)| (*id, *policy) == (case.0.id, case.1))
            {
                let (_, _, rows) = early.swap_remove(at);
                show(case, &rows);
                wanted = waiting.next();
            }
        }
    });
}

enum Row {
    Seen {
        verdict: String,
        reasons: Vec<String>,
        exit: i32,
        complaints: Vec<String>,
        unserved: Option<&'static str>,
    },
    Skipped(&'static str),
}

fn run(bench: &Lab, fault: &Fault, version: &str, policy: Policy, expectation: Expectation) -> Row {
    if fault.usage == Usage::Client {
        return run_client(bench, fault, version, policy, expectation);
    }
    let folder = folder(bench, fault);
    let holder = held_over(fault.holder, version);
    if matches!(holder, Holder::Openssl | Holder::OpensslTls12(..)) && !lab::peer("openssl") {
        return Row::Skipped("openssl is not here");
    }
    let (certificate, trusted) = (folder.join("cert.pem"), folder.join("ca.pem"));
    let (certificate, trusted) = (certificate.display().to_string(), trusted.display().to_string());
    let at = instant(Dates::LAB.at);
    let asked = fault.name_for(&Setting::lab().name).expect("the lab's name has every other").to_string();
    let judged_by = ["--ca", &trusted, "--cn", &asked, "--at", &at, "--verify", policy.as_str(), "--json"];
    if let Holder::Nobody(why) = holder {
        let seen = bench.tlslab([&["verify", &certificate], &judged_by[..]].concat());
        return judged(&seen, expectation, None, Some(why));
    }
    let expectation = match holder {
        // No verdict: the message is not read to its end.
        Holder::TooLong => Expectation::Refused(&[Reason::Handshake]),
        _ => expectation,
    };
    let peer = Peer::start(bench, holder, &folder, version);
    let address = peer.address();
    let seen = bench.tlslab([&["connect", &address, "--message", MESSAGE], &judged_by[..]].concat());
    judged(&seen, expectation, Some((version, peer.stop())), None)
}

/// A client shows it to `tlslab serve --client-ca`, which judges by policy `lab` and by today's date; what it is refused
/// for, `tlslab verify` says.
fn run_client(bench: &Lab, fault: &Fault, version: &str, policy: Policy, expectation: Expectation) -> Row {
    let file = |folder: &str, name: &str| bench.file(folder).join(name).display().to_string();
    let [certificate, key, trusted] =
        ["cert.pem", "clearkey.pem", "ca.pem"].map(|name| file(&fault.id.to_string(), name));
    let at = instant(Dates::LAB.at);
    let seen = bench.tlslab([
        "verify",
        &certificate,
        "--usage",
        "client",
        "--ca",
        &trusted,
        "--at",
        &at,
        "--verify",
        policy.as_str(),
        "--json",
    ]);
    let mut row = judged(&seen, expectation, None, None);
    let (server_certificate, server_key) = (file("valid.ca", "cert.pem"), file("valid.ca", "clearkey.pem"));
    let server = Peer::Tlslab(bench.serve(&[
        "--cert",
        &server_certificate,
        "--key",
        &server_key,
        "--tls",
        version,
        "--client-ca",
        &trusted,
    ]));
    let server_trusted = file("valid.ca", "ca.pem");
    let address = server.address();
    let session = bench.tlslab([
        "connect",
        &address,
        "--ca",
        &server_trusted,
        "--cert",
        &certificate,
        "--key",
        &key,
        "--message",
        MESSAGE,
    ]);
    let arrived = server.stop();
    let taken = (session.code(), arrived > 0);
    let expected = if fault.lab == Expectation::Accepted { (0, true) } else { (20, false) };
    if let Row::Seen { complaints, .. } = &mut row
        && taken != expected
    {
        complaints.push(format!("{arrived} application bytes arrived at the server\n{session}"));
    }
    row
}

/// Compares what was seen with what was expected; of a session also its version and how many application bytes arrived.
fn judged(
    seen: &Run,
    expectation: Expectation,
    session: Option<(&str, u64)>,
    unserved: Option<&'static str>,
) -> Row {
    let json = seen.json();
    let verdict = json["verdict"].as_str().unwrap_or("none").to_owned();
    let reasons: Vec<String> = json["reasons"]
        .as_array()
        .map(|reasons| reasons.iter().filter_map(|r| r.as_str().map(str::to_owned)).collect())
        .unwrap_or_default();

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
    match (expectation, session) {
        (Expectation::Accepted, Some((_, 0))) => {
            complaints.push("accepted, yet the message did not arrive".to_owned());
        }
        (Expectation::Accepted, Some((version, _))) if protocol != format!("TLSv{version}") => {
            complaints.push(format!("expected TLSv{version}, found {protocol:?}"));
        }
        (Expectation::Refused(_), Some((_, arrived @ 1..))) => {
            complaints.push(format!("{arrived} application bytes arrived"));
        }
        _ => {}
    }
    Row::Seen { verdict, reasons, exit: seen.code(), complaints, unserved }
}

/// Who holds the key over this version.
fn held_over(holder: Holder, version: &str) -> Holder {
    match holder {
        Holder::OpensslTls12(_, why) if version == "1.3" => Holder::Nobody(why),
        holder => holder,
    }
}

/// Where its files are.
fn folder(bench: &Lab, fault: &Fault) -> PathBuf {
    let id = fault.id.to_string();
    if fault.fixture { lab::fixtures().join(id) } else { bench.file(&id) }
}

/// A server.
enum Peer {
    Tlslab(Server),
    Openssl { child: Child, port: String, lines: BufReader<std::process::ChildStdout> },
}

impl Peer {
    fn start(bench: &Lab, holder: Holder, folder: &Path, version: &str) -> Self {
        let certificate = folder.join("cert.pem").display().to_string();
        let key = folder.join("clearkey.pem").display().to_string();
        let sigalgs = match holder {
            Holder::Openssl => None,
            Holder::OpensslTls12(sigalgs, _) => Some(sigalgs),
            Holder::Nobody(_) | Holder::Tlslab | Holder::TooLong => {
                return Self::Tlslab(bench.serve(&["--cert", &certificate, "--key", &key, "--tls", version]));
            }
        };
        let mut child = bench
            .command("openssl")
            .args(["s_server", "-accept", "127.0.0.1:0", "-cert", &certificate, "-key", &key])
            .args(["-cipher", "DEFAULT@SECLEVEL=0"])
            .arg(if version == "1.2" { "-tls1_2" } else { "-tls1_3" })
            .args(sigalgs.iter().flat_map(|sigalgs| ["-sigalgs", sigalgs]))
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
        Self::Openssl { child, port, lines }
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
