//! Who answers OCSP requests for a CA (RFC 6960), by its index: a request in, a signed response out. Nothing is sent here:
//! [`crate::server::ocsp`] does that.

use rustls::pki_types::CertificateDer;
use time::{Duration, OffsetDateTime};

use super::facts::CertFacts;
use super::index::Index;
use super::issue::IssueError;
use super::key::PrivateKey;
use super::ocsp::{CertId, CertStatus, OcspRequest, ResponseStatus};
use super::oid;
use super::respond::AnswerPlan;
use crate::words;

/// The most certificates of one request: each costs a look into the index.
const MOST_ASKED: usize = 100;

/// The longest nonce that is repeated (RFC 9654 §2.1).
const LONGEST_NONCE: usize = 128;

/// Who answers for a CA.
#[derive(Debug)]
pub struct Responder {
    issuer: CertFacts,
    signer: CertFacts,
    is_delegate: bool,
    key: PrivateKey,
    holds: Duration,
}

/// A response, and what to do with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Responded {
    /// Its DER.
    pub der: Vec<u8>,
    /// Until when it may be kept and shown to others: it repeats no nonce, and answers something.
    pub keep_until: Option<OffsetDateTime>,
    /// What was answered, in words.
    pub words: String,
}

impl Responder {
    /// The CA itself, whose certificate and key these are. What it says holds for this long.
    pub fn new(issuer: CertFacts, key: PrivateKey, holds: Duration) -> Self {
        Self { signer: issuer.clone(), issuer, is_delegate: false, key, holds }
    }

    /// Somebody whom the CA has authorized (§4.2.2.2), whose certificate goes along.
    pub fn delegated(issuer: CertFacts, signer: CertFacts, key: PrivateKey, holds: Duration) -> Self {
        Self { issuer, signer, is_delegate: true, key, holds }
    }

    /// The response to a request, by the index as it is now.
    pub fn respond(
        &self,
        request: &[u8],
        index: &Index,
        now: OffsetDateTime,
    ) -> Result<Responded, IssueError> {
        let request = match OcspRequest::read(request) {
            Ok(request) => request,
            Err(fault) => return Ok(refused(ResponseStatus::MalformedRequest, &fault.0)),
        };
        let asked = request.ids.len();
        if !(1..=MOST_ASKED).contains(&asked) {
            let words = format!("expected 1 to {MOST_ASKED} certificates, found {asked}");
            return Ok(refused(ResponseStatus::MalformedRequest, &words));
        }
        // RFC 9654 §2.1
        if let Some(nonce) = request.nonce().filter(|nonce| !(1..=LONGEST_NONCE).contains(&nonce.len())) {
            let words = format!("expected a nonce of 1 to {LONGEST_NONCE} bytes, found {}", nonce.len());
            return Ok(refused(ResponseStatus::MalformedRequest, &words));
        }
        // §4.1.2: what is critical and not known is not answered as if it were not there.
        let strange = request.extensions.iter().find(|e| e.critical && e.oid != oid::OCSP_NONCE);
        if let Some(strange) = strange {
            let words = format!("unknown critical extension {}", strange.oid);
            return Ok(refused(ResponseStatus::MalformedRequest, &words));
        }
        // RFC 5019 §2.2.3: whose certificates they are is for another responder to know.
        if !request.ids.iter().any(|id| id.is_by(&self.issuer.subject_der, &self.issuer)) {
            return Ok(refused(ResponseStatus::Unauthorized, "about certificates of another CA"));
        }
        let nonce = request.nonce().map(<[u8]>::to_vec);
        self.answer(request.ids, nonce.as_deref(), index, now)
    }

    /// What the index says of one certificate of the CA, without having been asked: for a server to staple.
    pub fn about(&self, serial: &[u8], index: &Index, now: OffsetDateTime) -> Result<Responded, IssueError> {
        self.answer(vec![CertId::sha1(serial, &self.issuer)], None, index, now)
    }

    fn answer(
        &self,
        ids: Vec<CertId>,
        nonce: Option<&[u8]>,
        index: &Index,
        now: OffsetDateTime,
    ) -> Result<Responded, IssueError> {
        // §4.2.2.1: whole seconds.
        let now = now.replace_nanosecond(0).unwrap_or(now);
        let until = now.checked_add(self.holds).ok_or(IssueError::Year(now))?;
        let mut plan = AnswerPlan::draft(&self.signer, &self.key, now)?;
        let mut said = Vec::new();
        for id in ids {
            let status = self.status(&id, index);
            said.push(format!("{} {}", words::shortened(words::hex(&id.serial)), status.as_str()));
            plan.say(id, status, now, until)?;
        }
        if self.is_delegate {
            plan.certificates.push(CertificateDer::clone(&self.signer.der));
        }
        if let Some(nonce) = nonce {
            plan.echo(nonce);
        }
        let keep_until = nonce.is_none().then_some(until);
        Ok(Responded { der: plan.sign(&self.key)?, keep_until, words: said.join(", ") })
    }

    /// §2.2: unknown is what the CA has not issued.
    fn status(&self, id: &CertId, index: &Index) -> CertStatus {
        if !id.is_by(&self.issuer.subject_der, &self.issuer) {
            return CertStatus::Unknown;
        }
        match index.find(&id.serial) {
            None => CertStatus::Unknown,
            Some(entry) => match entry.revoked {
                None => CertStatus::Good,
                Some((at, reason)) => CertStatus::Revoked { at, reason },
            },
        }
    }
}

