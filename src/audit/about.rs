//! What is told of a case, whatever it is about.

use super::catalogue::Grade;

/// What is told of a case: the same for handshakes, sessions and what comes before TLS.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// Its name, which begins with its kind: `hs-`, `se-`, `st-`.
    pub id: &'static str,
    /// What is wrong, in a few words.
    pub title: &'static str,
    /// The rule that it breaks, or that the client has to keep.
    pub citation: &'static str,
    /// What somebody does with a client that does not notice.
    pub attack: &'static str,
    /// How a client is mended.
    pub fix: &'static str,
    /// What a client must do.
    pub grade: Grade,
}
