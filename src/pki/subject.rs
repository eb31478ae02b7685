//! Names in certificates: the distinguished name (RFC 5280 §4.1.2.4) and alternative names (§4.2.1.6).
//!
//! Written in openssl's `-subj` syntax, `/C=AU/O=Test Organisation/CN=www.test.org`; parsed once, here, into
//! types that cannot be wrong.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use der::asn1::ObjectIdentifier;

/// A distinguished name: relative names in the order of the certificate, each a set of attributes
/// (nearly always one).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// The relative distinguished names, outermost (`C`) first as openssl prints them.
    pub rdns: Vec<Vec<Attribute>>,
}

/// One attribute of a distinguished name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// The attribute type, such as 2.5.4.3 (commonName).
    pub oid: ObjectIdentifier,
    /// The ASN.1 tag of the value's string type, such as 12 for UTF8String.
    pub tag: u8,
    /// The value's text, decoded; `None` where the bytes are no valid string of their type.
    pub text: Option<String>,
    /// The value's content octets, as encoded.
    pub raw: Vec<u8>,
}

/// A name that `-subj` syntax or a person's typing gave, and that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {}

impl Subject {
    /// The subject of the lab sheet, `/C=AU/ST=WA/L=Perth/O=Test Organisation/OU=Org/CN=www.test.org`.
    pub fn lab() -> Self {
        todo!()
    }

    /// Every commonName, in order. RFC 5280 allows several; a good certificate has at most one.
    pub fn common_names(&self) -> impl Iterator<Item = &Attribute> {
        self.rdns.iter().flatten().filter(|a| a.oid == ObjectIdentifier::new_unwrap("2.5.4.3"))
    }

    /// This name with its commonName replaced (or added last where it has none).
    #[must_use]
    pub fn with_common_name(self, _cn: &str) -> Result<Self, NameError> {
        todo!()
    }

    /// DER of the `Name` (an RDNSequence).
    pub fn to_der(&self) -> Vec<u8> {
        todo!()
    }

    /// Reads DER of a `Name`; strict about structure, lenient about string contents (see [`Attribute::text`]).
    pub fn from_der(_der: &[u8]) -> Result<Self, der::Error> {
        todo!()
    }
}

impl FromStr for Subject {
    type Err = NameError;

    fn from_str(_text: &str) -> Result<Self, NameError> {
        todo!()
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, _f: &mut fmt::Formatter<'_>) -> fmt::Result {
        todo!()
    }
}

/// A subject alternative name that tlslab can put into a certificate.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SanName {
    /// dNSName: ASCII, possibly a wildcard, possibly A-labels.
    Dns(String),
    /// rfc822Name.
    Email(String),
    /// iPAddress.
    Ip(IpAddr),
    /// uniformResourceIdentifier.
    Uri(String),
}

impl FromStr for SanName {
    type Err = NameError;

    fn from_str(_text: &str) -> Result<Self, NameError> {
        todo!()
    }
}

impl fmt::Display for SanName {
    fn fmt(&self, _f: &mut fmt::Formatter<'_>) -> fmt::Result {
        todo!()
    }
}
