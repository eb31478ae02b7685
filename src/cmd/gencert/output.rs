//! Whose key `gencert` certifies.

use tlslab::pki::facts::PublicKeyFacts;
use tlslab::pki::key::PrivateKey;

/// The key that the certificate is for.
pub(super) enum SubjectKey {
    /// Made here.
    Ours(PrivateKey),
    /// A signing request's: only the public one is here.
    Theirs(PublicKeyFacts),
}

impl SubjectKey {
    pub(super) fn public_key_info(&self) -> &[u8] {
        match self {
            Self::Ours(key) => key.public_key_info(),
            Self::Theirs(key) => &key.spki,
        }
    }

    /// By the names of `--key`, where it has one.
    pub(super) fn algorithm(&self) -> Option<String> {
        match self {
            Self::Ours(key) => Some(key.algorithm().to_string()),
            Self::Theirs(key) => key.kind.option(),
        }
    }

    pub(super) fn description(&self) -> String {
        match self {
            Self::Ours(key) => key.algorithm().description(),
            Self::Theirs(key) => key.kind.to_string(),
        }
    }
}
