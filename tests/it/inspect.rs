//! `tlslab inspect`, marked by openssl: what it says must be what openssl says.

use std::io::Write;
use std::net::{TcpListener, TcpStream};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};

use crate::lab::{Lab, peer};

/// The lab sheet's subject.
const SUBJECT: &str = "/C=AU/ST=WA/L=Perth/O=Test Organisation/OU=Org/CN=www.test.org";

/// Runs openssl with `arguments` in the lab; its stdout.
fn openssl(lab: &Lab, arguments: &[&str]) -> String {
    lab.run("openssl", arguments).success().stdout
}

/// What openssl says of a certificate, under the names of our JSON.
fn by_openssl(lab: &Lab, file: &str) -> Value {
    let x509 = |arguments: &[&str]| {
        let said = openssl(lab, &[&["x509", "-in", file, "-noout"], arguments].concat());
        said.trim().split_once('=').map(|(_, value)| value.trim().to_owned()).expect("name=value")
    };
    let instant = |arguments: &[&str]| x509(arguments).replace(' ', "T");
    let public = openssl(lab, &["x509", "-in", file, "-noout", "-pubkey"]);
    lab.write("public.pem", public);
    openssl(lab, &["pkey", "-pubin", "-in", "public.pem", "-outform", "DER", "-out", "public.der"]);
    let digest = openssl(lab, &["dgst", "-sha256", "-r", "public.der"]);
    json!({
        "subject": x509(&["-subject", "-nameopt", "compat"]),
        "issuer": x509(&["-issuer", "-nameopt", "compat"]),
        "serial": x509(&["-serial"]).to_lowercase(),
        "not_before": instant(&["-startdate", "-dateopt", "iso_8601"]),
        "not_after": instant(&["-enddate", "-dateopt", "iso_8601"]),
        "sha256": x509(&["-fingerprint", "-sha256"]).replace(':', "").to_lowercase(),
        "spki_sha256": digest.split_whitespace().next(),
    })
}

/// The same of ours.
fn by_us(lab: &Lab, file: &str) -> (Value, Value) {
    let report = lab.tlslab(["inspect", file, "--json"]).success().json();
    let certificate = report["certificates"][0].clone();
    let names = ["subject", "issuer", "serial", "not_before", "not_after", "sha256", "spki_sha256"];
    let chosen = names.into_iter().map(|name| (name.to_owned(), certificate[name].clone())).collect();
    (Value::Object(chosen), certificate)
}

/// A self-signed certificate and its key, `cert.pem` and `key.pem`, of a kind of key that openssl names so.
fn self_signed(lab: &Lab, key: &[&str]) {
    openssl(lab, &[&["genpkey", "-out", "key.pem"], key].concat());
    openssl(
        lab,
        &["req", "-x509", "-new", "-key", "key.pem", "-out", "cert.pem", "-days", "365", "-subj", SUBJECT],
    );
}

#[test]
fn every_kind_of_key_is_read_as_openssl_reads_it() {
    if !peer("openssl") {
        return;
    }
    let cases: [(&[&str], &str, &str); 4] = [
        (
            &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
            "RSA 2048 bits",
            "sha256WithRSAEncryption",
        ),
        (&["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"], "EC P-256", "ecdsa-with-SHA256"),
        (&["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"], "EC P-384", "ecdsa-with-SHA256"),
        (&["-algorithm", "ED25519"], "Ed25519", "ED25519"),
    ];
    for (key, public_key, signature_algorithm) in cases {
        let lab = Lab::new();
        self_signed(&lab, key);
        let (ours, certificate) = by_us(&lab, "cert.pem");
        assert_eq!(ours, by_openssl(&lab, "cert.pem"), "{public_key}");
        assert_eq!(certificate["public_key"], public_key);
        assert_eq!(certificate["signature_algorithm"], signature_algorithm);
        assert_eq!(certificate["san"], json!([]));
        assert_eq!(certificate["version"], 3);
        assert_eq!(certificate["validity"], "valid");
        assert_eq!(certificate["days_left"], 365);

        // The key says the same of itself, and whose it is.
        let report = lab.tlslab(["inspect", "cert.pem", "key.pem", "--json"]).success().json();
        let found = &report["keys"][0];
        assert_eq!(found["public_key"], public_key);
        assert_eq!(found["spki_sha256"], ours["spki_sha256"]);
        assert_eq!(found["certificate"], 0);
        assert_eq!((&found["private"], &found["encrypted"]), (&json!(true), &json!(false)));

        // DER says what PEM says.
        openssl(&lab, &["x509", "-in", "cert.pem", "-outform", "DER", "-out", "cert.der"]);
        assert_eq!(by_us(&lab, "cert.der").0, ours);
    }
}

