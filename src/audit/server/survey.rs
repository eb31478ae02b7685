//! What a server chooses: versions, suites, groups, schemes, and how it takes hellos that are unusual and healthy.
//!
//! Enumeration is by repetition without what was chosen, so it takes one handshake more than there are choices.

use std::collections::BTreeMap;

use super::facts::{DhFacts, NameAnswer, PlaintextAnswer, Preference};
use super::offer::{self, FOREIGN, Offer, PROTOCOLS, Room, bytes, curves, known_shares};
use super::primes;
use super::probe::{Dialler, End, Flight, Seen, Until};
use crate::tls::names;
use crate::tls::registry::version::{SSL_2, SSL_3, TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3};
use crate::tls::registry::{alert, compression, curve_type, signal};
use crate::tls::suites::{KeyExchange, Sslv2Suite, Suite};
use crate::wire::extension::Extension;
use crate::wire::hello::ServerHello;
use crate::wire::vector::Cursor;
use crate::wire::write::sslv2_client_hello;

/// Versions before TLS 1.3 that have a ClientHello as TLS has it.
pub const CLASSIC: [u16; 4] = [SSL_3, TLS_1_0, TLS_1_1, TLS_1_2];

/// Whether a flight chose `version`; why it cannot be told.
pub fn spoken(flight: &Flight, version: u16) -> Seen<bool> {
    match flight.chosen() {
        Some((chosen, _)) => Ok(chosen == version),
        None if flight.end.is_refusal() => Ok(false),
        None => Err(flight.end.words()),
    }
}

/// Whether SSL 2 is spoken, and with which kinds of cipher.
pub async fn sslv2(dialler: &Dialler) -> (Seen<bool>, Vec<u32>) {
    let suites: Vec<u32> = Sslv2Suite::all().iter().map(|suite| suite.code).collect();
    let flight = dialler.ask(&sslv2_client_hello(SSL_2, &suites, &[], &[0x5a; 16])).await;
    let kinds = flight.sslv2.clone().unwrap_or_default();
    let seen = match &flight.end {
        // An empty list of kinds is no protocol that anybody can speak.
        _ if flight.sslv2.is_some() => Ok(!kinds.is_empty()),
        // Most servers take the hello for garbage and say so in their own ways: none of them is SSL 2.
        End::NotTls(_) | End::TimedOut | End::Answered => Ok(false),
        end if end.is_refusal() => Ok(false),
        end => Err(end.words()),
    };
    (seen, kinds)
}

/// The flight of TLS 1.3, and whether the server wants key shares. Groups are asked for before anything is concluded:
/// an empty list of shares lets the server name its own, and a server that refuses that is offered those there are.
pub async fn modern(dialler: &Dialler, room: &Room) -> (Flight, bool) {
    let flight = dialler.ask(&Offer::everything(TLS_1_3, room).bytes()).await;
    if spoken(&flight, TLS_1_3) == Ok(true) {
        return (flight, false);
    }
    let room = Room { needs_shares: true, ..room.clone() };
    let again = dialler.ask(&Offer::everything(TLS_1_3, &room).bytes()).await;
    let needs_shares = spoken(&again, TLS_1_3) == Ok(true);
    (if needs_shares { again } else { flight }, needs_shares)
}

/// Everything of `candidates` that the server chooses, in its order: repeated without what was chosen until it refuses.
async fn enumerate(
    dialler: &Dialler,
    candidates: Vec<u16>,
    first: Option<u16>,
    what: &'static str,
    make: impl Fn(&[u16]) -> Vec<u8>,
    chosen: impl Fn(&Flight) -> Option<u16>,
) -> Vec<u16> {
    let mut left = candidates;
    let mut found = Vec::new();
    let mut answer = first;
    loop {
        let choice = match answer.take() {
            Some(known) => Some(known),
            None if left.is_empty() => None,
            None => {
                let flight = dialler.ask(&make(&left)).await;
                if flight.hello.is_none() && !flight.end.is_refusal() {
                    dialler.unfinished(what, flight.end.words());
                }
                chosen(&flight)
            }
        };
        let Some(choice) = choice else { return found };
        let Some(place) = left.iter().position(|code| *code == choice) else {
            dialler.violated(format!("it chose {what} 0x{choice:04x}, which was not offered"));
            return found;
        };
        left.remove(place);
        found.push(choice);
    }
}

