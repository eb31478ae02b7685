//! Signing requests: `gencert --csr-only` makes them and `gencert --csr` signs them; openssl and certtool are judge
//! and customer.

use crate::lab::{Lab, Run, peer};

const CA: [&str; 4] = ["--ca", "ca/cert.pem", "--ca-key", "ca/clearkey.pem"];

fn lab_with_ca() -> Lab {
    let lab = Lab::new();
    lab.gencert(&["--profile", "ca", "--cn", "Test CA", "--out", "ca"]);
    lab
}

/// Signs `request` and writes `signed/cert.pem`.
fn sign(lab: &Lab, request: &str, arguments: &[&str]) -> Run {
    let sign = ["gencert", "--csr", request, "--out", "signed", "--force"];
    lab.tlslab([&sign[..], &CA, arguments].concat())
}

fn openssl(lab: &Lab, arguments: &[&str]) -> Run {
    lab.run("openssl", arguments)
}

/// A request of openssl's with the extensions of `section`.
fn openssl_request(lab: &Lab, name: &str, subject: &str, extensions: &str) {
    lab.write(
        "request.cnf",
        format!("[req]\ndistinguished_name=dn\nreq_extensions=ext\n[dn]\n[ext]\n{extensions}\n"),
    );
    let make = ["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-utf8"];
    let rest = ["-config", "request.cnf", "-subj", subject, "-keyout", "their.key", "-out", name];
    openssl(lab, &[&make[..], &rest].concat()).success();
}

#[test]
fn a_request_and_its_keys_are_written_and_no_certificate() {
    let lab = lab_with_ca();
    let made = lab.gencert(&["--csr-only", "--out", "mine", "--san", "127.0.0.1"]);
    assert!(!lab.file("mine/cert.pem").exists() && lab.file("mine/clearkey.pem").exists());
    assert_eq!(
        made.stdout,
        "subject   /C=AU/ST=WA/L=Perth/O=Test Organisation/OU=Org/CN=www.test.org\n\
         names     DNS:www.test.org, IP:127.0.0.1\n\
         key       EC P-256\n\
         \n\
         mine/csr.pem       0644  certificate signing request\n\
         mine/clearkey.pem  0600  private key, readable as it is\n"
    );
    assert_eq!(
        made.stderr,
        "\nnext:\n  tlslab gencert --csr mine/csr.pem --ca ca/cert.pem --ca-key ca/clearkey.pem --out signed\n"
    );
    let json = lab.gencert(&["--csr-only", "--out", "mine", "--force", "--json"]).json();
    assert_eq!(json["files"][0]["path"], "mine/csr.pem");
    assert!(json.get("serial").is_none() && json.get("issuer").is_none(), "{json}");
    lab.tlslab(["inspect", "mine/csr.pem"]).success().prints("www.test.org");
    // The usual three, with the request in the certificate's place.
    let encrypted = ["gencert", "--csr-only", "--key", "ec:p256", "--out", "three"];
    lab.tlslab(encrypted).success().prints("three/key.pem       0600  private key, encrypted\n");
}

#[test]
fn openssl_and_certtool_verify_requests_of_every_key() {
    if !peer("openssl") {
        return;
    }
    let lab = Lab::new();
    for key in ["rsa:2048", "ec:p256", "ec:p384", "ed25519"] {
        for profile in ["server", "client", "ca", "openssl"] {
            let options = ["--csr-only", "--key", key, "--profile", profile, "--force"];
            lab.gencert(&[&options[..], &["--san", "DNS:a.test.org"]].concat());
            let read = openssl(&lab, &["req", "-in", "csr.pem", "-verify", "-noout", "-text"]).success();
            // 3.0 says it on stderr, 3.5 on stdout.
            let said = [&*read.stdout, &*read.stderr].concat();
            assert!(said.contains("self-signature verify OK"), "{read}");
            assert!(read.stdout.contains("DNS:a.test.org"), "{read}");
            assert_eq!(read.stdout.contains("CA:TRUE"), profile == "ca" || profile == "openssl", "{read}");
            if peer("certtool") {
                let read = lab.run("certtool", ["--crq-info", "--infile", "csr.pem"]).success();
                assert!(read.stdout.contains("Self signature: verified"), "{read}");
            }
        }
    }
}

