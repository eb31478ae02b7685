//! One run: a folder of its own, a server on a port of its own, the client, and what was seen.

use std::ffi::OsString;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustls::pki_types::CertificateDer;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;

use super::process::{Job, Launcher, News, Report, Supervisor};
use crate::audit::case::{Before, Case, Material, Reply, Scene, Seen, Serve};
use crate::audit::command::{Command, Placeholder, Values, find_program};
use crate::audit::resumption::Sessions;
use crate::audit::transcript::Recorded;
use crate::audit::witness::{Wire, Witness};
use crate::pki::files::to_pem;
use crate::tls::Versions;

/// How many connections of one run are served at a time; more wait.
const AT_A_TIME: usize = 256;

/// How long, after a client has ended, the last of what it sent may take to be read.
const SETTLING: Duration = Duration::from_secs(2);

/// How long a client that stays may be silent, its connections over, before the next case begins: it may want to try
/// again.
const QUIET: Duration = Duration::from_millis(10);

/// What of our own environment a client gets.
const KEPT_VARIABLES: [&str; 8] =
    ["PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TERM", "JAVA_HOME", "LD_LIBRARY_PATH"];

/// Where and how clients are run.
#[derive(Clone, Debug)]
pub struct Setting {
    /// What is run.
    pub command: Command,
    /// The submission, where there are several.
    pub file: Option<PathBuf>,
    /// Where servers listen.
    pub listen: IpAddr,
    /// At which port; at one of the system's choice where none is given.
    pub port: Option<u16>,
    /// The message that is to be sent; a fresh word each run where none is given.
    pub message: Option<String>,
    /// What a healthy conversation is.
    pub reply: Reply,
    /// How long a run may take.
    pub time: Duration,
    /// How supervisors are started.
    pub launcher: Launcher,
    /// Where the runs' folders are made.
    pub scratch: Arc<Scratch>,
    /// Where the trusted certificate is written, too.
    pub trust_file: Option<Arc<TrustFile>>,
    /// Whether the client stays, and is told each case on a line: `HOST PORT CA NAME`.
    pub hold: bool,
}

/// One of the places at which clients are run; each runs one at a time.
#[derive(Debug)]
pub struct Stage {
    setting: Arc<Setting>,
    supervisor: Supervisor,
    held: Option<Held>,
}

/// A client that stays: where it lives, and what it was told to send.
#[derive(Debug)]
struct Held {
    folder: Folder,
    message: String,
}

impl Stage {
    /// A place by this setting.
    pub fn new(setting: Arc<Setting>) -> Self {
        let supervisor = Supervisor::new(setting.launcher.clone());
        Self { setting, supervisor, held: None }
    }

    /// Runs the client against `case`, which shows `material`, and `before` at a first visit where it is about two.
    pub async fn run(&mut self, case: &Case, material: &Material, before: Option<&Material>) -> Witness {
        let started = Instant::now();
        let performed = self.visits(case, material, before).await;
        let (mut witness, ran) = match performed {
            Ok((wire, report)) => {
                let witness = Witness {
                    wire,
                    end: report.end(),
                    output: report.output.into_bytes(),
                    client: report.ran,
                    overhead: Duration::ZERO,
                    failure: report.failure,
                };
                let ran = witness.client;
                (witness, ran)
            }
            Err(failure) => (Witness { failure: Some(failure), ..Witness::default() }, Duration::ZERO),
        };
        witness.overhead = started.elapsed().saturating_sub(ran);
        witness
    }

    /// Ends whatever runs.
    pub async fn end(&mut self) {
        self.held = None;
        self.supervisor.end().await;
    }

    /// One visit, or two in the same place; of two, what was seen of the second.
    async fn visits(
        &mut self,
        case: &Case,
        material: &Material,
        before: Option<&Material>,
    ) -> Result<(Wire, Report), String> {
        let mut visit = Visit {
            asked: &case.asked,
            material,
            versions: case.versions,
            service: &case.service,
            port: self.setting.port.unwrap_or(0),
            sessions: Sessions::default(),
            before: None,
        };
        let mut home = None;
        if let (Some(before), Some(material)) = (&case.before, before) {
            let first = Visit { asked: &before.asked, material, ..visit.clone() };
            let (wire, report, port) = self.visit(&first, &mut home).await?;
            if report.failure.is_some() {
                return Ok((wire, report));
            }
            worth_another(before, &wire)?;
            visit.port = port;
            visit.before = Some(before.asked.clone());
        }
        let (wire, report, _) = self.visit(&visit, &mut home).await?;
        Ok((wire, report))
    }

