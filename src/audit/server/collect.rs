//! Asking a server everything: in which order, and what depends on what.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use time::OffsetDateTime;

use super::attacks::{self, Attacks};
use super::facts::{Facts, NameAnswer};
use super::offer::Room;
use super::probe::{Dialler, End, Flight, Limits, Seen};
use super::robustness::{self, Robustness};
use super::sessions::{self, Session};
use super::starttls::StartTls;
use super::survey::{self, CLASSIC, spoken};
use crate::pki::facts::CertFacts;
use crate::tls::registry::version::{SSL_2, TLS_1_0, TLS_1_2, TLS_1_3};
use crate::verify::{Criteria, ExpectedName, Policy, Revocation, TrustSet, Usage, judge};

/// What is asked of whom.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The server.
    pub address: SocketAddr,
    /// The name that its certificate has to prove; a DNS name is sent as SNI.
    pub name: ExpectedName,
    /// What is trusted; nothing leaves trust unjudged.
    pub trusted: Option<Arc<TrustSet>>,
    /// The rules for the certificate.
    pub policy: Policy,
    /// What speaks before TLS.
    pub starttls: Option<StartTls>,
    /// How much may be asked.
    pub limits: Limits,
    /// Whether the server may be put to ordeals: it is one's own.
    pub ordeals: bool,
    /// When the certificate is judged.
    pub at: OffsetDateTime,
}

/// Why a server cannot be audited at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoServer {
    /// There is none, or it does not answer.
    #[error("{0}")]
    Network(String),
    /// What answers speaks no TLS.
    #[error("no TLS there: {0}")]
    NoTls(String),
}

/// Asks a server everything.
pub async fn collect(settings: &Settings) -> Result<Facts, NoServer> {
    let dialler = Dialler::new(settings.address, settings.starttls, settings.limits);
    let dialler = &dialler;
    let server_name = match &settings.name {
        ExpectedName::Dns(name) => Some(name.clone()),
        ExpectedName::Email(_) | ExpectedName::Ip(_) | ExpectedName::Text(_) => None,
    };
    let room = Room { server_name, needs_shares: false };

    // Whoever is not there is not asked thirty times.
    let (first, needs_shares) = survey::modern(dialler, &room).await;
    if let End::Unreachable(why) = &first.end {
        return Err(NoServer::Network(why.clone()));
    }
    let room = Room { needs_shares, ..room };
    let (flights, (ssl2, sslv2_suites)) =
        tokio::join!(survey::classic(dialler, &room), survey::sslv2(dialler));
    let mut versions: BTreeMap<u16, Seen<bool>> =
        flights.iter().map(|(version, flight)| (*version, spoken(flight, *version))).collect();
    versions.insert(SSL_2, ssl2);
    versions.insert(TLS_1_3, spoken(&first, TLS_1_3));
    if !versions.values().any(|seen| seen == &Ok(true)) {
        return Err(nothing(&first, &flights));
    }
    let speaks = |version| versions.get(&version) == Some(&Ok(true));
    let modern = speaks(TLS_1_3).then_some(first);
    let newest = survey::newest_classic(&flights);

    let followed = spoken_of(&versions, &[TLS_1_2, TLS_1_3]);
    let suites = all_suites(dialler, &room, &flights, modern.as_ref()).await;
    let (preference, choices, sessions) = tokio::join!(
        preferences(dialler, &room, &suites),
        choices(dialler, &room, &suites, modern.as_ref(), newest),
        sessions::all(dialler, &room, &followed),
    );
    let classic = newest.and_then(|version| Some((version, flights.get(&version)?.clone())));
    let healthy = if modern.is_some() { TLS_1_3 } else { newest.unwrap_or(TLS_1_2) };
    let (manners, attacks, plaintext) = tokio::join!(
        manners(dialler, &room, &versions, classic.as_ref(), modern.as_ref(), healthy),
        attacks_on(dialler, &room, &suites, newest, &sessions),
        survey::plaintext(dialler),
    );
    let robustness = if settings.ordeals {
        robustness::all(dialler, &room, healthy).await
    } else {
        Robustness::untried("the server is neither on loopback nor in a private network")
    };

    let chain = chain(&sessions, classic.as_ref());
    let certificates: Vec<CertFacts> = chain.iter().filter_map(|der| CertFacts::read(der).ok()).collect();
    let (verdict, presumed) = verdict(settings, &chain);
    Ok(Facts {
        address: settings.address,
        at: settings.at,
        name: Some(settings.name.to_string()),
        sslv2_suites,
        preference,
        groups: choices.groups,
        schemes: choices.schemes,
        dh: choices.dh,
        compression: manners.compression,
        fallback: manners.fallback,
        sentinel: manners.sentinel,
        tolerance: manners.tolerance,
        without_name: manners.without_name,
        unknown_name: manners.unknown_name,
        protocol: manners.protocol,
        foreign_protocol: manners.foreign_protocol,
        versions,
        suites,
        classic,
        modern,
        sessions,
        chain,
        certificates,
        verdict,
        presumed,
        clients: Vec::new(),
        plaintext,
        attacks,
        robustness,
        tally: dialler.tally(),
    })
}

