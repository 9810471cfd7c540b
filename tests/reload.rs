//! Other mods in a running world: what they would mean is said first, values
//! are brought along, and whatever goes wrong leaves everything as it was.

use std::cell::Cell;
use std::fs;
use std::path::Path;
use std::process::Command;

use sandtable::catalog::{self, ModSource};
use sandtable::config::Durability;
use sandtable::ecs::World;
use sandtable::save::{self, Cause, Reader};
use sandtable::verify::verify;
use sandtable::{Error, Simulation};
use serde_json::{Value as Json, json};

use crate::harness::*;

/// Another version of the mod `shop`.
fn shop(version: &str) -> ModSource {
    ModSource { id: "shop".to_owned(), ..guest(version) }
}

/// A world of the first version that has run three ticks.
fn opened() -> Simulation {
    let mut world = world_of(WORLD, vec![shop("shop")], 2);
    run(&mut world, 3);
    world
}

/// The values of a component in the order of their entities.
fn column(world: &World, kind: &str) -> Vec<Json> {
    values(world, kind).into_iter().map(|(_, value)| value).collect()
}

/// Swaps one version in, which must be refused, and gives the reason.
fn refused(world: &mut Simulation, version: &str) -> String {
    let (before, tick) = (hash(world), world.world().tick());
    let error = world.swap(vec![shop(version)]).expect_err("refused");
    assert_eq!((hash(world), world.world().tick()), (before, tick), "nothing has changed");
    assert_eq!(world.world().registry.find("shop/Purse").map(|id| id.0), Some(1));
    let gold = |world: &Simulation| column(world.world(), "shop/Purse")[0]["gold"].as_u64();
    let had = gold(world).expect("the old version's field");
    let [record] = &run(world, 1)[..] else { panic!("one tick") };
    assert_eq!(faults(record), [], "the old version runs on");
    assert_eq!(gold(world), Some(had + 1));
    error.to_string()
}

#[test]
fn fields_are_renamed_widened_added_and_dropped() {
    let mut world = opened();
    world.send("shop/Gift", &json!({"gold": 5}), "test").unwrap();
    let swap = world.swap(vec![shop("shop_renamed")]).expect("swapped");
    assert_eq!(
        swap.plan.to_string().lines().skip(2).collect::<Vec<_>>().join("\n"),
        "  system `count` changes
    resources: shop/Tax, was none
  system `open` is removed
  system `sell` is removed
  component `shop/Purse` changes (10 values)
    ~ coins: u64, was `gold`, was u32
    + debt: f64 = 2.5
    + ranks: [u32; 2] = [1,2]
    - silver: u32; its values are dropped
  input `shop/Gift` changes (1 value)
    ~ coins: u64, was `gold`, was u32
  event `shop/Sold` changes (3 values)
    ~ price: u64, was u32
    + paid: bool = true
  component `shop/Tax` changes (1 value)
    storage: dynamic, was packed
    ~ percent: u64, was u32
    + levied_by: string = \"the king\"
  component `shop/Name` changes (5 values)
    + nick: string = \"unnamed\"
    ~ text: option<string>, was string
  relation `shop/Owes` changes (9 values)
    ~ coins: u64, was `gold`, was u32"
    );
    let purses = column(world.world(), "shop/Purse");
    assert_eq!(purses[4], json!({"coins": 6, "debt": 2.5, "ranks": [1, 2]}));
    assert_eq!(
        column(world.world(), "shop/Name")[1],
        json!({"nick": "unnamed", "text": "Ada Number2"})
    );
    let tax = resource(world.world(), "shop/Tax");
    assert_eq!(tax, json!({"percent": 7, "levied_by": "the king"}));
    let owes = world.world().registry.find("shop/Owes").unwrap();
    let debts: Vec<&[u8]> = world.world().relations.of_kind(owes).map(|edge| &edge.2[..]).collect();
    assert_eq!((debts.len(), debts[2]), (9, &[3, 0, 0, 0, 0, 0, 0, 0][..]));
    let [record] = &run(&mut world, 1)[..] else { panic!("one tick") };
    assert_eq!(faults(record), []);
    let purses = column(world.world(), "shop/Purse");
    assert_eq!(purses[4]["coins"], 12, "the gift was brought along");
}

