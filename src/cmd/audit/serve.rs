//! `tlslab audit serve`: the cases as servers that stay, a local badssl.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use maud::html;
use rustls::pki_types::CertificateDer;
use tlslab::audit::case::{Case, KEY, Material, Reply, Scene, Seen, Serve as _, Shown, Trust};
use tlslab::audit::cases::{self, Planned, Supply};
use tlslab::audit::catalogue::LAB_NAME;
use tlslab::audit::client::{Selection, SelectionError};
use tlslab::audit::resumption::Sessions;
use tlslab::audit::rig::healthy::Healthy;
use tlslab::audit::transcript::Recorded;
use tlslab::page::{page, said};
use tlslab::pki::files::to_pem;
use tlslab::tls::Versions;
use tlslab::verify::ExpectedName;
use tlslab::wire::hello::ClientHello;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use super::client::clock;
use super::list::unselected;
use crate::cmd::listen::ListenAddress;
use crate::cmd::signals::Signals;
use crate::cmd::{Failure, Result, Ui};

/// How many connections are served at a time, over all cases.
const AT_A_TIME: usize = 1024;
/// How long a connection may last.
const PATIENCE: Duration = Duration::from_secs(60);
/// For how long after its start what is about seconds stays so.
const MARGIN: Duration = Duration::from_secs(24 * 60 * 60);

/// Serve cases, each on a port of its own and all of them by name on one more: a local badssl
#[derive(Debug, Args)]
pub(super) struct Serve {
    /// Cases or families, * allowed
    #[arg(value_name = "ID", required_unless_present = "all")]
    ids: Vec<String>,
    /// Every case
    #[arg(long, conflicts_with = "ids")]
    all: bool,
    /// The first port; the others follow. Port 0 takes any free ones
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:4443")]
    listen: ListenAddress,
    /// Write what is to be trusted into DIR/ID.pem
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// One case, ready to be served.
struct Ready {
    case: Arc<Case>,
    scene: Scene,
    trusted: Arc<[CertificateDer<'static>]>,
}

impl Serve {
    /// Serves until it is told to stop.
    pub(super) fn run(&self, ui: &Ui) -> Result<u8> {
        let chosen = self.chosen()?;
        if let Some(folder) = &self.out {
            std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        }
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(self.serve(ui, chosen))
    }

    /// In the order given; a pattern's in the catalogue's.
    fn chosen(&self) -> Result<Vec<Arc<Case>>> {
        let all = cases::all(&LAB_NAME.parse()?, LAB_NAME, false);
        if self.all {
            return Ok(all.iter().map(Planned::case).collect());
        }
        let mut chosen: Vec<Arc<Case>> = Vec::new();
        for id in &self.ids {
            let selection = Selection { only: vec![id.clone()], ..Selection::default() };
            for case in selection.named(&all).map_err(unselected)?.into_iter().map(Planned::case) {
                if !chosen.iter().any(|known| Arc::ptr_eq(known, &case)) {
                    chosen.push(case);
                }
            }
        }
        Ok(chosen)
    }

    async fn serve(&self, ui: &Ui, chosen: Vec<Arc<Case>>) -> Result<u8> {
        let mut signals = Signals::new()?;
        ui.in_background();
        let supply = Supply::new(LAB_NAME.parse()?, clock, MARGIN);
        let room = Arc::new(Semaphore::new(AT_A_TIME));
        let mut port = self.listen.port();
        let mut by_name = HashMap::new();
        for case in chosen {
            let ready = match ready(&case, &supply, LAB_NAME) {
                Ok(ready) => ready,
                // The only one that was asked for is nothing to be passed over.
                Err(why) if self.ids.len() == 1 => {
                    return Err(Failure::new(format!("{}: it cannot be served: {why}", case.id)));
                }
                Err(why) => {
                    ui.warn(&format!("{}: it is not served: {why}", case.id));
                    continue;
                }
            };
            let host = format!("{}.test.org", case.id.replace('.', "-"));
            let named = named(&case, &supply, &host);
            self.write_trust(&case, &ready, named.as_ref())?;
            let listener = self.listener(&mut port).await?;
            let address = listener.local_addr()?;
            let ready = Arc::new(ready);
            tokio::spawn(accept(listener, Arc::clone(&room), move |stream| {
                let ready = Arc::clone(&ready);
                async move { ready.serve(stream).await }
            }));
            ui.announce(&format!("listening on {address} {}", case.id));
            if let Some(named) = named {
                // Of a case over two versions the first answers to the name.
                by_name.entry(host).or_insert(named);
            }
        }
        if by_name.is_empty() {
            return Err(unselected(SelectionError::Nothing));
        }
        let listener = self.listener(&mut port).await?;
        ui.announce(&format!("listening on {} *.test.org", listener.local_addr()?));
        let index = Arc::new(Index { page: index_page(by_name.keys()), supply, by_name });
        tokio::spawn(accept(listener, room, move |stream| {
            let index = Arc::clone(&index);
            async move { index.serve(stream).await }
        }));
        ui.announce("ready");
        // Nothing here is worth waiting for: a connection is one case's.
        signals.stop().await;
        Ok(0)
    }

    async fn listener(&self, port: &mut u16) -> Result<TcpListener> {
        let address = self.listen.at(*port);
        let listener = address.bind("audit serve").await.map_err(|failure| failure.status(30))?;
        if *port != 0 {
            *port = port
                .checked_add(1)
                .ok_or_else(|| Failure::new(format!("{address}: there are no ports behind it")))?;
        }
        Ok(listener)
    }

