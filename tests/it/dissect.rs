//! `tlslab dissect`: what it says of a capture is what tshark says, and what an observer can read is found.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::lab::{Lab, Server, TLSLAB, peer, run, run_with_input};
use crate::openssl;

/// Runs clients through a tap, each with `input`; returns the capture.
fn record(
    lab: &Lab,
    to: &str,
    arguments: &[&str],
    clients: &[&dyn Fn(&str) -> std::process::Command],
) -> PathBuf {
    let mut command = lab.command(TLSLAB);
    command.args(["tap", "--listen", "127.0.0.1:0", "--to", to, "--pcap", "lab.pcapng"]).args(arguments);
    let tap = Server::start(&mut command);
    for client in clients {
        let done = run_with_input(&mut client(&tap.to_word()), b"the secret\nCLOSE\n");
        assert!(done.stdout.contains("terces eht"), "the client talked to the server: {done}");
    }
    assert!(tap.stop().0.success());
    lab.file("lab.pcapng")
}

fn s_client<'a>(lab: &'a Lab, arguments: &'a [&'a str]) -> impl Fn(&str) -> std::process::Command + 'a {
    move |address| {
        let mut command = lab.command("openssl");
        command
            .args(["s_client", "-connect", address, "-quiet", "-servername", "www.test.org"])
            .args(arguments);
        command
    }
}

fn dissect(lab: &Lab, capture: &Path, arguments: &[&str]) -> Value {
    let mut command = lab.command(TLSLAB);
    command.arg("dissect").arg(capture).arg("--json").args(arguments);
    let done = run(&mut command);
    assert!(done.code() < 2, "{done}");
    done.json()
}

/// tshark's fields of each packet that has any of them, cells split at commas.
fn tshark(lab: &Lab, capture: &Path, fields: &[&str]) -> Vec<Vec<Vec<String>>> {
    let mut command = lab.command("tshark");
    command.arg("-r").arg(capture).args(["-Y", "tls", "-T", "fields"]);
    for field in fields {
        command.args(["-e", field]);
    }
    let cells = |cell: &str| cell.split(',').filter(|cell| !cell.is_empty()).map(str::to_owned).collect();
    run(&mut command).success().stdout.lines().map(|line| line.split('\t').map(cells).collect()).collect()
}

fn strings(values: &Value) -> Vec<&str> {
    values.as_array().unwrap().iter().map(|value| value.as_str().unwrap()).collect()
}

/// Compares what an observer sees with tshark, field by field; returns how many records were compared.
fn agree_with_tshark(lab: &Lab, capture: &Path) -> usize {
    let fields = [
        "tcp.stream",
        "tls.record.length",
        "tls.handshake.type",
        "tls.handshake.extensions_server_name",
        "tls.handshake.ja3",
        "tls.handshake.ja3s",
        "tls.handshake.extension.type",
    ];
    let lines = tshark(lab, capture, &fields);
    let ours = dissect(lab, capture, &[]);
    let mut compared = 0;
    for (stream, session) in ours["sessions"].as_array().unwrap().iter().enumerate() {
        let theirs = |field: usize| -> Vec<String> {
            let of_stream = lines.iter().filter(|line| line[0] == [stream.to_string()]);
            of_stream.flat_map(|line| line[field].clone()).collect()
        };
        let events = session["events"].as_array().unwrap();
        let lengths: Vec<String> =
            events.iter().map(|event| (event["bytes"].as_u64().unwrap() - 5).to_string()).collect();
        assert_eq!(lengths, theirs(1), "record lengths of session {}", stream + 1);
        compared += lengths.len();
        let types: Vec<String> = events
            .iter()
            .flat_map(|event| event["messages"].as_array().unwrap())
            .filter_map(|message| message["handshake"].as_str().map(|_| message["type"].to_string()))
            .collect();
        assert_eq!(types, theirs(2), "handshake messages of session {}", stream + 1);
        let tls = &session["tls"];
        let (hello, answer) = (&tls["client_hello"], &tls["server_hello"]);
        assert_eq!(hello["server_name"].as_str().into_iter().collect::<Vec<_>>(), theirs(3));
        let first = |field: usize| Value::from(theirs(field).first().cloned());
        assert_eq!((&hello["ja3"], &answer["ja3s"]), (&first(4), &first(5)));
        let extensions: Vec<String> = [hello, answer]
            .iter()
            .flat_map(|hello| hello["extensions"].as_array().unwrap())
            .map(|extension| extension["code"].to_string())
            .collect();
        assert_eq!(extensions, theirs(6), "extensions of session {}", stream + 1);
    }
    compared
}

