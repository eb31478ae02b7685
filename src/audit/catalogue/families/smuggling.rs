//! Names smuggled past a CA: it looked at one kind of name and certified another, or read one name where the client reads
//! two.
//!
//! The CN is another host's, so that a client which takes one of these has read the SAN wrongly; where it is right, and
//! the question is whether the client falls back to it, the entry's name begins with `cn-beside`.

use super::super::edit::{Name, dns, general_name, set_common_name, set_names};
use super::super::fault::Fault;
use super::super::setting::{Asked, Setting};
use super::tolerance::set_many_names;
use crate::pki::der::{self, tag, tlv};
use crate::pki::issue::Plan;
use crate::pki::subject::Subject;
use crate::verify::Reason::WrongName;

const SMUGGLED: &str =
    "a CA that checks one kind of name certifies another: the client reads what nobody has verified";
const FALLS_BACK: &str =
    "a client that falls back to the CN trusts free text that the CA did not verify as a name";

const KIND: &str = "look for a host name in dNSName entries only: tag [2], primitive (RFC 9525 §6.3)";
const ONE: &str = "take each dNSName as one name, whole; never join names to a text and part them again";
const SAN_ONLY: &str = "where there is a SAN, of whatever kind, do not look at the CN (RFC 9525 §6.3)";

pub(super) fn faults() -> Vec<Fault> {
    [kinds(), separators(), beside()].concat()
}

fn fault(name: &'static str, title: &'static str) -> Fault {
    Fault::under_ca(name, title, "RFC 5280 §4.2.1.6, RFC 9525 §6.3", SMUGGLED)
        .refused(&[WrongName])
        .asked(Asked::Host(1))
}

/// The name packed into another kind of alternative name.
fn kinds() -> Vec<Fault> {
    let kind = |name, title| fault(name, title).fix(KIND);
    vec![
        kind("san-other-name", "the name is an otherName")
            .leaf(|plan, lab| smuggle(plan, lab, (general_name::OTHER, other_name(lab)))),
        kind("san-email", "the name is an rfc822Name")
            .leaf(|plan, lab| smuggle(plan, lab, (general_name::EMAIL, bytes(lab)))),
        kind("san-x400", "the name is an x400Address").leaf(|plan, lab| {
            smuggle(plan, lab, (general_name::X400, tlv(tag::SEQUENCE, &tlv(0x13, &bytes(lab)))));
        }),
        kind("san-directory", "the name is the CN of a directoryName").leaf(|plan, lab| {
            let directory = Subject::lab().with_unchecked_common_name(&lab.name.to_string());
            smuggle(plan, lab, (general_name::DIRECTORY, directory.to_der()));
        }),
        kind("san-edi", "the name is an ediPartyName").leaf(|plan, lab| {
            smuggle(plan, lab, (general_name::EDI, tlv(0xa1, &tlv(0x0c, &bytes(lab)))));
        }),
        kind("san-uri", "the name is a URI's host")
            .leaf(|plan, lab| smuggle(plan, lab, (general_name::URI, uri(lab)))),
        kind("san-registered", "the name is the bytes of a registeredID")
            .leaf(|plan, lab| smuggle(plan, lab, (general_name::REGISTERED_ID, bytes(lab)))),
        kind("san-address", "the name is the bytes of an iPAddress")
            .leaf(|plan, lab| smuggle(plan, lab, (general_name::IP, bytes(lab)))),
        kind("san-tag-9", "the name has the tag [9], which GeneralName does not have").leaf(tagged::<9>),
        kind("san-tag-10", "the name has the tag [10], which GeneralName does not have").leaf(tagged::<10>),
        kind("san-tag-11", "the name has the tag [11], which GeneralName does not have").leaf(tagged::<11>),
        kind("san-tag-12", "the name has the tag [12], which GeneralName does not have").leaf(tagged::<12>),
        kind("san-tag-13", "the name has the tag [13], which GeneralName does not have").leaf(tagged::<13>),
        kind("san-tag-14", "the name has the tag [14], which GeneralName does not have").leaf(tagged::<14>),
        kind("san-tag-15", "the name has the tag [15], which GeneralName does not have").leaf(tagged::<15>),
    ]
}

