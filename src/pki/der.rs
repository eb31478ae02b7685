//! The frame of DER (X.690 §10.1): tag, definite minimal length, content; read and written. Nothing about what the
//! content means.
//!
//! The parsers that interpret certificates are lenient about bytes left over and keep no raw slices; this is the
//! strict walk beside them, also where the tag is only known at run time or the content is somebody else's. Reading
//! never copies, recurses or panics.

use super::oid::{BadOid, Oid};

/// One tag-length-value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Element<'a> {
    /// The identifier byte: class, constructed bit and a tag number below 31.
    pub(crate) tag: u8,
    /// The content bytes.
    pub(crate) content: &'a [u8],
    /// Header and content.
    pub(crate) encoded: &'a [u8],
}

/// Identifier bytes of the types that certificates are made of.
pub(crate) mod tag {
    pub(crate) const BOOLEAN: u8 = 0x01;
    pub(crate) const INTEGER: u8 = 0x02;
    pub(crate) const BIT_STRING: u8 = 0x03;
    pub(crate) const OCTET_STRING: u8 = 0x04;
    pub(crate) const NULL: u8 = 0x05;
    pub(crate) const OID: u8 = 0x06;
    pub(crate) const ENUMERATED: u8 = 0x0a;
    pub(crate) const UTF8_STRING: u8 = 0x0c;
    pub(crate) const NUMERIC_STRING: u8 = 0x12;
    pub(crate) const PRINTABLE_STRING: u8 = 0x13;
    pub(crate) const TELETEX_STRING: u8 = 0x14;
    pub(crate) const IA5_STRING: u8 = 0x16;
    pub(crate) const UTC_TIME: u8 = 0x17;
    pub(crate) const GENERALIZED_TIME: u8 = 0x18;
    pub(crate) const VISIBLE_STRING: u8 = 0x1a;
    pub(crate) const UNIVERSAL_STRING: u8 = 0x1c;
    pub(crate) const BMP_STRING: u8 = 0x1e;
    pub(crate) const SEQUENCE: u8 = 0x30;
    pub(crate) const SET: u8 = 0x31;

    /// The identifier byte of `[number]`, constructed.
    pub(crate) const fn context(number: u8) -> u8 {
        0xa0 | number
    }

    /// The identifier byte of `[number]`, primitive.
    pub(crate) const fn context_primitive(number: u8) -> u8 {
        0x80 | number
    }
}

/// Bytes that are not DER, or not that of what is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// An element is longer than what is left.
    #[error("the bytes end too soon")]
    Incomplete,
    /// An identifier of several bytes: nothing in a certificate or key has one.
    #[error("a tag number above 30")]
    LongTag,
    /// BER, or more than 4 GiB.
    #[error("a length that is not the shortest definite one, as DER demands")]
    Length,
    /// More than was expected.
    #[error("bytes left over at the end")]
    Trailing,
    /// Another element than the expected one.
    #[error("expected tag {expected:#04x}, found {found:#04x}")]
    Tag {
        /// The identifier byte that was expected.
        expected: u8,
        /// The one that is there.
        found: u8,
    },
    /// No element where one was expected.
    #[error("expected tag {expected:#04x}, found nothing")]
    Missing {
        /// The identifier byte that was expected.
        expected: u8,
    },
    /// An object identifier that cannot be.
    #[error(transparent)]
    Oid(#[from] BadOid),
}

/// The elements of `input`, one after the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Walk<'a>(pub(crate) &'a [u8]);

impl<'a> Walk<'a> {
    /// The next element, whatever it is; `None` at the end.
    pub(crate) fn any(&mut self) -> Result<Option<Element<'a>>, Error> {
        let input = self.0;
        let Some((&tag, rest)) = input.split_first() else { return Ok(None) };
        if tag & 0x1f == 0x1f {
            return Err(Error::LongTag);
        }
        let (&first, rest) = rest.split_first().ok_or(Error::Incomplete)?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            // Four bytes of length say 4 GiB: more than anybody reads here.
            0x81..=0x84 => {
                let (bytes, rest) =
                    rest.split_at_checked(usize::from(first & 0x7f)).ok_or(Error::Incomplete)?;
                let length = bytes.iter().fold(0_u64, |length, byte| length << 8 | u64::from(*byte));
                if length < 0x80 || bytes[0] == 0 {
                    return Err(Error::Length);
                }
                (usize::try_from(length).map_err(|_| Error::Incomplete)?, rest)
            }
            _ => return Err(Error::Length),
        };
        let (content, rest) = rest.split_at_checked(length).ok_or(Error::Incomplete)?;
        self.0 = rest;
        Ok(Some(Element { tag, content, encoded: &input[..input.len() - rest.len()] }))
    }

    /// The next element, whatever it is, which must be there.
    pub(crate) fn some(&mut self) -> Result<Element<'a>, Error> {
        self.any()?.ok_or(Error::Incomplete)
    }

    /// The next element, where it has this tag.
    pub(crate) fn optional(&mut self, tag: u8) -> Result<Option<Element<'a>>, Error> {
        if self.0.first() == Some(&tag) { self.any() } else { Ok(None) }
    }

    /// The next element, which must have this tag.
    pub(crate) fn expect(&mut self, tag: u8) -> Result<Element<'a>, Error> {
        match self.any()? {
            Some(element) if element.tag == tag => Ok(element),
            Some(element) => Err(Error::Tag { expected: tag, found: element.tag }),
            None => Err(Error::Missing { expected: tag }),
        }
    }

    /// The object identifier that is next.
    pub(crate) fn oid(&mut self) -> Result<Oid, Error> {
        Ok(Oid::from_bytes(self.expect(tag::OID)?.content)?)
    }

    /// Demands that nothing is left.
    pub(crate) fn end(self) -> Result<(), Error> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::Trailing) }
    }
}

