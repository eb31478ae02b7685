//! What the secrets open is what tshark opens: by field, over captures of many stacks, versions, suites and groups.
//!
//! Every capture is made by `tlslab tap --keylog`; tshark has nothing but the Decryption Secrets Block in it.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::lab::{Lab, Server, TLSLAB, among_tests, peer, run, run_with_input};
use crate::openssl::{self, OpensslServer};
use crate::oracle::Peer;

mod chromium;

/// Every client says this and waits for the answer.
const MESSAGE: &str = "meet me at the fountain";

/// Records one client's session with `to`; the secrets come from `keys.log`, whoever writes it.
fn record(lab: &Lab, to: &str, client: impl FnOnce(&str) -> Command) -> PathBuf {
    let capture = lab.file("capture.pcapng");
    let mut tap = lab.command(TLSLAB);
    tap.args(["tap", "--listen", "127.0.0.1:0", "--force", "--keylog", "keys.log", "--to", to, "--pcap"]);
    let tap = Server::start(tap.arg(&capture));
    let mut command = client(&tap.to_word());
    let done = run_with_input(&mut command, format!("{MESSAGE}\nCLOSE\n").as_bytes());
    let (exit, said) = tap.stop();
    assert!(exit.success(), "{said}");
    assert!(said.ends_with("1 TLS session, 1 of them with secrets"), "{said}\n{done}");
    capture
}

/// One session as somebody tells it.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    /// The fragments' lengths.
    records: Vec<String>,
    /// The types of the handshake messages, encrypted ones included.
    handshake: Vec<String>,
    /// The alerts, encrypted ones included.
    alerts: Vec<String>,
    /// The application data of both sides, in hexadecimal, the smaller first: tshark does not say whose is whose.
    /// Of a long record, its beginning and how many bytes follow, for that is what we show of it.
    data: [String; 2],
}

/// The most bytes of a record that `dissect --json` shows.
const SHOWN: usize = 256;

/// A record's data, shortened as we shorten it.
fn shown(hex: &str, bytes: usize) -> String {
    let beginning = &hex[..hex.len().min(2 * SHOWN)];
    if bytes > SHOWN { format!("{beginning}+{}", bytes - SHOWN) } else { beginning.to_owned() }
}

/// What tshark says of the capture's TCP stream with that index.
fn tshark(lab: &Lab, capture: &Path, stream: usize) -> Told {
    let mut command = lab.command("tshark");
    let (filter, follow) = (format!("tls && tcp.stream == {stream}"), format!("follow,tls,raw,{stream}"));
    command.arg("-r").arg(capture).args(["-Y", &filter, "-z", &follow, "-T", "fields"]);
    command.args(["-e", "tls.record.length", "-e", "tls.handshake.type", "-e", "tls.alert_message.desc"]);
    let done = run(&mut command).success();
    let (fields, follow) = done.stdout.split_once("\n==").unwrap_or_else(|| panic!("{done}"));
    let column = |index: usize| -> Vec<String> {
        let cells = fields.lines().filter_map(|line| line.split('\t').nth(index));
        cells.flat_map(|cell| cell.split(',')).filter(|cell| !cell.is_empty()).map(str::to_owned).collect()
    };
    let mut data = [String::new(), String::new()];
    for line in follow.lines() {
        let hex = line.trim();
        if !hex.is_empty() && hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            data[usize::from(line.starts_with('\t'))].push_str(&shown(hex, hex.len() / 2));
        }
    }
    data.sort();
    Told { records: column(0), handshake: column(1), alerts: column(2), data }
}

/// What we say of the capture's only session.
fn ours(lab: &Lab, capture: &Path) -> (Told, Value) {
    let [session] = sessions(lab, capture).try_into().expect("one session");
    (told(&session), session)
}

fn sessions(lab: &Lab, capture: &Path) -> Vec<Value> {
    let mut command = lab.command(TLSLAB);
    let report = run(command.arg("dissect").arg(capture).arg("--json")).success().json();
    report["sessions"].as_array().unwrap().clone()
}

