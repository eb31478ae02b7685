//! What a server is judged by, as data: each check with its grade, its severity, where it stands, and how it is mended.
//! What each makes of the facts is a function of the facts alone.

use super::attacks::Heartbeat;
use super::facts::{DhFacts, Facts, NameAnswer, PlaintextAnswer, Preference};
use super::mending::Topic;
use super::probe::Seen;
use crate::pki::facts::PublicKeyKind;
use crate::tls::groups::Group;
use crate::tls::names;
use crate::tls::registry::version::{SSL_2, SSL_3, TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3};
use crate::tls::registry::{compression, extension};
use crate::tls::schemes::Scheme;
use crate::tls::suites::{Cipher, KeyExchange, Mode, Suite};
use crate::verify::CheckKind;

/// How much is demanded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Grade {
    /// Otherwise it fails.
    Must,
    /// Otherwise it is warned of.
    Should,
    /// A matter of policy.
    Policy,
    /// Nothing: it is told.
    Info,
}

impl Grade {
    /// As reports write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Must => "MUST",
            Self::Should => "SHOULD",
            Self::Policy => "POLICY",
            Self::Info => "INFO",
        }
    }
}

/// How bad it is where it is not so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Somebody reads, changes or pretends.
    High,
    /// Somebody may, with effort.
    Medium,
    /// Better mended.
    Low,
    /// To be known.
    Info,
}

impl Severity {
    /// As reports write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
            Self::Info => "info",
        }
    }
}

/// What the facts say about a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// It is as it should be.
    Good(String),
    /// It is not.
    Bad(String),
    /// It is to be told, and neither.
    Told(String),
    /// It does not arise, or cannot be judged from here: why.
    Skip(String),
    /// It should have been judged and could not be: why.
    Error(String),
}

use Finding::{Bad, Error, Good, Skip, Told};

/// One check.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// Its id.
    pub id: &'static str,
    /// What it is about.
    pub family: &'static str,
    /// What should be so.
    pub title: &'static str,
    /// How much is demanded, by the RFCs.
    pub grade: Grade,
    /// How bad it is otherwise.
    pub severity: Severity,
    /// Where it stands.
    pub citation: &'static str,
    /// What is expected.
    pub expected: &'static str,
    /// How it is mended, in a sentence.
    pub fix: &'static str,
    /// Which configuration mends it.
    pub topic: Topic,
    /// What it makes of the facts.
    pub judge: fn(&Facts) -> Finding,
}

/// By its id.
pub fn of(id: &str) -> Option<&'static Check> {
    CHECKS.iter().find(|check| check.id == id)
}

fn refused(facts: &Facts, version: u16) -> Finding {
    match facts.versions.get(&version) {
        Some(Ok(true)) => Bad(format!("{} is spoken", names::version(version))),
        Some(Ok(false)) => Good("refused".to_owned()),
        Some(Err(why)) => Error(why.clone()),
        None => Error("it was not asked".to_owned()),
    }
}

fn spoken(facts: &Facts, version: u16) -> Finding {
    match facts.versions.get(&version) {
        Some(Ok(true)) => Good("spoken".to_owned()),
        Some(Ok(false)) => Bad("not spoken".to_owned()),
        Some(Err(why)) => Error(why.clone()),
        None => Error("it was not asked".to_owned()),
    }
}

/// No accepted suite is of a kind.
fn none(facts: &Facts, is: impl Fn(&Suite) -> bool) -> Finding {
    let bad: Vec<_> = facts
        .all_suites()
        .into_iter()
        .filter(|code| Suite::of(*code).is_some_and(&is))
        .map(names::cipher_suite)
        .collect();
    none_of(&bad, unknown(facts, "suite"), "none is accepted")
}

/// What is bad; or why nothing can be said; or that all is well.
fn none_of(bad: &[String], unknown: Option<String>, good: &str) -> Finding {
    match (bad.is_empty(), unknown) {
        (false, _) => Bad(some_of(bad)),
        (true, Some(why)) => Error(why),
        (true, None) => Good(good.to_owned()),
    }
}

/// Why what was not found may be there all the same: a version, or an enumeration, that came to no end.
fn unknown(facts: &Facts, what: &str) -> Option<String> {
    let version = facts.versions.iter().find_map(|(version, seen)| {
        seen.as_ref().err().map(|why| format!("{}: {why}", names::version(*version)))
    });
    version.or_else(|| facts.tally.unfinished.get(what).cloned())
}

/// The same before TLS 1.3 only, where it may not arise.
fn none_before_1_3(facts: &Facts, is: impl Fn(&Suite) -> bool) -> Finding {
    if facts.classic.is_none() { Skip(super::attacks::ONLY_1_3.to_owned()) } else { none(facts, is) }
}

/// The first few of many.
pub(super) fn some_of(names: &[String]) -> String {
    const SHOWN: usize = 6;
    let shown = names.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN { format!("{shown} and {} more", names.len() - SHOWN) } else { shown }
}

fn seen(seen: &Seen<bool>, good: &str, bad: &str) -> Finding {
    match seen {
        Ok(true) => Good(good.to_owned()),
        Ok(false) => Bad(bad.to_owned()),
        Err(why) => Skip(why.clone()),
    }
}

/// The same where silence of the server is the server's fault.
fn survived(seen: &Seen<bool>, good: &str, bad: &str) -> Finding {
    match seen {
        Ok(true) => Good(good.to_owned()),
        Ok(false) => Bad(bad.to_owned()),
        Err(why) => Skip(why.clone()),
    }
}

