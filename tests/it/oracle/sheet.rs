//! The lab sheet's openssl commands (`docs/lab-sheet.md`), run literally, and then `serve` and `connect` with what they
//! made.

use std::process::Command;
use std::sync::OnceLock;

use super::openssl::S_SERVER_REVERSES;
use super::{VERSIONS, connect, openssl, session_ended};
use crate::lab::{Lab, peer, run};

/// The passphrase that a student would type at the prompts.
pub(crate) const PASSPHRASE: &str = "correct horse battery staple";

const FILES: [&str; 3] = ["cert.pem", "key.pem", "clearkey.pem"];

/// A lab with `cert.pem`, `key.pem` and `clearkey.pem` as the lab sheet's commands make them; none without openssl.
pub(crate) fn lab_as_the_sheet_says() -> Option<Lab> {
    // The sheet's RSA-4096 keys take seconds, and every test may have a copy.
    static MADE: OnceLock<[Vec<u8>; 3]> = OnceLock::new();
    if !peer("openssl") {
        return None;
    }
    let files = MADE.get_or_init(|| {
        let lab = Lab::new();
        run(&mut shell(
            &lab,
            r#"openssl req -x509 -newkey rsa:4096 -keyout key.pem -out cert.pem -days 365 -sha256 -subj "/C=AU/ST=WA/L=Perth/O=Test Organisation/OU=Org/CN=www.test.org" -passout env:PASSPHRASE"#,
        ))
        .success();
        run(&mut shell(&lab, "openssl rsa -in key.pem -out clearkey.pem -passin env:PASSPHRASE")).success();
        FILES.map(|name| std::fs::read(lab.file(name)).expect("openssl wrote it"))
    });
    let lab = Lab::new();
    for (name, contents) in FILES.iter().zip(files) {
        lab.write(name, contents);
    }
    Some(lab)
}

/// A line for the shell; `-passout` and `-passin` stand for the person at the prompt.
fn shell(lab: &Lab, line: &str) -> Command {
    let mut command = lab.command("sh");
    command.args(["-c", line]).env("PASSPHRASE", PASSPHRASE);
    command
}

#[test]
fn serve_and_connect_work_with_what_the_sheets_commands_made() {
    let Some(lab) = lab_as_the_sheet_says() else { return };
    let mut server = lab.serve(&[]);
    for version in VERSIONS {
        let run = connect(&lab, &server.to_word(), version, &["--message", "hello"]).success();
        let report = run.json();
        assert_eq!(report["verdict"], "accepted", "{run}");
        assert_eq!(report["protocol"], version.name(), "{run}");
        assert_eq!(report["received_bytes"], 6, "{run}");
        session_ended(&mut server, &[&version.name(), "6 bytes in, 6 bytes out"]);
    }
}

#[test]
fn connect_says_which_verifiers_would_refuse_the_sheets_certificate() {
    let Some(lab) = lab_as_the_sheet_says() else { return };
    let server = lab.serve(&[]);
    lab.tlslab(["connect", &server.to_word()])
        .success()
        .says("note  Firefox, rustls-webpki refuse it: CA:TRUE, a CA's certificate as a server's")
        .says("note  Firefox, Chromium, Go, rustls-webpki refuse it: no SAN, and the CN is no name");
    let webpki = lab.tlslab(["connect", &server.to_word(), "--verify", "webpki", "--json"]).status(11);
    assert_eq!(webpki.json()["reasons"], serde_json::json!(["wrong-name", "bad-usage"]), "{webpki}");
}

#[test]
fn serve_opens_the_sheets_encrypted_key() {
    let Some(lab) = lab_as_the_sheet_says() else { return };
    let passphrase = lab.write("passphrase", format!("{PASSPHRASE}\n"));
    let source = format!("file:{}", passphrase.display());
    let server = lab.serve(&["--key", "key.pem", "--passin", &source]);
    for version in VERSIONS {
        connect(&lab, &server.to_word(), version, &["--message", "hello"]).success();
    }
}

#[test]
fn openssl_trusts_our_server_with_the_sheets_files() {
    let Some(lab) = lab_as_the_sheet_says() else { return };
    let server = lab.serve(&[]);
    for version in VERSIONS {
        let said = openssl::ask(&lab, &server.to_word(), &[version.openssl], "hello");
        assert!(said.contains("Verify return code: 0 (ok)"), "{said}");
    }
}

#[test]
fn connect_trusts_openssls_server_with_the_sheets_files() {
    let Some(lab) = lab_as_the_sheet_says() else { return };
    let (_server, address) = openssl::s_server(&lab, &[S_SERVER_REVERSES]);
    for version in VERSIONS {
        let run = connect(&lab, &address, version, &["--message", "hello"]).success();
        assert_eq!(run.json()["replies"], serde_json::json!(["olleh"]), "{run}");
    }
}

#[test]
fn verify_and_inspect_read_what_the_sheets_commands_made() {
    let Some(lab) = lab_as_the_sheet_says() else { return };
    lab.tlslab(["verify", "cert.pem", "--ca", "cert.pem", "--cn", "www.test.org"])
        .success()
        .prints("accepted");
    lab.tlslab(["inspect", "cert.pem"])
        .success()
        .prints("/C=AU/ST=WA/L=Perth/O=Test Organisation/OU=Org/CN=www.test.org");
    lab.tlslab(["inspect", "key.pem"]).success().prints("encrypted");
}
