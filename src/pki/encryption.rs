//! Encryption of private keys by a passphrase: PBES2 (RFC 8018 §6.2), written and read, and the older ways, read.
//!
//! Everything here takes hostile bytes. The parameters decide what opening a key costs, so each is checked at both
//! ends before anything is derived, and so is what they cost together.

use ::der::{Encode, ErrorKind};
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockCipherDecrypt, BlockModeDecrypt, KeyInit, KeyIvInit};
use data_encoding::HEXUPPER_PERMISSIVE;
use md5::Md5;
use pbkdf2::pbkdf2_hmac;
use pkcs8::EncryptedPrivateKeyInfoRef;
use pkcs8::pkcs5::{self, EncryptionScheme, pbes2};
use rc4::StreamCipher;
use sha1::Sha1;
use sha1::digest::Digest;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::der::{self, Element, Walk, tag, tlv};
use super::key_error::{KeyError, Passphrase};
use super::kind::{KeyForm, Kind};
use super::oid::{self, Oid};

/// The rounds of PBKDF2-HMAC-SHA256 that OWASP advises, and that a new key.pem takes.
const ROUNDS: u32 = 600_000;
/// The most rounds of any derivation that are followed when reading: some seconds.
pub const MAX_ROUNDS: u32 = 10_000_000;
/// The most memory that scrypt is given, in bytes.
pub const MAX_SCRYPT_MEMORY: u64 = 256 << 20;
/// The most memory that scrypt may go through in all its passes together, in bytes: some seconds.
pub const MAX_SCRYPT_WORK: u64 = 512 << 20;

/// What a new passphrase becomes: salt, initialisation vector and key. Making one takes a while, and needs no private
/// key yet.
pub struct SealingKey {
    parameters: pbes2::Parameters,
    iv: [u8; 16],
    key: Zeroizing<[u8; 32]>,
}

impl std::fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealingKey(…)")
    }
}

impl SealingKey {
    /// PBKDF2-HMAC-SHA256 of the passphrase, 600,000 rounds, a fresh salt.
    pub fn derive(passphrase: &Passphrase) -> Result<Self, KeyError> {
        let salt: [u8; 16] = crate::crypto::random()?;
        let iv: [u8; 16] = crate::crypto::random()?;
        let parameters = pbes2::Parameters::generate_pbkdf2_sha256_aes256cbc(ROUNDS, &salt, iv)
            .map_err(|error| KeyError::Generation(error.to_string()))?;
        let mut key = Zeroizing::new([0; 32]);
        pbkdf2_hmac::<Sha256>(passphrase.as_bytes(), &salt, ROUNDS, key.as_mut());
        Ok(Self { parameters, iv, key })
    }

    /// EncryptedPrivateKeyInfo (RFC 5958 §3) of this PKCS#8. A key and its vector seal one thing only.
    pub(super) fn seal(self, pkcs8: &[u8]) -> Result<Vec<u8>, KeyError> {
        use cbc::cipher::BlockModeEncrypt;

        let failed = |error: ::der::Error| KeyError::Generation(error.to_string());
        let scheme = EncryptionScheme::from(self.parameters).to_der().map_err(failed)?;
        let cipher = cbc::Encryptor::<aes::Aes256>::new_from_slices(&*self.key, &self.iv)
            .map_err(|error| KeyError::Generation(error.to_string()))?;
        let mut room = Zeroizing::new([pkcs8, &[0; 16]].concat());
        let sealed = cipher
            .encrypt_padded::<Pkcs7>(&mut room, pkcs8.len())
            .map_err(|_| KeyError::Generation("no room for the padding".to_owned()))?;
        Ok(der::sequence(&[&scheme, &tlv(tag::OCTET_STRING, sealed)]))
    }
}

