//! The attribute types of distinguished names: openssl's short and long names, the string type that a new
//! value gets, and its upper bound.

use super::name_error::NameError;
use super::oid::{self, Oid};

/// Which string type a value is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StringKind {
    /// PrintableString of two letters.
    Country,
    /// IA5String.
    Ia5,
    /// PrintableString.
    Printable,
    /// UTF8String.
    Utf8,
}

/// One row of the table.
#[derive(Debug)]
pub(super) struct AttributeType {
    pub(super) oid: Oid,
    /// openssl's short name.
    pub(super) short: &'static str,
    pub(super) kind: StringKind,
    /// The upper bound in characters (RFC 5280 Appendix A.1, X.520), where there is one.
    pub(super) max: Option<usize>,
}

const fn row(oid: Oid, short: &'static str, kind: StringKind, max: usize) -> AttributeType {
    AttributeType { oid, short, kind, max: if max == 0 { None } else { Some(max) } }
}

impl AttributeType {
    /// openssl's long name.
    fn long(&self) -> &'static str {
        // Every row is one of the table of names.
        self.oid.name().unwrap_or(self.short)
    }
}

static TYPES: [AttributeType; 32] = {
    use StringKind::{Country, Ia5, Printable, Utf8};
    [
        row(oid::COMMON_NAME, "CN", Utf8, 64),
        row(oid::SURNAME, "SN", Utf8, 32_768),
        row(oid::SERIAL_NUMBER, "serialNumber", Printable, 64),
        row(oid::COUNTRY, "C", Country, 2),
        row(oid::LOCALITY, "L", Utf8, 128),
        row(oid::STATE, "ST", Utf8, 128),
        row(oid::STREET, "street", Utf8, 128),
        row(oid::ORGANIZATION, "O", Utf8, 64),
        row(oid::ORGANIZATIONAL_UNIT, "OU", Utf8, 64),
        row(oid::TITLE, "title", Utf8, 64),
        row(oid::DESCRIPTION, "description", Utf8, 1024),
        row(oid::BUSINESS_CATEGORY, "businessCategory", Utf8, 128),
        row(oid::POSTAL_CODE, "postalCode", Utf8, 40),
        row(oid::POST_OFFICE_BOX, "postOfficeBox", Utf8, 40),
        row(oid::TELEPHONE_NUMBER, "telephoneNumber", Printable, 32),
        row(oid::NAME, "name", Utf8, 32_768),
        row(oid::GIVEN_NAME, "GN", Utf8, 32_768),
        row(oid::INITIALS, "initials", Utf8, 32_768),
        row(oid::GENERATION_QUALIFIER, "generationQualifier", Utf8, 32_768),
        row(oid::DN_QUALIFIER, "dnQualifier", Printable, 0),
        row(oid::PSEUDONYM, "pseudonym", Utf8, 128),
        row(oid::ROLE, "role", Utf8, 0),
        row(oid::ORGANIZATION_IDENTIFIER, "organizationIdentifier", Utf8, 0),
        row(oid::USER_ID, "UID", Utf8, 256),
        row(oid::MAIL, "mail", Ia5, 256),
        row(oid::DOMAIN_COMPONENT, "DC", Ia5, 0),
        row(oid::EMAIL_ADDRESS, "emailAddress", Ia5, 255),
        row(oid::UNSTRUCTURED_NAME, "unstructuredName", Utf8, 255),
        row(oid::UNSTRUCTURED_ADDRESS, "unstructuredAddress", Utf8, 255),
        row(oid::JURISDICTION_LOCALITY, "jurisdictionL", Utf8, 128),
        row(oid::JURISDICTION_STATE, "jurisdictionST", Utf8, 128),
        row(oid::JURISDICTION_COUNTRY, "jurisdictionC", Country, 2),
    ]
};

/// What other programs call some of them.
const ALIASES: [(&str, &str); 6] = [
    ("E", "emailAddress"),
    ("EMAIL", "emailAddress"),
    ("S", "ST"),
    ("STREET", "street"),
    ("G", "GN"),
    ("T", "title"),
];

/// The row of `oid`.
pub(super) fn by_oid(oid: &Oid) -> Option<&'static AttributeType> {
    TYPES.iter().find(|known| known.oid == *oid)
}

/// The type that openssl would take `name` for: a short or long name exactly, or a dotted OID.
pub(super) fn by_name(name: &str) -> Result<(Oid, Option<&'static AttributeType>), NameError> {
    if let Some(known) = TYPES.iter().find(|known| known.short == name || known.long() == name) {
        return Ok((known.oid, Some(known)));
    }
    if name.starts_with(|c: char| c.is_ascii_digit())
        && let Ok(oid) = name.parse()
    {
        return Ok((oid, by_oid(&oid)));
    }
    Err(NameError::UnknownType { name: name.to_owned(), suggestion: suggestion(name) })
}

fn suggestion(name: &str) -> Option<&'static str> {
    if let Some((_, known)) = ALIASES.iter().find(|(alias, _)| alias.eq_ignore_ascii_case(name)) {
        return Some(known);
    }
    let name = name.trim_matches(['/', ' ']).to_ascii_lowercase();
    let distance = |known: &&str| edit_distance(&name, &known.to_ascii_lowercase());
    let nearest = TYPES.iter().flat_map(|known| [known.short, known.long()]).min_by_key(distance)?;
    // Letters of two-letter types are too few to guess from: those must differ in case only.
    let allowed = if name.len() < 4 { 0 } else { name.len() / 4 };
    (distance(&nearest) <= allowed).then_some(nearest)
}

/// Levenshtein's distance in bytes; bounded for absurdly long input.
fn edit_distance(a: &str, b: &str) -> usize {
    if a.len().abs_diff(b.len()) > 8 {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, y) in row.iter_mut().skip(1).zip(b.bytes()) {
            let change = diagonal + usize::from(x != y);
            diagonal = *cell;
            left = change.min(*cell + 1).min(left + 1);
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_and_no_two_rows_share_one() {
        for known in &TYPES {
            for name in [known.short, known.long(), &known.oid.to_string()] {
                assert_eq!(by_name(name).unwrap().0, known.oid, "{name}");
            }
        }
    }

    #[test]
    fn edit_distances() {
        for (a, b, expected) in
            [("", "", 0), ("a", "", 1), ("kitten", "sitting", 3), ("abc", "abc", 0), ("ab", "b", 1)]
        {
            assert_eq!(edit_distance(a, b), expected, "{a} {b}");
        }
    }

    #[test]
    fn guesses() {
        for (name, expected) in [
            ("o", Some("O")),
            ("Street", Some("street")),
            ("/CN", Some("CN")),
            ("organisationName", Some("organizationName")),
            ("XX", None),
            ("zebra", None),
        ] {
            assert_eq!(suggestion(name), expected, "{name}");
        }
    }
}
