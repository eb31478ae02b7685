//! The echo: what came goes back as it came.

use std::io;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};

use crate::server::drain::{Drain, Read};
use crate::server::event::End;

/// Echoes until the peer ends or the server stops.
pub(super) async fn serve<S>(stream: &mut S, drain: &mut Drain) -> io::Result<End>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        match drain.read(stream).await? {
            Read::Bytes(bytes) => {
                stream.write_all(&bytes).await?;
                stream.flush().await?;
            }
            Read::Draining => return Ok(End::Drained),
            Read::End => return Ok(End::PeerClosed),
        }
    }
}
