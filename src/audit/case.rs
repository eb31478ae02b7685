//! One case: what a client is put to, as a value. Data, plus how its connections are served.

use std::borrow::Cow;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::pki_types::CertificateDer;
use tokio::net::TcpStream;

use super::catalogue::{Fault, Grade, grid};
use super::mail::Protocol;
use super::resumption::Sessions;
use super::transcript::{Recorded, Recorder};
use super::verdict::Acceptance;
use super::witness::{SHOWN, Wire};
use crate::pki::key::{KeyAlgorithm, PrivateKey};
use crate::server::Identity;
use crate::tls::Versions;

/// Words of the catalogue's, or made for the occasion.
pub type Text = Cow<'static, str>;

/// The kind of key that certificates have which are not about keys.
pub const KEY: KeyAlgorithm = KeyAlgorithm::EcP256;

/// What a client is put to: a server that is wrong in exactly one way, or healthy.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its id, as the catalogue has it.
    pub id: Text,
    /// What it belongs to: `identity`, `validity`, …
    pub family: &'static str,
    /// What is wrong, in a few words.
    pub title: Text,
    /// The rule that it breaks.
    pub citation: Text,
    /// The attack that accepting it allows; of a control, what refusing it costs.
    pub attack: Text,
    /// How a client is mended that does the wrong thing.
    pub fix: Text,
    /// How the client comes to trust the server.
    pub trust: Trust,
    /// What the rules say that it must do.
    pub grade: Grade,
    /// The name that the client asks for.
    pub asked: String,
    /// Whether that is another one than `--name`'s, derived from it.
    pub derived: bool,
    /// The versions that the server speaks.
    pub versions: Versions,
    /// How acceptance is told.
    pub acceptance: Acceptance,
    /// The alerts that fit a refusal.
    pub alerts: Vec<u8>,
    /// Whether waiting is what it is about, so that a client that does not end breaks no rule of an RFC.
    pub may_hang: bool,
    /// What is shown.
    pub shown: Shown,
    /// What the client is run against before, in the same place, where it is about two connections.
    pub before: Option<Before>,
    /// How a connection of its healthy twin is served.
    pub twin: Arc<dyn Serve>,
    /// How a connection is served.
    pub service: Arc<dyn Serve>,
}

/// How a client comes to trust a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Trust {
    /// The very certificate is what it trusts.
    Pinned,
    /// A path leads to a CA that it trusts.
    Ca,
    /// The fault is none of the certificate's: a healthy one is shown, in whichever way the client can take.
    None,
}

impl Trust {
    /// As reports write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ca => "ca",
            Self::None => "none",
            Self::Pinned => "pinned",
        }
    }
}

impl fmt::Display for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A first visit, to the same address.
#[derive(Clone, Debug)]
pub struct Before {
    /// The name that the client asks for.
    pub asked: String,
    /// What is shown.
    pub shown: Shown,
    /// Whether the client has to accept it, or there is nothing to be concluded from what follows.
    pub accepted: bool,
}

/// Which certificate a case shows. It is made when the case is run, for what is about seconds.
#[derive(Clone, Debug)]
pub enum Shown {
    /// An entry of the catalogue.
    Fault(&'static Fault),
    /// One of the grid.
    Grid(grid::Case),
    /// A healthy one with such a key, trusted as the client can take it: the fault is elsewhere.
    Healthy(KeyAlgorithm),
    /// A healthy one, and the client is told to trust another CA than its own.
    Distrusted,
    /// A healthy one, and an entry of the catalogue in a later handshake of the same connection.
    Renegotiated(&'static Fault),
    /// None: why nobody can run the case here.
    Unavailable(Text),
}

/// Who a server is, and what its clients are told to trust.
#[derive(Clone, Debug)]
pub struct Material {
    /// Chain and key, as rustls has them.
    pub identity: Identity,
    /// The leaf's key.
    pub key: Arc<PrivateKey>,
    /// Somebody else's, for who signs with the wrong one.
    pub stranger: Arc<PrivateKey>,
    /// What the client is given as trusted.
    pub trusted: Arc<[CertificateDer<'static>]>,
    /// Who it is in a later handshake of the same connection, where that is another.
    pub next: Option<Arc<Self>>,
}

/// A client's connection, of which everything is written down.
pub type Connection = Recorded<TcpStream>;

/// The future of [`Serve::serve`].
pub type Serving<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// How one accepted connection is served: the seam between the rig, which knows sockets, processes and time, and what
/// a case does to its client.
pub trait Serve: fmt::Debug + Send + Sync {
    /// Serves a connection to its end, telling `seen` as it goes: the rig drops the future when the client's time is
    /// over, and what was told until then is what counts.
    fn serve<'a>(&'a self, connection: Connection, scene: &'a Scene, seen: &'a Seen) -> Serving<'a>;
}

/// What a connection is served with.
#[derive(Clone, Debug)]
pub struct Scene {
    /// Whose connection it is.
    pub material: Material,
    /// The name that the client asks for.
    pub asked: String,
    /// The versions that the server speaks.
    pub versions: Versions,
    /// What a healthy conversation is.
    pub reply: Reply,
    /// What HTTP is answered with; a short text where none is given.
    pub page: Option<Arc<str>>,
    /// Which of the run's connections it is; the first is 0.
    pub number: u32,
    /// Sessions that may be resumed.
    pub sessions: Sessions,
    /// The name that was asked for at the first visit, where this is the second.
    pub before: Option<String>,
}

/// What a healthy conversation is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reply {
    /// Answers HTTP to a request, and echoes anything else.
    #[default]
    Auto,
    /// Sends back what comes.
    Echo,
    /// Answers HTTP.
    Http,
    /// Is a mail server of this protocol.
    Mail(Protocol),
    /// Says nothing.
    None,
}

/// Where a service tells what it sees of one connection.
#[derive(Clone, Debug)]
pub struct Seen {
    wire: Arc<Mutex<Wire>>,
    recorder: Recorder,
    message: Arc<[u8]>,
    inside: Arc<Mutex<Tail>>,
    outside: Arc<Mutex<Tail>>,
}

/// The last bytes of a stream, in which a message may have begun.
#[derive(Debug, Default)]
struct Tail(Vec<u8>);

impl Tail {
    fn finds(&mut self, message: &[u8], bytes: &[u8]) -> bool {
        if message.is_empty() {
            return false;
        }
        self.0.extend_from_slice(bytes);
        let found = self.0.windows(message.len()).any(|window| window == message);
        let kept = self.0.len().min(message.len() - 1);
        self.0.drain(..self.0.len() - kept);
        found
    }
}

impl Seen {
    /// A connection of which nothing has been seen yet, on which `message` may come.
    pub fn new(message: Arc<[u8]>) -> Self {
        let wire = Wire { connections: 1, silent: 1, ..Wire::default() };
        Self {
            wire: Arc::new(Mutex::new(wire)),
            recorder: Recorder::new(),
            message,
            inside: Arc::default(),
            outside: Arc::default(),
        }
    }

