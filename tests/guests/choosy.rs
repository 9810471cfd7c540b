//! Counts for each row the ticks in which it matched, by queries with
//! alternatives; and changes, adds and takes away what those look at.

use sandtable_sdk::prelude::*;

const ROWS: u32 = 300;

#[derive(Component, Clone, Copy)]
#[repr(C)]
struct Place {
    number: u32,
}

#[derive(Component, Clone, Copy)]
#[repr(C)]
struct A {
    value: u32,
}

#[derive(Component, Clone, Copy)]
#[repr(C)]
struct B;

#[derive(Component, Clone)]
struct C {
    value: String,
}

#[derive(Component, Clone, Copy, Default)]
#[repr(C)]
struct Seen {
    counts: [u32; 5],
}

#[system(startup)]
fn populate(mut commands: Commands) {
    for number in 0..ROWS {
        let entity = commands.spawn((Place { number }, Seen::default()));
        if number.is_multiple_of(2) {
            commands.insert(entity, A { value: number });
        }
        if number.is_multiple_of(3) {
            commands.insert(entity, B);
        }
        if number.is_multiple_of(5) {
            commands.insert(entity, C { value: number.to_string() });
        }
    }
}

#[system]
fn has_or_changed(mut rows: Query<&mut Seen, Or<(With<B>, Changed<A>)>>) {
    rows.iter_mut().for_each(|seen| seen.counts[0] += 1);
}

#[system]
fn lacks_or_added(mut rows: Query<&mut Seen, Or<(Without<B>, Added<C>)>>) {
    rows.iter_mut().for_each(|seen| seen.counts[1] += 1);
}

#[system]
fn pairs(
    mut rows: Query<
        &mut Seen,
        (With<A>, Or<((With<B>, Changed<A>), (Without<B>, Added<A>), Changed<C>)>),
    >,
) {
    rows.iter_mut().for_each(|seen| seen.counts[2] += 1);
}

#[system]
fn twice(mut rows: Query<&mut Seen, (Or<(With<A>, With<B>)>, Or<(Changed<C>, Changed<A>)>)>) {
    rows.iter_mut().for_each(|seen| seen.counts[3] += 1);
}

#[system]
fn nested(
    mut rows: Query<&mut Seen, (Changed<Place>, Or<(Changed<A>, Or<(Added<B>, Changed<C>)>)>)>,
) {
    rows.iter_mut().for_each(|seen| seen.counts[4] += 1);
}

#[system(whole = "world")]
fn stir(
    mut rows: Query<(Entity, &mut Place, Option<&mut A>, Has<B>, Option<&mut C>)>,
    mut commands: Commands,
    tick: Tick,
) {
    let turn = tick.number() as u32;
    for (entity, place, a, has_b, c) in &mut rows {
        let number = place.number % ROWS + turn;
        if number.is_multiple_of(4) {
            place.number += ROWS;
        }
        match a {
            Some(a) if number.is_multiple_of(5) => a.value += 1,
            Some(_) if number.is_multiple_of(13) => commands.remove::<A>(entity),
            None if number.is_multiple_of(17) => commands.insert(entity, A { value: turn }),
            _ => {}
        }
        match has_b {
            true if number.is_multiple_of(7) => commands.remove::<B>(entity),
            false if number.is_multiple_of(11) => commands.insert(entity, B),
            _ => {}
        }
        match c {
            Some(mut c) if number.is_multiple_of(3) => c.value.push('c'),
            Some(_) if number.is_multiple_of(19) => commands.remove::<C>(entity),
            None if number.is_multiple_of(7) => commands.insert(entity, C { value: String::new() }),
            _ => {}
        }
    }
}

sandtable_sdk::export! {
    id: "choosy",
    systems: [populate, has_or_changed, lacks_or_added, pairs, twice, nested, stir],
}
