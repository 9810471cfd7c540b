//! A table over a world, as SQLite sees it.
//!
//! The `unsafe` in here is what the binding asks for: a promise that the two
//! structures below start with SQLite's own, and are laid out as C would. They do
//! and are. Nothing in here panics on a world that was
//! restored, which a callback of C must not.
#![expect(unsafe_code, reason = "rusqlite's virtual tables are unsafe traits")]

use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};
use std::ffi::{CStr, CString, c_int};
use std::sync::Arc;

use rusqlite::types::Value;
use rusqlite::vtab::{
    Context, Filters, IndexConstraintOp, IndexInfo, Module, VTab, VTabConfig, VTabConnection,
    VTabCursor, sqlite3_vtab, sqlite3_vtab_cursor,
};
use rusqlite::{Connection, Error, Result};

use crate::history::Change;
use crate::shape::Shape;
use sandtable_world::ecs::{Archetype, Bytes, Entity, Kind, Registry, Storage, to_json};

use super::names::{Shown, Source};
use super::needs::Needs;
use super::past::{Archive, Wanted};
use super::search::{RowNumbers, Sought};
use super::{cells, past};

/// Makes a table that is there without being created.
pub(super) fn register(
    connection: &Connection,
    needs: Arc<Needs>,
    registry: Arc<Registry>,
    archive: Option<Arc<Archive>>,
    shown: Shown,
) -> Result<()> {
    const MODULE: Module<'_, WorldTable> = Module::eponymous_only_module();
    let shown = Arc::new(shown);
    connection.create_module(
        shown.name.as_str(),
        &MODULE,
        Some((needs, registry, archive, shown.clone())),
    )
}

#[repr(C)]
struct WorldTable {
    base: sqlite3_vtab,
    needs: Arc<Needs>,
    registry: Arc<Registry>,
    archive: Option<Arc<Archive>>,
    shown: Arc<Shown>,
}

/// How a query looks for rows.
const ALL: c_int = 0;
const BY_FIRST: c_int = 1;
const BY_SECOND: c_int = 2;

/// How a query looks for rows of history, added up, with what it is given in
/// this order.
const BY_ENTITY: c_int = 1;
const AT_TICK: c_int = 2;
const FROM_TICK: c_int = 4;
const TO_TICK: c_int = 8;

/// About how many rows of history there are: the host has counted none of them.
const PAST_ROWS: i64 = 1 << 30;

impl WorldTable {
    fn rows(&self) -> Result<usize> {
        Ok(match &self.shown.source {
            Source::Component(kind) => {
                let world = self.needs.world()?;
                let having = world.archetypes().iter().filter(|a| a.find(*kind).is_some());
                let rows: usize = having.map(|archetype| archetype.len()).sum();
                rows + usize::from(world.resources.contains_key(kind))
            }
            Source::Relation(_) | Source::Relations => self.needs.world()?.relations.len(),
            Source::Entities => self.needs.world()?.entities.alive() as usize,
            Source::Resources => self.needs.world()?.resources.len(),
            Source::Listed(rows) => rows.len(),
            Source::History(..) | Source::Changes => PAST_ROWS as usize,
        })
    }

    /// How many of the first columns rows can be found by.
    fn keys(&self) -> c_int {
        match self.shown.source {
            Source::Component(_) | Source::Entities => 1,
            Source::Relation(_) => 2,
            Source::Relations
            | Source::Resources
            | Source::Listed(_)
            | Source::History(..)
            | Source::Changes => 0,
        }
    }

    /// As [`VTab::best_index`], for what is sorted by tick and found by entity.
    fn best_of_past(info: &mut IndexInfo) {
        use IndexConstraintOp::{
            SQLITE_INDEX_CONSTRAINT_EQ as EQ, SQLITE_INDEX_CONSTRAINT_GE as GE,
            SQLITE_INDEX_CONSTRAINT_GT as GT, SQLITE_INDEX_CONSTRAINT_LE as LE,
            SQLITE_INDEX_CONSTRAINT_LT as LT,
        };
        let ways = [
            (BY_ENTITY, 1, [EQ, EQ]),
            (AT_TICK, 0, [EQ, EQ]),
            (FROM_TICK, 0, [GE, GT]),
            (TO_TICK, 0, [LE, LT]),
        ];
        let (mut how, mut arguments, mut rows) = (0, 0, PAST_ROWS);
        for (way, column, operators) in ways {
            let found = info.constraints().position(|constraint| {
                constraint.is_usable()
                    && constraint.column() == column
                    && operators.contains(&constraint.operator())
            });
            if let Some(at) = found {
                arguments += 1;
                info.constraint_usage(at).set_argv_index(arguments);
                how |= way;
                rows /= if way == FROM_TICK || way == TO_TICK { 4 } else { 4096 };
            }
        }
        info.set_idx_num(how);
        info.set_estimated_rows(rows);
        info.set_estimated_cost(rows as f64);
    }
}

