//! `tlslab demo`: the whole lab in one command, ending in a verdict.
//!
//! Makes a certificate, serves and dials it over TLS 1.3 and 1.2 through somebody who listens, shows what that
//! somebody has, does the same in plaintext, and then meets four servers that must be refused. Everything is done
//! by the same code as `gencert`, `serve` and `connect`; every statement at the end was checked in this run.

mod observer;
mod scene;

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use rustls::pki_types::CertificateDer;
use serde::Serialize;
use time::{Duration, OffsetDateTime};
use tlslab::pki::facts::CertFacts;
use tlslab::pki::files::{self, NewFile};
use tlslab::pki::issue::Validity;
use tlslab::pki::key::{KeyAlgorithm, PrivateKey};
use tlslab::report::{certificate::CertificateReport, verdict as report};
use tlslab::server::Identity;
use tlslab::tls::Versions;
use tlslab::verify::Reason;

use super::{Result, Ui};
use observer::hex_dump;
use scene::Act;

/// What the client says, and what an observer must not read.
const MESSAGE: &str = "the password is correct-horse-battery-staple";

/// The server that is meant.
const NAME: &str = "www.test.org";

/// Run the whole lab in one command and check every claim
///
/// Makes a certificate, serves it, connects over TLS 1.3 and 1.2 through an observer, shows what the observer has,
/// shows the same in plaintext, and refuses the expired, not-yet-valid, wrong-name and untrusted servers. Needs no
/// network but loopback and leaves nothing behind. Exit status 0 only if every claim held.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tlslab demo
  tlslab demo --out lab       keep the certificate and key
  tlslab demo --json | jq .held")]
pub(crate) struct Demo {
    /// Keep the certificate and its clear key in this directory
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Overwrite files that exist in --out
    #[arg(long, requires = "out")]
    force: bool,
}

/// What `demo --json` prints.
#[derive(Debug, Serialize)]
struct Report {
    /// Whether every claim held.
    held: bool,
    /// 0 if so, else 1.
    exit_status: u8,
    /// The certificate that was made.
    certificate: CertificateReport,
    /// What was claimed and whether it held, in the order of the demo.
    claims: Vec<Claim>,
}

/// A statement that this run has checked.
#[derive(Debug, Serialize)]
struct Claim {
    /// The statement.
    claim: String,
    /// Whether it held.
    held: bool,
    /// What was seen.
    seen: String,
}

