//! Makes the fixtures that tlslab can make, and their README, from the catalogue: a selection for reading and trying,
//! for tlslab makes every other entry when it is needed.
//!
//! ```text
//! cargo run --example fixtures -- fixtures [--anew]
//! ```
//!
//! What is there already stays as it is; with `--anew` all are made again, with new keys. What tlslab will not make
//! (SHA-1 signatures, RSA-1024, openssl's own shape) is left to `fixtures/openssl.sh`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rustls::pki_types::CertificateDer;
use tlslab::audit::catalogue::workshop::{Made, Workshop};
use tlslab::audit::catalogue::{Expectation, Fault, Maker, all};
use tlslab::pki::files::{self, NewFile};
use tlslab::pki::key::KeyAlgorithm;
use tlslab::report::markdown::Said;
use zeroize::Zeroizing;

fn main() -> Result<()> {
    let mut arguments = std::env::args_os().skip(1);
    let directory = PathBuf::from(arguments.next().context("usage: fixtures DIRECTORY [--anew]")?);
    let anew = arguments.next().is_some_and(|argument| argument == "--anew");
    let workshop = Workshop::new(KeyAlgorithm::EcP256);
    let ours = |fault: &&Fault| fault.fixture && !matches!(fault.maker, Maker::Openssl(_));
    for fault in all().iter().filter(ours) {
        let folder = directory.join(fault.id.to_string());
        if folder.exists() && !anew {
            continue;
        }
        write(&folder, &fault.make(&workshop).with_context(|| fault.id.to_string())?)?;
    }
    std::fs::write(directory.join("README.md"), readme()).context("cannot write the README")
}

fn write(directory: &Path, made: &Made) -> Result<()> {
    let new = [
        NewFile { name: "ca.pem", mode: 0o644, contents: pem(&made.trusted) },
        NewFile { name: "cert.pem", mode: 0o644, contents: pem(&made.chain) },
        NewFile {
            name: "clearkey.pem",
            mode: 0o600,
            contents: files::to_pem("PRIVATE KEY", &made.key.to_pkcs8_der()),
        },
    ];
    files::write_all(directory, &new, true)?;
    Ok(())
}

fn pem(certificates: &[CertificateDer<'_>]) -> Zeroizing<Vec<u8>> {
    let blocks = certificates.iter().flat_map(|der| files::to_pem("CERTIFICATE", der).to_vec());
    Zeroizing::new(blocks.collect())
}

fn readme() -> String {
    let mut text = String::from(
        "# Fixtures\n\n\
         Bad certificates, each a good one with exactly one thing changed, and the good neighbours they are told from.\n\
         Every folder has `cert.pem` (what the server sends, leaf first), `clearkey.pem` (its key) and `ca.pem` (what\n\
         the client trusts: the certificate itself where it is pinned). The keys are public: trust none of this.\n\n\
         None rots: what is valid is so until 2120 or longer, what has expired did in 2021.\n\n\
         ```console\n\
         $ tlslab serve --cert fixtures/expired/cert.pem --key fixtures/expired/clearkey.pem\n\
         $ tlslab connect --ca fixtures/expired/ca.pem\n\
         ```\n\n\
         The catalogue in `src/audit/catalogue/families/` has many more, which are made when they are needed; `just test-negative` does\n\
         the above for every entry, over TLS 1.2 and 1.3 and by both policies. `just fixtures` makes what is not here yet,\n\
         with `--anew` all of it, and this file: what is marked *tlslab* from the catalogue, what is marked *openssl* by\n\
         `fixtures/openssl.sh`, because tlslab will not sign with SHA-1 nor hold an RSA key of 1024 bits.\n\n\
         | fixture | what it proves: refused for | rule | `lab` | `webpki` | made by |\n\
         | --- | --- | --- | --- | --- | --- |\n",
    );
    for fault in all().iter().filter(|fault| fault.fixture) {
        let maker = match fault.maker {
            Maker::Chain(_) | Maker::Leaf(_) | Maker::Plan(_) => "tlslab",
            Maker::Openssl(_) => "openssl",
        };
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {} | {} | {maker} |",
            fault.id,
            Said(fault.title),
            Said(fault.citation),
            said(fault.lab),
            said(fault.webpki)
        );
    }
    text
}

fn said(expectation: Expectation) -> String {
    let reasons: Vec<&str> = expectation.reasons().iter().map(|reason| reason.as_str()).collect();
    match expectation.exit_status() {
        0 => "0 accepted".to_owned(),
        status => format!("{status} {}", reasons.join(", ")),
    }
}
