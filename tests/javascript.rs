//! Mods in JavaScript: the same worlds as mods in Rust, and mistakes in one sentence.

use std::fs;
use std::path::Path;

use sandtable::Simulation;
use sandtable::catalog::{self, ModSource};
use sandtable::verify::verify;
use serde_json::json;
use tempfile::TempDir;

use crate::harness::*;

/// The mod that lies in a folder.
fn script(folder: &Path) -> ModSource {
    let built = catalog::build_one(folder, &mut |_| {}).expect("a mod");
    built.read(folder, &config(WORLD, &[])).expect("its text")
}

/// The twin of a guest in Rust.
fn twin(name: &str) -> ModSource {
    script(&root().join("tests/scripts").join(name))
}

/// A mod `bad` with this text as its main file, and one of its own to import.
pub fn written(text: &str) -> (TempDir, ModSource) {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("bad");
    fs::create_dir_all(home.join("lib")).unwrap();
    let manifest = "id = 'bad'\nversion = '0.1.0'\ninterface = '0.2.0'\nengine = 'js'\n";
    fs::write(home.join("mod.toml"), manifest).unwrap();
    fs::write(home.join("mod.js"), text).unwrap();
    let deep = "export function deep(n) { return n > 0 ? 1 + deep(n - 1) : 0; }\n\
                export const broken = () => { null.x; };\n";
    fs::write(home.join("lib/deep.js"), deep).unwrap();
    let source = script(&home);
    (folder, source)
}

pub const SMALL: &str = "[world]\nname = \"test\"\nseed = 7\n\
                     [limits]\nfuel = 100_000_000\nmemory_max_bytes = 16_777_216\n";

/// What is said of a mod with this text when its world is made.
pub fn refused(text: &str) -> String {
    let (_folder, source) = written(text);
    let mods = vec![source];
    let made = Simulation::create(None, config(SMALL, &mods), mods, quiet(1));
    made.err().expect("no world").to_string()
}

/// What is said of the first tick of a mod with this body of a system.
pub fn faulted(body: &str) -> String {
    let text = format!(
        "import {{ system, component, u32 }} from 'sandtable';\n\
         import {{ deep, broken }} from './lib/deep.js';\n\
         const Gold = component('Gold', {{ coins: u32 }});\n\
         system('work', {{}}, (it) => {{\n{body}\n}});\n"
    );
    let (_folder, source) = written(&text);
    let mut world = world_of(SMALL, vec![source], 1);
    let [record] = &run(&mut world, 1)[..] else { panic!("one tick") };
    let [(system, fault)] = &faults(record)[..] else { panic!("{:?}", faults(record)) };
    assert_eq!(system, "bad/work");
    fault.clone()
}

#[test]
fn the_same_mod_in_javascript_makes_the_same_world() {
    let count = |source| with_asset(source, "count", "300");
    for (name, ticks) in [("menagerie", 70), ("neighbours", 3), ("town", 5)] {
        let mut expected = world_of(WORLD, vec![count(guest(name))], 1);
        run(&mut expected, ticks);
        for threads in [1, 2] {
            let mut world = world_of(WORLD, vec![count(twin(name))], threads);
            let records = run(&mut world, ticks);
            assert!(records.iter().all(|it| faults(it).is_empty()), "{:?}", faults(&records[0]));
            assert_eq!(hash(&mut world), hash(&mut expected), "{name} on {threads} threads");
        }
    }
}

#[test]
fn a_mod_goes_from_one_language_to_another_while_the_world_runs() {
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("menagerie.db");
    let mut expected = world_of(WORLD, vec![guest("menagerie")], 1);
    run(&mut expected, 40);
    let mods = vec![twin("menagerie")];
    let config = config(WORLD, &mods);
    let mut world = Simulation::create(Some(&save), config, mods, quiet(2)).unwrap();
    run(&mut world, 20);
    world.swap(vec![guest("menagerie")]).expect("swapped");
    run(&mut world, 20);
    assert_eq!(
        values(world.world(), "menagerie/Weight"),
        values(expected.world(), "menagerie/Weight")
    );
    world.close().unwrap();
    let verified = verify(&save, None, None, 2, &mut |_| {}).expect("verified");
    assert_eq!((verified.ticks, verified.mismatch), (40, None));
}

