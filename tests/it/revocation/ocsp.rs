//! OCSP, from outside: asked and answered by others, stapled and judged in both directions.

use std::ffi::OsStr;
use std::process::Command;

use serde_json::json;

use super::{BY, beside, lab, revoke, verify};
use crate::lab::{Lab, Server, TLSLAB, peer, run};
use crate::peers::python_module;

/// Answers for the CA in `ca/`, on a free port.
fn responder(lab: &Lab, arguments: &[&str]) -> Server {
    let mut command = lab.command(TLSLAB);
    command.args(["ocsp", "--listen", "127.0.0.1:0"]).args(arguments);
    Server::start(&mut command)
}

/// Writes `tlslab`'s response about the server's certificate.
fn staple(lab: &Lab, out: &str) {
    let about = ["ocsp", "server/cert.pem", "--out", out, "--force"];
    lab.tlslab([&about[..], &BY[..]].concat()).success();
}

/// Serves the server's certificate with a staple.
fn stapling(lab: &Lab, file: &str) -> Server {
    lab.serve(&["--cert", "server/cert.pem", "--key", "server/clearkey.pem", "--www", "--ocsp", file])
}

fn connect(lab: &Lab, address: &str, arguments: &[&str]) -> crate::lab::Run {
    let connect = ["connect", address, "--ca", "ca/cert.pem", "--message", "secret", "--json"];
    lab.tlslab([&connect[..], arguments].concat())
}

fn serial(lab: &Lab, certificate: &str) -> String {
    let shown = lab.tlslab(["inspect", certificate, "--json"]).success().json();
    shown["certificates"][0]["serial"].as_str().unwrap().to_owned()
}

#[test]
fn a_ca_knows_what_it_has_issued() {
    let lab = lab();
    let index = || lab.read("ca/index.txt");
    let states = || {
        index().lines().skip(1).map(|line| line.split('\t').next().unwrap().to_owned()).collect::<String>()
    };
    assert!(index().starts_with("# issued by the CA with the key "), "{}", index());
    assert_eq!(states(), "VV");
    assert!(
        index().contains("\tunknown\t/C=AU/ST=WA/L=Perth/O=Test Organisation/OU=Org/CN=bob\n"),
        "{}",
        index()
    );
    let bob = serial(&lab, "bob/cert.pem");
    revoke(&lab, &[&bob, "--reason", "certificateHold"]).success().prints("list 1, 1 certificate");
    assert_eq!(states(), "VR");
    assert!(index().contains(",certificateHold\t"), "{}", index());
    revoke(&lab, &[&bob, "--reason", "removeFromCRL"]).success();
    assert_eq!(states(), "VV");
    revoke(&lab, &["server/cert.pem"]).success();
    assert_eq!(states(), "RV");
    revoke(&lab, &["0123"]).status(1).says("0123: no certificate of this serial number in ca/index.txt");

    // What cannot be written leaves both as they were.
    let before = index();
    std::fs::create_dir(lab.file("folder")).unwrap();
    revoke(&lab, &["bob/cert.pem", "--crl", "folder"]).status(1);
    revoke(&lab, &["bob/cert.pem", "--crl", "no/such/crl.pem"]).status(1);
    assert_eq!(index(), before);
    let signed = ["gencert", "--noenc", "--key", "ec:p256", "--out", "server"];
    lab.tlslab([&signed[..], &BY[..]].concat()).status(1).says("already exist");
    assert_eq!(index(), before);

    // Another CA's is left alone, and one without an index is none the worse.
    lab.gencert(&["--profile", "ca", "--cn", "Other CA", "--out", "other"]).success();
    std::fs::copy(lab.file("other/cert.pem"), lab.file("ca/other.pem")).unwrap();
    let other = ["--ca", "ca/other.pem", "--ca-key", "other/clearkey.pem", "--out", "alien"];
    lab.gencert(&other).success();
    assert_eq!(index(), before);
    std::fs::remove_file(lab.file("other/index.txt")).unwrap();
    let other = ["--ca", "other/cert.pem", "--ca-key", "other/clearkey.pem", "--out", "stranger"];
    lab.gencert(&other).success();
    assert!(!lab.file("other/index.txt").exists());
    lab.write("ca/index.txt", "nonsense\n");
    let late = [&BY[..], &["--out", "late"]].concat();
    lab.tlslab([&["gencert", "--noenc", "--key", "ec:p256"], &late[..]].concat())
        .status(1)
        .says("ca/index.txt: line 1: expected six fields between tabs");
    assert!(!lab.file("late").exists());
}

