//! `tlslab passwd`, through the real binary: openssl makes the keys, openssl and certtool open the results.

use crate::lab::{Lab, Run, TLSLAB, peer, run, run_with_input};

const OLD: &str = "correct horse";
const NEW: &str = "battery staple";

fn passwd(lab: &Lab, arguments: &[&str]) -> Run {
    let mut command = lab.command(TLSLAB);
    run(command.arg("passwd").args(arguments).env("OLD", OLD).env("NEW", NEW))
}

fn openssl(lab: &Lab, arguments: &[&str]) -> Run {
    let mut command = lab.command("openssl");
    run(command.args(arguments).env("OLD", OLD).env("NEW", NEW))
}

/// The public key inside, as openssl sees it.
fn public_key(lab: &Lab, name: &str, passphrase: &str) -> String {
    let read = ["pkey", "-in", name, "-pubout", "-passin", passphrase];
    openssl(lab, &read).success().stdout
}

/// A key of tlslab's, in clear, as `clear.pem`.
fn clear_key(lab: &Lab) -> String {
    lab.gencert(&["--out", "made"]);
    std::fs::rename(lab.file("made/clearkey.pem"), lab.file("clear.pem")).expect("a key");
    lab.read("clear.pem")
}

#[cfg(unix)]
fn mode(lab: &Lab, name: &str) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(lab.file(name)).expect("a file").permissions().mode() & 0o7777
}

#[cfg(unix)]
fn set_mode(lab: &Lab, name: &str, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(lab.file(name), std::fs::Permissions::from_mode(mode)).expect("permissions");
}