    async fn visit(
        &mut self,
        visit: &Visit<'_>,
        home: &mut Option<Folder>,
    ) -> Result<(Wire, Report, u16), String> {
        if self.setting.hold { self.tell(visit).await } else { self.perform(visit, home).await }
    }

    /// Tells a client that stays of the case. It has done with it when it says a line, or when its connections are over
    /// and it stays silent.
    async fn tell(&mut self, visit: &Visit<'_>) -> Result<(Wire, Report, u16), String> {
        let setting = Arc::clone(&self.setting);
        if self.held.is_none() {
            self.hold(visit).await?;
        }
        let Some(held) = &mut self.held else { return Err("the client is gone".to_owned()) };
        held.folder.trust(visit.material).map_err(|error| error.to_string())?;
        let mut server = Server::start(&setting, visit, &held.message)
            .await
            .map_err(|error| format!("{}: cannot listen: {error}", setting.listen))?;
        let port = server.address.port();
        let values = setting.values(visit.asked, server.address, &held.folder, &held.message);
        let line = [&values.host, &values.port, &values.ca, &values.name]
            .map(|word| word.to_string_lossy().into_owned())
            .join(" ");
        let began = Instant::now();
        self.supervisor.tell(line).await.map_err(|error| format!("the client cannot be told: {error}"))?;
        let deadline = tokio::time::sleep(setting.time);
        tokio::pin!(deadline);
        let report = loop {
            tokio::select! {
                news = self.supervisor.news() => match news {
                    News::Ended(report) => {
                        self.held = None;
                        break report;
                    }
                    // A line that comes before any connection is about the case before.
                    News::Said if server.activity.borrow().dialled > 0 => break Report::default(),
                    News::Said => {}
                },
                () = quiet(&mut server.activity) => break Report::default(),
                () = &mut deadline => {
                    self.end().await;
                    break Report { timed_out: true, ..Report::default() };
                }
            }
        };
        Ok((server.stop().await, Report { ran: began.elapsed(), ..report }, port))
    }

    async fn hold(&mut self, visit: &Visit<'_>) -> Result<(), String> {
        let setting = Arc::clone(&self.setting);
        let folder = Folder::new(&setting.scratch, &visit.material.trusted)
            .map_err(|error| format!("no folder for the client: {error}"))?;
        let message = match &setting.message {
            Some(message) => message.clone(),
            None => word().map_err(|error| error.to_string())?,
        };
        let address = SocketAddr::new(setting.listen, 0);
        let values = setting.values(visit.asked, address, &folder, &message);
        let job = Job { hold: true, ..setting.job(&folder, &values)? };
        let begun = self.supervisor.begin(job).await;
        begun.map_err(|error| format!("its supervisor cannot be started: {error}"))?;
        self.held = Some(Held { folder, message });
        Ok(())
    }

    /// Runs the client in `home`, which is made where there is none yet.
    async fn perform(
        &mut self,
        visit: &Visit<'_>,
        home: &mut Option<Folder>,
    ) -> Result<(Wire, Report, u16), String> {
        let setting = Arc::clone(&self.setting);
        let no_folder = |error| format!("no folder for the run: {error}");
        let folder = match home {
            Some(folder) => {
                folder.trust(visit.material).map_err(no_folder)?;
                folder
            }
            none => none.insert(Folder::new(&setting.scratch, &visit.material.trusted).map_err(no_folder)?),
        };
        let _restored = match &setting.trust_file {
            Some(file) => Some(file.write(&folder.pem).map_err(|error| error.to_string())?),
            None => None,
        };
        let message = match &setting.message {
            Some(message) => message.clone(),
            None => word().map_err(|error| error.to_string())?,
        };
        let server = Server::start(&setting, visit, &message)
            .await
            .map_err(|error| format!("{}: cannot listen: {error}", setting.listen))?;
        let port = server.address.port();
        let values = setting.values(visit.asked, server.address, folder, &message);
        let job = setting.job(folder, &values)?;
        self.supervisor
            .begin(job)
            .await
            .map_err(|error| format!("its supervisor cannot be started: {error}"))?;
        let report = loop {
            if let News::Ended(report) = self.supervisor.news().await {
                break report;
            }
        };
        Ok((server.stop().await, report, port))
    }
}