#[test]
fn a_certificate_says_where_its_status_is_to_be_had() {
    let lab = lab();
    let places = [
        "--crl-url",
        "http://ca.test.org/crl.pem",
        "--ocsp-url",
        "http://127.0.0.1:2560/",
        "--must-staple",
        "--out",
        "told",
    ];
    lab.gencert(&[&BY[..], &places[..]].concat()).success();
    lab.tlslab(["inspect", "told/cert.pem"])
        .success()
        .prints("cRLDistributionPoints: URI:http://ca.test.org/crl.pem")
        .prints("authorityInfoAccess: OCSP URI:http://127.0.0.1:2560/")
        .prints("tlsFeature: status_request (must staple)");
    lab.tlslab(["gencert", "--crl-url", "ca.test.org"]).status(2).says("expected http:// or https://");
    if peer("openssl") {
        let shown = |what: &[&str]| {
            lab.run("openssl", [&["x509", "-in", "told/cert.pem", "-noout"], what].concat()).success()
        };
        shown(&["-ocsp_uri"]).prints("http://127.0.0.1:2560/");
        shown(&["-ext", "tlsfeature,crlDistributionPoints"])
            .prints("status_request")
            .prints("URI:http://ca.test.org/crl.pem");
    }
}

/// RFC 7633 §4.2.2.
#[test]
fn what_a_ca_promises_of_tls_those_below_it_promise_too() {
    let lab = lab();
    // One CA with two certificates, of which one promises staples.
    let request = ["--csr-only", "--profile", "ca", "--cn", "Sub CA", "--out", "sub"];
    lab.gencert(&request);
    for (out, promise) in [("lax", &[][..]), ("strict", &["--must-staple"])] {
        let certify = ["gencert", "--csr", "sub/csr.pem", "--profile", "ca", "--out", out];
        lab.tlslab([&certify[..], &BY[..], promise].concat()).success();
        let ca = format!("{out}/cert.pem");
        lab.gencert(&["--ca", &ca, "--ca-key", "sub/clearkey.pem", "--out", &format!("by-{out}")]);
    }
    lab.tlslab(["inspect", "by-strict/cert.pem"])
        .success()
        .prints("tlsFeature: status_request (must staple)");
    let first = |file: &str, out: &str| {
        let chain = lab.read(file);
        lab.write(out, chain.split_inclusive("-----END CERTIFICATE-----\n").next().expect("a certificate"));
    };
    first("by-strict/cert.pem", "heir.pem");
    first("by-lax/cert.pem", "careless.pem");
    let verify = |leaf: &str, above: &str| {
        let by =
            ["verify", leaf, "--ca", "ca/cert.pem", "--untrusted", above, "--revocation", "off", "--json"];
        lab.tlslab(by)
    };
    verify("heir.pem", "strict/cert.pem").success();
    verify("heir.pem", "lax/cert.pem").success();
    verify("careless.pem", "lax/cert.pem").success();
    let refused = verify("careless.pem", "strict/cert.pem").status(10).json();
    assert!(refused["checks"][0]["found"].as_str().unwrap().contains("(tlsFeature)"), "{refused}");
}

