//! A bounded load for TLS servers: so many full TLS 1.3 handshakes, or so many idle sessions, then it stops.
//!
//! `benches/run` points it at tlslab and at its peers alike, so that what differs is the server. It verifies the
//! certificate, never resumes, and gives up at the first failure: a server that does less must not look quick.
//!
//! ```text
//! load handshakes 127.0.0.1:4433 cert.pem 1000 x25519     1000 handshakes, that group and AES-128-GCM only
//! load handshakes 127.0.0.1:4433 cert.pem 1000 any        the hybrid and X25519 on offer, any suite
//! load idle 127.0.0.1:4433 cert.pem 1000                  holds 1000 sessions until stdin ends
//! ```
//!
//! Each handshake ends in close_notify and in reading until the server has closed too, so that the server has
//! done all its work. The answer on stdout is one JSON object.

use std::collections::BTreeSet;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustls::client::Resumption;
use rustls::pki_types::ServerName;
use rustls::{
    CipherSuite, ClientConfig, ClientConnection, HandshakeKind, NamedGroup, RootCertStore, StreamOwned,
};
use serde_json::json;
use tlslab::{crypto, pki::files};

/// Connections at once. A server under load takes several per wake-up; four keep it busy and this small.
const AT_ONCE: usize = 4;

/// No load runs longer than somebody meant.
const MOST: usize = 100_000;

/// How long a server may be silent.
const PATIENCE: Duration = Duration::from_secs(10);

type Connection = StreamOwned<ClientConnection, TcpStream>;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let answer = match arguments[..] {
        ["handshakes", address, ca, count, groups] => {
            handshakes(address.parse()?, &config(Path::new(ca), groups)?, number(count)?)?
        }
        ["idle", address, ca, count] => {
            idle(address.parse()?, &config(Path::new(ca), "any")?, number(count)?)?
        }
        _ => bail!(
            "expected: load handshakes ADDRESS CA COUNT x25519|x25519mlkem768|any, or: load idle ADDRESS CA COUNT"
        ),
    };
    writeln!(io::stdout(), "{answer}")?;
    Ok(())
}

fn number(text: &str) -> Result<usize> {
    let count = text.parse().with_context(|| format!("{text}: expected a number"))?;
    ensure!((1..=MOST).contains(&count), "{count}: expected 1 to {MOST}");
    Ok(count)
}

fn config(ca: &Path, groups: &str) -> Result<Arc<ClientConfig>> {
    let mut provider = (*crypto::provider()).clone();
    let only = match groups {
        "any" => None,
        "x25519" => Some(NamedGroup::X25519),
        "x25519mlkem768" => Some(NamedGroup::X25519MLKEM768),
        other => bail!("{other}: expected x25519, x25519mlkem768 or any"),
    };
    if let Some(only) = only {
        provider.kx_groups.retain(|group| group.name() == only);
        provider.cipher_suites.retain(|suite| suite.suite() == CipherSuite::TLS13_AES_128_GCM_SHA256);
    }
    let mut roots = RootCertStore::empty();
    for certificate in files::read_certificates(ca)? {
        roots.add(certificate)?;
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    Ok(Arc::new(config))
}

/// Connects and completes a full handshake.
fn connect(address: SocketAddr, config: &Arc<ClientConfig>) -> Result<Connection> {
    let mut socket = TcpStream::connect_timeout(&address, PATIENCE)?;
    socket.set_nodelay(true)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.set_write_timeout(Some(PATIENCE))?;
    let mut connection = ClientConnection::new(Arc::clone(config), ServerName::try_from("www.test.org")?)?;
    while connection.is_handshaking() || connection.wants_write() {
        connection.complete_io(&mut socket)?;
    }
    Ok(StreamOwned::new(connection, socket))
}

/// One handshake and its orderly end; what was agreed on.
fn handshake(address: SocketAddr, config: &Arc<ClientConfig>) -> Result<String> {
    let mut stream = connect(address, config)?;
    let kind = stream.conn.handshake_kind();
    ensure!(kind == Some(HandshakeKind::Full), "expected a full handshake in one round trip, found {kind:?}");
    let group = stream.conn.negotiated_key_exchange_group().map(rustls::crypto::SupportedKxGroup::name);
    let suite = stream.conn.negotiated_cipher_suite().map(|suite| suite.suite());
    stream.conn.send_close_notify();
    stream.flush()?;
    stream.sock.shutdown(std::net::Shutdown::Write)?;
    match stream.read_to_end(&mut Vec::new()) {
        // Some servers leave without close_notify, which is nothing to this measurement.
        Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => return Err(error.into()),
        _ => {}
    }
    Ok(format!("{group:?} {suite:?}").replace("Some(", "").replace(')', ""))
}

fn handshakes(address: SocketAddr, config: &Arc<ClientConfig>, count: usize) -> Result<serde_json::Value> {
    let begun = Instant::now();
    let workers: Vec<_> = (0..AT_ONCE)
        .map(|worker| {
            let config = Arc::clone(config);
            // Shares that add up to `count`.
            let share = count / AT_ONCE + usize::from(worker < count % AT_ONCE);
            thread::spawn(move || -> Result<BTreeSet<String>> {
                (0..share).map(|_| handshake(address, &config)).collect()
            })
        })
        .collect();
    let mut agreed = BTreeSet::new();
    for worker in workers {
        match worker.join() {
            Ok(seen) => agreed.extend(seen?),
            Err(_) => bail!("a worker panicked"),
        }
    }
    Ok(json!({"handshakes": count, "agreed": agreed, "seconds": begun.elapsed().as_secs_f64()}))
}

fn idle(address: SocketAddr, config: &Arc<ClientConfig>, count: usize) -> Result<serde_json::Value> {
    let sessions = (0..count).map(|_| connect(address, config)).collect::<Result<Vec<_>>>()?;
    writeln!(io::stdout(), "ready")?;
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(json!({"idle": sessions.len()}))
}
