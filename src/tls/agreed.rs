//! What a handshake agreed on, in IANA's names.

use rustls::{AlertDescription, CommonState, ProtocolVersion};

use super::names;

/// What a handshake agreed on, by IANA's names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionFacts {
    /// `TLSv1.2` or `TLSv1.3`.
    pub protocol: String,
    /// Such as `TLS_AES_256_GCM_SHA384`.
    pub cipher_suite: String,
    /// The key exchange's group, such as `X25519MLKEM768`; `none` in a resumed TLS 1.2 session, which has none
    /// (RFC 5246 §7.3). Spelt as rustls does, with `X25519` for what the registry calls `x25519`.
    pub key_exchange: String,
}

impl SessionFacts {
    /// Those of a connection whose handshake is complete; `None` before.
    pub fn of(connection: &CommonState) -> Option<Self> {
        Some(Self {
            protocol: version_name(connection.protocol_version()?),
            cipher_suite: names::cipher_suite(connection.negotiated_cipher_suite()?.suite().into()),
            key_exchange: connection
                .negotiated_key_exchange_group()
                .map_or_else(|| "none".to_owned(), |group| format!("{:?}", group.name())),
        })
    }
}

fn version_name(version: ProtocolVersion) -> String {
    match version {
        ProtocolVersion::TLSv1_2 => "TLSv1.2".to_owned(),
        ProtocolVersion::TLSv1_3 => "TLSv1.3".to_owned(),
        other => format!("{other:?}"),
    }
}

/// An alert as RFC 8446 §6 spells it: `certificate_expired`, `unknown_ca`.
pub fn alert_name(alert: AlertDescription) -> String {
    names::alert(alert.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_are_named_as_the_rfc_spells_them() {
        let cases = [
            (AlertDescription::CertificateExpired, "certificate_expired"),
            (AlertDescription::HandshakeFailure, "handshake_failure"),
            (AlertDescription::UnknownCA, "unknown_ca"),
            (AlertDescription::UnrecognisedName, "unrecognized_name"),
            (AlertDescription::ProtocolVersion, "protocol_version"),
            (AlertDescription::Unknown(200), "number 200"),
        ];
        for (alert, expected) in cases {
            assert_eq!(alert_name(alert), expected);
        }
    }
}
