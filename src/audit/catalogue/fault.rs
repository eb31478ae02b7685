//! One fault, as a value.

use std::fmt;

use super::setting::{Asked, Setting};
use super::workshop::{Chain, Made, Workshop};
use crate::pki::issue::{IssueError, Plan};
pub use crate::verify::Model;
use crate::verify::{ExpectedName, Reason, Usage};

/// Something that is wrong with a certificate (or, for a positive control, nothing).
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// What it is called by.
    pub id: Id,
    /// Its family: the part of the catalogue that it stands in.
    pub family: &'static str,
    /// What is wrong, in a few words.
    pub title: &'static str,
    /// The rule that it breaks.
    pub citation: &'static str,
    /// The attack that accepting it allows; of a control, what refusing it costs.
    pub attack: &'static str,
    /// How a client that takes it for the opposite is mended.
    pub fix: &'static str,
    /// How whoever judges it comes to trust it.
    pub model: Model,
    /// What the rules say that they must do.
    pub grade: Grade,
    /// What it is used for: who shows it is a server, and who judges it a client, or the other way about.
    pub usage: Usage,
    /// The name that the client asks for; a server asks for none.
    pub asked: Asked,
    /// What policy `lab` must say.
    pub lab: Expectation,
    /// What policy `webpki` must say.
    pub webpki: Expectation,
    /// How it is made.
    pub maker: Maker,
    /// Who can hold its key in a handshake.
    pub holder: Holder,
    /// Whether it is checked in, under `fixtures/` and its id.
    pub fixture: bool,
    /// What its CA says of it, where it says anything.
    pub status: Option<Status>,
}

/// Makes what a CA says of what has been made.
pub(super) type Says<T> = fn(&Workshop, &Made) -> Result<T, IssueError>;

/// Where a CA says whether it has revoked an entry's certificates, and how that is made.
#[derive(Clone, Copy, Debug)]
pub enum Status {
    /// In revocation lists, which whoever judges is given.
    Lists(Says<Vec<Vec<u8>>>),
    /// In an OCSP response, which the server staples.
    Staple(Says<Vec<u8>>),
}

/// What a CA says of an entry's certificates, in DER.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// Revocation lists.
    pub lists: Vec<Vec<u8>>,
    /// An OCSP response.
    pub staple: Option<Vec<u8>>,
}

/// The name of an entry, unique in the catalogue; written `expired` or `expired.ca`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id {
    /// What is wrong.
    pub name: &'static str,
    /// Whether it is the one under a private CA of what makes sense pinned as well.
    pub under_ca: bool,
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.under_ca { f.pad(&format!("{}.ca", self.name)) } else { f.pad(self.name) }
    }
}

