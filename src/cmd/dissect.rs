//! `tlslab dissect`: a capture as an observer sees it.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use tlslab::report::dissect::{self as report, json, text};
use tlslab::wire::capture::{self, Item};
use tlslab::wire::dissect::Dissector;
use tlslab::wire::find::Needle;

use super::{Failure, Result, Ui};

/// What this command ends with where it cannot say: 1 means that a text is readable.
const COULD_NOT_FIND_OUT: u8 = 2;

/// Show the TLS sessions of a capture as an observer on the wire sees them
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Dissect {
    /// The capture, pcap or pcapng; - is stdin
    #[arg(value_name = "FILE")]
    capture: PathBuf,
    /// Say where TEXT is readable on the wire: as typed, in UTF-16, hexadecimal or base64; repeatable
    #[arg(long, value_name = "TEXT")]
    find: Vec<String>,
}

const EXAMPLES: &str = "\
Examples:
  tlslab dissect lab.pcapng                          every TLS session, as an observer sees it
  tlslab dissect lab.pcapng --find 'the secret'      exit status 1 if the text is readable on the wire
  tcpdump -w - port 443 | tlslab dissect -           somebody else's capture

Records that look alike are counted on one line; -v lists them all.

Exit status: 0 done, and no text of --find is readable; 1 one of them is; 2 the capture cannot be read.";

impl Dissect {
    /// Reads the capture and shows it.
    pub(crate) fn run(&self, ui: &Ui) -> Result<u8> {
        let name = self.capture.display().to_string();
        let failed = |error: &dyn std::fmt::Display| {
            Failure::new(format!("{name}: {error}")).status(COULD_NOT_FIND_OUT)
        };
        let needles = self
            .find
            .iter()
            .map(|text| Needle::new(text).map_err(|error| Failure::usage(format!("--find: {error}"))))
            .collect::<Result<Vec<_>>>()?;
        let mut dissector = Dissector::new(needles);
        let each = |item: Item<'_>| {
            if let Item::Packet(packet) = item {
                dissector.packet(&packet);
            }
        };
        let ending = if self.capture == Path::new("-") {
            capture::read(io::stdin().lock(), each)
        } else {
            let file = File::open(&self.capture).map_err(|error| failed(&format!("cannot read: {error}")))?;
            capture::read(file, each)
        };
        let ending = ending.map_err(|error| {
            failed(&error)
                .hint("record one with `tlslab tap --pcap lab.pcapng`, or with tcpdump, dumpcap or Wireshark")
        })?;
        let (dissection, needles) = dissector.finish();
        if let Some(damage) = report::ending(&ending) {
            ui.warn(&format!("{name}: {damage}; what stands before is shown"));
        }
        let missing = report::missing(&dissection);
        if missing > 0 && !needles.is_empty() {
            ui.warn(&format!("{name}: {missing} bytes were not captured; nothing can be said of them"));
        }
        let answer = json::report(&name, &dissection, &needles, &ending);
        if ui.json() {
            ui.print(&serde_json::to_string(&answer)?)?;
        } else {
            let options = text::Options { every_record: ui.verbosity() > 0 };
            ui.print(text::report(&name, &dissection, &needles, options).trim_end())?;
        }
        Ok(answer.exit_status)
    }
}
