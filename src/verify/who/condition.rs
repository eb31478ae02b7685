//! On what verifiers refuse: each condition a pure question about a [`Case`], with its answer in words.

use std::collections::HashSet;

use der::asn1::ObjectIdentifier;
use time::Duration;

use super::names::{CommonNames, NameRules};
use super::{Case, Model};
use crate::pki::facts::{CertFacts, Extension, ExtensionFacts, KeyUsage, PublicKeyKind};
use crate::verify::{form, self_signed};
use crate::words;

/// Something about a certificate on which somebody refuses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Its authority key identifier is not its issuer's subject key identifier, as far as that is known.
    AnothersKeyIdentifier,
    /// Signed with MD2, MD4 or MD5, itself or an intermediate.
    BrokenHash,
    /// Its own signature does not verify.
    BrokenSelfSignature,
    /// CA:TRUE.
    CaAsServer,
    /// CA:TRUE, in it or above, and basicConstraints are not critical.
    CaNotCritical,
    /// CA:TRUE, and an extended key usage.
    CaWithExtendedKeyUsage,
    /// CA:TRUE without a key usage, in it or above.
    CaWithoutKeyUsage,
    /// keyCertSign, and no CA:TRUE.
    CertSignWithoutCa,
    /// keyCertSign, and no basicConstraints at all.
    CertSignWithoutConstraints,
    /// An extension appears twice.
    DuplicateExtension,
    /// Neither subject nor issuer has a name.
    EmptyIssuer,
    /// No subject, and the alternative names are not critical.
    EmptySubjectUncritical,
    /// notAfter has passed.
    Expired,
    /// Its key is Ed25519.
    Ed25519,
    /// The curve of its key is spelt out instead of named.
    ExplicitCurve,
    /// extKeyUsage has neither serverAuth nor anyExtendedKeyUsage.
    ForOtherUses,
    /// An authority above has expired or is not yet valid.
    IssuerOutOfDate,
    /// An authority above has an extended key usage with neither serverAuth nor anyExtendedKeyUsage.
    IssuerForOtherUses,
    /// An authority above has a key usage without keyCertSign.
    IssuerMayNotSign,
    /// An authority above is none: no CA:TRUE.
    IssuerNotCa,
    /// An authority above has an extended key usage with neither serverAuth nor clientAuth.
    IssuerNotForTls,
    /// An authority above has an extended key usage without serverAuth; anyExtendedKeyUsage does not help.
    IssuerNotServerAuth,
    /// An authority key identifier is critical.
    KeyIdentifierCritical,
    /// keyUsage without digitalSignature.
    NoDigitalSignature,
    /// No authority key identifier, in it or in an intermediate of version 3.
    NoAuthorityKeyId,
    /// keyUsage that allows none of TLS's key exchanges: neither digitalSignature nor, by its kind of key, key
    /// encipherment (RSA) or key agreement.
    NoKeyUsageForAnyExchange,
    /// A CA without a subject key identifier, itself or above.
    NoSubjectKeyId,
    /// The certificate has no dNSName or iPAddress of the expected name, as these rules see it.
    NotNamed(NameRules),
    /// extKeyUsage has no serverAuth; anyExtendedKeyUsage does not help.
    NotServerAuth,
    /// Somebody else issued it.
    NotSelfIssued,
    /// notBefore has not come.
    NotYetValid,
    /// notBefore has not come, and will not within this time.
    NotYetValidFor(Duration),
    /// A path length, and no CA:TRUE.
    PathLengthWithoutCa,
    /// An RSA key shorter than so many bits.
    ShortRsa(u32),
    /// Signed with MD2, MD4, MD5 or SHA-1, itself or an intermediate.
    WeakHash,
    /// A critical extension that nobody knows, in it or in an intermediate.
    UnknownCritical,
    /// Version 1 or 2.
    OldVersion,
}

