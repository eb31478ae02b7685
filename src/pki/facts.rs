//! What a certificate says: DER in, [`CertFacts`] out.
//!
//! Reading is done by [`x509_parser`], an implementation independent of the one that issues. Facts are
//! plain owned values; [`crate::verify`] judges them, [`crate::report`] shows them.
//!
//! Strict about the frame (DER lengths, field order, nothing left over), because a verifier must not read a
//! certificate otherwise than others do. Lenient about what it says, because a laboratory must be able to look
//! at bad certificates: any version from 1 to 3, any serial number, unknown, repeated and malformed extensions,
//! unreadable strings. Nothing is judged here.
//!
//! Text from a certificate is kept as found, control characters and all: whoever shows it escapes it, with
//! [`crate::words::Escaped`].

mod extension;
pub(super) mod read;
mod rsa_key;

pub(super) use extension::general_names as general_names_of;

use std::fmt;
use std::net::IpAddr;

use rustls::pki_types::CertificateDer;
use time::OffsetDateTime;

use super::der::{self, Walk, tag};
use super::oid::Oid;
use super::subject::Subject;
use crate::crypto::ml_dsa::MlDsa;

/// Everything that one certificate says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertFacts {
    /// The certificate itself.
    pub der: CertificateDer<'static>,
    /// 1, 2 or 3 (RFC 5280 §4.1.2.1).
    pub version: u8,
    /// The serial number's content bytes, big-endian two's complement, as encoded.
    pub serial: Vec<u8>,
    /// The subject.
    pub subject: Subject,
    /// The subject's DER, for matching (RFC 5280 §7.1).
    pub subject_der: Vec<u8>,
    /// The issuer.
    pub issuer: Subject,
    /// The issuer's DER.
    pub issuer_der: Vec<u8>,
    /// notBefore.
    pub not_before: OffsetDateTime,
    /// notAfter.
    pub not_after: OffsetDateTime,
    /// The key that is certified.
    pub public_key: PublicKeyFacts,
    /// The algorithm of the outer `signatureAlgorithm` field.
    pub signature_algorithm: SignatureAlgorithm,
    /// Whether the outer `signatureAlgorithm` equals the inner one, as RFC 5280 §4.1.1.2 demands.
    pub signature_algorithms_agree: bool,
    /// The signature's bytes.
    pub signature: Vec<u8>,
    /// The DER of the TBSCertificate: what the signature is over.
    pub tbs: Vec<u8>,
    /// Every extension in order.
    pub extensions: Vec<ExtensionFacts>,
    /// The fields that cannot be read, by their names in RFC 5280 §4.1: their values here stand in for them and say
    /// nothing. Empty unless the certificate was read by [`CertFacts::read_leniently`].
    pub unreadable: Vec<&'static str>,
}

/// A certified public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKeyFacts {
    /// What kind of key it is.
    pub kind: PublicKeyKind,
    /// The `SubjectPublicKeyInfo` in DER.
    pub spki: Vec<u8>,
    /// The DER of its AlgorithmIdentifier's content (without the outer SEQUENCE header).
    pub algorithm_id: Vec<u8>,
    /// The key's bits: the BIT STRING's bytes.
    pub bits: Vec<u8>,
}

/// The kinds of public key that are told apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicKeyKind {
    /// An elliptic curve.
    Ec {
        /// The named curve: `P-256`, `P-384`, `P-521`, `secp256k1` and others, else its dotted OID, or
        /// `explicit parameters` (or `implicit`, or `no`), which RFC 5480 §2.1.1 forbids.
        curve: String,
    },
    /// Ed25519.
    Ed25519,
    /// RSA.
    Rsa {
        /// The length of the modulus in bits; 0 where the key is no readable RSAPublicKey (RFC 8017 §A.1.1).
        modulus_bits: u32,
        /// The public exponent, big-endian without leading zeros.
        exponent: Vec<u8>,
    },
    /// RSA, for RSASSA-PSS only (RFC 4055 §1.2).
    RsaPss {
        /// As of [`PublicKeyKind::Rsa`].
        modulus_bits: u32,
        /// As of [`PublicKeyKind::Rsa`].
        exponent: Vec<u8>,
    },
    /// Another algorithm, by its OID.
    Other(Oid),
    /// None that can be read: only where a certificate is read by [`CertFacts::read_leniently`].
    Unreadable,
}

