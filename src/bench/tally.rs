//! What all connections of a load count together.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::tls::SessionFacts;
use crate::tls::errors::Fault;

/// Why an operation failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FailureKind {
    /// The server sent a fatal alert.
    Alert,
    /// The server's certificate, or its signature, was refused.
    Certificate,
    /// The server closed before the work was done.
    Closed,
    /// This machine has no port or file descriptor left.
    Local,
    /// What came back is not what was sent.
    Mismatch,
    /// Anything else that the network refused.
    Network,
    /// The handshake was full where it was to be resumed.
    NotResumed,
    /// The server broke the protocol, or has nothing in common with what is on offer.
    Protocol,
    /// Nobody listens there.
    Refused,
    /// The server reset the connection.
    Reset,
    /// Nothing came in time.
    Timeout,
}

impl FailureKind {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Alert,
        Self::Certificate,
        Self::Closed,
        Self::Local,
        Self::Mismatch,
        Self::Network,
        Self::NotResumed,
        Self::Protocol,
        Self::Refused,
        Self::Reset,
        Self::Timeout,
    ];

    /// For a machine.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Alert => "alert",
            Self::Certificate => "certificate",
            Self::Closed => "closed",
            Self::Local => "local",
            Self::Mismatch => "mismatch",
            Self::Network => "network",
            Self::NotResumed => "not-resumed",
            Self::Protocol => "protocol",
            Self::Refused => "refused",
            Self::Reset => "reset",
            Self::Timeout => "timeout",
        }
    }

    /// Sorts the error of a socket or of the TLS stream over it.
    pub(super) fn of(error: &io::Error) -> Self {
        // EMFILE and ENFILE, which have no kind in std.
        if error.kind() == io::ErrorKind::AddrNotAvailable || matches!(error.raw_os_error(), Some(23 | 24)) {
            return Self::Local;
        }
        if error.kind() == io::ErrorKind::ConnectionRefused {
            return Self::Refused;
        }
        match Fault::of(error) {
            Fault::Alert(_) => Self::Alert,
            Fault::Certificate(_) | Fault::NoCertificate => Self::Certificate,
            Fault::Cut => Self::Closed,
            Fault::Incompatible(_) | Fault::Message(_) | Fault::Protocol(_) => Self::Protocol,
            Fault::Reset => Self::Reset,
            Fault::TimedOut => Self::Timeout,
            Fault::System(_) => Self::Network,
        }
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Operations, bytes and failures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// What was done: handshakes, connections held to the end, MiB carried, messages that came back.
    pub operations: u64,
    /// Application bytes sent.
    pub sent: u64,
    /// Application bytes received.
    pub received: u64,
    failures: BTreeMap<FailureKind, u64>,
}

impl Counts {
    /// How many operations failed so.
    pub fn failures(&self, kind: FailureKind) -> u64 {
        self.failures.get(&kind).copied().unwrap_or_default()
    }

    /// How many failed in all.
    pub fn failed(&self) -> u64 {
        self.failures.values().sum()
    }
}

/// How long operations took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Percentiles {
    /// Half took no longer.
    pub p50: Duration,
    /// 90 of 100 took no longer.
    pub p90: Duration,
    /// 99 of 100 took no longer.
    pub p99: Duration,
    /// 999 of 1,000 took no longer.
    pub p99_9: Duration,
    /// The longest.
    pub max: Duration,
}

/// What is counted so far. Locked for moments only.
#[derive(Debug)]
pub(super) struct Tally(Mutex<Kept>);

#[derive(Debug)]
struct Kept {
    counts: Counts,
    /// In microseconds, to three digits: 190 kB, however many there are.
    latencies: Histogram<u64>,
    session: Option<SessionFacts>,
}

/// An hour: longer than any wait here; what is longer counts as this.
const LONGEST: u64 = 3_600_000_000;

impl Default for Kept {
    fn default() -> Self {
        // Fails for bounds that are no bounds; these are.
        #[allow(clippy::expect_used)]
        let latencies = Histogram::new_with_bounds(1, LONGEST, 3).expect("1 <= 3.6e9, 3 digits");
        Self { counts: Counts::default(), latencies, session: None }
    }
}

