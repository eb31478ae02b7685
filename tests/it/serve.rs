//! `tlslab serve`, from outside: judged by openssl, curl, plain sockets and `tlslab connect`.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;

use crate::capture::{mode, tshark};
use tlslab::words;

use crate::lab::{FUSE, Lab, Server, TLSLAB, fixtures, peer, run_with_input};

/// A bench with the lab's default certificate and clear key.
fn bench() -> Lab {
    let lab = Lab::new();
    lab.gencert(&[]);
    lab
}

/// A socket to the server that does not wait forever.
fn socket(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.address()).expect("connect");
    stream.set_read_timeout(Some(FUSE)).expect("a read timeout");
    stream
}

/// Sends in plaintext, says that no more will come, and reads all that comes back.
fn exchange(server: &Server, message: &[u8]) -> Vec<u8> {
    let stream = socket(server);
    let mut answer = Vec::new();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            (&stream).write_all(message).expect("send");
            stream.shutdown(Shutdown::Write).expect("half-close");
        });
        (&stream).read_to_end(&mut answer).expect("read to the end");
    });
    answer
}

/// curl for `https://www.test.org` at the server, trusting `cert.pem`; stdout is the body.
fn curl(lab: &Lab, server: &Server, path: &str, arguments: &[&str]) -> crate::lab::Run {
    let to = format!("www.test.org:443:127.0.0.1:{}", server.port());
    let url = format!("https://www.test.org{path}");
    let common = ["-sS", "--noproxy", "*", "--connect-to", &to, &url];
    lab.run("curl", common.iter().chain(arguments))
}

#[test]
fn bare_serve_says_which_file_is_missing_and_what_to_run() {
    let lab = Lab::new();
    let run = lab.tlslab(["serve"]).status(1);
    assert_eq!(
        run.stderr,
        "tlslab: error: cert.pem: no such file\n\
         tlslab: hint: make certificate and key with `tlslab gencert`, or name yours with `--cert FILE`\n"
    );
    let run = lab.tlslab(["serve", "--cert", "a/b.pem"]).status(1);
    run.says("make certificate and key with `tlslab gencert --out a`, or name yours with `--cert FILE`\n");
}

#[test]
fn files_that_do_not_belong_are_named() {
    let lab = bench();
    lab.gencert(&["--out", "other"]);
    let serve = |arguments: &[&str]| {
        lab.tlslab(["serve", "--listen", "127.0.0.1:0"].iter().chain(arguments)).status(1)
    };
    serve(&["--cert", "other/cert.pem"]).says(
        "tlslab: error: other/cert.pem and clearkey.pem: the key does not belong to the certificate: expected \
         the private half of an elliptic-curve key (",
    );
    serve(&["--cert", "clearkey.pem", "--key", "cert.pem"])
        .says("tlslab: error: clearkey.pem: expected a certificate, found PRIVATE KEY (are certificate and key swapped?)\n");
    serve(&["--key", "cert.pem"]).says("tlslab: error: cert.pem: expected a private key, found CERTIFICATE");
    serve(&["--cert", "."]).says("tlslab: error: .: expected a file, found a directory\n");
    lab.write("empty.pem", "");
    serve(&["--key", "empty.pem"]).says("tlslab: error: empty.pem: expected a private key");
    serve(&["--client-ca", "nobody.pem"]).says("tlslab: error: nobody.pem: no such file\n");
    serve(&["--keylog", "."]).says("tlslab: error: .: cannot append to the key log: ");
}

