//! Python's `ssl`: the lab sheet's client and server as a student would write them, with every Python on PATH.

use std::path::PathBuf;

use super::{Peer, VERSIONS, Version, connect, session_ended};
use crate::lab::{Lab, Run, Server, among_tests, peer, run};

/// `python3`, and each further `python3.N` from 3.10 on that runs here; empty without any.
fn pythons() -> Vec<String> {
    if !peer("python3") {
        return Vec::new();
    }
    let further = (10..30).map(|minor| format!("python3.{minor}"));
    let lab = Lab::new();
    let mut found = Vec::new();
    for python in std::iter::once("python3".to_owned()).chain(further) {
        // A name on PATH may be a switch that has nothing behind it.
        let mut version = lab.command(&python);
        version.args(["-c", "import ssl, sys; sys.exit(sys.version_info < (3, 10))"]);
        if version.output().is_ok_and(|output| output.status.success()) {
            found.push(python);
        }
    }
    assert!(!found.is_empty(), "python3 is on PATH and is no Python 3.10 or later with ssl");
    found
}

fn script(name: &str) -> PathBuf {
    among_tests("oracle").join(name)
}

/// Runs a client script against `server`, expecting the name `www.test.org`.
fn client(lab: &Lab, python: &str, name: &str, server: &Server, ca: &str, version: Version) -> Run {
    let mut command = lab.command(python);
    command.arg(script(name)).args([&server.port(), ca, "www.test.org", version.number, "a message"]);
    run(&mut command)
}

/// The student's server, and where it listens.
fn student_server(lab: &Lab, python: &str, arguments: &[&str]) -> (Peer, String) {
    let mut command = lab.command(python);
    command.arg(script("student_server.py")).args(arguments);
    let mut server = Peer::start(&mut command);
    let line = server.wait_for("listening on ");
    let address = line.trim().rsplit(' ').next().expect("a line has a last word").to_owned();
    (server, address)
}

#[test]
fn the_students_client_talks_to_serve() {
    for python in pythons() {
        let lab = Lab::new();
        lab.gencert(&[]);
        let mut server = lab.serve(&["--reply", "upper"]);
        for version in VERSIONS {
            client(&lab, &python, "student_client.py", &server, "cert.pem", version)
                .success()
                .prints("(('commonName', 'www.test.org'),)")
                .prints(&format!("version: {}", version.name()))
                .prints("From Server: A MESSAGE");
            session_ended(&mut server, &[&version.name(), "10 bytes in, 10 bytes out", "closed by the peer"]);
        }
    }
}

#[test]
fn connect_talks_to_the_students_server() {
    for python in pythons() {
        let lab = Lab::new();
        lab.gencert(&[]);
        let (mut server, address) = student_server(&lab, &python, &["cert.pem", "clearkey.pem"]);
        for version in VERSIONS {
            let run = connect(&lab, &address, version, &["--message", "a message"]).success();
            assert_eq!(run.json()["replies"], serde_json::json!(["A MESSAGE"]), "{python}: {run}");
            server.wait_for(&format!("version: {}", version.name()));
            server.wait_for("From Client: a message");
        }
        assert!(!server.stopped().contains("failed:"));
    }
}

#[test]
fn the_students_server_opens_key_pem_with_its_passphrase() {
    for python in pythons() {
        let lab = Lab::new();
        lab.write("passphrase", "secret words\n");
        lab.tlslab(["gencert", "--key", "ec:p256", "--passout", "file:passphrase"]).success();
        let (_server, address) = student_server(&lab, &python, &["cert.pem", "key.pem", "secret words"]);
        connect(&lab, &address, VERSIONS[1], &["--message", "a message"]).success();
    }
}

#[test]
fn a_strict_client_that_checks_the_host_name_talks_to_serve() {
    for python in pythons() {
        for key in ["rsa:2048", "ec:p256", "ed25519"] {
            let lab = Lab::new();
            lab.gencert(&["--key", key]);
            let mut server = lab.serve(&[]);
            for version in VERSIONS {
                client(&lab, &python, "strict_client.py", &server, "cert.pem", version)
                    .success()
                    .prints(&format!("version: {}", version.name()))
                    .prints("From Server: a message");
                session_ended(&mut server, &[&version.name(), "10 bytes in, 10 bytes out"]);
            }
        }
    }
}

#[test]
fn the_students_client_refuses_our_server_of_another_name_by_its_own_check() {
    for python in pythons() {
        let lab = Lab::new();
        lab.gencert(&["--cn", "www.example.net"]);
        let mut server = lab.serve(&[]);
        for version in VERSIONS {
            client(&lab, &python, "student_client.py", &server, "cert.pem", version)
                .status(1)
                .says("wrong server: expected www.test.org, found www.example.net");
            session_ended(&mut server, &["0 bytes in, 0 bytes out"]);
            client(&lab, &python, "strict_client.py", &server, "cert.pem", version)
                .status(1)
                .says("certificate is not valid for 'www.test.org'");
            server.wait_for("handshake failed: the client sent the alert");
        }
    }
}

#[test]
fn pythons_refuse_our_expired_not_yet_valid_and_untrusted_servers() {
    let cases: [(&[&str], &str, &str); 3] = [
        (&["--not-before", "2020-01-01", "--not-after", "2021-01-01"], "cert.pem", "certificate has expired"),
        (
            &["--not-before", "2060-01-01", "--not-after", "2061-01-01"],
            "cert.pem",
            "certificate is not yet valid",
        ),
        (&[], "other/cert.pem", "certificate verify failed"),
    ];
    for python in pythons() {
        for (gencert, ca, words) in cases {
            let lab = Lab::new();
            lab.gencert(&["--out", "other"]);
            lab.gencert(gencert);
            let mut server = lab.serve(&[]);
            for version in VERSIONS {
                for name in ["student_client.py", "strict_client.py"] {
                    client(&lab, &python, name, &server, ca, version).status(1).says(words);
                    server.wait_for("handshake failed: the client sent the alert");
                }
            }
        }
    }
}

#[test]
fn connect_refuses_the_students_server_before_a_byte_is_sent() {
    let cases: [(&[&str], &str, i32, &str); 3] = [
        (&["--not-before", "2020-01-01", "--not-after", "2021-01-01"], "cert.pem", 12, "CERTIFICATE_EXPIRED"),
        (&["--cn", "www.example.net"], "cert.pem", 11, "BAD_CERTIFICATE"),
        (&[], "other/cert.pem", 10, "UNKNOWN_CA"),
    ];
    for python in pythons() {
        for (gencert, ca, status, alert) in cases {
            let lab = Lab::new();
            lab.gencert(&["--out", "other"]);
            lab.gencert(gencert);
            let (mut server, address) = student_server(&lab, &python, &["cert.pem", "clearkey.pem"]);
            for version in VERSIONS {
                connect(&lab, &address, version, &["--ca", ca, "--message", "the secret"]).status(status);
                let line = server.wait_for("failed:");
                assert!(line.contains(alert), "{python}: {line}");
            }
            assert!(!server.stopped().contains("From Client"));
        }
    }
}
