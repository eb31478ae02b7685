//! The two ends of a connection. Knows nobody.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// One of the two ends of a connection: the one that dialled, or the one that was dialled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// The end that opened the connection.
    Client,
    /// The end that accepted it.
    Server,
}

impl Side {
    /// The other end.
    #[must_use]
    pub fn peer(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Client => "client",
            Self::Server => "server",
        })
    }
}

/// A value for each side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Both<T> {
    /// The client's.
    pub client: T,
    /// The server's.
    pub server: T,
}

impl Both<SocketAddr> {
    /// The same addresses in one family: IPv4-mapped ones (RFC 4291 §2.5.5.2) become IPv4; where the families still
    /// differ, both become IPv6.
    #[must_use]
    pub fn in_one_family(self) -> Self {
        let canonical = |address: SocketAddr| SocketAddr::new(address.ip().to_canonical(), address.port());
        let Self { client, server } = Self { client: canonical(self.client), server: canonical(self.server) };
        if client.is_ipv4() == server.is_ipv4() {
            return Self { client, server };
        }
        let mapped = |address: SocketAddr| SocketAddr::new(ipv6(address.ip()).into(), address.port());
        Self { client: mapped(client), server: mapped(server) }
    }
}

/// The address as IPv6 has it: an IPv4 address is mapped.
pub fn ipv6(address: IpAddr) -> Ipv6Addr {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    }
}

impl<T> std::ops::Index<Side> for Both<T> {
    type Output = T;

    fn index(&self, side: Side) -> &T {
        match side {
            Side::Client => &self.client,
            Side::Server => &self.server,
        }
    }
}

impl<T> std::ops::IndexMut<Side> for Both<T> {
    fn index_mut(&mut self, side: Side) -> &mut T {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }
}
