//! On what verifiers refuse: each condition a pure question about a [`Case`], with its answer in words.

use std::collections::HashSet;

use time::Duration;

use super::Case;
use super::names::{CommonNames, NameRules};
use crate::pki::facts::{CertFacts, Extension, ExtensionFacts, GeneralName, KeyUsage, PublicKeyKind};
use crate::pki::oid::{
    ANY_PURPOSE, AUTHORITY_KEY_IDENTIFIER, BASIC_CONSTRAINTS, CLIENT_AUTH, EXTENDED_KEY_USAGE, OCSP_SIGNING,
    Oid, SERVER_AUTH, SUBJECT_ALT_NAME, SUBJECT_KEY_IDENTIFIER,
};
use crate::verify::constraints::{self, Reading, Violation};
use crate::verify::signature::{self, Signed};
use crate::verify::{ExpectedName, Model, form, keys, self_signed};
use crate::words;

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
    /// The curve of its key is spelt out instead of named.
    ExplicitCurve,
    /// Extensions, and a version that has none.
    ExtensionsInOldVersion(Whom),
    /// extKeyUsage has neither serverAuth nor anyExtendedKeyUsage.
    ForOtherUses(Whom),
    /// A signature, its own or one above, is not by the key of the issuer that is known.
    Forged,
    /// A key identifier is critical.
    KeyIdentifierCritical,
    /// The chain takes more octets than this in the handshake.
    LongerThan(usize),
    /// A key usage without keyCertSign.
    MayNotSign(Whom),
    /// More intermediates than this.
    MoreIntermediatesThan(usize),
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
    /// Signed with one of these hashes, itself or an intermediate.
    SignedWith(&'static [&'static str]),
    /// Name constraints and names that take more comparisons than this.
    TooManyComparisons(usize),
    /// Its key is of a kind that has no signature scheme in TLS, or on a curve that has none.
    UnfitForTls,
    /// A critical extension that nobody knows.
    UnknownCritical(Whom),
    /// One of these extensions cannot be read.
    Unreadable(Whom, &'static [Oid]),
    /// A critical extension cannot be read.
    UnreadableCritical(Whom),
    /// Version 1, and no basicConstraints.
    Version1WithoutConstraints,
}

/// How name constraints are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Constrained {
    /// They bind the alternative names only.
    Alternatives,
    /// They bind the subject too.
    Names,
    /// The same, and an excluded name excludes the wildcard that stands for it.
    Wildcards,
}

/// Whose certificate a verifier looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whom {
    /// All that are known.
    All,
    /// The intermediates'.
    Intermediates,
    /// The intermediates' and the trusted root's.
    Issuers,
    /// The server's.
    Leaf,
    /// The trusted root's.
    Root,
    /// The server's and the intermediates'.
    Sent,
}

