//! May this be signed, and by whom? What an issuer is asked before it issues.

use time::OffsetDateTime;

use super::keys::{self, Weakness};
use super::signature::{self, Signed};
use super::verdict::Reason;
use crate::pki::crl::CrlFacts;
use crate::pki::facts::CertFacts;
use crate::pki::issue::Profile;
use crate::pki::key::PrivateKey;
use crate::pki::request::RequestFacts;
use crate::pki::subject::Subject;
use crate::words::{self, instant};

/// A certificate whose holder should issue nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnfitIssuer {
    /// It has run out.
    #[error("the issuer has expired: it was valid until {}", instant(*.0))]
    Expired(OffsetDateTime),
    /// Certificate and key are not of one pair.
    #[error("the issuer's key does not belong to its certificate")]
    KeyMismatch,
    /// It may not sign certificates (RFC 5280 §4.2.1.3).
    #[error("the issuer may not sign certificates: its keyUsage lacks keyCertSign")]
    NoCertSign,
    /// It may not sign revocation lists (RFC 5280 §4.2.1.3).
    #[error("the issuer may not sign revocation lists: its keyUsage lacks cRLSign")]
    NoCrlSign,
    /// It has no name (RFC 5280 §4.1.2.4).
    #[error("the issuer has an empty subject, and a certificate's issuer must not be empty")]
    NoName,
    /// It is no CA's (RFC 5280 §4.2.1.9).
    #[error("the issuer is no CA: expected basicConstraints with CA:TRUE, found {0}")]
    NotCa(&'static str),
    /// It has not begun.
    #[error("the issuer is not yet valid: it will be from {}", instant(*.0))]
    NotYetValid(OffsetDateTime),
    /// It allows no further CA below it (RFC 5280 §4.2.1.9).
    #[error("the issuer allows no CA below it: its pathLenConstraint is 0")]
    PathLength,
}

/// Whether `issuer` and `key` may issue a certificate of this profile `now`: the certificate is that of a CA
/// (RFC 5280 §4.2.1.9) which may sign certificates (§4.2.1.3), has a name, is valid, and belongs to the key. Whether
/// anybody trusts it is not asked.
pub fn check_issuer(
    issuer: &CertFacts,
    key: &PrivateKey,
    profile: Profile,
    now: OffsetDateTime,
) -> Result<(), UnfitIssuer> {
    if issuer.public_key.spki != key.public_key_info() {
        return Err(UnfitIssuer::KeyMismatch);
    }
    match issuer.is_ca() {
        Some(true) => {}
        Some(false) => return Err(UnfitIssuer::NotCa("CA:FALSE")),
        None => return Err(UnfitIssuer::NotCa("none")),
    }
    if issuer.path_length() == Some(0) && matches!(profile, Profile::Ca { .. } | Profile::Openssl) {
        return Err(UnfitIssuer::PathLength);
    }
    if issuer.key_usage().is_some_and(|usage| !usage.key_cert_sign()) {
        return Err(UnfitIssuer::NoCertSign);
    }
    if issuer.subject.is_empty() {
        return Err(UnfitIssuer::NoName);
    }
    if now < issuer.not_before {
        return Err(UnfitIssuer::NotYetValid(issuer.not_before));
    }
    if now > issuer.not_after {
        return Err(UnfitIssuer::Expired(issuer.not_after));
    }
    Ok(())
}

/// A certificate signing request that nobody should sign.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRequest {
    /// Whoever made it does not hold the key, or it was changed since.
    #[error("its signature does not verify by the key that it asks to have certified")]
    Signature,
    /// Its key is none that anybody can use.
    #[error("expected a key that can be certified, found {0}")]
    Key(String),
    /// Its key or its signature proves nothing.
    #[error("too weak: {0}")]
    TooWeak(String),
    /// Its signature cannot be verified here.
    #[error("its signature cannot be verified: {0}")]
    Unsupported(String),
}

/// Whether whoever made the request holds its key: its signature verifies (RFC 2986 §3), by a key and a hash that
/// are no weaker than a certificate's may be. What it asks for is not judged.
pub fn check_request(request: &RequestFacts) -> Result<(), BadRequest> {
    if let Some(Weakness { reason: Reason::Malformed, words }) = keys::weak_key(&request.public_key) {
        return Err(BadRequest::Key(words));
    }
    match signature::request(request) {
        Signed::Valid => Ok(()),
        Signed::Invalid => Err(BadRequest::Signature),
        Signed::TooWeak(weakness) => Err(BadRequest::TooWeak(weakness.words)),
        Signed::Unsupported(words) => Err(BadRequest::Unsupported(words)),
    }
}

/// Something that is not this CA's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotTheirs {
    /// Another issuer's name.
    #[error("issued by {found}, not by {expected}")]
    Issuer {
        /// The CA's name.
        expected: String,
        /// The issuer's.
        found: String,
    },
    /// The CA's key does not verify the signature.
    #[error("its signature is not this CA's: {0}")]
    Signature(&'static str),
}

/// Whether `issuer` issued the certificate: by name and signature.
pub fn check_issued(certificate: &CertFacts, issuer: &CertFacts) -> Result<(), NotTheirs> {
    same_issuer(&certificate.issuer, issuer)?;
    signed(&signature::certificate(certificate, &issuer.public_key))
}

