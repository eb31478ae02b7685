//! Servers with famous holes: each is found in the one that has it, and in no other.

use super::servers::How;
use super::{audit, beside, verdict};
use crate::lab::{Lab, Server, peer};

#[test]
fn holes_of_tls_are_found_where_they_are() {
    let lab = Lab::new();
    lab.gencert(&["--key", "rsa:2048"]);
    let holes = ["heartbleed", "early-ccs", "ticketbleed", "robot"];
    for hole in holes.into_iter().chain(["healthy"]) {
        let Some(server) = How::Tlslite(hole).start(&lab) else { return };
        let run = audit(&lab, &server.address(), &["--only", "attacks"]);
        let report = run.json();
        for check in holes {
            let expected = match check {
                _ if check == hole => "fail",
                // That one speaks no suite in which a session could be completed by a client of today.
                "ticketbleed" if hole == "robot" => "skip",
                _ => "pass",
            };
            assert_eq!(verdict(&report, check), expected, "{check} of {hole}: {run}");
        }
    }
}

#[test]
fn what_was_said_before_tls_is_not_obeyed_within() {
    if !peer("python3") {
        return;
    }
    let lab = Lab::new();
    lab.gencert(&[]);
    for protocol in ["smtp", "imap", "pop3", "ldap", "postgres"] {
        for (how, expected) in [("holed", "fail"), ("healthy", "pass")] {
            let mut command = lab.command("python3");
            command.arg(beside("upgrading.py")).args([protocol, how, "cert.pem", "clearkey.pem"]);
            let server = Server::start(&mut command);
            let run =
                audit(&lab, &server.to_word(), &["--starttls", protocol, "--only", "starttls-injection"]);
            assert_eq!(verdict(&run.json(), "starttls-injection"), expected, "{how} {protocol}: {run}");
        }
    }
}
