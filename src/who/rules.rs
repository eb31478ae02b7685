//! Which verifier refuses on what, and where that is known from: the table.

use time::Duration;

use super::case::Case;
use super::condition::{Condition, Constrained, Whom};
use super::names::{CommonNames, NameRules, Stars, Wildcards};
use super::prediction::Refusal;
use super::release::{Build, Release, Version};
use super::verifier::Verifier;
use crate::pki::oid::{
    AUTHORITY_INFORMATION, AUTHORITY_KEY_IDENTIFIER, BASIC_CONSTRAINTS, CERTIFICATE_POLICIES,
    CRL_DISTRIBUTION_POINTS, EXTENDED_KEY_USAGE, INHIBIT_ANY_POLICY, KEY_USAGE, NAME_CONSTRAINTS,
    NETSCAPE_CERT_TYPE, OCSP_NO_CHECK, Oid, POLICY_CONSTRAINTS, POLICY_MAPPINGS, SUBJECT_ALT_NAME,
    SUBJECT_KEY_IDENTIFIER,
};
use crate::verify::Model;
use Condition as C;
use Verifier::{
    Chromium, Curl, Firefox, Gnutls, Go, Java, Node, Nss, Openssl, OpensslStrict, Python, RustlsWebpki,
};

/// Some verifiers refuse on one condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Who.
    pub verifiers: &'static [Verifier],
    /// In which trust model; `None` for both.
    pub model: Option<Model>,
    /// On what.
    pub condition: Condition,
    /// In which of the releases that were measured.
    pub releases: Releases,
    /// Where the rule is from.
    pub source: &'static str,
}

/// Some of the releases that were measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Releases {
    /// All of them.
    All,
    /// From this version on.
    From(Version),
    /// Before this version.
    Before(Version),
    /// What stands on an OpenSSL of security level 2, which is Debian's, and everybody's from 3.2 on.
    AtLevel2,
}

impl Releases {
    /// Whether `release` is one of them.
    pub fn include(self, release: &Release) -> bool {
        match self {
            Self::All => true,
            Self::From(version) => release.measured.0 >= version,
            Self::Before(version) => release.measured.1 < version,
            // Debian builds OpenSSL with -DOPENSSL_TLS_SECURITY_LEVEL=2; what brings its own has its makers' default.
            Self::AtLevel2 => {
                release.build == Build::System
                    || release.openssl.is_some_and(|openssl| openssl >= Version([3, 2, 0]))
            }
        }
    }
}

/// What is found of a case. Each condition is asked once, for many rules share it and some cost a signature.
pub(super) struct Findings<'c, 'a> {
    case: &'c Case<'a>,
    asked: Vec<(Condition, Option<String>)>,
}

impl<'c, 'a> Findings<'c, 'a> {
    /// Of `case`, nothing asked yet.
    pub(super) fn of(case: &'c Case<'a>) -> Self {
        Self { case, asked: Vec::new() }
    }

    /// What it is about.
    pub(super) fn case(&self) -> &'c Case<'a> {
        self.case
    }

    /// On what `verifier` refuses in this release.
    pub(super) fn refusals(&mut self, verifier: Verifier, release: &Release) -> Vec<Refusal> {
        let model = self.case.model;
        let applies = |rule: &&Rule| {
            rule.verifiers.contains(&verifier)
                && rule.model.is_none_or(|of| of == model)
                && rule.releases.include(release)
        };
        let rules = RULES.iter().filter(applies);
        rules
            .filter_map(|rule| Some(Refusal { words: self.ask(rule.condition)?, source: rule.source }))
            .collect()
    }

    /// What the certificate has about it that `verifier` was not seen with.
    pub(super) fn not_seen(&mut self, verifier: Verifier) -> Option<String> {
        let model = self.case.model;
        let mut unseen = KINDS
            .iter()
            .filter(|kind| kind.model.is_none_or(|of| of == model) && !kind.seen_with.contains(&verifier));
        unseen.find_map(|kind| self.ask(kind.condition))
    }

    fn ask(&mut self, condition: Condition) -> Option<String> {
        if let Some((_, words)) = self.asked.iter().find(|(known, _)| *known == condition) {
            return words.clone();
        }
        let words = condition.find(self.case);
        self.asked.push((condition, words.clone()));
        words
    }
}

/// Something about a certificate that not every verifier was measured with.
#[derive(Clone, Copy, Debug)]
struct Kind {
    condition: Condition,
    /// In which trust model; `None` for both.
    model: Option<Model>,
    /// Who was: what it refuses of this is among the rules.
    seen_with: &'static [Verifier],
}

/// What was not measured with everybody. (rustls-webpki is asked.)
const KINDS: &[Kind] = &[
    Kind { condition: C::Unverifiable, model: None, seen_with: &[RustlsWebpki] },
    Kind { condition: C::PostQuantum, model: None, seen_with: &[RustlsWebpki] },
    Kind { condition: C::RsaPss, model: None, seen_with: &[RustlsWebpki] },
    Kind { condition: C::P521, model: None, seen_with: &[RustlsWebpki] },
    Kind { condition: C::ConstrainedOtherwise, model: None, seen_with: &[RustlsWebpki] },
    Kind {
        condition: C::CriticallyConstrained,
        model: Some(Model::Ca),
        seen_with: &[Openssl, OpensslStrict, Python, Curl, Gnutls, Go, Java, Node, RustlsWebpki],
    },
    Kind { condition: C::UnreadableBut(ALL_READ), model: None, seen_with: &[RustlsWebpki] },
    Kind { condition: C::UnusualExponent, model: None, seen_with: &[RustlsWebpki] },
    Kind {
        condition: C::Critical(KNOWN_TO_SOME),
        model: Some(Model::Pinned),
        seen_with: &[Openssl, OpensslStrict, Python, Curl, Gnutls, Go, Java, Node, RustlsWebpki],
    },
    Kind {
        condition: C::Critical(KNOWN_TO_SOME),
        model: Some(Model::Ca),
        seen_with: &[Openssl, OpensslStrict, Python, Curl, Go, Node, RustlsWebpki],
    },
];

/// Those that shake hands; NSS's `certutil` reads files.
const LIVE: &[Verifier] =
    &[Openssl, OpensslStrict, Python, Curl, Gnutls, Firefox, Chromium, Go, Java, Node, RustlsWebpki];
