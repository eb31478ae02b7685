//! The index of the certificates that a CA has issued: plain text beside its certificate, a line each, in the format that
//! `openssl ca` and `openssl ocsp` read.
//!
//! Six fields between tabs: `V` or `R` (valid, revoked; openssl marks `E` what has expired), when it expires, when and why
//! it was revoked, its serial number in hexadecimal, `unknown`, its subject. Lines that begin with `#` are remarks; the
//! first says whose index it is, for the lines do not, and openssl passes over it.
//!
//! It is replaced as a whole and never written to, so that whoever reads it finds all of the old or all of the new; and
//! whoever changes it holds a lock on it from reading to writing ([`Held`]), so that nobody's change is lost.

use std::fmt::Write as _;
use std::fs::File;
use std::path::{Path, PathBuf};

use time::OffsetDateTime;

use super::crl::{RevocationReason, same_number};
use super::facts::CertFacts;
use super::files::{self, FileError};
use super::issue::Time;
use crate::words::{self, Escaped};

/// What it is called, beside the CA's certificate.
pub const NAME: &str = "index.txt";

/// How the first line begins; the SHA-256 of the CA's public key follows.
const WHOSE: &str = "# issued by the CA with the key ";

/// The certificates of one CA.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Index {
    /// Remarks, as they stand at the beginning.
    remarks: Vec<String>,
    /// Every certificate in the order in which it was issued.
    pub entries: Vec<IndexEntry>,
}

/// One certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexEntry {
    /// Its serial number, big-endian without a sign byte.
    pub serial: Vec<u8>,
    /// When it was revoked and why, where it is.
    pub revoked: Option<(OffsetDateTime, Option<RevocationReason>)>,
    /// When it expires, as written.
    expires: String,
    /// Where it is and whose it is, as written.
    rest: String,
}

/// A line that is none of an index.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct BadIndex {
    line: usize,
    why: String,
}

impl Index {
    /// An index of nothing yet, of the CA with this key (a SubjectPublicKeyInfo in DER).
    pub fn of_the_ca(public_key_info: &[u8]) -> Self {
        let key = words::hex(&crate::crypto::sha256(public_key_info));
        Self { remarks: vec![format!("{WHOSE}{key}")], entries: Vec::new() }
    }

    /// Whether it is that of the CA with this key; one that does not say whose it is may be anybody's.
    pub fn is_of(&self, public_key_info: &[u8]) -> bool {
        let whose = self.remarks.iter().find_map(|remark| remark.strip_prefix(WHOSE));
        whose.is_none_or(|key| key == words::hex(&crate::crypto::sha256(public_key_info)))
    }

    /// Reads one.
    pub fn parse(text: &str) -> Result<Self, BadIndex> {
        let mut index = Self::default();
        for (number, line) in text.lines().enumerate() {
            if line.starts_with('#') {
                index.remarks.push(line.to_owned());
            } else if !line.is_empty() {
                let entry = IndexEntry::parse(line);
                index.entries.push(entry.map_err(|why| BadIndex { line: number + 1, why })?);
            }
        }
        Ok(index)
    }

    /// The certificate of this serial number (an INTEGER's content bytes).
    pub fn find(&self, serial: &[u8]) -> Option<&IndexEntry> {
        self.entries.iter().find(|entry| entry.is(serial))
    }

    /// Adds a certificate, unless it is there.
    pub fn add(&mut self, certificate: &CertFacts) {
        if self.find(&certificate.serial).is_none() {
            self.entries.push(IndexEntry::of(certificate));
        }
    }

    /// Says of a certificate that it is revoked, or (`None`) that it is not; whether it is there.
    pub fn mark(
        &mut self,
        serial: &[u8],
        revoked: Option<(OffsetDateTime, Option<RevocationReason>)>,
    ) -> bool {
        let found = self.entries.iter_mut().find(|entry| entry.is(serial));
        found.map(|entry| entry.revoked = revoked).is_some()
    }
}