unsafe impl<'vtab> VTab<'vtab> for WorldTable {
    type Aux = (Arc<Needs>, Arc<Registry>, Option<Arc<Archive>>, Arc<Shown>);
    type Cursor = WorldCursor<'vtab>;

    fn connect(
        connection: &mut VTabConnection,
        aux: Option<&Self::Aux>,
        _: &[u8],
        _: &[u8],
        _: &[u8],
        _: &[&[u8]],
    ) -> Result<(Cow<'static, CStr>, Self)> {
        let Some((needs, registry, archive, shown)) = aux else {
            return Err(Error::ModuleError("a table without a world".to_owned()));
        };
        connection.config(VTabConfig::Innocuous)?;
        let columns: Vec<String> = shown
            .columns
            .iter()
            .map(|(name, ty)| format!("\"{}\" {ty}", name.replace('"', "\"\"").replace('\0', "_")))
            .collect();
        let declared = CString::new(format!("CREATE TABLE x({})", columns.join(", ")))?;
        let (needs, registry) = (needs.clone(), registry.clone());
        let (archive, shown) = (archive.clone(), shown.clone());
        let base = sqlite3_vtab::default();
        Ok((Cow::Owned(declared), Self { base, needs, registry, archive, shown }))
    }

    fn best_index(&self, info: &mut IndexInfo) -> Result<bool> {
        if matches!(self.shown.source, Source::History(..) | Source::Changes) {
            Self::best_of_past(info);
            return Ok(true);
        }
        let key = info
            .constraints()
            .enumerate()
            .filter(|(_, constraint)| {
                constraint.is_usable()
                    && constraint.operator() == IndexConstraintOp::SQLITE_INDEX_CONSTRAINT_EQ
                    && (0..self.keys()).contains(&constraint.column())
            })
            .map(|(at, constraint)| (constraint.column(), at))
            .min();
        let rows = self.rows()?.max(1) as i64;
        match key {
            Some((column, at)) => {
                info.constraint_usage(at).set_argv_index(1);
                info.set_idx_num(BY_FIRST + column);
                let found = if self.keys() == 1 { 1 } else { (rows / 100).clamp(1, 100) };
                info.set_estimated_rows(found);
                info.set_estimated_cost(found as f64);
            }
            None => {
                info.set_idx_num(ALL);
                info.set_estimated_rows(rows);
                info.set_estimated_cost(rows as f64);
            }
        }
        Ok(true)
    }

    fn open(&'vtab mut self) -> Result<Self::Cursor> {
        Ok(WorldCursor {
            base: sqlite3_vtab_cursor::default(),
            needs: &self.needs,
            registry: &self.registry,
            archive: self.archive.as_ref(),
            source: &self.shown.source,
            rows: Box::new(std::iter::empty()),
            row: None,
            cells: OnceCell::new(),
            place: 0,
            numbers: RefCell::default(),
        })
    }
}

