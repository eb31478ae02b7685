//! Vectors as TLS writes them (RFC 8446 §3.4): a length in one, two or three bytes, then the content. Both ways.

/// Bytes, taken from the front. Whatever asks for more than there is gets nothing.
#[derive(Clone, Copy, Debug)]
pub struct Cursor<'a>(pub &'a [u8]);

impl<'a> Cursor<'a> {
    /// The next so many bytes.
    pub fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    /// A number of 8 bits.
    pub fn u8(&mut self) -> Option<u8> {
        Some(self.take(1)?[0])
    }

    /// A number of 16 bits.
    pub fn u16(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(*self.take(2)?.first_chunk()?))
    }

    /// A number of 24 bits.
    pub fn u24(&mut self) -> Option<usize> {
        let [a, b, c] = *self.take(3)?.first_chunk()?;
        Some(usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c))
    }

    /// A number of 32 bits.
    pub fn u32(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(*self.take(4)?.first_chunk()?))
    }

    /// A vector whose length stands before it in one byte.
    pub fn vector8(&mut self) -> Option<&'a [u8]> {
        let length = self.u8()?;
        self.take(usize::from(length))
    }

    /// A vector whose length stands before it in two bytes.
    pub fn vector16(&mut self) -> Option<&'a [u8]> {
        let length = self.u16()?;
        self.take(usize::from(length))
    }

    /// A vector whose length stands before it in three bytes.
    pub fn vector24(&mut self) -> Option<&'a [u8]> {
        let length = self.u24()?;
        self.take(length)
    }
}

/// Numbers of 16 bits that stand one after the other; half a one at the end is left out.
pub fn numbers16(bytes: &[u8]) -> Vec<u16> {
    bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect()
}

/// `content` with its length before it in one byte. What is longer than the field can say loses its end.
pub fn vector8(content: &[u8]) -> Vec<u8> {
    let content = &content[..content.len().min(0xff)];
    [&[byte(content.len())][..], content].concat()
}

/// `content` with its length before it in two bytes. What is longer than the field can say loses its end.
pub fn vector16(content: &[u8]) -> Vec<u8> {
    let content = &content[..content.len().min(0xffff)];
    [&length16(content.len())[..], content].concat()
}

/// `content` with its length before it in three bytes. What is longer than the field can say loses its end.
pub fn vector24(content: &[u8]) -> Vec<u8> {
    let content = &content[..content.len().min(0xff_ffff)];
    [&length24(content.len())[..], content].concat()
}

/// Numbers of 16 bits, one after the other.
pub fn bytes16(numbers: &[u16]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
}

fn byte(length: usize) -> u8 {
    u8::try_from(length).unwrap_or(u8::MAX)
}

/// A length in two bytes, as far as they can say it.
pub fn length16(length: usize) -> [u8; 2] {
    u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes()
}

/// A length in three bytes, as far as they can say it.
pub fn length24(length: usize) -> [u8; 3] {
    let [_, bytes @ ..] = u32::try_from(length.min(0xff_ffff)).unwrap_or_default().to_be_bytes();
    bytes
}
