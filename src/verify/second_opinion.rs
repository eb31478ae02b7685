//! rustls' own verifier, asked after ours has accepted: neither policy is laxer than it, but for what policy `lab` is
//! there to allow.

use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use rustls::{CertificateError, Error, OtherError, RootCertStore};
use time::OffsetDateTime;

use super::criteria::{Criteria, Usage};
use super::expected_name::ExpectedName;
use super::path::Path;
use super::policy::Policy;
use super::verdict::{Check, CheckKind, Reason};
use super::{checks, names};
use crate::crypto;
use crate::pki::facts::{CertFacts, Extension, GeneralName};

/// Asks rustls, and where it refuses what we accepted, fails the check that its reason belongs to.
pub(super) fn ask(
    chain: &[CertificateDer<'_>],
    leaf: &CertFacts,
    path: &Path<'_>,
    criteria: &Criteria,
    at: OffsetDateTime,
    checks: &mut [Check],
) {
    let answers = [
        asks_about_path(leaf, path, criteria.policy).then(|| verify_path(chain, criteria, at)),
        asks_about_name(leaf, criteria).then(|| verify_name(chain, criteria)),
    ];
    for error in answers.into_iter().flatten().filter_map(Result::err) {
        if is_about_what_it_cannot_judge(&error, path) {
            continue;
        }
        let (kind, reason) = place(&error);
        // Said once, and by its cause: of a longer one rustls-webpki says no more than that it is badly encoded.
        if reason == Reason::Malformed && leaf.der.len() > LONGEST {
            return too_long(leaf.der.len(), checks);
        }
        // Every check is always present but the name's, which is absent where no name is expected; trust is first.
        let index = checks.iter().position(|check| check.kind == kind).unwrap_or(0);
        if let Some(check) = checks.get_mut(index) {
            check.fail(reason, format_args!("rustls-webpki refuses it: {error}"));
        }
    }
}

/// Whether the error is no judgement: rustls-webpki knows constraints on DNS names and IP addresses, and refuses every
/// name of another kind that a constraint is about, also where RFC 5280 §4.2.1.10 permits it. Those have been judged.
fn is_about_what_it_cannot_judge(error: &Error, path: &Path<'_>) -> bool {
    let Error::InvalidCertificate(CertificateError::Other(OtherError(cause))) = error else { return false };
    let is_violation = cause.downcast_ref() == Some(&webpki::Error::NameConstraintViolation);
    let Path::Chain { certificates, .. } = path else { return false };
    let is_unknown = |name: &GeneralName| {
        !matches!(name, GeneralName::Dns(_) | GeneralName::Ip(_) | GeneralName::IpRange { .. })
    };
    is_violation
        && certificates.iter().any(|issuer| {
            issuer.extensions.iter().any(|extension| match &extension.decoded {
                Extension::NameConstraints { permitted, excluded } => {
                    permitted.iter().chain(excluded).any(is_unknown)
                }
                _ => false,
            })
        })
}

/// The longest certificate that rustls-webpki reads, in bytes: a content of 64 KiB less one, and its header.
const LONGEST: usize = 0xffff + 4;

fn too_long(bytes: usize, checks: &mut [Check]) {
    if let Some(check) = checks.iter_mut().find(|check| check.kind == CheckKind::Usage) {
        let found = format!("{bytes} bytes, and rustls-webpki reads no more than {LONGEST}");
        check.fail(Reason::Malformed, found);
    }
}

/// Policy `lab` trusts a pinned certificate whatever it is; rustls knows paths only, so it takes a pinned one that is its
/// own issuer, no CA and of version 3, and no other. And it compares names byte for byte.
fn asks_about_path(leaf: &CertFacts, path: &Path<'_>, policy: Policy) -> bool {
    let is_a_path = match path {
        Path::Pinned => {
            leaf.is_self_issued()
                && leaf.is_ca() != Some(true)
                && !checks::is_pinned_version_1(leaf, path, policy)
        }
        _ => path.renamed().is_none(),
    };
    policy == Policy::Webpki || is_a_path
}

/// Policy `lab` takes a name that is in the CN only, or of a form that no certificate should have; rustls looks at
/// alternative names in their proper form.
fn asks_about_name(leaf: &CertFacts, criteria: &Criteria) -> bool {
    let is_proper = leaf.subject_alt_names().is_some()
        && criteria.name.as_ref().is_none_or(|name| names::remarks(leaf, name).is_empty());
    criteria.policy == Policy::Webpki || is_proper
}

fn verify_path(chain: &[CertificateDer<'_>], criteria: &Criteria, at: OffsetDateTime) -> Result<(), Error> {
    let (leaf, intermediates) = chain.split_first().ok_or(Error::NoCertificatesPresented)?;
    let mut roots = RootCertStore::empty();
    // What rustls cannot read as an anchor, it cannot trust: that shows as an unknown issuer.
    roots.add_parsable_certificates(criteria.trusted.anchors().iter().map(|anchor| anchor.der.clone()));
    let now =
        UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(at.unix_timestamp()).unwrap_or(0)));
    match criteria.usage {
        Usage::Server => rustls::client::verify_server_cert_signed_by_trust_anchor(
            &ParsedCertificate::try_from(leaf)?,
            &roots,
            intermediates,
            now,
            crypto::provider().signature_verification_algorithms.all,
        ),
        Usage::Client => {
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), crypto::provider())
                .build()
                .map_err(|_| Error::InvalidCertificate(CertificateError::UnknownIssuer))?;
            verifier.verify_client_cert(leaf, intermediates, now).map(drop)
        }
    }
}