#[test]
fn an_observer_sees_what_tshark_sees() {
    if !peer("tshark") || !peer("openssl") {
        return;
    }
    let lab = Lab::new();
    openssl::certificate(&lab);
    let server = openssl::server(&lab, &[]);
    let suites = ["-tls1_2", "-cipher", "ECDHE-ECDSA-CHACHA20-POLY1305"];
    let capture = record(
        &lab,
        &server.to_word(),
        &[],
        &[
            &s_client(&lab, &["-tls1_3"]),
            &s_client(&lab, &["-tls1_2"]),
            &s_client(&lab, &["-tls1_3", "-groups", "P-384:P-256"]),
            &s_client(&lab, &["-alpn", "h2,http/1.1"]),
            &s_client(&lab, &suites),
        ],
    );
    assert!(agree_with_tshark(&lab, &capture) > 60);
    // The same in other formats of capture.
    for format in ["pcap", "nsecpcap"] {
        let other = lab.file(format);
        let mut editcap = lab.command("editcap");
        run(editcap.args(["-F", format]).arg(&capture).arg(&other)).success();
        let (one, two) = (dissect(&lab, &capture, &[]), dissect(&lab, &other, &[]));
        for (one, two) in one["sessions"].as_array().unwrap().iter().zip(two["sessions"].as_array().unwrap())
        {
            assert_eq!(one["tls"], two["tls"], "{format}");
            assert_eq!(one["bytes"], two["bytes"], "{format}");
        }
    }
    // Packets cut short by a snap length: what is missing is said, nothing is invented.
    let cut = lab.file("cut.pcapng");
    run(lab.command("editcap").args(["-s", "200"]).arg(&capture).arg(&cut)).success();
    let cut = dissect(&lab, &cut, &[]);
    assert!(cut["missing_bytes"].as_u64().unwrap() > 1000, "{}", cut["missing_bytes"]);
    // Half a file.
    let bytes = std::fs::read(&capture).unwrap();
    let half = lab.write("half.pcapng", &bytes[..=bytes.len() / 2]);
    let done = lab.tlslab([Path::new("dissect"), &half]).success();
    assert!(done.stderr.contains("the capture is cut off after"), "{done}");
}

#[test]
fn a_hello_retry_request_is_told() {
    if !peer("openssl") {
        return;
    }
    let lab = Lab::new();
    openssl::certificate(&lab);
    let server = openssl::server(&lab, &["-groups", "P-384"]);
    let capture =
        record(&lab, &server.to_word(), &[], &[&s_client(&lab, &["-tls1_3", "-groups", "X25519:P-384"])]);
    let tls = &dissect(&lab, &capture, &[])["sessions"][0]["tls"];
    assert_eq!(tls["hello_retry_request"]["group"], "secp384r1");
    assert_eq!(tls["client_hello"]["key_shares"][0]["group"], "x25519");
    assert_eq!(tls["second_client_hello"]["key_shares"][0]["group"], "secp384r1");
    assert_eq!((&tls["group"], &tls["resumed"]), (&Value::from("secp384r1"), &Value::from(false)));
}

