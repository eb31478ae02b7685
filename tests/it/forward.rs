//! `tlslab serve --forward`, from outside: openssl and `tlslab connect` before it, plain sockets behind it.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener};
use std::os::unix::net::UnixListener;
use std::process::Stdio;
use std::thread;

use crate::lab::{Lab, TLSLAB, peer, run_with_input, wait};

/// Reads a whole request, and answers with it in reverse: the answer begins when the request has ended.
fn answer(mut socket: impl Read + Write) -> Vec<u8> {
    let mut asked = Vec::new();
    socket.read_to_end(&mut asked).expect("the request");
    let reversed: Vec<u8> = asked.iter().rev().copied().collect();
    socket.write_all(&reversed).expect("the answer");
    asked
}

fn bench() -> Lab {
    let lab = Lab::new();
    lab.gencert(&["--key", "ec:p256"]);
    lab
}

#[test]
fn a_line_goes_to_a_plain_server_and_its_answer_comes_back() {
    let lab = bench();
    let back = TcpListener::bind("127.0.0.1:0").expect("a port");
    let target = back.local_addr().expect("its address").to_string();
    let mut server = lab.serve(&["--forward", &target]);
    let serving = thread::spawn(move || {
        let (mut socket, _) = back.accept().expect("a connection");
        let mut asked = [0; 6];
        socket.read_exact(&mut asked).expect("a line");
        socket.write_all(b"HELLO\n").expect("an answer");
        socket.shutdown(Shutdown::Write).expect("half-close");
        asked
    });
    let run = lab.tlslab(["connect", &server.to_word(), "--message", "hello"]).success();
    assert_eq!(run.stdout, "HELLO\n");
    assert_eq!(&serving.join().expect("the back end"), b"hello\n");
    server.wait_for("6 bytes in");
}

#[test]
fn a_back_end_that_closes_first_is_named_in_the_log() {
    if !peer("openssl") {
        return;
    }
    let lab = bench();
    let back = TcpListener::bind("127.0.0.1:0").expect("a port");
    let target = back.local_addr().expect("its address").to_string();
    let mut server = lab.serve(&["--forward", &target]);
    // Ends when the server has, though there might be more to say.
    let mut client = lab.command("openssl");
    client.args(["s_client", "-quiet", "-connect", &server.to_word()]);
    client.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut client = client.spawn().expect("a client");
    drop(back.accept().expect("a connection"));
    server.wait_for(&format!("closed by the back end {target}"));
    wait(&mut client, "openssl s_client");
}

/// `connect` is a pipe: what comes on stdin after the server's end still goes there.
#[test]
fn a_back_end_that_has_said_all_hears_the_rest() {
    let lab = bench();
    let back = TcpListener::bind("127.0.0.1:0").expect("a port");
    let mut server = lab.serve(&["--forward", &back.local_addr().expect("its address").to_string()]);
    let mut client = lab.command(TLSLAB);
    client.args(["connect", &server.to_word()]);
    client.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut client = client.spawn().expect("a client");
    let (mut socket, _) = back.accept().expect("a connection");
    socket.write_all(b"220 ready\n").expect("a greeting");
    socket.shutdown(Shutdown::Write).expect("half-close");
    let mut greeting = [0; 10];
    client.stdout.as_mut().expect("piped").read_exact(&mut greeting).expect("the greeting");
    assert_eq!(&greeting, b"220 ready\n");
    client.stdin.take().expect("piped").write_all(b"QUIT\n").expect("the rest");
    let mut heard = String::new();
    socket.read_to_string(&mut heard).expect("the rest");
    assert_eq!(heard, "QUIT\n");
    assert!(wait(&mut client, "tlslab connect").success());
    server.wait_for("5 bytes in, 10 bytes out");
}

#[test]
fn a_unix_socket_can_be_behind_it_and_openssl_before_it() {
    if !peer("openssl") {
        return;
    }
    let lab = bench();
    let path = lab.file("app.sock");
    let back = UnixListener::bind(&path).expect("a socket");
    let mut server = lab.serve(&["--forward", &format!("unix:{}", path.display())]);
    let serving = thread::spawn(move || answer(back.accept().expect("a connection").0));
    let mut openssl = lab.command("openssl");
    openssl.args(["s_client", "-quiet", "-no_ign_eof", "-connect", &server.to_word()]);
    run_with_input(&mut openssl, b"over and out\n");
    assert_eq!(serving.join().expect("the back end"), b"over and out\n");
    server.wait_for("13 bytes in");
}

#[test]
fn a_back_end_that_is_not_there_is_named_in_the_log() {
    let lab = bench();
    let gone = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its address");
    let mut server = lab.serve(&["--forward", &gone.to_string()]);
    let run = lab.tlslab(["connect", &server.to_word(), "--message", "anybody?"]);
    assert_ne!(run.code(), 0, "{}", run.stderr);
    server.wait_for(&format!("closed, for no back end can be reached: {gone}: connection refused"));
}

#[test]
fn what_cannot_be_forwarded_to_is_refused_beforehand() {
    let lab = bench();
    let serve = |words: &[&str]| lab.tlslab(["serve"].iter().chain(words)).status(2);
    serve(&["--forward", "localhost"])
        .says("expected HOST:PORT such as 127.0.0.1:8080, or unix:PATH, found no port");
    serve(&["--forward", "a:1", "--www"]).says("cannot be used with");
    serve(&["--proxy-protocol", "v2"]).says("--forward");
    serve(&["--forward", "a:1", "--proxy-protocol", "v1"]).says("v2");
}
