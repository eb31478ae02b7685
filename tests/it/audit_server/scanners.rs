//! sslscan, sslyze and testssl.sh on the same servers: versions, suites, groups and the certificate, fact by fact.

use std::collections::BTreeSet;

use serde_json::Value;
use sha2::{Digest, Sha256};
use tlslab::pki::files::read_certificates;
use tlslab::tls::groups::Group;
use tlslab::tls::suites::Suite;

use super::audit;
use super::servers::Running;
use crate::lab::{Lab, peer};
use crate::peers::python_module;

/// A statement about a server in words of our own, such as `suite TLSv1.2 0xc02f`. The first word is its kind.
pub(super) type Facts = BTreeSet<String>;

/// Whose statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scanner {
    Sslscan,
    Sslyze,
    Testssl,
}

const VERSIONS: [&str; 6] = ["SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"];

impl Scanner {
    fn name(self) -> &'static str {
        match self {
            Self::Sslscan => "sslscan",
            Self::Sslyze => "sslyze",
            Self::Testssl => "testssl.sh",
        }
    }

    /// What it finds of a server, or why it finds nothing; `None` where it is missing, which has been said.
    #[track_caller]
    fn scan(self, lab: &Lab, address: &str) -> Option<Result<Facts, String>> {
        match self {
            Self::Sslscan => {
                peer("sslscan").then_some(())?;
                lab.run("sslscan", ["--xml=scan.xml", "--no-heartbleed", address]).success();
                Some(Ok(sslscan(&lab.read("scan.xml"))))
            }
            Self::Sslyze => {
                let mut command = lab.command("python3");
                command.env("PYTHONPATH", python_module("peers", "sslyze")?).args([
                    "-m",
                    "sslyze",
                    "--json_out=sslyze.json",
                ]);
                // It judges by Mozilla's rules too, and its exit status is what it thinks by them.
                crate::lab::run(command.arg(address));
                Some(sslyze(
                    lab,
                    &serde_json::from_str(&without_long_numbers(&lab.read("sslyze.json"))).unwrap(),
                ))
            }
            Self::Testssl => {
                peer("testssl").then_some(())?;
                let words = ["--quiet", "--color", "0", "--warnings", "off", "-p", "-e"];
                // Its exit status counts what it finds bad.
                lab.run("testssl", words.iter().chain(&["--jsonfile", "testssl.json", address]));
                Some(testssl(&serde_json::from_str(&lab.read("testssl.json")).unwrap()))
            }
        }
    }

    /// What we say of a server, as far as this one says anything of it.
    fn comparable(self, report: &Value) -> Facts {
        let mut facts = ours(report);
        match self {
            Self::Sslscan => facts.retain(|fact| !fact.starts_with("sha256")),
            Self::Sslyze => facts.retain(|fact| !fact.starts_with("subject") && !fact.starts_with("key")),
            // It tells suites without their versions.
            Self::Testssl => {
                facts = facts
                    .into_iter()
                    .filter(|fact| fact.starts_with("version") || fact.starts_with("suite"))
                    .map(|fact| if fact.starts_with("suite") { without_version(&fact) } else { fact })
                    .collect();
            }
        }
        facts
    }
}

fn without_version(fact: &str) -> String {
    format!("suite {}", fact.rsplit(' ').next().unwrap_or_default())
}

fn suite(version: &str, code: u16) -> String {
    format!("suite {version} {code:#06x}")
}

/// The curves of SEC 2 and RFC 7748: what both sslscan and sslyze ask for.
fn group(code: u16) -> Option<String> {
    (1..=30).contains(&code).then(|| format!("group {code:#06x}"))
}

fn ours(report: &Value) -> Facts {
    let spoken = VERSIONS.iter().filter(|version| report["versions"][**version] == true);
    let mut facts: Facts = spoken.map(|version| format!("version {version}")).collect();
    for version in VERSIONS {
        let listed = report["cipher_suites"][version].as_array().into_iter().flatten();
        let named = listed.map(|name| Suite::named(name.as_str().unwrap()).unwrap().code);
        facts.extend(named.map(|code| suite(version, code)));
    }
    let groups = report["groups"].as_array().into_iter().flatten();
    let code = |name: &str| Group::all().iter().find(|group| group.name == name).unwrap().code;
    facts.extend(groups.filter_map(|name| group(code(name.as_str().unwrap()))));
    let certificate = &report["certificate"];
    if let Some(digest) = certificate["sha256"].as_str() {
        let subject = certificate["subject"].as_str().unwrap();
        facts.insert(format!("sha256 {digest}"));
        facts.insert(format!("subject {}", subject.rsplit("CN=").next().unwrap()));
        facts.insert(format!("key {}", certificate["public_key"].as_str().unwrap()));
    }
    facts
}