fn told(session: &Value) -> Told {
    let mut told = Told { records: vec![], handshake: vec![], alerts: vec![], data: Default::default() };
    for event in session["events"].as_array().unwrap() {
        told.records.push((event["bytes"].as_u64().unwrap() - 5).to_string());
        let messages = event["messages"].as_array().unwrap().iter();
        for message in messages.chain(event["opened"]["messages"].as_array().into_iter().flatten()) {
            if !message["handshake"].is_null() {
                told.handshake.push(message["type"].to_string());
            } else if !message["alert"].is_null() {
                told.alerts.push(message["code"].to_string());
            } else if let Some(hex) = message["hex"].as_str() {
                let bytes = usize::try_from(message["bytes"].as_u64().unwrap()).unwrap();
                assert_eq!(hex.len() / 2, bytes.min(SHOWN));
                told.data[usize::from(event["from"] == "server")].push_str(&shown(hex, bytes));
            }
        }
    }
    told.data.sort();
    told
}

/// Compares the two accounts of a capture, and insists that everything was opened.
fn agree(lab: &Lab, capture: &Path, what: &str) {
    let (told, session) = ours(lab, capture);
    let mut theirs = tshark(lab, capture, 0);
    // tshark 4.4 opens a client's Finished of TLS 1.2 that is a packet by itself, and shows it closed; 4.0 shows it.
    if theirs.handshake.len() + 1 == told.handshake.len()
        && let Some(finished) = told.handshake.iter().position(|kind| kind == "20")
    {
        theirs.handshake.insert(finished, "20".to_owned());
    }
    assert_eq!(told, theirs, "{what}");
    assert_eq!(session["tls"]["opening_trouble"], Value::Null, "{what}");
    assert!(
        told.handshake.iter().filter(|kind| *kind == "20").count() == 2,
        "two Finished: {what}: {told:?}"
    );
    assert!(told.data.iter().all(|data| data.len() > MESSAGE.len()), "both sides talked: {what}: {told:?}");
}

/// Also what openssl holds to be too weak these days: a tag of 8 bytes (CCM_8).
const EVERY_SUITE: &str = "ALL:@SECLEVEL=0";

/// TLS 1.3's suites, all five of the registry's first (RFC 8446 §B.4).
const TLS_1_3_SUITES: [&str; 5] = [
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
    "TLS_AES_128_CCM_SHA256",
    "TLS_AES_128_CCM_8_SHA256",
];

/// openssl with an EC and an RSA certificate and every suite that it has, writing `keys.log`.
fn openssl_server(lab: &Lab) -> OpensslServer {
    openssl::certificate(lab);
    let rsa =
        "req -x509 -newkey rsa:2048 -nodes -keyout rsa.pem -out rsacert.pem -days 30 -subj /CN=www.test.org";
    lab.run("openssl", rsa.split(' ')).success();
    let suites = TLS_1_3_SUITES.join(":");
    let mut arguments = vec!["-dcert", "rsacert.pem", "-dkey", "rsa.pem", "-keylogfile", "keys.log"];
    arguments.extend(["-ciphersuites", &suites, "-cipher", EVERY_SUITE]);
    openssl::server(lab, &arguments)
}

fn s_client(lab: &Lab, address: &str, arguments: &str) -> Command {
    let mut command = lab.command("openssl");
    command.args(["s_client", "-quiet", "-servername", "www.test.org", "-connect", address]);
    command.args(arguments.split_whitespace());
    command
}

fn have(programs: &[&str]) -> bool {
    programs.iter().all(|program| peer(program))
}

#[test]
fn openssl_with_every_suite_and_group_of_tls_1_3() {
    if !have(&["tshark", "openssl"]) {
        return;
    }
    let lab = Lab::new();
    let server = openssl_server(&lab);
    for suite in TLS_1_3_SUITES {
        for group in ["X25519", "P-256", "P-384", "P-521"] {
            let arguments = format!("-tls1_3 -ciphersuites {suite} -cipher {EVERY_SUITE} -groups {group}");
            let capture = record(&lab, &server.to_word(), |address| s_client(&lab, address, &arguments));
            agree(&lab, &capture, &arguments);
        }
    }
}

