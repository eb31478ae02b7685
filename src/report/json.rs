//! JSON that may be looked at: what is not seen, or changes how the text around it looks, is escaped in strings.
//!
//! RFC 8259 §7: any character may be escaped, and means the same; so whoever parses it gets a name as it stands, and a
//! terminal that it is printed on, or a page that it is pasted into, gets none of its control characters.

use std::io;

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

use crate::words;

/// One JSON text.
pub fn to_writer(out: impl io::Write, value: &impl Serialize) -> serde_json::Result<()> {
    value.serialize(&mut Serializer::with_formatter(out, Visible))
}

/// As serde_json's own compact form, which escapes no more than it must: C0.
struct Visible;

impl Formatter for Visible {
    fn write_string_fragment<W: io::Write + ?Sized>(
        &mut self,
        out: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(c) = rest.chars().find(|c| c.is_control() || words::is_invisible(*c)) {
            let (seen, after) = rest.split_once(c).unwrap_or((rest, ""));
            out.write_all(seen.as_bytes())?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
            rest = after;
        }
        out.write_all(rest.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_seen_is_escaped_and_means_the_same() {
        let name = "Zürich 👍 \"\\\n\u{7f}\u{9b}31m\u{202e}\u{200b}\u{e0041}";
        let mut text = Vec::new();
        to_writer(&mut text, &serde_json::json!({ name: [name, 1] })).unwrap();
        let text = String::from_utf8(text).unwrap();
        let one = r#""Zürich 👍 \"\\\n\u007f\u009b31m\u202e\u200b\udb40\udc41""#;
        assert_eq!(text, format!("{{{one}:[{one},1]}}"));
        let back: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(back[name][0], name);
    }
}