/// sslscan's XML.
fn sslscan(xml: &str) -> Facts {
    let attribute = |line: &str, name: &str| {
        let (_, rest) = line.split_once(&format!(" {name}=\""))?;
        Some(rest.split_once('"')?.0.to_owned())
    };
    let number = |text: String| u16::from_str_radix(text.trim_start_matches("0x"), 16).unwrap();
    let mut facts = Facts::new();
    for line in xml.lines() {
        let line = line.trim_start();
        let found = |name| attribute(line, name);
        if line.starts_with("<protocol ") && found("enabled").as_deref() == Some("1") {
            let prefix = if found("type").as_deref() == Some("ssl") { "SSLv" } else { "TLSv" };
            facts.insert(format!("version {prefix}{}", found("version").unwrap()));
        } else if line.starts_with("<cipher ") {
            facts.insert(suite(&found("sslversion").unwrap(), number(found("id").unwrap())));
        } else if line.starts_with("<group ") {
            facts.extend(group(number(found("id").unwrap())));
        } else if line.starts_with("<pk ") {
            facts.insert(format!("key {} {} bits", found("type").unwrap(), found("bits").unwrap()));
        } else if let Some(subject) = line.strip_prefix("<subject><![CDATA[") {
            facts.insert(format!("subject {}", subject.split("]]>").next().unwrap()));
        }
    }
    facts
}

/// The same JSON with 0 for each number that is longer than a number is here: serial numbers, moduli.
fn without_long_numbers(json: &str) -> String {
    let pieces = json.split_inclusive(|c: char| !c.is_ascii_digit());
    let short = |piece: &str| {
        let digits = piece.trim_end_matches(|c: char| !c.is_ascii_digit());
        if digits.len() > 18 { format!("0{}", &piece[digits.len()..]) } else { piece.to_owned() }
    };
    pieces.map(short).collect()
}

/// sslyze's JSON.
fn sslyze(lab: &Lab, json: &Value) -> Result<Facts, String> {
    let scan = &json["server_scan_results"][0];
    if scan["scan_status"] != "COMPLETED" {
        return Err(scan["scan_status"].to_string());
    }
    let result = &scan["scan_result"];
    let names = ["ssl_2_0", "ssl_3_0", "tls_1_0", "tls_1_1", "tls_1_2", "tls_1_3"];
    let mut facts = Facts::new();
    for (name, version) in names.iter().zip(VERSIONS) {
        let found = &result[format!("{name}_cipher_suites")];
        if found["status"] != "COMPLETED" {
            return Err(format!("{name}: {}", found["error_reason"]));
        }
        let found = &found["result"];
        if found["is_tls_version_supported"] == true {
            facts.insert(format!("version {version}"));
        }
        for accepted in found["accepted_cipher_suites"].as_array().unwrap() {
            let name = accepted["cipher_suite"]["name"].as_str().unwrap();
            let known = Suite::named(name).unwrap_or_else(|| panic!("sslyze calls a suite {name}"));
            facts.insert(suite(version, known.code));
        }
    }
    let curves = result["elliptic_curves"]["result"]["supported_curves"].as_array().into_iter().flatten();
    facts.extend(curves.filter_map(|curve| group(curve_of_openssl(curve["openssl_nid"].as_u64().unwrap())?)));
    let chain =
        &result["certificate_info"]["result"]["certificate_deployments"][0]["received_certificate_chain"];
    let leaf = read_certificates(&lab.write("leaf.pem", chain[0]["as_pem"].as_str().unwrap())).unwrap();
    facts.insert(format!("sha256 {}", tlslab::words::hex(&Sha256::digest(&leaf[0]))));
    Ok(facts)
}

/// The group that OpenSSL numbers so among its objects.
fn curve_of_openssl(number: u64) -> Option<u16> {
    Some(match number {
        1034 => 29,
        1035 => 30,
        415 => 23,
        715 => 24,
        716 => 25,
        714 => 22,
        927 => 26,
        931 => 27,
        933 => 28,
        _ => return None,
    })
}

/// testssl.sh's JSON.
fn testssl(json: &Value) -> Result<Facts, String> {
    let names = ["SSLv2", "SSLv3", "TLS1", "TLS1_1", "TLS1_2", "TLS1_3"];
    let mut facts = Facts::new();
    for finding in json.as_array().unwrap() {
        let id = finding["id"].as_str().unwrap();
        let said = finding["finding"].as_str().unwrap();
        if id == "scanProblem" {
            return Err(said.to_owned());
        }
        if let Some(place) = names.iter().position(|name| *name == id) {
            if said.starts_with("offered") {
                facts.insert(format!("version {}", VERSIONS[place]));
            }
        } else if let Some(code) = id.strip_prefix("cipher_x") {
            facts.insert(format!("suite {:#06x}", u16::from_str_radix(code, 16).unwrap()));
        }
    }
    Ok(facts)
}

/// What a scanner and tlslab say differently of the same servers, and why. Held both ways.
struct Explained {
    scanner: Scanner,
    servers: &'static [&'static str],
    found: &'static [&'static str],
    /// Why; for whoever reads.
    _why: &'static str,
}

