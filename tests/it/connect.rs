//! `tlslab connect`, from outside: against servers made here, good ones and bad ones, and what each end saw.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::JoinHandle;

use rustls::{AlertDescription, ServerConfig, ServerConnection, StreamOwned};
use serde_json::json;
use tlslab::pki::files::{KeyFile, read_certificates, read_private_key};
use tlslab::server::Identity;

use crate::capture::{mode, tshark};
use crate::lab::{Lab, Run, TLSLAB, peer, run, signal};
use crate::openssl;

/// A server for one peer, who is handed to `behaviour`; joined for what that returns.
fn once<T: Send + 'static>(
    behaviour: impl FnOnce(TcpStream) -> T + Send + 'static,
) -> (SocketAddr, JoinHandle<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("bind a free port");
    let address = listener.local_addr().expect("the bound address");
    let server = std::thread::spawn(move || behaviour(listener.accept().expect("accept").0));
    (address, server)
}

/// A bench with the lab's default certificate.
fn bench() -> Lab {
    let lab = Lab::new();
    lab.gencert(&[]);
    lab
}

fn connect(lab: &Lab, address: SocketAddr, arguments: &[&str]) -> Run {
    let address = address.to_string();
    lab.tlslab(["connect", &address].iter().chain(arguments))
}

/// Reads the ClientHello, says `answer`, and waits for the peer to go.
fn answering(answer: &'static [u8]) -> SocketAddr {
    once(move |mut peer| {
        let _ = peer.read(&mut [0; 4096]).expect("a ClientHello");
        peer.write_all(answer).expect("answer");
        let _ = peer.read_to_end(&mut Vec::new());
    })
    .0
}

/// What a TLS server saw of its one client.
#[derive(Debug, PartialEq)]
struct Seen {
    sni: Option<String>,
    /// Application bytes.
    received: Vec<u8>,
    /// The alert that ended it.
    alert: Option<AlertDescription>,
}

type Tls = StreamOwned<ServerConnection, TcpStream>;

/// A TLS server in this process with the bench's certificate: `behaviour` talks, then everything is read.
fn tls_server(
    lab: &Lab,
    behaviour: impl FnOnce(&mut Tls) -> std::io::Result<()> + Send + 'static,
) -> (SocketAddr, JoinHandle<Seen>) {
    let chain = read_certificates(&lab.file("cert.pem")).expect("cert.pem");
    let Ok(KeyFile::Clear(key)) = read_private_key(&lab.file("clearkey.pem")) else { panic!("clearkey.pem") };
    let identity = Identity::new(chain, &key).expect("a pair");
    let resolver = rustls::sign::SingleCertAndKey::from(identity.certified());
    let config = ServerConfig::builder_with_provider(tlslab::crypto::provider())
        .with_protocol_versions(rustls::ALL_VERSIONS)
        .expect("versions")
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(resolver));
    once(move |socket| {
        let connection = ServerConnection::new(Arc::new(config)).expect("a connection");
        let mut stream = StreamOwned::new(connection, socket);
        let mut received = Vec::new();
        let result = behaviour(&mut stream).and_then(|()| stream.read_to_end(&mut received));
        let alert = result.err().and_then(|error| match error.get_ref()?.downcast_ref()? {
            rustls::Error::AlertReceived(alert) => Some(*alert),
            _ => None,
        });
        Seen { sni: stream.conn.server_name().map(str::to_owned), received, alert }
    })
}

/// Reads one line byte by byte, so that nothing behind it is lost.
fn line(stream: &mut impl Read) -> std::io::Result<Vec<u8>> {
    let mut line = Vec::new();
    while line.last() != Some(&b'\n') {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        line.push(byte[0]);
    }
    Ok(line)
}

/// Says back each line until the client closes, and closes in good order.
fn echo(stream: &mut Tls) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream);
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line)? > 0 {
        lines.get_mut().write_all(&line)?;
        line.clear();
    }
    lines.get_mut().conn.send_close_notify();
    lines.get_mut().flush()
}

