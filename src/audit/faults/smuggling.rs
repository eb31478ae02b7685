//! Names smuggled past a CA: it looked at one kind of name and certified another, or read one name where the client reads
//! two.

use super::super::fault::{Fault, Model};
use super::super::workshop::LAB_NAME;
use super::edit::{general_name, set_name, set_names};
use crate::pki::der::{self, tag, tlv};
use crate::pki::issue::Plan;
use crate::pki::subject::Subject;
use crate::verify::Reason::WrongName;

const SMUGGLED: &str =
    "a CA that checks one kind of name certifies another: the client reads what nobody has verified";

pub(super) fn faults() -> Vec<Fault> {
    [kinds(), separators()].concat()
}

fn fault(id: &'static str, title: &'static str) -> Fault {
    Fault {
        model: Model::Ca,
        ..Fault::new(id, title, "RFC 5280 §4.2.1.6, RFC 9525 §6.3", SMUGGLED).refused(&[WrongName])
    }
}

/// The name packed into another kind of alternative name.
fn kinds() -> Vec<Fault> {
    vec![
        fault("san-other-name", "the name is an otherName").leaf(|plan| {
            let value = tlv(0xa0, &tlv(0x0c, LAB_NAME.as_bytes()));
            let value = [der::oid(super::edit::NOBODYS), value].concat();
            set_names(plan, &[(general_name::OTHER, &value)]);
        }),
        fault("san-email", "the name is an rfc822Name")
            .leaf(|plan| set_names(plan, &[(general_name::EMAIL, LAB_NAME.as_bytes())])),
        fault("san-x400", "the name is an x400Address").leaf(|plan| {
            set_names(plan, &[(general_name::X400, &tlv(tag::SEQUENCE, &tlv(0x13, LAB_NAME.as_bytes())))]);
        }),
        fault("san-directory", "the name is the CN of a directoryName")
            .leaf(|plan| set_names(plan, &[(general_name::DIRECTORY, &Subject::lab().to_der())])),
        fault("san-edi", "the name is an ediPartyName").leaf(|plan| {
            let party = tlv(0xa1, &tlv(0x0c, LAB_NAME.as_bytes()));
            set_names(plan, &[(general_name::EDI, &party)]);
        }),
        fault("san-uri", "the name is a URI's host")
            .leaf(|plan| set_names(plan, &[(general_name::URI, b"https://www.test.org/")])),
        fault("san-registered", "the name is the octets of a registeredID")
            .leaf(|plan| set_names(plan, &[(general_name::REGISTERED_ID, LAB_NAME.as_bytes())])),
        fault("san-address", "the name is the octets of an iPAddress")
            .leaf(|plan| set_names(plan, &[(general_name::IP, LAB_NAME.as_bytes())])),
        fault("san-tag-9", "the name has the tag [9], which GeneralName does not have").leaf(tagged::<9>),
        fault("san-tag-10", "the name has the tag [10], which GeneralName does not have").leaf(tagged::<10>),
        fault("san-tag-11", "the name has the tag [11], which GeneralName does not have").leaf(tagged::<11>),
        fault("san-tag-12", "the name has the tag [12], which GeneralName does not have").leaf(tagged::<12>),
        fault("san-tag-13", "the name has the tag [13], which GeneralName does not have").leaf(tagged::<13>),
        fault("san-tag-14", "the name has the tag [14], which GeneralName does not have").leaf(tagged::<14>),
        fault("san-tag-15", "the name has the tag [15], which GeneralName does not have").leaf(tagged::<15>),
    ]
}

/// The name alone, with a context tag.
fn tagged<const TAG: u8>(plan: &mut Plan) {
    set_names(plan, &[(0x80 | TAG, LAB_NAME.as_bytes())]);
}

/// The name beside another one, in one dNSName: what a client sees that joins the names and parts them again
/// (CVE-2021-44532). The tests go through every octet.
fn separators() -> Vec<Fault> {
    vec![
        fault("san-comma", "one dNSName: evil.example,DNS:www.test.org")
            .leaf(|plan| set_name(plan, "evil.example,DNS:www.test.org")),
        fault("san-space", "one dNSName: evil.example www.test.org")
            .leaf(|plan| set_name(plan, "evil.example www.test.org")),
        fault("san-newline", "one dNSName: evil.example\\nwww.test.org")
            .leaf(|plan| set_name(plan, "evil.example\nwww.test.org")),
        fault("san-comma-space", "one dNSName: evil.example, DNS:www.test.org")
            .leaf(|plan| set_name(plan, "evil.example, DNS:www.test.org")),
        fault("san-crlf", "one dNSName: evil.example\\r\\nwww.test.org")
            .leaf(|plan| set_name(plan, "evil.example\r\nwww.test.org")),
        fault("san-tab", "one dNSName: evil.example\\twww.test.org")
            .leaf(|plan| set_name(plan, "evil.example\twww.test.org")),
        fault("san-semicolon", "one dNSName: evil.example;www.test.org")
            .leaf(|plan| set_name(plan, "evil.example;www.test.org")),
        fault("san-slash", "one dNSName: evil.example/www.test.org")
            .leaf(|plan| set_name(plan, "evil.example/www.test.org")),
        fault("san-nul", "one dNSName: evil.example\\0www.test.org")
            .leaf(|plan| set_name(plan, "evil.example\0www.test.org")),
        fault("san-colon", "one dNSName: DNS:www.test.org").leaf(|plan| set_name(plan, "DNS:www.test.org")),
    ]
}
