//! Known attacks, each as far as is needed to see whether it works, and no further.

use std::collections::BTreeMap;

use tokio::time::{Duration, Instant, timeout_at};

use super::offer::{Offer, Room, bytes};
use super::probe::{Connection, Dialler, End, Flight, Seen, Until};
use super::sessions::{self, Session, Terms};
use super::starttls::StartTls;
use crate::crypto::rsa::encrypt_unpadded;
use crate::pki::facts::{CertFacts, PublicKeyKind};
use crate::tls::registry::version::{TLS_1_2, TLS_1_3};
use crate::tls::registry::{alert, content_type, extension, handshake};
use crate::tls::suites::{KeyExchange, Suite};
use crate::wire::extension::Extension;
use crate::wire::hello::ServerHello;
use crate::wire::vector::vector16;
use crate::wire::write::{change_cipher_spec, heartbeat_request_claiming, message, record};

/// How long silence is waited for where silence is the healthy answer.
const SILENCE: Duration = Duration::from_millis(800);

/// What was found of known attacks: `true` where the server can be attacked.
#[derive(Clone, Debug)]
pub struct Attacks {
    /// CVE-2014-0160: how many bytes came back that were not sent.
    pub heartbleed: Seen<Heartbeat>,
    /// CVE-2014-0224.
    pub early_ccs: Seen<bool>,
    /// CVE-2016-9244.
    pub ticketbleed: Seen<bool>,
    /// Bleichenbacher's oracle: the answers by how the padding was, where they differ.
    pub robot: Seen<Option<String>>,
    /// CVE-2011-0411 and its like; nothing without STARTTLS.
    pub injection: Seen<bool>,
}

/// What heartbeats get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heartbeat {
    /// The server does not have the extension.
    Absent,
    /// It has it, and sends nothing that was not sent to it.
    Sound,
    /// It sent so many bytes more than it got.
    Bleeds(usize),
}

/// What attacks are tried on.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The newest version before TLS 1.3 that is spoken, and its suites.
    pub classic: Option<(u16, &'a [u16])>,
    /// A session of TLS 1.2.
    pub session: Option<&'a Session>,
}

/// Why nothing before TLS 1.3 can be tried.
pub const ONLY_1_3: &str = "the server speaks nothing older than TLS 1.3, which has no such thing";

/// Tries every attack.
pub async fn all(dialler: &Dialler, room: &Room, subject: Subject<'_>) -> Attacks {
    let injection = injection(dialler, room, subject);
    let Some((version, suites)) = subject.classic else {
        let none = || Err(ONLY_1_3.to_owned());
        return Attacks {
            heartbleed: Err(ONLY_1_3.to_owned()),
            early_ccs: none(),
            ticketbleed: none(),
            robot: Err(ONLY_1_3.to_owned()),
            injection: injection.await,
        };
    };
    let (heartbleed, early_ccs, ticketbleed, robot, injection) = tokio::join!(
        heartbleed(dialler, room, version),
        early_ccs(dialler, room, version),
        ticketbleed(dialler, room, subject.session),
        robot(dialler, room, version, suites),
        injection,
    );
    Attacks { heartbleed, early_ccs, ticketbleed, robot, injection }
}

/// A connection on which the server's first flight has come.
async fn opened<'a>(dialler: &'a Dialler, hello: &[u8]) -> Seen<(Connection<'a>, Flight)> {
    let mut connection = dialler.connect().await.map_err(|end| end.words())?;
    let flight = dialler.converse(&mut connection, hello, Until::Done).await;
    match (&flight.hello, &flight.end) {
        (Some(_), End::Answered) => Ok((connection, flight)),
        (_, end) => Err(format!("the handshake did not begin: {}", end.words())),
    }
}

/// Says more on a connection, and waits for an answer no longer than `patience`.
async fn then(dialler: &Dialler, connection: &mut Connection<'_>, said: &[u8], patience: Duration) -> Flight {
    connection.deadline = connection.deadline.min(Instant::now() + patience);
    dialler.converse(connection, said, Until::End).await
}

fn has(hello: &ServerHello, code: u16) -> bool {
    hello.extensions.iter().any(|extension| extension.code == code)
}

