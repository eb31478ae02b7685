//! The healthy server: rustls, driven by hand, so that every byte and every alert of the client's is seen, also what it
//! says just before it resets the connection.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, ServerConnection};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::conversation::Conversation;
use crate::audit::case::{Connection, Scene, Seen, Serve, Serving};
use crate::server::Identity;
use crate::tls::Versions;
use crate::tls::registry::handshake::CLIENT_HELLO;
use crate::wire::handshake::Messages;
use crate::wire::record::{ContentType, HEADER, Records, Unit};

/// How long a server that has answered waits for more before it ends the conversation.
pub(super) const PAUSE: Duration = Duration::from_secs(2);
/// The longest first flight that is waited for.
const LONGEST_HELLO: usize = 128 * 1024;

/// Shows the case's certificate, shakes hands, and talks.
#[derive(Clone, Copy, Debug)]
pub struct Healthy;

impl Serve for Healthy {
    fn serve<'a>(&'a self, connection: Connection, scene: &'a Scene, seen: &'a Seen) -> Serving<'a> {
        Box::pin(async move {
            match configuration(&scene.material.identity, scene.versions) {
                Ok(config) => drop(converse(connection, config, scene, seen).await),
                Err(error) => seen.cannot_be_set_up(&error),
            }
        })
    }
}

/// A rustls configuration for this identity: no tickets, for what a client leaves unread when it ends makes its system
/// reset the connection.
pub fn configuration(identity: &Identity, versions: Versions) -> Result<Arc<ServerConfig>, rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(crate::crypto::provider())
        .with_protocol_versions(versions.supported())?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Always(identity.certified())));
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    Ok(Arc::new(config))
}

/// Whoever asks gets this certificate.
#[derive(Debug)]
struct Always(Arc<CertifiedKey>);

impl ResolvesServerCert for Always {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

/// Serves a stream by `config` to its end; the conversation that it was.
pub async fn converse<S>(stream: S, config: Arc<ServerConfig>, scene: &Scene, seen: &Seen) -> Conversation
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut session = Session {
        stream,
        seen,
        opening: Opening::default(),
        conversation: Conversation::new(scene.reply).with_page(scene.page.clone()),
        mute: false,
        goodbye: false,
    };
    // An error of the socket's is told where it happens; there is nobody else to tell.
    let _ = session.run(config).await;
    session.conversation
}

