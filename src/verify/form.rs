//! Rules of form: what RFC 5280 §4 asks of a certificate, whoever uses it and for whatever.
//!
//! They bind both policies and every trust model alike. [`malformations`] are certificates that say something twice,
//! unreadably or in contradiction; [`breaches`] are certificates that can be read, and that no conforming CA makes.
//! [`unknown_critical`] are those that say what nobody here understands.
//!
//! What the profile demands of a conforming CA binds, also where §6.1 would find a path without it: who takes less than
//! the strictest verifier does (OpenSSL's `X509_V_FLAG_X509_STRICT`, Python's default from 3.13 on) helps to spread
//! what they refuse. One thing is let go, for §6.1.4 (n) tells the validator so, and becomes a note: a CA without a key
//! usage. Rules of the CA/Browser Forum that RFC 5280 does not have are not asked either.

use std::collections::HashSet;

use crate::pki::facts::{CertFacts, Extension, KeyUsage};
use crate::pki::oid::{
    AUTHORITY_KEY_IDENTIFIER, BASIC_CONSTRAINTS, EXTENDED_KEY_USAGE, INHIBIT_ANY_POLICY, KEY_USAGE,
    NAME_CONSTRAINTS, Oid, POLICY_CONSTRAINTS, SUBJECT_ALT_NAME, SUBJECT_KEY_IDENTIFIER,
};

/// How many things of a kind are named before it is said how many more there are: what a report says about a hostile
/// certificate stays short, however much is wrong with it.
const LISTED: usize = 8;

/// Where a certificate stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Trusted, and the end of a chain.
    Anchor,
    /// Between the two.
    Intermediate,
    /// The peer's own.
    Leaf,
    /// The peer's own, and itself trusted.
    Pinned,
}

impl Role {
    /// Whether it is trusted for its own sake.
    fn is_trusted(self) -> bool {
        matches!(self, Self::Anchor | Self::Pinned)
    }

    /// Whether it issued another certificate of the chain.
    fn is_issuer(self) -> bool {
        matches!(self, Self::Anchor | Self::Intermediate)
    }
}

/// What makes the certificate say something twice, unreadably or in contradiction.
pub(super) fn malformations(certificate: &CertFacts) -> Vec<String> {
    let mut found = Vec::new();
    // RFC 5280 §4.1.1.2
    if !certificate.signature_algorithms_agree {
        found.push("its two signature algorithm fields differ".to_owned());
    }
    // §4.1.2.9
    if certificate.version != 3 && !certificate.extensions.is_empty() {
        found.push(format!("version {}, yet it has extensions", certificate.version));
    }
    // §4.2: at most one instance of an extension. By a set: a certificate can hold 100,000 extensions.
    let mut seen = HashSet::new();
    let repeated = certificate.extensions.iter().filter(|e| !seen.insert(e.oid));
    found.extend(listed(repeated.map(|e| format!("extension {} appears twice", e.oid))));
    found.extend(listed(certificate.extensions.iter().filter_map(|e| match &e.decoded {
        Extension::Malformed(words) => Some(format!("extension {} cannot be read: {words}", e.oid)),
        _ => None,
    })));
    found
}

/// Which rules of RFC 5280's profile the certificate breaks, in words.
pub(super) fn breaches(certificate: &CertFacts, role: Role) -> Vec<String> {
    const RULES: [fn(&CertFacts, Role) -> Option<String>; 13] = [
        serial_number,
        issuer_name,
        subject_name,
        authority_key_identifier_is_there,
        subject_key_identifier_is_there,
        key_identifiers_are_not_critical,
        authority_issuer_and_serial_are_a_pair,
        authority_of_a_self_signed_is_itself,
        alternative_names_stand_in_for_the_subject,
        an_issuers_basic_constraints_are_critical,
        path_length_is_a_cas,
        name_constraints_are_a_cas,
        policy_limits_are_critical,
    ];
    RULES.iter().filter_map(|rule| rule(certificate, role)).collect()
}

