//! The stage: certificates, a server for one act, and a client that dials it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use rustls::pki_types::CertificateDer;
use time::OffsetDateTime;
use tlslab::client::{self, Input, Outcome, Terms};
use tlslab::pki::issue::{Issuer, Plan, Profile, Request, Validity};
use tlslab::pki::key::PrivateKey;
use tlslab::pki::subject::{SanName, Subject};
use tlslab::server::{self, Config, Event, Identity, Limits, Service, reload};
use tlslab::tls::Versions;
use tlslab::verify::{Criteria, ExpectedName, Policy, Revocation, TrustSet, Usage};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::wire::{PATIENCE, Wire};
use crate::cmd::lab::LAB_NAME;

/// A self-signed server certificate for `name`, by the profile that `tlslab gencert` uses.
pub(super) fn certificate(
    key: &PrivateKey,
    name: &str,
    validity: Validity,
) -> anyhow::Result<CertificateDer<'static>> {
    let request = Request {
        subject: Subject::lab().with_common_name(name)?,
        names: vec![SanName::Dns(name.to_owned())],
        validity,
        profile: Profile::Server,
    };
    let plan = Plan::draft(&request, key.public_key_info(), &Issuer::SelfSigned(key))?;
    Ok(plan.sign(key)?)
}

/// A server that runs until it is stopped, and what became of its sessions.
struct Serving {
    address: SocketAddr,
    received: Arc<Mutex<u64>>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Serving {
    /// Serves `identity` over TLS, or plaintext where there is none.
    async fn start(identity: Option<&Identity>) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("cannot listen on 127.0.0.1")?;
        let address = listener.local_addr()?;
        let tls = identity
            .map(|identity| reload::Tls::new(identity, reload::Settings::default()).map(Arc::new))
            .transpose()?;
        let config = Config { tls, service: Service::Echo, limits: Limits::default(), recorder: None };
        let received = Arc::new(Mutex::new(0));
        let (stop, stopped) = oneshot::channel();
        let count = Arc::clone(&received);
        let events = move |event| {
            if let Event::SessionEnded(session) = event {
                *count.lock().unwrap_or_else(PoisonError::into_inner) += session.received;
            }
        };
        let task = tokio::spawn(server::run(listener, config, events, async {
            // Dropped without a word means stop as well.
            let _ = stopped.await;
        }));
        Ok(Self { address, received, stop, task })
    }

    /// Stops, waits for the last session, and says how many application bytes arrived.
    async fn finish(self) -> anyhow::Result<u64> {
        let _ = self.stop.send(());
        self.task.await?;
        Ok(*self.received.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What came of one act.
#[derive(Debug)]
pub(super) struct Act {
    /// What the client reports.
    pub(super) outcome: Outcome,
    /// What the server sent back.
    pub(super) reply: Vec<u8>,
    /// How many application bytes reached the server.
    pub(super) server_received: u64,
}

/// A server to dial, and on which terms.
pub(super) struct Meeting<'a> {
    /// Who serves.
    pub(super) identity: &'a Identity,
    /// Whom the client trusts.
    pub(super) trusted: &'a CertificateDer<'a>,
    /// The versions on offer.
    pub(super) versions: Versions,
    /// When the certificate is judged.
    pub(super) at: OffsetDateTime,
}

impl Meeting<'_> {
    /// Serves, dials (through a tap on `wire`, if any), verifies, and says `message` to whom was accepted.
    pub(super) async fn hold(&self, message: &str, wire: Option<&Wire>) -> anyhow::Result<Act> {
        let serving = Serving::start(Some(self.identity)).await?;
        let tap = match wire {
            Some(wire) => Some(wire.tap(serving.address).await?),
            None => None,
        };
        let address = tap.as_ref().map_or(serving.address, super::wire::Tap::address);
        let handshake = self.terms(wire)?.handshake(TcpStream::connect(address).await?).await?;
        let mut outcome = handshake.outcome;
        let mut reply = Vec::new();
        if let Some(stream) = handshake.stream {
            say(stream, message, &mut reply, &mut outcome).await?;
        }
        if let Some(tap) = tap {
            tap.finish().await?;
        }
        Ok(Act { outcome, reply, server_received: serving.finish().await? })
    }

    fn terms(&self, wire: Option<&Wire>) -> anyhow::Result<Terms> {
        Ok(Terms {
            criteria: Criteria {
                trusted: Arc::new(TrustSet::new([self.trusted])?),
                name: Some(ExpectedName::Dns(LAB_NAME.to_owned())),
                usage: Usage::Server,
                policy: Policy::Lab,
                revocation: Revocation::default(),
            },
            at: Some(self.at),
            versions: self.versions,
            provider: tlslab::crypto::provider(),
            identity: None,
            key_log: match wire {
                Some(wire) => Some(wire.key_log()?),
                None => None,
            },
            patience: PATIENCE,
        })
    }
}

/// The same exchange without TLS: the insecure starting point of the lab.
pub(super) async fn in_plaintext(message: &str, wire: &Wire) -> anyhow::Result<Act> {
    let serving = Serving::start(None).await?;
    let tap = wire.tap(serving.address).await?;
    let stream = TcpStream::connect(tap.address()).await?;
    let (mut outcome, mut reply) = (Outcome::default(), Vec::new());
    say(stream, message, &mut reply, &mut outcome).await?;
    tap.finish().await?;
    Ok(Act { outcome, reply, server_received: serving.finish().await? })
}

async fn say<S>(stream: S, message: &str, reply: &mut Vec<u8>, outcome: &mut Outcome) -> anyhow::Result<()>
where
    S: AsyncRead + AsyncWrite,
{
    let input: Input<tokio::io::Empty> = Input::Messages(vec![message.to_owned()]);
    let ended = client::converse(stream, input, reply, PATIENCE, false).await?;
    outcome.sent_bytes = ended.sent;
    outcome.received_bytes = ended.received;
    outcome.trouble = ended.trouble;
    Ok(())
}
