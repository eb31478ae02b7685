//! Tag, length, value: the few lines of DER (X.690) writing and skimming that the other files share, where
//! the tag is only known at run time or the value is somebody else's octets.

use der::{Length, Reader};

/// The identifier octet of SEQUENCE.
pub(crate) const SEQUENCE: u8 = 0x30;
/// The identifier octet of SET.
pub(crate) const SET: u8 = 0x31;
/// The identifier octet of OBJECT IDENTIFIER.
pub(crate) const OID: u8 = 0x06;

/// One element: the identifier octet `tag`, the shortest definite length, `content`.
pub(crate) fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len() + 6);
    out.push(tag);
    // X.690 §10.1: short form below 128, else the fewest octets.
    if content.len() < 0x80 {
        out.push(u8::try_from(content.len()).unwrap_or_default());
    } else {
        let octets = content.len().to_be_bytes();
        let skip = octets.iter().take_while(|octet| **octet == 0).count();
        out.push(0x80 | u8::try_from(octets.len() - skip).unwrap_or_default());
        out.extend(octets.iter().skip(skip));
    }
    out.extend_from_slice(content);
    out
}

/// One element of `parts` in a row.
pub(crate) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tlv(SEQUENCE, &parts.concat())
}

/// Reads one element whatever its type: identifier octet and content. Unlike [`der::asn1::AnyRef`] this takes
/// universal tags that the `der` crate does not know (UniversalString); multi-octet tags are refused.
pub(crate) fn read_any<'a>(reader: &mut impl Reader<'a>) -> Result<(u8, &'a [u8]), der::Error> {
    use der::Decode;
    let tag = reader.read_byte()?;
    if tag & 0x1f == 0x1f {
        return Err(reader.error(der::ErrorKind::TagNumberInvalid));
    }
    let length = Length::decode(reader)?;
    Ok((tag, reader.read_slice(length)?))
}

/// Reads one element that must have the identifier octet `tag`.
pub(crate) fn read<'a>(reader: &mut impl Reader<'a>, tag: u8) -> Result<&'a [u8], der::Error> {
    match read_any(reader)? {
        (found, content) if found == tag => Ok(content),
        _ => Err(reader.error(der::ErrorKind::Failed)),
    }
}

#[cfg(test)]
mod tests {
    use der::SliceReader;
    use proptest::prelude::*;

    use super::*;

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
            let mut reader = SliceReader::new(&der).unwrap();
            prop_assert_eq!(read_any(&mut reader).unwrap(), (tag, content.as_slice()));
            prop_assert!(reader.is_finished());
        }

        #[test]
        fn arbitrary_bytes_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let mut reader = SliceReader::new(&bytes).unwrap();
            while !reader.is_finished() && read_any(&mut reader).is_ok() {}
        }
    }
}
