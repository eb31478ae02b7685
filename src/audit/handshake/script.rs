//! One way to serve, as data: healthy, until a hook changes it.

use super::material::Material;
use super::message::{Message, Proof};
use super::offer::{Exchange, Offer};
use crate::pki::key::KeyAlgorithm;
use crate::wire::hello::ServerHello;

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

/// The messages of a moment, after the script's change.
pub(super) fn changed(
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
