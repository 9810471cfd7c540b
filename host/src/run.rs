//! Runs the systems of one tick in parallel; results equal those of the sequential
//! schedule order.
//!
//! With one thread systems run in that order. With more, a system starts as soon
//! as those it must wait for are done, and the calls of one run are spread over
//! all threads. A run's outcomes are merged by the thread that finishes its last
//! call. The thread that does the tick makes calls itself and wakes others only
//! for calls that would wait: waking one takes longer than a short call.
//!
//! Where calls may be made elsewhere, threads lend those that would wait and go on;
//! `queue` says what becomes of them.

mod queue;
mod threads;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use rayon::{Scope, ThreadPool};
use tracing::{Span, field, trace_span};

use self::queue::{Board, PendingRun, Queue, WaitingCall};
use crate::calls::CallMaker;
use crate::ecs::{Stamp, World};
use crate::fanout;
use crate::guest::{self, Batch, Call, CallContext, CallReport, Fault, Halt, Log, Verdict};
use crate::merge::{self, Deferred};
use crate::program::{Mod, Program, System};
use crate::reading;
use crate::record::{Step, SystemRun};
use crate::schedule::Schedule;
use crate::statements::Statements;
use crate::tables::{Database, Session};

/// What every system run of a tick is given.
#[derive(Clone, Copy, Debug)]
pub struct TickClock {
    /// The number of the tick.
    pub tick: u64,
    /// Simulated seconds in a tick.
    pub dt_seconds: f64,
    /// The world's seed.
    pub seed: u64,
}

/// How one system's run went.
pub struct Finished {
    /// What is recorded of it.
    pub run: SystemRun,
    /// What it leaves for the end of the tick; nothing after a fault.
    pub deferred: Deferred,
    /// Its fault, if it had one.
    pub fault: Option<Fault>,
    /// What it said.
    pub log: Log,
    /// What it changed, where that is recorded and it changed anything.
    pub step: Option<Step>,
}

/// The system that halted a tick, and how.
#[derive(Debug)]
pub struct Halted {
    /// The system.
    pub system: Arc<System>,
    /// What happened.
    pub halt: Halt,
}

/// The systems of one tick.
pub struct TickRun<'a> {
    calls: &'a dyn CallMaker,
    program: &'a Program,
    schedule: &'a Schedule,
    tables: &'a Arc<Database>,
    clock: TickClock,
    takes_part: &'a (dyn Fn(&System) -> bool + Sync),
    /// Whether what each run changes is kept apart.
    records: bool,
    world: Mutex<World>,
    waits: Vec<AtomicUsize>,
    finished: Vec<OnceLock<Finished>>,
    halted: OnceLock<Halted>,
    board: Arc<Board>,
    /// Of the whole stage: above those of the runs, which any thread makes.
    span: Span,
}

/// Where threads that help are called from; none, where there is one thread.
type Helpers<'a, 's> = Option<&'a Scope<'s>>;

/// Says on every way out of a call that it is over.
struct OpenCall<'a, 'b>(&'a TickRun<'b>);

impl Drop for OpenCall<'_, '_> {
    fn drop(&mut self) {
        let mut queue = self.0.board.lock();
        queue.open -= 1;
        if queue.open == 0 {
            self.0.board.changed.notify_one();
        }
    }
}

