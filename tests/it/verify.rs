//! `tlslab verify`, from outside.

use super::lab::{Lab, peer};

/// The lab sheet's own command: openssl's default configuration makes CA:TRUE, key identifiers, no SAN.
#[test]
fn the_lab_sheets_openssl_certificate_is_accepted_by_lab_when_pinned() {
    if !peer("openssl") {
        return;
    }
    let lab = Lab::new();
    lab.run(
        "openssl",
        ["req", "-x509", "-newkey", "rsa:4096", "-noenc", "-keyout", "key.pem", "-out", "cert.pem"]
            .into_iter()
            .chain([
                "-days",
                "30",
                "-subj",
                "/C=AU/ST=WA/L=Perth/O=Test Organisation/OU=Org/CN=www.test.org",
            ]),
    )
    .success();
    lab.tlslab(["verify", "cert.pem"]).success().prints("accepted").prints("refuse it: CA:TRUE");
    let refused = lab.tlslab(["verify", "cert.pem", "--verify", "webpki", "--json"]).status(11).json();
    assert_eq!(refused["reasons"], serde_json::json!(["wrong-name", "bad-usage"]));
}