impl PublicKeyKind {
    /// As `--key` of the command line would name it: `rsa:2048`, `ec:p256`, `ed25519`; `None` for what it has no word
    /// for.
    pub fn option(&self) -> Option<String> {
        match self {
            Self::Ec { curve } => Some(format!("ec:{}", curve.replace('-', "").to_lowercase())),
            Self::Ed25519 => Some("ed25519".to_owned()),
            Self::Rsa { modulus_bits, .. } => Some(format!("rsa:{modulus_bits}")),
            Self::RsaPss { modulus_bits, .. } => Some(format!("rsa-pss:{modulus_bits}")),
            Self::Other(oid) => ml_dsa(*oid).map(|set| format!("ml-dsa:{}", set.number())),
            Self::Unreadable => None,
        }
    }

    /// Whether it is ML-DSA, with whatever parameter set.
    pub fn is_ml_dsa(&self) -> bool {
        matches!(self, Self::Other(oid) if ml_dsa(*oid).is_some())
    }
}

/// The parameter set of ML-DSA that the OID of a key or a signature names.
fn ml_dsa(oid: Oid) -> Option<MlDsa> {
    MlDsa::ALL.into_iter().find(|set| set.identifier().as_ref() == der::oid(oid))
}

/// A signature algorithm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureAlgorithm {
    /// Its OID.
    pub oid: Oid,
    /// openssl's name of it, such as `sha256WithRSAEncryption`, or the dotted OID.
    pub name: String,
    /// The DER of the AlgorithmIdentifier's content (without the outer SEQUENCE header).
    pub algorithm_id: Vec<u8>,
}

/// One extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtensionFacts {
    /// Its OID.
    pub oid: Oid,
    /// Whether a verifier that does not know it must refuse (RFC 5280 §4.2).
    pub critical: bool,
    /// extnValue's bytes.
    pub value: Vec<u8>,
    /// What it says.
    pub decoded: Extension,
}

/// A decoded extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Extension {
    /// authorityKeyIdentifier (§4.2.1.1).
    AuthorityKeyIdentifier {
        /// keyIdentifier.
        key_id: Option<Vec<u8>>,
        /// Whether authorityCertIssuer is present.
        has_issuer: bool,
        /// authorityCertSerialNumber.
        serial: Option<Vec<u8>>,
    },
    /// basicConstraints (§4.2.1.9).
    BasicConstraints {
        /// cA.
        ca: bool,
        /// pathLenConstraint.
        path_length: Option<u32>,
    },
    /// extKeyUsage (§4.2.1.12): the purposes' OIDs.
    ExtendedKeyUsage(Vec<Oid>),
    /// keyUsage (§4.2.1.3).
    KeyUsage(KeyUsage),
    /// nameConstraints (§4.2.1.10).
    NameConstraints {
        /// permittedSubtrees.
        permitted: Vec<GeneralName>,
        /// excludedSubtrees.
        excluded: Vec<GeneralName>,
    },
    /// subjectAltName (§4.2.1.6).
    SubjectAltName(Vec<GeneralName>),
    /// subjectKeyIdentifier (§4.2.1.2).
    SubjectKeyIdentifier(Vec<u8>),
    /// tlsFeature (RFC 7633): the TLS extensions that the server must answer; 5 is status_request, "must staple".
    TlsFeatures(Vec<u16>),
    /// Known by name and put into words (not escaped), but nothing that tlslab judges by.
    Described(String),
    /// A known extension whose value is not what its definition says: what is wrong with it.
    Malformed(String),
    /// An extension that tlslab does not know.
    Unknown,
}