/// The suites of a version, in the server's order, after the flight that showed the first of them.
pub async fn suites(dialler: &Dialler, room: &Room, version: u16, first: &Flight) -> Vec<u16> {
    let offer = Offer::everything(version, room);
    let chosen = |flight: &Flight| flight.chosen().filter(|(v, _)| *v == version).map(|(_, suite)| suite);
    let make = |suites: &[u16]| offer.clone().suites(suites).bytes();
    enumerate(dialler, offer.suites.clone(), chosen(first), "suite", make, chosen).await
}

/// Who decides between suites: what is chosen when the client turns the server's order round.
pub async fn preference(dialler: &Dialler, room: &Room, version: u16, suites: &[u16]) -> Option<Preference> {
    let (first, last) = (*suites.first()?, *suites.last()?);
    if suites.len() == 1 {
        return Some(Preference::OneSuite);
    }
    let turned: Vec<u16> = suites.iter().rev().copied().collect();
    let flight = dialler.ask(&Offer::everything(version, room).suites(&turned).bytes()).await;
    match flight.chosen()?.1 {
        same if same == first => Some(Preference::Server),
        other if other == last => Some(Preference::Client),
        // Neither: a server that puts what the client likes best first among equals, such as ChaCha20.
        _ => Some(Preference::Server),
    }
}

/// The groups of TLS 1.3, in the server's order.
pub async fn groups_1_3(dialler: &Dialler, room: &Room, first: &Flight) -> Vec<u16> {
    let mut offer = Offer::everything(TLS_1_3, room);
    if room.needs_shares {
        offer.groups = known_shares();
    }
    let chosen = |flight: &Flight| {
        flight.hello.as_ref().filter(|hello| hello.version() == TLS_1_3).and_then(ServerHello::group)
    };
    let make = |groups: &[u16]| {
        let shares = offer.shares.iter().filter(|share| groups.contains(share)).copied().collect();
        Offer { groups: groups.to_vec(), shares, ..offer.clone() }.bytes()
    };
    enumerate(dialler, offer.groups.clone(), chosen(first), "group", make, chosen).await
}

/// The curves of a version before TLS 1.3, in the server's order.
pub async fn curves_before_1_3(dialler: &Dialler, room: &Room, version: u16, accepted: &[u16]) -> Vec<u16> {
    let suites =
        of_kind(accepted, |suite| matches!(suite.key_exchange, KeyExchange::Ecdhe | KeyExchange::EcdhePsk));
    if suites.is_empty() {
        return Vec::new();
    }
    let offer = Offer::everything(version, room).suites(&suites);
    let make = |groups: &[u16]| Offer { groups: groups.to_vec(), ..offer.clone() }.bytes();
    let chosen = |flight: &Flight| crate::wire::handshake::named_curve(flight.key_exchange.as_deref()?);
    if version <= SSL_3 {
        // No extension lists curves there, and the server takes any that it likes (RFC 8422 §4).
        return chosen(&dialler.ask(&offer.bytes()).await).into_iter().collect();
    }
    enumerate(dialler, curves(), None, "group", make, chosen).await
}

/// The signature schemes of TLS 1.2's ServerKeyExchange, in the server's order.
pub async fn schemes_1_2(dialler: &Dialler, room: &Room, accepted: &[u16]) -> Vec<u16> {
    let signed = |suite: &Suite| {
        suite.has_certificate() && matches!(suite.key_exchange, KeyExchange::Dhe | KeyExchange::Ecdhe)
    };
    let suites = of_kind(accepted, signed);
    if suites.is_empty() {
        return Vec::new();
    }
    let offer = Offer::everything(TLS_1_2, room).suites(&suites);
    let make = |schemes: &[u16]| Offer { schemes: schemes.to_vec(), ..offer.clone() }.bytes();
    enumerate(dialler, offer.schemes.clone(), None, "signature scheme", make, scheme).await
}