impl Condition {
    /// What it finds wrong, in words that fit after "refuses it:"; `None` where it does not hold.
    #[allow(clippy::too_many_lines, reason = "one arm per condition")]
    pub fn find(self, case: &Case<'_>) -> Option<String> {
        let leaf = case.leaf;
        let usage = leaf.key_usage();
        let said = |holds: bool, words: &str| holds.then(|| words.to_owned());
        match self {
            Self::AnothersKeyIdentifier => said(
                match (form::authority_key_id(leaf), issuer(case).and_then(form::subject_key_id)) {
                    (Some(named), Some(has)) => named != has,
                    _ => false,
                },
                "its authority key identifier is not its issuer's",
            ),
            Self::BrokenHash => signed_with(case, &["md2", "md4", "md5"]),
            Self::BrokenSelfSignature => said(
                leaf.is_self_issued() && self_signed(leaf) == Some(false),
                "its own signature does not verify",
            ),
            Self::CaAsServer => said(leaf.is_ca() == Some(true), "CA:TRUE, a CA's certificate as a server's"),
            Self::CaNotCritical => said(
                all(case).any(|c| {
                    let constraints =
                        |e: &&ExtensionFacts| matches!(e.decoded, Extension::BasicConstraints { .. });
                    c.is_ca() == Some(true)
                        && c.extensions.iter().find(constraints).is_some_and(|e| !e.critical)
                }),
                "CA:TRUE not critical",
            ),
            Self::CaWithExtendedKeyUsage => said(
                leaf.is_ca() == Some(true) && leaf.extended_key_usage().is_some(),
                "CA:TRUE with an extended key usage, which makes it a CA for TLS servers, not one",
            ),
            Self::CaWithoutKeyUsage => said(
                all(case).any(|c| c.is_ca() == Some(true) && c.key_usage().is_none()),
                "a CA without a key usage",
            ),
            Self::CertSignWithoutCa => said(
                usage.is_some_and(KeyUsage::key_cert_sign) && leaf.is_ca() != Some(true),
                "keyCertSign, yet no CA",
            ),
            Self::CertSignWithoutConstraints => said(
                usage.is_some_and(KeyUsage::key_cert_sign) && leaf.is_ca().is_none(),
                "keyCertSign without basic constraints",
            ),
            Self::DuplicateExtension => {
                let mut seen = HashSet::new();
                let twice = leaf.extensions.iter().find(|e| !seen.insert(e.oid))?;
                Some(format!("extension {} twice", twice.oid))
            }
            Self::Ed25519 => said(leaf.public_key.kind == PublicKeyKind::Ed25519, "an Ed25519 key"),
            Self::EmptyIssuer => said(leaf.issuer.is_empty(), "no issuer name"),
            Self::EmptySubjectUncritical => said(
                leaf.subject.is_empty()
                    && leaf
                        .extensions
                        .iter()
                        .any(|e| matches!(e.decoded, Extension::SubjectAltName(_)) && !e.critical),
                "no subject, and the SAN is not critical",
            ),
            Self::Expired => (case.at > leaf.not_after)
                .then(|| format!("expired: notAfter {}", words::instant(leaf.not_after))),
            Self::ExplicitCurve => said(
                matches!(&leaf.public_key.kind, PublicKeyKind::Ec { curve } if curve == "explicit parameters"),
                "a curve with explicit parameters",
            ),
            Self::ForOtherUses => {
                said(!has_purpose(leaf, &[SERVER_AUTH, ANY]), "extended key usage without serverAuth")
            }
            Self::IssuerOutOfDate => {
                let mut out =
                    case.intermediates().filter(|c| case.at > c.not_after || case.at < c.not_before);
                out.next().map(|issuer| {
                    format!(
                        "an intermediate is valid from {} to {} only",
                        words::instant(issuer.not_before),
                        words::instant(issuer.not_after)
                    )
                })
            }
            Self::IssuerForOtherUses => said(
                case.issuers.iter().any(|c| !has_purpose(c, &[SERVER_AUTH, ANY])),
                "an issuer whose extended key usage lacks serverAuth",
            ),
            Self::IssuerNotForTls => said(
                case.issuers.iter().any(|c| !has_purpose(c, &[SERVER_AUTH, CLIENT_AUTH])),
                "an issuer whose extended key usage is not for TLS",
            ),
            Self::IssuerNotServerAuth => said(
                case.issuers.iter().any(|c| !has_purpose(c, &[SERVER_AUTH])),
                "an issuer whose extended key usage lacks serverAuth",
            ),
            Self::IssuerMayNotSign => said(
                case.issuers.iter().any(|c| c.key_usage().is_some_and(|usage| !usage.key_cert_sign())),
                "an issuer whose key usage lacks keyCertSign",
            ),
            Self::IssuerNotCa => {
                said(case.issuers.iter().any(|c| c.is_ca() != Some(true)), "an issuer that is no CA")
            }
            Self::KeyIdentifierCritical => said(
                leaf.extensions.iter().any(|e| {
                    e.critical
                        && matches!(
                            e.decoded,
                            Extension::AuthorityKeyIdentifier { .. } | Extension::SubjectKeyIdentifier(_)
                        )
                }),
                "a critical key identifier",
            ),
            Self::NoAuthorityKeyId => said(
                sent(case).any(|c| c.version == 3 && form::authority_key_id(c).is_none()),
                "no authority key identifier",
            ),
            Self::NoDigitalSignature => said(
                usage.is_some_and(|usage| !usage.digital_signature()),
                "key usage without digitalSignature",
            ),
            Self::NoKeyUsageForAnyExchange => {
                let other = match leaf.public_key.kind {
                    PublicKeyKind::Rsa { .. } => "keyEncipherment",
                    _ => "keyAgreement",
                };
                said(
                    usage.is_some_and(|usage| {
                        !usage.digital_signature() && !usage.names().any(|name| name == other)
                    }),
                    "key usage for no key exchange",
                )
            }
            Self::NoSubjectKeyId => said(
                all(case).any(|c| c.is_ca() == Some(true) && form::subject_key_id(c).is_none()),
                "a CA without a subject key identifier",
            ),
            Self::NotNamed(rules) => not_named(case, rules),
            Self::NotServerAuth => {
                said(!has_purpose(leaf, &[SERVER_AUTH]), "extended key usage without serverAuth")
            }
            Self::NotSelfIssued => said(
                case.model == Model::Pinned && !leaf.is_self_issued(),
                "its issuer is not trusted, only itself",
            ),
            Self::NotYetValid => Self::NotYetValidFor(Duration::ZERO).find(case),
            Self::NotYetValidFor(slack) => (leaf.not_before - case.at > slack)
                .then(|| format!("not yet valid: notBefore {}", words::instant(leaf.not_before))),
            Self::PathLengthWithoutCa => said(
                form::path_length(leaf).is_some() && leaf.is_ca() != Some(true),
                "a path length, yet no CA",
            ),
            Self::ShortRsa(least) => match leaf.public_key.kind {
                PublicKeyKind::Rsa { modulus_bits, .. } if modulus_bits < least => {
                    Some(format!("RSA of {modulus_bits} bits, shorter than {least}"))
                }
                _ => None,
            },
            Self::WeakHash => signed_with(case, &["md2", "md4", "md5", "sha1"]),
            Self::UnknownCritical => sent(case).find_map(|c| form::unknown_critical(c).into_iter().next()),
            Self::OldVersion => (leaf.version != 3).then(|| format!("version {}", leaf.version)),
        }
    }
}

