//! Where a finding is located, for systems that show findings beside lines of a file.

use super::sheet::Sheet;

/// `--source FILE[:LINE]`: a file of the repository whose client was audited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The file, as the repository has it.
    pub file: String,
    /// The line, counted from 1.
    pub line: u32,
}

impl std::str::FromStr for Source {
    type Err = std::convert::Infallible;

    /// What follows the last colon is a line where it is a number other than 0; else it belongs to the name.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let numbered = text
            .rsplit_once(':')
            .and_then(|(file, line)| Some((file, line.parse().ok().filter(|line| *line > 0)?)));
        Ok(match numbered {
            Some((file, line)) if !file.is_empty() => Self { file: file.to_owned(), line },
            _ => Self { file: text.to_owned(), line: 1 },
        })
    }
}

/// The source that was named, else what was audited.
pub(super) fn place(audit: &Sheet, source: Option<&Source>) -> Source {
    source.cloned().unwrap_or_else(|| Source { file: audit.file.clone(), line: 1 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_has_a_line_or_begins_at_the_first() {
        for (text, file, line) in [
            ("client.py:12", "client.py", 12),
            ("client.py", "client.py", 1),
            ("a:b", "a:b", 1),
            ("a:0", "a:0", 1),
            (":3", ":3", 1),
        ] {
            assert_eq!(text.parse(), Ok(Source { file: file.to_owned(), line }));
        }
    }
}
