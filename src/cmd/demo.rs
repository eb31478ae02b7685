//! `tlslab demo`: the whole lab in one command, ending in a verdict.
//!
//! Talks in plaintext while somebody listens, makes a certificate, talks over TLS 1.3 and 1.2 while somebody listens,
//! shows what that somebody has each time and what a post-quantum certificate costs, and then meets four servers that
//! must be refused. Everything is done by the same code as `gencert`, `serve`, `connect`, `tap` and `dissect`; every
//! statement at the end was checked in this run.

mod scene;
mod wire;

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use rustls::pki_types::CertificateDer;
use serde::Serialize;
use time::{Duration, OffsetDateTime};
use tlslab::crypto::ml_dsa::MlDsa;
use tlslab::pki::facts::CertFacts;
use tlslab::pki::files::{self, NewFile};
use tlslab::pki::issue::Validity;
use tlslab::pki::key::{KeyAlgorithm, PrivateKey};
use tlslab::report::certificate::CertificateReport;
use tlslab::report::dissect::html;
use tlslab::report::sizes::{self, HandshakeReport};
use tlslab::report::verdict as report;
use tlslab::server::Identity;
use tlslab::tls::Versions;
use tlslab::verify::{Examined, Reason};
use tlslab::wire::reading::dissection::{Find, Place};
use tlslab::wire::reading::session::ObservedSession;
use tlslab::wire::reading::sizes::Handshake;
use tlslab::words;

use super::lab::{CERT, CLEAR_KEY, LAB_NAME};
use super::{Failure, Result, Ui, remedy};
use scene::{Act, Meeting};
use wire::{Observed, Reading, Wire, hex_dump};

/// What the client says, and what an observer must not read.
const MESSAGE: &str = "the password is correct-horse-battery-staple";

/// Run the whole lab in one command and check every claim
///
/// Talks in plaintext while an observer records, makes a certificate, connects over TLS 1.3 and 1.2, shows what the
/// observer has each time and how much larger a handshake with a post-quantum certificate is, and refuses the expired,
/// not-yet-valid, wrong-name and untrusted servers. Needs no network but loopback and leaves nothing behind unless told
/// to. Exit status 0 only if every claim held.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tlslab demo
  tlslab demo --html report.html      the exchanges side by side, as a page
  tlslab demo --out lab               keep certificate, key, capture, key log and report
  tlslab demo --json | jq .held