/// One time that the client is sent to a server.
#[derive(Clone)]
struct Visit<'a> {
    asked: &'a str,
    material: &'a Material,
    versions: Versions,
    service: &'a Arc<dyn Serve>,
    /// At which port; 0 where the system may choose.
    port: u16,
    sessions: Sessions,
    /// The name that was asked for at the first visit, where this is the second.
    before: Option<String>,
}

/// A first visit that did not go as it should leaves nothing to be concluded from a second.
fn worth_another(before: &Before, wire: &Wire) -> Result<(), String> {
    if before.accepted && !wire.handshake_completed {
        return Err("at the first visit it did not accept what it accepts otherwise".to_owned());
    }
    Ok(())
}

/// Ends when the client has connected, all its connections are over, and no other has come for a while.
async fn quiet(activity: &mut watch::Receiver<Activity>) {
    loop {
        let now = *activity.borrow_and_update();
        let changed = async {
            // Its sender lives as long as the server.
            if activity.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        if now.dialled > 0 && now.open == 0 {
            if tokio::time::timeout(QUIET, changed).await.is_err() {
                return;
            }
        } else {
            changed.await;
        }
    }
}

impl Setting {
    /// What is filled in for a run against a server at `address`.
    fn values(&self, asked: &str, address: SocketAddr, folder: &Folder, message: &str) -> Values {
        Values {
            host: address.ip().to_string().into(),
            port: address.port().to_string().into(),
            name: asked.into(),
            url: Values::url(asked, address.port()).into(),
            ca: folder.trusted.clone().into_os_string(),
            message: message.into(),
            file: self.file.clone().map(PathBuf::into_os_string).unwrap_or_default(),
        }
    }

    fn job(&self, folder: &Folder, values: &Values) -> Result<Job, String> {
        let environment = self.environment(folder, values);
        let path = environment.iter().find(|(name, _)| name == "PATH").map(|(_, value)| value.clone());
        let mut words: Vec<OsString> = self.command.words.iter().map(|word| word.fill(values)).collect();
        let directory = self.command.directory.clone();
        words[0] = find_program(&words[0], directory.as_deref(), &path.unwrap_or_default())
            .map_err(|error| format!("the client cannot be started: {error}"))?
            .into_os_string();
        Ok(Job {
            words,
            environment,
            directory: directory.unwrap_or_else(|| folder.home.clone()),
            input: self.command.input.as_ref().map(|input| {
                let mut input = input.fill(values).into_vec();
                input.push(b'\n');
                input
            }),
            setup: self.command.setup.as_ref().map(|setup| setup.fill_quoted(values)),
            time: self.time,
            hold: false,
        })
    }

    /// A scrubbed environment: who and where, nothing of what else the caller has in it.
    fn environment(&self, folder: &Folder, values: &Values) -> Vec<(OsString, OsString)> {
        let mut environment: Vec<(OsString, OsString)> = KEPT_VARIABLES
            .iter()
            .filter_map(|name| Some(((*name).into(), std::env::var_os(name)?)))
            .collect();
        environment.push(("HOME".into(), folder.home.clone().into()));
        for name in ["TMPDIR", "TMP", "TEMP"] {
            environment.push((name.into(), folder.temporary.clone().into()));
        }
        for placeholder in Placeholder::ALL {
            if placeholder != Placeholder::File || self.file.is_some() {
                environment.push((placeholder.variable().into(), values.of(placeholder).to_owned()));
            }
        }
        for (name, value) in &self.command.environment {
            environment.retain(|(known, _)| known != name);
            environment.push((name.clone(), value.fill(values)));
        }
        environment
    }
}

/// A word that no client can know beforehand. It begins with a letter that is no command of `openssl s_client`'s, which
/// takes lines that begin with k, K, Q or R for such.
fn word() -> Result<String, crate::crypto::NoRandomness> {
    let bytes = crate::crypto::random::<10>()?;
    Ok(format!("m{}", data_encoding::BASE32_NOPAD.encode(&bytes).to_ascii_lowercase()))
}

fn pem(trusted: &[CertificateDer<'_>]) -> Vec<u8> {
    trusted.iter().flat_map(|der| to_pem("CERTIFICATE", der).to_vec()).collect()
}

/// A folder that is ours, within reach of clients: gone when dropped, whatever they have done to it.
#[derive(Debug)]
pub struct Scratch(tempfile::TempDir);

impl Scratch {
    /// Among the system's temporary files.
    pub fn new() -> io::Result<Self> {
        tempfile::Builder::new().prefix("tlslab-audit-").tempdir().map(Self)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Another in it. A client that has taken this one away, locked it or put a link in its place has not taken it from
    /// those that follow.
    fn folder(&self) -> io::Result<Self> {
        if !is_folder(self.path()) {
            // Whatever stands there instead, if anything.
            let _ = std::fs::remove_file(self.path());
            std::fs::create_dir_all(self.path())?;
        }
        make_ours(self.path())?;
        tempfile::Builder::new().prefix("run-").tempdir_in(self.path()).map(Self)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if std::fs::remove_dir_all(self.path()).is_err() && is_folder(self.path()) {
            unlock(self.path());
            // What the one before could not; what this one cannot, nobody can.
            let _ = std::fs::remove_dir_all(self.path());
        }
    }
}

/// Whether there is a folder, and not a link to one that is none of ours.
fn is_folder(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|found| found.is_dir())
}

fn make_ours(folder: &Path) -> io::Result<()> {
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))
}

