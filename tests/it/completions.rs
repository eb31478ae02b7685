//! `tlslab completions`: every shell gets a script that it can read, with every command in it.

use crate::lab::{Lab, peer};

/// The commands as the help lists them.
pub(crate) fn commands(lab: &Lab) -> Vec<String> {
    let help = lab.tlslab(["--help"]).success();
    let list = help.stdout.split("Commands:\n").nth(1).expect("a list of commands");
    list.lines()
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .filter(|command| command != "help")
        .collect()
}

#[test]
fn every_shell_has_every_command() {
    let lab = Lab::new();
    let commands = commands(&lab);
    assert!(commands.len() >= 9, "{commands:?}");
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = lab.tlslab(["completions", shell]).success();
        assert_eq!(script.stderr, "");
        for command in &commands {
            assert!(script.stdout.contains(command.as_str()), "{shell} has no {command}");
        }
        assert!(script.stdout.contains("passout"), "{shell} has no option");
    }
    let json = lab.tlslab(["completions", "bash", "--json"]).success().json();
    assert_eq!(json["shell"], "bash");
    lab.tlslab(["completions", "tcsh"]).status(2).says("expected bash, elvish, fish, powershell or zsh");
}

#[test]
fn the_shells_can_read_their_scripts_and_bash_completes() {
    let lab = Lab::new();
    for shell in ["bash", "zsh", "fish"].into_iter().filter(|shell| peer(shell)) {
        let script = lab.tlslab(["completions", shell]).success();
        lab.write("script", &script.stdout);
        lab.run(shell, ["-n", "script"]).success();
    }
    // As bash itself would ask: the word under the cursor, the one before it, the line so far.
    lab.write("script", &lab.tlslab(["completions", "bash"]).success().stdout);
    for (words, current, expected) in [
        ("tlslab gen", "gen", "gencert\n"),
        ("tlslab gencert --pass", "--pass", "--passin\n--passout\n"),
        ("tlslab gencert --profile op", "op", "openssl\n"),
    ] {
        let count = words.split(' ').count() - 1;
        let ask = format!(
            ". ./script; COMP_WORDS=({words}); COMP_CWORD={count}; \
             _tlslab tlslab '{current}' \"${{COMP_WORDS[COMP_CWORD-1]}}\"; printf '%s\\n' \"${{COMPREPLY[@]}}\""
        );
        assert_eq!(lab.run("bash", ["-c", &ask]).success().stdout, expected, "{words}");
    }
}
