//! What `inspect` finds: everything that files hold and that live servers show, in the order of the inputs.
//!
//! Nothing is trusted. The only signatures that are verified are those by a thing's own key: a certificate's and a
//! request's.

use std::collections::HashMap;
use std::mem::discriminant;

use crate::pki::crl::CrlFacts;
use crate::pki::facts::{CertFacts, Malformed, PublicKeyKind};
use crate::pki::items::{Found, Item};
use crate::pki::key_facts::KeyFacts;
use crate::pki::ocsp::OcspFacts;
use crate::pki::request::RequestFacts;
use crate::tls::SessionFacts;
use crate::verify::{BadRequest, Examined, check_request};

/// Gathers what the inputs hold.
#[derive(Clone, Debug, Default)]
pub struct Inspection {
    entries: Vec<Entry>,
    errors: Vec<InputError>,
    /// Which of the entries are certificates.
    certificates: Vec<usize>,
    /// Which of the certificates is the first of a key, by its SubjectPublicKeyInfo.
    by_key: HashMap<Vec<u8>, usize>,
}

/// Something that was found, and where.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The input: a path, `-`, or `HOST:PORT`.
    pub source: String,
    /// The line on which its PEM block begins; `None` for DER and for live servers.
    pub line: Option<usize>,
    /// Its place in that input.
    pub place: Place,
    /// What it is.
    pub finding: Finding,
}

/// A place among those of its kind in an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Counted from 1.
    pub index: usize,
    /// How many there are.
    pub of: usize,
}

/// What a thing is, and what its own key says of it.
#[derive(Clone, Debug)]
pub enum Finding {
    /// A certificate.
    Certificate(Box<Examined>),
    /// A certificate revocation list.
    Crl(Box<CrlFacts>),
    /// A key, private or public.
    Key(Box<KeyFacts>),
    /// An OCSP response, and the certificates in it that can be read.
    Ocsp(Box<OcspFacts>, Vec<Examined>),
    /// A PEM block of another kind, by its label: not looked into.
    Other(String),
    /// A certificate signing request, and whether whoever made it holds its key.
    Request(Box<RequestFacts>, Result<(), BadRequest>),
    /// A live server.
    Server(LiveServer),
}

/// A live server, without its certificates.
#[derive(Clone, Debug)]
pub struct LiveServer {
    /// The address that answered.
    pub address: String,
    /// What was sent as SNI; `None` where nothing was.
    pub server_name: Option<String>,
    /// What was agreed on; `None` where the handshake was not completed.
    pub session: Option<SessionFacts>,
}

/// Something that could not be read or reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputError {
    /// The input.
    pub source: String,
    /// The line on which the PEM block begins, where it is one.
    pub line: Option<usize>,
    /// What was expected and found; not escaped.
    pub error: String,
}

impl Inspection {
    /// Adds what was found in a file or on stdin, by the name of `source`.
    pub fn add(&mut self, source: &str, found: Vec<Found>) {
        let mut of = HashMap::new();
        for item in found.iter().filter_map(|found| found.item.as_ref().ok()) {
            *of.entry(discriminant(item)).or_insert(0) += 1;
        }
        let mut seen = HashMap::new();
        for Found { line, item, faults } in found {
            match item {
                Ok(item) => {
                    let kind = discriminant(&item);
                    let index = *seen.entry(kind).and_modify(|index| *index += 1).or_insert(1);
                    let place = Place { index, of: of.get(&kind).copied().unwrap_or(index) };
                    self.push(source, line, place, Finding::from(item));
                }
                Err(unreadable) => self.add_error(source, line, unreadable.to_string()),
            }
            for fault in faults {
                self.add_error(source, line, fault);
            }
        }
    }

    /// Adds a live server, then the certificates that it showed, as far as they can be read.
    pub fn add_live(
        &mut self,
        source: &str,
        server: LiveServer,
        chain: impl IntoIterator<Item = Result<(CertFacts, Vec<Malformed>), Malformed>>,
    ) {
        self.push(source, None, Place { index: 1, of: 1 }, Finding::Server(server));
        let chain: Vec<_> = chain.into_iter().collect();
        let of = chain.len();
        for (index, certificate) in (1..).zip(chain) {
            match certificate {
                Ok((facts, faults)) => {
                    let finding = Finding::Certificate(Box::new(facts.into()));
                    self.push(source, None, Place { index, of }, finding);
                    for Malformed(fault) in faults {
                        self.add_error(source, None, format!("certificate {index}: {fault}"));
                    }
                }
                Err(why) => self.add_error(source, None, format!("certificate {index}: {why}")),
            }
        }
    }

    /// Adds something that could not be read or reached.
    pub fn add_error(&mut self, source: &str, line: Option<usize>, error: String) {
        self.errors.push(InputError { source: source.to_owned(), line, error });
    }

    fn push(&mut self, source: &str, line: Option<usize>, place: Place, finding: Finding) {
        if let Finding::Certificate(examined) = &finding {
            let spki = examined.facts.public_key.spki.clone();
            self.by_key.entry(spki).or_insert(self.certificates.len());
            self.certificates.push(self.entries.len());
        }
        self.entries.push(Entry { source: source.to_owned(), line, place, finding });
    }