/// Opens an EncryptedPrivateKeyInfo; gives PKCS#8.
pub(super) fn decrypt(encrypted: &[u8], passphrase: &Passphrase) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let Kind::Key(KeyForm::EncryptedPkcs8) = Kind::of(encrypted) else {
        return Err(malformed("expected encrypted PKCS#8 in DER"));
    };
    let damaged = |_| malformed("its encryption scheme is damaged");
    let mut fields = Walk(der::only(encrypted, tag::SEQUENCE).map_err(damaged)?.content);
    let mut algorithm = Walk(fields.expect(tag::SEQUENCE).map_err(damaged)?.content);
    let scheme = algorithm.oid().map_err(damaged)?;
    let sealed = fields.expect(tag::OCTET_STRING).map_err(damaged)?.content;
    let opened = match scheme {
        oid::PBES2 => open_pbes2(encrypted, passphrase)?,
        oid::PBE_MD5_DES
        | oid::PBE_SHA1_DES
        | oid::PBE_MD5_RC2
        | oid::PBE_SHA1_RC2
        | oid::PKCS12_3DES
        | oid::PKCS12_2DES
        | oid::PKCS12_RC2_128
        | oid::PKCS12_RC2_40
        | oid::PKCS12_RC4_128
        | oid::PKCS12_RC4_40 => {
            let parameters = algorithm.expect(tag::SEQUENCE).map_err(damaged)?;
            open_older(scheme, parameters, passphrase, sealed)?
        }
        other => return Err(KeyError::UnsupportedEncryption(other.name_or_dotted())),
    };
    // One wrong key in 256 gives padding that looks right; what is inside then does not.
    match Kind::of(&opened) {
        Kind::Key(KeyForm::Pkcs8) => Ok(opened),
        _ => Err(KeyError::WrongPassphrase),
    }
}

fn open_pbes2(encrypted: &[u8], passphrase: &Passphrase) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let info = EncryptedPrivateKeyInfoRef::try_from(encrypted).map_err(|error| match error {
        pkcs8::Error::Asn1(error) => match error.kind() {
            ErrorKind::OidUnknown { oid } => {
                KeyError::UnsupportedEncryption(Oid::known(oid).name_or_dotted())
            }
            _ => match pbes2_cipher(encrypted) {
                // Its parameters are of another form than AES' and DES'.
                Some(oid::RC2_CBC) => KeyError::UnsupportedEncryption(oid::RC2_CBC.name_or_dotted()),
                _ => malformed(&format!("its PBES2 parameters are damaged ({error})")),
            },
        },
        _ => malformed("its PBES2 parameters are damaged"),
    })?;
    let EncryptionScheme::Pbes2(parameters) = &info.encryption_algorithm else {
        return Err(malformed("its PBES2 parameters are damaged"));
    };
    bounded(parameters)?;
    let mut buffer = Zeroizing::new(info.encrypted_data.as_bytes().to_vec());
    let length = match parameters.decrypt_in_place(passphrase.as_bytes(), &mut buffer) {
        Ok(plain) => plain.len(),
        Err(pkcs5::Error::UnsupportedAlgorithm { oid }) => {
            return Err(KeyError::UnsupportedEncryption(Oid::known(oid).name_or_dotted()));
        }
        Err(pkcs5::Error::AlgorithmParametersInvalid { .. }) => {
            return Err(malformed("its PBES2 parameters are damaged"));
        }
        Err(_) => return Err(KeyError::WrongPassphrase),
    };
    buffer.truncate(length);
    Ok(buffer)
}

/// The cipher of an EncryptedPrivateKeyInfo whose scheme is PBES2 (RFC 8018 §A.4).
fn pbes2_cipher(encrypted: &[u8]) -> Option<Oid> {
    let mut algorithm =
        Walk(Walk(der::only(encrypted, tag::SEQUENCE).ok()?.content).expect(tag::SEQUENCE).ok()?.content);
    algorithm.oid().ok()?;
    let mut parameters = Walk(algorithm.expect(tag::SEQUENCE).ok()?.content);
    parameters.expect(tag::SEQUENCE).ok()?;
    Walk(parameters.expect(tag::SEQUENCE).ok()?.content).oid().ok()
}

