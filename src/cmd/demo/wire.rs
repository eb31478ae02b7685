//! Somebody on the network: a tap that records every exchange into one capture, and what it tells.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::{Context, anyhow};
use tlslab::tls::KeyLogFile;
use tlslab::wire::reading::Dissector;
use tlslab::wire::reading::capture::{self, Ending};
use tlslab::wire::reading::dissection::{Dissection, Find, Place};
use tlslab::wire::reading::find::Needle;
use tlslab::wire::reading::session::{ObservedEvent, ObservedSession, What};
use tlslab::wire::recording::{FileSink, Options, Recorder};
use tlslab::wire::{Side, tap};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::super::capture as capture_file;

/// How long anything on loopback may take before the demo gives up.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// How many bytes of each event are looked at: more than any of the demo's records with a message has.
const SAMPLE: usize = 160;

/// The capture and the key log beside it.
pub(super) struct Wire {
    recorder: Recorder,
    capture: PathBuf,
    key_log: PathBuf,
}

impl Wire {
    /// Begins `lab.pcapng` and `keys.log` in `folder`, for their owner only: together they open every session.
    pub(super) fn record(folder: &Path, force: bool) -> anyhow::Result<Self> {
        let (capture, key_log) = (folder.join("lab.pcapng"), folder.join("keys.log"));
        let create = |path: &Path| {
            capture_file::create(path, force).with_context(|| format!("{}: cannot write", path.display()))
        };
        create(&key_log)?;
        let file = create(&capture)?;
        let options = Options {
            clock: SystemTime::now,
            interface: "tlslab demo".to_owned(),
            max_size: None,
            secrets: true,
        };
        let recorder = Recorder::start(Box::new(FileSink::new(file)), &options)
            .with_context(|| format!("{}: cannot write", capture.display()))?;
        Ok(Self { recorder, capture, key_log })
    }

    /// Where a client notes its secrets.
    pub(super) fn key_log(&self) -> anyhow::Result<Arc<KeyLogFile>> {
        Ok(Arc::new(KeyLogFile::open(&self.key_log)?))
    }

    /// Listens in front of `server`, for one connection.
    pub(super) async fn tap(&self, server: SocketAddr) -> anyhow::Result<Tap> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("cannot listen on 127.0.0.1")?;
        let address = listener.local_addr()?;
        let config = tap::Config {
            to: server.to_string(),
            keylog: Some(self.key_log.clone()),
            max_connections: 1,
            dial_timeout: PATIENCE,
            idle_timeout: PATIENCE,
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let (closed, is_closed) = mpsc::unbounded_channel();
        let task = tokio::spawn(tap::run(
            listener,
            config,
            self.recorder.clone(),
            async {
                // Dropped without a word means stop as well.
                let _ = stopped.await;
            },
            move |event| {
                if matches!(event, tap::TapEvent::Relayed(_)) {
                    // Nobody listens any more only where the demo has already failed.
                    let _ = closed.send(());
                }
            },
        ));
        Ok(Tap { address, stop, is_closed, task })
    }

    /// Reads the capture so far.
    pub(super) fn read(&self, message: &str) -> anyhow::Result<Reading> {
        self.recorder.flush();
        let mut dissector = Dissector::new(vec![Needle::new(message)?]).with_samples(SAMPLE);
        let file = std::fs::File::open(&self.capture)
            .with_context(|| format!("{}: cannot read", self.capture.display()))?;
        let ending = capture::read(file, |item| dissector.take(item))
            .map_err(|error| anyhow!("{}: {error}", self.capture.display()))?;
        let (dissection, needles) = dissector.finish();
        Ok(Reading { dissection, needles, ending })
    }

    /// The last exchange, as the capture tells it.
    pub(super) fn last(&self, message: &str) -> anyhow::Result<Observed> {
        let mut dissection = self.read(message)?.dissection;
        let session = dissection.sessions.pop().context("the tap recorded nothing")?;
        let here = |place: Place| matches!(place, Place::Stream(number, _, _) if number == session.number);
        let count = |finds: &[Find]| finds.iter().filter(|find| here(find.place)).count();
        Ok(Observed {
            readable: count(&dissection.finds),
            with_the_keys: count(&dissection.opened_finds),
            session,
        })
    }
}

/// The whole capture, dissected.
pub(super) struct Reading {
    pub(super) dissection: Dissection,
    pub(super) needles: Vec<Needle>,
    pub(super) ending: Ending,
}

/// A relay in front of a server.
pub(super) struct Tap {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    is_closed: mpsc::UnboundedReceiver<()>,
    task: JoinHandle<()>,
}

impl Tap {
    /// Where the client is to connect.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits for both ends to close and for everything to be written.
    pub(super) async fn finish(mut self) -> anyhow::Result<()> {
        let closed = tokio::time::timeout(PATIENCE + Duration::from_secs(1), self.is_closed.recv()).await;
        closed.ok().flatten().context("the connection through the tap did not close")?;
        // The receiver is gone only where the tap is too.
        let _ = self.stop.send(());
        Ok(self.task.await?)
    }
}

/// One exchange as an observer has it.
#[derive(Debug)]
pub(super) struct Observed {
    session: ObservedSession,
    /// How often the message is readable in it.
    pub(super) readable: usize,
    /// How often it stands in what the session's keys open.
    pub(super) with_the_keys: usize,
}

impl Observed {
    /// How many bytes crossed, both ways.
    pub(super) fn bytes(&self) -> u64 {
        self.session.bytes.client + self.session.bytes.server
    }

    /// The name that the client asked for in the clear.
    pub(super) fn server_name(&self) -> Option<String> {
        self.session.tls.as_ref()?.client_hello.as_ref()?.server_name()
    }

    /// Whether the server's certificate crossed readable.
    pub(super) fn shows_certificate(&self) -> bool {
        self.session.tls.as_ref().is_some_and(|tls| !tls.server_certificates.is_empty())
    }

    /// The bytes in which the client's message crossed, headers of records aside.
    pub(super) fn message_bytes(&self, message: &str) -> Vec<u8> {
        let holds = |event: &&ObservedEvent| {
            event.from == Side::Client
                && match &event.what {
                    What::Plaintext(bytes) => bytes.starts_with(message.as_bytes()),
                    What::Record(record) => record
                        .opened
                        .as_ref()
                        .is_some_and(|opened| opened.sample.starts_with(message.as_bytes())),
                    What::Gap | What::Stray | What::Sslv2(_) | What::Unknown(_) => false,
                }
        };
        let event = self.session.events.iter().find(holds);
        event.map(|event| event.sample.clone()).unwrap_or_default()
    }
}

/// Bytes as a hex dump, the readable ones beside it.
pub(super) fn hex_dump(bytes: &[u8]) -> Vec<String> {
    bytes
        .chunks(16)
        .enumerate()
        .map(|(row, chunk)| {
            let hex: Vec<String> = chunk.iter().map(|byte| format!("{byte:02x}")).collect();
            let readable: String = chunk.iter().map(|&byte| readable(byte)).collect();
            format!("{:04x}  {:<47}  {readable}", row * 16, hex.join(" "))
        })
        .collect()
}

fn readable(byte: u8) -> char {
    if byte.is_ascii_graphic() || byte == b' ' { char::from(byte) } else { '.' }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dumps_show_what_is_readable() {
        assert_eq!(
            hex_dump(b"GET / HTTP/1.1\r\nHost"),
            [
                "0000  47 45 54 20 2f 20 48 54 54 50 2f 31 2e 31 0d 0a  GET / HTTP/1.1..",
                "0010  48 6f 73 74                                      Host",
            ]
        );
    }
}