#[test]
fn the_lab_sheet_s_files_are_shown() {
    if !peer("openssl") {
        return;
    }
    let lab = Lab::new();
    let req = "req -x509 -newkey rsa:4096 -keyout key.pem -out cert.pem -days 365 -passout pass:secret -subj";
    openssl(&lab, &[&req.split(' ').collect::<Vec<_>>()[..], &[SUBJECT]].concat());
    assert_eq!(by_us(&lab, "cert.pem").0, by_openssl(&lab, "cert.pem"));
    let shown = lab.tlslab(["inspect", "cert.pem", "key.pem"]).success();
    for line in [
        "cert.pem: certificate\n",
        "\n  subject        /C=AU/ST=WA/L=Perth/O=Test Organisation/OU=Org/CN=www.test.org\n",
        "\n                 self-signed: its own key verifies its signature\n",
        "\n  key            RSA 4096 bits, exponent 65537\n",
        "\n    basicConstraints (critical): CA:TRUE\n",
        "\nkey.pem: private key\n  form           encrypted PKCS#8\n",
        "\n  encryption     PBES2: PBKDF2, HMAC-SHA256, 2048 rounds, ",
        "\n                 weak: a passphrase is cheap to guess",
    ] {
        assert!(shown.stdout.contains(line), "expected {line:?} in\n{shown}");
    }
    assert_eq!(shown.stderr, "");
}

#[test]
fn a_ca_with_name_constraints_is_decoded() {
    if !peer("openssl") {
        return;
    }
    let lab = Lab::new();
    lab.write(
        "ca.cnf",
        "[req]\nprompt=no\ndistinguished_name=dn\nx509_extensions=ca\n[dn]\nCN=Lab CA\n[ca]\n\
         basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\n\
         nameConstraints=critical,permitted;DNS:.test.org,permitted;IP:10.0.0.0/255.0.0.0,excluded;email:bad.test.org\n\
         subjectAltName=DNS:ca.test.org,IP:127.0.0.1,URI:https://ca.test.org/\n",
    );
    let req = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout key.pem -out ca.pem -config ca.cnf";
    openssl(&lab, &req.split(' ').collect::<Vec<_>>());
    let (ours, certificate) = by_us(&lab, "ca.pem");
    assert_eq!(ours, by_openssl(&lab, "ca.pem"));
    assert_eq!(certificate["san"], json!(["DNS:ca.test.org", "IP:127.0.0.1", "URI:https://ca.test.org/"]));
    let said: Vec<_> = certificate["extensions"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|e| e["name"] != "subjectKeyIdentifier" && e["name"] != "authorityKeyIdentifier")
        .map(|e| json!([e["name"], e["critical"], e["value"]]))
        .collect();
    assert_eq!(
        said,
        [
            json!(["basicConstraints", true, "CA:TRUE, pathlen:0"]),
            json!(["keyUsage", true, "keyCertSign, cRLSign"]),
            json!([
                "nameConstraints",
                true,
                "permitted DNS:.test.org, IP:10.0.0.0/8; excluded email:bad.test.org"
            ]),
            json!(["subjectAltName", false, "DNS:ca.test.org, IP:127.0.0.1, URI:https://ca.test.org/"]),
        ]
    );
}

