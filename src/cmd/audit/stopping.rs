//! Being told to stop.

use tokio::sync::watch;

use crate::cmd::Result;

/// Becomes true when the person or the system wants the process to end. Heard from this call on, for good: what is
/// going on is ended in order. Needs a running runtime.
pub(super) fn watch() -> Result<watch::Receiver<bool>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (send, receive) = watch::channel(false);
    let mut signals =
        [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()].into_iter().map(signal);
    let (mut first, mut second, mut third) = match (signals.next(), signals.next(), signals.next()) {
        (Some(first), Some(second), Some(third)) => (first?, second?, third?),
        // There are three.
        _ => return Ok(receive),
    };
    tokio::spawn(async move {
        tokio::select! {
            _ = first.recv() => {}
            _ = second.recv() => {}
            _ = third.recv() => {}
        }
        // Nobody is left to be told.
        let _ = send.send(true);
        std::future::pending::<()>().await;
    });
    Ok(receive)
}
