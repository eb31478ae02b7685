//! The frame of DER (X.690 §10.1): tag, definite minimal length, content. Nothing about what the content means.
//!
//! The parsers that interpret certificates are lenient about bytes left over and keep no raw slices;
//! this is the strict walk beside them. It never copies, recurses or panics.

/// One tag-length-value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Element<'a> {
    /// The identifier octet: class, constructed bit and a tag number below 31.
    pub(crate) tag: u8,
    /// The content octets.
    pub(crate) content: &'a [u8],
    /// Header and content.
    pub(crate) encoded: &'a [u8],
}

/// Identifier octets of the types that certificates are made of.
pub(crate) mod tag {
    pub(crate) const BOOLEAN: u8 = 0x01;
    pub(crate) const INTEGER: u8 = 0x02;
    pub(crate) const BIT_STRING: u8 = 0x03;
    pub(crate) const OCTET_STRING: u8 = 0x04;
    pub(crate) const OID: u8 = 0x06;
    pub(crate) const UTC_TIME: u8 = 0x17;
    pub(crate) const GENERALIZED_TIME: u8 = 0x18;
    pub(crate) const SEQUENCE: u8 = 0x30;

    /// The identifier octet of `[number]`, constructed.
    pub(crate) const fn context(number: u8) -> u8 {
        0xa0 | number
    }

    /// The identifier octet of `[number]`, primitive.
    pub(crate) const fn context_primitive(number: u8) -> u8 {
        0x80 | number
    }
}

/// Bytes that are not DER.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Error {
    #[error("the bytes end too soon")]
    Incomplete,
    #[error("a tag number above 30")]
    LongTag,
    #[error("a length that is not the shortest definite one, as DER demands")]
    Length,
    #[error("bytes left over at the end")]
    Trailing,
    #[error("expected tag {expected:#04x}, found {found:#04x}")]
    Tag { expected: u8, found: u8 },
    #[error("expected tag {expected:#04x}, found nothing")]
    Missing { expected: u8 },
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
            // Four octets of length say 4 GiB: more than anybody reads here.
            0x81..=0x84 => {
                let (octets, rest) =
                    rest.split_at_checked(usize::from(first & 0x7f)).ok_or(Error::Incomplete)?;
                let length = octets.iter().fold(0_u64, |length, octet| length << 8 | u64::from(*octet));
                if length < 0x80 || octets[0] == 0 {
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

#[cfg(test)]
mod tests {
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
}
