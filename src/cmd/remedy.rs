//! What a person can do about what went wrong, in commands that can be pasted: the advice of every command.

use std::fmt::Display;
use std::io;
use std::path::Path;

use rustls::AlertDescription;
use tlslab::client::{Target, Trouble};
use tlslab::pki::files::FileError;
use tlslab::pki::key::KeyError;
use tlslab::server::IdentityError;
use tlslab::tls::Versions;
use tlslab::verify::Reason;

// Of many commands.

/// A file is in the way.
pub(super) const REPLACE: &str = "name another file, or replace this one with `--force`";
/// An encrypted key, and nothing that says how to open it.
pub(super) const PASSIN: &str = "--passin env:VAR, file:PATH or stdin says where the passphrase is";
/// The terminal cannot be asked.
pub(super) const NO_TERMINAL: &str =
    "without a terminal, env:VAR, file:PATH or stdin says where the passphrase is";
/// The platform has no trust store.
pub(super) const NO_STORE: &str =
    "on Debian: `apt-get install ca-certificates`; or name a file with `--ca FILE`";
/// A command line that cannot be read.
pub(super) fn read_help(command: &str) -> String {
    format!("`{command} --help` says what is understood")
}
/// A variable that is not set.
pub(super) fn export(variable: &str) -> String {
    format!("export {variable} first")
}
/// A key log that others can read.
pub(super) fn keep_secret(path: &Path) -> String {
    let path = path.display();
    format!("`chmod 600 {path}` keeps the secrets yours; `--force` logs them all the same")
}
/// A revocation list that cannot be read.
pub(super) fn how_to_get_list(path: &Path) -> String {
    let shown = path.display();
    if path.exists() {
        format!("`tlslab inspect {shown}` says what is in it")
    } else {
        format!(
            "the CA makes one: `tlslab revoke CERT --ca ca/cert.pem --ca-key ca/clearkey.pem --crl {shown}`"
        )
    }
}

// Of gencert, passwd and revoke.

/// A CA that is not there.
pub(super) const MAKE_CA: &str =
    "`tlslab gencert --profile ca --cn 'Test CA' --out ca` makes ca/cert.pem and ca/clearkey.pem";
/// A signing request that is not there.
pub(super) const MAKE_REQUEST: &str = "`tlslab gencert --csr-only` makes csr.pem and its keys";
/// A request whose names cannot be certified.
pub(super) const OTHER_NAMES: &str = "--san NAME says which names to certify instead";
/// A request whose subject cannot be certified.
pub(super) const OTHER_SUBJECT: &str = "--subject says what to certify instead";
/// An issuer that is none.
pub(super) const FORCE_ISSUER: &str = "--force-issuer signs all the same, for a bad example";
/// A validity that ends before it begins.
pub(super) const FORCE_DATES: &str = "--force-dates makes such a certificate all the same";
/// No days at all.
pub(super) const EXPIRED: &str =
    "--not-after 2020-01-01 with --not-before 2019-01-01 makes a certificate that has expired";
/// A passphrase that cannot be shown.
pub(super) const PASSOUT: &str = "--passout env:VAR, file:PATH or stdin says which passphrase to use";
/// A key in a file with something else.
pub(super) const KEY_ALONE: &str = "--out FILE writes the key into a file of its own";
/// A list that is another CA's, or none.
pub(super) const ANOTHER_LIST: &str = "--crl FILE names another list";
/// An OCSP response that cannot be read.
pub(super) const MAKE_OCSP: &str =
    "`tlslab ocsp CERT --ca ca/cert.pem --ca-key ca/clearkey.pem --out FILE` makes one";
/// A key that is in the way.
pub(super) fn replace_key(path: &Path) -> String {
    format!("--force replaces {}, --out FILE writes somewhere else", path.display())
}

// Of serve.

/// A directory without certificates.
pub(super) fn fill_directory(path: &Path) -> String {
    format!("tlslab gencert --cn www.test.org --out {}/www.test.org", path.display())
}
/// A ticket key that is none.
pub(super) fn make_ticket_key(path: &Path) -> String {
    format!("(umask 077; openssl rand 80 > {}) makes one, to be copied to every instance", path.display())
}

// Of inspect.

/// A certificate of its own, asked about as a CA's.
pub(super) const AS_PINNED: &str = "`--as pinned` asks about it as the only trusted certificate";
/// Neither a file nor a server.
pub(super) const FILE_OR_SERVER: &str = "name a PEM or DER file, or a server as HOST:PORT";

// Of captures: dissect, tap, demo and `--pcap`.

/// A capture that cannot be written beside the answer.
pub(super) const CAPTURE_TO_STDOUT: &str = "`tlslab tap --pcap -` writes a capture to stdout";
/// A capture and a key log in one file.
pub(super) const SECRETS_IN_CAPTURE: &str =
    "the capture has the secrets in it; --keylog is for other programs' captures";
