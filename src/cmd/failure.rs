//! How a command fails: what went wrong, then what to do about it, then the exit status.

use std::fmt;
use std::path::Path;
use std::process::ExitCode;

use tlslab::pki::files::FileError;
use tlslab::pki::key::KeyError;

use super::Ui;

/// What a command returns: its result, or why there is none.
pub(crate) type Result<T> = std::result::Result<T, Failure>;

/// A command could not do its work.
#[derive(Debug)]
pub(crate) struct Failure {
    error: anyhow::Error,
    hint: Option<String>,
    status: u8,
}

impl Failure {
    /// A failure of the given words: the thing first, what was expected, what was found.
    pub(crate) fn new(message: impl fmt::Display) -> Self {
        anyhow::anyhow!("{message}").into()
    }

    /// Flags that do not fit together: exit status 2, as clap's own.
    pub(crate) fn usage(message: impl fmt::Display) -> Self {
        Self { status: 2, ..Self::new(message) }
    }

    /// The same, with what to do next: a command that can be pasted, or how to mend the input.
    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// The same, ending with `status`.
    pub(crate) fn status(self, status: u8) -> Self {
        Self { status, ..self }
    }

    /// The status that it ends with.
    pub(crate) fn exit_status(&self) -> u8 {
        self.status
    }

    /// Says it, on stderr (and as one JSON object on stdout under `--json`), and gives the exit code.
    /// A closed output pipe is no failure: whoever read had enough.
    pub(crate) fn report(self, ui: &Ui) -> ExitCode {
        if self.is_closed_pipe() {
            return ExitCode::SUCCESS;
        }
        ui.error(&self.words());
        if let Some(hint) = &self.hint {
            ui.hint(hint);
        }
        if ui.json() {
            let object = serde_json::json!({
                "error": self.words(),
                "hint": self.hint,
                "exit_status": self.status,
            });
            // Nobody is left to tell if stdout is gone too.
            let _ = ui.print(&object.to_string());
        }
        ExitCode::from(self.status)
    }

    /// The error and its causes, each said once: an error that already quotes its cause is not followed by it.
    fn words(&self) -> String {
        let mut words = String::new();
        for cause in self.error.chain() {
            let cause = cause.to_string();
            if words.is_empty() {
                words = cause;
            } else if !words.ends_with(&cause) {
                words.push_str(": ");
                words.push_str(&cause);
            }
        }
        words
    }

    fn is_closed_pipe(&self) -> bool {
        self.error
            .downcast_ref::<std::io::Error>()
            .is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
    }
}

/// What went wrong, without the hint.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words())
    }
}

/// Anything that is an error becomes a failure with `?`; where the library's error suggests a remedy in terms
/// of commands, this is the one place that knows it.
impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        let error = error.into();
        let hint = hint_for(&error);
        Self { error, hint, status: 1 }
    }
}

/// Adds a hint to a result's failure.
pub(crate) trait Hinted<T> {
    /// The same result, its failure with what to do next.
    fn hint(self, hint: impl FnOnce() -> String) -> Result<T>;
}

impl<T, E: Into<Failure>> Hinted<T> for std::result::Result<T, E> {
    fn hint(self, hint: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|error| error.into().hint(hint()))
    }
}

/// What to do about an error of the library's.
fn hint_for(error: &anyhow::Error) -> Option<String> {
    error.chain().find_map(|cause| cause.downcast_ref().and_then(hint_for_file))
}

fn hint_for_file(error: &FileError) -> Option<String> {
    let name = |path: &Path| path.display().to_string();
    match error {
        FileError::NotFound(_) => {
            Some("`tlslab gencert` makes cert.pem, key.pem and clearkey.pem in this directory".to_owned())
        }
        FileError::Exists(_) => Some("--force replaces them, --out DIR writes somewhere else".to_owned()),
        FileError::LegacyEncrypted(path) => {
            let path = name(path);
            Some(format!("openssl pkey -in {path} -out {path}.new writes it in PKCS#8"))
        }
        FileError::Key { path, source: KeyError::UnsupportedEncryption(_) } => {
            let path = name(path);
            Some(format!("openssl pkcs8 -topk8 -v2 aes-256-cbc -in {path} -out {path}.new encrypts it anew"))
        }
        FileError::Key { source: KeyError::WrongPassphrase, .. } => {
            Some("--passin prompt, env:VAR, file:PATH or stdin says where the right one is".to_owned())
        }
        FileError::WrongKind { path, found, .. } if found == "a PKCS#12 bundle" => {
            Some(format!("openssl pkcs12 -in {} -nodes -out bundle.pem takes it apart", name(path)))
        }
        FileError::Unrecognised { found: "UTF-16 text", path, .. } => {
            let path = name(path);
            Some(format!("iconv -f UTF-16 -t UTF-8 {path} > {path}.new"))
        }
        _ => None,
    }
}

/// clap's own words for a command line that cannot be read; 0 for `--help` and `--version`.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    // A closed pipe while help is printed is no failure.
    let _ = error.print();
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}
