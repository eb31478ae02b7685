//! What `inspect` found, all of it: as one JSON object, or as blocks of lines.

use serde::Serialize;
use time::OffsetDateTime;

use super::certificate::{self, CertificateReport, ExtensionReport};
use super::crl::{self, CrlReport};
use super::key::{self, KeyReport};
use super::ocsp::{self, OcspReport};
use super::who::WhoReport;
use crate::crypto;
use crate::crypto::ml_dsa::NOTICE;
use crate::pki::crl::CrlFacts;
use crate::pki::facts::{CertFacts, Malformed, PublicKeyKind};
use crate::pki::items::{Found, Item};
use crate::pki::key_facts::KeyFacts;
use crate::pki::ocsp::OcspFacts;
use crate::pki::request::RequestFacts;
use crate::tls::SessionFacts;
use crate::verify::{BadRequest, check_request};
use crate::words::Escaped;

/// The one object that `inspect --json` prints.
#[derive(Clone, Debug, Default, Serialize)]
pub struct InspectionReport {
    /// Every certificate, in the order of the inputs and of each one's contents.
    pub certificates: Vec<Inspected<CertificateReport>>,
    /// Every key.
    pub keys: Vec<Inspected<KeyReport>>,
    /// Every certificate signing request.
    pub requests: Vec<Inspected<RequestReport>>,
    /// Every certificate revocation list; absent where there is none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub crls: Vec<Inspected<CrlReport>>,
    /// Every OCSP response; absent where there is none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ocsp_responses: Vec<Inspected<OcspReport>>,
    /// The session with the first live server; null where there was none.
    pub session: Option<SessionReport>,
    /// The sessions with all of them.
    pub sessions: Vec<SessionReport>,
    /// PEM blocks of other kinds, not looked into.
    pub others: Vec<OtherReport>,
    /// Who would take the certificates; absent unless it was asked (`--who`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub who: Vec<WhoReport>,
    /// What is worth knowing of all of it; absent where there is nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<&'static str>,
    /// What could not be read or reached.
    pub errors: Vec<ErrorReport>,
}

/// Something, and where it was found.
#[derive(Clone, Debug, Serialize)]
pub struct Inspected<T> {
    /// The input: a path, `-`, or `HOST:PORT`.
    pub source: String,
    /// Its place among those of its kind in that input, counted from 1.
    pub index: usize,
    /// The line on which its PEM block begins; null for DER and for live servers.
    pub line: Option<usize>,
    /// For a certificate: `valid`, `expired` or `not-yet-valid`, now; absent for others, and where a time cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validity: Option<&'static str>,
    /// For a certificate: days until notAfter, rounded, negative once it has passed; absent for others, and where that
    /// cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days_left: Option<i64>,
    /// For a key: which of `certificates` it belongs to, counted from 0; absent where none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<usize>,
    /// What was found.
    #[serde(flatten)]
    pub found: T,
}

/// What JSON says of a certificate signing request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RequestReport {
    /// The subject, in openssl's `-subj` syntax.
    pub subject: String,
    /// The key, such as `EC P-256`.
    pub public_key: String,
    /// SHA-256 of its SubjectPublicKeyInfo, lower-case hexadecimal.
    pub spki_sha256: String,
    /// The signature algorithm, by openssl's name.
    pub signature_algorithm: String,
    /// Whether the key that it asks to have certified verifies its signature (RFC 2986 §3); null where that cannot be known,
    /// and where it would prove nothing.
    pub signature_verifies: Option<bool>,
    /// The extensions that are asked for.
    pub extensions: Vec<ExtensionReport>,
}

/// A session with a live server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SessionReport {
    /// `HOST:PORT` as given.
    pub source: String,
    /// The address that answered.
    pub address: String,
    /// What was sent as SNI; null where nothing was.
    pub server_name: Option<String>,
    /// Always false: nothing of what the server showed was verified.
    pub verified: bool,
    /// `TLSv1.3` or `TLSv1.2`; null where the handshake was not completed.
    pub protocol: Option<String>,
    /// The cipher suite, by its IANA name.
    pub cipher_suite: Option<String>,
    /// The key exchange group.
    pub key_exchange: Option<String>,
}

