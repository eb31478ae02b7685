//! A TLS server written by hand, whose every message can be changed: what no TLS library would send.
//!
//! The same code serves a healthy handshake and a faulty one: a [`Script`] is healthy until one of its hooks changes
//! one thing, and so every fault has its twin. What follows from a change is made to fit: a changed message goes into
//! the transcript as it was sent, the signature and the Finished are made over it, and a degenerate key share comes
//! with the secret that a careless client would compute. A client that does not look gets through and says its
//! message, over keys that both ends have.
//!
//! | file | what |
//! | --- | --- |
//! | `message` | a handshake message on its way out |
//! | `records` | records and messages over a stream |
//! | `offer` | what the client offers, as far as a server needs it |
//! | `tls13`, `tls12`, `old` | the handshakes, step by step |
//! | `session` | application data once there are keys |
//! | `cases` | the faults, a script each |
//!
//! TLS 1.3 (RFC 8446) is spoken with TLS_AES_128_GCM_SHA256, TLS 1.2 (RFC 5246) with ECDHE and AES-128-GCM, key exchange
//! by X25519 or P-256: every client of today has these. Client certificates are not asked for, sessions not resumed.

pub mod cases;
pub mod message;
mod offer;
mod old;
mod records;
mod session;
#[cfg(test)]
mod tests;
mod tls12;
mod tls13;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::SignatureScheme;
use rustls::pki_types::CertificateDer;
use rustls::sign::SigningKey;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::pki::key::{KeyAlgorithm, KeyError, PrivateKey, SignatureHash};
use crate::tls::registry::alert::CLOSE_NOTIFY;
use crate::tls::registry::handshake;
use crate::wire::hello::ServerHello;
use crate::wire::record::{ContentType, HEADER};
use message::{Message, Proof};
use records::RecordStream;

pub use offer::{Exchange, Offer};
pub use session::{Heard, Session};

/// How long a client has to be content with the first bytes of an answer in the clear.
const FIRST_LOOK: Duration = Duration::from_millis(50);

/// The version that a scripted server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Version {
    /// TLS 1.2.
    Tls12,
    /// TLS 1.3.
    Tls13,
}

/// When something is sent: a hook is asked at each of them, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// ServerHello; what is added here goes into the same record.
    ServerHello,
    /// TLS 1.3: the first message that is encrypted.
    EncryptedExtensions,
    /// Certificate.
    Certificate,
    /// TLS 1.3: the proof that the server holds the key.
    CertificateVerify,
    /// TLS 1.2: the key exchange, with the proof.
    ServerKeyExchange,
    /// TLS 1.2: the end of the flight.
    ServerHelloDone,
    /// Finished.
    Finished,
    /// The handshake is complete on both sides; healthily nothing is sent.
    Established,
}

/// What a server does before it says anything of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// Reads the ClientHello and answers it.
    Healthy,
    /// Says this in the clear, then reads the ClientHello and answers it.
    Says(&'static str),
    /// Reads the ClientHello, answers with this in the clear, and closes.
    AnswersInTheClear(&'static str),
    /// Reads the ClientHello and closes.
    Closes,
    /// Reads the ClientHello, says close_notify, and closes.
    Notifies,
    /// Reads the ClientHello and says nothing more, with the connection open.
    Silent,
    /// Answers as a server of this old version would: SSL 3 (0x0300), TLS 1.0 or TLS 1.1.
    Old(u16),
}

/// What becomes of the server's application data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// It arrives.
    Healthy,
    /// A bit of the record is not what it was.
    Flipped,
    /// The record holds more than 2^14 bytes.
    Oversized,
    /// Half of it, then the end of the connection without close_notify.
    Truncated,
}

/// One way to serve: healthy, until a hook changes it.
#[derive(Clone, Copy, Debug)]
pub struct Script {
    /// The version that is spoken.
    pub version: Version,
    /// What comes first.
    pub opening: Opening,
    /// What becomes of the reply.
    pub reply: Reply,
    /// The key that the certificate is made for.
    pub key: KeyAlgorithm,
    /// Whether messages of [`Moment::Established`] share a record.
    pub together: bool,
    /// Why this cannot be tried on a client that offers what it offers.
    pub unsuited: fn(&Offer) -> Option<&'static str>,
    /// HelloRetryRequests before the ServerHello, each asking for the group that the function names.
    pub retries: &'static [fn(&Offer) -> u16],
    /// Changes the ServerHello.
    pub hello: fn(&mut ServerHello, &Offer),
    /// Changes the server's key share, and the secret that follows from it.
    pub exchange: fn(&mut Exchange, &Offer),
    /// Changes the proof that the server holds the key: made by [`Proof`] over these bytes.
    pub proof: fn(&mut Proof, &[u8], &Offer, &Material),
    /// Changes, adds or takes away messages of a moment.
    pub messages: fn(Moment, &mut Vec<Message>, &Offer, &Material),
    /// Changes the bytes that are about to be written at a moment.
    pub bytes: fn(Moment, &mut Vec<u8>),
}

