//! `inspect --who` against those it speaks of: every prediction, for every fixture and every shape, in both trust
//! models, is held against the verifier itself.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use time::OffsetDateTime;
use tlslab::audit::workshop::{LAB_NAME, Role, Workshop};
use tlslab::audit::{self, catalogue};
use tlslab::pki::facts::CertFacts;
use tlslab::pki::files::to_pem;
use tlslab::pki::key::KeyAlgorithm;
use tlslab::verify::ExpectedName;
use tlslab::verify::who::{Case, Model, Prediction, predict};

use super::judges::{Client, Question, ask_all};
use super::shapes::{SHAPES, Shape, authorities, issued, key_shapes};
use crate::lab::{Lab, Server, TLSLAB, fixtures, peer};

/// Who serves a shape: `tlslab serve`, or openssl where tlslab will not hold the key or show the certificate.
enum Host {
    Tlslab(Server),
    Openssl(Child, String),
}

impl Host {
    fn start(lab: &Lab, folder: &Path) -> Self {
        let (certificate, key) = (folder.join("cert.pem"), folder.join("clearkey.pem"));
        let mut command = lab.command(TLSLAB);
        command.args(["serve", "--www", "--listen", "127.0.0.1:0"]);
        command.arg("--cert").arg(&certificate).arg("--key").arg(&key);
        if let Some(server) = Server::try_start(&mut command) {
            return Self::Tlslab(server);
        }
        let mut child = lab
            .command("openssl")
            .args(["s_server", "-accept", "127.0.0.1:0", "-www", "-cipher", "DEFAULT@SECLEVEL=0"])
            .arg("-cert")
            .arg(&certificate)
            .arg("-cert_chain")
            .arg(&certificate)
            .arg("-key")
            .arg(&key)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("openssl s_server");
        let mut lines = BufReader::new(child.stdout.take().expect("stdout was piped")).lines();
        let line =
            lines.find_map(|line| line.ok().filter(|line| line.starts_with("ACCEPT "))).expect("a port");
        let port = line.rsplit(':').next().expect("a port").to_owned();
        // It goes on talking; nobody listens.
        std::thread::spawn(move || lines.for_each(drop));
        Self::Openssl(child, port)
    }

