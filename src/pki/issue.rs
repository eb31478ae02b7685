//! Issuing: subject, names, validity and key make a [`Plan`]; signing a plan makes a certificate.
//!
//! The healthy plan's extensions are drafted by [`rcgen`]; it stops at a value whose every field can be edited,
//! so that a faulty certificate is a good one with one thing changed. Names are ours: rcgen cannot repeat an
//! attribute.
//!
//! [`Plan::draft`] judges neither the request nor the issuer. Who wants a sound certificate asks
//! [`crate::verify::check_issuer`] first; who wants a bad one does not.

use rustls::pki_types::CertificateDer;
use time::OffsetDateTime;

use crate::crypto::{NoRandomness, random, sha256};

use super::der::{self, tag, tlv};
pub use super::issue_error::IssueError;
use super::key::PrivateKey;
use super::key_der;
use super::oid::{self, Oid};
pub use super::plan::{Extension, Plan, SignatureEdit, Time};
use super::subject::{SanName, Subject};

/// The shape of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// A certification authority: CA:TRUE (RFC 5280 §4.2.1.9), keyCertSign and cRLSign.
    Ca {
        /// pathLenConstraint: how many intermediates may follow.
        path_length: Option<u8>,
    },
    /// A TLS client: CA:FALSE, digitalSignature, clientAuth.
    Client,
    /// Who signs OCSP responses for the CA that issues it (RFC 6960 §4.2.2.2): CA:FALSE, digitalSignature, OCSPSigning, and
    /// that its own status need not be asked (§4.2.2.2.1).
    Ocsp,
    /// What plain `openssl req -x509` makes: CA:TRUE, no SAN, no key usage.
    Openssl,
    /// A TLS server that every mainstream verifier accepts: CA:FALSE, digitalSignature, serverAuth.
    Server,
}

/// notBefore and notAfter (RFC 5280 §4.1.2.5), both inclusive, whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// The first instant at which the certificate is valid.
    pub not_before: OffsetDateTime,
    /// The last instant at which it is.
    pub not_after: OffsetDateTime,
}

/// What a certificate shall say, before anybody signs it.
#[derive(Clone, Debug)]
pub struct Request {
    /// Whose certificate it is.
    pub subject: Subject,
    /// Subject alternative names; none leaves the extension out.
    pub names: Vec<SanName>,
    /// When it is valid.
    pub validity: Validity,
    /// Its shape.
    pub profile: Profile,
}

/// Who signs.
#[derive(Clone, Copy, Debug)]
pub enum Issuer<'a> {
    /// The key certifies itself.
    SelfSigned(&'a PrivateKey),
    /// A CA's certificate and key.
    Ca {
        /// The issuer's certificate.
        certificate: &'a CertificateDer<'a>,
        /// The key that belongs to it.
        key: &'a PrivateKey,
    },
}

impl<'a> Issuer<'a> {
    /// The key that signs.
    pub fn key(&self) -> &'a PrivateKey {
        match self {
            Self::SelfSigned(key) | Self::Ca { key, .. } => key,
        }
    }
}

/// The order in which tlslab writes extensions: openssl's.
const ORDER: [Oid; 7] = [
    oid::SUBJECT_KEY_IDENTIFIER,
    oid::AUTHORITY_KEY_IDENTIFIER,
    oid::BASIC_CONSTRAINTS,
    oid::KEY_USAGE,
    oid::EXTENDED_KEY_USAGE,
    oid::SUBJECT_ALT_NAME,
    oid::OCSP_NO_CHECK,
];

