//! Kinds of key that graviola has not, against those who have them.

mod later_openssl;
mod own_openssl;

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

#[test]
fn who_was_not_measured_with_such_keys_is_not_known() {
    let lab = Lab::new();
    for (key, why) in [
        ("ml-dsa:44", "an ML-DSA key or signature"),
        ("rsa-pss:2048", "an RSA key for RSASSA-PSS only"),
        ("ec:p521", "a key on P-521"),
    ] {
        lab.gencert(&["--key", key, "--force"]);
        let table = lab.tlslab(["inspect", "cert.pem", "--who"]).success().stdout;
        // Of the thirteen, tlslab's own verifier and rustls' are asked.
        assert_eq!(table.matches(&format!("not known: {why}")).count(), 11, "{table}");
    }
}

/// What the handshake's parts are called, and how long each message is: tshark says the same of the lengths.
#[test]
fn dissect_names_and_measures_a_post_quantum_handshake() {
    let lab = Lab::new();
    lab.gencert(&["--key", "ml-dsa:65"]);
    let mut server = lab.serve(&["--pcap", "wire.pcapng", "--keylog", "keys.log"]);
    let run = lab.tlslab(["connect", &server.to_word(), "--message", "hello"]).success();
    run.says("the handshake's (mldsa65) too");
    server.wait_for("6 bytes in");
    assert!(server.stop().0.success());

    let dissected = lab.tlslab(["dissect", "wire.pcapng", "--keylog", "keys.log", "--json"]).success().json();
    let session = &dissected["sessions"][0];
    let tls = &session["tls"];
    assert_eq!(tls["group"], "X25519MLKEM768", "{tls}");
    let offered = tls["client_hello"]["signature_schemes"].as_array().expect("schemes");
    for scheme in ["mldsa44", "mldsa65", "mldsa87"] {
        assert!(offered.iter().any(|offer| offer == scheme), "{scheme}: {offered:?}");
    }
    assert_eq!(tls["server_certificates_with_secrets"][0]["signature"], "ML-DSA-65", "{tls}");
    assert_eq!(tls["handshake_signatures"]["server"], "mldsa65", "{tls}");
    // draft-connolly-tls-mlkem-key-agreement and its hybrid: an encapsulation key of 1,184 bytes beside 32 of X25519.
    assert_eq!(tls["client_hello"]["key_shares"][0]["bytes"], 1216);

    let events = session["events"].as_array().expect("events");
    let messages = events.iter().flat_map(|event| {
        let opened = event["opened"]["messages"].as_array().into_iter().flatten();
        event["messages"].as_array().into_iter().flatten().chain(opened)
    });
    let ours: Vec<(u64, u64)> = messages
        .filter(|message| message["handshake"].is_string())
        .map(|message| {
            (message["type"].as_u64().expect("a type"), message["bytes"].as_u64().expect("a length"))
        })
        .collect();
    // FIPS 204, table 2: a signature of 3,309 bytes; its scheme and length take two each.
    assert!(ours.contains(&(15, 3309 + 4)), "{ours:?}");
    if peer("tshark") {
        let fields = ["-T", "fields", "-e", "tls.handshake.type", "-e", "tls.handshake.length"];
        let arguments = ["-r", "wire.pcapng", "-o", "tls.keylog_file:keys.log", "-Y", "tls.handshake"];
        let said = lab.run("tshark", arguments.iter().chain(&fields)).success().stdout;
        let theirs = said.lines().flat_map(|line| {
            let (kinds, lengths) = line.split_once('\t').expect("two fields");
            let numbers = |list: &str| {
                list.split(',').map(|number| number.parse().expect("a number")).collect::<Vec<u64>>()
            };
            numbers(kinds).into_iter().zip(numbers(lengths)).collect::<Vec<_>>()
        });
        assert_eq!(ours, theirs.collect::<Vec<_>>());
    }
}
