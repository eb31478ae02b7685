//! The relay: what one end of a connection sends goes to the other, both ways, as it came.
//!
//! Promised: bytes arrive unchanged and in order; what has come is passed on at once. Ends travel as they came: a half
//! that is closed is closed on the other side while the answer still flows, and a stream that breaks off (a reset, a TLS
//! stream without close_notify) breaks the other off too, so that nobody takes it for a good end. An end that reads
//! slowly slows the other down, and holds no more in memory than what was last read. Where nothing moves either way for
//! a limit, both are broken off. An idle connection holds no buffer: read streams through [`Pooled`](super::Pooled), or
//! such as have their own buffer, as TLS streams do.
//!
//! Left to others: dialling, handshakes, and when to stop; dropping the future stops at once, and breaks both ends off.

use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncBufRead, AsyncWrite};
use tokio::time::{Instant, sleep};

use super::Reset;
use super::idle::IdleClock;
use crate::side::{Both, Side};

/// How often it is looked whether an end that is not read, because the other takes nothing, has broken off.
const LOOK: Duration = Duration::from_secs(1);

/// What hears of everything that crosses a relay, before it is passed on.
pub trait Observer {
    /// One end sent `bytes`.
    fn data(&mut self, from: Side, bytes: &[u8]);

    /// One end has no more to send.
    fn end(&mut self, from: Side) {
        let _ = from;
    }

    /// One end broke the connection off.
    fn broken(&mut self, by: Side) {
        let _ = by;
    }
}

/// Counts the bytes that each end sent.
impl Observer for Both<u64> {
    fn data(&mut self, from: Side, bytes: &[u8]) {
        self[from] += bytes.len() as u64;
    }
}

/// How a relay ended.
#[derive(Debug)]
pub enum Ending {
    /// Both ends said all they had.
    Closed,
    /// Nothing moved for the limit.
    Idle,
    /// One end broke off; the other has been broken off too.
    Broken {
        /// Which.
        by: Side,
        /// What reading from it, or writing to it, gave.
        error: io::Error,
    },
}

/// Carries bytes between `client` and `server`, both ways, until both have ended, one breaks off, or nothing has moved
/// for `idle_limit`. Where it did not end well both streams are set to be reset when they are dropped.
pub async fn relay<C, S>(
    client: &mut C,
    server: &mut S,
    idle_limit: Duration,
    observer: &mut impl Observer,
) -> Ending
where
    C: AsyncBufRead + AsyncWrite + Reset + Unpin,
    S: AsyncBufRead + AsyncWrite + Reset + Unpin,
{
    let mut cut = CutOff { client, server, whole: false };
    let mut pumps = Both { client: Pump::new(Side::Client), server: Pump::new(Side::Server) };
    let mut idle = IdleClock::new(idle_limit);
    let mut looking = None;
    let mut first = Side::Client;
    let ending = std::future::poll_fn(|cx| {
        // In turns: a direction that never has to wait would use up what the runtime allows a task at a time.
        first = first.peer();
        let mut moved = false;
        for side in [first, first.peer()] {
            let pump = &mut pumps[side];
            let polled = match side {
                Side::Client => pump.poll(cx, cut.client, cut.server, observer, &mut moved),
                Side::Server => pump.poll(cx, cut.server, cut.client, observer, &mut moved),
            };
            if let Poll::Ready(Err((by, error))) = polled {
                observer.broken(by);
                return Poll::Ready(Ending::Broken { by, error });
            }
        }
        if pumps.client.state == State::Done && pumps.server.state == State::Done {
            return Poll::Ready(Ending::Closed);
        }
        if moved {
            idle.touch();
        }
        // Whoever waits to be read and breaks off meanwhile says so to nobody: it is looked after now and then.
        if pumps.client.blocked || pumps.server.blocked {
            let alarm = looking.get_or_insert_with(|| Box::pin(sleep(LOOK)));
            while alarm.as_mut().poll(cx).is_ready() {
                alarm.as_mut().reset(Instant::now() + LOOK);
                let blocked = |side: Side| pumps[side].blocked;
                let client = blocked(Side::Client).then(|| cut.client.broken()).flatten();
                let server = || blocked(Side::Server).then(|| cut.server.broken()).flatten();
                let broken = client.map(|error| (Side::Client, error));
                if let Some((by, error)) = broken.or_else(|| Some((Side::Server, server()?))) {
                    observer.broken(by);
                    return Poll::Ready(Ending::Broken { by, error });
                }
            }
        }
        idle.poll_due(cx).map(|()| Ending::Idle)
    })
    .await;
    cut.whole = matches!(ending, Ending::Closed);
    ending
}

