//! Every case that a client can be put to, and where its certificates come from.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;

use super::about::About;
use super::case::{Before, Case, KEY, Material, Shown, Text, Trust};
use super::catalogue::workshop::{Made, Role, Workshop};
use super::catalogue::{self, Dates, Fault, Holder, Maker, Model, NotMade, Said, Setting, Status, grid};
use super::handshake::{self, Opening, Version};
use super::mail::Protocol;
use super::rig::healthy::Healthy;
use super::rig::renegotiating::Renegotiating;
use super::rig::resuming::Resuming;
use super::rig::scripted::Scripted;
use super::sessions::{self, Course, Visit};
use super::starttls::{self, Fronting};
use super::verdict::Acceptance;
use crate::pki::key::KeyAlgorithm;
use crate::server::Identity;
use crate::tls::Versions;
use crate::tls::registry::alert;
use crate::verify::{ExpectedName, Reason, Usage};

/// A case that a client may be put to. Of the grid's thousands there is only what each is called: it is made when it is
/// wanted, and gone when that is over.
#[derive(Clone, Debug)]
pub enum Planned {
    /// One of the grid's.
    Grid(OfGrid),
    /// Any other.
    Made(Arc<Case>),
}

/// One of the grid's cases, and what it is made for.
#[derive(Clone, Debug)]
pub struct OfGrid {
    case: grid::Case,
    versions: Versions,
    /// What it stands behind (`--starttls`).
    behind: Option<Protocol>,
    given: Arc<Given>,
}

/// What all of the grid's cases are made for.
#[derive(Clone, Debug)]
struct Given {
    name: ExpectedName,
    written: String,
}

impl Planned {
    /// The case.
    pub fn case(&self) -> Arc<Case> {
        match self {
            Self::Grid(of) => Arc::new(of.case()),
            Self::Made(case) => Arc::clone(case),
        }
    }

    /// Its id.
    pub fn id(&self) -> Text {
        match self {
            Self::Grid(of) => of.case.to_string().into(),
            Self::Made(case) => case.id.clone(),
        }
    }

    /// What it belongs to.
    pub fn family(&self) -> &'static str {
        match self {
            Self::Grid(of) => of.case.family(),
            Self::Made(case) => case.family,
        }
    }

    /// How the client comes to trust the server.
    pub fn trust(&self) -> Trust {
        match self {
            Self::Grid(_) => Trust::Ca,
            Self::Made(case) => case.trust,
        }
    }

    /// The versions that the server speaks.
    pub fn versions(&self) -> Versions {
        match self {
            Self::Grid(of) => of.versions,
            Self::Made(case) => case.versions,
        }
    }

    /// The same behind a front (`--starttls`).
    #[must_use]
    pub fn behind(self, protocol: Protocol) -> Self {
        match self {
            Self::Grid(of) => Self::Grid(OfGrid { behind: Some(protocol), ..of }),
            Self::Made(case) => Self::Made(Arc::new(starttls::fronted(protocol, &case))),
        }
    }

    /// The same over other versions.
    #[must_use]
    pub fn over(&self, versions: Versions) -> Self {
        match self {
            Self::Grid(of) => Self::Grid(OfGrid { versions, ..of.clone() }),
            Self::Made(case) if case.versions == versions => self.clone(),
            Self::Made(case) => Self::Made(Arc::new(Case { versions, ..(**case).clone() })),
        }
    }
}

impl OfGrid {
    fn case(&self) -> Case {
        let Given { name, written } = &*self.given;
        let case = Case { versions: self.versions, ..of_grid(self.case, name, written) };
        match self.behind {
            Some(protocol) => starttls::fronted(protocol, &case),
            None => case,
        }
    }
}

/// The cases for a client that expects `name`, in the catalogue's order; with `grid` all of the grid's as well. The client
/// is told the name as it is `written`: with a dot at its end, in upper case.
pub fn all(name: &ExpectedName, written: &str, grid: bool) -> Vec<Planned> {
    let faults = catalogue::all().iter().filter(|fault| fault.usage == Usage::Server);
    let given = Arc::new(Given { name: name.clone(), written: written.to_owned() });
    let planned = |case| {
        Planned::Grid(OfGrid { case, versions: Versions::Both, behind: None, given: Arc::clone(&given) })
    };
    faults
        .map(|fault| of_fault(fault, name, written))
        .chain(handshake::cases::all().flat_map(|case| of_handshake(case, written)))
        .chain(sessions::ALL.iter().map(|case| of_sessions(case, name, written)))
        .chain(starttls::ALL.iter().map(|case| of_starttls(case, written)))
        .map(|case| Planned::Made(Arc::new(case)))
        .chain(grid::cases().filter(|_| grid).map(planned))
        .collect()
}

