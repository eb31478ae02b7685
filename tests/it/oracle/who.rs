//! `inspect --who` against those it speaks of: every prediction, for every entry of the catalogue, every fixture and every
//! shape, is held against the verifier itself; and policy webpki takes nothing that any of them refuses, but for what is
//! named.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use time::OffsetDateTime;
use tlslab::audit::catalogue::workshop::{Role, Workshop};
use tlslab::audit::catalogue::{Fault, LAB_NAME, Setting, all};
use tlslab::pki::facts::CertFacts;
use tlslab::pki::files::{KeyFile, read_private_key, to_pem};
use tlslab::pki::key::KeyAlgorithm;
use tlslab::server::reload::{Settings, Tls};
use tlslab::server::{self, Config, Identity, Limits, Service};
use tlslab::verify::{Criteria, ExpectedName, Model, Policy, TrustSet, Usage, judge};
use tlslab::who::{Case, Prediction, Verifier, chain, predict};
use tokio::runtime::Runtime;

use super::judges::{Client, Question, ask_all, key_identifiers};
use super::shapes::{Authorities, SHAPES, Shape, key_shapes};
use crate::lab::{Lab, fixtures, peer};

/// Certificates, served, and the questions about them.
struct Bench {
    lab: Lab,
    /// Serves what tlslab can hold the key of, a task for each certificate.
    runtime: Runtime,
    /// Serve the rest.
    openssl: Vec<Child>,
    questions: Vec<Question>,
}

