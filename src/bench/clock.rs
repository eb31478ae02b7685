//! The CPU time of this process.

use std::time::Duration;

/// Counts the CPU time of all threads of this process from when it was started.
#[derive(Clone, Copy, Debug)]
pub(super) struct CpuClock(Option<Duration>);

impl CpuClock {
    pub(super) fn start() -> Self {
        Self(now())
    }

    /// `None` where the system does not tell.
    pub(super) fn elapsed(self) -> Option<Duration> {
        Some(now()?.saturating_sub(self.0?))
    }
}

#[cfg(unix)]
fn now() -> Option<Duration> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::try_from(time).ok()
}

#[cfg(not(unix))]
fn now() -> Option<Duration> {
    None
}
