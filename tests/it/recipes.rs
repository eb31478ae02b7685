//! The recipes of `tlslab audit recipes`, each against the real client, held against what is known of it.
//!
//! `tests/baselines/NAME` begins with the version that was measured. Another version is another client: it is said so, and
//! nothing is concluded; where peers are required, as in `.ci/run`, it is held to what the measured one did, and that is how
//! a change is noticed. A baseline is written anew where it is asked for:
//! `TLSLAB_BASELINES=write cargo test --test it recipes`.

use std::path::PathBuf;

use serde_json::Value;

use crate::lab::{Lab, TLSLAB, peer};

/// What every client is put to: something of each kind.
const CASES: [&str; 29] = [
    "expired",
    "expired.ca",
    "not-yet-valid",
    "not-yet-valid.ca",
    "wrong-cn",
    "wrong-cn.ca",
    "cn-only",
    "self-signed-unknown",
    "self-signed-unknown.ca",
    "other-key",
    "tampered",
    "untrusted-root",
    "same-name-other-key.ca",
    "bad-signature.ca",
    "chain-missing-intermediate",
    "chain-leaf-issuer",
    "chain-good",
    "client-usage",
    "client-usage.ca",
    "unknown-critical",
    "unknown-critical.ca",
    "openssl-style",
    "sha1.ca",
    "md5.ca",
    "hs-wrong-key",
    "hs-bad-signature",
    "hs-bad-finished",
    "hs-tls11",
    "session",
];

