//! `tlslab connect`: verify a server, say every check, then talk to it.

mod listen;
mod replies;

use std::io::{self, IsTerminal};
use std::path::PathBuf;

use anyhow::Context as _;
use clap::{ArgGroup, Args};
use time::OffsetDateTime;
use tlslab::client::carry::Carrier;
use tlslab::client::{self, Input, LocalError, Outcome, Target, Terms, Trouble};
use tlslab::report::certificate;
use tlslab::report::outcome::{OutcomeReport, session_line};
use tlslab::report::verdict;
use tlslab::verify::{Criteria, Examined, ExpectedName, Usage};
use tlslab::who;
use tlslab::wire::Side;
use tlslab::words;
use tokio::io::{AsyncRead, AsyncWrite};

use super::capture::{Capture, Recording};
use super::flags::{DrainTimeout, IdleTimeout, MaxConnections, Passin, Timeout, TlsVersions};
use super::listen::ListenAddress;
use super::revocation::RevocationArgs;
use super::serve::identity::{Files, fits};
use super::trust::Trust;
use super::{Result, Ui, remedy, signals};
use replies::Replies;

const EXAMPLES: &str = "\
Examples:
  tlslab connect --message hello                     the lab's server, its certificate in cert.pem
  tlslab connect --show-cert </dev/null              only look: verify, say nothing, leave
  tlslab connect www.example.com:443 --ca system --verify webpki </dev/null
  tlslab connect 192.0.2.7:4433 --cn www.test.org --at 2027-01-01
  tlslab connect --cert client.pem --key client-key.pem
  tlslab connect --listen 127.0.0.1:8080             then: nc 127.0.0.1 8080, and TLS is spoken for it
  tlslab connect --message hello --pcap lab.pcapng   record; then: tlslab dissect lab.pcapng

No byte of a message is sent, and stdin is not even read, before every check has passed.
A server that closes its stream without close_notify while a reply is missing or half there
counts as cut (exit status 20); where nothing is missing it is a note.

Exit status: 0 accepted, 10 untrusted, 11 wrong name, 12 expired, 13 not yet valid,
14 other certificate fault, 20 handshake failed or stream cut, 30 network or timeout,
130 interrupted, 1 anything else. When several checks fail the lowest wins.";

/// Verify a TLS server, show every check, then exchange lines with it
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
#[command(group = ArgGroup::new("opens").arg("passin").requires("key"))]
#[command(group = ArgGroup::new("carries").args(["idle_timeout", "max_connections", "drain_timeout"]).multiple(true).requires("listen"))]
pub(crate) struct Connect {
    /// Whom to connect to; IPv6 addresses in brackets
    #[arg(value_name = "HOST:PORT", default_value = "127.0.0.1:4433")]
    target: Target,
    #[command(flatten)]
    trust: Trust,
    #[command(flatten)]
    revocation: RevocationArgs,
    #[command(flatten)]
    versions: TlsVersions,
    #[command(flatten)]
    recording: Recording,
    /// The client certificate, for a server that asks for one
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,
    /// The client certificate's private key
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
    #[command(flatten)]
    passin: Passin,
    #[command(flatten)]
    patience: Timeout,
    /// Accept plaintext clients at ADDR and carry each over a TLS connection of its own, the server verified each time
    #[arg(long, value_name = "ADDR", conflicts_with_all = ["message", "show_cert", "plaintext", "pcap"])]
    listen: Option<ListenAddress>,
    #[command(flatten)]
    idle: IdleTimeout,
    #[command(flatten)]
    max_connections: MaxConnections,
    #[command(flatten)]
    drain: DrainTimeout,
    /// Send TEXT as a line and print the reply line; repeatable. Else stdin's lines are sent
    #[arg(long, value_name = "TEXT")]
    message: Vec<String>,
    /// Show every field of the server's certificate, on stdout
    #[arg(long)]
    show_cert: bool,
    /// No TLS at all: nothing is encrypted, nobody is verified
    #[arg(long)]
    plaintext: bool,
}

impl Connect {
    /// The name that the server is to prove.
    fn expected_name(&self) -> ExpectedName {
        self.trust.name(|| self.target.default_name())
    }

