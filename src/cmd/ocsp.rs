//! `tlslab ocsp`: a CA says of its certificates whether they are revoked, to whoever asks over HTTP, or into a file for a
//! server to staple.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use time::OffsetDateTime;
use tlslab::pki::files;
use tlslab::pki::index::{self, Index};
use tlslab::pki::ocsp::OcspFacts;
use tlslab::pki::responder::Responder;
use tlslab::report::ocsp::OcspReport;
use tlslab::server::ocsp::{self as server, OcspEvent, OcspLimits};
use tlslab::streams::accept::Notice;
use tlslab::verify::{Examined, check_issued, check_issuer};
use tlslab::words::Escaped;
use tokio::sync::oneshot;

use super::ca;
use super::flags::Passin;
use super::listen::ListenAddress;
use super::signals::{Signals, undisturbed};
use super::{Failure, Hinted, Result, Ui, patience, remedy};

/// Answer whether a CA's certificates are revoked: over HTTP (OCSP), or into a file for a server to staple
///
/// What is answered stands in the index that `gencert --profile ca` puts beside the CA's certificate, to which each
/// `gencert --ca` adds and in which `revoke` marks: good, revoked, or, what is not in it, unknown. It is read anew for each
/// request. With a certificate, one response about it is written to --out instead, as `serve --ocsp` sends it along.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tlslab ocsp --ca ca/cert.pem --ca-key ca/clearkey.pem                              answers on 127.0.0.1:2560
  openssl ocsp -issuer ca/cert.pem -cert server/cert.pem -CAfile ca/cert.pem -url http://127.0.0.1:2560/
  tlslab ocsp server/cert.pem --ca ca/cert.pem --ca-key ca/clearkey.pem --out staple.der
  tlslab serve --cert server/cert.pem --key server/clearkey.pem --ocsp staple.der
  tlslab gencert --profile ocsp --cn 'Test OCSP' --ca ca/cert.pem --ca-key ca/clearkey.pem --out responder
  tlslab ocsp --ca ca/cert.pem --signer responder/cert.pem --signer-key responder/clearkey.pem

Requests are taken as RFC 6960 has them: POST, and GET with base64 in the path. A nonce is repeated.
SIGINT and SIGTERM stop it in good order.")]
pub(crate) struct Ocsp {
    /// A certificate of the CA (PEM or DER) to write a response about, instead of answering
    #[arg(value_name = "CERT", requires = "out")]
    certificate: Option<PathBuf>,
    /// The certificate of the CA that issued it
    #[arg(long, value_name = "CERT")]
    ca: PathBuf,
    /// The CA's private key, which signs the responses
    #[arg(long, value_name = "KEY", required_unless_present = "signer", conflicts_with = "signer")]
    ca_key: Option<PathBuf>,
    /// A responder's certificate, issued by the CA for signing responses (`gencert --profile ocsp`)
    #[arg(long, value_name = "CERT", requires = "signer_key")]
    signer: Option<PathBuf>,
    /// The responder's private key
    #[arg(long, value_name = "KEY", requires = "signer")]
    signer_key: Option<PathBuf>,
    #[command(flatten)]
    passin: Passin,
    /// The CA's index [default: index.txt beside the CA's certificate]
    #[arg(long, value_name = "FILE")]
    index: Option<PathBuf>,
    /// How long a response holds: when the next one is due
    #[arg(long, value_name = "DURATION", default_value = "1d", value_parser = patience::read)]
    valid: Duration,
    /// Where to listen; port 0 takes any free one, which `listening on ADDR` then tells
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:2560", conflicts_with = "certificate")]
    listen: ListenAddress,
    /// How many clients at once; further ones wait
    #[arg(long, value_name = "N", default_value = "256")]
    max_connections: std::num::NonZeroUsize,
    /// How long a client may take over a request
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = patience::read)]
    timeout: Duration,
    /// Where to write the response
    #[arg(long, value_name = "FILE", requires = "certificate")]
    out: Option<PathBuf>,
    /// Replace an existing file
    #[arg(long, requires = "out")]
    force: bool,
}

impl Ocsp {
    /// Answers until told to stop, or writes one response.
    pub(crate) fn run(&self, ui: &Ui, now: OffsetDateTime) -> Result<u8> {
        let responder = self.responder(now)?;
        let index = self.index_path();
        // Said now rather than to the first who asks.
        read_index(&index, &responder.0)?;
        match (&self.certificate, &self.out) {
            (Some(certificate), Some(out)) => self.write(certificate, out, &responder, &index, now, ui),
            _ => self.answer(responder.1, index, ui),
        }
    }

    fn index_path(&self) -> PathBuf {
        self.index.clone().unwrap_or_else(|| index::beside(&self.ca))
    }

