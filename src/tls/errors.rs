//! The one place that sorts foreign errors, rustls' and the socket's, for both ends of a connection; and that puts into
//! words what both ends say of them.

use std::io;

use rustls::{AlertDescription, CertificateError, InvalidMessage, PeerIncompatible, ProtocolVersion};

use super::{Versions, alert_name, names};

/// Why a handshake or a session came to its end.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Fault {
    /// The peer sent a fatal alert.
    Alert(AlertDescription),
    /// The peer's certificate was refused, or its signature did not verify.
    Certificate(CertificateError),
    /// The connection ended without the close_notify that tells an end from an attack (RFC 8446 §6.1).
    Cut,
    /// Nothing in common: versions, suites, groups, signature schemes.
    Incompatible(PeerIncompatible),
    /// What came is no message of TLS.
    Message(InvalidMessage),
    /// A certificate was required and none came.
    NoCertificate,
    /// Anything else that the peer did against the protocol, in rustls' words.
    Protocol(String),
    /// The peer reset the connection.
    Reset,
    /// The time was over.
    TimedOut,
    /// Anything else that the system refused, in its words.
    System(String),
}

impl Fault {
    /// Sorts the error of a TLS stream, or of the stream below.
    pub(crate) fn of(error: &io::Error) -> Self {
        use rustls::Error as Tls;

        match error.get_ref().and_then(|inner| inner.downcast_ref()) {
            Some(Tls::AlertReceived(alert)) => Self::Alert(*alert),
            Some(Tls::InvalidCertificate(error)) => Self::Certificate(error.clone()),
            Some(Tls::InvalidMessage(why)) => Self::Message(*why),
            Some(Tls::NoCertificatesPresented) => Self::NoCertificate,
            Some(Tls::PeerIncompatible(why)) => Self::Incompatible(why.clone()),
            Some(other) => Self::Protocol(other.to_string()),
            None => match error.kind() {
                io::ErrorKind::UnexpectedEof => Self::Cut,
                io::ErrorKind::BrokenPipe
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::ConnectionReset => Self::Reset,
                io::ErrorKind::TimedOut => Self::TimedOut,
                _ => Self::System(io_words(error)),
            },
        }
    }

    /// rustls' or the system's words, where nothing better is known.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Alert(alert) => format!("the peer sent the alert {}", alert_name(*alert)),
            Self::Certificate(error) => rustls::Error::InvalidCertificate(error.clone()).to_string(),
            Self::Cut => "the peer ended without close_notify".to_owned(),
            Self::Incompatible(why) => rustls::Error::PeerIncompatible(why.clone()).to_string(),
            Self::Message(why) => rustls::Error::InvalidMessage(*why).to_string(),
            Self::NoCertificate => rustls::Error::NoCertificatesPresented.to_string(),
            Self::Reset => "the peer reset the connection".to_owned(),
            Self::TimedOut => "timed out".to_owned(),
            Self::Protocol(words) | Self::System(words) => words.clone(),
        }
    }
}

/// The words of a socket's error, without the number: `connection refused`.
pub(crate) fn io_words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::Other => error.to_string(),
        kind => {
            let words = kind.to_string();
            // std's kinds that have no name of their own.
            if words == "uncategorized error" { error.to_string() } else { words }
        }
    }
}

/// What the first bytes of a peer are, before anybody trusts it to speak TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FirstBytes<'a> {
    /// There are none.
    Nothing,
    /// A TLS record (RFC 8446 §5.1: content type, then major version 3), or the beginning of one.
    Record,
    /// A line of text, such as an HTTP request or a mail server's greeting.
    Text(&'a [u8]),
    /// Neither.
    Other,
}

impl<'a> FirstBytes<'a> {
    /// The longest line that is told of.
    const LINE: usize = 64;

    /// Looks at what came first.
    pub(crate) fn of(bytes: &'a [u8]) -> Self {
        let record = match bytes {
            [] => return Self::Nothing,
            [kind] => (20..=24).contains(kind),
            [kind, major, ..] => (20..=24).contains(kind) && *major == 3,
        };
        if record {
            return Self::Record;
        }
        let line = bytes.split(|byte| matches!(byte, b'\r' | b'\n')).find(|line| !line.is_empty());
        let line = line.unwrap_or(bytes);
        let line = &line[..line.len().min(Self::LINE)];
        let text = match std::str::from_utf8(line) {
            Ok(_) => true,
            // The limit may have cut a character.
            Err(error) => error.error_len().is_none() && error.valid_up_to() > 0,
        };
        // Escape sequences and line ends are text to a terminal; other control characters are no text.
        let printable =
            line.iter().all(|byte| matches!(byte, b'\t' | b'\r' | b'\n' | 0x1b | b' '..=b'~' | 0x80..));
        if text && printable { Self::Text(line) } else { Self::Other }
    }
}

/// What an alert from a client usually means for a server; begins with a colon, or is empty.
pub(crate) fn clients_alert_meaning(alert: AlertDescription) -> &'static str {
    match alert {
        AlertDescription::BadCertificate => ": it found this server's certificate bad",
        AlertDescription::CertificateExpired => ": for it this server's certificate is not valid now",
        AlertDescription::CertificateUnknown => ": it did not accept this server's certificate",
        AlertDescription::DecryptError => ": a signature of this server did not verify",
        AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity => {
            ": it does not accept the cipher suite, group or signature scheme that was chosen"
        }
        AlertDescription::ProtocolVersion => ": it does not speak the version that was chosen",
        AlertDescription::UnknownCA => ": it does not trust this server's certificate",
        AlertDescription::UnsupportedCertificate => ": this server's certificate is not for this use",
        _ => "",
    }
}

