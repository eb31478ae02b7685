//! Where a passphrase comes from: `prompt`, `env:VAR`, `file:PATH` or `stdin`. Never the command line itself,
//! which everybody on the machine can read.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use tlslab::pki::key::Passphrase;
use tlslab::words::Escaped;
use zeroize::Zeroizing;

use super::{Failure, Hinted, Result, remedy};

/// The longest passphrase in bytes: what openssl reads, too.
const LIMIT: u64 = 1023;

/// Where to read a passphrase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PassphraseSource {
    /// `env:VAR`: an environment variable.
    Environment(String),
    /// `file:PATH`: the first line of a file.
    File(PathBuf),
    /// `prompt`: the terminal, without echo.
    Prompt,
    /// `stdin`: the first line of standard input; what follows stays there.
    Stdin,
}

impl FromStr for PassphraseSource {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        match text.split_once(':') {
            None if text == "prompt" => Ok(Self::Prompt),
            None if text == "stdin" => Ok(Self::Stdin),
            Some(("env", variable)) if !variable.is_empty() => Ok(Self::Environment(variable.to_owned())),
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(path.into())),
            // The text is not repeated: it may be the secret itself.
            Some(("pass", _)) => {
                Err("a passphrase on the command line is readable by everybody on this machine; \
                 expected prompt, env:VAR, file:PATH or stdin"
                    .to_owned())
            }
            _ => Err("expected prompt, env:VAR, file:PATH or stdin".to_owned()),
        }
    }
}

impl fmt::Display for PassphraseSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment(variable) => write!(f, "env:{variable}"),
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Prompt => f.write_str("prompt"),
            Self::Stdin => f.write_str("stdin"),
        }
    }
}

impl PassphraseSource {
    /// The passphrase that opens `what` (a file, for the prompt).
    pub(crate) fn read(&self, what: &str) -> Result<Passphrase> {
        match self {
            Self::Prompt => ask(&format!("passphrase of {what}: ")),
            other => other.read_quietly(),
        }
    }

    /// A new passphrase for `what`: on the terminal it is asked for twice, until both are the same.
    pub(crate) fn read_new(&self, what: &str) -> Result<Passphrase> {
        if *self != Self::Prompt {
            return self.read_quietly();
        }
        for _ in 0..3 {
            let first = ask(&format!("new passphrase for {what}: "))?;
            if first == ask("the same again: ")? {
                return Ok(first);
            }
        }
        Err(Failure::new("prompt: expected the same passphrase twice, found different ones three times"))
    }

    /// The passphrase that opens the file at `path` from `source`; where none is named, from the terminal if
    /// there is one.
    pub(crate) fn read_for(source: Option<&Self>, path: &Path) -> Result<Passphrase> {
        let what = path.display().to_string();
        match source {
            Some(source) => source.read(&what),
            None if io::stdin().is_terminal() => Self::Prompt.read(&what),
            None => Err(Failure::new(format_args!(
                "{what}: the key is encrypted, expected a passphrase, found neither --passin nor a terminal"
            ))
            .hint(remedy::PASSIN)),
        }
    }

    fn read_quietly(&self) -> Result<Passphrase> {
        let line = match self {
            Self::Prompt => return ask("passphrase: "),
            Self::Environment(variable) => match std::env::var(variable) {
                Ok(value) => Zeroizing::new(value.into_bytes()),
                Err(std::env::VarError::NotPresent) => {
                    return Err(Failure::new(format_args!(
                        "{self}: expected a passphrase, found no such variable"
                    ))
                    .hint(remedy::export(variable)));
                }
                Err(std::env::VarError::NotUnicode(_)) => {
                    return Err(Failure::new(format_args!("{self}: expected UTF-8")));
                }
            },
            Self::File(path) => {
                let cannot = |error: io::Error| Failure::new(format_args!("{self}: cannot read it: {error}"));
                if std::fs::metadata(path).map_err(cannot)?.is_dir() {
                    return Err(Failure::new(format_args!("{self}: expected a file, found a directory")));
                }
                first_line(&mut BufReader::new(File::open(path).map_err(cannot)?)).map_err(cannot)?
            }
            // The one buffer of the process: what follows the line is still there for the next reader.
            Self::Stdin => first_line(&mut io::stdin().lock())
                .map_err(|error| Failure::new(format_args!("{self}: cannot read it: {error}")))?,
        };
        checked(&line, &self.to_string())
    }
}

