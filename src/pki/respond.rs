//! An OCSP response that is not yet signed: every field of RFC 6960 §4.2.1 open to an edit, as [`CrlPlan`] is for
//! revocation lists.
//!
//! [`CrlPlan`]: super::revoke::CrlPlan

use rustls::pki_types::CertificateDer;
use sha1::Sha1;
use sha1::digest::Digest as _;
use time::OffsetDateTime;

use super::der::{self, tag, tlv};
use super::facts::CertFacts;
use super::issue::IssueError;
use super::key::PrivateKey;
use super::ocsp::{CertId, CertStatus, ResponseStatus};
use super::oid::{self, Oid};
use super::plan::{Extension, SignatureEdit, Time, signature_algorithm};
use super::revoke;

/// An answer that is not yet signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerPlan {
    /// DER of the ResponderID.
    pub responder: Vec<u8>,
    /// producedAt.
    pub produced_at: Time,
    /// What is said of each certificate.
    pub statuses: Vec<SinglePlan>,
    /// The extensions of the response.
    pub extensions: Vec<Extension>,
    /// DER of the signature's AlgorithmIdentifier.
    pub signature_algorithm: Vec<u8>,
    /// The certificates that go along: the responder's, where that is not the issuer's own (§4.2.2.2).
    pub certificates: Vec<CertificateDer<'static>>,
    /// What is done to the signature after signing.
    pub signature_edit: SignatureEdit,
}

/// What is said of one certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SinglePlan {
    /// Which.
    pub id: CertId,
    /// How it stands.
    pub status: CertStatus,
    /// thisUpdate.
    pub this_update: Time,
    /// nextUpdate.
    pub next_update: Option<Time>,
    /// The extensions of what is said.
    pub extensions: Vec<Extension>,
}

impl AnswerPlan {
    /// An answer about nothing yet, by the responder whose certificate and key these are. It goes by its name: GnuTLS looks
    /// for a key's hash among subject key identifiers, which need not be hashes of that kind. Its certificate is not sent
    /// along.
    pub fn draft(
        responder: &CertFacts,
        key: &PrivateKey,
        produced_at: OffsetDateTime,
    ) -> Result<Self, IssueError> {
        Ok(Self {
            responder: tlv(tag::context(1), &responder.subject_der),
            produced_at: generalized(produced_at)?,
            statuses: Vec::new(),
            extensions: Vec::new(),
            signature_algorithm: signature_algorithm(key.algorithm()),
            certificates: Vec::new(),
            signature_edit: SignatureEdit::None,
        })
    }

    /// Names the responder by its key (§4.2.2.3).
    pub fn by_key(&mut self, responder: &CertFacts) {
        let hash = tlv(tag::OCTET_STRING, &Sha1::digest(&responder.public_key.bits));
        self.responder = tlv(tag::context(2), &hash);
    }

    /// Says of a certificate how it stands, from `this_update` until `next_update`.
    pub fn say(
        &mut self,
        id: CertId,
        status: CertStatus,
        this_update: OffsetDateTime,
        next_update: OffsetDateTime,
    ) -> Result<(), IssueError> {
        self.statuses.push(SinglePlan {
            id,
            status,
            this_update: generalized(this_update)?,
            next_update: Some(generalized(next_update)?),
            extensions: Vec::new(),
        });
        Ok(())
    }

    /// Repeats the nonce of a request (§4.4.1).
    pub fn echo(&mut self, nonce: &[u8]) {
        self.extend(oid::OCSP_NONCE, false, tlv(tag::OCTET_STRING, nonce));
    }

    /// Adds an extension of the response.
    pub fn extend(&mut self, oid: Oid, critical: bool, value: impl Into<Vec<u8>>) {
        self.extensions.push(Extension { oid, critical, value: value.into() });
    }

    /// Encodes and signs: the whole response.
    pub fn sign(&self, key: &PrivateKey) -> Result<Vec<u8>, IssueError> {
        let statuses: Vec<u8> =
            self.statuses.iter().map(SinglePlan::to_der).collect::<Result<Vec<_>, _>>()?.concat();
        let data = der::sequence(&[
            &self.responder,
            &self.produced_at.to_der(),
            &tlv(tag::SEQUENCE, &statuses),
            &explicit(1, &revoke::listed(&self.extensions)),
        ]);
        let certificates: Vec<&[u8]> = self.certificates.iter().map(AsRef::as_ref).collect();
        let certificates =
            if certificates.is_empty() { Vec::new() } else { explicit(0, &der::sequence(&certificates)) };
        let signature = der::bit_string(&self.signature_edit.apply(key.sign(&data)?));
        let basic = der::sequence(&[&data, &self.signature_algorithm, &signature, &certificates]);
        let bytes = der::sequence(&[&der::oid(oid::OCSP_BASIC), &tlv(tag::OCTET_STRING, &basic)]);
        let status = tlv(tag::ENUMERATED, &[ResponseStatus::Successful as u8]);
        Ok(der::sequence(&[&status, &explicit(0, &bytes)]))
    }
}

impl SinglePlan {
    fn to_der(&self) -> Result<Vec<u8>, IssueError> {
        let status = match self.status {
            CertStatus::Good => tlv(tag::context_primitive(0), &[]),
            CertStatus::Unknown => tlv(tag::context_primitive(2), &[]),
            CertStatus::Revoked { at, reason } => {
                let reason = reason.map_or_else(Vec::new, |reason| tlv(tag::ENUMERATED, &[reason as u8]));
                tlv(tag::context(1), &[generalized(at)?.to_der(), explicit(0, &reason)].concat())
            }
        };
        let next_update = self.next_update.as_ref().map(Time::to_der).unwrap_or_default();
        Ok(der::sequence(&[
            &self.id.to_der(),
            &status,
            &self.this_update.to_der(),
            &explicit(0, &next_update),
            &explicit(1, &revoke::listed(&self.extensions)),
        ]))
    }
}

/// `[number] EXPLICIT`; nothing where there is nothing.
fn explicit(number: u8, content: &[u8]) -> Vec<u8> {
    if content.is_empty() { Vec::new() } else { tlv(tag::context(number), content) }
}

/// §4.2.2.1: GeneralizedTime in whole seconds, whatever the year.
fn generalized(at: OffsetDateTime) -> Result<Time, IssueError> {
    Time::generalized(at).ok_or(IssueError::Year(at))
}
