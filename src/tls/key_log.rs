//! Key logs (RFC 9850): the lines by which an endpoint shares a session's secrets, and the file that they go to.
//!
//! A line is `LABEL CLIENT_RANDOM SECRET`, the latter two in hexadecimal. Comments (`#`), empty lines and lines that are
//! none of this are passed over, as readers of these files do.

use std::fmt::{self, Write as _};
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rustls::KeyLog;
use zeroize::Zeroizing;

use crate::writer::{LAST_WORDS, Writer, is_fifo};

/// A ClientHello's random: what a key log knows a session by.
pub type ClientRandom = [u8; 32];

/// The longest secret that is read: a SHA-512 output; TLS knows none longer.
const LONGEST_SECRET: usize = 64;
/// The longest line that is read: a label, a random and a secret, with room to spare.
pub const LONGEST_LINE: usize = 512;

/// What a line's secret is (RFC 9850 §2.1, §2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Label {
    /// `CLIENT_EARLY_TRAFFIC_SECRET`: TLS 1.3's client_early_traffic_secret.
    ClientEarlyTraffic,
    /// `CLIENT_HANDSHAKE_TRAFFIC_SECRET`.
    ClientHandshakeTraffic,
    /// `CLIENT_RANDOM`: TLS 1.2's master secret.
    MasterSecret,
    /// `CLIENT_TRAFFIC_SECRET_0`: client_application_traffic_secret_0.
    ClientTraffic,
    /// `EARLY_EXPORTER_SECRET`.
    EarlyExporter,
    /// `EXPORTER_SECRET`.
    Exporter,
    /// `SERVER_HANDSHAKE_TRAFFIC_SECRET`.
    ServerHandshakeTraffic,
    /// `SERVER_TRAFFIC_SECRET_0`: server_application_traffic_secret_0.
    ServerTraffic,
}

impl Label {
    const ALL: [(Self, &'static str); 8] = [
        (Self::ClientEarlyTraffic, "CLIENT_EARLY_TRAFFIC_SECRET"),
        (Self::ClientHandshakeTraffic, "CLIENT_HANDSHAKE_TRAFFIC_SECRET"),
        (Self::MasterSecret, "CLIENT_RANDOM"),
        (Self::ClientTraffic, "CLIENT_TRAFFIC_SECRET_0"),
        (Self::EarlyExporter, "EARLY_EXPORTER_SECRET"),
        (Self::Exporter, "EXPORTER_SECRET"),
        (Self::ServerHandshakeTraffic, "SERVER_HANDSHAKE_TRAFFIC_SECRET"),
        (Self::ServerTraffic, "SERVER_TRAFFIC_SECRET_0"),
    ];

    /// As it stands in a file.
    pub fn name(self) -> &'static str {
        // Every label is in the table; the test goes through them all.
        Self::ALL.iter().find(|(label, _)| *label == self).map_or("", |(_, name)| name)
    }

    fn read(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(label, _)| *label)
    }
}

/// One line of a key log.
#[derive(Clone, PartialEq, Eq)]
pub struct Line {
    /// What the secret is.
    pub label: Label,
    /// The session.
    pub random: ClientRandom,
    /// The secret's bytes.
    pub secret: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Line").field("label", &self.label).finish_non_exhaustive()
    }
}

impl Line {
    /// Reads one line; `None` where it is a comment, empty, of an unknown label or otherwise not a secret.
    pub fn read(line: &str) -> Option<Self> {
        let mut words = line.split_ascii_whitespace();
        let label = Label::read(words.next()?)?;
        let random = unhex(words.next()?)?.as_slice().try_into().ok()?;
        let secret = unhex(words.next()?)?;
        let fits = !secret.is_empty() && secret.len() <= LONGEST_SECRET;
        (fits && words.next().is_none()).then_some(Self { label, random, secret })
    }

    /// A line as a TLS stack logs it; `None` under the same conditions.
    pub fn logged(label: &str, random: &[u8], secret: &[u8]) -> Option<Self> {
        let (label, random) = (Label::read(label)?, random.try_into().ok()?);
        let fits = !secret.is_empty() && secret.len() <= LONGEST_SECRET;
        fits.then(|| Self { label, random, secret: Zeroizing::new(secret.to_vec()) })
    }

    /// The line, with its end.
    pub fn text(&self) -> Zeroizing<String> {
        line(self.label.name(), &self.random, &self.secret)
    }
}

