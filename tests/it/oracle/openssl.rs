//! openssl: `s_client`, `s_server`, `verify`, `x509`, `pkey`, `rsa`, `asn1parse`.

use super::{Peer, VERSIONS, Version, connect, session_ended};
use crate::lab::{Lab, Run, peer};

/// For [`s_server`]: it answers each line with its letters in reverse.
pub(crate) const S_SERVER_REVERSES: &str = "-rev";

/// `openssl s_server` with the lab's `cert.pem` and `clearkey.pem`, and where it listens.
#[track_caller]
pub(crate) fn s_server(lab: &Lab, more: &[&str]) -> (Peer, String) {
    let mut command = lab.command("openssl");
    command
        .args(["s_server", "-accept", "127.0.0.1:0", "-cert", "cert.pem", "-key", "clearkey.pem"])
        .args(more);
    let mut server = Peer::start(&mut command);
    let line = server.wait_for("ACCEPT ");
    let address = line.trim().rsplit(' ').next().expect("a line has a last word").to_owned();
    (server, address)
}

/// `openssl s_client` with `cert.pem` trusted and the name checked.
pub(crate) fn s_client(lab: &Lab, address: &str, more: &[&str]) -> Peer {
    let mut command = lab.command("openssl");
    command
        .args(["s_client", "-connect", address, "-CAfile", "cert.pem", "-verify_return_error"])
        .args(["-servername", "www.test.org", "-verify_hostname", "www.test.org"])
        .args(more);
    Peer::start(&mut command)
}

/// The same: sends `message`, insists on its echo, and returns all that was said.
#[track_caller]
pub(crate) fn ask(lab: &Lab, address: &str, more: &[&str], message: &str) -> String {
    let mut client = s_client(lab, address, more);
    client.type_line(message);
    client.wait_for(message);
    let (exit, said) = client.ended();
    assert!(exit.success(), "{exit}: {said}");
    said
}

fn openssl(lab: &Lab, arguments: &str) -> Run {
    lab.run("openssl", arguments.split_whitespace())
}

const KEYS: [&str; 4] = ["rsa:2048", "ec:p256", "ec:p384", "ed25519"];

#[test]
fn s_client_verifies_strictly_and_gets_its_echo_with_every_kind_of_key() {
    if !peer("openssl") {
        return;
    }
    for key in KEYS {
        let lab = Lab::new();
        lab.gencert(&["--key", key]);
        let mut server = lab.serve(&[]);
        for version in VERSIONS {
            let said = ask(&lab, &server.to_word(), &[version.openssl, "-x509_strict"], "a message");
            assert!(said.contains("Verification: OK"), "{key}: {said}");
            assert!(said.contains("Verified peername: www.test.org"), "{key}: {said}");
            assert!(said.contains(&format!("New, {}", version.name())), "{key}: {said}");
            session_ended(&mut server, &[&version.name(), "10 bytes in, 10 bytes out", "closed by the peer"]);
        }
    }
}

#[test]
fn connect_verifies_s_server_and_gets_its_answer_with_every_kind_of_key() {
    if !peer("openssl") {
        return;
    }
    for key in KEYS {
        let lab = Lab::new();
        lab.gencert(&["--key", key]);
        let (_server, address) = s_server(&lab, &[S_SERVER_REVERSES]);
        for version in VERSIONS {
            let run = connect(&lab, &address, version, &["--message", "hello"]).success();
            let report = run.json();
            assert_eq!(report["protocol"], version.name(), "{key}: {run}");
            assert_eq!(report["replies"], serde_json::json!(["olleh"]), "{key}: {run}");
        }
    }
}

#[test]
fn s_server_reads_what_connect_sends_and_connect_reads_what_it_types() {
    if !peer("openssl") {
        return;
    }
    let lab = Lab::new();
    lab.gencert(&[]);
    for version in VERSIONS {
        let (mut server, address) = s_server(&lab, &[version.openssl]);
        let mut client = lab.command(crate::lab::TLSLAB);
        client.args(["connect", &address, "--message", "over the wire"]);
        let mut client = Peer::start(&mut client);
        server.wait_for("over the wire");
        server.type_line("and back");
        client.wait_for("and back");
        let (exit, said) = client.ended();
        assert!(exit.success(), "{said}");
    }
}

