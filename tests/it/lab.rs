//! A laboratory bench: a temporary folder, the real binary run in it, servers that stop when dropped.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

pub(crate) use crate::peers::peer;

/// The longest that anything here may take before it counts as hung. Not a measurement: a fuse.
pub(crate) const FUSE: Duration = Duration::from_secs(600);

/// The binary under test.
pub(crate) const TLSLAB: &str = env!("CARGO_BIN_EXE_tlslab");

/// A temporary folder that goes away with it.
pub(crate) struct Lab {
    directory: tempfile::TempDir,
}

impl Lab {
    /// An empty folder.
    pub(crate) fn new() -> Self {
        Self { directory: tempfile::tempdir().expect("a temporary directory") }
    }

    /// The folder.
    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// A file or folder in it.
    pub(crate) fn file(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path().join(name)
    }

    /// Writes a file into the folder.
    pub(crate) fn write(&self, name: &str, contents: impl AsRef<[u8]>) -> PathBuf {
        let path = self.file(name);
        std::fs::write(&path, contents).expect("write into the temporary directory");
        path
    }

    /// Reads a text file of the folder.
    pub(crate) fn read(&self, name: &str) -> String {
        let path = self.file(name);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// A command that runs in the folder, without the surroundings that change what tools do.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(&program);
        if program.as_ref() == "tshark" {
            // A free port may be one that tshark knows for something else than TLS: what is said there decides.
            command.args(["-o", "tcp.try_heuristic_first:TRUE"]);
        }
        command
            .current_dir(self.path())
            .env_remove("SSLKEYLOGFILE")
            .env_remove("SSL_CERT_FILE")
            .env_remove("RUST_BACKTRACE")
            .env("NO_COLOR", "1")
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::null());
        command
    }

    /// Runs `tlslab` with `arguments` to its end.
    pub(crate) fn tlslab<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Run {
        let mut command = self.command(TLSLAB);
        command.args(arguments);
        run(&mut command)
    }

    /// Runs `tlslab` with `arguments` and `input` on its stdin.
    pub(crate) fn tlslab_with_input<S: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
        input: &[u8],
    ) -> Run {
        let mut command = self.command(TLSLAB);
        command.args(arguments);
        run_with_input(&mut command, input)
    }

    /// Runs another program in the folder to its end.
    pub(crate) fn run<S: AsRef<OsStr>>(
        &self,
        program: impl AsRef<OsStr>,
        arguments: impl IntoIterator<Item = S>,
    ) -> Run {
        let mut command = self.command(program);
        command.args(arguments);
        run(&mut command)
    }

    /// `tlslab gencert --noenc` plus `arguments`, with a quick key (`ec:p256`) unless they name one.
    #[track_caller]
    pub(crate) fn gencert(&self, arguments: &[&str]) -> Run {
        let quick: &[&str] = if arguments.contains(&"--key") { &[] } else { &["--key", "ec:p256"] };
        self.tlslab(["gencert", "--noenc"].iter().chain(quick).chain(arguments)).success()
    }

    /// Starts `tlslab serve --listen 127.0.0.1:0` plus `arguments`; ready when this returns.
    pub(crate) fn serve(&self, arguments: &[&str]) -> Server {
        let mut command = self.command(TLSLAB);
        command.args(["serve", "--listen", "127.0.0.1:0"]).args(arguments);
        Server::start(&mut command)
    }
}

/// A program that has ended: what it said and how it ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) command: String,
    pub(crate) exit: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// The exit status; -1 where a signal ended it.
    pub(crate) fn code(&self) -> i32 {
        self.exit.code().unwrap_or(-1)
    }

    /// Insists on exit status 0.
    #[track_caller]
    pub(crate) fn success(self) -> Self {
        self.status(0)
    }

    /// Insists on an exit status.
    #[track_caller]
    pub(crate) fn status(self, expected: i32) -> Self {
        assert_eq!(self.code(), expected, "{self}");
        self
    }

    /// Insists that stderr says `words`.
    #[track_caller]
    pub(crate) fn says(self, words: &str) -> Self {
        assert!(self.stderr.contains(words), "expected stderr to say {words:?}\n{self}");
        self
    }

    /// Insists that stdout says `words`.
    #[track_caller]
    pub(crate) fn prints(self, words: &str) -> Self {
        assert!(self.stdout.contains(words), "expected stdout to say {words:?}\n{self}");
        self
    }

    /// stdout as the one JSON object that `--json` promises.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        let value: serde_json::Value =
            serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}\n{self}"));
        assert!(value.is_object(), "{self}");
        value
    }
}

impl std::fmt::Display for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "$ {}\n{}\n--- stdout\n{}\n--- stderr\n{}\n---",
            self.command, self.exit, self.stdout, self.stderr
        )
    }
}

/// Runs `command` to its end, within the fuse.
pub(crate) fn run(command: &mut Command) -> Run {
    run_with_input(command, b"")
}