/// A run that has begun: what its calls share, the statements that they may make,
/// and the calls.
struct Begun {
    context: Arc<CallContext>,
    session: Option<Arc<Session>>,
    span: Span,
    calls: Vec<VecDeque<Batch>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'a> TickRun<'a> {
    /// Prepares to run those systems that take part over a world.
    pub fn new(
        calls: &'a dyn CallMaker,
        program: &'a Program,
        schedule: &'a Schedule,
        tables: &'a Arc<Database>,
        clock: TickClock,
        takes_part: &'a (dyn Fn(&System) -> bool + Sync),
        world: World,
    ) -> Self {
        let waits = schedule.waits().iter().map(|&count| AtomicUsize::new(count)).collect();
        let finished = schedule.systems().iter().map(|_| OnceLock::new()).collect();
        let halted = OnceLock::new();
        let world = Mutex::new(world);
        Self {
            calls,
            program,
            schedule,
            tables,
            clock,
            takes_part,
            records: false,
            world,
            waits,
            finished,
            halted,
            board: Arc::default(),
            span: trace_span!("systems"),
        }
    }

    /// Keeps apart what each run changes, where `records` says so.
    pub fn recording(self, records: bool) -> Self {
        Self { records, ..self }
    }

    /// Runs them all. Gives the world with their columns and resources, and for
    /// each system of the schedule how its run went, if there was one.
    ///
    /// # Errors
    ///
    /// The first halt. The world is dropped; what runs wrote to tables must be
    /// undone.
    pub fn run(
        self,
        threads: Option<&ThreadPool>,
    ) -> Result<(World, Vec<Option<Finished>>), Halted> {
        match threads {
            None if self.calls.lending().is_none() => {
                (0..self.schedule.systems().len()).for_each(|index| self.run_here(index));
            }
            None => self.run_all(None),
            Some(pool) => pool.in_place_scope(|scope| {
                self.board.lock().helpers_max = pool.current_num_threads() - 1;
                self.run_all(Some(scope));
            }),
        }
        if let Some(halted) = self.halted.into_inner() {
            return Err(halted);
        }
        let world = self.world.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok((world, self.finished.into_iter().map(OnceLock::into_inner).collect()))
    }

    fn run_here(&self, index: usize) {
        let Some(Begun { context, session, span, calls }) = self.begin(index) else { return };
        let code = &self.program.mods[context.system.owner].code;
        let mut reports = Vec::with_capacity(calls.len());
        for (number, batches) in (0..).zip(calls) {
            let (code, context) = (code.clone(), context.clone());
            let call = Call { code, context, number, batches };
            let report = span.in_scope(|| self.calls.make(call));
            let failed = report.verdict.is_err();
            reports.push(report);
            if failed {
                break;
            }
        }
        self.finish(index, &context, session.as_deref(), &span, reports);
    }

    /// Runs all systems, with as many helpers as there may be.
    fn run_all<'s>(&'s self, scope: Helpers<'_, 's>) {
        for (index, waits) in self.schedule.waits().iter().enumerate() {
            if *waits == 0 {
                self.start(scope, index);
            }
        }
        self.make_all_calls(scope);
    }

