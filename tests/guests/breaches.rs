//! Breaks the contract in the way that its asset `breach` names, past the SDK.

use sandtable_sdk::bindings::sandtable::guest::{lookups, output, shards};
use sandtable_sdk::prelude::*;

#[derive(Component, Clone, Copy)]
#[repr(C)]
struct Mark {
    ticks: u32,
}

#[derive(Component, Clone, Copy)]
#[repr(C)]
struct Fixed {
    number: f32,
}

#[derive(Component, Clone)]
struct Text {
    text: String,
}

#[derive(Event, Clone)]
struct Noise {
    loud: bool,
}

#[system(startup)]
fn populate(mut commands: Commands) {
    for _ in 0..10 {
        commands.spawn((Mark { ticks: 0 }, Fixed { number: 1.0 }, Text { text: String::new() }));
    }
}

#[system]
fn breach(
    mut rows: Query<(Entity, &mut Mark, &Fixed, &mut Text)>,
    others: Lookup<&Fixed>,
    mut commands: Commands,
    mut noise: EventWriter<Noise>,
    assets: Assets,
) -> Result<(), String> {
    for (entity, mark, _, _) in rows.iter_mut() {
        mark.ticks += 1;
        commands.insert(entity, Fixed { number: 2.0 });
        noise.send(Noise { loud: others.has(entity) });
    }
    let at = [0xc4, 8, 0, 0, 0, 0, 0, 0, 0, 0];
    let run = |operation: &[u8], rest: &[u8]| [&[0x91], operation, &at, rest].concat();
    match assets.text("breach")?.trim() {
        "fails" => return Err("I give up\nand say why".to_owned()),
        "garbage commands" => output::commands(&[0xc1; 64]),
        "huge array" => output::commands(&[0xdd, 0xff, 0xff, 0xff, 0xff]),
        "half a command" => output::commands(&[0x91, 0x93, 1, 0xc4, 8, 0]),
        "unknown operation" => output::commands(&run(&[0x93, 99], &[])),
        "unknown kind" => {
            output::commands(&run(&[0x94, 3], &[0xc4, 8, 0, 0, 0, 0, 1, 0, 0, 0, 77]))
        }
        "garbage events" => output::emit(&[0x91, 0x93, 0xa1]),
        "event of wrong type" => output::emit(&[0x91, 0x93, 0, 0, 0x91, 0xa1, b'x']),
        "undeclared event" => output::emit(&[0x91, 0x93, 0, 9, 0x90]),
        "narrow column" => shards::write(0, 1, &[0; 39]),
        "read-only column" => shards::write(0, 2, &[0; 40]),
        "no such column" => shards::write(0, 9, &[]),
        "no such shard" => shards::write(7, 0, &[]),
        "garbage values" => shards::write(0, 3, &[0xdc, 0, 10, 0xc1]),
        "values of wrong type" => {
            shards::write(0, 3, &[&[0x9a][..], &[0x91, 7].repeat(10)].concat())
        }
        "deep value" => shards::write(0, 3, &[0x91; 5000]),
        "undeclared lookup" => {
            lookups::lookup(9, &[]);
        }
        "lookup of no entity" => {
            lookups::lookup(0, &[9 << 32 | 4_000_000]);
        }
        "undeclared resource" => output::set_resource(0, &[0; 4]),
        other => return Err(format!("there is no breach `{other}`")),
    }
    Ok(())
}

sandtable_sdk::export! {
    id: "breaches",
    systems: [populate, breach],
}