#[test]
fn a_good_server_is_verified_and_talked_to() {
    let lab = bench();
    for (tls, protocol) in [("1.2", "TLSv1.2"), ("1.3", "TLSv1.3")] {
        let (address, server) = tls_server(&lab, echo);
        let run = connect(&lab, address, &["--tls", tls, "--message", "hello", "--message", "world"]);
        let run = run.success().says(&format!("connecting to {address}, expecting www.test.org\n"));
        assert_eq!(run.stdout, "hello\nworld\n", "{run}");
        for check in ["trust", "name", "not-before", "not-after", "usage", "strength", "signature"] {
            assert!(run.stderr.contains(&format!("ok    {check:<10}  ")), "{check}\n{run}");
        }
        let run = run.says(&format!("{protocol}, TLS_"));
        assert!(!run.stderr.contains('\x1b'), "colour off a terminal\n{run}");
        let seen = server.join().expect("the server");
        assert_eq!((seen.sni.as_deref(), seen.alert), (Some("www.test.org"), None));
    }
}

#[test]
fn json_is_one_object_with_every_promised_field() {
    let lab = bench();
    let (address, _server) = tls_server(&lab, echo);
    let run = connect(&lab, address, &["--json", "--message", "hello"]).success();
    let report = run.json();
    assert_eq!(report["verdict"], "accepted");
    assert_eq!(report["exit_status"], 0);
    assert_eq!(report["reasons"], json!([]));
    assert_eq!(report["protocol"], "TLSv1.3");
    assert_eq!(report["cipher_suite"], "TLS_AES_128_GCM_SHA256");
    assert_eq!(report["key_exchange"], "X25519MLKEM768");
    assert_eq!((&report["sent_bytes"], &report["received_bytes"]), (&json!(6), &json!(6)));
    assert_eq!(report["replies"], json!(["hello"]));
    assert_eq!(report["address"], address.to_string());
    assert_eq!(report["certificate"]["san"], json!(["DNS:www.test.org"]));
    let checks: Vec<_> = report["checks"].as_array().expect("checks").iter().map(|c| &c["check"]).collect();
    assert_eq!(checks, ["trust", "name", "not-before", "not-after", "usage", "strength", "signature"]);
}

#[test]
fn a_refused_server_gets_the_right_alert_and_not_one_byte() {
    let lab = bench();
    let other = Lab::new();
    other.gencert(&[]);
    let stranger = other.file("cert.pem").display().to_string();
    let cases: [(&[&str], i32, &[&str], AlertDescription); 5] = [
        (&["--ca", &stranger], 10, &["untrusted"], AlertDescription::UnknownCA),
        (&["--cn", "www.example.org"], 11, &["wrong-name"], AlertDescription::BadCertificate),
        (&["--at", "2100-01-01"], 12, &["expired"], AlertDescription::CertificateExpired),
        (&["--at", "2000-01-01"], 13, &["not-yet-valid"], AlertDescription::CertificateExpired),
        (
            &["--cn", "www.example.org", "--at", "2100-01-01"],
            11,
            &["wrong-name", "expired"],
            AlertDescription::BadCertificate,
        ),
    ];
    for (arguments, status, reasons, alert) in cases {
        for tls in ["1.2", "1.3"] {
            let (address, server) = tls_server(&lab, |_| Ok(()));
            let arguments = [arguments, &["--tls", tls, "--json", "--message", "secret"]].concat();
            let run = connect(&lab, address, &arguments).status(status);
            let report = run.json();
            assert_eq!(report["verdict"], "rejected", "{run}");
            assert_eq!(report["exit_status"], status, "{run}");
            assert_eq!(report["reasons"], json!(reasons), "{run}");
            assert_eq!(report["checks"].as_array().map(Vec::len), Some(7), "{run}");
            assert_eq!((&report["sent_bytes"], &report["replies"]), (&json!(0), &json!([])), "{run}");
            let run = run
                .says(&format!("rejected: {}; nothing was sent (exit status {status})", reasons.join(", ")));
            let seen = server.join().expect("the server");
            assert_eq!((seen.received.as_slice(), seen.alert), (&b""[..], Some(alert)), "{run}");
        }
    }
}

