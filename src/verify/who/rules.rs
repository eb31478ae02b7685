//! Which verifier refuses on what, and where that is known from: the table.

use time::Duration;

use super::names::{CommonNames, NameRules, Wildcards};
use super::{Case, Condition, Model, Refusal, Verifier};
use Condition as C;
use Verifier::{
    Chromium, Curl, Firefox, Gnutls, Go, Java, Node, Nss, Openssl, OpensslStrict, PythonStrict, RustlsWebpki,
};

/// One verifier refuses on one condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Who.
    pub verifier: Verifier,
    /// In which trust model; `None` for both.
    pub model: Option<Model>,
    /// On what.
    pub condition: Condition,
    /// Where the rule is from.
    pub source: &'static str,
}

impl Rule {
    /// Why the verifier refuses by this rule, where it does.
    pub fn refusal(&self, case: &Case<'_>) -> Option<Refusal> {
        if self.model.is_some_and(|model| model != case.model) {
            return None;
        }
        let words = self.condition.find(case)?;
        Some(Refusal { words, source: self.source })
    }
}

/// The rules of one verifier. tlslab has none here.
pub fn rules(verifier: Verifier) -> impl Iterator<Item = &'static Rule> {
    RULES.iter().filter(move |rule| rule.verifier == verifier)
}

const CHECK_TIME: &str = "OpenSSL crypto/x509/x509_vfy.c ossl_x509_check_cert_time";
const CHECK_CHAIN: &str = "OpenSSL crypto/x509/x509_vfy.c check_extensions";
const CURVE: &str = "OpenSSL crypto/x509/x509_vfy.c check_curve, ≥ 3.0";
const PURPOSE: &str = "OpenSSL crypto/x509/v3_purp.c check_purpose_ssl_server";
const CRITICAL_KEY_IDS: &str = "OpenSSL crypto/x509/v3_purp.c X509_supported_extension";
const CACHE: &str = "OpenSSL crypto/x509/v3_purp.c ossl_x509v3_cache_extensions";
const ISSUED_BY: &str = "OpenSSL crypto/x509/v3_purp.c X509_check_akid";
const NO_PARTIAL: &str =
    "OpenSSL crypto/x509/x509_vfy.c: only a self-signed anchor, unless X509_V_FLAG_PARTIAL_CHAIN";
const LEVEL: &str = "OpenSSL crypto/x509/x509_vfy.c check_key_level, check_sig_level";
const STRICT: &str =
    "OpenSSL crypto/x509/x509_vfy.c check_extensions, X509_V_FLAG_X509_STRICT, chains of two and more";
const CHECK_CA: &str = "OpenSSL crypto/x509/v3_purp.c X509_check_ca, with X509_V_FLAG_X509_STRICT";
const GNUTLS: &str = "GnuTLS lib/x509/verify.c _gnutls_verify_crt_status";
const NSS: &str = "NSS lib/certhigh/certvfy.c CERT_VerifyCertificate";
const NSS_TIME: &str = "NSS lib/certdb/certdb.c CERT_CheckCertValidTimes";
const NSS_TYPE: &str = "NSS lib/certdb/certdb.c cert_ComputeCertType";
const PKIX: &str = "mozilla::pkix pkixbuild.cpp, pkixcheck.cpp";
const PKI: &str = "BoringSSL pki/verify_certificate_chain.cc";
const GO: &str = "Go crypto/x509 verify.go isValid";
const GO_USES: &str = "Go crypto/x509 verify.go checkChainForKeyUsage";
const JAVA: &str = "JDK sun.security.validator.PKIXValidator.engineValidate";
const WEBPKI: &str = "rustls-webpki verify_cert.rs";

const WHOLE_LABEL: Wildcards = Wildcards { partial: false, top_level: false };