/// Accepted suites of a kind.
fn of_kind(accepted: &[u16], is: impl Fn(&Suite) -> bool) -> Vec<u16> {
    accepted.iter().copied().filter(|code| Suite::of(*code).is_some_and(&is)).collect()
}

/// The scheme of a TLS 1.2 ServerKeyExchange: it stands behind the parameters, whose form the suite decides.
fn scheme(flight: &Flight) -> Option<u16> {
    let (_, suite) = flight.chosen()?;
    let mut body = Cursor(flight.key_exchange.as_deref()?);
    match Suite::of(suite)?.key_exchange {
        KeyExchange::Ecdhe if body.u8()? == curve_type::NAMED_CURVE => {
            body.u16()?;
            body.vector8()?;
        }
        KeyExchange::Dhe => {
            for _ in 0..3 {
                body.vector16()?;
            }
        }
        _ => return None,
    }
    body.u16()
}

/// The finite fields of ephemeral Diffie-Hellman, one for each kind of authentication that uses it.
pub async fn dh(dialler: &Dialler, room: &Room, suites: &BTreeMap<u16, Vec<u16>>) -> Vec<DhFacts> {
    let mut found: Vec<DhFacts> = Vec::new();
    for (version, accepted) in suites.range(SSL_3..=TLS_1_2).rev() {
        let weakened = |suite: &Suite| suite.key_exchange == KeyExchange::Dhe && suite.export;
        let healthy = |suite: &Suite| suite.key_exchange == KeyExchange::Dhe && !suite.export;
        for suites in [of_kind(accepted, healthy), of_kind(accepted, weakened)] {
            let Some(&suite) = suites.first() else { continue };
            let flight = dialler.ask(&Offer::everything(*version, room).suites(&suites).bytes()).await;
            let prime = flight.key_exchange.as_deref().and_then(|body| Cursor(body).vector16());
            let Some(prime) = prime else { continue };
            let facts = DhFacts { suite, bits: primes::bits(prime), known: primes::known(prime) };
            if !found.iter().any(|known| (known.bits, known.known) == (facts.bits, facts.known)) {
                found.push(facts);
            }
        }
    }
    found
}

/// The compression method that a hello which offers several gets.
pub async fn compression(dialler: &Dialler, room: &Room, version: u16) -> Seen<u8> {
    let mut offer = Offer::everything(version, room);
    offer.compression = vec![compression::DEFLATE, compression::LZS, compression::NULL];
    let flight = dialler.ask_until(&offer.bytes(), Until::Hello).await;
    match flight.hello {
        Some(hello) => Ok(hello.compression_method),
        // TLS 1.3's own rule, applied to an older hello: nothing was agreed on either.
        None if flight.end.is_refusal() => Ok(compression::NULL),
        None => Err(flight.end.words()),
    }
}

/// Whether a hello that says it falls back is refused as it should be (RFC 7507 §3): `version` is not the server's best.
pub async fn fallback(dialler: &Dialler, room: &Room, version: u16) -> Seen<bool> {
    let offer = Offer::everything(version, room);
    let suites = [&offer.suites[..], &[signal::FALLBACK]].concat();
    let flight = dialler.ask_until(&offer.suites(&suites).bytes(), Until::Hello).await;
    match (flight.hello, flight.end) {
        (Some(_), _) => Ok(false),
        (None, End::Alert(alert::INAPPROPRIATE_FALLBACK)) => Ok(true),
        (None, end) => Err(format!("expected inappropriate_fallback; {}", end.words())),
    }
}

/// The last bytes of the random by which a server that speaks TLS 1.3 warns a client of TLS 1.2, and one of TLS 1.1 or
/// older (RFC 8446 §4.1.3).
pub fn sentinel(flight: &Flight, version: u16) -> Seen<bool> {
    let Some(hello) = &flight.hello else { return Err(flight.end.words()) };
    let expected = if version == TLS_1_2 { b"DOWNGRD\x01" } else { b"DOWNGRD\x00" };
    Ok(hello.random[24..] == expected[..])
}

