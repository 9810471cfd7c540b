//! Structural changes, sent as data and applied at the end of the tick.

mod buffer;
mod bundle;
mod column;

use crate::Entity;
use crate::call::Call;
use crate::declaration::SystemDeclaration;
use crate::fault::Fault;
use crate::kind::{Component, Relation};
use crate::param::{Param, Slots};
use std::ops::Range;

pub(crate) use buffer::Buffer;
pub use bundle::Bundle;
pub(crate) use column::Column;

/// Spawns, despawns, inserts, removes, relates.
///
/// Commands are applied at the end of the tick, in an order that does not
/// depend on threads. One to an entity that is no longer alive does nothing. A
/// kind that is only ever inserted must be listed in
/// [`export!`](crate::export).
///
/// ```
/// # use sandtable_sdk::prelude::*;
/// # #[derive(Component, Clone, Copy)] #[repr(C)] struct Health { points: i32 }
/// # #[derive(Component, Clone, Copy)] #[repr(C)] struct Grave;
/// #[system]
/// fn bury(bodies: Query<(Entity, &Health)>, mut commands: Commands) {
///     for (entity, health) in &bodies {
///         if health.points <= 0 {
///             commands.spawn(Grave);
///             commands.despawn(entity);
///         }
///     }
/// }
/// ```
pub struct Commands<'w> {
    call: &'w Call,
}

impl<'w> Commands<'w> {
    /// Creates an entity with these components. Later commands of this call may
    /// use the name that it gives.
    pub fn spawn<B: Bundle>(&mut self, components: B) -> Entity {
        self.send(|buffer, call| buffer.spawn(components, call))
    }

    /// Removes an entity with all its components and edges.
    pub fn despawn(&mut self, entity: Entity) {
        self.send(|buffer, call| buffer.despawn(entity, call));
    }

    /// Gives an entity components, or other values of those it has.
    pub fn insert<B: Bundle>(&mut self, entity: Entity, components: B) {
        self.send(|buffer, call| buffer.insert(entity, components, call));
    }

    /// Takes a component from an entity.
    pub fn remove<C: Component>(&mut self, entity: Entity) {
        self.send(|buffer, call| buffer.remove::<C>(entity, call));
    }

    /// Draws an edge, or replaces the data of the one that is there.
    pub fn relate<K: Relation>(&mut self, from: Entity, to: Entity, data: K) {
        self.send(|buffer, call| buffer.relate(from, to, data, call));
    }

    /// Removes an edge.
    pub fn unrelate<K: Relation>(&mut self, from: Entity, to: Entity) {
        self.send(|buffer, call| buffer.unrelate::<K>(from, to, call));
    }

    /// Several commands to one entity.
    pub fn entity(&mut self, entity: Entity) -> EntityCommands<'_, 'w> {
        EntityCommands { commands: self, entity }
    }

    fn send<R>(&mut self, command: impl FnOnce(&mut Buffer, &Call) -> R) -> R {
        command(&mut self.call.commands.borrow_mut(), self.call)
    }
}

/// Several commands to one entity; see [`Commands::entity`].
pub struct EntityCommands<'c, 'w> {
    commands: &'c mut Commands<'w>,
    entity: Entity,
}

impl EntityCommands<'_, '_> {
    /// The entity.
    pub fn id(&self) -> Entity {
        self.entity
    }

    /// As [`Commands::insert`].
    pub fn insert<B: Bundle>(&mut self, components: B) -> &mut Self {
        self.commands.insert(self.entity, components);
        self
    }

    /// As [`Commands::remove`].
    pub fn remove<C: Component>(&mut self) -> &mut Self {
        self.commands.remove::<C>(self.entity);
        self
    }

    /// As [`Commands::relate`], from this entity.
    pub fn relate<K: Relation>(&mut self, to: Entity, data: K) -> &mut Self {
        self.commands.relate(self.entity, to, data);
        self
    }

    /// As [`Commands::unrelate`], from this entity.
    pub fn unrelate<K: Relation>(&mut self, to: Entity) -> &mut Self {
        self.commands.unrelate::<K>(self.entity, to);
        self
    }

    /// As [`Commands::despawn`].
    pub fn despawn(self) {
        self.commands.despawn(self.entity);
    }
}

impl Param for Commands<'_> {
    type State = ();
    type Item<'w> = Commands<'w>;

    const SENDS: bool = true;

    fn declare(system: &mut SystemDeclaration<'_>) {
        system.commands();
    }

    fn open(_: &Call, _: &mut Slots) -> Result<(), Fault> {
        Ok(())
    }

    fn item<'w>((): &'w mut (), _: Range<usize>, call: &'w Call) -> Commands<'w> {
        Commands { call }
    }
}
