//! Where `--forward` carries to: which back end is dialled next, and which are left out for a while.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;
use tokio::time::{Instant, timeout};

use crate::tls::errors::io_words;

/// How long dialling may take, all back ends together: whoever waits is told within two seconds.
const DIALLING: Duration = Duration::from_millis(1500);

/// For how long a back end that refused is left out: twice as long each time in a row, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(32);

/// A plaintext server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BackEnd {
    /// `HOST:PORT`; a name is resolved at each connection.
    Tcp(String),
    /// The path of a socket.
    Unix(PathBuf),
}

impl fmt::Display for BackEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => f.write_str(address),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// A connection to a back end.
#[derive(Debug)]
pub(super) enum Connected {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

impl BackEnd {
    async fn connect(&self) -> io::Result<Connected> {
        match self {
            Self::Tcp(address) => {
                let socket = TcpStream::connect(address).await?;
                // What has come is passed on at once.
                socket.set_nodelay(true)?;
                Ok(Connected::Tcp(socket))
            }
            #[cfg(unix)]
            Self::Unix(path) => UnixStream::connect(path).await.map(Connected::Unix),
            #[cfg(not(unix))]
            Self::Unix(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }
}

/// Why no back end could be dialled.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    /// Each with why not, in words.
    pub(super) words: String,
    /// One that took the connection, and reset it before it was used.
    pub(super) reset_by: Option<BackEnd>,
}

/// The back ends among which connections are shared out.
#[derive(Debug)]
pub struct BackEnds {
    all: Vec<Entry>,
    /// Where to begin among equals.
    turn: AtomicUsize,
}

#[derive(Debug)]
struct Entry {
    back_end: BackEnd,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    connections: usize,
    /// How often in a row it could not be reached.
    failures: u32,
    left_out_until: Option<Instant>,
}

impl Entry {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reached(&self) {
        let mut state = self.state();
        (state.failures, state.left_out_until) = (0, None);
    }

    fn failed(&self, now: Instant) {
        let mut state = self.state();
        let pause = FIRST_PAUSE.saturating_mul(1 << state.failures.min(8)).min(LONGEST_PAUSE);
        state.failures = state.failures.saturating_add(1);
        state.left_out_until = Some(now + pause);
    }
}

/// How a back end stands.
#[derive(Debug)]
pub(super) struct Standing {
    pub(super) name: String,
    pub(super) connections: usize,
    /// Whether it could not be reached the last time, and is not in turn yet.
    pub(super) left_out: bool,
}

/// One connection of a back end, counted until this is dropped.
#[derive(Debug)]
pub(super) struct Lease<'b>(&'b Entry);

impl<'b> Lease<'b> {
    fn new(entry: &'b Entry) -> Self {
        entry.state().connections += 1;
        Self(entry)
    }

    pub(super) fn back_end(&self) -> &BackEnd {
        &self.0.back_end
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        self.0.state().connections -= 1;
    }
}

impl BackEnds {
    /// Shares connections out among `all`.
    pub fn new(all: impl IntoIterator<Item = BackEnd>) -> Self {
        let all = all.into_iter().map(|back_end| Entry { back_end, state: Mutex::default() }).collect();
        Self { all, turn: AtomicUsize::new(0) }
    }

    /// How each stands.
    pub(super) fn standing(&self) -> Vec<Standing> {
        let now = Instant::now();
        let of = |entry: &Entry| {
            let state = entry.state();
            Standing {
                name: entry.back_end.to_string(),
                connections: state.connections,
                left_out: state.left_out_until.is_some_and(|until| until > now),
            }
        };
        self.all.iter().map(of).collect()
    }

    /// All of them, the one to be dialled first in front: fewest connections, in turns among equals. Those that are left
    /// out come last, for where nobody else answers either.
    fn order(&self, now: Instant) -> Vec<&Entry> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let count = self.all.len();
        let mut order: Vec<_> = self.all.iter().enumerate().collect();
        order.sort_by_cached_key(|(index, entry)| {
            let state = entry.state();
            let left_out = state.left_out_until.filter(|until| *until > now);
            (left_out, state.connections, (index + count - turn % count) % count)
        });
        order.into_iter().map(|(_, entry)| entry).collect()
    }

