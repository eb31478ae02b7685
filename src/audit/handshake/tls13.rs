//! TLS 1.3, the server's side (RFC 8446 §2, figure 1).

use tokio::io::{AsyncRead, AsyncWrite};
use zeroize::Zeroizing;

use super::end::End;
use super::material::Material;
use super::message::{Message, Proof};
use super::offer::{Exchange, Offer};
use super::records::{RecordStream, expect};
use super::script::{Moment, Script, Watch, changed};
use super::session::Session;
use crate::crypto::{self, KeyScheduleHash};
use crate::tls::registry::handshake;
use crate::tls::registry::version::{TLS_1_2, TLS_1_3};
use crate::wire::hello::{Extension, HELLO_RETRY_REQUEST, ServerHello};
use crate::wire::record::ContentType;
use crate::wire::schedule::{KeySchedule, Protection, RecordCipher, finished};
use crate::wire::vector::vector16;
use crate::wire::write;

/// TLS_AES_128_GCM_SHA256.
pub(super) const SUITE: u16 = 0x1301;
/// Its hash.
const HASH: KeyScheduleHash = KeyScheduleHash::Sha256;
/// What the server would sign with: ECDSA on P-256 and P-384, Ed25519, RSA-PSS (RFC 8446 §4.2.3).
const SCHEMES: [u16; 6] = [0x0403, 0x0503, 0x0807, 0x0804, 0x0805, 0x0806];

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
    if !offer.offers_version(TLS_1_3) {
        return Err(End::NothingInCommon("TLS 1.3"));
    }
    let mut server = Server { records: &mut records, script, material, messages: Vec::new(), offer };
    server.retry().await?;
    let secrets = server.hello().await?;
    watch.chose(TLS_1_3);
    let random = server.offer.hello.random;
    watch.secret("CLIENT_HANDSHAKE_TRAFFIC_SECRET", &random, &secrets.client);
    watch.secret("SERVER_HANDSHAKE_TRAFFIC_SECRET", &random, &secrets.server);
    server.flight(&secrets)?;
    let master = secrets.schedule.master();
    let client = master.derive("c ap traffic", &server.messages);
    let own = master.derive("s ap traffic", &server.messages);
    watch.secret("CLIENT_TRAFFIC_SECRET_0", &random, &client);
    watch.secret("SERVER_TRAFFIC_SECRET_0", &random, &own);
    let seals = cipher(&own)?;
    server.records.flush().await?;
    server.records.seals = Some(seals);
    let verify_data = expect(server.records, handshake::FINISHED).await?;
    if verify_data != finished(HASH, &secrets.client, &server.messages) {
        return Err(End::Undecryptable);
    }
    watch.handshake_completed();
    let offer = server.offer;
    records.opens = Some(cipher(&client)?);
    let mut session = Session::new(records, script);
    session.announce(changed(Moment::Established, None, script, &offer, material), script).await?;
    Ok(session)
}

/// What protects one direction's records.
fn cipher(traffic_secret: &[u8]) -> Result<RecordCipher, End> {
    // The suite is one that can be followed, and the secret as long as its hash.
    Protection::of(SUITE)
        .and_then(|suite| RecordCipher::tls_1_3(suite, traffic_secret))
        .ok_or(End::Undecryptable)
}

/// The secrets after ServerHello (RFC 8446 §7.1).
struct Secrets {
    schedule: KeySchedule,
    client: Zeroizing<Vec<u8>>,
    server: Zeroizing<Vec<u8>>,
}

