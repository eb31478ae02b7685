//! `tlslab tap`: a relay that records what crosses.

use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::Context as _;
use clap::Args;
use serde::Serialize;
use tlslab::client::Target;
use tlslab::streams::accept::Notice;
use tlslab::wire::recording::{Options, PipeSink, Recorder, Sink, Status};
use tlslab::wire::tap::{self, Config, RelayEnd, TapEvent};
use tokio::sync::oneshot;

use super::flags::{IdleTimeout, MaxConnections, Timeout};
use super::listen::ListenAddress;
use super::signals::{Signal, Signals};
use super::{Failure, Result, Ui, capture, remedy};

/// Record every byte between a client and a server into a file that Wireshark opens; needs no root
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Tap {
    /// Where clients are to dial instead of the server
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:4434")]
    listen: ListenAddress,
    /// The server
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:4433")]
    to: Target,
    /// The capture to write; - is stdout
    #[arg(long, value_name = "FILE")]
    pcap: PathBuf,
    /// The key log that the client or the server is writing: the secrets of these sessions go into the capture
    ///
    /// The file need not exist yet. The packets of a session wait in memory until its secrets have appeared
    /// (at most 5 seconds and 1 MiB), so that they stand behind them in the capture and a reader that goes
    /// through it once can decrypt.
    #[arg(long, value_name = "FILE")]
    keylog: Option<PathBuf>,
    /// At the end, write a picture of the capture: one self-contained page, as `tlslab dissect --html` does
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Replace the capture, and the page, if they exist
    #[arg(long)]
    force: bool,
    /// Stop recording, not relaying, before the capture grows larger; 500K, 100M, 2G
    #[arg(long, value_name = "SIZE", value_parser = capture::size)]
    max_size: Option<u64>,
    #[command(flatten)]
    max_connections: MaxConnections,
    #[command(flatten)]
    dialling: Timeout,
    #[command(flatten)]
    idle: IdleTimeout,
}

const EXAMPLES: &str = "\
Examples:
  tlslab serve --keylog keys.log                                      the server, on 127.0.0.1:4433
  tlslab tap --pcap lab.pcapng --keylog keys.log                      the tap, on 127.0.0.1:4434
  tlslab connect 127.0.0.1:4434 --message 'the secret'                a client, through the tap
  tlslab dissect lab.pcapng --find 'the secret'                       what an observer had
  tlslab tap --to example.org:443 --pcap - | tshark -r -              watch as it happens

The recording has the ends' real addresses and ports, every byte in order, and how each connection ended.
Ethernet, IP and TCP around the bytes are synthetic. It works for any protocol over TCP.
Stop it with Ctrl-C; the capture is readable at any time, also after a kill.";

/// The answer of `tap --json`, when it is stopped.
#[derive(Serialize)]
struct Summary<'a> {
    /// The address that was listened on.
    listen: String,
    /// The server, as given.
    to: String,
    /// The capture, as given.
    pcap: &'a Path,
    /// Bytes in it.
    bytes: u64,
    /// Packets in it.
    packets: u64,
    /// Connections that were relayed.
    connections: u64,
    /// Those that began with a TLS ClientHello.
    sessions: u64,
    /// Sessions whose secrets are in the capture.
    sessions_with_secrets: u64,
    /// Why recording stopped before the relay did, or null.
    recording_stopped: Option<String>,
}

