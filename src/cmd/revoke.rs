//! `tlslab revoke`: a CA takes certificates back, in a certificate revocation list that is new or one number higher.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use num_bigint::BigUint;
use time::{Duration, OffsetDateTime};
use tlslab::pki::crl::{CrlFacts, RevocationReason, same_number};
use tlslab::pki::facts::CertFacts;
use tlslab::pki::files::{self, read_crls};
use tlslab::pki::index::{self, Held};
use tlslab::pki::revoke::{CrlPlan, EntryPlan};
use tlslab::report::crl::CrlReport;
use tlslab::verify::{check_issued, check_list, check_lister};
use tlslab::words::{self, Escaped};

use super::ca::{self, CaArgs};
use super::signals::undisturbed;
use super::{Failure, Hinted, Result, Ui, remedy};

/// Take certificates back: write or extend a CA's certificate revocation list
///
/// The list at --crl is read, where there is one, and replaced by one whose number is higher by one: all of what it says,
/// and the given certificates. Without a certificate the list is only made anew, which it must be before its next update
/// is due. Whoever is to heed it is given it: `tlslab verify --crl crl.pem`. Where the CA has an index (`gencert --profile ca`
/// puts index.txt beside it), what is revoked is marked there too, for `tlslab ocsp`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tlslab revoke server/cert.pem --ca ca/cert.pem --ca-key ca/clearkey.pem --reason keyCompromise
  tlslab revoke 4f1c0a22 --ca ca/cert.pem --ca-key ca/clearkey.pem          by serial number, from the index
  tlslab revoke --ca ca/cert.pem --ca-key ca/clearkey.pem --days 7          the same list anew
  tlslab revoke bob.pem --ca ca/cert.pem --ca-key ca/clearkey.pem --reason removeFromCRL    off hold again
  tlslab verify server/cert.pem --ca ca/cert.pem --crl crl.pem")]