fn of_fault(fault: &'static Fault, name: &ExpectedName, written: &str) -> Case {
    let asked = fault.name_for(name);
    let shown = match (&asked, fault.holder, fault.maker) {
        (Err(why), _, _) => Shown::Unavailable(why.to_string().into()),
        (_, Holder::Nobody(why), _) => Shown::Unavailable(why.into()),
        // Each has a way of its own to be told of one, if any.
        _ if matches!(fault.status, Some(Status::Lists(_))) => Shown::Unavailable(
            "a client is not given the revocation list; `tlslab verify --crl` judges by one".into(),
        ),
        // graviola takes minutes to make such a key.
        _ if fault.id == *"ok-rsa8192" => Shown::Unavailable("its key takes minutes to make".into()),
        (_, _, Maker::Openssl(None)) => {
            Shown::Unavailable("its key or signature is one that tlslab does not make; openssl does".into())
        }
        _ => Shown::Fault(fault),
    };
    Case {
        id: fault.id.to_string().into(),
        family: fault.family,
        title: fault.title.into(),
        citation: fault.citation.into(),
        attack: fault.attack.into(),
        fix: fault.fix.into(),
        trust: match fault.model {
            Model::Ca => Trust::Ca,
            Model::Pinned => Trust::Pinned,
        },
        grade: fault.grade,
        derived: asked.as_ref().is_ok_and(|asked| asked != name),
        asked: asked_for(asked.ok(), name, written),
        versions: Versions::Both,
        acceptance: Acceptance::Delivery,
        alerts: alerts_for(fault.lab.reasons().iter().chain(fault.webpki.reasons()).copied()),
        may_hang: false,
        shown,
        before: None,
        twin: Arc::new(Healthy),
        service: Arc::new(Healthy),
    }
}

/// What is told of a case that is healthy in all else, over any version, and that trusts nothing of the catalogue's.
fn told(about: &About, family: &'static str, written: &str) -> Case {
    Case {
        id: about.id.into(),
        family,
        title: about.title.into(),
        citation: about.citation.into(),
        attack: about.attack.into(),
        fix: about.fix.into(),
        trust: Trust::None,
        grade: about.grade,
        asked: written.to_owned(),
        derived: false,
        versions: Versions::Both,
        acceptance: Acceptance::Delivery,
        alerts: Vec::new(),
        may_hang: false,
        shown: Shown::Healthy(KEY),
        before: None,
        twin: Arc::new(Healthy),
        service: Arc::new(Healthy),
    }
}

/// A fault of the handshake's is a case over each version that has it.
fn of_handshake(case: &'static handshake::cases::Case, written: &str) -> impl Iterator<Item = Case> {
    case.versions.iter().map(move |version| {
        let script = (case.script)(*version);
        Case {
            versions: match version {
                Version::Tls12 => Versions::Tls12,
                Version::Tls13 => Versions::Tls13,
            },
            acceptance: match script.opening {
                _ if case.after_message => Acceptance::Success,
                Opening::Old(_) => Acceptance::NextFlight,
                _ => Acceptance::Delivery,
            },
            alerts: case.alerts.to_vec(),
            may_hang: script.opening == Opening::Silent,
            shown: Shown::Healthy(script.key),
            twin: Arc::new(Scripted(script.twin())),
            service: Arc::new(Scripted(script)),
            ..told(&case.about, "handshake", written)
        }
    })
}

fn of_grid(case: grid::Case, name: &ExpectedName, written: &str) -> Case {
    let asked = case.name_for(name);
    Case {
        id: case.to_string().into(),
        family: case.family(),
        title: case.title().into(),
        citation: case.citation().into(),
        attack: "a CA that may issue for some names only issues for others".into(),
        fix: Text::default(),
        trust: Trust::Ca,
        grade: case.grade(),
        derived: asked.as_ref().is_ok_and(|asked| asked != name),
        versions: Versions::Both,
        acceptance: Acceptance::Delivery,
        alerts: alerts_for([Reason::Untrusted, Reason::WrongName]),
        may_hang: false,
        shown: match &asked {
            Ok(_) => Shown::Grid(case),
            Err(why) => Shown::Unavailable(why.to_string().into()),
        },
        before: None,
        asked: asked_for(asked.ok(), name, written),
        twin: Arc::new(Healthy),
        service: Arc::new(Healthy),
    }
}

