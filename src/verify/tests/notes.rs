//! What other verifiers would say.

use super::*;
use crate::pki::issue::extension::{AUTHORITY_KEY_IDENTIFIER, KEY_USAGE, SUBJECT_KEY_IDENTIFIER};

#[test]
fn what_strict_python_misses_in_a_chain_is_a_note() {
    let keys = Keys::new(KeyAlgorithm::EcP256);
    let notes = |model, place, edit: Edit<'_>| {
        let (chain, trusted) = keys.chain(model, place, edit);
        let found = verdict(&chain, &trusted, Policy::Webpki);
        assert!(found.accepted(), "{found:#?}");
        found.notes
    };
    let strict = "Python 3.13 (VERIFY_X509_STRICT, openssl's -x509_strict) refuses the chain";
    let no_authority = |plan: &mut Plan| assert!(plan.remove_extension(AUTHORITY_KEY_IDENTIFIER));
    let no_subject_key = |plan: &mut Plan| assert!(plan.remove_extension(SUBJECT_KEY_IDENTIFIER));
    let no_usage = |plan: &mut Plan| assert!(plan.remove_extension(KEY_USAGE));
    for model in MODELS {
        assert!(notes(model, Place::Leaf, &|_| {}).is_empty());
    }
    // A root's authority is itself; a pinned certificate is no chain.
    assert!(notes(Model::Root, Place::Root, &no_authority).is_empty());
    assert!(notes(Model::Pinned, Place::Leaf, &no_authority).is_empty());
    for (place, edit, missing) in [
        (Place::Leaf, &no_authority as Edit<'_>, "no authority key identifier"),
        (Place::Issuer, &no_authority, "no authority key identifier"),
        (Place::Issuer, &no_subject_key, "a CA without a subject key identifier"),
        (Place::Root, &no_subject_key, "a CA without a subject key identifier"),
        (Place::Root, &no_usage, "a CA without a key usage"),
    ] {
        assert_eq!(notes(Model::Intermediate, place, edit), [format!("{missing}: {strict}")]);
    }
}
