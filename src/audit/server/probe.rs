//! One connection: what is said on it, and the plaintext that comes back, bounded in time and in bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep_until, timeout_at};

use super::starttls::StartTls;
use crate::tls::names;
use crate::tls::registry::version::TLS_1_3;
use crate::tls::registry::{alert, handshake, sslv2_message};
use crate::wire::handshake::{Messages, certificates_1_2};
use crate::wire::hello::ServerHello;
use crate::wire::record::{ContentType, Records, Unit};

/// What a probe showed; or why it showed nothing.
pub type Seen<T> = Result<T, String>;

/// The most that is read of one connection: a chain of post-quantum certificates fits several times.
pub const MOST: usize = 512 << 10;
/// The beginning of what is no TLS that is kept.
const KEPT: usize = 256;

/// How connections are made to one server, within limits.
#[derive(Debug)]
pub struct Dialler {
    address: SocketAddr,
    starttls: Option<StartTls>,
    limits: Limits,
    at_once: Semaphore,
    next: Mutex<Instant>,
    deadline: Instant,
    tally: Mutex<Tally>,
}

/// How much an audit may ask of a server.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at a time.
    pub concurrency: usize,
    /// Connections a second.
    pub rate: u32,
    /// How long one may take.
    pub patience: Duration,
    /// How long all of them may take.
    pub deadline: Duration,
}

/// What was seen over all connections.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// How many were made.
    pub connections: usize,
    /// How many could not be made.
    pub unreachable: usize,
    /// The random of every ServerHello, but for its last eight bytes, which may be a sentinel.
    pub randoms: Vec<[u8; 24]>,
    /// What the server did that no client may take, each once.
    pub violations: BTreeSet<String>,
    /// What was not enumerated to its end (suites, groups, …), and why: what was not found there may be there all the same.
    pub unfinished: BTreeMap<&'static str, String>,
}

/// A connection that counts against the limits for as long as it lives.
#[derive(Debug)]
pub struct Connection<'a> {
    /// The socket, behind STARTTLS where there is any.
    pub stream: TcpStream,
    /// When it has to be over.
    pub deadline: Instant,
    _permit: SemaphorePermit<'a>,
}

/// How a probe ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum End {
    /// With what was waited for.
    #[default]
    Answered,
    /// With a fatal alert.
    Alert(u8),
    /// The server closed the connection.
    Closed,
    /// The server reset the connection.
    Reset,
    /// Nothing came any more, in the time that there was.
    TimedOut,
    /// What came is no TLS: its beginning.
    NotTls(Vec<u8>),
    /// More than [`MOST`] came.
    Flood,
    /// There was no connection: why.
    Unreachable(String),
}

impl End {
    /// Whether the server has said no, rather than nothing.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Alert(_) | Self::Closed | Self::Reset)
    }

    /// In words.
    pub fn words(&self) -> String {
        match self {
            Self::Answered => "it answered".to_owned(),
            Self::Alert(code) => format!("alert {}", names::alert(*code)),
            Self::Closed => "it closed the connection".to_owned(),
            Self::Reset => "it reset the connection".to_owned(),
            Self::TimedOut => "it did not answer in time".to_owned(),
            Self::NotTls(start) => {
                format!("it answered with what is no TLS: {:?}", crate::words::shortened(lossy(start)))
            }
            Self::Flood => format!("it sent more than {} KiB", MOST >> 10),
            Self::Unreachable(why) => why.clone(),
        }
    }
}

fn lossy(bytes: &[u8]) -> String {
    crate::words::Escaped(&String::from_utf8_lossy(bytes)).to_string()
}

/// The plaintext flight of a server.
#[derive(Clone, Debug, Default)]
pub struct Flight {
    /// Its ServerHello, or HelloRetryRequest.
    pub hello: Option<ServerHello>,
    /// The certificates of a Certificate message, in DER.
    pub certificates: Vec<Vec<u8>>,
    /// A ServerKeyExchange.
    pub key_exchange: Option<Vec<u8>>,
    /// A CertificateRequest.
    pub certificate_request: Option<Vec<u8>>,
    /// A CertificateStatus.
    pub certificate_status: Option<Vec<u8>>,
    /// Heartbeat records, in bytes of their fragments.
    pub heartbeats: Vec<usize>,
    /// Warning alerts before the end.
    pub warnings: Vec<u8>,
    /// SSL 2's kinds of cipher, where the answer was a SERVER-HELLO.
    pub sslv2: Option<Vec<u32>>,
    /// Every alert's description, in order.
    pub alerts: Vec<u8>,
    /// How it ended.
    pub end: End,
}

