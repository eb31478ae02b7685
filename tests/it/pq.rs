//! Kinds of key that graviola has not, against those who have them.

mod later_openssl;

use crate::lab::{Lab, peer};

#[test]
fn openssl_s_p521_certificates_are_verified() {
    if !peer("openssl") {
        return;
    }
    let lab = Lab::new();
    for hash in ["-sha256", "-sha384", "-sha512"] {
        let arguments = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-521 -nodes -keyout clearkey.pem -out cert.pem \
                         -days 30 -subj /CN=www.test.org";
        let words = arguments.split(' ').filter(|word| !word.is_empty()).chain([hash]);
        lab.run("openssl", words).success();
        lab.tlslab(["verify", "cert.pem"]).success().prints("accepted");
    }
    let server = crate::openssl::server(&lab, &["-tls1_3"]);
    lab.tlslab(["connect", server.to_word().as_str(), "--message", "stressed"]).success().prints("desserts");
}

/// Self-signed certificates that OpenSSL 3.5.9 made (`openssl req -x509 -newkey mldsa65 …`), and one with a bit flipped.
#[test]
fn openssl_3_5_s_ml_dsa_certificates_are_verified() {
    let lab = Lab::new();
    for (name, pem, status) in [
        ("44.pem", include_str!("pq/mldsa44.pem"), 0),
        ("65.pem", include_str!("pq/mldsa65.pem"), 0),
        ("87.pem", include_str!("pq/mldsa87.pem"), 0),
        ("tampered.pem", include_str!("pq/mldsa65-tampered.pem"), 10),
    ] {
        lab.write(name, pem);
        let run = lab.tlslab(["verify", name, "--ca", name, "--at", "2026-12-01"]).status(status);
        run.prints(if status == 0 { "accepted" } else { "bad-signature" });
    }
    lab.tlslab(["inspect", "65.pem"]).success().prints("ML-DSA-65");
}

/// Every way to come by such a certificate, without anybody else's help.
#[test]
fn post_quantum_certificates_are_made_in_every_way() {
    let lab = Lab::new();
    let made = |arguments: &str| lab.tlslab(arguments.split(' '));
    made("gencert --key ml-dsa:44 --noenc --key-form both --out self")
        .success()
        .prints("key       ML-DSA-44");
    made("verify self/cert.pem --ca self/cert.pem").success().prints("accepted");
    made("gencert --key-form seed --out none").status(2).says("--key-form: expected --key ml-dsa:44");

    // Either half of a chain may be the post-quantum one, and a request is certified as any other.
    made("gencert --key ec:p256 --noenc --profile ca --cn Classical --out ec").success();
    made("gencert --key ml-dsa:65 --noenc --profile ca --cn Lattice --out pq").success();
    for (ca, key, out) in [("ec", "ml-dsa:87", "up"), ("pq", "ec:p521", "down"), ("pq", "ml-dsa:44", "both")]
    {
        let signed = format!("--ca {ca}/cert.pem --ca-key {ca}/clearkey.pem");
        made(&format!("gencert --key {key} --noenc {signed} --out {out}")).success();
        for policy in ["lab", "webpki"] {
            let verify = format!("verify {out}/cert.pem --ca {ca}/cert.pem --verify {policy}");
            made(&verify).success().prints("accepted");
        }
        let other = if ca == "ec" { "pq" } else { "ec" };
        made(&format!("verify {out}/cert.pem --ca {other}/cert.pem")).status(10);
    }
    made("gencert --csr-only --key ml-dsa:65 --noenc --out asks").success();
    made("inspect asks/csr.pem").success().prints("ML-DSA-65");
    made("gencert --csr asks/csr.pem --ca pq/cert.pem --ca-key pq/clearkey.pem --out asked").success();
    made("verify asked/cert.pem --ca pq/cert.pem").success();
}

/// The forms of RFC 9881 §6, in clear and encrypted.
#[test]
fn post_quantum_keys_are_read_in_each_form_and_re_encrypted() {
    let lab = Lab::new();
    lab.write("old", "one passphrase");
    lab.write("new", "another passphrase");
    for form in ["seed", "expanded", "both"] {
        let made = |arguments: &str| lab.tlslab(arguments.replace("FORM", form).split(' '));
        made("gencert --key ml-dsa:44 --key-form FORM --passout file:old --out FORM").success();
        let pin = |file: &str| {
            let inspected = lab.tlslab(["inspect", "--json", file]).success().json();
            inspected["keys"][0]["spki_sha256"].as_str().map(str::to_owned)
        };
        let expected = pin(&format!("{form}/clearkey.pem"));
        assert!(expected.is_some());
        made("passwd FORM/key.pem --passin file:old --passout file:new --out FORM/new.pem").success();
        made("passwd FORM/new.pem --passin file:new --noenc --out FORM/clear.pem").success();
        assert_eq!(pin(&format!("{form}/clear.pem")), expected);
    }
}

#[test]
fn tls_1_2_alone_is_refused_before_anything_is_served() {
    let lab = Lab::new();
    for (key, kind) in [("ml-dsa:44", "ML-DSA-44"), ("rsa-pss:2048", "RSA-PSS 2048 bits")] {
        lab.gencert(&["--key", key, "--force"]);
        let run = lab.tlslab(["serve", "--listen", "127.0.0.1:0", "--tls", "1.2"]).status(2);
        run.says(&format!("cert.pem: its key ({kind}) signs handshakes of TLS 1.3 only, found --tls 1.2"));
    }
}
