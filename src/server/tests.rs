//! The server over loopback, with clients that behave and clients that do not.
//!
//! Nothing sleeps: tests wait for events and for the ends of streams, and what must not happen is shown by the
//! order of what does.

mod faults;
mod forward;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, HandshakeKind, SignatureScheme};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::reload::{Settings, Tls};
use super::{Config, End, Event, HandshakeFailure, Identity, Limits, Refusal, Service, Session, run};
use crate::client::Terms;
use crate::crypto::provider;
use crate::tls::Versions;
use crate::verify::{Criteria, ExpectedName, Policy, Reason, Revocation, TrustSet, Usage};

/// Longer than anything here takes: a fuse against hanging.
const FUSE: Duration = Duration::from_secs(60);

/// Much shorter than the defaults, to be waited for.
const SOON: Duration = Duration::from_millis(30);

// openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 36000 -subj /CN=www.test.org
//   -addext basicConstraints=critical,CA:FALSE -addext subjectAltName=DNS:www.test.org
//   -addext extendedKeyUsage=serverAuth -addext keyUsage=critical,digitalSignature
const SERVER: &str = "-----BEGIN CERTIFICATE-----\n\
     MIIBwTCCAWigAwIBAgIUYrv6dDRnzshxEmTY7/Kp0I2B1fIwCgYIKoZIzj0EAwIwFzEVMBMGA1UEAwwMd3d3LnRlc3Qub3JnMCAX \
     DTI2MTEyMzE1MDExNFoYDzIxMjUwNjE3MTUwMTE0WjAXMRUwEwYDVQQDDAx3d3cudGVzdC5vcmcwWTATBgcqhkjOPQIBBggqhkjO \
     PQMBBwNCAAQ4HcUBL9JMNQW0wrdXZbaEjG4hoA4QGzF8JrkdxuX21UpGTtXGopOvctmx9Vz11oRACpqRN7HlvBDR1AGJmESro4GP \
     MIGMMB0GA1UdDgQWBBQZEPlgAYWKBsXWGdzLYmFOvchtsDAfBgNVHSMEGDAWgBQZEPlgAYWKBsXWGdzLYmFOvchtsDAMBgNVHRMB \
     Af8EAjAAMBcGA1UdEQQQMA6CDHd3dy50ZXN0Lm9yZzATBgNVHSUEDDAKBggrBgEFBQcDATAOBgNVHQ8BAf8EBAMCB4AwCgYIKoZI \
     zj0EAwIDRwAwRAIgO24z5pib/txB0WqdsbRhrOzFqxBSITalEYXBIQUqPGACIFGwxdljo8P9rxf5BwnMOIINtnQMjFR1ssb8KQXA \
     kTjc\n-----END CERTIFICATE-----\n";
const SERVER_KEY: &str = "-----BEGIN PRIVATE KEY-----\n\
     MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgy6f+BwnTn6iwN5cxFKORr/MbdoNPA17EQTYhTDUU932hRANCAAQ4 \
     HcUBL9JMNQW0wrdXZbaEjG4hoA4QGzF8JrkdxuX21UpGTtXGopOvctmx9Vz11oRACpqRN7HlvBDR1AGJmESr\n-----END PRIVATE KEY-----\n";

// The same with CN "a client", without SAN, and clientAuth.
const CLIENT: &str = "-----BEGIN CERTIFICATE-----\n\
     MIIBnjCCAUWgAwIBAgIUPRHcZfA4Wl3aLVi8y7CZEsgCi60wCgYIKoZIzj0EAwIwEzERMA8GA1UEAwwIYSBjbGllbnQwIBcNMjYx \
     MTIzMTUwMTE0WhgPMjEyNTA2MTcxNTAxMTRaMBMxETAPBgNVBAMMCGEgY2xpZW50MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE \
     8pXn5FA7Ek4k9tGSJX/ZuTkOQKFGbEsmi4PCN7SJjd59R7enpfWg6w1uPG966+NWmE1JzOyp+WmmZC5jwQMH1qN1MHMwHQYDVR0O \
     BBYEFOtBniDjz5ql64myqhyJDMT3E+U1MB8GA1UdIwQYMBaAFOtBniDjz5ql64myqhyJDMT3E+U1MAwGA1UdEwEB/wQCMAAwEwYD \
     VR0lBAwwCgYIKwYBBQUHAwIwDgYDVR0PAQH/BAQDAgeAMAoGCCqGSM49BAMCA0cAMEQCIEPLjChipzoMmtio93+iuu7jYXv1hW/L \
     0h9m5Eg9TIdSAiBrA0YoSk4weci5sKOk5B6s2KDdm1sGaGJquAdQBWVTlA==\n-----END CERTIFICATE-----\n";
