//! The README's examples are run, and say what the README says they say.

use std::io::Read;
use std::path::Path;
use std::process::Stdio;

use crate::lab::{Lab, Server, TLSLAB, peer};

/// A command of a console block and what it is said to print.
struct Example {
    command: String,
    expected: Vec<String>,
}

fn examples() -> Vec<Example> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(path).expect("the README");
    let mut examples: Vec<Example> = Vec::new();
    let mut inside = false;
    for line in readme.lines() {
        if line.starts_with("```") {
            inside = line == "```console";
        } else if let Some(command) = line.strip_prefix("$ ").filter(|_| inside) {
            examples.push(Example { command: command.to_owned(), expected: Vec::new() });
        } else if let Some(example) = examples.last_mut().filter(|_| inside) {
            example.expected.push(line.to_owned());
        }
    }
    examples
}

/// Words with a digit in them (dates, fingerprints, ports, passphrases) count as equal, and so does everything in
/// brackets (how long ago).
fn plain(text: &str) -> String {
    let unbracketed = |line: &str| {
        let mut depth = 0_usize;
        line.chars()
            .filter(|c| {
                depth = if *c == '(' { depth + 1 } else { depth };
                let outside = depth == 0;
                depth = if *c == ')' { depth.saturating_sub(1) } else { depth };
                outside
            })
            .collect::<String>()
    };
    let word = |word: &str| {
        if word.chars().any(|c| c.is_ascii_digit()) { "#".to_owned() } else { word.to_owned() }
    };
    text.lines()
        .map(|line| unbracketed(line).split_whitespace().map(word).collect::<Vec<_>>().join(" "))
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn the_session_prints_what_the_readme_says() {
    let lab = Lab::new();
    let mut server: Option<Server> = None;
    let mut ran = 0;
    for Example { command, expected } in examples() {
        // Cargo's own two commands are what CI runs; here is what comes after `tlslab`.
        if !command.starts_with("tlslab ") || (command.contains("jq") && !peer("jq")) {
            continue;
        }
        let expected = expected.join("\n");
        if let Some(serve) = command.strip_suffix(" &") {
            let mut process = lab.command(TLSLAB);
            process.args(serve.split(' ').skip(1)).args(["--listen", "127.0.0.1:0"]);
            let started = Server::start(&mut process);
            assert_eq!(plain(&started.heard()), plain(&expected), "$ {command}");
            server = Some(started);
            ran += 1;
            continue;
        }
        let address = server.as_ref().map(Server::to_word).unwrap_or_default();
        let command = command.replace("tlslab connect", &format!("tlslab connect {address}"));
        let folder = Path::new(TLSLAB).parent().expect("the binary is in a folder");
        let path = std::env::var("PATH").unwrap_or_default();
        let mut child = lab
            .command("sh")
            .args(["-c", &format!("exec 2>&1; {command}")])
            .env("PATH", format!("{}:{path}", folder.display()))
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell");
        let mut said = String::new();
        child.stdout.take().expect("a pipe").read_to_string(&mut said).expect("reading");
        child.wait().expect("the shell's end");
        assert_eq!(plain(said.trim_end()), plain(&expected), "$ {command}\n{said}");
        ran += 1;
    }
    assert!(ran >= 5, "only {ran} examples of the README were run");
}

#[test]
fn every_command_is_in_the_readme() {
    let help = Lab::new().tlslab(["--help"]).success().stdout;
    let commands =
        help.split("Commands:").nth(1).and_then(|rest| rest.split("\n\n").next()).expect("commands");
    let readme = include_str!("../../README.md");
    for line in commands.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   ")) {
        let name = line.split_whitespace().next().expect("a name");
        assert!(
            name == "help" || readme.contains(&format!("| `tlslab {name}`")),
            "{name} is not in the README"
        );
    }
}
