//! Certificates and keys in files: read with an error that names the path, written all or none.
//!
//! rustls-pemfile (named by the design card; archived, RUSTSEC-2025-0134, now a thin wrapper over
//! rustls-pki-types) reads PEM in this file and nowhere else. It passes over labels that it does not know without a
//! word and repeats what it cannot read, so [`super::pem`] finds the blocks, and it reads each as it stands.
//!
//! Reading is bounded: a file of more than 16 MiB is refused, an endless device too. Whether the DER inside is
//! sound is not asked of certificates (a laboratory must be able to load a bad one), but is of keys.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use data_encoding::BASE64;
use rustls::pki_types::CertificateDer;
use zeroize::Zeroizing;

use super::crl::CrlFacts;
use super::encryption;
use super::facts::Malformed;
pub use super::file_error::FileError;
use super::key::{KeyError, Passphrase, PrivateKey};
use super::kind::{KeyForm, Kind};
use super::ocsp::OcspFacts;
use super::pem::{self, Block};
pub use super::placing::{NewFile, check_one, check_target, within, write_all, write_one};
use super::request::RequestFacts;
use super::stored_key::StoredKey;

/// The most that is read of a file: more than any bundle of trusted certificates holds.
const LIMIT: u64 = 16 << 20;

const CERTIFICATE: &str = "a certificate";
const CRL: &str = "a certificate revocation list";
const KEY: &str = "a private key";
const OCSP: &str = "an OCSP response";
const REQUEST: &str = "a certificate signing request";
const REQUEST_LABELS: [&str; 2] = ["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"];

/// Reads certificates: every `CERTIFICATE` of a PEM file in order, or the one of a DER file. Never empty. Other
/// blocks beside certificates, such as their key, are passed over.
pub fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, FileError> {
    Ok(read_certificates_by_line(path)?.into_iter().map(|(_, certificate)| certificate).collect())
}

/// The same, each with the line on which its block begins; `None` for DER.
pub fn read_certificates_by_line(
    path: &Path,
) -> Result<Vec<(Option<usize>, CertificateDer<'static>)>, FileError> {
    let contents = read_bounded(path, CERTIFICATE)?;
    let blocks = find_blocks(path, &contents)?;
    if blocks.is_empty() {
        return match Kind::of(&contents) {
            Kind::Certificate => Ok(vec![(None, CertificateDer::from(contents.to_vec()))]),
            other => Err(no_pem(path, CERTIFICATE, other)),
        };
    }
    let labels = ["CERTIFICATE", "X509 CERTIFICATE"];
    let certificates = blocks.iter().filter(|block| labels.contains(&block.label.as_str()));
    let certificates = certificates
        .map(|block| Ok((Some(block.line), CertificateDer::from(decode_in(path, block)?.to_vec()))))
        .collect::<Result<Vec<_>, _>>()?;
    if certificates.is_empty() { Err(wrong_kind(path, CERTIFICATE, &blocks)) } else { Ok(certificates) }
}

/// Reads the one certificate signing request (RFC 2986) of a file: PEM or DER. Whether its signature verifies is
/// not asked.
pub fn read_request(path: &Path) -> Result<RequestFacts, FileError> {
    let contents = read_bounded(path, REQUEST)?;
    let blocks = find_blocks(path, &contents)?;
    let der = match blocks.iter().find(|block| REQUEST_LABELS.contains(&block.label.as_str())) {
        Some(block) => decode_in(path, block)?,
        None if blocks.is_empty() => match Kind::of(&contents) {
            Kind::Request => contents,
            other => return Err(no_pem(path, REQUEST, other)),
        },
        None => return Err(wrong_kind(path, REQUEST, &blocks)),
    };
    RequestFacts::read(&der)
        .map_err(|Malformed(why)| FileError::DamagedRequest { path: path.to_owned(), why })
}

