//! What people and service managers send to a command, in one manner for all of them: the first request to stop is
//! followed in good order, the second ends the command at once with the conventional status (128 and the signal's
//! number), and SIGHUP reloads where there is something to reload, else it is a request to stop, as from a terminal
//! that is closed.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::sync::mpsc;

use super::{Failure, Result};

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// SIGHUP: read the files again.
    Reload,
    /// Come to an end.
    Stop(Cut),
}

/// The status that a command ends with where it was not let come to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cut {
    /// 128 and the signal's number, as shells have it.
    pub(crate) status: u8,
}

/// What SIGHUP means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hangup {
    Reload,
    Stop,
}

/// What a command may still be about after a second request: putting back what it has changed, saying what there is.
/// An output that nobody reads does not hold it longer.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// From the moment that this is made, signals do not end the process by themselves. From the moment that it is
/// dropped, they do again.
pub(crate) struct Signals {
    heard: mpsc::UnboundedReceiver<Signal>,
}

impl Signals {
    /// For a command that has nothing to reload.
    pub(crate) fn new() -> Result<Self> {
        Self::listen(Hangup::Stop)
    }

    /// For a command that reads its files again when it is told to.
    pub(crate) fn with_reload() -> Result<Self> {
        Self::listen(Hangup::Reload)
    }

    /// A thread of its own listens: all others may be busy, with an output that nobody reads for one.
    fn listen(hangup: Hangup) -> Result<Self> {
        let (send, heard) = mpsc::unbounded_channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let sources = {
            let _inside = runtime.enter();
            Sources::new(hangup)
        };
        let sources = sources.context("cannot listen for signals")?;
        std::thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || runtime.block_on(pass_on(sources, &send)))
            .context("cannot listen for signals")?;
        Ok(Self { heard })
    }

    async fn next(&mut self) -> Signal {
        match self.heard.recv().await {
            Some(signal) => signal,
            // The thread ends with the process.
            None => std::future::pending().await,
        }
    }

    /// Waits for the next request to stop.
    pub(crate) async fn stop(&mut self) -> Cut {
        loop {
            if let Signal::Stop(cut) = self.next().await {
                return cut;
            }
        }
    }

    /// Drives `work` to its end. `told` hears of each reload and of the first request to stop, upon which `work` is to
    /// come to an end in good order; the second drops it where it stands.
    pub(crate) async fn attend<T>(
        &mut self,
        work: impl Future<Output = T>,
        mut told: impl FnMut(Signal),
    ) -> std::result::Result<T, Cut> {
        let mut work = pin!(work);
        let mut stopping = false;
        loop {
            tokio::select! {
                biased;
                signal = self.next() => match signal {
                    Signal::Stop(cut) if stopping => return Err(cut),
                    signal => {
                        stopping |= signal != Signal::Reload;
                        told(signal);
                    }
                },
                ended = &mut work => return Ok(ended),
            }
        }
    }
}

/// Waits, not for long, until nobody but the caller has `tally` any more: what was cut off has then been told there.
pub(crate) async fn all_told<T>(tally: &Arc<T>) {
    const LOOK: Duration = Duration::from_millis(5);
    let told = async {
        while Arc::strong_count(tally) > 1 {
            tokio::time::sleep(LOOK).await;
        }
    };
    // One who does not come to its end is not told of.
    let _ = tokio::time::timeout(LAST_WORDS / 2, told).await;
}

/// Drives `work` to its end, or up to the first request to stop, which is then why it failed.
pub(crate) async fn interruptible<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let mut signals = Signals::new()?;
    tokio::select! {
        biased;
        cut = signals.stop() => Err(interrupted(cut)),
        result = work => result,
    }
}

/// A command that was stopped before it had its answer.
pub(crate) fn interrupted(cut: Cut) -> Failure {
    Failure::new("interrupted").status(cut.status)
}

