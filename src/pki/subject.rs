//! Names in certificates: the distinguished name (RFC 5280 §4.1.2.4), and [`SanName`] for alternative ones.
//!
//! Written in openssl's `-subj` syntax, `/C=AU/O=Test Organisation/CN=www.test.org`; parsed once, here, into
//! types that cannot be wrong. Reading somebody else's name is strict about structure and lenient about what
//! the strings hold: bytes that are no text are kept and shown as such.
//!
//! Names are compared by [`Subject::prepared`] (RFC 5280 §7.1), without regard to string type and case.

use std::fmt::{self, Write as _};
use std::str::FromStr;

use icu_normalizer::ComposingNormalizerBorrowed;

use super::attribute_types::{self, AttributeType, StringKind};
use super::der::{self, Element, Walk, tag, tlv};
pub use super::name_error::NameError;
use super::oid::{self, COMMON_NAME, Oid};
pub use super::san::SanName;

/// A distinguished name: relative names in the order of the certificate, each a set of attributes
/// (nearly always one).
/// ```
/// use tlslab::pki::subject::Subject;
/// let subject: Subject = r"/C=AU/O=Nuts \/ Bolts/CN=www.test.org".parse()?;
/// assert_eq!(subject.rdns.len(), 3);
/// assert_eq!(Subject::from_der(&subject.to_der())?, subject);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// The relative distinguished names, outermost (`C`) first as openssl prints them.
    pub rdns: Vec<Vec<Attribute>>,
}

/// One attribute of a distinguished name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// The attribute type, such as 2.5.4.3 (commonName).
    pub oid: Oid,
    /// The identifier byte of the value, such as 12 for UTF8String.
    pub tag: u8,
    /// The value's text, decoded; `None` where the bytes are no valid string of their type.
    pub text: Option<String>,
    /// The value's content bytes, as encoded.
    pub raw: Vec<u8>,
}

impl Attribute {
    /// Type and value as they are compared.
    fn prepared(&self) -> Vec<u8> {
        let mut bytes = self.oid.as_bytes().to_vec();
        if let Some(text) = &self.text {
            let mapped: String = text.chars().filter(|c| !is_mapped_to_nothing(*c)).collect();
            let composed = ComposingNormalizerBorrowed::new_nfkc().normalize(&mapped).to_lowercase();
            // No identifier byte of a string, so that text is never taken for bytes.
            bytes.push(0);
            bytes.extend(composed.split_whitespace().collect::<Vec<_>>().join(" ").into_bytes());
        } else {
            bytes.push(self.tag);
            bytes.extend(&self.raw);
        }
        bytes
    }
}

/// Characters that names are compared without (RFC 4518 §2.2): soft hyphen, joiners, variation selectors, controls that
/// are no space. Else whoever puts one into a name would be out of every excluded tree.
fn is_mapped_to_nothing(c: char) -> bool {
    matches!(c,
        '\u{0}'..='\u{8}' | '\u{e}'..='\u{1f}' | '\u{7f}'..='\u{84}' | '\u{86}'..='\u{9f}' | '\u{ad}' | '\u{34f}'
        | '\u{6dd}' | '\u{70f}' | '\u{1806}' | '\u{180b}'..='\u{180e}' | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2063}' | '\u{206a}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffc}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0001}' | '\u{e0020}'..='\u{e007f}')
}

impl Subject {
    /// The subject of the lab sheet (`docs/lab-sheet.md`), `/C=AU/ST=WA/L=Perth/O=Test Organisation/OU=Org/CN=www.test.org`.
    ///
    /// ```
    /// use tlslab::pki::subject::Subject;
    /// let lab = "/C=AU/ST=WA/L=Perth/O=Test Organisation/OU=Org/CN=www.test.org";
    /// assert_eq!(Subject::lab(), lab.parse()?);
    /// assert_eq!(Subject::lab().to_string(), lab);
    /// # Ok::<(), tlslab::pki::subject::NameError>(())
    /// ```
    pub fn lab() -> Self {
        let rdns = [
            (oid::COUNTRY, tag::PRINTABLE_STRING, "AU"),
            (oid::STATE, tag::UTF8_STRING, "WA"),
            (oid::LOCALITY, tag::UTF8_STRING, "Perth"),
            (oid::ORGANIZATION, tag::UTF8_STRING, "Test Organisation"),
            (oid::ORGANIZATIONAL_UNIT, tag::UTF8_STRING, "Org"),
            (COMMON_NAME, tag::UTF8_STRING, "www.test.org"),
        ];
        let attribute = |(oid, tag, text): (Oid, u8, &str)| Attribute {
            oid,
            tag,
            text: Some(text.to_owned()),
            raw: text.as_bytes().to_vec(),
        };
        Self { rdns: rdns.into_iter().map(|rdn| vec![attribute(rdn)]).collect() }
    }

