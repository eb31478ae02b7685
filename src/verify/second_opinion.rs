//! rustls' own verifier, asked after ours has accepted: policy `webpki` is never laxer than it.

use std::sync::Arc;
use std::time::Duration;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::{CertificateError, Error, RootCertStore};
use time::OffsetDateTime;

use super::{Check, CheckKind, Criteria, ExpectedName, Reason, Usage};
use crate::crypto;

/// Asks rustls, and where it refuses what we accepted, fails the check that its reason belongs to.
pub(super) fn ask(
    chain: &[CertificateDer<'_>],
    criteria: &Criteria,
    at: OffsetDateTime,
    checks: &mut [Check],
) {
    let Err(error) = verify(chain, criteria, at) else { return };
    let (kind, reason) = place(&error);
    // Every check is always present but the name's, which is absent where no name is expected; trust is first.
    let index = checks.iter().position(|check| check.kind == kind).unwrap_or(0);
    if let Some(check) = checks.get_mut(index) {
        check.reasons.push(reason);
        check.found = format!("{}; rustls-webpki refuses it: {error}", check.found);
    }
}

fn verify(chain: &[CertificateDer<'_>], criteria: &Criteria, at: OffsetDateTime) -> Result<(), Error> {
    let (leaf, intermediates) = chain.split_first().ok_or(Error::NoCertificatesPresented)?;
    let mut roots = RootCertStore::empty();
    // What rustls cannot read as an anchor, it cannot trust: that shows as an unknown issuer.
    roots.add_parsable_certificates(criteria.trusted.anchors().iter().map(|anchor| anchor.der.clone()));
    let now =
        UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(at.unix_timestamp()).unwrap_or(0)));
    let no_anchor = || Error::InvalidCertificate(CertificateError::UnknownIssuer);
    match criteria.usage {
        Usage::Server => {
            let name = match &criteria.name {
                Some(ExpectedName::Dns(name)) => ServerName::try_from(name.as_str())
                    .map_err(|_| Error::InvalidCertificate(CertificateError::NotValidForName))?
                    .to_owned(),
                Some(ExpectedName::Ip(address)) => ServerName::from(*address),
                Some(ExpectedName::Text(_)) => {
                    return Err(Error::InvalidCertificate(CertificateError::NotValidForName));
                }
                // No name was asked for; rustls insists on one, so the path alone is asked about.
                None => return path_only(leaf, intermediates, &roots, now),
            };
            let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), crypto::provider())
                .build()
                .map_err(|_| no_anchor())?;
            verifier.verify_server_cert(leaf, intermediates, &name, &[], now).map(drop)
        }
        Usage::Client => {
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), crypto::provider())
                .build()
                .map_err(|_| no_anchor())?;
            verifier.verify_client_cert(leaf, intermediates, now).map(drop)
        }
    }
}

fn path_only(
    leaf: &CertificateDer<'_>,
    intermediates: &[CertificateDer<'_>],
    roots: &RootCertStore,
    now: UnixTime,
) -> Result<(), Error> {
    let leaf = rustls::server::ParsedCertificate::try_from(leaf)?;
    rustls::client::verify_server_cert_signed_by_trust_anchor(
        &leaf,
        roots,
        intermediates,
        now,
        crypto::provider().signature_verification_algorithms.all,
    )
}

/// Which check an error of rustls-webpki's belongs to, and why.
fn place(error: &Error) -> (CheckKind, Reason) {
    use CertificateError as E;
    let Error::InvalidCertificate(error) = error else { return (CheckKind::Trust, Reason::Malformed) };
    match error {
        E::BadEncoding => (CheckKind::Usage, Reason::Malformed),
        E::BadSignature => (CheckKind::Signature, Reason::BadSignature),
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
        E::UnknownIssuer => (CheckKind::Trust, Reason::Untrusted),
        // Name constraints, path lengths and CA flags come as `Other`.
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
            (E::BadSignature, CheckKind::Signature, 14),
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