#[test]
fn keys_of_every_form_are_told_and_no_secret_is() {
    if !peer("openssl") {
        return;
    }
    let lab = Lab::new();
    openssl(&lab, &["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", "pkcs8.pem"]);
    let make = |command: &str| openssl(&lab, &command.split(' ').collect::<Vec<_>>());
    make("pkey -in pkcs8.pem -traditional -out pkcs1.pem");
    make("pkey -in pkcs8.pem -pubout -out public.pem");
    make("pkcs8 -topk8 -in pkcs8.pem -v2 aes-256-cbc -iter 600000 -passout pass:secret -out strong.pem");
    make("pkcs8 -topk8 -in pkcs8.pem -scrypt -passout pass:secret -out scrypt.pem");
    make("rsa -in pkcs8.pem -traditional -aes128 -passout pass:secret -out old.pem");
    make("ecparam -name secp521r1 -genkey -out sec1.pem");
    let files = ["pkcs8.pem", "pkcs1.pem", "public.pem", "strong.pem", "scrypt.pem", "old.pem", "sec1.pem"];
    let run = lab.tlslab(["inspect", "--json"].iter().chain(&files)).success();
    let report = run.json();
    let told: Vec<_> = report["keys"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|key| {
            json!([
                key["form"],
                key["private"],
                key["public_key"],
                key["encryption"]["kdf"],
                key["encryption"]["weak"]
            ])
        })
        .collect();
    assert_eq!(
        told,
        [
            json!(["PKCS#8", true, "RSA 2048 bits", null, null]),
            json!(["PKCS#1", true, "RSA 2048 bits", null, null]),
            json!(["SubjectPublicKeyInfo", false, "RSA 2048 bits", null, null]),
            json!(["encrypted PKCS#8", true, null, "PBKDF2", false]),
            json!(["encrypted PKCS#8", true, null, "scrypt N=16384 r=8 p=1", false]),
            json!(["encrypted PEM", true, null, "one MD5", true]),
            json!(["SEC1", true, "EC P-521", null, null]),
        ]
    );
    assert_eq!(report["others"], json!([{"source": "sec1.pem", "line": 1, "label": "EC PARAMETERS"}]));
    let pins: Vec<_> = (0..3).map(|index| &report["keys"][index]["spki_sha256"]).collect();
    assert_eq!(pins[0], pins[1]);
    assert_eq!(pins[0], pins[2]);

    // The private exponent is nowhere in what is said.
    let text = openssl(&lab, &["pkey", "-in", "pkcs8.pem", "-noout", "-text"]);
    let secret: String = text
        .lines()
        .skip_while(|line| !line.starts_with("privateExponent"))
        .skip(1)
        .take_while(|line| line.starts_with(' '))
        .map(|line| line.trim().replace(':', ""))
        .collect();
    let shown = lab.tlslab(["inspect"].iter().chain(&files)).success();
    let hidden = &secret[10..42];
    for said in [&run.stdout, &shown.stdout] {
        let said = said.to_lowercase().replace(':', "");
        assert!(!said.contains(hidden), "the private exponent is shown");
    }
}

#[test]
fn a_bundle_on_stdin_is_numbered_and_goes_round() {
    if !peer("openssl") {
        return;
    }
    let lab = Lab::new();
    self_signed(&lab, &["-algorithm", "ED25519"]);
    let certificate = lab.read("cert.pem");
    let bundle = format!("a comment\n{certificate}{certificate}");
    let run = lab.tlslab_with_input(["inspect", "-"], bundle.as_bytes()).success();
    assert!(run.stdout.starts_with("-: certificate 1 of 2 (line 2)\n  subject        /C=AU/"), "{run}");
    assert!(run.stdout.contains("\n\n-: certificate 2 of 2 (line "), "{run}");
    let pem = lab.tlslab_with_input(["inspect", "-", "--pem"], bundle.as_bytes()).success();
    assert_eq!(pem.stdout, format!("{certificate}{certificate}"));
}

#[test]
fn a_request_says_what_it_asks_for() {
    if !peer("openssl") {
        return;
    }
    let lab = Lab::new();
    let req = "req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout key.pem -out csr.pem \
               -subj /CN=csr.test.org -addext subjectAltName=DNS:csr.test.org";
    openssl(&lab, &req.split_whitespace().collect::<Vec<_>>());
    let report = lab.tlslab(["inspect", "csr.pem", "--json"]).success().json();
    let request = &report["requests"][0];
    assert_eq!(request["subject"], "/CN=csr.test.org");
    assert_eq!(request["public_key"], "EC P-256");
    assert_eq!(request["extensions"][0]["value"], "DNS:csr.test.org");
    assert_eq!(request["signature_verifies"], true);
    lab.tlslab(["inspect", "csr.pem"]).success().prints("its own key verifies it");
    openssl(&lab, &["req", "-in", "csr.pem", "-outform", "DER", "-out", "csr.der"]);
    let der = lab.tlslab(["inspect", "csr.der", "--json"]).success().json();
    assert_eq!(der["requests"][0]["spki_sha256"], request["spki_sha256"]);

    let mut other = std::fs::read(lab.file("csr.der")).unwrap();
    let name = other.windows(4).position(|window| window == b"csr.").expect("its CN");
    other[name] = b'C';
    lab.write("other.der", other);
    let other = lab.tlslab(["inspect", "other.der", "--json"]).success().json();
    assert_eq!(other["requests"][0]["signature_verifies"], false);
    lab.tlslab(["inspect", "other.der"]).success().prints("its signature does not verify by the key");
}