const OPENSSL_NAMES: NameRules = NameRules {
    common_names: CommonNames::AnyWithoutDnsName,
    wildcards: Wildcards { partial: true, top_level: false },
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
const NODE_NAMES: NameRules = NameRules { final_dot: true, ..OPENSSL_NAMES };
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
    NameRules { wildcards: Wildcards { partial: false, top_level: true }, ..SAN_NAMES };
const JAVA_NAMES: NameRules = NameRules {
    common_names: CommonNames::LastWithoutDnsName,
    wildcards: Wildcards { partial: true, top_level: true },
    final_dot: false,
    address_as_text: false,
};

const fn both(verifier: Verifier, condition: Condition, source: &'static str) -> Rule {
    Rule { verifier, model: None, condition, source }
}

const fn issued(verifier: Verifier, condition: Condition, source: &'static str) -> Rule {
    Rule { verifier, model: Some(Model::CaIssued), condition, source }
}

const fn pinned(verifier: Verifier, condition: Condition, source: &'static str) -> Rule {
    Rule { verifier, model: Some(Model::Pinned), condition, source }
}

const RULES: &[Rule] = &[
    // OpenSSL at security level 2, as Debian and OpenSSL from 3.2 on have it
    both(Openssl, C::Expired, CHECK_TIME),
    both(Openssl, C::NotYetValid, CHECK_TIME),
    issued(Openssl, C::IssuerOutOfDate, CHECK_TIME),
    issued(Openssl, C::IssuerNotCa, CHECK_CHAIN),
    issued(Openssl, C::IssuerMayNotSign, CHECK_CHAIN),
    issued(Openssl, C::IssuerNotServerAuth, PURPOSE),
    both(Openssl, C::NotServerAuth, PURPOSE),
    both(Openssl, C::UnknownCritical, CHECK_CHAIN),
    both(Openssl, C::KeyIdentifierCritical, CRITICAL_KEY_IDS),
    both(Openssl, C::DuplicateExtension, CACHE),
    both(Openssl, C::AnothersKeyIdentifier, ISSUED_BY),
    pinned(Openssl, C::NotSelfIssued, NO_PARTIAL),
    both(Openssl, C::ShortRsa(2048), LEVEL),
    issued(Openssl, C::WeakHash, LEVEL),
    both(Openssl, C::ExplicitCurve, CURVE),
    both(Openssl, C::NotNamed(OPENSSL_NAMES), "OpenSSL crypto/x509/v3_utl.c X509_check_host, X509_check_ip"),
    // OpenSSL -x509_strict
    both(OpensslStrict, C::Expired, CHECK_TIME),
    both(OpensslStrict, C::NotYetValid, CHECK_TIME),
    issued(OpensslStrict, C::IssuerOutOfDate, CHECK_TIME),
    issued(OpensslStrict, C::IssuerNotCa, CHECK_CHAIN),
    issued(OpensslStrict, C::IssuerMayNotSign, CHECK_CHAIN),
    issued(OpensslStrict, C::IssuerNotServerAuth, PURPOSE),
    both(OpensslStrict, C::NotServerAuth, PURPOSE),
    both(OpensslStrict, C::UnknownCritical, CHECK_CHAIN),
    both(OpensslStrict, C::KeyIdentifierCritical, CRITICAL_KEY_IDS),
    both(OpensslStrict, C::DuplicateExtension, CACHE),
    both(OpensslStrict, C::AnothersKeyIdentifier, ISSUED_BY),
    pinned(OpensslStrict, C::NotSelfIssued, NO_PARTIAL),
    both(OpensslStrict, C::ShortRsa(2048), LEVEL),
    issued(OpensslStrict, C::WeakHash, LEVEL),
    both(OpensslStrict, C::ExplicitCurve, CURVE),
    both(OpensslStrict, C::CertSignWithoutConstraints, CHECK_CA),
    pinned(OpensslStrict, C::OldVersion, CHECK_CA),
    issued(OpensslStrict, C::NoAuthorityKeyId, STRICT),
    issued(OpensslStrict, C::NoSubjectKeyId, STRICT),
    issued(OpensslStrict, C::CaWithoutKeyUsage, STRICT),
    issued(OpensslStrict, C::CaNotCritical, STRICT),
    issued(OpensslStrict, C::PathLengthWithoutCa, STRICT),
    issued(OpensslStrict, C::CertSignWithoutCa, STRICT),
    issued(OpensslStrict, C::EmptySubjectUncritical, STRICT),
    both(
        OpensslStrict,
        C::NotNamed(OPENSSL_NAMES),
        "OpenSSL crypto/x509/v3_utl.c X509_check_host, X509_check_ip",
    ),
    // Python 3.13: OpenSSL, strict and with partial chains
    both(PythonStrict, C::Expired, CHECK_TIME),
    both(PythonStrict, C::NotYetValid, CHECK_TIME),
    issued(PythonStrict, C::IssuerOutOfDate, CHECK_TIME),
    issued(PythonStrict, C::IssuerNotCa, CHECK_CHAIN),
    issued(PythonStrict, C::IssuerMayNotSign, CHECK_CHAIN),
    issued(PythonStrict, C::IssuerNotServerAuth, PURPOSE),
    both(PythonStrict, C::NotServerAuth, PURPOSE),
    both(PythonStrict, C::UnknownCritical, CHECK_CHAIN),
    both(PythonStrict, C::KeyIdentifierCritical, CRITICAL_KEY_IDS),
    both(PythonStrict, C::DuplicateExtension, CACHE),
    issued(PythonStrict, C::AnothersKeyIdentifier, ISSUED_BY),
    both(
        PythonStrict,
        C::ShortRsa(2048),
        "CPython Lib/ssl.py: @SECLEVEL=2 from 3.10 on; crypto/x509/x509_vfy.c check_key_level",
    ),
    issued(PythonStrict, C::WeakHash, LEVEL),
    both(PythonStrict, C::ExplicitCurve, CURVE),
    both(PythonStrict, C::CertSignWithoutConstraints, CHECK_CA),
    pinned(PythonStrict, C::OldVersion, CHECK_CA),
    issued(PythonStrict, C::NoAuthorityKeyId, STRICT),
    issued(PythonStrict, C::NoSubjectKeyId, STRICT),
    issued(PythonStrict, C::CaWithoutKeyUsage, STRICT),
    issued(PythonStrict, C::CaNotCritical, STRICT),
    issued(PythonStrict, C::PathLengthWithoutCa, STRICT),
    issued(PythonStrict, C::CertSignWithoutCa, STRICT),
    issued(PythonStrict, C::EmptySubjectUncritical, STRICT),
    both(
        PythonStrict,
        C::NotNamed(PYTHON_NAMES),
        "CPython Modules/_ssl.c X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS; X509_check_host",
    ),
    // curl: OpenSSL with partial chains, and names of its own
    both(Curl, C::Expired, CHECK_TIME),
    both(Curl, C::NotYetValid, CHECK_TIME),
    issued(Curl, C::IssuerOutOfDate, CHECK_TIME),
    issued(Curl, C::IssuerNotCa, CHECK_CHAIN),
    issued(Curl, C::IssuerMayNotSign, CHECK_CHAIN),
    issued(Curl, C::IssuerNotServerAuth, PURPOSE),
    both(Curl, C::NotServerAuth, PURPOSE),
    both(Curl, C::UnknownCritical, CHECK_CHAIN),
    both(Curl, C::KeyIdentifierCritical, CRITICAL_KEY_IDS),
    issued(Curl, C::DuplicateExtension, CACHE),
    issued(Curl, C::AnothersKeyIdentifier, ISSUED_BY),
    both(Curl, C::ShortRsa(2048), LEVEL),
    issued(Curl, C::WeakHash, LEVEL),
    both(Curl, C::ExplicitCurve, CURVE),
    both(Curl, C::EmptyIssuer, "curl lib/vtls/openssl.c: couldn't get X509-issuer name"),
    both(Curl, C::NotNamed(CURL_NAMES), "curl lib/vtls/openssl.c ossl_verifyhost, lib/vtls/hostcheck.c"),
    // Node: OpenSSL at its own security level, and names of its own
    both(Node, C::Expired, CHECK_TIME),
    both(Node, C::NotYetValid, CHECK_TIME),
    issued(Node, C::IssuerOutOfDate, CHECK_TIME),
    issued(Node, C::IssuerNotCa, CHECK_CHAIN),
    issued(Node, C::IssuerMayNotSign, CHECK_CHAIN),
    issued(Node, C::IssuerNotServerAuth, PURPOSE),
    both(Node, C::NotServerAuth, PURPOSE),
    both(Node, C::UnknownCritical, CHECK_CHAIN),
    both(Node, C::KeyIdentifierCritical, CRITICAL_KEY_IDS),
    both(Node, C::DuplicateExtension, CACHE),
    both(Node, C::AnothersKeyIdentifier, ISSUED_BY),
    pinned(Node, C::NotSelfIssued, NO_PARTIAL),
    issued(Node, C::WeakHash, LEVEL),
    both(Node, C::ExplicitCurve, CURVE),
    both(Node, C::NotNamed(NODE_NAMES), "Node lib/tls.js checkServerIdentity"),
    // GnuTLS
    both(Gnutls, C::Expired, GNUTLS),
    both(Gnutls, C::NotYetValid, GNUTLS),
    issued(Gnutls, C::IssuerOutOfDate, GNUTLS),
    issued(Gnutls, C::IssuerNotCa, GNUTLS),
    issued(Gnutls, C::IssuerMayNotSign, GNUTLS),
    issued(Gnutls, C::IssuerNotServerAuth, GNUTLS),
    both(Gnutls, C::ForOtherUses, GNUTLS),
    both(Gnutls, C::NoDigitalSignature, "GnuTLS lib/tls-sig.c check_key_usage_for_sig, in the handshake"),
    issued(Gnutls, C::UnknownCritical, GNUTLS),
    both(Gnutls, C::DuplicateExtension, "GnuTLS lib/x509/x509.c: duplicate extensions are not parsed"),
    issued(Gnutls, C::AnothersKeyIdentifier, "GnuTLS lib/x509/verify.c is_issuer"),
    issued(Gnutls, C::WeakHash, "GnuTLS lib/x509/verify.c is_level_acceptable"),
    both(Gnutls, C::ExplicitCurve, "GnuTLS lib/x509/key_decode.c: named curves only"),
    both(
        Gnutls,
        C::NotNamed(GNUTLS_NAMES),
        "GnuTLS lib/x509/hostname-verify.c gnutls_x509_crt_check_hostname2",
    ),
    // NSS, the old verifier; it is asked about no name
    both(Nss, C::Expired, NSS_TIME),
    both(Nss, C::NotYetValidFor(Duration::days(1)), NSS_TIME),
    issued(Nss, C::IssuerOutOfDate, NSS_TIME),
    issued(Nss, C::IssuerNotCa, NSS),
    issued(Nss, C::IssuerNotForTls, NSS_TYPE),
    issued(Nss, C::IssuerMayNotSign, NSS),
    both(Nss, C::Ed25519, "NSS softoken: no Ed25519 certificates"),
    both(Nss, C::ExplicitCurve, "NSS: named curves only"),
    both(Nss, C::NotServerAuth, NSS_TYPE),
    both(Nss, C::CaWithExtendedKeyUsage, NSS_TYPE),
    both(Nss, C::NoKeyUsageForAnyExchange, NSS),
    issued(Nss, C::UnknownCritical, NSS),
    issued(Nss, C::AnothersKeyIdentifier, "NSS lib/certhigh/certvfy.c CERT_FindCertIssuer"),
    // Firefox
    both(Firefox, C::Expired, PKIX),
    both(Firefox, C::NotYetValid, PKIX),
    issued(Firefox, C::IssuerOutOfDate, PKIX),
    issued(Firefox, C::IssuerNotCa, PKIX),
    issued(Firefox, C::IssuerMayNotSign, PKIX),
    issued(Firefox, C::IssuerNotServerAuth, PKIX),
    both(
        Firefox,
        C::CaAsServer,
        "mozilla::pkix pkixcheck.cpp CheckBasicConstraints: CA_CERT_USED_AS_END_ENTITY",
    ),
    both(Firefox, C::Ed25519, "Firefox: no ed25519 among the signature schemes that are offered"),
    both(Firefox, C::NotServerAuth, "mozilla::pkix pkixcheck.cpp CheckExtendedKeyUsage"),
    both(Firefox, C::NoDigitalSignature, "mozilla::pkix pkixcheck.cpp CheckKeyUsage"),
    both(Firefox, C::UnknownCritical, "mozilla::pkix pkixcert.cpp: UNKNOWN_CRITICAL_EXTENSION"),
    both(Firefox, C::DuplicateExtension, "mozilla::pkix pkixcert.cpp: EXTENSION_VALUE_INVALID"),
    both(Firefox, C::ShortRsa(1024), "Firefox NSSCertDBTrustDomain::CheckRSAPublicKeyModulusSizeInBits"),
    both(Firefox, C::WeakHash, "Firefox NSSCertDBTrustDomain::CheckSignatureDigestAlgorithm"),
    both(
        Firefox,
        C::ExplicitCurve,
        "mozilla::pkix pkixcheck.cpp CheckSubjectPublicKeyInfo: named curves only",
    ),
    both(Firefox, C::NotNamed(SAN_NAMES), "mozilla::pkix pkixnames.cpp CheckCertHostname"),
    // Chromium
    both(Chromium, C::Expired, PKI),
    both(Chromium, C::NotYetValid, PKI),
    issued(Chromium, C::IssuerOutOfDate, PKI),
    issued(Chromium, C::IssuerNotCa, PKI),
    issued(Chromium, C::IssuerMayNotSign, PKI),
    issued(Chromium, C::IssuerForOtherUses, PKI),
    both(Chromium, C::Ed25519, "Chromium net/socket/ssl_client_socket_impl.cc: ed25519 is not offered"),
    both(Chromium, C::ForOtherUses, "BoringSSL pki/verify_certificate_chain.cc VerifyExtendedKeyUsage"),
    both(
        Chromium,
        C::NoDigitalSignature,
        "BoringSSL ssl_cert_check_key_usage: ERR_SSL_KEY_USAGE_INCOMPATIBLE",
    ),
    both(Chromium, C::UnknownCritical, PKI),
    both(Chromium, C::DuplicateExtension, "BoringSSL pki/parse_certificate.cc ParseExtensions"),
    both(Chromium, C::ShortRsa(1024), "Chromium net/cert: ERR_CERT_WEAK_KEY"),
    issued(Chromium, C::WeakHash, "Chromium net/cert: ERR_CERT_WEAK_SIGNATURE_ALGORITHM"),
    both(Chromium, C::ExplicitCurve, "BoringSSL: named curves only"),
    both(
        Chromium,
        C::KeyIdentifierCritical,
        "BoringSSL pki/verify_certificate_chain.cc VerifyNoUnconsumedCriticalExtensions",
    ),
    both(
        Chromium,
        C::EmptySubjectUncritical,
        "BoringSSL pki/parsed_certificate.cc ParsedCertificate::Create",
    ),
    both(Chromium, C::NotNamed(CHROMIUM_NAMES), "Chromium net/cert/x509_certificate.cc VerifyHostname"),
    // Go
    both(Go, C::Expired, GO),
    both(Go, C::NotYetValid, GO),
    issued(Go, C::IssuerOutOfDate, GO),
    issued(Go, C::IssuerNotCa, GO),
    issued(Go, C::IssuerMayNotSign, GO),
    issued(Go, C::IssuerForOtherUses, GO_USES),
    both(Go, C::ForOtherUses, GO_USES),
    both(Go, C::UnknownCritical, GO),
    both(Go, C::DuplicateExtension, "Go crypto/x509 parser.go parseCertificate"),
    issued(Go, C::WeakHash, "Go crypto/x509 x509.go checkSignature, ≥ 1.18"),
    both(Go, C::ExplicitCurve, "Go crypto/x509 parser.go: invalid ECDSA parameters"),
    both(
        Go,
        C::NotNamed(GO_NAMES),
        "Go crypto/x509 verify.go VerifyHostname: the CN is never looked at, ≥ 1.15",
    ),
    // Java: a certificate that is itself in the trust store is taken before any path is checked
    issued(Java, C::Expired, JAVA),
    issued(Java, C::NotYetValid, JAVA),
    issued(Java, C::IssuerOutOfDate, JAVA),
    issued(Java, C::IssuerNotCa, JAVA),
    issued(Java, C::IssuerMayNotSign, JAVA),
    issued(Java, C::ForOtherUses, "JDK sun.security.validator.EndEntityChecker"),
    issued(Java, C::NoDigitalSignature, "JDK sun.security.validator.EndEntityChecker"),
    issued(Java, C::UnknownCritical, JAVA),
    issued(Java, C::KeyIdentifierCritical, JAVA),
    issued(Java, C::BrokenHash, "JDK java.security jdk.certpath.disabledAlgorithms; no MD4 at all"),
    both(Java, C::ExplicitCurve, "JDK sun.security.util.ECParameters: only named curves"),
    both(Java, C::DuplicateExtension, "JDK sun.security.x509.CertificateExtensions"),
    both(Java, C::EmptyIssuer, "JDK sun.security.x509.X509CertInfo: empty issuer DN"),
    both(Java, C::EmptySubjectUncritical, "JDK sun.security.x509.X509CertInfo.verifyCert"),
    both(Java, C::NotNamed(JAVA_NAMES), "JDK sun.security.util.HostnameChecker"),
    // rustls-webpki 0.103
    both(RustlsWebpki, C::Expired, WEBPKI),
    both(RustlsWebpki, C::NotYetValid, WEBPKI),
    issued(RustlsWebpki, C::IssuerOutOfDate, WEBPKI),
    issued(RustlsWebpki, C::IssuerNotCa, WEBPKI),
    issued(RustlsWebpki, C::IssuerNotServerAuth, WEBPKI),
    both(
        RustlsWebpki,
        C::CaAsServer,
        "rustls-webpki verify_cert.rs check_basic_constraints: CaUsedAsEndEntity",
    ),
    both(RustlsWebpki, C::NotServerAuth, "rustls-webpki verify_cert.rs ExtendedKeyUsage"),
    both(RustlsWebpki, C::UnknownCritical, "rustls-webpki x509.rs: UnsupportedCriticalExtension"),
    both(RustlsWebpki, C::KeyIdentifierCritical, "rustls-webpki x509.rs: UnsupportedCriticalExtension"),
    both(RustlsWebpki, C::DuplicateExtension, "rustls-webpki x509.rs set_extension_once"),
    both(RustlsWebpki, C::OldVersion, "rustls-webpki cert.rs: UnsupportedCertVersion"),
    pinned(RustlsWebpki, C::BrokenSelfSignature, WEBPKI),
    pinned(
        RustlsWebpki,
        C::NotSelfIssued,
        "rustls-webpki verify_cert.rs: an anchor is an issuer, matched by name",
    ),
    both(RustlsWebpki, C::ShortRsa(2048), "rustls' providers: RSA of 2048 to 8192 bits"),
    both(RustlsWebpki, C::WeakHash, "rustls' providers: no SHA-1"),
    both(RustlsWebpki, C::ExplicitCurve, "rustls' providers: named curves only"),
    both(RustlsWebpki, C::NotNamed(SAN_NAMES), "rustls-webpki subject_name: alternative names only"),
];