#[test]
fn addresses_that_cannot_be_had_are_explained() {
    let lab = bench();
    let taken = TcpListener::bind("127.0.0.1:0").expect("bind a free port");
    let address = taken.local_addr().expect("the bound address").to_string();
    lab.tlslab(["serve", "--listen", &address])
        .status(1)
        .says(&format!("tlslab: error: {address}: cannot listen: another program already does\n"))
        .says("tlslab: hint: take any free port: `tlslab serve --listen 127.0.0.1:0`\n");
    lab.tlslab(["serve", "--listen", "host.invalid:4433"])
        .status(1)
        .says("tlslab: error: host.invalid:4433: \"host.invalid\" does not resolve: ");
    // RFC 5737: never an address of this machine.
    lab.tlslab(["serve", "--listen", "192.0.2.1:4433"])
        .status(1)
        .says("tlslab: error: 192.0.2.1:4433: cannot listen: this machine does not have that address\n");
    let refused = lab.tlslab(["serve", "--json", "--listen", "4433"]).status(2);
    let error = "invalid value '4433' for '--listen <ADDR>': expected ADDRESS:PORT";
    let refused = refused.says(&format!("tlslab: error: {error}")).says("found no port");
    let refused = refused.says("tlslab: hint: `tlslab serve --help` says what is understood");
    assert!(refused.json()["error"].as_str().unwrap().starts_with(error), "clap's errors are as ours");
    lab.tlslab(["serve", "--lisen", "127.0.0.1:0"])
        .status(2)
        .says("tlslab: error: unexpected argument '--lisen' found")
        .says("tlslab: hint: a similar argument exists: '--listen'");
    lab.tlslab(["serve", "--idle-timeout", "soon"]).status(2).says("expected a duration such as 10s or 2m");
    lab.tlslab(["serve", "--tls", "1.1"]).status(2).says("expected 1.2, 1.3 or 1.2-1.3, found \"1.1\"");
}

#[test]
fn an_encrypted_key_is_opened_with_its_passphrase_only() {
    let lab = Lab::new();
    lab.write("passphrase", "correct horse battery\n");
    lab.tlslab(["gencert", "--key", "ec:p256", "--passout", "file:passphrase"]).success();
    lab.tlslab(["serve", "--key", "key.pem"]).status(1).says(
        "tlslab: error: key.pem: the key is encrypted, expected a passphrase, found neither --passin nor a terminal\n",
    );
    lab.write("wrong", "incorrect horse battery\n");
    lab.tlslab(["serve", "--key", "key.pem", "--passin", "file:wrong"])
        .status(1)
        .says("tlslab: error: key.pem: wrong passphrase\n");
    let server = lab.serve(&["--key", "key.pem", "--passin", "file:passphrase"]);
    lab.tlslab(["connect", &server.to_word(), "--message", "opened"]).success().prints("opened");
}

#[test]
fn echoes_over_both_versions_and_says_one_line_per_session() {
    let lab = bench();
    let mut server = lab.serve(&[]);
    for (version, words) in [("1.2", " TLSv1.2 TLS_ECDHE_ECDSA_WITH_"), ("1.3", " TLSv1.3 TLS_")] {
        lab.tlslab(["connect", &server.to_word(), "--tls", version, "--message", "hello"])
            .success()
            .prints("hello");
        let line = server.wait_for("6 bytes in, 6 bytes out, ");
        assert!(line.starts_with("127.0.0.1:"), "{line}");
        assert!(line.contains(words), "{line}");
        assert!(line.contains("  sni www.test.org  "), "{line}");
        assert!(line.ends_with(": closed by the peer"), "{line}");
    }
}

#[test]
fn openssl_talks_to_it_over_both_versions() {
    if !peer("openssl") {
        return;
    }
    let lab = bench();
    // With -quiet, s_client stays until the server closes: that is what the idle timeout is for here.
    let mut server = lab.serve(&["--reply", "upper", "--idle-timeout", "1s"]);
    for version in ["-tls1_2", "-tls1_3"] {
        let mut command = lab.command("openssl");
        command.args(["s_client", "-quiet", version, "-CAfile", "cert.pem", "-verify_return_error"]);
        command.args(["-connect", &server.to_word()]);
        let run = run_with_input(&mut command, b"hello, world\n").success();
        assert_eq!(run.stdout, "HELLO, WORLD\n", "{run}");
        server.wait_for("13 bytes in, 13 bytes out");
    }
}

