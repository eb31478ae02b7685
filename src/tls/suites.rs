//! Cipher suites: what each number stands for, as data.
//!
//! Before TLS 1.3 a suite names how keys are exchanged, how the server proves itself, the cipher and the hash; in
//! TLS 1.3 the first two are negotiated apart (RFC 8446 §4.1.1) and the suite names the rest. Signalling values (SCSV)
//! and GREASE stand among the suites of a hello and are none.

mod table;

use table::{SSLV2_SUITES, SUITES};

/// A cipher suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suite {
    /// Its number.
    pub code: u16,
    /// IANA's name for it: `TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256`.
    pub name: &'static str,
    /// How the keys come about.
    pub key_exchange: KeyExchange,
    /// What proves who the server is.
    pub authentication: Authentication,
    /// What encrypts.
    pub cipher: Cipher,
    /// How it does.
    pub mode: Mode,
    /// The hash of the records' MAC; with a cipher that authenticates, that of the key schedule.
    pub hash: Hash,
    /// Whether it was weakened for export from the United States of the 1990s.
    pub export: bool,
    /// Whether IANA's registry has it; if not, a draft or a product used the number.
    pub registered: bool,
}

/// How the keys come about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyExchange {
    /// Diffie-Hellman with the key in the server's certificate.
    Dh,
    /// Ephemeral Diffie-Hellman over a finite field.
    Dhe,
    /// The same, and a pre-shared key (RFC 4279).
    DhePsk,
    /// Password with elliptic curves (RFC 8492).
    Eccpwd,
    /// Elliptic-curve Diffie-Hellman with the key in the server's certificate.
    Ecdh,
    /// Ephemeral Diffie-Hellman over an elliptic curve.
    Ecdhe,
    /// The same, and a pre-shared key (RFC 5489).
    EcdhePsk,
    /// Elliptic-curve J-PAKE.
    Ecjpake,
    /// GOST R 34.10 (RFC 9189).
    Gost,
    /// Fortezza's KEA.
    Kea,
    /// Kerberos (RFC 2712).
    Kerberos,
    /// None: the suite before any is agreed on.
    Null,
    /// A pre-shared key alone (RFC 4279).
    Psk,
    /// The client encrypts a secret to the server's RSA key.
    Rsa,
    /// The same, and a pre-shared key (RFC 4279).
    RsaPsk,
    /// The client encrypts a secret to the server's SM2 key.
    Sm2,
    /// Secure Remote Password (RFC 5054).
    Srp,
    /// Negotiated apart from the suite, as TLS 1.3 does.
    Tls13,
}

/// What proves who the server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Authentication {
    /// Nothing.
    Anonymous,
    /// A certificate with a DSA key.
    Dss,
    /// A certificate with an elliptic-curve key: ECDSA, also EdDSA (RFC 8422 §5.10).
    Ecdsa,
    /// A certificate with a GOST R 34.10 key.
    Gost,
    /// Kerberos.
    Kerberos,
    /// Nothing: the suite before any is agreed on.
    Null,
    /// A password.
    Password,
    /// A pre-shared key.
    Psk,
    /// A certificate with an RSA key.
    Rsa,
    /// A certificate with an SM2 key.
    Sm2,
    /// Negotiated apart from the suite, as TLS 1.3 does.
    Tls13,
}

/// What encrypts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "their names say it, with the key's bits where there are several")]
pub enum Cipher {
    Aegis128L,
    Aegis256,
    Aes128,
    Aes256,
    Aria128,
    Aria256,
    Camellia128,
    Camellia256,
    ChaCha20,
    Des,
    Des40,
    Gost28147,
    Idea,
    Kuznyechik,
    Magma,
    Null,
    Rc2_40,
    Rc2_56,
    Rc4_128,
    Rc4_40,
    Rc4_56,
    Seed,
    Skipjack,
    Sm4,
    TripleDes,
}