fn names(lab: &Lab) -> Vec<String> {
    let entries = std::fs::read_dir(lab.path()).expect("the folder");
    let mut names: Vec<_> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn every_form_of_openssl_is_encrypted_changed_and_stripped() {
    if !peer("openssl") {
        return;
    }
    let lab = Lab::new();
    for (name, make) in [
        ("pkcs8-rsa.pem", &["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"][..]),
        ("pkcs1.pem", &["genrsa", "-traditional"]),
        ("sec1.pem", &["ecparam", "-name", "secp384r1", "-genkey"]),
        ("pkcs8-ec.pem", &["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]),
        ("ed25519.pem", &["genpkey", "-algorithm", "ed25519"]),
        ("ed25519.der", &["genpkey", "-algorithm", "ed25519", "-outform", "DER"]),
        ("pbes2.pem", &["genpkey", "-algorithm", "ed25519", "-aes-128-cbc", "-pass", "env:OLD"]),
        ("3des.pem", &["genpkey", "-algorithm", "ed25519", "-des3", "-pass", "env:OLD"]),
    ] {
        openssl(&lab, &[make, &["-out", name]].concat()).success();
        let expected = public_key(&lab, name, "env:OLD");

        let passin: &[&str] =
            if ["pbes2.pem", "3des.pem"].contains(&name) { &["--passin", "env:OLD"] } else { &[] };
        let set =
            passwd(&lab, &[&[name, "--passout", "env:NEW", "--out", "set.pem", "--force"], passin].concat());
        let set = set.success();
        assert_eq!(set.stderr, "", "{set}");
        assert!(set.stdout.starts_with("set.pem  0600  private key, encrypted ("), "{set}");
        assert!(lab.read("set.pem").starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
        assert_eq!(public_key(&lab, "set.pem", "env:NEW"), expected, "{name}");
        openssl(&lab, &["pkey", "-in", "set.pem", "-noout", "-passin", "env:OLD"]).status(1);

        let strip = ["set.pem", "--passin", "env:NEW", "--noenc", "--out", "bare.pem", "--force"];
        passwd(&lab, &strip).success().prints("bare.pem  0600  private key, readable as it is (");
        assert!(lab.read("bare.pem").starts_with("-----BEGIN PRIVATE KEY-----\n"));
        assert_eq!(public_key(&lab, "bare.pem", "pass:none"), expected, "{name}");
        #[cfg(unix)]
        assert_eq!((mode(&lab, "set.pem"), mode(&lab, "bare.pem")), (0o600, 0o600));

        // certtool says the key's identifier, from which the passphrase keeps it if it is not known.
        if peer("certtool") {
            let id = |file: &str, password: &str| {
                lab.run("certtool", ["--key-id", "--load-privkey", file, "--password", password])
                    .success()
                    .stdout
            };
            assert_eq!(id("set.pem", NEW), id("bare.pem", ""), "{name}");
        }
    }
}

#[test]
fn in_place_the_passphrase_changes_and_nothing_else() {
    let lab = Lab::new();
    let clear = clear_key(&lab);
    passwd(&lab, &["clear.pem", "--passout", "env:OLD", "--out", "key.pem"]).success();
    let before = lab.read("key.pem");
    let refused = passwd(&lab, &["key.pem", "--passin", "env:OLD", "--passout", "env:NEW"]).status(1);
    assert_eq!(
        refused.stderr,
        "tlslab: error: key.pem already exists\n\
         tlslab: hint: --force replaces key.pem, --out FILE writes somewhere else\n"
    );
    assert_eq!(lab.read("key.pem"), before);

    for flag in ["--in-place", "--force"] {
        passwd(&lab, &["key.pem", "--passin", "env:OLD", "--passout", "env:NEW", flag]).success();
        passwd(&lab, &["key.pem", "--passin", "env:NEW", "--passout", "env:OLD", flag]).success();
    }
    assert_ne!(lab.read("key.pem"), before, "salt and initialisation vector are new each time");
    passwd(&lab, &["key.pem", "--passin", "env:OLD", "--noenc", "--in-place"]).success();
    assert_eq!(lab.read("key.pem"), clear);
    assert_eq!(names(&lab), ["clear.pem", "key.pem", "made"]);
}

#[cfg(unix)]
#[test]
fn permissions_are_never_widened_and_links_stay_links() {
    let lab = Lab::new();
    clear_key(&lab);
    for (before, after) in [(0o644, 0o600), (0o400, 0o400), (0o600, 0o600)] {
        set_mode(&lab, "clear.pem", before);
        passwd(&lab, &["clear.pem", "--noenc", "--force"]).success();
        assert_eq!(mode(&lab, "clear.pem"), after, "{before:o}");
    }
    std::os::unix::fs::symlink("clear.pem", lab.file("link.pem")).expect("a link");
    passwd(&lab, &["link.pem", "--passout", "env:NEW", "--force"]).success().prints("link.pem  0600");
    assert!(lab.file("link.pem").is_symlink());
    assert!(lab.read("clear.pem").contains("BEGIN ENCRYPTED PRIVATE KEY"));

    let mut command = lab.command("sh");
    let script = "umask 000; exec \"$0\" passwd clear.pem --passin env:NEW --noenc --out open.pem";
    run(command.args(["-c", script, TLSLAB]).env("NEW", NEW)).success();
    assert_eq!(mode(&lab, "open.pem"), 0o600);
}

#[test]
fn a_wrong_passphrase_changes_nothing() {
    let lab = Lab::new();
    clear_key(&lab);
    passwd(&lab, &["clear.pem", "--passout", "env:OLD", "--out", "key.pem"]).success();
    let before = lab.read("key.pem");
    let refused = passwd(&lab, &["key.pem", "--passin", "env:NEW", "--noenc", "--in-place"]).status(1);
    assert_eq!(
        refused.stderr,
        "tlslab: error: key.pem: wrong passphrase\n\
         tlslab: hint: --passin prompt, env:VAR, file:PATH or stdin says where the right one is\n"
    );
    passwd(&lab, &["key.pem", "--noenc", "--out", "other.pem"])
        .status(1)
        .says("key.pem: the key is encrypted, expected a passphrase, found neither --passin nor a terminal");
    assert_eq!(lab.read("key.pem"), before);
    assert_eq!(names(&lab), ["clear.pem", "key.pem", "made"]);
}

#[test]
fn both_passphrases_come_from_stdin_line_by_line() {
    let lab = Lab::new();
    let clear = clear_key(&lab);
    let both = |arguments: &[&str], lines: &str| {
        let mut command = lab.command(TLSLAB);
        command.arg("passwd").args(arguments).args(["--passin", "stdin", "--passout", "stdin"]);
        run_with_input(&mut command, lines.as_bytes())
    };
    // The first line is the old one's also where there is none: it must not become the new one.
    both(&["clear.pem", "--out", "key.pem"], "unused\nfirst passphrase\n")
        .success()
        .says("tlslab: warning: clear.pem: is not encrypted, so --passin was not needed");
    both(&["key.pem", "--force"], "first passphrase\nshort\n")
        .success()
        .says("tlslab: warning: the passphrase of key.pem has fewer than 8 bytes: it is quickly guessed");
    let mut command = lab.command(TLSLAB);
    command.args(["passwd", "key.pem", "--passin", "stdin", "--noenc", "--out", "again.pem"]);
    run_with_input(&mut command, b"short\n").success();
    assert_eq!(lab.read("again.pem"), clear);
}

#[test]
fn what_cannot_be_done_is_said_and_nothing_is_written() {
    let lab = Lab::new();
    let clear = clear_key(&lab);
    let bundle = format!("{clear}{}", lab.read("made/cert.pem"));
    lab.write("bundle.pem", &bundle);
    passwd(&lab, &["bundle.pem", "--passout", "env:NEW", "--in-place"]).status(1).says(
        "bundle.pem: expected a key alone, to be replaced by the new one, found beside it: CERTIFICATE\n\
         tlslab: hint: --out FILE writes the key into a file of its own",
    );
    assert_eq!(lab.read("bundle.pem"), bundle);
    passwd(&lab, &["bundle.pem", "--noenc", "--out", "alone.pem"]).success();
    assert_eq!(lab.read("alone.pem"), clear);

    passwd(&lab, &["missing.pem", "--noenc", "--out", "x.pem"]).status(1).says("missing.pem: no such file");
    passwd(&lab, &["made/cert.pem", "--noenc", "--out", "x.pem"])
        .status(1)
        .says("made/cert.pem: expected a private key, found CERTIFICATE (are certificate and key swapped?)");
    passwd(&lab, &["clear.pem", "--noenc", "--out", "no/x.pem"]).status(1).says("no: cannot write it: ");
    passwd(&lab, &["clear.pem", "--noenc", "--out", "made", "--force"])
        .status(1)
        .says("made: expected a file, found a directory");
    passwd(&lab, &["clear.pem", "--out", "x.pem"]).status(2).says("<--passout <SOURCE>|--noenc>");
    passwd(&lab, &["clear.pem", "--noenc", "--passout", "env:NEW", "--out", "x.pem"])
        .status(2)
        .says("cannot be used with");
    assert!(!lab.file("x.pem").exists());
}

#[test]
fn old_encryption_is_opened_and_keys_of_other_kinds_are_kept() {
    if !peer("openssl") {
        return;
    }
    let lab = Lab::new();
    let old = ["-passout", "env:OLD", "-passin", "env:OLD"];
    openssl(&lab, &["genrsa", "-out", "rsa.pem", "2048"]).success();
    openssl(&lab, &["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "ec.pem"]).success();
    for (name, make) in [
        ("aes.pem", &["rsa", "-traditional", "-aes128", "-in", "rsa.pem"][..]),
        ("des3.pem", &["rsa", "-traditional", "-des3", "-in", "rsa.pem"]),
        ("ec-aes.pem", &["ec", "-aes256", "-in", "ec.pem"]),
        ("pkcs12.pem", &["pkcs8", "-topk8", "-v1", "PBE-SHA1-3DES", "-in", "ec.pem"]),
        ("short.pem", &["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024", "-aes-256-cbc"]),
        ("odd.pem", &["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3000", "-aes-256-cbc"]),
        ("p521.pem", &["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521", "-aes-256-cbc"]),
    ] {
        let pass: &[&str] = if make[0] == "genpkey" { &["-pass", "env:OLD"] } else { &old };
        openssl(&lab, &[make, &["-out", name], pass].concat()).success();
        let expected = public_key(&lab, name, "env:OLD");
        let set = [name, "--passin", "env:OLD", "--passout", "env:NEW", "--out", "set.pem", "--force"];
        passwd(&lab, &set).success();
        assert_eq!(public_key(&lab, "set.pem", "env:NEW"), expected, "{name}");
        let wrong = [name, "--passin", "env:NEW", "--noenc", "--out", "wrong.pem"];
        passwd(&lab, &wrong).status(1).says(&format!("{name}: wrong passphrase"));
    }
    let expected = public_key(&lab, "ec.pem", "env:OLD");
    for scheme in ["MD5-RC2-64", "SHA1-RC2-64", "SHA1-RC2-128", "SHA1-RC2-40", "SHA1-RC4-128", "SHA1-RC4-40"]
    {
        let scheme = format!("PBE-{scheme}");
        let make = ["pkcs8", "-provider", "legacy", "-provider", "default", "-topk8", "-in", "ec.pem"];
        let made = openssl(&lab, &[&make[..], &["-v1", &scheme, "-out", "old.pem"], &old].concat());
        if made.code() != 0 {
            eprintln!("{scheme}: left out, for this openssl has no legacy provider");
            continue;
        }
        let set = ["old.pem", "--passin", "env:OLD", "--passout", "env:NEW", "--out", "set.pem", "--force"];
        passwd(&lab, &set).success();
        assert_eq!(public_key(&lab, "set.pem", "env:NEW"), expected, "{scheme}");
        let wrong = ["old.pem", "--passin", "env:NEW", "--noenc", "--out", "wrong.pem"];
        passwd(&lab, &wrong).status(1).says("old.pem: wrong passphrase");
    }
}

#[test]
fn no_message_repeats_a_key() {
    let lab = Lab::new();
    let key = clear_key(&lab);
    let secret = key.lines().nth(1).expect("base64")[20..60].to_owned();
    for (name, joined) in [
        ("spaces.pem", key.replace('\n', " ")),
        ("oneline.pem", key.replace('\n', "")),
        ("cr.pem", key.replace('\n', "\r")),
        ("dashes.pem", key.replace('\n', " ").replace("KEY-----", "KEY----")),
    ] {
        lab.write(name, &joined);
        for run in [
            lab.run(TLSLAB, ["inspect", name]),
            lab.run(TLSLAB, ["inspect", "--json", name]),
            passwd(&lab, &[name, "--noenc", "--out", "never.pem"]),
            lab.run(TLSLAB, ["serve", "--listen", "127.0.0.1:0", "--cert", "made/cert.pem", "--key", name]),
            lab.run(TLSLAB, ["gencert", "--ca", "made/cert.pem", "--ca-key", name, "--out", "never"]),
        ] {
            let run = run.status(1);
            assert!(!run.stderr.contains(&secret) && !run.stdout.contains(&secret), "{run}");
            if name != "dashes.pem" {
                assert!(run.stderr.contains("the line breaks are missing"), "{run}");
            }
        }
    }
}

#[cfg(unix)]
#[test]
fn other_names_of_the_file_are_said_to_keep_the_old_key() {
    let lab = Lab::new();
    clear_key(&lab);
    std::fs::hard_link(lab.file("clear.pem"), lab.file("other.pem")).expect("a link");
    let set = passwd(&lab, &["clear.pem", "--passout", "env:NEW", "--in-place"]).success();
    assert!(
        set.stderr.contains("clear.pem: it has 1 other name: what they lead to stays as it was"),
        "{set}"
    );
    assert!(lab.read("other.pem").starts_with("-----BEGIN PRIVATE KEY-----"));
}

#[test]
fn json_is_one_object_without_a_secret() {
    let lab = Lab::new();
    clear_key(&lab);
    let made = passwd(&lab, &["clear.pem", "--passout", "env:NEW", "--out", "key.pem", "--json"]).success();
    let json = made.json();
    assert_eq!(json["path"], "key.pem");
    assert_eq!(json["mode"], "0600");
    assert_eq!(json["encrypted"], true);
    assert_eq!(json["key"], "ec:p256");
    assert_eq!(json["warnings"], serde_json::json!([]));
    assert!(!made.stdout.contains(NEW) && !made.stderr.contains(NEW));
}
