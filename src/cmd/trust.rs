//! What is trusted, and by which rules: the flags that `connect` and `verify` share.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use rustls::pki_types::CertificateDer;
use time::OffsetDateTime;
use tlslab::pki::facts::CertFacts;
use tlslab::pki::files;
use tlslab::verify::{ExpectedName, Policy, TrustSet};

use super::lab::{CERT, LAB_NAME};
use super::{Failure, Hinted, Result, Ui, instant, remedy};

/// Whom to trust and how to judge.
#[derive(Debug, Args)]
pub(crate) struct Trust {
    /// Trusted certificates: a PEM or DER file, or `system` for the platform's store; repeatable
    #[arg(long = "ca", value_name = "FILE|system", default_value = CERT)]
    ca: Vec<PathBuf>,
    #[command(flatten)]
    expected: Expected,
    /// The rules: lab (pinned or chained, one CN, dates) or webpki (RFC 5280 path, RFC 9525 names, as browsers)
    #[arg(long = "verify", value_name = "POLICY", default_value = "lab")]
    policy: Policy,
}

/// Which name a certificate is to prove, and when.
#[derive(Debug, Args)]
pub(crate) struct Expected {
    /// The name that the certificate must prove
    ///
    /// A DNS name, an IP address, or (policy lab) whatever the subject's CN is. A server is asked for it, too (SNI).
    /// Default: the host where that is a DNS name other than localhost, else www.test.org.
    #[arg(long, value_name = "NAME")]
    cn: Option<ExpectedName>,
    /// Judge validity at this instant instead of now (RFC 3339, such as 2026-11-23T12:00:00Z, or a date)
    #[arg(long, value_name = "TIME", value_parser = instant::parse)]
    pub(crate) at: Option<OffsetDateTime>,
}

impl Expected {
    /// The name asked for, or `fallback`.
    pub(crate) fn name(&self, fallback: impl FnOnce() -> ExpectedName) -> ExpectedName {
        self.cn.clone().unwrap_or_else(fallback)
    }
}

impl Trust {
    /// Reads every trusted certificate.
    pub(crate) fn trusted(&self, ui: &Ui) -> Result<Arc<TrustSet>> {
        trusted(&self.ca, ui)
    }

    /// The name asked for, or `fallback`.
    pub(crate) fn name(&self, fallback: impl FnOnce() -> ExpectedName) -> ExpectedName {
        self.expected.name(fallback)
    }

    /// Whether a name was asked for.
    pub(crate) fn has_name(&self) -> bool {
        self.expected.cn.is_some()
    }

    /// The rules.
    pub(crate) fn policy(&self) -> Policy {
        self.policy
    }

    /// The instant to judge at, where it is not now.
    pub(crate) fn at(&self) -> Option<OffsetDateTime> {
        self.expected.at
    }
}

/// What stands in each of `sources`: files, and `system`.
pub(crate) fn trusted(sources: &[PathBuf], ui: &Ui) -> Result<Arc<TrustSet>> {
    let mut certificates = Vec::new();
    for source in sources {
        if source.as_os_str() == "system" {
            certificates.extend(system_store(ui)?);
        } else {
            certificates.extend(readable(source, || remedy::how_to_trust(source), ui)?);
        }
    }
    let trusted = TrustSet::new(&certificates).with_context(|| listed(sources))?;
    Ok(Arc::new(trusted))
}

/// What stands in the file at `path`; `hint` says what to do where there is nothing.
pub(crate) fn trusted_of(path: &Path, hint: impl FnOnce() -> String, ui: &Ui) -> Result<Arc<TrustSet>> {
    Ok(Arc::new(TrustSet::new(&readable(path, hint, ui)?)?))
}

/// The certificates of a file that can be read. One that cannot is left out with a warning, so that an odd one in a
/// bundle does not take the others with it; where none is left, that is a failure.
fn readable(path: &Path, hint: impl FnOnce() -> String, ui: &Ui) -> Result<Vec<CertificateDer<'static>>> {
    let found = files::read_certificates_by_line(path).hint(hint)?;
    let mut readable = Vec::new();
    let mut faults = Vec::new();
    for (line, certificate) in found {
        match CertFacts::read(&certificate) {
            Ok(_) => readable.push(certificate),
            Err(fault) => {
                let line = line.map_or_else(String::new, |line| format!("line {line}: "));
                faults.push(format!("{}: {line}{fault}", path.display()));
            }
        }
    }
    if let (true, Some(fault)) = (readable.is_empty(), faults.first()) {
        return Err(Failure::new(fault));
    }
    for fault in &faults {
        ui.warn(&format!("{fault}; not trusted, the others are"));
    }
    Ok(readable)
}

/// The name to expect where none was asked for: the lab's.
pub(crate) fn lab_name() -> ExpectedName {
    ExpectedName::Dns(LAB_NAME.to_owned())
}

fn listed(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

/// The platform's trusted certificates. Some of a large store may be unreadable; none at all is a failure.
fn system_store(ui: &Ui) -> Result<Vec<CertificateDer<'static>>> {
    let loaded = rustls_native_certs::load_native_certs();
    for error in &loaded.errors {
        ui.detail(&format!("the system's trust store: {error}"));
    }
    let (readable, unreadable): (Vec<_>, Vec<_>) =
        loaded.certs.into_iter().partition(|der| CertFacts::read(der).is_ok());
    if !unreadable.is_empty() {
        ui.detail(&format!("the system's trust store: {} certificates cannot be read", unreadable.len()));
    }
    if readable.is_empty() {
        return Err(
            Failure::new("system: the platform's trust store is empty or missing").hint(remedy::NO_STORE)
        );
    }
    Ok(readable)
}
