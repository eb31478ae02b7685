//! Revocation, from outside: tlslab's lists judged by others, others' lists judged by tlslab.

mod ocsp;

use std::path::PathBuf;

use serde_json::json;

use crate::lab::{Lab, among_tests, peer, run};

/// A CA in `ca/` and a server's certificate of it in `server/`.
fn lab() -> Lab {
    let lab = Lab::new();
    lab.gencert(&["--profile", "ca", "--cn", "Test CA", "--key", "ec:p256", "--out", "ca"]).success();
    let by = ["--ca", "ca/cert.pem", "--ca-key", "ca/clearkey.pem", "--key", "ec:p256"];
    lab.gencert(&[&by[..], &["--out", "server"]].concat()).success();
    lab.gencert(&[&by[..], &["--profile", "client", "--cn", "bob", "--out", "bob"]].concat()).success();
    lab
}

const BY: [&str; 4] = ["--ca", "ca/cert.pem", "--ca-key", "ca/clearkey.pem"];

fn revoke(lab: &Lab, arguments: &[&str]) -> crate::lab::Run {
    lab.tlslab([&["revoke"], arguments, &BY[..]].concat())
}

fn verify(lab: &Lab, arguments: &[&str]) -> crate::lab::Run {
    lab.tlslab([&["verify", "server/cert.pem", "--ca", "ca/cert.pem", "--json"], arguments].concat())
}

#[test]
fn a_revoked_certificate_is_refused_and_one_off_hold_is_not() {
    let lab = lab();
    revoke(&lab, &[]).success().prints("crl.pem  list 1, 0 certificates revoked");
    let good = verify(&lab, &["--crl", "crl.pem", "--revocation", "require"]).success().json();
    assert_eq!(good["checks"][7]["check"], "revocation");
    assert_eq!(good["not_checked"], json!(["certificate transparency", "certificate policies"]));
    revoke(&lab, &["server/cert.pem", "--reason", "certificateHold"])
        .success()
        .prints("list 2, 1 certificate");
    let held = verify(&lab, &["--crl", "crl.pem"]).status(14).json();
    assert_eq!(held["reasons"], json!(["revoked"]));
    revoke(&lab, &["server/cert.pem", "--reason", "removeFromCRL"])
        .success()
        .prints("list 3, 0 certificates");
    verify(&lab, &["--crl", "crl.pem"]).success();
    revoke(&lab, &["server/cert.pem", "--reason", "removeFromCRL"])
        .status(1)
        .says("found one that is not revoked");
    revoke(&lab, &["server/cert.pem", "--reason", "keyCompromise"]).success();
    revoke(&lab, &["server/cert.pem", "--reason", "superseded"]).success().says("revoked already");
    let shown = lab.tlslab(["inspect", "crl.pem", "--json"]).success().json();
    assert_eq!(shown["crls"][0]["number"], "5");
    assert_eq!(shown["crls"][0]["revoked"][0]["reason"], "keyCompromise");
    lab.tlslab(["inspect", "crl.pem"])
        .success()
        .prints("certificate revocation list")
        .prints("keyCompromise");
    verify(&lab, &["--crl", "crl.pem", "--revocation", "off"]).success();
    let late = verify(&lab, &["--crl", "crl.pem", "--at", "2000-01-01"]).status(13).json();
    assert_eq!(late["reasons"], json!(["not-yet-valid", "revocation-unknown"]));
}

#[test]
fn what_cannot_be_judged_by_is_said() {
    let lab = lab();
    verify(&lab, &["--revocation", "require"]).status(14).prints("revocation-unknown");
    verify(&lab, &["--crl", "none.pem"]).status(1).says("none.pem: no such file").says("tlslab revoke");
    verify(&lab, &["--crl", "ca/cert.pem"])
        .status(1)
        .says("expected a certificate revocation list, found CERTIFICATE");
    revoke(&lab, &["ca/clearkey.pem"]).status(1).says("expected a certificate");
    lab.gencert(&["--profile", "ca", "--cn", "Other CA", "--key", "ec:p256", "--out", "other"]).success();
    revoke(&lab, &["other/cert.pem"]).status(1).says("issued by").says("Other CA");
    lab.tlslab(["revoke", "--ca", "other/cert.pem", "--ca-key", "other/clearkey.pem", "--crl", "other.pem"])
        .success();
    revoke(&lab, &["--crl", "other.pem"]).status(1).says("other.pem: issued by");
    // Of another issuer: it says nothing.
    verify(&lab, &["--crl", "other.pem"]).success();
    assert!(!lab.file("crl.pem").exists());
}

