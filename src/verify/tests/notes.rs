//! What other verifiers would say.

use super::*;
use crate::pki::issue::extension::{
    AUTHORITY_KEY_IDENTIFIER, BASIC_CONSTRAINTS, EXTENDED_KEY_USAGE, KEY_USAGE, SUBJECT_ALT_NAME,
};

#[test]
fn what_strict_python_misses_in_a_chain_is_a_note() {
    let keys = Keys::new(KeyAlgorithm::EcP256);
    let notes = |model, place, edit: Edit<'_>| {
        let (chain, trusted) = keys.chain(model, place, edit);
        let found = verdict(&chain, &trusted, Policy::Webpki);
        assert!(found.accepted(), "{found:#?}");
        found.notes
    };
    let no_authority = |plan: &mut Plan| assert!(plan.remove_extension(AUTHORITY_KEY_IDENTIFIER));
    let no_usage = |plan: &mut Plan| assert!(plan.remove_extension(KEY_USAGE));
    for model in MODELS {
        assert!(notes(model, Place::Leaf, &|_| {}).is_empty());
    }
    // A root's authority is itself; a pinned certificate is no chain.
    assert!(notes(Model::Root, Place::Root, &no_authority).is_empty());
    assert!(notes(Model::Pinned, Place::Leaf, &no_authority).is_empty());
    assert_eq!(
        notes(Model::Intermediate, Place::Root, &no_usage),
        ["OpenSSL -x509_strict, Python 3.13 refuse it: a CA without a key usage"]
    );
}

#[test]
fn who_refuses_an_openssl_certificate_is_a_note_where_tlslab_takes_it() {
    let keys = Keys::new(KeyAlgorithm::EcP256);
    let (chain, trusted) = keys.chain(Model::Pinned, Place::Leaf, &|plan| {
        plan.remove_extension(SUBJECT_ALT_NAME);
        plan.remove_extension(EXTENDED_KEY_USAGE);
        plan.remove_extension(KEY_USAGE);
        plan.set_extension(BASIC_CONSTRAINTS, true, [0x30, 3, 1, 1, 0xff]);
    });
    let found = verdict(&chain, &trusted, Policy::Lab);
    assert!(found.accepted(), "{found:#?}");
    assert_eq!(
        found.notes,
        [
            "Firefox, rustls-webpki refuse it: CA:TRUE, a CA's certificate as a server's",
            "Firefox, Chromium, Go, rustls-webpki refuse it: no SAN, and the CN is no name",
        ]
    );
    // What is refused needs no note.
    assert!(verdict(&chain, &trusted, Policy::Webpki).notes.is_empty());
}