/// How hellos that are unusual and healthy are taken, by check; `healthy` is the version that a usual one gets,
/// `classic` the newest before TLS 1.3.
pub async fn tolerance(
    dialler: &Dialler,
    room: &Room,
    healthy: u16,
    classic: Option<u16>,
) -> BTreeMap<&'static str, Seen<bool>> {
    let offer = Offer::everything(healthy, room);
    let taken = |flight: &Flight| match flight.chosen() {
        Some(_) => Ok(true),
        None if flight.end.is_refusal() || matches!(flight.end, End::TimedOut) => Ok(false),
        None => Err(flight.end.words()),
    };

    let mut greased = offer.clone().with(Extension::new(0x3a3a, [0])).with(Extension::empty(0xcaca));
    greased.suites.insert(0, 0x0a0a);
    greased.groups.insert(0, 0x1a1a);
    greased.schemes.extend((healthy >= TLS_1_2).then_some(0xfafa));
    let mut greased = greased.hello();
    if healthy == TLS_1_3 {
        for extension in &mut greased.extensions {
            if extension.code == crate::tls::registry::extension::SUPPORTED_VERSIONS {
                *extension = Extension::supported_versions(&[0x7a7a, TLS_1_3]);
            }
        }
    }
    let (greased, long, future) = tokio::join!(
        async { dialler.ask_until(&bytes(&greased), Until::Hello).await },
        async {
            dialler.ask_until(&offer.clone().with(Extension::padding(1200)).bytes(), Until::Hello).await
        },
        async {
            // RFC 5246 §E.1: a server that gets a newer version answers with its own best.
            let mut hello = Offer::everything(classic?, room).hello();
            hello.legacy_version = 0x0305;
            Some(dialler.ask_until(&bytes(&hello), Until::Hello).await)
        },
    );
    let mut found = BTreeMap::from([("grease-tolerance", taken(&greased)), ("long-hello", taken(&long))]);
    found.extend(future.map(|future| ("future-version", taken(&future))));
    found
}

/// What a hello of another name, or of none, gets.
pub async fn name_answer(dialler: &Dialler, room: &Room, version: u16, usual: &Flight) -> Seen<NameAnswer> {
    let flight = dialler.ask(&Offer::everything(version, room).bytes()).await;
    match (&flight.hello, &flight.end) {
        (Some(_), _) if version == TLS_1_3 || flight.certificates.is_empty() => Ok(NameAnswer::Unseen),
        (Some(_), _) if flight.certificates == usual.certificates => Ok(NameAnswer::Same),
        (Some(_), _) => Ok(NameAnswer::Another),
        (None, end) if end.is_refusal() => Ok(NameAnswer::Refused(end.words())),
        (None, end) => Err(end.words()),
    }
}

/// Which of the usual application protocols a classic hello gets.
pub async fn protocol(dialler: &Dialler, room: &Room, version: u16) -> Seen<Option<String>> {
    let offer = Offer::everything(version, room).with(Extension::alpn(&PROTOCOLS));
    let flight = dialler.ask_until(&offer.bytes(), Until::Hello).await;
    match flight.hello {
        Some(hello) => Ok(hello.protocol().map(|name| String::from_utf8_lossy(&name).into_owned())),
        None if flight.end == End::Alert(alert::NO_APPLICATION_PROTOCOL) => Ok(None),
        None => Err(flight.end.words()),
    }
}

/// Whether a classic hello that offers only an unknown application protocol is refused.
pub async fn foreign_protocol(dialler: &Dialler, room: &Room, version: u16) -> Seen<bool> {
    let offer = Offer::everything(version, room).with(Extension::alpn(&[FOREIGN]));
    let flight = dialler.ask_until(&offer.bytes(), Until::Hello).await;
    match (flight.hello, flight.end) {
        (Some(_), _) => Ok(false),
        (None, end) if end.is_refusal() => Ok(true),
        (None, end) => Err(end.words()),
    }
}

