//! `tlslab bench`, from outside: every mode ends when the test has seen enough, never by the clock.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::sync::mpsc::{self, Sender};
use std::thread;

use serde_json::Value;

use crate::lab::{FUSE, Lab, Run, Server, TLSLAB, signal};

fn lab() -> Lab {
    let lab = Lab::new();
    lab.gencert(&["--key", "ec:p256"]);
    lab
}

/// Starts `bench` for longer than any test.
fn start(lab: &Lab, server: &Server, arguments: &[&str]) -> Child {
    let mut command = lab.command(TLSLAB);
    command
        .args(["bench", &server.to_word(), "--json", "--warm-up", "0s", "--duration", "1h"])
        .args(arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("tlslab")
}

/// Ctrl-C, and what it reports then.
fn interrupted(child: Child) -> Value {
    signal(child.id(), "INT");
    let output = child.wait_with_output().expect("its end");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let run = Run {
        command: "tlslab bench".to_owned(),
        exit: output.status,
        stdout: text(&output.stdout),
        stderr: text(&output.stderr),
    };
    run.success().json()
}

/// A load on `serve --forward`, until `serve`, the back end of its one connection, has seen enough.
fn forwarded(mode: &[&str], serve: impl FnOnce(TcpStream, Sender<()>) + Send + 'static) -> Value {
    let lab = lab();
    // The first connection is the one that verifies; it says nothing, and gets a back end of its own.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address").to_string();
    let (enough, seen) = mpsc::channel();
    thread::spawn(move || {
        drop(listener.accept().expect("the first connection"));
        serve(listener.accept().expect("a connection").0, enough);
    });
    let server = lab.serve(&["--forward", &address]);
    let child = start(&lab, &server, &[mode, &["--connections", "1"]].concat());
    seen.recv_timeout(FUSE).expect("enough");
    interrupted(child)
}

fn at_least(report: &Value, field: &str, least: u64) {
    assert!(report[field].as_u64().is_some_and(|found| found >= least), "{field}: {report}");
}

fn no_errors(report: &Value) {
    let errors = report["errors"].as_object().expect("errors");
    assert!(errors.contains_key("timeout"), "{report}");
    assert!(errors.values().all(|count| count == 0), "{report}");
}

#[test]
fn full_handshakes_are_counted_until_ctrl_c() {
    let lab = lab();
    let mut server = lab.serve(&[]);
    let suite = "TLS_CHACHA20_POLY1305_SHA256";
    let child = start(&lab, &server, &["--connections", "1", "--cipher", suite, "--group", "secp256r1"]);
    // The first verifies, and one may be under way.
    for _ in 0..5 {
        server.wait_for("TLSv1.3 TLS_CHACHA20_POLY1305_SHA256");
    }
    let report = interrupted(child);
    at_least(&report, "operations", 3);
    assert_eq!(
        [&report["mode"], &report["protocol"], &report["cipher_suite"], &report["key_exchange"]],
        ["full", "TLSv1.3", suite, "secp256r1"],
        "{report}"
    );
    assert_eq!(report["target"], server.to_word());
    assert_eq!(report["connections"], 1);
    for field in ["p50", "p90", "p99", "p99_9", "max"] {
        assert!(report["latency_ms"][field].as_f64().is_some_and(|ms| ms > 0.0), "{field}: {report}");
    }
    assert!(report["rate_per_s"].as_f64().is_some_and(|rate| rate > 0.0), "{report}");
    assert!(report["client_cpu_s"].is_number() && report["limited_by_client"].is_boolean(), "{report}");
    no_errors(&report);
}

#[test]
fn resumed_handshakes_are_resumed_in_both_versions() {
    let lab = lab();
    for version in ["1.2", "1.3"] {
        let mut server = lab.serve(&["--tls", version]);
        let child = start(&lab, &server, &["--mode", "resumed", "--connections", "1"]);
        for _ in 0..4 {
            server.wait_for("resumed");
        }
        let report = interrupted(child);
        at_least(&report, "operations", 2);
        assert_eq!(report["protocol"], format!("TLSv{version}"));
        no_errors(&report);
    }
}

#[test]
fn idle_connections_are_held() {
    let lab = lab();
    let server = lab.serve(&[]);
    let mut child = start(&lab, &server, &["--mode", "idle", "--connections", "7"]);
    let mut talk = std::io::BufReader::new(child.stderr.take().expect("stderr"));
    let mut line = String::new();
    while !line.contains("holding 7 of 7 connections for 1h") {
        line.clear();
        assert!(std::io::BufRead::read_line(&mut talk, &mut line).expect("a line") > 0, "it ended");
    }
    let report = interrupted(child);
    assert_eq!(report["operations"], 7);
    no_errors(&report);
}

#[test]
fn messages_come_back() {
    let report = forwarded(&["--mode", "echo", "--size", "100"], |mut socket, enough| {
        let mut message = [0; 100];
        for round in 0.. {
            // Gone, once there was enough.
            if socket.read_exact(&mut message).is_err() || socket.write_all(&message).is_err() {
                return;
            }
            if round == 3 {
                enough.send(()).expect("a test that waits");
            }
        }
    });
    at_least(&report, "operations", 3);
    at_least(&report, "bytes_sent", 300);
    assert_eq!(report["bytes_sent"], report["bytes_received"]);
    no_errors(&report);
}

#[test]
fn an_answer_that_is_another_is_a_mismatch() {
    let report = forwarded(&["--mode", "echo", "--size", "100"], |mut socket, enough| {
        let mut message = [0; 100];
        socket.read_exact(&mut message).expect("a message");
        message[99] ^= 1;
        socket.write_all(&message).expect("an answer");
        // Its end says that it was seen.
        let _ = socket.read(&mut [0]);
        enough.send(()).expect("a test that waits");
    });
    assert_eq!(report["operations"], 0);
    assert_eq!(report["latency_ms"], Value::Null);
    at_least(&report["errors"], "mismatch", 1);
}

#[test]
fn bulk_goes_up_and_down() {
    const MIB: usize = 1 << 20;
    let report = forwarded(&["--mode", "up"], |mut socket, enough| {
        let (mut chunk, mut came) = (vec![0; MIB], 0);
        while let Ok(count @ 1..) = socket.read(&mut chunk) {
            if came < 3 * MIB && came + count >= 3 * MIB {
                enough.send(()).expect("a test that waits");
            }
            came += count;
        }
    });
    at_least(&report, "operations", 2);
    at_least(&report, "bytes_sent", 2 << 20);
    no_errors(&report);

    let report = forwarded(&["--mode", "down"], |mut socket, enough| {
        let chunk = vec![0; MIB];
        // More than all buffers on the way take.
        for round in 0.. {
            if socket.write_all(&chunk).is_err() {
                return;
            }
            if round == 64 {
                enough.send(()).expect("a test that waits");
            }
        }
    });
    at_least(&report, "operations", 2);
    at_least(&report, "bytes_received", 2 << 20);
    assert_eq!(report["bytes_sent"], 0);
    no_errors(&report);
}

#[test]
fn it_ends_by_itself_and_says_so_in_words() {
    let lab = lab();
    let server = lab.serve(&[]);
    let run = lab
        .tlslab(["bench", &server.to_word(), "--duration", "10ms", "--warm-up", "1ms", "--connections", "2"])
        .success()
        .says("full with 2 connections for 10ms")
        .prints(&format!("full of {}, 2 connections: ", server.to_word()));
    for words in ["handshake", " a second", "bytes sent", "errors: ", "this load generator's CPU: "] {
        assert!(run.stdout.contains(words), "{run}");
    }
}

#[test]
fn a_server_that_is_refused_gets_no_load_and_the_status_of_connect() {
    let lab = lab();
    let mut server = lab.serve(&[]);
    let refused = lab.tlslab(["bench", &server.to_word(), "--cn", "other.test", "--json"]).status(11);
    assert_eq!(refused.json()["reasons"], serde_json::json!(["wrong-name"]));
    server.wait_for("handshake failed");
    let (_, said) = server.stop();
    assert_eq!(said.matches("handshake failed").count(), 1, "{said}");

    let closed = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its address");
    lab.tlslab(["bench", &closed.to_string()]).status(30).says("connection refused");
}

#[test]
fn what_makes_no_sense_is_a_usage_error() {
    let lab = lab();
    for (arguments, words) in [
        (&["192.0.2.1:4433"][..], "192.0.2.1 is not this machine"),
        (&["--cipher", "TLS_RSA_WITH_RC4_128_MD5"], "expected one of TLS_AES_"),
        (&["--cipher", "TLS_AES_128_GCM_SHA256", "--tls", "1.2"], "not a suite of TLS 1.2"),
        (&["--group", "x448"], "--group x448: expected one of "),
        (&["--connections", "0"], "expected 1 to "),
        (&["--size", "1000000"], "expected 1 to 65536"),
        (&["--duration", "0s"], "more than nothing"),
    ] {
        lab.tlslab(["bench"].iter().chain(arguments)).status(2).says(words);
    }
}
