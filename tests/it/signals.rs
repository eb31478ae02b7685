//! Being told to stop: the first time in good order, the second time at once, whatever the command is.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{TryRecvError, channel};
use std::thread;

use crate::lab::{FUSE, Lab, Server, TLSLAB, signal, wait};
use crate::unread::full_fifo;

/// 128 and the number of the signal.
const INTERRUPTED: i32 = 130;
const TERMINATED: i32 = 143;

/// Tells a process to stop until it has ended, and returns its status.
fn ended_by_signals(child: &mut Child, words: &str) -> Option<i32> {
    let id = child.id().to_string();
    let (done, again) = channel::<()>();
    let telling = thread::spawn(move || {
        while again.try_recv() == Err(TryRecvError::Empty) {
            let _ =
                Command::new("sh").args(["-c", "kill -s TERM \"$0\"", &id]).stderr(Stdio::null()).status();
        }
    });
    let exit = wait(child, words);
    drop(done);
    telling.join().unwrap();
    exit.code()
}

#[test]
fn told_again_a_server_ends_although_its_answer_is_not_read() {
    let commands: [&[&str]; 3] = [
        &["serve", "--plaintext"],
        &["tap", "--pcap", "lab.pcapng"],
        &["connect", "127.0.0.1:1", "--idle-timeout", "1h"],
    ];
    for arguments in commands {
        let lab = Lab::new();
        lab.gencert(&[]);
        let (_both, stdout) = full_fifo(&lab);
        let mut command = lab.command(TLSLAB);
        command.args(arguments).args(["--json", "--listen", "127.0.0.1:0"]);
        let mut server = Server::start_with(&mut command, stdout.into());
        assert_eq!(ended_by_signals(server.child(), arguments[0]), Some(TERMINATED), "{arguments:?}");
    }
}

#[test]
fn told_again_a_client_ends_although_its_answer_is_not_read() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = silent.local_addr().unwrap().to_string();
    let commands: [&[&str]; 3] = [&["connect", &at], &["inspect", &at], &["audit", "server", &at]];
    for arguments in commands {
        let lab = Lab::new();
        lab.gencert(&[]);
        let (_both, stdout) = full_fifo(&lab);
        let mut command = lab.command(TLSLAB);
        command.args(arguments).args(["--json", "--timeout", "1h"]);
        let mut child = command.stdout(stdout).stderr(Stdio::null()).spawn().unwrap();
        let (_peer, _) = silent.accept().unwrap();
        assert_eq!(ended_by_signals(&mut child, arguments[0]), Some(TERMINATED), "{arguments:?}");
    }
}

#[test]
fn told_again_an_audit_ends_although_its_report_is_not_read() {
    let lab = Lab::new();
    let (_both, stdout) = full_fifo(&lab);
    let begun = lab.file("begun");
    let script = format!("touch {}; sleep 1000", begun.display());
    let mut command = lab.command(TLSLAB);
    command.args(["audit", "client", "--json", "--only", "expired", "--", "sh", "-c", &script]);
    let mut child = command.stdout(stdout).stderr(Stdio::null()).spawn().unwrap();
    while !begun.exists() {
        assert!(child.try_wait().unwrap().is_none(), "it ended before its client began");
        thread::yield_now();
    }
    assert_eq!(ended_by_signals(&mut child, "audit client"), Some(TERMINATED));
}

#[test]
fn a_second_interrupt_cuts_what_connect_carries() {
    let lab = Lab::new();
    lab.gencert(&[]);
    let server = lab.serve(&[]);
    let mut command = lab.command(TLSLAB);
    command.args(["connect", &server.to_word(), "--listen", "127.0.0.1:0"]);
    let mut carrier = Server::start(&mut command);
    let mut client = TcpStream::connect(carrier.address()).unwrap();
    client.set_read_timeout(Some(FUSE)).unwrap();
    client.write_all(b"hello").unwrap();
    client.read_exact(&mut [0; 5]).unwrap();
    carrier.signal("INT");
    carrier.wait_for("stopping: connections have 10s to end; once more to stop at once");
    carrier.signal("INT");
    let (exit, heard) = carrier.ended();
    assert_eq!(exit.code(), Some(INTERRUPTED), "{heard}");
    assert!(heard.contains("stopped: "), "{heard}");
}

#[test]
fn a_terminal_that_closes_stops_what_has_nothing_to_reload_unless_nohup_says_otherwise() {
    let lab = Lab::new();
    let echo = lab.serve(&["--plaintext"]);
    let tap = |shell: &str| {
        let mut command = lab.command("sh");
        command.args(["-c", shell, TLSLAB, &echo.to_word()]);
        Server::start(&mut command)
    };
    let mut stopped = tap("exec \"$0\" tap --listen 127.0.0.1:0 --to \"$1\" --pcap stopped.pcapng");
    stopped.signal("HUP");
    assert_eq!(stopped.ended().0.code(), Some(0));

    let stays = tap("trap '' HUP; exec \"$0\" tap --listen 127.0.0.1:0 --to \"$1\" --pcap stays.pcapng");
    signal(stays.id(), "HUP");
    let mut client = TcpStream::connect(stays.address()).unwrap();
    client.set_read_timeout(Some(FUSE)).unwrap();
    client.write_all(b"hello").unwrap();
    client.read_exact(&mut [0; 5]).unwrap();
    let (exit, heard) = stays.stop();
    assert_eq!(exit.code(), Some(0), "{heard}");
    assert!(heard.contains("5 bytes from the client, 5 from the server"), "{heard}");
}