#[test]
fn our_own_request_is_signed_without_a_word_and_served() {
    let lab = lab_with_ca();
    lab.gencert(&["--csr-only", "--out", "mine"]);
    let signed = sign(&lab, "mine/csr.pem", &[]).success();
    assert_eq!(signed.stderr, "\nnext:\n  tlslab inspect signed/cert.pem\n");
    assert!(
        signed.stdout.contains("issuer    /C=AU/ST=WA/L=Perth/O=Test Organisation/OU=Org/CN=Test CA\n"),
        "{signed}"
    );
    assert!(signed.stdout.ends_with("signed/cert.pem  0644  certificate, then its CA\n"), "{signed}");
    assert!(!lab.file("signed/clearkey.pem").exists() && !lab.file("signed/key.pem").exists());

    let server = lab.serve(&["--cert", "signed/cert.pem", "--key", "mine/clearkey.pem"]);
    for policy in ["lab", "webpki"] {
        let arguments =
            ["connect", &server.to_word(), "--ca", "ca/cert.pem", "--verify", policy, "--message", "hello"];
        lab.tlslab(arguments).success().prints("hello");
    }
    let json = sign(&lab, "mine/csr.pem", &["--json"]).success().json();
    assert_eq!((json["key"].as_str(), json["public_key"].as_str()), (Some("ec:p256"), Some("EC P-256")));
}

#[test]
fn subject_and_names_are_the_requests_unless_given() {
    if !peer("openssl") {
        return;
    }
    let lab = lab_with_ca();
    let names = "subjectAltName=DNS:a.test.org,IP:192.0.2.7,email:a@test.org,URI:https://test.org/";
    openssl_request(&lab, "their.csr", "/C=FI/O=Café/CN=a.test.org", names);
    for (arguments, subject, names) in [
        (
            &[][..],
            "/C=FI/O=Café/CN=a.test.org",
            "DNS:a.test.org, IP:192.0.2.7, email:a@test.org, URI:https://test.org/",
        ),
        (&["--san", "b.test.org"], "/C=FI/O=Café/CN=a.test.org", "DNS:a.test.org, DNS:b.test.org"),
        (
            &["--cn", "c.test.org", "--san", "d.test.org"],
            "/C=FI/O=Café/CN=c.test.org",
            "DNS:c.test.org, DNS:d.test.org",
        ),
        (&["--subject", "/CN=e.test.org", "--no-san"], "/CN=e.test.org", "none"),
    ] {
        let signed = sign(&lab, "their.csr", arguments).success();
        assert!(signed.stdout.starts_with(&format!("subject   {subject}\nnames     {names}\n")), "{signed}");
    }
    sign(&lab, "their.csr", &[]).success();
    openssl(&lab, &["verify", "-x509_strict", "-CAfile", "ca/cert.pem", "signed/cert.pem"]).success();
    let public = |arguments: &[&str]| openssl(&lab, arguments).success().stdout;
    assert_eq!(
        public(&["x509", "-in", "signed/cert.pem", "-noout", "-pubkey"]),
        public(&["pkey", "-in", "their.key", "-pubout"])
    );
    // DER is as good, and a request without names gets its CN as one.
    openssl_request(&lab, "bare.csr", "/CN=bare.test.org", "basicConstraints=CA:FALSE");
    openssl(&lab, &["req", "-in", "bare.csr", "-outform", "DER", "-out", "bare.der"]).success();
    sign(&lab, "bare.der", &[]).success().prints("names     DNS:bare.test.org\n");
}

