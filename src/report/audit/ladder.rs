//! A case's connections as `dissect` draws them, opened with the server's own secrets.

use std::cell::Cell;

use maud::{Markup, html};

use crate::audit::transcript::Transcript;
use crate::report::dissect::html::picture;

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
            @if room.is_there() && let Some(session) = transcript.dissected() {
                h4 {
                    "What crossed the wire"
                    @if transcripts.len() > 1 { ", connection " (index + 1) }
                }
                (picture(&session, &format!("{id}w{index}")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::transcript::{Crossed, Crossing, Recorder};
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
