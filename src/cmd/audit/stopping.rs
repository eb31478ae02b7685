//! Being told to stop.

use tokio::sync::watch;

use crate::cmd::Result;
use crate::cmd::signals::Signals;

/// Becomes true when the person or the system wants the process to end: what is going on is ended in order. Asked once
/// more, the process ends at once, after `leave`. Needs a running runtime of several threads.
pub(super) fn watch(leave: impl FnOnce() + Send + 'static) -> Result<watch::Receiver<bool>> {
    let (send, receive) = watch::channel(false);
    let mut signals = Signals::new()?;
    tokio::spawn(async move {
        // Nothing here is read again: SIGHUP ends it, too.
        signals.next().await;
        // Nobody is left to be told.
        let _ = send.send(true);
        signals.end_the_process(leave);
        std::future::pending::<()>().await;
    });
    Ok(receive)
}
