//! A certificate, request, public key or file of them in DER or PEM: everything that turns bytes into facts, and every
//! report of them.
//!
//! `tests/fuzz/run 30 facts`
#![no_main]

use libfuzzer_sys::fuzz_target;
use tlslab::pki::facts::{CertFacts, PublicKeyFacts, SignatureAlgorithm};
use tlslab::pki::issue::Plan;
use tlslab::pki::items::items;
use tlslab::pki::request::RequestFacts;
use tlslab::verify::{check_request, self_signed};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(facts) = CertFacts::read(bytes) {
        let _ = self_signed(&facts);
    }
    if let Ok(request) = RequestFacts::read(bytes) {
        let _ = check_request(&request);
    }
    let _ = (PublicKeyFacts::read(bytes), SignatureAlgorithm::read(bytes), items(bytes));
    // What a plan takes in it says again, and then stays the same.
    if let Ok(plan) = Plan::from_certificate(bytes) {
        let sign = |_: &[u8]| Ok::<_, ()>(vec![0; 64]);
        let again = plan.sign_with(sign).expect("nothing fails");
        let read = Plan::from_certificate(&again).expect("it wrote it itself");
        assert_eq!(read.to_tbs_der(), plan.to_tbs_der());
    }
});
