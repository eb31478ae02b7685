//! TLS 1.2 with ECDHE, the server's side (RFC 5246 §7.3, RFC 8422).

use tokio::io::{AsyncRead, AsyncWrite};

use super::keys::{Protection, Secret, prf};
use super::message::{Kind, Message, Proof, ServerHello, certificate_12, vector8};
use super::offer::{Exchange, Offer, extension};
use super::records::{Incoming, RecordStream};
use super::session::Session;
use super::{End, Material, Moment, Script, Watch, changed, expect};
use crate::crypto;
use crate::pki::key::KeyAlgorithm;
use crate::wire::record::ContentType;

/// TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, for EC and Ed25519 keys.
pub(super) const SUITE_ECDSA: u16 = 0xc02b;
/// TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256.
pub(super) const SUITE_RSA: u16 = 0xc02f;
/// What the server would sign with: ECDSA, Ed25519, RSA-PSS, PKCS#1 v1.5 (RFC 5246 §7.4.1.4.1, RFC 8446 §4.2.3).
const SCHEMES: [u16; 8] = [0x0403, 0x0503, 0x0807, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501];

/// The whole handshake.
pub(super) async fn handshake<S>(
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
    let mut session = Session::new(records, script.reply, None);
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
    if !offer.offers_version(0x0303) {
        return Err(End::NothingInCommon("TLS 1.2"));
    }
    let messages = Message::new(Kind::CLIENT_HELLO, offer.body.clone()).encode();
    let mut server = Server { records, script, material, messages, offer };
    let (random, extended) = server.hello(verify_data)?;
    let active = server.flight(&random)?;
    server.records.flush().await?;
    watch.chose(0x0303);

    let body = expect(server.records, Kind::CLIENT_KEY_EXCHANGE).await?;
    server.messages.extend(Message::new(Kind::CLIENT_KEY_EXCHANGE, body.clone()).encode());
    let premaster = active.complete(&body)?;
    let master = server.master(&premaster, &random, extended);
    let (opens, seals) = Protection::tls_1_2(&master, &server.offer.hello.random, &random)?;
    match server.records.next().await? {
        Incoming::ChangeCipherSpec => server.records.opens = Some(opens),
        Incoming::Alert(description) => return Err(End::Alert(description)),
        Incoming::Closed => return Err(End::Closed),
        _ => return Err(End::Malformed("no ChangeCipherSpec before its Finished")),
    }
    let client = expect(server.records, Kind::FINISHED).await?;
    if client != server.verify_data(&master, "client finished") {
        return Err(End::Undecryptable);
    }
    watch.handshake_completed();
    server.messages.extend(Message::new(Kind::FINISHED, client.clone()).encode());
    let own = server.verify_data(&master, "server finished");
    server.records.put(ContentType::ChangeCipherSpec, &[1]);
    server.records.seals = Some(seals);
    server.send(Moment::Finished, Message::new(Kind::FINISHED, own.clone()));
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
}

impl<S: AsyncRead + AsyncWrite + Unpin> Server<'_, S> {
    /// ServerHello: its random, and whether extended_master_secret (RFC 7627) was agreed on.
    fn hello(&mut self, verify_data: &[u8]) -> Result<([u8; 32], bool), End> {
        let suite = suite_of(self.script.key);
        if !self.offer.offers_suite(suite) {
            return Err(End::NothingInCommon("ECDHE with AES-128-GCM"));
        }
        let extended = self.offer.hello.has(extension::EXTENDED_MASTER_SECRET);
        let mut hello = ServerHello {
            legacy_version: 0x0303,
            random: crypto::random().map_err(|_| End::NothingInCommon("randomness"))?,
            session_id: Vec::new(),
            cipher_suite: suite,
            compression: 0,
            extensions: Vec::new(),
        };
        if self.offer.offers_secure_renegotiation() {
            hello.set(extension::RENEGOTIATION_INFO, vector8(verify_data));
        }
        if extended {
            hello.set(extension::EXTENDED_MASTER_SECRET, Vec::new());
        }
        if self.offer.hello.has(extension::EC_POINT_FORMATS) {
            hello.set(extension::EC_POINT_FORMATS, vec![1, 0]);
        }
        (self.script.hello)(&mut hello, self.offer);
        self.send(Moment::ServerHello, Message::new(Kind::SERVER_HELLO, hello.body()));
        (self.script.octets)(Moment::ServerHello, self.records.pending());
        Ok((hello.random, extended))
    }

    /// Certificate to ServerHelloDone.
    fn flight(&mut self, random: &[u8; 32]) -> Result<Active, End> {
        self.send(
            Moment::Certificate,
            Message::new(Kind::CERTIFICATE, certificate_12(self.material.chain())),
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
        let body = [parameters, proof.encode()].concat();
        self.send(Moment::ServerKeyExchange, Message::new(Kind::SERVER_KEY_EXCHANGE, body));
        self.send(Moment::ServerHelloDone, Message::new(Kind::SERVER_HELLO_DONE, Vec::new()));
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

    /// The master secret (RFC 5246 §8.1, RFC 7627 §4).
    fn master(&self, premaster: &[u8], random: &[u8; 32], extended: bool) -> Secret {
        if extended {
            prf(premaster, "extended master secret", &crypto::sha256(&self.messages), 48)
        } else {
            prf(premaster, "master secret", &[self.offer.hello.random, *random].concat(), 48)
        }
    }

    /// A Finished's verify_data (RFC 5246 §7.4.9).
    fn verify_data(&self, master: &[u8], label: &str) -> Vec<u8> {
        prf(master, label, &crypto::sha256(&self.messages), 12).to_vec()
    }

    fn send(&mut self, moment: Moment, healthy: Message) {
        let messages = changed(moment, Some(healthy), self.script, self.offer, self.material);
        self.messages.extend(messages.iter().flat_map(Message::encode));
        self.records.put_messages(0x0303, &messages);
        if moment != Moment::ServerHello {
            (self.script.octets)(moment, self.records.pending());
        }
    }
}

/// The suite for a kind of key.
pub(super) fn suite_of(key: KeyAlgorithm) -> u16 {
    if key.is_rsa() { SUITE_RSA } else { SUITE_ECDSA }
}
