//! Clients of every kind, asked one question: would you talk to this server?
//!
//! A [`Judge`] is one of other people's TLS clients. Each answers a [`Question`] with a real handshake, but for NSS,
//! whose old tool `certutil` looks at files.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, OnceLock};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use tlslab::pki::facts::{CertFacts, Extension};
use tlslab::verify::Model;
use tlslab::who::Verifier;

use crate::lab::{FUSE, Lab, Run, TLSLAB, among_tests, peer, run, run_with_input};

/// What a judge is asked.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    /// What it is called in reports.
    pub(crate) title: String,
    /// The folder with `cert.pem` (as served), `leaf.pem` (the first of it) and `ca.pem` (what is trusted).
    pub(crate) folder: PathBuf,
    /// What `ca.pem` is.
    pub(crate) model: Model,
    /// Where the server listens on the loopback.
    pub(crate) port: String,
    /// The name that the client expects.
    pub(crate) name: String,
    /// Where the server wants a client certificate: a folder with `cert.pem` and `clearkey.pem` to show, or none.
    pub(crate) client: Client,
}

/// What the client has to show.
#[derive(Clone, Debug)]
pub(crate) enum Client {
    /// Nothing is asked for.
    NotAsked,
    /// The server wants a certificate, and the client has none.
    Nobody,
    /// The folder with its `cert.pem` and `clearkey.pem`.
    Has(PathBuf),
}

impl Question {
    fn file(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    fn client_files(&self) -> Option<[String; 2]> {
        let Client::Has(folder) = &self.client else { return None };
        Some(["cert.pem", "clearkey.pem"].map(|name| folder.join(name).display().to_string()))
    }

    fn is_address(&self) -> bool {
        self.name.parse::<std::net::IpAddr>().is_ok()
    }
}

/// What a judge said.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) accepts: bool,
    /// Its own words, in a line.
    pub(crate) words: String,
}

impl Answer {
    fn of(accepts: bool, words: &str) -> Self {
        Self { accepts, words: words.split_whitespace().collect::<Vec<_>>().join(" ") }
    }

    /// By how a program ended; the line of what it said that says most is the one with one of `telling`.
    fn of_run(run: &Run, telling: &[&str]) -> Self {
        let said = || run.stdout.lines().chain(run.stderr.lines());
        let line = telling.iter().find_map(|words| said().find(|line| line.contains(words)));
        Self::of(run.code() == 0, line.or_else(|| run.stderr.lines().last()).unwrap_or_default())
    }
}

/// One of other people's clients.
struct Judge {
    verifier: Verifier,
    ask: Ask,
}

type Ask = Box<dyn FnMut(&[Question]) -> Vec<Answer> + Send>;

impl Judge {
    /// Asks it everything.
    fn ask(&mut self, questions: &[Question]) -> Vec<Answer> {
        (self.ask)(questions)
    }

    /// One that answers question by question.
    fn new(verifier: Verifier, mut ask: impl FnMut(&Question) -> Answer + Send + 'static) -> Self {
        Self { verifier, ask: Box::new(move |questions| questions.iter().map(&mut ask).collect()) }
    }
}

/// Everybody's answer to everything, judges side by side.
pub(crate) fn ask_all(questions: &[Question]) -> Vec<(Verifier, Vec<Answer>)> {
    std::thread::scope(|scope| {
        let threads: Vec<_> = judges()
            .into_iter()
            .map(|mut judge| scope.spawn(move || (judge.verifier, judge.ask(questions))))
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("a judge")).collect()
    })
}

/// Whether `text` has one of the words of an environment variable, commas between; where that is not set, it is as if. While
/// a rule is written not everybody is asked everything: `TLSLAB_WHO_CASES` has parts of the titles of questions,
/// `TLSLAB_WHO_JUDGES` parts of the names of verifiers.
pub(crate) fn is_wanted(variable: &str, text: &str) -> bool {
    std::env::var(variable).map_or(true, |words| words.split(',').any(|word| text.contains(word)))
}

