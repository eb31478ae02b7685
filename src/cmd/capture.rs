//! Captures that commands write: how the file is opened, and `--pcap` of those that record their own connections.

use std::fs::{File, OpenOptions};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use clap::Args;
use rustls::KeyLog;
use tlslab::wire::Side;
use tlslab::wire::recording::{FileSink, Options, PipeSink, Recorded, RecordedKeys, Recorder, Sink, Status};
use tlslab::words::counted;
use tlslab::writer::is_fifo;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use super::{Failure, Result, Ui, keylog, remedy};

/// How often the recorder is looked after: sessions that never come to their secrets, a file that is full.
const INTERVAL: Duration = Duration::from_secs(1);

/// What a command keeps of its own connections: their secrets (`--keylog`), or all of them (`--pcap`).
#[derive(Clone, Debug, Args)]
pub(crate) struct Recording {
    /// Append session secrets to FILE, so that Wireshark can decrypt a capture [also: SSLKEYLOGFILE]
    #[arg(long, value_name = "FILE", conflicts_with = "plaintext")]
    keylog: Option<PathBuf>,
    /// Record the connections into FILE; Wireshark opens it decrypted: whoever has it reads everything
    #[arg(long, value_name = "FILE")]
    pcap: Option<PathBuf>,
    /// Replace the capture if it exists; log secrets into a file that others can read, too
    #[arg(long)]
    force: bool,
    /// Stop recording, and nothing else, before the capture grows larger; 500K, 100M, 2G
    #[arg(long, value_name = "SIZE", requires = "pcap", value_parser = size)]
    max_size: Option<u64>,
}

impl Recording {
    /// Opens the key log, if one is asked for here or by the environment.
    pub(crate) fn key_log(&self, ui: &Ui) -> Result<Option<Arc<dyn KeyLog>>> {
        keylog::open(self.keylog.as_deref(), self.force, ui)
    }

    /// Refuses early what [`Recording::begin`] would refuse late.
    pub(crate) fn check(&self) -> Result<()> {
        let logs = self.keylog.is_some() || std::env::var_os("SSLKEYLOGFILE").is_some();
        if self.force && self.pcap.is_none() && !logs {
            return Err(Failure::usage(
                "--force: expected --pcap <FILE> or --keylog <FILE> with it, found neither",
            ));
        }
        let Some(path) = &self.pcap else { return Ok(()) };
        if path == Path::new("-") {
            return Err(Failure::usage("--pcap -: expected a file; stdout is for the answer")
                .hint(remedy::CAPTURE_TO_STDOUT));
        }
        if self.keylog.as_ref() == Some(path) {
            let path = path.display();
            return Err(Failure::usage(format!("{path}: both --pcap and --keylog want to write it"))
                .hint(remedy::SECRETS_IN_CAPTURE));
        }
        // Also where it is a link to nowhere: creating it would fail the same way.
        if !self.force && path.symlink_metadata().is_ok() && !is_fifo(path) {
            return Err(exists(path));
        }
        Ok(())
    }

    /// Begins the capture, if one is asked for. `secrets` says whether there will be any, `warn` is told (once)
    /// when recording stops. Needs a running runtime.
    pub(crate) fn begin(
        &self,
        interface: String,
        secrets: bool,
        ui: &Ui,
        warn: impl Fn(String) + Send + Sync + 'static,
    ) -> Result<Option<Capture>> {
        let Some(path) = &self.pcap else { return Ok(None) };
        let options = Options { clock: SystemTime::now, interface, max_size: self.max_size, secrets };
        let recorder = open(path, self.force)
            .and_then(|file| Recorder::start(file, &options).map_err(|error| cannot_write(path, &error)))?;
        let path = path.display().to_string();
        if secrets {
            ui.warn(&format!(
                "{path}: the recorded traffic goes here with its secrets; whoever has this file can read it"
            ));
        } else {
            ui.say(&format!("recording into {path}"));
        }
        let watch = Watch { recorder, path, warn: Box::new(warn), warned: AtomicBool::new(false) };
        let watch = Arc::new(watch);
        let watching = Arc::clone(&watch);
        let watcher = tokio::spawn(async move {
            loop {
                tokio::time::sleep(INTERVAL).await;
                watching.recorder.expire();
                watching.look();
            }
        });
        Ok(Some(Capture { watch, watcher }))
    }
}

/// A capture that is being written. Dropped, it is complete: what still waited for secrets is written.
pub(crate) struct Capture {
    watch: Arc<Watch>,
    watcher: JoinHandle<()>,
}

impl Capture {
    /// What it is written by.
    pub(crate) fn recorder(&self) -> &Recorder {
        &self.watch.recorder
    }

    /// A connection to `peer`, of which this process is `side`, recorded.
    pub(crate) fn record(&self, stream: TcpStream, peer: SocketAddr, side: Side) -> Recorded<TcpStream> {
        Recorded::socket(stream, peer, side, self.recorder())
    }

    /// Where a TLS stack is to log its secrets, so that they come into the capture, and into `beside`.
    pub(crate) fn key_log(&self, beside: Option<Arc<dyn KeyLog>>) -> Arc<dyn KeyLog> {
        Arc::new(RecordedKeys::new(self.recorder().clone(), beside))
    }

