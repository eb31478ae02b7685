//! What a capture holds: plain values, for [`crate::report`] to show.

use std::time::Duration;

use super::find::Guise;
use super::session::ObservedSession;
use crate::wire::Side;

/// The most sessions that are listed.
pub const MOST_SESSIONS: usize = 1 << 16;
/// The most events of a session that are listed.
pub const MOST_EVENTS: usize = 2_000;
/// The most events that are listed in all.
pub const MOST_EVENTS_IN_ALL: usize = 200_000;
/// The most finds of a text that are listed.
pub const MOST_FINDS: usize = 100;

/// Where a text was found readable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Find {
    /// Which text, by its place in the list.
    pub needle: usize,
    /// As what.
    pub guise: Guise,
    /// Where.
    pub place: Place,
    /// When the octets that complete it were seen.
    pub at: Duration,
}

/// Where octets were found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a packet that is not TCP, or is a fragment: the packet's number from 1, the octet in it from 0.
    Packet(u64, u64),
    /// In a TCP stream: the session's number, the sender, the octet in the stream from 0.
    Stream(usize, Side, u64),
}

/// What a capture holds.
#[derive(Debug, Default)]
pub struct Dissection {
    /// Its packets in number.
    pub packets: u64,
    /// Packets without TCP.
    pub other_packets: u64,
    /// Fragments of IP packets, which are not put together.
    pub fragments: u64,
    /// Its TCP connections, in the order of their first packets.
    pub sessions: Vec<ObservedSession>,
    /// Connections that are not listed.
    pub unlisted_sessions: u64,
    /// Where the texts were found, at most [`MOST_FINDS`] each.
    pub finds: Vec<Find>,
    /// How often each text was found.
    pub found: Vec<u64>,
    /// Where the texts stand in what the secrets opened, at most [`MOST_FINDS`] each: [`Place::Stream`] counts the
    /// octets of opened application data.
    pub opened_finds: Vec<Find>,
    /// How often each stands there.
    pub opened_found: Vec<u64>,
    /// Secrets that came after the packets that they would have opened: reading again with them shows more.
    pub has_late_secrets: bool,
}