    /// The name as RFC 5280 §7.1 compares names: two that match give the same bytes, and no others do.
    ///
    /// Of each value that can be read its text counts and not its string type, in Unicode's normalisation form KC,
    /// without regard to case, every gap of white space being one space (RFC 4518 §2); of others, their bytes.
    pub fn prepared(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for rdn in self.prepared_rdns() {
            bytes.extend(rdn);
        }
        bytes
    }

    /// Whether the name begins with all of `subtree`'s relative names: whether a directoryName constraint
    /// (RFC 5280 §4.2.1.10) is about it.
    pub fn is_within(&self, subtree: &Self) -> bool {
        let (own, wanted) = (self.prepared_rdns(), subtree.prepared_rdns());
        own.starts_with(&wanted)
    }

    /// Each relative name: how many attributes it has, then each one's length and bytes, in an order of their own.
    fn prepared_rdns(&self) -> Vec<Vec<u8>> {
        let framed = |bytes: &[u8]| [&bytes.len().to_be_bytes()[..], bytes].concat();
        let prepared = |rdn: &Vec<Attribute>| {
            let mut attributes: Vec<Vec<u8>> = rdn.iter().map(Attribute::prepared).collect();
            attributes.sort_unstable();
            let attributes = attributes.iter().flat_map(|attribute| framed(attribute));
            rdn.len().to_be_bytes().into_iter().chain(attributes).collect()
        };
        self.rdns.iter().map(prepared).collect()
    }

    /// Every emailAddress (RFC 2985 §5.2.1), in order.
    pub fn email_addresses(&self) -> impl Iterator<Item = &Attribute> {
        self.rdns.iter().flatten().filter(|attribute| attribute.oid == oid::EMAIL_ADDRESS)
    }

    /// Every commonName, in order. RFC 5280 allows several; a good certificate has at most one.
    pub fn common_names(&self) -> impl Iterator<Item = &Attribute> {
        self.rdns.iter().flatten().filter(|attribute| attribute.oid == COMMON_NAME)
    }

    /// Whether there is no attribute at all.
    pub fn is_empty(&self) -> bool {
        self.rdns.iter().all(Vec::is_empty)
    }

    /// This name with its commonName replaced (or added last where it has none). Where it has several, the
    /// first is replaced and the others go.
    pub fn with_common_name(self, cn: &str) -> Result<Self, NameError> {
        let attribute = Attribute::new(attribute_types::by_oid(&COMMON_NAME), COMMON_NAME, cn)?;
        Ok(self.replace_common_name(attribute))
    }

    /// The same without looking at `cn`: it may be empty, too long, or hold NUL and other control characters.
    /// For making bad certificates.
    #[must_use]
    pub fn with_unchecked_common_name(self, cn: &str) -> Self {
        self.replace_common_name(Attribute::unchecked(COMMON_NAME, cn))
    }

    fn replace_common_name(mut self, attribute: Attribute) -> Self {
        let mut new = Some(attribute);
        for rdn in &mut self.rdns {
            rdn.retain_mut(|old| {
                if old.oid != COMMON_NAME {
                    return true;
                }
                new.take().map(|attribute| *old = attribute).is_some()
            });
        }
        self.rdns.retain(|rdn| !rdn.is_empty());
        self.rdns.extend(new.map(|attribute| vec![attribute]));
        self
    }

    /// Whether each attribute could have been given in `-subj` syntax: a country of two letters, text without control
    /// characters, nothing empty or above its upper bound. For names that others have written.
    pub fn check(&self) -> Result<(), NameError> {
        for attribute in self.rdns.iter().flatten() {
            let text = attribute.text.as_deref().ok_or_else(|| NameError::NoText(attribute.name()))?;
            Attribute::new(attribute_types::by_oid(&attribute.oid), attribute.oid, text)?;
        }
        Ok(())
    }