/// Critical extensions that this verifier does not process (RFC 5280 §4.2: then the certificate is to be refused), in
/// words.
pub(crate) fn unknown_critical(certificate: &CertFacts) -> Vec<String> {
    const PROCESSED: [Oid; 7] = [
        AUTHORITY_KEY_IDENTIFIER,
        BASIC_CONSTRAINTS,
        EXTENDED_KEY_USAGE,
        KEY_USAGE,
        NAME_CONSTRAINTS,
        SUBJECT_ALT_NAME,
        SUBJECT_KEY_IDENTIFIER,
    ];
    let unknown = certificate.extensions.iter().filter(|e| e.critical && !PROCESSED.contains(&e.oid));
    listed(unknown.map(|e| format!("unknown critical extension {}", e.oid)))
}

/// The first few, and how many more there are.
fn listed(mut items: impl Iterator<Item = String>) -> Vec<String> {
    let mut shown: Vec<String> = items.by_ref().take(LISTED).collect();
    match items.count() {
        0 => {}
        more => shown.push(format!("{more} more such")),
    }
    shown
}

/// §4.1.2.2: a positive INTEGER of at most 20 bytes. Not asked of an anchor, of which a path takes the name and the
/// key only (§6.1.1 (d)): the platforms' stores have roots with the serial number 0.
fn serial_number(certificate: &CertFacts, role: Role) -> Option<String> {
    if role == Role::Anchor {
        return None;
    }
    // One byte more holds the sign of a number that fills 20.
    let length = |serial: &[u8]| serial.strip_prefix(&[0]).unwrap_or(serial).len();
    let words = match certificate.serial.as_slice() {
        [0] => "0".to_owned(),
        [first, ..] if first & 0x80 != 0 => "negative".to_owned(),
        // X.690 §8.3.2: no byte more than the number needs.
        [0, second, ..] if second & 0x80 == 0 => "with a needless leading zero".to_owned(),
        serial if length(serial) > 20 => format!("of {} bytes", length(serial)),
        _ => return None,
    };
    Some(format!("its serial number is {words}, not a positive one of at most 20 bytes"))
}

/// §4.1.2.4: the issuer has a name.
fn issuer_name(certificate: &CertFacts, _: Role) -> Option<String> {
    certificate.issuer.is_empty().then(|| "its issuer has no name".to_owned())
}

/// §4.1.2.6: a CA has a name, and anybody else one of the alternative kind at least.
fn subject_name(certificate: &CertFacts, _: Role) -> Option<String> {
    if !certificate.subject.is_empty() {
        None
    } else if certificate.is_ca() == Some(true) {
        Some("a CA without a subject".to_owned())
    } else if certificate.extension(SUBJECT_ALT_NAME).is_none() {
        Some("neither a subject nor alternative names".to_owned())
    } else {
        None
    }
}

/// §4.2.1.1: the keyIdentifier of the issuer's key is in every certificate that is not self-signed. A self-issued
/// intermediate is not: its key is another than the one that signed it. Of what is trusted for its own sake nobody needs
/// to find the issuer.
fn authority_key_identifier_is_there(certificate: &CertFacts, role: Role) -> Option<String> {
    let has_an_issuer = match role {
        Role::Anchor | Role::Pinned => false,
        Role::Intermediate => true,
        Role::Leaf => !certificate.is_self_issued(),
    };
    // Earlier versions have no extensions, which is said elsewhere.
    (has_an_issuer && certificate.version == 3 && certificate.authority_key_id().is_none())
        .then(|| "no authority key identifier, which tells its issuer's key".to_owned())
}

/// §4.2.1.2: a CA's certificate names its key.
fn subject_key_identifier_is_there(certificate: &CertFacts, role: Role) -> Option<String> {
    (role.is_issuer() && certificate.is_ca() == Some(true) && certificate.subject_key_id().is_none())
        .then(|| "a CA without a subject key identifier".to_owned())
}

/// §4.2.1.1, §4.2.1.2: key identifiers help to find a path and restrict nothing.
fn key_identifiers_are_not_critical(certificate: &CertFacts, _: Role) -> Option<String> {
    [(AUTHORITY_KEY_IDENTIFIER, "authority"), (SUBJECT_KEY_IDENTIFIER, "subject")]
        .into_iter()
        .find(|(oid, _)| certificate.extension(*oid).is_some_and(|e| e.critical))
        .map(|(_, whose)| format!("its {whose} key identifier is critical"))
}