impl Script {
    /// A healthy server.
    pub const fn healthy(version: Version) -> Self {
        Self {
            version,
            opening: Opening::Healthy,
            reply: Reply::Healthy,
            key: KeyAlgorithm::EcP256,
            together: false,
            unsuited: |_| None,
            retries: &[],
            hello: |_, _| {},
            exchange: |_, _| {},
            proof: |_, _, _, _| {},
            messages: |_, _, _, _| {},
            bytes: |_, _| {},
        }
    }

    /// The healthy server that this one is to be held against: of the same version, with a key of the same kind.
    #[must_use]
    pub const fn twin(&self) -> Self {
        Self { key: self.key, ..Self::healthy(self.version) }
    }
}

/// What a server shows and signs with.
pub struct Material {
    chain: Vec<CertificateDer<'static>>,
    key: Arc<PrivateKey>,
    signer: Arc<dyn SigningKey>,
    stranger: Arc<dyn SigningKey>,
}

impl Material {
    /// A chain, leaf first, with the leaf's key, and the key of somebody else for faults that need one.
    pub fn new(
        chain: Vec<CertificateDer<'static>>,
        key: Arc<PrivateKey>,
        stranger: &PrivateKey,
    ) -> Result<Self, KeyError> {
        Ok(Self { chain, signer: signer(&key)?, stranger: signer(stranger)?, key })
    }

    /// The chain, leaf first.
    pub fn chain(&self) -> &[CertificateDer<'static>] {
        &self.chain
    }

    /// The chain's bytes.
    fn ders(&self) -> Vec<&[u8]> {
        self.chain.iter().map(|certificate| &**certificate).collect()
    }

    /// The server's public key, as its certificate has it.
    pub fn public_key_info(&self) -> &[u8] {
        self.key.public_key_info()
    }

    /// Signs with the server's key by a scheme's number; `None` where rustls would not: the scheme is not the key's.
    pub fn sign(&self, scheme: u16, bytes: &[u8]) -> Option<Vec<u8>> {
        sign(&*self.signer, scheme, bytes)
    }

    /// Signs with somebody else's key.
    pub fn sign_as_stranger(&self, scheme: u16, bytes: &[u8]) -> Option<Vec<u8>> {
        sign(&*self.stranger, scheme, bytes)
    }

    /// Signs as certificates are signed (PKCS#1 v1.5 with RSA), with a hash of one's choice.
    pub fn sign_hashed(&self, hash: SignatureHash, bytes: &[u8]) -> Option<Vec<u8>> {
        self.key.sign_hashed(hash, bytes).ok()
    }
}

impl fmt::Debug for Material {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Material").field("chain", &self.chain.len()).finish_non_exhaustive()
    }
}

fn signer(key: &PrivateKey) -> Result<Arc<dyn SigningKey>, KeyError> {
    key.for_tls().map_err(|error| KeyError::Signing(error.to_string()))
}

fn sign(key: &dyn SigningKey, scheme: u16, bytes: &[u8]) -> Option<Vec<u8>> {
    key.choose_scheme(&[SignatureScheme::from(scheme)])?.sign(bytes).ok()
}

