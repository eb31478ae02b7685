//! What other verifiers would say of a certificate that policy `lab` takes.
//!
//! Each note is a rule of a named verifier, measured against it; they change no verdict.

use crate::pki::facts::CertFacts;

/// Remarks on `leaf`, trusted directly (`pinned`) or through a chain.
pub(super) fn of(leaf: &CertFacts, pinned: bool) -> Vec<String> {
    let mut notes = Vec::new();
    if pinned && leaf.is_ca() == Some(true) {
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
    notes
}
