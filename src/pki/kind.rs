//! What bytes hold that no label names: told by their outermost structure.
//!
//! The one place that guesses. Nothing is checked beyond what tells the kinds apart: a laboratory must be able to load
//! a bad certificate, and whoever reads the thing says what is wrong with it.

use super::der::{Element, Walk, tag};

/// The ways to write a key down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyForm {
    /// EncryptedPrivateKeyInfo (RFC 5958 §3).
    EncryptedPkcs8,
    /// PEM encrypted by its headers (RFC 1421), as older openssl did: the key is derived with one MD5.
    EncryptedPem,
    /// RSAPrivateKey (RFC 8017 §A.1.2).
    Pkcs1,
    /// RSAPublicKey (RFC 8017 §A.1.1): no private half.
    Pkcs1Public,
    /// OneAsymmetricKey (RFC 5958 §2).
    Pkcs8,
    /// SubjectPublicKeyInfo (RFC 5280 §4.1.2.7): no private half.
    PublicKey,
    /// ECPrivateKey (RFC 5915 §3).
    Sec1,
}

impl KeyForm {
    /// In a word or two.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EncryptedPem => "encrypted PEM",
            Self::EncryptedPkcs8 => "encrypted PKCS#8",
            Self::Pkcs1 => "PKCS#1",
            Self::Pkcs1Public => "PKCS#1 public key",
            Self::Pkcs8 => "PKCS#8",
            Self::PublicKey => "SubjectPublicKeyInfo",
            Self::Sec1 => "SEC1",
        }
    }

    /// Whether there is a private half.
    pub fn is_private(self) -> bool {
        !matches!(self, Self::Pkcs1Public | Self::PublicKey)
    }
}

/// What a file without PEM may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The base64 of DER, without the boundaries that PEM has around it.
    Base64,
    /// A certificate, or what begins like one.
    Certificate,
    /// A message of RFC 5652, PKCS#7's successor.
    Cms,
    /// A certificate revocation list (RFC 5280 §5).
    Crl,
    /// It begins like DER and ends too soon, or has a length that is none.
    Damaged,
    /// The six numbers of a DSA key, as openssl once wrote them.
    DsaKey,
    /// PEM whose boundaries do not stand at the beginning of lines: in JSON, in HTML, behind quotation marks.
    Embedded,
    /// RFC 1952.
    Gzip,
    /// DER in hexadecimal digits.
    Hexadecimal,
    /// A key.
    Key(KeyForm),
    /// An OCSP response (RFC 6960 §4.2.1).
    Ocsp,
    /// RFC 7292.
    Pkcs12,
    /// A certificate signing request (RFC 2986).
    Request,
    /// Text in UTF-16, by its byte order mark: what a shell that writes it makes of `openssl … > cert.pem`.
    Utf16,
    /// None of these.
    Unknown,
}

impl Kind {
    /// What `contents` begin like.
    pub(crate) fn of(contents: &[u8]) -> Self {
        match contents {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Self::Utf16,
            [tag::SEQUENCE, ..] => match Walk(contents).any() {
                Ok(Some(outer)) => Self::of_sequence(outer.content),
                _ => Self::Damaged,
            },
            _ => Self::of_text(contents.trim_ascii()),
        }
    }

