//! What is served, from files: `--cert` with `--key`, and whatever `--cert-dir` holds; read again on SIGHUP.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use time::OffsetDateTime;
use tlslab::pki::facts::CertFacts;
use tlslab::pki::key::KeyAlgorithm;
use tlslab::server::{Certificates, Identity};
use tlslab::words::counted;

use super::super::lab::{CERT, CLEAR_KEY, KEY};
use super::super::passphrase::PassphraseSource;
use super::super::{Failure, Result, remedy};
use super::identity::{self, Files};

/// Everything that is served now, and where it came from.
#[derive(Clone)]
pub(super) struct Served {
    /// For clients that ask for no name, or for an unknown one.
    default: Option<(Files, Identity)>,
    directory: Option<Directory>,
}

/// `--cert-dir`.
#[derive(Clone)]
struct Directory {
    path: PathBuf,
    /// By the certificate's file, in order.
    identities: BTreeMap<PathBuf, Identity>,
}

/// What came of reading everything again.
pub(super) struct Reread {
    /// What is now served.
    pub(super) served: Served,
    /// What could not be read, and is served as before.
    pub(super) kept: Vec<String>,
    /// What was read, in words.
    pub(super) said: Vec<String>,
}

impl Served {
    /// Reads everything for the first time. Anything bad stops it.
    pub(super) fn open(
        certificate: &Path,
        key: &Path,
        passin: Option<&PassphraseSource>,
        staple: Option<&Path>,
        directory: Option<&Path>,
    ) -> Result<Self> {
        let directory = directory.map(Directory::open).transpose()?;
        // A directory may be all there is; what names a key, though, wants it served.
        let left_out = directory.is_some() && !certificate.exists() && passin.is_none() && staple.is_none();
        let default = if left_out {
            None
        } else {
            let (files, identity) = Files::open(certificate, key, passin)?;
            let files = files.with_staple(staple);
            let identity = files.stapled(identity)?;
            Some((files, identity))
        };
        match &directory {
            Some(Directory { path, identities }) if default.is_none() && identities.is_empty() => {
                Err(Failure::new(format_args!(
                    "{}: expected NAME.pem with NAME.key, or folders with {CERT} and {CLEAR_KEY}, found none",
                    path.display()
                ))
                .hint(remedy::fill_directory(path)))
            }
            _ => Ok(Self { default, directory }),
        }
    }

    /// For TLS.
    pub(super) fn certificates(&self) -> Certificates {
        let named = self.directory.iter().flat_map(|directory| directory.identities.values());
        Certificates::new(self.default.as_ref().map(|(_, identity)| identity), named)
    }

    /// The first whose key signs handshakes of TLS 1.3 only: its file, and the kind of key.
    pub(super) fn for_tls13_only(&self) -> Option<(&Path, KeyAlgorithm)> {
        let default = self.default.iter().map(|(files, identity)| (files.certificate(), identity));
        let named = self.directory.iter().flat_map(|directory| &directory.identities);
        default
            .chain(named.map(|(path, identity)| (path.as_path(), identity)))
            .map(|(path, identity)| (path, identity.key_algorithm()))
            .find(|(_, algorithm)| algorithm.is_for_tls13_only())
    }

    /// What there is, a line each.
    pub(super) fn describe(&self) -> Vec<String> {
        let default =
            self.default.iter().map(|(_, identity)| format!("serving {}", identity::describe(identity)));
        let named =
            self.directory.iter().flat_map(|directory| &directory.identities).map(|(path, identity)| {
                let names = identity.names().join(", ");
                format!("serving {} for {names}: {}", path.display(), identity::describe(identity))
            });
        default.chain(named).collect()
    }

    /// The file of each certificate, and when it expires; of those that can be read.
    pub(super) fn expiries(&self) -> Vec<(String, OffsetDateTime)> {
        let default = self.default.iter().map(|(files, identity)| (files.certificate(), identity));
        let named = self.directory.iter().flat_map(|directory| &directory.identities);
        default
            .chain(named.map(|(path, identity)| (path.as_path(), identity)))
            .filter_map(|(path, identity)| {
                let leaf = CertFacts::read(identity.chain().first()?).ok()?;
                Some((path.display().to_string(), leaf.not_after))
            })
            .collect()
    }

    /// What a good client will say of all of it.
    pub(super) fn warnings(&self, now: OffsetDateTime) -> Vec<String> {
        let mut warnings = Vec::new();
        if let Some((files, identity)) = &self.default {
            warnings.extend(identity::warnings(files.certificate(), identity, now));
        }
        let Some(directory) = &self.directory else { return warnings };
        if self.default.is_none() {
            warnings.push(
                "there is no --cert: a client that asks for another name, or for none, is refused".to_owned(),
            );
        }
        for (path, identity) in &directory.identities {
            if identity.names().is_empty() {
                warnings.push(format!("{}: no DNS name in it: nobody will be shown it", path.display()));
            }
            warnings.extend(identity::warnings(path, identity, now));
        }
        warnings
    }

