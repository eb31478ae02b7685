//! Numbers and names of the TLS registries: one line for each, from which come a constant and a name.
//!
//! Cipher suites, groups and signature schemes, of which more is known than a name, are in rooms of their own:
//! [`super::suites`], [`super::groups`], [`super::schemes`].

/// Makes a module of constants, with `ALL` and `name` over the same lines.
macro_rules! registry {
    ($(#[$meta:meta])* $module:ident: $code:ty { $($constant:ident = $number:literal, $name:literal;)* }) => {
        $(#[$meta])*
        pub mod $module {
            $(
                #[doc = concat!("`", $name, "`.")]
                pub const $constant: $code = $number;
            )*
            /// Every number with its name, in order.
            pub const ALL: &[($code, &str)] = &[$(($number, $name)),*];

            /// The name of a number; `None` for one that is not known.
            pub fn name(code: $code) -> Option<&'static str> {
                ALL.iter().find(|(known, _)| *known == code).map(|(_, name)| *name)
            }
        }
    };
}

registry! {
    /// Alerts' descriptions (RFC 8446 §6, and those of older versions).
    alert: u8 {
        CLOSE_NOTIFY = 0, "close_notify";
        END_OF_EARLY_DATA = 1, "end_of_early_data";
        UNEXPECTED_MESSAGE = 10, "unexpected_message";
        BAD_RECORD_MAC = 20, "bad_record_mac";
        DECRYPTION_FAILED = 21, "decryption_failed";
        RECORD_OVERFLOW = 22, "record_overflow";
        DECOMPRESSION_FAILURE = 30, "decompression_failure";
        HANDSHAKE_FAILURE = 40, "handshake_failure";
        NO_CERTIFICATE = 41, "no_certificate";
        BAD_CERTIFICATE = 42, "bad_certificate";
        UNSUPPORTED_CERTIFICATE = 43, "unsupported_certificate";
        CERTIFICATE_REVOKED = 44, "certificate_revoked";
        CERTIFICATE_EXPIRED = 45, "certificate_expired";
        CERTIFICATE_UNKNOWN = 46, "certificate_unknown";
        ILLEGAL_PARAMETER = 47, "illegal_parameter";
        UNKNOWN_CA = 48, "unknown_ca";
        ACCESS_DENIED = 49, "access_denied";
        DECODE_ERROR = 50, "decode_error";
        DECRYPT_ERROR = 51, "decrypt_error";
        TOO_MANY_CIDS_REQUESTED = 52, "too_many_cids_requested";
        EXPORT_RESTRICTION = 60, "export_restriction";
        PROTOCOL_VERSION = 70, "protocol_version";
        INSUFFICIENT_SECURITY = 71, "insufficient_security";
        INTERNAL_ERROR = 80, "internal_error";
        INAPPROPRIATE_FALLBACK = 86, "inappropriate_fallback";
        USER_CANCELED = 90, "user_canceled";
        NO_RENEGOTIATION = 100, "no_renegotiation";
        MISSING_EXTENSION = 109, "missing_extension";
        UNSUPPORTED_EXTENSION = 110, "unsupported_extension";
        CERTIFICATE_UNOBTAINABLE = 111, "certificate_unobtainable";
        UNRECOGNIZED_NAME = 112, "unrecognized_name";
        BAD_CERTIFICATE_STATUS_RESPONSE = 113, "bad_certificate_status_response";
        BAD_CERTIFICATE_HASH_VALUE = 114, "bad_certificate_hash_value";
        UNKNOWN_PSK_IDENTITY = 115, "unknown_psk_identity";
        CERTIFICATE_REQUIRED = 116, "certificate_required";
        GENERAL_ERROR = 117, "general_error";
        NO_APPLICATION_PROTOCOL = 120, "no_application_protocol";
        ECH_REQUIRED = 121, "ech_required";
    }
}

registry! {
    /// What a ServerKeyExchange's curve is given by (RFC 8422 §5.4).
    curve_type: u8 {
        EXPLICIT_PRIME = 1, "explicit_prime";
        EXPLICIT_CHAR2 = 2, "explicit_char2";
        NAMED_CURVE = 3, "named_curve";
    }
}

registry! {
    /// Compression of whole records, which TLS 1.3 has no more (RFC 3749, RFC 3943).
    compression: u8 {
        NULL = 0, "null";
        DEFLATE = 1, "DEFLATE";
        LZS = 64, "LZS";
    }
}

registry! {
    /// Compression of certificates (RFC 8879).
    certificate_compression: u16 {
        ZLIB = 1, "zlib";
        BROTLI = 2, "brotli";
        ZSTD = 3, "zstd";
    }
}

registry! {
    /// What a record carries (RFC 8446 §5.1).
    content_type: u8 {
        CHANGE_CIPHER_SPEC = 20, "change_cipher_spec";
        ALERT = 21, "alert";
        HANDSHAKE = 22, "handshake";
        APPLICATION_DATA = 23, "application_data";
        HEARTBEAT = 24, "heartbeat";
    }
}

registry! {
    /// Extensions. Numbers of drafts that were never registered say so in their names.
    extension: u16 {
        SERVER_NAME = 0, "server_name";
        MAX_FRAGMENT_LENGTH = 1, "max_fragment_length";
        CLIENT_CERTIFICATE_URL = 2, "client_certificate_url";
        TRUSTED_CA_KEYS = 3, "trusted_ca_keys";
        TRUNCATED_HMAC = 4, "truncated_hmac";
        STATUS_REQUEST = 5, "status_request";
        USER_MAPPING = 6, "user_mapping";
        CLIENT_AUTHZ = 7, "client_authz";
        SERVER_AUTHZ = 8, "server_authz";
        CERT_TYPE = 9, "cert_type";
        SUPPORTED_GROUPS = 10, "supported_groups";
        EC_POINT_FORMATS = 11, "ec_point_formats";
        SRP = 12, "srp";
        SIGNATURE_ALGORITHMS = 13, "signature_algorithms";
        USE_SRTP = 14, "use_srtp";
        HEARTBEAT = 15, "heartbeat";
        ALPN = 16, "application_layer_protocol_negotiation";
        STATUS_REQUEST_V2 = 17, "status_request_v2";
        SIGNED_CERTIFICATE_TIMESTAMP = 18, "signed_certificate_timestamp";
        CLIENT_CERTIFICATE_TYPE = 19, "client_certificate_type";
        SERVER_CERTIFICATE_TYPE = 20, "server_certificate_type";
        PADDING = 21, "padding";
        ENCRYPT_THEN_MAC = 22, "encrypt_then_mac";
        EXTENDED_MASTER_SECRET = 23, "extended_master_secret";
        TOKEN_BINDING = 24, "token_binding";
        CACHED_INFO = 25, "cached_info";
        TLS_LTS = 26, "tls_lts";
        COMPRESS_CERTIFICATE = 27, "compress_certificate";
        RECORD_SIZE_LIMIT = 28, "record_size_limit";
        PWD_PROTECT = 29, "pwd_protect";
        PWD_CLEAR = 30, "pwd_clear";
        PASSWORD_SALT = 31, "password_salt";
        TICKET_PINNING = 32, "ticket_pinning";
        TLS_CERT_WITH_EXTERN_PSK = 33, "tls_cert_with_extern_psk";
        DELEGATED_CREDENTIAL = 34, "delegated_credential";
        SESSION_TICKET = 35, "session_ticket";
        TLMSP = 36, "TLMSP";
        TLMSP_PROXYING = 37, "TLMSP_proxying";
        TLMSP_DELEGATE = 38, "TLMSP_delegate";
        SUPPORTED_EKT_CIPHERS = 39, "supported_ekt_ciphers";
        PRE_SHARED_KEY = 41, "pre_shared_key";
        EARLY_DATA = 42, "early_data";
        SUPPORTED_VERSIONS = 43, "supported_versions";
        COOKIE = 44, "cookie";
        PSK_KEY_EXCHANGE_MODES = 45, "psk_key_exchange_modes";
        CERTIFICATE_AUTHORITIES = 47, "certificate_authorities";
        OID_FILTERS = 48, "oid_filters";
        POST_HANDSHAKE_AUTH = 49, "post_handshake_auth";
        SIGNATURE_ALGORITHMS_CERT = 50, "signature_algorithms_cert";
        KEY_SHARE = 51, "key_share";
        TRANSPARENCY_INFO = 52, "transparency_info";
        CONNECTION_ID_DEPRECATED = 53, "connection_id (deprecated)";
        CONNECTION_ID = 54, "connection_id";
        EXTERNAL_ID_HASH = 55, "external_id_hash";
        EXTERNAL_SESSION_ID = 56, "external_session_id";
        QUIC_TRANSPORT_PARAMETERS = 57, "quic_transport_parameters";
        TICKET_REQUEST = 58, "ticket_request";
        DNSSEC_CHAIN = 59, "dnssec_chain";
        SEQUENCE_NUMBER_ENCRYPTION_ALGORITHMS = 60, "sequence_number_encryption_algorithms";
        RRC = 61, "rrc";
        TLS_FLAGS = 62, "tls_flags";
        NEXT_PROTOCOL_NEGOTIATION = 13172, "next_protocol_negotiation";
        APPLICATION_SETTINGS_DRAFT = 17513, "application_settings (draft)";
        APPLICATION_SETTINGS = 17613, "application_settings";
        CHANNEL_ID_OLD = 30031, "channel_id_old";
        CHANNEL_ID = 30032, "channel_id";
        TRUST_ANCHORS = 0xca34, "trust_anchors (draft)";
        ECH_OUTER_EXTENSIONS = 0xfd00, "ech_outer_extensions";
        ENCRYPTED_CLIENT_HELLO = 0xfe0d, "encrypted_client_hello";
        QUIC_TRANSPORT_PARAMETERS_DRAFT = 0xffa5, "quic_transport_parameters (draft)";
        ENCRYPTED_SERVER_NAME = 0xffce, "encrypted_server_name (draft)";
        RENEGOTIATION_INFO = 0xff01, "renegotiation_info";
    }
}

registry! {
    /// Handshake messages.
    handshake: u8 {
        HELLO_REQUEST = 0, "HelloRequest";
        CLIENT_HELLO = 1, "ClientHello";
        SERVER_HELLO = 2, "ServerHello";
        HELLO_VERIFY_REQUEST = 3, "HelloVerifyRequest";
        NEW_SESSION_TICKET = 4, "NewSessionTicket";
        END_OF_EARLY_DATA = 5, "EndOfEarlyData";
        HELLO_RETRY_REQUEST = 6, "HelloRetryRequest";
        ENCRYPTED_EXTENSIONS = 8, "EncryptedExtensions";
        REQUEST_CONNECTION_ID = 9, "RequestConnectionId";
        NEW_CONNECTION_ID = 10, "NewConnectionId";
        CERTIFICATE = 11, "Certificate";
        SERVER_KEY_EXCHANGE = 12, "ServerKeyExchange";
        CERTIFICATE_REQUEST = 13, "CertificateRequest";
        SERVER_HELLO_DONE = 14, "ServerHelloDone";
        CERTIFICATE_VERIFY = 15, "CertificateVerify";
        CLIENT_KEY_EXCHANGE = 16, "ClientKeyExchange";
        CLIENT_CERTIFICATE_REQUEST = 17, "ClientCertificateRequest";
        FINISHED = 20, "Finished";
        CERTIFICATE_URL = 21, "CertificateURL";
        CERTIFICATE_STATUS = 22, "CertificateStatus";
        SUPPLEMENTAL_DATA = 23, "SupplementalData";
        KEY_UPDATE = 24, "KeyUpdate";
        COMPRESSED_CERTIFICATE = 25, "CompressedCertificate";
        EKT_KEY = 26, "EktKey";
        NEXT_PROTOCOL = 67, "NextProtocol";
        MESSAGE_HASH = 254, "MessageHash";
    }
}

registry! {
    /// Messages of SSL 2, which have numbers of their own.
    sslv2_message: u8 {
        ERROR = 0, "ERROR";
        CLIENT_HELLO = 1, "CLIENT-HELLO";
        CLIENT_MASTER_KEY = 2, "CLIENT-MASTER-KEY";
        CLIENT_FINISHED = 3, "CLIENT-FINISHED";
        SERVER_HELLO = 4, "SERVER-HELLO";
        SERVER_VERIFY = 5, "SERVER-VERIFY";
        SERVER_FINISHED = 6, "SERVER-FINISHED";
        REQUEST_CERTIFICATE = 7, "REQUEST-CERTIFICATE";
        CLIENT_CERTIFICATE = 8, "CLIENT-CERTIFICATE";
    }
}

registry! {
    /// How a pre-shared key is used (RFC 8446 §4.2.9).
    psk_key_exchange_mode: u8 {
        PSK_KE = 0, "psk_ke";
        PSK_DHE_KE = 1, "psk_dhe_ke";
    }
}

registry! {
    /// What stands among a hello's suites and is none.
    signal: u16 {
        EMPTY_RENEGOTIATION_INFO = 0x00ff, "TLS_EMPTY_RENEGOTIATION_INFO_SCSV";
        FALLBACK = 0x5600, "TLS_FALLBACK_SCSV";
    }
}

registry! {
    /// Protocol versions. SSL 2's number is that of its hellos.
    version: u16 {
        SSL_2 = 0x0002, "SSL 2.0";
        SSL_3 = 0x0300, "SSL 3.0";
        TLS_1_0 = 0x0301, "TLS 1.0";
        TLS_1_1 = 0x0302, "TLS 1.1";
        TLS_1_2 = 0x0303, "TLS 1.2";
        TLS_1_3 = 0x0304, "TLS 1.3";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_are_there_once() {
        fn once<T: Ord + Copy>(all: &[(T, &str)]) {
            let mut numbers: Vec<_> = all.iter().map(|(number, _)| *number).collect();
            let mut names: Vec<_> = all.iter().map(|(_, name)| *name).collect();
            numbers.sort_unstable();
            numbers.dedup();
            names.sort_unstable();
            names.dedup();
            assert_eq!((numbers.len(), names.len()), (all.len(), all.len()));
        }
        once(alert::ALL);
        once(compression::ALL);
        once(content_type::ALL);
        once(extension::ALL);
        once(handshake::ALL);
        once(sslv2_message::ALL);
        once(signal::ALL);
        once(version::ALL);
        assert_eq!(extension::name(extension::KEY_SHARE), Some("key_share"));
        assert_eq!(alert::name(255), None);
    }
}