/// The one element that `input` is, which must have this tag.
pub(crate) fn only(input: &[u8], tag: u8) -> Result<Element<'_>, Error> {
    let mut walk = Walk(input);
    let element = walk.expect(tag)?;
    walk.end()?;
    Ok(element)
}

/// Every element of `content`.
pub(crate) fn children(content: &[u8]) -> Result<Vec<Element<'_>>, Error> {
    let mut walk = Walk(content);
    std::iter::from_fn(|| walk.any().transpose()).collect()
}

/// An INTEGER of at most 63 bits that is not negative.
pub(crate) fn number(element: Element<'_>) -> Option<u64> {
    match element.content {
        [] | [0x80..=0xff, ..] => None,
        bytes if bytes.len() <= 8 => Some(bytes.iter().fold(0, |n, byte| n << 8 | u64::from(*byte))),
        _ => None,
    }
}

/// One element: the identifier byte `tag`, the shortest definite length, `content`.
pub(crate) fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len() + 6);
    out.push(tag);
    // X.690 §10.1: short form below 128, else the fewest bytes.
    if content.len() < 0x80 {
        out.push(u8::try_from(content.len()).unwrap_or_default());
    } else {
        let bytes = content.len().to_be_bytes();
        let skip = bytes.iter().take_while(|byte| **byte == 0).count();
        out.push(0x80 | u8::try_from(bytes.len() - skip).unwrap_or_default());
        out.extend(bytes.iter().skip(skip));
    }
    out.extend_from_slice(content);
    out
}

/// One SEQUENCE of `parts` in a row.
pub(crate) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tlv(tag::SEQUENCE, &parts.concat())
}

/// One OBJECT IDENTIFIER.
pub(crate) fn oid(oid: Oid) -> Vec<u8> {
    tlv(tag::OID, oid.as_bytes())
}

/// One BIT STRING of whole bytes.
pub(crate) fn bit_string(bytes: &[u8]) -> Vec<u8> {
    tlv(tag::BIT_STRING, &[&[0], bytes].concat())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn frames_are_strict() {
        type Case<'a> = (&'a [u8], Result<&'a [u8], Error>);
        let cases: [Case<'_>; 11] = [
            (&[0x04, 0x02, 1, 2], Ok(&[1, 2])),
            (&[0x04, 0x00], Ok(&[])),
            (&[], Err(Error::Missing { expected: 4 })),
            (&[0x04], Err(Error::Incomplete)),
            (&[0x04, 0x02, 1], Err(Error::Incomplete)),
            (&[0x04, 0x82, 0x01], Err(Error::Incomplete)),
            (&[0x04, 0x81, 0x01, 1], Err(Error::Length)),
            (&[0x04, 0x80, 1, 0, 0], Err(Error::Length)),
            (&[0x04, 0x85, 0, 0, 0, 0, 1, 1], Err(Error::Length)),
            (&[0x04, 0x01, 1, 0], Err(Error::Trailing)),
            (&[0x1f, 0x81, 0x01, 0], Err(Error::LongTag)),
        ];
        for (input, expected) in cases {
            assert_eq!(only(input, tag::OCTET_STRING).map(|e| e.content), expected, "{input:02x?}");
        }
        assert_eq!(only(&[0x02, 0x01, 1], 4), Err(Error::Tag { expected: 4, found: 2 }));
        let long = [&[0x04, 0x81, 0x80][..], &[7; 0x80]].concat();
        assert_eq!(only(&long, 4).map(|e| (e.content.len(), e.encoded.len())), Ok((0x80, 0x83)));
    }

    #[test]
    fn lengths_take_the_shortest_form() {
        for (length, head) in [
            (0, vec![4, 0]),
            (127, vec![4, 127]),
            (128, vec![4, 0x81, 128]),
            (256, vec![4, 0x82, 1, 0]),
            (65_536, vec![4, 0x83, 1, 0, 0]),
        ] {
            assert_eq!(tlv(4, &vec![7; length])[..head.len()], head, "{length}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(tag in 0u8..0x1f, content in proptest::collection::vec(any::<u8>(), 0..400)) {
            let der = tlv(tag, &content);
            prop_assert_eq!(only(&der, tag), Ok(Element { tag, content: &content, encoded: &der }));
        }

        #[test]
        fn arbitrary_bytes_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let mut walk = Walk(&bytes);
            let read: usize = std::iter::from_fn(|| walk.any().ok().flatten()).map(|e| e.encoded.len()).sum();
            prop_assert_eq!(read + walk.0.len(), bytes.len());
        }
    }
}