const EXPLAINED: &[Explained] = &[
    Explained {
        scanner: Scanner::Sslscan,
        servers: &["openssl NULL"],
        found: &[
            "only tlslab: group 0x0017",
            "only tlslab: group 0x0018",
            "only tlslab: group 0x0019",
            "only tlslab: group 0x001d",
            "only tlslab: group 0x001e",
        ],
        _why: "it asks for groups with suites that encrypt only",
    },
    Explained {
        scanner: Scanner::Sslyze,
        servers: &["openssl all", "openssl anonymous", "nginx small DH", "stunnel old"],
        found: &["only tlslab: suite TLSv1.2 0x00bf", "only tlslab: suite TLSv1.2 0x00c5"],
        _why: "it does not ask for Camellia without authentication with SHA-256",
    },
    Explained {
        scanner: Scanner::Sslyze,
        servers: &["openssl NULL", "tlslite-ng RC4"],
        found: &["sslyze cannot scan it: \"ERROR_NO_CONNECTIVITY\""],
        _why: "the hello by which it looks whether there is a server offers no NULL suite and no RC4",
    },
    Explained {
        scanner: Scanner::Sslyze,
        servers: &["tlslite-ng SSL 3"],
        found: &["only tlslab: group 0x0017"],
        _why: "it asks for groups in TLS 1.0 and later only",
    },
    Explained {
        scanner: Scanner::Testssl,
        servers: &["tlslite-ng SSL 3"],
        found: &["only testssl.sh: version TLSv1.2"],
        _why: "it takes this server's answer in SSL 3 to a hello of TLS 1.2 for TLS 1.2; openssl says what it is",
    },
];

/// What is explained of a server.
fn explained(scanner: Scanner, server: &str) -> BTreeSet<String> {
    let of = EXPLAINED.iter().filter(|row| row.scanner == scanner && row.servers.contains(&server));
    of.flat_map(|row| row.found).map(ToString::to_string).collect()
}

/// How two sets of facts differ.
fn differences(scanner: Scanner, theirs: &Facts, ours: &Facts) -> BTreeSet<String> {
    let only = |who: &str, facts: Facts| -> Vec<String> {
        facts.into_iter().map(|fact| format!("only {who}: {fact}")).collect()
    };
    only(scanner.name(), theirs - ours).into_iter().chain(only("tlslab", ours - theirs)).collect()
}

/// What a scanner states facts of.
const ASKED: [&str; 6] = ["--only", "versions", "--only", "groups", "--only", "certificate"];

/// How many servers are scanned at a time: they wait for each other more than for a processor.
const AT_ONCE: usize = 4;

/// How many facts of a server were compared, and how the two differ where that is not explained.
struct Compared {
    facts: usize,
    unexplained: BTreeSet<String>,
}

/// Compares a scanner with us on one server; `None` where it is missing.
#[track_caller]
fn compare_one(scanner: Scanner, name: &str, lab: &Lab, address: &str) -> Option<Compared> {
    let ours = scanner.comparable(&audit(lab, address, &ASKED).json());
    let (facts, found) = match scanner.scan(lab, address)? {
        Ok(theirs) => (theirs.union(&ours).count(), differences(scanner, &theirs, &ours)),
        Err(why) => (0, BTreeSet::from([format!("{} cannot scan it: {why}", scanner.name())])),
    };
    let explained = explained(scanner, name);
    Some(Compared { facts, unexplained: found.symmetric_difference(&explained).cloned().collect() })
}

/// Compares a scanner with us on every server that runs, several at a time; says what is not explained.
#[track_caller]
pub(super) fn compare(scanner: Scanner, servers: &[(&'static str, Lab, Running)]) {
    let addresses: Vec<_> =
        servers.iter().map(|(name, lab, server)| (*name, lab, server.address())).collect();
    let mut all = Vec::new();
    for some in addresses.chunks(AT_ONCE) {
        let found: Option<Vec<_>> = std::thread::scope(|scope| {
            let one = |(name, lab, address): &(&'static str, &Lab, String)| {
                Some((*name, compare_one(scanner, name, lab, address)?))
            };
            let running: Vec<_> = some.iter().map(|server| scope.spawn(move || one(server))).collect();
            running.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let Some(found) = found else { return };
        for (name, compared) in &found {
            eprintln!("{} on {name}: {} facts, {:?}", scanner.name(), compared.facts, compared.unexplained);
        }
        all.extend(found);
    }
    let facts: usize = all.iter().map(|(_, compared)| compared.facts).sum();
    let unexplained: Vec<_> = all
        .into_iter()
        .filter(|(_, compared)| !compared.unexplained.is_empty())
        .map(|(name, compared)| (name, compared.unexplained))
        .collect();
    assert!(
        unexplained.is_empty(),
        "{} and tlslab, {facts} facts; found without an explanation, or explained and not found: {unexplained:#?}",
        scanner.name()
    );
    eprintln!("{} and tlslab: {facts} facts on {} servers, none unexplained", scanner.name(), servers.len());
}