    /// What writes down what crosses the connection.
    pub fn recorder(&self) -> Recorder {
        self.recorder.clone()
    }

    fn tell(&self, tell: impl FnOnce(&mut Wire)) {
        tell(&mut self.wire.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// What has been seen so far.
    pub fn wire(&self) -> Wire {
        self.wire.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The same, with what has crossed, which is taken from here.
    pub fn whole(&self) -> Wire {
        Wire { transcripts: vec![self.recorder.take()], ..self.wire() }
    }

    /// The message that the client may have been told to send.
    pub fn message(&self) -> &[u8] {
        &self.message
    }

    /// Something came, whatever it is.
    pub fn spoke(&self) {
        self.tell(|wire| wire.silent = 0);
    }

    /// A ClientHello's body came.
    pub fn client_hello(&self, body: &[u8]) {
        self.tell(|wire| wire.client_hello = Some(wire.client_hello.take().unwrap_or_else(|| body.to_vec())));
    }

    /// A ServerHello of this version was sent.
    pub fn chose(&self, version: u16) {
        self.tell(|wire| wire.version = Some(version));
    }

    /// The client's Finished came and verified.
    pub fn handshake_completed(&self) {
        self.tell(|wire| wire.handshake_completed = true);
    }

    /// The client sent its next flight although nothing could come of it.
    pub fn went_on(&self) {
        self.tell(|wire| wire.went_on = true);
    }

    /// The client completed a handshake, within a session, with what it should have refused there.
    pub fn renewed(&self) {
        self.tell(|wire| wire.renewed = true);
    }

    /// The client sent this alert; close_notify is none.
    pub fn alert(&self, code: u8) {
        const CLOSE_NOTIFY: u8 = 0;
        if code != CLOSE_NOTIFY {
            self.tell(|wire| wire.alert = wire.alert.or(Some(code)));
        }
    }

    /// Application bytes came inside TLS.
    pub fn application(&self, bytes: &[u8]) {
        let found = self.inside.lock().unwrap_or_else(PoisonError::into_inner).finds(&self.message, bytes);
        self.tell(|wire| {
            wire.application_bytes += bytes.len() as u64;
            wire.message_seen |= found;
            keep(&mut wire.opening, bytes);
        });
    }

    /// Bytes came in the clear that are no TLS.
    pub fn plaintext(&self, bytes: &[u8]) {
        let found = self.outside.lock().unwrap_or_else(PoisonError::into_inner).finds(&self.message, bytes);
        self.tell(|wire| {
            wire.plaintext_bytes += bytes.len() as u64;
            wire.message_in_the_clear |= found;
            keep(&mut wire.opening, bytes);
        });
    }

    /// The case cannot be tried on this client.
    pub fn unsuited(&self, why: String) {
        self.tell(|wire| wire.unsuited = Some(why));
    }

    /// The client reset the connection.
    pub fn reset(&self) {
        self.tell(|wire| wire.reset = true);
    }

    /// There was no server: why.
    pub fn cannot_be_set_up(&self, error: &dyn std::error::Error) {
        self.note(format!("the server cannot be set up: {error}"));
    }

    /// Something that a person wants to know of this connection.
    pub fn note(&self, note: impl Into<String>) {
        self.tell(|wire| {
            if wire.notes.len() < 8 {
                wire.notes.push(note.into());
            }
        });
    }
}

fn keep(kept: &mut Vec<u8>, bytes: &[u8]) {
    kept.extend_from_slice(&bytes[..bytes.len().min(SHOWN - kept.len())]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_seen_across_reads_inside_and_outside_of_tls() {
        let seen = Seen::new(Arc::from(&b"plum7"[..]));
        seen.application(b"GET /pl");
        seen.application(b"um7 HTTP");
        seen.plaintext(b"plum");
        let wire = seen.wire();
        assert!(wire.message_seen && !wire.message_in_the_clear);
        assert_eq!((wire.application_bytes, wire.plaintext_bytes), (15, 4));
        seen.plaintext(b"7");
        assert!(seen.wire().message_in_the_clear);
    }

    #[test]
    fn what_is_kept_of_a_conversation_is_bounded() {
        let seen = Seen::new(Arc::from(&b""[..]));
        for _ in 0..100 {
            seen.application(&[b'x'; 100]);
        }
        assert_eq!((seen.wire().opening.len(), seen.wire().application_bytes), (SHOWN, 10_000));
        assert!(!seen.wire().message_seen, "no message, so none is seen");
    }
}
