//! One fault, as a value.

use std::fmt;

use super::workshop::{LAB_NAME, Made, Workshop};
use crate::pki::issue::{IssueError, Plan};
pub use crate::verify::Model;
use crate::verify::{Reason, Usage};

/// Something that is wrong with a certificate (or, for a positive control, nothing).
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// Its name; that of a fault under a private CA which also makes sense pinned ends in `.ca`.
    pub id: &'static str,
    /// What is wrong, in a few words.
    pub title: &'static str,
    /// The rule that it breaks.
    pub citation: &'static str,
    /// The attack that accepting it allows; of a control, what refusing it costs.
    pub attack: &'static str,
    /// How whoever judges it comes to trust it.
    pub model: Model,
    /// What the rules say that they must do.
    pub grade: Grade,
    /// What it is used for: who shows it is a server, and who judges it a client, or the other way about.
    pub usage: Usage,
    /// The name that the client asks for; a server asks for none.
    pub asked: &'static str,
    /// What policy `lab` must say.
    pub lab: Expectation,
    /// What policy `webpki` must say.
    pub webpki: Expectation,
    /// How it is made.
    pub maker: Maker,
    /// Whether it is checked in, under `fixtures/` and its id.
    pub fixture: bool,
}

/// What a client must do with it, by the RFCs (BCP 14).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grade {
    /// Nothing follows from it, but it is worth knowing.
    Info,
    /// A client that refuses it is broken.
    MustAccept,
    /// A client that accepts it is broken.
    MustReject,
    /// No RFC decides; a profile does.
    Policy,
    /// A client should accept it.
    ShouldAccept,
    /// A client should refuse it.
    ShouldReject,
}

impl Grade {
    /// As reports write it: `MUST-REJECT`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "INFO",
            Self::MustAccept => "MUST-ACCEPT",
            Self::MustReject => "MUST-REJECT",
            Self::Policy => "POLICY",
            Self::ShouldAccept => "SHOULD-ACCEPT",
            Self::ShouldReject => "SHOULD-REJECT",
        }
    }
}

impl fmt::Display for Grade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What a verifier must say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expectation {
    /// Nothing is wrong.
    Accepted,
    /// Refused for these reasons and no others.
    Refused(&'static [Reason]),
}

impl Expectation {
    /// The reasons, none where it is accepted.
    pub fn reasons(self) -> &'static [Reason] {
        match self {
            Self::Accepted => &[],
            Self::Refused(reasons) => reasons,
        }
    }

    /// The exit status of `connect` and `verify`.
    pub fn exit_status(self) -> u8 {
        self.reasons().iter().map(|reason| reason.exit_status()).min().unwrap_or(0)
    }
}

/// How a fault is made.
#[derive(Clone, Copy, Debug)]
pub enum Maker {
    /// tlslab makes it: one edit to the plan of a healthy leaf, self-signed or issued by a CA as the model says.
    Leaf(fn(&mut Plan)),
    /// tlslab makes it, and more than the leaf is involved.
    Plan(fn(&mut Workshop) -> Result<Made, IssueError>),
    /// It needs what tlslab will not do (sign with SHA-1, hold RSA-1024): openssl does, by `fixtures/openssl.sh`.
    Openssl,
}

impl Fault {
    /// A pinned certificate that is healthy and accepted, until the methods below say otherwise.
    pub(super) const fn new(
        id: &'static str,
        title: &'static str,
        citation: &'static str,
        attack: &'static str,
    ) -> Self {
        Self {
            id,
            title,
            citation,
            attack,
            model: Model::Pinned,
            grade: Grade::MustReject,
            usage: Usage::Server,
            asked: LAB_NAME,
            lab: Expectation::Accepted,
            webpki: Expectation::Accepted,
            maker: Maker::Leaf(|_| {}),
            fixture: false,
        }
    }

    /// The same under a private CA.
    pub(super) const fn ca(self, id: &'static str) -> Self {
        Self { id, model: Model::Ca, fixture: false, ..self }
    }

    pub(super) const fn grade(self, grade: Grade) -> Self {
        Self { grade, ..self }
    }

    pub(super) const fn asked(self, asked: &'static str) -> Self {
        Self { asked, ..self }
    }

    /// Refused for these reasons by both policies; none is accepted by both.
    pub(super) const fn refused(self, reasons: &'static [Reason]) -> Self {
        self.lab(reasons).webpki(reasons)
    }

    pub(super) const fn lab(self, reasons: &'static [Reason]) -> Self {
        Self { lab: expectation(reasons), ..self }
    }

    pub(super) const fn webpki(self, reasons: &'static [Reason]) -> Self {
        Self { webpki: expectation(reasons), ..self }
    }

    pub(super) const fn leaf(self, edit: fn(&mut Plan)) -> Self {
        Self { maker: Maker::Leaf(edit), ..self }
    }

    pub(super) const fn made(self, make: fn(&mut Workshop) -> Result<Made, IssueError>) -> Self {
        Self { maker: Maker::Plan(make), ..self }
    }

    pub(super) const fn openssl(self) -> Self {
        Self { maker: Maker::Openssl, fixture: true, ..self }
    }

    pub(super) const fn fixture(self) -> Self {
        Self { fixture: true, ..self }
    }

    /// Makes it; `None` where tlslab cannot and it is a fixture.
    pub fn make(&self, workshop: &mut Workshop) -> Option<Result<Made, IssueError>> {
        Some(match (self.maker, self.model) {
            (Maker::Leaf(edit), Model::Ca) => workshop.issued_to(self.usage, edit, Plan::sign),
            (Maker::Leaf(edit), Model::Pinned) => workshop.pinned(edit),
            (Maker::Plan(make), _) => make(workshop),
            (Maker::Openssl, _) => return None,
        })
    }
}

const fn expectation(reasons: &'static [Reason]) -> Expectation {
    if reasons.is_empty() { Expectation::Accepted } else { Expectation::Refused(reasons) }
}