fn of_sessions(case: &'static sessions::Case, name: &ExpectedName, written: &str) -> Case {
    let asked = case.asked.of(name);
    let alerts = alerts_for([Reason::Untrusted, Reason::WrongName]);
    if case.course == Course::Renegotiates {
        return Case {
            trust: Trust::Ca,
            versions: Versions::Tls12,
            acceptance: Acceptance::Renewal,
            alerts,
            shown: match visited(case.second) {
                Shown::Fault(fault) => Shown::Renegotiated(fault),
                other => other,
            },
            service: Arc::new(Renegotiating),
            ..told(&case.about, "session", written)
        };
    }
    Case {
        trust: Trust::Ca,
        derived: asked.as_ref().is_ok_and(|asked| asked != name),
        alerts,
        shown: match asked {
            Ok(_) => visited(case.second),
            Err(why) => Shown::Unavailable(why.into()),
        },
        before: Some(Before {
            asked: written.to_owned(),
            shown: visited(case.first),
            accepted: case.first == Visit::Healthy,
        }),
        asked: asked_for(asked.ok(), name, written),
        service: match case.course {
            Course::Resumes => Arc::new(Resuming),
            Course::Anew | Course::Renegotiates => Arc::new(Healthy),
        },
        ..told(&case.about, "session", written)
    }
}

fn of_starttls(case: &'static Fronting, written: &str) -> Case {
    Case { shown: Shown::Unavailable(starttls::NOT_ASKED.into()), ..told(&case.about, "starttls", written) }
}

fn visited(visit: Visit) -> Shown {
    let id = match visit {
        Visit::Distrusted => return Shown::Distrusted,
        Visit::Fault(id) => id,
        Visit::Healthy => "valid.ca",
    };
    match catalogue::all().iter().find(|fault| fault.id == *id) {
        Some(fault) => Shown::Fault(fault),
        // A test sees to it that there is one.
        None => Shown::Unavailable("the catalogue has no such entry".into()),
    }
}

fn asked_for(asked: Option<ExpectedName>, name: &ExpectedName, written: &str) -> String {
    match asked {
        Some(asked) if asked != *name => asked.to_string(),
        _ => written.to_owned(),
    }
}

/// The alerts by which a certificate may be refused for these reasons (RFC 8446 §6.2): the two that fit all, and those
/// of the reason.
pub fn alerts_for(reasons: impl IntoIterator<Item = Reason>) -> Vec<u8> {
    let mut alerts = BTreeSet::from([alert::BAD_CERTIFICATE, alert::CERTIFICATE_UNKNOWN]);
    for reason in reasons {
        alerts.extend(match reason {
            Reason::Expired | Reason::NotYetValid => &[alert::CERTIFICATE_EXPIRED][..],
            Reason::Untrusted => &[alert::UNKNOWN_CA, alert::DECRYPT_ERROR],
            Reason::BadUsage => &[alert::UNSUPPORTED_CERTIFICATE, alert::UNKNOWN_CA],
            Reason::BadSignature => &[alert::DECRYPT_ERROR, alert::UNKNOWN_CA],
            Reason::WeakKey | Reason::WeakSignature => {
                &[alert::HANDSHAKE_FAILURE, alert::INSUFFICIENT_SECURITY, alert::UNSUPPORTED_CERTIFICATE]
            }
            Reason::Malformed => &[
                alert::DECODE_ERROR,
                alert::ILLEGAL_PARAMETER,
                alert::UNSUPPORTED_CERTIFICATE,
                alert::UNKNOWN_CA,
            ],
            Reason::Revoked => &[alert::CERTIFICATE_REVOKED],
            Reason::RevocationUnknown => &[alert::UNKNOWN_CA, alert::BAD_CERTIFICATE_STATUS_RESPONSE],
            Reason::WrongName | Reason::Handshake | Reason::Network | Reason::Timeout => &[],
        });
    }
    alerts.into_iter().collect()
}

/// Where certificates come from: made when they are asked for, by keys that are made once.
#[derive(Debug)]
pub struct Supply {
    workshop: Workshop,
    name: ExpectedName,
    clock: fn() -> OffsetDateTime,
    margin: Duration,
    grid: std::sync::Mutex<Option<Arc<grid::Grid>>>,
}