impl Condition {
    /// What it finds wrong, in words that fit after "refuses it:"; `None` where it does not hold.
    #[allow(clippy::too_many_lines, reason = "one arm per condition")]
    pub fn find(self, case: &Case<'_>) -> Option<String> {
        let leaf = case.leaf;
        let usage = leaf.key_usage();
        let said = |holds: bool, words: &str| holds.then(|| words.to_owned());
        match self {
            Self::AlgorithmsDiffer(whom) => said(
                whom.any(case, |c| !c.signature_algorithms_agree),
                "two signature algorithm fields that differ",
            ),
            Self::AlternativeName(first, last) => {
                let mut names = leaf.subject_alt_names().unwrap_or_default().iter();
                let is_one = |name: &&GeneralName| matches!(name, GeneralName::Other { tag, .. } if (first..=last).contains(tag));
                let name = words::shortened(names.find(is_one)?.to_string());
                Some(format!("an alternative name that it cannot read, {name}"))
            }
            Self::AnothersKeyIdentifier => said(
                links(case).into_iter().any(names_another_key),
                "an authority key identifier that is not its issuer's",
            ),
            Self::AnothersKeyIdentifierBelowRoot => said(
                links(case).into_iter().next_back().is_some_and(names_another_key),
                "an authority key identifier that is not the root's",
            ),
            Self::BrokenSelfSignature => said(
                leaf.is_self_issued() && self_signed(leaf) == Some(false),
                "its own signature does not verify",
            ),
            Self::CaAsServer => said(leaf.is_ca() == Some(true), "CA:TRUE, a CA's certificate as a server's"),
            Self::CaNotCritical => said(
                Whom::All.any(case, |c| {
                    c.is_ca() == Some(true) && extension(c, BASIC_CONSTRAINTS).is_some_and(|e| !e.critical)
                }),
                "CA:TRUE not critical",
            ),
            Self::CaWithExtendedKeyUsage => said(
                leaf.is_ca() == Some(true) && leaf.extended_key_usage().is_some(),
                "CA:TRUE with an extended key usage, which makes it a CA for TLS servers, not one",
            ),
            Self::CaWithoutKeyUsage => said(
                Whom::All.any(case, |c| c.is_ca() == Some(true) && c.key_usage().is_none()),
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
            Self::DemandsOfTls(some) => {
                let mut features = leaf.extensions.iter().filter_map(|e| match &e.decoded {
                    Extension::TlsFeatures(features) => Some(features.iter()),
                    _ => None,
                });
                let demanded = |feature: &&u16| some.is_empty() || some.contains(feature);
                features
                    .any(|mut features| features.any(|feature| demanded(&feature)))
                    .then(|| "it demands a TLS extension that the server does not have".to_owned())
            }
            Self::DeniesCa(whom) => {
                said(whom.any(case, |c| c.is_ca() == Some(false)), "an issuer that is CA:FALSE")
            }
            Self::DuplicateExtension(whom) => whom.find(case, |c| {
                let mut seen = HashSet::new();
                let twice = c.extensions.iter().find(|e| !seen.insert(e.oid))?;
                Some(format!("extension {} twice", twice.oid))
            }),
            Self::Ed25519 => said(leaf.public_key.kind == PublicKeyKind::Ed25519, "an Ed25519 key"),
            Self::EmptyAlternativeNames => {
                said(extension(leaf, SUBJECT_ALT_NAME).is_some_and(is_empty), "a SAN without a name")
            }
            Self::EmptyIssuer => said(leaf.issuer.is_empty(), "no issuer name"),
            Self::EmptyKeyUsage(whom) => {
                said(whom.any(case, |c| c.key_usage() == Some(KeyUsage(0))), "a key usage without a bit")
            }
            Self::EmptySubjectUncritical => said(
                leaf.subject.is_empty() && extension(leaf, SUBJECT_ALT_NAME).is_some_and(|e| !e.critical),
                "no subject, and the SAN is not critical",
            ),
            Self::Expired => (case.at > leaf.not_after)
                .then(|| format!("expired: notAfter {}", words::instant(leaf.not_after))),
            Self::ExplicitCurve => said(
                matches!(&leaf.public_key.kind, PublicKeyKind::Ec { curve } if curve == "explicit parameters"),
                "a curve with explicit parameters",
            ),
            Self::ExtensionsInOldVersion(whom) => whom.find(case, |c| {
                (c.version != 3 && !c.extensions.is_empty())
                    .then(|| format!("version {}, yet it has extensions", c.version))
            }),
            Self::ForOtherUses(whom) => {
                without_purpose(whom, case, &[SERVER_AUTH, ANY_PURPOSE], "serverAuth")
            }
            Self::Forged => {
                let mut pairs = Whom::All.of(case).zip(case.issuers);
                let forged = pairs.find(|(below, above)| {
                    matches!(signature::certificate(below, &above.public_key), Signed::Invalid)
                });
                forged.map(|(below, _)| {
                    let subject = words::shortened(below.subject.to_string());
                    format!("the signature on {subject} is not its issuer's")
                })
            }
            Self::KeyIdentifierCritical => said(
                [AUTHORITY_KEY_IDENTIFIER, SUBJECT_KEY_IDENTIFIER]
                    .iter()
                    .any(|oid| extension(leaf, *oid).is_some_and(|e| e.critical)),
                "a critical key identifier",
            ),
            Self::LongerThan(most) => {
                // RFC 8446 §4.4.2: the lengths of the list, of each certificate and of its extensions, and the context's.
                let length: usize = 4 + Whom::Sent.of(case).map(|c| c.der.len() + 5).sum::<usize>();
                (length > most)
                    .then(|| format!("a chain of {length} octets in the handshake, more than {most}"))
            }
            Self::MayNotSign(whom) => said(
                whom.any(case, |c| c.key_usage().is_some_and(|usage| !usage.key_cert_sign())),
                "an issuer whose key usage lacks keyCertSign",
            ),
            Self::MoreIntermediatesThan(most) => {
                let count = case.above().0.len();
                (count > most).then(|| format!("{count} intermediates, more than {most}"))
            }
            Self::NameNotLdh => match case.name? {
                ExpectedName::Dns(name) => {
                    let is_ldh = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
                    (!name.chars().all(is_ldh)).then(|| format!("{name} is no host name"))
                }
                ExpectedName::Ip(_) | ExpectedName::Text(_) => None,
            },
            Self::NamesInOldVersion => said(
                case.name.is_some() && leaf.version != 3 && leaf.subject_alt_names().is_some(),
                "a SAN that is not read, since the version has no extensions",
            ),
            Self::NoAuthorityKeyId => said(
                Whom::Sent.any(case, |c| c.version == 3 && c.authority_key_id().is_none()),
                "no authority key identifier",
            ),
            Self::NoDigitalSignature => said(
                usage.is_some_and(|usage| usage != KeyUsage(0) && !usage.digital_signature()),
                "key usage without digitalSignature",
            ),
            Self::NoKeyUsageForTls => said(
                usage.is_some_and(|usage| {
                    usage != KeyUsage(0) && !allows(usage, &["keyEncipherment", "keyAgreement"])
                }),
                "key usage for no key exchange",
            ),
            Self::NoKeyUsageForAnyExchange => {
                let other = match leaf.public_key.kind {
                    PublicKeyKind::Rsa { .. } => "keyEncipherment",
                    _ => "keyAgreement",
                };
                said(usage.is_some_and(|usage| !allows(usage, &[other])), "key usage for no key exchange")
            }
            Self::NoPurpose(whom) => said(
                whom.any(case, |c| extension(c, EXTENDED_KEY_USAGE).is_some_and(is_empty)),
                "an extended key usage without a purpose",
            ),
            Self::NoSubjectKeyId => said(
                Whom::All.any(case, |c| c.is_ca() == Some(true) && c.subject_key_id().is_none()),
                "a CA without a subject key identifier",
            ),
            Self::NotCa(whom) => said(whom.any(case, |c| c.is_ca() != Some(true)), "an issuer that is no CA"),
            Self::NotCaInVersion3(whom) => {
                said(whom.any(case, |c| c.version == 3 && c.is_ca() != Some(true)), "an issuer that is no CA")
            }
            Self::NotForTls(whom) => {
                without_purpose(whom, case, &[SERVER_AUTH, CLIENT_AUTH], "any use for TLS")
            }
            Self::NotNamed(rules) => not_named(case, rules),
            Self::NotPermitted(whom, how) => {
                whom.find_above(case, |below, issuer| not_permitted(below, issuer, how))
            }
            Self::NotSelfIssued => said(
                case.model == Model::Pinned && !leaf.is_self_issued(),
                "its issuer is not trusted, only itself",
            ),
            Self::NotServerAuth(whom) => without_purpose(whom, case, &[SERVER_AUTH], "serverAuth"),
            Self::NotYetValid => Self::NotYetValidFor(Duration::ZERO).find(case),
            Self::NotYetValidFor(slack) => (leaf.not_before - case.at > slack)
                .then(|| format!("not yet valid: notBefore {}", words::instant(leaf.not_before))),
            Self::OcspResponder => said(
                leaf.extended_key_usage().is_some_and(|purposes| purposes.contains(&OCSP_SIGNING)),
                "an extended key usage with OCSPSigning, an OCSP responder's",
            ),
            Self::OldVersion => (leaf.version != 3).then(|| format!("version {}", leaf.version)),
            Self::OutOfDate(whom) => whom.find(case, |c| {
                (case.at > c.not_after || case.at < c.not_before).then(|| {
                    format!(
                        "an issuer is valid from {} to {} only",
                        words::instant(c.not_before),
                        words::instant(c.not_after)
                    )
                })
            }),
            Self::PathLengthWithoutCa => {
                said(leaf.path_length().is_some() && leaf.is_ca() != Some(true), "a path length, yet no CA")
            }
            // RFC 5280 §6.1.4 (l): self-issued ones do not count.
            Self::PathTooLong(whom) => path_too_long(whom, case, |c| !c.is_self_issued()),
            Self::PathTooLongInAll(whom) => path_too_long(whom, case, |_| true),
            Self::ShortRsa(least) => match leaf.public_key.kind {
                PublicKeyKind::Rsa { modulus_bits, .. } if modulus_bits < least => {
                    Some(format!("RSA of {modulus_bits} bits, shorter than {least}"))
                }
                _ => None,
            },
            Self::SignedWith(hashes) => Whom::Sent.find(case, |c| {
                let name = &c.signature_algorithm.name;
                let lower = name.to_ascii_lowercase();
                hashes.iter().any(|hash| lower.contains(hash)).then(|| format!("signed with {name}"))
            }),
            Self::TooManyComparisons(most) => Whom::Issuers.find(case, |issuer| {
                let subtrees = issuer.extensions.iter().find_map(|e| match &e.decoded {
                    Extension::NameConstraints { permitted, excluded } => {
                        Some(permitted.len() + excluded.len())
                    }
                    _ => None,
                })?;
                let count = subtrees.saturating_mul(leaf.subject_alt_names().unwrap_or_default().len());
                (count > most).then(|| format!("{count} comparisons with name constraints, more than {most}"))
            }),
            Self::UnfitForTls => match leaf.public_key.kind {
                PublicKeyKind::Rsa { .. } => None,
                _ => keys::weak_key(&leaf.public_key).map(|weakness| weakness.words),
            },
            Self::UnknownCritical(whom) => whom.find(case, |c| form::unknown_critical(c).into_iter().next()),
            Self::Unreadable(whom, extensions) => {
                whom.find(case, |c| unreadable(c, |e| extensions.contains(&e.oid)))
            }
            Self::UnreadableCritical(whom) => whom.find(case, |c| unreadable(c, |e| e.critical)),
            Self::Version1WithoutConstraints => said(
                leaf.version == 1 && extension(leaf, BASIC_CONSTRAINTS).is_none(),
                "version 1 without basic constraints",
            ),
        }
    }
}

impl Whom {
    /// Those, lowest first.
    fn of<'a>(self, case: &Case<'a>) -> impl Iterator<Item = &'a CertFacts> + use<'a> {
        let leaf = matches!(self, Self::All | Self::Leaf | Self::Sent).then_some(case.leaf);
        let (intermediates, root) = case.above();
        let intermediates = match self {
            Self::All | Self::Intermediates | Self::Issuers | Self::Sent => intermediates,
            Self::Leaf | Self::Root => &[],
        };
        let root = root.filter(|_| matches!(self, Self::All | Self::Issuers | Self::Root));
        leaf.into_iter().chain(intermediates.iter().copied()).chain(root)
    }

