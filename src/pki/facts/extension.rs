//! What an extension says (RFC 5280 §4.2).
//!
//! Those that a verifier judges by are read strictly: nothing left over, nothing out of order, so that no
//! constraint is silently dropped. The others are put into words.

use std::fmt::Display;
use std::net::IpAddr;

use time::OffsetDateTime;
use x509_parser::asn1_rs::FromDer;
use x509_parser::extensions::{self as x509, DistributionPointName, ParsedExtension, X509Extension};

use super::{Extension, GeneralName, KeyUsage, Unambiguous};
use crate::pki::der::{self, Element, Walk, tag};
use crate::pki::oid::{self, Oid};
use crate::pki::subject::Subject;

/// What is wrong with a value, in words.
type Fault = String;

fn fault(error: impl Display) -> Fault {
    error.to_string()
}

/// Reads `value`, the extnValue of the extension `oid`; `encoded` is the whole Extension.
pub(super) fn decode(oid: Oid, value: &[u8], encoded: &[u8]) -> Result<Extension, Fault> {
    match oid {
        oid::SUBJECT_KEY_IDENTIFIER => key_identifier(value),
        oid::KEY_USAGE => key_usage(value),
        oid::SUBJECT_ALT_NAME => general_names(value).map(Extension::SubjectAltName),
        oid::ISSUER_ALT_NAME => general_names(value).map(|names| Extension::Described(list(&names))),
        oid::BASIC_CONSTRAINTS => basic_constraints(value),
        oid::NAME_CONSTRAINTS => name_constraints(value),
        oid::AUTHORITY_KEY_IDENTIFIER => authority_key_identifier(value),
        oid::EXTENDED_KEY_USAGE => extended_key_usage(value),
        oid::TLS_FEATURE => tls_features(value),
        oid::OCSP_NONCE => nonce(value).map(Extension::Described),
        oid::OCSP_NO_CHECK | oid::PRECERTIFICATE_POISON => null(value).map(Extension::Described),
        _ => match described(encoded) {
            Some(Ok(text)) => {
                only_one(value)?;
                Ok(Extension::Described(text))
            }
            Some(Err(fault)) => Err(fault),
            None => Ok(Extension::Unknown),
        },
    }
}

/// Demands that the value is one element and nothing more.
fn only_one(value: &[u8]) -> Result<(), Fault> {
    let mut walk = Walk(value);
    walk.any().map_err(fault)?;
    walk.end().map_err(fault)
}

fn key_identifier(value: &[u8]) -> Result<Extension, Fault> {
    let id = der::only(value, tag::OCTET_STRING).map_err(fault)?;
    Ok(Extension::SubjectKeyIdentifier(id.content.to_vec()))
}

fn key_usage(value: &[u8]) -> Result<Extension, Fault> {
    let bits = der::only(value, tag::BIT_STRING).map_err(fault)?;
    let (unused, bytes) = bits.content.split_first().ok_or("a BIT STRING without its first byte")?;
    let padding = match (unused, bytes.last()) {
        (0, _) => 0,
        (1..=7, Some(last)) => last & ((1 << unused) - 1),
        _ => return Err("a BIT STRING with too many unused bits".to_owned()),
    };
    if padding != 0 {
        return Err("a BIT STRING whose unused bits are not zero".to_owned());
    }
    let (_, usage) = x509::KeyUsage::from_der(value).map_err(fault)?;
    Ok(Extension::KeyUsage(KeyUsage(usage.flags)))
}

fn basic_constraints(value: &[u8]) -> Result<Extension, Fault> {
    der::only(value, tag::SEQUENCE).map_err(fault)?;
    let (_, constraints) = x509::BasicConstraints::from_der(value)
        .map_err(|_| "expected a SEQUENCE of cA (BOOLEAN) and pathLenConstraint (INTEGER)")?;
    Ok(Extension::BasicConstraints { ca: constraints.ca, path_length: constraints.path_len_constraint })
}

fn extended_key_usage(value: &[u8]) -> Result<Extension, Fault> {
    let sequence = der::only(value, tag::SEQUENCE).map_err(fault)?;
    let mut walk = Walk(sequence.content);
    let mut purposes = Vec::new();
    while !walk.0.is_empty() {
        purposes.push(walk.oid().map_err(fault)?);
    }
    // SEQUENCE SIZE (1..MAX)
    if purposes.is_empty() { Err("no purpose".to_owned()) } else { Ok(Extension::ExtendedKeyUsage(purposes)) }
}

