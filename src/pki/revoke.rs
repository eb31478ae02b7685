//! A certificate revocation list that is not yet signed: every field of RFC 5280 §5.1 open to an edit, as [`Plan`] is
//! for certificates.
//!
//! Written by hand and not by rcgen: a list that is extended must name its issuer byte for byte as the CA's certificate
//! does, and rcgen encodes names anew, cannot repeat an attribute, and writes no delta.
//!
//! [`Plan`]: super::plan::Plan

use time::OffsetDateTime;

use super::crl::{CrlFacts, RevocationReason, same_number};
use super::der::{self, Element, Walk, tag, tlv};
use super::issue::{IssueError, key_identifier};
use super::key::PrivateKey;
use super::oid;
use super::plan::{Extension, Plan, SignatureEdit, Time, signature_algorithm};

/// A list that is not yet signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrlPlan {
    /// The version's encoded number, one less than its name: 1 is v2. `None` leaves the field out, which means v1.
    pub version: Option<u8>,
    /// DER of the `signature` field inside, and of `signatureAlgorithm` outside.
    pub signature_algorithm: Vec<u8>,
    /// DER of the issuer's Name.
    pub issuer: Vec<u8>,
    /// thisUpdate.
    pub this_update: Time,
    /// nextUpdate.
    pub next_update: Option<Time>,
    /// The revoked certificates.
    pub entries: Vec<EntryPlan>,
    /// The extensions of the list.
    pub extensions: Vec<Extension>,
    /// What is done to the signature after signing.
    pub signature_edit: SignatureEdit,
}

/// A revoked certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryPlan {
    /// Its serial number's content bytes.
    pub serial: Vec<u8>,
    /// revocationDate.
    pub revoked_at: Time,
    /// The extensions of the entry.
    pub extensions: Vec<Extension>,
}

impl EntryPlan {
    /// A certificate that is revoked for a reason.
    pub fn new(serial: &[u8], at: OffsetDateTime, reason: RevocationReason) -> Result<Self, IssueError> {
        let extensions = match reason {
            // RFC 5280 §5.3.1: left out rather than said to be unspecified.
            RevocationReason::Unspecified => Vec::new(),
            reason => vec![Extension {
                oid: oid::REASON_CODE,
                critical: false,
                value: tlv(tag::ENUMERATED, &[reason as u8]),
            }],
        };
        Ok(Self { serial: serial.to_vec(), revoked_at: encoded(at)?, extensions })
    }

    fn to_der(&self) -> Vec<u8> {
        let listed = listed(&self.extensions);
        der::sequence(&[&tlv(tag::INTEGER, &self.serial), &self.revoked_at.to_der(), &listed])
    }
}

impl CrlPlan {
    /// An empty list of the CA whose certificate and key these are, with this number.
    pub fn draft(
        issuer: &[u8],
        key: &PrivateKey,
        number: &[u8],
        this_update: OffsetDateTime,
        next_update: OffsetDateTime,
    ) -> Result<Self, IssueError> {
        let issuer = Plan::from_certificate(issuer).map_err(IssueError::Malformed)?;
        let derived = || key_identifier(key.public_key_info()).map_err(IssueError::PublicKey);
        let key_id = issuer.subject_key_identifier().map_or_else(derived, Ok)?;
        // §5.2.1, §5.2.3: both in every list, neither critical.
        let authority = der::sequence(&[&tlv(tag::context_primitive(0), &key_id)]);
        let extension = |oid, value| Extension { oid, critical: false, value };
        Ok(Self {
            version: Some(1),
            signature_algorithm: signature_algorithm(key.algorithm()),
            issuer: issuer.subject,
            this_update: encoded(this_update)?,
            next_update: Some(encoded(next_update)?),
            entries: Vec::new(),
            extensions: vec![
                extension(oid::AUTHORITY_KEY_IDENTIFIER, authority),
                extension(oid::CRL_NUMBER, tlv(tag::INTEGER, number)),
            ],
            signature_edit: SignatureEdit::None,
        })
    }

