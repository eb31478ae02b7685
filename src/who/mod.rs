//! Who else would take this certificate? What other verifiers say of it, predicted.
//!
//! [`predict`] is a pure function of a [`Case`]: a certificate, how it comes to be trusted, the expected name and an
//! instant. Each [`Verifier`] has a list of [`Rule`]s, one per condition on which it refuses, with the source that
//! it is known from, for the [`Release`]s that were measured; of other releases, and of what a verifier was not seen with,
//! nothing is predicted. The tests hold every prediction for the whole catalogue, and for shapes that verifiers differ
//! about, against the verifier itself, in live handshakes, where the installed release is one that was measured. tlslab's
//! own verdict is no rule: it is asked; and so is rustls-webpki, where no rule of its speaks.
//!
//! What is assumed: that the trusted certificate or the private CA is the only anchor, that the server sends the
//! whole chain, holds the key and staples no OCSP response, and that what is not given of the chain is healthy. Not
//! predicted: revocation, Certificate Transparency and the rules of public CAs, by which no private certificate is
//! judged.

mod asked;
mod case;
mod chain;
mod condition;
mod names;
mod notes;
mod prediction;
mod release;
mod rules;
mod verifier;

use rules::Findings;

pub use case::Case;
pub use chain::{chain, chains};
pub use condition::{Condition, Constrained, Whom};
pub use names::{CommonNames, NameRules, Stars, Wildcards};
pub use notes::{notes, notes_on, own_name};
pub use prediction::{Prediction, Refusal, Says};
pub use release::{BadRelease, Build, RELEASES, Release, Version, Wanted};
pub use rules::{RULES, Releases, Rule};
pub use verifier::Verifier;

/// What every verifier will say, in the order of [`Verifier::ALL`]: of each the newest release that was measured, or the
/// one that is `wanted`.
pub fn predict(case: &Case<'_>, wanted: &[Wanted]) -> Vec<Prediction> {
    let mut findings = Findings::of(case);
    Verifier::ALL
        .into_iter()
        .map(|verifier| {
            let wanted = wanted.iter().rev().find(|wanted| wanted.is_for(verifier));
            let release = wanted.map_or_else(|| Release::newest(verifier), Wanted::release);
            let says = match (verifier, release, wanted) {
                (Verifier::Lab, ..) => said(asked::lab(case)),
                (_, Some(release), _) => by_rule(verifier, release, &mut findings),
                (_, None, wanted) => Says::NotKnown(wanted.map(Wanted::unmeasured).unwrap_or_default()),
            };
            Prediction { verifier, release, says }
        })
        .collect()
}

fn said(refusals: Vec<Refusal>) -> Says {
    if refusals.is_empty() { Says::Accept } else { Says::Refuse(refusals) }
}

/// What follows from the rules; where none refuses, and the certificate has something about it that the verifier was
/// not seen with, nothing does.
fn by_rule(verifier: Verifier, release: &Release, findings: &mut Findings<'_, '_>) -> Says {
    let mut refusals = findings.refusals(verifier, release);
    if verifier == Verifier::RustlsWebpki && refusals.is_empty() {
        refusals.extend(asked::rustls_webpki(findings.case()));
    }
    match findings.not_seen(verifier) {
        Some(words) if refusals.is_empty() => Says::NotKnown(words),
        _ => said(refusals),
    }
}
