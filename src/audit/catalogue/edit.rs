//! The edits that several entries share, and the bytes of extensions that no healthy certificate has.

use std::net::IpAddr;

use time::OffsetDateTime;

use crate::pki::der::{self, tag, tlv};
use crate::pki::issue::{Plan, Time};
use crate::pki::oid::{self, Oid};
pub(super) use crate::pki::oid::{
    ANY_PURPOSE, AUTHORITY_INFORMATION, CLIENT_AUTH, CODE_SIGNING, NAME_CONSTRAINTS, SERVER_AUTH,
};
use crate::pki::subject::Subject;
use crate::verify::ExpectedName;

/// The context tags of a GeneralName (RFC 5280 §4.2.1.6).
pub mod general_name {
    /// otherName.
    pub const OTHER: u8 = 0xa0;
    /// rfc822Name.
    pub const EMAIL: u8 = 0x81;
    /// dNSName.
    pub const DNS: u8 = 0x82;
    /// x400Address.
    pub const X400: u8 = 0xa3;
    /// directoryName.
    pub const DIRECTORY: u8 = 0xa4;
    /// ediPartyName.
    pub const EDI: u8 = 0xa5;
    /// uniformResourceIdentifier.
    pub const URI: u8 = 0x86;
    /// iPAddress.
    pub const IP: u8 = 0x87;
    /// registeredID.
    pub const REGISTERED_ID: u8 = 0x88;
}

/// `time` as it is encoded in a certificate.
pub fn moment(at: OffsetDateTime) -> Time {
    // The catalogue's instants are constants between the years 0 and 9999.
    Time::rfc5280(at).unwrap_or(Time { tag: Time::UTC, content: Vec::new() })
}

/// Gives the certificate this subject, which is also its issuer if it is self-signed.
pub fn set_subject(plan: &mut Plan, subject: &Subject) {
    let subject = subject.to_der();
    if plan.issuer == plan.subject {
        plan.issuer.clone_from(&subject);
    }
    plan.subject = subject;
}

/// Gives it the lab's subject with this CN.
pub fn set_common_name(plan: &mut Plan, name: &(impl ToString + ?Sized)) {
    set_subject(plan, &Subject::lab().with_unchecked_common_name(&name.to_string()));
}

/// An alternative name, whatever it is: context tag and content.
pub type Name = (u8, Vec<u8>);

/// A dNSName of these bytes.
pub fn dns(name: impl AsRef<[u8]>) -> Name {
    (general_name::DNS, name.as_ref().to_vec())
}

/// An iPAddress of this address.
pub fn ip(address: IpAddr) -> Name {
    let bytes = match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    (general_name::IP, bytes)
}

/// The alternative name that proves this one.
pub fn proving(name: &ExpectedName) -> Name {
    match name {
        ExpectedName::Dns(name) | ExpectedName::Email(name) | ExpectedName::Text(name) => dns(name),
        ExpectedName::Ip(address) => ip(*address),
    }
}

/// Gives it these alternative names.
pub fn set_names(plan: &mut Plan, names: &[Name]) {
    plan.set_extension(oid::SUBJECT_ALT_NAME, false, general_names(names));
}

/// Gives it this one dNSName.
pub fn set_host(plan: &mut Plan, name: &str) {
    set_names(plan, &[dns(name)]);
}

/// GeneralNames.
pub fn general_names(names: &[Name]) -> Vec<u8> {
    let names: Vec<_> = names.iter().map(|(tag, content)| tlv(*tag, content)).collect();
    tlv(tag::SEQUENCE, &names.concat())
}

/// The value of an extKeyUsage with these purposes.
pub fn purposes(purposes: &[Oid]) -> Vec<u8> {
    let purposes: Vec<_> = purposes.iter().map(|purpose| der::oid(*purpose)).collect();
    tlv(tag::SEQUENCE, &purposes.concat())
}

/// The value of a keyUsage with the bits of `byte`, digitalSignature the highest (RFC 5280 §4.2.1.3).
pub fn key_usage(byte: u8) -> Vec<u8> {
    // Without a bit there is none that is unused (X.690 §11.2.2 would have the byte left out too).
    let unused = if byte == 0 { 0 } else { u8::try_from(byte.trailing_zeros()).unwrap_or_default() };
    vec![3, 2, unused, byte]
}

/// The value of a nameConstraints extension: permitted and excluded subtrees.
pub fn name_constraints(permitted: &[Name], excluded: &[Name]) -> Vec<u8> {
    let subtrees = |tag: u8, bases: &[Name]| {
        let subtrees: Vec<_> = bases.iter().map(|(tag, base)| tlv(tag::SEQUENCE, &tlv(*tag, base))).collect();
        if subtrees.is_empty() { Vec::new() } else { tlv(tag, &subtrees.concat()) }
    };
    tlv(tag::SEQUENCE, &[subtrees(0xa0, permitted), subtrees(0xa1, excluded)].concat())
}

/// The value of an authorityInfoAccess extension (RFC 5280 §4.2.2.1): access methods and their URIs.
pub fn authority_information(places: &[(Oid, &str)]) -> Vec<u8> {
    let descriptions: Vec<_> = places
        .iter()
        .map(|(method, uri)| der::sequence(&[&der::oid(*method), &tlv(general_name::URI, uri.as_bytes())]))
        .collect();
    tlv(tag::SEQUENCE, &descriptions.concat())
}

/// basicConstraints with CA:TRUE and this pathLenConstraint.
pub const fn limited_ca(path_length: u8) -> [u8; 8] {
    [0x30, 6, 1, 1, 0xff, 2, 1, path_length]
}

/// basicConstraints with CA:TRUE.
pub const CA_TRUE: [u8; 5] = [0x30, 3, 1, 1, 0xff];
/// basicConstraints with CA:FALSE.
pub const CA_FALSE: [u8; 2] = [0x30, 0];
/// An extension that nobody knows: 2.25.… is free for anybody (ITU-T X.667).
pub const NOBODYS: Oid = Oid::dotted("2.25.987654321");