/// Those that are OpenSSL, each with settings of its own.
const OPENSSLS: &[Verifier] = &[Openssl, OpensslStrict, Python, Curl, Node];
/// Those of them with `X509_V_FLAG_X509_STRICT`.
const STRICT: &[Verifier] = &[OpensslStrict, Python];
/// Those of them without `X509_V_FLAG_PARTIAL_CHAIN`: what is trusted is its own issuer or nothing.
const WHOLE: &[Verifier] = &[Openssl, OpensslStrict, Node];
/// Those of them that do not take a pinned certificate which they cannot read: curl, with partial chains, does.
const BUT_CURL: &[Verifier] = &[Openssl, OpensslStrict, Python, Node];

/// From these on, or from some release between the last that was measured before and them, these say something else.
const CURL_8_14: Version = Version([8, 14, 1]);
const GO_1_24: Version = Version([1, 24, 4]);
const JAVA_21: Version = Version([21, 0, 13]);
const NSS_3_110: Version = Version([3, 110, 0]);

const USELESS: &str = "RFC 5280 §6.1.3 (a)(1): no signature verifies with it";
const CHECK_TIME: &str = "OpenSSL crypto/x509/x509_vfy.c ossl_x509_check_cert_time";
const CHECK_EXTENSIONS: &str = "OpenSSL crypto/x509/x509_vfy.c check_extensions";
const PURPOSE: &str = "OpenSSL crypto/x509/v3_purp.c check_purpose_ssl_server";
const CHECK_CA: &str = "OpenSSL crypto/x509/v3_purp.c check_ca";
const CACHE: &str = "OpenSSL crypto/x509/v3_purp.c ossl_x509v3_cache_extensions";
const ISSUED_BY: &str = "OpenSSL crypto/x509/v3_purp.c X509_check_akid";
const GNUTLS: &str = "GnuTLS lib/x509/verify.c verify_crt";
const GNUTLS_TIME: &str = "GnuTLS lib/x509/verify.c check_time_status";
const GNUTLS_USES: &str = "GnuTLS lib/x509/verify.c _gnutls_check_key_purpose";
const GNUTLS_SANITY: &str = "GnuTLS lib/x509/x509.c _gnutls_check_cert_sanity";
const GNUTLS_NAMES_READ: &str = "GnuTLS lib/x509/x509.c cache_alt_names";
const NSS: &str = "NSS lib/certhigh/certvfy.c cert_VerifyCertChainOld";
/// Since `certutil -V` asks libpkix, the newer of NSS's two verifiers.
const NSS_PKIX: &str = "NSS lib/certhigh/certvfypkix.c cert_VerifyCertChainPkix";
const NSS_TIME: &str = "NSS lib/certdb/certdb.c CERT_CheckCertValidTimes";
const NSS_TYPE: &str = "NSS lib/certdb/certdb.c cert_ComputeCertType";
const PKIX_TIME: &str = "mozilla::pkix pkixcheck.cpp CheckValidity";
const PKIX_BASIC: &str = "mozilla::pkix pkixcheck.cpp CheckBasicConstraints";
const PKIX_KEY_USAGE: &str = "mozilla::pkix pkixcheck.cpp CheckKeyUsage";
const PKIX_USES: &str = "mozilla::pkix pkixcheck.cpp CheckExtendedKeyUsage";
const PKIX_EXTENSIONS: &str = "mozilla::pkix pkixcert.cpp BackCert::RememberExtension";
const PKI_TIME: &str = "BoringSSL pki/verify_certificate_chain.cc VerifyTimeValidity";
const PKI_PREPARE: &str = "BoringSSL pki/verify_certificate_chain.cc PathVerifier::PrepareForNextCertificate";
const PKI_ANCHOR: &str =
    "BoringSSL pki/verify_certificate_chain.cc PathVerifier::ApplyTrustAnchorConstraints";
const PKI_USES: &str = "BoringSSL pki/verify_certificate_chain.cc VerifyExtendedKeyUsage";
const PKI_CRITICAL: &str = "BoringSSL pki/verify_certificate_chain.cc VerifyNoUnconsumedCriticalExtensions";
const PKI_PROCESS: &str =
    "BoringSSL pki/verify_certificate_chain.cc PathVerifier::BasicCertificateProcessing";
const PKI_PARSE: &str = "BoringSSL pki/parsed_certificate.cc ParsedCertificate::Create";
const CHROMIUM: &str = "Chromium net/cert/cert_verify_proc_builtin.cc";
const GO: &str = "Go crypto/x509 verify.go isValid";
const GO_SIGNED: &str = "Go crypto/x509 x509.go CheckSignatureFrom";
const GO_USES: &str = "Go crypto/x509 verify.go checkChainForKeyUsage";
const GO_PARSE: &str = "Go crypto/x509 parser.go parseCertificate";
const JAVA: &str = "JDK sun.security.validator.PKIXValidator.engineValidate";
const JAVA_READ: &str =
    "JDK sun.security.x509.X509CertImpl: an extension that is asked for and cannot be read";
const JAVA_END: &str = "JDK sun.security.validator.EndEntityChecker";
const JAVA_EXTENSIONS: &str = "JDK sun.security.x509.CertificateExtensions.parseExtension";
const WEBPKI_TIME: &str = "rustls-webpki src/verify_cert.rs check_validity";
const WEBPKI_SIGNED: &str = "rustls-webpki src/verify_cert.rs check_signed_chain";
const WEBPKI_BASIC: &str = "rustls-webpki src/verify_cert.rs check_basic_constraints";
const WEBPKI_USES: &str = "rustls-webpki src/verify_cert.rs check_eku";
const WEBPKI_NAMES: &str = "rustls-webpki src/subject_name/mod.rs check_name_constraints";
const WEBPKI_CRITICAL: &str = "rustls-webpki src/x509.rs: UnsupportedCriticalExtension";

/// Extensions that every verifier processes, critical or not.
const KNOWN_TO_ALL: &[Oid] =
    &[KEY_USAGE, SUBJECT_ALT_NAME, BASIC_CONSTRAINTS, NAME_CONSTRAINTS, EXTENDED_KEY_USAGE];

/// Those that RFC 5280 wants not to be critical, which some therefore refuse.
const KEY_IDENTIFIERS: &[Oid] = &[SUBJECT_KEY_IDENTIFIER, AUTHORITY_KEY_IDENTIFIER];

