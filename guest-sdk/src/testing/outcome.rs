//! What a system left behind.

use std::any::TypeId;

use super::commands::{self, Command};
use super::rows::{Place, Rows};
use crate::bindings::sandtable::guest::types;
use crate::codec::{Malformed, Reader};
use crate::column::{Column, Store};
use crate::event::Readable;
use crate::kind::{Component, Event, Storage};
use crate::kinds::Kinds;
use crate::log::Level;
use crate::sys::double::Double;

/// What a system left behind.
pub struct Outcome {
    double: Double,
    given: Vec<Rows>,
    places: Vec<Place>,
    system: types::System,
    kinds: Kinds,
    commands: Vec<Command>,
}

impl Outcome {
    pub(super) fn new(
        double: Double,
        given: Vec<Rows>,
        places: Vec<Place>,
        system: types::System,
        kinds: Kinds,
    ) -> Result<Self, String> {
        let commands = commands::read(&double.commands, &kinds);
        Ok(Self {
            double,
            given,
            places,
            system,
            kinds,
            commands: commands.map_err(|error| error.to_string())?,
        })
    }

    /// The component of the nth rows that were given, if it was written.
    pub fn column<C: Component + Clone>(&self, rows: usize) -> Option<Vec<C>> {
        let kind = self.kinds.find(TypeId::of::<C>())?;
        let of_kind = |place: &&Place| place.kind == kind && place.archetype as usize == rows;
        let bytes = self.places.iter().filter(of_kind).find_map(|place| {
            let place = (place.batch, place.shard, place.column);
            self.double.written.get(&place)
        })?;
        let count = match C::INFO.storage {
            Storage::Packed => bytes.len().checked_div(C::INFO.size).unwrap_or(0),
            Storage::Dynamic => Reader::new(bytes).array().ok()?,
        };
        values_of(bytes.clone(), count)
    }

    /// The component of the nth rows that were given as it is afterwards, written
    /// or not, if they have it. Commands have not been applied.
    pub fn after<C: Component + Clone>(&self, rows: usize) -> Option<Vec<C>> {
        let written = self.column(rows);
        written.or_else(|| {
            let (bytes, count) = self.given.get(rows)?.shipped(TypeId::of::<C>())?;
            values_of(bytes, count)
        })
    }

    /// A resource, if it was set.
    pub fn resource<C: Component + Clone>(&self) -> Option<C> {
        let kind = self.kinds.find(TypeId::of::<C>())?;
        let uses = &self.system.resources;
        let index = uses.iter().position(|used| used.kind == kind)?;
        let bytes = self.double.resources.get(&(index as u32))?;
        let column = C::Store::values(bytes.clone(), 1).ok()?;
        column.rows().ok()?.first().cloned()
    }

    /// The commands, in the order of their runs.
    pub fn commands(&self) -> &[Command] {
        &self.commands
    }

    /// The events of one type, in the order they were sent.
    pub fn events<E: Event + Readable>(&self) -> Vec<E> {
        let Some(kind) = self.kinds.find(TypeId::of::<E>()) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        for events in &self.double.events {
            let mut from = Reader::new(events);
            for _ in 0..from.array().unwrap_or(0) {
                if let Ok(Some(event)) = self.read_event(&mut from, kind) {
                    found.push(event);
                }
            }
        }
        found
    }

    /// What was logged.
    pub fn log(&self) -> &[(Level, String)] {
        &self.double.lines
    }

    /// How many entities the host was asked about, question by question.
    pub fn questions(&self) -> &[usize] {
        &self.double.questions
    }

    fn read_event<E: Readable>(
        &self,
        from: &mut Reader<'_>,
        kind: u32,
    ) -> Result<Option<E>, Malformed> {
        from.array_of(3)?;
        from.uint()?;
        let emitted = from.uint()? as usize;
        if self.system.emits.get(emitted) == Some(&kind) {
            return E::read(from).map(Some);
        }
        from.skip()?;
        Ok(None)
    }
}

/// The values in a column of so many rows.
fn values_of<C: Component + Clone>(bytes: Vec<u8>, count: usize) -> Option<Vec<C>> {
    let column = C::Store::column(bytes, count).ok()?;
    column.rows().ok().map(<[C]>::to_vec)
}