const CLIENT_KEY: &str = "-----BEGIN PRIVATE KEY-----\n\
     MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgJYCRm7WmuDQzD9xjsEkjxywv9vcAhgZxy0OYIopJigShRANCAATy \
     lefkUDsSTiT20ZIlf9m5OQ5AoUZsSyaLg8I3tImN3n1Ht6el9aDrDW48b3rr41aYTUnM7Kn5aaZkLmPBAwfW\n-----END PRIVATE KEY-----\n";

fn certificate(pem: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()
}

fn key(pem: &str) -> PrivatePkcs8KeyDer<'static> {
    PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).unwrap()
}

fn identity(certificate_pem: &str, key_pem: &str) -> Identity {
    let key = crate::pki::key::PrivateKey::from_der(key(key_pem).secret_pkcs8_der()).unwrap();
    Identity::new(vec![certificate(certificate_pem)], &key).unwrap()
}

/// A configuration for `service` with generous limits.
fn config(service: Service, settings: Settings) -> Config {
    let tls = Tls::new(&identity(SERVER, SERVER_KEY), settings).unwrap();
    Config { tls: Some(Arc::new(tls)), service, limits: Limits::default(), recorder: None }
}

fn echo() -> Config {
    config(Service::Echo, Settings::default())
}

/// As a client that trusts [`SERVER`] judges at the instant `at`, or now.
fn terms(versions: Versions, at: Option<time::OffsetDateTime>) -> Terms {
    Terms {
        criteria: Criteria {
            trusted: Arc::new(TrustSet::new([&certificate(SERVER)]).unwrap()),
            name: Some(ExpectedName::Dns("www.test.org".to_owned())),
            usage: Usage::Server,
            policy: Policy::Lab,
            revocation: Revocation::default(),
        },
        at,
        versions,
        provider: provider(),
        identity: None,
        key_log: None,
        patience: FUSE,
    }
}

/// A running server and what it tells.
struct Bench {
    address: SocketAddr,
    events: mpsc::UnboundedReceiver<Event>,
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<()>,
}

impl Bench {
    async fn new(config: Config) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, events) = mpsc::unbounded_channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let server = tokio::spawn(run(listener, config, move |event| drop(tell.send(event)), async move {
            let _ = stopped.await;
        }));
        Self { address, events, stop: Some(stop), server }
    }

    async fn connect(&self) -> TcpStream {
        soon(TcpStream::connect(self.address)).await.unwrap()
    }

    async fn client(&self, versions: Versions) -> TlsStream<TcpStream> {
        shake(self.connect().await, client_config(versions)).await
    }

    async fn event(&mut self) -> Event {
        soon(self.events.recv()).await.expect("another event")
    }

    /// The next session's end.
    async fn ended(&mut self) -> Session {
        loop {
            match self.event().await {
                Event::SessionEnded(session) => return *session,
                Event::Accepted { .. } | Event::Accepting(_) | Event::Established { .. } => {}
                other @ (Event::HandshakeFailed { .. } | Event::Refused { .. }) => panic!("{other:?}"),
            }
        }
    }

    /// The next failed handshake.
    async fn failed(&mut self) -> HandshakeFailure {
        loop {
            match self.event().await {
                Event::HandshakeFailed { failure, .. } => return failure,
                Event::Accepted { .. } | Event::Established { .. } => {}
                other => panic!("{other:?}"),
            }
        }
    }

    fn stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }
}

async fn soon<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(FUSE, future).await.expect("within the fuse")
}

