//! Certificates and keys in files: read with an error that names the path, written all or none.
//!
//! rustls-pemfile (named by the design card; archived, RUSTSEC-2025-0134, now a thin wrapper over
//! rustls-pki-types) is used in this file and nowhere else. It passes over labels that it does not know without
//! a word, so the blocks are found here, and it decodes them.
//!
//! Reading is bounded: a file of more than 16 MiB is refused, an endless device too. Whether the DER inside is
//! sound is not asked of certificates (a laboratory must be able to load a bad one), but is of keys.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rustls::pki_types::CertificateDer;
use zeroize::Zeroizing;

use super::facts::Malformed;
use super::key::{KeyError, Passphrase, PrivateKey};
use super::key_der::{Shape, shape};
pub use super::placing::{NewFile, check_one, check_target, within, write_all, write_one};
use super::request::RequestFacts;

/// The most that is read of a file: more than any bundle of trusted certificates holds.
const LIMIT: u64 = 16 << 20;

/// A file could not be read as what it should hold, or not be written.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// There is no such file.
    #[error("{}: no such file", .0.display())]
    NotFound(PathBuf),
    /// A directory where a file should be.
    #[error("{}: expected a file, found a directory", .0.display())]
    IsDirectory(PathBuf),
    /// Something else where the directory should be.
    #[error("{}: expected a directory, found a file", .0.display())]
    NotDirectory(PathBuf),
    /// The system refused to read it.
    #[error("{}: cannot read it: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// More than anybody needs.
    #[error("{}: expected at most 16 MiB, found more", .0.display())]
    TooLarge(PathBuf),
    /// Nothing in it.
    #[error("{}: expected {expected}, found an empty file", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        expected: &'static str,
    },
    /// Neither PEM nor DER of any known kind.
    #[error("{}: expected {expected} in PEM or DER, found {found}", path.display())]
    Unrecognised {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        expected: &'static str,
        /// What it looks like.
        found: &'static str,
    },
    /// A PEM block that begins and does not end.
    #[error("{}: cut short: expected a line -----END {label}-----, found none", path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
        /// The block's label.
        label: String,
    },
    /// A PEM block whose inside is no base64.
    #[error("{}: damaged {label} block: {why}", path.display())]
    DamagedPem {
        /// The file.
        path: PathBuf,
        /// The block's label.
        label: String,
        /// What is wrong with it.
        why: String,
    },
    /// Other things than what it should hold.
    #[error(
        "{}: expected {expected}, found {found}{}",
        path.display(),
        if *swapped { " (are certificate and key swapped?)" } else { "" }
    )]
    WrongKind {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        expected: &'static str,
        /// What it holds.
        found: String,
        /// Whether certificate and key may have been mistaken for each other.
        swapped: bool,
    },
    /// A certificate signing request that is none inside.
    #[error("{}: not a certificate signing request: {why}", path.display())]
    DamagedRequest {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// More than one private key.
    #[error("{}: expected one private key, found {count}", path.display())]
    SeveralKeys {
        /// The file.
        path: PathBuf,
        /// How many.
        count: usize,
    },
    /// A key in openssl's pre-PKCS#8 encryption (`Proc-Type: 4,ENCRYPTED`), which derives the key from the
    /// passphrase with a single MD5.
    #[error("{}: expected a key in PKCS#8, found one in the old encrypted PEM form (Proc-Type: 4,ENCRYPTED)", .0.display())]
    LegacyEncrypted(PathBuf),
    /// A private key that cannot be used.
    #[error("{}: {source}", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// Why.
        source: KeyError,
    },
    /// Files that would have to be replaced.
    #[error("{} already {}", list(.0), if .0.len() == 1 { "exists" } else { "exist" })]
    Exists(Vec<PathBuf>),
    /// The system refused to write it; nothing was changed.
    #[error("{}: cannot write it: {source}", path.display())]
    Write {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Writing failed, and so did putting an old file back.
    #[error("{}: cannot put the old file back ({source}); it is kept as {}", path.display(), backup.display())]
    NotRestored {
        /// The file.
        path: PathBuf,
        /// Where the old contents are.
        backup: PathBuf,
        /// Why.
        source: io::Error,
    },
}

