//! `tlslab dissect`: what it says of a capture is what tshark says, and what an observer can read is found.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use tlslab::wire::extension::Extension;
use tlslab::wire::frames::Conversation;
use tlslab::wire::hello::{ClientHello, ServerHello};
use tlslab::wire::{Both, Side, pcapng, write};

use crate::lab::{Lab, Run, Server, TLSLAB, peer, run, run_with_input};
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
    let done = dissect_json(lab, capture, arguments);
    assert!(done.code() < 2, "{done}");
    done.json()
}

fn dissect_json(lab: &Lab, capture: &Path, arguments: &[&str]) -> Run {
    let mut command = lab.command(TLSLAB);
    command.arg("dissect").arg(capture).arg("--json").args(arguments);
    run(&mut command)
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
        // A group that the server does not have makes four of two.
        let hellos: Vec<&Value> =
            ["client_hello", "hello_retry_request", "second_client_hello", "server_hello"]
                .iter()
                .map(|which| &session["tls"][which])
                .filter(|hello| !hello.is_null())
                .collect();
        for (field, key) in [(3, "server_name"), (4, "ja3"), (5, "ja3s")] {
            let values: Vec<&str> = hellos.iter().filter_map(|hello| hello[key].as_str()).collect();
            assert_eq!(values, theirs(field), "{key} of session {}", stream + 1);
        }
        let extensions: Vec<String> = hellos
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
        // Two lines of 17 bytes with their ends, in one record or two.
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

/// A capture of what is said, each in a packet of its own (or as many as it needs); packets in `lost` are left out.
fn capture(lab: &Lab, name: &str, said: &[(Side, &[u8])], lost: &[usize]) -> PathBuf {
    let mut file = Vec::new();
    pcapng::start(&mut file, "a test", "synthetic", "lab");
    let (client, server) = ("192.0.2.1:40000".parse().unwrap(), "192.0.2.2:443".parse().unwrap());
    let mut conversation = Conversation::new(client, server, Both::default());
    let mut packets: Vec<Vec<u8>> = Vec::new();
    let mut emit = |headers: &[u8], payload: &[u8]| packets.push([headers, payload].concat());
    conversation.open(&mut emit);
    for (side, data) in said {
        conversation.data(*side, data, &mut emit);
    }
    conversation.finish(Side::Client, &mut emit);
    conversation.finish(Side::Server, &mut emit);
    for (index, packet) in packets.iter().enumerate().filter(|(index, _)| !lost.contains(index)) {
        let at = Duration::from_secs(1_700_000_000) + Duration::from_millis(index as u64);
        pcapng::packet(&mut file, at, packet, &[]);
    }
    lab.write(name, &file)
}

/// A ClientHello's record.
fn hello(suites: &[u16], extensions: Vec<Extension>) -> Vec<u8> {
    let hello =
        ClientHello { cipher_suites: suites.to_vec(), extensions, ..ClientHello::new(0x0303, [7; 32]) };
    write::record(22, 0x0301, &write::message(1, &hello.write()))
}

fn server_hello(suite: u16, extensions: Vec<Extension>) -> Vec<u8> {
    let hello = ServerHello { extensions, ..ServerHello::new(0x0303, [1; 32], suite) };
    write::record(22, 0x0303, &write::message(2, &hello.write()))
}

#[test]
fn tls_without_its_beginning_is_tls_and_what_nobody_knows_is_not_called_plaintext() {
    let lab = Lab::new();
    let data = write::record(23, 0x0303, &[0xe6; 20]);
    let older = capture(&lab, "older.pcapng", &[(Side::Client, &data), (Side::Server, &data)], &[0, 1, 2]);
    let done = lab.tlslab([Path::new("dissect"), &older]).success();
    assert!(done.stdout.contains("192.0.2.2:443, TLS, begun before the capture\n"), "{done}");
    assert!(done.stdout.contains("+ that it is TLS, by its records: it began before the capture"), "{done}");
    assert!(!done.stdout.contains("readable, whatever"), "{done}");
    let session = &dissect(&lab, &older, &[])["sessions"][0];
    assert_eq!((&session["protocol"], &session["begun_before_capture"]), (&"tls".into(), &true.into()));

    let noise = capture(&lab, "noise.pcapng", &[(Side::Client, &[0x91; 60])], &[0, 1, 2]);
    let done = lab.tlslab([Path::new("dissect"), &noise]).success();
    assert!(done.stdout.contains(", not known: begun before the capture\n"), "{done}");
    assert!(!done.stdout.contains("everything that was said"), "{done}");
    assert_eq!(dissect(&lab, &noise, &[])["sessions"][0]["protocol"], "unknown");
}

#[test]
fn a_hello_is_found_behind_a_proxy_header_and_in_ssl_2_s_form() {
    let lab = Lab::new();
    let first = [&b"PROXY TCP4 192.0.2.1 192.0.2.2 40000 443\r\n"[..], &hello(&[0xc02f], vec![])].concat();
    let answer = server_hello(0xc02f, vec![]);
    let path = capture(&lab, "proxy.pcapng", &[(Side::Client, &first), (Side::Server, &answer)], &[]);
    let done = lab.tlslab([Path::new("dissect"), &path]).success();
    assert!(done.stdout.contains("TLS 1.2\n"), "{done}");
    assert!(done.stdout.contains("+ what was said before TLS began: 42 bytes in plaintext"), "{done}");

    let first = write::sslv2_client_hello(0x0303, &[0x9c, 0x01_0080], &[], &[7; 16]);
    let path = capture(&lab, "v2.pcapng", &[(Side::Client, &first), (Side::Server, &answer)], &[]);
    let done = lab.tlslab([Path::new("dissect"), &path]).success();
    assert!(done.stdout.contains("SSL 2 CLIENT-HELLO"), "{done}");
    assert!(done.stdout.contains("ClientHello, in SSL 2's form: what the client offers"), "{done}");
    assert!(done.stdout.contains("TLS_RSA_WITH_AES_128_GCM_SHA256, SSL_CK_RC4_128_WITH_MD5"), "{done}");
    assert!(done.stdout.contains("443, TLS 1.2\n") && !done.stdout.contains("plaintext"), "{done}");
}

#[test]
fn early_data_is_counted_and_the_end_of_the_handshake_is_not() {
    let lab = Lab::new();
    // The bytes of content; a type and a tag come to them.
    let sealed = |content: usize| write::record(23, 0x0303, &vec![9; content + 17]);
    let offers = vec![
        Extension::empty(42),
        Extension::supported_versions(&[0x0304]),
        Extension::pre_shared_keys(&[(b"ticket", 0)], &[&[0; 48]]),
    ];
    let chooses = vec![Extension::selected_version(0x0304), Extension::selected_identity(0)];
    let (hello, answer) = (hello(&[0x1302], offers), server_hello(0x1302, chooses));
    let records = [sealed(27), sealed(10), sealed(52), sealed(4), sealed(52), sealed(2), sealed(65)];
    let said: Vec<(Side, &[u8])> = vec![
        (Side::Client, &hello),
        (Side::Client, &records[0]),
        (Side::Server, &answer),
        (Side::Server, &records[1]),
        (Side::Server, &records[2]),
        (Side::Client, &records[3]),
        (Side::Client, &records[4]),
        (Side::Server, &records[6]),
        (Side::Client, &records[5]),
    ];
    let session = &dissect(&lab, &capture(&lab, "early.pcapng", &said, &[]), &[])["sessions"][0];
    let learns = strings(&session["observer_learns"]);
    let sizes = learns.into_iter().find(|text| text.contains("how much was said")).unwrap();
    assert!(
        sizes.contains("the client sent 2 records of 27, 2 bytes; the server sent 1 record of 65 bytes"),
        "{sizes}"
    );
    assert!(sizes.contains("27 bytes at 0.00"), "{sizes}");
    // Without early data the client's first encrypted record ends the handshake.
    let said: Vec<(Side, &[u8])> =
        said.into_iter().filter(|(_, data)| *data != records[0] && *data != records[3]).collect();
    let session = &dissect(&lab, &capture(&lab, "none.pcapng", &said, &[]), &[])["sessions"][0];
    let learns = strings(&session["observer_learns"]);
    assert!(
        learns
            .iter()
            .any(|text| text.contains("the client sent 1 record of 2 bytes; the server sent 1 record")),
        "{learns:?}"
    );
}

#[test]
fn an_answer_in_plaintext_to_a_tls_client_is_shown_as_text() {
    let lab = Lab::new();
    let (hello, answer) = (hello(&[0xc02f], vec![]), b"HTTP/1.1 400 Bad Request\r\n\r\nhunter2\n");
    let path = capture(&lab, "http.pcapng", &[(Side::Client, &hello), (Side::Server, answer)], &[]);
    let done = lab.tlslab([Path::new("dissect"), &path]).success();
    assert!(done.stdout.contains("\u{201c}HTTP/1.1 400 Bad Request"), "{done}");
    assert!(done.stdout.contains("that the server does not speak TLS here; it says:"), "{done}");
}

#[test]
fn one_side_of_a_session_says_nothing_of_the_other() {
    let lab = Lab::new();
    let hello = hello(&[0xc02f], vec![]);
    let flight = [
        write::record(22, 0x0303, &write::message(16, &[1; 60])),
        write::change_cipher_spec(0x0303),
        write::record(22, 0x0303, &[0xe5; 40]),
        write::record(23, 0x0303, &[0xe5; 40]),
    ]
    .concat();
    let path = capture(&lab, "one.pcapng", &[(Side::Client, &hello), (Side::Client, &flight)], &[1, 4, 6]);
    let done = lab.tlslab([Path::new("dissect"), &path]).success();
    assert!(done.stdout.contains("handshake \u{2591}"), "encrypted: {done}");
    assert!(!done.stdout.contains("handshake message 229"), "{done}");
    assert!(!done.stdout.contains("the server sent 0 records"), "{done}");
    assert!(done.stdout.contains("TLS, no answer of the server's captured"), "{done}");
    assert!(done.stdout.contains("what was agreed on: no answer of the server's was captured"), "{done}");
    assert!(!done.stdout.contains("and 0 bytes of encrypted"), "{done}");
}

#[test]
fn a_compressed_capture_is_read_and_other_compression_has_a_hint() {
    let lab = Lab::new();
    let plain = capture(&lab, "plain.pcapng", &[(Side::Client, b"the secret word")], &[]);
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut encoder, &std::fs::read(plain).unwrap()).unwrap();
    let packed = lab.write("packed.pcapng.gz", encoder.finish().unwrap());
    lab.tlslab([Path::new("dissect"), &packed, Path::new("--find"), Path::new("secret")]).status(1);
    lab.write("packed.zst", [0x28_u8, 0xb5, 0x2f, 0xfd, 0, 0]);
    lab.tlslab(["dissect", "packed.zst"])
        .status(2)
        .says("tlslab: hint: unpack it on the way: `zstdcat packed.zst | tlslab dissect -`");
}

