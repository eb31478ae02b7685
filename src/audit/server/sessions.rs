//! Handshakes that are completed by rustls, for what only a client with the keys sees: TLS 1.3's certificate and what
//! stands beside it, tickets, resumption. Nothing is verified here, and no application byte is sent but a farewell
//! behind STARTTLS.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ClientConnection, ResolvesClientCert, Resumption};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, DigitallySignedStruct, HandshakeKind, KeyLog, SignatureScheme};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout_at;

use super::offer::{FOREIGN, PROTOCOLS, Room};
use super::probe::{Connection, Dialler, End, MOST, Seen};
use crate::pki::subject::Subject;
use crate::tls::Versions;
use crate::tls::registry::version::{TLS_1_2, TLS_1_3};
use crate::tls::registry::{content_type, extension, handshake};
use crate::wire::handshake::Messages;
use crate::wire::record::{ContentType, Records, Unit};
use crate::wire::schedule::{Protection, RecordCipher};
use crate::wire::vector::Cursor;

/// What a completed handshake showed.
#[derive(Clone, Debug, Default)]
pub struct Session {
    /// The certificates in the server's order; none in a resumed one.
    pub chain: Vec<CertificateDer<'static>>,
    /// The signature scheme of the handshake.
    pub scheme: Option<u16>,
    /// The application protocol.
    pub protocol: Option<String>,
    /// Whether an OCSP response was stapled.
    pub stapled: bool,
    /// The names of the CAs whose certificates the server takes from clients; none where it asked for no certificate.
    pub asks_for: Option<Vec<String>>,
    /// Whether it ended with an alert because no client certificate was shown.
    pub demands: bool,
    /// Whether the handshake was short: it went on with an earlier one.
    pub resumed: bool,
    /// The cipher suite.
    pub suite: u16,
    /// Tickets.
    pub tickets: Vec<Ticket>,
    /// Application bytes that came.
    pub heard: Vec<u8>,
}

/// A NewSessionTicket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ticket {
    /// How long it may be used, in seconds; in TLS 1.2, 0 leaves it open.
    pub lifetime: u32,
    /// How many bytes of 0-RTT data the server takes with it.
    pub early_data: Option<u32>,
    /// The ticket itself.
    pub ticket: Vec<u8>,
}

/// What is offered.
#[derive(Clone, Debug)]
pub struct Terms {
    /// TLS 1.2 or TLS 1.3.
    pub version: u16,
    /// Signature schemes; none for all that the provider has.
    pub schemes: Option<Vec<u16>>,
    /// Application protocols.
    pub protocols: Vec<&'static [u8]>,
    /// What is kept for a next connection.
    pub resumption: Option<Resumption>,
}

impl Terms {
    /// The usual ones.
    pub fn new(version: u16) -> Self {
        Self { version, schemes: None, protocols: Vec::new(), resumption: None }
    }
}

/// A handshake on a connection of its own.
pub async fn session(dialler: &Dialler, room: &Room, terms: &Terms) -> Seen<Session> {
    let mut connection = dialler.connect().await.map_err(|end| end.words())?;
    shake(&mut connection, room, terms, b"").await
}

/// A handshake on this connection; `farewell` is said within it.
pub async fn shake(
    connection: &mut Connection<'_>,
    room: &Room,
    terms: &Terms,
    farewell: &[u8],
) -> Seen<Session> {
    Client::new(room, terms)?.shake(connection, farewell).await
}

/// A client of rustls's. Sessions are resumed by the one that made them, and by no other.
struct Client {
    seen: Arc<Watcher>,
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
    version: u16,
}