#[test]
fn versions_can_be_narrowed_and_older_ones_do_not_exist() {
    let lab = bench();
    let mut server = lab.serve(&["--tls", "1.3"]);
    lab.tlslab(["connect", &server.to_word(), "--tls", "1.2", "--message", "x"]).status(20);
    server.wait_for("handshake failed: the client offers no protocol version that this server speaks");
    if peer("openssl") {
        let both = lab.serve(&[]);
        let old = ["s_client", "-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0", "-connect"];
        let word = both.to_word();
        let run = lab.run("openssl", old.iter().copied().chain([word.as_str()]));
        assert_ne!(run.code(), 0, "{run}");
    }
}

#[test]
fn curl_reads_about_its_own_session() {
    if !peer("curl") {
        return;
    }
    let lab = bench();
    let mut server = lab.serve(&["--www"]);
    for (version, protocol) in [("1.2", "TLSv1.2"), ("1.3", "TLSv1.3")] {
        let tls = ["--cacert", "cert.pem", "--tls-max", version];
        let session = curl(&lab, &server, "/session.json", &tls).success().json();
        assert_eq!(session["protocol"], protocol);
        assert_eq!(session["sni"], "www.test.org");
        assert_eq!(session["alpn"], "http/1.1");
        assert_eq!(session["client_certificate"], serde_json::Value::Null);
        assert!(server.wait_for("alpn http/1.1").ends_with(": closed by the peer"));
    }
    curl(&lab, &server, "/", &["--cacert", "cert.pem"]).success().prints("<h1>This TLS session</h1>");
    let run = curl(&lab, &server, "/no", &["--cacert", "cert.pem", "-o", "/dev/null", "-w", "%{http_code}"]);
    assert_eq!(run.stdout, "404");
    // A body that nobody asked for neither fills memory nor gets in the way of the answer.
    lab.write("body", vec![b'x'; 1 << 20]);
    let body = ["--cacert", "cert.pem", "-o", "/dev/null", "-w", "%{http_code}", "-d", "@body"];
    assert_eq!(curl(&lab, &server, "/", &body).stdout, "405");
}

#[test]
fn mutual_tls_names_good_clients_and_refuses_others() {
    let lab = bench();
    lab.gencert(&["--out", "good", "--profile", "client", "--cn", "alice"]);
    lab.gencert(&["--out", "bad", "--profile", "client", "--cn", "mallory"]);
    let mut server = lab.serve(&["--client-ca", "good/cert.pem"]);
    let word = server.to_word();
    for version in ["1.2", "1.3"] {
        let connect = |certificate: &[&str]| {
            let common = ["connect", &word, "--tls", version, "--message", "hello"];
            lab.tlslab(common.iter().chain(certificate))
        };
        connect(&["--cert", "good/cert.pem", "--key", "good/clearkey.pem"]).success().prints("hello");
        let line = server.wait_for("6 bytes in");
        assert!(
            line.contains("  client /C=AU/ST=WA/L=Perth/O=Test Organisation/OU=Org/CN=alice  "),
            "{line}"
        );
        connect(&["--cert", "bad/cert.pem", "--key", "bad/clearkey.pem"]).status(20);
        server.wait_for("handshake failed: the client's certificate was refused: trust: expected ");
        connect(&[]).status(20);
        server.wait_for("handshake failed: a client certificate is required and the client sent none");
    }
    let (_, heard) = server.stop();
    assert!(heard.contains("stopped: 2 sessions, 4 failed handshakes, 12 bytes in, 12 bytes out"), "{heard}");
}

#[test]
fn a_hangup_reloads_and_keeps_the_old_certificate_if_the_new_is_bad() {
    let lab = bench();
    lab.gencert(&["--out", "new"]);
    let mut server = lab.serve(&[]);
    let word = server.to_word();
    let connect = |ca: &str, status: i32| {
        lab.tlslab(["connect", &word, "--ca", ca, "--message", "hello"]).status(status);
    };
    std::fs::copy(lab.file("cert.pem"), lab.file("old.pem")).expect("copy");

    std::fs::copy(lab.file("new/cert.pem"), lab.file("cert.pem")).expect("copy");
    server.signal("HUP");
    server.wait_for(
        "tlslab: warning: not reloaded, still serving as before: cert.pem and clearkey.pem: the key does not \
         belong to the certificate: ",
    );
    connect("old.pem", 0);

    std::fs::copy(lab.file("new/clearkey.pem"), lab.file("clearkey.pem")).expect("copy");
    server.signal("HUP");
    server.wait_for("reloaded cert.pem and clearkey.pem: now serving /C=AU/");
    connect("new/cert.pem", 0);
    connect("old.pem", 10);
}

