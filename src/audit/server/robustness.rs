//! What a server survives. After each ordeal it has to take a healthy hello; nothing here is a flood.

use std::time::Duration;

use super::offer::{Offer, Room};
use super::probe::{Dialler, End, Seen, Until};
use crate::tls::registry::version::{TLS_1_0, TLS_1_2};
use crate::tls::registry::{content_type, handshake};
use crate::wire::record::LONGEST;
use crate::wire::write::{alert_record, message, record, record_claiming, records};

/// How long a healthy connection may wait behind those that say nothing.
const HELD_UP: Duration = Duration::from_secs(1);

/// What became of each ordeal: `true` where the server did as it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Robustness {
    /// A record of nonsense is refused, not waited on.
    pub garbage: Seen<bool>,
    /// A hello in many small records is understood (RFC 8446 §5.1).
    pub fragmented: Seen<bool>,
    /// A hello that comes in two packets, byte for byte apart, is understood.
    pub slow: Seen<bool>,
    /// A record that is too long is refused (RFC 8446 §5.1).
    pub oversized: Seen<bool>,
    /// Warning alerts before the hello, many of them: refused, or passed over.
    pub alerts: Seen<bool>,
    /// While connections stand open and say nothing, others are served.
    pub half_open: Seen<bool>,
    /// After all of it the server still serves.
    pub serving: Seen<bool>,
}

impl Robustness {
    /// Nothing was tried, for one reason.
    pub fn untried(why: &str) -> Self {
        let none = || Err(why.to_owned());
        Self {
            garbage: none(),
            fragmented: none(),
            slow: none(),
            oversized: none(),
            alerts: none(),
            half_open: none(),
            serving: none(),
        }
    }
}

/// Every ordeal, one after the other; `version` is one that is spoken.
pub async fn all(dialler: &Dialler, room: &Room, version: u16) -> Robustness {
    let offer = Offer::everything(version, room);
    let hello = offer.bytes();
    let body = message(handshake::CLIENT_HELLO, &offer.hello().write());
    let small = records(content_type::HANDSHAKE, TLS_1_0.min(version), &body, 64);
    // In a record's header, so that a server that speaks plaintext on the same port knows what it is.
    let garbage = refused(dialler, &record(content_type::HANDSHAKE, TLS_1_0, &[0x5a; 512])).await;
    let fragmented = served(dialler, &small).await;
    let slow = slow(dialler, &hello).await;
    let too_long = record_claiming(content_type::HANDSHAKE, TLS_1_2, LONGEST + 1, &vec![0; LONGEST + 1]);
    let oversized = refused(dialler, &too_long).await;
    let warnings: Vec<u8> = std::iter::repeat_n(alert_record(TLS_1_2, 1, 90), 200).flatten().collect();
    let alerts = settled(dialler, &[warnings, hello.clone()].concat()).await;
    let half_open = half_open(dialler, &hello).await;
    let serving = served(dialler, &hello).await.or_else(|why| {
        // Nobody there any more is an answer here; no time to ask is none.
        if dialler.is_over() { Err(why) } else { Ok(false) }
    });
    Robustness { garbage, fragmented, slow, oversized, alerts, half_open, serving }
}

/// Whether the server answers with a ServerHello.
async fn served(dialler: &Dialler, bytes: &[u8]) -> Seen<bool> {
    let flight = dialler.ask_until(bytes, Until::Hello).await;
    match flight.end {
        _ if flight.hello.is_some() => Ok(true),
        End::Unreachable(why) => Err(why),
        _ => Ok(false),
    }
}

/// Whether the server refuses by an alert or the end, rather than wait.
async fn refused(dialler: &Dialler, bytes: &[u8]) -> Seen<bool> {
    let flight = dialler.ask(bytes).await;
    match flight.end {
        End::Unreachable(why) => Err(why),
        // An error in the clear is a refusal too; what may be in it is another check's business.
        End::NotTls(_) => Ok(true),
        end => Ok(end.is_refusal()),
    }
}

/// Whether the server comes to any end by itself.
async fn settled(dialler: &Dialler, bytes: &[u8]) -> Seen<bool> {
    let flight = dialler.ask_until(bytes, Until::Hello).await;
    match flight.end {
        End::Unreachable(why) => Err(why),
        end => Ok(!matches!(end, End::TimedOut | End::Flood)),
    }
}

/// A hello in two packets: the first byte alone, the rest when it has had the time to arrive.
async fn slow(dialler: &Dialler, hello: &[u8]) -> Seen<bool> {
    use tokio::io::AsyncWriteExt as _;
    let mut connection = dialler.connect().await.map_err(|end| end.words())?;
    let (first, rest) = hello.split_at(1);
    if let Err(error) = connection.stream.write_all(first).await {
        return Err(crate::tls::errors::io_words(&error));
    }
    tokio::time::sleep(Duration::from_millis(30)).await;
    let flight = dialler.converse(&mut connection, rest, Until::Hello).await;
    Ok(flight.hello.is_some())
}

/// Whether a hello is answered while connections stand open that have sent half a record header, as many as the limits
/// leave room for.
async fn half_open(dialler: &Dialler, hello: &[u8]) -> Seen<bool> {
    use tokio::io::AsyncWriteExt as _;
    let others = dialler.concurrency().saturating_sub(1);
    if others == 0 {
        return Err("one connection at a time leaves no room for it".to_owned());
    }
    let mut open = Vec::new();
    for _ in 0..others {
        let mut connection = dialler.connect().await.map_err(|end| end.words())?;
        // A server that has closed already is none that is held up.
        let _ = connection.stream.write_all(&record(content_type::HANDSHAKE, TLS_1_0, b"")[..3]).await;
        open.push(connection);
    }
    // Whoever holds others up does so until a time limit ends it: longer than this is held up.
    tokio::time::timeout(HELD_UP, served(dialler, hello)).await.unwrap_or(Ok(false))
}
