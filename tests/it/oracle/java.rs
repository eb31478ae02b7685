//! Java's JSSE, from 17 on. Welcome, not required.

use std::path::PathBuf;

use super::{Peer, VERSIONS, connect, session_ended};
use crate::lab::{Lab, Run, Server, optional_peer, run};

/// The keys that Java is asked about, and what it calls them.
const KEYS: [(&str, &str); 2] = [("rsa:2048", "RSA"), ("ec:p256", "EC")];

fn source(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "it", "oracle", name].iter().collect()
}

fn client(lab: &Lab, server: &Server, ca: &str, version: &str) -> Run {
    let mut command = lab.command("java");
    command.arg(source("Client.java")).args([&server.port(), ca, "www.test.org", version, "a message"]);
    run(&mut command)
}

#[test]
fn java_checks_the_host_name_and_talks_to_serve() {
    if !optional_peer("java") {
        return;
    }
    for (key, _) in KEYS {
        let lab = Lab::new();
        lab.gencert(&["--key", key]);
        let mut server = lab.serve(&[]);
        for version in VERSIONS {
            client(&lab, &server, "cert.pem", version.number)
                .success()
                .prints(&format!("version: {}", version.name()))
                .prints("From Server: a message");
            session_ended(&mut server, &[&version.name(), "sni www.test.org", "10 bytes in, 10 bytes out"]);
        }
    }
}

#[test]
fn java_refuses_serve_when_it_does_not_trust_it() {
    if !optional_peer("java") {
        return;
    }
    let lab = Lab::new();
    lab.gencert(&["--out", "other"]);
    lab.gencert(&[]);
    let mut server = lab.serve(&[]);
    for version in VERSIONS {
        client(&lab, &server, "other/cert.pem", version.number).status(1).says("SSLHandshakeException");
        server.wait_for("handshake failed: the client sent the alert");
    }
}

#[test]
fn java_serves_with_the_encrypted_key_and_connect_talks_to_it() {
    if !optional_peer("java") {
        return;
    }
    for (key, algorithm) in KEYS {
        let lab = Lab::new();
        lab.write("passphrase", "secret words\n");
        lab.tlslab(["gencert", "--key", key, "--passout", "file:passphrase"]).success();
        let mut command = lab.command("java");
        command.arg(source("Server.java")).args(["cert.pem", "key.pem", "secret words", algorithm]);
        let mut server = Peer::start(&mut command);
        let line = server.wait_for("listening on ");
        let address = line.trim().rsplit(' ').next().expect("a line has a last word").to_owned();
        for version in VERSIONS {
            let run = connect(&lab, &address, version, &["--message", "a message"]).success();
            assert_eq!(run.json()["replies"], serde_json::json!(["a message"]), "{run}");
            server.wait_for("From Client: a message");
        }
    }
}
