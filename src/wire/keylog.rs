//! NSS key logs (RFC 9850): the lines by which an endpoint shares a session's secrets, and a file of them
//! that is being written.
//!
//! A line is `LABEL CLIENT_RANDOM SECRET`, the latter two in hexadecimal. Comments (`#`), empty lines and
//! lines that are none of this are passed over, as readers of these files do.

use std::collections::{HashMap, VecDeque};
use std::fmt::{self, Write as _};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use zeroize::{Zeroize, Zeroizing};

/// A ClientHello's random: what a key log knows a session by.
pub type ClientRandom = [u8; 32];

/// The longest secret that is read: a SHA-512 output; TLS knows none longer.
const LONGEST_SECRET: usize = 64;
/// The longest line that is read: a label, a random and a secret, with room to spare.
const LONGEST_LINE: usize = 512;

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
    /// The secret's octets.
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
    fn write(&self, out: &mut String) {
        out.push_str(self.label.name());
        for bytes in [&self.random[..], &self.secret] {
            out.push(' ');
            for byte in bytes {
                // Writing to a String does not fail.
                let _ = write!(out, "{byte:02x}");
            }
        }
        out.push('\n');
    }
}

fn unhex(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    if !text.len().is_multiple_of(2) || text.len() > LONGEST_LINE {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let octets = text.as_bytes().chunks_exact(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?));
    octets.collect::<Option<Vec<u8>>>().map(Zeroizing::new)
}

/// The secrets of one session: each label once.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SessionSecrets(Vec<(Label, Zeroizing<Vec<u8>>)>);

impl fmt::Debug for SessionSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(label, _)| label)).finish()
    }
}

impl SessionSecrets {
    /// The secret of that label.
    pub fn secret(&self, label: Label) -> Option<&[u8]> {
        self.0.iter().find(|(known, _)| *known == label).map(|(_, secret)| secret.as_slice())
    }

    /// Whether they suffice for a whole session: TLS 1.2's master secret, or the four traffic secrets of
    /// TLS 1.3.
    pub fn complete(&self) -> bool {
        let has = |label| self.secret(label).is_some();
        has(Label::MasterSecret)
            || has(Label::ClientHandshakeTraffic)
                && has(Label::ServerHandshakeTraffic)
                && has(Label::ClientTraffic)
                && has(Label::ServerTraffic)
    }

    /// The lines that say them, for the session of `random`.
    pub fn lines(&self, random: &ClientRandom) -> Zeroizing<String> {
        let mut out = Zeroizing::new(String::with_capacity(self.0.len() * LONGEST_LINE / 2));
        for (label, secret) in &self.0 {
            Line { label: *label, random: *random, secret: secret.clone() }.write(&mut out);
        }
        out
    }
}

/// Secrets by session. Bounded: beyond [`Secrets::MOST`] sessions the oldest are forgotten.
#[derive(Debug, Default)]
pub struct Secrets {
    sessions: HashMap<ClientRandom, SessionSecrets>,
    order: VecDeque<ClientRandom>,
}

impl Secrets {
    /// The most sessions that are remembered.
    pub const MOST: usize = 1 << 16;

    /// Notes a line; the first of its label and session counts.
    pub fn learn(&mut self, line: Line) {
        let session = self.sessions.entry(line.random).or_insert_with(|| {
            self.order.push_back(line.random);
            SessionSecrets::default()
        });
        if session.secret(line.label).is_none() {
            session.0.push((line.label, line.secret));
        }
        if self.order.len() > Self::MOST
            && let Some(oldest) = self.order.pop_front()
        {
            self.sessions.remove(&oldest);
        }
    }

    /// Notes every line of `text`.
    pub fn learn_all(&mut self, text: &str) {
        text.lines().filter_map(Line::read).for_each(|line| self.learn(line));
    }

    /// What is known of a session.
    pub fn session(&self, random: &ClientRandom) -> Option<&SessionSecrets> {
        self.sessions.get(random)
    }

    /// How many sessions are known.
    pub fn len(&self) -> usize {
        self.sessions.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty()
    }
}

/// A key log file that another program is writing.
#[derive(Debug)]
pub struct Follower {
    path: PathBuf,
    offset: u64,
    partial: Zeroizing<Vec<u8>>,
}