#[test]
fn a_session_with_s_client_is_resumed() {
    if !peer("openssl") {
        return;
    }
    let lab = Lab::new();
    lab.gencert(&[]);
    let mut server = lab.serve(&[]);
    for version in VERSIONS {
        ask(&lab, &server.to_word(), &[version.openssl, "-sess_out", "session"], "first");
        session_ended(&mut server, &[&version.name(), "6 bytes in"]);
        let said = ask(&lab, &server.to_word(), &[version.openssl, "-sess_in", "session"], "second");
        assert!(said.contains(&format!("Reused, {}", version.name())), "{said}");
        session_ended(&mut server, &[&version.name(), " resumed", "7 bytes in"]);
    }
}

#[test]
fn a_chain_from_our_authority_verifies() {
    if !peer("openssl") {
        return;
    }
    let lab = Lab::new();
    lab.gencert(&["--profile", "ca", "--cn", "Test CA", "--out", "ca"]);
    lab.gencert(&["--ca", "ca/cert.pem", "--ca-key", "ca/clearkey.pem"]);
    openssl(
        &lab,
        "verify -x509_strict -purpose sslserver -verify_hostname www.test.org -CAfile ca/cert.pem cert.pem",
    )
    .success()
    .prints("cert.pem: OK");
    let server = lab.serve(&[]);
    for version in VERSIONS {
        let said = ask(
            &lab,
            &server.to_word(),
            &[version.openssl, "-CAfile", "ca/cert.pem", "-x509_strict"],
            "a message",
        );
        assert!(said.contains("Verification: OK"), "{said}");
    }
    let (_server, address) = s_server(&lab, &[S_SERVER_REVERSES, "-cert_chain", "cert.pem"]);
    for version in VERSIONS {
        connect(&lab, &address, version, &["--ca", "ca/cert.pem", "--message", "hello"]).success();
        connect(
            &lab,
            &address,
            version,
            &["--ca", "ca/cert.pem", "--verify", "webpki", "--message", "hello"],
        )
        .success();
    }
}

/// Something wrong with a server, and what must come of it.
struct Fault {
    gencert: &'static [&'static str],
    ca: &'static str,
    reason: &'static str,
    exit_status: i32,
    /// As openssl names the alert.
    alert: &'static str,
    /// As RFC 8446 §6 names it.
    alert_sent: &'static str,
}

const FAULTS: [Fault; 5] = [
    Fault {
        gencert: &["--not-before", "2020-01-01", "--not-after", "2021-01-01"],
        ca: "cert.pem",
        reason: "expired",
        exit_status: 12,
        alert: "alert certificate expired",
        alert_sent: "certificate_expired",
    },
    Fault {
        gencert: &["--not-before", "2060-01-01", "--not-after", "2061-01-01"],
        ca: "cert.pem",
        reason: "not-yet-valid",
        exit_status: 13,
        alert: "alert certificate expired",
        alert_sent: "certificate_expired",
    },
    Fault {
        gencert: &[],
        ca: "other/cert.pem",
        reason: "untrusted",
        exit_status: 10,
        alert: "alert unknown ca",
        alert_sent: "unknown_ca",
    },
    Fault {
        gencert: &["--cn", "www.example.net"],
        ca: "cert.pem",
        reason: "wrong-name",
        exit_status: 11,
        alert: "alert bad certificate",
        alert_sent: "bad_certificate",
    },
    Fault {
        gencert: &["--profile", "client"],
        ca: "cert.pem",
        reason: "bad-usage",
        exit_status: 14,
        alert: "alert unsupported certificate",
        alert_sent: "unsupported_certificate",
    },
];

#[test]
fn s_server_gets_the_right_alert_for_a_bad_certificate_and_not_one_byte() {
    if !peer("openssl") {
        return;
    }
    for fault in &FAULTS {
        let lab = Lab::new();
        lab.gencert(&["--out", "other"]);
        lab.gencert(fault.gencert);
        for version in VERSIONS {
            refuses(&lab, fault, version);
        }
    }
}

#[track_caller]
fn refuses(lab: &Lab, fault: &Fault, version: Version) {
    let (mut server, address) = s_server(lab, &[version.openssl, "-msg"]);
    let run = connect(lab, &address, version, &["--ca", fault.ca, "--message", "the secret"]);
    let run = run.status(fault.exit_status);
    let report = run.json();
    assert_eq!(report["reasons"], serde_json::json!([fault.reason]), "{run}");
    assert_eq!(report["alert_sent"], fault.alert_sent, "{run}");
    assert_eq!(report["sent_bytes"], 0, "{run}");
    server.wait_for(fault.alert);
    let said = server.stopped();
    assert!(!said.contains("the secret"), "{said}");
}