#[test]
fn a_staple_is_judged_live_as_offline() {
    let lab = lab();
    staple(&lab, "good.der");
    let shown = lab.tlslab(["inspect", "good.der", "--json"]).success().json();
    assert_eq!(shown["ocsp_responses"][0]["answer"]["responses"][0]["status"], "good");
    lab.tlslab(["inspect", "good.der"]).success().prints("OCSP response").prints(" good");
    let mut server = stapling(&lab, "good.der");
    assert!(server.heard().contains("stapling an OCSP response"), "{}", server.heard());
    let accepted = connect(&lab, &server.to_word(), &[]).success().json();
    assert_eq!(accepted["checks"][7]["check"], "revocation");
    assert!(accepted["checks"][7]["found"].as_str().unwrap().contains("is not revoked: the staple of"));
    verify(&lab, &["--ocsp", "good.der"]).success();

    revoke(&lab, &["server/cert.pem", "--reason", "keyCompromise"]).success();
    staple(&lab, "revoked.der");
    assert_eq!(verify(&lab, &["--ocsp", "revoked.der"]).status(14).json()["reasons"], json!(["revoked"]));
    // The file is read again, and one that is none leaves what there was.
    std::fs::copy(lab.file("revoked.der"), lab.file("good.der")).unwrap();
    server.signal("HUP");
    server.wait_for("reloaded");
    let refused = connect(&lab, &server.to_word(), &[]).status(14).json();
    assert_eq!(refused["reasons"], json!(["revoked"]));
    assert_eq!(refused["alert_sent"], "certificate_revoked");
    assert_eq!(refused["sent_bytes"], 0);
    connect(&lab, &server.to_word(), &["--revocation", "off"]).success();
    lab.write("good.der", "nonsense");
    server.signal("HUP");
    server.wait_for("not reloaded");
    connect(&lab, &server.to_word(), &[]).status(14);

    // Of another certificate; and none at all, where one is promised.
    let bob = ["ocsp", "bob/cert.pem", "--out", "bob.der"];
    lab.tlslab([&bob[..], &BY[..]].concat()).success();
    let server = stapling(&lab, "bob.der");
    assert!(
        server.heard().contains("a good client will refuse this certificate: revocation"),
        "{}",
        server.heard()
    );
    let refused = connect(&lab, &server.to_word(), &[]).status(14).json();
    assert_eq!(refused["reasons"], json!(["revocation-unknown"]));
    assert_eq!(refused["alert_sent"], "bad_certificate_status_response");
    lab.gencert(&[&BY[..], &["--must-staple", "--out", "must"]].concat()).success();
    let server = lab.serve(&["--cert", "must/cert.pem", "--key", "must/clearkey.pem"]);
    let refused = connect(&lab, &server.to_word(), &[]).status(14).json();
    assert_eq!(refused["alert_sent"], "bad_certificate_status_response");
    lab.tlslab(["serve", "--cert", "must/cert.pem", "--key", "must/clearkey.pem", "--ocsp", "ca/cert.pem"])
        .status(1)
        .says("expected an OCSP response, found CERTIFICATE");
}

/// Java's is a judge (PKIX, with nothing but the staple to go by); Go's and Node's clients hand the staple over as it came, and
/// Python's cryptography reads it.
#[test]
fn clients_of_java_go_node_and_python_take_a_staple_as_it_is() {
    let lab = lab();
    staple(&lab, "good.der");
    revoke(&lab, &["server/cert.pem", "--reason", "keyCompromise"]).success();
    staple(&lab, "revoked.der");
    if let Some(packages) = python_module("peers", "cryptography") {
        for (response, said) in
            [("good.der", "GOOD None\n"), ("revoked.der", "REVOKED ReasonFlags.key_compromise\n")]
        {
            let mut python = lab.command("python3");
            python.env("PYTHONPATH", &packages).arg(beside("staple.py")).args([response, "ca/cert.pem"]);
            assert_eq!(run(&mut python).success().stdout, said);
        }
    }
    let (java, go, node) = (peer("java"), peer("go"), peer("node"));
    if go {
        run(lab.command("go").args(["build", "-o", "staple"]).arg(beside("staple.go"))).success();
    }
    for (response, said) in [
        (Some("good.der"), "accepted\n"),
        (Some("revoked.der"), "refused: Certificate has been revoked, reason: KEY_COMPROMISE"),
        (None, "refused: Certificate does not specify OCSP responder"),
    ] {
        let stapled = response.map(|file| ["--ocsp", file]);
        let own = ["--cert", "server/cert.pem", "--key", "server/clearkey.pem"];
        let server = lab.serve(&[&own[..], stapled.as_ref().map_or(&[], |words| &words[..])].concat());
        let port = server.port();
        let ask = |program: &OsStr, file: Option<&str>| {
            let mut command = lab.command(program);
            command.args(file.map(beside)).args([&port, "ca/cert.pem"]);
            command
        };
        if java {
            let heard = run(&mut ask("java".as_ref(), Some("Staple.java"))).success().stdout;
            assert!(heard.starts_with(said), "{response:?}: {heard}");
        }
        let expected = response.map_or_else(Vec::new, |file| std::fs::read(lab.file(file)).unwrap());
        let came = |mut command: Command| command.output().unwrap().stdout;
        if go {
            assert!(came(ask(lab.file("staple").as_os_str(), None)) == expected, "Go: {response:?}");
        }
        if node {
            assert!(came(ask("node".as_ref(), Some("staple.js"))) == expected, "Node: {response:?}");
        }
    }
}