impl Demo {
    /// Runs the lab.
    pub(crate) fn run(&self, ui: &Ui, now: OffsetDateTime) -> Result<u8> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("cannot start the runtime")?;
        let report = runtime.block_on(self.acts(ui, now))?;
        if ui.json() {
            ui.print(&serde_json::to_string(&report)?)?;
        }
        Ok(report.exit_status)
    }

    async fn acts(&self, ui: &Ui, now: OffsetDateTime) -> Result<Report> {
        let mut stage = Stage { ui, claims: Vec::new() };

        stage.title("The certificate")?;
        let key = PrivateKey::generate_fast(KeyAlgorithm::Rsa4096)?;
        let validity = Validity { not_before: now, not_after: now + Duration::days(365) };
        let certificate = scene::certificate(&key, NAME, validity)?;
        let facts = CertFacts::read(&certificate)?;
        stage.say("made as `tlslab gencert --cn www.test.org --days 365` makes it:")?;
        for line in [
            format!("subject   {}", facts.subject),
            format!("key       {}", facts.public_key.kind),
            format!(
                "valid     {} to {}",
                tlslab::words::instant(facts.not_before),
                tlslab::words::instant(facts.not_after)
            ),
            format!("SHA-256   {}", tlslab::words::hex(&facts.sha256())),
        ] {
            stage.line(&line)?;
        }
        let folder = self.keep(&certificate, &key)?;
        let identity = Identity::new(files::read_certificates(&folder.path().join("cert.pem"))?, &key)?;

        for (title, versions, protocol) in [
            ("TLS 1.3, with somebody listening", Versions::Tls13, "TLSv1.3"),
            ("TLS 1.2, with somebody listening", Versions::Tls12, "TLSv1.2"),
        ] {
            stage.title(title)?;
            let act = scene::over_tls(&identity, &certificate, versions, now, MESSAGE).await?;
            stage.secured(&act, protocol)?;
        }

        stage.title("The same without TLS")?;
        let act = scene::in_plaintext(MESSAGE).await?;
        stage.plaintext(&act)?;

        stage.title("Servers that must be refused")?;
        let refused = [
            (
                "expired",
                Reason::Expired,
                Validity { not_before: now - Duration::days(30), not_after: now - Duration::days(3) },
                NAME,
            ),
            (
                "not yet valid",
                Reason::NotYetValid,
                Validity { not_before: now + Duration::days(3), not_after: now + Duration::days(30) },
                NAME,
            ),
            ("wrong name", Reason::WrongName, validity, "www.example.com"),
        ];
        let other = PrivateKey::generate(KeyAlgorithm::EcP256)?;
        for (what, reason, validity, name) in refused {
            let bad = scene::certificate(&other, name, validity)?;
            stage.refusal(what, reason, &bad, &bad, &other, now).await?;
        }
        let impostor = scene::certificate(&other, NAME, validity)?;
        stage
            .refusal("same name, other key", Reason::Untrusted, &impostor, &certificate, &other, now)
            .await?;

        let held = stage.claims.iter().all(|claim| claim.held);
        stage.verdict(held)?;
        Ok(Report {
            held,
            exit_status: u8::from(!held),
            certificate: CertificateReport::from(&facts),
            claims: stage.claims,
        })
    }

    /// Writes the certificate and its key where asked, or into a folder that goes away.
    fn keep(&self, certificate: &CertificateDer<'_>, key: &PrivateKey) -> Result<Folder> {
        let folder = match &self.out {
            Some(path) => Folder::Kept(path.clone()),
            None => Folder::Temporary(tempfile::tempdir().context("cannot make a temporary folder")?),
        };
        let new = [
            NewFile { name: "cert.pem", mode: 0o644, contents: files::to_pem("CERTIFICATE", certificate) },
            NewFile {
                name: "clearkey.pem",
                mode: 0o600,
                contents: files::to_pem("PRIVATE KEY", &key.to_pkcs8_der()),
            },
        ];
        files::write_all(folder.path(), &new, self.force)?;
        Ok(folder)
    }
}

enum Folder {
    Kept(PathBuf),
    Temporary(tempfile::TempDir),
}

impl Folder {
    fn path(&self) -> &std::path::Path {
        match self {
            Self::Kept(path) => path,
            Self::Temporary(directory) => directory.path(),
        }
    }
}

/// Narrates and keeps count.
struct Stage<'a> {
    ui: &'a Ui,
    claims: Vec<Claim>,
}