fn list(paths: &[PathBuf]) -> String {
    let names: Vec<_> = paths.iter().map(|path| path.display().to_string()).collect();
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => names.concat(),
    }
}

const CERTIFICATE: &str = "a certificate";
const KEY: &str = "a private key";
const REQUEST: &str = "a certificate signing request";
const REQUEST_LABELS: [&str; 2] = ["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"];

/// Reads certificates: every `CERTIFICATE` of a PEM file in order, or the one of a DER file. Never empty. Other
/// blocks beside certificates, such as their key, are passed over.
pub fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, FileError> {
    let contents = read_bounded(path, CERTIFICATE)?;
    let blocks = match find_blocks(path, &contents)? {
        blocks if blocks.is_empty() => {
            return match shape(&contents) {
                Some(Shape::Certificate) => Ok(vec![CertificateDer::from(contents.to_vec())]),
                other => Err(no_pem(path, CERTIFICATE, other, &contents)),
            };
        }
        blocks => blocks,
    };
    let certificates = blocks.iter().filter(|block| block.label == "CERTIFICATE");
    let certificates = certificates
        .map(|block| block.decode(path).map(|der| CertificateDer::from(der.to_vec())))
        .collect::<Result<Vec<_>, _>>()?;
    if certificates.is_empty() { Err(wrong_kind(path, CERTIFICATE, &blocks)) } else { Ok(certificates) }
}

