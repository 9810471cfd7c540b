//! `shards` of `host.wit`: columns into the guest's memory and back.
//!
//! This is the hot path. A column crosses by one copy into the guest, and by
//! one copy out of it only where its bytes differ. Those become the column's
//! new page as they are.

use std::sync::Arc;

use wasmtime::component::{ComponentType, Lower};

use super::codec::{self, ColumnEntry};
use super::context::{CallContext, ShardRef, rows_of};
use super::outcome::{WrittenColumn, WrittenValues};
use super::state::InTick;
use sandtable_world::ecs::{
    Access, Archetype, Bytes, CheckedColumn, Column, Entity, KindId, RowMask, Stamp, Values,
    check_column,
};
use sandtable_world::fault::Fault;

/// A shard, as it is lowered into a guest.
#[derive(ComponentType, Lower)]
#[component(record)]
pub(super) struct Shard {
    pub header: Vec<u8>,
    pub columns: Vec<Arc<Vec<u8>>>,
}

/// Takes the next batch, and ships it.
pub(super) fn next(state: &mut InTick) -> Vec<Shard> {
    advance(state);
    state.current.iter().map(|shard| ship(&state.context, shard)).collect()
}

/// Takes the next batch.
pub(super) fn advance(state: &mut InTick) {
    state.batch_start = state.outcome.written.len();
    state.current = state.batches.pop_front().unwrap_or_default();
    state.used.rows += rows_of(&state.context.world, &state.current) as u64;
}

/// A shard as a guest is given it.
pub(super) fn ship(context: &CallContext, shard: &ShardRef) -> Shard {
    let archetype = context.world.archetype(shard.archetype);
    let entities = &archetype.entities().pages()[shard.page];
    let table = column_table(context, shard, archetype);
    let header = codec::header(context, shard, entities.len(), &table);
    let columns = table
        .iter()
        .map(|entry| match shipped(context, shard, archetype, entry) {
            None => {
                let bits = entities.iter().flat_map(|entity| entity.to_bits().to_le_bytes());
                Arc::new(bits.collect())
            }
            Some(column) => match &column.values {
                Values::Packed(rows) => rows.pages().get(shard.page).cloned().unwrap_or_default(),
                Values::Dynamic(rows) => Arc::new(codec::dynamic_column(&rows.pages()[shard.page])),
            },
        })
        .collect();
    Shard { header, columns }
}

/// The pages of packed rows that a guest is given with a shard, as the world has them.
pub(super) fn pages<'a>(
    context: &'a CallContext,
    shard: &'a ShardRef,
) -> impl Iterator<Item = &'a Arc<Vec<u8>>> {
    let archetype = context.world.archetype(shard.archetype);
    let table = column_table(context, shard, archetype);
    table.into_iter().filter_map(move |entry| {
        match &shipped(context, shard, archetype, &entry)?.values {
            Values::Packed(rows) => rows.pages().get(shard.page),
            Values::Dynamic(_) => None,
        }
    })
}

/// The columns of a shard: entities where asked for, then the terms that ship
/// and that the archetype has.
fn column_table(
    context: &CallContext,
    shard: &ShardRef,
    archetype: &Archetype,
) -> Vec<ColumnEntry> {
    let query = &context.system.queries[shard.query];
    let entities = query.entities.then_some(ColumnEntry { term: None, width: Some(8) });
    let terms = query.terms.iter().enumerate().filter(|(_, term)| term.access.ships());
    let columns = terms.filter_map(|(at, term)| {
        let column = archetype.column(term.kind)?;
        let width = match &column.values {
            Values::Packed(rows) => Some(rows.width()),
            Values::Dynamic(_) => None,
        };
        Some(ColumnEntry { term: Some(at), width })
    });
    entities.into_iter().chain(columns).collect()
}

fn shipped<'a>(
    context: &CallContext,
    shard: &ShardRef,
    archetype: &'a Archetype,
    entry: &ColumnEntry,
) -> Option<&'a Column> {
    let term = &context.system.queries[shard.query].terms[entry.term?];
    archetype.column(term.kind)
}