/// What to say where no version is spoken.
fn nothing(first: &Flight, flights: &BTreeMap<u16, Flight>) -> NoServer {
    let ends: Vec<&End> = std::iter::once(&first.end).chain(flights.values().map(|f| &f.end)).collect();
    if let Some(strange) = ends.iter().find(|end| matches!(end, End::NotTls(_) | End::Flood)) {
        return NoServer::NoTls(strange.words());
    }
    if ends.iter().any(|end| end.is_refusal()) {
        return NoServer::NoTls(format!("every hello was refused: {}", ends[0].words()));
    }
    NoServer::Network(ends[0].words())
}

fn spoken_of(versions: &BTreeMap<u16, Seen<bool>>, of: &[u16]) -> Vec<u16> {
    of.iter().copied().filter(|version| versions.get(version) == Some(&Ok(true))).collect()
}

async fn all_suites(
    dialler: &Dialler,
    room: &Room,
    flights: &BTreeMap<u16, Flight>,
    modern: Option<&Flight>,
) -> BTreeMap<u16, Vec<u16>> {
    let of = |version: u16, flight: Option<&Flight>| {
        let flight = flight.filter(|flight| spoken(flight, version) == Ok(true)).cloned();
        async move {
            match flight {
                Some(flight) => Some((version, survey::suites(dialler, room, version, &flight).await)),
                None => None,
            }
        }
    };
    let [ssl3, tls10, tls11, tls12] = CLASSIC.map(|version| of(version, flights.get(&version)));
    let (ssl3, tls10, tls11, tls12, tls13) = tokio::join!(ssl3, tls10, tls11, tls12, of(TLS_1_3, modern));
    [ssl3, tls10, tls11, tls12, tls13].into_iter().flatten().collect()
}

async fn preferences(
    dialler: &Dialler,
    room: &Room,
    suites: &BTreeMap<u16, Vec<u16>>,
) -> BTreeMap<u16, super::facts::Preference> {
    let mut found = BTreeMap::new();
    for (version, accepted) in suites {
        if let Some(preference) = survey::preference(dialler, room, *version, accepted).await {
            found.insert(*version, preference);
        }
    }
    found
}

struct Choices {
    groups: BTreeMap<u16, Vec<u16>>,
    schemes: BTreeMap<u16, Vec<u16>>,
    dh: Vec<super::facts::DhFacts>,
}

async fn choices(
    dialler: &Dialler,
    room: &Room,
    suites: &BTreeMap<u16, Vec<u16>>,
    modern: Option<&Flight>,
    newest: Option<u16>,
) -> Choices {
    let accepted = newest.and_then(|version| Some((version, suites.get(&version)?)));
    let groups_1_3 = async {
        match modern {
            Some(flight) => survey::groups_1_3(dialler, room, flight).await,
            None => Vec::new(),
        }
    };
    let curves = async {
        match accepted {
            Some((version, accepted)) => survey::curves_before_1_3(dialler, room, version, accepted).await,
            None => Vec::new(),
        }
    };
    let schemes_1_2 = async {
        match accepted {
            Some((TLS_1_2, accepted)) => survey::schemes_1_2(dialler, room, accepted).await,
            _ => Vec::new(),
        }
    };
    let schemes_1_3 =
        async { if modern.is_some() { sessions::schemes_1_3(dialler, room).await } else { Vec::new() } };
    let (groups_1_3, curves, schemes_1_2, schemes_1_3, dh) =
        tokio::join!(groups_1_3, curves, schemes_1_2, schemes_1_3, survey::dh(dialler, room, suites));
    let by_version = |old: Vec<u16>, new: Vec<u16>| {
        let old = (newest.unwrap_or(TLS_1_2), old);
        [old, (TLS_1_3, new)].into_iter().filter(|(_, found)| !found.is_empty()).collect()
    };
    Choices { groups: by_version(curves, groups_1_3), schemes: by_version(schemes_1_2, schemes_1_3), dh }
}

struct Manners {
    compression: Seen<u8>,
    fallback: Seen<bool>,
    sentinel: Seen<bool>,
    tolerance: BTreeMap<&'static str, Seen<bool>>,
    without_name: Seen<NameAnswer>,
    unknown_name: Seen<NameAnswer>,
    protocol: Seen<Option<String>>,
    foreign_protocol: Seen<bool>,
}