/// The same with `input` on its stdin (an empty input leaves stdin as the command has it).
pub(crate) fn run_with_input(command: &mut Command, input: &[u8]) -> Run {
    let words = words(command);
    if !input.is_empty() {
        command.stdin(Stdio::piped());
    }
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{words}: {error}"));
    let feed = child.stdin.take().map(|mut stdin| {
        let input = input.to_vec();
        // A program that does not want all its input closes the pipe; that is its business.
        std::thread::spawn(move || drop(stdin.write_all(&input)))
    });
    let stdout = collect(child.stdout.take());
    let stderr = collect(child.stderr.take());
    let exit = wait(&mut child, &words);
    if let Some(feed) = feed {
        feed.join().expect("feeding stdin");
    }
    let (stdout, stderr) = (stdout.join().expect("reading stdout"), stderr.join().expect("reading stderr"));
    Run { command: words, exit, stdout: text(&stdout), stderr: text(&stderr) }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn words(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(command.get_args().map(|word| word.to_string_lossy().into_owned()));
    words.join(" ")
}

fn collect(pipe: Option<impl Read + Send + 'static>) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // What came before a broken pipe is still worth showing.
            let _ = pipe.read_to_end(&mut bytes);
        }
        bytes
    })
}

/// Waits for a child, within the fuse.
pub(crate) fn wait(child: &mut Child, words: &str) -> ExitStatus {
    let (done, fuse) = mpsc::channel::<()>();
    let id = child.id();
    let watch = std::thread::spawn(move || {
        if fuse.recv_timeout(FUSE) == Err(RecvTimeoutError::Timeout) {
            signal(id, "KILL");
            return true;
        }
        false
    });
    let exit = child.wait().expect("waiting for a child");
    drop(done);
    let blown = watch.join().expect("the fuse");
    assert!(!blown, "{words}: still running after {FUSE:?}");
    exit
}

/// Sends a signal by name, `TERM`, `HUP`, `INT`, `KILL`.
pub(crate) fn signal(id: u32, name: &str) {
    // The shell's own `kill`: a bare machine has no program of that name.
    let sent = Command::new("sh").args(["-c", "kill -s \"$0\" \"$1\"", name, &id.to_string()]).status();
    assert!(sent.is_ok_and(|status| status.success()), "kill -{name} {id}");
}

/// A server that said where it listens. Stopped when dropped.
pub(crate) struct Server {
    child: Killed,
    command: String,
    address: SocketAddr,
    lines: Receiver<String>,
    heard: Vec<String>,
}

impl Server {
    /// Starts a program that prints `listening on ADDR` on stderr once it accepts.
    pub(crate) fn start(command: &mut Command) -> Self {
        Self::start_with(command, Stdio::null())
    }

    /// The same, with something of its own as stdout.
    pub(crate) fn start_with(command: &mut Command, stdout: Stdio) -> Self {
        let words = words(command);
        let mut child = command
            .stdout(stdout)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{words}: {error}"));
        let stderr = child.stderr.take().expect("stderr was piped");
        let (send, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if send.send(line).is_err() {
                    break;
                }
            }
        });
        let unknown = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut server =
            Self { child: Killed(child), command: words, address: unknown, lines, heard: Vec::new() };
        let line = server.wait_for("listening on ");
        let address = line.rsplit("listening on ").next().and_then(|address| address.trim().parse().ok());
        server.address = address.unwrap_or_else(|| panic!("no address in {line:?}"));
        server
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its port, as a command-line word.
    pub(crate) fn port(&self) -> String {
        self.address.port().to_string()
    }

    /// Its address, as a command-line word.
    pub(crate) fn to_word(&self) -> String {
        self.address.to_string()
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The next line on its stderr that contains `words`; what came before is in [`Server::heard`].
    #[track_caller]
    pub(crate) fn wait_for(&mut self, words: &str) -> String {
        let until = Instant::now() + FUSE;
        loop {
            match self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    self.heard.push(line.clone());
                    if line.contains(words) {
                        return line;
                    }
                }
                Err(error) => {
                    panic!("{}: never said {words:?} ({error}); it said:\n{}", self.command, self.heard())
                }
            }
        }
    }

    /// What it has said so far.
    pub(crate) fn heard(&self) -> String {
        self.heard.join("\n")
    }

    /// Its process, to wait for.
    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Sends it a signal by name.
    pub(crate) fn signal(&self, name: &str) {
        signal(self.id(), name);
    }

    /// Stops it as a person would (SIGTERM) and returns how it ended and everything it said.
    pub(crate) fn stop(mut self) -> (ExitStatus, String) {
        self.signal("TERM");
        self.ended()
    }

    /// Waits for it to end by itself.
    pub(crate) fn ended(&mut self) -> (ExitStatus, String) {
        let exit = wait(&mut self.child, &self.command);
        self.heard.extend(self.lines.iter());
        (exit, self.heard())
    }
}

/// A child process that does not outlive this: killed when dropped.
///
/// What it started in turn is not: a peer that works in several processes is told to work in one.
pub(crate) struct Killed(pub(crate) Child);

impl Deref for Killed {
    type Target = Child;

    fn deref(&self) -> &Child {
        &self.0
    }
}

impl DerefMut for Killed {
    fn deref_mut(&mut self) -> &mut Child {
        &mut self.0
    }
}

impl Drop for Killed {
    fn drop(&mut self) {
        // Already gone is as good as killed.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A file or folder among these tests.
pub(crate) fn among_tests(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it").join(path)
}

/// The checked-in fixtures.
pub(crate) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}