/// The column that a guest wrote, if it may write it.
pub(super) fn may_write(
    state: &InTick,
    shard: usize,
    column: usize,
) -> Result<(&ShardRef, &Archetype, KindId, &Column), Fault> {
    let context = &*state.context;
    let Some(shard) = state.current.get(shard) else {
        return Err(Fault::Undeclared(format!(
            "it wrote shard {shard} of {}",
            state.current.len()
        )));
    };
    let archetype = context.world.archetype(shard.archetype);
    let table = column_table(context, shard, archetype);
    let entry = table.get(column);
    let Some((term, column)) = entry.and_then(|entry| {
        let column = shipped(context, shard, archetype, entry)?;
        Some((&context.system.queries[shard.query].terms[entry.term?], column))
    }) else {
        return Err(Fault::Undeclared(format!("it wrote column {column}, which is no component")));
    };
    if !matches!(term.access, Access::Write | Access::OptionalWrite) {
        let name = &context.world.registry.get(term.kind).name;
        return Err(Fault::Undeclared(format!("it wrote `{name}`, which it only reads")));
    }
    Ok((shard, archetype, term.kind, column))
}

/// Checks one column that came back. Nothing, when its bytes are as they were.
pub(super) fn check(
    state: &InTick,
    shard: usize,
    column: usize,
    bytes: &[u8],
) -> Result<Option<WrittenColumn>, Fault> {
    let context = &*state.context;
    let (shard, archetype, kind_id, column) = may_write(state, shard, column)?;
    let kind = context.world.registry.get(kind_id);
    let rows = archetype.entities().pages()[shard.page].len();
    let known: &[Bytes] = match &column.values {
        Values::Packed(old) if old.pages().get(shard.page).is_some_and(|old| bytes == &old[..]) => {
            return Ok(None);
        }
        Values::Packed(_) => &[],
        Values::Dynamic(old) => &old.pages()[shard.page],
    };
    let checked = check_column(kind, rows, bytes, known, &mut no_placeholder);
    let new = match checked.map_err(|problem| Fault::Malformed(problem.to_string()))? {
        CheckedColumn::Packed(new) if new.is_empty() => return Ok(None),
        CheckedColumn::Packed(new) => WrittenValues::Packed(Arc::new(new)),
        CheckedColumn::Dynamic(new) => {
            if new.iter().zip(known).all(|(new, known)| Arc::ptr_eq(new, known)) {
                return Ok(None);
            }
            WrittenValues::Dynamic(Arc::new(new))
        }
    };
    let differs = |row: usize| match (&column.values, &new) {
        (Values::Packed(old), WrittenValues::Packed(new)) => {
            let width = old.width();
            old.pages()[shard.page][row * width..][..width] != new[row * width..][..width]
        }
        (Values::Dynamic(old), WrittenValues::Dynamic(new)) => {
            old.pages()[shard.page][row] != new[row]
        }
        _ => true,
    };
    if let RowMask::Some(mask) = &shard.mask
        && let Some(row) =
            (0..rows).find(|row| mask[row / 8] >> (row % 8) & 1 == 0 && differs(*row))
    {
        return Err(Fault::Undeclared(format!(
            "it wrote row {row} of `{}`, which its filter leaves out",
            kind.name
        )));
    }
    let changed = column.changed.as_ref().map(|stamps| {
        let old = &stamps.pages()[shard.page];
        let new = old
            .iter()
            .enumerate()
            .map(|(row, stamp)| if differs(row) { context.now } else { *stamp });
        Arc::new(new.collect::<Vec<Stamp>>())
    });
    Ok(Some(WrittenColumn {
        archetype: shard.archetype,
        page: shard.page,
        kind: kind_id,
        values: new,
        changed,
    }))
}

fn no_placeholder(entity: Entity) -> Result<Entity, String> {
    if entity.generation() == Entity::SPAWNED_IN_CALL {
        return Err("it names an entity that this call spawned; use a command for that".to_owned());
    }
    Ok(entity)
}

/// Keeps a written column, in the place of an earlier write of the same.
pub(super) fn keep(
    state: &mut InTick,
    written: Option<WrittenColumn>,
    bytes: usize,
) -> Result<(), Fault> {
    state.charge(bytes)?;
    let Some(written) = written else { return Ok(()) };
    let batch = &mut state.outcome.written[state.batch_start..];
    let earlier = batch.iter_mut().find(|earlier| {
        (earlier.archetype, earlier.page, earlier.kind)
            == (written.archetype, written.page, written.kind)
    });
    match earlier {
        Some(earlier) => *earlier = written,
        None => state.outcome.written.push(written),
    }
    Ok(())
}
