//! Every script against rustls: the healthy ones get through, the faulty ones do not, and end with a fitting alert.

use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio_rustls::TlsConnector;

use super::cases::{self, Case};

use super::*;
use crate::audit::catalogue::workshop::{Made, Workshop};
use crate::crypto;
use crate::pki::key::{KeyAlgorithm, PrivateKey};

const REPLY: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody";

/// Whoever is told and keeps nothing.
struct Nobody;

impl Watch for Nobody {
    fn client_hello(&self, _: &[u8]) {}
    fn chose(&self, _: u16) {}
    fn handshake_completed(&self) {}
    fn secret(&self, _: &str, _: &[u8], _: &[u8]) {}
    fn plaintext(&self, _: &[u8]) {}
}

/// What both ends saw.
struct Seen {
    /// The reply, or what the client's library says.
    client: Result<Vec<u8>, String>,
    /// What the server heard before the reply, or why there was no session.
    server: Result<Heard, End>,
    /// What it heard afterwards.
    after: Option<Heard>,
}

/// rustls as it comes.
fn trusting(made: &Made) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(made.trusted[0].clone()).unwrap();
    let config = ClientConfig::builder_with_provider(crypto::provider())
        .with_protocol_versions(rustls::ALL_VERSIONS)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config)
}

struct Bench {
    workshops: Vec<(KeyAlgorithm, Workshop, PrivateKey)>,
}

impl Bench {
    fn new() -> Self {
        let made =
            |algorithm| (algorithm, Workshop::new(algorithm), PrivateKey::generate(algorithm).unwrap());
        Self { workshops: [KeyAlgorithm::EcP256, KeyAlgorithm::Rsa2048].map(made).into() }
    }

    async fn run(&mut self, script: &Script) -> Seen {
        let (_, workshop, stranger) = self.workshops.iter_mut().find(|(key, ..)| *key == script.key).unwrap();
        let made = workshop.issued(|_| {}).unwrap();
        let config = trusting(&made);
        let material = Material::new(made.chain, made.key, stranger).unwrap();
        let (near, far) = tokio::io::duplex(1 << 20);
        let client = tokio::spawn(talk(near, config));
        let result = serve(far, script, &material, &Nobody).await;
        let (server, mut after) = match result {
            Err(end) => (Err(end), None),
            Ok(mut session) => match session.read().await {
                Ok(heard) => {
                    session.write(REPLY).await.unwrap();
                    let after = session.read().await.ok();
                    session.close().await;
                    (Ok(heard), after)
                }
                Err(end) => (Err(end), None),
            },
        };
        if matches!(after, Some(Heard::Data(_))) {
            after = None;
        }
        Seen { client: client.await.unwrap(), server, after }
    }
}

/// A client as rustls makes it: its request, then the reply as far as its Content-Length.
async fn talk(stream: DuplexStream, config: Arc<ClientConfig>) -> Result<Vec<u8>, String> {
    let name = ServerName::try_from("www.test.org").unwrap();
    let mut stream =
        TlsConnector::from(config).connect(name, stream).await.map_err(|error| error.to_string())?;
    stream.write_all(b"hello").await.map_err(|error| error.to_string())?;
    let mut reply = vec![0; REPLY.len()];
    let read = stream.read_exact(&mut reply).await;
    // The alert that a bad record has earned is sent with the shutdown.
    let _ = stream.shutdown().await;
    read.map(|_| reply).map_err(|error| error.to_string())
}

#[tokio::test(start_paused = true)]
async fn healthy_servers_carry_a_conversation() {
    let mut bench = Bench::new();
    for key in [KeyAlgorithm::EcP256, KeyAlgorithm::Rsa2048] {
        for version in [Version::Tls12, Version::Tls13] {
            let seen = bench.run(&Script { key, ..Script::healthy(version) }).await;
            assert_eq!(seen.client.as_deref(), Ok(REPLY), "{key} {version:?}");
            assert_eq!(seen.server.unwrap(), Heard::Data(b"hello".to_vec()));
            assert_eq!(seen.after, Some(Heard::CloseNotify));
        }
    }
}

/// Whether rustls, which offers no finite-field groups and every hash, meets the fault at all.
fn unsuited(end: &Result<Heard, End>) -> bool {
    matches!(end, Err(End::Unsuited(_)))
}

#[tokio::test(start_paused = true)]
async fn rustls_refuses_every_faulty_one_with_an_alert_that_fits() {
    let mut bench = Bench::new();
    let mut wrong = Vec::new();
    let mut met = 0;
    let served = cases::all()
        .filter(|case| case.about.id != "hs-silent")
        .flat_map(|case| case.versions.iter().map(move |version| (case, *version, (case.script)(*version))));
    for (case, version, script) in served {
        let seen = bench.run(&script).await;
        if unsuited(&seen.server) {
            continue;
        }
        met += 1;
        if let Some(complaint) = complaint(case, &seen) {
            wrong.push(format!("{} {version:?}: {complaint}; the client: {:?}", case.about.id, seen.client));
        }
    }
    assert!(wrong.is_empty(), "{} of {met}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(met > 60, "{met}");
}

/// rustls answers a HelloRequest with no_renegotiation, and goes on.
#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_renegotiate_is_not_judged() {
    let made = Workshop::new(KeyAlgorithm::EcP256).issued(|_| {}).unwrap();
    let config = trusting(&made);
    let material = Material::new(made.chain, made.key.clone(), &made.key).unwrap();
    let (near, far) = tokio::io::duplex(1 << 20);
    let client = tokio::spawn(talk(near, config));
    let end = renegotiate(far, &material, &material, &mut Vec::new(), &Nobody).await.unwrap_err();
    assert!(matches!(end, End::Unsuited(_)), "{end:?}");
    assert!(client.await.unwrap().is_err(), "nobody has answered it");
}

/// What rustls alone does not notice, though RFC 8446 §4.1.3 asks for it.
const TOLERATED: [&str; 2] = ["hs-legacy-0304", "hs-session-id-not-echoed"];

fn complaint(case: &Case, seen: &Seen) -> Option<String> {
    let accepted = seen.client.is_ok();
    if case.about.grade == crate::audit::catalogue::Grade::Policy {
        return None;
    }
    if accepted {
        return (!TOLERATED.contains(&case.about.id)).then(|| "accepted".to_owned());
    }
    let alert = match (&seen.server, &seen.after) {
        (Err(End::Alert(alert)) | Ok(Heard::Alert(alert)), _) | (Ok(_), Some(Heard::Alert(alert))) => {
            Some(*alert)
        }
        _ => None,
    };
    match alert {
        Some(alert) if case.alerts.is_empty() || case.alerts.contains(&alert) => None,
        // It closes without a word where there is no certificate.
        None if case.alerts.is_empty() || case.about.id == "hs-empty-certificate" => None,
        other => Some(format!("alert {other:?}, expected one of {:?} ({:?})", case.alerts, seen.server)),
    }
}

#[test]
fn ids_are_there_once_and_speak_of_handshakes() {
    let mut ids: Vec<_> = cases::all().map(|case| case.about.id).collect();
    assert!(ids.iter().all(|id| id.starts_with("hs-")));
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count);
    for case in cases::all() {
        assert!(
            !case.versions.is_empty() && !case.about.title.is_empty() && !case.about.citation.is_empty(),
            "{}",
            case.about.id
        );
    }
}
