//! What the threads of a tick do: make calls, lend them, and take back what was made
//! elsewhere.

use std::sync::atomic::Ordering;

use super::queue::{PendingRun, WaitingCall, Work};
use super::{Helpers, OpenCall, TickRun, lock};
use crate::calls::{Lending, Taken};
use crate::guest::CallReport;

/// How often a thread looks for a call before it sleeps: about as long as it
/// takes to wake it.
const LOOKS_BEFORE_SLEEP: u32 = 100;

/// A call that is made here and elsewhere: over as well where making it here panics.
struct Redone<'a, 'b>(&'a TickRun<'b>, u64);

impl Redone<'_, '_> {
    /// Takes it, unless what was made elsewhere came first.
    fn claim(&self) -> Option<WaitingCall> {
        self.0.board.lock().claim(self.1)
    }
}

impl Drop for Redone<'_, '_> {
    fn drop(&mut self) {
        if self.claim().is_some() {
            drop(OpenCall(self.0));
        }
    }
}

impl<'a> TickRun<'a> {
    /// Makes calls until all of the tick are done.
    pub(super) fn make_all_calls<'s>(&'s self, scope: Helpers<'_, 's>) {
        let mut in_vain = 0;
        let mut queue = self.board.lock();
        while queue.open > 0 {
            if let Some(lending) = self.calls.lending() {
                drop(queue);
                self.lend(lending);
                queue = self.board.lock();
                // What came back is for as many threads as there are.
                let others = queue.ready().saturating_sub(1);
                self.call_helpers(scope, &mut queue, others);
            }
            match queue.next() {
                Work::Wait(most) if in_vain >= LOOKS_BEFORE_SLEEP => {
                    queue = match queue.open {
                        0 => queue,
                        _ => self.board.wait(queue, most),
                    };
                }
                Work::Wait(_) => {
                    drop(queue);
                    std::thread::yield_now();
                    in_vain += 1;
                    queue = self.board.lock();
                }
                work => {
                    drop(queue);
                    self.work(scope, work);
                    in_vain = 0;
                    queue = self.board.lock();
                }
            }
        }
    }

    /// Makes calls while there are any.
    pub(super) fn help<'s>(&'s self, scope: Helpers<'_, 's>) {
        loop {
            if let Some(lending) = self.calls.lending() {
                self.lend(lending);
            }
            let mut queue = self.board.lock();
            match queue.next() {
                Work::Wait(_) => {
                    queue.helpers -= 1;
                    return;
                }
                work => {
                    drop(queue);
                    self.work(scope, work);
                }
            }
        }
    }

    /// Has calls made elsewhere, while there is room for any.
    fn lend(&self, Lending { elsewhere, .. }: Lending<'_>) {
        let others = usize::from(!elsewhere.takes_all());
        while elsewhere.has_room() {
            let suits = |call: &WaitingCall| elsewhere.suits(&call.run.context, &call.batches);
            let Some(waiting) = self.board.lock().take_best(others, suits) else { return };
            let call = waiting.call();
            let number = self.board.lock().lend(waiting, elsewhere.patience(&call));
            // The thread that does the tick may wait for less than that.
            self.board.changed.notify_one();
            let board = self.board.clone();
            let back = move |answer| board.bring(number, answer);
            let taken = elsewhere.take(&call, Box::new(back));
            if taken == Taken::Yes {
                continue;
            }
            let mut queue = self.board.lock();
            let Some(mut waiting) = queue.claim(number) else { continue };
            waiting.is_ours = taken == Taken::Never;
            queue.waiting.push_back(waiting);
            if taken == Taken::NotNow {
                return;
            }
        }
    }

    fn work<'s>(&'s self, scope: Helpers<'_, 's>, work: Work) {
        match work {
            Work::Make(mut call) => {
                let open = OpenCall(self);
                let report = self.report(&mut call);
                self.complete(scope, open, call, report);
            }
            Work::Settle(mut call, answer) => {
                let open = OpenCall(self);
                let settle = || self.calls.lending()?.settle(&call.call(), &answer);
                let report = call.run.span.in_scope(settle);
                let report = report.unwrap_or_else(|| self.report(&mut call));
                self.complete(scope, open, call, report);
            }
            Work::Redo(number, mut call) => {
                let redone = Redone(self, number);
                let report = self.report(&mut call);
                if let Some(call) = redone.claim() {
                    self.complete(scope, OpenCall(self), call, report);
                }
            }
            Work::Wait(_) => {}
        }
    }

    /// Makes a call here, which takes its shards.
    fn report(&self, call: &mut WaitingCall) -> CallReport {
        let made = call.take();
        call.run.span.in_scope(|| self.calls.make(made))
    }

    /// Takes the report of a call; with the last one of its run, that is finished.
    fn complete<'s>(
        &'s self,
        scope: Helpers<'_, 's>,
        _open: OpenCall<'_, 'a>,
        call: WaitingCall,
        report: CallReport,
    ) {
        let WaitingCall { run, number, .. } = call;
        lock(&run.reports)[number] = Some(report);
        if run.open.fetch_sub(1, Ordering::AcqRel) == 1 {
            let reports = std::mem::take(&mut *lock(&run.reports));
            let reports = reports.into_iter().flatten().collect();
            let PendingRun { index, context, session, span, .. } = &*run;
            self.finish(*index, context, session.as_deref(), span, reports);
            self.release(scope, run.index);
        }
    }
}
