//! systemd: the sockets that it hands over, and telling it how things stand. Without it, nothing.

use std::io;

use tokio::net::TcpListener;

/// The socket that was handed over in place of `--listen` (sd_listen_fds(3)); an error where it is of another kind or there
/// are several. Asked before anything else listens.
#[cfg(target_os = "linux")]
pub(super) fn socket() -> io::Result<Option<TcpListener>> {
    let mut handed_over = listenfd::ListenFd::from_env();
    match handed_over.len() {
        0 => Ok(None),
        1 => {
            let Some(listener) = handed_over.take_tcp_listener(0)? else { return Ok(None) };
            listener.set_nonblocking(true)?;
            TcpListener::from_std(listener).map(Some)
        }
        several => Err(io::Error::other(format!("expected one socket, found {several}"))),
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn socket() -> io::Result<Option<TcpListener>> {
    Ok(None)
}

/// What a service manager wants to know (sd_notify(3)).
#[derive(Clone, Copy, Debug)]
pub(super) enum State {
    /// It accepts.
    Ready,
    /// It reads its files again; [`State::Ready`] follows.
    Reloading,
    /// It comes to an end.
    Stopping,
}

/// Tells the service manager, if there is one.
#[cfg(target_os = "linux")]
pub(super) fn tell(state: State) {
    use sd_notify::{NotifyState, notify};

    // Nobody listening is the usual case, and one that is gone cannot be helped.
    let _ = match state {
        State::Ready => notify(&[NotifyState::Ready]),
        State::Reloading => {
            NotifyState::monotonic_usec_now().and_then(|now| notify(&[NotifyState::Reloading, now]))
        }
        State::Stopping => notify(&[NotifyState::Stopping]),
    };
}

#[cfg(not(target_os = "linux"))]
pub(super) fn tell(_state: State) {}
