//! Kinds of key that graviola has not, against those who have them.

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
