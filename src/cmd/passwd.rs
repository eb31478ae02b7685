//! `tlslab passwd`: a key file → the key → the same key under another passphrase, or none.
//!
//! The key is opened before anything is asked for, and what is written is opened again before it is put in place:
//! a key that nobody can open any more is the one thing that must not come of this.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{ArgGroup, Args};
use tlslab::crypto::sha256;
use tlslab::pki::facts::PublicKeyKind;
use tlslab::pki::files::{self, FileError, StoredKeyFile};
use tlslab::pki::key::Passphrase;
use tlslab::pki::stored_key::StoredKey;
use tlslab::words;
use zeroize::Zeroizing;

use super::flags::Passin;
use super::passphrase::{self, PassphraseSource};
use super::signals::undisturbed;
use super::{Failure, Result, Ui, remedy};

/// Change, add or strip the passphrase of a private key
///
/// Reads PKCS#8, PKCS#1 and SEC1 in PEM or DER, also of kinds that tlslab cannot use, in clear or encrypted: with PBES2,
/// in the old PEM form (Proc-Type: 4,ENCRYPTED), with PKCS#12's 3DES, or with DES. Writes PKCS#8 in PEM with mode 0600;
/// an encrypted key is under PBES2: PBKDF2-HMAC-SHA256 with 600,000 rounds, AES-256-CBC. The key itself stays the same,
/// and so do the certificates that name it.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, group = ArgGroup::new("new").args(["passout", "noenc"]).required(true))]
pub(crate) struct Passwd {
    /// The private key
    #[arg(value_name = "KEY")]
    key: PathBuf,
    #[command(flatten)]
    passin: Passin,
    /// Passphrase that it shall have: prompt, env:VAR, file:PATH or stdin
    #[arg(long, value_name = "SOURCE")]
    passout: Option<PassphraseSource>,
    /// No passphrase: write the key readable as it is
    #[arg(long, visible_alias = "nodes")]
    noenc: bool,
    /// File to write [default: KEY itself, which takes --force]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Replace an existing file
    #[arg(long, visible_alias = "in-place")]
    force: bool,
}

const EXAMPLES: &str = "\
Examples:
  tlslab passwd key.pem --noenc --out clearkey.pem
        as `openssl rsa -in key.pem -out clearkey.pem` does
  tlslab passwd clearkey.pem --passout prompt --out key.pem
  tlslab passwd key.pem --passout prompt --in-place
  tlslab passwd key.pem --passin env:OLD --passout env:NEW --in-place

With both from stdin, its first line is the old passphrase and its second the new one.
A key may ask for 1 to 10,000,000 rounds of its derivation, or scrypt for 256 MiB of memory and 512 MiB in all
its passes (128 bytes x N x r x p): what asks for more is refused, here and wherever a key is opened.
An interrupted run leaves the old key as it was.";

/// Bits that a key file may have: its owner reads and writes.
const MODE: u32 = 0o600;

impl Passwd {
    /// Refuses what can be refused before anything is asked for, and all of that before anything is written.
    pub(crate) fn run(self, ui: &Ui) -> Result<u8> {
        let found = StoredKeyFile::read(&self.key)?;
        let target = self.target()?;
        files::check_one(&target.shown, self.force).map_err(|error| in_the_way(error, &target.shown))?;

        let mut warnings =
            Vec::from_iter(target.other_names.as_ref().map(|count| {
                format!("{}: {count}: what they lead to stays as it was", target.shown.display())
            }));
        let key = self.unlock(found, &mut warnings)?;
        let shown = target.shown.display().to_string();
        let passphrase = match &self.passout {
            Some(source) => Some(source.read_new(&shown)?),
            None => None,
        };
        warnings.extend(passphrase.as_ref().and_then(|passphrase| passphrase::weakness(passphrase, &shown)));
        for warning in &warnings {
            ui.warn(warning);
        }
        let contents = sealed(&key, passphrase.as_ref())?;
        undisturbed(|| files::write_one(&target.path, target.mode, &contents, self.force))
            .context("cannot hold back signals while the key is written")??;

        let holds = if self.noenc { "private key, readable as it is" } else { "private key, encrypted" };
        let kind = key.kind().map_or_else(|| "of an unknown kind".to_owned(), ToString::to_string);
        if ui.json() {
            ui.print_json(&serde_json::json!({
                "path": shown,
                "mode": format!("{:04o}", target.mode),
                "holds": holds,
                "encrypted": !self.noenc,
                "key": key.kind().and_then(PublicKeyKind::option),
                "public_key": kind,
                "spki_sha256": key.public_key().map(|key| words::hex(&sha256(&key.spki))),
                "warnings": warnings,
            }))?;
        } else {
            ui.print(&format!("{}  {:04o}  {holds} ({kind})", words::Escaped(&shown), target.mode))?;
        }
        Ok(0)
    }