impl Plan {
    /// The healthy plan for `request`: the certificate of `public_key_info` (a SubjectPublicKeyInfo in DER, of any
    /// kind), to be signed by `issuer`.
    pub fn draft(request: &Request, public_key_info: &[u8], issuer: &Issuer<'_>) -> Result<Self, IssueError> {
        let key_id = key_identifier(public_key_info).map_err(IssueError::PublicKey)?;
        let subject = request.subject.to_der();
        let (issuer_name, authority_key_id) = match issuer {
            Issuer::SelfSigned(key) => {
                let key_id = key_identifier(key.public_key_info()).map_err(IssueError::PublicKey)?;
                (subject.clone(), key_id)
            }
            Issuer::Ca { certificate, .. } => {
                let issuer = Self::from_certificate(certificate).map_err(IssueError::Malformed)?;
                let key_id = issuer.subject_key_identifier();
                let derived = || key_identifier(&issuer.public_key_info).map_err(IssueError::Malformed);
                (issuer.subject.clone(), key_id.map_or_else(derived, Ok)?)
            }
        };
        let mut plan = draft_extensions(request, public_key_info, key_id, authority_key_id)?;
        plan.issuer = issuer_name;
        plan.subject = subject;
        plan.serial = random_serial()?;
        let encoded = |at| Time::rfc5280(at).ok_or(IssueError::Year(at));
        plan.not_before = encoded(request.validity.not_before)?;
        plan.not_after = encoded(request.validity.not_after)?;
        plan.public_key_info = public_key_info.to_vec();
        plan.set_signature_algorithm(issuer.key().algorithm());
        // RFC 5280 §4.2.1.6: critical where the subject is empty.
        plan.set_critical(oid::SUBJECT_ALT_NAME, request.subject.is_empty());
        plan.extensions.sort_by_key(|found| ORDER.iter().position(|oid| *oid == found.oid));
        Ok(plan)
    }
}

/// The bytes of a key identifier by RFC 7093 §2 method 1: the leftmost 160 bits of the SHA-256 of the key's bits.
pub fn key_identifier(public_key_info: &[u8]) -> Result<Vec<u8>, der::Error> {
    key_der::public_key_bits(public_key_info).map(|bits| sha256(bits).into_iter().take(20).collect())
}

/// 20 bytes, positive and without a leading zero (RFC 5280 §4.1.2.2 allows no more).
fn random_serial() -> Result<Vec<u8>, NoRandomness> {
    let mut serial = random::<20>()?;
    serial[0] = serial[0] & 0x7f | 0x40;
    Ok(serial.to_vec())
}

/// Has rcgen write a certificate of this profile and names; all else in it is a placeholder.
fn draft_extensions(
    request: &Request,
    public_key_info: &[u8],
    key_id: Vec<u8>,
    authority_key_id: Vec<u8>,
) -> Result<Plan, IssueError> {
    use rcgen::{BasicConstraints, ExtendedKeyUsagePurpose, IsCa, KeyIdMethod, KeyUsagePurpose};

    let mut params = rcgen::CertificateParams::default();
    params.serial_number = Some(rcgen::SerialNumber::from_slice(&[1]));
    params.subject_alt_names = request.names.iter().map(general_name).collect::<Result<_, _>>()?;
    params.key_identifier_method = KeyIdMethod::PreSpecified(key_id);
    params.use_authority_key_identifier_extension = true;
    match request.profile {
        Profile::Ca { path_length } => {
            let constraints =
                path_length.map_or(BasicConstraints::Unconstrained, BasicConstraints::Constrained);
            params.is_ca = IsCa::Ca(constraints);
            params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        }
        Profile::Client => {
            params.is_ca = IsCa::ExplicitNoCa;
            params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        }
        Profile::Ocsp => {
            params.is_ca = IsCa::ExplicitNoCa;
            params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::OcspSigning];
        }
        Profile::Openssl => params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained),
        Profile::Server => {
            params.is_ca = IsCa::ExplicitNoCa;
            params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
            // TLS 1.2's RSA key exchange encrypts with the key; with another key there is no such exchange.
            if key_der::is_rsa_public_key(public_key_info) {
                params.key_usages.push(KeyUsagePurpose::KeyEncipherment);
            }
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        }
    }
    let mut issuer = rcgen::CertificateParams::default();
    issuer.key_identifier_method = KeyIdMethod::PreSpecified(authority_key_id);
    let draft = params.signed_by(&Placeholder, &rcgen::Issuer::from_params(&issuer, Placeholder))?;
    let mut plan = Plan::from_certificate(draft.der()).map_err(IssueError::Malformed)?;
    if request.profile == Profile::Ocsp {
        plan.push_extension(oid::OCSP_NO_CHECK, false, [tag::NULL, 0]);
    }
    Ok(plan)
}

/// Where a certificate's status is to be had, and whether its server must say it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pointers {
    /// Where its CA's revocation lists are: cRLDistributionPoints (RFC 5280 §4.2.1.13).
    pub crls: Vec<String>,
    /// Where its CA's OCSP responders are: authorityInfoAccess (§4.2.2.1).
    pub ocsp: Vec<String>,
    /// tlsFeature: the TLS extensions that its server answers (RFC 7633); status_request means that it staples an OCSP
    /// response.
    pub tls_features: Vec<u16>,
}

