//! A part of a world as a world of its own: what one may see who may not see all.

use std::sync::Arc;

use super::{Archetype, Column, Entities, Entity, Events, KindId, Relations, World};

impl World {
    /// The world with some kinds and without some entities: as if neither those nor what
    /// points to them were there. It is for reading, and no tick goes on from it: events
    /// that wait are not in it, nor what mods' tables hold.
    ///
    /// Pages of what all is shown of are shared with the whole.
    #[must_use]
    pub fn part(&self, shows: impl Fn(KindId) -> bool, is_hidden: impl Fn(Entity) -> bool) -> Self {
        let mut part = self.clone();
        part.events = Events::default();
        part.tables = Arc::default();
        Arc::make_mut(&mut part.resources).retain(|kind, _| shows(*kind));
        let mut is_whole = true;
        let archetypes: Vec<Arc<Archetype>> = self
            .archetypes()
            .iter()
            .map(|archetype| {
                let entities = archetype.entities().pages().iter().flat_map(|page| page.iter());
                let rows = entities.enumerate().filter(|(_, entity)| !is_hidden(**entity));
                let rows: Vec<usize> = rows.map(|(row, _)| row).collect();
                is_whole &= rows.len() == archetype.len();
                match rows.len() == archetype.len() && archetype.kinds().iter().all(|it| shows(*it))
                {
                    true => archetype.clone(),
                    false => Arc::new(archetype.part(&rows, &shows)),
                }
            })
            .collect();
        if !is_whole {
            let slots: Vec<_> = self
                .entities
                .slots()
                .pages()
                .iter()
                .flat_map(|page| page.iter().copied())
                .collect();
            part.entities = Entities::mended(&slots, &archetypes);
        }
        part.relations = self
            .relations
            .part(|kind, from, to| shows(kind) && (is_whole || !is_hidden(from) && !is_hidden(to)));
        part.set_archetypes(archetypes);
        part
    }
}

impl Archetype {
    /// These rows of these kinds, in the same order.
    fn part(&self, rows: &[usize], shows: impl Fn(KindId) -> bool) -> Self {
        let mut entities = self.entities().emptied();
        entities.extend_rows(self.entities(), rows);
        let columns = self.columns().iter().filter(|column| shows(column.kind));
        let columns = columns.map(|column| {
            let mut values = column.values.emptied();
            values.extend_rows(&column.values, rows);
            Column { kind: column.kind, values, changed: None, added: None }
        });
        Self::restore(entities, columns.collect())
    }
}

impl Relations {
    fn part(&self, shows: impl Fn(KindId, Entity, Entity) -> bool) -> Self {
        let mut part = self.clone();
        for (kind, from, to, _) in
            self.iter().filter(|(kind, from, to, _)| !shows(*kind, *from, *to))
        {
            part.unrelate(kind, from, to);
        }
        part
    }
}
