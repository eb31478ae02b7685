//! The `tlslab` command: parse, run, and turn the end into an exit status.

mod cmd;

use std::process::ExitCode;

fn main() -> ExitCode {
    cmd::main()
}