impl Supply {
    /// For clients that expect `name`, judge by `clock`, and take at most `margin` to do so.
    pub fn new(name: ExpectedName, clock: fn() -> OffsetDateTime, margin: Duration) -> Self {
        Self { workshop: Workshop::new(KEY), name, clock, margin, grid: std::sync::Mutex::default() }
    }

    /// The same for another name, with the same keys.
    #[must_use]
    pub fn for_name(&self, name: ExpectedName) -> Self {
        let grid = std::sync::Mutex::default();
        Self { workshop: self.workshop.clone(), name, clock: self.clock, margin: self.margin, grid }
    }

    fn workshop(&self) -> Workshop {
        let dates = Dates::live((self.clock)(), self.margin);
        self.workshop.with_setting(Setting { name: self.name.clone(), dates })
    }

    /// What a case shows; where that is a healthy certificate, one that is trusted by `trust`. May take seconds, where
    /// a key is to be made.
    pub fn material(&self, case: &Case, trust: Trust) -> Result<Material, Text> {
        self.shown(&case.shown, &case.asked, trust)
    }

    /// What is shown at the first of two visits.
    pub fn before(&self, before: &Before, trust: Trust) -> Result<Material, Text> {
        self.shown(&before.shown, &before.asked, trust)
    }

    fn shown(&self, shown: &Shown, asked: &str, trust: Trust) -> Result<Material, Text> {
        match shown {
            Shown::Fault(fault) => self.of_fault(fault),
            Shown::Grid(case) => self.finish(self.grid().and_then(|grid| grid.make(*case))),
            Shown::Healthy(algorithm) => self.healthy(trust, asked, *algorithm, false),
            Shown::Distrusted => {
                let workshop = self.workshop();
                let made = workshop.issued(|_| {}).and_then(|made| {
                    Ok(Made { trusted: workshop.stranger().issued(|_| {})?.trusted, ..made })
                });
                self.finish(made.map_err(NotMade::from))
            }
            Shown::Renegotiated(fault) => Ok(Material {
                next: Some(Arc::new(self.of_fault(fault)?)),
                ..self.healthy(Trust::Ca, asked, KEY, false)?
            }),
            Shown::Unavailable(why) => Err(why.clone()),
        }
    }

    /// An entry's certificate, and what its CA says of it where the server is to staple that.
    fn of_fault(&self, fault: &Fault) -> Result<Material, Text> {
        let workshop = self.workshop();
        let made = fault.make(&workshop);
        let said = match &made {
            Ok(made) => fault.said(&workshop, made),
            Err(_) => Ok(Said::default()),
        };
        let material = self.finish(made)?;
        let said = said.map_err(|error| Text::from(format!("its status cannot be made: {error}")))?;
        Ok(match said.staple {
            None => material,
            Some(staple) => Material { identity: material.identity.with_staple(staple), ..material },
        })
    }

    /// A healthy certificate for the name that is asked for; with an intermediate where `chain`.
    pub fn healthy(
        &self,
        trust: Trust,
        asked: &str,
        algorithm: KeyAlgorithm,
        chain: bool,
    ) -> Result<Material, Text> {
        let name = asked.parse().map_err(|error| Text::from(format!("{asked}: {error}")))?;
        let workshop = self.workshop().of(algorithm).for_name(name);
        let made = match trust {
            Trust::Pinned => workshop.pinned(|_| {}),
            Trust::Ca | Trust::None if chain => workshop.chain(|_| {}),
            Trust::Ca | Trust::None => workshop.issued(|_| {}),
        };
        self.finish(made.map_err(NotMade::from))
    }

    fn grid(&self) -> Result<Arc<grid::Grid>, NotMade> {
        let mut made = self.grid.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(grid) = &*made {
            return Ok(Arc::clone(grid));
        }
        Ok(Arc::clone(made.insert(Arc::new(grid::Grid::new(&self.workshop())?))))
    }

    fn finish(&self, made: Result<Made, NotMade>) -> Result<Material, Text> {
        let cannot =
            |error: &dyn std::fmt::Display| Text::from(format!("the certificate cannot be made: {error}"));
        let made = made.map_err(|error| cannot(&error))?;
        let stranger = self.workshop.of(made.key.algorithm()).stranger().key(Role::Server);
        let identity = Identity::unchecked(made.chain, &made.key).map_err(|error| cannot(&error))?;
        Ok(Material {
            identity,
            stranger: stranger.map_err(|error| cannot(&error))?,
            key: made.key,
            trusted: made.trusted.into(),
            next: None,
        })
    }
}