    /// Who answers, and the CA.
    fn responder(&self, now: OffsetDateTime) -> Result<(Whose, Responder)> {
        let (_, issuer) = ca::first_of(&self.ca)?;
        let whose = Whose(issuer.public_key.spki.clone());
        let holds = time::Duration::try_from(self.valid).unwrap_or(time::Duration::DAY);
        if let Some(key) = &self.ca_key {
            let key = ca::unlock(key, self.passin.passin.as_ref())?;
            check_issuer(&issuer, &key, tlslab::pki::issue::Profile::Client, now)
                .map_err(|error| Failure::new(format_args!("{}: {error}", self.ca.display())))?;
            return Ok((whose, Responder::new(issuer, key, holds)));
        }
        let (Some(signer), Some(key)) = (&self.signer, &self.signer_key) else {
            return Err(Failure::usage("expected --ca-key, or --signer with --signer-key"));
        };
        let (_, facts) = ca::first_of(signer)?;
        let key = ca::unlock(key, self.passin.passin.as_ref())?;
        check_issued(&facts, &issuer)
            .map_err(|error| Failure::new(format_args!("{}: {error}", signer.display())))?;
        if facts.public_key.spki != key.public_key_info() {
            return Err(Failure::new(format_args!(
                "{}: the key does not belong to the certificate",
                signer.display()
            )));
        }
        Ok((whose, Responder::delegated(issuer, facts, key, holds)))
    }

    fn write(
        &self,
        certificate: &Path,
        out: &Path,
        (whose, responder): &(Whose, Responder),
        index: &Path,
        now: OffsetDateTime,
        ui: &Ui,
    ) -> Result<u8> {
        files::check_one(out, self.force)?;
        let (_, facts) = ca::first_of(certificate)?;
        let (_, issuer) = ca::first_of(&self.ca)?;
        check_issued(&facts, &issuer)
            .map_err(|error| Failure::new(format_args!("{}: {error}", certificate.display())))?;
        let responded = responder.about(&facts.serial, &read_index(index, whose)?, now)?;
        let made = OcspFacts::read(&responded.der)
            .map_err(|error| Failure::new(format_args!("what was made cannot be read back: {}", error.0)))?;
        undisturbed(|| files::write_one(out, 0o644, &responded.der, self.force))
            .context("cannot hold back signals while the response is written")??;
        if ui.json() {
            let mut json = serde_json::to_value(OcspReport::new(&made, &Examined::of_response(&made)))?;
            json["path"] = out.display().to_string().into();
            ui.print_json(&json)?;
            return Ok(0);
        }
        let due = responded.keep_until.map(tlslab::words::instant).unwrap_or_default();
        let path = out.display().to_string();
        ui.print(&format!("{}  serial {}, next due {due}", Escaped(&path), responded.words))?;
        Ok(0)
    }

    fn answer(&self, responder: Responder, index: PathBuf, ui: &Ui) -> Result<u8> {
        let whose = Whose(ca::first_of(&self.ca)?.1.public_key.spki);
        let answers = move |request: &[u8], now: OffsetDateTime| {
            let index = read_index(&index, &whose).map_err(|failure| failure.to_string())?;
            responder.respond(request, &index, now).map_err(|error| error.to_string())
        };
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let result = runtime.block_on(self.serve(Arc::new(answers), ui));
        // A thread may still sit in a file that keeps its reader waiting.
        runtime.shutdown_background();
        result
    }

    async fn serve(&self, answers: Arc<server::Answers>, ui: &Ui) -> Result<u8> {
        // First: a stop that comes early is still an orderly one.
        let mut signals = Signals::new()?;
        let listener = self.listen.bind("ocsp").await?;
        let address = listener.local_addr().context("cannot tell the address that was bound")?;
        ui.in_background();
        ui.announce(&format!("listening on {address}"));
        let limits = OcspLimits {
            max_connections: self.max_connections.get(),
            timeout: self.timeout,
            drain_timeout: self.timeout,
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let mut stop = Some(stop);
        // A sender that is gone means the same as one that speaks.
        let stopped = async move { drop(stopped.await) };
        let events = ui.clone();
        let tell = move |event| match event {
            OcspEvent::Answered(peer, words) => events.say(&format!("{peer}: {}", Escaped(&words))),
            OcspEvent::Accepting(Notice::Full) => events.warn(
                "as many clients as --max-connections allows are here: the next waits until one leaves",
            ),
            OcspEvent::Accepting(Notice::Failed(error)) => {
                events.warn(&format!("cannot accept a client, trying again: {error}"));
            }
        };
        let serving = server::run(listener, answers, limits, tell, stopped);
        let served = signals.attend(serving, |_| drop(stop.take())).await;
        Ok(served.map_or_else(|cut| cut.status, |()| 0))
    }
}

/// The key of the CA whose index is wanted.
struct Whose(Vec<u8>);

/// The index as it is now.
fn read_index(path: &Path, whose: &Whose) -> Result<Index> {
    let found = index::read(path).hint(|| remedy::NO_INDEX.to_owned())?;
    let Some(index) = found else {
        return Err(Failure::new(format_args!("{}: no such file", path.display())).hint(remedy::NO_INDEX));
    };
    if !index.is_of(&whose.0) {
        return Err(Failure::new(format_args!(
            "{}: expected the index of this CA, found another's",
            path.display()
        ))
        .hint("--index FILE names another"));
    }
    Ok(index)
}