struct Session<'a, S> {
    stream: S,
    seen: &'a Seen,
    opening: Opening,
    conversation: Conversation,
    /// Whether writing is over: closed by us, or refused by the peer. What it still says is heard all the same.
    mute: bool,
    /// Whether the client has said close_notify: a reset that follows answers our own goodbye, and says nothing.
    goodbye: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<'_, S> {
    async fn run(&mut self, config: Arc<ServerConfig>) -> io::Result<()> {
        let mut buffer = vec![0; 16 * 1024];
        let mut first = Vec::new();
        // The ClientHello says whether a protocol is to be chosen.
        while !self.opening.done && first.len() < LONGEST_HELLO && !Opening::is_foreign(&first) {
            let count = self.read(&mut buffer).await?;
            if count == 0 {
                // Less than a record's header, cut off, may have been anything.
                if !first.is_empty() && first.len() < HEADER {
                    self.seen.plaintext(&first);
                }
                return Ok(());
            }
            first.extend_from_slice(&buffer[..count]);
            if !Opening::is_foreign(&first) {
                self.opening.take(&buffer[..count], self.seen);
            }
        }
        if Opening::is_foreign(&first) {
            return self.in_the_clear(&first, &mut buffer).await;
        }
        let mut config = (*self.with_protocol(config)).clone();
        config.key_log = Arc::new(self.seen.recorder());
        let mut tls = ServerConnection::new(Arc::new(config)).map_err(io::Error::other)?;
        self.take(&mut tls, &first).await;
        loop {
            let answered = self.conversation.has_answered();
            let count = if answered && !self.mute {
                if let Ok(count) = tokio::time::timeout(PAUSE, self.read(&mut buffer)).await {
                    count?
                } else {
                    self.close(&mut tls).await;
                    continue;
                }
            } else {
                self.read(&mut buffer).await?
            };
            if count == 0 {
                self.close(&mut tls).await;
                return Ok(());
            }
            self.take(&mut tls, &buffer[..count]).await;
        }
    }

    async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.stream.read(buffer).await {
            Ok(0) => Ok(0),
            Ok(count) => {
                self.seen.spoke();
                Ok(count)
            }
            Err(error) => {
                let reset =
                    matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe);
                if reset && !self.goodbye {
                    self.seen.reset();
                }
                Err(error)
            }
        }
    }

    /// HTTP/1.1 where the client offers a choice of protocols; who offers none is asked for none.
    fn with_protocol(&self, config: Arc<ServerConfig>) -> Arc<ServerConfig> {
        const HTTP: &[u8] = b"http/1.1";
        let offers = |hello: Vec<u8>| {
            crate::wire::hello::ClientHello::read(&hello)
                .is_some_and(|hello| hello.protocols().iter().any(|protocol| protocol == HTTP))
        };
        if self.seen.wire().client_hello.is_some_and(offers) {
            let mut config = (*config).clone();
            config.alpn_protocols = vec![HTTP.to_vec()];
            return Arc::new(config);
        }
        config
    }

    /// What came, through rustls; what it has to say, back.
    async fn take(&mut self, tls: &mut ServerConnection, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            match tls.read_tls(&mut bytes) {
                Ok(0) | Err(_) => break,
                Ok(_) => {}
            }
            let state = tls.process_new_packets();
            if let Some(version) = tls.protocol_version() {
                self.seen.chose(version.into());
            }
            match state {
                Ok(state) => {
                    if !tls.is_handshaking() {
                        self.seen.handshake_completed();
                    }
                    let mut received = vec![0; state.plaintext_bytes_to_read()];
                    // It has as many as it said.
                    if io::Read::read_exact(&mut tls.reader(), &mut received).is_ok() {
                        self.received(tls, &received);
                    }
                    self.goodbye |= state.peer_has_closed();
                    self.flush(tls).await;
                    if state.peer_has_closed() || self.conversation.is_over() {
                        self.close(tls).await;
                    }
                }
                Err(error) => {
                    if let rustls::Error::AlertReceived(alert) = error {
                        self.seen.alert(alert.into());
                    } else {
                        self.seen.note(format!("the server ended it: {error}"));
                    }
                    self.flush(tls).await;
                    self.mute = true;
                    // Half a close: the client may have more to say.
                    let _ = self.stream.shutdown().await;
                    break;
                }
            }
        }
        self.flush(tls).await;
    }

    fn received(&mut self, tls: &mut ServerConnection, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.seen.application(bytes);
        let answer = self.conversation.take(bytes);
        // Into memory, which does not fail.
        let _ = io::Write::write_all(&mut tls.writer(), &answer);
    }

    /// Sends what rustls has to send. A peer that takes no more may still have said why.
    async fn flush(&mut self, tls: &mut ServerConnection) {
        let mut out = Vec::new();
        while tls.wants_write() {
            if tls.write_tls(&mut out).is_err() {
                break;
            }
        }
        if !self.mute && !out.is_empty() && self.stream.write_all(&out).await.is_err() {
            self.mute = true;
        }
    }

    async fn close(&mut self, tls: &mut ServerConnection) {
        if self.mute {
            return;
        }
        tls.send_close_notify();
        self.flush(tls).await;
        self.mute = true;
        let _ = self.stream.shutdown().await;
    }

    /// A client that speaks in the clear is answered in the clear, as whoever stands in the way would.
    async fn in_the_clear(&mut self, first: &[u8], buffer: &mut [u8]) -> io::Result<()> {
        let mut bytes = first.to_vec();
        loop {
            self.seen.plaintext(&bytes);
            let answer = self.conversation.take(&bytes);
            if !self.mute && self.stream.write_all(&answer).await.is_err() {
                self.mute = true;
            }
            if self.conversation.is_over() && !self.mute {
                self.mute = true;
                let _ = self.stream.shutdown().await;
            }
            let count = self.read(buffer).await?;
            if count == 0 {
                return Ok(());
            }
            bytes.clear();
            bytes.extend_from_slice(&buffer[..count]);
        }
    }
}

/// The first flight, as far as the ClientHello goes.
#[derive(Default)]
struct Opening {
    records: Records,
    messages: Messages,
    done: bool,
}

impl Opening {
    /// Whether these first bytes cannot be TLS (RFC 8446 §5.1) or the hello of SSL 2.0 (RFC 5246 appendix E.2).
    fn is_foreign(first: &[u8]) -> bool {
        match first {
            [] => false,
            [kind] => !(20..=24).contains(kind) && kind & 0x80 == 0,
            [kind, 3, ..] if (20..=24).contains(kind) => false,
            [kind, _, 1, ..] if kind & 0x80 != 0 => false,
            [kind, _] if kind & 0x80 != 0 => false,
            _ => true,
        }
    }

    /// Reads on until the ClientHello is there.
    fn take(&mut self, bytes: &[u8], seen: &Seen) {
        if self.done {
            return;
        }
        let (messages, done) = (&mut self.messages, &mut self.done);
        self.records.take(bytes, &mut |unit| {
            let Unit::Record(record) = unit else { return };
            match (record.header.content_type, record.fragment) {
                (ContentType::Handshake, Some(fragment)) if !*done => {
                    messages.take(fragment, &mut |message| {
                        if let (CLIENT_HELLO, Some(body), false) = (message.kind, message.body, *done) {
                            seen.client_hello(body);
                        }
                        *done = true;
                    });
                }
                (ContentType::Handshake, _) => {}
                _ => *done = true,
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_tls_is_told_by_its_first_bytes() {
        for tls in [&[22, 3, 1, 2, 0][..], &[21, 3, 3, 0, 2], &[0x80, 46, 1, 3, 3], &[22], &[]] {
            assert!(!Opening::is_foreign(tls), "{tls:?}");
        }
        for foreign in [&b"GET /"[..], b"h", &[0x80, 46, 7], &[22, 9]] {
            assert!(Opening::is_foreign(foreign), "{foreign:?}");
        }
    }
}
