//! `--listen`: from `HOST:PORT` to a bound socket.

use std::fmt;
use std::io;
use std::net::{Ipv6Addr, SocketAddr};
use std::str::FromStr;

use tokio::net::{TcpListener, lookup_host};

use super::{Failure, Result, remedy, systemd};

/// Where to listen: a host or an address, and a port, which may be 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ListenAddress {
    host: String,
    port: u16,
}

impl FromStr for ListenAddress {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let expected = "expected ADDRESS:PORT such as 127.0.0.1:4433 or [::1]:4433";
        let (host, port) = text.rsplit_once(':').ok_or_else(|| format!("{expected}, found no port"))?;
        let digits = !port.is_empty() && port.bytes().all(|digit| digit.is_ascii_digit());
        let port = port
            .parse()
            .ok()
            .filter(|_| digits)
            .ok_or_else(|| format!("{expected}, found {port:?} as the port (0 to 65535)"))?;
        let host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            Some(inner) if inner.parse::<Ipv6Addr>().is_ok() => inner,
            Some(inner) => return Err(format!("{expected}, found {inner:?} in the brackets")),
            None if host.contains(':') => {
                return Err(format!("{expected}, found an IPv6 address without brackets"));
            }
            None if host.is_empty() => return Err(format!("{expected}, found no address before the port")),
            None => host,
        };
        Ok(Self { host: host.to_owned(), port })
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

impl ListenAddress {
    /// The socket that systemd hands over, if it does, else as [`Self::bind`].
    pub(crate) async fn take_over_or_bind(&self, command: &str) -> Result<TcpListener> {
        match systemd::socket() {
            Ok(Some(listener)) => Ok(listener),
            Ok(None) => self.bind(command).await,
            Err(error) => Err(Failure::new(format_args!("LISTEN_FDS: cannot take the socket over: {error}"))
                .hint("expected one TCP socket that listens (systemd.socket(5): one ListenStream=)")),
        }
    }

    /// The port, as it was asked for.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The same host at another port.
    pub(crate) fn at(&self, port: u16) -> Self {
        Self { host: self.host.clone(), port }
    }

    /// Binds the first of the host's addresses that can be bound, for `tlslab COMMAND`.
    pub(crate) async fn bind(&self, command: &str) -> Result<TcpListener> {
        let addresses: Vec<SocketAddr> = match lookup_host((self.host.as_str(), self.port)).await {
            Ok(addresses) => addresses.collect(),
            Err(error) => {
                return Err(Failure::new(format_args!("{self}: {:?} does not resolve: {error}", self.host))
                    .hint(remedy::listen_here(command)));
            }
        };
        let mut last = None;
        for address in addresses {
            match TcpListener::bind(address).await {
                Ok(listener) => return Ok(listener),
                Err(error) => last = Some(error),
            }
        }
        let error = last.unwrap_or_else(|| io::Error::other("the name has no address"));
        Err(self.refused(&error, command))
    }

    fn refused(&self, error: &io::Error, command: &str) -> Failure {
        let why = match error.kind() {
            io::ErrorKind::AddrInUse => "another program already does".to_owned(),
            io::ErrorKind::AddrNotAvailable => "this machine does not have that address".to_owned(),
            io::ErrorKind::PermissionDenied => {
                "permission denied (ports below 1024 are privileged)".to_owned()
            }
            _ => error.to_string(),
        };
        let failure = Failure::new(format_args!("{self}: cannot listen: {why}"));
        match remedy::for_listening(error, command) {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_read_back_as_written() {
        for text in ["127.0.0.1:4433", "[::1]:0", "localhost:65535"] {
            assert_eq!(text.parse::<ListenAddress>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn bad_addresses_say_what_was_expected_and_found() {
        let expected = "expected ADDRESS:PORT such as 127.0.0.1:4433 or [::1]:4433, found ";
        let cases = [
            ("4433", "no port"),
            (":4433", "no address before the port"),
            ("127.0.0.1:", "\"\" as the port (0 to 65535)"),
            ("127.0.0.1:65536", "\"65536\" as the port (0 to 65535)"),
            ("127.0.0.1:+1", "\"+1\" as the port (0 to 65535)"),
            ("::1:4433", "an IPv6 address without brackets"),
            ("[localhost]:1", "\"localhost\" in the brackets"),
        ];
        for (text, found) in cases {
            assert_eq!(text.parse::<ListenAddress>(), Err(format!("{expected}{found}")), "{text}");
        }
    }

    #[test]
    fn what_the_system_refuses_is_said_in_words() {
        let address: ListenAddress = "127.0.0.1:443".parse().unwrap();
        let cases = [
            (io::ErrorKind::AddrInUse, "127.0.0.1:443: cannot listen: another program already does"),
            (
                io::ErrorKind::PermissionDenied,
                "127.0.0.1:443: cannot listen: permission denied (ports below 1024 are privileged)",
            ),
        ];
        for (kind, expected) in cases {
            assert_eq!(address.refused(&kind.into(), "serve").to_string(), expected);
        }
    }
}
