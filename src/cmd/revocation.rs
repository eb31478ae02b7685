//! What is known of revocation: the flags that `connect`, `serve` and `verify` share.

use std::path::{Path, PathBuf};

use clap::Args;
use tlslab::pki::files::read_crls;
use tlslab::verify::{Demand, Revocation};

use super::{Failure, Hinted, Result};

/// What is known of revocation, and how much must be.
#[derive(Clone, Debug, Args)]
pub(crate) struct RevocationArgs {
    /// Certificate revocation lists (PEM or DER) to judge by; certificates beside them are their issuers'; repeatable
    #[arg(long = "crl", value_name = "FILE")]
    crls: Vec<PathBuf>,
    /// How much must be known of revocation: off, have (the lists that are given count) or require (unknown is refused)
    #[arg(long = "revocation", value_name = "DEMAND", default_value = "have")]
    demand: Demand,
}

impl RevocationArgs {
    /// Reads every list.
    pub(crate) fn read(&self) -> Result<Revocation> {
        let (mut lists, mut issuers) = (Vec::new(), Vec::new());
        for path in &self.crls {
            let (found, beside) = read_crls(path).hint(|| how_to_get(path))?;
            lists.extend(found);
            issuers.extend(beside);
        }
        Revocation::new(self.demand, lists, &issuers)
            .map_err(|fault| Failure::new(format_args!("a certificate beside a list: {fault}")))
    }
}

fn how_to_get(path: &Path) -> String {
    let shown = path.display();
    if path.exists() {
        format!("`tlslab inspect {shown}` says what is in it")
    } else {
        format!(
            "the CA makes one: `tlslab revoke CERT --ca ca/cert.pem --ca-key ca/clearkey.pem --crl {shown}`"
        )
    }
}
