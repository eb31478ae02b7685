//! A load for TLS servers, and what it measured: handshakes, idle connections, bulk, echo.
//!
//! So many connections do the same work over and over until the time is over. What is measured begins after a warm-up.
//! The server is verified like any other: its certificate whenever it is shown (the same chain once a second, see
//! `verify::repeated`), its signature in each handshake; a resumed session is one that was verified. A refused
//! certificate ends the load.
//!
//! Every wait has a limit, every connection one buffer, and all latencies of a run together one histogram.

mod clock;
mod load;
mod tally;
mod worker;

use std::future::Future;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use rustls::SignatureScheme;
use rustls::client::{ClientSessionMemoryCache, ResolvesClientCert, Resumption};
use rustls::sign::CertifiedKey;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::tls::SessionFacts;
use crate::verify::Verdict;
use crate::verify::repeated::RepeatedVerifier;

use clock::CpuClock;
pub use load::{Load, Mode};
use tally::Tally;
pub use tally::{Counts, FailureKind, Percentiles};
use worker::Worker;

/// The most connections of one load: about what one address has ports for.
pub const MOST_CONNECTIONS: u32 = 20_000;

/// The longest message of [`Mode::Echo`]: what the system's buffers take both ways while nobody reads.
pub const LONGEST_MESSAGE: u32 = 64 * 1024;

/// How many connections of [`Mode::Idle`] are opened at a time.
const OPENING: usize = 64;

/// How long connections have for a goodbye when the time is over.
const FAREWELL: Duration = Duration::from_secs(2);

/// A load generator that used this share of its CPUs was the limit itself.
const BUSY: f64 = 0.9;

/// What a load measured.
#[derive(Clone, Debug)]
pub struct Measured {
    /// What the first connection that counted agreed on.
    pub session: Option<SessionFacts>,
    /// For how long it was measured.
    pub elapsed: Duration,
    /// How long [`Mode::Idle`] took to open its connections.
    pub opening: Option<Duration>,
    /// Operations, bytes, failures.
    pub counts: Counts,
    /// How long operations took; `None` where there was none.
    pub latency: Option<Percentiles>,
    /// The CPU time that this process used meanwhile; `None` where the system does not tell.
    pub client_cpu: Option<Duration>,
    /// Whether the load generator itself was the limit: its CPUs were busy, or it had no port or descriptor left.
    pub limited_by_client: bool,
    /// The verdict on a server that was refused meanwhile, which ended the load.
    pub refused: Option<Box<Verdict>>,
}

impl Measured {
    /// Operations a second; of [`Mode::Idle`], connections opened a second.
    pub fn rate(&self) -> f64 {
        let seconds = self.opening.unwrap_or(self.elapsed).as_secs_f64();
        // Far fewer than 2^53.
        #[allow(clippy::cast_precision_loss)]
        let operations = self.counts.operations as f64;
        if seconds > 0.0 { operations / seconds } else { 0.0 }
    }
}

/// Puts the load on the server until the time is over or `stop` is ready. `holding` is told once [`Mode::Idle`] has opened
/// what it could. Needs a runtime; fails where the terms fit no handshake at all.
pub async fn run(
    load: Load,
    holding: impl FnOnce(u64),
    stop: impl Future<Output = ()>,
) -> Result<Measured, rustls::Error> {
    let verifier = RepeatedVerifier::new(load.terms.criteria.clone(), load.terms.at);
    let tally = Arc::new(Tally::default());
    let (over, is_over) = watch::channel(false);
    let (refuse, mut refused) = mpsc::channel(1);
    let (open, mut opened) = mpsc::channel(load.connections);
    let doors = Arc::new(Semaphore::new(OPENING));
    let mut workers = JoinSet::new();
    // Without a warm-up everything counts from here on.
    let mut phase = Phase { opening: None, cpu: CpuClock::start(), begun: Instant::now() };
    let connections = load.connections;
    let (mode, warm_up, duration) = (load.mode, load.warm_up, load.duration);
    let (config, name) = load.terms.config(Arc::clone(&verifier) as _, Arc::new(NoCertificate))?;
    let (config, load) = (Arc::new(config), Arc::new(load));
    for _ in 0..connections {
        let mut config = Arc::clone(&config);
        if mode == Mode::Resumed {
            // Each has its own sessions: TLS 1.3 uses a ticket once (RFC 8446 appendix C.4), and nobody is to take another's.
            let mut own = (*config).clone();
            own.resumption = Resumption::store(Arc::new(ClientSessionMemoryCache::new(1)));
            config = Arc::new(own);
        }
        let worker = Worker::new(Arc::clone(&load), config, name.clone(), Arc::clone(&tally), refuse.clone());
        workers.spawn(worker.run(is_over.clone(), Arc::clone(&doors), open.clone()));
    }
    drop((open, is_over));

    let started = phase;
    let controlled = async {
        let mut opening = None;
        if mode == Mode::Idle {
            let mut held = 0;
            // Ends when every worker has said how it went.
            while let Some(success) = opened.recv().await {
                held += u64::from(success);
            }
            opening = Some(started.begun.elapsed());
            holding(held);
        } else if warm_up.is_zero() {
            return started;
        } else {
            sleep(warm_up).await;
            tally.restart();
        }
        Phase { opening, cpu: CpuClock::start(), begun: Instant::now() }
    };
    tokio::pin!(stop);
    let mut is_refused = false;
    tokio::select! {
        () = &mut stop => {}
        _ = refused.recv() => is_refused = true,
        begun = controlled => {
            phase = begun;
            tokio::select! {
                () = &mut stop => {}
                _ = refused.recv() => is_refused = true,
                () = sleep(duration) => {}
            }
        }
    }
    let elapsed = phase.begun.elapsed();
    let client_cpu = phase.cpu.elapsed();
    let (counts, latency, session) = tally.take();
    // Workers that are gone need not be told.
    let _ = over.send(true);
    let farewell = async { while workers.join_next().await.is_some() {} };
    if timeout(FAREWELL, farewell).await.is_err() {
        workers.shutdown().await;
    }
    let starved = counts.failures(FailureKind::Local) > 0;
    Ok(Measured {
        session,
        elapsed,
        opening: phase.opening,
        latency,
        client_cpu,
        limited_by_client: starved || is_busy(client_cpu, elapsed),
        counts,
        refused: is_refused.then(|| verifier.verdict()).flatten().map(Box::new),
    })
}

/// A load shows no client certificate.
#[derive(Debug)]
struct NoCertificate;

impl ResolvesClientCert for NoCertificate {
    fn resolve(&self, _issuers: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}

/// What is measured from when on.
#[derive(Clone, Copy)]
struct Phase {
    opening: Option<Duration>,
    cpu: CpuClock,
    begun: Instant,
}

fn is_busy(cpu: Option<Duration>, elapsed: Duration) -> bool {
    // Those that this process may run on.
    let cpus = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let most = elapsed.saturating_mul(u32::try_from(cpus).unwrap_or(u32::MAX));
    cpu.is_some_and(|cpu| !most.is_zero() && cpu.as_secs_f64() / most.as_secs_f64() >= BUSY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generator_that_uses_nearly_all_its_time_is_the_limit() {
        let cpus = u32::try_from(std::thread::available_parallelism().map_or(1, NonZeroUsize::get)).unwrap();
        let second = Duration::from_secs(1);
        assert!(is_busy(Some(second * cpus), second));
        assert!(!is_busy(Some(second * cpus / 2), second));
        assert!(!is_busy(None, second));
        assert!(!is_busy(Some(second), Duration::ZERO));
    }
}