    /// Where the key goes. In place it is the file itself that is replaced, also where KEY is a link to it, and
    /// neither its bits nor what else it holds are touched.
    fn target(&self) -> Result<Target> {
        let shown = self.out.as_ref().unwrap_or(&self.key);
        let own = real(&self.key).is_some_and(|key| real(shown) == Some(key));
        if !own {
            return Ok(Target { path: shown.clone(), shown: shown.clone(), mode: MODE, other_names: None });
        }
        let others = files::beside_the_key(&self.key)?;
        if !others.is_empty() {
            return Err(Failure::new(format_args!(
                "{}: expected a key alone, to be replaced by the new one, found beside it: {}",
                self.key.display(),
                others.join(", ")
            ))
            .hint(remedy::KEY_ALONE));
        }
        Ok(Target {
            path: real(shown).unwrap_or_else(|| shown.clone()),
            shown: shown.clone(),
            mode: mode(&self.key) & MODE,
            other_names: other_names(&self.key),
        })
    }

    fn unlock(&self, found: StoredKeyFile, warnings: &mut Vec<String>) -> Result<StoredKey> {
        let passphrase = if found.is_encrypted() {
            PassphraseSource::read_for(self.passin.passin.as_ref(), &self.key)?
        } else {
            if let Some(source) = &self.passin.passin {
                warnings
                    .push(format!("{}: is not encrypted, so --passin was not needed", self.key.display()));
                // Its line is taken all the same: else the old passphrase would be taken for the new one.
                if *source == PassphraseSource::Stdin {
                    source.read(&self.key.display().to_string())?;
                }
            }
            Passphrase::new(String::new())
        };
        Ok(found.unlock(&self.key, &passphrase)?)
    }
}

struct Target {
    path: PathBuf,
    /// As the person named it.
    shown: PathBuf,
    mode: u32,
    /// How many other names (hard links) the file has, in words: they would keep the old key.
    other_names: Option<String>,
}

#[cfg(unix)]
fn other_names(path: &Path) -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let others = fs::metadata(path).ok()?.nlink().saturating_sub(1);
    (others > 0).then(|| format!("it has {}", words::counted(others, "other name")))
}

#[cfg(not(unix))]
fn other_names(_path: &Path) -> Option<String> {
    None
}

/// PEM of the key, tried out: it opens, and it is the same key.
fn sealed(key: &StoredKey, passphrase: Option<&Passphrase>) -> Result<Zeroizing<Vec<u8>>> {
    let Some(passphrase) = passphrase else {
        return Ok(files::to_pem("PRIVATE KEY", key.to_pkcs8_der()));
    };
    let encrypted = key.to_encrypted_der(passphrase)?;
    let opened = StoredKey::from_encrypted_der(&encrypted, passphrase)?;
    if opened.to_pkcs8_der() != key.to_pkcs8_der() {
        return Err(Failure::new(
            "the encrypted key does not open as the one that went in; nothing was written",
        ));
    }
    Ok(files::to_pem("ENCRYPTED PRIVATE KEY", &encrypted))
}

fn real(path: &Path) -> Option<PathBuf> {
    fs::canonicalize(path).ok()
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).map_or(MODE, |found| found.permissions().mode())
}

#[cfg(not(unix))]
fn mode(_path: &Path) -> u32 {
    MODE
}

/// Something in the way, in this command's own words.
fn in_the_way(error: FileError, path: &Path) -> Failure {
    let exists = matches!(error, FileError::Exists(_));
    let failure = Failure::from(error);
    if exists { failure.hint(remedy::replace_key(path)) } else { failure }
}