/// No capture.
pub(super) const RECORD: &str =
    "record one with `tlslab tap --pcap lab.pcapng`, or with tcpdump, dumpcap or Wireshark";
/// What a demo would overwrite.
pub(super) const REPLACE_LAB: &str = "name another place, or add `--force` to overwrite";
/// A capture that is packed in a way of its own.
pub(super) fn unpack(how: &str, name: impl Display) -> String {
    let program = if how == "bzip2" { "bzcat".to_owned() } else { format!("{how}cat") };
    format!("unpack it on the way: `{program} {name} | tlslab dissect -`")
}

// Of bench.

/// A server that is not this machine's.
pub(super) const LOADS: &str = "--i-may-test-this-host, where its owner allows a load on it";
/// A limit of the system's, lower than what is asked for.
pub(super) fn more_open_files(wanted: impl Display) -> String {
    format!("as root: `ulimit -Hn {wanted}`")
}

// Of audits.

/// A client that refuses healthy servers.
pub(super) const CONTROLS: &str = "a control is a healthy server: a client that refuses it cannot be judged; \
                                   --only valid --json shows what it said";
/// An unknown placeholder.
pub(super) const BRACES: &str = "{{ is a brace";
/// A placeholder that is another one in each case, in a command that is run once.
pub(super) const HELD: &str = "CMD is told it on a line of its stdin: HOST PORT CA NAME";
/// A placeholder for a submission, and none.
pub(super) const SUBMISSIONS: &str = "--each FILE… names them";
/// A baseline that is not there.
pub(super) const SAVE_BASELINE: &str = "--save-baseline FILE writes one";
/// A case that is not there.
pub(super) const CASES: &str = "`tlslab audit list` shows every case and family";
/// A check that is not there.
pub(super) const CHECKS: &str = "`tlslab audit server --list` prints them";
/// A server far away.
pub(super) const STRANGERS: &str = "--i-may-test-this-host, where its owner allows it";

/// A CA has no index of what it has issued.
pub(super) const NO_INDEX: &str = "`tlslab gencert --profile ca` puts index.txt beside the CA's certificate, and each \
     `gencert --ca` adds to it; --index FILE names another, as `openssl ca` keeps one";

/// What to do about an error of the library's.
pub(super) fn for_error(error: &anyhow::Error) -> Option<String> {
    error.chain().find_map(|cause| cause.downcast_ref().and_then(for_file))
}

fn for_file(error: &FileError) -> Option<String> {
    let name = |path: &Path| path.display().to_string();
    match error {
        FileError::NotFound(_) => {
            Some("`tlslab gencert` makes cert.pem, key.pem and clearkey.pem in this directory".to_owned())
        }
        FileError::Exists(_) => Some("--force replaces them, --out DIR writes somewhere else".to_owned()),
        FileError::Key { path, source: KeyError::UnsupportedEncryption(_) } => {
            let path = name(path);
            // OpenSSL 3 has some old ciphers in its legacy provider only.
            Some(format!(
                "openssl pkcs8 -provider legacy -provider default -topk8 -v2 aes-256-cbc -in {path} -out {path}.new \
                 encrypts it anew"
            ))
        }
        FileError::Key { source: KeyError::WrongPassphrase, .. } => {
            Some("--passin prompt, env:VAR, file:PATH or stdin says where the right one is".to_owned())
        }
        FileError::WrongKind { path, found, .. } if found == "a PKCS#12 bundle" => {
            Some(format!("openssl pkcs12 -in {} -nodes -out bundle.pem takes it apart", name(path)))
        }
        FileError::Unrecognised { found: "data compressed by gzip", path, .. } => {
            Some(format!("gunzip -c {0} > {0}.new", name(path)))
        }
        FileError::Unrecognised { found: "base64 without PEM's boundaries", path, .. } => {
            Some(format!("base64 -d {0} > {0}.der", name(path)))
        }
        FileError::Unrecognised { found: "hexadecimal digits", path, .. } => {
            Some(format!("xxd -r -p {0} > {0}.der", name(path)))
        }
        FileError::Unrecognised { found: "UTF-16 text", path, .. } => {
            let path = name(path);
            Some(format!("iconv -f UTF-16 -t UTF-8 {path} > {path}.new"))
        }
        _ => None,
    }
}

/// A missing file is made by gencert; one that holds something else is best looked at.
pub(super) fn how_to_get(path: &Path, option: &str) -> String {
    let shown = path.display();
    if path.is_dir() {
        return format!("`{option} FILE` names another");
    }
    if path.exists() {
        return format!("`tlslab inspect {shown}` says what is in it; `{option} FILE` names another");
    }
    let out = out(path);
    format!("make certificate and key with `tlslab gencert{out}`, or name yours with `{option} FILE`")
}

/// Where a trusted certificate comes from: the server's, or gencert makes one.
pub(super) fn how_to_trust(path: &Path) -> String {
    const NAME_ONE: &str = "name the server's certificate with `--ca FILE`";
    if path.exists() {
        return NAME_ONE.to_owned();
    }
    format!("{NAME_ONE}, or make one with `tlslab gencert{}`", out(path))
}

