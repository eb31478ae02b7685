//! `tlslab dissect`: a capture as an observer sees it.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use tlslab::report::dissect::{self as report, html, json, text};
use tlslab::report::json::to_writer;
use tlslab::wire::key_log::{KeyLogFollower, Secrets};
use tlslab::wire::reading::Dissector;
use tlslab::wire::reading::capture::{self, Ending, Item, Unreadable};
use tlslab::wire::reading::find::Needle;

use super::{Failure, Result, Ui, remedy};

/// What this command ends with where it cannot say: 1 means that a text is readable.
const COULD_NOT_FIND_OUT: u8 = 2;

/// Show the TLS sessions of a capture as an observer on the wire sees them
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Dissect {
    /// The capture, pcap or pcapng, also gzipped; - is stdin
    #[arg(value_name = "FILE")]
    capture: PathBuf,
    /// The sessions' secrets, as browsers, curl or `tlslab serve --keylog` write them: shows what was encrypted
    ///
    /// Secrets inside the capture (a Decryption Secrets Block, as `tlslab tap --keylog` writes it) are used without
    /// asking.
    #[arg(long, value_name = "FILE")]
    keylog: Option<PathBuf>,
    /// Write a picture of it all: one self-contained page, with ladder diagrams and a switch between views
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Replace the page if it exists
    #[arg(long, requires = "html")]
    force: bool,
    /// Say where TEXT is readable on the wire: as typed, in UTF-16, hexadecimal or base64; repeatable
    #[arg(long, value_name = "TEXT")]
    find: Vec<String>,
}

const EXAMPLES: &str = "\
Examples:
  tlslab dissect lab.pcapng                          every TLS session, as an observer sees it
  tlslab dissect lab.pcapng --find 'the secret'      exit status 1 if the text is readable on the wire
  tlslab dissect lab.pcapng --keylog keys.log        and with the secrets, what was encrypted
  tlslab dissect lab.pcapng --html report.html       a picture of it
  tcpdump -w - port 443 | tlslab dissect -           somebody else's capture

The secrets open TLS 1.3 with all its suites, and TLS 1.2 with AES-GCM, AES-CCM and ChaCha20-Poly1305. Not
opened, and said so: CBC, ARIA and Camellia suites, 0-RTT data, TLS 1.1 and before. What the tap's own secrets
do not open but the whole key log does: a renegotiation, whose hellos crossed encrypted.

Records that look alike are counted on one line; -v lists them all.

A capture may be compressed with gzip. TLS is recognised by its records wherever it begins: behind a PROXY header,
STARTTLS or CONNECT, in tunnels, and in connections that are older than the capture.

Exit status: 0 done, and no text of --find is readable; 1 one of them is; 2 the capture cannot be read, or a text
was not found and not everything could be looked at.";

impl Dissect {
    /// Reads the capture and shows it.
    pub(crate) fn run(&self, ui: &Ui) -> Result<u8> {
        let name = self.capture.display().to_string();
        let needles = self
            .find
            .iter()
            .map(|text| Needle::new(text).map_err(|error| Failure::usage(format!("--find: {error}"))))
            .collect::<Result<Vec<_>>>()?;
        let mut secrets = Secrets::default();
        if let Some(keylog) = &self.keylog {
            let unreadable = |error: io::Error| {
                Failure::new(format!("{}: cannot read: {error}", keylog.display())).status(COULD_NOT_FIND_OUT)
            };
            // A follower waits for a file that does not exist; here there is nobody to write it.
            File::open(keylog).map_err(unreadable)?;
            KeyLogFollower::new(keylog).poll(|line| secrets.learn(line)).map_err(unreadable)?;
            if secrets.is_empty() {
                ui.warn(&format!("{}: no secrets in it; expected lines of an NSS key log", keylog.display()));
            }
        }
        let sample = if self.html.is_some() { html::SAMPLE } else { 0 };
        let dissector = Dissector::new(needles).with_secrets(secrets).with_samples(sample);
        let (mut dissector, mut ending) = self.read(dissector)?;
        if dissector.has_late_secrets() && self.capture != Path::new("-") {
            ui.detail(&format!(
                "tlslab: {name}: its secrets stand behind the packets they open; reading it again"
            ));
            (dissector, ending) = self.read(dissector.again())?;
        }
        let (dissection, needles) = dissector.finish();
        if dissection.has_late_secrets {
            ui.warn(&format!("{name}: secrets came after the packets they would have opened"));
        }
        if let Some(damage) = report::ending(&ending) {
            ui.warn(&format!("{name}: {damage}; what stands before is shown"));
        }
        if !needles.is_empty() {
            for what in report::skipped(&dissection, &ending) {
                ui.warn(&format!("{name}: {what}; nothing can be said of that"));
            }
        }
        if let Some(page) = &self.html {
            write_page(page, self.force, &html::page(&name, &dissection, &needles, &ending))?;
            ui.say(&format!("tlslab: wrote {}", page.display()));
        }
        ui.print_through(|out| {
            if ui.json() {
                to_writer(&mut *out, &json::report(&name, &dissection, &needles, &ending))?;
                writeln!(out)
            } else {
                let options = text::Options { every_record: ui.verbosity() > 0 };
                text::write(out, &name, &dissection, &needles, &ending, options)
            }
        })?;
        Ok(report::exit_status(&dissection, &ending))
    }

    /// Reads the capture from its beginning.
    fn read(&self, mut dissector: Dissector) -> Result<(Dissector, Ending)> {
        let name = self.capture.display();
        let failed = |error: &dyn std::fmt::Display| {
            Failure::new(format!("{name}: {error}")).status(COULD_NOT_FIND_OUT)
        };
        let each = |item: Item<'_>| dissector.take(item);
        let ending = if self.capture == Path::new("-") {
            capture::read(io::stdin().lock(), each)
        } else {
            let file = File::open(&self.capture).map_err(|error| failed(&format!("cannot read: {error}")))?;
            capture::read(file, each)
        };
        let ending = ending.map_err(|error| match error {
            Unreadable::Compressed(how) => failed(&error).hint(remedy::unpack(how, &name)),
            _ => failed(&error).hint(remedy::RECORD),
        })?;
        Ok((dissector, ending))
    }
}

/// Dissects a capture that was just made, and writes its page.
pub(crate) fn write_page_of(capture: &Path, page: &Path, force: bool, ui: &Ui) -> Result<()> {
    let made = Dissect { capture: capture.to_owned(), keylog: None, html: None, force, find: Vec::new() };
    let (mut dissector, mut ending) = made.read(Dissector::new(Vec::new()).with_samples(html::SAMPLE))?;
    if dissector.has_late_secrets() {
        (dissector, ending) = made.read(dissector.again())?;
    }
    let (dissection, needles) = dissector.finish();
    let name = capture.display().to_string();
    write_page(page, force, &html::page(&name, &dissection, &needles, &ending))?;
    ui.say(&format!("tlslab: wrote {}", page.display()));
    Ok(())
}

/// Writes a report, not over a file that is there already unless told to; for its owner only, for it may hold what
/// the secrets opened.
pub(crate) fn write_page(path: &Path, force: bool, page: &str) -> Result<()> {
    let created = super::capture::create(path, force);
    let written = created.and_then(|mut file| file.write_all(page.as_bytes()));
    written.map_err(|error| {
        let failure = if error.kind() == io::ErrorKind::AlreadyExists {
            super::capture::exists(path)
        } else {
            super::capture::cannot_write(path, &error)
        };
        failure.status(COULD_NOT_FIND_OUT)
    })
}