#[test]
fn live_as_offline_with_the_alert_that_says_why() {
    let lab = lab();
    revoke(&lab, &["server/cert.pem", "bob/cert.pem"]).success();
    let server = lab.serve(&["--cert", "server/cert.pem", "--key", "server/clearkey.pem"]);
    let address = server.to_word();
    let connect = ["connect", address.as_str(), "--ca", "ca/cert.pem", "--message", "secret", "--json"];
    lab.tlslab(connect).success();
    let refused = lab.tlslab([&connect[..], &["--crl", "crl.pem"]].concat()).status(14).json();
    assert_eq!(refused["reasons"], json!(["revoked"]));
    assert_eq!(refused["alert_sent"], "certificate_revoked");
    assert_eq!(refused["sent_bytes"], 0);

    let server = lab.serve(&[
        "--cert",
        "server/cert.pem",
        "--key",
        "server/clearkey.pem",
        "--client-ca",
        "ca/cert.pem",
        "--crl",
        "crl.pem",
    ]);
    let address = server.to_word();
    let bob = ["connect", address.as_str(), "--ca", "ca/cert.pem", "--message", "secret", "--json"];
    let bob = [&bob[..], &["--cert", "bob/cert.pem", "--key", "bob/clearkey.pem"]].concat();
    assert_eq!(lab.tlslab(bob).status(20).json()["alert_received"], "certificate_revoked");
}

#[test]
fn a_mailbox_is_asked_of_a_client() {
    let lab = lab();
    let by = ["--key", "ec:p256", "--profile", "client", "--cn", "bob", "--out", "mail"];
    lab.gencert(&[&BY[..], &by[..], &["--san", "email:bob@test.org"]].concat()).success();
    let verify = |address: &str| {
        let arguments =
            ["verify", "mail/cert.pem", "--ca", "ca/cert.pem", "--usage", "client", "--verify", "webpki"];
        lab.tlslab([&arguments[..], &["--email", address]].concat())
    };
    verify("bob@TEST.org").success();
    verify("Bob@test.org").status(11);
    verify("bob@evil.org").status(11);
    verify("bob").status(2).says("no mailbox");
}

#[test]
fn openssl_agrees_in_both_directions() {
    if !peer("openssl") {
        return;
    }
    let lab = lab();
    let openssl = || {
        let arguments =
            ["verify", "-crl_check", "-x509_strict", "-CAfile", "ca/cert.pem", "-CRLfile", "crl.pem"];
        lab.run("openssl", arguments.into_iter().chain(["server/cert.pem"]))
    };
    revoke(&lab, &[]).success();
    lab.run("openssl", ["crl", "-in", "crl.pem", "-noout", "-CAfile", "ca/cert.pem"])
        .success()
        .says("verify OK");
    openssl().success();
    revoke(&lab, &["server/cert.pem", "--reason", "keyCompromise"]).success();
    lab.run("openssl", ["crl", "-in", "crl.pem", "-noout", "-text"]).success().prints("Key Compromise");
    openssl().status(2).says("certificate revoked");

    // openssl's own list, extended by tlslab.
    lab.write("index.txt", "");
    lab.write("number", "0A\n");
    lab.write(
        "ca.cnf",
        "[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\ncrlnumber=number\ndefault_md=sha256\ndefault_crl_days=30\n\
         crl_extensions=e\npolicy=p\n[e]\nauthorityKeyIdentifier=keyid\n[p]\n",
    );
    let ca = ["ca", "-config", "ca.cnf", "-cert", "ca/cert.pem", "-keyfile", "ca/clearkey.pem"];
    let run = |arguments: &[&str]| lab.run("openssl", [&ca[..], arguments].concat()).success();
    run(&["-revoke", "bob/cert.pem", "-crl_reason", "superseded"]);
    run(&["-gencrl", "-out", "crl.pem"]);
    verify(&lab, &["--crl", "crl.pem"]).success();
    let bob = ["verify", "bob/cert.pem", "--ca", "ca/cert.pem", "--usage", "client", "--crl", "crl.pem"];
    lab.tlslab(bob).status(14).prints("(superseded), by list 10 of");
    revoke(&lab, &["server/cert.pem"]).success().prints("list 11, 2 certificates");
    openssl().status(2).says("certificate revoked");
}