/// An extension of the classic ServerHello.
fn extended(facts: &Facts, code: u16) -> Finding {
    let Some((_, flight)) = &facts.classic else { return Skip(super::attacks::ONLY_1_3.to_owned()) };
    match &flight.hello {
        Some(hello) if hello.extensions.iter().any(|extension| extension.code == code) => {
            Good("agreed on".to_owned())
        }
        Some(_) => Bad("not agreed on".to_owned()),
        None => Error(flight.end.words()),
    }
}

fn certificate(facts: &Facts, kinds: &[CheckKind]) -> Finding {
    let verdict = match (&facts.verdict, &facts.presumed) {
        (Ok(verdict), _) => verdict,
        (Err(why), _) if kinds.contains(&CheckKind::Trust) => return Skip(why.clone()),
        (Err(_), Some(presumed)) => presumed,
        (Err(why), None) => return Skip(why.clone()),
    };
    let checks: Vec<_> = verdict.checks.iter().filter(|check| kinds.contains(&check.kind)).collect();
    if checks.is_empty() {
        return Skip("the certificate cannot be read".to_owned());
    }
    let said = |bad: bool| {
        let said: Vec<String> =
            checks.iter().filter(|check| check.ok() != bad).map(|check| check.found.to_string()).collect();
        said.join("; ")
    };
    if checks.iter().all(|check| check.ok()) { Good(said(false)) } else { Bad(said(true)) }
}

fn days_left(facts: &Facts) -> Finding {
    let Some(leaf) = facts.certificates.first() else { return Skip("no certificate was seen".to_owned()) };
    let days = (leaf.not_after - facts.at).whole_days();
    let said = format!("{days} days");
    if days < 0 {
        Skip("it has expired, which is another check's business".to_owned())
    } else if days < 14 {
        Bad(said)
    } else {
        Good(said)
    }
}

fn key_strength(facts: &Facts) -> Finding {
    let Some(leaf) = facts.certificates.first() else { return Skip("no certificate was seen".to_owned()) };
    let said = leaf.public_key.kind.to_string();
    match &leaf.public_key.kind {
        PublicKeyKind::Rsa { modulus_bits, .. } if *modulus_bits < 2048 => Bad(said),
        PublicKeyKind::Ec { curve } if !["P-256", "P-384", "P-521"].contains(&curve.as_str()) => Told(said),
        _ => Good(said),
    }
}

/// RFC 8446 §4.4.2: the leaf first; each that follows should certify the one before it.
fn chain_order(facts: &Facts) -> Finding {
    let chain = &facts.certificates;
    if chain.is_empty() {
        return Skip("no certificate was seen".to_owned());
    }
    let broken = chain.windows(2).position(|pair| pair[0].issuer.prepared() != pair[1].subject.prepared());
    match broken {
        None => Good(crate::words::counted(chain.len() as u64, "certificate")),
        Some(place) => Bad(format!(
            "number {} is not the issuer of number {}, of {}",
            place + 2,
            place + 1,
            crate::words::counted(chain.len() as u64, "certificate")
        )),
    }
}

fn chain_complete(facts: &Facts) -> Finding {
    let (Some(leaf), Some(last)) = (facts.certificates.first(), facts.certificates.last()) else {
        return Skip("no certificate was seen".to_owned());
    };
    if leaf.is_self_issued() {
        return Good("the certificate is its own issuer".to_owned());
    }
    if facts
        .verdict
        .as_ref()
        .is_ok_and(|verdict| verdict.checks.iter().any(|check| check.kind == CheckKind::Trust && check.ok()))
    {
        return Good("it leads to a trusted certificate".to_owned());
    }
    if facts.certificates.len() == 1 {
        return Bad(format!("the certificate alone, without its issuer {}", leaf.issuer));
    }
    if last.is_self_issued() {
        Good("it leads to a root".to_owned())
    } else {
        Told(format!("whether a client has {} cannot be told", last.issuer))
    }
}

fn needless_root(facts: &Facts) -> Finding {
    match facts.certificates.as_slice() {
        [] => Skip("no certificate was seen".to_owned()),
        [_, .., last] if last.is_self_issued() => {
            Bad(format!("{}, which clients have or do not trust", last.subject))
        }
        _ => Good("no root is sent".to_owned()),
    }
}

fn must_staple(facts: &Facts) -> Finding {
    let Some(leaf) = facts.certificates.first() else { return Skip("no certificate was seen".to_owned()) };
    let demanded = leaf.tls_features().contains(&extension::STATUS_REQUEST);
    match (demanded, stapled(facts)) {
        (false, true) => Good("a response is stapled; the certificate does not demand it".to_owned()),
        (false, false) => Skip("the certificate does not demand a stapled OCSP response".to_owned()),
        (true, true) => Good("a response is stapled".to_owned()),
        (true, false) => Bad("the certificate demands a stapled OCSP response, and there is none".to_owned()),
    }
}

fn stapled(facts: &Facts) -> bool {
    facts.sessions.values().flatten().any(|session| session.stapled)
        || facts.classic.as_ref().is_some_and(|(_, flight)| flight.certificate_status.is_some())
}

