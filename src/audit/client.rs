//! Auditing a client: which cases, in which order, each beside its healthy twin, with controls before, between and after.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OnceCell, watch};

use super::case::{Case, KEY, Material, Shown, Trust};
use super::cases::{Planned, Supply};
use super::catalogue::Maker;
use super::command::Placeholder;
use super::hello;
use super::result::{Audit, CaseResult};
use super::rig::stage::{Setting, Stage};
use super::verdict::{
    Acceptance, Observation, Observed, Profile, Rules, Verdict, is_green, observe, verdict,
};
use super::witness::{Room, Witness};
use crate::pki::key::KeyAlgorithm;
use crate::tls::Versions;
use crate::wire::hello::ClientHello;

/// After how many cases of a model its control is run again.
const CONTROL_EVERY: usize = 64;

/// Which trust models.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Models {
    /// Both.
    #[default]
    All,
    /// A private CA.
    Ca,
    /// The very certificate.
    Pinned,
}

impl Models {
    fn take(self, trust: Trust) -> bool {
        match (self, trust) {
            (Self::All, _) | (_, Trust::None) => true,
            (Self::Ca, trust) => trust == Trust::Ca,
            (Self::Pinned, trust) => trust == Trust::Pinned,
        }
    }
}

/// Over which versions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Over {
    /// The best that both know.
    #[default]
    Best,
    /// Everything over each.
    Each,
    /// This one.
    Only(Versions),
}

/// Which of the cases.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Which trust models.
    pub models: Models,
    /// Over which versions.
    pub over: Over,
    /// Ids or families, `*` allowed; all where there is none.
    pub only: Vec<String>,
    /// Ids or families that are left out.
    pub skip: Vec<String>,
    /// What counts: where nothing is chosen by name, profile `lab` takes what it counts.
    pub profile: Profile,
}

/// Why there is nothing to run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectionError {
    /// A pattern that matches nothing.
    #[error("{0:?}: no case or family of that name")]
    Unmatched(String),
    /// All patterns together leave nothing.
    #[error("no case is left to be run")]
    Nothing,
}

impl Selection {
    /// Those of `all` that are chosen by name, and no others.
    pub fn named<'a>(&self, all: &'a [Planned]) -> Result<Vec<&'a Planned>, SelectionError> {
        self.check(all)?;
        let chosen = |case: &&Planned| self.only.is_empty() || self.only.iter().any(|only| names(only, case));
        Ok(all.iter().filter(chosen).collect())
    }

    /// Whether the control of `trust` is that of a case which is trusted in the way `of`.
    fn controls(&self, trust: Trust, of: Trust) -> bool {
        trust == of || of == Trust::None && (trust == Trust::Ca || self.models == Models::Pinned)
    }

    fn check(&self, all: &[Planned]) -> Result<(), SelectionError> {
        let unmatched = |pattern: &&String| !all.iter().any(|case| names(pattern, case));
        match self.only.iter().chain(&self.skip).find(unmatched) {
            Some(pattern) => Err(SelectionError::Unmatched(pattern.clone())),
            None => Ok(()),
        }
    }

    /// Those of `all` that are chosen, one for each version that it is to be run over; the controls always.
    pub fn of(&self, all: &[Planned]) -> Result<Vec<Planned>, SelectionError> {
        self.check(all)?;
        let chosen: Vec<bool> = all.iter().map(|case| self.chooses(case)).collect();
        let mut trusts: Vec<Trust> =
            all.iter().zip(&chosen).filter(|(_, chosen)| **chosen).map(|(case, _)| case.trust()).collect();
        trusts.sort_unstable();
        trusts.dedup();
        let left = all.iter().zip(&chosen).any(|(case, chosen)| *chosen && !self.over.each(case).is_empty());
        if !left {
            return Err(SelectionError::Nothing);
        }
        let control = |case: &Planned| {
            is_control(case)
                && self.models.take(case.trust())
                && trusts.iter().any(|of| self.controls(case.trust(), *of))
        };
        let wanted = all.iter().zip(chosen).filter(|(case, chosen)| *chosen || control(case));
        Ok(wanted.flat_map(|(case, _)| self.over.each(case)).collect())
    }

    fn chooses(&self, case: &Planned) -> bool {
        let asked_for = if self.only.is_empty() {
            self.profile != Profile::Lab || self.profile.counts(&case.id())
        } else {
            self.only.iter().any(|pattern| names(pattern, case))
        };
        self.models.take(case.trust()) && asked_for && !self.skip.iter().any(|pattern| names(pattern, case))
    }
}

