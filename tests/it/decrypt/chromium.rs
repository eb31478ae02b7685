//! Chromium (BoringSSL) against `tlslab serve --www`: GREASE, permuted extensions and a hybrid key share.
//!
//! A browser opens connections as it likes, also some that it never uses: every one of them is compared.

use super::*;

/// Visits the page once, through a tap; returns the capture.
fn visit(lab: &Lab, version: &str) -> PathBuf {
    lab.gencert(&[]);
    let server = lab.serve(&["--www", "--tls", version]);
    let capture = lab.file("capture.pcapng");
    let mut tap = lab.command(TLSLAB);
    tap.args(["tap", "--listen", "127.0.0.1:0", "--keylog", "keys.log", "--to", &server.to_word(), "--pcap"]);
    let tap = Server::start(tap.arg(&capture));
    let pin = lab.tlslab(["inspect", "cert.pem", "--json"]).success().json();
    let pin = pin["certificates"][0]["spki_pin"].as_str().and_then(|pin| pin.strip_prefix("sha256/"));
    let pin = pin.expect("the key's pin").to_owned();
    let mut browser = lab.command("chromium");
    browser.env("SSLKEYLOGFILE", lab.file("keys.log")).args([
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--host-resolver-rules=MAP www.test.org 127.0.0.1",
        "--dump-dom",
    ]);
    browser.arg(format!("--user-data-dir={}", lab.file("profile").display()));
    browser.arg(format!("--ignore-certificate-errors-spki-list={pin}"));
    let done = run(browser.arg(format!("https://www.test.org:{}/", tap.port()))).success();
    assert!(done.stdout.contains("This TLS session"), "{done}");
    let (exit, said) = tap.stop();
    assert!(exit.success(), "{said}");
    capture
}

/// tshark's fields of a TCP stream's first hello of that kind, cells split at commas.
fn hello_fields<const N: usize>(
    lab: &Lab,
    capture: &Path,
    stream: usize,
    kind: u8,
    fields: [&str; N],
) -> [Vec<String>; N] {
    let mut command = lab.command("tshark");
    let filter = format!("tcp.stream == {stream} && tls.handshake.type == {kind}");
    command.arg("-r").arg(capture).args(["-Y", &filter, "-T", "fields"]);
    for field in fields {
        command.args(["-e", &format!("tls.handshake.{field}")]);
    }
    let done = run(&mut command).success();
    let mut cells = done.stdout.lines().next().unwrap_or_default().split('\t');
    fields.map(|_| {
        let cell = cells.next().unwrap_or_default();
        cell.split(',').filter(|cell| !cell.is_empty()).map(str::to_owned).collect()
    })
}

/// Compares what an observer sees of both hellos of a TCP stream.
fn hellos_agree(lab: &Lab, capture: &Path, stream: usize, tls: &Value) {
    let extensions = |hello: &Value| -> Vec<String> {
        hello["extensions"].as_array().unwrap().iter().map(|it| it["code"].to_string()).collect()
    };
    let hello = &tls["client_hello"];
    let fields = [
        "extension.type",
        "ja3",
        "extensions_server_name",
        "extensions_alpn_str",
        "ciphersuite",
        "extensions_supported_group",
        "sig_hash_alg",
        "extensions_key_share_group",
    ];
    let [kinds, ja3, name, alpn, suites, groups, schemes, shares] =
        hello_fields(lab, capture, stream, 1, fields);
    assert_eq!(extensions(hello), kinds, "in their order: {hello}");
    assert_eq!(hello["ja3"], ja3.concat());
    assert_eq!(hello["server_name"], name.concat());
    assert_eq!(hello["alpn"], serde_json::json!(alpn));
    // JA3 leaves GREASE out; here it counts.
    for (field, theirs) in [
        ("cipher_suites", &suites),
        ("groups", &groups),
        ("signature_schemes", &schemes),
        ("key_shares", &shares),
    ] {
        assert_eq!(hello[field].as_array().unwrap().len(), theirs.len(), "{field}: {hello}");
    }
    assert!(shares.contains(&0x11ec.to_string()), "a share of X25519MLKEM768: {shares:?}");

    let answer = &tls["server_hello"];
    let [mut kinds, ja3s] = hello_fields(lab, capture, stream, 2, ["extension.type", "ja3s"]);
    // tshark goes on with the EncryptedExtensions of the same packet.
    kinds.truncate(extensions(answer).len());
    assert_eq!(extensions(answer), kinds, "in their order: {answer}");
    assert_eq!(answer["ja3s"], ja3s.concat());
}

#[test]
fn chromium_with_both_versions() {
    if !have(&["tshark"]) || !peer("chromium") {
        return;
    }
    let mut fingerprints = Vec::new();
    for version in ["1.3", "1.2"] {
        let lab = Lab::new();
        let capture = visit(&lab, version);
        let sessions = sessions(&lab, &capture);
        let mut visits = 0;
        for (stream, session) in sessions.iter().enumerate() {
            let told = told(session);
            assert_eq!(told, tshark(&lab, &capture, stream), "{version}: {session}");
            let tls = &session["tls"];
            assert_eq!(tls["opening_trouble"], Value::Null, "{version}");
            hellos_agree(&lab, &capture, stream, tls);
            assert_eq!(tls["version"], format!("TLS {version}"), "{session}");
            let hello = tls["client_hello"].to_string();
            assert!(hello.contains("GREASE (0x") && hello.contains("X25519MLKEM768"), "{hello}");
            if version == "1.3" {
                assert_eq!(tls["server_hello"]["group"], "X25519MLKEM768", "{session}");
            }
            let (request, answer) =
                (tlslab::words::hex(b"GET / HTTP/1.1"), tlslab::words::hex(b"HTTP/1.1 200"));
            if told.data.iter().any(|data| data.starts_with(&request)) {
                visits += 1;
                assert!(told.data.iter().any(|data| data.starts_with(&answer)), "{version}: {told:?}");
                assert_eq!(told.handshake.iter().filter(|kind| *kind == "20").count(), 2, "{told:?}");
            }
        }
        assert_eq!(visits, 1, "{version}: {sessions:?}");
        fingerprints.push(sessions[0]["tls"]["client_hello"].clone());
    }
    // The extensions stand in another order each time, which JA3 sees and JA4 does not.
    assert_ne!(fingerprints[0]["ja3"], fingerprints[1]["ja3"]);
    assert_eq!(fingerprints[0]["ja4"], fingerprints[1]["ja4"]);
}
