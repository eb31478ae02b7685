//! `tlslab audit`: clients that are right and wrong, and clients that misbehave, put to the rig.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;

use crate::lab::{Lab, Run, TLSLAB, peer, signal};

/// The right client's words, `{file}` the script.
const PYTHON: [&str; 6] = ["{host}", "{port}", "{name}", "{ca}", "{message}", ""];

/// openssl as people type it: it verifies nothing.
const BARE_OPENSSL: [&str; 8] =
    ["openssl", "s_client", "-quiet", "-no_ign_eof", "-servername", "{name}", "-connect", "{host}:{port}"];

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/clients")
}

/// `audit client --json` of `client`, told where, by `options`.
fn audit(lab: &Lab, options: &[&str], client: &[&str]) -> Run {
    let mut words = vec!["audit", "client", "--json", "--seed", "1"];
    words.extend(options);
    words.push("--");
    words.extend(client);
    lab.tlslab(words)
}

/// The same of a shell script: `$TLSLAB_PORT` and its like say where.
fn audit_script(lab: &Lab, options: &[&str], script: &str) -> Run {
    audit(lab, options, &["sh", "-c", &script.replace('{', "{{").replace('}', "}}")])
}

/// tlslab's own client, in the shell's words: what misbehaving clients do before or after.
fn connect() -> String {
    format!(
        "{TLSLAB} connect $TLSLAB_HOST:$TLSLAB_PORT --ca $TLSLAB_CA --cn $TLSLAB_NAME --message $TLSLAB_MESSAGE"
    )
}

fn case<'a>(json: &'a Value, id: &str) -> &'a Value {
    let cases = json["cases"].as_array().unwrap();
    cases.iter().find(|case| case["id"] == id).unwrap_or_else(|| panic!("no {id} in {json:#}"))
}

/// Every case's id that ended with this verdict.
fn ids(json: &Value, verdict: &str) -> Vec<String> {
    let cases = json["cases"].as_array().unwrap().iter().filter(|case| case["verdict"] == verdict);
    cases.map(|case| case["id"].as_str().unwrap().to_owned()).collect()
}

fn tlslab_client(policy: &'static str) -> [&'static str; 10] {
    [
        TLSLAB,
        "connect",
        "{host}:{port}",
        "--ca",
        "{ca}",
        "--cn",
        "{name}",
        "--verify",
        policy,
        "--message={message}",
    ]
}

/// That it passes everything, `just test-negative` shows.
#[test]
fn what_our_own_client_offers_is_said() {
    let lab = Lab::new();
    let run = audit(&lab, &["--only", "expired"], &tlslab_client("webpki")).success();
    let json = run.json();
    let hello = &json["client_hello"];
    assert_eq!(hello["server_name"], "www.test.org");
    assert!(hello["ja4"].as_str().unwrap().starts_with("t13d"), "{hello}");
    assert_eq!(case(&json, "expired")["strict"], true, "{run}");
}

#[test]
fn reports_are_written_and_one_that_cannot_be_is_said_before_anything_is_run() {
    let lab = Lab::new();
    let reports = [
        "--html=a.html",
        "--junit=a.xml",
        "--sarif=a.sarif",
        "--markdown=a.md",
        "--csv=a.csv",
        "--gradescope=results.json",
        "--classroom=output",
        "--codequality=quality.json",
        "--source=client.py:3",
        "--only=expired",
    ];
    audit(&lab, &reports, &tlslab_client("webpki")).success();
    for json in ["a.sarif", "results.json", "quality.json"] {
        let text = std::fs::read_to_string(lab.file(json)).unwrap();
        assert!(serde_json::from_str::<Value>(&text).is_ok(), "{text}");
    }
    for (file, beginning) in [
        ("a.html", "<!DOCTYPE html>"),
        ("a.xml", "<?xml "),
        ("a.md", "# TLS client audit"),
        ("a.csv", "submission,case,"),
        ("output", "result="),
    ] {
        let text = std::fs::read_to_string(lab.file(file)).unwrap();
        assert!(text.starts_with(beginning), "{file}: {text}");
    }
    let said = "nowhere/a.xml: the report cannot be written";
    audit(&lab, &["--junit=nowhere/a.xml"], &tlslab_client("webpki")).status(2).says(said);
}