/// The certificate revocation lists of a file, PEM or DER, in order, and the certificates beside them, such as their
/// issuers'. At least one list.
pub fn read_crls(path: &Path) -> Result<(Vec<CrlFacts>, Vec<CertificateDer<'static>>), FileError> {
    let contents = read_bounded(path, CRL)?;
    let read = |line, der: &[u8]| {
        let damaged = |Malformed(why)| FileError::DamagedCrl { path: path.to_owned(), line, why };
        CrlFacts::read(der).map_err(damaged)
    };
    let blocks = find_blocks(path, &contents)?;
    if blocks.is_empty() {
        return match Kind::of(&contents) {
            Kind::Crl => Ok((vec![read(None, &contents)?], Vec::new())),
            other => Err(no_pem(path, CRL, other)),
        };
    }
    let (mut crls, mut certificates) = (Vec::new(), Vec::new());
    for block in &blocks {
        match block.label.as_str() {
            "X509 CRL" | "CRL" => crls.push(read(Some(block.line), &decode_in(path, block)?)?),
            "CERTIFICATE" => certificates.push(CertificateDer::from(decode_in(path, block)?.to_vec())),
            _ => {}
        }
    }
    if crls.is_empty() { Err(wrong_kind(path, CRL, &blocks)) } else { Ok((crls, certificates)) }
}

/// The one OCSP response (RFC 6960) of a file, DER as responders send it, or PEM. Nothing of it is verified.
pub fn read_ocsp(path: &Path) -> Result<OcspFacts, FileError> {
    let contents = read_bounded(path, OCSP)?;
    let blocks = find_blocks(path, &contents)?;
    let der = match blocks.iter().find(|block| block.label.as_str() == "OCSP RESPONSE") {
        Some(block) => decode_in(path, block)?,
        None if blocks.is_empty() => match Kind::of(&contents) {
            Kind::Ocsp => contents,
            other => return Err(no_pem(path, OCSP, other)),
        },
        None => return Err(wrong_kind(path, OCSP, &blocks)),
    };
    OcspFacts::read(&der).map_err(|Malformed(why)| FileError::DamagedOcsp { path: path.to_owned(), why })
}

/// A private key as found in a file.
#[derive(Debug)]
pub enum KeyFile {
    /// Readable as it is.
    Clear(PrivateKey),
    /// Encrypted: [`KeyFile::unlock`] it.
    Encrypted(EncryptedKey),
}

/// A private key that takes a passphrase.
#[derive(Debug)]
pub enum EncryptedKey {
    /// EncryptedPrivateKeyInfo (RFC 5958 §3) in DER.
    Pkcs8(Vec<u8>),
    /// A PEM block encrypted by its headers (RFC 1421), as older openssl did.
    Pem {
        /// The value of `DEK-Info`.
        info: String,
        /// What stands in the block.
        sealed: Vec<u8>,
    },
}

impl EncryptedKey {
    fn open(&self, passphrase: &Passphrase) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        match self {
            Self::Pkcs8(der) => encryption::decrypt(der, passphrase),
            Self::Pem { info, sealed } => encryption::decrypt_pem(info, sealed, passphrase),
        }
    }
}

/// A private key's bytes as found in a file.
enum Found {
    Clear(Zeroizing<Vec<u8>>),
    Encrypted(EncryptedKey),
}

/// Reads the one private key of a file: PEM or DER; PKCS#8, PKCS#1, SEC1, or encrypted.
pub fn read_private_key(path: &Path) -> Result<KeyFile, FileError> {
    match find_key(path)? {
        Found::Encrypted(key) => Ok(KeyFile::Encrypted(key)),
        Found::Clear(der) => match PrivateKey::from_der(&der) {
            Ok(key) => Ok(KeyFile::Clear(key)),
            Err(source) => Err(FileError::Key { path: path.to_owned(), source }),
        },
    }
}

/// A private key of any kind as found in a file: to be kept, and not to be used.
#[derive(Debug)]
pub enum StoredKeyFile {
    /// Readable as it is.
    Clear(Box<StoredKey>),
    /// Encrypted: [`StoredKeyFile::unlock`] it.
    Encrypted(EncryptedKey),
}

