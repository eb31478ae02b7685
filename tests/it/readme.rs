//! The README's console blocks are run, in order, and print what the README says they print.

use crate::console::Page;
use crate::lab::Lab;

#[test]
fn the_blocks_print_what_the_readme_says() {
    let ran = Page::read("README.md").run(&Lab::new());
    assert!(ran >= 10, "only {ran} commands of the README were run");
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