#[test]
fn a_live_server_is_shown_and_not_trusted() {
    if !peer("openssl") {
        return;
    }
    let lab = Lab::new();
    self_signed(&lab, &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]);
    let server = lab.serve(&["--cert", "cert.pem", "--key", "key.pem"]);
    let address = server.address().to_string();
    for (version, protocol) in [("1.2", "TLSv1.2"), ("1.3", "TLSv1.3")] {
        let report = lab.tlslab(["inspect", &address, "--tls", version, "--json"]).success().json();
        let session = &report["session"];
        assert_eq!(session["protocol"], protocol);
        assert_eq!(session["verified"], false);
        assert_eq!(session["address"], address.as_str());
        assert_eq!(session["server_name"], "www.test.org");
        assert!(session["cipher_suite"].as_str().is_some_and(|name| name.starts_with("TLS_")), "{session}");
        assert!(session["key_exchange"].is_string(), "{session}");
        assert_eq!(report["certificates"][0]["sha256"], by_us(&lab, "cert.pem").1["sha256"]);
        assert_eq!(report["certificates"][0]["source"], address.as_str());
    }
    let run = lab.tlslab(["inspect", &address]).success();
    let first = format!("{address}: not verified: what follows proves nothing about who answers there\n");
    assert!(run.stdout.starts_with(&first), "{run}");
    assert!(
        run.stdout.contains(&format!("\n\n{address}: certificate\n  subject        {SUBJECT}\n")),
        "{run}"
    );
}

/// A server that says `greeting` to whoever comes, and then waits for them to leave.
fn greeter(greeting: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address").to_string();
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            // A client that has left is no concern of the test's.
            let _ = stream.write_all(greeting);
            let _ = std::io::copy(&mut stream, &mut std::io::sink());
        }
    });
    address
}

#[test]
fn servers_that_are_none_are_told_from_each_other() {
    let lab = Lab::new();
    let plaintext = greeter(b"220 mail.test.org ESMTP\r\n");
    lab.tlslab(["inspect", &plaintext]).status(20).says(&format!(
        "tlslab: error: {plaintext}: the server answered in plaintext: \
         expected a TLS record, found `220 mail.test.org ESMTP`\n"
    ));
    let silent = greeter(b"");
    lab.tlslab(["inspect", &silent, "--timeout", "200ms"]).status(30).says(&format!(
        "tlslab: error: {silent}: timed out: the server did not complete the TLS handshake within 0.2 seconds\n"
    ));
    // The near end of a connection: nobody listens there, and nobody else gets the port meanwhile.
    let held = TcpStream::connect(&silent).expect("a connection");
    let gone = held.local_addr().expect("its address");
    lab.tlslab(["inspect", &gone.to_string()])
        .status(30)
        .says(&format!("tlslab: error: {gone}: cannot connect: {gone}: connection refused\n"));
}

#[test]
fn bad_input_has_its_own_error() {
    let lab = Lab::new();
    lab.write("empty.pem", "");
    lab.write("text.pem", "hello\n");
    lab.write("cut.pem", "-----BEGIN CERTIFICATE-----\nMIIB\n");
    lab.write("damaged.pem", "\n-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n");
    lab.write("cut.der", [0x30, 0x82, 1, 0, 0x30]);
    for (input, said) in [
        ("missing.pem", "missing.pem: no such file"),
        (".", ".: expected a file, found a directory"),
        ("empty.pem", "empty.pem: expected a certificate or key, found an empty file"),
        ("text.pem", "text.pem: expected a certificate or key in PEM or DER, found neither"),
        ("cut.pem", "cut.pem: line 1: cut short: expected a line -----END CERTIFICATE-----, found none"),
        ("damaged.pem", "damaged.pem: line 2: CERTIFICATE: expected base64"),
        ("cut.der", "cut.der: it begins like DER and ends too soon"),
        (
            "www.test.org:https",
            "www.test.org:https: no such file, and no server either: \
             expected HOST:PORT, such as 127.0.0.1:4433 or [::1]:4433, found \"www.test.org:https\": \
             the port \"https\", which is not a number from 1 to 65535",
        ),
    ] {
        let run = lab.tlslab(["inspect", input]).status(1).says(&format!("tlslab: error: {said}\n"));
        assert_eq!(run.stdout, "", "{run}");
    }
    lab.tlslab(["inspect"]).status(2);
}