impl StoredKeyFile {
    /// As [`read_private_key`], also of a kind that tlslab cannot use.
    pub fn read(path: &Path) -> Result<Self, FileError> {
        match find_key(path)? {
            Found::Encrypted(key) => Ok(Self::Encrypted(key)),
            Found::Clear(der) => match StoredKey::from_der(&der) {
                Ok(key) => Ok(Self::Clear(Box::new(key))),
                Err(source) => Err(FileError::Key { path: path.to_owned(), source }),
            },
        }
    }

    /// Whether a passphrase is needed.
    pub fn is_encrypted(&self) -> bool {
        matches!(self, Self::Encrypted(_))
    }

    /// The key, decrypted with `passphrase` where it is encrypted. `path` is for the error.
    pub fn unlock(self, path: &Path, passphrase: &Passphrase) -> Result<StoredKey, FileError> {
        match self {
            Self::Clear(key) => Ok(*key),
            Self::Encrypted(key) => key
                .open(passphrase)
                .and_then(|der| StoredKey::from_der(&der))
                .map_err(|source| FileError::Key { path: path.to_owned(), source }),
        }
    }
}

fn find_key(path: &Path) -> Result<Found, FileError> {
    let contents = read_bounded(path, KEY)?;
    let key = |source| FileError::Key { path: path.to_owned(), source };
    let blocks = find_blocks(path, &contents)?;
    if blocks.is_empty() {
        return match Kind::of(&contents) {
            Kind::Key(KeyForm::EncryptedPkcs8) => {
                Ok(Found::Encrypted(EncryptedKey::Pkcs8(contents.to_vec())))
            }
            Kind::Key(form) if form.is_private() => Ok(Found::Clear(contents)),
            Kind::DsaKey => Err(key(KeyError::Unsupported("DSA key".to_owned()))),
            other => Err(no_pem(path, KEY, other)),
        };
    }
    let keys: Vec<_> = blocks.iter().filter(|block| block.label.as_str().ends_with("PRIVATE KEY")).collect();
    let block = match keys.as_slice() {
        [] => return Err(wrong_kind(path, KEY, &blocks)),
        [block] => block,
        several => {
            return Err(FileError::SeveralKeys { path: path.to_owned(), count: several.len() });
        }
    };
    if block.label.as_str() == "OPENSSH PRIVATE KEY" {
        return Err(key(KeyError::Unsupported("OpenSSH key".to_owned())));
    }
    let der = decode_in(path, block)?;
    Ok(match block.encryption() {
        Some(info) => Found::Encrypted(EncryptedKey::Pem { info: info.to_owned(), sealed: der.to_vec() }),
        None if block.label.as_str() == "ENCRYPTED PRIVATE KEY" => {
            Found::Encrypted(EncryptedKey::Pkcs8(der.to_vec()))
        }
        None => Found::Clear(der),
    })
}

