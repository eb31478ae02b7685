//! The answer of a server that knows nothing newer than SSL 3, TLS 1.0 or TLS 1.1 (RFC 6101, 2246, 4346).
//!
//! A client that refuses old versions aborts at the ServerHello (RFC 8996 §4 and §5, RFC 7568 §3). One that goes on
//! shows it by its ClientKeyExchange, which it sends once it has taken hello, certificate and ServerHelloDone: so the
//! key exchange is RSA's wherever the client offers it, for that needs no signature of an old kind.

use tokio::io::{AsyncRead, AsyncWrite};

use super::end::End;
use super::material::Material;
use super::message::Message;
use super::offer::{Exchange, Offer};
use super::records::{Incoming, RecordStream};
use crate::crypto;
use crate::tls::registry::handshake;
use crate::wire::hello::ServerHello;
use crate::wire::vector::vector16;
use crate::wire::write;

/// Suites with RSA key exchange that the old versions have: AES-128, AES-256, 3DES in CBC, RC4 with SHA and MD5.
const STATIC_RSA: [u16; 5] = [0x002f, 0x0035, 0x000a, 0x0005, 0x0004];
/// TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, for clients that offer none of these.
const ECDHE: u16 = 0xc013;

/// Plays it, and says what the client made of it.
pub(super) async fn play_out<S>(
    mut records: RecordStream<S>,
    version: u16,
    offer: &Offer,
    material: &Material,
) -> End
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    match play(&mut records, version, offer, material).await {
        Ok(end) | Err(end) => end,
    }
}

async fn play<S>(
    records: &mut RecordStream<S>,
    version: u16,
    offer: &Offer,
    material: &Material,
) -> Result<End, End>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let suite = offer.first_suite(&STATIC_RSA);
    let random = crypto::random().map_err(|_| End::NothingInCommon("randomness"))?;
    let hello = ServerHello::new(version, random, suite.unwrap_or(ECDHE));
    let mut flight = vec![
        Message::new(handshake::SERVER_HELLO, hello.write()),
        Message::new(handshake::CERTIFICATE, write::certificates_1_2(&material.ders())),
    ];
    if suite.is_none() {
        let group = offer.usable_group().ok_or(End::NothingInCommon("X25519 or secp256r1"))?;
        let public = Exchange::start(group)?.pub_key().to_vec();
        // TLS 1.0 signs MD5 and SHA-1 in one; nobody here does, so the signature is one in form only.
        let parameters = write::ecdhe_parameters(group, &public);
        let body = [parameters, vector16(&[0; 256])].concat();
        flight.push(Message::new(handshake::SERVER_KEY_EXCHANGE, body));
    }
    flight.push(Message::new(handshake::SERVER_HELLO_DONE, Vec::new()));
    records.put_messages(version, &flight);
    records.flush().await?;
    Ok(match records.next().await? {
        Incoming::Message(handshake::CLIENT_KEY_EXCHANGE | handshake::CERTIFICATE, _) => End::WentOn,
        Incoming::Alert(description) => End::Alert(description),
        Incoming::Closed => End::Closed,
        _ => End::Malformed("neither an alert nor a ClientKeyExchange"),
    })
}
