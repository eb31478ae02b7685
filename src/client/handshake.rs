//! A handshake that verifies the server, on any stream.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use rustls::client::{ResolvesClientCert, Resumption};
use rustls::pki_types::ServerName;
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, KeyLog, SignatureScheme};
use time::OffsetDateTime;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::explain::{Opening, alert_for, handshake_timeout, handshake_trouble};
use super::outcome::{Outcome, Trouble};
use crate::tls::{SessionFacts, Versions};
use crate::verify::live::LiveVerifier;
use crate::verify::{Criteria, ExpectedName};

/// On which terms to shake hands.
#[derive(Clone)]
pub struct Terms {
    /// What the server's certificate is judged by. Its name, where it is a DNS name, is sent as SNI
    /// (RFC 6066 §3 knows no addresses).
    pub criteria: Criteria,
    /// When the certificate is judged; `None` for the time of the handshake.
    pub at: Option<OffsetDateTime>,
    /// The versions on offer.
    pub versions: Versions,
    /// What to show to a server that asks for a client certificate.
    pub identity: Option<Arc<CertifiedKey>>,
    /// Where the session's secrets are noted down.
    pub key_log: Option<Arc<dyn KeyLog>>,
    /// How long the handshake may take.
    pub patience: Duration,
}

impl fmt::Debug for Terms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Terms")
            .field("criteria", &self.criteria)
            .field("at", &self.at)
            .field("versions", &self.versions)
            .field("patience", &self.patience)
            .finish_non_exhaustive()
    }
}

/// How a handshake ended. There is a stream only where the server was accepted.
#[derive(Debug)]
pub struct Shaken<IO> {
    /// What became of it so far.
    pub outcome: Outcome,
    /// The verified connection.
    pub stream: Option<TlsStream<Tapped<IO>>>,
}

impl Terms {
    /// Shakes hands over `stream` and judges the server. A refused server has been told so by an alert.
    pub async fn handshake<IO>(&self, stream: IO) -> Result<Shaken<IO>, rustls::Error>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        let verifier = LiveVerifier::new(self.criteria.clone(), self.at);
        let identity = Arc::new(Identity { key: self.identity.clone(), asked: AtomicBool::new(false) });
        let mut config = ClientConfig::builder_with_provider(crate::crypto::provider())
            .with_protocol_versions(self.versions.supported())?
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&verifier) as _)
            .with_client_cert_resolver(Arc::clone(&identity) as _);
        // A resumed session shows no certificate, and there would be nothing to check.
        config.resumption = Resumption::disabled();
        config.enable_early_data = false;
        if let Some(key_log) = &self.key_log {
            config.key_log = Arc::clone(key_log);
        }
        let name = server_name(self.criteria.name.as_ref());
        config.enable_sni = name.is_some();
        // Without SNI the name is read by nobody: the verifier has its own.
        let name = name.unwrap_or(ServerName::IpAddress(std::net::Ipv4Addr::UNSPECIFIED.into()));

        let (tapped, opening) = Tapped::new(stream);
        let connecting = TlsConnector::from(Arc::new(config)).connect(name, tapped).into_fallible();
        let result = timeout(self.patience, connecting).await;

        let opening = opening.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let verdict = verifier.verdict();
        let certificate_requested = identity.asked.load(Ordering::Relaxed);
        let missing = certificate_requested && self.identity.is_none();
        let mut outcome = Outcome { certificate_requested, ..Outcome::default() };
        let mut stream = None;
        match result {
            Ok(Ok(connected)) => {
                outcome.session = SessionFacts::of(connected.get_ref().1);
                // The verifier said yes, or there would be no connection; nobody talks to a server that was not judged.
                if verdict.as_ref().is_some_and(crate::verify::Verdict::accepted) {
                    stream = Some(connected);
                } else {
                    outcome.trouble = Some(Trouble::Protocol("no certificate was judged".to_owned()));
                }
            }
            Ok(Err((error, socket))) => {
                outcome.alert_sent = alert_for(&error);
                if outcome.alert_sent.is_some() {
                    linger(socket, self.patience.min(GOODBYE)).await;
                }
                outcome.trouble =
                    handshake_trouble(&error, &opening, self.versions, missing, verdict.as_ref());
            }
            Err(_) => outcome.trouble = Some(handshake_timeout(&opening, self.patience)),
        }
        outcome.verdict = verdict;
        Ok(Shaken { outcome, stream })
    }
}

/// How long a refused server may take to hear of it.
const GOODBYE: Duration = Duration::from_secs(1);

/// Lets the alert arrive. To close with unread octets resets the connection (RFC 1122 §4.2.2.13), and a reset can
/// overtake the alert; so what the peer still sends is taken, for a while, until it hangs up.
async fn linger<IO: AsyncRead + AsyncWrite + Unpin>(mut stream: IO, patience: Duration) {
    let farewell = async {
        stream.shutdown().await?;
        let mut rest = stream.take(MOST_OF_A_FLIGHT);
        tokio::io::copy(&mut rest, &mut tokio::io::sink()).await
    };
    // Whatever comes of it, the connection was refused already.
    let _ = timeout(patience, farewell).await;
}

/// A server's last words after a refusal: the rest of its flight at most.
const MOST_OF_A_FLIGHT: u64 = 1 << 20;

/// What to send as SNI: a DNS name, nothing else.
pub(super) fn server_name(expected: Option<&ExpectedName>) -> Option<ServerName<'static>> {
    match expected {
        Some(ExpectedName::Dns(name)) => ServerName::try_from(name.clone()).ok(),
        Some(ExpectedName::Ip(_) | ExpectedName::Text(_)) | None => None,
    }
}

/// The client certificate, if any, and whether the server asked for one.
#[derive(Debug)]
struct Identity {
    key: Option<Arc<CertifiedKey>>,
    asked: AtomicBool,
}

impl ResolvesClientCert for Identity {
    fn resolve(&self, _issuers: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.asked.store(true, Ordering::Relaxed);
        self.key.clone()
    }

    fn has_certs(&self) -> bool {
        self.key.is_some()
    }
}

/// A stream whose first received octets are kept, to explain an error by.
#[derive(Debug)]
pub struct Tapped<IO> {
    stream: IO,
    opening: Arc<Mutex<Opening>>,
}

impl<IO> Tapped<IO> {
    /// Taps `stream`; what it opens with is to be seen in the other half.
    pub(super) fn new(stream: IO) -> (Self, Arc<Mutex<Opening>>) {
        let opening = Arc::new(Mutex::new(Opening::default()));
        (Self { stream, opening: Arc::clone(&opening) }, opening)
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for Tapped<IO> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(cx, buf);
        let new = &buf.filled()[before..];
        if !new.is_empty() {
            let mut opening = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
            let room = Opening::KEPT.saturating_sub(opening.first.len());
            opening.first.extend_from_slice(&new[..new.len().min(room)]);
            opening.total += new.len() as u64;
        }
        result
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for Tapped<IO> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