impl Drop for Bench {
    fn drop(&mut self) {
        for child in &mut self.openssl {
            // Already gone is as good as killed.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Bench {
    fn new() -> Self {
        let runtime = Runtime::new().expect("a runtime");
        Self { lab: Lab::new(), runtime, openssl: Vec::new(), questions: Vec::new() }
    }

    fn add(
        &mut self,
        title: &str,
        name: &str,
        model: Model,
        [chain, trusted]: [&[CertificateDer<'static>]; 2],
        key: &[u8],
    ) {
        let folder = self.questions.len().to_string();
        let path = self.lab.file(&folder);
        std::fs::create_dir_all(&path).expect("a folder");
        let (leaf, above) = chain.split_at(1);
        for (file, certificates) in
            [("cert.pem", chain), ("leaf.pem", leaf), ("above.pem", above), ("ca.pem", trusted)]
        {
            self.lab.write(&format!("{folder}/{file}"), pem(certificates));
        }
        let key = self.lab.write(&format!("{folder}/clearkey.pem"), key);
        let held = match read_private_key(&key) {
            Ok(KeyFile::Clear(key)) => Identity::new(chain.to_vec(), &key).ok(),
            _ => None,
        };
        let port = match held {
            Some(identity) => self.serve(&identity),
            None if peer("openssl") => self.serve_by_openssl(&path),
            None => return,
        };
        self.questions.push(Question {
            title: format!("{title} ({model})"),
            folder: path,
            model,
            port,
            name: name.to_owned(),
            client: Client::NotAsked,
        });
    }

    /// As `tlslab serve --www` does, in this process.
    fn serve(&self, identity: &Identity) -> String {
        let tls = Tls::new(identity, Settings::default()).expect("randomness");
        let config = Config {
            tls: Some(Arc::new(tls)),
            service: Service::Www,
            limits: Limits::default(),
            recorder: None,
        };
        let listener = self.runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).expect("a port");
        let port = listener.local_addr().expect("a bound address").port();
        self.runtime.spawn(server::run(listener, config, |_| {}, std::future::pending()));
        port.to_string()
    }

    fn serve_by_openssl(&mut self, folder: &Path) -> String {
        let mut command = self.lab.command("openssl");
        command
            .current_dir(folder)
            .args(["s_server", "-accept", "127.0.0.1:0", "-www", "-cipher", "DEFAULT@SECLEVEL=0"])
            .args(["-cert", "leaf.pem", "-key", "clearkey.pem"]);
        if !read(&folder.join("above.pem")).is_empty() {
            command.args(["-cert_chain", "above.pem"]);
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("openssl s_server");
        let mut lines = BufReader::new(child.stdout.take().expect("stdout was piped")).lines();
        self.openssl.push(child);
        let line =
            lines.find_map(|line| line.ok().filter(|line| line.starts_with("ACCEPT "))).expect("a port");
        // It goes on talking; nobody listens.
        std::thread::spawn(move || lines.for_each(drop));
        line.rsplit(':').next().expect("a port").to_owned()
    }

    /// Asks about what a client trusts and is shown. Where nothing that it trusts is above the certificate, nobody takes it
    /// and a prediction presumes otherwise: then the question is who would take that very certificate, pinned. Where there
    /// are several ways up, a verifier may take any, and a prediction is of one: that is left out.
    fn ask(
        &mut self,
        title: &str,
        name: &str,
        [shown, trusted]: [&[CertificateDer<'static>]; 2],
        key: &[u8],
    ) {
        let known = known(&[shown, trusted].concat());
        let ways = ways_up(&mut vec![&known[0]], &known, trusted);
        if !ways.contains(&true) {
            eprintln!("{title}: what is trusted is not above it; asked as the only trusted certificate");
            self.add(title, name, Model::Pinned, [&shown[..1]; 2], key);
        } else if ways.len() > 1 {
            eprintln!("{title}: left out, for {} ways lead up from it", ways.len());
        } else {
            let model = if trusted.contains(&shown[0]) { Model::Pinned } else { Model::Ca };
            self.add(title, name, model, [shown, trusted], key);
        }
    }

    fn add_shapes(
        &mut self,
        kind: &str,
        shapes: impl IntoIterator<Item = &'static Shape>,
        workshop: &Workshop,
    ) {
        let by = Authorities::of(workshop);
        for shape in shapes {
            for model in [Model::Pinned, Model::Ca].into_iter().filter(|model| shape.is_for(*model)) {
                let made = shape.make(model, workshop, &by);
                let key = to_pem("PRIVATE KEY", &made.key.to_pkcs8_der());
                let title = format!("{kind}{}", shape.title);
                self.add(&title, shape.name, model, [&made.chain, &made.trusted], &key);
            }
        }
    }

    /// The whole catalogue of servers' certificates: fixtures as they are checked in, the rest as it is made.
    fn add_catalogue(&mut self) {
        let (servers, clients): (Vec<&Fault>, Vec<&Fault>) =
            all().iter().partition(|fault| fault.usage == Usage::Server);
        eprintln!("left out: {} clients' certificates, of which nothing is predicted", clients.len());
        for fault in servers {
            // New keys for each: who has seen one certificate must not know another's issuer.
            let id = fault.id.to_string();
            let asked =
                fault.name_for(&Setting::lab().name).expect("the lab's name has every other").to_string();
            if fault.fixture {
                let file = |name: &str| fixtures().join(&id).join(name);
                let key = std::fs::read(file("clearkey.pem")).expect("a key");
                let [shown, trusted] = ["cert.pem", "ca.pem"].map(|name| read(&file(name)));
                self.ask(&id, &asked, [&shown, &trusted], &key);
            } else {
                let made =
                    fault.make(&Workshop::new(KeyAlgorithm::EcP256)).expect("no fixture, so tlslab makes it");
                let key = to_pem("PRIVATE KEY", &made.key.to_pkcs8_der());
                self.ask(&id, &asked, [&made.chain, &made.trusted], &key);
            }
        }
    }

    /// What tlslab will not make by itself: RSA of 1024 bits, and SHA-1.
    fn add_weak(&mut self, workshop: &Workshop) {
        let by = Authorities::of(workshop);
        let weak = fixtures().join("weak-rsa1024");
        let key = std::fs::read(weak.join("clearkey.pem")).expect("a key");
        let info = CertFacts::read(&read(&weak.join("cert.pem"))[0]).expect("a certificate").public_key.spki;
        let leaf = by.issue(&info, |_| {}, |plan| plan.sign(&by.key));
        let (chain, trusted) = ([leaf, by.intermediate.clone()], [by.root.clone()]);
        self.add("RSA of 1024 bits", LAB_NAME, Model::Ca, [&chain, &trusted], &key);

        let key = workshop.key(Role::Server).expect("a key");
        self.lab.write("issuing.pem", to_pem("PRIVATE KEY", &by.key.to_pkcs8_der()));
        let leaf = by.issue(
            key.public_key_info(),
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
        let chain = [leaf, by.intermediate];
        let key = to_pem("PRIVATE KEY", &key.to_pkcs8_der());
        self.add("signed with SHA-1", LAB_NAME, Model::Ca, [&chain, &trusted], &key);
    }
}

fn read(path: &Path) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_file_iter(path).expect("a PEM file").map(Result::unwrap).collect()
}

fn pem(certificates: &[CertificateDer<'_>]) -> Vec<u8> {
    certificates.iter().flat_map(|der| to_pem("CERTIFICATE", der).to_vec()).collect()
}

/// What these certificates say, each once.
fn known(certificates: &[CertificateDer<'_>]) -> Vec<CertFacts> {
    let mut known: Vec<CertFacts> = Vec::new();
    for der in certificates {
        if known.iter().all(|facts| facts.der != *der) {
            known.push(CertFacts::read(der).expect("a certificate"));
        }
    }
    known
}

/// The ways up from the last of `path`, as a verifier sees them: by names, by key identifiers where they tell namesakes
/// apart, and by what is trusted where it can be had at once. Of each, whether it ends in something trusted.
fn ways_up<'a>(
    path: &mut Vec<&'a CertFacts>,
    known: &'a [CertFacts],
    trusted: &[CertificateDer<'_>],
) -> Vec<bool> {
    let last = path[path.len() - 1];
    // A leaf that is its own issuer can only be pinned.
    if trusted.contains(&last.der) || path.len() == 1 && last.is_self_issued() {
        return vec![trusted.contains(&last.der)];
    }
    let is_new = |above: &&CertFacts| !path.iter().any(|seen| seen.der == above.der);
    let mut above: Vec<&CertFacts> =
        known.iter().filter(|above| above.subject_der == last.issuer_der).filter(is_new).collect();
    let named = key_identifiers(last).0;
    let tests: [&dyn Fn(&CertFacts) -> bool; 2] =
        [&|above| named.is_some() && key_identifiers(above).1 == named, &|above| {
            trusted.contains(&above.der)
        }];
    for test in tests {
        if above.iter().any(|above| test(above)) {
            above.retain(|above| test(above));
        }
    }
    let mut ways = Vec::new();
    for next in above {
        path.push(next);
        ways.extend(ways_up(path, known, trusted));
        path.pop();
    }
    if ways.is_empty() { vec![false] } else { ways }
}

/// What is predicted of a question, from what is shown and what is trusted.
fn predicted(question: &Question) -> Vec<Prediction> {
    let known = known(&["cert.pem", "ca.pem"].map(|name| read(&question.folder.join(name))).concat());
    let chain = chain(&known[0], &known.iter().collect::<Vec<_>>());
    let name: ExpectedName = question.name.parse().expect("a name");
    predict(&Case {
        leaf: chain[0],
        issuers: if question.model == Model::Pinned { &[] } else { &chain[1..] },
        model: question.model,
        name: Some(&name),
        at: OffsetDateTime::now_utc(),
    })
}

/// On what others refuse what our policy webpki takes, all there is: what RFC 5280 leaves free or does not know.
const TAKEN: [&str; 4] = [
    // No fault: they cannot verify it.
    "an Ed25519 key",
    // §6.1.4 (n): key usage, "if present".
    "a CA without a key usage",
    // Mozilla's own rule.
    "an extended key usage with OCSPSigning, an OCSP responder's",
    // RFC 7633: of revocation, which is not checked.
    "it demands a TLS extension that the server does not have",
];

/// What policy webpki says, which `connect` by its own default does not.
fn accepted_by_webpki(question: &Question) -> bool {
    let [chain, trusted] = ["cert.pem", "ca.pem"].map(|name| read(&question.folder.join(name)));
    let criteria = Criteria {
        trusted: Arc::new(TrustSet::new(&trusted).expect("certificates")),
        name: Some(question.name.parse().expect("a name")),
        usage: Usage::Server,
        policy: Policy::Webpki,
    };
    judge(&chain, &criteria, OffsetDateTime::now_utc()).accepted()
}

#[test]
fn every_prediction_is_what_the_verifier_itself_says_and_none_is_stricter_than_we() {
    let mut bench = Bench::new();
    bench.add_shapes("", SHAPES, &Workshop::new(KeyAlgorithm::EcP256));
    for (kind, algorithm) in [("RSA: ", KeyAlgorithm::Rsa2048), ("Ed25519: ", KeyAlgorithm::Ed25519)] {
        bench.add_shapes(kind, key_shapes(), &Workshop::new(algorithm));
    }
    bench.add_catalogue();
    if peer("openssl") {
        bench.add_weak(&Workshop::new(KeyAlgorithm::EcP256));
    }
    let answers = ask_all(&bench.questions);
    let (mut wrong, mut laxer) = (Vec::new(), Vec::new());
    let (mut checked, mut taken) = (0, 0);
    for (index, question) in bench.questions.iter().enumerate() {
        let predictions = predicted(question);
        let accepted = accepted_by_webpki(question);
        taken += usize::from(accepted);
        for (verifier, answers) in &answers {
            let answer = &answers[index];
            let prediction = predictions.iter().find(|p| p.verifier == *verifier).expect("a prediction");
            let excused = |words: &str| TAKEN.contains(&words);
            // Policy lab is another matter: it wants a CN.
            if accepted
                && !answer.accepts
                && *verifier != Verifier::Lab
                && !prediction.refusals.iter().any(|refusal| excused(&refusal.words))
            {
                laxer.push(format!("{}: {verifier} refuses it: {}", question.title, answer.words));
            }
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
        "{checked} predictions held against {} verifiers, {} certificates each; {} wrong; of the {taken} that policy \
         webpki takes, {} are refused for a reason that is not named",
        answers.len(),
        bench.questions.len(),
        wrong.len(),
        laxer.len()
    );
    assert!(wrong.is_empty(), "wrong predictions:\n{}", wrong.join("\n"));
    assert!(laxer.is_empty(), "policy webpki takes what others refuse:\n{}", laxer.join("\n"));
}
