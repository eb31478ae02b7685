//! `tlslab tap`: what crosses arrives unchanged, and Wireshark's own tools open the recording and find nothing to
//! complain about.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::thread::JoinHandle;

use crate::capture::tshark;
use crate::lab::{Lab, Server, TLSLAB, peer, run};
use crate::openssl;

/// An echo server on an address the system chose; ends with the test process.
fn echo(host: &str) -> SocketAddr {
    let listener = TcpListener::bind((host, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || std::io::copy(&mut &stream, &mut &stream));
        }
    });
    address
}

fn tap(lab: &Lab, to: &str, arguments: &[&str]) -> Server {
    let mut command = lab.command(TLSLAB);
    command.args(["tap", "--listen", "127.0.0.1:0", "--to", to, "--pcap", "lab.pcapng"]).args(arguments);
    Server::start(&mut command)
}

fn dial(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(crate::lab::FUSE)).unwrap();
    stream
}

/// Sends `message`, closes this half, returns all that comes back.
fn exchange(address: SocketAddr, message: &[u8]) -> Vec<u8> {
    let mut stream = dial(address);
    let mut sender = stream.try_clone().unwrap();
    let sending: JoinHandle<()> = {
        let message = message.to_vec();
        std::thread::spawn(move || {
            sender.write_all(&message).unwrap();
            sender.shutdown(Shutdown::Write).unwrap();
        })
    };
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    sending.join().unwrap();
    answer
}

fn hex(bytes: &[u8]) -> String {
    tlslab::words::hex(bytes)
}

#[test]
fn a_plaintext_protocol_is_relayed_and_recorded() {
    let lab = Lab::new();
    let server = tap(&lab, &echo("127.0.0.1").to_string(), &[]);
    let (address, port) = (server.address(), server.port());
    // One after the other: the order in the capture is then known.
    let mut client = dial(address);
    let mut answer = [0; 13];
    client.write_all(b"hello, server").unwrap();
    client.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"hello, server");
    client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(client.read(&mut answer).unwrap(), 0);
    let (exit, said) = server.stop();
    assert!(exit.success(), "{said}");
    assert!(said.contains(": 13 bytes from the client, 13 from the server, closed\n"), "{said}");
    assert!(
        said.ends_with("lab.pcapng: 11 packets, 1 connection, 0 TLS sessions"),
        "the last line is the sum: {said}"
    );
    if !peer("tshark") {
        return;
    }
    let capture = lab.file("lab.pcapng");
    let packets = tshark(&lab, &capture, "tcp", &["tcp.dstport", "tcp.flags.str", "tcp.payload"]);
    let packets: Vec<Vec<&str>> = packets.iter().map(|line| line.split('\t').collect()).collect();
    let data = hex(b"hello, server");
    let flags: Vec<_> = packets.iter().map(|packet| packet[1].replace('·', "")).collect();
    assert_eq!(
        flags,
        ["S", "AS", "A", "AP", "A", "AP", "A", "AF", "A", "AF", "A"].map(ToOwned::to_owned).as_slice()
    );
    assert_eq!((packets[0][0], packets[3][2], packets[5][2]), (port.as_str(), data.as_str(), data.as_str()));
    let comment = lab.run("capinfos", [&capture]).stdout;
    assert!(comment.contains(concat!("Recorded by tlslab ", env!("CARGO_PKG_VERSION"))), "{comment}");
    assert!(comment.contains("Time precision = nanoseconds"), "{comment}");
}

#[test]
fn many_connections_at_once_are_all_there() {
    for (connections, bytes) in [(50_usize, 100_000_usize), (1_000, 300)] {
        let lab = Lab::new();
        let server = tap(&lab, &echo("127.0.0.1").to_string(), &[]);
        let address = server.address();
        let workers: Vec<_> = (0..10)
            .map(|worker: usize| {
                std::thread::spawn(move || {
                    for index in (worker..connections).step_by(10) {
                        let byte = u8::try_from(index % 251).unwrap();
                        let message = vec![byte; bytes];
                        assert_eq!(exchange(address, &message), message);
                    }
                })
            })
            .collect();
        for worker in workers {
            worker.join().unwrap();
        }
        let (exit, said) = server.stop();
        assert!(exit.success(), "{said}");
        assert!(said.contains(&format!(" {connections} connections, 0 TLS sessions")), "{said}");
        if !peer("tshark") {
            return;
        }
        let lines = tshark(&lab, &lab.file("lab.pcapng"), "tcp.len > 0", &["tcp.stream", "tcp.len"]);
        let mut sums = vec![0; connections];
        for line in &lines {
            let (stream, length) = line.split_once('\t').unwrap();
            let length: usize = length.parse().unwrap();
            assert!(length <= 1460, "segments fit the MTU");
            sums[stream.parse::<usize>().unwrap()] += length;
        }
        assert!(
            sums.iter().all(|sum| *sum == 2 * bytes),
            "each connection carried its bytes twice: {sums:?}"
        );
    }
}

