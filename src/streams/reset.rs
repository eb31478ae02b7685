//! Breaking a connection off, so that nobody takes it for a good end.

use std::io;

use tokio::net::TcpStream;

/// A stream that can end with a reset instead of an orderly close.
pub trait Reset {
    /// Makes dropping the stream break the connection off, where what is below can do that. What was written and is
    /// not sent yet is lost.
    fn reset_on_drop(&self);

    /// How the connection broke off, where it did and what is unread may stand before that: for whoever does not read now.
    fn broken(&self) -> Option<io::Error>;
}

impl Reset for TcpStream {
    /// RFC 9293 §3.10.4 (ABORT): closing with a linger time of zero sends RST.
    fn reset_on_drop(&self) {
        // Fails where the connection is gone, which is what was wanted.
        let _ = self.set_zero_linger();
    }

    fn broken(&self) -> Option<io::Error> {
        self.take_error().ok().flatten()
    }
}

impl<S: Reset + ?Sized> Reset for &mut S {
    fn reset_on_drop(&self) {
        (**self).reset_on_drop();
    }

    fn broken(&self) -> Option<io::Error> {
        (**self).broken()
    }
}

impl<S: Reset + ?Sized> Reset for Box<S> {
    fn reset_on_drop(&self) {
        (**self).reset_on_drop();
    }

    fn broken(&self) -> Option<io::Error> {
        (**self).broken()
    }
}

#[cfg(unix)]
impl Reset for tokio::net::UnixStream {
    /// Unix sockets know no reset. A close with unread bytes is one to the peer, any other close is a plain end.
    fn reset_on_drop(&self) {}

    fn broken(&self) -> Option<io::Error> {
        self.take_error().ok().flatten()
    }
}

impl<IO: Reset> Reset for tokio_rustls::server::TlsStream<IO> {
    /// Without close_notify (RFC 8446 §6.1): the peer sees that the data are cut.
    fn reset_on_drop(&self) {
        self.get_ref().0.reset_on_drop();
    }

    fn broken(&self) -> Option<io::Error> {
        self.get_ref().0.broken()
    }
}

impl<IO: Reset> Reset for tokio_rustls::client::TlsStream<IO> {
    /// Without close_notify (RFC 8446 §6.1): the peer sees that the data are cut.
    fn reset_on_drop(&self) {
        self.get_ref().0.reset_on_drop();
    }

    fn broken(&self) -> Option<io::Error> {
        self.get_ref().0.broken()
    }
}
