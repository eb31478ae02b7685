//! Certificates that others made.

use rustls::pki_types::pem::PemObject;

use super::super::Reason::{BadUsage, WrongName};
use super::*;
use crate::pki::facts::CertFacts;
use crate::verify::form::{self, Role};

/// What `openssl req -x509 -newkey rsa:4096` makes by Debian's configuration, as the lab sheet has it.
const OPENSSL_STYLE: &str = include_str!("../../../fixtures/openssl-style/cert.pem");

#[test]
fn the_lab_sheets_own_certificate_is_taken_by_lab_when_pinned() {
    let pinned = CertificateDer::from_pem_slice(OPENSSL_STYLE.as_bytes()).unwrap();
    let at = datetime!(2027-01-01 0:00 UTC);
    for (policy, expected) in [(Policy::Lab, &[][..]), (Policy::Webpki, &[WrongName, BadUsage])] {
        let found =
            judge(std::slice::from_ref(&pinned), &criteria(std::slice::from_ref(&pinned), policy), at);
        assert_eq!(found.reasons(), expected, "{found:#?}");
    }
}

/// No rule of form may lose the platform's own roots, but for the few that say CA:TRUE without marking it critical,
/// against RFC 5280 §4.2.1.9: relics that Mozilla's store has dropped, and older copies of it still carry.
#[test]
fn the_platforms_roots_keep_the_rules_of_form() {
    let store = rustls_native_certs::load_native_certs().certs;
    if store.is_empty() {
        eprintln!("SKIPPED: this machine has no trusted certificates");
    }
    let mut lost = 0;
    for der in &store {
        let Ok(root) = CertFacts::read(der) else { continue };
        let mut faults = form::malformations(&root);
        faults.extend(form::breaches(&root, Role::Anchor));
        faults.extend(form::unknown_critical(&root));
        if !faults.is_empty() {
            println!("{}: {}", root.subject, faults.join("; "));
            lost += 1;
        }
    }
    // 3 of 144 on Debian 12, none of Mozilla's 117 of late 2026; somebody's own roots may be anything.
    assert!(lost * 20 <= store.len(), "{lost} of {} roots lost", store.len());
}