    /// Whether nothing was found so far and nothing went wrong.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.errors.is_empty()
    }

    /// Everything so far, in order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What could not be read or reached so far.
    pub fn errors(&self) -> &[InputError] {
        &self.errors
    }

    /// Every certificate so far, in order, with where it was found.
    pub fn certificates(&self) -> impl Iterator<Item = (&Entry, &CertFacts)> {
        self.entries.iter().filter_map(|entry| match &entry.finding {
            Finding::Certificate(examined) => Some((entry, &examined.facts)),
            _ => None,
        })
    }

    /// The certificates of each input, in order: those of which every field can be read.
    pub fn by_source(&self) -> Vec<(&str, Vec<&CertFacts>)> {
        let readable: Vec<_> = self.certificates().filter(|(_, facts)| facts.unreadable.is_empty()).collect();
        let inputs = readable.chunk_by(|(one, _), (other, _)| one.source == other.source);
        inputs
            .filter_map(|input| {
                let (first, _) = input.first()?;
                Some((first.source.as_str(), input.iter().map(|(_, facts)| *facts).collect()))
            })
            .collect()
    }

    /// The first certificate that a key belongs to, which may come after it: its place among all, counted from 0, and
    /// where it was found.
    pub fn certificate_of(&self, key: &KeyFacts) -> Option<(usize, &Entry)> {
        let index = *self.by_key.get(&key.public_key.as_ref()?.spki)?;
        Some((index, self.entries.get(*self.certificates.get(index)?)?))
    }

    /// Whether a certificate, key or request is of ML-DSA.
    pub fn has_ml_dsa(&self) -> bool {
        self.entries.iter().any(|entry| match &entry.finding {
            Finding::Certificate(examined) => examined.facts.uses_ml_dsa(),
            Finding::Key(facts) => facts.kind.as_ref().is_some_and(PublicKeyKind::is_ml_dsa),
            Finding::Request(facts, _) => facts.public_key.kind.is_ml_dsa(),
            Finding::Crl(_) | Finding::Ocsp(..) | Finding::Other(_) | Finding::Server(_) => false,
        })
    }
}

impl From<Item> for Finding {
    fn from(item: Item) -> Self {
        match item {
            Item::Certificate(facts) => Self::Certificate(Box::new((*facts).into())),
            Item::Crl(facts) => Self::Crl(facts),
            Item::Key(facts) => Self::Key(facts),
            Item::Ocsp(facts) => {
                let certificates = Examined::of_response(&facts);
                Self::Ocsp(facts, certificates)
            }
            Item::Other(label) => Self::Other(label),
            Item::Request(facts) => {
                let proof = check_request(&facts);
                Self::Request(facts, proof)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pki::items;

    const RICH: &[u8] = include_bytes!("pki/facts/rich.der");

    fn key_of(certificate: &[u8]) -> Vec<u8> {
        CertFacts::read(certificate).unwrap().public_key.spki
    }

    #[test]
    fn a_key_belongs_to_the_first_certificate_of_it_wherever_that_comes() {
        let mut inspection = Inspection::default();
        inspection.add("public.der", items::items(&key_of(RICH)).unwrap());
        let owner = |inspection: &Inspection| match &inspection.entries()[0].finding {
            Finding::Key(key) => {
                inspection.certificate_of(key).map(|(index, entry)| (index, entry.source.clone()))
            }
            other => panic!("expected a key, found {other:?}"),
        };
        assert_eq!(owner(&inspection), None);
        for source in ["cert.der", "again.der"] {
            inspection.add(source, items::items(RICH).unwrap());
        }
        assert_eq!(owner(&inspection), Some((0, "cert.der".to_owned())));
    }

    #[test]
    fn places_are_counted_for_each_kind() {
        let pem = |label: &str, der: &[u8]| {
            let text = data_encoding::BASE64.encode(der);
            format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
        };
        let certificate = pem("CERTIFICATE", RICH);
        let bundle =
            [&certificate, &pem("PUBLIC KEY", &key_of(RICH)), &pem("CERTIFICATE", b"0"), &certificate];
        let bundle = bundle.map(String::as_str).concat();
        let mut inspection = Inspection::default();
        inspection.add("bundle.pem", items::items(bundle.as_bytes()).unwrap());
        let places: Vec<_> = inspection.entries().iter().map(|entry| (entry.line, entry.place)).collect();
        let place = |index, of| Place { index, of };
        assert_eq!(places, [(Some(1), place(1, 2)), (Some(4), place(1, 1)), (Some(10), place(2, 2))]);
        assert_eq!(inspection.errors().iter().map(|error| error.line).collect::<Vec<_>>(), [Some(7)]);
        let [(source, certificates)] = &inspection.by_source()[..] else { panic!("expected one input") };
        assert_eq!((*source, certificates.len()), ("bundle.pem", 2));
    }

    #[test]
    fn a_certificate_that_a_server_shows_and_nobody_can_read_is_an_error_and_counts() {
        let mut inspection = Inspection::default();
        assert!(inspection.is_empty());
        let server = LiveServer { address: "[::1]:4433".to_owned(), server_name: None, session: None };
        let chain = [CertFacts::read_leniently(RICH), Err(Malformed("no bytes".to_owned()))];
        inspection.add_live("localhost:4433", server, chain);
        assert_eq!(inspection.errors()[0].error, "certificate 2: not an X.509 certificate: no bytes");
        let (entry, _) = inspection.certificates().next().unwrap();
        assert_eq!(entry.place, Place { index: 1, of: 2 });
    }
}