impl Over {
    /// The case over each of the versions in question that it makes sense over.
    fn each(self, case: &Planned) -> Vec<Planned> {
        let over = |versions| match (case.versions(), versions) {
            (own, Versions::Both) => Some(own),
            (Versions::Both, one) => Some(one),
            (own, one) => (own == one).then_some(own),
        };
        let versions: Vec<Versions> = match self {
            Self::Best => vec![case.versions()],
            Self::Each => [Versions::Tls12, Versions::Tls13].into_iter().filter_map(over).collect(),
            Self::Only(versions) => over(versions).into_iter().collect(),
        };
        versions.into_iter().map(|versions| case.over(versions)).collect()
    }
}

/// The healthy neighbours that everything is measured by.
const CONTROLS: [&str; 2] = ["valid", "valid.ca"];

fn is_control(case: &Planned) -> bool {
    matches!(case, Planned::Made(case) if CONTROLS.contains(&&*case.id))
}

/// Whether a pattern is the case's id or family, `*` standing for anything.
fn names(pattern: &str, case: &Planned) -> bool {
    matches_pattern(pattern, &case.id()) || matches_pattern(pattern, case.family())
}

/// Whether `*` standing for anything, a pattern is the text.
pub fn matches_pattern(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    // `split` gives at least one part.
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut parts: Vec<_> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// How an audit is run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where and how clients are run.
    pub setting: Arc<Setting>,
    /// The client's command line as it was given.
    pub client: Vec<String>,
    /// The name that the client expects, as it is told it.
    pub name: String,
    /// What counts.
    pub profile: Profile,
    /// How many cases at a time.
    pub jobs: usize,
    /// What the order is drawn from.
    pub seed: u64,
    /// How the client is kept from the network.
    pub isolation: String,
    /// What is left to be shown of every case's run, over all audits.
    pub room: Arc<Room>,
}

/// Hears of each case as it is done.
pub type Tell<'a> = &'a (dyn Fn(&Progress<'_>) + Send + Sync);

/// How far an audit is.
pub struct Progress<'a> {
    /// How many cases are done.
    pub done: usize,
    /// The one that has just been.
    pub last: &'a CaseResult,
    so_far: &'a (dyn Fn() -> Audit + Sync),
}

impl std::fmt::Debug for Progress<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Progress").field("done", &self.done).field("last", self.last).finish_non_exhaustive()
    }
}

impl Progress<'_> {
    /// What has been found until now, as an audit that was ended early.
    pub fn so_far(&self) -> Audit {
        (self.so_far)()
    }
}

/// Puts a client to the cases; ends early where `stop` says so, with what there is.
pub async fn audit(
    settings: &Settings,
    cases: &[Planned],
    supply: Arc<Supply>,
    stop: watch::Receiver<bool>,
    tell: Tell<'_>,
) -> Audit {
    let run = Run {
        settings,
        cases,
        kinds: cases.iter().map(|case| group(case.trust(), case.versions())).collect(),
        supply,
        twins: Mutex::default(),
        results: Mutex::new(vec![None; cases.len()]),
        done: AtomicUsize::new(0),
        red: Mutex::default(),
        unspoken: Mutex::default(),
        queue: Mutex::default(),
        hello: Mutex::default(),
        stop,
        tell,
    };
    let mut stage = Stage::new(Arc::clone(&settings.setting));
    run.first_controls(&mut stage).await;
    run.fill_queue();
    let others = (1..settings.jobs.max(1)).map(|_| {
        let setting = Arc::clone(&settings.setting);
        run.work(Stage::new(setting))
    });
    let workers: Vec<_> = std::iter::once(run.work(stage)).chain(others).collect();
    join_all(workers).await;
    let mut stage = Stage::new(Arc::clone(&settings.setting));
    run.last_controls(&mut stage).await;
    stage.end().await;
    run.skip_red();
    run.audit()
}