fn authority_key_identifier(value: &[u8]) -> Result<Extension, Fault> {
    let sequence = der::only(value, tag::SEQUENCE).map_err(fault)?;
    let mut walk = Walk(sequence.content);
    let key_id = walk.optional(tag::context_primitive(0)).map_err(fault)?;
    let issuer = walk.optional(tag::context(1)).map_err(fault)?;
    let serial = walk.optional(tag::context_primitive(2)).map_err(fault)?;
    walk.end().map_err(fault)?;
    Ok(Extension::AuthorityKeyIdentifier {
        key_id: key_id.map(|id| id.content.to_vec()),
        has_issuer: issuer.is_some(),
        serial: serial.map(|serial| serial.content.to_vec()),
    })
}

fn name_constraints(value: &[u8]) -> Result<Extension, Fault> {
    let sequence = der::only(value, tag::SEQUENCE).map_err(fault)?;
    let mut walk = Walk(sequence.content);
    let permitted = walk.optional(tag::context(0)).map_err(fault)?;
    let excluded = walk.optional(tag::context(1)).map_err(fault)?;
    walk.end().map_err(fault)?;
    if permitted.is_none() && excluded.is_none() {
        return Err("neither permitted nor excluded subtrees".to_owned());
    }
    let subtrees = |list: Option<Element<'_>>| -> Result<Vec<GeneralName>, Fault> {
        let Some(list) = list else { return Ok(Vec::new()) };
        der::children(list.content).map_err(fault)?.into_iter().map(subtree).collect()
    };
    Ok(Extension::NameConstraints { permitted: subtrees(permitted)?, excluded: subtrees(excluded)? })
}

/// GeneralSubtree. §4.2.1.10: minimum is zero, so absent in DER, and maximum is absent.
fn subtree(element: Element<'_>) -> Result<GeneralName, Fault> {
    let sequence = der::only(element.encoded, tag::SEQUENCE).map_err(fault)?;
    let mut walk = Walk(sequence.content);
    let base = walk.any().map_err(fault)?.ok_or("a subtree without a name")?;
    walk.end().map_err(|_| "a subtree with minimum or maximum")?;
    Ok(match (base.tag, general_name(base)?) {
        (0x87, GeneralName::Other { tag, value }) => {
            let (address, mask) = value.split_at(value.len() / 2);
            match (ip(address), ip(mask)) {
                (Some(address), Some(mask)) if value.len() == 8 || value.len() == 32 => {
                    GeneralName::IpRange { address, mask }
                }
                _ => GeneralName::Other { tag, value },
            }
        }
        // An address without a mask is no range, and a 16-byte one must not be mistaken for an address.
        (0x87, _) => GeneralName::Other { tag: 7, value: base.content.to_vec() },
        (_, name) => name,
    })
}

/// GeneralNames: one or more.
pub(in crate::pki) fn general_names(value: &[u8]) -> Result<Vec<GeneralName>, Fault> {
    let sequence = der::only(value, tag::SEQUENCE).map_err(fault)?;
    let names = der::children(sequence.content).map_err(fault)?;
    if names.is_empty() {
        return Err("no name".to_owned());
    }
    names.into_iter().map(general_name).collect()
}

fn general_name(element: Element<'_>) -> Result<GeneralName, Fault> {
    let text = || String::from_utf8(element.content.to_vec()).ok();
    let known = match element.tag {
        0x81 => text().map(GeneralName::Email),
        0x82 => text().map(GeneralName::Dns),
        0x86 => text().map(GeneralName::Uri),
        // EXPLICIT, for Name is a CHOICE
        0xa4 => der::only(element.content, tag::SEQUENCE)
            .ok()
            .map(|name| GeneralName::Directory(name.encoded.to_vec())),
        0x87 => ip(element.content).map(GeneralName::Ip),
        // What a name is of is said by an identifier: where that cannot exist, nor can the name.
        0x88 => Oid::from_bytes(element.content).map_err(fault).map(|_| None)?,
        0xa0 => Walk(element.content).oid().map_err(fault).map(|_| None)?,
        other if other & 0xc0 == 0x80 => None,
        other => return Err(format!("expected a GeneralName, found tag {other:#04x}")),
    };
    Ok(known
        .unwrap_or_else(|| GeneralName::Other { tag: element.tag & 0x1f, value: element.content.to_vec() }))
}