fn refused(status: ResponseStatus, why: &str) -> Responded {
    Responded { der: status.to_der(), keep_until: None, words: format!("{status}: {why}") }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::pki::crl::RevocationReason;
    use crate::pki::der::{self, tag, tlv};
    use crate::pki::issue::{Issuer, Plan, Profile, Request, Validity};
    use crate::pki::key::KeyAlgorithm;
    use crate::pki::ocsp::{Answer, OcspFacts};
    use crate::pki::subject::Subject;

    const NOW: OffsetDateTime = datetime!(2026-11-23 12:00 UTC);

    fn responder() -> (Responder, CertFacts) {
        let key = PrivateKey::generate(KeyAlgorithm::EcP256).unwrap();
        let request = Request {
            subject: Subject::lab(),
            names: Vec::new(),
            validity: Validity { not_before: NOW, not_after: NOW + Duration::days(365) },
            profile: Profile::Ca { path_length: None },
        };
        let plan = Plan::draft(&request, key.public_key_info(), &Issuer::SelfSigned(&key)).unwrap();
        let ca = CertFacts::read(&plan.sign(&key).unwrap()).unwrap();
        (Responder::new(ca.clone(), key, Duration::HOUR), ca)
    }

    fn asking(ids: &[CertId], extensions: &[u8]) -> Vec<u8> {
        let list: Vec<u8> = ids.iter().flat_map(|id| der::sequence(&[&id.to_der()])).collect();
        let extensions =
            if extensions.is_empty() { Vec::new() } else { tlv(0xa2, &der::sequence(&[extensions])) };
        der::sequence(&[&der::sequence(&[&tlv(tag::SEQUENCE, &list), &extensions])])
    }

    fn nonce(critical: bool, bytes: &[u8]) -> Vec<u8> {
        let critical: &[u8] = if critical { &[tag::BOOLEAN, 1, 0xff] } else { &[] };
        let value = tlv(tag::OCTET_STRING, &tlv(tag::OCTET_STRING, bytes));
        der::sequence(&[&der::oid(oid::OCSP_NONCE), critical, &value])
    }

    fn index() -> Index {
        Index::parse(
            "V\t271123120000Z\t\t0A\tunknown\t/\nR\t271123120000Z\t261123110000Z,superseded\t0B\tunknown\t/\n",
        )
        .unwrap()
    }

    fn answer(responded: &Responded) -> Answer {
        OcspFacts::read(&responded.der).unwrap().answer.unwrap()
    }

    #[test]
    fn the_index_is_what_is_answered() {
        let (responder, ca) = responder();
        let ids = [[0x0a], [0x0b], [0x0c]].map(|serial| CertId::sha1(&serial, &ca));
        let responded = responder.respond(&asking(&ids, &[]), &index(), NOW).unwrap();
        let said = answer(&responded);
        let at = datetime!(2026-11-23 11:00 UTC);
        let reason = Some(RevocationReason::Superseded);
        let expected = [CertStatus::Good, CertStatus::Revoked { at, reason }, CertStatus::Unknown];
        assert_eq!(said.statuses.iter().map(|single| single.status).collect::<Vec<_>>(), expected);
        assert!(said.statuses.iter().zip(ids).all(|(single, id)| single.id == id));
        assert_eq!(responded.words, "0a good, 0b revoked, 0c unknown");
        assert_eq!(responded.keep_until, Some(NOW + Duration::HOUR));
        assert!(said.certificates.is_empty() && said.nonce().is_none());
        assert_eq!(answer(&responder.about(&[0x0a], &index(), NOW).unwrap()).statuses, said.statuses[..1]);
    }

    #[test]
    fn a_nonce_is_repeated_and_what_it_is_in_is_not_kept() {
        let (responder, ca) = responder();
        let id = [CertId::sha1(&[0x0a], &ca)];
        let respond = |extension: &[u8]| responder.respond(&asking(&id, extension), &index(), NOW).unwrap();
        for length in [1, 32, 128] {
            let responded = respond(&nonce(false, &vec![7; length]));
            assert_eq!(answer(&responded).nonce(), Some(&vec![7; length][..]));
            assert_eq!(responded.keep_until, None);
        }
        assert_eq!(answer(&respond(&nonce(true, &[7]))).nonce(), Some(&[7][..]));
        for length in [0, 129] {
            assert!(respond(&nonce(false, &vec![7; length])).words.starts_with("malformedRequest"));
        }
        let strange = der::sequence(&[
            &der::oid(oid::Oid::dotted("1.2.3.4")),
            &[tag::BOOLEAN, 1, 0xff],
            &tlv(tag::OCTET_STRING, &[5, 0]),
        ]);
        assert!(respond(&strange).words.contains("unknown critical extension 1.2.3.4"));
    }

    #[test]
    fn what_is_not_this_ca_s_is_not_answered() {
        let (responder, ca) = responder();
        let (_, other) = self::responder();
        // The same name, another key.
        let theirs = CertId::sha1(&[0x0a], &other);
        let status = |request: &[u8]| {
            OcspFacts::read(&responder.respond(request, &index(), NOW).unwrap().der).unwrap().status
        };
        assert_eq!(status(&asking(std::slice::from_ref(&theirs), &[])), ResponseStatus::Unauthorized);
        assert_eq!(status(&asking(&[], &[])), ResponseStatus::MalformedRequest);
        assert_eq!(status(b"GET / HTTP/1.1"), ResponseStatus::MalformedRequest);
        let many = vec![CertId::sha1(&[0x0a], &ca); MOST_ASKED + 1];
        assert_eq!(status(&asking(&many, &[])), ResponseStatus::MalformedRequest);
        // Among those that are, it is not known.
        let both = asking(&[CertId::sha1(&[0x0a], &ca), theirs], &[]);
        let responded = responder.respond(&both, &index(), NOW).unwrap();
        assert_eq!(answer(&responded).statuses[1].status, CertStatus::Unknown);
    }
}
