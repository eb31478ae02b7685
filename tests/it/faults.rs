//! What a hostile network and a poor machine do to `serve`: it goes on, and good clients are served throughout.

use std::io::Write;
use std::net::TcpStream;

use crate::lab::{Lab, Server, TLSLAB, peer};

fn lab() -> Lab {
    let lab = Lab::new();
    lab.gencert(&[]);
    lab
}

/// A good client is served.
fn hello(lab: &Lab, server: &Server) {
    lab.tlslab(["connect", &server.to_word(), "--message", "hello"]).success().prints("hello");
}

/// The memory that a process has, in kibibytes.
fn resident(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).expect("its status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
    line.trim().trim_end_matches(" kB").trim().parse().expect("a number")
}

/// This process may hold as many files as the system lets it.
fn many_files() {
    use rustix::process::{Resource, getrlimit, setrlimit};

    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).expect("as many files as are allowed");
}

#[test]
fn two_thousand_half_open_connections_cost_little_and_good_clients_are_served() {
    many_files();
    let lab = lab();
    let server = lab.serve(&["--handshake-timeout", "1h"]);
    hello(&lab, &server);
    let before = resident(server.id());
    let half_open: Vec<TcpStream> = (0..2000)
        .map(|index| {
            let mut socket = TcpStream::connect(server.address()).expect("a connection");
            if index % 2 == 0 {
                // The head of a record, and a part of a ClientHello.
                socket.write_all(&[22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3]).expect("send");
            }
            socket
        })
        .collect();
    hello(&lab, &server);
    let each = resident(server.id()).saturating_sub(before) / 2000;
    assert!(each < 64, "{each} KiB for each");
    drop(half_open);
    hello(&lab, &server);
}

#[test]
fn without_descriptors_accepting_pauses_and_resumes() {
    let lab = lab();
    let mut command = lab.command("sh");
    let serve = "ulimit -n 64; exec \"$0\" serve --listen 127.0.0.1:0 --handshake-timeout 1h";
    command.args(["-c", serve, TLSLAB]);
    let mut server = Server::start(&mut command);
    let many: Vec<TcpStream> =
        (0..100).map(|_| TcpStream::connect(server.address()).expect("into the queue")).collect();
    server.wait_for("warning: cannot accept a connection, trying again: ");
    server.wait_for("warning: cannot accept a connection, trying again: ");
    drop(many);
    hello(&lab, &server);
    let (exit, heard) = server.stop();
    assert!(exit.success(), "{exit}");
    // Each pause is longer than the one before: it does not spin.
    let tried = heard.matches("cannot accept").count();
    assert!(tried < 100, "{tried} times");
}

#[test]
fn a_reload_with_files_that_are_bad_missing_or_half_written_keeps_the_old() {
    let lab = lab();
    let mut server = lab.serve(&[]);
    let (certificate, key) = (lab.read("cert.pem"), lab.read("clearkey.pem"));
    let half = |text: &str| text[..text.len() / 2].to_owned();
    for (name, contents) in [
        ("cert.pem", Some("nothing of the kind".to_owned())),
        ("cert.pem", Some(String::new())),
        ("cert.pem", Some(half(&certificate))),
        ("cert.pem", None),
        ("clearkey.pem", Some(half(&key))),
        ("clearkey.pem", None),
    ] {
        match contents {
            Some(contents) => drop(lab.write(name, contents)),
            None => std::fs::remove_file(lab.file(name)).expect("remove"),
        }
        server.signal("HUP");
        server.wait_for("not reloaded, still serving as before: ");
        lab.write("trusted.pem", &certificate);
        let word = server.to_word();
        lab.tlslab(["connect", &word, "--ca", "trusted.pem", "--message", "hello"]).success();
        lab.write("cert.pem", &certificate);
        lab.write("clearkey.pem", &key);
    }
    server.signal("HUP");
    server.wait_for("reloaded cert.pem and clearkey.pem");
}

/// A key log that cannot be written is `bad_input`'s.
#[test]
fn where_the_disk_is_full_connections_go_on() {
    let lab = lab();
    // No file grows beyond 4 KiB: the capture's beginning fits, and a session does not.
    let mut command = lab.command("sh");
    let serve = "trap '' XFSZ; ulimit -f 8; exec \"$0\" serve --listen 127.0.0.1:0 --pcap wire.pcapng";
    let mut server = Server::start(command.args(["-c", serve, TLSLAB]));
    for _ in 0..3 {
        hello(&lab, &server);
    }
    server.signal("TERM");
    let (_, heard) = server.ended();
    assert!(heard.contains("wire.pcapng: cannot write: File too large"), "{heard}");
    assert!(heard.contains("stopped: 3 sessions, 0 failed handshakes, 18 bytes in, 18 bytes out"), "{heard}");

    let mut command = lab.command(TLSLAB);
    command.args(["serve", "--listen", "127.0.0.1:0", "--json"]);
    let full = std::fs::File::options().write(true).open("/dev/full").expect("the full disk");
    let mut server = Server::start_with(&mut command, full.into());
    hello(&lab, &server);
    server.signal("TERM");
    let (exit, heard) = server.ended();
    assert_eq!(exit.code(), Some(1), "the summary was asked for, and is nowhere: {heard}");
}

#[test]
fn a_log_that_cannot_be_written_costs_connections_nothing() {
    if !peer("python3") {
        return;
    }
    let lab = lab();
    // stderr is a full disk from the start, so the port is one that was handed over.
    let program = "
import os, socket, subprocess, sys
listener = socket.create_server(('127.0.0.1', 0))
os.dup2(listener.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_FDS='1')
full = open('/dev/full', 'wb')
serve = subprocess.Popen([sys.argv[1], 'serve'], stderr=full, close_fds=False)
port = str(listener.getsockname()[1])
for _ in range(3):
    connect = [sys.argv[1], 'connect', '127.0.0.1:' + port, '--message', 'hello']
    said = subprocess.run(connect, capture_output=True, timeout=300)
    assert (said.returncode, said.stdout) == (0, b'hello\\n'), said
serve.terminate()
assert serve.wait(timeout=300) == 0
";
    lab.run("python3", ["-c", program, TLSLAB]).success();
}