/// The recipes whose clients are there, each with the programs that it needs.
const RUN: [(&str, &[&str]); 21] = [
    ("curl", &["curl"]),
    ("gnutls-cli", &["gnutls-cli"]),
    ("go", &["go"]),
    ("httpx", &["python3"]),
    ("java-http", &["java", "javac"]),
    ("java-socket", &["java", "javac"]),
    ("java-socket-bare", &["java", "javac"]),
    ("nginx", &["nginx", "curl"]),
    ("node-https", &["node"]),
    ("node-tls", &["node"]),
    ("openssl", &["openssl"]),
    ("openssl-bare", &["openssl"]),
    ("python-lab", &["python3"]),
    ("python-ssl", &["python3"]),
    ("requests", &["python3"]),
    ("rustls", &["cargo"]),
    ("socat", &["socat"]),
    ("stunnel", &["stunnel"]),
    ("tlslab", &[]),
    ("tlslab-webpki", &[]),
    ("wget", &["wget"]),
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The first line that a shell's command says, in either output.
fn first_line(lab: &Lab, command: &str) -> Option<String> {
    let output = shell(lab, command).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let line = String::from_utf8_lossy(&said).lines().next().map(str::to_owned);
    line.filter(|_| output.status.success())
}

fn shell(lab: &Lab, command: &str) -> std::process::Command {
    let mut shell = lab.command("sh");
    let path = std::env::var("PATH").unwrap();
    let own = PathBuf::from(TLSLAB).parent().unwrap().display().to_string();
    shell.args(["-c", command]).env("PATH", format!("{own}:{path}"));
    shell
}

fn recipe(lab: &Lab, name: &str) -> Value {
    lab.tlslab(["audit", "recipes", name, "--json"]).success().json()["recipes"][0].clone()
}

/// Whether what is missing is a failure.
fn required() -> bool {
    std::env::var_os("TLSLAB_REQUIRE_PEERS").is_some()
}

/// The file of what is known of a client: `NAME@VERSION`, of a version that begins so and is known to do otherwise, or else
/// `NAME`.
fn baseline(name: &str, version: &str) -> PathBuf {
    let folder = root().join("tests/baselines");
    let files =
        std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut of_versions = files.filter(|file| {
        file.split_once('@').is_some_and(|(whose, which)| whose == name && version.starts_with(which))
    });
    folder.join(of_versions.next().unwrap_or_else(|| name.to_owned()))
}

/// What was measured, or that it was not: `None` where this is another version and nobody insists.
fn known(name: &str, version: &str) -> Option<String> {
    let path = baseline(name, version);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let measured = text.lines().next().and_then(|line| line.strip_prefix("# measured: ")).unwrap();
    if measured == version {
        return Some(text);
    }
    let how = if required() { "HELD TO ANOTHER VERSION" } else { "SKIPPED" };
    eprintln!("{how}: {name} was measured with {measured}, here is {version}");
    required().then_some(text)
}

#[test]
fn recipes_find_what_is_known_of_real_clients() {
    let lab = Lab::new();
    let target = PathBuf::from(TLSLAB).parent().unwrap().parent().unwrap().to_path_buf();
    for (what, name) in [
        (root().join("examples"), "examples"),
        (root().join("Cargo.lock"), "Cargo.lock"),
        (target.clone(), "target"),
    ] {
        std::os::unix::fs::symlink(what, lab.file(name)).unwrap();
    }
    let write = std::env::var_os("TLSLAB_BASELINES").is_some_and(|value| value == "write");
    let mut unlisted = Vec::new();
    for (name, programs) in RUN {
        if !programs.iter().all(|program| peer(program)) {
            continue;
        }
        let recipe = recipe(&lab, name);
        let word = |field: &str| recipe[field].as_str().unwrap().to_owned();
        let Some(version) = first_line(&lab, &word("version")) else {
            assert!(!required(), "{name} is required (TLSLAB_REQUIRE_PEERS) and does not say its version");
            eprintln!("SKIPPED: {name} does not say its version");
            continue;
        };
        let build = word("build");
        if !build.is_empty() {
            let mut build_it = shell(&lab, &build);
            if build.starts_with("cargo ") {
                build_it.current_dir(root()).env("CARGO_TARGET_DIR", &target);
            }
            assert!(build_it.status().unwrap().success(), "{build}");
        }
        let only: Vec<String> = CASES.iter().map(|case| format!("--only '{case}'")).collect();
        let command = word("command")
            .replace("tlslab audit client", &format!("tlslab audit client --seed 1 {}", only.join(" ")));
        if write {
            let status =
                shell(&lab, &command.replace("audit client", "audit client --save-baseline found")).status();
            assert!(status.unwrap().code().is_some_and(|code| code < 2), "{name}");
            let text = format!("# measured: {version}\n{}", lab.read("found"));
            std::fs::write(root().join("tests/baselines").join(name), text).unwrap();
            continue;
        }
        let Some(text) = known(name, &version) else { continue };
        lab.write("known", text);
        let output =
            shell(&lab, &command.replace("audit client", "audit client --json --baseline known")).output();
        let output = output.unwrap();
        let json: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(json["controls"], "green", "{name} {version}: {json:#}");
        if json["baseline"] != serde_json::json!([]) {
            unlisted.push(format!("{name} {version}: {}", json["baseline"]));
            continue;
        }
        assert_eq!(output.status.code(), Some(0), "{name}");
        if name.starts_with("java-") {
            // Of a pinned certificate's dates the RFCs say nothing, and Java does not look at them.
            for id in ["expired", "not-yet-valid"] {
                let case = json["cases"].as_array().unwrap().iter().find(|case| case["id"] == id).unwrap();
                assert_eq!(case["observed"], "accept", "{name}: {case:#}");
            }
        }
    }
    assert!(unlisted.is_empty(), "{unlisted:#?}");
}

/// What is known of them is what the field knows.
#[test]
fn baselines_hold_the_truths_that_must_be_found() {
    let fails = |name: &str| -> Vec<String> {
        let text = std::fs::read_to_string(root().join("tests/baselines").join(name)).unwrap();
        let lines = text.lines().filter(|line| !line.starts_with('#') && line.contains(" fail"));
        lines.map(|line| line.split(' ').next().unwrap().to_owned()).collect()
    };
    // Of a pinned certificate Java looks at nothing but that it is the one, and at the name where it is told to.
    for name in ["java-http", "java-socket", "java-socket-bare"] {
        for id in ["client-usage", "unknown-critical"] {
            assert!(fails(name).iter().any(|found| found == id), "{name}: {id}");
        }
    }
    assert!(fails("gnutls-cli").contains(&"unknown-critical".to_owned()));
    assert!(fails("openssl-bare").len() > 15, "{:?}", fails("openssl-bare"));
    for name in ["tlslab", "tlslab-webpki"] {
        assert_eq!(fails(name), [""; 0], "{name}");
    }
}
