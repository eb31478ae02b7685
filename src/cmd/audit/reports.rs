//! The files that an audit writes for other people's systems, any number at once.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Args;
use tlslab::report::audit::{self as report, Sheet, Source};

use crate::cmd::{Failure, Result};

/// How long at least passes between two writings while an audit goes on.
const PAUSE: Duration = Duration::from_secs(1);

/// How many times as long as a writing took the pause after it is: reports cost an audit a tenth of its time at most.
const PAUSES: u32 = 10;

/// Where reports go.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Reports")]
pub(super) struct Reports {
    /// A page with a grid, and a fold-out for each case
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// JUnit's XML, for GitLab, Jenkins and GitHub's actions
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// SARIF 2.1.0, for GitHub's code scanning
    #[arg(long, value_name = "FILE")]
    sarif: Option<PathBuf>,
    /// Markdown, for a job's summary
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    /// A row per case and submission
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Gradescope's results.json
    #[arg(long, value_name = "FILE")]
    gradescope: Option<PathBuf>,
    /// GitHub Classroom's result, a line for $GITHUB_OUTPUT
    #[arg(long, value_name = "FILE")]
    classroom: Option<PathBuf>,
    /// GitLab's Code Quality report
    #[arg(long, value_name = "FILE")]
    codequality: Option<PathBuf>,
    /// Where a finding is located [default: the submission, CMD or the server]
    #[arg(long, value_name = "FILE[:LINE]")]
    source: Option<Source>,
}

impl Reports {
    /// The files that are to be written, each with what makes it.
    fn wanted(&self) -> impl Iterator<Item = (&Path, Kind)> {
        [
            (&self.html, Kind::Html),
            (&self.junit, Kind::Junit),
            (&self.sarif, Kind::Sarif),
            (&self.markdown, Kind::Markdown),
            (&self.csv, Kind::Csv),
            (&self.gradescope, Kind::Gradescope),
            (&self.classroom, Kind::Classroom),
            (&self.codequality, Kind::Codequality),
        ]
        .into_iter()
        .filter_map(|(path, kind)| Some((path.as_deref()?, kind)))
    }

    /// Whether anything is to be drawn.
    pub(super) fn draws(&self) -> bool {
        self.html.is_some()
    }

    /// Whether every file can be written: found out before anything is run. Writes nothing.
    pub(super) fn check(&self) -> Result<()> {
        let mut known: Vec<&Path> = Vec::new();
        for (path, _) in self.wanted() {
            check_writable(path)?;
            // Into a pipe or a device several may be written.
            if known.contains(&path) && !is_special(path) {
                return Err(Failure::usage(format!(
                    "{}: expected a file for each report, found it named twice",
                    path.display()
                )));
            }
            known.push(path);
        }
        Ok(())
    }

    /// Writes while an audit goes on, on a thread of its own, so that a crash leaves what is done.
    pub(super) fn as_it_goes<A>(&self, html: fn(&[A]) -> String) -> AsItGoes<A>
    where
        A: Send + 'static,
        for<'a> &'a A: Into<Sheet>,
    {
        let due = Arc::new(Mutex::new(self.wanted().any(|(path, _)| !is_special(path)).then(Instant::now)));
        let (send, receive) = mpsc::channel::<Vec<A>>();
        let (reports, next) = (self.clone(), Arc::clone(&due));
        let thread = std::thread::spawn(move || {
            for audits in receive {
                let began = Instant::now();
                // What cannot be written now is said at the end, when it is tried again.
                let _ = reports.write_to(|path| !is_special(path), &audits, html);
                let now = Instant::now();
                let pause = PAUSE.max((now - began) * PAUSES);
                *next.lock().unwrap_or_else(PoisonError::into_inner) = Some(now + pause);
            }
        });
        AsItGoes { due, send, thread }
    }

    /// Writes every file anew, each whole or not at all; `html` makes the page, which clients and servers have of their own.
    pub(super) fn write<A>(&self, audits: &[A], html: fn(&[A]) -> String) -> Result<()>
    where
        for<'a> &'a A: Into<Sheet>,
    {
        self.write_to(|_| true, audits, html)
    }

    fn write_to<A>(
        &self,
        wanted: impl Fn(&Path) -> bool,
        audits: &[A],
        html: fn(&[A]) -> String,
    ) -> Result<()>
    where
        for<'a> &'a A: Into<Sheet>,
    {
        for (path, kind) in self.wanted().filter(|(path, _)| wanted(path)) {
            let text = kind.of(audits, self.source.as_ref(), html)?;
            replace(path, text.as_bytes())
                .with_context(|| format!("{}: the report cannot be written", path.display()))?;
        }
        Ok(())
    }
}

/// What writes reports while an audit goes on. Files only: a pipe is written once, at the end.
pub(super) struct AsItGoes<A> {
    /// From when on something is to be written; `None` while it is being, or where there is nothing.
    due: Arc<Mutex<Option<Instant>>>,
    send: mpsc::Sender<Vec<A>>,
    thread: JoinHandle<()>,
}

impl<A> AsItGoes<A> {
    /// Has what is found written, if it is time to.
    pub(super) fn tell(&self, found: impl FnOnce() -> Vec<A>) {
        let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        if due.is_some_and(|due| due <= Instant::now()) {
            *due = None;
            drop(due);
            // Fails only where the thread is gone, and with it the wish.
            let _ = self.send.send(found());
        }
    }

    /// Waits for what is being written.
    pub(super) fn end(self) {
        drop(self.send);
        let _ = self.thread.join();
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Classroom,
    Codequality,
    Csv,
    Gradescope,
    Html,
    Junit,
    Markdown,
    Sarif,
}

impl Kind {
    fn of<A>(self, audits: &[A], source: Option<&Source>, html: fn(&[A]) -> String) -> Result<String>
    where
        for<'a> &'a A: Into<Sheet>,
    {
        let lines = |json: serde_json::Value| format!("{json:#}\n");
        Ok(match self {
            Self::Classroom => report::classroom(audits),
            Self::Codequality => lines(report::codequality(audits, source)),
            Self::Csv => report::csv(audits)?,
            Self::Gradescope => lines(report::gradescope(audits)),
            Self::Html => html(audits),
            Self::Junit => report::junit(audits)?,
            Self::Markdown => report::markdown(audits),
            Self::Sarif => lines(report::sarif(audits, source)),
        })
    }
}

/// The folder that a file is in.
fn folder(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Whether it is a pipe, a device or the like: written into, for there is nothing to replace.
fn is_special(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir())
}

/// Whether a file can be written: found out before anything is run. Writes nothing.
pub(super) fn check_writable(path: &Path) -> Result<()> {
    writable(path)
        .map_err(|why| Failure::usage(format!("{}: the report cannot be written: {why}", path.display())))
}

fn writable(path: &Path) -> std::io::Result<()> {
    if path.is_dir() {
        return Err(std::io::ErrorKind::IsADirectory.into());
    }
    if is_special(path) {
        return Ok(());
    }
    tempfile::Builder::new().prefix(".tlslab-").tempfile_in(folder(path)).map(drop)
}

/// Puts a file in the place of what is there: whole or not at all.
pub(super) fn replace(path: &Path, contents: &[u8]) -> std::io::Result<()> {
    if is_special(path) {
        return std::fs::write(path, contents);
    }
    // A link stays one: what it leads to is replaced.
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut builder = tempfile::Builder::new();
    builder.prefix(".tlslab-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
    let mut file = builder.tempfile_in(folder(&path))?;
    file.write_all(contents)?;
    file.persist(&path).map(drop).map_err(|error| error.error)
}