    /// DER of the `Name` (an RDNSequence). Inside a relative name the attributes stand in DER's order.
    pub fn to_der(&self) -> Vec<u8> {
        let rdns: Vec<_> = self
            .rdns
            .iter()
            .map(|rdn| {
                let mut set: Vec<_> = rdn.iter().map(Attribute::to_der).collect();
                set.sort(); // X.690 §11.6: the elements of a SET OF ascend
                tlv(tag::SET, &set.concat())
            })
            .collect();
        tlv(tag::SEQUENCE, &rdns.concat())
    }

    /// Reads DER of a `Name`; strict about structure, lenient about string contents (see [`Attribute::text`]).
    pub fn from_der(name: &[u8]) -> Result<Self, der::Error> {
        let rdns = der::children(der::only(name, tag::SEQUENCE)?.content)?;
        let rdn = |set: Element<'_>| {
            let set = der::only(set.encoded, tag::SET)?;
            let mut walk = Walk(set.content);
            let mut attributes = vec![Attribute::read(walk.expect(tag::SEQUENCE)?)?]; // SET SIZE (1..MAX)
            while !walk.0.is_empty() {
                attributes.push(Attribute::read(walk.expect(tag::SEQUENCE)?)?);
            }
            Ok(attributes)
        };
        Ok(Self { rdns: rdns.into_iter().map(rdn).collect::<Result<_, der::Error>>()? })
    }
}

impl Attribute {
    /// The attribute's name as openssl abbreviates it (`CN`, `emailAddress`), or its dotted OID.
    pub fn name(&self) -> String {
        attribute_types::by_oid(&self.oid)
            .map_or_else(|| self.oid.to_string(), |known| known.short.to_owned())
    }

    /// A UTF8String attribute that nobody has checked: for making bad certificates.
    pub fn unchecked(oid: Oid, text: &str) -> Self {
        Self { oid, tag: tag::UTF8_STRING, text: Some(text.to_owned()), raw: text.as_bytes().to_vec() }
    }

    fn new(known: Option<&AttributeType>, oid: Oid, value: &str) -> Result<Self, NameError> {
        let name = || known.map_or_else(|| oid.to_string(), |known| known.short.to_owned());
        let kind = known.map_or(StringKind::Utf8, |known| known.kind);
        if value.is_empty() {
            return Err(NameError::Empty(name()));
        }
        if kind == StringKind::Country
            && !(value.len() == 2 && value.bytes().all(|byte| byte.is_ascii_alphabetic()))
        {
            return Err(NameError::Country { attribute: name(), value: value.to_owned() });
        }
        let (tag, expected, fits): (u8, &str, fn(char) -> bool) = match kind {
            StringKind::Utf8 => (tag::UTF8_STRING, "printable characters", |c| !c.is_control()),
            StringKind::Ia5 => (tag::IA5_STRING, "printable ASCII characters", |c| matches!(c, ' '..='~')),
            StringKind::Country | StringKind::Printable => (
                tag::PRINTABLE_STRING,
                "letters, digits, space and any of '()+,-./:=? (PrintableString)",
                |c| c.is_ascii_alphanumeric() || " '()+,-./:=?".contains(c),
            ),
        };
        if let Some(character) = value.chars().find(|c| !fits(*c)) {
            return Err(NameError::Character {
                attribute: name(),
                value: value.to_owned(),
                expected,
                character,
            });
        }
        let length = value.chars().count();
        match known.and_then(|known| known.max) {
            Some(max) if length > max => Err(NameError::TooLong { attribute: name(), max, length }),
            _ => Ok(Self { oid, tag, text: Some(value.to_owned()), raw: value.as_bytes().to_vec() }),
        }
    }

    /// AttributeTypeAndValue (RFC 5280 §4.1.2.4).
    fn to_der(&self) -> Vec<u8> {
        der::sequence(&[&der::oid(self.oid), &tlv(self.tag, &self.raw)])
    }

    fn read(pair: Element<'_>) -> Result<Self, der::Error> {
        let mut walk = Walk(pair.content);
        let oid = walk.oid()?;
        let value = walk.any()?.ok_or(der::Error::Incomplete)?;
        walk.end()?;
        Ok(Self { oid, tag: value.tag, text: decode(value.tag, value.content), raw: value.content.to_vec() })
    }
}