/// A PEM block of another kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OtherReport {
    /// The input.
    pub source: String,
    /// The line on which it begins.
    pub line: Option<usize>,
    /// Its label.
    pub label: String,
}

/// Something that could not be read or reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ErrorReport {
    /// The input.
    pub source: String,
    /// The line on which the PEM block begins, where it is one.
    pub line: Option<usize>,
    /// What was expected and found.
    pub error: String,
}

/// Gathers what the inputs hold.
#[derive(Debug)]
pub struct Inspection {
    now: OffsetDateTime,
    blocks: Vec<Vec<String>>,
    certificates: Vec<(String, usize, CertFacts)>,
    keys: Vec<(usize, KeyFacts)>,
    /// The kinds of key in requests.
    requested: Vec<PublicKeyKind>,
    report: InspectionReport,
}

impl Inspection {
    /// Nothing yet; validity is said for the instant `now`.
    pub fn new(now: OffsetDateTime) -> Self {
        Self {
            now,
            blocks: Vec::new(),
            certificates: Vec::new(),
            keys: Vec::new(),
            requested: Vec::new(),
            report: InspectionReport::default(),
        }
    }

    /// Adds what was found in a file or on stdin, by the name of `source`.
    pub fn add(&mut self, source: &str, found: Vec<Found>) {
        let count =
            |wanted: fn(&Item) -> bool| found.iter().filter(|f| f.item.as_ref().is_ok_and(wanted)).count();
        let of = [
            count(|item| matches!(item, Item::Certificate(_))),
            count(|item| matches!(item, Item::Key(_))),
            count(|item| matches!(item, Item::Request(_))),
            count(|item| matches!(item, Item::Crl(_))),
            count(|item| matches!(item, Item::Ocsp(_))),
        ];
        let mut seen = [0; 5];
        for Found { line, item, faults } in found {
            match item {
                Ok(Item::Certificate(facts)) => {
                    seen[0] += 1;
                    self.certificate(source, line, place(seen[0], of[0]), *facts);
                }
                Ok(Item::Key(facts)) => {
                    seen[1] += 1;
                    self.key(source, line, place(seen[1], of[1]), *facts);
                }
                Ok(Item::Request(facts)) => {
                    seen[2] += 1;
                    self.request(source, line, place(seen[2], of[2]), &facts);
                }
                Ok(Item::Crl(facts)) => {
                    seen[3] += 1;
                    self.crl(source, line, place(seen[3], of[3]), &facts);
                }
                Ok(Item::Ocsp(facts)) => {
                    seen[4] += 1;
                    self.ocsp(source, line, place(seen[4], of[4]), &facts);
                }
                Ok(Item::Other(label)) => {
                    let label = Escaped(&label).to_string();
                    self.blocks.push(vec![format!("{source}: {label}{}: not looked into", at_line(line))]);
                    self.report.others.push(OtherReport { source: source.to_owned(), line, label });
                }
                Err(unreadable) => self.error(source, line, &unreadable.to_string()),
            }
            for fault in faults {
                self.error(source, line, &fault);
            }
        }
    }

    /// Adds a live server: the session, then the certificates that it showed.
    pub fn add_live(
        &mut self,
        source: &str,
        address: &str,
        server_name: Option<String>,
        session: Option<&SessionFacts>,
        chain: impl IntoIterator<Item = Result<(CertFacts, Vec<Malformed>), Malformed>>,
    ) {
        let mut lines =
            vec![format!("{source}: not verified: what follows proves nothing about who answers there")];
        let mut put = |label: &str, value: &str| lines.push(line(label, value));
        put("address", address);
        put("server name", server_name.as_deref().unwrap_or("none sent"));
        match session {
            Some(session) => {
                put("protocol", &session.protocol);
                put("cipher suite", &session.cipher_suite);
                put("key exchange", &session.key_exchange);
            }
            None => put("handshake", "not completed"),
        }
        self.blocks.push(lines);
        let session = SessionReport {
            source: source.to_owned(),
            address: address.to_owned(),
            server_name,
            verified: false,
            protocol: session.map(|s| s.protocol.clone()),
            cipher_suite: session.map(|s| s.cipher_suite.clone()),
            key_exchange: session.map(|s| s.key_exchange.clone()),
        };
        self.report.session.get_or_insert_with(|| session.clone());
        self.report.sessions.push(session);
        let chain: Vec<_> = chain.into_iter().collect();
        let of = chain.len();
        for (index, certificate) in chain.into_iter().enumerate() {
            match certificate {
                Ok((facts, faults)) => {
                    self.certificate(source, None, place(index + 1, of), facts);
                    for Malformed(fault) in faults {
                        self.error(source, None, &format!("certificate {}: {fault}", index + 1));
                    }
                }
                Err(why) => self.error(source, None, &format!("certificate {}: {why}", index + 1)),
            }
        }
    }