/// Refuses parameters that derive nothing, and those that would keep us busy for long or take all memory.
fn bounded(parameters: &pbes2::Parameters) -> Result<(), KeyError> {
    let fits = |length: Option<u16>| {
        length.is_none_or(|length| usize::from(length) == parameters.encryption.key_size())
    };
    match &parameters.kdf {
        pbes2::Kdf::Pbkdf2(kdf) => {
            check_rounds("PBKDF2", u64::from(kdf.iteration_count))?;
            check("a key length that the cipher takes", fits(kdf.key_length), "another")
        }
        pbes2::Kdf::Scrypt(kdf) => {
            let (n, r, p) = (kdf.cost_parameter, u64::from(kdf.block_size), u64::from(kdf.parallelization));
            let found = format!("N={n} r={r} p={p}");
            // RFC 7914 §2: N is larger than 1 and a power of 2; r and p are positive, and p × r is below 2^30.
            check("scrypt's N to be a power of 2 above 1", n > 1 && n.is_power_of_two(), &found)?;
            check("scrypt's r and p to be at least 1", r > 0 && p > 0, &found)?;
            check("scrypt's N to be below 2^(16 r)", r >= 4 || n < 1 << (16 * r), &found)?;
            let memory = n.saturating_mul(128 * r);
            check("scrypt to take at most 256 MiB", memory <= MAX_SCRYPT_MEMORY, &found)?;
            let work = memory.saturating_mul(p);
            check("scrypt to go through at most 512 MiB", work <= MAX_SCRYPT_WORK, &found)?;
            check("a key length that the cipher takes", fits(kdf.key_length), "another")
        }
        _ => Err(malformed("its key derivation function is unknown")),
    }
}

fn check(expected: &str, holds: bool, found: &str) -> Result<(), KeyError> {
    if holds { Ok(()) } else { Err(malformed(&format!("expected {expected}, found {found}"))) }
}

fn check_rounds(function: &str, rounds: u64) -> Result<(), KeyError> {
    let holds = (1..=u64::from(MAX_ROUNDS)).contains(&rounds);
    check(&format!("1 to {MAX_ROUNDS} rounds of {function}"), holds, &rounds.to_string())
}

/// PBES1 (RFC 8018 §6.1) and the schemes of PKCS#12 (RFC 7292 Appendix C): a salt and a count.
fn open_older(
    scheme: Oid,
    parameters: Element<'_>,
    passphrase: &Passphrase,
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let damaged = |_| malformed("its encryption scheme is damaged");
    let mut walk = Walk(parameters.content);
    let salt = walk.expect(tag::OCTET_STRING).map_err(damaged)?.content;
    let count = walk.expect(tag::INTEGER).map_err(damaged)?;
    walk.end().map_err(damaged)?;
    let rounds =
        der::number(count).ok_or_else(|| malformed("its number of rounds is no number from 1 up"))?;
    check_rounds(&scheme.name_or_dotted(), rounds)?;
    let longest = 1024;
    check(&format!("a salt of 1 to {longest} bytes"), (1..=longest).contains(&salt.len()), "another")?;
    let pkcs12 = |purpose, length| pkcs12_key::<Sha1>(purpose, passphrase, salt, rounds, length);
    let opened = match scheme {
        oid::PBE_MD5_DES => {
            let derived = pbkdf1::<Md5>(passphrase, salt, rounds);
            cbc_open::<des::Des>(derived.get(..8), derived.get(8..16), sealed)
        }
        oid::PBE_SHA1_DES => {
            let derived = pbkdf1::<Sha1>(passphrase, salt, rounds);
            cbc_open::<des::Des>(derived.get(..8), derived.get(8..16), sealed)
        }
        // RFC 8018 §B.2.3: 64 bits of the key count, which are all that it has.
        oid::PBE_MD5_RC2 => {
            let derived = pbkdf1::<Md5>(passphrase, salt, rounds);
            cbc_open::<rc2::Rc2>(derived.get(..8), derived.get(8..16), sealed)
        }
        oid::PBE_SHA1_RC2 => {
            let derived = pbkdf1::<Sha1>(passphrase, salt, rounds);
            cbc_open::<rc2::Rc2>(derived.get(..8), derived.get(8..16), sealed)
        }
        oid::PKCS12_RC2_128 => cbc_open::<rc2::Rc2>(Some(&pkcs12(1, 16)), Some(&pkcs12(2, 8)), sealed),
        oid::PKCS12_RC2_40 => cbc_open::<rc2::Rc2>(Some(&pkcs12(1, 5)), Some(&pkcs12(2, 8)), sealed),
        oid::PKCS12_RC4_128 => rc4_open(&pkcs12(1, 16), sealed),
        oid::PKCS12_RC4_40 => rc4_open(&pkcs12(1, 5), sealed),
        oid::PKCS12_2DES => {
            let (key, iv) = (pkcs12(1, 16), pkcs12(2, 8));
            cbc_open::<des::TdesEde2>(Some(&key), Some(&iv), sealed)
        }
        _ => {
            let (key, iv) = (pkcs12(1, 24), pkcs12(2, 8));
            cbc_open::<des::TdesEde3>(Some(&key), Some(&iv), sealed)
        }
    };
    opened.ok_or(KeyError::WrongPassphrase)
}