/// What a server misses in a ClientHello that it has nothing in common with.
pub(crate) fn client_lacks(why: &PeerIncompatible) -> String {
    let words = match why {
        PeerIncompatible::NoCertificateRequestSignatureSchemesInCommon
        | PeerIncompatible::NoSignatureSchemesInCommon => {
            "the client accepts no signature scheme that this server's key can make"
        }
        PeerIncompatible::NoCipherSuitesInCommon => {
            "the client offers no cipher suite that this server has and its key signs for"
        }
        PeerIncompatible::NoKxGroupsInCommon => {
            "the client offers no key exchange group that this server has"
        }
        // A hello of TLS 1.1 or older lacks signature_algorithms, which rustls misses before it looks at the version.
        PeerIncompatible::SignatureAlgorithmsExtensionRequired
        | PeerIncompatible::SupportedVersionsExtensionRequired
        | PeerIncompatible::Tls12NotOffered
        | PeerIncompatible::Tls12NotOfferedOrEnabled
        | PeerIncompatible::Tls13RequiredForQuic => {
            "the client offers no protocol version that this server speaks (TLS 1.2 and 1.3, or as --tls says)"
        }
        other => return format!("nothing in common with the client: {other:?}"),
    };
    words.to_owned()
}

/// What a ClientHello of ours offers for `versions`, for somebody whose server wants none of it.
pub(crate) fn offer(versions: Versions) -> String {
    let provider = crate::crypto::provider();
    let spoken = |usable: &dyn Fn(ProtocolVersion) -> bool| {
        versions.supported().iter().any(|supported| usable(supported.version))
    };
    let suites =
        provider.cipher_suites.iter().filter(|suite| spoken(&|version| suite.version().version == version));
    let suites: Vec<_> = suites.map(|suite| names::cipher_suite(suite.suite().into())).collect();
    // X25519MLKEM768, for one, is TLS 1.3's alone.
    let groups =
        provider.kx_groups.iter().filter(|group| spoken(&|version| group.usable_for_version(version)));
    let groups: Vec<_> = groups.map(|group| names::group(group.name().into())).collect();
    let schemes = provider.signature_verification_algorithms.supported_schemes();
    let schemes: Vec<_> = schemes.iter().map(|scheme| names::signature_scheme((*scheme).into())).collect();
    format!(
        "{}; cipher suites {}; groups {}; signature schemes {}",
        versions.words(),
        suites.join(" "),
        groups.join(" "),
        schemes.join(" ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_bytes_are_told_apart() {
        let cases: [(&[u8], FirstBytes<'_>); 10] = [
            (b"", FirstBytes::Nothing),
            (&[22], FirstBytes::Record),
            (&[21, 3, 1, 0, 2], FirstBytes::Record),
            (&[22, 4], FirstBytes::Other),
            (b"GET / HT", FirstBytes::Text(b"GET / HT")),
            (b"\r\n\r\n220 ready\r\nmore", FirstBytes::Text(b"220 ready")),
            (b"\n", FirstBytes::Text(b"\n")),
            ("grüß".as_bytes(), FirstBytes::Text("grüß".as_bytes())),
            (b"\x80\x2e\x01\x00\x02", FirstBytes::Other),
            (b"a\0b", FirstBytes::Other),
        ];
        for (bytes, expected) in cases {
            assert_eq!(FirstBytes::of(bytes), expected, "{bytes:?}");
        }
    }

    #[test]
    fn errors_are_sorted_whoever_made_them() {
        let tls = |error: rustls::Error| io::Error::new(io::ErrorKind::InvalidData, error);
        let cases = [
            (
                tls(rustls::Error::AlertReceived(AlertDescription::UnknownCA)),
                Fault::Alert(AlertDescription::UnknownCA),
            ),
            (tls(rustls::Error::NoCertificatesPresented), Fault::NoCertificate),
            (
                tls(rustls::Error::PeerIncompatible(PeerIncompatible::NoKxGroupsInCommon)),
                Fault::Incompatible(PeerIncompatible::NoKxGroupsInCommon),
            ),
            (tls(rustls::Error::DecryptError), Fault::Protocol("cannot decrypt peer's message".to_owned())),
            (io::ErrorKind::UnexpectedEof.into(), Fault::Cut),
            (io::ErrorKind::BrokenPipe.into(), Fault::Reset),
            (io::ErrorKind::TimedOut.into(), Fault::TimedOut),
            (io::ErrorKind::HostUnreachable.into(), Fault::System("host unreachable".to_owned())),
        ];
        for (error, expected) in cases {
            assert_eq!(Fault::of(&error), expected);
        }
    }

    #[test]
    fn an_offer_names_what_is_offered_for_these_versions_and_no_more() {
        let both = offer(Versions::Both);
        for word in
            ["TLS_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "secp256r1", "ed25519"]
        {
            assert!(both.contains(word), "{both}");
        }
        assert!(!offer(Versions::Tls13).contains("ECDHE"));
        assert!(!offer(Versions::Tls12).contains("TLS_AES") && !offer(Versions::Tls12).contains("MLKEM"));
    }
}
