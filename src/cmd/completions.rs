//! `tlslab completions SHELL`: what the shell needs to complete commands, options and their values.

use clap::{Args, Command};
use clap_complete::Shell;

use super::{Result, Ui};

/// Print a script that completes tlslab's commands and options in a shell
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

const EXAMPLES: &str = "\
Examples:
  tlslab completions bash > ~/.local/share/bash-completion/completions/tlslab
  tlslab completions zsh > ~/.zfunc/_tlslab        with ~/.zfunc in fpath
  tlslab completions fish > ~/.config/fish/completions/tlslab.fish";

impl Completions {
    /// `tlslab` is the whole command line.
    pub(crate) fn run(&self, ui: &Ui, tlslab: &mut Command) -> Result<u8> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, tlslab, "tlslab", &mut script);
        let script = String::from_utf8_lossy(&script);
        if ui.json() {
            let object = serde_json::json!({ "shell": self.shell.to_string(), "script": script });
            ui.print_json(&object)?;
        } else {
            ui.print(script.trim_end())?;
        }
        Ok(0)
    }
}