/// Whether `issuer` issued the revocation list: by name and signature.
pub fn check_list(list: &CrlFacts, issuer: &CertFacts) -> Result<(), NotTheirs> {
    same_issuer(&list.issuer, issuer)?;
    signed(&signature::list(list, &issuer.public_key))
}

fn same_issuer(found: &Subject, issuer: &CertFacts) -> Result<(), NotTheirs> {
    if found.prepared() == issuer.subject.prepared() {
        return Ok(());
    }
    let shown = |name: &Subject| words::Escaped(&words::shortened(name.to_string())).to_string();
    Err(NotTheirs::Issuer { expected: shown(&issuer.subject), found: shown(found) })
}

fn signed(signed: &Signed) -> Result<(), NotTheirs> {
    match signed {
        Signed::Valid => Ok(()),
        Signed::Invalid => Err(NotTheirs::Signature("it does not verify")),
        Signed::TooWeak(_) => Err(NotTheirs::Signature("it is too weak to prove anything")),
        Signed::Unsupported(_) => Err(NotTheirs::Signature("it cannot be checked")),
    }
}

/// Whether `issuer` and `key` may sign revocation lists `now`: the CA's certificate may issue
/// ([`check_issuer`]), and its key usage, where there is one, has cRLSign (RFC 5280 §4.2.1.3).
pub fn check_lister(issuer: &CertFacts, key: &PrivateKey, now: OffsetDateTime) -> Result<(), UnfitIssuer> {
    check_issuer(issuer, key, Profile::Client, now)?;
    match issuer.key_usage() {
        Some(usage) if !usage.crl_sign() => Err(UnfitIssuer::NoCrlSign),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::CertificateDer;
    use time::macros::datetime;

    use super::*;
    use crate::pki::issue::{Issuer, Plan, Request, Validity};
    use crate::pki::key::KeyAlgorithm;
    use crate::pki::oid;
    use crate::pki::subject::Subject;

    const NOW: OffsetDateTime = datetime!(2026-11-23 12:00 UTC);
    const CA: Profile = Profile::Ca { path_length: None };

    fn self_signed(profile: Profile, key: &PrivateKey) -> CertificateDer<'static> {
        let request = Request {
            subject: Subject::lab(),
            names: Vec::new(),
            validity: Validity { not_before: NOW, not_after: NOW + time::Duration::days(365) },
            profile,
        };
        Plan::draft(&request, key.public_key_info(), &Issuer::SelfSigned(key)).unwrap().sign(key).unwrap()
    }

    #[test]
    fn an_unfit_issuer_is_refused_by_name() {
        let key = PrivateKey::generate(KeyAlgorithm::EcP256).unwrap();
        let day = time::Duration::DAY;
        let ca = self_signed(CA, &key);
        let facts = |der: &CertificateDer<'_>| CertFacts::read(der).unwrap();
        let check = |der: &CertificateDer<'_>, profile, now| {
            check_issuer(&facts(der), &key, profile, now).map_err(|error| error.to_string())
        };
        let refused = |der: &CertificateDer<'_>, profile, now, words: &str| {
            assert_eq!(check(der, profile, now), Err(words.to_owned()));
        };
        assert_eq!(check(&ca, Profile::Server, NOW), Ok(()));
        assert_eq!(check(&ca, CA, NOW), Ok(()));
        let server = self_signed(Profile::Server, &key);
        refused(
            &server,
            CA,
            NOW,
            "the issuer is no CA: expected basicConstraints with CA:TRUE, found CA:FALSE",
        );
        let mut bare = Plan::from_certificate(&server).unwrap();
        bare.remove_extension(oid::BASIC_CONSTRAINTS);
        let bare = bare.sign(&key).unwrap();
        refused(&bare, CA, NOW, "the issuer is no CA: expected basicConstraints with CA:TRUE, found none");
        refused(&ca, CA, NOW + 400 * day, "the issuer has expired: it was valid until 2027-11-23T12:00:00Z");
        refused(&ca, CA, NOW - day, "the issuer is not yet valid: it will be from 2026-11-23T12:00:00Z");
        let last = self_signed(Profile::Ca { path_length: Some(0) }, &key);
        refused(&last, CA, NOW, "the issuer allows no CA below it: its pathLenConstraint is 0");
        assert_eq!(check(&last, Profile::Server, NOW), Ok(()));
        let mut no_sign = Plan::from_certificate(&ca).unwrap();
        no_sign.set_extension(oid::KEY_USAGE, true, [3, 2, 1, 2]);
        refused(
            &no_sign.sign(&key).unwrap(),
            CA,
            NOW,
            "the issuer may not sign certificates: its keyUsage lacks keyCertSign",
        );
        let openssl = self_signed(Profile::Openssl, &key);
        assert_eq!(check(&openssl, Profile::Server, NOW), Ok(()), "openssl's own certificate may issue");
        let other = PrivateKey::generate(KeyAlgorithm::EcP256).unwrap();
        assert_eq!(check_issuer(&facts(&ca), &other, CA, NOW), Err(UnfitIssuer::KeyMismatch));
    }
}
