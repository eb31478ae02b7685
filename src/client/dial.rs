//! From `HOST:PORT` to a TCP connection.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use super::outcome::{Phase, Trouble};
use crate::tls::errors::io_words;
use crate::verify::ExpectedName;

/// The lab's port, where none is named.
pub const DEFAULT_PORT: u16 = 4433;

/// The lab's name, expected where the host has no DNS name of its own.
const LAB_NAME: &str = "www.test.org";

/// Whom to call: `HOST:PORT`, `HOST`, `[IPv6]:PORT` or `[IPv6]`.
/// ```
/// use tlslab::client::Target;
/// let target: Target = "www.example.com".parse()?;
/// assert_eq!(target.to_string(), "www.example.com:4433");
/// assert_eq!(target.default_name().to_string(), "www.example.com");
/// assert_eq!("[::1]:443".parse::<Target>()?.default_name().to_string(), "www.test.org");
/// # Ok::<(), tlslab::client::BadTarget>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    host: Host,
    port: u16,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Host {
    Address(IpAddr),
    Name(String),
}

/// A text that is no address to connect to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected HOST:PORT, such as 127.0.0.1:4433 or [::1]:4433, found {found}")]
pub struct BadTarget {
    found: String,
}

impl Target {
    /// The name to expect of the server where nobody says otherwise: the host's own, where that is a DNS name
    /// other than localhost, else the lab's `www.test.org`.
    pub fn default_name(&self) -> ExpectedName {
        let own = match &self.host {
            Host::Name(name) if !is_localhost(name) => name.parse().ok(),
            Host::Name(_) | Host::Address(_) => None,
        };
        own.unwrap_or_else(|| ExpectedName::Dns(LAB_NAME.to_owned()))
    }

    /// Whether it is this machine, by its loopback address or the name localhost.
    pub fn is_loopback(&self) -> bool {
        match &self.host {
            Host::Address(address) => address.is_loopback(),
            Host::Name(name) => is_localhost(name),
        }
    }

    /// The addresses behind it, in the resolver's order, each once.
    pub async fn addresses(&self) -> io::Result<Vec<SocketAddr>> {
        match &self.host {
            Host::Address(address) => Ok(vec![SocketAddr::new(*address, self.port)]),
            Host::Name(name) => {
                let mut addresses = Vec::new();
                for address in tokio::net::lookup_host((name.as_str(), self.port)).await? {
                    if !addresses.contains(&address) {
                        addresses.push(address);
                    }
                }
                Ok(addresses)
            }
        }
    }
}

/// RFC 6761 §6.3: localhost and everything below it.
fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Address(address) => SocketAddr::new(*address, self.port).fmt(f),
            Host::Name(name) => write!(f, "{name}:{}", self.port),
        }
    }
}

impl FromStr for Target {
    type Err = BadTarget;

    fn from_str(text: &str) -> Result<Self, BadTarget> {
        let bad = |found: &str| BadTarget { found: format!("{text:?}: {found}") };
        if text.contains("://") {
            return Err(bad("a URL"));
        }
        if let Some(rest) = text.strip_prefix('[') {
            let (address, after) = rest.split_once(']').ok_or_else(|| bad("no closing bracket"))?;
            let address: Ipv6Addr =
                address.parse().map_err(|_| bad("no IPv6 address between the brackets"))?;
            let port = match after.strip_prefix(':') {
                Some(port) => read_port(port).map_err(|why| bad(&why))?,
                None if after.is_empty() => DEFAULT_PORT,
                None => return Err(bad("something else than :PORT after the brackets")),
            };
            return Ok(Self { host: Host::Address(IpAddr::V6(address)), port });
        }
        if text.parse::<Ipv6Addr>().is_ok() || text.matches(':').count() > 1 {
            return Err(bad("several colons: an IPv6 address goes in brackets"));
        }
        let (host, port) = match text.split_once(':') {
            Some((host, port)) => (host, read_port(port).map_err(|why| bad(&why))?),
            None => (text, DEFAULT_PORT),
        };
        let host = match host.parse() {
            Ok(address) => Host::Address(address),
            Err(_) => Host::Name(read_host(host).map_err(|why| bad(&why))?),
        };
        Ok(Self { host, port })
    }
}

fn read_port(text: &str) -> Result<u16, String> {
    match text.parse() {
        Ok(port @ 1..) if text.bytes().all(|digit| digit.is_ascii_digit()) => Ok(port),
        _ => Err(format!("the port {text:?}, which is not a number from 1 to 65535")),
    }
}