fn ip(bytes: &[u8]) -> Option<IpAddr> {
    let v4 = || <[u8; 4]>::try_from(bytes).ok().map(IpAddr::from);
    v4().or_else(|| <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from))
}

/// RFC 7633 §4: TLS extension types (RFC 8446 §4.2), each of two bytes.
fn tls_features(value: &[u8]) -> Result<Extension, Fault> {
    let sequence = der::only(value, tag::SEQUENCE).map_err(fault)?;
    let mut features = Vec::new();
    let mut walk = Walk(sequence.content);
    while !walk.0.is_empty() {
        let integer = walk.expect(tag::INTEGER).map_err(fault)?;
        features.push(match *integer.content {
            [low @ 0..0x80] => u16::from(low),
            [high @ 0..0x80, low] | [0, high, low] => u16::from_be_bytes([high, low]),
            _ => return Err(format!("expected TLS extension types, found 0x{}", hex(integer.content))),
        });
    }
    Ok(Extension::TlsFeatures(features))
}

/// RFC 6960 §4.4.1 with RFC 9654 §2.1: an OCTET STRING.
fn nonce(value: &[u8]) -> Result<String, Fault> {
    der::only(value, tag::OCTET_STRING).map(|nonce| hex(nonce.content)).map_err(fault)
}

/// OCSP no-check (RFC 6960 §4.2.2.2.1) and the Certificate Transparency poison (RFC 6962 §3.1).
fn null(value: &[u8]) -> Result<String, Fault> {
    der::only(value, tag::NULL).map_err(fault)?;
    Ok("present".to_owned())
}

/// Extensions that [`x509_parser`] knows, put into words; `None` where it does not know them.
fn described(encoded: &[u8]) -> Option<Result<String, Fault>> {
    let Ok((_, extension)) = X509Extension::from_der(encoded) else {
        return Some(Err("cannot be read".to_owned()));
    };
    Some(match extension.parsed_extension() {
        ParsedExtension::ParseError { .. } => Err("the value is not what its definition says".to_owned()),
        ParsedExtension::CertificatePolicies(policies) => {
            words(policies.iter().map(|policy| policy_words(policy)))
        }
        ParsedExtension::PolicyMappings(mappings) => words(mappings.mappings.iter().map(|mapping| {
            let (theirs, ours) = (&mapping.issuer_domain_policy, &mapping.subject_domain_policy);
            Ok(format!("{} is {}", identifier(theirs)?, identifier(ours)?))
        })),
        ParsedExtension::PolicyConstraints(constraints) => words(
            [
                ("requireExplicitPolicy", constraints.require_explicit_policy),
                ("inhibitPolicyMapping", constraints.inhibit_policy_mapping),
            ]
            .into_iter()
            .filter_map(|(name, count)| Some(Ok(format!("{name}:{}", count?)))),
        ),
        ParsedExtension::InhibitAnyPolicy(inhibit) => Ok(format!("skipCerts:{}", inhibit.skip_certs)),
        ParsedExtension::CRLDistributionPoints(points) => {
            words(points.iter().map(|point| Ok(distribution_point(point))))
        }
        ParsedExtension::AuthorityInfoAccess(access) => words(access.iter().map(access_words)),
        ParsedExtension::SubjectInfoAccess(access) => words(access.iter().map(access_words)),
        ParsedExtension::NSCertType(kinds) => Ok(certificate_type(*kinds)),
        ParsedExtension::NsCertComment(comment) => Ok((*comment).to_owned()),
        ParsedExtension::SCT(timestamps) => {
            words(timestamps.iter().map(|timestamp| Ok(timestamp_words(timestamp))))
        }
        _ => return None,
    })
}

/// The old Netscape certificate type, as openssl puts it.
fn certificate_type(kinds: x509::NSCertType) -> String {
    let names = [
        (kinds.ssl_client(), "SSL client"),
        (kinds.ssl_server(), "SSL server"),
        (kinds.smime(), "S/MIME"),
        (kinds.object_signing(), "object signing"),
        (kinds.ssl_ca(), "SSL CA"),
        (kinds.smime_ca(), "S/MIME CA"),
        (kinds.object_signing_ca(), "object signing CA"),
    ];
    names.into_iter().filter_map(|(set, name)| set.then_some(name)).collect::<Vec<_>>().join(", ")
}

fn words(items: impl Iterator<Item = Result<String, Fault>>) -> Result<String, Fault> {
    Ok(items.collect::<Result<Vec<_>, _>>()?.join("; "))
}