struct Server<'a, S> {
    records: &'a mut RecordStream<S>,
    script: &'a Script,
    material: &'a Material,
    /// The transcript: every message as it was sent (RFC 8446 §4.4.1).
    messages: Vec<u8>,
    offer: Offer,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Server<'_, S> {
    fn client_hello(&self) -> Vec<u8> {
        Message::new(handshake::CLIENT_HELLO, self.offer.body.clone()).encode()
    }

    /// A healthy answer with this key share.
    fn server_hello(&self, random: [u8; 32], share: Extension) -> ServerHello {
        ServerHello {
            session_id: self.offer.hello.session_id.clone(),
            extensions: vec![Extension::selected_version(TLS_1_3), share],
            ..ServerHello::new(TLS_1_2, random, SUITE)
        }
    }

    /// HelloRetryRequests: the script's, or the one that a client without a usable share needs.
    async fn retry(&mut self) -> Result<(), End> {
        let mut groups = self.script.retries.iter().map(|group| group(&self.offer)).collect::<Vec<_>>();
        if groups.is_empty() && self.offer.usable_share().is_none() {
            groups.push(self.offer.usable_group().ok_or(End::NothingInCommon("X25519 or secp256r1"))?);
        }
        for group in groups {
            // RFC 8446 §4.4.1: message_hash stands for the first ClientHello.
            let hash = crypto::sha256(&self.client_hello()).to_vec();
            self.messages.extend(Message::new(handshake::MESSAGE_HASH, hash).encode());
            let request = self.server_hello(HELLO_RETRY_REQUEST, Extension::selected_group(group));
            let message = Message::new(handshake::SERVER_HELLO, request.write());
            self.messages.extend(message.encode());
            self.records.put_messages(TLS_1_2, &[message]);
            self.records.put(ContentType::ChangeCipherSpec, &[1]);
            self.records.flush().await?;
            let body = expect(self.records, handshake::CLIENT_HELLO).await?;
            self.offer = Offer::read(&body).ok_or(End::Malformed("a ClientHello that cannot be read"))?;
        }
        Ok(())
    }

    /// ServerHello, and the keys that follow from it.
    async fn hello(&mut self) -> Result<Secrets, End> {
        let (group, share) = self.offer.usable_share().ok_or(End::NothingInCommon("X25519 or secp256r1"))?;
        let mut exchange = Exchange::answer(group, share)?;
        (self.script.exchange)(&mut exchange, &self.offer);
        let random = crypto::random().map_err(|_| End::NothingInCommon("randomness"))?;
        let share = Extension::server_key_share(exchange.group, &exchange.public);
        let mut hello = self.server_hello(random, share);
        (self.script.hello)(&mut hello, &self.offer);
        let healthy = Message::new(handshake::SERVER_HELLO, hello.write());
        let messages = changed(Moment::ServerHello, Some(healthy), self.script, &self.offer, self.material);
        let client_hello = self.client_hello();
        self.messages.extend(client_hello);
        self.messages.extend(messages.iter().flat_map(Message::encode));
        self.records.put_messages(TLS_1_2, &messages);
        // RFC 8446 appendix D.4: what middleboxes want to see.
        self.records.put(ContentType::ChangeCipherSpec, &[1]);
        (self.script.bytes)(Moment::ServerHello, self.records.pending());
        // A client that refuses the ServerHello says so before there is anything else to refuse.
        self.records.flush().await?;
        let schedule = KeySchedule::early(HASH, None).handshake(&exchange.secret);
        let client = schedule.derive("c hs traffic", &self.messages);
        let server = schedule.derive("s hs traffic", &self.messages);
        self.records.opens = Some(cipher(&client)?);
        self.records.seals = Some(cipher(&server)?);
        Ok(Secrets { schedule, client, server })
    }

    /// EncryptedExtensions to Finished, each over what was sent before it.
    fn flight(&mut self, secrets: &Secrets) -> Result<(), End> {
        self.send(Moment::EncryptedExtensions, Message::new(handshake::ENCRYPTED_EXTENSIONS, vector16(&[])));
        let certificate =
            Message::new(handshake::CERTIFICATE, write::certificates_1_3(&[], &self.material.ders()));
        self.send(Moment::Certificate, certificate);
        let proof = self.proof()?;
        self.send(
            Moment::CertificateVerify,
            Message::new(
                handshake::CERTIFICATE_VERIFY,
                write::certificate_verify(proof.scheme, &proof.signature),
            ),
        );
        let finished = Message::new(handshake::FINISHED, finished(HASH, &secrets.server, &self.messages));
        self.send(Moment::Finished, finished);
        Ok(())
    }

    fn send(&mut self, moment: Moment, healthy: Message) {
        let messages = changed(moment, Some(healthy), self.script, &self.offer, self.material);
        self.messages.extend(messages.iter().flat_map(Message::encode));
        self.records.put_messages(TLS_1_2, &messages);
    }

    /// CertificateVerify's signature (RFC 8446 §4.4.3).
    fn proof(&self) -> Result<Proof, End> {
        let signed =
            [&[0x20; 64][..], b"TLS 1.3, server CertificateVerify\0", &crypto::sha256(&self.messages)]
                .concat();
        let offered = self.offer.hello.signature_schemes();
        let proof = SCHEMES
            .into_iter()
            .filter(|scheme| offered.contains(scheme))
            .find_map(|scheme| Some(Proof { scheme, signature: self.material.sign(scheme, &signed)? }));
        let mut proof = proof.ok_or(End::NothingInCommon("a signature scheme for the server's key"))?;
        (self.script.proof)(&mut proof, &signed, &self.offer, self.material);
        Ok(proof)
    }
}
