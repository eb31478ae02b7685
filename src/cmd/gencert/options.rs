//! The command line of `gencert`.

use std::path::PathBuf;

use clap::{ArgGroup, Args, ValueEnum};
use time::OffsetDateTime;
use tlslab::pki::key::{KeyAlgorithm, MlDsaForm};
use tlslab::pki::subject::{SanName, Subject};

use crate::cmd::flags::Passin;
use crate::cmd::instant;
use crate::cmd::passphrase::PassphraseSource;

/// Make a certificate and its key: cert.pem, key.pem (encrypted) and clearkey.pem
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, group = ArgGroup::new("opens").arg("passin").requires("ca_key"))]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of its own on the command line")]
pub(crate) struct Gencert {
    /// Common name; replaces the CN in the subject [default: www.test.org]
    #[arg(long, value_name = "NAME", help_heading = "Name")]
    pub(super) cn: Option<String>,
    /// Subject in openssl's syntax: /TYPE=value in order, with `\/` for a slash in a value [default: the request's
    /// with --csr, else /C=AU/ST=WA/L=Perth/O=Test Organisation/OU=Org/CN=www.test.org]
    #[arg(long, visible_alias = "subj", value_name = "SUBJECT", help_heading = "Name")]
    pub(super) subject: Option<Subject>,
    /// Alternative name, repeatable: a DNS name, IP address, e-mail address or URI (or with a DNS:, IP:, email:
    /// or URI: prefix); a server's CN is added by itself; with --csr in place of the request's names
    #[arg(long, value_name = "NAME", conflicts_with = "no_san", help_heading = "Name")]
    pub(super) san: Vec<SanName>,
    /// Leave subjectAltName out, as plain openssl does
    #[arg(long, help_heading = "Name")]
    pub(super) no_san: bool,

    /// How many days it is valid [default: 365]
    #[arg(
        long,
        value_name = "N",
        conflicts_with = "not_after",
        allow_negative_numbers = true,
        help_heading = "Validity"
    )]
    pub(super) days: Option<i64>,
    /// First instant of validity, such as 2026-11-23T12:00:00Z or 2026-11-23 [default: now]
    #[arg(long, value_name = "TIME", value_parser = instant::parse, help_heading = "Validity")]
    pub(super) not_before: Option<OffsetDateTime>,
    /// Last instant of validity
    #[arg(long, value_name = "TIME", value_parser = instant::parse, help_heading = "Validity")]
    pub(super) not_after: Option<OffsetDateTime>,
    /// Allow a validity that ends before it begins
    #[arg(long, help_heading = "Validity")]
    pub(super) force_dates: bool,

    /// Kind of key: rsa:2048, rsa:3072, rsa:4096, rsa:8192, rsa-pss:2048, rsa-pss:3072, rsa-pss:4096, ec:p256, ec:p384,
    /// ec:p521, ed25519, or post-quantum, for TLS 1.3 alone, ml-dsa:44, ml-dsa:65 or ml-dsa:87
    #[arg(
        long,
        value_name = "ALGORITHM",
        default_value_t = KeyAlgorithm::Rsa4096,
        conflicts_with = "csr",
        help_heading = "Kind"
    )]
    pub(super) key: KeyAlgorithm,
    /// What is written of an ML-DSA key (RFC 9881): its seed, which is enough, the expanded key, or both
    #[arg(long, value_enum, value_name = "FORM", conflicts_with = "csr", help_heading = "Kind")]
    pub(super) key_form: Option<KeyForm>,
    /// Shape of the certificate
    #[arg(long, value_enum, default_value_t = ProfileName::Server, help_heading = "Kind")]
    pub(super) profile: ProfileName,
    /// How many CAs may follow below this one (profile ca)
    #[arg(long, value_name = "N", help_heading = "Kind")]
    pub(super) path_length: Option<u8>,

    /// Sign with this CA's certificate instead of self-signing
    #[arg(long, value_name = "CERT", requires = "ca_key", help_heading = "Issuer")]
    pub(super) ca: Option<PathBuf>,
    /// The CA's private key
    #[arg(long, value_name = "KEY", requires = "ca", help_heading = "Issuer")]
    pub(super) ca_key: Option<PathBuf>,
    #[command(flatten, next_help_heading = "Issuer")]
    pub(super) passin: Passin,
    /// Sign even if the CA is none, has expired or does not match its key
    #[arg(long, requires = "ca", help_heading = "Issuer")]
    pub(super) force_issuer: bool,
    /// Certify the key of this signing request instead of making one: writes cert.pem only; subject and names are
    /// the request's unless given, all else is what the options say
    #[arg(long, value_name = "FILE", requires = "ca", help_heading = "Issuer")]
    pub(super) csr: Option<PathBuf>,
    /// Make a signing request, csr.pem, for somebody else to sign, in place of a certificate
    #[arg(
        long,
        conflicts_with_all = ["csr", "ca", "days", "not_before", "not_after", "force_dates"],
        help_heading = "Issuer"
    )]
    pub(super) csr_only: bool,

    /// Where the CA's revocation lists are, into the certificate (cRLDistributionPoints); repeatable
    #[arg(long, value_name = "URL", value_parser = url, conflicts_with = "csr_only", help_heading = "Status")]
    pub(super) crl_url: Vec<String>,
    /// Where the CA answers OCSP, into the certificate (authorityInfoAccess); repeatable
    #[arg(long, value_name = "URL", value_parser = url, conflicts_with = "csr_only", help_heading = "Status")]
    pub(super) ocsp_url: Vec<String>,
    /// Have the certificate promise that its server staples an OCSP response (RFC 7633); a CA's promise is inherited
    #[arg(long, conflicts_with = "csr_only", help_heading = "Status")]
    pub(super) must_staple: bool,

    /// Passphrase of key.pem: prompt, env:VAR, file:PATH or stdin [default: prompt on a terminal, else a random one,
    /// shown once]
    #[arg(long, value_name = "SOURCE", conflicts_with = "csr", help_heading = "Files")]
    pub(super) passout: Option<PassphraseSource>,
    /// No passphrase and no key.pem: cert.pem and clearkey.pem only
    #[arg(long, visible_alias = "nodes", conflicts_with_all = ["passout", "csr"], help_heading = "Files")]
    pub(super) noenc: bool,
    /// Directory to write to; made if missing
    #[arg(long, value_name = "DIR", default_value = ".", help_heading = "Files")]
    pub(super) out: PathBuf,
    /// Replace existing files
    #[arg(long, help_heading = "Files")]
    pub(super) force: bool,
}