pub(crate) struct Revoke {
    /// What to revoke: certificates, PEM or DER (the first of each file), or serial numbers in hexadecimal that the CA's
    /// index has
    #[arg(value_name = "CERT|SERIAL")]
    certificates: Vec<PathBuf>,
    #[command(flatten)]
    ca: CaArgs,
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
        let (certificate, issuer) = self.ca.certificate()?;
        let key = self.ca.unlock()?;
        check_lister(&issuer, &key, now)
            .map_err(|error| Failure::new(format_args!("{}: {error}", self.ca.certificate.display())))?;
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
        let mut index = Held::beside(&self.ca.certificate, key.public_key_info())?;
        for named in &self.certificates {
            let target = Target::find(named, &issuer, index.as_ref())?;
            self.revoke(&target, &mut plan, &mut index, earlier.as_ref(), at, ui)?;
        }
        let der = plan.sign(&key)?;
        let made = CrlFacts::read(&der)
            .map_err(|error| Failure::new(format_args!("what was made cannot be read back: {}", error.0)))?;
        undisturbed(|| self.put_in_place(&der, earlier.is_some(), index.as_ref()))
            .context("cannot hold back signals while the list is written")??;
        self.show(&made, ui)?;
        Ok(0)
    }

    /// The list and what the index says, or neither.
    fn put_in_place(&self, list: &[u8], replaces: bool, index: Option<&Held>) -> Result<()> {
        if let Some(index) = index {
            index.write()?;
        }
        let pem = files::to_pem("X509 CRL", list);
        if let Err(error) = files::write_one(&self.crl, 0o644, &pem, replaces) {
            if let Some(index) = index {
                // The first trouble is the one to tell.
                let _ = index.restore();
            }
            return Err(error.into());
        }
        Ok(())
    }

    /// The list that is there: this CA's, whole.
    fn earlier(&self, issuer: &CertFacts) -> Result<Option<CrlFacts>> {
        files::check_one(&self.crl, true)?;
        if !self.crl.exists() {
            return Ok(None);
        }
        let path = self.crl.display();
        let (lists, _) = read_crls(&self.crl).hint(|| remedy::ANOTHER_LIST.to_owned())?;
        let [list] = lists.as_slice() else {
            return Err(Failure::new(format_args!("{path}: expected one list, found {}", lists.len())));
        };
        check_list(list, issuer)
            .map_err(|error| Failure::new(format_args!("{path}: {error}")).hint(remedy::ANOTHER_LIST))?;
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
        target: &Target,
        plan: &mut CrlPlan,
        index: &mut Option<Held>,
        earlier: Option<&CrlFacts>,
        at: OffsetDateTime,
        ui: &Ui,
    ) -> Result<()> {
        let Target { shown, serial, certificate } = target;
        let known =
            earlier.and_then(|list| list.entries.iter().find(|entry| same_number(&entry.serial, serial)));
        let held = known.is_some_and(|known| known.reason == Some(RevocationReason::CertificateHold));
        let mut mark = |revoked| {
            let Some(Held { index, .. }) = index else { return };
            if let Some(certificate) = certificate {
                // Issued before there was an index.
                index.add(certificate);
            }
            index.mark(serial, revoked);
        };
        if self.reason == RevocationReason::RemoveFromCrl {
            // RFC 5280 §5.3.1: only from a hold does one come back.
            if !held {
                return Err(Failure::new(format_args!(
                    "{shown}: expected a certificate on hold, found one that is {}",
                    if known.is_some() { "revoked for good" } else { "not revoked" }
                )));
            }
            plan.entries.retain(|entry| !same_number(&entry.serial, serial));
            mark(None);
            return Ok(());
        }
        if let Some(known) = known.filter(|_| !held) {
            ui.warn(&format!("{shown}: revoked already, {}; that stays", words::instant(known.revoked_at)));
            // The index may be of a later date than the list.
            mark(Some((known.revoked_at, known.reason)));
            return Ok(());
        }
        let since = known.map_or(at, |known| known.revoked_at);
        mark(Some((since, Some(self.reason).filter(|reason| *reason != RevocationReason::Unspecified))));
        plan.revoke(EntryPlan::new(serial, at, self.reason)?);
        Ok(())
    }

    fn show(&self, made: &CrlFacts, ui: &Ui) -> Result<()> {
        let path = self.crl.display().to_string();
        let report = CrlReport::from(made);
        if ui.json() {
            let mut json = serde_json::to_value(&report)?;
            json["path"] = path.into();
            return Ok(ui.print_json(&json)?);
        }
        let number = report.number.unwrap_or_default();
        let revoked = words::counted(made.entries.len() as u64, "certificate");
        let due = report.next_update.unwrap_or_default();
        let path = Escaped(&path);
        Ok(ui.print(&format!("{path}  list {number}, {revoked} revoked, next due {due}"))?)
    }
}

/// A certificate that is to be revoked.
struct Target {
    /// As it was named.
    shown: String,
    /// Its serial number: an INTEGER's content bytes.
    serial: Vec<u8>,
    /// The certificate itself, where it is here.
    certificate: Option<CertFacts>,
}

impl Target {
    /// A file, or else a serial number that the index has.
    fn find(named: &Path, issuer: &CertFacts, index: Option<&Held>) -> Result<Self> {
        let shown = Escaped(&named.display().to_string()).to_string();
        let text = named.to_str().unwrap_or_default();
        match index::parse_serial(text).filter(|_| !named.exists()) {
            None => {
                let (_, facts) = ca::first_of(named)?;
                check_issued(&facts, issuer)
                    .map_err(|error| Failure::new(format_args!("{shown}: {error}")))?;
                Ok(Self { shown, serial: facts.serial.clone(), certificate: Some(facts) })
            }
            Some(serial) => {
                let Some(index) = index else {
                    return Err(Failure::new(format_args!(
                        "{shown}: expected a certificate, for this CA has no index to look for a serial number in"
                    )));
                };
                if index.index.find(&serial).is_none() {
                    return Err(Failure::new(format_args!(
                        "{shown}: no certificate of this serial number in {}",
                        index.path().display()
                    ))
                    .hint("name the certificate's file"));
                }
                Ok(Self { shown, serial: positive(&BigUint::from_bytes_be(&serial)), certificate: None })
            }
        }
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