/// How the cipher is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// AEGIS, which is an AEAD by itself.
    Aegis,
    /// Cipher block chaining, with a MAC.
    Cbc,
    /// Counter with CBC-MAC (RFC 6655): an AEAD.
    Ccm,
    /// The same with a tag of 8 bytes.
    Ccm8,
    /// Counter, with a MAC (RFC 9189).
    Counter,
    /// Galois/Counter (RFC 5288): an AEAD.
    Gcm,
    /// Multilinear Galois (RFC 9367): an AEAD.
    Mgm,
    /// Nothing is encrypted.
    None,
    /// With Poly1305 (RFC 7905): an AEAD.
    Poly1305,
    /// A stream cipher, with a MAC.
    Stream,
}

/// A hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "their names say it")]
pub enum Hash {
    Gost,
    Md5,
    Null,
    Ripemd160,
    Sha1,
    Sha256,
    Sha384,
    Sha512,
    Sm3,
}

impl Hash {
    /// Its output's bytes.
    pub fn length(self) -> usize {
        match self {
            Self::Null => 0,
            Self::Md5 => 16,
            Self::Sha1 | Self::Ripemd160 => 20,
            Self::Gost | Self::Sha256 | Self::Sm3 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

impl Cipher {
    /// The bits of its key that an attacker has to guess.
    pub fn key_bits(self) -> u16 {
        match self {
            Self::Null => 0,
            Self::Des40 | Self::Rc2_40 | Self::Rc4_40 => 40,
            Self::Des | Self::Rc2_56 | Self::Rc4_56 => 56,
            Self::Skipjack => 80,
            // Three keys of 56 bits; meeting in the middle leaves 112 (NIST SP 800-57 part 1 §5.6.1.1).
            Self::TripleDes => 112,
            Self::Aegis128L
            | Self::Aes128
            | Self::Aria128
            | Self::Camellia128
            | Self::Idea
            | Self::Rc4_128
            | Self::Seed
            | Self::Sm4 => 128,
            Self::Aegis256
            | Self::Aes256
            | Self::Aria256
            | Self::Camellia256
            | Self::ChaCha20
            | Self::Gost28147
            | Self::Kuznyechik
            | Self::Magma => 256,
        }
    }

    /// The bits of its block, where it has blocks. 64 are few: a birthday finds two alike after 32 GiB (CVE-2016-2183).
    pub fn block_bits(self) -> Option<u16> {
        match self {
            Self::Null | Self::ChaCha20 | Self::Rc4_128 | Self::Rc4_40 | Self::Rc4_56 => None,
            Self::Des
            | Self::Des40
            | Self::Gost28147
            | Self::Idea
            | Self::Magma
            | Self::Rc2_40
            | Self::Rc2_56
            | Self::Skipjack
            | Self::TripleDes => Some(64),
            _ => Some(128),
        }
    }
}

impl Suite {
    /// By its number; `None` for one that is not known, and for what is no suite.
    pub fn of(code: u16) -> Option<&'static Self> {
        SUITES.binary_search_by_key(&code, |suite| suite.code).ok().map(|index| &SUITES[index])
    }

    /// By its name; where two numbers share one, the registered.
    pub fn named(name: &str) -> Option<&'static Self> {
        let mut found: Vec<_> = SUITES.iter().filter(|suite| suite.name == name).collect();
        found.sort_by_key(|suite| !suite.registered);
        found.first().copied()
    }

    /// All that are known, in the order of their numbers.
    pub fn all() -> &'static [Self] {
        SUITES
    }

    /// Whether it is one of TLS 1.3's, which no other version has.
    pub fn is_tls_1_3(&self) -> bool {
        self.key_exchange == KeyExchange::Tls13
    }