#[test]
fn the_certificate_shows_in_tls_1_2_and_not_in_1_3() {
    if !peer("openssl") {
        return;
    }
    let lab = Lab::new();
    openssl::certificate(&lab);
    let server = openssl::server(&lab, &[]);
    let clients: [&dyn Fn(&str) -> std::process::Command; 2] =
        [&s_client(&lab, &["-tls1_2"]), &s_client(&lab, &["-tls1_3"])];
    let capture = record(&lab, &server.to_word(), &[], &clients);
    let report = dissect(&lab, &capture, &[]);
    let [old, new] = [&report["sessions"][0], &report["sessions"][1]];
    assert_eq!(old["tls"]["server_certificates"][0]["subject"], "/C=AU/O=Test/CN=www.test.org");
    assert!(
        strings(&old["observer_learns"])
            .contains(&"the server's certificate, in full: /C=AU/O=Test/CN=www.test.org")
    );
    assert_eq!(new["tls"]["server_certificates"], Value::Array(vec![]));
    assert!(
        strings(&new["observer_does_not_learn"])
            .contains(&"the server's certificate: TLS 1.3 sends it encrypted")
    );
    for session in [old, new] {
        assert!(
            strings(&session["observer_learns"])
                .contains(&"the name that the client asks for: www.test.org (SNI)")
        );
        // Two lines of 17 octets with their ends, in one record or two.
        let learns = strings(&session["observer_learns"]);
        let sizes = learns.into_iter().find(|text| text.contains("how much was said")).unwrap();
        assert!(sizes.contains(" of 17") || sizes.contains(" of 11, 6"), "{sizes}");
    }
}

#[test]
fn a_text_is_readable_in_plaintext_and_nowhere_in_tls() {
    let lab = Lab::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let to = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || std::io::copy(&mut &stream, &mut &stream));
        }
    });
    let mut command = lab.command(TLSLAB);
    command.args(["tap", "--listen", "127.0.0.1:0", "--to", &to, "--pcap", "plain.pcapng"]);
    let tap = Server::start(&mut command);
    {
        use std::io::{Read, Write};
        let mut stream = std::net::TcpStream::connect(tap.address()).unwrap();
        stream.write_all(b"my password is hunter2\n").unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        stream.read_to_end(&mut Vec::new()).unwrap();
    }
    assert!(tap.stop().0.success());
    let done = lab.tlslab(["dissect", "plain.pcapng", "--find", "hunter2", "--find", "letmein"]).status(1);
    assert!(
        done.stdout.ends_with(
            "“hunter2” is READABLE on the wire, 2 times:\n  session 1, byte 15 of what the client sent, as raw\n  \
             session 1, byte 15 of what the server sent, as raw\n“letmein” is nowhere readable on the wire\n"
        ),
        "{done}"
    );
    assert!(done.stdout.contains("“my password is hunter2"), "{done}");
    let report = dissect(&lab, &lab.file("plain.pcapng"), &["--find", "hunter2"]);
    assert_eq!((&report["readable"], &report["exit_status"]), (&Value::Bool(true), &Value::from(1)));
    assert_eq!(report["find"][0]["places"][0]["offset"], 15);
    lab.tlslab(["dissect", "plain.pcapng", "--find", "letmein"]).success();

    if peer("openssl") {
        openssl::certificate(&lab);
        let server = openssl::server(&lab, &[]);
        let capture = record(&lab, &server.to_word(), &[], &[&s_client(&lab, &[])]);
        let done = lab.tlslab(["dissect", capture.to_str().unwrap(), "--find", "the secret"]).success();
        assert!(done.stdout.ends_with("“the secret” is nowhere readable on the wire\n"), "{done}");
        assert!(done.stdout.lines().all(|line| line.chars().count() <= 80), "80 columns: {done}");
    }
}

#[test]
fn what_cannot_be_read_is_said() {
    let lab = Lab::new();
    lab.tlslab(["dissect", "absent.pcapng"])
        .status(2)
        .says("tlslab: error: absent.pcapng: cannot read: No such file or directory");
    lab.write("cert.pem", "-----BEGIN CERTIFICATE-----\n");
    lab.tlslab(["dissect", "cert.pem"])
        .status(2)
        .says(
            "tlslab: error: cert.pem: not a capture: expected pcap or pcapng, found a file that begins with 2d2d2d2d\n",
        )
        .says("tlslab: hint: record one with `tlslab tap --pcap lab.pcapng`");
    lab.tlslab(["dissect", "cert.pem", "--find", ""]).status(2).says("--find: an empty text is everywhere");
}
