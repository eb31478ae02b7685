//! tshark, the observer: it captures on the loopback what anybody on the way could.

use std::path::PathBuf;

use super::{Peer, VERSIONS, Version};
use crate::lab::{Lab, Run, Server, peer, signal};

/// Nobody else says this on the loopback.
const MESSAGE: &str = "meet-me-at-the-fountain-at-seven-4711";

/// A capture that runs. Stopped by SIGINT, for tshark has a helper that would outlive it.
struct Capture {
    tshark: Option<Peer>,
    file: PathBuf,
}

impl Capture {
    /// Captures what goes to and from `server`; runs when this returns.
    fn start(lab: &Lab, server: &Server) -> Self {
        let file = lab.file("capture.pcapng");
        let mut command = lab.command("tshark");
        command
            // In 4.4 it is no message any more, but information, that a capture has started.
            .args(["--log-level", "info", "--log-domains", "main"])
            .args(["-i", "lo", "-f", &format!("tcp port {}", server.port()), "-w"])
            .arg(&file)
            // Each packet's flags as it comes, or nobody could tell when the last is there.
            .args(["-P", "-l", "-T", "fields", "-e", "tcp.flags.fin", "-e", "tcp.flags.reset"])
            .args(["-E", "separator=,", "-E", "header=n"]);
        let mut tshark = Peer::start(&mut command);
        tshark.wait_for("Capturing on");
        tshark.wait_for("Capture started");
        Self { tshark: Some(tshark), file }
    }

    /// Waits until both sides' FIN is on file, and returns the file's bytes.
    #[track_caller]
    fn finish(mut self) -> Vec<u8> {
        let mut tshark = self.tshark.take().expect("it runs until it is finished");
        // tshark shows what it reads back from the file: a packet that is shown is in there.
        let mut ends = 0;
        while ends < 2 {
            let flags = tshark.wait_for(",");
            // tshark 4.0 has numbers for what is true and false, 4.4 words.
            ends += usize::from(["1,0", "True,False"].iter().any(|fin| flags.contains(fin)));
        }
        tshark.stopped_by("INT");
        std::fs::read(&self.file).expect("tshark wrote it")
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        if let Some(tshark) = &self.tshark {
            signal(tshark.id(), "INT");
        }
    }
}

/// Sends the message over TLS, captured from before the first packet to after the last.
fn captured(lab: &Lab, serve: &[&str], connect: &[&str], version: Version) -> Vec<u8> {
    let server = lab.serve(serve);
    let capture = Capture::start(lab, &server);
    let arguments = ["connect", &server.to_word(), "--message", MESSAGE];
    lab.tlslab(arguments.iter().chain(connect).chain(&["--tls", version.number])).success().prints(MESSAGE);
    let bytes = capture.finish();
    // Its key log is whole when it has ended.
    server.stop();
    bytes
}

/// The conversation as tshark reads it with the secrets in `keylog`; its last words tell where they were not enough.
fn decrypted(lab: &Lab, keylog: &str) -> Run {
    let preference = format!("tls.keylog_file:{}", lab.file(keylog).display());
    lab.run("tshark", ["-r", "capture.pcapng", "-o", &preference, "-q", "-z", "follow,tls,ascii,0"]).success()
}

fn contains(bytes: &[u8], words: &str) -> bool {
    bytes.windows(words.len()).any(|window| window == words.as_bytes())
}

#[test]
fn the_message_is_nowhere_in_a_capture() {
    if !peer("tshark") {
        return;
    }
    for version in VERSIONS {
        let lab = Lab::new();
        lab.gencert(&[]);
        lab.write("empty", "");
        let bytes = captured(&lab, &[], &[], version);
        assert!(!contains(&bytes, MESSAGE), "{version:?}: the message is on the wire");
        // The capture is of the session: its name, which TLS does not hide, is in there.
        assert!(contains(&bytes, "www.test.org"), "{version:?}: nothing was captured");
        let without = decrypted(&lab, "empty");
        assert!(!without.stdout.contains(MESSAGE), "{without}");
    }
}

#[test]
fn tls_1_3_hides_the_certificate_and_tls_1_2_does_not() {
    if !peer("tshark") {
        return;
    }
    for (version, readable) in VERSIONS.into_iter().zip([true, false]) {
        let lab = Lab::new();
        lab.gencert(&["--subject", "/O=Readable On The Way/CN=www.test.org"]);
        let bytes = captured(&lab, &[], &[], version);
        assert_eq!(contains(&bytes, "Readable On The Way"), readable, "{version:?}");
    }
}

#[test]
fn with_serves_key_log_tshark_reads_the_message() {
    if !peer("tshark") {
        return;
    }
    for version in VERSIONS {
        let lab = Lab::new();
        lab.gencert(&[]);
        captured(&lab, &["--keylog", "secrets"], &[], version);
        let read = decrypted(&lab, "secrets").stdout;
        assert_eq!(read.matches(MESSAGE).count(), 2, "there and back: {read}");
    }
}

#[test]
fn with_connects_key_log_tshark_reads_the_message() {
    if !peer("tshark") {
        return;
    }
    for version in VERSIONS {
        let lab = Lab::new();
        lab.gencert(&[]);
        captured(&lab, &[], &["--keylog", "secrets"], version);
        let read = decrypted(&lab, "secrets").stdout;
        assert_eq!(read.matches(MESSAGE).count(), 2, "there and back: {read}");
    }
}

#[test]
fn in_plaintext_the_message_is_in_the_capture() {
    if !peer("tshark") {
        return;
    }
    let lab = Lab::new();
    let server = lab.serve(&["--plaintext"]);
    let capture = Capture::start(&lab, &server);
    lab.tlslab(["connect", &server.to_word(), "--plaintext", "--message", MESSAGE]).success().prints(MESSAGE);
    let bytes = capture.finish();
    assert!(contains(&bytes, MESSAGE), "what is not encrypted is readable");
}