#[test]
fn conversions_split_merge_and_retype() {
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("shop.db");
    let mods = vec![shop("shop")];
    let mut world = Simulation::create(Some(&save), config(WORLD, &mods), mods, quiet(1)).unwrap();
    run(&mut world, 3);
    let swap = world.swap(vec![shop("shop_converted")]).expect("swapped");
    let plan = swap.plan.to_string();
    let of_values: Vec<&str> = plan.lines().skip_while(|line| !line.contains("`shop/")).collect();
    assert_eq!(
        of_values.join("\n"),
        "  component `shop/Purse` changes (10 values)
    conversions `0001_split_name`, `0002_label_purse` take its values
    storage: dynamic, was packed
    + label: string
    - gold: u32
    - silver: u32
  component `shop/Tax` changes (1 value)
    conversion `0003_tax` takes its values
    + rate: f32
    - percent: u32
  component `shop/First` is added
  component `shop/Last` is added
  component `shop/Wealth` is added
  input `shop/Gift` is removed
  event `shop/Sold` is removed; its 3 values stay
  component `shop/Name` is removed
    conversion `0001_split_name` takes its values
  relation `shop/Owes` is removed; its 9 values stay
  conversion `0001_split_name` runs
  conversion `0002_label_purse` runs
  conversion `0003_tax` runs",
    );
    let told = |world: &World| {
        let names = column(world, "shop/First").into_iter().zip(column(world, "shop/Last"));
        let names: Vec<_> = names.collect();
        assert_eq!(
            names[4],
            (json!({"text": "Ada"}), json!({"text": "Number8"})),
            "one component became two"
        );
        let wealth = column(world, "shop/Wealth");
        assert_eq!(wealth[2], json!({"0": 640}), "two became one");
        let purses = column(world, "shop/Purse");
        assert_eq!((purses.len(), &purses[0]), (5, &json!({"label": "3 gold, 10 silver"})));
        assert_eq!(values(world, "shop/Name"), [], "its values are gone");
        assert_eq!(resource(world, "shop/Tax"), json!({"rate": 0.07}));
    };
    told(world.world());
    let state = hash(&mut world);
    world.close().unwrap();

    let mut world = Simulation::open(&save, None, quiet(1)).expect("the save verifies");
    assert_eq!(hash(&mut world), state);
    told(world.world());
    run(&mut world, 2);
    let plan = world.swap(vec![shop("shop_converted")]).unwrap().plan;
    assert!(plan.is_empty(), "conversions run once: {plan}");
    told(world.world());
    world.close().unwrap();
    let sets = Reader::open(&save).unwrap().mod_sets().unwrap();
    let sets: Vec<_> = sets.iter().map(|set| (set.since, set.cause)).collect();
    assert_eq!(sets, [(0, Cause::Made), (3, Cause::Migrated)]);
}

#[test]
fn what_values_cannot_follow_is_refused_with_a_remedy() {
    let mut world = opened();
    assert_eq!(
        refused(&mut world, "shop_needy"),
        "the mods do not fit: field `gold` of `shop/Purse` becomes u8, which does not hold \
         every u32 that 10 values in the save have: write a conversion, or give the field another \
         name and a default; and field `silver` of `shop/Purse` becomes [u8; 3], which does not \
         hold every u32 that 10 values in the save have: write a conversion, or give the field \
         another name and a default; and `shop/Purse` gets the field `debt: u32`, which 10 values \
         in the save lack: give it a default, as in `#[component(default = ..)]`, say what it was \
         with `#[component(was = \"..\")]`, or write a conversion"
    );
    let mut empty = world_of(WORLD, vec![guest("drift")], 1);
    empty.swap(vec![shop("shop")]).unwrap();
    empty.swap(vec![shop("shop_needy")]).expect("without values, anything goes");
    assert_eq!(faults(&run(&mut empty, 1)[0]), []);
}