const EXAMPLES: &str = "\
Examples:
  tlslab gencert                                            the lab's certificate, ready for `tlslab serve`
  tlslab gencert --cn localhost --san 127.0.0.1 --key ec:p256
  tlslab gencert --key ml-dsa:65                            post-quantum, for TLS 1.3
  tlslab gencert --subject '/C=AU/O=Test Organisation/CN=www.test.org' --days 30
  tlslab gencert --not-after 2020-01-01 --not-before 2019-01-01      one that has expired
  tlslab gencert --profile ca --cn 'Test CA' --out ca
  tlslab gencert --ca ca/cert.pem --ca-key ca/clearkey.pem --out server
  tlslab gencert --ca ca/cert.pem --ca-key ca/clearkey.pem --ocsp-url http://127.0.0.1:2560/ --out server
  tlslab gencert --csr-only --cn www.test.org --out mine           a request, and its keys
  tlslab gencert --csr mine/csr.pem --ca ca/cert.pem --ca-key ca/clearkey.pem --out signed

Beside the certificate of a CA (profile ca) index.txt lists what it issues, for `tlslab revoke` and `tlslab ocsp`:
each `gencert --ca` adds to it.

Which verifiers would refuse a server with the certificate is said as a note; `tlslab inspect cert.pem --who`
has the rules. An interrupted run leaves no certificate and no key behind.
One that is killed (SIGKILL) while --force replaces files leaves no cert.pem rather than one beside another's
key, and the old files under hidden names; run again, it makes the set whole.";

/// The shapes of certificates, by the names of `--profile`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ProfileName {
    /// A TLS server, accepted by every mainstream verifier that trusts it
    Server,
    /// A TLS client
    Client,
    /// A certification authority
    Ca,
    /// Who answers OCSP for the CA that issues it
    Ocsp,
    /// What plain `openssl req -x509` makes: CA:TRUE, no alternative names, no key usage
    Openssl,
}

/// The forms of ML-DSA keys, by the names of `--key-form`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum KeyForm {
    /// 32 bytes from which all else follows
    Seed,
    /// FIPS 204's private key
    Expanded,
    /// Both, as OpenSSL writes them
    Both,
}

impl From<KeyForm> for MlDsaForm {
    fn from(form: KeyForm) -> Self {
        match form {
            KeyForm::Seed => Self::Seed,
            KeyForm::Expanded => Self::Expanded,
            KeyForm::Both => Self::Both,
        }
    }
}

/// Where something is to be had over HTTP (RFC 5280 §4.2.1.13, §4.2.2.1): nobody who checks a status looks elsewhere.
fn url(text: &str) -> std::result::Result<String, String> {
    let is_http = text.starts_with("http://") || text.starts_with("https://");
    if is_http && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(text.to_owned());
    }
    Err("expected http:// or https:// and ASCII without spaces, found something else".to_owned())
}