impl Flight {
    /// The version and suite that the server chose.
    pub fn chosen(&self) -> Option<(u16, u16)> {
        self.hello.as_ref().map(|hello| (hello.version(), hello.cipher_suite))
    }
}

/// How far a flight is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// The hello, and before TLS 1.3 all up to ServerHelloDone.
    Done,
    /// The ServerHello alone, whatever the version.
    Hello,
    /// An alert, the end or the first heartbeat.
    End,
}

impl Dialler {
    /// For one address. The time for all connections begins now.
    pub fn new(address: SocketAddr, starttls: Option<StartTls>, limits: Limits) -> Self {
        let now = Instant::now();
        Self {
            address,
            starttls,
            limits,
            at_once: Semaphore::new(limits.concurrency.max(1)),
            next: Mutex::new(now),
            deadline: now + limits.deadline,
            tally: Mutex::default(),
        }
    }

    /// Where it goes.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How long one connection may take.
    pub fn patience(&self) -> Duration {
        self.limits.patience
    }

    /// What speaks before TLS.
    pub fn starttls(&self) -> Option<StartTls> {
        self.starttls
    }

    /// How many connections there may be at a time.
    pub fn concurrency(&self) -> usize {
        self.limits.concurrency
    }

    /// Whether the time for the whole is over.
    pub fn is_over(&self) -> bool {
        Instant::now() >= self.deadline
    }

    /// What was seen so far.
    pub fn tally(&self) -> Tally {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes what the server must not do.
    pub fn violated(&self, what: String) {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner).violations.insert(what);
    }

    /// Notes that an enumeration ended for another reason than the server's refusal.
    pub fn unfinished(&self, what: &'static str, why: String) {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner).unfinished.insert(what, why);
    }

    /// A connection, past STARTTLS; waits for its turn.
    pub async fn connect(&self) -> Result<Connection<'_>, End> {
        let mut connection = self.connect_plainly().await?;
        if let Some(starttls) = self.starttls {
            let asked = starttls.ask(&mut connection.stream);
            match timeout_at(connection.deadline, asked).await {
                Ok(Ok(())) => {}
                Ok(Err(why)) => return Err(End::Unreachable(format!("STARTTLS: {why}"))),
                Err(_) => return Err(End::Unreachable("STARTTLS: it did not answer in time".to_owned())),
            }
        }
        Ok(connection)
    }

    /// The same, before a word was said.
    pub async fn connect_plainly(&self) -> Result<Connection<'_>, End> {
        let out_of_time = || End::Unreachable("the time for the whole audit was over".to_owned());
        // The semaphore is never closed.
        let turn = timeout_at(self.deadline, self.at_once.acquire()).await;
        let permit = turn.map_err(|_| out_of_time())?.map_err(|_| out_of_time())?;
        let start = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let start = (*next).max(Instant::now());
            *next = start + Duration::from_secs(1) / self.limits.rate.max(1);
            start
        };
        if start >= self.deadline {
            return Err(out_of_time());
        }
        sleep_until(start).await;
        let deadline = (Instant::now() + self.limits.patience).min(self.deadline);
        let connected = timeout_at(deadline, TcpStream::connect(self.address)).await;
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        tally.connections += 1;
        let trouble = match connected {
            Ok(Ok(stream)) => {
                // Failing to say so costs time only.
                let _ = stream.set_nodelay(true);
                return Ok(Connection { stream, deadline, _permit: permit });
            }
            Ok(Err(error)) => crate::tls::errors::io_words(&error),
            Err(_) => "it did not take a connection in time".to_owned(),
        };
        tally.unreachable += 1;
        Err(End::Unreachable(trouble))
    }

    /// Says `bytes` on a connection of its own and reads what comes back.
    pub async fn ask(&self, bytes: &[u8]) -> Flight {
        self.ask_until(bytes, Until::Done).await
    }

    /// The same, up to `until`.
    pub async fn ask_until(&self, bytes: &[u8], until: Until) -> Flight {
        match self.connect().await {
            Ok(mut connection) => self.converse(&mut connection, bytes, until).await,
            Err(end) => Flight { end, ..Flight::default() },
        }
    }

    /// Says `bytes` on a connection and reads what comes back.
    pub async fn converse(&self, connection: &mut Connection<'_>, bytes: &[u8], until: Until) -> Flight {
        let flight = read(&mut connection.stream, bytes, until, connection.deadline).await;
        if let Some(hello) = flight.hello.as_ref().filter(|hello| !hello.is_hello_retry_request()) {
            let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
            // 32 bytes have a first 24.
            if let Some(random) = hello.random.first_chunk() {
                tally.randoms.push(*random);
            }
        }
        flight
    }
}

