//! Somebody else's process, and everything that it starts: begun within limits, ended within its time, and nothing of it
//! left.
//!
//! Between the rig and its clients stands a supervisor, this same program under a hidden name: one for each client that
//! runs at a time, in a session of its own and without a terminal. It gives itself the resource limits, which its
//! children inherit; it is the reaper of what they leave behind (prctl(2), PR_SET_CHILD_SUBREAPER), so that a child
//! with a session of its own, whose parent is gone, becomes the supervisor's and is found; and it ends everything when
//! the socket to the rig closes, however that came about. A client that kills its supervisor hands its orphans to the
//! rig, which is a reaper too.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::UnixStream;
use tokio::net::unix::pipe;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::process::{Child, Command};

use crate::audit::witness::End;

/// How many bytes of a client's output are kept: the last ones.
pub const OUTPUT_KEPT: usize = 8 * 1024;

/// How long a client has between SIGTERM and SIGKILL.
const GRACE: Duration = Duration::from_millis(500);

/// How long it may take until everything that was killed is gone.
const SWEEP: Duration = Duration::from_secs(5);

/// A client to be run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Job {
    /// The program, absolute, and its arguments.
    pub words: Vec<OsString>,
    /// The whole environment.
    pub environment: Vec<(OsString, OsString)>,
    /// Where it runs.
    pub directory: PathBuf,
    /// What stands on its stdin.
    pub input: Option<Vec<u8>>,
    /// What the shell runs before it.
    pub setup: Option<OsString>,
    /// How long it may run.
    pub time: Duration,
    /// Whether it stays and is told each case on a line.
    pub hold: bool,
}

/// What a supervisor is told.
#[derive(Debug, Serialize, Deserialize)]
enum Order {
    /// To run a client.
    Run(Box<Job>),
    /// A line for a client that stays.
    Line(String),
}

/// What a supervisor tells.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum News {
    /// A client that stays said a line.
    Said,
    /// A client has ended, and nothing of it is left.
    Ended(Report),
}

/// How a client ended.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Report {
    /// Its exit status.
    pub exit_status: Option<i32>,
    /// The signal that ended it, other than ours.
    pub signal: Option<i32>,
    /// Whether it outlived its time.
    pub timed_out: bool,
    /// The end of what it said.
    pub output: String,
    /// How long it ran.
    pub ran: Duration,
    /// How many processes it left, which are gone now.
    pub left: u32,
    /// Why it did not run.
    pub failure: Option<String>,
}

impl Report {
    /// How it ended, as a witness has it.
    pub fn end(&self) -> End {
        End { exit_status: self.exit_status, signal: self.signal, timed_out: self.timed_out }
    }
}

/// How a supervisor is started: this program, and the words that make it one.
#[derive(Clone, Debug)]
pub struct Launcher {
    /// The program.
    pub program: PathBuf,
    /// Its arguments, before those that are added here.
    pub arguments: Vec<OsString>,
    /// Whether clients have resource limits.
    pub limits: bool,
}

impl Launcher {
    /// The word after which a supervisor goes without limits.
    pub const NO_LIMITS: &'static str = "no-limits";
}

/// The rig's end of a supervisor.
#[derive(Debug)]
pub struct Supervisor {
    launcher: Launcher,
    process: Option<Running>,
}

#[derive(Debug)]
struct Running {
    child: Child,
    orders: OwnedWriteHalf,
    news: Lines<BufReader<OwnedReadHalf>>,
}

impl Supervisor {
    /// None is running yet: the first job starts it.
    pub fn new(launcher: Launcher) -> Self {
        Self { launcher, process: None }
    }

    /// Begins a job; [`Supervisor::news`] tells how it goes on.
    pub async fn begin(&mut self, job: Job) -> io::Result<()> {
        self.order(&Order::Run(Box::new(job))).await
    }

    /// Tells a client that stays a line.
    pub async fn tell(&mut self, line: String) -> io::Result<()> {
        self.order(&Order::Line(line)).await
    }

    async fn order(&mut self, order: &Order) -> io::Result<()> {
        let mut line = serde_json::to_vec(order)?;
        line.push(b'\n');
        let running = match &mut self.process {
            Some(running) => running,
            none => none.insert(Running::start(&self.launcher)?),
        };
        running.orders.write_all(&line).await
    }

