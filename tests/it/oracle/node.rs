//! Node's `tls` and `crypto`. Welcome, not required.

use std::path::PathBuf;

use super::{Peer, VERSIONS, connect, session_ended};
use crate::lab::{Lab, Run, Server, optional_peer, run};

/// The keys that Node is asked about, and what it calls them.
const KEYS: [(&str, &str); 3] = [("rsa:2048", "rsa"), ("ec:p256", "ec"), ("ed25519", "ed25519")];

fn script(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "it", "oracle", name].iter().collect()
}

fn client(lab: &Lab, server: &Server, ca: &str, version: &str) -> Run {
    let mut command = lab.command("node");
    command.arg(script("client.js")).args([&server.port(), ca, "www.test.org", version, "a message"]);
    run(&mut command)
}

#[test]
fn node_checks_the_host_name_and_talks_to_serve() {
    if !optional_peer("node") {
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
fn node_refuses_serve_when_it_does_not_trust_it_or_when_it_has_another_name() {
    if !optional_peer("node") {
        return;
    }
    let lab = Lab::new();
    lab.gencert(&["--out", "other", "--cn", "www.example.net"]);
    lab.gencert(&[]);
    let untrusted = lab.serve(&[]);
    let misnamed = lab.serve(&["--cert", "other/cert.pem", "--key", "other/clearkey.pem"]);
    for version in VERSIONS {
        client(&lab, &untrusted, "other/cert.pem", version.number)
            .status(1)
            .says("DEPTH_ZERO_SELF_SIGNED_CERT");
        client(&lab, &misnamed, "other/cert.pem", version.number)
            .status(1)
            .says("ERR_TLS_CERT_ALTNAME_INVALID");
    }
}

#[test]
fn node_serves_with_the_encrypted_key_and_connect_talks_to_it() {
    if !optional_peer("node") {
        return;
    }
    for (key, kind) in KEYS {
        let lab = Lab::new();
        lab.write("passphrase", "secret words\n");
        lab.tlslab(["gencert", "--key", key, "--passout", "file:passphrase"]).success();
        let mut command = lab.command("node");
        command.arg(script("server.js")).args(["cert.pem", "key.pem", "secret words"]);
        let mut server = Peer::start(&mut command);
        let line = server.wait_for("listening on ");
        assert!(server.said().contains(&format!("key: {kind}\n")), "{}", server.said());
        let address = line.trim().rsplit(' ').next().expect("a line has a last word").to_owned();
        for version in VERSIONS {
            let run = connect(&lab, &address, version, &["--message", "a message"]).success();
            assert_eq!(run.json()["replies"], serde_json::json!(["a message"]), "{run}");
        }
    }
}