fn resumption(facts: &Facts, version: u16) -> Finding {
    match facts.sessions.get(&version) {
        None => Skip(format!("{} is not spoken", names::version(version))),
        Some(Err(why)) => Skip(format!("no session could be completed: {why}")),
        Some(Ok(session)) if session.resumed => Good("a second connection goes on with the first".to_owned()),
        Some(Ok(_)) => Bad("every connection is a full handshake".to_owned()),
    }
}

/// A day in TLS 1.2 is long (RFC 5077 §5.5 leaves it open); a week is the limit in TLS 1.3 (RFC 8446 §4.6.1).
fn lifetime(facts: &Facts) -> Finding {
    let mut said = Vec::new();
    let (mut over, mut long) = (false, false);
    for (version, session) in &facts.sessions {
        let Ok(session) = session else { continue };
        if let Some(ticket) = session.tickets.first() {
            said.push(format!("{}: {} s", names::version(*version), ticket.lifetime));
            over |= *version == TLS_1_3 && ticket.lifetime > 604_800;
            long |= ticket.lifetime > 86_400;
        }
    }
    match (said.is_empty(), over, long) {
        (true, ..) => Skip("no ticket was given".to_owned()),
        (_, true, _) => Bad(said.join(", ")),
        (_, _, true) => Told(format!("{}: longer than a day", said.join(", "))),
        _ => Good(said.join(", ")),
    }
}

fn early_data(facts: &Facts) -> Finding {
    match facts.sessions.get(&TLS_1_3) {
        None => Skip("TLS 1.3 is not spoken".to_owned()),
        Some(Err(why)) => Skip(format!("no session could be completed: {why}")),
        Some(Ok(session)) => {
            match session.tickets.iter().find_map(|ticket| ticket.early_data).filter(|max| *max > 0) {
                Some(most) => Bad(format!("{most} bytes are taken, which can be replayed")),
                None => Good("not taken".to_owned()),
            }
        }
    }
}

fn groups(facts: &Facts, is: impl Fn(&Group) -> bool, good: &str) -> Finding {
    let all = facts.all_groups();
    if all.is_empty() {
        return Skip("no group could be seen: nothing ephemeral over a named group is accepted".to_owned());
    }
    let bad: Vec<_> = all
        .iter()
        .filter(|code| Group::of(**code).is_some_and(&is))
        .map(|code| names::group(*code))
        .collect();
    none_of(&bad, unknown(facts, "group"), good)
}

fn post_quantum(facts: &Facts) -> Finding {
    let all = facts.all_groups();
    let found: Vec<_> = all
        .iter()
        .filter(|code| Group::of(**code).is_some_and(Group::is_post_quantum))
        .map(|code| names::group(*code))
        .collect();
    if !facts.speaks(TLS_1_3) {
        Bad("TLS 1.3 is not spoken, and nothing older has any".to_owned())
    } else if found.is_empty() {
        Bad("none".to_owned())
    } else {
        Good(some_of(&found))
    }
}

fn dh(facts: &Facts, is_bad: impl Fn(&DhFacts) -> bool) -> Finding {
    if facts.dh.is_empty() {
        return Skip("no ephemeral Diffie-Hellman over a finite field is accepted before TLS 1.3".to_owned());
    }
    let words = |facts: &DhFacts| match facts.known {
        Some(name) => format!("{} bits, {name}", facts.bits),
        None => format!("{} bits, its own prime", facts.bits),
    };
    let bad: Vec<_> = facts.dh.iter().filter(|facts| is_bad(facts)).map(words).collect();
    if bad.is_empty() {
        Good(facts.dh.iter().map(words).collect::<Vec<_>>().join("; "))
    } else {
        Bad(bad.join("; "))
    }
}

fn weak_schemes(facts: &Facts) -> Finding {
    let Some(found) = facts.schemes.get(&TLS_1_2) else {
        return Skip("no ServerKeyExchange of TLS 1.2 is signed".to_owned());
    };
    let weak: Vec<_> = found
        .iter()
        .filter(|code| Scheme::of(**code).is_some_and(Scheme::is_weak))
        .map(|code| names::signature_scheme(*code))
        .collect();
    none_of(&weak, unknown(facts, "signature scheme"), "none is used")
}

fn all_schemes(facts: &Facts) -> Finding {
    let said: Vec<String> = facts
        .schemes
        .iter()
        .map(|(version, schemes)| {
            let schemes: Vec<_> = schemes.iter().map(|code| names::signature_scheme(*code)).collect();
            format!("{}: {}", names::version(*version), some_of(&schemes))
        })
        .collect();
    if said.is_empty() { Skip("no signature could be seen".to_owned()) } else { Told(said.join("; ")) }
}

fn preference(facts: &Facts) -> Finding {
    let words = |preference: &Preference| match preference {
        Preference::Client => "the client",
        Preference::Server => "the server",
        Preference::OneSuite => "there is one suite",
    };
    let said: Vec<String> = facts
        .preference
        .iter()
        .map(|(version, preference)| format!("{}: {}", names::version(*version), words(preference)))
        .collect();
    let client = facts.preference.iter().any(|(version, p)| *version < TLS_1_3 && *p == Preference::Client);
    let weak = facts
        .all_suites()
        .iter()
        .any(|code| Suite::of(*code).is_some_and(|s| !s.is_forward_secret() || !s.is_aead()));
    match (said.is_empty(), client && weak) {
        (true, _) => Skip("no suite was seen".to_owned()),
        (_, true) => Bad(format!("{}, and what it may choose is not equally good", said.join(", "))),
        _ => Good(said.join(", ")),
    }
}

