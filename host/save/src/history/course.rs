//! Everything that happened between two ticks, tick by tick.
//!
//! Of one entity it comes from the blocks that hold its rows ([`Track`]); of all,
//! from worlds that are brought forward step by step ([`Walk`]). Both say the
//! same.

use super::super::error::{Failure, Outcome};
use super::anchor::Anchor;
use super::change::{Change, Filter, StepKind};
use super::past::{NO_HISTORY, Past};
use super::source::Way;
use super::track::Track;
use super::walk::Walk;

/// What happened, to be had tick by tick.
pub(crate) struct Course {
    way: Box<dyn Way>,
    /// Whole worlds ahead, the next one last.
    anchors: Vec<Anchor>,
    tick: u64,
    last: u64,
    start: Option<Vec<Change>>,
}

impl Course {
    /// What happened after a tick had left the world, up to the end of another
    /// and the swaps after it. Where history does not reach back so far, from
    /// the first tick that it has.
    ///
    /// # Errors
    ///
    /// The save keeps no history, or it is damaged.
    pub(crate) fn between(past: Past<'_>, after: u64, last: u64, filter: Filter) -> Outcome<Self> {
        let mut anchors = past.chain()?;
        let reached = anchors.partition_point(|anchor| anchor.is_reached_by(after));
        anchors.drain(..reached.saturating_sub(1));
        anchors.reverse();
        let Some(start) = anchors.pop() else {
            return Err(Failure::Told(NO_HISTORY.to_owned()));
        };
        let way: Box<dyn Way> = match filter.entity {
            Some(entity) => Box::new(Track::start(past, start, entity, filter)?),
            None => Box::new(Walk::start(past, start, filter)?),
        };
        let mut course = Self { way, anchors, tick: start.tick, last, start: None };
        while course.tick < after.min(last) {
            course.advance(past, after.min(last), false)?;
        }
        while course.anchors.last().is_some_and(|next| next.is_reached_by(course.tick)) {
            course.advance(past, last, false)?;
        }
        course.start = filter.start.then(|| course.way.start());
        Ok(course)
    }

    /// What happened next, which may be nothing; none at the end.
    ///
    /// # Errors
    ///
    /// What is kept of the tick is damaged, or cannot be read.
    pub(crate) fn next(&mut self, past: Past<'_>) -> Outcome<Option<Vec<Change>>> {
        if let Some(start) = self.start.take() {
            return Ok(Some(start));
        }
        self.advance(past, self.last, true)
    }

    /// Goes on by a keyframe or a tick, and where nothing is kept of it by all
    /// such ticks: a save may claim any number of them.
    fn advance(&mut self, past: Past<'_>, upto: u64, wanted: bool) -> Outcome<Option<Vec<Change>>> {
        if let Some(anchor) = self.anchors.pop_if(|next| next.tick <= self.tick) {
            return if self.way.stands_at() < anchor.tick {
                self.way.take_over(past, anchor, StepKind::Ticks).map(Some)
            } else if anchor.adopted {
                self.way.take_over(past, anchor, StepKind::Swap).map(Some)
            } else {
                self.way.pass(anchor);
                Ok(Some(Vec::new()))
            };
        }
        if self.tick >= self.last {
            return Ok(None);
        }
        self.tick += 1;
        let changes = self.way.go_on(past, self.tick, wanted)?;
        if self.way.stands_at() < self.tick {
            let kept = past.next(self.tick)?.map_or(upto, |next| next - 1);
            let anchor = self.anchors.last().map_or(upto, |next| next.tick);
            self.tick = self.tick.max(kept.min(anchor).min(upto));
        }
        Ok(Some(changes))
    }
}
