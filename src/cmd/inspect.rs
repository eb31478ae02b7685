//! `tlslab inspect`: every field of certificates and keys, from files or a live server, without trusting any.

use std::io::{self, Read};
use std::path::Path;

use anyhow::Context;
use clap::Args;
use data_encoding::BASE64;
use time::OffsetDateTime;
use tlslab::client::{self, Target, danger};
use tlslab::inspection::{Inspection, LiveServer};
use tlslab::pki::facts::CertFacts;
use tlslab::pki::{files, items};
use tlslab::report::inspection::{ErrorReport, InspectionReport, blocks};
use tlslab::report::who::WhoReport;
use tlslab::verify::{ExpectedName, Model};
use tlslab::who::{self, Case, Wanted, own_name, predict};
use tlslab::words::Escaped;
use zeroize::Zeroizing;

use super::flags::{Timeout, TlsVersions};
use super::trust::lab_name;
use super::{Failure, Result, Ui, instant, remedy, signals};

/// The most that is read from stdin, as of a file.
const LIMIT: u64 = 16 << 20;

/// What an input should hold, in an error.
const EXPECTED: &str = "a certificate or key";

/// Show every field of certificates and keys, in files or on a live server, without trusting them
///
/// Reads PEM and DER: certificates, bundles, keys (public facts only; how an encrypted one is encrypted is told
/// without its passphrase), certificate signing requests, revocation lists, OCSP responses. Nothing is verified here: `tlslab verify` and
/// `tlslab connect` do that. With --who: which other verifiers would take the certificate, and why not.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tlslab inspect cert.pem
  tlslab inspect cert.pem key.pem                 how the key is encrypted
  tlslab inspect cert.pem clearkey.pem            whether they belong together
  tlslab inspect 127.0.0.1:4433                   what a server shows, unverified
  tlslab inspect www.example.com:443 --pem >server.pem
  cat leaf.pem root.pem | tlslab inspect - --json
  tlslab inspect cert.pem --who                   who would take it as the only trusted certificate
  tlslab inspect chain.pem --who --cn www.example.com --at 2030-01-01

--who predicts what OpenSSL, Python, curl, GnuTLS, NSS, Firefox, Chromium, Go, Java, Node, rustls-webpki
and tlslab's policy lab say to a server with this certificate. It presumes that the certificate (pinned)
or the CA above it (ca-issued) is the only trusted one, that the server holds the key, sends the whole
chain and staples nothing, and that what is not in the input is healthy. Issuers are looked for in the
same input; where several ways lead up, one of them is predicted. Not predicted: revocation,
Certificate Transparency, the rules of public CAs.

Exit status: 0 where everything could be read, 1 where something could not, 20 where a server's
handshake failed, 30 network or timeout. The first failure decides.")]
pub(crate) struct Inspect {
    /// Files, `-` for stdin, or servers; an existing file wins over a server of its name
    #[arg(required = true, value_name = "FILE|HOST:PORT")]
    inputs: Vec<String>,
    /// The name to send to a server (SNI), and that --who expects
    ///
    /// Default: a server's host name, else www.test.org; for a file with --who, the certificate's own.
    #[arg(long, value_name = "NAME")]
    cn: Option<ExpectedName>,
    /// Say which verifiers would take the certificate and which would refuse it, why, and where that is known from
    #[arg(long)]
    who: bool,
    /// For --who, how the certificate comes to be trusted: pinned or ca; default: pinned where it is its own issuer
    #[arg(long = "as", value_name = "MODEL", requires = "who")]
    model: Option<Model>,
    /// For --who, when they look, instead of now (RFC 3339, such as 2026-11-23T12:00:00Z, or a date)
    #[arg(long, value_name = "TIME", requires = "who", value_parser = instant::parse)]
    at: Option<OffsetDateTime>,
    /// For --who, the release of a verifier to speak of, instead of the newest that was measured; repeatable
    ///
    /// Such as node=18, openssl=3.0 or node=20-system (built on the system's OpenSSL, as Debian has it). Of a release that
    /// was not measured nothing is known, and nothing is said.
    #[arg(long = "who-version", value_name = "NAME=VERSION", requires = "who")]
    releases: Vec<Wanted>,
    #[command(flatten)]
    versions: TlsVersions,
    #[command(flatten)]
    patience: Timeout,
    /// Print the certificates themselves, in PEM, and nothing else
    #[arg(long, conflicts_with_all = ["json", "who"])]
    pem: bool,
}