/// Both streams while they are relayed: what did not come to a good end, or is dropped before its end, is set to be reset.
struct CutOff<'s, C: Reset, S: Reset> {
    client: &'s mut C,
    server: &'s mut S,
    whole: bool,
}

impl<C: Reset, S: Reset> Drop for CutOff<'_, C, S> {
    fn drop(&mut self) {
        if !self.whole {
            self.client.reset_on_drop();
            self.server.reset_on_drop();
        }
    }
}

/// One direction of a relay.
#[derive(Debug)]
struct Pump {
    from: Side,
    state: State,
    /// How many of the bytes that have come and are not passed on have been observed.
    observed: usize,
    /// Whether the receiving stream may hold what was passed on.
    needs_flush: bool,
    /// Whether what has come waits for the receiving stream: until then nothing more is read, not even an error.
    blocked: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    Carrying,
    Ending,
    Done,
}

impl Pump {
    fn new(from: Side) -> Self {
        Self { from, state: State::Carrying, observed: 0, needs_flush: false, blocked: false }
    }

    /// Carries what there is. Ready when there will be no more; an error says which end broke off.
    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        source: &mut (impl AsyncBufRead + Unpin),
        sink: &mut (impl AsyncWrite + Unpin),
        observer: &mut impl Observer,
        moved: &mut bool,
    ) -> Poll<Result<(), (Side, io::Error)>> {
        let by_source = |error| (self.from, error);
        let by_sink = |error| (self.from.peer(), error);
        while self.state == State::Carrying {
            let Poll::Ready(bytes) = Pin::new(&mut *source).poll_fill_buf(cx) else {
                if self.needs_flush {
                    ready!(Pin::new(&mut *sink).poll_flush(cx)).map_err(by_sink)?;
                    self.needs_flush = false;
                }
                return Poll::Pending;
            };
            let bytes = bytes.map_err(by_source)?;
            if bytes.is_empty() {
                observer.end(self.from);
                self.state = State::Ending;
                *moved = true;
                break;
            }
            if self.observed < bytes.len() {
                observer.data(self.from, &bytes[self.observed..]);
                self.observed = bytes.len();
            }
            let written = Pin::new(&mut *sink).poll_write(cx, bytes);
            self.blocked = written.is_pending();
            let count = ready!(written).map_err(by_sink)?;
            if count == 0 {
                return Poll::Ready(Err(by_sink(io::ErrorKind::WriteZero.into())));
            }
            Pin::new(&mut *source).consume(count);
            self.observed -= count;
            self.needs_flush = true;
            *moved = true;
        }
        if self.state == State::Ending {
            // Flushes too. An end that cannot be told any more is the other direction's to find out.
            let _ = ready!(Pin::new(&mut *sink).poll_shutdown(cx));
            self.state = State::Done;
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use proptest::prelude::*;
    use tokio::io::{
        AsyncRead, AsyncReadExt as _, AsyncWriteExt as _, BufStream, DuplexStream, ReadBuf, duplex,
    };
    use tokio::time::timeout;

    use super::*;
    use crate::streams::Pooled;

    const LIMIT: Duration = Duration::from_secs(60);

    /// A stream in memory that can break off as a socket does, and notes whether it was broken off.
    struct Socket {
        stream: DuplexStream,
        /// What the other end does to make reading fail.
        broken: Arc<AtomicBool>,
        reset: Arc<AtomicBool>,
    }

    /// The end of a [`Socket`] that a test holds.
    struct Peer {
        stream: DuplexStream,
        broken: Arc<AtomicBool>,
        reset: Arc<AtomicBool>,
    }

    fn socket(room: usize) -> (Socket, Peer) {
        let (near, far) = duplex(room);
        let (broken, reset) = (Arc::<AtomicBool>::default(), Arc::<AtomicBool>::default());
        let socket = Socket { stream: near, broken: Arc::clone(&broken), reset: Arc::clone(&reset) };
        (socket, Peer { stream: far, broken, reset })
    }

    impl Peer {
        fn break_off(self) {
            self.broken.store(true, Ordering::Relaxed);
        }

        fn was_reset(&self) -> bool {
            self.reset.load(Ordering::Relaxed)
        }
    }

    impl AsyncRead for Socket {
        fn poll_read(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            buffer: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            let before = buffer.filled().len();
            ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
            if buffer.filled().len() == before && self.broken.load(Ordering::Relaxed) {
                return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
            }
            Poll::Ready(Ok(()))
        }
    }

    impl AsyncWrite for Socket {
        fn poll_write(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            Pin::new(&mut self.stream).poll_write(cx, bytes)
        }

        fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.stream).poll_flush(cx)
        }

        fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.stream).poll_shutdown(cx)
        }
    }

    impl Reset for Socket {
        fn reset_on_drop(&self) {
            self.reset.store(true, Ordering::Relaxed);
        }

        fn broken(&self) -> Option<io::Error> {
            self.broken.load(Ordering::Relaxed).then(|| io::ErrorKind::ConnectionReset.into())
        }
    }

    impl Reset for BufStream<Socket> {
        fn reset_on_drop(&self) {
            self.get_ref().reset_on_drop();
        }

        fn broken(&self) -> Option<io::Error> {
            self.get_ref().broken()
        }
    }

    /// Everything that an observer hears.
    #[derive(Debug, Default, PartialEq, Eq)]
    struct Heard {
        data: Both<Vec<u8>>,
        ended: Both<bool>,
        broken: Option<Side>,
    }

    impl Observer for Heard {
        fn data(&mut self, from: Side, bytes: &[u8]) {
            assert!(!self.ended[from]);
            self.data[from].extend_from_slice(bytes);
        }

        fn end(&mut self, from: Side) {
            assert!(!std::mem::replace(&mut self.ended[from], true), "each end comes once");
        }

        fn broken(&mut self, by: Side) {
            self.broken = Some(by);
        }
    }

    /// Relays between two peers for as long as `peers` needs, and to the end.
    async fn relayed<T>(room: usize, peers: impl AsyncFnOnce(Peer, Peer) -> T) -> (Ending, Heard, T) {
        let (client, client_peer) = socket(room);
        let (server, server_peer) = socket(room);
        let mut heard = Heard::default();
        let relaying = async {
            let (mut client, mut server) = (Pooled::new(client), Pooled::new(server));
            relay(&mut client, &mut server, LIMIT, &mut heard).await
        };
        let (ending, came) = tokio::join!(relaying, peers(client_peer, server_peer));
        (ending, heard, came)
    }

    async fn read(stream: &mut DuplexStream, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        stream.read_exact(&mut bytes).await.unwrap();
        bytes
    }

    async fn rest(stream: &mut DuplexStream) -> Vec<u8> {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.unwrap();
        bytes
    }

    #[tokio::test]
    async fn a_closed_half_is_closed_on_the_other_side_while_the_answer_flows() {
        for closing in [Side::Client, Side::Server] {
            let (ending, heard, resets) = relayed(8, async |client, server| {
                let (mut first, mut second) = match closing {
                    Side::Client => (client, server),
                    Side::Server => (server, client),
                };
                first.stream.write_all(b"question").await.unwrap();
                first.stream.shutdown().await.unwrap();
                assert_eq!(rest(&mut second.stream).await, b"question");
                // Only now, when the other half is known to be closed.
                second.stream.write_all(b"ans").await.unwrap();
                assert_eq!(read(&mut first.stream, 3).await, b"ans");
                second.stream.write_all(b"wer").await.unwrap();
                second.stream.shutdown().await.unwrap();
                assert_eq!(rest(&mut first.stream).await, b"wer");
                [first.was_reset(), second.was_reset()]
            })
            .await;
            assert!(matches!(ending, Ending::Closed), "{ending:?}");
            assert_eq!(resets, [false, false]);
            assert_eq!(
                (&heard.data[closing][..], &heard.data[closing.peer()][..]),
                (&b"question"[..], &b"answer"[..])
            );
            assert_eq!(heard.ended, Both { client: true, server: true });
        }
    }

    #[tokio::test]
    async fn what_breaks_off_breaks_the_other_side_off() {
        for breaking in [Side::Client, Side::Server] {
            let (ending, heard, (came, was_reset)) = relayed(64, async |client, server| {
                let (mut first, mut second) = match breaking {
                    Side::Client => (client, server),
                    Side::Server => (server, client),
                };
                first.stream.write_all(b"half a wo").await.unwrap();
                first.break_off();
                (rest(&mut second.stream).await, second.was_reset())
            })
            .await;
            assert!(
                matches!(&ending, Ending::Broken { by, error }
                    if *by == breaking && error.kind() == io::ErrorKind::ConnectionReset),
                "{ending:?}"
            );
            // What had come before is passed on all the same.
            assert_eq!((came.as_slice(), was_reset, heard.broken), (&b"half a wo"[..], true, Some(breaking)));
            assert_eq!(heard.ended, Both::default());
        }
    }

    #[tokio::test]
    async fn an_end_that_takes_nothing_any_more_broke_off() {
        let (ending, _, was_reset) = relayed(64, async |mut client, server| {
            drop(server);
            // Its end comes through first; what is sent then has nobody to go to.
            assert_eq!(rest(&mut client.stream).await, b"");
            client.stream.write_all(b"hello").await.unwrap();
            client
        })
        .await;
        assert!(matches!(ending, Ending::Broken { by: Side::Server, .. }), "{ending:?}");
        assert!(was_reset.was_reset());
    }

    #[tokio::test(start_paused = true)]
    async fn silence_ends_it_also_with_one_half_closed() {
        let begun = Instant::now();
        let (ending, _, peers) = relayed(64, async |mut client, mut server| {
            tokio::time::advance(LIMIT / 2).await;
            client.stream.write_all(b"x").await.unwrap();
            client.stream.shutdown().await.unwrap();
            assert_eq!(rest(&mut server.stream).await, b"x");
            (client, server)
        })
        .await;
        assert!(matches!(ending, Ending::Idle), "{ending:?}");
        assert_eq!(begun.elapsed(), LIMIT / 2 + LIMIT);
        assert!(peers.0.was_reset() && peers.1.was_reset());
    }

    #[tokio::test(start_paused = true)]
    async fn who_does_not_read_slows_the_other_down() {
        let room = 1024;
        let (ending, heard, accepted) = relayed(room, async |mut client, server| {
            let mut accepted = 0;
            // Time is paused: it passes only once nobody has anything left to do.
            while let Ok(count) = timeout(LIMIT / 2, client.stream.write(&[7; 512])).await {
                accepted += count.unwrap();
            }
            drop((client, server));
            accepted
        })
        .await;
        assert!(!matches!(ending, Ending::Closed), "{ending:?}");
        // The room of both sockets, and one read.
        assert_eq!(accepted, 3 * room);
        assert_eq!(heard.data.client.len(), 2 * room);
    }

    #[tokio::test(start_paused = true)]
    async fn who_reads_a_byte_a_second_is_slow_and_not_idle() {
        const LENGTH: usize = 200;
        let begun = Instant::now();
        let (ending, heard, came) = relayed(16, async |mut client, mut server| {
            let sending = async {
                client.stream.write_all(&[7; LENGTH]).await.unwrap();
                client.stream.shutdown().await.unwrap();
            };
            let reading = async {
                let mut came = 0;
                while server.stream.read(&mut [0]).await.unwrap() > 0 {
                    came += 1;
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
                server.stream.shutdown().await.unwrap();
                came
            };
            tokio::join!(sending, reading).1
        })
        .await;
        assert!(matches!(ending, Ending::Closed), "{ending:?}");
        assert_eq!((came, heard.data.client.len()), (LENGTH, LENGTH));
        assert!(begun.elapsed() > LIMIT, "longer than it may be idle");
    }

    #[tokio::test(start_paused = true)]
    async fn who_breaks_off_while_the_other_does_not_read_is_noticed() {
        for breaking in [Side::Client, Side::Server] {
            let begun = Instant::now();
            let (ending, heard, was_reset) = relayed(64, async |client, server| {
                let (mut first, second) = match breaking {
                    Side::Client => (client, server),
                    Side::Server => (server, client),
                };
                // Until nothing more is taken: time passes only once nobody has anything left to do.
                while timeout(LOOK / 4, first.stream.write_all(&[7; 64])).await.is_ok() {}
                let still_open = Arc::clone(&second.reset);
                first.broken.store(true, Ordering::Relaxed);
                tokio::time::sleep(2 * LOOK).await;
                drop((first, second));
                still_open.load(Ordering::Relaxed)
            })
            .await;
            assert!(matches!(&ending, Ending::Broken { by, .. } if *by == breaking), "{ending:?}");
            assert_eq!((heard.broken, was_reset), (Some(breaking), true));
            assert!(begun.elapsed() < LIMIT, "long before it would be idle");
        }
    }

    #[tokio::test]
    async fn a_stream_that_keeps_what_is_written_is_flushed_before_it_is_waited_on() {
        let (client, mut client_peer) = socket(64);
        let (server, mut server_peer) = socket(64);
        let (mut client, mut server) = (BufStream::new(client), BufStream::new(server));
        let mut sent = Both::<u64>::default();
        let conversation = async {
            client_peer.stream.write_all(b"question").await.unwrap();
            assert_eq!(read(&mut server_peer.stream, 8).await, b"question");
            server_peer.stream.write_all(b"answer").await.unwrap();
            assert_eq!(read(&mut client_peer.stream, 6).await, b"answer");
            drop((client_peer, server_peer));
        };
        let (ending, ()) = tokio::join!(relay(&mut client, &mut server, LIMIT, &mut sent), conversation);
        assert!(matches!(ending, Ending::Closed), "{ending:?}");
        assert_eq!(sent, Both { client: 8, server: 6 });
    }

    /// What one end does: the chunks that it sends, and how many it reads at a time.
    fn end() -> impl Strategy<Value = (Vec<Vec<u8>>, usize)> {
        let chunk = proptest::collection::vec(any::<u8>(), 0..3000);
        (proptest::collection::vec(chunk, 0..20), 1_usize..5000)
    }

    /// Sends the chunks and closes; meanwhile reads to the end, slowly.
    async fn play(stream: DuplexStream, chunks: &[Vec<u8>], at_a_time: usize) -> Vec<u8> {
        let (mut from, mut to) = tokio::io::split(stream);
        let sending = async {
            for chunk in chunks {
                to.write_all(chunk).await.unwrap();
                tokio::task::yield_now().await;
            }
            to.shutdown().await.unwrap();
        };
        let receiving = async {
            let (mut came, mut buffer) = (Vec::new(), vec![0; at_a_time]);
            loop {
                let count = from.read(&mut buffer).await.unwrap();
                if count == 0 {
                    return came;
                }
                came.extend_from_slice(&buffer[..count]);
                tokio::task::yield_now().await;
            }
        };
        tokio::join!(sending, receiving).1
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn every_byte_arrives_once_and_in_order(client in end(), server in end(), room in 1_usize..4000) {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let (ending, heard, (at_client, at_server)) = runtime.block_on(relayed(room, async |near, far| {
                tokio::join!(play(near.stream, &client.0, client.1), play(far.stream, &server.0, server.1))
            }));
            prop_assert!(matches!(ending, Ending::Closed), "{:?}", ending);
            prop_assert!(at_server == client.0.concat());
            prop_assert!(at_client == server.0.concat());
            prop_assert!(heard.data.client == at_server && heard.data.server == at_client);
        }
    }
}
