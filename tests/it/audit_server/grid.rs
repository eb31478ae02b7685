//! Every server × every check: what each speaks, which checks it fails, and what three scanners say of it.

use std::path::Path;

use serde_json::Value;

use super::scanners::{Scanner, compare};
use super::servers::{How, Running, Subject};
use super::{audit, failed, spoken, verdict};
use crate::lab::Lab;

const BOTH: &[&str] = &["TLSv1.2", "TLSv1.3"];
const OLD: &[&str] = &["TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"];

const fn subject(
    name: &'static str,
    how: How,
    versions: &'static [&'static str],
    failures: &'static [&'static str],
) -> Subject {
    Subject { name, how, versions, failures }
}

/// The servers.
const SUBJECTS: &[Subject] = &[
    subject("openssl", How::Openssl(".", &[]), BOTH, &[]),
    subject("openssl 1.2", How::Openssl(".", &["-tls1_2"]), &["TLSv1.2"], &[]),
    subject("openssl 1.3", How::Openssl(".", &["-tls1_3"]), &["TLSv1.3"], &[]),
    subject(
        "openssl NULL",
        How::Openssl(".", &["-tls1_2", "-cipher", "NULL:@SECLEVEL=0"]),
        &["TLSv1.2"],
        &["null-refused", "anonymous-refused", "aead-offered"],
    ),
    subject(
        "openssl anonymous",
        How::Openssl(".", &["-tls1_2", "-cipher", "aNULL:ECDHE:!eNULL:@SECLEVEL=0"]),
        &["TLSv1.2"],
        &["anonymous-refused", "dh-size"],
    ),
    subject(
        "openssl all",
        How::Openssl(".", &["-cipher", "ALL:eNULL:@SECLEVEL=0", "-min_protocol", "TLSv1"]),
        OLD,
        &["tls10-refused", "tls11-refused", "null-refused", "anonymous-refused"],
    ),
    subject(
        "openssl RSA only",
        How::Openssl(".", &["-tls1_2", "-cipher", "kRSA"]),
        &["TLSv1.2"],
        &["forward-secrecy"],
    ),
    subject("openssl P-521 only", How::Openssl(".", &["-groups", "P-521"]), BOTH, &[]),
    subject("openssl no tickets", How::Openssl(".", &["-serverpref", "-no_ticket"]), BOTH, &[]),
    subject(
        "openssl legacy renegotiation",
        How::Openssl(".", &["-tls1_2", "-legacy_renegotiation"]),
        &["TLSv1.2"],
        &[],
    ),
    subject("openssl cookie", How::Openssl(".", &["-tls1_3", "-stateless"]), &["TLSv1.3"], &[]),
    subject(
        "openssl expired",
        How::Openssl("expired", &[]),
        BOTH,
        &["certificate-trust", "certificate-dates"],
    ),
    subject(
        "openssl reversed",
        How::Openssl("issued", &["-cert_chain", "reversed.pem"]),
        BOTH,
        &["certificate-trust"],
    ),
    // What is spoken without a word on it differs between releases.
    subject("nginx", How::Nginx("ssl_protocols TLSv1.2 TLSv1.3;"), BOTH, &[]),
    subject("nginx 1.2", How::Nginx("ssl_protocols TLSv1.2;"), &["TLSv1.2"], &[]),
    subject(
        "nginx old",
        How::Nginx("ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3; ssl_ciphers ALL:@SECLEVEL=0;"),
        OLD,
        &["tls10-refused", "tls11-refused", "anonymous-refused"],
    ),
    subject(
        "nginx RSA only",
        How::Nginx("ssl_protocols TLSv1.2; ssl_ciphers kRSA;"),
        &["TLSv1.2"],
        &["forward-secrecy"],
    ),
    subject(
        "nginx small DH",
        How::Nginx("ssl_protocols TLSv1.2; ssl_ciphers kDHE:@SECLEVEL=0; ssl_dhparam dh.pem;"),
        &["TLSv1.2"],
        &["anonymous-refused", "dh-size"],
    ),
    subject("apache", How::Apache(""), BOTH, &[]),
    subject(
        "apache old",
        How::Apache("SSLProtocol all\nSSLCipherSuite ALL:@SECLEVEL=0"),
        OLD,
        &["tls10-refused", "tls11-refused"],
    ),
    subject("haproxy", How::Haproxy(""), BOTH, &[]),
    subject(
        "haproxy old",
        How::Haproxy("ssl-min-ver TLSv1.0 ciphers ALL:@SECLEVEL=0"),
        OLD,
        &["tls10-refused", "tls11-refused", "anonymous-refused"],
    ),
    subject(
        "haproxy RSA only",
        How::Haproxy("ssl-max-ver TLSv1.2 ciphers kRSA"),
        &["TLSv1.2"],
        &["forward-secrecy"],
    ),
    subject("stunnel", How::Stunnel(""), BOTH, &[]),
    subject(
        "stunnel old",
        How::Stunnel("sslVersionMin = TLSv1\nsecurityLevel = 0\nciphers = ALL"),
        OLD,
        &["tls10-refused", "tls11-refused", "anonymous-refused"],
    ),
    subject("gnutls-serv", How::Gnutls("NORMAL"), OLD, &["tls10-refused", "tls11-refused"]),
    subject(
        "gnutls-serv no EMS",
        How::Gnutls("NORMAL:%NO_SESSION_HASH"),
        OLD,
        &["tls10-refused", "tls11-refused"],
    ),
    subject("python", How::Lines("python3", "server.py"), BOTH, &[]),
    subject("node", How::Lines("node", "server.js"), BOTH, &[]),
    subject("node X25519MLKEM768 only", How::LaterNode("X25519MLKEM768"), BOTH, &[]),
    subject(
        "go",
        How::Lines("go", "server.go"),
        OLD,
        &["tls10-refused", "tls11-refused", "3des-refused", "future-version", "sweet32"],
    ),
    subject("java", How::Lines("java", "Server.java"), BOTH, &[]),
    subject(
        "tlslite-ng SSL 3",
        How::Tlslite("ssl3"),
        &["SSLv3"],
        &["ssl3-refused", "modern-version", "3des-refused", "aead-offered", "poodle", "sweet32"],
    ),
    subject(
        "tlslite-ng RC4",
        How::Tlslite("rc4"),
        &["TLSv1.0", "TLSv1.1", "TLSv1.2"],
        &["tls10-refused", "tls11-refused", "rc4-refused", "aead-offered"],
    ),
    subject("tlslab serve", How::Ourselves(&[]), BOTH, &[]),
    subject("tlslab serve 1.2", How::Ourselves(&["--tls", "1.2"]), &["TLSv1.2"], &[]),
];

