//! `tlslab serve --admin`, `--max-per-ip` and `--handshake-rate`, and what a service manager is told.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixDatagram;
use std::process::Command;

use crate::lab::{FUSE, Lab, Server, TLSLAB, peer, run_with_input};

/// Starts `serve` with an admin port of its own.
fn serve(lab: &Lab, arguments: &[&str]) -> (Server, SocketAddr) {
    let server = lab.serve(&[&["--admin", "127.0.0.1:0"], arguments].concat());
    let heard = server.heard();
    let said = heard.split("admin at http://").nth(1).and_then(|rest| rest.split('/').next());
    let admin = said.and_then(|address| address.parse().ok()).unwrap_or_else(|| panic!("{heard}"));
    (server, admin)
}

/// The status and the body of what is at `path`.
fn get(admin: SocketAddr, path: &str) -> (u16, String) {
    let mut socket = TcpStream::connect(admin).expect("the admin port");
    write!(socket, "GET {path} HTTP/1.1\r\nHost: {admin}\r\nConnection: close\r\n\r\n").expect("a request");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    (status, body.to_owned())
}

#[test]
fn what_is_counted_is_told_as_prometheus_wants_it() {
    let lab = Lab::new();
    lab.gencert(&[]);
    let gone = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its address");
    let (mut server, admin) = serve(&lab, &["--forward", &gone.to_string()]);
    assert_eq!(get(admin, "/healthz"), (200, "ok\n".to_owned()));
    assert_eq!(get(admin, "/readyz"), (200, "ok\n".to_owned()));
    let word = server.to_word();
    lab.tlslab(["connect", &word, "--tls", "1.2", "--message", "hello"]);
    server.wait_for("closed, for no back end can be reached");
    TcpStream::connect(server.address()).expect("a connection").write_all(b"GET /").expect("plaintext");
    server.wait_for("handshake failed: the peer sent plaintext");
    assert_eq!(get(admin, "/readyz"), (503, "no back end can be reached\n".to_owned()));
    let (status, figures) = get(admin, "/metrics");
    assert_eq!(status, 200);
    for line in [
        "tlslab_connections_accepted_total 2".to_owned(),
        "tlslab_connections_open 0".to_owned(),
        "tlslab_sessions_ended_total{end=\"back-end-unreachable\"} 1".to_owned(),
        "tlslab_handshake_failures_total{reason=\"plaintext\"} 1".to_owned(),
        format!("tlslab_backend_up{{backend=\"{gone}\"}} 0"),
    ] {
        assert!(figures.lines().any(|found| found == line), "{line}\n{figures}");
    }
    assert!(
        figures.contains("tlslab_handshakes_total{protocol=\"TLSv1.2\",cipher_suite=\"TLS_ECDHE_ECDSA_"),
        "{figures}"
    );
    assert!(
        figures.contains("tlslab_certificate_not_after_timestamp_seconds{file=\"cert.pem\"} 1"),
        "{figures}"
    );
    assert_eq!(get(admin, "/").0, 404);
    if peer("promtool") {
        let mut promtool = lab.command("promtool");
        let judged = run_with_input(promtool.args(["check", "metrics"]), figures.as_bytes()).success();
        assert_eq!((judged.stdout.as_str(), judged.stderr.as_str()), ("", ""));
    }
}

#[test]
fn while_it_drains_it_lives_and_is_not_ready_and_reloads_are_counted() {
    let lab = Lab::new();
    lab.gencert(&[]);
    let (mut server, admin) =
        serve(&lab, &["--drain-timeout", "1h", "--handshake-timeout", "1h", "--www", "--plaintext"]);
    server.signal("HUP");
    server.wait_for("nothing to reload");
    // A request that is under way, for which the server waits.
    let mut busy = TcpStream::connect(server.address()).expect("a connection");
    busy.write_all(b"GET / HTTP/1.1\r\nHost: www.test.org\r\n\r\nGET / HT").expect("send");
    busy.read_exact(&mut [0; 8]).expect("the first answer");
    server.signal("TERM");
    server.wait_for("stopping");
    assert_eq!(get(admin, "/healthz"), (200, "ok\n".to_owned()));
    assert_eq!(get(admin, "/readyz"), (503, "stopping\n".to_owned()));
    drop(busy);
    assert!(server.ended().0.success());
}

#[test]
fn whoever_is_over_a_limit_is_closed_at_once_and_counted() {
    let lab = Lab::new();
    lab.gencert(&[]);
    let (mut server, admin) = serve(&lab, &["--max-per-ip", "2", "--json"]);
    let held: Vec<_> = (0..2).map(|_| TcpStream::connect(server.address()).expect("a connection")).collect();
    for _ in 0..3 {
        let mut refused = TcpStream::connect(server.address()).expect("a connection");
        refused.set_read_timeout(Some(FUSE)).expect("a fuse");
        assert_eq!(refused.read(&mut [0]).unwrap_or(0), 0, "closed or reset");
    }
    server.wait_for("refused: its address has what --max-per-ip allows");
    let figures = get(admin, "/metrics").1;
    assert!(figures.contains("tlslab_connections_refused_total{reason=\"max-per-ip\"} 3"), "{figures}");
    drop(held);
    let (_, heard) = server.stop();
    assert_eq!(heard.matches("--max-per-ip allows").count(), 1, "said once: {heard}");

    let (mut server, admin) = serve(&lab, &["--handshake-rate", "1"]);
    let word = server.to_word();
    let held: Vec<_> = (0..20).map(|_| TcpStream::connect(&word).expect("a connection")).collect();
    server.wait_for("refused: its address has what --handshake-rate allows");
    assert!(get(admin, "/metrics").1.contains("tlslab_connections_refused_total{reason=\"handshake-rate\"}"));
    drop(held);
}

/// A socket of its own, handed over as systemd does it.
const ACTIVATE: &str = "
import os, socket, sys
listener = socket.create_server(('127.0.0.1', 0))
os.dup2(listener.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_FDS='1', LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[1], sys.argv[1:])
";

#[test]
fn systemd_hands_over_a_socket_and_is_told_how_things_stand() {
    if !peer("python3") {
        return;
    }
    let lab = Lab::new();
    lab.gencert(&[]);
    let notified = UnixDatagram::bind(lab.file("notify.sock")).expect("a socket");
    notified.set_read_timeout(Some(FUSE)).expect("a fuse");
    let told = || {
        let mut buffer = [0; 512];
        let length = notified.recv(&mut buffer).expect("a notification");
        String::from_utf8_lossy(&buffer[..length]).trim_end().to_owned()
    };
    let mut command: Command = lab.command("python3");
    // The address that --listen names is not taken: it belongs to nobody here.
    command.args(["-c", ACTIVATE, TLSLAB, "serve", "--listen", "192.0.2.1:1"]);
    command.env("NOTIFY_SOCKET", lab.file("notify.sock"));
    let mut server = Server::start(&mut command);
    assert_eq!(told(), "READY=1");
    lab.tlslab(["connect", &server.to_word(), "--message", "hello"]).success().prints("hello");
    server.signal("HUP");
    server.wait_for("reloaded cert.pem");
    let reloading = told();
    assert!(reloading.starts_with("RELOADING=1\nMONOTONIC_USEC="), "{reloading}");
    assert_eq!(told(), "READY=1");
    server.signal("TERM");
    assert_eq!(told(), "STOPPING=1");
    assert!(server.ended().0.success());
}