/// What somebody gets who speaks HTTP, and lines, without TLS.
pub async fn plaintext(dialler: &Dialler) -> Seen<PlaintextAnswer> {
    let word = "tlslab-plaintext-probe";
    let ask = format!("GET /{word} HTTP/1.0\r\n\r\n");
    let flight = match dialler.connect_plainly().await {
        Ok(mut connection) => dialler.converse(&mut connection, ask.as_bytes(), Until::Done).await,
        Err(end) => return Err(end.words()),
    };
    Ok(match flight.end {
        End::NotTls(start) => {
            let text = String::from_utf8_lossy(&start).into_owned();
            let served = text.contains(word) || (text.starts_with("HTTP/") && text.get(9..10) == Some("2"));
            if served { PlaintextAnswer::Served(text) } else { PlaintextAnswer::Told(text) }
        }
        end @ (End::Unreachable(_) | End::Flood) => return Err(end.words()),
        end => PlaintextAnswer::Refused(end.words()),
    })
}

/// The newest version before TLS 1.3 that is spoken.
pub fn newest_classic(flights: &BTreeMap<u16, Flight>) -> Option<u16> {
    flights.iter().rev().find(|(version, flight)| spoken(flight, **version) == Ok(true)).map(|(v, _)| *v)
}

/// A flight of each version that has TLS's ClientHello and is older than TLS 1.3.
pub async fn classic(dialler: &Dialler, room: &Room) -> BTreeMap<u16, Flight> {
    let ask = |version| {
        let offer = Offer::everything(version, room).with(Extension::status_request());
        async move {
            let flight = dialler.ask(&offer.bytes()).await;
            // Some servers close on hellos with hundreds of suites: those that are usual are tried, too.
            if matches!(flight.end, End::Answered | End::Unreachable(_)) || flight.hello.is_some() {
                return flight;
            }
            let usual: Vec<u16> = offer::suites_before_1_3()
                .into_iter()
                .filter(|code| {
                    Suite::of(*code).is_some_and(|suite| suite.registered && suite.has_certificate())
                })
                .filter(|code| {
                    *code < 0x0060
                        || (0x0067..0x006c).contains(code)
                        || (0x009c..0x00a0).contains(code)
                        || (0xc000..0xc032).contains(code)
                })
                .collect();
            let again = dialler.ask(&Offer::everything(version, room).suites(&usual).bytes()).await;
            if again.hello.is_some() { again } else { flight }
        }
    };
    let (ssl3, tls10, tls11, tls12) = tokio::join!(ask(SSL_3), ask(TLS_1_0), ask(TLS_1_1), ask(TLS_1_2));
    [(SSL_3, ssl3), (TLS_1_0, tls10), (TLS_1_1, tls11), (TLS_1_2, tls12)].into()
}

/// A version's name, as the contract's JSON has it.
pub fn version_key(version: u16) -> String {
    names::version(version).replace("SSL 2.0", "SSLv2").replace("SSL 3.0", "SSLv3").replace("TLS ", "TLSv")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::write::{dhe_parameters, ecdhe_parameters, server_key_exchange};

    fn flight(suite: u16, key_exchange: Vec<u8>) -> Flight {
        Flight {
            hello: Some(ServerHello::new(TLS_1_2, [7; 32], suite)),
            key_exchange: Some(key_exchange),
            ..Flight::default()
        }
    }

    #[test]
    fn the_scheme_stands_behind_the_parameters() {
        let curve = server_key_exchange(&ecdhe_parameters(0x1d, &[9; 32]), 0x0804, b"signature");
        assert_eq!(scheme(&flight(0xc02f, curve)), Some(0x0804));
        let field = server_key_exchange(&dhe_parameters(&[7; 256], &[2], &[5; 256]), 0x0401, b"signature");
        assert_eq!(scheme(&flight(0x009e, field.clone())), Some(0x0401));
        assert_eq!(scheme(&flight(0x009e, field[..100].to_vec())), None);
    }

    #[test]
    fn versions_are_keyed_as_the_contract_has_them() {
        let keys: Vec<_> = [SSL_2, SSL_3, TLS_1_0, TLS_1_3].map(version_key).into();
        assert_eq!(keys, ["SSLv2", "SSLv3", "TLSv1.0", "TLSv1.3"]);
    }

    #[test]
    fn what_was_not_seen_is_no_refusal() {
        let refused = Flight { end: End::Alert(70), ..Flight::default() };
        assert_eq!(spoken(&refused, TLS_1_0), Ok(false));
        let silent = Flight { end: End::TimedOut, ..Flight::default() };
        assert!(spoken(&silent, TLS_1_0).is_err());
    }
}
