//! What `inspect` found, all of it: as one JSON object, or as blocks of lines.

use serde::Serialize;
use time::OffsetDateTime;

use super::certificate::{self, CertificateReport, escaped, line};
use super::crl::{self, CrlReport};
use super::key::{self, KeyReport};
use super::ocsp::{self, OcspReport};
use super::request::{self, RequestReport};
use super::who::WhoReport;
use crate::crypto::ml_dsa::NOTICE;
use crate::inspection::{Entry, Finding, InputError, Inspection, LiveServer, Place};
use crate::pki::facts::CertFacts;
use crate::pki::key_facts::KeyFacts;
use crate::verify::Examined;
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

impl InspectionReport {
    /// Of all that was found, validity as of the instant `at`; with what was predicted.
    pub fn new(inspection: &Inspection, at: OffsetDateTime, who: Vec<WhoReport>) -> Self {
        let mut report = Self {
            who,
            notes: notes(inspection),
            errors: inspection.errors().iter().map(ErrorReport::from).collect(),
            ..Self::default()
        };
        for entry in inspection.entries() {
            report.add(entry, inspection, at);
        }
        report
    }

    fn add(&mut self, entry: &Entry, inspection: &Inspection, at: OffsetDateTime) {
        match &entry.finding {
            Finding::Certificate(examined) => {
                self.certificates.push(Inspected::certificate(entry, examined, at));
            }
            Finding::Crl(facts) => self.crls.push(Inspected::new(entry, CrlReport::from(&**facts))),
            Finding::Key(facts) => self.keys.push(Inspected {
                certificate: inspection.certificate_of(facts).map(|(index, _)| index),
                ..Inspected::new(entry, KeyReport::from(&**facts))
            }),
            Finding::Ocsp(facts, certificates) => {
                self.ocsp_responses.push(Inspected::new(entry, OcspReport::new(facts, certificates)));
            }
            Finding::Other(label) => self.others.push(OtherReport {
                source: entry.source.clone(),
                line: entry.line,
                label: escaped(label),
            }),
            Finding::Request(facts, proof) => {
                self.requests.push(Inspected::new(entry, RequestReport::new(facts, proof)));
            }
            Finding::Server(server) => {
                let session = SessionReport::new(&entry.source, server);
                self.session.get_or_insert_with(|| session.clone());
                self.sessions.push(session);
            }
        }
    }
}

impl<T> Inspected<T> {
    fn new(entry: &Entry, found: T) -> Self {
        Self {
            source: entry.source.clone(),
            index: entry.place.index,
            line: entry.line,
            validity: None,
            days_left: None,
            certificate: None,
            found,
        }
    }
}

impl Inspected<CertificateReport> {
    fn certificate(entry: &Entry, examined: &Examined, at: OffsetDateTime) -> Self {
        let facts = &examined.facts;
        Self {
            validity: validity(facts, at),
            days_left: facts.can_read("notAfter").then(|| rounded_days(facts.not_after - at)),
            ..Self::new(entry, CertificateReport::from(examined))
        }
    }
}

impl SessionReport {
    fn new(source: &str, server: &LiveServer) -> Self {
        let session = server.session.as_ref();
        Self {
            source: source.to_owned(),
            address: server.address.clone(),
            server_name: server.server_name.clone(),
            verified: false,
            protocol: session.map(|session| session.protocol.clone()),
            cipher_suite: session.map(|session| session.cipher_suite.clone()),
            key_exchange: session.map(|session| session.key_exchange.clone()),
        }
    }
}

impl From<&InputError> for ErrorReport {
    fn from(error: &InputError) -> Self {
        Self { source: error.source.clone(), line: error.line, error: escaped(&error.error) }
    }
}

fn validity(facts: &CertFacts, at: OffsetDateTime) -> Option<&'static str> {
    let (begins, ends) = (facts.can_read("notBefore"), facts.can_read("notAfter"));
    if begins && at < facts.not_before {
        Some("not-yet-valid")
    } else if ends && at > facts.not_after {
        Some("expired")
    } else {
        (begins && ends).then_some("valid")
    }
}

/// As a person is told: a second after it was made for 365 days a certificate has 365 left.
fn rounded_days(span: time::Duration) -> i64 {
    const DAY: i64 = 86_400;
    (span.whole_seconds() + DAY / 2).div_euclid(DAY)
}

/// What is worth knowing of all of it, once: whose arithmetic stands behind some of it.
fn notes(inspection: &Inspection) -> Vec<&'static str> {
    if inspection.has_ml_dsa() { vec![NOTICE] } else { Vec::new() }
}

/// Everything for a person who looks at the instant `at`, block after block, escaped: the names of files are in it. Errors
/// are not among it.
pub fn blocks(inspection: &Inspection, at: OffsetDateTime) -> Vec<Vec<String>> {
    let found = inspection.entries().iter().map(|entry| block(entry, inspection, at));
    let notes = notes(inspection).into_iter().map(|note| vec![format!("note  {note}")]);
    let escaped = |line: &String| Escaped(line).to_string();
    found.chain(notes).map(|block| block.iter().map(escaped).collect()).collect()
}

