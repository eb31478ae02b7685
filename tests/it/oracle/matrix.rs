//! Accepted everywhere: certificates of every kind of key, self-signed and issued by a private CA, for servers and for
//! clients, in live handshakes with everybody else's clients; the certificate or its root is the only one trusted.
//!
//! `cargo test --test it accepted_everywhere -- --nocapture` shows the matrix.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use tlslab::audit::catalogue::workshop::{Made, Role, Workshop};
use tlslab::audit::catalogue::{Dates, LAB_NAME};
use tlslab::crypto::sha256;
use tlslab::pki::facts::CertFacts;
use tlslab::pki::files::{KeyFile, read_private_key, to_pem};
use tlslab::pki::issue::{Issuer, Plan, Profile, Request};
use tlslab::pki::key::{KeyAlgorithm, PrivateKey};
use tlslab::pki::subject::Subject;
use tlslab::verify::Model;
use tlslab::who::Verifier;

use super::judges::{Client, Question, ask_all, browse};
use crate::lab::{Lab, Server, fixtures, peer};

/// A workshop whose servers and clients have keys of this kind. To make one of 8192 bits takes a minute and more: it is a
/// fixture's, and the authorities have shorter ones.
fn workshop(key: KeyAlgorithm) -> Workshop {
    if key != KeyAlgorithm::Rsa8192 {
        return Workshop::new(key);
    }
    let file = fixtures().join("ok-rsa8192/clearkey.pem");
    let Ok(KeyFile::Clear(long)) = read_private_key(&file) else { panic!("{}: no key", file.display()) };
    let long = Arc::new(long);
    Workshop::new(KeyAlgorithm::EcP256).with_key(Role::Server, Arc::clone(&long)).with_key(Role::Other, long)
}

/// What is asked of each kind of key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Row {
    /// The server's certificate is its own anchor.
    SelfSigned,
    /// A root is, an intermediate issued the server's.
    Issued,
    /// The same, and the client shows a certificate of the same intermediate.
    IssuedClient,
    /// The same, and the client's certificate is its own anchor.
    SelfSignedClient,
    /// The server wants a certificate, and the client has none: nobody may get through.
    NoClient,
}

impl Row {
    const ALL: [Self; 5] =
        [Self::SelfSigned, Self::Issued, Self::IssuedClient, Self::SelfSignedClient, Self::NoClient];

    fn words(self) -> &'static str {
        match self {
            Self::SelfSigned => "self-signed server",
            Self::Issued => "issued server",
            Self::IssuedClient => "issued client",
            Self::SelfSignedClient => "self-signed client",
            Self::NoClient => "no client certificate",
        }
    }

    fn wants_client(self) -> bool {
        matches!(self, Self::IssuedClient | Self::SelfSignedClient | Self::NoClient)
    }
}

/// Why a verifier cannot be asked at all.
fn unasked(verifier: Verifier, row: Row) -> Option<&'static str> {
    match verifier {
        Verifier::Nss if row.wants_client() => Some("certutil looks at servers' files only"),
        Verifier::Chromium | Verifier::Firefox if row.wants_client() => {
            Some("a person chooses the certificate in a dialog")
        }
        _ => None,
    }
}

/// The kinds that every verifier was asked about.
fn measured(key: KeyAlgorithm) -> bool {
    !matches!(key, KeyAlgorithm::EcP521 | KeyAlgorithm::MlDsa(_) | KeyAlgorithm::RsaPss { .. })
}

/// Why a verifier cannot take a kind of key, whatever the certificate.
fn incapable(verifier: Verifier, key: KeyAlgorithm) -> Option<&'static str> {
    match (verifier, key) {
        (Verifier::Nss, KeyAlgorithm::Ed25519) => Some("NSS has no Ed25519 certificates"),
        (Verifier::Chromium, KeyAlgorithm::Ed25519) => Some("Chromium does not offer ed25519"),
        (Verifier::Firefox, KeyAlgorithm::Ed25519) => Some("Firefox does not offer ed25519"),
        _ => None,
    }
}

fn pem<'a>(certificates: impl IntoIterator<Item = &'a CertificateDer<'static>>) -> Vec<u8> {
    certificates.into_iter().flat_map(|der| to_pem("CERTIFICATE", der).to_vec()).collect()
}

/// A client's certificate, by the workshop's intermediate or by its own key.
fn client(workshop: &Workshop, made: &Made, row: Row) -> (Vec<CertificateDer<'static>>, PrivateKeyPem) {
    let key = workshop.key(Role::Other).expect("a key");
    let request = Request {
        subject: Subject::lab().with_common_name("alice").expect("a name"),
        names: Vec::new(),
        validity: Dates::LAB.valid,
        profile: Profile::Client,
    };
    let sign = |issuer: Issuer<'_>, by: &PrivateKey| {
        let plan = Plan::draft(&request, key.public_key_info(), &issuer).expect("a plan");
        plan.sign(by).expect("a certificate")
    };
    let pem = to_pem("PRIVATE KEY", &key.to_pkcs8_der()).to_vec();
    if row == Row::SelfSignedClient {
        return (vec![sign(Issuer::SelfSigned(&key), &key)], pem);
    }
    let intermediate = &made.chain[1];
    let by = workshop.key(Role::Intermediate).expect("a key");
    let leaf = sign(Issuer::Ca { certificate: intermediate, key: &by }, &by);
    (vec![leaf, intermediate.clone()], pem)
}

type PrivateKeyPem = Vec<u8>;