/// Drives all of them, on this task: what they wait for is processes and sockets, which are served on others.
async fn join_all<F: Future<Output = ()>>(futures: Vec<F>) {
    let mut futures: Vec<_> = futures.into_iter().map(|future| Some(Box::pin(future))).collect();
    std::future::poll_fn(|context| {
        for slot in &mut futures {
            if slot.as_mut().is_some_and(|future| future.as_mut().poll(context).is_ready()) {
                *slot = None;
            }
        }
        if futures.iter().all(Option::is_none) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
}

/// Who shares a control.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Group {
    trust: Trust,
    versions: u8,
}

/// Who shares a twin.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct TwinKey {
    group: Group,
    asked: String,
    chain: bool,
    algorithm: KeyAlgorithm,
    /// Served by hand, not by rustls.
    scripted: bool,
}

/// What a healthy twin showed.
#[derive(Debug)]
struct Twin {
    witness: Witness,
    green: Result<(), String>,
}

/// A result, with the group whose control it stands or falls with.
type Judged = (Group, Arc<CaseResult>);

#[derive(Clone, Copy, Debug)]
enum Task {
    Case(usize),
    Control(Group),
}

struct Run<'a> {
    settings: &'a Settings,
    cases: &'a [Planned],
    /// Which trusts and versions the cases have: those of no trust of their own, too.
    kinds: BTreeSet<Group>,
    supply: Arc<Supply>,
    twins: Mutex<HashMap<TwinKey, Arc<OnceCell<Twin>>>>,
    results: Mutex<Vec<Option<Judged>>>,
    done: AtomicUsize,
    red: Mutex<BTreeMap<Group, String>>,
    unspoken: Mutex<BTreeMap<Group, String>>,
    queue: Mutex<Vec<Task>>,
    /// The first control's ClientHello.
    hello: Mutex<Option<Vec<u8>>>,
    stop: watch::Receiver<bool>,
    tell: Tell<'a>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Each is changed by one assignment, so that what a panic left is sound.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Run<'_> {
    fn stopped(&self) -> bool {
        *self.stop.borrow()
    }

    fn group(&self, trust: Trust, versions: Versions) -> Group {
        group(if trust == Trust::None { self.chosen(versions) } else { trust }, versions)
    }

    fn has(&self, trust: Trust) -> bool {
        self.kinds.iter().any(|kind| kind.trust == trust)
    }

    /// How the client is given trust in a certificate that nothing is wrong with: by a CA, unless only pinning is asked
    /// for, or works.
    fn chosen(&self, versions: Versions) -> Trust {
        let red = |trust| locked(&self.red).contains_key(&group(trust, versions));
        match (self.has(Trust::Pinned), self.has(Trust::Ca)) {
            (true, false) => Trust::Pinned,
            (true, true) if red(Trust::Ca) && !red(Trust::Pinned) => Trust::Pinned,
            _ => Trust::Ca,
        }
    }

    /// The groups that have cases.
    fn groups(&self) -> BTreeSet<Group> {
        let pinned = self.has(Trust::Pinned);
        let ca = self.has(Trust::Ca) || !pinned;
        let each = |kind: &Group| match kind.trust {
            Trust::None => [(Trust::Pinned, pinned), (Trust::Ca, ca)]
                .into_iter()
                .filter(|(_, used)| *used)
                .map(|(trust, _)| Group { trust, ..*kind })
                .collect(),
            _ => vec![*kind],
        };
        self.kinds.iter().flat_map(each).collect()
    }

    /// Before anything else: every group's control. What is told to the first of them is what the client offers.
    async fn first_controls(&self, stage: &mut Stage) {
        for group in self.groups() {
            let key = self.control_key(group);
            let Some(twin) = self.twin(&key, stage).await else { break };
            // OnceCell: it has just been set.
            let Some(twin) = twin.get() else { break };
            if let (none @ None, Some(hello)) = (&mut *locked(&self.hello), &twin.witness.wire.client_hello) {
                *none = Some(hello.clone());
            }
            match &twin.green {
                Err(_) if !speaks(&twin.witness, group) => {
                    let unspoken = format!("the client does not speak TLS {}", versions(group));
                    locked(&self.unspoken).insert(group, unspoken);
                }
                Err(why) => drop(locked(&self.red).insert(group, why.clone())),
                Ok(()) => {}
            }
        }
    }

    fn control_key(&self, group: Group) -> TwinKey {
        TwinKey { group, asked: self.settings.name.clone(), chain: false, algorithm: KEY, scripted: false }
    }

    /// Shuffled, with controls in between.
    fn fill_queue(&self) {
        let mut order: Vec<usize> = (0..self.cases.len()).collect();
        shuffle(&mut order, self.settings.seed);
        let mut queue = Vec::new();
        let mut since: HashMap<Group, usize> = HashMap::new();
        for index in order {
            queue.push(Task::Case(index));
            let group = self.group(self.cases[index].trust(), self.cases[index].versions());
            let count = since.entry(group).or_default();
            *count += 1;
            if *count == CONTROL_EVERY {
                *count = 0;
                queue.push(Task::Control(group));
            }
        }
        queue.reverse();
        *locked(&self.queue) = queue;
    }

    async fn work(&self, mut stage: Stage) {
        while !self.stopped() {
            let Some(task) = locked(&self.queue).pop() else { break };
            match task {
                Task::Control(group) => self.control(group, &mut stage).await,
                Task::Case(index) => {
                    let planned = &self.cases[index];
                    let group = self.group(planned.trust(), planned.versions());
                    let Some(result) = self.case(planned, group, &mut stage).await else { break };
                    let result = Arc::new(self.kept(result));
                    locked(&self.results)[index] = Some((group, Arc::clone(&result)));
                    let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
                    (self.tell)(&Progress { done, last: &result, so_far: &|| self.audit() });
                }
            }
        }
        stage.end().await;
    }

    async fn last_controls(&self, stage: &mut Stage) {
        for group in self.groups() {
            if !self.stopped() {
                self.control(group, stage).await;
            }
        }
    }

    /// A control that is red once makes its group's cases worth nothing.
    async fn control(&self, group: Group, stage: &mut Stage) {
        if locked(&self.red).contains_key(&group) || locked(&self.unspoken).contains_key(&group) {
            return;
        }
        let key = self.control_key(group);
        // Once more: a control that fails once may have been an accident.
        let mut found = Ok(());
        for _ in 0..2 {
            let Some(again) = self.run_twin(&key, stage).await else { return };
            found = again.green;
            if found.is_ok() {
                return;
            }
        }
        if let Err(why) = found {
            locked(&self.red).insert(group, format!("after other cases, {why}"));
        }
    }

    /// What was seen of a group before its control turned red is worth nothing either.
    fn skip_red(&self) {
        let red = locked(&self.red).clone();
        for (group, result) in locked(&self.results).iter_mut().flatten() {
            if let Some(why) = red.get(group)
                && !is_control(&result.planned)
                && result.verdict != Verdict::Skip
            {
                *result = Arc::new(self.untried(&result.planned, red_control(why)));
            }
        }
    }

    /// The twin of a case, run by whoever needs it first; `None` where the audit is being ended.
    async fn twin(&self, key: &TwinKey, stage: &mut Stage) -> Option<Arc<OnceCell<Twin>>> {
        let cell = Arc::clone(locked(&self.twins).entry(key.clone()).or_default());
        if cell.get().is_none() {
            cell.get_or_try_init(|| async {
                let first = self.run_twin(key, stage).await.ok_or(())?;
                if first.green.is_ok() {
                    return Ok(first);
                }
                // Once more: a control that fails once may have been an accident.
                self.run_twin(key, stage).await.ok_or(())
            })
            .await
            .ok()?;
        }
        Some(cell)
    }

    async fn run_twin(&self, key: &TwinKey, stage: &mut Stage) -> Option<Twin> {
        let control = self.control_case(key);
        let trust = key.group.trust;
        let supply = Arc::clone(&self.supply);
        let wanted = key.clone();
        let made = tokio::task::spawn_blocking(move || {
            supply.healthy(trust, &wanted.asked, wanted.algorithm, wanted.chain)
        });
        let witness = match made.await {
            Ok(Ok(material)) => self.perform(&control, &material, None, stage).await?,
            Ok(Err(why)) => Witness { failure: Some(why.into_owned()), ..Witness::default() },
            Err(error) => Witness { failure: Some(error.to_string()), ..Witness::default() },
        };
        let green = is_green(&witness, self.message_expected());
        Some(Twin { witness, green })
    }

    /// A healthy server as a case.
    fn control_case(&self, key: &TwinKey) -> Case {
        let same_key = |case: &Case| match case.shown {
            Shown::Healthy(algorithm) => algorithm == key.algorithm,
            _ => !key.scripted,
        };
        let like = |case: &Arc<Case>| {
            self.group(case.trust, case.versions) == key.group
                && (case.trust == Trust::None) == key.scripted
                && same_key(case)
        };
        // There are cases, or there would be no twin.
        let like = self.cases.iter().map(Planned::case).find(like).unwrap_or_else(|| self.cases[0].case());
        Case {
            asked: key.asked.clone(),
            versions: versions(key.group),
            before: None,
            service: Arc::clone(&like.twin),
            ..(*like).clone()
        }
    }

    fn message_expected(&self) -> bool {
        self.settings.setting.message.is_some() || self.settings.setting.command.uses(Placeholder::Message)
    }

    /// Runs the client; `None` where the audit is ended meanwhile.
    async fn perform(
        &self,
        case: &Case,
        material: &Material,
        before: Option<&Material>,
        stage: &mut Stage,
    ) -> Option<Witness> {
        let mut stop = self.stop.clone();
        tokio::select! {
            witness = stage.run(case, material, before) => Some(witness),
            // Its sender is gone: nobody will stop it any more.
            Ok(_) = stop.wait_for(|stop| *stop) => None,
        }
    }

    async fn case(&self, planned: &Planned, group: Group, stage: &mut Stage) -> Option<CaseResult> {
        let case = &planned.case();
        let skipped = |why: String| Some(self.untried(planned, why));
        if let Shown::Unavailable(why) = &case.shown {
            return skipped(why.to_string());
        }
        let command = &self.settings.setting.command;
        let told =
            command.uses(Placeholder::Name) || command.uses(Placeholder::Url) || self.settings.setting.hold;
        if case.derived && !told {
            let why =
                format!("it asks for {}, and the client is told neither {{name}} nor {{url}}", case.asked);
            return skipped(why);
        }
        if let Some(why) = locked(&self.unspoken).get(&group) {
            return skipped(why.clone());
        }
        let control = self.control_key(group);
        let statuses_count = {
            let cell = self.twin(&control, stage).await?;
            let twin = cell.get()?;
            if is_control(planned) {
                return Some(self.control_result(planned, twin));
            }
            twin.witness.end.exit_status == Some(0) && !self.settings.setting.hold
        };
        if let Some(why) = locked(&self.red).get(&group) {
            return skipped(red_control(why));
        }
        let key = TwinKey { asked: case.asked.clone(), ..self.twin_key(case, group) };
        let cell = self.twin(&key, stage).await?;
        let twin = cell.get()?;
        let mut last = self.once(case, group, twin, statuses_count, stage).await?;
        // A machine that is busy lets a client outlive its time, too.
        if matches!(last.0.observed, Observed::Error | Observed::Hang) {
            last = self.once(case, group, twin, statuses_count, stage).await?;
        }
        let (observation, witness) = last;
        let ended_well = statuses_count && witness.end.exit_status == Some(0);
        let exit_zero = ended_well && case.acceptance != Acceptance::Heeded;
        Some(self.result(planned, observation, witness, exit_zero))
    }

    fn twin_key(&self, case: &Case, group: Group) -> TwinKey {
        let scripted = case.trust == Trust::None;
        let (chain, algorithm) = match &case.shown {
            Shown::Healthy(algorithm) => (false, *algorithm),
            Shown::Fault(fault) => (matches!(fault.maker, Maker::Chain(_)), KEY),
            Shown::Grid(_) => (true, KEY),
            Shown::Distrusted | Shown::Renegotiated(_) | Shown::Unavailable(_) => (false, KEY),
        };
        TwinKey { chain, algorithm, scripted, ..self.control_key(group) }
    }

    async fn once(
        &self,
        case: &Arc<Case>,
        group: Group,
        twin: &Twin,
        statuses_count: bool,
        stage: &mut Stage,
    ) -> Option<(Observation, Witness)> {
        if let Err(why) = &twin.green {
            let why = format!("its healthy twin was not accepted: {why}");
            return Some((Observation::error(why), Witness::default()));
        }
        let (supply, wanted) = (Arc::clone(&self.supply), Arc::clone(case));
        let made = tokio::task::spawn_blocking(move || {
            let before =
                wanted.before.as_ref().map(|before| supply.before(before, group.trust)).transpose()?;
            Ok::<_, super::case::Text>((supply.material(&wanted, group.trust)?, before))
        });
        let (material, before) = match made.await {
            Ok(Ok(made)) => made,
            Ok(Err(why)) => return Some((Observation::skip(why), Witness::default())),
            Err(error) => return Some((Observation::error(error.to_string()), Witness::default())),
        };
        let witness = self.perform(case, &material, before.as_ref(), stage).await?;
        let rules = Rules { acceptance: case.acceptance, alerts: &case.alerts, statuses_count };
        Some((observe(&witness, &twin.witness, rules), witness))
    }

    fn untried(&self, planned: &Planned, why: String) -> CaseResult {
        self.result(planned, Observation::skip(why), Witness::default(), false)
    }

    fn result(
        &self,
        planned: &Planned,
        observation: Observation,
        witness: Witness,
        exit_zero: bool,
    ) -> CaseResult {
        let case = planned.case();
        let grade = self.settings.profile.grade(&case.id, case.grade);
        let Observation { observed, strict, mut why } = observation;
        let verdict = verdict(grade, self.settings.profile, observed, exit_zero, case.may_hang);
        if verdict == Verdict::Warn && observed == Observed::Reject && exit_zero {
            why.push_str("; its exit status says that all went well");
        }
        CaseResult { planned: planned.clone(), grade, observed, strict, verdict, why, witness }
    }

    /// What is kept of a result: the row of every report, and where there is room, what the run can be shown by.
    fn kept(&self, mut result: CaseResult) -> CaseResult {
        let passed = matches!(result.verdict, Verdict::Info | Verdict::Pass);
        result.witness.fit(&self.settings.room, passed);
        result.why.shrink_to_fit();
        result
    }

    /// The row of a control: accepted, or what everything else could not be judged for.
    fn control_result(&self, planned: &Planned, twin: &Twin) -> CaseResult {
        let case = planned.case();
        let rules = Rules { acceptance: case.acceptance, alerts: &case.alerts, statuses_count: true };
        let seen = observe(&twin.witness, &twin.witness, rules);
        match &twin.green {
            Ok(()) => self.result(
                planned,
                Observation { observed: Observed::Accept, ..seen },
                twin.witness.clone(),
                false,
            ),
            Err(why) => CaseResult {
                planned: planned.clone(),
                grade: self.settings.profile.grade(&case.id, case.grade),
                observed: if seen.observed == Observed::Accept { Observed::Error } else { seen.observed },
                strict: false,
                verdict: Verdict::Error,
                why: why.clone(),
                witness: twin.witness.clone(),
            },
        }
    }

    /// What has been found until now.
    fn audit(&self) -> Audit {
        // Where a case of no model needs one of two ways of trust, one is enough.
        let used: Vec<Group> =
            self.kinds.iter().map(|kind| self.group(kind.trust, versions(*kind))).collect();
        let red = locked(&self.red);
        let mut red: Vec<String> = red
            .iter()
            .filter(|(group, _)| used.contains(group))
            .map(|(group, why)| format!("{}: {why}", control_id(group.trust)))
            .collect();
        // Over both versions the same is one thing to be said.
        red.dedup();
        let results = locked(&self.results).clone();
        let interrupted = self.stopped() || results.iter().any(Option::is_none);
        let settings = self.settings;
        let name = settings.name.clone();
        let hello = locked(&self.hello).clone();
        Audit {
            client: settings.client.clone(),
            file: settings.setting.file.as_ref().map(|file| file.to_string_lossy().into_owned()),
            profile: settings.profile,
            seed: settings.seed,
            controls_green: red.is_empty(),
            red,
            isolation: settings.isolation.clone(),
            interrupted,
            results: results.into_iter().flatten().map(|(_, result)| result).collect(),
            client_hello: hello.and_then(|body| hello::audit(&body, &name)),
            baseline: None,
            name,
        }
    }
}

