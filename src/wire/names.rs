//! Names of code points, as the IANA registries and RFCs spell them.
//!
//! Unknown code points show as hexadecimal, reserved ones that clients sprinkle in on purpose as `GREASE`
//! (RFC 8701). Cipher suites' names are rustls's table of the registry.

use rustls::CipherSuite;

/// Whether a 16-bit code point is one of RFC 8701's: `0x0a0a`, `0x1a1a`, … `0xfafa`.
pub fn is_grease(code: u16) -> bool {
    let [high, low] = code.to_be_bytes();
    high == low && low & 0x0f == 0x0a
}

fn named(code: u16, name: Option<&str>) -> String {
    match name {
        Some(name) => name.to_owned(),
        None if is_grease(code) => format!("GREASE (0x{code:04x})"),
        None => format!("0x{code:04x}"),
    }
}

fn find(table: &[(u16, &'static str)], code: u16) -> Option<&'static str> {
    table.iter().find(|(known, _)| *known == code).map(|(_, name)| *name)
}

/// A protocol version: `TLS 1.3`.
pub fn version(code: u16) -> String {
    named(
        code,
        find(
            &[
                (0x0300, "SSL 3.0"),
                (0x0301, "TLS 1.0"),
                (0x0302, "TLS 1.1"),
                (0x0303, "TLS 1.2"),
                (0x0304, "TLS 1.3"),
            ],
            code,
        ),
    )
}

/// A cipher suite: `TLS_AES_128_GCM_SHA256`.
pub fn cipher_suite(code: u16) -> String {
    match CipherSuite::from(code).as_str() {
        // rustls sets TLS 1.3's suites apart by a prefix that the registry does not have.
        Some(name) => name.replacen("TLS13_", "TLS_", 1),
        None => named(code, None),
    }
}

/// A group of supported_groups and key_share: `X25519MLKEM768`.
pub fn group(code: u16) -> String {
    const GROUPS: &[(u16, &str)] = &[
        (0x0017, "secp256r1"),
        (0x0018, "secp384r1"),
        (0x0019, "secp521r1"),
        (0x0016, "secp256k1"),
        (0x0015, "secp224r1"),
        (0x0013, "secp192r1"),
        (0x001a, "brainpoolP256r1"),
        (0x001b, "brainpoolP384r1"),
        (0x001c, "brainpoolP512r1"),
        (0x001d, "x25519"),
        (0x001e, "x448"),
        (0x001f, "brainpoolP256r1tls13"),
        (0x0020, "brainpoolP384r1tls13"),
        (0x0021, "brainpoolP512r1tls13"),
        (0x0100, "ffdhe2048"),
        (0x0101, "ffdhe3072"),
        (0x0102, "ffdhe4096"),
        (0x0103, "ffdhe6144"),
        (0x0104, "ffdhe8192"),
        (0x0200, "MLKEM512"),
        (0x0201, "MLKEM768"),
        (0x0202, "MLKEM1024"),
        (0x11eb, "SecP256r1MLKEM768"),
        (0x11ec, "X25519MLKEM768"),
        (0x11ed, "SecP384r1MLKEM1024"),
        (0x6399, "X25519Kyber768Draft00"),
    ];
    named(code, find(GROUPS, code))
}

/// A signature scheme: `ecdsa_secp256r1_sha256`.
pub fn signature_scheme(code: u16) -> String {
    const SCHEMES: &[(u16, &str)] = &[
        (0x0201, "rsa_pkcs1_sha1"),
        (0x0202, "dsa_sha1"),
        (0x0203, "ecdsa_sha1"),
        (0x0301, "rsa_pkcs1_sha224"),
        (0x0302, "dsa_sha224"),
        (0x0303, "ecdsa_sha224"),
        (0x0401, "rsa_pkcs1_sha256"),
        (0x0402, "dsa_sha256"),
        (0x0403, "ecdsa_secp256r1_sha256"),
        (0x0501, "rsa_pkcs1_sha384"),
        (0x0502, "dsa_sha384"),
        (0x0503, "ecdsa_secp384r1_sha384"),
        (0x0601, "rsa_pkcs1_sha512"),
        (0x0602, "dsa_sha512"),
        (0x0603, "ecdsa_secp521r1_sha512"),
        (0x0804, "rsa_pss_rsae_sha256"),
        (0x0805, "rsa_pss_rsae_sha384"),
        (0x0806, "rsa_pss_rsae_sha512"),
        (0x0807, "ed25519"),
        (0x0808, "ed448"),
        (0x0809, "rsa_pss_pss_sha256"),
        (0x080a, "rsa_pss_pss_sha384"),
        (0x080b, "rsa_pss_pss_sha512"),
        (0x081a, "ecdsa_brainpoolP256r1tls13_sha256"),
        (0x081b, "ecdsa_brainpoolP384r1tls13_sha384"),
        (0x081c, "ecdsa_brainpoolP512r1tls13_sha512"),
        (0x0904, "mldsa44"),
        (0x0905, "mldsa65"),
        (0x0906, "mldsa87"),
    ];
    named(code, find(SCHEMES, code))
}

/// An extension: `server_name`.
pub fn extension(code: u16) -> String {
    const EXTENSIONS: &[(u16, &str)] = &[
        (0, "server_name"),
        (1, "max_fragment_length"),
        (5, "status_request"),
        (10, "supported_groups"),
        (11, "ec_point_formats"),
        (13, "signature_algorithms"),
        (14, "use_srtp"),
        (15, "heartbeat"),
        (16, "application_layer_protocol_negotiation"),
        (17, "status_request_v2"),
        (18, "signed_certificate_timestamp"),
        (19, "client_certificate_type"),
        (20, "server_certificate_type"),
        (21, "padding"),
        (22, "encrypt_then_mac"),
        (23, "extended_master_secret"),
        (24, "token_binding"),
        (27, "compress_certificate"),
        (28, "record_size_limit"),
        (34, "delegated_credential"),
        (35, "session_ticket"),
        (41, "pre_shared_key"),
        (42, "early_data"),
        (43, "supported_versions"),
        (44, "cookie"),
        (45, "psk_key_exchange_modes"),
        (47, "certificate_authorities"),
        (48, "oid_filters"),
        (49, "post_handshake_auth"),
        (50, "signature_algorithms_cert"),
        (51, "key_share"),
        (57, "quic_transport_parameters"),
        (13_172, "next_protocol_negotiation"),
        (17_513, "application_settings (draft)"),
        (17_613, "application_settings"),
        (0xca34, "trust_anchors (draft)"),
        (0xfe0d, "encrypted_client_hello"),
        (0xff01, "renegotiation_info"),
    ];
    named(code, find(EXTENSIONS, code))
}

/// A handshake message: `ClientHello`.
pub fn handshake(code: u8) -> String {
    match code {
        0 => "HelloRequest",
        1 => "ClientHello",
        2 => "ServerHello",
        4 => "NewSessionTicket",
        5 => "EndOfEarlyData",
        8 => "EncryptedExtensions",
        11 => "Certificate",
        12 => "ServerKeyExchange",
        13 => "CertificateRequest",
        14 => "ServerHelloDone",
        15 => "CertificateVerify",
        16 => "ClientKeyExchange",
        20 => "Finished",
        21 => "CertificateURL",
        22 => "CertificateStatus",
        24 => "KeyUpdate",
        25 => "CompressedCertificate",
        67 => "NextProtocol",
        254 => "MessageHash",
        code => return format!("handshake message {code}"),
    }
    .to_owned()
}

/// An alert: `close_notify`, its description's name.
pub fn alert(code: u8) -> String {
    match code {
        0 => "close_notify",
        10 => "unexpected_message",
        20 => "bad_record_mac",
        21 => "decryption_failed",
        22 => "record_overflow",
        30 => "decompression_failure",
        40 => "handshake_failure",
        41 => "no_certificate",
        42 => "bad_certificate",
        43 => "unsupported_certificate",
        44 => "certificate_revoked",
        45 => "certificate_expired",
        46 => "certificate_unknown",
        47 => "illegal_parameter",
        48 => "unknown_ca",
        49 => "access_denied",
        50 => "decode_error",
        51 => "decrypt_error",
        60 => "export_restriction",
        70 => "protocol_version",
        71 => "insufficient_security",
        80 => "internal_error",
        86 => "inappropriate_fallback",
        90 => "user_canceled",
        100 => "no_renegotiation",
        109 => "missing_extension",
        110 => "unsupported_extension",
        111 => "certificate_unobtainable",
        112 => "unrecognized_name",
        113 => "bad_certificate_status_response",
        114 => "bad_certificate_hash_value",
        115 => "unknown_psk_identity",
        116 => "certificate_required",
        120 => "no_application_protocol",
        121 => "ech_required",
        code => return format!("alert {code}"),
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_registries() {
        assert_eq!(cipher_suite(0x1301), "TLS_AES_128_GCM_SHA256");
        assert_eq!(cipher_suite(0xc02f), "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
        assert_eq!(cipher_suite(0x00ff), "TLS_EMPTY_RENEGOTIATION_INFO_SCSV");
        assert_eq!(cipher_suite(0x5a5a), "GREASE (0x5a5a)");
        assert_eq!(cipher_suite(0xfffe), "0xfffe");
        assert_eq!(group(0x11ec), "X25519MLKEM768");
        assert_eq!(version(0x0304), "TLS 1.3");
        assert_eq!(extension(0x0a0a), "GREASE (0x0a0a)");
        assert_eq!(handshake(99), "handshake message 99");
    }

    #[test]
    fn grease_is_sixteen_code_points() {
        assert_eq!((0..=u16::MAX).filter(|code| is_grease(*code)).count(), 16);
        assert!(is_grease(0xfafa) && !is_grease(0x0a1a));
    }
}