async fn read(stream: &mut TcpStream, bytes: &[u8], until: Until, deadline: Instant) -> Flight {
    let mut reader = Reader { until, ..Reader::new() };
    let talk = async {
        // A server that refuses early closes before it has read everything: what it said is read all the same.
        let _ = stream.write_all(bytes).await;
        let mut buffer = vec![0; 16 << 10];
        let mut total = 0;
        loop {
            let count = match stream.read(&mut buffer).await {
                Ok(0) => return End::Closed,
                Ok(count) => count,
                Err(error) if is_reset(&error) => return End::Reset,
                Err(error) => return End::Unreachable(crate::tls::errors::io_words(&error)),
            };
            total += count;
            reader.take(&buffer[..count]);
            if let Some(end) = reader.over.take() {
                return end;
            }
            if total > MOST {
                return End::Flood;
            }
        }
    };
    let end = timeout_at(deadline, talk).await.unwrap_or(End::TimedOut);
    let mut flight = reader.flight;
    flight.end = match end {
        // What was heard of an alert counts, however the connection ended after it.
        End::Closed | End::Reset if !flight.alerts.is_empty() && flight.hello.is_none() => {
            End::Alert(flight.alerts[0])
        }
        end => end,
    };
    flight
}

pub(super) fn is_reset(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe
    )
}

/// Takes a server's bytes apart as they come.
struct Reader {
    records: Records,
    messages: Messages,
    flight: Flight,
    until: Until,
    start: Vec<u8>,
    /// An answer in SSL 2, as far as it has come.
    sslv2: Vec<u8>,
    over: Option<End>,
}