    /// Dials until one answers, for as long as somebody waits for it.
    pub(super) async fn dial(&self) -> Result<(Connected, Lease<'_>), Refusals> {
        let began = Instant::now();
        let order = self.order(began);
        let (mut words, mut reset_by) = (Vec::new(), None);
        for (tried, entry) in order.iter().enumerate() {
            let lease = Lease::new(entry);
            // One that says nothing leaves time for the others.
            let left = (began + DIALLING).saturating_duration_since(Instant::now());
            let share = left / u32::try_from(order.len() - tried).unwrap_or(u32::MAX);
            let dialled = timeout(share, entry.back_end.connect()).await;
            match dialled.unwrap_or_else(|_elapsed| Err(io::ErrorKind::TimedOut.into())) {
                Ok(connected) => {
                    entry.reached();
                    return Ok((connected, lease));
                }
                Err(error) => {
                    entry.failed(Instant::now());
                    words.push(format!("{}: {}", entry.back_end, io_words(&error)));
                    if error.kind() == io::ErrorKind::ConnectionReset {
                        reset_by = Some(entry.back_end.clone());
                    }
                }
            }
        }
        Err(Refusals { words: words.join("; "), reset_by })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three() -> BackEnds {
        BackEnds::new(["a:1", "b:1", "c:1"].map(|address| BackEnd::Tcp(address.to_owned())))
    }

    fn names(order: &[&Entry]) -> Vec<String> {
        order.iter().map(|entry| entry.back_end.to_string()).collect()
    }

    #[test]
    fn equals_take_turns() {
        let (all, now) = (three(), Instant::now());
        let firsts: Vec<String> = (0..4).map(|_| names(&all.order(now)).swap_remove(0)).collect();
        assert_eq!(firsts, ["a:1", "b:1", "c:1", "a:1"]);
    }

    #[test]
    fn fewest_connections_come_first() {
        let (all, now) = (three(), Instant::now());
        let leases = [Lease::new(&all.all[0]), Lease::new(&all.all[0]), Lease::new(&all.all[2])];
        assert_eq!(names(&all.order(now)), ["b:1", "c:1", "a:1"]);
        drop(leases);
        assert_eq!(names(&all.order(now))[0], "b:1", "nobody has any: it is the second's turn");
    }

    /// Time is paused: it passes once the system has nothing more to say.
    #[tokio::test(start_paused = true)]
    async fn a_back_end_whose_queue_is_full_is_given_up_on_in_time_and_another_is_taken() {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let full = socket.listen(0).unwrap();
        let address = full.local_addr().unwrap();
        let mut queued = Vec::new();
        while let Ok(connected) = timeout(DIALLING, TcpStream::connect(address)).await {
            queued.push(connected.unwrap());
        }
        let good = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let [full, good] =
            [address, good.local_addr().unwrap()].map(|address| BackEnd::Tcp(address.to_string()));

        let begun = Instant::now();
        let all = BackEnds::new([full.clone(), good.clone()]);
        let (_, lease) = all.dial().await.unwrap();
        assert_eq!(lease.back_end(), &good);
        let refused = BackEnds::new([full.clone()]).dial().await.unwrap_err();
        assert_eq!(refused.words, format!("{full}: timed out"));
        assert!(begun.elapsed() <= 2 * DIALLING);
    }

    #[test]
    fn who_refuses_is_left_out_for_longer_each_time_and_forgiven_at_once() {
        let (all, now) = (three(), Instant::now());
        let first = &all.all[0];
        for pause in [1, 2, 4, 8, 16, 32, 32] {
            first.failed(now);
            let last = |at| names(&all.order(at)).pop();
            assert_eq!(
                last(now + Duration::from_secs(pause) - Duration::from_millis(1)).as_deref(),
                Some("a:1")
            );
            assert_eq!(first.state().left_out_until, Some(now + Duration::from_secs(pause)));
        }
        first.reached();
        first.failed(now);
        assert_eq!(first.state().left_out_until, Some(now + FIRST_PAUSE));
    }
}
