//! What a suite is made of.

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

/// One of SSL 2's kinds of cipher; all of them are broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sslv2Suite {
    /// Its number, of three bytes.
    pub code: u32,
    /// Its name: `SSL_CK_RC4_128_WITH_MD5`.
    pub name: &'static str,
}
