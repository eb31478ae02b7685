//! `tlslab serve --ticket-key`: several servers that resume each other's sessions.

use std::fs;

use crate::lab::{Lab, Server, peer, run_with_input};

const REQUEST: &[u8] = b"GET /session.json HTTP/1.1\r\nHost: www.test.org\r\nConnection: close\r\n\r\n";

pub(crate) fn lab() -> Lab {
    let lab = Lab::new();
    lab.gencert(&[]);
    for (name, octet, length) in [("one.key", 1, 80), ("two.key", 2, 48), ("three.key", 3, 80)] {
        secret(&lab, name, &vec![octet; length]);
    }
    lab
}

fn secret(lab: &Lab, name: &str, octets: &[u8]) {
    use std::os::unix::fs::PermissionsExt as _;

    let path = lab.write(name, octets);
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("its mode");
}

/// Whether openssl's session, where there is one, is resumed where it connects `to`; keeps the one that it is given.
pub(crate) fn resumed(lab: &Lab, to: &[&str], version: &str) -> bool {
    let mut openssl = lab.command("openssl");
    openssl.args(["s_client", "-ign_eof", "-servername", "www.test.org", version]).args(to);
    openssl.args(["-sess_out", "session.pem"]);
    if lab.file("session.pem").exists() {
        openssl.args(["-sess_in", "session.pem"]);
    }
    let shown = run_with_input(&mut openssl, REQUEST).success().stdout;
    let resumed = shown.contains("Reused, TLSv1");
    assert!(resumed || shown.contains("New, TLSv1"), "{shown}");
    assert!(
        shown.contains(&format!("\"resumed\":{resumed}"))
            || shown.contains(&format!("\"resumed\": {resumed}")),
        "{shown}"
    );
    resumed
}

/// The same, straight at a server.
fn resumed_at(lab: &Lab, server: &Server, version: &str) -> bool {
    resumed(lab, &["-connect", &server.to_word()], version)
}

#[test]
fn what_one_sealed_another_opens_over_both_versions() {
    if !peer("openssl") {
        return;
    }
    let lab = lab();
    let one = lab.serve(&["--www", "--ticket-key", "one.key"]);
    // The key of before opens; the one put before it seals.
    let two = lab.serve(&["--www", "--ticket-key", "two.key", "--ticket-key", "one.key"]);
    let three = lab.serve(&["--www", "--ticket-key", "three.key", "--ticket-key", "two.key"]);
    let alone = lab.serve(&["--www"]);
    for version in ["-tls1_2", "-tls1_3"] {
        let _ = fs::remove_file(lab.file("session.pem"));
        assert!(!resumed_at(&lab, &one, version), "there is no session yet");
        assert!(resumed_at(&lab, &one, version));
        assert!(resumed_at(&lab, &two, version));
        // Over TLS 1.2 a ticket that was honoured may be kept by the client; over TLS 1.3 each is new (RFC 8446 §4.6.1).
        if version == "-tls1_3" {
            assert!(resumed_at(&lab, &three, version), "sealed anew by the second");
            assert!(!resumed_at(&lab, &one, version), "sealed by a key that it has not");
        }
        assert!(!resumed_at(&lab, &alone, version), "whose keys nobody has");
    }
}

#[test]
fn keys_are_read_again_and_a_bad_one_keeps_the_old() {
    if !peer("openssl") {
        return;
    }
    let lab = lab();
    let mut server = lab.serve(&["--www", "--ticket-key", "one.key"]);
    assert!(!resumed_at(&lab, &server, "-tls1_3"));
    // The same key: sessions outlive a reload.
    server.signal("HUP");
    server.wait_for("reloaded cert.pem and clearkey.pem");
    assert!(resumed_at(&lab, &server, "-tls1_3"));
    secret(&lab, "one.key", &[7; 79]);
    server.signal("HUP");
    server.wait_for(
        "not reloaded, still serving as before: one.key: expected the 48 or 80 random octets of a ticket key, found 79",
    );
    assert!(resumed_at(&lab, &server, "-tls1_3"));
    secret(&lab, "one.key", &[7; 80]);
    server.signal("HUP");
    server.wait_for("reloaded cert.pem and clearkey.pem");
    assert!(!resumed_at(&lab, &server, "-tls1_3"));
}

#[test]
fn a_key_is_of_the_right_length_and_nobody_else_s() {
    let lab = lab();
    lab.write("long.key", [1; 81]);
    lab.tlslab(["serve", "--ticket-key", "long.key"])
        .status(1)
        .says("long.key: expected the 48 or 80 random octets of a ticket key, found 81")
        .says("openssl rand 80 > long.key");
    lab.tlslab(["serve", "--ticket-key", "one.key", "--client-ca", "cert.pem"]).status(2);
    lab.write("open.key", [1; 80]);
    let server = lab.serve(&["--ticket-key", "open.key"]);
    assert!(server.heard().contains("open.key: others can read it"), "{}", server.heard());
}
