//! `tlslab gencert`: options → request → key → certificate → files → what was made and what to run next.
//! With `--csr-only` it stops at a signing request, with `--csr` it starts from somebody's.

mod csr;
mod options;
mod output;
mod request;
mod summary;

use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressStyle};
use rustls::pki_types::CertificateDer;
use time::OffsetDateTime;
use tlslab::crypto::ml_dsa;
use tlslab::pki;
use tlslab::pki::encryption::SealingKey;
use tlslab::pki::facts::CertFacts;
use tlslab::pki::files::{self, FileError, NewFile, read_certificates, read_private_key};
use tlslab::pki::index::{self, Held, Index};
use tlslab::pki::issue::{Issuer, Plan, Pointers, Profile, Request};
use tlslab::pki::key::{KeyError, Passphrase, PrivateKey};
use tlslab::tls::registry::extension;
use tlslab::verify::{
    Criteria, ExpectedName, Model, Policy, Revocation, TrustSet, Usage, check_issuer, judge,
};
use tlslab::who::{self, Case};
use zeroize::Zeroizing;

use super::ca;
use super::lab::{CERT, CLEAR_KEY, CSR, KEY, LAB_NAME};
use super::passphrase::{self, PassphraseSource};
use super::signals::undisturbed;
use super::{Failure, Hinted, Result, Ui, remedy};
pub(crate) use options::Gencert;
use options::ProfileName;
use output::SubjectKey;
use summary::Summary;

/// The CA that signs.
struct Ca {
    path: PathBuf,
    certificate: CertificateDer<'static>,
    /// All of its file, which goes below the new certificate.
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKey,
}

impl Ca {
    fn issuer(&self) -> Issuer<'_> {
        Issuer::Ca { certificate: &self.certificate, key: &self.key }
    }
}

impl Gencert {
    /// Everything that can be refused is refused before anything slow happens, and all of that before anything
    /// is written.
    pub(crate) fn run(self, ui: &Ui, now: OffsetDateTime) -> Result<u8> {
        if self.key_form.is_some() && self.key.ml_dsa().is_none() {
            return Err(Failure::usage(format_args!(
                "--key-form: expected --key ml-dsa:44, ml-dsa:65 or ml-dsa:87, found {}",
                self.key
            )));
        }
        let asked = self.csr.as_deref().map(csr::read).transpose()?;
        let (request, mut warnings) = self.request(asked.as_ref(), now)?;
        files::check_target(&self.out, &self.file_names(), self.force)?;
        let ca = self.read_ca(request.profile, now, &mut warnings)?;
        warnings.extend(ca.as_ref().and_then(|ca| outlives(&request, &ca.chain)));
        if let (Some(asked), Some(ca)) = (&asked, &ca) {
            let plan = Plan::draft(&request, &asked.public_key.spki, &ca.issuer())?;
            warnings.extend(csr::differences(asked, &plan, self.profile));
        }
        let passphrase =
            if self.noenc || asked.is_some() { None } else { Some(self.read_passphrase(ui, &mut warnings)?) };
        for warning in &warnings {
            ui.warn(warning);
        }

        let (key, mut contents) = match asked {
            Some(asked) => (SubjectKey::Theirs(asked.public_key), Vec::new()),
            None => self.make_key(ui, passphrase)?,
        };
        let made = self.make(&request, &key, ca.as_ref(), &mut contents)?;
        undisturbed(|| self.put_in_place(&contents, ca.as_ref(), made.as_ref()))
            .context("cannot hold back signals while the files are written")??;

        warnings.extend(self.stale_key(ui));
        let mut notes = match &made {
            Some(made) => made.notes(&request, ca.as_ref(), now),
            None => Vec::new(),
        };
        if self.key.ml_dsa().is_some() || made.as_ref().is_some_and(|made| made.facts.uses_ml_dsa()) {
            notes.push(ml_dsa::NOTICE.to_owned());
        }
        for note in &notes {
            ui.say(&format!("note  {note}"));
        }
        let summary = Summary {
            options: &self,
            request: &request,
            key: &key,
            certificate: made.as_ref().map(|made| &made.facts),
            ca: ca.as_ref().map(|ca| ca.path.as_path()),
            connects: made.as_ref().is_none_or(|made| made.refusal(&request, ca.as_ref(), now).is_none()),
            files: &contents,
            warnings: &warnings,
            notes: &notes,
        };
        summary.show(ui)?;
        Ok(0)
    }