impl Plan {
    /// Adds the extensions that say so, none critical.
    pub fn point_to(&mut self, pointers: &Pointers) {
        let uri = |uri: &String| tlv(tag::context_primitive(6), uri.as_bytes());
        let point = |place| der::sequence(&[&tlv(tag::context(0), &tlv(tag::context(0), &uri(place)))]);
        let access = |place| der::sequence(&[&der::oid(oid::OCSP), &uri(place)]);
        let list = |values: Vec<Vec<u8>>| tlv(tag::SEQUENCE, &values.concat());
        if !pointers.crls.is_empty() {
            let points = list(pointers.crls.iter().map(point).collect());
            self.push_extension(oid::CRL_DISTRIBUTION_POINTS, false, points);
        }
        if !pointers.ocsp.is_empty() {
            let places = list(pointers.ocsp.iter().map(access).collect());
            self.push_extension(oid::AUTHORITY_INFORMATION, false, places);
        }
        if !pointers.tls_features.is_empty() {
            let integer = |feature: &u16| match feature.to_be_bytes() {
                [0, low @ 0..0x80] => tlv(tag::INTEGER, &[low]),
                [high @ 0..0x80, low] => tlv(tag::INTEGER, &[high, low]),
                [high, low] => tlv(tag::INTEGER, &[0, high, low]),
            };
            let features = list(pointers.tls_features.iter().map(integer).collect());
            self.push_extension(oid::TLS_FEATURE, false, features);
        }
    }
}

fn general_name(name: &SanName) -> Result<rcgen::SanType, rcgen::Error> {
    Ok(match name {
        SanName::Dns(name) => rcgen::SanType::DnsName(name.as_str().try_into()?),
        SanName::Email(name) => rcgen::SanType::Rfc822Name(name.as_str().try_into()?),
        SanName::Ip(address) => rcgen::SanType::IpAddress(*address),
        SanName::Uri(uri) => rcgen::SanType::URI(uri.as_str().try_into()?),
    })
}

/// A key that certifies nothing and signs nothing: rcgen writes the draft, the plan is signed.
struct Placeholder;

impl rcgen::PublicKeyData for Placeholder {
    fn der_bytes(&self) -> &[u8] {
        &[0; 32]
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        &rcgen::PKCS_ED25519
    }
}

impl rcgen::SigningKey for Placeholder {
    fn sign(&self, _message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        Ok(Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;
    use x509_parser::prelude::{FromDer, ParsedExtension, X509Certificate, X509Version};

    use super::super::key::KeyAlgorithm;
    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-11-23 12:00 UTC);

    fn key() -> PrivateKey {
        PrivateKey::generate(KeyAlgorithm::EcP256).unwrap()
    }

    fn request(profile: Profile) -> Request {
        Request {
            subject: Subject::lab(),
            names: vec!["www.test.org".parse().unwrap(), "127.0.0.1".parse().unwrap()],
            validity: Validity { not_before: NOW, not_after: NOW + time::Duration::days(365) },
            profile,
        }
    }

    fn self_signed(request: &Request, key: &PrivateKey) -> CertificateDer<'static> {
        Plan::draft(request, key.public_key_info(), &Issuer::SelfSigned(key)).unwrap().sign(key).unwrap()
    }

    const CA: Profile = Profile::Ca { path_length: None };

    /// Every extension as x509-parser, which did not write it, shows it.
    fn shown(der: &CertificateDer<'_>) -> Vec<(String, bool, String)> {
        let (_, certificate) = X509Certificate::from_der(der).unwrap();
        let mut shown = Vec::new();
        for extension in certificate.extensions() {
            let text = match extension.parsed_extension() {
                ParsedExtension::BasicConstraints(constraints) => {
                    format!("CA:{} {:?}", constraints.ca, constraints.path_len_constraint)
                }
                ParsedExtension::KeyUsage(usage) => usage.to_string(),
                ParsedExtension::ExtendedKeyUsage(usage) => {
                    format!("server {} client {}", usage.server_auth, usage.client_auth)
                }
                ParsedExtension::SubjectAlternativeName(names) => {
                    names.general_names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
                }
                ParsedExtension::SubjectKeyIdentifier(id) => format!("{} bytes", id.0.len()),
                ParsedExtension::AuthorityKeyIdentifier(id) => {
                    format!("{} bytes", id.key_identifier.as_ref().unwrap().0.len())
                }
                other => panic!("unexpected {other:?}"),
            };
            shown.push((extension.oid.to_id_string(), extension.critical, text));
        }
        shown
    }

