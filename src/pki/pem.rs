//! PEM (RFC 7468, and RFC 1421's headers): where the blocks of a text stand and what their boundaries say.
//!
//! A file is somebody's secret until it is known to be none. So nothing that stands in it is ever repeated but the
//! label of a boundary, and of that no more than what looks like one: see [`Label`].

use zeroize::Zeroizing;

/// What stands between the dashes of a boundary.
#[derive(Clone, PartialEq, Eq)]
pub struct Label(String);

impl std::fmt::Debug for Label {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Label({self})")
    }
}

impl Label {
    /// As it stands; to be compared and not to be shown.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// At most five words of capital letters and digits, none longer than twelve: no base64 passes for that.
impl std::fmt::Display for Label {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let plain = |word: &&str| {
            word.len() <= 12
                && word
                    .bytes()
                    .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || b"#/.".contains(&byte))
        };
        let words: Vec<&str> = self.0.split(' ').take_while(plain).take(5).collect();
        let shown = words.join(" ");
        f.write_str(&shown)?;
        if shown.len() == self.0.len() { Ok(()) } else { f.write_str("…") }
    }
}

/// What is wrong with a block's boundaries.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It begins and does not end.
    #[error("cut short: expected a line -----END {0}-----, found none")]
    Unended(Label),
    /// It ends under another label.
    #[error("expected a line -----END {0}-----, found -----END {1}-----")]
    EndsOtherwise(Label, Label),
    /// It ends and did not begin.
    #[error("expected a line -----BEGIN {0}----- before its end, found none")]
    NotBegun(Label),
    /// What should stand on lines of its own stands on the boundary's.
    #[error("expected a line break after -----BEGIN {0}-----, found none: the line breaks are missing")]
    Joined(Label),
}

/// A block as it stands in the text.
pub(crate) struct Block {
    pub(crate) label: Label,
    /// The line on which it begins, counted from 1.
    pub(crate) line: usize,
    /// RFC 1421's headers, names and values.
    headers: Vec<(String, Zeroizing<String>)>,
    /// What stands between, without white space.
    pub(crate) base64: Zeroizing<Vec<u8>>,
}

impl Block {
    fn header(&self, name: &str) -> Option<&str> {
        let named = self.headers.iter().find(|(found, _)| found.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str())
    }

    /// `DEK-Info`'s value where `Proc-Type` says that the block is encrypted: a cipher, a comma and its vector.
    pub(crate) fn encryption(&self) -> Option<&str> {
        self.header("Proc-Type")?.contains("ENCRYPTED").then(|| self.header("DEK-Info").unwrap_or_default())
    }
}

/// Every block, or why it is none, in order, each with the line on which it begins. What stands outside, such as
/// openssl's text, is commentary (RFC 7468 §2). Text in UTF-16 is read too.
pub(crate) fn blocks(contents: &[u8]) -> Vec<(usize, Result<Block, Fault>)> {
    let text = utf16(contents);
    let mut reader = Reader { found: Vec::new(), open: None };
    for (index, line) in
        text.as_deref().map_or(contents, Vec::as_slice).split(|byte| *byte == b'\n').enumerate()
    {
        // A byte order mark before the first line is no part of it.
        reader.line(index + 1, line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line).trim_ascii());
    }
    reader.unended();
    reader.found
}

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";

struct Reader {
    found: Vec<(usize, Result<Block, Fault>)>,
    open: Option<Block>,
}

impl Reader {
    fn line(&mut self, number: usize, line: &[u8]) {
        // A line may hold several boundaries, where line breaks between them were lost.
        let mut line = Some(line);
        while let Some(current) = line.take() {
            if let Some((label, rest)) = boundary(current, BEGIN) {
                self.unended();
                if rest.is_empty() {
                    let (headers, base64) = (Vec::new(), Zeroizing::default());
                    self.open = Some(Block { label, line: number, headers, base64 });
                } else {
                    self.found.push((number, Err(Fault::Joined(label))));
                }
            } else if let Some((label, rest)) = boundary(current, END) {
                self.end(number, label);
                // Two files put together, the first of which had no line break at its end.
                line = rest.starts_with(BEGIN).then_some(rest);
            } else if let Some(block) = &mut self.open {
                // What begins like a boundary and is none stands at the line's start, and is content like the rest.
                let end = current.windows(END.len()).skip(1).position(|window| window == END);
                let (own, rest) = current.split_at(end.map_or(current.len(), |end| end + 1));
                block.take(own);
                line = (!rest.is_empty()).then_some(rest);
            }
        }
    }

    fn end(&mut self, number: usize, label: Label) {
        let (line, item) = match self.open.take() {
            Some(block) if block.label == label => (block.line, Ok(block)),
            Some(block) => (block.line, Err(Fault::EndsOtherwise(block.label, label))),
            // The end of one whose beginning was found wrong.
            None if matches!(self.found.last(), Some((_, Err(Fault::Joined(begun)))) if *begun == label) => {
                return;
            }
            None => (number, Err(Fault::NotBegun(label))),
        };
        self.found.push((line, item));
    }

    fn unended(&mut self) {
        if let Some(block) = self.open.take() {
            self.found.push((block.line, Err(Fault::Unended(block.label))));
        }
    }
}

impl Block {
    fn take(&mut self, line: &[u8]) {
        // No base64 has a colon.
        match std::str::from_utf8(line).ok().and_then(|line| line.split_once(':')) {
            Some((name, value)) => {
                self.headers.push((name.trim().to_owned(), Zeroizing::new(value.trim().to_owned())));
            }
            None => self.base64.extend(line.iter().filter(|byte| !byte.is_ascii_whitespace())),
        }
    }
}