#[test]
fn who_verifies_nothing_is_told_so() {
    if !peer("openssl") {
        return;
    }
    let lab = Lab::new();
    let client = BARE_OPENSSL;
    let options = ["--stdin", "{message}", "--only", "expired*", "--only", "wrong-cn*", "--tls", "each"];
    let run = audit(&lab, &options, &client).status(1);
    let json = run.json();
    assert_eq!(json["controls"], "green", "{run}");
    for case in json["cases"].as_array().unwrap() {
        assert_eq!(case["observed"], "accept", "{case:#}");
        assert_eq!(case["witness"]["message_seen"], true, "{case:#}");
    }
    for tls in ["1.2", "1.3"] {
        assert!(json["cases"].as_array().unwrap().iter().any(|case| case["tls"] == tls), "{run}");
    }
}

/// Each example client misses what its table says.
#[test]
fn example_clients_are_graded_as_the_table_says() {
    if !peer("python3") {
        return;
    }
    let table = std::fs::read_to_string(examples().join("README.md")).unwrap();
    let rows: Vec<(&str, &str, &str)> = table
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .map(|line| {
            let mut cells = line.split('|').map(|cell| cell.trim().trim_matches('`'));
            let file = cells.next().unwrap();
            cells.next();
            (file, cells.next().unwrap(), cells.next().unwrap())
        })
        .collect();
    assert!(rows.len() > 10, "{rows:?}");
    let lab = Lab::new();
    let files: Vec<String> =
        rows.iter().map(|(file, ..)| examples().join(file).display().to_string()).collect();
    let mut words = vec!["audit", "client", "--json", "--profile", "lab", "--each"];
    words.extend(files.iter().map(String::as_str));
    words.extend(["--", "python3", "{file}"]);
    words.extend(&PYTHON[..5]);
    let run = lab.tlslab(words);
    let json = run.json();
    let submissions = json["submissions"].as_array().unwrap();
    assert_eq!(submissions.len(), rows.len(), "{run}");
    for (submission, (file, status, missed)) in submissions.iter().zip(&rows) {
        assert!(submission["file"].as_str().unwrap().ends_with(file), "{file}");
        let mut found: Vec<String> =
            ["fail", "warn"].iter().flat_map(|verdict| ids(submission, verdict)).collect();
        found.sort();
        let found = if found.is_empty() { "nothing".to_owned() } else { found.join(" ") };
        assert_eq!(
            (submission["exit_status"].to_string().as_str(), found.as_str()),
            (*status, *missed),
            "{file}"
        );
    }
}

#[test]
fn a_message_that_left_before_the_refusal_is_a_leak() {
    if !peer("python3") {
        return;
    }
    let lab = Lab::new();
    for (file, seen) in [("check-after-sending.py", true), ("plain-fallback.py", true)] {
        let script = examples().join(file).display().to_string();
        let client: Vec<&str> = ["python3", &script].into_iter().chain(PYTHON[..5].iter().copied()).collect();
        let run = audit(&lab, &["--only", "wrong-cn.ca"], &client).status(1);
        let json = run.json();
        let case = case(&json, "wrong-cn.ca");
        assert_eq!(case["observed"], "leak", "{case:#}");
        assert_eq!(case["witness"]["message_seen"], seen, "{case:#}");
        assert!(case["witness"]["application_bytes"].as_u64().unwrap() > 0);
    }
}

