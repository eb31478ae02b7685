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
//! | `script`, `material`, `end` | how a server serves, with what, and how it ended |
//! | `tls13`, `tls12`, `old` | the handshakes, step by step |
//! | `renegotiation` | more handshakes within a session of TLS 1.2 |
//! | `session` | application data once there are keys |
//! | `cases` | the faults, a script each |
//!
//! TLS 1.3 (RFC 8446) is spoken with TLS_AES_128_GCM_SHA256, TLS 1.2 (RFC 5246) with ECDHE and AES-128-GCM, key exchange
//! by X25519 or P-256: every client of today has these. Client certificates are not asked for, sessions not resumed.

pub mod cases;
mod end;
mod material;
pub mod message;
mod offer;
mod old;
mod records;
mod renegotiation;
mod script;
mod session;
#[cfg(test)]
mod tests;
mod tls12;
mod tls13;

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};

use crate::tls::registry::alert::CLOSE_NOTIFY;
use crate::tls::registry::handshake;
use crate::wire::record::{ContentType, HEADER};
use records::{Incoming, RecordStream, expect};

pub use end::End;
pub use material::Material;
pub use offer::{Exchange, Offer};
pub use renegotiation::renegotiate;
pub use script::{Moment, Opening, Reply, Script, Version, Watch};
pub use session::{Heard, Session};

/// How long a client has to be content with the first bytes of an answer in the clear.
const FIRST_LOOK: Duration = Duration::from_millis(50);

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
    let offer = offered(&mut records, watch).await?;
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

/// What the ClientHello that begins a connection offers.
async fn offered<S>(records: &mut RecordStream<S>, watch: &(dyn Watch + Sync)) -> Result<Offer, End>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let body = match expect(records, handshake::CLIENT_HELLO).await {
        Err(End::NotTls(first)) => {
            watch.plaintext(&first);
            records.rest(|bytes| watch.plaintext(bytes)).await?;
            return Err(End::NotTls(first));
        }
        body => body?,
    };
    watch.client_hello(&body);
    read_offer(&body)
}

fn read_offer(body: &[u8]) -> Result<Offer, End> {
    Offer::read(body).ok_or(End::Malformed("a ClientHello that cannot be read"))
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

/// What the client still says, to its end, when nothing more is sent.
async fn aftermath<S>(records: &mut RecordStream<S>, watch: &(dyn Watch + Sync)) -> End
where
    S: AsyncRead + AsyncWrite + Unpin,
{
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
