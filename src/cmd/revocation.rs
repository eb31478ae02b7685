//! What is known of revocation: the flags that `connect`, `serve` and `verify` share.

use std::path::PathBuf;

use clap::Args;
use tlslab::pki::facts::CertFacts;
use tlslab::pki::files::read_crls;
use tlslab::verify::{Demand, Revocation};

use super::{Failure, Hinted, Result, remedy};

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
            // A list, or an issuer, that is left out could let in who is revoked: here one that is odd is an error.
            let (found, beside) = read_crls(path).hint(|| remedy::how_to_get_list(path))?;
            for certificate in &beside {
                CertFacts::read(certificate).map_err(|fault| {
                    Failure::new(format_args!("{}: a certificate beside a list: {fault}", path.display()))
                })?;
            }
            lists.extend(found);
            issuers.extend(beside);
        }
        Ok(Revocation::new(self.demand, lists, &issuers)?)
    }
}
