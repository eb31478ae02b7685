//! The checks of a leaf, each a pure function of facts, rules and an instant.

use super::criteria::Rules;
use super::form::{self, Role};
use super::issuer::{self, Fault};
use super::keys::{self, MIN_RSA_BITS};
use super::path::Path;
use super::policy::Policy;
use super::signature::{self, Signed};
use super::verdict::{Check, CheckKind, Reason};
use crate::pki::facts::CertFacts;
use crate::words;

/// (1) The leaf is one of the trusted certificates, or chains to one.
pub(super) fn trust(path: &Path<'_>, self_signed: Option<&Signed>, trusted: usize) -> Check {
    let expected = match trusted {
        1 => "the trusted certificate itself, or a chain to it (RFC 5280 §6.1)".to_owned(),
        n => format!("one of {n} trusted certificates, or a chain to one (RFC 5280 §6.1)"),
    };
    let (reasons, found) = match path {
        // A pinned certificate is the trusted one byte for byte; a signature of its own that does not verify means
        // that the pinned file itself was tampered with, and one that cannot be verified, that nobody can tell.
        Path::Pinned => match self_signed {
            Some(Signed::Invalid) => (
                vec![Reason::Untrusted],
                "the trusted certificate itself, but its own signature does not verify".to_owned(),
            ),
            Some(Signed::Unsupported(words)) => (
                vec![Reason::Untrusted],
                format!("the trusted certificate itself, but its own signature cannot be verified: {words}"),
            ),
            _ => (Vec::new(), "the trusted certificate itself".to_owned()),
        },
        Path::Chain { certificates, faults } => {
            let (reasons, words) = of_check(faults, CheckKind::Trust);
            let anchor = certificates.last().map_or_else(String::new, |c| issuer::named(&c.subject));
            let found = if reasons.is_empty() { format!("a chain to {anchor}") } else { words };
            (reasons, found)
        }
        Path::Missing { reasons, found } => {
            (reasons.iter().copied().filter(|r| *r == Reason::Untrusted).collect(), found.clone())
        }
    };
    Check::new(CheckKind::Trust, reasons, expected, found)
}

/// (3) notBefore has come.
pub(super) fn not_before(leaf: &CertFacts, path: &Path<'_>, rules: Rules) -> Check {
    let early = rules.at < leaf.not_before;
    validity(
        CheckKind::NotBefore,
        early.then_some(Reason::NotYetValid),
        format!("not before the certificate's time; it is {}", words::instant(rules.at)),
        format!("valid from {}", words::since(leaf.not_before, rules.at)),
        path,
    )
}

/// (3) notAfter has not passed; the last second counts.
pub(super) fn not_after(leaf: &CertFacts, path: &Path<'_>, rules: Rules) -> Check {
    let late = rules.at > leaf.not_after;
    validity(
        CheckKind::NotAfter,
        late.then_some(Reason::Expired),
        format!("not after the certificate's time; it is {}", words::instant(rules.at)),
        format!("valid until {}", words::since(leaf.not_after, rules.at)),
        path,
    )
}

fn validity(
    kind: CheckKind,
    reason: Option<Reason>,
    expected: String,
    found: String,
    path: &Path<'_>,
) -> Check {
    let (above, above_words) = path_faults(path, kind);
    let mut reasons: Vec<Reason> = reason.into_iter().collect();
    reasons.extend(above.iter().filter(|r| Some(**r) != reason));
    let found = if above_words.is_empty() { found } else { format!("{found}; {above_words}") };
    Check::new(kind, reasons, expected, found)
}

/// (4) The certificate is meant for this, has the form of a certificate, and holds nothing that must be understood and
/// is not.
pub(super) fn usage(leaf: &CertFacts, path: &Path<'_>, rules: Rules) -> Check {
    let pinned = matches!(path, Path::Pinned);
    let mut reasons = Vec::new();
    let mut found = Vec::new();
    let mut fault = |reason, words: String| {
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
        found.push(words);
    };
    // Extensions say what a certificate is for, and only version 3 has them (RFC 5280 §4.1.2.1). Policy lab takes one of
    // version 1 that is trusted for its own sake: `openssl x509 -req -signkey` makes them.
    if leaf.version != 3 && !is_pinned_version_1(leaf, path, rules.policy) {
        fault(Reason::BadUsage, format!("version {}, which cannot say what it is for", leaf.version));
    }
    if let Some(purposes) = leaf.extended_key_usage()
        && !issuer::allows(purposes, rules.usage)
    {
        fault(Reason::BadUsage, format!("its extended key usage is not for {}", rules.usage));
    }
    if let Some(usage) = leaf.key_usage() {
        // RFC 8446 §4.4.2.2
        if !usage.digital_signature() {
            fault(Reason::BadUsage, "its key usage does not allow signing handshakes".to_owned());
        }
        // RFC 5280 §4.2.1.3: keyCertSign asks for cA.
        if usage.key_cert_sign() && leaf.is_ca() != Some(true) {
            fault(Reason::BadUsage, "its key usage allows signing certificates, yet it is no CA".to_owned());
        }
    }
    // The lab sheet's openssl certificate is CA:TRUE; it is taken where it is pinned, and only by policy lab.
    if leaf.is_ca() == Some(true) && !(pinned && rules.policy == Policy::Lab) {
        fault(Reason::BadUsage, "CA:TRUE: a CA's certificate, not a server's or client's".to_owned());
    }
    for words in form::unknown_critical(leaf) {
        fault(Reason::BadUsage, words);
    }
    let role = if pinned { Role::Pinned } else { Role::Leaf };
    for words in form::malformations(leaf).into_iter().chain(form::breaches(leaf, role)) {
        fault(Reason::Malformed, words);
    }
    let (above, above_words) = path_faults(path, CheckKind::Usage);
    for reason in above {
        fault(reason, above_words.clone());
    }
    let found = if found.is_empty() { said_usage(leaf) } else { found.join("; ") };
    let expected = format!(
        "a certificate for {}, in the form of RFC 5280, with no critical extension that is unknown",
        rules.usage
    );
    Check::new(CheckKind::Usage, reasons, expected, found)
}