/// Reads the one certificate signing request (RFC 2986) of a file: PEM or DER. Whether its signature verifies is
/// not asked.
pub fn read_request(path: &Path) -> Result<RequestFacts, FileError> {
    let contents = read_bounded(path, REQUEST)?;
    let blocks = find_blocks(path, &contents)?;
    let der = match blocks.iter().find(|block| REQUEST_LABELS.contains(&block.label.as_str())) {
        Some(block) => block.decode(path)?,
        None if blocks.is_empty() => match shape(&contents) {
            // A request begins as a certificate does: a SEQUENCE of a version, then more.
            Some(Shape::Certificate) => contents,
            other => return Err(no_pem(path, REQUEST, other, &contents)),
        },
        None => return Err(wrong_kind(path, REQUEST, &blocks)),
    };
    RequestFacts::read(&der)
        .map_err(|Malformed(why)| FileError::DamagedRequest { path: path.to_owned(), why })
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
pub fn read_private_key(path: &Path) -> Result<KeyFile, FileError> {
    let contents = read_bounded(path, KEY)?;
    let key = |source| FileError::Key { path: path.to_owned(), source };
    let blocks = match find_blocks(path, &contents)? {
        blocks if blocks.is_empty() => {
            return match shape(&contents) {
                Some(Shape::PrivateKey) => PrivateKey::from_der(&contents).map(KeyFile::Clear).map_err(key),
                Some(Shape::EncryptedPkcs8) => Ok(KeyFile::Encrypted(contents.to_vec())),
                other => Err(no_pem(path, KEY, other, &contents)),
            };
        }
        blocks => blocks,
    };
    let keys: Vec<_> = blocks.iter().filter(|block| block.label.ends_with("PRIVATE KEY")).collect();
    let block = match keys.as_slice() {
        [] => return Err(wrong_kind(path, KEY, &blocks)),
        [block] => block,
        several => {
            return Err(FileError::SeveralKeys { path: path.to_owned(), count: several.len() });
        }
    };
    if block.has_legacy_encryption() {
        return Err(FileError::LegacyEncrypted(path.to_owned()));
    }
    match block.label.as_str() {
        "ENCRYPTED PRIVATE KEY" => Ok(KeyFile::Encrypted(block.decode(path)?.to_vec())),
        "OPENSSH PRIVATE KEY" => Err(key(KeyError::Unsupported("OpenSSH key".to_owned()))),
        _ => PrivateKey::from_der(&block.decode(path)?).map(KeyFile::Clear).map_err(key),
    }
}

/// The labels of what a file holds beside its key, such as `CERTIFICATE`: what would be lost if the key were
/// written over it. The curve that openssl writes before an EC key belongs to the key.
pub fn beside_the_key(path: &Path) -> Result<Vec<String>, FileError> {
    let contents = read_bounded(path, KEY)?;
    let mut labels: Vec<_> = find_blocks(path, &contents)?.into_iter().map(|block| block.label).collect();
    labels.retain(|label| !label.ends_with("PRIVATE KEY") && label != "EC PARAMETERS");
    labels.dedup();
    Ok(labels)
}

impl KeyFile {
    /// Whether a passphrase is needed.
    pub fn is_encrypted(&self) -> bool {
        matches!(self, Self::Encrypted(_))
    }

    /// The key, decrypted with `passphrase` where it is encrypted. `path` is for the error.
    pub fn unlock(self, path: &Path, passphrase: &Passphrase) -> Result<PrivateKey, FileError> {
        match self {
            Self::Clear(key) => Ok(key),
            Self::Encrypted(der) => PrivateKey::from_encrypted_der(&der, passphrase)
                .map_err(|source| FileError::Key { path: path.to_owned(), source }),
        }
    }
}

/// One PEM block (RFC 7468): `-----BEGIN label-----`, base64 in lines of 64, `-----END label-----`.
pub fn to_pem(label: &str, der: &[u8]) -> Zeroizing<Vec<u8>> {
    let text = der::pem::encode_string(label, der::pem::LineEnding::LF, der);
    // It fails for a label that is none, and ours are constants.
    Zeroizing::new(text.unwrap_or_default().into_bytes())
}

/// Reads a file of at most 16 MiB that is not empty. `expected` says in the error what it should hold.
pub fn read_bounded(path: &Path, expected: &'static str) -> Result<Zeroizing<Vec<u8>>, FileError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => FileError::NotFound(path.to_owned()),
        io::ErrorKind::IsADirectory => FileError::IsDirectory(path.to_owned()),
        _ => FileError::Read { path: path.to_owned(), source },
    };
    // The question first: opening a directory succeeds on some systems and is "access denied" on others.
    if fs::metadata(path).map_err(failed)?.is_dir() {
        return Err(FileError::IsDirectory(path.to_owned()));
    }
    let mut contents = Zeroizing::new(Vec::new());
    File::open(path).map_err(failed)?.take(LIMIT + 1).read_to_end(&mut contents).map_err(failed)?;
    if contents.len() as u64 > LIMIT {
        return Err(FileError::TooLarge(path.to_owned()));
    }
    if contents.iter().all(u8::is_ascii_whitespace) {
        return Err(FileError::Empty { path: path.to_owned(), expected });
    }
    Ok(contents)
}

/// A PEM block as it stands in the file.
struct Block<'a> {
    label: String,
    body: &'a [u8],
}