/// Gives us back the right to empty a folder and all those in it, which a client may have taken away.
fn unlock(folder: &Path) {
    let _ = make_ours(folder);
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            unlock(&entry.path());
        }
    }
}

/// A run's folder: a home, a place for temporary files, and what is to be trusted. Gone when dropped.
#[derive(Debug)]
struct Folder {
    _whole: Scratch,
    home: PathBuf,
    temporary: PathBuf,
    trusted: PathBuf,
    pem: Vec<u8>,
}

impl Folder {
    fn new(scratch: &Scratch, trusted: &[CertificateDer<'_>]) -> io::Result<Self> {
        let whole = scratch.folder()?;
        let (home, temporary) = (whole.path().join("home"), whole.path().join("tmp"));
        std::fs::create_dir(&home)?;
        std::fs::create_dir(&temporary)?;
        let path = whole.path().join("ca.pem");
        let pem = pem(trusted);
        std::fs::write(&path, &pem)?;
        Ok(Self { _whole: whole, home, temporary, trusted: path, pem })
    }

    /// Has something else trusted.
    fn trust(&mut self, material: &Material) -> io::Result<()> {
        self.pem = pem(&material.trusted);
        std::fs::write(&self.trusted, &self.pem)
    }
}

/// How many connections a run has had, and how many it has.
#[derive(Clone, Copy, Debug, Default)]
struct Activity {
    dialled: usize,
    open: usize,
}

/// The server of one run.
struct Server {
    address: SocketAddr,
    activity: watch::Receiver<Activity>,
    stop: oneshot::Sender<()>,
    task: tokio::task::JoinHandle<Vec<Seen>>,
}

impl Server {
    async fn start(setting: &Setting, visit: &Visit<'_>, message: &str) -> io::Result<Self> {
        let listener = TcpListener::bind((setting.listen, visit.port)).await?;
        let mut address = listener.local_addr()?;
        if address.ip().is_unspecified() {
            // Everywhere is also here.
            let here: IpAddr =
                if address.is_ipv4() { [127, 0, 0, 1].into() } else { [0, 0, 0, 0, 0, 0, 0, 1].into() };
            address.set_ip(here);
        }
        let scene = Scene {
            material: visit.material.clone(),
            asked: visit.asked.to_owned(),
            versions: visit.versions,
            reply: setting.reply,
            page: None,
            number: 0,
            sessions: visit.sessions.clone(),
            before: visit.before.clone(),
        };
        let (stop, stopped) = oneshot::channel();
        let (active, activity) = watch::channel(Activity::default());
        let service = Arc::clone(visit.service);
        let message: Arc<[u8]> = Arc::from(message.as_bytes());
        let task = tokio::spawn(async move {
            let mut hall =
                Hall { service, scene, message, seen: Vec::new(), sessions: JoinSet::new(), active };
            hall.receive(listener, stopped).await;
            hall.settle().await
        });
        Ok(Self { address, activity, stop, task })
    }