    fn told(rows: &[(&str, bool, &str)]) -> Vec<(String, bool, String)> {
        rows.iter().map(|(oid, critical, text)| ((*oid).to_owned(), *critical, (*text).to_owned())).collect()
    }

    const SAN: &str = "DNSName(www.test.org), IPAddress(7f:00:00:01)";

    #[test]
    fn each_profile_has_its_extensions() {
        let ids = [("2.5.29.14", false, "20 bytes"), ("2.5.29.35", false, "20 bytes")];
        let ec = key();
        let rsa = PrivateKey::generate(KeyAlgorithm::Rsa2048).unwrap();
        for (profile, key, rest) in [
            (
                Profile::Server,
                &rsa,
                &[
                    ("2.5.29.19", true, "CA:false None"),
                    ("2.5.29.15", true, "Digital Signature, Key Encipherment"),
                    ("2.5.29.37", false, "server true client false"),
                    ("2.5.29.17", false, SAN),
                ][..],
            ),
            (
                Profile::Server,
                &ec,
                &[
                    ("2.5.29.19", true, "CA:false None"),
                    ("2.5.29.15", true, "Digital Signature"),
                    ("2.5.29.37", false, "server true client false"),
                    ("2.5.29.17", false, SAN),
                ],
            ),
            (
                Profile::Client,
                &ec,
                &[
                    ("2.5.29.19", true, "CA:false None"),
                    ("2.5.29.15", true, "Digital Signature"),
                    ("2.5.29.37", false, "server false client true"),
                    ("2.5.29.17", false, SAN),
                ],
            ),
            (
                Profile::Ca { path_length: Some(0) },
                &ec,
                &[
                    ("2.5.29.19", true, "CA:true Some(0)"),
                    ("2.5.29.15", true, "Key Cert Sign, CRL Sign"),
                    ("2.5.29.17", false, SAN),
                ],
            ),
            (Profile::Openssl, &ec, &[("2.5.29.19", true, "CA:true None"), ("2.5.29.17", false, SAN)]),
        ] {
            let expected = told(&[&ids[..], rest].concat());
            assert_eq!(shown(&self_signed(&request(profile), key)), expected, "{profile:?}");
        }
        let bare = Request { names: Vec::new(), ..request(Profile::Openssl) };
        assert_eq!(
            shown(&self_signed(&bare, &ec)),
            told(&[&ids[..], &[("2.5.29.19", true, "CA:true None")]].concat())
        );
    }

    #[test]
    fn the_fields_are_those_of_the_request() {
        let key = key();
        let der = self_signed(&request(Profile::Server), &key);
        let (rest, certificate) = X509Certificate::from_der(&der).unwrap();
        assert!(rest.is_empty());
        assert_eq!(certificate.version(), X509Version::V3);
        assert_eq!(certificate.subject().as_raw(), Subject::lab().to_der());
        assert_eq!(certificate.issuer().as_raw(), Subject::lab().to_der());
        assert_eq!(certificate.validity().not_before.to_datetime(), NOW);
        assert_eq!(certificate.public_key().raw, key.public_key_info());
        assert_eq!(certificate.raw_serial().len(), 20);
        assert!(certificate.raw_serial()[0] < 0x80);
        assert_eq!(certificate.signature_algorithm, certificate.tbs_certificate.signature);
        let again = self_signed(&request(Profile::Server), &key);
        assert_ne!(X509Certificate::from_der(&again).unwrap().1.raw_serial(), certificate.raw_serial());
    }

    #[test]
    fn repeated_attributes_and_an_empty_subject_are_kept() {
        let key = key();
        for text in ["/DC=org/DC=test/OU=a/OU=b/CN=x", "/"] {
            let request = Request { subject: text.parse().unwrap(), ..request(Profile::Server) };
            let der = self_signed(&request, &key);
            let plan = Plan::from_certificate(&der).unwrap();
            assert_eq!(Subject::from_der(&plan.subject).unwrap().to_string(), text);
            assert_eq!(plan.extension(oid::SUBJECT_ALT_NAME).unwrap().critical, text == "/");
        }
    }

