//! `tlslab audit server`: words → settings → audits → reports.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use time::OffsetDateTime;
use tlslab::audit::client::matches_pattern;
use tlslab::audit::server::checks::{CHECKS, Check};
use tlslab::audit::server::collect::{NoServer, Settings, collect};
use tlslab::audit::server::facts::{ClientSays, Facts};
use tlslab::audit::server::judge::{Profile, deviations, judge};
use tlslab::audit::server::mending;
use tlslab::audit::server::probe::Limits;
use tlslab::audit::server::result::ServerAudit;
use tlslab::audit::server::starttls::StartTls;
use tlslab::client::Target;
use tlslab::report::audit::server as report;
use tlslab::verify::{ExpectedName, Model, Policy, TrustSet};
use tlslab::who;

use super::super::lab::CERT;
use super::known::Known;
use super::reports::Reports;
use crate::cmd::trust::{self, Expected};
use crate::cmd::{Failure, Result, Ui, patience, remedy, signals};

/// Judge somebody's TLS server: versions, suites, groups, certificate, known attacks, robustness
///
/// Loopback and private addresses freely; any other host only with --i-may-test-this-host, one connection at a time and
/// without ordeals. Nothing is sent that could break a sound server, and no application byte.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true, after_long_help = EXAMPLES)]
#[allow(clippy::struct_excessive_bools, reason = "switches of a command line")]
pub(super) struct Server {
    /// The server [default port: 4433]
    #[arg(value_name = "HOST:PORT", required_unless_present_any = ["each", "list"])]
    target: Option<String>,
    /// Trusted certificates: a PEM or DER file, or `system`; repeatable [default: cert.pem, where there is one]
    #[arg(long, value_name = "FILE|system")]
    ca: Vec<PathBuf>,
    #[command(flatten)]
    expected: Expected,
    /// What counts: what the lab sheet asks, what RFC 9325 demands, what it recommends too, or Mozilla's guidelines
    #[arg(long, value_enum, default_value_t)]
    profile: ProfileArg,
    /// Only these checks or families, * allowed; repeatable
    #[arg(long, value_name = "PATTERN")]
    only: Vec<String>,
    /// What speaks before TLS
    #[arg(long, value_name = "smtp|imap|pop3|ldap|postgres")]
    starttls: Option<StartTls>,
    /// A file of servers, one a line, # for comments; a table over all of them
    #[arg(long, value_name = "FILE", conflicts_with = "target")]
    each: Option<PathBuf>,
    /// Print the checks, and audit nothing
    #[arg(long)]
    list: bool,
    /// Show beside each failure how this server is configured
    #[arg(long, value_name = "SERVER", value_parser = mending::SERVERS)]
    mend: Option<String>,
    /// How many connections at a time
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=64))]
    concurrency: u16,
    /// How many connections a second [default: 500 to loopback and private addresses, else 10]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rate: Option<u32>,
    /// How long one connection may take
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = patience::read)]
    timeout: Duration,
    /// How long the whole may take, for each server
    #[arg(long, value_name = "TIME", default_value = "2m", value_parser = patience::read)]
    deadline: Duration,
    /// The host is neither on loopback nor private, and I am allowed to test it
    #[arg(long)]
    i_may_test_this_host: bool,
    #[command(flatten)]
    known: Known,
    #[command(flatten)]
    reports: Reports,
}

const EXAMPLES: &str = "\
Examples:
  tlslab audit server 127.0.0.1:4433                    the lab's server, with cert.pem as what is trusted
  tlslab audit server 127.0.0.1:8443 --profile strict --mend nginx
  tlslab audit server mail.lab:25 --starttls smtp --json
  tlslab audit server --each servers.txt
  tlslab audit server --list

Exit status: 0 nothing failed, 1 something did, 2 usage, 20 no TLS there, 30 network.";

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum ProfileArg {
    Lab,
    #[default]
    Rfc,
    Strict,
    Modern,
    Intermediate,
}

impl From<ProfileArg> for Profile {
    fn from(profile: ProfileArg) -> Self {
        match profile {
            ProfileArg::Lab => Self::Lab,
            ProfileArg::Rfc => Self::Rfc,
            ProfileArg::Strict => Self::Strict,
            ProfileArg::Modern => Self::Modern,
            ProfileArg::Intermediate => Self::Intermediate,
        }
    }
}

