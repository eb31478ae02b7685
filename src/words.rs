//! Small things said the same way everywhere: instants, spans, bytes. Knows nobody.

use std::fmt;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// RFC 3339 in UTC: `2026-11-23T12:00:00Z`.
pub fn instant(at: OffsetDateTime) -> String {
    // RFC 3339 can say every year from 0 to 9999, and X.509 time no other.
    at.to_offset(time::UtcOffset::UTC).format(&Rfc3339).unwrap_or_else(|_| at.to_string())
}

/// How far `then` lies from `now`, as people say it: `3 days ago`, `in 5 minutes`, `now`.
pub fn relative(then: OffsetDateTime, now: OffsetDateTime) -> String {
    let seconds = (then - now).whole_seconds();
    let span = span(seconds.unsigned_abs());
    match seconds {
        0 => "now".to_owned(),
        1.. => format!("in {span}"),
        _ => format!("{span} ago"),
    }
}

/// An instant and how far it lies from `now`: `2026-11-23T12:00:00Z (3 days ago)`.
pub fn since(at: OffsetDateTime, now: OffsetDateTime) -> String {
    format!("{} ({})", instant(at), relative(at, now))
}

/// A number of seconds in its largest sensible unit: `1 second`, `90 minutes`, `3 days`, `94 years`.
pub fn span(seconds: u64) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    const YEAR: u64 = 31_556_952; // the mean Gregorian year
    let (unit, name) = match seconds {
        s if s < 2 * MINUTE => (1, "second"),
        s if s < 2 * HOUR => (MINUTE, "minute"),
        s if s < 2 * DAY => (HOUR, "hour"),
        s if s < 2 * YEAR => (DAY, "day"),
        _ => (YEAR, "year"),
    };
    // To the nearest unit: what ends a second before 365 days are over is said to end in 365 days.
    counted((seconds + unit / 2) / unit, name)
}

/// A number of things, in the plural where English wants it: `1 session`, `3 sessions`.
pub fn counted(count: u64, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}

/// A choice in words: `a`, `a or b`, `a, b or c`.
pub fn either(choices: &[String]) -> String {
    match choices {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// Bytes as upper-case hexadecimal with colons, as fingerprints are shown: `AB:CD:…`.
pub fn hex_colons(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
}

/// Bytes as lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

/// Somebody else's text, cut where it is too long for a report.
pub fn shortened(text: String) -> String {
    const SHOWN: usize = 256;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// Somebody else's text, safe to show: control characters and those that reorder or hide text are escaped as Rust
/// escapes them (`\0`, `\n`, `\u{1b}`), so that a name can neither forge a line nor reach a terminal.
#[derive(Clone, Copy, Debug)]
pub struct Escaped<'a>(pub &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            if c.is_control() || is_invisible(c) {
                c.escape_default().fmt(f)?;
            } else {
                fmt::Write::write_char(f, c)?;
            }
        }
        Ok(())
    }
}

/// Somebody else's text, escaped as [`Escaped`] does when it came in: safe on a terminal, in a log, in JSON and on a page
/// alike, and whoever shows it need not think of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Shown(String);

impl Shown {
    /// The text, escaped.
    pub fn new(text: impl fmt::Display) -> Self {
        Self(Escaped(&text.to_string()).to_string())
    }

    /// Adds more at its end, escaped too.
    pub fn push(&mut self, text: impl fmt::Display) {
        self.0.push_str(&Self::new(text).0);
    }
}

impl std::ops::Deref for Shown {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl From<Shown> for String {
    fn from(shown: Shown) -> Self {
        shown.0
    }
}

/// Characters that are not seen where they stand, or that change the order or the look of the text around them: soft
/// hyphen, joiners and other zero-width characters, fillers, bidirectional controls (UAX #9), line and paragraph
/// separators, interlinear annotations, variation selectors and tags. Control characters (C0, C1) are
/// [`char::is_control`]'s.
pub fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn instants_are_rfc_3339_utc() {
        assert_eq!(instant(datetime!(2026-11-23 12:00:00 UTC)), "2026-11-23T12:00:00Z");
        assert_eq!(instant(datetime!(2026-11-23 13:30:00 +1:30)), "2026-11-23T12:00:00Z");
    }

    #[test]
    fn spans_use_the_largest_sensible_unit() {
        let now = datetime!(2026-11-23 12:00:00 UTC);
        let cases = [
            (0, "now"),
            (1, "in 1 second"),
            (-1, "1 second ago"),
            (-119, "119 seconds ago"),
            (120, "in 2 minutes"),
            (7200, "in 2 hours"),
            (-3 * 86_400, "3 days ago"),
            (365 * 86_400, "in 365 days"),
            (365 * 86_400 - 1, "in 365 days"),
            (-94 * 31_556_952, "94 years ago"),
        ];
        for (seconds, expected) in cases {
            assert_eq!(relative(now + time::Duration::seconds(seconds), now), expected, "{seconds} s");
        }
    }

    #[test]
    fn shown_text_cannot_forge_a_line() {
        let shown = Escaped("a\n\u{1b}[31mb\u{202e}\0/O=x\\/y").to_string();
        assert_eq!(shown, "a\\n\\u{1b}[31mb\\u{202e}\\u{0}/O=x\\/y");
    }

    #[test]
    fn what_is_not_seen_is_escaped_and_what_is_seen_is_not() {
        for hidden in
            ['\u{ad}', '\u{61c}', '\u{85}', '\u{200b}', '\u{2028}', '\u{2029}', '\u{2066}', '\u{e0041}']
        {
            assert_eq!(Escaped(&hidden.to_string()).to_string(), hidden.escape_default().to_string());
        }
        let seen = "Zürich, 東京, ‘quoted’ – 100 €, 👍";
        assert_eq!(Escaped(seen).to_string(), seen);
    }

    #[test]
    fn shown_text_is_escaped_once() {
        let mut shown = Shown::new("a\u{1b}[0m");
        shown.push('\u{202e}');
        assert_eq!(&*shown, "a\\u{1b}[0m\\u{202e}");
        // What is shown may be shown again, inside something else.
        assert_eq!(Shown::new(&shown), shown);
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        assert_eq!(shortened("é".repeat(256)), "é".repeat(256));
        assert_eq!(shortened("é".repeat(257)), format!("{}…", "é".repeat(256)));
    }

    #[test]
    fn hexadecimal_both_ways() {
        assert_eq!(hex_colons(&[0xab, 0x01]), "AB:01");
        assert_eq!(hex(&[0xab, 0x01]), "ab01");
    }
}