    /// What somebody made of DER or PEM on its way through text: told by how a SEQUENCE begins in it.
    fn of_text(text: &[u8]) -> Self {
        const BOUNDARY: &[u8] = b"-----BEGIN ";
        let all = |allowed: fn(&u8) -> bool| text.iter().all(|b| b.is_ascii_whitespace() || allowed(b));
        match text {
            [b'3', b'0', ..] if all(|b| b.is_ascii_hexdigit() || *b == b':') => Self::Hexadecimal,
            [b'M', b'A'..=b'P', ..] if all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(b)) => {
                Self::Base64
            }
            _ if text.windows(BOUNDARY.len()).any(|window| window == BOUNDARY) => Self::Embedded,
            _ => Self::Unknown,
        }
    }

    fn of_sequence(content: &[u8]) -> Self {
        const NUMBERS: [u8; 6] = [tag::INTEGER; 6];
        let parts = beginning(content, 10);
        let tags: Vec<u8> = parts.iter().map(|part| part.tag).collect();
        match (tags.as_slice(), parts.as_slice()) {
            // 1.2.840.113549.1.7, the arc of CMS' content types
            ([tag::OID, ..], [id, ..])
                if id.content.starts_with(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 7]) =>
            {
                Self::Cms
            }
            ([tag::ENUMERATED] | [tag::ENUMERATED, 0xa0], _) => Self::Ocsp,
            ([tag::SEQUENCE, tag::OCTET_STRING], _) => Self::Key(KeyForm::EncryptedPkcs8),
            ([tag::SEQUENCE, tag::BIT_STRING], _) => Self::Key(KeyForm::PublicKey),
            ([tag::SEQUENCE, ..], [signed, ..]) => Self::of_signed(signed.content),
            ([tag::INTEGER, tag::SEQUENCE, tag::OCTET_STRING, ..], _) => Self::Key(KeyForm::Pkcs8),
            ([tag::INTEGER, tag::SEQUENCE, ..], [version, ..]) if version.content == [3] => Self::Pkcs12,
            ([tag::INTEGER, tag::OCTET_STRING, ..], _) => Self::Key(KeyForm::Sec1),
            ([tag::INTEGER, tag::INTEGER], _) => Self::Key(KeyForm::Pkcs1Public),
            (numbers, _) if numbers == NUMBERS => Self::DsaKey,
            ([tag::INTEGER, tag::INTEGER, tag::INTEGER, ..], _) => Self::Key(KeyForm::Pkcs1),
            _ => Self::Unknown,
        }
    }

    /// What is signed: a TBSCertificate, a TBSCertList or a CertificationRequestInfo.
    fn of_signed(content: &[u8]) -> Self {
        let tags: Vec<u8> = beginning(content, 8).iter().map(|part| part.tag).collect();
        match tags.as_slice() {
            // RFC 2986 §4.1: version, subject, key, [0] attributes; a certificate has more sequences.
            [tag::INTEGER, tag::SEQUENCE, tag::SEQUENCE]
            | [tag::INTEGER, tag::SEQUENCE, tag::SEQUENCE, 0xa0] => Self::Request,
            // RFC 5280 §5.1: version (where it is 2), signature, issuer, thisUpdate
            [tag::INTEGER, tag::SEQUENCE, tag::SEQUENCE, tag::UTC_TIME | tag::GENERALIZED_TIME, ..]
            | [tag::SEQUENCE, tag::SEQUENCE, tag::UTC_TIME | tag::GENERALIZED_TIME, ..] => Self::Crl,
            [0xa0 | tag::INTEGER, ..] => Self::Certificate,
            _ => Self::Unknown,
        }
    }

    /// With its article.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Base64 => "base64 without PEM's boundaries",
            Self::Certificate => "a certificate",
            Self::Cms => "a PKCS#7 or another CMS message",
            Self::Crl => "a certificate revocation list",
            Self::Damaged => "DER that ends too soon",
            Self::Embedded => "PEM whose boundaries are not at the beginning of lines",
            Self::Gzip => "data compressed by gzip",
            Self::Hexadecimal => "hexadecimal digits",
            Self::DsaKey => "a private key",
            Self::Key(form) if form.is_private() => "a private key",
            Self::Key(_) => "a public key",
            Self::Ocsp => "an OCSP response",
            Self::Pkcs12 => "a PKCS#12 bundle",
            Self::Request => "a certificate signing request",
            Self::Utf16 => "UTF-16 text",
            Self::Unknown => "neither",
        }
    }

    /// Whether it is something of its own, and not only bytes that are no PEM and no DER.
    pub(crate) fn is_known(self) -> bool {
        !matches!(
            self,
            Self::Base64
                | Self::Damaged
                | Self::Embedded
                | Self::Gzip
                | Self::Hexadecimal
                | Self::Utf16
                | Self::Unknown
        )
    }
}

