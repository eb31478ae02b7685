//! Talking to the person (stderr) and giving the answer (stdout).

use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, OnceLock};

use anstyle::{AnsiColor, Style};

use tlslab::words;
use tlslab::writer::{LAST_WORDS, Writer};

use super::global::Global;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();

/// How many bytes of talk may wait to be written by a command that runs in the background; further lines are left out,
/// and their number is told.
const WAITING: usize = 256 << 10;

/// Where a command talks. Colours appear on a terminal only, and never under `NO_COLOR`.
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

    /// A line of the answer, on stdout. Fails where stdout is closed.
    pub(crate) fn print(&self, line: &str) -> io::Result<()> {
        let mut out = anstream::stdout().lock();
        writeln!(out, "{line}")?;
        out.flush()
    }

    /// A long answer, on stdout, piece by piece. Fails where stdout is closed.
    pub(crate) fn print_through(
        &self,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut out = io::BufWriter::new(anstream::stdout().lock());
        write(&mut out)?;
        out.flush()
    }

    /// A line that others wait for, such as `listening on …`: on stderr, also under `--quiet`.
    pub(crate) fn announce(&self, line: &str) {
        self.tell(line);
    }

    /// The same for what is said this once and nowhere else: fails where it cannot be said.
    pub(crate) fn confide(&self, line: &str) -> io::Result<()> {
        let mut stderr = anstream::stderr().lock();
        writeln!(stderr, "{line}")?;
        stderr.flush()
    }

    /// A line of talk, on stderr; silent under `--quiet`.
    pub(crate) fn say(&self, line: &str) {
        if !self.quiet {
            self.tell(line);
        }
    }

    /// A line of talk for those who asked for more (`-v`).
    pub(crate) fn detail(&self, line: &str) {
        if self.verbose > 0 {
            self.tell(line);
        }
    }

    /// `tlslab: warning: …`
    pub(crate) fn warn(&self, message: &str) {
        if !self.quiet {
            self.tell(&format!("tlslab: {WARNING}warning:{WARNING:#} {message}"));
        }
    }

    /// `tlslab: error: …`, also under `--quiet`.
    pub(crate) fn error(&self, message: &str) {
        self.tell(&format!("tlslab: {ERROR}error:{ERROR:#} {message}"));
    }

    /// `tlslab: hint: …`, beneath an error.
    pub(crate) fn hint(&self, message: &str) {
        self.tell(&format!("tlslab: {HINT}hint:{HINT:#} {message}"));
    }

    fn tell(&self, line: &str) {
        match self.writer.get() {
            // What finds no room is counted, and told with the next line that does.
            Some(writer) => _ = writer.put(line.to_owned(), line.len()),
            None => write_line(line),
        }
    }
}

fn write_line(line: &str) {
    // A closed stderr is nobody listening; the exit status still speaks.
    let _ = writeln!(anstream::stderr().lock(), "{line}");
}