/// The label of a boundary and what follows on its line. A label has no two dashes in a row (RFC 7468 §3).
fn boundary<'a>(line: &'a [u8], mark: &[u8]) -> Option<(Label, &'a [u8])> {
    let rest = line.strip_prefix(mark)?;
    let end = rest.windows(5).position(|window| window == b"-----")?;
    let (label, rest) = rest.split_at(end);
    let label = std::str::from_utf8(label).ok()?;
    Some((Label(label.to_owned()), rest.strip_prefix(b"-----")?.trim_ascii()))
}

/// What a shell that writes UTF-16 makes of `openssl … > cert.pem`, in UTF-8; `None` where it is no such text.
fn utf16(contents: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    // By its byte order mark, or without one by how a boundary at its beginning looks.
    let (unit, text): (fn([u8; 2]) -> u16, _) = match contents {
        [0xff, 0xfe, text @ ..] => (u16::from_le_bytes, text),
        [0xfe, 0xff, text @ ..] => (u16::from_be_bytes, text),
        [b'-', 0, b'-', 0, ..] => (u16::from_le_bytes, contents),
        [0, b'-', 0, b'-', ..] => (u16::from_be_bytes, contents),
        _ => return None,
    };
    let (units, _) = text.as_chunks::<2>();
    // PEM is ASCII; what is not is commentary.
    let bytes = units.iter().map(|bytes| u8::try_from(unit(*bytes)).unwrap_or(b'?')).collect();
    Some(Zeroizing::new(bytes))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn told(text: &str) -> Vec<(usize, String)> {
        let words = |item: Result<Block, Fault>| match item {
            Ok(block) => format!("{} {}", block.label, String::from_utf8_lossy(&block.base64)),
            Err(fault) => fault.to_string(),
        };
        blocks(text.as_bytes()).into_iter().map(|(line, item)| (line, words(item))).collect()
    }

    #[test]
    fn blocks_stand_where_their_boundaries_say() {
        for (text, expected) in [
            ("x\n-----BEGIN A-----\nAB\nCD\n-----END A-----\ny", &[(2, "A ABCD")][..]),
            ("\u{feff}-----BEGIN A-----\r\n A B \r\n-----END A-----\r\n", &[(1, "A AB")]),
            ("-----BEGIN A-----\nAB-----END A-----", &[(1, "A AB")]),
            (
                "-----BEGIN A-----\n-----END A----------BEGIN B-----\nCD\n-----END B-----",
                &[(1, "A "), (2, "B CD")],
            ),
            ("-----BEGIN A-----\nAB", &[(1, "cut short: expected a line -----END A-----, found none")]),
            (
                "-----BEGIN A-----\nAB\n-----END B-----",
                &[(1, "expected a line -----END A-----, found -----END B-----")],
            ),
            ("-----END B-----", &[(1, "expected a line -----BEGIN B----- before its end, found none")]),
            ("-----BEGIN A\nAB", &[]),
        ] {
            let expected: Vec<_> =
                expected.iter().map(|(line, words)| (*line, (*words).to_owned())).collect();
            assert_eq!(told(text), expected, "{text}");
        }
        let wide: Vec<u8> = "\u{feff}-----BEGIN A-----\r\nAB\r\n-----END A-----"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert_eq!(blocks(&wide).len(), 1);
        assert!(blocks(&wide)[0].1.is_ok());
        let big_endian: Vec<u8> = wide.chunks(2).flat_map(|unit| [unit[1], unit[0]]).collect();
        for wide in [&wide[2..], &big_endian, &big_endian[2..]] {
            assert!(blocks(wide)[0].1.is_ok(), "without a byte order mark, in either order");
        }
    }

    #[test]
    fn nothing_but_a_label_is_repeated() {
        const SECRET: &str = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgkbuL";
        for text in [
            format!("-----BEGIN PRIVATE KEY----- {SECRET} -----END PRIVATE KEY-----"),
            format!("-----BEGIN PRIVATE KEY-----{SECRET}-----END PRIVATE KEY-----\n"),
            format!("-----BEGIN PRIVATE KEY-----\r{SECRET}\r-----END PRIVATE KEY-----\r"),
        ] {
            let expected = "expected a line break after -----BEGIN PRIVATE KEY-----, found none: the line breaks are \
                            missing";
            assert_eq!(told(&text), [(1, expected.to_owned())]);
        }
        for text in [
            format!("-----BEGIN PRIVATE KEY---- {SECRET} -----END PRIVATE KEY-----"),
            format!("-----BEGIN {SECRET}-----\n"),
            format!("-----END {SECRET}-----\n"),
            format!("-----BEGIN PRIVATE KEY-----\n-----END {SECRET}-----\n"),
            format!("-----BEGIN \u{1b}[31m{SECRET}-----\n"),
        ] {
            let told = format!("{:?}", told(&text));
            assert!(!told.contains("MIGH") && !told.contains('\u{1b}'), "{told}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_text_is_read_line_by_line(
            text in "(-----(BEGIN|END) [A-Z ]{0,12}-----|[A-Za-z0-9+/=:\n]{0,20}|\n|\r){0,20}"
        ) {
            let lines = text.split('\n').count();
            prop_assert!(blocks(text.as_bytes()).iter().all(|(line, _)| (1..=lines).contains(line)));
        }
    }
}
