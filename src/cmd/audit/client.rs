//! `tlslab audit client`: words → settings → audits → reports.

use std::ffi::OsString;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use time::OffsetDateTime;
use tlslab::audit::case::Reply;
use tlslab::audit::cases::{self, Planned, Supply};
use tlslab::audit::client::{self as auditing, Models, Over, Progress, Selection, Settings};
use tlslab::audit::command::{Command, Placeholder, Template, Values, find_program};
use tlslab::audit::mail::Protocol;
use tlslab::audit::result::{Audit, worst};
use tlslab::audit::rig::isolate;
use tlslab::audit::rig::process::{self, Launcher};
use tlslab::audit::rig::stage::{Scratch, Setting, TrustFile};
use tlslab::audit::verdict::Profile;
use tlslab::audit::witness::Room;
use tlslab::report::audit as report;
use tlslab::tls::Versions;
use tlslab::verify::ExpectedName;
use tlslab::words::Escaped;
use tokio::sync::watch;

use super::known::Known;
use super::list::unselected;
use super::reports::Reports;
use super::supervise::{PROBE, SUPERVISE};
use crate::cmd::signals::{Signals, interrupted};
use crate::cmd::{Failure, Result, Ui, patience, remedy};

/// Run somebody's TLS client once per case and say what it should have refused and did not
///
/// In CMD's arguments {host} {port} {name} {url} {ca} {message} {file} are filled in ({{ is a brace); the environment
/// holds them as TLSLAB_HOST … TLSLAB_FILE. CMD is run without a shell, within limits and without the network, and
/// nothing that it started is left when it ends.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
#[allow(clippy::struct_excessive_bools, reason = "switches of a command line")]
pub(super) struct Client {
    /// The name or IP address that the client expects: every certificate is made for it
    #[arg(long, value_name = "NAME", default_value = "www.test.org")]
    name: String,
    /// Where the servers listen
    #[arg(long, value_name = "IP", default_value = "127.0.0.1")]
    listen: IpAddr,
    /// One port for all, for a client that is hard-wired; runs one case at a time
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    port: Option<u16>,
    /// Write what is trusted here too, for a client that reads a fixed file; what was there is put back
    #[arg(long, value_name = "FILE")]
    ca_out: Option<PathBuf>,
    /// Where CMD runs [default: a folder of its own]
    #[arg(long, value_name = "DIR")]
    cwd: Option<PathBuf>,
    /// A variable in CMD's environment, placeholders filled in; repeatable
    #[arg(long, value_name = "N=V")]
    env: Vec<OsString>,
    /// What stands on CMD's stdin, placeholders filled in; a newline is added
    #[arg(long, value_name = "TEXT")]
    stdin: Option<OsString>,
    /// What the shell runs before each case, placeholders filled in and quoted
    #[arg(long, value_name = "CMD")]
    setup: Option<OsString>,
    /// What the client is to send [default: a fresh word each run]
    #[arg(long, value_name = "TEXT")]
    message: Option<String>,
    /// What a healthy conversation is
    #[arg(long, value_enum, default_value_t)]
    reply: ReplyArg,
    /// Which trust models
    #[arg(long, value_enum, default_value_t)]
    model: ModelArg,
    /// Over which TLS versions: 1.2, 1.3, each of them, or the best that the client knows
    #[arg(long, value_name = "1.2|1.3|each|best", default_value = "best", value_parser = over)]
    tls: Over,
    /// What counts: what the lab sheet asks, what the RFCs demand, or what they recommend too
    #[arg(long, value_enum, default_value_t)]
    profile: ProfileArg,
    /// Only these cases or families, * allowed; repeatable. Controls always run
    #[arg(long, value_name = "PATTERN")]
    only: Vec<String>,
    /// All but these cases or families
    #[arg(long, value_name = "PATTERN")]
    skip: Vec<String>,
    /// How many cases at a time [default: 2 × cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,
    /// How long a run may take
    #[arg(long, value_name = "TIME", default_value = "15s", value_parser = patience::read)]
    timeout: Duration,
    /// The order of the cases, to be repeated
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// The grid's 8,748 name constraints and the separators too
    #[arg(long)]
    grid: bool,
    /// Start CMD once and tell it each case on a line of its stdin: HOST PORT CA NAME
    ///
    /// CMD has done with a case when it prints a line, or when its connections are over and it stays silent. Exit
    /// statuses say nothing then.
    #[arg(long, conflicts_with_all = ["stdin", "setup", "ca_out", "port"])]
    hold: bool,
    /// What the client speaks in the clear before it asks for TLS: every case stands behind it, and st-* are run
    #[arg(long, value_enum, value_name = "PROTOCOL")]
    starttls: Option<StarttlsArg>,
    /// Whether CMD runs in a network with loopback only
    #[arg(long, value_enum, default_value_t)]
    isolate: IsolateArg,
    /// Without resource limits
    #[arg(long)]
    no_limits: bool,
    /// Once for each FILE, which is {file} in CMD; one summary over all
    #[arg(long, value_name = "FILE", num_args = 1..)]
    each: Vec<PathBuf>,
    #[command(flatten)]
    known: Known,
    /// Show the client's own time and ours, per case
    #[arg(long)]
    timings: bool,
    #[command(flatten)]
    reports: Reports,
    /// The client, after --
    #[arg(last = true, required = true, value_name = "CMD")]
    command: Vec<OsString>,
}

