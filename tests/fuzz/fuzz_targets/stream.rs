//! Two streams of arbitrary bytes as a connection with secrets: the readers of records, handshake messages and hellos,
//! and both key schedules. Every other chunk is the server's; a byte before each says how long it is.
//!
//! `tests/fuzz/run 30 stream`
#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use tlslab::wire::frames::Conversation;
use tlslab::wire::reading::Dissector;
use tlslab::wire::reading::capture::Packet;
use tlslab::wire::{Both, Side};

fuzz_target!(|input: &[u8]| {
    let mut dissector = Dissector::new(Vec::new());
    // The session whose ClientHello has a random of zeros.
    let (random, secret) = ("0".repeat(64), "0".repeat(64));
    for label in ["CLIENT_RANDOM", "CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_HANDSHAKE_TRAFFIC_SECRET"] {
        let length = if label == "CLIENT_RANDOM" { 96 } else { 64 };
        dissector.learn(&format!("{label} {random} {secret:0<length$}\n"));
    }
    let address = |last| std::net::SocketAddr::from(([10, 0, 0, last], 443));
    let mut conversation = Conversation::new(address(1), address(2), Both::default());
    let mut emit = |headers: &[u8], payload: &[u8]| {
        let frame = [headers, payload].concat();
        dissector.packet(&Packet { at: Duration::ZERO, link: 1, data: &frame, length: frame.len() });
    };
    conversation.open(&mut emit);
    let (mut rest, mut side) = (input, Side::Client);
    while let Some((length, more)) = rest.split_first() {
        let (chunk, more) = more.split_at(more.len().min(usize::from(*length) * 8));
        conversation.data(side, chunk, &mut emit);
        (rest, side) = (more, side.peer());
    }
    dissector.finish();
});