fn read_host(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Err("no host".to_owned());
    }
    // RFC 1035 §2.3.4: a name has at most 253 characters as written (254 with the final dot).
    if text.len() > 254 {
        return Err(format!("a host name of {} characters, more than 253", text.len()));
    }
    match text.chars().find(|c| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '.' | '_')) {
        Some(odd) => Err(format!("the character {odd:?} in the host name")),
        None if text.bytes().all(|c| c.is_ascii_digit() || c == b'.') => {
            Err("digits and dots that are no IPv4 address".to_owned())
        }
        None => Ok(text.to_owned()),
    }
}

/// Connects to the first address of `target` that answers, trying each, within `patience` in all.
///
/// Each address may use an equal share of the time that is left, so that one that swallows everything does
/// not starve the next.
pub async fn dial(target: &Target, patience: Duration) -> Result<(TcpStream, SocketAddr), Trouble> {
    let deadline = Instant::now() + patience;
    let addresses = match timeout_at(deadline, target.addresses()).await {
        Err(_) => return Err(Trouble::Timeout { phase: Phase::Resolve, after: patience }),
        Ok(Err(error)) => return Err(Trouble::Unresolved(resolver_words(&error))),
        Ok(Ok(addresses)) if addresses.is_empty() => {
            return Err(Trouble::Unresolved("it has no address".to_owned()));
        }
        Ok(Ok(addresses)) => addresses,
    };
    let mut attempts = Vec::new();
    let mut all_timed_out = true;
    for (index, &address) in addresses.iter().enumerate() {
        let left = deadline.saturating_duration_since(Instant::now());
        let shares = u32::try_from(addresses.len() - index).unwrap_or(u32::MAX);
        match timeout_at(Instant::now() + left / shares, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // Lines are short and wait for each other; failing to say so costs time only.
                let _ = stream.set_nodelay(true);
                return Ok((stream, address));
            }
            Ok(Err(error)) => {
                all_timed_out &= error.kind() == io::ErrorKind::TimedOut;
                attempts.push((address, io_words(&error)));
            }
            Err(_) => attempts.push((address, "timed out".to_owned())),
        }
    }
    Err(if all_timed_out {
        Trouble::Timeout { phase: Phase::Connect, after: patience }
    } else {
        Trouble::Unreachable(attempts)
    })
}

/// The resolver's words without std's preamble.
fn resolver_words(error: &io::Error) -> String {
    let words = error.to_string();
    words.strip_prefix("failed to lookup address information: ").map(str::to_lowercase).unwrap_or(words)
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn targets_are_read() {
        let cases = [
            ("127.0.0.1:4433", "127.0.0.1:4433"),
            ("127.0.0.1", "127.0.0.1:4433"),
            ("[::1]:443", "[::1]:443"),
            ("[::1]", "[::1]:4433"),
            ("www.test.org:1", "www.test.org:1"),
            ("localhost", "localhost:4433"),
            ("a_b.example.", "a_b.example.:4433"),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse::<Target>().map(|target| target.to_string()), Ok(expected.to_owned()));
        }
    }

    #[test]
    fn what_is_no_target_is_refused_by_name() {
        let cases = [
            ("", "no host"),
            (":4433", "no host"),
            ("host:", r#"the port "", which is not a number from 1 to 65535"#),
            ("host:0", r#"the port "0", which is not a number from 1 to 65535"#),
            ("host:+1", r#"the port "+1", which is not a number from 1 to 65535"#),
            ("host:65536", r#"the port "65536", which is not a number from 1 to 65535"#),
            ("::1", "several colons: an IPv6 address goes in brackets"),
            ("a:b:c", "several colons: an IPv6 address goes in brackets"),
            ("[::1", "no closing bracket"),
            ("[::1]4433", "something else than :PORT after the brackets"),
            ("[127.0.0.1]:1", "no IPv6 address between the brackets"),
            ("https://www.test.org", "a URL"),
            ("www test:1", "the character ' ' in the host name"),
            ("300.1.1.1:1", "digits and dots that are no IPv4 address"),
        ];
        for (text, found) in cases {
            let error = text.parse::<Target>().unwrap_err().to_string();
            assert_eq!(
                error,
                format!("expected HOST:PORT, such as 127.0.0.1:4433 or [::1]:4433, found {text:?}: {found}")
            );
        }
        let long = "a".repeat(255).parse::<Target>().unwrap_err().to_string();
        assert!(long.ends_with("a host name of 255 characters, more than 253"), "{long}");
    }

    #[tokio::test]
    async fn a_port_without_a_listener_is_unreachable() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let trouble = dial(&address.to_string().parse().unwrap(), Duration::from_secs(60)).await.unwrap_err();
        assert_eq!(trouble, Trouble::Unreachable(vec![(address, "connection refused".to_owned())]));
        assert_eq!(trouble.to_string(), format!("cannot connect: {address}: connection refused"));
    }
}