    /// What comes next; a report of a failure where the supervisor itself is gone. Safe to be dropped.
    pub async fn news(&mut self) -> News {
        let gone = || Report { failure: Some("it killed its supervisor".to_owned()), ..Report::default() };
        let Some(running) = &mut self.process else { return News::Ended(gone()) };
        if let Ok(Some(line)) = running.news.next_line().await {
            match serde_json::from_str(&line) {
                Ok(news) => news,
                Err(error) => {
                    News::Ended(Report { failure: Some(format!("its supervisor: {error}")), ..gone() })
                }
            }
        } else {
            self.end().await;
            sweep_orphans().await;
            News::Ended(gone())
        }
    }

    /// Ends whatever runs, and the supervisor.
    pub async fn end(&mut self) {
        let Some(running) = self.process.take() else { return };
        let Running { mut child, orders, news } = running;
        // The closing socket is the order to end everything.
        drop((orders, news));
        if tokio::time::timeout(GRACE + SWEEP, child.wait()).await.is_err() {
            let _ = child.kill().await;
        }
        OURS.forget(child.id());
    }
}

impl Running {
    fn start(launcher: &Launcher) -> io::Result<Self> {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let mut command = Command::new(&launcher.program);
        command.args(&launcher.arguments);
        if !launcher.limits {
            command.arg(Launcher::NO_LIMITS);
        }
        command.stdin(std::os::fd::OwnedFd::from(theirs)).stdout(Stdio::null()).stderr(Stdio::null());
        let child = OURS.start(&mut command)?;
        let (news, orders) = UnixStream::from_std(ours)?.into_split();
        Ok(Self { child, orders, news: BufReader::new(news).lines() })
    }
}

/// The supervisors that run: of the children of a reaper, those that nobody has left behind.
struct Ours(std::sync::Mutex<Vec<u32>>);

static OURS: Ours = Ours(std::sync::Mutex::new(Vec::new()));

impl Ours {
    fn pids(&self) -> std::sync::MutexGuard<'_, Vec<u32>> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// While one is being started, nobody takes it for an orphan.
    fn start(&self, command: &mut Command) -> io::Result<Child> {
        let mut pids = self.pids();
        let child = command.spawn()?;
        pids.extend(child.id());
        Ok(child)
    }

    fn forget(&self, pid: Option<u32>) {
        self.pids().retain(|known| Some(*known) != pid);
    }
}

/// Makes this process the reaper of what clients leave that have killed their supervisor.
pub fn reap_orphans() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
}

