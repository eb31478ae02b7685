//! `tlslab connect --listen`, from outside: plain sockets before it, `tlslab serve` and plain sockets behind that.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;

use crate::lab::{FUSE, Lab, Server};

fn bench() -> Lab {
    let lab = Lab::new();
    lab.gencert(&["--key", "ec:p256"]);
    lab
}

fn carrier(lab: &Lab, server: &Server, arguments: &[&str]) -> Server {
    let mut command = lab.command(crate::lab::TLSLAB);
    command.args(["connect", &server.to_word(), "--listen", "127.0.0.1:0"]).args(arguments);
    Server::start(&mut command)
}

fn dial(carrier: &Server) -> TcpStream {
    let stream = TcpStream::connect(carrier.address()).expect("connect");
    stream.set_read_timeout(Some(FUSE)).expect("a read timeout");
    stream
}

#[test]
fn both_proxies_in_a_row_carry_every_byte_and_every_half_close() {
    let lab = bench();
    for version in ["1.2", "1.3"] {
        let back = TcpListener::bind("127.0.0.1:0").expect("a port");
        let server =
            lab.serve(&["--forward", &back.local_addr().expect("its address").to_string(), "--tls", version]);
        let mut carrier = carrier(&lab, &server, &[]);
        let serving = thread::spawn(move || {
            let (mut socket, _) = back.accept().expect("a connection");
            let mut asked = Vec::new();
            socket.read_to_end(&mut asked).expect("the request");
            asked.reverse();
            socket.write_all(&asked).expect("the answer");
        });
        let mut client = dial(&carrier);
        let question: Vec<u8> = (0..300_000_u32).flat_map(u32::to_be_bytes).collect();
        client.write_all(&question).expect("send");
        client.shutdown(Shutdown::Write).expect("half-close");
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).expect("the whole answer");
        assert!(answer.iter().rev().eq(&question));
        serving.join().expect("the back end");
        carrier.wait_for("1200000 bytes out, 1200000 bytes in: closed");
        let (status, said) = carrier.stop();
        assert!(status.success(), "{said}");
        assert!(said.contains("stopped: 1 connection carried, 0 refused"), "{said}");
    }
}

#[test]
fn a_refused_certificate_closes_the_socket_and_nothing_was_sent() {
    let lab = bench();
    let mut server = lab.serve(&[]);
    let mut carrier = carrier(&lab, &server, &["--cn", "other.test"]);
    let mut client = dial(&carrier);
    // It may be gone already.
    let _ = client.write_all(b"secret\n");
    let mut answer = Vec::new();
    // An end or a reset, as unread bytes have it; never an answer.
    let _ = client.read_to_end(&mut answer);
    assert_eq!(answer, b"");
    carrier.wait_for("closed, nothing was sent: rejected: wrong-name; name: expected ");
    server.wait_for("handshake failed");
    assert!(!server.heard().contains("bytes in"), "{}", server.heard());
}

#[test]
fn a_server_that_is_not_there_closes_the_socket() {
    let lab = bench();
    let server = lab.serve(&[]);
    let mut carrier = carrier(&lab, &server, &[]);
    server.stop();
    let mut answer = Vec::new();
    dial(&carrier).read_to_end(&mut answer).expect("a good end");
    assert_eq!(answer, b"");
    carrier.wait_for("closed, nothing was sent: ");
}

#[test]
fn a_server_that_cuts_the_stream_is_no_good_end_for_the_client() {
    let lab = bench();
    let back = TcpListener::bind("127.0.0.1:0").expect("a port");
    let server = lab.serve(&["--forward", &back.local_addr().expect("its address").to_string()]);
    let mut carrier = carrier(&lab, &server, &[]);
    let mut client = dial(&carrier);
    client.write_all(b"never read").expect("send");
    let (socket, _) = back.accept().expect("a connection");
    // Closed with bytes unread: a reset (RFC 1122 §4.2.2.13). They have come once the first can be peeked at.
    socket.peek(&mut [0]).expect("the first byte");
    drop(socket);
    let error = client.read(&mut [0]).expect_err("a reset");
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    carrier.wait_for("reset, for the server broke off: ");
}

#[test]
fn a_session_is_resumed_and_judged_anew() {
    let lab = bench();
    for version in ["1.2", "1.3"] {
        let mut server = lab.serve(&["--tls", version]);
        let mut carrier = carrier(&lab, &server, &[]);
        for resumed in [false, true, true] {
            let mut client = dial(&carrier);
            client.write_all(b"hello").expect("send");
            client.shutdown(Shutdown::Write).expect("half-close");
            let mut answer = Vec::new();
            client.read_to_end(&mut answer).expect("the echo");
            assert_eq!(answer, b"hello");
            let line = carrier.wait_for("5 bytes out, 5 bytes in: closed");
            assert_eq!(line.contains(" resumed  "), resumed, "{line}");
            let line = server.wait_for("5 bytes in, 5 bytes out");
            assert_eq!(line.contains(" resumed  "), resumed, "{line}");
        }
    }
}

#[test]
fn what_a_second_signal_cuts_is_counted_and_said() {
    let lab = bench();
    let server = lab.serve(&[]);
    let mut carrier = carrier(&lab, &server, &["--drain-timeout", "1h", "--max-connections", "2"]);
    let mut clients = [dial(&carrier), dial(&carrier)];
    for client in &mut clients {
        client.write_all(b"hello").expect("send");
        client.read_exact(&mut [0; 5]).expect("the echo");
    }
    carrier.wait_for("as many clients as --max-connections allows are here");
    carrier.signal("TERM");
    carrier.wait_for("stopping: connections have 1h to end");
    carrier.signal("TERM");
    let (exit, heard) = carrier.ended();
    assert_eq!(exit.code(), Some(143), "{heard}");
    assert_eq!(
        heard.matches("5 bytes out, 5 bytes in: cut off, for it is time to stop").count(),
        2,
        "{heard}"
    );
    assert!(heard.contains("stopped: 2 connections carried, 2 of them cut off, 0 refused"), "{heard}");
    for mut client in clients {
        client.read(&mut [0]).expect_err("what is cut is no good end");
    }
}
