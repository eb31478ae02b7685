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
