//! What a capture holds: plain values, for [`crate::report`] to show.

use std::collections::BTreeMap;
use std::time::Duration;

use super::find::Guise;
use super::packet::Unread;
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
/// The most messages of a record that are listed: an empty one costs 4 bytes, and a record holds thousands.
pub const MOST_MESSAGES: usize = 32;
/// The most bytes of memory that events take; what comes then is counted.
pub const MOST_EVENT_BYTES: usize = 48 << 20;
/// The most bytes of memory that hellos and certificates take; what comes then is told in short.
pub const MOST_DETAIL_BYTES: usize = 32 << 20;

/// Where a text was found readable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Find {
    /// Which text, by its place in the list.
    pub needle: usize,
    /// As what.
    pub guise: Guise,
    /// Where.
    pub place: Place,
    /// When the bytes that complete it were seen.
    pub at: Duration,
}

/// Where bytes were found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a packet that is not TCP, or is a fragment, or behind the end of the one in its frame: the packet's number
    /// from 1, the byte in it from 0.
    Packet(u64, u64),
    /// In a TCP stream: the session's number, the sender, the byte in the stream from 0.
    Stream(usize, Side, u64),
    /// In what a sender's segments held that their receiver drops: the session's number, the sender, the byte among
    /// all such from 0.
    Dropped(usize, Side, u64),
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
    /// Packets that TCP may be in and that are not taken apart, by kind.
    pub unread: BTreeMap<Unread, u64>,
    /// Packets other than TCP of which not all was captured.
    pub cut_packets: u64,
    /// Blocks of the file that are of unknown kinds.
    pub unknown_blocks: u64,
    /// Bytes of TCP streams that were not captured.
    pub missing: u64,
    /// Its TCP connections, in the order of their first packets.
    pub sessions: Vec<ObservedSession>,
    /// Connections that are not listed.
    pub unlisted_sessions: u64,
    /// Where the texts were found, at most [`MOST_FINDS`] each.
    pub finds: Vec<Find>,
    /// How often each text was found.
    pub found: Vec<u64>,
    /// Where the texts stand in what the secrets opened, at most [`MOST_FINDS`] each: [`Place::Stream`] counts the
    /// bytes of opened application data.
    pub opened_finds: Vec<Find>,
    /// How often each stands there.
    pub opened_found: Vec<u64>,
    /// Secrets that came after the packets that they would have opened: reading again with them shows more.
    pub has_late_secrets: bool,
}