/// Takes every certificate: these tests are about servers.
#[derive(Debug)]
struct AnyServer;

impl ServerCertVerifier for AnyServer {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider().signature_verification_algorithms.supported_schemes()
    }
}

fn client_config(versions: Versions) -> Arc<ClientConfig> {
    client_config_as(versions, None)
}

fn client_config_as(versions: Versions, identity: Option<(&str, &str)>) -> Arc<ClientConfig> {
    let builder = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(versions.supported())
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyServer));
    Arc::new(match identity {
        None => builder.with_no_client_auth(),
        Some((pem, key_pem)) => {
            builder.with_client_auth_cert(vec![certificate(pem)], key(key_pem).into()).unwrap()
        }
    })
}

async fn shake(stream: TcpStream, config: Arc<ClientConfig>) -> TlsStream<TcpStream> {
    let name = ServerName::try_from("www.test.org").unwrap();
    soon(TlsConnector::from(config).connect(name, stream)).await.unwrap()
}

/// Sends, says that no more will come, and reads all that comes back.
async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, message: &[u8]) -> Vec<u8> {
    let (mut reading, mut writing) = tokio::io::split(stream);
    let send = async {
        writing.write_all(message).await.unwrap();
        writing.shutdown().await.unwrap();
    };
    let (answer, ()) = soon(async { tokio::join!(rest(&mut reading), send) }).await;
    answer
}

/// Everything up to the end, which must be a good one: for TLS, with close_notify.
async fn rest<S: AsyncRead + Unpin>(stream: &mut S) -> Vec<u8> {
    let mut bytes = Vec::new();
    soon(stream.read_to_end(&mut bytes)).await.unwrap();
    bytes
}

#[tokio::test]
async fn echoes_to_the_last_byte_and_tells_one_session() {
    for (versions, protocol) in [(Versions::Tls12, "TLSv1.2"), (Versions::Tls13, "TLSv1.3")] {
        let mut bench = Bench::new(echo()).await;
        let mut client = bench.client(versions).await;
        assert_eq!(exchange(&mut client, b"hello").await, b"hello");

        let session = bench.ended().await;
        let tls = session.tls.unwrap();
        assert_eq!(tls.agreed.protocol, protocol);
        assert_eq!(tls.sni.as_deref(), Some("www.test.org"));
        assert_eq!((session.received, session.sent, session.end), (5, 5, End::PeerClosed));
        assert!(!tls.resumed);
    }
}

#[tokio::test]
async fn versions_that_are_not_wanted_are_refused() {
    let settings = Settings { versions: Versions::Tls13, ..Settings::default() };
    let mut bench = Bench::new(config(Service::Echo, settings)).await;
    let name = ServerName::try_from("www.test.org").unwrap();
    let connector = TlsConnector::from(client_config(Versions::Tls12));
    soon(connector.connect(name, bench.connect().await)).await.unwrap_err();
    assert!(matches!(bench.failed().await, HandshakeFailure::Incompatible(_)));
}

#[tokio::test]
async fn a_line_longer_than_any_buffer_comes_back_in_upper_case() {
    let mut bench = Bench::new(config(Service::Upper, Settings::default())).await;
    let mut client = bench.client(Versions::Both).await;
    let line = "straße ".repeat(150_000);
    assert!(line.len() > 1 << 20);
    let answer = exchange(&mut client, line.as_bytes()).await;
    assert!(answer == line.to_uppercase().as_bytes(), "{} bytes came back", answer.len());
    assert_eq!(bench.ended().await.received, line.len() as u64);
}

#[tokio::test]
async fn plaintext_and_garbage_are_told_apart_and_disturb_nobody() {
    let mut bench = Bench::new(echo()).await;
    let mut good = bench.client(Versions::Both).await;
    let cases: [(&[u8], HandshakeFailure); 3] = [
        (b"GET / HTTP/1.1\r\nHost: www.test.org\r\n\r\n", HandshakeFailure::Plaintext),
        (b"\x80\x2e\x01\x00\x02\x00\x15\x00", HandshakeFailure::NotTls),
        (b"", HandshakeFailure::Closed { silent: true }),
    ];
    for (bytes, expected) in cases {
        let mut bad = bench.connect().await;
        bad.write_all(bytes).await.unwrap();
        bad.shutdown().await.unwrap();
        assert_eq!(bench.failed().await, expected);
    }
    assert_eq!(exchange(&mut good, b"still here").await, b"still here");
    assert_eq!(bench.ended().await.end, End::PeerClosed);
}