#[test]
fn a_conversion_that_fails_leaves_everything() {
    let mut world = opened();
    let told = refused(&mut world, "shop_clumsy");
    let (at, told) = told.split_once(" failed: ").expect("what failed");
    let entity = at.strip_prefix("conversion `0001_ratio` of mod `shop` at entity ");
    let purses = values(world.world(), "shop/Purse");
    let named = purses.iter().find(|(it, _)| Some(it.to_string().as_str()) == entity);
    assert!(named.is_some_and(|(_, purse)| purse["silver"].as_u64() >= Some(50)), "{at}");
    assert!(told.ends_with("too much silver; nothing was changed"), "{told}");
}

#[test]
fn a_component_that_is_none_leaves_everything() {
    let mut world = opened();
    let before = hash(&mut world);
    let broken = ModSource { component: b"\0asm".to_vec(), ..shop("shop") };
    let error = world.swap(vec![broken]).expect_err("refused");
    assert!(matches!(error, Error::Guest(_)), "{error}");
    assert_eq!(hash(&mut world), before);
    assert_eq!(faults(&run(&mut world, 1)[0]), []);
}

#[test]
fn what_a_removed_mod_left_is_adopted_when_it_returns() {
    let mut world = world_of(WORLD, vec![shop("shop"), guest("drift")], 2);
    run(&mut world, 3);
    let before = column(world.world(), "shop/Purse");
    let plan = world.swap(vec![guest("drift")]).unwrap().plan.to_string();
    assert_eq!(plan, "mod shop 0.1.0 is removed; what it left stays until it returns");
    run(&mut world, 3);
    assert_eq!(column(world.world(), "shop/Purse"), before);
    assert_eq!(resource(world.world(), "shop/Tax"), json!({"percent": 7}));
    world.swap(vec![shop("shop"), guest("drift")]).unwrap();
    let records = run(&mut world, 1);
    assert_eq!(records[0].spawned, 0, "it does not start over");
    let gold = |purses: &[Json]| purses[9]["gold"].as_u64().unwrap();
    assert_eq!(gold(&column(world.world(), "shop/Purse")), gold(&before) + 1);
}

#[test]
fn a_new_version_that_faults_at_once_is_rolled_back() {
    let mut world = opened();
    world.swap(vec![shop("shop_fragile")]).unwrap();
    let records = run(&mut world, 4);
    assert_eq!(records[1].rolled_back, [""; 0]);
    assert_eq!(records[2].rolled_back, ["shop"], "on its third tick");
    let [(system, cause)] = &faults(&records[2])[..] else { panic!("one fault") };
    assert_eq!(system, "shop/earn");
    assert!(cause.contains("the third tick is one too many"), "{cause}");
    assert_eq!(faults(&records[3]), []);
    assert_eq!(column(world.world(), "shop/Purse")[0]["gold"], 2 + 2000 + 1);
    assert!(records.iter().all(|record| record.suspended.is_empty()));
}

#[test]
fn a_save_that_is_opened_anew_is_rolled_back_alike() {
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("shop.db");
    let mods = vec![shop("shop")];
    let mut world = Simulation::create(Some(&save), config(WORLD, &mods), mods, quiet(1)).unwrap();
    run(&mut world, 3);
    world.swap(vec![shop("shop_fragile")]).unwrap();
    for tick in 4..=6 {
        let record = world.tick().unwrap();
        assert_eq!(record.rolled_back.is_empty(), tick < 6);
        world.close().unwrap();
        world = Simulation::open(&save, None, quiet(1)).unwrap();
    }
    assert_eq!(faults(&run(&mut world, 1)[0]), []);
    assert_eq!(column(world.world(), "shop/Purse")[0]["gold"], 2 + 2000 + 1);
    world.close().unwrap();
    let history = "SELECT after_tick, cause FROM mod_history ORDER BY after_tick";
    let mut command = sandtable();
    let history = told(command.arg("sql").arg(&save).args([history, "--format", "csv"]));
    assert_eq!(history, "after_tick,cause\r\n0,made\r\n3,swapped\r\n6,rolled back\n");
}

