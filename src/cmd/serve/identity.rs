//! Certificate and key from files: read, unlocked, put together, and what a good client will say of them.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use time::OffsetDateTime;
use tlslab::pki::facts::CertFacts;
use tlslab::pki::files::{KeyFile, read_certificates, read_ocsp, read_private_key};
use tlslab::pki::key::{KeyAlgorithm, Passphrase};
use tlslab::server::{Identity, IdentityError};
use tlslab::tls::Versions;
use tlslab::verify::{Criteria, Policy, Revocation, Staple, TrustSet, Usage, judge_stapled};
use tlslab::who;
use tlslab::words;

use super::super::passphrase::PassphraseSource;
use super::super::{Failure, Hinted, Result, remedy};

/// Where a certificate and its key are, and the passphrase that was asked for once.
#[derive(Clone)]
pub(in crate::cmd) struct Files {
    certificate: PathBuf,
    key: PathBuf,
    passphrase: Option<Passphrase>,
    staple: Option<PathBuf>,
}

impl Files {
    fn at(certificate: &Path, key: &Path) -> Self {
        Self { certificate: certificate.to_owned(), key: key.to_owned(), passphrase: None, staple: None }
    }

    /// The same, with the file of an OCSP response to staple.
    pub(super) fn with_staple(self, staple: Option<&Path>) -> Self {
        Self { staple: staple.map(Path::to_owned), ..self }
    }

    /// The identity with the staple that is in its file now.
    pub(super) fn stapled(&self, identity: Identity) -> Result<Identity> {
        match &self.staple {
            Some(staple) => self::stapled(identity, staple),
            None => Ok(identity),
        }
    }

    /// Reads both files for the first time, asking for a passphrase where the key needs one.
    pub(in crate::cmd) fn open(
        certificate: &Path,
        key: &Path,
        passin: Option<&PassphraseSource>,
    ) -> Result<(Self, Identity)> {
        let mut files = Self::at(certificate, key);
        let chain = certificates(certificate, "--cert")?;
        let found = private_key(key)?;
        if found.is_encrypted() {
            files.passphrase = Some(PassphraseSource::read_for(passin, key)?);
        }
        let identity = files.put_together(chain, found)?;
        Ok((files, identity))
    }

    /// The same where nobody is there to be asked: an encrypted key is an error.
    pub(super) fn open_clear(certificate: &Path, key: &Path) -> Result<(Self, Identity)> {
        let files = Self::at(certificate, key);
        let identity = files.read()?;
        Ok((files, identity))
    }

    /// Where the certificate is.
    pub(super) fn certificate(&self) -> &Path {
        &self.certificate
    }

    /// Reads all files again.
    pub(super) fn read(&self) -> Result<Identity> {
        let chain = certificates(&self.certificate, "--cert")?;
        self.stapled(self.put_together(chain, private_key(&self.key)?)?)
    }

    fn put_together(&self, chain: Vec<CertificateDer<'static>>, found: KeyFile) -> Result<Identity> {
        let key = match (found, &self.passphrase) {
            (KeyFile::Clear(key), _) => key,
            (found, Some(passphrase)) => found.unlock(&self.key, passphrase)?,
            (_, None) => {
                let key = self.key.display();
                return Err(Failure::new(format_args!(
                    "{key}: the key is encrypted, and no passphrase was given"
                )));
            }
        };
        Identity::new(chain, &key).map_err(|error| self.misfit(&error))
    }

    /// Says which two files do not fit, and how to see why.
    fn misfit(&self, error: &IdentityError) -> Failure {
        Failure::new(format_args!("{self}: {error}")).hint(remedy::for_identity(error))
    }
}

impl fmt::Display for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} and {}", self.certificate.display(), self.key.display())
    }
}

/// The certificates of a file, with what to do where there are none.
pub(super) fn certificates(path: &Path, option: &str) -> Result<Vec<CertificateDer<'static>>> {
    read_certificates(path).hint(|| remedy::how_to_get(path, option))
}

fn private_key(path: &Path) -> Result<KeyFile> {
    read_private_key(path).hint(|| remedy::how_to_get(path, "--key"))
}

/// The identity with the OCSP response of a file, which must be one. Whether a client will like it is said by
/// [`warnings`].
pub(super) fn stapled(identity: Identity, staple: &Path) -> Result<Identity> {
    let response = read_ocsp(staple).hint(|| {
        format!(
            "the CA makes one: `tlslab ocsp CERT --ca ca/cert.pem --ca-key ca/clearkey.pem --out {}`",
            staple.display()
        )
    })?;
    Ok(identity.with_staple(response.der))
}

/// Refuses a key that has no signature in TLS 1.2, where that is the only version on offer.
pub(in crate::cmd) fn fits(path: &Path, algorithm: KeyAlgorithm, versions: Versions) -> Result<()> {
    if versions != Versions::Tls12 || !algorithm.is_for_tls13_only() {
        return Ok(());
    }
    let (path, kind) = (path.display(), algorithm.description());
    Err(Failure::usage(format_args!(
        "{path}: its key ({kind}) signs handshakes of TLS 1.3 only, found --tls 1.2"
    ))
    .hint("leave --tls out, or make another key: `tlslab gencert --key ec:p256`"))
}

/// What a good client will say of the certificate at the instant `now`: the very words of `tlslab connect`, since
/// the same verifier is asked, with the name left open.
pub(super) fn warnings(path: &Path, identity: &Identity, now: OffsetDateTime) -> Vec<String> {
    let path = path.display();
    let chain = identity.chain();
    // A client trusts what issued the leaf; without a chain, the leaf itself.
    let anchors = if chain.len() > 1 { &chain[1..] } else { chain };
    let trusted = match TrustSet::new(anchors) {
        Ok(trusted) => Arc::new(trusted),
        Err(malformed) => return vec![format!("{path}: clients will refuse this certificate: {malformed}")],
    };
    let criteria = Criteria {
        trusted,
        name: None,
        usage: Usage::Server,
        policy: Policy::Lab,
        revocation: Revocation::default(),
    };
    let staple = identity.staple().map_or(Staple::None, Staple::Sent);
    let verdict = judge_stapled(chain, &criteria, now, staple);
    let refusals = verdict
        .checks
        .iter()
        .filter(|check| !check.ok())
        .map(|check| format!("{path}: a good client will refuse this certificate: {check}"));
    let notes = who::notes_on(&verdict, None, now);
    refusals
        .chain(
            verdict.notes.iter().map(ToString::to_string).chain(notes).map(|note| format!("{path}: {note}")),
        )
        .collect()
}

/// A served certificate in a line: whose, until when, which.
pub(super) fn describe(identity: &Identity) -> String {
    match identity.chain().first().map(|leaf| CertFacts::read(leaf)) {
        Some(Ok(facts)) => format!(
            "{} ({}{}), valid until {}, SHA-256 {}{}",
            facts.subject,
            facts.public_key.kind,
            if identity.key_algorithm().is_for_tls13_only() { ", for TLS 1.3 only" } else { "" },
            words::instant(facts.not_after),
            words::hex(&facts.sha256()),
            if identity.staple().is_some() { ", stapling an OCSP response" } else { "" },
        ),
        Some(Err(malformed)) => format!("a certificate that cannot be read ({malformed})"),
        // An identity has at least one certificate.
        None => "no certificate".to_owned(),
    }
}
