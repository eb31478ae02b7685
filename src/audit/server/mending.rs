//! How a server is mended: a few lines of its configuration, by topic and by server.

/// What a check is mended by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    /// Application protocols.
    Alpn,
    /// Certificate, key and chain.
    Certificate,
    /// Compression of records.
    Compression,
    /// Finite-field Diffie-Hellman.
    Dh,
    /// Groups.
    Groups,
    /// Nothing.
    None,
    /// How connections are taken.
    Plaintext,
    /// OCSP stapling.
    Stapling,
    /// Cipher suites.
    Suites,
    /// Tickets.
    Tickets,
    /// A newer library.
    Update,
    /// Versions.
    Versions,
}

/// A server, or a language that servers are written in.
pub const SERVERS: [&str; 8] = ["nginx", "haproxy", "apache", "python", "node", "go", "java", "tlslab"];

/// Names as people write them.
pub fn title(server: &str) -> &str {
    match server {
        "nginx" => "nginx",
        "haproxy" => "HAProxy",
        "apache" => "Apache",
        "python" => "Python ssl",
        "node" => "Node",
        "go" => "Go",
        "java" => "Java",
        "tlslab" => "tlslab serve",
        other => other,
    }
}

/// The lines for a topic, in the order of [`SERVERS`]; empty where there is nothing to be configured.
#[rustfmt::skip]
#[allow(clippy::too_many_lines, reason = "one topic after the other")]
pub fn lines(topic: Topic) -> [&'static str; SERVERS.len()] {
    match topic {
        Topic::None | Topic::Update => [""; SERVERS.len()],
        Topic::Versions => [
            "ssl_protocols TLSv1.2 TLSv1.3;",
            "ssl-default-bind-options ssl-min-ver TLSv1.2",
            "SSLProtocol -all +TLSv1.2 +TLSv1.3",
            "context.minimum_version = ssl.TLSVersion.TLSv1_2",
            "minVersion: 'TLSv1.2'",
            "tls.Config{MinVersion: tls.VersionTLS12}",
            "sslSocket.setEnabledProtocols(new String[] {\"TLSv1.3\", \"TLSv1.2\"});",
            "--tls 1.2-1.3 (nothing older exists in it)",
        ],
        Topic::Suites => [
            "ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20; ssl_prefer_server_ciphers on;",
            "ssl-default-bind-ciphers ECDHE+AESGCM:ECDHE+CHACHA20",
            "SSLCipherSuite ECDHE+AESGCM:ECDHE+CHACHA20",
            "context.set_ciphers('ECDHE+AESGCM:ECDHE+CHACHA20')",
            "ciphers: 'ECDHE+AESGCM:ECDHE+CHACHA20'",
            "tls.Config{CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}}",
            "sslSocket.setEnabledCipherSuites(new String[] {\"TLS_AES_128_GCM_SHA256\", \"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256\"});",
            "nothing: it has no others",
        ],
        Topic::Groups => [
            "ssl_ecdh_curve X25519MLKEM768:X25519:secp256r1;",
            "ssl-default-bind-curves X25519MLKEM768:X25519:P-256",
            "SSLOpenSSLConfCmd Groups X25519MLKEM768:X25519:P-256",
            "context.set_ecdh_curve('prime256v1')",
            "ecdhCurve: 'X25519MLKEM768:X25519:prime256v1'",
            "tls.Config{CurvePreferences: []tls.CurveID{tls.X25519MLKEM768, tls.X25519}}",
            "-Djdk.tls.namedGroups=X25519MLKEM768,x25519,secp256r1",
            "nothing: X25519MLKEM768 comes first",
        ],
        Topic::Dh => [
            "remove ssl_dhparam and the DHE suites from ssl_ciphers",
            "remove tune.ssl.default-dh-param and the DHE suites",
            "SSLOpenSSLConfCmd DHParameters /etc/ssl/ffdhe2048.pem",
            "context.set_ciphers('ECDHE+AESGCM:ECDHE+CHACHA20')",
            "dhparam: 'auto'",
            "nothing: it has none",
            "-Djdk.tls.ephemeralDHKeySize=2048",
            "nothing: it has none",
        ],
        Topic::Compression => [
            "build against OpenSSL 1.1.1 or newer",
            "build against OpenSSL 1.1.1 or newer",
            "SSLCompression off",
            "context.options |= ssl.OP_NO_COMPRESSION",
            "secureOptions: require('constants').SSL_OP_NO_COMPRESSION",
            "nothing: it has none",
            "nothing: it has none",
            "nothing: it has none",
        ],
        Topic::Tickets => [
            "ssl_session_timeout 1d; ssl_early_data off;",
            "tune.ssl.lifetime 86400, and no allow-0rtt on bind lines",
            "SSLSessionCacheTimeout 86400",
            "context.num_tickets = 2",
            "sessionTimeout: 86400",
            "tls.Config{SessionTicketsDisabled: false}",
            "-Djdk.tls.server.enableSessionTicketExtension=true",
            "--ticket-key FILE",
        ],
        Topic::Alpn => [
            "listen 443 ssl; http2 on;",
            "bind :443 ssl crt site.pem alpn h2,http/1.1",
            "Protocols h2 http/1.1",
            "context.set_alpn_protocols(['http/1.1'])",
            "ALPNProtocols: ['h2', 'http/1.1']",
            "tls.Config{NextProtos: []string{\"h2\", \"http/1.1\"}}",
            "parameters.setApplicationProtocols(new String[] {\"http/1.1\"});",
            "--www names http/1.1",
        ],
        Topic::Certificate => [
            "ssl_certificate fullchain.pem; ssl_certificate_key key.pem;",
            "bind :443 ssl crt site.pem (leaf, intermediates, key)",
            "SSLCertificateFile fullchain.pem\nSSLCertificateKeyFile key.pem",
            "context.load_cert_chain('fullchain.pem', 'key.pem')",
            "cert: fs.readFileSync('fullchain.pem'), key: fs.readFileSync('key.pem')",
            "tls.LoadX509KeyPair(\"fullchain.pem\", \"key.pem\")",
            "openssl pkcs12 -export -in fullchain.pem -inkey key.pem -out keystore.p12",
            "--cert fullchain.pem --key key.pem",
        ],
        Topic::Stapling => [
            "ssl_stapling on; ssl_stapling_verify on;",
            "update ssl ocsp-response, or ocsp-update on",
            "SSLUseStapling On",
            "get a certificate that does not demand it",
            "server.on('OCSPRequest', …)",
            "tls.Certificate{OCSPStaple: response}",
            "-Djdk.tls.server.enableStatusRequestExtension=true",
            "get a certificate that does not demand it",
        ],
        Topic::Plaintext => [
            "listen 443 ssl; client_header_timeout 10s;",
            "timeout http-request 10s",
            "RequestReadTimeout handshake=10",
            "wrap each connection in its own thread, and catch ssl.SSLError there",
            "server.on('tlsClientError', (error, socket) => socket.destroy()); handshakeTimeout: 10000",
            "http.Server{ReadHeaderTimeout: 10 * time.Second}",
            "socket.setSoTimeout(10000), each connection in its own thread",
            "--handshake-timeout 10s",
        ],
    }
}

/// Server and lines, where there are any.
pub fn snippets(topic: Topic) -> impl Iterator<Item = (&'static str, &'static str)> {
    SERVERS.into_iter().zip(lines(topic)).filter(|(_, lines)| !lines.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::server::checks::CHECKS;

    #[test]
    fn what_can_be_configured_has_lines_for_every_server() {
        for check in CHECKS {
            let count = snippets(check.topic).count();
            let none = matches!(check.topic, Topic::None | Topic::Update);
            assert_eq!(count, if none { 0 } else { SERVERS.len() }, "{}", check.id);
        }
    }
}
