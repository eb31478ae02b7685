//! `tlslab verify`: the verifier, offline.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use clap::{Args, ValueEnum};
use time::OffsetDateTime;
use tlslab::pki::facts::CertFacts;
use tlslab::pki::files;
use tlslab::pki::ocsp::OcspFacts;
use tlslab::report::verdict::{self as report, VerdictReport};
use tlslab::verify::{Criteria, Examined, ExpectedName, Usage, judge};
use tlslab::who;
use tlslab::words;

use super::revocation::RevocationArgs;
use super::trust::{Trust, lab_name};
use super::{Hinted, Result, Ui, remedy};

/// Judge a certificate offline, by the same verifier that connect uses
///
/// Every check runs and is reported, each with what was expected and found. Revocation is judged by the lists given with
/// --crl and the OCSP responses given with --ocsp: nothing is fetched. Not checked: Certificate Transparency, certificate policies.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tlslab verify cert.pem --ca cert.pem --cn www.test.org
  tlslab verify chain.pem --ca root.pem --untrusted intermediate.pem --verify webpki
  tlslab verify server.pem --ca ca/cert.pem --crl crl.pem --revocation require
  tlslab verify server.pem --ca ca/cert.pem --ocsp staple.der
  tlslab verify bob.pem --ca ca/cert.pem --usage client --email bob@test.org --verify webpki
  tlslab verify cert.pem --at 2030-01-01T00:00:00Z")]
pub(crate) struct Verify {
    /// Certificates, PEM or DER: the first is the leaf, further ones are intermediates
    #[arg(required = true, value_name = "CERT")]
    certificates: Vec<PathBuf>,
    /// More intermediates, not trusted by themselves; repeatable
    #[arg(long, value_name = "FILE")]
    untrusted: Vec<PathBuf>,
    #[command(flatten)]
    trust: Trust,
    #[command(flatten)]
    revocation: RevocationArgs,
    /// OCSP responses (DER or PEM) to judge by, as a responder gave them or a server would staple them; repeatable
    #[arg(long = "ocsp", value_name = "FILE")]
    responses: Vec<PathBuf>,
    /// What the certificate is to be used for; `client` expects a name only with --cn or --email
    #[arg(long, value_enum, default_value_t = UsageArg::Server)]
    usage: UsageArg,
    /// The mailbox that a client's certificate must have among its alternative names (policy webpki)
    #[arg(long, value_name = "ADDRESS", value_parser = ExpectedName::email, conflicts_with = "cn")]
    email: Option<ExpectedName>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum UsageArg {
    Server,
    Client,
}

impl Verify {
    fn responses(&self) -> Result<Vec<OcspFacts>> {
        let read = |path: &PathBuf| files::read_ocsp(path).hint(|| remedy::MAKE_OCSP.to_owned());
        self.responses.iter().map(read).collect()
    }

    /// Judges, reports, and returns the exit status of the verdict.
    pub(crate) fn run(&self, ui: &Ui, now: OffsetDateTime) -> Result<u8> {
        let mut chain = Vec::new();
        for path in self.certificates.iter().chain(&self.untrusted) {
            chain.extend(files::read_certificates(path).context("cannot read the certificate to verify")?);
        }
        let trusted = match chain.first().map(|leaf| CertFacts::read(leaf)) {
            // It is malformed whoever is trusted; most often it is itself the one that is.
            Some(Err(_)) => Arc::default(),
            _ => self.trust.trusted(ui)?,
        };
        let usage = match self.usage {
            UsageArg::Server => Usage::Server,
            UsageArg::Client => Usage::Client,
        };
        let expects_name = usage == Usage::Server || self.trust.has_name();
        let criteria = Criteria {
            trusted,
            name: self.email.clone().or_else(|| expects_name.then(|| self.trust.name(lab_name))),
            usage,
            policy: self.trust.policy(),
            revocation: self.revocation.read()?.with_responses(self.responses()?),
        };
        let at = self.trust.at().unwrap_or(now);
        let mut verdict = judge(&chain, &criteria, at);
        if usage == Usage::Server {
            verdict.notes.extend(
                who::notes_on(&verdict, criteria.name.as_ref(), at).into_iter().map(words::Shown::new),
            );
        }
        if ui.json() {
            let certificate = Examined::of_verdict(&verdict);
            ui.print_json(&VerdictReport::new(&verdict, certificate.as_ref()))?;
        } else {
            for line in report::table(&verdict) {
                ui.print(&line)?;
            }
            ui.print(&report::sentence(&verdict))?;
            if let Some(hint) = verdict.reasons().first().copied().and_then(remedy::for_reason) {
                ui.hint(hint);
            }
        }
        Ok(verdict.exit_status())
    }
}
