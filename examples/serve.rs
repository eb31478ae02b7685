//! Makes a certificate, serves it, and is its first client: everything in one process and in memory.
//!
//! ```text
//! cargo run --example serve
//! ```

#![allow(clippy::print_stdout, reason = "an example prints what it finds")]

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use time::{Duration as Span, OffsetDateTime};
use tlslab::client::{self, Input, Terms};
use tlslab::pki::issue::{Issuer, Plan, Profile, Request, Validity};
use tlslab::pki::key::{KeyAlgorithm, PrivateKey};
use tlslab::pki::subject::{SanName, Subject};
use tlslab::server::reload::{Settings, Tls};
use tlslab::server::{self, Config, Identity, Limits, Service};
use tlslab::tls::Versions;
use tlslab::verify::{Criteria, Policy, Revocation, TrustSet, Usage};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

#[tokio::main]
async fn main() -> Result<()> {
    // A key, and a certificate that it signs itself.
    let key = PrivateKey::generate(KeyAlgorithm::EcP256)?;
    let now = OffsetDateTime::now_utc();
    let request = Request {
        subject: Subject::lab(),
        names: vec!["www.test.org".parse::<SanName>()?],
        validity: Validity { not_before: now, not_after: now + Span::days(365) },
        profile: Profile::Server,
    };
    let plan = Plan::draft(&request, key.public_key_info(), &Issuer::SelfSigned(&key))?;
    let certificate = plan.sign(&key)?;

    // A server that echoes, on any free port, until it is told to stop.
    let identity = Identity::new(vec![certificate.clone()], &key)?;
    let tls = Tls::new(&identity, Settings::default())?;
    let service = Service::Echo;
    let config = Config { tls: Some(Arc::new(tls)), service, limits: Limits::default(), recorder: None };
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let (stop, stopped) = oneshot::channel::<()>();
    let until = async { drop(stopped.await) };
    let serving = tokio::spawn(server::run(listener, config, |event| println!("server: {event:?}"), until));

    // A client that trusts this one certificate, expects its name, and says nothing before both are checked.
    let terms = Terms {
        criteria: Criteria {
            trusted: Arc::new(TrustSet::new([&certificate])?),
            name: Some("www.test.org".parse()?),
            usage: Usage::Server,
            policy: Policy::Lab,
            revocation: Revocation::default(),
        },
        at: None,
        versions: Versions::Both,
        provider: tlslab::crypto::provider(),
        identity: None,
        key_log: None,
        patience: Duration::from_secs(10),
    };
    let handshake = terms.handshake(TcpStream::connect(address).await?).await?;
    for check in handshake.outcome.verdict.iter().flat_map(|verdict| &verdict.checks) {
        println!("client: {:<10} {} ({})", check.kind.to_string(), check.ok(), check.found);
    }
    let Some(stream) = handshake.stream else { bail!("refused: {:?}", handshake.outcome.reasons()) };
    let mut reply = Vec::new();
    let input = Input::<tokio::io::Empty>::Messages(vec!["hello".to_owned()]);
    client::converse(stream, input, &mut reply, Duration::from_secs(10), false).await?;
    println!("client: the server answered {:?}", String::from_utf8(reply)?);

    // Sessions that are open may end in peace; this one has.
    let _ = stop.send(());
    serving.await.context("the server")
}
