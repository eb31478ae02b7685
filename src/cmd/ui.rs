//! Talking to the person (stderr) and giving the answer (stdout).

use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, OnceLock, mpsc};

use anstream::ColorChoice;
use anstream::adapter::strip_str;
use anstyle::{AnsiColor, Style};

use serde::Serialize;
use tlslab::report::json;
use tlslab::words::{self, Escaped};
use tlslab::writer::{LAST_WORDS, Writer};

use super::global::Global;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();

/// How many bytes of talk may wait to be written by a command that runs in the background; further lines are left out,
/// and their number is told.
const WAITING: usize = 256 << 10;

/// Where a command talks. Colours appear on a terminal only, and never under `NO_COLOR`.
///
/// Whatever is talked of is a line, and every line is escaped here: file names, arguments and what a system or a peer
/// says are quoted in it. An answer is not (it may be a page or a script), so whoever gives it escapes what it quotes,
/// but as JSON, whose strings are.
#[derive(Clone, Debug)]
pub(crate) struct Ui {
    json: bool,
    quiet: bool,
    verbose: u8,
    /// Writes lines instead of whoever says them, once [`Ui::in_background`] was asked for. Clones share it.
    writer: Arc<OnceLock<Writer<String>>>,
}

#[allow(clippy::unused_self, reason = "who talks has a Ui, whatever it is asked for")]
impl Ui {
    /// By the flags that every command understands.
    pub(crate) fn new(global: &Global) -> Self {
        Self { json: global.json, quiet: global.quiet, verbose: global.verbose, writer: Arc::default() }
    }

    /// From now on a thread of its own writes the lines: a reader that is slow, or asleep, holds up nobody.
    pub(crate) fn in_background(&self) {
        let write = |line: String, left_out: u64| {
            if left_out > 0 {
                let left_out = words::counted(left_out, "line");
                write_line(&format!(
                    "tlslab: {WARNING}warning:{WARNING:#} {left_out} left out: stderr is read too slowly"
                ));
            }
            write_line(&line);
        };
        // Where the system has no thread left, lines are written as before.
        if self.writer.get().is_none()
            && let Ok(writer) = Writer::start("stderr", WAITING, write)
        {
            let _ = self.writer.set(writer);
        }
    }

    /// Waits for the last lines to be written, not for long.
    pub(crate) fn finish(&self) {
        if let Some(writer) = self.writer.get() {
            writer.flush(LAST_WORDS);
        }
    }

    /// Whether the answer is to be one JSON object.
    pub(crate) fn json(&self) -> bool {
        self.json
    }

    /// Whether to say nothing but results and errors.
    pub(crate) fn quiet(&self) -> bool {
        self.quiet
    }

    /// Whether to say more, and how much.
    pub(crate) fn verbosity(&self) -> u8 {
        self.verbose
    }

    /// Whether progress may be drawn: a person is looking, and did not ask for silence.
    pub(crate) fn interactive(&self) -> bool {
        !self.quiet && io::stderr().is_terminal()
    }

    /// A line of the answer, on stdout, after what was said before it. Fails where stdout is closed.
    pub(crate) fn print(&self, line: &str) -> io::Result<()> {
        self.finish();
        let mut out = anstream::stdout().lock();
        writeln!(out, "{line}")?;
        out.flush()
    }

    /// The answer as one JSON object, on stdout. Fails where stdout is closed.
    pub(crate) fn print_json(&self, value: &impl Serialize) -> io::Result<()> {
        self.print_through(|out| {
            json::to_writer(&mut *out, value)?;
            writeln!(out)
        })
    }

