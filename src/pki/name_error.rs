//! What can be wrong with a name.

/// A name that `-subj` syntax or a person's typing gave, and that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// A subject that does not begin with a slash.
    #[error("subject {0:?}: expected /TYPE=value/TYPE=value…, found no `/` at its start")]
    NoSlash(String),
    /// A type without a value.
    #[error("subject: expected `=` after the attribute type {0:?}")]
    NoEquals(String),
    /// A backslash with nothing after it.
    #[error("subject: expected a character after the `\\` at the end")]
    TrailingBackslash,
    /// An attribute type that nobody knows.
    #[error(
        "subject: unknown attribute type {name:?}{}",
        .suggestion.map(|known| format!(", did you mean {known:?}?")).unwrap_or_default()
    )]
    UnknownType {
        /// What was written.
        name: String,
        /// What may have been meant.
        suggestion: Option<&'static str>,
    },
    /// A country that is no ISO 3166 alpha-2 code.
    #[error("subject: {attribute}: expected a country code of two letters such as AU, found {value:?}")]
    Country {
        /// The attribute's name.
        attribute: String,
        /// What was written.
        value: String,
    },
    /// A character that the attribute's string type cannot hold, or a control character.
    #[error("subject: {attribute}={}: expected {expected}, found {character:?}", value.escape_debug())]
    Character {
        /// The attribute's name.
        attribute: String,
        /// What was written.
        value: String,
        /// What its string type holds.
        expected: &'static str,
        /// The first character that does not fit.
        character: char,
    },
    /// A value above its upper bound (RFC 5280 Appendix A.1).
    #[error("subject: {attribute}: expected at most {max} characters, found {length}")]
    TooLong {
        /// The attribute's name.
        attribute: String,
        /// The upper bound.
        max: usize,
        /// What was found.
        length: usize,
    },
    /// A value whose bytes are no string of its type.
    #[error("subject: {0}: expected text of its string type, found bytes that are none")]
    NoText(String),
    /// A value without a character.
    #[error("subject: {0}: expected a value, found none")]
    Empty(String),
    /// An alternative name that is no name of its kind.
    #[error("{kind} name {}: {why}", name.escape_debug())]
    San {
        /// `DNS`, `IP`, `email` or `URI`.
        kind: &'static str,
        /// What was written.
        name: String,
        /// What was expected and found.
        why: String,
    },
}
