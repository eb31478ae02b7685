//! The tutorial's commands are run, and print what it says they print.

use crate::console::Page;
use crate::lab::{Lab, peer};

#[test]
fn the_page_on_revocation_prints_what_it_says() {
    let judges = ["openssl", "curl"].map(peer);
    if judges.contains(&false) {
        return;
    }
    let ran = Page::read("docs/revocation.md").run(&Lab::new());
    assert!(ran >= 25, "only {ran} commands of the page were run");
}

#[test]
fn the_tutorial_prints_what_it_says() {
    // Its tasks are done by all of them side by side, and build on each other.
    let judges = ["openssl", "python3", "tshark"].map(peer);
    if judges.contains(&false) {
        return;
    }
    let ran = Page::read("docs/lab.md").run(&Lab::new());
    assert!(ran >= 30, "only {ran} commands of the tutorial were run");
}
