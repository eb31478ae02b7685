//! How a client is mended, language by language, and who is known to accept a case: what `audit show` says beyond the case
//! itself. By family, for within a family the same lines help; what no program can mend is its library's.

/// How it is done in one language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Mend {
    /// Which language, and which of its libraries.
    pub language: &'static str,
    /// What to write.
    pub how: &'static str,
}

const fn mend(language: &'static str, how: &'static str) -> Mend {
    Mend { language, how }
}

/// Trust, dates and usage: the verifier, left on.
const VERIFYING: [Mend; 6] = [
    mend(
        "Python",
        "context = ssl.create_default_context(cafile=ca); never CERT_NONE nor _create_unverified_context",
    ),
    mend(
        "Java",
        "a TrustManagerFactory over a KeyStore of the CA; no X509TrustManager of one's own. Of a certificate that is \
        itself in the store Java looks at nothing: call checkValidity() and look at getExtendedKeyUsage()",
    ),
    mend(
        "Go",
        "&tls.Config{RootCAs: pool}; never InsecureSkipVerify without a VerifyConnection that calls x509's Verify",
    ),
    mend(
        "Node",
        "tls.connect({ca, servername}); never rejectUnauthorized: false nor NODE_TLS_REJECT_UNAUTHORIZED=0",
    ),
    mend(
        "C with OpenSSL",
        "SSL_CTX_load_verify_locations(), SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL); no callback that \
        returns 1; X509_V_FLAG_X509_STRICT for the form",
    ),
    mend("Rust", "rustls: ClientConfig::builder().with_root_certificates(roots); nothing from .dangerous()"),
];

/// The name.
const NAMING: [Mend; 6] = [
    mend(
        "Python",
        "context.wrap_socket(sock, server_hostname=name) with check_hostname left at True; \
        context.hostname_checks_common_name = False",
    ),
    mend(
        "Java",
        "parameters.setEndpointIdentificationAlgorithm(\"HTTPS\") on every SSLSocket and SSLEngine; HttpClient does so \
        itself",
    ),
    mend("Go", "tls.Config.ServerName, or tls.Dial with the name; http does so itself"),
    mend(
        "Node",
        "tls.connect({host, servername}); a checkServerIdentity of one's own calls tls.checkServerIdentity",
    ),
    mend(
        "C with OpenSSL",
        "SSL_set1_host(ssl, name) with SSL_VERIFY_PEER, and SSL_set_tlsext_host_name(); for addresses \
        X509_VERIFY_PARAM_set1_ip_asc()",
    ),
    mend(
        "Rust",
        "rustls: ClientConnection::new(config, ServerName::try_from(name)?); it checks nothing but the SAN",
    ),
];

/// Versions, suites and what a handshake is made of.
const PROTOCOL: [Mend; 6] = [
    mend(
        "Python",
        "context.minimum_version = ssl.TLSVersion.TLSv1_2; else update the OpenSSL that it is built with",
    ),
    mend(
        "Java",
        "setEnabledProtocols(\"TLSv1.3\", \"TLSv1.2\"), jdk.tls.disabledAlgorithms as it comes; else update the JDK",
    ),
    mend("Go", "MinVersion: tls.VersionTLS12; else build with a Go of today"),
    mend("Node", "minVersion: 'TLSv1.2'; else update Node, which brings its OpenSSL"),
    mend(
        "C with OpenSSL",
        "SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION), security level 2; else update OpenSSL",
    ),
    mend("Rust", "rustls speaks nothing older than TLS 1.2; cargo update"),
];

/// Sessions.
const SESSIONS: [Mend; 6] = [
    mend("Python", "an SSLContext for each set of trusted certificates; session= from the same name only"),
    mend("Java", "an SSLContext for each KeyStore: its session cache is its own"),
    mend("Go", "a ClientSessionCache for each tls.Config; never the same one with other RootCAs"),
    mend("Node", "an https.Agent for each ca; session: from the same servername only"),
    mend(
        "C with OpenSSL",
        "SSL_set_session() for the same name and SSL_CTX only; look at SSL_get_verify_result() when a session is \
        resumed, too",
    ),
    mend("Rust", "rustls: a ClientConfig with a Resumption of its own for each set of roots"),
];

/// STARTTLS.
const UPGRADES: [Mend; 6] = [
    mend(
        "Python",
        "smtplib: starttls(context=…), and let its exception end the session; better SMTP_SSL, IMAP4_SSL, POP3_SSL",
    ),
    mend("Java", "mail.smtp.starttls.required=true and mail.smtp.ssl.checkserveridentity=true"),
    mend("Go", "net/smtp: an error of StartTLS ends the session; PlainAuth refuses to speak in the clear"),
    mend("Node", "nodemailer: requireTLS: true; better secure: true at the implicit port"),
    mend("C with OpenSSL", "libcurl: CURLOPT_USE_SSL, CURLUSESSL_ALL; libpq: sslmode=verify-full"),
    mend("Rust", "lettre: AsyncSmtpTransport::relay(), or Tls::Required"),
];

/// How a client is mended that does the wrong thing in a case of this family.
pub fn by_language(family: &str) -> &'static [Mend; 6] {
    match family {
        "identity" | "smuggling" => &NAMING,
        "handshake" => &PROTOCOL,
        "session" => &SESSIONS,
        "starttls" => &UPGRADES,
        _ => &VERIFYING,
    }
}

/// Who accepts a case, by what was measured: the baselines under `tests/baselines`, whose first lines say the versions.
const MEASURED: [(&str, &str); 8] = [
    ("gnutls-cli", include_str!("../../tests/baselines/gnutls-cli")),
    ("Java HttpClient", include_str!("../../tests/baselines/java-http")),
    ("Java SSLSocket", include_str!("../../tests/baselines/java-socket")),
    (
        "Java SSLSocket without endpoint identification",
        include_str!("../../tests/baselines/java-socket-bare"),
    ),
    ("openssl s_client without -verify_return_error", include_str!("../../tests/baselines/openssl-bare")),
    ("socat", include_str!("../../tests/baselines/socat")),
    ("stunnel", include_str!("../../tests/baselines/stunnel")),
    ("wget", include_str!("../../tests/baselines/wget")),
];

/// The clients that were seen to accept what they must refuse, each with the version that was measured.
pub fn known_to_accept(id: &str) -> Vec<String> {
    let fails = |line: &str| {
        let mut words = line.split_whitespace();
        let case = words.next().map(|case| case.split('@').next().unwrap_or(case));
        case == Some(id) && words.next() == Some("fail")
    };
    let accepting = MEASURED.iter().filter(|(_, text)| text.lines().any(fails));
    accepting
        .map(|(client, text)| {
            let version = text.lines().next().and_then(|line| line.strip_prefix("# measured: "));
            format!("{client} ({})", version.unwrap_or_default())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_accepts_is_told_by_what_was_measured() {
        let known = known_to_accept("unknown-critical");
        assert!(known.iter().any(|client| client.starts_with("gnutls-cli (gnutls-cli 3.")), "{known:?}");
        assert!(known_to_accept("valid").is_empty());
        assert!(known_to_accept("hs-tls11").iter().any(|client| client.starts_with("wget")));
    }

    #[test]
    fn every_language_is_in_every_list() {
        for family in ["identity", "handshake", "session", "starttls", "trust"] {
            let languages = by_language(family).map(|mend| mend.language);
            assert_eq!(languages, ["Python", "Java", "Go", "Node", "C with OpenSSL", "Rust"], "{family}");
        }
    }
}