fn list(names: &[GeneralName]) -> String {
    names.iter().map(GeneralName::to_string).collect::<Vec<_>>().join(", ")
}

/// The identifier that [`x509_parser`] found, which shows arcs above 2^64 otherwise and pads nothing.
fn identifier(found: &x509_parser::asn1_rs::Oid<'_>) -> Result<Oid, Fault> {
    Oid::from_bytes(found.as_bytes()).map_err(fault)
}

fn policy_words(policy: &x509::PolicyInformation<'_>) -> Result<String, Fault> {
    let id = identifier(&policy.policy_id)?;
    let mut text = match (id, id.name()) {
        (oid::ANY_POLICY, Some(name)) => name.to_owned(),
        (_, Some(name)) => format!("{name} ({id})"),
        (_, None) => id.to_string(),
    };
    for qualifier in policy.policy_qualifiers.iter().flatten() {
        // id-qt-cps: an IA5String holding a URI
        let kind = identifier(&qualifier.policy_qualifier_id)?;
        let cps = (kind == oid::CPS)
            .then(|| der::only(qualifier.qualifier, tag::IA5_STRING).ok())
            .flatten()
            .and_then(|uri| std::str::from_utf8(uri.content).ok());
        match cps {
            Some(uri) => text.extend([" CPS ", uri]),
            None => text.extend([" with qualifier ", &kind.name_or_dotted()]),
        }
    }
    Ok(text)
}

fn distribution_point(point: &x509::CRLDistributionPoint<'_>) -> String {
    let mut text = match &point.distribution_point {
        Some(DistributionPointName::FullName(names)) => names_words(names),
        Some(DistributionPointName::NameRelativeToCRLIssuer(_)) => {
            "a name relative to the CRL issuer".to_owned()
        }
        None => "no name".to_owned(),
    };
    if let Some(reasons) = &point.reasons {
        text.extend([" for ", &reasons.to_string()]);
    }
    if let Some(issuer) = &point.crl_issuer {
        text.extend([" by ", &names_words(issuer)]);
    }
    text
}

fn access_words(access: &x509::AccessDescription<'_>) -> Result<String, Fault> {
    let location = name_words(&access.access_location);
    Ok(format!("{} {location}", identifier(&access.access_method)?.name_or_dotted()))
}

fn names_words(names: &[x509::GeneralName<'_>]) -> String {
    names.iter().map(name_words).collect::<Vec<_>>().join(", ")
}

fn name_words(name: &x509::GeneralName<'_>) -> String {
    match name {
        x509::GeneralName::DNSName(name) => format!("DNS:{}", Unambiguous(name)),
        x509::GeneralName::RFC822Name(address) => format!("email:{}", Unambiguous(address)),
        x509::GeneralName::URI(uri) => format!("URI:{}", Unambiguous(uri)),
        x509::GeneralName::IPAddress(bytes) => ip(bytes).map_or_else(|| hex(bytes), |ip| format!("IP:{ip}")),
        x509::GeneralName::DirectoryName(name) => Subject::from_der(name.as_raw())
            .map_or_else(|_| "DirName:(unreadable)".to_owned(), |subject| format!("DirName:{subject}")),
        x509::GeneralName::RegisteredID(oid) => Oid::from_bytes(oid.as_bytes())
            .map_or_else(|_| "registeredID:(unreadable)".to_owned(), |oid| format!("registeredID:{oid}")),
        x509::GeneralName::Invalid(tag, bytes) => format!("[{}]:{}", tag.0, hex(bytes)),
        x509::GeneralName::OtherName(oid, bytes) => format!("otherName:{oid}:{}", hex(bytes)),
        x509::GeneralName::X400Address(any) => format!("x400Address:{}", hex(any.data)),
        x509::GeneralName::EDIPartyName(any) => format!("ediPartyName:{}", hex(any.data)),
    }
}

fn timestamp_words(timestamp: &x509::SignedCertificateTimestamp<'_>) -> String {
    let log = hex(&timestamp.id.key_id[..8]);
    // RFC 6962 §3.2: milliseconds since 1970
    let at = i64::try_from(timestamp.timestamp / 1000)
        .ok()
        .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
        .and_then(|at| at.format(&time::format_description::well_known::Rfc3339).ok());
    match at {
        Some(at) => format!("log {log}… at {at}"),
        None => format!("log {log}… at an unreadable time"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