fn block(entry: &Entry, inspection: &Inspection, at: OffsetDateTime) -> Vec<String> {
    match &entry.finding {
        Finding::Certificate(examined) => titled(entry, "certificate", certificate::lines(examined, at)),
        Finding::Crl(facts) => titled(entry, "certificate revocation list", crl::lines(facts, at)),
        Finding::Key(facts) => key_block(entry, facts, inspection),
        Finding::Ocsp(facts, certificates) => {
            titled(entry, "OCSP response", ocsp::lines(facts, certificates, at))
        }
        Finding::Other(label) => {
            vec![format!("{}: {label}{}: not looked into", entry.source, at_line(entry.line))]
        }
        Finding::Request(facts, proof) => {
            titled(entry, "certificate signing request", request::lines(facts, proof))
        }
        Finding::Server(server) => titled(entry, UNVERIFIED, server_lines(server)),
    }
}

fn key_block(entry: &Entry, facts: &KeyFacts, inspection: &Inspection) -> Vec<String> {
    let mut lines = key::lines(facts);
    if let Some((_, certificate)) = inspection.certificate_of(facts) {
        let Entry { source, place, .. } = certificate;
        lines.push(line("belongs to", format_args!("certificate {} of {source}", place.index)));
    }
    titled(entry, if facts.form.is_private() { "private key" } else { "public key" }, lines)
}

/// What stands over what a live server shows.
const UNVERIFIED: &str = "not verified: what follows proves nothing about who answers there";

fn server_lines(server: &LiveServer) -> Vec<String> {
    let mut lines = vec![
        line("address", &server.address),
        line("server name", server.server_name.as_deref().unwrap_or("none sent")),
    ];
    match &server.session {
        Some(session) => lines.extend([
            line("protocol", &session.protocol),
            line("cipher suite", &session.cipher_suite),
            line("key exchange", &session.key_exchange),
        ]),
        None => lines.push(line("handshake", "not completed")),
    }
    lines
}

fn titled(entry: &Entry, what: &str, lines: Vec<String>) -> Vec<String> {
    let Place { index, of } = entry.place;
    let place = if of == 1 { String::new() } else { format!(" {index} of {of}") };
    let title = format!("{}: {what}{place}{}", entry.source, at_line(entry.line));
    std::iter::once(title).chain(lines.into_iter().map(|line| format!("  {line}"))).collect()
}

fn at_line(line: Option<usize>) -> String {
    line.filter(|line| *line > 1).map_or_else(String::new, |line| format!(" (line {line})"))
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::pki::facts::Malformed;
    use crate::pki::items;

    const RICH: &[u8] = include_bytes!("../pki/facts/rich.der");
    const AT: OffsetDateTime = datetime!(2026-12-01 00:00:00 UTC);

    /// What files of these names hold.
    fn inspection(files: &[(&str, &[u8])]) -> Inspection {
        let mut inspection = Inspection::default();
        for (name, bytes) in files {
            inspection.add(name, items::items(bytes).unwrap());
        }
        inspection
    }

    #[test]
    fn a_key_is_said_to_belong_to_its_certificate() {
        let certificate = CertFacts::read(RICH).unwrap();
        let found = inspection(&[("public.der", &certificate.public_key.spki), ("cert.der", RICH)]);
        let blocks = blocks(&found, AT);
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
        assert_eq!(InspectionReport::new(&found, AT, Vec::new()).keys[0].certificate, Some(0));
    }

    #[test]
    fn validity_is_said_for_the_instant_that_is_given() {
        let certificate = CertFacts::read(RICH).unwrap();
        let found = inspection(&[("cert.der", RICH)]);
        let day = time::Duration::DAY;
        for (at, validity, days_left) in [
            (certificate.not_before - day, "not-yet-valid", 36_501),
            (certificate.not_before, "valid", 36_500),
            (certificate.not_before + time::Duration::SECOND, "valid", 36_500),
            (certificate.not_after, "valid", 0),
            (certificate.not_after + 3 * day, "expired", -3),
        ] {
            let report = InspectionReport::new(&found, at, Vec::new());
            assert_eq!(report.certificates[0].validity, Some(validity));
            assert_eq!(report.certificates[0].days_left, Some(days_left));
        }
    }

    #[test]
    fn a_live_server_is_never_said_to_be_verified() {
        let mut found = Inspection::default();
        let server = LiveServer { address: "[::1]:4433".to_owned(), server_name: None, session: None };
        let chain = [CertFacts::read_leniently(RICH), Err(Malformed("no bytes".to_owned()))];
        found.add_live("localhost:4433", server, chain);
        let blocks = blocks(&found, AT);
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
        let report = InspectionReport::new(&found, AT, Vec::new());
        assert_eq!(report.session.map(|session| session.verified), Some(false));
    }

    #[test]
    fn blocks_of_other_kinds_are_listed() {
        let text = b"\n-----BEGIN DH PARAMETERS-----\nMAA=\n-----END DH PARAMETERS-----\n";
        let found = inspection(&[("dh.pem", text)]);
        let other = OtherReport { source: "dh.pem".into(), line: Some(2), label: "DH PARAMETERS".into() };
        assert_eq!(InspectionReport::new(&found, AT, Vec::new()).others, [other]);
        assert_eq!(blocks(&found, AT), [["dh.pem: DH PARAMETERS (line 2): not looked into"]]);
    }

    #[test]
    fn nothing_that_went_wrong_is_said_unescaped() {
        let mut found = Inspection::default();
        found.add_error("a.pem", Some(3), "a\u{1b}[31mb".to_owned());
        let error = "a\\u{1b}[31mb".to_owned();
        let errors = InspectionReport::new(&found, AT, Vec::new()).errors;
        assert_eq!(errors, [ErrorReport { source: "a.pem".to_owned(), line: Some(3), error }]);
        assert_eq!(blocks(&found, AT), Vec::<Vec<String>>::new());
    }
}