    /// Connects, talks, reports, and returns the exit status of what came of it.
    pub(crate) fn run(&self, ui: &Ui, now: OffsetDateTime) -> Result<u8> {
        // What can fail without a server fails before one is bothered.
        self.recording.check()?;
        if let Some(address) = &self.listen {
            let carrier = Carrier {
                target: self.target.clone(),
                terms: terms(self, ui)?,
                max_connections: self.max_connections.get(),
                idle_timeout: self.idle.idle_timeout,
                drain_timeout: self.drain.drain_timeout,
            };
            return listen::run(carrier, address, ui);
        }
        let mode = if self.plaintext { Mode::Plaintext } else { Mode::Tls(Box::new(terms(self, ui)?)) };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let result = runtime.block_on(signals::interruptible(talk(self, mode, ui, now)));
        // A thread may still sit in a read of stdin or in the resolver; nobody waits for it.
        runtime.shutdown_background();
        result
    }
}

/// How to talk: as asked for, and everything read that it takes.
enum Mode {
    Plaintext,
    Tls(Box<Terms>),
}

/// Connects, verifies, talks, reports.
async fn talk(arguments: &Connect, mut mode: Mode, ui: &Ui, now: OffsetDateTime) -> Result<u8> {
    // Before it listens for signals nothing was said; from here on a reader of stderr that sleeps would have it deaf.
    ui.in_background();
    let target = &arguments.target;
    match &mode {
        Mode::Plaintext => ui.say(&format!("connecting to {target} in plaintext")),
        Mode::Tls(terms) => {
            let name = terms.criteria.name.as_ref().map(ToString::to_string).unwrap_or_default();
            ui.say(&format!("connecting to {target}, expecting {}", words::Escaped(&name)));
        }
    }
    let (stream, address) = match client::dial(target, arguments.patience.timeout).await {
        Ok(connected) => connected,
        Err(trouble) => {
            let outcome = Outcome { trouble: Some(trouble), ..Outcome::default() };
            return report(target, arguments.cert.is_some(), &outcome, &[], ui);
        }
    };
    let mut replies = Replies::new(ui.json());
    let warnings = ui.clone();
    let capture = arguments.recording.begin(
        format!("tlslab connect {target}"),
        !arguments.plaintext,
        ui,
        move |line| warnings.warn(&line),
    )?;
    let mut outcome = match &capture {
        None => over(arguments, &mode, stream, &mut replies, ui, now).await?,
        Some(capture) => {
            if let Mode::Tls(terms) = &mut mode {
                terms.key_log = Some(capture.key_log(terms.key_log.take()));
            }
            let stream = capture.record(stream, address, Side::Client);
            over(arguments, &mode, stream, &mut replies, ui, now).await?
        }
    };
    if let Some(sum) = capture.map(Capture::finish) {
        ui.say(&sum);
    }
    outcome.address = Some(address);
    report(target, arguments.cert.is_some(), &outcome, replies.kept(), ui)
}

/// Verifies and talks over a connection.
async fn over<S>(
    arguments: &Connect,
    mode: &Mode,
    stream: S,
    replies: &mut Replies,
    ui: &Ui,
    now: OffsetDateTime,
) -> Result<Outcome>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    match mode {
        Mode::Plaintext => {
            ui.warn(
                "--plaintext: nothing is encrypted and nobody is verified; \
                 whoever is on the way can read and change every byte",
            );
            let mut outcome = Outcome { plaintext: true, ..Outcome::default() };
            exchange(arguments, stream, &mut outcome, replies, ui).await?;
            Ok(outcome)
        }
        Mode::Tls(terms) => {
            let handshake = terms.handshake(stream).await?;
            let mut outcome = handshake.outcome;
            let at = arguments.trust.at().unwrap_or(now);
            if let Some(verdict) = &mut outcome.verdict {
                let name = arguments.expected_name();
                verdict
                    .notes
                    .extend(who::notes_on(verdict, Some(&name), at).into_iter().map(words::Shown::new));
            }
            show(arguments, &outcome, ui, at)?;
            if let Some(stream) = handshake.stream {
                exchange(arguments, stream, &mut outcome, replies, ui).await?;
            }
            Ok(outcome)
        }
    }
}

/// Says what the handshake came to, check by check.
fn show(arguments: &Connect, outcome: &Outcome, ui: &Ui, at: OffsetDateTime) -> Result<()> {
    if let Some(verdict) = &outcome.verdict {
        // Asked for by name, so it is an answer; the JSON object has every field anyway.
        if arguments.show_cert
            && !ui.json()
            && let Some(shown) = Examined::of_verdict(verdict)
        {
            ui.print(&certificate::lines(&shown, at).join("\n"))?;
        }
        for line in verdict::table(verdict) {
            ui.say_check(&line);
        }
    }
    if let Some(session) = &outcome.session {
        ui.say(&session_line(session));
    }
    Ok(())
}