    /// Takes over what an earlier list says: its entries, with all their extensions.
    pub fn take_over(&mut self, earlier: &CrlFacts) -> Result<(), der::Error> {
        let mut walk = Walk(der::only(&earlier.tbs, tag::SEQUENCE)?.content);
        walk.optional(tag::INTEGER)?;
        walk.some()?;
        walk.some()?;
        walk.some()?;
        // nextUpdate, where there is one
        for time in [tag::UTC_TIME, tag::GENERALIZED_TIME] {
            walk.optional(time)?;
        }
        if let Some(revoked) = walk.optional(tag::SEQUENCE)? {
            for entry in der::children(revoked.content)? {
                self.entries.push(entry_of(entry)?);
            }
        }
        Ok(())
    }

    /// Revokes a certificate; says whether it is new. One that is listed already keeps its date, and a reason that was
    /// certificateHold gives way to a lasting one.
    pub fn revoke(&mut self, entry: EntryPlan) -> bool {
        match self.entries.iter_mut().find(|known| same_number(&known.serial, &entry.serial)) {
            None => {
                self.entries.push(entry);
                true
            }
            Some(known) => {
                known.extensions.retain(|extension| extension.oid != oid::REASON_CODE);
                known.extensions.extend(entry.extensions);
                false
            }
        }
    }

    /// Gives the extension with this OID a new value, or adds it.
    pub fn set_extension(&mut self, oid: oid::Oid, critical: bool, value: impl Into<Vec<u8>>) {
        let extension = Extension { oid, critical, value: value.into() };
        match self.extensions.iter_mut().find(|known| known.oid == oid) {
            Some(known) => *known = extension,
            None => self.extensions.push(extension),
        }
    }

    /// Encodes and signs.
    pub fn sign(&self, key: &PrivateKey) -> Result<Vec<u8>, IssueError> {
        let version = self.version.map(|number| tlv(tag::INTEGER, &[number])).unwrap_or_default();
        let next_update = self.next_update.as_ref().map(Time::to_der).unwrap_or_default();
        let entries: Vec<_> = self.entries.iter().map(EntryPlan::to_der).collect();
        // §5.1.2.6: absent where nothing is revoked.
        let entries = if entries.is_empty() { Vec::new() } else { tlv(tag::SEQUENCE, &entries.concat()) };
        let extensions = listed(&self.extensions);
        let extensions = if extensions.is_empty() { extensions } else { tlv(tag::context(0), &extensions) };
        let tbs = der::sequence(&[
            &version,
            &self.signature_algorithm,
            &self.issuer,
            &self.this_update.to_der(),
            &next_update,
            &entries,
            &extensions,
        ]);
        let signature = der::bit_string(&self.signature_edit.apply(key.sign(&tbs)?));
        Ok(der::sequence(&[&tbs, &self.signature_algorithm, &signature]))
    }
}

fn entry_of(element: Element<'_>) -> Result<EntryPlan, der::Error> {
    let mut walk = Walk(der::only(element.encoded, tag::SEQUENCE)?.content);
    let serial = walk.expect(tag::INTEGER)?.content.to_vec();
    let revoked_at = walk.some()?.into();
    let extensions = match walk.optional(tag::SEQUENCE)? {
        Some(listed) => {
            der::children(listed.content)?.into_iter().map(Extension::read).collect::<Result<_, _>>()?
        }
        None => Vec::new(),
    };
    Ok(EntryPlan { serial, revoked_at, extensions })
}

/// Extensions; nothing where there are none.
pub(super) fn listed(extensions: &[Extension]) -> Vec<u8> {
    if extensions.is_empty() {
        return Vec::new();
    }
    tlv(tag::SEQUENCE, &extensions.iter().flat_map(Extension::to_der).collect::<Vec<_>>())
}

fn encoded(at: OffsetDateTime) -> Result<Time, IssueError> {
    Time::rfc5280(at).ok_or(IssueError::Year(at))
}
