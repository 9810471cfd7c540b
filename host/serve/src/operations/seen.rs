//! What happened in the part of a world that one sees: what differs between that part at
//! one tick and at another. Steps within a tick, and who did them, are of the whole.

use sandtable::save::{Change, differences};
use serde_json::Value as Json;

use super::super::at::At;
use super::super::moment::Moment;
use super::super::named::entity_of;
use super::super::problem::Problem;
use super::super::question::Question;
use super::super::reply::Reply;
use super::told_change::{WHAT_HAPPENED, what_happened};

/// Ticks whose changes are asked for at once.
const TICKS_MAX: u64 = 100;

/// What is other between two ticks.
pub fn diff(question: &Question<'_>) -> Result<Reply, Problem> {
    if question.parameter("summary").is_some_and(|it| it != "false") {
        return Err(Problem::parameter("summary", "is for those who see all: leave it out"));
    }
    let last = question.served.now().world.tick();
    let number = |name: &str| Ok::<_, Problem>(question.number(name)?.unwrap_or(last));
    let (before, after) = (at(question, number("from")?)?, at(question, number("to")?)?);
    let changes = differences(&before.world, &after.world, None);
    reply(question, changes.iter(), &after, usize::MAX)
}

/// What is other in each of some ticks, the last first.
pub fn changes(question: &Question<'_>) -> Result<Reply, Problem> {
    let last = question.served.now().world.tick();
    let to = question.number("to")?.unwrap_or(last);
    let from = question.number("from")?.unwrap_or(to).max(1);
    if to.saturating_sub(from) >= TICKS_MAX {
        let what = format!("begins more than {TICKS_MAX} ticks before tick {to}: give a later one");
        return Err(Problem::parameter("from", what));
    }
    let kind = question.parameter("kind");
    let mut after = at(question, to)?;
    let first = after.clone();
    let named = |text| entity_of(&first.world, text, &question.served.labels(&first.world));
    let entity = question.parameter("entity").map(named).transpose()?;
    let mut told = Vec::new();
    for tick in (from..=to).rev() {
        let before = at(question, tick - 1)?;
        let changes = differences(&before.world, &after.world, entity);
        told.extend(changes.into_iter().filter(|change| {
            kind.is_none_or(|kind| change.kind.as_ref().is_some_and(|it| it.name == kind))
        }));
        after = before;
    }
    reply(question, told.iter(), &first, question.limit()?)
}

fn at(question: &Question<'_>, tick: u64) -> Result<Moment, Problem> {
    question.moment_at(Some(&At { tick, chain: None })).map(|(seen, _)| seen)
}

fn reply<'a>(
    question: &Question<'_>,
    changes: impl Iterator<Item = &'a Change>,
    moment: &Moment,
    limit: usize,
) -> Result<Reply, Problem> {
    let labels = question.served.labels(&moment.world);
    let row = |change: &Change| what_happened(change, &labels, &moment.world);
    let mut rows: Vec<Vec<Json>> = changes.take(limit.saturating_add(1)).map(row).collect();
    let is_cut = rows.len() > limit;
    rows.truncate(limit);
    Ok(Reply::rows(WHAT_HAPPENED.map(str::to_owned).into(), rows)
        .with("truncated", is_cut)
        .passing())
}