/// Critical extensions that some verifiers process and others do not.
const KNOWN_TO_SOME: &[Oid] = &[
    AUTHORITY_INFORMATION,
    CERTIFICATE_POLICIES,
    CRL_DISTRIBUTION_POINTS,
    INHIBIT_ANY_POLICY,
    NETSCAPE_CERT_TYPE,
    OCSP_NO_CHECK,
    POLICY_CONSTRAINTS,
    POLICY_MAPPINGS,
];

/// What OpenSSL, Chromium and Go read of a certificate before all else.
const ALL_READ: &[Oid] = &joined::<7>(KNOWN_TO_ALL, KEY_IDENTIFIERS);

/// The critical extensions that each is not known to refuse: what it was seen to take, and, of those that were not seen
/// with them all ([`KINDS`]), [`KNOWN_TO_SOME`].
const BUT_KEY_IDENTIFIERS: &[Oid] = &joined::<13>(KNOWN_TO_ALL, KNOWN_TO_SOME);
const WITH_KEY_IDENTIFIERS: &[Oid] = &joined::<15>(ALL_READ, KNOWN_TO_SOME);
const OPENSSL_KNOWN: &[Oid] = &joined::<12>(
    KNOWN_TO_ALL,
    &[
        CERTIFICATE_POLICIES,
        CRL_DISTRIBUTION_POINTS,
        INHIBIT_ANY_POLICY,
        NETSCAPE_CERT_TYPE,
        OCSP_NO_CHECK,
        POLICY_CONSTRAINTS,
        POLICY_MAPPINGS,
    ],
);
const GO_KNOWN: &[Oid] =
    &joined::<10>(ALL_READ, &[AUTHORITY_INFORMATION, CERTIFICATE_POLICIES, CRL_DISTRIBUTION_POINTS]);
const GO_1_24_KNOWN: &[Oid] = &joined::<10>(
    KNOWN_TO_ALL,
    &[CERTIFICATE_POLICIES, CRL_DISTRIBUTION_POINTS, INHIBIT_ANY_POLICY, POLICY_CONSTRAINTS, POLICY_MAPPINGS],
);
const WEBPKI_KNOWN: &[Oid] = &joined::<6>(KNOWN_TO_ALL, &[CRL_DISTRIBUTION_POINTS]);

/// One list behind the other; `N` is the length of both.
const fn joined<const N: usize>(one: &[Oid], other: &[Oid]) -> [Oid; N] {
    assert!(one.len() + other.len() == N, "another length");
    let mut all = [one[0]; N];
    let mut place = 1;
    while place < N {
        all[place] = if place < one.len() { one[place] } else { other[place - one.len()] };
        place += 1;
    }
    all
}

/// Context tags of GeneralName (RFC 5280 §4.2.1.6).
const X400_ADDRESS: u8 = 3;
const EDI_PARTY_NAME: u8 = 5;
/// Nothing, and the last that fits.
const UNDEFINED: u8 = 9;
const LAST: u8 = 30;

/// The TLS extension for stapling (RFC 6066 §8).
const STATUS_REQUEST: u16 = 5;

const MD: &[&str] = &["md2", "md4", "md5"];
const WEAK: &[&str] = &["md2", "md4", "md5", "sha1"];

const WHOLE_LABEL: Wildcards =
    Wildcards { partial: false, partial_a_label: false, top_level: false, stars: Stars::First };

const OPENSSL_NAMES: NameRules = NameRules {
    common_names: CommonNames::AnyWithoutDnsName,
    wildcards: Wildcards { partial: true, ..WHOLE_LABEL },
    final_dot: false,
    address_as_text: false,
};
const PYTHON_NAMES: NameRules = NameRules { wildcards: WHOLE_LABEL, ..OPENSSL_NAMES };
const CURL_NAMES: NameRules = NameRules {
    common_names: CommonNames::LastWithoutDnsNameOrAddress,
    wildcards: WHOLE_LABEL,
    final_dot: true,
    address_as_text: true,
};
const NODE_NAMES: NameRules = NameRules {
    wildcards: Wildcards { partial_a_label: true, ..OPENSSL_NAMES.wildcards },
    final_dot: true,
    ..OPENSSL_NAMES
};
const GNUTLS_NAMES: NameRules = NameRules {
    common_names: CommonNames::OnlyWithoutHostName,
    wildcards: WHOLE_LABEL,
    final_dot: false,
    address_as_text: false,
};
const SAN_NAMES: NameRules = NameRules {
    common_names: CommonNames::Never,
    wildcards: WHOLE_LABEL,
    final_dot: false,
    address_as_text: false,
};
const CHROMIUM_NAMES: NameRules = NameRules { final_dot: true, ..SAN_NAMES };
const GO_NAMES: NameRules =
    NameRules { wildcards: Wildcards { top_level: true, ..WHOLE_LABEL }, ..SAN_NAMES };
const JAVA_NAMES: NameRules = NameRules {
    common_names: CommonNames::LastWithoutDnsName,
    wildcards: Wildcards { partial: true, partial_a_label: false, top_level: true, stars: Stars::Anywhere },
    final_dot: false,
    address_as_text: false,
};

/// As RFC 5280 §4.2.1.10 has them, and the CN of a certificate without other names.
const CONSTRAINED: Constrained = Constrained {
    subject: true,
    uris: true,
    common_name_beside: false,
    wildcard_common_name: true,
    final_dot: true,
    wildcards: false,
};
const WILDCARDS: Constrained = Constrained { wildcards: true, ..CONSTRAINED };
const OPENSSL_CONSTRAINED: Constrained =
    Constrained { common_name_beside: true, wildcard_common_name: false, final_dot: false, ..CONSTRAINED };
const GNUTLS_CONSTRAINED: Constrained = Constrained { subject: false, uris: false, ..CONSTRAINED };
const NSS_CONSTRAINED: Constrained = Constrained { final_dot: false, ..CONSTRAINED };
const JAVA_CONSTRAINED: Constrained =
    Constrained { common_name_beside: true, wildcard_common_name: false, ..CONSTRAINED };
const JAVA_21_CONSTRAINED: Constrained =
    Constrained { wildcard_common_name: true, wildcards: true, ..JAVA_CONSTRAINED };

const JAVA_21_NAMES: NameRules =
    NameRules { wildcards: Wildcards { stars: Stars::SeveralInFirst, ..JAVA_NAMES.wildcards }, ..JAVA_NAMES };

const fn both(verifiers: &'static [Verifier], condition: Condition, source: &'static str) -> Rule {
    Rule { verifiers, model: None, condition, releases: Releases::All, source }
}

