//! A moment in which Ctrl-C waits: while files are put in place.

use std::io;

/// Runs `work` to its end although SIGINT, SIGTERM or SIGHUP come meanwhile, and from then on: what it started is
/// a matter of milliseconds, and half of it is worth nothing. SIGKILL does not wait.
#[cfg(unix)]
pub(crate) fn undisturbed<T>(work: impl FnOnce() -> T) -> io::Result<T> {
    use tokio::signal::unix::{SignalKind, signal};

    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    // Listening is what keeps a signal from ending the process; nobody asks what was heard.
    let _inside = runtime.enter();
    let _listeners = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()]
        .into_iter()
        .map(signal)
        .collect::<io::Result<Vec<_>>>()?;
    Ok(work())
}

/// Runs `work`.
#[cfg(not(unix))]
pub(crate) fn undisturbed<T>(work: impl FnOnce() -> T) -> io::Result<T> {
    Ok(work())
}