async fn manners(
    dialler: &Dialler,
    room: &Room,
    versions: &BTreeMap<u16, Seen<bool>>,
    classic: Option<&(u16, Flight)>,
    modern: Option<&Flight>,
    healthy: u16,
) -> Manners {
    let spoken = spoken_of(versions, &[TLS_1_0 - 1, TLS_1_0, TLS_1_0 + 1, TLS_1_2, TLS_1_3]);
    let below_best = spoken.iter().rev().nth(1).copied();
    let only_1_3 = || attacks::ONLY_1_3.to_owned();
    let compression = async {
        match classic {
            Some((version, _)) => survey::compression(dialler, room, *version).await,
            None => Err(only_1_3()),
        }
    };
    let fallback = async {
        match below_best {
            Some(version) => survey::fallback(dialler, room, version).await,
            None => Err("the server speaks one version: there is nothing to fall back to".to_owned()),
        }
    };
    let sentinel = match (classic, modern) {
        (Some((version, flight)), Some(_)) => survey::sentinel(flight, *version),
        (None, _) => Err(only_1_3()),
        (_, None) => Err("the server does not speak TLS 1.3, which brought the sentinel".to_owned()),
    };
    // Names are compared by the certificate, which TLS 1.3 hides: an older version shows more.
    let shown = classic.map_or((healthy, modern), |(version, flight)| (*version, Some(flight)));
    let another = |name: Option<&str>| Room { server_name: name.map(str::to_owned), ..room.clone() };
    let (nameless, stranger) = (another(None), another(Some("unknown.invalid")));
    let empty = Flight::default();
    let usual = shown.1.unwrap_or(&empty);
    let protocols = async {
        match classic {
            Some((version, _)) => (
                survey::protocol(dialler, room, *version).await,
                survey::foreign_protocol(dialler, room, *version).await,
            ),
            None => (
                Err("seen in a session of TLS 1.3".to_owned()),
                sessions::foreign_protocol_1_3(dialler, room).await,
            ),
        }
    };
    let (compression, fallback, tolerance, without_name, unknown_name, (protocol, foreign_protocol)) = tokio::join!(
        compression,
        fallback,
        survey::tolerance(dialler, room, healthy, classic.map(|(version, _)| *version)),
        survey::name_answer(dialler, &nameless, shown.0, usual),
        survey::name_answer(dialler, &stranger, shown.0, usual),
        protocols,
    );
    Manners {
        compression,
        fallback,
        sentinel,
        tolerance,
        without_name,
        unknown_name,
        protocol,
        foreign_protocol,
    }
}

async fn attacks_on(
    dialler: &Dialler,
    room: &Room,
    suites: &BTreeMap<u16, Vec<u16>>,
    newest: Option<u16>,
    sessions: &BTreeMap<u16, Seen<Session>>,
) -> Attacks {
    let classic = newest.and_then(|version| Some((version, suites.get(&version)?.as_slice())));
    let session = sessions.get(&TLS_1_2).and_then(|session| session.as_ref().ok());
    attacks::all(dialler, room, attacks::Subject { classic, session }).await
}

/// The chain: of the newest session that was completed, else what stood in the clear.
fn chain(
    sessions: &BTreeMap<u16, Seen<Session>>,
    classic: Option<&(u16, Flight)>,
) -> Vec<CertificateDer<'static>> {
    sessions
        .values()
        .rev()
        .filter_map(|session| session.as_ref().ok())
        .map(|session| session.chain.clone())
        .find(|chain| !chain.is_empty())
        .or_else(|| {
            Some(classic?.1.certificates.iter().map(|der| CertificateDer::from(der.clone())).collect())
        })
        .unwrap_or_default()
}

/// Our own verdict; and, where nothing is trusted, what there is to say without trust.
fn verdict(
    settings: &Settings,
    chain: &[CertificateDer<'static>],
) -> (Seen<crate::verify::Verdict>, Option<crate::verify::Verdict>) {
    if chain.is_empty() {
        return (Err("no certificate was seen".to_owned()), None);
    }
    let criteria = |trusted| Criteria {
        trusted,
        name: Some(settings.name.clone()),
        usage: Usage::Server,
        policy: settings.policy,
        revocation: Revocation::default(),
    };
    if let Some(trusted) = &settings.trusted {
        return (Ok(judge(chain, &criteria(Arc::clone(trusted)), settings.at)), None);
    }
    // As if the last that was sent were trusted: dates, name, usage and strength need no more.
    let presumed = chain.last().and_then(|last| TrustSet::new([last]).ok());
    let presumed = presumed.map(|set| judge(chain, &criteria(Arc::new(set)), settings.at));
    (Err("nothing is trusted: --ca names what is".to_owned()), presumed)
}