/// Every PEM block. What stands outside of blocks, such as openssl's text, is commentary (RFC 7468 §2).
fn find_blocks<'a>(path: &Path, contents: &'a [u8]) -> Result<Vec<Block<'a>>, FileError> {
    let mut blocks = Vec::new();
    let mut open: Option<(String, usize)> = None;
    let mut position = 0;
    for line in contents.split_inclusive(|byte| *byte == b'\n') {
        let start = position;
        position += line.len();
        let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line).trim_ascii();
        let marked = |mark: &[u8]| {
            let label = line.strip_prefix(mark)?.strip_suffix(b"-----")?;
            label
                .iter()
                .all(|byte| matches!(byte, b' '..=b'~'))
                .then(|| String::from_utf8_lossy(label).into_owned())
        };
        if let Some(label) = marked(b"-----BEGIN ") {
            if let Some((label, _)) = open {
                return Err(FileError::Truncated { path: path.to_owned(), label });
            }
            open = Some((label, position));
        } else if let Some(ends) = marked(b"-----END ") {
            match open.take() {
                Some((label, from)) if label == ends => {
                    blocks.push(Block { label, body: contents.get(from..start).unwrap_or_default() });
                }
                Some((label, _)) => {
                    let why = format!("expected a line -----END {label}-----, found -----END {ends}-----");
                    return Err(FileError::DamagedPem { path: path.to_owned(), label, why });
                }
                None => {
                    let why = format!("expected a line -----BEGIN {ends}----- before its end, found none");
                    return Err(FileError::DamagedPem { path: path.to_owned(), label: ends, why });
                }
            }
        }
    }
    match open {
        Some((label, _)) => Err(FileError::Truncated { path: path.to_owned(), label }),
        None => Ok(blocks),
    }
}

impl Block<'_> {
    fn decode(&self, path: &Path) -> Result<Zeroizing<Vec<u8>>, FileError> {
        let damaged =
            |why: String| FileError::DamagedPem { path: path.to_owned(), label: self.label.clone(), why };
        // Under a label that rustls-pemfile knows and passes on as it is.
        let text = Zeroizing::new(
            [b"-----BEGIN PRIVATE KEY-----\n", self.body, b"\n-----END PRIVATE KEY-----\n"].concat(),
        );
        match rustls_pemfile::read_one_from_slice(&text) {
            Ok(Some((rustls_pemfile::Item::Pkcs8Key(der), _))) if !der.secret_pkcs8_der().is_empty() => {
                Ok(Zeroizing::new(der.secret_pkcs8_der().to_vec()))
            }
            Ok(_) => Err(damaged("expected base64, found nothing".to_owned())),
            Err(_) => Err(damaged("expected base64".to_owned())),
        }
    }

    fn has_legacy_encryption(&self) -> bool {
        let header = b"Proc-Type:";
        self.body.split(|byte| *byte == b'\n').any(|line| line.starts_with(header))
    }
}

fn wrong_kind(path: &Path, expected: &'static str, blocks: &[Block<'_>]) -> FileError {
    let mut labels: Vec<_> = blocks.iter().map(|block| block.label.as_str()).collect();
    labels.dedup();
    let swapped = if expected == KEY {
        labels.contains(&"CERTIFICATE")
    } else {
        expected == CERTIFICATE && labels.iter().any(|label| label.ends_with("PRIVATE KEY"))
    };
    FileError::WrongKind { path: path.to_owned(), expected, found: labels.join(", "), swapped }
}