    /// The same as the last words of a command that served: not waited for longer than for any others. A short object
    /// finds room in a pipe whose reader is slow, and not in one whose reader sleeps.
    pub(crate) fn print_last(&self, value: &impl Serialize) -> io::Result<()> {
        let mut text = Vec::new();
        json::to_writer(&mut text, value)?;
        text.push(b'\n');
        let (done, result) = mpsc::channel();
        std::thread::Builder::new().name("stdout".to_owned()).spawn(move || {
            let mut out = anstream::stdout().lock();
            let written = out.write_all(&text).and_then(|()| out.flush());
            // Whoever waited may have gone.
            let _ = done.send(written);
        })?;
        let sleeps =
            |_| io::Error::new(io::ErrorKind::TimedOut, "stdout: expected a reader, found one that sleeps");
        result.recv_timeout(LAST_WORDS).map_err(sleeps)?
    }

    /// A long answer, on stdout, piece by piece. Fails where stdout is closed.
    pub(crate) fn print_through(
        &self,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        self.finish();
        let mut out = io::BufWriter::new(anstream::stdout().lock());
        write(&mut out)?;
        out.flush()
    }

    /// A line that others wait for, such as `listening on …`: on stderr, also under `--quiet`.
    pub(crate) fn announce(&self, line: &str) {
        self.tell(Escaped(line).to_string());
    }

    /// The same for what is said this once and nowhere else: fails where it cannot be said.
    pub(crate) fn confide(&self, line: &str) -> io::Result<()> {
        let mut stderr = anstream::stderr().lock();
        writeln!(stderr, "{}", Escaped(line))?;
        stderr.flush()
    }

    /// A line of talk, on stderr; silent under `--quiet`.
    pub(crate) fn say(&self, line: &str) {
        if !self.quiet {
            self.announce(line);
        }
    }

    /// A line of a table of checks, its mark in colour; the words say the same without.
    pub(crate) fn say_check(&self, line: &str) {
        if !self.quiet {
            self.tell(painted(line));
        }
    }

    /// A line of talk for those who asked for more (`-v`).
    pub(crate) fn detail(&self, line: &str) {
        if self.verbose > 0 {
            self.announce(line);
        }
    }

    /// `tlslab: warning: …`
    pub(crate) fn warn(&self, message: &str) {
        if !self.quiet {
            self.tell(format!("tlslab: {WARNING}warning:{WARNING:#} {}", Escaped(message)));
        }
    }

    /// `tlslab: error: …`, also under `--quiet`.
    pub(crate) fn error(&self, message: &str) {
        self.tell(format!("tlslab: {ERROR}error:{ERROR:#} {}", Escaped(message)));
    }

    /// `tlslab: hint: …`, beneath an error.
    pub(crate) fn hint(&self, message: &str) {
        self.tell(format!("tlslab: {HINT}hint:{HINT:#} {}", Escaped(message)));
    }

    fn tell(&self, line: String) {
        match self.writer.get() {
            // What finds no room is counted, and told with the next line that does.
            Some(writer) => {
                let length = line.len();
                writer.put(line, length);
            }
            None => write_line(&line),
        }
    }
}

fn painted(check: &str) -> String {
    let style = match check.get(..4) {
        Some("ok  ") => GOOD,
        Some("FAIL") => BAD,
        _ => return Escaped(check).to_string(),
    };
    let (mark, rest) = check.split_at(4);
    format!("{style}{mark}{style:#}{}", Escaped(rest))
}

/// In one call of the system, whole: what is written in pieces costs as many, and mixes with what others write there.
fn write_line(line: &str) {
    let line = format!("{line}\n");
    // A closed stderr is nobody listening; the exit status still speaks.
    let _ = match anstream::AutoStream::choice(&io::stderr()) {
        ColorChoice::Never => io::stderr().lock().write_all(strip_str(&line).to_string().as_bytes()),
        _ => anstream::stderr().lock().write_all(line.as_bytes()),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_marks_the_mark_alone() {
        assert_eq!(painted("note  x"), "note  x");
        assert_eq!(strip_str(&painted("FAIL  name")).to_string(), "FAIL  name");
        assert_ne!(painted("ok    name"), "ok    name");
        assert!(painted("ok    \u{9b}").ends_with("  \\u{9b}"));
    }
}
