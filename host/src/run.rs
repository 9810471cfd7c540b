//! Runs the systems of one tick in parallel; results equal those of the sequential
//! schedule order.
//!
//! With one thread systems run in that order. With more, a system starts as soon
//! as those it must wait for are done, and the calls of one run are spread over
//! all threads. A run's outcomes are merged by the thread that finishes its last
//! call. The thread that does the tick makes calls itself and wakes others only
//! for calls that would wait: waking one takes longer than a short call.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

use rayon::{Scope, ThreadPool};
use tracing::{Span, field, trace_span};

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
    queue: Mutex<Queue>,
    changed: Condvar,
    /// Of the whole stage: above those of the runs, which any thread makes.
    span: Span,
}

/// Calls that no thread has taken yet, and the threads that take them.
#[derive(Default)]
struct Queue {
    waiting: VecDeque<WaitingCall>,
    /// Calls that wait or are being made.
    open: usize,
    /// Threads at work besides the one that does the tick.
    helpers: usize,
    helpers_max: usize,
}

/// How often a thread looks for a call before it sleeps: about as long as it
/// takes to wake it.
const LOOKS_BEFORE_SLEEP: u32 = 100;

struct WaitingCall {
    run: Arc<PendingRun>,
    number: usize,
    batches: VecDeque<Batch>,
}

/// Says on every way out of a call that it is over.
struct OpenCall<'a, 'b>(&'a TickRun<'b>);

impl Drop for OpenCall<'_, '_> {
    fn drop(&mut self) {
        let mut queue = lock(&self.0.queue);
        queue.open -= 1;
        if queue.open == 0 {
            self.0.changed.notify_one();
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

/// A run whose calls are not all done.
struct PendingRun {
    index: usize,
    context: Arc<CallContext>,
    session: Option<Arc<Session>>,
    span: Span,
    open: AtomicUsize,
    reports: Mutex<Vec<Option<CallReport>>>,
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
            queue: Mutex::default(),
            changed: Condvar::new(),
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
            None => (0..self.schedule.systems().len()).for_each(|index| self.run_here(index)),
            Some(pool) => pool.in_place_scope(|scope| {
                lock(&self.queue).helpers_max = pool.current_num_threads() - 1;
                for (index, waits) in self.schedule.waits().iter().enumerate() {
                    if *waits == 0 {
                        self.start(scope, index);
                    }
                }
                self.make_all_calls(scope);
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
        let mut reports = Vec::with_capacity(calls.len());
        for (number, batches) in calls.into_iter().enumerate() {
            let report = span.in_scope(|| self.call(&context, number, batches));
            let failed = report.verdict.is_err();
            reports.push(report);
            if failed {
                break;
            }
        }
        self.finish(index, &context, session.as_deref(), &span, reports);
    }

    fn start<'s>(&'s self, scope: &Scope<'s>, index: usize) {
        let Some(Begun { context, session, span, calls }) = self.begin(index) else {
            return self.release(scope, index);
        };
        if calls.is_empty() {
            self.finish(index, &context, session.as_deref(), &span, Vec::new());
            return self.release(scope, index);
        }
        let run = Arc::new(PendingRun {
            index,
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
        });
        let mut queue = lock(&self.queue);
        queue.open += calls.len();
        queue.waiting.extend(calls);
        // The first is for this thread, which comes for it next.
        let others = queue.waiting.len() - 1;
        if others > 0 {
            self.changed.notify_one();
        }
        for _ in 0..others.min(queue.helpers_max - queue.helpers) {
            queue.helpers += 1;
            scope.spawn(|scope| self.help(scope));
        }
    }

    /// Makes calls until all of the tick are done.
    fn make_all_calls<'s>(&'s self, scope: &Scope<'s>) {
        let mut in_vain = 0;
        let mut queue = lock(&self.queue);
        while queue.open > 0 {
            if let Some(call) = queue.waiting.pop_front() {
                drop(queue);
                self.make(scope, call);
                in_vain = 0;
                queue = lock(&self.queue);
            } else if in_vain < LOOKS_BEFORE_SLEEP {
                drop(queue);
                std::thread::yield_now();
                in_vain += 1;
                queue = lock(&self.queue);
            } else {
                queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    /// Makes calls while there are any.
    fn help<'s>(&'s self, scope: &Scope<'s>) {
        loop {
            let mut queue = lock(&self.queue);
            let Some(call) = queue.waiting.pop_front() else {
                queue.helpers -= 1;
                return;
            };
            drop(queue);
            self.make(scope, call);
        }
    }

    fn make<'s>(&'s self, scope: &Scope<'s>, call: WaitingCall) {
        let _open = OpenCall(self);
        let WaitingCall { run, number, batches } = call;
        let report = run.span.in_scope(|| self.call(&run.context, number, batches));
        lock(&run.reports)[number] = Some(report);
        if run.open.fetch_sub(1, Ordering::AcqRel) == 1 {
            let reports = std::mem::take(&mut *lock(&run.reports));
            let reports = reports.into_iter().flatten().collect();
            let PendingRun { index, context, session, span, .. } = &*run;
            self.finish(*index, context, session.as_deref(), span, reports);
            self.release(scope, run.index);
        }
    }

    fn release<'s>(&'s self, scope: &Scope<'s>, index: usize) {
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

    fn call(
        &self,
        context: &Arc<CallContext>,
        number: usize,
        batches: VecDeque<Batch>,
    ) -> CallReport {
        let code = self.program.mods[context.system.owner].code.clone();
        self.calls.make(Call { code, context: context.clone(), number: number as u32, batches })
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
            run.guest_ns += report.guest_ns;
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