/// One bad input among good ones hides nothing, and is not hidden.
#[test]
fn what_can_be_read_is_shown_beside_what_cannot() {
    if !peer("openssl") {
        return;
    }
    let lab = Lab::new();
    self_signed(&lab, &["-algorithm", "ED25519"]);
    let run = lab.tlslab(["inspect", "missing.pem", "cert.pem", "--json"]).status(1);
    let report = run.json();
    assert_eq!(report["certificates"][0]["public_key"], "Ed25519");
    assert_eq!(
        report["errors"],
        json!([{"source": "missing.pem", "line": null, "error": "missing.pem: no such file"}])
    );
    assert_eq!(run.stderr, "tlslab: error: missing.pem: no such file\n");
}

/// A time that cannot be does not hide the rest of a certificate, and verify says which field it is.
#[test]
fn an_impossible_time_is_named_and_the_rest_is_shown() {
    let lab = Lab::new();
    lab.gencert(&["--key", "ed25519", "--not-before", "2026-01-02T03:04:05Z"]);
    let der = CertificateDer::from_pem_file(lab.path().join("cert.pem")).unwrap().to_vec();
    let at = der.windows(13).position(|text| text == b"260102030405Z").unwrap();
    for (odd, form) in [
        (&b"261302030405Z"[..], ", a time that there is not"),
        (b"260230030405Z", ", a time that there is not"),
        (b"26yesterday!!", ""),
    ] {
        let mut der = der.clone();
        der[at..at + odd.len()].copy_from_slice(odd);
        lab.write("odd.der", &der);
        let fault = format!(
            "notBefore: expected UTCTime YYMMDDHHMMSSZ, found \"{}\"{form}",
            String::from_utf8_lossy(odd)
        );
        let run = lab.tlslab(["inspect", "odd.der"]).status(1).says(&format!("error: odd.der: {fault}\n"));
        for line in ["not before     cannot be read", "key            Ed25519", "DNS:www.test.org", "left)"] {
            assert!(run.stdout.contains(line), "{run}");
        }
        let shown = lab.tlslab(["inspect", "odd.der", "--json"]).status(1).json();
        let certificate = &shown["certificates"][0];
        assert_eq!(certificate["not_before"], Value::Null);
        assert_eq!(certificate["unreadable"], json!(["notBefore"]));
        assert!(certificate["not_after"].is_string());
        assert_eq!(certificate.get("validity"), None);
        assert_eq!(shown["errors"][0]["error"], fault);
        // Nothing is predicted of it.
        lab.tlslab(["inspect", "odd.der", "--who"]).status(1);
        let verdict = lab.tlslab(["verify", "odd.der", "--ca", "odd.der", "--json"]).status(14).json();
        assert_eq!(verdict["reasons"], json!(["malformed"]));
        assert!(verdict["checks"][0]["found"].as_str().unwrap().contains(&fault), "{verdict}");
    }
}

/// A file wins over a server of its name.
#[test]
fn a_file_may_be_named_like_a_server() {
    let lab = Lab::new();
    lab.write("localhost:4433", "hello\n");
    lab.tlslab(["inspect", "localhost:4433"])
        .status(1)
        .says("localhost:4433: expected a certificate or key in PEM or DER, found neither");
}

