//! Which rows match, beside looking at each row by itself.

use proptest::prelude::*;

use super::*;
use crate::ecs::tests::{Kinds, single, spawn, world};
use crate::ecs::{Edit, Entity, Paged, World};

/// A world whose entities have all sets of `a`, `b` and `c`, of which some were
/// changed, added or taken away later.
fn stirred(edits: &[(usize, usize, bool)]) -> (World, Kinds) {
    let (mut world, kinds) = world();
    let all = [kinds.a, kinds.b, kinds.c];
    world.watch(&all.into(), &all.into(), Default::default());
    let mut entities: Vec<Entity> = Vec::new();
    for set in 0..8 {
        let kinds: Vec<_> = (0..3).filter(|bit| set >> bit & 1 == 1).map(|bit| all[bit]).collect();
        entities.extend(spawn(&mut world, &kinds, 6));
    }
    for (tick, (entity, kind, insert)) in (2..).zip(edits) {
        let (entity, kind) = (entities[entity % entities.len()], all[kind % 3]);
        let edit = if *insert { Edit::Insert(kind) } else { Edit::Remove(kind) };
        let command = single(&world, edit, 0, entity, None, 99);
        world.apply(vec![command], Stamp::commands(tick));
    }
    (world, kinds)
}

fn terms(accesses: &'static [Access]) -> impl Strategy<Value = Vec<(usize, Access)>> {
    prop::collection::vec((0..3_usize, prop::sample::select(accesses)), 0..3)
}

const FILTERS: &[Access] = &[Access::Has, Access::Lacks, Access::Changed, Access::Added];
const ALL: &[Access] = &[
    Access::Read,
    Access::OptionalRead,
    Access::Has,
    Access::Lacks,
    Access::Changed,
    Access::Added,
];

type Drawn = (Vec<(usize, Access)>, Vec<Vec<(usize, Access)>>);

fn query() -> impl Strategy<Value = Drawn> {
    (terms(ALL), prop::collection::vec(terms(FILTERS), 0..4))
}

fn resolved((terms, alternatives): &Drawn, kinds: Kinds) -> Query {
    let all = [kinds.a, kinds.b, kinds.c];
    let resolve = |terms: &Vec<(usize, Access)>| {
        terms.iter().map(|(kind, access)| Term { kind: all[*kind], access: *access }).collect()
    };
    let alternatives = alternatives.iter().map(resolve).collect();
    Query { terms: resolve(terms), alternatives, entities: false }
}

/// Whether a row matches, told from that row alone.
fn row_matches(query: &Query, archetype: &Archetype, row: usize, last_run: Option<Stamp>) -> bool {
    let holds = |term: &Term| {
        let column = archetype.column(term.kind);
        let is_newer = |stamps: &Option<Paged<Stamp>>| {
            let stamp = stamps.as_ref().expect("is kept").row(row)[0];
            last_run.is_none_or(|last_run| stamp > last_run)
        };
        match term.access {
            Access::OptionalRead | Access::OptionalWrite => true,
            Access::Lacks => column.is_none(),
            Access::Has | Access::Read | Access::Write => column.is_some(),
            Access::Changed => column.is_some_and(|column| is_newer(&column.changed)),
            Access::Added => column.is_some_and(|column| is_newer(&column.added)),
        }
    };
    let alternatives = &query.alternatives;
    query.terms.iter().all(holds)
        && (alternatives.is_empty() || alternatives.iter().any(|terms| terms.iter().all(holds)))
}

proptest! {
    #[test]
    fn rows_match_as_each_does_by_itself(
        edits in prop::collection::vec((0..48_usize, 0..3_usize, any::<bool>()), 0..20),
        queries in prop::collection::vec(query(), 2..8),
        last_run in prop::option::of(0..20_u64),
    ) {
        let (world, kinds) = stirred(&edits);
        let last_run = last_run.map(Stamp::commands);
        let queries: Vec<Query> = queries.iter().map(|drawn| resolved(drawn, kinds)).collect();
        for archetype in world.archetypes() {
            for query in &queries {
                let found = (0..archetype.len()).map(|row| {
                    let (page, at) = (row / world.rows_per_page(), row % world.rows_per_page());
                    query.matches(archetype) && match query.mask(archetype, page, last_run) {
                        RowMask::None => false,
                        RowMask::All => true,
                        RowMask::Some(bits) => bits[at / 8] >> (at % 8) & 1 == 1,
                    }
                });
                let expected =
                    (0..archetype.len()).map(|row| row_matches(query, archetype, row, last_run));
                prop_assert!(found.eq(expected), "{query:?}");
            }
            let [one, two, ..] = &queries[..] else { unreachable!("there are two") };
            let both = one.matches(archetype) && two.matches(archetype);
            prop_assert!(!(both && one.is_disjoint(two)), "{one:?} {two:?}");
        }
    }
}
