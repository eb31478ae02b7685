//! Certificates, served, with the questions about them and what is predicted of the answers.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;
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
use tlslab::verify::{ExpectedName, Model, Usage};
use tlslab::who::{Case, Prediction, RELEASES, Verifier, Wanted, chain, predict};
use tokio::runtime::Runtime;

use super::judges::{Answer, Client, Question, ask_all, is_wanted, key_identifiers};
use super::shapes::{Authorities, KNOWN_TO_SOME, Shape};
use crate::lab::{FUSE, Killed, Lab, fixtures, peer};
use crate::peers::release;

/// Certificates, served, and the questions about them.
pub(crate) struct Bench {
    lab: Lab,
    /// Serves what tlslab can hold the key of, a task for each certificate.
    runtime: Runtime,
    /// Serve the rest.
    openssl: Vec<Killed>,
    pub(crate) questions: Vec<Question>,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let runtime = Runtime::new().expect("a runtime");
        Self { lab: Lab::new(), runtime, openssl: Vec::new(), questions: Vec::new() }
    }

    pub(crate) fn add(
        &mut self,
        title: &str,
        name: &str,
        model: Model,
        [chain, trusted]: [&[CertificateDer<'static>]; 2],
        key: &[u8],
    ) {
        let title = format!("{title} ({model})");
        if !is_wanted("TLSLAB_WHO_CASES", &title) {
            return;
        }
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
            title,
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
            // A busy machine makes a client slow, and no answer of that.
            limits: Limits { handshake_timeout: FUSE, ..Limits::default() },
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
        self.openssl.push(Killed(child));
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
        let all = [shown, trusted].concat();
        if let Some(fault) = all.iter().find_map(|der| CertFacts::read(der).err()) {
            eprintln!("{title}: left out, for nothing is predicted of what cannot be read: {fault}");
            return;
        }
        let known = known(&all);
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

    pub(crate) fn add_shapes(
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
                self.add(&title, &shape.name().to_string(), model, [&made.chain, &made.trusted], &key);
            }
        }
    }

    /// The whole catalogue of servers' certificates: fixtures as they are checked in, the rest as it is made.
    pub(crate) fn add_catalogue(&mut self) {
        let (servers, clients): (Vec<&Fault>, Vec<&Fault>) = all()
            .iter()
            .filter(|fault| fault.status.is_none())
            .partition(|fault| fault.usage == Usage::Server);
        eprintln!("left out: {} clients' certificates, of which nothing is predicted", clients.len());
        // Their certificates are healthy, and nothing is predicted of what a CA says of them.
        eprintln!(
            "left out: {} entries about revocation",
            all().iter().filter(|f| f.status.is_some()).count()
        );
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

    /// Critical extensions that some verifiers know, of a pinned certificate and of one that is issued.
    pub(crate) fn add_critical(&mut self) {
        for (title, oid, value) in KNOWN_TO_SOME {
            let title = format!("critical {title}");
            for model in [Model::Pinned, Model::Ca] {
                // New keys for each, as for the catalogue.
                let workshop = Workshop::new(KeyAlgorithm::EcP256);
                let made = match model {
                    Model::Pinned => workshop.pinned(|plan| plan.push_extension(*oid, true, *value)),
                    Model::Ca => workshop.issued(|plan| plan.push_extension(*oid, true, *value)),
                };
                let made = made.expect("a certificate");
                let key = to_pem("PRIVATE KEY", &made.key.to_pkcs8_der());
                self.add(&title, LAB_NAME, model, [&made.chain, &made.trusted], &key);
            }
        }
    }

    /// What tlslab will not make by itself: RSA of 1024 bits, and SHA-1.
    pub(crate) fn add_weak(&mut self, workshop: &Workshop) {
        let by = Authorities::of(workshop);
        let name = Setting::lab().name;
        let weak = fixtures().join("weak-rsa1024");
        let key = std::fs::read(weak.join("clearkey.pem")).expect("a key");
        let info = CertFacts::read(&read(&weak.join("cert.pem"))[0]).expect("a certificate").public_key.spki;
        let leaf = by.issue(&name, &info, |_| {}, |plan| plan.sign(&by.key));
        let (chain, trusted) = ([leaf, by.intermediate.clone()], [by.root.clone()]);
        self.add("RSA of 1024 bits", LAB_NAME, Model::Ca, [&chain, &trusted], &key);

        let key = workshop.key(Role::Server).expect("a key");
        self.lab.write("issuing.pem", to_pem("PRIVATE KEY", &by.key.to_pkcs8_der()));
        let leaf = by.issue(
            &name,
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

pub(crate) fn read(path: &Path) -> Vec<CertificateDer<'static>> {
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
fn predicted(question: &Question, releases: &[Wanted]) -> Vec<Prediction> {
    let known = known(&["cert.pem", "ca.pem"].map(|name| read(&question.folder.join(name))).concat());
    let chain = chain(&known[0], &known.iter().collect::<Vec<_>>());
    let name: ExpectedName = question.name.parse().expect("a name");
    let case = Case {
        leaf: chain[0],
        issuers: if question.model == Model::Pinned { &[] } else { &chain[1..] },
        sent: read(&question.folder.join("cert.pem")).len(),
        model: question.model,
        name: Some(&name),
        at: OffsetDateTime::now_utc(),
    };
    predict(&case, releases)
}

/// The releases of these verifiers that are here; says which those are, and which were not met.
fn met(verifiers: impl Iterator<Item = Verifier>) -> Vec<Wanted> {
    let mut met: Vec<_> = verifiers.filter_map(release).collect();
    met.dedup();
    for row in RELEASES {
        let words = if met.contains(&row) { "met" } else { "left out, for it is not here" };
        eprintln!("{} {row}: {words}", row.verifier);
    }
    met.into_iter().map(Wanted::from).collect()
}

/// An answer beside what was predicted of it.
pub(crate) struct Compared<'a> {
    pub(crate) question: &'a Question,
    pub(crate) verifier: Verifier,
    pub(crate) prediction: Prediction,
    pub(crate) answer: Answer,
}

impl Compared<'_> {
    /// Whether the prediction held; `None` where there is none.
    pub(crate) fn held(&self) -> Option<bool> {
        Some(self.prediction.accepts()? == self.answer.accepts)
    }

    /// What was predicted and what came.
    pub(crate) fn words(&self) -> String {
        let refusals = self.prediction.refusals().iter();
        format!(
            "{}: {}: predicted {:?}, and it {}: {}",
            self.question.title,
            self.verifier,
            refusals.map(|refusal| refusal.words.as_str()).collect::<Vec<_>>(),
            if self.answer.accepts { "accepts" } else { "refuses" },
            self.answer.words
        )
    }
}

impl Bench {
    /// Asks everybody who is here everything.
    pub(crate) fn compare(&self) -> Vec<Compared<'_>> {
        let answers = ask_all(&self.questions);
        let releases = met(answers.iter().map(|(verifier, _)| *verifier));
        let mut compared = Vec::new();
        for (index, question) in self.questions.iter().enumerate() {
            let predictions = predicted(question, &releases);
            for (verifier, answers) in &answers {
                let prediction = predictions.iter().find(|p| p.verifier == *verifier).expect("a prediction");
                compared.push(Compared {
                    question,
                    verifier: *verifier,
                    prediction: prediction.clone(),
                    answer: answers[index].clone(),
                });
            }
        }
        compared
    }
}