/// Exchanges lines over a connection on which that is allowed.
async fn exchange<S>(
    arguments: &Connect,
    stream: S,
    outcome: &mut Outcome,
    replies: &mut Replies,
    ui: &Ui,
) -> Result<()>
where
    S: AsyncRead + AsyncWrite,
{
    // What was said of the peer stands before what it says.
    ui.finish();
    let input = if arguments.message.is_empty() {
        let typed = io::stdin().is_terminal();
        if typed && ui.interactive() {
            ui.say("type lines to send; Ctrl-D ends");
        }
        let stdin = tokio::io::stdin();
        if typed { Input::Typed(stdin) } else { Input::Stream(stdin) }
    } else {
        Input::Messages(arguments.message.clone())
    };
    let missing = outcome.certificate_requested && arguments.cert.is_none();
    let ended = client::converse(stream, input, replies, arguments.patience.timeout, missing).await;
    if ended.is_ok() {
        replies.end_line(ui)?;
    }
    let ended = ended.map_err(|error| match error {
        LocalError::Input(error) => anyhow::Error::new(error).context("stdin: cannot read what to send"),
        // A closed pipe is seen through the context, and is no failure.
        LocalError::Output(error) => anyhow::Error::new(error).context("stdout: cannot write the replies"),
    })?;
    outcome.sent_bytes = ended.sent;
    outcome.received_bytes = ended.received;
    outcome.trouble = ended.trouble;
    outcome.remarks = ended.remarks;
    for remark in &outcome.remarks {
        ui.say(&format!("note  {remark}"));
    }
    ui.detail(&format!("sent {} bytes, received {} bytes", ended.sent, ended.received));
    Ok(())
}

/// The end: what went wrong and what to do about it, or the JSON object; and the exit status.
pub(super) fn report(
    target: &Target,
    certificate_given: bool,
    outcome: &Outcome,
    replies: &[u8],
    ui: &Ui,
) -> Result<u8> {
    let mut hints = Vec::new();
    if let Some(refused) = outcome.verdict.as_ref().filter(|verdict| !verdict.accepted()) {
        if ui.quiet() {
            // The table was not shown; an error still says what was expected and what was found.
            for check in refused.checks.iter().filter(|check| !check.ok()) {
                ui.error(&format!("{target}: {check}"));
            }
        }
        ui.error(&format!(
            "{target}: {}; nothing was sent (exit status {})",
            verdict::sentence(refused),
            outcome.exit_status()
        ));
        let first = refused.reasons().first().copied();
        hints.extend(first.and_then(remedy::for_reason).map(str::to_owned));
    }
    if let Some(trouble) = &outcome.trouble {
        let words = match trouble {
            // One address, which is the target's own: once is enough.
            Trouble::Unreachable(attempts)
                if attempts.len() == 1 && attempts[0].0.to_string() == target.to_string() =>
            {
                format!("cannot connect: {}", attempts[0].1)
            }
            trouble => trouble.to_string(),
        };
        ui.error(&format!("{target}: {words} (exit status {})", outcome.exit_status()));
        hints.extend(remedy::for_trouble(trouble, target, certificate_given));
    }
    for hint in &hints {
        ui.hint(hint);
    }
    if ui.json() {
        let certificate = outcome.verdict.as_ref().and_then(Examined::of_verdict);
        let hint = hints.into_iter().next();
        let report = OutcomeReport::new(outcome, certificate.as_ref(), replies, hint);
        match ui.print_json(&report) {
            // A verdict stands whether or not somebody waits to read it.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
            printed => printed.context("stdout: cannot write the verdict")?,
        }
    }
    Ok(outcome.exit_status())
}

/// On which terms to shake hands, from the command line and the files it names.
fn terms(arguments: &Connect, ui: &Ui) -> Result<Terms> {
    let trusted = arguments.trust.trusted(ui)?;
    let name = arguments.expected_name();
    let policy = arguments.trust.policy();
    let revocation = arguments.revocation.read()?;
    let identity = match (&arguments.cert, &arguments.key) {
        (Some(certificate), Some(key)) => {
            let (_, identity) = Files::open(certificate, key, arguments.passin.passin.as_ref())?;
            fits(certificate, identity.key_algorithm(), arguments.versions.tls)?;
            Some(identity.certified())
        }
        _ => None,
    };
    let key_log = arguments.recording.key_log(ui)?;
    Ok(Terms {
        criteria: Criteria { trusted, name: Some(name), usage: Usage::Server, policy, revocation },
        at: arguments.trust.at(),
        versions: arguments.versions.tls,
        provider: tlslab::crypto::provider(),
        identity,
        key_log,
        patience: arguments.patience.timeout,
    })
}
