//! Markdown as GitHub and GitLab read it (CommonMark and GFM's tables): what others say stands in it as text.

use std::fmt::{self, Display, Write};

use crate::words::Escaped;

/// Text of anybody's making on one line of Markdown, in a table's cell too: neither markup, HTML nor a link, and nothing
/// invisible. It must not begin a line, where a number or a dash would mean a list. GitHub's `@name` still notifies: that
/// is looked for in what was rendered, and no escape reaches it.
#[derive(Clone, Copy, Debug)]
pub struct Said<T>(pub T);

impl<T: Display> Display for Said<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = Escaped(&self.0.to_string()).to_string();
        for (at, c) in text.char_indices() {
            // CommonMark §2.4: any ASCII punctuation may have a backslash before it. GFM §6.9 makes links of
            // `://` and `www.` by themselves.
            let makes_a_link = match c {
                ':' => text[at..].starts_with("://"),
                '.' => text.as_bytes()[at.saturating_sub(3)..at].eq_ignore_ascii_case(b"www"),
                _ => false,
            };
            if makes_a_link || r"\`*_[]<>|~&#!@".contains(c) {
                f.write_char('\\')?;
            }
            f.write_char(c)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_say_is_text() {
        for (text, expected) in [
            ("www.test.org", r"www\.test.org"),
            ("a|b", r"a\|b"),
            ("`rm` **now** _x_ ~~y~~", r"\`rm\` \*\*now\*\* \_x\_ \~\~y\~\~"),
            ("[click](https://evil.example)", r"\[click\](https\://evil.example)"),
            ("<img src=x> &lt; #1", r"\<img src=x\> \&lt; \#1"),
            ("back\\|slash", r"back\\\|slash"),
            ("two\nlines\u{202e}", r"two\\nlines\\u{202e}"),
            ("10:30, CN=Zoë (ok) - 5.6", "10:30, CN=Zoë (ok) - 5.6"),
        ] {
            assert_eq!(Said(text).to_string(), expected, "{text:?}");
        }
    }
}