/// One row of a table.
enum Row<'w> {
    Component(Entity, &'w Kind, &'w [u8]),
    /// A component of the world itself, which has no entity.
    Resource(&'w Kind, &'w [u8]),
    /// The same by its name, among all others.
    Named(&'w Kind, &'w [u8]),
    Edge(Entity, Entity, &'w Kind, &'w [u8]),
    Entity(Entity, usize, &'w Archetype),
    Listed(&'w [Value]),
    /// What happened, in general or to a component.
    Change(Change),
    History(&'w Shape, Change),
}

type TableRows<'w> = Box<dyn Iterator<Item = Result<Row<'w>>> + 'w>;

#[repr(C)]
struct WorldCursor<'w> {
    base: sqlite3_vtab_cursor,
    needs: &'w Needs,
    registry: &'w Registry,
    archive: Option<&'w Arc<Archive>>,
    source: &'w Source,
    rows: TableRows<'w>,
    row: Option<Row<'w>>,
    /// The fields of a dynamic row, or of one of history, once one of them was
    /// asked for: they can only be read together.
    cells: OnceCell<Vec<Value>>,
    /// Which row of the search it is.
    place: i64,
    numbers: RefCell<RowNumbers>,
}

impl<'w> WorldCursor<'w> {
    fn all(&self) -> Result<Box<dyn Iterator<Item = Row<'w>> + 'w>> {
        if let Source::Listed(rows) = self.source {
            return Ok(Box::new(rows.iter().map(|row| Row::Listed(row))));
        }
        let world = self.needs.world()?;
        Ok(match self.source {
            Source::Component(kind) => {
                let declared = world.registry.get(*kind);
                let values = world.values(*kind);
                let rows = values.map(|(entity, value)| Row::Component(entity, declared, value));
                let resource = world.resources.get(kind).into_iter();
                Box::new(rows.chain(resource.map(|value| Row::Resource(declared, value))))
            }
            Source::Relation(kind) => {
                let declared = world.registry.get(*kind);
                let edges = world.relations.of_kind(*kind);
                Box::new(edges.map(move |(from, to, data)| Row::Edge(from, to, declared, data)))
            }
            Source::Relations => {
                Box::new(world.relations.iter().map(|(kind, from, to, data)| {
                    Row::Edge(from, to, world.registry.get(kind), data)
                }))
            }
            Source::Entities => {
                let archetypes = world.archetypes().iter().enumerate();
                Box::new(archetypes.flat_map(|(id, archetype)| {
                    entities(archetype).map(move |entity| Row::Entity(entity, id, archetype))
                }))
            }
            Source::Resources => Box::new(
                world
                    .resources
                    .iter()
                    .map(|(id, value)| Row::Named(world.registry.get(*id), value)),
            ),
            Source::Listed(_) | Source::History(..) | Source::Changes => {
                Box::new(std::iter::empty())
            }
        })
    }

    fn found(&self, by: c_int, key: Entity) -> Result<Box<dyn Iterator<Item = Row<'w>> + 'w>> {
        let world = self.needs.world()?;
        Ok(match self.source {
            Source::Component(kind) => {
                let declared = world.registry.get(*kind);
                let value = world.component(key, *kind);
                Box::new(value.into_iter().map(move |value| Row::Component(key, declared, value)))
            }
            Source::Relation(kind) => {
                let declared = world.registry.get(*kind);
                let row = move |from, to, data: &'w Bytes| Row::Edge(from, to, declared, data);
                if by == BY_SECOND {
                    let edges = world.relations.incoming(*kind, key);
                    Box::new(edges.map(move |(from, data)| row(from, key, data)))
                } else {
                    let edges = world.relations.outgoing(*kind, key);
                    Box::new(edges.map(move |(to, data)| row(key, to, data)))
                }
            }
            Source::Entities => {
                let place = world.entities.locate(key).into_iter();
                Box::new(place.filter_map(move |(id, _)| {
                    let id = id.0 as usize;
                    Some(Row::Entity(key, id, world.archetypes().get(id)?))
                }))
            }
            _ => self.all()?,
        })
    }

    /// Rows of history, found by what is given.
    fn past(&self, how: c_int, arguments: &Filters<'_>) -> Result<TableRows<'w>> {
        let kind = match self.source {
            Source::History(kind, _) => Some(*kind),
            _ => None,
        };
        let mut wanted = Wanted { kind, entity: None, from: 0, to: u64::MAX };
        let ways = [BY_ENTITY, AT_TICK, FROM_TICK, TO_TICK].into_iter();
        let nothing = || Ok::<TableRows<'w>, Error>(Box::new(std::iter::empty()));
        for (way, argument) in ways.filter(|way| how & way != 0).zip(arguments.iter()) {
            let (low, high) = match Sought::of(argument) {
                Sought::Between(low, high) if way == BY_ENTITY && low != high => return nothing(),
                Sought::Between(low, high) => (low, high),
                Sought::Nothing => return nothing(),
                Sought::Anything => continue,
            };
            if way == BY_ENTITY {
                wanted.entity = Some(Entity::from_bits(low as u64));
            }
            if way == AT_TICK || way == FROM_TICK {
                wanted.from = wanted.from.max(u64::try_from(low).unwrap_or(0));
            }
            if way == AT_TICK || way == TO_TICK {
                let Ok(high) = u64::try_from(high) else { return nothing() };
                wanted.to = wanted.to.min(high);
            }
        }
        let source = self.source;
        let rows = self.archive.into_iter().flat_map(move |archive| archive.clone().rows(wanted));
        Ok(Box::new(rows.map(move |row| {
            row.map(|change| match source {
                Source::History(_, shape) => Row::History(shape, change),
                _ => Row::Change(change),
            })
        })))
    }

    fn field(&self, kind: &Kind, value: &[u8], at: usize) -> Value {
        match kind.fields.get(at) {
            Some(field) if kind.storage == Storage::Packed => cells::packed(field, value),
            _ => {
                let cells = self.cells.get_or_init(|| cells::all(kind, value));
                cells.get(at).cloned().unwrap_or(Value::Null)
            }
        }
    }
}

fn entities(archetype: &Archetype) -> impl Iterator<Item = Entity> {
    archetype.entities().pages().iter().flat_map(|page| page.iter().copied())
}

unsafe impl VTabCursor for WorldCursor<'_> {
    fn filter(&mut self, by: c_int, _: Option<&str>, arguments: &Filters<'_>) -> Result<()> {
        self.rows = match (self.source, by) {
            (Source::History(..) | Source::Changes, how) => self.past(how, arguments)?,
            (_, ALL) => Box::new(self.all()?.map(Ok)),
            (_, by) => match arguments.iter().next().map_or(Sought::Nothing, Sought::of) {
                Sought::Between(key, end) if key == end => {
                    Box::new(self.found(by, Entity::from_bits(key as u64))?.map(Ok))
                }
                // No entity is equal to NULL or a fraction.
                Sought::Between(..) | Sought::Nothing => Box::new(std::iter::empty()),
                Sought::Anything => Box::new(self.all()?.map(Ok)),
            },
        };
        self.place = 0;
        self.numbers.get_mut().restart();
        self.next()
    }

    fn next(&mut self) -> Result<()> {
        self.row = self.rows.next().transpose()?;
        self.cells = OnceCell::new();
        self.place += 1;
        self.numbers.get_mut().next();
        Ok(())
    }

    fn eof(&self) -> bool {
        self.row.is_none()
    }

    fn column(&self, context: &mut Context, column: c_int) -> Result<()> {
        let column = column.unsigned_abs() as usize;
        let value = match (&self.row, column) {
            (None, _) => Value::Null,
            (Some(Row::Component(entity, ..)), 0) => cells::entity(*entity),
            (Some(Row::Resource(..)), 0) => Value::Null,
            (Some(Row::Named(kind, _)), 0) => Value::Text(kind.name.clone()),
            (Some(Row::Named(kind, value)), _) => Value::Text(to_json(kind, value).to_string()),
            (Some(Row::Component(_, kind, value) | Row::Resource(kind, value)), at) => {
                self.field(kind, value, at - 1)
            }
            (Some(Row::Edge(from, to, kind, data)), at) if self.names_kinds() => match at {
                0 => Value::Text(kind.name.clone()),
                1 => cells::entity(*from),
                2 => cells::entity(*to),
                _ => Value::Text(to_json(kind, data).to_string()),
            },
            (Some(Row::Edge(from, ..)), 0) => cells::entity(*from),
            (Some(Row::Edge(_, to, ..)), 1) => cells::entity(*to),
            (Some(Row::Edge(_, _, kind, data)), at) => self.field(kind, data, at - 2),
            (Some(Row::Entity(entity, ..)), 0) => cells::entity(*entity),
            (Some(Row::Entity(_, id, _)), 1) => Value::Integer(*id as i64),
            (Some(Row::Entity(_, _, archetype)), _) => Value::Text(self.components(archetype)),
            (Some(Row::Listed(cells)), at) => cells.get(at).cloned().unwrap_or(Value::Null),
            (Some(Row::Change(change)), at) => past::change_cell(change, at),
            (Some(Row::History(shape, change)), at) => {
                let cells = || change.new.as_ref().map_or(Vec::new(), |new| shape.cells(new));
                let field = |at: usize| {
                    self.cells.get_or_init(cells).get(at).cloned().unwrap_or(Value::Null)
                };
                past::history_cell(change, shape.names().count(), field, at)
            }
        };
        context.set_result(value)
    }

    /// The same for the same row, however it was found; see [`RowNumbers`].
    fn rowid(&self) -> Result<i64> {
        let mut numbers = self.numbers.borrow_mut();
        Ok(match &self.row {
            Some(Row::Component(entity, ..) | Row::Entity(entity, ..)) => entity.to_bits() as i64,
            Some(Row::Edge(from, to, kind, _)) => {
                numbers.of((from.to_bits(), to.to_bits(), &kind.name))
            }
            Some(Row::Change(change) | Row::History(_, change)) => {
                let Change { origin, action, entity, target, kind, old, new } = change;
                let kind = kind.as_ref().map(|kind| &kind.name);
                let by = (origin.tick, origin.step.name(), &origin.system);
                let [old, new] = [old, new].map(|value| value.as_ref().map(|it| &it.bytes));
                numbers.of((by, action.name(), entity, target, kind, old, new))
            }
            Some(Row::Resource(..)) | None => 0,
            // These are always looked through from the first one on.
            Some(Row::Named(..) | Row::Listed(_)) => self.place,
        })
    }
}

impl WorldCursor<'_> {
    /// Whether edges are shown with their kind.
    fn names_kinds(&self) -> bool {
        matches!(self.source, Source::Relations)
    }

    fn components(&self, archetype: &Archetype) -> String {
        let names = archetype.kinds().iter().map(|kind| self.registry.get(*kind));
        names.map(|kind| kind.name.as_str()).collect::<Vec<_>>().join(", ")
    }
}
