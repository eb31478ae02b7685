//! What was found out about a server: facts, without a word on whether they are good.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use rustls::pki_types::CertificateDer;
use time::OffsetDateTime;

use super::attacks::Attacks;
use super::probe::{Flight, Seen, Tally};
use super::robustness::Robustness;
use super::sessions::Session;
use crate::pki::facts::CertFacts;
use crate::verify::Verdict;

/// Everything that was found out.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The address that was spoken to.
    pub address: SocketAddr,
    /// When.
    pub at: OffsetDateTime,
    /// The name that was sent and expected.
    pub name: Option<String>,
    /// Whether each version is spoken, SSL 2 to TLS 1.3, by its number.
    pub versions: BTreeMap<u16, Seen<bool>>,
    /// The suites of each version that is spoken, in the order in which the server chose them.
    pub suites: BTreeMap<u16, Vec<u16>>,
    /// SSL 2's kinds of cipher.
    pub sslv2_suites: Vec<u32>,
    /// Who decides between suites, by version.
    pub preference: BTreeMap<u16, Preference>,
    /// The groups of each version, in the server's order.
    pub groups: BTreeMap<u16, Vec<u16>>,
    /// The signature schemes of each version, in the server's order.
    pub schemes: BTreeMap<u16, Vec<u16>>,
    /// The finite fields of ephemeral Diffie-Hellman before TLS 1.3.
    pub dh: Vec<DhFacts>,
    /// The answer to a hello of the newest version before TLS 1.3 that is spoken, and the version.
    pub classic: Option<(u16, Flight)>,
    /// The answer to a hello of TLS 1.3.
    pub modern: Option<Flight>,
    /// Compression of records that was agreed on.
    pub compression: Seen<u8>,
    /// What became of a hello that falls back (RFC 7507).
    pub fallback: Seen<bool>,
    /// The end of the random that TLS 1.2 got from a server that speaks TLS 1.3 (RFC 8446 §4.1.3).
    pub sentinel: Seen<bool>,
    /// What became of hellos that are unusual and healthy, by check.
    pub tolerance: BTreeMap<&'static str, Seen<bool>>,
    /// What a hello without SNI gets, and one of an unknown name.
    pub without_name: Seen<NameAnswer>,
    /// The same for an unknown name.
    pub unknown_name: Seen<NameAnswer>,
    /// The application protocol that was chosen of those that are usual.
    pub protocol: Seen<Option<String>>,
    /// Whether a protocol that nobody knows was refused.
    pub foreign_protocol: Seen<bool>,
    /// Handshakes that were completed, by version.
    pub sessions: BTreeMap<u16, Seen<Session>>,
    /// The chain as it was sent.
    pub chain: Vec<CertificateDer<'static>>,
    /// The chain, read as far as it can be.
    pub certificates: Vec<CertFacts>,
    /// What our own verifier says; an error where nothing is trusted.
    pub verdict: Seen<Verdict>,
    /// The checks that need no trust, where nothing is trusted.
    pub presumed: Option<Verdict>,
    /// What other verifiers would say, where somebody asked for predictions.
    pub clients: Vec<ClientSays>,
    /// What plaintext got.
    pub plaintext: Seen<PlaintextAnswer>,
    /// Known attacks.
    pub attacks: Attacks,
    /// What the server survives.
    pub robustness: Robustness,
    /// What was seen on all connections.
    pub tally: Tally,
}

/// What a client is predicted to say of the certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientSays {
    /// Which client.
    pub client: &'static str,
    /// Whether it will accept; nothing where that is not known.
    pub accepts: Option<bool>,
    /// Why not.
    pub why: String,
}

/// Who decides which suite is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preference {
    /// The client: the first of its list that the server knows.
    Client,
    /// The server.
    Server,
    /// There is one suite.
    OneSuite,
}

/// A finite field of TLS before 1.3.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DhFacts {
    /// The suite that it was seen with.
    pub suite: u16,
    /// The prime's bits.
    pub bits: u32,
    /// The prime's name, where it is one that many share.
    pub known: Option<&'static str>,
}

/// What a hello of another name gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameAnswer {
    /// The same certificate.
    Same,
    /// Another one.
    Another,
    /// A handshake whose certificate cannot be seen.
    Unseen,
    /// A refusal: how.
    Refused(String),
}

/// What plaintext gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlaintextAnswer {
    /// An alert, the end, or silence.
    Refused(String),
    /// An error in the clear, which is not what was asked for: its beginning.
    Told(String),
    /// It was served: the beginning of the answer.
    Served(String),
}

impl Facts {
    /// Whether a version is spoken, for certain.
    pub fn speaks(&self, version: u16) -> bool {
        self.versions.get(&version).is_some_and(|spoken| spoken == &Ok(true))
    }

    /// Every suite that is accepted, once.
    pub fn all_suites(&self) -> Vec<u16> {
        let mut all: Vec<u16> = self.suites.values().flatten().copied().collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Every group that is accepted, TLS 1.3's first, once.
    pub fn all_groups(&self) -> Vec<u16> {
        let mut all = Vec::new();
        for group in self.groups.values().rev().flatten() {
            if !all.contains(group) {
                all.push(*group);
            }
        }
        all
    }

    /// A session that was completed, of the newest version.
    pub fn session(&self) -> Option<&Session> {
        self.sessions.values().rev().find_map(|session| session.as_ref().ok())
    }
}
