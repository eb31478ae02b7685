//! Who is let in: how many connections an address may have at once, and how many new ones a second.
//!
//! Asked before a handshake begins, which is what costs a server most. An IPv6 client counts by its /64, which is what a
//! single customer is given (RFC 6177); an IPv4 address in IPv6 clothes counts as what it is. What is remembered is bounded
//! by the connections that are open and the new ones of the last second.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How few addresses are remembered before it is looked which can be forgotten.
const FEW: usize = 1024;

/// Why a connection was closed at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// Its address has as many connections as it may.
    MaxPerIp,
    /// Its address began as many in the last second as it may.
    HandshakeRate,
}

impl Refusal {
    /// The option that says so.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MaxPerIp => "max-per-ip",
            Self::HandshakeRate => "handshake-rate",
        }
    }
}

/// What is known of each address.
#[derive(Debug)]
pub(super) struct Admission {
    max_per_ip: Option<usize>,
    /// The time that each connection stands for, where there is a rate.
    interval: Option<Duration>,
    known: Mutex<Known>,
}

#[derive(Debug)]
struct Known {
    addresses: HashMap<IpAddr, Address>,
    /// At how many it is looked which can be forgotten.
    sweep_at: usize,
}

#[derive(Debug)]
struct Address {
    connections: usize,
    /// When all its connections are paid for, at one an interval (the generic cell rate algorithm).
    paid_until: Instant,
    /// Whether the last was refused.
    refused: bool,
}

/// A connection that was let in, counted until this is dropped.
#[derive(Debug)]
pub(super) struct Pass(Option<(Arc<Admission>, IpAddr)>);

/// Not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) why: Refusal,
    /// Whether the one before it was let in.
    pub(super) first: bool,
}

impl Admission {
    pub(super) fn new(max_per_ip: Option<usize>, handshake_rate: Option<u32>) -> Arc<Self> {
        let interval = handshake_rate.map(|rate| Duration::from_secs(1) / rate.max(1));
        let known = Known { addresses: HashMap::new(), sweep_at: FEW };
        Arc::new(Self { max_per_ip, interval, known: Mutex::new(known) })
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a connection from `address` is let in now.
    pub(super) fn admit(self: &Arc<Self>, address: IpAddr) -> Result<Pass, Refused> {
        if self.max_per_ip.is_none() && self.interval.is_none() {
            return Ok(Pass(None));
        }
        let (address, now) = (counted_as(address), Instant::now());
        let mut known = self.known();
        known.sweep(now);
        let new = || Address { connections: 0, paid_until: now, refused: false };
        let found = known.addresses.entry(address).or_insert_with(new);
        if let Some(why) = self.refusal(found, now) {
            return Err(Refused { why, first: !std::mem::replace(&mut found.refused, true) });
        }
        found.connections += 1;
        found.refused = false;
        if let Some(interval) = self.interval {
            found.paid_until = found.paid_until.max(now) + interval;
        }
        Ok(Pass(Some((Arc::clone(self), address))))
    }

    fn refusal(&self, address: &Address, now: Instant) -> Option<Refusal> {
        if self.max_per_ip.is_some_and(|most| address.connections >= most) {
            return Some(Refusal::MaxPerIp);
        }
        // A second's worth may come at once.
        let interval = self.interval?;
        let ahead = address.paid_until.saturating_duration_since(now);
        (ahead + interval > Duration::from_secs(1)).then_some(Refusal::HandshakeRate)
    }
}

impl Known {
    /// Forgets who has nothing open and nothing to pay for, now and then: as much work as new addresses made.
    fn sweep(&mut self, now: Instant) {
        if self.addresses.len() >= self.sweep_at {
            self.addresses.retain(|_, address| address.connections > 0 || address.paid_until > now);
            self.sweep_at = (2 * self.addresses.len()).max(FEW);
        }
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let Some((admission, address)) = self.0.take() else { return };
        let mut known = admission.known();
        if let Entry::Occupied(mut found) = known.addresses.entry(address) {
            found.get_mut().connections -= 1;
            if found.get().connections == 0 && admission.interval.is_none() {
                found.remove();
            }
        }
    }
}

/// What an address counts as.
fn counted_as(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn why(result: Result<Pass, Refused>) -> Option<(Refusal, bool)> {
        result.err().map(|refused| (refused.why, refused.first))
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_has_so_many_at_once_and_others_have_their_own() {
        let admission = Admission::new(Some(2), None);
        let first = admission.admit(ip("192.0.2.1")).unwrap();
        let _second = admission.admit(ip("::ffff:192.0.2.1")).unwrap();
        assert_eq!(why(admission.admit(ip("192.0.2.1"))), Some((Refusal::MaxPerIp, true)));
        assert_eq!(why(admission.admit(ip("192.0.2.1"))), Some((Refusal::MaxPerIp, false)));
        let _other = admission.admit(ip("192.0.2.2")).unwrap();
        drop(first);
        drop(admission.admit(ip("192.0.2.1")).unwrap());
        assert_eq!(admission.known().addresses.len(), 2, "who has none is forgotten at once or has one");
    }

    #[tokio::test(start_paused = true)]
    async fn so_many_a_second_and_then_one_by_one() {
        let admission = Admission::new(None, Some(4));
        for _ in 0..4 {
            drop(admission.admit(ip("2001:db8::1")).unwrap());
        }
        // The same customer.
        assert_eq!(why(admission.admit(ip("2001:db8::2"))), Some((Refusal::HandshakeRate, true)));
        assert!(admission.admit(ip("2001:db8:0:1::1")).is_ok());
        tokio::time::advance(Duration::from_millis(250)).await;
        assert!(admission.admit(ip("2001:db8::1")).is_ok());
        assert_eq!(why(admission.admit(ip("2001:db8::1"))), Some((Refusal::HandshakeRate, true)));
        tokio::time::advance(Duration::from_secs(9)).await;
        for _ in 0..4 {
            assert!(admission.admit(ip("2001:db8::1")).is_ok(), "no more than a second is saved up");
        }
        assert!(admission.admit(ip("2001:db8::1")).is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_remembered_is_bounded() {
        let admission = Admission::new(Some(1), Some(1));
        for round in 0..10_u32 {
            for address in 0..2000_u32 {
                let _ = admission.admit(IpAddr::V4((round << 16 | address).into()));
            }
            assert!(admission.known().addresses.len() <= 2 * 2000 + FEW);
            tokio::time::advance(Duration::from_secs(2)).await;
        }
    }

    #[tokio::test]
    async fn without_limits_nothing_is_remembered() {
        let admission = Admission::new(None, None);
        let _pass = admission.admit(ip("192.0.2.1")).unwrap();
        assert!(admission.known().addresses.is_empty());
    }
}