/// A line of a key log, with its end: label, random and secret in hexadecimal (RFC 9850 §2).
fn line(label: &str, random: &[u8], secret: &[u8]) -> Zeroizing<String> {
    // As large as it will be: a string that grew would leave pieces of the secret behind.
    let mut out = Zeroizing::new(String::with_capacity(label.len() + 2 * (random.len() + secret.len()) + 3));
    out.push_str(label);
    for bytes in [random, secret] {
        out.push(' ');
        for byte in bytes {
            // Writing to a String does not fail.
            let _ = write!(out, "{byte:02x}");
        }
    }
    out.push('\n');
    out
}

fn unhex(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    if !text.len().is_multiple_of(2) || text.len() > LONGEST_LINE {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let bytes = text.as_bytes().chunks_exact(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?));
    bytes.collect::<Option<Vec<u8>>>().map(Zeroizing::new)
}

/// A key log in NSS's format (`CLIENT_RANDOM …`), appended to a file that is born 0600.
///
/// Whoever has it reads the recorded session: it exists so that a capture of one's own can be decrypted.
/// Unlike [`rustls::KeyLogFile`] it refuses to start where the file cannot be opened, or where others can read or change
/// it. A thread of its own writes, so that no session waits for it: the file may be a FIFO that nobody reads. Dropped, it
/// has written everything, if that can be done in a moment.
pub struct KeyLogFile {
    path: PathBuf,
    writer: Writer<Zeroizing<String>>,
    tell: Tell,
}

/// Who hears of what went wrong.
type Tell = Arc<OnceLock<Box<dyn Fn(&KeyLogError) + Send + Sync>>>;

/// How many bytes of secrets may wait to be written.
const WAITING: usize = 256 << 10;

/// Something is wrong with the key log.
#[derive(Debug, thiserror::Error)]
#[error("{}: {fault}", path.display())]
pub struct KeyLogError {
    path: PathBuf,
    fault: KeyLogFault,
}

/// What is wrong with a key log.
#[derive(Debug, thiserror::Error)]
pub enum KeyLogFault {
    /// It cannot be opened or written.
    #[error("cannot append to the key log: {0}")]
    Failed(#[from] io::Error),
    /// Others than its owner, or another than whoever runs this, can read or change it.
    #[error("others can read or change the key log: expected {expected}, found {found}")]
    Exposed {
        /// What it should be.
        expected: &'static str,
        /// What it is.
        found: String,
    },
    /// Secrets were left out, since whoever reads it takes none.
    #[error("the key log is not read: secrets are left out")]
    NotRead,
}

impl KeyLogError {
    /// What is wrong.
    pub fn fault(&self) -> &KeyLogFault {
        &self.fault
    }
}

impl KeyLogFile {
    /// Opens `path` for appending, making it readable by its owner only where it does not exist. A file that others can
    /// read or change is refused.
    pub fn open(path: &Path) -> Result<Self, KeyLogError> {
        Self::start(path, false)
    }

    /// The same, whoever can read the file.
    pub fn open_exposed(path: &Path) -> Result<Self, KeyLogError> {
        Self::start(path, true)
    }

    fn start(path: &Path, exposed: bool) -> Result<Self, KeyLogError> {
        let error = |fault| KeyLogError { path: path.to_owned(), fault };
        let mut file = None;
        if !is_fifo(path) {
            let opened = append(path).map_err(|source| error(source.into()))?;
            if !exposed {
                check_private(&opened).map_err(error)?;
            }
            file = Some(opened);
        }
        let tell = Tell::default();
        let (own_path, told) = (path.to_owned(), Arc::clone(&tell));
        let mut failed = false;
        let write = move |line: Zeroizing<String>, left_out: u64| {
            if failed {
                return;
            }
            let fault = if left_out > 0 { Some(KeyLogFault::NotRead) } else { None };
            let written = match &mut file {
                Some(file) => file.write_all(line.as_bytes()),
                // Here, where only this thread waits for its reader.
                None => append(&own_path).and_then(|opened| file.insert(opened).write_all(line.as_bytes())),
            };
            // rustls gives no way to fail, and a session is worth more than its log.
            failed = written.is_err();
            for fault in fault.into_iter().chain(written.err().map(KeyLogFault::Failed)) {
                if let Some(tell) = told.get() {
                    tell(&KeyLogError { path: own_path.clone(), fault });
                }
            }
        };
        let writer = Writer::start("key log", WAITING, write).map_err(|source| error(source.into()))?;
        Ok(Self { path: path.to_owned(), writer, tell })
    }