#[test]
fn being_told_to_stop_it_lets_sessions_end_and_exits_with_0() {
    let lab = bench();
    for signal in ["TERM", "INT"] {
        let mut server = lab.serve(&["--plaintext"]);
        let mut idle = socket(&server);
        idle.write_all(b"hello").expect("send");
        idle.read_exact(&mut [0; 5]).expect("the echo");
        server.signal(signal);
        assert_eq!(idle.read(&mut [0]).expect("an end in good order"), 0);
        drop(idle);
        let (exit, heard) = server.ended();
        assert!(exit.success(), "{exit}");
        assert!(heard.contains("stopping: sessions have 10s to end; once more to stop at once"), "{heard}");
        assert!(heard.contains("5 bytes in, 5 bytes out, "), "{heard}");
        assert!(heard.contains(": closed because the server is stopping"), "{heard}");
        assert!(
            heard.contains("stopped: 1 session, 0 failed handshakes, 5 bytes in, 5 bytes out"),
            "{heard}"
        );
    }
}

#[test]
fn a_second_signal_stops_at_once() {
    let lab = bench();
    let mut server =
        lab.serve(&["--drain-timeout", "1h", "--handshake-timeout", "1h", "--www", "--plaintext"]);
    // A request that is under way, and that the server would wait for.
    let mut busy = socket(&server);
    busy.write_all(b"GET / HTTP/1.1\r\nHost: www.test.org\r\n\r\nGET / HT").expect("send");
    busy.read_exact(&mut [0; 8]).expect("the first answer");
    server.signal("TERM");
    server.wait_for("stopping: sessions have 1h to end");
    server.signal("TERM");
    let (exit, heard) = server.ended();
    assert_eq!(exit.code(), Some(143), "128 and SIGTERM's number");
    assert!(heard.contains("stopped: 1 session, "), "{heard}");
}

#[test]
fn one_bad_peer_never_disturbs_another() {
    let lab = bench();
    let mut server = lab.serve(&["--handshake-timeout", "300ms"]);
    let silent = socket(&server);
    let mut http = socket(&server);
    http.write_all(b"GET / HTTP/1.1\r\n\r\n").expect("send");
    server.wait_for("handshake failed: the peer sent plaintext, e.g. an HTTP request, to this TLS port");
    lab.tlslab(["connect", &server.to_word(), "--message", "hello"]).success().prints("hello");
    server.wait_for("handshake failed: timed out: the peer sent nothing");
    drop((silent, http));
}

#[test]
fn at_the_limit_the_next_peer_waits() {
    let lab = bench();
    let mut server = lab.serve(&["--plaintext", "--max-connections", "1"]);
    let mut first = socket(&server);
    first.write_all(b"1").expect("send");
    first.read_exact(&mut [0]).expect("the echo");
    server.wait_for("tlslab: warning: as many peers as --max-connections allows are here");
    let mut second = socket(&server);
    second.write_all(b"2").expect("into the listener's queue");
    drop(first);
    server.wait_for("1 bytes in, 1 bytes out");
    let mut answer = [0];
    second.read_exact(&mut answer).expect("the echo, now that there is room");
    assert_eq!(&answer, b"2");
}

#[test]
fn plaintext_is_warned_of_and_does_the_same() {
    let lab = Lab::new();
    let server = lab.serve(&["--plaintext", "--reply", "upper"]);
    assert!(server.heard().starts_with("tlslab: warning: --plaintext: no TLS; "), "{}", server.heard());
    assert_eq!(exchange(&server, b"hello\n"), b"HELLO\n");
    // A line longer than any buffer.
    let line = "ab cd ".repeat(200_000);
    assert!(exchange(&server, line.as_bytes()) == line.to_uppercase().as_bytes());
}

