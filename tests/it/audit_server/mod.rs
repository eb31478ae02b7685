//! `tlslab audit server`: our own server, those of others in every configuration that a judge has to tell apart, and hostile
//! ones.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;

use serde_json::Value;

use crate::lab::{Lab, Run, Server, among_tests, peer};

mod grid;
mod scanners;
mod servers;
mod vulnerable;

/// A file beside this one.
fn beside(name: &str) -> PathBuf {
    among_tests("audit_server").join(name)
}

fn audit(lab: &Lab, address: &str, arguments: &[&str]) -> Run {
    lab.tlslab(["audit", "server", address, "--json"].iter().chain(arguments))
}

/// A check's verdict.
#[track_caller]
fn verdict<'a>(report: &'a Value, id: &str) -> &'a str {
    let check = report["checks"].as_array().unwrap().iter().find(|check| check["id"] == id);
    check.unwrap_or_else(|| panic!("no check {id}"))["verdict"].as_str().unwrap()
}

/// The checks that failed.
fn failed(report: &Value) -> Vec<&str> {
    let checks = report["checks"].as_array().unwrap().iter();
    checks.filter(|check| check["verdict"] == "fail").map(|check| check["id"].as_str().unwrap()).collect()
}

fn spoken(report: &Value) -> Vec<&str> {
    let versions = report["versions"].as_object().unwrap();
    versions.iter().filter(|(_, spoken)| **spoken == true).map(|(version, _)| version.as_str()).collect()
}

#[test]
fn our_own_server_passes() {
    let lab = Lab::new();
    lab.gencert(&[]);
    for (arguments, profile) in [(&[][..], "strict"), (&["--tls", "1.3"], "rfc"), (&["--tls", "1.2"], "lab")]
    {
        let server = lab.serve(arguments);
        let run = audit(&lab, &server.to_word(), &["--profile", profile]);
        let report = run.json();
        let expected: &[&str] = if profile == "strict" { &["alpn-foreign"] } else { &[] };
        assert_eq!(failed(&report), expected, "{run}");
        assert_eq!(run.code(), i32::from(!expected.is_empty()), "{run}");
        assert_eq!(report["summary"]["error"], 0, "{run}");
        assert_eq!(report["compliance"]["ok"], expected.is_empty(), "{run}");
        assert_eq!(report["certificate"]["san"][0], "DNS:www.test.org");
    }
}

#[test]
fn what_our_server_speaks_is_all_found() {
    let lab = Lab::new();
    lab.gencert(&[]);
    let server = lab.serve(&[]);
    let report = audit(&lab, &server.to_word(), &[]).status(0).json();
    assert_eq!(spoken(&report), ["TLSv1.2", "TLSv1.3"]);
    assert_eq!(report["versions"].as_object().unwrap().len(), 6);
    assert_eq!(report["groups"].as_array().unwrap().len(), 4, "{}", report["groups"]);
    assert_eq!(report["cipher_suites"]["TLSv1.3"].as_array().unwrap().len(), 3);
    assert_eq!(report["cipher_suites"]["TLSv1.2"].as_array().unwrap().len(), 3);
    for id in
        ["resumption-12", "resumption-13", "post-quantum", "half-open", "still-serving", "clients-accept"]
    {
        assert_eq!(verdict(&report, id), "pass", "{id}");
    }
    for check in report["checks"].as_array().unwrap() {
        // What was not checked has a reason, and is never good.
        assert_eq!(
            check["reason"].is_string(),
            ["skip", "error"].contains(&check["verdict"].as_str().unwrap())
        );
    }
}

#[test]
fn the_table_says_failures_first_and_how_they_are_mended() {
    let lab = Lab::new();
    lab.gencert(&["--not-after", "2024-01-01T00:00:00Z", "--not-before", "2023-01-01T00:00:00Z"]);
    let server = lab.serve(&[]);
    let run =
        lab.tlslab(["audit", "server", &server.to_word(), "--profile", "lab", "--mend", "nginx"]).status(1);
    assert!(run.stdout.starts_with("FAIL   certificate-dates (MUST, high)"), "{run}");
    let run = run.prints("mend: renew the certificate").prints("nginx: ssl_certificate fullchain.pem;");
    run.prints("not checked: ");
}

#[test]
fn checks_are_listed_and_picked() {
    let lab = Lab::new();
    lab.tlslab(["audit", "server", "--list"]).success().prints("tls10-refused").prints("checks in all");
    let listed = lab.tlslab(["audit", "server", "--list", "--json", "--only", "attacks"]).success().json();
    assert!(listed["checks"].as_array().unwrap().iter().all(|check| check["family"] == "attacks"));
    lab.tlslab(["audit", "server", "--list", "--only", "nothing"]).status(2).says("no check or family");
    lab.gencert(&[]);
    let server = lab.serve(&[]);
    let report = audit(&lab, &server.to_word(), &["--only", "ssl*"]).success().json();
    assert_eq!(report["checks"].as_array().unwrap().len(), 2);
}

#[test]
fn what_is_no_server_has_a_status_of_its_own() {
    let lab = Lab::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = listener.local_addr().unwrap().to_string();
    drop(listener);
    let run = audit(&lab, &nobody, &[]).status(30);
    assert_eq!(run.json()["exit_status"], 30, "{run}");
    lab.tlslab(["audit", "server", &nobody]).status(30).says("connection refused");
    let plain = hostile(|mut stream| {
        let _ = stream.write_all(b"220 hello \x1b[2J\r\n");
        let _ = stream.read(&mut [0; 512]);
    });
    lab.tlslab(["audit", "server", &plain]).status(20).says("no TLS there");
    lab.tlslab(["audit", "server", "8.8.8.8:443"]).status(2).says("--i-may-test-this-host");
    lab.tlslab(["audit", "server"]).status(2);
}

