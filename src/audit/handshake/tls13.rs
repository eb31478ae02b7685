//! TLS 1.3, the server's side (RFC 8446 §2, figure 1).

use tokio::io::{AsyncRead, AsyncWrite};

use super::keys::{Handshake13, Protection, verify_data_13};
use super::message::{Kind, Message, Proof, ServerHello, certificate_13, vector16};
use super::offer::{Exchange, Offer, extension};
use super::records::RecordStream;
use super::session::{Keys, Session};
use super::{End, Material, Moment, Script, Watch, changed, expect};
use crate::crypto;
use crate::wire::hello::HELLO_RETRY_REQUEST;
use crate::wire::record::ContentType;

/// TLS_AES_128_GCM_SHA256.
pub(super) const SUITE: u16 = 0x1301;
/// What the server would sign with: ECDSA on P-256 and P-384, Ed25519, RSA-PSS (RFC 8446 §4.2.3).
const SCHEMES: [u16; 6] = [0x0403, 0x0503, 0x0807, 0x0804, 0x0805, 0x0806];

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
    if !offer.offers_version(0x0304) {
        return Err(End::NothingInCommon("TLS 1.3"));
    }
    let mut server = Server { records: &mut records, script, material, messages: Vec::new(), offer };
    server.retry().await?;
    let secrets = server.hello().await?;
    watch.chose(0x0304);
    server.flight(&secrets)?;
    let (client, sealed) = secrets.application(&server.messages);
    server.records.flush().await?;
    let seals = Protection::tls_1_3(&sealed)?;
    server.records.seals = Some(seals);
    let finished = expect(server.records, Kind::FINISHED).await?;
    if finished != verify_data_13(&secrets.client, &server.messages) {
        return Err(End::Undecryptable);
    }
    watch.handshake_completed();
    let offer = server.offer;
    records.opens = Some(Protection::tls_1_3(&client)?);
    let mut session = Session::new(records, script.reply, Some(Keys { client, server: sealed }));
    session.announce(changed(Moment::Established, None, script, &offer, material), script).await?;
    Ok(session)
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
        Message::new(Kind::CLIENT_HELLO, self.offer.body.clone()).encode()
    }

    /// A healthy answer with this key share, its random still to be drawn.
    fn server_hello(&self, share: Vec<u8>) -> ServerHello {
        ServerHello {
            legacy_version: 0x0303,
            random: [0; 32],
            session_id: self.offer.hello.session_id.clone(),
            cipher_suite: SUITE,
            compression: 0,
            extensions: vec![(extension::SUPPORTED_VERSIONS, vec![3, 4]), (extension::KEY_SHARE, share)],
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
            self.messages.extend(Message::new(Kind::MESSAGE_HASH, hash).encode());
            let request = ServerHello {
                random: HELLO_RETRY_REQUEST,
                extensions: vec![
                    (extension::SUPPORTED_VERSIONS, vec![3, 4]),
                    (extension::KEY_SHARE, group.to_be_bytes().to_vec()),
                ],
                ..self.server_hello(Vec::new())
            };
            let message = Message::new(Kind::SERVER_HELLO, request.body());
            self.messages.extend(message.encode());
            self.records.put_messages(0x0303, &[message]);
            self.records.put(ContentType::ChangeCipherSpec, &[1]);
            self.records.flush().await?;
            let body = expect(self.records, Kind::CLIENT_HELLO).await?;
            self.offer = Offer::read(&body).ok_or(End::Malformed("a ClientHello that cannot be read"))?;
        }
        Ok(())
    }

    /// ServerHello, and the keys that follow from it.
    async fn hello(&mut self) -> Result<Handshake13, End> {
        let (group, share) = self.offer.usable_share().ok_or(End::NothingInCommon("X25519 or secp256r1"))?;
        let mut exchange = Exchange::answer(group, share)?;
        (self.script.exchange)(&mut exchange, &self.offer);
        let share = [&exchange.group.to_be_bytes()[..], &vector16(&exchange.public)].concat();
        let mut hello = self.server_hello(share);
        hello.random = crypto::random().map_err(|_| End::NothingInCommon("randomness"))?;
        (self.script.hello)(&mut hello, &self.offer);
        let healthy = Message::new(Kind::SERVER_HELLO, hello.body());
        let messages = changed(Moment::ServerHello, Some(healthy), self.script, &self.offer, self.material);
        let client_hello = self.client_hello();
        self.messages.extend(client_hello);
        self.messages.extend(messages.iter().flat_map(Message::encode));
        self.records.put_messages(0x0303, &messages);
        // RFC 8446 appendix D.4: what middleboxes want to see.
        self.records.put(ContentType::ChangeCipherSpec, &[1]);
        (self.script.octets)(Moment::ServerHello, self.records.pending());
        // A client that refuses the ServerHello says so before there is anything else to refuse.
        self.records.flush().await?;
        let secrets = Handshake13::new(&exchange.secret, &self.messages);
        self.records.opens = Some(Protection::tls_1_3(&secrets.client)?);
        self.records.seals = Some(Protection::tls_1_3(&secrets.server)?);
        Ok(secrets)
    }

    /// EncryptedExtensions to Finished, each over what was sent before it.
    fn flight(&mut self, secrets: &Handshake13) -> Result<(), End> {
        self.send(Moment::EncryptedExtensions, Message::new(Kind::ENCRYPTED_EXTENSIONS, vector16(&[])));
        let certificate = Message::new(Kind::CERTIFICATE, certificate_13(self.material.chain()));
        self.send(Moment::Certificate, certificate);
        let proof = self.proof()?;
        self.send(Moment::CertificateVerify, Message::new(Kind::CERTIFICATE_VERIFY, proof.encode()));
        let finished = Message::new(Kind::FINISHED, verify_data_13(&secrets.server, &self.messages));
        self.send(Moment::Finished, finished);
        Ok(())
    }

    fn send(&mut self, moment: Moment, healthy: Message) {
        let messages = changed(moment, Some(healthy), self.script, &self.offer, self.material);
        self.messages.extend(messages.iter().flat_map(Message::encode));
        self.records.put_messages(0x0303, &messages);
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