#[test]
fn the_key_log_is_private_and_warned_of() {
    let lab = bench();
    let by_option = lab.serve(&["--keylog", "keys.log"]);
    let warning = "keys.log: session secrets go here; whoever has this file can read the recorded traffic";
    assert!(by_option.heard().contains(warning), "{}", by_option.heard());
    lab.tlslab(["connect", &by_option.to_word(), "--tls", "1.3", "--message", "x"]).success();
    // A thread of its own writes it, and has written all of it when the server has ended.
    by_option.stop();
    let log = lab.read("keys.log");
    for label in ["CLIENT_HANDSHAKE_TRAFFIC_SECRET", "CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0"] {
        assert!(log.lines().any(|line| line.starts_with(&format!("{label} "))), "{label}\n{log}");
    }
    let mode = std::fs::metadata(lab.file("keys.log")).expect("the key log").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let mut command = lab.command(TLSLAB);
    command.args(["serve", "--listen", "127.0.0.1:0"]).env("SSLKEYLOGFILE", "environment.log");
    let by_environment = Server::start(&mut command);
    lab.tlslab(["connect", &by_environment.to_word(), "--tls", "1.2", "--message", "x"]).success();
    by_environment.stop();
    assert!(lab.read("environment.log").starts_with("CLIENT_RANDOM "));
}

#[test]
fn json_is_one_object_at_the_end() {
    let lab = bench();
    // The shell redirects and becomes the server, so that signals reach it.
    let mut command = lab.command("sh");
    command.args(["-c", "exec \"$0\" serve --json --quiet --listen 127.0.0.1:0 > summary.json", TLSLAB]);
    let server = Server::start(&mut command);
    let address = server.to_word();
    lab.tlslab(["connect", &address, "--message", "hello"]).success();
    let (exit, heard) = server.stop();
    assert!(exit.success(), "{exit}");
    assert_eq!(heard, format!("listening on {address}"), "--quiet keeps only what others wait for");
    let summary: serde_json::Value =
        serde_json::from_str(&lab.read("summary.json")).expect("one JSON object");
    let expected = serde_json::json!({
        "listen": address, "sessions": 1, "handshake_failures": 0, "refused": 0, "cut": 0,
        "received_bytes": 6, "sent_bytes": 6,
    });
    assert_eq!(summary, expected);
}

#[test]
fn bad_certificates_are_served_with_a_warning_in_the_verifiers_words() {
    let cases = [
        ("expired", "not-after: expected "),
        ("not-yet-valid", "not-before: expected "),
        ("client-usage", "usage: expected "),
        ("unknown-critical", "usage: expected "),
        ("sha1", "strength: expected "),
        ("tampered", "signature: expected "),
    ];
    let lab = Lab::new();
    for (fixture, words) in cases {
        let folder = fixtures().join(fixture);
        let (certificate, key) = (folder.join("cert.pem"), folder.join("key.pem"));
        let key = if key.is_file() { key } else { folder.join("clearkey.pem") };
        let (certificate, key) = (certificate.to_string_lossy(), key.to_string_lossy());
        let mut server = lab.serve(&["--cert", &certificate, "--key", &key]);
        let warning =
            format!("tlslab: warning: {certificate}: a good client will refuse this certificate: {words}");
        assert!(server.heard().contains(&warning), "{fixture}: {}", server.heard());
        // Served all the same, which the client's refusal proves.
        let run = lab.tlslab(["connect", &server.to_word(), "--ca", &certificate, "--message", "x"]);
        assert!((10..=14).contains(&run.code()), "{fixture}: {run}");
        server.wait_for("handshake failed: the client sent the alert ");
    }
}

#[test]
fn a_good_certificate_is_served_without_a_warning() {
    let lab = bench();
    let server = lab.serve(&[]);
    assert!(!server.heard().contains("warning"), "{}", server.heard());
    assert!(server.heard().starts_with("serving /C=AU/ST=WA/L=Perth/"), "{}", server.heard());
}