    /// Adds something that could not be read or reached.
    pub fn error(&mut self, source: &str, line: Option<usize>, error: &str) {
        let error = Escaped(error).to_string();
        self.report.errors.push(ErrorReport { source: source.to_owned(), line, error });
    }

    /// Whether nothing was found so far and nothing went wrong.
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty() && self.report.errors.is_empty()
    }

    /// What could not be read or reached so far.
    pub fn errors(&self) -> &[ErrorReport] {
        &self.report.errors
    }

    /// Every certificate so far, in order.
    pub fn certificates(&self) -> impl Iterator<Item = &CertFacts> {
        self.certificates.iter().map(|(_, _, facts)| facts)
    }

    /// The certificates of each input, in order: those of which every field can be read.
    pub fn by_source(&self) -> Vec<(&str, Vec<&CertFacts>)> {
        let readable: Vec<_> =
            self.certificates.iter().filter(|(.., facts)| facts.unreadable.is_empty()).collect();
        let inputs = readable.chunk_by(|(one, ..), (other, ..)| one == other);
        inputs
            .filter_map(|input| {
                Some((input.first()?.0.as_str(), input.iter().map(|(.., facts)| facts).collect()))
            })
            .collect()
    }

    /// Adds what was predicted, to be part of the JSON.
    pub fn add_who(&mut self, who: Vec<WhoReport>) {
        self.report.who = who;
    }

    /// What is worth knowing of all of it, once: whose arithmetic stands behind some of it.
    fn notes(&self) -> Vec<&'static str> {
        let keys = self.keys.iter().filter_map(|(_, key)| key.kind.as_ref());
        let young = self.certificates().any(CertFacts::uses_ml_dsa)
            || keys.chain(&self.requested).any(PublicKeyKind::is_ml_dsa);
        if young { vec![NOTICE] } else { Vec::new() }
    }

    /// Everything as JSON.
    pub fn report(mut self) -> InspectionReport {
        self.match_keys();
        self.report.notes = self.notes();
        self.report
    }

    /// Everything for a person, block after block, escaped: the names of files are in it. Errors are not among it.
    pub fn blocks(mut self) -> Vec<Vec<String>> {
        self.match_keys();
        let notes = self.notes().into_iter().map(|note| vec![format!("note  {note}")]);
        self.blocks.extend(notes.collect::<Vec<_>>());
        let escaped = |line: &String| Escaped(line).to_string();
        self.blocks.iter().map(|block| block.iter().map(escaped).collect()).collect()
    }

    fn certificate(&mut self, source: &str, pem_line: Option<usize>, place: Place, facts: CertFacts) {
        let Self { now, .. } = *self;
        let title = format!("{source}: certificate{}{}", place.words(), at_line(pem_line));
        self.blocks.push(titled(title, certificate::lines(&facts, now)));
        let (begins, ends) = (facts.can_read("notBefore"), facts.can_read("notAfter"));
        let validity = match now {
            now if begins && now < facts.not_before => Some("not-yet-valid"),
            now if ends && now > facts.not_after => Some("expired"),
            _ => (begins && ends).then_some("valid"),
        };
        self.report.certificates.push(Inspected {
            validity,
            days_left: ends.then(|| rounded_days(facts.not_after - now)),
            ..inspected(source, pem_line, place, CertificateReport::from(&facts))
        });
        self.certificates.push((source.to_owned(), place.index, facts));
    }

    fn key(&mut self, source: &str, pem_line: Option<usize>, place: Place, facts: KeyFacts) {
        let half = if facts.form.is_private() { "private" } else { "public" };
        let title = format!("{source}: {half} key{}{}", place.words(), at_line(pem_line));
        self.report.keys.push(inspected(source, pem_line, place, KeyReport::from(&facts)));
        let lines = key::lines(&facts);
        self.keys.push((self.blocks.len(), facts));
        self.blocks.push(titled(title, lines));
    }

    fn crl(&mut self, source: &str, pem_line: Option<usize>, place: Place, facts: &CrlFacts) {
        let title = format!("{source}: certificate revocation list{}{}", place.words(), at_line(pem_line));
        self.blocks.push(titled(title, crl::lines(facts, self.now)));
        self.report.crls.push(inspected(source, pem_line, place, CrlReport::from(facts)));
    }

    fn ocsp(&mut self, source: &str, pem_line: Option<usize>, place: Place, facts: &OcspFacts) {
        let title = format!("{source}: OCSP response{}{}", place.words(), at_line(pem_line));
        self.blocks.push(titled(title, ocsp::lines(facts, self.now)));
        self.report.ocsp_responses.push(inspected(source, pem_line, place, OcspReport::from(facts)));
    }

    fn request(&mut self, source: &str, pem_line: Option<usize>, place: Place, facts: &RequestFacts) {
        self.requested.push(facts.public_key.kind.clone());
        let spki_sha256 = crate::words::hex(&crypto::sha256(&facts.public_key.spki));
        let proof = check_request(facts);
        let report = RequestReport {
            subject: Escaped(&facts.subject.to_string()).to_string(),
            public_key: certificate::key_name(&facts.public_key),
            spki_sha256,
            signature_algorithm: facts.signature_algorithm.name.clone(),
            signature_verifies: match proof {
                Ok(()) => Some(true),
                Err(BadRequest::Signature) => Some(false),
                Err(BadRequest::Key(_) | BadRequest::TooWeak(_) | BadRequest::Unsupported(_)) => None,
            },
            extensions: facts.extensions.iter().map(ExtensionReport::from).collect(),
        };
        let mut lines = vec![
            format!("{source}: certificate signing request{}{}", place.words(), at_line(pem_line)),
            line("subject", &report.subject),
            line("key", &certificate::key_words(&facts.public_key)),
            line("signature", &report.signature_algorithm),
            line("", &proof.map_or_else(|why| why.to_string(), |()| "its own key verifies it".to_owned())),
            line("SPKI SHA-256", &report.spki_sha256),
            line("asks for", &report.extensions.len().to_string()),
        ];
        lines.extend(report.extensions.iter().map(|e| format!("  {}", certificate::extension_line(e))));
        self.blocks.push(lines);
        self.report.requests.push(inspected(source, pem_line, place, report));
    }

    /// Says of each key which certificate it belongs to: that may come after it.
    fn match_keys(&mut self) {
        for ((block, key), report) in self.keys.iter().zip(&mut self.report.keys) {
            let Some(public) = &key.public_key else { continue };
            let owner = |(_, _, facts): &(String, usize, CertFacts)| facts.public_key.spki == public.spki;
            let Some(index) = self.certificates.iter().position(owner) else { continue };
            report.certificate = Some(index);
            let (source, place, _) = &self.certificates[index];
            self.blocks[*block].push(line("belongs to", &format!("certificate {place} of {source}")));
        }
    }
}

