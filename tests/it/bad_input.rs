//! Input that nobody should give, in every place that takes it: its own clear error, and nothing lost.
//!
//! What belongs to one command alone is tested with that command.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};

use tlslab::words::is_invisible;

use crate::lab::{Lab, TLSLAB, peer, run, run_with_input, signal};

/// Everything in a folder, hidden files too, in order.
fn listing(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut names: Vec<_> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// A lab with a good pair, and beside it every bad file that a certificate or key can be.
fn bad_files() -> Lab {
    let lab = Lab::new();
    lab.gencert(&[]);
    lab.gencert(&["--out", "other"]);
    let (certificate, key) = (lab.read("cert.pem"), lab.read("clearkey.pem"));
    lab.write("empty.pem", "");
    lab.write("text.pem", "hello\n");
    lab.write("cut-cert.pem", &certificate[..certificate.len() / 2]);
    lab.write("cut-key.pem", &key[..key.len() / 2]);
    lab.write("garbled-cert.pem", certificate.replace("MII", "M!I"));
    lab.write("garbled-key.pem", key.replace("MI", "M!"));
    lab.write("two-keys.pem", format!("{key}{}", lab.read("other/clearkey.pem")));
    lab.write("bytes.pem", [0xff; 64]);
    let body: Vec<_> = certificate.lines().filter(|line| !line.starts_with('-')).collect();
    lab.write("bare.txt", body.join("\n"));
    lab.write("json.txt", format!("{{\"pem\":\"{}\"}}", certificate.replace('\n', "\\n")));
    lab
}

/// Insists on one line of error with exit status 1: the file first, then what was expected and found.
#[track_caller]
fn refused(lab: &Lab, arguments: &[&str], file: &str, words: &str) {
    let run = lab.tlslab(arguments).status(1);
    let errors: Vec<_> = run.stderr.lines().filter(|line| line.starts_with("tlslab: error: ")).collect();
    assert_eq!(errors.len(), 1, "{run}");
    assert!(
        errors[0].contains(&format!("{file}: ")) && errors[0].contains(words),
        "expected {words:?}\n{run}"
    );
    assert!(!run.stderr.contains("panicked"), "{run}");
    assert_eq!(run.stdout, "");
}

#[test]
fn a_bad_certificate_file_is_named_wherever_it_is_given() {
    let lab = bad_files();
    for (file, words) in [
        ("nowhere.pem", "no such file"),
        ("empty.pem", "expected a certificate, found an empty file"),
        ("text.pem", "expected a certificate in PEM or DER, found neither"),
        ("bytes.pem", "expected a certificate"),
        ("bare.txt", "expected a certificate in PEM or DER, found base64 without PEM's boundaries"),
        ("json.txt", "found PEM whose boundaries are not at the beginning of lines"),
        ("cut-cert.pem", "expected a line -----END CERTIFICATE-----, found none"),
        ("garbled-cert.pem", "garbled-cert.pem: "),
        ("clearkey.pem", "expected a certificate, found PRIVATE KEY (are certificate and key swapped?)"),
        ("other", "expected a file, found a directory"),
    ] {
        refused(&lab, &["serve", "--listen", "127.0.0.1:0", "--cert", file], file, words);
        refused(&lab, &["serve", "--listen", "127.0.0.1:0", "--client-ca", file], file, words);
        refused(&lab, &["connect", "127.0.0.1:1", "--ca", file], file, words);
        refused(&lab, &["connect", "127.0.0.1:1", "--cert", file, "--key", "clearkey.pem"], file, words);
        refused(&lab, &["verify", file, "--ca", "cert.pem"], file, words);
        refused(&lab, &["verify", "cert.pem", "--ca", file], file, words);
        refused(&lab, &["gencert", "--out", "new", "--ca", file, "--ca-key", "clearkey.pem"], file, words);
        assert!(!lab.file("new").exists(), "{file}");
    }
}

#[test]
fn a_bad_key_file_is_named_wherever_it_is_given() {
    let lab = bad_files();
    lab.gencert(&["--out", "ca", "--profile", "ca"]);
    for (file, words) in [
        ("nowhere.pem", "no such file"),
        ("empty.pem", "expected a private key, found an empty file"),
        ("text.pem", "expected a private key in PEM or DER, found neither"),
        ("bytes.pem", "expected a private key"),
        ("cut-key.pem", "expected a line -----END PRIVATE KEY-----, found none"),
        ("garbled-key.pem", "garbled-key.pem: "),
        ("cert.pem", "expected a private key, found CERTIFICATE (are certificate and key swapped?)"),
        ("two-keys.pem", "expected one private key, found 2"),
        ("other", "expected a file, found a directory"),
    ] {
        refused(&lab, &["serve", "--listen", "127.0.0.1:0", "--key", file], file, words);
        refused(&lab, &["connect", "127.0.0.1:1", "--cert", "cert.pem", "--key", file], file, words);
        refused(&lab, &["gencert", "--out", "new", "--ca", "ca/cert.pem", "--ca-key", file], file, words);
        assert!(!lab.file("new").exists(), "{file}");
    }
}

#[test]
fn inspect_names_bad_files_too() {
    let lab = bad_files();
    for (file, words) in [
        ("nowhere.pem", "no such file"),
        ("empty.pem", "found an empty file"),
        ("text.pem", "text.pem: expected"),
        ("cut-cert.pem", "-----END CERTIFICATE-----"),
        ("cut-key.pem", "-----END PRIVATE KEY-----"),
        ("other", "expected a file, found a directory"),
    ] {
        refused(&lab, &["inspect", file], file, words);
    }
}

#[test]
fn a_key_that_may_not_be_read_is_named() {
    let lab = Lab::new();
    lab.gencert(&[]);
    let closed = std::fs::Permissions::from_mode(0o000);
    std::fs::set_permissions(lab.file("clearkey.pem"), closed).expect("the file is ours");
    let arguments = [TLSLAB, "serve", "--listen", "127.0.0.1:0"];
    let run = if std::fs::read(lab.file("clearkey.pem")).is_err() {
        lab.run(TLSLAB, &arguments[1..])
    } else if peer("setpriv") {
        // Root reads everything, unless it gives up what lets it.
        lab.run("setpriv", ["--bounding-set", "-all"].iter().chain(&arguments))
    } else {
        return;
    };
    run.status(1).says("clearkey.pem: ").says("ermission denied");
}

#[test]
fn an_encrypted_key_needs_its_own_passphrase() {
    let lab = Lab::new();
    lab.write("passphrase", "the right words\n");
    lab.write("wrong", "the wrong words\n");
    lab.tlslab(["gencert", "--key", "ec:p256", "--passout", "file:passphrase"]).success();
    refused(
        &lab,
        &["serve", "--listen", "127.0.0.1:0", "--key", "key.pem", "--passin", "file:wrong"],
        "key.pem",
        "passphrase",
    );
    refused(
        &lab,
        &["connect", "127.0.0.1:1", "--cert", "cert.pem", "--key", "key.pem", "--passin", "file:wrong"],
        "key.pem",
        "passphrase",
    );
    for source in ["env:TLSLAB_TEST_NOWHERE", "file:nowhere"] {
        lab.tlslab(["serve", "--listen", "127.0.0.1:0", "--key", "key.pem", "--passin", source])
            .status(1)
            .says(&format!("tlslab: error: {source}: "));
    }
}

#[test]
fn secrets_are_never_said_however_much_is_said() {
    const PASSPHRASE: &str = "a-passphrase-nobody-says-4711";
    let lab = Lab::new();
    lab.write("passphrase", format!("{PASSPHRASE}\n"));
    let mut everything = String::new();
    let mut hear = |words: &dyn std::fmt::Display| everything.push_str(&words.to_string());
    for (source, out) in [("env:PASS", "by-env"), ("file:passphrase", "by-file"), ("stdin", "by-stdin")] {
        let mut gencert = lab.command(TLSLAB);
        gencert.args(["gencert", "-vvv", "--key", "ec:p256", "--passout", source, "--out", out]);
        hear(
            &run_with_input(gencert.env("PASS", PASSPHRASE), format!("{PASSPHRASE}\n").as_bytes()).success(),
        );
        let (cert, key) = (format!("{out}/cert.pem"), format!("{out}/key.pem"));
        let server = lab.serve(&["-vvv", "--cert", &cert, "--key", &key, "--passin", "file:passphrase"]);
        let address = server.to_word();
        hear(&lab.tlslab(["connect", "-vvv", &address, "--ca", &cert, "--message", "hello"]).success());
        let (exit, said) = server.stop();
        assert!(exit.success(), "{said}");
        hear(&lab.tlslab(["inspect", "-vvv", &key]).success());
        hear(&lab.tlslab(["inspect", "-vvv", &format!("{out}/clearkey.pem")]).success());
        hear(&said);
    }
    assert!(!everything.contains(PASSPHRASE), "{everything}");
    for out in ["by-env", "by-file", "by-stdin"] {
        let key = lab.read(&format!("{out}/clearkey.pem"));
        for line in key.lines().filter(|line| !line.starts_with("-----")) {
            assert!(!everything.contains(line), "a line of the private key was said");
        }
    }
}

#[test]
fn a_key_reaches_no_file_but_its_own() {
    if !peer("strace") {
        return;
    }
    let lab = Lab::new();
    lab.write("passphrase", "a-passphrase-nobody-says-4711\n");
    let trace = [
        "-f",
        "-qq",
        "-s",
        "100000",
        "-o",
        "trace",
        "-e",
        "trace=execve,write,pwrite64,sendto,openat,rename",
    ];
    let gencert = [TLSLAB, "gencert", "--key", "ec:p256", "--passout", "file:passphrase", "--out", "new"];
    lab.run("strace", trace.iter().chain(&gencert)).success();
    let trace = lab.read("trace");
    let secret = lab.read("new/clearkey.pem");
    let secret = secret.lines().nth(1).expect("a line of Base64");
    let writes = trace.lines().filter(|line| line.contains("write") || line.contains("sendto"));
    assert_eq!(writes.filter(|line| line.contains(secret)).count(), 1, "the key is written once");
    assert!(!trace.lines().any(|line| line.contains("write(") && line.contains("nobody-says")));
    // Private from birth: never a moment at which another could open it.
    let births: Vec<_> =
        trace.lines().filter(|line| line.contains(".tlslab-") && line.contains("O_CREAT")).collect();
    assert_eq!(births.len(), 3, "{births:#?}");
    assert_eq!(births.iter().filter(|line| line.contains(", 0600)")).count(), 2, "{births:#?}");
}

/// What a program asks of the system to have files.
const CALLS: &str = "openat,mkdir,fchmod,write,fsync,link,linkat,rename,renameat,renameat2,unlink";

#[test]
fn an_interrupt_at_any_moment_of_gencert_leaves_all_or_nothing() {
    if !peer("strace") {
        return;
    }
    let mut finished = 0;
    for moment in 1..1000 {
        let lab = Lab::new();
        let (trace, inject) = (format!("trace={CALLS}"), format!("inject={CALLS}:signal=INT:when={moment}"));
        let trace = ["-f", "-qq", "-o", "/dev/stderr", "-e", &trace, "-e", &inject];
        let gencert = [TLSLAB, "gencert", "--noenc", "--key", "ec:p256", "--out", "new"];
        let run = lab.run("strace", trace.iter().chain(&gencert));
        if lab.file("new").exists() {
            assert_eq!(listing(&lab.file("new")), ["cert.pem", "clearkey.pem"], "at call {moment}\n{run}");
            lab.tlslab(["verify", "new/cert.pem", "--ca", "new/cert.pem"]).success();
            // Once the files are there, the words about them may be cut short.
            assert!([0, 130].contains(&run.code()), "at call {moment}\n{run}");
            finished += 1;
        } else {
            assert_eq!(listing(lab.path()), Vec::<String>::new(), "at call {moment}");
            assert_eq!(run.exit.signal(), Some(2), "at call {moment}\n{run}");
        }
        if !run.stderr.contains("--- SIGINT") {
            assert!(finished > 1, "the interrupt never came while files were written");
            return;
        }
    }
    panic!("gencert makes more calls than anybody would");
}

/// Nobody can clean up after SIGKILL: then no certificate stands beside another's key.
#[test]
fn a_kill_while_files_are_replaced_leaves_no_certificate_beside_anothers_key() {
    if !peer("strace") {
        return;
    }
    let belongs = |lab: &Lab| {
        let shown = lab.tlslab(["inspect", "new/cert.pem", "new/clearkey.pem", "--json"]).success().json();
        shown["keys"][0]["certificate"] == 0
    };
    let gencert = ["gencert", "--noenc", "--key", "ec:p256", "--out", "new", "--force"];
    let (mut killed, mut without) = (0, 0);
    // strace counts each kind of call by itself.
    for call in ["linkat", "rename", "renameat", "renameat2", "unlink"] {
        for moment in 1..10 {
            let lab = Lab::new();
            lab.tlslab(gencert).success();
            let (trace, inject) =
                (format!("trace={call}"), format!("inject={call}:signal=KILL:when={moment}"));
            let trace = ["-f", "-qq", "-o", "/dev/stderr", "-e", &trace, "-e", &inject, TLSLAB];
            let run = lab.run("strace", trace.iter().chain(&gencert));
            if lab.file("new/cert.pem").exists() {
                assert!(belongs(&lab), "at {call} {moment}\n{run}");
            } else {
                without += 1;
            }
            if run.exit.signal() != Some(9) {
                break;
            }
            killed += 1;
            lab.tlslab(gencert).success();
            assert!(belongs(&lab), "the same again, after {call} {moment}");
        }
    }
    assert!(killed > 4 && without > 0, "the kill never came while files were replaced");
}

#[test]
fn an_interrupt_at_any_moment_of_serve_and_connect_ends_them() {
    let lab = Lab::new();
    lab.gencert(&[]);
    let server = lab.serve(&[]);
    let address = server.to_word();
    let before = listing(lab.path());
    for _ in 0..10 {
        let commands: [&[&str]; 2] = [&["connect", &address], &["serve", "--listen", "127.0.0.1:0"]];
        for arguments in commands {
            let mut command = lab.command(TLSLAB);
            let mut child = command
                .args(arguments)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .expect("start tlslab");
            signal(child.id(), "INT");
            // Held open: it is the interrupt that must end connect, not the end of its input.
            let stdin = child.stdin.take();
            let output = child.wait_with_output().expect("its end");
            drop(stdin);
            let stderr = String::from_utf8_lossy(&output.stderr);
            let (code, signal) = (output.status.code(), output.status.signal());
            assert!(signal == Some(2) || matches!(code, Some(0 | 130)), "{arguments:?}: {code:?} {stderr}");
            assert!(!stderr.contains("panicked"), "{stderr}");
        }
    }
    assert_eq!(listing(lab.path()), before);
}

#[test]
fn a_full_disk_is_named_and_nothing_is_left() {
    if !peer("unshare") {
        return;
    }
    let lab = Lab::new();
    let mount = "mkdir full && mount -t tmpfs -o size=8k none full";
    if lab.run("unshare", ["-m", "sh", "-c", mount]).code() != 0 {
        eprintln!("SKIPPED: this process may not mount a file system");
        return;
    }
    std::fs::remove_dir(lab.file("full")).expect("the mount point is empty outside");
    let script = format!("{mount} && \"$0\" gencert --key rsa:2048 --out full; echo status $?; ls -A full");
    let run = lab.run("unshare", ["-m", "sh", "-c", &script, TLSLAB]).success();
    let run = run.says("tlslab: error: full: cannot write it: No space left on device");
    assert_eq!(run.stdout, "status 1\n");
}

#[test]
fn a_key_log_on_a_full_disk_is_said_and_costs_no_session() {
    let lab = Lab::new();
    lab.gencert(&[]);
    let words = "warning: /dev/full: cannot append to the key log: No space left on device (os error 28); \
                 sessions go on, and cannot be decrypted later";
    let mut server = lab.serve(&["--keylog", "/dev/full"]);
    let run = lab.tlslab(["connect", &server.to_word(), "--keylog", "/dev/full", "--message", "hello"]);
    let run = run.success().prints("hello");
    assert_eq!(run.stderr.matches(words).count(), 1, "{run}");
    server.wait_for("6 bytes in, 6 bytes out");
    assert_eq!(server.heard().matches(words).count(), 1, "{}", server.heard());
}

#[test]
fn answers_that_do_not_fit_on_the_disk_are_an_error() {
    let lab = Lab::new();
    lab.gencert(&[]);
    let server = lab.serve(&[]);
    let address = server.to_word();
    for arguments in [
        "gencert --noenc --key ec:p256 --out new",
        "verify cert.pem --ca cert.pem",
        "inspect cert.pem",
        &format!("connect {address} --json --message hello"),
        &format!("connect {address} --message hello"),
    ] {
        let script = format!("\"$0\" {arguments} > /dev/full");
        run(lab.command("sh").args(["-c", &script, TLSLAB])).status(1).says("No space left on device");
    }
    assert_eq!(listing(&lab.file("new")), ["cert.pem", "clearkey.pem"]);
}

#[test]
fn a_reader_that_is_gone_is_no_failure() {
    let lab = Lab::new();
    lab.gencert(&[]);
    for arguments in [
        &["verify", "cert.pem", "--ca", "cert.pem"][..],
        &["verify", "cert.pem", "--ca", "cert.pem", "--json"],
        &["inspect", "cert.pem"],
        &["gencert", "--noenc", "--key", "ec:p256", "--out", "new"],
        &["--help"],
        &["gencert", "--help"],
    ] {
        let mut command = lab.command(TLSLAB);
        let (status, stderr) = with_closed_stdout(command.args(arguments));
        assert_eq!((status, stderr.contains("panicked")), (Some(0), false), "{arguments:?}: {stderr}");
    }
    assert_eq!(listing(&lab.file("new")), ["cert.pem", "clearkey.pem"]);
}

/// Runs `command` with a stdout that nobody reads any more.
fn with_closed_stdout(command: &mut Command) -> (Option<i32>, String) {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let output =
        command.stdout(writer).stderr(Stdio::piped()).spawn().and_then(std::process::Child::wait_with_output);
    let output = output.expect("start tlslab");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn a_host_that_does_not_resolve_is_the_network() {
    let lab = Lab::new();
    lab.gencert(&[]);
    // RFC 6761 §6.4: nobody may ever own a name under .invalid.
    let run = lab.tlslab(["connect", "nobody.invalid:443", "--json"]).status(30);
    assert_eq!(run.json()["reasons"], serde_json::json!(["network"]), "{run}");
    run.says("nobody.invalid:443: the host name does not resolve").says("hint: ");
}

#[test]
fn a_port_that_is_taken_is_named() {
    let lab = Lab::new();
    lab.gencert(&[]);
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("its address").to_string();
    lab.tlslab(["serve", "--listen", &address]).status(1).says(&format!("tlslab: error: {address}: "));
}

#[test]
fn a_line_longer_than_any_buffer_comes_back_whole() {
    let lab = Lab::new();
    lab.gencert(&[]);
    let mut line = "x".repeat(3_000_000);
    line.push('\n');
    for (reply, expected) in [(&[][..], line.clone()), (&["--reply", "upper"], line.to_uppercase())] {
        let server = lab.serve(reply);
        for version in ["1.2", "1.3"] {
            let arguments = ["connect", &server.to_word(), "-q", "--tls", version];
            let run = lab.tlslab_with_input(arguments, line.as_bytes()).success();
            assert!(run.stdout == expected, "{} bytes came back", run.stdout.len());
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[test]
fn a_processor_that_is_too_old_is_told_so() {
    if !peer("qemu-x86_64") {
        return;
    }
    let lab = Lab::new();
    for arguments in [&["gencert", "--noenc"][..], &["demo"], &["serve"], &["connect"]] {
        let on_old = ["-cpu", "qemu64", TLSLAB];
        let run = lab.run("qemu-x86_64", on_old.iter().chain(arguments)).status(1);
        assert_eq!(
            run.stderr.lines().next(),
            Some(
                "tlslab: error: this CPU cannot run tlslab: expected x86-64 with AES, PCLMULQDQ, BMI1, BMI2, ADX \
                 and AVX2, or aarch64 with AES, PMULL and SHA2"
            ),
            "{run}"
        );
        assert_eq!(run.stderr.lines().count(), 1, "{run}");
    }
    assert_eq!(listing(lab.path()), Vec::<String>::new());
}

#[test]
fn one_odd_certificate_among_the_trusted_ones_is_left_out_with_its_line() {
    let lab = Lab::new();
    lab.gencert(&["--key", "ec:p256"]);
    let good = lab.read("cert.pem");
    let odd = "-----BEGIN CERTIFICATE-----\nMAUwA6ABAA==\n-----END CERTIFICATE-----\n";
    lab.write("bundle.pem", format!("{odd}{good}"));
    lab.run(TLSLAB, ["verify", "cert.pem", "--ca", "bundle.pem"])
        .success()
        .says("tlslab: warning: bundle.pem: line 1: not an X.509 certificate: ")
        .says("; not trusted, the others are");
    // Of clients as well, and what is left is trusted.
    lab.gencert(&["--profile", "client", "--cn", "alice", "--out", "alice"]);
    lab.write("clients.pem", format!("{odd}{}", lab.read("alice/cert.pem")));
    let server = lab.serve(&["--client-ca", "clients.pem"]);
    let warning = "warning: clients.pem: line 1: not an X.509 certificate: ";
    assert!(server.heard().contains(warning), "{}", server.heard());
    let alice = ["--cert", "alice/cert.pem", "--key", "alice/clearkey.pem", "--message", "hi"];
    lab.tlslab(["connect", &server.to_word()].iter().chain(&alice)).success().prints("hi");
    lab.write("odd.pem", odd);
    refused(&lab, &["serve", "--listen", "127.0.0.1:0", "--client-ca", "odd.pem"], "odd.pem", "line 1: ");
    lab.run(TLSLAB, ["verify", "cert.pem", "--ca", "odd.pem"]).status(1).says("odd.pem: line 1: ");
}

#[test]
fn what_is_odd_among_lists_of_the_revoked_is_an_error_with_its_line() {
    let lab = Lab::new();
    lab.gencert(&["--profile", "ca", "--out", "ca"]);
    lab.gencert(&["--ca", "ca/cert.pem", "--ca-key", "ca/clearkey.pem", "--force"]);
    let (ca, key) = ("ca/cert.pem", "ca/clearkey.pem");
    lab.tlslab(["revoke", "--ca", ca, "--ca-key", key, "--crl", "list.pem"]).success();
    let list = lab.read("list.pem");
    let odd = |label| format!("-----BEGIN {label}-----\nMAUwA6ABAA==\n-----END {label}-----\n");
    let line = list.lines().count() + 1;
    for (label, words) in [
        ("X509 CRL", format!("line {line}: not a certificate revocation list: ")),
        ("CERTIFICATE", "a certificate beside a list: not an X.509 certificate: ".to_owned()),
    ] {
        lab.write("lists.pem", format!("{list}{}", odd(label)));
        refused(&lab, &["verify", "cert.pem", "--ca", ca, "--crl", "lists.pem"], "lists.pem", &words);
    }
    lab.tlslab(["verify", "cert.pem", "--ca", ca, "--crl", "list.pem"]).success();
}

/// A name that would set a terminal's title, colour what follows, turn it around, hide in it and begin a line anew, if it
/// got there as it stands: C0, C1, bidirectional, zero-width, tag, separator, soft hyphen.
const HOSTILE: &str =
    "n\u{1b}]0;x\u{7}\u{1b}[31m\u{9b}31m\u{202e}\u{2066}\u{200b}\u{e0041}\u{2028}\u{ad}\rFORGED";

#[test]
fn no_name_or_argument_reaches_a_terminal_as_it_stands() {
    if !peer("script") {
        return;
    }
    let lab = Lab::new();
    let (folder, other) = (HOSTILE, format!("{HOSTILE}2"));
    let at = |name: &str| format!("{HOSTILE}/{name}");
    let (cert, key) = (at("cert.pem"), at("clearkey.pem"));
    lab.gencert(&["--profile", "ca", "--out", "ca"]);
    let odd = "-----BEGIN CERTIFICATE-----\nMAUwA6ABAA==\n-----END CERTIFICATE-----\n";
    let quick = ["gencert", "--key", "ec:p256", "--force", "--out", folder];
    let made = [&quick[..], &["--ca", "ca/cert.pem", "--ca-key", "ca/clearkey.pem", "--noenc"]].concat();
    // Everything that names a file or an argument, in passing, in a warning, in an error, in an answer.
    let commands: &[&[&str]] = &[
        &made,
        &quick,
        &["inspect", &cert, &key, "nowhere"],
        &["inspect", &cert, "--who"],
        &["inspect", "nowhere", &other],
        &["verify", &cert, "--ca", &at("odd.pem")],
        &["verify", &cert, "--ca", "ca/cert.pem", "--cn", folder],
        &["passwd", &key, "--noenc", "--force", "--out", &other],
        &["passwd", &other, "--noenc", "--passin", "env:NO", "--out", &at("again"), "--force"],
        &["revoke", &cert, "--ca", "ca/cert.pem", "--ca-key", "ca/clearkey.pem", "--crl", &at("list")],
        &["ocsp", &cert, "--ca", "ca/cert.pem", "--ca-key", "ca/clearkey.pem", "--out", &at("r"), "--force"],
        &["connect", "127.0.0.1:1", "--ca", &cert, "--keylog", &at("keys.log")],
        &["connect", &at("host:1"), "--ca", &cert],
        &["serve", "--cert-dir", folder, "--listen", "host.invalid:0"],
        &["serve", folder],
        &["dissect", &other],
        &["man", "--out", &at("man"), "--force"],
        &["audit", "client", "--only", folder, "--", "true"],
        &["audit", "client", "--jobs", folder, "--", "true"],
        &["completions", folder],
        &[folder],
    ];
    for command in commands {
        if command.first() == Some(&"verify") {
            lab.write(&at("odd.pem"), format!("{odd}{}", lab.read("ca/cert.pem")));
        }
        for json in [&[][..], &["--json"]] {
            // What stands behind `--` is another program's.
            let words = match command.iter().position(|word| *word == "--") {
                Some(end) => [&command[..end], json, &command[end..]].concat(),
                None => [command, json].concat(),
            };
            let said = on_a_terminal(&lab, &words);
            let raw = said.chars().find(|c| (c.is_control() && *c != '\n') || is_invisible(*c));
            assert_eq!(raw, None, "{words:?}\n{said:?}");
            assert!(said.contains("FORGED"), "it is shown: {words:?}\n{said:?}");
        }
    }
    // Whoever parses an answer gets the name as it is.
    let made = lab.tlslab(made.iter().chain(&["--json"])).success().json();
    assert_eq!(made["files"][0]["path"], *cert);
}

/// What a person sees: everything that a command writes on a terminal of its own. It makes CR LF of each line's end.
fn on_a_terminal(lab: &Lab, words: &[&str]) -> String {
    let quoted: Vec<_> = words.iter().map(|word| format!("'{word}'")).collect();
    let mut command = lab.command("script");
    command.args(["-qefc", &format!("exec {TLSLAB} {}", quoted.join(" ")), "/dev/null"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("script");
    // Whatever asks for a passphrase gets an empty one. Without an end: that makes `script` wait for seconds.
    let mut stdin = child.stdin.take().expect("stdin was piped");
    stdin.write_all(b"\n").expect("script reads");
    let mut said = Vec::new();
    child.stdout.take().expect("stdout was piped").read_to_end(&mut said).expect("what script shows");
    child.wait().expect("script ends");
    String::from_utf8_lossy(&said).replace("\r\n", "\n")
}
