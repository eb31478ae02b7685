//! Certificates and keys in files: read with an error that names the path, written all or none.
//!
//! rustls-pemfile (named by the design card; archived, RUSTSEC-2025-0134, now a thin wrapper over
//! rustls-pki-types) is used in this file and nowhere else.

use std::path::{Path, PathBuf};

use rustls::pki_types::CertificateDer;

use super::key::{Passphrase, PrivateKey};

/// A file could not be read as what it should hold, or not be written.
#[derive(Debug, thiserror::Error)]
pub enum FileError {}

/// Reads certificates: every `CERTIFICATE` of a PEM file in order, or the one of a DER file. Never empty.
pub fn read_certificates(_path: &Path) -> Result<Vec<CertificateDer<'static>>, FileError> {
    todo!()
}

/// A private key as found in a file.
#[derive(Debug)]
pub enum KeyFile {
    /// Readable as it is.
    Clear(PrivateKey),
    /// PBES2-encrypted PKCS#8 DER: [`KeyFile::unlock`] it.
    Encrypted(Vec<u8>),
}

/// Reads the one private key of a file: PEM or DER; PKCS#8, PKCS#1, SEC1 or encrypted PKCS#8.
pub fn read_private_key(_path: &Path) -> Result<KeyFile, FileError> {
    todo!()
}

impl KeyFile {
    /// Whether a passphrase is needed.
    pub fn is_encrypted(&self) -> bool {
        matches!(self, Self::Encrypted(_))
    }

    /// The key, decrypted with `passphrase` where it is encrypted. `path` is for the error.
    pub fn unlock(self, _path: &Path, _passphrase: &Passphrase) -> Result<PrivateKey, FileError> {
        todo!()
    }
}

/// A file to be born.
#[derive(Debug)]
pub struct NewFile {
    /// Its name inside the directory.
    pub name: &'static str,
    /// Its permission bits from birth, such as 0o600.
    pub mode: u32,
    /// What it holds.
    pub contents: zeroize::Zeroizing<Vec<u8>>,
}

/// Writes all of `files` into `directory` (made if missing), or none; replaces existing ones only with `force`.
pub fn write_all(_directory: &Path, _files: &[NewFile], _force: bool) -> Result<Vec<PathBuf>, FileError> {
    todo!()
}
