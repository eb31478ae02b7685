//! `inspect --who` against those it speaks of: every prediction, for every entry of the catalogue, every fixture and every
//! shape, is held against the verifier itself; and policy webpki takes nothing that any of them refuses, but for what is
//! named.

use std::collections::HashSet;
use std::sync::Arc;

use time::OffsetDateTime;
use tlslab::audit::catalogue::workshop::Workshop;
use tlslab::pki::key::KeyAlgorithm;
use tlslab::verify::{Criteria, Policy, Revocation, TrustSet, Usage, judge};
use tlslab::who::Verifier;

use super::bench::{Bench, read};
use super::judges::Question;
use super::shapes::{SHAPES, key_shapes};
use crate::lab::peer;

/// On what others refuse what our policy webpki takes, all there is: what RFC 5280 leaves free or does not know.
const TAKEN: [&str; 4] = [
    // No fault: they cannot verify it.
    "an Ed25519 key",
    // §6.1.4 (n): key usage, "if present".
    "a CA without a key usage",
    // Mozilla's own rule.
    "an extended key usage with OCSPSigning, an OCSP responder's",
    // RFC 7633: of revocation, which is not checked.
    "it demands a TLS extension that the server does not have",
];

/// How a stack's own limit on handshake messages is said; RFC 8446 §4 allows them to be as long as 2^24 - 1.
const TOO_LONG_FOR_SOME: &str = "a chain of ";

/// What policy webpki says, which `connect` by its own default does not.
fn accepted_by_webpki(question: &Question) -> bool {
    let [chain, trusted] = ["cert.pem", "ca.pem"].map(|name| read(&question.folder.join(name)));
    let criteria = Criteria {
        trusted: Arc::new(TrustSet::new(&trusted).expect("certificates")),
        name: Some(question.name.parse().expect("a name")),
        usage: Usage::Server,
        policy: Policy::Webpki,
        revocation: Revocation::default(),
    };
    judge(&chain, &criteria, OffsetDateTime::now_utc()).accepted()
}

#[test]
fn every_prediction_is_what_the_verifier_itself_says_and_none_is_stricter_than_we() {
    let mut bench = Bench::new();
    bench.add_shapes("", SHAPES, &Workshop::new(KeyAlgorithm::EcP256));
    for (kind, algorithm) in [("RSA: ", KeyAlgorithm::Rsa2048), ("Ed25519: ", KeyAlgorithm::Ed25519)] {
        bench.add_shapes(kind, key_shapes(), &Workshop::new(algorithm));
    }
    bench.add_critical();
    bench.add_catalogue();
    if peer("openssl") {
        bench.add_weak(&Workshop::new(KeyAlgorithm::EcP256));
    }
    let accepted: HashSet<&str> = bench
        .questions
        .iter()
        .filter(|question| accepted_by_webpki(question))
        .map(|q| q.title.as_str())
        .collect();
    let compared = bench.compare();
    let (predicted, not_known): (Vec<_>, Vec<_>) = compared.iter().partition(|one| one.held().is_some());
    let wrong: Vec<String> =
        predicted.iter().filter(|one| one.held() == Some(false)).map(|one| one.words()).collect();
    let laxer: Vec<String> = compared
        .iter()
        // Policy lab is another matter: it wants a CN.
        .filter(|one| one.verifier != Verifier::Lab && !one.answer.accepts)
        .filter(|one| accepted.contains(one.question.title.as_str()))
        .filter(|one| {
            !one.prediction.refusals().iter().any(|refusal| {
                TAKEN.contains(&refusal.words.as_str()) || refusal.words.starts_with(TOO_LONG_FOR_SOME)
            })
        })
        .map(|one| format!("{}: {} refuses it: {}", one.question.title, one.verifier, one.answer.words))
        .collect();
    eprintln!(
        "{} predictions held against the verifiers, about {} certificates; {} wrong, and {} times nothing is predicted; \
         of the {} that policy webpki takes, {} are refused for a reason that is not named",
        predicted.len(),
        bench.questions.len(),
        wrong.len(),
        not_known.len(),
        accepted.len(),
        laxer.len()
    );
    assert!(
        wrong.is_empty() && laxer.is_empty(),
        "wrong predictions:\n{}\npolicy webpki takes what others refuse:\n{}",
        wrong.join("\n"),
        laxer.join("\n")
    );
}
