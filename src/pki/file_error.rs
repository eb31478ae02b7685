//! What can go wrong with a file.

use std::io;
use std::path::PathBuf;

use super::key_error::KeyError;
use super::pem::{Fault, Label};

/// A file could not be read as what it should hold, or not be written.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// There is no such file.
    #[error("{}: no such file", .0.display())]
    NotFound(PathBuf),
    /// A directory where a file should be.
    #[error("{}: expected a file, found a directory", .0.display())]
    IsDirectory(PathBuf),
    /// Something else where the directory should be.
    #[error("{}: expected a directory, found a file", .0.display())]
    NotDirectory(PathBuf),
    /// The system refused to read it.
    #[error("{}: cannot read it: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// More than anybody needs.
    #[error("{}: expected at most 16 MiB, found more", .0.display())]
    TooLarge(PathBuf),
    /// Nothing in it.
    #[error("{}: expected {expected}, found an empty file", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        expected: &'static str,
    },
    /// Neither PEM nor DER of any known kind.
    #[error("{}: expected {expected} in PEM or DER, found {found}", path.display())]
    Unrecognised {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        expected: &'static str,
        /// What it looks like.
        found: &'static str,
    },
    /// A PEM block whose boundaries are wrong.
    #[error("{}: line {line}: {fault}", path.display())]
    BadPem {
        /// The file.
        path: PathBuf,
        /// The line on which the block begins.
        line: usize,
        /// What is wrong with it.
        fault: Fault,
    },
    /// A PEM block whose inside is no base64.
    #[error("{}: line {line}: damaged {label} block: {why}", path.display())]
    DamagedPem {
        /// The file.
        path: PathBuf,
        /// The line on which the block begins.
        line: usize,
        /// The block's label.
        label: Label,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Other things than what it should hold.
    #[error(
        "{}: expected {expected}, found {found}{}",
        path.display(),
        if *swapped { " (are certificate and key swapped?)" } else { "" }
    )]
    WrongKind {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        expected: &'static str,
        /// What it holds.
        found: String,
        /// Whether certificate and key may have been mistaken for each other.
        swapped: bool,
    },
    /// A certificate revocation list that is none.
    #[error("{}: {}not a certificate revocation list: {why}", path.display(), at_line(*line))]
    DamagedCrl {
        /// The file.
        path: PathBuf,
        /// The line on which its block begins; `None` for DER.
        line: Option<usize>,
        /// What was expected and found.
        why: String,
    },
    /// An index of certificates that is none.
    #[error("{}: {why}", path.display())]
    DamagedIndex {
        /// The file.
        path: PathBuf,
        /// What was expected and found.
        why: String,
    },
    /// An OCSP response that is none.
    #[error("{}: not an OCSP response: {why}", path.display())]
    DamagedOcsp {
        /// The file.
        path: PathBuf,
        /// What was expected and found.
        why: String,
    },
    /// A certificate signing request that is none inside.
    #[error("{}: not a certificate signing request: {why}", path.display())]
    DamagedRequest {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// More than one private key.
    #[error("{}: expected one private key, found {count}", path.display())]
    SeveralKeys {
        /// The file.
        path: PathBuf,
        /// How many.
        count: usize,
    },
    /// A private key that cannot be used.
    #[error("{}: {source}", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// Why.
        source: KeyError,
    },
    /// Files that would have to be replaced.
    #[error("{} already {}", list(.0), if .0.len() == 1 { "exists" } else { "exist" })]
    Exists(Vec<PathBuf>),
    /// The system refused to write it; nothing was changed.
    #[error("{}: cannot write it: {source}", path.display())]
    Write {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Writing failed, and so did putting an old file back.
    #[error("{}: cannot put the old file back ({source}); it is kept as {}", path.display(), backup.display())]
    NotRestored {
        /// The file.
        path: PathBuf,
        /// Where the old contents are.
        backup: PathBuf,
        /// Why.
        source: io::Error,
    },
}

fn list(paths: &[PathBuf]) -> String {
    let names: Vec<_> = paths.iter().map(|path| path.display().to_string()).collect();
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => names.concat(),
    }
}

fn at_line(line: Option<usize>) -> String {
    line.map_or_else(String::new, |line| format!("line {line}: "))
}