/// What an authorityKeyIdentifier (RFC 5280 §4.2.1.1) says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuthorityKeyIdentifier<'a> {
    /// keyIdentifier.
    pub key_id: Option<&'a [u8]>,
    /// Whether authorityCertIssuer is present.
    pub has_issuer: bool,
    /// authorityCertSerialNumber.
    pub serial: Option<&'a [u8]>,
}

/// keyUsage's bits (RFC 5280 §4.2.1.3), bit 0 (digitalSignature) the least significant here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyUsage(pub u16);

impl KeyUsage {
    /// The bits' names in order.
    pub const NAMES: [&'static str; 9] = [
        "digitalSignature",
        "nonRepudiation",
        "keyEncipherment",
        "dataEncipherment",
        "keyAgreement",
        "keyCertSign",
        "cRLSign",
        "encipherOnly",
        "decipherOnly",
    ];

    /// Bit 0: TLS 1.3 and ECDHE suites need it.
    pub fn digital_signature(self) -> bool {
        self.0 & 1 != 0
    }

    /// Bit 5: a CA that issues certificates needs it.
    pub fn key_cert_sign(self) -> bool {
        self.0 & 1 << 5 != 0
    }

    /// Bit 6: whoever signs revocation lists needs it.
    pub fn crl_sign(self) -> bool {
        self.0 & 1 << 6 != 0
    }

    /// The names of the bits that are set.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        names_of_set_bits(self.0, &Self::NAMES)
    }
}

/// The names of the bits that are set in `flags`, where the first is of bit 0.
pub(super) fn names_of_set_bits(
    flags: u16,
    names: &'static [&'static str],
) -> impl Iterator<Item = &'static str> {
    names.iter().enumerate().filter(move |(bit, _)| flags & 1 << bit != 0).map(|(_, name)| *name)
}

/// A general name as found (RFC 5280 §4.2.1.6). In name constraints, `Ip` carries address and mask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GeneralName {
    /// directoryName, in DER.
    Directory(Vec<u8>),
    /// dNSName, as found: not necessarily a valid name.
    Dns(String),
    /// rfc822Name.
    Email(String),
    /// iPAddress of 4 or 16 bytes.
    Ip(IpAddr),
    /// iPAddress with mask, in name constraints.
    IpRange {
        /// Address bytes.
        address: IpAddr,
        /// Mask bytes.
        mask: IpAddr,
    },
    /// uniformResourceIdentifier.
    Uri(String),
    /// Any other kind, or one that cannot be read: its tag number and bytes.
    Other {
        /// The context tag.
        tag: u8,
        /// The content bytes.
        value: Vec<u8>,
    },
}

impl fmt::Display for PublicKeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ec { curve } => write!(f, "EC {curve}"),
            Self::Ed25519 => f.write_str("Ed25519"),
            Self::Rsa { modulus_bits: 0, .. } => f.write_str("RSA, but no readable RSAPublicKey"),
            Self::Rsa { modulus_bits, .. } => write!(f, "RSA {modulus_bits} bits"),
            Self::RsaPss { modulus_bits: 0, .. } => f.write_str("RSA-PSS, but no readable RSAPublicKey"),
            Self::RsaPss { modulus_bits, .. } => write!(f, "RSA-PSS {modulus_bits} bits"),
            Self::Other(oid) => f.write_str(&oid.name_or_dotted()),
            Self::Unreadable => f.write_str("unreadable"),
        }
    }
}