/// The text of a string value, whatever its type; `None` where the bytes are none of it.
fn decode(tag: u8, raw: &[u8]) -> Option<String> {
    let ascii = || raw.is_ascii().then(|| raw.iter().map(|byte| char::from(*byte)).collect());
    match tag {
        tag::UTF8_STRING => String::from_utf8(raw.to_vec()).ok(),
        tag::NUMERIC_STRING | tag::PRINTABLE_STRING | tag::IA5_STRING | tag::VISIBLE_STRING => ascii(),
        // T.61 in the standard, Latin-1 in every certificate that was ever seen.
        tag::TELETEX_STRING => Some(raw.iter().map(|byte| char::from(*byte)).collect()),
        tag::BMP_STRING => {
            let (units, []) = raw.as_chunks::<2>() else { return None };
            char::decode_utf16(units.iter().map(|unit| u16::from_be_bytes(*unit)))
                .collect::<Result<_, _>>()
                .ok()
        }
        tag::UNIVERSAL_STRING => {
            let (units, []) = raw.as_chunks::<4>() else { return None };
            units.iter().map(|unit| char::from_u32(u32::from_be_bytes(*unit))).collect()
        }
        _ => None,
    }
}

/// openssl's `-subj` syntax: `/TYPE=value` in order, `\` before a character to take it as it is, an unescaped
/// `+` to put the next attribute into the same relative name. An attribute with an empty value is left out, as
/// openssl leaves it out.
impl FromStr for Subject {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let mut rest = text.strip_prefix('/').ok_or_else(|| NameError::NoSlash(text.to_owned()))?.chars();
        let mut rdns: Vec<Vec<Attribute>> = Vec::new();
        let mut joins = false;
        while !rest.as_str().is_empty() {
            let (name, after) =
                rest.as_str().split_once('=').ok_or_else(|| NameError::NoEquals(rest.as_str().to_owned()))?;
            let (oid, known) = attribute_types::by_name(name)?;
            rest = after.chars();
            let mut value = String::new();
            let mut joins_next = false;
            while let Some(c) = rest.next() {
                match c {
                    '/' => break,
                    '+' => {
                        joins_next = true;
                        break;
                    }
                    '\\' => value.push(rest.next().ok_or(NameError::TrailingBackslash)?),
                    _ => value.push(c),
                }
            }
            if !value.is_empty() {
                let attribute = Attribute::new(known, oid, &value)?;
                match rdns.last_mut() {
                    Some(rdn) if joins => rdn.push(attribute),
                    _ => rdns.push(vec![attribute]),
                }
            }
            joins = joins_next;
        }
        Ok(Self { rdns })
    }
}

/// The same syntax back, `/` for the empty name. What could deceive a reader is shown escaped: NUL as `\0`, other control characters
/// as `\x1B`, invisible and text-turning ones as `\u{202e}`; bytes that are no text as `#` and hexadecimal.
impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_char('/');
        }
        for rdn in &self.rdns {
            for (position, attribute) in rdn.iter().enumerate() {
                f.write_char(if position == 0 { '/' } else { '+' })?;
                write!(f, "{attribute}")?;
            }
        }
        Ok(())
    }
}

