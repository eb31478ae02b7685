//! `tlslab serve --cert-dir`: the certificate of the name that is asked for, reloads of what changed, staples.

use std::fs;

use crate::lab::{Lab, Server, peer};

/// A folder of certificates in both manners, and one beside it for everybody else.
fn lab() -> Lab {
    let lab = Lab::new();
    lab.gencert(&["--cn", "default.test.org"]);
    lab.gencert(&["--cn", "a.test.org", "--out", "certs/a"]);
    named(&lab, "b.test.org", "b");
    named(&lab, "*.wild.test.org", "wild");
    lab
}

/// `certs/FILE.pem` and `certs/FILE.key`.
fn named(lab: &Lab, name: &str, file: &str) {
    lab.gencert(&["--force", "--cn", name, "--out", "made"]);
    for (made, placed) in [("made/cert.pem", "pem"), ("made/clearkey.pem", "key")] {
        fs::copy(lab.file(made), lab.file(format!("certs/{file}.{placed}"))).expect("copy");
    }
}

/// What a client that trusts `ca` and wants `name` comes to.
fn ask(lab: &Lab, server: &Server, name: &str, ca: &str, status: i32) {
    let word = server.to_word();
    let policy = if name.contains(".wild.") { "webpki" } else { "lab" };
    lab.tlslab(["connect", &word, "--cn", name, "--ca", ca, "--verify", policy, "--message", "hello"])
        .status(status);
}

#[test]
fn each_name_has_its_certificate_and_strangers_get_the_default() {
    let lab = lab();
    let server = lab.serve(&["--cert-dir", "certs"]);
    let heard = server.heard();
    assert!(heard.contains("serving certs/a/cert.pem for a.test.org: /C=AU/"), "{heard}");
    ask(&lab, &server, "a.test.org", "certs/a/cert.pem", 0);
    ask(&lab, &server, "b.test.org", "certs/b.pem", 0);
    ask(&lab, &server, "x.wild.test.org", "certs/wild.pem", 0);
    ask(&lab, &server, "default.test.org", "cert.pem", 0);
    // Nobody's name: the default is shown, whose name is another.
    ask(&lab, &server, "c.test.org", "cert.pem", 11);
}

#[test]
fn without_a_default_strangers_are_refused() {
    let lab = lab();
    fs::remove_file(lab.file("cert.pem")).expect("remove");
    let mut server = lab.serve(&["--cert-dir", "certs"]);
    let warning = "there is no --cert: a client that asks for another name, or for none, is refused";
    assert!(server.heard().contains(warning), "{}", server.heard());
    ask(&lab, &server, "a.test.org", "certs/a/cert.pem", 0);
    ask(&lab, &server, "c.test.org", "certs/a/cert.pem", 20);
    server.wait_for("no certificate is for the name that the client asks for");
}

#[test]
fn a_hangup_reads_what_changed_and_a_bad_one_keeps_its_old() {
    let lab = lab();
    let mut server = lab.serve(&["--cert-dir", "certs"]);
    for (from, to) in [("certs/a/cert.pem", "old-a.pem"), ("certs/b.pem", "old-b.pem")] {
        fs::copy(lab.file(from), lab.file(to)).expect("copy");
    }
    // One new, one changed, one half written, one gone.
    named(&lab, "new.test.org", "new");
    named(&lab, "b.test.org", "b");
    let half = lab.read("certs/a/cert.pem");
    lab.write("certs/a/cert.pem", &half[..half.len() / 2]);
    fs::remove_file(lab.file("certs/wild.pem")).expect("remove");
    server.signal("HUP");
    server.wait_for("warning: not reloaded, as it was before: certs/a/cert.pem: ");
    server.wait_for("reloaded certs: now serving 3 certificates by name, 2 new or changed, 1 gone");
    ask(&lab, &server, "a.test.org", "old-a.pem", 0);
    ask(&lab, &server, "b.test.org", "certs/b.pem", 0);
    ask(&lab, &server, "b.test.org", "old-b.pem", 10);
    ask(&lab, &server, "new.test.org", "certs/new.pem", 0);
    ask(&lab, &server, "x.wild.test.org", "cert.pem", 11);

    // The default is bad, the directory is gone: everything as it was.
    lab.write("clearkey.pem", "nothing");
    fs::rename(lab.file("certs"), lab.file("elsewhere")).expect("rename");
    server.signal("HUP");
    server.wait_for("not reloaded, as it was before: clearkey.pem: ");
    server.wait_for("not reloaded, as it was before: certs: cannot read what is in this directory");
    server.wait_for("0 new or changed, 0 gone");
    ask(&lab, &server, "new.test.org", "elsewhere/new.pem", 0);
    ask(&lab, &server, "default.test.org", "cert.pem", 0);
}

#[test]
fn a_bad_certificate_stops_the_start() {
    let lab = lab();
    fs::remove_file(lab.file("certs/b.key")).expect("remove");
    let serve =
        |arguments: &[&str], status: i32| lab.tlslab(["serve"].iter().chain(arguments)).status(status);
    serve(&["--cert-dir", "certs"], 1).says("certs/b.key: no such file");
    serve(&["--cert-dir", "none"], 1).says("none: cannot read what is in this directory");
    fs::create_dir(lab.file("empty")).expect("a directory");
    serve(&["--cert-dir", "empty", "--cert", "none.pem"], 1).says(
        "empty: expected NAME.pem with NAME.key, or folders with cert.pem and clearkey.pem, found none",
    );
    serve(&["--cert-dir", "certs", "--plaintext"], 2);
}

#[test]
fn a_staple_beside_a_certificate_is_sent() {
    if !peer("openssl") {
        return;
    }
    let lab = Lab::new();
    lab.gencert(&["--profile", "ca", "--cn", "CA", "--out", "ca"]);
    lab.gencert(&[
        "--cn",
        "a.test.org",
        "--ca",
        "ca/cert.pem",
        "--ca-key",
        "ca/clearkey.pem",
        "--out",
        "certs/a",
    ]);
    let facts = lab.tlslab(["inspect", "certs/a/cert.pem", "--json"]).success().json();
    let serial = facts["certificates"][0]["serial"].as_str().expect("a serial number").replace(':', "");
    lab.write(
        "index.txt",
        format!("V\t361231235959Z\t\t{}\tunknown\t/CN=a.test.org\n", serial.to_uppercase()),
    );
    let responder =
        ["-index", "index.txt", "-CA", "ca/cert.pem", "-rsigner", "ca/cert.pem", "-rkey", "ca/clearkey.pem"];
    let question = ["-issuer", "ca/cert.pem", "-cert", "certs/a/cert.pem", "-ndays", "7", "-noverify"];
    let answer = ["-respout", "certs/a/cert.ocsp"];
    lab.run("openssl", [&["ocsp"], &responder[..], &question, &answer].concat()).success();
    let server = lab.serve(&["--cert-dir", "certs", "--cert", "ca/cert.pem", "--key", "ca/clearkey.pem"]);
    let word = server.to_word();
    let look = |name: &str, version: &str| {
        let arguments = ["s_client", "-connect", &word, "-servername", name, "-status", version];
        lab.run("openssl", arguments).stdout
    };
    for version in ["-tls1_2", "-tls1_3"] {
        let shown = look("a.test.org", version);
        assert!(shown.contains("OCSP Response Status: successful"), "{shown}");
        assert!(shown.contains("Cert Status: good"), "{shown}");
        let other = look("b.test.org", version);
        assert!(other.contains("Verify return code") && !other.contains("OCSP Response Status"), "{other}");
    }
}
