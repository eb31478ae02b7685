//! The plaintext servers behind the terminators that `just bench` measures: `backend sink|source|echo`.
//!
//! A sink reads, a source sends zeroes without end, an echo answers. Prints `listening on ADDR` and runs until it is
//! killed; a connection that is idle holds no buffer.

use std::io::{self, Write as _};

use anyhow::{Result, bail};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};

/// What is read and sent at a time.
const CHUNK: usize = 256 * 1024;

fn main() -> Result<()> {
    let mode = std::env::args().nth(1).unwrap_or_default();
    if !["sink", "source", "echo"].contains(&mode.as_str()) {
        bail!("expected: backend sink|source|echo");
    }
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        writeln!(io::stderr(), "listening on {}", listener.local_addr()?)?;
        loop {
            let (stream, _) = listener.accept().await?;
            let mode = mode.clone();
            // A connection that breaks off is its client's affair.
            tokio::spawn(async move {
                let _ = match mode.as_str() {
                    "source" => source(stream).await,
                    mode => answer(stream, mode == "echo").await,
                };
            });
        }
    })
}

async fn source(mut stream: TcpStream) -> io::Result<()> {
    let zeroes = vec![0; CHUNK];
    loop {
        stream.write_all(&zeroes).await?;
    }
}

async fn answer(mut stream: TcpStream, echo: bool) -> io::Result<()> {
    loop {
        stream.readable().await?;
        let mut buffer = Vec::with_capacity(CHUNK);
        match stream.try_read_buf(&mut buffer) {
            Ok(0) => return stream.shutdown().await,
            Ok(_) if echo => stream.write_all(&buffer).await?,
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}