/// The most chains of one input that --who looks at: a peer can send thousands of certificates.
const CHAINS: usize = 1_000;

/// Where an input is.
enum Source<'a> {
    Stdin,
    File(&'a Path),
    Server(Target),
}

impl Inspect {
    /// Shows everything that can be read, says what cannot, and returns the exit status of the first failure.
    pub(crate) fn run(&self, ui: &Ui, now: OffsetDateTime) -> Result<u8> {
        let mut inspection = Inspection::default();
        let mut status = 0;
        let mut fail = |failed: u8| {
            if status == 0 {
                status = failed;
            }
        };
        for input in &self.inputs {
            let known = inspection.errors().len();
            let result = match source(input)? {
                Source::Stdin => stdin().and_then(|bytes| add(&mut inspection, input, &bytes)),
                Source::File(path) => {
                    let read = files::read_bounded(path, EXPECTED).map_err(Failure::from);
                    read.and_then(|bytes| add(&mut inspection, input, &bytes))
                }
                Source::Server(target) => self.live(&mut inspection, input, &target, ui),
            };
            match result {
                Ok(()) if inspection.errors().len() > known => fail(1),
                Ok(()) => {}
                // One input alone fails as any command does; among several the others are still shown.
                Err(failure) if self.inputs.len() == 1 && inspection.is_empty() => return Err(failure),
                Err(failure) => {
                    inspection.add_error(input, None, failure.to_string());
                    fail(failure.exit_status());
                }
            }
        }
        let who =
            if self.who { self.predictions(&inspection, self.at.unwrap_or(now), ui)? } else { Vec::new() };
        self.show(&inspection, who, now, ui)?;
        Ok(status)
    }

    /// Who would take each certificate that is not another's issuer.
    fn predictions(&self, inspection: &Inspection, at: OffsetDateTime, ui: &Ui) -> Result<Vec<WhoReport>> {
        let at = at.replace_nanosecond(0).unwrap_or(at);
        let inputs = inspection.by_source();
        if inputs.is_empty() && inspection.errors().is_empty() {
            return Err(self.no_certificate());
        }
        let mut found = Vec::new();
        for (source, certificates) in inputs {
            let chains = who::chains(&certificates);
            if chains.len() > CHAINS {
                let left = chains.len() - CHAINS;
                ui.warn(&format!(
                    "{source}: {left} more chains are not looked at, beyond the first {CHAINS}"
                ));
            }
            for (place, chain) in chains.into_iter().take(CHAINS) {
                found.push(self.prediction(source, place + 1, &chain, certificates.len(), at)?);
            }
        }
        Ok(found)
    }

    /// Who would take the first certificate of `chain`, the one with this number among the `known` ones of `source`.
    fn prediction(
        &self,
        source: &str,
        number: usize,
        chain: &[&CertFacts],
        known: usize,
        at: OffsetDateTime,
    ) -> Result<WhoReport> {
        let Some((leaf, issuers)) = chain.split_first() else { return Err(self.no_certificate()) };
        let model = self.model.unwrap_or_else(|| Model::of(leaf));
        if model == Model::Ca && leaf.is_self_issued() {
            return Err(Failure::new(format!(
                "{source}: expected a certificate that somebody else issued (--as ca), found one that is its own issuer"
            ))
            .hint(remedy::AS_PINNED));
        }
        let server = match self::source(source) {
            Ok(Source::Server(target)) => Some(target.default_name()),
            _ => None,
        };
        // What else a file has, nobody has to send.
        let sent = if server.is_some() { known } else { 0 };
        let name = self.cn.clone().or(server).or_else(|| own_name(leaf)).unwrap_or_else(lab_name);
        let issuers = if model == Model::Pinned { &[] } else { issuers };
        let case = Case { leaf, issuers, sent, model, name: Some(&name), at };
        Ok(WhoReport::new(source, number, &case, &predict(&case, &self.releases)))
    }

    fn no_certificate(&self) -> Failure {
        Failure::new(format!("{}: expected a certificate, found none", self.inputs.join(", ")))
    }