const SERVER_AUTH: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.1");
const CLIENT_AUTH: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.2");
const ANY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37.0");

/// The certificate and what is known above it.
fn all<'a>(case: &Case<'a>) -> impl Iterator<Item = &'a CertFacts> {
    std::iter::once(case.leaf).chain(case.issuers.iter().copied())
}

/// The certificate and the intermediates that are known.
fn sent<'a>(case: &Case<'a>) -> impl Iterator<Item = &'a CertFacts> {
    std::iter::once(case.leaf).chain(case.intermediates())
}

/// Who issued the leaf, as far as is known.
fn issuer<'a>(case: &Case<'a>) -> Option<&'a CertFacts> {
    match case.model {
        Model::Pinned => case.leaf.is_self_issued().then_some(case.leaf),
        Model::CaIssued => case.issuers.first().copied(),
    }
}

fn signed_with(case: &Case<'_>, hashes: &[&str]) -> Option<String> {
    sent(case).find_map(|c| {
        let name = &c.signature_algorithm.name;
        let lower = name.to_ascii_lowercase();
        hashes.iter().any(|hash| lower.contains(hash)).then(|| format!("signed with {name}"))
    })
}

fn has_purpose(leaf: &CertFacts, wanted: &[ObjectIdentifier]) -> bool {
    leaf.extended_key_usage().is_none_or(|purposes| purposes.iter().any(|purpose| wanted.contains(purpose)))
}

fn not_named(case: &Case<'_>, rules: NameRules) -> Option<String> {
    let expected = case.name?;
    if rules.matches(case.leaf, expected) {
        return None;
    }
    let has_common_name = case.leaf.subject.common_names().next().is_some();
    Some(match (case.leaf.subject_alt_names(), rules.common_names) {
        (None, CommonNames::Never) if has_common_name => "no SAN, and the CN is no name".to_owned(),
        (None, _) if !has_common_name => "neither a SAN nor a CN".to_owned(),
        (None, _) => format!("no SAN, and the CN is not {expected}"),
        _ => format!("the SAN has no name that stands for {expected}"),
    })
}