/// Why a scripted server's connection is over.
#[derive(Debug, thiserror::Error)]
pub enum End {
    /// The client sent a fatal alert: its description (RFC 8446 §6).
    #[error("the client sent an alert")]
    Alert(u8),
    /// The client ended the connection without one.
    #[error("the client closed the connection")]
    Closed,
    /// The script was played to its end.
    #[error("played to its end")]
    Played,
    /// An old version was taken: the client went on where it should have aborted.
    #[error("the client went on")]
    WentOn,
    /// The case cannot be tried on this client.
    #[error("{0}")]
    Unsuited(&'static str),
    /// The client's Finished does not verify, or its records do not open: it has other keys.
    #[error("the client's records do not open")]
    Undecryptable,
    /// What the client sent is against the protocol.
    #[error("the client sent {0}")]
    Malformed(&'static str),
    /// The client does not speak TLS: what it sent instead.
    #[error("the client does not speak TLS")]
    NotTls(Vec<u8>),
    /// Nothing in common: no suite, group or scheme that this server has.
    #[error("the client does not offer {0}")]
    NothingInCommon(&'static str),
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Broke(#[from] io::Error),
}

/// Who is told what happens, as it happens: whoever waits may stop waiting at any time.
pub trait Watch {
    /// A ClientHello came; its body. A second one may follow.
    fn client_hello(&self, body: &[u8]);
    /// A ServerHello of this version was sent.
    fn chose(&self, version: u16);
    /// The client's Finished came and verified.
    fn handshake_completed(&self);
    /// There is a secret, by its label in a key log and the client's random.
    fn secret(&self, label: &str, random: &[u8], secret: &[u8]);
    /// Bytes came that are no TLS.
    fn plaintext(&self, bytes: &[u8]);
}

/// Serves one connection by `script`: as far as a session, once the client's Finished has come and verified, or until
/// either side ends it. Waits as long as the client takes: whoever calls sets the limit.
pub async fn serve<S>(
    stream: S,
    script: &Script,
    material: &Material,
    watch: &(dyn Watch + Sync),
) -> Result<Session<S>, End>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut records = RecordStream::new(stream);
    if let Opening::Says(text) = script.opening {
        records.put_raw(text.as_bytes());
        records.flush().await?;
    }
    let body = match expect(&mut records, handshake::CLIENT_HELLO).await {
        Err(End::NotTls(first)) => {
            watch.plaintext(&first);
            records.rest(|bytes| watch.plaintext(bytes)).await?;
            return Err(End::NotTls(first));
        }
        body => body?,
    };
    watch.client_hello(&body);
    let offer = Offer::read(&body).ok_or(End::Malformed("a ClientHello that cannot be read"))?;
    if let Some(reason) = (script.unsuited)(&offer) {
        return Err(End::Unsuited(reason));
    }
    match script.opening {
        Opening::Healthy | Opening::Says(_) => {}
        Opening::AnswersInTheClear(text) => {
            answer_in_the_clear(&mut records, text.as_bytes()).await?;
            return Err(aftermath(&mut records, watch).await);
        }
        Opening::Closes | Opening::Notifies => {
            if script.opening == Opening::Notifies {
                records.put(ContentType::Alert, &[1, CLOSE_NOTIFY]);
                records.flush().await?;
            }
            records.shut().await;
            return Err(aftermath(&mut records, watch).await);
        }
        Opening::Silent => return Err(aftermath(&mut records, watch).await),
        Opening::Old(version) => {
            watch.chose(version);
            return Err(old::play_out(records, version, &offer, material).await);
        }
    }
    match script.version {
        Version::Tls12 => tls12::negotiate(records, script, material, offer, watch).await,
        Version::Tls13 => tls13::negotiate(records, script, material, offer, watch).await,
    }
}

/// Says as much as a record's header has bytes, which is enough to see that this is none, and the rest to whoever waits
/// for more: what a client has not read when it closes turns its close into a reset (RFC 1122 §4.2.2.13), and a reset
/// says nothing of why.
async fn answer_in_the_clear<S>(records: &mut RecordStream<S>, text: &[u8]) -> Result<(), End>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (start, rest) = text.split_at(HEADER.min(text.len()));
    records.put_raw(start);
    records.flush().await?;
    if tokio::time::timeout(FIRST_LOOK, records.stirs()).await.is_err() {
        records.put_raw(rest);
        records.flush().await?;
        records.shut().await;
    }
    Ok(())
}

/// The next handshake message, which must be of this type; ChangeCipherSpec is passed over (RFC 8446 §5).
async fn expect<S>(records: &mut RecordStream<S>, kind: u8) -> Result<Vec<u8>, End>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    use records::Incoming;
    loop {
        match records.next().await? {
            Incoming::Message(found, body) if found == kind => return Ok(body),
            Incoming::ChangeCipherSpec => {}
            Incoming::Alert(description) => return Err(End::Alert(description)),
            Incoming::Closed => return Err(End::Closed),
            Incoming::Message(..) => {
                return Err(End::Malformed("another handshake message than was to come"));
            }
            Incoming::Data(_) => return Err(End::Malformed("application data in the handshake")),
        }
    }
}

/// What the client still says, to its end, when nothing more is sent.
async fn aftermath<S>(records: &mut RecordStream<S>, watch: &(dyn Watch + Sync)) -> End
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    use records::Incoming;
    loop {
        match records.next().await {
            Ok(Incoming::Alert(description)) => return End::Alert(description),
            Ok(Incoming::Closed) => return End::Closed,
            Ok(Incoming::Message(..) | Incoming::ChangeCipherSpec) => {}
            Ok(Incoming::Data(_)) => return End::WentOn,
            Err(End::NotTls(first)) => {
                // A client that talks on in the clear has taken the answer for the server's.
                watch.plaintext(&first);
                let _ = records.rest(|bytes| watch.plaintext(bytes)).await;
                return End::NotTls(first);
            }
            Err(end) => return end,
        }
    }
}

/// The messages of a moment, after the script's change.
fn changed(
    moment: Moment,
    healthy: Option<Message>,
    script: &Script,
    offer: &Offer,
    material: &Material,
) -> Vec<Message> {
    let mut messages = healthy.into_iter().collect();
    (script.messages)(moment, &mut messages, offer, material);
    messages
}
