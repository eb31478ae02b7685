//! What a certificate says it is for: basic constraints, key usage, extended key usage, demands of TLS.

use super::found::{extension, is_empty, said};
use super::whom::Whom;
use crate::pki::facts::{CertFacts, KeyUsage, PublicKeyKind};
use crate::pki::oid::{
    ANY_PURPOSE, BASIC_CONSTRAINTS, CLIENT_AUTH, EXTENDED_KEY_USAGE, OCSP_SIGNING, Oid, SERVER_AUTH,
};
use crate::who::case::Case;

pub(super) fn ca_as_server(leaf: &CertFacts) -> Option<String> {
    said(leaf.is_ca() == Some(true), "CA:TRUE, a CA's certificate as a server's")
}

pub(super) fn ca_not_critical(case: &Case<'_>) -> Option<String> {
    let not_critical = |c: &CertFacts| {
        c.is_ca() == Some(true) && extension(c, BASIC_CONSTRAINTS).is_some_and(|e| !e.critical)
    };
    said(Whom::All.any(case, not_critical), "CA:TRUE not critical")
}

pub(super) fn ca_with_extended_key_usage(leaf: &CertFacts) -> Option<String> {
    said(
        leaf.is_ca() == Some(true) && leaf.extended_key_usage().is_some(),
        "CA:TRUE with an extended key usage, which makes it a CA for TLS servers, not one",
    )
}

pub(super) fn ca_without_key_usage(case: &Case<'_>) -> Option<String> {
    let without = |c: &CertFacts| c.is_ca() == Some(true) && c.key_usage().is_none();
    said(Whom::All.any(case, without), "a CA without a key usage")
}

pub(super) fn cert_sign_without_ca(leaf: &CertFacts) -> Option<String> {
    said(signs_certificates(leaf) && leaf.is_ca() != Some(true), "keyCertSign, yet no CA")
}

pub(super) fn cert_sign_without_constraints(leaf: &CertFacts) -> Option<String> {
    said(signs_certificates(leaf) && leaf.is_ca().is_none(), "keyCertSign without basic constraints")
}

fn signs_certificates(leaf: &CertFacts) -> bool {
    leaf.key_usage().is_some_and(KeyUsage::key_cert_sign)
}

pub(super) fn demands_of_tls(leaf: &CertFacts, some: &[u16]) -> Option<String> {
    let demanded = |feature: &u16| some.is_empty() || some.contains(feature);
    said(leaf.tls_features().iter().any(demanded), "it demands a TLS extension that the server does not have")
}

pub(super) fn denies_ca(whom: Whom, case: &Case<'_>) -> Option<String> {
    said(whom.any(case, |c| c.is_ca() == Some(false)), "an issuer that is CA:FALSE")
}

pub(super) fn empty_key_usage(whom: Whom, case: &Case<'_>) -> Option<String> {
    said(whom.any(case, |c| c.key_usage() == Some(KeyUsage(0))), "a key usage without a bit")
}

pub(super) fn may_not_sign(whom: Whom, case: &Case<'_>) -> Option<String> {
    let may_not = |c: &CertFacts| c.key_usage().is_some_and(|usage| !usage.key_cert_sign());
    said(whom.any(case, may_not), "an issuer whose key usage lacks keyCertSign")
}

/// Its key usage, where that says something.
fn some_usage(leaf: &CertFacts) -> Option<KeyUsage> {
    leaf.key_usage().filter(|usage| *usage != KeyUsage(0))
}

pub(super) fn no_digital_signature(leaf: &CertFacts) -> Option<String> {
    let lacks = some_usage(leaf).is_some_and(|usage| !usage.digital_signature());
    said(lacks, "key usage without digitalSignature")
}

pub(super) fn no_key_usage_for_tls(leaf: &CertFacts) -> Option<String> {
    let lacks = some_usage(leaf).is_some_and(|usage| !allows(usage, &["keyEncipherment", "keyAgreement"]));
    said(lacks, "key usage for no key exchange")
}

pub(super) fn no_key_usage_for_any_exchange(leaf: &CertFacts) -> Option<String> {
    let other = match leaf.public_key.kind {
        PublicKeyKind::Rsa { .. } => "keyEncipherment",
        _ => "keyAgreement",
    };
    let lacks = leaf.key_usage().is_some_and(|usage| !allows(usage, &[other]));
    said(lacks, "key usage for no key exchange")
}

/// Whether a key usage has digitalSignature or one of these bits.
fn allows(usage: KeyUsage, others: &[&str]) -> bool {
    usage.digital_signature() || usage.names().any(|name| others.contains(&name))
}

pub(super) fn no_purpose(whom: Whom, case: &Case<'_>) -> Option<String> {
    let none = |c: &CertFacts| extension(c, EXTENDED_KEY_USAGE).is_some_and(is_empty);
    said(whom.any(case, none), "an extended key usage without a purpose")
}

pub(super) fn not_ca(whom: Whom, case: &Case<'_>) -> Option<String> {
    said(whom.any(case, |c| c.is_ca() != Some(true)), "an issuer that is no CA")
}

pub(super) fn not_ca_in_version_3(whom: Whom, case: &Case<'_>) -> Option<String> {
    said(whom.any(case, |c| c.version == 3 && c.is_ca() != Some(true)), "an issuer that is no CA")
}

pub(super) fn for_other_uses(whom: Whom, case: &Case<'_>) -> Option<String> {
    without_purpose(whom, case, &[SERVER_AUTH, ANY_PURPOSE], "serverAuth")
}

pub(super) fn not_for_tls(whom: Whom, case: &Case<'_>) -> Option<String> {
    without_purpose(whom, case, &[SERVER_AUTH, CLIENT_AUTH], "any use for TLS")
}

pub(super) fn not_server_auth(whom: Whom, case: &Case<'_>) -> Option<String> {
    without_purpose(whom, case, &[SERVER_AUTH], "serverAuth")
}

/// Says whose extended key usage has none of these purposes.
fn without_purpose(whom: Whom, case: &Case<'_>, wanted: &[Oid], lacks: &str) -> Option<String> {
    let lacking = whom.of(case).find(|c| {
        c.extended_key_usage()
            .is_some_and(|purposes| !purposes.iter().any(|purpose| wanted.contains(purpose)))
    })?;
    Some(if std::ptr::eq(lacking, case.leaf) {
        format!("extended key usage without {lacks}")
    } else {
        format!("an issuer whose extended key usage lacks {lacks}")
    })
}

pub(super) fn ocsp_responder(leaf: &CertFacts) -> Option<String> {
    said(
        leaf.extended_key_usage().is_some_and(|purposes| purposes.contains(&OCSP_SIGNING)),
        "an extended key usage with OCSPSigning, an OCSP responder's",
    )
}

pub(super) fn path_length_without_ca(leaf: &CertFacts) -> Option<String> {
    said(leaf.path_length().is_some() && leaf.is_ca() != Some(true), "a path length, yet no CA")
}
