//! GnuTLS: `gnutls-cli`, `gnutls-serv` and `certtool`.

use super::{Peer, VERSIONS, Version, connect, free_port, session_ended};
use crate::lab::{Lab, Run, Server, peer};

/// How often a port is looked for before something else must be wrong.
const ATTEMPTS: usize = 10;

fn gnutls() -> bool {
    peer("gnutls-cli") && peer("gnutls-serv") && peer("certtool")
}

/// `gnutls-serv --echo` with the lab's `cert.pem` and `clearkey.pem`, and where it listens.
fn gnutls_serv(lab: &Lab, version: Version) -> (Peer, String) {
    for _ in 0..ATTEMPTS {
        let port = free_port().to_string();
        let mut command = lab.command("gnutls-serv");
        command
            .args(["--echo", "--disable-client-cert", "--port", &port, "--priority", version.priority])
            .args(["--x509certfile", "cert.pem", "--x509keyfile", "clearkey.pem"]);
        let mut server = Peer::start(&mut command);
        if server.next_line_with("listening on IPv4").is_some_and(|line| line.contains("...done")) {
            return (server, format!("127.0.0.1:{port}"));
        }
    }
    panic!("gnutls-serv found no port in {ATTEMPTS} attempts");
}

/// `gnutls-cli` that trusts `ca` and expects www.test.org.
fn gnutls_cli(lab: &Lab, server: &Server, version: Version, ca: &str) -> Peer {
    let mut command = lab.command("gnutls-cli");
    command.args(["--x509cafile", ca, "--port", &server.port(), "--priority", version.priority]).args([
        "--sni-hostname",
        "www.test.org",
        "--verify-hostname",
        "www.test.org",
        "127.0.0.1",
    ]);
    Peer::start(&mut command)
}

fn certtool(lab: &Lab, arguments: &[&str]) -> Run {
    lab.run("certtool", arguments)
}

#[test]
fn gnutls_cli_trusts_serve_and_gets_its_echo_with_every_kind_of_key() {
    if !gnutls() {
        return;
    }
    for key in ["rsa:2048", "ec:p256", "ec:p384", "ed25519"] {
        let lab = Lab::new();
        lab.gencert(&["--key", key]);
        let mut server = lab.serve(&[]);
        for version in VERSIONS {
            let mut client = gnutls_cli(&lab, &server, version, "cert.pem");
            client.wait_for("Handshake was completed");
            client.type_line("a message");
            let (exit, said) = client.ended();
            assert!(exit.success(), "{key}: {said}");
            assert!(said.contains("Status: The certificate is trusted."), "{key}: {said}");
            assert!(said.lines().any(|line| line == "a message"), "{key}: {said}");
            session_ended(&mut server, &[&version.name(), "sni www.test.org", "10 bytes in, 10 bytes out"]);
        }
    }
}

#[test]
fn connect_trusts_gnutls_serv_and_gets_its_echo_with_every_kind_of_key() {
    if !gnutls() {
        return;
    }
    for key in ["rsa:2048", "ec:p256", "ec:p384", "ed25519"] {
        let lab = Lab::new();
        lab.gencert(&["--key", key]);
        for version in VERSIONS {
            let (_server, address) = gnutls_serv(&lab, version);
            // It answers command by command, a newline and the next are one to it.
            let run = connect(&lab, &address, version, &["--message", "hello"]).success();
            let report = run.json();
            assert_eq!(report["protocol"], version.name(), "{key}: {run}");
            assert_eq!(report["replies"], serde_json::json!(["hello"]), "{key}: {run}");
        }
    }
}

#[test]
fn gnutls_cli_refuses_a_server_it_does_not_trust_or_that_has_another_name() {
    if !gnutls() {
        return;
    }
    let lab = Lab::new();
    lab.gencert(&["--out", "other", "--cn", "www.example.net"]);
    lab.gencert(&[]);
    let mut untrusted = lab.serve(&[]);
    let mut misnamed = lab.serve(&["--cert", "other/cert.pem", "--key", "other/clearkey.pem"]);
    for version in VERSIONS {
        let (exit, said) = gnutls_cli(&lab, &untrusted, version, "other/cert.pem").ended();
        assert!(!exit.success() && said.contains("The certificate is NOT trusted."), "{said}");
        untrusted.wait_for("handshake failed: ");
        let (exit, said) = gnutls_cli(&lab, &misnamed, version, "other/cert.pem").ended();
        assert!(!exit.success() && said.contains("does not match the expected"), "{said}");
        misnamed.wait_for("handshake failed: ");
    }
}

#[test]
fn gnutls_serv_gets_an_alert_and_not_one_byte_when_connect_refuses_it() {
    if !gnutls() {
        return;
    }
    let lab = Lab::new();
    lab.gencert(&["--not-before", "2020-01-01", "--not-after", "2021-01-01"]);
    for version in VERSIONS {
        let (mut server, address) = gnutls_serv(&lab, version);
        connect(&lab, &address, version, &["--message", "the secret"]).status(12);
        server.wait_for("Error in handshake: A TLS fatal alert has been received.");
        let said = server.stopped();
        assert!(!said.contains("received cmd"), "{said}");
    }
}

#[test]
fn certtool_opens_key_pem_with_its_passphrase_and_with_no_other() {
    if !gnutls() {
        return;
    }
    for key in ["rsa:2048", "ec:p256", "ec:p384", "ed25519"] {
        let lab = Lab::new();
        lab.write("passphrase", "secret words\n");
        lab.tlslab(["gencert", "--key", key, "--passout", "file:passphrase"]).success();
        let pin = |more: &[&str]| {
            let run = certtool(&lab, &[&["--pubkey-info"], more].concat()).success();
            let pin = run.stdout.lines().find(|line| line.contains("pin-sha256:")).map(str::to_owned);
            pin.unwrap_or_else(|| panic!("no key\n{run}"))
        };
        let opened = pin(&["--load-privkey", "key.pem", "--password", "secret words"]);
        assert_eq!(opened, pin(&["--load-privkey", "clearkey.pem"]), "{key}");
        assert_eq!(opened, pin(&["--load-certificate", "cert.pem"]), "{key}");
        let wrong =
            certtool(&lab, &["--pubkey-info", "--load-privkey", "key.pem", "--password", "wrong words"]);
        assert_ne!(wrong.code(), 0, "{wrong}");
    }
}

#[test]
fn certtool_reads_the_same_certificate_that_inspect_reads() {
    if !gnutls() {
        return;
    }
    let lab = Lab::new();
    lab.gencert(&[]);
    let theirs = certtool(&lab, &["--certificate-info", "--infile", "cert.pem"]).success();
    for words in ["Certificate Authority (CA): FALSE", "TLS WWW Server", "DNSname: www.test.org"] {
        assert!(theirs.stdout.contains(words), "expected {words:?}\n{theirs}");
    }
    let ours = lab.tlslab(["verify", "cert.pem", "--json"]).success().json();
    let sha256 =
        ours["certificate"]["sha256"].as_str().expect("a fingerprint").replace(':', "").to_lowercase();
    assert!(theirs.stdout.contains(&format!("sha256:{sha256}")), "{theirs}");
}