impl Default for Tally {
    fn default() -> Self {
        Self(Mutex::new(Kept::default()))
    }
}

impl Tally {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        // Counters are whole at any time.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An operation is done.
    pub(super) fn done(&self, took: Duration) {
        let mut kept = self.lock();
        kept.counts.operations += 1;
        kept.latencies.saturating_record(u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1));
    }

    /// What was counted as done is not: a held connection was lost.
    pub(super) fn undone(&self) {
        let mut kept = self.lock();
        kept.counts.operations = kept.counts.operations.saturating_sub(1);
    }

    pub(super) fn failed(&self, kind: FailureKind) {
        *self.lock().counts.failures.entry(kind).or_default() += 1;
    }

    pub(super) fn sent(&self, bytes: u64) {
        self.lock().counts.sent += bytes;
    }

    pub(super) fn received(&self, bytes: u64) {
        self.lock().counts.received += bytes;
    }

    /// What a handshake agreed on; the first is kept.
    pub(super) fn agreed(&self, session: impl FnOnce() -> Option<SessionFacts>) {
        let mut kept = self.lock();
        if kept.session.is_none() {
            kept.session = session();
        }
    }

    /// Forgets what was counted.
    pub(super) fn restart(&self) {
        let mut kept = self.lock();
        kept.counts = Counts::default();
        kept.latencies.reset();
    }

    /// What was counted so far.
    pub(super) fn take(&self) -> (Counts, Option<Percentiles>, Option<SessionFacts>) {
        let kept = self.lock();
        let at = |share| Duration::from_micros(kept.latencies.value_at_quantile(share));
        let percentiles = (!kept.latencies.is_empty()).then(|| Percentiles {
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p99_9: at(0.999),
            max: at(1.0),
        });
        (kept.counts.clone(), percentiles, kept.session.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_what_was_counted_since_the_restart() {
        let tally = Tally::default();
        tally.done(Duration::from_secs(3));
        tally.failed(FailureKind::Timeout);
        tally.restart();
        assert_eq!(tally.take(), (Counts::default(), None, None));
        for millis in 1..=1000 {
            tally.done(Duration::from_millis(millis));
        }
        tally.failed(FailureKind::Reset);
        let (counts, latency, _) = tally.take();
        assert_eq!((counts.operations, counts.failed(), counts.failures(FailureKind::Reset)), (1000, 1, 1));
        let latency = latency.unwrap();
        // Three digits: the value is at most a thousandth off.
        for (found, expected) in [
            (latency.p50, 500),
            (latency.p90, 900),
            (latency.p99, 990),
            (latency.p99_9, 999),
            (latency.max, 1000),
        ] {
            let off = found.as_secs_f64() * 1000.0 - f64::from(expected);
            assert!((0.0..=1.0).contains(&off), "{found:?} for {expected} ms");
        }
    }

    #[test]
    fn errors_are_sorted() {
        let cases = [
            (io::ErrorKind::ConnectionRefused.into(), FailureKind::Refused),
            (io::ErrorKind::ConnectionReset.into(), FailureKind::Reset),
            (io::ErrorKind::TimedOut.into(), FailureKind::Timeout),
            (io::ErrorKind::UnexpectedEof.into(), FailureKind::Closed),
            (io::ErrorKind::HostUnreachable.into(), FailureKind::Network),
            (io::Error::from_raw_os_error(24), FailureKind::Local),
            (io::ErrorKind::AddrNotAvailable.into(), FailureKind::Local),
            (io::Error::other(rustls::Error::DecryptError), FailureKind::Protocol),
        ];
        for (error, expected) in cases {
            assert_eq!(FailureKind::of(&error), expected, "{error}");
        }
        let names: std::collections::BTreeSet<_> =
            FailureKind::ALL.iter().map(|kind| kind.as_str()).collect();
        assert_eq!(names.len(), FailureKind::ALL.len());
    }
}
