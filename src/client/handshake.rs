//! A handshake that verifies the server, on any stream.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, Resumption};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, DigitallySignedStruct, HandshakeKind, KeyLog, SignatureScheme};
use time::OffsetDateTime;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::explain::{alert_for, handshake_timeout, handshake_trouble};
use super::hellos;
use super::outcome::{Outcome, Trouble};
use crate::streams::Opened;
use crate::streams::linger::{LINGER, linger};
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
    /// The suites and groups on offer: [`crate::crypto::provider`]'s, or fewer.
    pub provider: Arc<CryptoProvider>,
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
pub struct Handshake<IO> {
    /// What became of it so far.
    pub outcome: Outcome,
    /// The verified connection.
    pub stream: Option<TlsStream<Opened<IO>>>,
    /// Whether it goes on with an earlier session, whose certificate was judged anew.
    pub resumed: bool,
}

impl Terms {
    /// Shakes hands over `stream` and judges the server. A refused server has been told so by an alert. No session is kept.
    pub async fn handshake<IO>(&self, stream: IO) -> Result<Handshake<IO>, rustls::Error>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        let (config, name) = self.shared_config()?;
        Ok(self.handshake_by(Arc::new(config), name, stream).await)
    }

    /// A configuration for [`Terms::handshake_by`]: the same for every connection, so that sessions can be resumed where it is
    /// given a place to keep them.
    pub(crate) fn shared_config(&self) -> Result<(ClientConfig, ServerName<'static>), rustls::Error> {
        self.config(Arc::new(OfThisConnection), Arc::new(ClientCertificate { key: self.identity.clone() }))
    }

    /// As [`Terms::handshake`], with a [`Terms::shared_config`]. Where a session is resumed, the certificate that was shown
    /// when it began is judged anew.
    pub(crate) async fn handshake_by<IO>(
        &self,
        config: Arc<ClientConfig>,
        name: ServerName<'static>,
        stream: IO,
    ) -> Handshake<IO>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        let verifier = LiveVerifier::new(self.criteria.clone(), self.at);
        let connection =
            Arc::new(Connection { verifier: Arc::clone(&verifier), asked: AtomicBool::new(false) });
        let stream = Opened::new(stream);
        let opening = stream.watch();
        let connecting = TlsConnector::from(config).connect(name, stream).into_fallible();
        let connecting = CONNECTION.scope(Arc::clone(&connection), connecting);
        let result = timeout(self.patience, connecting).await;

        let opening = opening.seen();
        let mut verdict = verifier.verdict();
        let certificate_requested = connection.asked.load(Ordering::Relaxed);
        let missing = certificate_requested && self.identity.is_none();
        let mut outcome = Outcome { certificate_requested, ..Outcome::default() };
        let mut stream = None;
        let mut resumed = false;
        match result {
            Ok(Ok(mut connected)) => {
                connected.get_mut().0.forget();
                let tls = connected.get_ref().1;
                outcome.session = SessionFacts::of(tls);
                resumed = tls.handshake_kind() == Some(HandshakeKind::Resumed);
                if resumed {
                    // Nothing was shown this time, and nobody was asked.
                    verdict = Some(verifier.judge_again(tls.peer_certificates().unwrap_or_default()));
                }
                let agreed_on_13 =
                    outcome.session.as_ref().is_some_and(|session| session.protocol == "TLSv1.3");
                let fault = hellos::fault(&opening).filter(|_| agreed_on_13);
                // The verifier said yes, or there would be no connection; nobody talks to a server that was not judged.
                if let Some(fault) = fault {
                    outcome.trouble = Some(Trouble::Protocol(fault.to_owned()));
                    // A goodbye is a courtesy; whoever broke the rules may not wait for it.
                    let _ = timeout(self.patience.min(LINGER), connected.shutdown()).await;
                } else if verdict.as_ref().is_some_and(crate::verify::Verdict::accepted) {
                    stream = Some(connected);
                } else if resumed {
                    // The handshake is done: it is too late for an alert that says why.
                    let _ = timeout(self.patience.min(LINGER), connected.shutdown()).await;
                } else {
                    outcome.trouble = Some(Trouble::Protocol("no certificate was judged".to_owned()));
                }
            }
            Ok(Err((error, socket))) => {
                outcome.alert_sent = alert_for(&error);
                if outcome.alert_sent.is_some() {
                    linger(socket, self.patience.min(LINGER)).await;
                }
                outcome.trouble =
                    handshake_trouble(&error, &opening, self.versions, missing, verdict.as_ref());
            }
            Err(_) => outcome.trouble = Some(handshake_timeout(&opening, self.patience)),
        }
        outcome.verdict = verdict;
        Handshake { outcome, stream, resumed }
    }

    /// A configuration on these terms that resumes nothing, and the name to connect by.
    pub(crate) fn config(
        &self,
        verifier: Arc<dyn ServerCertVerifier>,
        identity: Arc<dyn ResolvesClientCert>,
    ) -> Result<(ClientConfig, ServerName<'static>), rustls::Error> {
        let mut config = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(self.versions.supported())?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_client_cert_resolver(identity);
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
        Ok((config, name))
    }
}

/// What to send as SNI: a DNS name, nothing else.
pub(super) fn server_name(expected: Option<&ExpectedName>) -> Option<ServerName<'static>> {
    match expected {
        Some(ExpectedName::Dns(name)) => ServerName::try_from(name.clone()).ok(),
        Some(ExpectedName::Email(_) | ExpectedName::Ip(_) | ExpectedName::Text(_)) | None => None,
    }
}

/// What rustls' questions during one connection's handshake are about.
#[derive(Debug)]
struct Connection {
    verifier: Arc<LiveVerifier>,
    /// Whether the server asked for a certificate.
    asked: AtomicBool,
}

tokio::task_local! {
    /// rustls resumes a session only where the very verifier and the very client certificate of before are configured
    /// again, so these are the same for all connections, and find out here whose handshake it is.
    static CONNECTION: Arc<Connection>;
}

/// The verifier of whichever connection's handshake is under way.
#[derive(Debug)]
struct OfThisConnection;

impl OfThisConnection {
    fn ask<T>(ask: impl FnOnce(&LiveVerifier) -> Result<T, rustls::Error>) -> Result<T, rustls::Error> {
        // Outside a handshake nobody asks; if somebody does, nobody is trusted.
        let nobody = |_| Err(rustls::Error::General("a certificate outside a handshake".to_owned()));
        CONNECTION.try_with(|connection| ask(&connection.verifier)).unwrap_or_else(nobody)
    }
}

impl ServerCertVerifier for OfThisConnection {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Self::ask(|live| live.verify_server_cert(end_entity, intermediates, name, ocsp_response, now))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Self::ask(|live| live.verify_tls12_signature(message, certificate, signed))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Self::ask(|live| live.verify_tls13_signature(message, certificate, signed))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        crate::crypto::provider().signature_verification_algorithms.supported_schemes()
    }
}

/// The client certificate, if any.
#[derive(Debug)]
struct ClientCertificate {
    key: Option<Arc<CertifiedKey>>,
}

impl ResolvesClientCert for ClientCertificate {
    fn resolve(&self, _issuers: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        // Asked in a handshake only.
        let _ = CONNECTION.try_with(|connection| connection.asked.store(true, Ordering::Relaxed));
        self.key.clone()
    }

    fn has_certs(&self) -> bool {
        self.key.is_some()
    }
}