/// Whether the client offers the version of the group, as far as it has said what it offers.
fn speaks(seen: &Witness, group: Group) -> bool {
    let code = match versions(group) {
        Versions::Both => return true,
        Versions::Tls12 => 0x0303,
        Versions::Tls13 => 0x0304,
    };
    let hello = seen.wire.client_hello.as_deref().and_then(ClientHello::read);
    hello.is_none_or(|hello| hello.versions().contains(&code))
}

/// Why a case is worth nothing.
fn red_control(why: &str) -> String {
    format!("the control was not accepted: {why}")
}

fn control_id(trust: Trust) -> &'static str {
    if trust == Trust::Pinned { CONTROLS[0] } else { CONTROLS[1] }
}

fn group(trust: Trust, versions: Versions) -> Group {
    let versions = match versions {
        Versions::Both => 0,
        Versions::Tls12 => 2,
        Versions::Tls13 => 3,
    };
    Group { trust, versions }
}

fn versions(group: Group) -> Versions {
    match group.versions {
        2 => Versions::Tls12,
        3 => Versions::Tls13,
        _ => Versions::Both,
    }
}

/// Fisher and Yates' shuffle, by SplitMix64: the same seed gives the same order everywhere.
fn shuffle(order: &mut [usize], seed: u64) {
    let mut state = seed;
    for last in (1..order.len()).rev() {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        // Below `last + 1`, which is a usize.
        let other = usize::try_from(mixed % (last as u64 + 1)).unwrap_or(0);
        order.swap(last, other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::cases;

    fn all() -> Vec<Planned> {
        cases::all(&"www.test.org".parse().unwrap(), "www.test.org", false)
    }

    fn ids(selection: &Selection) -> Vec<String> {
        selection.of(&all()).unwrap().iter().map(|case| case.id().to_string()).collect()
    }

    #[test]
    fn patterns_take_ids_and_families() {
        for (pattern, text, found) in [
            ("expired", "expired", true),
            ("expired", "expired.ca", false),
            ("expired*", "expired.ca", true),
            ("*.ca", "expired.ca", true),
            ("*", "", true),
            ("c*-*d", "chain-good", true),
            ("c*x*d", "chain-good", false),
            ("ab*ba", "aba", false),
        ] {
            assert_eq!(matches_pattern(pattern, text), found, "{pattern} {text}");
        }
    }

    #[test]
    fn controls_come_with_what_is_chosen() {
        let only = |patterns: &[&str]| Selection {
            only: patterns.iter().map(|pattern| (*pattern).to_owned()).collect(),
            ..Selection::default()
        };
        assert_eq!(ids(&only(&["expired"])), ["valid", "expired"]);
        assert_eq!(ids(&only(&["expired.ca"])), ["valid.ca", "expired.ca"]);
        let unmatched = only(&["nothing*"]).of(&all()).unwrap_err();
        assert_eq!(unmatched, SelectionError::Unmatched("nothing*".to_owned()));
        let nothing = Selection { skip: vec!["*".to_owned()], ..Selection::default() };
        // It is of TLS 1.2 alone.
        let elsewhere = Selection { over: Over::Only(Versions::Tls13), ..only(&["se-renegotiate*"]) };
        for left in [nothing, elsewhere] {
            assert!(matches!(left.of(&all()), Err(SelectionError::Nothing)));
        }
    }

    #[test]
    fn each_version_is_a_case_of_its_own() {
        let selection =
            Selection { over: Over::Each, only: vec!["expired".to_owned()], ..Selection::default() };
        assert_eq!(ids(&selection), ["valid", "valid", "expired", "expired"]);
    }

    #[test]
    fn the_lab_takes_what_it_counts() {
        let lab = Selection { profile: Profile::Lab, ..Selection::default() };
        let ids = ids(&lab);
        assert_eq!(ids.len(), 14, "{ids:?}");
    }

    #[test]
    fn a_seed_is_an_order() {
        let order = |seed| {
            let mut order: Vec<usize> = (0..50).collect();
            shuffle(&mut order, seed);
            order
        };
        assert_eq!(order(7), order(7));
        assert_ne!(order(7), order(8));
        let mut sorted = order(7);
        sorted.sort_unstable();
        assert_eq!(sorted, (0..50).collect::<Vec<_>>());
    }
}