fn name_answer(answer: &Seen<NameAnswer>) -> Finding {
    match answer {
        Ok(NameAnswer::Same) => Told("the same certificate".to_owned()),
        Ok(NameAnswer::Another) => Told("another certificate".to_owned()),
        Ok(NameAnswer::Unseen) => Told("a handshake, whose certificate is encrypted".to_owned()),
        Ok(NameAnswer::Refused(how)) => Told(format!("a refusal: {how}")),
        Err(why) => Skip(why.clone()),
    }
}

fn protocol(facts: &Facts) -> Finding {
    let session = facts.session().map(|session| &session.protocol);
    match (&facts.protocol, session) {
        (Ok(Some(protocol)), _) | (_, Some(Some(protocol))) => {
            Told(crate::words::Escaped(protocol).to_string())
        }
        (Ok(None), _) | (_, Some(None)) => Told("none".to_owned()),
        (Err(why), None) => Skip(why.clone()),
    }
}

fn foreign_protocol(facts: &Facts) -> Finding {
    match &facts.foreign_protocol {
        Ok(true) => Good("refused".to_owned()),
        Ok(false) => Bad("the handshake goes on as if nothing had been asked for".to_owned()),
        Err(why) => Skip(why.clone()),
    }
}

fn asks_for_certificate(facts: &Facts) -> Finding {
    let session = facts.session().and_then(|session| Some((session.asks_for.clone()?, session.demands)));
    let clear = facts.classic.as_ref().and_then(|(_, flight)| flight.certificate_request.as_ref());
    match (session, clear) {
        (Some((names, demands)), _) => {
            let whose = if names.is_empty() {
                "of any CA".to_owned()
            } else {
                let names: Vec<String> = names.iter().map(|n| crate::words::Escaped(n).to_string()).collect();
                format!("of {}", some_of(&names))
            };
            Told(format!("{}, {whose}", if demands { "demanded" } else { "asked for" }))
        }
        (None, Some(_)) => Told("asked for".to_owned()),
        (None, None) if facts.session().is_some() || facts.classic.is_some() => {
            Told("not asked for".to_owned())
        }
        (None, None) => Skip("no session could be completed".to_owned()),
    }
}

fn clients(facts: &Facts) -> Finding {
    if facts.clients.is_empty() {
        return Skip("no certificate was seen".to_owned());
    }
    let refuse: Vec<String> = facts
        .clients
        .iter()
        .filter(|client| client.accepts == Some(false))
        .map(|client| format!("{} ({})", client.client, crate::words::shortened(client.why.clone())))
        .collect();
    let accept = facts.clients.iter().filter(|client| client.accepts == Some(true)).count();
    if refuse.is_empty() {
        Good(format!("all {accept} whose word is known accept it"))
    } else {
        Bad(format!("{accept} accept it; refused by {}", some_of(&refuse)))
    }
}

fn plaintext(facts: &Facts) -> Finding {
    match &facts.plaintext {
        Ok(PlaintextAnswer::Refused(how)) => Good(how.clone()),
        Ok(PlaintextAnswer::Told(start)) => {
            Good(format!("an error in the clear: {:?}", crate::words::shortened(escaped(start))))
        }
        Ok(PlaintextAnswer::Served(start)) => {
            Bad(format!("served: {:?}", crate::words::shortened(escaped(start))))
        }
        Err(why) => Error(why.clone()),
    }
}

fn escaped(text: &str) -> String {
    crate::words::Escaped(text).to_string()
}

fn heartbleed(facts: &Facts) -> Finding {
    match &facts.attacks.heartbleed {
        Ok(Heartbeat::Absent) => Good("no heartbeat".to_owned()),
        Ok(Heartbeat::Sound) => Good("heartbeats, and none is longer than what was sent".to_owned()),
        Ok(Heartbeat::Bleeds(bytes)) => Bad(format!("{bytes} bytes of its memory came back")),
        Err(why) => Skip(why.clone()),
    }
}

fn attack(found: &Seen<bool>, bad: &str) -> Finding {
    match found {
        Ok(false) => Good("it does not work".to_owned()),
        Ok(true) => Bad(bad.to_owned()),
        Err(why) => Skip(why.clone()),
    }
}

fn robot(facts: &Facts) -> Finding {
    match &facts.attacks.robot {
        Ok(None) => Good("no answer tells how a block was padded".to_owned()),
        Ok(Some(answers)) => Bad(answers.clone()),
        Err(why) => Skip(why.clone()),
    }
}

/// The same random twice is no random (RFC 8446 §4.1.3, §C.1).
fn randoms(facts: &Facts) -> Finding {
    let mut all = facts.tally.randoms.clone();
    let count = all.len();
    all.sort_unstable();
    all.dedup();
    match (count, count - all.len()) {
        (0 | 1, _) => Skip("too few were seen".to_owned()),
        (_, 0) => Good(format!("{count}, all different")),
        (_, again) => Bad(format!("{again} of {count} were seen before")),
    }
}

fn violations(facts: &Facts) -> Finding {
    let found: Vec<String> = facts.tally.violations.iter().cloned().collect();
    if found.is_empty() { Good("what was chosen had been offered".to_owned()) } else { Bad(some_of(&found)) }
}

