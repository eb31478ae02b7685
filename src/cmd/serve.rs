//! `tlslab serve`: files → configuration → bound socket → sessions, one line each.

mod admin;
mod certificates;
mod forward;
pub(super) mod identity;
mod lines;
mod tickets;

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use rustls::KeyLog;
use time::OffsetDateTime;
use tlslab::server::reload::{Settings, Tls};
use tlslab::server::{self, BackEnd, BackEnds, Config, Forward, Limits, Metrics, Service};
use tlslab::verify::{Criteria, Policy, Usage};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::capture::{Capture, Recording};
use super::flags::{DrainTimeout, IdleTimeout, MaxConnections, Passin, TlsVersions};
use super::lab::{CERT, CLEAR_KEY};
use super::listen::ListenAddress;
use super::patience;
use super::revocation::RevocationArgs;
use super::signals::{Signal, Signals, all_told};
use super::systemd::{self, State};
use super::{Result, Ui, remedy, trust};
use admin::Administration;
use certificates::Served;
use lines::Tally;

/// Serve TLS 1.2 and 1.3: echo, upper case, a page about the session, or somebody's plaintext server behind it
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Serve {
    /// Where to listen; port 0 takes any free one, which `listening on ADDR` then tells
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:4433")]
    listen: ListenAddress,
    /// The certificate, PEM or DER; further ones in it are sent along as the chain
    #[arg(long, value_name = "FILE", default_value = CERT)]
    cert: PathBuf,
    /// The private key that belongs to it
    #[arg(long, value_name = "FILE", default_value = CLEAR_KEY)]
    key: PathBuf,
    #[command(flatten)]
    passin: Passin,
    /// More certificates, each shown to whoever asks for a name in it (SNI), all others getting --cert: NAME.pem with
    /// NAME.key, or folders as gencert writes them; an OCSP response in NAME.ocsp or cert.ocsp is stapled
    #[arg(long, value_name = "DIR", conflicts_with = "plaintext")]
    cert_dir: Option<PathBuf>,
    /// Seal session tickets with this key, so that other servers that have it resume the sessions: 48 or 80 random octets,
    /// as nginx takes them (openssl rand 80); given several times, the first seals and all open
    #[arg(long, value_name = "FILE", conflicts_with_all = ["plaintext", "client_ca"])]
    ticket_key: Vec<PathBuf>,
    /// Send this OCSP response (DER or PEM) along with the certificate to clients that ask (a staple); read again on SIGHUP
    #[arg(long, value_name = "FILE", conflicts_with = "plaintext")]
    ocsp: Option<PathBuf>,
    /// Require a client certificate that is in FILE or chains to one there (mutual TLS)
    #[arg(long, value_name = "FILE", conflicts_with = "plaintext")]
    client_ca: Option<PathBuf>,
    #[command(flatten)]
    revocation: RevocationArgs,
    #[command(flatten)]
    versions: TlsVersions,
    #[command(flatten)]
    recording: Recording,
    /// Serve without TLS: the lab's insecure starting point, readable by everybody on the way
    #[arg(long)]
    plaintext: bool,
    /// Answer with what was sent, changed in this way, instead of a plain echo
    #[arg(long, value_name = "HOW", conflicts_with = "www")]
    reply: Option<Reply>,
    /// Answer HTTP/1.1: / is a page and /session.json JSON about this TLS session
    #[arg(long)]
    www: bool,
    /// Carry what is decrypted to this plaintext server, HOST:PORT or unix:PATH, and its answers back; given several times,
    /// the one with the fewest connections is taken, and one that cannot be reached is left out for a while
    #[arg(long, value_name = "TARGET", value_parser = forward::read, conflicts_with_all = ["reply", "www"])]
    forward: Vec<BackEnd>,
    /// Begin each connection to a target with a PROXY protocol header: who the client is and what TLS agreed on
    #[arg(long, value_name = "VERSION", requires = "forward")]
    proxy_protocol: Option<ProxyProtocol>,
    /// An application protocol to agree on, such as http/1.1; given several times, the best first
    #[arg(long, value_name = "NAME", value_parser = forward::read_alpn, conflicts_with_all = ["plaintext", "www"])]
    alpn: Vec<String>,
    #[command(flatten)]
    max_connections: MaxConnections,
    /// How many connections from one address at once, an IPv6 one counting by its /64; further ones are closed at once
    #[arg(long, value_name = "N")]
    max_per_ip: Option<NonZeroUsize>,
    /// How many new connections a second from one address; further ones are closed at once
    #[arg(long, value_name = "N")]
    handshake_rate: Option<NonZeroU32>,
    /// Answer HTTP here for those who run this server: /metrics (Prometheus), /healthz, /readyz; best on loopback
    #[arg(long, value_name = "ADDR")]
    admin: Option<ListenAddress>,
    /// How long a handshake may take
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = patience::read)]
    handshake_timeout: Duration,
    #[command(flatten)]
    idle: IdleTimeout,
    #[command(flatten)]
    drain: DrainTimeout,
}

