//! What happened, one thing at a time.

use std::sync::Arc;

use serde_json::Value as Json;

use sandtable_world::ecs::{Bytes, Entity, Kind, KindId, to_json};

/// One thing that happened to an entity, to an edge, or to a resource.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// When, and by which system.
    pub origin: Origin,
    /// What happened.
    pub action: Action,
    /// To which entity: for an edge, where it starts; none for a resource.
    pub entity: Option<Entity>,
    /// Where an edge ends.
    pub target: Option<Entity>,
    /// The component, resource or relation; none for the entity as such.
    pub kind: Option<Arc<Kind>>,
    /// The value before.
    pub old: Option<PastValue>,
    /// The value since.
    pub new: Option<PastValue>,
}

/// When something happened, and who did it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// In which tick, or after which.
    pub tick: u64,
    /// In which kind of step.
    pub step: StepKind,
    /// The system whose step it was, by full name, where that is known.
    pub system: Option<Arc<str>>,
    /// Who sent the edit that it was, and its number in the tick.
    pub edit: Option<(u32, Arc<str>)>,
}

impl Origin {
    /// A step of no system.
    pub fn of(tick: u64, step: StepKind) -> Self {
        Self { tick, step, system: None, edit: None }
    }

    /// Who sent the edit, where it was one.
    pub fn sender(&self) -> Option<&str> {
        self.edit.as_ref().map(|(_, sender)| &**sender)
    }

    /// The mod of the system.
    pub fn mod_id(&self) -> Option<&str> {
        self.system.as_deref().map(|system| system.split('/').next().unwrap_or_default())
    }
}

/// What kind of step changed something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StepKind {
    /// None that is known: so it was at the first tick that is looked at.
    Start,
    /// A change by hand.
    Edit,
    /// The run of a system.
    Run,
    /// The commands of a system.
    Commands,
    /// Other mods came, after the tick.
    Swap,
    /// Several ticks, of which only the last is kept.
    Ticks,
}

impl StepKind {
    /// Its name in answers.
    pub fn name(self) -> &'static str {
        match self {
            StepKind::Start => "start",
            StepKind::Edit => "edit",
            StepKind::Run => "run",
            StepKind::Commands => "commands",
            StepKind::Swap => "swap",
            StepKind::Ticks => "ticks",
        }
    }
}

/// What happened, in the order in which answers give it for one entity and step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// Nothing; it was so before.
    Was,
    /// The entity came to be.
    Spawned,
    /// It got the component; or the resource was set.
    Inserted,
    /// The value became another.
    Changed,
    /// The edge came to be.
    Related,
    /// The edge went.
    Unrelated,
    /// It lost the component; or the resource went.
    Removed,
    /// The entity went.
    Despawned,
}

impl Action {
    /// Its name in answers.
    pub fn name(self) -> &'static str {
        match self {
            Action::Was => "was",
            Action::Spawned => "spawned",
            Action::Inserted => "inserted",
            Action::Changed => "changed",
            Action::Related => "related",
            Action::Unrelated => "unrelated",
            Action::Removed => "removed",
            Action::Despawned => "despawned",
        }
    }
}

/// A value, with its kind as it was declared at the time.
#[derive(Clone, Debug, PartialEq)]
pub struct PastValue {
    /// Its kind.
    pub kind: Arc<Kind>,
    /// Packed, or a MessagePack value.
    pub bytes: Bytes,
}

impl PastValue {
    /// As people read it.
    pub fn to_json(&self) -> Json {
        to_json(&self.kind, &self.bytes)
    }
}

/// Which changes are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this entity only.
    pub entity: Option<Entity>,
    /// Of this component, resource or relation only.
    pub kind: Option<KindId>,
    /// Where an entity is given: edges that end there, too.
    pub both_ends: bool,
    /// First of all, what was so before.
    pub start: bool,
}

impl Filter {
    pub(super) fn wants_kind(&self, kind: KindId) -> bool {
        self.kind.is_none_or(|wanted| wanted == kind)
    }

    pub(super) fn wants_edge(&self, from: Entity, to: Entity) -> bool {
        self.entity.is_none_or(|wanted| from == wanted || (self.both_ends && to == wanted))
    }
}

/// Puts the changes of one step in the order in which answers give them.
pub(super) fn sort(changes: &mut [Change]) {
    changes.sort_by(|one, two| {
        let key = |change: &Change| (change.entity, change.action, change.target);
        let name = |change: &Change| change.kind.as_ref().map(|kind| kind.name.clone());
        key(one).cmp(&key(two)).then_with(|| name(one).cmp(&name(two)))
    });
}