    /// The same, telling `tell` when secrets cannot be written (a full disk): the session goes on, and its log is
    /// incomplete.
    #[must_use]
    pub fn telling(self, tell: impl Fn(&KeyLogError) + Send + Sync + 'static) -> Self {
        let _ = self.tell.set(Box::new(tell));
        self
    }
}

fn append(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Refuses a file that others than its owner can read or change, or that is another's.
#[cfg(unix)]
fn check_private(file: &File) -> Result<(), KeyLogFault> {
    use std::os::unix::fs::MetadataExt as _;

    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Ok(());
    }
    let mode = metadata.mode() & 0o777;
    if mode & 0o066 != 0 {
        return Err(KeyLogFault::Exposed { expected: "mode 0600", found: format!("mode {mode:04o}") });
    }
    let (owner, own) = (metadata.uid(), rustix::process::geteuid().as_raw());
    if owner != own {
        let found = format!("that of user {owner}");
        return Err(KeyLogFault::Exposed { expected: "a file of one's own", found });
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_private(_: &File) -> Result<(), KeyLogFault> {
    Ok(())
}

impl KeyLog for KeyLogFile {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        // One write per line, so that several processes can share a file.
        let line = line(label, client_random, secret);
        let weight = line.len();
        // What finds no room is counted, and told with the next line that does.
        self.writer.put(line, weight);
    }
}

impl Drop for KeyLogFile {
    fn drop(&mut self) {
        let written = self.writer.flush(LAST_WORDS);
        if let Some(tell) = self.tell.get()
            && (!written || self.writer.left_out() > 0)
        {
            tell(&KeyLogError { path: self.path.clone(), fault: KeyLogFault::NotRead });
        }
    }
}

impl fmt::Debug for KeyLogFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyLogFile").field("path", &self.path).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_label_is_written_and_read_back() {
        for (label, name) in Label::ALL {
            let secret = Zeroizing::new(vec![9; 48]);
            let text = Line { label, random: [7; 32], secret }.text();
            assert!(text.starts_with(&format!("{name} 0707")), "{}", *text);
            let read = Line::read(&text).unwrap();
            assert_eq!((read.label, read.random, read.secret.as_slice()), (label, [7; 32], &[9; 48][..]));
        }
    }

    #[test]
    fn what_is_no_secret_is_passed_over() {
        let random = "00".repeat(32);
        for text in [
            String::new(),
            "# comment".to_owned(),
            format!("CLIENT_RANDOM {random}"),
            format!("CLIENT_RANDOM {random} 0"),
            format!("CLIENT_RANDOM {random} zz"),
            format!("CLIENT_RANDOM {random} 00 00"),
            format!("CLIENT_RANDOM 00 {random}"),
            format!("CLIENT_RANDOM {random} {}", "00".repeat(65)),
            format!("RSA {random} 00"),
            format!("CLIENT_RANDOM {random} é0"),
        ] {
            assert_eq!(Line::read(&text), None, "{text}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_key_log_is_born_private_and_appended_to() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        for _ in 0..2 {
            KeyLogFile::open(&path).unwrap().log("CLIENT_RANDOM", &[0xab, 1], &[2]);
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "CLIENT_RANDOM ab01 02\nCLIENT_RANDOM ab01 02\n");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[cfg(unix)]
    #[test]
    fn a_key_log_that_others_can_read_or_change_is_refused() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        std::fs::write(&path, "").unwrap();
        for (mode, private) in
            [(0o600, true), (0o700, true), (0o644, false), (0o660, false), (0o602, false), (0o604, false)]
        {
            std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
            match KeyLogFile::open(&path) {
                Ok(_) => assert!(private, "{mode:o}"),
                Err(error) => {
                    assert!(!private, "{mode:o}: {error}");
                    assert!(
                        error.to_string().contains(&format!("expected mode 0600, found mode {mode:04o}"))
                    );
                }
            }
            KeyLogFile::open_exposed(&path).unwrap().log("CLIENT_RANDOM", &[1], &[2]);
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "CLIENT_RANDOM 01 02\n".repeat(6));
    }

    #[test]
    fn a_key_log_that_cannot_be_opened_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = KeyLogFile::open(folder.path()).unwrap_err().to_string();
        assert!(error.starts_with(&folder.path().display().to_string()), "{error}");
        assert!(error.contains("cannot append to the key log"), "{error}");
    }

    proptest! {
        /// Arbitrary text is a line or not, and a line is written as it was read.
        #[test]
        fn any_text_is_a_line_or_not(text in "(CLIENT_RANDOM|EXPORTER_SECRET|.{0,9}) ?([0-9a-f]{64}|.{0,9}) ?([0-9a-f]{0,140}|.{0,9})") {
            if let Some(line) = Line::read(&text) {
                prop_assert_eq!(Line::read(&line.text()), Some(line));
            }
        }
    }
}