#[test]
fn openssl_asks_tlslab() {
    if !peer("openssl") {
        return;
    }
    let lab = lab();
    revoke(&lab, &["bob/cert.pem", "--reason", "keyCompromise"]).success();
    lab.gencert(&[&BY[..], &["--profile", "ocsp", "--cn", "Test OCSP", "--out", "responder"]].concat())
        .success();
    // Issued behind the index's back.
    let index = lab.read("ca/index.txt");
    lab.gencert(&[&BY[..], &["--out", "strange"]].concat()).success();
    lab.write("ca/index.txt", index);
    let delegated = ["--signer", "responder/cert.pem", "--signer-key", "responder/clearkey.pem"];
    for who in [&BY[..], &[&BY[..2], &delegated[..]].concat()[..]] {
        let server = responder(&lab, who);
        let url = format!("http://{}/", server.to_word());
        let asked = |certificate: &str| {
            let ask = [
                "ocsp",
                "-issuer",
                "ca/cert.pem",
                "-CAfile",
                "ca/cert.pem",
                "-url",
                &url,
                "-cert",
                certificate,
            ];
            lab.run("openssl", ask).success().says("Response verify OK")
        };
        let good = asked("server/cert.pem").prints("server/cert.pem: good");
        assert!(!good.stderr.contains("nonce"), "{good}");
        asked("bob/cert.pem").prints("bob/cert.pem: revoked").prints("Reason: keyCompromise");
        asked("strange/cert.pem").prints("strange/cert.pem: unknown");
        let (exit, said) = server.stop();
        assert!(exit.success() && said.contains(" good") && said.contains(" unknown"), "{said}");
    }
    // By GET, of what has no nonce.
    let server = responder(&lab, &BY);
    let request =
        ["ocsp", "-issuer", "ca/cert.pem", "-cert", "bob/cert.pem", "-no_nonce", "-reqout", "request.der"];
    lab.run("openssl", request).success();
    if peer("curl") {
        let request = data_encoding::BASE64.encode(&std::fs::read(lab.file("request.der")).unwrap());
        let request = request.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
        let url = format!("http://{}/{request}", server.to_word());
        lab.run("curl", ["-sS", "-D", "-", "-o", "response.der", &url]).success().prints("max-age=86");
        lab.run(
            "openssl",
            [
                "ocsp",
                "-respin",
                "response.der",
                "-issuer",
                "ca/cert.pem",
                "-cert",
                "bob/cert.pem",
                "-CAfile",
                "ca/cert.pem",
            ],
        )
        .success()
        .prints("bob/cert.pem: revoked");
    }
    if peer("ocsptool") {
        let url = format!("--ask=http://{}/", server.to_word());
        let ask = |certificate: &str| {
            let ask = [
                &url,
                "--load-cert",
                certificate,
                "--load-issuer",
                "ca/cert.pem",
                "--load-trust",
                "ca/cert.pem",
            ];
            lab.run("ocsptool", ask)
        };
        ask("server/cert.pem").success().prints("Certificate Status: good");
        ask("bob/cert.pem").prints("Certificate Status: revoked");
    }
}

#[test]
fn openssl_answers_tlslab() {
    if !peer("openssl") {
        return;
    }
    let lab = lab();
    let answer = |certificate: &str, out: &str, arguments: &[&str]| {
        let by = ["-rsigner", "ca/cert.pem", "-rkey", "ca/clearkey.pem"];
        let asked =
            ["ocsp", "-index", "ca/index.txt", "-CA", "ca/cert.pem", "-issuer", "ca/cert.pem", "-noverify"];
        let by = if arguments.contains(&"-rsigner") { &[][..] } else { &by[..] };
        let all = [&asked[..], by, arguments, &["-cert", certificate, "-respout", out]].concat();
        lab.run("openssl", all).success();
    };
    // The index is tlslab's.
    answer("server/cert.pem", "good.der", &["-ndays", "1"]);
    verify(&lab, &["--ocsp", "good.der"]).success();
    answer("server/cert.pem", "forever.der", &[]);
    verify(&lab, &["--ocsp", "forever.der"]).success();
    answer("bob/cert.pem", "other.der", &["-ndays", "1"]);
    assert_eq!(
        verify(&lab, &["--ocsp", "other.der"]).status(14).json()["reasons"],
        json!(["revocation-unknown"])
    );
    let stranger = ["-rsigner", "server/cert.pem", "-rkey", "server/clearkey.pem", "-ndays", "1"];
    answer("server/cert.pem", "stranger.der", &stranger);
    verify(&lab, &["--ocsp", "stranger.der"]).status(14).prints("OCSPSigning");
    lab.gencert(&[&BY[..], &["--profile", "ocsp", "--cn", "Test OCSP", "--out", "responder"]].concat())
        .success();
    let delegate = ["-rsigner", "responder/cert.pem", "-rkey", "responder/clearkey.pem", "-ndays", "1"];
    answer("server/cert.pem", "delegate.der", &delegate);
    verify(&lab, &["--ocsp", "delegate.der"]).success();
    revoke(&lab, &["server/cert.pem", "--reason", "superseded"]).success();
    answer("server/cert.pem", "revoked.der", &["-ndays", "1"]);
    verify(&lab, &["--ocsp", "revoked.der"]).status(14).prints("(superseded)");
    lab.run(
        "openssl",
        ["verify", "-crl_check_all", "-CAfile", "ca/cert.pem", "-CRLfile", "crl.pem", "server/cert.pem"],
    )
    .status(2)
    .says("certificate revoked");

    // Stapled by openssl's server.
    std::fs::copy(lab.file("server/cert.pem"), lab.file("cert.pem")).unwrap();
    std::fs::copy(lab.file("server/clearkey.pem"), lab.file("clearkey.pem")).unwrap();
    for (file, status, alert) in [
        ("delegate.der", 0, json!(null)),
        ("revoked.der", 14, json!("certificate_revoked")),
        ("other.der", 14, json!("bad_certificate_status_response")),
    ] {
        for version in ["1.2", "1.3"] {
            let server = crate::openssl::server(&lab, &["-cert_chain", "ca/cert.pem", "-status_file", file]);
            let found = connect(&lab, &server.to_word(), &["--tls", version]).status(status).json();
            assert_eq!(found["alert_sent"], alert, "{file} {version}");
        }
    }
}

