//! A hostile chain: the verifier answers, by both policies and for both usages, and its answer is consistent.
//!
//! The input is certificates in DER, one after the other: the first is trusted, the rest are presented.
//!
//! `tests/fuzz/run 30 verify`
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use rustls_pki_types::CertificateDer;
use time::OffsetDateTime;
use tlslab::verify::{Criteria, ExpectedName, Policy, Revocation, TrustSet, Usage, judge};

/// The elements of DER in a row: every certificate says how long it is.
fn certificates(mut bytes: &[u8]) -> Vec<CertificateDer<'static>> {
    let mut found = Vec::new();
    while let [_, 0x82, high, low, ..] = bytes {
        let length = (usize::from(*high) << 8 | usize::from(*low)) + 4;
        let (one, rest) = bytes.split_at(length.min(bytes.len()));
        found.push(CertificateDer::from(one.to_vec()));
        bytes = rest;
    }
    found
}

fuzz_target!(|bytes: &[u8]| {
    let certificates = certificates(bytes);
    let Some((trusted, presented)) = certificates.split_first() else { return };
    let Ok(trusted) = TrustSet::new([trusted]) else { return };
    let trusted = Arc::new(trusted);
    let chain = if presented.is_empty() { &certificates[..] } else { presented };
    for policy in [Policy::Lab, Policy::Webpki] {
        for usage in [Usage::Server, Usage::Client] {
            let name = Some(ExpectedName::Dns("www.test.org".to_owned()));
            let criteria = Criteria {
                trusted: Arc::clone(&trusted),
                name,
                usage,
                policy,
                revocation: Revocation::default(),
            };
            let at = OffsetDateTime::from_unix_timestamp(2_222_222_222).expect("the year 2040");
            let verdict = judge(chain, &criteria, at);
            assert_eq!(verdict.accepted(), verdict.reasons().is_empty());
            assert_eq!(verdict.accepted(), verdict.exit_status() == 0);
        }
    }
});