    /// A new key and the files that hold it. The passphrase becomes a key while the primes are looked for: both take a
    /// while, and neither needs the other.
    fn make_key(&self, ui: &Ui, passphrase: Option<Passphrase>) -> Result<(SubjectKey, Vec<NewFile>)> {
        let derivation = passphrase.map(|passphrase| thread::spawn(move || SealingKey::derive(&passphrase)));
        let key = self.generate(ui)?;
        let clear = files::to_pem("PRIVATE KEY", &key.to_pkcs8_der());
        let mut contents = vec![NewFile { name: CLEAR_KEY, mode: 0o600, contents: clear }];
        if let Some(derivation) = derivation {
            let sealing = derivation.join().map_err(|_| Failure::new("the passphrase became no key"))??;
            let encrypted = files::to_pem("ENCRYPTED PRIVATE KEY", &key.seal(sealing)?);
            contents.push(NewFile { name: KEY, mode: 0o600, contents: encrypted });
        }
        Ok((SubjectKey::Ours(key), contents))
    }

    /// What the CA promises of TLS, which those below it must promise too (RFC 7633 §4.2.2), and a staple where asked for.
    fn tls_features(&self, ca: Option<&Ca>) -> Vec<u16> {
        let above = ca.and_then(|ca| CertFacts::read(&ca.certificate).ok());
        let mut features = above.map_or_else(Vec::new, |above| above.tls_features().to_vec());
        if self.must_staple && !features.contains(&extension::STATUS_REQUEST) {
            features.push(extension::STATUS_REQUEST);
        }
        features
    }

    /// The certificate, or with `--csr-only` the request for one, put to the `contents`.
    fn make(
        &self,
        request: &Request,
        key: &SubjectKey,
        ca: Option<&Ca>,
        contents: &mut Vec<NewFile>,
    ) -> Result<Option<Made>> {
        if let (SubjectKey::Ours(key), true) = (key, self.csr_only) {
            let pem = files::to_pem("CERTIFICATE REQUEST", &pki::request::write(request, key)?);
            contents.push(NewFile { name: CSR, mode: 0o644, contents: pem });
            return Ok(None);
        }
        let pointers = Pointers {
            crls: self.crl_url.clone(),
            ocsp: self.ocsp_url.clone(),
            tls_features: self.tls_features(ca),
        };
        let (certificate, chain) = certify(request, key, &pointers, ca)?;
        if self.keeps_an_index() {
            let index = Index::of_the_ca(key.public_key_info()).to_string().into_bytes();
            contents.push(NewFile { name: index::NAME, mode: 0o644, contents: index.into() });
        }
        contents.push(NewFile { name: CERT, mode: 0o644, contents: chain });
        let facts = CertFacts::read(&certificate)
            .map_err(|error| Failure::new(format_args!("what was made cannot be read back: {error}")))?;
        Ok(Some(Made { facts }))
    }

    /// Writes the files, and first the certificate into its CA's index, where that has one: what it lists and nobody has
    /// harms nobody, and what is not listed cannot be revoked.
    fn put_in_place(&self, contents: &[NewFile], ca: Option<&Ca>, made: Option<&Made>) -> Result<()> {
        let mut held = ca.map(|ca| Held::beside(&ca.path, ca.key.public_key_info())).transpose()?.flatten();
        if let (Some(held), Some(made)) = (&mut held, made) {
            held.index.add(&made.facts);
            held.write()?;
        }
        if let Err(error) = files::write_all(&self.out, contents, self.force) {
            if let Some(held) = held {
                // The first trouble is the one to tell.
                let _ = held.restore();
            }
            return Err(error.into());
        }
        Ok(())
    }

    /// What to say of a key.pem that `--noenc` did not replace.
    fn stale_key(&self, ui: &Ui) -> Option<String> {
        let stale = files::within(&self.out, KEY);
        (self.noenc && stale.exists()).then(|| {
            let warning = format!("{}: belongs to an earlier key, and was left as it is", stale.display());
            ui.warn(&warning);
            warning
        })
    }