/// Opens what stands under a PEM block's `DEK-Info` header, `AES-256-CBC,` and the vector (RFC 1421 §4.6.1.3): as
/// openssl's EVP_BytesToKey has it, one MD5 over what came before, the passphrase and the first half of the vector.
pub(super) fn decrypt_pem(
    info: &str,
    sealed: &[u8],
    passphrase: &Passphrase,
) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let (cipher, iv) = info.split_once(',').unwrap_or((info, ""));
    let cipher = cipher.trim().to_ascii_uppercase();
    let (key_length, iv_length) = match cipher.as_str() {
        "AES-128-CBC" => (16, 16),
        "AES-192-CBC" => (24, 16),
        "AES-256-CBC" => (32, 16),
        "DES-EDE3-CBC" => (24, 8),
        "DES-CBC" => (8, 8),
        _ => {
            return Err(KeyError::UnsupportedEncryption(
                "a cipher of PEM headers that tlslab lacks".to_owned(),
            ));
        }
    };
    let iv = HEXUPPER_PERMISSIVE.decode(iv.trim().as_bytes()).ok().filter(|iv| iv.len() == iv_length);
    let iv =
        iv.ok_or_else(|| malformed("its DEK-Info header has no initialisation vector of its cipher's"))?;
    let mut key = Zeroizing::new(Vec::new());
    let mut block = Zeroizing::new(Vec::new());
    while key.len() < key_length {
        let salt = iv.get(..8).unwrap_or_default();
        let seed = Zeroizing::new([block.as_slice(), passphrase.as_bytes(), salt].concat());
        *block = Md5::digest(&*seed).to_vec();
        key.extend_from_slice(&block);
    }
    let key = key.get(..key_length);
    let opened = match cipher.as_str() {
        "AES-128-CBC" => cbc_open::<aes::Aes128>(key, Some(&iv), sealed),
        "AES-192-CBC" => cbc_open::<aes::Aes192>(key, Some(&iv), sealed),
        "AES-256-CBC" => cbc_open::<aes::Aes256>(key, Some(&iv), sealed),
        "DES-EDE3-CBC" => cbc_open::<des::TdesEde3>(key, Some(&iv), sealed),
        _ => cbc_open::<des::Des>(key, Some(&iv), sealed),
    };
    let opened = opened.ok_or(KeyError::WrongPassphrase)?;
    match Kind::of(&opened) {
        Kind::Key(KeyForm::Pkcs1 | KeyForm::Pkcs8 | KeyForm::Sec1) => Ok(opened),
        // A wrong key gives no whole element; this is DSA's, for one.
        _ if der::only(&opened, tag::SEQUENCE).is_ok() => {
            Err(KeyError::Unsupported("a private key of another kind".to_owned()))
        }
        _ => Err(KeyError::WrongPassphrase),
    }
}

