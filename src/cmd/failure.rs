//! How a command fails: what went wrong, then what to do about it, then the exit status.

use std::fmt;
use std::process::ExitCode;

use tlslab::words::Escaped;

use super::global::Global;
use super::{Ui, remedy};

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
        let hint = self.hint.as_deref().map(|hint| Escaped(hint).to_string());
        if let Some(hint) = &hint {
            ui.hint(hint);
        }
        if ui.json() {
            let object = serde_json::json!({
                "error": self.words(),
                "hint": hint,
                "exit_status": self.status,
            });
            // Nobody is left to tell if stdout is gone too.
            let _ = ui.print_last(&object);
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
        // File names and arguments are quoted in it.
        Escaped(&words).to_string()
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

/// Anything that is an error becomes a failure with `?`, with what can be done about the library's own.
impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        let error = error.into();
        let hint = remedy::for_error(&error);
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

/// A command line that clap cannot read, said as any other failure; `--help` and `--version` are none, and go out as they
/// are.
pub(crate) fn usage(error: &clap::Error, commands: &clap::Command) -> ExitCode {
    use clap::error::ErrorKind::{DisplayHelp, DisplayHelpOnMissingArgumentOrSubcommand, DisplayVersion};

    if matches!(error.kind(), DisplayHelp | DisplayHelpOnMissingArgumentOrSubcommand | DisplayVersion) {
        // A closed pipe while help is printed is no failure.
        let _ = error.print();
        return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
    }
    // Nothing was parsed; what stands after `--` is another program's.
    let json = std::env::args_os().take_while(|word| word != "--").any(|word| word == "--json");
    let ui = Ui::new(&Global { json, ..Global::default() });
    // clap shows no usage beside a value that it cannot read.
    let called = std::env::args_os().skip(1).find_map(|word| commands.find_subcommand(word));
    let called =
        called.map_or_else(|| "tlslab".to_owned(), |command| format!("tlslab {}", command.get_name()));
    unreadable(&error.render().to_string(), &called).report(&ui)
}

/// clap's words, `error: …`, `tip: …` and `Usage: …` in paragraphs of their own, as an error and a hint.
fn unreadable(words: &str, called: &str) -> Failure {
    let on_one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let (message, rest) = words.split_once("\n\n").unwrap_or((words, ""));
    let message = expected(&on_one_line(message.strip_prefix("error: ").unwrap_or(message)));
    let lines = || rest.lines().map(str::trim);
    let tips: Vec<&str> = lines().filter_map(|line| line.strip_prefix("tip: ")).collect();
    // `Usage: tlslab serve [OPTIONS]`, or `Usage: tlslab connect --cert <FILE> [TARGET]`.
    let command = lines().find_map(|line| line.strip_prefix("Usage: ")).unwrap_or(called);
    let is_name = |word: &&str| word.starts_with(|first: char| first.is_ascii_lowercase());
    let command = command.split(' ').take_while(is_name).collect::<Vec<_>>().join(" ");
    let hint = match tips.as_slice() {
        [] => remedy::read_help(&command),
        tips => tips.join("; "),
    };
    Failure::usage(Escaped(&message)).hint(Escaped(&hint).to_string())
}

/// What clap and std say of a value that they cannot read, as our own parsers say it: what was expected.
fn expected(message: &str) -> String {
    const NUMBERS: [(&str, &str); 4] = [
        ("cannot parse integer from empty string", "expected a whole number"),
        ("invalid digit found in string", "expected a whole number"),
        ("invalid float literal", "expected a number"),
        ("number too large to fit in target type", "expected a smaller number"),
    ];
    for (theirs, ours) in NUMBERS {
        if let Some(before) = message.strip_suffix(theirs) {
            return format!("{before}{ours}");
        }
    }
    if let Some((before, values)) = message.split_once(" [possible values: ") {
        let values = values.strip_suffix(']').unwrap_or(values);
        let values = match values.rsplit_once(", ") {
            Some((values, last)) => format!("{values} or {last}"),
            None => values.to_owned(),
        };
        return format!("{before}: expected {values}");
    }
    let range = message.rsplit_once(" is not in ").and_then(|(before, range)| {
        let (before, _) = before.rsplit_once(": ")?;
        let (low, high) = range.split_once("..")?;
        let high = high.trim_start_matches('=');
        Some(if high.is_empty() {
            format!("{before}: expected at least {low}")
        } else {
            format!("{before}: expected {low} to {high}")
        })
    });
    range.unwrap_or_else(|| message.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_cannot_be_read_is_told_what_was_expected() {
        for (theirs, ours) in [
            (
                "invalid value 'x' for '--days <N>': invalid digit found in string",
                "invalid value 'x' for '--days <N>': expected a whole number",
            ),
            (
                "invalid value '0' for '--connections <N>': 0 is not in 1..=65536",
                "invalid value '0' for '--connections <N>': expected 1 to 65536",
            ),
            (
                "invalid value '0' for '<N>': 0 is not in 1..",
                "invalid value '0' for '<N>': expected at least 1",
            ),
            (
                "invalid value 'x' for '--usage <USAGE>' [possible values: server, client, any]",
                "invalid value 'x' for '--usage <USAGE>': expected server, client or any",
            ),
            (
                "invalid value 'a_b' for '--cn <NAME>': a_b: an underscore is not in the preferred name syntax",
                "invalid value 'a_b' for '--cn <NAME>': a_b: an underscore is not in the preferred name syntax",
            ),
        ] {
            assert_eq!(expected(theirs), ours);
        }
    }

    fn said(words: &str) -> (String, Option<String>, u8) {
        let failure = unreadable(words, "tlslab");
        (failure.to_string(), failure.hint, failure.status)
    }

    #[test]
    fn what_clap_says_is_an_error_and_a_hint() {
        let (error, hint, status) = said(
            "error: the following required arguments were not provided:\n  <--passout <SOURCE>|--noenc>\n\n\
             Usage: tlslab passwd --out <FILE> <KEY>\n\nFor more information, try '--help'.\n",
        );
        assert_eq!(error, "the following required arguments were not provided: <--passout <SOURCE>|--noenc>");
        assert_eq!(hint.as_deref(), Some("`tlslab passwd --help` says what is understood"));
        assert_eq!(status, 2);
        let (error, hint, _) = said(
            "error: unexpected argument '--lisen' found\n\n  tip: a similar argument exists: '--listen'\n\n\
             Usage: tlslab serve --listen <ADDR>\n\nFor more information, try '--help'.\n",
        );
        assert_eq!(error, "unexpected argument '--lisen' found");
        assert_eq!(hint.as_deref(), Some("a similar argument exists: '--listen'"));
    }

    #[test]
    fn an_argument_writes_nothing_on_the_terminal_but_letters() {
        let (error, hint, _) =
            said("error: unexpected argument '--\u{1b}[2J\u{202e}' found\n\nUsage: tlslab [OPTIONS]\n");
        assert!(!error.contains(['\u{1b}', '\u{202e}']), "{error}");
        assert_eq!(hint.as_deref(), Some("`tlslab --help` says what is understood"));
    }
}