#[tokio::test]
async fn a_peer_that_does_not_shake_hands_in_time_is_sent_away() {
    let mut config = echo();
    config.limits.handshake_timeout = SOON;
    let mut bench = Bench::new(config).await;
    // The first bytes of a record that never comes: handshake, TLS 1.0, 512 bytes.
    for (bytes, silent) in [(&b""[..], true), (b"\x16\x03\x01\x02\x00", false)] {
        let mut slow = bench.connect().await;
        slow.write_all(bytes).await.unwrap();
        assert_eq!(bench.failed().await, HandshakeFailure::Timeout { silent });
        assert_eq!(rest(&mut slow).await, b"");
    }
}

#[tokio::test]
async fn an_idle_session_is_closed_in_good_order() {
    let mut config = echo();
    config.limits.idle_timeout = SOON;
    let mut bench = Bench::new(config).await;
    let mut client = bench.client(Versions::Both).await;
    // `rest` insists on close_notify.
    assert_eq!(rest(&mut client).await, b"");
    assert_eq!(bench.ended().await.end, End::Idle);
}

#[tokio::test]
async fn a_peer_that_never_reads_is_idle_and_costs_no_memory() {
    let mut config = echo();
    config.limits.idle_timeout = SOON;
    let mut bench = Bench::new(config).await;
    let mut client = bench.client(Versions::Both).await;
    let block = [b'x'; 16 * 1024];
    let mut sent = 0;
    // Ends because the server stops reading, fills what the kernel buffers, and then cuts the peer off.
    while soon(client.write_all(&block)).await.is_ok() {
        sent += block.len() as u64;
        assert!(sent < 1 << 30, "the server swallowed a gigabyte");
    }
    let session = bench.ended().await;
    assert_eq!(session.end, End::Idle);
    // Echoed as fast as it was read, but for one buffer on its way.
    assert!(session.received - session.sent <= 16 * 1024, "{session:?}");
}

#[tokio::test]
async fn at_the_limit_peers_wait_and_none_is_dropped() {
    let mut config = echo();
    config.limits.max_connections = 1;
    let mut bench = Bench::new(config).await;
    let mut first = bench.client(Versions::Both).await;
    // From two tasks, so in either order.
    let told = [bench.event().await, bench.event().await, bench.event().await];
    assert!(told.iter().any(|event| matches!(event, Event::Accepted { .. })), "{told:?}");
    assert!(told.iter().any(|event| matches!(event, Event::Accepting(_))), "{told:?}");
    assert!(told.iter().any(|event| matches!(event, Event::Established { .. })), "{told:?}");
    let second = tokio::spawn(shake(bench.connect().await, client_config(Versions::Both)));
    assert_eq!(exchange(&mut first, b"first").await, b"first");
    assert!(matches!(bench.event().await, Event::SessionEnded(_)), "the second was accepted too early");
    assert!(matches!(bench.event().await, Event::Accepted { .. }));
    let mut second = soon(second).await.unwrap();
    assert_eq!(exchange(&mut second, b"second").await, b"second");
}