const EXAMPLES: &str = "\
Examples:
  tlslab audit client -- curl -sS --cacert {ca} --resolve {name}:{port}:{host} {url}
  tlslab audit client --profile lab -- python3 client.py {host} {port} {ca} {message}
  tlslab audit client --ca-out cert.pem --port 4433 --stdin {message} -- ./client
  tlslab audit client --profile lab --each submissions/*.py -- python3 {file} {host} {port} {ca} {message}

Exit status: 0 nothing failed, 1 something did, 2 usage, 3 it cannot be judged.";

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum ReplyArg {
    /// HTTP to a request, an echo to anything else
    #[default]
    Auto,
    Echo,
    Http,
    None,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum ModelArg {
    Pinned,
    Ca,
    #[default]
    All,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum ProfileArg {
    Lab,
    #[default]
    Rfc,
    Strict,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum StarttlsArg {
    Imap,
    Pop3,
    Postgres,
    Smtp,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum IsolateArg {
    /// Where the system allows it
    #[default]
    Auto,
    Yes,
    No,
}

impl From<StarttlsArg> for Protocol {
    fn from(protocol: StarttlsArg) -> Self {
        match protocol {
            StarttlsArg::Imap => Self::Imap,
            StarttlsArg::Pop3 => Self::Pop3,
            StarttlsArg::Postgres => Self::Postgres,
            StarttlsArg::Smtp => Self::Smtp,
        }
    }
}

fn over(text: &str) -> std::result::Result<Over, String> {
    match text {
        "best" => Ok(Over::Best),
        "each" => Ok(Over::Each),
        "1.2" => Ok(Over::Only(Versions::Tls12)),
        "1.3" => Ok(Over::Only(Versions::Tls13)),
        _ => Err(format!("expected 1.2, 1.3, each or best, found {text:?}")),
    }
}

/// A clock for certificates that are made when a case is run.
pub(super) fn clock() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

impl Client {
    /// Runs every audit, reports, and returns the exit status.
    pub(super) fn run(&self, ui: &Ui, _now: OffsetDateTime) -> Result<u8> {
        let name = self.expected()?;
        let command = self.command()?;
        let cases = self.cases(&name)?;
        let baseline = self.known.read()?;
        self.check_port()?;
        self.reports.check()?;
        self.warn_of_one_client(ui, &command);
        // One thread until here, as a namespace wants it.
        let isolation = self.isolate()?;
        process::reap_orphans();
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let scratch = Arc::new(Scratch::new()?);
        let trust_file =
            self.ca_out.as_deref().map(TrustFile::prepare).transpose().map_err(Failure::usage)?;
        let supply = Arc::new(Supply::new(name, clock, self.timeout));
        let files: Vec<Option<PathBuf>> = if self.each.is_empty() {
            vec![None]
        } else {
            self.each
                .iter()
                .map(|file| Some(std::path::absolute(file).unwrap_or_else(|_| file.clone())))
                .collect()
        };
        let seed = match self.seed {
            Some(seed) => seed,
            // Short enough to be typed again.
            None => u64::from(u32::from_be_bytes(tlslab::crypto::random()?)),
        };
        let (told, stop) = watch::channel(false);
        let auditing = async {
            let mut audits: Vec<Audit> = Vec::new();
            let reports = self.reports.as_it_goes(report::html);
            let room = Room::new(self.reports.draws());
            for (number, file) in files.iter().enumerate() {
                if *stop.borrow() {
                    break;
                }
                let settings = Settings {
                    setting: Arc::new(Setting {
                        command: command.clone(),
                        file: file.clone(),
                        listen: self.listen,
                        port: self.port,
                        message: self.message.clone(),
                        reply: self.reply(),
                        time: self.timeout,
                        launcher: self.launcher()?,
                        scratch: Arc::clone(&scratch),
                        trust_file: trust_file.clone(),
                        hold: self.hold,
                    }),
                    client: self.command.iter().map(|word| word.to_string_lossy().into_owned()).collect(),
                    name: self.name.clone(),
                    profile: self.profile(),
                    jobs: self.jobs(),
                    seed,
                    isolation: isolation.clone(),
                    room: Arc::clone(&room),
                };
                let tell = |so_far: &dyn Fn() -> Audit| {
                    reports.tell(|| audits.iter().cloned().chain([so_far()]).collect());
                };
                let of = if self.each.is_empty() {
                    String::new()
                } else {
                    let name = file.as_deref().and_then(Path::file_name).unwrap_or_default();
                    format!("{} of {}, {} ", number + 1, files.len(), Escaped(&name.to_string_lossy()))
                };
                let audit = one(ui, of, &settings, &cases, &supply, stop.clone(), &tell).await;
                audits.push(audit);
            }
            reports.end();
            Ok::<_, Failure>(audits)
        };
        let audits = runtime.block_on(async {
            // What is going on is ended in order, and reported.
            let told = |_| {
                told.send_replace(true);
            };
            Signals::new()?.attend(auditing, told).await.map_err(interrupted)?
        });
        let mut audits = audits?;
        drop(scratch);
        if let Some(audit) = audits.first() {
            self.known.save(baseline.as_ref(), &audit.verdicts())?;
        }
        if let Some(baseline) = &baseline {
            for audit in &mut audits {
                audit.baseline = Some(baseline.differences(&audit.verdicts()));
            }
        }
        self.reports.write(&audits, report::html)?;
        self.report(ui, &audits)
    }

    fn profile(&self) -> Profile {
        match self.profile {
            ProfileArg::Lab => Profile::Lab,
            ProfileArg::Rfc => Profile::Rfc,
            ProfileArg::Strict => Profile::Strict,
        }
    }

    /// The cases that are chosen, each made for `name`.
    fn cases(&self, name: &ExpectedName) -> Result<Vec<Planned>> {
        let selection = Selection {
            models: match self.model {
                ModelArg::All => Models::All,
                ModelArg::Ca => Models::Ca,
                ModelArg::Pinned => Models::Pinned,
            },
            over: self.tls,
            only: self.only.clone(),
            skip: self.skip.clone(),
            profile: self.profile(),
        };
        let all = cases::all(name, &self.name, self.grid);
        let all = match self.starttls {
            Some(protocol) => all.into_iter().map(|case| case.behind(protocol.into())).collect(),
            None => all,
        };
        selection.of(&all).map_err(unselected)
    }

    fn report(&self, ui: &Ui, audits: &[Audit]) -> Result<u8> {
        let all = self.each.len().max(1);
        // What was not run cannot be judged.
        let early = if audits.len() < all { 3 } else { 0 };
        let status = worst(audits.iter().map(Audit::exit_status).chain([early]));
        match (audits, self.each.is_empty()) {
            ([audit], true) if ui.json() => {
                ui.print_json(&report::AuditReport::from(audit))?;
            }
            (_, _) if ui.json() => {
                ui.print_json(&report::SubmissionsReport::new(audits, status))?;
            }
            (audits, single) => {
                for audit in audits {
                    if let Some(file) = audit.file.as_ref().filter(|_| !single) {
                        ui.print(&format!("=== {}", Escaped(file)))?;
                    }
                    for line in report::audit(audit, self.timings) {
                        ui.print(&line)?;
                    }
                }
                if !single {
                    ui.print("")?;
                    for line in report::submissions(audits, all) {
                        ui.print(&line)?;
                    }
                }
            }
        }
        if audits.iter().any(|audit| !audit.controls_green) && !ui.quiet() {
            ui.hint(remedy::CONTROLS);
        }
        Ok(status)
    }

    fn command(&self) -> Result<Command> {
        let template = |text: &OsString| {
            Template::read(text).map_err(|error| Failure::usage(error).hint(remedy::BRACES))
        };
        let environment = self
            .env
            .iter()
            .map(|pair| {
                let text = pair.to_string_lossy();
                match text.split_once('=') {
                    Some((name, value)) if !name.is_empty() => Ok((name.into(), template(&value.into())?)),
                    _ => Err(Failure::usage(format!("--env {text}: expected NAME=VALUE"))),
                }
            })
            .collect::<Result<Vec<_>>>()?;
        let command = Command {
            words: self.command.iter().map(template).collect::<Result<_>>()?,
            directory: match &self.cwd {
                Some(folder) if !folder.is_dir() => {
                    return Err(Failure::usage(format!("--cwd {}: no such folder", folder.display())));
                }
                Some(folder) => Some(std::path::absolute(folder)?),
                None => None,
            },
            environment,
            input: self.stdin.as_ref().map(template).transpose()?,
            setup: self.setup.as_ref().map(template).transpose()?,
        };
        let per_case = [Placeholder::Port, Placeholder::Url, Placeholder::Ca];
        if let Some(found) = per_case.into_iter().find(|found| self.hold && command.uses(*found)) {
            let found = found.as_str();
            return Err(Failure::usage(format!("{{{found}}}: with --hold it is another one in each case"))
                .hint(remedy::HELD));
        }
        if let Some(file) = self.each.iter().find(|file| !file.exists()) {
            return Err(Failure::usage(format!("--each {}: no such file", file.display())));
        }
        if !command.words[0].uses(Placeholder::File) {
            check_program(&command)?;
        }
        if self.each.is_empty() && command.uses(Placeholder::File) {
            return Err(Failure::usage("{file}: there is no submission").hint(remedy::SUBMISSIONS));
        }
        Ok(command)
    }

    /// The name that every certificate is made for; and a message, where one is given, that can be looked for.
    fn expected(&self) -> Result<ExpectedName> {
        if self.message.as_deref() == Some("") {
            return Err(Failure::usage("--message: expected what the client is to send, found nothing"));
        }
        match self.name.parse().map_err(Failure::usage)? {
            ExpectedName::Text(_) => Err(Failure::usage(format!(
                "--name {}: expected a host name or an IP address",
                Escaped(&self.name)
            ))),
            name => Ok(name),
        }
    }

    /// Says so where CMD is not told which submission it is.
    fn warn_of_one_client(&self, ui: &Ui, command: &Command) {
        let variable = Placeholder::File.variable();
        let mut texts = self.command.iter().chain(&self.env).chain(&self.setup);
        let told =
            command.uses(Placeholder::File) || texts.any(|text| text.to_string_lossy().contains(variable));
        if !self.each.is_empty() && !told {
            ui.warn(
                "--each: {file} stands nowhere in CMD: where it does not read TLSLAB_FILE either, each submission is \
                 the same client",
            );
        }
    }

    /// A port that somebody has is found before anything is run.
    fn check_port(&self) -> Result<()> {
        let address = std::net::SocketAddr::new(self.listen, self.port.unwrap_or(0));
        // In a network of our own every port is free; what cannot be listened on here cannot be there either.
        std::net::TcpListener::bind(address)
            .map(drop)
            .map_err(|error| Failure::new(format!("{address}: cannot listen: {error}")).status(3))
    }

    fn isolate(&self) -> Result<String> {
        let entered = match self.isolate {
            IsolateArg::No => return Ok("not isolated: --isolate no".to_owned()),
            _ if !self.listen.is_loopback() => Err(format!("--listen {} is not loopback", self.listen)),
            _ => probe().and_then(|()| isolate::enter().map_err(|error| error.to_string())),
        };
        match entered {
            Ok(()) => Ok("isolated: loopback only".to_owned()),
            Err(why) if self.isolate == IsolateArg::Yes => {
                Err(Failure::new(format!("--isolate yes: the client cannot be kept from the network: {why}"))
                    .status(3))
            }
            Err(why) => Ok(format!("not isolated: {why}")),
        }
    }

    fn reply(&self) -> Reply {
        match self.reply {
            ReplyArg::Auto => Reply::Auto,
            ReplyArg::Echo => Reply::Echo,
            ReplyArg::Http => Reply::Http,
            ReplyArg::None => Reply::None,
        }
    }

    /// One port, or one file that says what is trusted, is one case at a time.
    fn jobs(&self) -> usize {
        if self.port.is_some() || self.ca_out.is_some() {
            return 1;
        }
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        self.jobs.map_or(2 * cores, usize::from)
    }

    fn launcher(&self) -> Result<Launcher> {
        Ok(Launcher {
            program: std::env::current_exe()?,
            arguments: vec!["audit".into(), SUPERVISE.into()],
            limits: !self.no_limits,
        })
    }
}

/// Whether a network of our own is to be had, found out by somebody who can be spared: half a namespace, with loopback
/// down, is worse than none.
fn probe() -> std::result::Result<(), String> {
    let tried = std::env::current_exe()
        .and_then(|program| std::process::Command::new(program).args(["audit", SUPERVISE, PROBE]).output())
        .map_err(|error| error.to_string())?;
    if tried.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&tried.stderr);
    Err(said.lines().next().unwrap_or("it cannot be tried").trim_start_matches("tlslab: error: ").to_owned())
}

/// A client that is not there is found before anything is run.
fn check_program(command: &Command) -> Result<()> {
    let word = command.words[0].fill(&Values::default());
    let path = std::env::var_os("PATH").unwrap_or_default();
    find_program(&word, command.directory.as_deref(), &path)
        .map(drop)
        .map_err(|error| Failure::new(format!("the client cannot be started: {error}")).status(3))
}

/// One client, with a bar for whoever watches, and reports written as it goes.
async fn one(
    ui: &Ui,
    of: String,
    settings: &Settings,
    cases: &[Planned],
    supply: &Arc<Supply>,
    stop: watch::Receiver<bool>,
    write: &(dyn Fn(&dyn Fn() -> Audit) + Send + Sync),
) -> Audit {
    let bar = ProgressBar::with_draw_target(
        Some(cases.len() as u64),
        if ui.interactive() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() },
    );
    if let Ok(style) = ProgressStyle::with_template("{prefix}{bar:30} {pos}/{len} {msg}") {
        bar.set_style(style);
    }
    bar.set_prefix(of);
    let tell = |progress: &Progress<'_>| {
        bar.set_position(progress.done as u64);
        bar.set_message(progress.last.planned.id().into_owned());
        write(&|| progress.so_far());
    };
    let audit = auditing::audit(settings, cases, Arc::clone(supply), stop, &tell).await;
    bar.finish_and_clear();
    audit
}