impl Stage<'_> {
    fn title(&self, title: &str) -> Result<()> {
        self.say("")?;
        self.say(title)?;
        self.say(&"-".repeat(title.len()))
    }

    fn say(&self, line: &str) -> Result<()> {
        if !self.ui.json() {
            self.ui.print(line)?;
        }
        Ok(())
    }

    fn line(&self, line: &str) -> Result<()> {
        self.say(&format!("  {line}"))
    }

    fn claim(&mut self, claim: impl Into<String>, held: bool, seen: impl Into<String>) -> Result<()> {
        let claim = Claim { claim: claim.into(), held, seen: seen.into() };
        let mark = if held { "ok  " } else { "FAIL" };
        self.line(&format!("{mark}  {}: {}", claim.claim, claim.seen))?;
        self.claims.push(claim);
        Ok(())
    }

    /// An exchange that must succeed and tell an observer nothing.
    fn secured(&mut self, act: &Act, protocol: &str) -> Result<()> {
        let agreed = act.outcome.session.as_ref().map_or_else(
            || "no session".to_owned(),
            |session| format!("{}, {}, {}", session.protocol, session.cipher_suite, session.key_exchange),
        );
        if let Some(verdict) = &act.outcome.verdict {
            for line in report::table(verdict) {
                self.line(&line)?;
            }
        }
        let is_protocol = act.outcome.session.as_ref().is_some_and(|session| session.protocol == protocol);
        self.claim(
            format!("the client accepts the server over {protocol}"),
            act.outcome.exit_status() == 0 && is_protocol,
            agreed,
        )?;
        self.answered(act)?;
        self.line(&format!(
            "what the observer has, {} octets both ways; the client's first:",
            act.observed.len()
        ))?;
        for line in hex_dump(&act.observed.from_client, 3) {
            self.line(&line)?;
        }
        self.line("and its last, where the message is:")?;
        for line in
            hex_dump(&act.observed.from_client[act.observed.from_client.len().saturating_sub(96)..], 6)
        {
            self.line(&line)?;
        }
        let found = act.observed.occurrences(MESSAGE.as_bytes());
        // Nothing seen would prove nothing: the message itself has to have crossed.
        let crossed = act.observed.from_client.len() > MESSAGE.len();
        self.claim(
            "the message is nowhere in what the observer has",
            found == 0 && crossed,
            format!("{found} times in {} octets", act.observed.len()),
        )?;
        let named = act.observed.occurrences(NAME.as_bytes());
        self.claim(
            "the server's name is not hidden: the client says it in the clear (SNI)",
            named > 0,
            format!("{NAME}, {named} times"),
        )
    }

    fn answered(&mut self, act: &Act) -> Result<()> {
        let echoed = act.reply == format!("{MESSAGE}\n").as_bytes();
        self.claim(
            "the server received the message and answered",
            echoed && act.server_received == act.outcome.sent_bytes,
            format!("{:?}", String::from_utf8_lossy(&act.reply).trim_end()),
        )
    }

    fn plaintext(&mut self, act: &Act) -> Result<()> {
        self.answered(act)?;
        self.line(&format!("what the observer has, {} octets both ways; the client's:", act.observed.len()))?;
        for line in hex_dump(&act.observed.from_client, 4) {
            self.line(&line)?;
        }
        let found = act.observed.occurrences(MESSAGE.as_bytes());
        self.claim(
            "without TLS the observer reads the message",
            found == 2,
            format!("{found} times: on its way there and back"),
        )
    }

    /// A server with the certificate `bad`, dialled by a client that trusts `trusted`.
    async fn refusal(
        &mut self,
        what: &str,
        reason: Reason,
        bad: &CertificateDer<'static>,
        trusted: &CertificateDer<'_>,
        key: &PrivateKey,
        now: OffsetDateTime,
    ) -> Result<()> {
        let identity = Identity::new(vec![bad.clone()], key)?;
        let act = scene::over_tls(&identity, trusted, Versions::Both, now, MESSAGE).await?;
        let verdict = act.outcome.verdict.as_ref();
        let reasons = verdict.map(tlslab::verify::Verdict::reasons).unwrap_or_default();
        let found = verdict
            .and_then(|verdict| verdict.checks.iter().find(|check| !check.ok()))
            .map_or_else(|| "no check failed".to_owned(), |check| check.found.clone());
        let quiet = act.server_received == 0 && act.outcome.sent_bytes == 0;
        self.claim(
            format!("{what} is refused as {reason}, exit status {}, nothing sent", reason.exit_status()),
            reasons == [reason] && act.outcome.exit_status() == reason.exit_status() && quiet,
            found,
        )
    }

    fn verdict(&self, held: bool) -> Result<()> {
        let count = self.claims.len();
        let failed = self.claims.iter().filter(|claim| !claim.held).count();
        self.say("")?;
        if held {
            self.say(&format!("all {count} claims held"))
        } else {
            self.say(&format!("{failed} of {count} claims did not hold"))
        }
    }
}
