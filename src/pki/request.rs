//! Certificate signing requests (RFC 2986): read, DER in, [`RequestFacts`] out, nothing verified
//! ([`crate::verify::check_request`] does that); and written, [`write()`].

use super::der::{self, Walk, tag, tlv};
use super::facts::read::extensions;
use super::facts::{ExtensionFacts, Malformed, PublicKeyFacts, SignatureAlgorithm};
use super::issue::{IssueError, Issuer, Plan, Request};
use super::key::PrivateKey;
use super::oid;
use super::plan;
use super::subject::Subject;

/// Everything that matters of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestFacts {
    /// Whose certificate is asked for.
    pub subject: Subject,
    /// The key that is to be certified.
    pub public_key: PublicKeyFacts,
    /// How the request is signed.
    pub signature_algorithm: SignatureAlgorithm,
    /// The extensions that are asked for (RFC 2985 §5.4.2).
    pub extensions: Vec<ExtensionFacts>,
    /// The bytes that are signed: the CertificationRequestInfo.
    pub info: Vec<u8>,
    /// The signature's bytes, by the key that is to be certified.
    pub signature: Vec<u8>,
}

impl RequestFacts {
    /// Reads one request; trailing bytes are refused.
    pub fn read(request: &[u8]) -> Result<Self, Malformed> {
        let fault = |error: der::Error| Malformed(error.to_string());
        let outer = der::only(request, tag::SEQUENCE).map_err(fault)?;
        let mut walk = Walk(outer.content);
        let info = walk.expect(tag::SEQUENCE).map_err(fault)?;
        let algorithm = walk.expect(tag::SEQUENCE).map_err(fault)?;
        let signature = walk.expect(tag::BIT_STRING).map_err(fault)?;
        walk.end().map_err(fault)?;
        // No scheme leaves bits of the last byte unused.
        let Some((0, signature)) = signature.content.split_first() else {
            return Err(Malformed("signature: expected whole bytes".to_owned()));
        };

        let (info_der, mut walk) = (info.encoded, Walk(info.content));
        walk.expect(tag::INTEGER).map_err(fault)?;
        let subject = walk.expect(tag::SEQUENCE).map_err(fault)?;
        let key = walk.expect(tag::SEQUENCE).map_err(fault)?;
        let attributes = walk.optional(tag::context(0)).map_err(fault)?;
        walk.end().map_err(fault)?;

        let mut asked = Vec::new();
        for attribute in
            attributes.map_or_else(|| Ok(Vec::new()), |a| der::children(a.content)).map_err(fault)?
        {
            let mut walk = Walk(attribute.content);
            if walk.oid().map_err(fault)? == oid::EXTENSION_REQUEST {
                // A SET of one Extensions.
                let values = walk.expect(tag::SET).map_err(fault)?;
                asked.extend(extensions(values.content)?);
            }
        }
        Ok(Self {
            subject: Subject::from_der(subject.encoded).map_err(|e| Malformed(format!("subject: {e}")))?,
            public_key: PublicKeyFacts::read(key.encoded)?,
            signature_algorithm: SignatureAlgorithm::read(algorithm.encoded)?,
            extensions: asked,
            info: info_der.to_vec(),
            signature: signature.to_vec(),
        })
    }
}

/// Asks for a certificate: DER of a request with the subject, the names and the extensions of `request`'s profile,
/// signed with `key`. Its validity and serial number are the issuer's business, and so are the key identifiers.
pub fn write(request: &Request, key: &PrivateKey) -> Result<Vec<u8>, IssueError> {
    let mut draft = Plan::draft(request, key.public_key_info(), &Issuer::SelfSigned(key))?;
    draft.remove_extension(oid::AUTHORITY_KEY_IDENTIFIER);
    draft.remove_extension(oid::SUBJECT_KEY_IDENTIFIER);
    // RFC 2986 §4.1: the attributes are a field of their own also where there are none.
    let attributes = if draft.extensions.is_empty() {
        Vec::new()
    } else {
        let extensions: Vec<_> = draft.extensions.iter().map(plan::Extension::to_der).collect();
        let values = tlv(tag::SET, &tlv(tag::SEQUENCE, &extensions.concat()));
        der::sequence(&[&der::oid(oid::EXTENSION_REQUEST), &values])
    };
    let info = der::sequence(&[
        &[tag::INTEGER, 1, 0], // v1, the only version
        &draft.subject,
        &draft.public_key_info,
        &tlv(tag::context(0), &attributes),
    ]);
    let signature = der::bit_string(&key.sign(&info)?);
    Ok(der::sequence(&[&info, &draft.outer_signature_algorithm, &signature]))
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::super::facts::Extension;
    use super::super::issue::{Profile, Validity};
    use super::super::key::KeyAlgorithm;
    use super::*;
    use crate::verify::{BadRequest, check_request};

    fn request(profile: Profile) -> Request {
        Request {
            subject: Subject::lab(),
            names: vec!["www.test.org".parse().unwrap()],
            validity: Validity {
                not_before: datetime!(2026-01-01 0:00 UTC),
                not_after: datetime!(2027-01-01 0:00 UTC),
            },
            profile,
        }
    }

    #[test]
    fn what_is_written_is_read_and_its_signature_verifies() {
        for algorithm in
            [KeyAlgorithm::EcP256, KeyAlgorithm::EcP384, KeyAlgorithm::Ed25519, KeyAlgorithm::Rsa2048]
        {
            let key = PrivateKey::generate(algorithm).unwrap();
            let der = write(&request(Profile::Server), &key).unwrap();
            let facts = RequestFacts::read(&der).unwrap();
            assert_eq!(facts.subject, Subject::lab());
            assert_eq!(facts.public_key.spki, key.public_key_info());
            let names = facts.extensions.iter().filter(|e| matches!(e.decoded, Extension::SubjectAltName(_)));
            assert_eq!((names.count(), facts.extensions.len()), (1, 4));
            assert_eq!(check_request(&facts), Ok(()), "{algorithm}");
        }
    }

    #[test]
    fn another_word_or_another_key_breaks_the_signature() {
        let key = PrivateKey::generate(KeyAlgorithm::EcP256).unwrap();
        let good = RequestFacts::read(&write(&request(Profile::Server), &key).unwrap()).unwrap();
        let mut other = good.clone();
        other.info[30] ^= 1;
        assert_eq!(check_request(&other), Err(BadRequest::Signature));
        let other = PrivateKey::generate(KeyAlgorithm::EcP256).unwrap();
        let other = PublicKeyFacts::read(other.public_key_info()).unwrap();
        assert_eq!(check_request(&RequestFacts { public_key: other, ..good }), Err(BadRequest::Signature));
    }

    #[test]
    fn a_request_for_nothing_special_still_has_its_attributes() {
        let key = PrivateKey::generate(KeyAlgorithm::Ed25519).unwrap();
        let mut wanted = request(Profile::Openssl);
        wanted.names.clear();
        let der = write(&wanted, &key).unwrap();
        let facts = RequestFacts::read(&der).unwrap();
        assert_eq!(facts.extensions.len(), 1, "basicConstraints alone");
        assert!(RequestFacts::read(&[&der[..], &[0]].concat()).is_err());
        for end in 0..der.len() {
            assert!(RequestFacts::read(&der[..end]).is_err(), "{end}");
        }
    }
}
