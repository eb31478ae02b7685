//! curl against `serve --www`.

use serde_json::Value;

use super::{VERSIONS, Version};
use crate::lab::{Lab, Run, Server, peer};

/// Runs curl for `path` of `server`, which it knows as www.test.org.
fn curl(lab: &Lab, server: &Server, version: Version, path: &str, more: &[&str]) -> Run {
    let port = server.port();
    let mut command = lab.command("curl");
    command
        .args(["--silent", "--show-error", "--max-time", "60", "--noproxy", "*", "--verbose"])
        .args(["--connect-to", &format!("www.test.org:{port}:127.0.0.1:{port}")])
        .args(version.curl)
        .args(more)
        .arg(format!("https://www.test.org:{port}{path}"));
    crate::lab::run(&mut command)
}

/// What curl says it agreed on: version and cipher suite.
fn agreed(run: &Run) -> (String, String) {
    let line = run.stderr.lines().find_map(|line| line.strip_prefix("* SSL connection using "));
    let mut words = line.unwrap_or_else(|| panic!("no TLS\n{run}")).split(" / ").map(str::to_owned);
    words.next().zip(words.next()).unwrap_or_else(|| panic!("no suite\n{run}"))
}

/// openssl's name of a suite, in which curl built with it speaks for TLS 1.2.
fn openssl_name(suite: &str) -> String {
    suite.replace("TLS_", "").replace("_WITH", "").replace("AES_", "AES").replace('_', "-")
}

#[test]
fn session_json_says_what_curl_says() {
    if !peer("curl") {
        return;
    }
    for key in ["rsa:2048", "ec:p256"] {
        let lab = Lab::new();
        lab.gencert(&["--key", key]);
        let server = lab.serve(&["--www"]);
        for version in VERSIONS {
            let where_from = ["--cacert", "cert.pem", "--write-out", "\n%{local_ip}:%{local_port}"];
            let run = curl(&lab, &server, version, "/session.json", &where_from).success();
            let (body, from) = run.stdout.rsplit_once('\n').expect("the address comes on a line of its own");
            let session: Value = serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}\n{run}"));
            let (protocol, suite) = agreed(&run);
            assert_eq!(protocol, version.name());
            assert_eq!(session["protocol"], protocol, "{run}");
            let ours = session["cipher_suite"].as_str().expect("a suite");
            assert!(suite == ours || suite == openssl_name(ours), "{suite}: {run}");
            assert_eq!(session["sni"], "www.test.org", "{run}");
            assert_eq!(session["alpn"], "http/1.1", "{run}");
            assert_eq!(session["peer"], from, "{run}");
            assert!(run.stderr.contains("ALPN") && run.stderr.contains("http/1.1"), "{run}");
        }
    }
}

#[test]
fn curl_asks_twice_on_one_connection_and_may_only_read() {
    if !peer("curl") {
        return;
    }
    let lab = Lab::new();
    lab.gencert(&[]);
    let server = lab.serve(&["--www"]);
    for version in VERSIONS {
        let twice = format!("https://www.test.org:{}/", server.port());
        let count =
            ["--cacert", "cert.pem", "--write-out", "%{http_code} after %{num_connects} connects\n", &twice];
        curl(&lab, &server, version, "/nowhere", &count)
            .success()
            .prints("<!DOCTYPE html>")
            .prints("200 after 1 connects")
            .prints("404 after 0 connects");
        let post = ["--cacert", "cert.pem", "--data", "x", "--write-out", "%{http_code}"];
        curl(&lab, &server, version, "/", &post).success().prints("405");
        curl(&lab, &server, version, "/", &["--cacert", "cert.pem", "--head"])
            .success()
            .prints("HTTP/1.1 200 OK");
    }
}

/// How curl ends when it refuses a certificate.
const PEER_FAILED_VERIFICATION: i32 = 60;

#[test]
fn curl_refuses_the_wrong_authority_the_wrong_name_and_an_expired_certificate() {
    if !peer("curl") {
        return;
    }
    let lab = Lab::new();
    lab.gencert(&["--out", "other", "--cn", "www.example.net"]);
    lab.gencert(&["--out", "old", "--not-before", "2020-01-01", "--not-after", "2021-01-01"]);
    lab.gencert(&[]);
    for (served, trusted) in [(".", "other"), ("other", "other"), ("old", "old")] {
        let (cert, key) = (format!("{served}/cert.pem"), format!("{served}/clearkey.pem"));
        let server = lab.serve(&["--www", "--cert", &cert, "--key", &key]);
        for version in VERSIONS {
            let ca = ["--cacert", &format!("{trusted}/cert.pem")];
            curl(&lab, &server, version, "/", &ca).status(PEER_FAILED_VERIFICATION);
        }
    }
}

#[test]
fn curl_shows_its_certificate_and_session_json_names_it() {
    if !peer("curl") {
        return;
    }
    let lab = Lab::new();
    lab.gencert(&[]);
    lab.gencert(&["--profile", "client", "--cn", "alice", "--out", "alice"]);
    let server = lab.serve(&["--www", "--client-ca", "alice/cert.pem"]);
    for version in VERSIONS {
        let alice = ["--cacert", "cert.pem", "--cert", "alice/cert.pem", "--key", "alice/clearkey.pem"];
        let session = curl(&lab, &server, version, "/session.json", &alice).success().json();
        let subject = session["client_certificate"]["subject"].as_str().expect("a subject");
        assert!(subject.ends_with("CN=alice"), "{session}");
        let nobody = curl(&lab, &server, version, "/session.json", &["--cacert", "cert.pem"]);
        assert_ne!(nobody.code(), 0, "{nobody}");
    }
}

#[test]
fn curl_reads_the_page_in_plaintext() {
    if !peer("curl") {
        return;
    }
    let lab = Lab::new();
    let server = lab.serve(&["--www", "--plaintext"]);
    let url = format!("http://{}/session.json", server.to_word());
    let session = lab.run("curl", ["--silent", "--show-error", "--max-time", "60", "--noproxy", "*", &url]);
    assert_eq!(session.success().json()["protocol"], "plaintext");
}