    /// In the order in which they are put in place: the certificate last, because nothing uses the keys without it.
    fn file_names(&self) -> Vec<&'static str> {
        let mut names = match (&self.csr, self.noenc) {
            (Some(_), _) => vec![],
            (None, true) => vec![CLEAR_KEY],
            (None, false) => vec![CLEAR_KEY, KEY],
        };
        names.extend(self.keeps_an_index().then_some(index::NAME));
        names.push(if self.csr_only { CSR } else { CERT });
        names
    }

    /// Whether it is a CA's certificate that is made, with its key: who signs somebody else's makes no CA of himself.
    fn keeps_an_index(&self) -> bool {
        self.profile == ProfileName::Ca && self.csr.is_none() && !self.csr_only
    }

    fn read_ca(
        &self,
        profile: Profile,
        now: OffsetDateTime,
        warnings: &mut Vec<String>,
    ) -> Result<Option<Ca>> {
        let (Some(path), Some(key_path)) = (&self.ca, &self.ca_key) else { return Ok(None) };
        let chain = read_certificates(path).map_err(no_ca)?;
        let key = read_private_key(key_path).map_err(no_ca)?;
        let key = ca::open(key, key_path, self.passin.passin.as_ref())?;
        let Some(certificate) = chain.first() else {
            return Err(Failure::new(format_args!("{}: expected a certificate, found none", path.display())));
        };
        let facts = CertFacts::read(certificate)
            .map_err(|e| Failure::new(format_args!("{}: {e}", path.display())))?;
        if let Err(error) = check_issuer(&facts, &key, profile, now) {
            let message = format!("{}: {error}", path.display());
            if !self.force_issuer {
                return Err(Failure::new(message)).hint(|| remedy::FORCE_ISSUER.to_owned());
            }
            warnings.push(message);
        }
        Ok(Some(Ca { path: path.clone(), certificate: certificate.clone(), chain, key }))
    }

    fn read_passphrase(&self, ui: &Ui, warnings: &mut Vec<String>) -> Result<Passphrase> {
        let key = files::within(&self.out, KEY).display().to_string();
        let prompt = std::io::IsTerminal::is_terminal(&std::io::stdin());
        let passphrase = match &self.passout {
            Some(source) => source.read_new(&key)?,
            None if prompt => PassphraseSource::Prompt.read_new(&key)?,
            None => {
                let random = random_passphrase()?;
                // The only place where it ever appears, and so not a matter of --quiet.
                ui.confide(&format!("passphrase of {key}: {}", random.as_str())).map_err(|error| {
                    Failure::new(format_args!("the passphrase of {key} cannot be shown on stderr: {error}"))
                        .hint(remedy::PASSOUT)
                })?;
                return Ok(Passphrase::new((*random).clone()));
            }
        };
        warnings.extend(passphrase::weakness(&passphrase, &key));
        Ok(passphrase)
    }

    fn generate(&self, ui: &Ui) -> Result<PrivateKey> {
        let spinner = if ui.interactive() && self.key.is_rsa() {
            let spinner = ProgressBar::new_spinner();
            // The template is a constant, and the default serves if it were wrong.
            let style = ProgressStyle::with_template("{spinner} {msg} ({elapsed})");
            spinner.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            spinner.set_message(format!("looking for the primes of an {} key", self.key.description()));
            spinner.enable_steady_tick(Duration::from_millis(100));
            spinner
        } else {
            ProgressBar::hidden()
        };
        let key = PrivateKey::generate_fast(self.key);
        spinner.finish_and_clear();
        match self.key_form {
            // A key that was made here has its seed.
            Some(form) => Ok(key?.in_form(form.into()).ok_or(KeyError::Inconsistent)?),
            None => Ok(key?),
        }
    }
}

/// The certificate; and in PEM, followed by its CA's.
fn certify(
    request: &Request,
    key: &SubjectKey,
    pointers: &Pointers,
    ca: Option<&Ca>,
) -> Result<(CertificateDer<'static>, Zeroizing<Vec<u8>>)> {
    let issuer = match (ca, key) {
        (Some(ca), _) => ca.issuer(),
        (None, SubjectKey::Ours(key)) => Issuer::SelfSigned(key),
        (None, SubjectKey::Theirs(_)) => {
            return Err(Failure::usage("--csr: expected --ca and --ca-key, found neither"));
        }
    };
    let mut plan = Plan::draft(request, key.public_key_info(), &issuer)?;
    plan.point_to(pointers);
    let certificate = plan.sign(issuer.key())?;
    let mut chain = vec![&certificate];
    for above in ca.iter().flat_map(|ca| &ca.chain) {
        if !chain.contains(&above) {
            chain.push(above);
        }
    }
    let chain = chain.iter().flat_map(|der| files::to_pem("CERTIFICATE", der).to_vec()).collect::<Vec<_>>();
    Ok((certificate, chain.into()))
}