What --out keeps: cert.pem, clearkey.pem, lab.pcapng (opens in Wireshark, its secrets inside), keys.log
and report.html.")]
pub(crate) struct Demo {
    /// Keep what the lab made in this directory
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write the report, a page that needs nothing else, to this file
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Overwrite files that exist
    #[arg(long)]
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
    /// How large the handshakes over TLS 1.3 are, classical and post-quantum.
    handshakes: Vec<HandshakeReport>,
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
            ui.print_json(&report)?;
        }
        Ok(report.exit_status)
    }

    async fn acts(&self, ui: &Ui, now: OffsetDateTime) -> Result<Report> {
        let mut stage = Stage { ui, claims: Vec::new() };
        let folder = Folder::open(self.out.as_deref())?;
        let pages: Vec<PathBuf> =
            self.out.iter().map(|out| out.join("report.html")).chain(self.html.clone()).collect();
        self.check_absent(&folder, &pages)?;

        stage.title("Without TLS, somebody listening")?;
        let wire = Wire::record(folder.path(), self.force)?;
        let act = scene::in_plaintext(MESSAGE, &wire).await?;
        stage.plaintext(&act, &wire.last(MESSAGE)?)?;

        stage.title("The certificate")?;
        let key = PrivateKey::generate_fast(KeyAlgorithm::Rsa4096)?;
        let validity = Validity { not_before: now, not_after: now + Duration::days(365) };
        let certificate = scene::certificate(&key, LAB_NAME, validity)?;
        let facts = CertFacts::read(&certificate)?;
        stage.certificate(&facts)?;
        keep(&folder, &certificate, &key, self.force)?;
        let identity = Identity::new(files::read_certificates(&folder.path().join(CERT))?, &key)?;

        for (title, versions, protocol) in [
            ("TLS 1.3, somebody listening", Versions::Tls13, "TLSv1.3"),
            ("TLS 1.2, somebody listening", Versions::Tls12, "TLSv1.2"),
        ] {
            stage.title(title)?;
            let meeting = Meeting { identity: &identity, trusted: &certificate, versions, at: now };
            let act = meeting.hold(MESSAGE, Some(&wire)).await?;
            stage.secured(&act, &wire.last(MESSAGE)?, protocol)?;
        }

        stage.title("TLS 1.3 with a post-quantum certificate, somebody listening")?;
        let lattice = PrivateKey::generate(KeyAlgorithm::MlDsa(MlDsa::L65))?;
        let signed = scene::certificate(&lattice, LAB_NAME, validity)?;
        let identity = Identity::new(vec![signed.clone()], &lattice)?;
        let meeting = Meeting { identity: &identity, trusted: &signed, versions: Versions::Tls13, at: now };
        let act = meeting.hold(MESSAGE, Some(&wire)).await?;
        stage.secured(&act, &wire.last(MESSAGE)?, "TLSv1.3")?;
        let handshakes = handshakes(&wire.read(MESSAGE)?);
        stage.sizes(&handshakes)?;

        stage.title("Servers that must be refused")?;
        let (long_ago, ago) = (now - Duration::days(30), now - Duration::days(3));
        let (soon, later) = (now + Duration::days(3), now + Duration::days(30));
        let refused = [
            ("expired", Reason::Expired, Validity { not_before: long_ago, not_after: ago }, LAB_NAME),
            ("not yet valid", Reason::NotYetValid, Validity { not_before: soon, not_after: later }, LAB_NAME),
            ("wrong name", Reason::WrongName, validity, "www.example.com"),
        ];
        let other = PrivateKey::generate(KeyAlgorithm::EcP256)?;
        for (what, reason, validity, name) in refused {
            let bad = scene::certificate(&other, name, validity)?;
            stage.refusal(what, reason, &bad, &bad, &other, now).await?;
        }
        let impostor = scene::certificate(&other, LAB_NAME, validity)?;
        let what = "same name, other key";
        stage.refusal(what, Reason::Untrusted, &impostor, &certificate, &other, now).await?;

        let held = stage.claims.iter().all(|claim| claim.held);
        stage.verdict(held)?;
        self.write(&wire, &pages, &handshakes, ui)?;
        Ok(Report {
            held,
            exit_status: u8::from(!held),
            certificate: CertificateReport::from(&Examined::from(facts)),
            claims: stage.claims,
            handshakes: handshakes.iter().map(HandshakeReport::from).collect(),
        })
    }

    /// Nothing is begun that would have to overwrite a file in the end.
    fn check_absent(&self, folder: &Folder, pages: &[PathBuf]) -> Result<()> {
        let made = [CERT, CLEAR_KEY, "lab.pcapng", "keys.log"].map(|name| folder.path().join(name));
        let existing: Vec<String> = made
            .iter()
            .chain(pages)
            .filter(|path| !self.force && path.exists())
            .map(|path| path.display().to_string())
            .collect();
        if existing.is_empty() {
            return Ok(());
        }
        Err(Failure::new(format!("already there: {}", existing.join(", "))).hint(remedy::REPLACE_LAB))
    }

    /// Writes the report wherever it is wanted, and says what was kept.
    fn write(&self, wire: &Wire, pages: &[PathBuf], handshakes: &[Handshake], ui: &Ui) -> Result<()> {
        let reading = wire.read(MESSAGE)?;
        let Reading { dissection, needles, ending } = &reading;
        let sizes = sizes::picture(handshakes);
        let page = html::titled(headline(&reading), dissection, needles, ending, &sizes);
        for path in pages {
            super::dissect::write_page(path, self.force, &page)?;
            ui.say(&format!("wrote {}", path.display()));
        }
        if let Some(out) = &self.out {
            let capture = out.join("lab.pcapng");
            ui.say(&format!(
                "wrote {} and its keys.log: `wireshark {0}` decrypts it at once",
                capture.display()
            ));
        }
        Ok(())
    }
}

/// The handshakes over TLS 1.3 that can be compared: they differ in the server's key alone.
fn handshakes(reading: &Reading) -> Vec<Handshake> {
    let of = |session: &ObservedSession| {
        let leaf = session.tls.as_ref()?.opened_certificates.server.first()?;
        let key = CertFacts::read(leaf).ok()?.public_key.kind;
        Handshake::of(key.to_string(), session)
    };
    reading.dissection.sessions.iter().filter_map(of).collect()
}

/// What the capture shows of the message, as a heading; how it is in each session stands beneath it.
fn headline(reading: &Reading) -> &'static str {
    let dissection = &reading.dissection;
    let sessions: Vec<(bool, bool)> = dissection
        .sessions
        .iter()
        .map(|session| {
            let here =
                |find: &Find| matches!(find.place, Place::Stream(number, _, _) if number == session.number);
            (session.tls.is_some(), dissection.finds.iter().any(here))
        })
        .collect();
    let has = |session| sessions.contains(&session);
    if has((true, false)) && has((false, true)) && !has((true, true)) && !has((false, false)) {
        "The lab: readable without TLS, nowhere with it"
    } else {
        "The lab: what crossed the wire"
    }
}

/// Writes the certificate and its clear key as `gencert` does.
fn keep(folder: &Folder, certificate: &CertificateDer<'_>, key: &PrivateKey, force: bool) -> Result<()> {
    let clear = files::to_pem("PRIVATE KEY", &key.to_pkcs8_der());
    let new = [
        NewFile { name: CERT, mode: 0o644, contents: files::to_pem("CERTIFICATE", certificate) },
        NewFile { name: CLEAR_KEY, mode: 0o600, contents: clear },
    ];
    files::write_all(folder.path(), &new, force)?;
    Ok(())
}