/// `openssl dhparam 1024`: less is refused by OpenSSL itself at every level.
const DH_1024: &str = "\
    -----BEGIN DH PARAMETERS-----\n\
    MIGHAoGBAJD/fhTNuIgWKr5cz4EuXDWrh9L3ADhEaSJqeyrGiBQEsRq4JaXCYV8b\n\
    oiU/7Ax3e57nBTBOw4hbHgEqtTNrAmKQc82HvqGkPhnWOKlc0SUSNfnYR8d2Qu9j\n\
    9oZK1kpGj2MQC8PlMT4EVJVrUU4OcGXdQ3hf/5TAxpW7J+n03Qr/AgEC\n\
    -----END DH PARAMETERS-----\n";

/// A folder with what every server may want: a certificate, an expired one, a chain, small parameters.
fn lab() -> Lab {
    let lab = Lab::new();
    let key = ["--key", "rsa:2048"];
    lab.gencert(&key);
    let past = ["--not-before", "2023-01-01T00:00:00Z", "--not-after", "2024-01-01T00:00:00Z"];
    lab.gencert(&[&key[..], &["--out", "expired"], &past].concat());
    lab.gencert(&["--profile", "ca", "--cn", "ca", "--out", "ca", "--key", "ec:p256"]);
    let issuer = ["--ca", "ca/cert.pem", "--ca-key", "ca/clearkey.pem"];
    lab.gencert(
        &[&["--profile", "ca", "--cn", "middle", "--out", "middle", "--key", "ec:p256"], &issuer[..]]
            .concat(),
    );
    let middle = ["--ca", "middle/cert.pem", "--ca-key", "middle/clearkey.pem"];
    lab.gencert(&[&key[..], &["--out", "issued"], &middle].concat());
    lab.write("reversed.pem", lab.read("ca/cert.pem") + &lab.read("middle/cert.pem"));
    lab.write("dh.pem", DH_1024);
    lab
}