/// Files, server and question of one row.
fn bench(lab: &Lab, workshop: &Workshop, key: KeyAlgorithm, row: Row) -> (Server, Question) {
    let made = match row {
        Row::SelfSigned => workshop.pinned(|_| {}),
        _ => workshop.chain(|_| {}),
    }
    .expect("a certificate");
    let folder = format!("{key} {}", row.words()).replace([':', ' '], "-");
    std::fs::create_dir_all(lab.file(format!("{folder}/client"))).expect("a folder");
    let write = |name: &str, contents: Vec<u8>| lab.write(&format!("{folder}/{name}"), contents);
    let certificate = write("cert.pem", pem(&made.chain));
    write("leaf.pem", pem(&made.chain[..1]));
    write("ca.pem", pem(&made.trusted));
    let private = write("clearkey.pem", to_pem("PRIVATE KEY", &made.key.to_pkcs8_der()).to_vec());
    let words = |path: &PathBuf| path.display().to_string();
    let mut arguments = vec![
        "--www".to_owned(),
        "--cert".to_owned(),
        words(&certificate),
        "--key".to_owned(),
        words(&private),
    ];
    let mut shows = Client::NotAsked;
    if row.wants_client() {
        let (chain, client_key) = client(workshop, &made, row);
        let trusted = match row {
            Row::SelfSignedClient => write("client-ca.pem", pem(&chain)),
            _ => write("client-ca.pem", pem(&made.trusted)),
        };
        arguments.extend(["--client-ca".to_owned(), words(&trusted)]);
        write("client/cert.pem", pem(&chain));
        write("client/clearkey.pem", client_key);
        shows = if row == Row::NoClient {
            Client::Nobody
        } else {
            Client::Has(lab.file(format!("{folder}/client")))
        };
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let server = lab.serve(&arguments);
    let question = Question {
        title: format!("{key}, {}", row.words()),
        folder: lab.file(&folder),
        model: if row == Row::SelfSigned { Model::Pinned } else { Model::Ca },
        port: server.port(),
        name: LAB_NAME.to_owned(),
        client: shows,
    };
    (server, question)
}

#[test]
fn accepted_everywhere() {
    let lab = Lab::new();
    // RSA keys take their time: one thread for each kind of key.
    let benches: Vec<(KeyAlgorithm, Row, Server, Question)> = std::thread::scope(|scope| {
        let lab = &lab;
        let threads: Vec<_> = KeyAlgorithm::MAKES
            .into_iter()
            .filter(|key| measured(*key))
            .map(|key| {
                scope.spawn(move || {
                    let workshop = workshop(key);
                    let row = |row| {
                        let (server, question) = bench(lab, &workshop, key, row);
                        (key, row, server, question)
                    };
                    Row::ALL.into_iter().map(row).collect::<Vec<_>>()
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("a bench")).collect()
    });
    let questions: Vec<Question> = benches.iter().map(|(.., question)| question.clone()).collect();
    let answers = ask_all(&questions);

    let mut wrong = Vec::new();
    let mut reasons = Vec::new();
    let mut cells = 0;
    let heads =
        answers.iter().map(|(verifier, _)| verifier.as_str().trim_start_matches("OpenSSL ").to_owned());
    let mut lines = vec![line("", heads)];
    for (index, (key, row, ..)) in benches.iter().enumerate() {
        let mut words = Vec::new();
        for (verifier, answers) in &answers {
            let answer = &answers[index];
            let (expected, why) = match (unasked(*verifier, *row), incapable(*verifier, *key)) {
                (Some(why), _) => (None, Some(why)),
                (None, Some(why)) => (Some(false), Some(why)),
                (None, None) => (Some(*row != Row::NoClient), None),
            };
            reasons.extend(why.map(|why| format!("{verifier}: {why}")));
            let Some(expected) = expected else {
                words.push("-".to_owned());
                continue;
            };
            cells += 1;
            words.push(if answer.accepts { "accepts" } else { "refuses" }.to_owned());
            if answer.accepts != expected {
                wrong.push(format!("{key}, {}: {verifier}: {}", row.words(), answer.words));
            }
        }
        lines.push(line(&format!("{key} {}", row.words()), words));
    }
    reasons.sort();
    reasons.dedup();
    eprintln!("{}\n\n{cells} cells\n{}", lines.join("\n"), reasons.join("\n"));
    assert!(wrong.is_empty(), "expected otherwise:\n{}", wrong.join("\n"));
}

fn line(head: &str, cells: impl IntoIterator<Item = String>) -> String {
    let cells = cells.into_iter().fold(format!("{head:<34}"), |line, cell| line + &format!("{cell:<14}"));
    cells.trim_end().to_owned()
}

/// The browser's way around its own rules, by which people try a lab's server: the key's fingerprint on the command
/// line.
#[test]
fn chromium_shows_the_page_of_a_server_whose_key_it_was_told() {
    if !peer("chromium") {
        return;
    }
    let lab = Lab::new();
    lab.gencert(&[]);
    let server = lab.serve(&["--www"]);
    let der = tlslab::pki::files::read_certificates(&lab.file("cert.pem")).expect("a certificate");
    let spki = CertFacts::read(&der[0]).expect("a certificate").public_key.spki;
    let address = format!("https://www.test.org:{}/session.json", server.port());
    let told =
        format!("--ignore-certificate-errors-spki-list={}", data_encoding::BASE64.encode(&sha256(&spki)));
    let resolve = "--host-resolver-rules=MAP www.test.org 127.0.0.1";
    browse(&lab, &[resolve, &told], &address).success().prints("TLSv1.3");
    let untold = browse(&lab, &[resolve], &address);
    assert!(!untold.stdout.contains("TLSv1.3"), "{untold}");
}