    fn show(&self, inspection: &Inspection, who: Vec<WhoReport>, now: OffsetDateTime, ui: &Ui) -> Result<()> {
        for error in inspection.errors().iter().map(ErrorReport::from) {
            let line = error.line.map_or_else(String::new, |line| format!(" line {line}:"));
            // What was read from a file names it already.
            let named =
                error.error.strip_prefix(&format!("{}: ", Escaped(&error.source))).unwrap_or(&error.error);
            ui.error(&format!("{}:{line} {named}", error.source));
        }
        if ui.json() {
            ui.print_json(&InspectionReport::new(inspection, now, who))?;
        } else if self.pem {
            if inspection.certificates().next().is_none() {
                return Err(self.no_certificate());
            }
            for (_, certificate) in inspection.certificates() {
                ui.print(&pem(&certificate.der))?;
            }
        } else if self.who {
            let text = who.iter().map(|who| who.lines().join("\n")).collect::<Vec<_>>().join("\n\n");
            if !text.is_empty() {
                ui.print(&text)?;
                ui.print("")?;
                for line in who.first().map(WhoReport::releases).unwrap_or_default() {
                    ui.print(&line)?;
                }
            }
        } else {
            let blocks = blocks(inspection, now);
            let text = blocks.iter().map(|block| block.join("\n")).collect::<Vec<_>>().join("\n\n");
            if !text.is_empty() {
                ui.print(&text)?;
            }
        }
        Ok(())
    }

    /// Looks at a live server.
    fn live(&self, inspection: &mut Inspection, input: &str, target: &Target, ui: &Ui) -> Result<()> {
        let name = self.cn.clone().unwrap_or_else(|| target.default_name());
        ui.detail(&format!("connecting to {target}"));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let looked = runtime.block_on(signals::interruptible(async {
            let (stream, address) = client::dial(target, self.patience.timeout).await.map_err(|trouble| {
                Failure::new(format!("{input}: {trouble}")).status(trouble.reason().exit_status())
            })?;
            let sight = danger::look(stream, Some(&name), self.versions.tls, self.patience.timeout).await?;
            Ok((sight, address))
        }));
        // A resolver that hangs must not hold the process.
        runtime.shutdown_background();
        let (sight, address) = looked?;
        let trouble = sight.trouble.map(|trouble| {
            Failure::new(format!("{input}: {trouble}")).status(trouble.reason().exit_status())
        });
        if sight.chain.is_empty() && sight.session.is_none() {
            return Err(trouble.unwrap_or_else(|| Failure::new(format!("{input}: no certificate was shown"))));
        }
        let server = LiveServer {
            address: address.to_string(),
            server_name: matches!(name, ExpectedName::Dns(_)).then(|| name.to_string()),
            session: sight.session,
        };
        let chain = sight.chain.iter().map(|der| CertFacts::read_leniently(der));
        inspection.add_live(input, server, chain);
        trouble.map_or(Ok(()), Err)
    }
}

/// An existing file wins; what has a colon may be a server.
fn source(input: &str) -> Result<Source<'_>> {
    if input == "-" {
        return Ok(Source::Stdin);
    }
    let path = Path::new(input);
    // A link that leads nowhere is a file too, and its error says so.
    if std::fs::symlink_metadata(path).is_ok() || !input.contains(':') {
        return Ok(Source::File(path));
    }
    match input.parse() {
        Ok(target) => Ok(Source::Server(target)),
        Err(bad) => Err(Failure::new(format!("{input}: no such file, and no server either: {bad}"))
            .hint(remedy::FILE_OR_SERVER)),
    }
}

fn stdin() -> Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::new());
    io::stdin().lock().take(LIMIT + 1).read_to_end(&mut bytes).context("-: cannot read stdin")?;
    if bytes.len() as u64 > LIMIT {
        return Err(Failure::new("-: expected at most 16 MiB on stdin, found more"));
    }
    Ok(bytes)
}

fn add(inspection: &mut Inspection, input: &str, bytes: &[u8]) -> Result<()> {
    let found = items::items(bytes).with_context(|| input.to_owned())?;
    inspection.add(input, found);
    Ok(())
}

/// RFC 7468: 64 characters a line.
fn pem(der: &[u8]) -> String {
    let text = BASE64.encode(der);
    let mut lines = vec!["-----BEGIN CERTIFICATE-----"];
    let mut rest = text.as_str();
    while !rest.is_empty() {
        // Base64 is ASCII: every index is a character's.
        let (line, after) = rest.split_at(rest.len().min(64));
        lines.push(line);
        rest = after;
    }
    lines.push("-----END CERTIFICATE-----");
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_have_a_colon() {
        assert!(matches!(source("-"), Ok(Source::Stdin)));
        assert!(matches!(source("no/such/cert.pem"), Ok(Source::File(_))));
        assert!(matches!(source("www.test.org:4433"), Ok(Source::Server(_))));
        assert!(matches!(source("[::1]:4433"), Ok(Source::Server(_))));
        assert!(source("www.test.org:port").is_err());
    }
}