impl Tap {
    /// Relays until it is told to stop. Exit status 0, or 1 where the recording stopped before.
    pub(crate) fn run(self, ui: &Ui) -> Result<u8> {
        let to_stdout = self.pcap == Path::new("-");
        if to_stdout && ui.json() {
            return Err(Failure::usage("--pcap - and --json both want stdout"));
        }
        if to_stdout && self.html.is_some() {
            return Err(Failure::usage("--html needs a capture to read back; --pcap - keeps none"));
        }
        if let Some(page) = self.html.as_deref().filter(|page| !self.force && page.exists()) {
            return Err(Failure::new(format!("{}: exists already; expected to create it", page.display()))
                .hint(remedy::REPLACE));
        }
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let result = runtime.block_on(async {
            // First: a stop that comes early is still an orderly one.
            let mut signals = Signals::new()?;
            let listener = self.listen.bind("tap").await?;
            let address = listener.local_addr().context("cannot tell the address that was bound")?;
            ui.in_background();
            let options = Options {
                clock: SystemTime::now,
                interface: format!("tlslab tap {address} to {}", self.to),
                max_size: self.max_size,
                secrets: self.keylog.is_some(),
            };
            let sink: Box<dyn Sink> = if to_stdout {
                Box::new(PipeSink::start(|| Ok(io::stdout())).context("cannot write to stdout")?)
            } else {
                capture::open(&self.pcap, self.force)?
            };
            let recorder =
                Recorder::start(sink, &options).map_err(|error| capture::cannot_write(&self.pcap, &error))?;
            let config = Config {
                to: self.to.to_string(),
                keylog: self.keylog.clone(),
                max_connections: self.max_connections.get(),
                dial_timeout: self.dialling.timeout,
                idle_timeout: self.idle.idle_timeout,
            };
            ui.say(&format!("relaying to {}, recording into {}", self.to, self.pcap.display()));
            ui.announce(&format!("listening on {address}"));
            let (stop, stopped) = oneshot::channel::<()>();
            let mut stop = Some(stop);
            // A sender that is gone means the same as one that speaks.
            let stopped = async move { drop(stopped.await) };
            let relaying = tap::run(listener, config, recorder.clone(), stopped, self.teller(ui));
            let relayed = signals.attend(relaying, |_: Signal| drop(stop.take())).await;
            drop(signals);
            if let Some(page) = &self.html {
                super::dissect::write_page_of(&self.pcap, page, self.force, ui)?;
            }
            let status = self.report(ui, &address.to_string(), &recorder.status())?;
            Ok(relayed.map_or_else(|cut| cut.status, |()| status))
        });
        // A thread may still sit in the resolver; nobody waits for it.
        runtime.shutdown_background();
        result
    }

    fn teller(&self, ui: &Ui) -> impl Fn(TapEvent) + Send + Sync + use<> {
        let ui = ui.clone();
        let pcap = self.pcap.display().to_string();
        let keylog = self.keylog.clone().unwrap_or_default();
        let to = self.to.to_string();
        move |event| match event {
            TapEvent::Relayed(connection) => {
                let (client, sent) = (connection.client, connection.sent);
                match connection.end {
                    RelayEnd::Unreachable(error) => {
                        ui.warn(&format!("{client}: {to}: cannot connect: {error}"));
                    }
                    end => ui.say(&format!(
                        "{client}: {} bytes from the client, {} from the server, {end}",
                        sent.client, sent.server
                    )),
                }
            }
            TapEvent::Accepting(Notice::Full) => {
                ui.warn(
                    "as many clients as --max-connections allows are here: the next waits until one leaves",
                );
            }
            TapEvent::Accepting(Notice::Failed(error)) => {
                ui.warn(&format!("cannot accept a client, trying again: {error}"));
            }
            TapEvent::KeyLogUnreadable(error) => {
                ui.warn(&format!(
                    "{}: cannot read: {error}; recording goes on without secrets",
                    keylog.display()
                ));
            }
            TapEvent::RecordingStopped(why) => {
                ui.warn(&format!("{pcap}: {why}; recording has stopped, relaying goes on"));
            }
        }
    }

    fn report(&self, ui: &Ui, listen: &str, status: &Status) -> Result<u8> {
        let with_secrets = status.with_secrets + status.with_late_secrets;
        if ui.json() {
            let summary = Summary {
                listen: listen.to_owned(),
                to: self.to.to_string(),
                pcap: &self.pcap,
                bytes: status.bytes,
                packets: status.packets,
                connections: status.connections,
                sessions: status.sessions,
                sessions_with_secrets: with_secrets,
                recording_stopped: status.stopped.as_ref().map(ToString::to_string),
            };
            ui.print_last(&summary)?;
        } else {
            let secrets = match (&self.keylog, status.sessions) {
                (None, _) | (_, 0) => String::new(),
                (Some(_), _) => format!(", {with_secrets} of them with secrets"),
            };
            let sum = capture::sum(&self.pcap.display().to_string(), status);
            ui.say(&format!("{sum}{secrets}"));
        }
        Ok(u8::from(status.stopped.is_some()))
    }
}