#[test]
fn nowhere_is_said_only_where_everything_was_looked_at() {
    let lab = Lab::new();
    let said: &[(Side, &[u8])] =
        &[(Side::Client, b"one"), (Side::Client, b"the secret word"), (Side::Client, b"three")];
    let whole = capture(&lab, "whole.pcapng", said, &[]);
    let find = |path: &Path, text: &str| {
        lab.tlslab([Path::new("dissect"), path, Path::new("--find"), Path::new(text)])
    };
    assert!(find(&whole, "nothing").success().stdout.contains("is nowhere readable on the wire"));
    find(&whole, "secret").status(1);
    // The packet that it is in is missing.
    let gap = capture(&lab, "gap.pcapng", said, &[5]);
    let done = find(&gap, "secret").status(2);
    assert!(
        done.stdout.contains("was not found, and not everything was looked at:\n  15 bytes of TCP streams"),
        "{done}"
    );
    let report = dissect_json(&lab, &gap, &["--find", "secret"]).status(2).json();
    assert_eq!((&report["readable"], &report["exit_status"]), (&Value::Null, &2.into()));
    find(&gap, "three").status(1);
    // The file is cut off, or goes on with something else.
    let bytes = std::fs::read(&whole).unwrap();
    let cut = lab.write("cut.pcapng", &bytes[..bytes.len() - 10]);
    find(&cut, "nothing").status(2).says("the capture is cut off after");
    let unknown = [&bytes[..], &[0xad, 0x0b, 0, 0, 16, 0, 0, 0, 1, 2, 3, 4, 16, 0, 0, 0]].concat();
    find(&lab.write("unknown.pcapng", &unknown), "nothing")
        .status(2)
        .says("1 block of a kind that is not known");
}