    #[test]
    fn signatures_verify_with_webpki_as_the_only_anchor() {
        for algorithm in
            [KeyAlgorithm::EcP256, KeyAlgorithm::EcP384, KeyAlgorithm::Ed25519, KeyAlgorithm::Rsa2048]
        {
            let key = PrivateKey::generate(algorithm).unwrap();
            let der = self_signed(&request(Profile::Server), &key);
            assert!(accepts(&der, &der, &[]), "{algorithm}");
            let mut plan =
                Plan::draft(&request(Profile::Server), key.public_key_info(), &Issuer::SelfSigned(&key))
                    .unwrap();
            plan.signature_edit = SignatureEdit::FlipBit(3);
            let flipped = plan.sign(&key).unwrap();
            assert!(!accepts(&flipped, &der, &[]), "{algorithm}");
        }
    }

    /// webpki's judgement of `leaf` under `anchor`.
    fn accepts(
        leaf: &CertificateDer<'_>,
        anchor: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
    ) -> bool {
        let anchors = [webpki::anchor_from_trusted_cert(anchor).unwrap()];
        let at = rustls::pki_types::UnixTime::since_unix_epoch(std::time::Duration::from_secs(
            u64::try_from(NOW.unix_timestamp()).unwrap() + 60,
        ));
        let end_entity = webpki::EndEntityCert::try_from(leaf).unwrap();
        let algorithms = crate::crypto::provider().signature_verification_algorithms.all;
        let name = "www.test.org".try_into().unwrap();
        end_entity
            .verify_for_usage(algorithms, &anchors, between, at, webpki::KeyUsage::server_auth(), None, None)
            .is_ok()
            && end_entity.verify_is_valid_for_subject_name(&name).is_ok()
    }

    #[test]
    fn a_ca_issues_and_the_chain_holds() {
        let (root_key, middle_key, leaf_key) =
            (key(), PrivateKey::generate(KeyAlgorithm::EcP384).unwrap(), key());
        let named = |cn: &str, profile| Request {
            subject: format!("/O=Test/CN={cn}").parse().unwrap(),
            ..request(profile)
        };
        let root = self_signed(&named("root", CA), &root_key);
        let issue = |request: &Request, key: &PrivateKey, ca: &CertificateDer<'_>, ca_key: &PrivateKey| {
            let issuer = Issuer::Ca { certificate: ca, key: ca_key };
            Plan::draft(request, key.public_key_info(), &issuer).unwrap().sign(ca_key).unwrap()
        };
        let middle = issue(&named("middle", CA), &middle_key, &root, &root_key);
        let leaf = issue(&named("leaf", Profile::Server), &leaf_key, &middle, &middle_key);
        assert!(accepts(&leaf, &root, std::slice::from_ref(&middle)));
        assert!(!accepts(&leaf, &root, &[]));
        let (leaf, middle) =
            (Plan::from_certificate(&leaf).unwrap(), Plan::from_certificate(&middle).unwrap());
        assert_eq!(leaf.issuer, middle.subject);
        let authority = &leaf.extension(oid::AUTHORITY_KEY_IDENTIFIER).unwrap().value;
        assert_eq!(authority[4..], middle.subject_key_identifier().unwrap());
    }

    #[test]
    fn one_edit_changes_one_thing() {
        let key = key();
        let good =
            Plan::draft(&request(Profile::Server), key.public_key_info(), &Issuer::SelfSigned(&key)).unwrap();
        assert_eq!(Plan::from_certificate(&good.sign(&key).unwrap()).unwrap(), good);
        let edits: [fn(&mut Plan); 9] = [
            |plan| plan.version = None,
            |plan| plan.serial = vec![0],
            |plan| plan.serial = vec![0x80],
            |plan| plan.outer_signature_algorithm = vec![0x30, 0],
            |plan| plan.not_after = Time { tag: 24, content: b"99991231235959Z".to_vec() },
            |plan| assert!(plan.set_critical(oid::SUBJECT_ALT_NAME, true)),
            |plan| plan.push_extension("1.2.3.4".parse().unwrap(), true, [5, 0]),
            |plan| assert!(plan.remove_extension(oid::KEY_USAGE)),
            |plan| plan.set_extension(oid::BASIC_CONSTRAINTS, false, [0x30, 0]),
        ];
        for edit in edits {
            let mut bad = good.clone();
            edit(&mut bad);
            assert_ne!(bad, good);
            assert_eq!(Plan::from_certificate(&bad.sign(&key).unwrap()).unwrap(), bad);
        }
        let replaced = Plan { signature_edit: SignatureEdit::Replace(vec![1, 2]), ..good };
        assert!(replaced.sign(&key).unwrap().ends_with(&[3, 3, 0, 1, 2]));
    }
}