/// RFC 6520 §4: a request whose claimed length exceeds its own is to be discarded silently.
async fn heartbleed(dialler: &Dialler, room: &Room, version: u16) -> Seen<Heartbeat> {
    const CLAIMED: usize = 0x1000;
    let offer = Offer::everything(version, room).with(Extension::heartbeat(1));
    let (mut connection, flight) = opened(dialler, &offer.bytes()).await?;
    if !flight.hello.is_some_and(|hello| has(&hello, extension::HEARTBEAT)) {
        return Ok(Heartbeat::Absent);
    }
    let request = record(content_type::HEARTBEAT, version, &heartbeat_request_claiming(CLAIMED, b""));
    let answer = then(dialler, &mut connection, &request, SILENCE).await;
    // A response has a type, a length, and padding of 16 bytes at least.
    Ok(match answer.heartbeats.first() {
        Some(length) if *length > 3 + 16 => Heartbeat::Bleeds(length - 3 - 16),
        _ => Heartbeat::Sound,
    })
}

/// A ChangeCipherSpec before any key is there, and a record behind it. A healthy server refuses the first of them; the
/// others begin to decrypt, with keys that everybody knows, and find that the second does not open.
async fn early_ccs(dialler: &Dialler, room: &Room, version: u16) -> Seen<bool> {
    let (mut connection, _) = opened(dialler, &Offer::everything(version, room).bytes()).await?;
    let nonsense = record(content_type::HANDSHAKE, version, &[0x5a; 64]);
    let said = [change_cipher_spec(version), nonsense].concat();
    let patience = dialler.patience();
    let answer = then(dialler, &mut connection, &said, patience).await;
    Ok(matches!(answer.end, End::Alert(alert::BAD_RECORD_MAC | alert::DECRYPTION_FAILED)))
}

/// A ticket beside a session id of half the length: the server is to echo it (RFC 5077 §3.4), and F5's sent the length of
/// a whole one, with what lay behind it in memory.
async fn ticketbleed(dialler: &Dialler, room: &Room, session: Option<&Session>) -> Seen<bool> {
    let session = session.ok_or("no session of TLS 1.2 could be completed")?;
    let ticket = session.tickets.first().ok_or("the server gives no tickets in TLS 1.2")?;
    let mut offer = Offer::everything(TLS_1_2, room).suites(&[session.suite]);
    offer.session_id = vec![0x5a; 16];
    let mut hello = offer.hello();
    for extension in &mut hello.extensions {
        if extension.code == extension::SESSION_TICKET {
            *extension = Extension::session_ticket(&ticket.ticket);
        }
    }
    let flight = dialler.ask_until(&bytes(&hello), Until::Hello).await;
    let hello = flight.hello.ok_or_else(|| flight.end.words())?;
    Ok(hello.session_id.len() > 16 && hello.session_id.starts_with(&[0x5a; 16]))
}

/// A way to pad a block of so many bytes, for a version.
type Padding = (&'static str, fn(usize, u16) -> Vec<u8>);

/// How a block is padded, or not (RFC 8017 §7.2.1).
const PADDINGS: [Padding; 5] = [
    ("sound", |length, version| padded(length, [0, 2], Some(48), version)),
    ("of a wrong type", |length, version| padded(length, [0x41, 0x17], Some(48), version)),
    ("with a secret of a wrong length", |length, version| padded(length, [0, 2], Some(24), version)),
    ("without an end", |length, version| padded(length, [0, 2], None, version)),
    ("sound, of a wrong version", |length, _| padded(length, [0, 2], Some(48), 0x0202)),
];

/// A block of `length` bytes that begins with `start` and ends, behind a zero, with a secret of so many bytes.
fn padded(length: usize, start: [u8; 2], secret: Option<usize>, version: u16) -> Vec<u8> {
    let mut block = vec![0xa5; length];
    block[..2].copy_from_slice(&start);
    if let Some(place) = secret.and_then(|bytes| length.checked_sub(bytes)).filter(|place| *place > 10) {
        block[place - 1] = 0;
        block[place..place + 2].copy_from_slice(&version.to_be_bytes());
    }
    block
}

/// Whether a server that takes RSA's key exchange tells by its answers how a block was padded (RFC 5246 §7.4.7.1).
async fn robot(dialler: &Dialler, room: &Room, version: u16, accepted: &[u16]) -> Seen<Option<String>> {
    let rsa = |code: &&u16| {
        Suite::of(**code).is_some_and(|suite| suite.key_exchange == KeyExchange::Rsa && !suite.export)
    };
    let suites: Vec<u16> = accepted.iter().filter(rsa).copied().collect();
    if suites.is_empty() {
        // Nothing to be attacked: that is as good as it gets.
        return Ok(None);
    }
    let first = answers(dialler, room, version, &suites).await?;
    if all_alike(&first) {
        return Ok(None);
    }
    // Once may be chance: a busy server, a lost packet.
    let second = answers(dialler, room, version, &suites).await?;
    if first != second {
        return Err("the answers differ, and not in the same way twice".to_owned());
    }
    let said: Vec<String> = first.iter().map(|(padding, answer)| format!("{padding}: {answer}")).collect();
    Ok(Some(said.join("; ")))
}

fn all_alike(answers: &BTreeMap<&'static str, String>) -> bool {
    answers.values().all(|answer| Some(answer) == answers.values().next())
}

async fn answers(
    dialler: &Dialler,
    room: &Room,
    version: u16,
    suites: &[u16],
) -> Seen<BTreeMap<&'static str, String>> {
    let hello = Offer::everything(version, room).suites(suites).bytes();
    let mut found = BTreeMap::new();
    for (padding, make) in PADDINGS {
        let (mut connection, flight) = opened(dialler, &hello).await?;
        let leaf = flight.certificates.first().ok_or("the server showed no certificate")?;
        let leaf = CertFacts::read(leaf).map_err(|malformed| malformed.to_string())?;
        let PublicKeyKind::Rsa { modulus_bits, .. } = leaf.public_key.kind else {
            return Err("the key of the certificate is not RSA".to_owned());
        };
        let length = usize::try_from(modulus_bits.div_ceil(8)).unwrap_or(0);
        if length < 64 {
            return Err("the key of the certificate cannot be read".to_owned());
        }
        let block = make(length, version);
        let secret = encrypt_unpadded(&leaf.public_key.bits, &block)
            .ok_or("the key of the certificate is too short to be computed with")?;
        let said = [
            record(
                content_type::HANDSHAKE,
                version,
                &message(handshake::CLIENT_KEY_EXCHANGE, &vector16(&secret)),
            ),
            change_cipher_spec(version),
            record(content_type::HANDSHAKE, version, &[0x5a; 64]),
        ]
        .concat();
        let answer = then(dialler, &mut connection, &said, dialler.patience()).await;
        if let End::Unreachable(why) = answer.end {
            return Err(why);
        }
        // An alert and what follows it are one answer: whether the end is a close or a reset depends on timing.
        let answer =
            if answer.alerts.is_empty() { answer.end.words() } else { format!("{:?}", answer.alerts) };
        found.insert(padding, answer);
    }
    Ok(found)
}