impl std::fmt::Display for Index {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.remarks.iter().try_for_each(|remark| writeln!(f, "{remark}"))?;
        self.entries.iter().try_for_each(|entry| writeln!(f, "{entry}"))
    }
}

impl IndexEntry {
    fn of(certificate: &CertFacts) -> Self {
        let subject = Escaped(&certificate.subject.to_string()).to_string();
        let subject = if subject.is_empty() { "/" } else { &subject };
        Self {
            serial: magnitude(&certificate.serial).to_vec(),
            revoked: None,
            expires: encoded(certificate.not_after),
            rest: format!("unknown\t{subject}"),
        }
    }

    /// Whether it is the certificate with this serial number (an INTEGER's content bytes).
    pub fn is(&self, serial: &[u8]) -> bool {
        same_number(&[&[0][..], &self.serial].concat(), &[&[0][..], magnitude(serial)].concat())
    }

    fn parse(line: &str) -> Result<Self, String> {
        let fields: Vec<&str> = line.splitn(5, '\t').collect();
        let [state, expires, revoked, serial, rest] = fields[..] else {
            return Err(format!("expected six fields between tabs, found {}", fields.len()));
        };
        let revoked = match (state, revoked) {
            ("V" | "E", "") => None,
            ("R", revoked) => Some(revocation(revoked)?),
            ("V" | "E", _) => {
                return Err("expected no revocation of a valid certificate, found one".to_owned());
            }
            _ => return Err("expected V, R or E at the beginning, found another".to_owned()),
        };
        let serial =
            parse_serial(serial).ok_or("expected a serial number in hexadecimal, found another text")?;
        Ok(Self { serial, revoked, expires: expires.to_owned(), rest: rest.to_owned() })
    }
}

impl std::fmt::Display for IndexEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut revoked = String::new();
        if let Some((at, reason)) = self.revoked {
            revoked.push_str(&encoded(at));
            if let Some(reason) = reason {
                // A String takes all that is written to it.
                let _ = write!(revoked, ",{reason}");
            }
        }
        let state = if self.revoked.is_some() { 'R' } else { 'V' };
        let serial = words::hex(&self.serial).to_uppercase();
        write!(f, "{state}\t{}\t{revoked}\t{serial}\t{}", self.expires, self.rest)
    }
}

/// A serial number as people write it: hexadecimal, `0x` or colons allowed. Without a sign byte.
pub fn parse_serial(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("0x").unwrap_or(text).replace(':', "");
    let digits = if digits.len() % 2 == 1 { format!("0{digits}") } else { digits };
    let bytes = data_encoding::HEXUPPER_PERMISSIVE.decode(digits.as_bytes()).ok()?;
    // RFC 5280 §4.1.2.2 allows 20; a laboratory has longer ones.
    (!bytes.is_empty() && bytes.len() <= 128).then(|| magnitude(&bytes).to_vec())
}

/// Without leading zeros, all but the last.
fn magnitude(serial: &[u8]) -> &[u8] {
    let zeros = serial.iter().take_while(|byte| **byte == 0).count();
    &serial[zeros.min(serial.len().saturating_sub(1))..]
}

/// When and, after a comma, why; what else openssl writes there (times of compromise) is passed over.
fn revocation(text: &str) -> Result<(OffsetDateTime, Option<RevocationReason>), String> {
    let (at, reason) = text.split_once(',').map_or((text, None), |(at, reason)| (at, Some(reason)));
    let content = at.as_bytes().to_vec();
    let tag = if content.len() == 13 { Time::UTC } else { Time::GENERALIZED };
    let at = Time { tag, content }
        .instant()
        .ok_or("expected a time YYMMDDHHMMSSZ of revocation, found another")?;
    let reason = match reason.map(|reason| reason.split(',').next().unwrap_or(reason)) {
        None | Some("") => None,
        Some("holdInstruction") => Some(RevocationReason::CertificateHold),
        Some("keyTime") => Some(RevocationReason::KeyCompromise),
        Some("CAkeyTime") => Some(RevocationReason::CaCompromise),
        Some(reason) => Some(reason.parse().map_err(|error| format!("{error}"))?),
    };
    Ok((at, reason))
}