/// gencert's `--out`, so that it makes just this file.
fn out(path: &Path) -> String {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    directory.map_or_else(String::new, |parent| format!(" --out {}", parent.display()))
}

/// What to do about a certificate and a key that do not go together.
pub(super) fn for_identity(error: &IdentityError) -> &'static str {
    match error {
        IdentityError::Mismatch { .. } => {
            "name the key that was made with this certificate (`--key FILE`), or make a new pair with \
             `tlslab gencert --out new`"
        }
        _ => "make a new pair with `tlslab gencert --out new`",
    }
}

/// What a person can do about a refusal, for its first reason. `None` where only the peer can help itself.
pub(super) fn for_reason(reason: Reason) -> Option<&'static str> {
    Some(match reason {
        Reason::Untrusted => {
            "if this is the right server, get its certificate by a way you trust and give it with `--ca FILE`"
        }
        Reason::WrongName => "if you meant the name in the certificate, ask for it with `--cn NAME`",
        Reason::Expired => {
            "the server needs a new certificate (`tlslab gencert --force`); `--at TIME` judges another instant"
        }
        Reason::NotYetValid => "check this machine's clock; `--at TIME` judges another instant",
        Reason::BadUsage => "the server needs a server's certificate: `tlslab gencert --profile server`",
        Reason::WeakKey | Reason::WeakSignature => {
            "the server needs a stronger certificate: `tlslab gencert --key rsa:4096`"
        }
        Reason::BadSignature => {
            "somebody changed the certificate, or does not hold its key: do not trust this peer"
        }
        Reason::Revoked => "its issuer has taken it back: do not trust it; the server needs a new one",
        Reason::RevocationUnknown => {
            "give a list of its issuer that is up to date with `--crl FILE`, or let the server staple (`tlslab serve \
             --ocsp FILE`); `--revocation off` does not ask"
        }
        Reason::Malformed | Reason::Handshake | Reason::Network | Reason::Timeout => return None,
    })
}

/// What to do about a connection that went wrong.
pub(super) fn for_trouble(trouble: &Trouble, target: &Target, certificate_given: bool) -> Option<String> {
    Some(match trouble {
        Trouble::Alert { certificate_missing: true, .. } => {
            "`--cert FILE --key FILE` shows a client certificate".to_owned()
        }
        Trouble::Alert { alert: AlertDescription::UnrecognisedName, .. } => {
            "`--cn NAME` asks for another name".to_owned()
        }
        Trouble::NothingInCommon { offered: Versions::Tls12 | Versions::Tls13, .. } => {
            format!("`tlslab connect {target} --tls 1.2-1.3` offers both versions")
        }
        Trouble::NothingInCommon { .. } => {
            format!(
                "`openssl s_client -connect {target} -cipher ALL:@SECLEVEL=0` shows what the server takes"
            )
        }
        Trouble::Alert { .. } if certificate_given => {
            "the server may not trust the certificate given with `--cert`; its own log says why".to_owned()
        }
        Trouble::Truncated => "if nothing was cut, it is the server that ends without close_notify: \
                               in Python, `unwrap()` before `close()`"
            .to_owned(),
        Trouble::Echo | Trouble::Plaintext { .. } => {
            format!("if that is meant: `tlslab connect {target} --plaintext` talks without TLS")
        }
        Trouble::Version { offered: Versions::Both, .. } => {
            "the server must be updated: TLS 1.1 and older are broken (RFC 8996)".to_owned()
        }
        Trouble::Version { .. } => format!("`tlslab connect {target} --tls 1.2-1.3` offers both versions"),
        Trouble::Timeout { .. } => "`--timeout 60s` waits longer".to_owned(),
        Trouble::Unreachable(_) if target.is_loopback() => {
            format!("is the server running? `tlslab serve --listen {target}` starts one here")
        }
        Trouble::Unresolved(_) => {
            "an address needs no resolver: `tlslab connect ADDRESS:PORT --cn NAME`".to_owned()
        }
        _ => return None,
    })
}

/// What to do about a host that `tlslab COMMAND` cannot listen on, for it has no address.
pub(super) fn listen_here(command: &str) -> String {
    format!("listen on an address of this machine: `tlslab {command} --listen 127.0.0.1:0`")
}

/// What to do about an address that `tlslab COMMAND` cannot listen on.
pub(super) fn for_listening(error: &io::Error, command: &str) -> Option<String> {
    Some(match error.kind() {
        io::ErrorKind::AddrInUse => {
            format!("take any free port: `tlslab {command} --listen 127.0.0.1:0`")
        }
        io::ErrorKind::AddrNotAvailable => {
            format!("listen on one that it has: `tlslab {command} --listen 127.0.0.1:0`")
        }
        io::ErrorKind::PermissionDenied => {
            format!("take a port above 1023: `tlslab {command} --listen 127.0.0.1:4433`")
        }
        _ => return None,
    })
}
