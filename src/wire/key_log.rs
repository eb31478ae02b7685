//! Secrets by session, and a key log file that another program is writing. Its lines are [`crate::tls::key_log`]'s.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use zeroize::{Zeroize, Zeroizing};

use crate::tls::key_log::{ClientRandom, LONGEST_LINE, Label, Line};

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
            out.push_str(&Line { label: *label, random: *random, secret: secret.clone() }.text());
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
pub struct KeyLogFollower {
    path: PathBuf,
    offset: u64,
    partial: Zeroizing<Vec<u8>>,
    /// A FIFO stays open: what is written while nobody has it open is lost.
    fifo: Option<File>,
}

/// The most that is read at a time, so that a file that grows as fast as it is read holds nobody up.
const MOST_AT_A_TIME: u64 = 4 << 20;

impl KeyLogFollower {
    /// Will read `path` from its beginning. The file need not exist yet.
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), offset: 0, partial: Zeroizing::default(), fifo: None }
    }

    /// Hands over the complete lines that were added since the last time. A file that has become shorter is
    /// read anew; one that does not exist has no lines.
    pub fn poll(&mut self, learn: impl FnMut(Line)) -> io::Result<()> {
        let mut learn = learn;
        if let Some(mut fifo) = self.fifo.take() {
            let read = self.read(&mut fifo, &mut learn);
            self.fifo = Some(fifo);
            return read;
        }
        let mut file = match open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            let read = self.read(&mut file, &mut learn);
            self.fifo = Some(file);
            return read;
        }
        let length = metadata.len();
        if length < self.offset {
            self.offset = 0;
            self.partial.zeroize();
        }
        if length == self.offset {
            return Ok(());
        }
        file.seek(SeekFrom::Start(self.offset))?;
        self.read(&mut file, &mut learn)
    }

    /// Reads what there is, and no more than so much.
    fn read(&mut self, file: &mut File, learn: &mut impl FnMut(Line)) -> io::Result<()> {
        let mut chunk = Zeroizing::new(vec![0; 64 * 1024]);
        let end = self.offset + MOST_AT_A_TIME;
        while self.offset < end {
            let count = match file.read(&mut chunk) {
                Ok(0) => break,
                Ok(count) => count,
                // A FIFO in which nothing is.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            };
            self.offset += count as u64;
            self.take(&chunk[..count], learn);
        }
        Ok(())
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

/// Opens a file for reading without waiting for anybody to write to it.
fn open(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true);
    #[cfg(unix)]
    if let Ok(flags) = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()) {
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, flags);
    }
    options.open(path)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn line(label: Label, session: u8, secret: u8) -> String {
        let secret = Zeroizing::new(vec![secret; 48]);
        Line { label, random: [session; 32], secret }.text().to_string()
    }

    #[cfg(unix)]
    #[test]
    fn a_fifo_is_followed_without_waiting_for_anybody() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        let mut follower = KeyLogFollower::new(&path);
        let mut poll = || {
            let mut found = Vec::new();
            follower.poll(|line| found.push(line.random[0])).unwrap();
            found
        };
        assert_eq!(poll(), [] as [u8; 0], "nobody writes");
        // There is a reader, so that this does not wait either.
        let mut fifo = File::options().write(true).open(&path).unwrap();
        assert_eq!(poll(), [] as [u8; 0], "nothing is written");
        for number in [1, 2] {
            fifo.write_all(line(Label::MasterSecret, number, 1).as_bytes()).unwrap();
            assert_eq!(poll(), [number]);
        }
        drop(fifo);
        assert_eq!(poll(), [] as [u8; 0]);
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
        let mut follower = KeyLogFollower::new(&path);
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
}
