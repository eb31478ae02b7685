//! Java's JSSE (from 17 on) and Node's `tls`: each a client and a server of a few lines, beside this file.

use std::path::PathBuf;

use super::{Peer, VERSIONS, connect, session_ended};
use crate::lab::{Lab, Run, Server, among_tests, peer, run};

/// A language that brings its own TLS.
struct Runtime {
    program: &'static str,
    client: &'static str,
    server: &'static str,
    /// The keys that it is asked about, and what it calls them.
    keys: [(&'static str, &'static str); 3],
    /// What its client says of a self-signed certificate that it does not trust.
    untrusted: &'static str,
    /// What its client says of a certificate with another name.
    misnamed: &'static str,
}

const JAVA: Runtime = Runtime {
    program: "java",
    client: "Client.java",
    server: "Server.java",
    keys: [("rsa:2048", "RSA"), ("ec:p256", "EC"), ("ed25519", "EdDSA")],
    untrusted: "unable to find valid certification path",
    misnamed: "No subject alternative DNS name matching",
};

const NODE: Runtime = Runtime {
    program: "node",
    client: "client.js",
    server: "server.js",
    keys: [("rsa:2048", "rsa"), ("ec:p256", "ec"), ("ed25519", "ed25519")],
    untrusted: "DEPTH_ZERO_SELF_SIGNED_CERT",
    misnamed: "ERR_TLS_CERT_ALTNAME_INVALID",
};

impl Runtime {
    fn source(name: &str) -> PathBuf {
        among_tests("oracle").join(name)
    }

    fn dial(&self, lab: &Lab, server: &Server, ca: &str, version: &str) -> Run {
        let mut command = lab.command(self.program);
        command.arg(Self::source(self.client));
        command.args([&server.port(), ca, "www.test.org", version, "a message"]);
        run(&mut command)
    }

    fn checks_the_host_name_and_talks_to_serve(&self) {
        if !peer(self.program) {
            return;
        }
        for (key, _) in self.keys {
            let lab = Lab::new();
            lab.gencert(&["--key", key]);
            let mut server = lab.serve(&[]);
            for version in VERSIONS {
                self.dial(&lab, &server, "cert.pem", version.number)
                    .success()
                    .prints(&format!("version: {}", version.name()))
                    .prints("From Server: a message");
                let version = version.name();
                session_ended(&mut server, &[&version, "sni www.test.org", "10 bytes in, 10 bytes out"]);
            }
        }
    }

    fn refuses_serve_when_it_does_not_trust_it_or_when_it_has_another_name(&self) {
        if !peer(self.program) {
            return;
        }
        let lab = Lab::new();
        lab.gencert(&["--out", "other", "--cn", "www.example.net"]);
        lab.gencert(&[]);
        let untrusted = lab.serve(&[]);
        let misnamed = lab.serve(&["--cert", "other/cert.pem", "--key", "other/clearkey.pem"]);
        for version in VERSIONS {
            for (server, why) in [(&untrusted, self.untrusted), (&misnamed, self.misnamed)] {
                self.dial(&lab, server, "other/cert.pem", version.number).status(1).says(why);
            }
        }
    }

    fn serves_with_the_encrypted_key_and_connect_talks_to_it(&self) {
        if !peer(self.program) {
            return;
        }
        for (key, kind) in self.keys {
            let lab = Lab::new();
            lab.write("passphrase", "secret words\n");
            lab.tlslab(["gencert", "--key", key, "--passout", "file:passphrase"]).success();
            let mut command = lab.command(self.program);
            command.arg(Self::source(self.server)).args(["cert.pem", "key.pem", "secret words", kind]);
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
}

#[test]
fn java_checks_the_host_name_and_talks_to_serve() {
    JAVA.checks_the_host_name_and_talks_to_serve();
}

#[test]
fn java_refuses_serve_when_it_does_not_trust_it_or_when_it_has_another_name() {
    JAVA.refuses_serve_when_it_does_not_trust_it_or_when_it_has_another_name();
}

#[test]
fn java_serves_with_the_encrypted_key_and_connect_talks_to_it() {
    JAVA.serves_with_the_encrypted_key_and_connect_talks_to_it();
}

#[test]
fn node_checks_the_host_name_and_talks_to_serve() {
    NODE.checks_the_host_name_and_talks_to_serve();
}

#[test]
fn node_refuses_serve_when_it_does_not_trust_it_or_when_it_has_another_name() {
    NODE.refuses_serve_when_it_does_not_trust_it_or_when_it_has_another_name();
}

#[test]
fn node_serves_with_the_encrypted_key_and_connect_talks_to_it() {
    NODE.serves_with_the_encrypted_key_and_connect_talks_to_it();
}
