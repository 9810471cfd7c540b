//! The calls of a tick that are not done: those that wait for a thread, and those that
//! are made elsewhere meanwhile.
//!
//! A call that is made elsewhere stays here as well. Once threads have nothing better to
//! do they make it too, the oldest first, and the first report wins: so nothing that
//! becomes of it elsewhere can hold a tick up for much longer than the call takes here.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tracing::Span;

use crate::guest::{Batch, Call, CallContext, CallReport, Code};
use crate::tables::Session;

/// A run whose calls are not all done.
pub struct PendingRun {
    /// The place of its system in the schedule.
    pub index: usize,
    /// The code of the system's mod.
    pub code: Code,
    /// What its calls share.
    pub context: Arc<CallContext>,
    /// The statements that they may make.
    pub session: Option<Arc<Session>>,
    /// What is traced of it.
    pub span: Span,
    /// Calls that are not done.
    pub open: AtomicUsize,
    /// How those went that are, by their place.
    pub reports: Mutex<Vec<Option<CallReport>>>,
}

/// A call that is not done.
#[derive(Clone)]
pub struct WaitingCall {
    /// Of which run.
    pub run: Arc<PendingRun>,
    /// Its place among the calls of the run.
    pub number: usize,
    /// Its shards.
    pub batches: VecDeque<Batch>,
    /// Whether it is to be made here.
    pub is_ours: bool,
}

impl WaitingCall {
    /// It as it is made.
    pub fn call(&self) -> Call {
        self.clone().take()
    }

    /// It as it is made, with its shards, which it has no more.
    pub fn take(&mut self) -> Call {
        let PendingRun { code, context, .. } = &*self.run;
        let (code, context) = (code.clone(), context.clone());
        let batches = std::mem::take(&mut self.batches);
        Call { code, context, number: self.number as u32, batches }
    }
}

/// The calls of a tick, between the threads that make them and those that bring back
/// what was made elsewhere.
#[derive(Default)]
pub struct Board {
    queue: Mutex<Queue>,
    /// Rung for the thread that does the tick: something came back, or all is done.
    pub changed: Condvar,
}

/// Calls that no thread has taken yet, calls that are made elsewhere, and the threads
/// that take them.
#[derive(Default)]
pub struct Queue {
    /// Calls that wait for a thread.
    pub waiting: VecDeque<WaitingCall>,
    /// Calls that are made elsewhere, by number, oldest first.
    lent: BTreeMap<u64, Lent>,
    /// What came back of them.
    returned: VecDeque<(u64, Option<Bytes>)>,
    last: u64,
    /// Calls that are not done.
    pub open: usize,
    /// Threads at work besides the one that does the tick.
    pub helpers: usize,
    /// How many there may be.
    pub helpers_max: usize,
}

/// A call that is made elsewhere.
struct Lent {
    call: WaitingCall,
    /// When it is made here too.
    due: Instant,
    is_redone: bool,
}

/// What a thread that has nothing to do can do.
pub enum Work {
    /// Make a call that waits.
    Make(WaitingCall),
    /// Look at what came back of one.
    Settle(WaitingCall, Bytes),
    /// Make the call of this number, which is made elsewhere too.
    Redo(u64, WaitingCall),
    /// Nothing, before something comes back or this time has passed.
    Wait(Option<Duration>),
}

impl Board {
    /// The queue.
    pub fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a change, but no longer than that.
    pub fn wait<'q>(
        &self,
        queue: MutexGuard<'q, Queue>,
        most: Option<Duration>,
    ) -> MutexGuard<'q, Queue> {
        match most {
            None => self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner),
            Some(most) => {
                let waited = self.changed.wait_timeout(queue, most);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
        }
    }

    /// Takes what came back of a call.
    pub fn bring(&self, number: u64, answer: Option<Bytes>) {
        self.lock().returned.push_back((number, answer));
        self.changed.notify_one();
    }
}

impl Queue {
    /// Calls that are looked at for the one that suits best.
    const LOOKED_AT: usize = 16;

    /// What is best done now.
    pub fn next(&mut self) -> Work {
        while let Some((number, answer)) = self.returned.pop_front() {
            // One that was made here meanwhile is done.
            match (self.lent.remove(&number), answer) {
                (Some(Lent { call, .. }), Some(answer)) => return Work::Settle(call, answer),
                (Some(lent), None) if lent.is_redone => drop(self.lent.insert(number, lent)),
                (Some(Lent { call, .. }), None) => {
                    return Work::Make(WaitingCall { is_ours: true, ..call });
                }
                (None, _) => {}
            }
        }
        if let Some(call) = self.waiting.pop_front() {
            return Work::Make(call);
        }
        let Some((number, oldest)) = self.lent.iter_mut().find(|(_, lent)| !lent.is_redone) else {
            return Work::Wait(None);
        };
        match oldest.due.checked_duration_since(Instant::now()) {
            Some(left) if !left.is_zero() => Work::Wait(Some(left)),
            _ => {
                oldest.is_redone = true;
                Work::Redo(*number, oldest.call.clone())
            }
        }
    }

    /// How many threads could do something at once.
    pub fn ready(&self) -> usize {
        let now = Instant::now();
        let overdue = self.lent.values().filter(|lent| !lent.is_redone && lent.due <= now).count();
        self.waiting.len() + self.returned.len() + overdue
    }

    /// Of the calls that wait the longest way from their turn and may be made elsewhere the
    /// one that suits best, where at least so many others wait.
    pub fn take_best(
        &mut self,
        others: usize,
        suits: impl Fn(&WaitingCall) -> f64,
    ) -> Option<WaitingCall> {
        if self.waiting.len() <= others {
            return None;
        }
        let calls = self.waiting.iter().enumerate().rev();
        let (mut best, mut best_suits) = (None, f64::NEG_INFINITY);
        for (at, call) in calls.filter(|(_, call)| !call.is_ours).take(Self::LOOKED_AT) {
            let suits = suits(call);
            if suits > best_suits {
                (best, best_suits) = (Some(at), suits);
            }
            if suits >= 1.0 {
                break;
            }
        }
        self.waiting.remove(best?)
    }

    /// Notes that a call is made elsewhere, and is made here too once it takes longer than
    /// that. Gives the number by which it comes back.
    pub fn lend(&mut self, call: WaitingCall, patience: Duration) -> u64 {
        self.last += 1;
        let due = Instant::now() + patience;
        self.lent.insert(self.last, Lent { call, due, is_redone: false });
        self.last
    }

    /// Takes a call back that is made elsewhere; nothing where it is done.
    pub fn claim(&mut self, number: u64) -> Option<WaitingCall> {
        self.lent.remove(&number).map(|lent| lent.call)
    }
}
