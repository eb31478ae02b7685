//! Outputs that nobody reads, and inputs that nobody writes: they cost the connections nothing, and never keep a command
//! from ending when it is told to.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, Stdio};

use crate::lab::{FUSE, Killed, Lab, Server, TLSLAB, run, signal};

fn fifo(lab: &Lab, name: &str) -> PathBuf {
    run(lab.command("mkfifo").args(["-m", "600", name])).success();
    lab.file(name)
}

/// A FIFO that is open at both ends and takes not one byte more, and its writing end for a child.
pub(crate) fn full_fifo(lab: &Lab) -> (File, File) {
    const NONBLOCK: i32 = 0o4000;
    let path = fifo(lab, "full");
    let mut both = File::options().read(true).write(true).custom_flags(NONBLOCK).open(&path).unwrap();
    for size in [1 << 16, 1] {
        while both.write(&vec![b'x'; size]).is_ok() {}
    }
    (both, File::options().write(true).open(&path).unwrap())
}

/// Sends `message` and its end, and returns what comes back.
fn exchange(address: SocketAddr, message: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(FUSE)).unwrap();
    let mut sender = stream.try_clone().unwrap();
    let message = message.to_vec();
    let sending = std::thread::spawn(move || {
        sender.write_all(&message).unwrap();
        sender.shutdown(Shutdown::Write).unwrap();
    });
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    sending.join().unwrap();
    answer
}

/// A command whose stderr is read until it says where it listens, and then no more.
struct Unread {
    child: Killed,
    address: SocketAddr,
    stderr: BufReader<ChildStderr>,
}

impl Unread {
    fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = BufReader::with_capacity(1, child.stderr.take().unwrap());
        let mut unread =
            Self { child: Killed(child), address: SocketAddr::from(([127, 0, 0, 1], 0)), stderr };
        let mut line = String::new();
        while !line.contains("listening on ") {
            line.clear();
            assert!(unread.stderr.read_line(&mut line).unwrap() > 0, "never said where it listens");
        }
        unread.address = line.rsplit("listening on ").next().unwrap().trim().parse().unwrap();
        unread
    }

    /// Enough sessions to fill the pipe (64 KiB) with lines, and more.
    fn fill(&self) {
        for _ in 0..1_500 {
            assert_eq!(exchange(self.address, b"x"), b"x");
        }
    }

    fn stop(mut self) -> Option<i32> {
        signal(self.child.id(), "TERM");
        ended(&mut self.child)
    }
}

/// Waits for a child within the fuse.
fn ended(child: &mut Child) -> Option<i32> {
    crate::lab::wait(child, "a command that was told to stop").code()
}

#[test]
fn serve_does_not_wait_for_who_reads_its_stderr() {
    let lab = Lab::new();
    let server = Unread::start(lab.command(TLSLAB).args(["serve", "--plaintext", "--listen", "127.0.0.1:0"]));
    server.fill();
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn tap_does_not_wait_for_who_reads_its_stderr() {
    let lab = Lab::new();
    let echo = lab.serve(&["--plaintext", "-q"]);
    let to = echo.to_word();
    let tap = Unread::start(lab.command(TLSLAB).args([
        "tap",
        "--listen",
        "127.0.0.1:0",
        "--to",
        &to,
        "--pcap",
        "lab.pcapng",
    ]));
    tap.fill();
    assert_eq!(tap.stop(), Some(0));
}

#[test]
fn a_capture_on_stdout_that_nobody_reads_is_given_up_and_relaying_goes_on() {
    let lab = Lab::new();
    let echo = lab.serve(&["--plaintext"]);
    let (_both, stdout) = full_fifo(&lab);
    let mut command = lab.command(TLSLAB);
    command.args(["tap", "--listen", "127.0.0.1:0", "--to", &echo.to_word(), "--pcap", "-"]);
    let mut tap = Server::start_with(&mut command, stdout.into());
    // More than a queue and a pipe hold.
    let message = vec![7; 12 << 20];
    assert!(exchange(tap.address(), &message) == message);
    let said = tap.wait_for("recording has stopped");
    assert!(said.contains("nobody reads it"), "{said}");
    assert_eq!(exchange(tap.address(), b"still here"), b"still here");
    let (exit, said) = tap.stop();
    assert_eq!(exit.code(), Some(1), "the capture is not complete: {said}");
}

#[test]
fn a_fifo_that_nobody_opens_holds_nobody_up() {
    let lab = Lab::new();
    fifo(&lab, "lab.pcapng");
    fifo(&lab, "keys.log");
    lab.gencert(&[]);
    let server = lab.serve(&["--pcap", "lab.pcapng", "--keylog", "keys.log"]);
    let at = server.to_word();
    lab.tlslab(["connect", &at, "--message", "hello"]).success().prints("hello");
    let (exit, said) = server.stop();
    assert!(exit.success(), "{said}");
    assert!(said.contains("lab.pcapng: cannot write: nobody reads it"), "{said}");
    assert!(said.contains("keys.log: the key log is not read"), "{said}");

    let mut command = lab.command(TLSLAB);
    command.args(["tap", "--listen", "127.0.0.1:0", "--to", "127.0.0.1:1", "--pcap", "tap.pcapng"]);
    let tap = Server::start(command.args(["--keylog", "keys.log"]));
    assert!(tap.stop().0.success());
}

#[test]
fn a_capture_into_a_fifo_arrives_where_somebody_reads_it() {
    let lab = Lab::new();
    let path = fifo(&lab, "lab.pcapng");
    let reading = std::thread::spawn(move || std::fs::read(path).unwrap());
    let server = lab.serve(&["--plaintext", "--pcap", "lab.pcapng"]);
    let message = vec![7; 1 << 20];
    assert!(exchange(server.address(), &message) == message);
    let (exit, said) = server.stop();
    assert!(exit.success(), "{said}");
    lab.write("read.pcapng", reading.join().unwrap());
    let report = lab.tlslab(["dissect", "read.pcapng", "--json"]).success().json();
    assert_eq!(report["sessions"][0]["bytes"]["client"], 1 << 20);
    assert_eq!(report["sessions"][0]["bytes"]["server"], 1 << 20);
}

#[test]
fn a_key_log_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;

    let lab = Lab::new();
    lab.gencert(&[]);
    lab.write("keys.log", "");
    std::fs::set_permissions(lab.file("keys.log"), PermissionsExt::from_mode(0o644)).unwrap();
    lab.tlslab(["serve", "--listen", "127.0.0.1:0", "--keylog", "keys.log"])
        .status(1)
        .says("keys.log: others can read or change the key log: expected mode 0600, found mode 0644\n")
        .says(
            "tlslab: hint: `chmod 600 keys.log` keeps the secrets yours; `--force` logs them all the same\n",
        );
    let server = lab.serve(&[]);
    let at = server.to_word();
    lab.tlslab(["connect", &at, "--message", "hi", "--keylog", "keys.log"]).status(1).says("found mode 0644");
    assert_eq!(lab.read("keys.log"), "");
    lab.tlslab(["connect", &at, "--message", "hi", "--keylog", "keys.log", "--force"]).success();
    assert!(lab.read("keys.log").contains("CLIENT_TRAFFIC_SECRET_0 "));
}