const EXAMPLES: &str = "\
Examples:
  tlslab serve                                  echo, with gencert's cert.pem and clearkey.pem
  tlslab serve --www                            then: curl --cacert cert.pem \\
                                                  --connect-to www.test.org:4433:127.0.0.1:4433 \\
                                                  https://www.test.org:4433/session.json
  tlslab serve --key key.pem --passin env:PASS  the encrypted key
  tlslab serve --client-ca client.pem           mutual TLS
  tlslab serve --forward 127.0.0.1:8080         TLS in front of a plaintext server
  tlslab serve --listen 127.0.0.1:0             any free port
  tlslab serve --pcap lab.pcapng                record; then: tlslab dissect lab.pcapng

Each session ends with a line on stderr; with --json a summary follows on stdout at the end.
SIGHUP reloads certificates and keys, and keeps the old ones if the new are bad.
SIGINT and SIGTERM stop accepting, let sessions finish and exit with 0; a second one stops at once.";

/// `--reply`.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Reply {
    /// Every letter in upper case
    Upper,
}

/// `--proxy-protocol`.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum ProxyProtocol {
    /// The binary header, with what TLS agreed on
    V2,
}

impl Serve {
    /// Serves until told to stop.
    pub(crate) fn run(self, ui: &Ui, now: OffsetDateTime) -> Result<u8> {
        self.recording.check()?;
        let prepared = if self.plaintext { None } else { Some(self.prepare(ui, now)?) };
        if self.plaintext {
            ui.warn(
                "--plaintext: no TLS; whoever is on the way reads and changes every byte, and nobody proves \
                 who they are",
            );
        }
        raise_file_limit(self.max_connections.get());
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let result = runtime.block_on(self.serve(prepared, ui));
        // A thread may still sit in a read of a file that is to be reloaded; nobody waits for it.
        runtime.shutdown_background();
        result
    }