#[test]
fn openssl_with_every_aead_suite_of_tls_1_2() {
    if !have(&["tshark", "openssl"]) {
        return;
    }
    let lab = Lab::new();
    let server = openssl_server(&lab);
    let mut suites = Vec::new();
    for exchange in ["", "ECDHE-ECDSA-", "ECDHE-RSA-", "DHE-RSA-"] {
        for cipher in ["AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305"] {
            // RFC 7905 has none for RSA key exchange.
            if !(exchange.is_empty() && cipher == "CHACHA20-POLY1305") {
                suites.push(format!("{exchange}{cipher}"));
            }
        }
    }
    // RFC 6655 and RFC 7251.
    for exchange in ["", "ECDHE-ECDSA-", "DHE-RSA-"] {
        for cipher in ["AES128-CCM", "AES256-CCM", "AES128-CCM8", "AES256-CCM8"] {
            suites.push(format!("{exchange}{cipher}"));
        }
    }
    for suite in suites {
        let arguments = format!("-tls1_2 -cipher {suite}:@SECLEVEL=0");
        let capture = record(&lab, &server.to_word(), |address| s_client(&lab, address, &arguments));
        agree(&lab, &capture, &arguments);
    }
}

#[test]
fn gnutls_on_both_sides() {
    if !have(&["tshark", "openssl", "gnutls-cli", "gnutls-serv"]) {
        return;
    }
    let lab = Lab::new();
    let server = openssl_server(&lab);
    for version in ["TLS1.3", "TLS1.2"] {
        let ciphers = [
            "AES-128-GCM",
            "AES-256-GCM",
            "CHACHA20-POLY1305",
            "AES-128-CCM",
            "AES-128-CCM-8",
            "AES-256-CCM",
        ];
        for cipher in ciphers {
            // TLS 1.3 has no AES-256 in CCM (RFC 8446 §B.4).
            if (version, cipher) == ("TLS1.3", "AES-256-CCM") {
                continue;
            }
            let priority = format!("NORMAL:-VERS-ALL:+VERS-{version}:-CIPHER-ALL:+{cipher}");
            let capture = record(&lab, &server.to_word(), |address| gnutls_cli(&lab, address, &priority));
            agree(&lab, &capture, &priority);
        }
    }
}

fn gnutls_cli(lab: &Lab, address: &str, priority: &str) -> Command {
    let (host, port) = address.rsplit_once(':').unwrap();
    let mut command = lab.command("gnutls-cli");
    command.args(["--insecure", "--no-ca-verification", "--logfile", "gnutls.log", "--priority", priority]);
    command.args(["--port", port, host]);
    command
}

#[test]
fn rustls_on_both_sides() {
    if !have(&["tshark", "openssl"]) {
        return;
    }
    for version in ["1.3", "1.2"] {
        let lab = Lab::new();
        let theirs = openssl_server(&lab);
        let connect = |lab: &Lab, address: &str| {
            let mut command = lab.command(TLSLAB);
            command.args(["connect", address, "--ca", "cert.pem", "--tls", version, "--message", MESSAGE]);
            command
        };
        let capture = record(&lab, &theirs.to_word(), |address| connect(&lab, address));
        agree(&lab, &capture, &format!("tlslab connect to openssl, {version}"));

        let lab = Lab::new();
        lab.gencert(&[]);
        let ours = lab.serve(&["--keylog", "keys.log", "--tls", version]);
        let capture = record(&lab, &ours.to_word(), |address| connect(&lab, address));
        agree(&lab, &capture, &format!("tlslab on both sides, {version}"));
    }
}