/// As openssl writes it, `DNS:www.test.org`; the text as found, not escaped.
impl fmt::Display for GeneralName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(der) => match Subject::from_der(der) {
                Ok(subject) => write!(f, "DirName:{subject}"),
                Err(_) => write!(f, "DirName:(unreadable, {} bytes)", der.len()),
            },
            Self::Dns(name) => write!(f, "DNS:{}", Unambiguous(name)),
            Self::Email(address) => write!(f, "email:{}", Unambiguous(address)),
            Self::Ip(address) => write!(f, "IP:{address}"),
            Self::IpRange { address, mask } => match prefix_length(*mask) {
                Some(length) => write!(f, "IP:{address}/{length}"),
                None => write!(f, "IP:{address}/{mask}"),
            },
            Self::Uri(uri) => write!(f, "URI:{}", Unambiguous(uri)),
            Self::Other { tag, value } => {
                write!(f, "{}:", Self::TAGS.get(usize::from(*tag)).unwrap_or(&"unknown"))?;
                match decoded(*tag, value) {
                    Some(text) => f.write_str(&text),
                    None => value.iter().try_for_each(|byte| write!(f, "{byte:02x}")),
                }
            }
        }
    }
}

/// What stands in a general name of kind otherName or registeredID, where it can be read.
fn decoded(kind: u8, content: &[u8]) -> Option<String> {
    match kind {
        // OtherName ::= SEQUENCE { type-id OBJECT IDENTIFIER, value [0] EXPLICIT ANY DEFINED BY type-id }
        0 => {
            let mut walk = Walk(content);
            let oid = walk.oid().ok()?;
            let value = walk.expect(tag::context(0)).ok()?;
            walk.end().ok()?;
            let mut walk = Walk(value.content);
            let value = walk.any().ok()??;
            walk.end().ok()?;
            let strings = [tag::UTF8_STRING, tag::IA5_STRING, tag::PRINTABLE_STRING];
            let text =
                strings.contains(&value.tag).then(|| std::str::from_utf8(value.content).ok()).flatten();
            Some(match text {
                Some(text) => format!("{}:{}", oid.name_or_dotted(), Unambiguous(text)),
                None => format!("{}:{}", oid.name_or_dotted(), crate::words::hex(value.encoded)),
            })
        }
        8 => Oid::from_bytes(content).ok().map(|oid| oid.to_string()),
        _ => None,
    }
}

/// Text that stands in a list of names: in quotes where it could be taken for several, or for a quoted one
/// (CVE-2021-44532's kind).
pub(crate) struct Unambiguous<'a>(pub(crate) &'a str);

impl fmt::Display for Unambiguous<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.0.contains([',', '"', '\'', ';', '\\']) {
            return f.write_str(self.0);
        }
        write!(f, "\"{}\"", self.0.replace('\\', "\\\\").replace('"', "\\\""))
    }
}

impl GeneralName {
    /// rfc822Name's context tag.
    pub const EMAIL: u8 = 1;

    /// The context tag of its kind.
    pub fn tag(&self) -> u8 {
        match self {
            Self::Email(_) => Self::EMAIL,
            Self::Dns(_) => 2,
            Self::Directory(_) => 4,
            Self::Uri(_) => 6,
            Self::Ip(_) | Self::IpRange { .. } => 7,
            Self::Other { tag, .. } => *tag,
        }
    }

    /// What each context tag of GeneralName is called.
    const TAGS: [&'static str; 9] =
        ["otherName", "email", "DNS", "x400Address", "DirName", "ediPartyName", "URI", "IP", "registeredID"];
}

/// The number of leading ones of a mask that has no other ones.
fn prefix_length(mask: IpAddr) -> Option<u32> {
    let (ones, zeros, all) = match mask {
        IpAddr::V4(v4) => (v4.to_bits().leading_ones(), v4.to_bits().trailing_zeros(), 32),
        IpAddr::V6(v6) => (v6.to_bits().leading_ones(), v6.to_bits().trailing_zeros(), 128),
    };
    (ones + zeros == all).then_some(ones)
}

/// Bytes that are no certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an X.509 certificate: {0}")]
pub struct Malformed(pub String);

impl CertFacts {
    /// Whether its key or its signature is ML-DSA.
    pub fn uses_ml_dsa(&self) -> bool {
        self.public_key.kind.is_ml_dsa() || ml_dsa(self.signature_algorithm.oid).is_some()
    }

