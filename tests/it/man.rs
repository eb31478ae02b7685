//! `tlslab man`: every command has a page, every option is on it, and groff finds nothing to complain about.

use crate::completions::commands;
use crate::lab::{Lab, peer};

/// The long options in a help text.
fn options(help: &str) -> Vec<String> {
    let mut options: Vec<String> = help
        .lines()
        .map(str::trim_start)
        .filter(|line| line.starts_with('-'))
        .filter_map(|line| line.split([' ', ',']).find(|word| word.starts_with("--")))
        .map(|word| word.trim_end_matches("...").to_owned())
        .collect();
    options.dedup();
    options
}

#[test]
fn every_command_and_option_is_on_a_page() {
    let lab = Lab::new();
    let written = lab.tlslab(["man", "--out", "pages/man1"]).success();
    let commands = commands(&lab);
    assert_eq!(written.stdout.lines().count(), commands.len() + 1, "{written}");
    let whole = lab.read("pages/man1/tlslab.1");
    for command in &commands {
        let roff = |text: &str| text.replace('-', "\\-");
        assert!(whole.contains(&format!("tlslab\\-{command}(1)")), "{command} is not on tlslab(1)");
        let page = lab.read(&format!("pages/man1/tlslab-{command}.1"));
        assert_eq!(lab.tlslab(["man", command]).success().stdout, page, "{command}");
        let help = lab.tlslab([command, "--help"]).success().stdout;
        let options = options(&help);
        assert!(options.len() >= 4, "{command}: {options:?}");
        for option in options {
            assert!(page.contains(&roff(&option)), "{option} is not on tlslab-{command}(1)");
        }
        assert!(!help.contains("Examples:") || page.contains(".SH EXAMPLES\n"), "{command} has no examples");
    }
}

#[test]
fn groff_has_no_warning_and_shows_commands_as_they_are() {
    if !peer("groff") {
        return;
    }
    let lab = Lab::new();
    let written = lab.tlslab(["man", "--out", "pages"]).success();
    for page in written.stdout.lines() {
        let shown = lab.run("groff", ["-man", "-Tutf8", "-ww", "-P-cbou", page]).success();
        assert_eq!(shown.stderr, "", "{page}");
    }
    let shown = lab.run("groff", ["-man", "-Tascii", "-P-cbou", "pages/tlslab-gencert.1"]).success();
    assert!(shown.stdout.contains("  tlslab gencert --profile ca --cn 'Test CA' --out ca\n"), "{shown}");
}

#[test]
fn pages_are_not_overwritten_by_chance_and_unknown_commands_are_said() {
    let lab = Lab::new();
    lab.tlslab(["man", "--out", "."]).success();
    lab.write("tlslab-serve.1", "mine");
    lab.tlslab(["man", "--out", "."]).status(1).says("already exists");
    assert_eq!(lab.read("tlslab-serve.1"), "mine");
    lab.tlslab(["man", "--out", ".", "--force"]).success();
    assert_ne!(lab.read("tlslab-serve.1"), "mine");
    lab.tlslab(["man", "frobnicate"])
        .status(2)
        .says("frobnicate: expected a command, one of demo, gencert, passwd");
    assert_eq!(lab.tlslab(["man", "--json"]).success().json()["page"], "tlslab");
}
