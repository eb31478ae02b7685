//! Somebody's command, with placeholders to be filled in: `{host}` `{port}` `{name}` `{url}` `{ca}` `{message}` `{file}`.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// What can stand in braces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Placeholder {
    /// The file of what is to be trusted.
    Ca,
    /// The submission.
    File,
    /// The server's address.
    Host,
    /// What the client is to send.
    Message,
    /// The name that it is to expect.
    Name,
    /// The server's port.
    Port,
    /// `https://NAME:PORT/`.
    Url,
}

impl Placeholder {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Host, Self::Port, Self::Name, Self::Url, Self::Ca, Self::Message, Self::File];

    /// As it stands in braces.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ca => "ca",
            Self::File => "file",
            Self::Host => "host",
            Self::Message => "message",
            Self::Name => "name",
            Self::Port => "port",
            Self::Url => "url",
        }
    }

    /// As it stands in the environment.
    pub fn variable(self) -> &'static str {
        match self {
            Self::Ca => "TLSLAB_CA",
            Self::File => "TLSLAB_FILE",
            Self::Host => "TLSLAB_HOST",
            Self::Message => "TLSLAB_MESSAGE",
            Self::Name => "TLSLAB_NAME",
            Self::Port => "TLSLAB_PORT",
            Self::Url => "TLSLAB_URL",
        }
    }
}

/// A text that cannot be filled in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A brace without its other half.
    #[error("{text:?}: expected a placeholder such as {{port}}, found a brace that is never closed")]
    Unclosed {
        /// Where.
        text: String,
    },
    /// No such placeholder.
    #[error(
        "{text:?}: unknown placeholder {{{found}}}: expected {{host}}, {{port}}, {{name}}, {{url}}, {{ca}}, {{message}} \
         or {{file}}"
    )]
    Unknown {
        /// Where.
        text: String,
        /// Which.
        found: String,
    },
}

/// A text with placeholders. `{{` is a brace, and so is `}}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(OsString),
    Placeholder(Placeholder),
}

impl Template {
    /// Reads a text. What is no UTF-8 has no placeholders and is taken as it is.
    pub fn read(text: &OsStr) -> Result<Self, TemplateError> {
        let Some(whole) = text.to_str() else { return Ok(Self(vec![Piece::Text(text.to_owned())])) };
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = whole;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, from) = rest.split_at(at);
            plain.push_str(before);
            if let Some(after) = from.strip_prefix("{{") {
                plain.push('{');
                rest = after;
            } else if let Some(after) = from.strip_prefix('}') {
                plain.push('}');
                rest = after.strip_prefix('}').unwrap_or(after);
            } else {
                let Some((name, after)) = from[1..].split_once('}') else {
                    return Err(TemplateError::Unclosed { text: whole.to_owned() });
                };
                let known = Placeholder::ALL.into_iter().find(|known| known.as_str() == name);
                let placeholder = known.ok_or_else(|| TemplateError::Unknown {
                    text: whole.to_owned(),
                    found: name.to_owned(),
                })?;
                if !plain.is_empty() {
                    pieces.push(Piece::Text(std::mem::take(&mut plain).into()));
                }
                pieces.push(Piece::Placeholder(placeholder));
                rest = after;
            }
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain.into()));
        }
        Ok(Self(pieces))
    }

    /// Whether the placeholder stands in it.
    pub fn uses(&self, placeholder: Placeholder) -> bool {
        self.0.contains(&Piece::Placeholder(placeholder))
    }

    /// The text, filled in.
    pub fn fill(&self, values: &Values) -> OsString {
        self.fill_with(values, std::borrow::ToOwned::to_owned)
    }

    /// The text, filled in for the shell: every value in quotes of its own.
    pub fn fill_quoted(&self, values: &Values) -> OsString {
        self.fill_with(values, quoted)
    }

    fn fill_with(&self, values: &Values, each: impl Fn(&OsStr) -> OsString) -> OsString {
        let mut filled = OsString::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => filled.push(text),
                Piece::Placeholder(placeholder) => filled.push(each(values.of(*placeholder))),
            }
        }
        filled
    }
}

/// In single quotes, as POSIX's shell takes any bytes but NUL (XCU §2.2.2).
fn quoted(value: &OsStr) -> OsString {
    let mut quoted = OsString::from("'");
    #[cfg(unix)]
    {
        use std::os::unix::ffi::{OsStrExt, OsStringExt};
        let bytes = value.as_bytes().split(|byte| *byte == b'\'').collect::<Vec<_>>().join(&b"'\\''"[..]);
        quoted.push(OsString::from_vec(bytes));
    }
    #[cfg(not(unix))]
    quoted.push(value);
    quoted.push("'");
    quoted
}

/// What is filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values {
    /// `{host}`.
    pub host: OsString,
    /// `{port}`.
    pub port: OsString,
    /// `{name}`.
    pub name: OsString,
    /// `{url}`.
    pub url: OsString,
    /// `{ca}`.
    pub ca: OsString,
    /// `{message}`.
    pub message: OsString,
    /// `{file}`; empty where there is none.
    pub file: OsString,
}