#[test]
fn past_changed_values_there_is_no_way_back_and_the_mod_is_suspended() {
    let mut world = opened();
    world.swap(vec![shop("shop_doomed")]).unwrap();
    let records = run(&mut world, 4);
    assert_eq!(records[2].suspended, ["shop"]);
    assert!(records.iter().all(|record| record.rolled_back.is_empty()));
    assert_eq!(column(world.world(), "shop/Purse")[0], json!({"gold": 2002}), "its data is whole");
    assert!(records[3].runs.is_empty());
}

/// The same component with a note that is not read: another version of the same
/// behaviour.
fn with_note(mut source: ModSource) -> ModSource {
    source.component.extend(*b"\0\x05\x04note");
    source
}

#[test]
fn a_hundred_swaps_of_a_running_earth_lose_no_tick_and_can_be_replayed() {
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("earth.db");
    let file = catalog::load(&root().join("examples/earth")).unwrap();
    let earth = catalog::build_mods(&file.folder, &file.config, &mut |_| {}).unwrap();
    let swaps = Cell::new(0);
    let mods = |version: &str| {
        swaps.set(swaps.get() + 1);
        let noted = |source: ModSource| match source.id.as_str() {
            "economy" | "settlement" if swaps.get() % 2 == 0 => with_note(source),
            _ => source,
        };
        let all = earth.iter().cloned().map(noted).chain([shop(version)]);
        all.collect::<Vec<ModSource>>()
    };
    let mut config = file.config.clone();
    config.mods.entry("shop".to_owned()).or_default();
    config.durability = Durability::CommitEveryTicks { ticks: 7 };
    let mut world = Simulation::create(Some(&save), config, mods("shop"), quiet(2)).unwrap();
    let (mut hashes, mut refusals, mut rollbacks) = (Vec::new(), 0, 0);
    for swap in 0..100 {
        let next = match swap % 10 {
            3 => mods("shop_needy"),
            5 => {
                let mut broken = mods("shop");
                broken[0].component.truncate(1000);
                broken
            }
            7 => mods("shop_fragile"),
            even if even % 2 == 0 => mods("shop_fast"),
            _ => mods("shop"),
        };
        refusals += usize::from(world.swap(next).is_err());
        // The fragile one gets to its third tick.
        for _ in 0..if swap % 10 == 7 { 4 } else { 1 + swap % 3 } {
            if swap % 4 == 0 {
                world.send("shop/Gift", &json!({"gold": swap}), "test").unwrap();
            }
            let record = world.tick().expect("a tick");
            rollbacks += record.rolled_back.len();
            hashes.push(sandtable::record::hex(&record.state));
            assert_eq!(record.tick, hashes.len() as u64, "no tick is lost");
        }
        if swap == 48 {
            world.close().unwrap();
            world = Simulation::open(&save, None, quiet(2)).unwrap();
        }
    }
    assert_eq!((refusals, rollbacks), (20, 10));
    world.close().unwrap();
    assert_eq!(last_tick(&save), hashes.len() as u64);
    let verified = verify(&save, None, None, 1, &mut |_| {}).unwrap();
    assert_eq!((verified.ticks, verified.mismatch), (hashes.len() as u64, None));
    for tick in [hashes.len() - 1, 180, 151, 100, 99, 42, 17, 8, 1] {
        let rewound = save::rewind(&save, tick as u64).unwrap();
        assert_eq!(sandtable::record::hex(&rewound.hash), hashes[tick - 1], "tick {tick}");
        let mut world = Simulation::open(&save, None, quiet(1)).unwrap();
        assert_eq!(hash(&mut world), hashes[tick - 1], "tick {tick}");
        world.close().unwrap();
    }
}

/// A world in a folder, of one version of the shop.
fn write_shop(folder: &Path, version: &str) {
    std::fs::write(folder.join("shop.wasm"), component(version)).unwrap();
    let text = format!("{WORLD}[mods.shop]\npath = \"shop.wasm\"\n");
    std::fs::write(folder.join("world.toml"), text).unwrap();
}

