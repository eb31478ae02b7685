//! What people and service managers send to a command that runs until it is told to stop.

use std::io;

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// SIGHUP: read the files again.
    Reload,
    /// SIGINT or SIGTERM: come to an end.
    Stop,
}

/// The exit status of a process that was told to stop once more while it was coming to its end.
const IMPATIENT: i32 = 1;

/// From the moment that this is made, these signals do not end the process by themselves.
#[cfg(unix)]
pub(crate) struct Signals {
    hangup: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    pub(crate) fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    pub(crate) async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::Stop,
            _ = self.terminate.recv() => Signal::Stop,
            _ = self.hangup.recv() => Signal::Reload,
        }
    }
}

#[cfg(not(unix))]
pub(crate) struct Signals(());

#[cfg(not(unix))]
impl Signals {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self(()))
    }

    pub(crate) async fn next(&mut self) -> Signal {
        // Without a console there is no Ctrl-C, and nothing to wait for.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        Signal::Stop
    }
}

impl Signals {
    /// Waits for the next request to stop.
    pub(crate) async fn stop(&mut self) {
        while self.next().await != Signal::Stop {}
    }

    /// From now on a request to stop ends the process at once, whatever it is still about: an output that nobody
    /// reads, for one. `leave` comes before it. Needs a runtime of several threads, since one of them may be busy with
    /// just that.
    pub(crate) fn end_the_process(mut self, leave: impl FnOnce() + Send + 'static) {
        tokio::spawn(async move {
            self.stop().await;
            leave();
            std::process::exit(IMPATIENT);
        });
    }
}