#[tokio::test]
async fn stopping_lets_sessions_finish_and_accepts_nobody() {
    let mut bench = Bench::new(echo()).await;
    let mut client = bench.client(Versions::Both).await;
    client.write_all(b"last words").await.unwrap();
    let mut answer = [0; 10];
    soon(client.read_exact(&mut answer)).await.unwrap();
    bench.stop();
    // `rest` insists on close_notify.
    assert_eq!(rest(&mut client).await, b"");
    assert_eq!(&answer, b"last words");
    assert_eq!(bench.ended().await.end, End::Drained);
    drop(client);
    soon(&mut bench.server).await.unwrap();
    let error = TcpStream::connect(bench.address).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn what_does_not_finish_in_time_is_cut_off_and_told() {
    let mut config = echo();
    config.limits.drain_timeout = SOON;
    let mut bench = Bench::new(config).await;
    let mut silent = bench.connect().await;
    assert!(matches!(bench.event().await, Event::Accepted { .. }));
    bench.stop();
    assert_eq!(bench.failed().await, HandshakeFailure::Stopped);
    soon(&mut bench.server).await.unwrap();
    assert_eq!(rest(&mut silent).await, b"");
}

#[tokio::test]
async fn a_server_that_is_dropped_tells_every_session() {
    let mut bench = Bench::new(echo()).await;
    let mut client = bench.client(Versions::Both).await;
    client.write_all(b"x").await.unwrap();
    soon(client.read_exact(&mut [0])).await.unwrap();
    bench.server.abort();
    let session = bench.ended().await;
    assert_eq!((session.received, session.end), (1, End::Stopped));
}

#[tokio::test]
async fn tickets_resume_until_the_certificate_is_replaced() {
    for versions in [Versions::Tls12, Versions::Tls13] {
        let config = echo();
        let tls = config.tls.clone().unwrap();
        let mut bench = Bench::new(config).await;
        let client = client_config(versions);
        let mut kinds = Vec::new();
        for turn in 0..3 {
            if turn == 2 {
                tls.replace(&identity(CLIENT, CLIENT_KEY), Settings::default()).unwrap();
            }
            let mut stream = shake(bench.connect().await, Arc::clone(&client)).await;
            exchange(&mut stream, b"hi").await;
            let connection = stream.get_ref().1;
            kinds.push((connection.handshake_kind().unwrap(), bench.ended().await.tls.unwrap().resumed));
            let shown = connection.peer_certificates().unwrap()[0].clone();
            assert_eq!(shown, certificate(if turn == 2 { CLIENT } else { SERVER }));
        }
        let expected =
            [(HandshakeKind::Full, false), (HandshakeKind::Resumed, true), (HandshakeKind::Full, false)];
        assert_eq!(kinds, expected, "{versions}");
    }
}

fn mutual() -> Config {
    let trusted = Arc::new(TrustSet::new(&[certificate(CLIENT)]).unwrap());
    let client = Some(Criteria {
        trusted,
        name: None,
        usage: Usage::Client,
        policy: Policy::Lab,
        revocation: Revocation::default(),
    });
    config(Service::Echo, Settings { client, ..Settings::default() })
}

#[tokio::test]
async fn under_mutual_tls_a_good_client_is_named() {
    for versions in [Versions::Tls12, Versions::Tls13] {
        let mut bench = Bench::new(mutual()).await;
        let client = client_config_as(versions, Some((CLIENT, CLIENT_KEY)));
        let mut stream = shake(bench.connect().await, client).await;
        assert_eq!(exchange(&mut stream, b"me").await, b"me");
        let facts = bench.ended().await.tls.unwrap().client.unwrap();
        assert_eq!(facts.der, certificate(CLIENT));
    }
}

#[tokio::test]
async fn under_mutual_tls_no_certificate_and_a_wrong_one_are_refused() {
    for versions in [Versions::Tls12, Versions::Tls13] {
        let mut bench = Bench::new(mutual()).await;
        for client in [None, Some((SERVER, SERVER_KEY))] {
            let name = ServerName::try_from("www.test.org").unwrap();
            let connector = TlsConnector::from(client_config_as(versions, client));
            // A TLS 1.3 client has finished before it is refused (RFC 8446 §4.4.2.4 leaves that to the server).
            let alert = match soon(connector.connect(name, bench.connect().await)).await {
                Err(error) => error,
                Ok(mut stream) => soon(stream.read(&mut [0])).await.unwrap_err(),
            };
            let failure = bench.failed().await;
            match (client, failure) {
                (None, failure) => {
                    assert_eq!(failure, HandshakeFailure::NoClientCertificate);
                    assert!(alert.to_string().contains("CertificateRequired"), "{versions}: {alert}");
                }
                (Some(_), HandshakeFailure::ClientCertificate(Some(verdict))) => {
                    assert_eq!(verdict.reasons(), [Reason::Untrusted, Reason::BadUsage]);
                    assert!(alert.to_string().contains("UnknownCA"), "{versions}: {alert}");
                }
                (Some(_), other) => panic!("{other:?}"),
            }
        }
    }
}

/// Speaks HTTP in plaintext and returns what comes back until the server closes.
async fn http(bench: &Bench, request: &[u8]) -> String {
    let mut stream = bench.connect().await;
    stream.write_all(request).await.unwrap();
    String::from_utf8(rest(&mut stream).await).unwrap()
}

fn www() -> Config {
    Config { tls: None, service: Service::Www, limits: Limits::default(), recorder: None }
}

#[tokio::test]
async fn www_answers_what_it_is_asked_and_no_more() {
    let bench = Bench::new(www()).await;
    let cases = [
        ("GET / HTTP/1.1\r\nHost: a", "HTTP/1.1 200 OK", "<h1>This TLS session</h1>"),
        ("GET /session.json HTTP/1.1\r\nHost: a", "HTTP/1.1 200 OK", r#""protocol": "plaintext""#),
        ("GET /nowhere HTTP/1.1\r\nHost: a", "HTTP/1.1 404 Not Found", "not here"),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0",
            "HTTP/1.1 405 Method Not Allowed",
            "allow: GET, HEAD",
        ),
        ("GET / HTTP/1.1", "HTTP/1.1 400 Bad Request", "expected one Host field, found none"),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: a", "HTTP/1.1 400 Bad Request", "found several"),
        ("GET / HTTP/1.0\r\nHost: a\r\nHost: b", "HTTP/1.0 400 Bad Request", "found several"),
        ("GET / HTTP/1.1\r\nHost: a b", "HTTP/1.1 400 Bad Request", "found one that names no host"),
        ("GET / HTTP/1.1\r\nHost: a:b", "HTTP/1.1 400 Bad Request", "found one that names no host"),
        ("GET / HTTP/1.1\r\nHost: a@b", "HTTP/1.1 400 Bad Request", "found one that names no host"),
        ("GET / HTTP/1.1\r\nHost: [::1]:4433", "HTTP/1.1 200 OK", "<h1>This TLS session</h1>"),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked",
            "HTTP/1.1 400 Bad Request",
            "expected a request without Transfer-Encoding",
        ),
        ("GET / HTTP/1.1\r\nHost:", "HTTP/1.1 200 OK", ""),
        ("GET / HTTP/1.1\r\nHost: [::1]:4433", "HTTP/1.1 200 OK", ""),
        ("GET / HTTP/1.0", "HTTP/1.0 200 OK", ""),
        ("nonsense", "HTTP/1.1 400 Bad Request", ""),
    ];
    for (head, status, words) in cases {
        let answer = http(&bench, format!("{head}\r\nConnection: close\r\n\r\n").as_bytes()).await;
        assert!(answer.starts_with(status), "{head}\n{answer}");
        assert!(answer.contains(words), "{head}\n{answer}");
    }
}