impl Client {
    fn new(room: &Room, terms: &Terms) -> Seen<Self> {
        let seen = Arc::new(Watcher {
            schemes: terms.schemes.clone().unwrap_or_else(|| {
                let provider = crate::crypto::provider();
                provider
                    .signature_verification_algorithms
                    .supported_schemes()
                    .into_iter()
                    .map(u16::from)
                    .collect()
            }),
            seen: Mutex::default(),
        });
        let versions = if terms.version == TLS_1_3 { Versions::Tls13 } else { Versions::Tls12 };
        let mut config = ClientConfig::builder_with_provider(crate::crypto::provider())
            .with_protocol_versions(versions.supported())
            .map_err(|error| error.to_string())?
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&seen) as _)
            .with_client_cert_resolver(Arc::clone(&seen) as _);
        config.key_log = Arc::clone(&seen) as _;
        config.resumption = terms.resumption.clone().unwrap_or_else(Resumption::disabled);
        config.alpn_protocols = terms.protocols.iter().map(|protocol| protocol.to_vec()).collect();
        let name = room.server_name.as_deref().and_then(|name| ServerName::try_from(name.to_owned()).ok());
        config.enable_sni = name.is_some();
        let name = name.unwrap_or(ServerName::IpAddress(std::net::Ipv4Addr::UNSPECIFIED.into()));
        Ok(Self { seen, config: Arc::new(config), name, version: terms.version })
    }

    async fn shake(&self, connection: &mut Connection<'_>, farewell: &[u8]) -> Seen<Session> {
        let client = ClientConnection::new(Arc::clone(&self.config), self.name.clone())
            .map_err(|error| error.to_string())?;
        let mut driver = Driver { client, wire: Vec::new(), plain: Vec::new() };
        let deadline = connection.deadline;
        let shaken = timeout_at(deadline, driver.handshake(&mut connection.stream)).await;
        shaken.map_err(|_| End::TimedOut.words())??;
        // Tickets, and the refusal of a client without a certificate, come behind the handshake; whoever is told goodbye
        // has no reason to wait.
        let ended = timeout_at(deadline, driver.rest(&mut connection.stream, farewell)).await;
        let demands = matches!(&ended, Ok(Err(_)));
        let mut session = self.seen.seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let client = &driver.client;
        let suite = client.negotiated_cipher_suite().map_or(0, |suite| suite.suite().into());
        let protocol = client.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned());
        let tickets = if self.version == TLS_1_2 {
            tickets_1_2(&driver.wire)
        } else {
            tickets_1_3(&driver.wire, suite, &session.secret)
        };
        session.secret.clear();
        Ok(Session {
            suite,
            protocol,
            tickets,
            resumed: client.handshake_kind() == Some(HandshakeKind::Resumed),
            demands: demands && session.asks_for.is_some(),
            chain: session.chain,
            scheme: session.scheme,
            stapled: session.stapled,
            asks_for: session.asks_for,
            heard: driver.plain,
        })
    }
}

/// Drives rustls over a socket, and keeps what came over the wire.
struct Driver {
    client: ClientConnection,
    wire: Vec<u8>,
    plain: Vec<u8>,
}

impl Driver {
    async fn handshake(&mut self, stream: &mut TcpStream) -> Result<(), String> {
        while self.client.is_handshaking() {
            self.flush(stream).await?;
            if self.client.is_handshaking() && !self.receive(stream).await? {
                return Err(End::Closed.words());
            }
        }
        self.flush(stream).await
    }