/// Every judge that is here. One that is missing is said out loud, or fails the test where peers are required.
fn judges() -> Vec<Judge> {
    let peer = |verifier: Verifier, programs: &[&str]| {
        is_wanted("TLSLAB_WHO_JUDGES", verifier.as_str()) && programs.iter().all(|program| peer(program))
    };
    let mut judges =
        vec![Judge::new(Verifier::Lab, connect), Judge::new(Verifier::RustlsWebpki, stock_rustls)];
    if peer(Verifier::Openssl, &["openssl"]) {
        judges.push(Judge::new(Verifier::Openssl, |question| openssl(question, &[])));
        judges.push(Judge::new(Verifier::OpensslStrict, |question| openssl(question, &["-x509_strict"])));
    }
    if peer(Verifier::Curl, &["curl"]) {
        judges.push(Judge::new(Verifier::Curl, curl));
    }
    if peer(Verifier::Gnutls, &["gnutls-cli"]) {
        judges.push(Judge::new(Verifier::Gnutls, gnutls));
    }
    if peer(Verifier::Nss, &["certutil", "prlimit"]) {
        let empty = Lab::new();
        certutil(&empty, &["-N", "-d", "sql:.", "--empty-password"]).success();
        judges.push(Judge::new(Verifier::Nss, move |question| nss(&empty, question)));
    }
    let source = |name: &str| among_tests("oracle/judges").join(name);
    for (verifier, program, script) in [
        (Verifier::Java, "java", "Judge.java"),
        (Verifier::Node, "node", "judge.js"),
        (Verifier::Python, "python3", "judge.py"),
    ] {
        if peer(verifier, &[program]) {
            let mut process = Process::start(Command::new(program).arg(source(script)));
            judges.push(Judge::new(verifier, move |question| process.ask(question)));
        }
    }
    if peer(Verifier::Go, &["go"]) {
        let mut process = Process::start(&mut Command::new(go_judge()));
        judges.push(Judge::new(Verifier::Go, move |question| process.ask(question)));
    }
    if peer(Verifier::Chromium, &["chromium", "certutil", "prlimit"]) {
        judges.push(Judge { verifier: Verifier::Chromium, ask: Box::new(chromium) });
    }
    if peer(Verifier::Firefox, &["firefox-esr", "python3"]) {
        let lab = Lab::new();
        let mut command = lab.command("python3");
        let mut process = Process::start(command.arg(source("judge_firefox.py")).arg(lab.path()));
        judges.push(Judge::new(Verifier::Firefox, move |question| {
            // It lives in the lab's folder.
            let _ = &lab;
            process.ask(question)
        }));
    }
    judges.sort_by_key(|judge| judge.verifier);
    judges
}

/// Built once for this process.
fn go_judge() -> &'static Path {
    static BUILT: OnceLock<(Lab, PathBuf)> = OnceLock::new();
    let (_, program) = BUILT.get_or_init(|| {
        let lab = Lab::new();
        let program = lab.file("judge");
        let mut command = lab.command("go");
        command
            .current_dir(among_tests("oracle/judges/golang"))
            .envs([
                ("GOFLAGS", "-mod=mod -buildvcs=false"),
                ("GOTOOLCHAIN", "local"),
                ("GOPROXY", "off"),
                ("CGO_ENABLED", "0"),
            ])
            .env("GO111MODULE", "on")
            .args(["build", "-o"])
            .arg(&program)
            .arg(".");
        run(&mut command).success();
        (lab, program)
    });
    program
}

/// A judge that answers line by line, until its input ends.
struct Process {
    child: Child,
    /// Taken when dropped.
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

impl Process {
    fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let stdout = BufReader::new(child.stdout.take().expect("stdout was piped"));
        Self { stdin: child.stdin.take(), child, stdout }
    }

    fn ask(&mut self, question: &Question) -> Answer {
        let [certificate, key] = question.client_files().unwrap_or_else(|| ["-".to_owned(), "-".to_owned()]);
        let ca = question.file("ca.pem");
        let mut stdin = self.stdin.as_ref().expect("stdin is open until the end");
        writeln!(stdin, "{}\t{ca}\t{}\t{certificate}\t{key}", question.port, question.name)
            .expect("a judge that listens");
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("a judge that answers");
        let (verdict, words) =
            line.split_once('\t').unwrap_or_else(|| panic!("no answer to {question:?}: {line:?}"));
        Answer::of(verdict == "accept", words)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Not killed: one that has started a browser has to end it.
        drop(self.stdin.take());
        let _ = self.child.wait();
    }
}

fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    command
        .env_remove("SSLKEYLOGFILE")
        .env_remove("SSL_CERT_FILE")
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::null());
    command
}