impl Values {
    /// The value of a placeholder.
    pub fn of(&self, placeholder: Placeholder) -> &OsStr {
        match placeholder {
            Placeholder::Ca => &self.ca,
            Placeholder::File => &self.file,
            Placeholder::Host => &self.host,
            Placeholder::Message => &self.message,
            Placeholder::Name => &self.name,
            Placeholder::Port => &self.port,
            Placeholder::Url => &self.url,
        }
    }

    /// The URL of a server of this name at this port.
    pub fn url(name: &str, port: u16) -> String {
        // RFC 3986 §3.2.2: an IPv6 address stands in brackets.
        if name.contains(':') {
            format!("https://[{name}]:{port}/")
        } else {
            format!("https://{name}:{port}/")
        }
    }
}

/// A command to be run, and its surroundings.
#[derive(Clone, Debug)]
pub struct Command {
    /// Program and arguments; never empty.
    pub words: Vec<Template>,
    /// Where it runs; its run's own folder where none is given.
    pub directory: Option<PathBuf>,
    /// Variables in its environment.
    pub environment: Vec<(OsString, Template)>,
    /// What stands on its stdin; nothing where none is given.
    pub input: Option<Template>,
    /// What the shell runs before it.
    pub setup: Option<Template>,
}

impl Command {
    /// Whether the placeholder stands anywhere in it.
    pub fn uses(&self, placeholder: Placeholder) -> bool {
        self.words
            .iter()
            .chain(self.environment.iter().map(|(_, value)| value))
            .chain(&self.input)
            .chain(&self.setup)
            .any(|template| template.uses(placeholder))
    }
}

/// Why a program cannot be started.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoProgram {
    /// It is a folder, or its permissions do not let us.
    #[error("{}: expected a program, found {found}", .path.display())]
    NotExecutable {
        /// Which.
        path: PathBuf,
        /// What it is instead.
        found: &'static str,
    },
    /// There is none.
    #[error("{0}: no such program")]
    NotFound(String),
}

/// The program that `word` means: a path, from here or from `directory`; else a name, along `path`.
pub fn find_program(word: &OsStr, directory: Option<&Path>, path: &OsStr) -> Result<PathBuf, NoProgram> {
    let not_found = || NoProgram::NotFound(crate::words::Escaped(&word.to_string_lossy()).to_string());
    let candidates: Vec<PathBuf> = if Path::new(word).components().count() > 1 || word.is_empty() {
        let here = std::path::absolute(word).ok();
        here.into_iter().chain(directory.map(|directory| directory.join(word))).collect()
    } else {
        std::env::split_paths(path).map(|folder| folder.join(word)).collect()
    };
    let mut refused = None;
    for candidate in candidates {
        match std::fs::metadata(&candidate) {
            Ok(found) if found.is_dir() => refused = Some((candidate, "a folder")),
            Ok(found) if is_executable(&found) => {
                return Ok(std::path::absolute(&candidate).unwrap_or(candidate));
            }
            Ok(_) => refused = Some((candidate, "a file that is not executable")),
            Err(_) => {}
        }
    }
    Err(refused.map_or_else(not_found, |(path, found)| NoProgram::NotExecutable { path, found }))
}

#[cfg(unix)]
fn is_executable(found: &std::fs::Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&found.permissions()) & 0o111 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &std::fs::Metadata) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values() -> Values {
        Values { host: "127.0.0.1".into(), port: "4433".into(), file: "a b'c.py".into(), ..Values::default() }
    }

    #[test]
    fn placeholders_are_filled_in_and_braces_escaped() {
        for (text, filled) in [
            ("{host}:{port}", "127.0.0.1:4433"),
            ("{{\"port\": {port}}}", "{\"port\": 4433}"),
            ("plain", "plain"),
            ("", ""),
            ("a } b", "a } b"),
        ] {
            assert_eq!(Template::read(text.as_ref()).unwrap().fill(&values()), filled, "{text}");
        }
    }

    #[test]
    fn an_unknown_placeholder_and_a_lonely_brace_are_refused() {
        for (text, words) in [("{prot}", "{prot}"), ("{}", "{}"), ("{port", "never closed")] {
            let error = Template::read(text.as_ref()).unwrap_err().to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
    }

    #[test]
    fn the_shell_gets_every_value_in_quotes() {
        let filled = Template::read("cp {file} $HOME".as_ref()).unwrap().fill_quoted(&values());
        assert_eq!(filled, "cp 'a b'\\''c.py' $HOME");
    }

    #[test]
    fn an_ipv6_address_stands_in_brackets() {
        assert_eq!(Values::url("::1", 7), "https://[::1]:7/");
        assert_eq!(Values::url("www.test.org", 7), "https://www.test.org:7/");
    }

    #[test]
    fn a_program_is_found_along_the_path_or_the_error_says_why_not() {
        let folder = tempfile::tempdir().unwrap();
        let plain = folder.path().join("plain");
        std::fs::write(&plain, "").unwrap();
        let path = folder.path().as_os_str();
        assert!(matches!(find_program("nowhere".as_ref(), None, path), Err(NoProgram::NotFound(_))));
        assert!(matches!(find_program("plain".as_ref(), None, path), Err(NoProgram::NotExecutable { .. })));
        assert!(matches!(find_program(path, None, path), Err(NoProgram::NotExecutable { .. })));
        #[cfg(unix)]
        assert!(find_program("sh".as_ref(), None, "/bin".as_ref()).is_ok());
    }
}