    /// Says `farewell` and goodbye, and reads all that still comes; an error is an alert or a broken connection.
    async fn rest(&mut self, stream: &mut TcpStream, farewell: &[u8]) -> Result<(), String> {
        use std::io::Write as _;
        // rustls takes what fits its buffer, and this does.
        let _ = self.client.writer().write_all(farewell);
        if farewell.is_empty() {
            self.client.send_close_notify();
        }
        self.flush(stream).await?;
        while self.receive(stream).await? {
            if self.wire.len() > MOST {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn flush(&mut self, stream: &mut TcpStream) -> Result<(), String> {
        let mut out = Vec::new();
        while self.client.wants_write() {
            // Writing to a Vec does not fail.
            let _ = self.client.write_tls(&mut out);
        }
        stream.write_all(&out).await.map_err(|error| crate::tls::errors::io_words(&error))
    }

    /// Whether anything came.
    async fn receive(&mut self, stream: &mut TcpStream) -> Result<bool, String> {
        let mut buffer = vec![0; 8 << 10];
        let count = match stream.read(&mut buffer).await {
            Ok(count) => count,
            Err(error) => return Err(crate::tls::errors::io_words(&error)),
        };
        if count == 0 {
            return Ok(false);
        }
        if self.wire.len() > MOST {
            return Err(End::Flood.words());
        }
        self.wire.extend_from_slice(&buffer[..count]);
        let mut left = &buffer[..count];
        while !left.is_empty() {
            let read =
                self.client.read_tls(&mut left).map_err(|error| crate::tls::errors::io_words(&error))?;
            match self.client.process_new_packets() {
                Ok(state) => {
                    let mut plain = vec![0; state.plaintext_bytes_to_read()];
                    // There are as many as it says.
                    let _ = std::io::Read::read_exact(&mut self.client.reader(), &mut plain);
                    self.plain.extend(plain);
                }
                Err(error) => {
                    // The server is told why, as far as it listens.
                    let _ = self.flush(stream).await;
                    return Err(error.to_string());
                }
            }
            if read == 0 {
                return Ok(true);
            }
        }
        Ok(true)
    }
}

/// Accepts everything, and remembers it.
struct Watcher {
    schemes: Vec<u16>,
    seen: Mutex<Noted>,
}

#[derive(Clone, Default)]
struct Noted {
    chain: Vec<CertificateDer<'static>>,
    scheme: Option<u16>,
    stapled: bool,
    asks_for: Option<Vec<String>>,
    secret: Vec<u8>,
}

impl fmt::Debug for Watcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watcher").field("schemes", &self.schemes).finish_non_exhaustive()
    }
}

impl Watcher {
    fn note(&self, note: impl FnOnce(&mut Noted)) {
        note(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn signed(&self, signed: &DigitallySignedStruct) -> HandshakeSignatureValid {
        self.note(|noted| noted.scheme = Some(signed.scheme.into()));
        HandshakeSignatureValid::assertion()
    }
}

impl ServerCertVerifier for Watcher {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.note(|noted| {
            noted.chain = std::iter::once(leaf).chain(others).map(|der| der.clone().into_owned()).collect();
            noted.stapled = !ocsp_response.is_empty();
        });
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(self.signed(signed))
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(self.signed(signed))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.schemes.iter().map(|code| SignatureScheme::from(*code)).collect()
    }
}

impl ResolvesClientCert for Watcher {
    fn resolve(&self, authorities: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let names = authorities.iter().map(|der| authority(der)).collect();
        self.note(|noted| noted.asks_for = Some(names));
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}

impl KeyLog for Watcher {
    fn log(&self, label: &str, _client_random: &[u8], secret: &[u8]) {
        if label == "SERVER_TRAFFIC_SECRET_0" {
            self.note(|noted| noted.secret = secret.to_vec());
        }
    }
}

/// The name of a CA that clients' certificates are taken from.
pub fn authority(der: &[u8]) -> String {
    Subject::from_der(der).map_or_else(|_| "(unreadable)".to_owned(), |name| name.to_string())
}

/// The tickets of TLS 1.2, which stand in the clear before ChangeCipherSpec (RFC 5077 §3.3).
fn tickets_1_2(wire: &[u8]) -> Vec<Ticket> {
    let (mut found, mut messages, mut clear) = (Vec::new(), Messages::default(), true);
    Records::default().take(wire, &mut |unit| {
        let Unit::Record(record) = unit else { return };
        match (record.header.content_type, record.fragment) {
            (ContentType::ChangeCipherSpec, _) => clear = false,
            (ContentType::Handshake, Some(fragment)) if clear => messages.take(fragment, &mut |message| {
                if message.kind == handshake::NEW_SESSION_TICKET
                    && let Some(body) = message.body
                {
                    let mut body = Cursor(body);
                    if let (Some(lifetime), Some(ticket)) = (body.u32(), body.vector16()) {
                        found.push(Ticket { lifetime, early_data: None, ticket: ticket.to_vec() });
                    }
                }
            }),
            _ => {}
        }
    });
    found
}

/// The tickets of TLS 1.3 (RFC 8446 §4.6.1), opened with the server's own secret.
fn tickets_1_3(wire: &[u8], suite: u16, secret: &[u8]) -> Vec<Ticket> {
    let Some(mut cipher) = Protection::of(suite).and_then(|suite| RecordCipher::tls_1_3(suite, secret))
    else {
        return Vec::new();
    };
    let (mut found, mut messages, mut plain) = (Vec::new(), Messages::default(), Vec::new());
    let mut records = Records::default();
    records.wants_application_data = true;
    records.take(wire, &mut |unit| {
        let Unit::Record(record) = unit else { return };
        let Some(fragment) = record.fragment else { return };
        // What the handshake's own secret sealed does not open, and does not count.
        let Ok(opened) = cipher.open(record.header, fragment, &mut plain) else { return };
        if opened.content_type == content_type::HANDSHAKE {
            messages.take(&plain, &mut |message| {
                if message.kind == handshake::NEW_SESSION_TICKET {
                    found.extend(message.body.and_then(ticket_1_3));
                }
            });
        }
    });
    found
}

fn ticket_1_3(body: &[u8]) -> Option<Ticket> {
    let mut body = Cursor(body);
    let lifetime = body.u32()?;
    let _age_add = body.u32()?;
    let _nonce = body.vector8()?;
    let ticket = body.vector16()?.to_vec();
    let mut extensions = Cursor(body.vector16()?);
    let mut early_data = None;
    while let (Some(code), Some(data)) = (extensions.u16(), extensions.vector16()) {
        if code == extension::EARLY_DATA {
            early_data = Cursor(data).u32();
        }
    }
    Some(Ticket { lifetime, early_data, ticket })
}

/// A session of `version`, and whether a second one goes on with it.
pub async fn twice(dialler: &Dialler, room: &Room, version: u16) -> Seen<Session> {
    let terms = Terms {
        protocols: PROTOCOLS.to_vec(),
        resumption: Some(Resumption::in_memory_sessions(8)),
        ..Terms::new(version)
    };
    let client = Client::new(room, &terms)?;
    let mut connection = dialler.connect().await.map_err(|end| end.words())?;
    let first = client.shake(&mut connection, b"").await?;
    // One at a time may be all that there is.
    drop(connection);
    let mut connection = dialler.connect().await.map_err(|end| end.words())?;
    let second = client.shake(&mut connection, b"").await;
    Ok(Session { resumed: second.is_ok_and(|second| second.resumed), ..first })
}

/// The signature schemes of TLS 1.3's CertificateVerify, in the server's order.
pub async fn schemes_1_3(dialler: &Dialler, room: &Room) -> Vec<u16> {
    let mut left: Vec<u16> = vec![
        0x0403, 0x0503, 0x0603, 0x0804, 0x0805, 0x0806, 0x0807, 0x0808, 0x0809, 0x080a, 0x080b, 0x081a,
        0x081b, 0x081c, 0x0904, 0x0905, 0x0906,
    ];
    let mut found = Vec::new();
    while !left.is_empty() {
        let terms = Terms { schemes: Some(left.clone()), ..Terms::new(TLS_1_3) };
        let Some(scheme) = session(dialler, room, &terms).await.ok().and_then(|session| session.scheme)
        else {
            break;
        };
        let Some(place) = left.iter().position(|code| *code == scheme) else {
            dialler.violated(format!("it signed by scheme 0x{scheme:04x}, which was not offered"));
            break;
        };
        left.remove(place);
        found.push(scheme);
    }
    found
}

/// Whether TLS 1.3 refuses a protocol that nobody knows.
pub async fn foreign_protocol_1_3(dialler: &Dialler, room: &Room) -> Seen<bool> {
    let terms = Terms { protocols: vec![FOREIGN], ..Terms::new(TLS_1_3) };
    let mut connection = dialler.connect().await.map_err(|end| end.words())?;
    match shake(&mut connection, room, &terms, b"").await {
        Ok(_) => Ok(false),
        Err(why) if why.contains("NoApplicationProtocol") => Ok(true),
        Err(why) => Err(why),
    }
}

/// Both versions' sessions, where they are spoken and can be followed.
pub async fn all(dialler: &Dialler, room: &Room, versions: &[u16]) -> BTreeMap<u16, Seen<Session>> {
    let one = |version: u16| async move {
        if versions.contains(&version) { Some((version, twice(dialler, room, version).await)) } else { None }
    };
    let (old, new) = tokio::join!(one(TLS_1_2), one(TLS_1_3));
    old.into_iter().chain(new).collect()
}
