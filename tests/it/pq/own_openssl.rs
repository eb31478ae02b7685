//! The OpenSSL that is installed, where it is 3.5 or later and has ML-DSA, as in Debian 13.

use crate::lab::{Lab, peer, run_with_input};
use crate::openssl::s_server;

/// Whether it is, which is said where it is not: no older Debian has it, so that nobody can require it.
#[track_caller]
fn has_ml_dsa(lab: &Lab) -> bool {
    let has = peer("openssl")
        && lab.run("openssl", ["list", "-signature-algorithms"]).success().stdout.contains("ML-DSA-65");
    if !has {
        eprintln!("SKIPPED: the openssl that is here has no ML-DSA");
    }
    has
}

#[test]
fn certificates_keys_and_handshakes_of_ml_dsa_in_both_directions() {
    let lab = Lab::new();
    if !has_ml_dsa(&lab) {
        return;
    }
    for set in ["44", "65", "87"] {
        for form in ["seed", "expanded", "both"] {
            lab.gencert(&["--key", &format!("ml-dsa:{set}"), "--key-form", form, "--force"]);
            lab.run("openssl", ["verify", "-x509_strict", "-CAfile", "cert.pem", "cert.pem"]).success();
            let text = lab.run("openssl", ["pkey", "-in", "clearkey.pem", "-noout", "-text_pub"]).success();
            assert!(text.stdout.contains(&format!("ML-DSA-{set}")), "{text}");
        }
        let mut server = lab.serve(&[]);
        let mut client = lab.command("openssl");
        client.args(["s_client", "-connect", &server.to_word(), "-quiet", "-no_ign_eof"]);
        client.args(["-CAfile", "cert.pem", "-verify_return_error", "-verify_hostname", "www.test.org"]);
        run_with_input(&mut client, b"over and out\n").success();
        server.wait_for("13 bytes in");
        let theirs = s_server(&lab, &["-cert", "cert.pem", "-key", "clearkey.pem", "-rev", "-tls1_3"]);
        lab.tlslab(["connect", &theirs.to_word(), "--message", "desserts"]).success().prints("stressed");

        let newkey = format!("mldsa{set}");
        let words = ["req", "-x509", "-newkey", &newkey, "-nodes", "-keyout", "own.key", "-out", "own.pem"];
        lab.run("openssl", words.into_iter().chain(["-days", "9", "-subj", "/CN=www.test.org"])).success();
        lab.tlslab(["verify", "own.pem", "--ca", "own.pem"]).success().prints("accepted");
        let both = lab.tlslab(["inspect", "--json", "own.pem", "own.key"]).success().json();
        assert_eq!(both["keys"][0]["certificate"], 0, "{both}");
        let server = lab.serve(&["--cert", "own.pem", "--key", "own.key"]);
        lab.tlslab(["connect", &server.to_word(), "--ca", "own.pem", "--message", "hello"]).success();
    }
}
