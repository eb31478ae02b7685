//! The accept loop: hands each connection to a task of its own, keeps the limit, and waits out the system's refusals.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::sleep;

/// What is worth telling of accepting.
#[derive(Debug)]
pub enum Notice {
    /// As many connections as allowed are open: the next waits until one ends. Told once.
    Full,
    /// The system would not hand out a connection; it is tried again after a pause.
    Failed(io::Error),
}

/// The first pause after a refusal of the system, such as that of too many open files, and the longest: each is
/// twice the one before, until a connection is accepted.
const PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Accepts connections of `listener` until `stop` is ready, at most `most` at a time; further ones wait in the
/// listener's queue, rather than being accepted and dropped. `connection` makes what each is served by, which runs as a
/// task of its own.
///
/// Gives those that are still open. Dropping the future cuts every connection off, and so does dropping what it gives.
pub async fn accept<F>(
    listener: TcpListener,
    most: usize,
    stop: impl Future<Output = ()>,
    tell: impl Fn(Notice),
    mut connection: impl FnMut(TcpStream, SocketAddr) -> F,
) -> JoinSet<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    let room = Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS)));
    let mut open = JoinSet::new();
    let mut told_full = false;
    let mut stop = pin!(stop);
    loop {
        if room.available_permits() == 0 && !std::mem::replace(&mut told_full, true) {
            tell(Notice::Full);
        }
        let (place, stream, peer) = tokio::select! {
            biased;
            () = &mut stop => return open,
            next = next(&listener, &room, &tell) => match next {
                Some(next) => next,
                None => return open,
            },
        };
        // Those that ended since; at most `most` of them are remembered.
        while open.try_join_next().is_some() {}
        // Boxed: a future that is captured and then awaited takes its room twice.
        let serving = Box::pin(connection(stream, peer));
        open.spawn(async move {
            serving.await;
            drop(place);
        });
    }
}

/// The next connection, once there is room for it. `None` would mean that the semaphore is closed, and nobody does.
async fn next(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
    tell: &impl Fn(Notice),
) -> Option<(OwnedSemaphorePermit, TcpStream, SocketAddr)> {
    let place = Arc::clone(room).acquire_owned().await.ok()?;
    let mut pause = PAUSE;
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                // What is written goes at once; waiting for more (Nagle) only delays it. Without it all works too.
                let _ = stream.set_nodelay(true);
                return Some((place, stream, peer));
            }
            // The peer was gone again before it was accepted: its own affair.
            Err(error) if is_peers_own(error.kind()) => {}
            Err(error) => {
                tell(Notice::Failed(error));
                sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

fn is_peers_own(kind: io::ErrorKind) -> bool {
    matches!(
        kind,
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::Interrupted
    )
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::sync::{mpsc, oneshot};

    use super::*;

    #[tokio::test]
    async fn at_the_limit_a_connection_waits_and_open_ones_outlive_the_stop() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let (tell, mut told) = mpsc::unbounded_channel();
        let accepting = tokio::spawn(accept(
            listener,
            1,
            async move { drop(stopped.await) },
            move |notice| drop(tell.send(notice)),
            // Serves by sending one byte back.
            |mut stream, _| async move {
                let byte = stream.read_u8().await.unwrap();
                stream.write_u8(byte).await.unwrap();
            },
        ));
        let mut first = TcpStream::connect(address).await.unwrap();
        let mut second = TcpStream::connect(address).await.unwrap();
        assert!(matches!(told.recv().await, Some(Notice::Full)));
        // The first's end is what lets the second in.
        second.write_u8(2).await.unwrap();
        first.write_u8(1).await.unwrap();
        assert_eq!(first.read_u8().await.unwrap(), 1);
        assert_eq!(second.read_u8().await.unwrap(), 2);
        let mut third = TcpStream::connect(address).await.unwrap();
        drop(second);
        // Once the third has its place the loop may stop.
        third.write_u8(3).await.unwrap();
        assert_eq!(third.read_u8().await.unwrap(), 3);
        stop.send(()).unwrap();
        let mut open = accepting.await.unwrap();
        while open.join_next().await.is_some() {}
        assert!(told.recv().await.is_none(), "being full is told once");
        TcpStream::connect(address).await.unwrap_err();
    }
}