/// What to warn about in a new passphrase for `what`.
pub(crate) fn weakness(passphrase: &Passphrase, what: &str) -> Option<String> {
    (passphrase.as_bytes().len() < 8)
        .then(|| format!("the passphrase of {what} has fewer than 8 bytes: it is quickly guessed"))
}

fn ask(prompt: &str) -> Result<Passphrase> {
    let line = rpassword::prompt_password(Escaped(prompt).to_string())
        .map_err(|error| Failure::new(format_args!("prompt: cannot ask on the terminal: {error}")))
        .hint(|| remedy::NO_TERMINAL.to_owned())?;
    checked(&Zeroizing::new(line.into_bytes()), "prompt")
}

/// Up to the line's end, which is not part of it. One byte more than the limit shows that there is more.
fn first_line(source: &mut impl BufRead) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut line = Zeroizing::new(Vec::with_capacity(usize::try_from(LIMIT).unwrap_or_default() + 3));
    source.take(LIMIT + 3).read_until(b'\n', &mut line)?;
    for end in [b'\n', b'\r'] {
        if line.last() == Some(&end) {
            line.pop();
        }
    }
    Ok(line)
}

fn checked(line: &[u8], place: &str) -> Result<Passphrase> {
    if line.is_empty() {
        return Err(Failure::new(format_args!("{place}: expected a passphrase, found nothing")));
    }
    if line.len() as u64 > LIMIT {
        return Err(Failure::new(format_args!(
            "{place}: expected a passphrase of at most {LIMIT} bytes, found more"
        )));
    }
    let text =
        std::str::from_utf8(line).map_err(|_| Failure::new(format_args!("{place}: expected UTF-8")))?;
    Ok(Passphrase::new(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_read_and_shown() {
        for text in ["prompt", "stdin", "env:PASS", "file:a:b"] {
            assert_eq!(text.parse::<PassphraseSource>().unwrap().to_string(), text);
        }
        for wrong in ["", "env:", "file:", "secret", "fd:3"] {
            assert_eq!(
                wrong.parse::<PassphraseSource>().unwrap_err(),
                "expected prompt, env:VAR, file:PATH or stdin"
            );
        }
        let told = "pass:secret".parse::<PassphraseSource>().unwrap_err();
        assert!(told.contains("readable by everybody") && !told.contains("secret"), "{told}");
    }

    #[test]
    fn the_first_line_is_taken_and_the_rest_left() {
        for (input, line, rest) in [
            ("one\ntwo", "one", "two"),
            ("one\r\ntwo", "one", "two"),
            ("one", "one", ""),
            ("", "", ""),
            (" a b \n", " a b ", ""),
        ] {
            let mut source = input.as_bytes();
            assert_eq!(first_line(&mut source).unwrap().as_slice(), line.as_bytes());
            assert_eq!(source, rest.as_bytes());
        }
    }

    #[test]
    fn lengths_are_bounded() {
        let longest = "x".repeat(1023);
        let read = |text: &str| checked(&first_line(&mut text.as_bytes()).unwrap(), "stdin");
        assert_eq!(read(&format!("{longest}\r\n")).unwrap().as_bytes(), longest.as_bytes());
        assert!(read(&format!("{longest}x\n")).is_err());
        assert!(read(&"x".repeat(1 << 20)).is_err());
        assert!(read("\n").is_err());
        assert!(checked(b"\xff", "stdin").is_err());
    }
}