    async fn serve(&self, prepared: Option<Prepared>, ui: &Ui) -> Result<u8> {
        let listener = self.listen.take_over_or_bind("serve").await?;
        let address = listener.local_addr().context("cannot tell the address that was bound")?;
        // Before anybody is told that the server is up: from now on signals are ours.
        let mut signals = Signals::with_reload()?;
        ui.in_background();
        let service = self.service();
        let forward = match &service {
            Service::Forward(forward) => Some(Arc::clone(forward)),
            Service::Echo | Service::Upper | Service::Www => None,
        };
        let administration = Administration::begin(self.admin.as_ref(), forward, ui).await?;
        let metrics = Arc::clone(&administration.metrics);
        let tally = Arc::new(Tally::new(ui.clone()));
        let events = Arc::clone(&tally);
        let warnings = ui.clone();
        let interface = format!("tlslab serve {address}");
        let capture =
            self.recording.begin(interface, !self.plaintext, ui, move |line| warnings.warn(&line))?;
        let tls = prepared.map(|prepared| prepared.start(capture.as_ref(), ui)).transpose()?;
        let config = Config {
            tls: tls.as_ref().map(|tls| Arc::clone(&tls.tls)),
            service,
            limits: self.limits(),
            recorder: capture.as_ref().map(|capture| capture.recorder().clone()),
        };
        if let Some(tls) = &tls {
            metrics.serving(tls.served().expiries());
        }
        let counted = Arc::clone(&metrics);
        let (stop, stopped) = oneshot::channel::<()>();
        let mut stop = Some(stop);
        let mut server = tokio::spawn(server::run(
            listener,
            config,
            move |event| {
                counted.event(&event);
                events.event(&event);
            },
            // A sender that is gone means the same as one that speaks.
            async move { drop(stopped.await) },
        ));
        ui.announce(&format!("listening on {address}"));
        systemd::tell(State::Ready);
        let mut reloading: Option<JoinHandle<()>> = None;
        let served = signals.attend(&mut server, |signal| match signal {
            // Not awaited here, where signals are: a file may be one that keeps its reader waiting.
            Signal::Reload => {
                reloading = Some(self.reload_after(reloading.take(), tls.clone(), &metrics, ui));
            }
            Signal::Stop(_) => {
                systemd::tell(State::Stopping);
                administration.stopping();
                ui.say(&format!(
                    "stopping: sessions have {} to end; once more to stop at once",
                    humantime::format_duration(self.drain.drain_timeout),
                ));
                drop(stop.take());
            }
        });
        let status = match served.await {
            Ok(ended) => ended.map(|()| 0).context("the server broke down")?,
            Err(cut) => {
                server.abort();
                // Cancelled, which drops every session and so reports it.
                let _ = server.await;
                all_told(&tally).await;
                cut.status
            }
        };
        // From here on a signal ends the process: what is to come is said to whoever may not read it.
        drop(signals);
        if let Some(capture) = capture {
            ui.say(&capture.finish());
        }
        let summary = tally.sum();
        if ui.json() {
            ui.print_last(&summary.json(address))?;
        } else {
            ui.say(&summary.to_string());
        }
        Ok(status)
    }

    /// Reloads once the reload `before` is done.
    fn reload_after(
        &self,
        before: Option<JoinHandle<()>>,
        tls: Option<Started>,
        metrics: &Arc<Metrics>,
        ui: &Ui,
    ) -> JoinHandle<()> {
        let (serve, metrics, ui) = (self.clone(), Arc::clone(metrics), ui.clone());
        systemd::tell(State::Reloading);
        tokio::spawn(async move {
            if let Some(before) = before {
                // One that broke down has said so.
                let _ = before.await;
            }
            serve.reload(tls.as_ref(), &metrics, &ui).await;
            systemd::tell(State::Ready);
        })
    }

    fn service(&self) -> Service {
        if !self.forward.is_empty() {
            return Service::Forward(Arc::new(Forward {
                back_ends: BackEnds::new(self.forward.iter().cloned()),
                proxy_protocol: self.proxy_protocol.is_some(),
            }));
        }
        match (self.www, self.reply) {
            (true, _) => Service::Www,
            (false, Some(Reply::Upper)) => Service::Upper,
            (false, None) => Service::Echo,
        }
    }

    fn limits(&self) -> Limits {
        Limits {
            max_connections: self.max_connections.get(),
            handshake_timeout: self.handshake_timeout,
            idle_timeout: self.idle.idle_timeout,
            drain_timeout: self.drain.drain_timeout,
            max_per_ip: self.max_per_ip.map(NonZeroUsize::get),
            handshake_rate: self.handshake_rate.map(NonZeroU32::get),
        }
    }

    /// Reads everything that TLS takes.
    fn prepare(&self, ui: &Ui, now: OffsetDateTime) -> Result<Prepared> {
        let served = Served::open(
            &self.cert,
            &self.key,
            self.passin.passin.as_ref(),
            self.ocsp.as_deref(),
            self.cert_dir.as_deref(),
        )?;
        if let Some((path, algorithm)) = served.for_tls13_only() {
            identity::fits(path, algorithm, self.versions.tls)?;
        }
        for warning in served.warnings(now) {
            ui.warn(&warning);
        }
        let mut settings = self.settings(ui)?;
        settings.key_log = self.recording.key_log(ui)?;
        Ok(Prepared { served, settings })
    }

