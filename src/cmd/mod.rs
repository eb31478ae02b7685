//! The command line: one file per command, declared here and dispatched here.
//!
//! This is the only place that knows clap, stdout and exit statuses. A command returns the status it ends
//! with, or a [`Failure`] that says what went wrong, what was expected, and what to do next.

#[cfg(unix)]
mod audit;
mod bench;
mod ca;
mod capture;
mod completions;
mod connect;
mod demo;
mod dissect;
mod failure;
mod flags;
mod gencert;
mod global;
mod inspect;
mod instant;
mod keylog;
mod lab;
mod listen;
mod log;
mod man;
mod ocsp;
mod passphrase;
mod passwd;
mod patience;
mod remedy;
mod revocation;
mod revoke;
mod serve;
mod signals;
mod systemd;
mod tap;
mod trust;
mod ui;
mod verify;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};
use time::OffsetDateTime;

use global::Global;

pub(crate) use failure::{Failure, Hinted, Result};
pub(crate) use ui::Ui;

/// A laboratory for TLS: make certificates, serve, connect, and see every check
#[derive(Debug, Parser)]
#[command(name = "tlslab", version, arg_required_else_help = true, after_help = EXAMPLES)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  tlslab demo                                      the whole lab in one command
  tlslab gencert --cn www.test.org --days 365      cert.pem, key.pem and clearkey.pem
  tlslab serve                                     echo over TLS on 127.0.0.1:4433
  tlslab connect --message hello                   verify that server, then talk to it

Exit status of connect and verify: 0 accepted, 10 untrusted, 11 wrong name, 12 expired,
13 not yet valid, 14 other certificate fault, 20 handshake failed, 30 network.";

/// In the order in which a newcomer meets them.
#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Demo),
    Gencert(Box<gencert::Gencert>),
    Passwd(passwd::Passwd),
    Revoke(revoke::Revoke),
    Ocsp(Box<ocsp::Ocsp>),
    Serve(serve::Serve),
    Connect(connect::Connect),
    Verify(verify::Verify),
    Inspect(inspect::Inspect),
    Tap(tap::Tap),
    Dissect(dissect::Dissect),
    #[cfg(unix)]
    Audit(audit::Audit),
    Bench(Box<bench::Bench>),
    Completions(completions::Completions),
    Man(man::Man),
}

/// Parses the command line, runs the command, reports the end. The process's whole life.
pub(crate) fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return failure::usage(&error, &Cli::command()),
    };
    let ui = Ui::new(&cli.global);
    log::start(&ui);
    if let Err(unsupported) = tlslab::crypto::check_cpu() {
        return Failure::from(unsupported).report(&ui);
    }
    let status = match run(cli.command, &ui) {
        Ok(status) => ExitCode::from(status),
        Err(failure) => failure.report(&ui),
    };
    ui.finish();
    status
}

fn run(command: Command, ui: &Ui) -> Result<u8> {
    // The one look at the clock; the library gets the time as an argument.
    let now = OffsetDateTime::now_utc();
    match command {
        Command::Demo(command) => command.run(ui, now),
        Command::Gencert(command) => command.run(ui, now),
        Command::Passwd(command) => command.run(ui),
        Command::Revoke(command) => command.run(ui, now),
        Command::Ocsp(command) => command.run(ui, now),
        Command::Serve(command) => command.run(ui, now),
        Command::Connect(command) => command.run(ui, now),
        Command::Verify(command) => command.run(ui, now),
        Command::Inspect(command) => command.run(ui, now),
        Command::Tap(command) => command.run(ui),
        Command::Dissect(command) => command.run(ui),
        #[cfg(unix)]
        Command::Audit(command) => command.run(ui, now),
        Command::Bench(command) => command.run(ui),
        Command::Completions(command) => command.run(ui, &mut Cli::command()),
        Command::Man(command) => command.run(ui, Cli::command()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_tree_is_sound() {
        Cli::command().debug_assert();
    }
}