impl Server {
    /// Audits every server, reports, and returns the exit status.
    pub(super) fn run(&self, ui: &Ui, now: OffsetDateTime) -> Result<u8> {
        for pattern in &self.only {
            if !CHECKS.iter().any(|check| names(check, pattern)) {
                return Err(Failure::usage(format!(
                    "--only {}: no check or family of that name",
                    tlslab::words::Escaped(pattern)
                ))
                .hint(remedy::CHECKS));
            }
        }
        if self.list {
            return self.print_checks(ui);
        }
        let targets = self.targets()?;
        let trusted = self.trusted(ui)?;
        let baseline = self.known.read()?;
        self.reports.check()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let audits = runtime.block_on(signals::interruptible(async {
            let mut audits = Vec::new();
            for (text, target) in &targets {
                ui.detail(&format!("auditing {text}"));
                audits.push(self.one(text, target, trusted.clone(), now).await?);
                // As it goes: what is done stays done, whatever becomes of the rest.
                self.reports.write(&audits, report::html)?;
            }
            Ok(audits)
        }));
        // A resolver that hangs must not hold the process.
        runtime.shutdown_background();
        let mut audits = audits?;
        if let Some(audit) = audits.first() {
            self.known.save(baseline.as_ref(), &audit.verdicts())?;
        }
        if let Some(baseline) = &baseline {
            for audit in &mut audits {
                audit.baseline = Some(baseline.differences(&audit.verdicts()));
            }
            self.reports.write(&audits, report::html)?;
        }
        self.report(ui, &audits)
    }

    fn wants(&self, check: &Check) -> bool {
        self.only.is_empty() || self.only.iter().any(|pattern| names(check, pattern))
    }

    fn print_checks(&self, ui: &Ui) -> Result<u8> {
        if ui.json() {
            ui.print_json(&report::ChecksReport::new(|check| self.wants(check)))?;
            return Ok(0);
        }
        let mut count = 0;
        for check in CHECKS.iter().filter(|check| self.wants(check)) {
            count += 1;
            ui.print(&format!(
                "{:<24} {:<12} {:<7} {:<7} {} ({})",
                check.id,
                check.family,
                Profile::from(self.profile).grade(check).as_str(),
                check.severity.as_str(),
                check.title,
                check.citation
            ))?;
        }
        ui.print(&format!("{} in all", tlslab::words::counted(count, "check")))?;
        Ok(0)
    }

    /// The servers, as they were written and as they were read.
    fn targets(&self) -> Result<Vec<(String, Target)>> {
        let mut texts: Vec<String> = self.target.iter().cloned().collect();
        if let Some(path) = &self.each {
            let told =
                |what: &dyn std::fmt::Display| Failure::usage(format!("--each {}: {what}", path.display()));
            let text = std::fs::read_to_string(path).map_err(|error| told(&error))?;
            let line = |line: &str| line.split('#').next().unwrap_or_default().trim().to_owned();
            texts.extend(text.lines().map(line).filter(|line| !line.is_empty()));
            if texts.is_empty() {
                return Err(told(&"expected a server a line, such as 127.0.0.1:4433, found none"));
            }
        }
        texts
            .into_iter()
            .map(|text| {
                let target = text.parse().map_err(Failure::usage)?;
                Ok((text, target))
            })
            .collect()
    }

    /// What is trusted: what was named, else cert.pem where there is one, as connect has it.
    fn trusted(&self, ui: &Ui) -> Result<Option<Arc<TrustSet>>> {
        let lab = PathBuf::from(CERT);
        if self.ca.is_empty() && !lab.exists() {
            return Ok(None);
        }
        let sources = if self.ca.is_empty() { vec![lab] } else { self.ca.clone() };
        trust::trusted(&sources, ui).map(Some)
    }

    /// One server.
    async fn one(
        &self,
        text: &str,
        target: &Target,
        trusted: Option<Arc<TrustSet>>,
        now: OffsetDateTime,
    ) -> Result<ServerAudit> {
        let profile = Profile::from(self.profile);
        let none = |why: String, status| ServerAudit {
            target: text.to_owned(),
            profile,
            facts: Err((why, status)),
            results: Vec::new(),
            deviations: Vec::new(),
            baseline: None,
        };
        let found = match tokio::time::timeout(self.timeout, target.addresses()).await {
            Err(_) => return Ok(none("its name was not resolved in time".to_owned(), 30)),
            Ok(Err(error)) => return Ok(none(format!("its name cannot be resolved: {error}"), 30)),
            Ok(Ok(found)) => found,
        };
        let Some(address) = found.first().copied() else {
            return Ok(none("it has no address".to_owned(), 30));
        };
        let near = is_near(address.ip());
        if !near && !self.i_may_test_this_host {
            return Err(Failure::usage(format!(
                "{text}: expected a loopback or private address, found {}",
                address.ip()
            ))
            .hint(remedy::STRANGERS));
        }
        let name = self.expected.name(|| target.default_name());
        let settings = Settings {
            address,
            name: name.clone(),
            trusted,
            policy: if profile == Profile::Lab { Policy::Lab } else { Policy::Webpki },
            starttls: self.starttls,
            limits: Limits {
                concurrency: if near { usize::from(self.concurrency) } else { 1 },
                rate: self.rate.unwrap_or(if near { 500 } else { 10 }),
                patience: self.timeout,
                deadline: self.deadline,
            },
            ordeals: near,
            at: self.expected.at.unwrap_or(now),
        };
        Ok(match Box::pin(collect(&settings)).await {
            Err(NoServer::Network(why)) => none(why, 30),
            Err(error @ NoServer::NoTls(_)) => none(error.to_string(), 20),
            Ok(mut facts) => {
                facts.clients = predictions(&facts, &name);
                let results = judge(&facts, profile, |check| self.wants(check));
                let deviations = deviations(&facts, profile, &results);
                ServerAudit {
                    target: text.to_owned(),
                    profile,
                    facts: Ok(Box::new(facts)),
                    results,
                    deviations,
                    baseline: None,
                }
            }
        })
    }