impl Follower {
    /// Will read `path` from its beginning. The file need not exist yet.
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), offset: 0, partial: Zeroizing::default() }
    }

    /// Hands over the complete lines that were added since the last time. A file that has become shorter is
    /// read anew; one that does not exist has no lines.
    pub fn poll(&mut self, mut learn: impl FnMut(Line)) -> io::Result<()> {
        let mut file = match std::fs::File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        let length = file.metadata()?.len();
        if length < self.offset {
            self.offset = 0;
            self.partial.zeroize();
        }
        if length == self.offset {
            return Ok(());
        }
        file.seek(SeekFrom::Start(self.offset))?;
        let mut chunk = Zeroizing::new(vec![0; 64 * 1024]);
        loop {
            let count = file.read(&mut chunk)?;
            if count == 0 {
                return Ok(());
            }
            self.offset += count as u64;
            self.take(&chunk[..count], &mut learn);
        }
    }

    fn take(&mut self, chunk: &[u8], learn: &mut impl FnMut(Line)) {
        for piece in chunk.split_inclusive(|byte| *byte == b'\n') {
            // A line longer than any secret's is none; what is kept of it stays bounded and fails to read.
            let room = (LONGEST_LINE + 1).saturating_sub(self.partial.len());
            self.partial.extend_from_slice(&piece[..piece.len().min(room)]);
            if piece.ends_with(b"\n") {
                let line = std::str::from_utf8(&self.partial).ok().and_then(Line::read);
                self.partial.zeroize();
                line.into_iter().for_each(&mut *learn);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use proptest::prelude::*;

    use super::*;

    fn line(label: Label, session: u8, secret: u8) -> String {
        let mut out = String::new();
        Line { label, random: [session; 32], secret: Zeroizing::new(vec![secret; 48]) }.write(&mut out);
        out
    }

    #[test]
    fn every_label_is_written_and_read_back() {
        for (label, name) in Label::ALL {
            let text = line(label, 7, 9);
            assert!(text.starts_with(&format!("{name} 0707")), "{text}");
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

    #[test]
    fn a_session_is_complete_with_one_master_secret_or_four_traffic_secrets() {
        let mut secrets = Secrets::default();
        secrets.learn_all(&line(Label::MasterSecret, 1, 1));
        assert!(secrets.session(&[1; 32]).unwrap().complete());
        let four = [
            Label::ClientHandshakeTraffic,
            Label::ServerHandshakeTraffic,
            Label::ClientTraffic,
            Label::ServerTraffic,
        ];
        for label in four {
            assert!(secrets.session(&[2; 32]).is_none_or(|session| !session.complete()));
            secrets.learn_all(&line(label, 2, 1));
            secrets.learn_all(&line(label, 2, 5)); // a second one of the same label changes nothing
        }
        let session = secrets.session(&[2; 32]).unwrap();
        assert!(session.complete());
        assert_eq!(session.secret(Label::ServerTraffic), Some(&[1; 48][..]));
        assert_eq!(session.lines(&[2; 32]).lines().count(), 4);
    }

    #[test]
    fn secrets_do_not_show_in_debug() {
        let mut secrets = Secrets::default();
        secrets.learn_all(&line(Label::MasterSecret, 1, 0xab));
        let shown = format!("{secrets:?} {:?}", Line::read(&line(Label::MasterSecret, 1, 0xab)));
        assert!(!shown.contains("171") && !shown.to_lowercase().contains("abab"), "{shown}");
    }

    #[test]
    fn the_oldest_sessions_are_forgotten() {
        let mut secrets = Secrets::default();
        for index in 0..=Secrets::MOST {
            let mut random = [0; 32];
            random[..8].copy_from_slice(&index.to_le_bytes());
            secrets.learn(Line { label: Label::MasterSecret, random, secret: Zeroizing::new(vec![1]) });
        }
        assert_eq!(secrets.len(), Secrets::MOST);
        assert!(secrets.session(&[0; 32]).is_none());
    }

    #[test]
    fn a_follower_reads_whole_lines_as_they_come() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("keys.log");
        let mut follower = Follower::new(&path);
        let mut poll = || {
            let mut found = Vec::new();
            follower.poll(|line| found.push(line.random[0])).unwrap();
            found
        };
        assert_eq!(poll(), [] as [u8; 0], "no file yet");
        let mut file = std::fs::File::create(&path).unwrap();
        let (first, second) = (line(Label::MasterSecret, 1, 1), line(Label::MasterSecret, 2, 1));
        file.write_all(first.as_bytes()).unwrap();
        file.write_all(&second.as_bytes()[..50]).unwrap();
        assert_eq!(poll(), [1]);
        file.write_all(&second.as_bytes()[50..]).unwrap();
        file.write_all(&[b'x'; 5000]).unwrap();
        assert_eq!(poll(), [2]);
        std::fs::write(&path, line(Label::MasterSecret, 3, 1)).unwrap();
        assert_eq!(poll(), [3], "a file that was begun anew is read anew");
    }

    proptest! {
        /// Arbitrary text is a line or not, and a line is written as it was read.
        #[test]
        fn any_text_is_a_line_or_not(text in "(CLIENT_RANDOM|EXPORTER_SECRET|.{0,9}) ?([0-9a-f]{64}|.{0,9}) ?([0-9a-f]{0,140}|.{0,9})") {
            if let Some(line) = Line::read(&text) {
                let mut out = String::new();
                line.write(&mut out);
                prop_assert_eq!(Line::read(&out), Some(line));
            }
        }
    }
}
