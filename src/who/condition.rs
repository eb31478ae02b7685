//! On what verifiers refuse: each condition a pure question about a [`Case`], with its answer in words.

mod fields;
mod found;
mod key;
mod path;
mod usage;
mod whom;

use time::Duration;

use super::case::Case;
use super::names::{self, NameRules};
use crate::pki::oid::Oid;

pub use path::Constrained;
pub use whom::Whom;

/// Something about a certificate on which somebody refuses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// The two signature algorithm fields differ.
    AlgorithmsDiffer(Whom),
    /// It has an alternative name of a kind with a context tag from this to that.
    AlternativeName(u8, u8),
    /// An authority key identifier, its own or one above, is not the issuer's subject key identifier, as far as that is
    /// known.
    AnothersKeyIdentifier,
    /// The same, of what the trusted root issued.
    AnothersKeyIdentifierBelowRoot,
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
    /// It demands one of these TLS extensions, or any where none is listed, of which a server here has none.
    DemandsOfTls(&'static [u16]),
    /// Name constraints about names of a kind other than DNS, IP, e-mail, URI and directory.
    ConstrainedOtherwise,
    /// One of these extensions is critical, in it or above.
    Critical(&'static [Oid]),
    /// A critical extension appears twice.
    CriticalTwice(Whom),
    /// An issuer's name constraints are critical and about directory names.
    CriticallyConstrained,
    /// CA:FALSE.
    DeniesCa(Whom),
    /// An extension appears twice.
    DuplicateExtension(Whom),
    /// Its key is Ed25519.
    Ed25519,
    /// A SAN without a name.
    EmptyAlternativeNames,
    /// Neither subject nor issuer has a name.
    EmptyIssuer,
    /// A key usage without a bit.
    EmptyKeyUsage(Whom),
    /// No subject, and the alternative names are not critical.
    EmptySubjectUncritical,
    /// notAfter has passed.
    Expired,
    /// The curve of its key, or of an issuer's, is spelt out instead of named.
    ExplicitCurve,
    /// Extensions, and a version that has none.
    ExtensionsInOldVersion(Whom),
    /// extKeyUsage has neither serverAuth nor anyExtendedKeyUsage.
    ForOtherUses(Whom),
    /// A signature, its own or one above, is not by the key of the issuer that is known.
    Forged,
    /// The chain takes more bytes than this in the handshake.
    LongerThan(usize),
    /// A key usage without keyCertSign.
    MayNotSign(Whom),
    /// More intermediates than this.
    MoreIntermediatesThan(usize),
    /// The server sends more certificates than this.
    MoreSentThan(usize),
    /// The expected name has characters other than letters, digits and hyphens.
    NameNotLdh,
    /// The expected name would be in a SAN, which is not read in a certificate of this version.
    NamesInOldVersion,
    /// No authority key identifier, in it or in an intermediate of version 3.
    NoAuthorityKeyId,
    /// keyUsage of some bits, without digitalSignature.
    NoDigitalSignature,
    /// keyUsage of some bits, with none of digitalSignature, keyEncipherment and keyAgreement.
    NoKeyUsageForTls,
    /// keyUsage that allows none of TLS's key exchanges: neither digitalSignature nor, by its kind of key, key
    /// encipherment (RSA) or key agreement.
    NoKeyUsageForAnyExchange,
    /// An extended key usage without a purpose.
    NoPurpose(Whom),
    /// A CA without a subject key identifier, itself or above.
    NoSubjectKeyId,
    /// No CA:TRUE.
    NotCa(Whom),
    /// No CA:TRUE, in version 3, which could say so.
    NotCaInVersion3(Whom),
    /// extKeyUsage has neither serverAuth nor clientAuth.
    NotForTls(Whom),
    /// The certificate has no dNSName or iPAddress of the expected name, as these rules see it.
    NotNamed(NameRules),
    /// Name constraints that the names below break.
    NotPermitted(Whom, Constrained),
    /// Somebody else issued it.
    NotSelfIssued,
    /// extKeyUsage has no serverAuth; anyExtendedKeyUsage does not help.
    NotServerAuth(Whom),
    /// notBefore has not come.
    NotYetValid,
    /// notBefore has not come, and will not within this time.
    NotYetValidFor(Duration),
    /// It says that it is an OCSP responder's too.
    OcspResponder,
    /// Version 1 or 2.
    OldVersion,
    /// It has expired or is not yet valid.
    OutOfDate(Whom),
    /// A path length, and no CA:TRUE.
    PathLengthWithoutCa,
    /// A path length of fewer intermediates than there are below.
    PathTooLong(Whom),
    /// The same, and a CA's own certificate for a new key of its counts as one.
    PathTooLongInAll(Whom),
    /// An RSA key shorter than so many bits.
    ShortRsa(u32),
    /// Its key, or one above, is on P-521.
    P521,
    /// Its key, or one above, or a signature on them, is ML-DSA.
    PostQuantum,
    /// Its key is for RSASSA-PSS only.
    RsaPss,
    /// Signed with one of these hashes, itself or an intermediate.
    SignedWith(&'static [&'static str]),
    /// Name constraints and names that take more comparisons than this.
    TooManyComparisons(usize),
    /// Its key is of a kind that has no signature scheme in TLS, or on a curve that has none.
    UnfitForTls,
    /// A critical extension that is none of these.
    UnknownCritical(Whom, &'static [Oid]),
    /// One of these extensions cannot be read.
    Unreadable(Whom, &'static [Oid]),
    /// A critical extension cannot be read.
    UnreadableCritical(Whom),
    /// An extension other than these cannot be read.
    UnreadableBut(&'static [Oid]),
    /// An RSA key with a public exponent that hardly anybody uses.
    UnusualExponent,
    /// A signature, its own or one above, that tlslab cannot verify.
    Unverifiable,
    /// An issuer's key that cannot be read, or that signatures of the kind below it cannot be by.
    UselessIssuerKey,
    /// Version 1, and no basicConstraints.
    Version1WithoutConstraints,
}

impl Condition {
    /// What it finds wrong, in words that fit after "refuses it:"; `None` where it does not hold.
    pub fn find(self, case: &Case<'_>) -> Option<String> {
        let leaf = case.leaf;
        match self {
            Self::AlgorithmsDiffer(whom) => fields::algorithms_differ(whom, case),
            Self::AlternativeName(first, last) => fields::alternative_name(leaf, first, last),
            Self::AnothersKeyIdentifier => path::anothers_key_identifier(case),
            Self::AnothersKeyIdentifierBelowRoot => path::anothers_key_identifier_below_root(case),
            Self::BrokenSelfSignature => path::broken_self_signature(leaf),
            Self::CaAsServer => usage::ca_as_server(leaf),
            Self::CaNotCritical => usage::ca_not_critical(case),
            Self::CaWithExtendedKeyUsage => usage::ca_with_extended_key_usage(leaf),
            Self::CaWithoutKeyUsage => usage::ca_without_key_usage(case),
            Self::CertSignWithoutCa => usage::cert_sign_without_ca(leaf),
            Self::CertSignWithoutConstraints => usage::cert_sign_without_constraints(leaf),
            Self::DemandsOfTls(some) => usage::demands_of_tls(leaf, some),
            Self::ConstrainedOtherwise => path::constrained_otherwise(case),
            Self::Critical(extensions) => fields::critical(case, extensions),
            Self::CriticalTwice(whom) => fields::critical_twice(whom, case),
            Self::CriticallyConstrained => path::critically_constrained(case),
            Self::DeniesCa(whom) => usage::denies_ca(whom, case),
            Self::DuplicateExtension(whom) => fields::duplicate_extension(whom, case),
            Self::Ed25519 => key::ed25519(leaf),
            Self::EmptyAlternativeNames => fields::empty_alternative_names(leaf),
            Self::EmptyIssuer => fields::empty_issuer(leaf),
            Self::EmptyKeyUsage(whom) => usage::empty_key_usage(whom, case),
            Self::EmptySubjectUncritical => fields::empty_subject_uncritical(leaf),
            Self::Expired => path::expired(case),
            Self::ExplicitCurve => key::explicit_curve(case),
            Self::ExtensionsInOldVersion(whom) => fields::extensions_in_old_version(whom, case),
            Self::ForOtherUses(whom) => usage::for_other_uses(whom, case),
            Self::Forged => path::forged(case),
            Self::LongerThan(most) => path::longer_than(case, most),
            Self::MayNotSign(whom) => usage::may_not_sign(whom, case),
            Self::MoreIntermediatesThan(most) => path::more_intermediates_than(case, most),
            Self::MoreSentThan(most) => path::more_sent_than(case, most),
            Self::NameNotLdh => names::not_ldh(case),
            Self::NamesInOldVersion => fields::names_in_old_version(case),
            Self::NoAuthorityKeyId => path::no_authority_key_id(case),
            Self::NoDigitalSignature => usage::no_digital_signature(leaf),
            Self::NoKeyUsageForTls => usage::no_key_usage_for_tls(leaf),
            Self::NoKeyUsageForAnyExchange => usage::no_key_usage_for_any_exchange(leaf),
            Self::NoPurpose(whom) => usage::no_purpose(whom, case),
            Self::NoSubjectKeyId => path::no_subject_key_id(case),
            Self::NotCa(whom) => usage::not_ca(whom, case),
            Self::NotCaInVersion3(whom) => usage::not_ca_in_version_3(whom, case),
            Self::NotForTls(whom) => usage::not_for_tls(whom, case),
            Self::NotNamed(rules) => names::not_named(case, rules),
            Self::NotPermitted(whom, how) => path::not_permitted(whom, case, how),
            Self::NotSelfIssued => path::not_self_issued(case),
            Self::NotServerAuth(whom) => usage::not_server_auth(whom, case),
            Self::NotYetValid => path::not_yet_valid(case, Duration::ZERO),
            Self::NotYetValidFor(slack) => path::not_yet_valid(case, slack),
            Self::OcspResponder => usage::ocsp_responder(leaf),
            Self::OldVersion => fields::old_version(leaf),
            Self::OutOfDate(whom) => path::out_of_date(whom, case),
            Self::PathLengthWithoutCa => usage::path_length_without_ca(leaf),
            // RFC 5280 §6.1.4 (l): self-issued ones do not count.
            Self::PathTooLong(whom) => path::too_long(whom, case, |c| !c.is_self_issued()),
            Self::PathTooLongInAll(whom) => path::too_long(whom, case, |_| true),
            Self::P521 => key::p521(case),
            Self::PostQuantum => key::post_quantum(case),
            Self::RsaPss => key::rsa_pss(leaf),
            Self::ShortRsa(least) => key::short_rsa(leaf, least),
            Self::SignedWith(hashes) => key::signed_with(case, hashes),
            Self::TooManyComparisons(most) => path::too_many_comparisons(case, most),
            Self::UnfitForTls => key::unfit_for_tls(leaf),
            Self::UnknownCritical(whom, known) => fields::unknown_critical(whom, case, known),
            Self::Unreadable(whom, extensions) => fields::unreadable(whom, case, extensions),
            Self::UnreadableCritical(whom) => fields::unreadable_critical(whom, case),
            Self::UnreadableBut(extensions) => fields::unreadable_but(case, extensions),
            Self::UnusualExponent => key::unusual_exponent(leaf),
            Self::Unverifiable => path::unverifiable(case),
            Self::UselessIssuerKey => path::useless_issuer_key(case),
            Self::Version1WithoutConstraints => fields::version_1_without_constraints(leaf),
        }
    }
}
