//! Where the connections of a capture put what they find: the dissection in the making, what is looked for, and the
//! secrets that are known.

use std::collections::HashSet;
use std::time::Duration;

use super::dissection::{
    Dissection, Find, MOST_DETAIL_BYTES, MOST_EVENT_BYTES, MOST_EVENTS_IN_ALL, MOST_FINDS, Place,
};
use super::find::{Needle, Search};
use super::session::ObservedEvent;
use crate::tls::key_log::{ClientRandom, Line};
use crate::wire::Side;
use crate::wire::key_log::Secrets;

/// What is found, and what for.
#[derive(Debug)]
pub(super) struct Findings {
    pub(super) needles: Vec<Needle>,
    pub(super) secrets: Secrets,
    /// Sessions that have begun without their secrets being known.
    without_secrets: HashSet<ClientRandom>,
    /// How many events, and bytes of them, may still be listed.
    events_left: usize,
    event_bytes_left: usize,
    /// How many bytes of hellos and certificates may still be kept.
    detail_bytes_left: usize,
    pub(super) dissection: Dissection,
}

impl Findings {
    pub(super) fn new(needles: Vec<Needle>) -> Self {
        let found = vec![0; needles.len()];
        Self {
            needles,
            secrets: Secrets::default(),
            without_secrets: HashSet::new(),
            events_left: MOST_EVENTS_IN_ALL,
            event_bytes_left: MOST_EVENT_BYTES,
            detail_bytes_left: MOST_DETAIL_BYTES,
            dissection: Dissection { found: found.clone(), opened_found: found, ..Dissection::default() },
        }
    }

    /// A line of a key log.
    pub(super) fn learn(&mut self, line: Line) {
        self.dissection.has_late_secrets |= self.without_secrets.contains(&line.random);
        self.secrets.learn(line);
    }

    /// A session's ClientHello has been seen: are its secrets known?
    pub(super) fn begins(&mut self, random: &ClientRandom) {
        if self.secrets.session(random).is_none() && self.without_secrets.len() < Secrets::MOST {
            self.without_secrets.insert(*random);
        }
    }

    /// Whether this event may be listed; if so, it is counted as such.
    pub(super) fn has_room(&mut self, event: &ObservedEvent) -> bool {
        let weight = event.weight();
        let has_room = self.events_left > 0 && self.event_bytes_left >= weight;
        if has_room {
            self.events_left -= 1;
            self.event_bytes_left -= weight;
        }
        has_room
    }

    /// Whether so many bytes of hellos and certificates may be kept; if so, they are counted as such.
    pub(super) fn has_room_for_details(&mut self, bytes: usize) -> bool {
        let left = self.detail_bytes_left.checked_sub(bytes);
        self.detail_bytes_left = left.unwrap_or(self.detail_bytes_left);
        left.is_some()
    }

    /// Looks at a segment's bytes of which the receiver drops the first so many. `searches` go through all such.
    pub(super) fn look_dropped(
        &mut self,
        searches: &mut [Search],
        data: &[u8],
        dropped: usize,
        at: Duration,
        (session, side): (usize, Side),
    ) {
        let dissection = &mut self.dissection;
        for (needle, search) in searches.iter_mut().enumerate() {
            let before = search.position();
            let mut note = |offset, guise| {
                dissection.found[needle] += 1;
                if dissection.found[needle] <= MOST_FINDS as u64 {
                    let place = Place::Dropped(session, side, offset);
                    dissection.finds.push(Find { needle, guise, place, at });
                }
            };
            search.look(&self.needles[needle], &data[..dropped], &mut note);
            // A text that begins in what is dropped and ends in what is not.
            Search::default().look(&self.needles[needle], data, &mut |offset, guise| {
                let length = self.needles[needle].length(guise) as u64;
                if offset < dropped as u64 && offset + length > dropped as u64 {
                    note(before + offset, guise);
                }
            });
        }
    }

    /// Looks for a text in what the secrets opened of a stream.
    pub(super) fn look_opened(
        &mut self,
        needle: usize,
        search: &mut Search,
        data: &[u8],
        at: Duration,
        (session, side): (usize, Side),
    ) {
        let dissection = &mut self.dissection;
        search.look(&self.needles[needle], data, &mut |offset, guise| {
            dissection.opened_found[needle] += 1;
            if dissection.opened_found[needle] <= MOST_FINDS as u64 {
                let place = Place::Stream(session, side, offset);
                dissection.opened_finds.push(Find { needle, guise, place, at });
            }
        });
    }

    /// Looks for a text in what crossed.
    pub(super) fn look(
        &mut self,
        needle: usize,
        search: &mut Search,
        data: &[u8],
        at: Duration,
        place: impl Fn(u64) -> Place,
    ) {
        let dissection = &mut self.dissection;
        search.look(&self.needles[needle], data, &mut |offset, guise| {
            dissection.found[needle] += 1;
            if dissection.found[needle] <= MOST_FINDS as u64 {
                dissection.finds.push(Find { needle, guise, place: place(offset), at });
            }
        });
    }
}
