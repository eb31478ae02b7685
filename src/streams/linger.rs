//! Letting last words arrive.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::timeout;

/// How long a connection that this side ended is still listened to.
pub const LINGER: Duration = Duration::from_secs(1);

/// The most that is taken meanwhile: the rest of a flight.
const MOST: u64 = 1 << 20;

/// Ends this side of `stream`, and takes what the peer still sends until it has closed too; for `limit` at most.
///
/// A socket that is closed with unread bytes in it resets the connection (RFC 1122 §4.2.2.13), and the reset can
/// overtake the last words, such as an alert.
pub async fn linger<IO: AsyncRead + AsyncWrite + Unpin>(mut stream: IO, limit: Duration) {
    let farewell = async {
        stream.shutdown().await?;
        let mut rest = stream.take(MOST);
        let mut buffer = [0; 1024];
        while rest.read(&mut buffer).await? > 0 {}
        std::io::Result::Ok(())
    };
    // Whatever comes of it, the connection was over already.
    let _ = timeout(limit, farewell).await;
}
