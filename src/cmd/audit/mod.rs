//! `tlslab audit`: somebody else's client, put to everything that can be wrong with a server; and somebody else's server.

mod client;
mod known;
mod list;
mod recipes;
mod reports;
mod serve;
mod server;
mod supervise;

use clap::{Args, Subcommand};
use time::OffsetDateTime;
use tlslab::audit::rig::isolate;
use tlslab::audit::rig::process::{self, Launcher};

use super::{Result, Ui};
use supervise::{PROBE, SUPERVISE};

/// Grade anybody's TLS client, run against servers that are each wrong in one way; judge anybody's TLS server
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct Audit {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Client(Box<client::Client>),
    List(list::List),
    Show(list::Show),
    Serve(serve::Serve),
    Server(Box<server::Server>),
    Recipes(recipes::Recipes),
    /// What stands between the rig and a client
    #[command(hide = true, name = SUPERVISE)]
    Supervise {
        /// Without resource limits; or only to see whether there is a network of one's own to be had
        #[arg(value_parser = [Launcher::NO_LIMITS, PROBE])]
        how: Option<String>,
    },
}

impl Audit {
    /// Runs what is asked for.
    pub(crate) fn run(&self, ui: &Ui, now: OffsetDateTime) -> Result<u8> {
        match &self.command {
            Command::Client(command) => command.run(ui, now),
            Command::List(command) => command.run(ui),
            Command::Show(command) => command.run(ui),
            Command::Serve(command) => command.run(ui),
            Command::Server(command) => command.run(ui, now),
            Command::Recipes(command) => command.run(ui),
            Command::Supervise { how } if how.as_deref() == Some(PROBE) => {
                isolate::enter()?;
                Ok(0)
            }
            Command::Supervise { how } => {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                runtime.block_on(process::supervise(how.is_none()))?;
                Ok(0)
            }
        }
    }
}