#[test]
fn no_extension_is_copied_blindly() {
    if !peer("openssl") {
        return;
    }
    let lab = lab_with_ca();
    let greedy = "basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign,cRLSign\nnsComment=hello\n\
                  subjectAltName=DNS:www.test.org";
    openssl_request(&lab, "greedy.csr", "/CN=www.test.org", greedy);
    let signed = sign(&lab, "greedy.csr", &[]).success();
    assert!(
        signed.stderr.starts_with(
            "tlslab: warning: the request also asks for CA:TRUE, keyUsage, netscapeComment: not copied, --profile \
             server decides what goes in\n"
        ),
        "{signed}"
    );
    let text = openssl(&lab, &["x509", "-in", "signed/cert.pem", "-noout", "-text"]).success();
    assert!(text.stdout.contains("CA:FALSE") && !text.stdout.contains("Certificate Sign"), "{text}");
    assert!(!text.stdout.contains("Netscape"), "{text}");
    // A CA is made by whoever signs, who says so.
    sign(&lab, "greedy.csr", &["--profile", "ca", "--path-length", "0"]).success();
    let text = openssl(&lab, &["x509", "-in", "signed/cert.pem", "-noout", "-text"]).success();
    assert!(text.stdout.contains("CA:TRUE, pathlen:0"), "{text}");
}

#[test]
fn a_request_that_nobody_should_sign_is_refused_and_nothing_written() {
    if !peer("openssl") {
        return;
    }
    let lab = lab_with_ca();
    lab.gencert(&["--csr-only", "--out", "mine"]);
    let der = lab.file("mine/csr.der").display().to_string();
    openssl(&lab, &["req", "-in", "mine/csr.pem", "-outform", "DER", "-out", &der]).success();
    let mut changed = std::fs::read(&der).expect("the request");
    let at = changed.windows(8).position(|bytes| bytes == b"test.org").expect("the name");
    changed[at] = b'b';
    lab.write("changed.der", &changed);
    let refused = sign(&lab, "changed.der", &[]).status(1);
    assert_eq!(
        refused.stderr,
        "tlslab: error: changed.der: its signature does not verify by the key that it asks to have certified\n"
    );
    openssl(
        &lab,
        &[
            "req",
            "-new",
            "-newkey",
            "rsa:1024",
            "-nodes",
            "-subj",
            "/CN=www.test.org",
            "-keyout",
            "k",
            "-out",
            "weak.csr",
        ],
    )
    .success();
    sign(&lab, "weak.csr", &[]).status(1).says("weak.csr: too weak: an RSA key of 1024 bits");
    openssl_request(&lab, "other.csr", "/CN=www.test.org", "subjectAltName=dirName:dn\n[dn]\nCN=x");
    sign(&lab, "other.csr", &[]).status(1).says(
        "the request asks for a name that cannot be certified: a directory name\n\
         tlslab: hint: --san NAME says which names to certify instead",
    );
    for (file, words) in [
        ("ca/cert.pem", "ca/cert.pem: expected a certificate signing request, found CERTIFICATE\n"),
        ("missing.csr", "missing.csr: no such file"),
    ] {
        sign(&lab, file, &[]).status(1).says(words);
    }
    assert!(!lab.file("signed").exists());
    for (arguments, words) in [
        (&["--csr", "mine/csr.pem"][..], "--ca <CERT>"),
        (&["--csr", "mine/csr.pem", "--csr-only"], "cannot be used with"),
        (&["--csr-only", "--days", "3"], "cannot be used with"),
    ] {
        lab.tlslab([&["gencert"], arguments].concat()).status(2).says(words);
    }
    sign(&lab, "mine/csr.pem", &["--key", "ed25519"]).status(2).says("cannot be used with");
}

#[test]
fn a_request_s_subject_is_as_strict_as_ours() {
    if !peer("openssl") {
        return;
    }
    let lab = lab_with_ca();
    openssl_request(&lab, "odd.csr", "/CN=a\u{7}b", "");
    sign(&lab, "odd.csr", &[])
        .status(1)
        .says("the request's subject: CN=")
        .says("--subject says what to certify");
    sign(&lab, "odd.csr", &["--subject", "/CN=www.test.org"]).success();
}
