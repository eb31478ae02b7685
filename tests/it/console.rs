//! Console blocks of a page, run as a reader would run them: in order, in one shell, in one folder.
//!
//! What a page cannot know is made equal on both sides before they are compared: words with a digit in them (dates,
//! fingerprints, ports, passphrases) and everything in brackets (how long ago). A line `…` stands for any lines.
//!
//! Two things differ from what a reader does, and are said out loud. `cargo` is not run: what it would install is the
//! binary under test, which is on PATH. And where a page names a port, servers take any free one, which is then used
//! wherever the page names that port, so that pages can be run beside each other.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{self, Receiver};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::lab::{FUSE, Lab, TLSLAB};

/// What a reader does with a page, in order.
#[derive(Debug)]
enum Step {
    /// Runs a command of a console block and sees what it prints.
    Command {
        /// The line of the page on which it stands.
        line: usize,
        command: String,
        expected: Vec<String>,
    },
    /// Saves a program that the page shows: a block whose first line is a comment with its name, `# client.py`.
    File { name: String, contents: String },
}

/// A page, as far as it is run.
#[derive(Debug)]
pub(crate) struct Page {
    steps: Vec<Step>,
}

impl Page {
    pub(crate) fn read(path: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        let text =
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut steps = Vec::new();
        // The language of the block that a line is in.
        let mut language = None;
        for (number, line) in text.lines().enumerate() {
            if let Some(fence) = line.strip_prefix("```") {
                language = language.is_none().then_some(fence);
                continue;
            }
            match (language, steps.last_mut()) {
                (Some("console"), last) => match (line.strip_prefix("$ "), last) {
                    (Some(command), _) => {
                        let command = command.to_owned();
                        steps.push(Step::Command { line: number + 1, command, expected: Vec::new() });
                    }
                    (None, Some(Step::Command { expected, .. })) => expected.push(line.to_owned()),
                    (None, _) => panic!("{}: line {}: no command before it", path.display(), number + 1),
                },
                (Some("python"), last) => match (line.strip_prefix("# "), last) {
                    (Some(name), _) if Path::new(name).extension().is_some_and(|end| end == "py") => {
                        steps.push(Step::File { name: name.to_owned(), contents: String::new() });
                    }
                    (_, Some(Step::File { contents, .. })) => {
                        writeln!(contents, "{line}").expect("a string takes everything");
                    }
                    _ => panic!("{}: line {}: a program without its name", path.display(), number + 1),
                },
                _ => {}
            }
        }
        Self { steps }
    }

    /// Does every step in `lab` and compares what was printed. Returns how many commands were run.
    pub(crate) fn run(&self, lab: &Lab) -> usize {
        let mut shell = Shell::start(lab);
        let mut ran = 0;
        for step in &self.steps {
            let (line, command, expected) = match step {
                Step::File { name, contents } => {
                    shell.run(&format!("cat >{name} <<'END OF FILE'\n{contents}END OF FILE"));
                    continue;
                }
                Step::Command { line, command, .. } if command.starts_with("cargo ") => {
                    eprintln!(
                        "NOT RUN: {command} (line {line}): CI does, and the binary under test is on PATH"
                    );
                    continue;
                }
                Step::Command { line, command, expected } => (line, command, expected.join("\n")),
            };
            let said = match command.rsplit_once(" & ") {
                Some((server, then)) => shell.serve(server, then, expected.lines().count()),
                None => shell.run(command),
            };
            assert!(
                agree(&said, &expected),
                "line {line}: $ {command}\n--- expected\n{expected}\n--- said\n{said}"
            );
            ran += 1;
        }
        ran
    }
}

/// A shell that commands are typed into.
struct Shell {
    child: Child,
    stdin: ChildStdin,
    lines: Receiver<String>,
    /// The port that a page names, and the one that is used.
    ports: BTreeMap<String, String>,
}

/// What stands on a line of its own after a command's output, before its exit status.
const END: &str = "--- the command has ended";

/// The ports that pages name: the default of `serve`, and what stands beside it.
const PORTS: [&str; 3] = ["4433", "4434", "4435"];