/// The engine is the same for every text, so that its bytes say nothing of a change.
#[test]
fn a_text_that_faults_at_once_is_rolled_back() {
    let text = |body: &str| {
        written(&format!(
            "import {{ system }} from 'sandtable';\nsystem('work', {{}}, () => {{ {body} }});\n"
        ))
    };
    let ((_one, well), (_other, faulty)) = (text(""), text("throw new Error('no');"));
    let mut world = world_of(WORLD, vec![well], 1);
    run(&mut world, 2);
    world.swap(vec![faulty]).expect("swapped");
    let records = run(&mut world, 2);
    assert_eq!(records[0].rolled_back, ["bad"]);
    assert!(faults(&records[1]).is_empty(), "{:?}", faults(&records[1]));
}

#[test]
fn mistakes_are_told_in_one_sentence_with_their_place() {
    let described = "mod `bad` could not describe itself: ";
    for (text, expected) in [
        ("let x = 1;\nlet y = = 2;\n", "mod.js:2:9: SyntaxError: "),
        ("\n  throw new Error('not today');\n", "mod.js:2:13: Error: not today"),
        ("import './gone.js';\n", "ReferenceError: there is no file gone.js"),
        ("const x = 1;\n", "TypeError: mod.js declares nothing: call system(…) in it"),
        (
            "import { component, string } from 'sandtable';\ncomponent('A', { b: string });\n",
            "mod.js:2:21: TypeError: b of A has no fixed size: give { dynamic: true } behind the",
        ),
        (
            "await new Promise(() => {});\n",
            "TypeError: what stands outside of all functions waits for something that never comes",
        ),
        ("for (;;) {}\n", "it used up its 100000000 units of fuel (limit `fuel`)"),
    ] {
        let told = refused(text);
        assert!(told.starts_with(&format!("{described}{expected}")), "{text}: {told}");
        assert!(!told.contains('\n'), "{told}");
    }
}

#[test]
fn what_a_system_does_wrong_is_a_fault_in_one_sentence() {
    for (body, expected) in [
        ("  throw new Error('no');", "it failed: mod.js:5:13: Error: no"),
        (
            "  broken();",
            "it failed: lib/deep.js:2:31: TypeError: cannot read property 'x' of null, called from \
             mod.js:5:3",
        ),
        ("  deep(1e6);", "it failed: lib/deep.js:1:"),
        ("  const f = () => [1].map(f); f();", "it failed: mod.js:5:"),
        ("  JSON.parse('['.repeat(1e5));", "it failed: mod.js:5:"),
        ("  while (true) {}", "it used up its 100000000 units of fuel (limit `fuel`)"),
        (
            "  const all = []; while (true) all.push(new Uint8Array(1e6));",
            "it asked for more than 16777216 bytes of memory (limit `memory_max_bytes`)",
        ),
        (
            "  it.commands.spawn(Gold);",
            "it failed: mod.js:5:3: TypeError: the system declares no commands: say commands: true",
        ),
        ("  return Promise.resolve();", "it failed: TypeError: system work is async: a system is"),
        ("  throw 7;", "it failed: the mod threw 7"),
    ] {
        let told = faulted(body);
        assert!(told.starts_with(expected), "{body}\n  {told}\n  {expected}");
        assert!(!told.contains('\n'), "{told}");
    }
    assert!(faulted("  deep(1e6);").contains(": RangeError: Maximum call stack size exceeded"));
    assert_eq!(
        faulted("  if (deep(200) === 200) throw 'deep enough';"),
        "it failed: the mod threw \"deep enough\""
    );
}

#[test]
fn nothing_a_script_does_is_left_to_chance() {
    let text = "import { system, component, write, f64 } from 'sandtable';\n\
                const Seen = component('Seen', { chance: f64, clock: f64, zone: f64 });\n\
                system('look', { resources: { seen: write(Seen) } }, ({ resources: { seen } }) => {\n\
                  seen.chance = Math.random() + Math.random();\n\
                  seen.clock = Date.now();\n\
                  seen.zone = new Date().getTimezoneOffset();\n\
                });\n";
    let seen = |threads| {
        let (_folder, source) = written(text);
        let mut world = world_of(WORLD, vec![source], threads);
        run(&mut world, 1);
        let first = resource(world.world(), "bad/Seen");
        run(&mut world, 1);
        (first, resource(world.world(), "bad/Seen"))
    };
    let (first, second) = seen(1);
    assert_ne!(first["chance"], second["chance"]);
    assert_eq!((&first["clock"], &first["zone"]), (&json!(1000.0), &json!(0.0)));
    assert_eq!(seen(2), (first, second));
}