    /// Takes what has come until now, and gives what was seen.
    async fn stop(self) -> Wire {
        // Fails only where the task is gone, and then so is what it saw.
        let _ = self.stop.send(());
        let mut wire = Wire::default();
        for seen in self.task.await.unwrap_or_default() {
            wire.add(seen.whole());
        }
        wire
    }
}

/// Where a run's connections are served.
struct Hall {
    service: Arc<dyn crate::audit::case::Serve>,
    scene: Scene,
    message: Arc<[u8]>,
    seen: Vec<Seen>,
    sessions: JoinSet<()>,
    active: watch::Sender<Activity>,
}

impl Hall {
    fn count(&self) {
        // Nobody need be waiting.
        self.active.send_replace(Activity { dialled: self.seen.len(), open: self.sessions.len() });
    }

    async fn receive(&mut self, listener: TcpListener, mut stopped: oneshot::Receiver<()>) {
        loop {
            tokio::select! {
                accepted = listener.accept(), if self.sessions.len() < AT_A_TIME => {
                    if let Ok((connection, _)) = accepted {
                        self.serve(connection);
                    }
                }
                Some(_) = self.sessions.join_next(), if !self.sessions.is_empty() => self.count(),
                _ = &mut stopped => break,
            }
        }
        // What the client has dialled, and nobody has answered yet.
        if let Ok(listener) = listener.into_std() {
            while let Ok((connection, _)) = listener.accept() {
                if connection.set_nonblocking(true).is_ok()
                    && let Ok(connection) = TcpStream::from_std(connection)
                {
                    self.serve(connection);
                }
            }
        }
    }

    fn serve(&mut self, connection: TcpStream) {
        // A small answer is not kept back for more; where that cannot be set, it comes later.
        let _ = connection.set_nodelay(true);
        let seen = Seen::new(Arc::clone(&self.message));
        let number = u32::try_from(self.seen.len()).unwrap_or(u32::MAX);
        let scene = Scene { number, ..self.scene.clone() };
        let connection = Recorded::new(connection, seen.recorder());
        let (service, told) = (Arc::clone(&self.service), seen.clone());
        self.sessions.spawn(async move { service.serve(connection, &scene, &told).await });
        self.seen.push(seen);
        self.count();
    }