    /// Everything but the key log, which outlives a reload.
    fn settings(&self, ui: &Ui) -> Result<Settings> {
        let client = match &self.client_ca {
            None => None,
            Some(path) => {
                let trusted = trust::trusted_of(path, || remedy::how_to_get(path, "--client-ca"), ui)?;
                let revocation = self.revocation.read()?;
                Some(Criteria { trusted, name: None, usage: Usage::Client, policy: Policy::Lab, revocation })
            }
        };
        let alpn = if self.www {
            vec![b"http/1.1".to_vec()]
        } else {
            self.alpn.iter().map(|name| name.as_bytes().to_vec()).collect()
        };
        let ticket_keys = tickets::read(&self.ticket_key, ui)?;
        Ok(Settings { versions: self.versions.tls, alpn, key_log: None, client, ticket_keys })
    }

    /// SIGHUP: reads the files again. What cannot be served is said, and what was served before stays.
    async fn reload(&self, tls: Option<&Started>, metrics: &Metrics, ui: &Ui) {
        let Some(started) = tls else {
            ui.say("nothing to reload: this server speaks plaintext");
            return;
        };
        let (started, serve, warnings) = (started.clone(), self.clone(), ui.clone());
        // A passphrase is stretched on purpose, which takes a while: not in the way of sessions.
        let reloaded = tokio::task::spawn_blocking(move || -> Result<_> {
            // Reloads come one after the other.
            let mut served = started.served();
            let read = served.read_again()?;
            let settings = Settings { key_log: started.key_log.clone(), ..serve.settings(&warnings)? };
            started.tls.replace(read.served.certificates(), settings).context("cannot set up TLS")?;
            *served = read.served.clone();
            Ok(read)
        });
        let reloaded = reloaded.await;
        metrics.reloaded(matches!(&reloaded, Ok(Ok(read)) if read.kept.is_empty()));
        match reloaded {
            Ok(Ok(read)) => {
                metrics.serving(read.served.expiries());
                for bad in read.kept {
                    ui.warn(&format!("not reloaded, as it was before: {bad}"));
                }
                for warning in read.served.warnings(OffsetDateTime::now_utc()) {
                    ui.warn(&warning);
                }
                for line in read.said {
                    ui.say(&line);
                }
            }
            Ok(Err(failure)) => ui.warn(&format!("not reloaded, still serving as before: {failure}")),
            Err(error) => ui.warn(&format!("not reloaded, still serving as before: {error}")),
        }
    }
}

/// TLS as it will be spoken.
struct Prepared {
    served: Served,
    settings: Settings,
}

/// TLS as it is spoken, and what a reload takes.
#[derive(Clone)]
struct Started {
    tls: Arc<Tls>,
    served: Arc<Mutex<Served>>,
    key_log: Option<Arc<dyn KeyLog>>,
}

impl Started {
    fn served(&self) -> MutexGuard<'_, Served> {
        // A reload that broke down has changed nothing.
        self.served.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Prepared {
    fn start(self, capture: Option<&Capture>, ui: &Ui) -> Result<Started> {
        let Self { served, mut settings } = self;
        if let Some(capture) = capture {
            settings.key_log = Some(capture.key_log(settings.key_log));
        }
        let key_log = settings.key_log.clone();
        let tls = Tls::new(served.certificates(), settings).context("cannot set up TLS")?;
        for line in served.describe() {
            ui.say(&line);
        }
        Ok(Started { tls: Arc::new(tls), served: Arc::new(Mutex::new(served)), key_log })
    }
}

/// Each session holds a file descriptor, and systems allow 1024 unless asked for more.
#[cfg(unix)]
pub(super) fn raise_file_limit(sessions: usize) {
    use rustix::process::{Resource, getrlimit, setrlimit};

    // Sockets aside: the listener, the standard streams, the runtime's own, files being read.
    const OTHERS: u64 = 64;
    let mut limit = getrlimit(Resource::Nofile);
    let wanted = (sessions as u64).saturating_add(OTHERS);
    if limit.current.is_some_and(|current| current < wanted) {
        limit.current = Some(limit.maximum.map_or(wanted, |maximum| maximum.min(wanted)));
        // Not granted, accepting pauses where descriptors run out, and that is said then.
        let _ = setrlimit(Resource::Nofile, limit);
    }
}

#[cfg(not(unix))]
pub(super) fn raise_file_limit(_sessions: usize) {}