#[test]
fn quiet_still_says_what_was_expected_and_found() {
    let lab = bench();
    let (address, _server) = tls_server(&lab, echo);
    let run = connect(&lab, address, &["-q", "--message", "hello"]).success();
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("hello\n", ""));

    let (address, _server) = tls_server(&lab, echo);
    let run = connect(&lab, address, &["-q", "--cn", "www.example.org", "--message", "hello"]).status(11);
    let run = run
        .says(&format!("tlslab: error: {address}: name: expected exactly one CN, equal to www.example.org"));
    assert!(!run.stderr.contains("connecting to"), "{run}");
}

#[test]
fn show_cert_shows_every_field() {
    let lab = bench();
    let (address, _server) = tls_server(&lab, echo);
    let run = connect(&lab, address, &["--show-cert"]).success();
    run.prints("subject  ").prints("serial  ").prints("CN=www.test.org").prints("DNS:www.test.org");
}

#[test]
fn an_address_as_name_is_not_sent_as_sni() {
    let lab = Lab::new();
    lab.gencert(&["--cn", "127.0.0.1", "--san", "127.0.0.1"]);
    let (address, server) = tls_server(&lab, echo);
    connect(&lab, address, &["--cn", "127.0.0.1"]).success();
    assert_eq!(server.join().expect("the server").sni, None);
}

#[test]
fn localhost_is_expected_to_be_the_labs_server() {
    let lab = bench();
    let (address, _server) = tls_server(&lab, echo);
    let target = format!("localhost:{}", address.port());
    lab.tlslab(["connect", &target, "--message", "hi"])
        .success()
        .says(&format!("connecting to {target}, expecting www.test.org"));
}

#[test]
fn stdin_is_sent_as_it_is_and_lines_may_be_longer_than_any_buffer() {
    let lab = bench();
    let mut input = vec![b'a'; 1_000_000];
    input.extend_from_slice("\nb\n\u{e9} without an end".as_bytes());
    let (address, _server) = tls_server(&lab, echo);
    let address = address.to_string();
    let run = lab.tlslab_with_input(["connect", &address, "-v"], &input).success();
    assert_eq!(run.stdout.as_bytes(), input);
    run.says(&format!("sent {0} bytes, received {0} bytes", input.len()));
}

/// A record with a TLS 1.0 ServerHello: no session id, TLS_RSA_WITH_AES_128_CBC_SHA, no compression.
const TLS10: [u8; 47] = {
    let mut hello = [0x5a; 47];
    let head = [22, 3, 1, 0, 42, 2, 0, 0, 38, 3, 1];
    let mut index = 0;
    while index < head.len() {
        hello[index] = head[index];
        index += 1;
    }
    hello[43] = 0;
    hello[44] = 0;
    hello[45] = 0x2f;
    hello[46] = 0;
    hello
};

