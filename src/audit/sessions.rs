//! The session axis: cases of two connections by the same client, between which something changes, and of two handshakes
//! of the same connection.
//!
//! CMD is run twice in the same place (HOME, address and port); with `--hold` it is told the second as another case. The
//! first visit is healthy, or is refused; what counts is the second. Sessions may be resumed where it says so: a client
//! that resumes does not see the certificate again (RFC 8446 §2.2), and has to have judged the one that it saw for what
//! it asks now.
//!
//! Not here: a certificate that expires between the two visits. To be seen as valid first and as expired then, by a client
//! that takes anything from milliseconds to seconds to start, it would have to be waited for, and no clause of an RFC
//! asks for another look at the dates when a session is resumed.

use super::about::About;
use super::catalogue::{Asked, Grade};

/// A case of two connections, as data.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// What is told of it.
    pub about: About,
    /// What the server shows at the first visit.
    pub first: Visit,
    /// What it shows at the second.
    pub second: Visit,
    /// The name that is asked for at the second visit.
    pub asked: Asked,
    /// How the second follows the first.
    pub course: Course,
}

/// How a second visit follows the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
    /// Over another connection, in a session of its own.
    Anew,
    /// Over another connection; the server resumes the session of the first visit.
    Resumes,
    /// Over the same connection: TLS 1.2 renegotiates. CMD is run once.
    Renegotiates,
}

/// What a server shows, and the client is to trust.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visit {
    /// What the client trusts, for the name that the client is audited with.
    Healthy,
    /// The same, and the client is told to trust another CA.
    Distrusted,
    /// An entry of the catalogue.
    Fault(&'static str),
}

const KEYED: &str = "Keep sessions by name and by what is trusted: one SSL context, agent or client for each set of trusted \
    certificates, and none shared between names (Node `servername`, Go `ClientSessionCache`, Python `session=`, curl one \
    handle)";

/// Every one of them.
pub const ALL: [Case; 5] = [
    Case {
        about: About {
            id: "se-resume-other-name",
            title: "a server of another name would resume the session of the first",
            citation: "RFC 8446 §4.6.1",
            attack: "Whoever serves one name of a shared machine takes over a session that was verified for another \
                (CVE-2026-48934)",
            fix: KEYED,
            grade: Grade::MustReject,
        },
        first: Visit::Healthy,
        second: Visit::Healthy,
        asked: Asked::Beside("other"),
        course: Course::Resumes,
    },
    Case {
        about: About {
            id: "se-resume-other-trust",
            title: "the session is resumed although its CA is not trusted any more",
            citation: "RFC 8446 §4.6.1; RFC 5280 §6.1",
            attack: "A CA that was distrusted goes on being trusted by every client that remembers a session (CVE-2025-68121)",
            fix: KEYED,
            grade: Grade::MustReject,
        },
        first: Visit::Healthy,
        second: Visit::Distrusted,
        asked: Asked::Name,
        course: Course::Resumes,
    },
    Case {
        about: About {
            id: "se-resume-after-refusal",
            title: "a server that was refused offers to resume",
            citation: "RFC 8446 §4.6.1; RFC 5246 §7.4.1.2",
            attack: "A refused server's session is kept, and taken the second time without a look at the certificate \
                (CVE-2024-0853)",
            fix: "Forget the session of a connection whose certificate was refused; better, verify within the handshake",
            grade: Grade::MustReject,
        },
        first: Visit::Fault("self-signed-unknown.ca"),
        second: Visit::Fault("self-signed-unknown.ca"),
        asked: Asked::Name,
        course: Course::Resumes,
    },
    Case {
        about: About {
            id: "se-swapped-certificate",
            title: "the second connection shows a certificate that nobody certified",
            citation: "RFC 8446 §4.4.2.4; RFC 5280 §6.1",
            attack: "Who is on the way waits until the first connection has been verified, and answers the second",
            fix: "Verify every connection's certificate; remember no host as verified",
            grade: Grade::MustReject,
        },
        first: Visit::Healthy,
        second: Visit::Fault("self-signed-unknown.ca"),
        asked: Asked::Name,
        course: Course::Anew,
    },
    Case {
        about: About {
            id: "se-renegotiate-other-certificate",
            title: "TLS 1.2 is renegotiated in the midst of a session, and the certificate is then another host's",
            citation: "RFC 5246 §7.4.1.1, §7.4.2; RFC 9525 §6; RFC 7627 §4",
            attack: "A server whose certificate is for one name is taken for another: the client looked at the name of \
                the first handshake only (CVE-2026-87018)",
            fix: "Refuse renegotiation, as TLS 1.3 does (OpenSSL SSL_OP_NO_RENEGOTIATION, Node and Python \
                `secureOptions`/`options`, Go by default), or hold every handshake's certificate against the name: \
                SSL_set1_host of OpenSSL, no look-up after the first handshake",
            grade: Grade::MustReject,
        },
        first: Visit::Healthy,
        second: Visit::Fault("wrong-cn.ca"),
        asked: Asked::Name,
        course: Course::Renegotiates,
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::case::Shown;
    use crate::audit::cases;

    #[test]
    fn both_visits_are_of_the_catalogue() {
        let all = cases::all(&"www.test.org".parse().unwrap(), "www.test.org", false);
        for case in ALL {
            let case = all.iter().find(|other| other.id() == case.about.id).unwrap().case();
            let before = case.before.as_ref().map(|before| &before.shown);
            assert_eq!(before.is_none(), case.id == "se-renegotiate-other-certificate");
            for shown in before.into_iter().chain([&case.shown]) {
                assert!(!matches!(shown, Shown::Unavailable(_)), "{}: {shown:?}", case.id);
            }
        }
    }
}