/// Between TLS 1.3 and 1.2 the sentinel does what the signal did (RFC 8446 §4.1.3).
fn fallback(facts: &Facts) -> Finding {
    let old = [SSL_3, TLS_1_0, TLS_1_1].into_iter().any(|version| facts.speaks(version));
    match &facts.fallback {
        Ok(false) if !old && facts.sentinel == Ok(true) => {
            Told("taken; of TLS 1.3 and 1.2 the downgrade sentinel says what the signal would".to_owned())
        }
        found => seen(found, "refused", "taken"),
    }
}

fn small_block(suite: &Suite) -> bool {
    suite.cipher.block_bits() == Some(64)
}

/// A check that belongs elsewhere, told so.
fn not_ours(why: &'static str) -> Finding {
    Skip(why.to_owned())
}

use Grade::{Info, Must, Policy, Should};
use Severity::{High, Low, Medium};

#[allow(clippy::too_many_arguments, reason = "a row of the table, in its columns' order")]
const fn c(
    id: &'static str,
    family: &'static str,
    grade: Grade,
    severity: Severity,
    citation: &'static str,
    title: &'static str,
    expected: &'static str,
    fix: &'static str,
    topic: Topic,
    judge: fn(&Facts) -> Finding,
) -> Check {
    Check { id, family, title, grade, severity, citation, expected, fix, topic, judge }
}

use Topic as T;

const OLD: &str = "allow TLS 1.2 and 1.3 only";
const STRONG: &str = "allow ephemeral key exchange with AEAD only";
const UPDATE: &str = "update the TLS library and restart the server";

