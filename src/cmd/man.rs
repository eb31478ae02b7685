//! `tlslab man`: the manual pages, made from the same declarations as `--help`.

use std::io;
use std::path::PathBuf;

use clap::{Args, Command};
use clap_mangen::Man as Page;
use tlslab::pki::files;

use super::{Failure, Result, Ui};

/// Print a manual page, or write all of them
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Man {
    /// The command whose page to print [default: tlslab itself]
    #[arg(value_name = "COMMAND", conflicts_with = "out")]
    command: Option<String>,
    /// Write every page into this directory, as tlslab.1 and tlslab-COMMAND.1; made if missing
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Replace existing files
    #[arg(long, requires = "out")]
    force: bool,
}

const EXAMPLES: &str = "\
Examples:
  tlslab man gencert | man -l -
  tlslab man --out ~/.local/share/man/man1";

/// The permission bits of a page.
const MODE: u32 = 0o644;

impl Man {
    /// `tlslab` is the whole command line.
    pub(crate) fn run(&self, ui: &Ui, tlslab: Command) -> Result<u8> {
        let pages = pages(tlslab)?;
        let Some(directory) = &self.out else {
            let name =
                self.command.as_ref().map_or("tlslab".to_owned(), |command| format!("tlslab-{command}"));
            let Some((_, text)) = pages.iter().find(|(found, _)| *found == name) else {
                let known: Vec<_> =
                    pages.iter().filter_map(|(name, _)| name.strip_prefix("tlslab-")).collect();
                return Err(Failure::usage(format_args!(
                    "{}: expected a command, one of {}",
                    self.command.as_deref().unwrap_or_default(),
                    known.join(", ")
                )));
            };
            if ui.json() {
                ui.print_json(&serde_json::json!({ "page": name, "text": text }))?;
            } else {
                ui.print(text.trim_end())?;
            }
            return Ok(0);
        };
        std::fs::create_dir_all(directory)
            .map_err(|source| files::FileError::Write { path: directory.clone(), source })?;
        let paths: Vec<_> = pages.iter().map(|(name, _)| directory.join(format!("{name}.1"))).collect();
        for path in &paths {
            files::check_one(path, self.force)?;
        }
        for (path, (_, text)) in paths.iter().zip(&pages) {
            files::write_one(path, MODE, text.as_bytes(), self.force)?;
        }
        let paths: Vec<_> = paths.iter().map(|path| path.display().to_string()).collect();
        if ui.json() {
            ui.print_json(&serde_json::json!({ "files": paths }))?;
        } else {
            for path in paths {
                ui.print(&tlslab::words::Escaped(&path).to_string())?;
            }
        }
        Ok(0)
    }
}

/// Name and text of every page, tlslab's own first.
fn pages(tlslab: Command) -> io::Result<Vec<(String, String)>> {
    let mut whole = tlslab.disable_help_subcommand(true);
    whole.build();
    let source = format!("tlslab {}", env!("CARGO_PKG_VERSION"));
    let mut commands = vec![whole.clone()];
    commands.extend(whole.get_subcommands().filter(|command| !command.is_hide_set()).cloned());
    commands
        .into_iter()
        .map(|command| {
            let name = command.get_display_name().unwrap_or(command.get_name()).to_owned();
            let after = command.get_after_long_help().or_else(|| command.get_after_help());
            let after = after.map(ToString::to_string).unwrap_or_default();
            let has_commands = command.has_subcommands();
            let page = Page::new(command).source(&source).manual("tlslab");
            let mut text = Vec::new();
            page.render_title(&mut text)?;
            page.render_name_section(&mut text)?;
            page.render_synopsis_section(&mut text)?;
            page.render_description_section(&mut text)?;
            page.render_options_section(&mut text)?;
            if has_commands {
                page.render_subcommands_section(&mut text)?;
            }
            let mut text = String::from_utf8_lossy(&text).into_owned();
            text.push_str(&examples(&after));
            Ok((name, text))
        })
        .collect()
}

/// What follows the options in `--help`, its lines kept as they are: they are commands and columns.
fn examples(after_help: &str) -> String {
    let mut text = String::new();
    for paragraph in after_help.split("\n\n").filter(|paragraph| !paragraph.is_empty()) {
        let (heading, rest) = match paragraph.strip_prefix("Examples:\n") {
            Some(rest) => ("EXAMPLES", rest),
            None => ("NOTES", paragraph),
        };
        let lines: Vec<_> = rest.lines().map(verbatim).collect();
        text.extend([".SH ", heading, "\n.nf\n", &lines.join("\n"), "\n.fi\n"]);
    }
    text
}

/// A line that roff shows as it is: no escape, no request, and hyphens that can be copied.
fn verbatim(line: &str) -> String {
    let line = line.replace('\\', "\\e").replace('-', "\\-").replace('`', "\\(ga");
    if line.starts_with(['.', '\'']) { format!("\\&{line}") } else { line }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_shown_as_they_are() {
        for (line, expected) in [
            ("  tlslab demo --out x", "  tlslab demo \\-\\-out x"),
            (".hidden", "\\&.hidden"),
            ("a \\/ b", "a \\e/ b"),
            ("`tlslab serve`", "\\(gatlslab serve\\(ga"),
        ] {
            assert_eq!(verbatim(line), expected);
        }
    }
}