enum Folder {
    Kept(PathBuf),
    Temporary(tempfile::TempDir),
}

impl Folder {
    /// `out`, made if missing, or a folder that goes away.
    fn open(out: Option<&Path>) -> Result<Self> {
        match out {
            Some(path) => {
                std::fs::create_dir_all(path)
                    .with_context(|| format!("{}: cannot create", path.display()))?;
                Ok(Self::Kept(path.to_owned()))
            }
            None => Ok(Self::Temporary(tempfile::tempdir().context("cannot make a temporary folder")?)),
        }
    }

    fn path(&self) -> &Path {
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

    /// A line of the narration.
    fn say(&self, line: &str) -> Result<()> {
        if self.ui.quiet() { Ok(()) } else { self.conclude(line) }
    }

    /// A line of the result.
    fn conclude(&self, line: &str) -> Result<()> {
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
        if held {
            self.line(&format!("ok    {}: {}", claim.claim, claim.seen))?;
        } else {
            self.conclude(&format!("  FAIL  {}: {}", claim.claim, claim.seen))?;
        }
        self.claims.push(claim);
        Ok(())
    }

    fn certificate(&self, facts: &CertFacts) -> Result<()> {
        self.say("made as `tlslab gencert --cn www.test.org --days 365` makes it:")?;
        let (from, to) = (words::instant(facts.not_before), words::instant(facts.not_after));
        self.line(&format!("subject   {}", facts.subject))?;
        self.line(&format!("key       {}", facts.public_key.kind))?;
        self.line(&format!("valid     {from} to {to}"))?;
        self.line(&format!("SHA-256   {}", words::hex(&facts.sha256())))
    }

    /// An exchange that must succeed and tell an observer nothing of what is said.
    fn secured(&mut self, act: &Act, observed: &Observed, protocol: &str) -> Result<()> {
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
        self.show(observed)?;
        self.claim(
            "the message is nowhere readable on the wire",
            observed.readable == 0,
            format!("{} times in {} bytes", observed.readable, observed.bytes()),
        )?;
        // Nothing found proves nothing unless the message was there to be found.
        self.claim(
            "it was there: the session's own keys open it",
            observed.with_the_keys == 2,
            format!("{} times, on its way there and back", observed.with_the_keys),
        )?;
        let name = observed.server_name();
        self.claim(
            "what stays readable: the server's name, which the client asks for (SNI)",
            name.as_deref() == Some(LAB_NAME),
            name.unwrap_or_else(|| "no name".to_owned()),
        )?;
        let shown = observed.shows_certificate();
        let hides = protocol == "TLSv1.3";
        let claim = if hides { "TLS 1.3 hides the certificate" } else { "TLS 1.2 shows the certificate" };
        self.claim(claim, shown != hides, if shown { "readable" } else { "encrypted" })
    }

    /// What post-quantum signatures cost.
    fn sizes(&mut self, handshakes: &[Handshake]) -> Result<()> {
        self.line("how large the handshakes are:")?;
        for handshake in handshakes {
            self.line(&format!("  {:<14}  {}", handshake.label, sizes::line(handshake)))?;
        }
        let (seen, larger) = match handshakes {
            [classical, post_quantum] => (
                format!("{} and {} bytes", classical.bytes, post_quantum.bytes),
                post_quantum.bytes > classical.bytes,
            ),
            others => (format!("{} handshakes to compare", others.len()), false),
        };
        self.claim("the post-quantum handshake is the larger one", larger, seen)
    }

    fn answered(&mut self, act: &Act) -> Result<()> {
        let echoed = act.reply == format!("{MESSAGE}\n").as_bytes();
        self.claim(
            "the server received the message and answered",
            echoed && act.server_received == act.outcome.sent_bytes,
            format!("{:?}", String::from_utf8_lossy(&act.reply).trim_end()),
        )
    }

    /// What the observer has of the message.
    fn show(&self, observed: &Observed) -> Result<()> {
        self.line("what the observer has where the client's message is:")?;
        hex_dump(&observed.message_bytes(MESSAGE)).iter().try_for_each(|line| self.line(&format!("  {line}")))
    }

    fn plaintext(&mut self, act: &Act, observed: &Observed) -> Result<()> {
        self.answered(act)?;
        self.show(observed)?;
        self.claim(
            "everybody on the way reads the message",
            observed.readable == 2,
            format!("{} times, on its way there and back", observed.readable),
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
        let meeting = Meeting { identity: &identity, trusted, versions: Versions::Both, at: now };
        let act = meeting.hold(MESSAGE, None).await?;
        let verdict = act.outcome.verdict.as_ref();
        let reasons = verdict.map(tlslab::verify::Verdict::reasons).unwrap_or_default();
        let found = verdict
            .and_then(|verdict| verdict.checks.iter().find(|check| !check.ok()))
            .map_or_else(|| "no check failed".to_owned(), |check| check.found.to_string());
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
            self.conclude(&format!("all {count} claims held"))
        } else {
            self.conclude(&format!("{failed} of {count} claims did not hold"))
        }
    }
}