/// This as the only alternative name, and another's CN.
fn smuggle(plan: &mut Plan, lab: &Setting, name: Name) {
    set_common_name(plan, &lab.other());
    set_names(plan, &[name]);
}

/// The name alone, with a context tag.
fn tagged<const TAG: u8>(plan: &mut Plan, lab: &Setting) {
    smuggle(plan, lab, (0x80 | TAG, bytes(lab)));
}

fn bytes(lab: &Setting) -> Vec<u8> {
    lab.name.to_string().into_bytes()
}

fn uri(lab: &Setting) -> Vec<u8> {
    format!("https://{}/", lab.name).into_bytes()
}

/// Of a type that nobody knows.
fn other_name(lab: &Setting) -> Vec<u8> {
    let value = tlv(0xa0, &tlv(0x0c, &bytes(lab)));
    [der::oid(super::super::edit::NOBODYS), value].concat()
}

/// The name beside another one, in one dNSName: what a client sees that joins the names and parts them again
/// (CVE-2021-44532). The grid goes through every byte.
fn separators() -> Vec<Fault> {
    let separator = |name, title| fault(name, title).fix(ONE);
    vec![
        separator("san-comma", "one dNSName: another, a comma, DNS: and the host's")
            .leaf(|plan, lab| joined(plan, lab, ",DNS:")),
        separator("san-space", "one dNSName: another, a space and the host's")
            .leaf(|plan, lab| joined(plan, lab, " ")),
        separator("san-newline", "one dNSName: another, a newline and the host's")
            .leaf(|plan, lab| joined(plan, lab, "\n")),
        separator("san-comma-space", "one dNSName: another, a comma, a space, DNS: and the host's")
            .leaf(|plan, lab| joined(plan, lab, ", DNS:")),
        separator("san-crlf", "one dNSName: another, CR LF and the host's")
            .leaf(|plan, lab| joined(plan, lab, "\r\n")),
        separator("san-tab", "one dNSName: another, a tab and the host's")
            .leaf(|plan, lab| joined(plan, lab, "\t")),
        separator("san-semicolon", "one dNSName: another, a semicolon and the host's")
            .leaf(|plan, lab| joined(plan, lab, ";")),
        separator("san-slash", "one dNSName: another, a slash and the host's")
            .leaf(|plan, lab| joined(plan, lab, "/")),
        separator("san-nul", "one dNSName: another, a NUL and the host's")
            .leaf(|plan, lab| joined(plan, lab, "\0")),
        separator("san-colon", "one dNSName: DNS: and the host's")
            .leaf(|plan, lab| smuggle(plan, lab, dns(format!("DNS:{}", lab.name)))),
    ]
}

fn joined(plan: &mut Plan, lab: &Setting, separator: &str) {
    smuggle(plan, lab, dns(format!("evil.example{separator}{}", lab.name)));
}

/// The CN is right, and the SAN has nothing that could be compared with it.
fn beside() -> Vec<Fault> {
    let beside = |name, title| Fault { attack: FALLS_BACK, ..fault(name, title) }.fix(SAN_ONLY);
    vec![
        beside("cn-beside-uri", "the CN is right, the SAN has a URI only")
            .leaf(|plan, _| set_names(plan, &[(general_name::URI, b"https://evil.example/".to_vec())])),
        beside("cn-beside-srv", "the CN is right, the SAN has an SRVName only").leaf(|plan, _| {
            // RFC 4985 §2: id-on-dnsSRV, an IA5String.
            const SRV_NAME: [u8; 10] = [6, 8, 0x2b, 6, 1, 5, 5, 7, 8, 7];
            let value = [&SRV_NAME[..], &tlv(0xa0, &tlv(0x16, b"_https.evil.example"))].concat();
            set_names(plan, &[(general_name::OTHER, value)]);
        }),
        beside("cn-beside-email", "the CN is right, the SAN has an e-mail address only")
            .leaf(|plan, _| set_names(plan, &[(general_name::EMAIL, b"a@evil.example".to_vec())])),
        beside("cn-beside-oversized", "the CN is right, the SAN has two thousand other names")
            .leaf(|plan, _| set_many_names(plan, 2_000, None)),
    ]
}