/// §4.2.1.1 and Appendix A.2: authorityCertIssuer and authorityCertSerialNumber come together or not at all.
fn authority_issuer_and_serial_are_a_pair(certificate: &CertFacts, _: Role) -> Option<String> {
    let authority = certificate.authority_key_identifier()?;
    (authority.has_issuer != authority.serial.is_some()).then(|| {
        "its authority key identifier has one of authorityCertIssuer and its serial number".to_owned()
    })
}

/// §4.2.1.1: the authority of a self-signed certificate is itself. The extension may be left out, but one that is there
/// has the certificate's own keyIdentifier, and its own serial number if any. (Asked of trusted ones only: an
/// intermediate that is self-issued may be a CA's new key signed with its old one.) That there is a serial number, which
/// the CA/Browser Forum forbids in roots, is no fault: roots in the platforms' stores have it, and every CA made by
/// easy-rsa.
fn authority_of_a_self_signed_is_itself(certificate: &CertFacts, role: Role) -> Option<String> {
    if !role.is_trusted() || !certificate.is_self_issued() {
        return None;
    }
    let authority = certificate.authority_key_identifier()?;
    let fault = if authority.key_id.is_none() {
        "has no keyIdentifier"
    } else if certificate.subject_key_id().is_some_and(|own| authority.key_id != Some(own)) {
        "is not its own"
    } else if authority.serial.is_some_and(|serial| serial != certificate.serial) {
        "has another certificate's serial number"
    } else {
        return None;
    };
    Some(format!("self-signed, and its authority key identifier {fault}"))
}

/// §4.2.1.6: where there is no subject, alternative names are critical.
fn alternative_names_stand_in_for_the_subject(certificate: &CertFacts, _: Role) -> Option<String> {
    let names = certificate.extension(SUBJECT_ALT_NAME)?;
    (certificate.subject.is_empty() && !names.critical)
        .then(|| "no subject, and its alternative names are not critical".to_owned())
}

/// §4.2.1.9: an issuer's basic constraints are critical, lest a verifier that does not know them pass them over. (Not
/// asked of name constraints, §4.2.1.10: the CA/Browser Forum lets public CAs leave the mark out, for some clients that
/// knew no name constraints refused it; they are enforced all the same.)
fn an_issuers_basic_constraints_are_critical(certificate: &CertFacts, role: Role) -> Option<String> {
    (role.is_issuer() && certificate.extension(BASIC_CONSTRAINTS).is_some_and(|e| !e.critical))
        .then(|| "its basic constraints are not critical".to_owned())
}

/// §4.2.1.9: a path length constraint is for CAs that sign certificates.
fn path_length_is_a_cas(certificate: &CertFacts, _: Role) -> Option<String> {
    certificate.path_length()?;
    let signs = certificate.key_usage().is_none_or(KeyUsage::key_cert_sign);
    (certificate.is_ca() != Some(true) || !signs)
        .then(|| "a path length constraint, yet it is no CA that signs certificates".to_owned())
}

/// §4.2.1.10: name constraints are for CAs, and say something.
fn name_constraints_are_a_cas(certificate: &CertFacts, _: Role) -> Option<String> {
    let constraints = certificate.extension(NAME_CONSTRAINTS)?;
    if certificate.is_ca() != Some(true) {
        return Some("name constraints, yet it is no CA".to_owned());
    }
    matches!(&constraints.decoded, Extension::NameConstraints { permitted, excluded }
        if permitted.is_empty() && excluded.is_empty())
    .then(|| "name constraints without a subtree".to_owned())
}

/// §4.2.1.11, §4.2.1.14: policyConstraints and inhibitAnyPolicy are critical. As tlslab processes neither, it refuses
/// them either way.
fn policy_limits_are_critical(certificate: &CertFacts, _: Role) -> Option<String> {
    [(POLICY_CONSTRAINTS, "policyConstraints"), (INHIBIT_ANY_POLICY, "inhibitAnyPolicy")]
        .into_iter()
        .find(|(oid, _)| certificate.extension(*oid).is_some_and(|e| !e.critical))
        .map(|(_, name)| format!("its {name} is not critical"))
}
