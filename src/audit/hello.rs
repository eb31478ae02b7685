//! What a client offers, by its ClientHello, and what is to be said of it.

use crate::tls::names::{self, is_grease};
use crate::wire::fingerprint;
use crate::wire::hello::ClientHello;

use super::verdict::Verdict;

/// A ClientHello's offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HelloAudit {
    /// Versions, the best first as offered.
    pub versions: Vec<String>,
    /// Suites by IANA's names, in order; signalling values and GREASE are none.
    pub cipher_suites: Vec<String>,
    /// Groups in order.
    pub groups: Vec<String>,
    /// Signature schemes in order.
    pub signature_schemes: Vec<String>,
    /// The name asked for.
    pub server_name: Option<String>,
    /// Application protocols.
    pub alpn: Vec<String>,
    /// JA3.
    pub ja3: String,
    /// JA4.
    pub ja4: String,
    /// What is to be said of it.
    pub findings: Vec<Finding>,
}

/// Something about an offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Its id, such as `offers-rc4`.
    pub id: &'static str,
    /// `fail`, `warn` or `info`.
    pub verdict: Verdict,
    /// What was found.
    pub found: String,
    /// The rule.
    pub citation: &'static str,
}

const EMPTY_RENEGOTIATION_INFO: u16 = 0x00ff;
const FALLBACK: u16 = 0x5600;
const RENEGOTIATION_INFO: u16 = 0xff01;
const EXTENDED_MASTER_SECRET: u16 = 23;
const SESSION_TICKET: u16 = 35;
const HEARTBEAT: u16 = 15;
const STATUS_REQUEST: u16 = 5;

/// What `body`, a ClientHello's, offers; `None` where it cannot be read. `name` is what the client was to ask for.
pub fn audit(body: &[u8], name: &str) -> Option<HelloAudit> {
    let hello = ClientHello::read(body)?;
    let real = |codes: Vec<u16>| codes.into_iter().filter(|code| !is_grease(*code)).collect::<Vec<_>>();
    let suites = real(hello.cipher_suites.clone());
    let suites: Vec<u16> =
        suites.into_iter().filter(|suite| ![EMPTY_RENEGOTIATION_INFO, FALLBACK].contains(suite)).collect();
    let offer = Offer {
        versions: real(hello.versions()),
        suites: suites.iter().map(|suite| names::cipher_suite(*suite)).collect(),
        groups: real(hello.groups()),
        schemes: real(hello.signature_schemes()),
        hello: &hello,
        name,
    };
    let protocols = hello.protocols();
    Some(HelloAudit {
        versions: offer.versions.iter().map(|version| names::version(*version)).collect(),
        groups: offer.groups.iter().map(|group| names::group(*group)).collect(),
        signature_schemes: offer.schemes.iter().map(|scheme| names::signature_scheme(*scheme)).collect(),
        server_name: hello.server_name(),
        alpn: protocols.iter().map(|protocol| String::from_utf8_lossy(protocol).into_owned()).collect(),
        ja3: fingerprint::ja3(&hello),
        ja4: fingerprint::ja4(&hello),
        findings: findings(&offer),
        cipher_suites: offer.suites,
    })
}

struct Offer<'a> {
    versions: Vec<u16>,
    suites: Vec<String>,
    groups: Vec<u16>,
    schemes: Vec<u16>,
    hello: &'a ClientHello,
    name: &'a str,
}

/// A kind of suite that is not to be offered: id, what its name has in it, how bad, where it stands.
type BadSuite = (&'static str, fn(&str) -> bool, Verdict, &'static str);

const BAD_SUITES: [BadSuite; 8] = [
    ("offers-rc4", |name| name.contains("_RC4_"), Verdict::Fail, "RFC 7465 §2"),
    ("offers-null", |name| name.contains("_NULL"), Verdict::Fail, "RFC 9325 §4.1"),
    ("offers-export", |name| name.contains("_EXPORT"), Verdict::Fail, "RFC 9325 §4.1"),
    ("offers-anonymous", |name| name.contains("_anon_"), Verdict::Fail, "RFC 9325 §4.1"),
    ("offers-des", |name| name.contains("_DES_") || name.contains("_DES40_"), Verdict::Fail, "RFC 9325 §4.1"),
    ("offers-3des", |name| name.contains("_3DES_"), Verdict::Warn, "RFC 9325 §4.1"),
    ("offers-static-rsa", |name| name.starts_with("TLS_RSA_"), Verdict::Warn, "RFC 9325 §4.1"),
    ("offers-cbc", |name| name.contains("_CBC_"), Verdict::Info, "RFC 9325 §4.2"),
];