#[test]
fn what_is_no_tls_server_is_named() {
    let lab = bench();
    let cases: [(&'static [u8], &str); 5] = [
        (
            b"220 mail.test.org ESMTP\r\n",
            "the server answered in plaintext: expected a TLS record, found `220 mail.test.org ESMTP`",
        ),
        (
            b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n",
            "the server answered in plaintext: expected a TLS record, found `HTTP/1.1 400 Bad Request`",
        ),
        (
            b"\x00\x01\x02\x03\xff\xfe\xfd",
            "the server does not speak TLS: expected a TLS record, found the bytes 00010203fffefd",
        ),
        (&TLS10, "the server chose TLS 1.0 and speaks nothing newer: expected TLS 1.2 or TLS 1.3"),
        (
            &[21, 3, 1, 0, 2, 2, 70],
            "the server speaks neither TLS 1.2 nor TLS 1.3 (alert protocol_version): \
             presumably only TLS 1.1 or older",
        ),
    ];
    for (answer, words) in cases {
        let address = answering(answer);
        let run = connect(&lab, address, &["--json", "--message", "secret"]).status(20);
        let report = run.json();
        assert_eq!(report["reasons"], json!(["handshake"]), "{run}");
        assert_eq!(report["error"], words, "{run}");
        assert_eq!((&report["checks"], &report["certificate"]), (&json!([]), &json!(null)), "{run}");
        run.says(&format!("tlslab: error: {address}: {words} (exit status 20)\n"));
    }
}

#[test]
fn a_plaintext_echo_server_is_seen_through() {
    let lab = bench();
    let (address, _server) = once(|peer| {
        let mut from = peer.try_clone().expect("a second handle");
        // It ends when the client does, well or not.
        let _ = std::io::copy(&mut from, &mut &peer);
    });
    connect(&lab, address, &["--message", "hi"])
        .status(20)
        .says("the server answered in plaintext: expected a ServerHello, found our own ClientHello, echoed")
        .says(&format!("hint: if that is meant: `tlslab connect {address} --plaintext` talks without TLS"));
}

#[test]
fn a_server_that_closes_in_the_handshake() {
    let lab = bench();
    let (address, _server) = once(|mut peer| {
        let _ = peer.read(&mut [0; 4096]).expect("a ClientHello");
    });
    connect(&lab, address, &["--message", "hi"])
        .status(20)
        .says("the server closed the connection during the handshake");
}

#[test]
fn silence_is_a_timeout() {
    let lab = bench();
    let (address, _server) = once(|mut peer| drop(peer.read_to_end(&mut Vec::new())));
    let run = connect(&lab, address, &["--timeout", "300ms", "--json", "--message", "hi"]).status(30);
    assert_eq!(run.json()["reasons"], json!(["timeout"]));
    run.says("timed out: the server did not complete the TLS handshake within 0.3 seconds")
        .says("hint: `--timeout 60s` waits longer");

    // The same once verified: the certificate was fine, and that is said.
    let (address, _server) = tls_server(&lab, |_| Ok(()));
    let run = connect(&lab, address, &["--timeout", "300ms", "--json", "--message", "hi"]).status(30);
    let report = run.json();
    assert_eq!((&report["reasons"], &report["sent_bytes"]), (&json!(["timeout"]), &json!(3)));
    assert_eq!(report["checks"][0]["ok"], true);
    run.says("timed out: no reply from the server within 0.3 seconds");
}

#[test]
fn nobody_there_is_the_network() {
    let lab = bench();
    let listener = TcpListener::bind("127.0.0.1:0").expect("bind a free port");
    let address = listener.local_addr().expect("the bound address");
    drop(listener);
    let run = connect(&lab, address, &["--json"]).status(30);
    assert_eq!(run.json()["reasons"], json!(["network"]));
    run.says(&format!("tlslab: error: {address}: cannot connect: connection refused (exit status 30)\n"))
        .says(&format!("hint: is the server running? `tlslab serve --listen {address}` starts one here"));

    // An empty label: no resolver has to be asked to know that it does not resolve.
    lab.tlslab(["connect", "a..b:1"]).status(30).says("a..b:1: the host name does not resolve");
}

#[test]
fn a_stream_that_is_cut_is_a_failure_where_something_is_missing() {
    let lab = bench();
    let reply = |text: &'static [u8]| {
        tls_server(&lab, move |stream| {
            line(stream)?;
            stream.write_all(text)?;
            stream.flush()?;
            // A bare end, no close_notify.
            stream.sock.shutdown(std::net::Shutdown::Write)
        })
        .0
    };
    let run = connect(&lab, reply(b"hello\n"), &["--message", "hi"]).success();
    assert_eq!(run.stdout, "hello\n");
    run.says("note  the server ended the connection without close_notify");

    let run = connect(&lab, reply(b"hel"), &["--message", "hi"]).status(20);
    assert_eq!(run.stdout, "hel");
    run.says("the connection was cut: expected close_notify at the end of the data, found a bare end");

    connect(&lab, reply(b""), &["--message", "hi"])
        .status(20)
        .says("the server closed the connection before it had answered: expected 1 reply line, found 0");
}