#[test]
fn ipv6_is_recorded_as_such() {
    if TcpListener::bind("[::1]:0").is_err() {
        return eprintln!("SKIPPED: there is no IPv6 loopback here");
    }
    let lab = Lab::new();
    let to = echo("::1").to_string();
    let mut command = lab.command(TLSLAB);
    command.args(["tap", "--listen", "[::1]:0", "--to", &to, "--pcap", "lab.pcapng"]);
    let server = Server::start(&mut command);
    assert_eq!(exchange(server.address(), &[7; 5000]), [7; 5000]);
    assert!(server.stop().0.success());
    if peer("tshark") {
        let lines = tshark(&lab, &lab.file("lab.pcapng"), "tcp.len > 0", &["ipv6.src", "tcp.len"]);
        let sum: usize =
            lines.iter().map(|line| line.strip_prefix("::1\t").unwrap().parse::<usize>().unwrap()).sum();
        assert_eq!(sum, 10_000);
    }
}

#[test]
fn a_reset_is_passed_on_and_recorded() {
    let lab = Lab::new();
    let target = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut server = tap(&lab, &target.local_addr().unwrap().to_string(), &[]);
    let mut client = dial(server.address());
    client.write_all(b"are you there").unwrap();
    let (mut accepted, _) = target.accept().unwrap();
    accepted.read_exact(&mut [0; 3]).unwrap();
    drop(accepted); // with unread bytes: the system answers with a reset
    let error = client.read(&mut [0; 16]).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    let said = server.wait_for("broken off");
    assert!(
        said.ends_with("13 bytes from the client, 0 from the server, broken off by the server"),
        "{said}"
    );
    assert!(server.stop().0.success());
    if peer("tshark") {
        let filter = "tcp.len > 0 || tcp.flags.reset == 1";
        // Flags alone are 0 and 1 in tshark 4.0, and words in 4.4.
        let flags = tshark(&lab, &lab.file("lab.pcapng"), filter, &["tcp.flags.str"]);
        let resets: Vec<bool> = flags.iter().map(|letters| letters.contains('R')).collect();
        assert_eq!(resets, [false, true]);
    }
}

#[test]
fn an_unreachable_server_is_a_reset_for_the_client_and_a_word_for_the_person() {
    let lab = Lab::new();
    // An address that nobody listens on: bound, learnt, let go.
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut server = tap(&lab, &nobody.to_string(), &[]);
    let mut client = dial(server.address());
    let error = client.read(&mut [0; 16]).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    let said = server.wait_for("warning");
    assert!(said.contains(&format!("{nobody}: cannot connect: Connection refused")), "{said}");
    assert!(server.stop().0.success());
    if peer("tshark") {
        let flags = tshark(&lab, &lab.file("lab.pcapng"), "tcp", &["tcp.flags.str"]);
        let flags: Vec<_> = flags.iter().map(|flags| flags.replace('·', "")).collect();
        assert_eq!(flags, ["S", "AS", "A", "AR"]);
    }
}

#[test]
fn a_killed_tap_leaves_a_readable_file_with_everything_up_to_then() {
    let lab = Lab::new();
    let mut server = tap(&lab, &echo("127.0.0.1").to_string(), &[]);
    let mut client = dial(server.address());
    let mut answer = [0; 9000];
    client.write_all(&[1; 9000]).unwrap();
    client.read_exact(&mut answer).unwrap();
    server.signal("KILL");
    server.ended();
    if peer("tshark") {
        let lines = tshark(&lab, &lab.file("lab.pcapng"), "tcp.len > 0", &["tcp.len"]);
        assert_eq!(lines.iter().map(|line| line.parse::<usize>().unwrap()).sum::<usize>(), 18_000);
    }
}

#[test]
fn a_tap_that_is_killed_in_full_flight_loses_no_more_than_it_may_have_queued() {
    const PASSED: usize = 64 << 20;
    let lab = Lab::new();
    let sink = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut server = tap(&lab, &sink.local_addr().unwrap().to_string(), &[]);
    let mut client = dial(server.address());
    // Until the connection breaks.
    let chunk = vec![7; 1 << 16];
    let sending = std::thread::spawn(move || while client.write_all(&chunk).is_ok() {});
    let (mut stream, _) = sink.accept().unwrap();
    let mut buffer = vec![0; 1 << 16];
    let mut received = 0;
    while received < PASSED {
        received += stream.read(&mut buffer).unwrap();
    }
    server.signal("KILL");
    server.ended();
    sending.join().unwrap();
    let report = lab.tlslab(["dissect", "lab.pcapng", "--json"]).success().json();
    let session = &report["sessions"][0];
    let recorded = usize::try_from(session["bytes"]["client"].as_u64().unwrap()).unwrap();
    // What passed had been queued before; of that, two queues and a chunk may not have been written.
    let lost = PASSED.saturating_sub(recorded);
    assert!(lost <= 2 * tlslab::wire::recording::MOST_QUEUED + (512 << 10), "{lost}");
    assert_eq!(session["tcp"]["client"]["missing_bytes"], 0, "no hole: {session}");
}