/// What is no refusal is never called one.
#[test]
fn crash_hang_and_silence_have_words_of_their_own() {
    let lab = Lab::new();
    // Healthy where the control is, else as misbehaves.
    let client = |otherwise: &str| format!("{} && exit 0; {otherwise}", connect());
    for (otherwise, observed, verdict) in [
        ("kill -SEGV $$", "crash", "fail"),
        ("sleep 1000", "hang", "fail"),
        ("trap '' TERM; while :; do sleep 1000; done", "hang", "fail"),
        ("exit 7", "reject", "pass"),
        ("exit 0", "reject", "warn"),
    ] {
        let run = audit_script(&lab, &["--only", "expired.ca", "--timeout", "2s"], &client(otherwise));
        let json = run.json();
        assert_eq!(json["controls"], "green", "{otherwise}: {run}");
        let case = case(&json, "expired.ca");
        assert_eq!(
            (&case["observed"], &case["verdict"]),
            (&observed.into(), &verdict.into()),
            "{otherwise}: {case:#}"
        );
    }
    for never in ["exit 0", "sleep 1000"] {
        let run = audit_script(&lab, &["--only", "expired.ca", "--timeout", "1s"], never).status(3);
        assert_eq!(run.json()["controls"], "red", "{never}: {run}");
        assert_eq!(case(&run.json(), "expired.ca")["observed"], "skip", "{never}");
    }
}

/// Nothing of a client is left: neither a child in the background, nor one with a session of its own, nor one whose
/// supervisor was killed, alone or with its whole group.
#[test]
fn nothing_that_a_client_started_is_left() {
    if !peer("python3") {
        return;
    }
    let lab = Lab::new();
    let marker = format!("{}", 1_000_000 + u64::from(std::process::id()));
    for (how, controls) in [
        (format!("sleep {marker} & {}", connect()), "green"),
        (
            format!(
                "python3 -c 'import os; os.fork() or (os.setsid(), os.fork() or os.execlp(\"sleep\", \"sleep\", \
                 \"{marker}\"))'; {}",
                connect()
            ),
            "green",
        ),
        (format!("sleep {marker} & {}; kill -9 $PPID; sleep {marker}", connect()), "red"),
        (format!("sleep {marker} & {}; kill -9 -$PPID; sleep {marker}", connect()), "red"),
        (format!("sleep {marker} & {}; kill -9 0", connect()), "green"),
    ] {
        let run = audit_script(&lab, &["--only", "valid.ca", "--timeout", "20s"], &how);
        assert_eq!(run.json()["controls"], controls, "{how}: {run}");
        assert_eq!(processes_with(&marker), [""; 0], "{how}");
    }
}

/// The command lines that have `word` in them.
fn processes_with(word: &str) -> Vec<String> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let lines = entries.filter_map(|entry| std::fs::read_to_string(entry.path().join("cmdline")).ok());
    lines.filter(|line| line.starts_with("sleep") && line.contains(word)).collect()
}

#[test]
fn a_client_that_says_too_much_or_connects_too_often_is_bounded() {
    let lab = Lab::new();
    let loud = format!("head -c 100000000 /dev/zero; printf '\\033[2Jbye'; {}", connect());
    let run = audit_script(&lab, &["--only", "valid.ca"], &loud).success();
    let output = case(&run.json(), "valid.ca")["output"].as_str().unwrap().to_owned();
    assert!(output.len() < 200_000 && !output.contains('\u{1b}'), "{}", output.len());
    if peer("python3") {
        let often = "import os,socket; [socket.create_connection((os.environ['TLSLAB_HOST'], \
                     int(os.environ['TLSLAB_PORT']))).close() for _ in range(1000)]";
        let script = format!("python3 -c \"{often}\"; {}", connect());
        let run = audit_script(&lab, &["--only", "valid.ca"], &script).success();
        assert_eq!(case(&run.json(), "valid.ca")["witness"]["connections"], 1001, "{run}");
    }
}

#[test]
fn what_is_trusted_goes_where_a_hard_wired_client_reads_it_and_is_put_back() {
    let lab = Lab::new();
    let trusted = lab.write("cert.pem", "mine");
    std::fs::set_permissions(&trusted, PermissionsExt::from_mode(0o640)).unwrap();
    let path = trusted.display().to_string();
    let client = [TLSLAB, "connect", "{host}:{port}", "--ca", &path, "--cn", "{name}", "--message={message}"];
    let run = audit(&lab, &["--ca-out", &path, "--only", "expired"], &client);
    assert_eq!(run.json()["controls"], "green", "{run}");
    assert_eq!(lab.read("cert.pem"), "mine");
    assert_eq!(std::fs::metadata(&trusted).unwrap().permissions().mode() & 0o777, 0o640);
}