/// A CA's file that cannot be read; a missing one can be made.
fn no_ca(error: FileError) -> Failure {
    let missing = matches!(error, FileError::NotFound(_));
    let failure = Failure::from(error);
    if missing { failure.hint(remedy::MAKE_CA) } else { failure }
}

/// 130 bits in 26 letters and digits that are not mistaken for each other.
fn random_passphrase() -> Result<Zeroizing<String>> {
    const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let bytes = Zeroizing::new(tlslab::crypto::random::<26>()?);
    // 32 letters: the low five bits of a byte choose one of them evenly.
    let letters = bytes.iter().filter_map(|byte| ALPHABET.get(usize::from(byte & 31)));
    Ok(Zeroizing::new(letters.map(|letter| char::from(*letter)).collect()))
}

/// What to say where the certificate is still valid when a CA above it is no more: a day or more, since a CA that was
/// made a moment ago for as many days ends a moment earlier.
fn outlives(request: &Request, chain: &[CertificateDer<'_>]) -> Option<String> {
    let until = |der: &CertificateDer<'_>| Plan::from_certificate(der).ok()?.not_after.instant();
    let first = chain.iter().filter_map(until).min()?;
    (request.validity.not_after - first >= time::Duration::DAY).then(|| {
        format!(
            "the certificate is valid until {}, longer than its CA, which expires {}",
            tlslab::words::instant(request.validity.not_after),
            tlslab::words::instant(first)
        )
    })
}

/// The new certificate, read back once.
struct Made {
    facts: CertFacts,
}

impl Made {
    /// Which verifiers would refuse a server with the certificate, once it is valid; tlslab's own `connect` first.
    fn notes(&self, request: &Request, ca: Option<&Ca>, now: OffsetDateTime) -> Vec<String> {
        if !matches!(request.profile, Profile::Server | Profile::Openssl) {
            return Vec::new();
        }
        let above: Vec<CertFacts> =
            ca.iter().flat_map(|ca| &ca.chain).filter_map(|der| CertFacts::read(der).ok()).collect();
        let model = if above.is_empty() { Model::Pinned } else { Model::Ca };
        let issuers: Vec<&CertFacts> = above.iter().collect();
        let at = self.while_valid(now);
        let others =
            who::notes(&Case { leaf: &self.facts, issuers: &issuers, sent: 0, model, name: None, at });
        let own = self.refusal(request, ca, now).map(|why| format!("tlslab connect refuses it: {why}"));
        own.into_iter().chain(others).collect()
    }

    /// Why `connect` would refuse a server with the certificate, in the words of its first failing check. Dates were
    /// asked for, and are not looked at.
    fn refusal(&self, request: &Request, ca: Option<&Ca>, now: OffsetDateTime) -> Option<String> {
        let name = summary::server_name(request).unwrap_or_else(|| LAB_NAME.to_owned());
        let name = match name.parse::<ExpectedName>() {
            Ok(name) => name,
            Err(no_name) => return Some(tlslab::words::Escaped(&no_name.to_string()).to_string()),
        };
        let trusted = ca.map_or(&self.facts.der, |ca| &ca.certificate);
        let criteria = Criteria {
            trusted: Arc::new(TrustSet::new([trusted]).ok()?),
            name: Some(name),
            usage: Usage::Server,
            policy: Policy::Lab,
            revocation: Revocation::default(),
        };
        let mut chain = vec![self.facts.der.clone()];
        chain.extend(ca.iter().flat_map(|ca| ca.chain.clone()));
        let verdict = judge(&chain, &criteria, self.while_valid(now));
        verdict.checks.into_iter().find(|check| !check.ok()).map(|check| check.found.to_string())
    }

    fn while_valid(&self, now: OffsetDateTime) -> OffsetDateTime {
        now.clamp(self.facts.not_before, self.facts.not_after.max(self.facts.not_before))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_passphrases_are_strong_and_copyable() {
        let (one, other) = (random_passphrase().unwrap(), random_passphrase().unwrap());
        assert_ne!(one, other);
        assert_eq!(one.len(), 26);
        assert!(one.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()));
    }
}