#[test]
fn plaintext_is_said_to_be() {
    let lab = Lab::new();
    let (address, server) = once(|mut peer| {
        let line = line(&mut peer).expect("a line");
        peer.write_all(&line).expect("answer");
        line
    });
    let run = connect(&lab, address, &["--plaintext", "--json", "--message", "hi"]).success();
    let run = run.says("warning: --plaintext: nothing is encrypted and nobody is verified");
    let report = run.json();
    assert_eq!((&report["verdict"], &report["protocol"]), (&json!("accepted"), &json!("plaintext")));
    assert_eq!((&report["checks"], &report["replies"]), (&json!([]), &json!(["hi"])));
    assert_eq!(server.join().expect("the server"), b"hi\n");
}

#[test]
fn what_is_wrong_on_our_side_is_said_before_anybody_is_called() {
    let lab = Lab::new();
    let run = lab.tlslab(["connect"]).status(1);
    run.says("cert.pem").says("no such file").says("tlslab gencert");

    lab.write("empty.pem", "");
    lab.tlslab(["connect", "--ca", "empty.pem"]).status(1).says("empty.pem: ");
    lab.tlslab(["connect", "--ca", "."]).status(1).says("directory");

    for (arguments, words) in [
        (&["connect", "https://www.test.org"][..], "a URL"),
        (&["connect", "::1"], "an IPv6 address goes in brackets"),
        (&["connect", "host:99999"], "a number from 1 to 65535"),
        (&["connect", "--timeout", "0s"], "more than nothing"),
        (&["connect", "--timeout", "soon"], "expected a duration such as 10s or 2m"),
        (&["connect", "--tls", "1.1"], r#"expected 1.2, 1.3 or 1.2-1.3, found "1.1""#),
        (&["connect", "--at", "tomorrow"], "expected a time such as"),
        (&["connect", "--cert", "cert.pem"], "--key"),
    ] {
        lab.tlslab(arguments).status(2).says(words);
    }
}

#[test]
fn a_key_log_that_cannot_be_written_is_named() {
    let lab = bench();
    lab.tlslab(["connect", "--keylog", "."]).status(1).says(".: cannot append to the key log");
}

#[cfg(unix)]
#[test]
fn the_key_log_is_private_and_the_environments_too() {
    use std::os::unix::fs::PermissionsExt;

    let lab = bench();
    let (address, _server) = tls_server(&lab, echo);
    connect(&lab, address, &["--keylog", "keys"]).success().says("keys: session secrets go here");
    let (address, _server) = tls_server(&lab, echo);
    let mut command = lab.command(TLSLAB);
    run(command.args(["connect", &address.to_string(), "--tls", "1.2"]).env("SSLKEYLOGFILE", "keys"))
        .success();
    let keys = lab.read("keys");
    assert!(keys.starts_with("CLIENT_HANDSHAKE_TRAFFIC_SECRET "), "{keys}");
    assert!(keys.contains("\nCLIENT_RANDOM "), "{keys}");
    let mode = std::fs::metadata(lab.file("keys")).expect("keys").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_server_that_wants_a_client_certificate_is_understood() {
    let lab = bench();
    let client = Lab::new();
    client.gencert(&["--profile", "client", "--cn", "student"]);
    let certificate = client.file("cert.pem").display().to_string();
    let key = client.file("clearkey.pem").display().to_string();
    let server = lab.serve(&["--client-ca", &certificate]);
    for tls in ["1.2", "1.3"] {
        let run = lab.tlslab(["connect", &server.to_word(), "--tls", tls, "--message", "hi"]).status(20);
        let run = run.says("the server asked for a client certificate, got none, and ended the connection");
        run.says("hint: `--cert FILE --key FILE` shows a client certificate");
        let run = lab
            .tlslab([
                "connect",
                &server.to_word(),
                "--tls",
                tls,
                "--message",
                "hi",
                "--cert",
                &certificate,
                "--key",
                &key,
            ])
            .success();
        assert_eq!(run.stdout, "hi\n");
    }
}

#[test]
fn certificate_and_key_that_do_not_belong_together() {
    let lab = bench();
    let other = Lab::new();
    other.gencert(&[]);
    let key = other.file("clearkey.pem").display().to_string();
    lab.tlslab(["connect", "--cert", "cert.pem", "--key", &key])
        .status(1)
        .says("the key does not belong to the certificate");
}

#[test]
fn a_reader_that_has_had_enough_is_no_failure() {
    let lab = bench();
    let (address, _server) = tls_server(&lab, |stream| {
        // Until the client goes.
        loop {
            if let Err(error) = stream.write_all(&[b'x'; 8192]).and_then(|()| stream.write_all(b"\n")) {
                let gone = [ErrorKind::BrokenPipe, ErrorKind::ConnectionReset];
                return if gone.contains(&error.kind()) { Ok(()) } else { Err(error) };
            }
        }
    });
    let mut command = lab.command(TLSLAB);
    command.args(["connect", &address.to_string(), "-q"]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("start tlslab");
    let mut stdout = child.stdout.take().expect("stdout");
    stdout.read_exact(&mut [0; 1]).expect("something to read");
    drop(stdout);
    let output = child.wait_with_output().expect("its end");
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""));
}

#[test]
fn an_interrupt_stops_at_once_and_says_so() {
    let lab = bench();
    let (accepted, wait) = mpsc::channel();
    let (address, _server) = once(move |mut peer| {
        accepted.send(()).expect("the test waits");
        drop(peer.read_to_end(&mut Vec::new()));
    });
    let mut command = lab.command(TLSLAB);
    command.args(["connect", &address.to_string(), "--json", "--timeout", "1h"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("start tlslab");
    wait.recv().expect("a connection");
    signal(child.id(), "INT");
    let output = child.wait_with_output().expect("its end");
    assert_eq!(output.status.code(), Some(130));
    assert!(String::from_utf8_lossy(&output.stderr).contains("tlslab: error: interrupted\n"));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    assert_eq!(report["exit_status"], 130);
}

#[test]
fn a_capture_opens_with_the_secrets_that_are_in_it() {
    for version in ["1.2", "1.3"] {
        let lab = bench();
        let (address, server) = tls_server(&lab, echo);
        let arguments =
            ["--tls", version, "--message", "the secret", "--pcap", "lab.pcapng", "--keylog", "keys.log"];
        let run = connect(&lab, address, &arguments)
            .success()
            .says("tlslab: warning: lab.pcapng: the recorded traffic goes here with its secrets; whoever has this ")
            .says("packets, 1 connection, 1 TLS session\n");
        assert_eq!(run.stdout, "the secret\n", "{run}");
        server.join().expect("the server");
        assert_eq!(mode(&lab.file("lab.pcapng")), 0o600);
        let label = if version == "1.2" { "CLIENT_RANDOM " } else { "CLIENT_TRAFFIC_SECRET_0 " };
        assert!(lab.read("keys.log").contains(label), "the key log is written as well");

        lab.tlslab(["dissect", "lab.pcapng", "--find", "the secret"])
            .success()
            .prints("“the secret” is nowhere readable on the wire\n  with the secrets it shows, 2 times")
            .prints(&format!(" → {address}, TLS {version}\n"));
        if peer("tshark") {
            tshark(&lab, &lab.file("lab.pcapng"), "tls", &["frame.number"]);
            let shown =
                lab.run("tshark", ["-r", "lab.pcapng", "-q", "-z", "follow,tls,ascii,0"]).success().stdout;
            assert_eq!(shown.matches("the secret").count(), 2, "there and back\n{shown}");
        }
    }
}

#[test]
fn a_capture_of_a_refused_server_shows_the_certificate_that_was_refused() {
    let lab = bench();
    let (address, server) = tls_server(&lab, echo);
    connect(
        &lab,
        address,
        &["--tls", "1.3", "--cn", "www.example.org", "--message", "x", "--pcap", "lab.pcapng"],
    )
    .status(11)
    .says("1 connection, 1 TLS session\n");
    server.join().expect("the server");
    // Only the handshake's secrets ever existed.
    lab.tlslab(["dissect", "lab.pcapng"])
        .success()
        .prints("The server's certificate 1 of 1, with the secrets only\n")
        .prints("= fatal alert bad_certificate\n");
    if peer("tshark") {
        let certificates =
            tshark(&lab, &lab.file("lab.pcapng"), "tls.handshake.type == 11", &["tls.handshake.type"]);
        assert_eq!(certificates.len(), 1, "{certificates:?}");
    }
}

#[test]
fn a_plaintext_capture_shows_everything() {
    let lab = Lab::new();
    let (address, server) = once(|mut peer| {
        let mut line = [0; 12];
        peer.read_exact(&mut line).expect("a line");
        peer.write_all(&line).expect("the echo");
        let _ = peer.read_to_end(&mut Vec::new());
    });
    connect(&lab, address, &["--plaintext", "--message", "my password", "--pcap", "lab.pcapng"])
        .success()
        .says("recording into lab.pcapng\n");
    server.join().expect("the server");
    lab.tlslab(["dissect", "lab.pcapng", "--find", "my password"]).status(1);
    if peer("tshark") {
        assert_eq!(tshark(&lab, &lab.file("lab.pcapng"), "tcp.len > 0", &["tcp.len"]), ["12", "12"]);
    }
}

#[test]
fn a_capture_that_is_full_stops_the_recording_and_nothing_else() {
    let lab = bench();
    let (address, _server) = tls_server(&lab, echo);
    let run = connect(&lab, address, &["--message", "hello", "--pcap", "lab.pcapng", "--max-size", "1K"])
        .success()
        .prints("hello")
        .says(
            "tlslab: warning: lab.pcapng: size limit of 1024 bytes reached; recording has stopped, everything else \
             goes on\n",
        );
    assert_eq!(run.stderr.matches("recording has stopped").count(), 1, "{run}");
    assert!(std::fs::metadata(lab.file("lab.pcapng")).expect("the capture").len() <= 1024);

    if !std::path::Path::new("/dev/full").exists() {
        return eprintln!("SKIPPED: there is no /dev/full here");
    }
    let (address, _server) = tls_server(&lab, echo);
    connect(&lab, address, &["--message", "hello", "--pcap", "/dev/full", "--force"])
        .status(1)
        .says("tlslab: error: /dev/full: cannot write: No space left on device");
}

#[test]
fn a_capture_is_created_for_a_connection_and_replaces_nothing_unasked() {
    let lab = bench();
    // An address that nobody listens on: bound, learnt, let go.
    let nobody = TcpListener::bind("127.0.0.1:0").expect("bind").local_addr().expect("the bound address");
    connect(&lab, nobody, &["--pcap", "lab.pcapng"]).status(30);
    assert!(!lab.file("lab.pcapng").exists(), "there was nothing to record, and nothing is left in the way");

    lab.write("lab.pcapng", "precious");
    // Said before anybody is called.
    connect(&lab, nobody, &["--pcap", "lab.pcapng"])
        .status(1)
        .says("tlslab: error: lab.pcapng: exists already; expected to create it\n")
        .says("tlslab: hint: name another file, or replace this one with `--force`\n");
    assert_eq!(lab.read("lab.pcapng"), "precious");
    let (address, _server) = tls_server(&lab, echo);
    connect(&lab, address, &["--message", "x", "--pcap", "lab.pcapng", "--force"]).success();
    assert!(std::fs::read(lab.file("lab.pcapng")).expect("the capture").starts_with(b"\x0a\x0d\x0d\x0a"));
}

#[test]
fn a_server_with_nothing_in_common_is_told_apart_and_what_was_offered_said() {
    if !peer("openssl") {
        return;
    }
    let lab = Lab::new();
    openssl::certificate(&lab);
    // RSA key exchange, CBC, and a group that tlslab does not offer: each with nothing else.
    for only in [
        &["-tls1_2", "-cipher", "AES128-GCM-SHA256"][..],
        &["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA"],
        &["-groups", "P-521"],
    ] {
        let server = openssl::server(&lab, only);
        lab.tlslab(["connect", &server.to_word(), "--message", "hi"])
            .status(20)
            .says("the server refused with the alert handshake_failure: presumably it has no version, cipher suite, group")
            .says("tlslab offers TLS 1.2 or TLS 1.3; cipher suites TLS_")
            .says("; groups X25519MLKEM768 x25519 ")
            .says("; signature schemes ")
            .says("tlslab: hint: `openssl s_client -connect 127.0.0.1:");
    }
}