/// The exit code of the program and what it said.
fn asked(command: &mut Command) -> (i32, String, String) {
    let output = command.output().expect("it starts");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

#[test]
fn a_save_is_opened_with_other_mods_only_when_they_are_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("shop.db");
    let run = || {
        let mut command = sandtable();
        command.arg("run").arg(folder.path()).arg("--save").arg(&save);
        command.args(["--quiet", "--ticks", "3"]);
        command
    };
    let check = |json: bool| {
        let mut command = sandtable();
        command.arg("check").arg(folder.path().join("shop.wasm")).arg("--against").arg(&save);
        command.args(json.then_some("--json"));
        command
    };
    write_shop(folder.path(), "shop");
    told(&mut run());
    told(&mut run());
    assert_eq!(asked(&mut check(false)).1, "the mods are those of the save\n");

    write_shop(folder.path(), "shop_fast");
    let (code, plan, _) = asked(&mut check(false));
    assert_eq!(code, 0, "{plan}");
    assert!(plan.contains("\n  system `open` is removed\n"), "{plan}");
    let (code, _, error) = asked(&mut run());
    assert_eq!(code, 1);
    assert!(error.starts_with(plan.trim_end()), "{error}");
    assert!(error.contains("give --accept-mods to go on with these"), "{error}");
    assert_eq!(last_tick(&save), 6, "nothing ran");
    told(run().arg("--accept-mods"));
    told(&mut run());
    assert_eq!(last_tick(&save), 12);

    write_shop(folder.path(), "shop_needy");
    let (code, json, error) = asked(&mut check(true));
    let json: Json = serde_json::from_str(&json).expect("JSON");
    assert_eq!((code, &json["compatible"]), (1, &json!(false)));
    assert_eq!(json["mods"][0]["refusals"].as_array().map(Vec::len), Some(3), "{json}");
    assert!(error.ends_with("cannot follow these mods\n"), "{error}");
    let (code, _, error) = asked(run().arg("--accept-mods"));
    assert_eq!((code, last_tick(&save)), (1, 12));
    assert!(error.contains("cannot follow these mods: do as is said above"), "{error}");

    // What only shows when it is tried.
    write_shop(folder.path(), "shop_clumsy");
    let before = fs::read(&save).unwrap();
    let (code, json, error) = asked(&mut check(true));
    let json: Json = serde_json::from_str(&json).expect("JSON");
    assert_eq!((code, &json["compatible"]), (1, &json!(false)));
    for told in [json["problem"].as_str().expect("a text"), &error] {
        assert!(told.contains("`0001_ratio` of mod `shop` at entity "), "{told}");
        assert!(told.contains("too much silver"), "{told}");
    }
    assert_eq!(fs::read(&save).unwrap(), before, "the save is only read");
    let (code, _, error) = asked(run().arg("--accept-mods"));
    assert_eq!((code, last_tick(&save)), (1, 12));
    assert!(error.contains("too much silver"), "{error}");
}

#[test]
fn a_migration_that_the_rows_of_a_save_do_not_allow_is_known_before_it_runs() {
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("ledger.db");
    let mods = vec![guest("ledger_first")];
    let mods: Vec<ModSource> =
        mods.into_iter().map(|it| ModSource { id: "ledger".to_owned(), ..it }).collect();
    let config = config(WORLD, &mods);
    let mut world = Simulation::create(Some(&save), config, mods, quiet(1)).unwrap();
    run(&mut world, 2);
    world.close().unwrap();
    let before = fs::read(&save).unwrap();
    let newer = folder.path().join("ledger.wasm");
    fs::write(&newer, component("ledger_unique")).unwrap();
    let (code, plan, error) =
        asked(sandtable().arg("check").arg(&newer).arg("--against").arg(&save));
    assert_eq!(code, 1, "{plan}");
    assert!(plan.contains("migration `0002_unique` runs"), "{plan}");
    assert!(error.contains("`0002_unique` of mod `ledger`"), "{error}");
    assert!(error.contains("UNIQUE constraint failed: ledger__entries.what"), "{error}");
    assert_eq!(fs::read(&save).unwrap(), before, "the save is only read");
}
