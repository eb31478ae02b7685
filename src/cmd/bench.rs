//! `tlslab bench`: a load on a server, and what it measured.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use rustls::crypto::CryptoProvider;
use tlslab::bench::{self, LONGEST_MESSAGE, Load, MOST_CONNECTIONS, Measured, Mode};
use tlslab::client::{self, Outcome, Target, Terms};
use tlslab::report::bench::BenchReport;
use tlslab::report::verdict;
use tlslab::tls::names;
use tlslab::verify::{Criteria, Revocation, Usage};
use tlslab::words::Escaped;

use super::flags::{Timeout, TlsVersions};
use super::signals::{Signals, interrupted};
use super::trust::Trust;
use super::{Failure, Result, Ui, connect, patience, remedy};

const EXAMPLES: &str = "\
Examples:
  tlslab bench                                       full handshakes with the lab's server, for ten seconds
  tlslab bench --mode resumed --tls 1.2 --cipher TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
  tlslab bench --mode idle --connections 5000 --duration 30s
  tlslab bench --mode echo --connections 16 --size 512 --json
  tlslab bench localhost:8443 --mode down --group X25519      what a server sends by itself

The server is verified first, as connect does, and in each handshake that follows; a refused one ends it
with connect's exit status. Ctrl-C ends it and reports what was measured until then.

A handshake is timed from connecting to its end, an idle connection too, bulk by the MiB, an echo from
sending it to having it back. Errors, by kind, are counted and end nothing.

Exit status: 0 measured, also with errors, 2 usage, 10 to 30 as connect where nothing was done.";

/// Put a load on a TLS server: handshakes, idle connections, bulk, echo
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Bench {
    /// The server: on loopback, unless --i-may-test-this-host
    #[arg(value_name = "HOST:PORT", default_value = "127.0.0.1:4433")]
    target: Target,
    #[command(flatten)]
    trust: Trust,
    /// What each connection does
    #[arg(long, value_enum, default_value_t)]
    mode: ModeArg,
    /// How many connections at once
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_CONNECTIONS)))]
    connections: u32,
    /// For how long to measure; how long idle connections are held
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = patience::read)]
    duration: Duration,
    /// For how long to work before that, uncounted; 0s for not at all
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = patience::read_or_none)]
    warm_up: Duration,
    #[command(flatten)]
    versions: TlsVersions,
    /// The one cipher suite to offer, by IANA's name
    #[arg(long, value_name = "SUITE")]
    cipher: Option<String>,
    /// The one key exchange group to offer, such as X25519 or secp256r1
    #[arg(long, value_name = "GROUP")]
    group: Option<String>,
    /// The bytes of a message of --mode echo
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=i64::from(LONGEST_MESSAGE)))]
    size: u32,
    #[command(flatten)]
    patience: Timeout,
    /// The host is not this machine, and I am allowed to put a load on it
    #[arg(long)]
    i_may_test_this_host: bool,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum ModeArg {
    /// Full handshakes
    #[default]
    Full,
    /// Resumed handshakes
    Resumed,
    /// Connections that are opened and held
    Idle,
    /// Sending; what comes back is read too
    Up,
    /// Reading what the server sends by itself
    Down,
    /// A message, and the same one back
    Echo,
}

impl From<ModeArg> for Mode {
    fn from(mode: ModeArg) -> Self {
        match mode {
            ModeArg::Full => Self::Full,
            ModeArg::Resumed => Self::Resumed,
            ModeArg::Idle => Self::Idle,
            ModeArg::Up => Self::Up,
            ModeArg::Down => Self::Down,
            ModeArg::Echo => Self::Echo,
        }
    }
}

impl Bench {
    /// Verifies the server, puts the load on it, reports.
    pub(crate) fn run(&self, ui: &Ui) -> Result<u8> {
        let provider = self.provider()?;
        let criteria = Criteria {
            trusted: self.trust.trusted(ui)?,
            name: Some(self.trust.name(|| self.target.default_name())),
            usage: Usage::Server,
            policy: self.trust.policy(),
            revocation: Revocation::default(),
        };
        let terms = Terms {
            criteria,
            at: self.trust.at(),
            versions: self.versions.tls,
            provider,
            identity: None,
            key_log: None,
            patience: self.patience.timeout,
        };
        allow_open_files(self.connections)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let result = runtime.block_on(self.bench(terms, ui));
        // A resolver that hangs must not hold the process.
        runtime.shutdown_background();
        result
    }

    async fn bench(&self, terms: Terms, ui: &Ui) -> Result<u8> {
        let mut signals = Signals::new()?;
        ui.in_background();
        let first = tokio::select! {
            biased;
            cut = signals.stop() => return Err(interrupted(cut)),
            first = self.first(&terms) => first?,
        };
        let address = match first {
            Ok(address) => address,
            Err(outcome) => return self.refused(&outcome, ui),
        };
        let mode = Mode::from(self.mode);
        let load = Load {
            mode,
            address,
            terms,
            connections: self.connections as usize,
            warm_up: self.warm_up,
            duration: self.duration,
            message: self.size as usize,
        };
        ui.say(&self.plan());
        let holding = |count| {
            let duration = humantime::format_duration(self.duration);
            ui.announce(&format!("holding {count} of {} connections for {duration}", self.connections));
        };
        let measured = bench::run(load, holding, async {
            let _ = signals.stop().await;
        })
        .await?;
        if let Some(verdict) = measured.refused.clone() {
            let outcome = Outcome { address: Some(address), verdict: Some(*verdict), ..Outcome::default() };
            return self.refused(&outcome, ui);
        }
        self.report(mode, &measured, ui)
    }