    /// Reads everything again. Each that is bad stays as it was; where that is `--cert` and there is nothing else, it
    /// is an error.
    pub(super) fn read_again(&self) -> Result<Reread> {
        let (mut kept, mut said) = (Vec::new(), Vec::new());
        let default = match &self.default {
            None => None,
            Some((files, before)) => {
                let identity = match files.read() {
                    Ok(identity) => {
                        said.push(format!("reloaded {files}: now serving {}", identity::describe(&identity)));
                        identity
                    }
                    Err(failure) if self.directory.is_none() => return Err(failure),
                    Err(failure) => {
                        kept.push(failure.to_string());
                        before.clone()
                    }
                };
                Some((files.clone(), identity))
            }
        };
        let directory = self.directory.as_ref().map(|before| {
            let (directory, bad) = before.read_again();
            kept.extend(bad);
            said.push(directory.said_after(before));
            directory
        });
        Ok(Reread { served: Self { default, directory }, kept, said })
    }
}

impl Directory {
    fn open(path: &Path) -> Result<Self> {
        let mut identities = BTreeMap::new();
        for (certificate, key) in pairs(path)? {
            let identity = read(&certificate, &key)?;
            identities.insert(certificate, identity);
        }
        Ok(Self { path: path.to_owned(), identities })
    }

    /// What is there now, and what of it could not be read: that stays as it was, if it was.
    fn read_again(&self) -> (Self, Vec<String>) {
        let pairs = match pairs(&self.path) {
            Ok(pairs) => pairs,
            Err(failure) => return (self.clone(), vec![failure.to_string()]),
        };
        let mut bad = Vec::new();
        let mut identities = BTreeMap::new();
        for (certificate, key) in pairs {
            let identity = match read(&certificate, &key) {
                Ok(identity) => Some(identity),
                Err(failure) => {
                    bad.push(failure.to_string());
                    self.identities.get(&certificate).cloned()
                }
            };
            identities.extend(identity.map(|identity| (certificate, identity)));
        }
        (Self { path: self.path.clone(), identities }, bad)
    }

    fn said_after(&self, before: &Self) -> String {
        let same = |(path, identity): &(&PathBuf, &Identity)| {
            before.identities.get(*path).is_some_and(|old| identity.is_same_as(old))
        };
        let changed = self.identities.iter().filter(|pair| !same(pair)).count();
        let gone = before.identities.keys().filter(|path| !self.identities.contains_key(*path)).count();
        format!(
            "reloaded {}: now serving {} by name, {changed} new or changed, {gone} gone",
            self.path.display(),
            counted(self.identities.len() as u64, "certificate"),
        )
    }
}

/// A certificate, its key, and its staple, where there is one.
fn read(certificate: &Path, key: &Path) -> Result<Identity> {
    let (_, identity) = Files::open_clear(certificate, key)?;
    let staple = certificate.with_extension("ocsp");
    if !staple.exists() {
        return Ok(identity);
    }
    identity::stapled(identity, &staple)
}

/// The certificates of a directory and their keys, in order of their names.
fn pairs(directory: &Path) -> Result<Vec<(PathBuf, PathBuf)>> {
    let cannot = || format!("{}: cannot read what is in this directory", directory.display());
    let mut paths = fs::read_dir(directory)
        .with_context(cannot)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<std::io::Result<Vec<_>>>()
        .with_context(cannot)?;
    paths.sort();
    // It may itself be as gencert writes one.
    let own = as_gencert_writes(directory);
    let mut pairs: Vec<_> = own.clone().into_iter().collect();
    for path in paths {
        // Hidden ones are not meant: editors' drafts, and Kubernetes' links to what it mounts.
        if path.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b".")) {
            continue;
        }
        if path.is_dir() {
            pairs.extend(as_gencert_writes(&path));
        } else if path.extension().is_some_and(|extension| extension == "pem") {
            let gencerts = |name| own.is_some() && path.ends_with(name);
            if ![CERT, CLEAR_KEY, KEY].into_iter().any(gencerts) {
                let key = path.with_extension("key");
                pairs.push((path, key));
            }
        }
    }
    Ok(pairs)
}

fn as_gencert_writes(folder: &Path) -> Option<(PathBuf, PathBuf)> {
    let certificate = folder.join(CERT);
    let key = folder.join(CLEAR_KEY);
    (certificate.exists() && (key.exists() || !certificate.with_extension("key").exists()))
        .then_some((certificate, key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_are_found_with_their_keys_in_either_manner() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        for folder in ["b.org", "empty", ".hidden"] {
            fs::create_dir(root.join(folder)).unwrap();
        }
        for file in
            ["c.pem", "c.key", "a.pem", "notes.txt", ".draft.pem", "b.org/cert.pem", ".hidden/cert.pem"]
        {
            fs::write(root.join(file), "").unwrap();
        }
        let found = |expected: &[[&str; 2]]| {
            let pairs = pairs(root).unwrap();
            let expected: Vec<_> = expected.iter().map(|[c, k]| (root.join(c), root.join(k))).collect();
            assert_eq!(pairs, expected);
        };
        let both = [["a.pem", "a.key"], ["b.org/cert.pem", "b.org/clearkey.pem"], ["c.pem", "c.key"]];
        found(&both);
        for file in [CERT, CLEAR_KEY, KEY] {
            fs::write(root.join(file), "").unwrap();
        }
        found(&[&[[CERT, CLEAR_KEY]], &both[..]].concat());
        assert!(
            pairs(&root.join("none"))
                .unwrap_err()
                .to_string()
                .contains("cannot read what is in this directory")
        );
    }
}