impl PartialEq<str> for Id {
    fn eq(&self, other: &str) -> bool {
        match other.strip_suffix(".ca") {
            Some(name) => self.under_ca && self.name == name,
            None => !self.under_ca && self.name == other,
        }
    }
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

/// Makes a case of its own with a workshop's keys.
pub type Make = fn(&Workshop) -> Result<Made, IssueError>;

/// How a fault is made. An edit is told the [`Setting`] that the certificate is made for.
#[derive(Clone, Copy, Debug)]
pub enum Maker {
    /// One edit to the plan of a healthy leaf, self-signed or issued by a CA as the model says.
    Leaf(fn(&mut Plan, &Setting)),
    /// One edit to a healthy leaf, intermediate or root.
    Chain(fn(&mut Chain, &Setting)),
    /// More than one plan is involved.
    Plan(Make),
    /// Its fixture is openssl's, by `fixtures/openssl.sh`: what tlslab will not do (sign with SHA-1, hold RSA-1024), or
    /// openssl's own shape. Where there is a maker, tlslab makes its like for a client that is put to it.
    Openssl(Option<Make>),
}

/// Who can hold an entry's key and show it to a client of today.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// tlslab.
    Tlslab,
    /// tlslab can, and rustls' client takes no handshake message of that length.
    TooLong,
    /// `openssl s_server` at its lowest security level.
    Openssl,
    /// `openssl s_server` with this one signature algorithm, over TLS 1.2 only; why not over 1.3.
    OpensslTls12(&'static str, &'static str),
    /// Nobody, and why.
    Nobody(&'static str),
}

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum NotMade {
    /// The case does not exist for the name that the client is audited with.
    #[error("{0}")]
    NoSuchName(&'static str),
    /// It is a fixture, made by openssl.
    #[error("openssl makes it")]
    ByOpenssl,
    /// It could not be issued.
    #[error(transparent)]
    Issue(#[from] IssueError),
}

impl Fault {
    /// A pinned certificate that is healthy and accepted, until the methods below say otherwise.
    pub(super) const fn new(
        name: &'static str,
        title: &'static str,
        citation: &'static str,
        attack: &'static str,
    ) -> Self {
        Self {
            id: Id { name, under_ca: false },
            family: "",
            title,
            citation,
            attack,
            fix: "",
            model: Model::Pinned,
            grade: Grade::MustReject,
            usage: Usage::Server,
            asked: Asked::Name,
            lab: Expectation::Accepted,
            webpki: Expectation::Accepted,
            maker: Maker::Leaf(|_, _| {}),
            holder: Holder::Tlslab,
            fixture: false,
            status: None,
        }
    }

    /// One that makes sense under a private CA only.
    pub(super) const fn under_ca(
        name: &'static str,
        title: &'static str,
        citation: &'static str,
        attack: &'static str,
    ) -> Self {
        Self { model: Model::Ca, ..Self::new(name, title, citation, attack) }
    }

    /// The same under a private CA.
    pub(super) const fn ca(self) -> Self {
        Self { id: Id { name: self.id.name, under_ca: true }, model: Model::Ca, fixture: false, ..self }
    }

    pub(super) const fn grade(self, grade: Grade) -> Self {
        Self { grade, ..self }
    }

    pub(super) const fn fix(self, fix: &'static str) -> Self {
        Self { fix, ..self }
    }

    pub(super) const fn asked(self, asked: Asked) -> Self {
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

    pub(super) const fn leaf(self, edit: fn(&mut Plan, &Setting)) -> Self {
        Self { maker: Maker::Leaf(edit), ..self }
    }

    pub(super) const fn chain(self, edit: fn(&mut Chain, &Setting)) -> Self {
        Self { maker: Maker::Chain(edit), ..self }
    }

    pub(super) const fn made(self, make: Make) -> Self {
        Self { maker: Maker::Plan(make), ..self }
    }

    pub(super) const fn openssl(self) -> Self {
        Self { maker: Maker::Openssl(None), fixture: true, ..self }
    }

    /// What openssl makes as a fixture, and tlslab for a client that is put to it.
    pub(super) const fn openssl_or(self, make: Make) -> Self {
        Self { maker: Maker::Openssl(Some(make)), fixture: true, ..self }
    }

    pub(super) const fn held_by(self, holder: Holder) -> Self {
        Self { holder, ..self }
    }

    pub(super) const fn status(self, status: Status) -> Self {
        Self { status: Some(status), ..self }
    }

    pub(super) const fn fixture(self) -> Self {
        Self { fixture: true, ..self }
    }

    /// Makes it for the workshop's setting, with the workshop's keys.
    pub fn make(&self, workshop: &Workshop) -> Result<Made, NotMade> {
        let workshop = &self.workshop(workshop)?;
        Ok(match (self.maker, self.model) {
            (Maker::Leaf(edit), Model::Ca) => {
                workshop.issued_to(self.usage, |plan| edit(plan, workshop.setting()), Plan::sign)
            }
            (Maker::Leaf(edit), Model::Pinned) => workshop.pinned(|plan| edit(plan, workshop.setting())),
            (Maker::Chain(edit), _) => workshop.chain(|chain| edit(chain, workshop.setting())),
            (Maker::Plan(make) | Maker::Openssl(Some(make)), _) => make(workshop),
            (Maker::Openssl(None), _) => return Err(NotMade::ByOpenssl),
        }?)
    }

    /// What its CA says of what [`make`](Self::make) has made with the same workshop.
    pub fn said(&self, workshop: &Workshop, made: &Made) -> Result<Said, NotMade> {
        let workshop = &self.workshop(workshop)?;
        Ok(match self.status {
            None => Said::default(),
            Some(Status::Lists(lists)) => Said { lists: lists(workshop, made)?, staple: None },
            Some(Status::Staple(staple)) => Said { lists: Vec::new(), staple: Some(staple(workshop, made)?) },
        })
    }

    /// Makes its healthy twin: for the same name, in the same model, nothing wrong. What a client does with it is what
    /// the fault is measured against.
    pub fn make_twin(&self, workshop: &Workshop) -> Result<Made, NotMade> {
        let workshop = self.workshop(workshop)?;
        Ok(match (self.maker, self.model) {
            (Maker::Chain(_), _) => workshop.chain(|_| {}),
            (_, Model::Ca) => workshop.issued_to(self.usage, |_| {}, Plan::sign),
            (_, Model::Pinned) => workshop.pinned(|_| {}),
        }?)
    }

    /// The name that a client asks for which is audited with `name`; or why there is none.
    pub fn name_for(&self, name: &ExpectedName) -> Result<ExpectedName, NotMade> {
        self.asked.of(name).map_err(NotMade::NoSuchName)
    }

    fn workshop(&self, workshop: &Workshop) -> Result<Workshop, NotMade> {
        Ok(workshop.for_name(self.name_for(&workshop.setting().name)?))
    }
}

const fn expectation(reasons: &'static [Reason]) -> Expectation {
    if reasons.is_empty() { Expectation::Accepted } else { Expectation::Refused(reasons) }
}
