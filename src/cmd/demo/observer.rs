//! Somebody on the network: a relay that keeps every octet which crosses it, and knows no key.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// The most that is kept of each direction; the demo's exchanges are a few thousand octets.
const KEPT: usize = 1 << 20;

/// A relay for one connection.
#[derive(Debug)]
pub(super) struct Observer {
    address: SocketAddr,
    relay: JoinHandle<io::Result<Observed>>,
}

/// What crossed the wire.
#[derive(Debug, Default)]
pub(super) struct Observed {
    pub(super) from_client: Vec<u8>,
    pub(super) from_server: Vec<u8>,
}

impl Observer {
    /// Listens on loopback and relays the first connection to `server`.
    pub(super) async fn in_front_of(server: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let relay = tokio::spawn(async move {
            let (client, _) = listener.accept().await?;
            let server = TcpStream::connect(server).await?;
            let (mut client_read, mut client_write) = client.into_split();
            let (mut server_read, mut server_write) = server.into_split();
            let (from_client, from_server) = tokio::join!(
                relay(&mut client_read, &mut server_write),
                relay(&mut server_read, &mut client_write),
            );
            Ok(Observed { from_client, from_server })
        });
        Ok(Self { address, relay })
    }

    /// Where the client is to connect.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits for both ends to close and hands over what was seen.
    pub(super) async fn seen(self) -> anyhow::Result<Observed> {
        Ok(self.relay.await??)
    }
}

/// Passes everything on until either end fails or closes; what was seen by then is what was seen.
async fn relay(from: &mut (impl AsyncRead + Unpin), to: &mut (impl AsyncWrite + Unpin)) -> Vec<u8> {
    let mut seen = Vec::new();
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        let octets = &buffer[..count];
        seen.extend_from_slice(&octets[..count.min(KEPT - seen.len())]);
        if to.write_all(octets).await.is_err() {
            break;
        }
    }
    // The other end may be gone already, which is as closed as can be.
    let _ = to.shutdown().await;
    seen
}

impl Observed {
    /// How many octets crossed.
    pub(super) fn len(&self) -> usize {
        self.from_client.len() + self.from_server.len()
    }

    /// Where `text` can be read: how often in both directions together.
    pub(super) fn occurrences(&self, text: &[u8]) -> usize {
        [&self.from_client, &self.from_server]
            .into_iter()
            .map(|octets| octets.windows(text.len().max(1)).filter(|window| *window == text).count())
            .sum()
    }
}

/// Octets as a hex dump of at most `lines` lines, the readable ones beside it.
pub(super) fn hex_dump(octets: &[u8], lines: usize) -> Vec<String> {
    let mut dump: Vec<String> = octets
        .chunks(16)
        .take(lines)
        .enumerate()
        .map(|(row, chunk)| {
            let hex: Vec<String> = chunk.iter().map(|octet| format!("{octet:02x}")).collect();
            let readable: String = chunk.iter().map(|&octet| readable(octet)).collect();
            format!("{:04x}  {:<47}  {readable}", row * 16, hex.join(" "))
        })
        .collect();
    let rest = octets.len().saturating_sub(lines * 16);
    if rest > 0 {
        dump.push(format!("      … {rest} more octets"));
    }
    dump
}

fn readable(octet: u8) -> char {
    if octet.is_ascii_graphic() || octet == b' ' { char::from(octet) } else { '.' }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dumps_show_what_is_readable() {
        assert_eq!(
            hex_dump(b"GET / HTTP/1.1\r\nHost: x", 1),
            [
                "0000  47 45 54 20 2f 20 48 54 54 50 2f 31 2e 31 0d 0a  GET / HTTP/1.1..",
                "      … 7 more octets"
            ]
        );
    }

    #[test]
    fn texts_are_found_in_both_directions() {
        let observed = Observed { from_client: b"say hello".to_vec(), from_server: b"hello, hello".to_vec() };
        assert_eq!(observed.occurrences(b"hello"), 3);
        assert_eq!(observed.occurrences(b"password"), 0);
        assert_eq!(observed.len(), 21);
    }
}