async fn sweep_orphans() {
    let until = Instant::now() + SWEEP;
    loop {
        let orphans = {
            let pids = OURS.pids();
            let orphans: Vec<u32> = children().into_iter().filter(|pid| !pids.contains(pid)).collect();
            kill_and_reap(&orphans);
            orphans.len()
        };
        if orphans == 0 || Instant::now() > until {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// A supervisor's life, on the socket that is its stdin: runs what it is told until the rig closes it.
pub async fn supervise(limits: bool) -> io::Result<()> {
    // Fails only where it leads a session already, which is as good.
    let _ = rustix::process::setsid();
    #[cfg(target_os = "linux")]
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    if limits {
        limit_resources();
    }
    let socket = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3)?;
    let socket = std::os::unix::net::UnixStream::from(socket);
    socket.set_nonblocking(true)?;
    let (orders, mut news) = UnixStream::from_std(socket)?.into_split();
    let mut orders = BufReader::new(orders).lines();
    while let Some(line) = orders.next_line().await? {
        // A line for a client that has just ended is nobody's.
        let Order::Run(job) = serde_json::from_str(&line)? else { continue };
        let Some(report) = run(*job, &mut orders, &mut news).await else { break };
        tell(&mut news, &News::Ended(report)).await?;
    }
    Ok(())
}

async fn tell(news: &mut OwnedWriteHalf, what: &News) -> io::Result<()> {
    let mut line = serde_json::to_vec(what)?;
    line.push(b'\n');
    news.write_all(&line).await
}

/// Runs a job to its end; `None` where the rig has gone meanwhile. Either way nothing of it is left.
async fn run(job: Job, orders: &mut Orders, news: &mut OwnedWriteHalf) -> Option<Report> {
    if let Some(setup) = &job.setup {
        let words = vec!["/bin/sh".into(), "-c".into(), setup.clone()];
        let before = Job { words, input: None, setup: None, hold: false, ..job.clone() };
        let report = one(&before, orders, news).await?;
        let how = match (&report.failure, report.exit_status) {
            (Some(failure), _) => failure.clone(),
            (None, Some(0)) => String::new(),
            (None, Some(status)) => format!("exit status {status}"),
            (None, None) if report.timed_out => "it outlived its time".to_owned(),
            (None, None) => "a signal ended it".to_owned(),
        };
        if !how.is_empty() {
            let failure = Some(format!("--setup failed: {how}"));
            return Some(Report { failure, exit_status: None, signal: None, timed_out: false, ..report });
        }
    }
    one(&job, orders, news).await
}

type Orders = Lines<BufReader<OwnedReadHalf>>;

async fn one(job: &Job, orders: &mut Orders, news: &mut OwnedWriteHalf) -> Option<Report> {
    let started = Instant::now();
    let (mut child, mut output) = match start(job) {
        Ok(started) => started,
        Err(error) => {
            let program = job.words[0].to_string_lossy();
            let program = crate::words::Escaped(&program);
            let failure = Some(format!("{program} cannot be started: {}", unstarted(job, &error)));
            return Some(Report { failure, ..Report::default() });
        }
    };
    let group = child.id();
    let mut input = child.stdin.take();
    if let (Some(bytes), Some(mut input)) = (job.input.clone(), input.take_if(|_| !job.hold)) {
        // A client that does not want all of it closes the pipe; that is its business.
        tokio::spawn(async move { drop(input.write_all(&bytes).await) });
    }
    let deadline = tokio::time::sleep(job.time);
    tokio::pin!(deadline);
    let mut tail = Tail::default();
    let mut buffer = vec![0; 64 * 1024];
    let mut gone = false;
    let mut silent = false;
    let status = loop {
        tokio::select! {
            status = child.wait() => break Some(status),
            read = output.read(&mut buffer), if !silent => match read {
                Ok(count @ 1..) => {
                    tail.take(&buffer[..count]);
                    if job.hold && buffer[..count].contains(&b'\n') && tell(news, &News::Said).await.is_err() {
                        gone = true;
                        break None;
                    }
                }
                Ok(0) | Err(_) => silent = true,
            },
            () = &mut deadline, if !job.hold => break None,
            order = orders.next_line() => {
                let order = order.ok().flatten().map(|line| serde_json::from_str::<Order>(&line));
                let Some(Ok(Order::Line(line))) = order else {
                    // The rig has closed the socket.
                    gone = true;
                    break None;
                };
                if let Some(input) = &mut input {
                    // A client that has closed its stdin does not end by that.
                    let _ = input.write_all(format!("{line}\n").as_bytes()).await;
                }
            },
        }
    };
    let ran = started.elapsed();
    let timed_out = status.is_none() && !gone;
    let status = match status {
        Some(status) => status.ok(),
        None => end(&mut child, group).await,
    };
    signal_group(group, rustix::process::Signal::KILL);
    let left = sweep().await;
    // Whoever held the other end is gone by now.
    while let Ok(Ok(count @ 1..)) = tokio::time::timeout(GRACE, output.read(&mut buffer)).await {
        tail.take(&buffer[..count]);
    }
    if gone {
        return None;
    }
    let signal = status.as_ref().and_then(std::os::unix::process::ExitStatusExt::signal);
    Some(Report {
        exit_status: status.and_then(|status| status.code()).filter(|_| !timed_out),
        signal: signal.filter(|_| !timed_out),
        timed_out,
        output: tail.text(),
        ran,
        left,
        failure: None,
    })
}

/// Why a program did not start that is there: the system has one word for all that is not.
fn unstarted(job: &Job, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound if !job.directory.is_dir() => {
            format!("the folder that it runs in is gone: {}", job.directory.display())
        }
        io::ErrorKind::NotFound => {
            "the interpreter that it asks for is not there (a script's first line may end in a carriage return)"
                .to_owned()
        }
        _ => error.to_string(),
    }
}

fn start(job: &Job) -> io::Result<(Child, pipe::Receiver)> {
    let (output, theirs) = io::pipe()?;
    let mut command = Command::new(&job.words[0]);
    command
        .args(&job.words[1..])
        .env_clear()
        .envs(job.environment.iter().map(|(name, value)| (name, value)))
        .current_dir(&job.directory)
        .stdin(if job.input.is_some() || job.hold { Stdio::piped() } else { Stdio::null() })
        .stdout(theirs.try_clone()?)
        .stderr(theirs)
        .process_group(0);
    let child = command.spawn()?;
    Ok((child, pipe::Receiver::from_owned_fd(output.into())?))
}

/// SIGTERM to its group, and after a while SIGKILL.
async fn end(child: &mut Child, group: Option<u32>) -> Option<std::process::ExitStatus> {
    signal_group(group, rustix::process::Signal::TERM);
    if let Ok(status) = tokio::time::timeout(GRACE, child.wait()).await {
        return status.ok();
    }
    signal_group(group, rustix::process::Signal::KILL);
    child.wait().await.ok()
}

fn signal_group(group: Option<u32>, signal: rustix::process::Signal) {
    let group = group.and_then(|group| i32::try_from(group).ok()).and_then(rustix::process::Pid::from_raw);
    if let Some(group) = group {
        // Nobody left in it is what is wanted.
        let _ = rustix::process::kill_process_group(group, signal);
    }
}

/// Kills every child of this process, also those that it has inherited, until there is none. Gives how many there were.
async fn sweep() -> u32 {
    let until = Instant::now() + SWEEP;
    let mut seen = std::collections::HashSet::new();
    loop {
        let left = children();
        if left.is_empty() || Instant::now() > until {
            return u32::try_from(seen.len()).unwrap_or(u32::MAX);
        }
        kill_and_reap(&left);
        seen.extend(left);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

fn kill_and_reap(pids: &[u32]) {
    use rustix::process::{Pid, Signal, WaitOptions};
    for pid in pids.iter().filter_map(|pid| Pid::from_raw(i32::try_from(*pid).ok()?)) {
        let _ = rustix::process::kill_process(pid, Signal::KILL);
        let _ = rustix::process::waitpid(Some(pid), WaitOptions::NOHANG);
    }
}

/// The children of this process.
fn children() -> Vec<u32> {
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else { return Vec::new() };
    let mut found = Vec::new();
    for task in tasks.flatten() {
        match std::fs::read_to_string(task.path().join("children")) {
            Ok(pids) => found.extend(pids.split_whitespace().filter_map(|pid| pid.parse::<u32>().ok())),
            // A kernel without CONFIG_PROC_CHILDREN.
            Err(_) => return children_by_parent(std::process::id()),
        }
    }
    found
}

/// The same by asking every process for its parent (proc(5): the fourth field of stat, after the name in brackets).
fn children_by_parent(parent: u32) -> Vec<u32> {
    let Ok(processes) = std::fs::read_dir("/proc") else { return Vec::new() };
    let pids = processes.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| {
        std::fs::read_to_string(format!("/proc/{pid}/stat"))
            .is_ok_and(|stat| parent_in(&stat) == Some(parent))
    })
    .collect()
}

fn parent_in(stat: &str) -> Option<u32> {
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

/// Limits that no honest client meets: 4 GiB of data, 256 MiB a file, 4,096 open files, some hundreds of processes.
/// What cannot be set is as it was.
fn limit_resources() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    const GIB: u64 = 1 << 30;
    let processes = std::fs::read_dir("/proc").map_or(0, Iterator::count) as u64 + 512;
    for (resource, most) in [
        // Memory that is written to; an address space may be reserved at will, as Java's and V8's are.
        (Resource::Data, 4 * GIB),
        (Resource::Fsize, GIB / 4),
        (Resource::Nofile, 4096),
        (Resource::Nproc, processes),
        (Resource::Core, 0),
    ] {
        let now = getrlimit(resource);
        let least = |limit: Option<u64>| Some(limit.map_or(most, |limit| limit.min(most)));
        let _ = setrlimit(resource, Rlimit { current: least(now.current), maximum: least(now.maximum) });
    }
}

/// The last bytes of an output.
#[derive(Default)]
struct Tail {
    bytes: Vec<u8>,
    cut: bool,
}

impl Tail {
    fn take(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        // Not at every byte, so that a client which says much costs little.
        if self.bytes.len() > 4 * OUTPUT_KEPT {
            self.cut();
        }
    }

    fn cut(&mut self) {
        let over = self.bytes.len().saturating_sub(OUTPUT_KEPT);
        self.cut |= over > 0;
        self.bytes.drain(..over);
    }

    fn text(mut self) -> String {
        self.cut();
        let text = String::from_utf8_lossy(&self.bytes);
        if self.cut { format!("…{text}") } else { text.into_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_output_the_end_is_kept() {
        let mut tail = Tail::default();
        for _ in 0..1000 {
            tail.take(&[b'x'; 1000]);
        }
        tail.take(b"end");
        let text = tail.text();
        assert!(text.starts_with('…') && text.ends_with("xend") && text.len() <= OUTPUT_KEPT + 3);
    }

    #[test]
    fn a_parent_is_read_behind_any_name() {
        assert_eq!(parent_in("42 (a) b (c) S 7 42 42"), Some(7));
        assert_eq!(parent_in("42"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_child_is_found_both_ways() {
        let mut child = std::process::Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        assert!(children().contains(&child.id()));
        assert!(children_by_parent(std::process::id()).contains(&child.id()));
        drop(child.stdin.take());
        child.wait().unwrap();
    }
}
