//! OpenSSL 3.5 in Node 24 and OpenSSL 4 in Python's cryptography 50, which have ML-DSA: wheels from PyPI, for Debian's have
//! it not yet.

use std::path::PathBuf;
use std::process::Command;

use crate::lab::{Lab, Run, Server, among_tests, run};
use crate::peers::{POST_QUANTUM, later_node, python_module};

/// One of the programs beside this file.
fn beside(file: &str) -> PathBuf {
    among_tests("pq").join(file)
}

/// Our certificates and keys, and the Node that is to get along with them.
struct Bench {
    lab: Lab,
    node: PathBuf,
}

impl Bench {
    #[track_caller]
    fn new() -> Option<Self> {
        Some(Self { node: later_node()?, lab: Lab::new() })
    }

    fn command(&self, file: &str, arguments: &[&str]) -> Command {
        let mut command = self.lab.command(&self.node);
        command.arg(beside(file)).args(arguments);
        command
    }

    /// Node says a line to a server of ours, with the client's certificate in the folder that `more` may name.
    fn asks(&self, server: &Server, anchor: &str, version: &str, more: &[&str]) -> Run {
        let port = server.port();
        run(&mut self.command("client.js", &[&[port.as_str(), anchor, version], more].concat()))
    }

    /// A server in Node.
    fn server(&self, folder: &str, more: &[&str]) -> Server {
        let (certificate, key) = (format!("{folder}/cert.pem"), format!("{folder}/clearkey.pem"));
        Server::start(&mut self.command("server.js", &[&[certificate.as_str(), &key], more].concat()))
    }

    /// A server of ours.
    fn ours(&self, folder: &str, more: &[&str]) -> Server {
        let (certificate, key) = (format!("{folder}/cert.pem"), format!("{folder}/clearkey.pem"));
        self.lab.serve(&[&["--cert", certificate.as_str(), "--key", &key], more].concat())
    }

    /// A line to a server of Node's.
    fn connect(&self, server: &Server, anchor: &str, more: &[&str]) -> Run {
        let address = server.to_word();
        let arguments = ["connect", address.as_str(), "--ca", anchor, "--message", "stressed"];
        self.lab.tlslab([&arguments[..], more].concat())
    }

    /// A certificate in the folder `out`: self-signed, or by the CA in the folder `ca`.
    fn issue(&self, key: &str, ca: Option<&str>, profile: &str, out: &str) {
        let options = ["--key", key, "--profile", profile, "--out", out];
        let files = ca.map(|ca| (format!("{ca}/cert.pem"), format!("{ca}/clearkey.pem")));
        let signed = files.as_ref().map(|(certificate, key)| ["--ca", certificate.as_str(), "--ca-key", key]);
        self.lab.gencert(&[&options[..], signed.as_ref().map_or(&[], |words| &words[..])].concat());
    }
}

/// Whose certificates carry a signature that the young crate made or a key that it has.
fn is_post_quantum(key: &str, ca: Option<&str>) -> bool {
    key.starts_with("ml-dsa") || ca == Some("lattice-ca")
}

#[test]
fn node_and_tlslab_shake_hands_in_both_directions() {
    let Some(bench) = Bench::new() else { return };
    bench.issue("ec:p256", None, "ca", "classical-ca");
    bench.issue("ml-dsa:87", None, "ca", "lattice-ca");
    for (key, ca, out) in [
        ("ml-dsa:44", None, "44"),
        ("ml-dsa:65", None, "65"),
        ("ml-dsa:87", None, "87"),
        ("rsa-pss:2048", None, "pss"),
        ("ec:p521", None, "p521"),
        ("ec:p256", None, "classical"),
        ("ml-dsa:65", Some("classical-ca"), "up"),
        ("ec:p256", Some("lattice-ca"), "down"),
    ] {
        bench.issue(key, ca, "server", out);
        let anchor = format!("{}/cert.pem", ca.unwrap_or(out));
        let for_both_versions = key.starts_with("ec");

        let server = bench.ours(out, &[]);
        bench.asks(&server, &anchor, "TLSv1.3", &[]).success().prints("TLSv1.3 true\nstressed\n");
        let older = bench.asks(&server, &anchor, "TLSv1.2", &[]);
        if for_both_versions {
            older.success().prints("TLSv1.2 true\nstressed\n");
        } else {
            older.status(1).prints("ERR_SSL");
            let said = server.stop().1;
            assert!(said.contains("no cipher suite that this server has and its key signs for"), "{said}");
        }

        let theirs = bench.server(out, &[]);
        let run = bench.connect(&theirs, &anchor, &["--tls", "1.3", "--json"]).success().json();
        assert_eq!((&run["verdict"], &run["replies"][0]), (&"accepted".into(), &"stressed".into()), "{run}");
        let notes = run["notes"].to_string().matches("young and not audited").count();
        assert_eq!(notes, usize::from(is_post_quantum(key, ca)), "{run}");
        if !for_both_versions {
            bench.connect(&theirs, &anchor, &["--tls", "1.2"]).status(20);
        }
    }
}

#[test]
fn clients_certificates_are_taken_in_both_directions() {
    let Some(bench) = Bench::new() else { return };
    let anchor = "lattice-ca/cert.pem";
    bench.issue("ml-dsa:87", None, "ca", "lattice-ca");
    bench.issue("ec:p256", Some("lattice-ca"), "server", "down");
    bench.issue("ml-dsa:44", Some("lattice-ca"), "client", "alice");

    let server = bench.ours("down", &["--client-ca", anchor]);
    bench.asks(&server, anchor, "TLSv1.3", &["alice"]).success().prints("TLSv1.3 true\nstressed\n");
    bench.asks(&server, anchor, "TLSv1.3", &[]).status(1);

    let theirs = bench.server("down", &[anchor]);
    let own = ["--cert", "alice/cert.pem", "--key", "alice/clearkey.pem"];
    bench.connect(&theirs, anchor, &own).success().prints("stressed");
    bench.connect(&theirs, anchor, &[]).status(20);
    let older = [&own[..], &["--tls", "1.2"]].concat();
    bench.connect(&theirs, anchor, &older).status(2).says("handshakes of TLS 1.3 only");
}

/// Of the private key's three forms this package reads the seed alone.
#[test]
fn python_s_cryptography_reads_what_we_write_and_we_what_it_writes() {
    let Some(packages) = python_module(POST_QUANTUM, "cryptography") else { return };
    let lab = Lab::new();
    let python = |file: &str, argument: &str| {
        let mut command = lab.command("python3");
        run(command.env("PYTHONPATH", &packages).arg(beside(file)).arg(argument)).success()
    };
    for set in ["44", "65", "87"] {
        let kind = format!("ml-dsa:{set}");
        for (form, key) in [("seed", "whole"), ("expanded", "refused"), ("both", "refused")] {
            lab.gencert(&["--key", &kind, "--key-form", form, "--force"]);
            lab.gencert(&["--key", &kind, "--csr-only", "--out", "asks", "--force"]);
            python("reads.py", key);
        }
        python("writes.py", set);
        lab.tlslab(["verify", "theirs.pem", "--ca", "theirs.pem"]).success().prints("accepted");
        let inspected = lab.tlslab(["inspect", "--json", "theirs.pem", "theirs.key"]).success().json();
        assert_eq!(inspected["keys"][0]["certificate"], 0, "{inspected}");
        assert_eq!(inspected["notes"].as_array().map(Vec::len), Some(1), "{inspected}");
    }
}