    fn any(self, case: &Case<'_>, holds: impl Fn(&CertFacts) -> bool) -> bool {
        self.of(case).any(holds)
    }

    fn find(self, case: &Case<'_>, fault: impl Fn(&CertFacts) -> Option<String>) -> Option<String> {
        self.of(case).find_map(fault)
    }

    /// The first fault of an issuer among them, seen with what stands below it, leaf first.
    fn find_above(
        self,
        case: &Case<'_>,
        fault: impl Fn(&[&CertFacts], &CertFacts) -> Option<String>,
    ) -> Option<String> {
        let chain: Vec<&CertFacts> = Self::All.of(case).collect();
        let places = (1..chain.len()).map(|depth| chain.split_at(depth));
        let places = places.filter_map(|(below, above)| Some((below, *above.first()?)));
        let mut among = places.filter(|(_, issuer)| self.of(case).any(|one| std::ptr::eq(one, *issuer)));
        among.find_map(|(below, issuer)| fault(below, issuer))
    }
}

/// Each certificate with its issuer, from the leaf up, as far as is known.
fn links<'a>(case: &Case<'a>) -> Vec<(&'a CertFacts, &'a CertFacts)> {
    match case.model {
        Model::Pinned if case.leaf.is_self_issued() => vec![(case.leaf, case.leaf)],
        Model::Pinned => Vec::new(),
        Model::Ca => std::iter::once(&case.leaf)
            .chain(case.issuers)
            .copied()
            .zip(case.issuers.iter().copied())
            .collect(),
    }
}