impl Shell {
    fn start(lab: &Lab) -> Self {
        let folder = Path::new(TLSLAB).parent().expect("the binary is in a folder");
        let path = std::env::var("PATH").unwrap_or_default();
        let mut child = lab
            .command("sh")
            .env("PATH", format!("{}:{path}", folder.display()))
            .env("PYTHONUNBUFFERED", "1")
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell");
        let mut stdin = child.stdin.take().expect("stdin was piped");
        writeln!(stdin, "exec 2>&1").expect("the shell reads");
        let stdout = BufReader::new(child.stdout.take().expect("stdout was piped"));
        let (send, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if send.send(line).is_err() {
                    break;
                }
            }
        });
        Self { child, stdin, lines, ports: BTreeMap::new() }
    }

    /// Runs a command to its end and returns what it printed.
    fn run(&mut self, command: &str) -> String {
        let command = match (command.strip_prefix("tlslab connect"), self.ports.get("4433")) {
            // The default has no port to replace.
            (Some(rest), Some(port)) if !PORTS.iter().any(|named| rest.contains(named)) => {
                format!("tlslab connect 127.0.0.1:{port}{rest}")
            }
            _ => self.with_ports(command),
        };
        self.enter(&command);
        let mut said = Vec::new();
        loop {
            let line = self.next(&command);
            if line == END {
                break;
            }
            said.push(line);
        }
        said.join("\n").trim_end().to_owned()
    }

    /// Starts a server on a free port and returns the `lines` that it prints at first, one of which says where it listens.
    ///
    /// A reader then waits a second (`sleep 1`); a test has no need to.
    fn serve(&mut self, command: &str, then: &str, lines: usize) -> String {
        // The first port that a server's command names is its own.
        let named = PORTS.iter().filter_map(|port| Some((command.find(port)?, *port))).min();
        let (command, own) = match named {
            Some((at, port)) => {
                let rest = self.with_ports(&command[at + port.len()..]);
                (format!("{}0{rest}", &command[..at]), port)
            }
            None => (format!("{command} --listen 127.0.0.1:0"), "4433"),
        };
        self.enter(&format!("{command} & {}", then.replace("sleep 1", "true")));
        let (mut said, mut port, mut ended) = (Vec::new(), None, false);
        while port.is_none() || !ended || said.len() < lines {
            let line = self.next(&command);
            if line == END {
                ended = true;
                continue;
            }
            let address = line.rsplit_once("127.0.0.1:").map(|(_, port)| port.to_owned());
            port = port.or(address);
            if !line.is_empty() {
                said.push(line);
            }
        }
        self.ports.insert(own.to_owned(), port.expect("the loop waited for it"));
        said.join("\n")
    }

    fn with_ports(&self, command: &str) -> String {
        self.ports.iter().fold(command.to_owned(), |command, (named, used)| command.replace(named, used))
    }

    fn enter(&mut self, command: &str) {
        // The shell's own stdin is these commands, and nobody else may read from it.
        writeln!(self.stdin, "{{ {command}\n}} </dev/null\nprintf '\\n%s\\n' '{END}'")
            .expect("the shell reads");
    }

    fn next(&mut self, command: &str) -> String {
        self.lines.recv_timeout(FUSE).unwrap_or_else(|error| panic!("$ {command}\nnever ended: {error}"))
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        // The shell and every server that it started. It has not been waited for, so its number is still its own.
        let group = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        let killed = group.map(|group| kill_process_group(group, Signal::KILL));
        assert!(matches!(killed, Some(Ok(()))), "servers may be left: {killed:?}");
        let _ = self.child.wait();
    }
}

/// Whether what was printed is what the page says, but for what a page cannot know.
fn agree(said: &str, expected: &str) -> bool {
    fn lines_agree(said: &[String], expected: &[String]) -> bool {
        match expected.split_first() {
            None => said.is_empty(),
            Some((any, rest)) if any == "…" => {
                (0..=said.len()).any(|passed| lines_agree(&said[passed..], rest))
            }
            Some((line, rest)) => {
                said.split_first().is_some_and(|(first, said)| first == line && lines_agree(said, rest))
            }
        }
    }
    lines_agree(&plain(said), &plain(expected))
}

/// Lines without what a page cannot know, nor how far words are apart.
fn plain(text: &str) -> Vec<String> {
    let unbracketed = |line: &str| {
        let mut depth = 0_usize;
        line.chars()
            .filter(|c| {
                depth = if *c == '(' { depth + 1 } else { depth };
                let outside = depth == 0;
                depth = if *c == ')' { depth.saturating_sub(1) } else { depth };
                outside
            })
            .collect::<String>()
    };
    let word = |word: &str| {
        if word.chars().any(|c| c.is_ascii_digit()) { "#".to_owned() } else { word.to_owned() }
    };
    text.trim_end()
        .lines()
        .map(|line| unbracketed(line).split_whitespace().map(word).collect::<Vec<_>>().join(" "))
        .collect()
}

#[test]
fn a_line_that_differs_is_noticed() {
    assert!(agree("at 12:00\n\nend", "at 13:59\n\nend"));
    assert!(agree("a\nb\nc\nd", "a\n…\nd"));
    assert!(agree("a", "…\na\n…"));
    assert!(agree("", ""));
    assert!(!agree("a\nb", "a"));
    assert!(!agree("a", "a\nb"));
    assert!(!agree("a\nb\nc", "a\n…\nd"));
    assert!(!agree("ok    trust", "FAIL  trust"));
}