impl Reader {
    fn new() -> Self {
        Self {
            records: Records::default(),
            messages: Messages::default(),
            flight: Flight::default(),
            until: Until::Done,
            start: Vec::new(),
            sslv2: Vec::new(),
            over: None,
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        if self.start.len() < KEPT {
            self.start.extend_from_slice(&bytes[..bytes.len().min(KEPT - self.start.len())]);
        }
        if let [high, _, kind, ..] = *self.start
            && high & 0x80 != 0
            && matches!(kind, sslv2_message::SERVER_HELLO | sslv2_message::ERROR)
        {
            // What came before it could be told, too.
            let bytes = if self.sslv2.is_empty() { self.start.clone() } else { bytes.to_vec() };
            self.sslv2(&bytes);
            return;
        }
        let mut units = Vec::new();
        self.records.take(bytes, &mut |unit| {
            units.push(match unit {
                Unit::Record(record) => Some((
                    record.header.content_type,
                    record.header.length,
                    record.fragment.map(<[u8]>::to_vec),
                )),
                Unit::Stray(..) => None,
            });
        });
        for unit in units {
            if self.over.is_some() {
                return;
            }
            match unit {
                None => self.over = Some(End::NotTls(self.start.clone())),
                Some((ContentType::Alert, _, Some(fragment))) => self.alert(&fragment),
                Some((ContentType::Handshake, _, Some(fragment))) => self.fragment(&fragment),
                Some((ContentType::Heartbeat, length, _)) => {
                    self.flight.heartbeats.push(length);
                    self.over = Some(End::Answered);
                }
                Some(_) => {}
            }
        }
    }

    fn alert(&mut self, fragment: &[u8]) {
        let [level, description] = *fragment else { return };
        if self.flight.alerts.len() < KEPT {
            self.flight.alerts.push(description);
        }
        // close_notify ends the connection whatever its level says (RFC 8446 §6.1).
        if level == 1 && description != alert::CLOSE_NOTIFY {
            if self.flight.warnings.len() < KEPT {
                self.flight.warnings.push(description);
            }
        } else {
            self.over = Some(End::Alert(description));
        }
    }

    fn fragment(&mut self, fragment: &[u8]) {
        let mut found = Vec::new();
        self.messages.take(fragment, &mut |message| {
            found.push((message.kind, message.body.map(<[u8]>::to_vec)));
        });
        for (kind, body) in found {
            let Some(body) = body else {
                self.over = Some(End::Flood);
                return;
            };
            self.message(kind, body);
        }
    }

    fn message(&mut self, kind: u8, body: Vec<u8>) {
        let flight = &mut self.flight;
        match kind {
            handshake::SERVER_HELLO => {
                flight.hello = ServerHello::read(&body);
                match &flight.hello {
                    None => self.over = Some(End::NotTls(self.start.clone())),
                    Some(hello) if hello.version() == TLS_1_3 || self.until == Until::Hello => {
                        self.over = Some(End::Answered);
                    }
                    Some(_) => {}
                }
            }
            handshake::CERTIFICATE => flight.certificates = certificates_1_2(&body),
            handshake::SERVER_KEY_EXCHANGE => flight.key_exchange = Some(body),
            handshake::CERTIFICATE_REQUEST => flight.certificate_request = Some(body),
            handshake::CERTIFICATE_STATUS => flight.certificate_status = Some(body),
            handshake::SERVER_HELLO_DONE if self.until == Until::Done => self.over = Some(End::Answered),
            _ => {}
        }
    }

    /// SERVER-HELLO (draft-hickman-netscape-ssl-00 §2.6): behind the header and its type stand a session id's flag, a
    /// certificate's type, a version and three lengths.
    fn sslv2(&mut self, bytes: &[u8]) {
        let held = &mut self.sslv2;
        if held.len() + bytes.len() > MOST {
            self.over = Some(End::Flood);
            return;
        }
        held.extend_from_slice(bytes);
        if held.get(2) == Some(&sslv2_message::ERROR) {
            self.over = Some(End::Closed);
            return;
        }
        let number =
            |at: usize| held.get(at..at + 2).map(|two| usize::from(u16::from_be_bytes([two[0], two[1]])));
        let (Some(certificate), Some(suites)) = (number(7), number(9)) else { return };
        let start = 13 + certificate;
        let Some(suites) = held.get(start..start + suites) else { return };
        let suites = suites.chunks_exact(3).map(|s| u32::from_be_bytes([0, s[0], s[1], s[2]])).collect();
        self.flight.sslv2 = Some(suites);
        self.over = Some(End::Answered);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::registry::content_type;
    use crate::wire::write::{alert_record, certificates_1_2, message, record, server_hello_done};

    fn read(chunks: &[&[u8]]) -> (Flight, Option<End>) {
        let mut reader = Reader::new();
        for chunk in chunks {
            reader.take(chunk);
        }
        (reader.flight, reader.over)
    }

    #[test]
    fn a_flight_is_read_to_its_end_however_it_is_cut() {
        let hello = ServerHello::new(0x0303, [7; 32], 0xc02f);
        let content = [
            message(handshake::SERVER_HELLO, &hello.write()),
            message(handshake::CERTIFICATE, &certificates_1_2(&[b"leaf", b"issuer"])),
            server_hello_done(),
        ]
        .concat();
        let bytes = record(content_type::HANDSHAKE, 0x0303, &content);
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        for chunks in [vec![&bytes[..]], single] {
            let (flight, over) = read(&chunks);
            assert_eq!((flight.chosen(), over), (Some((0x0303, 0xc02f)), Some(End::Answered)));
            assert_eq!(flight.certificates, [&b"leaf"[..], b"issuer"]);
        }
        assert_eq!(read(&[&bytes[..bytes.len() - 1]]).1, None);
    }

    #[test]
    fn alerts_warn_or_end() {
        let (flight, over) = read(&[&alert_record(0x0303, 1, alert::UNRECOGNIZED_NAME)]);
        assert_eq!((flight.warnings, over), (vec![alert::UNRECOGNIZED_NAME], None));
        let (_, over) = read(&[&alert_record(0x0303, 2, alert::PROTOCOL_VERSION)]);
        assert_eq!(over, Some(End::Alert(alert::PROTOCOL_VERSION)));
    }

    #[test]
    fn what_is_no_tls_is_said() {
        let (_, over) = read(&[b"HTTP/1.1 400 Bad Request\r\n"]);
        assert!(over.unwrap().words().contains("HTTP/1.1 400"));
        let (_, over) = read(&[&record(content_type::HANDSHAKE, 0x0303, &message(2, b"short"))]);
        assert!(matches!(over, Some(End::NotTls(_))));
    }

    #[test]
    fn an_sslv2_server_hello_names_its_kinds() {
        let body =
            [&[4, 0, 1, 0, 2, 0, 3, 0, 6, 0, 2][..], b"crt", &[1, 0, 0x80, 7, 0, 0xc0], b"id"].concat();
        let (flight, over) = read(&[&[0x80, 22], &body]);
        assert_eq!((flight.sslv2, over), (Some(vec![0x01_0080, 0x07_00c0]), Some(End::Answered)));
    }
}