#[test]
fn who_says_which_verifiers_take_a_certificate_and_why_not() {
    let lab = Lab::new();
    lab.gencert(&["--profile", "openssl"]).says("note  Firefox, rustls-webpki refuse it: CA:TRUE");
    let table = lab.tlslab(["inspect", "cert.pem", "--who"]).success().stdout;
    let who = |name: &str| {
        let line =
            table.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{name}: {table}"));
        line[name.len()..].trim().to_owned()
    };
    assert!(table.starts_with("cert.pem: certificate 1: who would take it as www.test.org\n"), "{table}");
    for name in
        ["OpenSSL ", "Python 3.13 ", "curl ", "GnuTLS ", "NSS certutil ", "Java ", "Node ", "tlslab lab "]
    {
        assert_eq!(who(name), "accepts", "{table}");
    }
    assert_eq!(who("Go "), "refuses  no SAN, and the CN is no name", "{table}");
    assert_eq!(who("Firefox "), "refuses  CA:TRUE, a CA's certificate as a server's", "{table}");
    assert!(table.contains("[rustls-webpki src/verify_cert.rs check_basic_constraints]"), "{table}");

    lab.gencert(&["--out", "good", "--san", "localhost"]);
    let all = |arguments: &[&str]| {
        let words = ["inspect", "--who", "--json"].iter().chain(arguments);
        lab.tlslab(words).success().json()["who"][0].clone()
    };
    let good = all(&["good/cert.pem"]);
    assert_eq!((&good["model"], &good["name"]), (&json!("pinned"), &json!("www.test.org")));
    let verifiers = good["verifiers"].as_array().expect("a list");
    assert_eq!(verifiers.len(), 13);
    assert!(
        verifiers.iter().all(|verifier| verifier["accepts"] == true && verifier["reasons"] == json!([])),
        "{good}"
    );
    let misnamed = all(&["good/cert.pem", "--cn", "www.example.com"]);
    let accepting = |report: &Value| -> Vec<Value> {
        let verifiers = report["verifiers"].as_array().expect("a list").iter();
        verifiers
            .filter(|verifier| verifier["accepts"] == true)
            .map(|verifier| verifier["verifier"].clone())
            .collect()
    };
    assert_eq!(accepting(&misnamed), ["NSS certutil"], "{misnamed}");
    let expired = all(&["good/cert.pem", "--at", "2090-01-01"]);
    assert_eq!(accepting(&expired), ["Java"], "{expired}");
}

#[test]
fn who_speaks_of_the_releases_that_were_measured_and_of_no_others() {
    let lab = Lab::new();
    lab.gencert(&[]);
    let of = |version: &str, verifier: &str| {
        let words = ["inspect", "cert.pem", "--who", "--json", "--who-version", version];
        let report = lab.tlslab(words).success().json()["who"][0]["verifiers"].clone();
        let found = report.as_array().expect("a list").iter().find(|v| v["verifier"] == verifier).cloned();
        found.expect("a verifier")
    };
    let old = of("node=18", "Node");
    assert_eq!((&old["accepts"], &old["not_known"]), (&json!(true), &Value::Null), "{old}");
    assert_eq!(old["release"], "18.20.4 on the system's OpenSSL 3.0");
    assert_eq!(of("openssl=3.0", "OpenSSL -x509_strict")["release"], "3.0.20 to 3.0.22");
    let unknown = of("node=16", "Node");
    assert_eq!((&unknown["accepts"], &unknown["release"]), (&Value::Null, &Value::Null), "{unknown}");
    assert!(unknown["not_known"].as_str().unwrap_or_default().contains("was not measured"), "{unknown}");
    lab.tlslab(["inspect", "cert.pem", "--who", "--who-version", "node=16"])
        .success()
        .prints("Node                  not known: this version was not measured, but 18.20.4")
        .prints("as these releases were measured");
    lab.tlslab(["inspect", "cert.pem", "--who", "--who-version", "nodejs=18"])
        .status(2)
        .says("expected one of openssl, python, curl");
}

#[test]
fn who_finds_the_chain_in_the_file_and_refuses_what_cannot_be() {
    let lab = Lab::new();
    lab.gencert(&["--profile", "ca", "--cn", "Test CA", "--out", "ca"]);
    lab.gencert(&["--ca", "ca/cert.pem", "--ca-key", "ca/clearkey.pem"]);
    let run = lab.tlslab(["inspect", "cert.pem", "--who", "--json"]).success();
    let who = run.json()["who"].clone();
    assert_eq!(who.as_array().map(Vec::len), Some(1), "{who}");
    assert_eq!((&who[0]["model"], &who[0]["issuers"]), (&json!("ca"), &json!(1)));
    lab.tlslab(["inspect", "ca/cert.pem", "--who", "--as", "ca-issued"])
        .status(1)
        .says("found one that is its own issuer");
    lab.tlslab(["inspect", "clearkey.pem", "--who"]).status(1).says("expected a certificate, found none");
    lab.tlslab(["inspect", "cert.pem", "--as", "pinned"]).status(2).says("--who");
}
