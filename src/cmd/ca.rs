//! A CA's certificate and key from files, for the commands that speak for it.

use std::path::{Path, PathBuf};

use clap::Args;
use rustls::pki_types::CertificateDer;
use tlslab::pki::facts::CertFacts;
use tlslab::pki::files::{KeyFile, read_certificates, read_private_key};
use tlslab::pki::key::{Passphrase, PrivateKey};

use super::flags::Passin;
use super::passphrase::PassphraseSource;
use super::{Failure, Result};

/// Which CA.
#[derive(Clone, Debug, Args)]
pub(crate) struct CaArgs {
    /// The certificate of the CA that issued them
    #[arg(long = "ca", value_name = "CERT")]
    pub(crate) certificate: PathBuf,
    /// The CA's private key
    #[arg(long = "ca-key", value_name = "KEY")]
    key: PathBuf,
    #[command(flatten)]
    passin: Passin,
}

impl CaArgs {
    /// The first certificate of its file.
    pub(crate) fn certificate(&self) -> Result<(CertificateDer<'static>, CertFacts)> {
        first_of(&self.certificate)
    }

    /// The key, unlocked.
    pub(crate) fn unlock(&self) -> Result<PrivateKey> {
        unlock(&self.key, self.passin.passin.as_ref())
    }
}

/// The first certificate of a file.
pub(crate) fn first_of(path: &Path) -> Result<(CertificateDer<'static>, CertFacts)> {
    let Some(certificate) = read_certificates(path)?.into_iter().next() else {
        return Err(Failure::new(format_args!("{}: expected a certificate, found none", path.display())));
    };
    let facts = CertFacts::read(&certificate)
        .map_err(|error| Failure::new(format_args!("{}: {error}", path.display())))?;
    Ok((certificate, facts))
}

/// The key of a file, with a passphrase where it needs one.
pub(crate) fn unlock(path: &Path, passin: Option<&PassphraseSource>) -> Result<PrivateKey> {
    open(read_private_key(path)?, path, passin)
}

/// The same of a key that has been found there.
pub(crate) fn open(found: KeyFile, path: &Path, passin: Option<&PassphraseSource>) -> Result<PrivateKey> {
    let passphrase = if found.is_encrypted() {
        PassphraseSource::read_for(passin, path)?
    } else {
        Passphrase::new(String::new())
    };
    Ok(found.unlock(path, &passphrase)?)
}