/// A place among several of a kind, counted from 1.
#[derive(Clone, Copy, Debug)]
struct Place {
    index: usize,
    of: usize,
}

fn place(index: usize, of: usize) -> Place {
    Place { index, of }
}

impl Place {
    fn words(self) -> String {
        if self.of == 1 { String::new() } else { format!(" {} of {}", self.index, self.of) }
    }
}

fn inspected<T>(source: &str, line: Option<usize>, place: Place, found: T) -> Inspected<T> {
    Inspected {
        source: source.to_owned(),
        index: place.index,
        line,
        validity: None,
        days_left: None,
        certificate: None,
        found,
    }
}

/// As a person is told: a second after it was made for 365 days a certificate has 365 left.
fn rounded_days(span: time::Duration) -> i64 {
    const DAY: i64 = 86_400;
    (span.whole_seconds() + DAY / 2).div_euclid(DAY)
}

fn at_line(line: Option<usize>) -> String {
    line.filter(|line| *line > 1).map_or_else(String::new, |line| format!(" (line {line})"))
}

fn titled(title: String, lines: Vec<String>) -> Vec<String> {
    std::iter::once(title).chain(lines.into_iter().map(|line| format!("  {line}"))).collect()
}

fn line(label: &str, value: &str) -> String {
    format!("  {label:<14} {value}")
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::pki::items;

    const RICH: &[u8] = include_bytes!("../pki/facts/rich.der");

    fn inspection() -> Inspection {
        Inspection::new(datetime!(2026-12-01 00:00:00 UTC))
    }

    #[test]
    fn a_key_is_said_to_belong_to_its_certificate() {
        let certificate = CertFacts::read(RICH).unwrap();
        let mut inspection = inspection();
        inspection.add("public.der", items::items(&certificate.public_key.spki).unwrap());
        inspection.add("cert.der", items::items(RICH).unwrap());
        let blocks = inspection.blocks();
        assert_eq!(
            blocks[0],
            [
                "public.der: public key",
                "  form           SubjectPublicKeyInfo",
                "  key            EC P-256",
                "  encryption     none: it is a public key",
                "  SPKI SHA-256   2cfbac0032eaa0615b0e8d4a6dfc7ba84cf7cc47e6371a799a39e03475e91307",
                "  SPKI pin       sha256/LPusADLqoGFbDo1Kbfx7qEz3zEfmNxp5mjngNHXpEwc=",
                "  belongs to     certificate 1 of cert.der",
            ]
        );
        assert_eq!(blocks[1][0], "cert.der: certificate");
    }

    #[test]
    fn validity_is_said_for_the_instant_that_is_given() {
        let certificate = CertFacts::read(RICH).unwrap();
        let day = time::Duration::DAY;
        for (now, validity, days_left) in [
            (certificate.not_before - day, "not-yet-valid", 36_501),
            (certificate.not_before, "valid", 36_500),
            (certificate.not_before + time::Duration::SECOND, "valid", 36_500),
            (certificate.not_after, "valid", 0),
            (certificate.not_after + 3 * day, "expired", -3),
        ] {
            let mut inspection = Inspection::new(now);
            inspection.add("cert.der", items::items(RICH).unwrap());
            let report = inspection.report();
            assert_eq!(report.certificates[0].validity, Some(validity));
            assert_eq!(report.certificates[0].days_left, Some(days_left));
        }
    }

    #[test]
    fn a_live_server_is_never_said_to_be_verified() {
        let mut inspection = inspection();
        let chain = [CertFacts::read_leniently(RICH), Err(Malformed("no bytes".to_owned()))];
        inspection.add_live("localhost:4433", "[::1]:4433", None, None, chain);
        assert_eq!(inspection.errors()[0].error, "certificate 2: not an X.509 certificate: no bytes");
        let blocks = inspection.blocks();
        assert_eq!(
            blocks[0],
            [
                "localhost:4433: not verified: what follows proves nothing about who answers there",
                "  address        [::1]:4433",
                "  server name    none sent",
                "  handshake      not completed",
            ]
        );
        assert_eq!(blocks[1][0], "localhost:4433: certificate 1 of 2");
    }

    #[test]
    fn blocks_of_other_kinds_are_listed() {
        let mut inspection = inspection();
        let text = b"\n-----BEGIN DH PARAMETERS-----\nMAA=\n-----END DH PARAMETERS-----\n";
        inspection.add("dh.pem", items::items(text).unwrap());
        let other = OtherReport { source: "dh.pem".into(), line: Some(2), label: "DH PARAMETERS".into() };
        assert_eq!(inspection.report.others, [other]);
        assert_eq!(inspection.blocks(), [["dh.pem: DH PARAMETERS (line 2): not looked into"]]);
    }
}