/// SHA-1 and MD5 in signature schemes: rsa_pkcs1_sha1, ecdsa_sha1, dsa_sha1 and MD5's.
fn is_weak_scheme(code: u16) -> bool {
    matches!(code >> 8, 1 | 2) && code & 0xff <= 3
}

#[allow(clippy::too_many_lines, reason = "one finding after the other")]
fn findings(offer: &Offer<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut find = |id, verdict, words: String, citation| {
        found.push(Finding { id, verdict, found: words, citation });
    };
    for (version, id, verdict, citation) in [
        (0x0002, "offers-ssl2", Verdict::Fail, "RFC 6176 §3"),
        (0x0300, "offers-ssl3", Verdict::Fail, "RFC 7568 §3"),
        (0x0301, "offers-tls10", Verdict::Fail, "RFC 8996 §4"),
        (0x0302, "offers-tls11", Verdict::Fail, "RFC 8996 §5"),
    ] {
        if offer.versions.contains(&version) {
            find(id, verdict, names::version(version), citation);
        }
    }
    if !offer.versions.contains(&0x0304) {
        find("no-tls13", Verdict::Warn, "no TLS 1.3".to_owned(), "RFC 9325 §3.1.1");
    }
    for (id, matches, verdict, citation) in BAD_SUITES {
        let bad: Vec<_> = offer.suites.iter().filter(|name| matches(name)).map(String::as_str).collect();
        if !bad.is_empty() {
            find(id, verdict, some_of(&bad), citation);
        }
    }
    let weak: Vec<_> = offer
        .schemes
        .iter()
        .filter(|code| is_weak_scheme(**code))
        .map(|code| names::signature_scheme(*code))
        .collect();
    if !weak.is_empty() {
        let weak: Vec<_> = weak.iter().map(String::as_str).collect();
        find("offers-sha1", Verdict::Warn, some_of(&weak), "RFC 9155 §2");
    }
    let hello = offer.hello;
    if hello.compression_methods.iter().any(|method| *method != 0) {
        find("offers-compression", Verdict::Fail, "a compression method".to_owned(), "RFC 9325 §3.3");
    }
    let renegotiation =
        hello.has(RENEGOTIATION_INFO) || hello.cipher_suites.contains(&EMPTY_RENEGOTIATION_INFO);
    let speaks_1_2 = offer.versions.iter().any(|version| *version < 0x0304);
    if speaks_1_2 && !renegotiation {
        find(
            "no-secure-renegotiation",
            Verdict::Warn,
            "neither renegotiation_info nor its signalling value".to_owned(),
            "RFC 5746 §3.4",
        );
    }
    if speaks_1_2 && !hello.has(EXTENDED_MASTER_SECRET) {
        find(
            "no-extended-master-secret",
            Verdict::Warn,
            "no extended_master_secret".to_owned(),
            "RFC 9325 §3.5, RFC 7627",
        );
    }
    if hello.cipher_suites.contains(&FALLBACK) {
        find(
            "fallback-scsv",
            Verdict::Info,
            "TLS_FALLBACK_SCSV: a second, older attempt".to_owned(),
            "RFC 7507 §4",
        );
    }
    server_name(offer, &mut find);
    if !offer.groups.iter().any(|group| names::group(*group).contains("MLKEM")) {
        find(
            "no-post-quantum-group",
            Verdict::Info,
            "no group with ML-KEM".to_owned(),
            "draft-ietf-tls-ecdhe-mlkem",
        );
    }
    if hello.has(HEARTBEAT) {
        find("offers-heartbeat", Verdict::Info, "heartbeat".to_owned(), "RFC 6520");
    }
    if hello.offers_early_data() {
        find(
            "offers-early-data",
            Verdict::Info,
            "0-RTT data, which can be replayed".to_owned(),
            "RFC 8446 §8",
        );
    }
    if hello.has(SESSION_TICKET) {
        find("session-ticket", Verdict::Info, "session_ticket".to_owned(), "RFC 5077");
    }
    if hello.has(STATUS_REQUEST) {
        find("asks-for-ocsp", Verdict::Info, "status_request".to_owned(), "RFC 6066 §8");
    }
    if hello.has_encrypted_client_hello() {
        find(
            "encrypted-client-hello",
            Verdict::Info,
            "encrypted_client_hello, or GREASE for it".to_owned(),
            "RFC 9849",
        );
    }
    if hello.has_grease() {
        find("grease", Verdict::Info, "reserved values".to_owned(), "RFC 8701");
    }
    found
}