/// Passes requests on to a command, and ends the process where the command does not: nobody listens any more, or a
/// second request has not ended it.
async fn pass_on(mut sources: Sources, send: &mpsc::UnboundedSender<Signal>) {
    let mut stops = 0;
    loop {
        let signal = sources.next().await;
        let passed_on = send.send(signal).is_ok();
        let Signal::Stop(cut) = signal else { continue };
        stops += 1;
        if passed_on && stops == 2 {
            let third = async { while sources.next().await == Signal::Reload {} };
            // The limit or a third request, whichever is first.
            let _ = tokio::time::timeout(LAST_WORDS, third).await;
        }
        if !passed_on || stops == 2 {
            std::process::exit(i32::from(cut.status));
        }
    }
}

#[cfg(unix)]
struct Sources {
    hangup: Option<tokio::signal::unix::Signal>,
    hangup_means: Hangup,
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Sources {
    fn new(hangup_means: Hangup) -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        // `nohup tlslab …` is meant to outlive its terminal.
        let deaf = hangup_means == Hangup::Stop && hangup_is_ignored();
        Ok(Self {
            hangup: if deaf { None } else { Some(signal(SignalKind::hangup())?) },
            hangup_means,
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) -> Signal {
        let Self { hangup, hangup_means, interrupt, terminate } = self;
        let hung_up = async {
            match hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        // The numbers that POSIX gives them.
        tokio::select! {
            _ = hung_up => match hangup_means {
                Hangup::Reload => Signal::Reload,
                Hangup::Stop => Signal::Stop(Cut { status: 128 + 1 }),
            },
            _ = interrupt.recv() => Signal::Stop(Cut { status: 128 + 2 }),
            _ = terminate.recv() => Signal::Stop(Cut { status: 128 + 15 }),
        }
    }
}

/// Whether whoever started this process had it ignore SIGHUP; only Linux says so to who may not ask sigaction(2).
#[cfg(unix)]
fn hangup_is_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    // A mask in hexadecimal, in which bit 0 is signal 1.
    ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 != 0)
}

#[cfg(not(unix))]
struct Sources;

#[cfg(not(unix))]
impl Sources {
    fn new(_: Hangup) -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> Signal {
        // Without a console there is no Ctrl-C, and nothing to wait for.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        Signal::Stop(Cut { status: 128 + 2 })
    }
}

/// Runs `work` to its end although requests to stop come meanwhile: it is a matter of milliseconds, and half of it is worth
/// nothing. SIGKILL does not wait. What is said of it afterwards has a limit too once there was a request, as whoever
/// is to read it may be asleep.
pub(crate) fn undisturbed<T>(work: impl FnOnce() -> T) -> io::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut sources = {
        let _inside = runtime.enter();
        // Listening is what keeps a signal from ending the process.
        Sources::new(Hangup::Stop)?
    };
    let done = work();
    let ending = async move {
        if let Signal::Stop(cut) = sources.next().await {
            // The limit or a second request, whichever is first.
            let _ = tokio::time::timeout(LAST_WORDS, sources.next()).await;
            std::process::exit(i32::from(cut.status));
        }
    };
    // Where the system has no thread left, SIGKILL ends what does not end by itself.
    let _ = std::thread::Builder::new().name("signals".to_owned()).spawn(move || runtime.block_on(ending));
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told_by(signals: &[Signal]) -> Signals {
        let (send, heard) = mpsc::unbounded_channel();
        for signal in signals {
            send.send(*signal).unwrap();
        }
        Signals { heard }
    }

    const STOP: Signal = Signal::Stop(Cut { status: 143 });

    #[tokio::test]
    async fn work_is_told_once_and_cut_the_second_time() {
        let mut heard = Vec::new();
        let mut signals = told_by(&[Signal::Reload, STOP, Signal::Reload, STOP]);
        let end = signals.attend(std::future::pending::<()>(), |signal| heard.push(signal)).await;
        assert_eq!(end, Err(Cut { status: 143 }));
        assert_eq!(heard, [Signal::Reload, STOP, Signal::Reload]);
    }

    #[tokio::test]
    async fn work_that_ends_is_the_end() {
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let mut stop = Some(stop);
        let mut signals = told_by(&[STOP]);
        let end = signals.attend(stopped, |_| stop.take().unwrap().send(7).unwrap()).await;
        assert_eq!(end, Ok(Ok(7)));
    }
}