#[tokio::test]
async fn www_says_the_right_length_also_without_a_body() {
    let bench = Bench::new(www()).await;
    let answer = http(&bench, b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains(&format!("content-length: {}", body.len())), "{head}");
    // The peer's port, which the page shows, has as many digits in both: the system hands them out above 10000.
    let answer = http(&bench, b"HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    let (head, nothing) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains(&format!("content-length: {}", body.len())), "{head}");
    assert_eq!(nothing, "");
}

#[tokio::test]
async fn www_keeps_the_connection_until_it_is_told_to_close() {
    let mut bench = Bench::new(www()).await;
    let twice = "GET /session.json HTTP/1.1\r\nHost: a\r\n\r\n\
                 GET /session.json HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let answer = http(&bench, twice.as_bytes()).await;
    assert_eq!(answer.matches("HTTP/1.1 200 OK").count(), 2, "{answer}");
    assert_eq!(bench.ended().await.end, End::Finished);
}

#[tokio::test]
async fn www_refuses_a_head_that_does_not_end() {
    let bench = Bench::new(www()).await;
    let mut request = b"GET / HTTP/1.1\r\nHost: a\r\nX: ".to_vec();
    request.resize(17 * 1024, b'x');
    let answer = http(&bench, &request).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
}

#[tokio::test]
async fn www_closes_idle_connections_when_stopping() {
    let mut bench = Bench::new(www()).await;
    let mut stream = bench.connect().await;
    stream.write_all(b"GET /session.json HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    // Up to the answer's end: the connection is kept, and idle.
    let mut answer = Vec::new();
    while !answer.ends_with(b"}\n") {
        soon(stream.read_buf(&mut answer)).await.unwrap();
    }
    bench.stop();
    assert_eq!(rest(&mut stream).await, b"");
    assert_eq!(bench.ended().await.end, End::Drained);
}

#[test]
fn a_key_that_is_not_the_certificates_is_refused() {
    let key = crate::pki::key::PrivateKey::from_der(key(CLIENT_KEY).secret_pkcs8_der()).unwrap();
    let error = Identity::new(vec![certificate(SERVER)], &key).unwrap_err();
    assert!(
        error.to_string().starts_with("the key does not belong to the certificate: expected "),
        "{error}"
    );
    assert_eq!(Identity::new(Vec::new(), &key).unwrap_err(), super::IdentityError::Empty);
    let broken = CertificateDer::from(vec![0x30, 3, 2, 1]);
    let error = Identity::new(vec![broken], &key).unwrap_err();
    assert!(matches!(error, super::IdentityError::Unreadable(_)), "{error:?}");
}

#[tokio::test]
async fn an_address_gets_as_many_connections_as_it_may_and_the_next_when_one_has_ended() {
    let limits = Limits { max_per_ip: Some(1), ..Limits::default() };
    let mut bench = Bench::new(Config { limits, ..echo() }).await;
    let first = bench.client(Versions::Tls13).await;
    assert!(matches!(bench.event().await, Event::Accepted { .. }));
    assert!(matches!(bench.event().await, Event::Established { tls: Some(_) }));
    let mut second = bench.connect().await;
    assert_eq!(soon(second.read(&mut [0])).await.unwrap(), 0);
    assert!(matches!(bench.event().await, Event::Refused { why: Refusal::MaxPerIp, first: true, .. }));
    drop(first);
    assert!(matches!(bench.event().await, Event::SessionEnded(_)));
    let mut third = bench.connect().await;
    third.shutdown().await.unwrap();
    assert!(matches!(bench.failed().await, HandshakeFailure::Closed { silent: true }));
}

#[tokio::test]
async fn a_client_that_resumes_judges_the_certificate_of_before_anew() {
    use time::macros::datetime;

    for versions in [Versions::Tls12, Versions::Tls13] {
        let bench = Bench::new(echo()).await;
        let terms = |at| terms(versions, Some(at));
        let (then, too_late) = (datetime!(2027-01-01 0:00 UTC), datetime!(2130-01-01 0:00 UTC));
        let sessions = rustls::client::Resumption::in_memory_sessions(8);
        let (mut config, name) = terms(then).shared_config().unwrap();
        config.resumption = sessions;
        let config = Arc::new(config);
        for (at, resumed, reasons) in
            [(then, false, vec![]), (then, true, vec![]), (too_late, true, vec![Reason::Expired])]
        {
            let connecting = bench.connect().await;
            let shaken = terms(at).handshake_by(Arc::clone(&config), name.clone(), connecting).await;
            assert_eq!(shaken.resumed, resumed, "{versions:?} {at}");
            assert_eq!(shaken.outcome.verdict.unwrap().reasons(), reasons, "{versions:?} {at}");
            assert_eq!(shaken.stream.is_some(), reasons.is_empty());
            if let Some(mut stream) = shaken.stream {
                // Over TLS 1.3 the ticket comes before the echo.
                assert_eq!(exchange(&mut stream, b"hello").await, b"hello");
            }
        }
    }
}
