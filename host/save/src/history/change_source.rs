//! Where changes come from: a way through history, which one entity or a whole
//! world goes.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::error::{Fallible, damage};
use super::anchor::Anchor;
use super::apply::Loaded;
use super::change::{Change, Origin, StepKind};
use super::delta::StepHead;
use super::reader::HistoryReader;

/// A way through history.
pub(super) trait ChangeSource {
    /// What was so where it starts.
    fn start(&self) -> Vec<Change>;

    /// The tick at which it stands, which is before the last that it went on to
    /// where not every tick is kept.
    fn stands_at(&self) -> u64;

    /// Goes on to a tick; says what happened in it if that is wanted.
    fn go_on(&mut self, past: HistoryReader<'_>, tick: u64, wanted: bool) -> Fallible<Vec<Change>>;

    /// Goes on from a whole world, and says what is other in it.
    fn take_over(
        &mut self,
        past: HistoryReader<'_>,
        anchor: Anchor,
        by: StepKind,
    ) -> Fallible<Vec<Change>>;

    /// There is a whole world as it stands.
    fn pass(&mut self, anchor: Anchor);
}

/// What a tick changed, seen from an earlier one; nothing where nothing but rows
/// of tables is kept of it.
pub(super) fn delta_from<'a>(
    past: HistoryReader<'a>,
    stands_at: u64,
    tick: u64,
    omitted: &'a BTreeSet<u32>,
) -> Fallible<Option<Loaded<'a>>> {
    let loaded = past.delta(tick, omitted)?.filter(|loaded| !loaded.delta.rows_only);
    let of_one = loaded.as_ref().is_some_and(|loaded| {
        loaded.delta.steps.first().is_none_or(|first| first.system.or(first.edit).is_some())
    });
    match of_one && stands_at + 1 != tick {
        true => damage(format!("the history of tick {} is missing", tick - 1)),
        false => Ok(loaded),
    }
}

/// Whose the steps of a tick are, where these systems had run before it.
pub(super) fn origins<'b>(
    past: HistoryReader<'_>,
    loaded: &'b Loaded<'_>,
    before: impl Iterator<Item = &'b String>,
) -> Fallible<Vec<Origin>> {
    let (tick, steps) = (loaded.delta.tick, &loaded.delta.steps);
    let names: Vec<Arc<str>> = loaded.systems_after(before).into_iter().map(Arc::from).collect();
    let senders = match steps.iter().any(|head| head.edit.is_some()) {
        true => past.senders(tick)?,
        false => Vec::new(),
    };
    let origin = |head: &StepHead| {
        if let Some(number) = head.edit {
            let sender = senders.get(number as usize).cloned().unwrap_or_else(|| Arc::from(""));
            let edit = Some((number, sender));
            return Ok(Origin { edit, ..Origin::of(tick, StepKind::Edit) });
        }
        let Some(place) = head.system else { return Ok(Origin::of(tick, StepKind::Ticks)) };
        let Some(name) = names.get(place as usize) else {
            return damage(format!("the history of tick {tick} names a system that there is not"));
        };
        let step = if head.commands { StepKind::Commands } else { StepKind::Run };
        Ok(Origin { system: Some(name.clone()), ..Origin::of(tick, step) })
    };
    steps.iter().map(origin).collect()
}