/// A server that does as it likes with each connection; lives as long as the test.
fn hostile(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let serve = std::sync::Arc::new(serve);
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let serve = std::sync::Arc::clone(&serve);
            std::thread::spawn(move || serve(stream));
        }
    });
    address
}

#[test]
fn hostile_servers_are_survived() {
    let lab = Lab::new();
    let quick = ["--timeout", "300ms", "--deadline", "2s"];
    let silent = hostile(|mut stream| drop(stream.read_to_end(&mut Vec::new())));
    let trickling = hostile(|mut stream| {
        // One byte of an endless handshake message at a time.
        while stream.write_all(&[22, 3, 3, 0, 1, 2]).is_ok() {}
    });
    let flood = hostile(|mut stream| {
        let record = [&[22, 3, 3, 0x40, 0][..], &[11; 0x4000]].concat();
        while stream.write_all(&record).is_ok() {}
    });
    let huge = hostile(|mut stream| {
        // A ServerHello that claims 16 MiB.
        let _ = stream.write_all(&[22, 3, 3, 0, 4, 2, 0xff, 0xff, 0xff]);
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let warnings = hostile(|mut stream| while stream.write_all(&[21, 3, 3, 0, 2, 1, 112]).is_ok() {});
    for server in [silent, trickling, flood, huge, warnings] {
        let run = audit(&lab, &server, &quick);
        // Whether what came first was a limit of bytes or of time depends on the machine.
        assert!([20, 30].contains(&run.code()), "{run}");
        assert!(run.json()["error"].is_string(), "{run}");
    }
}

#[test]
fn every_report_is_written_and_a_baseline_holds_both_ways() {
    let lab = Lab::new();
    lab.gencert(&["--not-after", "2024-01-01T00:00:00Z", "--not-before", "2023-01-01T00:00:00Z"]);
    let server = lab.serve(&[]);
    let formats = ["html", "junit", "sarif", "markdown", "csv", "gradescope", "classroom", "codequality"];
    let mut arguments: Vec<String> =
        formats.iter().flat_map(|f| [format!("--{f}"), format!("r.{f}")]).collect();
    arguments.extend(["--save-baseline".to_owned(), "known".to_owned()]);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let report = audit(&lab, &server.to_word(), &arguments).status(1).json();
    for format in formats {
        assert!(
            lab.read(&format!("r.{format}")).contains("certificate-dates") || format == "classroom",
            "{format}"
        );
    }
    assert!(lab.read("r.html").contains("Suites and versions"));
    assert!(lab.read("r.markdown").starts_with("# TLS server audit"));
    assert!(lab.read("r.junit").contains(&format!("failures=\"{}\"", report["summary"]["fail"])));
    assert_eq!(lab.read("r.csv").lines().count(), 1 + report["checks"].as_array().unwrap().len());
    let known = lab.read("known");
    assert!(known.contains("certificate-dates fail"), "{known}");
    audit(&lab, &server.to_word(), &["--baseline", "known"]).success();
    lab.write("known", known + "tls10-refused fail # long mended\n");
    let run = audit(&lab, &server.to_word(), &["--baseline", "known"]).status(1);
    assert!(run.json()["baseline"][0].as_str().unwrap().starts_with("tls10-refused: listed"), "{run}");
    audit(&lab, &server.to_word(), &["--html", "nowhere/page.html"]).status(2);
}

#[test]
fn a_table_over_many_servers() {
    let lab = Lab::new();
    lab.gencert(&[]);
    let server = lab.serve(&[]);
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    lab.write("servers.txt", format!("# ours\n{}\n{gone} # is not there\n", server.to_word()));
    let run = lab.tlslab(["audit", "server", "--each", "servers.txt", "--junit", "r.xml"]).status(30);
    run.prints("TLSv1.2 TLSv1.3").prints("connection refused");
    assert!(lab.read("r.xml").contains("errors=\"1\""), "a server that is not there is an error");
    let report = lab.tlslab(["audit", "server", "--each", "servers.txt", "--json"]).status(30).json();
    assert_eq!((report["servers"].as_array().unwrap().len(), &report["exit_status"]), (2, &30.into()));
}

/// The OpenSSL configurations that a judge has to tell apart: arguments, versions that are spoken, checks that fail by
/// profile rfc.
#[test]
fn a_server_that_dies_of_a_broken_handshake_is_told_so_and_nothing_else_is_called_good() {
    if !peer("python3") {
        return;
    }
    let lab = Lab::new();
    lab.gencert(&[]);
    // As students write it: accept() does the handshake, and its exception ends the program.
    let program = "import socket, ssl, sys\n\
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)\n\
        context.load_cert_chain('cert.pem', 'clearkey.pem')\n\
        server = context.wrap_socket(socket.create_server(('127.0.0.1', 0)), server_side=True)\n\
        print('listening on 127.0.0.1:%d' % server.getsockname()[1], file=sys.stderr, flush=True)\n\
        while True:\n\
        \u{20}   peer, _ = server.accept()\n\
        \u{20}   peer.close()\n";
    lab.write("server.py", program);
    let server = Server::start(lab.command("python3").arg("server.py"));
    let run = audit(&lab, &server.to_word(), &[]).status(1);
    let report = run.json();
    assert_eq!(verdict(&report, "still-serving"), "fail", "{run}");
    for id in ["null-refused", "rc4-refused", "sweet32", "plaintext-refused"] {
        assert_eq!(verdict(&report, id), "error", "{id}: {run}");
    }
}