/// As in a certificate. Dates there are of years that it can say.
fn encoded(at: OffsetDateTime) -> String {
    Time::rfc5280(at).map(|time| String::from_utf8_lossy(&time.content).into_owned()).unwrap_or_default()
}

/// Where the index of the CA with this certificate is.
pub fn beside(ca: &Path) -> PathBuf {
    ca.with_file_name(NAME)
}

/// Reads the index of a file; `None` where there is no file. One without a line is an index of nothing.
pub fn read(path: &Path) -> Result<Option<Index>, FileError> {
    const EXPECTED: &str = "an index of certificates";
    let contents = match files::read_bounded(path, EXPECTED) {
        Ok(contents) => contents,
        Err(FileError::NotFound(_)) => return Ok(None),
        Err(FileError::Empty { .. }) => return Ok(Some(Index::default())),
        Err(error) => return Err(error),
    };
    let bad = |why: String| FileError::DamagedIndex { path: path.to_owned(), why };
    let text = std::str::from_utf8(&contents).map_err(|error| bad(error.to_string()))?;
    Index::parse(text).map(Some).map_err(|error| bad(error.to_string()))
}

/// An index that nobody else changes meanwhile.
#[derive(Debug)]
pub struct Held {
    path: PathBuf,
    before: Index,
    /// What it shall say.
    pub index: Index,
    // The lock goes with it.
    _file: File,
}

impl Held {
    /// Reads the index beside the certificate of the CA with this key, and holds it; `None` where there is none, or it is
    /// another CA's.
    pub fn beside(ca: &Path, public_key_info: &[u8]) -> Result<Option<Self>, FileError> {
        let path = beside(ca);
        let Some(file) = hold(&path)? else { return Ok(None) };
        let Some(index) = read(&path)?.filter(|index| index.is_of(public_key_info)) else { return Ok(None) };
        Ok(Some(Self { path, before: index.clone(), index, _file: file }))
    }

    /// Puts what it shall say in place of what it says.
    pub fn write(&self) -> Result<(), FileError> {
        self.put(&self.index)
    }

    /// Puts back what it said.
    pub fn restore(&self) -> Result<(), FileError> {
        self.put(&self.before)
    }