/// The first elements of `content`, as far as they can be read.
fn beginning(content: &[u8], most: usize) -> Vec<Element<'_>> {
    let mut walk = Walk(content);
    std::iter::from_fn(|| walk.any().ok().flatten()).take(most).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::der::{sequence, tlv};
    use super::*;

    #[test]
    fn kinds_are_told_by_their_structure() {
        let number = [tag::INTEGER, 1, 7];
        let list = sequence(&[]);
        let bits = tlv(tag::BIT_STRING, &[0]);
        let bytes = tlv(tag::OCTET_STRING, &[0]);
        let time = tlv(tag::UTC_TIME, b"261123120000Z");
        let signed = |parts: &[&[u8]]| sequence(&[&sequence(parts), &list, &bits]);
        let certificate = signed(&[&tlv(0xa0, &number), &number, &list, &list, &list, &list, &list]);
        for (contents, kind) in [
            (certificate, Kind::Certificate),
            (signed(&[&number, &list, &list, &list, &list, &list]), Kind::Certificate),
            (signed(&[&number, &list, &list, &tlv(0xa0, &[])]), Kind::Request),
            (signed(&[&number, &list, &list, &time, &time]), Kind::Crl),
            (signed(&[&list, &list, &time]), Kind::Crl),
            (sequence(&[&[tag::ENUMERATED, 1, 3]]), Kind::Ocsp),
            (sequence(&[&[tag::ENUMERATED, 1, 0], &tlv(0xa0, &list)]), Kind::Ocsp),
            (sequence(&[&list, &bits]), Kind::Key(KeyForm::PublicKey)),
            (sequence(&[&list, &bytes]), Kind::Key(KeyForm::EncryptedPkcs8)),
            (sequence(&[&number, &list, &bytes]), Kind::Key(KeyForm::Pkcs8)),
            (sequence(&[&number, &bytes]), Kind::Key(KeyForm::Sec1)),
            (sequence(&[&number, &number]), Kind::Key(KeyForm::Pkcs1Public)),
            (sequence(&[&number; 9].map(|part| &part[..])), Kind::Key(KeyForm::Pkcs1)),
            (sequence(&[&number; 6].map(|part| &part[..])), Kind::DsaKey),
            (sequence(&[&[2, 1, 3], &list, &list]), Kind::Pkcs12),
            (sequence(&[&[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 7, 2]]), Kind::Cms),
            (sequence(&[&[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 2]]), Kind::Unknown),
            (vec![0x30, 9, 2], Kind::Damaged),
            (vec![0x1f, 0x8b, 8], Kind::Gzip),
            (vec![0xff, 0xfe, b'-', 0], Kind::Utf16),
            (b"MIIBAgMEBQ==\r\nAAAA\n".to_vec(), Kind::Base64),
            (b"30:82:01:02 ab CD\n".to_vec(), Kind::Hexadecimal),
            (br#"{"pem":"-----BEGIN CERTIFICATE-----\nAAAA"}"#.to_vec(), Kind::Embedded),
            (b"MIME is a standard, and no base64".to_vec(), Kind::Unknown),
            (b"30 days".to_vec(), Kind::Unknown),
            (b"hello".to_vec(), Kind::Unknown),
            (Vec::new(), Kind::Unknown),
        ] {
            assert_eq!(Kind::of(&contents), kind, "{contents:02x?}");
        }
    }

    proptest! {
        #[test]
        fn anything_is_of_some_kind(contents in proptest::collection::vec(any::<u8>(), 0..64)) {
            prop_assert!(!Kind::of(&sequence(&[&contents])).words().is_empty());
        }
    }
}