fn names_another_key((certificate, issuer): (&CertFacts, &CertFacts)) -> bool {
    matches!(
        (certificate.authority_key_id(), issuer.subject_key_id()),
        (Some(named), Some(has)) if named != has
    )
}

fn extension(certificate: &CertFacts, oid: Oid) -> Option<&ExtensionFacts> {
    certificate.extensions.iter().find(|extension| extension.oid == oid)
}

/// Whether it is a list with nothing in it.
fn is_empty(extension: &ExtensionFacts) -> bool {
    extension.value == [0x30, 0]
}

/// The first of these extensions that is no empty list and not what its definition says.
fn unreadable(certificate: &CertFacts, among: impl Fn(&ExtensionFacts) -> bool) -> Option<String> {
    let unreadable =
        |e: &&ExtensionFacts| matches!(e.decoded, Extension::Malformed(_)) && !is_empty(e) && among(e);
    certificate.extensions.iter().find(unreadable).map(|e| format!("extension {} cannot be read", e.oid))
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

/// Whose path length is exceeded by the intermediates below that count.
fn path_too_long(whom: Whom, case: &Case<'_>, counts: impl Fn(&CertFacts) -> bool) -> Option<String> {
    whom.find_above(case, |below, issuer| {
        let limit = issuer.path_length()?;
        let count = below.iter().skip(1).filter(|c| counts(c)).count();
        (count > usize::try_from(limit).unwrap_or(usize::MAX))
            .then(|| format!("an issuer that allows {limit} intermediates, and {count} follow"))
    })
}

/// Whether a key usage has digitalSignature or one of these bits.
fn allows(usage: KeyUsage, others: &[&str]) -> bool {
    usage.digital_signature() || usage.names().any(|name| others.contains(&name))
}

/// Which of the certificates below breaks the name constraints of `issuer`. Where there are no alternative names those
/// who look at CNs hold the CN against them, and the others find no name at all.
fn not_permitted(below: &[&CertFacts], issuer: &CertFacts, how: Constrained) -> Option<String> {
    let mut budget = COMPARISONS;
    // RFC 5280 §4.2.1.10: not those that are self-issued, but for the last of a path.
    let bound = below.iter().enumerate().filter(|(depth, c)| *depth == 0 || !c.is_self_issued());
    let mut violations = bound.filter_map(|(depth, c)| {
        let reading = Reading {
            subject: how != Constrained::Alternatives,
            subject_emails: how != Constrained::Alternatives,
            common_name: depth == 0,
            wildcards_touch: how == Constrained::Wildcards,
        };
        constraints::apply(issuer, c, reading, &mut budget)
    });
    // Who has a bound of his own has a rule for it.
    let violation = violations.find(|violation| *violation != Violation::TooMany)?;
    Some(format!("of an issuer's, {violation}"))
}

/// The most that comparing names with name constraints may cost for one prediction, in units of 32 octets.
const COMPARISONS: usize = 4_000_000;

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