    fn put(&self, index: &Index) -> Result<(), FileError> {
        files::write_one(&self.path, 0o644, index.to_string().as_bytes(), true)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Opens and locks the file that bears this name, also where it is replaced meanwhile.
fn hold(path: &Path) -> Result<Option<File>, FileError> {
    let failed = |source| FileError::Read { path: path.to_owned(), source };
    for _ in 0..TRIES {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(failed(source)),
        };
        match file.try_lock() {
            Ok(()) if is_still(&file, path) => return Ok(Some(file)),
            Ok(()) | Err(std::fs::TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
            Err(std::fs::TryLockError::Error(source)) => return Err(failed(source)),
        }
    }
    Err(failed(std::io::Error::other("somebody else holds it locked")))
}

/// Whoever holds it is about to write: ten seconds are enough for anybody.
const TRIES: u32 = 500;
const PAUSE: std::time::Duration = std::time::Duration::from_millis(20);

#[cfg(unix)]
fn is_still(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;

    let id = |found: std::io::Result<std::fs::Metadata>| found.map(|found| (found.dev(), found.ino())).ok();
    id(file.metadata()) == id(std::fs::metadata(path))
}

#[cfg(not(unix))]
fn is_still(_file: &File, _path: &Path) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::datetime;

    use super::*;

    const TEXT: &str = "# issued by the CA with the key 00\n\
        V\t271123120000Z\t\t0A1B\tunknown\t/CN=www.test.org\n\
        R\t20501123120000Z\t261123120000Z,keyCompromise\tFF12\tunknown\t/CN=bob\n\
        R\t271123120000Z\t261123120000Z\t03\tunknown\t/\n";

    #[test]
    fn an_index_is_written_as_it_was_read() {
        let index = Index::parse(TEXT).unwrap();
        assert_eq!(index.to_string(), TEXT);
        assert_eq!(index.find(&[0x0a, 0x1b]).unwrap().revoked, None);
        // With the sign byte that an INTEGER has.
        let bob = index.find(&[0, 0xff, 0x12]).unwrap();
        let since = datetime!(2026-11-23 12:00 UTC);
        assert_eq!(bob.revoked, Some((since, Some(RevocationReason::KeyCompromise))));
        assert_eq!(index.find(&[3]).unwrap().revoked, Some((since, None)));
        assert!(index.find(&[4]).is_none());
        assert!(
            !index.is_of(b"key") && Index::of_the_ca(b"key").is_of(b"key") && Index::default().is_of(b"key")
        );
        let mut index = index;
        assert!(index.mark(&[3], None) && !index.mark(&[4], None));
        assert!(index.to_string().ends_with("V\t271123120000Z\t\t03\tunknown\t/\n"));
    }

    #[test]
    fn openssls_own_ways_are_read() {
        let text = "E\t200101000000Z\t\t01\tunknown\t/CN=old\n\
                    R\t271123120000Z\t261123120000Z,CAkeyTime,20261101000000Z\t02\tunknown\t/CN=x\n";
        let index = Index::parse(text).unwrap();
        assert_eq!(index.entries[1].revoked.unwrap().1, Some(RevocationReason::CaCompromise));
        for (line, words) in [
            ("V\t1", "line 1: expected six fields"),
            ("X\t1\t\t01\tunknown\t/", "line 1: expected V, R or E"),
            ("V\t1\t\tzz\tunknown\t/", "line 1: expected a serial number in hexadecimal"),
            ("R\t1\tyesterday\t01\tunknown\t/", "line 1: expected a time"),
            ("R\t1\t261123120000Z,boredom\t01\tunknown\t/", "\"boredom\" is no reason"),
        ] {
            let error = Index::parse(line).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn serials_are_read_as_people_write_them() {
        for (text, serial) in [
            ("0A:1b", Some(vec![0x0a, 0x1b])),
            ("0xa1b", Some(vec![0x0a, 0x1b])),
            ("00", Some(vec![0])),
            ("", None),
        ] {
            assert_eq!(parse_serial(text), serial, "{text}");
        }
        assert_eq!(parse_serial("server/cert.pem"), None);
    }

    #[test]
    fn who_changes_an_index_holds_it() {
        let directory = tempfile::tempdir().unwrap();
        let ca = directory.path().join("cert.pem");
        assert!(Held::beside(&ca, b"key").unwrap().is_none());
        std::fs::write(beside(&ca), Index::of_the_ca(b"key").to_string()).unwrap();
        assert!(Held::beside(&ca, b"other key").unwrap().is_none());
        // Each adds one, all at once, and none is lost.
        std::thread::scope(|scope| {
            for serial in 1..=8 {
                let ca = &ca;
                scope.spawn(move || {
                    let mut held = Held::beside(ca, b"key").unwrap().unwrap();
                    let line = format!("V\t271123120000Z\t\t0{serial}\tunknown\t/");
                    held.index.entries.push(IndexEntry::parse(&line).unwrap());
                    held.write().unwrap();
                });
            }
        });
        let mut held = Held::beside(&ca, b"key").unwrap().unwrap();
        assert_eq!(held.index.entries.len(), 8);
        held.index.entries.clear();
        held.write().unwrap();
        held.restore().unwrap();
        assert_eq!(read(&beside(&ca)).unwrap().unwrap().entries.len(), 8);
    }

    proptest! {
        #[test]
        fn arbitrary_text_is_read_or_refused(text in "[VRE#0-9A-F\t\nZ,/=]{0,80}") {
            if let Ok(index) = Index::parse(&text) {
                prop_assert_eq!(Index::parse(&index.to_string()).unwrap().entries.len(), index.entries.len());
            }
        }
    }
}