    /// Whether somebody who learns the server's long-term key later cannot read what was said: the keys are ephemeral.
    /// In TLS 1.3 that holds but for resumption with a key alone (psk_ke).
    pub fn is_forward_secret(&self) -> bool {
        match self.key_exchange {
            KeyExchange::Dhe
            | KeyExchange::DhePsk
            | KeyExchange::Eccpwd
            | KeyExchange::Ecdhe
            | KeyExchange::EcdhePsk
            | KeyExchange::Ecjpake
            | KeyExchange::Srp
            | KeyExchange::Tls13 => true,
            KeyExchange::Dh
            | KeyExchange::Ecdh
            | KeyExchange::Gost
            | KeyExchange::Kea
            | KeyExchange::Kerberos
            | KeyExchange::Null
            | KeyExchange::Psk
            | KeyExchange::Rsa
            | KeyExchange::RsaPsk
            | KeyExchange::Sm2 => false,
        }
    }

    /// Whether encryption and authentication are one (RFC 5116).
    pub fn is_aead(&self) -> bool {
        matches!(self.mode, Mode::Aegis | Mode::Ccm | Mode::Ccm8 | Mode::Gcm | Mode::Mgm | Mode::Poly1305)
    }

    /// Whether nothing is encrypted: everybody on the way reads what is said.
    pub fn is_null(&self) -> bool {
        self.cipher == Cipher::Null
    }

    /// Whether nothing proves who the server is.
    pub fn is_anonymous(&self) -> bool {
        matches!(self.authentication, Authentication::Anonymous | Authentication::Null)
    }

    /// Whether the server shows a certificate.
    pub fn has_certificate(&self) -> bool {
        use Authentication::{Dss, Ecdsa, Gost, Rsa, Sm2, Tls13};
        matches!(self.authentication, Dss | Ecdsa | Gost | Rsa | Sm2 | Tls13)
    }

    /// Whether TLS 1.2's ServerKeyExchange names a curve (RFC 8422 §5.4).
    pub fn names_a_curve(&self) -> bool {
        use KeyExchange::{Ecdh, Ecdhe, EcdhePsk};
        matches!(self.key_exchange, Ecdh | Ecdhe | EcdhePsk)
    }

    /// The hash of the key schedule: TLS 1.2's PRF, TLS 1.3's HKDF. SHA-256 wherever the suite does not name a better
    /// one (RFC 5246 §5).
    pub fn key_schedule_hash(&self) -> Hash {
        match self.hash {
            better @ (Hash::Gost | Hash::Sha384 | Hash::Sha512 | Hash::Sm3) => better,
            Hash::Md5 | Hash::Null | Hash::Ripemd160 | Hash::Sha1 | Hash::Sha256 => Hash::Sha256,
        }
    }

    /// The bytes of the tag or MAC that each record carries.
    pub fn tag_length(&self) -> usize {
        match self.mode {
            Mode::Ccm8 => 8,
            Mode::Aegis | Mode::Ccm | Mode::Gcm | Mode::Mgm | Mode::Poly1305 => 16,
            Mode::Cbc | Mode::Counter | Mode::None | Mode::Stream => self.hash.length(),
        }
    }

    /// The bytes of nonce that a TLS 1.2 record carries before the ciphertext (RFC 5288 §3, RFC 6655 §3).
    pub fn explicit_nonce(&self) -> usize {
        if matches!(self.mode, Mode::Ccm | Mode::Ccm8 | Mode::Gcm) && !self.is_tls_1_3() { 8 } else { 0 }
    }
}

/// One of SSL 2's kinds of cipher; all of them are broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sslv2Suite {
    /// Its number, of three bytes.
    pub code: u32,
    /// Its name: `SSL_CK_RC4_128_WITH_MD5`.
    pub name: &'static str,
}