/// The version 1 certificate that policy lab takes: without extensions, and itself trusted.
pub(super) fn is_pinned_version_1(leaf: &CertFacts, path: &Path<'_>, policy: Policy) -> bool {
    let is_version_1 = leaf.version == 1 && leaf.extensions.is_empty();
    is_version_1 && policy == Policy::Lab && matches!(path, Path::Pinned)
}

fn said_usage(leaf: &CertFacts) -> String {
    let mut parts = Vec::new();
    if let Some(usage) = leaf.key_usage() {
        parts.push(format!("key usage {}", usage.names().collect::<Vec<_>>().join(", ")));
    }
    if leaf.extended_key_usage().is_some() {
        parts.push("an extended key usage that allows it".to_owned());
    }
    if leaf.is_ca() == Some(true) {
        parts.push("CA:TRUE".to_owned());
    }
    if parts.is_empty() { "no restriction".to_owned() } else { parts.join("; ") }
}

/// (5) Key and signature are strong enough to prove anything.
pub(super) fn strength(leaf: &CertFacts, path: &Path<'_>) -> Check {
    let mut reasons = Vec::new();
    let mut weaknesses = Vec::new();
    let key = keys::weak_key(&leaf.public_key);
    let hash = signature::weak_hash(&leaf.signature_algorithm);
    for weakness in key.into_iter().chain(hash) {
        reasons.push(weakness.reason);
        weaknesses.push(weakness.words);
    }
    if let Path::Chain { faults, .. } = path {
        for fault in faults.iter().filter(|fault| fault.check == CheckKind::Strength) {
            if !reasons.contains(&fault.reason) {
                reasons.push(fault.reason);
            }
            if !weaknesses.contains(&fault.words) {
                weaknesses.push(fault.words.clone());
            }
        }
    }
    let found = if weaknesses.is_empty() {
        format!("{}, signed with {}", leaf.public_key.kind, leaf.signature_algorithm.name)
    } else {
        weaknesses.join("; ")
    };
    let expected =
        format!("RSA of {MIN_RSA_BITS} bits or more, an elliptic curve or ML-DSA, no MD5 or SHA-1 signature");
    Check::new(CheckKind::Strength, reasons, expected, found)
}

/// The certificate's own signature. (6), the handshake's, is added by [`super::live`].
pub(super) fn certificate_signature(path: &Path<'_>, self_signed: Option<&Signed>) -> Check {
    let (reasons, found) = match path {
        Path::Pinned => match self_signed {
            Some(Signed::Valid) => (Vec::new(), "the certificate's own signature verifies".to_owned()),
            Some(Signed::Invalid) => {
                (vec![Reason::BadSignature], "the certificate's own signature does not verify".to_owned())
            }
            // Refused by the strength check.
            Some(Signed::TooWeak(weakness)) => {
                (Vec::new(), format!("not looked at: {} proves nothing", weakness.words))
            }
            // Not known to be false, so no bad signature: untrusted.
            Some(Signed::Unsupported(words)) => {
                (vec![Reason::Untrusted], format!("the certificate's own cannot be verified: {words}"))
            }
            None => (Vec::new(), "not needed: it is trusted, and its issuer is not here".to_owned()),
        },
        Path::Chain { .. } => (Vec::new(), "every signature of the chain verifies".to_owned()),
        Path::Missing { reasons, found } if reasons.contains(&Reason::BadSignature) => {
            (vec![Reason::BadSignature], found.clone())
        }
        Path::Missing { .. } => (Vec::new(), "not looked at: there is no issuer to check it by".to_owned()),
    };
    let expected = "a certificate signature that verifies by its issuer's key".to_owned();
    Check::new(CheckKind::Signature, reasons, expected, found)
}

fn path_faults(path: &Path<'_>, check: CheckKind) -> (Vec<Reason>, String) {
    match path {
        Path::Chain { faults, .. } => of_check(faults, check),
        _ => (Vec::new(), String::new()),
    }
}

fn of_check(faults: &[Fault], check: CheckKind) -> (Vec<Reason>, String) {
    let mut reasons = Vec::new();
    let mut words = Vec::new();
    for fault in faults.iter().filter(|fault| fault.check == check) {
        if !reasons.contains(&fault.reason) {
            reasons.push(fault.reason);
        }
        words.push(fault.words.as_str());
    }
    (reasons, words.join("; "))
}