#[test]
fn columns_are_worked_on_natively_and_what_is_left_out_stays() {
    let text = "import * as st from 'sandtable';\n\
        const { system, component, read, write, query, changed, f32, i64, u8, u32 } = st;\n\
        const P = component('P', { x: f32, y: f32 });\n\
        const V = component('V', { x: f32, y: f32 });\n\
        const N = component('N', { flag: u8, small: f32, wide: i64 });\n\
        const R = component('R', { sum: f32, picked: f32, wide: i64 });\n\
        system('settle', { startup: true, commands: true }, ({ commands }) => {\n\
          for (let i = 0; i < 10; i++) commands.spawn(P.of({ x: i, y: -i }), V.of({ x: 1, y: 2 }), N.of({ small: i, wide: BigInt(i) - 5n }));\n\
        });\n\
        system('walk', { query: { p: write(P), v: read(V), n: write(N) } }, ({ rows }) => {\n\
          for (const { p, v, n } of rows.shards) {\n\
            st.axpy(p, v, 0.5);\n\
            st.clamp(p.y, p.y, -3, 3);\n\
            const mask = st.vector(u8, p.length);\n\
            st.less(mask, p.x, 4);\n\
            st.where(n.small, mask, 1, p.x);\n\
            st.assign(n.flag, mask);\n\
            st.max(n.wide, n.wide, -2n);\n\
            st.mul(n.wide, n.wide, n.wide);\n\
          }\n\
        });\n\
        system('tell', { query: { p: read(P), n: read(N) }, span: 'everything', resources: { r: write(R) }, after: ['walk'] }, ({ rows, resources: { r } }) => {\n\
          if (!rows.length) return;\n\
          const [{ p, n }] = rows.shards;\n\
          r.sum = st.sum(p.x);\n\
          r.wide = st.sum(n.wide);\n\
          const two = st.vector(f32, 2);\n\
          st.gather(two, p.x, st.vector(u32, [9, 2]));\n\
          r.picked = two.get(0) - two.get(1);\n\
        });\n";
    let (_folder, source) = written(text);
    let mut world = world_of(WORLD, vec![source], 2);
    for record in run(&mut world, 2) {
        assert_eq!(faults(&record), []);
    }
    let rows = |kind| values(world.world(), kind).into_iter().map(|it| it.1).collect::<Vec<_>>();
    let (p, n) = (rows("bad/P"), rows("bad/N"));
    assert_eq!((&p[0], &p[9]), (&json!({"x": 0.5, "y": 1.0}), &json!({"x": 9.5, "y": -3.0})));
    assert_eq!(n[0], json!({"flag": 1, "small": 1.0, "wide": 4}));
    assert_eq!(n[9], json!({"flag": 0, "small": 9.5, "wide": 16}));
    let told = resource(world.world(), "bad/R");
    assert_eq!(told, json!({"sum": 50.0, "picked": 7.0, "wide": 4 * 4 + 1 + 1 + 4 + 9 + 16}));
}

#[test]
fn columns_of_a_query_with_a_filter_leave_other_rows_as_they_are() {
    let text = "import { system, component, write, query, changed, add, u32 } from 'sandtable';\n\
        const P = component('P', { number: u32, pokes: u32 });\n\
        const M = component('M', { hits: u32, misses: u32 });\n\
        system('settle', { startup: true, commands: true }, ({ commands }) => {\n\
          for (let number = 0; number < 20; number++) commands.spawn(P.of({ number }), M.of());\n\
        });\n\
        system('poke', { query: { p: write(P) } }, ({ rows }) => {\n\
          for (const { p } of rows) if (p.number === 11) p.pokes += 1;\n\
        });\n\
        system('follow', { query: query({ m: write(M) }, changed(P)), after: ['poke'] }, ({ rows }) => {\n\
          for (const { m } of rows.shards) add(m.hits, m.hits, 1);\n\
        });\n";
    let (_folder, source) = written(text);
    let mut world = world_of(WORLD, vec![source], 1);
    for record in run(&mut world, 5) {
        assert_eq!(faults(&record), []);
    }
    let hits: Vec<_> = values(world.world(), "bad/M").into_iter().map(|it| it.1).collect();
    let expected = |row| json!({"hits": if row == 11 { 4 } else { 1 }, "misses": 0});
    assert_eq!(hits, (0..20).map(expected).collect::<Vec<_>>());
}