/// Every check.
#[rustfmt::skip]
pub const CHECKS: &[Check] = &[
    c("ssl2-refused", "versions", Must, High, "RFC 6176 §3", "SSL 2 is refused", "refused", OLD, T::Versions, |f| refused(f, SSL_2)),
    c("ssl3-refused", "versions", Must, High, "RFC 7568 §3", "SSL 3 is refused", "refused", OLD, T::Versions, |f| refused(f, SSL_3)),
    c("tls10-refused", "versions", Must, High, "RFC 8996 §4", "TLS 1.0 is refused", "refused", OLD, T::Versions, |f| refused(f, TLS_1_0)),
    c("tls11-refused", "versions", Must, High, "RFC 8996 §5", "TLS 1.1 is refused", "refused", OLD, T::Versions, |f| refused(f, TLS_1_1)),
    c("tls12-offered", "versions", Should, Low, "RFC 9325 §3.1.1", "TLS 1.2 is spoken", "spoken", "allow TLS 1.2, unless every client speaks TLS 1.3", T::Versions, |f| match spoken(f, TLS_1_2) {
        Bad(_) if f.speaks(TLS_1_3) => Told("not spoken; TLS 1.3 is".to_owned()),
        other => other,
    }),
    c("tls13-offered", "versions", Should, Medium, "RFC 9325 §3.1.1", "TLS 1.3 is spoken", "spoken", "allow TLS 1.3", T::Versions, |f| spoken(f, TLS_1_3)),
    c("modern-version", "versions", Must, High, "RFC 9325 §3.1.1", "TLS 1.2 or TLS 1.3 is spoken", "one of them at least", "allow TLS 1.2 and TLS 1.3", T::Versions, |f| {
        if f.speaks(TLS_1_2) || f.speaks(TLS_1_3) { Good("spoken".to_owned()) } else { Bad("neither is spoken".to_owned()) }
    }),
    c("null-refused", "suites", Must, High, "RFC 9325 §4.1", "Suites without encryption are refused", "none", STRONG, T::Suites, |f| none(f, Suite::is_null)),
    c("anonymous-refused", "suites", Must, High, "RFC 9325 §4.1", "Suites that prove nobody's identity are refused", "none", STRONG, T::Suites, |f| none(f, Suite::is_anonymous)),
    c("export-refused", "suites", Must, High, "RFC 9325 §4.1", "Export suites are refused (FREAK, Logjam)", "none", STRONG, T::Suites, |f| none(f, |s| s.export)),
    c("rc4-refused", "suites", Must, High, "RFC 7465 §2", "RC4 is refused", "none", STRONG, T::Suites, |f| none(f, |s| matches!(s.cipher, Cipher::Rc4_128 | Cipher::Rc4_40 | Cipher::Rc4_56))),
    c("des-refused", "suites", Must, High, "RFC 9325 §4.1", "DES, RC2 and IDEA are refused", "none", STRONG, T::Suites, |f| none(f, |s| matches!(s.cipher, Cipher::Des | Cipher::Des40 | Cipher::Rc2_40 | Cipher::Rc2_56 | Cipher::Idea))),
    c("3des-refused", "suites", Must, Medium, "RFC 9325 §4.1", "Triple DES is refused", "none", STRONG, T::Suites, |f| none(f, |s| s.cipher == Cipher::TripleDes)),
    c("static-rsa-refused", "suites", Should, Medium, "RFC 9325 §4.1", "Key exchange by the certificate's own key is refused", "none", STRONG, T::Suites, |f| none(f, |s| matches!(s.key_exchange, KeyExchange::Rsa | KeyExchange::Dh | KeyExchange::Ecdh) && !s.is_anonymous())),
    c("forward-secrecy", "suites", Must, High, "RFC 9325 §4.1, §7.3", "Forward secrecy is to be had", "a suite with ephemeral keys at least", STRONG, T::Suites, |f| {
        if f.all_suites().iter().any(|code| Suite::of(*code).is_some_and(Suite::is_forward_secret)) { Good("to be had".to_owned()) } else { Bad("no suite has it".to_owned()) }
    }),
    c("cbc-refused", "suites", Policy, Low, "RFC 9325 §4.2", "CBC suites are refused (Lucky Thirteen, POODLE, BEAST)", "none", STRONG, T::Suites, |f| none_before_1_3(f, |s| s.mode == Mode::Cbc)),
    c("aead-offered", "suites", Must, Medium, "RFC 9325 §4.2", "A suite with authenticated encryption is to be had", "one at least", STRONG, T::Suites, |f| {
        if f.all_suites().iter().any(|code| Suite::of(*code).is_some_and(Suite::is_aead)) { Good("to be had".to_owned()) } else { Bad("none".to_owned()) }
    }),
    c("suite-preference", "suites", Policy, Low, "RFC 9325 §4.2.1", "Where suites are not equally good, the server decides", "the server decides, or all are good", "let the server's order decide, or allow good suites only", T::Suites, preference),
    c("chosen-was-offered", "suites", Must, Medium, "RFC 8446 §4.1.3", "What the server chooses was offered", "nothing else", UPDATE, T::Update, violations),
    c("groups-strong", "groups", Should, Medium, "RFC 9325 §4.2", "Weak curves are refused", "none under 112 bits, none of characteristic 2", "allow X25519, P-256 and P-384", T::Groups, |f| groups(f, |g| g.security_bits < 103 || g.kind == crate::tls::groups::GroupKind::BinaryCurve, "none is weak")),
    c("post-quantum", "groups", Info, Low, "draft-ietf-tls-ecdhe-mlkem", "A group that withstands quantum computers is to be had", "X25519MLKEM768 or its like", "allow X25519MLKEM768 (OpenSSL 3.5, Go 1.24, rustls 0.23.27)", T::Groups, post_quantum),
    c("dh-size", "groups", Must, High, "RFC 9325 §4.1", "Diffie-Hellman has 2048 bits at least (Logjam)", "2048 bits or more", "use a named group of RFC 7919, or none of finite-field Diffie-Hellman", T::Dh, |f| dh(f, |dh| dh.bits < 2048)),
    c("dh-common-prime", "groups", Should, Medium, "RFC 9325 §4.1, weakdh.org", "No short prime is shared with the world", "none of 1024 bits or fewer", "use a named group of RFC 7919, or none of finite-field Diffie-Hellman", T::Dh, |f| dh(f, |dh| dh.known.is_some() && dh.bits <= 1536)),
    c("dhe-suites", "groups", Policy, Low, "RFC 9325 §4.2", "Finite-field Diffie-Hellman is refused before TLS 1.3 (Raccoon, D(HE)at)", "none", STRONG, T::Dh, |f| none_before_1_3(f, |s| s.key_exchange == KeyExchange::Dhe)),
    c("sha1-refused", "signatures", Should, Medium, "RFC 9155 §4", "The handshake is not signed with SHA-1 or MD5", "none", "leave SHA-1 out of the signature algorithms", T::Suites, weak_schemes),
    c("signature-schemes", "signatures", Info, Severity::Info, "RFC 8446 §4.2.3", "Signature schemes", "told", "", T::None, all_schemes),
    c("extended-master-secret", "handshake", Should, Medium, "RFC 9325 §3.5, RFC 7627", "The extended master secret is agreed on (Triple Handshake)", "agreed on", UPDATE, T::Update, |f| extended(f, extension::EXTENDED_MASTER_SECRET)),
    c("secure-renegotiation", "handshake", Must, Medium, "RFC 5746 §3.6, RFC 9325 §3.5", "Renegotiation is secure", "renegotiation_info", UPDATE, T::Update, |f| extended(f, extension::RENEGOTIATION_INFO)),
    c("client-renegotiation", "handshake", Info, Low, "RFC 9325 §3.5", "Clients cannot renegotiate", "refused", "", T::None, |_| not_ours("it takes a stack that renegotiates, which tlslab's does not")),
    c("no-compression", "handshake", Must, High, "RFC 9325 §3.3", "Records are not compressed (CRIME)", "none", "switch TLS compression off", T::Compression, |f| match &f.compression {
        Ok(compression::NULL) => Good("none".to_owned()),
        Ok(method) => Bad(compression::name(*method).map_or_else(|| format!("method {method}"), str::to_owned)),
        Err(why) => Skip(why.clone()),
    }),
    c("fallback-scsv", "handshake", Should, Low, "RFC 7507 §3", "A needless fallback is refused", "inappropriate_fallback", UPDATE, T::Update, fallback),
    c("downgrade-sentinel", "handshake", Must, Medium, "RFC 8446 §4.1.3", "Clients of older versions are shown the sentinel", "DOWNGRD", UPDATE, T::Update, |f| seen(&f.sentinel, "shown", "missing")),
    c("server-random", "handshake", Must, High, "RFC 8446 §4.1.3, §C.1", "Each random is new", "all different", UPDATE, T::Update, randoms),
    c("grease-tolerance", "handshake", Must, Low, "RFC 8701 §3", "Unknown values are passed over", "a ServerHello", UPDATE, T::Update, |f| tolerated(f, "grease-tolerance")),
    c("long-hello", "handshake", Should, Low, "RFC 7685 §3", "A long hello is understood", "a ServerHello", UPDATE, T::Update, |f| tolerated(f, "long-hello")),
    c("future-version", "handshake", Must, Low, "RFC 5246 §E.1", "A newer version is answered with the server's best", "a ServerHello", UPDATE, T::Update, |f| tolerated(f, "future-version")),
    c("resumption-12", "sessions", Info, Severity::Info, "RFC 5077, RFC 5246 §F.1.4", "Sessions of TLS 1.2 are resumed", "told", "switch tickets on", T::Tickets, |f| resumption(f, TLS_1_2)),
    c("resumption-13", "sessions", Info, Severity::Info, "RFC 8446 §2.2", "Sessions of TLS 1.3 are resumed", "told", "switch tickets on", T::Tickets, |f| resumption(f, TLS_1_3)),
    c("ticket-lifetime", "sessions", Must, Low, "RFC 8446 §4.6.1, RFC 9325 §3.4", "Tickets do not live too long", "a week at most; a day is plenty", "let tickets live for a day at most, and change their keys", T::Tickets, lifetime),
    c("early-data", "sessions", Should, Medium, "RFC 8446 §8, RFC 9325 §3.4", "0-RTT data is not taken", "none", "switch early data off, unless the application knows replays", T::Tickets, early_data),
    c("sni-absent", "names", Info, Severity::Info, "RFC 6066 §3", "Without a name", "told", "", T::None, |f| name_answer(&f.without_name)),
    c("sni-unknown", "names", Info, Severity::Info, "RFC 6066 §3", "For an unknown name", "told", "", T::None, |f| name_answer(&f.unknown_name)),
    c("alpn", "names", Info, Severity::Info, "RFC 7301", "Application protocol", "told", "", T::None, protocol),
    c("alpn-foreign", "names", Should, Low, "RFC 7301 §3.2, RFC 9325 §3.8", "A foreign application protocol is refused (ALPACA)", "no_application_protocol", "let the server name its protocols by ALPN, and insist", T::Alpn, foreign_protocol),
    c("certificate-trust", "certificate", Must, High, "RFC 5280 §6, RFC 8446 §4.4.2", "The certificate leads to a trusted one", "trusted", "serve a certificate that your clients trust, with its intermediates", T::Certificate, |f| certificate(f, &[CheckKind::Trust])),
    c("certificate-name", "certificate", Must, High, "RFC 9525 §6", "The certificate proves the expected name", "the name", "get a certificate for this name (subjectAltName)", T::Certificate, |f| certificate(f, &[CheckKind::Name])),
    c("certificate-dates", "certificate", Must, High, "RFC 5280 §4.1.2.5", "The certificate is valid now", "notBefore ≤ now ≤ notAfter", "renew the certificate", T::Certificate, |f| certificate(f, &[CheckKind::NotBefore, CheckKind::NotAfter])),
    c("certificate-usage", "certificate", Must, Medium, "RFC 5280 §4.2.1.3, §4.2.1.12", "The certificate may be used by a server", "serverAuth, digitalSignature", "get a certificate for servers", T::Certificate, |f| certificate(f, &[CheckKind::Usage])),
    c("certificate-strength", "certificate", Must, High, "RFC 9325 §4.5", "Keys and signatures of the chain are strong", "RSA of 2048 bits, SHA-256", "make a new key, and have it signed with SHA-256", T::Certificate, |f| certificate(f, &[CheckKind::Strength])),
    c("certificate-signature", "certificate", Must, High, "RFC 5280 §6.1.3", "The certificate's signature is valid", "valid", "get the certificate again", T::Certificate, |f| certificate(f, &[CheckKind::Signature])),
    c("certificate-days-left", "certificate", Should, Low, "RFC 5280 §4.1.2.5", "The certificate is valid for a while yet", "14 days or more", "renew the certificate, by a machine", T::Certificate, days_left),
    c("certificate-key", "certificate", Must, High, "RFC 9325 §4.5", "The key is strong", "RSA of 2048 bits, or a curve", "make a new key", T::Certificate, key_strength),
    c("chain-order", "certificate", Should, Low, "RFC 8446 §4.4.2", "The chain is in order", "leaf first, each followed by its issuer", "put the leaf first, then its issuer, and so on", T::Certificate, chain_order),
    c("chain-complete", "certificate", Must, Medium, "RFC 5246 §7.4.2, RFC 8446 §4.4.2", "No intermediate is missing", "all between leaf and root", "serve the intermediates too", T::Certificate, chain_complete),
    c("chain-without-root", "certificate", Policy, Low, "RFC 8446 §4.4.2", "No needless root is sent", "none", "leave the root out", T::Certificate, needless_root),
    c("must-staple", "certificate", Must, Medium, "RFC 7633 §4.2.3", "A certificate that demands a stapled OCSP response has one", "stapled", "switch OCSP stapling on", T::Stapling, must_staple),
    c("ocsp-staple", "certificate", Info, Severity::Info, "RFC 6066 §8", "OCSP response", "told", "", T::None, |f| Told(if stapled(f) { "stapled" } else { "none is stapled" }.to_owned())),
    c("clients-accept", "certificate", Info, Medium, "inspect --who", "What clients would say of the certificate", "all accept it", "mend what the first of them refuses; `tlslab inspect HOST:PORT --who` has the details", T::Certificate, clients),
    c("client-certificate", "certificate", Info, Severity::Info, "RFC 8446 §4.3.2", "A certificate of the client", "told", "", T::None, asks_for_certificate),
    c("plaintext-refused", "plaintext", Must, High, "RFC 9325 §3.2", "Plaintext is refused", "no answer but a refusal", "let TLS stand before every byte", T::Plaintext, plaintext),
    c("starttls-injection", "plaintext", Must, High, "CVE-2011-0411", "Commands before TLS are not obeyed within it", "forgotten", "update the server", T::Update, |f| attack(&f.attacks.injection, "a command that was sent in the clear was obeyed within TLS")),
    c("drown", "attacks", Must, High, "CVE-2016-0800", "DROWN does not work", "no SSL 2", OLD, T::Versions, |f| refused(f, SSL_2)),
    c("poodle", "attacks", Must, High, "CVE-2014-3566", "POODLE does not work", "no SSL 3", OLD, T::Versions, |f| refused(f, SSL_3)),
    c("sweet32", "attacks", Must, Medium, "CVE-2016-2183", "Sweet32 does not work", "no blocks of 64 bits", STRONG, T::Suites, |f| none(f, small_block)),
    c("heartbleed", "attacks", Must, High, "CVE-2014-0160", "Heartbleed does not work", "no memory comes back", UPDATE, T::Update, heartbleed),
    c("early-ccs", "attacks", Must, High, "CVE-2014-0224", "An early ChangeCipherSpec is refused", "refused", UPDATE, T::Update, |f| attack(&f.attacks.early_ccs, "it was taken before there were keys")),
    c("ticketbleed", "attacks", Must, High, "CVE-2016-9244", "Ticketbleed does not work", "the session id comes back as it was", UPDATE, T::Update, |f| attack(&f.attacks.ticketbleed, "memory came back behind a short session id")),
    c("robot", "attacks", Must, High, "RFC 5246 §7.4.7.1, robotattack.org", "ROBOT does not work", "all answers alike", "refuse key exchange by RSA, and update the TLS library", T::Suites, robot),
    c("garbage-refused", "robustness", Should, Low, "RFC 8446 §6", "Garbage is refused, not waited on", "an alert, or the end", UPDATE, T::Update, |f| survived(&f.robustness.garbage, "refused", "it waits for more")),
    c("fragmented-hello", "robustness", Must, Low, "RFC 8446 §5.1", "A hello in many records is understood", "a ServerHello", UPDATE, T::Update, |f| survived(&f.robustness.fragmented, "understood", "refused")),
    c("slow-hello", "robustness", Must, Low, "RFC 9293 §3.8", "A hello that comes in pieces is understood", "a ServerHello", "read until the message is there", T::Update, |f| survived(&f.robustness.slow, "understood", "refused")),
    c("oversized-record", "robustness", Must, Medium, "RFC 8446 §5.1", "A record that is too long is refused", "record_overflow", UPDATE, T::Update, |f| survived(&f.robustness.oversized, "refused", "it waits for more")),
    c("alert-flood", "robustness", Should, Low, "RFC 8446 §6", "Two hundred warnings come to an end", "refused, or passed over", UPDATE, T::Update, |f| survived(&f.robustness.alerts, "it came to an end", "it waits for more")),
    c("half-open", "robustness", Should, Medium, "RFC 8446 §C.3", "Connections that say nothing hold nobody up", "others are served", "serve each connection on its own, and limit how long a handshake may take", T::Plaintext, |f| survived(&f.robustness.half_open, "others are served", "nobody else is served")),
    c("still-serving", "robustness", Must, High, "RFC 8446 §6", "After all this the server serves", "a ServerHello", "a broken handshake must end a connection, not the server", T::Plaintext, |f| survived(&f.robustness.serving, "it serves", "it does not answer any more")),
    c("certificate-transparency", "not ours", Info, Severity::Info, "RFC 6962", "Certificate Transparency", "not checked", "", T::None, |_| not_ours("logs are on the Internet")),
    c("revocation", "not ours", Info, Severity::Info, "RFC 5280 §6.3, RFC 6960", "Revocation", "not checked", "", T::None, |_| not_ours("lists and responders are on the Internet")),
    c("caa", "not ours", Info, Severity::Info, "RFC 8659", "CAA records", "not checked", "", T::None, |_| not_ours("they are in the DNS")),
    c("http-headers", "not ours", Info, Severity::Info, "RFC 6797", "HTTP headers (HSTS)", "not checked", "", T::None, |_| not_ours("no application byte is sent to the server")),
    c("padding-oracles", "not ours", Info, Severity::Info, "RFC 7457 §2", "Padding oracles of CBC, Raccoon", "not checked", "", T::None, |_| not_ours("they take thousands of connections or measured time")),
];

fn tolerated(facts: &Facts, id: &str) -> Finding {
    match facts.tolerance.get(id) {
        Some(found) => seen(found, "understood", "refused"),
        None => Skip(super::attacks::ONLY_1_3.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_says_what_it_is_and_how_it_is_mended() {
        let mut ids: Vec<_> = CHECKS.iter().map(|check| check.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), CHECKS.len(), "ids are there once");
        for check in CHECKS {
            assert!(!check.title.is_empty() && !check.citation.is_empty() && !check.expected.is_empty());
            let mends = !check.fix.is_empty();
            assert_eq!(
                mends,
                check.topic != Topic::None || check.id == "client-renegotiation" && mends,
                "{}",
                check.id
            );
        }
    }
}