    fn report(&self, ui: &Ui, audits: &[ServerAudit]) -> Result<u8> {
        let status = worst(audits);
        match audits {
            [audit] if self.each.is_none() => {
                if ui.json() {
                    ui.print_json(&json(audit))?;
                } else if let Err((why, status)) = &audit.facts {
                    return Err(Failure::new(format!("{}: {why}", audit.target)).status(*status));
                } else {
                    print_all(ui, report::audit(audit, self.mend.as_deref()))?;
                }
            }
            _ if ui.json() => {
                let servers = audits.iter().map(json).collect();
                ui.print_json(&report::ServersReport { servers, exit_status: status })?;
            }
            audits => {
                for audit in audits {
                    ui.print(&format!("=== {}", tlslab::words::Escaped(&audit.target)))?;
                    print_all(ui, report::audit(audit, self.mend.as_deref()))?;
                }
                ui.print("")?;
                print_all(ui, report::servers(audits))?;
            }
        }
        Ok(status)
    }
}

fn json(audit: &ServerAudit) -> report::ServerReport<'_> {
    report::ServerReport::new(audit, &audit.chain())
}

fn print_all(ui: &Ui, lines: Vec<String>) -> Result<()> {
    for line in lines {
        ui.print(&line)?;
    }
    Ok(())
}

/// What failed counts before what could not be judged.
fn worst(audits: &[ServerAudit]) -> u8 {
    let all: Vec<u8> = audits.iter().map(ServerAudit::exit_status).collect();
    [1, 20, 30].into_iter().find(|status| all.contains(status)).unwrap_or(0)
}

fn names(check: &Check, pattern: &str) -> bool {
    matches_pattern(pattern, check.id) || matches_pattern(pattern, check.family)
}

/// Loopback, link-local and private addresses (RFC 1918, RFC 4193).
fn is_near(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private() || v4.is_link_local(),
        IpAddr::V6(v6) => {
            v6.is_loopback()
                || v6.is_unique_local()
                || v6.is_unicast_link_local()
                || v6.to_ipv4_mapped().is_some_and(|v4| is_near(IpAddr::V4(v4)))
        }
    }
}

/// What other verifiers would say, were the leaf (its own issuer) or the CA above it the only one that they trust.
fn predictions(facts: &Facts, name: &ExpectedName) -> Vec<ClientSays> {
    let Some(leaf) = facts.certificates.first() else { return Vec::new() };
    let model = Model::of(leaf);
    let sent = facts.certificates.len();
    let chain = who::chain(leaf, &facts.certificates.iter().collect::<Vec<_>>());
    let issuers = if model == Model::Pinned { &[] } else { &chain[1..] };
    let case = who::Case { leaf, issuers, sent, model, name: Some(name), at: facts.at };
    who::predict(&case, &[])
        .iter()
        .map(|prediction| ClientSays {
            client: prediction.verifier.as_str(),
            accepts: prediction.accepts(),
            why: if let who::Says::NotKnown(why) = &prediction.says {
                why.clone()
            } else {
                let refusals = prediction.refusals().iter();
                refusals.map(|refusal| refusal.words.as_str()).collect::<Vec<_>>().join("; ")
            },
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_is_loopback_and_private() {
        for near in
            ["127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.0.1", "::1", "fd00::1", "::ffff:127.0.0.1"]
        {
            assert!(is_near(near.parse().unwrap()), "{near}");
        }
        for far in ["8.8.8.8", "2001:db8::1", "::ffff:8.8.8.8", "172.32.0.1"] {
            assert!(!is_near(far.parse().unwrap()), "{far}");
        }
    }
}