/// `tlslab connect`, policy lab.
fn connect(question: &Question) -> Answer {
    let mut command = command(TLSLAB);
    command
        .args(["connect", &format!("127.0.0.1:{}", question.port), "--ca", &question.file("ca.pem")])
        .args(["--cn", &question.name, "--quiet"]);
    if let Some([certificate, key]) = question.client_files() {
        command.args(["--cert", &certificate, "--key", &key]);
    }
    let request = format!("GET /session.json HTTP/1.0\r\nHost: {}\r\n\r\n", question.name);
    let run = run_with_input(&mut command, request.as_bytes());
    let accepts = run.stdout.contains("HTTP/1.");
    // A refused certificate of the server's, or no handshake: with its key, or without a certificate of ours.
    let refused = matches!(run.code(), 10..=14 | 20);
    assert_ne!(accepts, refused, "{run}");
    Answer { accepts, ..Answer::of_run(&run, &["rejected"]) }
}

/// rustls with its own `WebPkiServerVerifier`.
fn stock_rustls(question: &Question) -> Answer {
    match stock_rustls_answer(question) {
        Ok(status) => Answer::of(true, &status),
        Err(error) => Answer::of(false, &error.to_string()),
    }
}

fn stock_rustls_answer(question: &Question) -> Result<String, Box<dyn std::error::Error>> {
    let read = |file: &str| CertificateDer::pem_file_iter(file).expect("a PEM file").map(Result::unwrap);
    let mut roots = RootCertStore::empty();
    for root in read(&question.file("ca.pem")) {
        roots.add(root)?;
    }
    let builder = ClientConfig::builder_with_provider(tlslab::crypto::provider())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots);
    let config = match question.client_files() {
        Some([certificate, key]) => {
            builder.with_client_auth_cert(read(&certificate).collect(), PrivateKeyDer::from_pem_file(key)?)?
        }
        None => builder.with_no_client_auth(),
    };
    let name = ServerName::try_from(question.name.clone())?;
    let connection = ClientConnection::new(Arc::new(config), name)?;
    let plain = TcpStream::connect(("127.0.0.1", question.port.parse()?))?;
    plain.set_read_timeout(Some(FUSE))?;
    let mut stream = StreamOwned::new(connection, plain);
    write!(stream, "GET /session.json HTTP/1.0\r\nHost: {}\r\n\r\n", question.name)?;
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        // openssl's server closes without close_notify.
        Err(error) if error.kind() == ErrorKind::UnexpectedEof && !answer.is_empty() => {}
        read => drop(read?),
    }
    let answer = String::from_utf8_lossy(&answer);
    Ok(answer.lines().next().ok_or("closed without an answer")?.to_owned())
}

/// `openssl s_client`; and `openssl verify` at the same security level must agree with it.
fn openssl(question: &Question, strict: &[&str]) -> Answer {
    let ca = question.file("ca.pem");
    let name = if question.is_address() { "-verify_ip" } else { "-verify_hostname" };
    let trust = ["-CAfile", &ca, "-no-CApath", "-no-CAstore", name, &question.name];
    let mut live = command("openssl");
    live.args(["s_client", "-connect", &format!("127.0.0.1:{}", question.port), "-verify_return_error"])
        .args(["-servername", "www.test.org", "-quiet", "-ign_eof"])
        .args(trust)
        .args(strict);
    if let Some([certificate, key]) = question.client_files() {
        live.args(["-cert", &certificate, "-cert_chain", &certificate, "-key", &key]);
    }
    let live = run_with_input(&mut live, b"GET /session.json HTTP/1.0\r\n\r\n");
    let mut answer = Answer::of_run(&live, &["verify error", "error:"]);
    answer.accepts = live.stdout.contains("HTTP/1.");
    // Without a client's certificate, or with a key of the server's that no cipher suite is for, none is judged.
    if matches!(question.client, Client::Nobody) || !live.stderr.contains("depth=") {
        return answer;
    }
    let mut offline = command("openssl");
    offline
        .args([
            "verify",
            "-purpose",
            "sslserver",
            "-auth_level",
            "2",
            "-untrusted",
            &question.file("cert.pem"),
        ])
        .args(trust)
        .args(strict)
        .arg(question.file("leaf.pem"));
    let offline = run(&mut offline);
    assert_eq!(answer.accepts, offline.code() == 0, "{}: {live}\n{offline}", question.title);
    answer
}

fn curl(question: &Question) -> Answer {
    let port = &question.port;
    let mut command = command("curl");
    command
        .args(["--silent", "--show-error", "--max-time", "60", "--noproxy", "*"])
        .args(["--connect-to", &format!("::127.0.0.1:{port}")])
        .args(["--cacert", &question.file("ca.pem")]);
    if let Some([certificate, key]) = question.client_files() {
        command.args(["--cert", &certificate, "--key", &key]);
    }
    command.arg(format!("https://{}:{port}/session.json", question.name));
    Answer::of_run(&run(&mut command), &["curl: "])
}