/// RC4 has no padding: what a wrong key gives is told by what it says.
fn rc4_open(key: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut buffer = Zeroizing::new(sealed.to_vec());
    rc4::Rc4::new_from_slice(key).ok()?.apply_keystream(&mut buffer);
    Some(buffer)
}

/// CBC with PKCS#7's padding; `None` where key, vector or padding do not fit.
fn cbc_open<C: BlockCipherDecrypt + KeyInit>(
    key: Option<&[u8]>,
    iv: Option<&[u8]>,
    sealed: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    let mut buffer = Zeroizing::new(sealed.to_vec());
    let cipher = cbc::Decryptor::<C>::new_from_slices(key?, iv?).ok()?;
    let length = cipher.decrypt_padded::<Pkcs7>(&mut buffer).ok()?.len();
    buffer.truncate(length);
    Some(buffer)
}

/// PBKDF1 (RFC 8018 §5.1).
fn pbkdf1<D: Digest>(passphrase: &Passphrase, salt: &[u8], rounds: u64) -> Zeroizing<Vec<u8>> {
    let seed = Zeroizing::new([passphrase.as_bytes(), salt].concat());
    let mut derived = Zeroizing::new(D::digest(&*seed).to_vec());
    for _ in 1..rounds {
        *derived = D::digest(&*derived).to_vec();
    }
    derived
}

/// RFC 7292 §B.2, for hashes with blocks of 64 bytes. `purpose` is 1 for a key and 2 for a vector.
fn pkcs12_key<D: Digest>(
    purpose: u8,
    passphrase: &Passphrase,
    salt: &[u8],
    rounds: u64,
    length: usize,
) -> Zeroizing<Vec<u8>> {
    const BLOCK: usize = 64;
    let repeated = |bytes: &[u8]| -> Vec<u8> {
        bytes.iter().copied().cycle().take(BLOCK * bytes.len().div_ceil(BLOCK)).collect()
    };
    // §B.1: a BMPString with its two zeros.
    let text = Zeroizing::new(String::from_utf8_lossy(passphrase.as_bytes()).into_owned());
    let password: Zeroizing<Vec<u8>> =
        Zeroizing::new(text.encode_utf16().chain([0]).flat_map(u16::to_be_bytes).collect());
    let mut input = Zeroizing::new([repeated(salt), repeated(&password)].concat());
    let mut derived = Zeroizing::new(Vec::new());
    loop {
        let seed = Zeroizing::new([&[purpose; BLOCK][..], &input].concat());
        let mut block = Zeroizing::new(D::digest(&*seed).to_vec());
        for _ in 1..rounds {
            *block = D::digest(&*block).to_vec();
        }
        derived.extend_from_slice(&block);
        if derived.len() >= length {
            derived.truncate(length);
            return derived;
        }
        // Each block of the input plus the block, plus one, as big-endian numbers modulo 2^512.
        let addend: Vec<u8> = block.iter().copied().cycle().take(BLOCK).collect();
        for part in input.chunks_mut(BLOCK) {
            let mut carry = 1_u16;
            for (byte, add) in part.iter_mut().zip(&addend).rev() {
                let [high, low] = (u16::from(*byte) + u16::from(*add) + carry).to_be_bytes();
                *byte = low;
                carry = u16::from(high);
            }
        }
    }
}

