//! A handshake message on its way out.

use crate::wire::write;

/// A handshake message: its type and its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// HandshakeType ([`crate::tls::registry::handshake`]).
    pub kind: u8,
    /// What follows the length.
    pub body: Vec<u8>,
}

impl Message {
    /// A message of this type.
    pub fn new(kind: u8, body: Vec<u8>) -> Self {
        Self { kind, body }
    }

    /// As it stands in a record and in the transcript.
    pub fn encode(&self) -> Vec<u8> {
        write::message(self.kind, &self.body)
    }
}

/// A signature with its scheme, as CertificateVerify (RFC 8446 §4.4.3) and ServerKeyExchange (RFC 5246 §4.7) have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The scheme's number.
    pub scheme: u16,
    /// The signature.
    pub signature: Vec<u8>,
}