#[test]
fn s_client_refuses_a_server_it_does_not_trust_and_serve_says_why() {
    if !peer("openssl") {
        return;
    }
    let lab = Lab::new();
    lab.gencert(&["--out", "other"]);
    lab.gencert(&[]);
    let mut server = lab.serve(&[]);
    for version in VERSIONS {
        let client = s_client(&lab, &server.to_word(), &[version.openssl, "-CAfile", "other/cert.pem"]);
        let (exit, said) = client.ended();
        assert!(!exit.success(), "{said}");
        assert!(said.contains("certificate verify failed"), "{said}");
        server.wait_for("handshake failed: the client sent the alert unknown_ca");
    }
    assert!(!server.heard().contains(" bytes in, "), "{}", server.heard());
}

/// TLS 1.1, which openssl speaks only when pressed.
const OLD: [&str; 3] = ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"];

#[test]
fn tls_1_1_is_refused_by_serve_and_by_connect() {
    if !peer("openssl") {
        return;
    }
    let lab = Lab::new();
    lab.gencert(&["--key", "rsa:2048"]);
    let mut server = lab.serve(&[]);
    let (exit, said) = s_client(&lab, &server.to_word(), &OLD).ended();
    assert!(!exit.success(), "{said}");
    assert!(said.contains("alert handshake failure") || said.contains("alert protocol version"), "{said}");
    let line = server.wait_for("handshake failed: ");
    assert!(line.contains("the client offers no protocol version that this server speaks"), "{line}");

    let (mut server, address) = s_server(&lab, &OLD);
    lab.tlslab(["connect", &address, "--message", "the secret"])
        .status(20)
        .says("the server speaks neither TLS 1.2 nor TLS 1.3 (alert protocol_version)");
    server.wait_for("unsupported protocol");
    assert!(!server.stopped().contains("the secret"));
}

#[test]
fn s_client_shows_its_certificate_and_serve_insists_on_it() {
    if !peer("openssl") {
        return;
    }
    let lab = Lab::new();
    lab.gencert(&[]);
    lab.gencert(&["--profile", "client", "--cn", "alice", "--out", "alice"]);
    let mut server = lab.serve(&["--client-ca", "alice/cert.pem"]);
    for version in VERSIONS {
        let alice = [version.openssl, "-cert", "alice/cert.pem", "-key", "alice/clearkey.pem"];
        ask(&lab, &server.to_word(), &alice, "a message");
        session_ended(&mut server, &[&version.name(), "CN=alice", "10 bytes in"]);

        let mut nobody = s_client(&lab, &server.to_word(), &[version.openssl]);
        server.wait_for("handshake failed: a client certificate is required and the client sent none");
        nobody.wait_for(" alert ");
        let stranger = [version.openssl, "-cert", "cert.pem", "-key", "clearkey.pem"];
        let mut stranger = s_client(&lab, &server.to_word(), &stranger);
        server.wait_for("handshake failed: the client's certificate was refused: ");
        stranger.wait_for(" alert ");
    }
}

#[test]
fn connect_shows_its_certificate_to_s_server() {
    if !peer("openssl") {
        return;
    }
    let lab = Lab::new();
    lab.gencert(&[]);
    lab.gencert(&["--profile", "client", "--cn", "alice", "--out", "alice"]);
    let strict = ["-Verify", "1", "-verify_return_error", "-CAfile", "alice/cert.pem", S_SERVER_REVERSES];
    let (_server, address) = s_server(&lab, &strict);
    for version in VERSIONS {
        let alice = ["--cert", "alice/cert.pem", "--key", "alice/clearkey.pem", "--message", "hello"];
        let run = connect(&lab, &address, version, &alice).success();
        assert_eq!(run.json()["replies"], serde_json::json!(["olleh"]), "{run}");
        connect(&lab, &address, version, &["--message", "hello"]).status(20);
    }
}

