//! What of each tick a world keeps.

use std::collections::BTreeSet;

use sandtable_world::config::HistorySettings;
use sandtable_world::ecs::{KindId, Registry, Role, World};
use sandtable_world::record::Step;

use super::delta;
use super::frames::Frames;

/// Turns what ticks did into bytes, as far as the world wants them kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recorder {
    /// Of how many ticks one is kept; none when zero.
    every: u64,
    omitted: BTreeSet<KindId>,
}

impl Recorder {
    /// For a world with these settings and kinds.
    pub fn new(settings: &HistorySettings, registry: &Registry) -> Self {
        let components = registry.iter().filter(|(_, kind)| kind.role == Role::Component);
        let omitted = components.filter(|(_, kind)| !keeps(settings, &kind.name));
        Self { every: settings.every_ticks, omitted: omitted.map(|(id, _)| id).collect() }
    }

    /// Keeps all of every tick.
    pub fn of_everything() -> Self {
        Self { every: 1, omitted: BTreeSet::new() }
    }

    /// Whether anything is kept.
    pub fn is_on(&self) -> bool {
        self.every > 0
    }

    /// Whether this tick can be come back to.
    pub fn keeps(&self, tick: u64) -> bool {
        self.every > 0 && tick.is_multiple_of(self.every)
    }

    /// Whether all of the world can be come back to at this tick.
    pub fn is_whole(&self, tick: u64) -> bool {
        self.keeps(tick) && self.omitted.is_empty()
    }

    /// Whether values of this kind are kept.
    pub fn keeps_kind(&self, kind: KindId) -> bool {
        !self.omitted.contains(&kind)
    }

    /// What a tick did between two worlds, in these steps, where `kept` is the
    /// last world that was kept. Nothing where there is nothing to keep.
    ///
    /// Of ticks in between only what became of rows of tables is kept, without
    /// which tables could not be brought back.
    pub fn record(&self, kept: &World, before: &World, after: &World, steps: &[Step]) -> Frames {
        let keeps_kind = |kind| self.keeps_kind(kind);
        match self.every {
            0 => Frames::new(),
            1 => delta::encode(before, after, steps, &keeps_kind),
            _ => {
                let of_rows = steps.iter().filter(|step| !step.rows.is_empty());
                let rows = of_rows.map(|step| Step { after: step.before.clone(), ..step.clone() });
                let mut rows: Vec<Step> = rows.collect();
                if self.keeps(after.tick()) {
                    let all = Step {
                        edit: None,
                        system: String::new(),
                        is_commands: false,
                        before: kept.clone(),
                        after: after.clone(),
                        rows: Vec::new(),
                    };
                    rows.insert(0, all);
                    return delta::encode(kept, after, &rows, &keeps_kind);
                }
                match rows.is_empty() {
                    true => Frames::new(),
                    false => delta::encode_rows(after, &rows),
                }
            }
        }
    }
}

/// Whether the settings want values of a component kept.
fn keeps(settings: &HistorySettings, name: &str) -> bool {
    let matches = |pattern: &String| match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => pattern == name,
    };
    settings.components.is_empty() || settings.components.iter().any(matches)
}