/// Connects with this list; `&dyn`, for each has a command line of its own.
type Client<'a> = &'a dyn Fn(&str) -> crate::lab::Run;

/// A client in Python that asks for the leaf's status: `PORT CRL`.
const PYTHON: &str = "
import socket, ssl, sys
context = ssl.create_default_context(cafile='ca/cert.pem')
context.load_verify_locations(sys.argv[2])
context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
with socket.create_connection(('127.0.0.1', int(sys.argv[1]))) as tcp:
    context.wrap_socket(tcp, server_hostname='www.test.org').close()
";

#[test]
fn curl_gnutls_and_python_heed_the_lists() {
    let lab = lab();
    revoke(&lab, &["--crl", "good.pem"]).success();
    revoke(&lab, &["--crl", "bad.pem", "server/cert.pem"]).success();
    let server = lab.serve(&["--cert", "server/cert.pem", "--key", "server/clearkey.pem", "--www"]);
    let port = server.port();
    let (resolve, url) = (format!("www.test.org:{port}:127.0.0.1"), format!("https://www.test.org:{port}/"));
    let clients: [(&str, Client<'_>); 3] = [
        ("curl", &|list| {
            let known = ["-sS", "--cacert", "ca/cert.pem", "--resolve", &resolve, "--crlfile", list, &url];
            lab.run("curl", known)
        }),
        ("gnutls-cli", &|list| {
            let known =
                ["--x509cafile", "ca/cert.pem", "--x509crlfile", list, "--verify-hostname", "www.test.org"];
            lab.run("gnutls-cli", known.into_iter().chain(["-p", &port, "127.0.0.1"]))
        }),
        ("python3", &|list| lab.run("python3", ["-c", PYTHON, &port, list])),
    ];
    for (name, client) in clients {
        if peer(name) {
            client("good.pem").success();
            let refused = client("bad.pem");
            let said = format!("{}{}", refused.stdout, refused.stderr);
            assert!(refused.code() != 0 && said.contains("revoked"), "{name}: {said}");
        }
    }
}

/// Java's PKIX judges by the list; Go reads it, verifies it and leaves the judging to its callers.
#[test]
fn java_and_go_find_in_the_lists_what_is_there() {
    let lab = lab();
    revoke(&lab, &["--crl", "good.pem"]).success();
    revoke(&lab, &["--crl", "bad.pem", "server/cert.pem", "--reason", "keyCompromise"]).success();
    let asked = |list: &'static str| ["ca/cert.pem", "server/cert.pem", list];
    if peer("java") {
        let java = |list| run(lab.command("java").arg(beside("Lists.java")).args(asked(list))).success();
        java("good.pem").prints("good\n");
        java("bad.pem").prints("REVOKED: Certificate has been revoked, reason: KEY_COMPROMISE");
    }
    if peer("go") {
        run(lab.command("go").args(["build", "-o", "lists"]).arg(beside("lists.go"))).success();
        let go = |list| lab.run(lab.file("lists").to_str().unwrap(), asked(list)).success();
        go("good.pem").prints("good\n");
        go("bad.pem").prints("revoked 1\n");
    }
}

/// One of the programs beside these tests.
fn beside(file: &str) -> PathBuf {
    among_tests("revocation").join(file)
}