#[test]
fn verify_and_x509_find_the_server_profile_in_what_gencert_made() {
    if !peer("openssl") {
        return;
    }
    for key in KEYS {
        let lab = Lab::new();
        lab.gencert(&["--key", key, "--san", "alias.test.org", "--san", "127.0.0.1"]);
        for name in
            ["-verify_hostname www.test.org", "-verify_hostname alias.test.org", "-verify_ip 127.0.0.1"]
        {
            openssl(
                &lab,
                &format!("verify -x509_strict -purpose sslserver {name} -CAfile cert.pem cert.pem"),
            )
            .success()
            .prints("cert.pem: OK");
        }
        openssl(&lab, "verify -x509_strict -verify_hostname www.example.net -CAfile cert.pem cert.pem")
            .status(2);
        let mut text = openssl(&lab, "x509 -in cert.pem -noout -text").success();
        // Up to 3.1 there are spaces.
        text.stdout = text.stdout.replace(" = ", "=");
        text.prints("Version: 3 (0x2)")
            .prints("C=AU, ST=WA, L=Perth, O=Test Organisation, OU=Org, CN=www.test.org")
            .prints("X509v3 Basic Constraints: critical\n                CA:FALSE")
            .prints("X509v3 Key Usage: critical\n                Digital Signature")
            .prints("X509v3 Extended Key Usage: \n                TLS Web Server Authentication")
            .prints("DNS:www.test.org, DNS:alias.test.org, IP Address:127.0.0.1")
            .prints("X509v3 Subject Key Identifier")
            .prints("X509v3 Authority Key Identifier");
        openssl(&lab, "x509 -in cert.pem -noout -checkend 31449600").success();
        openssl(&lab, "x509 -in cert.pem -noout -checkend 31536001").status(1);
    }
}

#[test]
fn the_openssl_profile_has_the_extensions_of_openssl_req() {
    if !peer("openssl") {
        return;
    }
    let lab = Lab::new();
    lab.gencert(&["--profile", "openssl"]);
    openssl(
        &lab,
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout theirs.key -out theirs.pem -days 365 \
         -sha256 -subj /C=AU/CN=www.test.org",
    )
    .success();
    let extensions = |file: &str| -> Vec<String> {
        let text = openssl(&lab, &format!("x509 -in {file} -noout -text")).success().stdout;
        text.lines().map(str::trim).filter(|line| line.starts_with("X509v3 ")).map(str::to_owned).collect()
    };
    let theirs = extensions("theirs.pem");
    assert!(theirs.len() > 2, "{theirs:?}");
    assert_eq!(extensions("cert.pem"), theirs);
}

/// More than ASCII.
const PASSPHRASE: &str = "pässphrase-with-ünicode";

#[test]
fn key_pem_opens_with_its_passphrase_and_with_no_other() {
    if !peer("openssl") {
        return;
    }
    for key in KEYS {
        let lab = Lab::new();
        let mut gencert = lab.command(crate::lab::TLSLAB);
        gencert.args(["gencert", "--key", key, "--passout", "env:PASS"]).env("PASS", PASSPHRASE);
        crate::lab::run(&mut gencert).success();
        let clear = openssl(&lab, "pkey -in clearkey.pem").success().stdout;
        let opened = openssl(&lab, &format!("pkey -in key.pem -passin pass:{PASSPHRASE}")).success().stdout;
        assert!(clear.starts_with("-----BEGIN PRIVATE KEY-----"), "{clear}");
        assert!(opened == clear, "key.pem and clearkey.pem are two keys ({key})");
        openssl(&lab, "pkey -in key.pem -passin pass:wrong -noout").status(1);
        openssl(&lab, "asn1parse -in key.pem")
            .success()
            .prints(":PBES2")
            .prints(":PBKDF2")
            .prints(":0927C0") // 600,000 rounds
            .prints(":hmacWithSHA256")
            .prints(":aes-256-cbc");
    }
}

#[test]
fn the_sheets_rsa_command_makes_a_clear_key_of_key_pem() {
    if !peer("openssl") {
        return;
    }
    let lab = Lab::new();
    lab.write("passphrase", "secret words\n");
    lab.tlslab(["gencert", "--key", "rsa:2048", "--passout", "file:passphrase"]).success();
    openssl(&lab, "rsa -in key.pem -out theirs.pem -passin file:passphrase").success();
    let server = lab.serve(&["--key", "theirs.pem"]);
    connect(&lab, &server.to_word(), VERSIONS[1], &["--message", "hello"]).success();
}