#[test]
fn a_forced_capture_takes_the_place_of_a_link() {
    let lab = Lab::new();
    let precious = lab.write("precious", "precious");
    std::os::unix::fs::symlink(precious, lab.file("lab.pcapng")).unwrap();
    let mut command = lab.command(TLSLAB);
    command.args([
        "tap",
        "--listen",
        "127.0.0.1:0",
        "--to",
        "127.0.0.1:1",
        "--pcap",
        "lab.pcapng",
        "--force",
    ]);
    assert!(Server::start(&mut command).stop().0.success());
    assert_eq!(lab.read("precious"), "precious");
    assert!(lab.file("lab.pcapng").symlink_metadata().unwrap().is_file());
    assert!(std::fs::read(lab.file("lab.pcapng")).unwrap().starts_with(b"\x0a\x0d\x0d\x0a"));
}

#[test]
fn a_sum_that_nobody_reads_keeps_no_server_from_ending() {
    let lab = Lab::new();
    lab.gencert(&[]);
    let echo = lab.serve(&[]);
    let to = echo.to_word();
    let (_both, full) = full_fifo(&lab);
    for arguments in
        [&["serve", "--plaintext"][..], &["tap", "--to", &to, "--pcap", "lab.pcapng"], &["connect", &to]]
    {
        let mut command = lab.command(TLSLAB);
        command.args(arguments).args(["--json", "--listen", "127.0.0.1:0"]);
        let server = Server::start_with(&mut command, full.try_clone().unwrap().into());
        let (exit, said) = server.stop();
        assert_eq!(exit.code(), Some(1), "{arguments:?}: {said}");
        assert!(said.contains("stdout: expected a reader, found one that sleeps"), "{arguments:?}: {said}");
    }
}

#[test]
fn connect_does_not_wait_for_who_reads_its_stderr() {
    let lab = Lab::new();
    lab.gencert(&[]);
    let server = lab.serve(&[]);
    let (_both, full) = full_fifo(&lab);
    let mut command = lab.command(TLSLAB);
    command.args(["connect", &server.to_word(), "--message", "hello"]).stderr(full).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut said = String::new();
    child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!((ended(&mut child), said.as_str()), (Some(0), "hello\n"));
}

#[test]
fn one_request_ends_what_nobody_listens_to() {
    let lab = Lab::new();
    let (_both, full) = full_fifo(&lab);
    let stop = |command: &mut Command, made: &str| {
        let mut child = command.spawn().unwrap();
        // It listens for signals before it makes this.
        while !lab.file(made).exists() {
            assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
            std::thread::yield_now();
        }
        signal(child.id(), "INT");
        ended(&mut child)
    };
    let mut gencert = lab.command(TLSLAB);
    gencert.args(["gencert", "--noenc", "--key", "ec:p256", "--out", "new"]);
    gencert.stdout(full.try_clone().unwrap()).stderr(Stdio::null());
    assert_eq!(stop(&mut gencert, "new/cert.pem"), Some(130));
    let mut audit = lab.command(TLSLAB);
    audit.args(["audit", "serve", "expired", "--listen", "127.0.0.1:0", "--out", "trust"]);
    audit.stdout(Stdio::null()).stderr(full);
    assert_eq!(stop(&mut audit, "trust/expired.pem"), Some(0));
}