fn gnutls(question: &Question) -> Answer {
    let mut command = command("gnutls-cli");
    command.args(["--x509cafile", &question.file("ca.pem"), "--port", &question.port]).args([
        "--sni-hostname",
        "www.test.org",
        "--verify-hostname",
        &question.name,
    ]);
    if let Some([certificate, key]) = question.client_files() {
        command.args(["--x509certfile", &certificate, "--x509keyfile", &key]);
    }
    command.arg("127.0.0.1");
    let run = run_with_input(&mut command, b"GET /session.json HTTP/1.0\r\n\r\n");
    Answer::of_run(&run, &["Status: The certificate is NOT", "*** Fatal error", "*** Verifying", "Status:"])
}

/// `certutil`, bounded: a hostile certificate makes it take more memory than a machine has.
fn certutil(lab: &Lab, arguments: &[&str]) -> Run {
    lab.run("prlimit", [&["--as=16000000000", "--cpu=60", "certutil"], arguments].concat())
}

/// NSS's old verifier, offline and without a name: `certutil -V -u V`, trusting the leaf as a peer's (`P,,`) or the
/// root as an authority (`C,,`).
fn nss(empty: &Lab, question: &Question) -> Answer {
    let lab = Lab::new();
    for entry in std::fs::read_dir(empty.path()).expect("a folder") {
        let path = entry.expect("an entry").path();
        std::fs::copy(&path, lab.file(path.file_name().expect("a name"))).expect("copying a database");
    }
    let add = |nick: &str, trust: &str, file: &str| {
        certutil(&lab, &["-A", "-d", "sql:.", "-n", nick, "-t", trust, "-i", file])
    };
    let mut added = Vec::new();
    match question.model {
        Model::Pinned => added.push(add("leaf", "P,,", &question.file("leaf.pem"))),
        Model::Ca => {
            added.push(add("root", "C,,", &question.file("ca.pem")));
            let read = |file| CertificateDer::pem_file_iter(question.file(file)).expect("a PEM file");
            let trusted: Vec<_> = read("ca.pem").map(Result::unwrap).collect();
            // To add the root again would change its trust.
            let sent = read("cert.pem").map(Result::unwrap).enumerate().skip(1);
            for (index, certificate) in sent.filter(|(_, sent)| !trusted.contains(sent)) {
                let path = lab.write("intermediate.der", certificate);
                added.push(add(&format!("intermediate {index}"), ",,", &path.display().to_string()));
            }
            added.push(add("leaf", ",,", &question.file("leaf.pem")));
        }
    }
    if let Some(refused) = added.iter().find(|run| run.code() != 0) {
        return Answer::of_run(refused, &["certutil: "]);
    }
    let verified = certutil(&lab, &["-V", "-d", "sql:.", "-n", "leaf", "-u", "V"]);
    Answer::of_run(&verified, &["certutil: "])
}

/// Chromium, by its own rules: what is trusted stands in the user's NSS database, which it reads on Linux, and one page
/// asks every server. A browser for each set of questions whose trusted certificates can stand side by side.
fn chromium(questions: &[Question]) -> Vec<Answer> {
    let trusted: Vec<Trusted> = questions.iter().map(Trusted::of).collect();
    let mut sets: Vec<Vec<usize>> = Vec::new();
    for (index, own) in trusted.iter().enumerate() {
        let has_room = |set: &&mut Vec<usize>| {
            set.len() < if own.is_meant { TOGETHER } else { NAMESAKES }
                && set.iter().all(|other| own.can_stand_beside(&trusted[*other]))
        };
        match sets.iter_mut().find(has_room) {
            Some(set) => set.push(index),
            None => sets.push(vec![index]),
        }
    }
    let mut answers = vec![None; questions.len()];
    for set in sets {
        let asked: Vec<&Question> = set.iter().map(|index| &questions[*index]).collect();
        for (index, answer) in set.into_iter().zip(one_chromium(&asked)) {
            answers[index] = Some(answer);
        }
    }
    answers.into_iter().map(|answer| answer.expect("every question is in a set")).collect()
}

/// The most that one browser is asked: to look for an issuer takes it the longer the more are trusted.
const TOGETHER: usize = 100;

/// The most trusted certificates of one name among which a browser has to find the right one: Chromium gives up after
/// 20 paths.
const NAMESAKES: usize = 12;