impl Sslv2Suite {
    /// By its number.
    pub fn of(code: u32) -> Option<&'static Self> {
        SSLV2_SUITES.iter().find(|suite| suite.code == code)
    }

    /// All that are known.
    pub fn all() -> &'static [Self] {
        SSLV2_SUITES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_in_order_and_names_are_registered_once() {
        for pair in SUITES.windows(2) {
            assert!(pair[0].code < pair[1].code, "{}", pair[1].name);
        }
        for suite in SUITES.iter().filter(|suite| suite.registered) {
            assert_eq!(Suite::named(suite.name), Some(suite));
            assert!(!super::super::names::is_grease(suite.code));
        }
        assert_eq!(SUITES.iter().filter(|suite| suite.registered).count(), 350);
        assert!(Suite::of(0x00ff).is_none() && Suite::of(0x5600).is_none(), "signals are no suites");
    }

    #[test]
    fn names_are_those_of_rustls_wherever_it_knows_one() {
        for suite in SUITES {
            if let Some(name) = rustls::CipherSuite::from(suite.code).as_str() {
                let name = name.replacen("TLS13_", "TLS_", 1);
                // rustls has both meanings of a number that SSL 3 and TLS use differently.
                assert!(name == suite.name || name.starts_with(suite.name), "{name} {}", suite.name);
            }
        }
    }

    /// The facts stand beside the names, which are made of the same parts: no row contradicts its own name.
    #[test]
    fn facts_are_what_the_names_say() {
        for suite in SUITES {
            let says = |part: &str| suite.name.contains(part);
            assert_eq!(suite.export, says("EXPORT"), "{}", suite.name);
            assert_eq!(suite.cipher == Cipher::Null, says("NULL") || says("TLS_SHA"), "{}", suite.name);
            assert_eq!(suite.mode == Mode::Cbc, says("_CBC"), "{}", suite.name);
            assert_eq!(suite.mode == Mode::Gcm, says("_GCM"), "{}", suite.name);
            assert_eq!(suite.mode == Mode::Ccm8, says("_CCM_8"), "{}", suite.name);
            assert_eq!(suite.is_aead() && says("POLY1305"), says("POLY1305"), "{}", suite.name);
            assert_eq!(suite.authentication == Authentication::Anonymous, says("_anon"), "{}", suite.name);
            assert_eq!(suite.cipher == Cipher::TripleDes, says("3DES"), "{}", suite.name);
            assert_eq!(suite.hash == Hash::Md5, says("_MD5"), "{}", suite.name);
            assert_eq!(suite.hash == Hash::Sha384, says("_SHA384"), "{}", suite.name);
            assert_eq!(
                suite.cipher.key_bits() == 128 && says("_128"),
                says("_128") && !says("GOST"),
                "{}",
                suite.name
            );
            if says("DHE_") || says("_anon") {
                assert!(suite.is_forward_secret(), "{}", suite.name);
            }
            if suite.name.starts_with("TLS_RSA_") || suite.name.starts_with("TLS_PSK_WITH") {
                assert!(!suite.is_forward_secret(), "{}", suite.name);
            }
        }
    }

    #[test]
    fn what_a_record_costs() {
        let of = |code| Suite::of(code).unwrap();
        assert_eq!((of(0xc02f).tag_length(), of(0xc02f).explicit_nonce()), (16, 8));
        assert_eq!((of(0x1301).tag_length(), of(0x1301).explicit_nonce()), (16, 0));
        assert_eq!((of(0xcca8).tag_length(), of(0xcca8).explicit_nonce()), (16, 0));
        assert_eq!((of(0x1305).tag_length(), of(0xc0ae).tag_length()), (8, 8));
        assert_eq!((of(0x003b).tag_length(), of(0x0002).tag_length()), (32, 20));
        assert_eq!(of(0xc09c).key_schedule_hash(), Hash::Sha256);
        assert_eq!(of(0xc030).key_schedule_hash(), Hash::Sha384);
        assert_eq!(of(0x002f).key_schedule_hash(), Hash::Sha256);
        assert_eq!(Sslv2Suite::of(0x07_00c0).unwrap().name, "SSL_CK_DES_192_EDE3_CBC_WITH_MD5");
    }
}
