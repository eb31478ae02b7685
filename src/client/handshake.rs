//! A handshake that verifies the server, on any stream.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustls::client::danger::ServerCertVerifier;
use rustls::client::{ResolvesClientCert, Resumption};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::ServerName;
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, KeyLog, SignatureScheme};
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
}

impl Terms {
    /// Shakes hands over `stream` and judges the server. A refused server has been told so by an alert.
    pub async fn handshake<IO>(&self, stream: IO) -> Result<Handshake<IO>, rustls::Error>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        let verifier = LiveVerifier::new(self.criteria.clone(), self.at);
        let identity =
            Arc::new(ClientCertificate { key: self.identity.clone(), asked: AtomicBool::new(false) });
        let (config, name) = self.config(Arc::clone(&verifier) as _, Arc::clone(&identity) as _)?;

        let stream = Opened::new(stream);
        let opening = stream.watch();
        let connecting = TlsConnector::from(Arc::new(config)).connect(name, stream).into_fallible();
        let result = timeout(self.patience, connecting).await;

        let opening = opening.seen();
        let verdict = verifier.verdict();
        let certificate_requested = identity.asked.load(Ordering::Relaxed);
        let missing = certificate_requested && self.identity.is_none();
        let mut outcome = Outcome { certificate_requested, ..Outcome::default() };
        let mut stream = None;
        match result {
            Ok(Ok(mut connected)) => {
                connected.get_mut().0.forget();
                outcome.session = SessionFacts::of(connected.get_ref().1);
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
        Ok(Handshake { outcome, stream })
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

/// The client certificate, if any, and whether the server asked for one.
#[derive(Debug)]
struct ClientCertificate {
    key: Option<Arc<CertifiedKey>>,
    asked: AtomicBool,
}

impl ResolvesClientCert for ClientCertificate {
    fn resolve(&self, _issuers: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.asked.store(true, Ordering::Relaxed);
        self.key.clone()
    }

    fn has_certs(&self) -> bool {
        self.key.is_some()
    }
}
