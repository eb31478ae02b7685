//! `tlslab gencert`, through the real binary; openssl marks what it makes.

use std::path::Path;

use crate::lab::{Lab, Run, Server, TLSLAB, peer, run, run_with_input, signal};

const PASS: &str = "correct horse";

/// Quick options: everything but the RSA search.
const EC: [&str; 3] = ["gencert", "--key", "ec:p256"];

fn gencert(lab: &Lab, arguments: &[&str]) -> Run {
    let mut command = lab.command(TLSLAB);
    command.args(EC).args(arguments).env("PASS", PASS);
    run(&mut command)
}

/// The names in a folder.
fn listing(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).expect("a file").permissions().mode() & 0o7777
}

const OPENSSL: &str = "openssl";

fn openssl(lab: &Lab, arguments: &[&str]) -> Run {
    let mut command = lab.command(OPENSSL);
    command.args(arguments).env("PASS", PASS);
    run(&mut command)
}

#[test]
fn three_files_with_their_modes_and_what_to_run_next() {
    let lab = Lab::new();
    let made = gencert(&lab, &["--passout", "env:PASS"]).success();
    assert_eq!(listing(lab.path()), ["cert.pem", "clearkey.pem", "key.pem"]);
    #[cfg(unix)]
    for (name, expected) in [("cert.pem", 0o644), ("clearkey.pem", 0o600), ("key.pem", 0o600)] {
        assert_eq!(mode(&lab.file(name)), expected, "{name}");
    }
    assert!(lab.read("cert.pem").starts_with("-----BEGIN CERTIFICATE-----\n"));
    assert!(lab.read("key.pem").starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
    assert!(lab.read("clearkey.pem").starts_with("-----BEGIN PRIVATE KEY-----\n"));
    let lines: Vec<_> = made.stdout.lines().collect();
    assert_eq!(lines[0], "subject   /C=AU/ST=WA/L=Perth/O=Test Organisation/OU=Org/CN=www.test.org");
    assert_eq!(lines[1], "names     DNS:www.test.org");
    assert_eq!(lines[2], "issuer    itself (self-signed)");
    assert!(lines[3].starts_with("valid     2") && lines[3].ends_with(" (365 days)"), "{made}");
    assert_eq!(lines[4], "key       EC P-256");
    assert!(lines[5].starts_with("SHA-256   "), "{made}");
    assert_eq!(
        lines[7..],
        [
            "cert.pem      0644  certificate",
            "key.pem       0600  private key, encrypted",
            "clearkey.pem  0600  private key, readable as it is",
        ]
    );
    assert_eq!(made.stderr, "\nnext:\n  tlslab serve\n  tlslab connect\n");
}

#[test]
fn the_modes_do_not_depend_on_the_umask() {
    let lab = Lab::new();
    for (umask, folder) in [("000", "open"), ("077", "shut")] {
        let script =
            format!("umask {umask}; exec \"$0\" gencert --key ec:p256 --out {folder} --passout env:PASS");
        let mut command = lab.command("sh");
        run(command.args(["-c", &script, TLSLAB]).env("PASS", PASS)).success();
        #[cfg(unix)]
        for (name, expected) in [("cert.pem", 0o644), ("clearkey.pem", 0o600), ("key.pem", 0o600)] {
            assert_eq!(mode(&lab.file(folder).join(name)), expected, "{umask} {name}");
        }
    }
}

#[test]
fn next_names_only_what_the_defaults_would_miss() {
    let lab = Lab::new();
    for (arguments, expected) in [
        (
            &["--out", "a b"][..],
            "tlslab serve --cert 'a b/cert.pem' --key 'a b/clearkey.pem'\n  tlslab connect --ca 'a b/cert.pem'\n",
        ),
        (&["--force", "--cn", "localhost"], "tlslab serve\n  tlslab connect --cn localhost\n"),
        (
            &["--out", "ca", "--profile", "ca"],
            "tlslab gencert --ca ca/cert.pem --ca-key ca/clearkey.pem --out server\n",
        ),
        (
            &["--out", "leaf", "--ca", "ca/cert.pem", "--ca-key", "ca/clearkey.pem"],
            "tlslab serve --cert leaf/cert.pem --key leaf/clearkey.pem\n  tlslab connect --ca ca/cert.pem\n",
        ),
        (
            &["--out", "me", "--profile", "client"],
            "tlslab serve --client-ca me/cert.pem\n  tlslab connect --cert me/cert.pem --key me/clearkey.pem\n",
        ),
    ] {
        let made = gencert(&lab, &[&["--noenc"], arguments].concat()).success();
        assert!(made.stderr.ends_with(&format!("next:\n  {expected}")), "{made}");
    }
}

#[test]
fn existing_files_are_never_overwritten_without_force() {
    let lab = Lab::new();
    lab.write("key.pem", "precious");
    lab.write("cert.pem", "precious");
    let refused = gencert(&lab, &[]).status(1);
    assert_eq!(
        refused.stderr,
        "tlslab: error: cert.pem and key.pem already exist\n\
         tlslab: hint: --force replaces them, --out DIR writes somewhere else\n"
    );
    assert_eq!(listing(lab.path()), ["cert.pem", "key.pem"]);
    assert_eq!(lab.read("key.pem"), "precious");
    gencert(&lab, &["--force", "--passout", "env:PASS"]).success();
    assert_eq!(listing(lab.path()), ["cert.pem", "clearkey.pem", "key.pem"]);
    assert!(lab.read("key.pem").contains("ENCRYPTED"));
}

#[test]
fn places_that_cannot_be_written_are_named_and_nothing_is_left() {
    let lab = Lab::new();
    lab.write("file", "");
    gencert(&lab, &["--out", "file"]).status(1).says("file: expected a directory, found a file");
    gencert(&lab, &["--out", "file/below"]).status(1).says("file/below: ");
    std::fs::create_dir_all(lab.file("busy/key.pem")).expect("a directory");
    gencert(&lab, &["--out", "busy", "--force"])
        .status(1)
        .says("busy/key.pem: expected a file, found a directory");
    assert_eq!(listing(&lab.file("busy")), ["key.pem"]);
    gencert(&lab, &["--out", "/proc"]).status(1).says("/proc: cannot write it: ");
}

#[test]
fn a_full_disk_leaves_nothing() {
    // A file size limit is what an unprivileged test has for a full disk: the write fails in the middle.
    let lab = Lab::new();
    let script = "ulimit -f 1; trap '' XFSZ; exec \"$0\" gencert --key rsa:4096 --noenc --out full";
    let limited = run(lab.command("sh").args(["-c", script, TLSLAB]));
    limited.status(1).says("full: cannot write it: ");
    assert_eq!(listing(lab.path()), Vec::<String>::new());
}

#[test]
fn every_quick_algorithm_is_made() {
    let lab = Lab::new();
    for (algorithm, shown) in [
        ("rsa:2048", "RSA 2048 bits"),
        ("rsa:3072", "RSA 3072 bits"),
        ("ec:p256", "EC P-256"),
        ("rsa-pss:2048", "RSA-PSS 2048 bits"),
        ("ec:p384", "EC P-384"),
        ("ec:p521", "EC P-521"),
        ("ed25519", "Ed25519"),
    ] {
        let made =
            lab.tlslab(["gencert", "--noenc", "--force", "--json", "--key", algorithm]).success().json();
        assert_eq!((made["key"].as_str(), made["public_key"].as_str()), (Some(algorithm), Some(shown)));
        if peer(OPENSSL) {
            judged_by_openssl(&lab);
        }
    }
}

#[test]
#[ignore = "an 8192-bit key takes long to find: 80 s on two busy cores"]
fn the_largest_algorithm_is_made() {
    let lab = Lab::new();
    lab.tlslab(["gencert", "--noenc", "--key", "rsa:8192"]).success().prints("key       RSA 8192 bits");
    judged_by_openssl(&lab);
}

/// openssl reads both files, finds one key in them, and accepts the certificate as its own anchor.
fn judged_by_openssl(lab: &Lab) {
    let certified = openssl(lab, &["x509", "-in", "cert.pem", "-noout", "-pubkey"]).success();
    let derived = openssl(lab, &["pkey", "-in", "clearkey.pem", "-pubout"]).success();
    assert_eq!(certified.stdout, derived.stdout);
    openssl(lab, &["pkey", "-in", "clearkey.pem", "-noout", "-check"]).success();
    let verify = ["verify", "-x509_strict", "-purpose", "sslserver", "-verify_hostname", "www.test.org"];
    openssl(lab, &[&verify[..], &["-CAfile", "cert.pem", "cert.pem"]].concat())
        .success()
        .prints("cert.pem: OK");
}

#[test]
fn openssl_opens_the_encrypted_key_as_the_lab_sheet_does() {
    if !peer(OPENSSL) {
        return;
    }
    let lab = Lab::new();
    for algorithm in ["ec:p384", "ed25519", "rsa:2048"] {
        let mut command = lab.command(TLSLAB);
        command.args(["gencert", "--force", "--key", algorithm, "--passout", "env:PASS"]);
        run(command.env("PASS", PASS)).success();
        let clear = openssl(&lab, &["pkey", "-in", "clearkey.pem"]).success().stdout;
        let opened = openssl(&lab, &["pkey", "-in", "key.pem", "-passin", "env:PASS"]).success().stdout;
        assert_eq!(opened, clear, "{algorithm}");
        openssl(&lab, &["pkey", "-in", "key.pem", "-passin", "pass:wrong"]).status(1);
    }
    openssl(&lab, &["rsa", "-in", "key.pem", "-passin", "env:PASS", "-out", "own.pem"]).success();
    let own = openssl(&lab, &["pkey", "-in", "own.pem"]).success().stdout;
    assert_eq!(own, openssl(&lab, &["pkey", "-in", "clearkey.pem"]).success().stdout);
    let scheme = openssl(&lab, &["asn1parse", "-in", "key.pem"]).success();
    // 0927C0 is 600,000.
    for word in ["PBES2", "PBKDF2", ":0927C0", "hmacWithSHA256", "aes-256-cbc"] {
        assert!(scheme.stdout.contains(word), "{word}\n{scheme}");
    }
}

#[test]
fn gnutls_node_and_java_open_the_encrypted_key() {
    const NODE: &str = "const k = require('crypto').createPrivateKey({key: require('fs').readFileSync('key.pem'), \
                        passphrase: process.env.PASS}); console.log(k.asymmetricKeyType)";
    const JAVA: &str = r#"
        import java.nio.file.*; import java.security.*; import java.util.*; import javax.crypto.*; import javax.crypto.spec.*;
        public class Open {
            public static void main(String[] arguments) throws Exception {
                String pem = Files.readString(Path.of("key.pem")).replaceAll("-----[^-]+-----|\\s", "");
                EncryptedPrivateKeyInfo info = new EncryptedPrivateKeyInfo(Base64.getDecoder().decode(pem));
                String scheme = info.getAlgParameters().toString();
                PBEKeySpec passphrase = new PBEKeySpec(System.getenv("PASS").toCharArray());
                SecretKey secret = SecretKeyFactory.getInstance(scheme).generateSecret(passphrase);
                Cipher cipher = Cipher.getInstance(scheme);
                cipher.init(Cipher.DECRYPT_MODE, secret, info.getAlgParameters());
                System.out.println(KeyFactory.getInstance(arguments[0]).generatePrivate(info.getKeySpec(cipher)).getAlgorithm());
            }
        }"#;
    let lab = Lab::new();
    lab.write("Open.java", JAVA);
    for (algorithm, node, java) in
        [("rsa:2048", "rsa", "RSA"), ("ec:p256", "ec", "EC"), ("ed25519", "ed25519", "EdDSA")]
    {
        let with_pass = |program: &str, arguments: &[&str]| {
            let mut command = lab.command(program);
            run(command.args(arguments).env("PASS", PASS))
        };
        with_pass(TLSLAB, &["gencert", "--force", "--key", algorithm, "--passout", "env:PASS"]).success();
        if peer("certtool") {
            let open = ["--key-info", "--infile", "key.pem", "--outfile", "info", "--password"];
            with_pass("certtool", &[&open[..], &[PASS]].concat()).success();
            // It writes an Ed25519 key encrypted again, the others in the clear.
            assert!(lab.read("info").contains("PRIVATE KEY-----"), "{algorithm}");
            with_pass("certtool", &[&open[..], &["wrong"]].concat()).status(1);
        }
        if peer("node") {
            assert_eq!(with_pass("node", &["-e", NODE]).success().stdout.trim(), node);
        }
        if peer("java") {
            assert_eq!(with_pass("java", &["Open.java", java]).success().stdout.trim(), java);
        }
    }
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_leaves_nothing() {
    use std::io::{BufRead, BufReader};
    use std::os::unix::process::ExitStatusExt;

    let lab = Lab::new();
    let mut command = lab.command(TLSLAB);
    command.args(["gencert", "--key", "rsa:8192"]).stderr(std::process::Stdio::piped());
    let mut child = command.spawn().expect("tlslab");
    // The passphrase is said right before the long search for primes.
    let mut line = String::new();
    let stderr = child.stderr.take().expect("stderr was piped");
    BufReader::new(stderr).read_line(&mut line).expect("a line");
    assert!(line.starts_with("passphrase of key.pem: "), "{line}");
    signal(child.id(), "INT");
    assert_eq!(child.wait().expect("an end").signal(), Some(2));
    assert_eq!(listing(lab.path()), Vec::<String>::new());
}

#[test]
fn openssl_s_text_of_each_profile() {
    if !peer(OPENSSL) {
        return;
    }
    let lab = Lab::new();
    let extensions = |arguments: &[&str]| {
        gencert(&lab, &[&["--noenc", "--force"], arguments].concat()).success();
        let text = openssl(&lab, &["x509", "-in", "cert.pem", "-noout", "-text"]).success().stdout;
        let from = text.find("X509v3 extensions:").map_or(text.len(), |from| from + 18);
        let until = text[from..].find("Signature Algorithm").map_or(text.len(), |until| from + until);
        let lines = text[from..until].lines().map(str::trim).filter(|line| !line.is_empty());
        // Key identifiers are as random as the keys.
        let is_identifier = |line: &str| line.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b':');
        let lines = lines.filter(|line| !is_identifier(line));
        lines.collect::<Vec<_>>().join("|")
    };
    let ids = "X509v3 Subject Key Identifier:|X509v3 Authority Key Identifier:";
    let no_ca = "X509v3 Basic Constraints: critical|CA:FALSE|X509v3 Key Usage: critical|Digital Signature";
    let san = "X509v3 Subject Alternative Name:|DNS:www.test.org";
    for (arguments, expected) in [
        (&[][..], format!("{ids}|{no_ca}|X509v3 Extended Key Usage:|TLS Web Server Authentication|{san}")),
        (&["--no-san"], format!("{ids}|{no_ca}|X509v3 Extended Key Usage:|TLS Web Server Authentication")),
        (
            &["--profile", "client"],
            format!("{ids}|{no_ca}|X509v3 Extended Key Usage:|TLS Web Client Authentication"),
        ),
        (
            &["--profile", "ca", "--path-length", "0"],
            format!(
                "{ids}|X509v3 Basic Constraints: critical|CA:TRUE, pathlen:0|X509v3 Key Usage: critical|\
                 Certificate Sign, CRL Sign"
            ),
        ),
        (&["--profile", "openssl"], format!("{ids}|X509v3 Basic Constraints: critical|CA:TRUE")),
        (
            &[
                "--san",
                "127.0.0.1",
                "--san",
                "::1",
                "--san",
                "a@test.org",
                "--san",
                "https://test.org/",
                "--san",
                "DNS:www.test.org",
            ],
            format!(
                "{ids}|{no_ca}|X509v3 Extended Key Usage:|TLS Web Server Authentication|{san}, IP Address:127.0.0.1, \
                 IP Address:0:0:0:0:0:0:0:1, email:a@test.org, URI:https://test.org/"
            ),
        ),
    ] {
        let shown = extensions(arguments).replace(" |", "|");
        assert_eq!(shown, expected, "{arguments:?}");
    }
}

#[test]
fn a_private_ca_issues_leaf_and_intermediate_and_openssl_agrees() {
    let lab = Lab::new();
    gencert(&lab, &["--noenc", "--profile", "ca", "--cn", "Root", "--days", "30", "--out", "root"]).success();
    let under = |ca: &str, out: &str, more: &[&str]| {
        let (certificate, key) = (format!("{ca}/cert.pem"), format!("{ca}/clearkey.pem"));
        let issue = ["--noenc", "--ca", &certificate, "--ca-key", &key, "--out", out];
        gencert(&lab, &[&issue[..], more].concat())
    };
    under("root", "middle", &["--profile", "ca", "--cn", "Middle", "--days", "20", "--path-length", "0"])
        .success();
    let leaf = under("middle", "leaf", &["--days", "10"]).success();
    assert!(
        leaf.stdout.contains("issuer    /C=AU/ST=WA/L=Perth/O=Test Organisation/OU=Org/CN=Middle\n"),
        "{leaf}"
    );
    assert!(leaf.stdout.contains("leaf/cert.pem      0644  certificate, then its CA\n"), "{leaf}");
    assert!(!leaf.stderr.contains("warning"), "{leaf}");
    let chain = lab.read("leaf/cert.pem");
    assert_eq!(chain.matches("BEGIN CERTIFICATE").count(), 3, "leaf, Middle, Root");
    assert!(chain.ends_with(&lab.read("middle/cert.pem")));

    // A CA that was made a moment earlier for as many days ends a moment earlier; that is nobody's mistake.
    let last = |until: &'static str| ["--not-after", until];
    let century =
        [&["--noenc", "--profile", "ca", "--cn", "Root", "--out", "century"], &last("2100-01-01")[..]];
    gencert(&lab, &century.concat()).success();
    let moment = under("century", "moment", &last("2100-01-01T00:00:03Z")).success();
    assert!(!moment.stderr.contains("warning"), "{moment}");
    under("century", "day", &last("2100-01-02")).success().says("longer than its CA");
    under("middle", "outlives", &["--days", "90"])
        .success()
        .says("warning: the certificate is valid until ")
        .says(", longer than its CA, which expires ");
    under("middle", "below", &["--profile", "ca"])
        .status(1)
        .says("middle/cert.pem: the issuer allows no CA below it: its pathLenConstraint is 0")
        .says("hint: --force-issuer signs all the same, for a bad example");
    under("leaf", "bad", &[])
        .status(1)
        .says("leaf/cert.pem: the issuer is no CA: expected basicConstraints with CA:TRUE, found CA:FALSE");
    under("leaf", "bad", &["--force-issuer"]).success().says("warning: leaf/cert.pem: the issuer is no CA");
    gencert(&lab, &["--ca", "root/cert.pem", "--ca-key", "middle/clearkey.pem", "--out", "x"])
        .status(1)
        .says("root/cert.pem: the issuer's key does not belong to its certificate");
    gencert(&lab, &["--ca", "root/clearkey.pem", "--ca-key", "root/cert.pem", "--out", "x"]).status(1).says(
        "root/clearkey.pem: expected a certificate, found PRIVATE KEY (are certificate and key swapped?)",
    );
    gencert(&lab, &["--ca", "root/cert.pem"]).status(2).says("--ca-key");
    gencert(&lab, &["--ca", "none.pem", "--ca-key", "none.pem"])
        .status(1)
        .says("none.pem: no such file")
        .says("hint: `tlslab gencert --profile ca --cn 'Test CA' --out ca` makes ca/cert.pem and ca/clearkey.pem");
    let old = [
        "--noenc",
        "--profile",
        "ca",
        "--not-before",
        "2019-01-01",
        "--not-after",
        "2020-01-01",
        "--out",
        "old",
    ];
    gencert(&lab, &old)
        .success()
        .says("warning: the certificate has already expired, at 2020-01-01T00:00:00Z");
    under("old", "x", &[])
        .status(1)
        .says("old/cert.pem: the issuer has expired: it was valid until 2020-01-01T00:00:00Z");
    if peer(OPENSSL) {
        let strict = ["verify", "-x509_strict", "-purpose", "sslserver", "-verify_hostname", "www.test.org"];
        let files = ["-CAfile", "root/cert.pem", "-untrusted", "leaf/cert.pem", "leaf/cert.pem"];
        openssl(&lab, &[&strict[..], &files].concat()).success();
    }
}

#[test]
fn keys_that_openssl_wrote_issue_too() {
    if !peer(OPENSSL) {
        return;
    }
    let lab = Lab::new();
    let subject = ["-subj", "/O=Test/CN=Root", "-days", "30"];
    let request = [
        "req", "-x509", "-newkey", "rsa:2048", "-keyout", "ca.key", "-passout", "env:PASS", "-out", "ca.pem",
    ];
    openssl(&lab, &[&request[..], &subject].concat()).success();
    let issue = |key: &str, passin: &[&str]| {
        let arguments = ["--noenc", "--force", "--days", "1", "--ca", "ca.pem", "--ca-key", key];
        gencert(&lab, &[&arguments[..], passin].concat())
    };
    issue("ca.key", &["--passin", "env:PASS"]).success();
    openssl(&lab, &["verify", "-x509_strict", "-CAfile", "ca.pem", "cert.pem"]).status(2);
    openssl(&lab, &["verify", "-CAfile", "ca.pem", "cert.pem"]).success();
    issue("ca.key", &[])
        .status(1)
        .says("ca.key: the key is encrypted, expected a passphrase, found neither --passin nor a terminal")
        .says("hint: --passin env:VAR, file:PATH or stdin says where the passphrase is");
    lab.write("wrong", "wrong\n");
    issue("ca.key", &["--passin", "file:wrong"]).status(1).says("ca.key: wrong passphrase");

    let pass = ["-passin", "env:PASS", "-passout", "env:PASS"];
    let rewrite = |arguments: &[&str]| {
        openssl(&lab, &[arguments, &["-in", "ca.key", "-out", "other.key"], &pass[..]].concat()).success();
        issue("other.key", &["--passin", "env:PASS"])
    };
    rewrite(&["rsa", "-aes256"]).success();
    rewrite(&["pkey", "-aes128"]).success();
    rewrite(&["pkey", "-des3"]).success();
    rewrite(&["pkcs8", "-topk8", "-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA1"]).success();
    rewrite(&["pkcs8", "-topk8", "-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA512"]).success();
    rewrite(&["pkcs8", "-topk8", "-scrypt"]).success();
    rewrite(&["pkcs8", "-topk8", "-v1", "PBE-SHA1-3DES"]).success();
    rewrite(&["rsa", "-traditional", "-aes256"]).success();
    rewrite(&["pkey", "-camellia256"])
        .status(1)
        .says("other.key: encrypted with Camellia-256-CBC: ")
        .says("hint: openssl pkcs8 -provider legacy -provider default -topk8 -v2 aes-256-cbc -in other.key ")
        .says(" -out other.key.new encrypts it anew");
    for form in [&["rsa", "-traditional"][..], &["pkey"], &["pkey", "-outform", "der"]] {
        let out = ["-in", "ca.key", "-passin", "env:PASS", "-out", "clear.key"];
        openssl(&lab, &[form, &out].concat()).success();
        issue("clear.key", &[]).success();
    }

    for (options, shown) in [
        (&["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"][..], "RSA key of 1024 bits"),
        (&["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-224"], "EC key on P-224"),
        (&["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"], "EC key on secp256k1"),
        (&["-algorithm", "ED448"], "Ed448 key"),
        (&["-algorithm", "X25519"], "X25519 key"),
    ] {
        openssl(&lab, &[&["genpkey", "-out", "odd.key"], options].concat()).success();
        issue("odd.key", &[]).status(1).says(&format!(
            "odd.key: {shown}: expected RSA of 2048 to 8192 bits in steps of 64, EC on P-256, P-384 or P-521, Ed25519, or \
             ML-DSA"
        ));
    }
}

#[test]
fn subjects_are_those_of_openssl() {
    let lab = Lab::new();
    let subject =
        r"/DC=org/DC=test/O=AC\/DC \\ Ünïversität/OU=a/OU=b/CN=www.test.org/emailAddress=a@test.org";
    let made = gencert(&lab, &["--noenc", "--json", "--subj", subject]).success().json();
    assert_eq!(made["subject"], subject);
    if peer(OPENSSL) {
        let request =
            ["req", "-x509", "-key", "clearkey.pem", "-utf8", "-subj", subject, "-out", "theirs.pem"];
        openssl(&lab, &request).success();
        let dump = |file: &str| {
            openssl(
                &lab,
                &["x509", "-in", file, "-noout", "-subject", "-nameopt", "multiline,show_type,utf8"],
            )
            .success()
            .stdout
        };
        assert_eq!(dump("cert.pem"), dump("theirs.pem"));
    }
}

#[test]
fn bad_options_are_refused_by_name() {
    let lab = Lab::new();
    for (arguments, words) in [
        (&["--subject", "CN=x"][..], "found no `/` at its start"),
        (&["--subject", "/XX=x"], "subject: unknown attribute type \"XX\""),
        (
            &["--subject", "/C=Australia"],
            "C: expected a country code of two letters such as AU, found \"Australia\"",
        ),
        (&["--cn", ""], "--cn: subject: CN: expected a value, found none"),
        (
            &["--cn", "0123456789012345678901234567890123456789012345678901234567890123.org"],
            "--cn: subject: CN: expected at most 64 characters, found 68",
        ),
        (&["--subject", "/"], "--subject: expected at least one attribute in the subject"),
        (&["--san", "bücher.example"], "write an international name with its A-labels (xn--…)"),
        (&["--san", "a b"], "DNS name a b: expected letters, digits, hyphens and dots, found ' '"),
        (&["--san", "x", "--no-san"], "cannot be used with"),
        (&["--days", "0"], "--days 0: expected at least 1"),
        (&["--days", "-5"], "--days -5: expected at least 1"),
        (&["--days", "9999999"], "--days 9999999: expected an end before the year 10000"),
        (&["--days", "9223372036854775807"], "expected an end before the year 10000"),
        (&["--days", "x"], "invalid value 'x' for '--days <N>'"),
        (&["--days", "1", "--not-after", "2030-01-01"], "cannot be used with"),
        (&["--not-after", "soon"], "expected a time such as 2026-11-23T12:00:00Z"),
        (
            &["--not-before", "2030-01-02", "--not-after", "2030-01-01"],
            "the validity ends before it begins: from 2030-01-02T00:00:00Z to 2030-01-01T00:00:00Z",
        ),
        (&["--path-length", "1"], "--path-length: expected --profile ca, found another profile"),
        (&["--passout", "pass:secret"], "a passphrase on the command line is readable by everybody"),
        (&["--passout", "env:NO_SUCH_VARIABLE", "--noenc"], "cannot be used with"),
    ] {
        let refused = gencert(&lab, arguments).status(2).says(words);
        assert_eq!(refused.stdout, "", "{refused}");
    }
    lab.tlslab(["gencert", "--key", "rsa:1024"])
        .status(2)
        .says("key algorithm \"rsa:1024\": expected rsa:2048");
    assert_eq!(listing(lab.path()), Vec::<String>::new());
}

#[test]
fn dates_are_exact_and_cross_2050() {
    let lab = Lab::new();
    let dated = |arguments: &[&str]| {
        gencert(&lab, &[&["--noenc", "--force", "--json"], arguments].concat()).success().json()
    };
    let made = dated(&["--not-before", "2049-12-31T23:59:59Z", "--not-after", "2120-01-01"]);
    assert_eq!(
        (&made["not_before"], &made["not_after"]),
        (&"2049-12-31T23:59:59Z".into(), &"2120-01-01T00:00:00Z".into())
    );
    if peer(OPENSSL) {
        let shown = openssl(&lab, &["x509", "-in", "cert.pem", "-noout", "-dates"]).success();
        shown.prints("notBefore=Dec 31 23:59:59 2049 GMT\nnotAfter=Jan  1 00:00:00 2120 GMT");
        let times = openssl(&lab, &["asn1parse", "-in", "cert.pem"]).success();
        times.prints("UTCTIME           :491231235959Z").prints("GENERALIZEDTIME   :21200101000000Z");
    }
    let made = dated(&["--not-before", "2030-01-01T01:00:00+01:00", "--days", "1"]);
    assert_eq!(
        (&made["not_before"], &made["not_after"]),
        (&"2030-01-01T00:00:00Z".into(), &"2030-01-02T00:00:00Z".into())
    );
    let made = dated(&["--not-before", "2030-01-02", "--not-after", "2030-01-01", "--force-dates"]);
    assert_eq!(made["not_after"], "2030-01-01T00:00:00Z");
}

#[test]
fn the_passphrase_comes_from_where_it_is_said_to() {
    let lab = Lab::new();
    lab.write("pass", format!("{PASS}\r\nsecond line\n"));
    lab.write("empty", "\n");
    let with_input = |arguments: &[&str], input: &str| {
        let mut command = lab.command(TLSLAB);
        command.args(EC).args(arguments).env("PASS", PASS).env("EMPTY", "");
        run_with_input(&mut command, input.as_bytes())
    };
    for (source, input) in [("env:PASS", ""), ("file:pass", ""), ("stdin", "correct horse\nmore\n")] {
        let made = with_input(&["--force", "--passout", source], input).success();
        assert!(!made.stderr.contains("passphrase") && !made.stdout.contains(PASS), "{made}");
        opens(&lab, PASS);
    }
    for (source, input, words) in [
        ("env:EMPTY", "", "env:EMPTY: expected a passphrase, found nothing"),
        ("env:NO_SUCH_VARIABLE", "", "env:NO_SUCH_VARIABLE: expected a passphrase, found no such variable"),
        ("file:empty", "", "file:empty: expected a passphrase, found nothing"),
        ("file:missing", "", "file:missing: cannot read it: "),
        ("file:.", "", "file:.: expected a file, found a directory"),
        ("stdin", "", "stdin: expected a passphrase, found nothing"),
        ("stdin", "\n", "stdin: expected a passphrase, found nothing"),
    ] {
        with_input(&["--out", "none", "--passout", source], input).status(1).says(words);
    }
    assert!(!lab.file("none").exists());
    with_input(&["--force", "--passout", "stdin"], "short\n")
        .success()
        .says("warning: the passphrase of key.pem has fewer than 8 bytes: it is quickly guessed");
}

/// The encrypted key opens with `passphrase`: it issues.
#[track_caller]
fn opens(lab: &Lab, passphrase: &str) {
    let arguments = ["--noenc", "--out", "opened", "--force", "--force-issuer"];
    let ca = ["--ca", "cert.pem", "--ca-key", "key.pem", "--passin", "env:OPENS"];
    let mut command = lab.command(TLSLAB);
    run(command.args(EC).args(arguments).args(ca).env("OPENS", passphrase)).success();
}

#[test]
fn off_a_terminal_a_random_passphrase_is_said_once() {
    let lab = Lab::new();
    for quiet in [&[][..], &["--quiet"], &["--json"]] {
        let made = gencert(&lab, &[&["--force"], quiet].concat()).success();
        let line =
            made.stderr.lines().find(|line| line.starts_with("passphrase of key.pem: ")).expect("said");
        let passphrase = line.rsplit(' ').next().expect("a word");
        assert_eq!(passphrase.len(), 26);
        assert_eq!(made.stderr.matches(passphrase).count(), 1, "{made}");
        assert!(!made.stdout.contains(passphrase), "{made}");
        opens(&lab, passphrase);
    }
}

#[test]
fn noenc_writes_two_files_and_says_when_an_old_key_stays() {
    let lab = Lab::new();
    let made = gencert(&lab, &["--noenc"]).success();
    assert_eq!(listing(lab.path()), ["cert.pem", "clearkey.pem"]);
    assert!(!made.stderr.contains("warning"), "{made}");
    lab.write("key.pem", "old");
    gencert(&lab, &["--noenc", "--force"])
        .success()
        .says("warning: key.pem: belongs to an earlier key, and was left as it is");
    assert_eq!(lab.read("key.pem"), "old");
}

#[test]
fn json_says_it_all() {
    let lab = Lab::new();
    let made =
        gencert(&lab, &["--passout", "env:PASS", "--json", "--out", "here", "--san", "127.0.0.1"]).success();
    let json = made.json();
    assert_eq!(json["files"][0]["path"], "here/cert.pem");
    assert_eq!(json["files"][0]["mode"], "0644");
    assert_eq!(json["files"].as_array().map(Vec::len), Some(3));
    assert_eq!(json["san"], serde_json::json!(["DNS:www.test.org", "IP:127.0.0.1"]));
    assert_eq!(json["issuer"], json["subject"]);
    assert_eq!(json["serial"].as_str().map(str::len), Some(40));
    assert_eq!(json["warnings"], serde_json::json!([]));
    assert_eq!(json["next"][0], "tlslab serve --cert here/cert.pem --key here/clearkey.pem");
    assert_eq!(made.stderr, "");
    if peer(OPENSSL) {
        let shown =
            openssl(&lab, &["x509", "-in", "here/cert.pem", "-noout", "-fingerprint", "-sha256", "-serial"]);
        let shown = shown.success().stdout.replace(':', "").to_lowercase();
        for field in ["sha256", "serial"] {
            assert!(shown.contains(json[field].as_str().expect("text")), "{field} {shown}");
        }
    }
}

#[test]
fn names_that_are_no_hosts_are_said() {
    let lab = Lab::new();
    gencert(&lab, &["--noenc", "--cn", "My Server"])
        .success()
        .says("warning: the common name is no host name, so the certificate gets no subjectAltName")
        .says("tlslab connect --cn 'My Server'");
    let made = gencert(&lab, &["--noenc", "--force", "--cn", "My Server", "--san", "x.test"]).success();
    assert!(!made.stderr.contains("warning"), "{made}");
    let made = gencert(&lab, &["--noenc", "--force", "--json", "--cn", "127.0.0.1"]).success().json();
    assert_eq!(made["san"], serde_json::json!(["IP:127.0.0.1"]));
    gencert(&lab, &["--noenc", "--force", "--subject", "/O=x"])
        .success()
        .says("warning: the subject has 0 common names, and the lab's check expects exactly one");
}

#[test]
fn identifiers_have_arcs_of_any_size() {
    let lab = Lab::new();
    let uuid = "2.25.329800735698586629295641978511506172918";
    let subject = format!("/2.999.1=x/{uuid}=y/CN=www.test.org");
    gencert(&lab, &["--noenc", "--subject", &subject]).success();
    lab.run(TLSLAB, ["inspect", "cert.pem"]).success().prints(&format!("subject        {subject}"));
    lab.run(TLSLAB, ["verify", "cert.pem"]).success();
    gencert(&lab, &["--out", "no", "--subject", "/1.40.1=x/CN=a"]).status(2).says("1.40.1");
}

#[cfg(unix)]
#[test]
fn a_passphrase_that_cannot_be_shown_is_an_error() {
    let lab = Lab::new();
    let script = format!("exec {TLSLAB} gencert --key ec:p256 </dev/null 2>/dev/full");
    lab.run("sh", ["-c", &script]).status(1);
    assert!(!lab.file("key.pem").exists() && !lab.file("cert.pem").exists());
}

#[test]
fn connect_is_suggested_only_where_it_succeeds() {
    let lab = Lab::new();
    for name in ["www.example.org", "my_service.test", "münchen.de", "localhost.", "*.test.org"] {
        let made = gencert(&lab, &["--noenc", "--cn", name, "--force"]).success();
        let suggested = made.stderr.contains("\n  tlslab connect ");
        let verified = lab.run(TLSLAB, ["verify", "cert.pem", "--cn", name]).code() == 0;
        assert_eq!(suggested, verified, "{name}: {made}");
        assert_eq!(made.stderr.contains("tlslab connect refuses it: "), !verified, "{name}: {made}");
    }
}

#[test]
fn what_is_suggested_runs_as_it_is_printed() {
    let lab = Lab::new();
    // What a shell splits, expands or reads as an option, what is not seen, and what several parsers read as addresses.
    for name in [
        "WWW.Test.Org",
        "_dmarc.test.org",
        "xn--mnchen-3ya.de",
        "test.org.",
        "it's",
        "my \"own\" server",
        "$(false)",
        "127.1",
        "0x7f.1",
        "fe80::1%eth0",
        "2001:DB8::1",
        "-test.org",
        "--",
        "a\u{ad}.org",
        "a\u{202e}b",
        "a/b",
    ] {
        let folder = format!("-{name}").replace('/', "");
        let arguments = ["--noenc", "--force", &format!("--cn={name}"), &format!("--out={folder}")];
        let made = gencert(&lab, &arguments).success();
        let command = |verb: &str| {
            let begin = format!("  tlslab {verb}");
            let line = made.stderr.lines().find_map(|line| line.strip_prefix(&begin));
            line.unwrap_or_else(|| panic!("no {verb} is suggested: {made}")).to_owned()
        };
        let shell = |line: String| {
            let mut shell = lab.command("sh");
            shell.args(["-c", &format!("exec {TLSLAB} {line}")]);
            shell
        };
        let server = Server::start(&mut shell(format!("serve --listen 127.0.0.1:0{}", command("serve"))));
        let connect = format!("connect {} --message hello{}", server.to_word(), command("connect"));
        crate::lab::run(&mut shell(connect)).success().prints("hello");
    }
}

#[test]
fn rsa_of_lengths_that_are_no_multiple_of_64_verifies() {
    if !peer("openssl") {
        return;
    }
    let lab = Lab::new();
    for bits in ["2450", "3000", "3070"] {
        let new = format!("rsa:{bits}");
        let make = [
            "req",
            "-x509",
            "-newkey",
            &new,
            "-noenc",
            "-keyout",
            "k.pem",
            "-out",
            "c.pem",
            "-subj",
            "/CN=www.test.org",
        ];
        openssl(&lab, &make).success();
        lab.run(TLSLAB, ["verify", "c.pem", "--ca", "c.pem"]).success();
        lab.run(TLSLAB, ["inspect", "c.pem"])
            .success()
            .prints("self-signed: its own key verifies its signature");
        lab.run(TLSLAB, ["serve", "--listen", "127.0.0.1:0", "--cert", "c.pem", "--key", "k.pem"])
            .status(1)
            .says(&format!(
                "k.pem: RSA key of {bits} bits: expected RSA of 2048 to 8192 bits in steps of 64"
            ));
    }
}
