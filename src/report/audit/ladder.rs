//! A case's connections as `dissect` draws them, opened with the server's own secrets.

use std::cell::Cell;
use std::net::{Ipv4Addr, SocketAddr};

use maud::{Markup, html};

use crate::audit::transcript::{Crossed, Transcript};
use crate::report::dissect::html::picture;
use crate::wire::Both;
use crate::wire::frames::Conversation;
use crate::wire::reading::Dissector;
use crate::wire::reading::capture::Packet;
use crate::wire::reading::session::ObservedSession;

/// How many pictures a page may have yet: a picture is some kilobytes, and a page of hundreds of submissions is to be
/// opened. What failed comes first.
#[derive(Debug)]
pub(super) struct Room(Cell<usize>);

impl Room {
    /// Of a whole page.
    pub(super) fn new() -> Self {
        const MOST: usize = 1000;
        Self(Cell::new(MOST))
    }

    fn is_there(&self) -> bool {
        let left = self.0.get();
        self.0.set(left.saturating_sub(1));
        left > 0
    }
}

/// The pictures of a run's connections; `id` tells them from others on the page.
pub(super) fn ladders(transcripts: &[Transcript], id: &str, room: &Room) -> Markup {
    html! {
        @for (index, transcript) in transcripts.iter().enumerate() {
            @if room.is_there() && let Some(session) = session(transcript) {
                h4 {
                    "What crossed the wire"
                    @if transcripts.len() > 1 { ", connection " (index + 1) }
                }
                (picture(&session, &format!("{id}w{index}")))
            }
        }
    }
}

/// The connection, dissected.
fn session(transcript: &Transcript) -> Option<ObservedSession> {
    let mut dissector = Dissector::new(Vec::new());
    dissector.learn(&transcript.secrets);
    let address = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut conversation = Conversation::new(address(50000), address(443), Both::default());
    let mut emit = |at, headers: &[u8], payload: &[u8]| {
        let frame = [headers, payload].concat();
        dissector.packet(&Packet { at, link: 1, data: &frame, length: frame.len() });
    };
    conversation.open(&mut |headers, payload| emit(std::time::Duration::ZERO, headers, payload));
    for crossing in &transcript.crossings {
        let mut emit = |headers: &[u8], payload: &[u8]| emit(crossing.at, headers, payload);
        match &crossing.what {
            Crossed::Bytes(bytes) => conversation.data(crossing.from, bytes, &mut emit),
            Crossed::End => conversation.finish(crossing.from, &mut emit),
            Crossed::Reset => conversation.reset(crossing.from, &mut emit),
        }
    }
    let (dissection, _) = dissector.finish();
    dissection.sessions.into_iter().next().filter(|session| !session.events.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::transcript::{Crossing, Recorder};
    use crate::wire::Side;

    #[test]
    fn a_connection_is_drawn_as_it_went() {
        let record = |from, bytes: &[u8]| Crossing {
            at: std::time::Duration::from_millis(3),
            from,
            what: Crossed::Bytes(bytes.to_vec()),
        };
        let mut transcript = Recorder::new().take();
        transcript.crossings = vec![
            record(Side::Client, b"\x15\x03\x01\0\x02\x02\x28"),
            record(Side::Server, b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        ];
        let drawn = ladders(&[transcript.clone(), transcript], "a0c1", &Room::new()).into_string();
        assert!(drawn.contains("handshake_failure") && drawn.contains("connection 2"), "{drawn}");
        assert_eq!(drawn.matches("<svg").count(), 2);
        assert_eq!(drawn.matches("id=\"ladder-a0c1w0\"").count(), 1, "{drawn}");
        let full = Room(Cell::new(0));
        assert_eq!(ladders(&[Recorder::new().take()], "x", &full).into_string(), "");
    }
}