/// Ctrl-C ends the client, puts the file back, and what is done is reported.
#[test]
fn an_interrupted_audit_leaves_nothing_and_reports() {
    let lab = Lab::new();
    let trusted = lab.write("cert.pem", "mine").display().to_string();
    let marker = format!("{}", 2_000_000 + u64::from(std::process::id()));
    let script = format!("echo started >&2; touch {}; sleep {marker}", lab.file("begun").display());
    let mut child = lab
        .command(TLSLAB)
        .args([
            "audit", "client", "--json", "--only", "expired", "--ca-out", &trusted, "--", "sh", "-c", &script,
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while !lab.file("begun").exists() {
        assert!(child.try_wait().unwrap().is_none(), "it ended before its client began");
        std::thread::yield_now();
    }
    signal(child.id(), "INT");
    let output = child.wait_with_output().unwrap();
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &json["interrupted"]), (Some(3), &true.into()));
    assert_eq!(lab.read("cert.pem"), "mine");
    assert_eq!(processes_with(&marker), [""; 0]);
}

/// A report is written while the audit goes on, always whole: killed, it leaves what is done.
#[test]
fn reports_are_written_as_it_goes() {
    let lab = Lab::new();
    let script = format!("{} || sleep 1000", connect());
    let mut child = lab
        .command(TLSLAB)
        .args(["audit", "client", "--only", "expired.ca", "--junit", "a.xml", "--", "sh", "-c", &script])
        // Killed, it leaves its scratch folder too.
        .env("TMPDIR", lab.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while !lab.file("a.xml").exists() {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it wrote anything");
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let text = lab.read("a.xml");
    assert!(text.contains(r#"tests="1""#) && text.contains(r#"name="valid.ca""#), "{text}");
    assert!(text.trim_end().ends_with("</testsuites>"), "{text}");
}

/// A report that nobody takes does not keep it from ending.
#[test]
fn told_twice_it_ends_at_once() {
    let lab = Lab::new();
    assert!(lab.command("mkfifo").arg("pipe").status().unwrap().success());
    let script = format!("touch {}; {}", lab.file("begun").display(), connect());
    let mut child = lab
        .command(TLSLAB)
        .args(["audit", "client", "--only", "expired.ca", "--html", "pipe", "--", "sh", "-c", &script])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while !lab.file("begun").exists() {
        assert!(child.try_wait().unwrap().is_none(), "it ended before its client began");
        std::thread::yield_now();
    }
    while child.try_wait().unwrap().is_none() {
        signal(child.id(), "TERM");
    }
}

/// What was found before a control turned red is not a finding.
#[test]
fn who_refuses_healthy_servers_later_on_is_not_judged() {
    let lab = Lab::new();
    let refused = lab.file("refused").display().to_string();
    let script = format!("test -e {refused} && exit 1; {} || {{ touch {refused}; exit 1; }}", connect());
    let run = audit_script(&lab, &["--jobs=1", "--only", "expired.ca"], &script).status(3);
    let json = run.json();
    assert_eq!(json["controls"], "red", "{run}");
    assert_eq!(case(&json, "expired.ca")["verdict"], "skip", "{run}");
    assert!(case(&json, "expired.ca")["why"].as_str().unwrap().contains("after other cases"), "{run}");
}

/// A server that answers in the clear is refused, also by clients that send no alert and read no further.
#[test]
fn an_answer_in_the_clear_is_refused() {
    let lab = Lab::new();
    let curl = ["curl", "-sS", "--cacert", "{ca}", "--resolve", "{name}:{port}:{host}", "{url}"];
    let openssl = [&BARE_OPENSSL[..], &["-CAfile", "{ca}", "-verify_return_error"]].concat();
    for (client, options) in [(&curl[..], &[][..]), (&openssl, &["--stdin={message}"])] {
        if peer(client[0]) {
            let run = audit(&lab, &[&["--only", "hs-plaintext"], options].concat(), client);
            let json = run.json();
            assert_eq!(case(&json, "hs-plaintext")["verdict"], "pass", "{run}");
        }
    }
}

#[test]
fn a_client_that_stays_is_told_each_case_on_a_line() {
    if !peer("python3") {
        return;
    }
    let lab = Lab::new();
    let script = lab.write(
        "held.py",
        "import socket, ssl, sys\n\
         for line in sys.stdin:\n\
         \x20   host, port, ca, name = line.split()\n\
         \x20   try:\n\
         \x20       context = ssl.create_default_context(cafile=ca)\n\
         \x20       with socket.create_connection((host, int(port))) as plain:\n\
         \x20           with context.wrap_socket(plain, server_hostname=name) as tls:\n\
         \x20               tls.sendall(sys.argv[1].encode() + b'\\n')\n\
         \x20               tls.recv(100)\n\
         \x20   except OSError:\n\
         \x20       pass\n\
         \x20   print('done', flush=True)\n",
    );
    let script = script.display().to_string();
    let options = ["--hold", "--only", "expired.ca", "--only", "wrong-cn.ca", "--only", "validity"];
    let run = audit(&lab, &options, &["python3", &script, "{message}"]);
    let json = run.json();
    assert_eq!(json["controls"], "green", "{run}");
    for id in ["expired.ca", "wrong-cn.ca", "not-yet-valid.ca"] {
        assert_eq!(case(&json, id)["verdict"], "pass", "{run}");
        assert_eq!(case(&json, id)["witness"]["exit_status"], Value::Null);
    }
}

/// One context and one cache of sessions for everything: what was verified for one name is taken for another, and what
/// was trusted once goes on being so.
#[test]
fn sessions_that_are_resumed_where_they_must_not_be_are_found() {
    if !peer("python3") {
        return;
    }
    let lab = Lab::new();
    let script = lab.write(
        "careless.py",
        "import socket, ssl, sys\n\
         context, sessions = ssl.create_default_context(), {}\n\
         context.maximum_version = ssl.TLSVersion.TLSv1_2\n\
         for line in sys.stdin:\n\
         \x20   host, port, ca, name = line.split()\n\
         \x20   context.load_verify_locations(ca)\n\
         \x20   try:\n\
         \x20       with socket.create_connection((host, int(port))) as plain:\n\
         \x20           with context.wrap_socket(plain, server_hostname=name, session=sessions.get(port)) as tls:\n\
         \x20               sessions[port] = tls.session\n\
         \x20               tls.sendall(sys.argv[1].encode() + b'\\n')\n\
         \x20               tls.recv(100)\n\
         \x20   except OSError:\n\
         \x20       pass\n\
         \x20   print('done', flush=True)\n",
    );
    let script = script.display().to_string();
    let run = audit(&lab, &["--hold", "--jobs=1", "--only=session"], &["python3", &script, "{message}"]);
    let json = run.json();
    for (id, verdict) in [
        ("se-resume-other-name", "fail"),
        ("se-resume-other-trust", "fail"),
        ("se-resume-after-refusal", "pass"),
        ("se-swapped-certificate", "pass"),
        // Its OpenSSL holds every handshake's certificate against the name.
        ("se-renegotiate-other-certificate", "pass"),
    ] {
        assert_eq!(case(&json, id)["verdict"], verdict, "{run}");
    }
}

/// Who looks at no name takes it, who looks at each handshake's does not, and who does not renegotiate is not judged.
#[test]
fn another_certificate_in_the_midst_of_a_session_is_put_to_who_renegotiates() {
    let lab = Lab::new();
    let put = |client: &[&str]| {
        let run = audit(&lab, &["--stdin={message}", "--only=se-renegotiate*"], client);
        let json = run.json();
        assert_eq!(json["controls"], "green", "{run}");
        case(&json, "se-renegotiate-other-certificate").clone()
    };
    let found = put(&tlslab_client("webpki"));
    assert_eq!(found["verdict"], "skip", "{found:#}");
    assert!(found["why"].as_str().unwrap().contains("does not renegotiate"), "{found:#}");
    if !peer("openssl") {
        return;
    }
    let client = [
        "openssl",
        "s_client",
        "-quiet",
        "-CAfile",
        "{ca}",
        "-verify_return_error",
        "-connect",
        "{host}:{port}",
    ];
    let found = put(&client);
    assert_eq!(
        (&found["observed"], &found["verdict"], &found["tls"]),
        (&"accept".into(), &"fail".into(), &"1.2".into())
    );
    let found = put(&[&client[..], &["-verify_hostname", "{name}"]].concat());
    assert_eq!(
        (&found["observed"], &found["verdict"], &found["strict"]),
        (&"reject".into(), &"pass".into(), &true.into())
    );
}

/// Behind a protocol that begins in the clear: who goes on without TLS leaks, who insists does not.
#[test]
fn who_goes_on_in_the_clear_where_tls_is_not_granted_leaks() {
    if !peer("python3") || !peer("openssl") {
        return;
    }
    let lab = Lab::new();
    let options = ["--starttls=smtp", "--only=st-*", "--only=expired.ca"];
    let script = lab.write(
        "mail.py",
        "import smtplib, ssl, sys\n\
         host, port, name, ca, message = sys.argv[1:]\n\
         smtp = smtplib.SMTP(host, int(port), timeout=5)\n\
         smtp._host = name\n\
         smtp.ehlo('client')\n\
         if smtp.has_extn('starttls'):\n\
         \x20   smtp.starttls(context=ssl.create_default_context(cafile=ca))\n\
         smtp.send(message + '\\r\\n')\n\
         smtp.getreply()\n",
    );
    let script = script.display().to_string();
    let run = audit(&lab, &options, &[&["python3", &script][..], &PYTHON[..5]].concat()).status(1);
    let json = run.json();
    assert_eq!(json["controls"], "green", "{run}");
    assert_eq!(case(&json, "st-stripped")["observed"], "leak", "{run}");
    assert_eq!(case(&json, "st-reused")["verdict"], "skip", "{run}");
    assert_eq!(case(&json, "expired.ca")["verdict"], "pass", "{run}");
    let insists = [
        "openssl",
        "s_client",
        "-quiet",
        "-no_ign_eof",
        "-verify_return_error",
        "-starttls",
        "smtp",
        "-CAfile",
        "{ca}",
        "-verify_hostname",
        "{name}",
        "-connect",
        "{host}:{port}",
    ];
    for protocol in ["smtp", "imap", "pop3", "postgres"] {
        let client = insists.map(|word| if word == "smtp" { protocol } else { word });
        let starttls = format!("--starttls={protocol}");
        let options = [&starttls, "--stdin={message}", "--only=st-*", "--only=expired.ca"];
        let run = audit(&lab, &options, &client).success();
        assert_eq!(case(&run.json(), "st-stripped")["observed"], "reject", "{protocol}: {run}");
    }
}

/// A whole mail is sent behind TLS; who logs in as only the server's word from before TLS says is found.
#[test]
fn what_was_offered_before_tls_must_not_be_believed_behind_it() {
    if !peer("python3") {
        return;
    }
    let lab = Lab::new();
    let put = |what: &str, between: &str| {
        let text = format!(
            "import smtplib, ssl, sys\n\
             host, port, name, ca, message = sys.argv[1:]\n\
             smtp = smtplib.SMTP(host, int(port), timeout=5)\n\
             smtp._host = name\n\
             smtp.ehlo('client')\n\
             known = smtp.ehlo_resp, smtp.esmtp_features, smtp.does_esmtp\n\
             smtp.starttls(context=ssl.create_default_context(cafile=ca))\n\
             {between}\n\
             smtp.sendmail('a@test.org', ['b@test.org'], message + '\\r\\n')\n\
             smtp.quit()\n"
        );
        let script = lab.write(&format!("{what}.py"), text).display().to_string();
        let client = ["python3", &script, "{host}", "{port}", "{name}", "{ca}", "{message}"];
        let run = audit(&lab, &["--starttls=smtp", "--only=st-reused", "--only=expired.ca"], &client);
        let json = run.json();
        assert_eq!(json["controls"], "green", "{run}");
        assert_eq!(case(&json, "expired.ca")["verdict"], "pass", "{run}");
        case(&json, "st-reused").clone()
    };
    let found = put("asks", "");
    assert_eq!((&found["observed"], &found["verdict"]), (&"reject".into(), &"pass".into()), "{found:#}");
    let believes = "smtp.ehlo_resp, smtp.esmtp_features, smtp.does_esmtp = known\n\
                    if 'auth' in smtp.esmtp_features: smtp.login('me', 'secret')";
    let found = put("believes", believes);
    assert_eq!((&found["observed"], &found["verdict"]), (&"accept".into(), &"warn".into()), "{found:#}");
}

#[test]
fn known_failures_are_no_news_and_their_end_is() {
    if !peer("openssl") {
        return;
    }
    let lab = Lab::new();
    let client = BARE_OPENSSL;
    let with = |options: &[&str]| {
        let all: Vec<&str> =
            ["--stdin", "{message}", "--only", "expired.ca"].iter().chain(options).copied().collect();
        audit(&lab, &all, &client)
    };
    with(&["--save-baseline", "known"]).status(1);
    assert!(lab.read("known").contains("expired.ca fail"));
    with(&["--baseline", "known"]).success();
    lab.write("known", "valid.ca fail # was broken once\n");
    let run = with(&["--baseline", "known"]).status(1);
    let said = run.json()["baseline"].to_string();
    assert!(said.contains("expired.ca") && said.contains("valid.ca"), "{said}");
    lab.write("known", "expired.ca refused");
    with(&["--baseline", "known"]).status(2).says("line 1");
}

#[test]
fn what_cannot_be_run_is_said_before_anything_is() {
    let lab = Lab::new();
    lab.write("plain", "");
    let folder = lab.path().display().to_string();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for (options, client, status, words) in [
        (&[][..], &["no-such-client"][..], 3, "no such program"),
        (&[], &["./plain"], 3, "not executable"),
        (&[], &["true", "{prot}"], 2, "unknown placeholder {prot}"),
        (&[], &["true", "{port"], 2, "never closed"),
        (&[], &["true", "{file}"], 2, "no submission"),
        (&["--only", "nothing*"], &["true"], 2, "no case or family"),
        (&["--skip", "*"], &["true"], 2, "no case is left"),
        (&["--port", &port], &["true"], 3, "cannot listen"),
        (&["--ca-out", &folder], &["true"], 2, "expected a file"),
        (&["--cwd", "nowhere"], &["true"], 2, "no such folder"),
        (&["--env", "novalue"], &["true"], 2, "NAME=VALUE"),
        (&["--baseline", "nowhere"], &["true"], 2, "--baseline nowhere"),
        (&["--each", "nowhere.py"], &["true"], 2, "no such file"),
        (&["--hold"], &["true", "{port}"], 2, "--hold"),
        (&["--name", "a b"], &["true"], 2, "host name"),
        (&["--message="], &["true"], 2, "--message: expected"),
        (&["--tls=1.3", "--only=se-renegotiate*"], &["true"], 2, "no case is left"),
        (&["--html=a", "--csv=a"], &["true"], 2, "named twice"),
        (&["--each", "plain"], &["no-such-client", "{file}"], 3, "no such program"),
    ] {
        audit(&lab, options, client).status(status).says(words);
    }
}

/// What one submission does to the folder that they share, the next does not notice; and what it locks is gone all the
/// same, also where the audit is not root's.
#[test]
fn what_a_submission_does_to_its_surroundings_costs_the_next_nothing() {
    let lab = Lab::new();
    let temporary = lab.file("temporary");
    std::fs::create_dir(&temporary).unwrap();
    for open in [lab.path(), &temporary] {
        std::fs::set_permissions(open, PermissionsExt::from_mode(0o777)).unwrap();
    }
    let script = |name: &str, before: &str| {
        lab.write(name, format!("{before}\n{}\n", connect())).display().to_string()
    };
    let removes = script("removes.sh", "rm -rf \"${HOME%/*/*}\"");
    let locks = script("locks.sh", "mkdir -p $HOME/a/b && touch $HOME/a/b/c && chmod 0 $HOME/a/b $HOME/a");
    let right = script("right.sh", "");
    let each = ["--only", "valid.ca", "--jobs", "1", "--each", &removes, &locks, &right];
    // Root may empty any folder.
    let nobody = ["--reuid=65534", "--regid=65534", "--clear-groups", TLSLAB];
    let (program, words) = if rustix::process::getuid().is_root() && peer("setpriv") {
        ("setpriv", &nobody[..])
    } else {
        (TLSLAB, &[][..])
    };
    let output = lab
        .command(program)
        .args(words)
        .args(["audit", "client", "--json"])
        .args(each)
        .args(["--", "sh", "{file}"])
        .env("TMPDIR", &temporary)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let json: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{said}"));
    let controls: Vec<_> =
        json["submissions"].as_array().unwrap().iter().map(|audit| audit["controls"].clone()).collect();
    // Who removes what it is to trust refuses everybody.
    assert_eq!(controls, ["red", "green", "green"], "{json:#}");
    assert_eq!(std::fs::read_dir(&temporary).unwrap().count(), 0);
}

#[test]
fn a_script_whose_interpreter_is_not_there_is_said_so() {
    let lab = Lab::new();
    let script = lab.write("client.sh", "#!/bin/sh\r\n");
    std::fs::set_permissions(&script, PermissionsExt::from_mode(0o755)).unwrap();
    let run = audit(&lab, &["--only", "valid.ca"], &["./client.sh"]).status(3);
    let why = case(&run.json(), "valid.ca")["why"].to_string();
    assert!(why.contains("the interpreter that it asks for is not there"), "{run}");
}

#[test]
fn a_setup_that_fails_is_an_error_and_a_quoted_name_is_one_word() {
    let lab = Lab::new();
    let script = lab.write("a 'b'\n.sh", format!("{}\n", connect()));
    let script = script.display().to_string();
    let client = ["sh", "{file}"];
    let options = ["--only", "valid.ca", "--each", &script];
    let with = |setup| audit(&lab, &[&["--setup", setup], &options[..]].concat(), &client);
    with("test -f {file}").success();
    let run = with("exit 5").status(3);
    let json = run.json();
    assert!(json.to_string().contains("--setup failed: exit status 5"), "{run}");
}

#[test]
fn the_cases_are_listed_and_explained() {
    let lab = Lab::new();
    let json = lab.tlslab(["audit", "list", "--json", "--only", "validity"]).success().json();
    let all = lab.tlslab(["audit", "list", "--json"]).success().json();
    assert!(all["cases"].as_array().unwrap().len() >= 350);
    for field in ["id", "family", "model", "grade", "title", "citation", "attack", "tls", "asked"] {
        assert!(json["cases"][0][field].is_string(), "{field}");
    }
    lab.tlslab(["audit", "show", "expired.ca"]).success().prints("RFC 5280").prints("attack");
    lab.tlslab(["audit", "show", "nothing"]).status(2).says("tlslab audit list");
    lab.tlslab(["audit", "recipes", "curl"]).success().prints("--cacert {ca}");
    lab.tlslab(["audit", "recipes", "nothing"]).status(2).says("expected one of");
}

/// A local badssl: each case on a port, all of them by name on one more.
#[test]
fn cases_are_served_by_port_and_by_name() {
    let lab = Lab::new();
    let mut child = lab
        .command(TLSLAB)
        .args(["audit", "serve", "valid.ca", "expired.ca", "--listen", "127.0.0.1:0", "--out", "trust"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut addresses = Vec::new();
    for line in BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok) {
        if line == "ready" {
            break;
        }
        let mut words = line.strip_prefix("listening on ").unwrap_or_else(|| panic!("{line}")).split(' ');
        addresses.push(words.next().unwrap().to_owned());
    }
    assert_eq!(addresses.len(), 3);
    let ask = |address: &str, ca: &str, name: &str| {
        lab.tlslab(["connect", address, "--ca", ca, "--cn", name, "--verify", "webpki", "--message", "hello"])
    };
    ask(&addresses[0], "trust/valid.ca.pem", "www.test.org").success().prints("hello");
    ask(&addresses[1], "trust/expired.ca.pem", "www.test.org").status(12);
    ask(&addresses[2], "trust/valid.ca.pem", "valid-ca.test.org").success();
    ask(&addresses[2], "trust/expired.ca.pem", "expired-ca.test.org").status(12);
    signal(child.id(), "TERM");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
