//! One connection of a load: the same work over and over until the time is over.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, HandshakeKind};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, split};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::{Instant, sleep, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::load::{Load, Mode};
use super::tally::{FailureKind, Tally};
use crate::tls::SessionFacts;

/// After a failure: a server that refuses everything is asked a few times a second, not as fast as can be.
const PAUSE: Duration = Duration::from_millis(50);

/// How much bulk is sent, and read, at a time.
const CHUNK: usize = 64 * 1024;
static ZEROES: [u8; CHUNK] = [0; CHUNK];

/// What counts as one operation of bulk.
const MIB: u64 = 1024 * 1024;

/// The most that a server may still say after our goodbye.
const LAST_WORDS: u64 = 1 << 20;

type Stream = TlsStream<TcpStream>;
type Done<T> = Result<T, FailureKind>;

pub(super) struct Worker {
    load: Arc<Load>,
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
    tally: Arc<Tally>,
    /// Hears of a refused certificate.
    refuse: mpsc::Sender<()>,
    /// Whether there was a full handshake to resume.
    primed: bool,
    /// What is to be said goodbye to when the time is over.
    stream: Option<Stream>,
}

impl Worker {
    pub(super) fn new(
        load: Arc<Load>,
        config: Arc<ClientConfig>,
        name: ServerName<'static>,
        tally: Arc<Tally>,
        refuse: mpsc::Sender<()>,
    ) -> Self {
        Self { load, config, name, tally, refuse, primed: false, stream: None }
    }

    /// Works until `over` is true. `opened` hears whether an idle connection stands; `doors` lets a few at a time in.
    pub(super) async fn run(
        mut self,
        mut over: watch::Receiver<bool>,
        doors: Arc<Semaphore>,
        opened: mpsc::Sender<bool>,
    ) {
        tokio::select! {
            biased;
            // Whoever is gone that could say so means the same.
            _ = over.wait_for(|over| *over) => {}
            () = self.work(&doors, opened) => {}
        }
        if let Some(mut stream) = self.stream.take() {
            // The server may not take it any more; the caller's patience ends it.
            let _ = stream.shutdown().await;
        }
    }

    async fn work(&mut self, doors: &Semaphore, opened: mpsc::Sender<bool>) {
        if self.load.mode == Mode::Idle {
            return self.hold(doors, opened).await;
        }
        drop(opened);
        loop {
            let done = match self.load.mode {
                Mode::Full | Mode::Resumed => self.handshake().await,
                Mode::Up | Mode::Down => self.bulk().await,
                Mode::Echo | Mode::Idle => self.echo().await,
            };
            if let Err(kind) = done {
                self.failed(kind);
                sleep(PAUSE).await;
            }
        }
    }

    fn failed(&mut self, kind: FailureKind) {
        self.tally.failed(kind);
        self.stream = None;
        if kind == FailureKind::Certificate {
            // Another has said so already where there is no room.
            let _ = self.refuse.try_send(());
        }
    }

    /// A connection whose handshake is complete.
    async fn connect(&self) -> Done<Stream> {
        let connecting = async {
            let socket = TcpStream::connect(self.load.address).await?;
            // Messages wait for each other; without it all works too.
            let _ = socket.set_nodelay(true);
            TlsConnector::from(Arc::clone(&self.config)).connect(self.name.clone(), socket).await
        };
        // Boxed: what a handshake takes is not needed any more afterwards.
        Box::pin(within(self.load.terms.patience, connecting)).await
    }

    /// A connection that is kept, and what it agreed on noted.
    async fn open(&mut self) -> Done<&mut Stream> {
        let stream = self.connect().await?;
        self.tally.agreed(|| SessionFacts::of(stream.get_ref().1));
        Ok(self.stream.insert(stream))
    }

    /// A handshake and its orderly end. What is timed is from the call to the complete handshake.
    async fn handshake(&mut self) -> Done<()> {
        let begun = Instant::now();
        let stream = self.connect().await?;
        let took = begun.elapsed();
        let connection = stream.get_ref().1;
        let resumed = connection.handshake_kind() == Some(HandshakeKind::Resumed);
        let session = || SessionFacts::of(connection);
        let wanted = resumed || self.load.mode == Mode::Full;
        if wanted {
            self.tally.agreed(session);
        }
        goodbye(stream, self.load.terms.patience).await?;
        let is_first = !std::mem::replace(&mut self.primed, true);
        if wanted {
            self.tally.done(took);
        } else if !is_first {
            return Err(FailureKind::NotResumed);
        }
        Ok(())
    }