    /// Whether the field of this name in RFC 5280 §4.1 says what it holds.
    pub fn can_read(&self, field: &str) -> bool {
        !self.unreadable.contains(&field)
    }

    /// The longest certificate that is read, in bytes: 1 MiB. Real ones are a thousandth of it.
    pub const MAX_LENGTH: usize = 1 << 20;

    /// subjectAltName's names, where the extension is present and readable.
    pub fn subject_alt_names(&self) -> Option<&[GeneralName]> {
        self.extensions.iter().find_map(|e| match &e.decoded {
            Extension::SubjectAltName(names) => Some(names.as_slice()),
            _ => None,
        })
    }

    /// basicConstraints' cA; `None` where the extension is absent.
    pub fn is_ca(&self) -> Option<bool> {
        self.extensions.iter().find_map(|e| match e.decoded {
            Extension::BasicConstraints { ca, .. } => Some(ca),
            _ => None,
        })
    }

    /// keyUsage, where present.
    pub fn key_usage(&self) -> Option<KeyUsage> {
        self.extensions.iter().find_map(|e| match e.decoded {
            Extension::KeyUsage(usage) => Some(usage),
            _ => None,
        })
    }

    /// extKeyUsage's purposes, where present.
    pub fn extended_key_usage(&self) -> Option<&[Oid]> {
        self.extensions.iter().find_map(|e| match &e.decoded {
            Extension::ExtendedKeyUsage(purposes) => Some(purposes.as_slice()),
            _ => None,
        })
    }

    /// The first extension of this kind, where there is one.
    pub fn extension(&self, oid: Oid) -> Option<&ExtensionFacts> {
        self.extensions.iter().find(|e| e.oid == oid)
    }

    /// What authorityKeyIdentifier says, where the extension is present and readable.
    pub fn authority_key_identifier(&self) -> Option<AuthorityKeyIdentifier<'_>> {
        self.extensions.iter().find_map(|e| match &e.decoded {
            Extension::AuthorityKeyIdentifier { key_id, has_issuer, serial } => {
                Some(AuthorityKeyIdentifier {
                    key_id: key_id.as_deref(),
                    has_issuer: *has_issuer,
                    serial: serial.as_deref(),
                })
            }
            _ => None,
        })
    }

    /// authorityKeyIdentifier's keyIdentifier.
    pub fn authority_key_id(&self) -> Option<&[u8]> {
        self.authority_key_identifier()?.key_id
    }

    /// subjectKeyIdentifier (§4.2.1.2).
    pub fn subject_key_id(&self) -> Option<&[u8]> {
        self.extensions.iter().find_map(|e| match &e.decoded {
            Extension::SubjectKeyIdentifier(id) => Some(id.as_slice()),
            _ => None,
        })
    }

    /// The TLS extensions that tlsFeature names (RFC 7633): those that a server with the certificate answers, and with a
    /// CA's, those with the certificates that it issues. None where there is no such extension.
    pub fn tls_features(&self) -> &[u16] {
        let features = self.extensions.iter().find_map(|e| match &e.decoded {
            Extension::TlsFeatures(features) => Some(features.as_slice()),
            _ => None,
        });
        features.unwrap_or_default()
    }

    /// basicConstraints' pathLenConstraint (§4.2.1.9).
    pub fn path_length(&self) -> Option<u32> {
        self.extensions.iter().find_map(|e| match e.decoded {
            Extension::BasicConstraints { path_length, .. } => path_length,
            _ => None,
        })
    }

    /// SHA-256 of the whole certificate, the usual fingerprint.
    pub fn sha256(&self) -> [u8; 32] {
        crate::crypto::sha256(&self.der)
    }

    /// Whether subject and issuer are the same name (RFC 5280 §6.1), byte for byte or as §7.1 compares them.
    pub fn is_self_issued(&self) -> bool {
        self.subject_der == self.issuer_der || self.subject.prepared() == self.issuer.prepared()
    }
}

#[cfg(test)]
mod tests;