fn no_pem(path: &Path, expected: &'static str, shape: Option<Shape>, contents: &[u8]) -> FileError {
    let found = match shape {
        Some(Shape::Certificate) => CERTIFICATE,
        Some(Shape::EncryptedPkcs8 | Shape::PrivateKey) => KEY,
        Some(Shape::Pkcs12) => "a PKCS#12 bundle",
        Some(Shape::PublicKey) => "a public key",
        None => {
            // What a shell that writes UTF-16 makes of `openssl … > cert.pem`.
            let wide = contents.starts_with(b"\xff\xfe") || contents.starts_with(b"\xfe\xff");
            let found = if wide { "UTF-16 text" } else { "neither" };
            return FileError::Unrecognised { path: path.to_owned(), expected, found };
        }
    };
    let swapped = expected != REQUEST && (found == CERTIFICATE || found == KEY);
    FileError::WrongKind { path: path.to_owned(), expected, found: found.to_owned(), swapped }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::key::KeyAlgorithm;
    use super::*;

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn file(&self, contents: impl AsRef<[u8]>) -> PathBuf {
            let path = self.0.path().join("file.pem");
            fs::write(&path, contents).unwrap();
            path
        }

        fn certificate_refused(&self, contents: impl AsRef<[u8]>) -> String {
            self.told(&read_certificates(&self.file(contents)).unwrap_err())
        }

        fn key_refused(&self, contents: impl AsRef<[u8]>) -> String {
            self.told(&read_private_key(&self.file(contents)).unwrap_err())
        }

        fn told(&self, error: &FileError) -> String {
            error.to_string().replace(&format!("{}/", self.0.path().display()), "")
        }
    }

    fn key() -> PrivateKey {
        PrivateKey::generate(KeyAlgorithm::EcP256).unwrap()
    }

    fn text(label: &str, der: &[u8]) -> String {
        String::from_utf8(to_pem(label, der).to_vec()).unwrap()
    }

    /// Bytes with the outline of a certificate.
    const CERTIFICATE_DER: [u8; 9] = [0x30, 7, 0x30, 5, 0xa0, 3, 2, 1, 2];

    #[test]
    fn pem_has_lines_of_64() {
        let text = text("CERTIFICATE", &[0; 100]);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "-----BEGIN CERTIFICATE-----");
        assert_eq!(lines[1].len(), 64);
        assert_eq!(*lines.last().unwrap(), "-----END CERTIFICATE-----");
        assert!(text.ends_with('\n'));
    }

    #[test]
    fn certificates_are_found_among_other_things() {
        let folder = Folder::new();
        let certificate = text("CERTIFICATE", &CERTIFICATE_DER);
        let key = text("PRIVATE KEY", &key().to_pkcs8_der());
        let bundle =
            format!("\u{feff}{certificate}Certificate: text\r\n\n{key}{}", certificate.replace('\n', "\r\n"));
        assert_eq!(read_certificates(&folder.file(&bundle)).unwrap().len(), 2);
        assert!(matches!(read_private_key(&folder.file(&bundle)), Ok(KeyFile::Clear(_))));
        assert_eq!(read_certificates(&folder.file(CERTIFICATE_DER)).unwrap()[0].as_ref(), CERTIFICATE_DER);
    }

    #[test]
    fn keys_are_read_in_every_form() {
        let folder = Folder::new();
        let key = key();
        let passphrase = Passphrase::new("correct horse".to_owned());
        let encrypted = key.to_encrypted_der(&passphrase).unwrap();
        for contents in [
            text("PRIVATE KEY", &key.to_pkcs8_der()).into_bytes(),
            text("ENCRYPTED PRIVATE KEY", &encrypted).into_bytes(),
            key.to_pkcs8_der().to_vec(),
            encrypted.clone(),
        ] {
            let path = folder.file(contents);
            let read = read_private_key(&path).unwrap().unlock(&path, &passphrase).unwrap();
            assert_eq!(read.public_key_info(), key.public_key_info());
        }
        let path = folder.file(text("ENCRYPTED PRIVATE KEY", &encrypted));
        let error = read_private_key(&path).unwrap().unlock(&path, &Passphrase::new("no".to_owned()));
        assert_eq!(folder.told(&error.unwrap_err()), "file.pem: wrong passphrase");
    }

    #[test]
    fn what_is_not_there_or_no_file_is_said() {
        let folder = Folder::new();
        let missing = folder.0.path().join("missing.pem");
        assert_eq!(folder.told(&read_certificates(&missing).unwrap_err()), "missing.pem: no such file");
        let directory = read_certificates(folder.0.path()).unwrap_err();
        assert!(matches!(directory, FileError::IsDirectory(_)), "{directory}");
        assert_eq!(folder.certificate_refused(""), "file.pem: expected a certificate, found an empty file");
        assert_eq!(folder.key_refused(" \n"), "file.pem: expected a private key, found an empty file");
    }

    #[cfg(unix)]
    #[test]
    fn endless_devices_are_refused() {
        let error = read_certificates(Path::new("/dev/zero")).unwrap_err();
        assert_eq!(error.to_string(), "/dev/zero: expected at most 16 MiB, found more");
    }

    #[test]
    fn refusals_say_what_was_found() {
        let folder = Folder::new();
        let key = text("PRIVATE KEY", &key().to_pkcs8_der());
        let certificate = text("CERTIFICATE", &CERTIFICATE_DER);
        let swapped = "(are certificate and key swapped?)";
        assert_eq!(
            folder.certificate_refused(&key),
            format!("file.pem: expected a certificate, found PRIVATE KEY {swapped}")
        );
        assert_eq!(
            folder.key_refused(&certificate),
            format!("file.pem: expected a private key, found CERTIFICATE {swapped}")
        );
        assert_eq!(
            folder.key_refused(CERTIFICATE_DER),
            format!("file.pem: expected a private key, found a certificate {swapped}")
        );
        assert_eq!(
            folder.certificate_refused(text("CERTIFICATE REQUEST", &[0])),
            "file.pem: expected a certificate, found CERTIFICATE REQUEST"
        );
        assert_eq!(folder.key_refused(format!("{key}{key}")), "file.pem: expected one private key, found 2");
        let cut = &certificate[..certificate.len() - 8];
        assert_eq!(
            folder.certificate_refused(cut),
            "file.pem: cut short: expected a line -----END CERTIFICATE-----, found none"
        );
        assert_eq!(
            folder.certificate_refused(format!("{cut}\n{certificate}")),
            "file.pem: cut short: expected a line -----END CERTIFICATE-----, found none"
        );
        assert_eq!(
            folder.certificate_refused("hello"),
            "file.pem: expected a certificate in PEM or DER, found neither"
        );
        assert_eq!(
            folder.certificate_refused(b"\xff\xfe-\0-\0"),
            "file.pem: expected a certificate in PEM or DER, found UTF-16 text"
        );
        assert_eq!(
            folder.certificate_refused("-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n"),
            "file.pem: damaged CERTIFICATE block: expected base64"
        );
        assert_eq!(
            folder.certificate_refused("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"),
            "file.pem: damaged CERTIFICATE block: expected base64, found nothing"
        );
        assert_eq!(
            folder.certificate_refused("-----END CERTIFICATE-----\n"),
            "file.pem: damaged CERTIFICATE block: expected a line -----BEGIN CERTIFICATE----- before its end, \
             found none"
        );
        assert_eq!(
            folder.key_refused(
                "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAAAA\n\
                 -----END RSA PRIVATE KEY-----\n"
            ),
            "file.pem: expected a key in PKCS#8, found one in the old encrypted PEM form (Proc-Type: 4,ENCRYPTED)"
        );
        assert_eq!(
            folder.key_refused(text("PRIVATE KEY", b"hello")),
            "file.pem: not a private key: expected PKCS#8, PKCS#1 or SEC1 in DER"
        );
        assert!(folder.key_refused(text("OPENSSH PRIVATE KEY", b"x")).starts_with("file.pem: OpenSSH key: "));
    }

    proptest! {
        #[test]
        fn arbitrary_files_are_read_or_refused(
            parts in proptest::collection::vec(prop_oneof![
                Just("-----BEGIN CERTIFICATE-----\n".to_owned()), Just("-----END CERTIFICATE-----\n".to_owned()),
                Just("-----BEGIN PRIVATE KEY-----\r\n".to_owned()), Just("AAAA\n".to_owned()), any::<String>(),
            ], 0..6)
        ) {
            let contents = parts.concat();
            let path = Path::new("x");
            if let Ok(blocks) = find_blocks(path, contents.as_bytes()) {
                for block in blocks {
                    let _ = block.decode(path);
                }
            }
        }
    }
}
