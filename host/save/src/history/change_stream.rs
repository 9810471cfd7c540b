//! Everything that happened between two ticks, tick by tick.
//!
//! Of one entity it comes from the blocks that hold its rows ([`EntityReplay`]);
//! of all, from worlds that are brought forward step by step ([`WorldReplay`]).
//! Both say the same.

use super::super::error::{Failure, Fallible};
use super::anchor::Anchor;
use super::change::{Change, Filter, StepKind};
use super::change_source::ChangeSource;
use super::entity_replay::EntityReplay;
use super::reader::{HistoryReader, NO_HISTORY};
use super::world_replay::WorldReplay;

/// What happened, to be had tick by tick.
pub(crate) struct ChangeStream {
    source: Box<dyn ChangeSource>,
    /// Whole worlds ahead, the next one last.
    anchors: Vec<Anchor>,
    tick: u64,
    last: u64,
    start: Option<Vec<Change>>,
}

impl ChangeStream {
    /// What happened after a tick had left the world, up to the end of another
    /// and the swaps after it. Where history does not reach back so far, from
    /// the first tick that it has.
    ///
    /// # Errors
    ///
    /// The save keeps no history, or it is damaged.
    pub(crate) fn between(
        past: HistoryReader<'_>,
        after: u64,
        last: u64,
        filter: Filter,
    ) -> Fallible<Self> {
        let mut anchors = past.chain()?;
        let reached = anchors.partition_point(|anchor| anchor.is_reached_by(after));
        anchors.drain(..reached.saturating_sub(1));
        anchors.reverse();
        let Some(start) = anchors.pop() else {
            return Err(Failure::Told(NO_HISTORY.to_owned()));
        };
        let source: Box<dyn ChangeSource> = match filter.entity {
            Some(entity) => Box::new(EntityReplay::start(past, start, entity, filter)?),
            None => Box::new(WorldReplay::start(past, start, filter)?),
        };
        let mut stream = Self { source, anchors, tick: start.tick, last, start: None };
        while stream.tick < after.min(last) {
            stream.advance(past, after.min(last), false)?;
        }
        while stream.anchors.last().is_some_and(|next| next.is_reached_by(stream.tick)) {
            stream.advance(past, last, false)?;
        }
        stream.start = filter.start.then(|| stream.source.start());
        Ok(stream)
    }

    /// What happened next, which may be nothing; none at the end.
    ///
    /// # Errors
    ///
    /// What is kept of the tick is damaged, or cannot be read.
    pub(crate) fn next(&mut self, past: HistoryReader<'_>) -> Fallible<Option<Vec<Change>>> {
        if let Some(start) = self.start.take() {
            return Ok(Some(start));
        }
        self.advance(past, self.last, true)
    }

    /// Goes on by a keyframe or a tick, and where nothing is kept of it by all
    /// such ticks: a save may claim any number of them.
    fn advance(
        &mut self,
        past: HistoryReader<'_>,
        upto: u64,
        wanted: bool,
    ) -> Fallible<Option<Vec<Change>>> {
        if let Some(anchor) = self.anchors.pop_if(|next| next.tick <= self.tick) {
            return if self.source.stands_at() < anchor.tick {
                self.source.take_over(past, anchor, StepKind::Ticks).map(Some)
            } else if anchor.adopted {
                self.source.take_over(past, anchor, StepKind::Swap).map(Some)
            } else {
                self.source.pass(anchor);
                Ok(Some(Vec::new()))
            };
        }
        if self.tick >= self.last {
            return Ok(None);
        }
        self.tick += 1;
        let changes = self.source.go_on(past, self.tick, wanted)?;
        if self.source.stands_at() < self.tick {
            let kept = past.next(self.tick)?.map_or(upto, |next| next - 1);
            let anchor = self.anchors.last().map_or(upto, |next| next.tick);
            self.tick = self.tick.max(kept.min(anchor).min(upto));
        }
        Ok(Some(changes))
    }
}
