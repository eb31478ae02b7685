//! TLS 1.2 with ECDHE, the server's side (RFC 5246 §7.3, RFC 8422).

use tokio::io::{AsyncRead, AsyncWrite};
use zeroize::Zeroizing;

use super::end::End;
use super::material::Material;
use super::message::{Message, Proof};
use super::offer::{Exchange, Offer};
use super::records::{Incoming, RecordStream, expect};
use super::script::{Moment, Script, Watch, changed};
use super::session::Session;
use crate::crypto::{self, KeyScheduleHash};
use crate::pki::key::KeyAlgorithm;
use crate::tls::registry::version::TLS_1_2;
use crate::tls::registry::{extension, handshake};
use crate::wire::hello::{Extension, ServerHello};
use crate::wire::record::ContentType;
use crate::wire::schedule::{Protection, RecordCipher, extended_master_secret, finished_1_2, master_secret};
use crate::wire::{Both, Side, write};

/// TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, for EC and Ed25519 keys.
pub(super) const SUITE_ECDSA: u16 = 0xc02b;
/// TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256.
pub(super) const SUITE_RSA: u16 = 0xc02f;
/// Their hash.
const HASH: KeyScheduleHash = KeyScheduleHash::Sha256;

type Secret = Zeroizing<Vec<u8>>;

/// What the server would sign with: ECDSA, Ed25519, RSA-PSS, PKCS#1 v1.5 (RFC 5246 §7.4.1.4.1, RFC 8446 §4.2.3).
const SCHEMES: [u16; 8] = [0x0403, 0x0503, 0x0807, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501];

/// The whole handshake.
pub(super) async fn negotiate<S>(
    mut records: RecordStream<S>,
    script: &Script,
    material: &Material,
    offer: Offer,
    watch: &(dyn Watch + Sync),
) -> Result<Session<S>, End>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    handshake_over(&mut records, script, material, &offer, &[], watch).await?;
    let mut session = Session::new(records, script);
    session.announce(changed(Moment::Established, None, script, &offer, material), script).await?;
    Ok(session)
}

/// One handshake over records that are in the clear, or sealed by an earlier one (RFC 5246 §7.4.1.1): then
/// `verify_data` is what both Finished of that one held (RFC 5746 §3.7). Returns what those of this one held.
pub(super) async fn handshake_over<S>(
    records: &mut RecordStream<S>,
    script: &Script,
    material: &Material,
    offer: &Offer,
    verify_data: &[u8],
    watch: &(dyn Watch + Sync),
) -> Result<Vec<u8>, End>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    if !offer.offers_version(TLS_1_2) {
        return Err(End::NothingInCommon("TLS 1.2"));
    }
    let messages = Message::new(handshake::CLIENT_HELLO, offer.body.clone()).encode();
    let together = (!verify_data.is_empty()).then(Vec::new);
    let mut server = Server { records, script, material, messages, offer, together };
    let (random, extended) = server.hello(verify_data)?;
    let active = server.flight(&random)?;
    if let Some(flight) = server.together.take() {
        server.records.put_messages(TLS_1_2, &flight);
    }
    server.records.flush().await?;
    watch.chose(TLS_1_2);

    let body = expect(server.records, handshake::CLIENT_KEY_EXCHANGE).await?;
    server.messages.extend(Message::new(handshake::CLIENT_KEY_EXCHANGE, body.clone()).encode());
    let premaster = active.complete(&body)?;
    let randoms = Both { client: server.offer.hello.random, server: random };
    let master = if extended {
        extended_master_secret(HASH, &premaster, &server.messages)
    } else {
        master_secret(HASH, &premaster, &randoms)
    };
    watch.secret("CLIENT_RANDOM", &randoms.client, &master);
    let cipher = |from| {
        // The suite is one that can be followed, and the master secret as long as all are.
        Protection::of(SUITE_RSA)
            .and_then(|suite| RecordCipher::tls_1_2(suite, &master, &randoms, from))
            .ok_or(End::Undecryptable)
    };
    let (opens, seals) = (cipher(Side::Client)?, cipher(Side::Server)?);
    match server.records.next().await? {
        Incoming::ChangeCipherSpec => server.records.opens = Some(opens),
        Incoming::Alert(description) => return Err(End::Alert(description)),
        Incoming::Closed => return Err(End::Closed),
        _ => return Err(End::Malformed("no ChangeCipherSpec before its Finished")),
    }
    let client = expect(server.records, handshake::FINISHED).await?;
    if client != finished_1_2(HASH, &master, Side::Client, &server.messages) {
        return Err(End::Undecryptable);
    }
    watch.handshake_completed();
    server.messages.extend(Message::new(handshake::FINISHED, client.clone()).encode());
    let own = finished_1_2(HASH, &master, Side::Server, &server.messages);
    server.records.put(ContentType::ChangeCipherSpec, &[1]);
    server.records.seals = Some(seals);
    server.send(Moment::Finished, Message::new(handshake::FINISHED, own.clone()));
    server.records.flush().await?;
    Ok([client, own].concat())
}

/// The server's half of the key exchange, until the client's half comes.
enum Active {
    /// Honest: what is left to do is the provider's.
    Honest(Box<dyn rustls::crypto::ActiveKeyExchange>),
    /// The script has put another share in its place, and the secret is what follows from that one.
    Degenerate(Secret),
    /// The shared secret is the client's own public value: the server's exponent is 1.
    Echo,
}