fn verify_name(chain: &[CertificateDer<'_>], criteria: &Criteria) -> Result<(), Error> {
    let leaf = chain.first().ok_or(Error::NoCertificatesPresented)?;
    let not_valid = || Error::InvalidCertificate(CertificateError::NotValidForName);
    let name = match &criteria.name {
        Some(ExpectedName::Dns(name)) => ServerName::try_from(name.as_str()).map_err(|_| not_valid())?,
        Some(ExpectedName::Ip(address)) => ServerName::from(*address),
        Some(ExpectedName::Text(_)) => return Err(not_valid()),
        // It knows no mailboxes.
        Some(ExpectedName::Email(_)) | None => return Ok(()),
    };
    rustls::client::verify_server_name(&ParsedCertificate::try_from(leaf)?, &name)
}

/// Which check an error of rustls-webpki's belongs to, and why.
fn place(error: &Error) -> (CheckKind, Reason) {
    use CertificateError as E;
    let Error::InvalidCertificate(error) = error else { return (CheckKind::Trust, Reason::Malformed) };
    match error {
        E::BadEncoding => (CheckKind::Usage, Reason::Malformed),
        E::Expired | E::ExpiredContext { .. } => (CheckKind::NotAfter, Reason::Expired),
        E::InvalidPurpose | E::InvalidPurposeContext { .. } | E::UnhandledCriticalExtension => {
            (CheckKind::Usage, Reason::BadUsage)
        }
        E::NotValidForName | E::NotValidForNameContext { .. } => (CheckKind::Name, Reason::WrongName),
        E::NotValidYet | E::NotValidYetContext { .. } => (CheckKind::NotBefore, Reason::NotYetValid),
        E::UnsupportedSignatureAlgorithmContext { .. }
        | E::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            (CheckKind::Strength, Reason::WeakSignature)
        }
        // Unknown issuers; and name constraints, path lengths and CA flags, which come as `Other`. Bad signatures too:
        // those of the path have been verified before, so this is what rustls says where it tried another one.
        _ => (CheckKind::Trust, Reason::Untrusted),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_its_place() {
        use CertificateError as E;
        for (error, kind, status) in [
            (E::BadEncoding, CheckKind::Usage, 14),
            (E::BadSignature, CheckKind::Trust, 10),
            (E::Expired, CheckKind::NotAfter, 12),
            (E::InvalidPurpose, CheckKind::Usage, 14),
            (E::NotValidForName, CheckKind::Name, 11),
            (E::NotValidYet, CheckKind::NotBefore, 13),
            (E::UnhandledCriticalExtension, CheckKind::Usage, 14),
            (E::UnknownIssuer, CheckKind::Trust, 10),
            (E::Revoked, CheckKind::Trust, 10),
        ] {
            let (found, reason) = place(&Error::InvalidCertificate(error.clone()));
            assert_eq!((found, reason.exit_status()), (kind, status), "{error:?}");
        }
    }
}