#[test]
fn a_capture_has_every_session_with_its_secrets_also_after_a_reload() {
    let lab = bench();
    let mut server = lab.serve(&["--pcap", "lab.pcapng", "--keylog", "keys.log"]);
    let warning = "tlslab: warning: lab.pcapng: the recorded traffic goes here with its secrets; whoever has this \
                   file can read it";
    assert!(server.heard().contains(warning), "{}", server.heard());
    let word = server.to_word();
    let say = |version: &str, message: &str| {
        lab.tlslab(["connect", &word, "--tls", version, "--message", message]).success().prints(message);
    };
    say("1.3", "the first secret");
    say("1.2", "the second secret");
    server.signal("HUP");
    server.wait_for("reloaded cert.pem and clearkey.pem");
    say("1.3", "the third secret");
    // A peer that is no TLS client is recorded as well.
    assert_ne!(exchange(&server, b"GET / HTTP/1.1\r\n\r\n"), b"");
    server.wait_for("handshake failed: the peer sent plaintext");
    let port = server.port();
    let (exit, heard) = server.stop();
    assert!(exit.success(), "{exit}");
    assert!(heard.contains("packets, 4 connections, 3 TLS sessions\n"), "{heard}");
    assert_eq!(mode(&lab.file("lab.pcapng")), 0o600);
    // The key log beside it has the same sessions, the one after the reload among them.
    let log = lab.read("keys.log");
    assert_eq!(log.lines().filter(|line| line.starts_with("CLIENT_TRAFFIC_SECRET_0 ")).count(), 2, "{log}");

    for message in ["the first secret", "the second secret", "the third secret"] {
        lab.tlslab(["dissect", "lab.pcapng", "--find", message]).success().prints(&format!(
            "“{message}” is nowhere readable on the wire\n  with the secrets it shows, 2 times"
        ));
    }
    lab.tlslab(["dissect", "lab.pcapng", "--find", "GET / HTTP"]).status(1);
    if peer("tshark") {
        let ports = tshark(
            &lab,
            &lab.file("lab.pcapng"),
            "tcp.flags.syn == 1 && tcp.flags.ack == 0",
            &["tcp.dstport"],
        );
        assert_eq!(ports, [port.as_str(); 4]);
        for (stream, message) in
            ["the first secret", "the second secret", "the third secret"].iter().enumerate()
        {
            let follow = format!("follow,tls,ascii,{stream}");
            let shown = lab.run("tshark", ["-r", "lab.pcapng", "-q", "-z", &follow]).success().stdout;
            assert_eq!(shown.matches(message).count(), 2, "there and back\n{shown}");
        }
    }
}

#[test]
fn a_plaintext_capture_shows_everything() {
    let lab = Lab::new();
    let server = lab.serve(&["--plaintext", "--pcap", "lab.pcapng"]);
    assert!(server.heard().contains("recording into lab.pcapng\n"), "{}", server.heard());
    assert_eq!(exchange(&server, b"my password\n"), b"my password\n");
    let (_, heard) = server.stop();
    assert!(heard.contains("lab.pcapng: 11 packets, 1 connection, 0 TLS sessions"), "{heard}");
    lab.tlslab(["dissect", "lab.pcapng", "--find", "my password"]).status(1);
    if peer("tshark") {
        let lengths = tshark(&lab, &lab.file("lab.pcapng"), "tcp.len > 0", &["tcp.len"]);
        assert_eq!(lengths, ["12", "12"]);
    }
}

#[test]
fn a_capture_that_is_full_stops_the_recording_and_nothing_else() {
    let lab = Lab::new();
    let mut server = lab.serve(&["--plaintext", "--pcap", "lab.pcapng", "--max-size", "10K"]);
    let long = vec![b'x'; 20_000];
    assert!(exchange(&server, &long) == long);
    let said = server.wait_for("recording has stopped");
    assert_eq!(
        said,
        "tlslab: warning: lab.pcapng: size limit of 10240 bytes reached; recording has stopped, everything else \
         goes on"
    );
    assert!(exchange(&server, &long) == long);
    let (exit, heard) = server.stop();
    assert!(exit.success(), "{exit}");
    assert_eq!(heard.matches("recording has stopped").count(), 1, "{heard}");
    assert!(heard.contains("stopped: 2 sessions, "), "{heard}");
    assert!(std::fs::metadata(lab.file("lab.pcapng")).expect("the capture").len() <= 10_240);
    lab.tlslab(["dissect", "lab.pcapng"]).success();
}