    fn port(&self) -> String {
        match self {
            Self::Tlslab(server) => server.port(),
            Self::Openssl(_, port) => port.clone(),
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if let Self::Openssl(child, _) = self {
            // Already gone is as good as killed.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The fixtures about which nobody can be asked.
const UNASKED: [(&str, &str); 5] = [
    ("ok-branch-sha1", "a prediction is of one path"),
    ("chain-missing-intermediate", "a prediction presumes that the server sends the whole chain"),
    ("dsa-key", "no server can show it to a client of today"),
    ("p192-key", "no server can show it to a client of today"),
    ("weak-rsa512", "no server can show it over TLS 1.3"),
];

/// Certificates, served, and the questions about them.
struct Bench {
    lab: Lab,
    hosts: Vec<Host>,
    questions: Vec<Question>,
}

impl Bench {
    fn new() -> Self {
        Self { lab: Lab::new(), hosts: Vec::new(), questions: Vec::new() }
    }

    fn add(
        &mut self,
        title: &str,
        name: &str,
        model: Model,
        [chain, trusted]: [&[CertificateDer<'_>]; 2],
        key: &[u8],
    ) {
        let folder = self.questions.len().to_string();
        let path = self.lab.file(&folder);
        std::fs::create_dir(&path).expect("a folder");
        for (file, certificates) in [("cert.pem", chain), ("leaf.pem", &chain[..1]), ("ca.pem", trusted)] {
            self.lab.write(&format!("{folder}/{file}"), pem(certificates));
        }
        self.lab.write(&format!("{folder}/clearkey.pem"), key);
        let host = Host::start(&self.lab, &path);
        self.questions.push(Question {
            title: format!("{title} ({model})"),
            folder: path,
            model,
            port: host.port(),
            name: name.to_owned(),
            client: Client::NotAsked,
        });
        self.hosts.push(host);
    }

    fn add_shape(&mut self, kind: &str, shape: &Shape, workshop: &mut Workshop) {
        for model in [Model::Pinned, Model::CaIssued] {
            if shape.is_for(model) {
                let made = shape.make(model, workshop);
                let key = to_pem("PRIVATE KEY", &made.key.to_pkcs8_der());
                let title = format!("{kind}{}", shape.title);
                self.add(&title, shape.name, model, [&made.chain, &made.trusted], &key);
            }
        }
    }

    /// The checked-in ones. Where what is trusted is another certificate than the one that is shown, the question is
    /// who would take the one that is shown.
    fn add_fixtures(&mut self) {
        for fault in catalogue().iter().filter(|fault| fault.fixture) {
            if let Some((_, why)) = UNASKED.iter().find(|(id, _)| fault.id.trim_end_matches(".ca") == *id) {
                eprintln!("SKIPPED: {}: {why}", fault.id);
                continue;
            }
            let by_openssl = ["weak-rsa1024", "weak-rsa1024.ca", "explicit-curve"].contains(&fault.id);
            if by_openssl && !peer("openssl") {
                continue;
            }
            let file = |name: &str| fixtures().join(fault.id).join(name);
            let (chain, trusted) = (read(&file("cert.pem")), read(&file("ca.pem")));
            let key = std::fs::read(file("clearkey.pem")).expect("a key");
            let title = format!("fixture {}", fault.id);
            match fault.model {
                audit::Model::Pinned => self.add(&title, LAB_NAME, Model::Pinned, [&chain, &chain], &key),
                audit::Model::Ca => self.add(&title, LAB_NAME, Model::CaIssued, [&chain, &trusted], &key),
            }
        }
    }

    /// What tlslab will not make by itself: RSA of 1024 bits, and SHA-1.
    fn add_weak(&mut self, workshop: &mut Workshop) {
        let (root, intermediate, issuing_key) = authorities(workshop);
        let weak = fixtures().join("weak-rsa1024");
        let key = std::fs::read(weak.join("clearkey.pem")).expect("a key");
        let info = CertFacts::read(&read(&weak.join("cert.pem"))[0]).expect("a certificate").public_key.spki;
        let leaf = issued(&info, &intermediate, &issuing_key, |_| {}, |plan| plan.sign(&issuing_key));
        let (chain, trusted) = ([leaf, intermediate.clone()], [root]);
        self.add("RSA of 1024 bits", LAB_NAME, Model::CaIssued, [&chain, &trusted], &key);

        let key = workshop.key(Role::Server).expect("a key");
        self.lab.write("issuing.pem", to_pem("PRIVATE KEY", &issuing_key.to_pkcs8_der()));
        let leaf = issued(
            key.public_key_info(),
            &intermediate,
            &issuing_key,
            |plan| {
                // ecdsa-with-SHA1, RFC 3279 §2.2.3
                plan.inner_signature_algorithm = vec![0x30, 9, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1];
                plan.outer_signature_algorithm.clone_from(&plan.inner_signature_algorithm);
            },
            |plan| {
                plan.sign_with(|tbs| {
                    self.lab.write("tbs", tbs);
                    let sign = ["dgst", "-sha1", "-sign", "issuing.pem", "-out", "signature", "tbs"];
                    self.lab.run("openssl", sign).success();
                    Ok(std::fs::read(self.lab.file("signature")).expect("a signature"))
                })
            },
        );
        let chain = [leaf, intermediate];
        let key = to_pem("PRIVATE KEY", &key.to_pkcs8_der());
        self.add("signed with SHA-1", LAB_NAME, Model::CaIssued, [&chain, &trusted], &key);
    }
}

fn read(path: &Path) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_file_iter(path).expect("a PEM file").map(Result::unwrap).collect()
}

fn pem(certificates: &[CertificateDer<'_>]) -> Vec<u8> {
    certificates.iter().flat_map(|der| to_pem("CERTIFICATE", der).to_vec()).collect()
}

/// What is predicted of a question, from what `inspect` would see: the chain as it is served.
fn predicted(question: &Question) -> Vec<Prediction> {
    let chain = read(&question.folder.join("cert.pem"));
    let chain: Vec<CertFacts> =
        chain.iter().map(|der| CertFacts::read(der).expect("a certificate")).collect();
    let (leaf, issuers) = chain.split_first().expect("a leaf");
    let name: ExpectedName = question.name.parse().expect("a name");
    predict(&Case {
        leaf,
        issuers: &issuers.iter().collect::<Vec<_>>(),
        model: question.model,
        name: Some(&name),
        at: OffsetDateTime::now_utc(),
    })
}

#[test]
fn every_prediction_is_what_the_verifier_itself_says() {
    let mut bench = Bench::new();
    let mut workshop = Workshop::new(KeyAlgorithm::EcP256);
    for shape in SHAPES {
        bench.add_shape("", shape, &mut workshop);
    }
    for (kind, algorithm) in [("RSA: ", KeyAlgorithm::Rsa2048), ("Ed25519: ", KeyAlgorithm::Ed25519)] {
        let mut workshop = Workshop::new(algorithm);
        for shape in key_shapes() {
            bench.add_shape(kind, shape, &mut workshop);
        }
    }
    bench.add_fixtures();
    if peer("openssl") {
        bench.add_weak(&mut workshop);
    }
    let answers = ask_all(&bench.questions);
    let mut wrong = Vec::new();
    let mut checked = 0;
    for (index, question) in bench.questions.iter().enumerate() {
        let predictions = predicted(question);
        for (verifier, answers) in &answers {
            let answer = &answers[index];
            let prediction = predictions.iter().find(|p| p.verifier == *verifier).expect("a prediction");
            checked += 1;
            if prediction.accepts() != answer.accepts {
                wrong.push(format!(
                    "{}: {verifier}: predicted {:?}, and it {}: {}",
                    question.title,
                    prediction.refusals.iter().map(|refusal| refusal.words.as_str()).collect::<Vec<_>>(),
                    if answer.accepts { "accepts" } else { "refuses" },
                    answer.words
                ));
            }
        }
    }
    eprintln!(
        "{checked} predictions held against {} verifiers, {} certificates each; {} wrong",
        answers.len(),
        bench.questions.len(),
        wrong.len()
    );
    assert!(wrong.is_empty(), "wrong predictions:\n{}", wrong.join("\n"));
}
