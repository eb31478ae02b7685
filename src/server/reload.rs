//! The TLS configuration that new sessions get: built from certificates and settings, replaced as a whole.

use std::sync::{Arc, PoisonError, RwLock};

use rustls::server::NoServerSessionStorage;
use rustls::{KeyLog, ServerConfig};

use super::certificates::Certificates;
use super::tickets::TicketKeys;
use crate::crypto;
use crate::tls::Versions;
use crate::verify::live::LiveClientVerifier;
use crate::verify::{Criteria, Verdict};

/// How a server speaks TLS, whoever it is.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The protocol versions.
    pub versions: Versions,
    /// The application protocols offered (RFC 7301), best first; none leaves the extension unanswered.
    pub alpn: Vec<Vec<u8>>,
    /// Where session secrets are logged.
    pub key_log: Option<Arc<dyn KeyLog>>,
    /// By what a client's certificate is judged; `None` asks for none.
    pub client: Option<Criteria>,
    /// By what session tickets are sealed; `None` for keys of this server's own, a new one every six hours. Under mutual TLS
    /// there are no tickets.
    pub ticket_keys: Option<Arc<TicketKeys>>,
}

/// TLS as a server speaks it now.
#[derive(Debug)]
pub struct Tls {
    current: RwLock<Current>,
}

#[derive(Clone, Debug)]
struct Current {
    config: Arc<ServerConfig>,
    /// Kept where each session needs a configuration of its own: see [`Tls::for_session`].
    client: Option<Arc<(Criteria, Settings, Arc<Certificates>)>>,
}

/// The configuration of one session, and the verifier that will have judged its client.
pub(super) struct ForSession {
    pub(super) config: Arc<ServerConfig>,
    pub(super) verifier: Option<Arc<LiveClientVerifier>>,
}

impl ForSession {
    /// What the verifier found of the client's certificate.
    pub(super) fn verdict(&self) -> Option<Verdict> {
        self.verifier.as_ref()?.verdict()
    }
}

impl Tls {
    /// Shows `certificates`. Fails where the system gives no randomness for ticket keys.
    pub fn new(certificates: impl Into<Certificates>, settings: Settings) -> Result<Self, rustls::Error> {
        Ok(Self { current: RwLock::new(Current::new(certificates.into(), settings)?) })
    }

    /// Shows `certificates`, and goes by `settings`, from the next session on. Sessions that are under way keep what
    /// they have; tickets of before are not honoured, so that every new client sees the new certificate, unless they were
    /// sealed by a key that `settings` have.
    pub fn replace(
        &self,
        certificates: impl Into<Certificates>,
        settings: Settings,
    ) -> Result<(), rustls::Error> {
        let new = Current::new(certificates.into(), settings)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(())
    }

    pub(super) fn for_session(&self) -> Result<ForSession, rustls::Error> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(client) = current.client else {
            return Ok(ForSession { config: current.config, verifier: None });
        };
        // A verifier keeps its verdict for the session's report, so each session has its own.
        let (criteria, settings, resolver) = &*client;
        let verifier = LiveClientVerifier::new(criteria.clone());
        let config = config(settings, Arc::clone(resolver), Some(Arc::clone(&verifier)))?;
        Ok(ForSession { config: Arc::new(config), verifier: Some(verifier) })
    }
}

impl Current {
    fn new(certificates: Certificates, settings: Settings) -> Result<Self, rustls::Error> {
        // rustls' `with_single_cert` refuses a certificate that its parser dislikes; a resolver asks nobody.
        let resolver = Arc::new(certificates);
        let config = Arc::new(config(&settings, Arc::clone(&resolver), None)?);
        let client = settings.client.clone().map(|criteria| Arc::new((criteria, settings, resolver)));
        Ok(Self { config, client })
    }
}

fn config(
    settings: &Settings,
    resolver: Arc<Certificates>,
    verifier: Option<Arc<LiveClientVerifier>>,
) -> Result<ServerConfig, rustls::Error> {
    let builder = ServerConfig::builder_with_provider(crypto::provider())
        .with_protocol_versions(settings.versions.supported())?;
    let mutual = verifier.is_some();
    let builder = match verifier {
        Some(verifier) => builder.with_client_cert_verifier(verifier),
        None => builder.with_no_client_auth(),
    };
    let mut config = builder.with_cert_resolver(resolver);
    config.alpn_protocols.clone_from(&settings.alpn);
    // Tickets (RFC 8446 §4.6.1, RFC 5077) keep the state with the client: nothing to bound here.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    if mutual {
        // A resumed session would not have its client's certificate judged again.
        config.send_tls13_tickets = 0;
    } else {
        config.ticketer = match &settings.ticket_keys {
            Some(keys) => Arc::clone(keys) as _,
            None => rustls_graviola::Ticketer::new()?,
        };
        // One suffices: whoever wants more gets more by connecting again.
        config.send_tls13_tickets = 1;
    }
    if let Some(key_log) = &settings.key_log {
        config.key_log = Arc::clone(key_log);
    }
    Ok(config)
}