fn malformed(why: &str) -> KeyError {
    KeyError::Malformed(why.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::key::{KeyAlgorithm, PrivateKey};
    use super::*;

    fn secret() -> Passphrase {
        Passphrase::new("correct horse".to_owned())
    }

    #[test]
    fn encryption_is_what_the_command_line_promises() {
        let key = PrivateKey::generate(KeyAlgorithm::EcP256).unwrap();
        let der = key.to_encrypted_der(&secret()).unwrap();
        let info = EncryptedPrivateKeyInfoRef::try_from(der.as_slice()).unwrap();
        let parameters = info.encryption_algorithm.pbes2().unwrap();
        let kdf = parameters.kdf.pbkdf2().unwrap();
        assert_eq!((kdf.iteration_count, kdf.prf), (600_000, pbes2::Pbkdf2Prf::HmacWithSha256));
        assert!(matches!(parameters.encryption, pbes2::EncryptionScheme::Aes256Cbc { .. }));
        let again = PrivateKey::from_encrypted_der(&der, &secret()).unwrap();
        assert_eq!(again.to_pkcs8_der(), key.to_pkcs8_der());
        assert_eq!(
            PrivateKey::from_encrypted_der(&der, &Passphrase::new("wrong".to_owned())).unwrap_err(),
            KeyError::WrongPassphrase
        );
        assert_eq!(PrivateKey::from_der(&der).unwrap_err(), KeyError::Encrypted);
    }

    #[test]
    fn unknown_encryption_is_named() {
        let scheme = |scheme: Oid, parameters: &[u8]| {
            der::sequence(&[
                &der::sequence(&[&der::oid(scheme), parameters]),
                &tlv(tag::OCTET_STRING, &[0; 16]),
            ])
        };
        let salted = der::sequence(&[&tlv(tag::OCTET_STRING, &[0; 8]), &[2, 1, 1]]);
        let negative = der::sequence(&[&tlv(tag::OCTET_STRING, &[0; 8]), &[2, 1, 0xff]]);
        let endless = der::sequence(&[&tlv(tag::OCTET_STRING, &[0; 8]), &[2, 4, 0x7f, 0xff, 0xff, 0xff]]);
        for (der, expected) in [
            (scheme(oid::PBE_MD2_RC2, &salted), "encrypted with pbeWithMD2AndRC2-CBC: "),
            (scheme(oid::PKCS12_RC4_40, &salted), "wrong passphrase"),
            (scheme(oid::PKCS12_RC2_40, &negative), "not a private key: its number of rounds is no number"),
            (scheme(Oid::dotted("1.2.3"), &[]), "encrypted with 1.2.3: "),
            (scheme(oid::PBES2, &[]), "not a private key: its PBES2 parameters are damaged"),
            (scheme(oid::PKCS12_3DES, &salted), "wrong passphrase"),
            (
                scheme(oid::PKCS12_3DES, &endless),
                "not a private key: expected 1 to 10000000 rounds of pbeWithSHA1And3-KeyTripleDES-CBC, found 2147483647",
            ),
            (scheme(oid::PBE_SHA1_DES, &[]), "not a private key: its encryption scheme is damaged"),
        ] {
            let message = PrivateKey::from_encrypted_der(&der, &secret()).unwrap_err().to_string();
            assert!(message.starts_with(expected), "{message}");
        }
    }

    #[test]
    fn absurd_work_and_impossible_parameters_are_refused() {
        let pbkdf2 =
            |rounds| pbes2::Parameters::generate_pbkdf2_sha256_aes256cbc(rounds, &[0; 16], [0; 16]).unwrap();
        assert!(bounded(&pbkdf2(MAX_ROUNDS)).is_ok());
        assert!(bounded(&pbkdf2(1)).is_ok());
        for rounds in [0, MAX_ROUNDS + 1] {
            assert_eq!(
                bounded(&pbkdf2(rounds)).unwrap_err().to_string(),
                format!("not a private key: expected 1 to 10000000 rounds of PBKDF2, found {rounds}")
            );
        }
        let salt = pbes2::Salt::new([0; 16]).unwrap();
        let scrypt = |cost_parameter, block_size, parallelization| {
            let kdf =
                pbes2::ScryptParams { salt, cost_parameter, block_size, parallelization, key_length: None };
            let encryption = pbes2::EncryptionScheme::Aes256Cbc { iv: [0; 16] };
            bounded(&pbes2::Parameters { kdf: kdf.into(), encryption }).map_err(|error| error.to_string())
        };
        assert_eq!(scrypt(1 << 14, 8, 1), Ok(()));
        assert_eq!(scrypt(1 << 18, 8, 2), Ok(()));
        for (n, r, p, expected) in [
            (0, 8, 1, "scrypt's N to be a power of 2 above 1, found N=0 r=8 p=1"),
            (1, 8, 1, "scrypt's N to be a power of 2 above 1, found N=1 r=8 p=1"),
            (3, 8, 1, "scrypt's N to be a power of 2 above 1, found N=3 r=8 p=1"),
            (2, 0, 1, "scrypt's r and p to be at least 1, found N=2 r=0 p=1"),
            (2, 1, 0, "scrypt's r and p to be at least 1, found N=2 r=1 p=0"),
            (1 << 16, 1, 1, "scrypt's N to be below 2^(16 r), found N=65536 r=1 p=1"),
            (1 << 19, 8, 1, "scrypt to take at most 256 MiB, found N=524288 r=8 p=1"),
            (1 << 18, 8, 3, "scrypt to go through at most 512 MiB, found N=262144 r=8 p=3"),
        ] {
            assert_eq!(scrypt(n, r, p), Err(format!("not a private key: expected {expected}")));
        }
        assert!(scrypt(1 << 63, u16::MAX, u16::MAX).is_err());
    }

    #[test]
    fn pkcs_12_s_derivation_is_that_of_its_test_vectors() {
        // The vectors of Bouncy Castle's and GnuTLS' suites: "smeg", salt 0A58CF64530D823F, 1 round.
        let smeg = Passphrase::new("smeg".to_owned());
        let salt = [0x0a, 0x58, 0xcf, 0x64, 0x53, 0x0d, 0x82, 0x3f];
        let key = pkcs12_key::<Sha1>(1, &smeg, &salt, 1, 24);
        assert_eq!(crate::words::hex(&key), "8aaae6297b6cb04642ab5b077851284eb7128f1a2a7fbca3");
        let iv = pkcs12_key::<Sha1>(2, &smeg, &salt, 1, 8);
        assert_eq!(crate::words::hex(&iv), "79993dfe048d3b76");
    }

    #[test]
    fn headers_are_checked() {
        let pass = Passphrase::new("x".to_owned());
        for (info, expected) in [
            ("", "encrypted with a cipher of PEM headers"),
            ("RC2-CBC,0011223344556677", "encrypted with a cipher of PEM headers"),
            ("AES-128-CBC,00", "not a private key: its DEK-Info header has no initialisation vector"),
            ("AES-128-CBC", "not a private key: its DEK-Info header has no initialisation vector"),
            ("DES-CBC,0011223344556677", "wrong passphrase"),
        ] {
            let error = decrypt_pem(info, &[0; 16], &pass).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{info}: {error}");
        }
    }

    proptest! {
        #[test]
        fn damaged_parameters_are_read_or_refused(position in 0usize..90, byte in any::<u8>()) {
            static DER: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
            let der = DER.get_or_init(|| {
                PrivateKey::generate(KeyAlgorithm::EcP256).unwrap().to_encrypted_der(&secret()).unwrap()
            });
            let mut der = der.clone();
            der[position] = byte;
            // What is wrong is found before any derivation, or the derivation is bounded.
            if let Ok(info) = EncryptedPrivateKeyInfoRef::try_from(der.as_slice())
                && let EncryptionScheme::Pbes2(parameters) = &info.encryption_algorithm {
                let _ = bounded(parameters);
            } else {
                prop_assert!(decrypt(&der, &secret()).is_err());
            }
        }
    }
}
