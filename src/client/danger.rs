//! Looking at a server **without verifying it**: every certificate and every handshake signature is accepted.
//!
//! For showing what a server presents, and for nothing else: what is seen here proves nothing about who is at the
//! other end. No application byte is ever sent.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;

use super::explain::{handshake_timeout, handshake_trouble};
use super::handshake::server_name;
use super::outcome::Trouble;
use crate::streams::Opened;
use crate::tls::{SessionFacts, Versions};
use crate::verify::ExpectedName;

/// What a server showed, unverified.
#[derive(Clone, Debug, PartialEq)]
pub struct Sight {
    /// The certificates in the server's order, leaf first; empty where it showed none.
    pub chain: Vec<CertificateDer<'static>>,
    /// What was agreed on; `None` where the handshake was not completed.
    pub session: Option<SessionFacts>,
    /// Why the handshake was not completed. A server may show its certificate first and fail then.
    pub trouble: Option<Trouble>,
}

/// Shakes hands over `stream`, keeps what the server shows, and says goodbye. `name`, where it is a DNS name, is
/// sent as SNI. Takes no longer than `patience`.
pub async fn look<IO>(
    stream: IO,
    name: Option<&ExpectedName>,
    versions: Versions,
    patience: Duration,
) -> Result<Sight, rustls::Error>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let provider = crate::crypto::provider();
    let verifier = Arc::new(AcceptEverything { provider: Arc::clone(&provider), shown: Mutex::default() });
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions.supported())?
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&verifier) as _)
        .with_no_client_auth();
    // A resumed session shows no certificate.
    config.resumption = Resumption::disabled();
    let name = server_name(name);
    config.enable_sni = name.is_some();
    let name = name.unwrap_or(ServerName::IpAddress(std::net::Ipv4Addr::UNSPECIFIED.into()));

    let deadline = Instant::now() + patience;
    let stream = Opened::new(stream);
    let opening = stream.watch();
    let result = timeout_at(deadline, TlsConnector::from(Arc::new(config)).connect(name, stream)).await;
    let opening = opening.seen();
    let (session, trouble) = match result {
        Ok(Ok(mut connected)) => {
            let session = SessionFacts::of(connected.get_ref().1);
            // A server that does not take the goodbye has shown everything all the same.
            let _ = timeout_at(deadline, connected.shutdown()).await;
            (session, None)
        }
        Ok(Err(error)) => (None, handshake_trouble(&error, &opening, versions, false, None)),
        Err(_) => (None, Some(handshake_timeout(&opening, patience))),
    };
    let chain = verifier.shown.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Ok(Sight { chain, session, trouble })
}

/// Accepts every certificate and every signature, and remembers the certificates.
#[derive(Debug)]
struct AcceptEverything {
    provider: Arc<CryptoProvider>,
    shown: Mutex<Vec<CertificateDer<'static>>>,
}

impl ServerCertVerifier for AcceptEverything {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let chain = std::iter::once(leaf).chain(others).map(|der| der.clone().into_owned()).collect();
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = chain;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use tokio_rustls::LazyConfigAcceptor;

    use super::*;

    /// What a server hears as SNI, and what is seen of it when it hangs up on the ClientHello.
    async fn heard(name: &ExpectedName) -> (Option<String>, Sight) {
        let (near, far) = tokio::io::duplex(16 * 1024);
        let server = async {
            let started = LazyConfigAcceptor::new(rustls::server::Acceptor::default(), far).await.unwrap();
            started.client_hello().server_name().map(str::to_owned)
        };
        let (heard, sight) =
            tokio::join!(server, look(near, Some(name), Versions::Both, Duration::from_secs(60)));
        (heard, sight.unwrap())
    }

    #[tokio::test]
    async fn dns_names_are_sent_and_addresses_are_not() {
        let (name, sight) = heard(&ExpectedName::Dns("www.test.org".to_owned())).await;
        assert_eq!(name.as_deref(), Some("www.test.org"));
        let closed = Some(Trouble::Closed { received: 0 });
        assert_eq!(sight, Sight { chain: Vec::new(), session: None, trouble: closed });
        let (name, _) = heard(&ExpectedName::Ip(std::net::Ipv4Addr::LOCALHOST.into())).await;
        assert_eq!(name, None);
    }
}