#[test]
fn a_size_limit_stops_the_recording_and_not_the_relay() {
    let lab = Lab::new();
    let mut server = tap(&lab, &echo("127.0.0.1").to_string(), &["--max-size", "10K"]);
    let address = server.address();
    assert_eq!(exchange(address, b"fits"), b"fits");
    assert_eq!(exchange(address, &vec![1; 20_000]), vec![1; 20_000]);
    let said = server.wait_for("recording has stopped");
    assert_eq!(
        said,
        "tlslab: warning: lab.pcapng: size limit of 10240 bytes reached; recording has stopped, relaying goes on"
    );
    assert_eq!(exchange(address, b"still"), b"still");
    let (exit, _) = server.stop();
    assert_eq!(exit.code(), Some(1), "the capture is not complete");
    assert!(std::fs::metadata(lab.file("lab.pcapng")).unwrap().len() <= 10_240);
    if peer("tshark") {
        assert_eq!(tshark(&lab, &lab.file("lab.pcapng"), "tcp.len == 4", &["tcp.len"]), ["4", "4"]);
    }
}

#[test]
fn a_full_disk_stops_the_recording_and_not_the_relay() {
    if !Path::new("/dev/full").exists() {
        return eprintln!("SKIPPED: there is no /dev/full here");
    }
    let lab = Lab::new();
    lab.tlslab(["tap", "--listen", "127.0.0.1:0", "--pcap", "/dev/full", "--force"])
        .status(1)
        .says("tlslab: error: /dev/full: cannot write: No space left on device");
}

#[test]
fn an_existing_capture_is_not_overwritten() {
    let lab = Lab::new();
    lab.write("lab.pcapng", "precious");
    lab.tlslab(["tap", "--listen", "127.0.0.1:0", "--pcap", "lab.pcapng"])
        .status(1)
        .says("tlslab: error: lab.pcapng: exists already; expected to create it\n")
        .says("tlslab: hint: name another file, or replace this one with `--force`\n");
    assert_eq!(lab.read("lab.pcapng"), "precious");
    assert!(tap(&lab, "127.0.0.1:1", &["--force"]).stop().0.success());
    assert!(std::fs::read(lab.file("lab.pcapng")).unwrap().starts_with(b"\x0a\x0d\x0d\x0a"));
}

#[test]
fn json_is_one_object_at_the_end() {
    let lab = Lab::new();
    let mut command = lab.command("sh");
    // A stop that has already been asked for when the tap begins to listen is still a stop.
    let script = format!(
        "{TLSLAB} tap --listen 127.0.0.1:0 --to 127.0.0.1:1 --pcap lab.pcapng --json & \
                          while ! test -s lab.pcapng; do :; done; kill -TERM $!; wait $!"
    );
    let done = run(command.arg("-c").arg(script)).success();
    let json = done.json();
    assert_eq!(json["to"], "127.0.0.1:1");
    assert_eq!(json["pcap"], "lab.pcapng");
    for name in ["packets", "connections", "sessions", "sessions_with_secrets"] {
        assert_eq!(json[name], 0, "{name}");
    }
    assert_eq!(json["recording_stopped"], serde_json::Value::Null);
    assert_eq!(json["bytes"], std::fs::metadata(lab.file("lab.pcapng")).unwrap().len());
    lab.tlslab(["tap", "--pcap", "-", "--json"]).status(2).says("--pcap - and --json both want stdout");
}

#[test]
fn one_pass_decrypts_because_the_secrets_come_first() {
    if !peer("tshark") || !peer("openssl") {
        return;
    }
    for version in ["-tls1_3", "-tls1_2"] {
        let lab = Lab::new();
        openssl::certificate(&lab);
        let target = openssl::server(&lab, &[]);
        lab.write("keys.log", format!("CLIENT_RANDOM {} {}\n", "ab".repeat(32), "cd".repeat(48)));
        let server = tap(&lab, &target.to_word(), &["--keylog", "keys.log"]);
        let at = server.to_word();
        for count in 0..5 {
            let arguments = ["s_client", "-connect", &at, version, "-quiet", "-keylogfile", "keys.log"];
            let mut command = lab.command("openssl");
            let done = crate::lab::run_with_input(
                command.args(arguments),
                format!("secret {count}\nCLOSE\n").as_bytes(),
            );
            assert!(done.stdout.contains(&format!("{count} terces")), "{done}");
        }
        let (exit, said) = server.stop();
        assert!(exit.success(), "{said}");
        assert!(said.contains("5 connections, 5 TLS sessions, 5 of them with secrets"), "{said}");
        let capture = lab.file("lab.pcapng");
        for count in 0..5 {
            let follow = format!("follow,tls,ascii,{count}");
            let shown = lab.run("tshark", ["-r", "lab.pcapng", "-q", "-z", &follow]).success().stdout;
            assert!(
                shown.contains(&format!("secret {count}")) && shown.contains(&format!("{count} terces")),
                "{shown}"
            );
        }
        tshark(&lab, &capture, "tls", &["frame.number"]);
        let bytes = std::fs::read(&capture).unwrap();
        let foreign = "ab".repeat(32);
        assert!(!bytes.windows(64).any(|window| window == foreign.as_bytes()), "no other session's secrets");
    }
}