/// Whether what stands behind the request to upgrade is obeyed within TLS.
async fn injection(dialler: &Dialler, room: &Room, subject: Subject<'_>) -> Seen<bool> {
    let starttls = dialler.starttls().ok_or("this server is not asked for STARTTLS")?;
    let version =
        if subject.classic.is_some_and(|(version, _)| version == TLS_1_2) { TLS_1_2 } else { TLS_1_3 };
    let injected = upgraded(dialler, room, version, starttls, starttls.injected()).await;
    if let Ok(session) = injected {
        return Ok(starttls.was_injected(&session.heard));
    }
    // What was injected broke the upgrade: it was not obeyed, if the upgrade works without.
    let honest = upgraded(dialler, room, version, starttls, b"").await;
    honest.map(|_| false).map_err(|why| format!("no session could be completed: {why}"))
}

/// A session behind the request to upgrade with `behind` in the same packet, and what the server says to a farewell in it.
async fn upgraded(
    dialler: &Dialler,
    room: &Room,
    version: u16,
    starttls: StartTls,
    behind: &[u8],
) -> Seen<Session> {
    let mut connection = dialler.connect_plainly().await.map_err(|end| end.words())?;
    let asked = starttls.ask_with(&mut connection.stream, behind);
    timeout_at(connection.deadline, asked).await.map_err(|_| End::TimedOut.words())??;
    sessions::shake(&mut connection, room, &Terms::new(version), starttls.farewell()).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paddings_are_what_their_names_say() {
        let [sound, kind, short, endless, version] = PADDINGS.map(|(_, make)| make(256, 0x0303));
        assert_eq!((sound.len(), &sound[..2], sound[207]), (256, &[0, 2][..], 0));
        assert_eq!(sound[208..210], [3, 3]);
        assert!(sound[2..207].iter().all(|byte| *byte != 0));
        assert_eq!(kind[..2], [0x41, 0x17]);
        assert_eq!((short[207], short[231]), (0xa5, 0));
        assert!(endless[1..].iter().all(|byte| *byte != 0));
        assert_eq!(version[208..210], [2, 2]);
    }

    #[test]
    fn answers_differ_where_one_does() {
        let mut answers: BTreeMap<&'static str, String> =
            PADDINGS.iter().map(|(name, _)| (*name, "[20]".to_owned())).collect();
        assert!(all_alike(&answers));
        answers.insert("without an end", "[47]".to_owned());
        assert!(!all_alike(&answers));
    }
}