impl Active {
    fn complete(self, client_key_exchange: &[u8]) -> Result<Secret, End> {
        match self {
            Self::Honest(active) => {
                let share = client_key_exchange.get(1..).unwrap_or_default();
                let secret = active.complete(share);
                let secret =
                    secret.map_err(|_| End::Malformed("a key share that is no point of its group"))?;
                Ok(secret.secret_bytes().to_vec().into())
            }
            Self::Degenerate(secret) => Ok(secret),
            Self::Echo => Ok(client_key_exchange.get(2..).unwrap_or_default().to_vec().into()),
        }
    }
}

struct Server<'a, S> {
    records: &'a mut RecordStream<S>,
    script: &'a Script,
    material: &'a Material,
    /// The transcript: every message as it was sent.
    messages: Vec<u8>,
    offer: &'a Offer,
    /// Of a renegotiation, the flight, which goes into one record: a client that stops reading at the certificate then
    /// leaves nothing unread, and its close is none that resets the connection (RFC 1122 §4.2.2.13).
    together: Option<Vec<Message>>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Server<'_, S> {
    /// ServerHello: its random, and whether extended_master_secret (RFC 7627) was agreed on.
    fn hello(&mut self, verify_data: &[u8]) -> Result<([u8; 32], bool), End> {
        let suite = suite_of(self.script.key);
        if !self.offer.offers_suite(suite) {
            return Err(End::NothingInCommon("ECDHE with AES-128-GCM"));
        }
        let extended = self.offer.hello.has(extension::EXTENDED_MASTER_SECRET);
        let random = crypto::random().map_err(|_| End::NothingInCommon("randomness"))?;
        let mut hello = ServerHello::new(TLS_1_2, random, suite);
        if self.offer.offers_secure_renegotiation() {
            hello.set(Extension::renegotiation_info(verify_data));
        }
        if extended {
            hello.set(Extension::empty(extension::EXTENDED_MASTER_SECRET));
        }
        if self.offer.hello.has(extension::EC_POINT_FORMATS) {
            hello.set(Extension::ec_point_formats(&[0]));
        }
        (self.script.hello)(&mut hello, self.offer);
        self.send(Moment::ServerHello, Message::new(handshake::SERVER_HELLO, hello.write()));
        (self.script.bytes)(Moment::ServerHello, self.records.pending());
        Ok((hello.random, extended))
    }

    /// Certificate to ServerHelloDone.
    fn flight(&mut self, random: &[u8; 32]) -> Result<Active, End> {
        self.send(
            Moment::Certificate,
            Message::new(handshake::CERTIFICATE, write::certificates_1_2(&self.material.ders())),
        );
        let group = self.offer.usable_group().ok_or(End::NothingInCommon("X25519 or secp256r1"))?;
        let started = Exchange::start(group)?;
        let honest = Exchange {
            group,
            public: started.pub_key().to_vec(),
            secret: Secret::default(),
            finite_field: None,
        };
        let mut exchange = honest.clone();
        (self.script.exchange)(&mut exchange, self.offer);
        let active = if exchange.finite_field.is_some() {
            Active::Echo
        } else if exchange.public == honest.public {
            Active::Honest(started)
        } else {
            Active::Degenerate(exchange.secret.clone())
        };
        let parameters = exchange.parameters();
        let proof = self.proof(random, &parameters)?;
        let body = write::server_key_exchange(&parameters, proof.scheme, &proof.signature);
        self.send(Moment::ServerKeyExchange, Message::new(handshake::SERVER_KEY_EXCHANGE, body));
        self.send(Moment::ServerHelloDone, Message::new(handshake::SERVER_HELLO_DONE, Vec::new()));
        Ok(active)
    }

    /// ServerKeyExchange's signature over both randoms and the parameters (RFC 8422 §5.4).
    fn proof(&self, random: &[u8; 32], parameters: &[u8]) -> Result<Proof, End> {
        let signed = [&self.offer.hello.random[..], random, parameters].concat();
        let offered = self.offer.hello.signature_schemes();
        let proof = SCHEMES
            .into_iter()
            .filter(|scheme| offered.contains(scheme))
            .find_map(|scheme| Some(Proof { scheme, signature: self.material.sign(scheme, &signed)? }));
        let mut proof = proof.ok_or(End::NothingInCommon("a signature scheme for the server's key"))?;
        (self.script.proof)(&mut proof, &signed, self.offer, self.material);
        Ok(proof)
    }

    fn send(&mut self, moment: Moment, healthy: Message) {
        let messages = changed(moment, Some(healthy), self.script, self.offer, self.material);
        self.messages.extend(messages.iter().flat_map(Message::encode));
        if let Some(flight) = &mut self.together {
            return flight.extend(messages);
        }
        self.records.put_messages(TLS_1_2, &messages);
        if moment != Moment::ServerHello {
            (self.script.bytes)(moment, self.records.pending());
        }
    }
}

/// The suite for a kind of key.
pub(super) fn suite_of(key: KeyAlgorithm) -> u16 {
    if key.is_rsa() { SUITE_RSA } else { SUITE_ECDSA }
}