/// Connects to this port; `&dyn`, for each has a command line of its own.
type Client<'a> = &'a dyn Fn(&str) -> crate::lab::Run;

#[test]
fn clients_of_others_heed_a_staple() {
    let lab = lab();
    staple(&lab, "good.der");
    let bob = ["ocsp", "bob/cert.pem", "--out", "other.der"];
    lab.tlslab([&bob[..], &BY[..]].concat()).success();
    revoke(&lab, &["server/cert.pem", "--reason", "keyCompromise"]).success();
    staple(&lab, "revoked.der");
    let clients: [(&str, Client<'_>); 2] = [
        ("curl", &|port| {
            let (resolve, url) =
                (format!("www.test.org:{port}:127.0.0.1"), format!("https://www.test.org:{port}/"));
            lab.run("curl", ["-sS", "--cacert", "ca/cert.pem", "--resolve", &resolve, "--cert-status", &url])
        }),
        ("gnutls-cli", &|port| {
            let known =
                ["--x509cafile", "ca/cert.pem", "--verify-hostname", "www.test.org", "-p", port, "127.0.0.1"];
            lab.run("gnutls-cli", known)
        }),
    ];
    for (file, is_good) in [("good.der", true), ("revoked.der", false), ("other.der", false)] {
        let server = stapling(&lab, file);
        let port = server.port();
        for (name, client) in clients {
            if peer(name) {
                let ran = client(&port);
                assert_eq!(ran.code() == 0, is_good, "{name} {file}: {ran}");
            }
        }
        if peer("openssl") {
            let status = ["s_client", "-connect", &server.to_word(), "-CAfile", "ca/cert.pem", "-status"];
            let words = if file == "revoked.der" { "Cert Status: revoked" } else { "Cert Status: good" };
            lab.run("openssl", status).prints(words);
        }
    }
    // None at all.
    let server = lab.serve(&["--cert", "server/cert.pem", "--key", "server/clearkey.pem", "--www"]);
    if peer("curl") {
        let ran = clients[0].1(&server.port());
        assert!(ran.code() != 0, "{ran}");
    }
}

#[test]
fn what_is_asked_of_a_responder_is_bounded() {
    let lab = lab();
    let mut server = responder(&lab, &BY);
    let url = format!("http://{}/", server.to_word());
    if peer("curl") {
        lab.write("long", vec![0; 70_000]);
        let post = |kind: &str| {
            let header = format!("Content-Type: {kind}");
            lab.run(
                "curl",
                ["-sS", "-o", "answer", "-w", "%{http_code}", "-H", &header, "--data-binary", "@long", &url],
            )
        };
        post("application/ocsp-request").prints("413");
        post("text/plain").prints("415");
    }
    // What the index says is said from then on; what it does not say well is not made up.
    std::fs::remove_file(lab.file("ca/index.txt")).unwrap();
    if peer("openssl") {
        let ask = [
            "ocsp",
            "-issuer",
            "ca/cert.pem",
            "-CAfile",
            "ca/cert.pem",
            "-url",
            &url,
            "-cert",
            "server/cert.pem",
        ];
        let ran = lab.run("openssl", ask);
        assert!(format!("{ran}").contains("internalerror"), "{ran}");
        server.wait_for("internalError");
    }
    drop(server);
    lab.tlslab([&["ocsp"], &BY[..]].concat()).status(1).says("ca/index.txt: no such file").says("index.txt");
}