    /// The first handshake, which decides whether there will be others: the address that answered, or why not.
    async fn first(&self, terms: &Terms) -> Result<std::result::Result<SocketAddr, Outcome>> {
        // Looked at before anybody is connected to; a name that has other addresses the next time gets no load there.
        if let Ok(Ok(addresses)) = tokio::time::timeout(self.patience.timeout, self.target.addresses()).await
            && !self.i_may_test_this_host
            && let Some(far) = addresses.iter().find(|address| !address.ip().to_canonical().is_loopback())
        {
            return Err(Failure::usage(format!("{}: {} is not this machine", self.target, far.ip()))
                .hint(remedy::LOADS));
        }
        let (stream, address) = match client::dial(&self.target, self.patience.timeout).await {
            Ok(connected) => connected,
            Err(trouble) => return Ok(Err(Outcome { trouble: Some(trouble), ..Outcome::default() })),
        };
        if !self.i_may_test_this_host && !address.ip().to_canonical().is_loopback() {
            return Err(Failure::usage(format!("{}: {} is not this machine", self.target, address.ip())));
        }
        let handshake = Box::pin(terms.handshake(stream)).await?;
        let accepted = handshake.stream.is_some();
        if let Some(mut stream) = handshake.stream {
            // A goodbye is a courtesy.
            let _ =
                tokio::time::timeout(self.patience.timeout, tokio::io::AsyncWriteExt::shutdown(&mut stream))
                    .await;
        }
        Ok(if accepted { Ok(address) } else { Err(Outcome { address: Some(address), ..handshake.outcome }) })
    }

    fn plan(&self) -> String {
        let connections = tlslab::words::counted(u64::from(self.connections), "connection");
        let duration = humantime::format_duration(self.duration);
        format!("{}: {} with {connections} for {duration}", self.target, Mode::from(self.mode).as_str())
    }

    fn refused(&self, outcome: &Outcome, ui: &Ui) -> Result<u8> {
        if let Some(verdict) = outcome.verdict.as_ref().filter(|verdict| !verdict.accepted()) {
            for line in verdict::table(verdict) {
                ui.say(&line);
            }
        }
        connect::report(&self.target, false, outcome, &[], ui)
    }

    fn report(&self, mode: Mode, measured: &Measured, ui: &Ui) -> Result<u8> {
        let report = BenchReport::new(mode, self.target.to_string(), self.connections as usize, measured);
        if ui.json() {
            ui.print_json(&report)?;
        } else {
            ui.print(&report.lines(mode).join("\n"))?;
        }
        if measured.limited_by_client {
            ui.warn(
                "the load generator itself was the limit: give it more or quicker CPUs than the server, or fewer \
                 connections",
            );
        }
        Ok(0)
    }

    /// What is on offer: everything, or the one suite and the one group that were asked for.
    fn provider(&self) -> Result<Arc<CryptoProvider>> {
        let mut provider = (*tlslab::crypto::provider()).clone();
        if let Some(wanted) = &self.cipher {
            let named = |suite: &rustls::SupportedCipherSuite| names::cipher_suite(suite.suite().into());
            let known: Vec<String> = provider.cipher_suites.iter().map(named).collect();
            provider.cipher_suites.retain(|suite| named(suite).eq_ignore_ascii_case(wanted));
            if provider.cipher_suites.is_empty() {
                return Err(unknown("--cipher", wanted, &known));
            }
            let spoken = |suite: &rustls::SupportedCipherSuite| {
                self.versions.tls.supported().iter().any(|version| version.version == suite.version().version)
            };
            if !provider.cipher_suites.iter().any(spoken) {
                return Err(Failure::usage(format!(
                    "--cipher {wanted}: not a suite of {}",
                    self.versions.tls.words()
                )));
            }
        }
        if let Some(wanted) = &self.group {
            let named = |group: &&dyn rustls::crypto::SupportedKxGroup| names::group(group.name().into());
            let known: Vec<String> = provider.kx_groups.iter().map(named).collect();
            provider.kx_groups.retain(|group| named(group).eq_ignore_ascii_case(wanted));
            if provider.kx_groups.is_empty() {
                return Err(unknown("--group", wanted, &known));
            }
        }
        Ok(Arc::new(provider))
    }
}

fn unknown(flag: &str, wanted: &str, known: &[String]) -> Failure {
    Failure::usage(format!("{flag} {}: expected one of {}", Escaped(wanted), known.join(" ")))
}

/// Each connection is a file; the soft limit is often 1,024.
#[cfg(unix)]
fn allow_open_files(connections: u32) -> Result<()> {
    use rustix::process::{Resource, getrlimit, setrlimit};

    /// Standard streams, the runtime's own, the trust store.
    const OTHERS: u64 = 64;
    let mut limit = getrlimit(Resource::Nofile);
    let wanted = u64::from(connections) + OTHERS;
    if limit.current.is_none_or(|current| current >= wanted) {
        return Ok(());
    }
    if let Some(most) = limit.maximum.filter(|most| *most < wanted) {
        return Err(Failure::usage(format!(
            "--connections {connections}: only {most} files may be open here, and each connection is one"
        ))
        .hint(remedy::more_open_files(wanted)));
    }
    limit.current = Some(wanted);
    setrlimit(Resource::Nofile, limit)?;
    Ok(())
}

#[cfg(not(unix))]
fn allow_open_files(_connections: u32) -> Result<()> {
    Ok(())
}