    fn start<'s>(&'s self, scope: Helpers<'_, 's>, index: usize) {
        let Some(Begun { context, session, span, calls }) = self.begin(index) else {
            return self.release(scope, index);
        };
        if calls.is_empty() {
            self.finish(index, &context, session.as_deref(), &span, Vec::new());
            return self.release(scope, index);
        }
        // What makes statements is bound to the tables of this process.
        let is_ours = context.tables.is_some();
        let run = Arc::new(PendingRun {
            index,
            code: self.program.mods[context.system.owner].code.clone(),
            context,
            session,
            span,
            open: AtomicUsize::new(calls.len()),
            reports: Mutex::new(calls.iter().map(|_| None).collect()),
        });
        let calls = calls.into_iter().enumerate().map(|(number, batches)| WaitingCall {
            run: run.clone(),
            number,
            batches,
            is_ours,
        });
        let mut queue = self.board.lock();
        queue.open += calls.len();
        queue.waiting.extend(calls);
        // The first is for this thread, which comes for it next.
        if queue.waiting.len() > 1 {
            self.board.changed.notify_one();
        }
        let others = queue.waiting.len().saturating_sub(1);
        self.call_helpers(scope, &mut queue, others);
    }

    /// Has so many others help, if there are as many.
    fn call_helpers<'s>(&'s self, scope: Helpers<'_, 's>, queue: &mut Queue, others: usize) {
        let Some(scope) = scope else { return };
        for _ in 0..others.min(queue.helpers_max - queue.helpers) {
            queue.helpers += 1;
            scope.spawn(|scope| self.help(Some(scope)));
        }
    }

    fn release<'s>(&'s self, scope: Helpers<'_, 's>, index: usize) {
        for &follower in self.schedule.followers(index) {
            if self.waits[follower].fetch_sub(1, Ordering::AcqRel) == 1 {
                self.start(scope, follower);
            }
        }
    }

    /// The snapshot and the calls of a run, if the system is to run.
    fn begin(&self, index: usize) -> Option<Begun> {
        let system = &self.schedule.systems()[index];
        if self.halted.get().is_some() || !(self.takes_part)(system) {
            return None;
        }
        let world = lock(&self.world).clone();
        if !system.may_run(&world) {
            return None;
        }
        let span = trace_span!(
            parent: &self.span,
            "system",
            system = system.name,
            calls = field::Empty,
            rows = field::Empty,
            faulted = field::Empty
        );
        let last_run = world.systems.get(&system.name).and_then(|state| state.last_run);
        let TickClock { tick, dt_seconds, seed } = self.clock;
        let calls = fanout::plan(&world, system, last_run);
        let offer = reading::offer(&world, system);
        let argument = guest::argument(&world, system, &offer, tick, dt_seconds, seed);
        let owner: &Mod = &self.program.mods[system.owner];
        let session = |owner: &Mod| {
            let (tables, rights) = (self.tables.clone(), owner.rights.clone());
            let session = Session::new(tables, &owner.id, rights, &owner.limits, &world.tables);
            Arc::new(session.recording(self.records))
        };
        let session = system.tables.then(|| session(owner));
        let statements = session.clone().map(|session| session as Arc<dyn Statements>);
        let context = CallContext {
            tables: statements,
            system: system.clone(),
            kinds: owner.kinds.clone(),
            limits: owner.limits.clone(),
            assets: owner.assets.clone(),
            rights: owner.rights.clone(),
            tick,
            dt_seconds,
            seed,
            now: Stamp::system(tick, index),
            argument,
            world,
        };
        Some(Begun { context: Arc::new(context), session, span, calls })
    }

    /// Merges a run, or discards it when one of its calls faulted: the fault of
    /// the first such call is the run's.
    fn finish(
        &self,
        index: usize,
        context: &CallContext,
        session: Option<&Session>,
        span: &Span,
        reports: Vec<CallReport>,
    ) {
        let mut run = SystemRun { system: context.system.name.clone(), ..SystemRun::default() };
        let mut outcomes = Vec::with_capacity(reports.len());
        let mut log = Log::default();
        let mut fault = None;
        for report in reports {
            run.calls += 1;
            run.rows += report.rows;
            run.guest_ns = run.guest_ns.saturating_add(report.guest_ns);
            run.away += u64::from(report.is_away);
            log.append(report.log);
            match report.verdict {
                Ok(outcome) => outcomes.push(outcome),
                // Nothing after it counts: on one thread nothing more ran.
                Err(Verdict::Fault(found)) => {
                    fault = Some(found);
                    break;
                }
                Err(Verdict::Halt(halt)) => {
                    let system = context.system.clone();
                    self.halted.get_or_init(|| Halted { system, halt });
                }
            }
        }
        let keep = fault.is_none() && self.halted.get().is_none();
        let changed = session.map(|session| session.end(keep)).transpose();
        let changed = changed.unwrap_or_else(|halt| {
            let system = context.system.clone();
            self.halted.get_or_init(|| Halted { system, halt });
            None
        });
        let mut step = None;
        let deferred = match &fault {
            None => {
                let changed = changed.unwrap_or_default();
                let mut world = lock(&self.world);
                let before = self.records.then(|| world.clone());
                merge::tables(&mut world, &changed);
                let deferred = merge::merge(&mut world, outcomes);
                step = before.map(|before| Step {
                    edit: None,
                    system: run.system.clone(),
                    is_commands: false,
                    before,
                    after: world.clone(),
                    rows: changed.into_iter().map(|(table, change)| (table, change.rows)).collect(),
                });
                deferred
            }
            Some(fault) => {
                run.fault = Some(fault.to_string());
                Deferred::default()
            }
        };
        span.record("calls", run.calls).record("rows", run.rows);
        span.record("faulted", run.fault.is_some());
        run.commands = deferred.commands.iter().map(|command| command.entities.len() as u64).sum();
        run.events = deferred.events.len() as u64;
        // Each run is finished once, so that the cell is always empty here.
        let _ = self.finished[index].set(Finished { run, deferred, fault, log, step });
    }
}
