//! `tlslab revoke`: a CA takes certificates back, in a certificate revocation list that is new or one number higher.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use num_bigint::BigUint;
use rustls::pki_types::CertificateDer;
use time::{Duration, OffsetDateTime};
use tlslab::pki::crl::{CrlFacts, RevocationReason, same_number};
use tlslab::pki::facts::CertFacts;
use tlslab::pki::files::{self, read_certificates, read_crls, read_private_key};
use tlslab::pki::key::{Passphrase, PrivateKey};
use tlslab::pki::revoke::{CrlPlan, EntryPlan};
use tlslab::report::crl::CrlReport;
use tlslab::verify::{check_issued, check_list, check_lister};
use tlslab::words;

use super::passphrase::PassphraseSource;
use super::signals::undisturbed;
use super::{Failure, Hinted, Result, Ui};

/// Take certificates back: write or extend a CA's certificate revocation list
///
/// The list at --crl is read, where there is one, and replaced by one whose number is higher by one: all of what it says,
/// and the given certificates. Without a certificate the list is only made anew, which it must be before its next update
/// is due. Whoever is to heed it is given it: `tlslab verify --crl crl.pem`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tlslab revoke server/cert.pem --ca ca/cert.pem --ca-key ca/clearkey.pem --reason keyCompromise
  tlslab revoke --ca ca/cert.pem --ca-key ca/clearkey.pem --days 7          the same list anew
  tlslab revoke bob.pem --ca ca/cert.pem --ca-key ca/clearkey.pem --reason removeFromCRL    off hold again
  tlslab verify server/cert.pem --ca ca/cert.pem --crl crl.pem")]
pub(crate) struct Revoke {
    /// Certificates to revoke, PEM or DER: the first of each file
    #[arg(value_name = "CERT")]
    certificates: Vec<PathBuf>,
    /// The certificate of the CA that issued them
    #[arg(long, value_name = "CERT")]
    ca: PathBuf,
    /// The CA's private key
    #[arg(long, value_name = "KEY")]
    ca_key: PathBuf,
    /// Passphrase of an encrypted CA key: prompt, env:VAR, file:PATH or stdin
    #[arg(long, value_name = "SOURCE")]
    passin: Option<PassphraseSource>,
    /// Why, by RFC 5280's names: keyCompromise, cACompromise, affiliationChanged, superseded, cessationOfOperation,
    /// certificateHold, removeFromCRL (off hold again), privilegeWithdrawn, aACompromise
    #[arg(long, value_name = "REASON", default_value = "unspecified")]
    reason: RevocationReason,
    /// The list to write or extend
    #[arg(long, value_name = "FILE", default_value = "crl.pem")]
    crl: PathBuf,
    /// In how many days the next list is due
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..))]
    days: u16,
}

impl Revoke {
    /// Everything that can be refused is refused before anything is written.
    pub(crate) fn run(&self, ui: &Ui, now: OffsetDateTime) -> Result<u8> {
        let (certificate, issuer) = self.issuer()?;
        let key = self.unlock()?;
        check_lister(&issuer, &key, now)
            .map_err(|error| Failure::new(format_args!("{}: {error}", self.ca.display())))?;
        let earlier = self.earlier(&issuer)?;
        let number = earlier
            .as_ref()
            .and_then(|list| list.number.as_deref())
            .map_or_else(|| BigUint::from(1_u8), |number| BigUint::from_bytes_be(number) + 1_u8);
        // RFC 5280 §5.1.2.4: whole seconds.
        let at = now.replace_nanosecond(0).unwrap_or(now);
        let due = at + Duration::days(i64::from(self.days));
        let mut plan = CrlPlan::draft(&certificate, &key, &positive(&number), at, due)?;
        if let Some(earlier) = &earlier {
            plan.take_over(earlier)
                .map_err(|fault| Failure::new(format_args!("{}: {fault}", self.crl.display())))?;
        }
        for path in &self.certificates {
            self.revoke(path, &issuer, &mut plan, earlier.as_ref(), at, ui)?;
        }
        let der = plan.sign(&key)?;
        let made = CrlFacts::read(&der)
            .map_err(|error| Failure::new(format_args!("what was made cannot be read back: {}", error.0)))?;
        let pem = files::to_pem("X509 CRL", &der);
        undisturbed(|| files::write_one(&self.crl, 0o644, &pem, earlier.is_some()))
            .context("cannot hold back signals while the list is written")??;
        self.show(&made, ui)?;
        Ok(0)
    }

