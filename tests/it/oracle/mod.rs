//! Judges who are not us: other people's TLS, in both directions, over TLS 1.2 and 1.3.
//!
//! One file per judge. A judge that is missing is said out loud, and fails the test where peers are required.

mod bench;
mod corpus;
mod curl;
mod gnutls;
mod judges;
mod matrix;
mod openssl;
mod python;
mod runtimes;
mod shapes;
mod sheet;
mod tshark;
mod who;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::{ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Instant;

use crate::lab::{FUSE, Killed, Lab, Run, Server, signal};

/// A TLS version, as each program spells it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Version {
    /// For `--tls`, and what comes after `TLSv` in our reports.
    pub(crate) number: &'static str,
    /// For `openssl s_client` and `s_server`.
    pub(crate) openssl: &'static str,
    /// For GnuTLS.
    pub(crate) priority: &'static str,
    /// For curl: at least and at most this one.
    pub(crate) curl: [&'static str; 3],
}

impl Version {
    /// As every program writes it in its reports.
    pub(crate) fn name(self) -> String {
        format!("TLSv{}", self.number)
    }
}

/// Both versions: each promise is tested over each.
pub(crate) const VERSIONS: [Version; 2] = [
    Version {
        number: "1.2",
        openssl: "-tls1_2",
        priority: "NORMAL:-VERS-ALL:+VERS-TLS1.2",
        curl: ["--tlsv1.2", "--tls-max", "1.2"],
    },
    Version {
        number: "1.3",
        openssl: "-tls1_3",
        priority: "NORMAL:-VERS-ALL:+VERS-TLS1.3",
        curl: ["--tlsv1.3", "--tls-max", "1.3"],
    },
];

/// A peer program that runs beside the test: all it says in one place, its stdin open. Killed when dropped.
pub(crate) struct Peer {
    child: Killed,
    command: String,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    said: String,
}

impl Peer {
    /// Starts it.
    #[track_caller]
    pub(crate) fn start(command: &mut Command) -> Self {
        let words = format!("{command:?}");
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{words}: {error}"));
        let (sender, lines) = mpsc::channel();
        let stdin = child.stdin.take();
        forward(child.stdout.take().expect("stdout was piped"), sender.clone());
        forward(child.stderr.take().expect("stderr was piped"), sender);
        Self { child: Killed(child), command: words, stdin, lines, said: String::new() }
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has said so far.
    pub(crate) fn said(&self) -> &str {
        &self.said
    }

    /// The next line, on stdout or stderr, that contains `words`.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, words: &str) -> String {
        match self.next_line_with(words) {
            Some(line) => line,
            None => panic!("{}: never said {words:?}; it said:\n{}", self.command, self.said),
        }
    }

    /// The same; none if it ends, or the fuse blows, before it says so.
    pub(crate) fn next_line_with(&mut self, words: &str) -> Option<String> {
        let until = Instant::now() + FUSE;
        loop {
            let line = self.lines.recv_timeout(until.saturating_duration_since(Instant::now())).ok()?;
            self.said.push_str(&line);
            if line.contains(words) {
                return Some(line);
            }
        }
    }

    /// Types a line to it.
    pub(crate) fn type_line(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().expect("stdin is open until the end");
        writeln!(stdin, "{line}").unwrap_or_else(|error| panic!("{}: {error}", self.command));
    }

    /// Ends its input, waits for its end, and returns all it said.
    #[track_caller]
    pub(crate) fn ended(mut self) -> (ExitStatus, String) {
        drop(self.stdin.take());
        self.finished()
    }

    /// Ends it by a signal, and returns all it said.
    #[track_caller]
    pub(crate) fn stopped_by(mut self, name: &str) -> String {
        signal(self.id(), name);
        self.finished().1
    }

    /// Ends it, and returns all it said.
    #[track_caller]
    pub(crate) fn stopped(mut self) -> String {
        // Already gone is as good as killed.
        let _ = self.child.kill();
        self.finished().1
    }

    #[track_caller]
    fn finished(&mut self) -> (ExitStatus, String) {
        // Both pipes close when it ends; only then can it be waited for without end.
        if self.next_line_with("\0a line that nobody says").is_none() {
            let _ = self.child.kill();
        }
        let exit = self.child.wait().expect("waiting for a child");
        (exit, std::mem::take(&mut self.said))
    }
}

fn forward(pipe: impl Read + Send + 'static, sender: Sender<String>) {
    std::thread::spawn(move || {
        let mut reader = BufReader::new(pipe);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
            if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                break;
            }
            line.clear();
        }
    });
}

/// A port that is free now. Another process may take it before the caller does: then try another.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port of the loopback");
    listener.local_addr().expect("a bound address").port()
}

/// `tlslab connect` to `address`, TLS `version`, asking once.
pub(crate) fn connect(lab: &Lab, address: &str, version: Version, more: &[&str]) -> Run {
    let arguments = ["connect", address, "--tls", version.number, "--json"];
    lab.tlslab(arguments.iter().chain(more))
}

/// The line of a session that `serve` prints when it has ended, with what must be in it.
#[track_caller]
pub(crate) fn session_ended(server: &mut Server, words: &[&str]) -> String {
    let line = server.wait_for(" bytes in, ");
    for word in words {
        assert!(line.contains(word), "expected {word:?} in {line:?}");
    }
    line
}