    /// What is to be trusted, by port and by name.
    fn write_trust(&self, case: &Case, ready: &Ready, named: Option<&Ready>) -> Result<()> {
        let Some(folder) = &self.out else { return Ok(()) };
        let trusted = ready.trusted.iter().chain(named.iter().flat_map(|named| named.trusted.iter()));
        let pem: Vec<u8> = trusted.flat_map(|der| to_pem("CERTIFICATE", der).to_vec()).collect();
        let path = trust_file(folder, case);
        std::fs::write(&path, pem).with_context(|| path.display().to_string())?;
        Ok(())
    }
}

fn trust_file(folder: &Path, case: &Case) -> PathBuf {
    folder.join(format!("{}.pem", case.id))
}

fn ready(case: &Arc<Case>, supply: &Supply, asked: &str) -> std::result::Result<Ready, String> {
    if let Shown::Unavailable(why) = &case.shown {
        return Err(why.to_string());
    }
    if case.before.is_some() {
        return Err("it is about two connections".to_owned());
    }
    let trust = if case.trust == Trust::None { Trust::Ca } else { case.trust };
    let material = supply.material(case, trust).map_err(std::borrow::Cow::into_owned)?;
    Ok(Ready {
        case: Arc::clone(case),
        trusted: Arc::clone(&material.trusted),
        scene: scene(material, asked, case.versions),
    })
}

/// The case for the name that is its own.
fn named(case: &Case, supply: &Supply, host: &str) -> Option<Ready> {
    let name: ExpectedName = host.parse().ok()?;
    let supply = supply.for_name(name.clone());
    let all = cases::all(&name, host, false);
    let case = all.iter().find(|other| other.id() == case.id && other.versions() == case.versions)?;
    ready(&case.case(), &supply, host).ok()
}

fn scene(material: Material, asked: &str, versions: Versions) -> Scene {
    Scene {
        material,
        asked: asked.to_owned(),
        versions,
        reply: Reply::Auto,
        page: None,
        number: 0,
        sessions: Sessions::default(),
        before: None,
    }
}

impl Ready {
    async fn serve(&self, stream: TcpStream) {
        let seen = Seen::new(Arc::from(&[][..]));
        let stream = Recorded::new(stream, seen.recorder());
        self.case.service.serve(stream, &self.scene, &seen).await;
    }
}

/// All cases by name, and an index for whoever asks for another.
struct Index {
    supply: Supply,
    by_name: HashMap<String, Ready>,
    page: Arc<str>,
}

impl Index {
    async fn serve(&self, stream: TcpStream) {
        let name = asked_name(&stream).await.unwrap_or_default().to_ascii_lowercase();
        if let Some(ready) = self.by_name.get(&name) {
            return ready.serve(stream).await;
        }
        let host = if name.parse::<ExpectedName>().is_ok() { name } else { LAB_NAME.to_owned() };
        if let Ok(material) = self.supply.healthy(Trust::Ca, &host, KEY, false) {
            let scene =
                Scene { page: Some(Arc::clone(&self.page)), ..scene(material, &host, Versions::Both) };
            let seen = Seen::new(Arc::from(&[][..]));
            Healthy.serve(Recorded::new(stream, seen.recorder()), &scene, &seen).await;
        }
    }
}

/// The name in the ClientHello, which is left to be read again.
async fn asked_name(stream: &TcpStream) -> Option<String> {
    use tlslab::tls::registry::handshake::CLIENT_HELLO;
    use tlslab::wire::handshake::Messages;
    use tlslab::wire::record::{Records, Unit};
    let mut buffer = vec![0; 16 * 1024];
    let mut before = 0;
    for _ in 0..100 {
        let count = stream.peek(&mut buffer).await.ok()?;
        let mut found = None;
        let mut messages = Messages::default();
        Records::default().take(&buffer[..count], &mut |unit| {
            if let Unit::Record(record) = unit
                && let Some(fragment) = record.fragment
            {
                messages.take(fragment, &mut |message| {
                    if message.kind == CLIENT_HELLO {
                        found = Some(
                            message.body.and_then(ClientHello::read).and_then(|hello| hello.server_name()),
                        );
                    }
                });
            }
        });
        if let Some(name) = found {
            return name;
        }
        if count == 0 || count == buffer.len() || buffer[0] != 22 {
            return None;
        }
        // What is peeked at stays, and is at once there again.
        if count == before {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        before = count;
    }
    None
}

/// Accepts for ever. Each connection has a place and a time.
async fn accept<F: Future<Output = ()> + Send + 'static>(
    listener: TcpListener,
    room: Arc<Semaphore>,
    serve: impl Fn(TcpStream) -> F,
) {
    loop {
        // The semaphore is never closed.
        let Ok(place) = Arc::clone(&room).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let session = serve(stream);
                tokio::spawn(async move {
                    // Whoever takes longer is cut off.
                    let _ = tokio::time::timeout(PATIENCE, session).await;
                    drop(place);
                });
            }
            // Too many open files: some will be closed.
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

/// What somebody is shown who asks for none of them.
fn index_page<'a>(names: impl Iterator<Item = &'a String>) -> Arc<str> {
    let mut names: Vec<_> = names.collect();
    names.sort();
    let body = html! {
        ul { @for name in names { li { code { (said(name)) } } } }
    };
    page("Servers that are each wrong in one way", &html! {}, &body).into()
}