fn server_name(offer: &Offer<'_>, find: &mut impl FnMut(&'static str, Verdict, String, &'static str)) {
    let address = offer.name.parse::<std::net::IpAddr>().is_ok();
    match offer.hello.server_name() {
        None if address => {}
        None => find("no-sni", Verdict::Warn, "no server_name".to_owned(), "RFC 9325 §3.7"),
        // RFC 6066 §3: literal addresses are not permitted, and the name has no trailing dot.
        Some(name) if name.parse::<std::net::IpAddr>().is_ok() => {
            find("sni-is-an-address", Verdict::Warn, name, "RFC 6066 §3");
        }
        Some(name) if name.ends_with('.') => find("sni-trailing-dot", Verdict::Warn, name, "RFC 6066 §3"),
        Some(name) if !name.eq_ignore_ascii_case(offer.name.trim_end_matches('.')) => {
            find("sni-other-name", Verdict::Warn, name, "RFC 6066 §3");
        }
        Some(_) => {}
    }
}

/// The first few of many.
fn some_of(names: &[&str]) -> String {
    const SHOWN: usize = 4;
    let shown = names.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN { format!("{shown} and {} more", names.len() - SHOWN) } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vector16(content: &[u8]) -> Vec<u8> {
        [&u16::try_from(content.len()).unwrap().to_be_bytes()[..], content].concat()
    }

    fn hello(suites: &[u16], compression: &[u8], extensions: &[(u16, Vec<u8>)]) -> Vec<u8> {
        let suites: Vec<u8> = suites.iter().flat_map(|suite| suite.to_be_bytes()).collect();
        let extensions: Vec<u8> = extensions
            .iter()
            .flat_map(|(code, data)| [&code.to_be_bytes()[..], &vector16(data)].concat())
            .collect();
        let compression = [&[u8::try_from(compression.len()).unwrap()][..], compression].concat();
        [&[3, 3][..], &[7; 32], &[0], &vector16(&suites), &compression, &vector16(&extensions)].concat()
    }

    fn ids(body: &[u8]) -> Vec<&'static str> {
        audit(body, "www.test.org").unwrap().findings.iter().map(|finding| finding.id).collect()
    }

    #[test]
    fn an_old_client_is_told_all_of_it() {
        // RC4, NULL, export, anonymous, 3DES with static RSA and CBC; SHA-1 signatures; compression.
        let body =
            hello(&[0x0005, 0x0002, 0x0003, 0x0034, 0x000a], &[1, 0], &[(13, vector16(&[2, 1, 2, 3]))]);
        let ids = ids(&body);
        for id in [
            "offers-rc4",
            "offers-null",
            "offers-export",
            "offers-anonymous",
            "offers-3des",
            "offers-static-rsa",
            "offers-cbc",
            "offers-sha1",
            "offers-compression",
            "no-secure-renegotiation",
            "no-extended-master-secret",
            "no-sni",
            "no-tls13",
        ] {
            assert!(ids.contains(&id), "{id} in {ids:?}");
        }
    }

    #[test]
    fn a_client_of_today_is_told_of_nothing_bad() {
        let name = vector16(&[&[0][..], &vector16(b"www.test.org")].concat());
        let body = hello(
            &[0x1301, 0x00ff],
            &[0],
            &[(0, name), (43, vec![2, 3, 4]), (10, vector16(&[0x11, 0xec])), (13, vector16(&[4, 3]))],
        );
        assert_eq!(ids(&body), [""; 0]);
        let audit = audit(&body, "www.test.org").unwrap();
        assert_eq!(audit.cipher_suites, ["TLS_AES_128_GCM_SHA256"], "a signalling value is no suite");
        assert_eq!(audit.server_name.as_deref(), Some("www.test.org"));
    }
}
