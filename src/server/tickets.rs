//! Keys of session tickets that several servers share: each opens what the others sealed.
//!
//! The file is nginx's (`ssl_session_ticket_key`): 16 octets that name the key, and 32 or 64 secret ones. How a ticket is
//! sealed is each implementation's own, for nobody else opens it (RFC 5077 §4, RFC 8446 §4.6.1); here by
//! XChaCha20-Poly1305, as rustls' own tickets are, with a key that is derived from all of the secret.

use rustls::pki_types::UnixTime;
use rustls::server::ProducesTickets;

use crate::crypto::SharedKey;

/// How long a ticket may be used, in seconds: as long as those of keys that a server keeps to itself.
const LIFETIME: u32 = 12 * 60 * 60;

/// The octets that name a key.
const NAME: usize = 16;

/// What a key of a file is made into.
const PURPOSE: &[u8] = b"tlslab session ticket";

/// Not the length of a ticket key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected the 48 or 80 random octets of a ticket key, found {0}")]
pub struct BadTicketKey(pub usize);

/// One key: what seals tickets and opens them.
#[derive(Debug)]
pub struct TicketKey {
    name: [u8; NAME],
    key: SharedKey,
}

impl TicketKey {
    /// The key that a file holds: 48 or 80 octets, of which the first 16 are its name.
    pub fn new(octets: &[u8]) -> Result<Self, BadTicketKey> {
        match (octets.len(), octets.split_first_chunk()) {
            (48 | 80, Some((name, secret))) => {
                Ok(Self { name: *name, key: SharedKey::derive(secret, PURPOSE) })
            }
            (length, _) => Err(BadTicketKey(length)),
        }
    }

    fn seal(&self, state: &[u8], now: UnixTime) -> Option<Vec<u8>> {
        let dated = [&now.as_secs().to_be_bytes(), state].concat();
        let sealed = self.key.seal(&self.name, &dated).ok()?;
        Some([&self.name[..], &sealed].concat())
    }

    fn open(&self, ticket: &[u8], now: UnixTime) -> Option<Vec<u8>> {
        let sealed = ticket.strip_prefix(&self.name)?;
        let dated = self.key.open(&self.name, sealed).ok()?;
        let (sealed_at, state) = dated.split_first_chunk()?;
        // The key may live for ever, the ticket does not. A clock that is ahead on another machine is no fault.
        let age = now.as_secs().saturating_sub(u64::from_be_bytes(*sealed_at));
        (age <= u64::from(LIFETIME)).then(|| state.to_vec())
    }
}

/// Several keys: the first seals, all open, so that a new one can be put before the old.
#[derive(Debug)]
pub struct TicketKeys(Vec<TicketKey>);

impl TicketKeys {
    /// `None` where there is no key.
    pub fn new(keys: Vec<TicketKey>) -> Option<Self> {
        (!keys.is_empty()).then_some(Self(keys))
    }
}

impl ProducesTickets for TicketKeys {
    fn enabled(&self) -> bool {
        true
    }

    fn lifetime(&self) -> u32 {
        LIFETIME
    }

    fn encrypt(&self, state: &[u8]) -> Option<Vec<u8>> {
        self.0.first()?.seal(state, UnixTime::now())
    }

    fn decrypt(&self, ticket: &[u8]) -> Option<Vec<u8>> {
        let now = UnixTime::now();
        self.0.iter().find_map(|key| key.open(ticket, now))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn key(octet: u8) -> TicketKey {
        TicketKey::new(&[octet; 80]).unwrap()
    }

    #[test]
    fn a_key_has_the_length_of_nginx_s() {
        for length in [0, 16, 47, 49, 79, 81] {
            let refused = TicketKey::new(&vec![1; length]).err().unwrap();
            assert_eq!(
                refused.to_string(),
                format!("expected the 48 or 80 random octets of a ticket key, found {length}")
            );
        }
        assert!(TicketKey::new(&[1; 48]).is_ok());
        assert!(TicketKeys::new(Vec::new()).is_none());
    }

    #[test]
    fn the_first_seals_and_all_open() {
        let old = TicketKeys::new(vec![key(1)]).unwrap();
        let new = TicketKeys::new(vec![key(2), key(1)]).unwrap();
        let later = TicketKeys::new(vec![key(3), key(2)]).unwrap();
        let (first, second) = (old.encrypt(b"state").unwrap(), new.encrypt(b"state").unwrap());
        assert_eq!(new.decrypt(&first).unwrap(), b"state");
        assert_eq!(later.decrypt(&second).unwrap(), b"state");
        assert_eq!((old.decrypt(&second), later.decrypt(&first)), (None, None));
        assert_eq!(old.decrypt(b""), None);
        // The same name is not the same key.
        let mut namesake = [1; 80];
        namesake[79] = 2;
        assert_eq!(TicketKeys::new(vec![TicketKey::new(&namesake).unwrap()]).unwrap().decrypt(&first), None);
    }

    #[test]
    fn a_ticket_does_not_live_as_long_as_its_key() {
        let at = |seconds| UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        let ticket = key(1).seal(b"state", at(1_000_000)).unwrap();
        let last = 1_000_000 + u64::from(LIFETIME);
        assert_eq!(key(1).open(&ticket, at(last)).unwrap(), b"state");
        assert_eq!(key(1).open(&ticket, at(last + 1)), None);
        assert_eq!(key(1).open(&ticket, at(999_000)).unwrap(), b"state", "a clock that is behind");
    }
}
