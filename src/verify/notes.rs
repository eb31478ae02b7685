//! What other verifiers would say of a certificate that ours takes.
//!
//! Each note is a rule of a named verifier, measured against it; they change no verdict.

use super::form;
use super::path::Path;
use crate::pki::facts::CertFacts;

/// Remarks on `leaf` and on how it came to be trusted.
pub(super) fn of(leaf: &CertFacts, path: &Path<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    if matches!(path, Path::Pinned) && leaf.is_ca() == Some(true) {
        notes.push(
            "CA:TRUE: rustls-webpki (CaUsedAsEndEntity) and Firefox (CA_CERT_USED_AS_END_ENTITY) refuse a CA's \
             certificate as a server's; openssl, curl, Python, GnuTLS, Go and Java take it"
                .to_owned(),
        );
    }
    if leaf.subject_alt_names().is_none() && leaf.subject.common_names().next().is_some() {
        notes.push(
            "no SAN: Go, rustls-webpki and browsers never look at the CN (RFC 9525 §6.3) and refuse the name; \
             openssl, curl, Python, GnuTLS and Java fall back to the CN"
                .to_owned(),
        );
    }
    if let Path::Chain { certificates, .. } = path {
        let missing = missing_in_chain(certificates);
        if !missing.is_empty() {
            notes.push(format!(
                "{}: Python 3.13 (VERIFY_X509_STRICT, openssl's -x509_strict) refuses the chain",
                missing.join(", ")
            ));
        }
    }
    notes
}

/// What RFC 5280 §4.2.1.1 to §4.2.1.3 tell CAs to put into certificates, and what is absent from this chain.
fn missing_in_chain(certificates: &[&CertFacts]) -> Vec<&'static str> {
    let authorities = certificates.iter().filter(|c| c.is_ca() == Some(true)).collect::<Vec<_>>();
    // Where a chain ends, there is nobody above to identify.
    let issued = certificates.split_last().map_or(certificates, |(_, issued)| issued);
    [
        ("no authority key identifier", issued.iter().any(|c| form::authority_key_id(c).is_none())),
        (
            "a CA without a subject key identifier",
            authorities.iter().any(|c| form::subject_key_id(c).is_none()),
        ),
        ("a CA without a key usage", authorities.iter().any(|c| c.key_usage().is_none())),
    ]
    .into_iter()
    .filter_map(|(words, missing)| missing.then_some(words))
    .collect()
}
