//! The attribute types of distinguished names: openssl's short and long names, the string type that a new
//! value gets, and its upper bound.

use der::asn1::ObjectIdentifier;

use super::subject::NameError;

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
    pub(super) oid: ObjectIdentifier,
    /// openssl's short name.
    pub(super) short: &'static str,
    /// openssl's long name.
    pub(super) long: &'static str,
    pub(super) kind: StringKind,
    /// The upper bound in characters (RFC 5280 Appendix A.1, X.520), where there is one.
    pub(super) max: Option<usize>,
}

const fn row(
    oid: &str,
    short: &'static str,
    long: &'static str,
    kind: StringKind,
    max: usize,
) -> AttributeType {
    let max = if max == 0 { None } else { Some(max) };
    AttributeType { oid: ObjectIdentifier::new_unwrap(oid), short, long, kind, max }
}

static TYPES: [AttributeType; 32] = {
    use StringKind::{Country, Ia5, Printable, Utf8};
    [
        row("2.5.4.3", "CN", "commonName", Utf8, 64),
        row("2.5.4.4", "SN", "surname", Utf8, 32_768),
        row("2.5.4.5", "serialNumber", "serialNumber", Printable, 64),
        row("2.5.4.6", "C", "countryName", Country, 2),
        row("2.5.4.7", "L", "localityName", Utf8, 128),
        row("2.5.4.8", "ST", "stateOrProvinceName", Utf8, 128),
        row("2.5.4.9", "street", "streetAddress", Utf8, 128),
        row("2.5.4.10", "O", "organizationName", Utf8, 64),
        row("2.5.4.11", "OU", "organizationalUnitName", Utf8, 64),
        row("2.5.4.12", "title", "title", Utf8, 64),
        row("2.5.4.13", "description", "description", Utf8, 1024),
        row("2.5.4.15", "businessCategory", "businessCategory", Utf8, 128),
        row("2.5.4.17", "postalCode", "postalCode", Utf8, 40),
        row("2.5.4.18", "postOfficeBox", "postOfficeBox", Utf8, 40),
        row("2.5.4.20", "telephoneNumber", "telephoneNumber", Printable, 32),
        row("2.5.4.41", "name", "name", Utf8, 32_768),
        row("2.5.4.42", "GN", "givenName", Utf8, 32_768),
        row("2.5.4.43", "initials", "initials", Utf8, 32_768),
        row("2.5.4.44", "generationQualifier", "generationQualifier", Utf8, 32_768),
        row("2.5.4.46", "dnQualifier", "dnQualifier", Printable, 0),
        row("2.5.4.65", "pseudonym", "pseudonym", Utf8, 128),
        row("2.5.4.72", "role", "role", Utf8, 0),
        row("2.5.4.97", "organizationIdentifier", "organizationIdentifier", Utf8, 0),
        row("0.9.2342.19200300.100.1.1", "UID", "userId", Utf8, 256),
        row("0.9.2342.19200300.100.1.3", "mail", "rfc822Mailbox", Ia5, 256),
        row("0.9.2342.19200300.100.1.25", "DC", "domainComponent", Ia5, 0),
        row("1.2.840.113549.1.9.1", "emailAddress", "emailAddress", Ia5, 255),
        row("1.2.840.113549.1.9.2", "unstructuredName", "unstructuredName", Utf8, 255),
        row("1.2.840.113549.1.9.8", "unstructuredAddress", "unstructuredAddress", Utf8, 255),
        row("1.3.6.1.4.1.311.60.2.1.1", "jurisdictionL", "jurisdictionLocalityName", Utf8, 128),
        row("1.3.6.1.4.1.311.60.2.1.2", "jurisdictionST", "jurisdictionStateOrProvinceName", Utf8, 128),
        row("1.3.6.1.4.1.311.60.2.1.3", "jurisdictionC", "jurisdictionCountryName", Country, 2),
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
pub(super) fn by_oid(oid: &ObjectIdentifier) -> Option<&'static AttributeType> {
    TYPES.iter().find(|known| known.oid == *oid)
}

/// The type that openssl would take `name` for: a short or long name exactly, or a dotted OID.
pub(super) fn by_name(name: &str) -> Result<(ObjectIdentifier, Option<&'static AttributeType>), NameError> {
    if let Some(known) = TYPES.iter().find(|known| known.short == name || known.long == name) {
        return Ok((known.oid, Some(known)));
    }
    if name.starts_with(|c: char| c.is_ascii_digit())
        && let Ok(oid) = ObjectIdentifier::new(name)
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
    let nearest = TYPES.iter().flat_map(|known| [known.short, known.long]).min_by_key(distance)?;
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
            for name in [known.short, known.long, &known.oid.to_string()] {
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