/// `TYPE=value`, escaped as in [`Subject`].
impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}=", self.name())?;
        let Some(text) = &self.text else {
            f.write_char('#')?;
            let der = tlv(self.tag, &self.raw); // RFC 4514 §2.4
            return der.iter().try_for_each(|byte| write!(f, "{byte:02X}"));
        };
        for (position, c) in text.chars().enumerate() {
            match c {
                '/' | '+' | '\\' => write!(f, "\\{c}")?,
                '#' if position == 0 => f.write_str("\\#")?,
                '\0' => f.write_str("\\0")?,
                '\x01'..='\x1f' | '\x7f' => write!(f, "\\x{:02X}", u32::from(c))?,
                c if deceives(c) => write!(f, "{}", c.escape_unicode())?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// Characters that are invisible or change how the text around them is drawn.
fn deceives(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn subject(text: &str) -> Subject {
        text.parse().unwrap()
    }

    fn refused(text: &str) -> String {
        text.parse::<Subject>().unwrap_err().to_string()
    }

    #[test]
    fn openssl_s_der_of_the_lab_sheet_s_subject() {
        // openssl req -x509 … -subj "/C=AU/ST=WA/L=Perth/O=Test Organisation/OU=Org/CN=www.test.org"
        let expected = "306b310b3009060355040613024155310b300906035504080c025741310e300c06035504070c055065727468\
                        311a3018060355040a0c1154657374204f7267616e69736174696f6e310c300a060355040b0c034f72673115\
                        301306035504030c0c7777772e746573742e6f7267";
        assert_eq!(crate::words::hex(&Subject::lab().to_der()), expected);
    }

    #[test]
    fn names_are_compared_without_case_spaces_and_what_is_not_seen() {
        let one = subject("/O=Acme  Corp/CN=Wörk");
        for same in
            ["/O=ACME corp/CN=wörk", "/O= acme corp /CN=WÖRK", "/O=Ac\u{ad}me Corp/CN=Wo\u{308}\u{200d}rk"]
        {
            assert_eq!(subject(same).prepared(), one.prepared(), "{same}");
            assert!(subject(same).is_within(&subject("/O=acme corp")), "{same}");
        }
        for other in ["/O=AcmeCorp/CN=Wörk", "/CN=Wörk/O=Acme Corp", "/O=Acme Corp/CN=Wörk/CN=x"] {
            assert_ne!(subject(other).prepared(), one.prepared(), "{other}");
        }
    }

    #[test]
    fn order_repeats_escapes_and_multi_valued_names_are_kept() {
        for text in [
            "/DC=org/DC=test/OU=a/OU=b/CN=x",
            r"/O=AC\/DC \\ one\+two/CN=x",
            "/C=AU/CN=x+serialNumber=7/emailAddress=a@test.org",
            "/O=Ünïversität 東京/CN=x",
            "/CN=a=b",
            r"/CN=\#abc",
            "/1.2.3.4=own type/CN=x",
        ] {
            assert_eq!(subject(text).to_string(), text);
            assert_eq!(
                Subject::from_der(&subject(text).to_der()).unwrap().rdns.len(),
                subject(text).rdns.len()
            );
        }
        assert_eq!(subject("/countryName=au/2.5.4.3=x").to_string(), "/C=au/CN=x");
        assert_eq!(subject("/C=/CN=x/").to_string(), "/CN=x");
        assert!(subject("/").is_empty());
        assert_eq!(subject("/").to_string(), "/");
        assert_eq!(subject(r"/CN=\x").to_string(), "/CN=x");
    }

    #[test]
    fn string_types_are_those_of_rfc_5280() {
        let subject = subject("/C=AU/O=x/serialNumber=1/dnQualifier=2/emailAddress=a@b.c/DC=org/1.2.3=y");
        let tags: Vec<_> = subject.rdns.iter().map(|rdn| rdn[0].tag).collect();
        assert_eq!(tags, [19, 12, 19, 19, 22, 22, 12]);
    }

    #[test]
    fn refusals_name_what_was_expected_and_found() {
        for (text, expected) in [
            ("CN=x", "subject \"CN=x\": expected /TYPE=value/TYPE=value…, found no `/` at its start"),
            ("", "subject \"\": expected /TYPE=value/TYPE=value…, found no `/` at its start"),
            ("/CN", "subject: expected `=` after the attribute type \"CN\""),
            ("/CN=x\\", "subject: expected a character after the `\\` at the end"),
            ("/cn=x", "subject: unknown attribute type \"cn\", did you mean \"CN\"?"),
            ("/comonName=x", "subject: unknown attribute type \"comonName\", did you mean \"commonName\"?"),
            ("/E=x", "subject: unknown attribute type \"E\", did you mean \"emailAddress\"?"),
            ("/quux=x", "subject: unknown attribute type \"quux\""),
            ("/9.9.9=x", "subject: unknown attribute type \"9.9.9\""),
            (
                "/C=Australia",
                "subject: C: expected a country code of two letters such as AU, found \"Australia\"",
            ),
            ("/C=A1", "subject: C: expected a country code of two letters such as AU, found \"A1\""),
            (
                "/serialNumber=7_8",
                "subject: serialNumber=7_8: expected letters, digits, space and any of '()+,-./:=? \
                 (PrintableString), found '_'",
            ),
            (
                "/emailAddress=ü@b.c",
                "subject: emailAddress=ü@b.c: expected printable ASCII characters, found 'ü'",
            ),
            ("/CN=a\nb", "subject: CN=a\\nb: expected printable characters, found '\\n'"),
        ] {
            assert_eq!(refused(text), expected);
        }
        assert_eq!(
            refused(&format!("/CN={}", "é".repeat(65))),
            "subject: CN: expected at most 64 characters, found 65"
        );
        subject(&format!("/CN={}", "é".repeat(64)));
    }

    #[test]
    fn the_common_name_is_replaced_where_it_stands() {
        let replaced = |text: &str| subject(text).with_common_name("new").unwrap().to_string();
        assert_eq!(replaced("/C=AU/CN=old/O=x"), "/C=AU/CN=new/O=x");
        assert_eq!(replaced("/C=AU"), "/C=AU/CN=new");
        assert_eq!(replaced("/CN=a/CN=b/O=x"), "/CN=new/O=x");
        assert_eq!(Subject::lab().with_common_name(""), Err(NameError::Empty("CN".to_owned())));
        let nul = subject("/CN=x").with_unchecked_common_name("www.test.org\0.evil.example");
        assert_eq!(nul.to_string(), r"/CN=www.test.org\0.evil.example");
        assert_eq!(Subject::from_der(&nul.to_der()).unwrap(), nul);
    }

    #[test]
    fn other_peoples_strings_are_decoded_or_kept() {
        for (tag, raw, text) in [
            (20, b"M\xfcller".to_vec(), Some("Müller")),
            (30, vec![0, b'A', 0x67, 0x71], Some("A東")),
            (30, vec![0, b'A', 0], None),
            (28, vec![0, 0, 0, b'A'], Some("A")),
            (12, vec![0xff], None),
            (19, b"a*b@c".to_vec(), Some("a*b@c")),
            (22, vec![0x80], None),
            (3, vec![0, 1], None),
        ] {
            let attribute = der::sequence(&[&[6, 3, 0x55, 4, 3], &tlv(tag, &raw)]);
            let name = Subject::from_der(&der::sequence(&[&tlv(tag::SET, &attribute)])).unwrap();
            assert_eq!(name.rdns[0][0].text.as_deref(), text, "{tag}");
            assert_eq!((name.rdns[0][0].tag, &name.rdns[0][0].raw), (tag, &raw));
        }
    }

    #[test]
    fn what_deceives_is_shown_escaped() {
        let shown = |text: &str| subject("/O=x").with_unchecked_common_name(text).to_string();
        assert_eq!(shown("a\x1b[31m\u{7f}"), r"/O=x/CN=a\x1B[31m\x7F");
        assert_eq!(shown("gro.\u{202e}lived"), r"/O=x/CN=gro.\u{202e}lived");
        let mut bytes = subject("/CN=x");
        bytes.rdns[0][0].raw = vec![0xff];
        assert_eq!(Subject::from_der(&bytes.to_der()).unwrap().to_string(), "/CN=#0C01FF");
    }

    #[test]
    fn structure_is_strict() {
        let good = Subject::lab().to_der();
        assert!(Subject::from_der(&[&good[..], &[0]].concat()).is_err(), "trailing bytes");
        assert!(Subject::from_der(&good[..good.len() - 1]).is_err(), "cut short");
        assert!(Subject::from_der(&der::sequence(&[&tlv(tag::SET, &[])])).is_err(), "an empty set");
        assert_eq!(Subject::from_der(&[0x30, 0]), Ok(Subject::default()));
    }

    proptest! {
        #[test]
        fn every_subject_goes_round(values in proptest::collection::vec(("[^\\p{Cc}]{1,40}", 0usize..6), 1..6)) {
            let types = ["CN", "O", "OU", "L", "ST", "2.5.4.13"];
            let mut text = String::new();
            for (value, kind) in &values {
                let escaped: String = value.chars()
                    .flat_map(|c| if matches!(c, '/' | '+' | '\\') { vec!['\\', c] } else { vec![c] }).collect();
                write!(text, "/{}={escaped}", types[*kind]).unwrap();
            }
            let parsed: Subject = text.parse().unwrap();
            let texts: Vec<_> = parsed.rdns.iter().map(|rdn| rdn[0].text.clone().unwrap()).collect();
            prop_assert_eq!(&texts, &values.iter().map(|(value, _)| value.clone()).collect::<Vec<_>>());
            prop_assert_eq!(&Subject::from_der(&parsed.to_der()).unwrap(), &parsed);
            if !texts.iter().any(|text| text.chars().any(deceives)) {
                prop_assert_eq!(&parsed.to_string().parse::<Subject>().unwrap(), &parsed);
            }
        }

        #[test]
        fn arbitrary_text_is_parsed_or_refused(text in any::<String>()) {
            if let Ok(subject) = format!("/CN={text}").parse::<Subject>() {
                prop_assert!(Subject::from_der(&subject.to_der()).is_ok());
            }
        }

        #[test]
        fn damaged_der_is_read_or_refused(position in 0usize..103, byte in any::<u8>()) {
            let mut der = Subject::lab().to_der();
            let position = position % der.len();
            der[position] = byte;
            if let Ok(subject) = Subject::from_der(&der) {
                prop_assert!(!subject.to_string().chars().any(char::is_control));
            }
        }
    }
}
