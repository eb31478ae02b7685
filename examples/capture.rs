//! Reads a capture as an observer would: what every TLS session in it tells, and whether a text can be read on the wire.
//!
//! ```text
//! cargo run -- demo --out lab
//! cargo run --example capture -- lab/lab.pcapng hunter2
//! ```

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example prints what it finds")]

use std::fs::File;
use std::io::BufReader;

use anyhow::{Context, Result};
use tlslab::wire::reading::Dissector;
use tlslab::wire::reading::capture::{self, Item};
use tlslab::wire::reading::find::Needle;

fn main() -> Result<()> {
    let usage = "usage: capture FILE [TEXT]";
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().context(usage)?;
    let needles = arguments.map(|text| Needle::new(&text)).collect::<Result<Vec<_>, _>>()?;

    let file = File::open(&path).with_context(|| path.clone())?;
    let mut dissector = Dissector::new(needles);
    // Packets go by one at a time: a capture may be larger than memory.
    capture::read(BufReader::new(file), |item| match item {
        Item::Packet(packet) => dissector.packet(&packet),
        // Secrets that the capture brings along open its sessions, where they come before the packets.
        Item::KeyLog(lines) => dissector.learn(&String::from_utf8_lossy(lines)),
        Item::Unknown(kind) => eprintln!("a block of the unknown type {kind} was not looked at"),
    })?;
    let (dissection, needles) = dissector.finish();

    for session in &dissection.sessions {
        let kind = if session.tls.is_some() { "TLS" } else { "no TLS" };
        println!("{} bytes to the server, {} back, {kind}", session.bytes.client, session.bytes.server);
    }
    for (needle, times) in needles.iter().zip(&dissection.found) {
        println!("{:?} is readable {times} times", needle.text());
    }
    Ok(())
}