const fn issued(verifiers: &'static [Verifier], condition: Condition, source: &'static str) -> Rule {
    Rule { verifiers, model: Some(Model::Ca), condition, releases: Releases::All, source }
}

const fn pinned(verifiers: &'static [Verifier], condition: Condition, source: &'static str) -> Rule {
    Rule { verifiers, model: Some(Model::Pinned), condition, releases: Releases::All, source }
}

impl Rule {
    /// The same, in some releases only.
    const fn only(self, releases: Releases) -> Self {
        Self { releases, ..self }
    }
}

/// The table. tlslab has no rule in it: it is asked.
pub const RULES: &[Rule] = &[
    // whoever speaks TLS
    both(LIVE, C::UnfitForTls, "RFC 8446 §4.2.3, RFC 8422 §5.1.1: no signature scheme or curve for it"),
    both(
        &[Gnutls, Go, Java, Node],
        C::ShortRsa(528),
        "RFC 8017 §9.1.1: too short for RSASSA-PSS with SHA-256, which TLS 1.3 demands",
    ),
    // whoever verifies signatures, and NSS's certutil, which takes no such certificate into its database
    issued(LIVE, C::UselessIssuerKey, USELESS),
    issued(&[Nss], C::UselessIssuerKey, USELESS),
    // OpenSSL, whoever calls it
    both(OPENSSLS, C::Expired, CHECK_TIME),
    both(OPENSSLS, C::NotYetValid, CHECK_TIME),
    issued(OPENSSLS, C::OutOfDate(Whom::Issuers), CHECK_TIME),
    issued(OPENSSLS, C::Forged, "OpenSSL crypto/x509/x509_vfy.c internal_verify"),
    issued(OPENSSLS, C::AlgorithmsDiffer(Whom::Sent), "OpenSSL crypto/x509/x_all.c X509_verify"),
    issued(OPENSSLS, C::NotCa(Whom::Intermediates), CHECK_CA),
    issued(OPENSSLS, C::DeniesCa(Whom::Root), CHECK_CA),
    issued(OPENSSLS, C::MayNotSign(Whom::Issuers), CHECK_CA),
    issued(OPENSSLS, C::PathTooLong(Whom::Issuers), CHECK_EXTENSIONS),
    both(
        OPENSSLS,
        C::UnknownCritical(Whom::All, OPENSSL_KNOWN),
        "OpenSSL crypto/x509/v3_purp.c X509_supported_extension",
    ),
    issued(
        OPENSSLS,
        C::NotPermitted(Whom::Issuers, OPENSSL_CONSTRAINED),
        "OpenSSL crypto/x509/x509_vfy.c check_name_constraints",
    ),
    issued(OPENSSLS, C::NotServerAuth(Whom::Issuers), PURPOSE),
    both(OPENSSLS, C::NotServerAuth(Whom::Leaf), PURPOSE),
    both(OPENSSLS, C::NoPurpose(Whom::All), PURPOSE),
    both(OPENSSLS, C::NoKeyUsageForTls, PURPOSE),
    issued(OPENSSLS, C::SignedWith(WEAK), "OpenSSL crypto/x509/x509_vfy.c check_sig_level"),
    both(OPENSSLS, C::ShortRsa(2048), "OpenSSL crypto/x509/x509_vfy.c check_key_level")
        .only(Releases::AtLevel2),
    both(OPENSSLS, C::ExplicitCurve, "OpenSSL crypto/x509/x509_vfy.c check_curve, ≥ 3.0"),
    pinned(WHOLE, C::NotSelfIssued, "OpenSSL crypto/x509/x509_vfy.c build_chain: no partial chains"),
    pinned(WHOLE, C::AnothersKeyIdentifier, ISSUED_BY),
    issued(OPENSSLS, C::AnothersKeyIdentifier, ISSUED_BY),
    issued(OPENSSLS, C::DuplicateExtension(Whom::All), CACHE),
    issued(OPENSSLS, C::EmptyKeyUsage(Whom::All), CACHE),
    issued(OPENSSLS, C::Unreadable(Whom::All, ALL_READ), CACHE),
    issued(OPENSSLS, C::AlternativeName(UNDEFINED, LAST), CACHE),
    pinned(BUT_CURL, C::DuplicateExtension(Whom::Leaf), CACHE),
    pinned(BUT_CURL, C::EmptyKeyUsage(Whom::Leaf), CACHE),
    pinned(BUT_CURL, C::Unreadable(Whom::Leaf, ALL_READ), CACHE),
    pinned(BUT_CURL, C::AlternativeName(UNDEFINED, LAST), CACHE),
    both(OPENSSLS, C::LongerThan(102_400), "OpenSSL include/openssl/ssl.h SSL_MAX_CERT_LIST_DEFAULT"),
    // OpenSSL -x509_strict, and Python from 3.13 on
    both(STRICT, C::CertSignWithoutConstraints, CHECK_CA),
    pinned(STRICT, C::Version1WithoutConstraints, CHECK_CA),
    issued(STRICT, C::NotCa(Whom::Root), CHECK_EXTENSIONS),
    issued(STRICT, C::ExtensionsInOldVersion(Whom::All), CHECK_EXTENSIONS),
    issued(STRICT, C::NoAuthorityKeyId, CHECK_EXTENSIONS),
    issued(STRICT, C::NoSubjectKeyId, CHECK_EXTENSIONS),
    issued(STRICT, C::CaWithoutKeyUsage, CHECK_EXTENSIONS),
    issued(STRICT, C::CaNotCritical, CHECK_EXTENSIONS),
    issued(STRICT, C::PathLengthWithoutCa, CHECK_EXTENSIONS),
    issued(STRICT, C::CertSignWithoutCa, CHECK_EXTENSIONS),
    issued(STRICT, C::EmptySubjectUncritical, CHECK_EXTENSIONS),
    issued(STRICT, C::EmptyAlternativeNames, CHECK_EXTENSIONS),
    // the names, as each of them has them
    both(
        &[Openssl, OpensslStrict],
        C::NotNamed(OPENSSL_NAMES),
        "OpenSSL crypto/x509/v3_utl.c X509_check_host, X509_check_ip",
    ),
    both(
        &[Python],
        C::NotNamed(PYTHON_NAMES),
        "CPython Modules/_ssl.c X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS; OpenSSL X509_check_host",
    ),
    both(
        &[Curl],
        C::NotNamed(CURL_NAMES),
        "curl lib/vtls/openssl.c Curl_ossl_verifyhost, lib/vtls/hostcheck.c Curl_cert_hostcheck",
    ),
    both(&[Curl], C::EmptyIssuer, "curl lib/vtls/openssl.c: couldn't get X509-issuer name")
        .only(Releases::Before(CURL_8_14)),
    both(&[Node], C::NotNamed(NODE_NAMES), "Node lib/tls.js checkServerIdentity"),
    // GnuTLS
    both(&[Gnutls], C::Expired, GNUTLS_TIME),
    both(&[Gnutls], C::NotYetValid, GNUTLS_TIME),
    issued(&[Gnutls], C::OutOfDate(Whom::Issuers), GNUTLS_TIME),
    issued(&[Gnutls], C::Forged, GNUTLS),
    issued(&[Gnutls], C::NotCa(Whom::Intermediates), "GnuTLS lib/x509/verify.c check_if_ca"),
    issued(&[Gnutls], C::DeniesCa(Whom::Root), "GnuTLS lib/x509/verify.c check_if_ca"),
    issued(&[Gnutls], C::MayNotSign(Whom::Issuers), GNUTLS),
    issued(&[Gnutls], C::Unreadable(Whom::Issuers, &[KEY_USAGE]), GNUTLS),
    issued(&[Gnutls], C::PathTooLongInAll(Whom::Issuers), "GnuTLS lib/x509/verify.c check_if_ca"),
    issued(&[Gnutls], C::NotPermitted(Whom::Issuers, GNUTLS_CONSTRAINED), GNUTLS),
    issued(
        &[Gnutls],
        C::UnknownCritical(Whom::All, WITH_KEY_IDENTIFIERS),
        "GnuTLS lib/x509/verify.c check_for_unknown_exts",
    ),
    issued(&[Gnutls], C::NotServerAuth(Whom::Intermediates), GNUTLS_USES),
    both(&[Gnutls], C::ForOtherUses(Whom::Leaf), GNUTLS_USES),
    both(&[Gnutls], C::Unreadable(Whom::Leaf, &[EXTENDED_KEY_USAGE]), GNUTLS_USES),
    both(
        &[Gnutls],
        C::NoDigitalSignature,
        "GnuTLS lib/tls-sig.c _gnutls_check_key_usage_for_sig, in the handshake",
    ),
    both(&[Gnutls], C::DuplicateExtension(Whom::All), GNUTLS_SANITY),
    both(&[Gnutls], C::ExtensionsInOldVersion(Whom::All), GNUTLS_SANITY),
    both(&[Gnutls], C::AlgorithmsDiffer(Whom::All), "GnuTLS lib/x509/x509.c compare_sig_algorithm"),
    both(&[Gnutls], C::Unreadable(Whom::All, &[SUBJECT_ALT_NAME]), GNUTLS_NAMES_READ),
    both(&[Gnutls], C::AlternativeName(UNDEFINED, LAST), GNUTLS_NAMES_READ),
    both(&[Gnutls], C::LongerThan(131_072), "GnuTLS lib/gnutls_int.h MAX_HANDSHAKE_PACKET_SIZE"),
    both(&[Gnutls], C::AlternativeName(X400_ADDRESS, X400_ADDRESS), GNUTLS_NAMES_READ),
    both(&[Gnutls], C::AlternativeName(EDI_PARTY_NAME, EDI_PARTY_NAME), GNUTLS_NAMES_READ),
    both(&[Gnutls], C::DemandsOfTls(&[STATUS_REQUEST]), "GnuTLS lib/cert-session.c check_ocsp_response"),
    both(&[Gnutls], C::MoreSentThan(16), "GnuTLS lib/gnutls_int.h DEFAULT_MAX_VERIFY_DEPTH"),
    issued(&[Gnutls], C::AnothersKeyIdentifier, "GnuTLS lib/x509/verify.c is_issuer"),
    issued(&[Gnutls], C::SignedWith(WEAK), GNUTLS),
    both(
        &[Gnutls],
        C::NotNamed(GNUTLS_NAMES),
        "GnuTLS lib/x509/hostname-verify.c gnutls_x509_crt_check_hostname2",
    ),
    both(&[Gnutls], C::ExplicitCurve, "GnuTLS lib/x509/key_decode.c _gnutls_x509_read_ecc_params"),
    // NSS, the old verifier; it is asked about no name, and certutil -V about no signature
    both(&[Nss], C::Expired, NSS_TIME),
    both(&[Nss], C::NotYetValidFor(Duration::days(1)), NSS_TIME),
    issued(&[Nss], C::OutOfDate(Whom::Issuers), NSS_TIME),
    issued(&[Nss], C::AlgorithmsDiffer(Whom::Sent), NSS).only(Releases::Before(NSS_3_110)),
    issued(&[Nss], C::NotCa(Whom::Intermediates), NSS),
    issued(&[Nss], C::DeniesCa(Whom::Root), NSS),
    issued(&[Nss], C::MayNotSign(Whom::Intermediates), NSS).only(Releases::Before(NSS_3_110)),
    issued(&[Nss], C::MayNotSign(Whom::Issuers), NSS_PKIX).only(Releases::From(NSS_3_110)),
    issued(&[Nss], C::PathTooLong(Whom::Issuers), NSS),
    issued(
        &[Nss],
        C::NotPermitted(Whom::Issuers, NSS_CONSTRAINED),
        "NSS lib/certdb/genname.c CERT_CompareNameSpace",
    ),
    issued(&[Nss], C::UnknownCritical(Whom::Sent, WITH_KEY_IDENTIFIERS), NSS)
        .only(Releases::Before(NSS_3_110)),
    issued(&[Nss], C::UnknownCritical(Whom::Sent, BUT_KEY_IDENTIFIERS), NSS_PKIX)
        .only(Releases::From(NSS_3_110)),
    issued(&[Nss], C::CriticalTwice(Whom::Sent), NSS_PKIX).only(Releases::From(NSS_3_110)),
    issued(&[Nss], C::Unreadable(Whom::Leaf, &[EXTENDED_KEY_USAGE]), NSS_PKIX)
        .only(Releases::From(NSS_3_110)),
    issued(&[Nss], C::NotForTls(Whom::Intermediates), NSS_TYPE).only(Releases::Before(NSS_3_110)),
    issued(&[Nss], C::NotForTls(Whom::Issuers), NSS_PKIX).only(Releases::From(NSS_3_110)),
    issued(&[Nss], C::NoPurpose(Whom::Issuers), NSS_PKIX).only(Releases::From(NSS_3_110)),
    both(&[Nss], C::NotServerAuth(Whom::Leaf), NSS_TYPE),
    both(&[Nss], C::NoPurpose(Whom::Leaf), NSS_TYPE),
    both(&[Nss], C::CaWithExtendedKeyUsage, NSS_TYPE),
    both(&[Nss], C::NoKeyUsageForAnyExchange, NSS),
    both(&[Nss], C::ExplicitCurve, "NSS: named curves only"),
    both(&[Nss], C::Ed25519, "NSS softoken: no Ed25519 certificates"),
    issued(&[Nss], C::AnothersKeyIdentifier, "NSS lib/certhigh/certvfy.c CERT_FindCertIssuer"),
    // Firefox
    both(&[Firefox], C::Expired, PKIX_TIME),
    both(&[Firefox], C::NotYetValid, PKIX_TIME),
    issued(&[Firefox], C::OutOfDate(Whom::Issuers), PKIX_TIME),
    issued(&[Firefox], C::Forged, "mozilla::pkix pkixbuild.cpp PathBuildingStep::Check"),
    issued(
        &[Firefox],
        C::AlgorithmsDiffer(Whom::Sent),
        "mozilla::pkix pkixcheck.cpp CheckSignatureAlgorithm",
    ),
    issued(&[Firefox], C::NotCa(Whom::Intermediates), PKIX_BASIC),
    issued(&[Firefox], C::NotCaInVersion3(Whom::Root), PKIX_BASIC),
    issued(&[Firefox], C::PathTooLongInAll(Whom::Issuers), PKIX_BASIC),
    issued(
        &[Firefox],
        C::MoreIntermediatesThan(6),
        "mozilla::pkix pkixbuild.cpp BuildForward: MAX_SUBCA_COUNT",
    ),
    issued(
        &[Firefox],
        C::NotPermitted(Whom::Issuers, WILDCARDS),
        "mozilla::pkix pkixnames.cpp CheckNameConstraints",
    ),
    issued(&[Firefox], C::MayNotSign(Whom::Issuers), PKIX_KEY_USAGE),
    issued(&[Firefox], C::NotServerAuth(Whom::Issuers), PKIX_USES),
    both(&[Firefox], C::CaAsServer, PKIX_BASIC),
    both(&[Firefox], C::Unreadable(Whom::All, &[BASIC_CONSTRAINTS]), PKIX_BASIC),
    both(&[Firefox], C::Unreadable(Whom::All, &[KEY_USAGE]), PKIX_KEY_USAGE),
    both(&[Firefox], C::EmptyKeyUsage(Whom::All), PKIX_KEY_USAGE),
    both(&[Firefox], C::Unreadable(Whom::All, &[EXTENDED_KEY_USAGE]), PKIX_USES),
    both(&[Firefox], C::NotServerAuth(Whom::Leaf), PKIX_USES),
    both(&[Firefox], C::NoPurpose(Whom::All), PKIX_USES),
    both(&[Firefox], C::OcspResponder, PKIX_USES),
    both(&[Firefox], C::ExplicitCurve, "mozilla::pkix pkixcheck.cpp CheckSubjectPublicKeyInfo"),
    both(&[Firefox], C::LongerThan(131_071), "NSS lib/ssl/ssl3con.c MAX_HANDSHAKE_MSG_LEN"),
    both(&[Firefox], C::EmptyIssuer, "mozilla::pkix pkixcheck.cpp CheckIssuer"),
    both(&[Firefox], C::Ed25519, "Firefox: no ed25519 among the signature schemes that are offered"),
    both(
        &[Firefox],
        C::NoKeyUsageForTls,
        "Firefox security/certverifier/CertVerifier.cpp BuildCertChainForOneKeyUsage",
    ),
    both(&[Firefox], C::DemandsOfTls(&[]), "mozilla::pkix pkixcheck.cpp TLSFeaturesSatisfiedInternal"),
    both(&[Firefox], C::UnknownCritical(Whom::All, BUT_KEY_IDENTIFIERS), PKIX_EXTENSIONS),
    both(&[Firefox], C::DuplicateExtension(Whom::All), PKIX_EXTENSIONS),
    both(&[Firefox], C::ShortRsa(1024), "Firefox NSSCertDBTrustDomain::CheckRSAPublicKeyModulusSizeInBits"),
    issued(&[Firefox], C::SignedWith(WEAK), "Firefox NSSCertDBTrustDomain::CheckSignatureDigestAlgorithm"),
    both(&[Firefox], C::NotNamed(SAN_NAMES), "mozilla::pkix pkixnames.cpp CheckCertHostname"),
    // Chromium
    both(&[Chromium], C::Expired, PKI_TIME),
    both(&[Chromium], C::NotYetValid, PKI_TIME),
    issued(&[Chromium], C::OutOfDate(Whom::Issuers), PKI_TIME),
    issued(&[Chromium], C::Forged, PKI_PROCESS),
    issued(
        &[Chromium],
        C::AlgorithmsDiffer(Whom::Sent),
        "BoringSSL pki/verify_certificate_chain.cc VerifySignatureAlgorithmsMatch",
    ),
    issued(&[Chromium], C::NotCa(Whom::Intermediates), PKI_PREPARE),
    issued(&[Chromium], C::DeniesCa(Whom::Root), PKI_ANCHOR),
    issued(&[Chromium], C::MayNotSign(Whom::Issuers), PKI_PREPARE),
    issued(&[Chromium], C::PathTooLong(Whom::Issuers), PKI_PREPARE),
    issued(&[Chromium], C::NotPermitted(Whom::Issuers, WILDCARDS), PKI_PROCESS),
    issued(&[Chromium], C::ForOtherUses(Whom::Issuers), PKI_USES),
    both(&[Chromium], C::ForOtherUses(Whom::Leaf), PKI_USES),
    both(&[Chromium], C::UnknownCritical(Whom::All, BUT_KEY_IDENTIFIERS), PKI_CRITICAL),
    both(
        &[Chromium],
        C::NoDigitalSignature,
        "BoringSSL ssl/ssl_cert.cc ssl_cert_check_key_usage: ERR_SSL_KEY_USAGE_INCOMPATIBLE",
    ),
    both(&[Chromium], C::Ed25519, "Chromium net/socket/ssl_client_socket_impl.cc: ed25519 is not offered"),
    both(&[Chromium], C::DuplicateExtension(Whom::All), "BoringSSL pki/parse_certificate.cc ParseExtensions"),
    both(
        &[Chromium],
        C::ExtensionsInOldVersion(Whom::All),
        "BoringSSL pki/parse_certificate.cc ParseTbsCertificate",
    ),
    both(&[Chromium], C::EmptySubjectUncritical, PKI_PARSE),
    both(&[Chromium], C::EmptyKeyUsage(Whom::All), "BoringSSL pki/parse_certificate.cc ParseKeyUsage"),
    both(&[Chromium], C::NoPurpose(Whom::All), "BoringSSL pki/extended_key_usage.cc ParseEKUExtension"),
    both(&[Chromium], C::Unreadable(Whom::All, ALL_READ), PKI_PARSE),
    both(&[Chromium], C::ExplicitCurve, "BoringSSL: named curves only"),
    both(&[Chromium], C::LongerThan(102_400), "BoringSSL ssl/ssl_lib.cc: max_cert_list"),
    both(&[Chromium], C::ShortRsa(1024), CHROMIUM),
    issued(&[Chromium], C::SignedWith(WEAK), CHROMIUM),
    both(&[Chromium], C::NotNamed(CHROMIUM_NAMES), "Chromium net/cert/x509_certificate.cc VerifyHostname"),
    // Go
    both(&[Go], C::Expired, GO),
    both(&[Go], C::NotYetValid, GO),
    issued(&[Go], C::OutOfDate(Whom::Issuers), GO),
    issued(&[Go], C::NotCa(Whom::Intermediates), GO),
    issued(&[Go], C::NotCaInVersion3(Whom::Root), GO),
    issued(&[Go], C::PathTooLongInAll(Whom::Issuers), GO),
    issued(&[Go], C::NotPermitted(Whom::Issuers, CONSTRAINED), GO),
    issued(
        &[Go],
        C::CriticallyConstrained,
        "Go crypto/x509 parser.go parseNameConstraintsExtension: unhandled",
    ),
    issued(&[Go], C::Forged, GO_SIGNED),
    issued(&[Go], C::MayNotSign(Whom::Issuers), GO_SIGNED),
    issued(&[Go], C::ForOtherUses(Whom::Issuers), GO_USES),
    both(&[Go], C::ForOtherUses(Whom::Leaf), GO_USES),
    both(
        &[Go],
        C::UnknownCritical(Whom::All, GO_KNOWN),
        "Go crypto/x509 verify.go: UnhandledCriticalExtension",
    )
    .only(Releases::Before(GO_1_24)),
    both(
        &[Go],
        C::UnknownCritical(Whom::All, GO_1_24_KNOWN),
        "Go crypto/x509 parser.go processExtensions: which may be critical; verify.go: UnhandledCriticalExtension",
    )
    .only(Releases::From(GO_1_24)),
    both(&[Go], C::DuplicateExtension(Whom::All), GO_PARSE),
    both(&[Go], C::AlgorithmsDiffer(Whom::All), GO_PARSE),
    both(&[Go], C::Unreadable(Whom::All, ALL_READ), "Go crypto/x509 parser.go processExtensions"),
    both(&[Go], C::ExplicitCurve, "Go crypto/x509 parser.go parsePublicKey"),
    both(&[Go], C::LongerThan(65_536), "Go crypto/tls common.go maxHandshake")
        .only(Releases::Before(GO_1_24)),
    both(&[Go], C::LongerThan(262_144), "Go crypto/tls common.go maxHandshakeCertificateMsg")
        .only(Releases::From(GO_1_24)),
    issued(
        &[Go],
        C::TooManyComparisons(250_000),
        "Go crypto/x509 verify.go isValid: maxConstraintComparisons",
    ),
    both(&[Go], C::NamesInOldVersion, GO_PARSE),
    issued(&[Go], C::SignedWith(WEAK), "Go crypto/x509 x509.go checkSignature, ≥ 1.18"),
    both(
        &[Go],
        C::NotNamed(GO_NAMES),
        "Go crypto/x509 verify.go VerifyHostname: the CN is never looked at, ≥ 1.15",
    ),
    // Java: a certificate that is itself in the trust store is taken before any path is checked
    issued(&[Java], C::Expired, JAVA),
    issued(&[Java], C::NotYetValid, JAVA),
    issued(&[Java], C::OutOfDate(Whom::Intermediates), JAVA),
    issued(&[Java], C::Forged, JAVA),
    issued(&[Java], C::NotCa(Whom::Intermediates), JAVA),
    issued(&[Java], C::NotCaInVersion3(Whom::Root), JAVA),
    issued(&[Java], C::MayNotSign(Whom::Issuers), JAVA),
    issued(
        &[Java],
        C::AnothersKeyIdentifierBelowRoot,
        "JDK sun.security.provider.certpath.PKIXCertPathValidator.validate: which anchors are worth trying",
    ),
    issued(&[Java], C::PathTooLong(Whom::Intermediates), JAVA),
    issued(&[Java], C::NotPermitted(Whom::Intermediates, JAVA_CONSTRAINED), JAVA)
        .only(Releases::Before(JAVA_21)),
    issued(&[Java], C::NotPermitted(Whom::Intermediates, JAVA_21_CONSTRAINED), JAVA)
        .only(Releases::From(JAVA_21)),
    both(
        &[Java],
        C::MoreSentThan(10),
        "JDK sun.security.ssl.SSLConfiguration: jdk.tls.maxCertificateChainLength",
    ),
    issued(&[Java], C::ForOtherUses(Whom::Leaf), JAVA_END),
    issued(&[Java], C::NoPurpose(Whom::Leaf), JAVA_END),
    issued(&[Java], C::NoDigitalSignature, JAVA_END),
    issued(&[Java], C::EmptyKeyUsage(Whom::Leaf), JAVA_END),
    issued(&[Java], C::UnknownCritical(Whom::Sent, BUT_KEY_IDENTIFIERS), JAVA),
    issued(&[Java], C::SignedWith(MD), "JDK java.security: jdk.certpath.disabledAlgorithms"),
    both(&[Java], C::AlgorithmsDiffer(Whom::All), "JDK sun.security.x509.X509CertImpl.parse"),
    both(&[Java], C::DuplicateExtension(Whom::All), JAVA_EXTENSIONS),
    both(&[Java], C::UnreadableCritical(Whom::All), JAVA_EXTENSIONS),
    both(&[Java], C::ExtensionsInOldVersion(Whom::All), "JDK sun.security.x509.X509CertInfo.parse"),
    both(&[Java], C::ExplicitCurve, "JDK sun.security.util.ECParameters: only named curves"),
    both(
        &[Java],
        C::LongerThan(32_768),
        "JDK sun.security.ssl.SSLConfiguration: jdk.tls.maxHandshakeMessageSize",
    ),
    both(&[Java], C::EmptyIssuer, "JDK sun.security.x509.X509CertInfo.parse: empty issuer DN"),
    both(&[Java], C::EmptySubjectUncritical, "JDK sun.security.x509.X509CertInfo.verifyCert"),
    both(&[Java], C::AlternativeName(EDI_PARTY_NAME, EDI_PARTY_NAME), "JDK sun.security.x509.EDIPartyName"),
    both(&[Java], C::NameNotLdh, "JDK sun.security.util.HostnameChecker.matchDNS: SNIHostName"),
    both(&[Java], C::NotNamed(JAVA_NAMES), "JDK sun.security.util.HostnameChecker.match")
        .only(Releases::Before(JAVA_21)),
    both(&[Java], C::NotNamed(JAVA_21_NAMES), "JDK sun.security.util.HostnameChecker.matchLeftmostWildcard")
        .only(Releases::From(JAVA_21)),
    both(&[Java], C::EmptyAlternativeNames, JAVA_READ).only(Releases::From(JAVA_21)),
    both(&[Java], C::Unreadable(Whom::Leaf, &[SUBJECT_ALT_NAME]), JAVA_READ).only(Releases::From(JAVA_21)),
    issued(&[Java], C::Unreadable(Whom::Leaf, &[EXTENDED_KEY_USAGE]), JAVA_READ)
        .only(Releases::From(JAVA_21)),
    // rustls-webpki 0.103
    both(&[RustlsWebpki], C::Expired, WEBPKI_TIME),
    both(&[RustlsWebpki], C::NotYetValid, WEBPKI_TIME),
    issued(&[RustlsWebpki], C::OutOfDate(Whom::Intermediates), WEBPKI_TIME),
    issued(&[RustlsWebpki], C::Forged, WEBPKI_SIGNED),
    pinned(&[RustlsWebpki], C::BrokenSelfSignature, WEBPKI_SIGNED),
    both(
        &[RustlsWebpki],
        C::AlgorithmsDiffer(Whom::Sent),
        "rustls-webpki src/cert.rs: SignatureAlgorithmMismatch",
    ),
    issued(&[RustlsWebpki], C::NotCa(Whom::Intermediates), WEBPKI_BASIC),
    issued(&[RustlsWebpki], C::PathTooLongInAll(Whom::Intermediates), WEBPKI_BASIC),
    both(&[RustlsWebpki], C::CaAsServer, WEBPKI_BASIC),
    both(&[RustlsWebpki], C::Unreadable(Whom::Sent, &[BASIC_CONSTRAINTS]), WEBPKI_BASIC),
    issued(
        &[RustlsWebpki],
        C::MoreIntermediatesThan(6),
        "rustls-webpki src/verify_cert.rs: MAX_SUB_CA_COUNT",
    ),
    issued(&[RustlsWebpki], C::NotPermitted(Whom::Issuers, WILDCARDS), WEBPKI_NAMES),
    both(&[RustlsWebpki], C::Unreadable(Whom::All, &[NAME_CONSTRAINTS, SUBJECT_ALT_NAME]), WEBPKI_NAMES),
    issued(&[RustlsWebpki], C::NotServerAuth(Whom::Intermediates), WEBPKI_USES),
    both(&[RustlsWebpki], C::NotServerAuth(Whom::Leaf), WEBPKI_USES),
    both(&[RustlsWebpki], C::NoPurpose(Whom::Sent), WEBPKI_USES),
    both(&[RustlsWebpki], C::Unreadable(Whom::Sent, &[EXTENDED_KEY_USAGE]), WEBPKI_USES),
    both(&[RustlsWebpki], C::UnknownCritical(Whom::Sent, WEBPKI_KNOWN), WEBPKI_CRITICAL),
    both(&[RustlsWebpki], C::DuplicateExtension(Whom::All), "rustls-webpki src/x509.rs set_extension_once"),
    both(&[RustlsWebpki], C::OldVersion, "rustls-webpki src/cert.rs: UnsupportedCertVersion"),
    issued(
        &[RustlsWebpki],
        C::ExtensionsInOldVersion(Whom::Root),
        "rustls-webpki src/trust_anchor.rs extract_trust_anchor_from_v1_cert_der",
    ),
    pinned(
        &[RustlsWebpki],
        C::NotSelfIssued,
        "rustls-webpki src/verify_cert.rs build_chain_inner: an anchor is an issuer, matched by name",
    ),
    both(&[RustlsWebpki], C::ExplicitCurve, "rustls' providers: named curves only"),
    both(&[RustlsWebpki], C::LongerThan(65_535), "rustls src/msgs/deframer/handshake.rs MAX_HANDSHAKE_SIZE"),
    issued(
        &[RustlsWebpki],
        C::TooManyComparisons(250_000),
        "rustls-webpki src/verify_cert.rs: name_constraint_comparisons",
    ),
    both(&[RustlsWebpki], C::ShortRsa(2048), "rustls' providers: RSA of 2048 to 8192 bits"),
    both(&[RustlsWebpki], C::SignedWith(WEAK), "rustls' providers: no SHA-1"),
    both(&[RustlsWebpki], C::NotNamed(SAN_NAMES), "rustls-webpki src/subject_name: alternative names only"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::who::RELEASES;

    #[test]
    fn nobody_refuses_twice_for_the_same() {
        for (index, rule) in RULES.iter().enumerate() {
            assert!(!rule.verifiers.contains(&Verifier::Lab), "it is asked: {rule:?}");
            for other in &RULES[index + 1..] {
                let share = rule.verifiers.iter().any(|verifier| other.verifiers.contains(verifier));
                let meet = rule.model.is_none() || other.model.is_none() || rule.model == other.model;
                let meet =
                    meet && RELEASES.iter().any(|one| [rule, other].iter().all(|r| r.releases.include(one)));
                assert!(!(share && meet && rule.condition == other.condition), "{rule:?} and {other:?}");
            }
        }
    }
}