    /// A connection that is held. It counts from when it stands, and no more once it is lost.
    async fn hold(&mut self, doors: &Semaphore, opened: mpsc::Sender<bool>) {
        // Never closed: the semaphore outlives its workers.
        let Ok(place) = doors.acquire().await else { return };
        let begun = Instant::now();
        let stood = self.open().await.map(|_| ());
        drop(place);
        if stood.is_ok() {
            self.tally.done(begun.elapsed());
        }
        // Who no longer listens has ended.
        let _ = opened.send(stood.is_ok()).await;
        drop(opened);
        if let Err(kind) = stood {
            return self.failed(kind);
        }
        let Some(stream) = &mut self.stream else { return };
        let mut buffer = [0; 256];
        let lost = loop {
            match stream.read(&mut buffer).await {
                Ok(0) => break FailureKind::Closed,
                Ok(count) => self.tally.received(count as u64),
                Err(error) => break FailureKind::of(&error),
            }
        };
        self.tally.undone();
        self.failed(lost);
    }

    /// One connection's bulk, up or down, to its end.
    async fn bulk(&mut self) -> Done<()> {
        self.open().await?;
        let Self { load, tally, stream: Some(stream), .. } = self else { return Ok(()) };
        let patience = load.terms.patience;
        match load.mode {
            Mode::Up => {
                let (from, to) = split(stream);
                tokio::select! {
                    sent = send(to, patience, tally) => sent,
                    read = drain(from, tally) => read,
                }
            }
            _ => receive(stream, patience, tally).await,
        }
    }

    /// One connection's messages, to its end.
    async fn echo(&mut self) -> Done<()> {
        self.open().await?;
        let Self { load, tally, stream: Some(stream), .. } = self else { return Ok(()) };
        let mut message = vec![b'.'; load.message];
        let mut answer = vec![0; load.message];
        for number in 0_u64.. {
            // No two in a row are the same, so that an old one is not taken for this one's answer.
            for (octet, digit) in message.iter_mut().zip(number.to_be_bytes().into_iter().rev()) {
                *octet = digit;
            }
            let begun = Instant::now();
            let round_trip = async {
                stream.write_all(&message).await?;
                stream.flush().await?;
                stream.read_exact(&mut answer).await
            };
            within(load.terms.patience, round_trip).await?;
            if answer != message {
                return Err(FailureKind::Mismatch);
            }
            tally.sent(message.len() as u64);
            tally.received(answer.len() as u64);
            tally.done(begun.elapsed());
        }
        Ok(())
    }
}

/// The result of `work`, or that it took longer than `patience`.
async fn within<T>(patience: Duration, work: impl Future<Output = io::Result<T>>) -> Done<T> {
    match timeout(patience, work).await {
        Ok(result) => result.map_err(|error| FailureKind::of(&error)),
        Err(_) => Err(FailureKind::Timeout),
    }
}

/// Says goodbye and reads until the server has closed too, so that it has done all its work and its tickets have come.
async fn goodbye(mut stream: Stream, patience: Duration) -> Done<()> {
    let farewell = async {
        stream.shutdown().await?;
        let mut rest = stream.take(LAST_WORDS);
        let mut buffer = [0; 1024];
        while rest.read(&mut buffer).await? > 0 {}
        Ok(())
    };
    match Box::pin(within(patience, farewell)).await {
        // Some servers leave without close_notify, or with a reset, which is nothing to this measurement.
        Err(FailureKind::Closed | FailureKind::Reset) => Ok(()),
        other => other,
    }
}

/// Sends without end.
async fn send(mut to: impl AsyncWrite + Unpin, patience: Duration, tally: &Tally) -> Done<()> {
    let mut meter = Meter::new();
    loop {
        let count = within(patience, to.write(&ZEROES)).await? as u64;
        tally.sent(count);
        meter.moved(count, tally);
    }
}

/// Reads to the end, which is a failure for who still sends.
async fn drain(mut from: impl AsyncRead + Unpin, tally: &Tally) -> Done<()> {
    let mut buffer = vec![0; CHUNK];
    loop {
        match from.read(&mut buffer).await {
            Ok(0) => return Err(FailureKind::Closed),
            Ok(count) => tally.received(count as u64),
            Err(error) => return Err(FailureKind::of(&error)),
        }
    }
}

/// Reads to a good end, if there is one. A server that sends nothing at all has not done the work.
async fn receive(mut from: impl AsyncRead + Unpin, patience: Duration, tally: &Tally) -> Done<()> {
    let (mut meter, mut buffer) = (Meter::new(), vec![0; CHUNK]);
    let mut came = false;
    loop {
        let count = within(patience, from.read(&mut buffer)).await? as u64;
        if count == 0 {
            return if came { Ok(()) } else { Err(FailureKind::Closed) };
        }
        came = true;
        tally.received(count);
        meter.moved(count, tally);
    }
}

/// Makes operations of bulk.
struct Meter {
    moved: u64,
    begun: Instant,
}

impl Meter {
    fn new() -> Self {
        Self { moved: 0, begun: Instant::now() }
    }

    fn moved(&mut self, count: u64, tally: &Tally) {
        self.moved += count;
        while self.moved >= MIB {
            self.moved -= MIB;
            tally.done(self.begun.elapsed());
            self.begun = Instant::now();
        }
    }
}