    async fn settle(mut self) -> Vec<Seen> {
        let all = async { while self.sessions.join_next().await.is_some() {} };
        // Whoever still holds a connection has handed it to somebody whom nobody can find.
        let _ = tokio::time::timeout(SETTLING, all).await;
        self.seen
    }
}

/// `--ca-out`: a file of the user's that holds what is trusted while a client runs, and afterwards what it held before.
#[derive(Debug)]
pub struct TrustFile {
    path: PathBuf,
    before: Option<(Vec<u8>, std::fs::Permissions)>,
    written: Mutex<bool>,
}

/// Why a trust file cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("{}: cannot write the trusted certificate there: {source}", .path.display())]
pub struct TrustFileError {
    path: PathBuf,
    source: io::Error,
}

impl TrustFile {
    /// Remembers what is there, and makes sure that it can be written.
    pub fn prepare(path: &Path) -> Result<Arc<Self>, TrustFileError> {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let failed = |source| TrustFileError { path: path.clone(), source };
        let before = match std::fs::metadata(&path) {
            Ok(found) if !found.is_file() => {
                return Err(failed(io::Error::other("expected a file, found something else")));
            }
            Ok(found) => Some((std::fs::read(&path).map_err(failed)?, found.permissions())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(failed(error)),
        };
        let file = Self { path: path.clone(), before, written: Mutex::new(false) };
        // As it will be written, and at once back.
        std::fs::OpenOptions::new().append(true).create(true).open(&path).map_err(failed)?;
        *file.written.lock().unwrap_or_else(PoisonError::into_inner) = true;
        file.restore();
        Ok(Arc::new(file))
    }

    /// Writes through whatever link there is, so that it stays one. Back when what is returned is dropped.
    fn write(self: &Arc<Self>, pem: &[u8]) -> Result<Restored, TrustFileError> {
        *self.written.lock().unwrap_or_else(PoisonError::into_inner) = true;
        let restored = Restored(Arc::clone(self));
        std::fs::write(&self.path, pem)
            .map_err(|source| TrustFileError { path: self.path.clone(), source })?;
        Ok(restored)
    }

    /// Puts back what was there.
    fn restore(&self) {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if !std::mem::take(&mut *written) {
            return;
        }
        if let Some((contents, permissions)) = &self.before {
            // A client that took away the right to write has it given back first.
            if std::fs::write(&self.path, contents).is_err() {
                let _ = std::fs::remove_file(&self.path);
                let _ = std::fs::write(&self.path, contents);
            }
            let _ = std::fs::set_permissions(&self.path, permissions.clone());
        } else {
            // A link to nowhere: what it points to goes, the link stays.
            let target = std::fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone());
            let _ = std::fs::remove_file(target);
        }
    }
}

impl Drop for TrustFile {
    fn drop(&mut self) {
        self.restore();
    }
}

/// While it lives, the trust file holds what a run trusts.
struct Restored(Arc<TrustFile>);

impl Drop for Restored {
    fn drop(&mut self) {
        self.0.restore();
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn a_folder_that_a_client_took_away_is_there_for_the_next() {
        let scratch = Scratch::new().unwrap();
        let path = scratch.path().to_owned();
        drop(scratch.folder().unwrap());
        std::fs::remove_dir(&path).unwrap();
        drop(scratch.folder().unwrap());
        std::fs::remove_dir(&path).unwrap();
        std::fs::write(&path, "mine").unwrap();
        drop(scratch.folder().unwrap());
        std::fs::remove_dir(&path).unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        std::fs::set_permissions(elsewhere.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        symlink(elsewhere.path(), &path).unwrap();
        let folder = scratch.folder().unwrap();
        assert!(folder.path().starts_with(&path));
        assert_eq!(std::fs::read_dir(elsewhere.path()).unwrap().count(), 0, "nothing of ours is there");
        assert_eq!(std::fs::metadata(elsewhere.path()).unwrap().permissions().mode() & 0o777, 0o755);
        drop((folder, scratch));
        assert!(!path.exists());
    }

    #[test]
    fn a_trust_file_is_what_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real.pem"), folder.path().join("cert.pem"));
        std::fs::write(&real, "mine").unwrap();
        std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o640)).unwrap();
        symlink("real.pem", &link).unwrap();
        let file = TrustFile::prepare(&link).unwrap();
        let held = file.write(b"trusted").unwrap();
        assert_eq!(std::fs::read(&real).unwrap(), b"trusted");
        // What a client may do to it meanwhile.
        std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o600)).unwrap();
        drop(held);
        assert_eq!(std::fs::read(&real).unwrap(), b"mine");
        assert_eq!(std::fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    }

    #[test]
    fn where_there_was_none_there_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let (plain, link) = (folder.path().join("plain.pem"), folder.path().join("link.pem"));
        symlink("nowhere.pem", &link).unwrap();
        for path in [&plain, &link] {
            let file = TrustFile::prepare(path).unwrap();
            drop(file.write(b"trusted").unwrap());
        }
        assert!(!plain.exists() && !link.exists() && std::fs::symlink_metadata(&link).is_ok());
        assert!(!folder.path().join("nowhere.pem").exists());
        assert!(TrustFile::prepare(folder.path()).is_err(), "a folder");
    }
}