#[cfg(target_os = "linux")]
#[test]
fn what_costs_a_peer_four_bytes_does_not_cost_an_observer_more_than_it_is_worth() {
    let lab = Lab::new();
    let many: Vec<Extension> = (0..16_000).map(Extension::empty).collect();
    let hello =
        ClientHello { cipher_suites: vec![0x1301], extensions: many, ..ClientHello::new(0x0303, [7; 32]) };
    let hello = write::records(22, 0x0301, &write::message(1, &hello.write()), 1 << 14);
    let empties = write::record(22, 0x0303, &[0; 1 << 14]);
    // Twelve megabytes of hellos in connections of their own, then of records full of empty messages.
    let mut file = Vec::new();
    pcapng::start(&mut file, "a test", "synthetic", "lab");
    for port in 1..200_u16 {
        let client = SocketAddr::from(([10, 0, 0, 1], port));
        let mut conversation = Conversation::new(client, "10.0.0.2:443".parse().unwrap(), Both::default());
        let mut emit = |headers: &[u8], payload: &[u8]| {
            pcapng::packet(&mut file, Duration::from_secs(1), headers, payload);
        };
        conversation.open(&mut emit);
        conversation.data(Side::Client, &hello, &mut emit);
        for _ in 0..3 {
            conversation.data(Side::Client, &empties, &mut emit);
        }
    }
    assert!(file.len() > 20 << 20);
    let path = lab.write("many.pcapng", &file);
    for arguments in ["", "--json", "--html page.html"] {
        let command = format!("ulimit -v 262144; exec '{TLSLAB}' dissect '{}' {arguments}", path.display());
        let done = run(lab.command("sh").args(["-c", &command])).success();
        assert!(done.stdout.len() < file.len(), "{} of {}", done.stdout.len(), file.len());
        if arguments == "--json" {
            let report = done.json();
            let hello = &report["sessions"][0]["tls"]["client_hello"];
            let listed = hello["extensions"].as_array().unwrap().len() as u64;
            assert_eq!(listed + hello["unlisted_extensions"].as_u64().unwrap(), 16_000);
        }
    }
}