/// The labels of what a file holds beside its key, such as `CERTIFICATE`: what would be lost if the key were
/// written over it. The curve that openssl writes before an EC key belongs to the key.
pub fn beside_the_key(path: &Path) -> Result<Vec<String>, FileError> {
    let contents = read_bounded(path, KEY)?;
    let blocks = find_blocks(path, &contents)?;
    let others = blocks.iter().filter(|block| {
        !block.label.as_str().ends_with("PRIVATE KEY") && block.label.as_str() != "EC PARAMETERS"
    });
    let mut labels: Vec<_> = others.map(|block| block.label.to_string()).collect();
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
            Self::Encrypted(key) => key
                .open(passphrase)
                .and_then(|der| PrivateKey::from_der(&der))
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

/// Every PEM block of a file; one whose boundaries are wrong stops it.
fn find_blocks(path: &Path, contents: &[u8]) -> Result<Vec<Block>, FileError> {
    let bad = |line, fault| FileError::BadPem { path: path.to_owned(), line, fault };
    pem::blocks(contents).into_iter().map(|(line, block)| block.map_err(|fault| bad(line, fault))).collect()
}

fn decode_in(path: &Path, block: &Block) -> Result<Zeroizing<Vec<u8>>, FileError> {
    decode(block).map_err(|why| FileError::DamagedPem {
        path: path.to_owned(),
        line: block.line,
        label: block.label.clone(),
        why,
    })
}

/// What a block holds. The labels that rustls-pemfile knows it reads; the others are base64 as well.
pub(super) fn decode(block: &Block) -> Result<Zeroizing<Vec<u8>>, &'static str> {
    use rustls_pemfile::Item;

    let mark = |mark: &str| format!("-----{mark} {}-----\n", block.label.as_str());
    let (begin, end) = (mark("BEGIN"), mark("END"));
    let text = Zeroizing::new([begin.as_bytes(), &block.base64, b"\n", end.as_bytes()].concat());
    let item = rustls_pemfile::read_one_from_slice(&text).map_err(|_| "expected base64")?;
    let der = match item {
        Some((Item::X509Certificate(der), _)) => der.to_vec(),
        Some((Item::Pkcs1Key(der), _)) => der.secret_pkcs1_der().to_vec(),
        Some((Item::Pkcs8Key(der), _)) => der.secret_pkcs8_der().to_vec(),
        Some((Item::Sec1Key(der), _)) => der.secret_sec1_der().to_vec(),
        Some((Item::Crl(der), _)) => der.to_vec(),
        Some((Item::Csr(der), _)) => der.to_vec(),
        Some((Item::SubjectPublicKeyInfo(der), _)) => der.to_vec(),
        _ => BASE64.decode(&block.base64).map_err(|_| "expected base64")?,
    };
    if der.is_empty() { Err("expected base64, found nothing") } else { Ok(Zeroizing::new(der)) }
}

fn wrong_kind(path: &Path, expected: &'static str, blocks: &[Block]) -> FileError {
    let mut labels: Vec<_> = blocks.iter().map(|block| block.label.as_str()).collect();
    labels.dedup();
    let swapped = if expected == KEY {
        labels.contains(&"CERTIFICATE")
    } else {
        expected == CERTIFICATE && labels.iter().any(|label| label.ends_with("PRIVATE KEY"))
    };
    let mut found: Vec<_> = blocks.iter().map(|block| block.label.to_string()).collect();
    found.dedup();
    let found =
        if found.len() > 8 { format!("{} and more", found[..8].join(", ")) } else { found.join(", ") };
    FileError::WrongKind { path: path.to_owned(), expected, found, swapped }
}

fn no_pem(path: &Path, expected: &'static str, kind: Kind) -> FileError {
    let (path, found) = (path.to_owned(), kind.words());
    if !kind.is_known() {
        return FileError::Unrecognised { path, expected, found };
    }
    let swapped = (expected == CERTIFICATE || expected == KEY) && (found == CERTIFICATE || found == KEY);
    FileError::WrongKind { path, expected, found: found.to_owned(), swapped }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

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
            "file.pem: line 1: cut short: expected a line -----END CERTIFICATE-----, found none"
        );
        assert_eq!(
            folder.certificate_refused(format!("{cut}\n{certificate}")),
            "file.pem: line 1: cut short: expected a line -----END CERTIFICATE-----, found none"
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
            "file.pem: line 1: damaged CERTIFICATE block: expected base64"
        );
        assert_eq!(
            folder.certificate_refused("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"),
            "file.pem: line 1: damaged CERTIFICATE block: expected base64, found nothing"
        );
        assert_eq!(
            folder.certificate_refused("-----END CERTIFICATE-----\n"),
            "file.pem: line 1: expected a line -----BEGIN CERTIFICATE----- before its end, found none"
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
                for block in &blocks {
                    prop_assert!(decode_in(path, block).map_or(true, |der| !der.is_empty()));
                }
            }
        }
    }
}