#[test]
fn python_node_java_and_go() {
    if !have(&["tshark", "openssl", "python3"]) {
        return;
    }
    let lab = Lab::new();
    openssl::certificate(&lab);
    let server = openssl::server(&lab, &["-keylogfile", "keys.log"]);
    for version in ["1.3", "1.2"] {
        let python = format!(
            "import socket, ssl, sys\n\
             context = ssl.create_default_context()\n\
             context.check_hostname, context.verify_mode = False, ssl.CERT_NONE\n\
             context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv{}\n\
             host, port = sys.argv[1].split(':')\n\
             with context.wrap_socket(socket.create_connection((host, port))) as stream:\n\
             \tstream.sendall(b'{MESSAGE}\\n')\n\
             \tstream.recv(100)\n\
             \tstream.unwrap()\n",
            version.replace('.', "_")
        );
        let capture = record(&lab, &server.to_word(), |address| {
            let mut command = lab.command("python3");
            command.args(["-c", &python, address]);
            command
        });
        agree(&lab, &capture, &format!("python, {version}"));
        if peer("node") {
            let capture = record(&lab, &server.to_word(), |address| {
                let mut command = lab.command("node");
                let port = address.rsplit(':').next().unwrap();
                command.arg(among_tests("oracle/client.js")).args([
                    port,
                    "cert.pem",
                    "www.test.org",
                    version,
                    MESSAGE,
                ]);
                command
            });
            agree(&lab, &capture, &format!("node, {version}"));
        }
        if peer("java") {
            let capture = record(&lab, &server.to_word(), |address| {
                let mut command = lab.command("java");
                let port = address.rsplit(':').next().unwrap();
                command.arg(among_tests("oracle/Client.java")).args([
                    port,
                    "cert.pem",
                    "www.test.org",
                    version,
                    MESSAGE,
                ]);
                command
            });
            agree(&lab, &capture, &format!("java, {version}"));
        }
        if peer("go") {
            let capture = record(&lab, &server.to_word(), |address| {
                let mut command = lab.command("go");
                command.arg("run").arg(among_tests("decrypt/client.go")).args([address, version, MESSAGE]);
                command
            });
            agree(&lab, &capture, &format!("go, {version}"));
        }
    }
}

#[test]
fn a_key_update_is_followed() {
    if !have(&["tshark", "openssl"]) {
        return;
    }
    let lab = Lab::new();
    let server = openssl_server(&lab);
    // A line that begins with K, read by itself, asks for a KeyUpdate of both sides.
    let lines = [("before", "erofeb"), ("K", "KEYUPDATE"), ("after", "retfa"), ("again", "niaga")];
    let capture = typed(&lab, &server, &["-tls1_3"], &lines);
    let (told, session) = ours(&lab, &capture);
    assert_eq!(session["tls"]["opening_trouble"], Value::Null);
    assert_eq!(told, tshark(&lab, &capture, 0));
    assert_eq!(told.handshake.iter().filter(|kind| *kind == "24").count(), 2, "{told:?}");
    assert!(told.data.concat().contains(&tlslab::words::hex(b"niaga")), "{told:?}");
}

/// openssl with an interactive client, through a tap, and what it is typed: a line, and what the peer says then.
fn typed(lab: &Lab, server: &OpensslServer, arguments: &[&str], lines: &[(&str, &str)]) -> PathBuf {
    let capture = lab.file("capture.pcapng");
    let mut tap = lab.command(TLSLAB);
    let to = server.to_word();
    tap.args(["tap", "--listen", "127.0.0.1:0", "--keylog", "keys.log", "--to", &to, "--pcap"]).arg(&capture);
    let tap = Server::start(&mut tap);
    let mut command = lab.command("openssl");
    let mut client = Peer::start(command.args(["s_client", "-connect", &tap.to_word()]).args(arguments));
    for (line, answer) in lines {
        client.type_line(line);
        client.wait_for(answer);
    }
    assert!(client.ended().0.success());
    assert!(tap.stop().0.success());
    capture
}

