//! Cipher suites: what each number stands for, as data.
//!
//! Before TLS 1.3 a suite names how keys are exchanged, how the server proves itself, the cipher and the hash; in
//! TLS 1.3 the first two are negotiated apart (RFC 8446 §4.1.1) and the suite names the rest. Signalling values (SCSV)
//! and GREASE stand among the suites of a hello and are none.

mod kinds;
mod table;

use table::{SSLV2_SUITES, SUITES};

pub use kinds::{Authentication, Cipher, Hash, KeyExchange, Mode, Sslv2Suite, Suite};

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