    /// Completes it, and sums it up in a line.
    pub(crate) fn finish(self) -> String {
        let watch = Arc::clone(&self.watch);
        drop(self);
        sum(&watch.path, &watch.recorder.status())
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        self.watcher.abort();
        self.watch.recorder.flush();
        self.watch.look();
    }
}

struct Watch {
    recorder: Recorder,
    path: String,
    warn: Box<dyn Fn(String) + Send + Sync>,
    warned: AtomicBool,
}

impl Watch {
    fn look(&self) {
        if let Some(why) = self.recorder.status().stopped
            && !self.warned.swap(true, Ordering::Relaxed)
        {
            (self.warn)(format!("{}: {why}; recording has stopped, everything else goes on", self.path));
        }
    }
}

/// What a capture is written to: a new file, or a FIFO, which waits for its reader and holds nobody up.
pub(crate) fn open(path: &Path, force: bool) -> Result<Box<dyn Sink>> {
    let sink: io::Result<Box<dyn Sink>> = if is_fifo(path) {
        let fifo = path.to_owned();
        PipeSink::start(move || OpenOptions::new().write(true).open(fifo)).map(|sink| Box::new(sink) as _)
    } else {
        create(path, force).map(|file| Box::new(FileSink::new(file)) as _)
    };
    sink.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => exists(path),
        _ => cannot_write(path, &error),
    })
}

/// An empty file for its owner only: what crossed a wire is nobody else's business, least of all with secrets. With
/// `force` it takes the place of a file or a symbolic link; what a link leads to, or a second name of the file, stays as
/// it is. A device is written to as it is.
pub(crate) fn create(path: &Path, force: bool) -> io::Result<File> {
    let replaced = force && path.symlink_metadata().is_ok();
    // A link to a device, such as /dev/stderr, is as good as the device; one to nowhere is replaced.
    if replaced && std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
        return OpenOptions::new().write(true).open(path);
    }
    if replaced {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        // Born 0600.
        let new = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
        return new.persist(path).map_err(|error| error.error);
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// What is to be created is there already.
pub(crate) fn exists(path: &Path) -> Failure {
    Failure::new(format!("{}: exists already; expected to create it", path.display())).hint(remedy::REPLACE)
}

/// The capture cannot be written.
pub(crate) fn cannot_write(path: &Path, error: &io::Error) -> Failure {
    Failure::new(format!("{}: cannot write: {error}", path.display()))
}

/// What is in a capture: `lab.pcapng: 11 packets, 1 connection, 0 TLS sessions`.
pub(crate) fn sum(path: &str, status: &Status) -> String {
    format!(
        "{path}: {}, {}, {}",
        counted(status.packets, "packet"),
        counted(status.connections, "connection"),
        counted(status.sessions, "TLS session"),
    )
}

/// A size: digits and an optional unit K, M or G (powers of 1024).
pub(crate) fn size(text: &str) -> std::result::Result<u64, String> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let factor = match text[digits.len()..].to_ascii_lowercase().as_str() {
        "" => Some(1),
        "k" | "kib" => Some(1 << 10),
        "m" | "mib" => Some(1 << 20),
        "g" | "gib" => Some(1 << 30),
        _ => None,
    };
    let size = digits.parse::<u64>().ok().zip(factor).and_then(|(number, factor)| number.checked_mul(factor));
    size.ok_or_else(|| "expected a number of bytes such as 500K, 100M or 2G".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        for (text, bytes) in [("0", 0), ("12", 12), ("2k", 2048), ("3M", 3 << 20), ("1GiB", 1 << 30)] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for text in ["", "M", "-1", "1.5M", "1T", "99999999999G", "1 M"] {
            assert!(size(text).is_err(), "{text}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_replaced_file_becomes_its_owners_only() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lab.pcapng");
        std::fs::write(&path, "precious").unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
        assert_eq!(create(&path, false).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
        create(&path, true).unwrap();
        let metadata = std::fs::metadata(&path).unwrap();
        assert_eq!((metadata.len(), metadata.permissions().mode() & 0o777), (0, 0o600));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_replaced_and_what_it_leads_to_stays() {
        let folder = tempfile::tempdir().unwrap();
        let (precious, path) = (folder.path().join("precious"), folder.path().join("lab.pcapng"));
        std::fs::write(&precious, "precious").unwrap();
        for is_hard in [false, true] {
            if is_hard {
                std::fs::hard_link(&precious, &path).unwrap();
            } else {
                std::os::unix::fs::symlink(&precious, &path).unwrap();
            }
            create(&path, true).unwrap();
            assert!(path.symlink_metadata().unwrap().is_file());
            assert_eq!(std::fs::read_to_string(&path).unwrap(), "");
            assert_eq!(std::fs::read_to_string(&precious).unwrap(), "precious");
            std::fs::remove_file(&path).unwrap();
        }
        std::os::unix::fs::symlink(folder.path().join("nowhere"), &path).unwrap();
        create(&path, true).unwrap();
        assert!(path.symlink_metadata().unwrap().is_file() && !folder.path().join("nowhere").exists());
    }
}