#[test]
fn a_renegotiation_is_followed_with_the_whole_key_log() {
    if !have(&["tshark", "openssl"]) {
        return;
    }
    let lab = Lab::new();
    openssl::certificate(&lab);
    let server = openssl::server(&lab, &["-client_renegotiation", "-keylogfile", "keys.log"]);
    // A line that begins with R, read by itself, asks for a renegotiation.
    let lines = [("before", "erofeb"), ("R", "RENEGOTIATING"), ("after", "retfa")];
    let capture = typed(&lab, &server, &["-tls1_2"], &lines);
    let (_, session) = ours(&lab, &capture);
    // The tap saw the first hello only, and brought its secrets only.
    let trouble = session["tls"]["opening_trouble"].as_str().unwrap_or_default();
    assert!(trouble.ends_with("did not open with the secrets that there are"), "{trouble}");
    let report = lab.tlslab(["dissect", "capture.pcapng", "--json", "--keylog", "keys.log"]).success().json();
    let session = &report["sessions"][0];
    assert_eq!(session["tls"]["opening_trouble"], Value::Null);
    let told = told(session);
    assert_eq!(
        told.handshake.iter().filter(|kind| *kind == "20").count(),
        4,
        "two Finished, twice: {told:?}"
    );
    assert!(told.data.concat().contains(&tlslab::words::hex(b"retfa")), "{told:?}");
    let mut whole = lab.command("editcap");
    run(whole.args(["--inject-secrets", "tls,keys.log", "capture.pcapng", "whole.pcapng"])).success();
    assert_eq!(told, tshark(&lab, &lab.file("whole.pcapng"), 0));
}

#[test]
fn a_suite_that_is_not_known_is_said_to_be() {
    if !have(&["openssl"]) {
        return;
    }
    let lab = Lab::new();
    let server = openssl_server(&lab);
    for (suite, name) in [
        ("ECDHE-ARIA128-GCM-SHA256", "TLS_ECDHE_RSA_WITH_ARIA_128_GCM_SHA256"),
        ("ECDHE-RSA-AES128-SHA256", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256"),
        ("ECDHE-RSA-CAMELLIA128-SHA256", "TLS_ECDHE_RSA_WITH_CAMELLIA_128_CBC_SHA256"),
    ] {
        let arguments = format!("-tls1_2 -cipher {suite}:@SECLEVEL=0");
        let capture = record(&lab, &server.to_word(), |address| s_client(&lab, address, &arguments));
        let (_, session) = ours(&lab, &capture);
        let words = format!("TLS 1.2 with {name} is not decrypted: tlslab does not know this suite");
        assert_eq!(session["tls"]["opening_trouble"], words);
    }
}

#[test]
fn secrets_from_a_file_serve_as_those_inside_and_late_ones_too() {
    if !have(&["tshark", "openssl"]) {
        return;
    }
    let lab = Lab::new();
    let server = openssl_server(&lab);
    let capture = record(&lab, &server.to_word(), |address| s_client(&lab, address, "-tls1_3"));
    let (inside, _) = ours(&lab, &capture);
    // The same without its secrets, and with them behind the packets.
    let bytes = std::fs::read(&capture).unwrap();
    let (mut without, mut secrets, mut rest) = (Vec::new(), Vec::new(), &bytes[..]);
    while let Some(header) = rest.first_chunk::<8>() {
        let length = u32::from_le_bytes(header[4..].try_into().unwrap()) as usize;
        let (block, more) = rest.split_at(length);
        if header[..4] == [10, 0, 0, 0] {
            secrets.extend_from_slice(block);
        } else {
            without.extend_from_slice(block);
        }
        rest = more;
    }
    lab.write("without.pcapng", &without);
    lab.write("late.pcapng", [&without[..], &secrets].concat());
    let json =
        |arguments: &[&str]| lab.tlslab(["dissect", "--json"].iter().chain(arguments)).success().json();
    let opened = |report: &Value| report["sessions"][0]["tls"]["opened_records"].clone();
    let with = json(&["capture.pcapng"]);
    assert!(opened(&with)["client"].as_u64() > Some(1), "{with}");
    assert_eq!(opened(&json(&["without.pcapng"])), serde_json::json!({ "client": 0, "server": 0 }));
    assert_eq!(opened(&json(&["without.pcapng", "--keylog", "keys.log"])), opened(&with));
    assert_eq!(opened(&json(&["late.pcapng"])), opened(&with));
    let find = json(&["capture.pcapng", "--find", MESSAGE]);
    assert_eq!(
        (&find["readable"], &find["find"][0]["with_secrets_count"]),
        (&Value::Bool(false), &Value::from(1))
    );
    assert!(!inside.data[0].is_empty());
    lab.tlslab(["dissect", "capture.pcapng", "--keylog", "absent.log"])
        .status(2)
        .says("tlslab: error: absent.log: cannot read: No such file or directory");
}