#[test]
fn a_capture_is_created_by_a_server_that_serves_and_replaces_nothing_unasked() {
    let lab = bench();
    let serve = |arguments: &[&str]| lab.tlslab(["serve", "--pcap", "lab.pcapng"].iter().chain(arguments));
    let taken = TcpListener::bind("127.0.0.1:0").expect("bind a free port");
    serve(&["--listen", &taken.local_addr().expect("the bound address").to_string()]).status(1);
    assert!(!lab.file("lab.pcapng").exists(), "nothing was served, nothing is left in the way");

    lab.write("lab.pcapng", "precious");
    serve(&[])
        .status(1)
        .says("tlslab: error: lab.pcapng: exists already; expected to create it\n")
        .says("tlslab: hint: name another file, or replace this one with `--force`\n");
    assert_eq!(lab.read("lab.pcapng"), "precious");
    serve(&["--force", "--keylog", "lab.pcapng"])
        .status(2)
        .says("tlslab: error: lab.pcapng: both --pcap and --keylog want to write it\n");
    assert_eq!(lab.read("lab.pcapng"), "precious");
    lab.tlslab(["serve", "--pcap", "-"])
        .status(2)
        .says("tlslab: error: --pcap -: expected a file; stdout is ");
    lab.tlslab(["serve", "--force"]).status(2).says("--pcap <FILE>");

    let server = lab.serve(&["--pcap", "lab.pcapng", "--force"]);
    assert!(server.stop().0.success());
    assert!(std::fs::read(lab.file("lab.pcapng")).expect("the capture").starts_with(b"\x0a\x0d\x0d\x0a"));
    assert_eq!(mode(&lab.file("lab.pcapng")), 0o600, "also where it was another's before");
}

/// A client whose certificate is forged so as to write into the log: its dNSName holds ESC, BEL, CR, LF, U+202E and a
/// line that looks like serve's own. Its root's name constraints forbid it.
const FORGER: [(&str, &str); 3] = [
    ("client.pem", include_str!("forging/client.pem")),
    ("client-key.pem", include_str!("forging/client-key.pem")),
    ("root.pem", include_str!("forging/root.pem")),
];

#[test]
fn what_a_certificate_says_cannot_forge_a_line_not_even_on_a_terminal() {
    if !peer("script") {
        return;
    }
    let lab = Lab::new();
    lab.gencert(&[]);
    for (name, pem) in FORGER {
        lab.write(name, pem);
    }
    // A terminal of its own: what a pipe is spared would reach it. The shell says whom to stop.
    let serve = format!("echo $$; exec {TLSLAB} serve --listen 127.0.0.1:0 --client-ca root.pem");
    let mut command = lab.command("sh");
    command.args(["-c", "exec script -qefc \"$0\" /dev/null >&2", &serve]);
    let mut server = Server::start(&mut command);
    let process = server.heard().lines().find_map(|line| line.trim().parse().ok()).expect("the process");
    let at = server.to_word();
    for version in ["1.2", "1.3"] {
        let forged = ["--cert", "client.pem", "--key", "client-key.pem", "--tls", version];
        let refused = lab.tlslab(["connect", &at, "--message", "hi"].iter().chain(&forged));
        assert_eq!(refused.code(), 20, "{refused}");
        let line = server.wait_for("handshake failed");
        assert!(line.starts_with("127.0.0.1:") && line.contains("name constraint"), "{line:?}");
        assert!(line.contains("\\u{1b}") && line.contains("\\u{202e}"), "it is shown, and escaped: {line:?}");
    }
    crate::lab::signal(process, "TERM");
    let (_, said) = server.ended();
    // A terminal makes CR LF of each line's end.
    let said = said.replace("\r\n", "\n").replace('\r', "");
    assert!(!said.chars().any(|c| (c.is_control() && c != '\n') || words::is_invisible(c)), "{said:?}");
    assert_eq!(said.matches("\n127.0.0.1:").count(), 2, "one line a session: {said}");
}
