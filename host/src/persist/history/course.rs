//! Everything that happened between two ticks, tick by tick.
//!
//! Whoever asks about one entity gets it from the blocks that hold its rows
//! ([`Track`]); whoever asks about all, from worlds that are brought forward
//! step by step ([`Walk`]). Both say the same.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::error::{Failure, Outcome, damage};
use super::apply::Loaded;
use super::change::{Change, Filter, Origin, StepKind};
use super::delta::StepHead;
use super::past::{Anchor, Past};
use super::track::Track;
use super::walk::Walk;

/// A way through history.
pub(super) trait Way {
    /// What was so where it starts.
    fn start(&self) -> Vec<Change>;

    /// The tick at which it stands, which is an earlier one than it was told of
    /// where not every tick is kept.
    fn stands_at(&self) -> u64;

    /// Goes on to a tick; says what happened in it if that is to be told.
    fn go_on(&mut self, past: Past<'_>, tick: u64, told: bool) -> Outcome<Vec<Change>>;

    /// Goes on from a whole world, and says what is other in it.
    fn take_over(&mut self, past: Past<'_>, anchor: Anchor, by: StepKind) -> Outcome<Vec<Change>>;

    /// There is a whole world as it stands.
    fn pass(&mut self, anchor: Anchor);
}

/// What happened, to be had tick by tick.
pub(in crate::persist) struct Course {
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
    pub(in crate::persist) fn between(
        past: Past<'_>,
        after: u64,
        last: u64,
        filter: Filter,
    ) -> Outcome<Self> {
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

    /// What happened next, which may be nothing; none once all is told.
    pub(in crate::persist) fn next(&mut self, past: Past<'_>) -> Outcome<Option<Vec<Change>>> {
        if let Some(start) = self.start.take() {
            return Ok(Some(start));
        }
        self.advance(past, self.last, true)
    }

    /// Goes on by a keyframe or a tick, and where nothing is kept of it by all
    /// such ticks: a save may claim any number of them.
    fn advance(&mut self, past: Past<'_>, upto: u64, told: bool) -> Outcome<Option<Vec<Change>>> {
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
        let changes = self.way.go_on(past, self.tick, told)?;
        if self.way.stands_at() < self.tick {
            let kept = past.next(self.tick)?.map_or(upto, |next| next - 1);
            let anchor = self.anchors.last().map_or(upto, |next| next.tick);
            self.tick = self.tick.max(kept.min(anchor).min(upto));
        }
        Ok(Some(changes))
    }
}

/// What somebody is told who asks what a save does not keep.
pub(in crate::persist) const NO_HISTORY: &str =
    "keeps no history: set `every` in [history] to 1 or more";

/// What a tick changed, to whoever stands at an earlier one; nothing where
/// nothing but rows of tables is kept of it.
pub(super) fn delta_from<'a>(
    past: Past<'a>,
    stands_at: u64,
    tick: u64,
    omitted: &'a BTreeSet<u32>,
) -> Outcome<Option<Loaded<'a>>> {
    let loaded = past.delta(tick, omitted)?.filter(|loaded| !loaded.delta.rows_only);
    let of_one = loaded.as_ref().is_some_and(|loaded| {
        loaded.delta.steps.first().is_none_or(|first| first.system.is_some())
    });
    match of_one && stands_at + 1 != tick {
        true => damage(format!("the history of tick {} is missing", tick - 1)),
        false => Ok(loaded),
    }
}

/// Whose the steps of a tick are, where these systems had run before it.
pub(super) fn origins<'b>(
    loaded: &'b Loaded<'_>,
    before: impl Iterator<Item = &'b String>,
) -> Outcome<Vec<Origin>> {
    let tick = loaded.delta.tick;
    let names: Vec<Arc<str>> = loaded.systems_after(before).into_iter().map(Arc::from).collect();
    let origin = |head: &StepHead| match head.system {
        None => Ok(Origin { tick, step: StepKind::Ticks, system: None }),
        Some(place) => match names.get(place as usize) {
            Some(name) => {
                let step = if head.commands { StepKind::Commands } else { StepKind::Run };
                Ok(Origin { tick, step, system: Some(name.clone()) })
            }
            None => damage(format!("the history of tick {tick} names a system that there is not")),
        },
    };
    loaded.delta.steps.iter().map(origin).collect()
}