    fn issuer(&self) -> Result<(CertificateDer<'static>, CertFacts)> {
        let chain = read_certificates(&self.ca)?;
        let Some(certificate) = chain.into_iter().next() else {
            return Err(Failure::new(format_args!("{}: expected a certificate", self.ca.display())));
        };
        let facts = CertFacts::read(&certificate)
            .map_err(|error| Failure::new(format_args!("{}: {error}", self.ca.display())))?;
        Ok((certificate, facts))
    }

    fn unlock(&self) -> Result<PrivateKey> {
        let found = read_private_key(&self.ca_key)?;
        let passphrase = if found.is_encrypted() {
            PassphraseSource::read_for(self.passin.as_ref(), &self.ca_key)?
        } else {
            Passphrase::new(String::new())
        };
        Ok(found.unlock(&self.ca_key, &passphrase)?)
    }

    /// The list that is there: this CA's, whole.
    fn earlier(&self, issuer: &CertFacts) -> Result<Option<CrlFacts>> {
        files::check_one(&self.crl, true)?;
        if !self.crl.exists() {
            return Ok(None);
        }
        let path = self.crl.display();
        let (lists, _) = read_crls(&self.crl).hint(|| "--crl FILE names another".to_owned())?;
        let [list] = lists.as_slice() else {
            return Err(Failure::new(format_args!("{path}: expected one list, found {}", lists.len())));
        };
        check_list(list, issuer).map_err(|error| {
            Failure::new(format_args!("{path}: {error}")).hint("--crl FILE names another list")
        })?;
        // What is written is a complete list about everything: a part of one would lose what it is about.
        if list.delta_base.is_some() || list.scope.is_some() {
            return Err(Failure::new(format_args!(
                "{path}: expected a complete list, found a delta or one of limited scope"
            )));
        }
        Ok(Some(list.clone()))
    }

    fn revoke(
        &self,
        path: &Path,
        issuer: &CertFacts,
        plan: &mut CrlPlan,
        earlier: Option<&CrlFacts>,
        at: OffsetDateTime,
        ui: &Ui,
    ) -> Result<()> {
        let shown = path.display();
        let chain = read_certificates(path)?;
        let facts = chain.first().map(|der| CertFacts::read(der)).transpose();
        let Some(facts) = facts.map_err(|error| Failure::new(format_args!("{shown}: {error}")))? else {
            return Err(Failure::new(format_args!("{shown}: expected a certificate, found none")));
        };
        check_issued(&facts, issuer).map_err(|error| Failure::new(format_args!("{shown}: {error}")))?;
        let known = earlier
            .and_then(|list| list.entries.iter().find(|entry| same_number(&entry.serial, &facts.serial)));
        let held = known.is_some_and(|known| known.reason == Some(RevocationReason::CertificateHold));
        if self.reason == RevocationReason::RemoveFromCrl {
            // RFC 5280 §5.3.1: only from a hold does one come back.
            if !held {
                return Err(Failure::new(format_args!(
                    "{shown}: expected a certificate on hold, found one that is {}",
                    if known.is_some() { "revoked for good" } else { "not revoked" }
                )));
            }
            plan.entries.retain(|entry| !same_number(&entry.serial, &facts.serial));
            return Ok(());
        }
        if let Some(known) = known.filter(|_| !held) {
            ui.warn(&format!("{shown}: revoked already, {}; that stays", words::instant(known.revoked_at)));
            return Ok(());
        }
        plan.revoke(EntryPlan::new(&facts.serial, at, self.reason)?);
        Ok(())
    }

    fn show(&self, made: &CrlFacts, ui: &Ui) -> Result<()> {
        let path = self.crl.display();
        let report = CrlReport::from(made);
        if ui.json() {
            let mut json = serde_json::to_value(&report)?;
            json["path"] = path.to_string().into();
            return Ok(ui.print(&json.to_string())?);
        }
        let number = report.number.unwrap_or_default();
        let revoked = words::counted(made.entries.len() as u64, "certificate");
        let due = report.next_update.unwrap_or_default();
        Ok(ui.print(&format!("{path}  list {number}, {revoked} revoked, next due {due}"))?)
    }
}

/// An INTEGER's content bytes: one byte more where the highest bit would make it negative.
fn positive(number: &BigUint) -> Vec<u8> {
    let mut bytes = number.to_bytes_be();
    if bytes.first().is_some_and(|byte| byte & 0x80 != 0) {
        bytes.insert(0, 0);
    }
    bytes
}