/// What is trusted, as a database sees it.
struct Trusted {
    certificate: CertFacts,
    /// Whether the certificate that it issued says by its key identifier which one of that name it means.
    is_meant: bool,
}

impl Trusted {
    fn of(question: &Question) -> Self {
        let read = |file| {
            let first = CertificateDer::from_pem_file(question.file(file)).expect("a PEM file");
            CertFacts::read(&first).expect("a certificate")
        };
        let certificate = read("ca.pem");
        let shown = CertificateDer::pem_file_iter(question.file("cert.pem")).expect("a PEM file");
        let shown: Vec<_> = shown.map(|der| CertFacts::read(&der.unwrap()).expect("a certificate")).collect();
        let issued = shown.iter().filter(|shown| shown.issuer_der == certificate.subject_der);
        let own = key_identifiers(&certificate).1;
        let is_meant = question.model == Model::Pinned
            || own.is_some() && issued.clone().all(|issued| key_identifiers(issued).0 == own);
        Self { certificate, is_meant }
    }

    /// An NSS database has one certificate of an issuer and serial number; and those that have to be tried stand by
    /// themselves.
    fn can_stand_beside(&self, other: &Self) -> bool {
        let (own, its) = (&self.certificate, &other.certificate);
        own.der == its.der
            || (own.issuer_der != its.issuer_der || own.serial != its.serial)
                && (own.subject_der != its.subject_der || self.is_meant == other.is_meant)
    }
}

/// The authority's key identifier, and the subject's.
pub(crate) fn key_identifiers(certificate: &CertFacts) -> (Option<&[u8]>, Option<&[u8]>) {
    let extensions = || certificate.extensions.iter().map(|extension| &extension.decoded);
    let authority = extensions().find_map(|extension| match extension {
        Extension::AuthorityKeyIdentifier { key_id, .. } => key_id.as_deref(),
        _ => None,
    });
    let own = extensions().find_map(|extension| match extension {
        Extension::SubjectKeyIdentifier(id) => Some(id.as_slice()),
        _ => None,
    });
    (authority, own)
}

fn one_chromium(questions: &[&Question]) -> Vec<Answer> {
    let lab = Lab::new();
    std::fs::create_dir_all(lab.file("home/.pki/nssdb")).expect("a folder");
    let database = "sql:home/.pki/nssdb";
    certutil(&lab, &["-N", "-d", database, "--empty-password"]).success();
    for (index, question) in questions.iter().enumerate() {
        let trust = match question.model {
            Model::Pinned => "P,,",
            Model::Ca => "C,,",
        };
        // What the database will not take, it does not trust.
        let ca = question.file("ca.pem");
        certutil(&lab, &["-A", "-d", database, "-n", &index.to_string(), "-t", trust, "-i", &ca]);
    }
    let addresses: Vec<String> =
        questions.iter().map(|question| format!("https://{}:{}/", question.name, question.port)).collect();
    let page = lab.write(
        "page.html",
        format!(
            "<!doctype html><pre id=answers></pre><script>\n\
             (async () => {{\n\
               let answers = '';\n\
               for (const address of {}) {{\n\
                 try {{ await fetch(address, {{mode: 'no-cors'}}); answers += 'accept\\n'; }}\n\
                 catch (error) {{ answers += `refuse ${{error}}\\n`; }}\n\
               }}\n\
               document.getElementById('answers').textContent = `begin\\n${{answers}}end`;\n\
             }})();\n\
             </script>",
            serde_json::json!(addresses)
        ),
    );
    let page = format!("file://{}", page.display());
    let shown =
        browse(&lab, &["--host-resolver-rules=MAP * 127.0.0.1", "--virtual-time-budget=600000"], &page);
    let answers = shown.stdout.split_once("begin\n").and_then(|(_, rest)| rest.split_once("end</pre>"));
    let (answers, _) = answers.unwrap_or_else(|| panic!("no answers\n{shown}"));
    let answers: Vec<_> = answers.lines().map(|line| Answer::of(line == "accept", line)).collect();
    assert_eq!(answers.len(), questions.len(), "{shown}");
    answers
}

/// What headless Chromium shows of a page, as HTML, with `home` of the lab as its home.
pub(crate) fn browse(lab: &Lab, more: &[&str], page: &str) -> Run {
    let mut command = lab.command("chromium");
    command
        .env("HOME", lab.file("home"))
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .arg(format!("--user-data-dir={}", lab.file("profile").display()))
        .args(more)
        .args(["--dump-dom", page]);
    run(&mut command)
}
