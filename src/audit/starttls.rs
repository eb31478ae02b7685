//! STARTTLS: cases about what is said before TLS, and every other case behind such a front (`--starttls`).

use std::sync::Arc;

use super::about::About;
use super::case::{Case, KEY, Serve, Shown};
use super::catalogue::Grade;
use super::mail::Protocol;
use super::rig::starttls::{Doubting, Front, Fronted};
use super::verdict::Acceptance;

/// A case about what is said before TLS, as data.
#[derive(Clone, Copy, Debug)]
pub struct Fronting {
    /// What is told of it.
    pub about: About,
    /// What the server does before TLS.
    pub front: Front,
}

/// Without `--starttls` there is nothing before TLS.
pub const NOT_ASKED: &str = "--starttls says by which protocol TLS is asked for";

/// PostgreSQL's client asks for TLS and for nothing else.
const NO_CAPABILITIES: &str = "PostgreSQL offers no capabilities before TLS";

/// Every one of them.
pub const ALL: [Fronting; 3] = [
    Fronting {
        about: About {
            id: "st-stripped",
            title: "the server neither offers STARTTLS nor grants it",
            citation: "RFC 3207 §6; RFC 8314 §5.2; RFC 9051 §11.1",
            attack: "Who is on the way strikes the offer out, and reads the password and the mail in the clear",
            fix: "Demand TLS, and end the connection where it is not granted: curl --ssl-reqd, PostgreSQL sslmode=verify-full, \
                Python: an SMTPNotSupportedError from starttls() ends the session; better, use implicit TLS (RFC 8314)",
            grade: Grade::MustReject,
        },
        front: Front::Stripped,
    },
    Fronting {
        about: About {
            id: "st-injected",
            title: "another answer follows, in the clear, the one that grants TLS",
            citation: "RFC 3207 §4.2; RFC 2595 §2.4",
            attack: "What anybody put there is taken for an answer that came inside TLS (CVE-2021-22947, CVE-2021-23222)",
            fix: "Throw away what was read before the handshake, or end the connection",
            // Who throws it away goes on, who ends the connection is as right: from outside neither is told from the wrong.
            grade: Grade::Info,
        },
        front: Front::Injected,
    },
    Fronting {
        about: About {
            id: "st-reused",
            title: "ways to log in are offered before TLS that are not offered behind it",
            citation: "RFC 3207 §4.2; RFC 2595 §2.4; RFC 9051 §6.2.1",
            attack: "Who is on the way chooses how the client logs in (CVE-2021-22946)",
            fix: "Ask for the capabilities again when the handshake is complete, and forget those from before",
            grade: Grade::ShouldReject,
        },
        front: Front::Promising,
    },
];

/// A case behind a front.
pub(super) fn fronted(protocol: Protocol, case: &Case) -> Case {
    let own = ALL.iter().find(|own| own.about.id == case.id);
    let front = own.map_or(Front::Healthy, |own| own.front);
    let (shown, acceptance) = match front {
        Front::Promising if protocol == Protocol::Postgres => {
            (Shown::Unavailable(NO_CAPABILITIES.into()), case.acceptance)
        }
        Front::Promising => (Shown::Healthy(KEY), Acceptance::Heeded),
        Front::Stripped | Front::Injected => (Shown::Healthy(KEY), case.acceptance),
        Front::Healthy => (case.shown.clone(), case.acceptance),
    };
    let inner: Arc<dyn Serve> =
        if front == Front::Promising { Arc::new(Doubting) } else { Arc::clone(&case.service) };
    Case {
        shown,
        acceptance,
        twin: Arc::new(Fronted { protocol, front: Front::Healthy, inner: Arc::clone(&case.twin) }),
        service: Arc::new(Fronted { protocol, front, inner }),
        ..case.clone()
    }
}
