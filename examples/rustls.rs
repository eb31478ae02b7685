//! The client that rustls' users write: stock verification by rustls-webpki, one message, the answer on stdout. A recipe of
//! `tlslab audit recipes` puts it to an audit.
//!
//! ```text
//! cargo run --example rustls -- 127.0.0.1:4433 www.test.org cert.pem hello
//! ```

#![allow(clippy::print_stdout, reason = "an example prints what it is answered")]

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut argument = || arguments.next().context("usage: rustls HOST:PORT NAME CA MESSAGE");
    let (address, name, ca, message) = (argument()?, argument()?, argument()?, argument()?);

    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(&ca).with_context(|| ca.clone())? {
        roots.add(certificate?)?;
    }
    // Any provider does; this one needs no C compiler.
    let config = ClientConfig::builder_with_provider(Arc::new(rustls_graviola::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();

    let plain = TcpStream::connect(&address).with_context(|| address.clone())?;
    plain.set_read_timeout(Some(Duration::from_secs(10)))?;
    let connection = ClientConnection::new(Arc::new(config), ServerName::try_from(name)?)?;
    let mut stream = StreamOwned::new(connection, plain);
    // The handshake comes first: nothing is sent to a server that is refused.
    writeln!(stream, "{message}")?;
    stream.conn.send_close_notify();
    stream.flush()?;
    let mut answer = String::new();
    match stream.read_to_string(&mut answer) {
        // What was cut off is no answer.
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => anyhow::bail!("cut off: {answer}"),
        read => read?,
    };
    print!("{answer}");
    Ok(())
}