/// Everything of one folder, into another.
fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let copied = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir(&copied).unwrap();
            copy(&entry.path(), &copied);
        } else {
            std::fs::copy(entry.path(), copied).unwrap();
        }
    }
}

/// Runs those servers whose peers are here; the others have been said.
fn running(wanted: impl Fn(&Subject) -> bool) -> Vec<(&'static Subject, Lab, Running)> {
    let made = lab();
    let wanted = SUBJECTS.iter().filter(|subject| wanted(subject));
    wanted
        .filter_map(|subject| {
            let lab = Lab::new();
            copy(made.path(), lab.path());
            let server = subject.how.start(&lab)?;
            Some((subject, lab, server))
        })
        .collect()
}

/// What is a warning of a server, for that is what it is set up for: a check by server.
const WARNED: [(&str, &str); 2] =
    [("gnutls-serv no EMS", "extended-master-secret"), ("openssl reversed", "chain-order")];

#[test]
fn every_server_is_told_what_it_speaks_and_where_it_fails() {
    let mut wrong = Vec::new();
    for (subject, lab, server) in running(|_| true) {
        let run = audit(&lab, &server.address(), &[]);
        let report = run.json();
        if spoken(&report) != subject.versions || failed(&report) != subject.failures {
            wrong.push((subject.name, spoken(&report).join(" "), failed(&report).join(" ")));
        }
        let errors: Vec<&Value> =
            report["checks"].as_array().unwrap().iter().filter(|check| check["verdict"] == "error").collect();
        assert!(errors.is_empty(), "{}: {errors:?}", subject.name);
        for (_, check) in WARNED.iter().filter(|(server, _)| *server == subject.name) {
            assert_eq!(verdict(&report, check), "warn", "{}: {run}", subject.name);
        }
        assert_eq!(run.code(), i32::from(!failed(&report).is_empty()), "{}: {run}", subject.name);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Those that are worth a scanner's time: what is spoken differs between them.
fn scanned(wanted: &[&str]) -> Vec<(&'static str, Lab, Running)> {
    let servers = running(|subject| wanted.is_empty() || wanted.contains(&subject.name));
    servers.into_iter().map(|(subject, lab, server)| (subject.name, lab, server)).collect()
}

#[test]
fn sslscan_says_the_same() {
    // The OpenSSL that it stands on cannot complete what these offer, and then it finds no version at all; and sslscan 2.0
    // waits for more where ServerHello shares its record with the messages behind it, as in TLS 1.2 of rustls.
    let left_out = ["tlslite-ng SSL 3", "tlslite-ng RC4", "node X25519MLKEM768 only", "tlslab serve 1.2"];
    let mut servers = scanned(&[]);
    servers.retain(|(name, ..)| !left_out.contains(name));
    compare(Scanner::Sslscan, &servers);
}

#[test]
fn sslyze_says_the_same() {
    // It takes seconds of a processor for each.
    let wanted =
        ["openssl all", "openssl P-521 only", "nginx old", "gnutls-serv", "java", "tlslite-ng SSL 3"];
    compare(Scanner::Sslyze, &scanned(&wanted));
}

#[test]
fn testssl_says_the_same() {
    // It takes minutes for each.
    compare(Scanner::Testssl, &scanned(&["nginx old", "haproxy"]));
}

/// Every server that both of the slow ones can speak to.
fn scanned_slowly() -> Vec<(&'static str, Lab, Running)> {
    let mut servers = scanned(&[]);
    servers.retain(|(name, ..)| !name.contains("X25519MLKEM768"));
    servers
}

#[test]
#[ignore = "a quarter of an hour: just scanners"]
fn slowly_sslyze_says_the_same_of_every_server() {
    compare(Scanner::Sslyze, &scanned_slowly());
}

#[test]
#[ignore = "an hour: just scanners"]
fn slowly_testssl_says_the_same_of_every_server() {
    compare(Scanner::Testssl, &scanned_slowly());
}
